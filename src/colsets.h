/*
 * colsets.h
 *    The column sets of a relation by whose values its rows are named in tags: on which both sides agree.
 *
 * They are the prefixes of its btree and hash indexes, and the columns of its foreign keys, as far as the columns'
 * types have a hash function that agrees with equality and is built in.
 */
#ifndef FQL_COLSETS_H
#define FQL_COLSETS_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/rel.h"

#include "tags.h"

/* A column that is part of a set. */
typedef struct FqlHashedColumn
{
	AttrNumber	column;
	Oid			type;			/* its base type */
	Oid			family;			/* the hash operator family: an operator that is not in it does not agree */
	FmgrInfo	hash;			/* extended hash function for the column's own type */
} FqlHashedColumn;

typedef struct FqlColumnSet
{
	FqlTag		base;			/* fql_tag_columns() of it */
	FqlColumns	bits;
	bool		is_readable;	/* answers may depend on it: see the argument in colsets.c */
	bool		is_unique;		/* at most one row has the values, nulls aside */
	int			count;
	int			members[INDEX_MAX_KEYS];	/* positions in "columns" of FqlColumnSets, ascending by attnum */
} FqlColumnSet;

/* The column by which people and GraphQL clients name a row: "id", or else the only column of the primary key. */
typedef struct FqlIdColumn
{
	AttrNumber	column;			/* InvalidAttrNumber: none, or of a type that is not built in */
	Oid			type;			/* its base type */
	int16		length;			/* as pg_type.typlen */
	bool		by_value;
} FqlIdColumn;

typedef struct FqlColumnSets
{
	Oid			relation;
	FqlIdColumn id;
	int			column_count;
	FqlHashedColumn *columns;	/* ascending by attnum */
	int			set_count;
	FqlColumnSet *sets;
} FqlColumnSets;

/*
 * The sets of an open relation.  They stay as they are until the relation's definition changes, so for as long as the
 * caller looks at no catalog in between; copy what is to be kept.
 */
extern const FqlColumnSets *fql_column_sets(Relation relation);

/* The hash of a value for fql_tag_add_value(), with a function of the column's family for the value's type. */
extern uint64 fql_value_hash(FmgrInfo *hash, Datum value, bool isnull);

#endif							/* FQL_COLSETS_H */
