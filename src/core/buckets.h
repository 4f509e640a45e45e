/*
 * buckets.h
 *    Durations in classes: into which one a duration falls, and which duration a share of them has not exceeded.
 */
#ifndef FQL_BUCKETS_H
#define FQL_BUCKETS_H

#include <stdint.h>

/* Eight buckets for each power of two of microseconds, and one each for 0 to 7. */
#define FQL_HISTOGRAM_BITS 3
#define FQL_HISTOGRAM_A_POWER (1 << FQL_HISTOGRAM_BITS)
#define FQL_HISTOGRAM_BUCKETS ((64 - FQL_HISTOGRAM_BITS + 1) * FQL_HISTOGRAM_A_POWER)

/* The bucket of a duration. */
extern uint32_t fql_histogram_bucket(uint64_t microseconds);

/* The longest duration of a bucket. */
extern uint64_t fql_histogram_limit(uint32_t bucket);

/*
 * The duration that this share (0 to 1) of those counted has not exceeded: at most an eighth too much, never too
 * little.  0 where nothing was counted.  counts has FQL_HISTOGRAM_BUCKETS elements; they may be the difference of two
 * readings, for what was counted between.
 */
extern uint64_t fql_histogram_share(const uint64_t *counts, double share);

#endif							/* FQL_BUCKETS_H */
