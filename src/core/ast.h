/*
 * ast.h
 *    A parsed executable document: the nodes of the GraphQL specification (September 2025), section 2, by its names.
 *
 * Nodes live in the arena of the parse and point into the source text where they can.  Siblings are linked by "next"
 * in source order.  Nothing here knows a schema.
 */
#ifndef FQL_AST_H
#define FQL_AST_H

#include "diag.h"

typedef enum FqlOperationKind
{
	FQL_OPERATION_QUERY,
	FQL_OPERATION_MUTATION,
	FQL_OPERATION_SUBSCRIPTION
} FqlOperationKind;

typedef enum FqlValueKind
{
	FQL_VALUE_VARIABLE,			/* text: the name without $ */
	FQL_VALUE_INT,				/* text: as written */
	FQL_VALUE_FLOAT,			/* text: as written */
	FQL_VALUE_STRING,			/* text: decoded UTF-8, of "..." and of block strings alike */
	FQL_VALUE_BOOLEAN,			/* boolean */
	FQL_VALUE_NULL,
	FQL_VALUE_ENUM,				/* text: the name */
	FQL_VALUE_LIST,				/* items */
	FQL_VALUE_OBJECT			/* fields */
} FqlValueKind;

typedef struct FqlValue
{
	struct FqlValue *next;		/* the next item of the list that holds this */
	FqlValueKind kind;
	FqlLocation location;
	FqlStr		text;
	bool		boolean;
	struct FqlValue *items;		/* LIST */
	struct FqlArgument *fields; /* OBJECT: an object field is a named value, as an argument is */
} FqlValue;

typedef struct FqlArgument
{
	struct FqlArgument *next;
	FqlLocation location;
	FqlStr		name;
	FqlValue   *value;
} FqlArgument;

typedef struct FqlDirective
{
	struct FqlDirective *next;
	FqlLocation location;
	FqlStr		name;
	FqlArgument *arguments;
} FqlDirective;

typedef enum FqlTypeNodeKind
{
	FQL_TYPE_NODE_NAMED,
	FQL_TYPE_NODE_LIST,
	FQL_TYPE_NODE_NON_NULL
} FqlTypeNodeKind;

typedef struct FqlTypeNode
{
	FqlTypeNodeKind kind;
	FqlLocation location;
	FqlStr		name;			/* NAMED */
	struct FqlTypeNode *of;		/* LIST, NON_NULL */
} FqlTypeNode;

typedef struct FqlVariableDefinition
{
	struct FqlVariableDefinition *next;
	FqlLocation location;
	FqlStr		description;	/* data == NULL: none */
	FqlStr		name;
	FqlTypeNode *type;
	FqlValue   *default_value;	/* NULL: none */
	FqlDirective *directives;
} FqlVariableDefinition;

typedef enum FqlSelectionKind
{
	FQL_SELECTION_FIELD,
	FQL_SELECTION_FRAGMENT_SPREAD,
	FQL_SELECTION_INLINE_FRAGMENT
} FqlSelectionKind;

typedef struct FqlSelection
{
	struct FqlSelection *next;
	FqlSelectionKind kind;
	FqlLocation location;
	FqlStr		alias;			/* FIELD; data == NULL: none */
	FqlStr		name;			/* FIELD: field name; FRAGMENT_SPREAD: fragment name; INLINE_FRAGMENT: type
								 * condition, data == NULL: none */
	FqlArgument *arguments;		/* FIELD */
	FqlDirective *directives;
	struct FqlSelection *selections;	/* FIELD (NULL: no selection set), INLINE_FRAGMENT */
} FqlSelection;

typedef struct FqlOperation
{
	struct FqlOperation *next;
	FqlLocation location;
	FqlStr		description;
	FqlOperationKind kind;
	bool		shorthand;		/* { ... } without the keyword */
	FqlStr		name;			/* data == NULL: anonymous */
	FqlVariableDefinition *variables;
	FqlDirective *directives;
	FqlSelection *selections;
} FqlOperation;

typedef struct FqlFragment
{
	struct FqlFragment *next;
	FqlLocation location;
	FqlStr		description;
	FqlStr		name;
	FqlStr		type_condition;
	FqlLocation type_location;
	FqlDirective *directives;
	FqlSelection *selections;
} FqlFragment;

typedef struct FqlDocument
{
	FqlOperation *operations;
	FqlFragment *fragments;
	uint32_t	operation_count;
	uint32_t	fragment_count;
} FqlDocument;

/* The key under which a field appears in the response. */
static inline FqlStr
fql_response_key(const FqlSelection *field)
{
	return field->alias.data != NULL ? field->alias : field->name;
}

#endif							/* FQL_AST_H */
