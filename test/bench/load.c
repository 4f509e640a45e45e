/*
 * load.c
 *    Many sessions of one process, which ask at times that it chooses, and what they were answered.
 *
 * One thread waits for all of them, because the load shares the machine with the server that it measures, and because
 * what one session has been told must be known when another one asks: that is the order in which staleness is judged.
 * A call is over when the server is ready for the next one, rather than when its result is here: in between its
 * transaction commits.
 *
 * Nothing that goes wrong is counted as an answer.  An error of the server, and one that GraphQL answers with, ends the
 * program, unless it wants to be told of them.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

static uint64_t random_state = 1;
static Failed failed_call;

void
die(const char *format,...)
{
	va_list		args;

	fputs("error: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* ---- Sessions ---- */

static void
session_open(Load *load, Session *session)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};

	session->conn = PQconnectdb("");
	if (PQstatus(session->conn) != CONNECTION_OK)
		die("%s", PQerrorMessage(session->conn));
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, PQsocket(session->conn), &event) != 0)
		die("epoll_ctl: %s", strerror(errno));
}

/* Connect them all.  Where, is in the environment. */
void
load_open(Load *load, int count)
{
	load->count = count;
	load->sessions = calloc(count, sizeof(Session));
	load->epoll = epoll_create1(0);
	if (load->sessions == NULL || load->epoll < 0)
		die("no memory for %d sessions", count);
	for (int i = 0; i < count; i++)
		session_open(load, &load->sessions[i]);
}

void
load_close(Load *load)
{
	for (int i = 0; i < load->count; i++)
		PQfinish(load->sessions[i].conn);
	free(load->sessions);
}

static void
check(Session *session, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		die("%s", PQerrorMessage(session->conn));
}

/* A statement that all of them can call, with one number. */
void
load_prepare(Load *load, const char *name, const char *sql)
{
	for (int i = 0; i < load->count; i++)
	{
		PGresult   *result = PQprepare(load->sessions[i].conn, name, sql, 0, NULL);

		check(&load->sessions[i], result);
		PQclear(result);
	}
}

/* A command in all of them, one after the other. */
void
load_run(Load *load, const char *sql)
{
	for (int i = 0; i < load->count; i++)
		free(session_ask(&load->sessions[i], "%s", sql));
}

/* Ask and wait: for what is not measured.  The first value, or an empty text where there is none. */
char *
session_ask(Session *session, const char *format,...)
{
	char		sql[2048];
	char	   *value;
	va_list		args;
	PGresult   *result;

	va_start(args, format);
	if (vsnprintf(sql, sizeof(sql), format, args) >= (int) sizeof(sql))
		die("a command is too long");
	va_end(args);
	result = PQexec(session->conn, sql);
	check(session, result);
	value = strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return value;
}

double
session_number(Session *session, const char *sql)
{
	char	   *value = session_ask(session, "%s", sql);
	double		number = atof(value);

	free(value);
	return number;
}

/* Call a prepared statement with one number. */
void
session_call(Session *session, const char *name, int parameter, Answered answered)
{
	char		text[16];
	const char *values[] = {text};

	snprintf(text, sizeof(text), "%d", parameter);
	session_send(session, name, 1, values, answered);
}

/* Call a prepared statement.  The time at which it was intended is now, unless the caller says otherwise afterwards. */
void
session_send(Session *session, const char *name, int count, const char *const *values, Answered answered)
{
	if (session->busy)
		die("a session is to do two things at once");
	session->busy = true;
	session->answered = answered;
	session->intended = session->sent = now_ms();
	if (!PQsendQueryPrepared(session->conn, name, count, values, NULL, NULL, 0))
		die("%s", PQerrorMessage(session->conn));
}

/* Call a prepared statement.  It was intended for now, unless the caller says otherwise afterwards. */
void
load_tolerate(Failed failed)
{
	failed_call = failed;
}

/* What is wrong with a result, or NULL. */
static const char *
error_of(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		return PQresultErrorMessage(result);
	if (PQntuples(result) > 0 && strstr(PQgetvalue(result, 0, 0), "\"errors\"") != NULL)
		return PQgetvalue(result, 0, 0);
	return NULL;
}

/* The server is ready for the session's next call. */
static void
session_end_call(Session *session)
{
	PGresult   *result = session->result;
	char	   *error = session->error;

	session->result = NULL;
	session->error = NULL;
	session->busy = false;
	session->done = now_ms();
	if (error != NULL)
		failed_call(session, error);
	else
		session->answered(session, PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	free(error);
	PQclear(result);
}

/* Something has come for a session: if it is the end of its call, the call's load is told. */
static void
session_receive(Session *session)
{
	PGresult   *result;
	const char *error;

	if (!PQconsumeInput(session->conn))
		die("%s", PQerrorMessage(session->conn));
	if (!session->busy)
		return;
	while (!PQisBusy(session->conn))
	{
		result = PQgetResult(session->conn);
		if (result == NULL)
		{
			session_end_call(session);
			return;
		}
		error = error_of(result);
		if (error != NULL && (failed_call == NULL || PQstatus(session->conn) != CONNECTION_OK))
			die("%s", error);
		if (error != NULL && session->error == NULL)
			session->error = strdup(error);
		PQclear(session->result);
		session->result = result;
	}
}

/* Take what has come, or wait for it until then. */
void
load_turn(Load *load, double until)
{
	struct epoll_event events[64];
	double		left = fmax(until - now_ms(), 0);
	struct timespec timeout = {.tv_sec = (time_t) (left / 1e3), .tv_nsec = (long) (fmod(left, 1e3) * 1e6)};
	int			count = epoll_pwait2(load->epoll, events, 64, &timeout, NULL);

	if (count < 0 && errno != EINTR)
		die("epoll_pwait2: %s", strerror(errno));
	for (int i = 0; i < count; i++)
		session_receive(events[i].data.ptr);
}

/* Until nobody is busy any more.  Ten minutes are longer than anything that is measured here. */
void
load_finish(Load *load)
{
	double		limit = now_ms() + 600e3;

	for (int i = 0; i < load->count; i++)
		while (load->sessions[i].busy)
		{
			if (now_ms() > limit)
				die("a call has not been answered for ten minutes");
			load_turn(load, limit);
		}
}

/* ---- Times ---- */

void
times_add(Times *times, double time)
{
	if (times->count == times->room)
	{
		times->room = times->room == 0 ? 1024 : times->room * 2;
		times->list = realloc(times->list, times->room * sizeof(double));
		if (times->list == NULL)
			die("no memory for %zu times", times->room);
	}
	times->list[times->count++] = time;
	times->sorted = false;
}

static int
compare_times(const void *a, const void *b)
{
	double		left = *(const double *) a;
	double		right = *(const double *) b;

	return (left > right) - (left < right);
}

/* The time that this share of them does not exceed; NaN of none. */
double
times_share_below(Times *times, double share)
{
	size_t		place = (size_t) ceil(share * times->count);

	if (times->count == 0)
		return NAN;
	if (!times->sorted)
		qsort(times->list, times->count, sizeof(double), compare_times);
	times->sorted = true;
	return times->list[place == 0 ? 0 : place - 1];
}

void
times_free(Times *times)
{
	free(times->list);
	memset(times, 0, sizeof(*times));
}

/* ---- Random numbers: the same each time ---- */

/* By splitmix64. */
static uint64_t
random_next(void)
{
	uint64_t	x = random_state += 0x9E3779B97F4A7C15;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
	return x ^ (x >> 31);
}

/* States that follow each other would give the same numbers, one place later: seeds become states far apart. */
void
random_seed(uint64_t seed)
{
	random_state = seed;
	random_state = random_next();
}

/* From 0 to 1. */
double
random_share(void)
{
	return (random_next() >> 11) * 0x1p-53;
}
