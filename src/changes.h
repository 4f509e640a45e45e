/*
 * changes.h
 *    Which rows the current transaction has changed: what a cascade is made of.
 */
#ifndef FQL_CHANGES_H
#define FQL_CHANGES_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "colsets.h"

typedef enum FqlChangeKind
{
	FQL_CHANGE_CREATED,
	FQL_CHANGE_UPDATED,
	FQL_CHANGE_DELETED
} FqlChangeKind;

/* What became of one row, all statements of the transaction taken together. */
typedef struct FqlChange
{
	Oid			relation;		/* the table that holds the row; a partition, not its parent */
	FqlChangeKind kind;
	Oid			id_type;
	Datum		id;				/* valid until the (sub)transaction ends */
} FqlChange;

/*
 * A row was changed: its id before and after.  For the tracking triggers.  A row without an id that can be told is
 * counted, not named.
 */
extern void fql_change_row(const FqlColumnSets *sets, FqlChangeKind kind, TupleTableSlot *old, TupleTableSlot *new);

/* A row was changed, or all of them: they are not named. */
extern void fql_change_unnamed(void);

/*
 * The changes from a mark on (from = 0: all), one a row that is not as it was then, in the order of the rows' first
 * changes.  Start with *position = from; false after the last.  Nothing may be changed in between.
 */
extern bool fql_change_next(uint32 from, uint32 *position, FqlChange *change);

/* Have rows been changed that are not named: past fraiseql.cascade_max_entities, without an id, or all of a table? */
extern bool fql_changes_are_truncated(void);

/* A mark: where the list stands now. */
extern uint32 fql_changes_mark(void);

/* The id as text, for people and GraphQL clients. */
extern char *fql_change_id(const FqlChange *change);

extern void fql_changes_init(void);

#endif							/* FQL_CHANGES_H */
