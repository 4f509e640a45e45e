/*
 * catalog.c
 *    What the schema needs to know about a relation, read from the catalogs.
 *
 * The catalogs are scanned under catalog snapshots rather than read through the relcache, because a relcache entry
 * needs a lock on the relation: loading the schema would wait for every ALTER TABLE in progress, on whatever exposed
 * table, before it could answer any question.  MVCC scans do not wait.  And the syscache has neither comments nor the
 * constraints of a relation.
 *
 * Whether what was read is current is not for this file to say.  A DDL may commit between two scans; request.c keeps a
 * schema only if its word has not moved since before the load.  The word moves when the DDL's invalidation messages are
 * out (words.c), so whoever loads under the new word sees its effects, by scan and by syscache alike.
 *
 * One index scan per catalog and relation: about ten microseconds each.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_description.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "catalog.h"
#include "compat.h"

/* A scan of a catalog for the rows whose one OID column has a value. */
typedef struct OidScan
{
	Relation	catalog;
	SysScanDesc scan;
} OidScan;

static OidScan
oid_scan_begin(Oid catalog, Oid index, AttrNumber column, Oid value)
{
	OidScan		result;
	ScanKeyData key;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	result.catalog = table_open(catalog, AccessShareLock);
	result.scan = systable_beginscan(result.catalog, index, true, NULL, 1, &key);
	return result;
}

static void
oid_scan_end(OidScan scan)
{
	systable_endscan(scan.scan);
	table_close(scan.catalog, AccessShareLock);
}

static int
compare_columns(const void *a, const void *b)
{
	return ((const FqlColumn *) a)->number - ((const FqlColumn *) b)->number;
}

static void
read_class(FqlCatalogRelation *relation, Form_pg_class class)
{
	relation->schema = class->relnamespace;
	relation->owner = class->relowner;
	relation->name = pstrdup(NameStr(class->relname));
	relation->kind = class->relkind;
	relation->persistence = class->relpersistence;
	relation->is_partition = class->relispartition;
	relation->column_count = 0;
	relation->columns = palloc0(sizeof(FqlColumn) * Max(class->relnatts, 1));
}

static void
read_columns(FqlCatalogRelation *relation, int capacity)
{
	OidScan		scan = oid_scan_begin(AttributeRelationId, AttributeRelidNumIndexId, Anum_pg_attribute_attrelid,
									  relation->relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		Form_pg_attribute attribute = (Form_pg_attribute) GETSTRUCT(tuple);

		if (attribute->attnum <= 0 || attribute->attisdropped)
			continue;
		/* A column may have been added since pg_class was read. */
		if (relation->column_count == capacity)
			break;
		relation->columns[relation->column_count++] = (FqlColumn){
			.number = attribute->attnum,
			.name = pstrdup(NameStr(attribute->attname)),
			.type = attribute->atttypid,
			.collation = attribute->attcollation,
			.not_null = attribute->attnotnull,
			.has_default = attribute->atthasdef || attribute->attidentity != '\0',
			.is_computed = attribute->attgenerated != '\0' || attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS,
		};
	}
	oid_scan_end(scan);
	/* The scan is in no order when indexes are ignored (ignore_system_indexes). */
	qsort(relation->columns, relation->column_count, sizeof(FqlColumn), compare_columns);
}

/* Comments on the relation and on its columns. */
static void
read_comments(FqlCatalogRelation *relation)
{
	OidScan		scan = oid_scan_begin(DescriptionRelationId, DescriptionObjIndexId, Anum_pg_description_objoid,
									  relation->relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		Form_pg_description description = (Form_pg_description) GETSTRUCT(tuple);
		FqlColumn  *column;
		bool		is_null;
		Datum		comment;

		if (description->classoid != RelationRelationId)
			continue;
		comment = heap_getattr(tuple, Anum_pg_description_description, RelationGetDescr(scan.catalog), &is_null);
		if (is_null)
			continue;
		column = unconstify(FqlColumn *, fql_catalog_column_numbered(relation, description->objsubid));
		if (description->objsubid == 0)
			relation->comment = TextDatumGetCString(comment);
		else if (column != NULL)
			column->comment = TextDatumGetCString(comment);
	}
	oid_scan_end(scan);
}

/* An int2[] column of pg_constraint as attribute numbers. */
static AttrNumber *
read_numbers(HeapTuple tuple, AttrNumber column, Relation catalog, int *count)
{
	bool		is_null;
	Datum		datum = heap_getattr(tuple, column, RelationGetDescr(catalog), &is_null);
	ArrayType  *array;
	AttrNumber *numbers;

	*count = 0;
	if (is_null)
		return NULL;
	array = DatumGetArrayTypePCopy(datum);
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != INT2OID)
		return NULL;
	*count = ARR_DIMS(array)[0];
	numbers = palloc(sizeof(AttrNumber) * Max(*count, 1));
	memcpy(numbers, ARR_DATA_PTR(array), sizeof(AttrNumber) * *count);
	return numbers;
}

/*
 * A constraint with a parent is the copy that a partition of the referencing or of the referenced table got: the
 * parent's says it all.  A temporal foreign key is not an equality of its columns, so it is no relationship.
 */
static void
read_foreign_key(FqlCatalogRelation *relation, HeapTuple tuple, Relation catalog)
{
	Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	FqlForeignKey *key;
	int			remote_count;

	if (OidIsValid(constraint->conparentid) || fql_compat_constraint_is_temporal(constraint))
		return;
	key = palloc0(sizeof(FqlForeignKey));
	key->name = pstrdup(NameStr(constraint->conname));
	key->referenced = constraint->confrelid;
	key->local = read_numbers(tuple, Anum_pg_constraint_conkey, catalog, &key->column_count);
	key->remote = read_numbers(tuple, Anum_pg_constraint_confkey, catalog, &remote_count);
	if (key->column_count > 0 && key->column_count == remote_count)
		relation->foreign_keys = lappend(relation->foreign_keys, key);
}

/*
 * From PostgreSQL 18 on, a column whose NOT NULL constraint is not yet validated, or is not inherited by child tables,
 * says attnotnull, but may hold nulls.
 */
static void
read_not_null(FqlCatalogRelation *relation, HeapTuple tuple, Relation catalog)
{
	Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	int			count;
	AttrNumber *numbers;

	if (constraint->convalidated && !constraint->connoinherit)
		return;
	numbers = read_numbers(tuple, Anum_pg_constraint_conkey, catalog, &count);
	for (int i = 0; i < count; i++)
	{
		FqlColumn  *column = unconstify(FqlColumn *, fql_catalog_column_numbered(relation, numbers[i]));

		if (column != NULL)
			column->not_null = false;
	}
}

static void
read_constraints(FqlCatalogRelation *relation)
{
	OidScan		scan = oid_scan_begin(ConstraintRelationId, ConstraintRelidTypidNameIndexId,
									  Anum_pg_constraint_conrelid, relation->relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		switch (((Form_pg_constraint) GETSTRUCT(tuple))->contype)
		{
			case CONSTRAINT_PRIMARY:
				relation->key = read_numbers(tuple, Anum_pg_constraint_conkey, scan.catalog, &relation->key_count);
				break;
			case CONSTRAINT_FOREIGN:
				read_foreign_key(relation, tuple, scan.catalog);
				break;
			case FQL_COMPAT_CONSTRAINT_NOT_NULL:
				read_not_null(relation, tuple, scan.catalog);
				break;
			default:
				break;
		}
	}
	oid_scan_end(scan);
}

static int
compare_foreign_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(((const FqlForeignKey *) lfirst(a))->name, ((const FqlForeignKey *) lfirst(b))->name);
}

FqlCatalogRelation *
fql_catalog_relation(Oid relid)
{
	OidScan		scan = oid_scan_begin(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, relid);
	HeapTuple	tuple = systable_getnext(scan.scan);
	FqlCatalogRelation *relation = NULL;
	int			capacity = 0;

	if (HeapTupleIsValid(tuple))
	{
		relation = palloc0(sizeof(FqlCatalogRelation));
		relation->relid = relid;
		read_class(relation, (Form_pg_class) GETSTRUCT(tuple));
		capacity = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	}
	oid_scan_end(scan);
	if (relation == NULL)
		return NULL;
	relation->label = quote_qualified_identifier(get_namespace_name(relation->schema), relation->name);
	read_columns(relation, capacity);
	read_comments(relation);
	read_constraints(relation);
	list_sort(relation->foreign_keys, compare_foreign_keys);
	return relation;
}

const FqlColumn *
fql_catalog_column(const FqlCatalogRelation *relation, const char *name)
{
	for (int i = 0; i < relation->column_count; i++)
	{
		if (strcmp(relation->columns[i].name, name) == 0)
			return &relation->columns[i];
	}
	return NULL;
}

const FqlColumn *
fql_catalog_column_numbered(const FqlCatalogRelation *relation, AttrNumber number)
{
	for (int i = 0; i < relation->column_count; i++)
	{
		if (relation->columns[i].number == number)
			return &relation->columns[i];
	}
	return NULL;
}

const char *
fql_catalog_column_name(Oid relid, AttrNumber number)
{
	Relation	catalog = table_open(AttributeRelationId, AccessShareLock);
	const char *name = NULL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(number));
	scan = systable_beginscan(catalog, AttributeRelidNumIndexId, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) && !((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped)
		name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return name;
}

Query *
fql_catalog_view_query(Oid view)
{
	OidScan		scan = oid_scan_begin(RewriteRelationId, RewriteRelRulenameIndexId, Anum_pg_rewrite_ev_class, view);
	HeapTuple	tuple;
	Query	   *query = NULL;

	while (query == NULL && HeapTupleIsValid(tuple = systable_getnext(scan.scan)))
	{
		Form_pg_rewrite rule = (Form_pg_rewrite) GETSTRUCT(tuple);
		bool		is_null;
		Datum		action;
		List	   *actions;

		if (rule->ev_type != '1' || !rule->is_instead)
			continue;
		action = heap_getattr(tuple, Anum_pg_rewrite_ev_action, RelationGetDescr(scan.catalog), &is_null);
		actions = is_null ? NIL : (List *) stringToNode(TextDatumGetCString(action));
		if (list_length(actions) == 1)
			query = linitial_node(Query, actions);
	}
	oid_scan_end(scan);
	return query;
}

const char *
fql_catalog_type_name(Oid type)
{
	OidScan		scan = oid_scan_begin(TypeRelationId, TypeOidIndexId, Anum_pg_type_oid, type);
	HeapTuple	tuple = systable_getnext(scan.scan);
	const char *name = NULL;

	if (HeapTupleIsValid(tuple))
		name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	oid_scan_end(scan);
	return name;
}

Oid
fql_catalog_find(Oid schema, const char *name)
{
	Relation	catalog;
	SysScanDesc scan;
	ScanKeyData keys[2];
	NameData	relname;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	if (strlen(name) >= NAMEDATALEN)
		return InvalidOid;
	namestrcpy(&relname, name);
	ScanKeyInit(&keys[0], Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&relname));
	ScanKeyInit(&keys[1], Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	catalog = table_open(RelationRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, ClassNameNspIndexId, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		result = ((Form_pg_class) GETSTRUCT(tuple))->oid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}
