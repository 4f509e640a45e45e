/*
 * reclaim.c
 *    Entries found by what they carry, through the reverse map: free the dead ones, or remove live ones.
 *
 * Freshness does not depend on reclaiming: what a write has made invalid is not served.  It makes room, and tells whom
 * a write has concerned, at a cost that follows the number of entries linked with what was written rather than the size
 * of the cache.
 *
 * A chain can hold every entry (each depends on the definitions of its database), so it is walked in pieces.  With the
 * lock held shared the links of a piece are noted, with the versions of their entries; then, without it, each entry is
 * looked at, and removed under the lock, held exclusively for this one, if it still is the same.
 *
 * Where to go on, when the chain may have changed meanwhile: behind a link that was noted, if its entry still has its
 * version, for then the link is where it was (links.c).  The latest of those that were passed and left is remembered,
 * and some before it; should all of them have gone, the walk begins anew.  Since new links come first in a chain, who
 * goes on behind an old link misses only what was published after he came by.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "evict.h"
#include "holds.h"
#include "links.h"
#include "reclaim.h"
#include "shmem.h"
#include "store.h"
#include "testpoint.h"
#include "words.h"

/* Links looked at in one hold of the lock. */
#define PIECE 128

/* Links behind which the walk can go on. */
#define MOST_PASSED 64

/* How often a walk that only makes room begins anew; what it leaves is the sweep's. */
#define MOST_RESTARTS 3

/* A link and its entry at a version. */
typedef struct Met
{
	uint32		link;
	uint32		entry;
	uint64		version;
	bool		matches;
} Met;

typedef struct Walk
{
	uint32		word;
	bool		by_tag;			/* entries with this tag, dead or not; else the dead ones with the word */
	FqlTag		tag;
	FqlReclaimed callback;		/* or NULL */
	void	   *context;
	TimestampTz now;
	uint64		count;			/* answers */
	bool		at_end;
	int			restarts;
	int			met_count;
	Met			met[PIECE];
	int			passed_count;	/* links that were met and left, the latest last */
	Met			passed[MOST_PASSED];
} Walk;

/*
 * With the lock: the next piece of the chain
 */

/* The link to go on with.  As long as none was left, all that were met are gone, and the rest begins at the head. */
static uint32
place_to_go_on(Walk *walk)
{
	uint32		owner;

	for (int i = walk->passed_count - 1; i >= 0; i--)
	{
		const Met  *met = &walk->passed[i];

		if (fql_store_is_version(met->entry, met->version))
			return fql_links_at(met->link, &owner)->next;
	}
	if (walk->passed_count > 0)
	{
		walk->passed_count = 0;
		if (++walk->restarts > MOST_RESTARTS && !walk->by_tag)
			return FQL_NO_LINK;
	}
	return fql_links_first(walk->word);
}

static bool
matches(const Walk *walk, FqlTag tag)
{
	return walk->by_tag ? tag == walk->tag : fql_word_of(tag, FQL_PART_ANY) == walk->word;
}

static void
meet_some(Walk *walk)
{
	uint32		number;

	fql_store_lock_shared();
	number = place_to_go_on(walk);
	for (walk->met_count = 0; walk->met_count < PIECE && number != FQL_NO_LINK; walk->met_count++)
	{
		Met		   *met = &walk->met[walk->met_count];
		const FqlSharedLink *link = fql_links_at(number, &met->entry);

		met->link = number;
		met->version = pg_atomic_read_u64(&fql_store_entry(met->entry)->version);
		met->matches = matches(walk, link->tag);
		number = link->next;
	}
	walk->at_end = number == FQL_NO_LINK;
	fql_store_unlock();
}

/*
 * Without it: what to do with them
 */

/* Remove an entry if it is still the one that was seen.  The hash is read before. */
static bool
remove_entry(const Met *met, FqlEntryState state)
{
	bool		same;

	fql_store_lock();
	same = fql_store_is_version(met->entry, met->version);
	if (same)
	{
		fql_store_remove(met->entry);
		fql_evict_count(met->entry, state, FQL_COUNTER_INVALIDATIONS);
	}
	fql_store_unlock();
	return same;
}

/* True: the entry stays. */
static bool
look_at(Walk *walk, const Met *met)
{
	FqlSharedEntry header;
	uint64		version;
	FqlEntryState state;

	if (!met->matches)
		return true;
	if (!fql_store_begin_read(met->entry, &header, &version) || version != met->version)
		return false;
	state = fql_entry_state(met->entry, &header, walk->now);
	if (state == FQL_ENTRY_LIVE && !walk->by_tag)
		return true;
	if (!remove_entry(met, state) || header.kind != FQL_ITEM_ANSWER)
		return false;
	if (state != (walk->by_tag ? FQL_ENTRY_LIVE : FQL_ENTRY_INVALID))
		return false;
	walk->count++;
	if (walk->callback != NULL)
		walk->callback(header.hash, walk->context);
	return false;
}

static void
pass(Walk *walk, const Met *met)
{
	if (walk->passed_count == MOST_PASSED)
	{
		walk->passed_count--;
		memmove(&walk->passed[0], &walk->passed[1], walk->passed_count * sizeof(Met));
	}
	walk->passed[walk->passed_count++] = *met;
}

static void
walk_chain(Walk *walk)
{
	walk->passed_count = walk->restarts = 0;
	do
	{
		meet_some(walk);
		FQL_TEST_POINT(links_met);
		for (int i = 0; i < walk->met_count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (look_at(walk, &walk->met[i]))
				pass(walk, &walk->met[i]);
		}
	} while (!walk->at_end);
}

uint64
fql_cache_reclaim(const uint32 *words, uint32 count, FqlReclaimed callback, void *context)
{
	Walk		walk = {.callback = callback, .context = context, .now = GetCurrentTimestamp()};

	for (uint32 i = 0; i < count; i++)
	{
		if (fql_links_chain_is_empty(words[i]))
			continue;
		walk.word = words[i];
		walk_chain(&walk);
	}
	return walk.count;
}

uint64
fql_cache_remove_tagged(FqlTag tag)
{
	Walk		walk = {
		.word = fql_word_of(tag, FQL_PART_ANY), .by_tag = true, .tag = tag, .now = GetCurrentTimestamp()
	};

	walk_chain(&walk);
	return walk.count;
}

#ifdef FRAISEQL_TEST_POINTS

/* For tests: reclaim what depends on a relation as a whole, or on any definition too. */
PG_FUNCTION_INFO_V1(fql_test_reclaim);

static void
count_reclaimed(uint64 hash pg_attribute_unused(), void *context)
{
	(*(uint64 *) context)++;
}

Datum
fql_test_reclaim(PG_FUNCTION_ARGS)
{
	FqlTag		tags[] = {fql_tag_relation(MyDatabaseId, PG_GETARG_OID(0)), fql_tag_schema(MyDatabaseId)};
	uint32		words[lengthof(tags)];
	uint64		told = 0;
	uint64		count;

	for (uint32 i = 0; i < lengthof(tags); i++)
		words[i] = fql_word_of(tags[i], FQL_PART_ANY);
	count = fql_cache_reclaim(words, PG_GETARG_BOOL(1) ? 2 : 1, count_reclaimed, &told);
	if (told != count)
		elog(ERROR, "told of " UINT64_FORMAT " of " UINT64_FORMAT, told, count);
	PG_RETURN_INT64((int64) count);
}

#endif							/* FRAISEQL_TEST_POINTS */
