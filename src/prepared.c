/*
 * prepared.c
 *    Prepared transactions: their fences, held until they have ended, and those that are older than the server's start.
 *
 * PREPARE TRANSACTION parts a transaction from its session.  Any backend may end it later, logical replication too, and
 * no hook tells an extension so.  So its fence, which is raised before PREPARE as it is before COMMIT, is handed to a
 * table in shared memory: the transaction id and the words.  Whoever is about to execute an operation, and the worker
 * each round, looks whether transactions of the table have ended, and for each ticks and lowers.  Until somebody looks,
 * the words are pending: answers that the transaction may have changed are executed, and neither served nor kept.
 *
 * When has it ended?  COMMIT PREPARED makes the transaction visible, sends its invalidation messages, and then
 * releases its locks, among them the one on its own transaction id, which it has held without a gap since the id was
 * assigned (PREPARE hands it over).  The tick must come after the messages (words.c), so the test is that this lock
 * can be had, and not only that the transaction is no longer in progress.  Nobody can end it before its backend has
 * called fql_prepared_keep(): until then PostgreSQL says that it is busy.  Whether it was committed or rolled back
 * makes no difference to the fence: a tick too many is a needless miss.
 *
 * Exactly once.  A slot is taken by a compare-and-swap on "taken"; its words are written and raised by the backend
 * that prepares; "xid" makes it the table's.  Whoever finds the transaction ended swaps "xid" for none, and who
 * succeeds in that lowers the fence, sends the record of the cascade (trail.c) if the transaction has committed, and
 * then gives the slot free.  Nothing in between can fail or be interrupted.  No lock of ours is needed, and a process
 * that is killed in between takes the shared memory with it.
 *
 * Transaction ids have 32 bits.  A slot's id cannot be assigned again while its transaction is prepared, and after it
 * has ended only 2^32 transactions later, when the worker has looked many times; even then the fence would only stay
 * up until that other transaction ends.
 *
 * Room.  A slot has FQL_PREPARED_WORDS words; a transaction with more raises the fence on everything (words.c), so
 * touched.c names tables instead of rows first.  There is a slot for each transaction that can be prepared, and one for
 * each backend that is about to; those whose transaction has ended are looked for before saying that none is free.
 *
 * Start.  Prepared transactions outlive shared memory, so after a start there may be some without a fence.  Nothing is
 * kept until they have ended: until no snapshot, and no lock on a transaction id, has one from before the first fill.
 * The lock, again, because a transaction that is visible may not have sent its messages yet.  A standby that has been
 * promoted has recovered the locks of its prepared transactions before it leaves recovery, and fills nothing earlier.
 */
#include "postgres.h"

#include "access/twophase.h"
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "compat.h"
#include "prepared.h"
#include "testpoint.h"
#include "trail.h"
#include "words.h"
#include "xid.h"

typedef struct FqlSharedSlot
{
	pg_atomic_uint32 taken;
	pg_atomic_uint32 xid;		/* the prepared transaction; invalid: not prepared yet, or being retired */
	pg_atomic_uint64 state;		/* for the validator, as in owners.c: changes : 32 | words : 32 */
	bool		has_everything; /* the fence on everything is among the words */
	uint32		count;
	uint32		words[FQL_PREPARED_WORDS + 1];
	uint32		record_length;	/* 0: none */
	union
	{
		FqlTrail	trail;		/* aligned for its first part */
		char		bytes[FQL_PREPARED_RECORD];
	}			record;
} FqlSharedSlot;

typedef struct FqlSharedPrepared
{
	pg_atomic_uint64 start_mark;	/* the next transaction id as of the first fill; 0: none yet */
	pg_atomic_uint32 start_is_over;
	pg_atomic_uint32 kept;		/* slots with a transaction id, or about to have one */
	uint32		slot_count;
	FqlSharedSlot slots[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedPrepared;

static FqlSharedPrepared *shared = NULL;

/* The slot of the transaction that this backend is about to prepare. */
static FqlSharedSlot *mine = NULL;
static TransactionId my_xid = InvalidTransactionId;

/*
 * Preparing
 */

static FqlSharedSlot *
find_free_slot(void)
{
	for (uint32 i = 0; i < shared->slot_count; i++)
	{
		FqlSharedSlot *slot = &shared->slots[i];
		uint32		free = 0;

		if (pg_atomic_read_u32(&slot->taken) == 0 && pg_atomic_compare_exchange_u32(&slot->taken, &free, 1))
			return slot;
	}
	return NULL;
}

static void
take_slot(void)
{
	my_xid = GetTopTransactionId();
	mine = find_free_slot();
	if (mine == NULL)
	{
		fql_prepared_retire();
		mine = find_free_slot();
	}
	if (mine == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("no room for the fence of one more prepared transaction"),
				 errhint("Increase max_prepared_transactions, or restart the server.")));
	mine->count = 0;
	mine->has_everything = false;
	FQL_TEST_POINT(slot_taken);
}

/* Where no transaction can be prepared, PREPARE will fail without our help. */
void
fql_prepared_hold(const uint32 *words, uint32 count)
{
	uint32		everything = fql_word_of_everything();

	if (shared == NULL || shared->slot_count == 0 || count == 0)
		return;
	if (mine == NULL)
		take_slot();
	if (mine->has_everything)
		return;
	if (count > FQL_PREPARED_WORDS - mine->count)
	{
		words = &everything;
		count = 1;
		mine->has_everything = true;
	}
	memcpy(mine->words + mine->count, words, count * sizeof(uint32));
	mine->count += count;
	FQL_TEST_POINT(slot_filled);
	fql_fence_raise(words, count);
	FQL_TEST_POINT(prepare_fenced);
}

/* Say how many words the table holds with this slot.  Who hands them over is the only one who writes. */
static void
set_held(FqlSharedSlot *slot, uint32 words)
{
	uint64		changes = pg_atomic_read_u64(&slot->state) >> 32;

	pg_write_barrier();
	pg_atomic_write_u64(&slot->state, ((changes + 2) << 32) | words);
}

void
fql_prepared_keep(void)
{
	if (mine == NULL)
		return;
	FQL_TEST_POINT(prepared);
	pg_atomic_fetch_add_u32(&shared->kept, 1);
	fql_owner_lowers();
	set_held(mine, mine->count);
	fql_owner_has_lowered(mine->count);
	FQL_TEST_POINT(handing_over);
	mine->record_length = fql_trail_keep(mine->record.bytes);
	pg_memory_barrier();
	pg_atomic_write_u32(&mine->xid, my_xid);
	mine = NULL;
}

static void
free_slot(FqlSharedSlot *slot)
{
	pg_memory_barrier();
	pg_atomic_write_u32(&slot->taken, 0);
}

void
fql_prepared_drop(void)
{
	if (mine == NULL)
		return;
	fql_fence_lower(mine->words, mine->count);
	free_slot(mine);
	mine = NULL;
}

/*
 * Retiring
 */

/* In progress is asked first: it is cheaper, and mostly the answer. */
static bool
has_ended(TransactionId xid)
{
	return !TransactionIdIsInProgress(xid) && fql_compat_transaction_lock_is_free(xid);
}

/*
 * Has the transaction, which has ended, committed?  The server has forgotten that if nobody has looked for a million
 * transactions; then a record too many is better than one that is missing.
 */
static bool
has_committed(TransactionId xid)
{
	LOCAL_FCINFO(call, 1);
	Datum		status;

	InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
	call->args[0].value = FullTransactionIdGetDatum(fql_xid_widen(xid));
	call->args[0].isnull = false;
	status = pg_xact_status(call);
	return call->isnull || strcmp(TextDatumGetCString(status), "committed") == 0;
}

static void
retire_slot(FqlSharedSlot *slot, TransactionId xid)
{
	bool		committed = has_committed(xid);
	uint32		expected = xid;

	FQL_TEST_POINT(found_ended);
	if (!pg_atomic_compare_exchange_u32(&slot->xid, &expected, InvalidTransactionId))
		return;
	FQL_TEST_POINT(retiring);
	fql_owner_raises(slot->count);
	set_held(slot, 0);
	fql_owner_has_raised();
	fql_fence_lower_with_tick(slot->words, slot->count);
	if (committed)
		fql_trail_send_kept(slot->record.bytes, slot->record_length);
	FQL_TEST_POINT(retired);
	pg_atomic_fetch_sub_u32(&shared->kept, 1);
	free_slot(slot);
	ereport(DEBUG1,
			(errmsg_internal("fraiseql has lowered the fence of prepared transaction %u", xid)));
}

bool
fql_prepared_any(void)
{
	return shared != NULL && pg_atomic_read_u32(&shared->kept) > 0;
}

void
fql_prepared_retire(void)
{
	if (!fql_prepared_any())
		return;
	for (uint32 i = 0; i < shared->slot_count; i++)
	{
		FqlSharedSlot *slot = &shared->slots[i];
		TransactionId xid = pg_atomic_read_u32(&slot->xid);

		CHECK_FOR_INTERRUPTS();
		if (TransactionIdIsValid(xid) && has_ended(xid))
			retire_slot(slot, xid);
	}
}

static bool
slot_has(const FqlSharedSlot *slot, uint32 word)
{
	uint32		count = Min(slot->count, FQL_PREPARED_WORDS + 1);

	for (uint32 i = 0; i < count; i++)
		if (slot->words[i] == word)
			return true;
	return false;
}

/*
 * A slot's words are those of its transaction if it had it before and after they were read.  One that has ended does
 * not count, whether or not somebody has found that.
 */
bool
fql_prepared_touches(FqlTag tag)
{
	uint32		any = fql_word_of(tag, FQL_PART_ANY);

	if (!fql_prepared_any())
		return false;
	for (uint32 i = 0; i < shared->slot_count; i++)
	{
		FqlSharedSlot *slot = &shared->slots[i];
		TransactionId xid = pg_atomic_read_u32(&slot->xid);
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (!TransactionIdIsValid(xid) || !TransactionIdIsInProgress(xid))
			continue;
		pg_read_barrier();
		found = slot_has(slot, any) || slot_has(slot, fql_word_of_everything());
		pg_read_barrier();
		if (found && pg_atomic_read_u32(&slot->xid) == xid)
			return true;
	}
	return false;
}

/*
 * For the validator
 */

int
fql_prepared_slot_count(void)
{
	return (int) shared->slot_count;
}

void
fql_prepared_read(FqlFenceOwner *slots)
{
	for (uint32 i = 0; i < shared->slot_count; i++)
	{
		uint64		state = pg_atomic_read_u64(&shared->slots[i].state);

		slots[i] = (FqlFenceOwner){.changes = (uint32) (state >> 32), .words = (uint32) state};
	}
}

/*
 * The server's start
 */

/* Does anybody hold the lock on a transaction id from before the mark, as a transaction does until its end? */
static bool
old_lock_is_held(uint64 mark)
{
	LockData   *data = GetLockStatusData();
	bool		found = false;

	for (int i = 0; i < data->nelements && !found; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		found = lock->locktag.locktag_type == LOCKTAG_TRANSACTION &&
			(lock->holdMask & LOCKBIT_ON(ExclusiveLock)) != 0 &&
			U64FromFullTransactionId(fql_xid_widen(lock->locktag.locktag_field1)) < mark;
	}
	pfree(data->locks);
	pfree(data);
	return found;
}

/* The next transaction id as of the first call after the start. */
static uint64
start_mark(void)
{
	uint64		mark = pg_atomic_read_u64(&shared->start_mark);

	if (mark == 0)
	{
		(void) pg_atomic_compare_exchange_u64(&shared->start_mark, &mark,
											  U64FromFullTransactionId(ReadNextFullTransactionId()));
		mark = pg_atomic_read_u64(&shared->start_mark);
	}
	return mark;
}

/* The snapshot is asked first, since looking at all locks is expensive. */
bool
fql_prepared_start_is_over(void)
{
	uint64		mark;

	if (pg_atomic_read_u32(&shared->start_is_over) != 0)
		return true;
	mark = start_mark();
	FQL_TEST_POINT(start_marked);
	if (U64FromFullTransactionId(fql_xid_widen(GetTransactionSnapshot()->xmin)) < mark)
		return false;
	FQL_TEST_POINT(start_snapshot_passed);
	if (old_lock_is_held(mark))
		return false;
	FQL_TEST_POINT(start_passed);
	pg_memory_barrier();
	pg_atomic_write_u32(&shared->start_is_over, 1);
	return true;
}

/*
 * Set-up
 */

/* None where nothing can be prepared. */
static uint32
slot_total(void)
{
	return max_prepared_xacts == 0 ? 0 : (uint32) max_prepared_xacts + (uint32) MaxBackends;
}

Size
fql_prepared_shmem_size(void)
{
	return add_size(offsetof(FqlSharedPrepared, slots), mul_size(slot_total(), sizeof(FqlSharedSlot)));
}

/* Without slots there is no prepared transaction to wait for either: a server that had one would not have started. */
void
fql_prepared_shmem_init(bool found, void *memory)
{
	shared = memory;
	if (found)
		return;
	memset(shared, 0, fql_prepared_shmem_size());
	shared->slot_count = slot_total();
	pg_atomic_init_u64(&shared->start_mark, 0);
	pg_atomic_init_u32(&shared->start_is_over, shared->slot_count == 0 ? 1 : 0);
	pg_atomic_init_u32(&shared->kept, 0);
	for (uint32 i = 0; i < shared->slot_count; i++)
	{
		pg_atomic_init_u32(&shared->slots[i].taken, 0);
		pg_atomic_init_u32(&shared->slots[i].xid, InvalidTransactionId);
		pg_atomic_init_u64(&shared->slots[i].state, 0);
	}
}
