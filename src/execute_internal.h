/*
 * execute_internal.h
 *    What execute.c and share.c know of one call.
 */
#ifndef FQL_EXECUTE_INTERNAL_H
#define FQL_EXECUTE_INTERNAL_H

#include "postgres.h"

#include "cache.h"
#include "core/collect.h"
#include "observe.h"
#include "request.h"
#include "vary.h"

/* What a look-up that found no answer leaves to the fill. */
typedef struct FqlProbe
{
	FqlKey	   *key;			/* NULL: the answer is not to be kept */
	FqlPlace	place;			/* of the answer that was found */
	FqlVary		vary;			/* the settings that the operation is known to vary on */
} FqlProbe;

/* An execution whose answer may be kept. */
typedef struct FqlFill
{
	const FqlRequest *request;
	const FqlSelectedField *fields;
	const FqlProbe *probe;
	bool		started;		/* start-up was over before s0 was read */
	FqlObservation observation;
	FqlAnswer	answer;
	bool		clean;			/* no error is in it */
	FqlReason	kept;			/* FQL_REASON_NONE: it is; or why not */
} FqlFill;

/* What decides which entries this caller may be served. */
extern FqlReader fql_execute_reader(void);

/* What forbids keeping an answer that was computed like this, or FQL_REASON_NONE. */
extern FqlReason fql_execute_rejection(const FqlObservation *observation, bool clean);

/* Are the definitions still those that the request was validated under? */
extern bool fql_execute_definitions_hold(const FqlRequest *request);

#endif							/* FQL_EXECUTE_INTERNAL_H */
