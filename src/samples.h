/*
 * samples.h
 *    How the counters stood in each second of the last hour, for rates and trends.
 */
#ifndef FQL_SAMPLES_H
#define FQL_SAMPLES_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

/* How many are kept, and the pause between two, in milliseconds. */
#define FQL_SAMPLES_KEPT 3600
#define FQL_SAMPLE_INTERVAL 1000

/* What a sample tells.  Counters first: they only grow, from the server's start on, whatever is reset. */
typedef enum FqlSampleValue
{
	FQL_SAMPLE_HITS,
	FQL_SAMPLE_MISSES,
	FQL_SAMPLE_BYPASSES,		/* mutations not among them */
	FQL_SAMPLE_MUTATIONS,
	FQL_SAMPLE_FILLS,
	FQL_SAMPLE_REJECTED,
	FQL_SAMPLE_INVALIDATIONS,
	FQL_SAMPLE_EVICTIONS,
	FQL_SAMPLE_EXPIRATIONS,
	FQL_SAMPLE_VERIFY_FAILURES,
	FQL_SAMPLE_EXECUTIONS,		/* of misses */
	FQL_SAMPLE_COALESCED,
	FQL_SAMPLE_SAVED,
	FQL_SAMPLE_CASCADES,		/* committed transactions that changed what is tracked */
	FQL_SAMPLE_PARTIAL,
	FQL_SAMPLE_FAILED,
	FQL_SAMPLE_LOST,
	FQL_SAMPLE_ENTRIES,			/* from here on: how much there is now */
	FQL_SAMPLE_MEMORY,
	FQL_SAMPLE_IN_FLIGHT,
	FQL_SAMPLE_WAITING,
	FQL_SAMPLE_QUEUED,			/* bytes */
	FQL_SAMPLE_VALUES
} FqlSampleValue;

#define FQL_SAMPLE_FIRST_GAUGE FQL_SAMPLE_ENTRIES

typedef struct FqlSample
{
	TimestampTz at;
	double		clock;			/* the same moment by fql_monotonic_ms() */
	uint64		values[FQL_SAMPLE_VALUES];
} FqlSample;

/* The worker: take one, if it is time.  True: it was. */
extern bool fql_samples_take(void);

/* Milliseconds until it is time again. */
extern double fql_samples_pause(void);

/* The last samples, oldest first, at most so many; how many there were.  Any process. */
extern uint32 fql_samples_get(FqlSample *samples, uint32 most);

/* The last one, and the one from at least so many seconds before it, or else the oldest; false: there are not two. */
extern bool fql_samples_window(int seconds, FqlSample *first, FqlSample *last);

/* What was counted between two samples; of a gauge, how it stood at the second. */
extern uint64 fql_sample_difference(const FqlSample *first, const FqlSample *last, FqlSampleValue value);
extern double fql_sample_seconds(const FqlSample *first, const FqlSample *last);

extern Size fql_samples_shmem_size(void);
extern void fql_samples_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_SAMPLES_H */
