/*
 * sqlbody.h
 *    What the text of an SQL function hides from everybody who looks at plans.
 */
#ifndef FQL_SQLBODY_H
#define FQL_SQLBODY_H

#include "postgres.h"

#include "access/htup.h"

/* Does the text of this function (a pg_proc row) hold a word such as now or today? */
extern bool fql_sqlbody_names_the_clock(HeapTuple function);

/* Install the hook that keeps the planner from inlining such functions. */
extern void fql_sqlbody_init(void);

/* How many calls of functions in procedural languages this backend has begun, or looked up to begin. */
extern uint64 fql_sqlbody_calls(void);

#endif							/* FQL_SQLBODY_H */
