/*
 * task.c
 *    The key whose execution takes as long as one wants, and the settings under which it is asked for.
 */
#include "task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many turns of work()'s loop take a millisecond: the fastest of twenty, when nobody was in the way. */
static double
loops_per_ms(Session *session)
{
	static double speed = 0;
	const int	loops = 500000;

	if (speed > 0)
		return speed;
	for (int i = 0; i < 20; i++)
	{
		double		start = now_ms();

		free(session_ask(session, "SELECT work(0, %d)", loops));
		speed = fmax(speed, loops / (now_ms() - start));
	}
	return speed;
}

/*
 * Let this task wait for so long ("waits"), or keep a processor busy ("works").  A new version makes what was answered
 * before invalid, which an update to the same values would not.
 */
void
task_create(Session *session, int id, const char *kind, double ms)
{
	bool		works = strcmp(kind, "works") == 0;

	if (!works && strcmp(kind, "waits") != 0)
		die("a task waits or works, and does not %s", kind);
	free(session_ask(session, "UPDATE tb_task SET version = version + 1, wait_ms = %g, loops = %.0f WHERE id = %d",
					 works ? 0 : ms, works ? ms * loops_per_ms(session) : 0, id));
}

/* A number that grows by one with each execution, and with each call of this. */
int
task_executions(Session *session)
{
	return (int) session_number(session, "SELECT nextval('executions')");
}

/*
 * In all sessions: the timeout in milliseconds, where 0 turns coalescing off, or "default".  Returned is what to call
 * it in figures.
 */
const char *
coalescing_set(Load *load, const char *timeout)
{
	char		sql[100];

	if (strcmp(timeout, "default") == 0)
	{
		load_run(load, "RESET fraiseql.coalesce_timeout");
		return "on";
	}
	snprintf(sql, sizeof(sql), "SET fraiseql.coalesce_timeout = %d", atoi(timeout));
	load_run(load, sql);
	return atoi(timeout) == 0 ? "off" : timeout;
}

/* Columns of coalescing_stats, a figure each. */
void
coalescing_figures(Session *session, const char *prefix, const char *columns)
{
	char	   *figures = session_ask(session, "SELECT string_agg(format(E'%s.%%s\\t%%s\\n', key, value), '') "
									  "FROM fraiseql.coalescing_stats AS s, json_each_text(row_to_json(s)) "
									  "WHERE key = ANY ('{%s}')", prefix, columns);

	fputs(figures, stdout);
	free(figures);
}
