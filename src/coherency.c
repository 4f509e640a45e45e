/*
 * coherency.c
 *    fraiseql.validate_coherency(): do the four invariants hold over what lies in shared memory?  No row: they do.
 *
 *   freshness  Nothing is served that a write has made stale.  Here: no word and no entry is ahead of the clock, and no
 *              answer's snapshot is ahead of the transaction ids; otherwise a tick could be taken for one before it.
 *   tracking   Every write reaches every answer that it could change.  Here: each entry depends on the definitions of
 *              its database and on the roles, and none that would be served depends on a table of this database whose
 *              writes are not tracked.
 *   storage    Nothing is orphaned.  Here: every header and every block belongs to exactly one published answer, or
 *              to a fill under way in a living process, or is free; each answer is found by its key, stands once in
 *              the eviction queue, and is as long as it says; the reverse map leads to it from each of its tags,
 *              and to nothing else; the gauges agree (census.c).
 *   fences     The way from a write to the answers is sound.  It leads over the words, and no other map: no word is
 *              held by a fence that nobody will lower, and each counts as many as there are (fences.c).
 *
 * Safe under load.  Hits and commits are never held up: words, entries and slots are read without a lock, and what
 * was read of an entry counts only if its version is still the same (store.c).  The store's lock is taken shared, in
 * pieces (census.c).  What looks wrong is proved wrong before it is said: each check's comment says by what, so that
 * there are no false alarms.  The price is that what changes all the time may hide a fault; then look again.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "coherency.h"
#include "holds.h"
#include "shmem.h"
#include "store.h"
#include "touched.h"
#include "trigger.h"
#include "words.h"

PG_FUNCTION_INFO_V1(fql_validate_coherency);

/* Rows of one invariant that are shown; what is broken once is often broken many times. */
#define MOST_SHOWN 20

#define RESULT_COLUMNS 2

/*
 * Findings
 */
struct FqlFindings
{
	ReturnSetInfo *result;
	uint64		counts[FQL_INVARIANT_COUNT];
};

static const char *const invariant_names[FQL_INVARIANT_COUNT] = {
	[FQL_INVARIANT_FRESHNESS] = "freshness",
	[FQL_INVARIANT_TRACKING] = "tracking",
	[FQL_INVARIANT_STORAGE] = "storage",
	[FQL_INVARIANT_FENCES] = "fences",
};

static void
put_row(FqlFindings *findings, FqlInvariant invariant, const char *detail)
{
	Datum		values[RESULT_COLUMNS] = {
		CStringGetTextDatum(invariant_names[invariant]), CStringGetTextDatum(detail)
	};
	bool		nulls[RESULT_COLUMNS] = {false};

	tuplestore_putvalues(findings->result->setResult, findings->result->setDesc, values, nulls);
}

void
fql_found(FqlFindings *findings, FqlInvariant invariant, const char *format,...)
{
	char		detail[512];
	va_list		arguments;

	if (findings->counts[invariant]++ >= MOST_SHOWN)
		return;
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	put_row(findings, invariant, detail);
}

static void
count_rest(FqlFindings *findings)
{
	for (int i = 0; i < FQL_INVARIANT_COUNT; i++)
		if (findings->counts[i] > MOST_SHOWN)
			put_row(findings, (FqlInvariant) i,
					psprintf("and " UINT64_FORMAT " more", findings->counts[i] - MOST_SHOWN));
}

/*
 * Tables whose writes are not tracked, by the tags that stand for any of their rows
 */
typedef struct UntrackedTag
{
	FqlTag		tag;
	Oid			relation;
} UntrackedTag;

/* What fql_relation_is_tracked() asks, of all tables at once.  The search_path is the function's. */
static const char untracked_query[] =
	"SELECT c.oid FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND 2 > ("
	"SELECT count(DISTINCT t.tgfoid) FROM pg_trigger AS t "
	"WHERE t.tgrelid = c.oid AND t.tgenabled = 'A' AND t.tgqual IS NULL "
	"AND (t.tgfoid = 'fraiseql.track_row()'::regprocedure AND t.tgtype & 29 = 29 "
	"OR t.tgfoid = 'fraiseql.track_truncate()'::regprocedure AND t.tgtype & 32 = 32))";

static void
remember_tag(HTAB *untracked, FqlTag tag, Oid relation)
{
	UntrackedTag *entry = hash_search(untracked, &tag, HASH_ENTER, NULL);

	entry->relation = relation;
}

/*
 * An answer depends on a table as a whole, or on rows of it together with the bulk tag.  NULL: this transaction has
 * changed definitions, which the answers of others cannot know yet.
 */
static HTAB *
find_untracked(void)
{
	HASHCTL		control = {.keysize = sizeof(FqlTag), .entrysize = sizeof(UntrackedTag), .hcxt = CurrentMemoryContext};
	HTAB	   *untracked;

	if (fql_have_touched(fql_tag_schema(MyDatabaseId)))
		return NULL;
	untracked = hash_create("fraiseql untracked", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	if (SPI_execute(untracked_query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_trigger");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		Oid			relation = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
															  &is_null));

		remember_tag(untracked, fql_tag_relation(MyDatabaseId, relation), relation);
		remember_tag(untracked, fql_tag_bulk(MyDatabaseId, relation), relation);
	}
	SPI_freetuptable(SPI_tuptable);
	return untracked;
}

/* By the catalogs of now.  A table that somebody is changing is passed over rather than waited for. */
static bool
is_untracked_now(Oid relid)
{
	Relation	relation;
	bool		untracked;

	if (!ConditionalLockRelationOid(relid, AccessShareLock))
		return false;
	AcceptInvalidationMessages();
	relation = try_relation_open(relid, NoLock);
	if (relation == NULL)
	{
		UnlockRelationOid(relid, AccessShareLock);
		return false;
	}
	untracked = !fql_relation_is_tracked(relation);
	relation_close(relation, AccessShareLock);
	return untracked;
}

/*
 * Entries
 */
typedef struct EntryCheck
{
	FqlFindings *findings;
	HTAB	   *untracked;		/* or NULL: not asked */
	uint64		clock;			/* as read some time ago, like the next */
	uint64		next_xid;
	/* of the entry that is being looked at */
	uint32		index;
	uint64		version;
	FqlSharedEntry header;
	FqlTag		schema;
	bool		has_schema;
	bool		has_roles;
	Oid			untracked_relation;
} EntryCheck;

/* Is what was read of the entry true?  Only then may be said what was found. */
static bool
is_still_there(const EntryCheck *check)
{
	return fql_store_end_read(check->index, check->version);
}

static void
found(const EntryCheck *check, FqlInvariant invariant, const char *what)
{
	if (is_still_there(check))
		fql_found(check->findings, invariant, "entry %u, key %016llx: %s", check->index,
				  (unsigned long long) check->header.hash, what);
}

/* What an entry holds as of was the clock, or xid, when it was read; so either may be read again, later. */
static void
check_times(EntryCheck *check)
{
	uint64		since = fql_entry_holds_since(check->index);

	if (since > check->clock)
	{
		pg_memory_barrier();
		check->clock = fql_clock_read();
		if (since > check->clock)
			found(check, FQL_INVARIANT_FRESHNESS,
				  psprintf("holds since " UINT64_FORMAT ", and the clock shows " UINT64_FORMAT, since, check->clock));
	}
	if (check->header.snapshot_xmax > check->next_xid)
	{
		check->next_xid = U64FromFullTransactionId(ReadNextFullTransactionId());
		if (check->header.snapshot_xmax > check->next_xid)
			found(check, FQL_INVARIANT_FRESHNESS,
				  psprintf("snapshot before transaction " UINT64_FORMAT ", and the next one is " UINT64_FORMAT,
						   check->header.snapshot_xmax, check->next_xid));
	}
}

static void
visit_tag(FqlTag tag, void *context)
{
	EntryCheck *check = context;
	UntrackedTag *untracked;

	if (tag == check->schema)
		check->has_schema = true;
	if (tag == fql_tag_roles())
		check->has_roles = true;
	if (check->untracked == NULL || check->header.database != MyDatabaseId || OidIsValid(check->untracked_relation))
		return;
	untracked = hash_search(check->untracked, &tag, HASH_FIND, NULL);
	if (untracked != NULL)
		check->untracked_relation = untracked->relation;
}

static bool
would_be_served(const EntryCheck *check)
{
	FqlCursor	cursor = {check->header.first_block, 0};

	return fql_entry_holds(check->index, &check->header, &cursor) && is_still_there(check);
}

/*
 * The answer holds before and after the table was found untracked: no change of definitions came in between, so it was
 * untracked already when the answer was computed.
 */
static void
check_untracked(const EntryCheck *check)
{
	char	   *name;

	if (!would_be_served(check) || !is_untracked_now(check->untracked_relation))
		return;
	pg_memory_barrier();
	if (!would_be_served(check))
		return;
	name = get_rel_name(check->untracked_relation);
	found(check, FQL_INVARIANT_TRACKING,
		  psprintf("would be served, and depends on %s, whose writes are not tracked", name == NULL ? "?" : name));
}

static void
check_tags(EntryCheck *check)
{
	check->schema = fql_tag_schema(check->header.database);
	check->has_schema = check->has_roles = false;
	check->untracked_relation = InvalidOid;
	if (!fql_entry_visit_tags(&check->header, visit_tag, check))
	{
		found(check, FQL_INVARIANT_TRACKING, "its tags are not as many as it says");
		return;
	}
	if (!check->has_schema || !check->has_roles)
		found(check, FQL_INVARIANT_TRACKING, "does not depend on the definitions and the roles");
	if (OidIsValid(check->untracked_relation))
		check_untracked(check);
}

static void
check_entries(FqlFindings *findings)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraiseql validation", ALLOCSET_SMALL_SIZES);
	EntryCheck	check = {.findings = findings, .untracked = find_untracked()};
	uint32		used = fql_store_used_entries();

	for (check.index = 0; check.index < used; check.index++)
	{
		MemoryContext previous;

		CHECK_FOR_INTERRUPTS();
		if (!fql_store_begin_read(check.index, &check.header, &check.version))
			continue;
		previous = MemoryContextSwitchTo(context);
		check_times(&check);
		check_tags(&check);
		MemoryContextSwitchTo(previous);
		MemoryContextReset(context);
	}
}

/*
 * fraiseql.validate_coherency() returns table (invariant text, detail text)
 */
Datum
fql_validate_coherency(PG_FUNCTION_ARGS)
{
	FqlFindings findings = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (!fql_shmem_is_there())
		return (Datum) 0;
	findings.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	fql_fences_check(&findings);
	check_entries(&findings);
	fql_census(&findings);
	count_rest(&findings);
	SPI_finish();
	return (Datum) 0;
}
