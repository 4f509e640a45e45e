/*
 * typesystem.h
 *    The GraphQL type system that a document is validated against: types, fields, arguments, input objects, enums.
 *
 * Built by the glue from the catalogs (schema.c) or by a unit test by hand, then sealed by fql_typesystem_seal(), and
 * immutable from there on.  The core reads names and shapes; "binding" pointers are the glue's own and opaque here.
 * There are no interfaces and no unions: every composite output type is an object type.
 */
#ifndef FQL_TYPESYSTEM_H
#define FQL_TYPESYSTEM_H

#include "ast.h"

typedef struct FqlType FqlType;
typedef struct FqlField FqlField;
typedef struct FqlInputField FqlInputField;

typedef enum FqlTypeKind
{
	FQL_TYPE_SCALAR,
	FQL_TYPE_ENUM,
	FQL_TYPE_OBJECT,
	FQL_TYPE_INPUT_OBJECT
} FqlTypeKind;

/* How a scalar coerces; coerce.c has the rules. */
typedef enum FqlScalar
{
	FQL_SCALAR_ID,				/* any string or integer; uuid columns ask for more (sqlgen_where.c) */
	FQL_SCALAR_INT,				/* 32 bits */
	FQL_SCALAR_BIGINT,			/* 64 bits; number or string of digits */
	FQL_SCALAR_FLOAT,			/* finite double */
	FQL_SCALAR_DECIMAL,			/* any decimal number, or string of one */
	FQL_SCALAR_BOOLEAN,
	FQL_SCALAR_STRING,
	FQL_SCALAR_JSON,			/* any value */
	FQL_SCALAR_DATE,			/* ISO 8601 YYYY-MM-DD that exists */
	FQL_SCALAR_DATETIME,		/* ISO 8601 date, T or space, time, optional fraction and offset */
	FQL_SCALAR_TIME,			/* ISO 8601 time, optional fraction and offset */
	FQL_SCALAR_COUNT
} FqlScalar;

/* A type with its wrappers, outermost first, as in [User!]!: NON_NULL of LIST of NON_NULL of User. */
typedef struct FqlTypeRef
{
	FqlTypeNodeKind kind;
	const struct FqlTypeRef *of;	/* LIST, NON_NULL */
	const FqlType *type;		/* NAMED */
} FqlTypeRef;

/* An argument of a field or a field of an input object. */
struct FqlInputField
{
	FqlStr		name;
	FqlStr		description;
	const FqlTypeRef *type;
	FqlStr		default_literal;	/* GraphQL text, for SDL; data == NULL: none.  Coercion uses default_value */
	const FqlValue *default_value;	/* NULL: none */
	const FqlInputField *alias_of;	/* another spelling of that field ("_eq" of "eq"): accepted, never advertised; the
									 * coerced object carries the canonical field */
	const void *binding;
};

struct FqlField
{
	FqlStr		name;
	FqlStr		description;
	const FqlTypeRef *type;
	FqlInputField *arguments;
	uint32_t	argument_count;
	const void *binding;
};

struct FqlType
{
	FqlTypeKind kind;
	FqlStr		name;
	FqlStr		description;
	FqlScalar	scalar;			/* SCALAR */
	FqlField   *fields;			/* OBJECT, in declared order */
	uint32_t	field_count;
	FqlInputField *input_fields;	/* INPUT_OBJECT, in declared order, aliases included */
	uint32_t	input_field_count;
	FqlStr	   *enum_values;	/* ENUM */
	uint32_t	enum_value_count;
	const void *binding;
	/* Set by fql_typesystem_seal(): the same, sorted by name. */
	const FqlField **fields_by_name;
	const FqlInputField **input_fields_by_name;
};

typedef struct FqlTypeSystem
{
	FqlArena   *arena;
	FqlType   **types;			/* in declared order */
	uint32_t	type_count;
	uint32_t	type_capacity;
	const FqlType *query;		/* the root types; NULL: no such operation type */
	const FqlType *mutation;
	const FqlType *scalars[FQL_SCALAR_COUNT];
	const FqlType **types_by_name;	/* set by seal */
} FqlTypeSystem;

/* An empty type system that already has every scalar. */
extern FqlTypeSystem *fql_typesystem_create(FqlArena *arena);

/* Add a type; the caller fills fields before sealing.  Names are not checked here: seal does. */
extern FqlType *fql_typesystem_add(FqlTypeSystem *types, FqlTypeKind kind, FqlStr name);

/*
 * Sort the name tables and check: names are GraphQL names not beginning with __, no two types, fields, arguments or
 * enum values share one, every type has a member.  False after diagnostics (FQL_ERROR_VALIDATION).
 */
extern bool fql_typesystem_seal(FqlTypeSystem *types, FqlDiagnostics *diagnostics);

extern const FqlTypeRef *fql_type_named(FqlTypeSystem *types, const FqlType *type);
extern const FqlTypeRef *fql_type_list(FqlTypeSystem *types, const FqlTypeRef *of);
extern const FqlTypeRef *fql_type_non_null(FqlTypeSystem *types, const FqlTypeRef *of);

/* The type that a document writes, allocated in the request's arena; NULL where its named type does not exist. */
extern const FqlTypeRef *fql_type_resolve(const FqlTypeSystem *types, const FqlTypeNode *node, FqlArena *arena);

extern const FqlType *fql_type_find(const FqlTypeSystem *types, FqlStr name);
extern const FqlField *fql_field_find(const FqlType *type, FqlStr name);
extern const FqlInputField *fql_input_field_find(const FqlType *type, FqlStr name);

/* The named type under all wrappers. */
extern const FqlType *fql_type_innermost(const FqlTypeRef *ref);
extern bool fql_name_is_valid(FqlStr name);	/* a letter or _, then letters, digits and _ */

/* "[User!]!" */
extern FqlStr fql_type_ref_print(const FqlTypeRef *ref, FqlArena *arena);

#endif							/* FQL_TYPESYSTEM_H */
