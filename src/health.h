/*
 * health.h
 *    Is the cache well?  The background worker judges once a second; everybody may ask.
 */
#ifndef FQL_HEALTH_H
#define FQL_HEALTH_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

#include "health_checks.h"
#include "samples.h"

/* How one check stands. */
typedef struct FqlCheckState
{
	double		value;			/* NaN: not known, as after too few calls */
	int			severity;		/* steps that it has taken, after hysteresis; 0: all is well */
	int			rises;			/* judgements in a row by which it would be worse, and by all of which so severe */
	int			rise_to;
	int			falls;			/* likewise, better, and to this */
	int			fall_to;
	TimestampTz since;			/* when the severity became this; 0: it never was another */
	int			logged;			/* the severity that the server's log knows of */
	TimestampTz logged_at;
} FqlCheckState;

/* A judgement, and the figures that it was made by. */
typedef struct FqlHealth
{
	TimestampTz at;				/* 0: none has been made */
	double		clock;			/* then too, or at the server's start, by fql_monotonic_ms() */
	FqlHealthStatus status;
	TimestampTz since;
	double		seconds;		/* that the figures are of */
	uint64		counted[FQL_SAMPLE_VALUES]; /* in these, or at their end */
	FqlCheckState checks[FQL_CHECK_COUNT];
} FqlHealth;

/* The worker, after each sample: judge, and log alerts that have come or gone. */
extern void fql_health_judge(void);

/* The last judgement; without a worker that makes them, that is what is wrong. */
extern void fql_health_get(FqlHealth *health);

/* The check's alert, for its severity. */
extern FqlAlertLevel fql_health_level(const FqlHealth *health, FqlCheck check);

/* How many checks have this level. */
extern int	fql_health_alerts(const FqlHealth *health, FqlAlertLevel level);

/* Calls a second that read, transactions a second that write, and both. */
extern double fql_health_reads(const FqlHealth *health);
extern double fql_health_writes(const FqlHealth *health);

/* Hits among calls that asked the cache; removed answers a call that did; NaN: too few did. */
extern double fql_health_hit_rate(const FqlHealth *health);
extern double fql_health_invalidation_rate(const FqlHealth *health);

/* The part of fraiseql.breaking_point_qps that is left, 0 to 1; NaN without a judgement. */
extern double fql_health_headroom(const FqlHealth *health);

/* What to do about a check that is not well, or what would help most; a literal. */
extern const char *fql_health_advice(const FqlHealth *health, FqlCheck check);
extern const char *fql_health_first_advice(const FqlHealth *health);

extern Size fql_health_shmem_size(void);
extern void fql_health_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_HEALTH_H */
