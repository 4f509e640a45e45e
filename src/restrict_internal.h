/*
 * restrict_internal.h
 *    What restrict.c and restrict_clause.c share.
 */
#ifndef FQL_RESTRICT_INTERNAL_H
#define FQL_RESTRICT_INTERNAL_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "colsets.h"
#include "restrict.h"

/* The scan that clauses belong to. */
typedef struct FqlScanClauses
{
	Index		relation;		/* its number in the range table: Vars carry it */
	List	   *index_columns;	/* an index-only scan's TargetEntries: its Vars are numbers of the index's columns */
	const FqlColumnSets *sets;	/* a copy of our own */
} FqlScanClauses;

/*
 * Does the clause restrict one hashed column of the relation to values?  The column's position among the hashed ones
 * is returned, or -1.  "is_computed": the scan itself evaluates the clause's other side in any case, so it may be
 * more than constants and parameters.
 */
extern int	fql_restrict_by_clause(const FqlScanClauses *scan, Node *clause, bool is_computed,
								   FqlRestrictedColumn *restricted);

#endif							/* FQL_RESTRICT_INTERNAL_H */
