/*
 * tags.c
 *    Words, clock, and the fence that a committing writer raises: why a hit is never stale.
 *
 * State.  "clock" is one atomic counter.  Each of 2^20 words is clock : 44 | pending : 20.  A tag hashes to a word.
 *
 * Writer.  During the transaction, touched words are remembered in backend memory.
 *   PRE_COMMIT  pending += 1 on each distinct touched word               (the fence goes up)
 *   ...         PostgreSQL makes the commit visible (ProcArrayEndTransaction), sends its invalidation messages, and
 *               releases its locks
 *   then        c = ++clock; each word becomes (max(its clock, c), pending - 1)      (tick, the fence comes down)
 *   ABORT       pending - 1 on each fenced word
 *
 * Why the tick waits for the locks' release rather than for visibility alone (XACT_EVENT_COMMIT): definitions.  Between
 * visibility and AtEOXact_Inval() another backend still works with its cached catalog entries, say the old body of a
 * function.  If the tick came in that window, a fill could read s0 after it, compute with the old body, and publish.
 * With the tick after the messages, a fill that reads s0 after the tick finds the messages in the queue, and it reads
 * the queue (AcceptInvalidationMessages) after s0.  No hook has that place but a resource release callback in its last
 * phase.  For rows nothing changes: later than visibility is all that the argument needs, and the writer's client hears
 * of the commit only after it.
 *
 * Fill and hit are in execute.c; the argument for both is here, since it is one argument.  A fill reads s0 = clock,
 * then takes snapshot F, executes, and publishes only if every word of its tags has pending = 0 and clock <= s0; the
 * entry keeps each word as seen.  A hit serves an entry only if each word still equals what the entry keeps.
 *
 * Claim: a hit returns what executing would have returned at some instant within the call.  Let W be a writer that
 * touched a tag of the entry.
 *   (a) W visible to the reader, but not to F.  W's fence precedes its visibility, so the reader's load comes after it.
 *       If the fence went up after the fill's check, the word differs from the kept one: pending is higher, or W has
 *       ticked and its clock is higher.  If it went up before the check, then at the check either it was still up
 *       (pending > 0: not published), or W had ticked with c <= s0: the tick, hence W's visibility, came before s0 was
 *       read, hence before F was taken, so F sees W: contradiction.
 *   (b) A word returns to an earlier value only when a fence is lowered by an abort, that is when nothing changed.  And
 *       a word with pending > 0 never equals a kept one.  So if all words equal the kept ones at the times they are
 *       read, no writer of these tags became visible between F and those times.
 * Words shared by several tags only add inequality.  Memory order: every fence and every tick is an atomic
 * read-modify-write, a full barrier in PostgreSQL's atomics; readers put a read barrier between s0 and the snapshot and
 * before the words.
 *
 * Overflow.  pending counts transactions in commit, at most one per backend and word, far below 2^20.  The clock has 44
 * bits: at 100,000 commits a second it lasts five years of uptime, and words compare by equality and <= only.
 *
 * Nothing may fail after the commit, so what runs then neither allocates nor reports: the list of words is complete and
 * sized before PRE_COMMIT ends.
 *
 * Without shared_preload_libraries there are no words; touching still remembers, so that PREPARE is refused alike.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "tags.h"

typedef enum FqlTagKind
{
	FQL_TAG_RELATION = 1,
	FQL_TAG_SCHEMA,
	FQL_TAG_ROLES
} FqlTagKind;

typedef struct FqlSharedTags
{
	uint64		seed;			/* so that nobody can choose tags that share a word */
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 clock;	/* every commit of a tracked write */
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 words[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedTags;

static FqlSharedTags *shared = NULL;

/*
 * The words that the current transaction touched, each once.  A sorted array: it is short, and membership is asked for
 * every changed row, so the last word touched is remembered apart.
 *
 * Words of a rolled-back savepoint stay: they cost a needless miss, and forgetting them needs bookkeeping that could be
 * wrong.
 */
static MemoryContext touched_context = NULL;
static uint32 *touched = NULL;
static int	touched_count = 0;
static int	touched_capacity = 0;
static bool fence_is_up = false;
static bool committed = false;	/* visible, not yet ticked */

static uint32
tag_word(FqlTagKind kind, Oid database, Oid object)
{
	struct
	{
		uint32		kind;
		Oid			database;
		Oid			object;
	}			name = {kind, database, object};

	if (shared == NULL)
		return 0;
	return (uint32) (hash_bytes_extended((unsigned char *) &name, sizeof(name), shared->seed) & (FQL_WORD_COUNT - 1));
}

/* Any row of the relation. */
uint32
fql_tag_relation(Oid database, Oid relation)
{
	return tag_word(FQL_TAG_RELATION, database, relation);
}

/* Definitions and privileges of anything in the database. */
uint32
fql_tag_schema(Oid database)
{
	return tag_word(FQL_TAG_SCHEMA, database, InvalidOid);
}

/* Roles, their attributes and memberships. */
uint32
fql_tag_roles(void)
{
	return tag_word(FQL_TAG_ROLES, InvalidOid, InvalidOid);
}

uint64
fql_clock_read(void)
{
	return pg_atomic_read_u64(&shared->clock);
}

uint64
fql_word_read(uint32 word)
{
	Assert(word < FQL_WORD_COUNT);
	return pg_atomic_read_u64(&shared->words[word]);
}

static void
fence_raise(uint32 word)
{
	if (shared != NULL)
		pg_atomic_fetch_add_u64(&shared->words[word], 1);
}

/* Lower without a tick: the transaction changed nothing. */
static void
fence_lower(uint32 word)
{
	if (shared != NULL)
		pg_atomic_fetch_sub_u64(&shared->words[word], 1);
}

/* The word becomes (max(its clock, tick), pending - 1) in one step. */
static void
fence_lower_with_tick(uint32 word, uint64 tick)
{
	pg_atomic_uint64 *cell = &shared->words[word];
	uint64		old = pg_atomic_read_u64(cell);
	uint64		new;

	do
	{
		uint64		clock = Max(old >> FQL_PENDING_BITS, tick);

		Assert((old & FQL_PENDING_MASK) > 0);
		new = (clock << FQL_PENDING_BITS) | ((old & FQL_PENDING_MASK) - 1);
	} while (!pg_atomic_compare_exchange_u64(cell, &old, new));
}

/* Position of the word in the sorted array, or where it belongs. */
static int
touched_position(uint32 word)
{
	int			low = 0;
	int			high = touched_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (touched[middle] < word)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
touched_reserve(void)
{
	if (touched_count < touched_capacity)
		return;
	if (touched_context == NULL)
		touched_context = AllocSetContextCreate(TopMemoryContext, "fraiseql tags", ALLOCSET_SMALL_SIZES);
	if (touched == NULL)
		touched = MemoryContextAlloc(touched_context, 64 * sizeof(uint32));
	else
		touched = repalloc_huge(touched, mul_size(touched_capacity, 2 * sizeof(uint32)));
	touched_capacity = touched_capacity == 0 ? 64 : touched_capacity * 2;
}

/*
 * Another extension may write in a PRE_COMMIT callback of its own that runs after ours (callbacks run last registered
 * first).  Its triggers then arrive here with the fence up, still before visibility: raise at once.  The array is
 * extended before the word is raised, so an error in between leaves nothing raised that is not listed.
 *
 * The number of words is bounded by FQL_WORD_COUNT; with one tag a relation it is the number of relations written.
 */
void
fql_tags_touch(uint32 word)
{
	static uint32 last = 0;
	int			position;

	if (touched_count > 0 && last == word)
		return;
	position = touched_position(word);
	if (position == touched_count || touched[position] != word)
	{
		touched_reserve();
		memmove(&touched[position + 1], &touched[position], (touched_count - position) * sizeof(uint32));
		touched[position] = word;
		touched_count++;
		if (fence_is_up)
			fence_raise(word);
	}
	last = word;
}

bool
fql_tags_have_touched(uint32 word)
{
	int			position = touched_position(word);

	return position < touched_count && touched[position] == word;
}

/*
 * I1: up before the commit can be visible.  A transaction without an xid has changed nothing (CREATE TABLE IF NOT
 * EXISTS of one that exists), so it marks nothing; a write in a later callback is still marked at once.
 */
static void
fence_raise_all(void)
{
	Assert(!fence_is_up);
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		touched_count = 0;
	for (int i = 0; i < touched_count; i++)
		fence_raise(touched[i]);
	fence_is_up = true;
}

static void
forget_touched(void)
{
	fence_is_up = false;
	committed = false;
	touched_count = 0;
}

/* I1: down only now, when every new snapshot sees the commit.  May not fail. */
static void
fence_lower_all_with_tick(void)
{
	if (fence_is_up && touched_count > 0 && shared != NULL)
	{
		uint64		tick = pg_atomic_add_fetch_u64(&shared->clock, 1);

		for (int i = 0; i < touched_count; i++)
			fence_lower_with_tick(touched[i], tick);
	}
	forget_touched();
}

static void
fence_lower_all(void)
{
	if (fence_is_up)
		for (int i = 0; i < touched_count; i++)
			fence_lower(touched[i]);
	forget_touched();
}

/*
 * COMMIT PREPARED can run in any backend, or in logical apply, and no hook tells an extension about it, so a prepared
 * transaction could become visible without a fence.  Until fences can be held by transaction id, refuse.
 */
static void
refuse_prepare(void)
{
	if (touched_count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has changed what fraiseql caches"),
				 errdetail("The transaction wrote to an exposed table, or changed definitions or privileges, and its "
						   "commit could not be fenced."),
				 errhint("Commit it in one phase, or leave the tables it writes to out of fraiseql.")));
}

static void
xact_callback(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			fence_raise_all();
			break;
		case XACT_EVENT_COMMIT:
			committed = true;
			break;
		case XACT_EVENT_ABORT:
			/* an error after the commit (there should be none) does not undo it */
			if (committed)
				fence_lower_all_with_tick();
			else
				fence_lower_all();
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			break;
		case XACT_EVENT_PREPARE:
			/* nothing was touched, or PRE_PREPARE had refused */
			Assert(touched_count == 0);
			break;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			/* a parallel worker cannot write */
			forget_touched();
			break;
	}
}

/* Resource owners of portals and subtransactions come by here too; only the committed transaction's end counts. */
static void
resource_callback(ResourceReleasePhase phase, bool is_commit pg_attribute_unused(), bool is_top_level,
				  void *arg pg_attribute_unused())
{
	if (committed && phase == RESOURCE_RELEASE_AFTER_LOCKS && is_top_level)
		fence_lower_all_with_tick();
}

void
fql_tags_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterResourceReleaseCallback(resource_callback, NULL);
}

Size
fql_tags_shmem_size(void)
{
	return add_size(offsetof(FqlSharedTags, words), mul_size(FQL_WORD_COUNT, sizeof(pg_atomic_uint64)));
}

void
fql_tags_shmem_init(bool found, void *memory, uint64 seed)
{
	FqlSharedTags *tags = memory;

	if (!found)
	{
		tags->seed = seed;
		pg_atomic_init_u64(&tags->clock, 1);
		for (uint64 i = 0; i < FQL_WORD_COUNT; i++)
			pg_atomic_init_u64(&tags->words[i], 0);
	}
	shared = tags;
}
