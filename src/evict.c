/*
 * evict.c
 *    Making room: which answer goes when the cache is full.
 *
 * Eviction is SIEVE: entries stand in a queue in order of arrival; a hand moves from the oldest to the newest, clears
 * the "visited" mark of entries that were hit since it last passed, and removes the first that was not.  A hit
 * therefore stores one byte, and only when it is not set.  Entries that are invalid or expired go first when the hand
 * meets them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "evict.h"
#include "testpoint.h"

/*
 * Longest hold of the store's lock, in entries looked at, and how often a fill tries again.  An entry that is removed
 * counts once more for so many of its links.
 */
#define EVICTION_STEPS 128
#define LINKS_A_STEP 16
#define EVICTION_ROUNDS 64

/* Entries with more bytes of tags are not asked under the lock whether they hold. */
#define EVICTION_TAGS_LENGTH 1024

/* The counters are of answers.  The header of a removed entry stays as it was while the lock is held. */
void
fql_evict_count(uint32 index, FqlEntryState state, FqlCounter otherwise)
{
	if (fql_store_entry(index)->kind != FQL_ITEM_ANSWER)
		return;
	if (state == FQL_ENTRY_INVALID)
		fql_stats_count(FQL_COUNTER_INVALIDATIONS);
	else if (state == FQL_ENTRY_EXPIRED)
		fql_stats_count(FQL_COUNTER_EXPIRATIONS);
	else
		fql_stats_count(otherwise);
}

/* What the hand goes by.  It holds the lock, so it leaves entries with very many tags to the worker. */
static FqlEntryState
state_for_eviction(uint32 index, TimestampTz now)
{
	const FqlSharedEntry *entry = fql_store_entry(index);

	if (entry->tags_length > EVICTION_TAGS_LENGTH)
		return entry->expires_at <= now ? FQL_ENTRY_EXPIRED : FQL_ENTRY_LIVE;
	return fql_entry_state(index, entry, now);
}

/* One step of the hand; how many it counts for, 0: the queue is empty. */
static uint32
evict_step(TimestampTz now)
{
	uint32		index = fql_store_hand();
	FqlEntryState state;

	if (index == FQL_NOWHERE)
		return 0;
	state = state_for_eviction(index, now);
	fql_store_hand_on();
	if (state == FQL_ENTRY_LIVE && fql_store_entry(index)->visited)
	{
		fql_store_entry(index)->visited = 0;
		return 1;
	}
	FQL_TEST_POINT(evicting);
	fql_store_remove(index);
	fql_evict_count(index, state, FQL_COUNTER_EVICTIONS);
	return 1 + fql_store_entry(index)->link_count / LINKS_A_STEP;
}

/* As far as one hold of the lock goes. */
static void
evict_some(uint32 block_count, TimestampTz now)
{
	uint32		steps = 0;

	while (steps < EVICTION_STEPS && !fql_store_has_room(block_count))
	{
		uint32		taken = evict_step(now);

		if (taken == 0)
			return;
		steps += taken;
	}
}

bool
fql_evict_reserve(uint32 block_count, uint32 *index)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int round = 0; round < EVICTION_ROUNDS; round++)
	{
		bool		done;

		fql_store_lock();
		evict_some(block_count, now);
		done = fql_store_has_room(block_count);
		if (done)
			*index = fql_store_take(block_count);
		fql_store_unlock();
		if (done)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}
