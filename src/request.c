/*
 * request.c
 *    From a caller's text to a request ready to be looked up or executed, remembered per backend.
 *
 * Lexing, validating and normalizing GraphQL costs more than a whole cache hit should, and applications send the same
 * few texts over and over.  So each backend remembers requests by their text, and each request remembers the canonical
 * text of recent variables by their bytes.  Both tables are of fixed size: a request is replaced when its set of four
 * is full (the longest unused goes), a variable slot is simply overwritten.
 *
 * The schema (I8).  The type system is loaded under the protocol that fills use: read the clock, receive invalidation
 * messages, load, and accept the result as current only if the schema's word is not pending and not newer than the
 * clock was.  It is used as long as the word is the same, and every request that was validated against it goes when it
 * goes.  A schema that could not be accepted (DDL was committing meanwhile), or that the current transaction itself
 * has changed, serves one call and is forgotten.  Without shared memory there is no word, and on a standby replayed
 * definitions do not move it, so there each call loads.  The setting that the schema depends on besides, for one root
 * field, is fraiseql.graphql_metrics: where it has changed, the schema goes too.
 *
 * Pins.  A view may call fraiseql.execute() itself, so requests nest; what an outer call works with must survive an
 * inner one that finds the schema changed.  A request in use is only marked as doomed and freed at its release.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "core/expand.h"
#include "core/parser.h"
#include "core/validate.h"
#include "guc.h"
#include "memory.h"
#include "request.h"
#include "response.h"
#include "schema.h"
#include "shmem.h"
#include "touched.h"
#include "words.h"

#define REQUEST_SETS 128
#define REQUEST_WAYS 4
#define VARIABLE_SLOTS 64

/* Longer texts and variables are used but not remembered, which bounds the tables' memory. */
#define LONGEST_REMEMBERED_QUERY (64 * 1024)
#define LONGEST_REMEMBERED_VARIABLES (4 * 1024)

/* A level of arrays takes eight bytes of jsonb. */
StaticAssertDecl(LONGEST_REMEMBERED_VARIABLES <= 8 * FQL_REQUEST_JSON_DEPTH,
				 "variables of that length are not nested too deep");

/* The canonical text of the variables of an operation that has none. */
#define NO_VARIABLES FQL_STR("")

/* When all remembered requests together hold more than this, the tables start over. */
#define MOST_MEMORY (32 * 1024 * 1024)

/* The type system, shared by the requests that were validated against it. */
typedef struct Schema
{
	MemoryContext context;
	FqlTypeSystem *types;
	uint64		word;
	bool		is_current;
	bool		has_metrics;	/* it was loaded while fraiseql.graphql_metrics was on */
	int			users;			/* requests, and schema_now */
} Schema;

typedef struct RememberedVariables
{
	uint64		hash;
	Jsonb	   *bytes;			/* NULL: empty slot */
	FqlStr		canonical;
} RememberedVariables;

/* What stands behind an FqlRequest. */
typedef struct Request
{
	FqlRequest	public;			/* first, so that the pointers convert */
	MemoryContext context;		/* holds this and everything below */
	Schema	   *schema;
	uint64		hash;
	text	   *query;
	text	   *operation_name; /* NULL: none given */
	int			pins;
	bool		remembered;		/* in the table */
	Size		memory;			/* what it counts for in remembered_memory */
	uint64		last_used;
	RememberedVariables variables[VARIABLE_SLOTS];
} Request;

static MemoryContext requests_context = NULL;
static Request *requests[REQUEST_SETS][REQUEST_WAYS];
static uint64 use_counter = 0;
static Size remembered_memory = 0;
static Schema *schema_now = NULL;

/*
 * The schema
 */

static void
schema_unuse(Schema *schema)
{
	Assert(schema->users > 0);
	if (--schema->users == 0)
		MemoryContextDelete(schema->context);
}

/* Problems that leave parts of the schema out concern the DBA, not the client. */
static void
log_schema_problems(const FqlDiagnostics *diagnostics)
{
	for (const FqlDiagnostic *problem = diagnostics->first; problem != NULL; problem = problem->next)
		ereport(WARNING,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("part of the GraphQL schema was left out"),
				 errdetail("%.*s", FQL_STR_ARGS(problem->message))));
}

static FqlTypeSystem *
load_types(MemoryContext context)
{
	FqlArena   *arena = fql_memory_arena(context);
	FqlDiagnostics diagnostics;
	FqlTypeSystem *types;
	MemoryContext previous = MemoryContextSwitchTo(context);

	fql_diagnostics_init(&diagnostics, arena);
	types = fql_schema_load(arena, &diagnostics);
	MemoryContextSwitchTo(previous);
	log_schema_problems(&diagnostics);
	return types;
}

/* Is a schema that was loaded since the clock stood at "start" what the catalogs say, as of its word? */
static bool
schema_is_settled(uint64 word, uint64 start)
{
	return !fql_word_is_pending(word) && fql_word_clock(word) <= start &&
		!fql_have_touched(fql_tag_schema(MyDatabaseId));
}

/* Does the schema's word tell of every change of a definition? */
static bool
word_is_kept(void)
{
	return fql_shmem_is_there() && !RecoveryInProgress();
}

/* Load the schema, with one user: the caller. */
static Schema *
schema_load(void)
{
	bool		has_word = word_is_kept();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraiseql schema", ALLOCSET_DEFAULT_SIZES);
	Schema	   *schema = MemoryContextAllocZero(context, sizeof(Schema));
	uint64		start = 0;

	if (has_word)
		start = fql_clock_read();
	pg_memory_barrier();
	AcceptInvalidationMessages();
	schema->context = context;
	schema->has_metrics = fql_graphql_metrics;
	schema->types = load_types(context);
	schema->users = 1;
	pg_memory_barrier();
	if (has_word)
	{
		schema->word = fql_word_read(fql_tag_schema(MyDatabaseId));
		schema->is_current = schema_is_settled(schema->word, start);
	}
	/* until here an error frees it with the caller's context; from here on it is counted */
	MemoryContextSetParent(context, requests_context);
	return schema;
}

static bool
schema_still_holds(const Schema *schema)
{
	FqlTag		tag = fql_tag_schema(MyDatabaseId);

	return fql_word_read(tag) == schema->word && schema->has_metrics == fql_graphql_metrics && !fql_have_touched(tag);
}

/*
 * The table of requests
 */

static void
request_free(Request *request)
{
	schema_unuse(request->schema);
	MemoryContextDelete(request->context);
}

/* Take a request out of the table; it is freed now, or by its last release. */
static void
request_forget(Request **slot)
{
	Request    *request = *slot;

	*slot = NULL;
	request->remembered = false;
	remembered_memory -= request->memory;
	if (request->pins == 0)
		request_free(request);
}

static void
forget_all_requests(void)
{
	for (int set = 0; set < REQUEST_SETS; set++)
		for (int way = 0; way < REQUEST_WAYS; way++)
			if (requests[set][way] != NULL)
				request_forget(&requests[set][way]);
	Assert(remembered_memory == 0);
}

/* Requests that were accepted under other limits must be judged again. */
static void
check_limits(void)
{
	static FqlLimits judged_under;
	FqlLimits	limits = fql_limits();

	if (memcmp(&limits, &judged_under, sizeof(limits)) == 0)
		return;
	forget_all_requests();
	judged_under = limits;
}

/* Drop the schema, and with it all requests, if the catalogs have moved on, or the setting that it depends on. */
static void
check_schema(void)
{
	if (schema_now == NULL || schema_still_holds(schema_now))
		return;
	forget_all_requests();
	schema_unuse(schema_now);
	schema_now = NULL;
}

/* The current schema with one more user. */
static Schema *
schema_use(void)
{
	Schema	   *schema;

	if (schema_now != NULL)
	{
		schema_now->users++;
		return schema_now;
	}
	schema = schema_load();
	if (schema->is_current)
	{
		schema_now = schema;
		schema->users++;
	}
	return schema;
}

static bool
text_equals(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Not secret and not compared alone: the texts are. */
static uint64
request_hash(const text *query, const text *operation_name)
{
	uint64		seed = operation_name == NULL ? 1 :
		hash_bytes_extended((const unsigned char *) VARDATA_ANY(operation_name), VARSIZE_ANY_EXHDR(operation_name), 2);

	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query), seed);
}

FqlRequest *
fql_request_recall(const text *query, const text *operation_name)
{
	uint64		hash;
	Request   **set;

	if (!fql_shmem_is_there())
		return NULL;
	check_schema();
	check_limits();
	if (VARSIZE_ANY_EXHDR(query) > LONGEST_REMEMBERED_QUERY)
		return NULL;
	hash = request_hash(query, operation_name);
	set = requests[hash % REQUEST_SETS];
	for (int way = 0; way < REQUEST_WAYS; way++)
	{
		Request    *request = set[way];

		if (request != NULL && request->hash == hash && text_equals(request->query, query) &&
			text_equals(request->operation_name, operation_name))
		{
			request->last_used = ++use_counter;
			request->pins++;
			return &request->public;
		}
	}
	return NULL;
}

/* The slot that is empty or longest unused. */
static Request **
slot_to_replace(uint64 hash)
{
	Request   **set = requests[hash % REQUEST_SETS];
	Request   **best = &set[0];

	for (int way = 0; way < REQUEST_WAYS; way++)
	{
		if (set[way] == NULL)
			return &set[way];
		if (set[way]->last_used < (*best)->last_used)
			best = &set[way];
	}
	return best;
}

static void
request_remember(Request *request)
{
	Request   **slot;

	if (VARSIZE_ANY_EXHDR(request->query) > LONGEST_REMEMBERED_QUERY)
		return;
	if (remembered_memory > MOST_MEMORY)
		forget_all_requests();
	slot = slot_to_replace(request->hash);
	if (*slot != NULL)
		request_forget(slot);
	*slot = request;
	request->remembered = true;
	request->last_used = ++use_counter;
	request->memory = MemoryContextMemAllocated(request->context, true);
	remembered_memory += request->memory;
}

void
fql_request_release(FqlRequest *public)
{
	Request    *request = (Request *) public;

	Assert(request->pins > 0);
	if (--request->pins == 0 && !request->remembered)
		request_free(request);
}

/*
 * Making a request
 */

static text *
copy_text(const text *original)
{
	text	   *copy;

	if (original == NULL)
		return NULL;
	copy = palloc(VARSIZE_ANY(original));
	memcpy(copy, original, VARSIZE_ANY(original));
	return copy;
}

static FqlStr
text_to_str(const text *value)
{
	if (value == NULL)
		return (FqlStr){NULL, 0};
	return (FqlStr){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/*
 * Does the operation have the field _metrics, whatever its directives say?  Also said of one that has more selections
 * than are allowed: it will be refused, or most of them are skipped.
 */
static bool
shows_metrics(const FqlRequest *request, const FqlLimits *limits, FqlArena *arena)
{
	FqlStr		name = FQL_STR(FQL_METRICS_FIELD);
	FqlFragmentIndex fragments;
	FqlExpansion *expansion;
	FqlFieldGroups roots;

	if (request->operation->kind != FQL_OPERATION_QUERY || fql_field_find(request->types->query, name) == NULL)
		return false;
	fragments = fql_index_fragments(request->document, arena);
	expansion = fql_expansion_create(&fragments, limits->selections, NULL, NULL, arena);
	if (!fql_expand(expansion, request->types->query, request->operation->selections, &roots))
		return true;
	for (uint32_t i = 0; i < roots.count; i++)
		if (fql_str_equal(roots.groups[i].fields[0]->name, name))
			return true;
	return false;
}

/* Parse, choose, validate, normalize.  False after diagnostics. */
static bool
request_prepare(Request *request, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlRequest *public = &request->public;
	FqlLimits	limits = fql_limits();

	public->document = fql_parse(fql_response_to_utf8(text_to_str(request->query)), &limits, arena, diagnostics);
	if (public->document == NULL)
		return false;
	public->operation = fql_get_operation(public->document, fql_response_to_utf8(text_to_str(request->operation_name)),
										  diagnostics);
	if (public->operation == NULL)
		return false;
	if (public->types->query == NULL && public->types->mutation == NULL)
	{
		fql_diagnose(diagnostics, FQL_ERROR_UNSUPPORTED, public->operation->location,
					 "The schema is empty: no relation is exposed yet. Expose one with fraiseql.expose().");
		return false;
	}
	if (!fql_validate(public->document, public->types, &limits, arena, diagnostics))
		return false;
	public->normalized = fql_normalize(public->document, public->operation, arena);
	public->shows_metrics = shows_metrics(public, &limits, arena);
	public->tally = fql_tally_make(public->normalized.shape, public->operation->name,
								   public->operation->kind == FQL_OPERATION_MUTATION);
	return true;
}

/* The caller's diagnostics outlive the request's arena, where their texts may lie. */
static void
copy_diagnostics(FqlDiagnostics *target, const FqlDiagnostics *source)
{
	for (const FqlDiagnostic *problem = source->first; problem != NULL; problem = problem->next)
	{
		FqlDiagnostic *copy = fql_diagnose(target, problem->code, problem->locations[0], "%.*s",
										   FQL_STR_ARGS(problem->message));

		memcpy(copy->locations, problem->locations, sizeof(copy->locations));
	}
}

/*
 * The request's context begins below the caller's, so that an error frees it, and moves to the backend's when the
 * request is complete.  A size that is refused is refused before anything is copied.
 */
static Request *
request_make(const text *query, const text *operation_name, Schema *schema, FqlDiagnostics *diagnostics)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraiseql request", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);
	FqlArena   *arena = fql_memory_arena(context);
	FqlDiagnostics own_diagnostics;
	Request    *request = palloc0(sizeof(Request));
	bool		prepared;

	fql_diagnostics_init(&own_diagnostics, arena);
	request->context = context;
	request->hash = request_hash(query, operation_name);
	request->query = copy_text(query);
	request->operation_name = copy_text(operation_name);
	request->public.types = schema->types;
	request->public.schema_word = schema->word;
	request->public.is_current = schema->is_current;
	prepared = request_prepare(request, arena, &own_diagnostics);
	MemoryContextSwitchTo(previous);
	if (!prepared)
	{
		copy_diagnostics(diagnostics, &own_diagnostics);
		MemoryContextDelete(context);
		return NULL;
	}
	request->schema = schema;
	request->pins = 1;
	MemoryContextSetParent(context, requests_context);
	return request;
}

/* Refuse a document that is too long before spending memory on it. */
static bool
size_is_acceptable(const text *query, FqlDiagnostics *diagnostics)
{
	FqlLimits	limits = fql_limits();

	if (VARSIZE_ANY_EXHDR(query) <= limits.source_bytes)
		return true;
	fql_diagnose(diagnostics, FQL_ERROR_LIMIT, (FqlLocation){0, 0}, "Document is longer than %u bytes.",
				 limits.source_bytes);
	return false;
}

/* request_make() for a schema that this call uses: an error gives the schema back. */
static Request *
request_make_with(Schema *schema, const text *query, const text *operation_name, FqlDiagnostics *diagnostics)
{
	Request    *volatile request = NULL;

	PG_TRY();
	{
		request = request_make(query, operation_name, schema, diagnostics);
	}
	PG_CATCH();
	{
		schema_unuse(schema);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (request == NULL)
		schema_unuse(schema);
	return request;
}

FqlRequest *
fql_request_get(const text *query, const text *operation_name, FqlDiagnostics *diagnostics)
{
	FqlRequest *remembered = fql_request_recall(query, operation_name);
	Schema	   *schema;
	Request    *request;

	if (remembered != NULL)
		return remembered;
	if (!size_is_acceptable(query, diagnostics))
		return NULL;
	if (requests_context == NULL)
		requests_context = AllocSetContextCreate(TopMemoryContext, "fraiseql requests", ALLOCSET_SMALL_SIZES);
	schema = schema_use();
	request = request_make_with(schema, query, operation_name, diagnostics);
	if (request == NULL)
		return NULL;
	if (schema->is_current)
		request_remember(request);
	return &request->public;
}

/*
 * Variables
 */

/* Where variables of these bytes would be remembered. */
static RememberedVariables *
variables_slot(Request *request, const Jsonb *variables, uint64 *hash)
{
	*hash = variables == NULL ? 0 :
		hash_bytes_extended((const unsigned char *) variables, VARSIZE(variables), 0);
	return &request->variables[*hash % VARIABLE_SLOTS];
}

bool
fql_request_recall_variables(FqlRequest *public, const Jsonb *variables, FqlStr *canonical)
{
	Request    *request = (Request *) public;
	uint64		hash;
	RememberedVariables *slot;

	/* what fql_request_coerce() refuses is refused on a hit too: no object, too large, or too deep, and so not short */
	if (variables != NULL && (!JB_ROOT_IS_OBJECT(variables) || VARSIZE(variables) > LONGEST_REMEMBERED_VARIABLES ||
							  VARSIZE(variables) > fql_max_variables_size()))
		return false;
	if (public->operation->variables == NULL)
	{
		*canonical = NO_VARIABLES;
		return true;
	}
	slot = variables_slot(request, variables, &hash);
	if (variables == NULL || slot->bytes == NULL || slot->hash != hash ||
		VARSIZE(slot->bytes) != VARSIZE(variables) || memcmp(slot->bytes, variables, VARSIZE(variables)) != 0)
		return false;
	*canonical = slot->canonical;
	return true;
}

/* Coerced values depend on nothing but the operation, the schema and the bytes. */
static void
variables_remember(Request *request, const Jsonb *variables, FqlStr canonical)
{
	uint64		hash;
	RememberedVariables *slot;
	Jsonb	   *bytes;
	char	   *canonical_copy;
	Size		growth;

	if (!request->remembered || variables == NULL || VARSIZE(variables) > LONGEST_REMEMBERED_VARIABLES)
		return;
	growth = VARSIZE(variables) + canonical.len;
	slot = variables_slot(request, variables, &hash);
	bytes = MemoryContextAlloc(request->context, growth);
	memcpy(bytes, variables, VARSIZE(variables));
	canonical_copy = (char *) bytes + VARSIZE(variables);
	memcpy(canonical_copy, canonical.data, canonical.len);
	if (slot->bytes != NULL)
	{
		growth -= VARSIZE(slot->bytes) + slot->canonical.len;
		pfree(slot->bytes);
	}
	*slot = (RememberedVariables){hash, bytes, {canonical_copy, canonical.len}};
	/* unsigned arithmetic wraps back where the new one is smaller */
	request->memory += growth;
	remembered_memory += growth;
}

FqlVariables *
fql_request_coerce(FqlRequest *public, const Jsonb *variables, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlJson    *values = NULL;
	FqlVariables *coerced;

	if (variables != NULL && VARSIZE(variables) > fql_max_variables_size())
	{
		fql_diagnose(diagnostics, FQL_ERROR_LIMIT, (FqlLocation){0, 0}, "Variables are larger than %zu bytes.",
					 fql_max_variables_size());
		return NULL;
	}
	if (variables != NULL)
	{
		Jsonb	   *input = unconstify(Jsonb *, variables);
		char	   *json = JsonbToCString(NULL, &input->root, VARSIZE(input));

		if (!fql_json_parse(fql_response_to_utf8(fql_str_from(json)), FQL_REQUEST_JSON_DEPTH, arena, diagnostics,
							&values))
			return NULL;
	}
	coerced = fql_coerce_variables(public->operation, public->types, values, arena, diagnostics);
	if (coerced != NULL && public->operation->variables == NULL)
		coerced->canonical = NO_VARIABLES;
	else if (coerced != NULL)
		variables_remember((Request *) public, variables, coerced->canonical);
	return coerced;
}
