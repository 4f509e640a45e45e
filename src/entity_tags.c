/*
 * entity_tags.c
 *    What an answer shows, by GraphQL type and id: the tags by which it is found when somebody invalidates by hand.
 *
 * Freshness has tags of its own, from what the executor read (scan.c).  These are for people, and for cascades that
 * others write, who know GraphQL types and ids: invalidate('User', '7').  So they are taken from what the answer shows,
 * and no hit ever looks at them; they stand in the entry's links alone (links.c).
 *
 * For each object type that the operation selects, nested ones too, an answer carries
 *   type:id    for each of its objects, if each object of the type in the answer shows its id; or else
 *   type:*     a list shows that other objects are not in it, an object without its id could be any, and where an
 *              object would be there is null: any object of the type may be the one that matters.
 * The id is the field "id", or, in a type that has none, that of the only column of the primary key.
 *
 * Whether a type is listed, and whether ids are selected, the selected fields tell; often no more is needed.  Else the
 * response is walked, side by side with the fields: text that PostgreSQL has made a moment ago, without white space, in
 * one pass without a tree.  Anything unexpected in it makes all types type:*.
 *
 * Ids are compared as text, but for the case of letters in a UUID.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"

#include "entity_tags.h"
#include "schema.h"

/* Longer ids are of any object. */
#define LONGEST_ID 1024

#define UUID_LENGTH 36

typedef struct ShownTag
{
	FqlTag		tag;
	uint32		type;			/* place in the list of types */
	uint32		status;
} ShownTag;

#define SH_PREFIX shownset
#define SH_ELEMENT_TYPE ShownTag
#define SH_KEY_TYPE FqlTag
#define SH_KEY tag
#define SH_HASH_KEY(table, key) ((uint32) (key))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct ShownType
{
	const FqlType *type;
	const FqlField *id;			/* NULL: it has none */
	bool		any;			/* type:* */
	bool		some;			/* there are objects with ids */
} ShownType;

typedef struct Shown
{
	ShownType  *types;
	uint32		type_count;
	uint32		type_capacity;
	shownset_hash *tags;
	uint32		limit;
	/* the response, from where it is read on */
	const char *at;
	const char *end;
} Shown;

/*
 * Tags
 */

FqlTag
fql_entity_tag_any(FqlStr type)
{
	return fql_tag_type_any(MyDatabaseId, type.data, type.len);
}

FqlTag
fql_entity_tag_some(FqlStr type)
{
	return fql_tag_type_some(MyDatabaseId, type.data, type.len);
}

static bool
is_uuid(FqlStr id)
{
	if (id.len != UUID_LENGTH)
		return false;
	for (int i = 0; i < UUID_LENGTH; i++)
	{
		bool		dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id.data[i] != '-' : !isxdigit((unsigned char) id.data[i]))
			return false;
	}
	return true;
}

FqlTag
fql_entity_tag(FqlStr type, FqlStr id)
{
	char		folded[UUID_LENGTH];

	if (is_uuid(id))
	{
		for (int i = 0; i < UUID_LENGTH; i++)
			folded[i] = (char) pg_ascii_tolower((unsigned char) id.data[i]);
		id.data = folded;
	}
	return fql_tag_type_id(MyDatabaseId, type.data, type.len, id.data, id.len);
}

/*
 * Types
 */

static bool
is_leaf(const FqlField *field)
{
	return fql_type_innermost(field->type)->kind != FQL_TYPE_OBJECT;
}

static const FqlField *
id_field(const FqlType *type)
{
	const FqlField *field = fql_field_find(type, FQL_STR("id"));
	const FqlRelation *relation = type->binding;

	if (field != NULL)
		return is_leaf(field) ? field : NULL;
	if (relation == NULL || relation->shape != FQL_RELATION_COLUMNS || relation->key_count != 1)
		return NULL;
	for (uint32 i = 0; i < type->field_count; i++)
	{
		const FqlFieldBinding *binding = type->fields[i].binding;

		if (binding->kind == FQL_FIELD_COLUMN && binding->column == relation->key_columns[0])
			return &type->fields[i];
	}
	return NULL;
}

/* The objects that a field shows; NULL: it shows none. */
static const FqlType *
object_type(const FqlSelectedField *field)
{
	const FqlType *type = field->field == NULL ? NULL : fql_type_innermost(field->field->type);

	return type != NULL && type->kind == FQL_TYPE_OBJECT ? type : NULL;
}

static ShownType *
shown_type(Shown *shown, const FqlType *type)
{
	ShownType  *added;

	for (uint32 i = 0; i < shown->type_count; i++)
		if (shown->types[i].type == type)
			return &shown->types[i];
	if (shown->type_count == shown->type_capacity)
	{
		shown->type_capacity = Max(8, 2 * shown->type_capacity);
		shown->types = shown->types == NULL ? palloc(shown->type_capacity * sizeof(ShownType)) :
			repalloc(shown->types, shown->type_capacity * sizeof(ShownType));
	}
	added = &shown->types[shown->type_count++];
	*added = (ShownType){.type = type, .id = id_field(type)};
	return added;
}

static bool
is_list(const FqlTypeRef *type)
{
	if (type->kind == FQL_TYPE_NODE_NON_NULL)
		type = type->of;
	return type->kind == FQL_TYPE_NODE_LIST;
}

static bool
selects(const FqlSelectedField *fields, const FqlField *wanted)
{
	for (const FqlSelectedField *field = fields; field != NULL; field = field->next)
		if (field->field == wanted)
			return true;
	return false;
}

/* What the selected fields tell by themselves. */
static void
look_at_fields(Shown *shown, const FqlSelectedField *fields)
{
	for (const FqlSelectedField *field = fields; field != NULL; field = field->next)
	{
		const FqlType *type = object_type(field);
		ShownType  *entry;

		CHECK_FOR_INTERRUPTS();
		if (type == NULL)
			continue;
		entry = shown_type(shown, type);
		if (is_list(field->field->type) || entry->id == NULL || !selects(field->selections, entry->id))
			entry->any = true;
		look_at_fields(shown, field->selections);
	}
}

/* Are ids wanted of what these fields show, or of anything below? */
static bool
wants_ids(Shown *shown, const FqlSelectedField *fields)
{
	for (const FqlSelectedField *field = fields; field != NULL; field = field->next)
	{
		const FqlType *type = object_type(field);

		if (type != NULL && (!shown_type(shown, type)->any || wants_ids(shown, field->selections)))
			return true;
	}
	return false;
}

/*
 * The response.  Each function moves past what it reads; false: it is not what it should be.
 */

static bool
take(Shown *shown, char wanted)
{
	if (shown->at == shown->end || *shown->at != wanted)
		return false;
	shown->at++;
	return true;
}

/* A string, with its quotes. */
static bool
read_string(Shown *shown, FqlStr *string)
{
	const char *begin = shown->at;

	if (!take(shown, '"'))
		return false;
	while (shown->at < shown->end && *shown->at != '"')
		shown->at += *shown->at == '\\' ? 2 : 1;
	if (shown->at >= shown->end)
		return false;
	shown->at++;
	*string = (FqlStr){begin, (size_t) (shown->at - begin)};
	return true;
}

/* Any value. */
static bool
read_value(Shown *shown, FqlStr *value)
{
	const char *begin = shown->at;
	FqlStr		string;
	int			depth = 0;

	while (shown->at < shown->end)
	{
		char		next = *shown->at;

		if (depth == 0 && (next == ',' || next == ']' || next == '}'))
			break;
		if (next == '"')
		{
			if (!read_string(shown, &string))
				return false;
			continue;
		}
		if (next == '{' || next == '[')
			depth++;
		else if (next == '}' || next == ']')
			depth--;
		shown->at++;
	}
	*value = (FqlStr){begin, (size_t) (shown->at - begin)};
	return depth == 0 && value->len > 0;
}

/* What stands for a character within a string; false: not one byte. */
static bool
unescape(char escape, char *byte)
{
	switch (escape)
	{
		case '"':
		case '\\':
		case '/':
			*byte = escape;
			return true;
		case 'b':
			*byte = '\b';
			return true;
		case 'f':
			*byte = '\f';
			return true;
		case 'n':
			*byte = '\n';
			return true;
		case 'r':
			*byte = '\r';
			return true;
		case 't':
			*byte = '\t';
			return true;
		default:
			return false;
	}
}

/* The text of an id: a string's content, or a number as it is.  False: it is none, or none that can be told. */
static bool
id_text(FqlStr value, char *buffer, FqlStr *id)
{
	size_t		len = 0;

	if (value.len > LONGEST_ID || value.data[0] == '{' || value.data[0] == '[' || value.data[0] == 'n')
		return false;
	*id = value;
	if (value.data[0] != '"')
		return true;
	for (size_t i = 1; i < value.len - 1; i++)
	{
		buffer[len] = value.data[i];
		if (value.data[i] == '\\' && !unescape(value.data[++i], &buffer[len]))
			return false;
		len++;
	}
	*id = (FqlStr){buffer, len};
	return true;
}

/* An object of the type, with this value for its id; data == NULL: it shows none. */
static void
add_object(Shown *shown, ShownType *type, FqlStr value)
{
	char		buffer[LONGEST_ID];
	FqlStr		id;
	ShownTag   *added;
	bool		found;

	if (type->any)
		return;
	if (value.data == NULL || !id_text(value, buffer, &id) || shown->tags->members >= shown->limit)
	{
		type->any = true;
		return;
	}
	added = shownset_insert(shown->tags, fql_entity_tag(type->type->name, id), &found);
	added->type = (uint32) (type - shown->types);
	type->some = true;
}

static bool walk_value(Shown *shown, const FqlSelectedField *field);

/* The selected field of that response key; they come in the order in which they were selected. */
static const FqlSelectedField *
find_selected(const FqlSelectedField *fields, const FqlSelectedField *likely, FqlStr key)
{
	if (likely != NULL && fql_str_equal(likely->response_key, key))
		return likely;
	for (const FqlSelectedField *field = fields; field != NULL; field = field->next)
		if (fql_str_equal(field->response_key, key))
			return field;
	return NULL;
}

/* The members of an object, which these fields select; *id becomes the value of the field that is asked for. */
static bool
walk_members(Shown *shown, const FqlSelectedField *fields, const FqlField *id_field, FqlStr *id)
{
	const FqlSelectedField *likely = fields;

	if (!take(shown, '{'))
		return false;
	if (take(shown, '}'))
		return true;
	do
	{
		const FqlSelectedField *field;
		const char *begin;
		FqlStr		key;

		if (!read_string(shown, &key) || !take(shown, ':'))
			return false;
		field = find_selected(fields, likely, (FqlStr){key.data + 1, key.len - 2});
		if (field == NULL)
			return false;
		likely = field->next;
		begin = shown->at;
		if (!walk_value(shown, field))
			return false;
		if (id_field != NULL && field->field == id_field)
			*id = (FqlStr){begin, (size_t) (shown->at - begin)};
	} while (take(shown, ','));
	return take(shown, '}');
}

static bool
walk_object(Shown *shown, const FqlSelectedField *field)
{
	const FqlType *type = object_type(field);
	FqlStr		id = {NULL, 0};

	if (!walk_members(shown, field->selections, shown_type(shown, type)->id, &id))
		return false;
	add_object(shown, shown_type(shown, type), id);
	return true;
}

static bool
walk_list(Shown *shown, const FqlSelectedField *field)
{
	CHECK_FOR_INTERRUPTS();
	if (!take(shown, '['))
		return false;
	if (take(shown, ']'))
		return true;
	do
	{
		if (!walk_value(shown, field))
			return false;
	} while (take(shown, ','));
	return take(shown, ']');
}

/* The value of a field, or an item of it. */
static bool
walk_value(Shown *shown, const FqlSelectedField *field)
{
	const FqlType *type = object_type(field);
	FqlStr		value;

	if (type != NULL && shown->at < shown->end)
	{
		if (*shown->at == '[')
			return walk_list(shown, field);
		if (*shown->at == '{')
			return walk_object(shown, field);
		shown_type(shown, type)->any = true;	/* null */
	}
	return read_value(shown, &value);
}

static bool
walk_response(Shown *shown, const FqlSelectedField *fields)
{
	FqlStr		key;

	return take(shown, '{') && read_string(shown, &key) && fql_str_equal(key, FQL_STR("\"data\"")) &&
		take(shown, ':') && walk_members(shown, fields, NULL, NULL) && take(shown, '}') && shown->at == shown->end;
}

/*
 * The result
 */

static FqlTag *
collect_tags(Shown *shown, uint32 *count)
{
	FqlTag	   *tags = palloc(mul_size(shown->type_count + shown->tags->members + 1, sizeof(FqlTag)));
	shownset_iterator iterator;
	ShownTag   *tag;

	*count = 0;
	for (uint32 i = 0; i < shown->type_count; i++)
	{
		const ShownType *type = &shown->types[i];

		if (type->any)
			tags[(*count)++] = fql_entity_tag_any(type->type->name);
		else if (type->some)
			tags[(*count)++] = fql_entity_tag_some(type->type->name);
	}
	shownset_start_iterate(shown->tags, &iterator);
	while ((tag = shownset_iterate(shown->tags, &iterator)) != NULL)
		if (!shown->types[tag->type].any)
			tags[(*count)++] = tag->tag;
	return tags;
}

FqlTag *
fql_entity_tags(const FqlSelectedField *fields, const char *response, size_t len, uint32 limit, uint32 *count)
{
	Shown		shown = {
		.tags = shownset_create(CurrentMemoryContext, 8, NULL), .limit = limit, .at = response, .end = response + len
	};

	look_at_fields(&shown, fields);
	if (wants_ids(&shown, fields) && !walk_response(&shown, fields))
	{
		for (uint32 i = 0; i < shown.type_count; i++)
			shown.types[i].any = true;
	}
	return collect_tags(&shown, count);
}
