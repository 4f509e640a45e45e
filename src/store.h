/*
 * store.h
 *    Where answers lie in shared memory: headers, chains of blocks, buckets, the eviction queue, and the one lock.
 *
 * For cache.c, holds.c, evict.c, links.c and reclaim.c alone.  Layout, locking and the protocol of readers: store.c.
 */
#ifndef FQL_STORE_H
#define FQL_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#include "key.h"

#define FQL_BLOCK_SIZE 1024
#define FQL_NOWHERE PG_UINT32_MAX	/* no entry, no block */

/*
 * The header.  Writers change it only while the version is odd, except for the queue links and the bucket link, which
 * only lock holders and (for "next") chain walkers read, and "visited" and "seen_invalid", which are hints.
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
	int			filler;			/* the process that took the header to fill it */
	Oid			database;
	Oid			role;
	uint32		link_count;		/* in the reverse map (links.c) */
	pg_atomic_uint64 holds_since;	/* the clock as of which the answer is known to hold: s0, or later (sweep) */
	uint64		snapshot_xmax;
	TimestampTz created_at;
	TimestampTz expires_at;
	uint32		links_block;	/* in which its links begin */
	bool		may_meet_temporary;
	uint8		visited;
	uint8		seen_invalid;	/* by the sweep, which frees it the next time */
	uint8		kind;			/* FqlItemKind */
} FqlSharedEntry;

extern FqlSharedEntry *fql_store_entry(uint32 index);

/*
 * Content of a chain of blocks: tags, key, response, links.
 */
typedef struct FqlCursor
{
	uint32		block;
	uint32		offset;
} FqlCursor;

/* The bytes from the cursor to the end of its block, at most "wanted"; moves on.  NULL: the chain is broken. */
extern char *fql_cursor_take(FqlCursor *cursor, size_t wanted, size_t *taken);

/* False: the chain is broken. */
extern bool fql_cursor_read(FqlCursor *cursor, void *target, size_t size);
extern bool fql_cursor_skip(FqlCursor *cursor, size_t size);

/* Only into blocks that the caller owns. */
extern void fql_cursor_write(FqlCursor *cursor, const void *source, size_t size);

/*
 * Reading without a lock.  What was read since begin counts only if end is true.
 */
extern bool fql_store_begin_read(uint32 index, FqlSharedEntry *copy, uint64 *version);
extern bool fql_store_end_read(uint32 index, uint64 version);

/* Who walks all entries: ask for the memory of one that comes soon. */
extern void fql_store_prefetch(uint32 index);

/* The published entry with that key: index, header and version; FQL_NOWHERE: there is none. */
extern uint32 fql_store_find(const FqlKey *key, FqlSharedEntry *header, uint64 *version);

/* Headers below this number have been used. */
extern uint32 fql_store_used_entries(void);

/*
 * Changing the store: between lock and unlock.  In between nothing may allocate, report or wait.
 */
extern void fql_store_lock(void);
extern void fql_store_unlock(void);

/* Only looking: among others who look. */
extern void fql_store_lock_shared(void);

/* Is the entry still the published one that was read with this version? */
extern bool fql_store_is_version(uint32 index, uint64 version);
extern bool fql_store_is_published(uint32 index);

/* Is there a header and that many blocks?  Take them: only the caller knows them until it publishes. */
extern bool fql_store_has_room(uint32 block_count);
extern uint32 fql_store_take(uint32 block_count);

/* What was taken is not needed. */
extern void fql_store_give_back(uint32 index);

/* The published entry with that key, or FQL_NOWHERE. */
extern uint32 fql_store_same_key(const FqlKey *key);

/* Make a complete entry findable, and the newest of the queue: its version.  Take a published one out and free it. */
extern uint64 fql_store_publish(uint32 index);
extern void fql_store_remove(uint32 index);

/* The entry that the hand of eviction is at, or FQL_NOWHERE in an empty store; move it on to the next newer one. */
extern uint32 fql_store_hand(void);
extern void fql_store_hand_on(void);

/*
 * How many invalidations by hand have begun, in the sense that entries are looked for: cache.c and invalidate.c.
 */
extern uint64 fql_store_removals(void);
extern void fql_store_removal_begins(void);

/*
 * Sizes
 */
extern uint32 fql_store_block_total(void);
extern void fql_store_usage(uint32 *answers, uint32 *blocks, uint32 *peak_blocks);

/* The seeded hash that finds a key's bucket. */
extern uint64 fql_store_hash(const char *data, size_t len);

extern Size fql_store_shmem_size(void);
extern void fql_store_shmem_init(bool found, void *memory, LWLock *lock, uint64 seed);

#endif							/* FQL_STORE_H */
