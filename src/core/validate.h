/*
 * validate.h
 *    Section 5 of the specification: may this document be executed against this type system?
 *
 * All rules that apply without interfaces, unions and subscriptions.  Work is bounded: the limits first (depth,
 * aliases, directives, expanded selections: memoised per fragment, so a doubling chain of fragments costs one visit
 * each), then the rules, and field merging (section 5.3.2) in time near linear in the expanded selections.
 */
#ifndef FQL_VALIDATE_H
#define FQL_VALIDATE_H

#include "limits.h"
#include "typesystem.h"

/* True if no diagnostic was added. */
extern bool fql_validate(const FqlDocument *document, const FqlTypeSystem *types, const FqlLimits *limits,
						 FqlArena *arena, FqlDiagnostics *diagnostics);

#endif							/* FQL_VALIDATE_H */
