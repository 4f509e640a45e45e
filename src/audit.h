/*
 * audit.h
 *    What each committed cascade did to the cache: the last ones in shared memory, and totals.
 */
#ifndef FQL_AUDIT_H
#define FQL_AUDIT_H

#include "postgres.h"

#include "storage/lwlock.h"

#include "histogram.h"
#include "trail.h"

typedef enum FqlAuditStatus
{
	FQL_AUDIT_SUCCESS,
	FQL_AUDIT_PARTIAL,			/* answers are right, but something is not known of the cascade */
	FQL_AUDIT_FAILED			/* something was asked for and not done */
} FqlAuditStatus;

extern const char *fql_audit_status_name(FqlAuditStatus status);

#define FQL_AUDIT_ERROR 160		/* longest error, its end included */

/* A record, as it is kept. */
typedef struct FqlAuditRecord
{
	uint64		number;			/* from 1, in the order in which the worker met them */
	FullTransactionId xid;		/* invalid: no transaction of its own */
	TimestampTz committed_at;
	TimestampTz processed_at;
	Oid			database;
	Oid			role;
	uint64		ordinal;		/* among the records of its database, see progress.h */
	uint32		flags;			/* FqlTrailFlag */
	uint32		change_count;
	uint64		invalidated;	/* entries */
	FqlAuditStatus status;
	char		mutation[FQL_TRAIL_MUTATION];
	char		error[FQL_AUDIT_ERROR];
	/* details: the changes as in the trail, then the hashes of keys, uint64 each, as many as were kept */
	uint64		detail_at;
	uint32		changes_length;
	uint32		key_count;
} FqlAuditRecord;

/*
 * The worker: take what is waiting in the queue, free what it made invalid, and keep a record of each.  True: there is
 * more.
 */
extern bool fql_audit_process(void);

/* It begins, or ends: that cascades were lost, or wait, is a record too. */
extern void fql_audit_worker_begins(void);
extern void fql_audit_worker_ends(void);

/*
 * A record of something that failed, or is not fully known, without a cascade of its own.  Any process, where an error
 * may be raised.  database may be InvalidOid.
 */
extern void fql_audit_note(FqlAuditStatus status, Oid database, const char *error);

/*
 * The records with numbers above *number, oldest first: false after the last.  *number moves on.  details is palloc'ed,
 * NULL where newer ones took their place.
 */
extern bool fql_audit_next(uint64 *number, FqlAuditRecord *record, char **details);

/* Since when records are numbered: the server's start, or its return after a crash. */
extern TimestampTz fql_audit_began(void);

/* Totals since the last reset. */
typedef struct FqlAuditTotals
{
	uint64		cascades;
	uint64		partial;
	uint64		failed;
	uint64		lost;			/* records that did not fit into the queue */
	uint64		entities;
	uint64		invalidated;
	FqlDurations latency;		/* of each record, from commit to processed */
	FqlDurations extraction;	/* of each mutation's response, committed or not */
	TimestampTz reset_at;
} FqlAuditTotals;

extern void fql_audit_totals(FqlAuditTotals *totals);
extern void fql_audit_reset_totals(void);

/* Totals since the server's start, whatever was reset, without durations.  Shared memory is there. */
extern void fql_audit_totals_ever(FqlAuditTotals *totals);

/* A mutation's response has its cascade, which took so long to write.  Any process, without a lock. */
extern void fql_audit_extracted(uint64 microseconds);

/* How many took how long since the server's start, whatever was reset: FQL_HISTOGRAM_BUCKETS elements (histogram.h). */
extern void fql_audit_extraction_counts(uint64_t *counts);

extern Size fql_audit_shmem_size(void);
extern void fql_audit_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_AUDIT_H */
