/*
 * worker.c
 *    The background worker "fraiseql worker": gives memory of dead entries back, lowers the fences of prepared
 *    transactions that have ended, records cascades, and judges once a second how the cache is.
 *
 * Freshness does not depend on it: an invalid or expired entry is never served, and the eviction hand takes it when
 * room is needed.  The worker only makes room earlier and the gauges truthful.  Each round looks at a bounded number of
 * entries, so that a large cache costs a little of one core rather than a burst.
 *
 * It belongs to no database; it connects to none so that it shows in pg_stat_activity all the same.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"

#include "audit.h"
#include "cache.h"
#include "compat.h"
#include "guc.h"
#include "health.h"
#include "log_worker.h"
#include "monotonic.h"
#include "prepared.h"
#include "samples.h"
#include "stats.h"
#include "worker.h"

/* Entries looked at in one round. */
#define SWEEP_BUDGET 100000

/* Cascades are looked at in every round, all entries in one of so many. */
#define ROUNDS_A_SWEEP 10

/* Seconds until the postmaster starts it again after a crash. */
#define RESTART_PAUSE 1

PGDLLEXPORT void fql_worker_main(Datum argument);

static void
forget_worker(int code pg_attribute_unused(), Datum argument pg_attribute_unused())
{
	fql_audit_worker_ends();
	fql_stats_set_worker(0);
}

/*
 * Wait so many milliseconds, or for a signal, or the postmaster's death (which ends the process).  True: somebody has
 * woken us before the time.
 */
static bool
nap(long pause)
{
	static uint32 wait_event = 0;
	int			events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause,
								   fql_compat_wait_event("FraiseqlWorkerMain", &wait_event));

	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	return (events & WL_LATCH_SET) != 0;
}

/* Readers do this too, before they execute; here it is for words that nobody asks about. */
static void
retire_prepared(void)
{
	if (!fql_prepared_any())
		return;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	fql_prepared_retire();
	CommitTransactionCommand();
}

/*
 * What has committed is looked at in every round; all entries in one of ROUNDS_A_SWEEP, or when there was a signal.
 * True: more has committed.
 */
static bool
make_round(bool woken)
{
	static uint32 position = 0;
	static uint64 rounds = 0;
	bool		is_more;

	retire_prepared();
	is_more = fql_audit_process();
	fql_log_workers_start();
	/* dead entries that no cascade led to, and expired ones */
	if (woken || rounds++ % ROUNDS_A_SWEEP == 0)
		fql_cache_sweep(&position, SWEEP_BUDGET);
	return is_more;
}

/*
 * Make rounds, fraiseql.worker_interval apart, and take samples at their own pace: an interval of an hour is no reason
 * not to see that something is wrong.
 */
static void
make_rounds(void)
{
	double		next_round = 0;
	bool		woken = false;

	for (;;)
	{
		double		pause;

		if (woken || fql_monotonic_ms() >= next_round)
		{
			bool		is_more = make_round(woken);

			next_round = fql_monotonic_ms() + (is_more ? 0 : fql_worker_interval);
		}
		if (fql_samples_take())
			fql_health_judge();
		pause = Min(next_round - fql_monotonic_ms(), fql_samples_pause());
		woken = nap(Max((long) ceil(pause), 0));
	}
}

/* Runs until SIGTERM, which die() turns into the end of the process at the next CHECK_FOR_INTERRUPTS(). */
void
fql_worker_main(Datum argument pg_attribute_unused())
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	before_shmem_exit(forget_worker, (Datum) 0);
	fql_stats_set_worker(MyProcPid);
	ereport(LOG,
			(errmsg("fraiseql worker started"),
			 errdetail("The cache has %d MB.", fql_cache_size)));
	fql_audit_worker_begins();
	make_rounds();
}

void
fql_worker_init(void)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = RESTART_PAUSE;
	strlcpy(worker.bgw_library_name, "fraiseql", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "fql_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "fraiseql worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "fraiseql worker", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}
