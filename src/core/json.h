/*
 * json.h
 *    JSON values of a request, over json-c: the only file of the project that knows json-c is json.c.
 *
 * json-c clamps integers beyond 64 bits; json.c keeps the digits of every number as they were written.  Trees are
 * malloc'ed by json-c, so each is registered with the arena and dies with it.
 */
#ifndef FQL_JSON_H
#define FQL_JSON_H

#include "diag.h"

typedef struct FqlJson FqlJson; /* opaque; json-c's json_object */

typedef enum FqlJsonKind
{
	FQL_JSON_NULL,
	FQL_JSON_BOOLEAN,
	FQL_JSON_NUMBER,
	FQL_JSON_STRING,
	FQL_JSON_ARRAY,
	FQL_JSON_OBJECT
} FqlJsonKind;

/*
 * Parse a whole text.  *result is NULL for the JSON value null (fql_json_kind(NULL) says so).  False after one
 * diagnostic (FQL_ERROR_BAD_INPUT, no location).  Nesting deeper than "depth" is refused.
 */
extern bool fql_json_parse(FqlStr text, uint32_t depth, FqlArena *arena, FqlDiagnostics *diagnostics, FqlJson **result);

extern FqlJsonKind fql_json_kind(const FqlJson *json);
extern bool fql_json_boolean(const FqlJson *json);

/* The digits of a number exactly as written, or the bytes of a string. */
extern FqlStr fql_json_text(const FqlJson *json, FqlArena *arena);
extern size_t fql_json_length(const FqlJson *json); /* items or members */
extern FqlJson *fql_json_item(const FqlJson *array, size_t index);

/* False: no such member.  A member of value null gives true and *value NULL. */
extern bool fql_json_member(const FqlJson *object, FqlStr name, FqlJson **value);

/* Visit members in order; a false return stops the walk. */
extern void fql_json_each(const FqlJson *object, bool (*visit) (FqlStr name, FqlJson *value, void *argument),
						  void *argument);

/* Serialize compactly, numbers as written. */
extern void fql_json_print(const FqlJson *json, FqlBuffer *buffer);

#endif							/* FQL_JSON_H */
