/*
 * chart.h
 *    A chart over time as SVG within HTML: lines or stacked areas, axes with units and times, a legend with figures.
 */
#ifndef FQL_CHART_H
#define FQL_CHART_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "health_checks.h"
#include "trend.h"

#define FQL_CHART_SERIES 4
#define FQL_CHART_MARKS 2

/* A value for each interval of the trend; NaN: there is none. */
typedef struct FqlChartSeries
{
	const char *name;			/* NULL: no more series */
	const double *values;
} FqlChartSeries;

/* A level that the values are compared with. */
typedef struct FqlChartMark
{
	const char *name;			/* NULL: no more marks */
	double		value;
} FqlChartMark;

typedef struct FqlChart
{
	const char *id;				/* in the page: a letter, then letters and digits */
	const char *title;
	const char *caption;
	FqlCheckUnit unit;
	bool		is_stacked;		/* the series are parts of a whole */
	FqlChartSeries series[FQL_CHART_SERIES];
	FqlChartMark marks[FQL_CHART_MARKS];
} FqlChart;

/* Append it as <figure>.  Ratios are drawn from 0 to 1, all else from 0 to what the values need. */
extern void fql_chart_append(StringInfo out, const FqlChart *chart, const FqlTrend *trend);

#endif							/* FQL_CHART_H */
