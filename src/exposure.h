/*
 * exposure.h
 *    What has been exposed: the rows of fraiseql.exposure and of fraiseql.exposed_function.
 */
#ifndef FQL_EXPOSURE_H
#define FQL_EXPOSURE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* A row; both tables have these columns, in this order. */
typedef struct FqlExposure
{
	Oid			object;			/* the relation or function; it may be gone */
	char	   *name;			/* of its type or field, NULL: derived */
	Jsonb	   *options;		/* NULL: none */
} FqlExposure;

/* FqlExposure *: all rows of one of the two tables, in no order; none where there is no such table. */
extern List *fql_exposures(const char *table);

#endif							/* FQL_EXPOSURE_H */
