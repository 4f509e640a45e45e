/*
 * share.h
 *    One execution for all who miss the same answer at once: what they have from each other's (coalesce.c says who
 *    executes).  For calls that are not within another call.
 */
#ifndef FQL_SHARE_H
#define FQL_SHARE_H

#include "postgres.h"

#include "execute_internal.h"

/*
 * Nobody has the answer.  Wait for who executes the same.  NULL: execute, for others too if they come; or *outdated:
 * the definitions have changed meanwhile, so the request is to be made anew.
 */
extern text *fql_share_wait(const FqlRequest *request, FqlProbe *probe, bool *outdated);

/* After a fill, kept or not: let those who wait have what they may. */
extern void fql_share_answer(FqlFill *fill);

#endif							/* FQL_SHARE_H */
