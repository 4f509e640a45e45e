/*
 * fuzz_json.c
 *    JSON of a request: parse, print, parse, print gives the same text, and every value can be visited.
 */
#include "fuzz.h"
#include "json.h"

#define DEPTH 64

static FqlJson *
parse(FqlStr text, FqlArena *arena, bool *valid)
{
	FqlDiagnostics diagnostics;
	FqlJson    *json = NULL;

	fql_diagnostics_init(&diagnostics, arena);
	*valid = fql_json_parse(text, DEPTH, arena, &diagnostics, &json);
	fuzz_require(diagnostics.count == (*valid ? 0 : 1), "one diagnostic or a value", text, text);
	if (!*valid)
		fuzz_require(diagnostics.first->code == FQL_ERROR_BAD_INPUT, "the kind of error", text,
					 diagnostics.first->message);
	return json;
}

typedef struct Walk
{
	const FqlJson *object;
	FqlArena   *arena;
	size_t		members;
} Walk;

static void walk(const FqlJson *json, FqlArena *arena);

static bool
visit_member(FqlStr name, FqlJson *value, void *argument)
{
	Walk	   *state = argument;
	FqlJson    *found = NULL;

	fuzz_require(fql_json_member(state->object, name, &found) && found == value, "a member is found by its name", name,
				 name);
	walk(value, state->arena);
	state->members++;
	return true;
}

static void
walk(const FqlJson *json, FqlArena *arena)
{
	Walk		state = {.object = json, .arena = arena};

	switch (fql_json_kind(json))
	{
		case FQL_JSON_NULL:
		case FQL_JSON_BOOLEAN:
			fql_json_boolean(json);
			break;
		case FQL_JSON_NUMBER:
		case FQL_JSON_STRING:
			fql_json_text(json, arena);
			break;
		case FQL_JSON_ARRAY:
			for (size_t i = 0; i < fql_json_length(json); i++)
				walk(fql_json_item(json, i), arena);
			break;
		case FQL_JSON_OBJECT:
			fql_json_each(json, visit_member, &state);
			if (state.members != fql_json_length(json))
				abort();
			break;
	}
}

static FqlStr
print(const FqlJson *json, FqlArena *arena)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_json_print(json, &buffer);
	return fql_buffer_text(&buffer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FqlArena   *arena = fql_arena_create_malloc();
	FqlStr		source = {(const char *) data, size};
	bool		valid;
	FqlJson    *json = parse(source, arena, &valid);

	if (valid)
	{
		FqlStr		printed = print(json, arena);
		FqlStr		again;

		walk(json, arena);
		json = parse(printed, arena, &valid);
		fuzz_require(valid, "the printed value parses", source, printed);
		again = print(json, arena);
		fuzz_require(fql_str_equal(printed, again), "printing is stable", printed, again);
	}
	fql_arena_release(arena);
	return 0;
}
