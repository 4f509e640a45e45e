/*
 * writing.c
 *    Is a statement that writes under way in this session?
 *
 * The tracking triggers run at the end of a statement, for all rows that it changed.  Between, what the transaction
 * has touched (touched.c) is not yet all that it has changed: a function that the statement calls can already see
 * rows that no trigger has named.  A hit in a transaction that has written asks touched.c, so it must not ask then.
 *
 * The claim: while fql_is_writing() is false, each row that this transaction has changed is named.
 *   - Rows of tracked tables change by INSERT, UPDATE, DELETE and MERGE, in queries of the executor, and by COPY.  Both
 *     are counted here from before the first row changes until after ExecutorFinish, or the command, in which the row
 *     triggers run: they are not constraint triggers, so they cannot be deferred.
 *   - Queries nest, through functions and triggers; cascades of foreign keys run within the statement that caused them
 *     (PostgreSQL does not defer an action, only a check).  So the depth is counted, and zero means that none is open.
 *   - Between ExecutorRun and ExecutorFinish of one query nobody runs functions of a user's.
 *   - TRUNCATE, and commands that change definitions, touch before anybody can see what they change (track.c, ddl.c).
 *   - Processes that write by other ways (logical replication applies rows without a query) are no client sessions, and
 *     are taken to be writing always.
 * Errors leave by the PG_FINALLY below, so the depth is right after them too.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"

#include "compat.h"
#include "writing.h"

static ExecutorRun_hook_type previous_executor_run = NULL;
static ExecutorFinish_hook_type previous_executor_finish = NULL;
static ProcessUtility_hook_type previous_process_utility = NULL;

/* Statements that write, one within the other. */
static int	depth = 0;

bool
fql_is_writing(void)
{
	return depth > 0 || MyBackendType != B_BACKEND;
}

static bool
writes(const QueryDesc *query)
{
	return query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
}

static void
run(FQL_COMPAT_RUN_PARAMETERS)
{
	if (previous_executor_run != NULL)
		previous_executor_run(FQL_COMPAT_RUN_ARGUMENTS);
	else
		standard_ExecutorRun(FQL_COMPAT_RUN_ARGUMENTS);
}

static void
executor_run(FQL_COMPAT_RUN_PARAMETERS)
{
	if (!writes(query))
	{
		run(FQL_COMPAT_RUN_ARGUMENTS);
		return;
	}
	depth++;
	PG_TRY();
	{
		run(FQL_COMPAT_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

static void
finish(QueryDesc *query)
{
	if (previous_executor_finish != NULL)
		previous_executor_finish(query);
	else
		standard_ExecutorFinish(query);
}

static void
executor_finish(QueryDesc *query)
{
	if (!writes(query))
	{
		finish(query);
		return;
	}
	depth++;
	PG_TRY();
	{
		finish(query);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

static bool
copies_in(const Node *statement)
{
	return IsA(statement, CopyStmt) && ((const CopyStmt *) statement)->is_from;
}

static void
process(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
		ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	if (previous_process_utility != NULL)
		previous_process_utility(planned, text, read_only_tree, context, parameters, environment, receiver, completion);
	else
		standard_ProcessUtility(planned, text, read_only_tree, context, parameters, environment, receiver, completion);
}

static void
process_utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
				QueryCompletion *completion)
{
	if (!copies_in(planned->utilityStmt))
	{
		process(planned, text, read_only_tree, context, parameters, environment, receiver, completion);
		return;
	}
	depth++;
	PG_TRY();
	{
		process(planned, text, read_only_tree, context, parameters, environment, receiver, completion);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

void
fql_writing_init(void)
{
	previous_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	previous_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = executor_finish;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
