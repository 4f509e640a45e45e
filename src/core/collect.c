/*
 * collect.c
 *    CollectFields for a whole operation: the tree of fields that the SQL generator compiles.
 *
 * The document was validated, so fields exist and merged fields agree; what is decided here is what only variables
 * can tell: @skip, @include and argument values.  A merged field's arguments are coerced once, from its first
 * occurrence.  Recursion is as deep as fields nest, and that is bounded by limits->query_depth here once more, because
 * nothing but this function stands between a deep document and the C stack of the generator.
 */
#include "collect.h"

#include "expand.h"

typedef struct FqlCollection
{
	FqlExpansion *expansion;
	const FqlVariables *variables;
	const FqlLimits *limits;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	FqlTypeRef	boolean;		/* Boolean! is the type of a directive's "if" */
	FqlTypeRef	boolean_non_null;
	bool		failed;
} FqlCollection;

static FqlSelectedField *collect_groups(FqlCollection *collection, const FqlType *parent,
										const FqlSelectedField *ancestor, uint32_t depth,
										const FqlFieldGroups *groups);

/* The value of "if"; false with "failed" set where it has none. */
static bool
directive_condition(FqlCollection *collection, const FqlDirective *directive)
{
	bool		absent = true;
	const FqlInput *value = NULL;

	for (const FqlArgument *argument = directive->arguments; argument != NULL; argument = argument->next)
		if (fql_str_equal(argument->name, FQL_STR("if")))
			value = fql_coerce_literal(argument->value, &collection->boolean_non_null, collection->variables,
									   collection->arena, collection->diagnostics, &absent);
	if (value != NULL)
		return fql_str_equal(value->text, FQL_STR("true"));
	if (absent)
		fql_diagnose(collection->diagnostics, FQL_ERROR_BAD_INPUT, directive->location,
					 "Argument \"if\" of directive \"@%.*s\" has no value.", FQL_STR_ARGS(directive->name));
	collection->failed = true;
	return false;
}

/* @skip wins over @include. */
static bool
includes(const FqlSelection *selection, void *argument)
{
	FqlCollection *collection = argument;

	for (const FqlDirective *directive = selection->directives; directive != NULL; directive = directive->next)
	{
		bool		skip = fql_str_equal(directive->name, FQL_STR("skip"));

		if (!skip && !fql_str_equal(directive->name, FQL_STR("include")))
			continue;
		if (directive_condition(collection, directive) == skip || collection->failed)
			return false;
	}
	return true;
}

/* A limit was passed; always NULL. */
static FqlSelectedField *
report_limit(FqlCollection *collection, FqlLocation location, const char *what, uint32_t limit)
{
	fql_diagnose(collection->diagnostics, FQL_ERROR_LIMIT, location, "The operation %s than %lu.", what,
				 (unsigned long) limit);
	collection->failed = true;
	return NULL;
}

/* The value of one argument of a field: given, by default, or none (NULL). */
static const FqlInput *
coerce_argument(FqlCollection *collection, const FqlSelection *field, const FqlInputField *definition)
{
	const FqlInput *value = NULL;
	bool		absent = true;

	for (const FqlArgument *given = field->arguments; given != NULL; given = given->next)
		if (fql_str_equal(given->name, definition->name))
		{
			value = fql_coerce_literal(given->value, definition->type, collection->variables, collection->arena,
									   collection->diagnostics, &absent);
			collection->failed = collection->failed || (value == NULL && !absent);
			break;
		}
	if (absent && definition->default_value != NULL)
	{
		value = fql_coerce_literal(definition->default_value, definition->type, NULL, collection->arena,
								   collection->diagnostics, &absent);
		collection->failed = collection->failed || value == NULL;
	}
	else if (absent && definition->type->kind == FQL_TYPE_NODE_NON_NULL)
	{
		fql_diagnose(collection->diagnostics, FQL_ERROR_BAD_INPUT, field->location,
					 "Argument \"%.*s\" of field \"%.*s\" is required and has no value.",
					 FQL_STR_ARGS(definition->name), FQL_STR_ARGS(field->name));
		collection->failed = true;
	}
	return value;
}

static void
coerce_arguments(FqlCollection *collection, FqlSelectedField *selected, const FqlSelection *field)
{
	const FqlField *definition = selected->field;

	if (definition == NULL || definition->argument_count == 0)
		return;
	selected->arguments = FQL_NEW_ARRAY(collection->arena, const FqlInput *, definition->argument_count);
	for (uint32_t i = 0; i < definition->argument_count; i++)
		selected->arguments[i] = coerce_argument(collection, field, &definition->arguments[i]);
}

/* The merged selection sets of a group, under its field. */
static void
collect_selections(FqlCollection *collection, FqlSelectedField *selected, const FqlFieldGroup *group, uint32_t depth)
{
	const FqlType *type = selected->field != NULL ? fql_type_innermost(selected->field->type) : NULL;
	FqlFieldGroups groups;

	if (type == NULL || type->kind != FQL_TYPE_OBJECT)
		return;
	if (depth >= collection->limits->query_depth)
		report_limit(collection, selected->location, "nests fields deeper", collection->limits->query_depth);
	else if (!fql_expand_group(collection->expansion, type, group, &groups))
		report_limit(collection, selected->location, "has more selections", collection->limits->selections);
	else
	{
		selected->selections = collect_groups(collection, type, selected, depth + 1, &groups);
		selected->selection_count = groups.count;
	}
}

/* One field of the response, at this depth; NULL after a diagnostic. */
static FqlSelectedField *
collect_field(FqlCollection *collection, const FqlType *parent, const FqlSelectedField *ancestor, uint32_t depth,
			  const FqlFieldGroup *group)
{
	const FqlSelection *field = group->fields[0];
	FqlSelectedField *selected = FQL_NEW(collection->arena, FqlSelectedField);

	selected->response_key = group->response_key;
	selected->location = field->location;
	selected->parent = parent;
	selected->field = fql_field_find(parent, field->name);
	selected->ancestor = ancestor;
	if (selected->field == NULL && !fql_str_equal(field->name, FQL_STR("__typename")))
	{
		fql_diagnose(collection->diagnostics, FQL_ERROR_VALIDATION, field->location,
					 "Field \"%.*s\" does not exist on type \"%.*s\".", FQL_STR_ARGS(field->name),
					 FQL_STR_ARGS(parent->name));
		collection->failed = true;
		return NULL;
	}
	coerce_arguments(collection, selected, field);
	if (!collection->failed)
		collect_selections(collection, selected, group, depth);
	return collection->failed ? NULL : selected;
}

/* The fields of one selection set, linked; NULL with "failed" set after a diagnostic. */
static FqlSelectedField *
collect_groups(FqlCollection *collection, const FqlType *parent, const FqlSelectedField *ancestor, uint32_t depth,
			   const FqlFieldGroups *groups)
{
	FqlSelectedField *first = NULL;
	FqlSelectedField **link = &first;

	for (uint32_t i = 0; i < groups->count && !collection->failed; i++)
	{
		*link = collect_field(collection, parent, ancestor, depth, &groups->groups[i]);
		if (*link != NULL)
			link = &(*link)->next;
	}
	return collection->failed ? NULL : first;
}

static void
init_collection(FqlCollection *collection, const FqlTypeSystem *types, const FqlFragmentIndex *fragments)
{
	collection->boolean = (FqlTypeRef){.kind = FQL_TYPE_NODE_NAMED, .type = types->scalars[FQL_SCALAR_BOOLEAN]};
	collection->boolean_non_null = (FqlTypeRef){.kind = FQL_TYPE_NODE_NON_NULL, .of = &collection->boolean};
	collection->expansion = fql_expansion_create(fragments, collection->limits->selections, includes, collection,
												 collection->arena);
}

FqlSelectedField *
fql_collect_fields(const FqlDocument *document, const FqlOperation *operation, const FqlTypeSystem *types,
				   const FqlVariables *variables, const FqlLimits *limits, FqlArena *arena,
				   FqlDiagnostics *diagnostics, uint32_t *count)
{
	FqlCollection collection = {.variables = variables, .limits = limits, .arena = arena, .diagnostics = diagnostics};
	FqlFragmentIndex fragments = fql_index_fragments(document, arena);
	const FqlType *root = operation->kind == FQL_OPERATION_QUERY ? types->query :
		operation->kind == FQL_OPERATION_MUTATION ? types->mutation : NULL;
	FqlSelectedField *first;
	FqlFieldGroups groups;

	*count = 0;
	if (root == NULL)
	{
		fql_diagnose(diagnostics, FQL_ERROR_UNSUPPORTED, operation->location,
					 "The schema does not support operations of this kind.");
		return NULL;
	}
	init_collection(&collection, types, &fragments);
	if (!fql_expand(collection.expansion, root, operation->selections, &groups))
		return report_limit(&collection, operation->location, "has more selections", limits->selections);
	if (collection.failed)
		return NULL;
	first = collect_groups(&collection, root, NULL, 1, &groups);
	*count = collection.failed ? 0 : groups.count;
	return first;
}
