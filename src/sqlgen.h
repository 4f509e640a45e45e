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

#include "core/collect.h"

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

#endif							/* FQL_SQLGEN_H */
