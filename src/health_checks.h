/*
 * health_checks.h
 *    What is looked at to tell whether the cache is well: thresholds, units, words.
 */
#ifndef FQL_HEALTH_CHECKS_H
#define FQL_HEALTH_CHECKS_H

#include "postgres.h"

typedef enum FqlHealthStatus
{
	FQL_HEALTHY,
	FQL_DEGRADED,
	FQL_UNHEALTHY
} FqlHealthStatus;

typedef enum FqlAlertLevel
{
	FQL_ALERT_NONE,
	FQL_ALERT_WARNING,
	FQL_ALERT_CRITICAL
} FqlAlertLevel;

extern const char *fql_health_status_name(FqlHealthStatus status);
extern const char *fql_alert_level_name(FqlAlertLevel level);

/* health_checks.c has the words and thresholds of each; the order there must be this one. */
typedef enum FqlCheck
{
	FQL_CHECK_HIT_RATE,
	FQL_CHECK_INVALIDATION_RATE,
	FQL_CHECK_EVICTION_RATE,
	FQL_CHECK_CASCADE_FAILURE_RATE,
	FQL_CHECK_EXTRACTION_P99,
	FQL_CHECK_AUDIT_RECORDS,
	FQL_CHECK_IN_FLIGHT,
	FQL_CHECK_MEMORY,
	FQL_CHECK_QPS,
	FQL_CHECK_VERIFY_FAILURES,
	FQL_CHECK_WORKER,
	FQL_CHECK_COUNT
} FqlCheck;

#define FQL_CHECK_STEPS 3

typedef enum FqlCheckUnit
{
	FQL_UNIT_RATIO,				/* of 1; people read percents */
	FQL_UNIT_BYTES,
	FQL_UNIT_MILLISECONDS,
	FQL_UNIT_PER_SECOND,
	FQL_UNIT_COUNT
} FqlCheckUnit;

extern const char *fql_check_unit_name(FqlCheckUnit unit);

/* A threshold, and what it means to be past it. */
typedef struct FqlCheckStep
{
	const double *threshold;	/* a setting; NULL: there is no such step */
	FqlAlertLevel level;
	FqlHealthStatus status;
} FqlCheckStep;

typedef struct FqlCheckInfo
{
	const char *name;			/* as the view has it */
	const char *title;			/* as messages have it */
	FqlCheckUnit unit;
	double		scale;			/* from the threshold's setting to the value's unit */
	bool		is_low_bad;
	int			rise_after;		/* judgements in a row past a threshold, before it counts */
	int			sqlstate;
	FqlCheckStep steps[FQL_CHECK_STEPS];	/* each worse than the one before */
} FqlCheckInfo;

extern const FqlCheckInfo *fql_check_info(FqlCheck check);

/* The threshold of a step, in the value's unit. */
extern double fql_check_threshold(const FqlCheckInfo *info, int step);

/* The first step of a level, -1: there is none. */
extern int	fql_check_step(const FqlCheckInfo *info, FqlAlertLevel level);

/* How many steps the value has taken; with a margin, also those that it is back from by less than that part. */
extern int	fql_check_severity(const FqlCheckInfo *info, double value, double margin);

/* A value for people to read: "41.3 %", "12.0 GB"; palloc'ed. */
extern char *fql_check_figure(FqlCheckUnit unit, double value);

/* "hit rate is 41.3 % (critical below 60.0 %)"; palloc'ed */
extern char *fql_check_message(const FqlCheckInfo *info, double value, int severity);

#endif							/* FQL_HEALTH_CHECKS_H */
