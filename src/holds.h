/*
 * holds.h
 *    Is a kept answer still right?
 */
#ifndef FQL_HOLDS_H
#define FQL_HOLDS_H

#include "postgres.h"

#include "dependencies.h"
#include "store.h"

typedef enum FqlEntryState
{
	FQL_ENTRY_LIVE,
	FQL_ENTRY_INVALID,
	FQL_ENTRY_EXPIRED
} FqlEntryState;

/* The state of an entry whose header was read, or is read under the store's lock. */
extern FqlEntryState fql_entry_state(uint32 index, const FqlSharedEntry *header, TimestampTz now);

/* Does everything hold that the entry depends on?  The cursor stands at its tags, and moves past them if so. */
extern bool fql_entry_holds(uint32 index, const FqlSharedEntry *header, FqlCursor *cursor);

/* Has nothing at all changed that any of its tags names, since the clock stood there? */
extern bool fql_entry_is_untouched(const FqlSharedEntry *header, uint64 clock);

/* Has the current transaction changed nothing that shows in it? */
extern bool fql_entry_is_not_ours(const FqlSharedEntry *header);

/* The clock as of which the entry is known to hold. */
extern uint64 fql_entry_holds_since(uint32 index);

/*
 * Hand each tag of the entry to a function.  False: its tags are not as the header says.
 */
typedef void (*FqlTagVisitor) (FqlTag tag, void *context);
extern bool fql_entry_visit_tags(const FqlSharedEntry *header, FqlTagVisitor visit, void *context);

/*
 * The same before it is kept: a tag of which something has changed since then (NULL: it holds), how many bytes will its
 * tags take, and write them.
 */
extern const FqlTag *fql_groups_changed(const FqlTagGroup *groups, int count, uint64 clock);
extern Size fql_groups_length(const FqlTagGroup *groups, int count, uint32 *tag_count);
extern void fql_groups_write(FqlCursor *cursor, const FqlTagGroup *groups, int count);

#endif							/* FQL_HOLDS_H */
