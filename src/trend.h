/*
 * trend.h
 *    The samples of the last time in as many intervals as a picture has room for.
 */
#ifndef FQL_TREND_H
#define FQL_TREND_H

#include "postgres.h"

#include "samples.h"

/* What was counted in an interval; of what is not counted, the most that there was at the end of its seconds. */
typedef struct FqlTrendInterval
{
	double		from;			/* seconds since the trend's beginning */
	double		until;
	uint64		values[FQL_SAMPLE_VALUES];
} FqlTrendInterval;

typedef struct FqlTrend
{
	TimestampTz end;			/* 0: there is no interval */
	double		seconds;		/* from beginning to end */
	int			count;
	FqlTrendInterval *intervals;
} FqlTrend;

/* Of the last seconds, or of as many as there are samples of; palloc'ed. */
extern FqlTrend *fql_trend_get(int seconds, int most_intervals);

/* NaN: it has no time. */
extern double fql_trend_rate(const FqlTrendInterval *interval, FqlSampleValue value);

/* Hits among calls that asked the cache; NaN: none did. */
extern double fql_trend_hit_rate(const FqlTrendInterval *interval);

#endif							/* FQL_TREND_H */
