/*
 * mutation.h
 *    Mutations: root fields that change something, one after the other.
 */
#ifndef FQL_MUTATION_H
#define FQL_MUTATION_H

#include "postgres.h"

#include "core/collect.h"

/* May this transaction write?  False after a diagnostic. */
extern bool fql_mutation_is_possible(FqlLocation location, FqlDiagnostics *diagnostics);

/*
 * Execute the root fields of a mutation in their order; the response, in CurrentMemoryContext.  The audit has the
 * writes under the name of the operation (data NULL: it has none).
 */
extern text *fql_mutation_execute(const FqlSelectedField *roots, uint32_t count, FqlStr name, FqlArena *arena);

#endif							/* FQL_MUTATION_H */
