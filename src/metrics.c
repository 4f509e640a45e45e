/*
 * metrics.c
 *    What Prometheus is told: fraiseql.metrics() is text in its exposition format, fraiseql.metric_samples() rows.
 *
 * A metric is a family of samples, told apart by labels.  What has no value yet has no sample.  Names are as Prometheus
 * has them: counters end in _total, and units are seconds and bytes, also where a view has milliseconds.
 *
 * Counters fall to 0 by stats_reset() and by a restart.  Prometheus takes a counter that falls for one that has begun
 * anew, so its rates are right.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "cache.h"
#include "coalesce.h"
#include "exposition.h"
#include "guc.h"
#include "health.h"
#include "queue.h"
#include "shmem.h"
#include "stats.h"

PG_FUNCTION_INFO_V1(fql_metric_samples);
PG_FUNCTION_INFO_V1(fql_metrics);

static void
put_counter(FqlExposition *out, const char *name, const char *help, uint64 value)
{
	fql_exposition_begin(out, name, "counter", help);
	fql_exposition_put(out, NULL, (double) value);
}

/* NaN: not known. */
static void
put_gauge(FqlExposition *out, const char *name, const char *help, double value)
{
	fql_exposition_begin(out, name, "gauge", help);
	fql_exposition_put(out, NULL, value);
}

/* A sample with one label. */
static void
put_labelled(FqlExposition *out, const char *label, const char *label_value, double value)
{
	const FqlMetricLabels labels = {{{label, label_value}}};

	fql_exposition_put(out, &labels, value);
}

/* A part of a whole; no sample where there is no whole. */
static void
put_rate(FqlExposition *out, const char *name, const char *help, double part, uint64 whole)
{
	put_gauge(out, name, help, whole == 0 ? NAN : part / (double) whole);
}

/* One of some durations, in microseconds; no sample where there are none. */
static void
put_seconds(FqlExposition *out, const char *name, const char *help, const FqlDurations *durations, uint64 duration)
{
	put_gauge(out, name, help, durations->count == 0 ? NAN : (double) duration / 1000000);
}

/* Seconds since 1970; of no time none. */
static double
unix_seconds(TimestampTz time)
{
	const double epoch = (double) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

	return time == 0 ? NAN : epoch + (double) time / USECS_PER_SEC;
}

/* How long all of them took together. */
static void
put_counter_seconds(FqlExposition *out, const char *name, const char *help, const FqlDurations *durations)
{
	fql_exposition_begin(out, name, "counter", help);
	fql_exposition_put(out, NULL, (double) durations->sum / 1000000);
}

/* The reasons of one kind, each with its count. */
static void
put_reasons(FqlExposition *out, const char *name, const char *kind, const char *help, const uint64 *counters)
{
	fql_exposition_begin(out, name, "counter", help);
	for (int reason = FQL_REASON_NONE + 1; reason < FQL_REASON_COUNT; reason++)
	{
		const FqlReasonInfo *info = fql_reason_info((FqlReason) reason);

		if (strcmp(info->kind, kind) == 0)
			put_labelled(out, "reason", info->name, (double) counters[FQL_COUNTER_REASONS + reason]);
	}
}

static void
put_cache(FqlExposition *out)
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
	put_counter(out, "mutations_total", "mutations, which are among the bypasses",
				counters[FQL_COUNTER_REASONS + FQL_BYPASS_MUTATION]);
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
	fql_exposition_begin(out, "verified_hits_total", "counter", "hits that were executed too");
	put_labelled(out, "result", "same", (double) counters[FQL_COUNTER_VERIFIED]);
	put_labelled(out, "result", "different", (double) counters[FQL_COUNTER_VERIFY_FAILURES]);
	put_labelled(out, "result", "inconclusive", (double) counters[FQL_COUNTER_VERIFY_INCONCLUSIVE]);
	put_labelled(out, "result", "error", (double) counters[FQL_COUNTER_VERIFY_ERRORS]);
	put_gauge(out, "metrics_timestamp_seconds", "when these samples were taken; an exporter may tell old ones",
			  unix_seconds(GetCurrentTimestamp()));
	put_gauge(out, "stats_reset_timestamp_seconds", "since when counters count", unix_seconds(reset_at));
	put_gauge(out, "worker_up", "1: the background worker is running", fql_stats_worker() != 0);
}

static void
put_coalescing(FqlExposition *out)
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
	put_counter_seconds(out, "coalescing_wait_seconds_total", "of all calls that waited", &totals.waited);
	put_rate(out, "coalescing_wait_average_seconds", "of a call that waited", (double) totals.waited.sum / 1000000,
			 totals.waited.count);
	put_seconds(out, "coalescing_wait_p99_seconds", "all but one in a hundred calls that waited did so no longer",
				&totals.waited, totals.waited.p99);
}

static void
put_cascades(FqlExposition *out)
{
	FqlAuditTotals totals;

	fql_audit_totals(&totals);
	fql_exposition_begin(out, "cascades_total", "counter", "committed cascades with a record");
	put_labelled(out, "status", "success", (double) (totals.cascades - totals.partial - totals.failed));
	put_labelled(out, "status", "partial", (double) totals.partial);
	put_labelled(out, "status", "failed", (double) totals.failed);
	put_counter(out, "cascades_lost_total", "committed cascades without a record", totals.lost);
	put_rate(out, "cascade_failure_rate", "(failed + lost) / (cascades + lost), 0 to 1",
			 (double) (totals.failed + totals.lost), totals.cascades + totals.lost);
	put_counter(out, "cascade_entities_total", "changed rows that were named", totals.entities);
	put_counter(out, "cascade_entries_invalidated_total", "answers that were freed for cascades", totals.invalidated);
	put_counter_seconds(out, "cascade_latency_seconds_total", "from commit to processed, of all", &totals.latency);
	put_rate(out, "cascade_latency_average_seconds", "from commit to processed",
			 (double) totals.latency.sum / 1000000, totals.latency.count);
	put_seconds(out, "cascade_latency_p99_seconds", "from commit to processed, all but one in a hundred",
				&totals.latency, totals.latency.p99);
	put_seconds(out, "cascade_latency_max_seconds", "from commit to processed, the longest",
				&totals.latency, totals.latency.max);
	put_counter(out, "cascade_extractions_total", "cascades written into mutations' responses",
				totals.extraction.count);
	put_counter_seconds(out, "cascade_extraction_seconds_total", "writing the cascades of mutations' responses, of all",
						&totals.extraction);
	put_rate(out, "cascade_extraction_average_seconds", "writing the cascade of a mutation's response",
			 (double) totals.extraction.sum / 1000000, totals.extraction.count);
	put_seconds(out, "cascade_extraction_p99_seconds",
				"writing the cascade of a mutation's response, all but one in a hundred",
				&totals.extraction, totals.extraction.p99);
	put_seconds(out, "cascade_extraction_max_seconds", "writing the cascade of a mutation's response, the longest",
				&totals.extraction, totals.extraction.max);
	put_gauge(out, "audit_records", "cascades with a record since the last reset", (double) totals.cascades);
	put_gauge(out, "cascade_queue_bytes", "cascades that wait for the background worker",
			  fql_shmem_is_there() ? fql_queue_waiting() : 0);
}

/* A check's figure in Prometheus' units. */
static double
in_base_unit(const FqlCheckInfo *info, double value)
{
	return info->unit == FQL_UNIT_MILLISECONDS ? value / 1000 : value;
}

static void
put_threshold(FqlExposition *out, const FqlCheckInfo *info, FqlAlertLevel level)
{
	const FqlMetricLabels labels = {{{"check", info->name}, {"level", fql_alert_level_name(level)}}};
	int			step = fql_check_step(info, level);

	if (step >= 0)
		fql_exposition_put(out, &labels, in_base_unit(info, fql_check_threshold(info, step)));
}

static void
put_checks(FqlExposition *out, const FqlHealth *health)
{
	fql_exposition_begin(out, "health_value", "gauge",
						 "the figure of each check over the last fraiseql.health_window; durations in seconds");
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		put_labelled(out, "check", fql_check_info(check)->name,
					 in_base_unit(fql_check_info(check), health->checks[check].value));
	fql_exposition_begin(out, "health_threshold", "gauge", "beyond which the figure is an alert, in its unit");
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
	{
		put_threshold(out, fql_check_info(check), FQL_ALERT_WARNING);
		put_threshold(out, fql_check_info(check), FQL_ALERT_CRITICAL);
	}
	fql_exposition_begin(out, "alert_level", "gauge", "of each check: 0 ok, 1 warning, 2 critical");
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		put_labelled(out, "check", fql_check_info(check)->name, fql_health_level(health, check));
}

static void
put_health(FqlExposition *out)
{
	FqlHealth	health;

	fql_health_get(&health);
	put_gauge(out, "health_status", "0 healthy, 1 degraded, 2 unhealthy", health.status);
	put_checks(out, &health);
	put_gauge(out, "health_min_calls", "fewer calls in a window say nothing about a rate", fql_health_min_calls);
	put_gauge(out, "breaking_point_qps", "reads and writes a second that the machine is said to bear",
			  fql_breaking_point_qps);
	put_gauge(out, "headroom_ratio", "the part of it that is left, 0 to 1", fql_health_headroom(&health));
}

static void
put_all(FqlExposition *out)
{
	put_cache(out);
	put_coalescing(out);
	put_cascades(out);
	put_health(out);
}

/* fraiseql.metrics() returns text */
Datum
fql_metrics(PG_FUNCTION_ARGS)
{
	StringInfoData text;

	(void) fcinfo;
	initStringInfo(&text);
	put_all(&(FqlExposition) {.text = &text});
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

/* fraiseql.metric_samples(): a row for each sample. */
Datum
fql_metric_samples(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	put_all(&(FqlExposition) {.rows = (ReturnSetInfo *) fcinfo->resultinfo});
	return (Datum) 0;
}
