/*
 * measure.h
 *    Calls made at their times, and how long they took.
 */
#ifndef LOAD_MEASURE_H
#define LOAD_MEASURE_H

#include "judge.h"
#include "load.h"
#include "saas.h"

/* What became of some calls. */
typedef struct Run
{
	double		took;			/* seconds until the last of them was answered, or given up */
	long		answered;
	long		left;			/* never begun: the server was too far behind */
	long		backlog;		/* the most calls that were due and waited for a session */
	long		backlog_end;	/* of them, when the last call was due */
	long		errors;
	long		writes;			/* committed */
	long		first_asked;	/* misses of what nobody has asked for before */
	double		client;			/* seconds of a processor */
	double		server;
	double		busy;			/* the machine, in per cent, with all that runs there */
	double		stolen;
	Times		all;			/* latencies, in milliseconds from when a call was to begin */
	Times		source[SOURCES];
	Times		kind[KINDS];
	Times		served_hits;	/* hits from when they were sent, without waiting for a session */
	long		hits[KINDS];
} Run;

/* How calls are made. */
typedef enum Pace
{
	OPEN,						/* at their times */
	CLOSED						/* as fast as they are answered */
} Pace;

typedef struct Measurement
{
	Pace		pace;
	double		seconds;		/* of OPEN, how long the calls were drawn for; of CLOSED, when to stop */
	double		rate;			/* for the progress line */
	double		progress;		/* seconds between such lines; 0: none */
	bool		samples;		/* a line of figures each second */
	bool		nothing;		/* each call is replaced by one that only makes its way to the server and back */
	const char *what;
} Measurement;

extern void measure_open(int sessions);
extern void measure_close(void);
extern Load *measure_load(void);
extern Session *measure_control(void);
extern void measure_run(Run *run, const Calls *calls, const Measurement *measurement);

extern double run_hit_rate(const Run *run);
extern double run_reads(const Run *run);
extern void run_free(Run *run);

#endif							/* LOAD_MEASURE_H */
