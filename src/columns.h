/*
 * columns.h
 *    Which columns of its relation does each scan of a plan read?
 */
#ifndef FQL_COLUMNS_H
#define FQL_COLUMNS_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "tags.h"

/*
 * By plan_node_id: what is selected, filtered, ordered or joined on of the relation that the node scans.  The planner
 * often lets a scan return all columns because that is cheaper; those that no node above looks at do not count.  Nodes
 * that scan no relation have FQL_COLUMNS_NONE.  A scan that reads no column at all (count(*)) has FQL_COLUMNS_NONE too:
 * for it only the coming and going of rows counts.  "*count" is set to the length of the array, which lives in the
 * current memory context.  Indexes' definitions are looked at, so the caller holds locks on the plan's relations.
 */
extern FqlColumns *fql_columns_read(const PlannedStmt *statement, int *count);

#endif							/* FQL_COLUMNS_H */
