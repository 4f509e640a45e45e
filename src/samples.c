/*
 * samples.c
 *    How the counters stood in each second of the last hour, for rates and trends.
 *
 * The background worker takes a sample a second and puts it into a ring.  A sample has the counters as they stood, so
 * what happened between any two is a difference, whichever are left out, and a late sample is as right as a punctual
 * one.  They go on over stats_reset().
 *
 * Lock.  "samples" guards the ring.  The worker holds it to copy one sample, a reader to copy those that it wants: all
 * are 700 kB, a tenth of a millisecond, and nobody but the worker waits for that.
 *
 * Time.  When a sample is due, and how long ago another was, is told by a clock that nobody sets; what people read is
 * the wall's.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "cache.h"
#include "coalesce.h"
#include "monotonic.h"
#include "queue.h"
#include "samples.h"
#include "stats.h"

PG_FUNCTION_INFO_V1(fql_recent_samples);

typedef struct FqlSharedSamples
{
	uint64		taken;			/* since the server's start; the last one is at (taken - 1) % FQL_SAMPLES_KEPT */
	FqlSample	ring[FQL_SAMPLES_KEPT];
} FqlSharedSamples;

static FqlSharedSamples *shared = NULL;
static LWLock *samples_lock = NULL;

/* In the worker: the monotonic clock at the last sample. */
static double last_taken = -FQL_SAMPLE_INTERVAL;

/* By reason: the difference of two counters would not always grow, as a mutation is counted in one after the other. */
static uint64
other_bypasses(const uint64 *counters)
{
	uint64		sum = 0;

	for (FqlReason reason = FQL_REASON_NONE; reason < FQL_REASON_COUNT; reason++)
		if (reason != FQL_BYPASS_MUTATION && strcmp(fql_reason_info(reason)->kind, "bypass") == 0)
			sum += counters[FQL_COUNTER_REASONS + reason];
	return sum;
}

static void
read_cache(uint64 *values)
{
	uint64		counters[FQL_COUNTER_COUNT];
	FqlCacheGauges gauges;

	fql_stats_read_ever(counters);
	fql_cache_gauges(&gauges);
	values[FQL_SAMPLE_HITS] = counters[FQL_COUNTER_HITS];
	values[FQL_SAMPLE_MISSES] = counters[FQL_COUNTER_MISSES];
	values[FQL_SAMPLE_BYPASSES] = other_bypasses(counters);
	values[FQL_SAMPLE_MUTATIONS] = counters[FQL_COUNTER_REASONS + FQL_BYPASS_MUTATION];
	values[FQL_SAMPLE_FILLS] = counters[FQL_COUNTER_FILLS];
	values[FQL_SAMPLE_REJECTED] = counters[FQL_COUNTER_FILLS_REJECTED];
	values[FQL_SAMPLE_INVALIDATIONS] = counters[FQL_COUNTER_INVALIDATIONS];
	values[FQL_SAMPLE_EVICTIONS] = counters[FQL_COUNTER_EVICTIONS];
	values[FQL_SAMPLE_EXPIRATIONS] = counters[FQL_COUNTER_EXPIRATIONS];
	values[FQL_SAMPLE_VERIFY_FAILURES] = counters[FQL_COUNTER_VERIFY_FAILURES];
	values[FQL_SAMPLE_ENTRIES] = gauges.entries;
	values[FQL_SAMPLE_MEMORY] = gauges.memory;
}

static void
read_others(uint64 *values)
{
	FqlCoalescingTotals coalescing;
	FqlAuditTotals cascades;

	fql_coalesce_totals_ever(&coalescing);
	fql_audit_totals_ever(&cascades);
	values[FQL_SAMPLE_EXECUTIONS] = coalescing.executions;
	values[FQL_SAMPLE_COALESCED] = coalescing.waited.count;
	values[FQL_SAMPLE_SAVED] = coalescing.saved;
	values[FQL_SAMPLE_CASCADES] = cascades.cascades;
	values[FQL_SAMPLE_PARTIAL] = cascades.partial;
	values[FQL_SAMPLE_FAILED] = cascades.failed;
	values[FQL_SAMPLE_LOST] = cascades.lost;
	values[FQL_SAMPLE_IN_FLIGHT] = coalescing.in_flight;
	values[FQL_SAMPLE_WAITING] = coalescing.waiting;
	values[FQL_SAMPLE_QUEUED] = fql_queue_waiting();
}

bool
fql_samples_take(void)
{
	FqlSample	sample;

	if (fql_samples_pause() > 0)
		return false;
	last_taken = sample.clock = fql_monotonic_ms();
	sample.at = GetCurrentTimestamp();
	read_cache(sample.values);
	read_others(sample.values);

	LWLockAcquire(samples_lock, LW_EXCLUSIVE);
	shared->ring[shared->taken++ % FQL_SAMPLES_KEPT] = sample;
	LWLockRelease(samples_lock);
	return true;
}

double
fql_samples_pause(void)
{
	return Max(last_taken + FQL_SAMPLE_INTERVAL - fql_monotonic_ms(), 0);
}

/* The one taken so many before the last; there must be so many.  Under the lock. */
static const FqlSample *
sample_before_last(uint64 distance)
{
	Assert(distance < Min(shared->taken, FQL_SAMPLES_KEPT));
	return &shared->ring[(shared->taken - 1 - distance) % FQL_SAMPLES_KEPT];
}

uint32
fql_samples_get(FqlSample *samples, uint32 most)
{
	uint32		count;

	if (shared == NULL)
		return 0;
	LWLockAcquire(samples_lock, LW_SHARED);
	count = (uint32) Min(Min(shared->taken, FQL_SAMPLES_KEPT), most);
	for (uint32 i = 0; i < count; i++)
		samples[i] = *sample_before_last(count - 1 - i);
	LWLockRelease(samples_lock);
	return count;
}

/* They come a second apart or more, but for the first one of a worker that has been started again. */
bool
fql_samples_window(int seconds, FqlSample *first, FqlSample *last)
{
	uint64		oldest;
	uint64		distance = 1;
	bool		found;

	if (shared == NULL)
		return false;
	LWLockAcquire(samples_lock, LW_SHARED);
	found = shared->taken > 1;
	if (found)
	{
		oldest = Min(shared->taken, FQL_SAMPLES_KEPT) - 1;
		*last = *sample_before_last(0);
		while (distance < oldest && fql_sample_seconds(sample_before_last(distance), last) < seconds)
			distance++;
		*first = *sample_before_last(distance);
	}
	LWLockRelease(samples_lock);
	return found;
}

/* An execution may turn out to be none, and is counted back: that is none, and not as many as there ever were. */
uint64
fql_sample_difference(const FqlSample *first, const FqlSample *last, FqlSampleValue value)
{
	uint64		before = first->values[value];
	uint64		after = last->values[value];

	if (value >= FQL_SAMPLE_FIRST_GAUGE)
		return after;
	return after >= before ? after - before : 0;
}

double
fql_sample_seconds(const FqlSample *first, const FqlSample *last)
{
	return (last->clock - first->clock) / 1000;
}

/* One row: when, over how many seconds, and what was counted in them. */
static void
put_sample(ReturnSetInfo *result, const FqlSample *previous, const FqlSample *sample)
{
	Datum		values[2 + FQL_SAMPLE_VALUES];
	bool		nulls[2 + FQL_SAMPLE_VALUES] = {false};

	values[0] = TimestampTzGetDatum(sample->at);
	values[1] = Float8GetDatum(fql_sample_seconds(previous, sample));
	for (int value = 0; value < FQL_SAMPLE_VALUES; value++)
		values[2 + value] = Int64GetDatum((int64) fql_sample_difference(previous, sample, value));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* fraiseql.recent_samples(): the oldest one is only what the next is compared with. */
Datum
fql_recent_samples(PG_FUNCTION_ARGS)
{
	FqlSample  *samples = palloc(FQL_SAMPLES_KEPT * sizeof(FqlSample));
	uint32		count = fql_samples_get(samples, FQL_SAMPLES_KEPT);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 1; i < count; i++)
		put_sample((ReturnSetInfo *) fcinfo->resultinfo, &samples[i - 1], &samples[i]);
	return (Datum) 0;
}

Size
fql_samples_shmem_size(void)
{
	return sizeof(FqlSharedSamples);
}

void
fql_samples_shmem_init(bool found, void *memory, LWLock *lock)
{
	if (!found)
		memset(memory, 0, fql_samples_shmem_size());
	shared = memory;
	samples_lock = lock;
}
