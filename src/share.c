/*
 * share.c
 *    One execution for all who miss the same answer at once: what they have from each other's.
 *
 * Who executes and who waits is decided in coalesce.c, which also says why a follower may have what is left for it.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "coalesce.h"
#include "guc.h"
#include "plan.h"
#include "prepared.h"
#include "share.h"
#include "tags.h"
#include "testpoint.h"

/*
 * The leader's side
 */

/* Who was in the herd comes for it within this time; the herd's last member removes it. */
#define HANDED_OVER_SECONDS 60

/*
 * An answer with errors in it.  A scan that an error has ended does not tell what it depends on, and which row it came
 * from is open.  But the execution was determined, like every other, by its key, by the definitions and roles, by the
 * settings that were read, and by rows of the relations in the plans that were started.  So any row of these counts.
 * What it would have shown is not known either, so whatever is invalidated by hand concerns it (I11).
 */
static FqlExecutionEnd
hand_over_to_all(FqlFill *fill, FqlPlace *place)
{
	FqlDependencies *started = fill->observation.started;
	uint64		execution = fql_coalesce_execution(true);

	if (execution == 0)
		return FQL_END_OVERTAKEN;
	fql_depend_on(started, fql_tag_schema(MyDatabaseId));
	fql_depend_on(started, fql_tag_roles());
	fql_depend_on(started, fql_tag_by_hand(MyDatabaseId));
	fill->answer.groups = fql_dependencies_groups(started, &fill->answer.group_count);
	return fql_vary_hand_over(fill->probe->key, &fill->probe->vary, &fill->observation, &fill->answer, execution,
							  place) == FQL_REASON_NONE ? FQL_END_HANDED_TO_ALL : FQL_END_OVERTAKEN;
}

/*
 * An answer that a write has overtaken, or may yet.  Rows may change until those who had joined before this execution
 * began come for it (coalesce.c); definitions and roles may not.
 */
static FqlExecutionEnd
hand_over_to_earlier(FqlFill *fill, FqlPlace *place)
{
	uint64		execution = fql_coalesce_execution(false);
	FqlTag		tags[] = {fql_tag_schema(MyDatabaseId), fql_tag_roles()};
	FqlTagGroup group = {.any_change = true, .count = lengthof(tags), .tags = tags};

	if (execution == 0)
		return FQL_END_OVERTAKEN;
	fill->answer.groups = &group;
	fill->answer.group_count = 1;
	return fql_vary_hand_over(fill->probe->key, &fill->probe->vary, &fill->observation, &fill->answer, execution,
							  place) == FQL_REASON_NONE ? FQL_END_HANDED_TO_EARLIER : FQL_END_OVERTAKEN;
}

/* Leave the answer for those who wait, if they may have it. */
static FqlExecutionEnd
hand_over(FqlFill *fill, FqlPlace *place)
{
	FqlExecutionEnd end = FQL_END_OVERTAKEN;

	if (!fql_execute_definitions_hold(fill->request))
		return end;
	fill->answer.entity_count = 0;
	fill->answer.ttl = Min(fill->answer.ttl, HANDED_OVER_SECONDS);
	fill->answer.may_meet_temporary = fill->observation.may_meet_temporary;
	if (!fill->clean)
		end = hand_over_to_all(fill, place);
	if (end == FQL_END_OVERTAKEN)
		end = hand_over_to_earlier(fill, place);
	return end;
}

/*
 * Does this answer depend on the leader's own session, or may it, while another session's can be shared?  An error may,
 * if it could come from where it is not seen what is read: from planning, or from the parsing of functions.
 */
static bool
is_of_this_session(const FqlFill *fill)
{
	const FqlObservation *observation = &fill->observation;

	if (fql_plan_literals_are_doubtful() || observation->reason == FQL_REJECTED_TEMPORARY)
		return true;
	if (observation->reason == FQL_REASON_NONE && fql_execute_rejection(observation, true) != FQL_REASON_NONE)
		return true;
	return !fill->clean && (observation->unseen > 0 || observation->parses_text);
}

/*
 * What the others have from this execution.  Nothing, if such answers cannot be shared, or this one cannot; nor before
 * start-up is over, since words do not tell of every change then.  A kept answer is left for the others too: a write
 * may make it invalid before all of them are awake.
 */
static FqlExecutionEnd
end_of(FqlFill *fill, FqlPlace *place)
{
	FqlExecutionEnd end;

	if (is_of_this_session(fill))
		return FQL_END_FAILED;
	if (fill->kept == FQL_REJECTED_TOO_LARGE || fill->kept == FQL_REJECTED_NO_ROOM || !fill->started ||
		fill->observation.reason != FQL_REASON_NONE)
		return FQL_END_REFUSED;
	end = hand_over(fill, place);
	return fill->kept == FQL_REASON_NONE && end == FQL_END_OVERTAKEN ? FQL_END_KEPT : end;
}

void
fql_share_answer(FqlFill *fill)
{
	FqlPlace	place;

	if (fql_coalesce_leads())
		fql_coalesce_end(end_of(fill, &place), &place);
}

/*
 * The followers' side
 */

/*
 * What is there after another session's execution, or before one's own.  *outdated: the definitions are no longer those
 * that the request was validated under, and nothing that is there is an answer to it.
 */
static text *
look_again(const FqlRequest *request, FqlProbe *probe, uint64 handed_over, bool *outdated)
{
	FqlReader	reader = fql_execute_reader();
	text	   *response = fql_vary_get(probe->key, &reader, &probe->vary, &probe->place);

	if (response == NULL && handed_over != 0)
		response = fql_vary_get_handed_over(probe->key, &reader, handed_over);
	*outdated = !fql_execute_definitions_hold(request);
	return *outdated ? NULL : response;
}

/*
 * The herd is that of the key with the values of all settings that the operation is known to read, under the
 * definitions of now.  Who learns of more settings while waiting goes on in another herd.
 */
static uint64
herd_hash(const FqlRequest *request, const FqlProbe *probe)
{
	return hash_combine64(fql_vary_hash(probe->key, &probe->vary), request->schema_word);
}

/* Whose turn it is to execute looks again before, since the last leader may have ended just now. */
text *
fql_share_wait(const FqlRequest *request, FqlProbe *probe, bool *outdated)
{
	FqlHerdRole role;
	text	   *response = NULL;
	uint64		handed_over = 0;

	*outdated = false;
	if (fql_coalesce_timeout == 0 || fql_observation() != NULL || !request->is_current)
		return NULL;
	FQL_TEST_POINT(joining);
	role = fql_coalesce_join(herd_hash(request, probe), fql_coalesce_may_wait());
	while (role == FQL_HERD_FOLLOWER && fql_coalesce_wait(&handed_over))
	{
		response = look_again(request, probe, handed_over, outdated);
		if (response != NULL || *outdated)
			break;
		role = fql_coalesce_go_on(herd_hash(request, probe));
	}
	if (response == NULL && !*outdated)
	{
		fql_prepared_retire();
		response = look_again(request, probe, handed_over, outdated);
	}
	if (response != NULL || *outdated)
		fql_coalesce_leave(response != NULL);
	return response;
}
