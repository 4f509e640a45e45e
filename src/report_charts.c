/*
 * report_charts.c
 *    The charts of fraiseql.report(): what each shows, and from which samples.
 */
#include "postgres.h"

#include "chart.h"
#include "guc.h"
#include "report_internal.h"

#define MEGABYTE (1024.0 * 1024.0)

/* A value for each interval. */
static double *
rates(const FqlTrend *trend, FqlSampleValue value)
{
	double	   *values = palloc(trend->count * sizeof(double));

	for (int i = 0; i < trend->count; i++)
		values[i] = fql_trend_rate(&trend->intervals[i], value);
	return values;
}

static double *
gauges(const FqlTrend *trend, FqlSampleValue value)
{
	double	   *values = palloc(trend->count * sizeof(double));

	for (int i = 0; i < trend->count; i++)
		values[i] = (double) trend->intervals[i].values[value];
	return values;
}

static double *
hit_rates(const FqlTrend *trend)
{
	double	   *values = palloc(trend->count * sizeof(double));

	for (int i = 0; i < trend->count; i++)
		values[i] = fql_trend_hit_rate(&trend->intervals[i]);
	return values;
}

static void
put_use(StringInfo out, const FqlTrend *trend)
{
	FqlChart	hit_rate = {
		.id = "hitrate", .title = "Hit rate", .unit = FQL_UNIT_RATIO,
		.caption = "Hits among the calls that asked the cache. Broken where no call did.",
		.series = {{"hit rate", hit_rates(trend)}},
		.marks = {{"warning below", fql_alert_hit_rate_warning}, {"critical below", fql_alert_hit_rate_critical}}
	};
	FqlChart	throughput = {
		.id = "throughput", .title = "Throughput", .unit = FQL_UNIT_PER_SECOND, .is_stacked = true,
		.caption = "Calls by what the cache did: hits were served from it, misses had to be answered otherwise, "
			"bypasses did not ask it.",
		.series = {{"hits", rates(trend, FQL_SAMPLE_HITS)}, {"misses", rates(trend, FQL_SAMPLE_MISSES)},
				   {"bypasses", rates(trend, FQL_SAMPLE_BYPASSES)}, {"mutations", rates(trend, FQL_SAMPLE_MUTATIONS)}}
	};

	fql_chart_append(out, &hit_rate, trend);
	fql_chart_append(out, &throughput, trend);
}

static void
put_room(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	FqlChart	memory = {
		.id = "memory", .title = "Memory", .unit = FQL_UNIT_BYTES, .is_stacked = true,
		.caption = "In use by answers, the most in each interval.",
		.series = {{"in use", gauges(trend, FQL_SAMPLE_MEMORY)}},
		.marks = {{"all of fraiseql.cache_size", (double) overview->gauges.max_memory},
				  {"warning above", fql_alert_memory_warning * MEGABYTE}}
	};
	FqlChart	entries = {
		.id = "entries", .title = "Answers kept", .unit = FQL_UNIT_COUNT, .is_stacked = true,
		.caption = "Answers in the cache, the most in each interval; some may wait to be freed after a write.",
		.series = {{"answers", gauges(trend, FQL_SAMPLE_ENTRIES)}}
	};

	fql_chart_append(out, &memory, trend);
	fql_chart_append(out, &entries, trend);
}

static void
put_turnover(StringInfo out, const FqlTrend *trend)
{
	FqlChart	removed = {
		.id = "removed", .title = "Answers published and removed", .unit = FQL_UNIT_PER_SECOND,
		.caption = "Invalidated: a committed write could have changed them. Evicted: to make room. Expired: their time "
			"to live was over.",
		.series = {{"published", rates(trend, FQL_SAMPLE_FILLS)},
				   {"invalidated", rates(trend, FQL_SAMPLE_INVALIDATIONS)},
				   {"evicted", rates(trend, FQL_SAMPLE_EVICTIONS)}, {"expired", rates(trend, FQL_SAMPLE_EXPIRATIONS)}}
	};
	FqlChart	cascades = {
		.id = "cascades", .title = "Cascades", .unit = FQL_UNIT_PER_SECOND,
		.caption = "Committed transactions that changed what is tracked. Failed: something asked for was not done. "
			"Lost: without a record. Partial: not all of it is recorded. Answers are right in each case.",
		.series = {{"recorded", rates(trend, FQL_SAMPLE_CASCADES)}, {"failed", rates(trend, FQL_SAMPLE_FAILED)},
				   {"lost", rates(trend, FQL_SAMPLE_LOST)}, {"partial", rates(trend, FQL_SAMPLE_PARTIAL)}}
	};

	fql_chart_append(out, &removed, trend);
	fql_chart_append(out, &cascades, trend);
}

static void
put_coalescing(StringInfo out, const FqlTrend *trend)
{
	FqlChart	executions = {
		.id = "coalescing", .title = "Misses", .unit = FQL_UNIT_PER_SECOND, .is_stacked = true,
		.caption = "Executed, or saved: answered by an execution that another session had under way.",
		.series = {{"executed", rates(trend, FQL_SAMPLE_EXECUTIONS)}, {"saved", rates(trend, FQL_SAMPLE_SAVED)}}
	};
	FqlChart	in_flight = {
		.id = "inflight", .title = "Under way", .unit = FQL_UNIT_COUNT,
		.caption = "Executions that others can wait for, and calls that wait for one, the most in each interval.",
		.series = {{"executions", gauges(trend, FQL_SAMPLE_IN_FLIGHT)}, {"waiting", gauges(trend, FQL_SAMPLE_WAITING)}},
		.marks = {{"warning above", fql_alert_in_flight_warning}}
	};

	fql_chart_append(out, &executions, trend);
	fql_chart_append(out, &in_flight, trend);
}

void
fql_report_append_charts(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	appendStringInfoString(out, "<div class=\"charts\">\n");
	put_use(out, trend);
	put_room(out, overview, trend);
	put_turnover(out, trend);
	put_coalescing(out, trend);
	appendStringInfoString(out, "</div>\n");
}
