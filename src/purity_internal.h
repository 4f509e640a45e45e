/*
 * purity_internal.h
 *    What purity.c and purity_hidden.c share.
 */
#ifndef FQL_PURITY_INTERNAL_H
#define FQL_PURITY_INTERNAL_H

#include "postgres.h"

#include "purity.h"

/* True: a reason against it was found. */
extern bool fql_purity_of_function(Oid function, FqlImpurity *impurity);
extern bool fql_purity_of_domain(Oid type, FqlImpurity *impurity);

#endif							/* FQL_PURITY_INTERNAL_H */
