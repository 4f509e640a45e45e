/*
 * restrict.c
 *    Which rows of its relation can a scan return at most, told by equality with values of a column set?
 *
 * A scan whose conditions hold every column of a readable set (colsets.h) to a value returns rows with these values
 * and no others, so its output depends on nothing else in the relation: not on rows that have other values, and on
 * those that have these whether or not they exist yet.  Whatever other conditions there are can only make it fewer.
 * What is said here of a plan's conditions holds for every row that the node returns, because the executor checks
 * each of them, by the index or after it:
 *
 *   SeqScan             qual
 *   IndexScan           indexqualorig, qual
 *   IndexOnlyScan       indexqual, qual
 *   BitmapHeapScan      bitmapqualorig, qual; also a child that is a single BitmapIndexScan has its indexqualorig
 *
 * An AND is as good as the best set that its members fill together: a unique set (one row) before others, then the
 * one with the most columns.  An OR returns the rows of all its arms, so it needs a set of each; it serves where the
 * members beside it fill none.  SQL leaves open in which order conditions are evaluated, and so whether a row outside
 * the restriction may raise an error in one of them; an answer that was computed without such an error is right
 * without, and one that was computed with it, because a function caught it, is not kept (observe.c).
 *
 * The result points into the plan and lives as long as that.  Plan time calls this for plans that are only being
 * considered (precise.c), so nothing here looks at the executor.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"

#include "colsets.h"
#include "restrict.h"
#include "restrict_internal.h"

/* More sets than this are no longer a restriction: an OR of many arms.  Elements of arrays do not count here. */
#define MAX_SETS 1000

/* What the members of one AND say. */
typedef struct Conjunction
{
	FqlRestrictedColumn *columns;	/* by position among the hashed columns; column 0: not restricted */
	List	   *disjunctions;	/* of List *: arms of each OR among the members */
} Conjunction;

/*
 * Conjunctions
 */

/* One value before a list of them, null before a list; of the same kind those that can be evaluated early. */
static bool
is_better(const FqlRestrictedColumn *candidate, const FqlRestrictedColumn *present)
{
	static const int order[] = {[FQL_VALUE_ONE] = 0, [FQL_VALUE_NULL] = 1, [FQL_VALUE_ANY] = 2};

	if (present->column == 0)
		return true;
	if (candidate->kind != present->kind)
		return order[candidate->kind] < order[present->kind];
	return candidate->is_eager && !present->is_eager;
}

static void
add_clause(const FqlScanClauses *scan, Conjunction *conjunction, Node *clause, bool is_computed)
{
	FqlRestrictedColumn restricted;
	ListCell   *cell;
	int			position;

	if (clause == NULL)
		return;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (IsA(clause, List))
	{
		foreach(cell, (List *) clause)
			add_clause(scan, conjunction, lfirst(cell), is_computed);
		return;
	}
	if (IsA(clause, BoolExpr) && ((BoolExpr *) clause)->boolop == AND_EXPR)
	{
		add_clause(scan, conjunction, (Node *) ((BoolExpr *) clause)->args, is_computed);
		return;
	}
	if (IsA(clause, BoolExpr) && ((BoolExpr *) clause)->boolop == OR_EXPR)
	{
		conjunction->disjunctions = lappend(conjunction->disjunctions, ((BoolExpr *) clause)->args);
		return;
	}
	position = fql_restrict_by_clause(scan, clause, is_computed, &restricted);
	if (position >= 0 && is_better(&restricted, &conjunction->columns[position]))
		conjunction->columns[position] = restricted;
}

static void
start_conjunction(const FqlScanClauses *scan, Conjunction *conjunction)
{
	conjunction->columns = palloc0(Max(scan->sets->column_count, 1) * sizeof(FqlRestrictedColumn));
	conjunction->disjunctions = NIL;
}

/*
 * Sets
 */

static bool
is_filled(const FqlColumnSet *set, const Conjunction *conjunction)
{
	if (!set->is_readable)
		return false;
	for (int i = 0; i < set->count; i++)
		if (conjunction->columns[set->members[i]].column == 0)
			return false;
	return true;
}

/* The best of the sets that the conjunction fills, or NULL. */
static const FqlColumnSet *
choose_set(const FqlScanClauses *scan, const Conjunction *conjunction)
{
	const FqlColumnSet *best = NULL;

	for (int i = 0; i < scan->sets->set_count; i++)
	{
		const FqlColumnSet *set = &scan->sets->sets[i];

		if (!is_filled(set, conjunction))
			continue;
		if (best == NULL || (set->is_unique && !best->is_unique) ||
			(set->is_unique == best->is_unique && set->count > best->count))
			best = set;
	}
	return best;
}

static FqlRestrictedSet *
restricted_set(const FqlColumnSet *set, const Conjunction *conjunction)
{
	FqlRestrictedSet *restricted = palloc0(sizeof(FqlRestrictedSet));

	restricted->base = set->base;
	restricted->bits = set->bits;
	restricted->count = set->count;
	restricted->columns = palloc(set->count * sizeof(FqlRestrictedColumn));
	for (int i = 0; i < set->count; i++)
		restricted->columns[i] = conjunction->columns[set->members[i]];
	return restricted;
}

static bool find_cover(const FqlScanClauses *scan, const Conjunction *conjunction, List **cover);

/* Sets that hold every row of an OR.  False: some arm has none, or there are too many. */
static bool
find_cover_of_arms(const FqlScanClauses *scan, List *arms, List **cover)
{
	ListCell   *cell;

	*cover = NIL;
	foreach(cell, arms)
	{
		Conjunction conjunction;
		List	   *sets;

		start_conjunction(scan, &conjunction);
		add_clause(scan, &conjunction, lfirst(cell), false);
		if (!find_cover(scan, &conjunction, &sets) || list_length(*cover) + list_length(sets) > MAX_SETS)
			return false;
		*cover = list_concat(*cover, sets);
	}
	return true;
}

/* Sets that hold every row of a conjunction. */
static bool
find_cover(const FqlScanClauses *scan, const Conjunction *conjunction, List **cover)
{
	const FqlColumnSet *set = choose_set(scan, conjunction);
	bool		is_found = false;
	ListCell   *cell;

	check_stack_depth();
	*cover = NIL;
	if (set != NULL)
	{
		*cover = list_make1(restricted_set(set, conjunction));
		return true;
	}
	foreach(cell, conjunction->disjunctions)
	{
		List	   *sets;

		if (!find_cover_of_arms(scan, lfirst(cell), &sets))
			continue;
		if (!is_found || list_length(sets) < list_length(*cover))
			*cover = sets;
		is_found = true;
	}
	return is_found;
}

/*
 * Scans
 */

/* What a node demands of its rows.  False: no node that is known here. */
static bool
add_scan(FqlScanClauses *clauses, Conjunction *conjunction, const Scan *scan)
{
	switch (nodeTag(scan))
	{
		case T_SeqScan:
			break;
		case T_IndexScan:
			add_clause(clauses, conjunction, (Node *) ((const IndexScan *) scan)->indexqualorig, true);
			break;
		case T_IndexOnlyScan:
			clauses->index_columns = ((const IndexOnlyScan *) scan)->indextlist;
			add_clause(clauses, conjunction, (Node *) ((const IndexOnlyScan *) scan)->indexqual, true);
			break;
		case T_BitmapHeapScan:
			/* under BitmapAnd and BitmapOr an index may never be looked at; a partial index's predicate never is */
			if (scan->plan.lefttree != NULL && IsA(scan->plan.lefttree, BitmapIndexScan))
				add_clause(clauses, conjunction,
						   (Node *) ((BitmapIndexScan *) scan->plan.lefttree)->indexqualorig, true);
			add_clause(clauses, conjunction, (Node *) ((const BitmapHeapScan *) scan)->bitmapqualorig, false);
			break;
		default:
			return false;
	}
	add_clause(clauses, conjunction, (Node *) scan->plan.qual, false);
	return true;
}

/* The sets as they are now: looking at catalogs may renew what fql_column_sets() returned. */
static FqlColumnSets *
copy_sets(const FqlColumnSets *sets)
{
	FqlColumnSets *copy = palloc(sizeof(FqlColumnSets));

	*copy = *sets;
	copy->columns = palloc(Max(sets->column_count, 1) * sizeof(FqlHashedColumn));
	copy->sets = palloc(Max(sets->set_count, 1) * sizeof(FqlColumnSet));
	if (sets->column_count > 0)
		memcpy(copy->columns, sets->columns, sets->column_count * sizeof(FqlHashedColumn));
	if (sets->set_count > 0)
		memcpy(copy->sets, sets->sets, sets->set_count * sizeof(FqlColumnSet));
	return copy;
}

/* Note each parameter in a value once. */
static bool
add_parameters(Node *node, void *context)
{
	FqlRestriction *restriction = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		restriction->parameters = list_append_unique(restriction->parameters, node);
	else if (IsA(node, Param))
		restriction->arguments = list_append_unique(restriction->arguments, node);
	return expression_tree_walker(node, add_parameters, context);
}

static FqlRestriction *
restriction_to(List *sets)
{
	FqlRestriction *restriction = palloc0(sizeof(FqlRestriction));
	ListCell   *cell;

	restriction->sets = sets;
	restriction->is_eager = true;
	foreach(cell, sets)
	{
		FqlRestrictedSet *set = lfirst(cell);

		for (int i = 0; i < set->count; i++)
		{
			restriction->is_eager = restriction->is_eager && set->columns[i].is_eager;
			(void) add_parameters((Node *) set->columns[i].value, restriction);
		}
	}
	return restriction;
}

FqlRestriction *
fql_restriction_of_scan(const Scan *scan, Relation relation)
{
	FqlScanClauses clauses = {0};
	Conjunction conjunction;
	List	   *cover;

	clauses.relation = scan->scanrelid;
	clauses.sets = copy_sets(fql_column_sets(relation));
	start_conjunction(&clauses, &conjunction);
	if (!add_scan(&clauses, &conjunction, scan) || !find_cover(&clauses, &conjunction, &cover))
		return NULL;
	return restriction_to(cover);
}
