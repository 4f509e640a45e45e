/*
 * health.c
 *    Is the cache well?  The background worker judges once a second; everybody may ask.
 *
 * A judgement compares the figures of the last fraiseql.health_window seconds (samples.c) with the thresholds of
 * health_checks.c.  A rate of too few calls (fraiseql.health_min_calls) is not known, and then nothing is wrong with
 * it; but a cascade that failed is an alert however few there were.
 *
 * Hysteresis.  A check becomes worse when its figure has been past a threshold for some judgements in a row (one, where
 * something must not happen at all), and better only when it has been on the good side by a margin for more of them; in
 * each case by no more than all of them say.  So a figure that wavers about a threshold makes one alert, not one a
 * second.
 *
 * Log.  An alert that comes, becomes worse or goes is a message of the worker, with a SQLSTATE of class QL, for whoever
 * watches the server's log alone.  One that becomes better or goes is logged no sooner than fraiseql.alert_log_interval
 * after the last message about its check, so that one that comes and goes all the time makes a few messages in this
 * time and no more; the last one says how it is in the end.
 *
 * What a worker cannot say is that there is none.  So who asks looks how old the judgement is.  A worker that was
 * terminated is started again before that is an alert.
 *
 * Lock.  "health" guards the judgement; it is copied under it.  The worker alone writes, and keeps it in shared memory
 * so that its successor goes on from there.  Between an alert's message and the note that it was logged nobody ends the
 * worker, so that its successor does not say it again.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "core/buckets.h"
#include "guc.h"
#include "health.h"
#include "monotonic.h"
#include "shmem.h"
#include "stats.h"

/* Judgements in a row by which a check must have been better, and by how much of the threshold. */
#define FALL_AFTER 10
#define FALL_MARGIN 0.03

/* Of the breaking point: time to think of what to do next. */
#define LITTLE_HEADROOM 0.2

static FqlHealth *shared = NULL;
static LWLock *health_lock = NULL;

/* A part of a whole that is not less than "fewest". */
static double
rate(uint64 part, uint64 whole, uint64 fewest)
{
	return whole == 0 || whole < fewest ? NAN : (double) part / (double) whole;
}

static double
per_second(const FqlHealth *health, uint64 count)
{
	return health->seconds > 0 ? (double) count / health->seconds : 0;
}

/* Calls that asked the cache. */
static uint64
lookups(const FqlHealth *health)
{
	return health->counted[FQL_SAMPLE_HITS] + health->counted[FQL_SAMPLE_MISSES];
}

double
fql_health_reads(const FqlHealth *health)
{
	return per_second(health, lookups(health) + health->counted[FQL_SAMPLE_BYPASSES]);
}

/* A mutation that changed nothing is in no cascade, and a write by SQL is no mutation. */
double
fql_health_writes(const FqlHealth *health)
{
	uint64		cascades = health->counted[FQL_SAMPLE_CASCADES] + health->counted[FQL_SAMPLE_LOST];

	return per_second(health, Max(cascades, health->counted[FQL_SAMPLE_MUTATIONS]));
}

double
fql_health_hit_rate(const FqlHealth *health)
{
	return rate(health->counted[FQL_SAMPLE_HITS], lookups(health), (uint64) fql_health_min_calls);
}

double
fql_health_invalidation_rate(const FqlHealth *health)
{
	return rate(health->counted[FQL_SAMPLE_INVALIDATIONS], lookups(health), (uint64) fql_health_min_calls);
}

double
fql_health_headroom(const FqlHealth *health)
{
	double		used = (fql_health_reads(health) + fql_health_writes(health)) / fql_breaking_point_qps;

	return health->at == 0 ? NAN : Max(0, 1 - used);
}

static double
eviction_rate(const FqlHealth *health)
{
	return rate(health->counted[FQL_SAMPLE_EVICTIONS], health->counted[FQL_SAMPLE_FILLS],
				(uint64) fql_health_min_calls);
}

static double
cascade_failure_rate(const FqlHealth *health)
{
	uint64		lost = health->counted[FQL_SAMPLE_LOST];

	return rate(health->counted[FQL_SAMPLE_FAILED] + lost, health->counted[FQL_SAMPLE_CASCADES] + lost, 0);
}

static double
audit_records(void)
{
	FqlAuditTotals totals;

	fql_audit_totals(&totals);
	return (double) totals.cascades;
}

/*
 * Extraction times since the window before this one began: counts go on for ever, so what was counted since then is a
 * difference.  The counts are too many to be in every sample; the worker keeps those of two moments.
 */

static uint64_t extractions_before[FQL_HISTOGRAM_BUCKETS];
static uint64_t extractions_lately[FQL_HISTOGRAM_BUCKETS];
static double lately = -1;		/* when; before the first judgement: never */

/* A window later, "lately" is "before". */
static void
remember_extractions(const uint64_t *counts)
{
	double		now = fql_monotonic_ms();

	if (lately >= 0 && now < lately + fql_health_window * 1000.0)
		return;
	memcpy(extractions_before, lately < 0 ? counts : extractions_lately, sizeof(extractions_before));
	memcpy(extractions_lately, counts, sizeof(extractions_lately));
	lately = now;
}

/* Milliseconds; NaN: there were too few. */
static double
extraction_p99(void)
{
	uint64_t	counts[FQL_HISTOGRAM_BUCKETS];
	uint64		count = 0;

	fql_audit_extraction_counts(counts);
	remember_extractions(counts);
	for (int bucket = 0; bucket < FQL_HISTOGRAM_BUCKETS; bucket++)
	{
		counts[bucket] -= extractions_before[bucket];
		count += counts[bucket];
	}
	return count < (uint64) fql_health_min_calls ? NAN : (double) fql_histogram_share(counts, 0.99) / 1000;
}

/* The figure of a check; NaN: not known. */
static double
measure(const FqlHealth *health, FqlCheck check)
{
	const uint64 *counted = health->counted;

	switch (check)
	{
		case FQL_CHECK_HIT_RATE:
			return fql_health_hit_rate(health);
		case FQL_CHECK_INVALIDATION_RATE:
			return fql_health_invalidation_rate(health);
		case FQL_CHECK_EVICTION_RATE:
			return eviction_rate(health);
		case FQL_CHECK_CASCADE_FAILURE_RATE:
			return cascade_failure_rate(health);
		case FQL_CHECK_EXTRACTION_P99:
			return extraction_p99();
		case FQL_CHECK_AUDIT_RECORDS:
			return audit_records();
		case FQL_CHECK_IN_FLIGHT:
			return (double) (counted[FQL_SAMPLE_IN_FLIGHT] + counted[FQL_SAMPLE_WAITING]);
		case FQL_CHECK_MEMORY:
			return (double) counted[FQL_SAMPLE_MEMORY];
		case FQL_CHECK_QPS:
			return fql_health_reads(health) + fql_health_writes(health);
		case FQL_CHECK_VERIFY_FAILURES:
			return (double) counted[FQL_SAMPLE_VERIFY_FAILURES];
		case FQL_CHECK_WORKER:
			return 0;			/* it judges */
		case FQL_CHECK_COUNT:
			break;
	}
	pg_unreachable();
}

static void
set_severity(FqlCheckState *state, int severity, TimestampTz now)
{
	state->severity = severity;
	state->since = now;
	state->rises = 0;
	state->falls = 0;
}

/* See "Hysteresis" above. */
static void
judge_check(FqlCheckState *state, const FqlCheckInfo *info, double value, TimestampTz now)
{
	int			severity = fql_check_severity(info, value, 0);
	int			with_margin = fql_check_severity(info, value, FALL_MARGIN);

	state->value = value;
	state->rise_to = state->rises == 0 ? severity : Min(state->rise_to, severity);
	state->rises = severity > state->severity ? state->rises + 1 : 0;
	state->fall_to = state->falls == 0 ? with_margin : Max(state->fall_to, with_margin);
	state->falls = with_margin < state->severity ? state->falls + 1 : 0;
	if (state->rises >= info->rise_after)
		set_severity(state, state->rise_to, now);
	else if (state->falls >= FALL_AFTER)
		set_severity(state, state->fall_to, now);
}

static FqlHealthStatus
worst_status(const FqlHealth *health)
{
	FqlHealthStatus worst = FQL_HEALTHY;

	for (int check = 0; check < FQL_CHECK_COUNT; check++)
	{
		int			severity = health->checks[check].severity;

		if (severity > 0)
			worst = Max(worst, fql_check_info(check)->steps[severity - 1].status);
	}
	return worst;
}

static void
set_status(FqlHealth *health, TimestampTz now)
{
	FqlHealthStatus status = worst_status(health);

	if (health->since == 0 || status != health->status)
		health->since = now;
	health->status = status;
}

FqlAlertLevel
fql_health_level(const FqlHealth *health, FqlCheck check)
{
	int			severity = health->checks[check].severity;

	return severity == 0 ? FQL_ALERT_NONE : fql_check_info(check)->steps[severity - 1].level;
}

int
fql_health_alerts(const FqlHealth *health, FqlAlertLevel level)
{
	int			count = 0;

	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		count += fql_health_level(health, check) == level;
	return count;
}

/*
 * Advice
 */

static const char *
hit_rate_advice(const FqlHealth *health)
{
	const uint64 *counted = health->counted;

	if (counted[FQL_SAMPLE_EVICTIONS] * 2 > counted[FQL_SAMPLE_FILLS])
		return "Answers make room for others before they are asked for again: enlarge fraiseql.cache_size.";
	if (counted[FQL_SAMPLE_REJECTED] * 2 > counted[FQL_SAMPLE_MISSES])
		return "Most answers are not kept: fraiseql.bypass_stats says why, and fraiseql.operation_stats of which "
			"operations.";
	if (counted[FQL_SAMPLE_INVALIDATIONS] * 2 > counted[FQL_SAMPLE_MISSES])
		return "Writes make answers invalid before they are asked for again: fraiseql.explain() of the operations with "
			"most misses tells which tables they depend on as a whole; index the columns that they filter by.";
	return "The same is seldom asked for again: fraiseql.operation_stats has the operations with most misses; see "
		"whether their variables, roles or settings differ more than their answers do.";
}

static const char *
cascade_failure_advice(const FqlHealth *health)
{
	if (health->counted[FQL_SAMPLE_LOST] > health->counted[FQL_SAMPLE_FAILED])
		return "Records of cascades did not fit into the queue: enlarge fraiseql.cascade_queue_size. Answers are fresh "
			"all the same.";
	return "See fraiseql.audit_recent WHERE status = 'Failed'; what was asked for and not done can be done by hand "
		"with fraiseql.invalidate().";
}

static const char *
worker_advice(void)
{
	if (shared == NULL)
		return "fraiseql answers without its cache: add it to shared_preload_libraries and restart the server.";
	if (fql_stats_worker() == 0)
		return "The background worker does not run: look for its end in the server's log. Answers are fresh without "
			"it, but nothing is freed, recorded or judged.";
	return "The background worker runs, and does not get on: pg_stat_activity shows what it waits for. Answers are "
		"fresh without it, but nothing is freed, recorded or judged.";
}

const char *
fql_health_advice(const FqlHealth *health, FqlCheck check)
{
	switch (check)
	{
		case FQL_CHECK_HIT_RATE:
			return hit_rate_advice(health);
		case FQL_CHECK_INVALIDATION_RATE:
			return "Writes remove many of the answers that are asked for: fraiseql.audit_recent tells which writes, "
				"and fraiseql.explain() which tables an operation depends on as a whole; index the columns that they "
				"filter by, and select fewer columns.";
		case FQL_CHECK_EVICTION_RATE:
			return "The cache is too small for what is asked for: enlarge fraiseql.cache_size.";
		case FQL_CHECK_CASCADE_FAILURE_RATE:
			return cascade_failure_advice(health);
		case FQL_CHECK_EXTRACTION_P99:
			return "A mutation's cascade asks for each changed row as the caller: lower "
				"fraiseql.cascade_max_entities, or make row security policies and views of the changed types "
				"cheaper.";
		case FQL_CHECK_AUDIT_RECORDS:
			return "Look through fraiseql.cascade_stats and begin anew with fraiseql.stats_reset(); fraiseql.audit_log "
				"keeps records for good.";
		case FQL_CHECK_IN_FLIGHT:
			return "Executions cannot keep up: fraiseql.operation_stats has the slowest ones, pg_stat_activity what "
				"they wait for; use a smaller connection pool, a larger machine, or read replicas.";
		case FQL_CHECK_MEMORY:
			return "See fraiseql.cache_entries for the largest answers: page lists, lower "
				"fraiseql.cache_max_entry_size or fraiseql.cache_ttl, or give the machine more memory and raise the "
				"thresholds.";
		case FQL_CHECK_QPS:
			return "The load comes near to what the server can bear (fraiseql.breaking_point_qps): a larger machine, "
				"or reads elsewhere.";
		case FQL_CHECK_VERIFY_FAILURES:
			return "A cached answer was not what executing gives. Set fraiseql.cache_enabled = off, keep the "
				"server's log, and report it: it has the key and the tags.";
		case FQL_CHECK_WORKER:
			return worker_advice();
		case FQL_CHECK_COUNT:
			break;
	}
	pg_unreachable();
}

/* Of the first of the worst checks, or else of what would break first. */
const char *
fql_health_first_advice(const FqlHealth *health)
{
	FqlCheck	worst = 0;

	for (FqlCheck check = 1; check < FQL_CHECK_COUNT; check++)
		if (fql_health_level(health, check) > fql_health_level(health, worst))
			worst = check;
	if (fql_health_level(health, worst) != FQL_ALERT_NONE)
		return fql_health_advice(health, worst);
	if (fql_health_headroom(health) < LITTLE_HEADROOM)
		return fql_health_advice(health, FQL_CHECK_QPS);
	return "Nothing needs to be done.";
}

/*
 * The log
 */

/* Good news have time; but not until a clock that was set back is there again. */
static bool
is_to_be_logged(const FqlCheckState *state, TimestampTz now)
{
	if (state->severity == state->logged)
		return false;
	return state->severity > state->logged || now < state->logged_at ||
		TimestampDifferenceExceeds(state->logged_at, now, fql_alert_log_interval * 1000);
}

static void
log_check(const FqlHealth *health, FqlCheck check)
{
	const FqlCheckInfo *info = fql_check_info(check);
	const FqlCheckState *state = &health->checks[check];
	FqlAlertLevel level = fql_health_level(health, check);
	char	   *message = fql_check_message(info, state->value, state->severity);

	if (level == FQL_ALERT_NONE)
		ereport(LOG,
				(errcode(info->sqlstate),
				 errmsg("fraiseql alert is over: %s", message)));
	else
		ereport(WARNING,
				(errcode(info->sqlstate),
				 errmsg("fraiseql alert: %s", message),
				 errdetail("%.0f reads and %.0f writes a second in the last %.0f seconds.",
						   fql_health_reads(health), fql_health_writes(health), health->seconds),
				 errhint("%s", fql_health_advice(health, check))));
	pfree(message);
}

static void
log_alerts(FqlHealth *health)
{
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
	{
		FqlCheckState *state = &health->checks[check];

		if (is_to_be_logged(state, health->at))
		{
			state->logged = state->severity;
			state->logged_at = health->at;
			log_check(health, check);
		}
	}
}

void
fql_health_judge(void)
{
	FqlHealth	health;
	FqlSample	first;
	FqlSample	last;

	if (!fql_samples_window(fql_health_window, &first, &last))
		return;
	health = *shared;			/* nobody else writes it */
	health.at = GetCurrentTimestamp();
	health.clock = fql_monotonic_ms();
	health.seconds = fql_sample_seconds(&first, &last);
	for (int value = 0; value < FQL_SAMPLE_VALUES; value++)
		health.counted[value] = fql_sample_difference(&first, &last, value);
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		judge_check(&health.checks[check], fql_check_info(check), measure(&health, check), health.at);
	set_status(&health, health.at);

	/* a message asks for interrupts */
	HOLD_INTERRUPTS();
	log_alerts(&health);
	LWLockAcquire(health_lock, LW_EXCLUSIVE);
	*shared = health;
	LWLockRelease(health_lock);
	RESUME_INTERRUPTS();
}

/* The check that only who asks can make. */
static void
judge_worker(FqlHealth *health)
{
	FqlCheckState *state = &health->checks[FQL_CHECK_WORKER];
	bool		there_is_none = shared == NULL;

	state->value = there_is_none ? NAN : fql_monotonic_ms() - health->clock;
	state->severity = there_is_none ? 1 : fql_check_severity(fql_check_info(FQL_CHECK_WORKER), state->value, 0);
	if (state->severity == 0)
		return;
	state->since = Max(health->at, PgStartTime);
	set_status(health, state->since);
}

void
fql_health_get(FqlHealth *health)
{
	memset(health, 0, sizeof(*health));
	if (shared != NULL)
	{
		LWLockAcquire(health_lock, LW_SHARED);
		*health = *shared;
		LWLockRelease(health_lock);
	}
	if (health->at == 0)
		for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
			health->checks[check].value = NAN;
	judge_worker(health);
}

Size
fql_health_shmem_size(void)
{
	return sizeof(FqlHealth);
}

void
fql_health_shmem_init(bool found, void *memory, LWLock *lock)
{
	shared = memory;
	health_lock = lock;
	if (found)
		return;
	memset(shared, 0, fql_health_shmem_size());
	shared->clock = fql_monotonic_ms();
}
