/*
 * audit_views.c
 *    The functions behind the views audit_recent and cascade_stats.
 *
 * Rows are kept as relation and id.  Which type's objects they are is said when somebody looks, in the database that
 * they belong to; from another one only the relation's OID is known.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "audit_text.h"
#include "queue.h"
#include "shmem.h"
#include "views.h"

PG_FUNCTION_INFO_V1(fql_audit_recent);
PG_FUNCTION_INFO_V1(fql_cascade_stats);

#define CASCADE_STATS_COLUMNS 18

static void
put_record(ReturnSetInfo *result, const FqlAuditRecord *record, const char *details, FqlEntityNames *names)
{
	Datum		values[FQL_AUDIT_COLUMNS];
	bool		nulls[FQL_AUDIT_COLUMNS];

	fql_audit_row(record, details, names, values, nulls);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_records(ReturnSetInfo *result, FqlEntityNames *names)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "fraiseql audit", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	FqlAuditRecord record;
	uint64		number = 0;
	char	   *details;

	while (fql_audit_next(&number, &record, &details))
	{
		CHECK_FOR_INTERRUPTS();
		put_record(result, &record, details, names);
		MemoryContextReset(work);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

/* fraiseql.audit_recent() */
Datum
fql_audit_recent(PG_FUNCTION_ARGS)
{
	FqlEntityNames *names;

	InitMaterializedSRF(fcinfo, 0);
	names = fql_entity_names_begin();
	PG_TRY();
	{
		put_records((ReturnSetInfo *) fcinfo->resultinfo, names);
	}
	PG_FINALLY();
	{
		fql_entity_names_end(names);
	}
	PG_END_TRY();
	return (Datum) 0;
}

/* fraiseql.cascade_stats(): one row. */
Datum
fql_cascade_stats(PG_FUNCTION_ARGS)
{
	Datum		values[CASCADE_STATS_COLUMNS] = {0};
	bool		nulls[CASCADE_STATS_COLUMNS] = {false};
	FqlAuditTotals totals;
	TupleDesc	descriptor;
	uint64		all;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	fql_audit_totals(&totals);
	all = totals.cascades + totals.lost;
	values[0] = Int64GetDatum((int64) totals.cascades);
	values[1] = Int64GetDatum((int64) (totals.cascades - totals.partial - totals.failed));
	values[2] = Int64GetDatum((int64) totals.partial);
	values[3] = Int64GetDatum((int64) totals.failed);
	values[4] = Int64GetDatum((int64) totals.lost);
	fql_view_put_rate(values, nulls, 5, (double) (totals.failed + totals.lost), all);
	values[6] = Int64GetDatum((int64) totals.entities);
	values[7] = Int64GetDatum((int64) totals.invalidated);
	fql_view_put_rate(values, nulls, 8, (double) totals.invalidated, totals.cascades);
	fql_view_put_durations(values, nulls, 9, &totals.latency);
	values[12] = Int64GetDatum((int64) totals.extraction.count);
	fql_view_put_durations(values, nulls, 13, &totals.extraction);
	values[16] = Int64GetDatum(fql_shmem_is_there() ? (int64) fql_queue_waiting() : 0);
	values[17] = TimestampTzGetDatum(totals.reset_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
