/*
 * storm.c
 *    Clients ask for one key, again and again, while its row is written many times a second: how long do they wait, and
 *    is what they get fresh?
 *
 * Usage: storm <clients> <rounds> waits|works <ms> <seconds> <writes a second> <timeout>...
 *
 * An answer is stale if it shows an older version than one that had been committed, or shown to anybody, when its call
 * began; it is invented if it shows one that nobody has written.  All answers are judged.
 */
#include "load.h"
#include "task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY 9001
#define FIRST_ALONE 9002
#define ALONE 5

static Load load;				/* the clients, and after them who writes */
static Session *writer;
static Load control;

static double end;				/* of asking */
static Times latencies;
static int	known;				/* the newest version that anybody knows to be committed */
static int	written;			/* the newest that may have been written */
static int	wrong;

/* The version in an answer. */
static int
shown_version(const char *answer)
{
	const char *name = "\"version\":";
	const char *place = strstr(answer, name);

	if (place == NULL)
		die("an answer without a version: %s", answer);
	return atoi(place + strlen(name));
}

static void take_answer(Session *session, const char *answer);

static void
ask(Session *session)
{
	session->floor = known;
	session_call(session, "ask", KEY, take_answer);
}

static void
take_answer(Session *session, const char *answer)
{
	int			version = shown_version(answer);

	if (version < session->floor || version > written)
	{
		wrong++;
		fprintf(stderr, "wrong: version %d was shown, %d was committed when the call began, and %d is the last\n",
				version, session->floor, written);
	}
	if (version > known)
		known = version;
	times_add(&latencies, session->done - session->sent);
	if (session->done < end)
		ask(session);
}

static void
take_written(Session *session, const char *version)
{
	(void) session;
	if (atoi(version) > known)
		known = atoi(version);
}

static void
take_alone(Session *session, const char *answer)
{
	(void) answer;
	times_add(&latencies, session->done - session->sent);
}

/* What one execution takes, with nobody else there. */
static double
measure_alone(const char *kind, double ms)
{
	double		alone;

	for (int i = 0; i < ALONE; i++)
	{
		task_create(control.sessions, FIRST_ALONE + i, kind, ms);
		session_call(load.sessions, "ask", FIRST_ALONE + i, take_alone);
		load_finish(&load);
	}
	alone = times_share_below(&latencies, 0.5);
	times_free(&latencies);
	return alone;
}

/* Clients ask until the end; writes have set times, and one that is late does not move the next. */
static void
run(double seconds, double writes_a_second)
{
	double		start = now_ms();
	double		next_write = start;

	end = start + seconds * 1e3;
	for (int i = 0; i < load.count - 1; i++)
		ask(&load.sessions[i]);
	while (now_ms() < end)
	{
		if (!writer->busy && now_ms() >= next_write)
		{
			written++;
			session_call(writer, "write", KEY, take_written);
			next_write += 1e3 / writes_a_second;
		}
		load_turn(&load, writer->busy ? end : fmin(next_write, end));
	}
	load_finish(&load);
}

static void
measure(const char *kind, double ms, double seconds, double writes_a_second, const char *timeout)
{
	const char *setting = coalescing_set(&load, timeout);
	char		prefix[100];
	double		alone = measure_alone(kind, ms);
	int			executions;
	int			first;

	task_create(control.sessions, KEY, kind, ms);
	first = known = written = (int) session_number(control.sessions, "SELECT version FROM tb_task WHERE id = 9001");
	free(session_ask(control.sessions, "SELECT fraiseql.stats_reset()"));
	executions = task_executions(control.sessions);
	run(seconds, writes_a_second);
	executions = task_executions(control.sessions) - executions - 1;

	snprintf(prefix, sizeof(prefix), "storm.%s.%g.%s", kind, ms, setting);
	printf("%s.alone\t%.3f\n", prefix, alone);
	printf("%s.calls\t%zu\n", prefix, latencies.count);
	printf("%s.executions\t%d\n", prefix, executions);
	printf("%s.writes\t%.1f\n", prefix, (written - first) / seconds);
	printf("%s.wrong\t%d\n", prefix, wrong);
	printf("%s.p50\t%.3f\n", prefix, times_share_below(&latencies, 0.5));
	printf("%s.p99\t%.3f\n", prefix, times_share_below(&latencies, 0.99));
	printf("%s.max\t%.3f\n", prefix, times_share_below(&latencies, 1));
	printf("%s.ratio\t%.4f\n", prefix, times_share_below(&latencies, 0.99) / alone);
	coalescing_figures(control.sessions, prefix, "timeouts,takeovers,handed_over");
	fflush(stdout);
	times_free(&latencies);
}

int
main(int argc, char **argv)
{
	char	  **timeouts = argv + 7;
	int			timeout_count = argc - 7;

	if (timeout_count < 1)
		die("usage: storm <clients> <rounds> waits|works <ms> <seconds> <writes a second> <timeout>...");
	load_open(&control, 1);
	load_open(&load, atoi(argv[1]) + 1);
	writer = &load.sessions[load.count - 1];
	load_prepare(&load, "ask", TASK_ASK);
	load_prepare(&load, "write", TASK_WRITE);
	for (int round = 0; round < atoi(argv[2]); round++)
		for (int i = 0; i < timeout_count; i++)
			measure(argv[3], atof(argv[4]), atof(argv[5]), atof(argv[6]),
					timeouts[round % 2 == 0 ? i : timeout_count - 1 - i]);
	load_close(&load);
	load_close(&control);
	return wrong > 0;
}
