/*
 * sqlgen_result.c
 *    The two statements of a mutation: the call of its function, and the selection from what the function returned.
 *
 * Two, because a statement does not see what functions change while it runs: the selection leads from the returned rows
 * to other rows, and these must be read afterwards.  In between the rows are kept in a tuple store, which the second
 * statement reads under the name FQL_RESULT_NAME, with the types and names that they have.
 *
 * The call names every argument and casts it to the type of its parameter, and leaves out those that were not given,
 * so that defaults are PostgreSQL's.  Overloads can make such a call mean another function; who runs it looks
 * (mutation.c).
 *
 * A FraiseQL response is a third thing.  mutation_response.c makes one JSON document of it, whichever form it had, and
 * the selection reads that.  Its entity is read anew by its id, through the exposed relation, under the privileges and
 * the row security of the caller, rather than from the JSON that the function built: the caller sees what it may see,
 * as of now, with all fields of the type, whatever the function put into it.  If there is no such row, deleted or not
 * to be seen, it is null.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "sqlgen_internal.h"

/* The alias of a call whose result is one value, in the column v. */
#define CALL_ALIAS "fraiseql_call"

/*
 * The call
 */

/* name => value, for each argument that was given. */
static void
append_arguments(FqlSqlGen *gen, const FqlFunction *function, const FqlSelectedField *root)
{
	StringInfo	out = &gen->sql->text;
	bool		first = true;

	for (int i = 0; i < function->slot_count; i++)
	{
		const FqlSlot *slot = &function->slots[i];
		const FqlInput *value = root->arguments == NULL ? NULL : root->arguments[i];
		bool		is_variadic = i == function->variadic;

		if (value == NULL && !is_variadic)
			continue;
		appendStringInfo(out, "%s%s%s => ", first ? "" : ", ", is_variadic ? "VARIADIC " : "",
						 quote_identifier(slot->name));
		first = false;
		if (value != NULL)
			fql_gen_slot(gen, slot, value);
		else
			appendStringInfo(out, "'{}'::%s", format_type_extended(slot->type, -1, FORMAT_TYPE_FORCE_QUALIFY |
																   FORMAT_TYPE_TYPEMOD_GIVEN));
	}
}

/* What the call's statement selects, and what of it FROM needs to know. */
static void
append_call_targets(FqlSqlGen *gen, const FqlFunction *function, const FqlType *type)
{
	static const char *const value = CALL_ALIAS ".v";
	StringInfo	out = &gen->sql->text;

	switch (function->shape)
	{
		case FQL_RESULT_VOID:
			appendStringInfoString(out, "'true'::pg_catalog.text");
			break;
		case FQL_RESULT_LEAF:
			appendStringInfoChar(out, '(');
			fql_gen_leaf(gen, value, type, function->result_type, function->result_is_array, ", 'null'");
			appendStringInfoString(out, ")::pg_catalog.text");
			break;
		case FQL_RESULT_JSONB:
			appendStringInfo(out, "COALESCE(CASE WHEN pg_catalog.jsonb_typeof(%s) OPERATOR(pg_catalog.=) 'object' "
							 "THEN %s OPERATOR(pg_catalog.-) '_cascade'::pg_catalog.text ELSE %s END, "
							 "'null')::pg_catalog.text, %s OPERATOR(pg_catalog.->) '_cascade'::pg_catalog.text",
							 value, value, value, value);
			break;
		case FQL_RESULT_ROW:
		case FQL_RESULT_COLUMNS:
			appendStringInfoString(out, CALL_ALIAS ".*");
			break;
		case FQL_RESULT_RESPONSE:
			appendStringInfoString(out, "CASE WHEN NOT (" CALL_ALIAS " IS NULL) "
								   "THEN pg_catalog.to_jsonb(" CALL_ALIAS ") END");
			break;
		case FQL_RESULT_RESPONSE_JSONB:
			appendStringInfoString(out, value);
			break;
	}
}

static bool
returns_row(const FqlFunction *function)
{
	return function->shape == FQL_RESULT_ROW || function->shape == FQL_RESULT_COLUMNS ||
		function->shape == FQL_RESULT_RESPONSE;
}

FqlSql *
fql_sqlgen_call(const FqlSelectedField *root, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlSqlGen	gen = {.sql = palloc0(sizeof(FqlSql)), .arena = arena, .diagnostics = diagnostics, .field = root};
	const FqlFunction *function = ((const FqlFieldBinding *) root->field->binding)->function;
	StringInfo	out = &gen.sql->text;
	char	   *name = get_func_name(function->oid);
	char	   *schema = name == NULL ? NULL : get_namespace_name(get_func_namespace(function->oid));

	initStringInfo(out);
	if (schema == NULL)
	{
		fql_gen_relation_gone(&gen);
		return NULL;
	}
	appendStringInfoString(out, "SELECT ");
	append_call_targets(&gen, function, fql_type_innermost(root->field->type));
	appendStringInfo(out, " FROM %s(", quote_qualified_identifier(schema, name));
	append_arguments(&gen, function, root);
	appendStringInfo(out, ") AS %s", returns_row(function) ? CALL_ALIAS : CALL_ALIAS "(v)");
	return gen.failed ? NULL : gen.sql;
}

/*
 * The selection
 */

/* The calling role may not read what it may not select from the relation itself, whoever put it into the row. */
static void
check_columns(FqlSqlGen *gen, const FqlSelectedField *root, const FqlRelation *relation, const Bitmapset *columns)
{
	int			column = -1;

	if (pg_class_aclcheck(relation->relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return;
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		if (pg_attribute_aclcheck(relation->relid, column, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
			continue;
		gen->field = root;
		fql_gen_diagnose(gen, FQL_ERROR_FORBIDDEN, (FqlLocation){0, 0}, "Permission denied for field \"%.*s\".",
						 FQL_STR_ARGS(root->field->name));
		return;
	}
}

/* FROM the rows: the columns that the selection asked for, as the generator of rows wants them. */
static void
append_rows(FqlSqlGen *gen, FqlRowSource *source)
{
	StringInfo	out = &gen->sql->text;
	char		alias[FQL_ALIAS_SIZE];
	int			column = -1;

	fql_gen_alias(gen, alias);
	appendStringInfoString(out, " FROM (SELECT ");
	if (fql_gen_reads_document(source))
		fql_gen_detoasted(gen, source);
	if (bms_is_empty(source->columns))
		appendStringInfoChar(out, '1');
	for (bool first = true; (column = bms_next_member(source->columns, column)) >= 0; first = false)
	{
		appendStringInfoString(out, first ? "" : ", ");
		if (!fql_name_column(out, alias, source->relation->relid, column))
			fql_gen_relation_gone(gen);
		appendStringInfo(out, " AS c%d", column);
	}
	appendStringInfo(out, " FROM " FQL_RESULT_NAME " AS %s OFFSET 0) AS %s", alias, source->alias);
	if (fql_gen_reads_document(source))
		appendStringInfo(out, " OFFSET 0) AS %s", source->alias);
}

/* One row, or a list of them, with its selection. */
static void
append_selection(FqlSqlGen *gen, const FqlSelectedField *root, bool list)
{
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {.relation = gen->result->relation, .is_result = true};

	fql_gen_alias(gen, source.alias);
	appendStringInfoString(out, list ? "SELECT pg_catalog.concat('[', pg_catalog.string_agg(" : "SELECT ");
	fql_gen_object(gen, &source, root->selections, root->selection_count);
	if (list)
		appendStringInfoString(out, ", ','), ']')");
	if (source.relation != NULL)
		append_rows(gen, &source);
	else
		appendStringInfo(out, " FROM " FQL_RESULT_NAME " AS %s", source.alias);
	gen->result->columns = source.columns;
	if (source.relation != NULL)
		check_columns(gen, root, source.relation, source.columns);
}

/* A FraiseQL response: fields of one document. */
static void
append_document(FqlSqlGen *gen, const FqlSelectedField *root)
{
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {0};

	fql_gen_alias(gen, source.alias);
	appendStringInfoString(out, "SELECT ");
	fql_gen_object(gen, &source, root->selections, root->selection_count);
	appendStringInfo(out, " FROM (SELECT $%d AS d OFFSET 0) AS %s",
					 fql_gen_parameter(gen, JSONBOID, gen->result->document), source.alias);
}

/* Is the key of this type, be it in the column or in the document? */
static bool
has_key_type(const FqlField *key, Oid type)
{
	const FqlFieldBinding *binding = key->binding;

	return getBaseType(binding->column_type) == type || binding->native.type == type;
}

/* The field "entity" of a response: the row that it is about, by its id.  No row has an id that is none. */
void
fql_gen_entity(FqlSqlGen *gen, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	FqlInput	id = {.kind = FQL_INPUT_SCALAR, .text = gen->result->entity_id, .location = selected->location};

	if (id.text.data == NULL || (has_key_type(binding->key, UUIDOID) && !fql_is_uuid(id.text)))
	{
		appendStringInfoString(&gen->sql->text, "'null'");
		return;
	}
	id.type = fql_type_innermost(binding->key->type);
	fql_gen_row_with_key(gen, selected, &id);
}

/* The rows that were written.  A root field may list them more than once, under different names. */
void
fql_gen_records(FqlSqlGen *gen, const FqlSelectedField *selected)
{
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {.relation = gen->result->relation};

	fql_gen_alias(gen, source.alias);
	appendStringInfoString(out, "(SELECT pg_catalog.concat('[', pg_catalog.string_agg(");
	fql_gen_object(gen, &source, selected->selections, selected->selection_count);
	appendStringInfoString(out, ", ','), ']')");
	append_rows(gen, &source);
	appendStringInfoChar(out, ')');
	gen->result->columns = bms_add_members(gen->result->columns, source.columns);
	gen->result->has_records = true;
}

FqlSql *
fql_sqlgen_result(const FqlSelectedField *root, FqlResult *result, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlSqlGen	gen = {
		.sql = palloc0(sizeof(FqlSql)), .arena = arena, .diagnostics = diagnostics, .field = root, .result = result
	};
	const FqlFunction *function = ((const FqlFieldBinding *) root->field->binding)->function;

	initStringInfo(&gen.sql->text);
	if (result->document.data != NULL)
		append_document(&gen, root);
	else if (function == NULL)
	{
		FqlRowSource none = {0};

		appendStringInfoString(&gen.sql->text, "SELECT ");
		fql_gen_object(&gen, &none, root->selections, root->selection_count);
	}
	else
		append_selection(&gen, root, function->returns_set);
	return gen.failed ? NULL : gen.sql;
}
