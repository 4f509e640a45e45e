/*
 * options.c
 *    The options of fraiseql.expose(), from jsonb to a struct.
 *
 * Mistakes come back as a problem rather than an error: expose() raises it, but a load of the schema must live with
 * whatever a restore or a superuser put into fraiseql.exposure.  A key that is not known is a mistake too: a misspelt
 * "exclude" would otherwise show a column that was meant to stay hidden.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "naming.h"
#include "options.h"

#define OPTION_KEYS "data, exclude, fields, mutations, plural, relations, singular, ttl"

FqlProblem *
fql_problem(int sqlstate, char *message, char *hint)
{
	FqlProblem *problem = palloc(sizeof(FqlProblem));

	problem->sqlstate = sqlstate;
	problem->message = message;
	problem->hint = hint;
	return problem;
}

static FqlProblem *
invalid(char *message, char *hint)
{
	return fql_problem(ERRCODE_INVALID_PARAMETER_VALUE, message, hint);
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A member of an object: what it is called in messages, and its value. */
typedef FqlProblem *(*MemberVisitor) (char *name, const JsonbValue *value, void *target);

/* Call a visitor for each member of a jsonb object, until one has a problem. */
static FqlProblem *
each_member(JsonbContainer *object, MemberVisitor visit, void *target)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token = JsonbIteratorNext(&iterator, &(JsonbValue){0}, false);
	JsonbValue	value;
	char	   *name = NULL;
	FqlProblem *problem = NULL;

	Assert(token == WJB_BEGIN_OBJECT);
	while (problem == NULL && (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = string_of(&value);
		else if (token == WJB_VALUE)
			problem = visit(name, &value, target);
	}
	return problem;
}

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data) &&
		!JsonContainerIsScalar(value->val.binary.data);
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		!JsonContainerIsScalar(value->val.binary.data);
}

/* A string that is a name which a person may give. */
static FqlProblem *
parse_name(const char *option, const JsonbValue *value, char **target)
{
	if (value->type != jbvString)
		return invalid(psprintf("option \"%s\" must be a string", option), "Give a GraphQL name such as \"userList\".");
	*target = string_of(value);
	if (!fql_naming_is_public(*target))
		return invalid(psprintf("\"%s\" in option \"%s\" is not a GraphQL name", *target, option),
					   "A name is a letter followed by letters, digits and underscores.");
	return NULL;
}

static FqlProblem *
parse_singular(const char *option, const JsonbValue *value, FqlOptions *options)
{
	return parse_name(option, value, &options->singular);
}

static FqlProblem *
parse_plural(const char *option, const JsonbValue *value, FqlOptions *options)
{
	return parse_name(option, value, &options->plural);
}

/* Whole seconds from 1 on; read as text, so that no number is too large to be refused politely. */
static FqlProblem *
parse_ttl(const char *option, const JsonbValue *value, FqlOptions *options)
{
	int64		seconds = 0;
	bool		whole = false;

	if (value->type == jbvNumeric)
	{
		char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));

		whole = strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
		seconds = whole ? strtoll(text, NULL, 10) : 0;
	}
	if (!whole || seconds < 1 || seconds > PG_INT32_MAX)
		return invalid(psprintf("option \"%s\" must be a whole number of seconds, at least 1", option),
					   "Leave it out to use the setting fraiseql.cache_ttl.");
	options->ttl = (int) seconds;
	return NULL;
}

static FqlNamePair *
make_pair(char *key, char *value)
{
	FqlNamePair *pair = palloc0(sizeof(FqlNamePair));

	pair->key = key;
	pair->value = value;
	return pair;
}

static FqlProblem *
visit_field(char *column, const JsonbValue *value, void *target)
{
	FqlOptions *options = target;
	char	   *name;
	FqlProblem *problem = parse_name(psprintf("fields.%s", column), value, &name);

	if (problem == NULL)
		options->fields = lappend(options->fields, make_pair(column, name));
	return problem;
}

static FqlProblem *
parse_fields(const char *option, const JsonbValue *value, FqlOptions *options)
{
	if (!is_object(value))
		return invalid(psprintf("option \"%s\" must be an object", option),
					   "Its members are columns and their field names: {\"fields\": {\"nm\": \"name\"}}.");
	return each_member(value->val.binary.data, visit_field, options);
}

static FqlProblem *
visit_data(char *key, const JsonbValue *value, void *target)
{
	FqlOptions *options = target;

	if (value->type != jbvString)
		return invalid(psprintf("option \"data.%s\" must be a string", key),
					   "Give a GraphQL type such as \"String\", \"ID!\" or \"[Comment!]\".");
	options->data = lappend(options->data, make_pair(key, string_of(value)));
	return NULL;
}

static FqlProblem *
parse_data(const char *option, const JsonbValue *value, FqlOptions *options)
{
	if (!is_object(value))
		return invalid(psprintf("option \"%s\" must be an object", option),
					   "Its members are keys of the document and their types: {\"data\": {\"id\": \"ID!\"}}.");
	return each_member(value->val.binary.data, visit_data, options);
}

static FqlProblem *
parse_exclude(const char *option, const JsonbValue *value, FqlOptions *options)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (!is_array(value))
		return invalid(psprintf("option \"%s\" must be an array of strings", option),
					   "List the columns that GraphQL must not see: {\"exclude\": [\"password_hash\"]}.");
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (item.type != jbvString)
			return invalid(psprintf("option \"%s\" must hold strings only", option),
						   "List the columns that GraphQL must not see.");
		options->exclude = lappend(options->exclude, make_pair(string_of(&item), NULL));
	}
	return NULL;
}

/* true, or a list of those that there shall be. */
static FqlProblem *
parse_mutations(const char *option, const JsonbValue *value, FqlOptions *options)
{
	static const struct
	{
		const char *name;
		FqlTableMutation mutation;
	}			known[] = {{"insert", FQL_TABLE_INSERT}, {"update", FQL_TABLE_UPDATE}, {"delete", FQL_TABLE_DELETE}};
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (value->type == jbvBool)
	{
		options->mutations = value->val.boolean ? FQL_TABLE_INSERT | FQL_TABLE_UPDATE | FQL_TABLE_DELETE : 0;
		return NULL;
	}
	if (!is_array(value))
		return invalid(psprintf("option \"%s\" must be true, false or an array", option),
					   "List the kinds: {\"mutations\": [\"insert\", \"update\", \"delete\"]}.");
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		size_t		i = 0;

		if (token != WJB_ELEM)
			continue;
		while (i < lengthof(known) && (item.type != jbvString || strcmp(string_of(&item), known[i].name) != 0))
			i++;
		if (i == lengthof(known))
			return invalid(psprintf("option \"%s\" may hold \"insert\", \"update\" and \"delete\" only", option), NULL);
		options->mutations |= known[i].mutation;
	}
	return NULL;
}

static FqlProblem *
visit_relation_name(char *name, const JsonbValue *value, void *target)
{
	FqlRelationOption *relation = target;

	if (strcmp(name, "toOne") == 0)
		return parse_name("toOne", value, &relation->to_one);
	if (strcmp(name, "toMany") == 0)
		return parse_name("toMany", value, &relation->to_many);
	return invalid(psprintf("unrecognized key \"%s\" in option \"relations.%s\"", name, relation->constraint),
				   "Use \"toOne\" and \"toMany\".");
}

static FqlProblem *
visit_relation(char *constraint, const JsonbValue *value, void *target)
{
	FqlOptions *options = target;
	FqlRelationOption *relation = palloc0(sizeof(FqlRelationOption));

	relation->constraint = constraint;
	if (!is_object(value))
		return invalid(psprintf("option \"relations.%s\" must be an object", constraint),
					   "Use \"toOne\" and \"toMany\": {\"toOne\": \"author\", \"toMany\": \"articles\"}.");
	options->relations = lappend(options->relations, relation);
	return each_member(value->val.binary.data, visit_relation_name, relation);
}

static FqlProblem *
parse_relations(const char *option, const JsonbValue *value, FqlOptions *options)
{
	if (!is_object(value))
		return invalid(psprintf("option \"%s\" must be an object", option),
					   "Its members are names of foreign key constraints.");
	return each_member(value->val.binary.data, visit_relation, options);
}

static FqlProblem *
visit_option(char *name, const JsonbValue *value, void *target)
{
	static const struct
	{
		const char *name;
		FqlProblem *(*parse) (const char *option, const JsonbValue *value, FqlOptions *options);
	}			known[] = {
		{"data", parse_data},
		{"exclude", parse_exclude},
		{"fields", parse_fields},
		{"mutations", parse_mutations},
		{"plural", parse_plural},
		{"relations", parse_relations},
		{"singular", parse_singular},
		{"ttl", parse_ttl},
	};

	for (size_t i = 0; i < lengthof(known); i++)
	{
		if (strcmp(known[i].name, name) == 0)
			return known[i].parse(name, value, target);
	}
	return invalid(psprintf("unrecognized option \"%s\"", name), "The options are " OPTION_KEYS ".");
}

static FqlProblem *
visit_argument(char *parameter, const JsonbValue *value, void *target)
{
	FqlFunctionOptions *options = target;
	char	   *name;
	FqlProblem *problem = parse_name(psprintf("arguments.%s", parameter), value, &name);

	if (problem == NULL)
		options->arguments = lappend(options->arguments, make_pair(parameter, name));
	return problem;
}

static FqlProblem *
visit_function_option(char *name, const JsonbValue *value, void *target)
{
	FqlFunctionOptions *options = target;

	if (strcmp(name, "entity") == 0)
		return parse_name(name, value, &options->entity);
	if (strcmp(name, "schemaPrefix") == 0)
	{
		if (value->type != jbvBool)
			return invalid("option \"schemaPrefix\" must be true or false", NULL);
		options->schema_prefix = value->val.boolean;
		return NULL;
	}
	if (strcmp(name, "arguments") == 0)
	{
		if (!is_object(value))
			return invalid("option \"arguments\" must be an object",
						   "Its members are parameters and their names: {\"arguments\": {\"p_nm\": \"name\"}}.");
		return each_member(value->val.binary.data, visit_argument, options);
	}
	return invalid(psprintf("unrecognized option \"%s\"", name),
				   "The options are arguments, entity, schemaPrefix.");
}

FqlProblem *
fql_function_options_parse(Jsonb *jsonb, FqlFunctionOptions *options)
{
	memset(options, 0, sizeof(*options));
	if (jsonb == NULL)
		return NULL;
	if (!JB_ROOT_IS_OBJECT(jsonb))
		return invalid("options must be a JSON object", "The options are arguments, entity, schemaPrefix.");
	return each_member(&jsonb->root, visit_function_option, options);
}

FqlProblem *
fql_options_parse(Jsonb *jsonb, FqlOptions *options)
{
	memset(options, 0, sizeof(*options));
	if (jsonb == NULL)
		return NULL;
	if (!JB_ROOT_IS_OBJECT(jsonb))
		return invalid("options must be a JSON object", "The options are " OPTION_KEYS ".");
	return each_member(&jsonb->root, visit_option, options);
}

static FqlNamePair *
find_pair(const List *pairs, const char *key)
{
	ListCell   *cell;

	foreach(cell, pairs)
	{
		FqlNamePair *pair = lfirst(cell);

		if (strcmp(pair->key, key) == 0)
			return pair;
	}
	return NULL;
}

const char *
fql_options_pair(const List *pairs, const char *key)
{
	FqlNamePair *pair = find_pair(pairs, key);

	if (pair == NULL)
		return NULL;
	pair->used = true;
	return pair->value;
}

bool
fql_options_excludes(const FqlOptions *options, const char *name)
{
	FqlNamePair *pair = find_pair(options->exclude, name);

	if (pair == NULL)
		return false;
	pair->used = true;
	return true;
}

const FqlNamePair *
fql_options_unused(const List *pairs)
{
	ListCell   *cell;

	foreach(cell, pairs)
	{
		const FqlNamePair *pair = lfirst(cell);

		if (!pair->used)
			return pair;
	}
	return NULL;
}

const FqlRelationOption *
fql_options_relation(const FqlOptions *options, const char *constraint)
{
	ListCell   *cell;

	foreach(cell, options->relations)
	{
		const FqlRelationOption *relation = lfirst(cell);

		if (strcmp(relation->constraint, constraint) == 0)
			return relation;
	}
	return NULL;
}
