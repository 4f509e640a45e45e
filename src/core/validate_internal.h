/*
 * validate_internal.h
 *    What the files of validation share.
 *
 * validate.c drives and checks documents, fields and fragments; validate_limits.c sizes, cycles and the graph of
 * fragments; validate_values.c arguments, directives and literals; validate_variables.c definitions and uses of
 * variables; validate_merge.c field merging.
 *
 * Each operation and fragment is walked once.  What a rule must know about an operation "with everything that it
 * reaches" is not found by walking again but recorded on the way: every definition lists the fragments that it
 * spreads and the variables that it uses.
 */
#ifndef FQL_VALIDATE_INTERNAL_H
#define FQL_VALIDATE_INTERNAL_H

#include "expand.h"
#include "validate.h"

/* A variable in a value, and the type of that place. */
typedef struct FqlVariableUsage
{
	struct FqlVariableUsage *next;
	const FqlValue *variable;
	const FqlTypeRef *type;		/* NULL: any, or unknown because of another mistake */
	bool		has_default;	/* the place has a default value of its own */
} FqlVariableUsage;

typedef struct FqlFragmentUse
{
	struct FqlFragmentUse *next;
	uint32_t	fragment;		/* position in the index, or FQL_NO_FRAGMENT */
	FqlLocation location;
} FqlFragmentUse;

/* Where the search for cycles is with a fragment. */
typedef enum FqlSearchState
{
	FQL_SEARCH_NEW,
	FQL_SEARCH_OPEN,
	FQL_SEARCH_DONE
} FqlSearchState;

/* An operation or a fragment: one of the two is set. */
typedef struct FqlDefinition
{
	const FqlOperation *operation;
	const FqlFragment *fragment;
	FqlFragmentUse *uses;		/* fragments that it spreads, anywhere in it */
	FqlFragmentUse **uses_end;
	FqlVariableUsage *usages;
	FqlVariableUsage **usages_end;
	uint64_t	selections;		/* with fragments expanded */
	uint32_t	depth;			/* fields below it, with fragments expanded */
	FqlSearchState state;
	FqlFragmentUse *cursor;		/* the next use that the search follows */
	struct FqlDefinition *caller;
	uint32_t	reached_by;		/* number of the last operation found to reach it */
} FqlDefinition;

typedef struct FqlValidation
{
	const FqlDocument *document;
	const FqlTypeSystem *types;
	const FqlLimits *limits;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	FqlFragmentIndex fragments;
	FqlDefinition *fragment_definitions;	/* parallel to fragments.by_name */
	FqlDefinition *operations;	/* in the order of the document */
	uint32_t	operation_count;
	FqlDefinition *current;		/* the definition being walked */
	bool		cyclic;
	FqlTypeRef	boolean;
	FqlTypeRef	boolean_non_null;
	FqlInputField if_argument;	/* of @skip and @include */
} FqlValidation;

/* The root type of an operation, or NULL. */
extern const FqlType *fql_root_type(const FqlValidation *validation, const FqlOperation *operation);

/* False: a limit was passed, and nothing else may look at the document.  Cycles set validation->cyclic. */
extern bool fql_check_limits(FqlValidation *validation);

/* Where a directive stands. */
typedef enum FqlDirectivePlace
{
	FQL_DIRECTIVE_ON_FIELD,
	FQL_DIRECTIVE_ON_FRAGMENT_SPREAD,
	FQL_DIRECTIVE_ON_INLINE_FRAGMENT,
	FQL_DIRECTIVE_ON_OPERATION,
	FQL_DIRECTIVE_ON_FRAGMENT_DEFINITION,
	FQL_DIRECTIVE_ON_VARIABLE_DEFINITION
} FqlDirectivePlace;

extern void fql_check_directives(FqlValidation *validation, const FqlDirective *directives, FqlDirectivePlace place);

/* The arguments of a field; field NULL: it is unknown, and only variables are recorded. */
extern void fql_check_field_arguments(FqlValidation *validation, const FqlType *parent, const FqlField *field,
									  const FqlSelection *selection);

extern void fql_check_variable_definitions(FqlValidation *validation, const FqlOperation *operation);

/* When all definitions were walked: undefined and unused variables, positions, unused fragments. */
extern void fql_check_usages(FqlValidation *validation);

/* Only without cycles. */
extern void fql_check_merging(FqlValidation *validation);

#endif							/* FQL_VALIDATE_INTERNAL_H */
