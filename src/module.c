/*
 * module.c
 *    Loading the library: settings and hooks always; shared memory and the worker only while preloading.
 *
 * Loaded later (no shared_preload_libraries), the library answers without a cache.  The hooks and callbacks are
 * installed all the same: they cost nothing there.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "changes.h"
#include "ddl.h"
#include "guc.h"
#include "label.h"
#include "observe.h"
#include "plan.h"
#include "precise.h"
#include "shmem.h"
#include "sqlbody.h"
#include "testpoint.h"
#include "touched.h"
#include "worker.h"
#include "writing.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	fql_guc_define();
	fql_touched_init();
	fql_changes_init();
	fql_observe_init();
	fql_plan_init();
	fql_precise_init();
	fql_sqlbody_init();
	fql_ddl_init();
	fql_writing_init();
	fql_label_init();
	if (process_shared_preload_libraries_in_progress)
	{
		fql_shmem_init();
		fql_worker_init();
		FQL_TEST_POINTS_INIT();
	}
}
