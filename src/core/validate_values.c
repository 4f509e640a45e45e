/*
 * validate_values.c
 *    The rules about arguments, directives and literals.
 *
 * A literal is checked against the type of its place as deep as it goes.  Variables in it are handed to whoever
 * collects them, with the type of their place; whether they may stand there is decided when the operations that
 * reach the place are known (validate_variables.c).
 */
#include "coerce_internal.h"
#include "names.h"
#include "validate_internal.h"

/* Checking one literal. */
typedef struct FqlLiteralCheck
{
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	FqlDefinition *user;		/* collects the variables; NULL: there are none */
} FqlLiteralCheck;

static void check_literal(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type,
						  bool has_default);

static void
record_variable(const FqlLiteralCheck *check, const FqlValue *variable, const FqlTypeRef *type, bool has_default)
{
	FqlVariableUsage *usage;

	if (check->user == NULL)
		return;
	usage = FQL_NEW(check->arena, FqlVariableUsage);
	usage->variable = variable;
	usage->type = type;
	usage->has_default = has_default;
	*check->user->usages_end = usage;
	check->user->usages_end = &usage->next;
}

/* The variables in a literal whose places have no type of their own. */
static void
record_variables(const FqlLiteralCheck *check, const FqlValue *value)
{
	if (value->kind == FQL_VALUE_VARIABLE)
		record_variable(check, value, NULL, false);
	for (const FqlValue *item = value->items; item != NULL; item = item->next)
		record_variables(check, item);
	for (const FqlArgument *field = value->fields; field != NULL; field = field->next)
		record_variables(check, field->value);
}

static void
check_unique(const FqlArgument *named, const char *what, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlNamedPlace *places;
	uint32_t	count = 0;

	for (const FqlArgument *argument = named; argument != NULL; argument = argument->next)
		count++;
	if (count < 2)
		return;
	places = FQL_NEW_ARRAY(arena, FqlNamedPlace, count);
	count = 0;
	for (const FqlArgument *argument = named; argument != NULL; argument = argument->next, count++)
		places[count] = (FqlNamedPlace){argument->name, argument->location, count};
	fql_report_duplicates(places, count, what, diagnostics);
}

/* Is the field given, by its own name or by another spelling of it? */
static bool
is_given(const FqlType *type, const FqlInputField *field, const FqlArgument *given)
{
	for (; given != NULL; given = given->next)
	{
		const FqlInputField *found = fql_input_field_find(type, given->name);

		if (found == field || (found != NULL && found->alias_of == field))
			return true;
	}
	return false;
}

static void
check_required_fields(const FqlLiteralCheck *check, const FqlValue *value, const FqlType *type)
{
	for (uint32_t i = 0; i < type->input_field_count; i++)
	{
		const FqlInputField *field = &type->input_fields[i];
		FqlStr		shown;

		if (field->type->kind != FQL_TYPE_NODE_NON_NULL || field->default_value != NULL || field->alias_of != NULL ||
			is_given(type, field, value->fields))
			continue;
		shown = fql_type_ref_print(field->type, check->arena);
		fql_diagnose(check->diagnostics, FQL_ERROR_VALIDATION, value->location,
					 "Field \"%.*s\" of required type \"%.*s\" is missing from this value of type \"%.*s\".",
					 FQL_STR_ARGS(field->name), FQL_STR_ARGS(shown), FQL_STR_ARGS(type->name));
	}
}

static void
check_object_field(const FqlLiteralCheck *check, const FqlType *type, const FqlArgument *given)
{
	const FqlInputField *field = fql_input_field_find(type, given->name);
	FqlStr		hint;

	if (field != NULL)
	{
		check_literal(check, given->value, field->type, field->default_value != NULL);
		return;
	}
	hint = fql_suggest_input(type->input_fields, type->input_field_count, given->name, check->diagnostics);
	fql_diagnose(check->diagnostics, FQL_ERROR_VALIDATION, given->location,
				 "Field \"%.*s\" is not defined by input type \"%.*s\".%.*s", FQL_STR_ARGS(given->name),
				 FQL_STR_ARGS(type->name), FQL_STR_ARGS(hint));
	record_variables(check, given->value);
}

static void
check_object(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type)
{
	if (value->kind != FQL_VALUE_OBJECT)
	{
		fql_report_literal(value, type, FQL_ERROR_VALIDATION, check->diagnostics);
		record_variables(check, value);
		return;
	}
	for (const FqlArgument *given = value->fields; given != NULL; given = given->next)
		check_object_field(check, type->type, given);
	check_unique(value->fields, "field of this input object", check->arena, check->diagnostics);
	check_required_fields(check, value, type->type);
}

static void
check_scalar(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type)
{
	FqlStr		ignored;

	record_variables(check, value);
	if (!fql_coerce_scalar_literal(value, type->type, NULL, check->arena, &ignored))
		fql_report_literal(value, type, FQL_ERROR_VALIDATION, check->diagnostics);
}

static void
check_enum(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type)
{
	FqlStr		hint;

	record_variables(check, value);
	if (value->kind != FQL_VALUE_ENUM)
		fql_report_literal(value, type, FQL_ERROR_VALIDATION, check->diagnostics);
	else if (!fql_enum_has(type->type, value->text))
	{
		hint = fql_suggest_enum_value(type->type, value->text, check->diagnostics);
		fql_diagnose(check->diagnostics, FQL_ERROR_VALIDATION, value->location,
					 "\"%.*s\" is not a value of enum \"%.*s\".%.*s", FQL_STR_ARGS(value->text),
					 FQL_STR_ARGS(type->type->name), FQL_STR_ARGS(hint));
	}
}

/* A literal that is neither a variable nor null, for a named type. */
static void
check_named(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type)
{
	switch (type->type->kind)
	{
		case FQL_TYPE_SCALAR:
			check_scalar(check, value, type);
			return;
		case FQL_TYPE_ENUM:
			check_enum(check, value, type);
			return;
		case FQL_TYPE_INPUT_OBJECT:
			check_object(check, value, type);
			return;
		case FQL_TYPE_OBJECT:
			break;
	}
	fql_report_literal(value, type, FQL_ERROR_VALIDATION, check->diagnostics);
}

/* A literal for a place of that type, which may have a default value. */
static void
check_literal(const FqlLiteralCheck *check, const FqlValue *value, const FqlTypeRef *type, bool has_default)
{
	if (value->kind == FQL_VALUE_VARIABLE)
	{
		record_variable(check, value, type, has_default);
		return;
	}
	if (value->kind == FQL_VALUE_NULL)
	{
		if (type->kind == FQL_TYPE_NODE_NON_NULL)
			fql_report_literal(value, type, FQL_ERROR_VALIDATION, check->diagnostics);
		return;
	}
	if (type->kind == FQL_TYPE_NODE_NON_NULL)
		type = type->of;
	if (type->kind != FQL_TYPE_NODE_LIST)
		check_named(check, value, type);
	else if (value->kind != FQL_VALUE_LIST)
		check_literal(check, value, type->of, false);
	else
		for (const FqlValue *item = value->items; item != NULL; item = item->next)
			check_literal(check, item, type->of, false);
}

bool
fql_literal_fits(const FqlValue *value, const FqlTypeRef *type, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlLiteralCheck check = {arena, diagnostics, NULL};
	uint32_t	before = diagnostics->count;

	check_literal(&check, value, type, false);
	return diagnostics->count == before;
}

/* What has arguments: a field or a directive. */
typedef struct FqlArgumentOwner
{
	FqlStr		name;			/* as in messages: Type.field or @directive */
	FqlLocation location;
	const FqlInputField *arguments;
	uint32_t	count;
} FqlArgumentOwner;

static const FqlInputField *
find_argument(const FqlArgumentOwner *owner, FqlStr name)
{
	for (uint32_t i = 0; i < owner->count; i++)
		if (fql_str_equal(owner->arguments[i].name, name))
			return &owner->arguments[i];
	return NULL;
}

static void
check_argument(const FqlLiteralCheck *check, const FqlArgumentOwner *owner, const FqlArgument *given)
{
	const FqlInputField *argument = find_argument(owner, given->name);
	FqlStr		hint;

	if (argument != NULL)
	{
		check_literal(check, given->value, argument->type, argument->default_value != NULL);
		return;
	}
	hint = fql_suggest_input(owner->arguments, owner->count, given->name, check->diagnostics);
	fql_diagnose(check->diagnostics, FQL_ERROR_VALIDATION, given->location,
				 "Argument \"%.*s\" is not defined by \"%.*s\".%.*s", FQL_STR_ARGS(given->name),
				 FQL_STR_ARGS(owner->name), FQL_STR_ARGS(hint));
	record_variables(check, given->value);
}

static bool
is_argument_given(const FqlArgument *given, FqlStr name)
{
	for (; given != NULL; given = given->next)
		if (fql_str_equal(given->name, name))
			return true;
	return false;
}

static void
check_required_arguments(const FqlLiteralCheck *check, const FqlArgumentOwner *owner, const FqlArgument *given)
{
	for (uint32_t i = 0; i < owner->count; i++)
	{
		const FqlInputField *argument = &owner->arguments[i];
		FqlStr		shown;

		if (argument->type->kind != FQL_TYPE_NODE_NON_NULL || argument->default_value != NULL ||
			is_argument_given(given, argument->name))
			continue;
		shown = fql_type_ref_print(argument->type, check->arena);
		fql_diagnose(check->diagnostics, FQL_ERROR_VALIDATION, owner->location,
					 "Argument \"%.*s\" of type \"%.*s\" is required by \"%.*s\", but it is not given.",
					 FQL_STR_ARGS(argument->name), FQL_STR_ARGS(shown), FQL_STR_ARGS(owner->name));
	}
}

static void
check_arguments(FqlValidation *validation, const FqlArgumentOwner *owner, const FqlArgument *given)
{
	FqlLiteralCheck check = {validation->arena, validation->diagnostics, validation->current};

	for (const FqlArgument *argument = given; argument != NULL; argument = argument->next)
		check_argument(&check, owner, argument);
	check_unique(given, "argument", validation->arena, validation->diagnostics);
	check_required_arguments(&check, owner, given);
}

void
fql_check_field_arguments(FqlValidation *validation, const FqlType *parent, const FqlField *field,
						  const FqlSelection *selection)
{
	FqlLiteralCheck check = {validation->arena, validation->diagnostics, validation->current};
	FqlArgumentOwner owner = {.name = selection->name, .location = selection->location};

	if (field == NULL && (parent == NULL || !fql_str_equal(selection->name, FQL_STR("__typename"))))
	{
		for (const FqlArgument *given = selection->arguments; given != NULL; given = given->next)
			record_variables(&check, given->value);
		check_unique(selection->arguments, "argument", validation->arena, validation->diagnostics);
		return;
	}
	if (selection->arguments == NULL && (field == NULL || field->argument_count == 0))
		return;
	if (field != NULL)
	{
		owner.arguments = field->arguments;
		owner.count = field->argument_count;
	}
	owner.name = fql_arena_printf(validation->arena, "%.*s.%.*s", FQL_STR_ARGS(parent->name),
								  FQL_STR_ARGS(selection->name));
	check_arguments(validation, &owner, selection->arguments);
}

static const char *
place_name(FqlDirectivePlace place)
{
	switch (place)
	{
		case FQL_DIRECTIVE_ON_FIELD:
			return "a field";
		case FQL_DIRECTIVE_ON_FRAGMENT_SPREAD:
			return "a fragment spread";
		case FQL_DIRECTIVE_ON_INLINE_FRAGMENT:
			return "an inline fragment";
		case FQL_DIRECTIVE_ON_OPERATION:
			return "an operation";
		case FQL_DIRECTIVE_ON_FRAGMENT_DEFINITION:
			return "a fragment definition";
		case FQL_DIRECTIVE_ON_VARIABLE_DEFINITION:
			break;
	}
	return "a variable definition";
}

/* A known directive: its place and its argument. */
static void
check_directive(FqlValidation *validation, const FqlDirective *directive, FqlDirectivePlace place)
{
	FqlArgumentOwner owner = {.location = directive->location, .arguments = &validation->if_argument, .count = 1};

	if (place != FQL_DIRECTIVE_ON_FIELD && place != FQL_DIRECTIVE_ON_FRAGMENT_SPREAD &&
		place != FQL_DIRECTIVE_ON_INLINE_FRAGMENT)
		fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, directive->location,
					 "Directive \"@%.*s\" cannot be used on %s.", FQL_STR_ARGS(directive->name), place_name(place));
	owner.name = fql_arena_printf(validation->arena, "@%.*s", FQL_STR_ARGS(directive->name));
	check_arguments(validation, &owner, directive->arguments);
}

static void
check_unknown_directive(FqlValidation *validation, const FqlDirective *directive)
{
	FqlLiteralCheck check = {validation->arena, validation->diagnostics, validation->current};

	fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, directive->location,
				 "Directive \"@%.*s\" does not exist.", FQL_STR_ARGS(directive->name));
	for (const FqlArgument *given = directive->arguments; given != NULL; given = given->next)
		record_variables(&check, given->value);
	check_unique(directive->arguments, "argument", validation->arena, validation->diagnostics);
}

/* The directives of one place; @skip and @include may each stand there once. */
void
fql_check_directives(FqlValidation *validation, const FqlDirective *directives, FqlDirectivePlace place)
{
	const FqlDirective *first_skip = NULL;
	const FqlDirective *first_include = NULL;

	for (const FqlDirective *directive = directives; directive != NULL; directive = directive->next)
	{
		bool		is_skip = fql_str_equal(directive->name, FQL_STR("skip"));
		const FqlDirective **first = is_skip ? &first_skip : &first_include;

		if (!is_skip && !fql_str_equal(directive->name, FQL_STR("include")))
		{
			check_unknown_directive(validation, directive);
			continue;
		}
		check_directive(validation, directive, place);
		if (*first == NULL)
			*first = directive;
		else
			fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, (*first)->location,
						 "Directive \"@%.*s\" can be used only once at one place.",
						 FQL_STR_ARGS(directive->name))->locations[1] = directive->location;
	}
}
