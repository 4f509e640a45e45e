/*
 * monitor.c
 *    The functions behind the views cache_stats, cache_entries, bypass_stats and coalescing_stats, and the resets.
 *
 * Privileges are those of pg_stat_statements: sums for everybody; the text and hash of another role's operations only
 * for members of pg_read_all_stats.
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

#include "audit.h"
#include "cache.h"
#include "coalesce.h"
#include "operations.h"
#include "shmem.h"
#include "stats.h"
#include "views.h"

PG_FUNCTION_INFO_V1(fql_bypass_stats);
PG_FUNCTION_INFO_V1(fql_cache_entries);
PG_FUNCTION_INFO_V1(fql_cache_reset);
PG_FUNCTION_INFO_V1(fql_cache_stats);
PG_FUNCTION_INFO_V1(fql_coalescing_stats);
PG_FUNCTION_INFO_V1(fql_stats_reset);
PG_FUNCTION_INFO_V1(fql_verify_stats);

#define CACHE_STATS_COLUMNS 15
#define CACHE_ENTRIES_COLUMNS 10
#define BYPASS_STATS_COLUMNS 4
#define VERIFY_STATS_COLUMNS 4
#define COALESCING_STATS_COLUMNS 14

static void
counter_columns(Datum *values, bool *nulls, const uint64 *counters)
{
	uint64		hits = counters[FQL_COUNTER_HITS];
	uint64		asked = hits + counters[FQL_COUNTER_MISSES];

	values[0] = Int64GetDatum(hits);
	values[1] = Int64GetDatum(counters[FQL_COUNTER_MISSES]);
	values[2] = Int64GetDatum(counters[FQL_COUNTER_BYPASSES]);
	fql_view_put_rate(values, nulls, 3, (double) hits, asked);
	values[4] = Int64GetDatum(counters[FQL_COUNTER_FILLS]);
	values[5] = Int64GetDatum(counters[FQL_COUNTER_FILLS_REJECTED]);
	values[10] = Int64GetDatum(counters[FQL_COUNTER_INVALIDATIONS]);
	values[11] = Int64GetDatum(counters[FQL_COUNTER_EVICTIONS]);
	values[12] = Int64GetDatum(counters[FQL_COUNTER_EXPIRATIONS]);
}

static void
gauge_columns(Datum *values)
{
	FqlCacheGauges gauges = {0};

	if (fql_shmem_is_there())
		fql_cache_gauges(&gauges);
	values[6] = Int64GetDatum(gauges.entries);
	values[7] = Int64GetDatum(gauges.memory);
	values[8] = Int64GetDatum(gauges.peak_memory);
	values[9] = Int64GetDatum(gauges.max_memory);
}

/* fraiseql.cache_stats(): one row. */
Datum
fql_cache_stats(PG_FUNCTION_ARGS)
{
	Datum		values[CACHE_STATS_COLUMNS] = {0};
	bool		nulls[CACHE_STATS_COLUMNS] = {false};
	uint64		counters[FQL_COUNTER_COUNT];
	TimestampTz reset_at;
	TupleDesc	descriptor;
	int			worker = fql_stats_worker();

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	fql_stats_read(counters, &reset_at);
	counter_columns(values, nulls, counters);
	gauge_columns(values);
	nulls[13] = worker == 0;
	values[13] = Int32GetDatum(worker);
	values[14] = TimestampTzGetDatum(reset_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

static void
put_entry(ReturnSetInfo *result, const FqlEntryInfo *entry, bool may_see_all)
{
	Datum		values[CACHE_ENTRIES_COLUMNS] = {0};
	bool		nulls[CACHE_ENTRIES_COLUMNS] = {false};
	bool		visible = may_see_all || has_privs_of_role(GetUserId(), entry->role);

	values[0] = ObjectIdGetDatum(entry->database);
	values[1] = ObjectIdGetDatum(entry->role);
	values[2] = CStringGetTextDatum(visible ? entry->query : "<insufficient privilege>");
	nulls[3] = !visible;
	if (visible)
		values[3] = CStringGetTextDatum(psprintf("%016llx", (unsigned long long) entry->hash));
	values[4] = Int64GetDatum(entry->bytes);
	values[5] = Int64GetDatum(entry->memory);
	values[6] = Int32GetDatum(entry->tags);
	values[7] = BoolGetDatum(entry->valid);
	values[8] = TimestampTzGetDatum(entry->created_at);
	values[9] = TimestampTzGetDatum(entry->expires_at);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* fraiseql.cache_entries().  There may be millions: what a row takes is freed with it. */
Datum
fql_cache_entries(PG_FUNCTION_ARGS)
{
	bool		may_see_all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	FqlEntryInfo entry;
	uint32		position = 0;
	MemoryContext row;
	MemoryContext previous;

	InitMaterializedSRF(fcinfo, 0);
	if (!fql_shmem_is_there())
		return (Datum) 0;
	row = AllocSetContextCreate(CurrentMemoryContext, "fraiseql cache entry", ALLOCSET_DEFAULT_SIZES);
	previous = MemoryContextSwitchTo(row);
	while (fql_cache_next(&position, &entry))
	{
		put_entry((ReturnSetInfo *) fcinfo->resultinfo, &entry, may_see_all);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(row);
	return (Datum) 0;
}

/* fraiseql.bypass_stats(): a row for each reason, also those that have not happened. */
Datum
fql_bypass_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	uint64		counters[FQL_COUNTER_COUNT];
	TimestampTz reset_at;

	InitMaterializedSRF(fcinfo, 0);
	fql_stats_read(counters, &reset_at);
	for (int reason = FQL_REASON_NONE + 1; reason < FQL_REASON_COUNT; reason++)
	{
		const FqlReasonInfo *info = fql_reason_info(reason);
		Datum		values[BYPASS_STATS_COLUMNS] = {
			CStringGetTextDatum(info->name), CStringGetTextDatum(info->kind),
			Int64GetDatum(counters[FQL_COUNTER_REASONS + reason]), CStringGetTextDatum(info->description)
		};
		bool		nulls[BYPASS_STATS_COLUMNS] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* fraiseql.verify_stats(): one row. */
Datum
fql_verify_stats(PG_FUNCTION_ARGS)
{
	Datum		values[VERIFY_STATS_COLUMNS];
	bool		nulls[VERIFY_STATS_COLUMNS] = {false};
	uint64		counters[FQL_COUNTER_COUNT];
	TimestampTz reset_at;
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	fql_stats_read(counters, &reset_at);
	values[0] = Int64GetDatum(counters[FQL_COUNTER_VERIFIED]);
	values[1] = Int64GetDatum(counters[FQL_COUNTER_VERIFY_FAILURES]);
	values[2] = Int64GetDatum(counters[FQL_COUNTER_VERIFY_INCONCLUSIVE]);
	values[3] = Int64GetDatum(counters[FQL_COUNTER_VERIFY_ERRORS]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

/* fraiseql.cache_reset() */
Datum
fql_cache_reset(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_INT64(fql_shmem_is_there() ? (int64) fql_cache_clear() : 0);
}

/* fraiseql.coalescing_stats(): one row. */
Datum
fql_coalescing_stats(PG_FUNCTION_ARGS)
{
	Datum		values[COALESCING_STATS_COLUMNS] = {0};
	bool		nulls[COALESCING_STATS_COLUMNS] = {false};
	FqlCoalescingTotals totals;
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	fql_coalesce_totals(&totals);
	values[0] = Int64GetDatum((int64) totals.in_flight);
	values[1] = Int64GetDatum((int64) totals.waiting);
	values[2] = Int64GetDatum((int64) totals.executions);
	values[3] = Int64GetDatum((int64) totals.waited.count);
	values[4] = Int64GetDatum((int64) totals.saved);
	fql_view_put_rate(values, nulls, 5, 100 * (double) totals.saved, totals.executions + totals.saved);
	values[6] = Int64GetDatum((int64) totals.waits);
	fql_view_put_durations(values, nulls, 7, &totals.waited);
	values[10] = Int64GetDatum((int64) totals.timeouts);
	values[11] = Int64GetDatum((int64) totals.takeovers);
	values[12] = Int64GetDatum((int64) totals.handed_over);
	values[13] = TimestampTzGetDatum(totals.reset_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

/* fraiseql.stats_reset() */
Datum
fql_stats_reset(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	fql_stats_reset_counters();
	fql_audit_reset_totals();
	fql_coalesce_reset_totals();
	fql_operations_reset();
	PG_RETURN_VOID();
}
