/*
 * arena.h
 *    Memory for one request: allocate forward, release all at once.
 *
 * The core never frees a single object and never handles "out of memory": the allocator given to fql_arena_init()
 * returns memory or does not return at all.  In the server it is palloc, whose error unwinds past the core; that is
 * safe because the core keeps nothing outside the arena.  What must be released by other means (a json-c tree) is
 * registered with fql_arena_on_release() before anything else can fail.
 */
#ifndef FQL_ARENA_H
#define FQL_ARENA_H

#include "str.h"

typedef struct FqlArena FqlArena;

typedef struct FqlAllocator
{
	void	   *(*alloc) (void *context, size_t size);	/* never returns NULL */
	void		(*release) (void *context, void *pointer);	/* may do nothing */
	void	   *context;
} FqlAllocator;

/* A new arena, itself allocated from the allocator. */
extern FqlArena *fql_arena_create(FqlAllocator allocator);

/* An arena over malloc() that aborts on exhaustion: for unit tests and fuzzing. */
extern FqlArena *fql_arena_create_malloc(void);

/* Run the registered callbacks, newest first, and give every chunk and the arena itself back to the allocator. */
extern void fql_arena_release(FqlArena *arena);

/* Only the callbacks: for an owner (a memory context) that frees the chunks itself.  Idempotent. */
extern void fql_arena_run_callbacks(FqlArena *arena);

/* Zeroed memory aligned for any type. */
extern void *fql_arena_alloc(FqlArena *arena, size_t size);
extern void fql_arena_on_release(FqlArena *arena, void (*callback) (void *argument), void *argument);

/* Bytes handed out so far. */
extern size_t fql_arena_used(const FqlArena *arena);

#define FQL_NEW(arena, type) ((type *) fql_arena_alloc((arena), sizeof(type)))
#define FQL_NEW_ARRAY(arena, type, count) ((type *) fql_arena_alloc_array((arena), sizeof(type), (count)))

/* Checked multiplication; an impossible product asks the allocator for SIZE_MAX, which it must refuse. */
extern void *fql_arena_alloc_array(FqlArena *arena, size_t size, size_t count);

extern FqlStr fql_arena_copy(FqlArena *arena, FqlStr text);

/* printf into the arena. */
extern FqlStr fql_arena_printf(FqlArena *arena, const char *format,...) __attribute__((format(printf, 2, 3)));

/* A growing text in an arena. */
typedef struct FqlBuffer
{
	FqlArena   *arena;
	char	   *data;
	size_t		len;
	size_t		capacity;
} FqlBuffer;

extern void fql_buffer_init(FqlBuffer *buffer, FqlArena *arena);
extern void fql_buffer_append(FqlBuffer *buffer, FqlStr text);
extern void fql_buffer_append_char(FqlBuffer *buffer, char c);
extern void fql_buffer_append_cstring(FqlBuffer *buffer, const char *text);

/* Append text as a JSON string with its quotes (also valid as a GraphQL string: both escape alike). */
extern void fql_buffer_append_quoted(FqlBuffer *buffer, FqlStr text);
extern FqlStr fql_buffer_text(const FqlBuffer *buffer);

#endif							/* FQL_ARENA_H */
