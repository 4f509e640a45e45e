/*
 * ddl.c
 *    Definitions, privileges and roles: what utility commands change, told to the cache like a write.
 *
 * Every entry depends on (database, schema) and (cluster, roles).  A utility command that may change either touches the
 * tag, and the fence does the rest: the change is transactional, and other databases' entries are not disturbed by DDL.
 *
 * Which commands: all but those listed as harmless, each with its reason.  A command that a later version of PostgreSQL
 * adds is therefore noticed without this file knowing it.  The tag is touched before the command, so that it is there
 * whatever the command does, and once more after it and at each commit within it: a few commands (CREATE INDEX
 * CONCURRENTLY, REINDEX of a schema) consist of several transactions.
 *
 * A few commands change one thing that has a tag of its own: a database its schema's, and the rows of a materialized
 * view the relation's.  Which one it is, the server says while it runs the command (object access hook, executor hook):
 * the name in the command may mean something else by then.  If it says nothing, everything is touched.
 *
 * Commands about temporary tables are harmless too: they are run all the time, no entry reads such a table, and an
 * entry that one could take part in, by the search_path of a function or as a child table, is not served to a session
 * that has any (cache.c).
 *
 * Superusers can also change catalogs with plain DML; the executor hook below notices.  And some changes have no
 * command at all; the object access hook notices those.  It also sees what the commands do of which this file knows
 * already what they mean; that it passes over.
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
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_db_role_setting.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_index.h"
#include "catalog/pg_largeobject.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_subscription_rel.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
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

/* What a utility command changes that answers can follow from. */
typedef enum Effect
{
	EFFECT_NOTHING,
	EFFECT_NAMED,				/* a database or the rows of a materialized view: the server says which */
	EFFECT_DEFINITIONS,
	EFFECT_ROLES				/* definitions too */
} Effect;

/* What the innermost command does that the object access hook passes over: it is without effect, or told otherwise. */
typedef enum PassedOver
{
	PASSED_NOTHING,
	PASSED_STORAGE,				/* the same rows in another file, or the same index anew */
	PASSED_REFRESH,				/* the same, but with other rows */
	PASSED_ROLE,				/* attributes of a role that no answer follows from */
	PASSED_TABLE_OPTIONS		/* likewise of a table */
} PassedOver;

/* Commands under way that touch, one within the other. */
static int	touching_commands = 0;

static PassedOver passed_over = PASSED_NOTHING;

/* How often the server has said which database or materialized view changes. */
static uint64 changes_named = 0;

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

/* Has this very transaction created the relation? */
static bool
is_created_here(Oid relid)
{
	Relation	relation = RelationIdGetRelation(relid);
	bool		is_created;

	if (relation == NULL)
		return false;
	is_created = relation->rd_createSubid != InvalidSubTransactionId;
	RelationClose(relation);
	return is_created;
}

/*
 * A column for a temporary table that this transaction has created, as REFRESH MATERIALIZED VIEW CONCURRENTLY does it.
 * In general a permanent function may depend on the row type of a temporary table; but who depends on this one was
 * created in this transaction too, by a command that touches.
 */
static bool
adds_columns_to_new_temporary(const AlterTableStmt *statement)
{
	Oid			relid = RangeVarGetRelid(statement->relation, NoLock, true);
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		if (((const AlterTableCmd *) lfirst(cell))->subtype != AT_AddColumn)
			return false;
	}
	return OidIsValid(relid) && get_rel_persistence(relid) == RELPERSISTENCE_TEMP && is_created_here(relid);
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
static bool
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

/*
 * Roles
 */

/*
 * Attributes that say who may log in, and who may run certain commands: asked for by a log-in and by these commands,
 * never by a query.  (Catalogs show them, but what reads a catalog is not kept.)
 */
static bool
is_harmless_attribute(const DefElem *option)
{
	static const char *const names[] = {
		"canlogin", "connectionlimit", "createdb", "createrole", "isreplication", "password", "validUntil"
	};

	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (strcmp(option->defname, names[i]) == 0)
			return true;
	}
	return false;
}

/* Members (ALTER GROUP) are an option too. */
static bool
alters_harmless_attributes(const AlterRoleStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->options)
	{
		if (!is_harmless_attribute(lfirst(cell)))
			return false;
	}
	return true;
}

/*
 * A role that nobody is a member of, and that is a member of none.  No answer was computed for it: those of a role that
 * had the same OID went with that role.  It owns nothing, may do nothing, and no policy names it yet; whoever asked
 * about it by name got an error, and by OID that it is a member of nothing, unless it is to be a superuser.  From
 * PostgreSQL 16 on it gets a member at once, who creates it, if that is not a superuser.
 */
static bool
creates_lone_role(const CreateRoleStmt *statement)
{
	ListCell   *cell;

	if (!superuser())
		return false;
	foreach(cell, statement->options)
	{
		DefElem    *option = lfirst(cell);

		if (is_harmless_attribute(option) || strcmp(option->defname, "inherit") == 0 ||
			strcmp(option->defname, "bypassrls") == 0)
			continue;
		if (strcmp(option->defname, "superuser") != 0 || defGetBoolean(option))
			return false;
	}
	return true;
}

/*
 * Tables
 */

/* Options of a table that say how it is stored and vacuumed.  Those of views say who reads what is behind them. */
static bool
are_storage_options(const List *options)
{
	static const char *const names[] = {
		"fillfactor", "log_autovacuum_min_duration", "parallel_workers", "toast_tuple_target", "vacuum_index_cleanup",
		"vacuum_max_eager_freeze_failure_rate", "vacuum_truncate"
	};
	ListCell   *cell;

	foreach(cell, options)
	{
		const char *name = ((const DefElem *) lfirst(cell))->defname;
		bool		found = strncmp(name, "autovacuum_", strlen("autovacuum_")) == 0;

		for (size_t i = 0; i < lengthof(names) && !found; i++)
			found = strcmp(name, names[i]) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* ALTER TABLE that is about storage and statistics only. */
static bool
alters_table_options(const AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		const AlterTableCmd *command = lfirst(cell);

		switch (command->subtype)
		{
			case AT_SetStatistics:
				break;
			case AT_SetRelOptions:
			case AT_ResetRelOptions:
				if (are_storage_options((const List *) command->def))
					break;
				return false;
			default:
				return false;
		}
	}
	return true;
}

/*
 * Harmless commands.  What they run inside (DO, CALL, the query of a materialized view) comes by here itself.
 */

/*
 * Commands about the session, and about what is stored rather than what it means.  TRUNCATE is a trigger's affair.
 *
 * Comments are in no answer, and plans follow from statistics but answers do not.
 */
static bool
is_harmless_by_kind(const Node *statement)
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
		case T_TruncateStmt:
		case T_CreateStatsStmt:
		case T_AlterStatsStmt:
			return true;
		default:
			return false;
	}
}

/*
 * Commands whose effect comes later, or elsewhere.
 *   settings              those of the server, and those that sessions of a role or a database begin with.  A session
 *                         may change them any time without telling us: what an answer follows from is in its key.
 *   default privileges    of what will be created, by a command that does come by here
 *   publications, subscriptions      rows are sent, and what is applied fires triggers
 *   tablespaces           where things are stored
 */
static bool
is_harmless_by_object(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterSystemStmt:
		case T_AlterRoleSetStmt:
		case T_AlterDatabaseSetStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_CreatePublicationStmt:
		case T_AlterPublicationStmt:
		case T_CreateSubscriptionStmt:
		case T_AlterSubscriptionStmt:
		case T_DropSubscriptionStmt:
		case T_CreateTableSpaceStmt:
		case T_AlterTableSpaceOptionsStmt:
		case T_DropTableSpaceStmt:
			return true;
		default:
			return false;
	}
}

static bool
is_harmless(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterRoleStmt:
			return alters_harmless_attributes((const AlterRoleStmt *) statement);
		case T_CreateRoleStmt:
			return creates_lone_role((const CreateRoleStmt *) statement);
		case T_AlterTableStmt:
			return alters_table_options((const AlterTableStmt *) statement) ||
				adds_columns_to_new_temporary((const AlterTableStmt *) statement);
		case T_ReindexStmt:
			return !has_invalid_index();
		case T_CopyStmt:
			return !copies_into_catalog((const CopyStmt *) statement);
		case T_ExplainStmt:
			/* EXPLAIN ANALYZE CREATE TABLE AS creates the table */
			return castNode(Query, ((const ExplainStmt *) statement)->query)->commandType != CMD_UTILITY;
		default:
			return is_harmless_by_kind(statement) || is_harmless_by_object(statement) ||
				is_about_temporary(statement);
	}
}

/*
 * What commands change
 */

/*
 * Commands that change one database, or the rows of one materialized view.  A database's name and owner (who is a
 * member of pg_database_owner) show in its own answers only.  A dropped database's OID may come back in a new one, but
 * the answers that were kept under it are gone by then.
 */
static bool
is_named_by_server(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_AlterDatabaseStmt:
		case T_AlterDatabaseRefreshCollStmt:
		case T_RefreshMatViewStmt:
			return true;
		case T_AlterOwnerStmt:
			return ((const AlterOwnerStmt *) statement)->objectType == OBJECT_DATABASE;
		case T_RenameStmt:
			return ((const RenameStmt *) statement)->renameType == OBJECT_DATABASE;
		default:
			return false;
	}
}

/*
 * Commands about roles; their effect reaches every database.  REASSIGN OWNED and DROP OWNED reach databases that the
 * role owns, and its grants of memberships.  Who owns anything else decides in its own database who bypasses row
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
			return true;
		case T_RenameStmt:
			return ((const RenameStmt *) statement)->renameType == OBJECT_ROLE;
		default:
			return false;
	}
}

static pg_noinline Effect
effect_of(const Node *statement)
{
	if (is_harmless(statement))
		return EFFECT_NOTHING;
	if (is_named_by_server(statement))
		return EFFECT_NAMED;
	return changes_roles(statement) ? EFFECT_ROLES : EFFECT_DEFINITIONS;
}

/* What the command does that the object access hook will see, and may pass over. */
static PassedOver
passed_over_in(const Node *statement, Effect effect)
{
	switch (nodeTag(statement))
	{
		case T_VacuumStmt:
		case T_ClusterStmt:
			return PASSED_STORAGE;
		case T_RefreshMatViewStmt:
			return PASSED_REFRESH;
		case T_ReindexStmt:
			return effect == EFFECT_NOTHING ? PASSED_STORAGE : PASSED_NOTHING;
		case T_AlterRoleStmt:
			return effect == EFFECT_NOTHING ? PASSED_ROLE : PASSED_NOTHING;
		case T_AlterTableStmt:
			return alters_table_options((const AlterTableStmt *) statement) ? PASSED_TABLE_OPTIONS : PASSED_NOTHING;
		default:
			return PASSED_NOTHING;
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

/* The server has said which database changes. */
static void
touch_database(Oid database)
{
	fql_touch(fql_tag_schema(database));
	changes_named++;
}

/* Or which materialized view gets other rows. */
static void
touch_materialized_view(Oid relation)
{
	fql_touch_relation(relation);
	changes_named++;
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
make_room_in_children(const AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst(cell);

		if (command->subtype == AT_AttachPartition)
			fql_make_room_for_clone(statement->relation, ((PartitionCmd *) command->def)->name);
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

/* After a command in whose transaction we still are. */
static void
touch_after(Effect effect, bool was_named)
{
	switch (effect)
	{
		case EFFECT_NOTHING:
			break;
		case EFFECT_NAMED:
			if (!was_named)
				touch_definitions(true);
			break;
		case EFFECT_DEFINITIONS:
		case EFFECT_ROLES:
			touch_definitions(effect == EFFECT_ROLES);
			break;
	}
}

static void
process_utility(PlannedStmt *planned, const char *query, bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
				QueryCompletion *completion)
{
	/* the command may be freed when it ends a transaction in the middle, so look at it now */
	Effect		effect = effect_of(planned->utilityStmt);
	bool		touches = effect >= EFFECT_DEFINITIONS;
	bool		may_add_child = IsA(planned->utilityStmt, CreateStmt) || IsA(planned->utilityStmt, AlterTableStmt);
	uint64		named_before = changes_named;
	PassedOver	outer = passed_over;

	if (touches)
		touch_definitions(effect == EFFECT_ROLES);
	if (touches && IsA(planned->utilityStmt, AlterTableStmt))
		make_room_in_children((const AlterTableStmt *) planned->utilityStmt);
	touching_commands += touches;
	passed_over = passed_over_in(planned->utilityStmt, effect);
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
		passed_over = outer;
		touching_commands -= touches;
	}
	PG_END_TRY();
	if (!IsTransactionState())
		return;
	touch_after(effect, changes_named != named_before);
	if (touches && may_add_child)
		track_new_children(planned->utilityStmt);
}

/* A commit within a command. */
static void
xact_callback(XactEvent event, void *argument pg_attribute_unused())
{
	if (event == XACT_EVENT_PRE_COMMIT && touching_commands > 0)
		touch_definitions(false);
}

/*
 * DML on catalogs; and on materialized views, which is how REFRESH CONCURRENTLY changes their rows
 */

static void
notice_write(const PlannedStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->resultRelations)
	{
		RangeTblEntry *entry = rt_fetch(lfirst_int(cell), statement->rtable);

		if (IsCatalogRelationOid(entry->relid))
			touch_definitions(true);
		else if (entry->relkind == RELKIND_MATVIEW)
			touch_materialized_view(entry->relid);
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
		notice_write(query->plannedstmt);
}

/*
 * Changes without a command: the end of a session drops its temporary tables, and by cascade permanent functions and
 * views that used them; an extension may create, alter or drop things from C.
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
		case DbRoleSettingRelationId:
		case DefaultAclRelationId:
		case PublicationRelationId:
		case PublicationRelRelationId:
		case PublicationNamespaceRelationId:
		case SubscriptionRelationId:
		case SubscriptionRelRelationId:
		case TableSpaceRelationId:
			/* see is_harmless_by_object() */
			return false;
		case LargeObjectRelationId:
			/* read by volatile functions only, and whoever has tables of references removes them all day */
			return false;
		default:
			return true;
	}
}

/* Does the server do it on its own account, while it does what it was asked for? */
static bool
is_internal(ObjectAccessType access, const void *argument)
{
	if (access == OAT_DROP)
		return (((const ObjectAccessDrop *) argument)->dropflags & PERFORM_DELETION_INTERNAL) != 0;
	return ((const ObjectAccessPostAlter *) argument)->is_internal;
}

/*
 * Is the change a part of the innermost command whose meaning is known?  Rows are put into another file by giving the
 * relation the file of a new one, which is dropped then; only REFRESH brings other rows.  A change that a function
 * makes meanwhile is no internal one.
 */
static bool
is_passed_over(ObjectAccessType access, Oid class, const void *argument)
{
	switch (passed_over)
	{
		case PASSED_STORAGE:
		case PASSED_REFRESH:
			return is_internal(access, argument);
		case PASSED_ROLE:
			return class == AuthIdRelationId && access == OAT_POST_ALTER;
		case PASSED_TABLE_OPTIONS:
			return class == RelationRelationId && access == OAT_POST_ALTER;
		default:
			return false;
	}
}

/* Passed over, but it is how REFRESH brings other rows. */
static bool
is_refreshed(ObjectAccessType access, Oid class, Oid object)
{
	return passed_over == PASSED_REFRESH && access == OAT_POST_ALTER && class == RelationRelationId &&
		get_rel_relkind(object) == RELKIND_MATVIEW;
}

static void
notice_change(ObjectAccessType access, Oid class, Oid object, const void *argument)
{
	if (class == DatabaseRelationId)
		touch_database(object);
	else if (is_passed_over(access, class, argument))
	{
		if (is_refreshed(access, class, object))
			touch_materialized_view(object);
	}
	else if (concerns_others(class, object))
		touch_definitions(class == AuthIdRelationId || class == AuthMemRelationId);
}

/* Something that has rows for others to see; one that has just been created is in the relation cache only. */
static bool
shows_rows_to_others(Oid relid)
{
	Relation	relation = RelationIdGetRelation(relid);
	bool		shows;

	if (relation == NULL)
		return true;
	shows = relation->rd_rel->relpersistence != RELPERSISTENCE_TEMP &&
		relation->rd_rel->relkind != RELKIND_INDEX && relation->rd_rel->relkind != RELKIND_TOASTVALUE;
	RelationClose(relation);
	return shows;
}

/*
 * What is created without a command: an extension may make a table that a function means from then on, or replace a
 * function, from C.  (Rewriting a table creates one too, internally.  That a table inherits is told as a change.)
 */
static void
notice_creation(Oid class, Oid object, const ObjectAccessPostCreate *creation)
{
	if (class == DatabaseRelationId)
		touch_database(object);
	else if (class == ProcedureRelationId ||
			 (class == RelationRelationId && !creation->is_internal && shows_rows_to_others(object)))
		touch_definitions(false);
}

static void
object_access(ObjectAccessType access, Oid class, Oid object, int part, void *argument)
{
	if (previous_object_access != NULL)
		previous_object_access(access, class, object, part, argument);
	if (access == OAT_DROP || access == OAT_POST_ALTER)
		notice_change(access, class, object, argument);
	else if (access == OAT_POST_CREATE)
		notice_creation(class, object, argument);
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
