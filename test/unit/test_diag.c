/*
 * test_diag.c
 *    Diagnostics stay bounded in number and length, and a message is fit for a client whatever it quotes.
 */
#include "test.h"

#include "utf8.h"

static FqlStr
message_of(FqlArena *arena, FqlStr quoted)
{
	FqlDiagnostics diagnostics;

	fql_diagnostics_init(&diagnostics, arena);
	return fql_diagnose(&diagnostics, FQL_ERROR_PARSE, (FqlLocation){1, 1}, "<%.*s>", FQL_STR_ARGS(quoted))->message;
}

TEST(code_names)
{
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_PARSE)), "GRAPHQL_PARSE_FAILED");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_VALIDATION)), "GRAPHQL_VALIDATION_FAILED");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_BAD_INPUT)), "BAD_USER_INPUT");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_LIMIT)), "LIMIT_EXCEEDED");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_FORBIDDEN)), "FORBIDDEN");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_UNSUPPORTED)), "UNSUPPORTED_OPERATION");
	CHECK_TEXT(fql_str_from(fql_error_code_name(FQL_ERROR_DATABASE)), "DATABASE_ERROR");
}

TEST(diagnostics_are_listed_in_order)
{
	FqlDiagnostics diagnostics;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK(diagnostics.first == NULL && diagnostics.count == 0);
	fql_diagnose(&diagnostics, FQL_ERROR_PARSE, (FqlLocation){3, 4}, "one %d", 1);
	fql_diagnose(&diagnostics, FQL_ERROR_LIMIT, (FqlLocation){5, 6}, "two")->locations[1] = (FqlLocation){7, 8};
	CHECK_LONG(diagnostics.count, 2);
	CHECK_TEXT(diagnostics.first->message, "one 1");
	CHECK_LONG(diagnostics.first->code, FQL_ERROR_PARSE);
	CHECK(diagnostics.first->locations[0].line == 3 && diagnostics.first->locations[0].column == 4);
	CHECK(diagnostics.first->locations[1].line == 0);
	CHECK(diagnostics.first->path == NULL);
	CHECK(diagnostics.first->next == diagnostics.last);
	CHECK_TEXT(diagnostics.last->message, "two");
	CHECK_LONG(diagnostics.last->locations[1].column, 8);
	CHECK(diagnostics.last->next == NULL);
}

TEST(beyond_the_limit_they_are_only_counted)
{
	FqlDiagnostics diagnostics;
	uint32_t	listed = 0;
	size_t		used;

	fql_diagnostics_init(&diagnostics, arena);
	for (int i = 0; i <= FQL_DIAGNOSTICS_LIMIT; i++)
		CHECK(fql_diagnose(&diagnostics, FQL_ERROR_VALIDATION, (FqlLocation){1, 1}, "message") != NULL);
	used = fql_arena_used(arena);
	for (int i = 0; i < 100000; i++)
		fql_diagnose(&diagnostics, FQL_ERROR_VALIDATION, (FqlLocation){1, 1}, "message");
	CHECK_LONG(fql_arena_used(arena), used);
	CHECK_LONG(diagnostics.count, FQL_DIAGNOSTICS_LIMIT + 1 + 100000);
	for (const FqlDiagnostic *diagnostic = diagnostics.first; diagnostic != NULL; diagnostic = diagnostic->next)
		listed++;
	CHECK_LONG(listed, FQL_DIAGNOSTICS_LIMIT);
}

TEST(messages_are_safe_text)
{
	CHECK_TEXT(message_of(arena, FQL_STR("caf\xC3\xA9 \xF0\x9F\x98\x80")), "<caf\xC3\xA9 \xF0\x9F\x98\x80>");
	CHECK_TEXT(message_of(arena, FQL_STR("\xFF\xC3")), "<\\xFF\\xC3>");
	CHECK_TEXT(message_of(arena, FQL_STR("a\r\n\tb\x1B[31m\x7F")), "<a\\u000D\\u000A\\u0009b\\u001B[31m\\u007F>");
	CHECK_TEXT(message_of(arena, FQL_STR("\xC2\x85")), "<\\u0085>");
	CHECK_TEXT(message_of(arena, FQL_STR("\xED\xA0\x80")), "<\\xED\\xA0\\x80>");
}

/* Whatever the bytes, a message is bounded valid UTF-8; the offset makes the cut fall at every place of a character. */
static void
check_bounded(FqlArena *arena, const char *unit, int offset)
{
	char		text[4000];
	size_t		length = (size_t) offset;
	FqlStr		message;

	memset(text, 'x', sizeof(text));
	for (; length + strlen(unit) <= sizeof(text); length += strlen(unit))
		memcpy(text + length, unit, strlen(unit));
	message = message_of(arena, (FqlStr){text, length});
	CHECK(message.len <= 500 && message.len > 480);
	CHECK(memcmp(message.data + message.len - 3, "...", 3) == 0);
	for (size_t i = 0; i < message.len;)
	{
		uint32_t	code_point;
		size_t		step = fql_utf8_decode(message.data + i, message.len - i, &code_point);

		if (!CHECK(step != 0))
			return;
		i += step;
	}
}

TEST(messages_are_bounded)
{
	static const char *const units[] = {"y", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF", "\x01"};

	for (size_t i = 0; i < TEST_COUNT(units); i++)
	{
		for (int offset = 0; offset < 4; offset++)
			check_bounded(arena, units[i], offset);
	}
}
