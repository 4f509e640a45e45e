/*
 * observe.h
 *    What a fill reads, seen by the executor hook, and whether its answer may be kept.
 */
#ifndef FQL_OBSERVE_H
#define FQL_OBSERVE_H

#include "postgres.h"

#include "stats.h"

/* What has been seen since fql_observe_begin().  Lives in the caller's frame; arrays in the caller's context. */
typedef struct FqlObservation
{
	struct FqlObservation *outer;	/* the observation that this one is nested in */
	MemoryContext context;
	uint32	   *words;			/* tags of the relations that were read, each word once */
	int			word_count;
	int			word_capacity;
	FqlReason	reason;			/* FQL_REASON_NONE, or the first thing that forbids keeping the answer */
	char	   *detail;			/* the relation or function that gave the reason, or NULL */
	int			plans;			/* plans seen: more than one means that functions ran queries of their own */
	bool		may_meet_temporary;	/* a temporary object of a session could take part: in a function's body by
								 * search_path, or as a child of a scanned table */
} FqlObservation;

/*
 * From begin to end, every plan that this backend starts is examined.  They nest; end must run on error too
 * (PG_FINALLY).
 */
extern void fql_observe_begin(FqlObservation *observation);
extern void fql_observe_end(FqlObservation *observation);

/* A value of the type is read from text, outside any plan: forbids keeping the answer if that may read the clock. */
extern void fql_observe_input(Oid type);

/* Have functions run queries of their own since the innermost observation began, be it while planning? */
extern bool fql_observe_saw_nested(void);

/* Add a tag by hand. */
extern void fql_observe_word(FqlObservation *observation, uint32 word);

/* Install the executor hook. */
extern void fql_observe_init(void);

#endif							/* FQL_OBSERVE_H */
