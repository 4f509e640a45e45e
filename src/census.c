/*
 * census.c
 *    Looking whether the store is sound, block by block: the invariant "storage" of validate_coherency().
 *
 * Two looks.
 *
 * Entry by entry, without the lock: each published entry's chain of blocks is as long as its content, lies in the
 * memory, and shares no block with another; its key has the hash that it says; it has a link for each of its tags.  All
 * of it counts only if the entry's version did not change meanwhile.  Then, with the lock held shared for a few entries
 * at a time: it is in the chain of its bucket, once, its neighbours in the eviction queue know it, and so do those of
 * each of its links in the reverse map.  This look is conclusive under any load.
 *
 * All together: the queue, the buckets, the chains of links and the free lists are walked, and every header and
 * every block must be met exactly once, each entry as often in the chains as it has links, and all be as many as
 * the gauges say.  So no link is left of an entry that is gone, and every entry is found by each of its tags.
 * That is true of one instant only.  The walk holds the lock shared, lets it go after a number of steps, and goes
 * on if nothing was taken, published or removed in between (the store counts that); otherwise it begins anew with
 * longer pieces, a few times.  The longest hold is LONGEST_PIECE steps, each a link or a mark: below a
 * millisecond; only fills, eviction and the worker wait for it.  Where the store changes
 * more often than that, the second look finds nothing, and says so in a notice.
 *
 * Under the lock nothing allocates or reports: findings are written down, and told after.
 *
 * A header that is neither published nor free belongs to a fill.  It says whose; if the process is gone, header and
 * blocks are lost.
 */
#include "postgres.h"

#include <stdarg.h>

#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/memutils.h"

#include "coherency.h"
#include "holds.h"
#include "links.h"
#include "store_internal.h"

/* Entries looked at in one hold, and links followed of one bucket. */
#define ENTRIES_A_HOLD 64
#define LONGEST_BUCKET 1024

/* Links of one entry that are looked at in one hold. */
#define LINKS_A_HOLD 4096

#define SHORTEST_PIECE 2048
#define LONGEST_PIECE 65536
#define ATTEMPTS 24

#define MOST_NOTES 20
#define NOTE_SIZE 160

/* What has been met. */
#define MET_FREE 1
#define MET_IN_QUEUE 2
#define MET_IN_BUCKET 4

/* A header that a fill has taken. */
typedef struct TakenEntry
{
	uint32		index;
	uint64		version;
	int			filler;
} TakenEntry;

typedef struct Census
{
	FqlStoreParts parts;
	FqlFindings *findings;
	/* the first look */
	uint32		used;			/* entries */
	uint32	   *owners;			/* by block: the entry that was seen to have it, or FQL_NOWHERE */
	uint64	   *versions;		/* by entry: when its blocks were seen */
	/* the second */
	uint8	   *met_entries;
	uint8	   *met_blocks;
	uint32	   *met_links;		/* by entry: how many */
	uint32		piece;			/* steps in one hold */
	uint32		steps;			/* that remain of it */
	uint64		changes;		/* the store's, when the walk began */
	uint64		blocks;			/* of published and taken entries */
	uint64		links;			/* of published ones */
	uint32		answers;
	int			note_count;
	char		notes[MOST_NOTES][NOTE_SIZE];
	int			taken_count;
	TakenEntry	taken[MOST_NOTES];
} Census;

/*
 * The first look: one entry
 */

/* What one entry is, at one version. */
typedef struct Looked
{
	uint32		index;
	uint64		version;
	FqlSharedEntry header;
} Looked;

static bool
is_still(const Looked *looked)
{
	return fql_store_end_read(looked->index, looked->version);
}

static void
entry_is_wrong(const Census *census, const Looked *looked, const char *what)
{
	if (is_still(looked))
		fql_found(census->findings, FQL_INVARIANT_STORAGE, "entry %u, key %016llx: %s", looked->index,
				  (unsigned long long) looked->header.hash, what);
}

/* Walk the blocks of an entry: does one of them equal "wanted"? */
static bool
has_block(const Census *census, const Looked *looked, uint32 wanted)
{
	uint32		block = looked->header.first_block;

	for (uint32 i = 0; i < looked->header.block_count && block < census->parts.store->block_total; i++)
	{
		if (block == wanted)
			return true;
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		block = census->parts.block_next[block];
	}
	return false;
}

/*
 * A block was seen before in another entry.  If that one has not changed since, and still has it, and this one has not
 * changed either, they have it at the same time.
 */
static void
check_shared_block(const Census *census, const Looked *looked, uint32 block)
{
	Looked		other;

	other.index = census->owners[block];
	if (!fql_store_begin_read(other.index, &other.header, &other.version) ||
		other.version != census->versions[other.index] || !has_block(census, &other, block) || !is_still(&other))
		return;
	if (other.index == looked->index)
		entry_is_wrong(census, looked, psprintf("block %u comes twice", block));
	else
		entry_is_wrong(census, looked, psprintf("block %u is entry %u's, too", block, other.index));
}

/* The chain: in memory, of the length that it should have, and of nobody else.  False: it cannot be read. */
static bool
check_chain(Census *census, const Looked *looked)
{
	const FqlSharedEntry *header = &looked->header;
	uint32		block = header->first_block;

	for (uint32 i = 0; i < header->block_count; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (block >= census->parts.store->block_total || !is_still(looked))
		{
			entry_is_wrong(census, looked, psprintf("its blocks end after %u of %u", i, header->block_count));
			return false;
		}
		if (census->owners[block] != FQL_NOWHERE)
			check_shared_block(census, looked, block);
		census->owners[block] = looked->index;
		if (i + 1 == header->block_count && block != header->last_block)
			entry_is_wrong(census, looked,
						   psprintf("its last block is %u, and should be %u", block, header->last_block));
		block = census->parts.block_next[block];
	}
	if (block != FQL_NOWHERE)
		entry_is_wrong(census, looked, psprintf("it has more than %u blocks", header->block_count));
	return true;
}

/* Lengths that an entry can have: as many blocks as its content takes. */
static bool
check_lengths(const Census *census, const Looked *looked)
{
	const FqlSharedEntry *header = &looked->header;
	uint64		length = (uint64) header->tags_length + header->key_length + header->response_length;

	length += fql_links_length(length, header->link_count);
	if (length > 0 && (length + FQL_BLOCK_SIZE - 1) / FQL_BLOCK_SIZE == header->block_count &&
		header->link_count >= header->tag_count &&
		(uint64) header->query_offset + header->query_length <= header->key_length &&
		header->kind <= FQL_ITEM_HANDED_OVER)
		return true;
	entry_is_wrong(census, looked,
				   psprintf("%u blocks for %u + %u + %u bytes and %u links", header->block_count, header->tags_length,
							header->key_length, header->response_length, header->link_count));
	return false;
}

/* The key is the one that the entry is found by. */
static void
check_key(const Census *census, const Looked *looked)
{
	FqlCursor	cursor = {looked->header.first_block, 0};
	uint32		length = looked->header.key_length;
	char	   *key;

	if (!is_still(looked))
		return;
	key = palloc_extended(Max(length, 1), MCXT_ALLOC_HUGE);
	if (!fql_cursor_skip(&cursor, looked->header.tags_length) || !fql_cursor_read(&cursor, key, length) ||
		fql_store_hash(key, length) != looked->header.hash)
		entry_is_wrong(census, looked, "its key has another hash");
	pfree(key);
}

/* The links of the tags come first, in their order. */
typedef struct TagsAndLinks
{
	FqlLinkCursor links;
	uint32		different;
} TagsAndLinks;

static void
compare_with_link(FqlTag tag, void *context)
{
	TagsAndLinks *both = context;
	uint32		number;
	const FqlSharedLink *link = fql_links_step(&both->links, &number);

	if (link == NULL || link->tag != tag)
		both->different++;
}

/* Each tag has its link.  (That the tags are as many as the header says is asked elsewhere: coherency.c.) */
static void
check_tags_have_links(const Census *census, const Looked *looked)
{
	TagsAndLinks both = {.links = fql_links_of(&looked->header)};

	if (fql_entry_visit_tags(&looked->header, compare_with_link, &both) && both.different > 0)
		entry_is_wrong(census, looked, psprintf("%u of its tags have no link", both.different));
}

/* Everything about an entry that its version vouches for. */
static void
look_at_entry(Census *census, uint32 index)
{
	Looked		looked = {.index = index};

	if (!fql_store_begin_read(index, &looked.header, &looked.version))
		return;
	census->versions[index] = looked.version;
	if (!check_lengths(census, &looked) || !check_chain(census, &looked))
		return;
	check_key(census, &looked);
	check_tags_have_links(census, &looked);
}

/*
 * Notes, under the lock
 */

static void
note(Census *census, const char *format,...) pg_attribute_printf(2, 3);

static void
note(Census *census, const char *format,...)
{
	va_list		arguments;

	if (census->note_count == MOST_NOTES)
		return;
	va_start(arguments, format);
	vsnprintf(census->notes[census->note_count++], NOTE_SIZE, format, arguments);
	va_end(arguments);
}

static void
tell_notes(Census *census)
{
	for (int i = 0; i < census->note_count; i++)
		fql_found(census->findings, FQL_INVARIANT_STORAGE, "%s", census->notes[i]);
	census->note_count = 0;
}

/*
 * The first look, the part with the lock: links that others change
 */

static void
check_bucket_of(Census *census, uint32 index)
{
	const FqlStoreParts *parts = &census->parts;
	uint32		other = parts->buckets[parts->entries[index].hash & (parts->store->bucket_total - 1)];
	int			times = 0;

	for (int steps = 0; steps < LONGEST_BUCKET && other < parts->store->entry_total; steps++)
	{
		if (other == index)
			times++;
		other = parts->entries[other].next;
	}
	if (times != 1)
		note(census, "entry %u is %d times in the chain of its bucket", index, times);
}

static void
check_neighbours(Census *census, uint32 index)
{
	const FqlStoreParts *parts = &census->parts;
	const FqlSharedEntry *entry = &parts->entries[index];
	uint32		total = parts->store->entry_total;
	bool		newer_knows = entry->newer == FQL_NOWHERE ? parts->store->newest == index :
		entry->newer < total && parts->entries[entry->newer].older == index;
	bool		older_knows = entry->older == FQL_NOWHERE ? parts->store->oldest == index :
		entry->older < total && parts->entries[entry->older].newer == index;

	if (!newer_knows || !older_knows)
		note(census, "entry %u is not linked with its neighbours in the eviction queue", index);
}

static void
look_at_links(Census *census, uint32 first, uint32 end)
{
	LWLockAcquire(census->parts.lock, LW_SHARED);
	for (uint32 index = first; index < end; index++)
	{
		if (!fql_store_is_published(index))
			continue;
		check_bucket_of(census, index);
		check_neighbours(census, index);
	}
	LWLockRelease(census->parts.lock);
	tell_notes(census);
}

/* The link of that number, if it is one, is in the chain of this head; NULL: it is not. */
static const FqlSharedLink *
link_in_chain(uint32 number, uint32 head)
{
	uint32		owner;
	const FqlSharedLink *link;

	if (number >= fql_links_total())
		return NULL;
	link = fql_links_at(number, &owner);
	return fql_links_head_of(link->tag) == head ? link : NULL;
}

/* Both neighbours in the chain know the link, and its block says whose it is. */
static bool
link_is_sound(const Census *census, uint32 index, uint32 number)
{
	uint32		owner;
	const FqlSharedLink *link = fql_links_at(number, &owner);
	uint32		head = fql_links_head_of(link->tag);
	const FqlSharedLink *prev = link_in_chain(link->prev, head);
	const FqlSharedLink *next = link_in_chain(link->next, head);
	uint32		prev_leads_to = link->prev == FQL_NO_LINK ? census->parts.heads[head] :
		prev != NULL ? prev->next : FQL_NO_LINK;

	return owner == index && prev_leads_to == number &&
		(link->next == FQL_NO_LINK || (next != NULL && next->prev == number));
}

/* One hold; false: no more links, or they are another entry's by now. */
static bool
look_at_some_links(Census *census, const Looked *looked, FqlLinkCursor *cursor)
{
	uint32		number;
	bool		same;

	LWLockAcquire(census->parts.lock, LW_SHARED);
	same = fql_store_is_version(looked->index, looked->version);
	for (int i = 0; same && i < LINKS_A_HOLD && fql_links_step(cursor, &number) != NULL; i++)
	{
		if (link_is_sound(census, looked->index, number))
			continue;
		note(census, "entry %u has a link that is not in its chain", looked->index);
		break;
	}
	LWLockRelease(census->parts.lock);
	tell_notes(census);
	return same && cursor->remaining > 0;
}

static void
look_at_reverse_map(Census *census, uint32 index)
{
	Looked		looked = {.index = index};
	FqlLinkCursor cursor;

	if (!fql_store_begin_read(index, &looked.header, &looked.version))
		return;
	cursor = fql_links_of(&looked.header);
	while (look_at_some_links(census, &looked, &cursor))
		CHECK_FOR_INTERRUPTS();
}

static void
look_one_by_one(Census *census)
{
	for (uint32 index = 0; index < census->used; index++)
	{
		CHECK_FOR_INTERRUPTS();
		look_at_entry(census, index);
		look_at_reverse_map(census, index);
	}
	for (uint32 index = 0; index < census->used; index += ENTRIES_A_HOLD)
	{
		CHECK_FOR_INTERRUPTS();
		look_at_links(census, index, Min(index + ENTRIES_A_HOLD, census->used));
	}
}

/*
 * The second look: all together
 */

/* One step of the walk.  False: something changed while the lock was let go, and the walk is for nothing. */
static bool
step(Census *census)
{
	if (census->steps-- > 0)
		return true;
	LWLockRelease(census->parts.lock);
	CHECK_FOR_INTERRUPTS();
	LWLockAcquire(census->parts.lock, LW_SHARED);
	census->steps = census->piece;
	return census->parts.store->changes == census->changes;
}

/* Mark a block as met.  False: it is none, or was met before, and going on could be without end. */
static bool
meet_block(Census *census, uint32 block, const char *where)
{
	if (block >= census->parts.store->block_unused)
	{
		note(census, "%s leads to block %u, which was never in use", where, block);
		return false;
	}
	if (census->met_blocks[block])
	{
		note(census, "block %u, in %s, is met twice", block, where);
		return false;
	}
	census->met_blocks[block] = 1;
	return true;
}

/* The blocks of one entry. */
static bool
walk_chain(Census *census, const FqlSharedEntry *entry)
{
	uint32		block = entry->first_block;

	for (uint32 i = 0; i < entry->block_count; i++)
	{
		if (!step(census))
			return false;
		if (!meet_block(census, block, "an entry's chain"))
			return true;
		census->blocks++;
		block = census->parts.block_next[block];
	}
	return true;
}

static bool
walk_free_blocks(Census *census)
{
	const FqlSharedStore *store = census->parts.store;
	uint32		block = store->free_block;
	uint32		count = 0;

	for (; block != FQL_NOWHERE && count < store->free_block_count; count++)
	{
		if (!step(census))
			return false;
		if (!meet_block(census, block, "the free list"))
			return true;
		block = census->parts.block_next[block];
	}
	if (count != store->free_block_count || block != FQL_NOWHERE)
		note(census, "the free list ends not after %u blocks", store->free_block_count);
	return true;
}

/* Mark a header as met in a place.  False: as with blocks. */
static bool
meet_entry(Census *census, uint32 index, uint8 where, bool published, const char *name)
{
	if (index >= census->parts.store->entry_unused)
	{
		note(census, "%s leads to entry %u, which was never in use", name, index);
		return false;
	}
	if ((census->met_entries[index] & where) != 0)
	{
		note(census, "entry %u is in %s twice", index, name);
		return false;
	}
	if (fql_store_is_published(index) != published)
		note(census, "entry %u is in %s, and is%s published", index, name, published ? " not" : "");
	census->met_entries[index] |= where;
	return true;
}

static bool
walk_free_entries(Census *census)
{
	uint32		index = census->parts.store->free_entry;

	while (index != FQL_NOWHERE)
	{
		if (!step(census))
			return false;
		if (!meet_entry(census, index, MET_FREE, false, "the free list"))
			return true;
		index = census->parts.entries[index].next;
	}
	return true;
}

static bool
walk_queue(Census *census)
{
	uint32		index = census->parts.store->oldest;

	while (index != FQL_NOWHERE)
	{
		const FqlSharedEntry *entry;

		if (!step(census))
			return false;
		if (!meet_entry(census, index, MET_IN_QUEUE, true, "the eviction queue"))
			return true;
		entry = &census->parts.entries[index];
		if (entry->kind == FQL_ITEM_ANSWER)
			census->answers++;
		if (!walk_chain(census, entry))
			return false;
		index = entry->newer;
	}
	return true;
}

static bool
walk_buckets(Census *census)
{
	const FqlStoreParts *parts = &census->parts;
	uint32		mask = parts->store->bucket_total - 1;

	for (uint32 bucket = 0; bucket <= mask; bucket++)
	{
		uint32		index = parts->buckets[bucket];

		if (!step(census))
			return false;
		while (index != FQL_NOWHERE)
		{
			if (!step(census))
				return false;
			if (!meet_entry(census, index, MET_IN_BUCKET, true, "the buckets"))
				break;
			if ((parts->entries[index].hash & mask) != bucket)
				note(census, "entry %u is in bucket %u, which is not its", index, bucket);
			index = parts->entries[index].next;
		}
	}
	return true;
}

/* A link that the chain of this head leads to.  False: as with blocks. */
static bool
meet_link(Census *census, uint32 number, uint32 prev, uint32 head)
{
	const FqlSharedLink *link = link_in_chain(number, head);
	uint32		owner;

	if (link == NULL || link->prev != prev)
	{
		note(census, "chain %u of the reverse map leads to %u, which is no link of it", head, number);
		return false;
	}
	(void) fql_links_at(number, &owner);
	if (!fql_store_is_published(owner))
	{
		note(census, "the reverse map leads to entry %u, which is not published", owner);
		return false;
	}
	census->met_links[owner]++;
	return true;
}

static bool
walk_reverse_map(Census *census)
{
	for (uint32 head = 0; head < census->parts.store->head_total; head++)
	{
		uint32		prev = FQL_NO_LINK;
		uint32		number = census->parts.heads[head];

		if (!step(census))
			return false;
		while (number != FQL_NO_LINK)
		{
			uint32		owner;

			if (!step(census))
				return false;
			if (!meet_link(census, number, prev, head))
				break;
			prev = number;
			number = fql_links_at(number, &owner)->next;
		}
	}
	return true;
}

static void
check_met_links(Census *census, uint32 index)
{
	const FqlSharedEntry *entry = &census->parts.entries[index];

	census->links += entry->link_count;
	if (census->met_links[index] != entry->link_count)
		note(census, "entry %u has %u links, and the reverse map leads to %u of them", index, entry->link_count,
			 census->met_links[index]);
}

/* A header that a fill has, by all appearances. */
static bool
meet_taken(Census *census, uint32 index)
{
	const FqlSharedEntry *entry = &census->parts.entries[index];

	if (census->taken_count < MOST_NOTES)
		census->taken[census->taken_count++] = (TakenEntry)
		{
			index, pg_atomic_read_u64(&census->parts.entries[index].version), entry->filler
		};
	return walk_chain(census, entry);
}

/* Every header is free, or taken, or in the queue and the buckets. */
static bool
walk_entries(Census *census)
{
	for (uint32 index = 0; index < census->parts.store->entry_unused; index++)
	{
		uint8		met = census->met_entries[index];
		uint8		wanted = fql_store_is_published(index) ? MET_IN_QUEUE | MET_IN_BUCKET : MET_FREE;

		if (!step(census))
			return false;
		if (wanted == MET_FREE && met == 0)
		{
			if (!meet_taken(census, index))
				return false;
		}
		else if (met != wanted)
			note(census, "entry %u is published%s, and%s in the queue,%s in a bucket,%s free", index,
				 wanted == MET_FREE ? ": no" : ": yes", met & MET_IN_QUEUE ? "" : " not",
				 met & MET_IN_BUCKET ? "" : " not", met & MET_FREE ? "" : " not");
		if (wanted != MET_FREE)
			check_met_links(census, index);
	}
	return true;
}

static bool
walk_blocks(Census *census)
{
	uint32		lost = 0;

	for (uint32 block = 0; block < census->parts.store->block_unused; block++)
	{
		if (!step(census))
			return false;
		if (!census->met_blocks[block])
			lost++;
	}
	if (lost > 0)
		note(census, "%u blocks belong to nobody", lost);
	return true;
}

static void
check_gauges(Census *census)
{
	const FqlSharedStore *store = census->parts.store;

	if (store->answer_count != census->answers)
		note(census, "%u answers, and the gauge shows %u", census->answers, store->answer_count);
	if (store->used_blocks != census->blocks)
		note(census, UINT64_FORMAT " blocks in use, and the gauge shows %u", census->blocks, store->used_blocks);
	if ((uint64) store->used_blocks + store->free_block_count != store->block_unused)
		note(census, "%u blocks in use and %u free make not %u", store->used_blocks, store->free_block_count,
			 store->block_unused);
	if (store->link_count != census->links)
		note(census, UINT64_FORMAT " links, and the gauge shows " UINT64_FORMAT, census->links, store->link_count);
	if (store->peak_blocks < store->used_blocks)
		note(census, "at most %u blocks were in use, and %u are", store->peak_blocks, store->used_blocks);
}

/* With the lock.  False: the store changed meanwhile. */
static bool
walk(Census *census)
{
	if (!walk_free_entries(census) || !walk_free_blocks(census) || !walk_queue(census) || !walk_buckets(census) ||
		!walk_reverse_map(census) || !walk_entries(census) || !walk_blocks(census))
		return false;
	check_gauges(census);
	return true;
}

static bool
attempt(Census *census)
{
	bool		done;

	memset(census->met_entries, 0, census->parts.store->entry_total);
	memset(census->met_blocks, 0, census->parts.store->block_total);
	memset(census->met_links, 0, (Size) census->parts.store->entry_total * sizeof(uint32));
	census->note_count = census->taken_count = 0;
	census->blocks = census->links = census->answers = 0;
	LWLockAcquire(census->parts.lock, LW_SHARED);
	census->steps = census->piece;
	census->changes = census->parts.store->changes;
	done = walk(census);
	LWLockRelease(census->parts.lock);
	return done;
}

/*
 * Taken by a process that is gone: nobody will publish it.  The version tells that it was not published since; only
 * the process itself could have.
 */
static void
check_taken(const Census *census)
{
	for (int i = 0; i < census->taken_count; i++)
	{
		const TakenEntry *taken = &census->taken[i];
		FqlSharedEntry *entry = &census->parts.entries[taken->index];

		if (BackendPidGetProc(taken->filler) != NULL)
			continue;
		pg_memory_barrier();
		if (pg_atomic_read_u64(&entry->version) == taken->version && entry->filler == taken->filler)
			fql_found(census->findings, FQL_INVARIANT_STORAGE,
					  "entry %u was taken by process %d, which is gone", taken->index, taken->filler);
	}
}

static void
look_at_all(Census *census)
{
	census->piece = SHORTEST_PIECE;
	for (int i = 0; i < ATTEMPTS; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (attempt(census))
		{
			tell_notes(census);
			check_taken(census);
			return;
		}
		census->piece = Min(2 * census->piece, LONGEST_PIECE);
	}
	ereport(NOTICE,
			(errmsg("the cache changes too often to count all of its memory"),
			 errdetail("Each answer was looked at by itself.")));
}

static void *
huge(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(mul_size(count, size), 1));
}

void
fql_census(FqlFindings *findings)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraiseql census", ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	Census	   *census = palloc0(sizeof(Census));
	uint32		blocks;

	fql_store_parts(&census->parts);
	blocks = census->parts.store->block_total;
	census->findings = findings;
	census->used = fql_store_used_entries();
	census->owners = huge(blocks, sizeof(uint32));
	memset(census->owners, 0xff, (Size) blocks * sizeof(uint32));
	census->versions = huge(census->used, sizeof(uint64));
	look_one_by_one(census);
	pfree(census->owners);
	pfree(census->versions);

	census->met_entries = huge(census->parts.store->entry_total, 1);
	census->met_blocks = huge(blocks, 1);
	census->met_links = huge(census->parts.store->entry_total, sizeof(uint32));
	look_at_all(census);
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(context);
}
