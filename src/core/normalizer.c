/*
 * normalizer.c
 *    The canonical form of one operation.
 *
 * Two passes.  The first walks the operation and the fragments that it reaches, each once: it finds out which
 * fragments count and which names of the form _1 are taken.  The second copies the same nodes with arguments sorted
 * and literals lifted, and prints them.  Rather than printing with a sorted order in mind, it makes a canonical AST,
 * so that the printer stays the only code that knows the text.
 *
 * Literals are numbered in the order of the canonical text, not of the source, so that the order of arguments cannot
 * change the numbers.  Literals in directives and in defaults stay: the first may steer the plan, the second
 * cannot hold variables.  The shape is for the eye, so it may have variables there; their numbers come after all
 * others, as the rest of it is the text.
 *
 * The document is a validated one: where it used a variable without defining it, the texts of two documents could be
 * equal that differ in which argument holds the variable and which the literal.
 *
 * Recursion follows selection sets and values, never spreads: the parser has bounded the depth, and fragments wait in
 * a queue for their turn.
 */
#include "normalizer.h"

#include <stdlib.h>

#include "expand.h"
#include "printer.h"

/* Digits of the numbers that lifted literals can have: there are never more literals than bytes. */
#define FQL_NUMBER_DIGITS 18

typedef struct Normalizer
{
	FqlArena   *arena;
	FqlFragmentIndex fragments;
	bool	   *reached;		/* parallel to fragments.by_name */
	const FqlFragment **queue;	/* reached fragments in the order of their discovery */
	uint32_t	queue_length;
	uint64_t   *taken;			/* numbers of variables named like ours; sorted before the second pass */
	size_t		taken_count;
	size_t		taken_capacity;
	size_t		taken_passed;	/* how many of them the numbering has gone past */
	uint64_t	number;			/* of the last lifted literal */
	FqlBuffer	literals;
} Normalizer;

static void scan_selections(Normalizer *normalizer, const FqlSelection *selections);
static void scan_value(Normalizer *normalizer, const FqlValue *value);
static FqlSelection *copy_selections(Normalizer *normalizer, const FqlSelection *selections);
static FqlValue *lift_value(Normalizer *normalizer, const FqlValue *value);

static void
index_fragments(Normalizer *normalizer, const FqlDocument *document)
{
	normalizer->fragments = fql_index_fragments(document, normalizer->arena);
	normalizer->reached = FQL_NEW_ARRAY(normalizer->arena, bool, normalizer->fragments.count);
	normalizer->queue = FQL_NEW_ARRAY(normalizer->arena, const FqlFragment *, normalizer->fragments.count);
}

/* Queue a fragment when it is met for the first time. */
static void
reach_fragment(Normalizer *normalizer, FqlStr name)
{
	uint32_t	position = fql_find_fragment(&normalizer->fragments, name);

	if (position == FQL_NO_FRAGMENT || normalizer->reached[position])
		return;
	normalizer->reached[position] = true;
	normalizer->queue[normalizer->queue_length++] = normalizer->fragments.by_name[position];
}

/* The number of a name such as _12, or 0 for a name that no lifted literal can have. */
static uint64_t
lifted_number(FqlStr name)
{
	uint64_t	number = 0;

	if (name.len < 2 || name.len > 1 + FQL_NUMBER_DIGITS || name.data[0] != '_' || name.data[1] == '0')
		return 0;
	for (size_t i = 1; i < name.len; i++)
	{
		if (name.data[i] < '0' || name.data[i] > '9')
			return 0;
		number = number * 10 + (uint64_t) (name.data[i] - '0');
	}
	return number;
}

/* Remember that a variable of the operation has a name like ours. */
static void
take_number(Normalizer *normalizer, FqlStr name)
{
	uint64_t	number = lifted_number(name);

	if (number == 0)
		return;
	if (normalizer->taken_count == normalizer->taken_capacity)
	{
		size_t		capacity = normalizer->taken_capacity == 0 ? 16 : normalizer->taken_capacity * 2;
		uint64_t   *taken = FQL_NEW_ARRAY(normalizer->arena, uint64_t, capacity);

		if (normalizer->taken_count != 0)
			memcpy(taken, normalizer->taken, normalizer->taken_count * sizeof(uint64_t));
		normalizer->taken = taken;
		normalizer->taken_capacity = capacity;
	}
	normalizer->taken[normalizer->taken_count++] = number;
}

static void
scan_arguments(Normalizer *normalizer, const FqlArgument *arguments)
{
	for (const FqlArgument *argument = arguments; argument != NULL; argument = argument->next)
		scan_value(normalizer, argument->value);
}

static void
scan_value(Normalizer *normalizer, const FqlValue *value)
{
	if (value->kind == FQL_VALUE_VARIABLE)
		take_number(normalizer, value->text);
	for (const FqlValue *item = value->items; item != NULL; item = item->next)
		scan_value(normalizer, item);
	scan_arguments(normalizer, value->fields);
}

static void
scan_directives(Normalizer *normalizer, const FqlDirective *directives)
{
	for (const FqlDirective *directive = directives; directive != NULL; directive = directive->next)
		scan_arguments(normalizer, directive->arguments);
}

static void
scan_selections(Normalizer *normalizer, const FqlSelection *selections)
{
	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
	{
		if (selection->kind == FQL_SELECTION_FRAGMENT_SPREAD)
			reach_fragment(normalizer, selection->name);
		scan_arguments(normalizer, selection->arguments);
		scan_directives(normalizer, selection->directives);
		scan_selections(normalizer, selection->selections);
	}
}

static int
compare_numbers(const void *left, const void *right)
{
	uint64_t	a = *(const uint64_t *) left;
	uint64_t	b = *(const uint64_t *) right;

	return (a > b) - (a < b);
}

/* The first pass. */
static void
scan_operation(Normalizer *normalizer, const FqlOperation *operation)
{
	for (const FqlVariableDefinition *definition = operation->variables; definition != NULL;
		 definition = definition->next)
		take_number(normalizer, definition->name);
	scan_directives(normalizer, operation->directives);
	scan_selections(normalizer, operation->selections);
	/* The queue grows while it is worked off. */
	for (uint32_t i = 0; i < normalizer->queue_length; i++)
	{
		scan_directives(normalizer, normalizer->queue[i]->directives);
		scan_selections(normalizer, normalizer->queue[i]->selections);
	}
	if (normalizer->taken_count != 0)
		qsort(normalizer->taken, normalizer->taken_count, sizeof(uint64_t), compare_numbers);
}

/* The next number that no variable of the operation has.  Numbers only grow, so each taken one is looked at once. */
static uint64_t
next_number(Normalizer *normalizer)
{
	normalizer->number++;
	while (normalizer->taken_passed < normalizer->taken_count &&
		   normalizer->taken[normalizer->taken_passed] <= normalizer->number)
	{
		if (normalizer->taken[normalizer->taken_passed] == normalizer->number)
			normalizer->number++;
		normalizer->taken_passed++;
	}
	return normalizer->number;
}

/* Turn a literal into the variable that stands for it. */
static void
lift_literal(Normalizer *normalizer, FqlValue *value)
{
	if (normalizer->literals.len != 0)
		fql_buffer_append_char(&normalizer->literals, ',');
	fql_print_value(value, &normalizer->literals);
	value->kind = FQL_VALUE_VARIABLE;
	value->text = fql_arena_printf(normalizer->arena, "_%llu", (unsigned long long) next_number(normalizer));
}

/* Object fields in their order, with literals lifted. */
static FqlArgument *
lift_fields(Normalizer *normalizer, const FqlArgument *fields)
{
	FqlArgument *first = NULL;
	FqlArgument **tail = &first;

	for (const FqlArgument *field = fields; field != NULL; field = field->next)
	{
		FqlArgument *copy = FQL_NEW(normalizer->arena, FqlArgument);

		*copy = *field;
		copy->value = lift_value(normalizer, field->value);
		*tail = copy;
		tail = &copy->next;
	}
	return first;
}

static FqlValue *
lift_items(Normalizer *normalizer, const FqlValue *items)
{
	FqlValue   *first = NULL;
	FqlValue  **tail = &first;

	for (const FqlValue *item = items; item != NULL; item = item->next)
	{
		*tail = lift_value(normalizer, item);
		tail = &(*tail)->next;
	}
	return first;
}

/* A copy of a value, alone, in which variables stand for the literals. */
static FqlValue *
lift_value(Normalizer *normalizer, const FqlValue *value)
{
	FqlValue   *copy = FQL_NEW(normalizer->arena, FqlValue);

	*copy = *value;
	copy->next = NULL;
	switch (value->kind)
	{
		case FQL_VALUE_INT:
		case FQL_VALUE_FLOAT:
		case FQL_VALUE_STRING:
			lift_literal(normalizer, copy);
			break;
		case FQL_VALUE_LIST:
			copy->items = lift_items(normalizer, value->items);
			break;
		case FQL_VALUE_OBJECT:
			copy->fields = lift_fields(normalizer, value->fields);
			break;
		case FQL_VALUE_VARIABLE:
		case FQL_VALUE_BOOLEAN:
		case FQL_VALUE_NULL:
		case FQL_VALUE_ENUM:
			break;
	}
	return copy;
}

/* An argument with its place, so that sorting keeps the order of equal names and is the same on every platform. */
typedef struct PlacedArgument
{
	const FqlArgument *argument;
	size_t		place;
} PlacedArgument;

static int
compare_arguments(const void *left, const void *right)
{
	const PlacedArgument *a = left;
	const PlacedArgument *b = right;
	int			order = fql_str_compare(a->argument->name, b->argument->name);

	return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* A copy of the arguments, sorted by name; the values are shared with the original. */
static FqlArgument *
sort_arguments(Normalizer *normalizer, const FqlArgument *arguments)
{
	FqlArgument *sorted;
	PlacedArgument *placed;
	size_t		count = 0;

	if (arguments == NULL)
		return NULL;
	for (const FqlArgument *argument = arguments; argument != NULL; argument = argument->next)
		count++;
	placed = FQL_NEW_ARRAY(normalizer->arena, PlacedArgument, count);
	sorted = FQL_NEW_ARRAY(normalizer->arena, FqlArgument, count);
	count = 0;
	for (const FqlArgument *argument = arguments; argument != NULL; argument = argument->next)
	{
		placed[count] = (PlacedArgument){.argument = argument, .place = count};
		count++;
	}
	qsort(placed, count, sizeof(PlacedArgument), compare_arguments);
	for (size_t i = 0; i < count; i++)
	{
		sorted[i] = *placed[i].argument;
		sorted[i].next = i + 1 < count ? &sorted[i + 1] : NULL;
	}
	return sorted;
}

static FqlDirective *
copy_directives(Normalizer *normalizer, const FqlDirective *directives)
{
	FqlDirective *first = NULL;
	FqlDirective **tail = &first;

	for (const FqlDirective *directive = directives; directive != NULL; directive = directive->next)
	{
		FqlDirective *copy = FQL_NEW(normalizer->arena, FqlDirective);

		*copy = *directive;
		copy->arguments = sort_arguments(normalizer, directive->arguments);
		*tail = copy;
		tail = &copy->next;
	}
	return first;
}

/* In the order of the printed text, because literals are numbered on the way: arguments, then what is below. */
static FqlSelection *
copy_selections(Normalizer *normalizer, const FqlSelection *selections)
{
	FqlSelection *first = NULL;
	FqlSelection **tail = &first;

	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
	{
		FqlSelection *copy = FQL_NEW(normalizer->arena, FqlSelection);

		*copy = *selection;
		copy->arguments = sort_arguments(normalizer, selection->arguments);
		for (FqlArgument *argument = copy->arguments; argument != NULL; argument = argument->next)
			argument->value = lift_value(normalizer, argument->value);
		copy->directives = copy_directives(normalizer, selection->directives);
		copy->selections = copy_selections(normalizer, selection->selections);
		*tail = copy;
		tail = &copy->next;
	}
	return first;
}

static FqlVariableDefinition *
copy_variables(Normalizer *normalizer, const FqlVariableDefinition *definitions)
{
	FqlVariableDefinition *first = NULL;
	FqlVariableDefinition **tail = &first;

	for (const FqlVariableDefinition *definition = definitions; definition != NULL; definition = definition->next)
	{
		FqlVariableDefinition *copy = FQL_NEW(normalizer->arena, FqlVariableDefinition);

		*copy = *definition;
		copy->directives = copy_directives(normalizer, definition->directives);
		*tail = copy;
		tail = &copy->next;
	}
	return first;
}

static FqlOperation
copy_operation(Normalizer *normalizer, const FqlOperation *operation)
{
	FqlOperation copy = *operation;

	copy.variables = copy_variables(normalizer, operation->variables);
	copy.directives = copy_directives(normalizer, operation->directives);
	copy.selections = copy_selections(normalizer, operation->selections);
	/* "query { a }" and "{ a }" are one operation. */
	copy.shorthand = operation->kind == FQL_OPERATION_QUERY && operation->name.data == NULL &&
		operation->variables == NULL && operation->directives == NULL;
	return copy;
}

static void
print_reached_fragments(Normalizer *normalizer, FqlBuffer *text)
{
	for (uint32_t i = 0; i < normalizer->fragments.count; i++)
	{
		FqlFragment copy = *normalizer->fragments.by_name[i];

		if (!normalizer->reached[i])
			continue;
		copy.directives = copy_directives(normalizer, copy.directives);
		copy.selections = copy_selections(normalizer, copy.selections);
		fql_buffer_append_char(text, ' ');
		fql_print_fragment(&copy, text);
	}
}

/* Lift the literals in defaults of a copied operation; false: there is no default. */
static bool
lift_defaults(Normalizer *normalizer, FqlVariableDefinition *definitions)
{
	bool		found = false;

	for (FqlVariableDefinition *definition = definitions; definition != NULL; definition = definition->next)
		if (definition->default_value != NULL)
		{
			definition->default_value = lift_value(normalizer, definition->default_value);
			found = true;
		}
	return found;
}

FqlNormalized
fql_normalize(const FqlDocument *document, const FqlOperation *operation, FqlArena *arena)
{
	Normalizer	normalizer = {.arena = arena};
	FqlNormalized normalized;
	FqlOperation copy;
	FqlBuffer	text;
	FqlBuffer	shape;
	size_t		fragments;

	fql_buffer_init(&text, arena);
	fql_buffer_init(&shape, arena);
	fql_buffer_init(&normalizer.literals, arena);
	index_fragments(&normalizer, document);
	scan_operation(&normalizer, operation);
	copy = copy_operation(&normalizer, operation);
	fql_print_operation(&copy, &text);
	fragments = text.len;
	print_reached_fragments(&normalizer, &text);
	normalized.text = normalized.shape = fql_buffer_text(&text);
	normalized.literals = fql_buffer_text(&normalizer.literals);
	if (lift_defaults(&normalizer, copy.variables))
	{
		fql_print_operation(&copy, &shape);
		fql_buffer_append(&shape, (FqlStr){text.data + fragments, text.len - fragments});
		normalized.shape = fql_buffer_text(&shape);
	}
	return normalized;
}
