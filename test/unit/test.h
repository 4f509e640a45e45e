/*
 * test.h
 *    How a unit test is written: TEST(name) { ... } in any test_*.c, with CHECKs in it.
 *
 * A test registers itself before main() runs, so adding a file or a test needs no list anywhere.  Each gets an arena
 * of its own, released afterwards: AddressSanitizer reports what was forgotten.  A failed CHECK is reported with its
 * place and the test goes on; where going on makes no sense, write "if (!CHECK(...)) return;".
 */
#ifndef FQL_TEST_H
#define FQL_TEST_H

#include <stdio.h>

#include "arena.h"
#include "diag.h"

typedef struct Test
{
	struct Test *next;
	const char *file;
	int			line;
	const char *name;
	void		(*run) (FqlArena *arena);
} Test;

extern void test_register(Test *test);

/* The CHECKs; each returns whether it held.  "what" says which row of a table was being checked. */
extern bool test_check(bool held, const char *file, int line, const char *what);
extern bool test_check_long(long long actual, long long expected, const char *file, int line, const char *what);
extern bool test_check_text(FqlStr actual, FqlStr expected, const char *file, int line, const char *what);

#define TEST(test_name) \
	static void test_name(FqlArena *arena); \
	__attribute__((constructor)) static void register_##test_name(void) \
	{ \
		static Test test = {NULL, __FILE__, __LINE__, #test_name, test_name}; \
		test_register(&test); \
	} \
	static void test_name(FqlArena *arena __attribute__((unused)))

#define CHECK(condition) test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_FOR(what, condition) test_check((condition), __FILE__, __LINE__, (what))
#define CHECK_LONG(actual, expected) test_check_long((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_LONG_FOR(what, actual, expected) test_check_long((actual), (expected), __FILE__, __LINE__, (what))
#define CHECK_TEXT(actual, expected) test_check_text((actual), fql_str_from(expected), __FILE__, __LINE__, #actual)
#define CHECK_TEXT_FOR(what, actual, expected) \
	test_check_text((actual), fql_str_from(expected), __FILE__, __LINE__, (what))
#define CHECK_STR(actual, expected) test_check_text((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_STR_FOR(what, actual, expected) test_check_text((actual), (expected), __FILE__, __LINE__, (what))

#define TEST_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif							/* FQL_TEST_H */
