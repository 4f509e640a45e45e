/*
 * catalog_functions.h
 *    What the schema needs to know about a function, read from the catalogs.
 */
#ifndef FQL_CATALOG_FUNCTIONS_H
#define FQL_CATALOG_FUNCTIONS_H

#include "postgres.h"

#include "catalog.h"

typedef struct FqlParameter
{
	const char *name;			/* "": none */
	Oid			type;
	bool		has_default;
	bool		is_variadic;
} FqlParameter;

typedef struct FqlCatalogFunction
{
	Oid			oid;
	Oid			schema;
	Oid			owner;
	const char *name;
	const char *label;			/* with schema and parameter types, quoted, for messages */
	const char *comment;		/* NULL: none */
	char		kind;			/* PROKIND_* */
	bool		returns_set;
	Oid			result;
	int			parameter_count;
	FqlParameter *parameters;	/* those that take a value, in order */
	int			column_count;	/* of a result that is a row: its columns, by number; else 0 */
	FqlColumn  *columns;
	Oid			relid;			/* of the named row type that is returned; InvalidOid: none */
} FqlCatalogFunction;

/* NULL: no such function.  Allocates in CurrentMemoryContext. */
extern FqlCatalogFunction *fql_catalog_function(Oid function);

#endif							/* FQL_CATALOG_FUNCTIONS_H */
