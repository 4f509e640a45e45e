/*
 * columns.c
 *    Which columns of its relation does each scan of a plan read?
 *
 * An UPDATE that changes only columns that an answer never read leaves the answer valid.  What was read cannot be
 * told from the scans alone: the planner often lets a scan return all columns, because handing on the stored row is
 * cheaper than to pick from it.  So this analysis goes from the top of the finished plan down: of each node it knows
 * which of its outputs (by number, resno) somebody above looks at, and derives which outputs of its children are
 * looked at.
 *
 * The argument is an induction from the leaves.  Two executions of the plan over tables that differ in columns
 * called unread alone return, from each node, rows that agree in number, order and every output called used:
 *
 *  - a scan returns the rows that meet its conditions, all of whose columns count as read.  Conditions that are not
 *    in the plan because a partial index implies them count too: the columns of its predicate;
 *  - a node that computes its outputs (joins, Result, aggregation, windows) uses its children in its conditions and
 *    keys, all of which count, and in its outputs.  An output that is not used may be left out only if it is a bare
 *    column.  Anything more is evaluated, so it might fail, or, if it returns sets, make rows;
 *  - a node that hands rows on (Sort, Limit, Material, Append, ...) uses its keys beyond what is used of it, by the
 *    same numbers;
 *  - any other node, and an expression that is not understood, uses all outputs of all children.
 *
 * Order: a Sort counts its keys, but an index scan sorts without one.  Most who need an order name its keys
 * themselves (MergeJoin, Group, Unique, WindowAgg, MergeAppend, ordered aggregates); a subquery with ORDER BY, below
 * LIMIT or json_agg(), does not.  But what a query sorts by stands in its targetlist, or equals by one of its
 * conditions what stands there, and so in that of the scan.  Hence the key columns that an ordered index scan
 * returns are read, whether or not somebody above looks at them.  (To look for the planner's marks, ressortgroupref,
 * would not do: they go when the planner drops a trivial SubqueryScan.)  An order that the query does not ask for is
 * not promised by SQL, nor here.
 *
 * Stored values that are only carried along do not count, compressed and out-of-line ones included: nothing looks
 * inside.  What is decided before a row is looked at, such as which partitions are scanned, depends on parameters,
 * and these on outputs that count where they are computed (nestParams, arguments of subplans, all outputs of init
 * plans and CTEs).  A row that moves to another partition comes and goes.
 *
 * Everything allocated here goes to the current memory context.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "access/sysattr.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "columns.h"

/* Outputs of a node, by number. */
typedef struct Outputs
{
	bool		all;
	Bitmapset  *some;			/* unless all */
} Outputs;

/* What the expressions and keys of one node read, by where the node finds it. */
typedef struct Reads
{
	Index		scanned;		/* what the node scans, by its number in the range table; 0: nothing */
	List	   *index_columns;	/* of TargetEntry: what INDEX_VAR stands for */
	Outputs		from_scan;
	Outputs		from_outer;
	Outputs		from_inner;
} Reads;

/* The result while it grows. */
typedef struct Walk
{
	FqlColumns *columns;		/* by plan_node_id; what was not met reads everything */
	int			count;
	int			capacity;
} Walk;

static const Outputs everything = {.all = true};

/* The one place that sets a node's result. */
static void
set_columns(Walk *walk, const Plan *plan, FqlColumns columns)
{
	int			number = plan->plan_node_id;

	if (number < 0)
		return;
	if (number >= walk->capacity)
	{
		int			capacity = Max(16, walk->capacity);

		while (capacity <= number)
			capacity = (int) Min((int64) capacity * 2, (int64) INT_MAX);
		walk->columns = walk->columns == NULL ? palloc(mul_size(capacity, sizeof(FqlColumns))) :
			repalloc(walk->columns, mul_size(capacity, sizeof(FqlColumns)));
		for (int i = walk->capacity; i < capacity; i++)
			walk->columns[i] = FQL_COLUMNS_ALL;
		walk->capacity = capacity;
	}
	walk->columns[number] = columns;
	walk->count = Max(walk->count, number + 1);
}

/*
 * Sets of outputs
 */

static void
add_output(Outputs *outputs, int number)
{
	/* 0 is the whole row; below it there is nothing that a child could be asked for */
	if (number <= 0)
		outputs->all = true;
	else
		outputs->some = bms_add_member(outputs->some, number);
}

/* The columns that a node sorts, groups or compares by. */
static void
add_keys(Outputs *outputs, int count, const AttrNumber *keys)
{
	for (int i = 0; i < count; i++)
		add_output(outputs, keys[i]);
}

/* What was read of a relation, as the bits that words and writers know. */
static FqlColumns
columns_of(const Outputs *outputs)
{
	FqlColumns	columns = FQL_COLUMNS_NONE;
	int			column = -1;

	if (outputs->all)
		return FQL_COLUMNS_ALL;
	while ((column = bms_next_member(outputs->some, column)) >= 0)
		columns |= fql_column_bit((AttrNumber) column);
	return columns;
}

/*
 * Expressions
 */

static bool read_walker(Node *node, void *context);

static void
read_expression(Reads *reads, void *expression)
{
	(void) read_walker((Node *) expression, reads);
}

/* Something is not as the server's sources say. */
static void
read_everything(Reads *reads)
{
	reads->from_scan.all = reads->from_outer.all = reads->from_inner.all = true;
}

/* A column of the index, in an index-only scan: what it is made of. */
static void
read_index_column(Reads *reads, AttrNumber number)
{
	ListCell   *cell;

	foreach(cell, reads->index_columns)
	{
		TargetEntry *entry = lfirst(cell);

		if (entry->resno == number)
		{
			read_expression(reads, entry->expr);
			return;
		}
	}
	read_everything(reads);
}

static void
read_var(Reads *reads, const Var *var)
{
	if (var->varno == OUTER_VAR)
		add_output(&reads->from_outer, var->varattno);
	else if (var->varno == INNER_VAR)
		add_output(&reads->from_inner, var->varattno);
	else if (var->varno == INDEX_VAR)
		read_index_column(reads, var->varattno);
	else if (reads->scanned == 0 || var->varno != (int) reads->scanned || var->varlevelsup != 0)
		read_everything(reads);
	else if (var->varattno != TableOidAttributeNumber)	/* no UPDATE changes that */
		add_output(&reads->from_scan, var->varattno);
}

/* Finds columns in subplans' arguments and in aggregates' ORDER BY and FILTER as well. */
static bool
read_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		read_var(context, (Var *) node);
		return false;
	}
	return expression_tree_walker(node, read_walker, context);
}

/* The outputs that are used, or evaluated for more than a copy; and the conditions, which always count. */
static void
read_projection(Reads *reads, const Plan *plan, const Outputs *used)
{
	ListCell   *cell;

	foreach(cell, plan->targetlist)
	{
		TargetEntry *entry = lfirst(cell);

		if (entry->expr == NULL)
			continue;
		if (used->all || !IsA(entry->expr, Var) || bms_is_member(entry->resno, used->some))
			read_expression(reads, entry->expr);
	}
	read_expression(reads, plan->qual);
}

/*
 * Scans of relations
 */

/* Is this output of an index scan one that the index sorts by? */
static bool
is_index_key(const FormData_pg_index *index, const Var *var)
{
	if (var->varno == INDEX_VAR)
		return var->varattno <= index->indnkeyatts;
	for (int i = 0; i < index->indnkeyatts; i++)
	{
		if (index->indkey.values[i] == var->varattno)
			return true;
	}
	return false;
}

/* See the banner, "Order". */
static void
read_order(Reads *reads, const Plan *plan, Relation index)
{
	ListCell   *cell;

	if (!index->rd_indam->amcanorder)
		return;
	foreach(cell, plan->targetlist)
	{
		TargetEntry *entry = lfirst(cell);

		if (entry->expr != NULL && IsA(entry->expr, Var) && is_index_key(index->rd_index, (Var *) entry->expr))
			read_expression(reads, entry->expr);
	}
}

/* What the choice of the index alone makes a scan read. */
static void
read_index(Reads *reads, const Plan *plan, Oid indexid)
{
	Relation	index = index_open(indexid, AccessShareLock);
	Index		scanned = reads->scanned;

	read_order(reads, plan, index);

	/* a condition that the predicate implies is left out of the plan; in the predicate, the relation is number 1 */
	reads->scanned = 1;
	read_expression(reads, RelationGetIndexPredicate(index));
	reads->scanned = scanned;
	index_close(index, AccessShareLock);
}

/* The columns that decide about the bits of a bitmap: the heap scan above reads them. */
static FqlColumns
visit_bitmap(Walk *walk, Plan *plan)
{
	FqlColumns	columns = FQL_COLUMNS_NONE;
	List	   *children;
	ListCell   *cell;

	check_stack_depth();
	if (IsA(plan, BitmapIndexScan))
	{
		BitmapIndexScan *scan = (BitmapIndexScan *) plan;
		Reads		reads = {.scanned = scan->scan.scanrelid};

		/* indexqual is the same in terms of the index */
		read_expression(&reads, scan->indexqualorig);
		read_index(&reads, plan, scan->indexid);
		columns = columns_of(&reads.from_scan);
		set_columns(walk, plan, columns);
		return columns;
	}
	if (!IsA(plan, BitmapAnd) && !IsA(plan, BitmapOr))
	{
		set_columns(walk, plan, FQL_COLUMNS_ALL);
		return FQL_COLUMNS_ALL;
	}
	children = IsA(plan, BitmapAnd) ? ((BitmapAnd *) plan)->bitmapplans : ((BitmapOr *) plan)->bitmapplans;
	foreach(cell, children)
		columns |= visit_bitmap(walk, lfirst(cell));
	set_columns(walk, plan, FQL_COLUMNS_NONE);
	return columns;
}

static void
visit_relation_scan(Walk *walk, Plan *plan, const Outputs *used)
{
	Reads		reads = {.scanned = ((Scan *) plan)->scanrelid};
	FqlColumns	columns = FQL_COLUMNS_NONE;

	if (IsA(plan, IndexScan))
	{
		IndexScan  *scan = (IndexScan *) plan;

		/* indexqual and indexorderby are the same in terms of the index */
		read_expression(&reads, scan->indexqualorig);
		read_expression(&reads, scan->indexorderbyorig);
		read_index(&reads, plan, scan->indexid);
	}
	else if (IsA(plan, IndexOnlyScan))
	{
		IndexOnlyScan *scan = (IndexOnlyScan *) plan;

		reads.index_columns = scan->indextlist;
		read_expression(&reads, scan->indexqual);
		read_expression(&reads, scan->recheckqual);
		read_expression(&reads, scan->indexorderby);
		read_index(&reads, plan, scan->indexid);
	}
	else if (IsA(plan, BitmapHeapScan))
	{
		read_expression(&reads, ((BitmapHeapScan *) plan)->bitmapqualorig);
		columns = visit_bitmap(walk, outerPlan(plan));
	}
	read_projection(&reads, plan, used);
	set_columns(walk, plan, columns | columns_of(&reads.from_scan));
}

/*
 * Other nodes
 */

static void visit(Walk *walk, Plan *plan, const Outputs *used);

static void
visit_list(Walk *walk, List *plans, const Outputs *used)
{
	ListCell   *cell;

	foreach(cell, plans)
		visit(walk, lfirst(cell), used);
}

/* What is scanned is the outputs of a plan. */
static void
visit_subquery(Walk *walk, Plan *plan, const Outputs *used)
{
	Reads		reads = {.scanned = ((Scan *) plan)->scanrelid};

	read_projection(&reads, plan, used);
	visit(walk, ((SubqueryScan *) plan)->subplan, &reads.from_scan);
}

static void
read_join(Reads *reads, const Plan *plan)
{
	ListCell   *cell;

	read_expression(reads, ((Join *) plan)->joinqual);
	if (IsA(plan, NestLoop))
	{
		foreach(cell, ((NestLoop *) plan)->nestParams)
			read_expression(reads, ((NestLoopParam *) lfirst(cell))->paramval);
	}
	else if (IsA(plan, MergeJoin))
		read_expression(reads, ((MergeJoin *) plan)->mergeclauses);
	else
	{
		read_expression(reads, ((HashJoin *) plan)->hashclauses);
		read_expression(reads, ((HashJoin *) plan)->hashkeys);
	}
}

/* Further grouping sets are done by the nodes of the chain, over the same input, which they may sort anew. */
static void
read_grouping_sets(Reads *reads, const Agg *first)
{
	ListCell   *cell;

	add_keys(&reads->from_outer, first->numCols, first->grpColIdx);
	foreach(cell, first->chain)
	{
		Agg		   *agg = lfirst_node(Agg, cell);
		Plan	   *input = outerPlan(agg);

		add_keys(&reads->from_outer, agg->numCols, agg->grpColIdx);
		if (input == NULL)
			continue;
		if (IsA(input, Sort) && outerPlan(input) == NULL)
			add_keys(&reads->from_outer, ((Sort *) input)->numCols, ((Sort *) input)->sortColIdx);
		else
			read_everything(reads);
	}
}

/*
 * runCondition is not looked at: it compares results of window functions that this node computes, which always count,
 * with expressions without columns.
 */
static void
read_window(Reads *reads, const WindowAgg *window)
{
	add_keys(&reads->from_outer, window->partNumCols, window->partColIdx);
	add_keys(&reads->from_outer, window->ordNumCols, window->ordColIdx);
	read_expression(reads, window->startOffset);
	read_expression(reads, window->endOffset);
}

/* Nodes that compute their outputs from their children's. */
static void
visit_projecting(Walk *walk, Plan *plan, const Outputs *used)
{
	Reads		reads = {0};

	read_projection(&reads, plan, used);
	switch (nodeTag(plan))
	{
		case T_Result:
			read_expression(&reads, ((Result *) plan)->resconstantqual);
			break;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			read_join(&reads, plan);
			break;
		case T_Agg:
			read_grouping_sets(&reads, (Agg *) plan);
			break;
		case T_Group:
			add_keys(&reads.from_outer, ((Group *) plan)->numCols, ((Group *) plan)->grpColIdx);
			break;
		case T_WindowAgg:
			read_window(&reads, (WindowAgg *) plan);
			break;
		default:
			break;
	}
	visit(walk, outerPlan(plan), &reads.from_outer);
	visit(walk, innerPlan(plan), &reads.from_inner);
}

/* The keys of a node that hands rows on. */
static void
read_passing(Reads *reads, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Hash:
			read_expression(reads, ((Hash *) plan)->hashkeys);
			break;
		case T_Memoize:
			read_expression(reads, ((Memoize *) plan)->param_exprs);
			break;
		case T_Sort:
		case T_IncrementalSort:
			add_keys(&reads->from_outer, ((Sort *) plan)->numCols, ((Sort *) plan)->sortColIdx);
			break;
		case T_Unique:
			add_keys(&reads->from_outer, ((Unique *) plan)->numCols, ((Unique *) plan)->uniqColIdx);
			break;
		case T_Limit:
			/* WITH TIES */
			add_keys(&reads->from_outer, ((Limit *) plan)->uniqNumCols, ((Limit *) plan)->uniqColIdx);
			read_expression(reads, ((Limit *) plan)->limitOffset);
			read_expression(reads, ((Limit *) plan)->limitCount);
			break;
		case T_MergeAppend:
			add_keys(&reads->from_outer, ((MergeAppend *) plan)->numCols, ((MergeAppend *) plan)->sortColIdx);
			break;
		default:
			break;
	}
}

/* Nodes that hand rows on: their outputs are their children's, by number; their targetlists are for EXPLAIN. */
static void
visit_passing(Walk *walk, Plan *plan, const Outputs *used)
{
	Reads		reads = {0};

	reads.from_outer.all = used->all;
	reads.from_outer.some = bms_copy(used->some);
	read_expression(&reads, plan->qual);
	read_passing(&reads, plan);
	if (IsA(plan, Append))
		visit_list(walk, ((Append *) plan)->appendplans, &reads.from_outer);
	else if (IsA(plan, MergeAppend))
		visit_list(walk, ((MergeAppend *) plan)->mergeplans, &reads.from_outer);
	else
		visit(walk, outerPlan(plan), &reads.from_outer);
}

/* Nodes that compare, keep or do with their rows what is not known here. */
static void
visit_whole(Walk *walk, Plan *plan)
{
	visit(walk, outerPlan(plan), &everything);
	visit(walk, innerPlan(plan), &everything);
	if (IsA(plan, CustomScan))
		visit_list(walk, ((CustomScan *) plan)->custom_plans, &everything);
}

/* One node, of whose outputs these are used, and everything below it. */
static void
visit(Walk *walk, Plan *plan, const Outputs *used)
{
	if (plan == NULL)
		return;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	set_columns(walk, plan, FQL_COLUMNS_NONE);
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
			visit_relation_scan(walk, plan, used);
			break;
		case T_SubqueryScan:
			visit_subquery(walk, plan, used);
			break;
		case T_FunctionScan:
		case T_ValuesScan:
		case T_CteScan:
		case T_WorkTableScan:
			/* no relation, no child: a CTE's plan is among the subplans, a work table's below its RecursiveUnion */
			break;
		case T_Result:
		case T_ProjectSet:
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
		case T_Agg:
		case T_Group:
		case T_WindowAgg:
			visit_projecting(walk, plan, used);
			break;
		case T_Append:
		case T_MergeAppend:
		case T_Hash:
		case T_Material:
		case T_Memoize:
		case T_Sort:
		case T_IncrementalSort:
		case T_Unique:
		case T_Limit:
			visit_passing(walk, plan, used);
			break;
		case T_SetOp:
		case T_RecursiveUnion:
			/* they compare whole rows, or put them into a work table */
			visit_whole(walk, plan);
			break;
		default:
			set_columns(walk, plan, FQL_COLUMNS_ALL);
			visit_whole(walk, plan);
			break;
	}
}

/* Of init plans, subplans and CTEs all outputs count: who looks at them is not followed. */
FqlColumns *
fql_columns_read(const PlannedStmt *statement, int *count)
{
	Walk		walk = {0};

	visit(&walk, statement->planTree, &everything);
	visit_list(&walk, statement->subplans, &everything);
	*count = walk.count;
	return walk.columns;
}
