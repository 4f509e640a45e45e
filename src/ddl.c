/*
 * ddl.c
 *    Definitions, privileges and roles: what utility commands change, told to the cache like a write.
 *
 * Every entry depends on (database, schema) and (cluster, roles).  A utility command that may change either touches the
 * tag, and the fence does the rest: the change is transactional, and other databases' entries are not disturbed by DDL.
 *
 * Which commands: all but those listed as harmless.  A command that a later version of PostgreSQL adds is therefore
 * noticed without this file knowing it.  The tag is touched before the command, so that it is there whatever the
 * command does, and once more after it and at each commit within it: a few commands (CREATE INDEX CONCURRENTLY, REINDEX
 * of a schema) consist of several transactions.
 *
 * Temporary tables are the one exemption by content: they are created all the time, no entry reads them, and an entry
 * that one could take part in, by the search_path of a function or as a child table, is not served to a session that
 * has any (cache.c).
 *
 * Superusers can also change catalogs with plain DML; the executor hook below notices.  And some changes have no
 * command at all; the object access hook notices those.
 *
 * Partitions and children that are created or attached later get their tracking triggers here.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl.h"
#include "touched.h"
#include "trigger.h"

static ProcessUtility_hook_type previous_process_utility = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;
static object_access_hook_type previous_object_access = NULL;

/* Commands under way that touch, one within the other. */
static int	touching_commands = 0;

static bool
is_temporary_name(const RangeVar *name)
{
	return name != NULL && (name->relpersistence == RELPERSISTENCE_TEMP ||
							(name->schemaname != NULL && strcmp(name->schemaname, "pg_temp") == 0));
}

/* DROP TABLE of temporary tables only. */
static bool
drops_temporary_only(const DropStmt *statement)
{
	ListCell   *cell;

	if (statement->removeType != OBJECT_TABLE && statement->removeType != OBJECT_INDEX)
		return false;
	foreach(cell, statement->objects)
	{
		Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(lfirst(cell)), NoLock, true);

		if (!OidIsValid(relid) || get_rel_persistence(relid) != RELPERSISTENCE_TEMP)
			return false;
	}
	return true;
}

static bool
indexes_temporary(const IndexStmt *statement)
{
	Oid			relid = RangeVarGetRelid(statement->relation, NoLock, true);

	return OidIsValid(relid) && get_rel_persistence(relid) == RELPERSISTENCE_TEMP;
}

/* Commands about temporary relations. */
static bool
is_about_temporary(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			/* a temporary child of a permanent table shows in queries of the parent, so it is noticed */
			return is_temporary_name(((const CreateStmt *) statement)->relation) &&
				((const CreateStmt *) statement)->inhRelations == NIL;
		case T_CreateTableAsStmt:
			return is_temporary_name(((const CreateTableAsStmt *) statement)->into->rel);
		case T_CreateSeqStmt:
			return is_temporary_name(((const CreateSeqStmt *) statement)->sequence);
		case T_ViewStmt:
			return is_temporary_name(((const ViewStmt *) statement)->view);
		case T_IndexStmt:
			return indexes_temporary((const IndexStmt *) statement);
		case T_DropStmt:
			return drops_temporary_only((const DropStmt *) statement);
		default:
			return false;
	}
}

/* Superusers can write to catalogs with COPY, which comes by no executor hook. */
static bool
copies_into_catalog(const CopyStmt *statement)
{
	Oid			relid;

	if (!statement->is_from || statement->relation == NULL)
		return false;
	relid = RangeVarGetRelid(statement->relation, NoLock, true);
	return OidIsValid(relid) && IsCatalogRelationOid(relid);
}

/*
 * Is there an index in the database that REINDEX could make valid, and thus its columns a set that answers depend by
 * (colsets.c)?  One that a CREATE INDEX CONCURRENTLY left behind when it failed.
 */
static pg_noinline bool
has_invalid_index(void)
{
	Relation	indexes = table_open(IndexRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(indexes, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = !((Form_pg_index) GETSTRUCT(tuple))->indisvalid;
	systable_endscan(scan);
	table_close(indexes, AccessShareLock);
	return found;
}

/* Commands that change neither a definition nor a privilege.  What they run inside (DO, CALL) comes by here itself. */
static bool
is_harmless(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_TransactionStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_DeclareCursorStmt:
		case T_FetchStmt:
		case T_ClosePortalStmt:
		case T_ListenStmt:
		case T_NotifyStmt:
		case T_UnlistenStmt:
		case T_LockStmt:
		case T_VacuumStmt:
		case T_ClusterStmt:
		case T_CheckPointStmt:
		case T_DiscardStmt:
		case T_ConstraintsSetStmt:
		case T_LoadStmt:
		case T_DoStmt:
		case T_CallStmt:
		case T_CommentStmt:
		case T_TruncateStmt:	/* a trigger's affair */
		case T_AlterSystemStmt:
			return true;
		case T_ReindexStmt:
			return !has_invalid_index();
		case T_CopyStmt:
			return !copies_into_catalog((const CopyStmt *) statement);
		case T_ExplainStmt:
			/* EXPLAIN ANALYZE CREATE TABLE AS creates the table */
			return castNode(Query, ((const ExplainStmt *) statement)->query)->commandType != CMD_UTILITY;
		default:
			return is_about_temporary(statement);
	}
}

/*
 * Commands about roles and databases; their effect reaches every database.  Ownership decides who bypasses row
 * security.
 */
static bool
changes_roles(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateRoleStmt:
		case T_AlterRoleStmt:
		case T_DropRoleStmt:
		case T_GrantRoleStmt:
		case T_ReassignOwnedStmt:
		case T_DropOwnedStmt:
		case T_AlterOwnerStmt:
			return true;
		case T_CreatedbStmt:
		case T_DropdbStmt:
			/* a dropped database's OID and contents may come back in a new one */
			return true;
		case T_RenameStmt:
			return ((const RenameStmt *) statement)->renameType == OBJECT_ROLE ||
				((const RenameStmt *) statement)->renameType == OBJECT_DATABASE;
		default:
			return false;
	}
}

/* Something that the schema's tag names changes, and perhaps something that the roles' tag names. */
static void
touch_definitions(bool roles)
{
	fql_touch(fql_tag_schema(MyDatabaseId));
	if (roles)
		fql_touch(fql_tag_roles());
}

/*
 * New partitions and children
 */

static void
track_created(const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);

	if (OidIsValid(relid))
		fql_track_new_child(relid);
}

/* ATTACH PARTITION names the child in the command, INHERIT in the relation. */
static void
track_altered(const AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst(cell);

		if (command->subtype == AT_AttachPartition)
			track_created(((PartitionCmd *) command->def)->name);
		else if (command->subtype == AT_AddInherit)
			track_created(statement->relation);
	}
}

static void
track_new_children(const Node *statement)
{
	if (IsA(statement, CreateStmt))
	{
		const CreateStmt *create = (const CreateStmt *) statement;

		if (create->inhRelations != NIL && !is_temporary_name(create->relation))
			track_created(create->relation);
	}
	else if (IsA(statement, AlterTableStmt))
		track_altered((const AlterTableStmt *) statement);
}

static void
process_utility(PlannedStmt *planned, const char *query, bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
				QueryCompletion *completion)
{
	/* the command may be freed when it ends a transaction in the middle, so look at it now */
	bool		touches = !is_harmless(planned->utilityStmt);
	bool		roles = touches && changes_roles(planned->utilityStmt);
	bool		may_add_child = IsA(planned->utilityStmt, CreateStmt) || IsA(planned->utilityStmt, AlterTableStmt);

	if (touches)
		touch_definitions(roles);
	touching_commands += touches;
	PG_TRY();
	{
		if (previous_process_utility != NULL)
			previous_process_utility(planned, query, read_only_tree, context, parameters, environment, receiver,
									 completion);
		else
			standard_ProcessUtility(planned, query, read_only_tree, context, parameters, environment, receiver,
									completion);
	}
	PG_FINALLY();
	{
		touching_commands -= touches;
	}
	PG_END_TRY();
	if (touches && IsTransactionState())
	{
		touch_definitions(roles);
		if (may_add_child)
			track_new_children(planned->utilityStmt);
	}
}

/* A commit within a command. */
static void
xact_callback(XactEvent event, void *argument pg_attribute_unused())
{
	if (event == XACT_EVENT_PRE_COMMIT && touching_commands > 0)
		touch_definitions(false);
}

/*
 * DML on catalogs
 */

static void
notice_catalog_write(const PlannedStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->resultRelations)
	{
		RangeTblEntry *entry = rt_fetch(lfirst_int(cell), statement->rtable);

		if (IsCatalogRelationOid(entry->relid))
			touch_definitions(true);
	}
}

static void
executor_start(QueryDesc *query, int flags)
{
	if (previous_executor_start != NULL)
		previous_executor_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
	if (query->plannedstmt->resultRelations != NIL && (flags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		notice_catalog_write(query->plannedstmt);
}

/*
 * Changes without a command: the end of a session drops its temporary tables, and by cascade permanent functions and
 * views that used them; an extension may drop or alter things from C.
 */
static bool
concerns_others(Oid class, Oid object)
{
	switch (class)
	{
		case RelationRelationId:
			return get_rel_persistence(object) != RELPERSISTENCE_TEMP;
		case TypeRelationId:
		case ConstraintRelationId:
		case AttrDefaultRelationId:
		case TriggerRelationId:
		case StatisticExtRelationId:
			/* temporary tables have them too; a permanent relation that loses one is altered itself */
			return false;
		default:
			return true;
	}
}

static void
object_access(ObjectAccessType access, Oid class, Oid object, int part, void *argument)
{
	if (previous_object_access != NULL)
		previous_object_access(access, class, object, part, argument);
	if ((access == OAT_DROP || access == OAT_POST_ALTER) && concerns_others(class, object))
		touch_definitions(false);
}

void
fql_ddl_init(void)
{
	previous_object_access = object_access_hook;
	object_access_hook = object_access;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	RegisterXactCallback(xact_callback, NULL);
}
