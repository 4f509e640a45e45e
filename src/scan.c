/*
 * scan.c
 *    Watching the scans of a running plan: with which values was each one restricted?
 *
 * After ExecutorStart every scan of a tracked relation gets a function of ours around its own (ExecSetExecProcNode).
 * Whenever the scan is asked for a row, that function makes sure that the answer depends on the rows which the scan
 * can return with the parameters it has now: on the tags of its restriction (restrict.c), or, where it has none, on
 * the relation as a whole.  Parameters of a scan change only between the calls (ExecProcNode() rescans a node whose
 * parameters changed before it calls it), so looking once each call misses none; values that are as they were the
 * last time cost a comparison.
 *
 * Why that is enough: what a plan returns is determined by what its scans return, and a scan that is called again
 * with the same parameters returns the same while no row of its restriction changes.  By induction over the calls in
 * their order: if nothing that the first n calls depend on has changed, the same plan run now makes the same first n
 * calls and gets the same rows, so it makes the same next call.  So a scan that is never called (an inner side
 * without outer rows, a partition pruned while running, a subplan that no row needs, whatever is below a LIMIT that
 * was reached) contributes nothing, and neither do repetitions that Memoize, Material or a CTE answer from memory.
 * That another plan might be chosen now does not matter: it returns the same rows, in an order that the query leaves
 * open.
 *
 * Values are evaluated once more for this (scan_values.c).  Eager ones (restrict.h) before the scan runs, others
 * after it, because then the scan has evaluated them itself.  A parameter that an init plan has yet to compute is not
 * ours to ask for, since that would run what the query might never run: the scan goes first, and if it did without
 * the parameter, nothing is known about its rows.  Likewise an argument that a PL/pgSQL record may be unable to give.
 *
 * A cursor may outlive the observation in which it was opened, so each watched execution remembers the observation's
 * number; when that is over, the scans just run.  Records live in the executor state's own memory and leave the list
 * below when that goes, be it by an error.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columns.h"
#include "restrict.h"
#include "scan.h"
#include "scan_internal.h"
#include "trigger.h"

/* One run of a plan. */
typedef struct WatchedExecution
{
	dlist_node	link;
	EState	   *state;
	uint64		observation;	/* its number */
	FqlColumns *columns;		/* that its nodes read, by plan_node_id */
	int			count;
	FqlWatchedScan **scans;		/* by plan_node_id; NULL: no scan that is watched */
	MemoryContextCallback at_end;
} WatchedExecution;

/* Those under way, the one that ran last first. */
static dlist_head executions = DLIST_STATIC_INIT(executions);

static TupleTableSlot *watch_call(PlanState *node);

static WatchedExecution *
find_execution(const EState *state)
{
	dlist_iter	iter;

	dlist_foreach(iter, &executions)
	{
		WatchedExecution *execution = dlist_container(WatchedExecution, link, iter.cur);

		if (execution->state == state)
		{
			dlist_move_head(&executions, &execution->link);
			return execution;
		}
	}
	elog(ERROR, "fraiseql: no record of an execution that is watched");
}

/* The observation under way that has the number, or NULL: it is over. */
static FqlObservation *
find_observation(uint64 number)
{
	FqlObservation *observation = fql_observation();

	while (observation != NULL && observation->number != number)
		observation = observation->outer;
	return observation;
}

/*
 * Calls
 */

/* No more is to be learned from this scan.  A function that others have put around ours meanwhile stays. */
static void
leave_alone(FqlWatchedScan *scan)
{
	scan->is_done = true;
	if (scan->node->ExecProcNodeReal == watch_call)
		ExecSetExecProcNode(scan->node, scan->original);
}

/* Any row of the relation counts. */
static void
depend_on_relation(FqlWatchedScan *scan, FqlObservation *observation)
{
	fql_depend_on_relation(observation->dependencies, scan->relation, scan->columns);
	if (observation->purpose == FQL_TO_EXPLAIN)
		fql_trace_relation(observation, scan);
	leave_alone(scan);
}

/* Depend on what the scan can return with its present parameters, unless that has been done. */
static void
depend_on_values(FqlWatchedScan *scan, FqlObservation *observation)
{
	if (fql_scan_has_same_values(scan))
		return;
	if (!fql_scan_depend_on_rows(scan, observation))
		depend_on_relation(scan, observation);
	else if (scan->parameter_count == 0)
		leave_alone(scan);
}

/* A scan that is watched is asked for its next row. */
static TupleTableSlot *
watch_call(PlanState *node)
{
	WatchedExecution *execution = find_execution(node->state);
	FqlWatchedScan *scan = execution->scans[node->plan->plan_node_id];
	FqlObservation *observation = scan->is_done ? NULL : find_observation(execution->observation);
	bool		is_early = true;
	TupleTableSlot *slot;

	if (observation != NULL && scan->restriction == NULL)
		depend_on_relation(scan, observation);
	else if (observation != NULL)
	{
		is_early = scan->restriction->is_eager && fql_scan_has_values(scan);
		if (is_early)
			depend_on_values(scan, observation);
	}
	slot = scan->original(node);
	if (is_early)
		return slot;
	if (fql_scan_has_values(scan))
		depend_on_values(scan, observation);
	else
		depend_on_relation(scan, observation);
	return slot;
}

/*
 * Set-up
 */

/* The execution's memory goes: before that, leave the list. */
static void
forget_execution(void *argument)
{
	dlist_delete(&((WatchedExecution *) argument)->link);
}

static WatchedExecution *
add_execution(EState *state, const FqlObservation *observation, FqlColumns *columns, int count)
{
	WatchedExecution *execution = palloc0(sizeof(WatchedExecution));

	execution->state = state;
	execution->observation = observation->number;
	execution->columns = columns;
	execution->count = count;
	execution->scans = palloc0(Max(count, 1) * sizeof(FqlWatchedScan *));
	execution->at_end.func = forget_execution;
	execution->at_end.arg = execution;
	dlist_push_head(&executions, &execution->link);
	MemoryContextRegisterResetCallback(state->es_query_cxt, &execution->at_end);
	return execution;
}

/* Put our function around the scan's own. */
static void
watch_scan(WatchedExecution *execution, ScanState *node)
{
	Relation	relation = node->ss_currentRelation;
	int			id = node->ps.plan->plan_node_id;
	FqlWatchedScan *scan;

	if (node->ps.ExecProcNodeReal == watch_call || !fql_relation_is_tracked(relation))
		return;
	if (id < 0 || id >= execution->count)
		elog(ERROR, "fraiseql: plan node %d is not among the %d of its statement", id, execution->count);
	scan = palloc0(sizeof(FqlWatchedScan));
	scan->node = &node->ps;
	scan->original = node->ps.ExecProcNodeReal;
	scan->relation = RelationGetRelid(relation);
	scan->columns = execution->columns[id];
	scan->restriction = fql_restriction_of_scan((const Scan *) node->ps.plan, relation);
	if (scan->restriction != NULL)
	{
		ListCell   *cell;

		foreach(cell, scan->restriction->sets)
			scan->columns |= ((FqlRestrictedSet *) lfirst(cell))->bits;
		fql_scan_prepare_values(scan);
	}
	execution->scans[id] = scan;
	ExecSetExecProcNode(&node->ps, watch_call);
}

/* Each scan below the node, init plans and subplans included. */
static bool
watch_node(PlanState *node, void *context)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_SeqScanState:
		case T_IndexScanState:
		case T_IndexOnlyScanState:
		case T_BitmapHeapScanState:
			watch_scan(context, (ScanState *) node);
			break;
		default:
			break;
	}
	return planstate_tree_walker(node, watch_node, context);
}

void
fql_scans_watch(QueryDesc *query, FqlObservation *observation)
{
	MemoryContext previous;
	WatchedExecution *execution;
	FqlColumns *columns;
	ListCell   *cell;
	int			count;

	if (observation->reason != FQL_REASON_NONE && observation->purpose != FQL_TO_EXPLAIN)
		return;
	previous = MemoryContextSwitchTo(query->estate->es_query_cxt);
	columns = fql_columns_read(query->plannedstmt, &count);
	execution = add_execution(query->estate, observation, columns, count);
	(void) watch_node(query->planstate, execution);
	/* nodes reach all of their subplans; should a kind of node hide one, it is here */
	foreach(cell, query->estate->es_subplanstates)
		(void) watch_node(lfirst(cell), execution);
	MemoryContextSwitchTo(previous);
}
