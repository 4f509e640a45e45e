/*
 * stats.c
 *    Counters of what the cache does, and the names of the reasons why it does not.
 *
 * Each process counts in a slot of its own, so a hit shares no cache line with other hits; a view sums the slots.  A
 * slot outlives its process and goes on with the next one that has the number, so sums never decrease.  A reset moves
 * no counter: it remembers the sums as the new zero, so it races with nobody.
 *
 * Readers load 64-bit values that others increment; they are aligned, so on every platform that PostgreSQL runs on with
 * 8-byte atomicity they are whole, and elsewhere a torn value is wrong for one look only.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "stats.h"

static const FqlReasonInfo reasons[FQL_REASON_COUNT] = {
	[FQL_REASON_NONE] = {"none", "none", "No reason."},
	[FQL_BYPASS_NOT_PRELOADED] = {"not_preloaded", "bypass",
		"fraiseql is not in shared_preload_libraries, so there is no shared memory to keep answers in."},
	[FQL_BYPASS_DISABLED] = {"disabled", "bypass", "fraiseql.cache_enabled is off."},
	[FQL_BYPASS_RECOVERY] = {"recovery", "bypass", "The server is a standby, where writes run no triggers."},
	[FQL_BYPASS_OWN_WRITES] = {"own_writes", "bypass",
		"The transaction has written something that shows in the answer, or there was no kept answer to serve."},
	[FQL_BYPASS_SERIALIZABLE] = {"serializable", "bypass",
		"The transaction is SERIALIZABLE, and a cached answer would take no predicate locks."},
	[FQL_BYPASS_FUZZY_SEARCH] = {"fuzzy_search", "bypass", "gin_fuzzy_search_limit is set, so answers are random."},
	[FQL_BYPASS_PARALLEL_WORKER] = {"parallel_worker", "bypass",
		"A function labelled PARALLEL SAFE calls fraiseql.execute() in a parallel worker; it is PARALLEL UNSAFE."},
	[FQL_BYPASS_KEY_TOO_LONG] = {"key_too_long", "bypass", "The operation with its variables is longer than 1 MB."},
	[FQL_BYPASS_MUTATION] = {"mutation", "bypass", "The operation is a mutation."},
	[FQL_BYPASS_METRICS] = {"metrics", "bypass",
		"The operation asks for _metrics. Put what else it asks for into an operation of its own."},
	[FQL_REJECTED_ERROR] = {"error", "rejected", "The response has errors."},
	[FQL_REJECTED_ISOLATION] = {"isolation", "rejected",
		"The transaction is REPEATABLE READ: its snapshot may be old. It may use cached answers, but adds none."},
	[FQL_REJECTED_STARTING] = {"starting", "rejected",
		"A transaction from before the server's start is still open, perhaps a prepared one."},
	[FQL_REJECTED_WRITE] = {"write", "rejected",
		"A write to what the answer read, or a change of the schema, was committed while it was computed, or is "
		"prepared and concerns all answers."},
	[FQL_REJECTED_PREPARED] = {"prepared", "rejected",
		"A transaction that is prepared (PREPARE TRANSACTION) has written to what the answer read."},
	[FQL_REJECTED_TOO_LARGE] = {"too_large", "rejected",
		"The answer is larger than fraiseql.cache_max_entry_size, or than an eighth of the cache."},
	[FQL_REJECTED_NO_ROOM] = {"no_room", "rejected",
		"Not enough entries could be evicted in a bounded time; enlarge fraiseql.cache_size."},
	[FQL_REJECTED_UNTRACKED] = {"untracked", "rejected",
		"A table that the answer read has no tracking triggers, or has them disabled; see fraiseql.track()."},
	[FQL_REJECTED_TEMPORARY] = {"temporary", "rejected",
		"The answer read a temporary table, or the session has temporary objects that a name in a function could "
		"mean."},
	[FQL_REJECTED_FOREIGN] = {"foreign", "rejected", "The answer read a foreign table or came from a custom scan."},
	[FQL_REJECTED_SAMPLE] = {"sample", "rejected", "The answer read a sample of a table (TABLESAMPLE)."},
	[FQL_REJECTED_ROW_LOCK] = {"row_lock", "rejected", "The answer locked rows (FOR UPDATE or FOR SHARE)."},
	[FQL_REJECTED_VOLATILE] = {"volatile", "rejected", "A volatile function or a write had part in the answer."},
	[FQL_REJECTED_CLOCK] = {"clock", "rejected", "The answer depends on the current time."},
	[FQL_REJECTED_SEQUENCE] = {"sequence", "rejected",
		"The answer depends on a sequence, which moves without regard to transactions."},
	[FQL_REJECTED_STATISTICS] = {"statistics", "rejected",
		"The answer reads statistics or sizes, which change without a write."},
	[FQL_REJECTED_SETTING] = {"setting", "rejected",
		"The answer read a setting by a name that is not a constant, or one that the caller may not see, or more than "
		"32, or one whose value changed meanwhile; or the session has used standard_conforming_strings = off."},
	[FQL_REJECTED_STABLE] = {"stable", "rejected",
		"A stable function had part in the answer that is not known to depend on tracked tables and keyed settings "
		"alone."},
	[FQL_REJECTED_OPAQUE] = {"opaque", "rejected",
		"A function in a language other than SQL had part in the answer; what it reads cannot be seen. IMMUTABLE ones "
		"are fine."},
	[FQL_REJECTED_CAUGHT_ERROR] = {"caught_error", "rejected",
		"A function caught an error. Any row that a query met before it, wanted or not, may have raised it."},
	[FQL_REJECTED_PARALLEL] = {"parallel", "rejected",
		"A function's query ran with parallel workers, whose reads cannot be seen."},
	[FQL_REJECTED_PLAN] = {"plan", "rejected",
		"The plan has a part that fraiseql does not know, or reads a system column such as ctid."},
};

const FqlReasonInfo *
fql_reason_info(FqlReason reason)
{
	Assert(reason < FQL_REASON_COUNT);
	return &reasons[reason];
}

/* A slot fills whole cache lines, so that no two processes write to one. */
typedef union FqlSharedCounters
{
	uint64		values[FQL_COUNTER_COUNT];
	char		pad[TYPEALIGN(PG_CACHE_LINE_SIZE, FQL_COUNTER_COUNT * sizeof(uint64))];
} FqlSharedCounters;

typedef struct FqlSharedStats
{
	pg_atomic_uint32 worker;	/* the background worker's process, or 0 */
	TimestampTz reset_at;		/* guarded by the lock */
	uint64		zero[FQL_COUNTER_COUNT];	/* the sums at the last reset; guarded by the lock */
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) FqlSharedCounters slots[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedStats;

static FqlSharedStats *shared = NULL;
static LWLock *stats_lock = NULL;

/* Every process that can run this code has a PGPROC below this number. */
static int
slot_count(void)
{
	return MaxBackends + NUM_AUXILIARY_PROCS;
}

/*
 * Without shared memory the counts of this backend are kept in its own, so that the views tell at least about this
 * session.
 */
static uint64 local_values[FQL_COUNTER_COUNT];

static uint64 *
my_values(void)
{
	int			slot;

	if (shared == NULL || MyProc == NULL)
		return local_values;
	slot = fql_compat_proc_number();
	return slot < slot_count() ? shared->slots[slot].values : local_values;
}

void
fql_stats_count(FqlCounter counter)
{
	my_values()[counter]++;
}

void
fql_stats_bypass(FqlReason reason)
{
	fql_stats_count(FQL_COUNTER_BYPASSES);
	fql_stats_count(FQL_COUNTER_REASONS + reason);
}

void
fql_stats_reject(FqlReason reason)
{
	fql_stats_count(FQL_COUNTER_FILLS_REJECTED);
	fql_stats_count(FQL_COUNTER_REASONS + reason);
}

static void
sum_slots(uint64 *values)
{
	memset(values, 0, FQL_COUNTER_COUNT * sizeof(uint64));
	for (int slot = 0; slot < slot_count(); slot++)
		for (int i = 0; i < FQL_COUNTER_COUNT; i++)
			values[i] += ((volatile uint64 *) shared->slots[slot].values)[i];
}

void
fql_stats_read(uint64 *values, TimestampTz *reset_at)
{
	if (shared == NULL)
	{
		memcpy(values, local_values, sizeof(local_values));
		*reset_at = MyStartTimestamp;
		return;
	}
	LWLockAcquire(stats_lock, LW_SHARED);
	sum_slots(values);
	for (int i = 0; i < FQL_COUNTER_COUNT; i++)
		values[i] -= shared->zero[i];
	*reset_at = shared->reset_at;
	LWLockRelease(stats_lock);
}

void
fql_stats_read_ever(uint64 *values)
{
	sum_slots(values);
}

void
fql_stats_reset_counters(void)
{
	if (shared == NULL)
	{
		memset(local_values, 0, sizeof(local_values));
		return;
	}
	LWLockAcquire(stats_lock, LW_EXCLUSIVE);
	sum_slots(shared->zero);
	shared->reset_at = GetCurrentTimestamp();
	LWLockRelease(stats_lock);
}

void
fql_stats_set_worker(int pid)
{
	pg_atomic_write_u32(&shared->worker, (uint32) pid);
}

int
fql_stats_worker(void)
{
	return shared == NULL ? 0 : (int) pg_atomic_read_u32(&shared->worker);
}

Size
fql_stats_shmem_size(void)
{
	return add_size(offsetof(FqlSharedStats, slots), mul_size(slot_count(), sizeof(FqlSharedCounters)));
}

void
fql_stats_shmem_init(bool found, void *memory, LWLock *lock)
{
	if (!found)
	{
		memset(memory, 0, fql_stats_shmem_size());
		pg_atomic_init_u32(&((FqlSharedStats *) memory)->worker, 0);
		((FqlSharedStats *) memory)->reset_at = GetCurrentTimestamp();
	}
	shared = memory;
	stats_lock = lock;
}
