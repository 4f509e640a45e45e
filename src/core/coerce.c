/*
 * coerce.c
 *    CoerceVariableValues (specification, section 6.1.2): the request's variables, from JSON to coerced values.
 *
 * All mistakes are reported, not just the first, each at the variable's definition and with the path inside the value,
 * because a client fixes its variables by reading them.  Besides the values this makes their canonical text, by which
 * the cache tells requests apart: it is unambiguous (strings are quoted, nothing else can begin with a quote) and
 * names canonical input fields, so that two spellings of one filter share an answer.
 */
#include "coerce_internal.h"
#include "names.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct FqlVariableCoercion
{
	const FqlVariableDefinition *definition;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
} FqlVariableCoercion;

static FqlInput *coerce_json(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type,
							 const FqlPath *path);

/* "where.id[2]": recursion to the outermost element first; as deep as the JSON value, which its parser bounded. */
static void
print_path(const FqlPath *path, FqlBuffer *buffer)
{
	char		number[16];

	if (path == NULL)
		return;
	print_path(path->parent, buffer);
	if (path->name.data != NULL)
	{
		if (path->parent != NULL)
			fql_buffer_append_char(buffer, '.');
		fql_buffer_append(buffer, path->name);
		return;
	}
	snprintf(number, sizeof(number), "[%lu]", (unsigned long) path->index);
	fql_buffer_append_cstring(buffer, number);
}

/* A JSON value for a message: short, whatever it holds. */
static FqlStr
describe_json(const FqlJson *json, FqlArena *arena)
{
	FqlStr		quoted;

	switch (fql_json_kind(json))
	{
		case FQL_JSON_NULL:
			return FQL_STR("null");
		case FQL_JSON_BOOLEAN:
			return fql_json_boolean(json) ? FQL_STR("true") : FQL_STR("false");
		case FQL_JSON_NUMBER:
			quoted = fql_quote_excerpt(arena, fql_json_text(json, arena));
			return quoted.data[quoted.len - 1] == '"' ? (FqlStr){quoted.data + 1, quoted.len - 2} : quoted;
		case FQL_JSON_STRING:
			return fql_quote_excerpt(arena, fql_json_text(json, arena));
		case FQL_JSON_ARRAY:
			return FQL_STR("[...]");
		case FQL_JSON_OBJECT:
			break;
	}
	return FQL_STR("{...}");
}

/* Say that a value is invalid, and why; always NULL. */
static FqlInput *
report(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlPath *path, FqlStr reason)
{
	FqlStr		shown = describe_json(json, coercion->arena);
	FqlBuffer	place;

	fql_buffer_init(&place, coercion->arena);
	if (path != NULL)
	{
		fql_buffer_append_cstring(&place, " at \"");
		print_path(path, &place);
		fql_buffer_append_char(&place, '"');
	}
	fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, coercion->definition->location,
				 "Variable \"$%.*s\" got invalid value %.*s%.*s; %.*s", FQL_STR_ARGS(coercion->definition->name),
				 FQL_STR_ARGS(shown), (int) place.len, place.len > 0 ? place.data : "", FQL_STR_ARGS(reason));
	return NULL;
}

/* The same where the value is not of the type. */
static FqlInput *
report_type(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlStr		name = fql_type_ref_print(type, coercion->arena);
	const char *expectation = "";

	if (type->kind == FQL_TYPE_NODE_NAMED && type->type->kind == FQL_TYPE_SCALAR)
		expectation = fql_scalar_expectation(type->type->scalar);
	return report(coercion, json, path, fql_arena_printf(coercion->arena, "Expected type \"%.*s\"%s.",
														 FQL_STR_ARGS(name), expectation));
}

static FqlInput *
new_input(const FqlVariableCoercion *coercion, FqlInputKind kind, const FqlType *type)
{
	return fql_input_new(coercion->arena, kind, type, coercion->definition->location);
}

/* A list; a value that is no list becomes a list of one. */
static FqlInput *
coerce_list(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlInput   *list = new_input(coercion, FQL_INPUT_LIST, fql_type_innermost(type));
	bool		is_array = fql_json_kind(json) == FQL_JSON_ARRAY;
	size_t		length = is_array ? fql_json_length(json) : 1;
	FqlInputList items = {NULL, NULL, 0};

	for (size_t i = 0; i < length; i++)
	{
		FqlPath		element = {.parent = path, .index = (uint32_t) i};
		FqlInput   *item = coerce_json(coercion, is_array ? fql_json_item(json, i) : json, type->of,
									   is_array ? &element : path);

		if (item != NULL)
			fql_input_append(&items, item);
	}
	list->items = items.first;
	list->count = items.count;
	return items.count == length ? list : NULL;
}

/* An object whose members are being visited. */
typedef struct FqlObjectCoercion
{
	const FqlVariableCoercion *coercion;
	const FqlJson *json;
	const FqlType *type;
	const FqlPath *path;
	FqlInputList members;
	bool		failed;
} FqlObjectCoercion;

static bool
coerce_member(FqlStr name, FqlJson *value, void *argument)
{
	FqlObjectCoercion *object = argument;
	const FqlVariableCoercion *coercion = object->coercion;
	const FqlType *type = object->type;
	const FqlInputField *field = fql_input_field_find(type, name);
	FqlPath		path = {.parent = object->path, .name = name};
	FqlInput   *input = NULL;
	FqlStr		hint;

	if (field != NULL)
		input = coerce_json(coercion, value, field->type, &path);
	else
	{
		hint = fql_suggest_input(type->input_fields, type->input_field_count, name, coercion->diagnostics);
		report(coercion, object->json, object->path,
			   fql_arena_printf(coercion->arena, "Field \"%.*s\" is not defined by type \"%.*s\".%.*s",
								FQL_STR_ARGS(name), FQL_STR_ARGS(type->name), FQL_STR_ARGS(hint)));
	}
	if (input != NULL)
		fql_input_append_member(&object->members, input, field, fql_arena_copy(coercion->arena, name));
	else
		object->failed = true;
	return true;
}

/* Defaults for the fields that were not given, or a diagnostic for a required one. */
static void
complete_object(FqlObjectCoercion *object)
{
	const FqlVariableCoercion *coercion = object->coercion;
	const FqlInputField *field;
	uint32_t	position = 0;

	while ((field = fql_input_next_missing(object->type, &object->members, &position)) != NULL)
	{
		FqlInput   *input = NULL;
		FqlStr		type;

		if (field->default_value != NULL)
			input = fql_coerce_default(field, coercion->definition->location, coercion->arena, coercion->diagnostics);
		else
		{
			type = fql_type_ref_print(field->type, coercion->arena);
			report(coercion, object->json, object->path,
				   fql_arena_printf(coercion->arena, "Field \"%.*s\" of required type \"%.*s\" was not provided.",
									FQL_STR_ARGS(field->name), FQL_STR_ARGS(type)));
		}
		if (input != NULL)
			fql_input_append_member(&object->members, input, field, field->name);
		else
			object->failed = true;
	}
}

static FqlInput *
coerce_object(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlObjectCoercion object = {.coercion = coercion, .json = json, .type = type->type, .path = path};
	FqlInput   *input;

	if (fql_json_kind(json) != FQL_JSON_OBJECT)
		return report_type(coercion, json, type, path);
	fql_json_each(json, coerce_member, &object);
	if (!object.failed)
		complete_object(&object);
	if (object.failed)
		return NULL;
	input = new_input(coercion, FQL_INPUT_OBJECT, type->type);
	input->members = object.members.first;
	input->count = object.members.count;
	return input;
}

static FqlInput *
coerce_enum(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlStr		name = fql_json_text(json, coercion->arena);
	FqlInput   *input;
	FqlStr		hint;

	if (fql_json_kind(json) != FQL_JSON_STRING)
		return report_type(coercion, json, type, path);
	if (!fql_enum_has(type->type, name))
	{
		hint = fql_suggest_enum_value(type->type, name, coercion->diagnostics);
		return report(coercion, json, path,
					  fql_arena_printf(coercion->arena, "It is not a value of enum \"%.*s\".%.*s",
									   FQL_STR_ARGS(type->type->name), FQL_STR_ARGS(hint)));
	}
	input = new_input(coercion, FQL_INPUT_ENUM, type->type);
	input->text = name;
	return input;
}

static bool json_is_storable(const FqlJson *json, FqlArena *arena);

/* Visits members until one is not storable. */
typedef struct FqlStorableVisit
{
	FqlArena   *arena;
	bool		storable;
} FqlStorableVisit;

static bool
member_is_storable(FqlStr name, FqlJson *value, void *argument)
{
	FqlStorableVisit *visit = argument;

	visit->storable = fql_is_storable(name) && json_is_storable(value, visit->arena);
	return visit->storable;
}

/* Can jsonb hold it?  No U+0000, and only numbers in the range of numeric. */
static bool
json_is_storable(const FqlJson *json, FqlArena *arena)
{
	FqlStorableVisit visit = {arena, true};

	switch (fql_json_kind(json))
	{
		case FQL_JSON_NULL:
		case FQL_JSON_BOOLEAN:
			break;
		case FQL_JSON_NUMBER:
			return fql_is_decimal(fql_json_text(json, arena));
		case FQL_JSON_STRING:
			return fql_is_storable(fql_json_text(json, arena));
		case FQL_JSON_ARRAY:
			for (size_t i = 0; i < fql_json_length(json); i++)
				if (!json_is_storable(fql_json_item(json, i), arena))
					return false;
			break;
		case FQL_JSON_OBJECT:
			fql_json_each(json, member_is_storable, &visit);
			break;
	}
	return visit.storable;
}

/* Any value, printed compactly. */
static FqlInput *
coerce_any(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlInput   *input = new_input(coercion, FQL_INPUT_SCALAR, type->type);
	FqlBuffer	buffer;

	if (!json_is_storable(json, coercion->arena))
		return report_type(coercion, json, type, path);
	fql_buffer_init(&buffer, coercion->arena);
	fql_json_print(json, &buffer);
	input->text = fql_buffer_text(&buffer);
	return input;
}

static FqlInput *
coerce_scalar(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	FqlInput   *input = new_input(coercion, FQL_INPUT_SCALAR, type->type);
	FqlLeafText leaf = {FQL_LEAF_STRING, fql_json_text(json, coercion->arena)};

	switch (fql_json_kind(json))
	{
		case FQL_JSON_STRING:
			break;
		case FQL_JSON_NUMBER:
			leaf.kind = FQL_LEAF_NUMBER;
			break;
		case FQL_JSON_BOOLEAN:
			leaf.kind = FQL_LEAF_BOOLEAN;
			leaf.text = fql_json_boolean(json) ? FQL_STR("true") : FQL_STR("false");
			break;
		default:
			return report_type(coercion, json, type, path);
	}
	if (!fql_coerce_leaf(type->type->scalar, &leaf, coercion->arena, &input->text))
		return report_type(coercion, json, type, path);
	return input;
}

/* A value that is not null, for a named type. */
static FqlInput *
coerce_named(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	switch (type->type->kind)
	{
		case FQL_TYPE_SCALAR:
			if (type->type->scalar == FQL_SCALAR_JSON)
				return coerce_any(coercion, json, type, path);
			return coerce_scalar(coercion, json, type, path);
		case FQL_TYPE_ENUM:
			return coerce_enum(coercion, json, type, path);
		case FQL_TYPE_INPUT_OBJECT:
			return coerce_object(coercion, json, type, path);
		case FQL_TYPE_OBJECT:
			break;
	}
	return report_type(coercion, json, type, path);
}

/* NULL after at least one diagnostic.  JSON null is GraphQL null for every type, JSON included. */
static FqlInput *
coerce_json(const FqlVariableCoercion *coercion, const FqlJson *json, const FqlTypeRef *type, const FqlPath *path)
{
	if (fql_json_kind(json) == FQL_JSON_NULL)
	{
		if (type->kind == FQL_TYPE_NODE_NON_NULL)
			return report_type(coercion, json, type, path);
		return new_input(coercion, FQL_INPUT_NULL, NULL);
	}
	if (type->kind == FQL_TYPE_NODE_NON_NULL)
		type = type->of;
	if (type->kind == FQL_TYPE_NODE_LIST)
		return coerce_list(coercion, json, type, path);
	return coerce_named(coercion, json, type, path);
}

/* A variable that was not given: its default, nothing, or a diagnostic. */
static void
coerce_absent(const FqlVariableCoercion *coercion, FqlVariable *variable)
{
	const FqlVariableDefinition *definition = coercion->definition;
	bool		absent;
	FqlStr		type;

	if (definition->default_value != NULL)
	{
		variable->value = fql_coerce_literal(definition->default_value, variable->type, NULL, coercion->arena,
											 coercion->diagnostics, &absent);
		variable->present = variable->value != NULL;
	}
	else if (variable->type->kind == FQL_TYPE_NODE_NON_NULL)
	{
		type = fql_type_ref_print(variable->type, coercion->arena);
		fql_diagnose(coercion->diagnostics, FQL_ERROR_BAD_INPUT, definition->location,
					 "Variable \"$%.*s\" of required type \"%.*s\" was not provided.",
					 FQL_STR_ARGS(definition->name), FQL_STR_ARGS(type));
	}
}

static void
coerce_variable(const FqlVariableCoercion *coercion, const FqlTypeSystem *types, const FqlJson *values,
				FqlVariable *variable)
{
	const FqlVariableDefinition *definition = coercion->definition;
	FqlJson    *json;

	variable->name = definition->name;
	variable->type = fql_type_resolve(types, definition->type, coercion->arena);
	if (variable->type == NULL)
		fql_diagnose(coercion->diagnostics, FQL_ERROR_VALIDATION, definition->location,
					 "The type of variable \"$%.*s\" does not exist.", FQL_STR_ARGS(definition->name));
	else if (fql_json_member(values, definition->name, &json))
	{
		variable->value = coerce_json(coercion, json, variable->type, NULL);
		variable->present = variable->value != NULL;
	}
	else
		coerce_absent(coercion, variable);
}

static void
print_canonical(const FqlInput *input, FqlBuffer *buffer)
{
	switch (input->kind)
	{
		case FQL_INPUT_NULL:
			fql_buffer_append_cstring(buffer, "null");
			return;
		case FQL_INPUT_SCALAR:
			fql_buffer_append_quoted(buffer, input->text);
			return;
		case FQL_INPUT_ENUM:
			fql_buffer_append(buffer, input->text);
			return;
		case FQL_INPUT_LIST:
			fql_buffer_append_char(buffer, '[');
			for (const FqlInput *item = input->items; item != NULL; item = item->next)
			{
				print_canonical(item, buffer);
				fql_buffer_append_char(buffer, ',');
			}
			fql_buffer_append_char(buffer, ']');
			return;
		case FQL_INPUT_OBJECT:
			break;
	}
	fql_buffer_append_char(buffer, '{');
	for (const FqlInput *member = input->members; member != NULL; member = member->next)
	{
		fql_buffer_append(buffer, member->field->name);
		fql_buffer_append_char(buffer, ':');
		print_canonical(member, buffer);
		fql_buffer_append_char(buffer, ',');
	}
	fql_buffer_append_char(buffer, '}');
}

/* name:value in the order of the names, "-" for what is absent: neither the order of definitions nor of JSON counts. */
static FqlStr
canonical_text(const FqlVariables *variables, FqlArena *arena)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	for (uint32_t i = 0; i < variables->count; i++)
	{
		const FqlVariable *variable = variables->by_name[i];

		fql_buffer_append(&buffer, variable->name);
		fql_buffer_append_char(&buffer, ':');
		if (variable->present)
			print_canonical(variable->value, &buffer);
		else
			fql_buffer_append_char(&buffer, '-');
		fql_buffer_append_char(&buffer, ',');
	}
	return fql_buffer_text(&buffer);
}

static int
compare_variables(const void *a, const void *b)
{
	return fql_str_compare((*(const FqlVariable *const *) a)->name, (*(const FqlVariable *const *) b)->name);
}

static FqlVariables *
new_variables(const FqlOperation *operation, FqlArena *arena)
{
	FqlVariables *variables = FQL_NEW(arena, FqlVariables);

	for (const FqlVariableDefinition *definition = operation->variables; definition != NULL;
		 definition = definition->next)
		variables->count++;
	variables->variables = FQL_NEW_ARRAY(arena, FqlVariable, variables->count);
	variables->by_name = FQL_NEW_ARRAY(arena, const FqlVariable *, variables->count);
	return variables;
}

FqlVariables *
fql_coerce_variables(const FqlOperation *operation, const FqlTypeSystem *types, const FqlJson *values,
					 FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlVariables *variables = new_variables(operation, arena);
	FqlVariableCoercion coercion = {.arena = arena, .diagnostics = diagnostics};
	uint32_t	errors_before = diagnostics->count;
	uint32_t	i = 0;

	if (fql_json_kind(values) != FQL_JSON_NULL && fql_json_kind(values) != FQL_JSON_OBJECT)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, operation->location, "Variables must be an object.");
		return NULL;
	}
	for (const FqlVariableDefinition *definition = operation->variables; definition != NULL;
		 definition = definition->next)
	{
		coercion.definition = definition;
		coerce_variable(&coercion, types, values, &variables->variables[i]);
		variables->by_name[i] = &variables->variables[i];
		i++;
	}
	if (diagnostics->count != errors_before)
		return NULL;
	qsort(variables->by_name, variables->count, sizeof(*variables->by_name), compare_variables);
	variables->canonical = canonical_text(variables, arena);
	return variables;
}

static int
compare_name_to_variable(const void *name, const void *variable)
{
	return fql_str_compare(*(const FqlStr *) name, (*(const FqlVariable *const *) variable)->name);
}

const FqlVariable *
fql_variable_find(const FqlVariables *variables, FqlStr name)
{
	const FqlVariable **found;

	if (variables == NULL || variables->count == 0)
		return NULL;
	found = bsearch(&name, variables->by_name, variables->count, sizeof(*variables->by_name),
					compare_name_to_variable);
	return found != NULL ? *found : NULL;
}
