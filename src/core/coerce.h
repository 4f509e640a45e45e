/*
 * coerce.h
 *    CoerceVariableValues and CoerceArgumentValues (specification, sections 6.1.2 and 6.4.1): untrusted values become
 *    typed ones, or a diagnostic.
 *
 * A coerced scalar is text that PostgreSQL's input function for the column's type accepts, checked here (ranges,
 * calendar, UTF-8 without U+0000) so that a client's mistake is never an SQL error.  Digits are never converted to a
 * machine number and back: a 30-digit Decimal arrives unchanged.
 */
#ifndef FQL_COERCE_H
#define FQL_COERCE_H

#include "json.h"
#include "typesystem.h"

typedef enum FqlInputKind
{
	FQL_INPUT_NULL,
	FQL_INPUT_SCALAR,			/* text; for BOOLEAN "true" or "false", for JSON compact JSON text */
	FQL_INPUT_ENUM,				/* text: the value's name */
	FQL_INPUT_LIST,				/* items */
	FQL_INPUT_OBJECT			/* members, in the order given */
} FqlInputKind;

typedef struct FqlInput
{
	struct FqlInput *next;		/* the next item or member */
	FqlInputKind kind;
	FqlLocation location;		/* of the literal, or of the variable that stands for it; what is nested in a
								 * variable's value: of the variable's definition */
	const FqlInputField *field; /* set on a member of an object: its canonical field (never an alias) */
	FqlStr		spelling;		/* of a member: the name as the client wrote it */
	const FqlType *type;		/* the named type it was coerced to; NULL for NULL */
	FqlStr		text;
	struct FqlInput *items;
	struct FqlInput *members;
	uint32_t	count;			/* items or members */
} FqlInput;

typedef struct FqlVariable
{
	FqlStr		name;
	const FqlTypeRef *type;
	bool		present;		/* absent and without default: not in the variable values */
	const FqlInput *value;
} FqlVariable;

typedef struct FqlVariables
{
	FqlVariable *variables;		/* in the order of their definitions */
	uint32_t	count;
	const FqlVariable **by_name;	/* the same, sorted by name */
	FqlStr		canonical;		/* the coerced values as text: equal text means equal values */
} FqlVariables;

/*
 * Coerce the variables object (NULL or JSON null: none given) for a validated operation.  NULL after diagnostics
 * (FQL_ERROR_BAD_INPUT, at the variable's definition).  Members that the operation does not define are ignored.
 */
extern FqlVariables *fql_coerce_variables(const FqlOperation *operation, const FqlTypeSystem *types,
										  const FqlJson *values, FqlArena *arena, FqlDiagnostics *diagnostics);

extern const FqlVariable *fql_variable_find(const FqlVariables *variables, FqlStr name);

/*
 * Coerce a literal (which may hold variables) to a type.  variables may be NULL for a constant.  *absent is set where
 * the literal is a variable without a value.  NULL after a diagnostic or when absent.
 */
extern const FqlInput *fql_coerce_literal(const FqlValue *value, const FqlTypeRef *type, const FqlVariables *variables,
										  FqlArena *arena, FqlDiagnostics *diagnostics, bool *absent);

/* May this literal (without variables) be of this type?  For validation; adds a diagnostic when not. */
extern bool fql_literal_fits(const FqlValue *value, const FqlTypeRef *type, FqlArena *arena,
							 FqlDiagnostics *diagnostics);

/* Exactly what PostgreSQL's uuid accepts: 32 hexadecimal digits, a hyphen after any four of them, braces around all. */
extern bool fql_is_uuid(FqlStr text);

#endif							/* FQL_COERCE_H */
