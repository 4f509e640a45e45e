/*
 * validate_variables.c
 *    The rules about variables: their definitions, whether every use is defined and may stand where it stands, and
 *    whether everything that is defined is used, fragments included.
 *
 * An operation uses a variable where it or any fragment that it reaches names it.  Reaching is a search over the
 * recorded uses with a queue, so neither cycles nor long chains matter.
 */
#include "coerce.h"
#include "names.h"
#include "validate_internal.h"

#include <stdlib.h>

/* A variable of the operation being checked. */
typedef struct FqlDefinedVariable
{
	const FqlVariableDefinition *definition;
	const FqlTypeRef *type;		/* NULL: unknown */
	bool		used;
} FqlDefinedVariable;

/* An operation whose uses of variables are being checked. */
typedef struct FqlOperationScope
{
	FqlValidation *validation;
	const FqlOperation *operation;
	FqlDefinedVariable *variables;	/* sorted by name */
	uint32_t	count;
} FqlOperationScope;

static const FqlTypeNode *
innermost_node(const FqlTypeNode *node)
{
	while (node->kind != FQL_TYPE_NODE_NAMED)
		node = node->of;
	return node;
}

/* The type exists and is an input type, and the default value is of it. */
static void
check_variable_type(FqlValidation *validation, const FqlVariableDefinition *definition)
{
	const FqlTypeNode *named = innermost_node(definition->type);
	const FqlType *type = fql_type_find(validation->types, named->name);

	if (type == NULL)
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, named->location, "Type \"%.*s\" does not exist.",
					 FQL_STR_ARGS(named->name));
	else if (type->kind == FQL_TYPE_OBJECT)
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, definition->type->location,
					 "Variable \"$%.*s\" cannot have type \"%.*s\", because it is not an input type.",
					 FQL_STR_ARGS(definition->name), FQL_STR_ARGS(type->name));
	else if (definition->default_value != NULL)
		fql_literal_fits(definition->default_value,
						 fql_type_resolve(validation->types, definition->type, validation->arena),
						 validation->arena, validation->diagnostics);
}

void
fql_check_variable_definitions(FqlValidation *validation, const FqlOperation *operation)
{
	FqlNamedPlace *places;
	uint32_t	count = 0;

	for (const FqlVariableDefinition *definition = operation->variables; definition != NULL;
		 definition = definition->next)
	{
		fql_check_directives(validation, definition->directives, FQL_DIRECTIVE_ON_VARIABLE_DEFINITION);
		check_variable_type(validation, definition);
		count++;
	}
	places = FQL_NEW_ARRAY(validation->arena, FqlNamedPlace, count);
	count = 0;
	for (const FqlVariableDefinition *definition = operation->variables; definition != NULL;
		 definition = definition->next, count++)
		places[count] = (FqlNamedPlace){definition->name, definition->location, count};
	fql_report_duplicates(places, count, "variable", validation->diagnostics);
}

static int
compare_variables(const void *a, const void *b)
{
	return fql_str_compare(((const FqlDefinedVariable *) a)->definition->name,
						   ((const FqlDefinedVariable *) b)->definition->name);
}

static int
compare_name_to_variable(const void *name, const void *variable)
{
	return fql_str_compare(*(const FqlStr *) name, ((const FqlDefinedVariable *) variable)->definition->name);
}

static void
init_scope(FqlOperationScope *scope)
{
	FqlArena   *arena = scope->validation->arena;

	for (const FqlVariableDefinition *definition = scope->operation->variables; definition != NULL;
		 definition = definition->next)
		scope->count++;
	scope->variables = FQL_NEW_ARRAY(arena, FqlDefinedVariable, scope->count);
	scope->count = 0;
	for (const FqlVariableDefinition *definition = scope->operation->variables; definition != NULL;
		 definition = definition->next)
	{
		scope->variables[scope->count].definition = definition;
		scope->variables[scope->count].type = fql_type_resolve(scope->validation->types, definition->type, arena);
		scope->count++;
	}
	qsort(scope->variables, scope->count, sizeof(*scope->variables), compare_variables);
}

/* AreTypesCompatible: a value of the variable's type can stand where the other type is expected. */
static bool
are_compatible(const FqlTypeRef *variable, const FqlTypeRef *place)
{
	while (true)
	{
		if (place->kind == FQL_TYPE_NODE_NON_NULL)
		{
			if (variable->kind != FQL_TYPE_NODE_NON_NULL)
				return false;
			place = place->of;
			variable = variable->of;
		}
		else if (variable->kind == FQL_TYPE_NODE_NON_NULL)
			variable = variable->of;
		else if (place->kind != variable->kind)
			return false;
		else if (place->kind == FQL_TYPE_NODE_NAMED)
			return place->type == variable->type;
		else
		{
			place = place->of;
			variable = variable->of;
		}
	}
}

/* IsVariableUsageAllowed: a default value, of the variable or of the place, makes up for a nullable variable. */
static bool
is_allowed(const FqlDefinedVariable *variable, const FqlVariableUsage *usage)
{
	const FqlValue *default_value = variable->definition->default_value;
	bool		has_default = default_value != NULL && default_value->kind != FQL_VALUE_NULL;

	if (usage->type->kind == FQL_TYPE_NODE_NON_NULL && variable->type->kind != FQL_TYPE_NODE_NON_NULL &&
		(has_default || usage->has_default))
		return are_compatible(variable->type, usage->type->of);
	return are_compatible(variable->type, usage->type);
}

static void
report_position(const FqlOperationScope *scope, const FqlDefinedVariable *variable, const FqlVariableUsage *usage)
{
	FqlArena   *arena = scope->validation->arena;
	FqlStr		is = fql_type_ref_print(variable->type, arena);
	FqlStr		expected = fql_type_ref_print(usage->type, arena);

	fql_diagnose(scope->validation->diagnostics, FQL_ERROR_VALIDATION, variable->definition->location,
				 "Variable \"$%.*s\" of type \"%.*s\" cannot be used where type \"%.*s\" is expected.",
				 FQL_STR_ARGS(variable->definition->name), FQL_STR_ARGS(is),
				 FQL_STR_ARGS(expected))->locations[1] = usage->variable->location;
}

static void
report_undefined(const FqlOperationScope *scope, const FqlVariableUsage *usage)
{
	FqlStr		name = scope->operation->name;

	fql_diagnose(scope->validation->diagnostics, FQL_ERROR_VALIDATION, usage->variable->location,
				 "Variable \"$%.*s\" is not defined by %soperation%s%.*s%s.", FQL_STR_ARGS(usage->variable->text),
				 name.data == NULL ? "the " : "", name.data == NULL ? "" : " \"", FQL_STR_ARGS(name),
				 name.data == NULL ? "" : "\"")->locations[1] = scope->operation->location;
}

/* The variables that one definition uses, within an operation that reaches it. */
static void
check_definition_usages(const FqlOperationScope *scope, const FqlDefinition *definition)
{
	for (const FqlVariableUsage *usage = definition->usages; usage != NULL; usage = usage->next)
	{
		FqlDefinedVariable *variable = scope->count == 0 ? NULL :
			bsearch(&usage->variable->text, scope->variables, scope->count, sizeof(*scope->variables),
					compare_name_to_variable);

		if (variable == NULL)
		{
			report_undefined(scope, usage);
			continue;
		}
		variable->used = true;
		if (usage->type != NULL && variable->type != NULL && !is_allowed(variable, usage))
			report_position(scope, variable, usage);
	}
}

/* Every definition that the operation reaches, each once; "number" marks those found. */
static void
check_reached(const FqlOperationScope *scope, FqlDefinition *operation, uint32_t number, FqlDefinition **queue)
{
	FqlDefinition *fragments = scope->validation->fragment_definitions;
	uint32_t	length = 0;
	uint32_t	position = 0;

	for (FqlDefinition *definition = operation; definition != NULL;
		 definition = position < length ? queue[position++] : NULL)
	{
		check_definition_usages(scope, definition);
		for (const FqlFragmentUse *use = definition->uses; use != NULL; use = use->next)
		{
			if (use->fragment == FQL_NO_FRAGMENT || fragments[use->fragment].reached_by == number)
				continue;
			fragments[use->fragment].reached_by = number;
			queue[length++] = &fragments[use->fragment];
		}
	}
}

/* In the order of their definitions, though the table is sorted. */
static void
report_unused_variables(const FqlOperationScope *scope)
{
	for (const FqlVariableDefinition *definition = scope->operation->variables; definition != NULL;
		 definition = definition->next)
	{
		const FqlDefinedVariable *variable = bsearch(&definition->name, scope->variables, scope->count,
													 sizeof(*scope->variables), compare_name_to_variable);

		if (variable != NULL && !variable->used)
			fql_diagnose(scope->validation->diagnostics, FQL_ERROR_VALIDATION, definition->location,
						 "Variable \"$%.*s\" is never used.", FQL_STR_ARGS(definition->name));
	}
}

static void
report_unused_fragments(FqlValidation *validation)
{
	for (const FqlFragment *fragment = validation->document->fragments; fragment != NULL; fragment = fragment->next)
	{
		uint32_t	position = fql_find_fragment(&validation->fragments, fragment->name);

		if (validation->fragment_definitions[position].reached_by == 0)
			fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, fragment->location,
						 "Fragment \"%.*s\" is never used.", FQL_STR_ARGS(fragment->name));
	}
}

void
fql_check_usages(FqlValidation *validation)
{
	FqlDefinition **queue = FQL_NEW_ARRAY(validation->arena, FqlDefinition *, validation->fragments.count);

	for (uint32_t i = 0; i < validation->operation_count; i++)
	{
		FqlOperationScope scope = {.validation = validation, .operation = validation->operations[i].operation};

		init_scope(&scope);
		check_reached(&scope, &validation->operations[i], i + 1, queue);
		report_unused_variables(&scope);
	}
	report_unused_fragments(validation);
}
