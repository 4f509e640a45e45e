/*
 * validate_limits.c
 *    How large a document is with its fragments expanded, found without expanding them; and cycles of fragments.
 *
 * A few hundred bytes of fragments that spread each other twice mean 2^n fields.  So each definition is looked at as
 * it is written, once: that gives its aliases, directives and the fragments that it uses.  Then the graph of fragments
 * is put in an order in which every fragment comes after those that it uses (and a cycle is found on the way), and in
 * that order sizes are computed from sizes, saturating.  Nothing that expands runs before these sizes are known.
 *
 * A document may chain thousands of fragments, so the search keeps its path in the definitions, not on the C stack.
 *
 * All operations of a document count towards the limit of selections together, because all of them are validated.
 */
#include "validate_internal.h"

/* Sizes stop growing here; no limit is that large. */
#define FQL_SIZE_MAX ((uint64_t) 1 << 40)

/* Aliases and directives as written, and where the limit was passed. */
typedef struct FqlWrittenCount
{
	uint32_t	count;
	uint32_t	limit;
	FqlLocation passed;			/* of the first beyond the limit */
} FqlWrittenCount;

typedef struct FqlWritten
{
	FqlValidation *validation;
	FqlDefinition *definition;
	FqlWrittenCount aliases;
	FqlWrittenCount directives;
} FqlWritten;

static void
count_one(FqlWrittenCount *written, FqlLocation location)
{
	if (written->count == written->limit)
		written->passed = location;
	if (written->count <= written->limit)
		written->count++;
}

static void
count_directives(FqlWritten *written, const FqlDirective *directives)
{
	for (const FqlDirective *directive = directives; directive != NULL; directive = directive->next)
		count_one(&written->directives, directive->location);
}

static void
record_use(FqlWritten *written, const FqlSelection *spread)
{
	FqlFragmentUse *use = FQL_NEW(written->validation->arena, FqlFragmentUse);

	use->fragment = fql_find_fragment(&written->validation->fragments, spread->name);
	use->location = spread->location;
	*written->definition->uses_end = use;
	written->definition->uses_end = &use->next;
}

static void
count_selections(FqlWritten *written, const FqlSelection *selections)
{
	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
	{
		count_directives(written, selection->directives);
		if (selection->kind == FQL_SELECTION_FIELD && selection->alias.data != NULL)
			count_one(&written->aliases, selection->location);
		if (selection->kind == FQL_SELECTION_FRAGMENT_SPREAD)
			record_use(written, selection);
		count_selections(written, selection->selections);
	}
}

static void
count_operation(FqlWritten *written, FqlDefinition *definition)
{
	const FqlOperation *operation = definition->operation;

	written->definition = definition;
	count_directives(written, operation->directives);
	for (const FqlVariableDefinition *variable = operation->variables; variable != NULL; variable = variable->next)
		count_directives(written, variable->directives);
	count_selections(written, operation->selections);
}

static void
count_fragment(FqlWritten *written, FqlDefinition *definition)
{
	written->definition = definition;
	count_directives(written, definition->fragment->directives);
	count_selections(written, definition->fragment->selections);
}

static bool
check_written_count(FqlValidation *validation, const FqlWrittenCount *written, const char *what)
{
	if (written->count <= written->limit)
		return true;
	fql_diagnose(validation->diagnostics, FQL_ERROR_LIMIT, written->passed, "The document has more than %lu %s.",
				 (unsigned long) written->limit, what);
	return false;
}

/* Look at the whole document as it is written. */
static bool
check_written(FqlValidation *validation)
{
	FqlWritten	written = {.validation = validation};
	bool		ok;

	written.aliases.limit = validation->limits->aliases;
	written.directives.limit = validation->limits->directives;
	for (uint32_t i = 0; i < validation->operation_count; i++)
		count_operation(&written, &validation->operations[i]);
	for (uint32_t i = 0; i < validation->fragments.count; i++)
		count_fragment(&written, &validation->fragment_definitions[i]);
	ok = check_written_count(validation, &written.aliases, "aliases");
	return check_written_count(validation, &written.directives, "directives") && ok;
}

/* The use that closes a cycle, and the fragment that it comes back to. */
static void
report_cycle(FqlValidation *validation, const FqlDefinition *from, const FqlDefinition *to, FqlLocation location)
{
	FqlStr		through = from->fragment->name;
	FqlStr		name = to->fragment->name;
	bool		direct = from == to;

	validation->cyclic = true;
	fql_diagnose(validation->diagnostics, FQL_ERROR_VALIDATION, location,
				 "Fragment \"%.*s\" spreads itself%s%.*s%s.", FQL_STR_ARGS(name),
				 direct ? "" : " through fragment \"", direct ? 0 : (int) through.len, through.data,
				 direct ? "" : "\"")->locations[1] = to->fragment->location;
}

/* Follow uses from one fragment, depth first, appending fragments that are done to order[]. */
static void
search_from(FqlValidation *validation, FqlDefinition *definition, FqlDefinition **order, uint32_t *count)
{
	definition->state = FQL_SEARCH_OPEN;
	definition->cursor = definition->uses;
	while (definition != NULL)
	{
		const FqlFragmentUse *use = definition->cursor;
		FqlDefinition *used;

		if (use == NULL)
		{
			definition->state = FQL_SEARCH_DONE;
			order[(*count)++] = definition;
			definition = definition->caller;
			continue;
		}
		definition->cursor = use->next;
		if (use->fragment == FQL_NO_FRAGMENT)
			continue;
		used = &validation->fragment_definitions[use->fragment];
		if (used->state == FQL_SEARCH_OPEN)
			report_cycle(validation, definition, used, use->location);
		else if (used->state == FQL_SEARCH_NEW)
		{
			used->state = FQL_SEARCH_OPEN;
			used->cursor = used->uses;
			used->caller = definition;
			definition = used;
		}
	}
}

/* All fragments, each after those that it uses. */
static FqlDefinition **
order_fragments(FqlValidation *validation)
{
	FqlDefinition **order = FQL_NEW_ARRAY(validation->arena, FqlDefinition *, validation->fragments.count);
	uint32_t	count = 0;

	for (uint32_t i = 0; i < validation->fragments.count; i++)
		if (validation->fragment_definitions[i].state == FQL_SEARCH_NEW)
			search_from(validation, &validation->fragment_definitions[i], order, &count);
	return order;
}

/* What a selection set comes to. */
typedef struct FqlSize
{
	uint64_t	selections;
	uint32_t	depth;
} FqlSize;

static FqlSize
measure(const FqlValidation *validation, const FqlSelection *selections)
{
	FqlSize		size = {0, 0};

	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
	{
		FqlSize		below = measure(validation, selection->selections);
		uint32_t	fragment;

		if (selection->kind == FQL_SELECTION_FIELD)
			below.depth++;
		else if (selection->kind == FQL_SELECTION_FRAGMENT_SPREAD)
		{
			fragment = fql_find_fragment(&validation->fragments, selection->name);
			if (fragment != FQL_NO_FRAGMENT)
			{
				below.selections = validation->fragment_definitions[fragment].selections;
				below.depth = validation->fragment_definitions[fragment].depth;
			}
		}
		size.selections += below.selections + 1;
		if (size.selections > FQL_SIZE_MAX)
			size.selections = FQL_SIZE_MAX;
		if (below.depth > size.depth)
			size.depth = below.depth;
	}
	return size;
}

static void
measure_definition(const FqlValidation *validation, FqlDefinition *definition, const FqlSelection *selections)
{
	FqlSize		size = measure(validation, selections);

	definition->selections = size.selections;
	definition->depth = size.depth;
}

/* Depth and size of every operation. */
static bool
check_sizes(FqlValidation *validation)
{
	uint64_t	total = 0;

	for (uint32_t i = 0; i < validation->operation_count; i++)
	{
		FqlDefinition *definition = &validation->operations[i];
		FqlLocation location = definition->operation->location;

		measure_definition(validation, definition, definition->operation->selections);
		total += definition->selections;
		if (definition->depth > validation->limits->query_depth)
		{
			fql_diagnose(validation->diagnostics, FQL_ERROR_LIMIT, location,
						 "The operation nests fields %lu deep, and at most %lu are allowed.",
						 (unsigned long) definition->depth, (unsigned long) validation->limits->query_depth);
			return false;
		}
		if (total > validation->limits->selections)
		{
			fql_diagnose(validation->diagnostics, FQL_ERROR_LIMIT, location,
						 "With its fragments expanded the document has more than %lu selections.",
						 (unsigned long) validation->limits->selections);
			return false;
		}
	}
	return true;
}

/* Root fields of every operation; those of one response key are one field. */
static bool
check_root_fields(FqlValidation *validation)
{
	FqlExpansion *expansion = fql_expansion_create(&validation->fragments, FQL_SIZE_MAX, NULL, NULL,
												   validation->arena);

	for (uint32_t i = 0; i < validation->operation_count; i++)
	{
		const FqlOperation *operation = validation->operations[i].operation;
		FqlFieldGroups groups = {NULL, 0};

		if (!fql_expand(expansion, NULL, operation->selections, &groups) ||
			groups.count > validation->limits->root_fields)
		{
			fql_diagnose(validation->diagnostics, FQL_ERROR_LIMIT, operation->location,
						 "The operation has more than %lu root fields.",
						 (unsigned long) validation->limits->root_fields);
			return false;
		}
	}
	return true;
}

bool
fql_check_limits(FqlValidation *validation)
{
	FqlDefinition **order;

	if (!check_written(validation))
		return false;
	order = order_fragments(validation);
	if (validation->cyclic)
		return true;			/* sizes are infinite; nothing that expands will run */
	for (uint32_t i = 0; i < validation->fragments.count; i++)
		measure_definition(validation, order[i], order[i]->fragment->selections);
	return check_sizes(validation) && check_root_fields(validation);
}
