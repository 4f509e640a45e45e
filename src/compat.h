/*
 * compat.h
 *    Every difference between PostgreSQL versions, as static inlines: the only place that reads PG_VERSION_NUM.
 */
#ifndef FQL_COMPAT_H
#define FQL_COMPAT_H

#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/wait_event.h"

/* The header of variable-length values, a part of postgres.h before 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "fraiseql needs PostgreSQL 15 or newer"
#endif

/*
 * Settings that utils/pg_locale.h declares alike in every version.  That header includes ICU's, which the packages to
 * build extensions with do not pull in from Debian 13 on.
 */
extern PGDLLIMPORT char *locale_monetary;
extern PGDLLIMPORT char *locale_numeric;
extern PGDLLIMPORT char *locale_time;

/* In front of the declaration of a function that does not return. */
#if PG_VERSION_NUM >= 180000
#define FQL_COMPAT_NORETURN pg_noreturn
#else
#define FQL_COMPAT_NORETURN pg_attribute_noreturn()
#endif

/* What an executor's run hook is called with. */
#if PG_VERSION_NUM >= 180000
#define FQL_COMPAT_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define FQL_COMPAT_RUN_ARGUMENTS query, direction, count
#else
#define FQL_COMPAT_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define FQL_COMPAT_RUN_ARGUMENTS query, direction, count, execute_once
#endif

/* Ask for memory that will be written to soon; where the compiler has no way to, nothing. */
static inline void
fql_compat_prefetch(volatile void *address)
{
#if defined(__GNUC__) || defined(__clang__)
	__builtin_prefetch((const void *) address, 1);
#else
	(void) address;
#endif
}

/* The number of this process's PGPROC: below MaxBackends + NUM_AUXILIARY_PROCS for every process that runs code. */
static inline int
fql_compat_proc_number(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProcNumber;
#else
	return MyProc->pgprocno;
#endif
}

/* Can the lock on a transaction's own id be had, which it releases last?  Does not wait. */
static inline bool
fql_compat_transaction_lock_is_free(TransactionId xid)
{
#if PG_VERSION_NUM >= 180000
	return ConditionalXactLockTableWait(xid, false);
#else
	return ConditionalXactLockTableWait(xid);
#endif
}

/* Does the role own the relation? */
static inline bool
fql_compat_owns_relation(Oid relid, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, role);
#else
	return pg_class_ownercheck(relid, role);
#endif
}

/* JSON_VALUE, JSON_QUERY and JSON_EXISTS came with 17. */
static inline bool
fql_compat_is_json_query(Node *node pg_attribute_unused())
{
#if PG_VERSION_NUM >= 170000
	return IsA(node, JsonExpr);
#else
	return false;
#endif
}

/* JSON_OBJECT(), JSON_ARRAY() and their like, which make JSON of any type, came with 16. */
static inline bool
fql_compat_is_json_constructor(Node *node pg_attribute_unused())
{
#if PG_VERSION_NUM >= 160000
	return IsA(node, JsonConstructorExpr);
#else
	return false;
#endif
}

/* json_agg_strict() and jsonb_agg_strict(), which leave nulls out, came with 16. */
static inline bool
fql_compat_is_strict_json_agg(Oid function pg_attribute_unused())
{
#if PG_VERSION_NUM >= 160000
	return function == F_JSON_AGG_STRICT || function == F_JSONB_AGG_STRICT;
#else
	return false;
#endif
}

/* ALTER TABLE ... ENABLE ALWAYS TRIGGER, partitions' clones included. */
static inline void
fql_compat_enable_trigger_always(Relation relation, const char *name)
{
#if PG_VERSION_NUM >= 160000
	EnableDisableTrigger(relation, name, InvalidOid, TRIGGER_FIRES_ALWAYS, false, true, ShareRowExclusiveLock);
#else
	EnableDisableTriggerNew(relation, name, TRIGGER_FIRES_ALWAYS, false, true, ShareRowExclusiveLock);
#endif
}

/* May the role use the schema? */
static inline bool
fql_compat_may_use_schema(Oid schema, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK;
#else
	return pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK;
#endif
}

/* May the role call the function? */
static inline bool
fql_compat_may_execute(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/* Does the role own the function? */
static inline bool
fql_compat_owns_function(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(ProcedureRelationId, function, role);
#else
	return pg_proc_ownercheck(function, role);
#endif
}

/* pg_constraint.contype of a NOT NULL constraint: servers before 18 have no such rows. */
#define FQL_COMPAT_CONSTRAINT_NOT_NULL 'n'

/* Does the constraint compare its last column by overlap or containment (WITHOUT OVERLAPS, PERIOD)? */
static inline bool
fql_compat_constraint_is_temporal(Form_pg_constraint constraint pg_attribute_unused())
{
#if PG_VERSION_NUM >= 180000
	return constraint->conperiod;
#else
	return false;
#endif
}

/* Is the column computed when it is read?  Then a stored row holds no value of it, and triggers see none. */
static inline bool
fql_compat_is_virtual_column(Form_pg_attribute attribute pg_attribute_unused())
{
#if PG_VERSION_NUM >= 180000
	return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/* Does the join return the rows of its inner side that have no match? */
static inline bool
fql_compat_is_right_anti_join(JoinType type pg_attribute_unused())
{
#if PG_VERSION_NUM >= 160000
	return type == JOIN_RIGHT_ANTI;
#else
	return false;
#endif
}

/* The expression behind a column of the pseudo-relation that stands for GROUP BY; NULL: this is none. */
static inline Node *
fql_compat_group_expression(const RangeTblEntry *entry pg_attribute_unused(), AttrNumber column pg_attribute_unused())
{
#if PG_VERSION_NUM >= 180000
	if (entry->rtekind == RTE_GROUP && column > 0 && column <= list_length(entry->groupexprs))
		return (Node *) list_nth(entry->groupexprs, column - 1);
#endif
	return NULL;
}

/*
 * The parts of an SQL/JSON constructor, which the grammar has from PostgreSQL 16 on.  JSON_OBJECT() and JSON_ARRAY()
 * have arguments; the others wrap a function or aggregate, as a formatted value wraps an expression.
 */
typedef enum FqlJsonConstructor
{
	FQL_JSON_CONSTRUCTOR_NONE,
	FQL_JSON_CONSTRUCTOR_OBJECT,	/* arguments: key, value, ... */
	FQL_JSON_CONSTRUCTOR_ARRAY, /* arguments */
	FQL_JSON_CONSTRUCTOR_WRAPPED	/* one argument that is the same JSON */
} FqlJsonConstructor;

static inline FqlJsonConstructor
fql_compat_json_constructor(Node *node pg_attribute_unused(), List **arguments)
{
	*arguments = NIL;
#if PG_VERSION_NUM >= 160000
	if (IsA(node, JsonValueExpr))
	{
		*arguments = list_make1(((JsonValueExpr *) node)->formatted_expr);
		return FQL_JSON_CONSTRUCTOR_WRAPPED;
	}
	if (IsA(node, JsonConstructorExpr))
	{
		JsonConstructorExpr *constructor = (JsonConstructorExpr *) node;

		*arguments = constructor->func != NULL ? list_make1(constructor->func) : constructor->args;
		if (constructor->type == JSCTOR_JSON_OBJECT)
			return FQL_JSON_CONSTRUCTOR_OBJECT;
		if (constructor->type == JSCTOR_JSON_ARRAY)
			return FQL_JSON_CONSTRUCTOR_ARRAY;
		return *arguments != NIL ? FQL_JSON_CONSTRUCTOR_WRAPPED : FQL_JSON_CONSTRUCTOR_NONE;
	}
#endif
	return FQL_JSON_CONSTRUCTOR_NONE;
}

/*
 * Does this process hold a relation's lock that is kept in its PGPROC?  Another process may move one to the shared
 * table meanwhile.
 */
static inline bool
fql_compat_holds_fast_path_locks(void)
{
	bool		held = false;

	LWLockAcquire(&MyProc->fpInfoLock, LW_SHARED);
#if PG_VERSION_NUM >= 180000
	for (int group = 0; group < FastPathLockGroupsPerBackend; group++)
		held = held || MyProc->fpLockBits[group] != 0;
#else
	held = MyProc->fpLockBits != 0;
#endif
	LWLockRelease(&MyProc->fpInfoLock);
	return held;
}

/* Has this process any lock in the shared table? */
static inline bool
fql_compat_holds_listed_locks(void)
{
	for (int partition = 0; partition < NUM_LOCK_PARTITIONS; partition++)
	{
#if PG_VERSION_NUM >= 160000
		if (!dlist_is_empty(&MyProc->myProcLocks[partition]))
			return true;
#else
		if (!SHMQueueEmpty(&MyProc->myProcLocks[partition]))
			return true;
#endif
	}
	return false;
}

/* A wait event: named where the server lets an extension name one.  *event keeps it; 0 at first. */
static inline uint32
fql_compat_wait_event(const char *name, uint32 *event)
{
	if (*event == 0)
	{
#if PG_VERSION_NUM >= 170000
		*event = WaitEventExtensionNew(name);
#else
		(void) name;
		*event = PG_WAIT_EXTENSION;
#endif
	}
	return *event;
}

#endif							/* FQL_COMPAT_H */
