/*
 * report_internal.h
 *    The parts of fraiseql.report(): the page is put together in report.c.
 */
#ifndef FQL_REPORT_INTERNAL_H
#define FQL_REPORT_INTERNAL_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "overview.h"
#include "trend.h"

/* report_style.c: what is between <style> and </style> */
extern const char fql_report_style[];

/* report_figures.c: the status with its alerts, the key figures, what is checked */
extern void fql_report_append_status(StringInfo out, const FqlOverview *overview);
extern void fql_report_append_figures(StringInfo out, const FqlOverview *overview, const FqlTrend *trend);
extern void fql_report_append_checks(StringInfo out, const FqlOverview *overview);

/* report_charts.c */
extern void fql_report_append_charts(StringInfo out, const FqlOverview *overview, const FqlTrend *trend);

/* report_tables.c: what queries of the views give.  SPI is connected. */
extern void fql_report_append_operations(StringInfo out);
extern void fql_report_append_reasons(StringInfo out);
extern void fql_report_append_failures(StringInfo out);
extern void fql_report_append_settings(StringInfo out);

#endif							/* FQL_REPORT_INTERNAL_H */
