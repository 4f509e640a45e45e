/*
 * catalog.h
 *    What the schema needs to know about a relation, read from the catalogs.
 */
#ifndef FQL_CATALOG_H
#define FQL_CATALOG_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/parsenodes.h"

typedef struct FqlColumn
{
	AttrNumber	number;
	const char *name;
	Oid			type;
	Oid			collation;
	bool		not_null;
	bool		has_default;	/* or is an identity */
	bool		is_computed;	/* generated, or an identity that takes no value */
	const char *comment;		/* NULL: none */
} FqlColumn;

typedef struct FqlForeignKey
{
	const char *name;			/* of the constraint */
	Oid			referenced;
	int			column_count;
	AttrNumber *local;
	AttrNumber *remote;
} FqlForeignKey;

typedef struct FqlCatalogRelation
{
	Oid			relid;
	Oid			schema;
	Oid			owner;
	const char *name;
	const char *label;			/* schema and name, quoted, for messages */
	const char *comment;		/* NULL: none */
	char		kind;			/* RELKIND_* */
	char		persistence;	/* RELPERSISTENCE_* */
	bool		is_partition;
	int			column_count;
	FqlColumn  *columns;		/* without dropped ones, by number */
	int			key_count;		/* columns of the primary key, 0: none */
	AttrNumber *key;
	List	   *foreign_keys;	/* of FqlForeignKey, by name; no copies for single partitions */
} FqlCatalogRelation;

/* NULL: no such relation.  Allocates in CurrentMemoryContext. */
extern FqlCatalogRelation *fql_catalog_relation(Oid relid);

/* NULL: no such column. */
extern const FqlColumn *fql_catalog_column(const FqlCatalogRelation *relation, const char *name);
extern const FqlColumn *fql_catalog_column_numbered(const FqlCatalogRelation *relation, AttrNumber number);

/* The name of one column, NULL: no such column. */
extern const char *fql_catalog_column_name(Oid relid, AttrNumber number);

/* The name of a type without its schema, NULL: no such type. */
extern const char *fql_catalog_type_name(Oid type);

/* The query that defines a view; NULL: none. */
extern Query *fql_catalog_view_query(Oid view);

/* The relation of that name in a schema, InvalidOid: none. */
extern Oid	fql_catalog_find(Oid schema, const char *name);

#endif							/* FQL_CATALOG_H */
