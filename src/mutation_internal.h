/*
 * mutation_internal.h
 *    A field of Mutation under way: what the files mutation*.c share.
 */
#ifndef FQL_MUTATION_INTERNAL_H
#define FQL_MUTATION_INTERNAL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "tcop/dest.h"
#include "utils/tuplestore.h"

#include "sqlgen.h"

/* The rows of a first statement. */
typedef struct FqlRows
{
	DestReceiver receiver;
	Tuplestorestate *store;
	TupleDesc	descriptor;
	uint64		count;
	MemoryContext context;
} FqlRows;

typedef struct FqlResolution
{
	const FqlSelectedField *root;
	const FqlFunction *function;	/* NULL: the field writes a table */
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	StringInfo	out;			/* where its value goes */
	FqlSql	   *sql;			/* the statement at hand, for the log; NULL: none yet */
	bool		calling;		/* the first statement is under way: errors about names are its own */
	MemoryContext context;		/* outlives the field */
	List	   *cascades;		/* of Jsonb: what the function returned as its own */
} FqlResolution;

/* A diagnostic about the field; always false. */
extern bool fql_mutation_refuse(FqlResolution *resolution, FqlErrorCode code, FqlLocation location,
								const char *format,...) pg_attribute_printf(4, 5);

/*
 * mutation_write.c: insert, update or delete, as the field says; the rows, with these columns of their table, go into
 * "rows".  Within SPI.  False after a diagnostic.
 */
extern bool fql_mutation_write(FqlResolution *resolution, const Bitmapset *columns, FqlRows *rows);

#endif							/* FQL_MUTATION_INTERNAL_H */
