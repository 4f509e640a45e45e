/*
 * fuzz_request.c
 *    A whole request up to the SQL generator: parse, validate, coerce the variables, collect the fields.
 *
 * The input is a document, then optionally a NUL and the variables as JSON; no document can hold a NUL.  The schema is
 * the sample one of the unit tests, which has every scalar.
 */
#include "collect.h"
#include "fuzz.h"
#include "json.h"
#include "printer.h"
#include "sdl.h"
#include "validate.h"

static const FqlTypeSystem *types;

/* Built once: a type system is immutable. */
extern int	LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	types = sample_types(fql_arena_create_malloc());
	return 0;
}

static bool
validate(const FqlDocument *document, FqlStr source, FqlArena *arena, uint32_t *count)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDiagnostics diagnostics;
	bool		valid;

	fql_diagnostics_init(&diagnostics, arena);
	valid = fql_validate(document, types, &limits, arena, &diagnostics);
	fuzz_require(valid == (diagnostics.count == 0), "invalid means diagnostics", source, source);
	for (const FqlDiagnostic *diagnostic = diagnostics.first; diagnostic != NULL; diagnostic = diagnostic->next)
		fuzz_require(diagnostic->locations[0].line > 0, "a place for the error", source, diagnostic->message);
	*count = diagnostics.count;
	return valid;
}

/* Validity is about the AST: the printed document gets as many diagnostics. */
static void
check_spelling(const FqlDocument *document, FqlStr source, uint32_t expected, FqlArena *arena)
{
	FqlLimits	limits = FUZZ_LIMITS_AGAIN;
	FqlStr		printed = fql_print_document(document, arena);
	uint32_t	count;

	validate(fuzz_parse(printed, &limits, arena), printed, arena, &count);
	fuzz_require(count == expected, "spelling does not change validity", source, printed);
}

/* Fields point to their ancestors and are as many as their parents say. */
static void
check_fields(const FqlSelectedField *field, uint32_t count, const FqlSelectedField *ancestor, FqlStr source)
{
	for (; field != NULL; field = field->next, count--)
	{
		fuzz_require(count > 0 && field->ancestor == ancestor, "the shape of the fields", source, field->response_key);
		check_fields(field->selections, field->selection_count, field, source);
	}
	fuzz_require(count == 0, "the number of fields", source, source);
}

static void
run_operation(const FqlDocument *document, const FqlOperation *operation, const FqlJson *values, FqlStr source,
			  FqlArena *arena)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDiagnostics diagnostics;
	FqlVariables *variables;
	FqlSelectedField *fields;
	uint32_t	count = 0;

	fql_diagnostics_init(&diagnostics, arena);
	variables = fql_coerce_variables(operation, types, values, arena, &diagnostics);
	fuzz_require((variables == NULL) == (diagnostics.count > 0), "variables or diagnostics", source, source);
	if (variables == NULL)
		return;
	fuzz_require(fql_str_equal(variables->canonical,
							   fql_coerce_variables(operation, types, values, arena, &diagnostics)->canonical),
				 "coercion is deterministic", source, variables->canonical);
	fields = fql_collect_fields(document, operation, types, variables, &limits, arena, &diagnostics, &count);
	if (fields != NULL)
		check_fields(fields, count, NULL, source);
}

/* The variables after the NUL; false where they are no JSON. */
static bool
parse_values(FqlStr text, FqlArena *arena, FqlJson **values)
{
	FqlDiagnostics diagnostics;

	*values = NULL;
	fql_diagnostics_init(&diagnostics, arena);
	return text.len == 0 || fql_json_parse(text, 64, arena, &diagnostics, values);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FqlArena   *arena = fql_arena_create_malloc();
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t		length = nul != NULL ? (size_t) (nul - data) : size;
	/* A copy of each part, so that reading past its end is seen. */
	FqlStr		source = fql_arena_copy(arena, (FqlStr){(const char *) data, length});
	FqlStr		json = {NULL, 0};
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDocument *document = fuzz_parse(source, &limits, arena);
	FqlJson    *values;
	uint32_t	count;

	if (nul != NULL)
		json = fql_arena_copy(arena, (FqlStr){(const char *) nul + 1, size - length - 1});
	if (document != NULL && parse_values(json, arena, &values))
	{
		bool		valid = validate(document, source, arena, &count);

		check_spelling(document, source, count, arena);
		for (const FqlOperation *operation = document->operations; valid && operation != NULL;
			 operation = operation->next)
			run_operation(document, operation, values, source, arena);
	}
	fql_arena_release(arena);
	return 0;
}
