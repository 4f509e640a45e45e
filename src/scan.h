/*
 * scan.h
 *    Watching the scans of a running plan: with which values was each one restricted?
 */
#ifndef FQL_SCAN_H
#define FQL_SCAN_H

#include "postgres.h"

#include "executor/execdesc.h"

#include "observe.h"

/*
 * Watch every scan of a relation in a query that ExecutorStart has set up.  Each (re)scan that happens while the
 * observation lasts adds its tags to the observation's dependencies, and its trace where one is wanted.
 */
extern void fql_scans_watch(QueryDesc *query, FqlObservation *observation);

#endif							/* FQL_SCAN_H */
