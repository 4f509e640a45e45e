/*
 * purity_builtins.h
 *    Which built-in functions an answer may depend on.
 */
#ifndef FQL_PURITY_BUILTINS_H
#define FQL_PURITY_BUILTINS_H

#include "postgres.h"

#include "stats.h"

/* FQL_REASON_NONE: an answer may depend on the function of that name and volatility (pg_proc.provolatile). */
extern FqlReason fql_builtin_reason(const char *name, char volatility);

#endif							/* FQL_PURITY_BUILTINS_H */
