/*
 * audit.c
 *    What each committed cascade did to the cache: the last ones in shared memory, and totals.
 *
 * The worker takes records from the queue (queue.c), frees the entries that a record's words have made invalid, and
 * keeps what it did: fraiseql.audit_ring_size records of fixed size, in a ring, and beside it a ring of bytes with the
 * changed rows and the keys of entries.  A record outlives its details if those of later ones were long: that there was
 * a cascade, and what became of it, is never overwritten before its time.
 *
 * Answers do not depend on any of this.  When the queue was full, one record says how many cascades are not known, and
 * the worker's sweep (cache.c) frees what they made invalid.
 *
 * Of a cascade there is a second account, which the client gets with the response (cascade.c).  How long that took to
 * write is among the totals, counted by who wrote it.
 *
 * Lock.  "audit" guards both rings and the totals.  The worker holds it to copy one record, a reader to copy one.
 * Times are counted without it (histogram.c); who sums them up or resets them takes it.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "guc.h"
#include "progress.h"
#include "queue.h"
#include "reclaim.h"
#include "testpoint.h"

/* Keys of entries that one record names. */
#define MAX_KEYS 100

/* The worker has more to do than this, also where records come faster than it takes them. */
#define RECORDS_A_ROUND 1000

/* Bytes of details for each record, on average. */
#define DETAILS_PER_RECORD 512

typedef struct FqlSharedAudit
{
	TimestampTz began;
	uint64		last_number;	/* of the newest record */
	uint64		detail_end;		/* where the next details go; positions only grow */
	uint64		detail_size;
	uint64		lost_noted;		/* losses that have their record */
	uint64		lost_at_reset;
	bool		came_back;		/* after a crash, which is in no record yet: set while nobody else is there, then the
								 * worker's alone */
	FqlAuditTotals totals;		/* but for lost, latency and extraction */
	FqlAuditTotals before_reset;	/* likewise, of all times before */
	FqlHistogram latency;
	FqlHistogram extraction;
	uint32		capacity;
	FqlAuditRecord records[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedAudit;

static FqlSharedAudit *shared = NULL;
static LWLock *audit_lock = NULL;
static char *details_ring;

/* In the postmaster: it has made the shared memory before, and a crash has destroyed it. */
static bool was_there = false;

/* In the worker: the record at hand. */
static union
{
	FqlTrail	trail;			/* aligned for its first part */
	char		bytes[FQL_QUEUE_LONGEST];
}			taken;

/* The keys of the entries that it made invalid. */
typedef struct Keys
{
	uint32		count;
	uint64		hashes[MAX_KEYS];
} Keys;

const char *
fql_audit_status_name(FqlAuditStatus status)
{
	static const char *const names[] = {
		[FQL_AUDIT_SUCCESS] = "Success", [FQL_AUDIT_PARTIAL] = "PartialSuccess", [FQL_AUDIT_FAILED] = "Failed"
	};

	return names[status];
}

/*
 * The rings
 */

static FqlAuditRecord *
slot_of(uint64 number)
{
	return &shared->records[number % shared->capacity];
}

/* Copy into the ring of bytes, around its end. */
static void
put_details(uint64 position, const char *source, uint32 length)
{
	uint64		place = position % shared->detail_size;
	uint32		first = (uint32) Min(length, shared->detail_size - place);

	memcpy(details_ring + place, source, first);
	memcpy(details_ring, source + first, length - first);
}

static void
get_details(uint64 position, char *target, uint32 length)
{
	uint64		place = position % shared->detail_size;
	uint32		first = (uint32) Min(length, shared->detail_size - place);

	memcpy(target, details_ring + place, first);
	memcpy(target + first, details_ring, length - first);
}

static uint32
details_length(const FqlAuditRecord *record)
{
	return record->changes_length + record->key_count * (uint32) sizeof(uint64);
}

/* Have later details not taken their place? */
static bool
details_are_there(const FqlAuditRecord *record)
{
	return record->detail_at + shared->detail_size >= shared->detail_end;
}

static void
add_to_totals(const FqlAuditRecord *record)
{
	FqlAuditTotals *totals = &shared->totals;

	totals->cascades++;
	totals->partial += record->status == FQL_AUDIT_PARTIAL;
	totals->failed += record->status == FQL_AUDIT_FAILED;
	totals->entities += record->change_count;
	totals->invalidated += record->invalidated;
	/* a clock may have been set back */
	fql_histogram_add(&shared->latency, (uint64) Max(record->processed_at - record->committed_at, 0));
}

/* Keep a record; its details are of at most half the ring, or they are left out. */
static void
keep(FqlAuditRecord *record, const char *changes, const Keys *keys)
{
	record->processed_at = GetCurrentTimestamp();
	if (details_length(record) > shared->detail_size / 2)
	{
		record->changes_length = 0;
		record->key_count = 0;
	}
	LWLockAcquire(audit_lock, LW_EXCLUSIVE);
	record->number = ++shared->last_number;
	record->ordinal = fql_progress_count(record->database, record->number);
	record->detail_at = shared->detail_end;
	put_details(record->detail_at, changes, record->changes_length);
	if (record->key_count > 0)
		put_details(record->detail_at + record->changes_length, (const char *) keys->hashes,
					record->key_count * (uint32) sizeof(uint64));
	shared->detail_end += details_length(record);
	*slot_of(record->number) = *record;
	add_to_totals(record);
	LWLockRelease(audit_lock);
}

void
fql_audit_note(FqlAuditStatus status, Oid database, const char *error)
{
	FqlAuditRecord record = {0};

	if (shared == NULL || shared->capacity == 0)
		return;
	record.status = status;
	record.database = database;
	record.committed_at = GetCurrentTimestamp();
	/* cut between characters */
	memcpy(record.error, error, (size_t) pg_mbcliplen(error, (int) strlen(error), sizeof(record.error) - 1));
	keep(&record, "", NULL);
}

bool
fql_audit_next(uint64 *number, FqlAuditRecord *record, char **details)
{
	bool		found = false;

	*details = NULL;
	if (shared == NULL || shared->capacity == 0)
		return false;
	/* room for the longest before the lock is taken: under it nothing may be asked for */
	*details = palloc(FQL_QUEUE_LONGEST + MAX_KEYS * sizeof(uint64));
	LWLockAcquire(audit_lock, LW_SHARED);
	if (shared->last_number >= shared->capacity)
		*number = Max(*number, shared->last_number - shared->capacity);
	if (*number < shared->last_number)
	{
		*record = *slot_of(++*number);
		found = true;
		if (details_are_there(record))
			get_details(record->detail_at, *details, details_length(record));
		else
			record->changes_length = record->key_count = 0;
	}
	LWLockRelease(audit_lock);
	if (!found || details_length(record) == 0)
	{
		pfree(*details);
		*details = NULL;
	}
	return found;
}

TimestampTz
fql_audit_began(void)
{
	return shared->began;
}

static void
add_up(FqlAuditTotals *sum, const FqlAuditTotals *more)
{
	sum->cascades += more->cascades;
	sum->partial += more->partial;
	sum->failed += more->failed;
	sum->entities += more->entities;
	sum->invalidated += more->invalidated;
}

void
fql_audit_totals_ever(FqlAuditTotals *totals)
{
	LWLockAcquire(audit_lock, LW_SHARED);
	*totals = shared->before_reset;
	add_up(totals, &shared->totals);
	totals->lost = fql_queue_lost();
	LWLockRelease(audit_lock);
}

void
fql_audit_totals(FqlAuditTotals *totals)
{
	if (shared == NULL)
	{
		memset(totals, 0, sizeof(*totals));
		totals->reset_at = MyStartTimestamp;
		return;
	}
	LWLockAcquire(audit_lock, LW_SHARED);
	*totals = shared->totals;
	totals->lost = fql_queue_lost() - shared->lost_at_reset;
	fql_histogram_sum_up(&shared->latency, &totals->latency);
	fql_histogram_sum_up(&shared->extraction, &totals->extraction);
	LWLockRelease(audit_lock);
}

void
fql_audit_reset_totals(void)
{
	if (shared == NULL)
		return;
	LWLockAcquire(audit_lock, LW_EXCLUSIVE);
	add_up(&shared->before_reset, &shared->totals);
	memset(&shared->totals, 0, sizeof(shared->totals));
	shared->lost_at_reset = fql_queue_lost();
	fql_histogram_reset(&shared->latency);
	fql_histogram_reset(&shared->extraction);
	shared->totals.reset_at = GetCurrentTimestamp();
	LWLockRelease(audit_lock);
}

void
fql_audit_extracted(uint64 microseconds)
{
	if (shared != NULL)
		fql_histogram_add(&shared->extraction, microseconds);
}

void
fql_audit_extraction_counts(uint64_t *counts)
{
	if (shared != NULL)
		fql_histogram_read(&shared->extraction, counts);
	else
		memset(counts, 0, FQL_HISTOGRAM_BUCKETS * sizeof(*counts));
}

/*
 * The worker's part
 */

static void
note_key(uint64 hash, void *context)
{
	Keys	   *keys = context;

	if (keys->count < MAX_KEYS)
		keys->hashes[keys->count++] = hash;
}

/* What is not known of the cascade, NULL: everything is. */
static const char *
what_is_missing(const FqlTrail *trail)
{
	if ((trail->flags & FQL_TRAIL_WORDS_LEFT_OUT) != 0)
		return "more was changed than a record holds: entries that it made invalid are freed by the sweep, uncounted";
	if ((trail->flags & FQL_TRAIL_PREPARED) != 0)
		return "the transaction was prepared: when it committed is not known, this is when somebody noticed";
	return NULL;
}

static void
process(void)
{
	const FqlTrail *trail = &taken.trail;
	const uint32 *words = (const uint32 *) (taken.bytes + sizeof(FqlTrail));
	const char *changes = (const char *) (words + trail->word_count);
	const char *missing = what_is_missing(trail);
	FqlAuditRecord record = {0};
	Keys		keys = {0};

	FQL_TEST_POINT(record_taken);
	record.invalidated = fql_cache_reclaim(words, trail->word_count, note_key, &keys);
	record.xid = trail->xid;
	record.committed_at = trail->committed_at;
	record.database = trail->database;
	record.role = trail->role;
	record.flags = trail->flags;
	record.change_count = trail->change_count;
	record.changes_length = trail->changes_length;
	record.key_count = keys.count;
	memcpy(record.mutation, trail->mutation, sizeof(record.mutation));
	record.status = missing == NULL ? FQL_AUDIT_SUCCESS : FQL_AUDIT_PARTIAL;
	if (missing != NULL)
		strlcpy(record.error, missing, sizeof(record.error));
	keep(&record, changes, &keys);
}

/* Cascades of which no record could be sent. */
static void
note_losses(void)
{
	uint64		lost = fql_queue_lost();
	char		error[FQL_AUDIT_ERROR];

	if (lost == shared->lost_noted)
		return;
	snprintf(error, sizeof(error), UINT64_FORMAT " cascades were not recorded: the queue was full",
			 lost - shared->lost_noted);
	fql_audit_note(FQL_AUDIT_PARTIAL, InvalidOid, error);
	ereport(LOG,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("fraiseql: %s", error),
			 errdetail("Answers are fresh all the same."),
			 errhint("Raise fraiseql.cascade_queue_size.")));
	shared->lost_noted = lost;
}

bool
fql_audit_process(void)
{
	if (shared->capacity == 0)
		return false;
	for (int records = 0; records < RECORDS_A_ROUND; records++)
	{
		uint32		length;

		/* who stops the worker waits for the record at hand: it is in the queue no more, and in the ring not yet */
		HOLD_INTERRUPTS();
		length = fql_queue_take(taken.bytes);
		if (length > 0)
			process();
		RESUME_INTERRUPTS();
		CHECK_FOR_INTERRUPTS();
		if (length == 0)
		{
			note_losses();
			return false;
		}
	}
	return true;
}

void
fql_audit_worker_begins(void)
{
	if (!shared->came_back)
		return;
	shared->came_back = false;
	fql_audit_note(FQL_AUDIT_PARTIAL, InvalidOid,
				   "the server came back after a crash: cascades from before it may be missing");
}

void
fql_audit_worker_ends(void)
{
	fql_audit_note(FQL_AUDIT_PARTIAL, InvalidOid,
				   "the background worker has ended: cascades wait until it is started again");
}

/*
 * Shared memory
 */

static Size
records_size(void)
{
	return add_size(offsetof(FqlSharedAudit, records), mul_size(fql_audit_ring_size, sizeof(FqlAuditRecord)));
}

static Size
details_size(void)
{
	return Max(mul_size(fql_audit_ring_size, DETAILS_PER_RECORD), 4 * FQL_QUEUE_LONGEST);
}

Size
fql_audit_shmem_size(void)
{
	return add_size(MAXALIGN(records_size()), details_size());
}

void
fql_audit_shmem_init(bool found, void *memory, LWLock *lock)
{
	shared = memory;
	audit_lock = lock;
	details_ring = (char *) memory + MAXALIGN(records_size());
	if (found)
		return;
	memset(shared, 0, records_size());
	shared->began = shared->totals.reset_at = GetCurrentTimestamp();
	fql_histogram_init(&shared->latency);
	fql_histogram_init(&shared->extraction);
	shared->came_back = was_there;
	was_there = true;
	shared->capacity = (uint32) fql_audit_ring_size;
	shared->detail_size = details_size();
}
