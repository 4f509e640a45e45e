/*
 * catalog_functions.c
 *    What the schema needs to know about a function, read from the catalogs.
 *
 * From the syscache, as of the invalidation messages that were received before the schema's load began; whether that is
 * current is not for this file to say (catalog.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "catalog_functions.h"

static bool
takes_value(char mode)
{
	return mode == PROARGMODE_IN || mode == PROARGMODE_INOUT || mode == PROARGMODE_VARIADIC;
}

/* Defaults belong to the last of the parameters that take a value. */
static void
read_parameters(FqlCatalogFunction *function, HeapTuple tuple)
{
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			count = get_func_arg_info(tuple, &types, &names, &modes);

	function->parameters = palloc0(sizeof(FqlParameter) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		char		mode = modes == NULL ? PROARGMODE_IN : modes[i];

		if (!takes_value(mode))
			continue;
		function->parameters[function->parameter_count++] = (FqlParameter){
			.name = names == NULL ? "" : names[i],
			.type = types[i],
			.is_variadic = mode == PROARGMODE_VARIADIC,
		};
	}
	for (int i = Max(function->parameter_count - proc->pronargdefaults, 0); i < function->parameter_count; i++)
		function->parameters[i].has_default = true;
}

/* The columns of a row that has no named type: OUT parameters, RETURNS TABLE. */
static void
read_record(FqlCatalogFunction *function, HeapTuple tuple)
{
	TupleDesc	row = build_function_result_tupdesc_t(tuple);

	if (row == NULL)
		return;
	function->columns = palloc0(sizeof(FqlColumn) * Max(row->natts, 1));
	for (int i = 0; i < row->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row, i);

		function->columns[function->column_count++] = (FqlColumn){
			.number = attribute->attnum,
			.name = pstrdup(NameStr(attribute->attname)),
			.type = attribute->atttypid,
			.collation = attribute->attcollation,
		};
	}
}

static void
read_result(FqlCatalogFunction *function, HeapTuple tuple)
{
	Oid			base = getBaseType(function->result);

	if (base == RECORDOID)
		read_record(function, tuple);
	else if (get_typtype(base) == TYPTYPE_COMPOSITE)
	{
		FqlCatalogRelation *row;

		function->relid = get_typ_typrelid(base);
		row = fql_catalog_relation(function->relid);
		if (row == NULL)
			return;
		function->columns = row->columns;
		function->column_count = row->column_count;
	}
}

FqlCatalogFunction *
fql_catalog_function(Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	FqlCatalogFunction *function;
	Form_pg_proc proc;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	function = palloc0(sizeof(FqlCatalogFunction));
	function->oid = oid;
	function->schema = proc->pronamespace;
	function->owner = proc->proowner;
	function->name = pstrdup(NameStr(proc->proname));
	function->label = format_procedure_qualified(oid);
	function->comment = GetComment(oid, ProcedureRelationId, 0);
	function->kind = proc->prokind;
	function->returns_set = proc->proretset;
	function->result = proc->prorettype;
	read_parameters(function, tuple);
	read_result(function, tuple);
	ReleaseSysCache(tuple);
	return function;
}
