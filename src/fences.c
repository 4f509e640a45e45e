/*
 * fences.c
 *    Looking whether the words agree with those who fence them: for validate_coherency().
 *
 * Every word's clock is at most the clock.  Each holder of a fence counts once in a word at most, and says somewhere
 * how many words he holds: a process in its slot (owners.c), a prepared transaction in its (prepared.c).  So at every
 * instant
 *   (a) no word counts more fences than there are holders;
 *   (b) all words together count as many as the holders say they have;
 *   (c) each holder that is a process is there and is in a transaction.
 * A fence that is up without one who will lower it contradicts (a), as soon as nobody else commits; one that was
 * lowered twice makes a count below zero, which reads as a very large one.
 *
 * While sessions commit, words and slots cannot be read in one instant.  What is said to be wrong is so all the same:
 *   (a) The slots are read before and after the word.  A slot without words, and with the same number of changes both
 *       times, had no part in what the word counted in between; all others may have.  If these are too few, no instant
 *       explains the count.  If they are enough, the word is read again some times, in the hope of a moment in which
 *       the others are gone.
 *   (b) is asked only if no slot changed from before the first word was read until after the last.
 *   (c) The slot must be the same before and after the process was looked for.
 * So load can hide a fence that was left up for as long as others always hold theirs, and can make none.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"

#include "coherency.h"
#include "owners.h"
#include "prepared.h"
#include "words.h"

/* Pauses of a millisecond that one call spends altogether in waiting for a moment in which others are gone. */
#define PATIENCE 500
#define PATIENCE_FOR_ONE 20

/* Words read between two looks for interrupts. */
#define INTERRUPT_WORDS 4096

typedef struct WordsCheck
{
	FqlFindings *findings;
	FqlFenceOwner *before;
	FqlFenceOwner *after;
	int			patience;
	uint64		clock;			/* as read some time ago */
	uint64		pending;		/* the sum so far */
} WordsCheck;

/* Processes, then prepared transactions. */
static int
holder_count(void)
{
	return fql_owner_count() + fql_prepared_slot_count();
}

static FqlFenceOwner *
owners_array(void)
{
	return palloc(mul_size(holder_count(), sizeof(FqlFenceOwner)));
}

static void
read_holders(FqlFenceOwner *holders)
{
	fql_owners_read(holders);
	fql_prepared_read(holders + fql_owner_count());
}

static bool
same_owner(const FqlFenceOwner *one, const FqlFenceOwner *other)
{
	return one->changes == other->changes && one->words == other->words;
}

/* How many may have had a fence up at some instant between the two readings. */
static uint32
possible_holders(const FqlFenceOwner *before, const FqlFenceOwner *after)
{
	uint32		holders = 0;

	for (int i = 0; i < holder_count(); i++)
		if (after[i].words != 0 || !same_owner(&before[i], &after[i]))
			holders++;
	return holders;
}

/* One look at a word that counts fences: too many (with the number of holders), or not. */
static bool
counts_too_many(WordsCheck *check, uint32 index, uint32 *pending, uint32 *holders)
{
	read_holders(check->before);
	pg_memory_barrier();
	*pending = fql_word_pending(fql_word_at(index));
	pg_memory_barrier();
	read_holders(check->after);
	*holders = possible_holders(check->before, check->after);
	return *pending > *holders;
}

/* (a) */
static void
check_pending_word(WordsCheck *check, uint32 index)
{
	uint32		pending;
	uint32		holders;

	for (int look = 0; look < PATIENCE_FOR_ONE; look++)
	{
		CHECK_FOR_INTERRUPTS();
		if (counts_too_many(check, index, &pending, &holders))
		{
			fql_found(check->findings, FQL_INVARIANT_FENCES,
					  "word %u counts %u transactions in commit, where there are at most %u", index, pending, holders);
			return;
		}
		if (pending == 0 || check->patience == 0)
			return;
		check->patience--;
		pg_usleep(1000);
	}
}

/* A word never shows a time that has not come: the clock is advanced first. */
static void
check_word_clock(WordsCheck *check, uint32 index, uint64 word)
{
	if (fql_word_clock(word) <= check->clock)
		return;
	pg_memory_barrier();
	check->clock = fql_clock_read();
	if (fql_word_clock(word) > check->clock)
		fql_found(check->findings, FQL_INVARIANT_FRESHNESS,
				  "word %u changed at " UINT64_FORMAT ", and the clock shows " UINT64_FORMAT, index,
				  fql_word_clock(word), check->clock);
}

static void
check_words(WordsCheck *check)
{
	uint32		last = fql_words_last();

	check->clock = fql_clock_read();
	for (uint64 index = 0; index <= last; index++)
	{
		uint64		word = fql_word_at((uint32) index);

		if (index % INTERRUPT_WORDS == 0)
			CHECK_FOR_INTERRUPTS();
		if (word == 0)
			continue;
		check_word_clock(check, (uint32) index, word);
		check->pending += fql_word_pending(word);
		if (fql_word_is_pending(word))
			check_pending_word(check, (uint32) index);
	}
}

/* (b): has nobody raised or lowered a fence since "begin" was read?  Then what do they say they have? */
static bool
nothing_moved(const FqlFenceOwner *begin, const FqlFenceOwner *end, uint64 *words)
{
	*words = 0;
	for (int i = 0; i < holder_count(); i++)
	{
		if (!same_owner(&begin[i], &end[i]) || end[i].changes % 2 != 0)
			return false;
		*words += end[i].words;
	}
	return true;
}

/*
 * pg_stat_activity.state of a client's session, which says "idle" only between transactions' work; other processes may
 * say so while they commit.  NULL: it is none, or does not tell.  Wants a connected SPI.
 */
static char *
activity_state(int pid)
{
	const char *query = "SELECT state FROM pg_catalog.pg_stat_get_activity($1) WHERE backend_type = 'client backend'";
	Oid			types[] = {INT4OID};
	Datum		values[] = {Int32GetDatum(pid)};

	/* as of now, not as of an earlier look of this transaction */
	pgstat_clear_backend_activity_snapshot();
	if (SPI_execute_with_args(query, 1, types, values, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		return NULL;
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/* Why the process cannot be in a commit, or NULL. */
static const char *
why_not_committing(int pid)
{
	char	   *state;

	if (pid == MyProcPid)
		return "is this session";
	if (BackendPidGetProc(pid) == NULL)
		return "is gone";
	state = activity_state(pid);
	return state != NULL && strncmp(state, "idle", 4) == 0 ? "waits for a statement" : NULL;
}

/* (c) */
static void
check_owners(FqlFindings *findings)
{
	FqlFenceOwner *owners = owners_array();
	FqlFenceOwner *again = owners_array();

	fql_owners_read(owners);
	for (int i = 0; i < fql_owner_count(); i++)
	{
		const char *why;

		if (owners[i].words == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		why = why_not_committing(owners[i].pid);
		if (why == NULL)
			continue;
		pg_memory_barrier();
		fql_owners_read(again);
		if (same_owner(&owners[i], &again[i]) && owners[i].pid == again[i].pid)
			fql_found(findings, FQL_INVARIANT_FENCES, "process %d has a fence on %u words, and %s", owners[i].pid,
					  owners[i].words, why);
	}
}

void
fql_fences_check(FqlFindings *findings)
{
	FqlFenceOwner *begin = owners_array();
	WordsCheck	check = {
		.findings = findings, .before = owners_array(), .after = owners_array(), .patience = PATIENCE
	};
	uint64		words;

	read_holders(begin);
	pg_memory_barrier();
	check_words(&check);
	pg_memory_barrier();
	read_holders(check.after);
	if (nothing_moved(begin, check.after, &words) && words != check.pending)
		fql_found(findings, FQL_INVARIANT_FENCES,
				  "the words count " UINT64_FORMAT " fences, and holders have " UINT64_FORMAT, check.pending, words);
	check_owners(findings);
}
