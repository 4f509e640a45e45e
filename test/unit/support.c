/*
 * support.c
 *    What the tests of the language share.
 */
#include "support.h"

#include <dirent.h>
#include <stdlib.h>

FqlDocument *
test_parse(FqlArena *arena, FqlStr source, const FqlLimits *limits, FqlStr *verdict)
{
	FqlDiagnostics diagnostics;
	FqlDocument *document;

	fql_diagnostics_init(&diagnostics, arena);
	document = fql_parse(source, limits, arena, &diagnostics);
	*verdict = FQL_STR("ok");
	if (document != NULL)
	{
		CHECK_LONG(diagnostics.count, 0);
		return document;
	}
	if (!CHECK_LONG(diagnostics.count, 1))
		return NULL;
	CHECK(diagnostics.first->code == FQL_ERROR_PARSE || diagnostics.first->code == FQL_ERROR_LIMIT);
	*verdict = fql_arena_printf(arena, "%u:%u %.*s", (unsigned int) diagnostics.first->locations[0].line,
								(unsigned int) diagnostics.first->locations[0].column,
								FQL_STR_ARGS(diagnostics.first->message));
	return NULL;
}

FqlDocument *
test_parse_good(FqlArena *arena, FqlStr source)
{
	FqlLimits	limits = TEST_LIMITS_WIDE;
	FqlStr		verdict;
	FqlDocument *document = test_parse(arena, source, &limits, &verdict);

	CHECK_TEXT_FOR(source.data, verdict, "ok");
	return document;
}

/* The dump. */

typedef struct Dump
{
	FqlBuffer	buffer;
	bool		locations;
} Dump;

static void dump_value(Dump *dump, const FqlValue *value);
static void dump_selections(Dump *dump, const FqlSelection *selections);

/* Open a node: its name, and its place if wanted. */
static void
dump_open(Dump *dump, const char *name, FqlLocation location)
{
	fql_buffer_append_char(&dump->buffer, '(');
	fql_buffer_append_cstring(&dump->buffer, name);
	if (dump->locations)
		fql_buffer_append(&dump->buffer, fql_arena_printf(dump->buffer.arena, "@%u:%u", (unsigned int) location.line,
														  (unsigned int) location.column));
}

static void
dump_close(Dump *dump)
{
	fql_buffer_append_char(&dump->buffer, ')');
}

/* A text with its length, or a dash for none: no text can look like the end of another. */
static void
dump_text(Dump *dump, FqlStr text)
{
	if (text.data == NULL)
	{
		fql_buffer_append_cstring(&dump->buffer, " -");
		return;
	}
	fql_buffer_append(&dump->buffer, fql_arena_printf(dump->buffer.arena, " %zu'", text.len));
	fql_buffer_append(&dump->buffer, text);
}

static void
dump_description(Dump *dump, FqlStr text)
{
	if (dump->locations && text.data != NULL)
	{
		fql_buffer_append_cstring(&dump->buffer, " description");
		dump_text(dump, text);
	}
}

static void
dump_arguments(Dump *dump, const char *name, const FqlArgument *arguments)
{
	for (; arguments != NULL; arguments = arguments->next)
	{
		dump_open(dump, name, arguments->location);
		dump_text(dump, arguments->name);
		dump_value(dump, arguments->value);
		dump_close(dump);
	}
}

static void
dump_value(Dump *dump, const FqlValue *value)
{
	static const char *const names[] = {
		"variable", "int", "float", "string", "boolean", "null", "enum", "list", "object",
	};

	dump_open(dump, names[value->kind], value->location);
	dump_text(dump, value->text);
	if (value->boolean)
		fql_buffer_append_cstring(&dump->buffer, " true");
	for (const FqlValue *item = value->items; item != NULL; item = item->next)
		dump_value(dump, item);
	dump_arguments(dump, "field", value->fields);
	dump_close(dump);
}

static void
dump_directives(Dump *dump, const FqlDirective *directives)
{
	for (; directives != NULL; directives = directives->next)
	{
		dump_open(dump, "directive", directives->location);
		dump_text(dump, directives->name);
		dump_arguments(dump, "argument", directives->arguments);
		dump_close(dump);
	}
}

static void
dump_type(Dump *dump, const FqlTypeNode *type)
{
	static const char *const names[] = {"named", "list-of", "non-null"};

	dump_open(dump, names[type->kind], type->location);
	dump_text(dump, type->name);
	if (type->of != NULL)
		dump_type(dump, type->of);
	dump_close(dump);
}

static void
dump_selection(Dump *dump, const FqlSelection *selection)
{
	static const char *const names[] = {"field", "spread", "inline"};

	dump_open(dump, names[selection->kind], selection->location);
	dump_text(dump, selection->alias);
	dump_text(dump, selection->name);
	dump_arguments(dump, "argument", selection->arguments);
	dump_directives(dump, selection->directives);
	dump_selections(dump, selection->selections);
	dump_close(dump);
}

static void
dump_selections(Dump *dump, const FqlSelection *selections)
{
	for (; selections != NULL; selections = selections->next)
		dump_selection(dump, selections);
}

static void
dump_variables(Dump *dump, const FqlVariableDefinition *definitions)
{
	for (; definitions != NULL; definitions = definitions->next)
	{
		dump_open(dump, "define", definitions->location);
		dump_description(dump, definitions->description);
		dump_text(dump, definitions->name);
		dump_type(dump, definitions->type);
		if (definitions->default_value != NULL)
			dump_value(dump, definitions->default_value);
		dump_directives(dump, definitions->directives);
		dump_close(dump);
	}
}

static void
dump_operation(Dump *dump, const FqlOperation *operation)
{
	static const char *const names[] = {"query", "mutation", "subscription"};

	dump_open(dump, names[operation->kind], operation->location);
	dump_description(dump, operation->description);
	if (operation->shorthand)
		fql_buffer_append_cstring(&dump->buffer, " shorthand");
	dump_text(dump, operation->name);
	dump_variables(dump, operation->variables);
	dump_directives(dump, operation->directives);
	dump_selections(dump, operation->selections);
	dump_close(dump);
}

static void
dump_fragment(Dump *dump, const FqlFragment *fragment)
{
	dump_open(dump, "fragment", fragment->location);
	dump_description(dump, fragment->description);
	dump_text(dump, fragment->name);
	dump_open(dump, "on", fragment->type_location);
	dump_text(dump, fragment->type_condition);
	dump_close(dump);
	dump_directives(dump, fragment->directives);
	dump_selections(dump, fragment->selections);
	dump_close(dump);
}

FqlStr
test_dump(FqlArena *arena, const FqlDocument *document, bool locations)
{
	Dump		dump = {.locations = locations};
	uint32_t	operations = 0;
	uint32_t	fragments = 0;

	fql_buffer_init(&dump.buffer, arena);
	for (const FqlOperation *operation = document->operations; operation != NULL; operation = operation->next)
	{
		dump_operation(&dump, operation);
		operations++;
	}
	for (const FqlFragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
	{
		dump_fragment(&dump, fragment);
		fragments++;
	}
	CHECK_LONG(document->operation_count, operations);
	CHECK_LONG(document->fragment_count, fragments);
	return fql_buffer_text(&dump.buffer);
}

/* The corpus. */

static FqlStr
read_file(FqlArena *arena, const char *path)
{
	FILE	   *file = fopen(path, "rb");
	FqlBuffer	buffer;
	char		block[4096];
	size_t		length;

	fql_buffer_init(&buffer, arena);
	if (!CHECK_FOR(path, file != NULL))
		return FQL_STR("");
	while ((length = fread(block, 1, sizeof(block), file)) > 0)
		fql_buffer_append(&buffer, (FqlStr){block, length});
	fclose(file);
	/* A copy of the exact size: reading past the end is then an error that a sanitizer sees. */
	return fql_arena_copy(arena, fql_buffer_text(&buffer));
}

static int
is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
test_each_corpus_file(FqlArena *arena, void (*visit) (FqlArena *arena, const char *name, FqlStr text))
{
	static const char directory[] = TEST_ROOT "/test/fuzz/corpus/document";
	struct dirent **entries;
	int			count = scandir(directory, &entries, is_file, alphasort);

	if (!CHECK_FOR(directory, count >= 0))
		return 0;
	for (int i = 0; i < count; i++)
	{
		FqlStr		path = fql_arena_printf(arena, "%s/%s", directory, entries[i]->d_name);

		visit(arena, path.data + strlen(directory) + 1, read_file(arena, path.data));
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* Random documents. */

typedef struct Random
{
	uint64_t	state;
	FqlBuffer	buffer;
} Random;

static void random_value(Random *random, int depth, bool constant);
static void random_selections(Random *random, int depth);

/* splitmix64: any seed will do, and the same seed gives the same document everywhere. */
static uint32_t
random_below(Random *random, uint32_t bound)
{
	uint64_t	z = random->state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (uint32_t) ((z ^ (z >> 31)) % bound);
}

static bool
random_chance(Random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

/* A token, and something ignored after it: always enough to keep names and numbers apart. */
static void
random_token(Random *random, const char *token)
{
	static const char *const ignored[] = {
		" ", " ", " ", "\n", ",", "\t", "\r\n", "\r", " # comment \"}\n", "\xEF\xBB\xBF ", ",,\n  ", "#\xC3\xA9\r",
	};

	fql_buffer_append_cstring(&random->buffer, token);
	fql_buffer_append_cstring(&random->buffer, ignored[random_below(random, TEST_COUNT(ignored))]);
}

static void
random_name(Random *random, bool keywords)
{
	static const char *const names[] = {
		"a", "b", "id", "user", "_", "_1", "_2", "__typename", "Z9", "firstName", "on", "query", "fragment", "type",
		"true", "false", "null",
	};

	random_token(random, names[random_below(random, TEST_COUNT(names) - (keywords ? 0 : 7))]);
}

static void
random_string(Random *random)
{
	static const char *const strings[] = {
		"\"\"", "\"x\"", "\"two words\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u{1F600}\\uD83D\\uDE00\"",
		"\"caf\xC3\xA9 \xF0\x9F\x98\x80\"", "\"#,{}\"", "\"\"\"\"\"\"", "\"\"\"block\"\"\"",
		"\"\"\"\n    indented\n      more\r\n\n    \\\"\"\" and \\u0041\n  \"\"\"", "\"\"\" \" \"\" \"\"\"",
		"\"\x01\x7F\"", "\"\xEF\xBB\xBF\"",
	};

	random_token(random, strings[random_below(random, TEST_COUNT(strings))]);
}

static void
random_number(Random *random)
{
	static const char *const numbers[] = {
		"0", "-0", "1", "-1", "42", "123456789012345678901234567890", "0.0", "-1.5", "1e10", "1E-3", "-0.5e+7",
	};

	random_token(random, numbers[random_below(random, TEST_COUNT(numbers))]);
}

/* Arguments or object fields. */
static void
random_named_values(Random *random, int depth, bool constant, int count)
{
	while (count-- > 0)
	{
		random_name(random, true);
		random_token(random, ":");
		random_value(random, depth, constant);
	}
}

static void
random_collection(Random *random, int depth, bool constant)
{
	int			count = (int) random_below(random, 4);

	if (random_chance(random, 50))
	{
		random_token(random, "[");
		while (count-- > 0)
			random_value(random, depth - 1, constant);
		random_token(random, "]");
		return;
	}
	random_token(random, "{");
	random_named_values(random, depth - 1, constant, count);
	random_token(random, "}");
}

static void
random_value(Random *random, int depth, bool constant)
{
	uint32_t	kind = random_below(random, depth > 0 ? 9 : 6);

	if (kind >= 6)
		random_collection(random, depth, constant);
	else if (kind >= 4)
		random_number(random);
	else if (kind >= 2)
		random_string(random);
	else if (kind == 1 && !constant)
	{
		random_token(random, "$");
		random_name(random, true);
	}
	else
		random_name(random, true);
}

static void
random_arguments(Random *random, int depth, bool constant)
{
	if (!random_chance(random, 40))
		return;
	random_token(random, "(");
	random_named_values(random, depth, constant, 1 + (int) random_below(random, 4));
	random_token(random, ")");
}

static void
random_directives(Random *random, bool constant)
{
	while (random_chance(random, 20))
	{
		random_token(random, "@");
		random_name(random, true);
		random_arguments(random, 2, constant);
	}
}

static void
random_type(Random *random, int depth)
{
	if (depth > 0 && random_chance(random, 40))
	{
		random_token(random, "[");
		random_type(random, depth - 1);
		random_token(random, "]");
	}
	else
		random_name(random, true);
	if (random_chance(random, 30))
		random_token(random, "!");
}

static void
random_variables(Random *random)
{
	if (!random_chance(random, 50))
		return;
	random_token(random, "(");
	do
	{
		if (random_chance(random, 20))
			random_string(random);
		random_token(random, "$");
		random_name(random, true);
		random_token(random, ":");
		random_type(random, 3);
		if (random_chance(random, 40))
		{
			random_token(random, "=");
			random_value(random, 3, true);
		}
		random_directives(random, true);
	} while (random_chance(random, 50));
	random_token(random, ")");
}

static void
random_field(Random *random, int depth)
{
	random_name(random, true);
	if (random_chance(random, 25))
	{
		random_token(random, ":");
		random_name(random, true);
	}
	random_arguments(random, 3, false);
	random_directives(random, false);
	if (depth > 0 && random_chance(random, 50))
		random_selections(random, depth - 1);
}

static void
random_spread(Random *random, int depth)
{
	random_token(random, "...");
	if (random_chance(random, 50))
	{
		random_name(random, false);
		random_directives(random, false);
		return;
	}
	if (random_chance(random, 60))
	{
		random_token(random, "on");
		random_name(random, true);
	}
	random_directives(random, false);
	random_selections(random, depth - 1);
}

static void
random_selections(Random *random, int depth)
{
	random_token(random, "{");
	do
	{
		if (depth > 0 && random_chance(random, 25))
			random_spread(random, depth);
		else
			random_field(random, depth);
	} while (random_chance(random, 60));
	random_token(random, "}");
}

static void
random_operation(Random *random)
{
	static const char *const keywords[] = {"query", "query", "mutation", "subscription"};

	random_token(random, keywords[random_below(random, TEST_COUNT(keywords))]);
	if (random_chance(random, 60))
		random_name(random, true);
	random_variables(random);
	random_directives(random, false);
	random_selections(random, 4);
}

static void
random_definition(Random *random)
{
	if (random_chance(random, 25))
	{
		random_selections(random, 4);
		return;
	}
	if (random_chance(random, 20))
		random_string(random);
	if (random_chance(random, 50))
	{
		random_operation(random);
		return;
	}
	random_token(random, "fragment");
	random_name(random, false);
	random_token(random, "on");
	random_name(random, true);
	random_directives(random, false);
	random_selections(random, 4);
}

FqlStr
test_random_document(FqlArena *arena, uint64_t seed)
{
	Random		random = {.state = seed};

	fql_buffer_init(&random.buffer, arena);
	do
		random_definition(&random);
	while (random_chance(&random, 50));
	return fql_arena_copy(arena, fql_buffer_text(&random.buffer));
}

FqlStr
test_repeat(FqlArena *arena, const char *unit, size_t count)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	while (count-- > 0)
		fql_buffer_append_cstring(&buffer, unit);
	return fql_buffer_text(&buffer);
}

FqlStr
test_join(FqlArena *arena, FqlStr a, FqlStr b, FqlStr c)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_buffer_append(&buffer, a);
	fql_buffer_append(&buffer, b);
	fql_buffer_append(&buffer, c);
	return fql_buffer_text(&buffer);
}
