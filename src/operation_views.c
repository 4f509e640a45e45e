/*
 * operation_views.c
 *    The function behind the view operation_stats.
 *
 * Privileges are those of monitor.c: figures for everybody; what an operation of another role is, its text, name and
 * hash, for members of pg_read_all_stats.  Operations of all databases are shown; their texts and names are ASCII, so
 * they are text in each of them.
 *
 * What follows from counters is computed here, so that counting costs nothing for it.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "operations.h"
#include "views.h"

PG_FUNCTION_INFO_V1(fql_operation_stats);

#define OPERATION_STATS_COLUMNS 25

static void
identity_columns(Datum *values, bool *nulls, const FqlOperationInfo *info, bool visible)
{
	values[0] = ObjectIdGetDatum(info->database);
	values[1] = ObjectIdGetDatum(info->role);
	nulls[2] = !visible;
	nulls[3] = !visible || info->name[0] == '\0';
	if (!nulls[2])
		values[2] = CStringGetTextDatum(psprintf("%016llx", (unsigned long long) info->id));
	if (!nulls[3])
		values[3] = CStringGetTextDatum(info->name);
	values[4] = CStringGetTextDatum(info->is_mutation ? "mutation" : "query");
	values[5] = CStringGetTextDatum(visible ? info->text : "<insufficient privilege>");
}

static void
call_columns(Datum *values, bool *nulls, uint64 hits, const FqlOperationFigures *figures)
{
	values[6] = Int64GetDatum((int64) (hits + figures->misses + figures->bypasses));
	values[7] = Int64GetDatum((int64) hits);
	values[8] = Int64GetDatum((int64) figures->misses);
	values[9] = Int64GetDatum((int64) figures->bypasses);
	values[10] = Int64GetDatum((int64) figures->rejected);
	fql_view_put_rate(values, nulls, 11, (double) hits, hits + figures->misses);
	values[12] = Int64GetDatum((int64) figures->errors);
	nulls[21] = nulls[22] = figures->last_reason == FQL_REASON_NONE;
	values[21] = CStringGetTextDatum(fql_reason_info(figures->last_reason)->name);
	values[22] = TimestampTzGetDatum(figures->last_reason_at);
}

static void
execution_columns(Datum *values, bool *nulls, uint64 hits, const FqlOperationFigures *figures)
{
	values[13] = Int64GetDatum((int64) figures->executions);
	values[14] = Float8GetDatum(figures->total_ms);
	fql_view_put_rate(values, nulls, 15, figures->total_ms, figures->executions);
	nulls[16] = nulls[24] = figures->executions == 0;
	values[16] = Float8GetDatum(figures->max_ms);
	fql_view_put_rate(values, nulls, 17, (double) hits * figures->total_ms, figures->executions);
	values[18] = Int64GetDatum((int64) figures->rows);
	values[19] = Int64GetDatum((int64) figures->bytes);
	fql_view_put_rate(values, nulls, 20, (double) figures->bytes, figures->executions);
	values[24] = TimestampTzGetDatum(figures->last_executed_at);
}

static void
put_operation(ReturnSetInfo *result, const FqlOperationInfo *info, bool may_see_all)
{
	Datum		values[OPERATION_STATS_COLUMNS] = {0};
	bool		nulls[OPERATION_STATS_COLUMNS] = {false};

	identity_columns(values, nulls, info, may_see_all || has_privs_of_role(GetUserId(), info->role));
	call_columns(values, nulls, info->hits, &info->figures);
	execution_columns(values, nulls, info->hits, &info->figures);
	values[23] = TimestampTzGetDatum(info->first_seen);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* There may be many: what a row takes is freed with it. */
static void
put_operations(ReturnSetInfo *result, bool may_see_all)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "fraiseql operations", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	FqlOperationInfo info;
	uint32		position = 0;

	while (fql_operations_next(&position, &info))
	{
		CHECK_FOR_INTERRUPTS();
		put_operation(result, &info, may_see_all);
		MemoryContextReset(work);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

/* fraiseql.operation_stats() */
Datum
fql_operation_stats(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	put_operations((ReturnSetInfo *) fcinfo->resultinfo, has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS));
	return (Datum) 0;
}
