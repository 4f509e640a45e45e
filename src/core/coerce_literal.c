/*
 * coerce_literal.c
 *    Literals of a document, with the variables in them, become coerced values.
 *
 * Validation has already refused literals that do not fit, so most of what is reported here can only come from
 * variables: one without a value where a value is required, or null.  Nothing is assumed, though: a literal that
 * slipped through is still a diagnostic.  Recursion is as deep as the literal, which the parser bounded.
 */
#include "coerce_internal.h"
#include "names.h"

/*
 * The largest JSON literal that holds variables, in bytes.  A variable can be used many times in one literal, and its
 * value can be long, so the product needs a bound.  Whoever has more to send sends it as one variable.
 */
#define FQL_JSON_LITERAL_BYTES 65536

typedef struct FqlLiteralCoercion
{
	const FqlVariables *variables;	/* NULL: constant */
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
} FqlLiteralCoercion;

static FqlInput *coerce_value(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type,
							  bool *absent);

/* The value that a variable stands for: a copy, which its user may link and place. */
static FqlInput *
coerce_variable_use(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type, bool *absent)
{
	const FqlVariable *variable = coercion->variables != NULL ?
		fql_variable_find(coercion->variables, value->text) : NULL;
	FqlStr		name;
	FqlInput   *copy;

	if (variable == NULL || !variable->present)
	{
		*absent = true;
		return NULL;
	}
	if (type->kind == FQL_TYPE_NODE_NON_NULL && variable->value->kind == FQL_INPUT_NULL)
	{
		name = fql_type_ref_print(type, coercion->arena);
		fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, value->location,
					 "Variable \"$%.*s\" is null where a value of non-null type \"%.*s\" is required.",
					 FQL_STR_ARGS(value->text), FQL_STR_ARGS(name));
		return NULL;
	}
	copy = FQL_NEW(coercion->arena, FqlInput);
	*copy = *variable->value;
	copy->next = NULL;
	copy->location = value->location;
	return copy;
}

/* An item of a list: a variable without a value counts as null there. */
static FqlInput *
coerce_item(const FqlLiteralCoercion *coercion, const FqlValue *item, const FqlTypeRef *type)
{
	bool		absent = false;
	FqlInput   *input = coerce_value(coercion, item, type, &absent);

	if (!absent)
		return input;
	if (type->kind != FQL_TYPE_NODE_NON_NULL)
		return fql_input_new(coercion->arena, FQL_INPUT_NULL, NULL, item->location);
	fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, item->location,
				 "Variable \"$%.*s\" has no value, and an item of this list must have one.",
				 FQL_STR_ARGS(item->text));
	return NULL;
}

/* A list; a value that is no list becomes a list of one. */
static FqlInput *
coerce_list(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type)
{
	FqlInput   *list = fql_input_new(coercion->arena, FQL_INPUT_LIST, fql_type_innermost(type), value->location);
	const FqlValue *item = value->kind == FQL_VALUE_LIST ? value->items : value;
	FqlInputList items = {NULL, NULL, 0};

	for (; item != NULL; item = value->kind == FQL_VALUE_LIST ? item->next : NULL)
	{
		FqlInput   *input = coerce_item(coercion, item, type->of);

		if (input == NULL)
			return NULL;
		fql_input_append(&items, input);
	}
	list->items = items.first;
	list->count = items.count;
	return list;
}

/* Defaults for the fields that were not given, or a diagnostic for a required one. */
static bool
complete_object(const FqlLiteralCoercion *coercion, const FqlType *type, FqlLocation location, FqlInputList *members)
{
	const FqlInputField *field;
	uint32_t	position = 0;

	while ((field = fql_input_next_missing(type, members, &position)) != NULL)
	{
		FqlInput   *input = NULL;

		if (field->default_value != NULL)
			input = fql_coerce_default(field, location, coercion->arena, coercion->diagnostics);
		else
			fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, location,
						 "Field \"%.*s\" of input type \"%.*s\" is required and has no value.",
						 FQL_STR_ARGS(field->name), FQL_STR_ARGS(type->name));
		if (input == NULL)
			return false;
		fql_input_append_member(members, input, field, field->name);
	}
	return true;
}

/* One member of an input object; a variable without a value leaves the member out. */
static bool
coerce_member(const FqlLiteralCoercion *coercion, const FqlArgument *member, const FqlType *type,
			  FqlInputList *members)
{
	const FqlInputField *field = fql_input_field_find(type, member->name);
	bool		absent = false;
	FqlInput   *input;

	if (field == NULL)
	{
		FqlStr		hint = fql_suggest_input(type->input_fields, type->input_field_count, member->name,
											 coercion->diagnostics);

		fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, member->location,
					 "Field \"%.*s\" is not defined by input type \"%.*s\".%.*s", FQL_STR_ARGS(member->name),
					 FQL_STR_ARGS(type->name), FQL_STR_ARGS(hint));
		return false;
	}
	input = coerce_value(coercion, member->value, field->type, &absent);
	if (input != NULL)
		fql_input_append_member(members, input, field, member->name);
	return input != NULL || absent;
}

static FqlInput *
coerce_object(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type)
{
	FqlInput   *object = fql_input_new(coercion->arena, FQL_INPUT_OBJECT, type->type, value->location);
	FqlInputList members = {NULL, NULL, 0};

	if (value->kind != FQL_VALUE_OBJECT)
	{
		fql_report_literal(value, type, FQL_ERROR_BAD_INPUT, coercion->diagnostics);
		return NULL;
	}
	for (const FqlArgument *member = value->fields; member != NULL; member = member->next)
		if (!coerce_member(coercion, member, type->type, &members))
			return NULL;
	if (!complete_object(coercion, type->type, value->location, &members))
		return NULL;
	object->members = members.first;
	object->count = members.count;
	return object;
}

static FqlInput *
coerce_enum(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type)
{
	FqlInput   *input;

	if (value->kind != FQL_VALUE_ENUM || !fql_enum_has(type->type, value->text))
	{
		fql_report_literal(value, type, FQL_ERROR_BAD_INPUT, coercion->diagnostics);
		return NULL;
	}
	input = fql_input_new(coercion->arena, FQL_INPUT_ENUM, type->type, value->location);
	input->text = value->text;
	return input;
}

static FqlInput *
coerce_scalar(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type)
{
	FqlInput   *input = fql_input_new(coercion->arena, FQL_INPUT_SCALAR, type->type, value->location);

	if (fql_coerce_scalar_literal(value, type->type, coercion->variables, coercion->arena, &input->text))
		return input;
	fql_report_literal(value, type, FQL_ERROR_BAD_INPUT, coercion->diagnostics);
	return NULL;
}

/* A literal that is neither a variable nor null, for a named type. */
static FqlInput *
coerce_named(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type)
{
	switch (type->type->kind)
	{
		case FQL_TYPE_SCALAR:
			return coerce_scalar(coercion, value, type);
		case FQL_TYPE_ENUM:
			return coerce_enum(coercion, value, type);
		case FQL_TYPE_INPUT_OBJECT:
			return coerce_object(coercion, value, type);
		case FQL_TYPE_OBJECT:
			break;
	}
	fql_report_literal(value, type, FQL_ERROR_BAD_INPUT, coercion->diagnostics);
	return NULL;
}

/* NULL after a diagnostic, or with *absent set.  The node is always new: its user may link it. */
static FqlInput *
coerce_value(const FqlLiteralCoercion *coercion, const FqlValue *value, const FqlTypeRef *type, bool *absent)
{
	if (value->kind == FQL_VALUE_VARIABLE)
		return coerce_variable_use(coercion, value, type, absent);
	if (value->kind == FQL_VALUE_NULL)
	{
		if (type->kind != FQL_TYPE_NODE_NON_NULL)
			return fql_input_new(coercion->arena, FQL_INPUT_NULL, NULL, value->location);
		fql_report_literal(value, type, FQL_ERROR_BAD_INPUT, coercion->diagnostics);
		return NULL;
	}
	if (type->kind == FQL_TYPE_NODE_NON_NULL)
		type = type->of;
	if (type->kind == FQL_TYPE_NODE_LIST)
		return coerce_list(coercion, value, type);
	return coerce_named(coercion, value, type);
}

const FqlInput *
fql_coerce_literal(const FqlValue *value, const FqlTypeRef *type, const FqlVariables *variables, FqlArena *arena,
				   FqlDiagnostics *diagnostics, bool *absent)
{
	FqlLiteralCoercion coercion = {variables, arena, diagnostics};

	*absent = false;
	return coerce_value(&coercion, value, type, absent);
}

/* JSON text under construction. */
typedef struct FqlJsonLiteral
{
	const FqlVariables *variables;
	FqlBuffer	buffer;
	bool		has_variables;
} FqlJsonLiteral;

static bool print_json_literal(FqlJsonLiteral *json, const FqlValue *value);

/* Is the scalar's coerced text JSON as it stands? */
static bool
is_json_text(FqlScalar scalar)
{
	switch (scalar)
	{
		case FQL_SCALAR_INT:
		case FQL_SCALAR_BIGINT:
		case FQL_SCALAR_FLOAT:
		case FQL_SCALAR_DECIMAL:
		case FQL_SCALAR_BOOLEAN:
		case FQL_SCALAR_JSON:
			return true;
		default:
			return false;
	}
}

static bool print_json_input(FqlJsonLiteral *json, const FqlInput *input);

/* The items of a list or the members of an object. */
static bool
print_json_inputs(FqlJsonLiteral *json, const FqlInput *first, bool named)
{
	for (const FqlInput *input = first; input != NULL; input = input->next)
	{
		if (input != first)
			fql_buffer_append_char(&json->buffer, ',');
		if (named)
		{
			fql_buffer_append_quoted(&json->buffer, input->spelling);
			fql_buffer_append_char(&json->buffer, ':');
		}
		if (!print_json_input(json, input))
			return false;
	}
	return true;
}

/* A variable's coerced value as JSON; false: too long. */
static bool
print_json_input(FqlJsonLiteral *json, const FqlInput *input)
{
	bool		fits = true;

	switch (input->kind)
	{
		case FQL_INPUT_NULL:
			fql_buffer_append_cstring(&json->buffer, "null");
			break;
		case FQL_INPUT_SCALAR:
			if (is_json_text(input->type->scalar))
				fql_buffer_append(&json->buffer, input->text);
			else
				fql_buffer_append_quoted(&json->buffer, input->text);
			break;
		case FQL_INPUT_ENUM:
			fql_buffer_append_quoted(&json->buffer, input->text);
			break;
		case FQL_INPUT_LIST:
			fql_buffer_append_char(&json->buffer, '[');
			fits = print_json_inputs(json, input->items, false);
			fql_buffer_append_char(&json->buffer, ']');
			break;
		case FQL_INPUT_OBJECT:
			fql_buffer_append_char(&json->buffer, '{');
			fits = print_json_inputs(json, input->members, true);
			fql_buffer_append_char(&json->buffer, '}');
			break;
	}
	return fits && json->buffer.len <= FQL_JSON_LITERAL_BYTES;
}

/* The variable that a JSON literal uses, if it has a value. */
static const FqlVariable *
present_variable(const FqlJsonLiteral *json, const FqlValue *value)
{
	const FqlVariable *variable = value->kind == FQL_VALUE_VARIABLE && json->variables != NULL ?
		fql_variable_find(json->variables, value->text) : NULL;

	return variable != NULL && variable->present ? variable : NULL;
}

static bool
print_json_variable(FqlJsonLiteral *json, const FqlValue *value)
{
	const FqlVariable *variable = present_variable(json, value);

	json->has_variables = true;
	if (variable != NULL)
		return print_json_input(json, variable->value);
	fql_buffer_append_cstring(&json->buffer, "null");
	return true;
}

static bool
print_json_list(FqlJsonLiteral *json, const FqlValue *list)
{
	fql_buffer_append_char(&json->buffer, '[');
	for (const FqlValue *item = list->items; item != NULL; item = item->next)
	{
		if (item != list->items)
			fql_buffer_append_char(&json->buffer, ',');
		if (!print_json_literal(json, item))
			return false;
	}
	fql_buffer_append_char(&json->buffer, ']');
	return true;
}

/* An object; as in an input object, a variable without a value leaves its member out. */
static bool
print_json_object(FqlJsonLiteral *json, const FqlValue *object)
{
	bool		first = true;

	fql_buffer_append_char(&json->buffer, '{');
	for (const FqlArgument *member = object->fields; member != NULL; member = member->next)
	{
		if (member->value->kind == FQL_VALUE_VARIABLE && present_variable(json, member->value) == NULL)
			continue;
		if (!first)
			fql_buffer_append_char(&json->buffer, ',');
		first = false;
		fql_buffer_append_quoted(&json->buffer, member->name);
		fql_buffer_append_char(&json->buffer, ':');
		if (!print_json_literal(json, member->value))
			return false;
	}
	fql_buffer_append_char(&json->buffer, '}');
	return true;
}

/* Append the literal as JSON; false where JSON in PostgreSQL cannot hold it. */
static bool
print_json_literal(FqlJsonLiteral *json, const FqlValue *value)
{
	switch (value->kind)
	{
		case FQL_VALUE_VARIABLE:
			return print_json_variable(json, value);
		case FQL_VALUE_INT:
		case FQL_VALUE_FLOAT:
			fql_buffer_append(&json->buffer, value->text);
			return fql_is_decimal(value->text);
		case FQL_VALUE_STRING:
		case FQL_VALUE_ENUM:
			fql_buffer_append_quoted(&json->buffer, value->text);
			return fql_is_storable(value->text);
		case FQL_VALUE_BOOLEAN:
			fql_buffer_append_cstring(&json->buffer, value->boolean ? "true" : "false");
			return true;
		case FQL_VALUE_NULL:
			fql_buffer_append_cstring(&json->buffer, "null");
			return true;
		case FQL_VALUE_LIST:
			return print_json_list(json, value);
		case FQL_VALUE_OBJECT:
			return print_json_object(json, value);
	}
	return false;
}

static bool
coerce_json_literal(const FqlValue *value, const FqlVariables *variables, FqlArena *arena, FqlStr *result)
{
	FqlJsonLiteral json = {.variables = variables};

	fql_buffer_init(&json.buffer, arena);
	if (!print_json_literal(&json, value))
		return false;
	*result = fql_buffer_text(&json.buffer);
	return !json.has_variables || result->len <= FQL_JSON_LITERAL_BYTES;
}

bool
fql_coerce_scalar_literal(const FqlValue *value, const FqlType *type, const FqlVariables *variables, FqlArena *arena,
						  FqlStr *result)
{
	FqlLeafText leaf = {FQL_LEAF_STRING, value->text};

	if (type->scalar == FQL_SCALAR_JSON)
		return coerce_json_literal(value, variables, arena, result);
	switch (value->kind)
	{
		case FQL_VALUE_INT:
			leaf.kind = FQL_LEAF_INT;
			break;
		case FQL_VALUE_FLOAT:
			leaf.kind = FQL_LEAF_FLOAT;
			break;
		case FQL_VALUE_STRING:
			break;
		case FQL_VALUE_BOOLEAN:
			leaf.kind = FQL_LEAF_BOOLEAN;
			leaf.text = value->boolean ? FQL_STR("true") : FQL_STR("false");
			break;
		default:
			return false;
	}
	return fql_coerce_leaf(type->scalar, &leaf, arena, result);
}
