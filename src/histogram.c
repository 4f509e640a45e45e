/*
 * histogram.c
 *    Durations, counted by their length in shared memory: how many, their sum, the longest, and the 99th percentile.
 *
 * Whoever has a duration to count adds it by three atomic operations, beside others who do the same.  Counts and sum
 * never decrease: a reset remembers what they were, so that neither it nor an addition needs a lock against the other,
 * and who looks at a window of its own (the difference of two readings) does not mind resets.
 *
 * The three parts of an addition can be seen apart, as if the later ones had come a moment later; each of them is in
 * its figure once.  The longest is noted last: where a reset comes between, it may belong to a duration that was
 * counted before, and so be too long, but what was counted since is not longer than it.
 */
#include "postgres.h"

#include "histogram.h"

void
fql_histogram_init(FqlHistogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	for (int bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
		pg_atomic_init_u64(&histogram->counts[bucket], 0);
	pg_atomic_init_u64(&histogram->sum, 0);
	pg_atomic_init_u64(&histogram->max, 0);
}

void
fql_histogram_add(FqlHistogram *histogram, uint64 microseconds)
{
	uint64		max;

	(void) pg_atomic_fetch_add_u64(&histogram->counts[fql_histogram_bucket(microseconds)], 1);
	(void) pg_atomic_fetch_add_u64(&histogram->sum, (int64) microseconds);
	max = pg_atomic_read_u64(&histogram->max);
	/* who fails learns the newer value */
	while (microseconds > max && !pg_atomic_compare_exchange_u64(&histogram->max, &max, microseconds))
		;
}

void
fql_histogram_read(FqlHistogram *histogram, uint64_t *counts)
{
	for (int bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
		counts[bucket] = pg_atomic_read_u64(&histogram->counts[bucket]);
}

void
fql_histogram_sum_up(FqlHistogram *histogram, FqlDurations *durations)
{
	uint64_t	counts[FQL_HISTOGRAM_BUCKETS];

	fql_histogram_read(histogram, counts);
	durations->count = 0;
	for (int bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
		durations->count += counts[bucket] -= histogram->counts_at_reset[bucket];
	durations->sum = pg_atomic_read_u64(&histogram->sum) - histogram->sum_at_reset;
	durations->max = pg_atomic_read_u64(&histogram->max);
	durations->p99 = Min(fql_histogram_share(counts, 0.99), durations->max);
}

void
fql_histogram_reset(FqlHistogram *histogram)
{
	fql_histogram_read(histogram, histogram->counts_at_reset);
	histogram->sum_at_reset = pg_atomic_read_u64(&histogram->sum);
	pg_atomic_write_u64(&histogram->max, 0);
}
