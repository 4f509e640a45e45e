/*
 * late.c
 *    Another extension that writes in the last moment: in a callback before commit or before PREPARE TRANSACTION.
 *
 * A module of its own, built by test/run.  Preloaded before fraiseql, its callback runs after that of fraiseql, whose
 * fence is up by then.  It executes the setting late.statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

static char *statement = NULL;

static void
execute_late(XactEvent event, void *arg)
{
	(void) arg;
	if ((event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE) || statement[0] == '\0')
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	SPI_execute(statement, false, 0);
	SPI_finish();
	PopActiveSnapshot();
}

void
_PG_init(void)
{
	DefineCustomStringVariable("late.statement", "Executed at the end of transactions.", NULL, &statement, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	RegisterXactCallback(execute_late, NULL);
}
