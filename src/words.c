/*
 * words.c
 *    The shared words that tags hash to, the clock, and the fence around a commit: why a hit is never stale.
 *
 * State.  "clock" is one atomic counter.  Each of 2^n words is clock : 44 | pending : 20.
 *
 * Writer.  During the transaction, the words of what it changes are remembered in backend memory (touched.c).
 *   PRE_COMMIT  pending += 1 on each distinct touched word               (the fence goes up)
 *   ...         PostgreSQL makes the commit visible (ProcArrayEndTransaction), sends its invalidation messages, and
 *               releases its locks
 *   then        c = ++clock; each word becomes (max(its clock, c), pending - 1)      (tick, the fence comes down)
 *   ABORT       pending - 1 on each fenced word
 *
 * Why the tick waits for the locks' release rather than for visibility alone (XACT_EVENT_COMMIT): definitions.
 * Between visibility and AtEOXact_Inval() another backend still works with its cached catalog entries, say the old
 * body of a function.  If the tick came in that window, a fill could read s0 after it, compute with the old body, and
 * publish. With the tick after the messages, a fill that reads s0 after the tick finds the messages in the queue, and
 * it reads the queue (AcceptInvalidationMessages) after s0.  No hook has that place but a resource release callback
 * in its last phase.  For rows nothing changes: later than visibility is all that the argument needs, and the
 * writer's client hears of the commit only after it.
 *
 * Fill and hit are in execute.c; the argument for both is here, since it is one argument.  A fill reads s0 = clock,
 * then takes snapshot F, executes, and keeps s0 with the answer.  A word is *still* as of s0 if its pending is 0 and
 * its clock is not above s0.  The answer is served only while, for every tag that it depends on, enough words are
 * still (below).
 *
 * Claim: a hit returns what executing would have returned at some instant within the call.  Let W be a writer that
 * changed something the answer read, d a word that W touched, and suppose a reader finds d still.
 *   (a) W visible to the reader but not to F?  W's fence precedes its visibility, so the reader's load of d comes
 *   after
 *       it.  The fence is no longer up, since pending is 0, so W has ticked, with c <= d's clock <= s0.  The clock
 *       stood
 *       at c before s0 was read: W's tick, hence its visibility, came before s0, hence before F was taken, so F sees
 *       W:
 *       contradiction.  (W may have raised the clock to c before s0 was read and set d only later; until then d is
 *       pending, and not still.)
 *   (b) The words are read one after the other.  A word that was not still can become still again only by an abort,
 *   that
 *       is when nothing changed.  So if all are found still, no writer of these tags became visible between F and the
 *       time when the first was read: the answer is that of this instant.
 * Whether the words are looked at before publishing makes no difference to the claim; it only saves keeping what is
 * dead already.
 *
 * Which words.  A tag has a family: ANY, which every change moves; ROWS, when a row that the tag names comes or goes;
 * one word for each column, when an update changes the column in such a row.  A reader who sees no more of the rows
 * than the columns M needs ANY still, or else ROWS and those of M: a writer whose change shows in M touches ANY and
 * at least one of the others, so either condition proves by (a) that no such writer is between F and the reader.  A
 * row that moves from one tag to another has changed a column by which the tag names it, and who reads by a tag reads
 * its columns. Hence a hit looks at one word a tag; the others only count when it has moved.
 *
 * One word belongs to every tag, as if it were part of each family: the word of everything.  A writer who cannot name
 * what he touches touches this one, and every reader asks for it too, so (a) and (b) hold with d being this word.  It
 * is for prepared transactions that do not fit into their table.
 *
 * Prepared transactions.  Let W be one.  PREPARE raises its fence before W can be prepared, hence before it can be
 * visible, and hands it to the table of prepared.c: d is pending until a process finds that W has ended, ticks, and
 * lowers.  W becomes visible somewhere within COMMIT PREPARED, after its fence, so in (a) the reader finds d pending,
 * or finds that the fence was lowered with a tick c <= d's clock <= s0.  That tick was made by somebody who had found
 * the lock on W's transaction id free.  W releases it after it has become visible and has sent its messages, as in an
 * ordinary commit, and the lock table orders the release before the finding.  So W was visible, and its messages were
 * out, before s0 was read: the same contradiction.  How late the tick comes and who makes it is used nowhere.  As for
 * (b), a word that W held becomes still as of an older clock only when PREPARE itself failed, and then nothing has
 * changed; COMMIT PREPARED and ROLLBACK PREPARED both end in a tick.
 *
 * Words shared by several tags only make more of them move.  Since the finer words are asked only when ANY has moved,
 * a needless miss takes two accidents.
 *
 * Memory order: every fence and every tick is an atomic read-modify-write, a full barrier in PostgreSQL's atomics;
 * readers put a read barrier between s0 and the snapshot and before the words.
 *
 * Overflow.  pending counts transactions in commit, at most one per backend and word, and prepared ones, of which a
 * setting limits the number: far below 2^20.  The clock has 44 bits: at 100,000 commits a second it lasts five years of
 * uptime.
 *
 * Layout.  The words of one tag lie together: the first eight of its family in one line of eight words, rotated by
 * the tag so that the ANY words of two tags in the same line rarely meet; further columns in the lines behind.  A
 * writer thus touches one or two lines a tag.
 */
#include "postgres.h"

#include "port/atomics.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "guc.h"
#include "owners.h"
#include "testpoint.h"
#include "words.h"

#define PENDING_BITS 20
#define PENDING_MASK ((UINT64CONST(1) << PENDING_BITS) - 1)

#define LINE_BITS 3
#define LINE_WORDS (1 << LINE_BITS)

/* How many words ahead a fence asks the memory for. */
#define PREFETCH_DISTANCE 8

typedef struct FqlSharedWords
{
	uint64		seed;			/* of tags, so that nobody can choose two that share a word */
	uint32		line_mask;		/* number of lines - 1 */
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 clock;	/* every commit of a tracked write */
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 words[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedWords;

static FqlSharedWords *shared = NULL;

/* Without shared memory the words are imaginary, but a transaction still remembers them (touched.c). */
uint32
fql_word_of(FqlTag tag, int part)
{
	uint32		line_mask = shared == NULL ? 0 : shared->line_mask;
	uint32		line = ((uint32) tag + (uint32) (part >> LINE_BITS)) & line_mask;
	uint32		place = (uint32) (part + (tag >> 61)) & (LINE_WORDS - 1);

	return (line << LINE_BITS) | place;
}

/* Behind the words of all tags. */
uint32
fql_word_of_everything(void)
{
	return shared == NULL ? 0 : (shared->line_mask + 1) << LINE_BITS;
}

uint64
fql_clock_read(void)
{
	return pg_atomic_read_u64(&shared->clock);
}

/* Each tick of either word is newer than both were, so the same clock means that neither has ticked. */
uint64
fql_word_read(FqlTag tag)
{
	uint64		word = pg_atomic_read_u64(&shared->words[fql_word_of(tag, FQL_PART_ANY)]);
	uint64		everything = pg_atomic_read_u64(&shared->words[fql_word_of_everything()]);
	uint64		clock = Max(word >> PENDING_BITS, everything >> PENDING_BITS);

	return (clock << PENDING_BITS) | ((word & PENDING_MASK) + (everything & PENDING_MASK));
}

bool
fql_word_is_pending(uint64 word)
{
	return (word & PENDING_MASK) != 0;
}

uint64
fql_word_clock(uint64 word)
{
	return word >> PENDING_BITS;
}

uint32
fql_word_pending(uint64 word)
{
	return (uint32) (word & PENDING_MASK);
}

uint32
fql_words_last(void)
{
	return fql_word_of_everything();
}

uint64
fql_word_at(uint32 index)
{
	return pg_atomic_read_u64(&shared->words[index]);
}

static bool
word_is_still(uint32 index, uint64 clock)
{
	uint64		word = pg_atomic_read_u64(&shared->words[index]);

	return !fql_word_is_pending(word) && fql_word_clock(word) <= clock;
}

static bool
part_is_still(FqlTag tag, int part, uint64 clock)
{
	return word_is_still(fql_word_of(tag, part), clock);
}

bool
fql_tag_holds(FqlTag tag, uint64 clock)
{
	return part_is_still(tag, FQL_PART_ANY, clock) && word_is_still(fql_word_of_everything(), clock);
}

/* See "Which words" above. */
bool
fql_tag_holds_for(FqlTag tag, FqlColumns columns, uint64 clock)
{
	if (!word_is_still(fql_word_of_everything(), clock))
		return false;
	if (part_is_still(tag, FQL_PART_ANY, clock))
		return true;
	if (!part_is_still(tag, FQL_PART_ROWS, clock))
		return false;
	while (columns != 0)
	{
		int			column = pg_rightmost_one_pos64(columns);

		if (!part_is_still(tag, FQL_PART_COLUMN + column, clock))
			return false;
		columns &= columns - 1;
	}
	return true;
}

/*
 * The fence.  The words lie anywhere, and an atomic operation waits for its memory, so the memory is asked for ahead.
 */

static void
prefetch_word(const uint32 *words, uint32 count, uint32 i)
{
	if (i < count)
		fql_compat_prefetch(&shared->words[words[i]]);
}

void
fql_fence_raise(const uint32 *words, uint32 count)
{
	if (shared == NULL || count == 0)
		return;
	fql_owner_raises(count);
	for (uint32 i = 0; i < count; i++)
	{
		prefetch_word(words, count, i + PREFETCH_DISTANCE);
		pg_atomic_fetch_add_u64(&shared->words[words[i]], 1);
	}
	fql_owner_has_raised();
}

/* Lower without a tick: the transaction changed nothing. */
void
fql_fence_lower(const uint32 *words, uint32 count)
{
	if (shared == NULL || count == 0)
		return;
	fql_owner_lowers();
	for (uint32 i = 0; i < count; i++)
		pg_atomic_fetch_sub_u64(&shared->words[words[i]], 1);
	fql_owner_has_lowered(count);
}

/* The word becomes (max(its clock, tick), pending - 1) in one step. */
static void
lower_with_tick(pg_atomic_uint64 *cell, uint64 tick)
{
	uint64		old = pg_atomic_read_u64(cell);
	uint64		new;

	do
	{
		uint64		clock = Max(old >> PENDING_BITS, tick);

		Assert((old & PENDING_MASK) > 0);
		new = (clock << PENDING_BITS) | ((old & PENDING_MASK) - 1);
	} while (!pg_atomic_compare_exchange_u64(cell, &old, new));
}

/* May not fail: the transaction has committed. */
void
fql_fence_lower_with_tick(const uint32 *words, uint32 count)
{
	uint64		tick;

	if (shared == NULL || count == 0)
		return;
	fql_owner_lowers();
	tick = pg_atomic_add_fetch_u64(&shared->clock, 1);
	FQL_TEST_POINT(ticked);
	for (uint32 i = 0; i < count; i++)
	{
		prefetch_word(words, count, i + PREFETCH_DISTANCE);
		lower_with_tick(&shared->words[words[i]], tick);
	}
	fql_owner_has_lowered(count);
}

/*
 * No transaction, no fence: what is told to have changed has changed already.  A fill that reads the clock after this
 * began sees that; one that read it before finds the words moved when this has returned.
 */
void
fql_tags_tick(const FqlTag *tags, uint32 count)
{
	uint64		tick = pg_atomic_add_fetch_u64(&shared->clock, 1);

	for (uint32 i = 0; i < count; i++)
	{
		pg_atomic_uint64 *cell = &shared->words[fql_word_of(tags[i], FQL_PART_ANY)];
		uint64		old = pg_atomic_read_u64(cell);

		while (!pg_atomic_compare_exchange_u64(cell, &old, (Max(old >> PENDING_BITS, tick) << PENDING_BITS) |
											   (old & PENDING_MASK)))
			;
	}
}

/*
 * Set-up.  The table has a power of two of lines, at most as many as the setting has room for.
 */
static uint32
line_total(void)
{
	uint64		lines = (uint64) fql_tag_table_size * 1024 * 1024 / (LINE_WORDS * sizeof(pg_atomic_uint64));

	return (uint32) 1 << pg_leftmost_one_pos64(lines);
}

/* With one line more, for the word of everything. */
static uint64
word_total(void)
{
	return ((uint64) line_total() + 1) * LINE_WORDS;
}

Size
fql_words_shmem_size(void)
{
	return add_size(offsetof(FqlSharedWords, words), mul_size(word_total(), sizeof(pg_atomic_uint64)));
}

void
fql_words_shmem_init(bool found, void *memory, uint64 seed)
{
	FqlSharedWords *table = memory;

	if (!found)
	{
		table->seed = seed;
		table->line_mask = line_total() - 1;
		pg_atomic_init_u64(&table->clock, 1);
		for (uint64 i = 0; i < word_total(); i++)
			pg_atomic_init_u64(&table->words[i], 0);
	}
	shared = table;
	fql_tags_set_seed(table->seed);
}
