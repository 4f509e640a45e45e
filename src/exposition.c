/*
 * exposition.c
 *    Metrics being put down: as text that Prometheus reads, or as rows.
 *
 * The text is for who scrapes it as it is; the rows are for exporters, which ask by SQL and print by themselves.  One
 * list of metrics (metrics.c) makes both, so neither has what the other lacks.
 *
 * Values are doubles, as they are for Prometheus: a counter is exact up to 2^53.  Names, helps and the values of labels
 * are our own words, without anything that either form would have to escape.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "exposition.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#define PREFIX "fraiseql_"
#define SAMPLE_COLUMNS 5

void
fql_exposition_begin(FqlExposition *out, const char *name, const char *type, const char *help)
{
	out->name = name;
	out->type = type;
	out->help = help;
	if (out->text != NULL)
		appendStringInfo(out->text, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

/* Each label by the format, with commas between. */
static void
put_labels(StringInfo out, const FqlMetricLabels *labels, const char *format)
{
	for (int i = 0; labels != NULL && i < FQL_METRIC_LABELS && labels->label[i].name != NULL; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		appendStringInfo(out, format, labels->label[i].name, labels->label[i].value);
	}
}

/* Numbers are written without the session's settings. */
static void
put_line(StringInfo text, const char *name, const FqlMetricLabels *labels, double value)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	appendStringInfo(text, PREFIX "%s", name);
	if (labels != NULL)
	{
		appendStringInfoChar(text, '{');
		put_labels(text, labels, "%s=\"%s\"");
		appendStringInfoChar(text, '}');
	}
	double_to_shortest_decimal_buf(value, number);
	appendStringInfo(text, " %s\n", number);
}

static Datum
labels_as_jsonb(const FqlMetricLabels *labels)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	put_labels(&json, labels, "\"%s\":\"%s\"");
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

static void
put_row(const FqlExposition *out, const FqlMetricLabels *labels, double value)
{
	Datum		values[SAMPLE_COLUMNS];
	bool		nulls[SAMPLE_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(psprintf(PREFIX "%s", out->name));
	values[1] = labels_as_jsonb(labels);
	values[2] = Float8GetDatum(value);
	values[3] = CStringGetTextDatum(out->type);
	values[4] = CStringGetTextDatum(out->help);
	tuplestore_putvalues(out->rows->setResult, out->rows->setDesc, values, nulls);
}

void
fql_exposition_put(FqlExposition *out, const FqlMetricLabels *labels, double value)
{
	if (isnan(value))
		return;
	if (out->text != NULL)
		put_line(out->text, out->name, labels, value);
	else
		put_row(out, labels, value);
}
