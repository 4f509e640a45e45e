/*
 * holds.c
 *    Is a kept answer still right?
 *
 * An entry keeps the tags that it depends on, in groups that are checked alike, and the clock as of which it is known
 * to hold.  It is right as long as nothing that its tags name has changed since then, as far as the answer shows it
 * (words.c has the proof).  The worker moves that clock forward for answers that hold although something in their
 * neighbourhood changed (cache.c).
 *
 * In an entry, a group is a header of its own with its tags behind it.  All sizes are multiples of a tag's, so that no
 * tag lies in two blocks and they can be looked at where they are.
 */
#include "postgres.h"

#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "holds.h"
#include "touched.h"
#include "words.h"

/* What stands in front of a group's tags. */
typedef struct FqlKeptGroup
{
	FqlColumns	columns;
	uint32		count;
	uint32		any_change;
} FqlKeptGroup;

StaticAssertDecl(sizeof(FqlKeptGroup) % sizeof(FqlTag) == 0 && FQL_BLOCK_SIZE % sizeof(FqlTag) == 0,
				 "a tag must not lie in two blocks");

/*
 * What is asked of each tag: has nothing changed since the clock stood there, as its group says, or so that every
 * change counts; or has the current transaction changed nothing, as its group says (then the clock has no meaning).
 */
typedef enum Question
{
	HOLDS_AS_READ,
	IS_UNTOUCHED,
	IS_NOT_OURS
} Question;

/* The first tag that does not hold; NULL: all hold. */
static const FqlTag *
changed_tag(const FqlTag *tags, uint32 count, const FqlKeptGroup *group, uint64 clock, Question question)
{
	bool		any_change = group->any_change || question == IS_UNTOUCHED;

	for (uint32 i = 0; i < count; i++)
	{
		if (any_change ? !fql_tag_holds(tags[i], clock) : !fql_tag_holds_for(tags[i], group->columns, clock))
			return &tags[i];
	}
	return NULL;
}

/* Is none of them among the words that this transaction would raise the fence on if it committed now? */
static bool
tags_are_not_ours(const FqlTag *tags, uint32 count, const FqlKeptGroup *group)
{
	for (uint32 i = 0; i < count; i++)
	{
		if (group->any_change ? fql_have_touched(tags[i]) : fql_have_touched_for(tags[i], group->columns))
			return false;
	}
	return true;
}

/* The tags of one group, where they lie; the cursor moves past them. */
static bool
group_holds(FqlCursor *cursor, const FqlKeptGroup *group, uint64 clock, Question question)
{
	size_t		remaining = (size_t) group->count * sizeof(FqlTag);

	while (remaining > 0)
	{
		size_t		taken = 0;
		const FqlTag *tags = (const FqlTag *) fql_cursor_take(cursor, remaining, &taken);
		uint32		count = (uint32) (taken / sizeof(FqlTag));

		if (tags == NULL)
			return false;
		if (question == IS_NOT_OURS ? !tags_are_not_ours(tags, count, group) :
			changed_tag(tags, count, group, clock, question) != NULL)
			return false;
		remaining -= taken;
	}
	return true;
}

/* The next group: its header, and whether its tags are there.  Moves on to its first tag. */
static bool
next_group(FqlCursor *cursor, uint32 *length, FqlKeptGroup *group)
{
	if (*length < sizeof(*group) || !fql_cursor_read(cursor, group, sizeof(*group)))
		return false;
	*length -= sizeof(*group);
	if ((Size) group->count * sizeof(FqlTag) > *length)
		return false;
	*length -= group->count * sizeof(FqlTag);
	return true;
}

/*
 * All groups; the cursor stands at the first and moves past the last.  Bytes of an entry that was replaced meanwhile
 * lead nowhere: the length, which is the header's, bounds the walk, and any number is some word's.
 */
static bool
all_hold(FqlCursor *cursor, uint32 length, uint64 clock, Question question)
{
	while (length > 0)
	{
		FqlKeptGroup group;

		if (!next_group(cursor, &length, &group) || !group_holds(cursor, &group, clock, question))
			return false;
	}
	return true;
}

/* Read apart from the header: the worker moves it. */
uint64
fql_entry_holds_since(uint32 index)
{
	return pg_atomic_read_u64(&fql_store_entry(index)->holds_since);
}

bool
fql_entry_holds(uint32 index, const FqlSharedEntry *header, FqlCursor *cursor)
{
	return all_hold(cursor, header->tags_length, fql_entry_holds_since(index), HOLDS_AS_READ);
}

bool
fql_entry_is_untouched(const FqlSharedEntry *header, uint64 clock)
{
	FqlCursor	cursor = {header->first_block, 0};

	return all_hold(&cursor, header->tags_length, clock, IS_UNTOUCHED);
}

bool
fql_entry_is_not_ours(const FqlSharedEntry *header)
{
	FqlCursor	cursor = {header->first_block, 0};

	return all_hold(&cursor, header->tags_length, 0, IS_NOT_OURS);
}

FqlEntryState
fql_entry_state(uint32 index, const FqlSharedEntry *header, TimestampTz now)
{
	FqlCursor	cursor = {header->first_block, 0};

	if (!fql_entry_holds(index, header, &cursor))
		return FQL_ENTRY_INVALID;
	return header->expires_at <= now ? FQL_ENTRY_EXPIRED : FQL_ENTRY_LIVE;
}

bool
fql_entry_visit_tags(const FqlSharedEntry *header, FqlTagVisitor visit, void *context)
{
	FqlCursor	cursor = {header->first_block, 0};
	uint32		length = header->tags_length;
	uint64		tags = 0;
	FqlKeptGroup group;

	while (length > 0)
	{
		if (!next_group(&cursor, &length, &group))
			return false;
		for (uint32 i = 0; i < group.count; i++)
		{
			FqlTag		tag;

			if (!fql_cursor_read(&cursor, &tag, sizeof(tag)))
				return false;
			visit(tag, context);
		}
		tags += group.count;
	}
	return tags == header->tag_count;
}

/*
 * Groups of an answer that is not kept yet
 */

static FqlKeptGroup
kept_group(const FqlTagGroup *group)
{
	return (FqlKeptGroup){group->columns, group->count, group->any_change};
}

const FqlTag *
fql_groups_changed(const FqlTagGroup *groups, int count, uint64 clock)
{
	pg_read_barrier();
	for (int i = 0; i < count; i++)
	{
		FqlKeptGroup kept = kept_group(&groups[i]);
		const FqlTag *changed = changed_tag(groups[i].tags, groups[i].count, &kept, clock, HOLDS_AS_READ);

		if (changed != NULL)
			return changed;
	}
	return NULL;
}

Size
fql_groups_length(const FqlTagGroup *groups, int count, uint32 *tag_count)
{
	Size		length = 0;

	*tag_count = 0;
	for (int i = 0; i < count; i++)
	{
		length = add_size(length, sizeof(FqlKeptGroup));
		length = add_size(length, mul_size(groups[i].count, sizeof(FqlTag)));
		*tag_count += groups[i].count;
	}
	return length;
}

void
fql_groups_write(FqlCursor *cursor, const FqlTagGroup *groups, int count)
{
	for (int i = 0; i < count; i++)
	{
		FqlKeptGroup kept = kept_group(&groups[i]);

		fql_cursor_write(cursor, &kept, sizeof(kept));
		fql_cursor_write(cursor, groups[i].tags, groups[i].count * sizeof(FqlTag));
	}
}
