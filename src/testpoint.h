/*
 * testpoint.h
 *    Places where a test can stop a process: FQL_TEST_POINT(name) is nothing, except in a build for tests.
 *
 * A race is a few instructions wide, and no test meets it by chance.  Where one could live there is a test point.  In a
 * library that was built with -DFRAISEQL_TEST_POINTS a process that was told to stops there until it is let go on;
 * in all others the macro leaves no trace.  How it waits, and how tests tell it: testpoint.c.
 */
#ifndef FQL_TESTPOINT_H
#define FQL_TESTPOINT_H

#include "postgres.h"

#ifdef FRAISEQL_TEST_POINTS

/* Each stands at exactly one place in the code. */
#define FQL_TEST_POINTS(X) \
	/* the way of a commit */ \
	X(fence_raised)				/* not visible yet */ \
	X(commit_visible)			/* XACT_EVENT_COMMIT: new snapshots see it */ \
	X(messages_pending)			/* right before the commit's invalidation messages are sent */ \
	X(before_tick)				/* messages out, locks released */ \
	X(ticked)					/* the clock has moved, the words have not */ \
	/* the way of a fill */ \
	X(joining)					/* looked up in vain; in no herd */ \
	X(following)				/* in a herd that another process leads; before it sleeps */ \
	X(missed)					/* validated and looked up, s0 not read */ \
	X(s0_read)					/* before invalidation messages are received */ \
	X(messages_received)		/* before the snapshot */ \
	X(snapshot_taken)			/* before execution */ \
	X(executed)					/* before the schema's word is looked at */ \
	X(schema_checked)			/* before the words are looked at, and blocks are reserved */ \
	X(reserved)					/* before anything is written into the blocks */ \
	X(entities_hold)			/* nothing was invalidated by hand; before the store's lock */ \
	X(publishing)				/* under the store's lock: in the queue, not in a bucket */ \
	X(execution_ends)			/* the leader is done; the herd is not told */ \
	/* the way of a hit */ \
	X(hit_found)				/* the entry holds; nothing of the answer is copied */ \
	/* making room, and the worker */ \
	X(evicting)					/* under the store's lock: chosen, the hand has moved on */ \
	X(removing)					/* under the store's lock: taken from readers, still in bucket and queue */ \
	X(reclaiming)				/* the worker has found a dead entry, and holds no lock */ \
	X(found_live)				/* the worker has found a live entry */ \
	X(removal_begins)			/* by hand: words have ticked, nothing is removed */ \
	X(links_met)				/* a piece of a chain of the reverse map was read, and no lock is held */ \
	X(renewing)					/* the worker is about to move the clock of a live entry */ \
	X(record_taken)				/* the worker has it from the queue, and not in the ring */ \
	/* the way of PREPARE TRANSACTION */ \
	X(slot_taken)				/* for this transaction; its words are not in it */ \
	X(slot_filled)				/* the fence on them is not up */ \
	X(prepare_fenced)			/* nothing is prepared */ \
	X(prepared)					/* nobody else may end it yet; the fence is the process's */ \
	X(handing_over)				/* the fence is the table's, without the transaction's id */ \
	/* the way of who finds that it has ended */ \
	X(found_ended)				/* not in progress, its lock was free */ \
	X(retiring)					/* the id is gone from the slot; no tick */ \
	X(retired)					/* ticked and lowered; the slot is not free */ \
	/* opening after the server's start */ \
	X(start_marked)				/* before the snapshot */ \
	X(start_snapshot_passed)	/* before the locks are looked at */ \
	X(start_passed)				/* they too have none from before the start; not said yet */ \
	/* in a function of the tests */ \
	X(messages_held)			/* under the lock that whoever sends invalidation messages needs */

typedef enum FqlTestPoint
{
#define FQL_TEST_POINT_MEMBER(name) FQL_AT_##name,
	FQL_TEST_POINTS(FQL_TEST_POINT_MEMBER)
#undef FQL_TEST_POINT_MEMBER
	FQL_TEST_POINT_COUNT
} FqlTestPoint;

/* Stop here if this process was told to.  Takes no lock, allocates nothing, does not fail. */
extern void fql_test_point_pass(FqlTestPoint point);

/* Ask for shared memory; while the library is preloaded. */
extern void fql_test_points_init(void);

#define FQL_TEST_POINT(name) fql_test_point_pass(FQL_AT_##name)
#define FQL_TEST_POINTS_INIT() fql_test_points_init()

#else

#define FQL_TEST_POINT(name) ((void) 0)
#define FQL_TEST_POINTS_INIT() ((void) 0)

#endif							/* FRAISEQL_TEST_POINTS */

#endif							/* FQL_TESTPOINT_H */
