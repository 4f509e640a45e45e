/*
 * log_worker.c
 *    Background workers that write the records of cascades to the table fraiseql.audit_log, and notify of them.
 *
 * The background worker (worker.c) is of no database, and a table can be written only from within its own.  So it
 * starts a log worker for each database that has records in the ring (audit.c) about which something is left to do;
 * this one writes them in batches, a transaction each, waits a moment for more, and ends: who wants to drop the
 * database does not wait long for it.
 *
 * Once each.  How far a database is stands in shared memory (progress.c), and moves on after the commit without
 * letting an interrupt in between.  If the process is killed there, shared memory begins anew, and the ring with it.
 *
 * Failure.  What goes wrong in a batch undoes the batch.  The first failure since it last went well is a record of
 * its own in the ring and a line in the server's log; the log worker ends, and after a pause that grows to ten
 * seconds the next one begins with the same record.  What the ring overwrites before it is logged is counted, and
 * one record says so.
 *
 * The table's owner writes to it, not the superuser as whom the process runs: an owner may have put triggers on it.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "audit.h"
#include "audit_text.h"
#include "compat.h"
#include "guc.h"
#include "log_worker.h"
#include "progress.h"

/* Log workers at once, of max_worker_processes. */
#define MOST_WORKERS 4

/* Records in one transaction. */
#define BATCH 1000

/* Milliseconds that a log worker waits for more records. */
#define IDLE 2000

/* Milliseconds that it waits for a lock on the table. */
#define LOCK_TIMEOUT "1000"

/* Milliseconds between two looks for records that are too old, and how many are deleted at once. */
#define PURGE_PAUSE (60 * 60 * 1000)
#define PURGE_BATCH 10000

/* The longest payload that NOTIFY takes. */
#define LONGEST_PAYLOAD (BLCKSZ - NAMEDATALEN - 128 - 1)

/* Of a row: those of the view, and since when they are counted. */
#define COLUMNS (FQL_AUDIT_COLUMNS + 1)

PGDLLEXPORT void fql_log_worker_main(Datum argument);

static bool
is_wanted(void)
{
	return fql_audit_log || fql_cascade_notify_channel[0] != '\0';
}

/* A failure of the log of a database, in the audit trail and the server's log unless they have heard of it. */
static void
complain(Oid database, const char *name, const char *what)
{
	FqlComplaint complaint = fql_progress_fail(database);
	char		error[FQL_AUDIT_ERROR];

	if (complaint == FQL_COMPLAINT_NONE)
		return;
	snprintf(error, sizeof(error), "audit log: %s", what);
	if (complaint == FQL_COMPLAINT_FIRST)
		fql_audit_note(FQL_AUDIT_FAILED, database, error);
	ereport(LOG,
			(errmsg("fraiseql cannot log the cascades of database \"%s\": %s", name, what),
			 errdetail("Answers are fresh all the same. It is tried again; records wait in the ring of "
					   "fraiseql.audit_ring_size.")));
}

/*
 * The log worker: writing
 */

/* One pass over records. */
typedef struct Batch
{
	FqlProgress progress;		/* as it was before */
	uint64		number;			/* of the last record that was looked at */
	uint64		ordinal;		/* of this database's last one */
	uint64		lost;			/* its records that were overwritten before */
	bool		is_last;		/* no record is left */
	FqlEntityNames *names;
	SPIPlanPtr	insert;
} Batch;

/* The table, and who owns it. */
static Oid
log_owner(void)
{
	Oid			relid = get_relname_relid("audit_log", get_namespace_oid("fraiseql", true));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"fraiseql.audit_log\" does not exist")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
prepare_insert(Batch *batch)
{
	Oid			types[COLUMNS] = {
		INT8OID, TEXTOID, XID8OID, OIDOID, OIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INTERVALOID, JSONBOID, INT4OID,
		BOOLOID, BOOLOID, INT8OID, TEXTARRAYOID, TEXTOID, TEXTOID, TIMESTAMPTZOID
	};

	batch->insert = SPI_prepare("INSERT INTO fraiseql.audit_log (number, mutation_id, xid, role, database, "
								"committed_at, processed_at, latency, entities, entity_count, truncated, "
								"definitions, entries_invalidated, keys, status, error, counted_since) "
								"SELECT $1, $2, $3, (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = $4), "
								"(SELECT datname FROM pg_catalog.pg_database WHERE oid = $5), $6, $7, $8, $9, $10, "
								"$11, $12, $13, $14, $15, $16, $17", COLUMNS, types);
	if (batch->insert == NULL)
		elog(ERROR, "preparing the statement failed: %s", SPI_result_code_string(SPI_result));
}

static void
insert_record(Batch *batch, const FqlAuditRecord *record, const char *details)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];
	char		spi_nulls[COLUMNS];
	int			result;

	fql_audit_row(record, details, batch->names, values, nulls);
	values[COLUMNS - 1] = TimestampTzGetDatum(fql_audit_began());
	nulls[COLUMNS - 1] = false;
	for (int i = 0; i < COLUMNS; i++)
		spi_nulls[i] = nulls[i] ? 'n' : ' ';
	result = SPI_execute_plan(batch->insert, values, spi_nulls, false, 0);
	if (result < 0)
		elog(ERROR, "writing fraiseql.audit_log failed: %s", SPI_result_code_string(result));
}

/* Committed cascades, and that some are not known. */
static void
notify(Batch *batch, const FqlAuditRecord *record, const char *details)
{
	StringInfoData payload;

	if (!FullTransactionIdIsValid(record->xid) && record->status != FQL_AUDIT_PARTIAL)
		return;
	initStringInfo(&payload);
	fql_audit_append_notification(&payload, record, details, batch->names, LONGEST_PAYLOAD);
	Async_Notify(fql_cascade_notify_channel, payload.data);
}

static void
handle_record(Batch *batch, const FqlAuditRecord *record, const char *details)
{
	if (record->ordinal > 0)
	{
		batch->lost += record->ordinal - batch->ordinal - 1;
		batch->ordinal = record->ordinal;
	}
	if (fql_audit_log)
		insert_record(batch, record, details);
	if (fql_cascade_notify_channel[0] != '\0')
		notify(batch, record, details);
}

/* Go through the records from where the last batch ended. */
static void
handle_records(Batch *batch)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "fraiseql audit log", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	FqlAuditRecord record;
	char	   *details;

	for (int count = 0; count < BATCH;)
	{
		CHECK_FOR_INTERRUPTS();
		if (batch->number >= batch->progress.newest || !fql_audit_next(&batch->number, &record, &details))
		{
			/* what the ring has of it now was looked at, so what has not been met is not there any more */
			batch->is_last = true;
			batch->number = Max(batch->number, batch->progress.newest);
			break;
		}
		if (record.database == MyDatabaseId || !OidIsValid(record.database))
		{
			handle_record(batch, &record, details);
			count++;
		}
		MemoryContextReset(work);
	}
	if (batch->is_last && batch->ordinal < batch->progress.ordinal)
	{
		batch->lost += batch->progress.ordinal - batch->ordinal;
		batch->ordinal = batch->progress.ordinal;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

/* Write as the owner of the table. */
static void
handle_as_owner(Batch *batch)
{
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	if (fql_audit_log)
	{
		SetUserIdAndSecContext(log_owner(), context | SECURITY_RESTRICTED_OPERATION);
		prepare_insert(batch);
	}
	handle_records(batch);
	SetUserIdAndSecContext(user, context);
}

static void
begin_transaction(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_transaction(void)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
}

static void
note_lost(uint64 lost)
{
	char		error[FQL_AUDIT_ERROR];

	snprintf(error, sizeof(error), UINT64_FORMAT " records were overwritten before they could be logged", lost);
	fql_audit_note(FQL_AUDIT_PARTIAL, MyDatabaseId, error);
	ereport(LOG,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("fraiseql: %s", error),
			 errhint("Raise fraiseql.audit_ring_size.")));
}

static bool
has_extension(void)
{
	return OidIsValid(get_extension_oid("fraiseql", true));
}

static void
handle_with_names(Batch *batch)
{
	batch->names = fql_entity_names_begin();
	PG_TRY();
	{
		handle_as_owner(batch);
	}
	PG_FINALLY();
	{
		fql_entity_names_end(batch->names);
	}
	PG_END_TRY();
}

/*
 * Without the extension there is nothing tracked, and no table to be missed: its records are of definitions, such as
 * those that come before CREATE EXTENSION when a dump is restored.
 */
static void
pass_over(Batch *batch)
{
	batch->is_last = true;
	batch->number = batch->progress.newest;
	batch->ordinal = batch->progress.ordinal;
}

/* One batch, a transaction; false: nothing was left for it, or nothing is left now. */
static bool
write_batch(void)
{
	Batch		batch = {0};

	if (!fql_progress_get(MyDatabaseId, &batch.progress) || !is_wanted())
		return false;
	batch.number = batch.progress.done;
	batch.ordinal = batch.progress.done_ordinal;
	begin_transaction();
	if (has_extension())
		handle_with_names(&batch);
	else
		pass_over(&batch);

	/* once each: no interrupt may end the process between the commit and the note of it */
	HOLD_INTERRUPTS();
	end_transaction();
	fql_progress_advance(MyDatabaseId, batch.number, batch.ordinal);
	if (batch.lost > 0)
		note_lost(batch.lost);
	RESUME_INTERRUPTS();
	return !batch.is_last;
}

/*
 * The log worker: deleting
 */

static uint64
purge_some(void)
{
	Oid			user;
	int			context;
	int			result;
	uint64		rows;

	begin_transaction();
	if (!has_extension())
	{
		end_transaction();
		return 0;
	}
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(log_owner(), context | SECURITY_RESTRICTED_OPERATION);
	result = SPI_execute_with_args("DELETE FROM fraiseql.audit_log WHERE ctid = ANY (ARRAY(SELECT ctid "
								   "FROM fraiseql.audit_log WHERE committed_at < now() - make_interval(days => $1) "
								   "LIMIT $2))", 2, (Oid[]){INT4OID, INT4OID},
								   (Datum[]){Int32GetDatum(fql_audit_log_retention), Int32GetDatum(PURGE_BATCH)},
								   NULL, false, 0);
	if (result < 0)
		elog(ERROR, "deleting from fraiseql.audit_log failed: %s", SPI_result_code_string(result));
	rows = SPI_processed;
	SetUserIdAndSecContext(user, context);
	end_transaction();
	return rows;
}

static void
purge(void)
{
	FqlProgress progress;

	if (!fql_audit_log || fql_audit_log_retention == 0 || !fql_progress_get(MyDatabaseId, &progress) ||
		!TimestampDifferenceExceeds(progress.purged_at, GetCurrentTimestamp(), PURGE_PAUSE))
		return;
	while (purge_some() == PURGE_BATCH)
		CHECK_FOR_INTERRUPTS();
	fql_progress_purged(MyDatabaseId);
}

/*
 * The log worker: the process
 */

/* Do what there is to do; false: it failed. */
static bool
work(const char *database)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		pgstat_report_activity(STATE_RUNNING, "writing fraiseql.audit_log");
		while (write_batch())
			CHECK_FOR_INTERRUPTS();
		purge();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		complain(MyDatabaseId, database, error->message);
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	pgstat_report_activity(STATE_IDLE, NULL);
	return done;
}

/* Wait for records: false, none came for a while. */
static bool
wait_for_records(void)
{
	static uint32 wait_event = 0;
	FqlProgress progress;
	int			events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, IDLE,
								   fql_compat_wait_event("FraiseqlWorkerMain", &wait_event));

	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	return (events & WL_LATCH_SET) != 0 ||
		(fql_progress_get(MyDatabaseId, &progress) && progress.done < progress.newest);
}

static void
release_claim(int code pg_attribute_unused(), Datum database)
{
	fql_progress_release(DatumGetObjectId(database));
}

/* What the database or a role may have set otherwise. */
static void
set_settings(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"lock_timeout", LOCK_TIMEOUT},
		{"statement_timeout", "0"},
		{"synchronous_commit", "local"}
	};

	for (size_t i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_SESSION);
}

static char *
own_database_name(void)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *name;

	StartTransactionCommand();
	name = MemoryContextStrdup(context, get_database_name(MyDatabaseId));
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return name;
}

void
fql_log_worker_main(Datum argument)
{
	Oid			database = DatumGetObjectId(argument);
	char	   *name;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	if (!fql_progress_claim(database))
		return;
	before_shmem_exit(release_claim, argument);
	set_settings();
	fql_trail_disable();
	name = own_database_name();
	do
	{
		if (!work(name))
			break;
	} while (wait_for_records());
}

/*
 * The background worker's part
 */

/* Log workers that this process has started, and that have not ended as far as it knows. */
static struct
{
	Oid			database;
	BackgroundWorkerHandle *handle;	/* NULL: none */
}			started[MOST_WORKERS];

/* What it must know of a database before it can be connected to. */
typedef struct Database
{
	bool		exists;
	bool		accepts;
	NameData	name;
} Database;

static Database
look_up_database(Oid oid)
{
	Database	database = {0};
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database row = (Form_pg_database) GETSTRUCT(tuple);

		if (row->oid != oid)
			continue;
		database.exists = true;
		database.accepts = row->datallowconn;
		database.name = row->datname;
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	return database;
}

/* Why no log worker came to be, as far as it is known here. */
static void
complain_of_start(Oid oid, const char *what)
{
	Database	database = look_up_database(oid);

	if (database.exists)
		complain(oid, NameStr(database.name), what);
	else
		fql_progress_drop(oid);
}

/*
 * Those that have ended.  One that could not say how it went has failed, unless it found another at work, which
 * somebody had started before us.
 */
static void
reap(void)
{
	for (int i = 0; i < MOST_WORKERS; i++)
	{
		FqlProgress progress;
		pid_t		pid;

		if (started[i].handle == NULL || GetBackgroundWorkerPid(started[i].handle, &pid) != BGWH_STOPPED)
			continue;
		pfree(started[i].handle);
		started[i].handle = NULL;
		if (fql_progress_get(started[i].database, &progress) && !progress.ended && progress.pid == 0)
			complain_of_start(started[i].database, "its background worker could not start, or was terminated");
	}
}

/* A free place for a log worker; -1: there are as many as there may be, or the database has one. */
static int
find_place(Oid database)
{
	int			place = -1;

	for (int i = 0; i < MOST_WORKERS; i++)
	{
		if (started[i].handle == NULL)
			place = i;
		else if (started[i].database == database)
			return -1;
	}
	return place;
}

static BackgroundWorkerHandle *
register_worker(Oid database)
{
	MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);
	BackgroundWorkerHandle *handle = NULL;
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	strlcpy(worker.bgw_library_name, "fraiseql", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "fql_log_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "fraiseql log worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "fraiseql log worker", BGW_MAXLEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		handle = NULL;
	MemoryContextSwitchTo(previous);
	return handle;
}

static void
start(Oid oid)
{
	int			place = find_place(oid);
	Database	database;

	if (place < 0)
		return;
	database = look_up_database(oid);
	if (!database.exists)
	{
		/* its table went with it */
		fql_progress_drop(oid);
		return;
	}
	if (!database.accepts)
	{
		complain(oid, NameStr(database.name), "it does not accept connections");
		return;
	}
	fql_progress_starting(oid);
	started[place].database = oid;
	started[place].handle = register_worker(oid);
	if (started[place].handle == NULL)
		complain(oid, NameStr(database.name), "no background worker is free: max_worker_processes is too small");
}

static void
wake(int pid)
{
	PGPROC	   *process = BackendPidGetProc(pid);

	if (process != NULL)
		SetLatch(&process->procLatch);
}

/* Databases whose records are not even counted. */
static void
note_unplaced(void)
{
	static uint64 noted = 0;
	uint64		unplaced = fql_progress_unplaced();
	char		error[FQL_AUDIT_ERROR];

	if (unplaced <= noted)
		return;
	snprintf(error, sizeof(error), UINT64_FORMAT " records are not logged: those of %d databases wait already",
			 unplaced - noted, FQL_PROGRESS_DATABASES);
	fql_audit_note(FQL_AUDIT_FAILED, InvalidOid, error);
	ereport(LOG, (errmsg("fraiseql: %s", error)));
	noted = unplaced;
}

void
fql_log_workers_start(void)
{
	static FqlProgress databases[FQL_PROGRESS_DATABASES];
	TimestampTz now = GetCurrentTimestamp();
	int			count;

	if (fql_audit_ring_size == 0 || RecoveryInProgress())
		return;
	reap();
	if (!is_wanted())
	{
		fql_progress_skip();
		return;
	}
	note_unplaced();
	count = fql_progress_all(databases);
	for (int i = 0; i < count; i++)
	{
		if (databases[i].done == databases[i].newest)
			continue;
		if (databases[i].pid != 0)
			wake(databases[i].pid);
		else if (databases[i].retry_at <= now)
			start(databases[i].database);
	}
}
