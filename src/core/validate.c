/*
 * validate.c
 *    The rules of section 5 about documents, operations, fields and fragments; and the driver of all rules.
 *
 * A mistake must not cause reports of others that it only hides: below an unknown field or type the walk goes on with
 * no type at all, which checks nothing but still sees which fragments and variables are used.  Recursion is as deep
 * as the document nests, which the parser bounded; fragments are walked where they are defined, never where spread.
 */
#include "validate_internal.h"

#include <stdlib.h>

#include "names.h"

static void check_selections(FqlValidation *validation, const FqlType *parent, const FqlSelection *selections);

const FqlType *
fql_root_type(const FqlValidation *validation, const FqlOperation *operation)
{
	switch (operation->kind)
	{
		case FQL_OPERATION_QUERY:
			return validation->types->query;
		case FQL_OPERATION_MUTATION:
			return validation->types->mutation;
		case FQL_OPERATION_SUBSCRIPTION:
			break;
	}
	return NULL;
}

static bool
is_typename(const FqlSelection *field)
{
	return fql_str_equal(field->name, FQL_STR("__typename"));
}

/* The field's definition; NULL after a diagnostic, or where the parent is unknown, or for __typename. */
static const FqlField *
find_field(FqlValidation *validation, const FqlType *parent, const FqlSelection *selection)
{
	const FqlField *field = fql_field_find(parent, selection->name);
	FqlStr		hint;

	if (field != NULL || parent == NULL || is_typename(selection))
		return field;
	if (parent == validation->types->query && (fql_str_equal(selection->name, FQL_STR("__schema")) ||
											   fql_str_equal(selection->name, FQL_STR("__type"))))
	{
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
					 "Field \"%.*s\" cannot be queried: introspection is disabled.", FQL_STR_ARGS(selection->name));
		return NULL;
	}
	hint = fql_suggest_field(parent, selection->name, validation->diagnostics);
	fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
				 "Field \"%.*s\" does not exist on type \"%.*s\".%.*s", FQL_STR_ARGS(selection->name),
				 FQL_STR_ARGS(parent->name), FQL_STR_ARGS(hint));
	return NULL;
}

/* Leaf fields (also __typename, where field is NULL) have no selection set, and all others have one. */
static void
check_leaf(FqlValidation *validation, const FqlField *field, const FqlSelection *selection)
{
	bool		is_object = field != NULL && fql_type_innermost(field->type)->kind == FQL_TYPE_OBJECT;
	FqlStr		shown = field != NULL ? fql_type_ref_print(field->type, validation->arena) : FQL_STR("String!");

	if (is_object && selection->selections == NULL)
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
					 "Field \"%.*s\" of type \"%.*s\" needs a selection of subfields, as in \"%.*s { ... }\".",
					 FQL_STR_ARGS(selection->name), FQL_STR_ARGS(shown), FQL_STR_ARGS(selection->name));
	else if (!is_object && selection->selections != NULL)
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
					 "Field \"%.*s\" has no subfields to select, since its type is \"%.*s\".",
					 FQL_STR_ARGS(selection->name), FQL_STR_ARGS(shown));
}

static void
check_field(FqlValidation *validation, const FqlType *parent, const FqlSelection *selection)
{
	const FqlField *field = find_field(validation, parent, selection);
	const FqlType *type = field != NULL ? fql_type_innermost(field->type) : NULL;

	fql_check_directives(validation, selection->directives, FQL_DIRECTIVE_ON_FIELD);
	fql_check_field_arguments(validation, parent, field, selection);
	if (field != NULL || (parent != NULL && is_typename(selection)))
		check_leaf(validation, field, selection);
	check_selections(validation, type != NULL && type->kind == FQL_TYPE_OBJECT ? type : NULL, selection->selections);
}

/* The object type of a type condition; NULL after a diagnostic. */
static const FqlType *
find_condition(FqlValidation *validation, FqlStr name, FqlLocation location)
{
	const FqlType *type = fql_type_find(validation->types, name);

	if (type != NULL && type->kind == FQL_TYPE_OBJECT)
		return type;
	fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, location,
				 type == NULL ? "Type \"%.*s\" does not exist."
				 : "Type \"%.*s\" cannot be the condition of a fragment, because it has no fields to select.",
				 FQL_STR_ARGS(name));
	return NULL;
}

/* There are only object types, so a fragment applies to its own type and to no other. */
static void
check_possible(FqlValidation *validation, const FqlType *parent, const FqlType *condition,
			   const FqlSelection *selection)
{
	FqlStr		name = selection->kind == FQL_SELECTION_FRAGMENT_SPREAD ? selection->name : FQL_STR("");

	if (parent == NULL || condition == NULL || parent == condition)
		return;
	fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
				 "Fragment%s%.*s%s cannot be spread here: an object of type \"%.*s\" is never of type \"%.*s\".",
				 name.len > 0 ? " \"" : "", FQL_STR_ARGS(name), name.len > 0 ? "\"" : "",
				 FQL_STR_ARGS(parent->name), FQL_STR_ARGS(condition->name));
}

static void
check_inline_fragment(FqlValidation *validation, const FqlType *parent, const FqlSelection *selection)
{
	const FqlType *type = parent;

	if (selection->name.data != NULL)
	{
		type = find_condition(validation, selection->name, selection->location);
		check_possible(validation, parent, type, selection);
	}
	fql_check_directives(validation, selection->directives, FQL_DIRECTIVE_ON_INLINE_FRAGMENT);
	check_selections(validation, type, selection->selections);
}

/* A spread; that the fragment's own condition exists is checked at its definition. */
static void
check_spread(FqlValidation *validation, const FqlType *parent, const FqlSelection *selection)
{
	uint32_t	position = fql_find_fragment(&validation->fragments, selection->name);
	const FqlType *type;

	fql_check_directives(validation, selection->directives, FQL_DIRECTIVE_ON_FRAGMENT_SPREAD);
	if (position == FQL_NO_FRAGMENT)
	{
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, selection->location,
					 "Fragment \"%.*s\" is not defined.", FQL_STR_ARGS(selection->name));
		return;
	}
	type = fql_type_find(validation->types, validation->fragments.by_name[position]->type_condition);
	if (type != NULL && type->kind == FQL_TYPE_OBJECT)
		check_possible(validation, parent, type, selection);
}

/* One selection set; parent NULL: of an unknown type. */
static void
check_selections(FqlValidation *validation, const FqlType *parent, const FqlSelection *selections)
{
	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
		switch (selection->kind)
		{
			case FQL_SELECTION_FIELD:
				check_field(validation, parent, selection);
				break;
			case FQL_SELECTION_FRAGMENT_SPREAD:
				check_spread(validation, parent, selection);
				break;
			case FQL_SELECTION_INLINE_FRAGMENT:
				check_inline_fragment(validation, parent, selection);
				break;
		}
}

static const char *
operation_kind_name(FqlOperationKind kind)
{
	switch (kind)
	{
		case FQL_OPERATION_QUERY:
			return "queries";
		case FQL_OPERATION_MUTATION:
			return "mutations";
		case FQL_OPERATION_SUBSCRIPTION:
			break;
	}
	return "subscriptions";
}

static void
check_operation(FqlValidation *validation, FqlDefinition *definition)
{
	const FqlOperation *operation = definition->operation;
	const FqlType *root = fql_root_type(validation, operation);

	validation->current = definition;
	if (root == NULL)
		fql_diagnose(validation->diagnostics, FQL_ERROR_UNSUPPORTED, operation->location,
					 "The schema does not support %s.", operation_kind_name(operation->kind));
	fql_check_directives(validation, operation->directives, FQL_DIRECTIVE_ON_OPERATION);
	fql_check_variable_definitions(validation, operation);
	check_selections(validation, root, operation->selections);
}

static void
check_fragment(FqlValidation *validation, FqlDefinition *definition)
{
	const FqlFragment *fragment = definition->fragment;

	validation->current = definition;
	fql_check_directives(validation, fragment->directives, FQL_DIRECTIVE_ON_FRAGMENT_DEFINITION);
	check_selections(validation, find_condition(validation, fragment->type_condition, fragment->type_location),
					 fragment->selections);
}

/* Operations have names of their own, and an anonymous one is alone. */
static void
check_operation_names(FqlValidation *validation)
{
	FqlNamedPlace *places = FQL_NEW_ARRAY(validation->arena, FqlNamedPlace, validation->operation_count);
	uint32_t	count = 0;

	for (uint32_t i = 0; i < validation->operation_count; i++)
	{
		const FqlOperation *operation = validation->operations[i].operation;

		if (operation->name.data != NULL)
		{
			places[count] = (FqlNamedPlace){operation->name, operation->location, count};
			count++;
		}
		else if (validation->operation_count > 1)
			fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, operation->location,
						 "An anonymous operation must be the only operation of the document.");
	}
	fql_report_duplicates(places, count, "operation", validation->diagnostics);
}

static void
check_fragment_names(FqlValidation *validation)
{
	FqlNamedPlace *places = FQL_NEW_ARRAY(validation->arena, FqlNamedPlace, validation->fragments.count);

	for (uint32_t i = 0; i < validation->fragments.count; i++)
	{
		const FqlFragment *fragment = validation->fragments.by_name[i];

		places[i] = (FqlNamedPlace){fragment->name, fragment->location, i};
	}
	fql_report_duplicates(places, validation->fragments.count, "fragment", validation->diagnostics);
}

static void
init_definition(FqlDefinition *definition, const FqlOperation *operation, const FqlFragment *fragment)
{
	definition->operation = operation;
	definition->fragment = fragment;
	definition->uses_end = &definition->uses;
	definition->usages_end = &definition->usages;
}

/* The tables of definitions, and the built-in directives' argument. */
static void
init_validation(FqlValidation *validation)
{
	validation->fragments = fql_index_fragments(validation->document, validation->arena);
	validation->fragment_definitions = FQL_NEW_ARRAY(validation->arena, FqlDefinition, validation->fragments.count);
	for (uint32_t i = 0; i < validation->fragments.count; i++)
		init_definition(&validation->fragment_definitions[i], NULL, validation->fragments.by_name[i]);

	for (const FqlOperation *operation = validation->document->operations; operation != NULL;
		 operation = operation->next)
		validation->operation_count++;
	validation->operations = FQL_NEW_ARRAY(validation->arena, FqlDefinition, validation->operation_count);
	validation->operation_count = 0;
	for (const FqlOperation *operation = validation->document->operations; operation != NULL;
		 operation = operation->next)
		init_definition(&validation->operations[validation->operation_count++], operation, NULL);

	validation->boolean.kind = FQL_TYPE_NODE_NAMED;
	validation->boolean.type = validation->types->scalars[FQL_SCALAR_BOOLEAN];
	validation->boolean_non_null.kind = FQL_TYPE_NODE_NON_NULL;
	validation->boolean_non_null.of = &validation->boolean;
	validation->if_argument.name = FQL_STR("if");
	validation->if_argument.type = &validation->boolean_non_null;
}

static int
compare_definitions(const void *a, const void *b)
{
	FqlLocation left = (*(FqlDefinition *const *) a)->fragment->location;
	FqlLocation right = (*(FqlDefinition *const *) b)->fragment->location;

	if (left.line != right.line)
		return left.line > right.line ? 1 : -1;
	return (left.column > right.column) - (left.column < right.column);
}

/* The fragments, in the order of the document, not of their names. */
static void
check_fragments(FqlValidation *validation)
{
	uint32_t	count = validation->fragments.count;
	FqlDefinition **definitions = FQL_NEW_ARRAY(validation->arena, FqlDefinition *, count);

	for (uint32_t i = 0; i < count; i++)
		definitions[i] = &validation->fragment_definitions[i];
	qsort(definitions, count, sizeof(*definitions), compare_definitions);
	for (uint32_t i = 0; i < count; i++)
		check_fragment(validation, definitions[i]);
}

bool
fql_validate(const FqlDocument *document, const FqlTypeSystem *types, const FqlLimits *limits, FqlArena *arena,
			 FqlDiagnostics *diagnostics)
{
	FqlValidation validation = {.document = document, .types = types, .limits = limits, .arena = arena,
	.diagnostics = diagnostics};
	uint32_t	before = diagnostics->count;

	init_validation(&validation);
	if (!fql_check_limits(&validation))
		return false;
	check_operation_names(&validation);
	check_fragment_names(&validation);
	for (uint32_t i = 0; i < validation.operation_count; i++)
		check_operation(&validation, &validation.operations[i]);
	check_fragments(&validation);
	fql_check_usages(&validation);
	if (!validation.cyclic)
		fql_check_merging(&validation);
	return diagnostics->count == before;
}
