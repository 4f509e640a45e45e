/*
 * names.c
 *    Suggestions for misspelt names, and duplicates.
 *
 * A suggestion must stay cheap however many fields a type has and however many mistakes a document holds: names of
 * very different length are passed over, the distance stops counting at three, and nothing is computed for a
 * diagnostic that nobody will see.  Duplicates are found by sorting, so that no choice of names makes it quadratic.
 */
#include "names.h"

#include <stdlib.h>

/* Longer names get no suggestion: the row of the distance lives on the stack. */
#define FQL_SUGGEST_NAME_MAX 64

/* Two letters off is still a typing error; more is another word. */
#define FQL_SUGGEST_DISTANCE_MAX 2

/* The best candidate so far. */
typedef struct FqlSuggestion
{
	FqlStr		wanted;
	FqlStr		best;
	size_t		distance;		/* a candidate must be closer than this */
} FqlSuggestion;

static size_t
min_of_three(size_t a, size_t b, size_t c)
{
	size_t		ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance of two names, or "bound" if it is not below it. */
static size_t
distance_below(FqlStr a, FqlStr b, size_t bound)
{
	size_t		row[FQL_SUGGEST_NAME_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++)
	{
		size_t		diagonal = row[0];
		size_t		smallest = row[0] = i;

		for (size_t j = 1; j <= b.len; j++)
		{
			size_t		above = row[j];

			row[j] = min_of_three(above + 1, row[j - 1] + 1, diagonal + (a.data[i - 1] != b.data[j - 1]));
			diagonal = above;
			if (row[j] < smallest)
				smallest = row[j];
		}
		if (smallest >= bound)
			return bound;
	}
	return row[b.len] < bound ? row[b.len] : bound;
}

/* Take the candidate if it is closer than what there is. */
static void
consider(FqlSuggestion *suggestion, FqlStr candidate)
{
	FqlStr		wanted = suggestion->wanted;
	size_t		difference = candidate.len > wanted.len ? candidate.len - wanted.len : wanted.len - candidate.len;
	size_t		distance;

	if (candidate.len > FQL_SUGGEST_NAME_MAX || difference >= suggestion->distance)
		return;
	distance = distance_below(wanted, candidate, suggestion->distance);
	if (distance < suggestion->distance)
	{
		suggestion->distance = distance;
		suggestion->best = candidate;
	}
}

/* A search that accepts at most two edits, and fewer for very short names; false: do not search at all. */
static bool
begin_suggestion(FqlSuggestion *suggestion, FqlStr name, const FqlDiagnostics *diagnostics)
{
	size_t		allowed = name.len / 2 < FQL_SUGGEST_DISTANCE_MAX ? name.len / 2 : FQL_SUGGEST_DISTANCE_MAX;

	*suggestion = (FqlSuggestion){.wanted = name, .distance = allowed + 1};
	return name.len <= FQL_SUGGEST_NAME_MAX && diagnostics->count < diagnostics->limit;
}

static FqlStr
end_suggestion(const FqlSuggestion *suggestion, FqlArena *arena)
{
	if (suggestion->best.data == NULL)
		return FQL_STR("");
	return fql_arena_printf(arena, " Did you mean \"%.*s\"?", FQL_STR_ARGS(suggestion->best));
}

FqlStr
fql_suggest_field(const FqlType *type, FqlStr name, FqlDiagnostics *diagnostics)
{
	FqlSuggestion suggestion;

	if (!begin_suggestion(&suggestion, name, diagnostics))
		return FQL_STR("");
	for (uint32_t i = 0; i < type->field_count; i++)
		consider(&suggestion, type->fields[i].name);
	return end_suggestion(&suggestion, diagnostics->arena);
}

FqlStr
fql_suggest_input(const FqlInputField *fields, uint32_t count, FqlStr name, FqlDiagnostics *diagnostics)
{
	FqlSuggestion suggestion;

	if (!begin_suggestion(&suggestion, name, diagnostics))
		return FQL_STR("");
	for (uint32_t i = 0; i < count; i++)
		if (fields[i].alias_of == NULL)
			consider(&suggestion, fields[i].name);
	return end_suggestion(&suggestion, diagnostics->arena);
}

FqlStr
fql_suggest_enum_value(const FqlType *type, FqlStr name, FqlDiagnostics *diagnostics)
{
	FqlSuggestion suggestion;

	if (!begin_suggestion(&suggestion, name, diagnostics))
		return FQL_STR("");
	for (uint32_t i = 0; i < type->enum_value_count; i++)
		consider(&suggestion, type->enum_values[i]);
	return end_suggestion(&suggestion, diagnostics->arena);
}

static int
compare_places(const void *a, const void *b)
{
	const FqlNamedPlace *left = a;
	const FqlNamedPlace *right = b;
	int			order = fql_str_compare(left->name, right->name);

	return order != 0 ? order : (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

void
fql_report_duplicates(FqlNamedPlace *places, uint32_t count, const char *what, FqlDiagnostics *diagnostics)
{
	const FqlNamedPlace *first = places;

	if (count < 2)
		return;
	qsort(places, count, sizeof(*places), compare_places);
	for (uint32_t i = 1; i < count; i++)
	{
		if (!fql_str_equal(first->name, places[i].name))
		{
			first = &places[i];
			continue;
		}
		fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, first->location, "More than one %s is named \"%.*s\".", what,
					 FQL_STR_ARGS(places[i].name))->locations[1] = places[i].location;
	}
}
