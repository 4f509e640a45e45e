/*
 * operations.h
 *    What each operation of each role has cost, and what the cache has saved of it.
 *
 * A tally is what a backend knows of one normalized operation: what identifies it, and where its calls are counted.
 */
#ifndef FQL_OPERATIONS_H
#define FQL_OPERATIONS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "portability/instr_time.h"
#include "storage/lwlock.h"

#include "core/str.h"
#include "stats.h"

/* As much of an operation's name and text as is kept. */
#define FQL_OPERATION_NAME_SIZE 64
#define FQL_OPERATION_TEXT_SIZE 2048

/* Where calls of one operation of one role are counted, as of when it was looked up. */
typedef struct FqlTallyPlace
{
	uint32		slot;
	uint32		generation;		/* the slot's; 0: no place is known */
} FqlTallyPlace;

/* Where a role's hits are counted. */
typedef struct FqlTallyRole
{
	Oid			role;
	FqlTallyPlace place;
	uint32		waiting;		/* hits that are to be counted when there is a place */
	uint32		resets;			/* how many there had been before the first of them */
} FqlTallyRole;

/* Roles that are remembered: a session may change among some. */
#define FQL_TALLY_ROLES 8

typedef struct FqlTally
{
	FqlStr		text;			/* normalized, without literals: the shape that normalizer.h speaks of */
	FqlStr		name;			/* data NULL: it has none */
	bool		is_mutation;
	uint64		id;				/* a hash of the text that is the same on every server */
	uint64		check;			/* one that nobody can foresee, so that no two texts can be made to share both */
	FqlTallyPlace call;			/* of the last miss or bypass */
	FqlTallyRole roles[FQL_TALLY_ROLES];
} FqlTally;

/* In CurrentMemoryContext, where text and name must be too. */
extern FqlTally *fql_tally_make(FqlStr text, FqlStr name, bool is_mutation);

/* One for each call, where stats.c counts it. */
extern void fql_tally_hit(FqlTally *tally, Oid role);
extern void fql_tally_miss(FqlTally *tally, Oid role);
extern void fql_tally_bypass(FqlTally *tally, Oid role, FqlReason reason);

/*
 * What became of a call that was counted so.  It is counted where the call was, whatever role the code that ran has
 * left behind; and nowhere, if the call itself is forgotten meanwhile.
 */
extern void fql_tally_reject(FqlTallyPlace call, FqlReason reason);

/* It was not executed; its answer may have errors. */
extern void fql_tally_unexecuted(FqlTallyPlace call, const text *response);

/* Its execution, from its begin to its answer. */
typedef struct FqlTallyRun
{
	FqlTallyPlace call;
	instr_time	start;
} FqlTallyRun;

extern FqlTallyRun fql_tally_begin(const FqlTally *tally);
extern void fql_tally_end(const FqlTallyRun *run, const text *response);

/* What has been counted of one operation, but for its hits. */
typedef struct FqlOperationFigures
{
	uint64		misses;
	uint64		bypasses;
	uint64		rejected;
	uint64		errors;
	uint64		executions;
	uint64		rows;
	uint64		bytes;
	double		total_ms;
	double		max_ms;
	TimestampTz last_executed_at;
	TimestampTz last_reason_at;
	FqlReason	last_reason;	/* of a bypass or a rejection */
} FqlOperationFigures;

typedef struct FqlOperationInfo
{
	Oid			database;
	Oid			role;
	uint64		id;
	bool		is_mutation;
	TimestampTz first_seen;
	uint64		hits;
	FqlOperationFigures figures;
	char		name[FQL_OPERATION_NAME_SIZE];	/* empty: it has none */
	char		text[FQL_OPERATION_TEXT_SIZE];
} FqlOperationInfo;

/* The next operation from *position on, which moves on; false: there is none. */
extern bool fql_operations_next(uint32 *position, FqlOperationInfo *info);

/* Forget all of them. */
extern void fql_operations_reset(void);

extern Size fql_operations_shmem_size(void);
extern void fql_operations_shmem_init(bool found, void *memory, LWLock *lock);

#endif							/* FQL_OPERATIONS_H */
