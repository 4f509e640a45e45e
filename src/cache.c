/*
 * cache.c
 *    The store of answers in shared memory: look up without a lock, publish, evict, sweep.
 *
 * Layout.  An entry is a header in an array plus a chain of fixed blocks that hold its tags, its key and its
 * response, in this order.  Fixed blocks rather than an allocator of arbitrary sizes: nothing fragments, memory is
 * accounted for exactly, and evicting n blocks always makes room for n blocks.  Buckets chain headers by index.
 *
 * Writers (publish, evict, sweep, clear) hold one LWLock, "store".  A writer follows at least the execution of a
 * query, and holds the lock for about a microsecond plus a few nanoseconds a block, so one lock carries hundreds of
 * thousands of fills a second.  Content is copied outside the lock, into blocks that nobody else knows yet.
 *
 * Readers hold nothing (I3).  An entry's version is odd while the entry is free or being changed, and even while it
 * is published; it only grows.  A reader takes the version, reads what it wants, and takes the version again: if it
 * is still the same even number, everything read in between belongs to one published entry.  If not, the bytes are
 * thrown away.  To make garbage harmless until then, every index is checked against its range, every walk has a
 * bound, and a length is used only after the version vouched for it.  Blocks and headers are never unmapped.
 *
 *   publish:  content, header | write barrier | version even | bucket points to it
 *   remove:   version odd | write barrier | bucket, queue, free lists
 *   read:     version even? | read barrier | ... | read barrier | version the same?
 *
 * Blocks of a removed entry may be reused at once; a reader still in them sees the odd or larger version at the end.
 *
 * Eviction is SIEVE: entries stand in a queue in order of arrival; a hand moves from the oldest to the newest, clears
 * the "visited" mark of entries that were hit since it last passed, and removes the first that was not.  A hit
 * therefore stores one byte, and only when it is not set.  Entries that are invalid or expired go first when the hand
 * meets them.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "cache.h"
#include "compat.h"
#include "guc.h"
#include "words.h"

#define BLOCK_SIZE 1024
#define NOWHERE PG_UINT32_MAX	/* no entry, no block */

/* Longer chains than this are not followed: a hash with a secret seed does not make them. */
#define MAX_CHAIN 64

/* Longest hold of the store's lock, in entries looked at, and how often a fill tries again. */
#define EVICTION_STEPS 128
#define EVICTION_ROUNDS 64
#define EVICTION_TAGS_LENGTH 1024

/* No entry may take more than this part of the cache. */
#define LARGEST_PART 8

/*
 * The header.  Writers change it only while the version is odd, except for the queue links and the bucket link, which
 * only lock holders and (for "next") chain walkers read, and "visited", which is a hint.
 */
typedef struct FqlSharedEntry
{
	pg_atomic_uint64 version;	/* odd: free or being changed */
	uint64		hash;
	uint32		next;			/* the next entry of the bucket */
	uint32		newer;			/* the eviction queue */
	uint32		older;
	uint32		first_block;
	uint32		last_block;		/* so that the whole chain is freed in one step */
	uint32		block_count;
	uint32		tags_length;	/* bytes; a multiple of 8 */
	uint32		tag_count;
	uint32		key_length;
	uint32		response_length;
	uint32		query_offset;	/* within the key */
	uint32		query_length;
	Oid			database;
	Oid			role;
	pg_atomic_uint64 holds_since;	/* the clock as of which the answer is known to hold: s0, or later (sweep) */
	uint64		snapshot_xmax;
	TimestampTz created_at;
	TimestampTz expires_at;
	bool		may_meet_temporary;
	uint8		visited;
} FqlSharedEntry;

/* What stands in front of a group's tags. */
typedef struct FqlKeptGroup
{
	FqlColumns	columns;
	uint32		count;
	uint32		any_change;
} FqlKeptGroup;

StaticAssertDecl(sizeof(FqlKeptGroup) % sizeof(FqlTag) == 0 && BLOCK_SIZE % sizeof(FqlTag) == 0,
				 "a tag must not lie in two blocks");

typedef struct FqlSharedStore
{
	uint64		seed;
	uint32		block_total;
	uint32		entry_total;
	uint32		bucket_total;	/* a power of two */
	pg_atomic_uint64 start_mark;	/* the next transaction id as of the first fill; 0: none yet */
	/* The rest is guarded by the lock. */
	uint32		block_unused;	/* blocks from here on were never used */
	uint32		free_block;		/* list of freed blocks */
	uint32		free_block_count;
	uint32		entry_unused;	/* headers from here on were never used */
	uint32		free_entry;		/* list of freed headers, by "next" */
	uint32		newest;			/* the eviction queue */
	uint32		oldest;
	uint32		hand;
	uint32		entry_count;
	uint32		used_blocks;
	uint32		peak_blocks;
} FqlSharedStore;

static FqlSharedStore *store = NULL;
static LWLock *store_lock = NULL;
static FqlSharedEntry *entries;
static volatile uint32 *buckets;
static volatile uint32 *block_next;
static char *blocks;

/*
 * Content of a chain of blocks
 */

typedef struct Cursor
{
	uint32		block;
	uint32		offset;
} Cursor;

/* The bytes from the cursor to the end of its block, at most "wanted"; moves on.  NULL: the chain is broken. */
static char *
cursor_take(Cursor *cursor, size_t wanted, size_t *taken)
{
	char	   *place;

	if (cursor->offset == BLOCK_SIZE)
	{
		cursor->block = cursor->block < store->block_total ? block_next[cursor->block] : NOWHERE;
		cursor->offset = 0;
	}
	if (cursor->block >= store->block_total)
		return NULL;
	place = blocks + (Size) cursor->block * BLOCK_SIZE + cursor->offset;
	*taken = Min(wanted, (size_t) (BLOCK_SIZE - cursor->offset));
	cursor->offset += *taken;
	return place;
}

static bool
cursor_read(Cursor *cursor, void *target, size_t size)
{
	char	   *out = target;

	while (size > 0)
	{
		size_t		taken = 0;
		const char *place = cursor_take(cursor, size, &taken);

		if (place == NULL)
			return false;
		if (out != NULL)
		{
			memcpy(out, place, taken);
			out += taken;
		}
		size -= taken;
	}
	return true;
}

static bool
cursor_skip(Cursor *cursor, size_t size)
{
	return cursor_read(cursor, NULL, size);
}

static bool
cursor_equals(Cursor *cursor, const char *data, size_t size)
{
	while (size > 0)
	{
		size_t		taken = 0;
		const char *place = cursor_take(cursor, size, &taken);

		if (place == NULL || memcmp(place, data, taken) != 0)
			return false;
		data += taken;
		size -= taken;
	}
	return true;
}

/* Only into blocks that the caller owns. */
static void
cursor_write(Cursor *cursor, const void *source, size_t size)
{
	const char *in = source;

	while (size > 0)
	{
		size_t		taken = 0;
		char	   *place = cursor_take(cursor, size, &taken);

		Assert(place != NULL);
		memcpy(place, in, taken);
		in += taken;
		size -= taken;
	}
}

/*
 * Is an entry still right?
 */

/* How a tag is asked: as its group says, or so that every change counts. */
typedef enum Strictness
{
	AS_READ,
	ANY_CHANGE
} Strictness;

/* Does the answer that depends on these tags still hold, as far as they go? */
static bool
tags_hold(const FqlTag *tags, uint32 count, const FqlKeptGroup *group, uint64 clock, Strictness strictness)
{
	bool		any_change = group->any_change || strictness == ANY_CHANGE;

	for (uint32 i = 0; i < count; i++)
	{
		if (any_change ? !fql_tag_holds(tags[i], clock) : !fql_tag_holds_for(tags[i], group->columns, clock))
			return false;
	}
	return true;
}

/*
 * Does everything hold that the entry depends on?  The cursor stands at the groups and moves past them.  Bytes of an
 * entry that was replaced meanwhile lead nowhere: the length bounds the walk, and any number is some word's.
 */
static bool
groups_hold(Cursor *cursor, uint32 length, uint64 clock, Strictness strictness)
{
	while (length > 0)
	{
		FqlKeptGroup group;
		size_t		remaining;

		if (length < sizeof(group) || !cursor_read(cursor, &group, sizeof(group)))
			return false;
		length -= sizeof(group);
		remaining = (size_t) group.count * sizeof(FqlTag);
		if (remaining > length)
			return false;
		length -= remaining;
		while (remaining > 0)
		{
			size_t		taken = 0;
			const char *place = cursor_take(cursor, remaining, &taken);

			if (place == NULL ||
				!tags_hold((const FqlTag *) place, taken / sizeof(FqlTag), &group, clock, strictness))
				return false;
			remaining -= taken;
		}
	}
	return true;
}

/* Since when is an entry whose header was read known to hold?  Read apart from the header: the worker moves it. */
static uint64
holds_since(uint32 index)
{
	return pg_atomic_read_u64(&entries[index].holds_since);
}

typedef enum EntryState
{
	ENTRY_LIVE,
	ENTRY_INVALID,
	ENTRY_EXPIRED
} EntryState;

static EntryState
entry_state(uint32 index, const FqlSharedEntry *header, TimestampTz now)
{
	Cursor		cursor = {header->first_block, 0};

	if (!groups_hold(&cursor, header->tags_length, holds_since(index), AS_READ))
		return ENTRY_INVALID;
	return header->expires_at <= now ? ENTRY_EXPIRED : ENTRY_LIVE;
}

/*
 * Reading without a lock
 */

static bool
version_is_published(uint64 version)
{
	return (version & 1) == 0;
}

/* Copy a published header; false when there is none.  *version is what end_read() must find again. */
static bool
begin_read(uint32 index, FqlSharedEntry *copy, uint64 *version)
{
	FqlSharedEntry *entry = &entries[index];

	*version = pg_atomic_read_u64(&entry->version);
	if (!version_is_published(*version))
		return false;
	pg_read_barrier();
	memcpy(copy, entry, sizeof(*copy));
	pg_read_barrier();
	return pg_atomic_read_u64(&entry->version) == *version;
}

/* Did everything read since begin_read() belong to that entry? */
static bool
end_read(uint32 index, uint64 version)
{
	pg_read_barrier();
	return pg_atomic_read_u64(&entries[index].version) == version;
}

static bool
key_matches(const FqlSharedEntry *entry, const FqlKey *key)
{
	Cursor		cursor = {entry->first_block, 0};

	return entry->hash == key->hash && entry->key_length == key->len &&
		cursor_skip(&cursor, entry->tags_length) &&
		cursor_equals(&cursor, key->data, key->len);
}

/* The published entry with that key: index, header and version; NOWHERE where there is none (or a race hid it). */
static uint32
find(const FqlKey *key, FqlSharedEntry *header, uint64 *version)
{
	uint32		index = buckets[key->hash & (store->bucket_total - 1)];

	for (int steps = 0; steps < MAX_CHAIN && index < store->entry_total; steps++)
	{
		if (!begin_read(index, header, version))
			return NOWHERE;
		if (key_matches(header, key))
			return index;
		index = header->next;
	}
	return NOWHERE;
}

/* I5, and the rule for sessions with temporary objects. */
static bool
may_be_served(const FqlSharedEntry *header, const FqlReader *reader)
{
	if (header->may_meet_temporary && reader->has_temporary_schema)
		return false;
	return !FullTransactionIdIsValid(reader->snapshot_xmin) ||
		U64FromFullTransactionId(reader->snapshot_xmin) >= header->snapshot_xmax;
}

text *
fql_cache_get(const FqlKey *key, const FqlReader *reader)
{
	FqlSharedEntry header;
	uint64		version;
	uint32		index = find(key, &header, &version);
	Cursor		cursor;
	text	   *response;

	if (index == NOWHERE || !may_be_served(&header, reader))
		return NULL;
	cursor = (Cursor){header.first_block, 0};
	if (!groups_hold(&cursor, header.tags_length, holds_since(index), AS_READ) ||
		header.expires_at <= GetCurrentTimestamp())
		return NULL;

	/* header came whole from one published entry, so its length is one that fql_cache_put() accepted */
	response = palloc(VARHDRSZ + header.response_length);
	SET_VARSIZE(response, VARHDRSZ + header.response_length);
	if (!cursor_skip(&cursor, header.key_length) ||
		!cursor_read(&cursor, VARDATA(response), header.response_length) ||
		!end_read(index, version))
	{
		pfree(response);
		return NULL;
	}
	if (!entries[index].visited)
		entries[index].visited = 1;
	return response;
}

/*
 * Changing the store: all of these run under the lock, exclusively
 */

static void
queue_push(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	entry->newer = NOWHERE;
	entry->older = store->newest;
	if (store->newest != NOWHERE)
		entries[store->newest].newer = index;
	else
		store->oldest = index;
	store->newest = index;
}

static void
queue_unlink(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	if (store->hand == index)
		store->hand = entry->newer;
	if (entry->newer != NOWHERE)
		entries[entry->newer].older = entry->older;
	else
		store->newest = entry->older;
	if (entry->older != NOWHERE)
		entries[entry->older].newer = entry->newer;
	else
		store->oldest = entry->newer;
}

static volatile uint32 *
bucket_of(uint64 hash)
{
	return &buckets[hash & (store->bucket_total - 1)];
}

static void
bucket_unlink(uint32 index)
{
	volatile uint32 *link = bucket_of(entries[index].hash);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	while (*link != index)
	{
		Assert(*link != NOWHERE);
		link = &entries[*link].next;
	}
	*link = entries[index].next;
}

/* Give blocks back; the chain's own order is kept, so neighbours stay neighbours. */
static void
free_blocks(const FqlSharedEntry *entry)
{
	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	block_next[entry->last_block] = store->free_block;
	store->free_block = entry->first_block;
	store->free_block_count += entry->block_count;
	store->used_blocks -= entry->block_count;
}

static void
free_entry(uint32 index)
{
	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	entries[index].next = store->free_entry;
	store->free_entry = index;
}

/* Take a published entry out and free it. */
static void
remove_entry(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];
	uint64		version = pg_atomic_read_u64(&entry->version);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	Assert(version_is_published(version));
	pg_atomic_write_u64(&entry->version, version + 1);
	pg_write_barrier();
	bucket_unlink(index);
	queue_unlink(index);
	free_blocks(entry);
	free_entry(index);
	store->entry_count--;
}

static void
count_removal(EntryState state, FqlCounter otherwise)
{
	if (state == ENTRY_INVALID)
		fql_stats_count(FQL_COUNTER_INVALIDATIONS);
	else if (state == ENTRY_EXPIRED)
		fql_stats_count(FQL_COUNTER_EXPIRATIONS);
	else
		fql_stats_count(otherwise);
}

/* What the hand goes by.  It holds the lock, so it leaves entries with very many tags to the worker. */
static EntryState
state_for_eviction(uint32 index, TimestampTz now)
{
	const FqlSharedEntry *entry = &entries[index];

	if (entry->tags_length > EVICTION_TAGS_LENGTH)
		return entry->expires_at <= now ? ENTRY_EXPIRED : ENTRY_LIVE;
	return entry_state(index, entry, now);
}

/* One step of the hand.  False: the queue is empty. */
static bool
evict_step(TimestampTz now)
{
	uint32		index = store->hand != NOWHERE ? store->hand : store->oldest;
	EntryState	state;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	if (index == NOWHERE)
		return false;
	state = state_for_eviction(index, now);
	if (state == ENTRY_LIVE && entries[index].visited)
	{
		entries[index].visited = 0;
		store->hand = entries[index].newer;
		return true;
	}
	store->hand = entries[index].newer;
	remove_entry(index);
	count_removal(state, FQL_COUNTER_EVICTIONS);
	return true;
}

static bool
has_room(uint32 block_count)
{
	uint32		never_used = store->block_total - store->block_unused;

	return (store->free_entry != NOWHERE || store->entry_unused < store->entry_total) &&
		(uint64) store->free_block_count + never_used >= block_count;
}

/* Freed headers first; a header's first use gives it its first version, an odd one. */
static uint32
take_entry(void)
{
	uint32		index = store->free_entry;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	if (index != NOWHERE)
	{
		store->free_entry = entries[index].next;
		return index;
	}
	index = store->entry_unused++;
	pg_atomic_init_u64(&entries[index].version, 1);
	pg_atomic_init_u64(&entries[index].holds_since, 0);
	return index;
}

static uint32
take_block(void)
{
	uint32		block = store->free_block;

	if (block != NOWHERE)
	{
		store->free_block = block_next[block];
		store->free_block_count--;
		return block;
	}
	return store->block_unused++;
}

/* A chain of that many blocks, into an entry that only the caller knows. */
static void
take_blocks(FqlSharedEntry *entry, uint32 count)
{
	uint32		first = take_block();
	uint32		last = first;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	for (uint32 i = 1; i < count; i++)
	{
		uint32		block = take_block();

		block_next[last] = block;
		last = block;
	}
	block_next[last] = NOWHERE;
	store->used_blocks += count;
	store->peak_blocks = Max(store->peak_blocks, store->used_blocks);
	entry->first_block = first;
	entry->last_block = last;
	entry->block_count = count;
}

/* A header with blocks that only the caller knows, evicting as needed, or false.  The lock's holds are bounded. */
static bool
reserve(uint32 block_count, uint32 *index)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int round = 0; round < EVICTION_ROUNDS; round++)
	{
		bool		done;

		LWLockAcquire(store_lock, LW_EXCLUSIVE);
		for (int step = 0; step < EVICTION_STEPS && !has_room(block_count); step++)
			if (!evict_step(now))
				break;
		done = has_room(block_count);
		if (done)
		{
			*index = take_entry();
			take_blocks(&entries[*index], block_count);
		}
		LWLockRelease(store_lock);
		if (done)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* An older entry of the same key gives way.  Only one can exist: publishing looks here first. */
static void
remove_same_key(const FqlKey *key)
{
	uint32		index = *bucket_of(key->hash);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	while (index != NOWHERE)
	{
		if (key_matches(&entries[index], key))
		{
			EntryState	state = entry_state(index, &entries[index], GetCurrentTimestamp());

			remove_entry(index);
			if (state != ENTRY_LIVE)
				count_removal(state, FQL_COUNTER_INVALIDATIONS);
			return;
		}
		index = entries[index].next;
	}
}

/* Make a complete entry findable. */
static void
publish(uint32 index, const FqlKey *key)
{
	FqlSharedEntry *entry = &entries[index];
	volatile uint32 *bucket;

	LWLockAcquire(store_lock, LW_EXCLUSIVE);
	remove_same_key(key);
	bucket = bucket_of(key->hash);
	entry->next = *bucket;
	queue_push(index);
	store->entry_count++;
	pg_write_barrier();
	pg_atomic_write_u64(&entry->version, pg_atomic_read_u64(&entry->version) + 1);
	pg_write_barrier();
	*bucket = index;
	LWLockRelease(store_lock);
}

/* How many bytes the groups take, and how many tags they are. */
static Size
groups_length(const FqlAnswer *answer, uint32 *tag_count)
{
	Size		length = 0;

	*tag_count = 0;
	for (int i = 0; i < answer->group_count; i++)
	{
		length = add_size(length, sizeof(FqlKeptGroup));
		length = add_size(length, mul_size(answer->groups[i].count, sizeof(FqlTag)));
		*tag_count += answer->groups[i].count;
	}
	return length;
}

static FqlKeptGroup
kept_group(const FqlTagGroup *group)
{
	return (FqlKeptGroup){group->columns, group->count, group->any_change};
}

/* Does the answer hold as of its start (I2)?  A hit asks again; this only saves keeping what is dead already. */
static bool
answer_holds(const FqlAnswer *answer)
{
	pg_read_barrier();
	for (int i = 0; i < answer->group_count; i++)
	{
		const FqlTagGroup *group = &answer->groups[i];
		FqlKeptGroup kept = kept_group(group);

		if (!tags_hold(group->tags, group->count, &kept, answer->start_clock, AS_READ))
			return false;
	}
	return true;
}

static void
fill_header(FqlSharedEntry *entry, const FqlKey *key, const FqlAnswer *answer)
{
	entry->hash = key->hash;
	entry->tags_length = (uint32) groups_length(answer, &entry->tag_count);
	pg_atomic_write_u64(&entry->holds_since, answer->start_clock);
	entry->key_length = key->len;
	entry->response_length = VARSIZE_ANY_EXHDR(answer->response);
	entry->query_offset = key->query_offset;
	entry->query_length = key->query_length;
	entry->database = key->database;
	entry->role = key->role;
	entry->snapshot_xmax = U64FromFullTransactionId(answer->snapshot_xmax);
	entry->created_at = GetCurrentTimestamp();
	entry->expires_at = TimestampTzPlusMilliseconds(entry->created_at, (int64) answer->ttl * 1000);
	entry->may_meet_temporary = answer->may_meet_temporary;
	entry->visited = 0;
}

static void
write_content(uint32 first_block, const FqlKey *key, const FqlAnswer *answer)
{
	Cursor		cursor = {first_block, 0};

	for (int i = 0; i < answer->group_count; i++)
	{
		FqlKeptGroup kept = kept_group(&answer->groups[i]);

		cursor_write(&cursor, &kept, sizeof(kept));
		cursor_write(&cursor, answer->groups[i].tags, answer->groups[i].count * sizeof(FqlTag));
	}
	cursor_write(&cursor, key->data, key->len);
	cursor_write(&cursor, VARDATA_ANY(answer->response), VARSIZE_ANY_EXHDR(answer->response));
}

bool
fql_cache_start_is_over(FullTransactionId next, FullTransactionId snapshot_xmin)
{
	uint64		mark = pg_atomic_read_u64(&store->start_mark);

	if (mark == 0)
	{
		(void) pg_atomic_compare_exchange_u64(&store->start_mark, &mark, U64FromFullTransactionId(next));
		mark = pg_atomic_read_u64(&store->start_mark);
	}
	return U64FromFullTransactionId(snapshot_xmin) >= mark;
}

/* Between reserve() and publish() nothing may fail: what was reserved is in no list. */
FqlReason
fql_cache_put(const FqlKey *key, const FqlAnswer *answer)
{
	Size		response = VARSIZE_ANY_EXHDR(answer->response);
	uint32		tag_count;
	Size		size = add_size(add_size(groups_length(answer, &tag_count), key->len), response);
	Size		block_count = (size + BLOCK_SIZE - 1) / BLOCK_SIZE;
	uint32		index;

	if (response > (Size) fql_cache_max_entry_size * 1024 || block_count > store->block_total / LARGEST_PART)
		return FQL_REJECTED_TOO_LARGE;
	if (!answer_holds(answer))
		return FQL_REJECTED_WRITE;
	if (!reserve((uint32) block_count, &index))
		return FQL_REJECTED_NO_ROOM;

	fill_header(&entries[index], key, answer);
	write_content(entries[index].first_block, key, answer);
	publish(index, key);
	return FQL_REASON_NONE;
}

/*
 * The worker's part
 */

static bool
holds_strictly(const FqlSharedEntry *header, uint64 clock)
{
	Cursor		cursor = {header->first_block, 0};

	return groups_hold(&cursor, header->tags_length, clock, ANY_CHANGE);
}

/*
 * A live entry some of whose tags have changed in what it did not read, so that each hit looks at finer words, and
 * other tags that share them add up over time.  Say that it holds as of "clock", which was read before the entry was
 * found live.  That is true if no tag is pending or newer than that: a writer whose change shows in the entry has not
 * ticked by "clock", or its finer words would tell, and has not raised its fence, or ANY would be pending; so it will
 * tick later than "clock".  The entry must be the one that was looked at, hence the lock.
 */
static void
renew_entry(uint32 index, const FqlSharedEntry *header, uint64 version, uint64 clock)
{
	if (holds_strictly(header, holds_since(index)) || !holds_strictly(header, clock))
		return;
	LWLockAcquire(store_lock, LW_EXCLUSIVE);
	if (pg_atomic_read_u64(&entries[index].version) == version)
		pg_atomic_write_u64(&entries[index].holds_since, clock);
	LWLockRelease(store_lock);
}

/* Remove one entry if it is dead: seen without the lock, done under it if the entry is still the same. */
static void
sweep_entry(uint32 index, TimestampTz now)
{
	FqlSharedEntry header;
	uint64		version;
	uint64		clock = fql_clock_read();
	EntryState	state;

	pg_read_barrier();
	if (!begin_read(index, &header, &version))
		return;
	state = entry_state(index, &header, now);
	if (state == ENTRY_LIVE)
	{
		renew_entry(index, &header, version, clock);
		return;
	}
	LWLockAcquire(store_lock, LW_EXCLUSIVE);
	if (pg_atomic_read_u64(&entries[index].version) == version)
	{
		remove_entry(index);
		count_removal(state, FQL_COUNTER_INVALIDATIONS);
	}
	LWLockRelease(store_lock);
}

/* Headers up to this one have been used; a stale value only delays the newest ones to the next round. */
static uint32
used_entries(void)
{
	return *((volatile uint32 *) &store->entry_unused);
}

void
fql_cache_sweep(uint32 *position, uint32 budget)
{
	TimestampTz now = GetCurrentTimestamp();
	uint32		used = used_entries();

	for (uint32 i = 0; i < Min(budget, used); i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (*position >= used)
			*position = 0;
		sweep_entry((*position)++, now);
	}
}

uint64
fql_cache_clear(void)
{
	uint64		removed = 0;
	uint32		used = used_entries();

	for (uint32 index = 0; index < used; index++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!version_is_published(pg_atomic_read_u64(&entries[index].version)))
			continue;
		LWLockAcquire(store_lock, LW_EXCLUSIVE);
		if (version_is_published(pg_atomic_read_u64(&entries[index].version)))
		{
			remove_entry(index);
			removed++;
		}
		LWLockRelease(store_lock);
	}
	return removed;
}

/*
 * For the views
 */

void
fql_cache_gauges(FqlCacheGauges *gauges)
{
	LWLockAcquire(store_lock, LW_SHARED);
	gauges->entries = store->entry_count;
	gauges->memory = (uint64) store->used_blocks * BLOCK_SIZE;
	gauges->peak_memory = (uint64) store->peak_blocks * BLOCK_SIZE;
	gauges->max_memory = (uint64) store->block_total * BLOCK_SIZE;
	LWLockRelease(store_lock);
}

/* Read the query text of an entry; NULL when the entry vanished meanwhile. */
static char *
read_query(uint32 index, const FqlSharedEntry *header, uint64 version)
{
	char	   *query = palloc(header->query_length + 1);
	Cursor		cursor = {header->first_block, 0};

	if (!cursor_skip(&cursor, header->tags_length + header->query_offset) ||
		!cursor_read(&cursor, query, header->query_length) ||
		!end_read(index, version))
	{
		pfree(query);
		return NULL;
	}
	query[header->query_length] = '\0';
	return query;
}

static bool
describe_entry(uint32 index, FqlEntryInfo *info)
{
	FqlSharedEntry header;
	uint64		version;
	EntryState	state;

	if (!begin_read(index, &header, &version))
		return false;
	state = entry_state(index, &header, GetCurrentTimestamp());
	info->query = read_query(index, &header, version);
	if (info->query == NULL)
		return false;
	info->database = header.database;
	info->role = header.role;
	info->hash = header.hash;
	info->bytes = header.response_length;
	info->memory = (uint64) header.block_count * BLOCK_SIZE;
	info->tags = header.tag_count;
	info->valid = state == ENTRY_LIVE;
	info->created_at = header.created_at;
	info->expires_at = header.expires_at;
	return true;
}

bool
fql_cache_next(uint32 *position, FqlEntryInfo *info)
{
	uint32		used = used_entries();

	while (*position < used)
	{
		CHECK_FOR_INTERRUPTS();
		if (describe_entry((*position)++, info))
			return true;
	}
	return false;
}

/*
 * Set-up
 */

/* How much of each thing fraiseql.cache_size asks for; half as many headers as blocks, since few answers fit in one. */
static uint32
block_total(void)
{
	return (uint32) fql_cache_size * (1024 * 1024 / BLOCK_SIZE);
}

static uint32
entry_total(void)
{
	return block_total() / 2;
}

static uint32
bucket_total(void)
{
	return pg_nextpower2_32(entry_total());
}

/* The parts of the cache's memory, one behind the other, each on a cache line of its own. */
typedef struct StoreLayout
{
	Size		entries;		/* offsets */
	Size		buckets;
	Size		block_next;
	Size		blocks;
	Size		end;
} StoreLayout;

static Size
part_end(Size start, Size size)
{
	return CACHELINEALIGN(add_size(start, size));
}

static StoreLayout
store_layout(void)
{
	StoreLayout layout;

	layout.entries = part_end(0, sizeof(FqlSharedStore));
	layout.buckets = part_end(layout.entries, mul_size(entry_total(), sizeof(FqlSharedEntry)));
	layout.block_next = part_end(layout.buckets, mul_size(bucket_total(), sizeof(uint32)));
	layout.blocks = part_end(layout.block_next, mul_size(block_total(), sizeof(uint32)));
	layout.end = part_end(layout.blocks, mul_size(block_total(), BLOCK_SIZE));
	return layout;
}

Size
fql_cache_shmem_size(void)
{
	return store_layout().end;
}

/* Headers and blocks are initialized when first used, so that a 32 GB cache need not be touched at start. */
static void
store_reset(uint64 seed)
{
	memset(store, 0, sizeof(*store));
	store->seed = seed;
	pg_atomic_init_u64(&store->start_mark, 0);
	store->block_total = block_total();
	store->entry_total = entry_total();
	store->bucket_total = bucket_total();
	store->free_block = NOWHERE;
	store->free_entry = NOWHERE;
	store->newest = NOWHERE;
	store->oldest = NOWHERE;
	store->hand = NOWHERE;
	for (uint32 i = 0; i < store->bucket_total; i++)
		buckets[i] = NOWHERE;
}

void
fql_cache_shmem_init(bool found, void *memory, LWLock *lock, uint64 seed)
{
	StoreLayout layout = store_layout();
	char	   *base = memory;

	store = memory;
	store_lock = lock;
	entries = (FqlSharedEntry *) (base + layout.entries);
	buckets = (volatile uint32 *) (base + layout.buckets);
	block_next = (volatile uint32 *) (base + layout.block_next);
	blocks = base + layout.blocks;
	if (!found)
		store_reset(seed);
}

/* The seeded hash that finds a key's bucket. */
uint64
fql_cache_hash(const char *data, size_t len)
{
	return hash_bytes_extended((const unsigned char *) data, (int) len, store->seed);
}
