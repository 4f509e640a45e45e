/*
 * document_columns.c
 *    Which output columns of a read model's view hold the value of a key of its document.
 *
 * SELECT name, jsonb_build_object('name', name) AS data: whoever filters by the key may as well filter by the column,
 * which needs no document and which an index can serve.  That must be certain, so unlike the shape in document.c, which
 * a reader may check against each document, this is a proof from the stored definition:
 *  - the document is built by jsonb_build_object() on every way through the expression (no CASE, no COALESCE), so a
 *    key's value is its argument's and the document is never null;
 *  - the last one of a key wins, and a key that is no constant may be any: what stands before it is not known;
 *  - the column's expression is equal() to the argument's and both are evaluated for the same row of the same query;
 *  - it holds nothing that might differ from one evaluation to the next: volatile functions, or sub-selects, which may
 *    choose among rows by chance.
 *
 * A document that another view or sub-query hands on is looked up there, because a column of that one stands for the
 * key as well.  An outer join that found nothing makes both null.  Tables are not followed: what they hold is data.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "catalog.h"
#include "document.h"

/* Views within views.  Deeper ones are filtered by their documents, as if they had no such columns. */
#define MAX_DEPTH 16

/* A key whose value is known to be that of an expression of the same query. */
typedef struct Member
{
	const char *key;
	Node	   *value;
} Member;

static List *read_members(const Query *query, Node *document, int depth);

/* Set a member; the last one of a key wins, as in jsonb. */
static List *
set_member(List *members, const char *key, Node *value)
{
	ListCell   *cell;
	Member	   *member;

	foreach(cell, members)
	{
		member = lfirst(cell);
		if (strcmp(member->key, key) == 0)
		{
			member->value = value;
			return members;
		}
	}
	member = palloc(sizeof(Member));
	member->key = key;
	member->value = value;
	return lappend(members, member);
}

/* Add key, value, key, value, ... */
static List *
add_pairs(List *members, const List *arguments)
{
	for (int i = 0; i + 1 < list_length(arguments); i += 2)
	{
		const char *key = fql_document_key(list_nth(arguments, i));

		CHECK_FOR_INTERRUPTS();
		if (key != NULL)
			members = set_member(members, key, list_nth(arguments, i + 1));
		else
			members = NIL;
	}
	return members;
}

/*
 * Add the members of a document that is built here, behind those of *members.  False: it may not be an object, or may
 * have keys that are not seen here.
 */
static bool
add_built(List **members, Node *document)
{
	check_stack_depth();
	if (IsA(document, FuncExpr))
	{
		const FuncExpr *call = (FuncExpr *) document;

		if (call->funcid == F_JSONB_STRIP_NULLS && list_length(call->args) == 1)
			return add_built(members, linitial(call->args));
		if (call->funcid != F_JSONB_BUILD_OBJECT_ANY || call->funcvariadic)
			return false;
		*members = add_pairs(*members, call->args);
		return true;
	}
	if (IsA(document, OpExpr) && ((OpExpr *) document)->opfuncid == F_JSONB_CONCAT)
		return add_built(members, linitial(((OpExpr *) document)->args)) &&
			add_built(members, lsecond(((OpExpr *) document)->args));
	return false;
}

/* The query behind a range table entry; NULL: there is none to read. */
static Query *
entry_query(const RangeTblEntry *entry)
{
	if (entry->rtekind == RTE_SUBQUERY)
		return entry->subquery;
	if (entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_VIEW)
		return fql_catalog_view_query(entry->relid);
	return NULL;
}

/*
 * Expressions that keep a value as it is in JSON: a collation, text for varchar, a domain for its base type.  Other
 * relabelled values may be printed in another way (integer as oid).
 */
static Node *
strip_labels(Node *node)
{
	for (;;)
	{
		Oid			from;
		Oid			to;

		if (IsA(node, CollateExpr))
		{
			node = (Node *) ((CollateExpr *) node)->arg;
			continue;
		}
		if (!IsA(node, RelabelType))
			return node;
		to = getBaseType(exprType(node));
		from = getBaseType(exprType((Node *) ((RelabelType *) node)->arg));
		if (from != to && !((from == TEXTOID || from == VARCHAROID) && (to == TEXTOID || to == VARCHAROID)))
			return node;
		node = (Node *) ((RelabelType *) node)->arg;
	}
}

/* Is every evaluation of it for one row the same? */
static bool
is_repeatable(Node *value)
{
	return !contain_subplans(value) && !contain_volatile_functions(value);
}

/* The output column that is such an expression, rather without labels to strip; 0: there is none. */
static AttrNumber
find_column(const Query *query, Node *value)
{
	AttrNumber	found = 0;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		const TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			continue;
		if (equal(entry->expr, value))
			return is_repeatable(value) ? entry->resno : 0;
		if (found == 0 && equal(strip_labels((Node *) entry->expr), strip_labels(value)))
			found = entry->resno;
	}
	return found != 0 && is_repeatable(value) ? found : 0;
}

/*
 * Can a target entry of the query be read as the value of its output column?  Grouping sets null expressions out, set
 * operations have several target lists, and set-returning functions multiply rows.
 */
static bool
is_plain(const Query *query)
{
	return query->commandType == CMD_SELECT && query->setOperations == NULL && query->groupingSets == NIL &&
		!query->hasTargetSRFs;
}

/* The members of an output column, each with the output column (a number) that holds it. */
static List *
read_output(const Query *query, AttrNumber document, int depth, List **columns)
{
	const TargetEntry *entry = get_tle_by_resno(query->targetList, document);
	List	   *members = NIL;
	ListCell   *cell;

	*columns = NIL;
	if (entry == NULL || !is_plain(query))
		return NIL;
	foreach(cell, read_members(query, (Node *) entry->expr, depth))
	{
		Member	   *member = lfirst(cell);
		AttrNumber	column = find_column(query, member->value);

		CHECK_FOR_INTERRUPTS();
		if (column == 0)
			continue;
		members = lappend(members, member);
		*columns = lappend_int(*columns, column);
	}
	return members;
}

/* The members of a document that a relation of this query hands on: as columns of that relation. */
static List *
read_handed_on(const Query *query, const Var *document, int depth)
{
	const RangeTblEntry *entry;
	Query	   *inner;
	List	   *columns;
	List	   *members;

	if (document->varlevelsup != 0 || document->varno < 1 || document->varno > list_length(query->rtable))
		return NIL;
	entry = rt_fetch(document->varno, query->rtable);
	inner = entry_query(entry);
	if (inner == NULL)
		return NIL;
	members = read_output(inner, document->varattno, depth + 1, &columns);
	for (int i = 0; i < list_length(members); i++)
	{
		const TargetEntry *column = get_tle_by_resno(inner->targetList, list_nth_int(columns, i));
		Node	   *value = (Node *) column->expr;
		Var		   *var = copyObject(unconstify(Var *, document));

		/* A copy keeps what else the server says of columns of this relation here, such as the joins above it. */
		var->varattno = column->resno;
		var->varattnosyn = column->resno;
		var->vartype = exprType(value);
		var->vartypmod = exprTypmod(value);
		var->varcollid = exprCollation(value);
		((Member *) list_nth(members, i))->value = (Node *) var;
	}
	return members;
}

/* What is known of a document that is an expression of this query. */
static List *
read_members(const Query *query, Node *document, int depth)
{
	List	   *members = NIL;

	check_stack_depth();
	if (depth >= MAX_DEPTH || getBaseType(exprType(document)) != JSONBOID)
		return NIL;
	if (IsA(document, Var))
		return read_handed_on(query, (Var *) document, depth);
	return add_built(&members, document) ? members : NIL;
}

/* Add the columns for the keys of one document; object is the key that it is the value of, or NULL. */
static List *
add_columns(List *result, const Query *query, const char *object, const List *members)
{
	ListCell   *cell;

	foreach(cell, members)
	{
		const Member *member = lfirst(cell);
		AttrNumber	number = find_column(query, member->value);
		FqlDocumentColumn *column;

		CHECK_FOR_INTERRUPTS();
		if (number == 0)
			continue;
		column = palloc(sizeof(FqlDocumentColumn));
		column->object = object;
		column->key = member->key;
		column->number = number;
		result = lappend(result, column);
	}
	return result;
}

List *
fql_document_columns(Oid view, AttrNumber document)
{
	Query	   *query = fql_catalog_view_query(view);
	const TargetEntry *entry = query != NULL ? get_tle_by_resno(query->targetList, document) : NULL;
	List	   *members;
	List	   *result;
	ListCell   *cell;

	if (entry == NULL || !is_plain(query))
		return NIL;
	members = read_members(query, (Node *) entry->expr, 0);
	result = add_columns(NIL, query, NULL, members);
	foreach(cell, members)
	{
		const Member *member = lfirst(cell);

		result = add_columns(result, query, member->key, read_members(query, member->value, 1));
	}
	return result;
}
