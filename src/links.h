/*
 * links.h
 *    The reverse map: from a tag to the kept answers that carry it.
 *
 * For cache.c, store.c, reclaim.c and census.c alone.  Layout, locking and cost: links.c.
 */
#ifndef FQL_LINKS_H
#define FQL_LINKS_H

#include "postgres.h"

#include "dependencies.h"
#include "store.h"

#define FQL_NO_LINK PG_UINT32_MAX

/* The link of one tag of one entry: in a chain with all links whose tags have the same head. */
typedef struct FqlSharedLink
{
	FqlTag		tag;
	uint32		next;
	uint32		prev;			/* FQL_NO_LINK: the head leads here */
} FqlSharedLink;

/* The links of one entry, one after the other. */
typedef struct FqlLinkCursor
{
	uint32		block;
	uint32		slot;			/* within the block */
	uint32		remaining;
} FqlLinkCursor;

/* The bytes that links take behind content of that length. */
extern Size fql_links_length(Size content, uint32 count);

/*
 * Write the links of an entry that only the caller knows, for the tags of the groups, and then for the entities; the
 * cursor stands behind its content.  Its header is completed.
 */
extern void fql_links_write(uint32 index, FqlCursor *cursor, const FqlTagGroup *groups, int group_count,
							const FqlTag *entities, uint32 entity_count);

/* For store.c, under the store's lock: an entry is published, or is removed. */
extern void fql_links_insert(uint32 index);
extern void fql_links_remove(uint32 index);

/* The links of an entry in the order in which they were written; NULL: no more, or its chain of blocks is broken. */
extern FqlLinkCursor fql_links_of(const FqlSharedEntry *header);
extern FqlSharedLink *fql_links_step(FqlLinkCursor *cursor, uint32 *link);

/*
 * Walking a chain, under the store's lock, shared at least: the first link of the chain of a word's tags, and a link
 * with its entry.  Without the lock: was there no link in it a moment ago?
 */
extern bool fql_links_chain_is_empty(uint32 word);
extern uint32 fql_links_first(uint32 word);
extern const FqlSharedLink *fql_links_at(uint32 link, uint32 *entry);

/* The head of a tag's chain; links have numbers below the total. */
extern uint32 fql_links_head_of(FqlTag tag);
extern uint32 fql_links_total(void);

/* Set-up, by store.c: the distance of two links in a store of so many blocks. */
extern uint32 fql_links_size(uint32 block_total);
extern void fql_links_init(void);

#endif							/* FQL_LINKS_H */
