/*
 * coerce_input.c
 *    Coerced values under construction, and the messages that values from JSON and from documents share.
 */
#include "coerce_internal.h"

/* Bytes of a value that a message shows. */
#define FQL_EXCERPT_BYTES 60

FqlStr
fql_quote_excerpt(FqlArena *arena, FqlStr text)
{
	size_t		len = text.len;
	FqlBuffer	buffer;

	if (len > FQL_EXCERPT_BYTES)
	{
		len = FQL_EXCERPT_BYTES;
		while (len > 0 && ((unsigned char) text.data[len] & 0xC0) == 0x80)
			len--;				/* never half a character */
	}
	fql_buffer_init(&buffer, arena);
	fql_buffer_append_quoted(&buffer, (FqlStr){text.data, len});
	if (len < text.len)
		fql_buffer_append_cstring(&buffer, "...");
	return fql_buffer_text(&buffer);
}

FqlInput *
fql_input_new(FqlArena *arena, FqlInputKind kind, const FqlType *type, FqlLocation location)
{
	FqlInput   *input = FQL_NEW(arena, FqlInput);

	input->kind = kind;
	input->type = type;
	input->location = location;
	return input;
}

void
fql_input_append(FqlInputList *list, FqlInput *input)
{
	if (list->last != NULL)
		list->last->next = input;
	else
		list->first = input;
	list->last = input;
	list->count++;
}

void
fql_input_append_member(FqlInputList *list, FqlInput *input, const FqlInputField *field, FqlStr spelling)
{
	input->field = field->alias_of != NULL ? field->alias_of : field;
	input->spelling = spelling;
	fql_input_append(list, input);
}

static bool
has_member(const FqlInputList *members, const FqlInputField *field)
{
	for (const FqlInput *member = members->first; member != NULL; member = member->next)
		if (member->field == field)
			return true;
	return false;
}

const FqlInputField *
fql_input_next_missing(const FqlType *type, const FqlInputList *members, uint32_t *position)
{
	while (*position < type->input_field_count)
	{
		const FqlInputField *field = &type->input_fields[(*position)++];
		bool		matters = field->default_value != NULL || field->type->kind == FQL_TYPE_NODE_NON_NULL;

		if (matters && field->alias_of == NULL && !has_member(members, field))
			return field;
	}
	return NULL;
}

/* The type as non-null values of it have it. */
static const FqlTypeRef *
without_non_null(const FqlTypeRef *type)
{
	return type->kind == FQL_TYPE_NODE_NON_NULL ? type->of : type;
}

/* What a message says about the type's values. */
static const char *
expectation(const FqlTypeRef *type)
{
	const FqlTypeRef *inner = without_non_null(type);

	if (inner->kind == FQL_TYPE_NODE_NAMED && inner->type->kind == FQL_TYPE_SCALAR)
		return fql_scalar_expectation(inner->type->scalar);
	return "";
}

bool
fql_enum_has(const FqlType *type, FqlStr name)
{
	for (uint32_t i = 0; i < type->enum_value_count; i++)
		if (fql_str_equal(type->enum_values[i], name))
			return true;
	return false;
}

/* A literal for a message: short, whatever it holds. */
static FqlStr
describe_literal(const FqlValue *value, FqlArena *arena)
{
	switch (value->kind)
	{
		case FQL_VALUE_STRING:
			return fql_quote_excerpt(arena, value->text);
		case FQL_VALUE_BOOLEAN:
			return value->boolean ? FQL_STR("true") : FQL_STR("false");
		case FQL_VALUE_NULL:
			return FQL_STR("null");
		case FQL_VALUE_LIST:
			return FQL_STR("[...]");
		case FQL_VALUE_OBJECT:
			return FQL_STR("{...}");
		case FQL_VALUE_VARIABLE:
			return fql_arena_printf(arena, "$%.*s", FQL_STR_ARGS(value->text));
		case FQL_VALUE_INT:
		case FQL_VALUE_FLOAT:
		case FQL_VALUE_ENUM:
			break;
	}
	if (value->text.len <= FQL_EXCERPT_BYTES)
		return value->text;
	return fql_arena_printf(arena, "%.*s...", FQL_EXCERPT_BYTES, value->text.data);
}

void
fql_report_literal(const FqlValue *value, const FqlTypeRef *type, FqlErrorCode code, FqlDiagnostics *diagnostics)
{
	FqlStr		name = fql_type_ref_print(type, diagnostics->arena);
	FqlStr		shown = describe_literal(value, diagnostics->arena);

	fql_diagnose(diagnostics, code, value->location, "Expected type \"%.*s\"%s; found %.*s.", FQL_STR_ARGS(name),
				 expectation(type), FQL_STR_ARGS(shown));
}

FqlInput *
fql_coerce_default(const FqlInputField *field, FqlLocation location, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	bool		absent;
	const FqlInput *value = fql_coerce_literal(field->default_value, field->type, NULL, arena, diagnostics, &absent);
	FqlInput   *copy;

	if (value == NULL)
		return NULL;
	copy = FQL_NEW(arena, FqlInput);
	*copy = *value;
	copy->location = location;	/* its own place would be in the schema's text */
	return copy;
}
