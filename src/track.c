/*
 * track.c
 *    What the tracking triggers do at a write: name what the row is known by.
 *
 * A row that comes or goes moves the tag of its relation and, for each column set (colsets.h), the tag of its values.
 * An update moves the tags of the row before and after, and says which columns it changed: an answer that read none of
 * them stays.  Where a column of the set itself changed, the row went from one tag's rows and came to another's.  An
 * update that changes no column is none: nothing that an answer may depend on tells the two versions of the row apart
 * (system columns do, and what reads them is not kept).
 *
 * Columns are compared by their bytes, as they are stored.  Equal bytes are equal values, out of line too, where they
 * are a reference to the same stored value; different bytes may be equal values, and cost a needless miss.
 *
 * Runs for every changed row, so it looks at no catalog and allocates nothing that outlives the row: the after trigger
 * queue calls each trigger in a context of its own that it resets after it, where detoasted values go.  Past
 * fraiseql.bulk_write_limit rows of a relation in one transaction a row costs a comparison and a look-up.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "changes.h"
#include "colsets.h"
#include "tags.h"
#include "touched.h"

PG_FUNCTION_INFO_V1(fql_track_exposure);
PG_FUNCTION_INFO_V1(fql_track_row);
PG_FUNCTION_INFO_V1(fql_track_truncate);

/* The trigger's context, or an error when somebody calls the function in another way. */
static TriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by the trigger manager", function)));
	return (TriggerData *) fcinfo->context;
}

/* What a row is known by: the hash of its value in each hashed column, however many sets that is in. */
static uint64 *
hash_row(const FqlColumnSets *sets, TupleTableSlot *row)
{
	uint64	   *hashes = palloc(mul_size(Max(sets->column_count, 1), sizeof(uint64)));

	for (int i = 0; i < sets->column_count; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, sets->columns[i].column, &isnull);

		hashes[i] = fql_value_hash(&sets->columns[i].hash, value, isnull);
	}
	return hashes;
}

/* The same for a row after an update: columns that did not change need no hashing. */
static uint64 *
hash_updated_row(const FqlColumnSets *sets, TupleTableSlot *row, FqlColumns changed, const uint64 *before)
{
	uint64	   *hashes = palloc(mul_size(Max(sets->column_count, 1), sizeof(uint64)));

	for (int i = 0; i < sets->column_count; i++)
	{
		bool		isnull;
		Datum		value;

		hashes[i] = before[i];
		if ((changed & fql_column_bit(sets->columns[i].column)) == 0)
			continue;
		value = slot_getattr(row, sets->columns[i].column, &isnull);
		hashes[i] = fql_value_hash(&sets->columns[i].hash, value, isnull);
	}
	return hashes;
}

/* The tag of the row's values in one set. */
static FqlTag
row_tag(const FqlColumnSet *set, const uint64 *hashes)
{
	FqlTag		tag = set->base;

	for (int i = 0; i < set->count; i++)
		tag = fql_tag_add_value(tag, hashes[set->members[i]]);
	return tag;
}

/* A row was inserted or deleted. */
static void
track_row(Relation relation, FqlChangeKind kind, TupleTableSlot *row)
{
	const FqlColumnSets *sets;
	uint64	   *hashes;

	if (!fql_may_name_row(RelationGetRelid(relation)))
	{
		fql_change_unnamed();
		return;
	}
	sets = fql_column_sets(relation);
	fql_change_row(sets, kind, row, row);
	hashes = hash_row(sets, row);
	fql_touch_rows(fql_tag_relation(MyDatabaseId, RelationGetRelid(relation)));
	for (int i = 0; i < sets->set_count; i++)
		fql_touch_rows(row_tag(&sets->sets[i], hashes));
}

/* Do two versions of a row differ in the column? */
static bool
is_changed(Form_pg_attribute attribute, const TupleTableSlot *old, const TupleTableSlot *new)
{
	int			i = attribute->attnum - 1;

	if (attribute->attisdropped)
		return false;
	if (old->tts_isnull[i] || new->tts_isnull[i])
		return old->tts_isnull[i] != new->tts_isnull[i];
	return !datumIsEqual(old->tts_values[i], new->tts_values[i], attribute->attbyval, attribute->attlen);
}

static FqlColumns
changed_columns(TupleDesc columns, TupleTableSlot *old, TupleTableSlot *new)
{
	FqlColumns	changed = FQL_COLUMNS_NONE;

	slot_getallattrs(old);
	slot_getallattrs(new);
	for (int i = 0; i < columns->natts; i++)
	{
		if (is_changed(TupleDescAttr(columns, i), old, new))
			changed |= fql_column_bit(i + 1);
	}
	return changed;
}

/*
 * A row was updated.  Where a column of a set changed, it went from the rows of one tag and came to those of another.
 * Columns from 63 on share a bit, so a row may look as if it had moved when it stayed: that touches more, never less.
 */
static void
track_update(Relation relation, TupleTableSlot *old, TupleTableSlot *new)
{
	FqlColumns	changed = changed_columns(RelationGetDescr(relation), old, new);
	const FqlColumnSets *sets;
	uint64	   *before;
	uint64	   *after;

	if (changed == FQL_COLUMNS_NONE)
		return;
	if (!fql_may_name_row(RelationGetRelid(relation)))
	{
		fql_change_unnamed();
		return;
	}
	sets = fql_column_sets(relation);
	fql_change_row(sets, FQL_CHANGE_UPDATED, old, new);
	before = hash_row(sets, old);
	after = hash_updated_row(sets, new, changed, before);
	fql_touch_columns(fql_tag_relation(MyDatabaseId, RelationGetRelid(relation)), changed);
	for (int i = 0; i < sets->set_count; i++)
	{
		const FqlColumnSet *set = &sets->sets[i];

		if ((set->bits & changed) == 0)
			fql_touch_columns(row_tag(set, before), changed);
		else
		{
			fql_touch_rows(row_tag(set, before));
			fql_touch_rows(row_tag(set, after));
		}
	}
}

static void
touch_all(Relation relation)
{
	fql_touch_relation(RelationGetRelid(relation));
	fql_change_unnamed();
}

/*
 * A row was inserted, updated or deleted.  A trigger that is not one of ours may call the function otherwise than after
 * each row; then there is no row to look at.
 */
Datum
fql_track_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo, "fraiseql.track_row");

	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		touch_all(trigger->tg_relation);
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		track_update(trigger->tg_relation, trigger->tg_trigslot, trigger->tg_newslot);
	else
		track_row(trigger->tg_relation,
				  TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ? FQL_CHANGE_DELETED : FQL_CHANGE_CREATED,
				  trigger->tg_trigslot);
	PG_RETURN_POINTER(NULL);
}

/* All rows are gone. */
Datum
fql_track_truncate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo, "fraiseql.track_truncate");

	touch_all(trigger->tg_relation);
	PG_RETURN_POINTER(NULL);
}

/* fraiseql.exposure or exposed_function changed, and with it the GraphQL schema. */
Datum
fql_track_exposure(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo, "fraiseql.track_exposure");

	const char *table = RelationGetRelationName(trigger->tg_relation);

	/* on a table of somebody's own it would let anybody flush the cache */
	if ((strcmp(table, "exposure") == 0 || strcmp(table, "exposed_function") == 0) &&
		RelationGetNamespace(trigger->tg_relation) == get_namespace_oid("fraiseql", true))
		fql_touch(fql_tag_schema(MyDatabaseId));
	PG_RETURN_POINTER(NULL);
}
