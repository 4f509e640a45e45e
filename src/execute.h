/*
 * execute.h
 *    fraiseql.execute(): the decision between hit, miss and bypass, and the fill.
 */
#ifndef FQL_EXECUTE_H
#define FQL_EXECUTE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "core/collect.h"
#include "observe.h"
#include "request.h"

/* The arguments of a call. */
typedef struct FqlCall
{
	const text *query;			/* NULL: not given, which is the client's mistake */
	const text *operation_name; /* NULL: not given */
	const Jsonb *variables;		/* NULL: not given */
	bool		verify;			/* if it is a hit: see whether executing gives the same */
} FqlCall;

/* From the first arguments of an SQL function: query text, variables jsonb, operation_name text. */
extern FqlCall fql_call_of_arguments(FunctionCallInfo fcinfo);

/* The response, in CurrentMemoryContext. */
extern text *fql_execute_call(const FqlCall *call);

/*
 * For cascade.c: the response to an operation that is run as the caller, under the active snapshot, past the cache.  A
 * nested call that is not counted.
 */
extern text *fql_execute_past_cache(const text *query, const Jsonb *variables);

/*
 * For explain.c: does the cache hold an answer that this session would be served; run the operation as a fill does,
 * under a snapshot of its own and observed, but keep nothing; and why the session would not keep what came out.
 */
extern bool fql_execute_is_cached(const FqlRequest *request, FqlStr variables);
extern FqlReason fql_execute_verdict(const FqlRequest *request, const FqlObservation *observation, bool clean);
extern text *fql_execute_to_explain(FqlObservation *observation, const FqlSelectedField *fields, uint32 count,
									FqlArena *arena, bool *clean);

#endif							/* FQL_EXECUTE_H */
