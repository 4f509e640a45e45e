/*
 * testpoint.c
 *    Test points: stopping a process at a place in the code.  Empty, except in a build with -DFRAISEQL_TEST_POINTS.
 *
 * Each point has two cells in shared memory: the process that is to stop there, and the one that stands there.  A
 * process that comes by and finds itself in the first moves over to the second, and sleeps until it is no longer named
 * there.  It polls, because points stand where nothing may be waited for in the server's own ways: after a commit is
 * visible, and under the store's lock.  For the same reason it takes no interrupt: only SIGKILL, SIGQUIT and the
 * postmaster's death end it.  It stops once: the next time that it comes by, it has to be told anew.
 *
 * A process is named by its id, and told from any session, by functions that a test creates (test/points).  So the
 * background worker can be stopped, and a session cannot be met by what was meant for another.
 *
 * No point waits forever: a test that forgot one is told by a crash of the server.
 *
 * COMMIT PREPARED calls no hook between the visibility of the transaction and its invalidation messages.  So a test
 * stops it there by the server's own lock: a session that stands at the point "messages_held" holds it.  Meanwhile no
 * session begins or ends either.
 */
#include "postgres.h"

#include "testpoint.h"

#ifdef FRAISEQL_TEST_POINTS

#include <unistd.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/pmsignal.h"
#include "storage/shmem.h"
#include "utils/builtins.h"

#define POLL_MICROSECONDS 2000
#define LONGEST_STOP_SECONDS 300

typedef struct SharedPoint
{
	pg_atomic_uint32 told;		/* the process that is to stop; 0: none */
	pg_atomic_uint32 standing;	/* the process that has stopped; 0: none */
} SharedPoint;

static const char *const names[] = {
#define POINT_NAME(name) #name,
	FQL_TEST_POINTS(POINT_NAME)
#undef POINT_NAME
};

static SharedPoint *points = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

PG_FUNCTION_INFO_V1(fql_test_point_stop);
PG_FUNCTION_INFO_V1(fql_test_point_standing);
PG_FUNCTION_INFO_V1(fql_test_point_go);
PG_FUNCTION_INFO_V1(fql_test_point_names);
PG_FUNCTION_INFO_V1(fql_test_hold_messages);

void
fql_test_point_pass(FqlTestPoint point)
{
	uint32		me = (uint32) MyProcPid;
	uint32		told = me;

	if (points == NULL || !pg_atomic_compare_exchange_u32(&points[point].told, &told, 0))
		return;
	pg_atomic_write_u32(&points[point].standing, me);
	for (int polls = 0; pg_atomic_read_u32(&points[point].standing) == me; polls++)
	{
		if (!PostmasterIsAlive())
			_exit(1);
		if (polls > LONGEST_STOP_SECONDS * (1000000 / POLL_MICROSECONDS))
			abort();
		pg_usleep(POLL_MICROSECONDS);
	}
	pg_memory_barrier();
}

/*
 * What tests say, in SQL
 */

static SharedPoint *
named_point(text *name)
{
	char	   *wanted = text_to_cstring(name);

	if (points == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("test points need fraiseql in shared_preload_libraries")));
	for (int i = 0; i < FQL_TEST_POINT_COUNT; i++)
		if (strcmp(wanted, names[i]) == 0)
			return &points[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no test point \"%s\"", wanted)));
}

/* fql_test_point_stop(point text, process int): the process is to stop when it comes by the next time. */
Datum
fql_test_point_stop(PG_FUNCTION_ARGS)
{
	SharedPoint *point = named_point(PG_GETARG_TEXT_PP(0));

	pg_atomic_write_u32(&point->told, (uint32) PG_GETARG_INT32(1));
	PG_RETURN_VOID();
}

/* fql_test_point_standing(point text): the process that stands there, or 0. */
Datum
fql_test_point_standing(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) pg_atomic_read_u32(&named_point(PG_GETARG_TEXT_PP(0))->standing));
}

/* fql_test_point_go(point text): the process that stands there goes on.  That none does is a mistake of the test. */
Datum
fql_test_point_go(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	SharedPoint *point = named_point(name);

	if (pg_atomic_exchange_u32(&point->standing, 0) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no process stands at test point \"%s\"", text_to_cstring(name))));
	PG_RETURN_VOID();
}

/* fql_test_point_names(): all of them, so that a test can see that it has missed none. */
Datum
fql_test_point_names(PG_FUNCTION_ARGS pg_attribute_unused())
{
	char		list[4096] = "";

	for (int i = 0; i < FQL_TEST_POINT_COUNT; i++)
	{
		strlcat(list, i == 0 ? "" : " ", sizeof(list));
		strlcat(list, names[i], sizeof(list));
	}
	PG_RETURN_TEXT_P(cstring_to_text(list));
}

/* fql_test_hold_messages(): for as long as the process stands at the point, nobody sends invalidation messages. */
Datum
fql_test_hold_messages(PG_FUNCTION_ARGS pg_attribute_unused())
{
	LWLockAcquire(SInvalWriteLock, LW_EXCLUSIVE);
	FQL_TEST_POINT(messages_held);
	LWLockRelease(SInvalWriteLock);
	PG_RETURN_VOID();
}

/*
 * Set-up
 */

static Size
points_size(void)
{
	return FQL_TEST_POINT_COUNT * sizeof(SharedPoint);
}

static void
points_request(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	RequestAddinShmemSpace(points_size());
}

static void
points_startup(void)
{
	bool		found;

	if (previous_startup_hook != NULL)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	points = ShmemInitStruct("fraiseql test points", points_size(), &found);
	for (int i = 0; !found && i < FQL_TEST_POINT_COUNT; i++)
	{
		pg_atomic_init_u32(&points[i].told, 0);
		pg_atomic_init_u32(&points[i].standing, 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
fql_test_points_init(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = points_request;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = points_startup;
}

#endif							/* FRAISEQL_TEST_POINTS */
