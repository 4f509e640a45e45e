/*
 * invalidate.c
 *    Invalidating by hand: fraiseql.invalidate() and fraiseql.invalidate_cascade().
 *
 * Nobody needs these for what PostgreSQL writes: answers follow that by themselves.  They are for what cannot be seen
 * from here (a function that was declared pure although something outside has part in it), for cascades that mutations
 * have written down, and for people who want to be sure.
 *
 * An answer carries type:id for each object, or type:* (entity_tags.c).  A change of User:2 concerns what carries
 * User:2 or User:*, and not what carries User:1; a change of any User concerns all that show Users.
 *
 * It takes effect at once, whatever becomes of the transaction, and holds for answers that are being computed: those
 * that began before are not kept (publish_or_give_back() in cache.c has the argument).  An answer with errors that was
 * left for a herd (coalesce.c) does not say what it would have shown, so whatever is invalidated concerns it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "audit.h"
#include "cascade_input.h"
#include "entity_tags.h"
#include "reclaim.h"
#include "shmem.h"
#include "store.h"
#include "testpoint.h"
#include "words.h"

PG_FUNCTION_INFO_V1(fql_invalidate);
PG_FUNCTION_INFO_V1(fql_invalidate_cascade);

static int
compare_tags(const void *a, const void *b)
{
	FqlTag		one = *(const FqlTag *) a;
	FqlTag		other = *(const FqlTag *) b;

	return one < other ? -1 : one > other;
}

/* Remove what carries any of the tags; how many answers died. */
static uint64
invalidate_tags(FqlTag *tags, uint32 count)
{
	FqlTag		by_hand = fql_tag_by_hand(MyDatabaseId);
	uint64		died = 0;

	if (count == 0 || !fql_shmem_is_there())
		return 0;
	qsort(tags, count, sizeof(FqlTag), compare_tags);
	fql_tags_tick(tags, count);
	fql_tags_tick(&by_hand, 1);
	fql_store_removal_begins();
	FQL_TEST_POINT(removal_begins);
	for (uint32 i = 0; i < count; i++)
	{
		if (i == 0 || tags[i] != tags[i - 1])
			died += fql_cache_remove_tagged(tags[i]);
	}
	return died;
}

static FqlStr
text_argument(text *value)
{
	return (FqlStr){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/*
 * fraiseql.invalidate(entity text, id text) returns bigint
 */
Datum
fql_invalidate(PG_FUNCTION_ARGS)
{
	FqlTag		tags[2];
	FqlStr		type;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("entity must not be null"),
				 errhint("Name a GraphQL type; fraiseql.cache_reset() drops all answers.")));
	type = text_argument(PG_GETARG_TEXT_PP(0));
	tags[0] = fql_entity_tag_any(type);
	if (PG_ARGISNULL(1))
		tags[1] = fql_entity_tag_some(type);
	else
		tags[1] = fql_entity_tag(type, text_argument(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_INT64((int64) invalidate_tags(tags, lengthof(tags)));
}

static void
reject_cascade(const char *problem)
{
	fql_audit_note(FQL_AUDIT_FAILED, MyDatabaseId, psprintf("malformed cascade: %s", problem));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("malformed cascade"),
			 errdetail("%s", problem),
			 errhint("Nothing was invalidated. Write {\"updated\": [{\"__typename\": \"User\", \"id\": \"7\"}], "
					 "\"deleted\": []}.")));
}

/*
 * fraiseql.invalidate_cascade(cascade jsonb) returns bigint
 *
 * All of it is read before anything is done.
 */
Datum
fql_invalidate_cascade(PG_FUNCTION_ARGS)
{
	FqlCascadeInput input;
	FqlTag	   *tags;
	uint32		count = 0;
	ListCell   *cell;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	input = fql_cascade_parse(PG_GETARG_JSONB_P(0));
	if (input.problem != NULL)
		reject_cascade(input.problem);
	if (input.truncated)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the cascade is truncated"),
				 errdetail("Only the objects that it names are invalidated.")));
	tags = palloc(mul_size(2 * (Size) list_length(input.entities) + 1, sizeof(FqlTag)));
	foreach(cell, input.entities)
	{
		const FqlCascadeEntity *entity = lfirst(cell);
		FqlStr		type = fql_str_from(entity->type_name);

		tags[count++] = fql_entity_tag_any(type);
		tags[count++] = fql_entity_tag(type, fql_str_from(entity->id));
	}
	PG_RETURN_INT64((int64) invalidate_tags(tags, count));
}
