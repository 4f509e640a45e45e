/*
 * expand.h
 *    From selection sets to the fields that they come to: fragments followed, equal response keys together.
 *
 * This is the common part of CollectFields (specification, section 6.3.2) and of FieldsInSetCanMerge (5.3.2).  Within
 * one merged selection set each fragment is followed once, as the specification says, so a document that spreads one
 * fragment a thousand times costs no more than one that spreads it once.  Fragments must be free of cycles.
 */
#ifndef FQL_EXPAND_H
#define FQL_EXPAND_H

#include "typesystem.h"

/* The fragments of a document, sorted by name; of two with one name the first in the source is found. */
typedef struct FqlFragmentIndex
{
	const FqlFragment **by_name;
	uint32_t	count;
} FqlFragmentIndex;

#define FQL_NO_FRAGMENT UINT32_MAX

extern FqlFragmentIndex fql_index_fragments(const FqlDocument *document, FqlArena *arena);

/* The position of the fragment in by_name, or FQL_NO_FRAGMENT. */
extern uint32_t fql_find_fragment(const FqlFragmentIndex *index, FqlStr name);

/* The fields of one response key, in order; at least one. */
typedef struct FqlFieldGroup
{
	FqlStr		response_key;
	const FqlSelection **fields;
	uint32_t	count;
} FqlFieldGroup;

/* Groups in the order in which their first fields appear. */
typedef struct FqlFieldGroups
{
	FqlFieldGroup *groups;
	uint32_t	count;
} FqlFieldGroups;

typedef struct FqlExpansion FqlExpansion;

/*
 * An expansion of any number of selection sets of one operation.  It visits at most selection_limit selections in all.
 * "includes" is asked for every selection whether it takes part; NULL: all do.
 */
extern FqlExpansion *fql_expansion_create(const FqlFragmentIndex *fragments, uint64_t selection_limit,
										  bool (*includes) (const FqlSelection *selection, void *argument),
										  void *argument, FqlArena *arena);

/*
 * Expand one selection set of an object type.  Fragments on other types are left out; parent NULL: none is.  False:
 * the limit was passed.
 */
extern bool fql_expand(FqlExpansion *expansion, const FqlType *parent, const FqlSelection *selections,
					   FqlFieldGroups *result);

/* The same for the merged selection sets of a group's fields. */
extern bool fql_expand_group(FqlExpansion *expansion, const FqlType *parent, const FqlFieldGroup *group,
							 FqlFieldGroups *result);

#endif							/* FQL_EXPAND_H */
