/*
 * owners.h
 *    Who holds a fence, and on how many words: so that a fence that nobody will lower can be told.
 */
#ifndef FQL_OWNERS_H
#define FQL_OWNERS_H

#include "postgres.h"

/* Around raising and lowering words, for words.c; around handing them over, for prepared.c. */
extern void fql_owner_raises(uint32 words);
extern void fql_owner_has_raised(void);
extern void fql_owner_lowers(void);
extern void fql_owner_has_lowered(uint32 words);

/* One process, or one prepared transaction, as the validator sees it. */
typedef struct FqlFenceOwner
{
	uint32		changes;		/* odd: raising or lowering just now */
	uint32		words;			/* that it has fenced */
	int			pid;			/* of the process, while there are any */
} FqlFenceOwner;

/* All of them, as of some instants between call and return.  "owners" has fql_owner_count() elements. */
extern int	fql_owner_count(void);
extern void fql_owners_read(FqlFenceOwner *owners);

extern Size fql_owners_shmem_size(void);
extern void fql_owners_shmem_init(bool found, void *memory);

#endif							/* FQL_OWNERS_H */
