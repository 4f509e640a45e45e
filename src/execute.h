/*
 * execute.h
 *    fraiseql.execute(): the decision between hit, miss and bypass, and the fill.
 */
#ifndef FQL_EXECUTE_H
#define FQL_EXECUTE_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The arguments of a call. */
typedef struct FqlCall
{
	const text *query;			/* NULL: not given, which is the client's mistake */
	const text *operation_name; /* NULL: not given */
	const Jsonb *variables;		/* NULL: not given */
} FqlCall;

/* The response, in CurrentMemoryContext. */
extern text *fql_execute_call(const FqlCall *call);

#endif							/* FQL_EXECUTE_H */
