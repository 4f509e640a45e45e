/*
 * trail.c
 *    The record of one committed cascade, on its way from the committing backend to the worker and the audit.
 *
 * It is made before the commit, where memory may be asked for and errors undo the transaction, and sent after the tick,
 * where nothing may fail: then it is only copied.  What is touched between the two (another extension that writes in
 * its own PRE_COMMIT callback) is not in it; the answers that this makes invalid are freed by the worker's sweep.
 *
 * The record of a prepared transaction waits in shared memory with its fence (prepared.c), cut to the room there is.
 * Who finds that the transaction has committed sends it; when that was is not known, so the record says so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "changes.h"
#include "guc.h"
#include "prepared.h"
#include "queue.h"
#include "shmem.h"
#include "tags.h"
#include "touched.h"
#include "trail.h"

/* A buffer that has grown past this is given back. */
#define SMALL_BUFFER 8192

static StringInfoData record = {0};
static char mutation[FQL_TRAIL_MUTATION] = "";
static bool disabled = false;

static void
empty_record(void)
{
	if (record.data == NULL)
	{
		MemoryContext context = AllocSetContextCreate(TopMemoryContext, "fraiseql trail", ALLOCSET_SMALL_SIZES);
		MemoryContext previous = MemoryContextSwitchTo(context);

		initStringInfo(&record);
		MemoryContextSwitchTo(previous);
	}
	resetStringInfo(&record);
}

void
fql_trail_name(const char *name)
{
	if (name == NULL)
		mutation[0] = '\0';
	else
		strlcpy(mutation, name, sizeof(mutation));
}

void
fql_trail_disable(void)
{
	disabled = true;
}

static void
append_change(const FqlChange *change, FqlTrail *trail, uint32 longest)
{
	FqlTrailChange header = {change->relation, (uint8) change->kind, 0};
	char	   *id = fql_change_id(change);
	size_t		length = strlen(id);

	if (length > UINT8_MAX || record.len + FQL_TRAIL_CHANGE_HEADER + length > longest)
		trail->flags |= FQL_TRAIL_TRUNCATED;
	else
	{
		header.id_length = (uint8) length;
		appendBinaryStringInfo(&record, (char *) &header, FQL_TRAIL_CHANGE_HEADER);
		appendBinaryStringInfo(&record, id, (int) length);
		trail->change_count++;
	}
	pfree(id);
}

static void
append_changes(FqlTrail *trail, uint32 longest)
{
	uint32		position = 0;
	int			begin = record.len;
	FqlChange	change;

	while (fql_change_next(0, &position, &change))
		append_change(&change, trail, longest);
	trail->changes_length = (uint32) (record.len - begin);
}

/* Words may take half of the room, and changes the rest. */
void
fql_trail_make(const uint32 *words, uint32 count, uint32 longest)
{
	uint32		longest_words = longest / 2 / sizeof(uint32);
	FqlTrail	trail = {0};

	if (disabled || count == 0 || fql_audit_ring_size == 0 || !fql_shmem_is_there())
		return;
	trail.xid = GetTopFullTransactionIdIfAny();
	trail.database = MyDatabaseId;
	trail.role = GetUserId();
	if (fql_changes_are_truncated())
		trail.flags |= FQL_TRAIL_TRUNCATED;
	if (fql_have_touched(fql_tag_schema(MyDatabaseId)) || fql_have_touched(fql_tag_roles()))
		trail.flags |= FQL_TRAIL_DEFINITIONS;
	if (count > longest_words)
		trail.flags |= FQL_TRAIL_WORDS_LEFT_OUT;
	trail.word_count = Min(count, longest_words);
	strlcpy(trail.mutation, mutation, sizeof(trail.mutation));

	empty_record();
	appendBinaryStringInfo(&record, (char *) &trail, sizeof(trail));
	appendBinaryStringInfo(&record, (const char *) words, (int) (trail.word_count * sizeof(uint32)));
	append_changes(&trail, longest);
	memcpy(record.data, &trail, sizeof(trail));
}

void
fql_trail_send(void)
{
	if (record.len > 0)
	{
		((FqlTrail *) record.data)->committed_at = GetCurrentTransactionStopTimestamp();
		(void) fql_queue_put(record.data, (uint32) record.len);
	}
	fql_trail_forget();
}

void
fql_trail_forget(void)
{
	mutation[0] = '\0';
	record.len = 0;
	if (record.maxlen > SMALL_BUFFER)
	{
		/* one record must not hold its memory for ever; freeing cannot fail */
		MemoryContextDelete(GetMemoryChunkContext(record.data));
		record.data = NULL;
		record.maxlen = 0;
	}
}

uint32
fql_trail_keep(char *copy)
{
	/* it was made for this room */
	Assert(record.len <= FQL_PREPARED_RECORD);
	if (record.len > 0)
	{
		((FqlTrail *) record.data)->flags |= FQL_TRAIL_PREPARED;
		memcpy(copy, record.data, (size_t) record.len);
	}
	return (uint32) record.len;
}

void
fql_trail_send_kept(char *copy, uint32 length)
{
	if (length == 0)
		return;
	((FqlTrail *) copy)->committed_at = GetCurrentTimestamp();
	(void) fql_queue_put(copy, length);
}

bool
fql_trail_next(const char **bytes, uint32 *length, FqlTrailChange *change, const char **id)
{
	if (*length < FQL_TRAIL_CHANGE_HEADER)
		return false;
	memcpy(change, *bytes, FQL_TRAIL_CHANGE_HEADER);
	if (*length - FQL_TRAIL_CHANGE_HEADER < change->id_length)
		return false;
	*id = *bytes + FQL_TRAIL_CHANGE_HEADER;
	*bytes = *id + change->id_length;
	*length -= FQL_TRAIL_CHANGE_HEADER + change->id_length;
	return true;
}
