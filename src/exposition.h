/*
 * exposition.h
 *    Metrics being put down: as text that Prometheus reads, or as rows.
 */
#ifndef FQL_EXPOSITION_H
#define FQL_EXPOSITION_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/execnodes.h"

#define FQL_METRIC_LABELS 2

/* What tells apart the samples of a family; those without a name come last, or there are none. */
typedef struct FqlMetricLabels
{
	struct
	{
		const char *name;
		const char *value;
	}			label[FQL_METRIC_LABELS];
} FqlMetricLabels;

typedef struct FqlExposition
{
	StringInfo	text;			/* one of the two is NULL */
	ReturnSetInfo *rows;
	const char *name;			/* of the family that samples are put into */
	const char *type;
	const char *help;
} FqlExposition;

/* A metric begins; all are literals.  Its name stands without the prefix fraiseql_. */
extern void fql_exposition_begin(FqlExposition *out, const char *name, const char *type, const char *help);

/* A sample of it; NaN: there is none.  labels may be NULL. */
extern void fql_exposition_put(FqlExposition *out, const FqlMetricLabels *labels, double value);

#endif							/* FQL_EXPOSITION_H */
