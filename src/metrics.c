/*
 * metrics.c
 *    fraiseql.metrics(): all counters in the text exposition format of Prometheus.
 *
 * A family is a metric with its help and type, followed by its samples.  What has no value yet has no sample.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "cache.h"
#include "coalesce.h"
#include "queue.h"
#include "shmem.h"
#include "stats.h"

PG_FUNCTION_INFO_V1(fql_metrics);

static void
put_family(StringInfo out, const char *name, const char *type, const char *help)
{
	appendStringInfo(out, "# HELP fraiseql_%s %s\n# TYPE fraiseql_%s %s\n", name, help, name, type);
}

/* labels: as they stand in the sample, or "" */
static void
put_sample(StringInfo out, const char *name, const char *labels, uint64 value)
{
	appendStringInfo(out, "fraiseql_%s%s " UINT64_FORMAT "\n", name, labels, value);
}

static void
put_counter(StringInfo out, const char *name, const char *help, uint64 value)
{
	put_family(out, name, "counter", help);
	put_sample(out, name, "", value);
}

static void
put_gauge(StringInfo out, const char *name, const char *help, uint64 value)
{
	put_family(out, name, "gauge", help);
	put_sample(out, name, "", value);
}

/* A part of a whole; no sample where there is no whole. */
static void
put_rate(StringInfo out, const char *name, const char *help, double part, uint64 whole)
{
	char		value[DOUBLE_SHORTEST_DECIMAL_LEN];

	put_family(out, name, "gauge", help);
	if (whole == 0)
		return;
	double_to_shortest_decimal_buf(part / (double) whole, value);
	appendStringInfo(out, "fraiseql_%s %s\n", name, value);
}

/* One of some durations, in microseconds; no sample where there are none. */
static void
put_seconds(StringInfo out, const char *name, const char *help, const FqlDurations *durations, uint64 duration)
{
	put_rate(out, name, help, (double) duration / 1000000, durations->count > 0 ? 1 : 0);
}

/* The reasons of one kind, each with its count. */
static void
put_reasons(StringInfo out, const char *name, const char *kind, const char *help, const uint64 *counters)
{
	put_family(out, name, "counter", help);
	for (int reason = FQL_REASON_NONE + 1; reason < FQL_REASON_COUNT; reason++)
	{
		const FqlReasonInfo *info = fql_reason_info((FqlReason) reason);

		if (strcmp(info->kind, kind) == 0)
			appendStringInfo(out, "fraiseql_%s{reason=\"%s\"} " UINT64_FORMAT "\n", name, info->name,
							 counters[FQL_COUNTER_REASONS + reason]);
	}
}

static void
put_cache(StringInfo out)
{
	uint64		counters[FQL_COUNTER_COUNT];
	uint64		hits;
	TimestampTz reset_at;
	FqlCacheGauges gauges = {0};

	fql_stats_read(counters, &reset_at);
	if (fql_shmem_is_there())
		fql_cache_gauges(&gauges);
	hits = counters[FQL_COUNTER_HITS];
	put_counter(out, "cache_hits_total", "answers served from shared memory", hits);
	put_counter(out, "cache_misses_total", "answers that were looked for, not found or no longer valid",
				counters[FQL_COUNTER_MISSES]);
	put_rate(out, "cache_hit_rate", "hits / (hits + misses), 0 to 1", (double) hits,
			 hits + counters[FQL_COUNTER_MISSES]);
	put_counter(out, "cache_bypasses_total", "executions that did not ask the cache", counters[FQL_COUNTER_BYPASSES]);
	put_counter(out, "cache_fills_total", "answers published to the cache", counters[FQL_COUNTER_FILLS]);
	put_counter(out, "cache_fills_rejected_total", "answers that were computed and not published",
				counters[FQL_COUNTER_FILLS_REJECTED]);
	put_counter(out, "cache_invalidations_total", "answers removed because a committed write could have changed them",
				counters[FQL_COUNTER_INVALIDATIONS]);
	put_counter(out, "cache_evictions_total", "answers removed to make room", counters[FQL_COUNTER_EVICTIONS]);
	put_counter(out, "cache_expirations_total", "answers removed because their time to live was over",
				counters[FQL_COUNTER_EXPIRATIONS]);
	put_gauge(out, "cache_entries", "answers in the cache", gauges.entries);
	put_gauge(out, "cache_memory_bytes", "bytes in use by answers", gauges.memory);
	put_gauge(out, "cache_peak_memory_bytes", "the most bytes that were in use", gauges.peak_memory);
	put_gauge(out, "cache_max_memory_bytes", "bytes that answers may use", gauges.max_memory);
	put_reasons(out, "bypass_reasons_total", "bypass", "why executions did not ask the cache", counters);
	put_reasons(out, "rejected_reasons_total", "rejected", "why answers were not kept", counters);
	put_family(out, "verified_hits_total", "counter", "hits that were executed too");
	put_sample(out, "verified_hits_total", "{result=\"same\"}", counters[FQL_COUNTER_VERIFIED]);
	put_sample(out, "verified_hits_total", "{result=\"different\"}", counters[FQL_COUNTER_VERIFY_FAILURES]);
	put_sample(out, "verified_hits_total", "{result=\"inconclusive\"}", counters[FQL_COUNTER_VERIFY_INCONCLUSIVE]);
	put_sample(out, "verified_hits_total", "{result=\"error\"}", counters[FQL_COUNTER_VERIFY_ERRORS]);
	put_gauge(out, "worker_up", "1: the background worker is running", fql_stats_worker() != 0);
}

static void
put_coalescing(StringInfo out)
{
	FqlCoalescingTotals totals;

	fql_coalesce_totals(&totals);
	put_gauge(out, "coalescing_in_flight", "executions under way that others can wait for", totals.in_flight);
	put_gauge(out, "coalescing_waiting", "calls that wait for another session", totals.waiting);
	put_counter(out, "coalescing_executions_total", "misses that executed", totals.executions);
	put_counter(out, "coalescing_coalesced_total", "misses that waited for another session", totals.waited.count);
	put_counter(out, "coalescing_executions_saved_total", "misses answered without executing", totals.saved);
	put_counter(out, "coalescing_timeouts_total", "waits that fraiseql.coalesce_timeout ended", totals.timeouts);
	put_counter(out, "coalescing_takeovers_total", "executions taken over from a session that failed",
				totals.takeovers);
	put_counter(out, "coalescing_handed_over_total", "answers left for those who waited", totals.handed_over);
	put_rate(out, "coalescing_wait_average_seconds", "of a call that waited", (double) totals.waited.sum / 1000000,
			 totals.waited.count);
	put_seconds(out, "coalescing_wait_p99_seconds", "all but one in a hundred calls that waited did so no longer",
				&totals.waited, totals.waited.p99);
}

static void
put_cascades(StringInfo out)
{
	FqlAuditTotals totals;

	fql_audit_totals(&totals);
	put_family(out, "cascades_total", "counter", "committed cascades with a record");
	put_sample(out, "cascades_total", "{status=\"success\"}", totals.cascades - totals.partial - totals.failed);
	put_sample(out, "cascades_total", "{status=\"partial\"}", totals.partial);
	put_sample(out, "cascades_total", "{status=\"failed\"}", totals.failed);
	put_counter(out, "cascades_lost_total", "committed cascades without a record", totals.lost);
	put_rate(out, "cascade_failure_rate", "(failed + lost) / (cascades + lost), 0 to 1",
			 (double) (totals.failed + totals.lost), totals.cascades + totals.lost);
	put_counter(out, "cascade_entities_total", "changed rows that were named", totals.entities);
	put_counter(out, "cascade_entries_invalidated_total", "answers that were freed for cascades", totals.invalidated);
	put_rate(out, "cascade_latency_average_seconds", "from commit to processed",
			 (double) totals.latency.sum / 1000000, totals.latency.count);
	put_seconds(out, "cascade_latency_p99_seconds", "from commit to processed, all but one in a hundred",
				&totals.latency, totals.latency.p99);
	put_seconds(out, "cascade_latency_max_seconds", "from commit to processed, the longest",
				&totals.latency, totals.latency.max);
	put_counter(out, "cascade_extractions_total", "cascades written into mutations' responses",
				totals.extraction.count);
	put_rate(out, "cascade_extraction_average_seconds", "writing the cascade of a mutation's response",
			 (double) totals.extraction.sum / 1000000, totals.extraction.count);
	put_seconds(out, "cascade_extraction_p99_seconds",
				"writing the cascade of a mutation's response, all but one in a hundred",
				&totals.extraction, totals.extraction.p99);
	put_seconds(out, "cascade_extraction_max_seconds", "writing the cascade of a mutation's response, the longest",
				&totals.extraction, totals.extraction.max);
	put_gauge(out, "cascade_queue_bytes", "cascades that wait for the background worker",
			  fql_shmem_is_there() ? fql_queue_waiting() : 0);
}

/* fraiseql.metrics() returns text */
Datum
fql_metrics(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	(void) fcinfo;
	initStringInfo(&out);
	put_cache(&out);
	put_coalescing(&out);
	put_cascades(&out);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
