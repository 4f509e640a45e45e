/*
 * trend.c
 *    The samples of the last time in as many intervals as a picture has room for.
 *
 * An hour has 3600 samples, a chart some hundred points.  An interval sums up what neighbouring samples have counted,
 * so nothing that happened is left out, and of a gauge it has the most: a peak of one second is what people look for.
 *
 * Time goes by the distances of samples and not by what they say that it was, which somebody may have set.
 */
#include "postgres.h"

#include <math.h>

#include "trend.h"

/* The oldest of the samples that are at most so many seconds before the last. */
static uint32
first_within(const FqlSample *samples, uint32 count, int seconds)
{
	double		distance = 0;
	uint32		first = count - 1;

	while (first > 0 && distance < seconds)
	{
		first--;
		distance += fql_sample_seconds(&samples[first], &samples[first + 1]);
	}
	return first;
}

/* An interval takes in what was between two neighbouring samples. */
static void
take_in(FqlTrendInterval *interval, const FqlSample *before, const FqlSample *after)
{
	for (int value = 0; value < FQL_SAMPLE_VALUES; value++)
	{
		uint64		difference = fql_sample_difference(before, after, value);

		if (value < FQL_SAMPLE_FIRST_GAUGE)
			interval->values[value] += difference;
		else
			interval->values[value] = Max(interval->values[value], difference);
	}
	interval->until += fql_sample_seconds(before, after);
}

/* "steps" from sample to sample, in "trend->count" intervals that are as long as each other, or nearly so. */
static void
divide(FqlTrend *trend, const FqlSample *samples, uint32 steps)
{
	uint32		step = 0;

	for (int i = 0; i < trend->count; i++)
	{
		FqlTrendInterval *interval = &trend->intervals[i];
		uint32		end = (uint32) ((uint64) steps * (i + 1) / trend->count);

		interval->from = interval->until = trend->seconds;
		for (; step < end; step++)
			take_in(interval, &samples[step], &samples[step + 1]);
		trend->seconds = interval->until;
	}
}

FqlTrend *
fql_trend_get(int seconds, int most_intervals)
{
	FqlTrend   *trend = palloc0(sizeof(FqlTrend));
	FqlSample  *samples = palloc(FQL_SAMPLES_KEPT * sizeof(FqlSample));
	uint32		count = fql_samples_get(samples, FQL_SAMPLES_KEPT);
	uint32		first = count > 1 ? first_within(samples, count, seconds) : 0;

	if (count > 1)
	{
		trend->end = samples[count - 1].at;
		trend->count = (int) Min(count - 1 - first, (uint32) most_intervals);
		trend->intervals = palloc0(trend->count * sizeof(FqlTrendInterval));
		divide(trend, samples + first, count - 1 - first);
	}
	pfree(samples);
	return trend;
}

double
fql_trend_rate(const FqlTrendInterval *interval, FqlSampleValue value)
{
	double		seconds = interval->until - interval->from;

	return seconds > 0 ? (double) interval->values[value] / seconds : NAN;
}

double
fql_trend_hit_rate(const FqlTrendInterval *interval)
{
	uint64		hits = interval->values[FQL_SAMPLE_HITS];
	uint64		asked = hits + interval->values[FQL_SAMPLE_MISSES];

	return asked > 0 ? (double) hits / (double) asked : NAN;
}
