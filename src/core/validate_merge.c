/*
 * validate_merge.c
 *    FieldsInSetCanMerge (specification, section 5.3.2): fields of one response key must be the same field.
 *
 * The specification compares every pair of fields, which is quadratic, and does so again for every pair of selection
 * sets.  Here fields are grouped by response key, each is compared with the first of its group only (being the same
 * field with the same arguments is transitive), and their merged selection sets are then checked as one set.  All
 * types are object types, so two fields of one set always have the same parent and "same response shape" is implied.
 *
 * The work is that of collecting the operation's fields, and validate_limits.c has already bounded that.
 */
#include "validate_internal.h"

/* Two fields that were reported as conflicting: a fragment that is spread often must not be reported as often. */
typedef struct FqlReportedConflict
{
	const FqlSelection *first;
	const FqlSelection *second;
} FqlReportedConflict;

typedef struct FqlMerging
{
	FqlValidation *validation;
	FqlExpansion *expansion;
	FqlReportedConflict reported[FQL_DIAGNOSTICS_LIMIT];
	uint32_t	reported_count;
} FqlMerging;

static bool same_value(const FqlValue *a, const FqlValue *b);

static bool
same_items(const FqlValue *a, const FqlValue *b)
{
	while (a != NULL && b != NULL && same_value(a, b))
	{
		a = a->next;
		b = b->next;
	}
	return a == NULL && b == NULL;
}

/* In the same order, too: orderBy reads it. */
static bool
same_fields(const FqlArgument *a, const FqlArgument *b)
{
	while (a != NULL && b != NULL && fql_str_equal(a->name, b->name) && same_value(a->value, b->value))
	{
		a = a->next;
		b = b->next;
	}
	return a == NULL && b == NULL;
}

static bool
same_value(const FqlValue *a, const FqlValue *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind)
	{
		case FQL_VALUE_NULL:
			return true;
		case FQL_VALUE_BOOLEAN:
			return a->boolean == b->boolean;
		case FQL_VALUE_LIST:
			return same_items(a->items, b->items);
		case FQL_VALUE_OBJECT:
			return same_fields(a->fields, b->fields);
		default:
			return fql_str_equal(a->text, b->text);
	}
}

static uint32_t
count_arguments(const FqlArgument *argument)
{
	uint32_t	count = 0;

	for (; argument != NULL; argument = argument->next)
		count++;
	return count;
}

/*
 * The same arguments in any order.  More arguments than the field has were reported already and are not compared:
 * that keeps the comparison of two lists from being quadratic in what a client can write.
 */
static bool
same_arguments(const FqlField *field, const FqlSelection *a, const FqlSelection *b)
{
	uint32_t	count = count_arguments(a->arguments);

	if (field == NULL || count > field->argument_count)
		return true;
	if (count_arguments(b->arguments) != count)
		return false;
	for (const FqlArgument *one = a->arguments; one != NULL; one = one->next)
	{
		const FqlArgument *other = b->arguments;

		while (other != NULL && !fql_str_equal(other->name, one->name))
			other = other->next;
		if (other == NULL || !same_value(one->value, other->value))
			return false;
	}
	return true;
}

/* Whether to report this conflict: it was not, and it would be seen. */
static bool
is_news(FqlMerging *merging, const FqlSelection *first, const FqlSelection *second)
{
	for (uint32_t i = 0; i < merging->reported_count; i++)
		if (merging->reported[i].first == first && merging->reported[i].second == second)
			return false;
	if (merging->reported_count == FQL_DIAGNOSTICS_LIMIT)
		return false;
	merging->reported[merging->reported_count++] = (FqlReportedConflict){first, second};
	return true;
}

static void
report_conflict(FqlMerging *merging, FqlStr key, const FqlSelection *first, const FqlSelection *second)
{
	FqlDiagnostics *diagnostics = merging->validation->diagnostics;
	FqlDiagnostic *diagnostic;

	if (!is_news(merging, first, second))
		return;
	if (fql_str_equal(first->name, second->name))
		diagnostic = fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, first->location,
								  "Response key \"%.*s\" stands for field \"%.*s\" with different arguments. "
								  "Give them different aliases to fetch both.",
								  FQL_STR_ARGS(key), FQL_STR_ARGS(first->name));
	else
		diagnostic = fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, first->location,
								  "Response key \"%.*s\" stands for both field \"%.*s\" and field \"%.*s\". "
								  "Give them different aliases to fetch both.",
								  FQL_STR_ARGS(key), FQL_STR_ARGS(first->name), FQL_STR_ARGS(second->name));
	diagnostic->locations[1] = second->location;
}

/* Are all fields of the group the same field? */
static bool
check_group(FqlMerging *merging, const FqlField *field, const FqlFieldGroup *group)
{
	const FqlSelection *first = group->fields[0];
	bool		same = true;

	for (uint32_t i = 1; i < group->count; i++)
	{
		const FqlSelection *other = group->fields[i];

		if (fql_str_equal(first->name, other->name) && same_arguments(field, first, other))
			continue;
		report_conflict(merging, group->response_key, first, other);
		same = false;
	}
	return same;
}

/* The groups of one merged selection set, and what is below them: as deep as fields nest, which has a limit. */
static void
check_groups(FqlMerging *merging, const FqlType *parent, const FqlFieldGroups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++)
	{
		const FqlFieldGroup *group = &groups->groups[i];
		const FqlField *field = fql_field_find(parent, group->fields[0]->name);
		const FqlType *type = field != NULL ? fql_type_innermost(field->type) : NULL;
		FqlFieldGroups below;

		if (!check_group(merging, field, group) || type == NULL || type->kind != FQL_TYPE_OBJECT)
			continue;
		if (fql_expand_group(merging->expansion, type, group, &below))
			check_groups(merging, type, &below);
	}
}

void
fql_check_merging(FqlValidation *validation)
{
	FqlMerging	merging = {.validation = validation};

	merging.expansion = fql_expansion_create(&validation->fragments, validation->limits->selections, NULL, NULL,
											 validation->arena);
	for (uint32_t i = 0; i < validation->operation_count; i++)
	{
		const FqlOperation *operation = validation->operations[i].operation;
		const FqlType *root = fql_root_type(validation, operation);
		FqlFieldGroups groups;

		if (root != NULL && fql_expand(merging.expansion, root, operation->selections, &groups))
			check_groups(&merging, root, &groups);
	}
}
