/*
 * coerce_internal.h
 *    What the files of coercion share: leaves, messages, and lists of coerced values under construction.
 *
 * coerce_scalar.c and coerce_datetime.c know the scalars, coerce_input.c lists, objects and
 * messages, coerce.c values from JSON, coerce_literal.c values from the document.
 */
#ifndef FQL_COERCE_INTERNAL_H
#define FQL_COERCE_INTERNAL_H

#include "coerce.h"

/* How a leaf was written: the scalars differ in what they accept. */
typedef enum FqlLeafKind
{
	FQL_LEAF_INT,				/* an integer literal */
	FQL_LEAF_FLOAT,				/* a literal with a fraction or an exponent */
	FQL_LEAF_NUMBER,			/* a JSON number: 1.0 and 1e0 are integers too */
	FQL_LEAF_STRING,
	FQL_LEAF_BOOLEAN			/* text is "true" or "false" */
} FqlLeafKind;

typedef struct FqlLeafText
{
	FqlLeafKind kind;
	FqlStr		text;
} FqlLeafText;

/* True and the text for PostgreSQL, or false: this scalar does not accept that leaf. */
extern bool fql_coerce_leaf(FqlScalar scalar, const FqlLeafText *leaf, FqlArena *arena, FqlStr *result);

/* For messages: what the scalar accepts, as ", a ..." or "". */
extern const char *fql_scalar_expectation(FqlScalar scalar);

/* A number that numeric can hold, as JSON or GraphQL write it. */
extern bool fql_is_decimal(FqlStr text);

/* Text that a PostgreSQL string can hold: no U+0000. */
extern bool fql_is_storable(FqlStr text);

extern bool fql_is_date(FqlStr text);
extern bool fql_is_time(FqlStr text);
extern bool fql_is_datetime(FqlStr text);

/* A value in quotes for a message, cut where it is long. */
extern FqlStr fql_quote_excerpt(FqlArena *arena, FqlStr text);

/* A new value; type is the named type, NULL for null. */
extern FqlInput *fql_input_new(FqlArena *arena, FqlInputKind kind, const FqlType *type, FqlLocation location);

/* Items or members under construction. */
typedef struct FqlInputList
{
	FqlInput   *first;
	FqlInput   *last;
	uint32_t	count;
} FqlInputList;

extern void fql_input_append(FqlInputList *list, FqlInput *input);

/* Append as the member that the client spelt so; field may be an alias. */
extern void fql_input_append_member(FqlInputList *list, FqlInput *input, const FqlInputField *field, FqlStr spelling);

/*
 * The next input field, from *position on, that the members lack although it matters: it has a default or is required.
 * NULL: no more.
 */
extern const FqlInputField *fql_input_next_missing(const FqlType *type, const FqlInputList *members,
												   uint32_t *position);

/* A default value of the type system, which is constant and fits. */
extern FqlInput *fql_coerce_default(const FqlInputField *field, FqlLocation location, FqlArena *arena,
									FqlDiagnostics *diagnostics);

/* Does the enum have this value? */
extern bool fql_enum_has(const FqlType *type, FqlStr name);

/* Say that a literal does not fit the type. */
extern void fql_report_literal(const FqlValue *value, const FqlTypeRef *type, FqlErrorCode code,
							   FqlDiagnostics *diagnostics);

/* A literal of a scalar type; false: not accepted.  Variables inside literals of JSON are looked up. */
extern bool fql_coerce_scalar_literal(const FqlValue *value, const FqlType *type, const FqlVariables *variables,
									  FqlArena *arena, FqlStr *result);

#endif							/* FQL_COERCE_INTERNAL_H */
