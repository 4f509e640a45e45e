/*
 * restrict.h
 *    Which rows of its relation can a scan return at most, told by equality with values of a column set?
 */
#ifndef FQL_RESTRICT_H
#define FQL_RESTRICT_H

#include "postgres.h"

#include "nodes/plannodes.h"
#include "utils/rel.h"

#include "tags.h"

typedef enum FqlValueKind
{
	FQL_VALUE_ONE,				/* column = value; null: no row */
	FQL_VALUE_ANY,				/* column = ANY (value), an array; null: no row */
	FQL_VALUE_NULL				/* column IS NULL */
} FqlValueKind;

typedef struct FqlRestrictedColumn
{
	AttrNumber	column;
	FqlValueKind kind;
	Expr	   *value;			/* without Vars and SubPlans; NULL for FQL_VALUE_NULL */
	Oid			type;			/* of the value, or of the array's elements */
	Oid			hash;			/* extended hash function for that type, of the column's family */
	bool		is_eager;		/* the value is made of constants and parameters alone */
} FqlRestrictedColumn;

/* Rows that hold these values in the columns of one set, all of them. */
typedef struct FqlRestrictedSet
{
	FqlTag		base;			/* of the column set, to which the values' hashes are added in order */
	FqlColumns	bits;
	int			count;
	FqlRestrictedColumn *columns;	/* ascending by column */
} FqlRestrictedSet;

/* Every row that the scan returns is in one of the sets. */
typedef struct FqlRestriction
{
	List	   *sets;			/* of FqlRestrictedSet *; NIL: no row can be returned */
	List	   *parameters;		/* of Param *, PARAM_EXEC, in the values: they change from rescan to rescan */
	List	   *arguments;		/* of Param *, PARAM_EXTERN, in the values */
	bool		is_eager;		/* all values are, so that evaluating them when the scan itself would not can raise no
								 * error; the others may only be evaluated after the scan has done so */
} FqlRestriction;

/*
 * The restriction of a scan node of a finished plan over the open relation, or NULL: it may return any row.  Knows
 * SeqScan, IndexScan, IndexOnlyScan and BitmapHeapScan; the column sets are the readable ones of colsets.h.
 */
extern FqlRestriction *fql_restriction_of_scan(const Scan *scan, Relation relation);

#endif							/* FQL_RESTRICT_H */
