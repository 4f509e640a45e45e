/*
 * corrupt.c
 *    Writes into fraiseql's shared memory, for the test that shows that validate_coherency() can see it.
 *
 * A module of its own, built by test/run: what a released fraiseql is made of has no such function.  It finds the
 * memory by the names under which the server keeps it, and knows the layouts from the headers in src.
 *
 *   corrupt(what text, index bigint, value bigint, size bigint) returns bigint
 *
 * gives one field of one thing a value, and returns the one that it had; a NULL value only reads.  The size is that of
 * the memory that it is in.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"

#include "links.h"
#include "store_internal.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(corrupt);

PGDLLEXPORT Datum corrupt(PG_FUNCTION_ARGS);

/* The memory of that name; its size is what pg_shmem_allocations says. */
static char *
memory(const char *name, int64 size)
{
	bool		found;
	char	   *start = ShmemInitStruct(name, size, &found);

	if (!found)
		elog(ERROR, "there is no shared memory \"%s\"", name);
	return start;
}

/* A field: where, and how wide. */
typedef struct Place
{
	void	   *address;
	int			width;
} Place;

#define PLACE(lvalue) ((Place) {(void *) &(lvalue), sizeof(lvalue)})

typedef struct Store
{
	FqlSharedStore *store;
	FqlSharedEntry *entries;
	uint32	   *buckets;
	uint32	   *heads;
	uint32	   *block_next;
	uint32	   *block_owner;
	char	   *blocks;
} Store;

/* As store_layout() in store.c. */
static Store
find_store(int64 size)
{
	char	   *base = memory("fraiseql cache", size);
	Store		found;
	Size		offset = CACHELINEALIGN(sizeof(FqlSharedStore));

	found.store = (FqlSharedStore *) base;
	found.entries = (FqlSharedEntry *) (base + offset);
	offset = CACHELINEALIGN(offset + found.store->entry_total * sizeof(FqlSharedEntry));
	found.buckets = (uint32 *) (base + offset);
	offset = CACHELINEALIGN(offset + found.store->bucket_total * sizeof(uint32));
	found.heads = (uint32 *) (base + offset);
	offset = CACHELINEALIGN(offset + found.store->head_total * sizeof(uint32));
	found.block_next = (uint32 *) (base + offset);
	offset = CACHELINEALIGN(offset + found.store->block_total * sizeof(uint32));
	found.block_owner = (uint32 *) (base + offset);
	offset = CACHELINEALIGN(offset + found.store->block_total * sizeof(uint32));
	found.blocks = base + offset;
	return found;
}

/* The first link of an entry in the reverse map. */
static FqlSharedLink *
first_link(const FqlSharedEntry *entry, Store s)
{
	Size		content = (Size) entry->tags_length + entry->key_length + entry->response_length;
	Size		offset = TYPEALIGN(s.store->link_size, content) % FQL_BLOCK_SIZE;

	return (FqlSharedLink *) (s.blocks + (Size) entry->links_block * FQL_BLOCK_SIZE + offset);
}

/* The number of the head of the chain in which it is. */
static uint32
head_of_link(const FqlSharedLink *link, Store s)
{
	uint32		number;

	while (link->prev != FQL_NO_LINK)
		link = (FqlSharedLink *) (s.blocks + (Size) link->prev * s.store->link_size);
	number = (uint32) (((const char *) link - s.blocks) / s.store->link_size);
	for (uint32 i = 0; i < s.store->head_total; i++)
		if (s.heads[i] == number)
			return i;
	elog(ERROR, "nothing leads to link %u", number);
}

/* Behind the header of the first group. */
#define FIRST_TAG 2

static Place
place_in_map(const char *what, int64 index, Store s)
{
	static uint32 head;
	FqlSharedEntry *entry = &s.entries[index];

	if (strcmp(what, "map_head") == 0)
		return PLACE(s.heads[index]);
	if (strcmp(what, "map_head_number") == 0)
	{
		head = head_of_link(first_link(entry, s), s);
		return PLACE(head);
	}
	if (strcmp(what, "map_next") == 0)
		return PLACE(first_link(entry, s)->next);
	if (strcmp(what, "map_prev") == 0)
		return PLACE(first_link(entry, s)->prev);
	if (strcmp(what, "map_tag") == 0)
		return PLACE(first_link(entry, s)->tag);
	if (strcmp(what, "map_owner") == 0)
		return PLACE(s.block_owner[entry->links_block]);
	if (strcmp(what, "map_count") == 0)
		return PLACE(s.store->link_count);
	elog(ERROR, "there is no \"%s\"", what);
}

static Place
place_in_store(const char *what, int64 index, Store s)
{
	FqlSharedEntry *entry = &s.entries[index];

	if (strncmp(what, "map_", 4) == 0)
		return place_in_map(what, index, s);
	if (strcmp(what, "holds_since") == 0)
		return PLACE(entry->holds_since);
	if (strcmp(what, "snapshot_xmax") == 0)
		return PLACE(entry->snapshot_xmax);
	if (strcmp(what, "hash") == 0)
		return PLACE(entry->hash);
	if (strcmp(what, "database") == 0)
		return PLACE(entry->database);
	if (strcmp(what, "newer") == 0)
		return PLACE(entry->newer);
	if (strcmp(what, "older") == 0)
		return PLACE(entry->older);
	if (strcmp(what, "filler") == 0)
		return PLACE(entry->filler);
	if (strcmp(what, "version") == 0)
		return PLACE(entry->version);
	if (strcmp(what, "first_block") == 0)
		return PLACE(entry->first_block);
	if (strcmp(what, "block_count") == 0)
		return PLACE(entry->block_count);
	if (strcmp(what, "tag_count") == 0)
		return PLACE(entry->tag_count);
	if (strcmp(what, "bucket") == 0)
		return PLACE(s.buckets[entry->hash & (s.store->bucket_total - 1)]);
	if (strcmp(what, "link") == 0)
		return PLACE(s.block_next[entry->first_block]);
	if (strcmp(what, "tag") == 0)
		return PLACE(((uint64 *) (s.blocks + (Size) entry->first_block * FQL_BLOCK_SIZE))[FIRST_TAG]);
	if (strcmp(what, "free_block") == 0)
		return PLACE(s.store->free_block);
	if (strcmp(what, "free_block_count") == 0)
		return PLACE(s.store->free_block_count);
	if (strcmp(what, "used_blocks") == 0)
		return PLACE(s.store->used_blocks);
	if (strcmp(what, "answer_count") == 0)
		return PLACE(s.store->answer_count);
	if (strcmp(what, "entry_unused") == 0)
		return PLACE(s.store->entry_unused);
	elog(ERROR, "there is no \"%s\"", what);
}

/* Words begin on the second line, behind the clock's; slots of owners are a line each, the state first. */
static Place
find_place(const char *what, int64 index, int64 size)
{
	if (strcmp(what, "seed") == 0)
		return PLACE(*(uint64 *) memory("fraiseql words", size));
	if (strcmp(what, "line_mask") == 0)
		return PLACE(*(uint32 *) (memory("fraiseql words", size) + sizeof(uint64)));
	if (strcmp(what, "clock") == 0)
		return PLACE(*(uint64 *) (memory("fraiseql words", size) + PG_CACHE_LINE_SIZE));
	if (strcmp(what, "word") == 0)
		return PLACE(((uint64 *) (memory("fraiseql words", size) + 2 * PG_CACHE_LINE_SIZE))[index]);
	if (strcmp(what, "owner_words") == 0)
		return PLACE(*(uint64 *) (memory("fraiseql fences", size) + index * PG_CACHE_LINE_SIZE));
	if (strcmp(what, "owner_pid") == 0)
		return PLACE(*(uint32 *) (memory("fraiseql fences", size) + index * PG_CACHE_LINE_SIZE + sizeof(uint64)));
	return place_in_store(what, index, find_store(size));
}

Datum
corrupt(PG_FUNCTION_ARGS)
{
	Place		place = find_place(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT64(1), PG_GETARG_INT64(3));
	uint64		old = place.width == 8 ? *(uint64 *) place.address : *(uint32 *) place.address;

	if (!PG_ARGISNULL(2) && place.width == 8)
		*(uint64 *) place.address = (uint64) PG_GETARG_INT64(2);
	else if (!PG_ARGISNULL(2))
		*(uint32 *) place.address = (uint32) PG_GETARG_INT64(2);
	PG_RETURN_INT64((int64) old);
}
