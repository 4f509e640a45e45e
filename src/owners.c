/*
 * owners.c
 *    Who holds a fence, and on how many words: so that a fence that nobody will lower can be told.
 *
 * A word counts the transactions that are about to commit, not who they are.  If one of them ended without lowering its
 * fence, the word would stay pending for good and nothing that depends on it would ever be served again; a fence
 * lowered twice would be the opposite, and worse.  So each process says in a slot of its own on how many words its
 * fence is.  validate_coherency() holds the words against the slots (fences.c).
 *
 * One slot a process, by the number of its PGPROC, on a cache line of its own: a commit pays four plain stores for it.
 * The slot's state is one 64-bit value, a number of changes and a number of words, that one process writes and others
 * read.  The number of changes is odd while the process moves words.
 *
 *   raise:  changes + 1 and words up | barrier | the words | barrier | changes + 1
 *   lower:  changes + 1 | barrier | the words | barrier | words down and changes + 1
 *
 * A fence that is handed to the table of prepared transactions, or taken from there, is counted on both sides for a
 * moment, while the process's number of changes is odd (prepared.c).
 *
 * Hence at every instant, each word that the process has raised is covered by a slot that says so.  And a reader who
 * finds a slot twice with no words and the same number of changes knows that none of what a word counted in between was
 * of this process.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/proc.h"

#include "compat.h"
#include "owners.h"

/* state = changes : 32 | words : 32 */
#define ONE_CHANGE (UINT64CONST(1) << 32)

typedef struct FqlSharedOwner
{
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 state;
	pg_atomic_uint32 pid;
} FqlSharedOwner;

static FqlSharedOwner *slots = NULL;

/* Every process that can run this code has a PGPROC below this number. */
int
fql_owner_count(void)
{
	return MaxBackends + NUM_AUXILIARY_PROCS;
}

static FqlSharedOwner *
my_slot(void)
{
	int			number;

	if (slots == NULL || MyProc == NULL)
		return NULL;
	number = fql_compat_proc_number();
	return number < fql_owner_count() ? &slots[number] : NULL;
}

/* Nobody else writes it, so reading and writing need not be one step. */
static void
add_to_state(uint64 difference)
{
	FqlSharedOwner *slot = my_slot();

	if (slot != NULL)
		pg_atomic_write_u64(&slot->state, pg_atomic_read_u64(&slot->state) + difference);
}

void
fql_owner_raises(uint32 words)
{
	FqlSharedOwner *slot = my_slot();

	if (slot != NULL && pg_atomic_read_u32(&slot->pid) != (uint32) MyProcPid)
		pg_atomic_write_u32(&slot->pid, (uint32) MyProcPid);
	pg_write_barrier();
	add_to_state(ONE_CHANGE + words);
	pg_write_barrier();
}

void
fql_owner_has_raised(void)
{
	pg_write_barrier();
	add_to_state(ONE_CHANGE);
}

void
fql_owner_lowers(void)
{
	add_to_state(ONE_CHANGE);
	pg_write_barrier();
}

void
fql_owner_has_lowered(uint32 words)
{
	pg_write_barrier();
	add_to_state(ONE_CHANGE - words);
}

void
fql_owners_read(FqlFenceOwner *owners)
{
	for (int i = 0; i < fql_owner_count(); i++)
	{
		uint64		state = pg_atomic_read_u64(&slots[i].state);

		owners[i].changes = (uint32) (state >> 32);
		owners[i].words = (uint32) state;
		pg_read_barrier();
		owners[i].pid = (int) pg_atomic_read_u32(&slots[i].pid);
	}
}

Size
fql_owners_shmem_size(void)
{
	return mul_size(fql_owner_count(), sizeof(FqlSharedOwner));
}

void
fql_owners_shmem_init(bool found, void *memory)
{
	FqlSharedOwner *table = memory;

	for (int i = 0; !found && i < fql_owner_count(); i++)
	{
		pg_atomic_init_u64(&table[i].state, 0);
		pg_atomic_init_u32(&table[i].pid, 0);
	}
	slots = table;
}
