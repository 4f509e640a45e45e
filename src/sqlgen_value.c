/*
 * sqlgen_value.c
 *    Input values as SQL expressions: arguments of functions, values of columns.
 *
 * A scalar is one parameter of the place's own type, cast to it by name, so that nothing about a value decides which
 * function is called.  A value of a row type travels as jsonb, under the names of its columns, and
 * jsonb_populate_record() hands each member to the input function of its column.
 *
 * A DateTime with an offset that goes into a timestamp is one as of the session's time zone, as filters compare it
 * (sqlgen_where.c); input to type timestamp would drop the offset without a word.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "response.h"
#include "sqlgen_internal.h"

static void append_json(StringInfo json, const FqlInput *value);

/* A type by its name, with its schema, quoted.  It has no modifier: bit alone would be bit(1). */
static const char *
type_name(Oid type)
{
	return format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY | FORMAT_TYPE_TYPEMOD_GIVEN);
}

static void
append_json_string(StringInfo json, FqlStr text)
{
	escape_json(json, pnstrdup(text.data, text.len));
}

static void
append_json_list(StringInfo json, const FqlInput *list)
{
	appendStringInfoChar(json, '[');
	for (const FqlInput *item = list->items; item != NULL; item = item->next)
	{
		CHECK_FOR_INTERRUPTS();
		append_json(json, item);
		if (item->next != NULL)
			appendStringInfoChar(json, ',');
	}
	appendStringInfoChar(json, ']');
}

/* The members of an input object for a row type, by the names of its columns. */
static void
append_json_row(StringInfo json, const FqlInput *row)
{
	appendStringInfoChar(json, '{');
	for (const FqlInput *member = row->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		append_json_string(json, fql_response_to_utf8(fql_str_from(binding->slot->name)));
		appendStringInfoChar(json, ':');
		append_json(json, member);
		if (member->next != NULL)
			appendStringInfoChar(json, ',');
	}
	appendStringInfoChar(json, '}');
}

/* In UTF-8, as everything that comes from the core.  Scalars are strings: each column's type reads its own text. */
static void
append_json(StringInfo json, const FqlInput *value)
{
	check_stack_depth();
	switch (value->kind)
	{
		case FQL_INPUT_NULL:
			appendStringInfoString(json, "null");
			break;
		case FQL_INPUT_LIST:
			append_json_list(json, value);
			break;
		case FQL_INPUT_OBJECT:
			append_json_row(json, value);
			break;
		case FQL_INPUT_ENUM:
			append_json_string(json, value->text);
			break;
		case FQL_INPUT_SCALAR:
			if (value->type->kind == FQL_TYPE_SCALAR && value->type->scalar == FQL_SCALAR_JSON)
				appendBinaryStringInfo(json, value->text.data, value->text.len);
			else
				append_json_string(json, value->text);
			break;
	}
}

/* A value that a uuid could never be is the client's mistake. */
static bool
check_uuid(FqlSqlGen *gen, Oid type, const FqlInput *value)
{
	FqlStr		shown;

	if (getBaseType(type) != UUIDOID || value->kind == FQL_INPUT_NULL || fql_is_uuid(value->text))
		return true;
	shown = fql_gen_excerpt(value->text);
	fql_gen_diagnose(gen, FQL_ERROR_BAD_INPUT, value->location, "\"%.*s\" is not a UUID.", FQL_STR_ARGS(shown));
	return false;
}

static void
append_scalar(FqlSqlGen *gen, const FqlSlot *slot, const FqlInput *value)
{
	Oid			type = slot->base;

	if (!check_uuid(gen, type, value))
		return;
	if (type == TIMESTAMPOID && fql_gen_has_offset(value->text))
		type = TIMESTAMPTZOID;
	appendStringInfo(&gen->sql->text, "$%d", fql_gen_parameter(gen, type, value->text));
}

static void
append_array(FqlSqlGen *gen, const FqlSlot *slot, const FqlInput *list)
{
	FqlStr	   *items = palloc0(mul_size(Max(list->count, 1), sizeof(FqlStr)));
	Oid			element = get_element_type(slot->base);
	uint32_t	count = 0;

	for (const FqlInput *item = list->items; item != NULL; item = item->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (!check_uuid(gen, element, item))
			return;
		if (item->kind != FQL_INPUT_NULL)
			items[count] = item->text;
		count++;
	}
	appendStringInfo(&gen->sql->text, "$%d", fql_gen_array_parameter(gen, element, items, count));
}

/* A value of a row type, or an array of them. */
static void
append_row(FqlSqlGen *gen, const FqlSlot *slot, const FqlInput *value)
{
	StringInfoData json;
	int			number;

	initStringInfo(&json);
	append_json(&json, value);
	number = fql_gen_parameter(gen, JSONBOID, (FqlStr){json.data, json.len});
	if (slot->is_array)
		appendStringInfo(&gen->sql->text, "ARRAY(SELECT pg_catalog.jsonb_populate_record(NULL::%s, "
						 "CASE WHEN pg_catalog.jsonb_typeof(e.v) OPERATOR(pg_catalog.=) 'object' THEN e.v END) "
						 "FROM pg_catalog.jsonb_array_elements($%d) WITH ORDINALITY AS e(v, n) ORDER BY e.n)",
						 type_name(getBaseType(get_element_type(slot->base))), number);
	else
		appendStringInfo(&gen->sql->text, "pg_catalog.jsonb_populate_record(NULL::%s, $%d)", type_name(slot->base),
						 number);
}

/* An expression of the slot's type. */
void
fql_gen_slot(FqlSqlGen *gen, const FqlSlot *slot, const FqlInput *value)
{
	StringInfo	out = &gen->sql->text;

	appendStringInfoChar(out, '(');
	if (value->kind == FQL_INPUT_NULL)
		appendStringInfoString(out, "NULL");
	else if (slot->is_row)
		append_row(gen, slot, value);
	else if (slot->is_array)
		append_array(gen, slot, value);
	else
		append_scalar(gen, slot, value);
	appendStringInfo(out, ")::%s", type_name(slot->type));
}
