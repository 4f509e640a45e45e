/*
 * progress.h
 *    How far the records of each database have been logged, in shared memory.
 */
#ifndef FQL_PROGRESS_H
#define FQL_PROGRESS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

typedef struct FqlProgress
{
	Oid			database;		/* invalid: nobody's */
	int			pid;			/* of its log worker, 0: none is at work */
	uint64		newest;			/* number of the newest record that concerns it */
	uint64		done;			/* of the records up to this number nothing is left to do */
	uint64		ordinal;		/* how many records were its own */
	uint64		done_ordinal;	/* of which nothing is left to do */
	uint32		failures;		/* one after the other */
	bool		ended;			/* the log worker started last has said how it went */
	TimestampTz retry_at;
	TimestampTz complained_at;
	TimestampTz purged_at;		/* when records past fraiseql.audit_log_retention were last looked for */
} FqlProgress;

#define FQL_PROGRESS_DATABASES 128	/* whose records can wait at once */

/*
 * A record was made.  Returns how many its database has now, 0 where it belongs to none, or to one for which there is
 * no room.  Under the lock, exclusive.
 */
extern uint64 fql_progress_count(Oid database, uint64 number);

/* Copy all; returns how many.  progress has room for FQL_PROGRESS_DATABASES. */
extern int	fql_progress_all(FqlProgress *progress);

extern bool fql_progress_get(Oid database, FqlProgress *progress);

/* How many records had no room. */
extern uint64 fql_progress_unplaced(void);

/* Nobody wants to have them logged: nothing is left to do of what there is. */
extern void fql_progress_skip(void);

/* The database is gone. */
extern void fql_progress_drop(Oid database);

/* A log worker is about to be started. */
extern void fql_progress_starting(Oid database);

/* This process is the database's log worker; false: there is another. */
extern bool fql_progress_claim(Oid database);
extern void fql_progress_release(Oid database);

/* Nothing is left to do up to this record; past failures are forgotten. */
extern void fql_progress_advance(Oid database, uint64 number, uint64 ordinal);

extern void fql_progress_purged(Oid database);

/* What a failure is worth. */
typedef enum FqlComplaint
{
	FQL_COMPLAINT_NONE,
	FQL_COMPLAINT_LOG,			/* the server's log has not heard of it for a minute */
	FQL_COMPLAINT_FIRST			/* the first since it last went well: the server's log and the audit trail */
} FqlComplaint;

/* It failed, and is tried again after a while that grows. */
extern FqlComplaint fql_progress_fail(Oid database);

extern Size fql_progress_shmem_size(void);
extern void fql_progress_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_PROGRESS_H */
