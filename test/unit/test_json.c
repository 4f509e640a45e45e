/*
 * test_json.c
 *    JSON texts that are and are not valid, the spelling of numbers, and trees that die with their arena.
 */
#include "test.h"

#include "json.h"

/* Parse and print; or the message. */
static FqlStr
round_trip(FqlStr text, uint32_t depth, FqlArena *arena)
{
	FqlDiagnostics diagnostics;
	FqlBuffer	buffer;
	FqlJson    *json;

	fql_diagnostics_init(&diagnostics, arena);
	if (!fql_json_parse(text, depth, arena, &diagnostics, &json))
	{
		CHECK_LONG(diagnostics.count, 1);
		CHECK(diagnostics.first->code == FQL_ERROR_BAD_INPUT);
		CHECK(json == NULL);
		return diagnostics.first->message;
	}
	CHECK_LONG(diagnostics.count, 0);
	fql_buffer_init(&buffer, arena);
	fql_json_print(json, &buffer);
	return fql_buffer_text(&buffer);
}

static FqlJson *
must_be_json(const char *text, FqlArena *arena)
{
	FqlDiagnostics diagnostics;
	FqlJson    *json = NULL;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK_FOR(text, fql_json_parse(fql_str_from(text), 64, arena, &diagnostics, &json));
	return json;
}

TEST(numbers_keep_their_spelling)
{
	static const char *const numbers[] = {
		"0", "-0", "1", "-1", "12", "2147483648", "999999999999999999", "-999999999999999999",
		"1000000000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
		"18446744073709551616", "123456789012345678901234567890", "-123456789012345678901234567890",
		"123456789012345678901234567890.123456789012345678901234567890",
		"1.0", "1.10", "0.1", "-0.0", "0.0000000000000000000000000001", "1e0", "1E0", "1e5", "1e+5", "1E-05", "1e00",
		"10", "100e100", "1e400", "-1e-400", "1.5e3", "12345678901234567890e0", "12345678901234567890e10", "1.0e0",
	};

	for (size_t i = 0; i < TEST_COUNT(numbers); i++)
	{
		FqlStr		in_array = fql_arena_printf(arena, "[%s,{\"a\":%s}]", numbers[i], numbers[i]);
		FqlJson    *json = must_be_json(numbers[i], arena);

		CHECK_TEXT_FOR(numbers[i], round_trip(fql_str_from(numbers[i]), 64, arena), numbers[i]);
		CHECK_STR_FOR(numbers[i], round_trip(in_array, 64, arena), in_array);
		CHECK_FOR(numbers[i], fql_json_kind(json) == FQL_JSON_NUMBER);
		CHECK_TEXT_FOR(numbers[i], fql_json_text(json, arena), numbers[i]);
	}
}

TEST(very_long_numbers_keep_their_spelling)
{
	char	   *digits = fql_arena_alloc(arena, 100001);

	memset(digits, '7', 100000);
	CHECK_TEXT(round_trip((FqlStr){digits, 100000}, 64, arena), digits);
}

TEST(valid_texts_print_compactly)
{
	static const char *const cases[][2] = {
		{"null", "null"}, {" true ", "true"}, {"\t\r\nfalse\n", "false"}, {"\"\"", "\"\""}, {"[]", "[]"}, {"{}", "{}"},
		{" [ 1 , 2 ] ", "[1,2]"}, {"{ \"a\" : { \"b\" : [ null ] } }", "{\"a\":{\"b\":[null]}}"},
		{"{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}"},
		{"\"\\u0041\\n\\/\\\"\\\\\"", "\"A\\n/\\\"\\\\\""},
		{"\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \xC3\xA9\"", "\"\xF0\x9F\x98\x80 \xF0\x9F\x98\x80 \xC3\xA9\""},
		{"\"1e0 12345678901234567890\"", "\"1e0 12345678901234567890\""},
		{"{\"a\":1,\"a\":2}", "{\"a\":2}"},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
		CHECK_TEXT_FOR(cases[i][0], round_trip(fql_str_from(cases[i][0]), 64, arena), cases[i][1]);
}

TEST(invalid_texts_are_refused)
{
	static const char *const cases[][2] = {
		{"", "unexpected end."}, {"  ", "unexpected end."}, {"[", "unexpected end."}, {"{\"a\":1", "unexpected end."},
		{"[1", "unexpected end."},
		{"[1,]", "unexpected token at byte 4."}, {"{,}", "unexpected token at byte 3."}, {"[1 2]", "unexpected token."},
		{"{\"a\" 1}", "unexpected token."}, {"{1:2}", "unexpected character at byte 3."}, {"]", "unexpected token."},
		{"[}", "unexpected token."}, {"{\"a\":1, }", "unexpected token at byte 9."},
		{"[\"a\" \"b\"]", "unexpected token."},
		{"1 2", "unexpected token."}, {"{} {}", "unexpected token."}, {"null null", "unexpected token."},
		{"[] x", "unexpected character at byte 4."},
		{"nul", "unexpected character at byte 1."}, {"nulll", "unexpected character at byte 5."},
		{"True", "unexpected character at byte 1."}, {"NaN", "unexpected character at byte 1."},
		{"Infinity", "unexpected character at byte 1."}, {"-Infinity", "digit expected at byte 2."},
		{"01", "unexpected character at byte 2."}, {"+1", "unexpected character at byte 1."},
		{".5", "unexpected character at byte 1."}, {"1.", "digit expected at byte 3."},
			{"1e", "digit expected at byte 3."},
		{"-", "digit expected at byte 2."}, {"1.5.5", "unexpected character at byte 4."},
		{"0x10", "unexpected character at byte 2."}, {"1-1", "unexpected character at byte 2."},
		{"'a'", "unexpected character at byte 1."}, {"[1] // x", "unexpected character at byte 5."},
		{"/* */ 1", "unexpected character at byte 1."},
		{"\"a", "unterminated string at byte 3."}, {"\"a\\", "unknown escape sequence at byte 3."},
		{"\"\\x41\"", "unknown escape sequence at byte 2."},
		{"\"\\u12\"", "four hexadecimal digits expected after \\u at byte 2."},
		{"\"a\nb\"", "control character in a string at byte 3."},
		{"\"\\ud83d\"", "lone surrogate at byte 2."}, {"\"\\ude00\\ud83d\"", "lone surrogate at byte 2."},
		{"\"\\ud83d\\u0041\"", "lone surrogate at byte 2."},
		{"\"\xFF\"", "invalid UTF-8 at byte 2."}, {"\"\xC0\x80\"", "invalid UTF-8 at byte 2."},
		{"\"\xED\xA0\x80\"", "invalid UTF-8 at byte 2."}, {"\"\xF4\x90\x80\x80\"", "invalid UTF-8 at byte 2."},
		{"\"\xE2\x82\"", "invalid UTF-8 at byte 2."}, {"\xC3\xA9", "unexpected character at byte 1."},
		{"{\"a\\u0000b\":1}", "member name with U+0000 at byte 12."},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
		CHECK_STR_FOR(cases[i][0], round_trip(fql_str_from(cases[i][0]), 64, arena),
					  fql_arena_printf(arena, "The JSON text is not valid: %s", cases[i][1]));
}

TEST(bytes_of_zero_are_refused_or_kept)
{
	FqlJson    *json = must_be_json("\"a\\u0000b\"", arena);

	CHECK_STR(fql_json_text(json, arena), FQL_STR("a\0b"));
	CHECK_STR(round_trip(FQL_STR("1\0"), 64, arena),
			  FQL_STR("The JSON text is not valid: unexpected character at byte 2."));
	CHECK_STR(round_trip(FQL_STR("\"a\0\""), 64, arena),
			  FQL_STR("The JSON text is not valid: control character in a string at byte 3."));
	CHECK_STR(round_trip((FqlStr){NULL, 0}, 64, arena), FQL_STR("No JSON text was given."));
}

TEST(nesting_is_limited)
{
	char	   *open = fql_arena_alloc(arena, 100001);

	CHECK_TEXT(round_trip(FQL_STR("[[[]]]"), 3, arena), "[[[]]]");
	CHECK_TEXT(round_trip(FQL_STR("[{\"a\":[1]}]"), 3, arena), "[{\"a\":[1]}]");
	CHECK_TEXT(round_trip(FQL_STR("[[[[]]]]"), 3, arena),
			   "The JSON text is not valid: too many levels of nesting at byte 4.");
	CHECK_TEXT(round_trip(FQL_STR("[[],[],[],[]]"), 2, arena), "[[],[],[],[]]");
	memset(open, '[', 100000);
	CHECK_TEXT(round_trip((FqlStr){open, 100000}, UINT32_MAX, arena),
			   "The JSON text is not valid: too many levels of nesting at byte 1001.");
	CHECK_TEXT(round_trip(FQL_STR("[]"), 0, arena),
		"The JSON text is not valid: too many levels of nesting at byte 1.");
	CHECK_TEXT(round_trip(FQL_STR("1"), 0, arena), "1");
}

/* Every prefix of a valid text is an error with one diagnostic and without a leak. */
TEST(prefixes_are_refused_cleanly)
{
	static const char text[] = "{\"a\":[1.5e10,-2,true,null,{\"\xC3\xA9\":\"\\ud83d\\ude00\"}],"
		"\"b\":12345678901234567890}";

	for (size_t len = 0; len < sizeof(text) - 1; len++)
	{
		FqlDiagnostics diagnostics;
		FqlJson    *json;

		fql_diagnostics_init(&diagnostics, arena);
		CHECK(!fql_json_parse((FqlStr){text, len}, 64, arena, &diagnostics, &json));
		CHECK_LONG(diagnostics.count, 1);
	}
}

static bool
append_name(FqlStr name, FqlJson *value, void *argument)
{
	FqlBuffer  *buffer = argument;

	(void) value;
	fql_buffer_append(buffer, name);
	return !fql_str_equal(name, FQL_STR("stop"));
}

TEST(members_and_items_are_found)
{
	FqlJson    *json = must_be_json("{\"a\":null,\"b\":[true,\"x\"],\"stop\":1,\"never\":2}", arena);
	FqlBuffer	buffer;
	FqlJson    *value;

	CHECK_LONG(fql_json_length(json), 4);
	CHECK(fql_json_member(json, FQL_STR("a"), &value) && value == NULL);
	CHECK(!fql_json_member(json, FQL_STR("A"), &value) && value == NULL);
	CHECK(!fql_json_member(json, FQL_STR("a\0"), &value));
	CHECK(fql_json_member(json, (FqlStr){"bx", 1}, &value));
	CHECK_LONG(fql_json_length(value), 2);
	CHECK(fql_json_boolean(fql_json_item(value, 0)));
	CHECK_TEXT(fql_json_text(fql_json_item(value, 1), arena), "x");
	CHECK(fql_json_item(value, 2) == NULL);
	CHECK(fql_json_item(json, 0) == NULL);
	fql_buffer_init(&buffer, arena);
	fql_json_each(json, append_name, &buffer);
	CHECK_TEXT(fql_buffer_text(&buffer), "abstop");
}

TEST(long_member_names_are_found)
{
	static const size_t lengths[] = {1, 254, 255, 256, 257, 1000};

	for (size_t i = 0; i < TEST_COUNT(lengths); i++)
	{
		char	   *name = fql_arena_alloc(arena, lengths[i] + 1);
		FqlJson    *value;

		memset(name, 'n', lengths[i]);
		CHECK(fql_json_member(must_be_json(fql_arena_printf(arena, "{\"%s\":true}", name).data, arena),
							  (FqlStr){name, lengths[i]}, &value));
		CHECK(fql_json_boolean(value));
	}
}

TEST(what_is_not_there_is_null)
{
	FqlJson    *value;

	CHECK(fql_json_kind(NULL) == FQL_JSON_NULL);
	CHECK_LONG(fql_json_length(NULL), 0);
	CHECK(!fql_json_boolean(NULL));
	CHECK(fql_json_item(NULL, 0) == NULL);
	CHECK(!fql_json_member(NULL, FQL_STR("a"), &value));
	CHECK_LONG(fql_json_text(NULL, arena).len, 0);
	fql_json_each(NULL, append_name, NULL);
}
