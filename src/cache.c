/*
 * cache.c
 *    The answers in shared memory: look up without a lock, publish, sweep, clear, show.
 *
 * Where they lie and how readers go without a lock (I3) is in store.c, whether an answer is still right in holds.c, and
 * which one goes when the cache is full in evict.c.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "cache.h"
#include "compat.h"
#include "evict.h"
#include "guc.h"
#include "holds.h"
#include "links.h"
#include "prepared.h"
#include "store.h"
#include "testpoint.h"
#include "words.h"

/* No entry may take more than this part of the cache. */
#define LARGEST_PART 8

/* How many entries ahead a walk over all of them asks the memory for. */
#define PREFETCH_DISTANCE 8

/* I5, I6, and the rule for sessions with temporary objects. */
static bool
may_be_served(const FqlSharedEntry *header, const FqlReader *reader)
{
	if (header->may_meet_temporary && reader->has_temporary_schema)
		return false;
	if (reader->has_changes && !fql_entry_is_not_ours(header))
		return false;
	return !FullTransactionIdIsValid(reader->snapshot_xmin) ||
		U64FromFullTransactionId(reader->snapshot_xmin) >= header->snapshot_xmax;
}

bool
fql_cache_get(const FqlKey *key, const FqlReader *reader, FqlItem *item)
{
	FqlSharedEntry header;
	uint64		version;
	uint32		index = fql_store_find(key, &header, &version);
	FqlCursor	cursor;
	text	   *response;

	if (index == FQL_NOWHERE || !may_be_served(&header, reader))
		return false;
	cursor = (FqlCursor){header.first_block, 0};
	if (!fql_entry_holds(index, &header, &cursor) || header.expires_at <= GetCurrentTimestamp())
		return false;
	FQL_TEST_POINT(hit_found);

	/* header came whole from one published entry, so its length is one that fql_cache_put() accepted */
	response = palloc(VARHDRSZ + header.response_length);
	SET_VARSIZE(response, VARHDRSZ + header.response_length);
	if (!fql_cursor_skip(&cursor, header.key_length) ||
		!fql_cursor_read(&cursor, VARDATA(response), header.response_length) ||
		!fql_store_end_read(index, version))
	{
		pfree(response);
		return false;
	}
	if (!fql_store_entry(index)->visited)
		fql_store_entry(index)->visited = 1;
	item->place = (FqlPlace){index, version};
	item->kind = (FqlItemKind) header.kind;
	item->content = response;
	return true;
}

bool
fql_cache_holds(const FqlPlace *place)
{
	FqlSharedEntry header;
	FqlCursor	cursor;
	uint64		version;

	pg_read_barrier();
	if (!fql_store_begin_read(place->index, &header, &version) || version != place->version)
		return false;
	cursor = (FqlCursor){header.first_block, 0};
	return fql_entry_holds(place->index, &header, &cursor) && fql_store_end_read(place->index, version);
}

void
fql_cache_drop(const FqlPlace *place)
{
	fql_store_lock();
	if (fql_store_is_version(place->index, place->version))
		fql_store_remove(place->index);
	fql_store_unlock();
}

/*
 * Publishing
 */

static void
fill_header(FqlSharedEntry *entry, const FqlKey *key, const FqlAnswer *answer)
{
	entry->hash = key->hash;
	entry->tags_length = (uint32) fql_groups_length(answer->groups, answer->group_count, &entry->tag_count);
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
	entry->seen_invalid = 0;
	entry->kind = (uint8) answer->kind;
}

static void
write_content(uint32 index, const FqlKey *key, const FqlAnswer *answer)
{
	FqlCursor	cursor = {fql_store_entry(index)->first_block, 0};

	fql_groups_write(&cursor, answer->groups, answer->group_count);
	fql_cursor_write(&cursor, key->data, key->len);
	fql_cursor_write(&cursor, VARDATA_ANY(answer->response), VARSIZE_ANY_EXHDR(answer->response));
	fql_links_write(index, &cursor, answer->groups, answer->group_count, answer->entities, answer->entity_count);
}

/* Bytes that an entry takes in blocks. */
static Size
entry_size(const FqlKey *key, const FqlAnswer *answer)
{
	uint32		tag_count;
	Size		tags = fql_groups_length(answer->groups, answer->group_count, &tag_count);
	Size		content = add_size(add_size(tags, key->len), VARSIZE_ANY_EXHDR(answer->response));

	return add_size(content, fql_links_length(content, tag_count + answer->entity_count));
}

/*
 * Has none of the objects that the answer shows been invalidated by hand since s0?  "removals" was read before.
 */
static bool
entities_hold(const FqlAnswer *answer)
{
	FqlTagGroup group = {.any_change = true, .count = answer->entity_count, .tags = answer->entities};

	return fql_groups_changed(&group, 1, answer->start_clock) == NULL;
}

/*
 * Make a complete entry findable; an older one of the same key gives way.  False: an invalidation by hand has begun
 * since "removals" was read, and nothing was done.
 */
static bool
publish(uint32 index, const FqlKey *key, uint64 removals, FqlPlace *place)
{
	FqlEntryState state;
	uint32		older;
	uint64		version;

	fql_store_lock();
	if (fql_store_removals() != removals)
	{
		fql_store_unlock();
		return false;
	}
	older = fql_store_same_key(key);
	if (older != FQL_NOWHERE)
	{
		state = fql_entry_state(older, fql_store_entry(older), GetCurrentTimestamp());
		fql_store_remove(older);
		if (state != FQL_ENTRY_LIVE)
			fql_evict_count(older, state, FQL_COUNTER_INVALIDATIONS);
	}
	version = fql_store_publish(index);
	if (place != NULL)
		*place = (FqlPlace){index, version};
	fql_store_unlock();
	return true;
}

/*
 * Publish, unless something that the answer shows is invalidated by hand meanwhile; then give the entry back.
 *
 * Hits do not ask whether that has happened, so no answer may slip through.  Who invalidates does three things in this
 * order: A, tick the words of the tags; B, count a removal; C, take the store's lock, and remove what carries the tags.
 * Here: 1, read the number of removals; 2, look whether the words are as of s0; 3, with the lock, see that the number
 * is what it was, and publish.  Take an answer whose s0 precedes A (a later one has been computed from what is).  If B
 * precedes 1, then A precedes 2, and the answer is given back.  If B comes between 1 and 3, this begins anew.  If B
 * comes after 3, C takes the lock after it was let go here, and finds the entry.
 */
static FqlReason
publish_or_give_back(uint32 index, const FqlKey *key, const FqlAnswer *answer, FqlPlace *place)
{
	uint64		removals;

	do
	{
		removals = fql_store_removals();
		pg_read_barrier();
		if (!entities_hold(answer))
		{
			fql_store_lock();
			fql_store_give_back(index);
			fql_store_unlock();
			return FQL_REJECTED_WRITE;
		}
		FQL_TEST_POINT(entities_hold);
	} while (!publish(index, key, removals, place));
	return FQL_REASON_NONE;
}

/* Between reserving and publishing nothing may fail: what was reserved is in no list. */
FqlReason
fql_cache_put(const FqlKey *key, const FqlAnswer *answer, FqlPlace *place)
{
	Size		response = VARSIZE_ANY_EXHDR(answer->response);
	Size		block_count = (entry_size(key, answer) + FQL_BLOCK_SIZE - 1) / FQL_BLOCK_SIZE;
	const FqlTag *changed;
	uint32		index;

	if (response > (Size) fql_cache_max_entry_size * 1024 || block_count > fql_store_block_total() / LARGEST_PART)
		return FQL_REJECTED_TOO_LARGE;
	/* I2; a hit asks again, so this only saves keeping what is dead already */
	changed = fql_groups_changed(answer->groups, answer->group_count, answer->start_clock);
	if (changed != NULL)
		return fql_prepared_touches(*changed) ? FQL_REJECTED_PREPARED : FQL_REJECTED_WRITE;
	if (!fql_evict_reserve((uint32) block_count, &index))
		return FQL_REJECTED_NO_ROOM;
	FQL_TEST_POINT(reserved);

	fill_header(fql_store_entry(index), key, answer);
	write_content(index, key, answer);
	return publish_or_give_back(index, key, answer, place);
}

/*
 * The worker's part
 */

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
	if (fql_entry_is_untouched(header, fql_entry_holds_since(index)) || !fql_entry_is_untouched(header, clock))
		return;
	FQL_TEST_POINT(renewing);
	fql_store_lock();
	if (fql_store_is_version(index, version))
		pg_atomic_write_u64(&fql_store_entry(index)->holds_since, clock);
	fql_store_unlock();
}

/*
 * An invalid entry may be one that a cascade is about to account for (audit.c), so where cascades are recorded it is
 * left alone the first time.  That is a hint: the version says whether it is still the same entry.
 */
static bool
is_left_to_cascade(uint32 index, FqlEntryState state)
{
	FqlSharedEntry *entry = fql_store_entry(index);

	if (state != FQL_ENTRY_INVALID || fql_audit_ring_size == 0 || entry->seen_invalid)
		return false;
	entry->seen_invalid = 1;
	return true;
}

/* Remove one entry if it is dead: seen without the lock, done under it if the entry is still the same. */
static void
sweep_entry(uint32 index, TimestampTz now)
{
	FqlSharedEntry header;
	uint64		version;
	uint64		clock = fql_clock_read();
	FqlEntryState state;

	pg_read_barrier();
	if (!fql_store_begin_read(index, &header, &version))
		return;
	state = fql_entry_state(index, &header, now);
	if (state == FQL_ENTRY_LIVE)
	{
		FQL_TEST_POINT(found_live);
		renew_entry(index, &header, version, clock);
		return;
	}
	if (is_left_to_cascade(index, state))
		return;
	FQL_TEST_POINT(reclaiming);
	fql_store_lock();
	if (fql_store_is_version(index, version))
	{
		fql_store_remove(index);
		fql_evict_count(index, state, FQL_COUNTER_INVALIDATIONS);
	}
	fql_store_unlock();
}

void
fql_cache_sweep(uint32 *position, uint32 budget)
{
	TimestampTz now = GetCurrentTimestamp();
	uint32		used = fql_store_used_entries();

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
	uint32		used = fql_store_used_entries();

	for (uint32 index = 0; index < used; index++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!fql_store_is_published(index))
			continue;
		fql_store_lock();
		if (fql_store_is_published(index))
		{
			fql_store_remove(index);
			if (fql_store_entry(index)->kind == FQL_ITEM_ANSWER)
				removed++;
		}
		fql_store_unlock();
	}
	return removed;
}

/*
 * For the views
 */

void
fql_cache_gauges(FqlCacheGauges *gauges)
{
	uint32		answers;
	uint32		blocks;
	uint32		peak_blocks;

	fql_store_usage(&answers, &blocks, &peak_blocks);
	gauges->entries = answers;
	gauges->memory = (uint64) blocks * FQL_BLOCK_SIZE;
	gauges->peak_memory = (uint64) peak_blocks * FQL_BLOCK_SIZE;
	gauges->max_memory = (uint64) fql_store_block_total() * FQL_BLOCK_SIZE;
}

/* Read the query text of an entry; NULL when the entry vanished meanwhile. */
static char *
read_query(uint32 index, const FqlSharedEntry *header, uint64 version)
{
	char	   *query = palloc(header->query_length + 1);
	FqlCursor	cursor = {header->first_block, 0};

	if (!fql_cursor_skip(&cursor, header->tags_length + header->query_offset) ||
		!fql_cursor_read(&cursor, query, header->query_length) ||
		!fql_store_end_read(index, version))
	{
		pfree(query);
		return NULL;
	}
	query[header->query_length] = '\0';
	return query;
}

static bool
describe_entry(uint32 index, FqlEntryInfo *info, uint64 *version)
{
	FqlSharedEntry header;
	FqlEntryState state;

	if (!fql_store_begin_read(index, &header, version) || header.kind != FQL_ITEM_ANSWER)
		return false;
	state = fql_entry_state(index, &header, GetCurrentTimestamp());
	info->query = read_query(index, &header, *version);
	if (info->query == NULL)
		return false;
	info->database = header.database;
	info->role = header.role;
	info->hash = header.hash;
	info->bytes = header.response_length;
	info->memory = (uint64) header.block_count * FQL_BLOCK_SIZE;
	info->tags = header.tag_count;
	info->valid = state == FQL_ENTRY_LIVE;
	info->created_at = header.created_at;
	info->expires_at = header.expires_at;
	return true;
}

bool
fql_cache_describe(const FqlPlace *place, FqlEntryInfo *info)
{
	uint64		version;

	return describe_entry(place->index, info, &version) && version == place->version;
}

bool
fql_cache_next(uint32 *position, FqlEntryInfo *info)
{
	uint32		used = fql_store_used_entries();
	uint64		version;

	while (*position < used)
	{
		CHECK_FOR_INTERRUPTS();
		if (*position + PREFETCH_DISTANCE < used)
			fql_store_prefetch(*position + PREFETCH_DISTANCE);
		if (describe_entry((*position)++, info, &version))
			return true;
	}
	return false;
}
