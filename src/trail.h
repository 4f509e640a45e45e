/*
 * trail.h
 *    The record of one committed cascade, on its way from the committing backend to the worker and the audit.
 *
 * A record is one run of bytes: FqlTrail, its words, its changes.
 */
#ifndef FQL_TRAIL_H
#define FQL_TRAIL_H

#include "postgres.h"

#include "access/transam.h"
#include "datatype/timestamp.h"

#include "changes.h"

/* Longest name of the mutation, its end included; what is longer is cut. */
#define FQL_TRAIL_MUTATION 64

typedef enum FqlTrailFlag
{
	FQL_TRAIL_TRUNCATED = 1,	/* more rows were changed than are named */
	FQL_TRAIL_DEFINITIONS = 2,	/* definitions, privileges or roles were changed too, or nothing else was */
	FQL_TRAIL_WORDS_LEFT_OUT = 4,	/* more was touched than fits: what it makes invalid is found by sweeping */
	FQL_TRAIL_PREPARED = 8		/* it was prepared: committed_at is when somebody found that it had committed */
} FqlTrailFlag;

typedef struct FqlTrail
{
	FullTransactionId xid;
	TimestampTz committed_at;
	Oid			database;
	Oid			role;			/* current when the transaction committed, or was prepared */
	uint32		flags;
	uint32		word_count;		/* uint32 each, right behind */
	uint32		change_count;	/* FqlTrailChange each, behind the words */
	uint32		changes_length; /* bytes */
	char		mutation[FQL_TRAIL_MUTATION];	/* empty: the write came by no GraphQL mutation */
} FqlTrail;

/* A changed row: this, and its id as text behind it, without an end; the next follows at once. */
typedef struct FqlTrailChange
{
	Oid			relation;
	uint8		kind;			/* FqlChangeKind */
	uint8		id_length;
} FqlTrailChange;

#define FQL_TRAIL_CHANGE_HEADER (offsetof(FqlTrailChange, id_length) + 1)

/* The next change among "length" bytes at *bytes, which moves on; false: no more.  id points among them. */
extern bool fql_trail_next(const char **bytes, uint32 *length, FqlTrailChange *change, const char **id);

/* The mutation that the transaction runs, for its record; the last one named stands.  NULL: none. */
extern void fql_trail_name(const char *mutation);

/* This process makes no records: those of the log worker would have to be logged in turn, for ever. */
extern void fql_trail_disable(void);

/* At PRE_COMMIT or PRE_PREPARE: make the record, of what has been touched, in so many bytes.  May fail. */
extern void fql_trail_make(const uint32 *words, uint32 count, uint32 longest);

/* It has committed, and all can see it: send the record.  May not fail, and does not. */
extern void fql_trail_send(void);

/* It ends in another way. */
extern void fql_trail_forget(void);

/*
 * It is prepared: copy the record, whose bytes fit, for who finds that it has committed; its length, 0: there is none.
 * And there, when all can see it: send the copy.  May not fail, and do not.
 */
extern uint32 fql_trail_keep(char *copy);
extern void fql_trail_send_kept(char *copy, uint32 length);

#endif							/* FQL_TRAIL_H */
