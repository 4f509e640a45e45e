/*
 * measure.c
 *    Calls made at their times, and how long they took.
 *
 * A latency is from the time at which a call was to begin, so that a call that finds no session free, because the
 * server is behind, is charged with its wait.  Calls that were never begun count as if they had been answered when
 * they were given up.
 */
#include "measure.h"

#include "processor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIVE_UP_SECONDS 30		/* at least, after the time for which the calls were drawn; or once more that time */
#define TOLD_ERRORS 10

/* What has been counted since a moment. */
typedef struct Interval
{
	double		since;
	Times		times;
	long		reads;
	long		hits;
} Interval;

static Load load;
static Load control;
static Session **idle;
static int	idle_count;

/* The run under way. */
static Run *current;
static const Measurement *how;
static Interval second, line;

/* ---- Sessions ---- */

static void
prepare(void)
{
	load_prepare(&load, "execute", "SELECT fraiseql.execute($1, $2)");
	load_prepare(&load, "nothing", "SELECT repeat('x', 1000) WHERE $1::text IS NOT NULL AND $2::jsonb IS NOT NULL");
	for (Kind kind = FIRST_PLAIN; kind < KINDS; kind++)
		load_prepare(&load, operations[kind].name, operations[kind].text);
}

void
measure_open(int sessions)
{
	load_open(&control, 1);
	load_open(&load, sessions);
	prepare();
	idle = calloc(sessions, sizeof(Session *));
	if (idle == NULL)
		die("no memory for %d sessions", sessions);
	while (idle_count < sessions)
	{
		idle[idle_count] = &load.sessions[idle_count];
		idle_count++;
	}
}

void
measure_close(void)
{
	load_close(&load);
	load_close(&control);
	free(idle);
}

Load *
measure_load(void)
{
	return &load;
}

/* A session for questions about the server, which is never measured. */
Session *
measure_control(void)
{
	return control.sessions;
}

/* ---- Answers ---- */

static void
count_interval(Interval *interval, double latency, Source source)
{
	times_add(&interval->times, latency);
	interval->reads += source <= SHARED;
	interval->hits += source == HIT;
}

static void
take_answer(Session *session, const char *answer)
{
	double		latency = session->done - session->intended;
	Source		source = judge_answer(session, answer);

	idle[idle_count++] = session;
	current->answered++;
	current->writes += source > SHARED;
	current->hits[session->kind] += source == HIT;
	times_add(&current->all, latency);
	times_add(&current->source[source], latency);
	times_add(&current->kind[session->kind], latency);
	if (source == HIT)
		times_add(&current->served_hits, session->done - session->sent);
	count_interval(&second, latency, source);
	count_interval(&line, latency, source);
}

/* The answer to a call that was replaced by one that does nothing. */
static void
take_nothing(Session *session, const char *answer)
{
	(void) answer;
	idle[idle_count++] = session;
	current->answered++;
	times_add(&current->all, session->done - session->intended);
	count_interval(&line, session->done - session->intended, PLAIN);
}

static void
take_error(Session *session, const char *message)
{
	idle[idle_count++] = session;
	if (current->errors++ < TOLD_ERRORS)
		fprintf(stderr, "\nerror: %s(%d): %.400s\n", operations[session->kind].name, session->key, message);
}

/* ---- Calls ---- */

static void
begin_call(const Call *call, double intended)
{
	const Operation *operation = &operations[call->kind];
	Session    *session = idle[--idle_count];
	char		variables[64];
	const char *values[] = {operation->text, variables};

	/* formats are our own; those with one number take no notice of the other */
	snprintf(variables, sizeof(variables), operation->variables, call->key, call->other);
	session->kind = call->kind;
	session->key = call->key;
	if (how->nothing)
	{
		values[1] = "{}";
		session_send(session, "nothing", 2, values, take_nothing);
	}
	else
	{
		judge_expect(call);
		if (call->kind >= FIRST_PLAIN)
			session_send(session, operation->name, 1, &values[1], take_answer);
		else
			session_send(session, "execute", 2, values, take_answer);
	}
	if (how->pace == OPEN)
		session->intended = intended;
}

/* ---- Progress ---- */

static double
share(long part, long whole)
{
	return whole > 0 ? (double) part / whole : NAN;
}

static void
end_interval(Interval *interval, double now)
{
	times_free(&interval->times);
	*interval = (Interval) {.since = now};
}

static double
interval_rate(const Interval *interval, double now)
{
	return interval->times.count * 1e3 / fmax(now - interval->since, 1);
}

static void
print_sample(double now, double start, long backlog)
{
	if (how->samples)
		printf("sample\t%.1f\t%.0f\t%.3f\t%.3f\t%.3f\t%.4f\t%ld\t%ld\n", (second.since - start) / 1e3,
			   interval_rate(&second, now), times_share_below(&second.times, 0.5),
			   times_share_below(&second.times, 0.95), times_share_below(&second.times, 0.99),
			   share(second.hits, second.reads), backlog, current->errors);
	end_interval(&second, now);
}

static void
print_progress(double now, double start, long backlog)
{
	char		asked[40] = "as fast as it can";

	if (how->pace == OPEN)
		snprintf(asked, sizeof(asked), "%.0f/s asked", how->rate);
	fprintf(stderr, "%-12s %5.0f s  %s, %.0f/s answered  p50 %.2f  p95 %.2f  p99 %.2f ms  hits %.1f %%  backlog %ld  "
			"errors %ld  wrong %ld\n", how->what, (now - start) / 1e3, asked, interval_rate(&line, now),
			times_share_below(&line.times, 0.5), times_share_below(&line.times, 0.95),
			times_share_below(&line.times, 0.99), 100 * share(line.hits, line.reads), backlog, current->errors,
			wrong_answers);
	end_interval(&line, now);
}

/* Tell how it is going, when it is time. */
static void
tell(double start, long backlog, bool at_end)
{
	double		now = now_ms();

	current->backlog = backlog > current->backlog ? backlog : current->backlog;
	if (now - second.since >= 1e3 || (at_end && now - second.since >= 500))
		print_sample(now, start, backlog);
	if (how->progress > 0 && now - line.since >= (at_end ? 500 : how->progress * 1e3))
		print_progress(now, start, backlog);
}

/* ---- Running ---- */

/* How many of the calls, from the next one on, are due.  The place up to which they are is remembered in due. */
static long
count_due(const Calls *calls, int next, int *due, double since_start)
{
	if (how->pace == CLOSED)
		return 0;
	while (*due < calls->count && calls->list[*due].at <= since_start)
		(*due)++;
	return *due > next ? *due - next : 0;
}

/* All calls, until they are answered or given up; how many were begun. */
static int
make_calls(const Calls *calls, double start)
{
	double		last = start + how->seconds * 1e3;
	double		limit = how->pace == OPEN ? last + fmax(how->seconds, GIVE_UP_SECONDS) * 1e3 : last;
	int			next = 0;
	int			due = 0;
	double		now;

	while ((now = now_ms()) < limit && (next < calls->count || idle_count < load.count))
	{
		double		wake = fmin(second.since + 1e3, limit);

		while (next < calls->count && idle_count > 0 && (how->pace == CLOSED || start + calls->list[next].at <= now))
		{
			begin_call(&calls->list[next], start + calls->list[next].at);
			next++;
		}
		if (next < calls->count && idle_count > 0)
			wake = fmin(wake, start + calls->list[next].at);
		load_turn(&load, wake);
		tell(start, count_due(calls, next, &due, now - start), false);
		if (now < last)
			current->backlog_end = count_due(calls, next, &due, now - start);
	}
	load_finish(&load);
	return next;
}

/* Make the calls, and count. */
void
measure_run(Run *run, const Calls *calls, const Measurement *measurement)
{
	Processors	before = processors_read();
	Processors	after;
	double		start;
	int			begun;

	memset(run, 0, sizeof(*run));
	current = run;
	how = measurement;
	load_tolerate(take_error);
	run->first_asked = -first_asked;
	run->client = -processor_self();
	run->server = -processor_server(PQbackendPID(control.sessions[0].conn));
	start = now_ms();
	end_interval(&second, start);
	end_interval(&line, start);
	begun = make_calls(calls, start);
	run->took = (now_ms() - start) / 1e3;
	run->left = how->pace == OPEN ? calls->count - begun : 0;
	for (int i = begun; i < begun + run->left; i++)
		times_add(&run->all, now_ms() - start - calls->list[i].at);
	tell(start, run->left, true);
	run->first_asked += first_asked;
	run->client += processor_self();
	run->server += processor_server(PQbackendPID(control.sessions[0].conn));
	after = processors_read();
	run->busy = 100 * (after.busy - before.busy) / fmax(after.all - before.all, 1);
	run->stolen = 100 * (after.stolen - before.stolen) / fmax(after.all - before.all, 1);
}

/* ---- What came of it ---- */

double
run_reads(const Run *run)
{
	return run->source[HIT].count + run->source[MISS].count + run->source[SHARED].count;
}

double
run_hit_rate(const Run *run)
{
	return run_reads(run) > 0 ? run->source[HIT].count / run_reads(run) : NAN;
}

void
run_free(Run *run)
{
	times_free(&run->all);
	times_free(&run->served_hits);
	for (Source source = 0; source < SOURCES; source++)
		times_free(&run->source[source]);
	for (Kind kind = 0; kind < KINDS; kind++)
		times_free(&run->kind[kind]);
}
