/*
 * iso.c
 *    Functions that generated SQL calls: dates out of documents, and guards: of unlimited lists, of what is never null.
 *
 * A cast from text to date reads the clock when the text is "today", so an answer that depends on one could not be kept
 * without asking what the text was.  These functions accept numbers and punctuation, and the few words that PostgreSQL
 * writes into JSON itself (infinity, BC); for everything else they raise.  So they may be called cacheable whatever
 * they are given.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(fql_iso_date);
PG_FUNCTION_INFO_V1(fql_iso_timestamptz);
PG_FUNCTION_INFO_V1(fql_iso_time);
PG_FUNCTION_INFO_V1(fql_page_guard);
PG_FUNCTION_INFO_V1(fql_null_guard);

/* Does the text begin with that many digits and then a mark?  It is what tells year first from day first. */
static bool
begins_with(const char *value, size_t digits, char mark)
{
	size_t		run = strspn(value, "0123456789");

	return run >= digits && value[run] == mark;
}

/* The characters of ISO 8601, then perhaps the era. */
static bool
has_iso_characters(const char *value)
{
	size_t		run = strspn(value, "0123456789-:.+ TZ");

	return value[run] == '\0' || (run > 0 && value[run - 1] == ' ' && strcmp(value + run, "BC") == 0);
}

static bool
is_iso_date(const char *value)
{
	if (strcmp(value, "infinity") == 0 || strcmp(value, "-infinity") == 0)
		return true;
	return begins_with(value, 4, '-') && has_iso_characters(value);
}

static bool
is_iso_time(const char *value)
{
	return begins_with(value, 2, ':') && has_iso_characters(value);
}

/* Hand a text to the input function of a type, or raise when it is not ISO 8601. */
static Datum
read_iso(const text *value, bool (*check) (const char *value), PGFunction input, const char *type)
{
	char	   *string = text_to_cstring(value);

	if (!check(string))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
				 errmsg("invalid ISO 8601 %s: \"%s\"", type, string)));
	return DirectFunctionCall3(input, CStringGetDatum(string), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

Datum
fql_iso_date(PG_FUNCTION_ARGS)
{
	return read_iso(PG_GETARG_TEXT_PP(0), is_iso_date, date_in, "date");
}

Datum
fql_iso_timestamptz(PG_FUNCTION_ARGS)
{
	return read_iso(PG_GETARG_TEXT_PP(0), is_iso_date, timestamptz_in, "date and time");
}

Datum
fql_iso_time(PG_FUNCTION_ARGS)
{
	return read_iso(PG_GETARG_TEXT_PP(0), is_iso_time, time_in, "time");
}

/*
 * The list, or an error when it has more rows than allowed: cutting it there would look like data loss.
 */
Datum
fql_page_guard(PG_FUNCTION_ARGS)
{
	int64		row_count = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);

	if (!PG_ARGISNULL(2) && row_count > PG_GETARG_INT32(2))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("list \"%s\" has more than %d rows",
						PG_ARGISNULL(3) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(3)), PG_GETARG_INT32(2)),
				 errhint("Ask for a page with limit and offset, or raise fraiseql.max_page_size.")));
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * fraiseql.null_guard(field text) returns text
 *
 * The value of a field that is never null, where a function returned null.  Volatile, or the planner would call it.
 */
Datum
fql_null_guard(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("Cannot return null for non-nullable field \"%s\".",
					PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}
