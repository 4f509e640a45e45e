/*
 * mutation_response.h
 *    FraiseQL's mutation responses, in all their forms.
 */
#ifndef FQL_MUTATION_RESPONSE_H
#define FQL_MUTATION_RESPONSE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/collect.h"

typedef struct FqlMutationResponse
{
	FqlStr		document;		/* the object that the payload's fields are keys of, JSON text in UTF-8 */
	FqlStr		entity_id;		/* UTF-8; data == NULL: none */
	const Jsonb *cascade;		/* NULL: none */
} FqlMutationResponse;

/*
 * Read a response.  False after a diagnostic: the function says that it failed, or its response makes no sense.
 */
extern bool fql_mutation_response_read(const Jsonb *value, const FqlSelectedField *root, FqlMutationResponse *response,
									   FqlDiagnostics *diagnostics);

#endif							/* FQL_MUTATION_RESPONSE_H */
