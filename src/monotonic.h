/*
 * monotonic.h
 *    A clock that nobody sets, for deadlines and how long something takes.
 */
#ifndef FQL_MONOTONIC_H
#define FQL_MONOTONIC_H

#include "postgres.h"

#include "portability/instr_time.h"

/* Milliseconds from some moment on. */
static inline double
fql_monotonic_ms(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MILLISEC(now);
}

#endif							/* FQL_MONOTONIC_H */
