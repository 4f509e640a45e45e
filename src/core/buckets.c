/*
 * buckets.c
 *    Durations in classes: into which one a duration falls, and which duration a share of them has not exceeded.
 *
 * A bucket is an eighth of a power of two wide, so whoever is told its limit in place of a duration is told an eighth
 * too much at most, be it microseconds or hours.  There is a bucket for every value: none is for "all above", whose
 * limit nobody could say.
 */
#include "buckets.h"

#include <math.h>

uint32_t
fql_histogram_bucket(uint64_t microseconds)
{
	uint32_t	power = 0;

	if (microseconds < FQL_HISTOGRAM_A_POWER)
		return (uint32_t) microseconds;
	while (microseconds >> power >= 2 * FQL_HISTOGRAM_A_POWER)
		power++;
	/* the shifted value is from 8 to 15: the power's first bucket and which of its eight, in one */
	return power * FQL_HISTOGRAM_A_POWER + (uint32_t) (microseconds >> power);
}

uint64_t
fql_histogram_limit(uint32_t bucket)
{
	uint32_t	power;

	if (bucket < FQL_HISTOGRAM_A_POWER)
		return bucket;
	power = bucket / FQL_HISTOGRAM_A_POWER - 1;
	return (((uint64_t) (bucket % FQL_HISTOGRAM_A_POWER) + FQL_HISTOGRAM_A_POWER) << power) +
		(((uint64_t) 1 << power) - 1);
}

uint64_t
fql_histogram_share(const uint64_t *counts, double share)
{
	uint64_t	total = 0;
	uint64_t	met = 0;
	double		wanted;
	uint32_t	bucket;

	for (bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
		total += counts[bucket];
	if (total == 0)
		return 0;
	/* of one duration, or for a share of none, the shortest */
	wanted = fmax(ceil(share * (double) total), 1);
	for (bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS - 1; bucket++)
	{
		met += counts[bucket];
		if ((double) met >= wanted)
			break;
	}
	return fql_histogram_limit(bucket);
}
