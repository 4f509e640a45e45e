/*
 * queue.h
 *    From committing backends to the worker: a bounded queue of records in shared memory, without a lock.
 */
#ifndef FQL_QUEUE_H
#define FQL_QUEUE_H

#include "postgres.h"

/* The longest record, in bytes. */
#define FQL_QUEUE_LONGEST (64 * 1024)

/*
 * Append a record.  False: there was no room, which is counted.  Any process; fails in no other way, never waits, and
 * may be called where nothing may go wrong any more.
 */
extern bool fql_queue_put(const char *record, uint32 length);

/* Count a record that could not even be made. */
extern void fql_queue_count_lost(void);

/* Take the oldest record into a buffer of FQL_QUEUE_LONGEST bytes; its length, 0: there is none.  The worker alone. */
extern uint32 fql_queue_take(char *buffer);

/* How many records were lost since the server's start; bytes that wait, and that there is room for. */
extern uint64 fql_queue_lost(void);
extern uint64 fql_queue_waiting(void);
extern uint64 fql_queue_size(void);

extern Size fql_queue_shmem_size(void);
extern void fql_queue_shmem_init(bool found, void *memory);

#endif							/* FQL_QUEUE_H */
