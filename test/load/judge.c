/*
 * judge.c
 *    What an answer shows: how old it is, and whether it was executed for who asked.
 *
 * An answer is wrong if it shows a row in an older version than one that was known to be committed when it was asked
 * for, or in one that nobody has written, or a list without the newest comment of a task, or the newest task of a
 * project, that was known then.  All rows of all answers are judged.
 *
 * A query's answer ends with the number of its execution.  A number that had been answered to somebody before this
 * call began is a hit; who first shows a number has executed; what is left is an answer that another session was
 * computing when this call began, whether the call has waited for it or found it just published.
 */
#include "judge.h"

#include "history.h"
#include "versions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No more than these are told one by one. */
#define TOLD 20

const char *const source_names[SOURCES] = {"hit", "miss", "shared", "mutation", "plain"};
long		judged_rows;
long		wrong_answers;
long		first_asked;

static Rows rows[26];			/* by the letter of their aliases */
static Rows newest_comments;	/* of tasks */
static Rows newest_tasks;		/* of projects */
static double *first_shown;		/* when the executions were answered first, or 0 */
static int	executions_room;
static Rows asked[FIRST_WRITE]; /* version 1 of what has been asked for since the history */

/* Somebody is about to write: the versions that there may be from now on. */
void
judge_expect(const Call *call)
{
	switch (call->kind)
	{
		case MOVE:
		case EDIT:
			rows_expect(&rows['t' - 'a'], call->key);
			break;
		case COMMENT:
			rows_expect(&rows['k' - 'a'], call->key);
			break;
		case SEEN:
			rows_expect(&rows['n' - 'a'], call->key);
			break;
		case RENAME:
			rows_expect(&rows['u' - 'a'], call->key);
			break;
		case BUDGET:
			rows_expect(&rows['b' - 'a'], call->key);
			break;
		default:
			break;
	}
}

/*
 * The next object of an answer, which reads "t":17,"tv":3 or the like.  Returned is where to go on, or NULL.  Texts
 * cannot be taken for one: their quotes are escaped.
 */
static const char *
next_object(const char *answer, char *letter, int *id, int *version)
{
	const char *place = strstr(answer, "v\":");
	const char *digits;

	if (place == NULL)
		return NULL;
	if (place - answer < 8 || !islower(place[-1]) || place[-2] != '"' || place[-3] != ',')
		die("an answer that cannot be read: %s", answer);
	*letter = place[-1];
	for (digits = place - 3; digits > answer && isdigit(digits[-1]); digits--);
	if (digits[-1] != ':' || digits[-3] != *letter)
		die("an answer that cannot be read: %s", answer);
	*id = atoi(digits);
	*version = atoi(place + 3);
	return place + 3;
}

static void
complain(const Session *session, const char *what, int id, int shown, int known, int last)
{
	if (wrong_answers++ < TOLD)
		fprintf(stderr, "\nwrong: %s(%d) shows %s %d in version %d; %d was committed before, and %d is the last\n",
				operations[session->kind].name, session->key, what, id, shown, known, last);
}

/* A list whose first object, which is 0 where there is none, must not be older than the newest that was known. */
static void
judge_newest(const Session *session, const Rows *newest, int shown)
{
	int			known = rows_known(newest, session->key, session->sent);

	if (shown < known)
		complain(session, "a list, that of", session->key, shown, known, known);
}

static void
judge_query(const Session *session, const char *answer)
{
	const char *place = answer;
	int			first = 0;
	char		letter;
	int			id, version;

	while ((place = next_object(place, &letter, &id, &version)) != NULL)
	{
		const Rows *these = &rows[letter - 'a'];
		int			known = rows_known(these, id, session->sent);
		int			last = rows_last(these, id);

		judged_rows++;
		if (version < known || version > last)
			complain(session, (char[]) {letter, 0}, id, version, known, last);
		if (first == 0)
			first = id;
	}
	if (session->kind == COMMENTS)
		judge_newest(session, &newest_comments, first);
	if (session->kind == TASKS)
		judge_newest(session, &newest_tasks, first);
}

/* What has been committed, as the answer of who wrote it shows. */
static void
learn(const Session *session, const char *answer)
{
	const char *place = answer;
	char		letter;
	int			id, version;
	int			count = 0;

	for (; (place = next_object(place, &letter, &id, &version)) != NULL; count++)
	{
		rows_learn(&rows[letter - 'a'], id, version, session->done);
		if (letter == 'c')
			rows_learn(&newest_comments, session->key, id, session->done);
		if (letter == 't' && session->kind == CREATE)
			rows_learn(&newest_tasks, session->key, id, session->done);
	}
	if (count == 0)
		die("a write that changed nothing: %s", answer);
}

/* The number at the end of an answer: ... "served":{"number":17}}} */
static int
execution_of(const char *answer)
{
	const char *end = answer + strlen(answer) - strlen("}}}");

	while (end > answer && isdigit(end[-1]))
		end--;
	if (end <= answer || end[-1] != ':')
		die("an answer without the number of its execution: %s", answer);
	return atoi(end);
}

static Source
source_of(const Session *session, const char *answer)
{
	int			number = execution_of(answer);
	int			room = executions_room == 0 ? 1 << 16 : executions_room;

	while (room <= number)
		room *= 2;
	if (room > executions_room)
	{
		first_shown = realloc(first_shown, room * sizeof(double));
		if (first_shown == NULL)
			die("no memory for %d executions", room);
		memset(first_shown + executions_room, 0, (room - executions_room) * sizeof(double));
		executions_room = room;
	}
	if (first_shown[number] == 0)
	{
		first_shown[number] = session->done;
		first_asked += !history_asks(session->kind, session->key) &&
			rows_known(&asked[session->kind], session->key, session->done) == 0;
		rows_learn(&asked[session->kind], session->key, 1, session->done);
		return MISS;
	}
	return first_shown[number] <= session->sent ? HIT : SHARED;
}

Source
judge_answer(const Session *session, const char *answer)
{
	if (kind_writes(session->kind))
	{
		learn(session, answer);
		return session->kind >= FIRST_PLAIN ? PLAIN : MUTATION;
	}
	judge_query(session, answer);
	return source_of(session, answer);
}
