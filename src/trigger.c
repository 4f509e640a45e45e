/*
 * trigger.c
 *    The triggers that tell the cache about writes: how to see that they are there, installing them.
 *
 * Row-level, because logical replication apply fires no other kind; AFTER, because BEFORE triggers of others may still
 * change or drop the row; ENABLE ALWAYS, because apply workers and pg_restore run with session_replication_role =
 * replica, under which ordinary triggers stay silent.  Foreign-key cascades, COPY, MERGE and writes through views all
 * end in row triggers of the table.  TRUNCATE ends in none, so it has a trigger of its own.  What they do: track.c.
 *
 * A partitioned table's row trigger is cloned by PostgreSQL to every partition, present and future, and a write names
 * the leaf that it changed, which is also the relation that a scan names.  Statement triggers are not cloned, so each
 * partition and each inheritance child gets its own TRUNCATE trigger, the later ones from ddl.c.
 *
 * Installing takes ShareRowExclusiveLock on the table and so waits for every transaction that has written to it: no
 * untracked write can commit after the triggers are there.
 *
 * The triggers depend on the extension (AUTO EXTENSION), so DROP EXTENSION takes them away without CASCADE, and pg_dump
 * writes them out like any other trigger of the table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rowsecurity.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "touched.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(fql_track);

#define ROW_TRIGGER_NAME "fraiseql_track_row"
#define ROW_TRIGGER_FUNCTION "track_row"
#define ROW_TRIGGER_EVENTS (TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE)
#define TRUNCATE_TRIGGER_NAME "fraiseql_track_truncate"
#define TRUNCATE_TRIGGER_FUNCTION "track_truncate"

/*
 * Finding them
 */

/*
 * The OIDs of both functions, looked up once and again after any change of a function: a dropped and created extension
 * has new ones.
 */
static Oid	row_function = InvalidOid;
static Oid	truncate_function = InvalidOid;
static bool functions_are_known = false;
static uint64 function_changes = 0;

static void
note_function_change(Datum arg pg_attribute_unused(), int cacheid pg_attribute_unused(),
					 uint32 hashvalue pg_attribute_unused())
{
	functions_are_known = false;
	function_changes++;
}

/* One of our trigger functions; InvalidOid without the extension.  Asks for no privilege on the schema. */
static Oid
trigger_function(Oid schema, const char *name)
{
	oidvector  *no_arguments = buildoidvector(NULL, 0);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name), PointerGetDatum(no_arguments),
						   ObjectIdGetDatum(schema));
}

/* A change that is noticed while looking up makes the next call look up again. */
static void
find_functions(void)
{
	static bool registered = false;
	uint64		changes;
	Oid			schema;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(PROCOID, note_function_change, (Datum) 0);
		registered = true;
	}
	if (functions_are_known)
		return;
	changes = function_changes;
	schema = get_namespace_oid("fraiseql", true);
	row_function = trigger_function(schema, ROW_TRIGGER_FUNCTION);
	truncate_function = trigger_function(schema, TRUNCATE_TRIGGER_FUNCTION);
	functions_are_known = changes == function_changes;
}

/* Does the trigger fire always, for every row, whatever changed? */
static bool
is_unconditional(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_FIRES_ALWAYS && trigger->tgqual == NULL && trigger->tgnattr == 0 &&
		TRIGGER_FOR_AFTER(trigger->tgtype) && !trigger->tgdeferrable;
}

/* Which of our triggers does the relation have in working order? */
static void
find_triggers(Relation relation, bool *row, bool *truncate)
{
	TriggerDesc *triggers;

	/* looking the functions up may receive an invalidation, which makes the relation's list anew */
	find_functions();
	triggers = relation->trigdesc;
	*row = *truncate = false;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!is_unconditional(trigger))
			continue;
		if (OidIsValid(row_function) && trigger->tgfoid == row_function && TRIGGER_FOR_ROW(trigger->tgtype) &&
			(trigger->tgtype & ROW_TRIGGER_EVENTS) == ROW_TRIGGER_EVENTS)
			*row = true;
		if (OidIsValid(truncate_function) && trigger->tgfoid == truncate_function &&
			TRIGGER_FOR_TRUNCATE(trigger->tgtype))
			*truncate = true;
	}
}

bool
fql_relation_is_tracked(Relation relation)
{
	bool		row;
	bool		truncate;

	find_triggers(relation, &row, &truncate);
	return row && truncate;
}

/*
 * Installing them
 */

/* Can a table of this kind have the triggers?  Temporary tables are private to a session and never cached. */
static bool
is_trackable(Relation relation)
{
	char		kind = relation->rd_rel->relkind;

	return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) &&
		relation->rd_rel->relpersistence != RELPERSISTENCE_TEMP && !IsCatalogRelation(relation);
}

static CreateTrigStmt *
trigger_statement(Relation relation, const char *name, const char *function, bool row, int16 events)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);

	statement->trigname = pstrdup(name);
	statement->relation = makeRangeVar(get_namespace_name(RelationGetNamespace(relation)),
									   pstrdup(RelationGetRelationName(relation)), -1);
	statement->funcname = list_make2(makeString("fraiseql"), makeString(pstrdup(function)));
	statement->row = row;
	statement->timing = TRIGGER_TYPE_AFTER;
	statement->events = events;
	return statement;
}

/* Create one trigger, firing always, that goes when the extension goes. */
static void
create_trigger(Relation relation, const char *name, const char *function, bool row, int16 events)
{
	ObjectAddress trigger;
	ObjectAddress extension;

	trigger = CreateTriggerFiringOn(trigger_statement(relation, name, function, row, events), NULL,
									RelationGetRelid(relation), InvalidOid, InvalidOid, InvalidOid, InvalidOid,
									InvalidOid, NULL, false, false, TRIGGER_FIRES_ALWAYS);
	ObjectAddressSet(extension, ExtensionRelationId, get_extension_oid("fraiseql", false));
	recordDependencyOn(&trigger, &extension, DEPENDENCY_AUTO_EXTENSION);
	CommandCounterIncrement();
}

/*
 * Make the trigger work: switch it on where somebody disabled it (a partition's clone cannot be dropped and made anew),
 * create it where there is none.
 */
static void
ensure_trigger(Relation relation, const char *name, const char *function, bool row, int16 events)
{
	if (OidIsValid(get_trigger_oid(RelationGetRelid(relation), name, true)))
	{
		if (!fql_compat_owns_relation(RelationGetRelid(relation), GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(relation));
		fql_compat_enable_trigger_always(relation, name);
		CommandCounterIncrement();
	}
	else
		create_trigger(relation, name, function, row, events);
}

/*
 * Install what is missing on a locked relation.  Where anything was, the schema's word moves with the commit: a fill
 * that is under way took its snapshot perhaps before a write that nobody tracked, and must not now find triggers, take
 * the relation's unmoved word for the truth, and publish.
 */
static void
install_missing(Relation relation)
{
	bool		row;
	bool		truncate;

	find_triggers(relation, &row, &truncate);
	if (row && truncate)
		return;
	fql_touch(fql_tag_schema(MyDatabaseId));
	if (!row)
		ensure_trigger(relation, ROW_TRIGGER_NAME, ROW_TRIGGER_FUNCTION, true, ROW_TRIGGER_EVENTS);
	if (!truncate)
		ensure_trigger(relation, TRUNCATE_TRIGGER_NAME, TRUNCATE_TRIGGER_FUNCTION, false, TRIGGER_TYPE_TRUNCATE);
}

/* Does the relation lack a trigger that it could have?  Looked at under a lock that disturbs nobody. */
static bool
needs_triggers(Oid relid)
{
	Relation	relation = table_open(relid, AccessShareLock);
	bool		needs = is_trackable(relation) && !fql_relation_is_tracked(relation);

	table_close(relation, NoLock);
	return needs;
}

/* One relation, not looking at its children.  Nobody blocks writers of a table that he may not put triggers on. */
static void
track_one(Oid relid)
{
	Relation	relation;
	AclResult	allowed;

	if (!needs_triggers(relid))
		return;
	allowed = pg_class_aclcheck(relid, GetUserId(), ACL_TRIGGER);
	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, get_rel_name(relid));
	relation = table_open(relid, ShareRowExclusiveLock);
	install_missing(relation);
	table_close(relation, NoLock);
}

/*
 * A table with its partitions and children.  Parents come first, so that a partition already has its clone of the row
 * trigger when its turn comes.
 */
static void
track_family(Oid relid)
{
	List	   *family = find_all_inheritors(relid, AccessShareLock, NULL);
	ListCell   *cell;

	foreach(cell, family)
	{
		CHECK_FOR_INTERRUPTS();
		track_one(lfirst_oid(cell));
	}
}

/*
 * Everything behind a relation.  The walk remembers where it has been: views may share tables, and policies may refer
 * to each other's tables.
 */
typedef struct BehindContext
{
	List	   *seen;			/* relation OIDs */
} BehindContext;

static void track_behind(Oid relid, BehindContext *context);

/* Visit each relation that a query names, in sub-queries and expressions too. */
static bool
behind_walker(Node *node, void *argument)
{
	BehindContext *context = argument;

	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_RELATION)
			track_behind(entry->relid, context);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, behind_walker, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, behind_walker, context);
}

/* The tables that the row security policies of a relation look at. */
static void
track_behind_policies(Relation relation, BehindContext *context)
{
	ListCell   *cell;

	if (relation->rd_rsdesc == NULL)
		return;
	foreach(cell, relation->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		behind_walker((Node *) policy->qual, context);
	}
}

static void
track_behind(Oid relid, BehindContext *context)
{
	Relation	relation;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (list_member_oid(context->seen, relid))
		return;
	context->seen = lappend_oid(context->seen, relid);
	relation = table_open(relid, AccessShareLock);
	if (relation->rd_rel->relkind == RELKIND_VIEW)
		behind_walker((Node *) get_view_query(relation), context);
	else
	{
		track_behind_policies(relation, context);
		if (is_trackable(relation))
			track_family(relid);
	}
	table_close(relation, NoLock);
}

void
fql_track_relations_behind(Oid relid)
{
	BehindContext context = {NIL};

	track_behind(relid, &context);
}

/* Does the relation have our row trigger? */
static bool
has_row_trigger(Oid relid)
{
	Relation	relation = table_open(relid, AccessShareLock);
	bool		row;
	bool		truncate;

	find_triggers(relation, &row, &truncate);
	table_close(relation, AccessShareLock);
	return row;
}

/* Does an ancestor of the relation have our row trigger? */
static bool
has_tracked_ancestor(Oid relid)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	List	   *parents = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *cell;
	bool		found = false;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);

	foreach(cell, parents)
		found = found || has_row_trigger(lfirst_oid(cell));
	return found;
}

/* Indexes are attached to partitioned indexes by the same command as partitions: they are nobody's rows. */
static bool
has_rows_of_ancestor(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

/* CREATE TABLE IF NOT EXISTS may name a table that is there already, and not the caller's. */
void
fql_track_new_child(Oid relid)
{
	if (fql_compat_owns_relation(relid, GetUserId()) && has_rows_of_ancestor(relid) && has_tracked_ancestor(relid))
		track_family(relid);
}

/*
 * PostgreSQL clones the parent's row trigger to the new partition, and fails if that has one of the name already: one
 * that was tracked by itself.  So that one makes room.  The table stays locked until the clone is there, and if the
 * command fails, this is undone with it.
 */
void
fql_make_room_for_clone(const RangeVar *parent, const RangeVar *partition)
{
	Oid			parent_relid = RangeVarGetRelid(parent, NoLock, true);
	Oid			relid;
	ObjectAddress trigger;

	if (!OidIsValid(parent_relid) || get_rel_relkind(parent_relid) != RELKIND_PARTITIONED_TABLE ||
		!has_row_trigger(parent_relid))
		return;
	relid = RangeVarGetRelidExtended(partition, AccessExclusiveLock, RVR_MISSING_OK, RangeVarCallbackOwnsRelation,
									 NULL);
	if (!OidIsValid(relid) || !has_rows_of_ancestor(relid) || !has_row_trigger(relid))
		return;
	ObjectAddressSet(trigger, TriggerRelationId, get_trigger_oid(relid, ROW_TRIGGER_NAME, false));
	performDeletion(&trigger, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	CommandCounterIncrement();
}

/* Refuse what has no rows of its own and leads to none. */
static void
check_can_track(Oid relid)
{
	Relation	relation = relation_open(relid, AccessShareLock);

	if (!is_trackable(relation) && relation->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot track writes to \"%s\"", RelationGetRelationName(relation)),
				 errhint("Tracked are ordinary and partitioned tables, and the tables behind a view.")));
	relation_close(relation, NoLock);
}

/*
 * fraiseql.track(relation): for tables that only functions read, which no definition leads to.
 */
Datum
fql_track(PG_FUNCTION_ARGS)
{
	Oid			relid;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("relation to track must not be null")));
	relid = PG_GETARG_OID(0);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!fql_compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	check_can_track(relid);
	fql_track_relations_behind(relid);
	PG_RETURN_VOID();
}
