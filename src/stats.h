/*
 * stats.h
 *    Counters of what the cache does, and the names of the reasons why it does not.
 */
#ifndef FQL_STATS_H
#define FQL_STATS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

/*
 * Why the cache was not asked (bypass), or why an answer was not kept (rejected).  stats.c has name, kind and
 * description of each; the order there must be this one.
 */
typedef enum FqlReason
{
	FQL_REASON_NONE,
	/* bypasses */
	FQL_BYPASS_NOT_PRELOADED,
	FQL_BYPASS_DISABLED,
	FQL_BYPASS_RECOVERY,
	FQL_BYPASS_OWN_WRITES,
	FQL_BYPASS_SERIALIZABLE,
	FQL_BYPASS_FUZZY_SEARCH,
	FQL_BYPASS_PARALLEL_WORKER,
	FQL_BYPASS_KEY_TOO_LONG,
	FQL_BYPASS_MUTATION,
	FQL_BYPASS_METRICS,
	/* rejections */
	FQL_REJECTED_ERROR,
	FQL_REJECTED_ISOLATION,
	FQL_REJECTED_STARTING,
	FQL_REJECTED_WRITE,
	FQL_REJECTED_PREPARED,
	FQL_REJECTED_TOO_LARGE,
	FQL_REJECTED_NO_ROOM,
	FQL_REJECTED_UNTRACKED,
	FQL_REJECTED_TEMPORARY,
	FQL_REJECTED_FOREIGN,
	FQL_REJECTED_SAMPLE,
	FQL_REJECTED_ROW_LOCK,
	FQL_REJECTED_VOLATILE,
	FQL_REJECTED_CLOCK,
	FQL_REJECTED_SEQUENCE,
	FQL_REJECTED_STATISTICS,
	FQL_REJECTED_SETTING,
	FQL_REJECTED_STABLE,
	FQL_REJECTED_OPAQUE,
	FQL_REJECTED_CAUGHT_ERROR,
	FQL_REJECTED_PARALLEL,
	FQL_REJECTED_PLAN,
	FQL_REASON_COUNT
} FqlReason;

typedef struct FqlReasonInfo
{
	const char *name;
	const char *kind;
	const char *description;
} FqlReasonInfo;

extern const FqlReasonInfo *fql_reason_info(FqlReason reason);

typedef enum FqlCounter
{
	FQL_COUNTER_HITS,
	FQL_COUNTER_MISSES,
	FQL_COUNTER_BYPASSES,
	FQL_COUNTER_FILLS,
	FQL_COUNTER_FILLS_REJECTED,
	FQL_COUNTER_INVALIDATIONS,
	FQL_COUNTER_EVICTIONS,
	FQL_COUNTER_EXPIRATIONS,
	FQL_COUNTER_VERIFIED,		/* hits that were executed too: the same; wrong; not to be told; failed */
	FQL_COUNTER_VERIFY_FAILURES,
	FQL_COUNTER_VERIFY_INCONCLUSIVE,
	FQL_COUNTER_VERIFY_ERRORS,
	FQL_COUNTER_REASONS,		/* one for each FqlReason from here on */
	FQL_COUNTER_COUNT = FQL_COUNTER_REASONS + FQL_REASON_COUNT
} FqlCounter;

/* Add one.  Cheap enough for a hit: a plain increment of memory that only this process writes. */
extern void fql_stats_count(FqlCounter counter);

/* A bypass or a rejection, with its reason. */
extern void fql_stats_bypass(FqlReason reason);
extern void fql_stats_reject(FqlReason reason);

/* The sums since the last reset, and when that was.  values has FQL_COUNTER_COUNT elements. */
extern void fql_stats_read(uint64 *values, TimestampTz *reset_at);
extern void fql_stats_reset_counters(void);

/* The sums since the server's start, whatever was reset.  Shared memory is there. */
extern void fql_stats_read_ever(uint64 *values);

/* The background worker's process, 0 while there is none. */
extern void fql_stats_set_worker(int pid);
extern int	fql_stats_worker(void);

extern Size fql_stats_shmem_size(void);
extern void fql_stats_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_STATS_H */
