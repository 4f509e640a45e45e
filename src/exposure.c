/*
 * exposure.c
 *    What has been exposed: the rows of fraiseql.exposure and of fraiseql.exposed_function.
 *
 * They are read below SQL: any role may ask GraphQL questions, but none needs privileges on these tables, and reading
 * them must not run into the caller's settings.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "exposure.h"

/* Columns. */
enum
{
	OBJECT = 1,
	NAME,
	OPTIONS
};

static FqlExposure *
read_row(HeapTuple tuple, TupleDesc descriptor)
{
	FqlExposure *exposure = palloc0(sizeof(FqlExposure));
	bool		is_null;
	Datum		value;

	exposure->object = DatumGetObjectId(heap_getattr(tuple, OBJECT, descriptor, &is_null));
	value = heap_getattr(tuple, NAME, descriptor, &is_null);
	if (!is_null)
		exposure->name = TextDatumGetCString(value);
	value = heap_getattr(tuple, OPTIONS, descriptor, &is_null);
	if (!is_null)
		exposure->options = DatumGetJsonbPCopy(value);
	return exposure;
}

List *
fql_exposures(const char *table)
{
	Oid			schema = get_namespace_oid("fraiseql", true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
	List	   *result = NIL;
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(relid))
		return NIL;
	relation = table_open(relid, AccessShareLock);
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		result = lappend(result, read_row(tuple, RelationGetDescr(relation)));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return result;
}
