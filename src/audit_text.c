/*
 * audit_text.c
 *    An audit record's details in words: the types of its entities.
 *
 * Records hold relations and ids.  Names are looked up here, once a relation, in the schema of the database in which
 * somebody looks.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

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
	static const char *const operations[] = {
		[FQL_CHANGE_CREATED] = "CREATED", [FQL_CHANGE_UPDATED] = "UPDATED", [FQL_CHANGE_DELETED] = "DELETED"
	};

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
	appendStringInfo(out, ", \"operation\": \"%s\"}", operations[change->kind]);
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
