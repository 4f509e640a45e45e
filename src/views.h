/*
 * views.h
 *    What the functions behind the monitoring views share.
 */
#ifndef FQL_VIEWS_H
#define FQL_VIEWS_H

#include "postgres.h"

/* A column that is a part of a whole; NULL where there is no whole. */
static inline void
fql_view_put_rate(Datum *values, bool *nulls, int column, double part, uint64 whole)
{
	nulls[column] = whole == 0;
	if (whole > 0)
		values[column] = Float8GetDatum(part / (double) whole);
}

#endif							/* FQL_VIEWS_H */
