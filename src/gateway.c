/*
 * gateway.c
 *    fraiseql.graphql(): a request as an HTTP gateway has it, one JSON object.
 *
 * The object is taken apart here rather than by SQL, so that a client's mistake in it is an entry in "errors", and so
 * that the digits of numbers in variables arrive as they were written.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "core/json.h"
#include "core/limits.h"
#include "execute.h"
#include "guc.h"
#include "memory.h"
#include "response.h"

PG_FUNCTION_INFO_V1(fql_graphql);

/* A member of the request object that should be a string. */
static bool
request_string(FqlJson *request, const char *name, FqlArena *arena, FqlDiagnostics *diagnostics, const text **value)
{
	FqlJson    *member;
	FqlStr		string;

	*value = NULL;
	if (!fql_json_member(request, fql_str_from(name), &member) || fql_json_kind(member) == FQL_JSON_NULL)
		return true;
	if (fql_json_kind(member) != FQL_JSON_STRING)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "\"%s\" must be a string.", name);
		return false;
	}
	string = fql_json_text(member, arena);
	if (memchr(string.data, '\0', string.len) != NULL)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0},
					 "\"%s\" must not contain the character U+0000.", name);
		return false;
	}
	*value = fql_response_from_utf8(string);
	return true;
}

/*
 * Valid JSON as jsonb, or NULL where jsonb cannot hold it (U+0000, numbers beyond its range).  Its input function takes
 * nothing but memory, so its error can be caught without a subtransaction.
 */
static Jsonb *
jsonb_from_text(char *json)
{
	MemoryContext context = CurrentMemoryContext;
	Jsonb	   *volatile result = NULL;

	PG_TRY();
	{
		result = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
	}
	PG_END_TRY();
	return result;
}

/* The member "variables" as jsonb. */
static bool
request_variables(FqlJson *request, FqlArena *arena, FqlDiagnostics *diagnostics, const Jsonb **value)
{
	FqlJson    *member;
	FqlBuffer	buffer;

	*value = NULL;
	if (!fql_json_member(request, FQL_STR("variables"), &member) || fql_json_kind(member) == FQL_JSON_NULL)
		return true;
	if (fql_json_kind(member) != FQL_JSON_OBJECT)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "\"variables\" must be an object.");
		return false;
	}
	fql_buffer_init(&buffer, arena);
	fql_json_print(member, &buffer);
	*value = jsonb_from_text(text_to_cstring(fql_response_from_utf8(fql_buffer_text(&buffer))));
	if (*value == NULL)
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0},
					 "\"variables\" holds a value that cannot be stored as jsonb.");
	return *value != NULL;
}

/* The members of the object are the arguments of a call.  "extensions" and what else there may be mean nothing here. */
static text *
answer_request_object(FqlStr object, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlCall		call = {0};
	FqlJson    *request;

	if (!fql_json_parse(object, FQL_REQUEST_JSON_DEPTH, arena, diagnostics, &request))
		return fql_response_request_error(diagnostics);
	if (fql_json_kind(request) != FQL_JSON_OBJECT)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "A GraphQL request must be an object.");
		return fql_response_request_error(diagnostics);
	}
	if (!request_string(request, "query", arena, diagnostics, &call.query) ||
		!request_string(request, "operationName", arena, diagnostics, &call.operation_name) ||
		!request_variables(request, arena, diagnostics, &call.variables))
		return fql_response_request_error(diagnostics);
	return fql_execute_call(&call);
}

/*
 * The length beyond which a request is not even read.  JSON may write each byte of a query and of a string as six, and
 * other values are no longer in JSON than they are in jsonb, except for what says nothing.
 */
static size_t
longest_request(void)
{
	return 6 * (fql_limits().source_bytes + fql_max_variables_size()) + 64 * 1024;
}

static bool
size_is_acceptable(const text *object, FqlDiagnostics *diagnostics)
{
	if (VARSIZE_ANY_EXHDR(object) <= longest_request())
		return true;
	fql_diagnose(diagnostics, FQL_ERROR_LIMIT, (FqlLocation){0, 0}, "Request is longer than %zu bytes.",
				 longest_request());
	return false;
}

/*
 * fraiseql.graphql(request json) returns json
 */
Datum
fql_graphql(PG_FUNCTION_ARGS)
{
	FqlArena   *arena = fql_memory_arena(CurrentMemoryContext);
	FqlDiagnostics diagnostics;
	text	   *object;

	if (PG_ARGISNULL(0))
		PG_RETURN_TEXT_P(fql_execute_call(&(FqlCall){0}));
	object = PG_GETARG_TEXT_PP(0);
	fql_diagnostics_init(&diagnostics, arena);
	if (!size_is_acceptable(object, &diagnostics))
		PG_RETURN_TEXT_P(fql_response_request_error(&diagnostics));
	PG_RETURN_TEXT_P(answer_request_object(fql_response_to_utf8((FqlStr){VARDATA_ANY(object),
																VARSIZE_ANY_EXHDR(object)}),
										   arena, &diagnostics));
}
