/*
 * cascade_input.c
 *    Cascades that others have written: which entities do they name?
 *
 * Mutation functions return cascades, and applications hand them to invalidate_cascade().  They have been written by
 * hand in SQL, so the reader takes both forms and both spellings of each name, and is strict about the rest: an entity
 * that cannot be understood is a problem, not nothing, for nothing would leave something stale in somebody's cache.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "cascade_input.h"

/* A member of an object; NULL: it is not there, or null. */
static JsonbValue *
find_member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, (int) strlen(key), NULL);

	return value != NULL && value->type == jbvNull ? NULL : value;
}

/* The same by any of several names. */
static JsonbValue *
find_spelled(JsonbContainer *object, const char *one, const char *other)
{
	JsonbValue *value = find_member(object, one);

	return value != NULL ? value : find_member(object, other);
}

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

/* The first problem stands. */
static void
set_problem(FqlCascadeInput *input, char *problem)
{
	if (input->problem == NULL)
		input->problem = problem;
}

/*
 * Entities
 */

static char *
string_of(const JsonbValue *value)
{
	return value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : NULL;
}

static char *
id_of(const JsonbValue *value)
{
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return string_of(value);
}

/* What "operation" says, which only today's form has, and only of what is not deleted. */
static FqlChangeKind
kind_of(JsonbContainer *object, FqlChangeKind listed_as)
{
	JsonbValue *operation = find_member(object, "operation");
	char	   *name = operation == NULL ? NULL : string_of(operation);

	if (listed_as == FQL_CHANGE_DELETED || name == NULL)
		return listed_as;
	if (strcmp(name, "CREATED") == 0)
		return FQL_CHANGE_CREATED;
	return strcmp(name, "DELETED") == 0 ? FQL_CHANGE_DELETED : FQL_CHANGE_UPDATED;
}

static void
read_entity(FqlCascadeInput *input, const JsonbValue *value, const char *list, int number, FqlChangeKind kind)
{
	FqlCascadeEntity *entity = palloc0(sizeof(FqlCascadeEntity));
	JsonbValue *type_name;
	JsonbValue *id;

	if (!is_object(value))
	{
		set_problem(input, psprintf("Element %d of \"%s\" is not an object.", number, list));
		return;
	}
	type_name = find_spelled(value->val.binary.data, "__typename", "type");
	id = find_member(value->val.binary.data, "id");
	entity->type_name = type_name == NULL ? NULL : string_of(type_name);
	entity->id = id == NULL ? NULL : id_of(id);
	entity->kind = kind_of(value->val.binary.data, kind);
	if (entity->type_name == NULL || entity->type_name[0] == '\0')
		set_problem(input, psprintf("Element %d of \"%s\" has no \"__typename\" that is a string.", number, list));
	else if (entity->id == NULL || entity->id[0] == '\0')
		set_problem(input, psprintf("Element %d of \"%s\" has no \"id\" that is a string or a number.", number, list));
	else
		input->entities = lappend(input->entities, entity);
}

/* A list of entities; one that is not there is empty. */
static void
read_list(FqlCascadeInput *input, JsonbContainer *object, const char *name, FqlChangeKind kind)
{
	JsonbValue *list = find_member(object, name);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			number = 0;

	if (list == NULL)
		return;
	if (!is_array(list))
	{
		set_problem(input, psprintf("\"%s\" is not an array.", name));
		return;
	}
	iterator = JsonbIteratorInit(list->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			read_entity(input, &value, name, ++number, kind);
	}
}

static void
read_lists(FqlCascadeInput *input, JsonbContainer *object)
{
	read_list(input, object, "updated", FQL_CHANGE_UPDATED);
	read_list(input, object, "deleted", FQL_CHANGE_DELETED);
}

static bool
says_truncated(JsonbContainer *cascade)
{
	JsonbValue *metadata = find_member(cascade, "metadata");
	JsonbValue *flag = NULL;

	if (metadata != NULL && is_object(metadata))
		flag = find_member(metadata->val.binary.data, "truncated");

	return flag != NULL && flag->type == jbvBool && flag->val.boolean;
}

/*
 * Cascades
 */

static bool
looks_like_cascade(JsonbContainer *object)
{
	return find_member(object, "updated") != NULL || find_member(object, "deleted") != NULL ||
		find_member(object, "invalidations") != NULL;
}

/* One of the two forms: which, "invalidations" says. */
static void
read_cascade(FqlCascadeInput *input, JsonbContainer *cascade)
{
	JsonbValue *invalidations = find_member(cascade, "invalidations");

	read_lists(input, cascade);
	if (invalidations != NULL && is_object(invalidations))
		read_lists(input, invalidations->val.binary.data);
	else if (invalidations != NULL && !is_array(invalidations))
		set_problem(input, pstrdup("\"invalidations\" is neither an object nor an array."));
	input->truncated |= says_truncated(cascade);
}

static void
read_member(FqlCascadeInput *input, const JsonbValue *cascade)
{
	if (cascade == NULL)
		return;
	if (is_object(cascade))
		read_cascade(input, cascade->val.binary.data);
	else
		set_problem(input, pstrdup("A cascade is not an object."));
}

static void
read_carrier(FqlCascadeInput *input, JsonbContainer *carrier)
{
	read_member(input, find_spelled(carrier, "cascade", "_cascade"));
}

/* data.cascade, and the cascade of each of the fields of data. */
static void
read_data(FqlCascadeInput *input, JsonbContainer *data)
{
	JsonbIterator *iterator = JsonbIteratorInit(data);
	JsonbIteratorToken token;
	JsonbValue	value;

	read_carrier(input, data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_VALUE && is_object(&value) && !looks_like_cascade(value.val.binary.data))
			read_carrier(input, value.val.binary.data);
	}
}

/* Something that may carry cascades.  False: nothing about it says so. */
static bool
read_response(FqlCascadeInput *input, JsonbContainer *response)
{
	JsonbValue *data = find_member(response, "data");
	JsonbValue *extensions = find_member(response, "extensions");

	if (data != NULL && is_object(data))
		read_data(input, data->val.binary.data);
	if (extensions != NULL && is_object(extensions))
		read_carrier(input, extensions->val.binary.data);
	read_carrier(input, response);
	return data != NULL || extensions != NULL || find_member(response, "errors") != NULL ||
		find_spelled(response, "cascade", "_cascade") != NULL || JsonContainerSize(response) == 0;
}

static bool
is_null(const Jsonb *cascade)
{
	JsonbValue	value;

	return JB_ROOT_IS_SCALAR(cascade) && JsonbExtractScalar(unconstify(JsonbContainer *, &cascade->root), &value) &&
		value.type == jbvNull;
}

FqlCascadeInput
fql_cascade_parse(const Jsonb *cascade)
{
	FqlCascadeInput input = {0};
	JsonbContainer *root = unconstify(JsonbContainer *, &cascade->root);

	if (is_null(cascade))
		return input;
	if (!JsonContainerIsObject(root))
		set_problem(&input, pstrdup("A cascade is a JSON object."));
	else if (looks_like_cascade(root))
		read_cascade(&input, root);
	else if (!read_response(&input, root))
		set_problem(&input,
					pstrdup("It has none of \"updated\", \"deleted\", \"invalidations\", \"cascade\", \"data\"."));
	return input;
}
