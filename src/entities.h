/*
 * entities.h
 *    From a changed table to the GraphQL types whose own rows it holds.
 */
#ifndef FQL_ENTITIES_H
#define FQL_ENTITIES_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "schema.h"

/* A type of which single objects can be named and asked for. */
typedef struct FqlEntityType
{
	const FqlType *type;
	const FqlRelation *relation;	/* its binding */
	const FqlField *list;		/* the root field that lists it */
	const FqlField *key;		/* the field that holds the id */
	Oid			table;			/* whose rows its objects are */
} FqlEntityType;

/* All of a schema, a List of FqlEntityType: without types that have no id, or whose objects are no table's rows. */
extern List *fql_entity_types(const FqlTypeSystem *types);

/* Does the type show the rows of the table, or of one that the table is a partition or child of? */
extern bool fql_entity_is_row_of(const FqlEntityType *entity, Oid table);

#endif							/* FQL_ENTITIES_H */
