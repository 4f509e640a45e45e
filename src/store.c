/*
 * store.c
 *    Where answers lie in shared memory: headers, chains of blocks, buckets, the eviction queue, and the one lock.
 *
 * Layout.  An entry is a header in an array plus a chain of fixed blocks that hold its tags, its key, its response
 * and its links in the reverse map (links.c), in this order.  Fixed blocks rather than an allocator of arbitrary
 * sizes: nothing fragments, memory is accounted for exactly, and evicting n blocks always makes room for n blocks.
 * Buckets chain headers by index.
 *
 * Writers (publish, evict, sweep, clear) hold one LWLock, "store".  A writer follows at least the execution of a
 * query, and holds the lock for about a microsecond plus a few nanoseconds a block and a link, so one lock carries
 * hundreds of thousands of fills a second.  Content is copied outside the lock, into blocks that nobody else knows yet.
 *
 * Readers hold nothing (I3), but for a look-up that meets a removal in its bucket and is repeated under the lock.  An
 * entry's version is odd while the entry is free or being changed, and even while it is published; it only grows.  A
 * reader takes the version, reads what it wants, and takes the version again: if it is still the same even number,
 * everything read in between belongs to one published entry.  If not, the bytes are thrown away.  To make garbage
 * harmless until then, every index is checked against its range, every walk has a bound, and a length is used only
 * after the version vouched for it.  Blocks and headers are never unmapped.
 *
 *   publish:  content, header | write barrier | version even | bucket points to it
 *   remove:   version odd | write barrier | bucket, queue, free lists
 *   read:     version even? | read barrier | ... | read barrier | version the same?
 *
 * Blocks of a removed entry may be reused at once; a reader still in them sees the odd or larger version at the end.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "guc.h"
#include "links.h"
#include "store.h"
#include "store_internal.h"
#include "testpoint.h"

/* Longer chains than this are not followed: a hash with a secret seed does not make them. */
#define MAX_CHAIN 64

/* Of an entry that is about to be shown: its tags and the beginning of its key. */
#define PREFETCH_LINES 4

static FqlSharedStore *store = NULL;
static LWLock *store_lock = NULL;
static FqlSharedEntry *entries;
static volatile uint32 *buckets;
static volatile uint32 *block_next;
static uint32 *block_owner;
static uint32 *heads;
static char *blocks;

FqlSharedEntry *
fql_store_entry(uint32 index)
{
	Assert(index < store->entry_total);
	return &entries[index];
}

/*
 * Content of a chain of blocks
 */

/* The bytes from the cursor to the end of its block, at most "wanted"; moves on.  NULL: the chain is broken. */
char *
fql_cursor_take(FqlCursor *cursor, size_t wanted, size_t *taken)
{
	char	   *place;

	if (cursor->offset == FQL_BLOCK_SIZE)
	{
		cursor->block = cursor->block < store->block_total ? block_next[cursor->block] : FQL_NOWHERE;
		cursor->offset = 0;
	}
	if (cursor->block >= store->block_total)
		return NULL;
	place = blocks + (Size) cursor->block * FQL_BLOCK_SIZE + cursor->offset;
	*taken = Min(wanted, (size_t) (FQL_BLOCK_SIZE - cursor->offset));
	cursor->offset += *taken;
	return place;
}

bool
fql_cursor_read(FqlCursor *cursor, void *target, size_t size)
{
	char	   *out = target;

	while (size > 0)
	{
		size_t		taken = 0;
		const char *place = fql_cursor_take(cursor, size, &taken);

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

bool
fql_cursor_skip(FqlCursor *cursor, size_t size)
{
	return fql_cursor_read(cursor, NULL, size);
}

static bool
cursor_equals(FqlCursor *cursor, const char *data, size_t size)
{
	while (size > 0)
	{
		size_t		taken = 0;
		const char *place = fql_cursor_take(cursor, size, &taken);

		if (place == NULL || memcmp(place, data, taken) != 0)
			return false;
		data += taken;
		size -= taken;
	}
	return true;
}

/* Only into blocks that the caller owns. */
void
fql_cursor_write(FqlCursor *cursor, const void *source, size_t size)
{
	const char *in = source;

	while (size > 0)
	{
		size_t		taken = 0;
		char	   *place = fql_cursor_take(cursor, size, &taken);

		Assert(place != NULL);
		memcpy(place, in, taken);
		in += taken;
		size -= taken;
	}
}

/*
 * Reading without a lock
 */

static bool
is_published_version(uint64 version)
{
	return (version & 1) == 0;
}

/* Copy a published header; false when there is none.  *version is for fql_store_end_read(). */
bool
fql_store_begin_read(uint32 index, FqlSharedEntry *copy, uint64 *version)
{
	FqlSharedEntry *entry = &entries[index];

	*version = pg_atomic_read_u64(&entry->version);
	if (!is_published_version(*version))
		return false;
	pg_read_barrier();
	memcpy(copy, entry, sizeof(*copy));
	pg_read_barrier();
	return pg_atomic_read_u64(&entry->version) == *version;
}

/* A hint: what was read of the header may be of another entry, or of none. */
void
fql_store_prefetch(uint32 index)
{
	uint32		block = entries[index].first_block;

	if (block < store->block_total)
		for (int line = 0; line < PREFETCH_LINES; line++)
			fql_compat_prefetch(blocks + (Size) block * FQL_BLOCK_SIZE + line * PG_CACHE_LINE_SIZE);
}

/* Did everything read since fql_store_begin_read() belong to that entry? */
bool
fql_store_end_read(uint32 index, uint64 version)
{
	pg_read_barrier();
	return pg_atomic_read_u64(&entries[index].version) == version;
}

static bool
key_matches(const FqlSharedEntry *entry, const FqlKey *key)
{
	FqlCursor	cursor = {entry->first_block, 0};

	return entry->hash == key->hash && entry->key_length == key->len &&
		fql_cursor_skip(&cursor, entry->tags_length) &&
		cursor_equals(&cursor, key->data, key->len);
}

static uint32
bucket_number(uint64 hash)
{
	return (uint32) hash & (store->bucket_total - 1);
}

/*
 * Walk the bucket of a key.  Without the lock the chain may lead to an entry that is being removed, or that has moved
 * to another bucket since: then *disturbed is set, for the key's entry may be behind it.
 */
static uint32
walk_bucket(const FqlKey *key, FqlSharedEntry *header, uint64 *version, bool *disturbed)
{
	uint32		bucket = bucket_number(key->hash);
	uint32		index = buckets[bucket];

	*disturbed = false;
	for (int steps = 0; steps < MAX_CHAIN && index < store->entry_total; steps++)
	{
		if (!fql_store_begin_read(index, header, version) || bucket_number(header->hash) != bucket)
		{
			*disturbed = true;
			return FQL_NOWHERE;
		}
		if (key_matches(header, key))
			return index;
		index = header->next;
	}
	return FQL_NOWHERE;
}

/*
 * The published entry with that key: index, header and version, or FQL_NOWHERE.  Who is disturbed looks again with the
 * lock, so that an entry is found whatever happens to its neighbours; that is rare, and the lock is held for one walk.
 */
uint32
fql_store_find(const FqlKey *key, FqlSharedEntry *header, uint64 *version)
{
	bool		disturbed;
	uint32		index = walk_bucket(key, header, version, &disturbed);

	if (!disturbed)
		return index;
	fql_store_lock_shared();
	index = walk_bucket(key, header, version, &disturbed);
	fql_store_unlock();
	return index;
}

/* Headers up to this one have been used; a stale value only hides the newest ones. */
uint32
fql_store_used_entries(void)
{
	return *((volatile uint32 *) &store->entry_unused);
}

/*
 * Changing the store: all of these run under the lock, exclusively
 */

void
fql_store_lock(void)
{
	LWLockAcquire(store_lock, LW_EXCLUSIVE);
}

void
fql_store_lock_shared(void)
{
	LWLockAcquire(store_lock, LW_SHARED);
}

void
fql_store_unlock(void)
{
	LWLockRelease(store_lock);
}

bool
fql_store_is_version(uint32 index, uint64 version)
{
	Assert(LWLockHeldByMe(store_lock));
	return pg_atomic_read_u64(&entries[index].version) == version;
}

bool
fql_store_is_published(uint32 index)
{
	return is_published_version(pg_atomic_read_u64(&entries[index].version));
}

static void
queue_push(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	entry->newer = FQL_NOWHERE;
	entry->older = store->newest;
	if (store->newest != FQL_NOWHERE)
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
	if (entry->newer != FQL_NOWHERE)
		entries[entry->newer].older = entry->older;
	else
		store->newest = entry->older;
	if (entry->older != FQL_NOWHERE)
		entries[entry->older].newer = entry->newer;
	else
		store->oldest = entry->newer;
}

static volatile uint32 *
bucket_of(uint64 hash)
{
	return &buckets[bucket_number(hash)];
}

static void
bucket_unlink(uint32 index)
{
	volatile uint32 *link = bucket_of(entries[index].hash);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	while (*link != index)
	{
		Assert(*link != FQL_NOWHERE);
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
void
fql_store_remove(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];
	uint64		version = pg_atomic_read_u64(&entry->version);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	Assert(is_published_version(version));
	store->changes++;
	pg_atomic_write_u64(&entry->version, version + 1);
	pg_write_barrier();
	FQL_TEST_POINT(removing);
	bucket_unlink(index);
	queue_unlink(index);
	fql_links_remove(index);
	free_blocks(entry);
	free_entry(index);
	if (entry->kind == FQL_ITEM_ANSWER)
		store->answer_count--;
}

bool
fql_store_has_room(uint32 block_count)
{
	uint32		never_used = store->block_total - store->block_unused;

	return (store->free_entry != FQL_NOWHERE || store->entry_unused < store->entry_total) &&
		(uint64) store->free_block_count + never_used >= block_count;
}

/* Freed headers first; a header's first use gives it its first version, an odd one. */
static uint32
take_entry(void)
{
	uint32		index = store->free_entry;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	if (index != FQL_NOWHERE)
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

	if (block != FQL_NOWHERE)
	{
		store->free_block = block_next[block];
		store->free_block_count--;
		return block;
	}
	return store->block_unused++;
}

/* A chain of that many blocks, into an entry that only the caller knows. */
static void
take_blocks(uint32 index, uint32 count)
{
	FqlSharedEntry *entry = &entries[index];
	uint32		first = take_block();
	uint32		last = first;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	block_owner[first] = index;
	for (uint32 i = 1; i < count; i++)
	{
		uint32		block = take_block();

		block_owner[block] = index;
		block_next[last] = block;
		last = block;
	}
	block_next[last] = FQL_NOWHERE;
	store->used_blocks += count;
	store->peak_blocks = Max(store->peak_blocks, store->used_blocks);
	entry->first_block = first;
	entry->last_block = last;
	entry->block_count = count;
}

uint32
fql_store_take(uint32 block_count)
{
	uint32		index = take_entry();

	store->changes++;
	entries[index].filler = MyProcPid;
	take_blocks(index, block_count);
	return index;
}

void
fql_store_give_back(uint32 index)
{
	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	store->changes++;
	free_blocks(&entries[index]);
	free_entry(index);
}

/* Only one can exist: whoever publishes looks here first. */
uint32
fql_store_same_key(const FqlKey *key)
{
	uint32		index = *bucket_of(key->hash);

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	while (index != FQL_NOWHERE && !key_matches(&entries[index], key))
		index = entries[index].next;
	return index;
}

uint64
fql_store_publish(uint32 index)
{
	FqlSharedEntry *entry = &entries[index];
	volatile uint32 *bucket = bucket_of(entry->hash);
	uint64		version = pg_atomic_read_u64(&entry->version) + 1;

	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	store->changes++;
	entry->next = *bucket;
	queue_push(index);
	fql_links_insert(index);
	if (entry->kind == FQL_ITEM_ANSWER)
		store->answer_count++;
	FQL_TEST_POINT(publishing);
	pg_write_barrier();
	pg_atomic_write_u64(&entry->version, version);
	pg_write_barrier();
	*bucket = index;
	return version;
}

uint32
fql_store_hand(void)
{
	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	if (store->hand == FQL_NOWHERE)
		store->hand = store->oldest;
	return store->hand;
}

void
fql_store_hand_on(void)
{
	Assert(LWLockHeldByMeInMode(store_lock, LW_EXCLUSIVE));
	store->hand = entries[store->hand].newer;
}

uint64
fql_store_removals(void)
{
	return pg_atomic_read_u64(&store->removals);
}

void
fql_store_removal_begins(void)
{
	pg_atomic_fetch_add_u64(&store->removals, 1);
}

uint32
fql_store_block_total(void)
{
	return store->block_total;
}

void
fql_store_usage(uint32 *answers, uint32 *used_blocks, uint32 *peak_blocks)
{
	LWLockAcquire(store_lock, LW_SHARED);
	*answers = store->answer_count;
	*used_blocks = store->used_blocks;
	*peak_blocks = store->peak_blocks;
	LWLockRelease(store_lock);
}

void
fql_store_parts(FqlStoreParts *parts)
{
	*parts = (FqlStoreParts){store, entries, buckets, block_next, block_owner, heads, blocks, store_lock};
}

/*
 * Set-up
 */

/* How much of each thing fraiseql.cache_size asks for; half as many headers as blocks, since few answers fit in one. */
static uint32
block_total(void)
{
	return (uint32) fql_cache_size * (1024 * 1024 / FQL_BLOCK_SIZE);
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

/* Chains of links: as many as blocks, of which most hold a few links. */
static uint32
head_total(void)
{
	return pg_nextpower2_32(block_total());
}

/* The parts of the cache's memory, one behind the other, each on a cache line of its own. */
typedef struct StoreLayout
{
	Size		entries;		/* offsets */
	Size		buckets;
	Size		heads;
	Size		block_next;
	Size		block_owner;
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
	layout.heads = part_end(layout.buckets, mul_size(bucket_total(), sizeof(uint32)));
	layout.block_next = part_end(layout.heads, mul_size(head_total(), sizeof(uint32)));
	layout.block_owner = part_end(layout.block_next, mul_size(block_total(), sizeof(uint32)));
	layout.blocks = part_end(layout.block_owner, mul_size(block_total(), sizeof(uint32)));
	layout.end = part_end(layout.blocks, mul_size(block_total(), FQL_BLOCK_SIZE));
	return layout;
}

Size
fql_store_shmem_size(void)
{
	return store_layout().end;
}

/* Headers and blocks are initialized when first used, so that a 32 GB cache need not be touched at start. */
static void
store_reset(uint64 seed)
{
	memset(store, 0, sizeof(*store));
	store->seed = seed;
	store->block_total = block_total();
	store->entry_total = entry_total();
	store->bucket_total = bucket_total();
	store->head_total = head_total();
	store->link_size = fql_links_size(block_total());
	pg_atomic_init_u64(&store->removals, 0);
	store->free_block = FQL_NOWHERE;
	store->free_entry = FQL_NOWHERE;
	store->newest = FQL_NOWHERE;
	store->oldest = FQL_NOWHERE;
	store->hand = FQL_NOWHERE;
	for (uint32 i = 0; i < store->bucket_total; i++)
		buckets[i] = FQL_NOWHERE;
	for (uint32 i = 0; i < store->head_total; i++)
		heads[i] = FQL_NO_LINK;
}

void
fql_store_shmem_init(bool found, void *memory, LWLock *lock, uint64 seed)
{
	StoreLayout layout = store_layout();
	char	   *base = memory;

	store = memory;
	store_lock = lock;
	entries = (FqlSharedEntry *) (base + layout.entries);
	buckets = (volatile uint32 *) (base + layout.buckets);
	heads = (uint32 *) (base + layout.heads);
	block_next = (volatile uint32 *) (base + layout.block_next);
	block_owner = (uint32 *) (base + layout.block_owner);
	blocks = base + layout.blocks;
	if (!found)
		store_reset(seed);
	fql_links_init();
}

/* The seeded hash that finds a key's bucket. */
uint64
fql_store_hash(const char *data, size_t len)
{
	return hash_bytes_extended((const unsigned char *) data, (int) len, store->seed);
}
