/*
 * operations.c
 *    What each operation of each role has cost, and what the cache has saved of it: a table of fixed size in shared
 *    memory.
 *
 * An operation is a database, a role and a normalized text without its literals; it has a slot, which a chained hash
 * finds.  Two hashes stand for the text, one of which has the server's secret seed, so nobody can write two operations
 * that would be counted as one.
 *
 * Hits.  A hit takes no lock and looks nothing up.  The request that the backend remembers has a tally, which remembers
 * where the role's hits are counted: a slot, and its generation, which is another one for each operation that the slot
 * is given to.  A slot counts hits in some stripes, each a cache line of its own, chosen by the number of the process,
 * so that those who ask for the same do not wait for each other's line.  A stripe holds the generation and the count in
 * one word, and a hit swaps the word for one that counts one more: so no hit is counted for an operation that has got
 * the slot meanwhile (but for one who comes back after exactly 2^20 others had it).
 *
 * All other calls cost an execution, or nearly: they find the slot, under the lock shared, and add to its figures
 * under its spinlock.  What becomes of them is counted in that slot, if it is still the operation's: so no row has
 * more executions than calls, whenever a reset comes.
 *
 * A full table.  Who executes an operation that has no slot takes one: of some that a hand points at, that of the least
 * used operation.  Use is what it has been called since it was looked at last, and what it was then, a little less for
 * each look: so what has not been called for long goes, and what is called all the time stays, however many operations
 * are asked once.  The hand moves by a step that has no divisor in common with the table's size, so it sees every slot
 * once a round, and not together those that came together.  A hit on an operation without a slot takes a free one, but
 * another one's only at each 64th, lest hits queue up at the lock: until then they wait in the tally.
 *
 * Lock: fraiseql_operations, exclusive while an operation gets a slot, and for a reset; innermost.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/string.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "guc.h"
#include "operations.h"
#include "response.h"
#include "shmem.h"
#include "store.h"

/* All bits are set, as empty_buckets() has it. */
#define NO_SLOT PG_UINT32_MAX

/* Slots that are looked at to find one that is little used, and what is left of an operation's use after each look. */
#define LOOKS 16
#define DECAY (31.0 / 32)

/* Of the hits on an operation without a slot, each of this many asks for one. */
#define PATIENCE 64

/* A stripe's word: the generation in its upper bits, the count in those below. */
#define STRIPES 8
#define COUNT_BITS 44
#define COUNT_MAX ((UINT64CONST(1) << COUNT_BITS) - 1)
#define GENERATION_MAX ((1U << (64 - COUNT_BITS)) - 1)

typedef union Stripe
{
	pg_atomic_uint64 word;
	char		pad[PG_CACHE_LINE_SIZE];
} Stripe;

/* Guarded by the lock, but for the figures: by the spinlock too.  The generation is also in the stripes. */
typedef struct Slot
{
	uint64		id;
	uint64		check;
	Oid			database;
	Oid			role;
	uint32		next;			/* of its bucket */
	uint32		generation;
	bool		is_mutation;
	TimestampTz first_seen;
	double		use;
	uint64		calls_at_look;
	slock_t		mutex;
	FqlOperationFigures figures;
	char		name[FQL_OPERATION_NAME_SIZE];
	char		text[FQL_OPERATION_TEXT_SIZE];
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) Stripe hits[STRIPES];
} Slot;

typedef struct SharedOperations
{
	pg_atomic_uint32 resets;
	uint32		used;			/* slots below it are */
	uint32		hand;
	uint32		step;
	uint32		bucket_mask;
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) Slot slots[FLEXIBLE_ARRAY_MEMBER];
} SharedOperations;

/* Behind the slots: the bucket's first slot. */
static uint32 *buckets = NULL;
static SharedOperations *shared = NULL;
static LWLock *operations_lock = NULL;

/* Is anything counted? */
static bool
is_on(void)
{
	return shared != NULL && fql_operation_stats_max > 0;
}

FqlTally *
fql_tally_make(FqlStr text, FqlStr name, bool is_mutation)
{
	FqlTally   *tally = palloc0(sizeof(FqlTally));

	tally->text = text;
	tally->name = name;
	tally->is_mutation = is_mutation;
	tally->id = hash_bytes_extended((const unsigned char *) text.data, (int) text.len, 0);
	if (fql_shmem_is_there())
		tally->check = fql_store_hash(text.data, text.len);
	return tally;
}

/*
 * Slots
 */

static uint32 *
bucket_of(uint64 check, Oid database, Oid role)
{
	uint64		hash = hash_combine64(check, ((uint64) database << 32) | role);

	return &buckets[hash & shared->bucket_mask];
}

/* With the lock, shared at least. */
static uint32
find_slot(const FqlTally *tally, Oid role)
{
	uint32		index = *bucket_of(tally->check, MyDatabaseId, role);

	while (index != NO_SLOT)
	{
		const Slot *slot = &shared->slots[index];

		if (slot->check == tally->check && slot->id == tally->id && slot->role == role &&
			slot->database == MyDatabaseId)
			return index;
		index = slot->next;
	}
	return NO_SLOT;
}

static uint64
slot_hits(Slot *slot)
{
	uint64		hits = 0;

	for (int i = 0; i < STRIPES; i++)
		hits += pg_atomic_read_u64(&slot->hits[i].word) & COUNT_MAX;
	return hits;
}

/* With the lock, exclusive: nobody adds to the figures. */
static uint64
slot_calls(Slot *slot)
{
	return slot_hits(slot) + slot->figures.misses + slot->figures.bypasses;
}

/* From here on no hit is counted for who had the slot. */
static void
next_generation(Slot *slot)
{
	slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
	for (int i = 0; i < STRIPES; i++)
		pg_atomic_write_u64(&slot->hits[i].word, (uint64) slot->generation << COUNT_BITS);
}

/* What the operation of a slot has been used lately. */
static double
look_at(Slot *slot)
{
	uint64		calls = slot_calls(slot);

	slot->use = slot->use * DECAY + (double) (calls - slot->calls_at_look);
	slot->calls_at_look = calls;
	return slot->use;
}

static uint32
least_used_slot(void)
{
	uint32		count = (uint32) fql_operation_stats_max;
	uint32		least = NO_SLOT;
	double		least_use = 0;

	for (uint32 i = 0; i < Min(LOOKS, count); i++)
	{
		double		use = look_at(&shared->slots[shared->hand]);

		if (least == NO_SLOT || use < least_use)
		{
			least = shared->hand;
			least_use = use;
		}
		shared->hand = (shared->hand + shared->step) % count;
	}
	return least;
}

static void
unlink_slot(uint32 index)
{
	Slot	   *slot = &shared->slots[index];
	uint32	   *link = bucket_of(slot->check, slot->database, slot->role);

	while (*link != index)
		link = &shared->slots[*link].next;
	*link = slot->next;
}

/* The beginning of a text, ended by NUL.  Without literals GraphQL is ASCII, so no character is cut. */
static void
copy_beginning(char *target, size_t size, FqlStr text)
{
	size_t		len = Min(text.len, size - 1);

	if (len > 0)
		memcpy(target, text.data, len);
	target[len] = '\0';
	Assert(pg_is_ascii(target));
}

static void
fill_slot(uint32 index, const FqlTally *tally, Oid role, TimestampTz now)
{
	Slot	   *slot = &shared->slots[index];
	uint32	   *bucket = bucket_of(tally->check, MyDatabaseId, role);

	slot->id = tally->id;
	slot->check = tally->check;
	slot->database = MyDatabaseId;
	slot->role = role;
	slot->is_mutation = tally->is_mutation;
	slot->first_seen = now;
	slot->use = 0;
	slot->calls_at_look = 0;
	memset(&slot->figures, 0, sizeof(slot->figures));
	copy_beginning(slot->name, sizeof(slot->name), tally->name);
	copy_beginning(slot->text, sizeof(slot->text), tally->text);
	slot->next = *bucket;
	*bucket = index;
}

/* With the lock, exclusive.  *replaced: another operation has lost its slot. */
static uint32
take_slot(const FqlTally *tally, Oid role, TimestampTz now, bool *replaced)
{
	uint32		index;

	if (shared->used < (uint32) fql_operation_stats_max)
		index = shared->used++;
	else
	{
		index = least_used_slot();
		*replaced = true;
		unlink_slot(index);
	}
	next_generation(&shared->slots[index]);
	fill_slot(index, tally, role, now);
	return index;
}

/*
 * The operation's slot, with the lock held.  Where it has none, it gets one; if the table is full, only if it "must":
 * else NO_SLOT, without the lock.
 */
static uint32
lock_slot(const FqlTally *tally, Oid role, bool must, bool *replaced)
{
	TimestampTz now;
	uint32		index;

	*replaced = false;
	LWLockAcquire(operations_lock, LW_SHARED);
	index = find_slot(tally, role);
	if (index != NO_SLOT)
		return index;
	must = must || shared->used < (uint32) fql_operation_stats_max;
	LWLockRelease(operations_lock);
	if (!must)
		return NO_SLOT;
	now = GetCurrentTimestamp();
	LWLockAcquire(operations_lock, LW_EXCLUSIVE);
	index = find_slot(tally, role);
	return index != NO_SLOT ? index : take_slot(tally, role, now, replaced);
}

/* After the lock was let go.  Which one it was is not for everybody: the client may ask for these messages. */
static void
report_replaced(bool replaced)
{
	if (replaced)
		ereport(DEBUG1,
				(errmsg_internal("fraiseql.operation_stats has no room: another operation gives way")));
}

/*
 * Hits
 */

/* Count hits at a place.  False: it is another operation's by now, or none was known. */
static bool
count_hits(FqlTallyPlace place, uint64 hits)
{
	pg_atomic_uint64 *word = &shared->slots[place.slot].hits[fql_compat_proc_number() % STRIPES].word;
	uint64		value = pg_atomic_read_u64(word);

	do
	{
		if (value >> COUNT_BITS != place.generation)
			return false;
		if ((value & COUNT_MAX) + hits > COUNT_MAX)
			return true;
	} while (!pg_atomic_compare_exchange_u64(word, &value, value + hits));
	return true;
}

/* A hit where no place is known: it waits, and now and then a place is asked for. */
static void
hit_without_place(const FqlTally *tally, FqlTallyRole *by)
{
	bool		replaced;
	uint32		index;

	if (by->waiting++ % PATIENCE != 0)
		return;
	index = lock_slot(tally, by->role, by->waiting > 1, &replaced);
	if (index == NO_SLOT)
		return;
	by->place = (FqlTallyPlace){index, shared->slots[index].generation};
	if (pg_atomic_read_u32(&shared->resets) != by->resets)
		by->waiting = 1;
	count_hits(by->place, by->waiting);
	LWLockRelease(operations_lock);
	by->waiting = 0;
	report_replaced(replaced);
}

void
fql_tally_hit(FqlTally *tally, Oid role)
{
	FqlTallyRole *by = &tally->roles[role % FQL_TALLY_ROLES];
	uint32		resets;

	if (!is_on())
		return;
	if (by->role == role && by->place.generation != 0 && count_hits(by->place, 1))
		return;
	resets = pg_atomic_read_u32(&shared->resets);
	if (by->role != role || by->place.generation != 0 || by->resets != resets)
		*by = (FqlTallyRole){.role = role, .resets = resets};
	hit_without_place(tally, by);
}

/*
 * All other events
 */

/* The sum of both; the later reason. */
static void
add_figures(FqlOperationFigures *sum, const FqlOperationFigures *more)
{
	sum->misses += more->misses;
	sum->bypasses += more->bypasses;
	sum->rejected += more->rejected;
	sum->errors += more->errors;
	sum->executions += more->executions;
	sum->rows += more->rows;
	sum->bytes += more->bytes;
	sum->total_ms += more->total_ms;
	sum->max_ms = Max(sum->max_ms, more->max_ms);
	sum->last_executed_at = Max(sum->last_executed_at, more->last_executed_at);
	if (more->last_reason == FQL_REASON_NONE)
		return;
	sum->last_reason = more->last_reason;
	sum->last_reason_at = more->last_reason_at;
}

static void
add_to_slot(Slot *slot, const FqlOperationFigures *event)
{
	SpinLockAcquire(&slot->mutex);
	add_figures(&slot->figures, event);
	SpinLockRelease(&slot->mutex);
}

/* A miss or a bypass: from here on it is known where the rest of it is counted. */
static void
count_call(FqlTally *tally, Oid role, const FqlOperationFigures *event)
{
	bool		replaced;
	uint32		index;

	if (!is_on())
		return;
	index = lock_slot(tally, role, true, &replaced);
	add_to_slot(&shared->slots[index], event);
	tally->call = (FqlTallyPlace){index, shared->slots[index].generation};
	LWLockRelease(operations_lock);
	report_replaced(replaced);
}

/* What belongs to a call that was counted there. */
static void
count_more(FqlTallyPlace call, const FqlOperationFigures *event)
{
	Slot	   *slot = &shared->slots[call.slot];

	Assert(call.generation != 0);
	LWLockAcquire(operations_lock, LW_SHARED);
	if (slot->generation == call.generation)
		add_to_slot(slot, event);
	LWLockRelease(operations_lock);
}

void
fql_tally_miss(FqlTally *tally, Oid role)
{
	count_call(tally, role, &(FqlOperationFigures){.misses = 1});
}

void
fql_tally_bypass(FqlTally *tally, Oid role, FqlReason reason)
{
	count_call(tally, role, &(FqlOperationFigures){
		.bypasses = 1, .last_reason = reason, .last_reason_at = GetCurrentTimestamp()
	});
}

void
fql_tally_reject(FqlTallyPlace call, FqlReason reason)
{
	if (is_on())
		count_more(call, &(FqlOperationFigures){
			.rejected = 1, .last_reason = reason, .last_reason_at = GetCurrentTimestamp()
		});
}

void
fql_tally_unexecuted(FqlTallyPlace call, const text *response)
{
	uint64		objects;
	bool		has_errors;

	if (!is_on())
		return;
	fql_response_figures(response, &objects, &has_errors);
	if (has_errors)
		count_more(call, &(FqlOperationFigures){.errors = 1});
}

FqlTallyRun
fql_tally_begin(const FqlTally *tally)
{
	FqlTallyRun run = {.call = tally->call};

	INSTR_TIME_SET_CURRENT(run.start);
	return run;
}

void
fql_tally_end(const FqlTallyRun *run, const text *response)
{
	FqlOperationFigures event = {.executions = 1, .bytes = VARSIZE_ANY_EXHDR(response)};
	instr_time	duration;
	bool		has_errors;

	if (!is_on())
		return;
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, run->start);
	event.total_ms = event.max_ms = INSTR_TIME_GET_MILLISEC(duration);
	fql_response_figures(response, &event.rows, &has_errors);
	event.errors = has_errors ? 1 : 0;
	event.last_executed_at = GetCurrentTimestamp();
	count_more(run->call, &event);
}

/*
 * Looking, and beginning anew
 */

/* With the lock, shared at least. */
static void
describe_slot(Slot *slot, FqlOperationInfo *info)
{
	info->database = slot->database;
	info->role = slot->role;
	info->id = slot->id;
	info->is_mutation = slot->is_mutation;
	info->first_seen = slot->first_seen;
	info->hits = slot_hits(slot);
	memcpy(info->name, slot->name, sizeof(info->name));
	memcpy(info->text, slot->text, sizeof(info->text));
	SpinLockAcquire(&slot->mutex);
	info->figures = slot->figures;
	SpinLockRelease(&slot->mutex);
}

bool
fql_operations_next(uint32 *position, FqlOperationInfo *info)
{
	bool		found;

	if (!is_on())
		return false;
	LWLockAcquire(operations_lock, LW_SHARED);
	found = *position < shared->used;
	if (found)
		describe_slot(&shared->slots[(*position)++], info);
	LWLockRelease(operations_lock);
	return found;
}

static void
empty_buckets(void)
{
	memset(buckets, 0xff, mul_size(shared->bucket_mask + 1, sizeof(uint32)));
}

void
fql_operations_reset(void)
{
	if (!is_on())
		return;
	LWLockAcquire(operations_lock, LW_EXCLUSIVE);
	for (uint32 index = 0; index < shared->used; index++)
		next_generation(&shared->slots[index]);
	empty_buckets();
	shared->used = 0;
	pg_atomic_fetch_add_u32(&shared->resets, 1);
	LWLockRelease(operations_lock);
}

/*
 * Sizes and set-up
 */

static Size
slots_size(void)
{
	return add_size(offsetof(SharedOperations, slots), mul_size(fql_operation_stats_max, sizeof(Slot)));
}

static uint32
bucket_count(void)
{
	return pg_nextpower2_32((uint32) Max(fql_operation_stats_max, 1));
}

Size
fql_operations_shmem_size(void)
{
	return add_size(slots_size(), mul_size(bucket_count(), sizeof(uint32)));
}

/* A step of about the golden part of the table that comes to every slot: one that has no divisor in common with it. */
static uint32
hand_step(uint32 count)
{
	uint32		step = Max((uint32) (count * 0.618), 1);

	for (;; step++)
	{
		uint32		divisor = step;
		uint32		rest = count;

		while (rest != 0)
		{
			uint32		remainder = divisor % rest;

			divisor = rest;
			rest = remainder;
		}
		if (divisor <= 1)
			return step;
	}
}

void
fql_operations_shmem_init(bool found, void *memory, LWLock *lock)
{
	shared = memory;
	buckets = (uint32 *) ((char *) memory + slots_size());
	operations_lock = lock;
	if (found)
		return;
	memset(memory, 0, slots_size());
	pg_atomic_init_u32(&shared->resets, 0);
	shared->step = hand_step((uint32) fql_operation_stats_max);
	shared->bucket_mask = bucket_count() - 1;
	empty_buckets();
	for (int index = 0; index < fql_operation_stats_max; index++)
	{
		SpinLockInit(&shared->slots[index].mutex);
		for (int i = 0; i < STRIPES; i++)
			pg_atomic_init_u64(&shared->slots[index].hits[i].word, 0);
	}
}
