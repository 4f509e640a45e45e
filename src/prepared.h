/*
 * prepared.h
 *    Prepared transactions: their fences, held until they have ended, and those that are older than the server's start.
 */
#ifndef FQL_PREPARED_H
#define FQL_PREPARED_H

#include "postgres.h"

#include "owners.h"
#include "tags.h"

/* Words that the table has room for, a transaction; with more it raises the fence on everything. */
#define FQL_PREPARED_WORDS 1000

/* Bytes that it has room for, of the record of a transaction's cascade (trail.h): these words, and as many for rows. */
#define FQL_PREPARED_RECORD 8192

/*
 * The transaction of this backend that is about to be prepared: raise the fence on these words and note them.  May be
 * called several times.  May fail, and then has raised nothing.
 */
extern void fql_prepared_hold(const uint32 *words, uint32 count);

/*
 * It is prepared: the fence is the table's from here on, and so is the record of its cascade.  It is not: lower the
 * fence.  Neither can fail.
 */
extern void fql_prepared_keep(void);
extern void fql_prepared_drop(void);

/*
 * Tick for every prepared transaction that has ended, lower its fence, and if it has committed, send the record of its
 * cascade.  Costs next to nothing while there is none.  Within a transaction only; may take locks for a moment, never
 * waits.
 */
extern void fql_prepared_retire(void);

/* Are there any that it would look at? */
extern bool fql_prepared_any(void);

/*
 * Is the tag among what a transaction has touched that is still prepared?  Only to tell the reason why an answer is not
 * kept: others prepare and end transactions meanwhile.  Looks at every word of the table.
 */
extern bool fql_prepared_touches(FqlTag tag);

/*
 * Has every transaction from before the server's start ended, with all that follows?  What is read after this has said
 * so, definitions too, shows what they did.
 */
extern bool fql_prepared_start_is_over(void);

/* The fences of the table, for the validator: each slot as if it were a process.  "slots" has that many elements. */
extern int	fql_prepared_slot_count(void);
extern void fql_prepared_read(FqlFenceOwner *slots);

extern Size fql_prepared_shmem_size(void);
extern void fql_prepared_shmem_init(bool found, void *memory);

#endif							/* FQL_PREPARED_H */
