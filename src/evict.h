/*
 * evict.h
 *    Making room: which answer goes when the cache is full.
 */
#ifndef FQL_EVICT_H
#define FQL_EVICT_H

#include "postgres.h"

#include "holds.h"
#include "stats.h"

/* A header with that many blocks that only the caller knows, evicting as needed; false: not in a bounded time. */
extern bool fql_evict_reserve(uint32 block_count, uint32 *index);

/* Count the removal of an entry in that state; a live one as "otherwise". */
extern void fql_evict_count(uint32 index, FqlEntryState state, FqlCounter otherwise);

#endif							/* FQL_EVICT_H */
