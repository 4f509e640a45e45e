/*
 * document.c
 *    The shape of a read model's data, as its view's definition tells it.
 *
 * A FraiseQL view says what its documents look like: jsonb_build_object() names the keys, the types of the values are
 * known to the parser, another view's .data is an object of that view's type, and jsonb_agg() of it a list.  Here that
 * is read off the expression tree of the stored definition; no row is looked at.  What is not understood has the shape
 * JSON, which is always true.
 *
 * Expressions are followed to where they were written: through sub-selects, sub-queries in FROM, LATERAL, CTEs, joins
 * and views.  A scope is a query with the queries around it, which is what a Var's varlevelsup counts.
 *
 * Definitions come from users, so all work is bounded: by depth, and by a budget of expressions (a definition that
 * uses each column of a nested sub-query twice would otherwise double the work at each level).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "catalog.h"
#include "compat.h"
#include "document.h"

#define MAX_DEPTH 64
#define MAX_EXPRESSIONS 20000

/* A query, and the one that it stands in. */
typedef struct Scope
{
	const Query *query;
	const struct Scope *outer;
} Scope;

typedef struct Reader
{
	int			depth;
	int			budget;
	List	   *views;			/* whose documents are being read, outermost first */
} Reader;

static FqlShape *read_expression(Reader *reader, Node *node, const Scope *scope);
static FqlShape *read_column(Reader *reader, Oid relid, AttrNumber column, Oid type);
static FqlShape *read_document(Reader *reader, Oid view);
static FqlShape *read_target(Reader *reader, const Query *query, AttrNumber column, const Scope *outer);

static FqlShape *
make_shape(FqlShapeKind kind)
{
	FqlShape   *shape = palloc0(sizeof(FqlShape));

	shape->kind = kind;
	return shape;
}

static FqlShape *
make_scalar(Oid type)
{
	FqlShape   *shape = make_shape(FQL_SHAPE_SCALAR);

	shape->type = type;
	return shape;
}

static FqlShape *
make_list(FqlShape *of)
{
	FqlShape   *shape = make_shape(FQL_SHAPE_LIST);

	shape->of = of;
	return shape;
}

static bool
is_json_type(Oid type)
{
	Oid			base = OidIsValid(type) ? getBaseType(type) : InvalidOid;

	return base == JSONBOID || base == JSONOID;
}

/* Set a member; the last one of a key wins, as in jsonb. */
static void
set_member(FqlShape *object, const char *key, FqlShape *shape)
{
	ListCell   *cell;
	FqlShapeMember *member;

	foreach(cell, object->members)
	{
		member = lfirst(cell);
		if (strcmp(member->key, key) == 0)
		{
			member->shape = shape;
			return;
		}
	}
	member = palloc(sizeof(FqlShapeMember));
	member->key = key;
	member->shape = shape;
	object->members = lappend(object->members, member);
}

static FqlShape *
get_member(const FqlShape *object, const char *key)
{
	ListCell   *cell;

	foreach(cell, object->members)
	{
		const FqlShapeMember *member = lfirst(cell);

		if (strcmp(member->key, key) == 0)
			return member->shape;
	}
	return make_shape(FQL_SHAPE_JSON);
}

const char *
fql_document_key(Node *node)
{
	Const	   *constant;

	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !IsA(node, Const))
		return NULL;
	constant = (Const *) node;
	if (constant->constisnull)
		return NULL;
	if (constant->consttype == UNKNOWNOID)
		return pstrdup(DatumGetCString(constant->constvalue));
	if (constant->consttype == TEXTOID || constant->consttype == VARCHAROID)
		return TextDatumGetCString(constant->constvalue);
	return NULL;
}

/* A row of a relation as JSON: its columns are the keys. */
static FqlShape *
read_relation_row(Reader *reader, Oid relid)
{
	FqlCatalogRelation *relation = fql_catalog_relation(relid);
	FqlShape   *object = make_shape(FQL_SHAPE_OBJECT);

	for (int i = 0; relation != NULL && i < relation->column_count; i++)
		set_member(object, relation->columns[i].name,
				   read_column(reader, relid, relation->columns[i].number, relation->columns[i].type));
	return object;
}

/* A row of a sub-query, under the column names that its alias gives. */
static FqlShape *
read_subquery_row(Reader *reader, const RangeTblEntry *entry, const Scope *scope)
{
	FqlShape   *object = make_shape(FQL_SHAPE_OBJECT);

	for (int i = 0; i < list_length(entry->eref->colnames); i++)
		set_member(object, strVal(list_nth(entry->eref->colnames, i)),
				   read_target(reader, entry->subquery, i + 1, scope));
	return object;
}

/* A whole row as JSON. */
static FqlShape *
read_whole_row(Reader *reader, const RangeTblEntry *entry, const Scope *scope)
{
	if (entry->rtekind == RTE_RELATION)
		return read_relation_row(reader, entry->relid);
	if (entry->rtekind == RTE_SUBQUERY)
		return read_subquery_row(reader, entry, scope);
	return make_shape(FQL_SHAPE_JSON);
}

/* The expression of a target entry of a query. */
static FqlShape *
read_target(Reader *reader, const Query *query, AttrNumber column, const Scope *outer)
{
	TargetEntry *entry = get_tle_by_resno(query->targetList, column);
	Scope		scope = {query, outer};

	if (entry == NULL || query->commandType != CMD_SELECT)
		return make_shape(FQL_SHAPE_JSON);
	return read_expression(reader, (Node *) entry->expr, &scope);
}

static FqlShape *
read_cte(Reader *reader, const RangeTblEntry *entry, AttrNumber column, const Scope *scope)
{
	ListCell   *cell;

	for (Index up = 0; up < entry->ctelevelsup && scope != NULL; up++)
		scope = scope->outer;
	if (scope == NULL)
		return make_shape(FQL_SHAPE_JSON);
	foreach(cell, scope->query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, cell);

		if (strcmp(cte->ctename, entry->ctename) == 0 && IsA(cte->ctequery, Query))
			return read_target(reader, (Query *) cte->ctequery, column, scope);
	}
	return make_shape(FQL_SHAPE_JSON);
}

/* A column of VALUES, by its first row. */
static FqlShape *
read_values(Reader *reader, const RangeTblEntry *entry, AttrNumber column, const Scope *scope)
{
	List	   *row = linitial_node(List, entry->values_lists);

	if (column < 1 || column > list_length(row))
		return make_shape(FQL_SHAPE_JSON);
	return read_expression(reader, list_nth(row, column - 1), scope);
}

/* A Var of type JSON: what it stands for, by the kind of its range table entry. */
static FqlShape *
read_var(Reader *reader, const Var *var, const Scope *scope)
{
	RangeTblEntry *entry;
	Node	   *grouped;

	for (Index up = 0; up < var->varlevelsup && scope != NULL; up++)
		scope = scope->outer;
	if (scope == NULL || var->varno < 1 || var->varno > list_length(scope->query->rtable))
		return make_shape(FQL_SHAPE_JSON);
	entry = rt_fetch(var->varno, scope->query->rtable);
	if (var->varattno == 0)
		return read_whole_row(reader, entry, scope);
	grouped = fql_compat_group_expression(entry, var->varattno);
	if (grouped != NULL)
		return read_expression(reader, grouped, scope);
	switch (entry->rtekind)
	{
		case RTE_RELATION:
			return read_column(reader, entry->relid, var->varattno, var->vartype);
		case RTE_SUBQUERY:
			return read_target(reader, entry->subquery, var->varattno, scope);
		case RTE_JOIN:
			if (var->varattno < 1 || var->varattno > list_length(entry->joinaliasvars))
				break;
			return read_expression(reader, list_nth(entry->joinaliasvars, var->varattno - 1), scope);
		case RTE_CTE:
			return read_cte(reader, entry, var->varattno, scope);
		case RTE_VALUES:
			return read_values(reader, entry, var->varattno, scope);
		default:
			break;
	}
	return make_shape(FQL_SHAPE_JSON);
}

/*
 * A column of a relation.  The column data stays a reference, because its relation may be exposed and then has a type
 * already; any other JSON column of a view is followed into the view.
 */
static FqlShape *
read_column(Reader *reader, Oid relid, AttrNumber column, Oid type)
{
	const char *name;
	Query	   *query;

	if (!is_json_type(type))
		return make_scalar(type);
	name = fql_catalog_column_name(relid, column);
	if (name != NULL && strcmp(name, FQL_DOCUMENT_COLUMN) == 0)
	{
		FqlShape   *reference = make_shape(FQL_SHAPE_REFERENCE);

		reference->relid = relid;
		return reference;
	}
	query = fql_catalog_view_query(relid);
	return query != NULL ? read_target(reader, query, column, NULL) : make_shape(FQL_SHAPE_JSON);
}

/* key, value, key, value, ...  A key that is no constant cannot become a field, so it is passed over. */
static FqlShape *
read_build_object(Reader *reader, const List *arguments, const Scope *scope)
{
	FqlShape   *object = make_shape(FQL_SHAPE_OBJECT);

	for (int i = 0; i + 1 < list_length(arguments); i += 2)
	{
		const char *key = fql_document_key(list_nth(arguments, i));

		if (key != NULL)
			set_member(object, key, read_expression(reader, list_nth(arguments, i + 1), scope));
	}
	return object;
}

/* The first of some expressions that tells anything. */
static FqlShape *
read_first(Reader *reader, const List *expressions, const Scope *scope)
{
	ListCell   *cell;

	foreach(cell, expressions)
	{
		FqlShape   *shape = read_expression(reader, lfirst(cell), scope);

		if (shape->kind != FQL_SHAPE_JSON)
			return shape;
	}
	return make_shape(FQL_SHAPE_JSON);
}

/* A reference as the object that it refers to, if that can be read. */
static FqlShape *
follow_reference(Reader *reader, FqlShape *shape)
{
	if (shape->kind != FQL_SHAPE_REFERENCE)
		return shape;
	return read_document(reader, fql_document_definition(shape->relid));
}

/* a || b: the members of both where both are objects. */
static FqlShape *
read_concat(Reader *reader, const List *arguments, const Scope *scope)
{
	FqlShape   *left = follow_reference(reader, read_expression(reader, linitial(arguments), scope));
	FqlShape   *right = follow_reference(reader, read_expression(reader, lsecond(arguments), scope));
	FqlShape   *result;
	ListCell   *cell;

	if (left->kind == FQL_SHAPE_LIST && right->kind == FQL_SHAPE_LIST)
		return left;
	if (left->kind != FQL_SHAPE_OBJECT || right->kind != FQL_SHAPE_OBJECT)
		return make_shape(FQL_SHAPE_JSON);
	result = make_shape(FQL_SHAPE_OBJECT);
	foreach(cell, list_concat_copy(left->members, right->members))
	{
		const FqlShapeMember *member = lfirst(cell);

		set_member(result, member->key, member->shape);
	}
	return result;
}

/* object - 'key' */
static FqlShape *
read_delete(Reader *reader, const List *arguments, const Scope *scope)
{
	FqlShape   *object = follow_reference(reader, read_expression(reader, linitial(arguments), scope));
	const char *key = fql_document_key(lsecond(arguments));
	FqlShape   *result = make_shape(FQL_SHAPE_OBJECT);
	ListCell   *cell;

	if (object->kind != FQL_SHAPE_OBJECT || key == NULL)
		return make_shape(FQL_SHAPE_JSON);
	foreach(cell, object->members)
	{
		FqlShapeMember *member = lfirst(cell);

		if (strcmp(member->key, key) != 0)
			result->members = lappend(result->members, member);
	}
	return result;
}

/* object -> 'key' */
static FqlShape *
read_member(Reader *reader, const List *arguments, const Scope *scope)
{
	FqlShape   *object = follow_reference(reader, read_expression(reader, linitial(arguments), scope));
	const char *key = fql_document_key(lsecond(arguments));

	if (object->kind != FQL_SHAPE_OBJECT || key == NULL)
		return make_shape(FQL_SHAPE_JSON);
	return get_member(object, key);
}

/* A function or operator that returns JSON. */
static FqlShape *
read_function(Reader *reader, Oid function, const List *arguments, bool variadic_array, const Scope *scope)
{
	switch (function)
	{
		case F_JSONB_BUILD_OBJECT_ANY:
		case F_JSON_BUILD_OBJECT_ANY:
			if (variadic_array)
				break;
			return read_build_object(reader, arguments, scope);
		case F_JSONB_BUILD_ARRAY_ANY:
		case F_JSON_BUILD_ARRAY_ANY:
			if (variadic_array)
				break;
			return make_list(read_first(reader, arguments, scope));
		case F_TO_JSONB:
		case F_TO_JSON:
		case F_ROW_TO_JSON_RECORD:
		case F_ROW_TO_JSON_RECORD_BOOL:
			return read_expression(reader, linitial(arguments), scope);
		case F_JSONB_STRIP_NULLS:
		case F_JSON_STRIP_NULLS:
			return read_expression(reader, linitial(arguments), scope);
		case F_JSONB_CONCAT:
			return read_concat(reader, arguments, scope);
		case F_JSONB_DELETE_JSONB_TEXT:
			return read_delete(reader, arguments, scope);
		case F_JSONB_OBJECT_FIELD:
		case F_JSON_OBJECT_FIELD:
			return read_member(reader, arguments, scope);
		default:
			break;
	}
	return make_shape(FQL_SHAPE_JSON);
}

/* jsonb_agg(x), array_agg(x): a list of x. */
static FqlShape *
read_aggregate(Reader *reader, const Aggref *aggregate, const Scope *scope)
{
	Oid			function = aggregate->aggfnoid;

	if (function != F_JSONB_AGG && function != F_JSON_AGG && function != F_ARRAY_AGG_ANYNONARRAY &&
		!fql_compat_is_strict_json_agg(function))
		return make_shape(FQL_SHAPE_JSON);
	return make_list(read_expression(reader, (Node *) linitial_node(TargetEntry, aggregate->args)->expr, scope));
}

/* (SELECT x ...) is x, ARRAY(SELECT x ...) a list of it. */
static FqlShape *
read_sublink(Reader *reader, const SubLink *sublink, const Scope *scope)
{
	FqlShape   *shape;

	if (!IsA(sublink->subselect, Query) ||
		(sublink->subLinkType != EXPR_SUBLINK && sublink->subLinkType != ARRAY_SUBLINK))
		return make_shape(FQL_SHAPE_JSON);
	shape = read_target(reader, (Query *) sublink->subselect, 1, scope);
	return sublink->subLinkType == ARRAY_SUBLINK ? make_list(shape) : shape;
}

static FqlShape *
read_case(Reader *reader, const CaseExpr *expression, const Scope *scope)
{
	List	   *results = NIL;
	ListCell   *cell;

	foreach(cell, expression->args)
		results = lappend(results, lfirst_node(CaseWhen, cell)->result);
	if (expression->defresult != NULL)
		results = lappend(results, expression->defresult);
	return read_first(reader, results, scope);
}

/* JSON_OBJECT() and its kin. */
static FqlShape *
read_constructor(Reader *reader, Node *node, const Scope *scope)
{
	List	   *arguments;

	switch (fql_compat_json_constructor(node, &arguments))
	{
		case FQL_JSON_CONSTRUCTOR_OBJECT:
			return read_build_object(reader, arguments, scope);
		case FQL_JSON_CONSTRUCTOR_ARRAY:
			return make_list(read_first(reader, arguments, scope));
		case FQL_JSON_CONSTRUCTOR_WRAPPED:
			return read_expression(reader, linitial(arguments), scope);
		case FQL_JSON_CONSTRUCTOR_NONE:
			break;
	}
	return make_shape(FQL_SHAPE_JSON);
}

/* Every kind of expression whose value is JSON, a row, or an array. */
static FqlShape *
read_structure(Reader *reader, Node *node, const Scope *scope)
{
	switch (nodeTag(node))
	{
		case T_Var:
			return read_var(reader, (Var *) node, scope);
		case T_FuncExpr:
			return read_function(reader, ((FuncExpr *) node)->funcid, ((FuncExpr *) node)->args,
								 ((FuncExpr *) node)->funcvariadic, scope);
		case T_OpExpr:
			return read_function(reader, ((OpExpr *) node)->opfuncid, ((OpExpr *) node)->args, false, scope);
		case T_Aggref:
			return read_aggregate(reader, (Aggref *) node, scope);
		case T_SubLink:
			return read_sublink(reader, (SubLink *) node, scope);
		case T_CoalesceExpr:
			return read_first(reader, ((CoalesceExpr *) node)->args, scope);
		case T_NullIfExpr:
			return read_expression(reader, linitial(((NullIfExpr *) node)->args), scope);
		case T_CaseExpr:
			return read_case(reader, (CaseExpr *) node, scope);
		case T_RelabelType:
			return read_expression(reader, (Node *) ((RelabelType *) node)->arg, scope);
		case T_CoerceToDomain:
			return read_expression(reader, (Node *) ((CoerceToDomain *) node)->arg, scope);
		case T_CoerceViaIO:
			/* json to jsonb and back keeps the shape; text to jsonb does not tell any. */
			if (is_json_type(exprType((Node *) ((CoerceViaIO *) node)->arg)))
				return read_expression(reader, (Node *) ((CoerceViaIO *) node)->arg, scope);
			return make_shape(FQL_SHAPE_JSON);
		default:
			return read_constructor(reader, node, scope);
	}
}

/* Is this a row whose columns can be read, that is, all of a relation's? */
static bool
is_whole_row(Node *node)
{
	return IsA(node, Var) && ((Var *) node)->varattno == 0;
}

/*
 * The shape of an expression once it is JSON: its structure where that can be read, else its SQL type.
 */
static FqlShape *
read_expression(Reader *reader, Node *node, const Scope *scope)
{
	Oid			type;
	FqlShape   *shape;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node == NULL || reader->depth >= MAX_DEPTH || reader->budget <= 0)
		return make_shape(FQL_SHAPE_JSON);
	reader->depth++;
	reader->budget--;
	type = exprType(node);
	if (is_json_type(type) || is_whole_row(node))
		shape = read_structure(reader, node, scope);
	else if (is_json_type(get_base_element_type(type)))
	{
		/* An array of JSON, as array_agg(x.data) makes it. */
		shape = read_structure(reader, node, scope);
		if (shape->kind != FQL_SHAPE_LIST)
			shape = make_list(make_shape(FQL_SHAPE_JSON));
	}
	else
		shape = make_scalar(type);
	reader->depth--;
	return shape;
}

/* Does the relation have a column data of a JSON type? */
static const FqlColumn *
document_column(const FqlCatalogRelation *relation)
{
	const FqlColumn *column = relation != NULL ? fql_catalog_column(relation, FQL_DOCUMENT_COLUMN) : NULL;

	return column != NULL && is_json_type(column->type) ? column : NULL;
}

Oid
fql_document_definition(Oid relid)
{
	FqlCatalogRelation *relation = fql_catalog_relation(relid);
	Oid			view;

	if (document_column(relation) == NULL)
		return InvalidOid;
	if (relation->kind == RELKIND_VIEW)
		return relid;
	if (strncmp(relation->name, "tv_", 3) != 0)
		return InvalidOid;
	view = fql_catalog_find(relation->schema, relation->name + 1);
	relation = OidIsValid(view) ? fql_catalog_relation(view) : NULL;
	return document_column(relation) != NULL && relation->kind == RELKIND_VIEW ? view : InvalidOid;
}

/*
 * A view that only hands another one's data on has that one's shape.  Views cannot refer to each other in a circle, but
 * together with tables, whose shape is that of a view beside them, they can: so the views on the way are remembered.
 */
static FqlShape *
read_document(Reader *reader, Oid view)
{
	const FqlColumn *column = OidIsValid(view) ? document_column(fql_catalog_relation(view)) : NULL;
	Query	   *query = column != NULL ? fql_catalog_view_query(view) : NULL;
	FqlShape   *shape;

	check_stack_depth();
	if (query == NULL || list_member_oid(reader->views, view))
		return make_shape(FQL_SHAPE_JSON);
	reader->views = lappend_oid(reader->views, view);
	shape = follow_reference(reader, read_target(reader, query, column->number, NULL));
	reader->views = list_delete_last(reader->views);
	return shape;
}

FqlShape *
fql_document_shape(Oid view)
{
	return read_document(&(Reader){.budget = MAX_EXPRESSIONS}, view);
}
