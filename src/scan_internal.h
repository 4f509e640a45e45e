/*
 * scan_internal.h
 *    What scan.c, scan_values.c and scan_trace.c share.
 */
#ifndef FQL_SCAN_INTERNAL_H
#define FQL_SCAN_INTERNAL_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "observe.h"
#include "restrict.h"

/* A parameter that values depend on, and what it was when they were last evaluated. */
typedef struct FqlWatchedParameter
{
	int			id;
	int16		length;
	bool		by_value;
	bool		isnull;
	Datum		value;
} FqlWatchedParameter;

/* How to evaluate the value of one restricted column, and what it is now. */
typedef struct FqlWatchedColumn
{
	const FqlRestrictedColumn *restricted;
	ExprState  *expression;
	FmgrInfo	hash;
	int16		length;			/* of the values' type */
	bool		by_value;
	char		alignment;
	int			count;
	Datum	   *values;
	bool		isnull;
} FqlWatchedColumn;

typedef struct FqlWatchedSet
{
	const FqlRestrictedSet *restricted;
	FqlWatchedColumn *columns;
} FqlWatchedSet;

/* One scan node. */
typedef struct FqlWatchedScan
{
	PlanState  *node;
	ExecProcNodeMtd original;
	Oid			relation;
	FqlColumns	columns;		/* that are read, for values or otherwise */
	FqlRestriction *restriction;	/* NULL: any row */
	bool		is_done;		/* all that it can ever depend on is known */
	bool		is_evaluated;	/* "parameters" say with which */
	ExprContext *context;
	MemoryContext remembered;	/* holds the parameters' values */
	int			parameter_count;
	FqlWatchedParameter *parameters;
	int			set_count;
	FqlWatchedSet *sets;
} FqlWatchedScan;

/* Get ready to evaluate the values of "restriction".  The current memory context is the execution's. */
extern void fql_scan_prepare_values(FqlWatchedScan *scan);

/* Can the values be evaluated now, without an error and without running any part of the plan for them? */
extern bool fql_scan_has_values(const FqlWatchedScan *scan);

/* Have they been, with the parameters as they are? */
extern bool fql_scan_has_same_values(const FqlWatchedScan *scan);

/* Depend on the rows that the scan can return with the present values.  False: they cannot all be named. */
extern bool fql_scan_depend_on_rows(FqlWatchedScan *scan, FqlObservation *observation);

/* For explain: any row of the scan's relation; the rows with the values numbered "chosen" in each column of the set. */
extern void fql_trace_relation(FqlObservation *observation, const FqlWatchedScan *scan);
extern void fql_trace_rows(FqlObservation *observation, const FqlWatchedScan *scan, const FqlWatchedSet *set,
						   const int *chosen);

#endif							/* FQL_SCAN_INTERNAL_H */
