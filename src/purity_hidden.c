/*
 * purity_hidden.c
 *    What catalogs can bring into an expression that does not show it.
 *
 * Functions that make JSON of any value call the cast of its type to json where a user has made one.  A literal for an
 * array, a row or a range has the checks of domains inside it evaluated when it is parsed.  There hardly ever is such a
 * cast or check that is not pure, so it is enough to ask for all types at once, and to refuse all such expressions
 * where there is one.
 *
 * What was found is known until the catalogs change.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "purity_hidden.h"
#include "purity_internal.h"

typedef struct Answer
{
	bool		is_registered;
	bool		is_known;
	bool		is_impure;
} Answer;

static void
forget(Datum arg, int cacheid pg_attribute_unused(), uint32 hashvalue pg_attribute_unused())
{
	((Answer *) DatumGetPointer(arg))->is_known = false;
}

/* The answer, from when it was looked for last or now; a change of "catalog", or of a function, makes it doubtful. */
static bool
ask(Answer *answer, int catalog, bool (*find) (void))
{
	if (!answer->is_registered)
	{
		CacheRegisterSyscacheCallback(catalog, forget, PointerGetDatum(answer));
		CacheRegisterSyscacheCallback(PROCOID, forget, PointerGetDatum(answer));
		answer->is_registered = true;
	}
	if (!answer->is_known)
	{
		/*
		 * Set first: a change that is noticed while looking clears it again, for the next time.  This time the result
		 * is good as it is: a change from before the fill is seen by the scan, and a later one moves the schema's word.
		 * Who asks while it is looked for is told the worse.
		 */
		answer->is_known = true;
		answer->is_impure = true;
		answer->is_impure = find();
	}
	return answer->is_impure;
}

static bool
find_impure_cast(void)
{
	Relation	casts = table_open(CastRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(casts, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *functions = NIL;
	ListCell   *cell;
	FqlImpurity impurity = {0};

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_cast cast = (Form_pg_cast) GETSTRUCT(tuple);

		if ((cast->casttarget == JSONOID || cast->casttarget == JSONBOID) && cast->castfunc >= FirstUnpinnedObjectId)
			functions = lappend_oid(functions, cast->castfunc);
	}
	systable_endscan(scan);
	table_close(casts, AccessShareLock);
	foreach(cell, functions)
	{
		if (fql_purity_of_function(lfirst_oid(cell), &impurity))
			return true;
	}
	return false;
}

bool
fql_hidden_casts_are_impure(void)
{
	static Answer answer = {0};

	return ask(&answer, CASTSOURCETARGET, find_impure_cast);
}

/* A setting that a check reads would be in the answer's key if the plan showed the check. */
static bool
find_impure_check(void)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *domains = NIL;
	ListCell   *cell;
	FqlImpurity impurity = {0};

	ScanKeyInit(&key, Anum_pg_constraint_contypid, BTGreaterStrategyNumber, F_OIDGT, ObjectIdGetDatum(InvalidOid));
	scan = systable_beginscan(constraints, ConstraintTypidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		domains = list_append_unique_oid(domains, ((Form_pg_constraint) GETSTRUCT(tuple))->contypid);
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	foreach(cell, domains)
	{
		if (fql_purity_of_domain(lfirst_oid(cell), &impurity) || impurity.settings != NIL)
			return true;
	}
	return false;
}

bool
fql_hidden_checks_are_impure(void)
{
	static Answer answer = {0};

	return ask(&answer, CONSTROID, find_impure_check);
}
