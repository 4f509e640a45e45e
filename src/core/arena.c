/*
 * arena.c
 *    Memory for one request: allocate forward, release all at once.
 *
 * Chunks double in size up to a bound, so that a small request costs one or two allocations and a large one few.  An
 * object larger than a chunk gets a chunk of its own, linked behind the current one, which stays open.  Memory is
 * zeroed when it is handed out rather than by the chunk, because most of the last chunk is never used.
 *
 * Under AddressSanitizer every object has a chunk of its own: then reading past an object is reported, while inside
 * a shared chunk it would silently read the neighbour.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FQL_CHUNK_PER_OBJECT 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FQL_CHUNK_PER_OBJECT 1
#endif

#ifdef FQL_CHUNK_PER_OBJECT
#define FQL_CHUNK_FIRST ((size_t) 0)
#else
#define FQL_CHUNK_FIRST ((size_t) 8192)
#endif
#define FQL_CHUNK_LARGEST ((size_t) 262144)

#define FQL_BUFFER_FIRST ((size_t) 64)
#define FQL_ALIGNMENT _Alignof(max_align_t)

typedef struct FqlChunk
{
	struct FqlChunk *next;
	char	   *position;		/* the next free byte, aligned */
	char	   *end;
} FqlChunk;

typedef struct FqlCallback
{
	struct FqlCallback *next;
	void		(*function) (void *argument);
	void	   *argument;
} FqlCallback;

struct FqlArena
{
	FqlAllocator allocator;
	FqlChunk   *chunks;			/* the first one is open */
	FqlCallback *callbacks;		/* newest first */
	size_t		next_chunk;		/* payload size of the next chunk */
	size_t		used;
};

/* Round a size up to the alignment; SIZE_MAX where the result does not fit. */
static size_t
align_size(size_t size)
{
	if (size > SIZE_MAX - (FQL_ALIGNMENT - 1))
		return SIZE_MAX;
	return (size + FQL_ALIGNMENT - 1) & ~(size_t) (FQL_ALIGNMENT - 1);
}

/* The allocator may align less than we promise (palloc does), so the payload's start is aligned here. */
static char *
align_pointer(char *pointer)
{
	size_t		misaligned = (size_t) ((uintptr_t) pointer & (FQL_ALIGNMENT - 1));

	return misaligned == 0 ? pointer : pointer + (FQL_ALIGNMENT - misaligned);
}

FqlArena *
fql_arena_create(FqlAllocator allocator)
{
	FqlArena   *arena = allocator.alloc(allocator.context, sizeof(FqlArena));

	*arena = (FqlArena){.allocator = allocator, .next_chunk = FQL_CHUNK_FIRST};
	return arena;
}

/* An impossible size reaches malloc as SIZE_MAX, which it refuses. */
static void *
malloc_or_abort(void *context, size_t size)
{
	void	   *pointer = malloc(size);

	(void) context;
	if (pointer == NULL)
		abort();
	return pointer;
}

static void
malloc_release(void *context, void *pointer)
{
	(void) context;
	free(pointer);
}

FqlArena *
fql_arena_create_malloc(void)
{
	return fql_arena_create((FqlAllocator){.alloc = malloc_or_abort, .release = malloc_release});
}

void
fql_arena_run_callbacks(FqlArena *arena)
{
	while (arena->callbacks != NULL)
	{
		FqlCallback *callback = arena->callbacks;

		/* Unlinked first, so that an error thrown by the callback cannot make it run twice. */
		arena->callbacks = callback->next;
		callback->function(callback->argument);
	}
}

void
fql_arena_release(FqlArena *arena)
{
	FqlAllocator allocator;

	if (arena == NULL)
		return;
	fql_arena_run_callbacks(arena);
	allocator = arena->allocator;
	while (arena->chunks != NULL)
	{
		FqlChunk   *chunk = arena->chunks;

		arena->chunks = chunk->next;
		allocator.release(allocator.context, chunk);
	}
	allocator.release(allocator.context, arena);
}

/* A chunk with room for payload bytes, not linked yet.  The slack pays for aligning the payload's start. */
static FqlChunk *
create_chunk(FqlArena *arena, size_t payload)
{
	size_t		overhead = sizeof(FqlChunk) + FQL_ALIGNMENT - 1;
	size_t		total = payload > SIZE_MAX - overhead ? SIZE_MAX : payload + overhead;
	FqlChunk   *chunk = arena->allocator.alloc(arena->allocator.context, total);

	chunk->next = NULL;
	chunk->position = align_pointer((char *) chunk + sizeof(FqlChunk));
	chunk->end = chunk->position + payload;
	return chunk;
}

/* Make room for size bytes: a new open chunk, or behind the open one a chunk for this object alone. */
static FqlChunk *
add_chunk(FqlArena *arena, size_t size)
{
	FqlChunk   *chunk;

	if (size > arena->next_chunk)
	{
		chunk = create_chunk(arena, size);
		if (arena->chunks != NULL)
		{
			chunk->next = arena->chunks->next;
			arena->chunks->next = chunk;
			return chunk;
		}
	}
	else
	{
		chunk = create_chunk(arena, arena->next_chunk);
		if (arena->next_chunk < FQL_CHUNK_LARGEST)
			arena->next_chunk *= 2;
		chunk->next = arena->chunks;
	}
	arena->chunks = chunk;
	return chunk;
}

void *
fql_arena_alloc(FqlArena *arena, size_t size)
{
	size_t		rounded = align_size(size == 0 ? 1 : size);
	FqlChunk   *chunk = arena->chunks;
	void	   *object;

#ifdef FQL_CHUNK_PER_OBJECT
	rounded = size == 0 ? 1 : size;
	chunk = NULL;
#endif
	if (chunk == NULL || rounded > (size_t) (chunk->end - chunk->position))
		chunk = add_chunk(arena, rounded);
	object = chunk->position;
	chunk->position += rounded;
	arena->used += rounded;
	return memset(object, 0, rounded);
}

void *
fql_arena_alloc_array(FqlArena *arena, size_t size, size_t count)
{
	return fql_arena_alloc(arena, size != 0 && count > SIZE_MAX / size ? SIZE_MAX : size * count);
}

void
fql_arena_on_release(FqlArena *arena, void (*callback) (void *argument), void *argument)
{
	FqlCallback *entry = FQL_NEW(arena, FqlCallback);

	*entry = (FqlCallback){.next = arena->callbacks, .function = callback, .argument = argument};
	arena->callbacks = entry;
}

size_t
fql_arena_used(const FqlArena *arena)
{
	return arena->used;
}

FqlStr
fql_arena_copy(FqlArena *arena, FqlStr text)
{
	char	   *data = fql_arena_alloc(arena, text.len);

	if (text.len != 0)
		memcpy(data, text.data, text.len);
	return (FqlStr){data, text.len};
}

FqlStr
fql_arena_printf(FqlArena *arena, const char *format,...)
{
	va_list		arguments;
	int			length;
	char	   *data;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return FQL_STR("");
	data = fql_arena_alloc(arena, (size_t) length + 1);
	va_start(arguments, format);
	vsnprintf(data, (size_t) length + 1, format, arguments);
	va_end(arguments);
	return (FqlStr){data, (size_t) length};
}

void
fql_buffer_init(FqlBuffer *buffer, FqlArena *arena)
{
	*buffer = (FqlBuffer){.arena = arena};
}

/* Room for more bytes: at least twice the old size, so that appending stays linear although old copies remain. */
static void
reserve(FqlBuffer *buffer, size_t more)
{
	size_t		needed = more > SIZE_MAX - buffer->len ? SIZE_MAX : buffer->len + more;
	size_t		doubled = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;
	size_t		capacity = doubled > FQL_BUFFER_FIRST ? doubled : FQL_BUFFER_FIRST;
	char	   *data;

	if (needed <= buffer->capacity)
		return;
	if (capacity < needed)
		capacity = needed;
	data = fql_arena_alloc(buffer->arena, capacity);
	if (buffer->len != 0)
		memcpy(data, buffer->data, buffer->len);
	buffer->data = data;
	buffer->capacity = capacity;
}

void
fql_buffer_append(FqlBuffer *buffer, FqlStr text)
{
	if (text.len == 0)
		return;
	reserve(buffer, text.len);
	memcpy(buffer->data + buffer->len, text.data, text.len);
	buffer->len += text.len;
}

void
fql_buffer_append_char(FqlBuffer *buffer, char c)
{
	reserve(buffer, 1);
	buffer->data[buffer->len++] = c;
}

void
fql_buffer_append_cstring(FqlBuffer *buffer, const char *text)
{
	fql_buffer_append(buffer, fql_str_from(text));
}

/* The escape of a byte that cannot stand for itself between quotes. */
static void
append_escape(FqlBuffer *buffer, unsigned char byte)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = byte == '\0' ? NULL : strchr(plain, byte);

	fql_buffer_append_char(buffer, '\\');
	if (found != NULL)
	{
		fql_buffer_append_char(buffer, letters[found - plain]);
		return;
	}
	fql_buffer_append_cstring(buffer, "u00");
	fql_buffer_append_char(buffer, hex[byte >> 4]);
	fql_buffer_append_char(buffer, hex[byte & 15]);
}

void
fql_buffer_append_quoted(FqlBuffer *buffer, FqlStr text)
{
	size_t		start = 0;

	reserve(buffer, text.len < SIZE_MAX - 2 ? text.len + 2 : text.len);
	fql_buffer_append_char(buffer, '"');
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char byte = (unsigned char) text.data[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		fql_buffer_append(buffer, (FqlStr){text.data + start, i - start});
		append_escape(buffer, byte);
		start = i + 1;
	}
	if (text.len != 0)
		fql_buffer_append(buffer, (FqlStr){text.data + start, text.len - start});
	fql_buffer_append_char(buffer, '"');
}

FqlStr
fql_buffer_text(const FqlBuffer *buffer)
{
	return (FqlStr){buffer->data != NULL ? buffer->data : "", buffer->len};
}
