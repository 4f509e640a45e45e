/*
 * sqlgen.c
 *    Selected fields to one SQL statement: the entry point, objects and their leaf fields.
 *
 * The statement builds the response text itself, with concat() and string_agg() over pieces that are JSON already.
 * json_build_object() would do the same, but it escapes every key again for every row, resolves the type of every
 * argument at every call and copies each nested level once more; row_to_json() cuts keys at 63 bytes.  concat() skips
 * NULL, so every piece is made non-NULL with COALESCE(.., 'null'), and its limit of FUNC_MAX_ARGS is met by nesting
 * calls, so an object may have any number of fields.
 *
 * Keys are GraphQL names, hence ASCII without anything to escape.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "guc.h"
#include "sqlgen_internal.h"

/* Pairs of one concat(): two arguments each and the closing brace stay below FUNC_MAX_ARGS in every build. */
#define PAIRS_PER_CALL 48

/* Calls within one call. */
#define CALLS_PER_CALL 90

static void append_value(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected);

/*
 * The response path of a field, or NULL below a list: an element's index is not known before rows are read, and a path
 * without it would name no position of the response.
 */
static const FqlPath *
exact_path(FqlSqlGen *gen, const FqlSelectedField *selected)
{
	FqlPath    *path;
	const FqlPath *parent = NULL;

	if (selected->ancestor != NULL)
	{
		const FqlTypeRef *type = selected->ancestor->field->type;

		if (type->kind == FQL_TYPE_NODE_NON_NULL)
			type = type->of;
		if (type->kind == FQL_TYPE_NODE_LIST)
			return NULL;
		parent = exact_path(gen, selected->ancestor);
		if (parent == NULL)
			return NULL;
	}
	path = FQL_NEW(gen->arena, FqlPath);
	path->parent = parent;
	path->name = selected->response_key;
	return path;
}

/* Report a value that cannot be used; generation goes on, so that one request hears of all its mistakes. */
void
fql_gen_diagnose(FqlSqlGen *gen, FqlErrorCode code, FqlLocation location, const char *format,...)
{
	StringInfoData message;
	FqlDiagnostic *diagnostic;
	int			needed;

	initStringInfo(&message);
	do
	{
		va_list		arguments;

		va_start(arguments, format);
		needed = appendStringInfoVA(&message, format, arguments);
		va_end(arguments);
		if (needed > 0)
			enlargeStringInfo(&message, needed);
	} while (needed > 0);
	if (location.line == 0 && gen->field != NULL)
		location = gen->field->location;
	diagnostic = fql_diagnose(gen->diagnostics, code, location, "%s", message.data);
	if (gen->field != NULL)
		diagnostic->path = exact_path(gen, gen->field);
	pfree(message.data);
	gen->failed = true;
}

/* The first piece of a client's value, for messages: whole characters only. */
FqlStr
fql_gen_excerpt(FqlStr text)
{
	if (text.len <= 64)
		return text;
	return (FqlStr){text.data, (size_t) pg_encoding_mbcliplen(PG_UTF8, text.data, (int) text.len, 64)};
}

/* A relation, column or operator vanished since the schema was loaded. */
void
fql_gen_relation_gone(FqlSqlGen *gen)
{
	fql_gen_diagnose(gen, FQL_ERROR_DATABASE, (FqlLocation){0, 0},
					 "The relation behind field \"%.*s\" was changed or dropped at this moment; try again.",
					 FQL_STR_ARGS(gen->field->field->name));
}

/* A correlation name of its own: t1, t2, ... */
void
fql_gen_alias(FqlSqlGen *gen, char *alias)
{
	snprintf(alias, FQL_ALIAS_SIZE, "t%d", ++gen->alias_count);
}

/* Room for one more parameter; its number is the count. */
static FqlSqlParameter *
new_parameter(FqlSql *sql)
{
	if (sql->parameter_count == sql->parameter_capacity)
	{
		int			capacity = sql->parameter_capacity == 0 ? 8 : sql->parameter_capacity * 2;
		Size		size = mul_size(capacity, sizeof(FqlSqlParameter));

		sql->parameters = sql->parameters == NULL ? palloc(size) : repalloc(sql->parameters, size);
		sql->parameter_capacity = capacity;
	}
	memset(&sql->parameters[sql->parameter_count], 0, sizeof(FqlSqlParameter));
	return &sql->parameters[sql->parameter_count++];
}

/* Add a value; returns n of $n. */
int
fql_gen_parameter(FqlSqlGen *gen, Oid type, FqlStr text)
{
	FqlSqlParameter *parameter = new_parameter(gen->sql);

	parameter->type = type;
	parameter->text = text;
	return gen->sql->parameter_count;
}

/* Add an array of values; returns n of $n, or 0 when the type has no array type. */
int
fql_gen_array_parameter(FqlSqlGen *gen, Oid element_type, FqlStr *items, uint32_t count)
{
	Oid			array_type = get_array_type(element_type);
	FqlSqlParameter *parameter;

	if (!OidIsValid(array_type))
		return 0;
	parameter = new_parameter(gen->sql);
	parameter->type = array_type;
	parameter->element_type = element_type;
	parameter->items = items;
	parameter->item_count = count;
	return gen->sql->parameter_count;
}

/* A column of the rows, as the enclosing query sees it; asking for it makes the inner query return it. */
const char *
fql_gen_column(FqlRowSource *source, AttrNumber column)
{
	source->columns = bms_add_member(source->columns, column);
	return psprintf("%s.c%d", source->alias, column);
}

/* The jsonb value that the fields of a document are keys of. */
static const char *
document_of(FqlRowSource *source)
{
	if (source->relation == NULL)
		return psprintf("%s.d", source->alias);
	return fql_gen_column(source, source->relation->data_column);
}

/* Does JSON hold the number in quotes?  JavaScript reads JSON numbers as doubles and would lose digits of these. */
static bool
printed_as_string(const FqlType *type)
{
	return fql_response_bigint_strings && type->kind == FQL_TYPE_SCALAR &&
		(type->scalar == FQL_SCALAR_BIGINT || type->scalar == FQL_SCALAR_DECIMAL);
}

/*
 * A value as JSON; "otherwise" ends the COALESCE.  to_json() prints what every built-in type's output function says,
 * dates in ISO 8601, NaN and infinities as strings.  Integers and booleans are JSON in their own text form, which
 * saves it the work.  Types that are not built in go through text, because to_json() would use a cast to json that
 * somebody defined for them, and the schema promised a String.
 */
void
fql_gen_leaf(FqlSqlGen *gen, const char *sql, const FqlType *type, Oid base, bool is_array, const char *otherwise)
{
	bool		is_json = type->kind == FQL_TYPE_SCALAR && type->scalar == FQL_SCALAR_JSON;
	StringInfo	out = &gen->sql->text;

	if (is_array && (printed_as_string(type) || (!is_json && base >= FirstNormalObjectId)))
		appendStringInfo(out, "COALESCE(pg_catalog.to_json(%s::pg_catalog.text[])%s)", sql, otherwise);
	else if (is_array)
		appendStringInfo(out, "COALESCE(pg_catalog.to_json(%s)%s)", sql, otherwise);
	else if (printed_as_string(type) || (!is_json && base >= FirstNormalObjectId))
		appendStringInfo(out, "COALESCE(pg_catalog.to_json(%s::pg_catalog.text)%s)", sql, otherwise);
	else if (type->kind == FQL_TYPE_SCALAR &&
			 (type->scalar == FQL_SCALAR_INT || type->scalar == FQL_SCALAR_BIGINT ||
			  type->scalar == FQL_SCALAR_BOOLEAN))
		appendStringInfo(out, "COALESCE(%s::pg_catalog.text%s)", sql, otherwise);
	else
		appendStringInfo(out, "COALESCE(pg_catalog.to_json(%s)%s)", sql, otherwise);
}

/* A column of rows that a function returned may be null where the relation's never is: that is an error. */
static void
append_column_value(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	const char *otherwise = ", 'null'";

	if (source->is_result && selected->field->type->kind == FQL_TYPE_NODE_NON_NULL)
		otherwise = psprintf("::pg_catalog.text, fraiseql.null_guard('%.*s'::pg_catalog.text)",
							 FQL_STR_ARGS(selected->field->name));
	fql_gen_leaf(gen, fql_gen_column(source, binding->column), fql_type_innermost(selected->field->type),
				 binding->column_type, binding->is_array, otherwise);
}

/* A column of a row that belongs to no relation: the rows themselves are the source. */
static void
append_result_value(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;

	fql_gen_leaf(gen, psprintf("%s.%s", source->alias, quote_identifier(binding->data_key)),
				 fql_type_innermost(selected->field->type), binding->column_type, binding->is_array, ", 'null'");
}

/* A key of a document, as it is stored there. */
static void
append_data_value(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	StringInfo	out = &gen->sql->text;

	appendStringInfo(out, "COALESCE(%s OPERATOR(pg_catalog.->) %s, ",
					 document_of(source), fql_text_literal(binding->data_key));

	/* "id" is ID!: a read model may keep it in its id column alone. */
	if (source->relation != NULL && source->relation->id_column != 0 && strcmp(binding->data_key, "id") == 0)
		appendStringInfo(out, "pg_catalog.to_jsonb(%s), ", fql_gen_column(source, source->relation->id_column));
	appendStringInfoString(out, "'null')");
}

/*
 * An object within a document.  The subquery names the object once, so that its fields do not each walk down from the
 * top; OFFSET 0 keeps the planner from undoing that.
 */
static void
append_data_object(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	StringInfo	out = &gen->sql->text;
	FqlRowSource object = {0};

	fql_gen_alias(gen, object.alias);
	appendStringInfo(out, "(SELECT CASE WHEN pg_catalog.jsonb_typeof(%s.d) OPERATOR(pg_catalog.=) 'object' THEN ",
					 object.alias);
	fql_gen_object(gen, &object, selected->selections, selected->selection_count);
	appendStringInfo(out, " ELSE 'null' END FROM (SELECT %s OPERATOR(pg_catalog.->) %s AS d OFFSET 0) AS %s)",
					 document_of(source), fql_text_literal(binding->data_key), object.alias);
}

/*
 * A list of objects within a document, in its order.  A value that is no array is null, or [] where the schema promises
 * a list.  Likewise an element that is no object is null, or left out where the schema promises elements: jsonb_agg()
 * over an outer join that found nothing gives [null], and means an empty list.
 */
static void
append_data_list(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	const FqlTypeRef *type = selected->field->type;
	bool		non_null = type->kind == FQL_TYPE_NODE_NON_NULL;
	bool		elements_non_null;
	StringInfo	out = &gen->sql->text;
	FqlRowSource object = {0};
	char		list[FQL_ALIAS_SIZE];

	if (non_null)
		type = type->of;
	elements_non_null = type->kind == FQL_TYPE_NODE_LIST && type->of->kind == FQL_TYPE_NODE_NON_NULL;
	fql_gen_alias(gen, object.alias);
	fql_gen_alias(gen, list);
	appendStringInfo(out, "(SELECT CASE WHEN pg_catalog.jsonb_typeof(%s.d) OPERATOR(pg_catalog.=) 'array' THEN "
					 "(SELECT pg_catalog.concat('[', pg_catalog.string_agg(", list);
	if (!elements_non_null)
		appendStringInfo(out, "CASE WHEN pg_catalog.jsonb_typeof(%s.d) OPERATOR(pg_catalog.=) 'object' THEN ",
						 object.alias);
	fql_gen_object(gen, &object, selected->selections, selected->selection_count);
	if (!elements_non_null)
		appendStringInfoString(out, " ELSE 'null' END");
	appendStringInfo(out, ", ','), ']') FROM pg_catalog.jsonb_array_elements(%s.d) AS %s(d)", list, object.alias);
	if (elements_non_null)
		appendStringInfo(out, " WHERE pg_catalog.jsonb_typeof(%s.d) OPERATOR(pg_catalog.=) 'object'", object.alias);
	appendStringInfo(out, ") ELSE '%s' END FROM (SELECT %s OPERATOR(pg_catalog.->) %s AS d OFFSET 0) AS %s)",
					 non_null ? "[]" : "null", document_of(source), fql_text_literal(binding->data_key), list);
}

/* The SQL of one field's value: any type whose text form is JSON, and never NULL. */
static void
append_value(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding;

	if (selected->field == NULL)
	{
		appendStringInfo(&gen->sql->text, "'\"%.*s\"'", FQL_STR_ARGS(selected->parent->name));
		return;
	}
	binding = selected->field->binding;
	gen->field = selected;
	switch (binding->kind)
	{
		case FQL_FIELD_ROOT_ONE:
		case FQL_FIELD_TO_ONE:
			fql_gen_row(gen, source, selected);
			break;
		case FQL_FIELD_ROOT_LIST:
		case FQL_FIELD_TO_MANY:
			fql_gen_list(gen, source, selected);
			break;
		case FQL_FIELD_COLUMN:
			append_column_value(gen, source, selected);
			break;
		case FQL_FIELD_DATA_VALUE:
			append_data_value(gen, source, selected);
			break;
		case FQL_FIELD_DATA_OBJECT:
			append_data_object(gen, source, selected);
			break;
		case FQL_FIELD_DATA_LIST:
			append_data_list(gen, source, selected);
			break;
		case FQL_FIELD_RESULT_VALUE:
			append_result_value(gen, source, selected);
			break;
		case FQL_FIELD_RESPONSE_ENTITY:
			fql_gen_entity(gen, selected);
			break;
		case FQL_FIELD_AFFECTED_COUNT:
			appendStringInfoString(&gen->sql->text, "(SELECT pg_catalog.count(*) FROM " FQL_RESULT_NAME ")");
			break;
		case FQL_FIELD_RECORDS:
			fql_gen_records(gen, selected);
			break;
		case FQL_FIELD_METRICS:
			fql_gen_object(gen, source, selected->selections, selected->selection_count);
			break;
		case FQL_FIELD_FUNCTION:
		case FQL_FIELD_INSERT:
		case FQL_FIELD_UPDATE:
		case FQL_FIELD_DELETE:
			elog(ERROR, "a mutation is no part of a query");
	}
}

/* Arguments of one concat(): keys and values of "count" fields from *next on, which moves along. */
static void
append_pairs(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField **next, uint32_t count, bool *first)
{
	StringInfo	out = &gen->sql->text;

	for (uint32_t i = 0; i < count; i++)
	{
		const FqlSelectedField *selected = *next;

		appendStringInfo(out, "%s'%s\"%.*s\":', ", i == 0 ? "" : ", ", *first ? "{" : ",",
						 FQL_STR_ARGS(selected->response_key));
		*first = false;
		append_value(gen, source, selected);
		*next = selected->next;
	}
}

/* The same for any number of fields: too many for one call are spread over calls within it. */
static void
append_members(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField **next, uint32_t count, bool *first)
{
	uint32_t	size = PAIRS_PER_CALL;

	if (count <= PAIRS_PER_CALL)
	{
		append_pairs(gen, source, next, count, first);
		return;
	}
	while ((uint64) size * CALLS_PER_CALL < count)
		size *= CALLS_PER_CALL;
	for (uint32_t done = 0; done < count; done += size)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfo(&gen->sql->text, "%spg_catalog.concat(", done == 0 ? "" : ", ");
		append_members(gen, source, next, Min(size, count - done), first);
		appendStringInfoChar(&gen->sql->text, ')');
	}
}

/* The text of an object with these fields: an expression of type text. */
void
fql_gen_object(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selections, uint32_t count)
{
	const FqlSelectedField *outer_field = gen->field;
	const FqlSelectedField *next = selections;
	bool		first = true;

	check_stack_depth();
	appendStringInfoString(&gen->sql->text, "pg_catalog.concat(");
	append_members(gen, source, &next, count, &first);
	appendStringInfoString(&gen->sql->text, count == 0 ? "'{}')" : ", '}')");
	gen->field = outer_field;
}

FqlSql *
fql_sqlgen(const FqlSelectedField *roots, uint32_t count, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlSqlGen	gen = {.sql = palloc0(sizeof(FqlSql)), .arena = arena, .diagnostics = diagnostics};
	FqlRowSource none = {0};

	initStringInfo(&gen.sql->text);
	appendStringInfoString(&gen.sql->text, "SELECT ");
	fql_gen_object(&gen, &none, roots, count);
	return gen.failed ? NULL : gen.sql;
}
