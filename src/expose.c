/*
 * expose.c
 *    fraiseql.expose() and expose_schema(): which relations GraphQL sees.
 *
 * Whether an exposure fits is decided by building the whole schema, in the same transaction, without the relation and
 * with it: every problem that only the second has is the caller's to mend, and is raised.  So what can go wrong is
 * written once, in the builder; and a problem that was there before, brought about by some other DDL, does not keep
 * anybody from exposing or repairing other relations.
 *
 * The caller must own the relation.  The row in fraiseql.exposure is written as the owner of that table, because
 * callers have no privileges on it.  Writers of exposures exclude each other: two that collide must not both succeed.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "expose_internal.h"
#include "memory.h"
#include "naming.h"
#include "schema_internal.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(fql_expose);
PG_FUNCTION_INFO_V1(fql_expose_schema);

/*
 * fraiseql.exposure
 */

Oid
fql_expose_lock(const char *table)
{
	Oid			relid = get_relname_relid(table, get_namespace_oid("fraiseql", false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"fraiseql.%s\" does not exist", table),
				 errhint("Run CREATE EXTENSION fraiseql.")));
	LockRelationOid(relid, ShareRowExclusiveLock);
	return relid;
}

uint64
fql_expose_write(Oid relid, const char *sql, int count, Oid *types, Datum *values, const char *nulls)
{
	FqlCatalogRelation *table = fql_catalog_relation(relid);
	Oid			user;
	int			context;
	int			result;
	uint64		rows;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(table->owner, context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	result = SPI_execute_with_args(sql, count, types, values, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "writing fraiseql.%s failed: %s", table->name, SPI_result_code_string(result));
	rows = SPI_processed;
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	CommandCounterIncrement();
	return rows;
}

static bool
delete_exposure(Oid exposure, Oid relid)
{
	return fql_expose_write(exposure, "DELETE FROM fraiseql.exposure WHERE relation OPERATOR(pg_catalog.=) $1", 1,
						  (Oid[]){REGCLASSOID}, (Datum[]){ObjectIdGetDatum(relid)}, NULL) > 0;
}

/* Rows of relations that are gone: they show nothing, and would speak up if their OID were ever used again. */
static void
delete_dangling(Oid exposure)
{
	fql_expose_write(exposure,
				   "DELETE FROM fraiseql.exposure AS e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c "
				   "WHERE c.oid OPERATOR(pg_catalog.=) e.relation::pg_catalog.oid)", 0, NULL, NULL, NULL);
}

/* type_name and options may be null pointers. */
static void
insert_exposure(Oid exposure, Oid relid, text *type_name, Jsonb *options)
{
	char		nulls[] = {' ', type_name == NULL ? 'n' : ' ', options == NULL ? 'n' : ' ', '\0'};

	fql_expose_write(exposure, "INSERT INTO fraiseql.exposure (relation, type_name, options) VALUES ($1, $2, $3)", 3,
				   (Oid[]){REGCLASSOID, TEXTOID, JSONBOID},
				   (Datum[]){ObjectIdGetDatum(relid), PointerGetDatum(type_name), PointerGetDatum(options)}, nulls);
}

/*
 * Checks
 */

static void
reject_kind(const FqlCatalogRelation *relation)
{
	switch (relation->kind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
			return;
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("cannot expose %s", relation->label),
					 relation->kind == RELKIND_MATVIEW ? errdetail("It is a materialized view.")
					 : errdetail("It is a foreign table."),
					 errhint("Expose a view over it.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("cannot expose %s", relation->label),
					 errdetail("It is neither a table nor a view.")));
	}
}

/* Schemas and relations that are the server's, this extension's or one session's. */
static void
reject_place(const FqlCatalogRelation *relation)
{
	if (relation->persistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot expose temporary relation \"%s\"", relation->name),
				 errdetail("Only one session can see it.")));
	if (relation->relid < FirstNormalObjectId)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot expose system relation %s", relation->label)));
	if (relation->schema == get_namespace_oid("fraiseql", true))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot expose %s", relation->label),
				 errdetail("The schema \"fraiseql\" belongs to the extension.")));
}

static void
check_owner(const FqlCatalogRelation *relation)
{
	if (!fql_compat_owns_relation(relation->relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(relation->kind), relation->name);
}

/* Lock the relation against being dropped or altered meanwhile, and see that it may be exposed. */
static void
check_exposable(Oid relid)
{
	FqlCatalogRelation *relation;

	LockRelationOid(relid, AccessShareLock);
	relation = fql_catalog_relation(relid);
	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	reject_kind(relation);
	reject_place(relation);
	check_owner(relation);
}

/*
 * Problems
 */

FqlTypeSystem *
fql_expose_build(List **problems)
{
	return fql_schema_build(fql_memory_arena(CurrentMemoryContext), problems);
}

static bool
has_problem(const List *problems, const FqlProblem *problem)
{
	ListCell   *cell;

	foreach(cell, problems)
	{
		if (strcmp(((const FqlProblem *) lfirst(cell))->message, problem->message) == 0)
			return true;
	}
	return false;
}

void
fql_expose_raise_new_problem(const List *before, const List *after)
{
	ListCell   *cell;

	foreach(cell, after)
	{
		const FqlProblem *problem = lfirst(cell);

		if (!has_problem(before, problem))
			ereport(ERROR,
					(errcode(problem->sqlstate),
					 errmsg("%s", problem->message),
					 problem->hint != NULL && problem->hint[0] != '\0' ? errhint("%s", problem->hint) : 0));
	}
}

/* The name of the type that a relation backs; NULL: none. */
static text *
type_name_of(const FqlTypeSystem *types, Oid relid)
{
	for (uint32_t i = 0; i < types->type_count; i++)
	{
		const FqlType *type = types->types[i];
		const FqlRelation *relation = type->binding;

		if (type->kind == FQL_TYPE_OBJECT && relation != NULL && relation->relid == relid)
			return cstring_to_text_with_len(type->name.data, type->name.len);
	}
	return NULL;
}

static Datum
type_name_datum(const FqlTypeSystem *types, Oid relid)
{
	text	   *name = type_name_of(types, relid);

	if (name == NULL)
		elog(ERROR, "relation with OID %u has no GraphQL type", relid);
	return PointerGetDatum(name);
}

/*
 * expose(relation regclass, type_name text, options jsonb) returns text
 */
Datum
fql_expose(PG_FUNCTION_ARGS)
{
	text	   *type_name = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	Jsonb	   *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	Oid			exposure;
	Oid			relid;
	List	   *before;
	List	   *after;
	FqlTypeSystem *types;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("relation to expose must not be null"),
				 errhint("Name a table or a view: fraiseql.expose('public.tb_user').")));
	relid = PG_GETARG_OID(0);
	if (options != NULL && !JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example {\"exclude\": [\"password_hash\"]}.")));
	check_exposable(relid);
	exposure = fql_expose_lock("exposure");
	delete_dangling(exposure);
	delete_exposure(exposure, relid);
	fql_expose_build(&before);
	insert_exposure(exposure, relid, type_name, options);
	types = fql_expose_build(&after);
	fql_expose_raise_new_problem(before, after);
	fql_track_relations_behind(relid);
	PG_RETURN_DATUM(type_name_datum(types, relid));
}

/*
 * expose_schema()
 */

/* A relation of the schema, and where its prefix stands in the order of preference. */
typedef struct Member
{
	Oid			relid;
	char	   *name;
	const char *entity;			/* the name without its prefix */
	int			rank;
	bool		exposed;		/* already */
} Member;

static int
prefix_rank(const char *name)
{
	static const char *const prefixes[] = {"tv_", "v_", "tb_"};

	for (size_t i = 0; i < lengthof(prefixes); i++)
	{
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return i;
	}
	return lengthof(prefixes);
}

/* Tables, partitioned tables and views; not partitions, and not what belongs to an extension. */
static bool
is_member(Form_pg_class class, Oid schema)
{
	if (class->relnamespace != schema || class->relispartition || class->relpersistence == RELPERSISTENCE_TEMP)
		return false;
	if (class->relkind != RELKIND_RELATION && class->relkind != RELKIND_PARTITIONED_TABLE &&
		class->relkind != RELKIND_VIEW)
		return false;
	return !OidIsValid(getExtensionOfObject(RelationRelationId, class->oid));
}

/* What is exposed already comes first, then by prefix: so the first of an entity is the one to show. */
static int
compare_members(const ListCell *a, const ListCell *b)
{
	const Member *x = lfirst(a);
	const Member *y = lfirst(b);
	int			order = strcmp(x->entity, y->entity);

	if (order == 0)
		order = y->exposed - x->exposed;
	if (order == 0)
		order = x->rank - y->rank;
	return order != 0 ? order : strcmp(x->name, y->name);
}

static List *
schema_members(Oid schema, const FqlTypeSystem *types)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *members = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class class = (Form_pg_class) GETSTRUCT(tuple);
		Member	   *member;

		CHECK_FOR_INTERRUPTS();
		if (!is_member(class, schema))
			continue;
		member = palloc(sizeof(Member));
		member->relid = class->oid;
		member->name = pstrdup(NameStr(class->relname));
		member->entity = fql_naming_entity(member->name);
		member->rank = prefix_rank(member->name);
		member->exposed = type_name_of(types, class->oid) != NULL;
		members = lappend(members, member);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(members, compare_members);
	return members;
}

/* One relation for each entity: what is exposed already, else the first by prefix. */
static List *
choose_members(List *members)
{
	const char *entity = NULL;
	List	   *chosen = NIL;
	ListCell   *cell;

	foreach(cell, members)
	{
		Member	   *member = lfirst(cell);

		if (!member->exposed && entity != NULL && strcmp(member->entity, entity) == 0)
			continue;
		entity = member->entity;
		chosen = lappend(chosen, member);
	}
	return chosen;
}

static Oid
check_schema(FunctionCallInfo fcinfo)
{
	Oid			schema;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("schema to expose must not be null")));
	schema = PG_GETARG_OID(0);
	if (get_namespace_name(schema) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema with OID %u does not exist", schema)));
	if ((schema < FirstNormalObjectId && schema != PG_PUBLIC_NAMESPACE) ||
		schema == get_namespace_oid("fraiseql", true) || isAnyTempNamespace(schema))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot expose schema \"%s\"", get_namespace_name(schema)),
				 errdetail("It belongs to the server, to this extension or to one session.")));
	return schema;
}

/* Tell which type each relation has. */
static void
return_members(FunctionCallInfo fcinfo, const List *members, const FqlTypeSystem *types)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	foreach(cell, members)
	{
		Oid			relid = ((const Member *) lfirst(cell))->relid;
		Datum		values[2] = {ObjectIdGetDatum(relid), type_name_datum(types, relid)};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * expose_schema(schema regnamespace) returns table (relation regclass, type_name text)
 *
 * Relations that are exposed already stay as they are, options included.
 */
Datum
fql_expose_schema(PG_FUNCTION_ARGS)
{
	Oid			schema = check_schema(fcinfo);
	Oid			exposure = fql_expose_lock("exposure");
	List	   *members;
	List	   *before;
	List	   *after;
	FqlTypeSystem *types;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	delete_dangling(exposure);
	members = choose_members(schema_members(schema, fql_expose_build(&before)));
	foreach(cell, members)
	{
		const Member *member = lfirst(cell);

		if (member->exposed)
			continue;
		check_exposable(member->relid);
		insert_exposure(exposure, member->relid, NULL, NULL);
	}
	types = fql_expose_build(&after);
	fql_expose_raise_new_problem(before, after);
	foreach(cell, members)
		fql_track_relations_behind(((const Member *) lfirst(cell))->relid);
	return_members(fcinfo, members, types);
	return (Datum) 0;
}

bool
fql_expose_hide_relation(Oid relid)
{
	FqlCatalogRelation *relation = fql_catalog_relation(relid);

	if (relation != NULL)
		check_owner(relation);
	return delete_exposure(fql_expose_lock("exposure"), relid);
}
