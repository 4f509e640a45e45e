/*
 * chart.c
 *    A chart over time as SVG within HTML: lines or stacked areas, axes with units and times, a legend with figures.
 *
 * SVG within the page needs neither a script nor an image, so the page is one file that can be mailed and that a strict
 * content security policy lets through.  Colours are classes of the page's style (c0 ... c3), which has them for light
 * and dark.  Whoever cannot tell them apart reads the legend in the order of the lines' dashes.
 *
 * An axis begins at 0, so that heights can be compared.  A value stands for an interval and is drawn at its end; a line
 * begins where the first one's interval does, so that a single value can be seen.
 */
#include "postgres.h"

#include <math.h>

#include "utils/timestamp.h"

#include "chart.h"
#include "figures.h"
#include "html.h"

/* The picture, and where the values are in it. */
#define WIDTH 640
#define HEIGHT 216
#define LEFT 52
#define RIGHT 630
#define TOP 24
#define BOTTOM 190

#define TICKS 4					/* about so many on the axis of values */
#define TIME_TICKS 7			/* at most so many on the axis of time */

/* What is being drawn. */
typedef struct Drawing
{
	StringInfo	out;
	const FqlChart *chart;
	const FqlTrend *trend;
	double		top;			/* the value at the upper end */
	double		step;			/* from tick to tick */
	double		divisor;		/* from values to the figures on the axis */
	const char *unit;			/* of these */
	double	   *floors;			/* stacked: what is below the next series */
} Drawing;

static double
x_of(const Drawing *drawing, double seconds)
{
	double		all = drawing->trend->seconds;

	return LEFT + (all > 0 ? seconds / all : 1) * (RIGHT - LEFT);
}

static double
y_of(const Drawing *drawing, double value)
{
	return BOTTOM - Min(value / drawing->top, 1) * (BOTTOM - TOP);
}

/*
 * Scales
 */

/* The highest point of what is drawn. */
static double
highest(const FqlChart *chart, int count)
{
	double		most = 0;

	for (int i = 0; i < count; i++)
	{
		double		height = 0;

		for (int s = 0; s < FQL_CHART_SERIES && chart->series[s].name != NULL; s++)
		{
			double		value = chart->series[s].values[i];

			if (!isnan(value))
				height = chart->is_stacked ? height + value : Max(height, value);
		}
		most = Max(most, height);
	}
	return most;
}

/* 1, 2 or 5 times a power of ten, not less than asked for. */
static double
nice_step(double least)
{
	double		power = pow(10, floor(log10(least)));
	double		digits = least / power;

	return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
}

/* The unit of the axis: for bytes, one that the highest value is a few of. */
static void
choose_unit(Drawing *drawing, double most)
{
	static const char *const sizes[] = {"bytes", "kB", "MB", "GB", "TB"};
	size_t		size = 0;

	drawing->divisor = drawing->chart->unit == FQL_UNIT_RATIO ? 0.01 : 1;
	drawing->unit = drawing->chart->unit == FQL_UNIT_RATIO ? "%" : fql_check_unit_name(drawing->chart->unit);
	if (drawing->chart->unit != FQL_UNIT_BYTES)
		return;
	while (most / drawing->divisor >= 1024 && size < lengthof(sizes) - 1)
	{
		drawing->divisor *= 1024;
		size++;
	}
	drawing->unit = sizes[size];
}

/* Things that are counted have no fractions, and nothing at all is drawn at the foot of an axis. */
static void
choose_scale(Drawing *drawing)
{
	double		most = highest(drawing->chart, drawing->trend->count);

	choose_unit(drawing, most);
	if (drawing->chart->unit == FQL_UNIT_RATIO)
	{
		drawing->top = 1;
		drawing->step = 0.25;
		return;
	}
	drawing->step = nice_step(Max(most / drawing->divisor, 1) / TICKS);
	if (drawing->chart->unit == FQL_UNIT_COUNT)
		drawing->step = Max(drawing->step, 1);
	drawing->step *= drawing->divisor;
	drawing->top = ceil(Max(most, drawing->divisor) / drawing->step) * drawing->step;
}

/* Seconds between two ticks of the axis of time: what a clock has, or whole days. */
static int64
time_step(double seconds)
{
	static const int steps[] = {1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600};

	for (size_t i = 0; i < lengthof(steps); i++)
		if (seconds / steps[i] <= TIME_TICKS)
			return steps[i];
	return (int64) ceil(seconds / TIME_TICKS / SECS_PER_DAY) * SECS_PER_DAY;
}

/*
 * Axes
 */

static void
put_value_tick(const Drawing *drawing, double value)
{
	double		y = y_of(drawing, value);

	appendStringInfo(drawing->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
					 "text-anchor=\"end\">%s</text>\n", LEFT, y, RIGHT, LEFT - 6, y + 4,
					 fql_figure_short(value / drawing->divisor));
}

static void
put_value_axis(const Drawing *drawing)
{
	int			ticks = (int) rint(drawing->top / drawing->step);

	for (int i = 0; i <= ticks; i++)
		put_value_tick(drawing, drawing->step * i);
	appendStringInfo(drawing->out, "<text class=\"tick\" x=\"%d\" y=\"12\" text-anchor=\"end\">%s</text>\n", LEFT - 6,
					 strcmp(drawing->unit, "per second") == 0 ? "/ s" :
					 strcmp(drawing->unit, "count") == 0 ? "" : drawing->unit);
}

/* Ticks are where the wall's clock shows round times: zones are whole quarters of an hour apart. */
static void
put_time_axis(const Drawing *drawing)
{
	const FqlTrend *trend = drawing->trend;
	int64		step = time_step(trend->seconds);
	double		back = (double) (trend->end % (step * USECS_PER_SEC)) / USECS_PER_SEC;

	for (; back <= trend->seconds; back += (double) step)
	{
		double		x = x_of(drawing, trend->seconds - back);

		appendStringInfo(drawing->out, "<path class=\"axis\" d=\"M%.1f %dv5\"/><text class=\"tick\" x=\"%.1f\" "
						 "y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, BOTTOM, Min(x, RIGHT - 12), BOTTOM + 18,
						 fql_figure_clock(trend->end - (TimestampTz) (back * USECS_PER_SEC), step < 60));
	}
}

static void
put_axes(const Drawing *drawing)
{
	put_value_axis(drawing);
	put_time_axis(drawing);
	appendStringInfo(drawing->out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, BOTTOM, RIGHT);
}

/*
 * Series
 */

/* A line through the values; it is broken where there are none. */
static void
put_line(const Drawing *drawing, int series)
{
	const double *values = drawing->chart->series[series].values;
	bool		is_open = false;

	appendStringInfo(drawing->out, "<path class=\"line c%d\" d=\"", series);
	for (int i = 0; i < drawing->trend->count; i++)
	{
		const FqlTrendInterval *interval = &drawing->trend->intervals[i];

		if (!isnan(values[i]) && !is_open)
			appendStringInfo(drawing->out, "M%.1f %.1f", x_of(drawing, interval->from), y_of(drawing, values[i]));
		is_open = !isnan(values[i]);
		if (is_open)
			appendStringInfo(drawing->out, "L%.1f %.1f", x_of(drawing, interval->until), y_of(drawing, values[i]));
	}
	appendStringInfoString(drawing->out, "\"/>\n");
}

/* Where the area of a series ends, from left to right, or back. */
static void
put_edge(const Drawing *drawing, const double *heights, bool backwards)
{
	int			count = drawing->trend->count;

	for (int i = 0; i < count; i++)
	{
		int			at = backwards ? count - 1 - i : i;
		const FqlTrendInterval *interval = &drawing->trend->intervals[at];
		double		y = y_of(drawing, heights[at]);

		if (!backwards && at == 0)
			appendStringInfo(drawing->out, "M%.1f %.1f", x_of(drawing, interval->from), y);
		appendStringInfo(drawing->out, "L%.1f %.1f", x_of(drawing, interval->until), y);
		if (backwards && at == 0)
			appendStringInfo(drawing->out, "L%.1f %.1f", x_of(drawing, interval->from), y);
	}
}

/* The area between what is below and the series on top of it. */
static void
put_area(const Drawing *drawing, int series)
{
	const double *values = drawing->chart->series[series].values;
	int			count = drawing->trend->count;
	double	   *heights = palloc(count * sizeof(double));

	for (int i = 0; i < count; i++)
		heights[i] = drawing->floors[i] + (isnan(values[i]) ? 0 : values[i]);
	appendStringInfo(drawing->out, "<path class=\"area c%d\" d=\"", series);
	put_edge(drawing, heights, false);
	put_edge(drawing, drawing->floors, true);
	appendStringInfoString(drawing->out, "Z\"/>\n");
	memcpy(drawing->floors, heights, count * sizeof(double));
	pfree(heights);
}

static void
put_series(const Drawing *drawing)
{
	for (int series = 0; series < FQL_CHART_SERIES && drawing->chart->series[series].name != NULL; series++)
		if (drawing->chart->is_stacked)
			put_area(drawing, series);
		else
			put_line(drawing, series);
}

/* Those that the picture reaches up to. */
static void
put_marks(const Drawing *drawing)
{
	for (int i = 0; i < FQL_CHART_MARKS && drawing->chart->marks[i].name != NULL; i++)
	{
		const FqlChartMark *mark = &drawing->chart->marks[i];
		double		y = y_of(drawing, mark->value);

		if (mark->value <= 0 || mark->value > drawing->top)
			continue;
		appendStringInfo(drawing->out, "<path class=\"mark\" d=\"M%d %.1fH%d\"/><text class=\"tick over\" x=\"%d\" "
						 "y=\"%.1f\">", LEFT, y, RIGHT, LEFT + 4, y - 4);
		fql_html_append(drawing->out, mark->name);
		appendStringInfoString(drawing->out, "</text>\n");
	}
}

/*
 * Legend
 */

static char *
figure(const FqlChart *chart, double value)
{
	switch (chart->unit)
	{
		case FQL_UNIT_RATIO:
			return fql_figure_percent(value);
		case FQL_UNIT_BYTES:
			return fql_figure_bytes(value);
		case FQL_UNIT_MILLISECONDS:
			return fql_figure_duration(value);
		case FQL_UNIT_PER_SECOND:
			return fql_figure_rate(value);
		case FQL_UNIT_COUNT:
			break;
	}
	return fql_figure_count(value);
}

static void
put_legend_row(const Drawing *drawing, int series)
{
	const double *values = drawing->chart->series[series].values;
	const char *kind = drawing->chart->is_stacked ? "area" : "line";
	double		least = NAN;
	double		most = NAN;

	for (int i = 0; i < drawing->trend->count; i++)
	{
		least = fmin(least, values[i]);
		most = fmax(most, values[i]);
	}
	appendStringInfo(drawing->out, "<tr><th scope=\"row\"><svg class=\"swatch\" viewBox=\"0 0 20 8\" "
					 "aria-hidden=\"true\"><path class=\"%s c%d\" d=\"%s\"/></svg>", kind, series,
					 drawing->chart->is_stacked ? "M0 0H20V8H0Z" : "M0 4H20");
	fql_html_append(drawing->out, drawing->chart->series[series].name);
	appendStringInfo(drawing->out, "</th><td>%s</td><td>%s</td><td>%s</td></tr>\n",
					 figure(drawing->chart, values[drawing->trend->count - 1]), figure(drawing->chart, least),
					 figure(drawing->chart, most));
}

static void
put_legend(const Drawing *drawing)
{
	appendStringInfoString(drawing->out, "<table class=\"legend\"><thead><tr><td></td><th scope=\"col\">last</th>"
						   "<th scope=\"col\">least</th><th scope=\"col\">most</th></tr></thead><tbody>\n");
	for (int series = 0; series < FQL_CHART_SERIES && drawing->chart->series[series].name != NULL; series++)
		put_legend_row(drawing, series);
	appendStringInfoString(drawing->out, "</tbody></table>\n");
}

/* The picture; its title is the figure's heading. */
static void
put_picture(Drawing *drawing)
{
	appendStringInfo(drawing->out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
					 "aria-labelledby=\"%s-title\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT, drawing->chart->id);
	put_axes(drawing);
	put_series(drawing);
	put_marks(drawing);
	appendStringInfoString(drawing->out, "</svg>\n");
}

void
fql_chart_append(StringInfo out, const FqlChart *chart, const FqlTrend *trend)
{
	Drawing		drawing = {.out = out, .chart = chart, .trend = trend};

	appendStringInfo(out, "<figure id=\"%s\"><h3 id=\"%s-title\">", chart->id, chart->id);
	fql_html_append(out, chart->title);
	appendStringInfoString(out, "</h3>\n");
	if (trend->count == 0)
		appendStringInfoString(out, "<p class=\"empty\">No samples yet.</p>\n");
	else
	{
		drawing.floors = palloc0(trend->count * sizeof(double));
		choose_scale(&drawing);
		put_picture(&drawing);
		put_legend(&drawing);
	}
	appendStringInfoString(out, "<figcaption>");
	fql_html_append(out, chart->caption);
	appendStringInfoString(out, "</figcaption></figure>\n");
}
