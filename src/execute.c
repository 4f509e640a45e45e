/*
 * execute.c
 *    fraiseql.execute(): the decision between hit, miss and bypass, and the fill.
 *
 * The short way: a request and variables that this backend remembers, a key, a look-up, a copy.  Everything else takes
 * the long way, in a memory context of its own.
 *
 * Bypass.  A SERIALIZABLE transaction must take predicate locks on what it reads: it goes past the cache in both
 * directions.
 *
 * A parallel worker has its leader's snapshot, which may be older than s0 would say, and does not see what the leader
 * has touched: it goes past the cache, too.
 *
 * Mutations go past the cache as well (mutation.c), and so do operations that ask for _metrics (schema_metrics.c).
 *
 * Own writes (I6).  A transaction that has an xid has written, or is about to: its answers must show its own writes,
 * and nobody else may see them.  So it never fills.  It is served an entry that none of its changes shows in: no word
 * that the entry asks for is one that the transaction would raise its fence on if it committed now.  An answer that
 * its changes could alter has such a word, by the very argument by which their commit would invalidate the entry (I9,
 * I10); all others are for it what they are for everybody.  What has been touched is all that has been changed only
 * while no statement of its own that writes is under way (writing.c), so in such a statement nothing is served.
 * Changes that a ROLLBACK TO has undone still count: a needless execution.
 *
 * Hit.  READ COMMITTED: serve what cache.c finds valid; it is what executing would return at some instant within this
 * call (words.c).  REPEATABLE READ (I5): serve only if also R.xmin >= F.xmax, where R is the transaction's snapshot and
 * F the fill's.  A writer visible to F has an xid below F.xmax <= R.xmin, so it had ended before R was taken and R sees
 * it too; a writer not visible to F but to R would have moved a word (words.c, a).
 *
 * Fill (I2), READ COMMITTED only.
 *   0. tick for prepared transactions that have ended (prepared.c), so that this fill can be kept
 *   1. s0 = clock                                 then a full barrier
 *   2. receive invalidation messages              definitions in backend caches are now at least as new as s0
 *   3. one snapshot F                             hence F sees every writer that had ticked by s0
 *   4. execute everything under F, observing      tags of what was read
 *   5. still no xid                               a function may have written
 *   6. the schema's word is the one that the request was validated under
 *   7. publish with s0, if everything still holds as of s0 (cache.c)
 * The order of 1, 2 and 3 is the point; see words.c for what goes wrong otherwise.
 *
 * Herds.  Who misses what another session is just executing waits for it, and then looks again; coalesce.c and
 * share.c have the rules.  After step 7 the answer is left for those who wait, where they may not find it otherwise: a
 * write has overtaken it or may yet, or there are errors in it.
 *
 * Start-up.  Prepared transactions outlive shared memory, and those from before the start have no fence here.  So
 * nothing is kept until all of them have ended; that is asked before step 1, so that steps 2 and 3 see what they did.
 * prepared.c has the rest.
 */
#include "postgres.h"

#include "access/gin.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "coalesce.h"
#include "core/collect.h"
#include "entity_tags.h"
#include "exec.h"
#include "execute.h"
#include "execute_internal.h"
#include "guc.h"
#include "key.h"
#include "memory.h"
#include "mutation.h"
#include "observe.h"
#include "plan.h"
#include "prepared.h"
#include "request.h"
#include "response.h"
#include "schema.h"
#include "share.h"
#include "shmem.h"
#include "stats.h"
#include "testpoint.h"
#include "touched.h"
#include "vary.h"
#include "verify.h"
#include "words.h"
#include "writing.h"
#include "xid.h"

PG_FUNCTION_INFO_V1(fql_execute);

/* Once a session. */
static void
warn_not_preloaded(void)
{
	static bool warned = false;

	if (warned)
		return;
	warned = true;
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("fraiseql answers without its cache"),
			 errdetail("The library is not in shared_preload_libraries, so there is no shared memory to keep answers "
					   "in."),
			 errhint("Add fraiseql to shared_preload_libraries and restart the server.")));
}

/* Has the transaction written, or is it about to? */
static bool
has_written(void)
{
	return TransactionIdIsValid(GetTopTransactionIdIfAny());
}

/* Why this call may not use the cache, or FQL_REASON_NONE. */
static FqlReason
bypass_reason(void)
{
	if (!fql_shmem_is_there())
	{
		warn_not_preloaded();
		return FQL_BYPASS_NOT_PRELOADED;
	}
	if (!fql_cache_enabled)
		return FQL_BYPASS_DISABLED;
	if (RecoveryInProgress())
		return FQL_BYPASS_RECOVERY;
	if (has_written() && fql_is_writing())
		return FQL_BYPASS_OWN_WRITES;
	if (IsolationIsSerializable())
		return FQL_BYPASS_SERIALIZABLE;
	if (GinFuzzySearchLimit != 0)
		return FQL_BYPASS_FUZZY_SEARCH;
	if (IsInParallelMode())
		return FQL_BYPASS_PARALLEL_WORKER;
	return FQL_REASON_NONE;
}

/* Why this request may not. */
static FqlReason
bypass_reason_of(const FqlRequest *request)
{
	FqlReason	reason = bypass_reason();

	return reason == FQL_REASON_NONE && request->shows_metrics ? FQL_BYPASS_METRICS : reason;
}

/*
 * Does this session have, or have had, temporary objects?  Names in function bodies may then lead to them, so answers
 * in which functions had part are neither taken from nor given to other sessions.
 */
static bool
has_temporary_schema(void)
{
	Oid			temporary;
	Oid			temporary_toast;

	GetTempNamespaceState(&temporary, &temporary_toast);
	return OidIsValid(temporary);
}

FqlReader
fql_execute_reader(void)
{
	FqlReader	reader;

	reader.has_temporary_schema = has_temporary_schema();
	reader.has_changes = has_written() && fql_have_touched_anything();
	reader.snapshot_xmin = InvalidFullTransactionId;
	if (IsolationUsesXactSnapshot())
		reader.snapshot_xmin = fql_xid_widen(GetTransactionSnapshot()->xmin);
	return reader;
}

/*
 * The fill
 */

/* The shortest time to live among the types that an answer shows. */
static int
answer_ttl(const FqlSelectedField *fields, int ttl)
{
	for (const FqlSelectedField *field = fields; field != NULL; field = field->next)
	{
		const FqlType *type = field->field == NULL ? NULL : fql_type_innermost(field->field->type);

		if (type != NULL && type->kind == FQL_TYPE_OBJECT && type->binding != NULL)
		{
			const FqlRelation *relation = type->binding;

			if (relation->ttl > 0)
				ttl = Min(ttl, relation->ttl);
		}
		if (field->selections != NULL)
			ttl = answer_ttl(field->selections, ttl);
	}
	return ttl;
}

/* Operations under way in this backend, one inside the other: views and functions may call fraiseql.execute(). */
static int	depth = 0;

#define DEEPEST_CALL 8

/* Step 5. */
FqlReason
fql_execute_rejection(const FqlObservation *observation, bool clean)
{
	if (!clean)
		return FQL_REJECTED_ERROR;
	if (observation->reason != FQL_REASON_NONE)
		return observation->reason;
	if (has_written())
		return FQL_REJECTED_VOLATILE;
	if (observation->may_meet_temporary && has_temporary_schema())
		return FQL_REJECTED_TEMPORARY;
	return FQL_REASON_NONE;
}

/* Step 6. */
bool
fql_execute_definitions_hold(const FqlRequest *request)
{
	return request->is_current && fql_word_read(fql_tag_schema(MyDatabaseId)) == request->schema_word;
}

/* Steps 5 to 7: what forbids keeping the answer, or the outcome of publishing it. */
static FqlReason
keep_answer(FqlFill *fill)
{
	FqlObservation *observation = &fill->observation;
	FqlAnswer  *answer = &fill->answer;
	FqlReason	reason = fql_execute_rejection(observation, fill->clean);

	if (reason != FQL_REASON_NONE)
		return reason;
	if (!fill->started)
		return FQL_REJECTED_STARTING;
	if (!fql_execute_definitions_hold(fill->request))
		return FQL_REJECTED_WRITE;
	FQL_TEST_POINT(schema_checked);
	fql_depend_on(observation->dependencies, fql_tag_schema(MyDatabaseId));
	fql_depend_on(observation->dependencies, fql_tag_roles());
	answer->groups = fql_dependencies_groups(observation->dependencies, &answer->group_count);
	answer->entities = fql_entity_tags(fill->fields, VARDATA_ANY(answer->response),
									   VARSIZE_ANY_EXHDR(answer->response), (uint32) fql_cache_max_tags,
									   &answer->entity_count);
	answer->may_meet_temporary = observation->may_meet_temporary;
	return fql_vary_put(fill->probe->key, &fill->probe->vary, observation, answer);
}

/* Count the outcome, and tell a DBA who asks for debug messages. */
static void
report_outcome(FqlReason reason, const FqlTallyRun *run, const FqlObservation *observation)
{
	if (reason == FQL_REASON_NONE)
	{
		fql_stats_count(FQL_COUNTER_FILLS);
		return;
	}
	fql_stats_reject(reason);
	fql_tally_reject(run->call, reason);
	ereport(DEBUG1,
			(errmsg_internal("fraiseql does not keep the answer: %s%s%s", fql_reason_info(reason)->name,
							 observation->detail != NULL ? ": " : "",
							 observation->detail != NULL ? observation->detail : "")));
}

/* Execute with the observation under way, which ends here, on error too. */
static text *
execute_observed(FqlObservation *observation, const FqlSelectedField *fields, uint32 count, FqlArena *arena,
				 FqlPurpose purpose, bool *clean)
{
	text	   *volatile response = NULL;

	fql_observe_begin(observation, purpose);
	PG_TRY();
	{
		response = fql_exec_query(fields, count, arena, purpose != FQL_TO_ANSWER, clean);
	}
	PG_FINALLY();
	{
		fql_observe_end(observation);
	}
	PG_END_TRY();
	fql_vary_check(observation);
	if (fql_plan_literals_are_doubtful())
		fql_observe_reject(observation, FQL_REJECTED_SETTING, "standard_conforming_strings");
	return response;
}

/* Execute under one fresh snapshot; with a key to keep it under, observe, try to keep the answer, and share it. */
static text *
execute_fields(const FqlRequest *request, const FqlSelectedField *fields, uint32 count, FqlArena *arena,
			   const FqlProbe *probe)
{
	FqlPurpose	purpose = probe->key != NULL ? FQL_TO_KEEP : FQL_TO_ANSWER;
	FqlFill		fill = {.request = request, .fields = fields, .probe = probe};
	FqlTallyRun run = fql_tally_begin(request->tally);
	text	   *response;

	FQL_TEST_POINT(missed);
	if (purpose == FQL_TO_KEEP)
	{
		fill.started = fql_prepared_start_is_over();
		fill.answer.start_clock = fql_clock_read();
	}
	FQL_TEST_POINT(s0_read);
	pg_memory_barrier();
	AcceptInvalidationMessages();
	FQL_TEST_POINT(messages_received);
	PushActiveSnapshot(GetTransactionSnapshot());
	FQL_TEST_POINT(snapshot_taken);
	if (purpose == FQL_TO_KEEP)
		fill.answer.snapshot_xmax = fql_xid_widen(GetActiveSnapshot()->xmax);

	response = execute_observed(&fill.observation, fields, count, arena, purpose, &fill.clean);
	PopActiveSnapshot();
	fql_tally_end(&run, response);
	FQL_TEST_POINT(executed);

	if (purpose == FQL_TO_KEEP)
	{
		fill.answer.response = response;
		fill.answer.ttl = answer_ttl(fields, fql_cache_ttl);
		fill.kept = keep_answer(&fill);
		report_outcome(fill.kept, &run, &fill.observation);
		if (depth == 1)
			fql_share_answer(&fill);
	}
	return response;
}

FqlReason
fql_execute_verdict(const FqlRequest *request, const FqlObservation *observation, bool clean)
{
	FqlReason	reason = bypass_reason_of(request);

	if (reason == FQL_REASON_NONE && has_written())
		reason = FQL_BYPASS_OWN_WRITES;
	if (reason == FQL_REASON_NONE)
		reason = fql_execute_rejection(observation, clean);
	if (reason == FQL_REASON_NONE && IsolationUsesXactSnapshot())
		reason = FQL_REJECTED_ISOLATION;
	return reason;
}

/*
 * An operation whose view or function calls us again gets an answer of which it cannot see what it depends on.  (The
 * executor would say that this function is volatile, but PL/pgSQL can call it without the executor.)
 */
static void
reject_outer(void)
{
	if (fql_observation() != NULL)
		fql_observe_reject(fql_observation(), FQL_REJECTED_VOLATILE, "execute");
}

text *
fql_execute_to_explain(FqlObservation *observation, const FqlSelectedField *fields, uint32 count, FqlArena *arena,
					   bool *clean)
{
	text	   *response;

	reject_outer();
	AcceptInvalidationMessages();
	PushActiveSnapshot(GetTransactionSnapshot());
	response = execute_observed(observation, fields, count, arena, FQL_TO_EXPLAIN, clean);
	PopActiveSnapshot();
	return response;
}

static text *
run_past_cache(FqlRequest *request, const Jsonb *variables, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlVariables *coerced = fql_request_coerce(request, variables, arena, diagnostics);
	FqlLimits	limits = fql_limits();
	FqlSelectedField *fields = NULL;
	uint32		count = 0;
	bool		clean;

	if (coerced != NULL)
		fields = fql_collect_fields(request->document, request->operation, request->types, coerced, &limits, arena,
									diagnostics, &count);
	return diagnostics->count > 0 ? fql_response_request_error(diagnostics) :
		fql_exec_query(fields, count, arena, false, &clean);
}

text *
fql_execute_past_cache(const text *query, const Jsonb *variables)
{
	FqlArena   *arena = fql_memory_arena(CurrentMemoryContext);
	FqlDiagnostics diagnostics;
	FqlRequest *request;
	text	   *volatile response = NULL;

	Assert(ActiveSnapshotSet());
	fql_diagnostics_init(&diagnostics, arena);
	request = fql_request_get(query, NULL, &diagnostics);
	if (request == NULL)
		return fql_response_request_error(&diagnostics);
	PG_TRY();
	{
		response = run_past_cache(request, variables, arena, &diagnostics);
	}
	PG_FINALLY();
	{
		fql_request_release(request);
	}
	PG_END_TRY();
	return response;
}

/*
 * The long way
 */

/* A key whose bytes survive nested calls, which share the buffer of key.c. */
static FqlKey *
copy_key(const FqlKey *key)
{
	FqlKey	   *copy = palloc(sizeof(FqlKey));
	char	   *bytes = palloc(key->len);

	memcpy(bytes, key->data, key->len);
	*copy = *key;
	copy->data = bytes;
	return copy;
}

bool
fql_execute_is_cached(const FqlRequest *request, FqlStr variables)
{
	FqlReader	reader;
	FqlKey		key;
	FqlVary		vary;
	FqlPlace	place;

	if (!fql_shmem_is_there())
		return false;
	reader = fql_execute_reader();
	return fql_key_build(&key, request->normalized.text, request->normalized.literals, variables) &&
		fql_vary_get(&key, &reader, &vary, &place) != NULL;
}

/*
 * Counting what became of a call
 */

static void
count_hit(const FqlRequest *request, Oid role)
{
	fql_stats_count(FQL_COUNTER_HITS);
	fql_tally_hit(request->tally, role);
}

/* What REPEATABLE READ executes is known not to be kept before it is executed. */
static void
count_miss(const FqlRequest *request, Oid role)
{
	fql_stats_count(FQL_COUNTER_MISSES);
	fql_tally_miss(request->tally, role);
	if (!IsolationUsesXactSnapshot())
		return;
	fql_stats_reject(FQL_REJECTED_ISOLATION);
	fql_tally_reject(request->tally->call, FQL_REJECTED_ISOLATION);
}

static void
count_bypass(const FqlRequest *request, FqlReason reason)
{
	fql_stats_bypass(reason);
	fql_tally_bypass(request->tally, GetUserId(), reason);
}

/* Look the answer up; where there is none, *probe says how to keep the executed one. */
static text *
look_up(const FqlRequest *request, FqlStr variables, FqlProbe *probe)
{
	FqlReason	bypass = bypass_reason_of(request);
	FqlReader	reader;
	FqlKey		key;
	text	   *response;

	probe->key = NULL;
	if (bypass != FQL_REASON_NONE)
	{
		count_bypass(request, bypass);
		return NULL;
	}
	reader = fql_execute_reader();
	if (!fql_key_build(&key, request->normalized.text, request->normalized.literals, variables))
	{
		count_bypass(request, FQL_BYPASS_KEY_TOO_LONG);
		return NULL;
	}
	response = fql_vary_get(&key, &reader, &probe->vary, &probe->place);
	if (response != NULL)
		count_hit(request, key.role);
	else if (has_written())
		count_bypass(request, FQL_BYPASS_OWN_WRITES);
	else
	{
		count_miss(request, key.role);
		if (!IsolationUsesXactSnapshot())
			probe->key = copy_key(&key);
	}
	return response;
}

/*
 * A mutation neither asks the cache nor gives to it.  What it changes is noticed by the triggers, as every write is;
 * what it selects is read after that, within the transaction.
 */
static text *
answer_mutation(const FqlRequest *request, const FqlVariables *variables, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlLimits	limits = fql_limits();
	FqlSelectedField *fields;
	FqlTallyRun run;
	text	   *response;
	uint32		count;

	fields = fql_collect_fields(request->document, request->operation, request->types, variables, &limits, arena,
								diagnostics, &count);
	if (fields == NULL && diagnostics->count > 0)
		return fql_response_request_error(diagnostics);
	if (!fql_mutation_is_possible(request->operation->location, diagnostics))
		return fql_response_request_error(diagnostics);
	if (fql_shmem_is_there())
		count_bypass(request, FQL_BYPASS_MUTATION);
	run = fql_tally_begin(request->tally);
	response = fql_mutation_execute(fields, count, request->operation->name, arena);
	fql_tally_end(&run, response);
	return response;
}

/* The answer to a miss, or NULL, that took no execution of this session's. */
static text *
unexecuted(const FqlRequest *request, text *response)
{
	if (response != NULL)
		fql_tally_unexecuted(request->tally->call, response);
	return response;
}

/* A validated request with its variables: from the cache, or executed.  NULL: the request is to be made anew. */
static text *
answer_request(FqlRequest *request, const FqlCall *call, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlVariables *coerced = fql_request_coerce(request, call->variables, arena, diagnostics);
	FqlSelectedField *fields;
	FqlLimits	limits = fql_limits();
	FqlProbe	probe;
	text	   *response;
	uint32		count;
	bool		outdated = false;

	if (coerced == NULL)
		return fql_response_request_error(diagnostics);
	if (request->operation->kind == FQL_OPERATION_MUTATION)
		return answer_mutation(request, coerced, arena, diagnostics);
	response = look_up(request, coerced->canonical, &probe);
	if (response != NULL && !call->verify)
		return response;
	fields = fql_collect_fields(request->document, request->operation, request->types, coerced, &limits, arena,
								diagnostics, &count);
	if (fields == NULL && diagnostics->count > 0)
		return response != NULL ? response : unexecuted(request, fql_response_request_error(diagnostics));
	if (response == NULL && probe.key != NULL && depth == 1)
	{
		response = fql_share_wait(request, &probe, &outdated);
		if (response != NULL || outdated)
			return unexecuted(request, response);
	}
	if (response != NULL)
		return fql_verify_hit(fields, count, arena, response, &probe.place);
	return execute_fields(request, fields, count, arena, &probe);
}

/* An argument that must be there. */
static text *
refuse_null_query(FqlDiagnostics *diagnostics)
{
	fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "Must provide a query.");
	return fql_response_request_error(diagnostics);
}

/* As it is for the definitions of now; NULL: they have changed while it waited. */
static text *
answer_once(const FqlCall *call, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlRequest *request = fql_request_get(call->query, call->operation_name, diagnostics);
	text	   *volatile response = NULL;

	if (request == NULL)
		return fql_response_request_error(diagnostics);
	PG_TRY();
	{
		response = answer_request(request, call, arena, diagnostics);
	}
	PG_FINALLY();
	{
		fql_request_release(request);
	}
	PG_END_TRY();
	return response;
}

/* In a memory context of its own, from which only the response is copied out. */
static text *
answer_call(const FqlCall *call)
{
	FqlArena   *arena = fql_memory_arena(CurrentMemoryContext);
	FqlDiagnostics diagnostics;
	text	   *response = NULL;

	fql_diagnostics_init(&diagnostics, arena);
	if (call->query == NULL)
		return refuse_null_query(&diagnostics);
	while (response == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		response = answer_once(call, arena, &diagnostics);
	}
	return response;
}

static text *
answer_the_long_way(const FqlCall *call)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "fraiseql request", ALLOCSET_DEFAULT_SIZES);
	text	   *answer;
	text	   *response;

	fql_prepared_retire();
	MemoryContextSwitchTo(context);
	answer = answer_call(call);
	MemoryContextSwitchTo(caller);
	response = palloc(VARSIZE_ANY(answer));
	memcpy(response, answer, VARSIZE_ANY(answer));
	MemoryContextDelete(context);
	return response;
}

/*
 * The short way
 */

/* A hit on what this backend remembers, or NULL.  Counts hits only: the long way counts the rest. */
static text *
answer_the_short_way(const FqlCall *call)
{
	FqlRequest *request;
	FqlReader	reader;
	FqlStr		variables;
	FqlKey		key;
	FqlVary		vary;
	FqlPlace	place;
	text	   *response = NULL;

	if (call->query == NULL || call->verify || bypass_reason() != FQL_REASON_NONE)
		return NULL;
	request = fql_request_recall(call->query, call->operation_name);
	if (request == NULL)
		return NULL;
	/* nothing below runs user code or can fail but for want of memory, and then a pin keeps a little more */
	if (request->operation->kind != FQL_OPERATION_MUTATION &&
		fql_request_recall_variables(request, call->variables, &variables))
	{
		reader = fql_execute_reader();
		if (fql_key_build(&key, request->normalized.text, request->normalized.literals, variables))
			response = fql_vary_get(&key, &reader, &vary, &place);
	}
	if (response != NULL)
		count_hit(request, key.role);
	fql_request_release(request);
	return response;
}

static text *
answer_nested(const FqlCall *call)
{
	text	   *volatile response = NULL;

	if (depth >= DEEPEST_CALL)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("GraphQL operations nest deeper than %d", DEEPEST_CALL),
				 errhint("A view or function that an operation reads calls fraiseql.execute() again.")));
	depth++;
	PG_TRY();
	{
		response = answer_the_long_way(call);
	}
	PG_FINALLY();
	{
		depth--;
		if (depth == 0)
			fql_coalesce_call_ends();
	}
	PG_END_TRY();
	return response;
}

text *
fql_execute_call(const FqlCall *call)
{
	FqlCall		verified = *call;
	text	   *response;

	reject_outer();
	verified.verify = fql_verify_is_due();
	response = answer_the_short_way(&verified);
	return response != NULL ? response : answer_nested(&verified);
}

FqlCall
fql_call_of_arguments(FunctionCallInfo fcinfo)
{
	FqlCall		call = {0};

	if (!PG_ARGISNULL(0))
		call.query = PG_GETARG_TEXT_PP(0);
	if (!PG_ARGISNULL(1))
		call.variables = PG_GETARG_JSONB_P(1);
	if (!PG_ARGISNULL(2))
		call.operation_name = PG_GETARG_TEXT_PP(2);
	return call;
}

/*
 * fraiseql.execute(query text, variables jsonb, operation_name text, extensions jsonb) returns json
 *
 * GraphQL leaves the meaning of extensions to implementations; here they have none.
 */
Datum
fql_execute(PG_FUNCTION_ARGS)
{
	FqlCall		call = fql_call_of_arguments(fcinfo);

	PG_RETURN_TEXT_P(fql_execute_call(&call));
}
