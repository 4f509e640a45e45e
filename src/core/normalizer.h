/*
 * normalizer.h
 *    The canonical form of one operation: what two requests must share to get one cached answer.
 *
 * Whitespace, commas, comments and descriptions gone; only the fragments that the operation reaches, sorted by name
 * (kept, not inlined: inlining doubles at every level in a hostile document); arguments sorted by name; integer,
 * float and string literals in argument values replaced by variables $_1, $_2, ... (numbers that the operation itself
 * uses are skipped) and listed in "literals".  Kept as they are, because they shape the answer or the plan: aliases,
 * selection order, directives, booleans, enums, null, the order of object fields (orderBy reads it), variable names.
 *
 * Idempotent: normalizing the text gives the text.
 *
 * Defaults of variables stay in the text too, but not in the shape: what is kept of an operation where its values are
 * nobody's business.  Nothing of it is beyond ASCII.
 */
#ifndef FQL_NORMALIZER_H
#define FQL_NORMALIZER_H

#include "ast.h"

typedef struct FqlNormalized
{
	FqlStr		text;			/* a GraphQL document of one operation and its fragments */
	FqlStr		literals;		/* the lifted literals as printed, comma separated, in order of their numbers: equal
								 * text and equal literals mean equal operations */
	FqlStr		shape;			/* the text, with the literals in defaults replaced likewise */
} FqlNormalized;

extern FqlNormalized fql_normalize(const FqlDocument *document, const FqlOperation *operation, FqlArena *arena);

#endif							/* FQL_NORMALIZER_H */
