/*
 * cache.h
 *    The answers in shared memory: look up without a lock, publish, sweep, clear, show.
 */
#ifndef FQL_CACHE_H
#define FQL_CACHE_H

#include "postgres.h"

#include "access/transam.h"
#include "datatype/timestamp.h"

#include "dependencies.h"
#include "key.h"
#include "stats.h"

/* Who asks, as far as it decides whether an entry may be served. */
typedef struct FqlReader
{
	FullTransactionId snapshot_xmin;	/* REPEATABLE READ: of the transaction's snapshot; else invalid */
	bool		has_temporary_schema;	/* an entry that may_meet_temporary is then refused */
	bool		has_changes;	/* the transaction has changed something: an entry that shows it is refused */
} FqlReader;

/* Where something was found.  It may be gone or replaced at any time; the version tells. */
typedef struct FqlPlace
{
	uint32		index;
	uint64		version;
} FqlPlace;

/* What has been found. */
typedef struct FqlItem
{
	FqlPlace	place;
	FqlItemKind kind;
	text	   *content;		/* palloc'ed */
} FqlItem;

/* An answer to publish, and what it was computed from. */
typedef struct FqlAnswer
{
	FqlItemKind kind;
	const text *response;
	const FqlTagGroup *groups;	/* what it depends on */
	int			group_count;
	const FqlTag *entities;		/* what it shows, for who invalidates by hand (entity_tags.c) */
	uint32		entity_count;
	uint64		start_clock;	/* s0: the clock before the snapshot was taken */
	FullTransactionId snapshot_xmax;	/* F.xmax */
	int			ttl;			/* seconds */
	bool		may_meet_temporary;	/* where a session has temporary objects it could differ */
} FqlAnswer;

/* What is kept under the key, or false.  Only vary.c asks: what it finds need not be an answer. */
extern bool fql_cache_get(const FqlKey *key, const FqlReader *reader, FqlItem *item);

/* Publish; FQL_REASON_NONE, or why not.  *place: where it was put; the pointer may be NULL. */
extern FqlReason fql_cache_put(const FqlKey *key, const FqlAnswer *answer, FqlPlace *place);

/* Free the invalid and expired ones among the next "budget" entries from *position on, which moves and wraps. */
extern void fql_cache_sweep(uint32 *position, uint32 budget);

/* Drop all; returns how many answers there were. */
extern uint64 fql_cache_clear(void);

typedef struct FqlCacheGauges
{
	uint64		entries;
	uint64		memory;			/* bytes */
	uint64		peak_memory;
	uint64		max_memory;
} FqlCacheGauges;

extern void fql_cache_gauges(FqlCacheGauges *gauges);

/* One entry as the view shows it. */
typedef struct FqlEntryInfo
{
	Oid			database;
	Oid			role;
	uint64		hash;
	char	   *query;			/* palloc'ed */
	uint64		bytes;
	uint64		memory;
	uint32		tags;
	bool		valid;
	TimestampTz created_at;
	TimestampTz expires_at;
} FqlEntryInfo;

/* Does what was found there still lie there, and hold?  Take it out.  Describe it; false: it is gone. */
extern bool fql_cache_holds(const FqlPlace *place);
extern void fql_cache_drop(const FqlPlace *place);
extern bool fql_cache_describe(const FqlPlace *place, FqlEntryInfo *info);

/* The first answer at or after *position; false at the end. *position moves past it. */
extern bool fql_cache_next(uint32 *position, FqlEntryInfo *info);

#endif							/* FQL_CACHE_H */
