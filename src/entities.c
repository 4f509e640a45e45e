/*
 * entities.c
 *    From a changed table to the GraphQL types whose own rows it holds.
 *
 * The objects of a type on a table are the table's rows, and are named by what changes.c takes for their id: the
 * column "id", or else the only column of the primary key.  A type on a view is taken for a table's rows if its id
 * column is, through views and sub-queries, that same column of the table.  The view may join and filter as it likes:
 * whether a row is an object, and what of it, is asked by reading the type (cascade.c); here it is only said where to
 * look.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "catalog.h"
#include "colsets.h"
#include "compat.h"
#include "entities.h"

/* Views within views; deeper ones have no entities. */
#define MAX_DEPTH 16

/*
 * Where a column comes from
 */

typedef struct ColumnOrigin
{
	Oid			table;			/* InvalidOid: from no single column of a table */
	AttrNumber	column;
} ColumnOrigin;

static const ColumnOrigin no_origin = {InvalidOid, InvalidAttrNumber};

static ColumnOrigin origin_in_query(const Query *query, AttrNumber output, int depth);
static ColumnOrigin origin_of_expression(const Query *query, Node *node, int depth);

static ColumnOrigin
origin_in_relation(Oid relid, AttrNumber column, int depth)
{
	char		kind = get_rel_relkind(relid);

	if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE)
		return (ColumnOrigin){relid, column};
	if (kind == RELKIND_VIEW)
	{
		const Query *query = fql_catalog_view_query(relid);

		if (query != NULL)
			return origin_in_query(query, column, depth + 1);
	}
	return no_origin;
}

static ColumnOrigin
origin_of_variable(const Query *query, const Var *variable, int depth)
{
	const RangeTblEntry *entry;
	Node	   *grouped;

	if (variable->varlevelsup != 0 || variable->varno < 1 || variable->varno > list_length(query->rtable) ||
		variable->varattno <= 0)
		return no_origin;
	entry = rt_fetch(variable->varno, query->rtable);
	grouped = fql_compat_group_expression(entry, variable->varattno);
	if (grouped != NULL)
		return origin_of_expression(query, grouped, depth + 1);
	switch (entry->rtekind)
	{
		case RTE_RELATION:
			return origin_in_relation(entry->relid, variable->varattno, depth);
		case RTE_SUBQUERY:
			return origin_in_query(entry->subquery, variable->varattno, depth + 1);
		case RTE_JOIN:
			if (variable->varattno > list_length(entry->joinaliasvars))
				return no_origin;
			return origin_of_expression(query, list_nth(entry->joinaliasvars, variable->varattno - 1), depth + 1);
		default:
			return no_origin;
	}
}

static ColumnOrigin
origin_of_expression(const Query *query, Node *node, int depth)
{
	CHECK_FOR_INTERRUPTS();
	if (node == NULL || depth >= MAX_DEPTH)
		return no_origin;
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return IsA(node, Var) ? origin_of_variable(query, (const Var *) node, depth) : no_origin;
}

static ColumnOrigin
origin_in_query(const Query *query, AttrNumber output, int depth)
{
	const TargetEntry *entry;

	if (depth >= MAX_DEPTH || query->commandType != CMD_SELECT || query->setOperations != NULL)
		return no_origin;
	entry = get_tle_by_resno(query->targetList, output);
	return entry == NULL ? no_origin : origin_of_expression(query, (Node *) entry->expr, depth);
}

/*
 * Types
 */

/* The column by which changes name the table's rows; InvalidAttrNumber: none. */
static AttrNumber
id_column(Oid table)
{
	Relation	relation = table_open(table, AccessShareLock);
	AttrNumber	column = fql_column_sets(relation)->id.column;

	table_close(relation, AccessShareLock);
	return column;
}

/* The column of the relation that holds its objects' id. */
static AttrNumber
key_column(const FqlRelation *relation)
{
	AttrNumber	id = relation->shape == FQL_RELATION_DOCUMENT ? relation->id_column : get_attnum(relation->relid, "id");

	if (relation->shape == FQL_RELATION_DOCUMENT || id != InvalidAttrNumber)
		return id;
	return relation->key_count == 1 ? relation->key_columns[0] : InvalidAttrNumber;
}

/* The field that shows a column. */
static const FqlField *
field_of_column(const FqlType *type, const FqlRelation *relation, AttrNumber column)
{
	for (uint32_t i = 0; i < type->field_count; i++)
	{
		const FqlFieldBinding *binding = type->fields[i].binding;

		if (relation->shape == FQL_RELATION_DOCUMENT
			? binding->kind == FQL_FIELD_DATA_VALUE && strcmp(binding->data_key, "id") == 0
			: binding->kind == FQL_FIELD_COLUMN && binding->column == column)
			return &type->fields[i];
	}
	return NULL;
}

static const FqlField *
root_list(const FqlTypeSystem *types, const FqlType *type)
{
	for (uint32_t i = 0; i < types->query->field_count; i++)
	{
		const FqlFieldBinding *binding = types->query->fields[i].binding;

		if (binding->kind == FQL_FIELD_ROOT_LIST && binding->target == type)
			return &types->query->fields[i];
	}
	return NULL;
}

/* False: its objects cannot be named. */
static bool
describe(const FqlTypeSystem *types, const FqlType *type, FqlEntityType *entity)
{
	ColumnOrigin origin;
	AttrNumber	column;

	entity->type = type;
	entity->relation = type->binding;
	column = key_column(entity->relation);
	if (column == InvalidAttrNumber)
		return false;
	entity->key = field_of_column(type, entity->relation, column);
	entity->list = root_list(types, type);
	if (entity->key == NULL || entity->list == NULL)
		return false;
	origin = origin_in_relation(entity->relation->relid, column, 0);
	entity->table = origin.table;
	return OidIsValid(origin.table) && origin.column == id_column(origin.table);
}

List *
fql_entity_types(const FqlTypeSystem *types)
{
	List	   *result = NIL;

	if (types->query == NULL)
		return NIL;
	for (uint32_t i = 0; i < types->type_count; i++)
	{
		FqlEntityType *entity = palloc(sizeof(FqlEntityType));

		CHECK_FOR_INTERRUPTS();
		if (types->types[i]->kind == FQL_TYPE_OBJECT && types->types[i]->binding != NULL &&
			describe(types, types->types[i], entity))
			result = lappend(result, entity);
	}
	return result;
}

/* The tables that it is a partition or child of, one step up. */
static List *
parents_of(Oid table)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = lappend_oid(result, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return result;
}

bool
fql_entity_is_row_of(const FqlEntityType *entity, Oid table)
{
	ListCell   *cell;

	check_stack_depth();
	if (entity->table == table)
		return true;
	foreach(cell, parents_of(table))
	{
		if (fql_entity_is_row_of(entity, lfirst_oid(cell)))
			return true;
	}
	return false;
}
