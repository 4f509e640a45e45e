/*
 * judge.h
 *    What an answer shows: how old it is, and whether it was executed for who asked.
 */
#ifndef LOAD_JUDGE_H
#define LOAD_JUDGE_H

#include "load.h"
#include "saas.h"

/* Where an answer comes from. */
typedef enum Source
{
	HIT,						/* an execution that had been answered before the call began */
	MISS,						/* one of its own */
	SHARED,						/* one that it has from another session, and waited for or just not */
	MUTATION,
	PLAIN,						/* a write in plain SQL */
	SOURCES
} Source;

extern const char *const source_names[SOURCES];
extern long judged_rows;
extern long wrong_answers;
extern long first_asked;		/* misses of what nobody has asked for before */

extern void judge_expect(const Call *call);
extern Source judge_answer(const Session *session, const char *answer);

#endif							/* LOAD_JUDGE_H */
