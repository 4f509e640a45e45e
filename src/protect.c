/*
 * protect.c
 *    Run code in an internal subtransaction, so that its errors leave the caller's transaction usable.
 *
 * The error is copied and flushed before the subtransaction is rolled back, and memory context and resource owner are
 * put back after it: in this order, as the server's own languages do.
 *
 * To the observation under way a rollback looks as if a function had caught an error (observe.c).  These are no
 * function's: whoever runs the code says himself what an error means for the answer.  (Only to the innermost one: those
 * around it know already that a call within a call is nothing to keep.)
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "observe.h"
#include "protect.h"

static void
roll_back(void)
{
	FqlObservation *observation = fql_observation();
	FqlReason	reason = observation == NULL ? FQL_REASON_NONE : observation->reason;

	RollbackAndReleaseCurrentSubTransaction();
	if (observation != NULL)
		observation->reason = reason;
}

ErrorData *
fql_protect(FqlProtected run, void *context, bool *done)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool stays = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		stays = run(context);
		if (stays)
			ReleaseCurrentSubTransaction();
		else
			roll_back();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		roll_back();
		stays = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
	*done = stays;
	return error;
}
