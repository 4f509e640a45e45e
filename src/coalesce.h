/*
 * coalesce.h
 *    One execution for all who miss the same answer at the same time: who executes, who waits, and for what.
 *
 * A herd is the processes that want the answer to one key now.  Its leader executes; its followers wait until that
 * execution has ended.  A process is in one herd at most, so there is nothing to pass around: these functions are about
 * the herd that this process is in.
 *
 *   fql_coalesce_join()  ── ALONE: execute; nobody waits
 *                        ── LEADER: look again, execute, fql_coalesce_end()
 *                        ── FOLLOWER: fql_coalesce_wait(), look again; then fql_coalesce_leave(), or
 *                           fql_coalesce_go_on(), which gives one of the three again
 *
 * When the call has ended, be it by an error, fql_coalesce_call_ends().
 */
#ifndef FQL_COALESCE_H
#define FQL_COALESCE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

#include "cache.h"
#include "histogram.h"

typedef enum FqlHerdRole
{
	FQL_HERD_ALONE,				/* in no herd */
	FQL_HERD_LEADER,
	FQL_HERD_FOLLOWER
} FqlHerdRole;

/* How an execution ended, for the herd. */
typedef enum FqlExecutionEnd
{
	FQL_END_KEPT,				/* there is an answer in the cache */
	FQL_END_HANDED_TO_ALL,		/* likewise, for this herd alone (fql_vary_hand_over()) */
	FQL_END_HANDED_TO_EARLIER,	/* likewise, for those who had joined before this execution began */
	FQL_END_OVERTAKEN,			/* by a write: another execution may have more luck */
	FQL_END_REFUSED,			/* such an answer cannot be shared */
	FQL_END_FAILED				/* the leader has had an error, or an answer, that is its own */
} FqlExecutionEnd;

/* May this process wait for another one's execution without a danger of deadlock? */
extern bool fql_coalesce_may_wait(void);

/* Join the herd of this hash.  One that may not wait is never a follower. */
extern FqlHerdRole fql_coalesce_join(uint64 hash, bool may_wait);

/*
 * Wait until the execution that is under way has ended.  False: fraiseql.coalesce_timeout is over for this call, and
 * the process is alone, or leads.  *handed_over: 0, or the number of an execution whose answer was left for it.
 */
extern bool fql_coalesce_wait(uint64 *handed_over);

/* A follower whom what has ended did not serve; in another herd, if the hash is no longer that of its herd. */
extern FqlHerdRole fql_coalesce_go_on(uint64 hash);

/* Who does not execute, follower or leader; "served": it has got its answer without. */
extern void fql_coalesce_leave(bool served);

extern bool fql_coalesce_leads(void);

/*
 * For the leader: the number of its execution, if somebody is there who could take an answer that is left for all, or
 * for those who had joined before it began; else 0.
 */
extern uint64 fql_coalesce_execution(bool for_all);

/*
 * For the leader: wake the followers.  The leader is in no herd afterwards.  "left": where the answer that was handed
 * over is.
 */
extern void fql_coalesce_end(FqlExecutionEnd how, const FqlPlace *left);

/* In no herd any more; who leads still has failed. */
extern void fql_coalesce_call_ends(void);

/* Totals since the last reset, and what is under way. */
typedef struct FqlCoalescingTotals
{
	uint64		in_flight;		/* executions under way that others can wait for */
	uint64		waiting;		/* calls that wait now */
	uint64		executions;		/* by leaders, by who could not share, and by followers in the end */
	FqlDurations waited;		/* of calls that waited for another one's execution */
	uint64		saved;			/* of these, answered without executing */
	uint64		waits;			/* a call may wait more than once */
	uint64		timeouts;
	uint64		takeovers;		/* a follower led on after the leader had failed */
	uint64		handed_over;	/* answers left for a herd alone */
	TimestampTz reset_at;
} FqlCoalescingTotals;

extern void fql_coalesce_totals(FqlCoalescingTotals *totals);
extern void fql_coalesce_reset_totals(void);

/* What is under way, and since the server's start, whatever was reset: executions, saved, and how many waited. */
extern void fql_coalesce_totals_ever(FqlCoalescingTotals *totals);

extern Size fql_coalesce_shmem_size(void);
extern void fql_coalesce_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_COALESCE_H */
