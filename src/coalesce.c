/*
 * coalesce.c
 *    One execution for all who miss the same answer at the same time: who executes, who waits, and for what.
 *
 * What a follower gets is never the leader's memory.  It looks into the cache again, as if it had just come, and
 * everything that a hit must be is asked of what it finds there (words.c, holds.c).  This file decides who executes and
 * who sleeps.  Were it wrong in that, calls would wait or execute in vain, and all answers would be right.  (The one
 * thing that an answer hangs on here is who may have what was left for a herd; see below.)
 *
 * Executions have numbers, in the order in which they begin.  Each belongs to one herd, and a herd has one at a time.
 *
 * Answers that followers may not find.  A write overtakes the execution, or the answer has errors in it.  If they
 * then executed one after the other, a key that is written all the time would have a queue; if all executed at once,
 * there would be a herd again.  So the leader leaves its answer in the cache under a key that only this herd knows, and
 * only for as long as this takes (share.c, vary.c):
 *   - one with errors has all its tags, so it is asked whether it still holds, like every answer: for all who wait;
 *   - one that a write has overtaken, or may yet, holds for nobody who comes now.  But who had joined the herd before
 *     the execution began may have it.  Let A be the time at which a follower joined, B > A that at which the execution
 *     began.  The leader took its number under the lock at B, and received invalidation messages and took its snapshot
 *     after that (execute.c, steps 1 to 3); so it saw whatever had been committed and acknowledged by A.  The follower
 *     returns later.  The answer is thus what executing would have returned at an instant within its own call, which
 *     is all that an execution of its own would have promised.  The same holds for privileges and definitions: they
 *     were asked after B, or, what the request's validation asked before, has not changed until the end
 *     (hand_over() in share.c).
 * A follower who came during an execution that was overtaken is there before the next one begins.  So no one waits for
 * more than the rest of one execution and the whole of another, however often the key is written.  Where even that
 * serves nobody (leaders are cancelled, definitions change), the followers execute after the second time.
 *
 * Deadlock.  A follower waits for a process, which PostgreSQL's deadlock detector does not know.  A cycle through a
 * follower would need somebody who waits for something that the follower holds.  So only a process that holds no lock
 * of the lock manager waits: fql_coalesce_may_wait().  That leaves out every transaction that has read or written a
 * table, has locked one, or holds an advisory lock.  Its own virtual transaction is left, for which CREATE INDEX
 * CONCURRENTLY and its like wait: a leader that needs a lock which is wanted behind one of these closes a cycle.  That,
 * and what nobody has thought of, ends by fraiseql.coalesce_timeout.  A call within a call neither waits nor leads
 * (execute.c).
 *
 * A leader that is stuck.  The first follower whose time is over takes its place, so that those who come later wait for
 * that one.  What the old leader finds in the end goes into the cache, and is no concern of the herd's any more.
 *
 * A leader's end.  Success, error and cancel all pass fql_coalesce_end() or fql_coalesce_call_ends(); a session that is
 * terminated passes the callback at its exit.  A process that is killed takes the whole server's shared memory with it.
 *
 * There is a place for a herd for each process, and a process is in one herd at most: places cannot run out.
 *
 * Everything is guarded by one lock, held for some dozens of instructions; only misses come here.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "portability/instr_time.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "coalesce.h"
#include "compat.h"
#include "guc.h"
#include "testpoint.h"

#define NO_HERD UINT32_MAX

/* Keys whose answers could not be shared are not waited for during this time. */
#define REFUSED_SECONDS 60
#define REFUSED_KEYS 1024

/* After so many executions in a row that served nobody, more would only make the others queue. */
#define MOST_IN_VAIN 2

typedef struct FqlSharedHerd
{
	uint64		hash;
	uint32		next;			/* in its bucket, or among the free places */
	uint32		members;		/* leaders, and those who wait or have just been woken; 0: a free place */
	uint32		leaders;		/* of these, those who execute, also one that another has taken the place of */
	uint32		earlier;		/* members but for the leader when the execution began */
	bool		is_executing;
	bool		is_refused;
	bool		handed_to_all;
	bool		has_failed;		/* the last leader */
	uint8		in_vain;		/* executions in a row that served none of those who had been there before */
	uint64		execution;		/* the number of the last one that began */
	uint64		handed_over;	/* the last one whose answer was left for the herd; 0: none */
	FqlPlace	left;			/* where */
	ConditionVariable ended;
} FqlSharedHerd;

typedef struct FqlRefusedKey
{
	uint64		hash;
	TimestampTz until;
} FqlRefusedKey;

typedef struct FqlSharedCoalescing
{
	uint64		last_execution;
	uint32		free;
	uint32		bucket_mask;
	FqlCoalescingTotals totals; /* but for in_flight, waiting and waited */
	FqlCoalescingTotals before_reset;	/* of all times before: executions, saved, and how many waited */
	FqlHistogram waited;
	FqlRefusedKey refused[REFUSED_KEYS];
	FqlSharedHerd herds[FLEXIBLE_ARRAY_MEMBER]; /* then the buckets */
} FqlSharedCoalescing;

static FqlSharedCoalescing *shared = NULL;
static uint32 *buckets = NULL;
static LWLock *coalesce_lock = NULL;

/* What this process is in its herd, and in the call under way. */
static struct
{
	uint32		herd;
	uint64		execution;		/* the one that it leads; 0: none */
	uint64		joined;			/* the last execution that had begun by then, in whichever herd */
	uint64		awaited;		/* the execution that it waits for; 0: none, it is to look again */
	uint64		looked_for;		/* the execution whose answer it has looked for last; 0: none */
	bool		is_alone;		/* and is counted as one that executes */
	bool		has_waited;		/* in this call */
	bool		is_counted;		/* its wait is in the totals */
	instr_time	since;			/* when it began to wait */
}			me = {.herd = NO_HERD};

/* Answers that were left for a herd and are of use to nobody any more: removed when the lock is free again. */
typedef struct Leftovers
{
	int			count;
	FqlPlace	places[2];
} Leftovers;

/*
 * Herds, under the lock
 */

static uint32 *
bucket_of(uint64 hash)
{
	return &buckets[hash & shared->bucket_mask];
}

static uint32
find_herd(uint64 hash)
{
	uint32		place = *bucket_of(hash);

	while (place != NO_HERD && shared->herds[place].hash != hash)
		place = shared->herds[place].next;
	return place;
}

static uint32
new_herd(uint64 hash)
{
	uint32		place = shared->free;
	FqlSharedHerd *herd = &shared->herds[place];

	Assert(place != NO_HERD);
	shared->free = herd->next;
	herd->hash = hash;
	herd->next = *bucket_of(hash);
	*bucket_of(hash) = place;
	herd->leaders = 0;
	herd->is_executing = false;
	herd->is_refused = false;
	herd->has_failed = false;
	herd->in_vain = 0;
	herd->execution = 0;
	herd->handed_over = 0;
	return place;
}

static void
free_herd(uint32 place)
{
	FqlSharedHerd *herd = &shared->herds[place];
	uint32	   *link = bucket_of(herd->hash);

	while (*link != place)
		link = &shared->herds[*link].next;
	*link = herd->next;
	herd->next = shared->free;
	shared->free = place;
}

static void
step_out(Leftovers *leftovers)
{
	FqlSharedHerd *herd = &shared->herds[me.herd];

	herd->members--;
	herd->leaders -= me.execution != 0;
	if (herd->members == 0)
	{
		if (herd->handed_over != 0)
			leftovers->places[leftovers->count++] = herd->left;
		free_herd(me.herd);
	}
	me.herd = NO_HERD;
	me.execution = 0;
}

static void
remove_leftovers(const Leftovers *leftovers)
{
	for (int i = 0; i < leftovers->count; i++)
		fql_cache_drop(&leftovers->places[i]);
}

static void
begin_execution(FqlSharedHerd *herd)
{
	herd->execution = me.execution = ++shared->last_execution;
	herd->is_executing = true;
	herd->leaders++;
	herd->earlier = herd->members - 1;
}

/* Does this process lead still?  Another one may have taken its place. */
static bool
is_leader_of(const FqlSharedHerd *herd)
{
	return me.execution != 0 && me.execution == herd->execution;
}

static FqlRefusedKey *
refused_key(uint64 hash)
{
	return &shared->refused[(hash >> 32) % REFUSED_KEYS];
}

static bool
is_refused(uint64 hash)
{
	const FqlRefusedKey *key = refused_key(hash);

	return key->hash == hash && key->until > GetCurrentTimestamp();
}

/*
 * Waits
 */

static uint64
microseconds_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MICROSEC(now);
}

/* Once a call. */
static void
count_wait(void)
{
	if (!me.has_waited || me.is_counted)
		return;
	me.is_counted = true;
	fql_histogram_add(&shared->waited, microseconds_since(me.since));
}

/* Milliseconds for which the process may go on to wait. */
static long
time_left(void)
{
	uint64		waited = microseconds_since(me.since) / 1000;

	return waited >= (uint64) fql_coalesce_timeout ? 0 : fql_coalesce_timeout - (long) waited;
}

/* Is the execution that this process waits for still under way? */
static bool
is_under_way(const FqlSharedHerd *herd)
{
	bool		under_way;

	LWLockAcquire(coalesce_lock, LW_SHARED);
	under_way = herd->is_executing && herd->execution == me.awaited;
	LWLockRelease(coalesce_lock);
	return under_way;
}

/* What ends without an error ends by itself.  At exit there is no PG_FINALLY. */
static void
abandon_at_exit(int code pg_attribute_unused(), Datum arg pg_attribute_unused())
{
	fql_coalesce_call_ends();
}

static void
prepare_for_exit(void)
{
	static bool is_prepared = false;

	if (is_prepared)
		return;
	before_shmem_exit(abandon_at_exit, (Datum) 0);
	is_prepared = true;
}

/*
 * The way of a miss
 */

/*
 * Locks that another process can wait for.  Lists and bits of one's own process change by oneself, but for one thing:
 * who wants a lock that conflicts moves ours from the bits to the lists, in this order: into the list, then out of the
 * bits, which compat.h reads under the lock that guards them.  So bits first, then lists.
 */
bool
fql_coalesce_may_wait(void)
{
	return InterruptHoldoffCount == 0 && QueryCancelHoldoffCount == 0 &&
		!fql_compat_holds_fast_path_locks() && !fql_compat_holds_listed_locks();
}

/* Execute for nobody else.  Under the lock. */
static void
be_alone(void)
{
	me.is_alone = true;
	shared->totals.executions++;
	count_wait();
}

/* Is there no point in waiting for executions of this herd? */
static bool
is_useless(const FqlSharedHerd *herd)
{
	return herd->is_refused || herd->in_vain >= MOST_IN_VAIN;
}

/* Under the lock. */
static FqlHerdRole
enter_herd(uint64 hash, bool may_wait)
{
	uint32		place = find_herd(hash);
	FqlSharedHerd *herd;

	if (place == NO_HERD ? is_refused(hash) :
		is_useless(&shared->herds[place]) || (!may_wait && shared->herds[place].is_executing))
	{
		be_alone();
		return FQL_HERD_ALONE;
	}
	me.herd = place == NO_HERD ? new_herd(hash) : place;
	me.joined = shared->last_execution;
	me.looked_for = 0;
	herd = &shared->herds[me.herd];
	herd->members++;
	if (herd->is_executing)
	{
		me.awaited = herd->execution;
		return FQL_HERD_FOLLOWER;
	}
	count_wait();
	begin_execution(herd);
	return FQL_HERD_LEADER;
}

FqlHerdRole
fql_coalesce_join(uint64 hash, bool may_wait)
{
	FqlHerdRole role;

	Assert(me.herd == NO_HERD);
	prepare_for_exit();
	LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
	role = enter_herd(hash, may_wait);
	LWLockRelease(coalesce_lock);
	return role;
}

/* The answer that was left for the herd, if this process may have it. */
static uint64
handed_over_to_me(const FqlSharedHerd *herd)
{
	return herd->handed_over != 0 && (herd->handed_to_all || herd->handed_over > me.joined) ? herd->handed_over : 0;
}

/* Execute.  If nobody has taken the place of who was waited for, take it; else alone. */
static void
end_patience(FqlSharedHerd *herd, Leftovers *leftovers)
{
	shared->totals.timeouts++;
	count_wait();
	if (herd->is_executing && herd->execution == me.awaited)
		begin_execution(herd);
	else
	{
		be_alone();
		step_out(leftovers);
	}
}

bool
fql_coalesce_wait(uint64 *handed_over)
{
	static uint32 wait_event = 0;
	FqlSharedHerd *herd = &shared->herds[me.herd];
	Leftovers	leftovers = {0};
	bool		in_time = true;

	if (!me.has_waited)
		INSTR_TIME_SET_CURRENT(me.since);
	me.has_waited = true;
	FQL_TEST_POINT(following);
	ConditionVariablePrepareToSleep(&herd->ended);
	while (in_time && is_under_way(herd))
	{
		long		left = time_left();

		in_time = left > 0;
		if (in_time)
			(void) ConditionVariableTimedSleep(&herd->ended, left,
											   fql_compat_wait_event("FraiseqlCoalesce", &wait_event));
	}
	(void) ConditionVariableCancelSleep();

	LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
	shared->totals.waits++;
	me.looked_for = *handed_over = handed_over_to_me(herd);
	in_time = in_time && time_left() > 0;
	if (!in_time)
		end_patience(herd, &leftovers);
	LWLockRelease(coalesce_lock);
	remove_leftovers(&leftovers);
	return in_time;
}

FqlHerdRole
fql_coalesce_go_on(uint64 hash)
{
	FqlHerdRole role = FQL_HERD_LEADER;
	FqlSharedHerd *herd = &shared->herds[me.herd];
	Leftovers	leftovers = {0};

	LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
	if (herd->hash != hash)
	{
		step_out(&leftovers);
		role = enter_herd(hash, true);
	}
	else if (handed_over_to_me(herd) > me.looked_for)
	{
		role = FQL_HERD_FOLLOWER;
		me.awaited = 0;
	}
	else if (herd->is_executing)
	{
		role = FQL_HERD_FOLLOWER;
		me.awaited = herd->execution;
	}
	else if (is_useless(herd))
	{
		role = FQL_HERD_ALONE;
		be_alone();
		step_out(&leftovers);
	}
	else
	{
		if (herd->has_failed)
			shared->totals.takeovers++;
		count_wait();
		begin_execution(herd);
	}
	LWLockRelease(coalesce_lock);
	remove_leftovers(&leftovers);
	return role;
}

/* What the herd has from the execution that this process leads. */
static void
end_execution(FqlSharedHerd *herd, FqlExecutionEnd how)
{
	herd->is_executing = false;
	herd->has_failed = how == FQL_END_FAILED;
	if (how == FQL_END_FAILED || (how == FQL_END_OVERTAKEN && herd->earlier > 0))
		herd->in_vain = Min(herd->in_vain + 1, MOST_IN_VAIN);
	else if (how != FQL_END_OVERTAKEN)
		herd->in_vain = 0;
	herd->is_refused = how == FQL_END_REFUSED;
	if (how == FQL_END_REFUSED)
		*refused_key(herd->hash) = (FqlRefusedKey){
			herd->hash, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), REFUSED_SECONDS * 1000)
		};
}

/* An answer was left for the herd: it takes the place of an earlier one. */
static void
take_over(FqlSharedHerd *herd, FqlExecutionEnd how, const FqlPlace *left, Leftovers *leftovers)
{
	if (herd->handed_over != 0)
		leftovers->places[leftovers->count++] = herd->left;
	herd->handed_over = herd->execution;
	herd->handed_to_all = how == FQL_END_HANDED_TO_ALL;
	herd->left = *left;
	shared->totals.handed_over++;
}

/*
 * End what this process leads, if it does, and leave.  "left": an answer that was left for the herd, or NULL.
 * "executed" and "served" are for the totals.
 */
static void
leave_herd(FqlExecutionEnd how, const FqlPlace *left, bool executed, bool served)
{
	FqlSharedHerd *herd = &shared->herds[me.herd];
	bool		led = me.execution != 0;
	Leftovers	leftovers = {0};

	LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
	if (is_leader_of(herd))
	{
		end_execution(herd, how);
		if (left != NULL)
			take_over(herd, how, left, &leftovers);
	}
	else if (left != NULL)
		leftovers.places[leftovers.count++] = *left;
	if (executed)
		shared->totals.executions++;
	count_wait();
	if (me.has_waited && served)
		shared->totals.saved++;
	step_out(&leftovers);
	LWLockRelease(coalesce_lock);
	/* the place may be another herd's by now, whose followers then look and sleep on */
	if (led)
		ConditionVariableBroadcast(&herd->ended);
	remove_leftovers(&leftovers);
}

void
fql_coalesce_leave(bool served)
{
	if (me.herd != NO_HERD)
		leave_herd(FQL_END_KEPT, NULL, false, served);
	else if (me.is_alone)
	{
		LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
		shared->totals.executions -= shared->totals.executions > 0;
		if (me.has_waited && served)
			shared->totals.saved++;
		LWLockRelease(coalesce_lock);
		me.is_alone = false;
	}
}

bool
fql_coalesce_leads(void)
{
	return me.execution != 0;
}

uint64
fql_coalesce_execution(bool for_all)
{
	const FqlSharedHerd *herd = &shared->herds[me.herd];
	uint64		number = 0;

	Assert(fql_coalesce_leads());
	LWLockAcquire(coalesce_lock, LW_SHARED);
	if (is_leader_of(herd) && herd->members > 1 && (for_all || herd->earlier > 0))
		number = me.execution;
	LWLockRelease(coalesce_lock);
	return number;
}

void
fql_coalesce_end(FqlExecutionEnd how, const FqlPlace *left)
{
	Assert(fql_coalesce_leads());
	FQL_TEST_POINT(execution_ends);
	leave_herd(how, how == FQL_END_HANDED_TO_ALL || how == FQL_END_HANDED_TO_EARLIER ? left : NULL, true, false);
}

void
fql_coalesce_call_ends(void)
{
	if (me.herd != NO_HERD)
	{
		(void) ConditionVariableCancelSleep();
		leave_herd(FQL_END_FAILED, NULL, me.execution != 0, false);
	}
	me.is_alone = me.has_waited = me.is_counted = false;
}

/*
 * Totals
 */

static void
count_herds(FqlCoalescingTotals *totals)
{
	for (uint32 place = 0; place < (uint32) MaxBackends; place++)
	{
		const FqlSharedHerd *herd = &shared->herds[place];

		if (herd->members == 0)
			continue;
		totals->in_flight += herd->is_executing;
		totals->waiting += herd->members - herd->leaders;
	}
}

/* Under the lock. */
static void
get_totals(FqlCoalescingTotals *totals)
{
	*totals = shared->totals;
	count_herds(totals);
	fql_histogram_sum_up(&shared->waited, &totals->waited);
}

void
fql_coalesce_totals(FqlCoalescingTotals *totals)
{
	if (shared == NULL)
	{
		memset(totals, 0, sizeof(*totals));
		totals->reset_at = MyStartTimestamp;
		return;
	}
	LWLockAcquire(coalesce_lock, LW_SHARED);
	get_totals(totals);
	LWLockRelease(coalesce_lock);
}

void
fql_coalesce_totals_ever(FqlCoalescingTotals *totals)
{
	LWLockAcquire(coalesce_lock, LW_SHARED);
	get_totals(totals);
	totals->executions += shared->before_reset.executions;
	totals->saved += shared->before_reset.saved;
	totals->waited.count += shared->before_reset.waited.count;
	LWLockRelease(coalesce_lock);
}

void
fql_coalesce_reset_totals(void)
{
	FqlCoalescingTotals totals;

	if (shared == NULL)
		return;
	LWLockAcquire(coalesce_lock, LW_EXCLUSIVE);
	get_totals(&totals);
	shared->before_reset.executions += totals.executions;
	shared->before_reset.saved += totals.saved;
	shared->before_reset.waited.count += totals.waited.count;
	memset(&shared->totals, 0, sizeof(shared->totals));
	fql_histogram_reset(&shared->waited);
	shared->totals.reset_at = GetCurrentTimestamp();
	LWLockRelease(coalesce_lock);
}

/*
 * Shared memory
 */

/* Only processes with a transaction come here, and they are counted in MaxBackends. */
static Size
herds_size(void)
{
	return add_size(offsetof(FqlSharedCoalescing, herds), mul_size(MaxBackends, sizeof(FqlSharedHerd)));
}

static uint32
bucket_count(void)
{
	return pg_nextpower2_32((uint32) MaxBackends);
}

Size
fql_coalesce_shmem_size(void)
{
	return add_size(herds_size(), mul_size(bucket_count(), sizeof(uint32)));
}

void
fql_coalesce_shmem_init(bool found, void *memory, LWLock *lock)
{
	shared = memory;
	buckets = (uint32 *) ((char *) memory + herds_size());
	coalesce_lock = lock;
	if (found)
		return;
	memset(memory, 0, herds_size());
	fql_histogram_init(&shared->waited);
	shared->bucket_mask = bucket_count() - 1;
	shared->totals.reset_at = GetCurrentTimestamp();
	for (uint32 place = 0; place < (uint32) MaxBackends; place++)
	{
		shared->herds[place].next = place + 1 < (uint32) MaxBackends ? place + 1 : NO_HERD;
		ConditionVariableInit(&shared->herds[place].ended);
	}
	for (uint32 bucket = 0; bucket < bucket_count(); bucket++)
		buckets[bucket] = NO_HERD;
}
