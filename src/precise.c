/*
 * precise.c
 *    Plans chosen for precision: for fills, a plan with fewer scans of whole relations where it costs little more.
 *
 * The cheapest plan of a join often reads a whole relation to find a few rows of it: a hash join over a table of one
 * page.  Such an answer depends on every row of that relation, and the next write to any of them costs the entry.  A
 * nested loop that looks the rows up by value depends on these values only.  The planner cannot know that, so for a
 * fill the statement is planned again, in a way that makes scans that name no values dear.
 *
 * The way.  While the second plan is made, a set_rel_pathlist_hook adds a penalty to each path of a tracked relation
 * that restrict.c would call unrestricted, provided that the relation has another path: a relation that no clause can
 * restrict is read as a whole by every plan.  Everything else is left to the planner: which joins, in which order,
 * and whether a subquery is hashed.  Turning off hash joins, merge joins and sequential scans instead would be the
 * obvious way, but a hash join of two restricted scans is as precise as any other; a sequential scan with an equality
 * is precise too, and in a table of one page costs an eighth of an index scan; and an index-only scan of a whole
 * relation would pass.
 *
 * The penalty is twice what the second plan may cost.  So a plan below the limit has no penalty in it, and its cost
 * is true: nothing has to be subtracted, be it that LIMIT or a semi-join counts a part of a penalty only.  A plan
 * above the limit can be so because it has to pay a penalty: of two relations that can only be looked up through each
 * other, one comes first.  Or a relation is too large for look-ups, while others are not.  Then the relations that
 * the plan reads as a whole all the same are spared the penalty in a third and last attempt.  It is relations that
 * count, not scans: one scan of a whole relation makes all others of the same relation precise for nothing.
 *
 * Look-ups that are estimated to name more values than an entry may have tags (fraiseql.cache_max_tags) count as a
 * scan of the whole relation.  That also bounds what a high factor can cost: an entry's worth of look-ups.
 *
 * Why the factor defaults to 10.  PostgreSQL prices the scan of a one-page table at little more than 1 and a look-up
 * through an index at about 8, two pages read at random, where random_page_cost is 4.  So 10 is the smallest round
 * factor at which small tables, which are in memory, are looked up by value.
 *
 * Where plan kinds were turned off (enable_seqscan and its like) and the cheapest plan has one all the same, its cost
 * says nothing before PostgreSQL 18, and that plan is taken.
 *
 * Only our own statement is planned so, and only while it runs for a fill; it is recognized by its text.  Statements
 * of functions, which PL/pgSQL plans meanwhile and keeps for other callers, are planned as always, also those that
 * run within our planning because a function is folded into a constant.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/rel.h"

#include "colsets.h"
#include "compat.h"
#include "guc.h"
#include "precise.h"
#include "restrict.h"
#include "trigger.h"

/* What the server adds to the cost of a plan node that is turned off, up to PostgreSQL 17. */
#define DISABLED_COST 1.0e10

/* A planning with penalties that is under way. */
typedef struct Attempt
{
	double		factor;
	double		penalty;
	List	   *spared;			/* Oids of relations without a penalty */
	bool		enable_seqscan; /* as it was */
} Attempt;

/* What a finished plan reads as a whole. */
typedef struct Survey
{
	const PlannedStmt *statement;
	List	   *coarse;			/* Oids of tracked relations */
	Bitmapset  *hashed;			/* ids of subplans that are hashed, hence run without their parameters */
	bool		is_avoidable;	/* another plan might read fewer: a guess that errs by a planning in vain */
} Survey;

/* How a node of a plan is run, as far as the planner estimates it. */
typedef struct Setting
{
	double		calls;			/* how often */
	double		fraction;		/* of its rows are fetched each time: a LIMIT above it may stop early */
	bool		in_join;		/* below a join or in a hashed subplan: it might be restricted by it */
} Setting;

static planner_hook_type previous_planner = NULL;
static set_rel_pathlist_hook_type previous_set_rel_pathlist = NULL;

static FqlPrecision *current = NULL;	/* the innermost */
static Attempt *attempt = NULL;
static FqlPlanChoice last_choice;

void
fql_precise_begin(FqlPrecision *precision, const char *text, double factor, FqlPlanChoice *choice)
{
	precision->outer = current;
	precision->text = text;
	precision->factor = factor;
	precision->choice = choice;
	current = precision;
}

void
fql_precise_end(FqlPrecision *precision)
{
	Assert(current == precision);
	last_choice = *precision->choice;
	current = precision->outer;
}

bool
fql_precise_choice(FqlPlanChoice *choice)
{
	*choice = last_choice;
	return last_choice.is_known;
}

const char *
fql_precise_reason(const FqlPlanChoice *choice)
{
	if (choice->cheapest_coarse == 0)
		return "the cheapest plan scans no relation as a whole";
	if (choice->factor <= 1)
		return "the factor asks for the cheapest plan";
	if (choice->cheapest_cost >= DISABLED_COST)
		return "the cheapest plan needs what is turned off, so its cost says nothing";
	if (!choice->was_considered)
		return "no other plan could scan fewer relations as a whole";
	if (choice->precise_coarse >= choice->cheapest_coarse)
		return "no other plan scans fewer relations as a whole";
	if (!choice->is_precise)
		return "the plan that scans fewer relations as a whole costs more than the factor allows";
	return "the plan scans fewer relations as a whole";
}

/*
 * What a finished plan reads as a whole
 */

static bool
find_hashed_subplans(Node *node, void *context)
{
	Survey	   *survey = context;

	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) && ((SubPlan *) node)->useHashTable)
		survey->hashed = bms_add_member(survey->hashed, ((SubPlan *) node)->plan_id);
	return expression_tree_walker(node, find_hashed_subplans, context);
}

/* Do the tags of all calls of a restricted scan fit into an entry?  There are hardly more values than rows. */
static bool
fits_tags(const FqlRestriction *restriction, Relation relation, double calls)
{
	double		rows = relation->rd_rel->reltuples;

	if (restriction->parameters == NIL)
		return true;
	return (rows > 0 ? Min(calls, rows) : calls) <= fql_cache_max_tags;
}

/*
 * Would a scan name values if an index checked all that it checks?  A value that a function computes counts only where
 * an index is sure to have computed it, and tables of one page are read without their indexes.
 */
static bool
could_name_values(const Scan *scan, Relation relation)
{
	IndexScan  *asked = makeNode(IndexScan);

	asked->scan.scanrelid = scan->scanrelid;
	asked->indexqualorig = list_copy(scan->plan.qual);
	if (IsA(scan, BitmapHeapScan))
		asked->indexqualorig = list_concat(asked->indexqualorig, ((const BitmapHeapScan *) scan)->bitmapqualorig);
	else if (IsA(scan, IndexScan))
		asked->indexqualorig = list_concat(asked->indexqualorig, ((const IndexScan *) scan)->indexqualorig);
	return fql_restriction_of_scan(&asked->scan, relation) != NULL;
}

static void
survey_scan(Survey *survey, const Scan *scan, const Setting *setting)
{
	Oid			relid = rt_fetch(scan->scanrelid, survey->statement->rtable)->relid;
	Relation	relation = table_open(relid, NoLock);

	if (relation->rd_rel->relkind != RELKIND_MATVIEW && fql_relation_is_tracked(relation))
	{
		FqlRestriction *restriction = fql_restriction_of_scan(scan, relation);

		if (restriction == NULL || !fits_tags(restriction, relation, setting->calls))
			survey->coarse = list_append_unique_oid(survey->coarse, relid);
		if (restriction == NULL &&
			((setting->in_join && fql_column_sets(relation)->set_count > 0) || could_name_values(scan, relation)))
			survey->is_avoidable = true;
	}
	table_close(relation, NoLock);
}

static void survey_plan(Survey *survey, Plan *plan, Setting setting);

static void
survey_plans(Survey *survey, List *plans, const Setting *setting)
{
	ListCell   *cell;

	foreach(cell, plans)
		survey_plan(survey, lfirst(cell), *setting);
}

/*
 * The outer side's rows are the inner one's calls in a nested loop.  A side of which every row is kept cannot be
 * restricted by the join.
 */
static void
survey_join(Survey *survey, Plan *plan, Setting setting)
{
	JoinType	type = ((Join *) plan)->jointype;
	Setting		outer = setting;
	Setting		inner = {.calls = setting.calls, .fraction = 1, .in_join = setting.in_join};

	if (IsA(plan, NestLoop))
		inner.calls *= Max(1, plan->lefttree->plan_rows * setting.fraction);
	if (type != JOIN_LEFT && type != JOIN_ANTI && type != JOIN_FULL)
		outer.in_join = true;
	if (type != JOIN_RIGHT && type != JOIN_FULL && !fql_compat_is_right_anti_join(type))
		inner.in_join = true;
	survey_plan(survey, plan->lefttree, outer);
	survey_plan(survey, plan->righttree, inner);
}

/* How the child of a node is run. */
static Setting
child_setting(Plan *plan, Setting setting)
{
	switch (nodeTag(plan))
	{
		case T_Limit:
			setting.fraction *= Min(1, plan->plan_rows / Max(1, plan->lefttree->plan_rows));
			break;
		case T_Memoize:
			if (((Memoize *) plan)->est_entries > 0)
				setting.calls = Min(setting.calls, ((Memoize *) plan)->est_entries);
			break;
		case T_Agg:
		case T_Hash:
		case T_Material:
		case T_Sort:
		case T_WindowAgg:
			setting.fraction = 1;
			break;
		default:
			break;
	}
	return setting;
}

/* One node and everything below it.  Kinds of scans that are not named here forbid keeping the answer anyway. */
static void
survey_plan(Survey *survey, Plan *plan, Setting setting)
{
	if (plan == NULL)
		return;
	check_stack_depth();
	find_hashed_subplans((Node *) plan->targetlist, survey);
	find_hashed_subplans((Node *) plan->qual, survey);
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
			survey_scan(survey, (Scan *) plan, &setting);
			break;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			survey_join(survey, plan, setting);
			break;
		case T_SubqueryScan:
			survey_plan(survey, ((SubqueryScan *) plan)->subplan, setting);
			break;
		case T_Append:
			survey_plans(survey, ((Append *) plan)->appendplans, &setting);
			break;
		case T_MergeAppend:
			survey_plans(survey, ((MergeAppend *) plan)->mergeplans, &setting);
			break;
		default:
			setting = child_setting(plan, setting);
			survey_plan(survey, plan->lefttree, setting);
			survey_plan(survey, plan->righttree, setting);
			break;
	}
}

/*
 * Subplans are taken from the last to the first: one stands before the one that it is a part of, which says whether it
 * is hashed.  How often they are called is not known here, and is the same in all plans, so once.
 */
static void
survey_statement(Survey *survey, const PlannedStmt *statement)
{
	Setting		setting = {.calls = 1, .fraction = 1, .in_join = false};

	*survey = (Survey) {.statement = statement};
	survey_plan(survey, statement->planTree, setting);
	for (int id = list_length(statement->subplans); id >= 1; id--)
	{
		setting.in_join = bms_is_member(id, survey->hashed);
		survey_plan(survey, list_nth(statement->subplans, id - 1), setting);
	}
}

/*
 * Penalties
 */

/* What comes from other relations is a parameter to a scan that depends on them. */
static Node *
others_to_parameters(Node *node, void *context)
{
	int			rti = *(int *) context;
	Param	   *param;

	if (node == NULL)
		return NULL;
	if (!(IsA(node, Var) && ((Var *) node)->varno != rti) &&
		!(IsA(node, PlaceHolderVar) && !bms_is_member(rti, ((PlaceHolderVar *) node)->phrels)))
		return expression_tree_mutator(node, others_to_parameters, context);
	param = makeNode(Param);
	param->paramkind = PARAM_EXEC;
	param->paramid = 0;
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = exprCollation(node);
	param->location = -1;
	return (Node *) param;
}

/* What the index of a path checks, where that is one index alone. */
static List *
index_conditions(const Path *path)
{
	const Path *index = IsA(path, BitmapHeapPath) ? ((const BitmapHeapPath *) path)->bitmapqual : path;
	List	   *conditions = NIL;
	ListCell   *cell;

	if (!IsA(index, IndexPath))
		return NIL;
	foreach(cell, ((const IndexPath *) index)->indexclauses)
		conditions = list_concat(conditions,
								 get_actual_clauses(lfirst_node(IndexClause, cell)->indexquals));
	return conditions;
}

/*
 * Would a scan by this path name values?  Asked of restrict.c, so that both agree, with a scan that has the path's
 * index conditions and filters by everything that its rows fulfil.
 */
static bool
is_path_precise(const Path *path, Relation relation)
{
	RelOptInfo *rel = path->parent;
	int			rti = rel->relid;
	List	   *clauses = extract_actual_clauses(rel->baserestrictinfo, false);
	IndexScan  *scan = makeNode(IndexScan);

	if (path->param_info != NULL)
		clauses = list_concat(clauses, extract_actual_clauses(path->param_info->ppi_clauses, false));
	scan->scan.scanrelid = rti;
	scan->indexqualorig = (List *) others_to_parameters((Node *) index_conditions(path), &rti);
	scan->scan.plan.qual = (List *) others_to_parameters((Node *) clauses, &rti);
	return fql_restriction_of_scan(&scan->scan, relation) != NULL;
}

/* The paths of a relation, where sequential scans have their own cost again. */
static List *
take_paths(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *paths = NIL;
	ListCell   *cell;

	foreach(cell, rel->pathlist)
	{
		Path	   *path = lfirst(cell);

		if (path->pathtype != T_SeqScan)
			paths = lappend(paths, path);
	}
	enable_seqscan = attempt->enable_seqscan;
	paths = lappend(paths, create_seqscan_path(root, rel, rel->lateral_relids, 0));
	enable_seqscan = false;
	rel->pathlist = NIL;
	return paths;
}

/*
 * Does the query compute values for a hash table in place of EXISTS, which could look them up in this relation?  The
 * planner plans such an EXISTS both ways; the query that it makes for the hash table is the only kind whose columns
 * have no names.
 */
static bool
is_hashed_exists(const PlannerInfo *root, const RelOptInfo *rel, Relation relation)
{
	const FqlColumnSets *sets = fql_column_sets(relation);
	FqlColumns	computed = FQL_COLUMNS_NONE;
	ListCell   *cell;

	if (root->parent_root == NULL)
		return false;
	foreach(cell, root->parse->targetList)
	{
		TargetEntry *entry = lfirst(cell);
		Var		   *var = (Var *) entry->expr;

		if (entry->resname != NULL)
			return false;
		if (IsA(var, Var) && var->varno == (int) rel->relid && var->varattno > 0)
			computed |= fql_column_bit(var->varattno);
	}
	for (int i = 0; i < sets->set_count; i++)
		if (sets->sets[i].is_readable && (sets->sets[i].bits & ~computed) == 0)
			return true;
	return false;
}

/*
 * The paths that name no values cost more, if there are any that do.  Between the two ways to run an EXISTS the planner
 * decides by their costs alone, and in the statement's cost always counts that of look-ups: so there the factor itself
 * is what is put on top.
 */
static void
penalize_paths(const PlannerInfo *root, const RelOptInfo *rel, List *paths, Relation relation)
{
	double		factor = 1;
	List	   *coarse = NIL;
	ListCell   *cell;

	foreach(cell, paths)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_path_precise(lfirst(cell), relation))
			coarse = lappend(coarse, lfirst(cell));
	}
	if (list_length(coarse) == list_length(paths))
	{
		if (!is_hashed_exists(root, rel, relation))
			return;
		factor = attempt->factor;
	}
	foreach(cell, coarse)
	{
		Path	   *path = lfirst(cell);
		double		penalty = factor > 1 ? (factor - 1) * path->total_cost : attempt->penalty;

		path->startup_cost += penalty;
		path->total_cost += penalty;
	}
}

/*
 * The paths of one relation in an attempt.  Its sequential scan was made while they are turned off: a scan of the whole
 * of a tiny table would otherwise have driven out look-ups, for good, before this hook sees the paths.
 */
static void
set_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *entry)
{
	Relation	relation;
	List	   *paths;
	ListCell   *cell;

	if (previous_set_rel_pathlist != NULL)
		previous_set_rel_pathlist(root, rel, rti, entry);
	if (attempt == NULL || entry->rtekind != RTE_RELATION || entry->inh || entry->tablesample != NULL ||
		(entry->relkind != RELKIND_RELATION && entry->relkind != RELKIND_MATVIEW) || IS_DUMMY_REL(rel))
		return;
	paths = take_paths(root, rel);
	relation = table_open(entry->relid, NoLock);
	if (entry->relkind == RELKIND_RELATION && fql_relation_is_tracked(relation) &&
		!list_member_oid(attempt->spared, entry->relid))
		penalize_paths(root, rel, paths, relation);
	table_close(relation, NoLock);
	foreach(cell, paths)
		add_path(rel, lfirst(cell));
}

/*
 * Planning
 */

static PlannedStmt *
plan_next(Query *query, const char *text, int options, ParamListInfo parameters)
{
	if (previous_planner != NULL)
		return previous_planner(query, text, options, parameters);
	return standard_planner(query, text, options, parameters);
}

static PlannedStmt *precise_planner(Query *query, const char *text, int options, ParamListInfo parameters);

/*
 * Plan with the attempt's penalties, or, without one, a statement that has nothing to do with the attempt under way.
 * What was under way goes on afterwards.
 */
static PlannedStmt *
plan_under(Attempt *wanted, Query *query, const char *text, int options, ParamListInfo parameters)
{
	Attempt    *volatile outer = attempt;
	bool		outer_enable_seqscan = enable_seqscan;
	PlannedStmt *volatile statement = NULL;

	if (wanted != NULL)
		wanted->enable_seqscan = enable_seqscan;
	PG_TRY();
	{
		enable_seqscan = wanted != NULL ? false : outer->enable_seqscan;
		attempt = wanted;
		statement = (wanted != NULL ? plan_next : precise_planner) (query, text, options, parameters);
	}
	PG_FINALLY();
	{
		attempt = outer;
		enable_seqscan = outer_enable_seqscan;
	}
	PG_END_TRY();
	return statement;
}

/*
 * A plan that scans fewer relations as a whole than the cheapest and costs at most "limit", or NULL.  The query is
 * copied for each attempt because the planner writes on it.
 */
static PlannedStmt *
plan_precisely(FqlPlanChoice *choice, double limit, Query *query, const char *text, int options,
			   ParamListInfo parameters)
{
	Attempt		wanted = {.factor = choice->factor, .penalty = 2 * limit};

	for (int round = 1; round <= 2; round++)
	{
		PlannedStmt *statement = plan_under(&wanted, copyObject(query), text, options, parameters);
		Survey		survey;

		survey_statement(&survey, statement);
		choice->precise_cost = statement->planTree->total_cost;
		choice->precise_coarse = list_length(survey.coarse);
		if (choice->precise_coarse >= choice->cheapest_coarse)
			return NULL;
		if (choice->precise_cost <= limit)
			return statement;
		if (survey.coarse == NIL)
			return NULL;
		wanted.spared = survey.coarse;
	}
	return NULL;
}

/* Our statement: the cheapest plan, or a more precise one that is near enough. */
static PlannedStmt *
plan_for_fill(FqlPrecision *precision, Query *query, const char *text, int options, ParamListInfo parameters)
{
	Query	   *copy = copyObject(query);
	PlannedStmt *cheapest = plan_next(query, text, options, parameters);
	PlannedStmt *precise = NULL;
	FqlPlanChoice choice = {.is_known = true, .factor = precision->factor};
	Survey		survey;

	survey_statement(&survey, cheapest);
	choice.cheapest_cost = cheapest->planTree->total_cost;
	choice.cheapest_coarse = list_length(survey.coarse);
	choice.was_considered = survey.is_avoidable && choice.factor > 1 && choice.cheapest_cost < DISABLED_COST;
	if (choice.was_considered)
		precise = plan_precisely(&choice, choice.factor * choice.cheapest_cost, copy, text, options, parameters);
	choice.is_precise = precise != NULL;
	*precision->choice = choice;
	ereport(DEBUG1,
			(errmsg_internal("fraiseql plans a fill: %s", fql_precise_reason(&choice)),
			 errdetail_internal("Costs: %.2f, %.2f; relations scanned as a whole: %d, %d.", choice.cheapest_cost,
								choice.precise_cost, choice.cheapest_coarse, choice.precise_coarse)));
	if (precise == NULL)
		return cheapest;
	/* penalties may have passed the threshold of compilation on the way */
	precise->jitFlags = cheapest->jitFlags;
	return precise;
}

static PlannedStmt *
precise_planner(Query *query, const char *text, int options, ParamListInfo parameters)
{
	if (attempt != NULL)
		return plan_under(NULL, query, text, options, parameters);
	if (current == NULL || query->commandType != CMD_SELECT || text == NULL || strcmp(text, current->text) != 0)
		return plan_next(query, text, options, parameters);
	return plan_for_fill(current, query, text, options, parameters);
}

void
fql_precise_init(void)
{
	previous_planner = planner_hook;
	planner_hook = precise_planner;
	previous_set_rel_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = set_rel_pathlist;
}
