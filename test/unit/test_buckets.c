/*
 * test_buckets.c
 *    Each duration is in the bucket whose limits it lies between, limits are an eighth too much at most, and a share is
 *    what counting would say.
 */
#include "test.h"

#include "buckets.h"

TEST(short_durations_have_buckets_of_their_own)
{
	for (uint32_t microseconds = 0; microseconds < 2 * FQL_HISTOGRAM_A_POWER; microseconds++)
	{
		CHECK_LONG(fql_histogram_bucket(microseconds), microseconds);
		CHECK_LONG(fql_histogram_limit(microseconds), microseconds);
	}
}

TEST(buckets_of_known_durations)
{
	static const struct
	{
		const char *what;
		uint64_t	microseconds;
		uint32_t	bucket;
		uint64_t	limit;
	}			rows[] = {
		{"the first of two", 16, 16, 17},
		{"the second of two", 17, 16, 17},
		{"the next bucket", 18, 17, 19},
		{"the last of its power", 31, 23, 31},
		{"the next power", 32, 24, 35},
		{"a millisecond", 1000, 63, 1023},
		{"the power after it", 1024, 64, 1151},
		{"a second", 1000000, 143, 1048575},
		{"half of all", UINT64_MAX / 2, FQL_HISTOGRAM_BUCKETS - 9, UINT64_MAX / 2},
		{"one more", UINT64_MAX / 2 + 1, FQL_HISTOGRAM_BUCKETS - 8, ((uint64_t) 9 << 60) - 1},
		{"the longest", UINT64_MAX, FQL_HISTOGRAM_BUCKETS - 1, UINT64_MAX},
	};

	for (size_t i = 0; i < TEST_COUNT(rows); i++)
	{
		CHECK_LONG_FOR(rows[i].what, fql_histogram_bucket(rows[i].microseconds), rows[i].bucket);
		CHECK_FOR(rows[i].what, fql_histogram_limit(rows[i].bucket) == rows[i].limit);
	}
}

/* Limits grow, what follows one is in the next bucket, and none is more than an eighth above what its bucket holds. */
TEST(buckets_leave_no_gap_and_are_narrow)
{
	uint64_t	shortest = 0;

	for (uint32_t bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
	{
		uint64_t	limit = fql_histogram_limit(bucket);

		if (!CHECK(limit >= shortest))
			return;
		CHECK_LONG(fql_histogram_bucket(shortest), bucket);
		CHECK_LONG(fql_histogram_bucket(limit), bucket);
		CHECK(limit - shortest <= shortest / FQL_HISTOGRAM_A_POWER);
		shortest = limit + 1;
	}
	/* the last limit is the largest of all values */
	CHECK(shortest == 0);
}

TEST(share_of_nothing_and_of_one)
{
	uint64_t	counts[FQL_HISTOGRAM_BUCKETS] = {0};

	CHECK_LONG((long long) fql_histogram_share(counts, 0.99), 0);
	counts[0] = 1;
	CHECK_LONG((long long) fql_histogram_share(counts, 0.99), 0);
	counts[0] = 0;
	counts[63] = 1;
	CHECK_LONG((long long) fql_histogram_share(counts, 0), 1023);
	CHECK_LONG((long long) fql_histogram_share(counts, 0.5), 1023);
	CHECK_LONG((long long) fql_histogram_share(counts, 1), 1023);
	counts[63] = 0;
	counts[FQL_HISTOGRAM_BUCKETS - 1] = 1;
	CHECK(fql_histogram_share(counts, 0.99) == UINT64_MAX);
}

/* Of every number up to some thousands: a hundredth of them may be longer, and not one more. */
TEST(one_in_a_hundred_may_be_longer)
{
	uint64_t	counts[FQL_HISTOGRAM_BUCKETS] = {0};

	for (uint64_t number = 1; number <= 5000; number++)
	{
		counts[20] = number - number / 100;
		counts[40] = number / 100;
		if (!CHECK(fql_histogram_share(counts, 0.99) == fql_histogram_limit(20)))
			return;
		counts[20]--;
		counts[40]++;
		if (!CHECK(fql_histogram_share(counts, 0.99) == fql_histogram_limit(40)))
			return;
	}
}

TEST(share_of_what_was_counted_between)
{
	uint64_t	earlier[FQL_HISTOGRAM_BUCKETS] = {0};
	uint64_t	counts[FQL_HISTOGRAM_BUCKETS] = {0};

	earlier[100] = counts[100] = 1000000;
	counts[3] = 98;
	counts[9] = 2;
	CHECK(fql_histogram_share(counts, 0.99) == fql_histogram_limit(100));
	for (int bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
		counts[bucket] -= earlier[bucket];
	CHECK_LONG((long long) fql_histogram_share(counts, 0.98), 3);
	CHECK_LONG((long long) fql_histogram_share(counts, 0.99), 9);
}
