/*
 * reclaim.h
 *    Entries found by what they carry, through the reverse map: free the dead ones, or remove live ones.
 */
#ifndef FQL_RECLAIM_H
#define FQL_RECLAIM_H

#include "postgres.h"

#include "tags.h"

/* Told of each answer that was invalid and is freed now: the hash of its key.  No lock is held. */
typedef void (*FqlReclaimed) (uint64 hash, void *context);

/*
 * Free the dead entries that have a tag with one of these words as its word FQL_PART_ANY; how many answers were
 * invalid.  The callback may be NULL.  Interruptible between entries.
 */
extern uint64 fql_cache_reclaim(const uint32 *words, uint32 count, FqlReclaimed callback, void *context);

/*
 * Remove every entry that has the tag and was published before; how many answers would have been served until now.
 */
extern uint64 fql_cache_remove_tagged(FqlTag tag);

#endif							/* FQL_RECLAIM_H */
