/*
 * naming.h
 *    From SQL names to GraphQL names: case, prefixes, singular and plural.
 *
 * Pure functions over NUL-terminated names; results are palloc'ed.
 */
#ifndef FQL_NAMING_H
#define FQL_NAMING_H

#include "postgres.h"

/* Longer GraphQL names than this are refused: the tables of names have keys of a fixed size. */
#define FQL_NAME_MAX 255

/* The part of a relation's name after one prefix tb_, tv_ or v_: a pointer into the name. */
extern const char *fql_naming_entity(const char *relation_name);

/* created_at → createdAt.  NULL: the name begins with _ or a digit, or holds what GraphQL names cannot. */
extern char *fql_naming_camel(const char *name);

/* The same with a capital: order_item → OrderItem. */
extern char *fql_naming_pascal(const char *name);

/* User → user, HTTPLog → httpLog; and the first letter made a capital. */
extern char *fql_naming_lower_first(const char *name);
extern char *fql_naming_upper_first(const char *name);

/* Does the last word look like a plural?  And the two directions of the same small rules. */
extern bool fql_naming_is_plural(const char *name);
extern char *fql_naming_singular(const char *plural);
extern char *fql_naming_plural(const char *singular);

/* A name that a person may give to a type or field: a letter first, because _ and __ are taken by operators and the
 * introspection system. */
extern bool fql_naming_is_public(const char *name);

#endif							/* FQL_NAMING_H */
