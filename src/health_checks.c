/*
 * health_checks.c
 *    What is looked at to tell whether the cache is well: thresholds, units, words.
 *
 * A check is a figure and up to three thresholds, each with the alert and the status that it means to be past it.
 * Thresholds are settings, so the table points to them.
 */
#include "postgres.h"

#include <math.h>

#include "guc.h"
#include "health_checks.h"

/* Alerts have SQLSTATEs of our own class, so that a log can be searched for them. */
#define ALERT_SQLSTATE(number) MAKE_SQLSTATE('Q', 'L', 'A', '0' + (number) / 10, '0' + (number) % 10)

#define MEGABYTE (1024.0 * 1024.0)

/* Of what must not happen at all. */
static const double never = 0;

/* A worker that judges once a second has not done so for as many milliseconds. */
static const double judgement_is_old = 10 * 1000;

#define WARNS(setting, status) {&(setting), FQL_ALERT_WARNING, status}
#define ALARMS(setting, status) {&(setting), FQL_ALERT_CRITICAL, status}

/* Figures of a window are steady; who looks at this second's alone must be wrong three times. */
static const FqlCheckInfo checks[FQL_CHECK_COUNT] = {
	[FQL_CHECK_HIT_RATE] = {"hit_rate", "hit rate", FQL_UNIT_RATIO, 1, true, 3, ALERT_SQLSTATE(1),
		{WARNS(fql_alert_hit_rate_warning, FQL_DEGRADED), ALARMS(fql_alert_hit_rate_critical, FQL_DEGRADED),
		 ALARMS(fql_alert_hit_rate_unhealthy, FQL_UNHEALTHY)}},
	[FQL_CHECK_INVALIDATION_RATE] = {"invalidation_rate", "invalidation rate", FQL_UNIT_RATIO, 1, false, 3,
		ALERT_SQLSTATE(2),
		{WARNS(fql_alert_invalidation_rate_warning, FQL_DEGRADED),
		 ALARMS(fql_alert_invalidation_rate_critical, FQL_UNHEALTHY)}},
	[FQL_CHECK_EVICTION_RATE] = {"eviction_rate", "eviction rate", FQL_UNIT_RATIO, 1, false, 3, ALERT_SQLSTATE(3),
		{WARNS(fql_alert_eviction_rate_warning, FQL_HEALTHY)}},
	[FQL_CHECK_CASCADE_FAILURE_RATE] = {"cascade_failure_rate", "cascade failure rate", FQL_UNIT_RATIO, 1, false, 1,
		ALERT_SQLSTATE(4), {ALARMS(fql_alert_cascade_failure_rate_critical, FQL_UNHEALTHY)}},
	[FQL_CHECK_EXTRACTION_P99] = {"cascade_extraction_p99", "99th percentile of cascade extraction",
		FQL_UNIT_MILLISECONDS, 1, false, 3, ALERT_SQLSTATE(5),
		{WARNS(fql_alert_extraction_p99_warning, FQL_HEALTHY)}},
	[FQL_CHECK_AUDIT_RECORDS] = {"audit_records", "number of audit records since the last reset", FQL_UNIT_COUNT, 1,
		false, 1, ALERT_SQLSTATE(6), {WARNS(fql_alert_audit_records_warning, FQL_HEALTHY)}},
	[FQL_CHECK_IN_FLIGHT] = {"in_flight", "number of calls that execute or wait", FQL_UNIT_COUNT, 1, false, 3,
		ALERT_SQLSTATE(7),
		{WARNS(fql_alert_in_flight_warning, FQL_DEGRADED), ALARMS(fql_alert_in_flight_critical, FQL_UNHEALTHY)}},
	[FQL_CHECK_MEMORY] = {"memory", "memory of cached answers", FQL_UNIT_BYTES, MEGABYTE, false, 3, ALERT_SQLSTATE(8),
		{WARNS(fql_alert_memory_warning, FQL_HEALTHY), ALARMS(fql_alert_memory_critical, FQL_DEGRADED)}},
	[FQL_CHECK_QPS] = {"qps", "number of calls and writes", FQL_UNIT_PER_SECOND, 1, false, 3, ALERT_SQLSTATE(9),
		{WARNS(fql_alert_qps_warning, FQL_HEALTHY)}},
	[FQL_CHECK_VERIFY_FAILURES] = {"verify_failures", "number of cached answers found wrong", FQL_UNIT_COUNT, 1, false,
		1, ALERT_SQLSTATE(10), {ALARMS(never, FQL_UNHEALTHY)}},
	[FQL_CHECK_WORKER] = {"worker", "age of the background worker's last judgement", FQL_UNIT_MILLISECONDS, 1, false, 1,
		ALERT_SQLSTATE(11), {ALARMS(judgement_is_old, FQL_DEGRADED)}},
};

const FqlCheckInfo *
fql_check_info(FqlCheck check)
{
	Assert(check < FQL_CHECK_COUNT);
	return &checks[check];
}

const char *
fql_health_status_name(FqlHealthStatus status)
{
	static const char *const names[] = {
		[FQL_HEALTHY] = "healthy",[FQL_DEGRADED] = "degraded",[FQL_UNHEALTHY] = "unhealthy"
	};

	return names[status];
}

const char *
fql_alert_level_name(FqlAlertLevel level)
{
	static const char *const names[] = {
		[FQL_ALERT_NONE] = "ok",[FQL_ALERT_WARNING] = "warning",[FQL_ALERT_CRITICAL] = "critical"
	};

	return names[level];
}

const char *
fql_check_unit_name(FqlCheckUnit unit)
{
	static const char *const names[] = {
		[FQL_UNIT_RATIO] = "ratio",[FQL_UNIT_BYTES] = "bytes",[FQL_UNIT_MILLISECONDS] = "ms",
		[FQL_UNIT_PER_SECOND] = "per second",[FQL_UNIT_COUNT] = "count"
	};

	return names[unit];
}

double
fql_check_threshold(const FqlCheckInfo *info, int step)
{
	return *info->steps[step].threshold * info->scale;
}

int
fql_check_step(const FqlCheckInfo *info, FqlAlertLevel level)
{
	for (int step = 0; step < FQL_CHECK_STEPS && info->steps[step].threshold != NULL; step++)
		if (info->steps[step].level == level)
			return step;
	return -1;
}

/* The threshold, moved to where it is better; of a rate at most half the way to 1, so that it can be reached. */
static double
threshold_with_margin(const FqlCheckInfo *info, double threshold, double margin)
{
	if (info->is_low_bad)
		return threshold + Min(threshold * margin, (1 - threshold) / 2);
	return threshold * (1 - margin);
}

/* NaN is past no threshold. */
int
fql_check_severity(const FqlCheckInfo *info, double value, double margin)
{
	int			severity = 0;

	for (int step = 0; step < FQL_CHECK_STEPS && info->steps[step].threshold != NULL; step++)
	{
		double		threshold = threshold_with_margin(info, fql_check_threshold(info, step), margin);

		if (info->is_low_bad ? value < threshold : value > threshold)
			severity = step + 1;
	}
	return severity;
}

static char *
bytes_figure(double value)
{
	if (value >= 1024 * MEGABYTE)
		return psprintf("%.1f GB", value / 1024 / MEGABYTE);
	if (value >= MEGABYTE)
		return psprintf("%.1f MB", value / MEGABYTE);
	return psprintf("%.0f kB", value / 1024);
}

char *
fql_check_figure(FqlCheckUnit unit, double value)
{
	if (isnan(value))
		return pstrdup("not known");
	switch (unit)
	{
		case FQL_UNIT_RATIO:
			return psprintf(value > 0 && value < 0.01 ? "%.2f %%" : "%.1f %%", value * 100);
		case FQL_UNIT_BYTES:
			return bytes_figure(value);
		case FQL_UNIT_MILLISECONDS:
			return psprintf(value < 10 ? "%.1f ms" : "%.0f ms", value);
		case FQL_UNIT_PER_SECOND:
			return psprintf("%.0f a second", value);
		case FQL_UNIT_COUNT:
			break;
	}
	return psprintf("%.0f", value);
}

char *
fql_check_message(const FqlCheckInfo *info, double value, int severity)
{
	char	   *figure = fql_check_figure(info->unit, value);
	char	   *threshold;
	char	   *message;

	if (severity == 0)
		message = psprintf("%s is %s", info->title, figure);
	else
	{
		threshold = fql_check_figure(info->unit, fql_check_threshold(info, severity - 1));
		message = psprintf("%s is %s (%s %s %s)", info->title, figure,
						   fql_alert_level_name(info->steps[severity - 1].level),
						   info->is_low_bad ? "below" : "above", threshold);
		pfree(threshold);
	}
	pfree(figure);
	return message;
}
