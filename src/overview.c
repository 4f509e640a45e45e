/*
 * overview.c
 *    All figures at one moment, for who shows them side by side.
 *
 * The parts are read one after another, each under a lock of its own: a call that ends in between may be in one sum and
 * not yet in another.
 */
#include "postgres.h"

#include <math.h>

#include "access/xlog.h"
#include "utils/timestamp.h"

#include "guc.h"
#include "overview.h"
#include "queue.h"
#include "shmem.h"

void
fql_overview_get(FqlOverview *overview)
{
	memset(overview, 0, sizeof(*overview));
	overview->now = GetCurrentTimestamp();
	fql_health_get(&overview->health);
	fql_stats_read(overview->counters, &overview->reset_at);
	fql_coalesce_totals(&overview->coalescing);
	fql_audit_totals(&overview->cascades);
	if (fql_shmem_is_there())
	{
		fql_cache_gauges(&overview->gauges);
		overview->queued = fql_queue_waiting();
	}
}

double
fql_overview_hit_rate(const FqlOverview *overview)
{
	uint64		hits = overview->counters[FQL_COUNTER_HITS];
	uint64		asked = hits + overview->counters[FQL_COUNTER_MISSES];

	return asked > 0 ? (double) hits / (double) asked : NAN;
}

const char *
fql_overview_notice(void)
{
	if (!fql_shmem_is_there())
		return "fraiseql is not in shared_preload_libraries: nothing is cached, and there are no figures.";
	if (RecoveryInProgress())
		return "This server is a standby: calls are executed, and nothing is cached.";
	if (!fql_cache_enabled)
		return "fraiseql.cache_enabled is off in this session: where it is off, calls do not ask the cache.";
	return NULL;
}
