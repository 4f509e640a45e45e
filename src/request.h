/*
 * request.h
 *    From a caller's text to a request ready to be looked up or executed, remembered per backend.
 */
#ifndef FQL_REQUEST_H
#define FQL_REQUEST_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "core/coerce.h"
#include "core/normalizer.h"
#include "operations.h"

/* A document that was parsed, validated against the schema and normalized, with the operation that was chosen in it. */
typedef struct FqlRequest
{
	const FqlTypeSystem *types;
	FqlDocument *document;
	FqlOperation *operation;
	FqlNormalized normalized;
	FqlTally   *tally;			/* of the operation's calls */
	uint64		schema_word;	/* the schema's word that "types" was loaded under (I8) */
	bool		is_current;		/* false: the schema was in flux, so nothing computed with it may be kept */
	bool		shows_metrics;	/* the operation has the field _metrics, perhaps behind @skip or @include */
} FqlRequest;

/*
 * The request for a document and operation name (NULL: the only operation), or NULL after diagnostics.  It is pinned:
 * fql_request_release() must follow, on error too.
 */
extern FqlRequest *fql_request_get(const text *query, const text *operation_name, FqlDiagnostics *diagnostics);

/* The request if this backend remembers it and its schema still holds, pinned; else NULL. */
extern FqlRequest *fql_request_recall(const text *query, const text *operation_name);

extern void fql_request_release(FqlRequest *request);

/*
 * Coerce variables (NULL: none).  NULL after diagnostics.
 */
extern FqlVariables *fql_request_coerce(FqlRequest *request, const Jsonb *variables, FqlArena *arena,
										FqlDiagnostics *diagnostics);

/*
 * The canonical text of variables that were coerced for this request before; false when they are not remembered.
 */
extern bool fql_request_recall_variables(FqlRequest *request, const Jsonb *variables, FqlStr *canonical);

#endif							/* FQL_REQUEST_H */
