/*
 * explain.h
 *    fraiseql.explain(): the part that others use.
 */
#ifndef FQL_EXPLAIN_H
#define FQL_EXPLAIN_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "observe.h"

/* What an observed execution depends on, as the member "tags" of explain() shows it: a JSON array. */
extern void fql_explain_tags(StringInfo out, const FqlObservation *observation);

#endif							/* FQL_EXPLAIN_H */
