/*
 * sqlbody.h
 *    What the text of an SQL function hides from everybody who looks at plans.
 */
#ifndef FQL_SQLBODY_H
#define FQL_SQLBODY_H

#include "postgres.h"

#include "access/htup.h"

#include "stats.h"

/* Is this (a pg_proc row) a function in SQL that is kept as text, and parsed again and again? */
extern bool fql_sqlbody_is_text(HeapTuple function);

/*
 * What its text may hide: a word such as now or today, or a literal that is not as pure as it looks.  FQL_REASON_NONE:
 * nothing, or it is no text.
 */
extern FqlReason fql_sqlbody_reason(HeapTuple function);

/* Install the hook that keeps the planner from inlining such functions. */
extern void fql_sqlbody_init(void);

/* How many calls of functions in procedural languages this backend has begun, or looked up to begin. */
extern uint64 fql_sqlbody_calls(void);

#endif							/* FQL_SQLBODY_H */
