/*
 * test_arena.c
 *    The arena gives zeroed, aligned, separate memory and returns all of it; buffers grow and quote right.
 */
#include "test.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

/* Bytes behind every chunk that the arena must not touch. */
#define GUARD 64

/*
 * An allocator that counts, fills with rubbish, returns memory that is sometimes aligned to 8 only, refuses SIZE_MAX
 * and looks on release whether the arena has written past the end.
 */
typedef struct Counting
{
	int			live;
	size_t		header;			/* 0 means 8; what stands before the memory, and so its alignment */
	size_t		largest;
	jmp_buf		refused;
} Counting;

static void *
counting_alloc(void *context, size_t size)
{
	Counting   *counting = context;
	size_t		header = counting->header != 0 ? counting->header : sizeof(size_t);
	char	   *memory;

	if (size > counting->largest)
		counting->largest = size;
	if (size == SIZE_MAX)
		longjmp(counting->refused, 1);
	memory = malloc(header + size + GUARD);
	if (memory == NULL)
		abort();
	memcpy(memory, &size, sizeof(size_t));
	memset(memory + header, 0xA5, size + GUARD);
	counting->live++;
	return memory + header;
}

static bool
all_bytes(const unsigned char *bytes, size_t count, unsigned char value)
{
	for (size_t i = 0; i < count; i++)
	{
		if (bytes[i] != value)
			return false;
	}
	return true;
}

static void
counting_release(void *context, void *pointer)
{
	Counting   *counting = context;
	char	   *memory = (char *) pointer - (counting->header != 0 ? counting->header : sizeof(size_t));
	size_t		size;

	memcpy(&size, memory, sizeof(size_t));
	CHECK(all_bytes((unsigned char *) pointer + size, GUARD, 0xA5));
	counting->live--;
	free(memory);
}

static FqlArena *
create_counting(Counting *counting)
{
	return fql_arena_create((FqlAllocator){.alloc = counting_alloc, .release = counting_release, .context = counting});
}

static void
check_memory(size_t header)
{
	Counting	counting = {.header = header};
	FqlArena   *counted = create_counting(&counting);
	static const size_t sizes[] = {1, 0, 7, 8, 9, 100, 8192, 3, 8193, 16, 300000, 5, 262144, 1};
	unsigned char *objects[TEST_COUNT(sizes) * 40];
	size_t		count = 0;

	for (int round = 0; round < 40; round++)
	{
		for (size_t i = 0; i < TEST_COUNT(sizes); i++)
		{
			unsigned char *object = fql_arena_alloc(counted, sizes[i]);

			CHECK((uintptr_t) object % _Alignof(max_align_t) == 0);
			CHECK(all_bytes(object, sizes[i], 0));
			memset(object, (int) (count % 251) + 1, sizes[i]);
			objects[count++] = object;
		}
	}
	for (size_t i = 0; i < count; i++)
		CHECK(all_bytes(objects[i], sizes[i % TEST_COUNT(sizes)], (unsigned char) (i % 251 + 1)));
	CHECK(counting.live > 1);
	fql_arena_release(counted);
	CHECK_LONG(counting.live, 0);
}

TEST(memory_is_zeroed_aligned_and_separate)
{
	check_memory(8);
	check_memory(16);
	check_memory(24);
}

TEST(used_counts_what_was_handed_out)
{
	size_t		before = fql_arena_used(arena);

	fql_arena_alloc(arena, 1000);
	CHECK(fql_arena_used(arena) - before >= 1000);
	CHECK(fql_arena_used(arena) - before < 1100);
}

TEST(releasing_nothing_is_harmless)
{
	Counting	counting = {0};

	fql_arena_release(NULL);
	fql_arena_release(create_counting(&counting));
	CHECK_LONG(counting.live, 0);
}

/* An allocator that refuses throws past the arena, as palloc does; what the arena holds is still released. */
static void
check_refused(size_t size, size_t count)
{
	Counting	counting = {0};
	FqlArena   *counted = create_counting(&counting);

	fql_arena_alloc(counted, 10);
	if (setjmp(counting.refused) == 0)
	{
		fql_arena_alloc_array(counted, size, count);
		CHECK(!"an impossible allocation returned");
	}
	CHECK(counting.largest == SIZE_MAX);
	fql_arena_release(counted);
	CHECK_LONG(counting.live, 0);
}

TEST(impossible_sizes_ask_for_size_max)
{
	check_refused(16, SIZE_MAX);
	check_refused(16, SIZE_MAX / 2 + 1);
	check_refused(16, SIZE_MAX / 8);
	check_refused(16, SIZE_MAX / 16 + 1);
	check_refused(1, SIZE_MAX);
	check_refused(1, SIZE_MAX - 1);
	check_refused(1, SIZE_MAX - 20);
}

TEST(an_array_of_nothing_is_memory)
{
	CHECK(fql_arena_alloc_array(arena, 16, 0) != NULL);
	CHECK(fql_arena_alloc_array(arena, 0, SIZE_MAX) != NULL);
}

typedef struct Trace
{
	char		order[8];
	size_t		count;
	FqlArena   *arena;
} Trace;

static void
trace_a(void *argument)
{
	Trace	   *trace = argument;

	trace->order[trace->count++] = 'a';
}

static void
trace_b(void *argument)
{
	Trace	   *trace = argument;

	trace->order[trace->count++] = 'b';
	/* Running again from inside must not run this one again. */
	fql_arena_run_callbacks(trace->arena);
}

TEST(callbacks_run_once_newest_first)
{
	Counting	counting = {0};
	FqlArena   *counted = create_counting(&counting);
	Trace		trace = {.arena = counted};

	fql_arena_on_release(counted, trace_a, &trace);
	fql_arena_on_release(counted, trace_b, &trace);
	fql_arena_on_release(counted, trace_a, &trace);
	fql_arena_run_callbacks(counted);
	CHECK_STR(((FqlStr){trace.order, trace.count}), FQL_STR("aba"));
	fql_arena_run_callbacks(counted);
	fql_arena_release(counted);
	CHECK_LONG(trace.count, 3);
}

TEST(release_runs_callbacks)
{
	FqlArena   *own = fql_arena_create_malloc();
	Trace		trace = {.arena = own};

	fql_arena_on_release(own, trace_a, &trace);
	fql_arena_release(own);
	CHECK_LONG(trace.count, 1);
}

TEST(copies_and_printf)
{
	char		source[] = "abc\0def";
	FqlStr		copy = fql_arena_copy(arena, (FqlStr){source, 7});
	char		large[5000];
	FqlStr		printed;

	source[0] = 'x';
	CHECK_STR(copy, ((FqlStr){"abc\0def", 7}));
	CHECK(fql_arena_copy(arena, (FqlStr){NULL, 0}).len == 0);
	memset(large, 'y', sizeof(large));
	printed = fql_arena_printf(arena, "%d-%.*s", 42, (int) sizeof(large), large);
	CHECK_LONG(printed.len, 3 + sizeof(large));
	CHECK(memcmp(printed.data, "42-y", 4) == 0 && printed.data[printed.len - 1] == 'y');
	CHECK_TEXT(fql_arena_printf(arena, "%s", ""), "");
}

TEST(buffers_grow)
{
	FqlBuffer	buffer;
	FqlStr		text;

	fql_buffer_init(&buffer, arena);
	CHECK(fql_buffer_text(&buffer).data != NULL);
	CHECK_LONG(fql_buffer_text(&buffer).len, 0);
	for (int i = 0; i < 1000; i++)
	{
		fql_buffer_append(&buffer, FQL_STR("0123456"));
		fql_buffer_append_char(&buffer, '7');
		fql_buffer_append_cstring(&buffer, "89");
		fql_buffer_append(&buffer, (FqlStr){NULL, 0});
	}
	text = fql_buffer_text(&buffer);
	CHECK_LONG(text.len, 10000);
	for (size_t i = 0; i < text.len; i++)
		CHECK(text.data[i] == (char) ('0' + i % 10));
}

TEST(buffers_grow_geometrically)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	for (int i = 0; i < 100000; i++)
		fql_buffer_append_char(&buffer, 'x');
	CHECK(fql_arena_used(arena) < 500000);
}

TEST(quoting_escapes_what_json_and_graphql_forbid)
{
	static const struct
	{
		FqlStr		raw;
		const char *quoted;
	}			cases[] = {
		{FQL_STR(""), "\"\""},
		{FQL_STR("abc"), "\"abc\""},
		{FQL_STR("\"\\/"), "\"\\\"\\\\/\""},
		{FQL_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
		{FQL_STR("\0\x01\x1F"), "\"\\u0000\\u0001\\u001F\""},
		{FQL_STR("\x7F\xC3\xA9\xF0\x9F\x98\x80"), "\"\x7F\xC3\xA9\xF0\x9F\x98\x80\""},
		{FQL_STR("a\"b"), "\"a\\\"b\""},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
	{
		FqlBuffer	buffer;

		fql_buffer_init(&buffer, arena);
		fql_buffer_append_quoted(&buffer, cases[i].raw);
		CHECK_TEXT_FOR(cases[i].quoted, fql_buffer_text(&buffer), cases[i].quoted);
	}
}
