/*
 * report_figures.c
 *    The status, key figures and checks of fraiseql.report().
 */
#include "postgres.h"

#include <math.h>

#include "figures.h"
#include "guc.h"
#include "html.h"
#include "report_internal.h"

/* A word for the level, and a sign that does not need its colour. */
static void
put_level(StringInfo out, FqlAlertLevel level)
{
	static const char *const signs[] = {
		[FQL_ALERT_NONE] = "&#10003;",[FQL_ALERT_WARNING] = "&#9650;",[FQL_ALERT_CRITICAL] = "&#9632;"
	};
	const char *name = fql_alert_level_name(level);

	appendStringInfo(out, "<span class=\"level %s\"><span aria-hidden=\"true\">%s</span> %s</span>", name, signs[level],
					 name);
}

/*
 * Status
 */

static void
put_alert(StringInfo out, const FqlHealth *health, FqlCheck check)
{
	const FqlCheckState *state = &health->checks[check];

	appendStringInfoString(out, "<li>");
	put_level(out, fql_health_level(health, check));
	appendStringInfoString(out, " <strong>");
	fql_html_append(out, fql_check_message(fql_check_info(check), state->value, state->severity));
	appendStringInfoString(out, "</strong>");
	if (state->since != 0)
		appendStringInfo(out, " <span class=\"since\">since %s</span>", fql_figure_time(state->since));
	appendStringInfoString(out, "<p>");
	fql_html_append(out, fql_health_advice(health, check));
	appendStringInfoString(out, "</p></li>\n");
}

static void
put_alerts(StringInfo out, const FqlHealth *health)
{
	appendStringInfoString(out, "<ul class=\"alerts\">\n");
	for (FqlAlertLevel level = FQL_ALERT_CRITICAL; level > FQL_ALERT_NONE; level--)
		for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
			if (fql_health_level(health, check) == level)
				put_alert(out, health, check);
	appendStringInfoString(out, "</ul>\n");
}

void
fql_report_append_status(StringInfo out, const FqlOverview *overview)
{
	const FqlHealth *health = &overview->health;
	const char *status = fql_health_status_name(health->status);
	int			warnings = fql_health_alerts(health, FQL_ALERT_WARNING);
	int			criticals = fql_health_alerts(health, FQL_ALERT_CRITICAL);
	const char *notice = fql_overview_notice();

	appendStringInfo(out, "<section id=\"status\" class=\"status %s\"><p class=\"verdict\"><strong>%s</strong>", status,
					 status);
	if (health->since != 0)
		appendStringInfo(out, " since %s", fql_figure_time(health->since));
	appendStringInfo(out, " &#183; %d critical, %d warning%s</p>\n", criticals, warnings, warnings == 1 ? "" : "s");
	if (notice != NULL)
	{
		appendStringInfoString(out, "<p class=\"notice\">");
		fql_html_append(out, notice);
		appendStringInfoString(out, "</p>\n");
	}
	if (warnings + criticals > 0)
		put_alerts(out, health);
	else
	{
		appendStringInfoString(out, "<p>");
		fql_html_append(out, fql_health_first_advice(health));
		appendStringInfoString(out, "</p>\n");
	}
	appendStringInfoString(out, "</section>\n");
}

/*
 * Key figures
 */

/* Takes what is palloc'ed for it or static; detail NULL: nothing to add. */
static void
put_figure(StringInfo out, const char *name, const char *value, const char *detail)
{
	appendStringInfoString(out, "<div class=\"figure\"><dt>");
	fql_html_append(out, name);
	appendStringInfoString(out, "</dt><dd class=\"value\">");
	fql_html_append(out, value);
	appendStringInfoString(out, "</dd><dd class=\"detail\">");
	fql_html_append(out, detail);
	appendStringInfoString(out, "</dd></div>\n");
}

/* The highest rate of all intervals, of the sum of some counters. */
static double
peak_rate(const FqlTrend *trend, const FqlSampleValue *values, size_t count)
{
	double		peak = 0;

	for (int i = 0; i < trend->count; i++)
	{
		double		rate = 0;

		for (size_t v = 0; v < count; v++)
			rate += fql_trend_rate(&trend->intervals[i], values[v]);
		peak = fmax(peak, rate);
	}
	return peak;
}

static void
put_load(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	static const FqlSampleValue reads[] = {FQL_SAMPLE_HITS, FQL_SAMPLE_MISSES, FQL_SAMPLE_BYPASSES};
	static const FqlSampleValue writes[] = {FQL_SAMPLE_CASCADES, FQL_SAMPLE_LOST};
	const FqlHealth *health = &overview->health;

	put_figure(out, "Hit rate", fql_figure_percent(fql_health_hit_rate(health)),
			   psprintf("%s since the reset", fql_figure_percent(fql_overview_hit_rate(overview))));
	put_figure(out, "Reads a second", fql_figure_rate(fql_health_reads(health)),
			   psprintf("up to %s in the charts", fql_figure_rate(peak_rate(trend, reads, lengthof(reads)))));
	put_figure(out, "Writes a second", fql_figure_rate(fql_health_writes(health)),
			   psprintf("up to %s in the charts", fql_figure_rate(peak_rate(trend, writes, lengthof(writes)))));
	put_figure(out, "Headroom", fql_figure_percent(fql_health_headroom(health)),
			   psprintf("to %s calls and writes a second", fql_figure_count(fql_breaking_point_qps)));
}

static void
put_store(StringInfo out, const FqlOverview *overview)
{
	const FqlCacheGauges *gauges = &overview->gauges;

	put_figure(out, "Answers kept", fql_figure_count((double) gauges->entries), gauges->entries == 0 ? "" :
			   psprintf("of %s on average", fql_figure_bytes((double) gauges->memory / (double) gauges->entries)));
	put_figure(out, "Memory", fql_figure_bytes((double) gauges->memory),
			   psprintf("of %s, up to %s so far", fql_figure_bytes((double) gauges->max_memory),
						fql_figure_bytes((double) gauges->peak_memory)));
}

static void
put_totals(StringInfo out, const FqlOverview *overview)
{
	const FqlCoalescingTotals *coalescing = &overview->coalescing;
	const FqlAuditTotals *cascades = &overview->cascades;
	uint64		misses = coalescing->executions + coalescing->saved;

	put_figure(out, "Executions saved by waiting", fql_figure_count((double) coalescing->saved), misses == 0 ? "" :
			   psprintf("%s of misses", fql_figure_percent((double) coalescing->saved / (double) misses)));
	put_figure(out, "Cascades", fql_figure_count((double) cascades->cascades),
			   psprintf("%s failed, %s partial, %s lost", fql_figure_count((double) cascades->failed),
						fql_figure_count((double) cascades->partial), fql_figure_count((double) cascades->lost)));
}

void
fql_report_append_figures(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	appendStringInfoString(out, "<section id=\"figures\"><h2>Key figures</h2>\n<p class=\"caption\">");
	if (overview->health.at != 0)
		appendStringInfo(out, "Rates are of the last %.0f seconds. ", overview->health.seconds);
	appendStringInfo(out, "Totals are since the reset at %s.</p>\n<dl class=\"figures\">\n",
					 fql_figure_time(overview->reset_at));
	put_load(out, overview, trend);
	put_store(out, overview);
	put_totals(out, overview);
	appendStringInfoString(out, "</dl></section>\n");
}

/*
 * Checks
 */

static void
put_threshold(StringInfo out, const FqlCheckInfo *info, FqlAlertLevel level)
{
	int			step = fql_check_step(info, level);

	appendStringInfoString(out, "<td class=\"number\">");
	if (step < 0)
		appendStringInfoString(out, "&#8211;");
	else
	{
		appendStringInfoString(out, info->is_low_bad ? "below " : "above ");
		fql_html_append(out, fql_check_figure(info->unit, fql_check_threshold(info, step)));
	}
	appendStringInfoString(out, "</td>");
}

static void
put_check(StringInfo out, const FqlHealth *health, FqlCheck check)
{
	const FqlCheckInfo *info = fql_check_info(check);
	const FqlCheckState *state = &health->checks[check];

	appendStringInfoString(out, "<tr><td>");
	fql_html_append(out, info->title);
	appendStringInfoString(out, "</td><td>");
	put_level(out, fql_health_level(health, check));
	appendStringInfoString(out, "</td><td class=\"number\">");
	fql_html_append(out, fql_check_figure(info->unit, state->value));
	appendStringInfoString(out, "</td>");
	put_threshold(out, info, FQL_ALERT_WARNING);
	put_threshold(out, info, FQL_ALERT_CRITICAL);
	appendStringInfo(out, "<td>%s</td></tr>\n", state->since == 0 ? "&#8211;" : fql_figure_time(state->since));
}

void
fql_report_append_checks(StringInfo out, const FqlOverview *overview)
{
	appendStringInfoString(out, "<section id=\"checks\"><h2>What is checked</h2>\n<p class=\"caption\">Each figure "
						   "with the settings that it is compared with (fraiseql.alert_*). A rate of too few calls is "
						   "not known.</p>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Check</th>"
						   "<th scope=\"col\">Level</th><th scope=\"col\" class=\"number\">Now</th>"
						   "<th scope=\"col\" class=\"number\">Warning</th><th scope=\"col\" class=\"number\">Critical"
						   "</th><th scope=\"col\">Level since</th></tr></thead><tbody>\n");
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		put_check(out, &overview->health, check);
	appendStringInfoString(out, "</tbody></table></div></section>\n");
}
