/*
 * dashboard.c
 *    fraiseql.dashboard(): how the cache does, in a terminal, for psql's \watch.
 *
 * At most WIDTH columns, and few enough lines for a terminal of 40.  Lines are where they were a second ago, as long as
 * no alert comes or goes, so that the eye finds what has changed.
 *
 * Blocks of heights (U+2581 ...) are drawn where both the database and the client have UTF-8; else digits are, which
 * every encoding has.  All else is ASCII, operations included, as none of their literals is kept (normalizer.h); so a
 * byte is a column, and none moves the cursor.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/timestamp.h"

#include "figures.h"
#include "guc.h"
#include "overview.h"
#include "trend.h"

PG_FUNCTION_INFO_V1(fql_dashboard);

#define WIDTH 100
#define POINTS 60				/* seconds, one column each */
#define MOST_ALERTS 3
#define OPERATIONS_SHOWN 5

/* The context of one screen. */
typedef struct Screen
{
	StringInfoData out;
	FqlOverview overview;
	FqlTrend   *trend;			/* of the last POINTS seconds */
	FqlTrendInterval last;		/* second; zeroes where there is none */
	FqlTrendInterval all;
} Screen;

/*
 * Text
 */

/* ASCII text in lines of at most "most" columns, broken at blanks, each after so many. */
static void
put_wrapped(StringInfo out, const char *text, int indent, int most)
{
	while (*text != '\0')
	{
		int			length = (int) strlen(text);

		if (length > most)
			for (length = most; length > 0 && text[length] != ' '; length--)
				;
		if (length == 0)
			length = Min(most, (int) strlen(text));
		appendStringInfo(out, "%*s%.*s\n", indent, "", length, text);
		text += length + strspn(text + length, " ");
	}
}

/* From the one margin and from the other.  ASCII. */
static void
put_margins(StringInfo out, const char *left, const char *right)
{
	int			gap = WIDTH - (int) strlen(left) - (int) strlen(right);

	appendStringInfo(out, "%s%*s%s\n", left, Max(gap, 1), "", right);
}

/*
 * Rows of heights
 */

static bool
has_blocks(void)
{
	return GetDatabaseEncoding() == PG_UTF8 && pg_get_client_encoding() == PG_UTF8;
}

/* A height of 0 to 1 in one column; a value that is not known is a blank. */
static void
put_height(StringInfo out, double height)
{
	static const char *const blocks[] = {"\342\226\201", "\342\226\202", "\342\226\203", "\342\226\204", "\342\226\205",
		"\342\226\206", "\342\226\207", "\342\226\210"};

	if (isnan(height))
		appendStringInfoChar(out, ' ');
	else if (has_blocks())
		appendStringInfoString(out, blocks[(int) (Min(height, 1) * (lengthof(blocks) - 1) + 0.5)]);
	else
		appendStringInfoChar(out, (char) ('0' + (int) (Min(height, 1) * 9 + 0.5)));
}

/* The last ones at the right margin; top: what a full column is. */
static void
put_heights(StringInfo out, const double *values, int count, double top)
{
	for (int i = count; i < POINTS; i++)
		appendStringInfoChar(out, ' ');
	for (int i = 0; i < count; i++)
		put_height(out, values[i] / top);
}

static double
most_of(const double *values, int count)
{
	double		most = NAN;

	for (int i = 0; i < count; i++)
		most = fmax(most, values[i]);
	return most;
}

/* "reads    4,812 /s ▁▂▃  0 to 5.1k": name, the last value, the values, their scale. */
static void
put_rates(Screen *screen, const char *name, const FqlSampleValue *counters, int counter_count)
{
	const FqlTrend *trend = screen->trend;
	double	   *values = palloc0((trend->count + 1) * sizeof(double));
	double		most;

	for (int i = 0; i < trend->count; i++)
		for (int c = 0; c < counter_count; c++)
			values[i] += fql_trend_rate(&trend->intervals[i], counters[c]);
	most = fmax(most_of(values, trend->count), 1);
	appendStringInfo(&screen->out, "%-10s %9s /s  ", name,
					 fql_figure_rate(trend->count > 0 ? values[trend->count - 1] : NAN));
	put_heights(&screen->out, values, trend->count, most);
	appendStringInfo(&screen->out, "  0 to %s\n", fql_figure_short(most));
}

static void
put_hit_rate(Screen *screen)
{
	const FqlTrend *trend = screen->trend;
	double	   *values = palloc((trend->count + 1) * sizeof(double));

	for (int i = 0; i < trend->count; i++)
		values[i] = fql_trend_hit_rate(&trend->intervals[i]);
	appendStringInfo(&screen->out, "%-10s %9s     ", "hit rate",
					 fql_figure_percent(trend->count > 0 ? values[trend->count - 1] : NAN));
	put_heights(&screen->out, values, trend->count, 1);
	appendStringInfoString(&screen->out, "  0 to 100 %\n");
}

static void
put_trends(Screen *screen)
{
	static const FqlSampleValue reads[] = {FQL_SAMPLE_HITS, FQL_SAMPLE_MISSES, FQL_SAMPLE_BYPASSES};
	static const FqlSampleValue misses[] = {FQL_SAMPLE_MISSES};
	static const FqlSampleValue writes[] = {FQL_SAMPLE_CASCADES, FQL_SAMPLE_LOST};
	static const FqlSampleValue removed[] = {FQL_SAMPLE_INVALIDATIONS, FQL_SAMPLE_EVICTIONS, FQL_SAMPLE_EXPIRATIONS};

	put_hit_rate(screen);
	put_rates(screen, "reads", reads, lengthof(reads));
	put_rates(screen, "misses", misses, lengthof(misses));
	put_rates(screen, "writes", writes, lengthof(writes));
	put_rates(screen, "removed", removed, lengthof(removed));
}

/*
 * Figures
 */

static const char *
rate_of(const FqlTrendInterval *interval, FqlSampleValue value)
{
	return fql_figure_rate(fql_trend_rate(interval, value));
}

/* A row of the table of counters, and what stands beside it. */
static void
put_counter(Screen *screen, const char *name, FqlSampleValue value, uint64 total, const char *beside,
			const char *figure)
{
	appendStringInfo(&screen->out, "%-17s %9s %9s %13s    %-16s%s\n", name, rate_of(&screen->last, value),
					 rate_of(&screen->all, value), fql_figure_count((double) total), beside, figure);
}

static const char *
memory_figure(const FqlCacheGauges *gauges)
{
	return psprintf("%s of %s", fql_figure_bytes((double) gauges->memory),
					fql_figure_bytes((double) gauges->max_memory));
}

static const char *
durations_figure(const FqlDurations *durations)
{
	double		count = (double) durations->count;

	return psprintf("mean %s, p99 %s", fql_figure_duration(count > 0 ? (double) durations->sum / 1000 / count : NAN),
					fql_figure_duration(count > 0 ? (double) durations->p99 / 1000 : NAN));
}

static void
put_cache_counters(Screen *screen)
{
	const FqlOverview *overview = &screen->overview;
	const uint64 *counters = overview->counters;
	uint64		mutations = counters[FQL_COUNTER_REASONS + FQL_BYPASS_MUTATION];

	put_counter(screen, "hits", FQL_SAMPLE_HITS, counters[FQL_COUNTER_HITS], "answers kept",
				fql_figure_count((double) overview->gauges.entries));
	put_counter(screen, "misses", FQL_SAMPLE_MISSES, counters[FQL_COUNTER_MISSES], "memory",
				memory_figure(&overview->gauges));
	put_counter(screen, "bypasses", FQL_SAMPLE_BYPASSES, counters[FQL_COUNTER_BYPASSES] -
				Min(mutations, counters[FQL_COUNTER_BYPASSES]), "memory peak",
				fql_figure_bytes((double) overview->gauges.peak_memory));
	put_counter(screen, "mutations", FQL_SAMPLE_MUTATIONS, mutations, "hit rate",
				psprintf("%s since the reset", fql_figure_percent(fql_overview_hit_rate(overview))));
	put_counter(screen, "not kept", FQL_SAMPLE_REJECTED, counters[FQL_COUNTER_FILLS_REJECTED], "headroom",
				psprintf("%s to %s /s", fql_figure_percent(fql_health_headroom(&overview->health)),
						 fql_figure_count(fql_breaking_point_qps)));
	put_counter(screen, "invalidated", FQL_SAMPLE_INVALIDATIONS, counters[FQL_COUNTER_INVALIDATIONS], "in flight",
				psprintf("%s, waiting %s", fql_figure_count((double) overview->coalescing.in_flight),
						 fql_figure_count((double) overview->coalescing.waiting)));
	put_counter(screen, "evicted, expired", FQL_SAMPLE_EVICTIONS, counters[FQL_COUNTER_EVICTIONS] +
				counters[FQL_COUNTER_EXPIRATIONS], "waits", durations_figure(&overview->coalescing.waited));
}

static void
put_other_counters(Screen *screen)
{
	const FqlOverview *overview = &screen->overview;
	const FqlAuditTotals *cascades = &overview->cascades;

	put_counter(screen, "executions", FQL_SAMPLE_EXECUTIONS, overview->coalescing.executions, "cascade latency",
				durations_figure(&cascades->latency));
	put_counter(screen, "saved by waiting", FQL_SAMPLE_SAVED, overview->coalescing.saved, "cascades queued",
				fql_figure_bytes((double) overview->queued));
	put_counter(screen, "cascades", FQL_SAMPLE_CASCADES, cascades->cascades, "failed, lost",
				psprintf("%s, %s", fql_figure_count((double) cascades->failed),
						 fql_figure_count((double) cascades->lost)));
}

/* Evictions and expirations are one row: what happens of both in these intervals. */
static void
join_removals(FqlTrendInterval *interval)
{
	interval->values[FQL_SAMPLE_EVICTIONS] += interval->values[FQL_SAMPLE_EXPIRATIONS];
}

static void
put_figures(Screen *screen)
{
	appendStringInfo(&screen->out, "%-17s %9s %9s %13s\n", "", "now /s", "minute /s", "total");
	put_cache_counters(screen);
	put_other_counters(screen);
}

/*
 * Operations
 */

static const char operations_query[] =
	"SELECT query, calls, hit_rate, mean_exec_ms, time_saved_ms FROM fraiseql.operation_stats "
	"WHERE time_saved_ms > 0 ORDER BY time_saved_ms DESC, operation_id LIMIT 5";

/* A number of a row, of one of two types; NaN: there is none. */
static double
number_at(uint64 row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);

	if (is_null)
		return NAN;
	if (SPI_gettypeid(SPI_tuptable->tupdesc, column) == INT8OID)
		return (double) DatumGetInt64(value);
	return DatumGetFloat8(value);
}

static void
put_operation(StringInfo out, uint64 row)
{
	char	   *query = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1);

	appendStringInfo(out, "%10s %8s %10s %9s  ", fql_figure_duration(number_at(row, 5)),
					 fql_figure_short(number_at(row, 2)), fql_figure_duration(number_at(row, 4)),
					 fql_figure_percent(number_at(row, 3)));
	appendStringInfo(out, "%.*s\n", WIDTH - 43, query == NULL ? "" : query);
}

static void
put_operations(StringInfo out)
{
	if (SPI_execute(operations_query, true, OPERATIONS_SHOWN) != SPI_OK_SELECT)
		elog(ERROR, "reading for the dashboard failed");
	appendStringInfo(out, "%10s %8s %10s %9s  %s\n", "saved", "calls", "mean", "hit rate", "operation");
	for (uint64 row = 0; row < SPI_processed; row++)
		put_operation(out, row);
	for (uint64 row = SPI_processed; row < OPERATIONS_SHOWN; row++)
		appendStringInfoChar(out, '\n');
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Status
 */

static void
put_status(Screen *screen)
{
	const FqlOverview *overview = &screen->overview;
	const FqlHealth *health = &overview->health;
	const char *status = fql_health_status_name(health->status);
	char	   *loud = asc_toupper(status, strlen(status));
	const char *notice = fql_overview_notice();

	put_margins(&screen->out, psprintf("fraiseql  %s%s%s", loud, health->since == 0 ? "" : " since ",
									   health->since == 0 ? "" : fql_figure_time(health->since)),
				fql_figure_time(overview->now));
	put_margins(&screen->out, psprintf("critical: %d, warnings: %d", fql_health_alerts(health, FQL_ALERT_CRITICAL),
									   fql_health_alerts(health, FQL_ALERT_WARNING)),
				psprintf("totals since %s", fql_figure_time(overview->reset_at)));
	if (notice != NULL)
		put_wrapped(&screen->out, notice, 0, WIDTH);
	appendStringInfoChar(&screen->out, '\n');
}

static void
put_alert(StringInfo out, const FqlHealth *health, FqlCheck check)
{
	const FqlCheckState *state = &health->checks[check];
	const char *level = fql_alert_level_name(fql_health_level(health, check));

	appendStringInfo(out, "%s: %.*s\n", asc_toupper(level, strlen(level)), WIDTH - 10,
					 fql_check_message(fql_check_info(check), state->value, state->severity));
	put_wrapped(out, fql_health_advice(health, check), 4, WIDTH - 4);
}

/* The worst first. */
static void
put_alerts(Screen *screen)
{
	const FqlHealth *health = &screen->overview.health;
	int			shown = 0;
	int			all = 0;

	for (FqlAlertLevel level = FQL_ALERT_CRITICAL; level > FQL_ALERT_NONE; level--)
		for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
			if (fql_health_level(health, check) == level && ++all <= MOST_ALERTS)
			{
				put_alert(&screen->out, health, check);
				shown++;
			}
	if (all > shown)
		appendStringInfo(&screen->out, "... and %d more in fraiseql.health_checks\n", all - shown);
	if (all == 0)
		put_wrapped(&screen->out, fql_health_first_advice(health), 0, WIDTH);
}

/*
 * The screen
 */

static void
read_all(Screen *screen)
{
	const FqlTrend *trend = screen->trend = fql_trend_get(POINTS, POINTS);

	fql_overview_get(&screen->overview);
	if (trend->count == 0)
		return;
	screen->last = trend->intervals[trend->count - 1];
	screen->all.until = trend->seconds;
	for (int i = 0; i < trend->count; i++)
		for (int value = 0; value < FQL_SAMPLE_FIRST_GAUGE; value++)
			screen->all.values[value] += trend->intervals[i].values[value];
	join_removals(&screen->last);
	join_removals(&screen->all);
}

static void
put_screen(Screen *screen)
{
	put_status(screen);
	put_trends(screen);
	appendStringInfoChar(&screen->out, '\n');
	put_figures(screen);
	appendStringInfoChar(&screen->out, '\n');
	put_operations(&screen->out);
	appendStringInfoChar(&screen->out, '\n');
	put_alerts(screen);
	screen->out.data[--screen->out.len] = '\0';	/* who prints it ends the last line */
}

/* fraiseql.dashboard() returns text */
Datum
fql_dashboard(PG_FUNCTION_ARGS)
{
	Screen		screen = {0};

	(void) fcinfo;
	initStringInfo(&screen.out);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	read_all(&screen);
	put_screen(&screen);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(screen.out.data, screen.out.len));
}
