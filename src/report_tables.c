/*
 * report_tables.c
 *    Tables of fraiseql.report(): operations, reasons, failures, settings.
 *
 * Each is a query of the views, run as the caller: what a page shows of others is decided where it is decided for
 * everybody who reads the views, and not a second time here.  Names are qualified and the function has a search_path of
 * its own, so the queries mean the same for every caller.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "figures.h"
#include "html.h"
#include "report_internal.h"

/* Characters of a text that are shown at once, and at all. */
#define SHORT_TEXT 110
#define LONG_TEXT 1000

#define COLUMNS 10

/* How a value is shown; its type in the query. */
typedef enum Cell
{
	CELL_TEXT,					/* text */
	CELL_CODE,					/* text */
	CELL_COUNT,					/* bigint */
	CELL_BAR,					/* bigint, with a bar as long as it is large beside the largest */
	CELL_PERCENT,				/* double precision, 0 to 1 */
	CELL_DURATION,				/* double precision, milliseconds */
	CELL_DURATION_BAR,
	CELL_TIME					/* timestamptz */
} Cell;

typedef struct Column
{
	const char *heading;		/* NULL: no more columns */
	Cell		cell;
} Column;

typedef struct Table
{
	const char *id;
	const char *title;
	const char *caption;
	const char *empty;			/* what is said where there is no row */
	const char *query;
	Column		columns[COLUMNS];
} Table;

/* A role or a database may be gone since: then its number is known, or nothing. */
#define OPERATIONS_FROM \
	"FROM fraiseql.operation_stats AS o LEFT JOIN pg_catalog.pg_database AS d ON d.oid = o.database " \
	"LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = o.role "
#define OPERATION "o.query, d.datname::text, coalesce(r.rolname::text, o.role::text), "

static const Table saved_table = {
	"operations-saved", "Operations by time saved",
	"Hits times the mean time of an execution: what executing each hit would have taken, by estimate.",
	"No operation has saved time yet.",
	"SELECT " OPERATION "o.calls, o.hit_rate, o.mean_exec_ms, o.time_saved_ms " OPERATIONS_FROM
	"WHERE o.time_saved_ms > 0 ORDER BY o.time_saved_ms DESC, o.operation_id LIMIT 10",
	{{"Operation", CELL_CODE}, {"Database", CELL_TEXT}, {"Role", CELL_TEXT}, {"Calls", CELL_COUNT},
	 {"Hit rate", CELL_PERCENT}, {"Mean execution", CELL_DURATION}, {"Time saved", CELL_DURATION_BAR}}
};

static const Table misses_table = {
	"operations-misses", "Operations by misses",
	"Misses are calls whose answer was not there, or no longer right; not kept are answers that were computed and may "
	"not be shared. fraiseql.explain() says what an operation depends on.",
	"No operation has missed yet.",
	"SELECT " OPERATION "o.misses, o.hit_rate, o.rejected, o.total_exec_ms, o.last_reason " OPERATIONS_FROM
	"WHERE o.misses > 0 ORDER BY o.misses DESC, o.operation_id LIMIT 10",
	{{"Operation", CELL_CODE}, {"Database", CELL_TEXT}, {"Role", CELL_TEXT}, {"Misses", CELL_BAR},
	 {"Hit rate", CELL_PERCENT}, {"Not kept", CELL_COUNT}, {"Executed for", CELL_DURATION}, {"Last reason", CELL_TEXT}}
};

static const Table bypasses_table = {
	"bypasses", "Calls that did not ask the cache",
	"By reason, since the last reset.",
	"Every call has asked the cache.",
	"SELECT reason, count, description FROM fraiseql.bypass_stats WHERE kind = 'bypass' AND count > 0 "
	"ORDER BY count DESC, reason",
	{{"Reason", CELL_TEXT}, {"Calls", CELL_BAR}, {"What it means", CELL_TEXT}}
};

static const Table rejections_table = {
	"rejections", "Answers that were not kept",
	"By reason, since the last reset.",
	"Every answer that was computed for the cache was kept.",
	"SELECT reason, count, description FROM fraiseql.bypass_stats WHERE kind = 'rejected' AND count > 0 "
	"ORDER BY count DESC, reason",
	{{"Reason", CELL_TEXT}, {"Answers", CELL_BAR}, {"What it means", CELL_TEXT}}
};

static const Table failures_table = {
	"failures", "Cascades that failed, or are not fully known",
	"The last 20 in fraiseql.audit_recent whose status is not Success. Answers are right all the same.",
	"Every recent cascade was recorded in full.",
	"SELECT a.committed_at, d.datname::text, coalesce(r.rolname::text, a.role::text), a.mutation_id, a.status, a.error "
	"FROM fraiseql.audit_recent AS a LEFT JOIN pg_catalog.pg_database AS d ON d.oid = a.database "
	"LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.role "
	"WHERE a.status <> 'Success' ORDER BY a.number DESC LIMIT 20",
	{{"Committed", CELL_TIME}, {"Database", CELL_TEXT}, {"Role", CELL_TEXT}, {"Mutation", CELL_TEXT},
	 {"Status", CELL_TEXT}, {"Error", CELL_TEXT}}
};

static const Table settings_table = {
	"settings", "Settings that differ from their defaults",
	"Of fraiseql, as this session sees them.",
	"All settings of fraiseql have their defaults.",
	"SELECT name, concat_ws(' ', setting, unit), concat_ws(' ', boot_val, unit), "
	"concat(source, CASE WHEN pending_restart THEN ', another value waits for a restart' END) "
	"FROM pg_catalog.pg_settings "
	"WHERE name LIKE 'fraiseql.%' AND setting IS DISTINCT FROM boot_val ORDER BY name COLLATE \"C\"",
	{{"Setting", CELL_TEXT}, {"Value", CELL_TEXT}, {"Default", CELL_TEXT}, {"Set by", CELL_TEXT}}
};

static bool
is_text(Cell cell)
{
	return cell == CELL_TEXT || cell == CELL_CODE || cell == CELL_TIME;
}

static bool
is_bar(Cell cell)
{
	return cell == CELL_BAR || cell == CELL_DURATION_BAR;
}

static double
number_of(Cell cell, Datum value)
{
	return cell == CELL_COUNT || cell == CELL_BAR ? (double) DatumGetInt64(value) : DatumGetFloat8(value);
}

#ifdef USE_ASSERT_CHECKING
static Oid
type_of(Cell cell)
{
	switch (cell)
	{
		case CELL_TEXT:
		case CELL_CODE:
			return TEXTOID;
		case CELL_COUNT:
		case CELL_BAR:
			return INT8OID;
		case CELL_PERCENT:
		case CELL_DURATION:
		case CELL_DURATION_BAR:
			return FLOAT8OID;
		case CELL_TIME:
			return TIMESTAMPTZOID;
	}
	pg_unreachable();
}
#endif

/* A long text opens on demand: that needs no script. */
static void
put_code(StringInfo out, const char *text)
{
	if (fql_html_length(text) <= SHORT_TEXT)
	{
		appendStringInfoString(out, "<code>");
		fql_html_append(out, text);
		appendStringInfoString(out, "</code>");
		return;
	}
	appendStringInfoString(out, "<details><summary><code>");
	fql_html_append_cut(out, text, SHORT_TEXT);
	appendStringInfoString(out, "</code></summary><pre>");
	fql_html_append_cut(out, text, LONG_TEXT);
	appendStringInfoString(out, "</pre></details>");
}

static const char *
figure(Cell cell, double value)
{
	if (cell == CELL_PERCENT)
		return fql_figure_percent(value);
	return cell == CELL_COUNT || cell == CELL_BAR ? fql_figure_count(value) : fql_figure_duration(value);
}

static void
put_bar(StringInfo out, double part)
{
	appendStringInfo(out, " <svg class=\"bar\" viewBox=\"0 0 100 10\" width=\"100\" height=\"10\" aria-hidden=\"true\">"
					 "<rect width=\"%.1f\" height=\"10\"/></svg>", Max(part, 0.01) * 100);
}

static void
put_value(StringInfo out, Cell cell, Datum value, double most)
{
	if (cell == CELL_CODE)
		put_code(out, TextDatumGetCString(value));
	else if (cell == CELL_TEXT)
		fql_html_append_cut(out, TextDatumGetCString(value), LONG_TEXT);
	else if (cell == CELL_TIME)
		fql_html_append(out, fql_figure_time(DatumGetTimestampTz(value)));
	else
		fql_html_append(out, figure(cell, number_of(cell, value)));
	if (is_bar(cell) && most > 0)
		put_bar(out, number_of(cell, value) / most);
}

/* The largest of a column. */
static double
largest(const SPITupleTable *rows, uint64 count, int column, Cell cell)
{
	double		most = 0;

	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(rows->vals[i], rows->tupdesc, column + 1, &is_null);

		if (!is_null)
			most = Max(most, number_of(cell, value));
	}
	return most;
}

static void
put_row(StringInfo out, const Table *table, const SPITupleTable *rows, uint64 row, const double *most)
{
	appendStringInfoString(out, "<tr>");
	for (int i = 0; i < COLUMNS && table->columns[i].heading != NULL; i++)
	{
		Cell		cell = table->columns[i].cell;
		bool		is_null;
		Datum		value = SPI_getbinval(rows->vals[row], rows->tupdesc, i + 1, &is_null);

		Assert(SPI_gettypeid(rows->tupdesc, i + 1) == type_of(cell));
		appendStringInfoString(out, cell == CELL_CODE ? "<td class=\"code\">" : is_text(cell) ? "<td class=\"text\">" :
							   "<td class=\"number\">");
		if (is_null)
			appendStringInfoString(out, "&#8211;");
		else
			put_value(out, cell, value, most[i]);
		appendStringInfoString(out, "</td>");
	}
	appendStringInfoString(out, "</tr>\n");
}

static void
put_head(StringInfo out, const Table *table)
{
	appendStringInfoString(out, "<div class=\"scroll\"><table><thead><tr>");
	for (int i = 0; i < COLUMNS && table->columns[i].heading != NULL; i++)
	{
		appendStringInfo(out, "<th scope=\"col\"%s>", is_text(table->columns[i].cell) ? "" : " class=\"number\"");
		fql_html_append(out, table->columns[i].heading);
		appendStringInfoString(out, "</th>");
	}
	appendStringInfoString(out, "</tr></thead><tbody>\n");
}

static void
put_rows(StringInfo out, const Table *table, const SPITupleTable *rows, uint64 count)
{
	double		most[COLUMNS] = {0};

	for (int i = 0; i < COLUMNS && table->columns[i].heading != NULL; i++)
		if (is_bar(table->columns[i].cell))
			most[i] = largest(rows, count, i, table->columns[i].cell);
	put_head(out, table);
	for (uint64 row = 0; row < count; row++)
		put_row(out, table, rows, row, most);
	appendStringInfoString(out, "</tbody></table></div>\n");
}

static void
put_table(StringInfo out, const Table *table)
{
	int			result = SPI_execute(table->query, true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "reading for the report failed: %s", SPI_result_code_string(result));
	appendStringInfo(out, "<section id=\"%s\"><h2>", table->id);
	fql_html_append(out, table->title);
	appendStringInfoString(out, "</h2>\n<p class=\"caption\">");
	fql_html_append(out, SPI_processed > 0 ? table->caption : table->empty);
	appendStringInfoString(out, "</p>\n");
	if (SPI_processed > 0)
		put_rows(out, table, SPI_tuptable, SPI_processed);
	appendStringInfoString(out, "</section>\n");
	SPI_freetuptable(SPI_tuptable);
}

void
fql_report_append_operations(StringInfo out)
{
	put_table(out, &saved_table);
	put_table(out, &misses_table);
}

void
fql_report_append_reasons(StringInfo out)
{
	put_table(out, &bypasses_table);
	put_table(out, &rejections_table);
}

void
fql_report_append_failures(StringInfo out)
{
	put_table(out, &failures_table);
}

void
fql_report_append_settings(StringInfo out)
{
	put_table(out, &settings_table);
}
