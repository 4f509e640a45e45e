/*
 * purity.c
 *    Does an expression depend on nothing but its inputs, tracked tables and keyed settings (the half of I4 that is about
 *    functions)?
 *
 * Volatility says less than a cache needs: STABLE only promises one answer within one statement.  So
 *   - immutable functions pass, whoever wrote them: PostgreSQL itself folds them into constants;
 *   - volatile ones do not;
 *   - stable built-ins pass if they are listed below, each under the reason why it is safe;
 *   - stable functions of users pass if they are written in SQL: the executor runs their queries, where observe.c sees
 *     them, or the planner has inlined them, and then they are no longer here;
 *   - other stable functions of users do not: PL/pgSQL evaluates simple expressions such as "x := now()" without the
 *     executor, and C code can read anything.
 * What is not listed makes an answer uncacheable, which costs time and never truth.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "key.h"
#include "purity.h"

typedef struct FunctionClass
{
	const char *name;
	FqlReason	reason;			/* FQL_REASON_NONE: safe */
} FunctionClass;

/*
 * Stable built-ins, by name and sorted by it (all functions of a name together, so a name with one unsafe variant is
 * unsafe).  The reason why a safe one is safe stands in the last column:
 *   types     it is stable because it calls the output functions of its arguments' types; those print by settings in
 *             the key
 *   zone      it depends on TimeZone, DateStyle, IntervalStyle or lc_*, which are in the key
 *   identity  it depends on database, role, session user or search_path, which are in the key
 *   catalog   it depends on definitions, whose change moves the schema's or the roles' word
 */
static const FunctionClass stable_functions[] = {
	{"age", FQL_REJECTED_CLOCK},	/* of one argument: since today */
	{"anyarray_out", FQL_REASON_NONE},	/* types */
	{"anytextcat", FQL_REASON_NONE},	/* types */
	{"array_out", FQL_REASON_NONE}, /* types */
	{"array_to_json", FQL_REASON_NONE}, /* types */
	{"array_to_string", FQL_REASON_NONE},	/* types */
	{"cash_in", FQL_REASON_NONE},	/* zone: lc_monetary */
	{"cash_out", FQL_REASON_NONE},	/* zone: lc_monetary */
	{"concat", FQL_REASON_NONE},	/* types */
	{"concat_ws", FQL_REASON_NONE}, /* types */
	{"convert", FQL_REASON_NONE},	/* identity: the database's encoding */
	{"convert_from", FQL_REASON_NONE},	/* identity */
	{"convert_to", FQL_REASON_NONE},	/* identity */
	{"current_database", FQL_REASON_NONE},	/* identity */
	{"current_schema", FQL_REASON_NONE},	/* identity, catalog */
	{"current_schemas", FQL_REASON_NONE},	/* identity, catalog */
	{"current_setting", FQL_REJECTED_SETTING},	/* with a constant name in the key: see is_keyed_setting() */
	{"current_user", FQL_REASON_NONE},	/* identity */
	{"date", FQL_REASON_NONE},	/* zone */
	{"date_add", FQL_REASON_NONE},	/* zone */
	{"date_cmp_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_eq_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_ge_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_gt_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_in", FQL_REJECTED_CLOCK},	/* 'today' */
	{"date_le_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_lt_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_ne_timestamptz", FQL_REASON_NONE},	/* zone */
	{"date_out", FQL_REASON_NONE},	/* zone */
	{"date_part", FQL_REASON_NONE}, /* zone */
	{"date_subtract", FQL_REASON_NONE}, /* zone */
	{"date_trunc", FQL_REASON_NONE},	/* zone */
	{"enum_first", FQL_REASON_NONE},	/* catalog */
	{"enum_in", FQL_REASON_NONE},	/* catalog */
	{"enum_last", FQL_REASON_NONE}, /* catalog */
	{"enum_out", FQL_REASON_NONE},	/* catalog */
	{"enum_range", FQL_REASON_NONE},	/* catalog */
	{"extract", FQL_REASON_NONE},	/* zone */
	{"format", FQL_REASON_NONE},	/* types */
	{"format_type", FQL_REASON_NONE},	/* catalog */
	{"generate_series", FQL_REASON_NONE},	/* zone */
	{"get_current_ts_config", FQL_REASON_NONE}, /* zone: default_text_search_config is in the key */
	{"getdatabaseencoding", FQL_REASON_NONE},	/* identity */
	{"getpgusername", FQL_REASON_NONE}, /* identity */
	{"in_range", FQL_REASON_NONE},	/* zone */
	{"interval_in", FQL_REASON_NONE},	/* zone */
	{"interval_out", FQL_REASON_NONE},	/* zone */
	{"interval_pl_timestamptz", FQL_REASON_NONE},	/* zone */
	{"json_agg", FQL_REASON_NONE},	/* types */
	{"json_agg_strict", FQL_REASON_NONE},	/* types */
	{"json_agg_strict_transfn", FQL_REASON_NONE},	/* types */
	{"json_agg_transfn", FQL_REASON_NONE},	/* types */
	{"json_build_array", FQL_REASON_NONE},	/* types */
	{"json_build_object", FQL_REASON_NONE}, /* types */
	{"json_object_agg", FQL_REASON_NONE},	/* types */
	{"json_object_agg_strict", FQL_REASON_NONE},	/* types */
	{"json_object_agg_strict_transfn", FQL_REASON_NONE},	/* types */
	{"json_object_agg_transfn", FQL_REASON_NONE},	/* types */
	{"json_object_agg_unique", FQL_REASON_NONE},	/* types */
	{"json_object_agg_unique_strict", FQL_REASON_NONE}, /* types */
	{"json_object_agg_unique_strict_transfn", FQL_REASON_NONE}, /* types */
	{"json_object_agg_unique_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_agg", FQL_REASON_NONE}, /* types */
	{"jsonb_agg_finalfn", FQL_REASON_NONE}, /* types */
	{"jsonb_agg_strict", FQL_REASON_NONE},	/* types */
	{"jsonb_agg_strict_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_agg_transfn", FQL_REASON_NONE}, /* types */
	{"jsonb_build_array", FQL_REASON_NONE}, /* types */
	{"jsonb_build_object", FQL_REASON_NONE},	/* types */
	{"jsonb_object_agg_finalfn", FQL_REASON_NONE},	/* types */
	{"jsonb_object_agg_strict_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_object_agg_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_object_agg_unique_strict_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_object_agg_unique_transfn", FQL_REASON_NONE},	/* types */
	{"jsonb_path_exists_tz", FQL_REASON_NONE},	/* zone */
	{"jsonb_path_match_tz", FQL_REASON_NONE},	/* zone */
	{"jsonb_path_query_array_tz", FQL_REASON_NONE}, /* zone */
	{"jsonb_path_query_first_tz", FQL_REASON_NONE}, /* zone */
	{"jsonb_path_query_tz", FQL_REASON_NONE},	/* zone */
	{"length", FQL_REASON_NONE},	/* identity: the database's encoding */
	{"make_timestamptz", FQL_REASON_NONE},	/* zone */
	{"money", FQL_REASON_NONE}, /* zone: lc_monetary */
	{"multirange_out", FQL_REASON_NONE},	/* types */
	{"now", FQL_REJECTED_CLOCK},
	{"numeric", FQL_REASON_NONE},	/* zone: of money */
	{"overlaps", FQL_REASON_NONE},	/* zone */
	{"pg_has_role", FQL_REASON_NONE},	/* identity, catalog */
	{"pg_typeof", FQL_REASON_NONE}, /* types */
	{"phraseto_tsquery", FQL_REASON_NONE},	/* catalog */
	{"plainto_tsquery", FQL_REASON_NONE},	/* catalog */
	{"quote_literal", FQL_REASON_NONE}, /* types */
	{"quote_nullable", FQL_REASON_NONE},	/* types */
	{"range_out", FQL_REASON_NONE}, /* types */
	{"record_out", FQL_REASON_NONE},	/* types */
	{"row_to_json", FQL_REASON_NONE},	/* types */
	{"session_user", FQL_REASON_NONE},	/* identity */
	{"statement_timestamp", FQL_REJECTED_CLOCK},
	{"textanycat", FQL_REASON_NONE},	/* types */
	{"time", FQL_REASON_NONE},	/* zone */
	{"time_in", FQL_REJECTED_CLOCK},	/* 'now' */
	{"timestamp", FQL_REASON_NONE}, /* zone */
	{"timestamp_cmp_timestamptz", FQL_REASON_NONE}, /* zone */
	{"timestamp_eq_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_ge_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_gt_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_in", FQL_REJECTED_CLOCK},	/* 'now' */
	{"timestamp_le_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_lt_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_ne_timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamp_out", FQL_REASON_NONE}, /* zone */
	{"timestamptz", FQL_REASON_NONE},	/* zone */
	{"timestamptz_cmp_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_cmp_timestamp", FQL_REASON_NONE}, /* zone */
	{"timestamptz_eq_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_eq_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_ge_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_ge_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_gt_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_gt_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_in", FQL_REJECTED_CLOCK}, /* 'now' */
	{"timestamptz_le_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_le_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_lt_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_lt_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_mi_interval", FQL_REASON_NONE},	/* zone */
	{"timestamptz_ne_date", FQL_REASON_NONE},	/* zone */
	{"timestamptz_ne_timestamp", FQL_REASON_NONE},	/* zone */
	{"timestamptz_out", FQL_REASON_NONE},	/* zone */
	{"timestamptz_pl_interval", FQL_REASON_NONE},	/* zone */
	{"timetz", FQL_REJECTED_CLOCK}, /* of a time: today's offset */
	{"timetz_in", FQL_REJECTED_CLOCK},	/* 'now', and today's offset */
	{"timezone", FQL_REJECTED_CLOCK},	/* of a timetz: today's offset */
	{"to_char", FQL_REASON_NONE},	/* zone */
	{"to_date", FQL_REASON_NONE},	/* zone */
	{"to_json", FQL_REASON_NONE},	/* types */
	{"to_jsonb", FQL_REASON_NONE},	/* types */
	{"to_number", FQL_REASON_NONE}, /* zone: lc_numeric */
	{"to_timestamp", FQL_REASON_NONE},	/* zone */
	{"to_tsquery", FQL_REASON_NONE},	/* catalog */
	{"to_tsvector", FQL_REASON_NONE},	/* catalog */
	{"transaction_timestamp", FQL_REJECTED_CLOCK},
	{"ts_headline", FQL_REASON_NONE},	/* catalog */
	{"ts_match_tq", FQL_REASON_NONE},	/* catalog */
	{"ts_match_tt", FQL_REASON_NONE},	/* catalog */
	{"websearch_to_tsquery", FQL_REASON_NONE},	/* catalog */
};

/* Volatile built-ins that read the clock, only to name the better reason. */
static const char *const clock_functions[] = {"clock_timestamp", "timeofday"};

/* Our own functions that generated SQL calls: they depend on their arguments alone, or raise an error. */
static const char *const own_functions[] = {"iso_date", "iso_time", "iso_timestamptz", "page_guard"};

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static int
compare_names(const void *key, const void *element)
{
	return strcmp(key, ((const FunctionClass *) element)->name);
}

static FqlReason
reason_of_builtin(const Form_pg_proc function)
{
	const FunctionClass *class;

	if (function->provolatile == PROVOLATILE_IMMUTABLE)
		return FQL_REASON_NONE;
	if (function->provolatile == PROVOLATILE_VOLATILE)
		return is_listed(NameStr(function->proname), clock_functions, lengthof(clock_functions)) ?
			FQL_REJECTED_CLOCK : FQL_REJECTED_VOLATILE;
	class = bsearch(NameStr(function->proname), stable_functions, lengthof(stable_functions),
					sizeof(FunctionClass), compare_names);
	return class != NULL ? class->reason : FQL_REJECTED_STABLE;
}

static bool
is_own_function(const Form_pg_proc function)
{
	char	   *schema;
	bool		own;

	if (function->prolang != ClanguageId || !is_listed(NameStr(function->proname), own_functions,
													   lengthof(own_functions)))
		return false;
	schema = get_namespace_name(function->pronamespace);
	own = schema != NULL && strcmp(schema, "fraiseql") == 0;
	if (schema != NULL)
		pfree(schema);
	return own;
}

static FqlReason
reason_of_user_function(const Form_pg_proc function)
{
	if (is_own_function(function) || function->provolatile == PROVOLATILE_IMMUTABLE)
		return FQL_REASON_NONE;
	if (function->provolatile == PROVOLATILE_VOLATILE)
		return FQL_REJECTED_VOLATILE;
	return function->prolang == SQLlanguageId ? FQL_REASON_NONE : FQL_REJECTED_OPAQUE;
}

static bool function_is_impure(Oid function, void *context);

/* An aggregate is labelled immutable whatever it calls: examine what it calls. */
static bool
aggregate_is_impure(Oid aggregate, FqlImpurity *impurity)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	Form_pg_aggregate form;
	bool		impure = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	{
		Oid			parts[] = {form->aggtransfn, form->aggfinalfn, form->aggcombinefn, form->aggserialfn,
		form->aggdeserialfn, form->aggmtransfn, form->aggminvtransfn, form->aggmfinalfn};

		for (size_t i = 0; i < lengthof(parts) && !impure; i++)
			impure = OidIsValid(parts[i]) && function_is_impure(parts[i], impurity);
	}
	ReleaseSysCache(tuple);
	return impure;
}

/* check_functions_in_node()'s callback: true stops. */
static bool
function_is_impure(Oid oid, void *context)
{
	FqlImpurity *impurity = context;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	Form_pg_proc function;
	bool		is_builtin = oid < FirstUnpinnedObjectId;
	bool		is_aggregate;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", oid);
	function = (Form_pg_proc) GETSTRUCT(tuple);
	is_aggregate = function->prokind == PROKIND_AGGREGATE;
	impurity->reason = is_builtin ? reason_of_builtin(function) : reason_of_user_function(function);
	if (!is_builtin && !is_own_function(function))
		impurity->calls_user_function = true;
	ReleaseSysCache(tuple);

	if (impurity->reason != FQL_REASON_NONE)
	{
		impurity->function = oid;
		return true;
	}
	return is_aggregate && aggregate_is_impure(oid, impurity);
}

/* current_setting('name' [, ...]) where the name is a constant and its value is in every key. */
static bool
is_keyed_setting(const FuncExpr *call)
{
	Const	   *name;
	char	   *setting;
	bool		keyed;

	if (call->funcid != F_CURRENT_SETTING_TEXT && call->funcid != F_CURRENT_SETTING_TEXT_BOOL)
		return false;
	name = linitial(call->args);
	if (!IsA(name, Const) || name->constisnull)
		return false;
	setting = TextDatumGetCString(name->constvalue);
	keyed = fql_key_has_setting(setting);
	pfree(setting);
	return keyed;
}

/* CURRENT_USER and its like are in the key; CURRENT_DATE and its like are the clock. */
static bool
sql_value_is_impure(const SQLValueFunction *value, FqlImpurity *impurity)
{
	switch (value->op)
	{
		case SVFOP_CURRENT_ROLE:
		case SVFOP_CURRENT_USER:
		case SVFOP_USER:
		case SVFOP_SESSION_USER:
		case SVFOP_CURRENT_CATALOG:
		case SVFOP_CURRENT_SCHEMA:
			return false;
		default:
			impurity->reason = FQL_REJECTED_CLOCK;
			return true;
	}
}

static bool
purity_walker(Node *node, void *context)
{
	FqlImpurity *impurity = context;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && is_keyed_setting((FuncExpr *) node))
		return expression_tree_walker(node, purity_walker, context);
	if (IsA(node, SQLValueFunction))
		return sql_value_is_impure((SQLValueFunction *) node, impurity);
	if (IsA(node, NextValueExpr))
	{
		impurity->reason = FQL_REJECTED_VOLATILE;
		return true;
	}
	if (fql_compat_is_json_query(node))
	{
		/* JSON_VALUE(... RETURNING date) calls the type's input function, which may read the clock */
		impurity->reason = FQL_REJECTED_STABLE;
		return true;
	}
	if (check_functions_in_node(node, function_is_impure, context))
		return true;
	return expression_tree_walker(node, purity_walker, context);
}

void
fql_purity_of_expression(Node *expression, FqlImpurity *impurity)
{
	(void) purity_walker(expression, impurity);
}
