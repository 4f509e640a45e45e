/*
 * load.h
 *    Many sessions of one process, which ask at times that it chooses, and what they were answered.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

/* A connection, and the call that it is busy with.  Times are milliseconds of one clock. */
typedef struct Session Session;

/* What is done with an answer; the session is free again, and may be given its next call. */
typedef void (*Answered) (Session *session, const char *answer);

/* The same where the server, or GraphQL, answers with an error. */
typedef void (*Failed) (Session *session, const char *message);

struct Session
{
	PGconn	   *conn;
	bool		busy;
	double		intended;		/* when the call should have begun */
	double		sent;			/* when it did */
	double		done;			/* when its transaction had ended, and we knew */
	Answered	answered;
	PGresult   *result;
	char	   *error;			/* what was answered instead, if that does not end the program */
	int			kind;			/* these are the load's own */
	int			key;
	int			floor;
};

typedef struct Load
{
	int			epoll;
	int			count;
	Session    *sessions;
} Load;

/* Times that were measured. */
typedef struct Times
{
	double	   *list;
	size_t		count;
	size_t		room;
	bool		sorted;
} Times;

extern void die(const char *format,...) __attribute__((format(printf, 1, 2), noreturn));
extern double now_ms(void);

extern void load_open(Load *load, int count);
extern void load_close(Load *load);
extern void load_prepare(Load *load, const char *name, const char *sql);
extern void load_run(Load *load, const char *sql);
extern void load_turn(Load *load, double until);
extern void load_finish(Load *load);
extern void load_tolerate(Failed failed);

extern void session_call(Session *session, const char *name, int parameter, Answered answered);
extern void session_send(Session *session, const char *name, int count, const char *const *values, Answered answered);
extern char *session_ask(Session *session, const char *format,...) __attribute__((format(printf, 2, 3)));
extern double session_number(Session *session, const char *sql);

extern void times_add(Times *times, double time);
extern double times_share_below(Times *times, double share);
extern void times_free(Times *times);

extern void random_seed(uint64_t seed);
extern double random_share(void);

#endif							/* BENCH_LOAD_H */
