/*
 * progress.c
 *    How far the records of each database have been logged, in shared memory.
 *
 * The log worker of a database (log_worker.c) comes and goes; what it has done stays here.  Records of one database
 * are counted, so that a gap between what was done and what is still in the ring tells how many were overwritten,
 * though the ring is everybody's.  A record of no database concerns each of them.
 *
 * A place is given away only when nothing is left to do for its database.
 *
 * Lock.  "audit", that of the ring: a record and its count appear at once.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "progress.h"

/* Milliseconds until the next try, after the first failure and at most; and between two lines in the server's log. */
#define FIRST_PAUSE 1000
#define LONGEST_PAUSE 10000
#define COMPLAINT_PAUSE 60000

typedef struct FqlSharedProgress
{
	uint64		unplaced;
	bool		replaced;		/* a database has given its place to another */
	FqlProgress databases[FQL_PROGRESS_DATABASES];
} FqlSharedProgress;

static FqlSharedProgress *shared = NULL;
static LWLock *progress_lock = NULL;

static FqlProgress *
find(Oid database)
{
	for (int i = 0; i < FQL_PROGRESS_DATABASES; i++)
	{
		if (shared->databases[i].database == database)
			return &shared->databases[i];
	}
	return NULL;
}

static bool
is_idle(const FqlProgress *progress)
{
	return progress->pid == 0 && progress->done == progress->newest;
}

/* A place for one more database: a free one, or that of the one that has been idle for longest. */
static FqlProgress *
find_room(void)
{
	FqlProgress *best = find(InvalidOid);

	for (int i = 0; best == NULL && i < FQL_PROGRESS_DATABASES; i++)
	{
		if (is_idle(&shared->databases[i]))
			best = &shared->databases[i];
	}
	for (int i = 0; best != NULL && OidIsValid(best->database) && i < FQL_PROGRESS_DATABASES; i++)
	{
		if (is_idle(&shared->databases[i]) && shared->databases[i].newest < best->newest)
			best = &shared->databases[i];
	}
	return best;
}

static void
count_for_all(uint64 number)
{
	for (int i = 0; i < FQL_PROGRESS_DATABASES; i++)
	{
		if (OidIsValid(shared->databases[i].database))
			shared->databases[i].newest = number;
	}
}

uint64
fql_progress_count(Oid database, uint64 number)
{
	FqlProgress *progress;

	Assert(LWLockHeldByMeInMode(progress_lock, LW_EXCLUSIVE));
	if (!OidIsValid(database))
	{
		count_for_all(number);
		return 0;
	}
	progress = find(database);
	if (progress == NULL)
	{
		progress = find_room();
		if (progress == NULL)
		{
			shared->unplaced++;
			return 0;
		}
		shared->replaced |= OidIsValid(progress->database);
		memset(progress, 0, sizeof(*progress));
		progress->database = database;
		/* what concerns all may be older than this; who had a place before has seen it */
		progress->done = shared->replaced ? number - 1 : 0;
	}
	progress->newest = number;
	return ++progress->ordinal;
}

int
fql_progress_all(FqlProgress *progress)
{
	int			count = 0;

	LWLockAcquire(progress_lock, LW_SHARED);
	for (int i = 0; i < FQL_PROGRESS_DATABASES; i++)
	{
		if (OidIsValid(shared->databases[i].database))
			progress[count++] = shared->databases[i];
	}
	LWLockRelease(progress_lock);
	return count;
}

bool
fql_progress_get(Oid database, FqlProgress *progress)
{
	const FqlProgress *found;

	LWLockAcquire(progress_lock, LW_SHARED);
	found = find(database);
	if (found != NULL)
		*progress = *found;
	LWLockRelease(progress_lock);
	return found != NULL;
}

uint64
fql_progress_unplaced(void)
{
	uint64		unplaced;

	LWLockAcquire(progress_lock, LW_SHARED);
	unplaced = shared->unplaced;
	LWLockRelease(progress_lock);
	return unplaced;
}

static void
finish(FqlProgress *progress)
{
	progress->done = progress->newest;
	progress->done_ordinal = progress->ordinal;
	progress->failures = 0;
	progress->retry_at = 0;
}

void
fql_progress_skip(void)
{
	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	for (int i = 0; i < FQL_PROGRESS_DATABASES; i++)
		finish(&shared->databases[i]);
	LWLockRelease(progress_lock);
}

void
fql_progress_drop(Oid database)
{
	FqlProgress *progress;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL && progress->pid == 0)
		memset(progress, 0, sizeof(*progress));
	LWLockRelease(progress_lock);
}

void
fql_progress_starting(Oid database)
{
	FqlProgress *progress;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL)
		progress->ended = false;
	LWLockRelease(progress_lock);
}

bool
fql_progress_claim(Oid database)
{
	FqlProgress *progress;
	bool		claimed;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	claimed = progress != NULL && progress->pid == 0;
	if (claimed)
		progress->pid = MyProcPid;
	LWLockRelease(progress_lock);
	return claimed;
}

void
fql_progress_release(Oid database)
{
	FqlProgress *progress;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL && progress->pid == MyProcPid)
		progress->pid = 0;
	LWLockRelease(progress_lock);
}

/* The records may have been skipped meanwhile, by who was told earlier that nobody wants them. */
void
fql_progress_advance(Oid database, uint64 number, uint64 ordinal)
{
	FqlProgress *progress;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL)
	{
		progress->done = Max(progress->done, number);
		progress->done_ordinal = Max(progress->done_ordinal, ordinal);
		progress->failures = 0;
		progress->retry_at = 0;
		progress->ended = true;
	}
	LWLockRelease(progress_lock);
}

void
fql_progress_purged(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	FqlProgress *progress;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL)
		progress->purged_at = now;
	LWLockRelease(progress_lock);
}

static FqlComplaint
fail(FqlProgress *progress, TimestampTz now)
{
	int			pause = Min(FIRST_PAUSE << Min(progress->failures, 10), LONGEST_PAUSE);
	FqlComplaint complaint = FQL_COMPLAINT_NONE;

	if (progress->failures == 0)
		complaint = FQL_COMPLAINT_FIRST;
	else if (TimestampDifferenceExceeds(progress->complained_at, now, COMPLAINT_PAUSE))
		complaint = FQL_COMPLAINT_LOG;
	if (complaint != FQL_COMPLAINT_NONE)
		progress->complained_at = now;
	progress->failures++;
	progress->ended = true;
	progress->retry_at = TimestampTzPlusMilliseconds(now, pause);
	return complaint;
}

FqlComplaint
fql_progress_fail(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	FqlProgress *progress;
	FqlComplaint complaint = FQL_COMPLAINT_NONE;

	LWLockAcquire(progress_lock, LW_EXCLUSIVE);
	progress = find(database);
	if (progress != NULL)
		complaint = fail(progress, now);
	LWLockRelease(progress_lock);
	return complaint;
}

/*
 * Shared memory
 */

Size
fql_progress_shmem_size(void)
{
	return sizeof(FqlSharedProgress);
}

void
fql_progress_shmem_init(bool found, void *memory, LWLock *lock)
{
	shared = memory;
	progress_lock = lock;
	if (!found)
		memset(shared, 0, sizeof(*shared));
}
