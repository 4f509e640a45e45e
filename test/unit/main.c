/*
 * main.c
 *    Runs the registered tests: TAP on standard output, "N passed, N failed" as the last line.
 *
 * "unit NAME..." runs only tests whose file or own name contains one of the names.
 */
#include "test.h"

#include <stdlib.h>

/* Failures of one test that are shown; a wrong table would otherwise bury the first of them. */
#define SHOWN_FAILURES 20

static Test *registered;
static int	test_count;
static int	failures;			/* of the test that runs */

void
test_register(Test *test)
{
	test->next = registered;
	registered = test;
	test_count++;
}

/* Bytes as they can stand in a TAP comment. */
static void
show(FqlStr text)
{
	putchar('"');
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char byte = (unsigned char) text.data[i];

		if (byte < 0x20 || byte == 0x7F)
			printf("\\x%02X", (unsigned int) byte);
		else
			putchar(byte);
	}
	putchar('"');
}

bool
test_check(bool held, const char *file, int line, const char *what)
{
	if (!held && ++failures <= SHOWN_FAILURES)
		printf("# %s:%d: does not hold: %s\n", file, line, what);
	return held;
}

bool
test_check_long(long long actual, long long expected, const char *file, int line, const char *what)
{
	bool		held = actual == expected;

	if (!held && ++failures <= SHOWN_FAILURES)
		printf("# %s:%d: %s: is %lld, should be %lld\n", file, line, what, actual, expected);
	return held;
}

bool
test_check_text(FqlStr actual, FqlStr expected, const char *file, int line, const char *what)
{
	bool		held = fql_str_equal(actual, expected);

	if (held || ++failures > SHOWN_FAILURES)
		return held;
	printf("# %s:%d: %s\n#   is        ", file, line, what);
	show(actual);
	printf("\n#   should be ");
	show(expected);
	printf("\n");
	return held;
}

/* By file and line, whatever order the constructors ran in. */
static int
compare_tests(const void *left, const void *right)
{
	const Test *a = *(const Test *const *) left;
	const Test *b = *(const Test *const *) right;
	int			order = strcmp(a->file, b->file);

	return order != 0 ? order : a->line - b->line;
}

static bool
is_wanted(const Test *test, int count, char **names)
{
	if (count == 0)
		return true;
	for (int i = 0; i < count; i++)
	{
		if (strstr(test->file, names[i]) != NULL || strstr(test->name, names[i]) != NULL)
			return true;
	}
	return false;
}

static bool
run(const Test *test, int number)
{
	FqlArena   *arena = fql_arena_create_malloc();
	const char *base = strrchr(test->file, '/');

	failures = 0;
	test->run(arena);
	fql_arena_release(arena);
	printf("%s %d - %s: %s\n", failures == 0 ? "ok" : "not ok", number, base != NULL ? base + 1 : test->file,
		   test->name);
	fflush(stdout);
	return failures == 0;
}

int
main(int argc, char **argv)
{
	Test	  **tests = calloc((size_t) test_count + 1, sizeof(Test *));
	int			count = 0;
	int			passed = 0;

	if (tests == NULL)
		return 2;
	for (Test *test = registered; test != NULL; test = test->next)
	{
		if (is_wanted(test, argc - 1, argv + 1))
			tests[count++] = test;
	}
	qsort(tests, (size_t) count, sizeof(Test *), compare_tests);
	for (int i = 0; i < count; i++)
		passed += run(tests[i], i + 1);
	free(tests);
	printf("1..%d\n%d passed, %d failed\n", count, passed, count - passed);
	fflush(stdout);				/* the leak check ends the program without flushing */
	return count > 0 && passed == count ? 0 : 1;
}
