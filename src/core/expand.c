/*
 * expand.c
 *    From selection sets to the fields that they come to.
 *
 * Fragments can be chained by the thousand, so they are followed with a stack of our own rather than by recursion.
 * Groups are found by sorting: in time n log n whatever the names are, which no hash table of bounded quality gives.
 * The stack and the list of fields are scratch that one expansion reuses for all its selection sets.
 */
#include "expand.h"

#include <stdlib.h>

#define FQL_FIRST_CAPACITY 16

/* A field met while walking. */
typedef struct FqlMetField
{
	FqlStr		response_key;
	const FqlSelection *field;
	uint32_t	ordinal;
} FqlMetField;

struct FqlExpansion
{
	const FqlFragmentIndex *fragments;
	FqlArena   *arena;
	uint64_t	visited;
	uint64_t	limit;
	bool		(*includes) (const FqlSelection *selection, void *argument);
	void	   *argument;
	uint32_t   *followed;		/* by fragment: the last set that followed it */
	uint32_t	set;			/* number of the current set */
	const FqlSelection **stack; /* what is left of each open selection set */
	uint32_t	stack_depth;
	uint32_t	stack_capacity;
	FqlMetField *met;
	uint32_t	met_count;
	uint32_t	met_capacity;
};

/* By name, then by place. */
static int
compare_fragments(const void *a, const void *b)
{
	const FqlFragment *left = *(const FqlFragment *const *) a;
	const FqlFragment *right = *(const FqlFragment *const *) b;
	int			order = fql_str_compare(left->name, right->name);

	if (order == 0)
		order = (left->location.line > right->location.line) - (left->location.line < right->location.line);
	if (order == 0)
		order = (left->location.column > right->location.column) - (left->location.column < right->location.column);
	return order;
}

FqlFragmentIndex
fql_index_fragments(const FqlDocument *document, FqlArena *arena)
{
	FqlFragmentIndex index = {NULL, 0};

	for (const FqlFragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
		index.count++;
	index.by_name = FQL_NEW_ARRAY(arena, const FqlFragment *, index.count);
	index.count = 0;
	for (const FqlFragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
		index.by_name[index.count++] = fragment;
	qsort(index.by_name, index.count, sizeof(*index.by_name), compare_fragments);
	return index;
}

/* The lower bound, so that of equal names the first is found. */
uint32_t
fql_find_fragment(const FqlFragmentIndex *index, FqlStr name)
{
	uint32_t	low = 0;
	uint32_t	high = index->count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (fql_str_compare(index->by_name[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count && fql_str_equal(index->by_name[low]->name, name) ? low : FQL_NO_FRAGMENT;
}

FqlExpansion *
fql_expansion_create(const FqlFragmentIndex *fragments, uint64_t selection_limit,
					 bool (*includes) (const FqlSelection *selection, void *argument), void *argument,
					 FqlArena *arena)
{
	FqlExpansion *expansion = FQL_NEW(arena, FqlExpansion);

	expansion->fragments = fragments;
	expansion->arena = arena;
	expansion->limit = selection_limit;
	expansion->includes = includes;
	expansion->argument = argument;
	expansion->followed = FQL_NEW_ARRAY(arena, uint32_t, fragments->count);
	return expansion;
}

/* Twice the array; the old one stays in the arena. */
static void *
grow(FqlArena *arena, const void *old, uint32_t *capacity, size_t size)
{
	uint32_t	larger = *capacity > 0 ? *capacity * 2 : FQL_FIRST_CAPACITY;
	void	   *array = fql_arena_alloc_array(arena, size, larger);

	if (*capacity > 0)
		memcpy(array, old, size * *capacity);
	*capacity = larger;
	return array;
}

static void
push(FqlExpansion *expansion, const FqlSelection *selections)
{
	if (expansion->stack_depth == expansion->stack_capacity)
		expansion->stack = grow(expansion->arena, expansion->stack, &expansion->stack_capacity,
								sizeof(*expansion->stack));
	expansion->stack[expansion->stack_depth++] = selections;
}

static void
meet_field(FqlExpansion *expansion, const FqlSelection *field)
{
	if (expansion->met_count == expansion->met_capacity)
		expansion->met = grow(expansion->arena, expansion->met, &expansion->met_capacity, sizeof(*expansion->met));
	expansion->met[expansion->met_count] =
		(FqlMetField){fql_response_key(field), field, expansion->met_count};
	expansion->met_count++;
}

/* DoesFragmentTypeApply: there are only object types, so the condition must name the parent itself. */
static bool
applies(FqlStr type_condition, const FqlType *parent)
{
	return parent == NULL || type_condition.data == NULL || fql_str_equal(type_condition, parent->name);
}

static void
visit_spread(FqlExpansion *expansion, const FqlType *parent, const FqlSelection *spread)
{
	uint32_t	position = fql_find_fragment(expansion->fragments, spread->name);

	if (position == FQL_NO_FRAGMENT || expansion->followed[position] == expansion->set)
		return;
	expansion->followed[position] = expansion->set;
	if (applies(expansion->fragments->by_name[position]->type_condition, parent))
		push(expansion, expansion->fragments->by_name[position]->selections);
}

static void
visit(FqlExpansion *expansion, const FqlType *parent, const FqlSelection *selection)
{
	if (expansion->includes != NULL && !expansion->includes(selection, expansion->argument))
		return;
	switch (selection->kind)
	{
		case FQL_SELECTION_FIELD:
			meet_field(expansion, selection);
			break;
		case FQL_SELECTION_FRAGMENT_SPREAD:
			visit_spread(expansion, parent, selection);
			break;
		case FQL_SELECTION_INLINE_FRAGMENT:
			if (applies(selection->name, parent))
				push(expansion, selection->selections);
			break;
	}
}

/* Meet the fields of one selection set, in order. */
static bool
walk(FqlExpansion *expansion, const FqlType *parent, const FqlSelection *selections)
{
	push(expansion, selections);
	while (expansion->stack_depth > 0)
	{
		const FqlSelection *selection = expansion->stack[expansion->stack_depth - 1];

		if (selection == NULL)
		{
			expansion->stack_depth--;
			continue;
		}
		expansion->stack[expansion->stack_depth - 1] = selection->next;
		if (expansion->visited++ >= expansion->limit)
			return false;
		visit(expansion, parent, selection);
	}
	return true;
}

/* By response key, then in the order met. */
static int
compare_met(const void *a, const void *b)
{
	const FqlMetField *left = a;
	const FqlMetField *right = b;
	int			order = fql_str_compare(left->response_key, right->response_key);

	return order != 0 ? order : (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

/* A group with the place of its first field. */
typedef struct FqlPlacedGroup
{
	FqlFieldGroup group;
	uint32_t	ordinal;
} FqlPlacedGroup;

static int
compare_placed(const void *a, const void *b)
{
	const FqlPlacedGroup *left = a;
	const FqlPlacedGroup *right = b;

	return (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

/* The fields met, as groups. */
static void
group_met(FqlExpansion *expansion, FqlFieldGroups *result)
{
	FqlMetField *met = expansion->met;
	uint32_t	count = expansion->met_count;
	FqlPlacedGroup *placed = FQL_NEW_ARRAY(expansion->arena, FqlPlacedGroup, count);
	const FqlSelection **fields = FQL_NEW_ARRAY(expansion->arena, const FqlSelection *, count);

	*result = (FqlFieldGroups){NULL, 0};
	if (count == 0)
		return;
	qsort(met, count, sizeof(*met), compare_met);
	for (uint32_t i = 0; i < count; i++)
	{
		fields[i] = met[i].field;
		if (i == 0 || !fql_str_equal(met[i - 1].response_key, met[i].response_key))
			placed[result->count++] = (FqlPlacedGroup){{met[i].response_key, &fields[i], 0}, met[i].ordinal};
		placed[result->count - 1].group.count++;
	}
	qsort(placed, result->count, sizeof(*placed), compare_placed);
	result->groups = FQL_NEW_ARRAY(expansion->arena, FqlFieldGroup, result->count);
	for (uint32_t i = 0; i < result->count; i++)
		result->groups[i] = placed[i].group;
}

/* A new merged set: nothing met, nothing followed. */
static void
begin_set(FqlExpansion *expansion)
{
	expansion->set++;
	expansion->met_count = 0;
	expansion->stack_depth = 0;
}

bool
fql_expand(FqlExpansion *expansion, const FqlType *parent, const FqlSelection *selections, FqlFieldGroups *result)
{
	begin_set(expansion);
	if (!walk(expansion, parent, selections))
		return false;
	group_met(expansion, result);
	return true;
}

bool
fql_expand_group(FqlExpansion *expansion, const FqlType *parent, const FqlFieldGroup *group, FqlFieldGroups *result)
{
	begin_set(expansion);
	for (uint32_t i = 0; i < group->count; i++)
		if (!walk(expansion, parent, group->fields[i]->selections))
			return false;
	group_met(expansion, result);
	return true;
}
