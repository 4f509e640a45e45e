/*
 * views.h
 *    What the functions behind the monitoring views share.
 */
#ifndef FQL_VIEWS_H
#define FQL_VIEWS_H

#include "postgres.h"

#include "histogram.h"

/* A column that is a part of a whole; NULL where there is no whole. */
static inline void
fql_view_put_rate(Datum *values, bool *nulls, int column, double part, uint64 whole)
{
	nulls[column] = whole == 0;
	if (whole > 0)
		values[column] = Float8GetDatum(part / (double) whole);
}

/* Three columns, in milliseconds: the average, what all but one in a hundred did not exceed, and the longest. */
static inline void
fql_view_put_durations(Datum *values, bool *nulls, int column, const FqlDurations *durations)
{
	fql_view_put_rate(values, nulls, column, (double) durations->sum / 1000, durations->count);
	nulls[column + 1] = nulls[column + 2] = durations->count == 0;
	values[column + 1] = Float8GetDatum((double) durations->p99 / 1000);
	values[column + 2] = Float8GetDatum((double) durations->max / 1000);
}

#endif							/* FQL_VIEWS_H */
