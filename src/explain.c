/*
 * explain.c
 *    fraiseql.explain(): what the cache makes of an operation, and why.
 *
 * The operation is executed as a fill would execute it, observed, under one snapshot, and its answer is thrown away:
 * what it depends on are values that only execution meets.  Nothing is published, counted or written.
 *
 * Tags show values of columns, of every table behind the operation.  A role that runs operations need not be allowed to
 * see those, so the function is for whom the DBA grants it to.
 */
#include "postgres.h"

#include "access/attnum.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "core/collect.h"
#include "execute.h"
#include "explain.h"
#include "guc.h"
#include "jsonout.h"
#include "memory.h"
#include "observe.h"
#include "precise.h"
#include "request.h"
#include "response.h"
#include "sqlgen.h"
#include "vary.h"

PG_FUNCTION_INFO_V1(fql_explain);

/*
 * Members of JSON
 */

static void
append_bool_member(StringInfo out, const char *key, bool value)
{
	fql_jsonout_key(out, key);
	appendStringInfoString(out, value ? "true" : "false");
}

static void
append_int_member(StringInfo out, const char *key, int64 value)
{
	fql_jsonout_key(out, key);
	appendStringInfo(out, INT64_FORMAT, value);
}

/* Text of the core as text of the database. */
static void
append_core_text_member(StringInfo out, const char *key, FqlStr value)
{
	fql_jsonout_string_member(out, key, text_to_cstring(fql_response_from_utf8(value)));
}

/*
 * The parts
 */

/* [value, ...], each as text or null; an array's elements as an array. */
static void
append_parameters(StringInfo out, const FqlSql *sql)
{
	fql_jsonout_key(out, "parameters");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < sql->parameter_count; i++)
	{
		const FqlSqlParameter *parameter = &sql->parameters[i];

		fql_jsonout_element(out);
		if (!OidIsValid(parameter->element_type))
		{
			fql_jsonout_string(out, text_to_cstring(fql_response_from_utf8(parameter->text)));
			continue;
		}
		appendStringInfoChar(out, '[');
		for (uint32_t item = 0; item < parameter->item_count; item++)
		{
			fql_jsonout_element(out);
			fql_jsonout_string(out, parameter->items[item].data == NULL ? NULL :
						  text_to_cstring(fql_response_from_utf8(parameter->items[item])));
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, ']');
}

/* The names of columns that a scan reads; those past the last bit share it, so they are only counted as "others". */
static void
append_read_columns(StringInfo out, Oid relation, FqlColumns read)
{
	fql_jsonout_key(out, "reads");
	if (read == FQL_COLUMNS_ALL)
	{
		fql_jsonout_string(out, "*");
		return;
	}
	appendStringInfoChar(out, '[');
	for (AttrNumber column = 1; column <= FQL_COLUMN_BITS; column++)
	{
		char	   *name;

		if ((read & fql_column_bit(column)) == 0)
			continue;
		name = column == FQL_COLUMN_BITS ? pstrdup("others") : get_attname(relation, column, true);
		fql_jsonout_element(out);
		fql_jsonout_string(out, name);
	}
	appendStringInfoChar(out, ']');
}

/* {"column": value, ...} */
static void
append_values(StringInfo out, const FqlTracedTag *tag)
{
	fql_jsonout_key(out, "rows");
	if (tag->column_count == 0)
	{
		fql_jsonout_string(out, "*");
		return;
	}
	appendStringInfoChar(out, '{');
	for (int i = 0; i < tag->column_count; i++)
	{
		char	   *name = get_attname(tag->relation, tag->columns[i], true);

		fql_jsonout_key(out, name == NULL ? "" : name);
		fql_jsonout_string(out, tag->values[i]);
	}
	appendStringInfoChar(out, '}');
}

static char *
qualified_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	return name == NULL ? NULL : quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

static void
append_tag(StringInfo out, const FqlTracedTag *tag)
{
	fql_jsonout_element(out);
	appendStringInfoChar(out, '{');
	fql_jsonout_string_member(out, "relation", qualified_name(tag->relation));
	append_values(out, tag);
	append_read_columns(out, tag->relation, tag->read);
	fql_jsonout_string_member(out, "node", tag->node);
	appendStringInfoChar(out, '}');
}

/* What is depended on, in the order in which the scans met it; at the end what every answer depends on. */
void
fql_explain_tags(StringInfo out, const FqlObservation *observation)
{
	ListCell   *cell;

	appendStringInfoChar(out, '[');
	foreach(cell, observation->trace)
	{
		CHECK_FOR_INTERRUPTS();
		append_tag(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

/* Relations that name rows above, and of which nevertheless every change counts: fraiseql.cache_max_tags. */
static void
append_capped(StringInfo out, const FqlObservation *observation)
{
	List	   *seen = NIL;
	ListCell   *cell;

	fql_jsonout_key(out, "coarse_beyond_limit");
	appendStringInfoChar(out, '[');
	foreach(cell, observation->trace)
	{
		const FqlTracedTag *tag = lfirst(cell);

		if (tag->column_count == 0 || list_member_oid(seen, tag->relation) ||
			!fql_dependency_is_capped(observation->dependencies, tag->relation))
			continue;
		seen = lappend_oid(seen, tag->relation);
		fql_jsonout_element(out);
		fql_jsonout_string(out, qualified_name(tag->relation));
	}
	appendStringInfoChar(out, ']');
}

/* How the plan was chosen: costs are the planner's, in its own unit. */
static void
append_plan(StringInfo out)
{
	FqlPlanChoice choice;

	fql_jsonout_key(out, "plan");
	if (!fql_precise_choice(&choice))
	{
		fql_jsonout_string(out, NULL);
		return;
	}
	appendStringInfoChar(out, '{');
	append_bool_member(out, "precise", choice.is_precise);
	fql_jsonout_string_member(out, "reason", fql_precise_reason(&choice));
	fql_jsonout_key(out, "factor");
	appendStringInfo(out, "%g", choice.factor);
	fql_jsonout_key(out, "cheapest_cost");
	appendStringInfo(out, "%.2f", choice.cheapest_cost);
	append_int_member(out, "cheapest_coarse_relations", choice.cheapest_coarse);
	if (choice.was_considered)
	{
		fql_jsonout_key(out, "precise_cost");
		appendStringInfo(out, "%.2f", choice.precise_cost);
		append_int_member(out, "precise_coarse_relations", choice.precise_coarse);
	}
	appendStringInfoChar(out, '}');
}

/* {"name": value now, ...}: the settings whose values are in the key because the operation reads them. */
static void
append_vary(StringInfo out, const FqlObservation *observation)
{
	ListCell   *cell;

	fql_jsonout_key(out, "vary");
	appendStringInfoChar(out, '{');
	foreach(cell, observation->settings)
	{
		FqlSetting *setting = lfirst(cell);

		fql_jsonout_string_member(out, setting->name, setting->value);
	}
	appendStringInfoChar(out, '}');
}

/* The limits that the operation was held to, as the settings show them. */
static void
append_limits(StringInfo out)
{
	static const char *const names[] = {
		"bulk_write_limit", "cache_max_entry_size", "cache_max_tags", "cache_ttl", "max_aliases", "max_directives",
		"max_page_size", "max_parser_depth", "max_query_depth", "max_query_size", "max_query_tokens",
		"max_root_fields", "max_selections", "max_variables_size"
	};

	fql_jsonout_key(out, "limits");
	appendStringInfoChar(out, '{');
	for (size_t i = 0; i < lengthof(names); i++)
		fql_jsonout_string_member(out, names[i], GetConfigOptionByName(psprintf("fraiseql.%s", names[i]), NULL, false));
	appendStringInfoChar(out, '}');
}

/* cacheable, reason, description and detail. */
static void
append_verdict(StringInfo out, FqlReason reason, const char *detail)
{
	bool		cacheable = reason == FQL_REASON_NONE;

	append_bool_member(out, "cacheable", cacheable);
	fql_jsonout_string_member(out, "reason", cacheable ? NULL : fql_reason_info(reason)->name);
	fql_jsonout_string_member(out, "description", cacheable ? NULL : fql_reason_info(reason)->description);
	fql_jsonout_string_member(out, "detail", cacheable ? NULL : detail);
}

/*
 * Putting them together
 */

/* A request that cannot be executed: its errors, as execute() would give them. */
static void
append_request_errors(StringInfo out, const FqlDiagnostics *diagnostics)
{
	append_verdict(out, FQL_REJECTED_ERROR, NULL);
	append_bool_member(out, "cached", false);
	appendStringInfoChar(out, ',');
	fql_response_append_errors(out, diagnostics);
}

/* The errors of an answer that has some. */
static void
append_answer_errors(StringInfo out, const text *answer)
{
	Datum		response = DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring(answer)));
	Datum		errors = DirectFunctionCall2(jsonb_object_field, response, CStringGetTextDatum("errors"));

	fql_jsonout_key(out, "errors");
	(void) JsonbToCString(out, &DatumGetJsonbP(errors)->root, VARSIZE_ANY(DatumGetPointer(errors)));
}

/* Execute and describe.  Whether it is cached is asked before, since executing takes time. */
static void
append_execution(StringInfo out, FqlRequest *request, FqlStr variables, const FqlSelectedField *fields, uint32 count,
				 FqlArena *arena)
{
	FqlObservation observation;
	FqlDiagnostics refused;
	FqlSql	   *sql;
	FqlReason	reason;
	text	   *answer;
	bool		clean;
	bool		cached = fql_execute_is_cached(request, variables);

	fql_diagnostics_init(&refused, arena);
	sql = fql_sqlgen(fields, count, arena, &refused);
	fql_jsonout_string_member(out, "sql", sql == NULL ? NULL : sql->text.data);
	if (sql != NULL)
		append_parameters(out, sql);
	answer = fql_execute_to_explain(&observation, fields, count, arena, &clean);
	reason = fql_execute_verdict(request, &observation, clean);
	append_verdict(out, reason, observation.detail);
	append_bool_member(out, "cached", cached);
	if (!clean)
		append_answer_errors(out, answer);
	fql_jsonout_key(out, "tags");
	fql_explain_tags(out, &observation);
	append_capped(out, &observation);
	append_vary(out, &observation);
	append_plan(out);
	append_limits(out);
}

static void
append_request(StringInfo out, FqlRequest *request, const Jsonb *variables, FqlArena *arena,
			   FqlDiagnostics *diagnostics)
{
	FqlVariables *coerced = fql_request_coerce(request, variables, arena, diagnostics);
	FqlLimits	limits = fql_limits();
	FqlSelectedField *fields = NULL;
	uint32		count = 0;

	append_core_text_member(out, "normalized", request->normalized.text);
	if (request->operation->kind != FQL_OPERATION_QUERY)
		fql_diagnose(diagnostics, FQL_ERROR_UNSUPPORTED, request->operation->location,
					 "Only queries can be explained: a mutation would have to be executed.");
	else if (coerced != NULL)
		fields = fql_collect_fields(request->document, request->operation, request->types, coerced, &limits, arena,
									diagnostics, &count);
	if (diagnostics->count > 0)
		append_request_errors(out, diagnostics);
	else
		append_execution(out, request, coerced->canonical, fields, count, arena);
}

static void
append_call(StringInfo out, const FqlCall *call)
{
	FqlArena   *arena = fql_memory_arena(CurrentMemoryContext);
	FqlDiagnostics diagnostics;
	FqlRequest *request = NULL;

	fql_diagnostics_init(&diagnostics, arena);
	if (call->query == NULL)
		fql_diagnose(&diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "Must provide a query.");
	else
		request = fql_request_get(call->query, call->operation_name, &diagnostics);
	if (request == NULL)
	{
		fql_jsonout_string_member(out, "normalized", NULL);
		append_request_errors(out, &diagnostics);
		return;
	}
	PG_TRY();
	{
		append_request(out, request, call->variables, arena, &diagnostics);
	}
	PG_FINALLY();
	{
		fql_request_release(request);
	}
	PG_END_TRY();
}

/*
 * fraiseql.explain(query text, variables jsonb, operation_name text) returns jsonb
 */
Datum
fql_explain(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	FqlCall		call = fql_call_of_arguments(fcinfo);

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	append_call(&out, &call);
	appendStringInfoChar(&out, '}');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data)));
}
