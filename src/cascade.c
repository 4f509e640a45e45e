/*
 * cascade.c
 *    What the current transaction has changed, in the GraphQL Cascade format, as far as the caller may see it.
 *
 * Changes come from the tracking triggers (changes.c), so they are complete whatever code made them, and they are
 * rows.  A cascade names objects of exposed types (entities.c), and nobody learns by it of an object that he may not
 * see.  There is one seam for that: each object is asked for through GraphQL, as the caller, and what does not come
 * back is not named.  Created and updated ones are asked for as they are now.  Deleted ones are asked for under the
 * snapshot from before the changes; where there is none, they are named only if the caller may read every row of their
 * table.
 *
 * How long a mutation's took is counted (audit.c): the client has waited for it, while the mutation held its locks.
 *
 * The lists of other types that may contain a changed object are named for information, without asking.  fraiseql's own
 * cache does not go by any of this: what it must forget is decided by tags.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "cascade.h"
#include "cascade_input.h"
#include "changes.h"
#include "entities.h"
#include "execute.h"
#include "memory.h"
#include "request.h"

PG_FUNCTION_INFO_V1(fql_transaction_cascade);

/* Objects that one question asks for. */
#define BATCH 100

/* Hints that one cascade gives, at most. */
#define MAX_HINTS 50

struct FqlCascade
{
	uint32		mark;			/* of changes.c */
	Snapshot	before;			/* NULL: there is none from before the changes */
	List	   *returned;		/* of FqlCascadeEntity: what functions have named */
	bool		truncated;		/* they said so of theirs */
	instr_time	spent;			/* on what is in the cascade, so far */
};

/* An object that may be named. */
typedef struct NamedObject
{
	const FqlEntityType *entity;
	const char *id;
	FqlChangeKind kind;
	const char *fields;			/* JSON of the object as the caller sees it; NULL: not seen */
} NamedObject;

FqlCascade *
fql_cascade_begin(void)
{
	FqlCascade *cascade = palloc0(sizeof(FqlCascade));

	cascade->mark = fql_changes_mark();
	cascade->before = RegisterSnapshot(GetTransactionSnapshot());
	return cascade;
}

static void
count_time(FqlCascade *cascade, instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_ACCUM_DIFF(cascade->spent, now, start);
}

/* One that cannot be understood may have named something. */
void
fql_cascade_add(FqlCascade *cascade, const Jsonb *returned)
{
	instr_time	start;
	FqlCascadeInput input;

	INSTR_TIME_SET_CURRENT(start);
	input = fql_cascade_parse(returned);
	cascade->returned = list_concat(cascade->returned, input.entities);
	cascade->truncated |= input.truncated || input.problem != NULL;
	count_time(cascade, start);
}

/*
 * Which objects
 */

static NamedObject *
find_object(List *objects, const FqlEntityType *entity, const char *id)
{
	ListCell   *cell;

	foreach(cell, objects)
	{
		NamedObject *object = lfirst(cell);

		if (object->entity == entity && strcmp(object->id, id) == 0)
			return object;
	}
	return NULL;
}

static List *
add_object(List *objects, const FqlEntityType *entity, const char *id, FqlChangeKind kind)
{
	NamedObject *object = palloc0(sizeof(NamedObject));

	object->entity = entity;
	object->id = id;
	object->kind = kind;
	return lappend(objects, object);
}

/* The objects that the changed rows are. */
static List *
changed_objects(List *entities, uint32 mark)
{
	List	   *objects = NIL;
	uint32		position = mark;
	FqlChange	change;
	ListCell   *cell;

	while (fql_change_next(mark, &position, &change))
	{
		char	   *id = fql_change_id(&change);

		CHECK_FOR_INTERRUPTS();
		foreach(cell, entities)
		{
			if (fql_entity_is_row_of(lfirst(cell), change.relation))
				objects = add_object(objects, lfirst(cell), id, change.kind);
		}
	}
	return objects;
}

static const FqlEntityType *
entity_named(List *entities, const char *type_name)
{
	ListCell   *cell;

	foreach(cell, entities)
	{
		const FqlEntityType *entity = lfirst(cell);

		if (fql_str_equal(entity->type->name, fql_str_from(type_name)))
			return entity;
	}
	return NULL;
}

/* Add those that functions have named, and no trigger has seen. */
static List *
add_returned(List *objects, List *entities, List *returned)
{
	ListCell   *cell;

	foreach(cell, returned)
	{
		const FqlCascadeEntity *named = lfirst(cell);
		const FqlEntityType *entity = entity_named(entities, named->type_name);

		CHECK_FOR_INTERRUPTS();
		if (entity != NULL && find_object(objects, entity, named->id) == NULL)
			objects = add_object(objects, entity, named->id, named->kind);
	}
	return objects;
}

/*
 * Which of them the caller sees
 */

/* Digits as JSON has them: no zero in front. */
static bool
is_number(const char *id)
{
	const char *digits = *id == '-' ? id + 1 : id;

	return *digits != '\0' && strspn(digits, "0123456789") == strlen(digits) && (digits[0] != '0' || digits[1] == '\0');
}

/* The id as a JSON value: what the scalar of the key takes. */
static void
append_id(StringInfo out, const FqlEntityType *entity, const char *id)
{
	FqlScalar	scalar = fql_type_innermost(entity->key->type)->scalar;

	if ((scalar == FQL_SCALAR_INT || scalar == FQL_SCALAR_BIGINT || scalar == FQL_SCALAR_DECIMAL) && is_number(id))
		appendStringInfoString(out, id);
	else
		escape_json(out, id);
}

/* {"ids": [1, 2]} */
static Jsonb *
variables(const FqlEntityType *entity, List *batch)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"ids\": [");
	foreach(cell, batch)
	{
		appendStringInfoString(&out, cell == list_head(batch) ? "" : ", ");
		append_id(&out, entity, ((const NamedObject *) lfirst(cell))->id);
	}
	appendStringInfoString(&out, "]}");
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data)));
}

/* The scalar fields: what a client's cache holds of an object by itself. */
static void
append_fields(StringInfo out, const FqlType *type)
{
	for (uint32_t i = 0; i < type->field_count; i++)
	{
		const FqlField *field = &type->fields[i];

		if (field->argument_count == 0 && fql_type_innermost(field->type)->kind != FQL_TYPE_OBJECT)
			appendStringInfo(out, " %.*s", FQL_STR_ARGS(field->name));
	}
}

/* The type of the operator "in" of the key's filter: [Int!] and the like. */
static FqlStr
list_type(const FqlEntityType *entity, FqlArena *arena)
{
	const FqlType *where = NULL;
	const FqlType *filter;

	for (uint32_t i = 0; i < entity->list->argument_count; i++)
	{
		if (((const FqlArgumentBinding *) entity->list->arguments[i].binding)->kind == FQL_ARGUMENT_WHERE)
			where = fql_type_innermost(entity->list->arguments[i].type);
	}
	Assert(where != NULL);
	filter = fql_type_innermost(fql_input_field_find(where, entity->key->name)->type);
	return fql_type_ref_print(fql_input_field_find(filter, FQL_STR("in"))->type, arena);
}

/*
 * query ($ids: [Int!]) { objects: users(where: {id: {in: $ids}}) { id name } }, or with the id alone.  The ids are not
 * part of it, so that the backend remembers the question.
 */
static text *
question(const FqlEntityType *entity, bool with_fields)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "query ($ids: %.*s) { objects: %.*s(where: {%.*s: {in: $ids}}) { ",
					 FQL_STR_ARGS(list_type(entity, fql_memory_arena(CurrentMemoryContext))),
					 FQL_STR_ARGS(entity->list->name), FQL_STR_ARGS(entity->key->name));
	if (with_fields)
		append_fields(&out, entity->type);
	else
		appendStringInfo(&out, "%.*s", FQL_STR_ARGS(entity->key->name));
	appendStringInfoString(&out, " } }");
	return cstring_to_text_with_len(out.data, out.len);
}

/* The text of a value that stands for an id. */
static char *
id_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

static JsonbValue *
member(JsonbContainer *object, FqlStr key, JsonbValue *value)
{
	if (!JsonContainerIsObject(object))
		return NULL;
	return getKeyJsonValueFromContainer(object, key.data, (int) key.len, value);
}

/* Note what came back: the objects that the caller sees. */
static void
take_seen(List *batch, const FqlEntityType *entity, JsonbContainer *list)
{
	JsonbIterator *iterator = JsonbIteratorInit(list);
	JsonbValue	value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		JsonbValue	key;
		char	   *id;
		NamedObject *object;

		if (token != WJB_ELEM || value.type != jbvBinary ||
			member(value.val.binary.data, entity->key->name, &key) == NULL)
			continue;
		id = id_text(&key);
		object = id == NULL ? NULL : find_object(batch, entity, id);
		if (object != NULL)
			object->fields = JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
	}
}

/* Did the question fail, other than for want of a privilege? */
static bool
has_failed(Jsonb *response)
{
	JsonbValue	errors;
	JsonbValue	extensions;
	JsonbValue	code;
	JsonbValue *error;

	if (member(&response->root, FQL_STR("errors"), &errors) == NULL || errors.type != jbvBinary)
		return false;
	error = getIthJsonbValueFromContainer(errors.val.binary.data, 0);
	if (error == NULL || error->type != jbvBinary ||
		member(error->val.binary.data, FQL_STR("extensions"), &extensions) == NULL || extensions.type != jbvBinary ||
		member(extensions.val.binary.data, FQL_STR("code"), &code) == NULL || code.type != jbvString)
		return true;
	return !fql_str_equal((FqlStr){code.val.string.val, (size_t) code.val.string.len}, FQL_STR("FORBIDDEN"));
}

/*
 * Ask under the active snapshot.  One object about which nobody can ask (an id that its own scalar refuses, a column
 * that cannot be computed) does not keep the others from being named: each is asked for alone then.  That one is left
 * out, and the cascade says that it is not all.
 */
static void
ask_batch(const FqlEntityType *entity, List *batch, bool with_fields, bool *truncated)
{
	text	   *answer = fql_execute_past_cache(question(entity, with_fields), variables(entity, batch));
	Jsonb	   *response = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring(answer))));
	bool		failed = has_failed(response);
	JsonbValue	data;
	JsonbValue	list;
	ListCell   *cell;

	if (failed && list_length(batch) == 1)
		*truncated = true;
	else if (failed)
	{
		foreach(cell, batch)
			ask_batch(entity, list_make1(lfirst(cell)), with_fields, truncated);
	}
	else if (member(&response->root, FQL_STR("data"), &data) != NULL && data.type == jbvBinary &&
			 member(data.val.binary.data, FQL_STR("objects"), &list) != NULL && list.type == jbvBinary &&
			 JsonContainerIsArray(list.val.binary.data))
		take_seen(batch, entity, list.val.binary.data);
}

/* Ask for all objects of one type that are there, or that were. */
static void
ask_for(const FqlEntityType *entity, List *objects, bool deleted, bool *truncated)
{
	List	   *batch = NIL;
	ListCell   *cell;

	foreach(cell, objects)
	{
		NamedObject *object = lfirst(cell);

		if (object->entity == entity && (object->kind == FQL_CHANGE_DELETED) == deleted)
			batch = lappend(batch, object);
		if (list_length(batch) == BATCH)
		{
			ask_batch(entity, batch, !deleted, truncated);
			batch = NIL;
		}
	}
	if (batch != NIL)
		ask_batch(entity, batch, !deleted, truncated);
}

/* May the caller read every row of it?  Of a table with policies: who owns it or bypasses them (RLS_NONE_ENV) may. */
static bool
sees_all_rows(const FqlEntityType *entity)
{
	Oid			relid = entity->relation->relid;

	return relid == entity->table && pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

static void
see_deleted(const FqlEntityType *entity, List *objects, Snapshot before, bool *truncated)
{
	ListCell   *cell;

	if (before != NULL)
	{
		PushActiveSnapshot(before);
		ask_for(entity, objects, true, truncated);
		PopActiveSnapshot();
	}
	else if (sees_all_rows(entity))
	{
		foreach(cell, objects)
		{
			NamedObject *object = lfirst(cell);

			if (object->entity == entity && object->kind == FQL_CHANGE_DELETED)
				object->fields = "";
		}
	}
}

static void
see_objects(List *entities, List *objects, Snapshot before, bool *truncated)
{
	ListCell   *cell;

	CommandCounterIncrement();
	foreach(cell, entities)
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		ask_for(lfirst(cell), objects, false, truncated);
		PopActiveSnapshot();
		see_deleted(lfirst(cell), objects, before, truncated);
	}
}

/*
 * Writing it down
 */

static void
append_name(StringInfo out, FqlStr name)
{
	appendStringInfo(out, "\"%.*s\"", FQL_STR_ARGS(name));
}

static void
append_timestamp(StringInfo out, TimestampTz time)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	appendStringInfo(out, "\"%s\"", JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID, &utc));
}

static void
append_object(StringInfo out, const NamedObject *object)
{
	static const char *const operations[] = {
		[FQL_CHANGE_CREATED] = "CREATED", [FQL_CHANGE_UPDATED] = "UPDATED", [FQL_CHANGE_DELETED] = "DELETED"
	};

	appendStringInfoString(out, "{\"__typename\":");
	append_name(out, object->entity->type->name);
	appendStringInfoString(out, ",\"id\":");
	escape_json(out, object->id);
	appendStringInfo(out, ",\"operation\":\"%s\"", operations[object->kind]);
	if (object->kind == FQL_CHANGE_DELETED)
	{
		appendStringInfoString(out, ",\"deletedAt\":");
		append_timestamp(out, GetCurrentTransactionStartTimestamp());
	}
	else
		appendStringInfo(out, ",\"entity\":%s", object->fields);
	appendStringInfoChar(out, '}');
}

static int
append_objects(StringInfo out, const char *key, List *objects, bool deleted)
{
	int			count = 0;
	ListCell   *cell;

	appendStringInfo(out, "\"%s\":[", key);
	foreach(cell, objects)
	{
		const NamedObject *object = lfirst(cell);

		if (object->fields == NULL || (object->kind == FQL_CHANGE_DELETED) != deleted)
			continue;
		if (count++ > 0)
			appendStringInfoChar(out, ',');
		append_object(out, object);
	}
	appendStringInfoChar(out, ']');
	return count;
}

static bool
is_named(List *objects, const FqlType *type)
{
	ListCell   *cell;

	foreach(cell, objects)
	{
		const NamedObject *object = lfirst(cell);

		if (object->fields != NULL && object->entity->type == type)
			return true;
	}
	return false;
}

/* Does the type have a field that leads to objects of a named type, and may the caller read it? */
static bool
may_contain_named(const FqlType *type, List *objects)
{
	const FqlRelation *relation = type->binding;

	if (pg_class_aclcheck(relation->relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return false;
	for (uint32_t i = 0; i < type->field_count; i++)
	{
		const FqlFieldBinding *binding = type->fields[i].binding;

		if ((binding->kind == FQL_FIELD_TO_ONE || binding->kind == FQL_FIELD_TO_MANY) &&
			is_named(objects, binding->target))
			return true;
	}
	return false;
}

/* The root fields whose answers may have changed, for clients that keep answers by name. */
static void
append_hints(StringInfo out, const FqlTypeSystem *types, List *objects)
{
	int			count = 0;

	appendStringInfoString(out, "\"invalidations\":[");
	for (uint32_t i = 0; i < types->query->field_count && count < MAX_HINTS; i++)
	{
		const FqlField *field = &types->query->fields[i];
		const FqlType *target = ((const FqlFieldBinding *) field->binding)->target;

		if (target == NULL || target->binding == NULL ||
			!(is_named(objects, target) || may_contain_named(target, objects)))
			continue;
		if (count++ > 0)
			appendStringInfoChar(out, ',');
		appendStringInfoString(out, "{\"queryName\":");
		append_name(out, field->name);
		appendStringInfoString(out, ",\"strategy\":\"INVALIDATE\",\"scope\":\"PREFIX\"}");
	}
	appendStringInfoChar(out, ']');
}

static void
append_metadata(StringInfo out, int affected, bool truncated)
{
	FullTransactionId xid = GetTopFullTransactionIdIfAny();

	appendStringInfoString(out, "\"metadata\":{\"timestamp\":");
	append_timestamp(out, GetCurrentTransactionStartTimestamp());
	if (FullTransactionIdIsValid(xid))
		appendStringInfo(out, ",\"transactionId\":\"" UINT64_FORMAT "\"", U64FromFullTransactionId(xid));
	else
		appendStringInfoString(out, ",\"transactionId\":null");
	appendStringInfo(out, ",\"depth\":1,\"affectedCount\":%d,\"truncated\":%s}", affected,
					 truncated ? "true" : "false");
}

static void
append_cascade(StringInfo out, const FqlCascade *cascade, const FqlTypeSystem *types)
{
	List	   *entities = fql_entity_types(types);
	List	   *objects = changed_objects(entities, cascade->mark);
	bool		truncated = cascade->truncated || fql_changes_are_truncated();
	int			affected;

	objects = add_returned(objects, entities, cascade->returned);
	see_objects(entities, objects, cascade->before, &truncated);
	appendStringInfoChar(out, '{');
	affected = append_objects(out, "updated", objects, false);
	appendStringInfoChar(out, ',');
	affected += append_objects(out, "deleted", objects, true);
	appendStringInfoChar(out, ',');
	append_hints(out, types, objects);
	appendStringInfoChar(out, ',');
	append_metadata(out, affected, truncated);
	appendStringInfoChar(out, '}');
}

/* Where nothing is exposed there are no entities either. */
static void
append_nothing(StringInfo out)
{
	appendStringInfoString(out, "{\"updated\":[],\"deleted\":[],\"invalidations\":[],");
	append_metadata(out, 0, fql_changes_are_truncated());
	appendStringInfoChar(out, '}');
}

/* The schema comes with a request, as for everybody. */
static void
append_as_caller(StringInfo out, const FqlCascade *cascade)
{
	FqlDiagnostics diagnostics;
	FqlRequest *request;

	fql_diagnostics_init(&diagnostics, fql_memory_arena(CurrentMemoryContext));
	request = fql_request_get(cstring_to_text("{ __typename }"), NULL, &diagnostics);
	if (request == NULL)
	{
		append_nothing(out);
		return;
	}
	PG_TRY();
	{
		append_cascade(out, cascade, request->types);
	}
	PG_FINALLY();
	{
		fql_request_release(request);
	}
	PG_END_TRY();
}

void
fql_cascade_end(FqlCascade *cascade, StringInfo out)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "fraiseql cascade", ALLOCSET_DEFAULT_SIZES);
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	MemoryContextSwitchTo(context);
	append_as_caller(out, cascade);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	UnregisterSnapshot(cascade->before);
	count_time(cascade, start);
	fql_audit_extracted(INSTR_TIME_GET_MICROSEC(cascade->spent));
}

/*
 * fraiseql.transaction_cascade() returns jsonb
 *
 * For those who write with SQL: what their transaction has changed so far.
 */
Datum
fql_transaction_cascade(PG_FUNCTION_ARGS pg_attribute_unused())
{
	FqlCascade	cascade = {0};
	StringInfoData out;

	initStringInfo(&out);
	append_as_caller(&out, &cascade);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data)));
}
