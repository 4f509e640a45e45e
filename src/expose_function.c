/*
 * expose_function.c
 *    fraiseql.expose_function(): which functions GraphQL sees as mutations.
 *
 * Judged as exposures of relations are (expose.c): the schema is built without the function and with it, and what only
 * the second finds wrong is raised.  The caller must own the function.  Exposing it grants nothing: a mutation calls it
 * as the calling role, which needs EXECUTE like everybody else.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "catalog_functions.h"
#include "compat.h"
#include "expose_internal.h"
#include "schema.h"

PG_FUNCTION_INFO_V1(fql_expose_function);

static bool
delete_function(Oid table, Oid function)
{
	return fql_expose_write(table,
							"DELETE FROM fraiseql.exposed_function WHERE function OPERATOR(pg_catalog.=) $1", 1,
							(Oid[]){REGPROCEDUREOID}, (Datum[]){ObjectIdGetDatum(function)}, NULL) > 0;
}

/* Rows of functions that are gone: they show nothing, and would speak up if their OID were ever used again. */
static void
delete_dangling(Oid table)
{
	fql_expose_write(table,
					 "DELETE FROM fraiseql.exposed_function AS e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p "
					 "WHERE p.oid OPERATOR(pg_catalog.=) e.function::pg_catalog.oid)", 0, NULL, NULL, NULL);
}

/* field_name and options may be null pointers. */
static void
insert_function(Oid table, Oid function, text *field_name, Jsonb *options)
{
	char		nulls[] = {' ', field_name == NULL ? 'n' : ' ', options == NULL ? 'n' : ' ', '\0'};

	fql_expose_write(table,
					 "INSERT INTO fraiseql.exposed_function (function, field_name, options) VALUES ($1, $2, $3)", 3,
					 (Oid[]){REGPROCEDUREOID, TEXTOID, JSONBOID},
					 (Datum[]){ObjectIdGetDatum(function), PointerGetDatum(field_name), PointerGetDatum(options)},
					 nulls);
}

static void
check_owner(const FqlCatalogFunction *function)
{
	if (!fql_compat_owns_function(function->oid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FUNCTION, function->name);
}

/* Lock the function against being dropped meanwhile, and see that it may be exposed. */
static void
check_exposable(Oid oid)
{
	const FqlCatalogFunction *function;

	LockDatabaseObject(ProcedureRelationId, oid, 0, AccessShareLock);
	function = fql_catalog_function(oid);
	if (function == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", oid)));
	if (oid < FirstNormalObjectId || function->schema == get_namespace_oid("fraiseql", true) ||
		isAnyTempNamespace(function->schema))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot expose function %s", function->label),
				 errdetail("It belongs to the server, to this extension or to one session.")));
	check_owner(function);
}

/* The name of the field that calls the function. */
static Datum
field_name_datum(const FqlTypeSystem *types, Oid function)
{
	for (uint32_t i = 0; types->mutation != NULL && i < types->mutation->field_count; i++)
	{
		const FqlField *field = &types->mutation->fields[i];
		const FqlFieldBinding *binding = field->binding;

		if (binding->kind == FQL_FIELD_FUNCTION && binding->function->oid == function)
			return PointerGetDatum(cstring_to_text_with_len(field->name.data, field->name.len));
	}
	elog(ERROR, "function with OID %u has no GraphQL field", function);
}

/*
 * expose_function(function regprocedure, field_name text, options jsonb) returns text
 *
 * Exposing and hiding relations changes the same schema, so both lock fraiseql.exposure first.
 */
Datum
fql_expose_function(PG_FUNCTION_ARGS)
{
	text	   *field_name = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	Jsonb	   *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	Oid			table;
	Oid			function;
	List	   *before;
	List	   *after;
	FqlTypeSystem *types;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("function to expose must not be null"),
				 errhint("Name it with its parameters: fraiseql.expose_function('app.fn_create_user(text, text)').")));
	function = PG_GETARG_OID(0);
	if (options != NULL && !JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example {\"entity\": \"User\"}.")));
	check_exposable(function);
	(void) fql_expose_lock("exposure");
	table = fql_expose_lock("exposed_function");
	delete_dangling(table);
	delete_function(table, function);
	fql_expose_build(&before);
	insert_function(table, function, field_name, options);
	types = fql_expose_build(&after);
	fql_expose_raise_new_problem(before, after);
	PG_RETURN_DATUM(field_name_datum(types, function));
}

bool
fql_expose_hide_function(Oid oid)
{
	const FqlCatalogFunction *function = fql_catalog_function(oid);

	if (function != NULL)
		check_owner(function);
	return delete_function(fql_expose_lock("exposed_function"), oid);
}
