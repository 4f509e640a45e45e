/*
 * compat.h
 *    Every difference between PostgreSQL versions, as static inlines: the only place that reads PG_VERSION_NUM.
 */
#ifndef FQL_COMPAT_H
#define FQL_COMPAT_H

#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "storage/proc.h"
#include "utils/acl.h"
#if PG_VERSION_NUM >= 170000
#include "utils/wait_event.h"
#else
#include "utils/wait_event.h"
#include "pgstat.h"
#endif

#if PG_VERSION_NUM < 150000
#error "fraiseql needs PostgreSQL 15 or newer"
#endif

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
fql_compat_is_json_query(Node *node)
{
#if PG_VERSION_NUM >= 170000
	return IsA(node, JsonExpr);
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

/* The wait event of the worker's nap: named where the server lets an extension name one. */
static inline uint32
fql_compat_wait_event_worker(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("FraiseqlWorkerMain");
	return wait_event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

#endif							/* FQL_COMPAT_H */
