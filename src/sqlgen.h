/*
 * sqlgen.h
 *    Selected fields to one SQL statement with one row and one column: the JSON text of "data".
 *
 * Values are always parameters, names always come from catalog OIDs, every function and operator is written with its
 * schema, so neither a client nor a search_path can change what the statement means.  Equal text means an equal plan:
 * exec.c keeps prepared plans by text.
 */
#ifndef FQL_SQLGEN_H
#define FQL_SQLGEN_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"

#include "core/collect.h"
#include "schema.h"

typedef struct FqlSqlParameter
{
	Oid			type;			/* of $n; for an array its array type */
	Oid			element_type;	/* InvalidOid: not an array */
	FqlStr		text;			/* scalar value, in the input syntax of type */
	FqlStr	   *items;			/* array elements, likewise of element_type; data == NULL: SQL NULL */
	uint32_t	item_count;
} FqlSqlParameter;

typedef struct FqlSql
{
	StringInfoData text;
	FqlSqlParameter *parameters;	/* $1 first */
	int			parameter_count;
	int			parameter_capacity;
} FqlSql;

/*
 * Compile root fields (all of them, or count = 1 for one).  Allocates in CurrentMemoryContext.  NULL after a
 * diagnostic: a value that only now proves unusable (a negative limit, a page too large, an operator that the column's
 * type lacks).
 */
extern FqlSql *fql_sqlgen(const FqlSelectedField *roots, uint32_t count, FqlArena *arena, FqlDiagnostics *diagnostics);

/*
 * Mutations are two statements: the one that changes something, whose rows are kept under a name, and the one that
 * reads the selection from these rows, and from wherever their fields lead, as the database is then.
 */
#define FQL_RESULT_NAME "fraiseql_result"

typedef struct FqlResult
{
	const FqlRelation *relation;	/* of which these are rows; NULL: of none that is exposed */
	Bitmapset  *columns;		/* set by fql_sqlgen_result(): those of the relation that the selection reads */
	bool		has_records;	/* set likewise: written rows are listed */
	FqlStr		document;		/* a FraiseQL response as JSON in UTF-8; data == NULL: rows */
	FqlStr		entity_id;		/* its entity; data == NULL: none */
} FqlResult;

/* The statement that calls the function behind a field of Mutation; NULL after a diagnostic. */
extern FqlSql *fql_sqlgen_call(const FqlSelectedField *root, FqlArena *arena, FqlDiagnostics *diagnostics);

/* The statement that reads the value of the field from its result; NULL after a diagnostic. */
extern FqlSql *fql_sqlgen_result(const FqlSelectedField *root, FqlResult *result, FqlArena *arena,
								 FqlDiagnostics *diagnostics);

/* A value for a column of a row that is written: an input, or text that another row has given. */
typedef struct FqlWrittenValue
{
	AttrNumber	column;
	const FqlSlot *slot;		/* of the input; NULL: a text */
	const FqlInput *input;
	FqlStr		text;			/* data == NULL: null */
} FqlWrittenValue;

/*
 * Statements on a table, for mutation_write.c.  "returning" are the columns to return; where there are none, 1.  Rows
 * are lists of FqlWrittenValue.  NULL after a diagnostic.
 */
typedef struct FqlWriteContext
{
	const FqlSelectedField *root;
	const FqlType *table;		/* the object type of the rows */
	const Bitmapset *returning;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
} FqlWriteContext;

extern FqlSql *fql_sqlgen_insert(const FqlWriteContext *write, const List *rows, const FqlInput *on_conflict);
extern FqlSql *fql_sqlgen_update(const FqlWriteContext *write, const List *values, const FqlInput *where);
extern FqlSql *fql_sqlgen_delete(const FqlWriteContext *write, const FqlInput *where);
extern FqlSql *fql_sqlgen_look_up(const FqlWriteContext *write, const FqlInput *key);

#endif							/* FQL_SQLGEN_H */
