/*
 * touched.c
 *    What the current transaction changes, and the fence around its commit (I1).
 *
 * The words of touched tags are gathered in backend memory, each once.  At PRE_COMMIT the fence goes up on all of
 * them, and it comes down with a tick when the commit is visible and its messages and locks are out (words.c has the
 * protocol and its proof), or without one on abort.  At PRE_PREPARE it goes up likewise, in a table that keeps it until
 * somebody finds that the prepared transaction has ended (prepared.c).
 *
 * Words of a rolled-back savepoint stay: they cost a needless miss, and forgetting them needs bookkeeping that could
 * be wrong.
 *
 * Bounds.  A row has a handful of tags.  Past fraiseql.bulk_write_limit rows of one relation its rows are no longer
 * named: the relation as a whole is touched, together with its bulk tag, which every answer carries that depends on
 * named rows of the relation.  So memory is bounded by the limit times the number of relations written, and nothing
 * is missed.
 *
 * Nothing may fail after the commit, so what runs then neither allocates nor reports: the list of words is complete
 * and sized before PRE_COMMIT ends.
 *
 * A prepared transaction's list is shared memory, so it is bounded by a constant.  Where the words are more, the
 * relations whose rows were named are touched as a whole, and the words of their rows are left out.
 *
 * Without shared_preload_libraries there are no words; touching still remembers, so that a session knows what it has
 * changed itself.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "guc.h"
#include "prepared.h"
#include "queue.h"
#include "testpoint.h"
#include "touched.h"
#include "trail.h"
#include "words.h"

/* The touched words, as a set beside the list. */
typedef struct TouchedWord
{
	uint32		word;
	uint32		status;
	bool		is_of_rows;		/* touched for rows that fql_may_name_row() knows of, and for nothing else */
} TouchedWord;

#define SH_PREFIX wordset
#define SH_ELEMENT_TYPE TouchedWord
#define SH_KEY_TYPE uint32
#define SH_KEY word
#define SH_HASH_KEY(table, key) murmurhash32(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The relations whose rows were named, and how many of each. */
typedef struct WrittenRelation
{
	Oid			relation;
	uint32		status;
	int			rows;
	bool		is_bulk;		/* touched as a whole */
} WrittenRelation;

#define SH_PREFIX written
#define SH_ELEMENT_TYPE WrittenRelation
#define SH_KEY_TYPE Oid
#define SH_KEY relation
#define SH_HASH_KEY(table, key) murmurhash32(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Sizes to which the tables go back after a large transaction. */
#define SMALL_SET 256
#define SMALL_LIST 256

static MemoryContext context = NULL;
static wordset_hash *set = NULL;
static written_hash *relations = NULL;
static uint32 *list = NULL;
static uint32 count = 0;
static uint32 capacity = 0;
static bool fence_is_up = false;
static bool committed = false;	/* visible, not yet ticked */
static bool preparing = false;	/* from PRE_PREPARE on the fence is that of prepared.c */

/* Each is made on its own, so that running out of memory half-way leaves nothing that looks complete. */
static void
prepare_memory(void)
{
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "fraiseql touched", ALLOCSET_SMALL_SIZES);
	if (list == NULL)
	{
		list = MemoryContextAlloc(context, SMALL_LIST * sizeof(uint32));
		capacity = SMALL_LIST;
	}
	if (set == NULL)
		set = wordset_create(context, SMALL_SET / 2, NULL);
	if (relations == NULL)
		relations = written_create(context, 16, NULL);
}

static void
grow_list(void)
{
	if (count < capacity)
		return;
	list = repalloc_huge(list, mul_size(mul_size(capacity, 2), sizeof(uint32)));
	capacity *= 2;
}

/* A word that was touched while the fence is up. */
static void
fence_late(uint32 word)
{
	if (preparing)
		fql_prepared_hold(&word, 1);
	else if (fence_is_up)
		fql_fence_raise(&word, 1);
}

/*
 * Another extension may write in a PRE_COMMIT callback of its own that runs after ours (callbacks run last registered
 * first).  Its triggers then arrive here with the fence up, still before visibility: raise at once.  The list has
 * room before the word enters the set, and the word is in the list before its fence is up, so that an error in
 * between leaves nothing raised that is not listed, and nothing in the set that is not listed.
 */
static void
touch_word(uint32 word, bool is_of_rows)
{
	TouchedWord *touched;
	bool		found;

	prepare_memory();
	grow_list();
	touched = wordset_insert(set, word, &found);
	if (found)
	{
		touched->is_of_rows &= is_of_rows;
		return;
	}
	touched->is_of_rows = is_of_rows;
	list[count++] = word;
	fence_late(word);
}

static void
touch_rows(FqlTag tag, bool is_of_rows)
{
	touch_word(fql_word_of(tag, FQL_PART_ANY), is_of_rows);
	touch_word(fql_word_of(tag, FQL_PART_ROWS), is_of_rows);
}

void
fql_touch(FqlTag tag)
{
	touch_word(fql_word_of(tag, FQL_PART_ANY), false);
}

void
fql_touch_rows(FqlTag tag)
{
	touch_rows(tag, true);
}

void
fql_touch_columns(FqlTag tag, FqlColumns changed)
{
	touch_word(fql_word_of(tag, FQL_PART_ANY), true);
	while (changed != 0)
	{
		touch_word(fql_word_of(tag, FQL_PART_COLUMN + pg_rightmost_one_pos64(changed)), true);
		changed &= changed - 1;
	}
}

static bool
have_touched_part(FqlTag tag, int part)
{
	return wordset_lookup(set, fql_word_of(tag, part)) != NULL;
}

bool
fql_have_touched_anything(void)
{
	return count > 0;
}

bool
fql_have_touched(FqlTag tag)
{
	return count > 0 && have_touched_part(tag, FQL_PART_ANY);
}

bool
fql_have_touched_for(FqlTag tag, FqlColumns columns)
{
	if (!fql_have_touched(tag))
		return false;
	if (have_touched_part(tag, FQL_PART_ROWS))
		return true;
	for (; columns != 0; columns &= columns - 1)
	{
		if (have_touched_part(tag, FQL_PART_COLUMN + pg_rightmost_one_pos64(columns)))
			return true;
	}
	return false;
}

void
fql_touch_relation(Oid relation)
{
	touch_rows(fql_tag_relation(MyDatabaseId, relation), false);
	fql_touch(fql_tag_bulk(MyDatabaseId, relation));
}

/* An error while the relation is touched leaves it to the next row to try again. */
bool
fql_may_name_row(Oid relation)
{
	WrittenRelation *written;
	bool		found;

	prepare_memory();
	written = written_insert(relations, relation, &found);
	if (!found)
	{
		written->rows = 0;
		written->is_bulk = false;
	}
	if (written->is_bulk)
		return false;
	if (written->rows < fql_bulk_write_limit)
	{
		written->rows++;
		return true;
	}
	fql_touch_relation(relation);
	written->is_bulk = true;
	return false;
}

/*
 * A transaction without an xid has changed nothing (CREATE TABLE IF NOT EXISTS of one that exists), so it marks
 * nothing; a write in a later callback is still marked at once.
 */
static void
forget_if_nothing_changed(void)
{
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()) && count > 0)
	{
		wordset_reset(set);
		count = 0;
	}
}

/* I1: up before the commit can be visible. */
static void
raise_fence(void)
{
	Assert(!fence_is_up);
	forget_if_nothing_changed();
	fql_trail_make(list, count, FQL_QUEUE_LONGEST);
	fql_fence_raise(list, count);
	fence_is_up = true;
	FQL_TEST_POINT(fence_raised);
}

/* Touch the relations whose rows were named as a whole: then the words of their rows are not needed. */
static void
touch_relations(void)
{
	written_iterator iterator;
	WrittenRelation *written;

	if (relations == NULL)
		return;
	written_start_iterate(relations, &iterator);
	while ((written = written_iterate(relations, &iterator)) != NULL)
	{
		fql_touch_relation(written->relation);
		written->is_bulk = true;
	}
}

/* Forget the words of rows: out of the set too, since a late write may mean the same word for something else. */
static void
drop_words_of_rows(void)
{
	uint32		kept = 0;

	for (uint32 i = 0; i < count; i++)
	{
		if (wordset_lookup(set, list[i])->is_of_rows)
			wordset_delete(set, list[i]);
		else
			list[kept++] = list[i];
	}
	count = kept;
}

/* I1 for a transaction that will be prepared: a table holds the fence. */
static void
raise_fence_to_prepare(void)
{
	Assert(!fence_is_up && !preparing);
	forget_if_nothing_changed();
	if (count > FQL_PREPARED_WORDS)
	{
		touch_relations();
		drop_words_of_rows();
	}
	fql_trail_make(list, count, FQL_PREPARED_RECORD);
	preparing = true;
	fql_prepared_hold(list, count);
}

/* Empty the tables, or give them back if the transaction was large.  May not fail. */
static void
forget(void)
{
	fence_is_up = false;
	committed = false;
	preparing = false;
	fql_trail_forget();
	if (set != NULL && set->size > SMALL_SET)
	{
		wordset_destroy(set);
		set = NULL;
	}
	else if (set != NULL && set->members > 0)
		wordset_reset(set);
	if (capacity > SMALL_LIST)
	{
		pfree(list);
		list = NULL;
		capacity = 0;
	}
	if (relations != NULL && relations->size > SMALL_SET)
	{
		written_destroy(relations);
		relations = NULL;
	}
	else if (relations != NULL && relations->members > 0)
		written_reset(relations);
	count = 0;
}

/* I1: down only now, when every new snapshot sees the commit.  May not fail. */
static void
lower_fence_with_tick(void)
{
	if (fence_is_up)
		fql_fence_lower_with_tick(list, count);
	fql_trail_send();
	forget();
}

static void
lower_fence(void)
{
	if (fence_is_up)
		fql_fence_lower(list, count);
	if (preparing)
		fql_prepared_drop();
	forget();
}

/* The transaction goes on without us. */
static void
hand_over_fence(void)
{
	fql_prepared_keep();
	forget();
}

static void
xact_callback(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			raise_fence();
			break;
		case XACT_EVENT_COMMIT:
			committed = true;
			FQL_TEST_POINT(commit_visible);
			break;
		case XACT_EVENT_ABORT:
			/* an error after the commit (there should be none) does not undo it */
			if (committed)
				lower_fence_with_tick();
			else
				lower_fence();
			break;
		case XACT_EVENT_PRE_PREPARE:
			raise_fence_to_prepare();
			break;
		case XACT_EVENT_PREPARE:
			hand_over_fence();
			break;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			/* a parallel worker cannot write */
			forget();
			break;
	}
}

/* Resource owners of portals and subtransactions come by here too; only the committed transaction's end counts. */
static void
resource_callback(ResourceReleasePhase phase, bool is_commit, bool is_top_level,
				  void *arg pg_attribute_unused())
{
	if (is_commit && phase == RESOURCE_RELEASE_BEFORE_LOCKS && is_top_level)
		FQL_TEST_POINT(messages_pending);
	if (is_commit && phase == RESOURCE_RELEASE_AFTER_LOCKS && is_top_level)
		FQL_TEST_POINT(before_tick);
	if (committed && phase == RESOURCE_RELEASE_AFTER_LOCKS && is_top_level)
		lower_fence_with_tick();
}

void
fql_touched_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterResourceReleaseCallback(resource_callback, NULL);
}
