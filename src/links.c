/*
 * links.c
 *    The reverse map: from a tag to the kept answers that carry it.
 *
 * A hit asks each tag of one entry whether it has changed; this map leads the other way, from a tag to the entries that
 * carry it, for who gives memory back after a write (reclaim.c) and for who invalidates by hand (invalidate.c).  No hit
 * looks at it, and freshness depends on it in one place only: an invalidation by hand must find every entry.
 *
 * Each published entry has one link for each of its tags, and one for each of its entity tags (entity_tags.c), which
 * stand nowhere else.  Links lie in the entry's own blocks, behind the response, rather than in a pool beside the
 * blocks: then there is one kind of room to be made and to account for, the map is complete by construction (an entry
 * that could be stored has all of its links), and no memory is set aside for answers with more tags than usual.  Which
 * entry a link belongs to follows from its block (block_owner, store.c), so a link takes 16 bytes.
 *
 * A link's number is its place: its block times the links that a block holds, plus its place in the block.  Numbers
 * have 32 bits; in a cache of 64 GB or more links stand further apart, so that they suffice (fql_links_size()).
 *
 * Chains are doubly linked, so that an entry is taken out at a cost of its own links.  A chain holds the tags whose
 * ANY words (words.c) hash to its head, so that who knows only the words that moved finds it too; other words may share
 * the chain, and each visitor looks at the tag.  New links come first.
 *
 * Locking.  next, prev and the heads are read under the store's lock, shared at least, and changed under it,
 * exclusively: in fql_store_publish() and fql_store_remove(), so links are in their chains exactly as long as their
 * entry is published, and whoever knows that an entry still has the version at which he saw one of its links knows that
 * the link still is where it was.  Readers without the lock never touch links; blocks that are given back are in no
 * chain any more, so nothing writes into them but who takes them next.
 *
 * Cost.  A link is put in or taken out with two accesses to memory that is anywhere; the memory is asked for ahead, in
 * groups.  README.md has the measured hold times.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "compat.h"
#include "links.h"
#include "store_internal.h"
#include "words.h"

/* Links put in, or taken out, after their memory has been asked for together. */
#define GROUP 16

static FqlStoreParts parts;

StaticAssertDecl(FQL_BLOCK_SIZE % sizeof(FqlSharedLink) == 0, "a link must not lie in two blocks");

/*
 * Where links are
 */

/* Twice the distance wherever the numbers would not suffice. */
uint32
fql_links_size(uint32 block_total)
{
	uint32		size = sizeof(FqlSharedLink);

	while ((uint64) block_total * (FQL_BLOCK_SIZE / size) > FQL_NO_LINK)
		size *= 2;
	Assert(size <= FQL_BLOCK_SIZE);
	return size;
}

void
fql_links_init(void)
{
	fql_store_parts(&parts);
}

static uint32
links_a_block(void)
{
	return FQL_BLOCK_SIZE / parts.store->link_size;
}

uint32
fql_links_total(void)
{
	return parts.store->block_total * links_a_block();
}

static FqlSharedLink *
link_at(uint32 link)
{
	return (FqlSharedLink *) (parts.blocks + (Size) link * parts.store->link_size);
}

Size
fql_links_length(Size content, uint32 count)
{
	return TYPEALIGN(parts.store->link_size, content) - content + mul_size(count, parts.store->link_size);
}

FqlLinkCursor
fql_links_of(const FqlSharedEntry *header)
{
	Size		content = (Size) header->tags_length + header->key_length + header->response_length;
	Size		offset = TYPEALIGN(parts.store->link_size, content) % FQL_BLOCK_SIZE;

	return (FqlLinkCursor){header->links_block, (uint32) (offset / parts.store->link_size), header->link_count};
}

FqlSharedLink *
fql_links_step(FqlLinkCursor *cursor, uint32 *link)
{
	if (cursor->remaining == 0 || cursor->block >= parts.store->block_total)
		return NULL;
	*link = cursor->block * links_a_block() + cursor->slot;
	cursor->remaining--;
	if (++cursor->slot == links_a_block())
	{
		cursor->block = parts.block_next[cursor->block];
		cursor->slot = 0;
	}
	return link_at(*link);
}

/*
 * Writing
 */

static void
write_tags(FqlLinkCursor *cursor, const FqlTag *tags, uint32 count)
{
	for (uint32 i = 0; i < count; i++)
	{
		uint32		number;
		FqlSharedLink *link = fql_links_step(cursor, &number);

		Assert(link != NULL);
		*link = (FqlSharedLink){tags[i], FQL_NO_LINK, FQL_NO_LINK};
		fql_compat_prefetch(&parts.heads[fql_links_head_of(tags[i])]);	/* for who publishes, soon */
	}
}

void
fql_links_write(uint32 index, FqlCursor *cursor, const FqlTagGroup *groups, int group_count, const FqlTag *entities,
				uint32 entity_count)
{
	FqlSharedEntry *entry = fql_store_entry(index);
	FqlLinkCursor links;

	entry->link_count = entry->tag_count + entity_count;
	entry->links_block = FQL_NOWHERE;
	if (entry->link_count == 0)
		return;
	/* content that fills its last block to the end: the links begin in the next */
	if (TYPEALIGN(parts.store->link_size, cursor->offset) == FQL_BLOCK_SIZE)
		entry->links_block = parts.block_next[cursor->block];
	else
		entry->links_block = cursor->block;
	links = fql_links_of(entry);
	for (int i = 0; i < group_count; i++)
		write_tags(&links, groups[i].tags, groups[i].count);
	write_tags(&links, entities, entity_count);
}

/*
 * The chains
 */

static uint32
head_of_word(uint32 word)
{
	return murmurhash32(word) & (parts.store->head_total - 1);
}

uint32
fql_links_head_of(FqlTag tag)
{
	return head_of_word(fql_word_of(tag, FQL_PART_ANY));
}

uint32
fql_links_first(uint32 word)
{
	Assert(LWLockHeldByMe(parts.lock));
	return parts.heads[head_of_word(word)];
}

bool
fql_links_chain_is_empty(uint32 word)
{
	return *((volatile uint32 *) &parts.heads[head_of_word(word)]) == FQL_NO_LINK;
}

const FqlSharedLink *
fql_links_at(uint32 link, uint32 *entry)
{
	Assert(LWLockHeldByMe(parts.lock));
	*entry = parts.block_owner[link / links_a_block()];
	return link_at(link);
}

/* Up to GROUP links of one entry, with their heads. */
typedef struct LinkGroup
{
	int			count;
	uint32		numbers[GROUP];
	FqlSharedLink *links[GROUP];
	uint32	   *heads[GROUP];
} LinkGroup;

static bool
next_group(FqlLinkCursor *cursor, LinkGroup *group)
{
	FqlSharedLink *link;

	for (group->count = 0; group->count < GROUP; group->count++)
	{
		int			i = group->count;

		link = fql_links_step(cursor, &group->numbers[i]);
		if (link == NULL)
			break;
		group->links[i] = link;
		group->heads[i] = &parts.heads[fql_links_head_of(link->tag)];
		fql_compat_prefetch(group->heads[i]);
	}
	return group->count > 0;
}

static void
prefetch_link(uint32 link)
{
	if (link != FQL_NO_LINK)
		fql_compat_prefetch(link_at(link));
}

static void
insert_link(uint32 *head, FqlSharedLink *link, uint32 number)
{
	link->prev = FQL_NO_LINK;
	link->next = *head;
	if (link->next != FQL_NO_LINK)
		link_at(link->next)->prev = number;
	*head = number;
}

static void
remove_link(uint32 *head, const FqlSharedLink *link)
{
	if (link->next != FQL_NO_LINK)
		link_at(link->next)->prev = link->prev;
	if (link->prev != FQL_NO_LINK)
		link_at(link->prev)->next = link->next;
	else
		*head = link->next;
}

void
fql_links_insert(uint32 index)
{
	const FqlSharedEntry *entry = fql_store_entry(index);
	FqlLinkCursor cursor = fql_links_of(entry);
	LinkGroup	group;

	Assert(LWLockHeldByMeInMode(parts.lock, LW_EXCLUSIVE));
	while (next_group(&cursor, &group))
	{
		for (int i = 0; i < group.count; i++)
			prefetch_link(*group.heads[i]);
		for (int i = 0; i < group.count; i++)
			insert_link(group.heads[i], group.links[i], group.numbers[i]);
	}
	parts.store->link_count += entry->link_count;
}

void
fql_links_remove(uint32 index)
{
	const FqlSharedEntry *entry = fql_store_entry(index);
	FqlLinkCursor cursor = fql_links_of(entry);
	LinkGroup	group;

	Assert(LWLockHeldByMeInMode(parts.lock, LW_EXCLUSIVE));
	while (next_group(&cursor, &group))
	{
		for (int i = 0; i < group.count; i++)
		{
			prefetch_link(group.links[i]->next);
			prefetch_link(group.links[i]->prev);
		}
		for (int i = 0; i < group.count; i++)
			remove_link(group.heads[i], group.links[i]);
	}
	parts.store->link_count -= entry->link_count;
}
