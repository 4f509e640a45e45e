/*
 * purity.h
 *    Does an expression depend on nothing but its inputs, tracked tables and keyed settings?
 */
#ifndef FQL_PURITY_H
#define FQL_PURITY_H

#include "postgres.h"

#include "nodes/nodes.h"

#include "stats.h"

typedef struct FqlImpurity
{
	FqlReason	reason;			/* FQL_REASON_NONE: pure */
	Oid			function;		/* what gave the reason, where it is a function */
	bool		calls_user_function;	/* set also when pure: a function of the user's was seen */
} FqlImpurity;

/* Examine an expression tree (or list of them) of a finished plan; stops at the first impurity. */
extern void fql_purity_of_expression(Node *expression, FqlImpurity *impurity);

#endif							/* FQL_PURITY_H */
