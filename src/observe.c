/*
 * observe.c
 *    What a fill reads, seen by the executor hook, and whether its answer may be kept (I4).
 *
 * A cache is only as right as its dependencies, and the text of a query cannot tell them: views, row security
 * policies and functions hide tables.  So while an answer is being computed, ExecutorStart examines every plan that
 * this backend starts: the generated statement's own, and those that functions in it run.  Each base relation that a
 * plan scans must be tracked; each expression is checked (purity.c); each kind of plan node is known by name here,
 * and one that is not known forbids keeping the answer.  Then the plan's scans are watched while it runs (scan.c),
 * and each adds the tags of what it was asked for.
 *
 * The whole plan is examined, also the parts that run-time pruning or an early stop may skip: a reason too many costs
 * a miss, one too few would cost the truth.  Parts that the planner proved irrelevant are gone from the plan; what it
 * proved that from are definitions, and those are under the schema's tag.
 *
 * Parallel plans: workers run functions in other processes, where this hook sees no observation.  The generated
 * statement never runs parallel (exec.c), and a function's query that does forbids keeping the answer.
 *
 * A materialized view has no triggers and needs none: its rows change only by REFRESH, which touches the relation as a
 * whole (ddl.c).
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "guc.h"
#include "observe.h"
#include "purity.h"
#include "scan.h"
#include "trigger.h"
#include "vary.h"

static ExecutorStart_hook_type previous_executor_start = NULL;

/* The innermost observation under way, or NULL. */
static FqlObservation *current = NULL;

void
fql_observe_begin(FqlObservation *observation, FqlPurpose purpose)
{
	static uint64 number = 0;

	memset(observation, 0, sizeof(*observation));
	observation->outer = current;
	observation->purpose = purpose;
	observation->number = ++number;
	observation->context = CurrentMemoryContext;
	observation->dependencies = fql_dependencies_create(CurrentMemoryContext, fql_cache_max_tags);
	observation->started = fql_dependencies_create(CurrentMemoryContext, 0);
	current = observation;
}

void
fql_observe_end(FqlObservation *observation)
{
	Assert(current == observation);
	current = observation->outer;
}

FqlObservation *
fql_observation(void)
{
	return current;
}

void
fql_observe_reject(FqlObservation *observation, FqlReason reason, const char *detail)
{
	if (observation->reason != FQL_REASON_NONE)
		return;
	observation->reason = reason;
	if (detail != NULL)
		observation->detail = MemoryContextStrdup(observation->context, detail);
}

/*
 * Relations
 */

/* What an open relation that a plan scans means for the answer. */
static void
observe_relation(FqlObservation *observation, Relation relation)
{
	if (relation->rd_rel->relkind == RELKIND_MATVIEW)
	{
		fql_depend_on_relation(observation->dependencies, RelationGetRelid(relation), FQL_COLUMNS_ALL);
		return;
	}
	if (relation->rd_rel->relkind == RELKIND_SEQUENCE)
		fql_observe_reject(observation, FQL_REJECTED_SEQUENCE, RelationGetRelationName(relation));
	else if (relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		fql_observe_reject(observation, FQL_REJECTED_TEMPORARY, RelationGetRelationName(relation));
	else if (!fql_relation_is_tracked(relation))
		fql_observe_reject(observation, FQL_REJECTED_UNTRACKED, RelationGetRelationName(relation));
	/* a session's temporary table may inherit from it, and is then seen by that session alone */
	if (relation->rd_rel->relkind == RELKIND_RELATION && relation->rd_rel->relhassubclass)
		observation->may_meet_temporary = true;
}

/* The executor holds its lock on every relation that it scans. */
static void
observe_scan(FqlObservation *observation, const PlannedStmt *statement, const Scan *scan)
{
	RangeTblEntry *entry = rt_fetch(scan->scanrelid, statement->rtable);
	Relation	relation;

	if (entry->rtekind != RTE_RELATION)
	{
		fql_observe_reject(observation, FQL_REJECTED_PLAN, NULL);
		return;
	}
	relation = table_open(entry->relid, NoLock);
	observe_relation(observation, relation);
	table_close(relation, NoLock);
}

/*
 * Expressions
 */

/* A system column other than tableoid tells where a row lies and who locks it, which changes without a trigger. */
static bool
has_physical_column(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		AttrNumber	column = ((Var *) node)->varattno;

		return column < 0 && column != TableOidAttributeNumber;
	}
	return expression_tree_walker(node, has_physical_column, context);
}

static void
observe_expression(FqlObservation *observation, Node *expression)
{
	FqlImpurity impurity = {0};
	ListCell   *cell;

	if (expression == NULL || observation->reason != FQL_REASON_NONE)
		return;
	fql_purity_of_expression(expression, &impurity);
	foreach(cell, impurity.settings)
		fql_vary_observe(observation, lfirst(cell));
	list_free_deep(impurity.settings);
	observation->may_meet_temporary = observation->may_meet_temporary || impurity.depends_on_names;
	observation->own_functions = list_concat_unique_oid(observation->own_functions, impurity.own_functions);
	observation->parses_text = observation->parses_text || impurity.parses_text;
	if (impurity.reason != FQL_REASON_NONE)
		fql_observe_reject(observation, impurity.reason,
			   OidIsValid(impurity.function) ? get_func_name(impurity.function) : NULL);
	else if (has_physical_column(expression, NULL))
		fql_observe_reject(observation, FQL_REJECTED_PLAN, "system column");
}

void
fql_observe_input(Oid type)
{
	FqlImpurity impurity = {0};

	if (current == NULL)
		return;
	fql_purity_of_input(type, &impurity);
	if (impurity.reason != FQL_REASON_NONE)
		fql_observe_reject(current, impurity.reason, get_func_name(impurity.function));
}

/* Executions that this backend has started. */
static uint64 executions = 0;

uint64
fql_observe_executions(void)
{
	return executions;
}

bool
fql_observe_saw_nested(void)
{
	return current != NULL && current->plans > 1;
}

/*
 * Plans
 */

static void observe_plan(FqlObservation *observation, const PlannedStmt *statement, Plan *plan);

static void
observe_plans(FqlObservation *observation, const PlannedStmt *statement, List *plans)
{
	ListCell   *cell;

	foreach(cell, plans)
		observe_plan(observation, statement, lfirst(cell));
}

/* Scans: the relation, and the expressions beside targetlist and qual. */
static bool
observe_scan_node(FqlObservation *observation, const PlannedStmt *statement, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			observe_scan(observation, statement, (Scan *) plan);
			return true;
		case T_IndexScan:
			observe_scan(observation, statement, (Scan *) plan);
			observe_expression(observation, (Node *) ((IndexScan *) plan)->indexqualorig);
			observe_expression(observation, (Node *) ((IndexScan *) plan)->indexorderbyorig);
			return true;
		case T_IndexOnlyScan:
			observe_scan(observation, statement, (Scan *) plan);
			observe_expression(observation, (Node *) ((IndexOnlyScan *) plan)->indexqual);
			observe_expression(observation, (Node *) ((IndexOnlyScan *) plan)->indexorderby);
			return true;
		case T_BitmapIndexScan:
			observe_scan(observation, statement, (Scan *) plan);
			observe_expression(observation, (Node *) ((BitmapIndexScan *) plan)->indexqualorig);
			return true;
		case T_BitmapHeapScan:
			observe_scan(observation, statement, (Scan *) plan);
			observe_expression(observation, (Node *) ((BitmapHeapScan *) plan)->bitmapqualorig);
			return true;
		case T_SampleScan:
			fql_observe_reject(observation, FQL_REJECTED_SAMPLE, NULL);
			return true;
		case T_ForeignScan:
		case T_CustomScan:
			fql_observe_reject(observation, FQL_REJECTED_FOREIGN, NULL);
			return true;
		default:
			return false;
	}
}

/* Sources of rows that are not relations. */
static bool
observe_source_node(FqlObservation *observation, const PlannedStmt *statement, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			observe_expression(observation, ((Result *) plan)->resconstantqual);
			return true;
		case T_SubqueryScan:
			observe_plan(observation, statement, ((SubqueryScan *) plan)->subplan);
			return true;
		case T_FunctionScan:
			observe_expression(observation, (Node *) ((FunctionScan *) plan)->functions);
			return true;
		case T_ValuesScan:
			observe_expression(observation, (Node *) ((ValuesScan *) plan)->values_lists);
			return true;
		case T_CteScan:
		case T_WorkTableScan:
			return true;
		default:
			return false;
	}
}

static bool
observe_join_node(FqlObservation *observation, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_NestLoop:
			break;
		case T_MergeJoin:
			observe_expression(observation, (Node *) ((MergeJoin *) plan)->mergeclauses);
			break;
		case T_HashJoin:
			observe_expression(observation, (Node *) ((HashJoin *) plan)->hashclauses);
			break;
		default:
			return false;
	}
	observe_expression(observation, (Node *) ((Join *) plan)->joinqual);
	return true;
}

/* Nodes that combine the rows of their children. */
static bool
observe_set_node(FqlObservation *observation, const PlannedStmt *statement, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			observe_plans(observation, statement, ((Append *) plan)->appendplans);
			return true;
		case T_MergeAppend:
			observe_plans(observation, statement, ((MergeAppend *) plan)->mergeplans);
			return true;
		case T_BitmapAnd:
			observe_plans(observation, statement, ((BitmapAnd *) plan)->bitmapplans);
			return true;
		case T_BitmapOr:
			observe_plans(observation, statement, ((BitmapOr *) plan)->bitmapplans);
			return true;
		case T_Agg:
			observe_plans(observation, statement, ((Agg *) plan)->chain);
			return true;
		case T_WindowAgg:
			observe_expression(observation, ((WindowAgg *) plan)->startOffset);
			observe_expression(observation, ((WindowAgg *) plan)->endOffset);
			observe_expression(observation, (Node *) ((WindowAgg *) plan)->runConditionOrig);
			return true;
		case T_Limit:
			observe_expression(observation, ((Limit *) plan)->limitOffset);
			observe_expression(observation, ((Limit *) plan)->limitCount);
			return true;
		case T_Memoize:
			observe_expression(observation, (Node *) ((Memoize *) plan)->param_exprs);
			return true;
		case T_ProjectSet:
		case T_RecursiveUnion:
		case T_Material:
		case T_Sort:
		case T_IncrementalSort:
		case T_Group:
		case T_Unique:
		case T_Hash:
		case T_SetOp:
			return true;
		default:
			return false;
	}
}

/* Nodes that forbid keeping the answer, each for a reason of its own. */
static void
observe_other_node(FqlObservation *observation, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_LockRows:
			fql_observe_reject(observation, FQL_REJECTED_ROW_LOCK, NULL);
			break;
		case T_ModifyTable:
			fql_observe_reject(observation, FQL_REJECTED_VOLATILE, NULL);
			break;
		case T_Gather:
		case T_GatherMerge:
			fql_observe_reject(observation, FQL_REJECTED_PARALLEL, NULL);
			break;
		default:
			/* TidScan, TableFuncScan, NamedTuplestoreScan, and whatever a later version adds */
			fql_observe_reject(observation, FQL_REJECTED_PLAN, NULL);
			break;
	}
}

/* One node and everything below it. */
static void
observe_plan(FqlObservation *observation, const PlannedStmt *statement, Plan *plan)
{
	if (plan == NULL || observation->reason != FQL_REASON_NONE)
		return;
	check_stack_depth();
	observe_expression(observation, (Node *) plan->targetlist);
	observe_expression(observation, (Node *) plan->qual);
	if (!observe_scan_node(observation, statement, plan) &&
		!observe_source_node(observation, statement, plan) &&
		!observe_join_node(observation, plan) &&
		!observe_set_node(observation, statement, plan))
		observe_other_node(observation, plan);
	observe_plan(observation, statement, plan->lefttree);
	observe_plan(observation, statement, plan->righttree);
}

/* The plan knows functions by their hash values alone; PostgreSQL's hash of one OID is another for each OID. */
static bool
is_own_function(const FqlObservation *observation, const PlanInvalItem *item)
{
	ListCell   *cell;

	foreach(cell, observation->own_functions)
	{
		if (GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(lfirst_oid(cell))) == item->hashValue)
			return true;
	}
	return false;
}

/* A function of the user's had part in the plan, be it inlined: one that is none of ours in the examined plan. */
static bool
depends_on_function(const FqlObservation *observation, const PlannedStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->invalItems)
	{
		PlanInvalItem *item = lfirst(cell);

		if (item->cacheId == PROCOID && !is_own_function(observation, item))
			return true;
	}
	return false;
}

static void
observe_statement(FqlObservation *observation, const PlannedStmt *statement)
{
	observation->own_functions = NIL;
	if (statement->commandType != CMD_SELECT || statement->hasModifyingCTE)
		fql_observe_reject(observation, FQL_REJECTED_VOLATILE, NULL);
	else if (statement->parallelModeNeeded)
		fql_observe_reject(observation, FQL_REJECTED_PARALLEL, NULL);
	observe_plan(observation, statement, statement->planTree);
	observe_plans(observation, statement, statement->subplans);
	if (observation->plans > 1 || depends_on_function(observation, statement))
		observation->may_meet_temporary = true;
}

/* All that is known of a plan before it runs.  relationOids is all of its range table, views included. */
static void
examine(FqlObservation *observation, const PlannedStmt *statement)
{
	ListCell   *cell;

	observation->unseen++;
	foreach(cell, statement->relationOids)
		fql_depend_on_relation(observation->started, lfirst_oid(cell), FQL_COLUMNS_ALL);
	observe_statement(observation, statement);
	observation->unseen--;
}

/*
 * The plan is examined before it is started, so that what is known covers an error in which the start ends, too:
 * privileges are asked then, and partitions pruned.  Whoever starts a plan holds the locks on its relations.
 */
static void
executor_start(QueryDesc *query, int flags)
{
	FqlObservation *observation = current;
	const PlannedStmt *statement = query->plannedstmt;
	bool		is_watched = observation != NULL && observation->purpose != FQL_TO_ANSWER;

	executions++;
	if (observation != NULL)
		observation->plans++;
	if (is_watched)
		examine(observation, statement);
	if (previous_executor_start != NULL)
		previous_executor_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
	if (!is_watched)
		return;
	if (query->plannedstmt != statement)
		fql_observe_reject(observation, FQL_REJECTED_PLAN, NULL);
	fql_scans_watch(query, observation);
}

/*
 * An error that a function catches can show in the answer, and it may come from a row that the scan's restriction
 * leaves out: in which order conditions are evaluated is open.  So what a scan depends on is told only for scans that
 * end well (scan.c).  All languages catch errors by rolling back a subtransaction.  (So does exec.c, which sees to it
 * that its own do not count: there is no answer to keep then, and who hands it over depends on all relations.)
 */
static void
subtransaction_callback(SubXactEvent event, SubTransactionId self pg_attribute_unused(),
						SubTransactionId parent pg_attribute_unused(), void *arg pg_attribute_unused())
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	for (FqlObservation *observation = current; observation != NULL; observation = observation->outer)
	{
		if (observation->reason == FQL_REASON_NONE)
			observation->reason = FQL_REJECTED_CAUGHT_ERROR;
	}
}

void
fql_observe_init(void)
{
	RegisterSubXactCallback(subtransaction_callback, NULL);
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
}
