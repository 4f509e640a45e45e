/*
 * store_internal.h
 *    The store's memory as it is, for store.c, links.c, and census.c, which looks whether it is sound.
 */
#ifndef FQL_STORE_INTERNAL_H
#define FQL_STORE_INTERNAL_H

#include "store.h"

typedef struct FqlSharedStore
{
	uint64		seed;
	uint32		block_total;
	uint32		entry_total;
	uint32		bucket_total;	/* a power of two */
	uint32		head_total;		/* of chains of links; a power of two */
	uint32		link_size;		/* bytes from one link to the next; a power of two */
	pg_atomic_uint64 removals;	/* by hand, that have begun */
	/* The rest is guarded by the lock. */
	uint32		block_unused;	/* blocks from here on were never used */
	uint32		free_block;		/* list of freed blocks */
	uint32		free_block_count;
	uint32		entry_unused;	/* headers from here on were never used */
	uint32		free_entry;		/* list of freed headers, by "next" */
	uint32		newest;			/* the eviction queue */
	uint32		oldest;
	uint32		hand;
	uint32		answer_count;	/* published entries that are answers */
	uint32		used_blocks;
	uint32		peak_blocks;
	uint64		link_count;		/* of published entries */
	uint64		changes;		/* times that something was taken, published or removed */
} FqlSharedStore;

/* Where the parts lie. */
typedef struct FqlStoreParts
{
	FqlSharedStore *store;
	FqlSharedEntry *entries;
	const volatile uint32 *buckets;
	const volatile uint32 *block_next;
	const uint32 *block_owner;	/* the entry that a block was taken for last */
	uint32	   *heads;			/* the first link of each chain */
	char	   *blocks;
	LWLock	   *lock;
} FqlStoreParts;

extern void fql_store_parts(FqlStoreParts *parts);

#endif							/* FQL_STORE_INTERNAL_H */
