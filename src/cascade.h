/*
 * cascade.h
 *    What the current transaction has changed, in the GraphQL Cascade format, as far as the caller may see it.
 *
 * {"updated": [{"__typename", "id", "operation": "CREATED" | "UPDATED", "entity": {...}}],
 *  "deleted": [{"__typename", "id", "operation": "DELETED", "deletedAt"}],
 *  "invalidations": [{"queryName", "strategy": "INVALIDATE", "scope": "PREFIX"}],
 *  "metadata": {"timestamp", "transactionId", "depth", "affectedCount", "truncated"}}
 */
#ifndef FQL_CASCADE_H
#define FQL_CASCADE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

typedef struct FqlCascade FqlCascade;

/*
 * From here on changes are of interest.  In the caller's memory context and under its resource owner, under which
 * fql_cascade_end() must follow; an error cleans up.
 */
extern FqlCascade *fql_cascade_begin(void);

/* A cascade that a function has returned: entities that it names count too, if they are of an exposed type. */
extern void fql_cascade_add(FqlCascade *cascade, const Jsonb *returned);

/* Append the cascade of the changes since the beginning. */
extern void fql_cascade_end(FqlCascade *cascade, StringInfo out);

#endif							/* FQL_CASCADE_H */
