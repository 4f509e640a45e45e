/*
 * memory.c
 *    The core's arenas over PostgreSQL's memory contexts.
 *
 * palloc either returns memory or unwinds with an ereport, which is the contract of FqlAllocator.  What the arena must
 * release by other means is run by a reset callback of the context, so it happens on success and on error alike.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "memory.h"

static void *
memory_alloc(void *context, size_t size)
{
	return MemoryContextAlloc((MemoryContext) context, size);
}

/* Chunks go with their context. */
static void
memory_release(void *context pg_attribute_unused(), void *pointer pg_attribute_unused())
{
}

static void
memory_run_callbacks(void *arena)
{
	fql_arena_run_callbacks((FqlArena *) arena);
}

FqlArena *
fql_memory_arena(MemoryContext context)
{
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));
	FqlArena   *arena = fql_arena_create((FqlAllocator){memory_alloc, memory_release, context});

	callback->func = memory_run_callbacks;
	callback->arg = arena;
	MemoryContextRegisterResetCallback(context, callback);
	return arena;
}
