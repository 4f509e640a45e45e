/*
 * purity.c
 *    Does an expression depend on nothing but its inputs, tracked tables and keyed settings?  The half of I4 that is
 *    about functions.
 *
 * Volatility says less than a cache needs: STABLE only promises one answer within one statement.  So
 *   - immutable functions pass, whoever wrote them: PostgreSQL itself folds them into constants;
 *   - volatile ones do not;
 *   - stable built-ins pass if they are listed in purity_builtins.c, each with the reason why it is safe;
 *   - stable functions of users pass if they are written in SQL: the executor runs their queries, where observe.c sees
 *     them, or the planner has inlined them, and then they are no longer here.  Those whose text names the clock
 *     ('now', 'today') do not pass, and a hook keeps them from being inlined (sqlbody.c);
 *   - other stable functions of users do not: PL/pgSQL evaluates simple expressions such as "x := now()" without the
 *     executor, and C code can read anything;
 *   - a function that does not pass so passes if a DBA has declared it pure (label.c).  Queries that it runs are
 *     observed all the same.
 * What is not listed makes an answer uncacheable, which costs time and never truth.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "label.h"
#include "purity.h"
#include "purity_builtins.h"
#include "purity_hidden.h"
#include "purity_internal.h"
#include "sqlbody.h"

/* Our own functions that generated SQL calls: they depend on their arguments alone, or raise an error. */
static const char *const own_functions[] = {"iso_date", "iso_time", "iso_timestamptz", "page_guard"};

/* Our own functions that tell statistics. */
static const char *const own_statistics[] = {
	"audit_recent", "bypass_stats", "cache_entries", "cache_stats", "cascade_stats", "coalescing_stats",
	"dashboard", "health", "health_checks", "health_status", "metric_samples", "metrics", "operation_stats",
	"recent_samples", "report", "verify_stats"
};

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* Is it one of these functions of ours? */
static bool
is_ours(const Form_pg_proc function, const char *const *list, size_t count)
{
	char	   *schema;
	bool		ours;

	if (function->prolang != ClanguageId || !is_listed(NameStr(function->proname), list, count))
		return false;
	schema = get_namespace_name(function->pronamespace);
	ours = schema != NULL && strcmp(schema, "fraiseql") == 0;
	if (schema != NULL)
		pfree(schema);
	return ours;
}

static bool
is_own_function(const Form_pg_proc function)
{
	return is_ours(function, own_functions, lengthof(own_functions));
}

/* What a user's function says of itself. */
static FqlReason
reason_of_definition(HeapTuple tuple)
{
	const Form_pg_proc function = (Form_pg_proc) GETSTRUCT(tuple);

	if (is_own_function(function) || function->provolatile == PROVOLATILE_IMMUTABLE)
		return FQL_REASON_NONE;
	if (is_ours(function, own_statistics, lengthof(own_statistics)))
		return FQL_REJECTED_STATISTICS;
	if (function->provolatile == PROVOLATILE_VOLATILE)
		return FQL_REJECTED_VOLATILE;
	if (function->prolang != SQLlanguageId)
		return FQL_REJECTED_OPAQUE;
	return fql_sqlbody_reason(tuple);
}

/* The DBA's word is asked for only where the definition does not do: it is a catalog look-up. */
static FqlReason
reason_of_user_function(HeapTuple tuple)
{
	FqlReason	reason = reason_of_definition(tuple);

	if (reason != FQL_REASON_NONE && fql_label_is_pure(((Form_pg_proc) GETSTRUCT(tuple))->oid))
		return FQL_REASON_NONE;
	return reason;
}

static FqlReason
reason_of_function(HeapTuple tuple)
{
	const Form_pg_proc function = (Form_pg_proc) GETSTRUCT(tuple);

	return function->oid < FirstUnpinnedObjectId ?
		fql_builtin_reason(NameStr(function->proname), function->provolatile) : reason_of_user_function(tuple);
}

static bool function_is_impure(Oid function, void *context);
static bool purity_walker(Node *node, void *context);

/* Built-ins whose output is a name that is qualified or not by search_path. */
static bool
prints_names(const Form_pg_proc function)
{
	static const char *const names[] = {"current_schema", "current_schemas", "format_type", "pg_typeof"};

	return is_listed(NameStr(function->proname), names, lengthof(names));
}

/* Built-ins that make JSON of values of any type, and call the type's cast to json where a user has made one. */
static bool
converts_to_json(const Form_pg_proc function)
{
	const char *name = NameStr(function->proname);

	return function->provolatile == PROVOLATILE_STABLE &&
		(strstr(name, "json") != NULL || strcmp(name, "array_to_json") == 0);
}

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

/* check_functions_in_node()'s callback. */
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
	impurity->reason = reason_of_function(tuple);
	if (!is_builtin && is_own_function(function))
		impurity->own_functions = list_append_unique_oid(impurity->own_functions, oid);
	else if (!is_builtin || prints_names(function))
		impurity->depends_on_names = true;
	if (fql_sqlbody_is_text(tuple))
		impurity->parses_text = true;
	if (impurity->reason == FQL_REASON_NONE && is_builtin && converts_to_json(function) &&
		fql_hidden_casts_are_impure())
		impurity->reason = FQL_REJECTED_STABLE;
	ReleaseSysCache(tuple);

	if (impurity->reason != FQL_REASON_NONE)
	{
		impurity->function = oid;
		return true;
	}
	return is_aggregate && aggregate_is_impure(oid, impurity);
}

/*
 * current_setting('name' [, ...]) where the name is a constant: the answer varies on the setting (vary.c).  A name that
 * is null makes the result null.
 */
static bool
is_constant_setting(const FuncExpr *call, FqlImpurity *impurity)
{
	Const	   *name;

	if (call->funcid != F_CURRENT_SETTING_TEXT && call->funcid != F_CURRENT_SETTING_TEXT_BOOL)
		return false;
	name = linitial(call->args);
	if (!IsA(name, Const))
		return false;
	if (!name->constisnull)
		impurity->settings = lappend(impurity->settings, TextDatumGetCString(name->constvalue));
	return true;
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

/* A cast to a domain evaluates the domain's checks, which stand in no plan. */
bool
fql_purity_of_domain(Oid type, FqlImpurity *impurity)
{
	/* it is called back when the context goes, so it must live there */
	DomainConstraintRef *domain = palloc0(sizeof(DomainConstraintRef));
	ListCell   *cell;

	InitDomainConstraintRef(type, domain, CurrentMemoryContext, false);
	foreach(cell, domain->constraints)
	{
		DomainConstraintState *constraint = lfirst(cell);

		if (constraint->constrainttype == DOM_CONSTRAINT_CHECK &&
			purity_walker((Node *) constraint->check_expr, impurity))
			return true;
	}
	return false;
}

/* Values of these types print as names, qualified or not by search_path. */
static bool
is_name_type(Oid type)
{
	switch (type)
	{
		case REGCLASSOID:
		case REGCLASSARRAYOID:
		case REGCOLLATIONOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGTYPEOID:
		case REGTYPEARRAYOID:
			return true;
		default:
			return false;
	}
}

/* Such a value comes from a column, a constant or a call. */
static bool
yields_name(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_Param:
		case T_FuncExpr:
		case T_RelabelType:
			return is_name_type(exprType(node));
		default:
			return false;
	}
}

static bool
purity_walker(Node *node, void *context)
{
	FqlImpurity *impurity = context;

	if (node == NULL)
		return false;
	if (yields_name(node))
		impurity->depends_on_names = true;
	if (IsA(node, CoerceToDomain) && fql_purity_of_domain(((CoerceToDomain *) node)->resulttype, impurity))
		return true;
	if (IsA(node, FuncExpr) && is_constant_setting((FuncExpr *) node, impurity))
		return expression_tree_walker(node, purity_walker, context);
	if (IsA(node, SQLValueFunction))
		return sql_value_is_impure((SQLValueFunction *) node, impurity);
	if (IsA(node, NextValueExpr))
	{
		impurity->reason = FQL_REJECTED_SEQUENCE;
		return true;
	}
	if (fql_compat_is_json_query(node))
	{
		/* JSON_VALUE(... RETURNING date) calls the type's input function, which may read the clock */
		impurity->reason = FQL_REJECTED_STABLE;
		return true;
	}
	if (fql_compat_is_json_constructor(node) && fql_hidden_casts_are_impure())
	{
		/* the executor makes the JSON itself, and calls casts as the functions for it do */
		impurity->reason = FQL_REJECTED_STABLE;
		return true;
	}
	if (check_functions_in_node(node, function_is_impure, context))
		return true;
	return expression_tree_walker(node, purity_walker, context);
}

bool
fql_purity_of_function(Oid oid, FqlImpurity *impurity)
{
	return function_is_impure(oid, impurity);
}

void
fql_purity_of_input(Oid type, FqlImpurity *impurity)
{
	Oid			input;
	Oid			parameter;

	switch (type)
	{
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			/* the text is ISO 8601, checked by the core, so without words such as "today" */
			return;
		default:
			getTypeInputInfo(type, &input, &parameter);
			(void) function_is_impure(input, impurity);
	}
}

void
fql_purity_of_expression(Node *expression, FqlImpurity *impurity)
{
	(void) purity_walker(expression, impurity);
}
