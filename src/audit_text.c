/*
 * audit_text.c
 *    An audit record's details in words: the types of its entities.
 *
 * Records hold relations and ids.  Names are looked up here, once a relation, in the schema of the database in which
 * somebody looks.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "audit_text.h"
#include "entities.h"
#include "memory.h"
#include "request.h"

/* What one relation's rows are called. */
typedef struct RelationNames
{
	Oid			relation;
	List	   *types;			/* of const FqlType *, empty: it is called by its own name */
	char	   *name;			/* NULL: the relation is gone */
} RelationNames;

struct FqlEntityNames
{
	MemoryContext context;
	FqlRequest *request;		/* pins the schema; NULL: nothing is exposed */
	List	   *entities;		/* of FqlEntityType */
	List	   *relations;		/* of RelationNames */
};

static const char *const operation_names[] = {
	[FQL_CHANGE_CREATED] = "CREATED", [FQL_CHANGE_UPDATED] = "UPDATED", [FQL_CHANGE_DELETED] = "DELETED"
};

FqlEntityNames *
fql_entity_names_begin(void)
{
	FqlEntityNames *names = palloc0(sizeof(FqlEntityNames));
	FqlDiagnostics diagnostics;

	names->context = CurrentMemoryContext;
	fql_diagnostics_init(&diagnostics, fql_memory_arena(CurrentMemoryContext));
	names->request = fql_request_get(cstring_to_text("{ __typename }"), NULL, &diagnostics);
	if (names->request != NULL)
		names->entities = fql_entity_types(names->request->types);
	return names;
}

void
fql_entity_names_end(FqlEntityNames *names)
{
	if (names->request != NULL)
		fql_request_release(names->request);
	names->request = NULL;
}

static RelationNames *
look_up(FqlEntityNames *names, Oid relation)
{
	MemoryContext previous = MemoryContextSwitchTo(names->context);
	RelationNames *found = palloc0(sizeof(RelationNames));
	char	   *name = get_rel_name(relation);
	ListCell   *cell;

	found->relation = relation;
	if (name != NULL)
		found->name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
	foreach(cell, names->entities)
	{
		const FqlEntityType *entity = lfirst(cell);

		if (fql_entity_is_row_of(entity, relation))
			found->types = lappend(found->types, unconstify(FqlType *, entity->type));
	}
	names->relations = lappend(names->relations, found);
	MemoryContextSwitchTo(previous);
	return found;
}

static const RelationNames *
names_of(FqlEntityNames *names, Oid relation)
{
	ListCell   *cell;

	foreach(cell, names->relations)
	{
		if (((RelationNames *) lfirst(cell))->relation == relation)
			return lfirst(cell);
	}
	return look_up(names, relation);
}

static void
append_entity(StringInfo out, const FqlType *type, const RelationNames *names, const FqlTrailChange *change,
			  const char *id)
{
	if (out->data[out->len - 1] != '[')
		appendStringInfoString(out, ", ");
	if (type != NULL)
		appendStringInfo(out, "{\"type\": \"%.*s\"", FQL_STR_ARGS(type->name));
	else if (names != NULL && names->name != NULL)
	{
		appendStringInfoString(out, "{\"relation\": ");
		escape_json(out, names->name);
	}
	else
		appendStringInfo(out, "{\"relation\": \"%u\"", change->relation);
	appendStringInfoString(out, ", \"id\": ");
	escape_json(out, id);
	appendStringInfo(out, ", \"operation\": \"%s\"}", operation_names[change->kind]);
}

void
fql_audit_append_entities(StringInfo out, const FqlAuditRecord *record, const char *details, FqlEntityNames *names)
{
	uint32		length = record->changes_length;
	FqlTrailChange change;
	const char *bytes;

	appendStringInfoChar(out, '[');
	while (fql_trail_next(&details, &length, &change, &bytes))
	{
		char	   *id = pnstrdup(bytes, change.id_length);
		const RelationNames *found = record->database == MyDatabaseId ? names_of(names, change.relation) : NULL;
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		if (found == NULL || found->types == NIL)
			append_entity(out, NULL, found, &change, id);
		else
		{
			foreach(cell, found->types)
				append_entity(out, lfirst(cell), found, &change, id);
		}
		pfree(id);
	}
	appendStringInfoChar(out, ']');
}

/* The hashes of the keys, as cache_entries shows them. */
static Datum
key_array(const FqlAuditRecord *record, const char *details)
{
	Datum	   *keys = palloc(Max(record->key_count, 1) * sizeof(Datum));

	for (uint32 i = 0; i < record->key_count; i++)
	{
		uint64		hash;

		memcpy(&hash, details + record->changes_length + i * sizeof(hash), sizeof(hash));
		keys[i] = CStringGetTextDatum(psprintf("%016llx", (unsigned long long) hash));
	}
	return PointerGetDatum(construct_array(keys, (int) record->key_count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
entities_datum(const FqlAuditRecord *record, const char *details, FqlEntityNames *names)
{
	StringInfoData out;

	initStringInfo(&out);
	fql_audit_append_entities(&out, record, details, names);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

static Datum
latency_datum(const FqlAuditRecord *record)
{
	return DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(record->processed_at),
							   TimestampTzGetDatum(record->committed_at));
}

/* The error.  Another database may have another encoding: of its errors only what is ASCII is shown here. */
static Datum
error_datum(const FqlAuditRecord *record)
{
	char	   *error = pstrdup(record->error);

	for (char *at = error; record->database != MyDatabaseId && *at != '\0'; at++)
	{
		if (IS_HIGHBIT_SET(*at))
			*at = '?';
	}
	return CStringGetTextDatum(error);
}

void
fql_audit_row(const FqlAuditRecord *record, const char *details, FqlEntityNames *names, Datum *values, bool *nulls)
{
	bool		has_xid = FullTransactionIdIsValid(record->xid);

	memset(values, 0, FQL_AUDIT_COLUMNS * sizeof(Datum));
	memset(nulls, false, FQL_AUDIT_COLUMNS * sizeof(bool));
	values[0] = Int64GetDatum((int64) record->number);
	nulls[1] = record->mutation[0] == '\0';
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(record->mutation);
	nulls[2] = !has_xid;
	values[2] = FullTransactionIdGetDatum(record->xid);
	nulls[3] = !OidIsValid(record->role);
	values[3] = ObjectIdGetDatum(record->role);
	nulls[4] = !OidIsValid(record->database);
	values[4] = ObjectIdGetDatum(record->database);
	values[5] = TimestampTzGetDatum(record->committed_at);
	values[6] = TimestampTzGetDatum(record->processed_at);
	values[7] = latency_datum(record);
	nulls[8] = details == NULL && record->change_count > 0;
	values[8] = nulls[8] ? (Datum) 0 : entities_datum(record, details, names);
	values[9] = Int32GetDatum((int32) record->change_count);
	values[10] = BoolGetDatum((record->flags & FQL_TRAIL_TRUNCATED) != 0);
	values[11] = BoolGetDatum((record->flags & FQL_TRAIL_DEFINITIONS) != 0);
	values[12] = Int64GetDatum((int64) record->invalidated);
	nulls[13] = details == NULL && record->invalidated > 0;
	values[13] = nulls[13] ? (Datum) 0 : key_array(record, details);
	values[14] = CStringGetTextDatum(fql_audit_status_name(record->status));
	nulls[15] = record->error[0] == '\0';
	values[15] = nulls[15] ? (Datum) 0 : error_datum(record);
}

/*
 * Notifications
 */

/* What follows the entities at most, and more. */
#define NOTIFICATION_END 40

static void
append_instant(StringInfo out, TimestampTz time)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	appendStringInfo(out, "\"%s\"", JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID, &utc));
}

/* Append an object of the list; false: there is no room for it. */
static bool
append_notified(StringInfo out, const FqlType *type, const char *id, FqlChangeKind kind, int limit)
{
	int			before = out->len;

	if (out->data[out->len - 1] != '[')
		appendStringInfoChar(out, ',');
	appendStringInfo(out, "{\"__typename\":\"%.*s\",\"id\":", FQL_STR_ARGS(type->name));
	escape_json(out, id);
	appendStringInfo(out, ",\"operation\":\"%s\"}", operation_names[kind]);
	if (out->len <= limit)
		return true;
	out->len = before;
	out->data[before] = '\0';
	return false;
}

/* Append the objects that were deleted, or the others; false: there was no room for all. */
static bool
append_notified_list(StringInfo out, const FqlAuditRecord *record, const char *details, FqlEntityNames *names,
					 bool deleted, int limit)
{
	uint32		length = record->changes_length;
	bool		all = true;
	FqlTrailChange change;
	const char *bytes;

	while (all && fql_trail_next(&details, &length, &change, &bytes))
	{
		char	   *id = pnstrdup(bytes, change.id_length);
		ListCell   *cell;

		foreach(cell, names_of(names, change.relation)->types)
		{
			if ((change.kind == FQL_CHANGE_DELETED) == deleted)
				all = all && append_notified(out, lfirst(cell), id, change.kind, limit);
		}
		pfree(id);
	}
	return all;
}

void
fql_audit_append_notification(StringInfo out, const FqlAuditRecord *record, const char *details,
							  FqlEntityNames *names, int limit)
{
	bool		truncated = (record->flags & FQL_TRAIL_TRUNCATED) != 0 || !FullTransactionIdIsValid(record->xid) ||
		(details == NULL && record->change_count > 0);

	appendStringInfo(out, "{\"number\":" UINT64_FORMAT ",\"xid\":", record->number);
	if (FullTransactionIdIsValid(record->xid))
		appendStringInfo(out, "\"" UINT64_FORMAT "\"", U64FromFullTransactionId(record->xid));
	else
		appendStringInfoString(out, "null");
	appendStringInfoString(out, ",\"mutation_id\":");
	if (record->mutation[0] != '\0')
		escape_json(out, record->mutation);
	else
		appendStringInfoString(out, "null");
	appendStringInfoString(out, ",\"committed_at\":");
	append_instant(out, record->committed_at);
	appendStringInfoString(out, ",\"updated\":[");
	if (!append_notified_list(out, record, details, names, false, limit - NOTIFICATION_END))
		truncated = true;
	appendStringInfoString(out, "],\"deleted\":[");
	if (!append_notified_list(out, record, details, names, true, limit - NOTIFICATION_END / 2))
		truncated = true;
	appendStringInfo(out, "],\"truncated\":%s}", truncated ? "true" : "false");
}
