/*
 * test_lexer.c
 *    Section 2.1 of the specification: every kind of token with its place and value, every lexical error with its
 *    place and message, and no cost beyond the length of the text.
 */
#include "lexer.h"
#include "test.h"

/*
 * All tokens of a text as "line:column Kind value", one a line, or at the first error "line:column message".  The
 * text is copied to its exact size first, so that a sanitizer sees a read past its end.
 */
static FqlStr
lex(FqlArena *arena, FqlStr source)
{
	FqlDiagnostics diagnostics;
	FqlLexer	lexer;
	FqlToken	token;
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_diagnostics_init(&diagnostics, arena);
	fql_lexer_init(&lexer, fql_arena_copy(arena, source), 1000, arena, &diagnostics);
	do
	{
		if (!fql_lexer_next(&lexer, &token))
		{
			CHECK_LONG(diagnostics.count, 1);
			return fql_arena_printf(arena, "%u:%u %.*s", (unsigned int) diagnostics.first->locations[0].line,
									(unsigned int) diagnostics.first->locations[0].column,
									FQL_STR_ARGS(diagnostics.first->message));
		}
		fql_buffer_append(&buffer, fql_arena_printf(arena, "%s%u:%u %s", buffer.len == 0 ? "" : "\n",
													(unsigned int) token.location.line,
													(unsigned int) token.location.column,
													fql_token_kind_name(token.kind)));
		if (token.kind >= FQL_TOKEN_NAME)
			fql_buffer_append_char(&buffer, ' ');
		fql_buffer_append(&buffer, token.text);
	} while (token.kind != FQL_TOKEN_EOF);
	CHECK_LONG(diagnostics.count, 0);
	return fql_buffer_text(&buffer);
}

typedef struct LexCase
{
	FqlStr		source;
	FqlStr		expected;
} LexCase;

#define CASE(source, expected) {FQL_STR(source), FQL_STR(expected)}

static void
check_cases(FqlArena *arena, const LexCase *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		CHECK_STR_FOR(cases[i].source.data, lex(arena, cases[i].source), cases[i].expected);
}

TEST(punctuators)
{
	static const LexCase cases[] = {
		CASE("!$&()...:=@[]{|}",
			 "1:1 \"!\"\n1:2 \"$\"\n1:3 \"&\"\n1:4 \"(\"\n1:5 \")\"\n1:6 \"...\"\n1:9 \":\"\n1:10 \"=\"\n1:11 \"@\"\n"
			 "1:12 \"[\"\n1:13 \"]\"\n1:14 \"{\"\n1:15 \"|\"\n1:16 \"}\"\n1:17 <EOF>"),
		CASE("......", "1:1 \"...\"\n1:4 \"...\"\n1:7 <EOF>"),
		CASE(".", "1:1 Syntax Error: Unexpected \".\", a spread is written \"...\"."),
		CASE("a ..", "1:3 Syntax Error: Unexpected \".\", a spread is written \"...\"."),
		CASE(".. .", "1:1 Syntax Error: Unexpected \".\", a spread is written \"...\"."),
		CASE("....", "1:4 Syntax Error: Unexpected \".\", a spread is written \"...\"."),
		CASE(".5", "1:1 Syntax Error: Unexpected \".\", a spread is written \"...\"."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(ignored_tokens)
{
	static const LexCase cases[] = {
		CASE("", "1:1 <EOF>"),
		CASE(" \t,,a", "1:5 Name a\n1:6 <EOF>"),
		CASE("\xEF\xBB\xBF" "a", "1:2 Name a\n1:3 <EOF>"),
		CASE("a\xEF\xBB\xBF" "b", "1:1 Name a\n1:3 Name b\n1:4 <EOF>"),
		CASE("\n\r\n\r\ra", "5:1 Name a\n5:2 <EOF>"),
		CASE("a\n\rb", "1:1 Name a\n3:1 Name b\n3:2 <EOF>"),
		CASE("#x\na", "2:1 Name a\n2:2 <EOF>"),
		CASE("#x\ra#", "2:1 Name a\n2:3 <EOF>"),
		CASE("a # \xC3\xA9\xF0\x9F\x98\x80 \x01\x7F \"{", "1:1 Name a\n1:13 <EOF>"),
		CASE("#\xE2\x80\xA8" "a\nb", "2:1 Name b\n2:2 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(names)
{
	static const LexCase cases[] = {
		CASE("_", "1:1 Name _\n1:2 <EOF>"),
		CASE("__typename", "1:1 Name __typename\n1:11 <EOF>"),
		CASE("azAZ_09", "1:1 Name azAZ_09\n1:8 <EOF>"),
		CASE("a{b", "1:1 Name a\n1:2 \"{\"\n1:3 Name b\n1:4 <EOF>"),
		CASE("a\"b\"", "1:1 Name a\n1:2 String b\n1:5 <EOF>"),
		CASE("n\xC3\xA9", "1:2 Syntax Error: Unexpected character U+00E9."),
		CASE("a-b", "1:3 Syntax Error: Invalid number, expected a digit, found \"b\"."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(numbers)
{
	static const LexCase cases[] = {
		CASE("0", "1:1 Int 0\n1:2 <EOF>"),
		CASE("-0", "1:1 Int -0\n1:3 <EOF>"),
		CASE("9", "1:1 Int 9\n1:2 <EOF>"),
		CASE("-1234567890123456789012345678901", "1:1 Int -1234567890123456789012345678901\n1:33 <EOF>"),
		CASE("4.123", "1:1 Float 4.123\n1:6 <EOF>"),
		CASE("-0.0", "1:1 Float -0.0\n1:5 <EOF>"),
		CASE("0e0", "1:1 Float 0e0\n1:4 <EOF>"),
		CASE("123E4", "1:1 Float 123E4\n1:6 <EOF>"),
		CASE("1e-4", "1:1 Float 1e-4\n1:5 <EOF>"),
		CASE("-1.5E+400", "1:1 Float -1.5E+400\n1:10 <EOF>"),
		CASE("1,2", "1:1 Int 1\n1:3 Int 2\n1:4 <EOF>"),
		CASE("1-2", "1:1 Int 1\n1:2 Int -2\n1:4 <EOF>"),
		CASE("1\"a\"", "1:1 Int 1\n1:2 String a\n1:5 <EOF>"),
		CASE("1{", "1:1 Int 1\n1:2 \"{\"\n1:3 <EOF>"),
		CASE("0#", "1:1 Int 0\n1:3 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(broken_numbers)
{
	static const LexCase cases[] = {
		CASE("00", "1:2 Syntax Error: Invalid number, unexpected digit after 0: \"0\"."),
		CASE("01", "1:2 Syntax Error: Invalid number, unexpected digit after 0: \"1\"."),
		CASE("-01", "1:3 Syntax Error: Invalid number, unexpected digit after 0: \"1\"."),
		CASE("-", "1:2 Syntax Error: Invalid number, expected a digit, found <EOF>."),
		CASE("--1", "1:2 Syntax Error: Invalid number, expected a digit, found \"-\"."),
		CASE("-a", "1:2 Syntax Error: Invalid number, expected a digit, found \"a\"."),
		CASE("+1", "1:1 Syntax Error: Unexpected character \"+\"."),
		CASE("1.", "1:3 Syntax Error: Invalid number, expected a digit, found <EOF>."),
		CASE("1.a", "1:3 Syntax Error: Invalid number, expected a digit, found \"a\"."),
		CASE("1..2", "1:3 Syntax Error: Invalid number, expected a digit, found \".\"."),
		CASE("1.e1", "1:3 Syntax Error: Invalid number, expected a digit, found \"e\"."),
		CASE("1e", "1:3 Syntax Error: Invalid number, expected a digit, found <EOF>."),
		CASE("1e+", "1:4 Syntax Error: Invalid number, expected a digit, found <EOF>."),
		CASE("1E-x", "1:4 Syntax Error: Invalid number, expected a digit, found \"x\"."),
		CASE("1e\n2", "1:3 Syntax Error: Invalid number, expected a digit, found U+000A."),
		CASE("1.\"", "1:3 Syntax Error: Invalid number, expected a digit, found '\"'."),
		CASE("1.\xC3\xA9", "1:3 Syntax Error: Invalid number, expected a digit, found U+00E9."),
		CASE("1.\xFF", "1:3 Syntax Error: The document is not valid UTF-8, found byte 0xFF."),
		CASE("1a", "1:2 Syntax Error: Invalid number, expected it to end, found \"a\"."),
		CASE("0x1F", "1:2 Syntax Error: Invalid number, expected it to end, found \"x\"."),
		CASE("1_000", "1:2 Syntax Error: Invalid number, expected it to end, found \"_\"."),
		CASE("1.2.3", "1:4 Syntax Error: Invalid number, expected it to end, found \".\"."),
		CASE("1.2a", "1:4 Syntax Error: Invalid number, expected it to end, found \"a\"."),
		CASE("1e1.5", "1:4 Syntax Error: Invalid number, expected it to end, found \".\"."),
		CASE("1e1e1", "1:4 Syntax Error: Invalid number, expected it to end, found \"e\"."),
		CASE("1...", "1:3 Syntax Error: Invalid number, expected a digit, found \".\"."),
		CASE("Infinity", "1:1 Name Infinity\n1:9 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(strings)
{
	static const LexCase cases[] = {
		CASE("\"\"", "1:1 String \n1:3 <EOF>"),
		CASE("\"simple\"", "1:1 String simple\n1:9 <EOF>"),
		CASE("\" white \t\"", "1:1 String  white \t\n1:11 <EOF>"),
		CASE("\"#{}\"a", "1:1 String #{}\n1:6 Name a\n1:7 <EOF>"),
		CASE("\"\"\"\"", "1:5 Syntax Error: Unterminated string."),
		CASE("\"a\"\"b\"", "1:1 String a\n1:4 String b\n1:7 <EOF>"),
		CASE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "1:1 String \"\\/\b\f\n\r\t\n1:19 <EOF>"),
		CASE("\"a\\nb\\nc\"", "1:1 String a\nb\nc\n1:10 <EOF>"),
		CASE("\"\xC3\xA9\xF0\x9F\x98\x80\" a", "1:1 String \xC3\xA9\xF0\x9F\x98\x80\n1:6 Name a\n1:7 <EOF>"),
		CASE("\"\x01\x1F\x7F\xC2\x85\xE2\x80\xA8\"", "1:1 String \x01\x1F\x7F\xC2\x85\xE2\x80\xA8\n1:8 <EOF>"),
		CASE("\"\xEF\xBB\xBF\xEF\xBF\xBF\"", "1:1 String \xEF\xBB\xBF\xEF\xBF\xBF\n1:5 <EOF>"),
		CASE("\"\\u0041\\u00e9\\u20AC\\uFFFF\"", "1:1 String A\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBF\n1:27 <EOF>"),
		CASE("\"\\uD83D\\uDE00x\"", "1:1 String \xF0\x9F\x98\x80x\n1:16 <EOF>"),
		CASE("\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "1:1 String \xF0\x90\x80\x80\xF4\x8F\xBF\xBF\n1:27 <EOF>"),
		CASE("\"\\uD7FF\\uE000\"", "1:1 String \xED\x9F\xBF\xEE\x80\x80\n1:15 <EOF>"),
		CASE("\"\\u{41}\\u{e9}\\u{20AC}\\u{1f600}\"",
			 "1:1 String A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n1:32 <EOF>"),
		CASE("\"\\u{000000000000041}\\u{10FFFF}\"", "1:1 String A\xF4\x8F\xBF\xBF\n1:32 <EOF>"),
		CASE("\"\\u0001\"", "1:1 String \x01\n1:9 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(unterminated_strings)
{
	static const LexCase cases[] = {
		CASE("\"", "1:2 Syntax Error: Unterminated string."),
		CASE("\"abc", "1:5 Syntax Error: Unterminated string."),
		CASE("\"abc\n\"", "1:5 Syntax Error: Unterminated string."),
		CASE("\"\xC3\xA9\r\"", "1:3 Syntax Error: Unterminated string."),
		CASE("\"abc\\\"", "1:7 Syntax Error: Unterminated string."),
		CASE("\"\"\"", "1:4 Syntax Error: Unterminated string."),
		CASE("\"\"\"a\n\"\"", "2:3 Syntax Error: Unterminated string."),
		CASE("\"\"\"a\\\"\"\"", "1:9 Syntax Error: Unterminated string."),
		CASE("'a'", "1:1 Syntax Error: Unexpected single quote, strings are written with double quotes (\")."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(broken_escapes)
{
	static const LexCase cases[] = {
		CASE("\"\\z\"", "1:2 Syntax Error: Invalid character escape sequence \"\\z\"."),
		CASE("\"ab\\x41\"", "1:4 Syntax Error: Invalid character escape sequence \"\\x\"."),
		CASE("\"\\'\"", "1:2 Syntax Error: Invalid character escape sequence \"\\'\"."),
		CASE("\"\\", "1:2 Syntax Error: A backslash in a string must begin an escape sequence."),
		CASE("\"\\\n\"", "1:2 Syntax Error: A backslash in a string must begin an escape sequence."),
		CASE("\"\\\xC3\xA9\"", "1:2 Syntax Error: A backslash in a string must begin an escape sequence."),
		CASE("\"\\\0\"", "1:2 Syntax Error: A backslash in a string must begin an escape sequence."),
		CASE("\"\\u\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u\"."),
		CASE("\"\\u1\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u1\"."),
		CASE("\"\\u00g0\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u00\"."),
		CASE("\"\\u004", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u004\"."),
		CASE("\"\\u{}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{\"."),
		CASE("\"\\u{12\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{12\"."),
		CASE("\"\\u{1 }\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{1\"."),
		CASE("\"\\u{110000}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{110000}\"."),
		CASE("\"\\u{100000041}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{100000041}\"."),
		CASE("\"\\u{FFFFFFFFFFFFFFFFFFFFFFFFFF}\"",
			 "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{FFFFFFFFFFF\"."),
		CASE("\"\\u{D800}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{D800}\"."),
		CASE("\"\\u{DFFF}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\u{DFFF}\"."),
		CASE("\"\\uD83D\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\"."),
		CASE("\"\\uDE00\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uDE00\"."),
		CASE("\"\\uD83Dx\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\"."),
		CASE("\"\\uD83D\\n\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\"."),
		CASE("\"\\uD83D\\u0041\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\\u0041\"."),
		CASE("\"\\uD83D\\uD83D\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\\uD83D\"."),
		CASE("\"\\uD83D\\uE000\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\\uE000\"."),
		CASE("\"\\uDE00\\uD83D\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uDE00\"."),
		CASE("\"\\uD83D\\u{DE00}\"", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\\u\"."),
		CASE("\"\\uD83D\\uDE", "1:2 Syntax Error: Invalid Unicode escape sequence \"\\uD83D\\uDE\"."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

/* PostgreSQL cannot store it, so no way of writing it gets through. */
TEST(the_null_character)
{
	static const LexCase cases[] = {
		CASE("a\0", "1:2 Syntax Error: The character U+0000 is not supported."),
		CASE("# \0", "1:3 Syntax Error: The character U+0000 is not supported."),
		CASE("\"a\0\"", "1:3 Syntax Error: The character U+0000 is not supported."),
		CASE("\"\"\"a\n\0\"\"\"", "2:1 Syntax Error: The character U+0000 is not supported."),
		CASE("1.\0", "1:3 Syntax Error: The character U+0000 is not supported."),
		CASE("\"a\\u0000\"", "1:3 Syntax Error: The character U+0000 is not supported."),
		CASE("\"\\u{0}\"", "1:2 Syntax Error: The character U+0000 is not supported."),
		CASE("\"\\u{00000}\"", "1:2 Syntax Error: The character U+0000 is not supported."),
		CASE("\"\"\"\\u0000\"\"\"", "1:1 String \\u0000\n1:13 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(invalid_utf8_anywhere)
{
	static const LexCase cases[] = {
		CASE("\xFF", "1:1 Syntax Error: The document is not valid UTF-8, found byte 0xFF."),
		CASE("a\xC3", "1:2 Syntax Error: The document is not valid UTF-8, found byte 0xC3."),
		CASE("\xEF\xBB", "1:1 Syntax Error: The document is not valid UTF-8, found byte 0xEF."),
		CASE("#\xC0\x80", "1:2 Syntax Error: The document is not valid UTF-8, found byte 0xC0."),
		CASE("\n# \xC3\xA9\xED\xA0\x80", "2:4 Syntax Error: The document is not valid UTF-8, found byte 0xED."),
		CASE("\"\xF4\x90\x80\x80\"", "1:2 Syntax Error: The document is not valid UTF-8, found byte 0xF4."),
		CASE("\"\\n\x80\"", "1:4 Syntax Error: The document is not valid UTF-8, found byte 0x80."),
		CASE("\"\"\"\n\xE2\x82\"\"\"", "2:1 Syntax Error: The document is not valid UTF-8, found byte 0xE2."),
		CASE("\"\xE2\x82", "1:2 Syntax Error: The document is not valid UTF-8, found byte 0xE2."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(unexpected_characters)
{
	static const LexCase cases[] = {
		CASE("?", "1:1 Syntax Error: Unexpected character \"?\"."),
		CASE("a ~", "1:3 Syntax Error: Unexpected character \"~\"."),
		CASE("\\u0041", "1:1 Syntax Error: Unexpected character \"\\\"."),
		CASE("\x07", "1:1 Syntax Error: Unexpected character U+0007."),
		CASE("\v", "1:1 Syntax Error: Unexpected character U+000B."),
		CASE("\f", "1:1 Syntax Error: Unexpected character U+000C."),
		CASE("\x7F", "1:1 Syntax Error: Unexpected character U+007F."),
		CASE("\xC2\xA0", "1:1 Syntax Error: Unexpected character U+00A0."),
		CASE("a\n \xE2\x80\xA8", "2:2 Syntax Error: Unexpected character U+2028."),
		CASE("\xF0\x9F\x98\x80", "1:1 Syntax Error: Unexpected character U+1F600."),
		CASE("\xEF\xBF\xBE", "1:1 Syntax Error: Unexpected character U+FFFE."),
		CASE("%", "1:1 Syntax Error: Unexpected character \"%\"."),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

/* The value alone; the token after it shows that the place is right behind it. */
TEST(block_strings)
{
	static const LexCase cases[] = {
		CASE("", ""),
		CASE("abc", "abc"),
		CASE(" a ", " a "),
		CASE("\\n\\u0041\\ ", "\\n\\u0041\\ "),
		CASE("a \" b \"\" c", "a \" b \"\" c"),
		CASE("\\\"\"\"", "\"\"\""),
		CASE("a\\\"\"\"b\\\"\"\"\\\"\"\"c", "a\"\"\"b\"\"\"\"\"\"c"),
		CASE("\\\\\"\"\"", "\\\"\"\""),
		CASE("\"\\x\\\"\" ", "\"\\x\\\"\" "),
		CASE("\n", ""),
		CASE(" \t\n\r\n\r \n", ""),
		CASE("\n  a\n", "a"),
		CASE("\n\n\n  a\n\n  b\n\n\n", "a\n\nb"),
		CASE("a\r\nb\rc\nd\n\re", "a\nb\nc\nd\n\ne"),
		CASE("\n  a\n    b\n   c", "a\n  b\n c"),
		CASE("first\n    second\n      third", "first\nsecond\n  third"),
		CASE("    first\n  second", "    first\nsecond"),
		CASE("\n  a\n \n  b", "a\n\nb"),
		CASE("\n  a\n     \n  b", "a\n   \nb"),
		CASE("\n\ta\n\t\tb", "a\n\tb"),
		CASE("\n \ta\n  b", "a\nb"),
		CASE("\n  a  \n  b\t", "a  \nb\t"),
		CASE("\n  a\n\xC2\xA0\xC2\xA0" "b", "  a\n\xC2\xA0\xC2\xA0" "b"),
		CASE("\n\xE2\x80\x83" "a\n  b", "\xE2\x80\x83" "a\n  b"),
		CASE("\xC2\xA0\n", "\xC2\xA0"),
		CASE("\v\n\f", "\v\n\f"),
		CASE("a\xE2\x80\xA8  b", "a\xE2\x80\xA8  b"),
		CASE("\n  \\\"\"\"\n    a", "\"\"\"\n  a"),
		CASE("\xEF\xBB\xBF x", "\xEF\xBB\xBF x"),
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
	{
		FqlBuffer	source;
		FqlStr		tokens;
		FqlStr		expected = cases[i].expected;

		fql_buffer_init(&source, arena);
		fql_buffer_append_cstring(&source, "\"\"\"");
		fql_buffer_append(&source, cases[i].source);
		fql_buffer_append_cstring(&source, "\"\"\"");
		tokens = lex(arena, fql_buffer_text(&source));
		CHECK_STR_FOR(cases[i].source.data, ((FqlStr){tokens.data, 11}), FQL_STR("1:1 String "));
		CHECK_FOR(cases[i].source.data, tokens.len > 11 + expected.len && tokens.data[11 + expected.len] == '\n');
		CHECK_STR_FOR(cases[i].source.data, ((FqlStr){tokens.data + 11, expected.len}), expected);
	}
}

TEST(places_after_block_strings)
{
	static const LexCase cases[] = {
		CASE("\"\"\"a\"\"\" b", "1:1 String a\n1:9 Name b\n1:10 <EOF>"),
		CASE("\"\"\"a\r\n \xC3\xA9\"\"\"b", "1:1 String a\n\xC3\xA9\n2:6 Name b\n2:7 <EOF>"),
		CASE("\"\"\"\n\n\"\"\"\"\"", "1:1 String \n3:4 String \n3:6 <EOF>"),
		CASE("\"\"\"\"\"\"\"\"\"a\"\"\"", "1:1 String \n1:7 String a\n1:14 <EOF>"),
	};

	check_cases(arena, cases, TEST_COUNT(cases));
}

TEST(end_of_text_again_and_again)
{
	FqlDiagnostics diagnostics;
	FqlLexer	lexer;
	FqlToken	token;

	fql_diagnostics_init(&diagnostics, arena);
	fql_lexer_init(&lexer, (FqlStr){NULL, 0}, 0, arena, &diagnostics);
	for (int i = 0; i < 3; i++)
	{
		CHECK(fql_lexer_next(&lexer, &token));
		CHECK_LONG(token.kind, FQL_TOKEN_EOF);
	}
}

TEST(the_token_limit)
{
	for (uint32_t limit = 0; limit < 5; limit++)
	{
		FqlDiagnostics diagnostics;
		FqlLexer	lexer;
		FqlToken	token;
		uint32_t	count = 0;

		fql_diagnostics_init(&diagnostics, arena);
		fql_lexer_init(&lexer, FQL_STR("{ a #c\n} ,,\n"), limit, arena, &diagnostics);
		while (fql_lexer_next(&lexer, &token) && token.kind != FQL_TOKEN_EOF)
			count++;
		CHECK_LONG(count, limit < 3 ? limit : 3);
		if (limit >= 3)
		{
			CHECK_LONG(diagnostics.count, 0);
			continue;
		}
		CHECK_LONG(diagnostics.first->code, FQL_ERROR_LIMIT);
		CHECK_LONG(diagnostics.first->locations[0].line, limit == 2 ? 2 : 1);
		CHECK_STR(diagnostics.first->message,
				  fql_arena_printf(arena, "Syntax Error: The document has more than %u tokens.", limit));
	}
}

/* Ignored text costs neither tokens nor memory. */
TEST(floods_of_ignored_text)
{
	static const char *const floods[] = {" ", ",", "\n", "\r\n", "#\n", "\xEF\xBB\xBF", "# comment\r"};

	for (size_t i = 0; i < TEST_COUNT(floods); i++)
	{
		FqlDiagnostics diagnostics;
		FqlBuffer	buffer;
		FqlLexer	lexer;
		FqlToken	token;
		size_t		used;

		fql_buffer_init(&buffer, arena);
		for (int count = 0; count < 200000; count++)
			fql_buffer_append_cstring(&buffer, floods[i]);
		fql_buffer_append_char(&buffer, 'a');
		fql_diagnostics_init(&diagnostics, arena);
		used = fql_arena_used(arena);
		fql_lexer_init(&lexer, fql_buffer_text(&buffer), 1, arena, &diagnostics);
		CHECK_FOR(floods[i], fql_lexer_next(&lexer, &token) && token.kind == FQL_TOKEN_NAME);
		CHECK_LONG_FOR(floods[i], token.location.line + token.location.column,
					   strpbrk(floods[i], "\r\n") != NULL ? 200001 + 1 : 1 + 200001);
		CHECK_FOR(floods[i], fql_lexer_next(&lexer, &token) && token.kind == FQL_TOKEN_EOF);
		CHECK_LONG_FOR(floods[i], fql_arena_used(arena), used);
	}
}

TEST(how_messages_speak_of_tokens)
{
	static const struct
	{
		FqlToken	token;
		const char *expected;
	}			cases[] = {
		{{.kind = FQL_TOKEN_EOF}, "<EOF>"},
		{{.kind = FQL_TOKEN_RIGHT_BRACE}, "\"}\""},
		{{.kind = FQL_TOKEN_NAME, .text = FQL_STR("user")}, "Name \"user\""},
		{{.kind = FQL_TOKEN_INT, .text = FQL_STR("-1")}, "Int \"-1\""},
		{{.kind = FQL_TOKEN_FLOAT, .text = FQL_STR("1.5")}, "Float \"1.5\""},
		{{.kind = FQL_TOKEN_STRING, .text = FQL_STR("")}, "String \"\""},
		{{.kind = FQL_TOKEN_STRING, .text = FQL_STR("123456789012345678901234567890123456789012345678901234567890")},
		"String \"123456789012345678901234567890123456789012345678901234567890\""},
		{{.kind = FQL_TOKEN_STRING, .text = FQL_STR("1234567890123456789012345678901234567890123456789012345678901")},
		"String \"123456789012345678901234567890123456789012345678901234567890...\""},
		{{.kind = FQL_TOKEN_STRING,
		.text = FQL_STR("12345678901234567890123456789012345678901234567890123456789\xE2\x82\xAC")},
		"String \"12345678901234567890123456789012345678901234567890123456789...\""},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
		CHECK_TEXT(fql_token_describe(&cases[i].token, arena), cases[i].expected);
}
