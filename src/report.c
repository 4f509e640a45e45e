/*
 * report.c
 *    fraiseql.report(): how the cache does, as a page of HTML that a person can look at, print and mail.
 *
 * The page is one file.  It fetches nothing and runs nothing: charts are SVG in the page (chart.c), and a content
 * security policy of its own forbids everything but its style, should a text of others ever get through as mark-up.
 * It is XML as well, so that tests can tell whether it is well formed, and ASCII alone (html.c).
 *
 * Figures are read from shared memory.  Tables come from the views, asked as the caller (report_tables.c).
 */
#include "postgres.h"

#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "postmaster/postmaster.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "figures.h"
#include "html.h"
#include "report_internal.h"

PG_FUNCTION_INFO_V1(fql_report);

/* What charts are of, in seconds, and how many points a line has. */
#define CHART_SECONDS 3600
#define CHART_POINTS 180

/* An item of a line, with a dot in front of it where it is not the first. */
static void
put_item(StringInfo out, const char *name, const char *value)
{
	if (out->data[out->len - 1] != '>')
		appendStringInfoString(out, " &#183; ");
	fql_html_append(out, name);
	appendStringInfoChar(out, ' ');
	fql_html_append(out, value);
}

static const char *
this_database(void)
{
	return NameStr(*DatumGetName(DirectFunctionCall1(current_database, (Datum) 0)));
}

/* What tells this server from others. */
static void
put_server(StringInfo out)
{
	const char *cluster = GetConfigOption("cluster_name", true, false);

	appendStringInfoString(out, "<p>");
	put_item(out, "database", this_database());
	if (cluster != NULL && cluster[0] != '\0')
		put_item(out, "cluster", cluster);
	put_item(out, "port", psprintf("%d", PostPortNumber));
	put_item(out, "PostgreSQL", GetConfigOption("server_version", false, false));
	if (RecoveryInProgress())
		put_item(out, "standby,", "read-only");
	appendStringInfoString(out, "</p>\n");
}

static void
put_times(StringInfo out, const FqlOverview *overview)
{
	appendStringInfoString(out, "<p>");
	put_item(out, "at", fql_figure_time(overview->now));
	put_item(out, "time zone", pg_get_timezone_name(session_timezone));
	put_item(out, "server up for", fql_figure_duration((double) (overview->now - PgStartTime) / 1000));
	if (overview->reset_at != 0)
		put_item(out, "counting for", fql_figure_duration((double) (overview->now - overview->reset_at) / 1000));
	appendStringInfoString(out, "</p>\n");
}

static void
put_head(StringInfo out, const FqlOverview *overview)
{
	appendStringInfoString(out, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
						   "<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" "
						   "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
						   "<title>fraiseql: ");
	fql_html_append(out, this_database());
	appendStringInfo(out, " at %s</title>\n<style>\n%s</style>\n</head>\n<body>\n<header><h1>fraiseql report</h1>\n",
					 fql_figure_time(overview->now), fql_report_style);
	put_server(out);
	put_times(out, overview);
	appendStringInfoString(out, "</header>\n");
}

static void
put_charts(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	appendStringInfoString(out, "<section id=\"trends\"><h2>Trends</h2>\n<p class=\"caption\">");
	if (trend->count == 0)
		appendStringInfoString(out, "The background worker takes a sample a second, and an hour of them is kept.");
	else
		appendStringInfo(out, "The last %s, in %d intervals of %s or so.", fql_figure_duration(trend->seconds * 1000),
						 trend->count, fql_figure_duration(trend->seconds * 1000 / trend->count));
	appendStringInfoString(out, "</p>\n");
	fql_report_append_charts(out, overview, trend);
	appendStringInfoString(out, "</section>\n");
}

static void
put_body(StringInfo out, const FqlOverview *overview, const FqlTrend *trend)
{
	appendStringInfoString(out, "<main>\n");
	fql_report_append_status(out, overview);
	fql_report_append_figures(out, overview, trend);
	put_charts(out, overview, trend);
	fql_report_append_operations(out);
	fql_report_append_reasons(out);
	fql_report_append_failures(out);
	fql_report_append_checks(out, overview);
	fql_report_append_settings(out);
	appendStringInfoString(out, "</main>\n<footer>Made by <code>fraiseql.report()</code>. Counters and cached answers "
						   "are the server's, of all its databases.</footer>\n</body>\n</html>\n");
}

/* In the caller's memory context, into which SPI does not write. */
static void
put_page(StringInfo out)
{
	FqlOverview overview;
	FqlTrend   *trend = fql_trend_get(CHART_SECONDS, CHART_POINTS);

	fql_overview_get(&overview);
	put_head(out, &overview);
	put_body(out, &overview, trend);
}

/* fraiseql.report() returns text */
Datum
fql_report(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	(void) fcinfo;
	initStringInfo(&out);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	put_page(&out);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
