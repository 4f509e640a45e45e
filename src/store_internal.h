/*
 * store_internal.h
 *    The store's memory as it is, for store.c and for census.c, which looks whether it is sound.
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
	uint64		changes;		/* times that something was taken, published or removed */
} FqlSharedStore;

/* Where the parts lie. */
typedef struct FqlStoreParts
{
	const FqlSharedStore *store;
	FqlSharedEntry *entries;
	const volatile uint32 *buckets;
	const volatile uint32 *block_next;
	LWLock	   *lock;
} FqlStoreParts;

extern void fql_store_parts(FqlStoreParts *parts);

#endif							/* FQL_STORE_INTERNAL_H */
