/*
 * schema_documents.c
 *    Fields from the keys of read models: (id, data jsonb).
 *
 * Shapes come from document.c or are declared in the options; a declared key goes before what was read.  An object
 * that is the data of another exposed read model has that one's type.  Any other object becomes a type of its own,
 * named after the type and the field that hold it; how many of these there may be, and how deep, is limited, and what
 * lies beyond is JSON.
 *
 * Everything but id is nullable, items of lists too: nothing in a definition promises otherwise.
 *
 * Where the view has a column beside data for the value of a key, filters may use it (document_columns.c).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "document.h"
#include "naming.h"
#include "schema_internal.h"

#define MAX_NESTING 8
#define MAX_NESTED_TYPES 200		/* of one exposed relation */

/* Where a key is: the object under construction and the way to it. */
typedef struct Place
{
	FqlEntity  *entity;
	FqlDraftObject *object;
	const char *path;			/* "" or "address." */
	int			depth;
	Oid			definition;		/* the view whose definition this object comes from */
	const struct Place *outer;
} Place;

static void build_members(FqlSchemaBuild *build, const Place *place, const FqlShape *shape);

/*
 * What "data ->> key" is cast to before it is compared.  JSON has one spelling for each of these groups, so the widest
 * type of the group will do; an ID and everything that is a String stays text.
 */
static Oid
comparison_type(const FqlLeaf *leaf)
{
	if (leaf->is_array || leaf->comparison <= FQL_COMPARE_NULLNESS)
		return InvalidOid;
	if (leaf->type->kind != FQL_TYPE_SCALAR)
		return TEXTOID;
	switch (leaf->type->scalar)
	{
		case FQL_SCALAR_INT:
		case FQL_SCALAR_BIGINT:
			return INT8OID;
		case FQL_SCALAR_FLOAT:
			return FLOAT8OID;
		case FQL_SCALAR_DECIMAL:
			return NUMERICOID;
		case FQL_SCALAR_BOOLEAN:
			return BOOLOID;
		case FQL_SCALAR_DATE:
			return DATEOID;
		case FQL_SCALAR_DATETIME:
			return TIMESTAMPTZOID;
		case FQL_SCALAR_TIME:
			return TIMEOID;
		default:
			return TEXTOID;
	}
}

/* The leaf of a value within a document: text compares as text, whatever its type was. */
static FqlLeaf
document_leaf(FqlSchemaBuild *build, Oid type)
{
	FqlLeaf		leaf = fql_build_leaf(build, type);

	if (!leaf.is_array && leaf.type == build->types->scalars[FQL_SCALAR_STRING])
	{
		leaf.comparison = FQL_COMPARE_TEXT;
		leaf.sortable = true;
	}
	return leaf;
}

static void
set_leaf(FqlDraftField *field, FqlLeaf leaf)
{
	field->leaf = leaf;
	field->list = leaf.is_array;
	field->binding->column_type = comparison_type(&leaf);
}

/* The field's name; NULL: not shown, with a problem where it should have been. */
static const char *
key_field_name(FqlSchemaBuild *build, const Place *place, const char *key)
{
	const char *path = psprintf("%s%s", place->path, key);
	const char *given = fql_options_pair(place->entity->options.fields, path);
	const char *name;

	if (fql_options_excludes(&place->entity->options, path))
		return NULL;
	name = given != NULL ? given : fql_naming_camel(key);
	if (name == NULL)
		fql_build_problem(build, ERRCODE_INVALID_NAME,
						  psprintf("key \"%s\" of %s cannot become a GraphQL field", path,
								   place->entity->relation->label),
						  psprintf("Name it with the options {\"fields\": {\"%s\": \"...\"}}, or leave it out with "
								   "{\"exclude\": [\"%s\"]}.", path, path));
	return name;
}

static const char *
copy_key(FqlSchemaBuild *build, const char *key)
{
	char	   *copy = fql_arena_alloc(build->arena, strlen(key) + 1);

	memcpy(copy, key, strlen(key));
	return copy;
}

/* A field for a key; NULL: not shown. */
static FqlDraftField *
build_key(FqlSchemaBuild *build, const Place *place, const char *key, FqlFieldKind kind)
{
	const char *name = key_field_name(build, place, key);
	FqlDraftField *field;

	if (name == NULL)
		return NULL;
	field = fql_build_field(build, place->object, name,
							psprintf("key \"%s%s\" of %s", place->path, key, place->entity->relation->label), kind,
							"Name one of them with the option \"fields\" of fraiseql.expose(), or leave it out with "
							"\"exclude\".");
	if (field != NULL)
		field->binding->data_key = copy_key(build, key);
	return field;
}

/* The read model that a reference means: the relation itself, or the one that its definition belongs to. */
static FqlEntity *
referenced_entity(const FqlSchemaBuild *build, Oid relid)
{
	FqlEntity  *entity = fql_build_entity(build, relid);
	ListCell   *cell;

	if (entity != NULL && entity->binding->shape == FQL_RELATION_DOCUMENT)
		return entity;
	foreach(cell, build->entities)
	{
		entity = lfirst(cell);
		if (entity->binding->shape == FQL_RELATION_DOCUMENT && entity->definition == relid)
			return entity;
	}
	return NULL;
}

/* A type for an object that no exposed relation has: PostAddress for the key address of Post.  NULL: not made. */
static FqlDraftObject *
build_nested_object(FqlSchemaBuild *build, const Place *place, const char *field_name, const char *key,
					const FqlShape *shape, Oid definition)
{
	const char *name = psprintf("%s%s", place->object->name, fql_naming_upper_first(field_name));
	Place		inner = {.entity = place->entity, .depth = place->depth + 1, .definition = definition, .outer = place};

	if (build->nested_count >= MAX_NESTED_TYPES || inner.depth > MAX_NESTING || strlen(name) > FQL_NAME_MAX / 2)
		return NULL;
	build->nested_count++;
	inner.object = fql_build_object(build, name, psprintf("key \"%s%s\" of %s", place->path, key,
														  place->entity->relation->label), NULL);
	inner.path = psprintf("%s%s.", place->path, key);
	if (inner.object != NULL)
		build_members(build, &inner, shape);
	return inner.object;
}

/* Does one of the objects around this place come from that definition?  Then it would hold itself without end. */
static bool
is_inside(const Place *place, Oid definition)
{
	for (; place != NULL; place = place->outer)
	{
		if (place->definition == definition)
			return true;
	}
	return false;
}

/* What an object, or a reference to one, is the type of; NULL: only JSON. */
static FqlDraftObject *
object_target(FqlSchemaBuild *build, const Place *place, const char *field_name, const char *key, FqlShape *shape)
{
	Oid			definition = place->definition;

	if (shape->kind == FQL_SHAPE_REFERENCE)
	{
		FqlEntity  *entity = referenced_entity(build, shape->relid);

		if (entity != NULL)
			return entity->object;
		definition = fql_document_definition(shape->relid);
		if (!OidIsValid(definition) || is_inside(place, definition))
			return NULL;
		shape = fql_document_shape(definition);
	}
	if (shape->kind != FQL_SHAPE_OBJECT || shape->members == NIL)
		return NULL;
	return build_nested_object(build, place, field_name, key, shape, definition);
}

/* The field of a key whose value is an object or a list of objects. */
static void
build_object_key(FqlSchemaBuild *build, const Place *place, const char *key, FqlShape *shape, bool list)
{
	FqlDraftField *field = build_key(build, place, key, list ? FQL_FIELD_DATA_LIST : FQL_FIELD_DATA_OBJECT);

	if (field == NULL)
		return;
	field->target = object_target(build, place, field->name, key, shape);
	field->list = list;
	if (field->target != NULL)
		return;
	field->binding->kind = FQL_FIELD_DATA_VALUE;
	set_leaf(field, fql_build_json_leaf(build));
}

static void
build_value_key(FqlSchemaBuild *build, const Place *place, const char *key, FqlLeaf leaf)
{
	FqlDraftField *field = build_key(build, place, key, FQL_FIELD_DATA_VALUE);

	if (field != NULL)
		set_leaf(field, leaf);
}

static void
build_list_key(FqlSchemaBuild *build, const Place *place, const char *key, FqlShape *item)
{
	FqlLeaf		leaf = fql_build_json_leaf(build);

	if (item->kind == FQL_SHAPE_OBJECT || item->kind == FQL_SHAPE_REFERENCE)
	{
		build_object_key(build, place, key, item, true);
		return;
	}
	/* A list of lists is JSON: a client could not tell its levels apart anyway. */
	if (item->kind == FQL_SHAPE_SCALAR)
	{
		FqlLeaf		element = document_leaf(build, item->type);

		if (!element.is_array)
			leaf = element;
	}
	if (item->kind != FQL_SHAPE_LIST)
	{
		leaf.is_array = true;
		leaf.comparison = FQL_COMPARE_NOTHING;
		leaf.sortable = false;
	}
	build_value_key(build, place, key, leaf);
}

static void
build_member(FqlSchemaBuild *build, const Place *place, const char *key, FqlShape *shape)
{
	switch (shape->kind)
	{
		case FQL_SHAPE_SCALAR:
			build_value_key(build, place, key, document_leaf(build, shape->type));
			break;
		case FQL_SHAPE_LIST:
			build_list_key(build, place, key, shape->of);
			break;
		case FQL_SHAPE_OBJECT:
		case FQL_SHAPE_REFERENCE:
			build_object_key(build, place, key, shape, false);
			break;
		case FQL_SHAPE_JSON:
			build_value_key(build, place, key, fql_build_json_leaf(build));
			break;
	}
}

/* All keys of an object; at the top only those that the options do not declare. */
static void
build_members(FqlSchemaBuild *build, const Place *place, const FqlShape *shape)
{
	ListCell   *cell;

	foreach(cell, shape->members)
	{
		const FqlShapeMember *member = lfirst(cell);

		if (place->depth > 0 || fql_options_pair(place->entity->options.data, member->key) == NULL)
			build_member(build, place, member->key, member->shape);
	}
}

/* A declared type, taken apart: [Comment!]! */
typedef struct Declaration
{
	char	   *name;
	bool		list;
	bool		item_not_null;
	bool		not_null;
} Declaration;

/* Cut one character off the end, if it is that. */
static bool
chop(char *text, char c)
{
	size_t		len = strlen(text);

	if (len == 0 || text[len - 1] != c)
		return false;
	text[len - 1] = '\0';
	return true;
}

/* False: not a type that a key can have. */
static bool
parse_declaration(const char *text, Declaration *declaration)
{
	char	   *rest = pstrdup(text);

	memset(declaration, 0, sizeof(*declaration));
	declaration->not_null = chop(rest, '!');
	if (rest[0] == '[' && chop(rest, ']'))
	{
		rest++;
		declaration->list = true;
		declaration->item_not_null = chop(rest, '!');
	}
	declaration->name = rest;
	return fql_naming_is_public(rest);
}

static const FqlType *
find_scalar(const FqlSchemaBuild *build, const char *name)
{
	for (int i = 0; i < FQL_SCALAR_COUNT; i++)
	{
		if (fql_str_equal(build->types->scalars[i]->name, fql_str_from(name)))
			return build->types->scalars[i];
	}
	return NULL;
}

/* The object of an exposed read model by its type's name. */
static FqlDraftObject *
find_document_object(const FqlSchemaBuild *build, const char *name)
{
	ListCell   *cell;

	foreach(cell, build->entities)
	{
		const FqlEntity *entity = lfirst(cell);

		if (entity->binding->shape == FQL_RELATION_DOCUMENT && strcmp(entity->object->name, name) == 0)
			return entity->object;
	}
	return NULL;
}

/* The leaf of a declared scalar: as if the key held an SQL type of that scalar. */
static FqlLeaf
declared_leaf(FqlSchemaBuild *build, const FqlType *scalar, bool list)
{
	static const Oid types[FQL_SCALAR_COUNT] = {
		[FQL_SCALAR_ID] = UUIDOID,
		[FQL_SCALAR_INT] = INT4OID,
		[FQL_SCALAR_BIGINT] = INT8OID,
		[FQL_SCALAR_FLOAT] = FLOAT8OID,
		[FQL_SCALAR_DECIMAL] = NUMERICOID,
		[FQL_SCALAR_BOOLEAN] = BOOLOID,
		[FQL_SCALAR_STRING] = TEXTOID,
		[FQL_SCALAR_JSON] = JSONBOID,
		[FQL_SCALAR_DATE] = DATEOID,
		[FQL_SCALAR_DATETIME] = TIMESTAMPTZOID,
		[FQL_SCALAR_TIME] = TIMEOID,
	};
	FqlLeaf		leaf = fql_build_leaf(build, types[scalar->scalar]);

	if (list)
	{
		leaf.is_array = true;
		leaf.comparison = FQL_COMPARE_NOTHING;
		leaf.sortable = false;
	}
	return leaf;
}

static void
build_declared(FqlSchemaBuild *build, const Place *place, const FqlNamePair *pair)
{
	Declaration declaration;
	bool		valid = parse_declaration(pair->value, &declaration);
	const FqlType *scalar = valid ? find_scalar(build, declaration.name) : NULL;
	FqlDraftObject *target = valid && scalar == NULL ? find_document_object(build, declaration.name) : NULL;
	FqlFieldKind kind = scalar != NULL ? FQL_FIELD_DATA_VALUE
		: declaration.list ? FQL_FIELD_DATA_LIST : FQL_FIELD_DATA_OBJECT;
	FqlDraftField *field;

	if (scalar == NULL && target == NULL)
	{
		fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
						  psprintf("type \"%s\" of key \"%s\" of %s is not known", pair->value, pair->key,
								   place->entity->relation->label),
						  pstrdup("Use a scalar such as \"String\" or \"ID!\", the type of another exposed read model, "
								  "or a list of one: \"[Comment!]\"."));
		return;
	}
	field = build_key(build, place, pair->key, kind);
	if (field == NULL)
		return;
	field->target = target;
	if (scalar != NULL)
		set_leaf(field, declared_leaf(build, scalar, declaration.list));
	field->list = declaration.list;
	field->item_not_null = declaration.item_not_null;
	field->not_null = declaration.not_null;
}

/* The key id, or a draft of it that is no field, so that rows can be looked up by it all the same. */
static void
choose_key(FqlSchemaBuild *build, FqlEntity *entity, const FqlColumn *id)
{
	FqlDraftField *field = NULL;
	ListCell   *cell;

	foreach(cell, entity->object->fields)
	{
		FqlDraftField *candidate = lfirst(cell);

		if (candidate->binding->kind == FQL_FIELD_DATA_VALUE && strcmp(candidate->binding->data_key, "id") == 0)
			field = candidate;
	}
	if (field == NULL)
	{
		field = fql_build_draft(build, "id", entity->relation->label, FQL_FIELD_DATA_VALUE);
		field->binding->data_key = "id";
	}
	if (fql_options_pair(entity->options.data, "id") == NULL || field->leaf.type == NULL)
		set_leaf(field, fql_build_leaf(build, id->type));
	field->not_null = true;
	if (field->leaf.comparison >= FQL_COMPARE_BOOLEAN)
		entity->keys = list_make1(field);
}

static void
bind_document(FqlSchemaBuild *build, FqlEntity *entity, const FqlColumn *id)
{
	FqlRelation *binding = entity->binding;

	binding->data_column = fql_catalog_column(entity->relation, FQL_DOCUMENT_COLUMN)->number;
	binding->id_column = id->number;
	binding->key_count = 1;
	binding->key_columns = fql_build_numbers(build, &id->number, 1);
}

static void
report_unreadable(FqlSchemaBuild *build, const FqlEntity *entity)
{
	const char *label = entity->relation->label;
	char	   *hint = "Declare the keys with the option \"data\" of fraiseql.expose(): "
		"{\"data\": {\"id\": \"ID!\", \"name\": \"String\"}}.";

	if (entity->relation->kind != RELKIND_VIEW)
		hint = psprintf("Create a view v_%s in the same schema that builds the same data with jsonb_build_object(), or "
						"declare the keys with the option \"data\" of fraiseql.expose(): "
						"{\"data\": {\"id\": \"ID!\", \"name\": \"String\"}}.",
						fql_naming_entity(entity->relation->name));
	fql_build_problem(build, ERRCODE_INVALID_TABLE_DEFINITION,
					  psprintf("cannot tell what column \"data\" of %s holds", label), hint);
}

/* The field of a key of the document; NULL: it is not shown. */
static FqlDraftField *
field_of_key(const FqlEntity *entity, const char *key)
{
	ListCell   *cell;

	foreach(cell, entity->object->fields)
	{
		FqlDraftField *field = lfirst(cell);

		if (field->binding->data_key != NULL && strcmp(field->binding->data_key, key) == 0)
			return field;
	}
	return NULL;
}

/* Add a column to those of the keys of an object. */
static void
add_native_member(FqlSchemaBuild *build, FqlFieldBinding *binding, const char *key, FqlNativeColumn column)
{
	FqlNativeMember *member = FQL_NEW(build->arena, FqlNativeMember);

	*member = (FqlNativeMember){copy_key(build, key), column, binding->native_members};
	binding->native_members = member;
}

/*
 * Bind keys to the columns that hold the same values.  Only of a view: that a table tv_x keeps the columns and the
 * documents of the view v_x in step is nowhere written.
 */
static void
bind_native_columns(FqlSchemaBuild *build, const FqlEntity *entity)
{
	ListCell   *cell;

	foreach(cell, fql_document_columns(entity->relation->relid, entity->binding->data_column))
	{
		const FqlDocumentColumn *found = lfirst(cell);
		const FqlColumn *column = fql_catalog_column_numbered(entity->relation, found->number);
		FqlDraftField *field = field_of_key(entity, found->object != NULL ? found->object : found->key);
		FqlNativeColumn native;

		if (column == NULL || field == NULL)
			continue;
		native = (FqlNativeColumn){column->number, getBaseType(column->type), column->collation};
		if (found->object == NULL && field->binding->kind == FQL_FIELD_DATA_VALUE)
			field->binding->native = native;
		else if (found->object != NULL && field->binding->kind == FQL_FIELD_DATA_OBJECT)
			add_native_member(build, field->binding, found->key, native);
	}
}

/* All fields of a read model, and its key. */
void
fql_build_document(FqlSchemaBuild *build, FqlEntity *entity)
{
	const FqlColumn *id = fql_catalog_column(entity->relation, "id");
	Place		place = {.entity = entity, .object = entity->object, .path = "", .definition = entity->definition};
	FqlShape   *shape = OidIsValid(entity->definition) ? fql_document_shape(entity->definition) : NULL;
	ListCell   *cell;

	if ((shape == NULL || shape->kind != FQL_SHAPE_OBJECT || shape->members == NIL) &&
		entity->options.data == NIL)
	{
		report_unreadable(build, entity);
		return;
	}
	build->nested_count = 0;
	bind_document(build, entity, id);
	if (shape != NULL && shape->kind == FQL_SHAPE_OBJECT)
		build_members(build, &place, shape);
	foreach(cell, entity->options.data)
		build_declared(build, &place, lfirst(cell));
	choose_key(build, entity, id);
	if (entity->definition == entity->relation->relid)
		bind_native_columns(build, entity);
}
