/*
 * schema.h
 *    From catalogs and exposures to a GraphQL type system, and what each of its parts stands for in the database.
 *
 * fql_schema_load() reads fraiseql.exposure and the catalogs under the current catalog snapshot and builds a sealed
 * FqlTypeSystem whose "binding" pointers lead to the structs below.  It never reads user data.  Whoever keeps a loaded
 * schema must drop it when the (database, schema) tag moves, or fraiseql.graphql_metrics does: request.c does.
 */
#ifndef FQL_SCHEMA_H
#define FQL_SCHEMA_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/parsenodes.h"

#include "core/typesystem.h"

typedef enum FqlRelationShape
{
	FQL_RELATION_COLUMNS,		/* fields are columns and foreign keys */
	FQL_RELATION_DOCUMENT		/* a FraiseQL read model: fields are keys of a jsonb column named data */
} FqlRelationShape;

/*
 * FqlType.binding of an object type that a relation backs; NULL for the root types, for objects nested in a document
 * and for results of functions.
 */
typedef struct FqlRelation
{
	Oid			relid;
	FqlRelationShape shape;
	AttrNumber	data_column;	/* DOCUMENT: the jsonb column */
	AttrNumber	id_column;		/* DOCUMENT: the native id column, or 0 */
	int			key_count;		/* the primary key, else the column "id", else zero columns */
	AttrNumber *key_columns;
	int			ttl;			/* seconds a cached answer may live, from options; 0: the setting decides */
} FqlRelation;

typedef enum FqlFieldKind
{
	FQL_FIELD_ROOT_ONE,			/* user(id): at most one row of target */
	FQL_FIELD_ROOT_LIST,		/* users(where, orderBy, limit, offset) */
	FQL_FIELD_COLUMN,			/* a column of the relation */
	FQL_FIELD_TO_ONE,			/* the row that a foreign key of this row names */
	FQL_FIELD_TO_MANY,			/* the rows whose foreign key names this row; list arguments */
	FQL_FIELD_DATA_VALUE,		/* a key of the document that holds a scalar, a list of scalars or any JSON */
	FQL_FIELD_DATA_OBJECT,		/* a key that holds an object of type target (or null) */
	FQL_FIELD_DATA_LIST,		/* a key that holds an array of objects of type target */
	FQL_FIELD_FUNCTION,			/* a field of Mutation: what a function returns */
	FQL_FIELD_RESULT_VALUE,		/* a column of the row that a function returned */
	FQL_FIELD_INSERT,			/* fields of Mutation: rows of a table are inserted, updated, deleted */
	FQL_FIELD_UPDATE,
	FQL_FIELD_DELETE,
	FQL_FIELD_AFFECTED_COUNT,	/* how many they were */
	FQL_FIELD_RECORDS,			/* these rows, of type target */
	FQL_FIELD_RESPONSE_ENTITY,	/* the row that a FraiseQL response is about, read by its id through its relation */
	FQL_FIELD_METRICS			/* _metrics: an object of rows of the monitoring views, each ROOT_ONE without a key */
} FqlFieldKind;

struct FqlFunction;

/* A column of a read model's view that holds the same value as a key of its document (document_columns.c). */
typedef struct FqlNativeColumn
{
	AttrNumber	number;			/* 0: none */
	Oid			type;			/* domains looked through */
	Oid			collation;
} FqlNativeColumn;

/* The same for a key of an object within the document. */
typedef struct FqlNativeMember
{
	const char *key;
	FqlNativeColumn column;
	struct FqlNativeMember *next;
} FqlNativeMember;

/* FqlField.binding. */
typedef struct FqlFieldBinding
{
	FqlFieldKind kind;
	const FqlType *target;		/* ROOT_*, TO_*, DATA_OBJECT, DATA_LIST, METRICS */
	AttrNumber	column;			/* COLUMN */
	Oid			column_type;	/* COLUMN: its type, domains looked through; DATA_VALUE: the type to cast to when
								 * comparing (InvalidOid: not comparable) */
	Oid			column_collation;	/* COLUMN */
	bool		is_array;		/* COLUMN: an array of column_type's element type */
	int			join_count;		/* TO_*: pairs local = remote */
	AttrNumber *local_columns;
	AttrNumber *remote_columns;
	const char *data_key;		/* DATA_*: the key in the document, as stored */
	FqlNativeColumn native;		/* DATA_VALUE of a relation: only where the field is read from that relation */
	FqlNativeMember *native_members;	/* DATA_OBJECT of a relation, likewise: keys of the object */
	const struct FqlFunction *function; /* FUNCTION */
	const FqlType *table;		/* INSERT, UPDATE, DELETE: the object type of the rows */
	const FqlField *key;		/* RESPONSE_ENTITY: the field of target that the id is compared with */
} FqlFieldBinding;

/* A place for a value in SQL: a parameter of a function or a column. */
typedef struct FqlSlot
{
	const char *name;			/* as SQL spells it, in the encoding of the database */
	Oid			type;
	Oid			base;			/* domains looked through */
	bool		is_array;		/* base is an array type */
	bool		is_row;			/* base, or its element type, is a row type: values arrive as JSON or input objects */
	Oid			relid;			/* of a column that is written: its table; InvalidOid: none of these */
	AttrNumber	column;
	AclMode		privilege;		/* ACL_INSERT or ACL_UPDATE, which writing it takes */
} FqlSlot;

/* What a function returns, and so how its result is read. */
typedef enum FqlResultShape
{
	FQL_RESULT_VOID,			/* true */
	FQL_RESULT_LEAF,			/* a scalar, an enum or JSON */
	FQL_RESULT_JSONB,			/* the same, of type jsonb: "_cascade" in it is taken out */
	FQL_RESULT_ROW,				/* a row of an exposed relation */
	FQL_RESULT_COLUMNS,			/* any other row: RESULT_VALUE fields */
	FQL_RESULT_RESPONSE,		/* a FraiseQL mutation response, as a row */
	FQL_RESULT_RESPONSE_JSONB	/* a FraiseQL mutation response, as one jsonb value */
} FqlResultShape;

typedef struct FqlFunction
{
	Oid			oid;
	FqlResultShape shape;
	bool		returns_set;
	Oid			result_type;	/* LEAF, JSONB: domains looked through */
	bool		result_is_array;
	int			variadic;		/* number of the VARIADIC parameter, or -1 */
	int			slot_count;
	FqlSlot    *slots;			/* its input parameters, in order */
} FqlFunction;

/* What an argument of a field means: FqlInputField.binding of arguments. */
typedef enum FqlArgumentKind
{
	FQL_ARGUMENT_KEY,			/* a key column that must equal the value: column (or the document's id) */
	FQL_ARGUMENT_WHERE,
	FQL_ARGUMENT_ORDER_BY,
	FQL_ARGUMENT_LIMIT,
	FQL_ARGUMENT_OFFSET,
	FQL_ARGUMENT_PARAMETER,		/* of a function: the argument's number is the parameter's */
	FQL_ARGUMENT_OBJECTS,		/* of insertions */
	FQL_ARGUMENT_ON_CONFLICT,
	FQL_ARGUMENT_SET,			/* of updates */
	FQL_ARGUMENT_AT_MOST		/* of updates and deletions */
} FqlArgumentKind;

typedef struct FqlArgumentBinding
{
	FqlArgumentKind kind;
	const FqlField *field;		/* KEY: the field of the target type that it compares */
} FqlArgumentBinding;

typedef enum FqlOperator
{
	FQL_OP_EQ, FQL_OP_NEQ, FQL_OP_GT, FQL_OP_GTE, FQL_OP_LT, FQL_OP_LTE,
	FQL_OP_IN, FQL_OP_NIN,
	FQL_OP_ISNULL,				/* Boolean operand; false inverts */
	FQL_OP_IS_NOT_NULL,			/* Boolean operand; false inverts */
	FQL_OP_CONTAINS, FQL_OP_ICONTAINS, FQL_OP_STARTSWITH, FQL_OP_ISTARTSWITH, FQL_OP_ENDSWITH, FQL_OP_IENDSWITH,
	FQL_OP_LIKE, FQL_OP_ILIKE, FQL_OP_NLIKE, FQL_OP_NILIKE,
	FQL_OP_REGEX, FQL_OP_IREGEX, FQL_OP_NREGEX, FQL_OP_NIREGEX
} FqlOperator;

/* A value of the enum OrderDirection and the SQL that it stands for; the first is what is meant where none is given. */
typedef struct FqlOrderDirection
{
	FqlStr		name;
	const char *sql;
} FqlOrderDirection;

#define FQL_ORDER_DIRECTION_COUNT 6
extern const FqlOrderDirection fql_order_directions[FQL_ORDER_DIRECTION_COUNT];

/* FqlInputField.binding of the fields of <Type>Where, <Scalar>Filter and <Type>OrderBy. */
typedef enum FqlInputMeaning
{
	FQL_MEANS_AND, FQL_MEANS_OR, FQL_MEANS_NOT,	/* in Where */
	FQL_MEANS_FIELD,			/* in Where and OrderBy: field */
	FQL_MEANS_OPERATOR,			/* in Filter: op */
	FQL_MEANS_ORDER_FIELD,		/* in OrderBy: the "field" of {field: "createdAt", direction: DESC} */
	FQL_MEANS_ORDER_DIRECTION,	/* in OrderBy: its "direction" */
	FQL_MEANS_SLOT,				/* in <Row>Input, <Type>Insert and <Type>Set: a column */
	FQL_MEANS_REFERENCE,		/* in <Type>Insert: field, a to-one one; in <Type>Set: likewise, of a row that exists */
	FQL_MEANS_CHILDREN,			/* in <Type>Insert: field, a to-many one */
	FQL_MEANS_CONNECT,			/* in <Type>Reference: a row that exists */
	FQL_MEANS_CREATE,			/* in <Type>Reference: a new one */
	FQL_MEANS_CONFLICT_COLUMNS, /* in <Type>OnConflict: which must be unique */
	FQL_MEANS_CONFLICT_UPDATE	/* in <Type>OnConflict: which are set in the row that is there */
} FqlInputMeaning;

typedef struct FqlInputBinding
{
	FqlInputMeaning meaning;
	const FqlField *field;		/* FIELD: of the object type: COLUMN, TO_ONE, DATA_VALUE or DATA_OBJECT */
	FqlOperator op;				/* OPERATOR */
	const FqlSlot *slot;		/* SLOT */
} FqlInputBinding;

/* The root field of Query that exists where fraiseql.graphql_metrics is on. */
#define FQL_METRICS_FIELD "_metrics"

/*
 * Load the schema of the current database into an arena.  Problems that make a part unusable (a collision that a later
 * DDL brought about) leave that part out and add a diagnostic; an exposed relation that is gone is left out silently.
 */
extern FqlTypeSystem *fql_schema_load(FqlArena *arena, FqlDiagnostics *diagnostics);

#endif							/* FQL_SCHEMA_H */
