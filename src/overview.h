/*
 * overview.h
 *    All figures at one moment, for who shows them side by side.
 */
#ifndef FQL_OVERVIEW_H
#define FQL_OVERVIEW_H

#include "postgres.h"

#include "audit.h"
#include "cache.h"
#include "coalesce.h"
#include "health.h"
#include "stats.h"

typedef struct FqlOverview
{
	TimestampTz now;
	FqlHealth	health;
	TimestampTz reset_at;		/* since when counters and totals count */
	uint64		counters[FQL_COUNTER_COUNT];
	FqlCacheGauges gauges;
	FqlCoalescingTotals coalescing;
	FqlAuditTotals cascades;
	uint64		queued;			/* bytes */
} FqlOverview;

extern void fql_overview_get(FqlOverview *overview);

/* Hits among calls that asked the cache, since the last reset; NaN: none did. */
extern double fql_overview_hit_rate(const FqlOverview *overview);

/* Why next to nothing is cached here, as a sentence; NULL: there is no such reason. */
extern const char *fql_overview_notice(void);

#endif							/* FQL_OVERVIEW_H */
