/*
 * figures.h
 *    Numbers and times as people read them, for the report and the dashboard.  All results are palloc'ed.
 */
#ifndef FQL_FIGURES_H
#define FQL_FIGURES_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* What stands for a figure that is not known. */
#define FQL_FIGURE_UNKNOWN "-"

/* "1,234,567" */
extern char *fql_figure_count(double value);

/* "1.23M", "2k": at most three digits */
extern char *fql_figure_short(double value);

/* Of a rate: "0.3", "4,812" */
extern char *fql_figure_rate(double value);

/* "97.3 %"; "99.98 %", where less would look like all */
extern char *fql_figure_percent(double value);

/* "12.5 MB" */
extern char *fql_figure_bytes(double value);

/* From milliseconds: "0.21 ms", "3.4 s", "5 min 20 s" */
extern char *fql_figure_duration(double milliseconds);

/* In the session's time zone, in ISO's format whatever DateStyle is: "2026-01-31 23:59:58+01"; 0: it never was. */
extern char *fql_figure_time(TimestampTz time);

/* "23:59", or with seconds */
extern char *fql_figure_clock(TimestampTz time, bool with_seconds);

#endif							/* FQL_FIGURES_H */
