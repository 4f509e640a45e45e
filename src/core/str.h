/*
 * str.h
 *    A piece of text: pointer and length, never NUL-terminated by contract.
 *
 * GraphQL text arrives from PostgreSQL as pointer and length and may hold any byte, so nothing in the core looks for
 * a terminator.  An FqlStr does not own its bytes; they live in the source text or in an arena.
 */
#ifndef FQL_STR_H
#define FQL_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct FqlStr
{
	const char *data;
	size_t		len;
} FqlStr;

/* An FqlStr of a string literal. */
#define FQL_STR(literal) ((FqlStr){(literal), sizeof(literal) - 1})

static inline FqlStr
fql_str_from(const char *cstring)
{
	return (FqlStr){cstring, strlen(cstring)};
}

static inline bool
fql_str_equal(FqlStr a, FqlStr b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Order by bytes, a prefix first: the order of every sorted name table in the core. */
static inline int
fql_str_compare(FqlStr a, FqlStr b)
{
	size_t		shared = a.len < b.len ? a.len : b.len;
	int			order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

#endif							/* FQL_STR_H */
