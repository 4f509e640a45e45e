/*
 * schema.c
 *    From fraiseql.exposure and the catalogs to the GraphQL type system.
 *
 * The steps, each over all exposed relations before the next begins, because later ones need names and objects of the
 * earlier ones:
 *    1. entities: what is exposed, its shape, the names of its type and root fields
 *    2. fields: columns (schema_columns.c), keys of documents (schema_documents.c), foreign keys (schema_relations.c)
 *    3. objects that have no field are dropped, with the fields that lead to them
 *    4. the root fields, of Query (_metrics: schema_metrics.c), and of Mutation (schema_functions.c)
 *    5. everything is written into the type system; inputs follow (schema_inputs.c); the type system is sealed
 *
 * What cannot be shown is left out and leaves a problem behind.  fraiseql.expose() raises it, so a schema that was made
 * by hand has none; a later DDL may bring one about, and then the rest must go on working.
 *
 * Entities are taken in the order of their names, so the same exposures give the same schema whatever the order in
 * which they were made or restored.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "document.h"
#include "exposure.h"
#include "naming.h"
#include "schema_internal.h"

/* A type name that is taken, and by what. */
typedef struct NameEntry
{
	char		name[FQL_NAME_MAX + 1];
	const char *origin;
} NameEntry;

/*
 * Problems, texts, names
 */

/* Remember what must be mended; message and hint are palloc'ed or literals. */
void
fql_build_problem(FqlSchemaBuild *build, int sqlstate, char *message, char *hint)
{
	build->problems = lappend(build->problems, fql_problem(sqlstate, message, hint));
}

/* An arena copy in UTF-8, with a terminator that nobody counts. */
FqlStr
fql_build_text(FqlSchemaBuild *build, const char *text)
{
	size_t		len = strlen(text);
	const char *converted = text;
	char	   *copy;

	/* A database without an encoding: what is not ASCII has no meaning that a client could be told. */
	if (GetDatabaseEncoding() == PG_SQL_ASCII && !pg_is_ascii(text))
		len = 0;
	else if (GetDatabaseEncoding() != PG_UTF8)
	{
		converted = pg_server_to_any(text, len, PG_UTF8);
		len = strlen(converted);
	}
	copy = fql_arena_alloc(build->arena, len + 1);
	memcpy(copy, converted, len);
	return (FqlStr){copy, len};
}

AttrNumber *
fql_build_numbers(FqlSchemaBuild *build, const AttrNumber *numbers, int count)
{
	AttrNumber *copy = FQL_NEW_ARRAY(build->arena, AttrNumber, count);

	memcpy(copy, numbers, sizeof(AttrNumber) * count);
	return copy;
}

/* Take a type name.  False: too long, or taken, and a problem says by what. */
bool
fql_build_claim(FqlSchemaBuild *build, const char *type_name, const char *origin, const char *hint)
{
	NameEntry  *entry;
	bool		found;

	if (strlen(type_name) > FQL_NAME_MAX)
	{
		fql_build_problem(build, ERRCODE_NAME_TOO_LONG,
						  psprintf("type name \"%s\" for %s is longer than %d characters", type_name, origin,
								   FQL_NAME_MAX), pstrdup(hint));
		return false;
	}
	entry = hash_search(build->type_names, type_name, HASH_ENTER, &found);
	if (!found)
		entry->origin = origin;
	else
		fql_build_problem(build, ERRCODE_DUPLICATE_OBJECT,
						  psprintf("type name \"%s\" is taken by both %s and %s", type_name, entry->origin, origin),
						  pstrdup(hint));
	return !found;
}

/*
 * A new object type with its <Type>Where and <Type>OrderBy.  NULL after a problem.
 */
FqlDraftObject *
fql_build_object(FqlSchemaBuild *build, const char *name, const char *origin, FqlEntity *entity)
{
	const char *hint = "Pass another type_name to fraiseql.expose().";
	FqlDraftObject *object;

	if (!fql_build_claim(build, name, origin, hint) ||
		!fql_build_claim(build, psprintf("%sWhere", name), psprintf("the filter of %s", origin), hint) ||
		!fql_build_claim(build, psprintf("%sOrderBy", name), psprintf("the order of %s", origin), hint))
		return NULL;
	object = palloc0(sizeof(FqlDraftObject));
	object->name = name;
	object->origin = origin;
	object->entity = entity;
	build->objects = lappend(build->objects, object);
	return object;
}

FqlDraftField *
fql_build_find(const FqlDraftObject *object, const char *name)
{
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		FqlDraftField *field = lfirst(cell);

		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

/* A field that belongs to no object yet. */
FqlDraftField *
fql_build_draft(FqlSchemaBuild *build, const char *name, const char *origin, FqlFieldKind kind)
{
	FqlDraftField *field = palloc0(sizeof(FqlDraftField));

	field->name = name;
	field->origin = origin;
	field->binding = FQL_NEW(build->arena, FqlFieldBinding);
	field->binding->kind = kind;
	return field;
}

/* Add a field.  NULL after a problem: the name is taken, and "hint" says how to give another. */
FqlDraftField *
fql_build_field(FqlSchemaBuild *build, FqlDraftObject *object, const char *name, const char *origin,
				FqlFieldKind kind, const char *hint)
{
	FqlDraftField *field = fql_build_find(object, name);

	if (field != NULL)
	{
		fql_build_problem(build, ERRCODE_DUPLICATE_OBJECT,
						  psprintf("field \"%s\" of type \"%s\" would come from both %s and %s", name, object->name,
								   field->origin, origin), pstrdup(hint));
		return NULL;
	}
	field = fql_build_draft(build, name, origin, kind);
	object->fields = lappend(object->fields, field);
	return field;
}

FqlEntity *
fql_build_entity(const FqlSchemaBuild *build, Oid relid)
{
	ListCell   *cell;

	foreach(cell, build->entities)
	{
		FqlEntity  *entity = lfirst(cell);

		if (entity->relation->relid == relid)
			return entity;
	}
	return NULL;
}

/*
 * Entities
 */

/*
 * The names of the root fields: from the type name that was given, else from the relation's name.  A relation that is
 * named in the plural keeps that plural.  Returns the type's name; NULL after a problem.
 */
static const char *
name_entity(FqlSchemaBuild *build, FqlEntity *entity)
{
	const char *type_name = entity->given_name;
	const char *word = type_name != NULL ? fql_naming_lower_first(type_name)
		: fql_naming_camel(fql_naming_entity(entity->relation->name));
	bool		plural;

	if (word == NULL)
	{
		fql_build_problem(build, ERRCODE_INVALID_NAME,
						  psprintf("the name of %s cannot become a GraphQL name", entity->relation->label),
						  pstrdup("Pass a type_name to fraiseql.expose()."));
		return NULL;
	}
	plural = type_name == NULL && fql_naming_is_plural(word);
	entity->singular = entity->options.singular;
	if (entity->singular == NULL)
		entity->singular = plural ? fql_naming_singular(word) : word;
	entity->plural = entity->options.plural;
	if (entity->plural == NULL)
		entity->plural = plural ? word : fql_naming_plural(entity->singular);
	return type_name != NULL ? type_name : fql_naming_upper_first(plural ? fql_naming_singular(word) : word);
}

static bool
is_exposable_kind(char kind)
{
	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_VIEW;
}

/* NULL: the relation is gone, or a problem says why it is left out. */
static FqlEntity *
make_entity(FqlSchemaBuild *build, const FqlExposure *exposure)
{
	FqlEntity  *entity = palloc0(sizeof(FqlEntity));
	FqlProblem *problem;

	entity->relation = fql_catalog_relation(exposure->object);
	if (entity->relation == NULL || !is_exposable_kind(entity->relation->kind))
		return NULL;
	problem = fql_options_parse(exposure->options, &entity->options);
	if (problem == NULL && exposure->name != NULL && !fql_naming_is_public(exposure->name))
		problem = fql_problem(ERRCODE_INVALID_PARAMETER_VALUE,
							  psprintf("type name \"%s\" is not a GraphQL name", exposure->name), NULL);
	if (problem != NULL)
	{
		build->problems = lappend(build->problems, problem);
		return NULL;
	}
	entity->binding = FQL_NEW(build->arena, FqlRelation);
	entity->binding->relid = exposure->object;
	entity->given_name = exposure->name;
	entity->binding->ttl = entity->options.ttl;
	entity->binding->shape = fql_build_is_document(entity->relation, &entity->options)
		? FQL_RELATION_DOCUMENT : FQL_RELATION_COLUMNS;
	if (entity->binding->shape == FQL_RELATION_DOCUMENT)
		entity->definition = fql_document_definition(exposure->object);
	return entity;
}

static int
compare_entities(const ListCell *a, const ListCell *b)
{
	const FqlCatalogRelation *x = ((const FqlEntity *) lfirst(a))->relation;
	const FqlCatalogRelation *y = ((const FqlEntity *) lfirst(b))->relation;
	int			order = strcmp(fql_naming_entity(x->name), fql_naming_entity(y->name));

	return order != 0 ? order : strcmp(x->label, y->label);
}

static void
build_entities(FqlSchemaBuild *build)
{
	List	   *candidates = NIL;
	List	   *exposures = fql_exposures("exposure");
	ListCell   *cell;

	foreach(cell, exposures)
	{
		const FqlExposure *exposure = lfirst(cell);
		FqlEntity  *entity;

		CHECK_FOR_INTERRUPTS();
		entity = make_entity(build, exposure);
		if (entity != NULL)
			candidates = lappend(candidates, entity);
	}
	list_sort(candidates, compare_entities);
	foreach(cell, candidates)
	{
		FqlEntity  *entity = lfirst(cell);
		const char *type_name = name_entity(build, entity);

		if (type_name == NULL)
			continue;
		entity->object = fql_build_object(build, type_name, entity->relation->label, entity);
		if (entity->object == NULL)
			continue;
		entity->object->comment = entity->relation->comment;
		build->entities = lappend(build->entities, entity);
	}
}

/*
 * Fields
 */

/* Options that name nothing: a typing mistake, or a column that has gone since. */
static void
check_options(FqlSchemaBuild *build, const FqlEntity *entity)
{
	const FqlNamePair *pair = fql_options_unused(entity->options.exclude);
	const char *option = "exclude";
	ListCell   *cell;

	if (pair == NULL)
	{
		pair = fql_options_unused(entity->options.fields);
		option = "fields";
	}
	if (pair != NULL)
		fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
						  psprintf("option \"%s\" of %s names \"%s\", which is not there", option,
								   entity->relation->label, pair->key),
						  entity->binding->shape == FQL_RELATION_DOCUMENT
						  ? pstrdup("Name keys of the document, nested ones with dots: \"address.city\".")
						  : pstrdup("Name columns as SQL spells them."));
	foreach(cell, entity->options.relations)
	{
		const FqlRelationOption *relation = lfirst(cell);
		bool		found = false;
		ListCell   *key;

		foreach(key, entity->relation->foreign_keys)
			found = found || strcmp(((FqlForeignKey *) lfirst(key))->name, relation->constraint) == 0;
		if (!found)
			fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
							  psprintf("option \"relations\" of %s names \"%s\", which is no foreign key of it",
									   entity->relation->label, relation->constraint),
							  pstrdup("Name foreign key constraints of the relation itself."));
	}
}

static void
build_fields(FqlSchemaBuild *build)
{
	ListCell   *cell;

	foreach(cell, build->entities)
	{
		FqlEntity  *entity = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (entity->binding->shape == FQL_RELATION_DOCUMENT)
			fql_build_document(build, entity);
		else
			fql_build_columns(build, entity);
		check_options(build, entity);
	}
	fql_build_relations(build);
}

/* Remove fields whose target was dropped; true: the object has no field left. */
static bool
is_empty(FqlDraftObject *object)
{
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		if (field->target != NULL && field->target->dropped)
			object->fields = foreach_delete_current(object->fields, cell);
	}
	return object->fields == NIL;
}

/* The type of a relation has no field.  A document that could not be read was reported before. */
static void
report_empty(FqlSchemaBuild *build, const FqlDraftObject *object)
{
	const FqlRelation *relation = object->entity->binding;

	if (relation->shape == FQL_RELATION_COLUMNS)
		fql_build_problem(build, ERRCODE_INVALID_TABLE_DEFINITION,
						  psprintf("%s has no column that GraphQL could show", object->origin),
						  pstrdup("Columns named pk_* and fk_* are not shown beside an id, unless the option "
								  "\"fields\" names them."));
	else if (relation->data_column != 0)
		fql_build_problem(build, ERRCODE_INVALID_TABLE_DEFINITION,
						  psprintf("%s has no key that GraphQL could show", object->origin),
						  pstrdup("Leave at least one key out of the option \"exclude\"."));
}

/* GraphQL has no object type without a field.  Dropping one may empty another, so repeat until nothing changes. */
static void
drop_empty_objects(FqlSchemaBuild *build)
{
	bool		changed = true;
	ListCell   *cell;

	while (changed)
	{
		changed = false;
		foreach(cell, build->objects)
		{
			FqlDraftObject *object = lfirst(cell);

			if (object->dropped || !is_empty(object))
				continue;
			object->dropped = changed = true;
			if (object->entity != NULL)
				report_empty(build, object);
		}
	}
	for (int i = list_length(build->objects) - 1; i >= 0; i--)
	{
		if (((FqlDraftObject *) list_nth(build->objects, i))->dropped)
			build->objects = list_delete_nth_cell(build->objects, i);
	}
}

/* The root fields of one entity. */
static void
build_root(FqlSchemaBuild *build, FqlEntity *entity)
{
	const char *hint = "Use the options \"singular\" and \"plural\" of fraiseql.expose(), or another type_name.";
	FqlDraftField *field;

	if (entity->keys != NIL)
	{
		field = fql_build_field(build, build->query, entity->singular,
								psprintf("the singular of %s", entity->object->origin), FQL_FIELD_ROOT_ONE, hint);
		if (field != NULL)
			field->target = entity->object;
	}
	field = fql_build_field(build, build->query, entity->plural, psprintf("the plural of %s", entity->object->origin),
							FQL_FIELD_ROOT_LIST, hint);
	if (field == NULL)
		return;
	field->target = entity->object;
	field->list = field->item_not_null = field->not_null = true;
}

static FqlDraftObject *
root_object(const char *name)
{
	FqlDraftObject *object = palloc0(sizeof(FqlDraftObject));

	object->name = object->origin = name;
	return object;
}

static void
build_roots(FqlSchemaBuild *build)
{
	ListCell   *cell;

	build->query = root_object("Query");
	build->mutation = root_object("Mutation");
	foreach(cell, build->entities)
	{
		FqlEntity  *entity = lfirst(cell);

		if (!entity->object->dropped)
			build_root(build, entity);
	}
}

/*
 * Into the type system
 */

static void
write_field(FqlSchemaBuild *build, FqlDraftField *draft, FqlField *field)
{
	const FqlTypeRef *ref = fql_type_named(build->types, draft->target != NULL ? draft->target->type
										   : draft->leaf.type);

	if (draft->list)
	{
		if (draft->item_not_null)
			ref = fql_type_non_null(build->types, ref);
		ref = fql_type_list(build->types, ref);
	}
	field->type = draft->not_null ? fql_type_non_null(build->types, ref) : ref;
	field->name = fql_build_text(build, draft->name);
	if (draft->comment != NULL)
		field->description = fql_build_text(build, draft->comment);
	if (draft->target != NULL)
		draft->binding->target = draft->target->type;
	field->binding = draft->binding;
	draft->field = field;
}

static void
write_fields(FqlSchemaBuild *build, FqlDraftObject *object)
{
	int			i = 0;
	ListCell   *cell;

	object->type->field_count = list_length(object->fields);
	object->type->fields = FQL_NEW_ARRAY(build->arena, FqlField, list_length(object->fields));
	foreach(cell, object->fields)
		write_field(build, lfirst(cell), &object->type->fields[i++]);
}

static void
write_object(FqlSchemaBuild *build, FqlDraftObject *object)
{
	object->type = fql_typesystem_add(build->types, FQL_TYPE_OBJECT, fql_build_text(build, object->name));
	if (object->comment != NULL)
		object->type->description = fql_build_text(build, object->comment);
	if (object->entity != NULL)
		object->type->binding = object->entity->binding;
}

/* Key arguments may compare a field that the object itself does not show. */
static void
write_hidden_keys(FqlSchemaBuild *build)
{
	ListCell   *cell;
	ListCell   *key;

	foreach(cell, build->entities)
	{
		foreach(key, ((FqlEntity *) lfirst(cell))->keys)
		{
			FqlDraftField *field = lfirst(key);

			if (field->field == NULL)
				write_field(build, field, FQL_NEW(build->arena, FqlField));
		}
	}
}

/* A root type without fields is none. */
static void
write_root(FqlSchemaBuild *build, FqlDraftObject *object, const FqlType **root)
{
	if (object->fields == NIL)
		return;
	write_object(build, object);
	*root = object->type;
}

static void
write_types(FqlSchemaBuild *build)
{
	ListCell   *cell;

	write_root(build, build->query, &build->types->query);
	write_root(build, build->mutation, &build->types->mutation);
	foreach(cell, build->objects)
		write_object(build, lfirst(cell));
	foreach(cell, build->results)
		write_object(build, lfirst(cell));
	if (build->query->type != NULL)
		write_fields(build, build->query);
	if (build->mutation->type != NULL)
		write_fields(build, build->mutation);
	foreach(cell, build->objects)
		write_fields(build, lfirst(cell));
	foreach(cell, build->results)
		write_fields(build, lfirst(cell));
	write_hidden_keys(build);
	fql_build_inputs(build);
	fql_build_function_arguments(build);
	fql_build_write_arguments(build);
}

/*
 * Sealing finds nothing that the drafts did not already rule out; if it ever does, that is a defect of this file.
 */
static void
seal(FqlSchemaBuild *build)
{
	FqlDiagnostics diagnostics;

	fql_diagnostics_init(&diagnostics, build->arena);
	if (fql_typesystem_seal(build->types, &diagnostics))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("GraphQL schema is inconsistent"),
			 diagnostics.first == NULL ? 0 : errdetail("%.*s", FQL_STR_ARGS(diagnostics.first->message))));
}

static HTAB *
make_table(const char *name, Size key, Size entry, int flags)
{
	HASHCTL		control = {.keysize = key, .entrysize = entry, .hcxt = CurrentMemoryContext};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_CONTEXT | flags);
}

/* Names that no relation may have, because the type system has them already. */
static void
claim_builtins(FqlSchemaBuild *build)
{
	static const char *const others[] = {"Query", "Mutation", "Subscription", "OrderDirection", "StringEqualityFilter"};

	for (int i = 0; i < FQL_SCALAR_COUNT; i++)
	{
		FqlStr		name = build->types->scalars[i]->name;

		fql_build_claim(build, pnstrdup(name.data, name.len), "a type of GraphQL itself", "");
		fql_build_claim(build, psprintf("%.*sFilter", FQL_STR_ARGS(name)), "a type of GraphQL itself", "");
	}
	for (size_t i = 0; i < lengthof(others); i++)
		fql_build_claim(build, others[i], "a type of GraphQL itself", "");
}

/*
 * Build the type system into the arena; *problems (of FqlProblem) and everything short-lived goes to
 * CurrentMemoryContext.
 */
FqlTypeSystem *
fql_schema_build(FqlArena *arena, List **problems)
{
	FqlSchemaBuild build = {.arena = arena};

	/* Some things come from the syscache: see at least what was committed before this call. */
	AcceptInvalidationMessages();
	build.types = fql_typesystem_create(arena);
	build.type_names = make_table("fraiseql type names", FQL_NAME_MAX + 1, sizeof(NameEntry), HASH_STRINGS);
	build.enums = make_table("fraiseql enums", sizeof(Oid), sizeof(FqlEnumEntry), HASH_BLOBS);
	claim_builtins(&build);
	build_entities(&build);
	build_fields(&build);
	drop_empty_objects(&build);
	build_roots(&build);
	fql_build_functions(&build);
	fql_build_writes(&build);
	fql_build_metrics(&build);
	write_types(&build);
	seal(&build);
	*problems = build.problems;
	return build.types;
}

static void
diagnose_problem(const FqlProblem *problem, FqlDiagnostics *diagnostics)
{
	char	   *message = pg_server_to_any(problem->message, strlen(problem->message), PG_UTF8);

	fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, (FqlLocation){0, 0}, "%s", message);
}

FqlTypeSystem *
fql_schema_load(FqlArena *arena, FqlDiagnostics *diagnostics)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "fraiseql schema build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	List	   *problems;
	FqlTypeSystem *types = fql_schema_build(arena, &problems);
	ListCell   *cell;

	foreach(cell, problems)
		diagnose_problem(lfirst(cell), diagnostics);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return types;
}
