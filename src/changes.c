/*
 * changes.c
 *    Which rows the current transaction has changed: what a cascade is made of.
 *
 * Tags (touched.c) say which answers a transaction makes invalid; they are hashes, and cannot be turned back into rows.
 * A cascade names rows, so they are remembered here too: relation, id, and what happened.  The list is a journal in the
 * order of the changes.  It is bounded by fraiseql.cascade_max_entities; what comes after that is only known to exist.
 *
 * A row is listed again only when that says something new: an update of a row that was created or updated before does
 * not.  So a transaction that changes few rows often has a short list.  Each change knows the one before of the same
 * row, and a table finds the last of each row.
 *
 * Savepoints.  A change carries the number of its subtransaction.  Numbers grow, and subtransactions end like a stack:
 * when number n is rolled back, the changes of n and of those begun within it are the last of the list, with numbers of
 * at least n, and are taken off its end.  That rows were left out is not taken back: it says no more than "there may be
 * others".
 *
 * Memory lives in one context, emptied when the transaction ends.  Ids are stored as they are; most are passed by value
 * or are uuids, which need no memory of their own.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "changes.h"
#include "guc.h"

#define NO_CHANGE PG_UINT32_MAX

typedef struct Change
{
	Oid			relation;
	Oid			id_type;
	SubTransactionId subtransaction;
	FqlChangeKind kind;
	uint32		hash;			/* of relation and id */
	uint32		earlier;		/* the change before of the same row, or NO_CHANGE */
	int16		length;			/* of the id, as typlen */
	bool		by_value;
	Datum		id;				/* a pointer where it is not by value: to "inline_id" or into the context */
	char		inline_id[UUID_LEN];
} Change;

static Change *journal = NULL;
static uint32 count = 0;
static uint32 capacity = 0;
static uint32 mark = 0;			/* where somebody reads from later */
static bool truncated = false;
static MemoryContext context = NULL;

/* The id of a change, wherever the journal has moved to. */
static Datum
id_of(const Change *change)
{
	return change->id_type == UUIDOID ? PointerGetDatum(change->inline_id) : change->id;
}

static bool
is_same_row(uint32 a, uint32 b)
{
	const Change *one = &journal[a];
	const Change *other = &journal[b];

	return one->hash == other->hash && one->relation == other->relation && one->id_type == other->id_type &&
		datumIsEqual(id_of(one), id_of(other), one->by_value, one->length);
}

/* The last change of each row. */
typedef struct LastChange
{
	uint32		change;
	uint32		status;
} LastChange;

#define SH_PREFIX lastset
#define SH_ELEMENT_TYPE LastChange
#define SH_KEY_TYPE uint32
#define SH_KEY change
#define SH_HASH_KEY(table, key) (journal[key].hash)
#define SH_EQUAL(table, a, b) is_same_row(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static lastset_hash *last = NULL;

/* Room for one more; each part is made on its own, so that running out of memory leaves nothing half made. */
static void
make_room(void)
{
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "fraiseql changes", ALLOCSET_SMALL_SIZES);
	if (journal == NULL)
	{
		journal = MemoryContextAlloc(context, 16 * sizeof(Change));
		capacity = 16;
	}
	if (last == NULL)
		last = lastset_create(context, 16, NULL);
	if (count == capacity)
	{
		journal = repalloc(journal, mul_size(mul_size(capacity, 2), sizeof(Change)));
		capacity *= 2;
	}
}

static uint32
hash_id(const Change *change)
{
	Datum		id = id_of(change);

	if (change->by_value)
		return hash_combine(murmurhash32(change->relation),
							hash_bytes((const unsigned char *) &id, (int) sizeof(id)));
	return hash_combine(murmurhash32(change->relation),
						hash_bytes((const unsigned char *) DatumGetPointer(id),
								   (int) datumGetSize(id, false, change->length)));
}

/* Store the id.  A long one is copied flat, so that it lives as long as the list, and equal ones have equal bytes. */
static void
set_id(Change *change, const FqlColumnSets *sets, Datum id)
{
	change->id_type = sets->id.type;
	change->length = sets->id.length;
	change->by_value = sets->id.by_value;
	if (change->id_type == UUIDOID)
		memcpy(change->inline_id, DatumGetPointer(id), UUID_LEN);
	else if (change->by_value)
		change->id = id;
	else
	{
		MemoryContext previous = MemoryContextSwitchTo(context);

		change->id = change->length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(id)) :
			datumCopy(id, false, change->length);
		MemoryContextSwitchTo(previous);
	}
}

/* An id that is longer than this is no id that a client would ask by. */
#define LONGEST_ID 255

static bool
is_too_long(const FqlColumnSets *sets, Datum id)
{
	return sets->id.length == -1 && toast_raw_datum_size(id) > LONGEST_ID + VARHDRSZ;
}

/* Does the change say what the last one of its row has said already, to whoever reads from the mark on? */
static bool
says_nothing_new(uint32 earlier, FqlChangeKind kind)
{
	return earlier != NO_CHANGE && earlier >= mark && kind == FQL_CHANGE_UPDATED &&
		journal[earlier].kind != FQL_CHANGE_DELETED;
}

/* Rows that are listed may be listed again, so that what is said of them stays true; but not for ever. */
#define CHANGES_PER_ENTITY 4

static bool
is_full(bool is_new_row)
{
	uint64		entities = (uint64) fql_cascade_max_entities;

	return count >= (is_new_row ? entities : entities * CHANGES_PER_ENTITY);
}

static void
add_change(const FqlColumnSets *sets, FqlChangeKind kind, Datum id)
{
	Change	   *change;
	LastChange *entry;
	bool		found;

	make_room();
	change = &journal[count];
	change->relation = sets->relation;
	change->kind = kind;
	change->subtransaction = GetCurrentSubTransactionId();
	set_id(change, sets, id);
	change->hash = hash_id(change);
	entry = lastset_lookup(last, count);
	change->earlier = entry == NULL ? NO_CHANGE : entry->change;
	if (says_nothing_new(change->earlier, kind))
		return;
	if (is_full(entry == NULL))
	{
		truncated = true;
		return;
	}
	if (entry == NULL)
		entry = lastset_insert(last, count, &found);
	entry->change = count++;
}

static void
change_one(const FqlColumnSets *sets, FqlChangeKind kind, TupleTableSlot *row)
{
	bool		isnull;
	Datum		id = slot_getattr(row, sets->id.column, &isnull);

	if (isnull || is_too_long(sets, id))
		truncated = true;
	else
		add_change(sets, kind, id);
}

static bool
is_same_id(const FqlColumnSets *sets, TupleTableSlot *old, TupleTableSlot *new)
{
	bool		old_isnull;
	bool		new_isnull;
	Datum		before = slot_getattr(old, sets->id.column, &old_isnull);
	Datum		after = slot_getattr(new, sets->id.column, &new_isnull);

	return old_isnull == new_isnull &&
		(old_isnull || datum_image_eq(before, after, sets->id.by_value, sets->id.length));
}

void
fql_change_row(const FqlColumnSets *sets, FqlChangeKind kind, TupleTableSlot *old, TupleTableSlot *new)
{
	if (sets->id.column == InvalidAttrNumber)
		truncated = true;
	else if (kind == FQL_CHANGE_UPDATED && !is_same_id(sets, old, new))
	{
		change_one(sets, FQL_CHANGE_DELETED, old);
		change_one(sets, FQL_CHANGE_CREATED, new);
	}
	else
		change_one(sets, kind, kind == FQL_CHANGE_DELETED ? old : new);
}

void
fql_change_unnamed(void)
{
	truncated = true;
}

bool
fql_changes_are_truncated(void)
{
	return truncated;
}

uint32
fql_changes_mark(void)
{
	mark = count;
	return mark;
}

/* Is it the first change of its row from there on? */
static bool
is_first(uint32 change, uint32 from)
{
	return journal[change].earlier == NO_CHANGE || journal[change].earlier < from;
}

/* From the first change of a row and the last one.  False: the row came and went, so nobody else has seen it. */
static bool
take_together(FqlChangeKind first, FqlChangeKind final, FqlChangeKind *kind)
{
	if (first == FQL_CHANGE_CREATED && final == FQL_CHANGE_DELETED)
		return false;
	if (final == FQL_CHANGE_DELETED || first == FQL_CHANGE_UPDATED)
		*kind = final == FQL_CHANGE_CREATED ? FQL_CHANGE_UPDATED : final;
	else
		*kind = first == FQL_CHANGE_CREATED ? FQL_CHANGE_CREATED : FQL_CHANGE_UPDATED;
	return true;
}

bool
fql_change_next(uint32 from, uint32 *position, FqlChange *change)
{
	while (*position < count)
	{
		uint32		i = (*position)++;
		const Change *first = &journal[i];
		const Change *final = &journal[lastset_lookup(last, i)->change];

		if (is_first(i, from) && take_together(first->kind, final->kind, &change->kind))
		{
			change->relation = first->relation;
			change->id_type = first->id_type;
			change->id = id_of(first);
			return true;
		}
	}
	return false;
}

/* Dates are written as in JSON, whatever the session's style. */
char *
fql_change_id(const FqlChange *change)
{
	int			utc = 0;
	Oid			output;
	bool		is_varlena;

	if (change->id_type == DATEOID || change->id_type == TIMESTAMPOID || change->id_type == TIMESTAMPTZOID)
		return JsonEncodeDateTime(palloc(MAXDATELEN + 1), change->id, change->id_type,
								  change->id_type == TIMESTAMPTZOID ? &utc : NULL);
	getTypeOutputInfo(change->id_type, &output, &is_varlena);
	return OidOutputFunctionCall(output, change->id);
}

/*
 * The end of transactions and subtransactions
 */

static void
forget(void)
{
	if (context != NULL && journal != NULL)
		MemoryContextReset(context);
	journal = NULL;
	last = NULL;
	count = 0;
	capacity = 0;
	mark = 0;
	truncated = false;
}

/* Take the changes of a subtransaction off the end of the list.  The table never grows here, so nothing can fail. */
static void
take_back(SubTransactionId subtransaction)
{
	while (count > 0 && journal[count - 1].subtransaction >= subtransaction)
	{
		LastChange *entry = lastset_lookup(last, count - 1);

		Assert(entry != NULL && entry->change == count - 1);
		if (journal[count - 1].earlier == NO_CHANGE)
			lastset_delete_item(last, entry);
		else
			entry->change = journal[count - 1].earlier;
		count--;
	}
	mark = Min(mark, count);
}

static void
xact_callback(XactEvent event, void *arg pg_attribute_unused())
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			forget();
			break;
		default:
			break;
	}
}

static void
subxact_callback(SubXactEvent event, SubTransactionId mine, SubTransactionId parent pg_attribute_unused(),
				 void *arg pg_attribute_unused())
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		take_back(mine);
}

void
fql_changes_init(void)
{
	RegisterXactCallback(xact_callback, NULL);
	RegisterSubXactCallback(subxact_callback, NULL);
}
