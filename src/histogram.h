/*
 * histogram.h
 *    Durations, counted by their length in shared memory: how many, their sum, the longest, and the 99th percentile.
 */
#ifndef FQL_HISTOGRAM_H
#define FQL_HISTOGRAM_H

#include "postgres.h"

#include "port/atomics.h"

#include "core/buckets.h"

typedef struct FqlHistogram
{
	/* since the beginning: they never decrease */
	pg_atomic_uint64 counts[FQL_HISTOGRAM_BUCKETS];
	pg_atomic_uint64 sum;
	/* since the last reset */
	pg_atomic_uint64 max;
	/* as they were at the last reset */
	uint64_t	counts_at_reset[FQL_HISTOGRAM_BUCKETS];
	uint64		sum_at_reset;
} FqlHistogram;

/* Since the last reset, in microseconds. */
typedef struct FqlDurations
{
	uint64		count;
	uint64		sum;
	uint64		max;
	uint64		p99;			/* all but one in a hundred took no longer; at most an eighth too much */
} FqlDurations;

extern void fql_histogram_init(FqlHistogram *histogram);

/* Any process, without a lock. */
extern void fql_histogram_add(FqlHistogram *histogram, uint64 microseconds);

/*
 * The counts since the beginning, in FQL_HISTOGRAM_BUCKETS elements: no reset touches them, so the difference of two
 * readings is what was counted between.  Without a lock.
 */
extern void fql_histogram_read(FqlHistogram *histogram, uint64_t *counts);

/* These two exclude each other by a lock of the caller's: shared for the first, exclusive for the second. */
extern void fql_histogram_sum_up(FqlHistogram *histogram, FqlDurations *durations);
extern void fql_histogram_reset(FqlHistogram *histogram);

#endif							/* FQL_HISTOGRAM_H */
