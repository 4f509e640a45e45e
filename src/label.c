/*
 * label.c
 *    fraiseql.declare_pure(): the DBA's word for functions that nobody can look into.
 *
 * The word is a security label 'pure' of the provider "fraiseql" on the function, rather than a row in a table of ours:
 * pg_dump carries it, DROP FUNCTION takes it away, CREATE OR REPLACE FUNCTION leaves it.  SECURITY LABEL says the same
 * as declare_pure(), and both come by check_label(), so what is refused and who is told is in one place.  DROP
 * EXTENSION takes the labels away (where the library is loaded): a dump from then on must restore on a server that has
 * no such provider.
 *
 * A label decides whether answers are kept, so it changes like a definition: the schema's tag is touched.  And the
 * function's catalog row counts as changed, so that whatever a backend remembers about the function is forgotten.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_seclabel.h"
#include "commands/extension.h"
#include "commands/seclabel.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "label.h"
#include "tags.h"
#include "touched.h"

#define PROVIDER "fraiseql"
#define PURE "pure"

PG_FUNCTION_INFO_V1(fql_declare_pure);

static object_access_hook_type previous_object_access = NULL;

bool
fql_label_is_pure(Oid function)
{
	ObjectAddress address;
	char	   *label;

	ObjectAddressSet(address, ProcedureRelationId, function);
	label = GetSecurityLabel(&address, PROVIDER);
	return label != NULL && strcmp(label, PURE) == 0;
}

/* Functions about which there is nothing to say. */
static void
reject_function(Oid oid, Form_pg_proc function)
{
	const char *label = format_procedure(oid);

	if (function->prokind == PROKIND_AGGREGATE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot declare %s pure", label),
				 errdetail("It is an aggregate, which is as pure as its support functions."),
				 errhint("Declare those.")));
	if (function->prokind == PROKIND_PROCEDURE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot declare %s pure", label),
				 errdetail("It is a procedure, which no query calls.")));
	if (oid < FirstUnpinnedObjectId)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot declare %s pure", label),
				 errdetail("It is a function of the server's own, and fraiseql knows about those.")));
	if (getExtensionOfObject(ProcedureRelationId, oid) == get_extension_oid("fraiseql", true))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot declare %s pure", label),
				 errdetail("It belongs to fraiseql.")));
}

/* The label of a function is about to change: tell everybody who remembers something of it. */
static void
note_change(HeapTuple tuple)
{
	Relation	functions = table_open(ProcedureRelationId, AccessShareLock);

	CacheInvalidateHeapTuple(functions, tuple, NULL);
	table_close(functions, AccessShareLock);
	fql_touch(fql_tag_schema(MyDatabaseId));
}

/* May the object get this label, or lose it (NULL)?  SECURITY LABEL asks before it writes, and so do we. */
static void
check_label(const ObjectAddress *object, const char *label)
{
	HeapTuple	tuple;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to declare functions pure")));
	if (label != NULL && strcmp(label, PURE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid security label \"%s\" for provider \"%s\"", label, PROVIDER),
				 errhint("The only label is \"%s\".", PURE)));
	if (object->classId != ProcedureRelationId)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("only functions can have a security label of provider \"%s\"", PROVIDER)));
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(object->objectId));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", object->objectId)));
	if (label != NULL)
		reject_function(object->objectId, (Form_pg_proc) GETSTRUCT(tuple));
	note_change(tuple);
	ReleaseSysCache(tuple);
}

/* fraiseql.declare_pure(function regprocedure, pure boolean) */
Datum
fql_declare_pure(PG_FUNCTION_ARGS)
{
	ObjectAddress function;
	const char *label;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("function to declare pure must not be null"),
				 errhint("Name a function with its arguments: fraiseql.declare_pure('public.price(integer)').")));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("whether the function is pure must not be null")));
	ObjectAddressSet(function, ProcedureRelationId, PG_GETARG_OID(0));
	label = PG_GETARG_BOOL(1) ? PURE : NULL;
	/* as SECURITY LABEL does, so that it is not dropped meanwhile */
	LockDatabaseObject(ProcedureRelationId, function.objectId, 0, ShareUpdateExclusiveLock);
	check_label(&function, label);
	SetSecurityLabel(&function, PROVIDER, label);
	PG_RETURN_VOID();
}

/*
 * DROP EXTENSION
 */

/* The functions that have a label of ours, in this database. */
static List *
labelled_functions(void)
{
	Relation	labels = table_open(SecLabelRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(labels, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *functions = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		provider = heap_getattr(tuple, Anum_pg_seclabel_provider, RelationGetDescr(labels), &isnull);
		FormData_pg_seclabel *label = (FormData_pg_seclabel *) GETSTRUCT(tuple);

		if (!isnull && label->classoid == ProcedureRelationId && strcmp(TextDatumGetCString(provider), PROVIDER) == 0)
			functions = lappend_oid(functions, label->objoid);
	}
	systable_endscan(scan);
	table_close(labels, AccessShareLock);
	return functions;
}

static void
drop_labels(void)
{
	ListCell   *cell;

	foreach(cell, labelled_functions())
	{
		ObjectAddress function;

		ObjectAddressSet(function, ProcedureRelationId, lfirst_oid(cell));
		SetSecurityLabel(&function, PROVIDER, NULL);
	}
}

static void
object_access(ObjectAccessType access, Oid class, Oid object, int part, void *argument)
{
	if (previous_object_access != NULL)
		previous_object_access(access, class, object, part, argument);
	if (access == OAT_DROP && class == ExtensionRelationId && object == get_extension_oid("fraiseql", true))
		drop_labels();
}

void
fql_label_init(void)
{
	register_label_provider(PROVIDER, check_label);
	previous_object_access = object_access_hook;
	object_access_hook = object_access;
}
