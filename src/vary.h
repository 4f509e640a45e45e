/*
 * vary.h
 *    Answers that depend on settings: which settings an operation reads, and their values in its key.
 */
#ifndef FQL_VARY_H
#define FQL_VARY_H

#include "postgres.h"

#include "cache.h"
#include "key.h"
#include "observe.h"
#include "stats.h"

/* An answer that reads more settings than this is not kept. */
#define FQL_VARY_MAX 32

/* A setting and its value as current_setting() gives it; NULL: there is no such setting. */
typedef struct FqlSetting
{
	char	   *name;			/* lower case */
	char	   *value;
} FqlSetting;

/* What an operation varies on, as far as is known: sorted by name, each once. */
typedef struct FqlVary
{
	int			count;
	FqlSetting	settings[FQL_VARY_MAX];
} FqlVary;

/*
 * A plan reads the setting by that name: remember it with its value, or forbid keeping the answer.  Called for every
 * current_setting() with a constant name.
 */
extern void fql_vary_observe(FqlObservation *observation, const char *name);

/* After an observation has ended: forbid keeping the answer if what was read cannot be in a key. */
extern void fql_vary_check(FqlObservation *observation);

/*
 * The answer kept for the caller, palloc'ed, with the place where it was found, or NULL.  *vary becomes what is known,
 * with the values as of now.
 */
extern text *fql_vary_get(const FqlKey *key, const FqlReader *reader, FqlVary *vary, FqlPlace *place);

/*
 * Publish an answer that was computed after fql_vary_get() told "known"; FQL_REASON_NONE, or why not.  Takes what the
 * observation saw into account.
 */
extern FqlReason fql_vary_put(const FqlKey *key, const FqlVary *known, FqlObservation *observation,
							  const FqlAnswer *answer);

/*
 * The same for an answer that is left for the members of one herd (coalesce.c), by the number of its execution: nobody
 * else finds it.  *place: where it was put.
 */
extern FqlReason fql_vary_hand_over(const FqlKey *key, const FqlVary *known, FqlObservation *observation,
									FqlAnswer *answer, uint64 execution, FqlPlace *place);
extern text *fql_vary_get_handed_over(const FqlKey *key, const FqlReader *reader, uint64 execution);

/* Of the key with the values of what the operation is known to vary on. */
extern uint64 fql_vary_hash(const FqlKey *key, const FqlVary *vary);

#endif							/* FQL_VARY_H */
