/*
 * schema_internal.h
 *    The schema while it is being built: what the files schema*.c share.
 *
 * A schema is drafted first and written into the type system second.  Drafts are lists that can still lose a member
 * (a name that is taken, a target that turned out to have no fields); the type system's arrays cannot.  Drafts live in
 * a context of the build, everything that the type system points to lives in its arena.
 */
#ifndef FQL_SCHEMA_INTERNAL_H
#define FQL_SCHEMA_INTERNAL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "catalog.h"
#include "options.h"
#include "schema.h"

/* Which operators make sense for a value. */
typedef enum FqlComparison
{
	FQL_COMPARE_NOTHING,		/* no filter at all */
	FQL_COMPARE_NULLNESS,		/* is null or not */
	FQL_COMPARE_BOOLEAN,		/* equality and nullness, no lists */
	FQL_COMPARE_EQUALITY,
	FQL_COMPARE_ORDER,
	FQL_COMPARE_TEXT			/* order and text matching */
} FqlComparison;

/* What an SQL type is in GraphQL. */
typedef struct FqlLeaf
{
	const FqlType *type;		/* a scalar or an enum */
	Oid			base;			/* the SQL type, domains looked through */
	bool		is_array;		/* of elements that "type" stands for */
	FqlComparison comparison;
	bool		sortable;
} FqlLeaf;

typedef struct FqlDraftObject FqlDraftObject;
typedef struct FqlEntity FqlEntity;

typedef struct FqlDraftField
{
	const char *name;
	const char *origin;			/* what it comes from, for messages: column "x" of public.tb_y */
	const char *comment;		/* NULL: none */
	FqlFieldBinding *binding;
	FqlLeaf		leaf;			/* where target is NULL */
	FqlDraftObject *target;
	bool		list;
	bool		item_not_null;	/* of a list */
	bool		not_null;
	List	   *arguments;		/* of FqlDraftInput: fields of Mutation */
	FqlField   *field;			/* in the type system, once written there */
} FqlDraftField;

/* An argument of a field of Mutation, or a field of an input object for a row type. */
typedef struct FqlDraftInput
{
	const char *name;
	FqlLeaf		leaf;			/* where object is NULL */
	const FqlType *object;		/* an input object type */
	bool		list;
	bool		item_not_null;
	bool		not_null;
	const void *binding;
} FqlDraftInput;

struct FqlDraftObject
{
	const char *name;
	const char *origin;
	const char *comment;
	FqlEntity  *entity;			/* NULL: a root type, an object nested in a document, a result */
	List	   *fields;			/* of FqlDraftField */
	bool		dropped;		/* it turned out to have no fields */
	FqlType    *type;			/* in the type system, once written there */
	FqlType    *where;
	FqlType    *order_by;		/* NULL: nothing to sort by, or never listed */
	FqlInputField *list_arguments;
	uint32_t	list_argument_count;
};

/* An exposed relation. */
struct FqlEntity
{
	FqlCatalogRelation *relation;
	FqlOptions	options;
	const char *given_name;		/* type name that expose() was given; NULL: none */
	const char *singular;		/* root fields */
	const char *plural;
	FqlRelation *binding;
	FqlDraftObject *object;
	Oid			definition;		/* DOCUMENT: the view whose definition tells the keys, or InvalidOid */
	List	   *keys;			/* of FqlDraftField: arguments of the singular root field */
};

typedef struct FqlEnumEntry
{
	Oid			oid;			/* hash key */
	const FqlType *type;		/* NULL: shown as String */
} FqlEnumEntry;

typedef struct FqlSchemaBuild
{
	FqlArena   *arena;
	FqlTypeSystem *types;
	List	   *entities;		/* of FqlEntity, by name */
	List	   *objects;		/* of FqlDraftObject */
	FqlDraftObject *query;
	FqlDraftObject *mutation;
	List	   *results;		/* of FqlDraftObject: what functions return; no filters, no orders */
	List	   *rows;			/* of RowType; schema_functions.c */
	List	   *writes;			/* of TableInputs; schema_writes.c */
	HTAB	   *type_names;		/* name → what took it */
	HTAB	   *enums;			/* of FqlEnumEntry */
	List	   *filters;		/* filter types made so far; schema_inputs.c */
	const FqlType *order_direction;
	List	   *problems;		/* of FqlProblem */
	int			nested_count;	/* objects nested in the document at hand */
} FqlSchemaBuild;

/* schema.c */
extern FqlTypeSystem *fql_schema_build(FqlArena *arena, List **problems);
extern void fql_build_problem(FqlSchemaBuild *build, int sqlstate, char *message, char *hint);
extern FqlStr fql_build_text(FqlSchemaBuild *build, const char *text);
extern AttrNumber *fql_build_numbers(FqlSchemaBuild *build, const AttrNumber *numbers, int count);
extern bool fql_build_claim(FqlSchemaBuild *build, const char *type_name, const char *origin, const char *hint);
extern FqlDraftObject *fql_build_object(FqlSchemaBuild *build, const char *name, const char *origin,
										FqlEntity *entity);
extern FqlDraftField *fql_build_field(FqlSchemaBuild *build, FqlDraftObject *object, const char *name,
									  const char *origin, FqlFieldKind kind, const char *hint);
extern FqlDraftField *fql_build_draft(FqlSchemaBuild *build, const char *name, const char *origin, FqlFieldKind kind);
extern FqlDraftField *fql_build_find(const FqlDraftObject *object, const char *name);
extern FqlEntity *fql_build_entity(const FqlSchemaBuild *build, Oid relid);

/* schema_scalars.c */
extern FqlLeaf fql_build_leaf(FqlSchemaBuild *build, Oid type);
extern FqlLeaf fql_build_json_leaf(FqlSchemaBuild *build);

/* schema_columns.c, schema_relations.c, schema_documents.c */
extern bool fql_build_is_document(const FqlCatalogRelation *relation, const FqlOptions *options);
extern void fql_build_columns(FqlSchemaBuild *build, FqlEntity *entity);
extern void fql_build_relations(FqlSchemaBuild *build);
extern void fql_build_document(FqlSchemaBuild *build, FqlEntity *entity);

/* schema_inputs.c */
extern void fql_build_inputs(FqlSchemaBuild *build);

/* schema_functions.c */
extern void fql_build_functions(FqlSchemaBuild *build);
extern void fql_build_function_arguments(FqlSchemaBuild *build);
extern void fql_build_slot(FqlSchemaBuild *build, FqlDraftInput *input, FqlSlot *slot, const char *name, Oid type);
extern void fql_build_input_fields(FqlSchemaBuild *build, const List *inputs, FqlInputField **fields, uint32_t *count);
extern FqlDraftObject *fql_build_result(FqlSchemaBuild *build, const char *name, const char *origin, const char *hint);

/* schema_metrics.c */
extern void fql_build_metrics(FqlSchemaBuild *build);

/* schema_writes.c */
extern void fql_build_writes(FqlSchemaBuild *build);
extern void fql_build_write_arguments(FqlSchemaBuild *build);

#endif							/* FQL_SCHEMA_INTERNAL_H */
