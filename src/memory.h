/*
 * memory.h
 *    The core's arenas over PostgreSQL's memory contexts.
 */
#ifndef FQL_MEMORY_H
#define FQL_MEMORY_H

#include "postgres.h"

#include "core/arena.h"

/*
 * An arena whose memory is the context's: resetting or deleting the context releases it, json-c trees included.
 * Nobody calls fql_arena_release() on it.
 */
extern FqlArena *fql_memory_arena(MemoryContext context);

#endif							/* FQL_MEMORY_H */
