/*
 * observe.h
 *    What a fill reads, seen by the executor hook, and whether its answer may be kept.
 */
#ifndef FQL_OBSERVE_H
#define FQL_OBSERVE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "dependencies.h"
#include "stats.h"

/* What an execution is for. */
typedef enum FqlPurpose
{
	FQL_TO_ANSWER,				/* the answer will not be kept, so nothing but nested queries is of interest */
	FQL_TO_KEEP,				/* a fill */
	FQL_TO_EXPLAIN				/* what a fill would do, with the trace */
} FqlPurpose;

/* One dependency as fraiseql.explain() shows it. */
typedef struct FqlTracedTag
{
	Oid			relation;
	int			column_count;	/* 0: any row of the relation */
	AttrNumber *columns;
	char	  **values;			/* as text, by column; NULL: null */
	FqlColumns	read;			/* the columns of the relation that this scan reads */
	char	   *node;			/* what EXPLAIN would call the scan: "Index Scan using tb_post_pkey on tb_post" */
} FqlTracedTag;

/* What has been seen since fql_observe_begin().  Lives in the caller's frame, what it points to in his context. */
typedef struct FqlObservation
{
	struct FqlObservation *outer;	/* the observation that this one is nested in */
	FqlPurpose	purpose;
	uint64		number;			/* tells this observation from every other of the backend */
	MemoryContext context;
	FqlDependencies *dependencies;
	FqlDependencies *started;	/* all relations of all plans that were started, as a whole */
	int			unseen;			/* things under way, or that an error has ended, of which is not seen what they read */
	bool		parses_text;	/* so is the parsing of SQL functions that are kept as text */
	List	   *settings;		/* FqlSetting * (vary.h): read by constant name */
	FqlReason	reason;			/* FQL_REASON_NONE, or the first thing that forbids keeping the answer */
	char	   *detail;			/* the relation or function that gave the reason, or NULL */
	List	   *own_functions;	/* Oid: those of this extension in the plan that is being examined */
	int			plans;			/* plans seen: more than one means that functions ran queries of their own */
	bool		may_meet_temporary;	/* a temporary object of a session could take part: in a function's body by
								 * search_path, or as a child of a scanned table */
	List	   *trace;			/* to explain: FqlTracedTag *, in the order in which they were met */
} FqlObservation;

/*
 * From begin to end, every plan that this backend starts is examined and watched.  They nest; end must run on error too
 * (PG_FINALLY).
 */
extern void fql_observe_begin(FqlObservation *observation, FqlPurpose purpose);
extern void fql_observe_end(FqlObservation *observation);

/* The innermost observation under way, or NULL. */
extern FqlObservation *fql_observation(void);

/* Forbid keeping the answer; the first reason stays.  "detail" may be NULL. */
extern void fql_observe_reject(FqlObservation *observation, FqlReason reason, const char *detail);

/* A value of the type is read from text, outside any plan: forbids keeping the answer if that may read the clock. */
extern void fql_observe_input(Oid type);

/* Have functions run queries of their own since the innermost observation began, be it while planning? */
extern bool fql_observe_saw_nested(void);

/* How many executions of plans this backend has started, observed or not. */
extern uint64 fql_observe_executions(void);

/* Install the executor hook. */
extern void fql_observe_init(void);

#endif							/* FQL_OBSERVE_H */
