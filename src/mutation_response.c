/*
 * mutation_response.c
 *    FraiseQL's mutation responses, in all their forms.
 *
 * The forms have grown over time, and are told by the names of their columns or keys, never by their order:
 *    now        succeeded, state_changed, error_class, status_detail, http_status, message, entity_id, entity_type,
 *               entity, updated_fields, cascade, error_detail, metadata
 *    before     status, message, entity_id, entity_type, entity, updated_fields, cascade, metadata
 *    also       status, message, id, entity_type, data, error_code, error_field, metadata
 *    first      one jsonb with the keys of "before", and its cascade under _cascade
 * A column that is missing is null, and one that nobody knows is ignored.
 *
 * Did it fail?  "succeeded" says so.  Where there is none, an error_code says yes, and otherwise the first word of
 * status, up to a colon: failed, error, and the names of the error classes, are failures; all others (success, new,
 * updated, deleted, noop, ...) are not.
 *
 * A failure becomes an entry in "errors", so its field is null and what the function changed is undone, as after an
 * error that it raised: whatever a client reads in "errors" has left no trace.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "mutation_response.h"
#include "response.h"
#include "schema.h"

/* What an error class is to a client of GraphQL and to one of HTTP. */
typedef struct ErrorClass
{
	const char *name;
	const char *code;
	int			http_status;
} ErrorClass;

static const ErrorClass error_classes[] = {
	{"validation", "VALIDATION_ERROR", 422},
	{"conflict", "CONFLICT", 409},
	{"not_found", "NOT_FOUND", 404},
	{"unauthorized", "UNAUTHORIZED", 401},
	{"forbidden", "FORBIDDEN", 403},
	{"internal", "INTERNAL_ERROR", 500},
	{"transaction_failed", "TRANSACTION_FAILED", 500},
	{"timeout", "TIMEOUT", 504},
	{"rate_limited", "RATE_LIMITED", 429},
	{"service_unavailable", "SERVICE_UNAVAILABLE", 503},
	/* statuses that are no classes */
	{"failed", "VALIDATION_ERROR", 422},
	{"error", "INTERNAL_ERROR", 500},
};

/* What is read of a response; strings in the encoding of the database, NULL where they are. */
typedef struct Verdict
{
	bool		failed;
	const char *class;			/* error class or error code */
	const char *message;
	const char *status;
	const char *error_field;
	int			http_status;	/* 0: not given */
} Verdict;

/*
 * Members
 */

/* The first of some members that is there and not null. */
static bool
find(const Jsonb *value, const char *const *names, int count, JsonbValue *found)
{
	JsonbContainer *object = unconstify(JsonbContainer *, &value->root);

	for (int i = 0; i < count; i++)
	{
		if (getKeyJsonValueFromContainer(object, names[i], strlen(names[i]), found) != NULL &&
			found->type != jbvNull)
			return true;
	}
	return false;
}

#define FIND(value, found, ...) \
	find(value, (const char *const[]){__VA_ARGS__}, lengthof(((const char *const[]){__VA_ARGS__})), found)

/* A string or a number as text; NULL: anything else. */
static char *
scalar_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

static char *
find_text(const Jsonb *value, const char *name, const char *other)
{
	JsonbValue	found;

	return FIND(value, &found, name, other) ? scalar_text(&found) : NULL;
}

/*
 * The verdict
 */

/* Does the text begin with a word that ends there, or at a colon? */
static bool
has_first_word(const char *text, const char *word)
{
	size_t		len = strlen(word);

	return pg_strncasecmp(text, word, len) == 0 && (text[len] == '\0' || text[len] == ':');
}

/* By its first word; NULL: no error class. */
static const ErrorClass *
class_of(const char *text)
{
	for (size_t i = 0; text != NULL && i < lengthof(error_classes); i++)
	{
		if (has_first_word(text, error_classes[i].name) ||
			(pg_strcasecmp(text, error_classes[i].code) == 0))
			return &error_classes[i];
	}
	return NULL;
}

/* "failed:not_found" says more behind the colon. */
static const char *
class_in_status(const char *status)
{
	const char *rest = strchr(status, ':');

	if (rest != NULL && class_of(rest + 1) != NULL)
		return rest + 1;
	return status;
}

static int
read_http_status(const Jsonb *value)
{
	const char *text = find_text(value, "http_status", "http_status");
	int			status = text == NULL || strlen(text) > 3 ? 0 : atoi(text);

	return status >= 100 && status <= 599 ? status : 0;
}

/* False: nothing in it tells. */
static bool
read_verdict(const Jsonb *value, Verdict *verdict)
{
	const char *error_code = find_text(value, "error_code", "error_code");
	const char *status = find_text(value, "status", "status");
	JsonbValue	succeeded;

	verdict->message = find_text(value, "message", "message");
	verdict->status = find_text(value, "status_detail", "status");
	verdict->class = find_text(value, "error_class", "error_code");
	verdict->error_field = find_text(value, "error_field", "error_field");
	verdict->http_status = read_http_status(value);
	if (FIND(value, &succeeded, "succeeded") && succeeded.type == jbvBool)
	{
		verdict->failed = !succeeded.val.boolean;
		return true;
	}
	if (status == NULL && error_code == NULL)
		return false;
	verdict->failed = (error_code != NULL && error_code[0] != '\0') || class_of(status) != NULL;
	if (verdict->class == NULL && verdict->failed)
		verdict->class = class_in_status(status);
	return true;
}

/*
 * Errors
 */

static FqlStr
utf8(FqlArena *arena, const char *text)
{
	return fql_arena_copy(arena, fql_response_to_utf8(fql_str_from(text)));
}

/* A class that is not ours stands for itself, in capitals as codes are. */
static char *
own_code(const char *class)
{
	char	   *code = pstrdup(class);

	for (char *at = code; *at != '\0'; at++)
		*at = *at == ':' || *at == ' ' || *at == '-' ? '_' : pg_ascii_toupper((unsigned char) *at);
	return code;
}

/* A member of extensions that a response may have. */
static void
append_extension(StringInfo out, const char *name, const char *json)
{
	if (out->len > 0)
		appendStringInfoChar(out, ',');
	appendStringInfo(out, "\"%s\":%s", name, json);
}

static char *
json_string(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	escape_json(&out, text);
	return out.data;
}

/* Any value as JSON text, compact. */
static char *
json_text(JsonbValue *value)
{
	Jsonb	   *whole = JsonbValueToJsonb(value);
	char	   *text = JsonbToCString(NULL, &whole->root, VARSIZE(whole));
	StringInfoData out;

	initStringInfo(&out);
	fql_response_append_compact(&out, text, strlen(text));
	return out.data;
}

static FqlPath *
path_of(FqlArena *arena, const FqlSelectedField *root)
{
	FqlPath    *path = FQL_NEW(arena, FqlPath);

	path->name = root->response_key;
	return path;
}

static void
diagnose_failure(const Jsonb *value, const FqlSelectedField *root, const Verdict *verdict, FqlDiagnostics *diagnostics)
{
	const ErrorClass *class = class_of(verdict->class);
	const char *message = verdict->message != NULL ? verdict->message : verdict->status;
	FqlStr		shown = message != NULL ? utf8(diagnostics->arena, message) : FQL_STR("The mutation failed.");
	FqlDiagnostic *diagnostic = fql_diagnose(diagnostics, FQL_ERROR_DATABASE, root->location, "%.*s",
											 FQL_STR_ARGS(shown));
	StringInfoData extensions;
	JsonbValue	detail;

	diagnostic->path = path_of(diagnostics->arena, root);
	diagnostic->own_code = class != NULL ? fql_str_from(class->code)
		: utf8(diagnostics->arena, verdict->class != NULL ? own_code(verdict->class) : "INTERNAL_ERROR");
	diagnostic->http_status = verdict->http_status;
	if (diagnostic->http_status == 0)
		diagnostic->http_status = class != NULL ? class->http_status : 500;
	initStringInfo(&extensions);
	if (verdict->status != NULL)
		append_extension(&extensions, "status", json_string(verdict->status));
	if (verdict->error_field != NULL)
		append_extension(&extensions, "field", json_string(verdict->error_field));
	if (FIND(value, &detail, "error_detail"))
		append_extension(&extensions, "detail", json_text(&detail));
	if (FIND(value, &detail, "metadata", "extra_metadata"))
		append_extension(&extensions, "metadata", json_text(&detail));
	if (extensions.len > 0)
		diagnostic->extensions = fql_arena_copy(diagnostics->arena, (FqlStr){extensions.data, extensions.len});
}

/* What the function returned is no response; always false. */
static bool
refuse(const FqlSelectedField *root, FqlDiagnostics *diagnostics, const char *message)
{
	FqlDiagnostic *diagnostic = fql_diagnose(diagnostics, FQL_ERROR_DATABASE, root->location, "%s", message);

	diagnostic->path = path_of(diagnostics->arena, root);
	return false;
}

/*
 * The document
 */

/* Order_item and OrderItem name the same type. */
static bool
same_type(FqlStr type, const char *name)
{
	size_t		at = 0;

	for (; *name != '\0'; name++)
	{
		if (*name == '_')
			continue;
		if (at >= type.len ||
			pg_ascii_tolower((unsigned char) type.data[at]) != pg_ascii_tolower((unsigned char) *name))
			return false;
		at++;
	}
	return at == type.len;
}

/* The type that the payload's entity has; NULL: JSON, which any entity is. */
static const FqlType *
promised_type(const FqlSelectedField *root)
{
	const FqlField *entity = fql_field_find(fql_type_innermost(root->field->type), FQL_STR("entity"));
	const FqlFieldBinding *binding = entity == NULL ? NULL : entity->binding;

	return binding != NULL && binding->kind == FQL_FIELD_RESPONSE_ENTITY ? binding->target : NULL;
}

/* The entity's id: given beside it, or in it. */
static const char *
entity_id(const Jsonb *value)
{
	const char *id = find_text(value, "entity_id", "id");
	JsonbValue	entity;

	if (id == NULL && FIND(value, &entity, "entity", "data") && entity.type == jbvBinary &&
		JsonContainerIsObject(entity.val.binary.data))
		id = find_text(JsonbValueToJsonb(&entity), "id", "id");
	return id;
}

/* "key": value, where the response has one. */
static void
append_member(StringInfo out, const char *key, bool found, JsonbValue *value)
{
	appendStringInfo(out, "%s\"%s\":%s", out->len > 1 ? "," : "", key, found ? json_text(value) : "null");
}

static void
append_text_member(StringInfo out, const char *key, const char *text)
{
	appendStringInfo(out, "%s\"%s\":%s", out->len > 1 ? "," : "", key, text == NULL ? "null" : json_string(text));
}

/* Under the names of the payload's fields. */
static char *
make_document(const Jsonb *value, const Verdict *verdict, const char *id)
{
	StringInfoData out;
	JsonbValue	member;
	bool		found;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	append_text_member(&out, "status", verdict->status);
	append_text_member(&out, "message", verdict->message);
	append_text_member(&out, "entityId", id);
	append_text_member(&out, "entityType", find_text(value, "entity_type", "entity_type"));
	found = FIND(value, &member, "state_changed") && member.type == jbvBool;
	append_member(&out, "stateChanged", found, &member);
	found = FIND(value, &member, "updated_fields") && member.type == jbvBinary &&
		JsonContainerIsArray(member.val.binary.data);
	append_member(&out, "updatedFields", found, &member);
	found = FIND(value, &member, "entity", "data");
	append_member(&out, "entity", found, &member);
	found = FIND(value, &member, "cascade", "_cascade");
	append_member(&out, "cascade", found, &member);
	found = FIND(value, &member, "metadata", "extra_metadata");
	append_member(&out, "metadata", found, &member);
	appendStringInfoChar(&out, '}');
	return out.data;
}

bool
fql_mutation_response_read(const Jsonb *value, const FqlSelectedField *root, FqlMutationResponse *response,
						   FqlDiagnostics *diagnostics)
{
	const FqlType *promised = promised_type(root);
	Verdict		verdict = {0};
	const char *type;
	const char *id;
	JsonbValue	cascade;

	memset(response, 0, sizeof(*response));
	if (!JB_ROOT_IS_OBJECT(unconstify(Jsonb *, value)))
		return refuse(root, diagnostics, "The function returned no mutation response.");
	if (!read_verdict(value, &verdict))
		return refuse(root, diagnostics, "The function returned a mutation response without a status.");
	if (verdict.failed)
	{
		diagnose_failure(value, root, &verdict, diagnostics);
		return false;
	}
	type = find_text(value, "entity_type", "entity_type");
	if (promised != NULL && type != NULL && !same_type(promised->name, type))
		return refuse(root, diagnostics, "The function returned an entity of another type than the field promises.");
	id = entity_id(value);
	if (id != NULL)
		response->entity_id = utf8(diagnostics->arena, id);
	response->document = utf8(diagnostics->arena, make_document(value, &verdict, id));
	if (FIND(value, &cascade, "cascade", "_cascade"))
		response->cascade = JsonbValueToJsonb(&cascade);
	return true;
}
