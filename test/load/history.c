/*
 * history.c
 *    What a cache holds that has been in use for a long time.
 *
 * A cache that starts empty is asked for the first time for most of what a minute's users want, and one that was
 * filled with everything is better than any in use: of what is rarely read, too, some is invalid.  So a history much
 * longer than one could wait for is drawn, and not executed but simulated: an answer is there if it was asked for
 * after the last write that changes it.  Filling the cache with these answers, and no others, makes it what it would
 * be by then.
 *
 * Only the beginning of a load test comes from this simulation.  What is measured are calls.
 */
#include "history.h"

#include "load.h"

#include <stdlib.h>
#include <string.h>

typedef enum State
{
	NEVER, VALID, INVALID
} State;

static unsigned char *states[FIRST_WRITE];	/* by key */

static void
invalidate(Kind kind, int key)
{
	if (key <= saas_keys(kind) && states[kind][key] == VALID)
		states[kind][key] = INVALID;
}

/* A task has changed, in a column that lists of tasks show. */
static void
invalidate_task(int task)
{
	int			project = saas_project_of_task(task);

	invalidate(CARD, task);
	invalidate(TASK, task);
	invalidate(TASKS, project);
	invalidate(OPEN_TASKS, project);
	invalidate(SUMMARY, project);
	invalidate(MY_TASKS, saas_assignee(task));
}

static void
invalidate_user(int user)
{
	invalidate(ME, user);
	invalidate(PROFILE, user);
	invalidate(MEMBERS, saas_organization_of(user));
	invalidate(PROJECTS, saas_organization_of(user));
}

/* What a call to write makes invalid; the few answers that show a user's name elsewhere are let off. */
static void
simulate_write(const Call *call)
{
	switch (call->kind)
	{
		case MOVE:
			invalidate(ACTIVITY, saas_organization_of(call->key));
			invalidate_task(call->key);
			break;
		case EDIT:
			invalidate_task(call->key);
			break;
		case COMMENT:
			invalidate(CARD, call->key);
			invalidate(TASKS, saas_project_of_task(call->key));
			invalidate(COMMENTS, call->key);
			invalidate(NOTIFICATIONS, saas_assignee(call->key));
			invalidate(UNREAD, saas_assignee(call->key));
			break;
		case MAIL:
			invalidate(COMMENTS, call->key);
			break;
		case CREATE:
			invalidate(TASKS, call->key);
			invalidate(OPEN_TASKS, call->key);
			invalidate(SUMMARY, call->key);
			invalidate(MY_TASKS, call->other);
			break;
		case SEEN:
			invalidate(NOTIFICATIONS, call->other);
			invalidate(UNREAD, call->other);
			break;
		case RENAME:
			invalidate_user(call->key);
			break;
		case BUDGET:
			invalidate(SUMMARY, call->key);
			invalidate(BILLING, saas_organization_of(call->key));
			break;
		default:
			break;
	}
}

/*
 * About so many calls, page after page.  Returned is the share of the reads in the last tenth of them that found what
 * they asked for: the hit rate of a cache that loses nothing but what has changed.
 */
double
history_simulate(uint64_t seed, double count, double writes)
{
	Calls		page = {0};
	double		late = count / 10;
	double		reads = 0;
	double		found = 0;

	for (Kind kind = 0; kind < FIRST_WRITE; kind++)
	{
		free(states[kind]);
		states[kind] = calloc(saas_keys(kind) + 1, 1);
		if (states[kind] == NULL)
			die("no memory for %d answers", saas_keys(kind));
	}
	random_seed(seed);
	while (count > 0)
	{
		page.count = 0;
		saas_draw_page(&page, 0, writes);
		for (int i = 0; i < page.count; i++)
			if (kind_writes(page.list[i].kind))
				simulate_write(&page.list[i]);
			else
			{
				unsigned char *state = &states[page.list[i].kind][page.list[i].key];

				reads += count < late;
				found += count < late && *state == VALID;
				*state = VALID;
			}
		count -= page.count;
	}
	free(page.list);
	return found / reads;
}

/* Calls for the answers that are there now. */
void
history_answers(Calls *calls)
{
	calls->count = 0;
	for (Kind kind = 0; kind < FIRST_WRITE; kind++)
		for (int key = 1; key <= saas_keys(kind); key++)
			if (states[kind][key] == VALID)
				saas_add_call(calls, 0, kind, key, 0);
}

/* Whether this has ever been asked for. */
bool
history_asks(Kind kind, int key)
{
	return states[kind] != NULL && states[kind][key] != NEVER;
}
