/*
 * protect.h
 *    Run code in an internal subtransaction, so that its errors leave the caller's transaction usable.
 */
#ifndef FQL_PROTECT_H
#define FQL_PROTECT_H

#include "postgres.h"

/* True: what it has done stays.  False: it is undone, without an error. */
typedef bool (*FqlProtected) (void *context);

/*
 * NULL, or the error that ended it, copied into CurrentMemoryContext, after which it is undone.  *done is what it
 * returned, false after an error.
 */
extern ErrorData *fql_protect(FqlProtected run, void *context, bool *done);

#endif							/* FQL_PROTECT_H */
