/*
 * dependencies.h
 *    What an answer depends on: tags by relation, with the columns that were read, gathered during a fill.
 */
#ifndef FQL_DEPENDENCIES_H
#define FQL_DEPENDENCIES_H

#include "postgres.h"

#include "tags.h"

typedef struct FqlDependencies FqlDependencies;

/* Tags that are checked alike: fql_tag_holds_for() these columns, or, where any change counts, fql_tag_holds(). */
typedef struct FqlTagGroup
{
	bool		any_change;
	FqlColumns	columns;		/* unless any_change */
	uint32		count;
	const FqlTag *tags;
} FqlTagGroup;

/* Past "limit" tags the relation with the most of them is depended on as a whole. */
extern FqlDependencies *fql_dependencies_create(MemoryContext context, int limit);

/* Any row of the relation, as far as the columns show it. */
extern void fql_depend_on_relation(FqlDependencies *dependencies, Oid relation, FqlColumns columns);

/*
 * The rows that a tag names; nothing is added where the relation as a whole is depended on.  True: the tag is new.
 */
extern bool fql_depend_on_rows(FqlDependencies *dependencies, Oid relation, FqlTag tag, FqlColumns columns);

/* A tag of which any change counts. */
extern void fql_depend_on(FqlDependencies *dependencies, FqlTag tag);

/* All of it, palloced in the current context.  Asked for once, at the end. */
extern FqlTagGroup *fql_dependencies_groups(FqlDependencies *dependencies, int *count);

/* Is the relation depended on as a whole?  And is that because of the limit? */
extern bool fql_dependency_is_capped(const FqlDependencies *dependencies, Oid relation);
extern bool fql_dependency_is_coarse(const FqlDependencies *dependencies, Oid relation);

#endif							/* FQL_DEPENDENCIES_H */
