/*
 * queue.c
 *    From committing backends to the worker: a bounded queue of records in shared memory, without a lock.
 *
 * A committing backend must not wait for anybody, and nothing may fail any more.  So it reserves room by one atomic
 * step, copies its record, and marks it ready; where there is no room, the record is lost and counted.  What is lost is
 * detail: freshness is settled before, by words.c.
 *
 * The queue is a ring of bytes.  Positions only grow; a position modulo the size is a place.  Between "taken" and
 * "reserved" lie records, each behind a word that says how long it is: 0 until the record is complete.
 *
 *   writer   reserve [p, p + n) by compare-and-swap, if p + n - taken <= size
 *            copy the record | write barrier | set the word in front of it
 *   worker   read the word at "taken"; 0: nothing, or not yet
 *            read barrier | copy the record out | fill its bytes with zeros | write barrier | advance "taken"
 *
 * A word is 0 when its place is reserved, since the worker left zeros before it gave the place back.  The worker waits
 * for the oldest record, though younger ones may be ready; its writer is between two lines of fql_queue_put(), where it
 * cannot be interrupted.  If it is killed, the server starts anew, and so does the queue.  A record does not wrap
 * around the end: what is left there is reserved with it, and marked as a gap.
 */
#include "postgres.h"

#include "port/atomics.h"
#include "storage/shmem.h"

#include "guc.h"
#include "queue.h"

#define ALIGNMENT 8

/* The word in front of a record: its length in bytes, the word and what it is rounded up by included. */
#define LENGTH(word) ((uint32) (word))
#define GAP (UINT64CONST(1) << 63)

/* How much the record is rounded up by. */
#define PADDING_SHIFT 32
#define PADDING(word) ((uint32) ((word) >> PADDING_SHIFT) & (ALIGNMENT - 1))

typedef struct FqlSharedQueue
{
	uint64		size;
	pg_atomic_uint64 lost;
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 reserved;
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) pg_atomic_uint64 taken;
	pg_attribute_aligned(PG_CACHE_LINE_SIZE) char bytes[FLEXIBLE_ARRAY_MEMBER];
} FqlSharedQueue;

static FqlSharedQueue *queue = NULL;

static pg_atomic_uint64 *
word_at(uint64 position)
{
	return (pg_atomic_uint64 *) (queue->bytes + position % queue->size);
}

/* Reserve room for n bytes in one piece: *begin.  Marks a gap before it where the end of the ring is too near. */
static bool
reserve(uint64 n, uint64 *begin)
{
	uint64		position = pg_atomic_read_u64(&queue->reserved);
	uint64		gap;

	do
	{
		uint64		to_end = queue->size - position % queue->size;

		gap = to_end < n ? to_end : 0;
		if (position + gap + n - pg_atomic_read_u64(&queue->taken) > queue->size)
			return false;
	} while (!pg_atomic_compare_exchange_u64(&queue->reserved, &position, position + gap + n));
	if (gap > 0)
		pg_atomic_write_u64(word_at(position), GAP | gap);
	*begin = position + gap;
	return true;
}

void
fql_queue_count_lost(void)
{
	if (queue != NULL)
		pg_atomic_fetch_add_u64(&queue->lost, 1);
}

bool
fql_queue_put(const char *record, uint32 length)
{
	uint64		needed = TYPEALIGN(ALIGNMENT, sizeof(uint64) + length);
	uint64		padding = needed - sizeof(uint64) - length;
	uint64		begin;

	Assert(length > 0 && length <= FQL_QUEUE_LONGEST);
	if (queue == NULL)
		return false;
	if (!reserve(needed, &begin))
	{
		fql_queue_count_lost();
		return false;
	}
	memcpy((char *) word_at(begin) + sizeof(uint64), record, length);
	pg_write_barrier();
	pg_atomic_write_u64(word_at(begin), needed | padding << PADDING_SHIFT);
	return true;
}

/* Give the oldest bytes back, as zeros. */
static void
give_back(uint64 position, uint32 length)
{
	memset((char *) word_at(position), 0, length);
	pg_write_barrier();
	pg_atomic_write_u64(&queue->taken, position + length);
}

uint32
fql_queue_take(char *buffer)
{
	for (;;)
	{
		uint64		position = pg_atomic_read_u64(&queue->taken);
		uint64		word;
		uint32		length;

		if (position == pg_atomic_read_u64(&queue->reserved))
			return 0;
		word = pg_atomic_read_u64(word_at(position));
		if (word == 0)
			return 0;
		pg_read_barrier();
		length = LENGTH(word) - (uint32) sizeof(uint64) - PADDING(word);
		if ((word & GAP) == 0)
			memcpy(buffer, (char *) word_at(position) + sizeof(uint64), length);
		give_back(position, LENGTH(word));
		if ((word & GAP) == 0)
			return length;
	}
}

uint64
fql_queue_lost(void)
{
	return pg_atomic_read_u64(&queue->lost);
}

uint64
fql_queue_waiting(void)
{
	uint64		taken = pg_atomic_read_u64(&queue->taken);

	return pg_atomic_read_u64(&queue->reserved) - taken;
}

uint64
fql_queue_size(void)
{
	return queue->size;
}

/* Twice the longest record at least, so that a gap never keeps it out for ever. */
static Size
ring_size(void)
{
	return Max(mul_size(fql_cascade_queue_size, 1024), 2 * (FQL_QUEUE_LONGEST + 1024));
}

Size
fql_queue_shmem_size(void)
{
	return add_size(offsetof(FqlSharedQueue, bytes), ring_size());
}

void
fql_queue_shmem_init(bool found, void *memory)
{
	queue = memory;
	if (found)
		return;
	memset(queue, 0, fql_queue_shmem_size());
	queue->size = ring_size();
	pg_atomic_init_u64(&queue->lost, 0);
	pg_atomic_init_u64(&queue->reserved, 0);
	pg_atomic_init_u64(&queue->taken, 0);
}
