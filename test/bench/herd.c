/*
 * herd.c
 *    Many clients ask for one key that is not in the cache, at once: how many executions, how many answers, how long?
 *
 * Usage: herd <clients> <rounds> waits|works <ms> <timeout>...
 *
 * The clients are connected, idle, and have asked for something like it before, as a pool's are: else what is measured
 * is how long PostgreSQL takes to start so many processes, and these to read the catalogs.  Each round measures each
 * timeout once, in turns forwards and backwards, with a key that nobody has asked for; right before it one client alone
 * asks for another one, which takes as long as one execution does.
 */
#include "load.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first keys are for warming up, and take no time: those from here on are used once each. */
#define FIRST_KEY 1001

static Load load;
static Load control;
static int	next_key = FIRST_KEY;

static double last_done;
static char **answers;
static int	answer_count;

static void
take_answer(Session *session, const char *answer)
{
	last_done = session->done;
	answers[answer_count++] = strdup(answer);
}

/* Milliseconds until the last of so many clients has been answered by a new key. */
static double
ask_at_once(int clients, const char *kind, double ms)
{
	int			key = next_key++;
	double		start;

	task_create(control.sessions, key, kind, ms);
	answer_count = 0;
	start = now_ms();
	for (int i = 0; i < clients; i++)
		session_call(&load.sessions[i], "ask", key, take_answer);
	load_finish(&load);
	return last_done - start;
}

static int
compare_answers(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* How many different answers there were; they are forgotten. */
static int
distinct_answers(void)
{
	int			distinct = answer_count > 0;

	qsort(answers, answer_count, sizeof(char *), compare_answers);
	for (int i = 1; i < answer_count; i++)
		distinct += strcmp(answers[i - 1], answers[i]) != 0;
	for (int i = 0; i < answer_count; i++)
		free(answers[i]);
	return distinct;
}

static void
measure(const char *kind, double ms, const char *timeout)
{
	const char *setting = coalescing_set(&load, timeout);
	char		prefix[100];
	double		alone;
	double		together;
	int			executions;

	alone = ask_at_once(1, kind, ms);
	distinct_answers();
	free(session_ask(control.sessions, "SELECT fraiseql.stats_reset()"));
	executions = task_executions(control.sessions);
	together = ask_at_once(load.count, kind, ms);
	executions = task_executions(control.sessions) - executions - 1;

	snprintf(prefix, sizeof(prefix), "herd.%s.%g.%s", kind, ms, setting);
	printf("%s.executions\t%d\n", prefix, executions);
	printf("%s.answers\t%d\n", prefix, distinct_answers());
	printf("%s.alone\t%.3f\n", prefix, alone);
	printf("%s.together\t%.3f\n", prefix, together);
	printf("%s.ratio\t%.4f\n", prefix, together / alone);
	coalescing_figures(control.sessions, prefix, "timeouts,takeovers,handed_over");
	fflush(stdout);
}

/* Each client asks for a key of its own that takes no time: it has read the schema, and has a plan. */
static void
warm_up(void)
{
	for (int i = 0; i < load.count; i++)
		session_call(&load.sessions[i], "ask", 1 + i, take_answer);
	load_finish(&load);
	distinct_answers();
}

int
main(int argc, char **argv)
{
	int			clients;
	int			rounds;
	double		ms;
	char	  **timeouts = argv + 5;
	int			timeout_count = argc - 5;

	if (timeout_count < 1)
		die("usage: herd <clients> <rounds> waits|works <ms> <timeout>...");
	clients = atoi(argv[1]);
	rounds = atoi(argv[2]);
	ms = atof(argv[4]);
	if (clients < 1 || clients >= FIRST_KEY || rounds < 1)
		die("one client at least and %d at most, and one round", FIRST_KEY - 1);
	answers = calloc(clients, sizeof(char *));
	load_open(&control, 1);
	load_open(&load, clients);
	load_prepare(&load, "ask", TASK_ASK);
	next_key += (int) session_number(control.sessions, "SELECT count(*) FROM tb_task WHERE wait_ms > 0 OR loops > 0");
	warm_up();
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < timeout_count; i++)
			measure(argv[3], ms, timeouts[round % 2 == 0 ? i : timeout_count - 1 - i]);
	load_close(&load);
	load_close(&control);
	free(answers);
	return 0;
}
