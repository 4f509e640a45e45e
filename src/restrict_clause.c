/*
 * restrict_clause.c
 *    One clause of a scan: to which values does it restrict which column?
 *
 * It does in the forms "column = value", "column = ANY (array)", "column IS NULL", and, for a boolean column, the
 * column itself, NOT of it, and IS TRUE or IS FALSE.  That the rows which satisfy the clause are those whose value
 * has the hash of "value" takes more than an equals sign, because a writer names rows by hashing the column with one
 * function and without a collation (colsets.h):
 *
 * - the operator is the equality of the column's own hash family, strict, and takes the column's type itself (int4
 *   against int8 is such an equality: both functions of the family hash 7 alike);
 * - the collation that it compares under, if any, is deterministic: then equal means equal bytes;
 * - the column stands alone.  Only a RelabelType around it, which changes no bits, is looked through.
 *
 * The value may not depend on the row: it has no Vars and no sub-select in it, and nothing volatile, because it is
 * evaluated once more (scan.c).  Made of constants and parameters alone it is "eager": to evaluate it is harmless at
 * any time.  Anything else may fail or be slow where the scan never comes to evaluate it, say in a filter behind
 * another one, and is accepted only of a clause that the scan is known to evaluate (is_computed).  Of those not for
 * arrays: an index scan stops evaluating at the first array that is null.
 */
#include "postgres.h"

#include "access/hash.h"
#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "restrict_internal.h"

/*
 * Columns
 */

static Node *
without_relabeling(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/* The column of the index that an index-only scan's Var stands for. */
static Node *
index_column(const FqlScanClauses *scan, AttrNumber number)
{
	TargetEntry *entry;

	if (number < 1 || number > list_length(scan->index_columns))
		return NULL;
	entry = list_nth_node(TargetEntry, scan->index_columns, number - 1);
	return entry->resno == number ? (Node *) entry->expr : NULL;
}

/* Position among the hashed columns of the plain column that the expression is, or -1. */
static int
find_column(const FqlScanClauses *scan, Node *node)
{
	Var		   *var;

	node = without_relabeling(node);
	if (node != NULL && IsA(node, Var) && ((Var *) node)->varno == INDEX_VAR)
		node = without_relabeling(index_column(scan, ((Var *) node)->varattno));
	if (node == NULL || !IsA(node, Var))
		return -1;
	var = (Var *) node;
	if (var->varno < 0 || (Index) var->varno != scan->relation || var->varlevelsup != 0)
		return -1;
	for (int i = 0; i < scan->sets->column_count; i++)
		if (scan->sets->columns[i].column == var->varattno)
			return i;
	return -1;
}

/*
 * Values
 */

/* Constants and parameters, as they are or in an array: evaluating them does nothing that could fail. */
static bool
is_eager(Node *node)
{
	ListCell   *cell;

	node = without_relabeling(node);
	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_Const:
			return true;
		case T_Param:
			return ((Param *) node)->paramkind == PARAM_EXEC || ((Param *) node)->paramkind == PARAM_EXTERN;
		case T_ArrayExpr:
			foreach(cell, ((ArrayExpr *) node)->elements)
				if (!is_eager(lfirst(cell)))
					return false;
			return !((ArrayExpr *) node)->multidims;
		case T_ArrayCoerceExpr:
			/* an array of varchar taken as one of text */
			return IsA(without_relabeling((Node *) ((ArrayCoerceExpr *) node)->elemexpr), CaseTestExpr) &&
				is_eager((Node *) ((ArrayCoerceExpr *) node)->arg);
		default:
			return false;
	}
}

/* What makes an expression depend on the row, or on more of the executor's state than its parameters. */
static bool
depends_on_row(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_Aggref:
		case T_GroupingFunc:
		case T_WindowFunc:
		case T_PlaceHolderVar:
		case T_CurrentOfExpr:
			return true;
		case T_Param:
			return ((Param *) node)->paramkind != PARAM_EXEC && ((Param *) node)->paramkind != PARAM_EXTERN;
		default:
			return expression_tree_walker(node, depends_on_row, context);
	}
}

/* Take the expression as the column's value, if it may be one. */
static bool
accept_value(FqlRestrictedColumn *restricted, Node *value, bool is_computed)
{
	restricted->value = (Expr *) value;
	restricted->is_eager = is_eager(value);
	if (restricted->is_eager)
		return true;
	return is_computed && restricted->kind == FQL_VALUE_ONE &&
		!depends_on_row(value, NULL) && !contain_volatile_functions(value);
}

/*
 * Clauses
 */

/* Is it the column's equality, and by which function are values of the other side's type hashed? */
static bool
find_equality(const FqlHashedColumn *column, Oid operator, Oid collation, bool column_is_left, Oid *hash)
{
	int			strategy;
	Oid			left;
	Oid			right;
	Oid			left_hash;
	Oid			right_hash;

	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return false;
	if (get_op_opfamily_strategy(operator, column->family) != HTEqualStrategyNumber || !op_strict(operator))
		return false;
	get_op_opfamily_properties(operator, column->family, false, &strategy, &left, &right);
	left_hash = get_opfamily_proc(column->family, left, left, HASHEXTENDED_PROC);
	right_hash = get_opfamily_proc(column->family, right, right, HASHEXTENDED_PROC);
	*hash = column_is_left ? right_hash : left_hash;
	return (column_is_left ? left_hash : right_hash) == column->hash.fn_oid &&
		OidIsValid(*hash) && *hash < FirstUnpinnedObjectId;
}

/* column = value, in either order */
static int
restrict_by_operator(const FqlScanClauses *scan, OpExpr *clause, bool is_computed, FqlRestrictedColumn *restricted)
{
	if (list_length(clause->args) != 2)
		return -1;
	for (int side = 0; side < 2; side++)
	{
		Node	   *value = list_nth(clause->args, 1 - side);
		int			position = find_column(scan, list_nth(clause->args, side));

		if (position < 0 ||
			!find_equality(&scan->sets->columns[position], clause->opno, clause->inputcollid, side == 0,
						   &restricted->hash))
			continue;
		restricted->kind = FQL_VALUE_ONE;
		restricted->type = exprType(value);
		if (accept_value(restricted, value, is_computed))
			return position;
	}
	return -1;
}

/* column = ANY (array) */
static int
restrict_by_array(const FqlScanClauses *scan, ScalarArrayOpExpr *clause, bool is_computed,
				  FqlRestrictedColumn *restricted)
{
	Node	   *array = lsecond(clause->args);
	int			position = find_column(scan, linitial(clause->args));

	if (position < 0 || !clause->useOr ||
		!find_equality(&scan->sets->columns[position], clause->opno, clause->inputcollid, true, &restricted->hash))
		return -1;
	restricted->kind = FQL_VALUE_ANY;
	restricted->type = get_base_element_type(exprType(array));
	if (!OidIsValid(restricted->type) || !accept_value(restricted, array, is_computed))
		return -1;
	return position;
}

/* column IS NULL, and what is the same of a boolean one */
static int
restrict_to_null(const FqlScanClauses *scan, Expr *column, FqlRestrictedColumn *restricted)
{
	restricted->kind = FQL_VALUE_NULL;
	restricted->is_eager = true;
	return find_column(scan, (Node *) column);
}

/* A boolean column that stands alone, or in NOT, IS TRUE or IS FALSE. */
static int
restrict_to_boolean(const FqlScanClauses *scan, Node *column, bool value, FqlRestrictedColumn *restricted)
{
	int			position = find_column(scan, column);

	if (position < 0 || scan->sets->columns[position].type != BOOLOID)
		return -1;
	restricted->kind = FQL_VALUE_ONE;
	restricted->value = (Expr *) makeBoolConst(value, false);
	restricted->type = BOOLOID;
	restricted->hash = scan->sets->columns[position].hash.fn_oid;
	restricted->is_eager = true;
	return position;
}

static int
restrict_by_boolean_test(const FqlScanClauses *scan, BooleanTest *test, FqlRestrictedColumn *restricted)
{
	switch (test->booltesttype)
	{
		case IS_TRUE:
			return restrict_to_boolean(scan, (Node *) test->arg, true, restricted);
		case IS_FALSE:
			return restrict_to_boolean(scan, (Node *) test->arg, false, restricted);
		case IS_UNKNOWN:
			return restrict_to_null(scan, test->arg, restricted);
		default:
			return -1;
	}
}

int
fql_restrict_by_clause(const FqlScanClauses *scan, Node *clause, bool is_computed, FqlRestrictedColumn *restricted)
{
	int			position = -1;

	memset(restricted, 0, sizeof(*restricted));
	switch (nodeTag(clause))
	{
		case T_OpExpr:
			position = restrict_by_operator(scan, (OpExpr *) clause, is_computed, restricted);
			break;
		case T_ScalarArrayOpExpr:
			position = restrict_by_array(scan, (ScalarArrayOpExpr *) clause, is_computed, restricted);
			break;
		case T_NullTest:
			if (((NullTest *) clause)->nulltesttype == IS_NULL && !((NullTest *) clause)->argisrow)
				position = restrict_to_null(scan, ((NullTest *) clause)->arg, restricted);
			break;
		case T_BooleanTest:
			position = restrict_by_boolean_test(scan, (BooleanTest *) clause, restricted);
			break;
		case T_BoolExpr:
			if (((BoolExpr *) clause)->boolop == NOT_EXPR)
				position = restrict_to_boolean(scan, linitial(((BoolExpr *) clause)->args), false, restricted);
			break;
		case T_Var:
		case T_RelabelType:
			position = restrict_to_boolean(scan, clause, true, restricted);
			break;
		default:
			break;
	}
	if (position >= 0)
		restricted->column = scan->sets->columns[position].column;
	return position;
}
