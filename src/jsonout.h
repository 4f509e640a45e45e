/*
 * jsonout.h
 *    JSON for DBAs, written member by member: {"key": value, ...} and [element, ...] with their commas.
 */
#ifndef FQL_JSONOUT_H
#define FQL_JSONOUT_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

/* The key of the next member, with the comma before it. */
static inline void
fql_jsonout_key(StringInfo out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	escape_json(out, key);
	appendStringInfoChar(out, ':');
}

/* The comma between the elements of an array. */
static inline void
fql_jsonout_element(StringInfo out)
{
	if (out->data[out->len - 1] != '[')
		appendStringInfoChar(out, ',');
}

/* NULL is null. */
static inline void
fql_jsonout_string(StringInfo out, const char *value)
{
	if (value == NULL)
		appendStringInfoString(out, "null");
	else
		escape_json(out, value);
}

static inline void
fql_jsonout_string_member(StringInfo out, const char *key, const char *value)
{
	fql_jsonout_key(out, key);
	fql_jsonout_string(out, value);
}

#endif							/* FQL_JSONOUT_H */
