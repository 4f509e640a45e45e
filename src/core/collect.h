/*
 * collect.h
 *    CollectFields (specification, section 6.3.2) for a whole operation: fragments expanded, @skip and @include
 *    applied, equal response keys merged, arguments coerced.  What is left is a plain tree for the SQL generator.
 */
#ifndef FQL_COLLECT_H
#define FQL_COLLECT_H

#include "coerce.h"
#include "limits.h"

typedef struct FqlSelectedField
{
	struct FqlSelectedField *next;
	FqlStr		response_key;
	FqlLocation location;
	const FqlType *parent;		/* the object type that has the field */
	const FqlField *field;		/* NULL: __typename */
	const FqlInput **arguments; /* one per field->arguments, NULL where not given and without default */
	struct FqlSelectedField *selections;	/* NULL for leaves, and where everything below was skipped */
	uint32_t	selection_count;
	const struct FqlSelectedField *ancestor;	/* the field that contains this one; NULL at the root */
} FqlSelectedField;

/*
 * The root fields of a validated operation, in response order; *count of them (zero is possible: all skipped).
 * NULL with diagnostics added means that an argument could not be coerced or a limit was passed.
 */
extern FqlSelectedField *fql_collect_fields(const FqlDocument *document, const FqlOperation *operation,
											const FqlTypeSystem *types, const FqlVariables *variables,
											const FqlLimits *limits, FqlArena *arena, FqlDiagnostics *diagnostics,
											uint32_t *count);

#endif							/* FQL_COLLECT_H */
