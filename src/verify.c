/*
 * verify.c
 *    Shadow verification: a sample of hits is executed as well, and compared.
 *
 * The cache's promise is that a hit is what executing would have returned.  Here production itself asks whether that is
 * so: of the calls that hit, the part fraiseql.verify_sample is executed too, in the same session, right after the hit.
 * A difference means that a dependency was not seen: a function that was declared pure and is not, data that changed
 * past the triggers, or a fault of ours.
 *
 * When does a difference prove something?  Writes may come between the hit and the execution.  Let E be the entry that
 * was served, F its fill's snapshot and G the one of the execution here, a fresh one (READ COMMITTED) or the
 * transaction's (REPEATABLE READ).  After the execution the entry is asked again: is it the same one, and does all that
 * it depends on still hold?  If so, no writer of its tags became visible between F and now (words.c), so none lies
 * between F and G: both executions saw the same rows, definitions and privileges, under the same key, and had to give
 * the same bytes.  If the entry is gone or holds no longer, a difference says nothing: inconclusive.  (The same entry,
 * by its version: another one under the same key may have been filled from an older state that came back.)
 * What SQL leaves open may differ without fault: the order in which a view without a key outputs its rows, or in which
 * an aggregate without ORDER BY meets them.  Lists of tables are ordered by their key.
 *
 * Out of the caller's way as far as can be: the execution runs in a subtransaction that is rolled back in any case, so
 * its locks and errors are not the caller's; only cancelling and the like goes through.  Its time is: one execution, as
 * of a miss.  Handing it to another process would need the caller's role, settings and snapshot there.
 *
 * A difference is counted, told to the server's log (never to the client: the text shows values of rows), and the entry
 * is dropped.  The caller gets the executed answer, since the other is known to be wrong.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "common/pg_prng.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "execute.h"
#include "explain.h"
#include "guc.h"
#include "observe.h"
#include "plan.h"
#include "protect.h"
#include "stats.h"
#include "verify.h"

/* Views and functions may call fraiseql.execute(): what a verification calls is not verified again. */
static bool is_verifying = false;

/* A session that may read functions otherwise than others is no judge of their answers. */
bool
fql_verify_is_due(void)
{
	return fql_verify_sample > 0 && !is_verifying && !IsInParallelMode() && !fql_plan_literals_are_doubtful() &&
		pg_prng_double(&pg_global_prng_state) < fql_verify_sample;
}

/* May an error of a verification not be kept to ourselves?  Cancelling, timeouts and shutdown concern the caller. */
static bool
is_thrown_on(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == MAKE_SQLSTATE('5', '7', '0', '0', '0');
}

/* An execution to compare with. */
typedef struct Execution
{
	FqlObservation *observation;
	const FqlSelectedField *fields;
	uint32		count;
	FqlArena   *arena;
	text	   *answer;
	bool		clean;
} Execution;

static bool
execute_once(void *context)
{
	Execution  *execution = context;

	execution->answer = fql_execute_to_explain(execution->observation, execution->fields, execution->count,
											   execution->arena, &execution->clean);
	return false;
}

/* Execute in a subtransaction of which only the result remains.  NULL: that failed, or the answer has errors. */
static text *
execute_aside(FqlObservation *observation, const FqlSelectedField *fields, uint32 count, FqlArena *arena)
{
	Execution	execution = {.observation = observation, .fields = fields, .count = count, .arena = arena};
	bool		done;
	ErrorData  *error = fql_protect(execute_once, &execution, &done);

	if (error != NULL && is_thrown_on(error))
		ReThrowError(error);
	return error == NULL && execution.clean ? execution.answer : NULL;
}

static bool
same_bytes(const text *one, const text *other)
{
	Size		length = VARSIZE_ANY_EXHDR(one);

	return length == VARSIZE_ANY_EXHDR(other) && memcmp(VARDATA_ANY(one), VARDATA_ANY(other), length) == 0;
}

/* Everything that helps to find the cause: the log is for those who may see all. */
static void
log_failure(const FqlObservation *observation, const FqlEntryInfo *info)
{
	StringInfoData tags;
	FqlReason	reason = observation->reason;

	initStringInfo(&tags);
	fql_explain_tags(&tags, observation);
	ereport(LOG_SERVER_ONLY,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("fraiseql had an answer in its cache that differs from the executed one"),
			 errdetail("Key %016llx, role \"%s\", cached at %s%s%s. Operation: %s Tags: %s",
					   (unsigned long long) info->hash, GetUserNameFromId(info->role, true),
					   timestamptz_to_str(info->created_at),
					   reason == FQL_REASON_NONE ? "" : ", now would not be kept: ",
					   reason == FQL_REASON_NONE ? "" : fql_reason_info(reason)->name, info->query, tags.data),
			 errhint("Look for functions that were declared pure, or are labelled immutable, and read something "
					 "else.")));
}

/* The answers differ.  Was the cached one wrong?  Then it goes. */
static bool
is_failure(const FqlObservation *observation, const FqlPlace *place)
{
	FqlEntryInfo info;

	if (!fql_cache_describe(place, &info) || !fql_cache_holds(place))
	{
		fql_stats_count(FQL_COUNTER_VERIFY_INCONCLUSIVE);
		return false;
	}
	fql_stats_count(FQL_COUNTER_VERIFY_FAILURES);
	fql_cache_drop(place);
	log_failure(observation, &info);
	return true;
}

static text *
verify(const FqlSelectedField *fields, uint32 count, FqlArena *arena, text *served, const FqlPlace *place)
{
	FqlObservation observation;
	text	   *executed = execute_aside(&observation, fields, count, arena);

	if (executed == NULL)
		fql_stats_count(FQL_COUNTER_VERIFY_ERRORS);
	else if (same_bytes(executed, served))
		fql_stats_count(FQL_COUNTER_VERIFIED);
	else if (is_failure(&observation, place))
		return executed;
	return served;
}

text *
fql_verify_hit(const FqlSelectedField *fields, uint32 count, FqlArena *arena, text *served, const FqlPlace *place)
{
	text	   *volatile answer = served;

	is_verifying = true;
	PG_TRY();
	{
		answer = verify(fields, count, arena, served, place);
	}
	PG_FINALLY();
	{
		is_verifying = false;
	}
	PG_END_TRY();
	return answer;
}
