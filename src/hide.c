/*
 * hide.c
 *    fraiseql.hide(): takes a relation or a function out of what GraphQL sees, named as either or by a plain string.
 *
 * Without the form that takes text, hide('tb_user') would be ambiguous between the two others.  With it, PostgreSQL
 * prefers text for a string that has no type, and the string says by itself what it names: a signature has parentheses,
 * a relation's name has none outside of quotes.
 *
 * The form that takes text looks the name up along the caller's search_path, as regclass and regprocedure do with a
 * string; nothing else in here depends on that setting.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "expose_internal.h"

PG_FUNCTION_INFO_V1(fql_hide);
PG_FUNCTION_INFO_V1(fql_hide_function);
PG_FUNCTION_INFO_V1(fql_hide_name);

static void
reject_null(FunctionCallInfo fcinfo, const char *what)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s to hide must not be null", what)));
}

/* hide(relation regclass) returns boolean */
Datum
fql_hide(PG_FUNCTION_ARGS)
{
	reject_null(fcinfo, "relation");
	PG_RETURN_BOOL(fql_expose_hide_relation(PG_GETARG_OID(0)));
}

/* hide(function regprocedure) returns boolean */
Datum
fql_hide_function(PG_FUNCTION_ARGS)
{
	reject_null(fcinfo, "function");
	PG_RETURN_BOOL(fql_expose_hide_function(PG_GETARG_OID(0)));
}

/* Has the name a parenthesis outside of double quotes? */
static bool
is_signature(const char *name)
{
	bool		quoted = false;

	for (const char *c = name; *c != '\0'; c++)
	{
		if (*c == '"')
			quoted = !quoted;
		else if (*c == '(' && !quoted)
			return true;
	}
	return false;
}

/* hide(name text) returns boolean */
Datum
fql_hide_name(PG_FUNCTION_ARGS)
{
	char	   *name;
	Datum		input;

	reject_null(fcinfo, "name");
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	input = CStringGetDatum(name);
	if (is_signature(name))
		PG_RETURN_BOOL(fql_expose_hide_function(DatumGetObjectId(DirectFunctionCall1(regprocedurein, input))));
	PG_RETURN_BOOL(fql_expose_hide_relation(DatumGetObjectId(DirectFunctionCall1(regclassin, input))));
}
