/*
 * test_coerce.c
 *    Every scalar's edges, variables from JSON with their messages, literals, and the canonical text.
 */
#include "test.h"

#include "coerce_internal.h"
#include "sdl.h"

/* A scalar, a leaf, and what it becomes; NULL: refused.  A leaf that begins with ' is the string after it. */
typedef struct ScalarCase
{
	FqlScalar	scalar;
	const char *leaf;
	const char *expected;
} ScalarCase;

/* A leaf as JSON has it: a string, or what stands without quotes. */
static bool
coerce_text(FqlScalar scalar, FqlStr text, bool is_string, FqlArena *arena, FqlStr *result)
{
	bool		is_boolean = fql_str_equal(text, FQL_STR("true")) || fql_str_equal(text, FQL_STR("false"));
	FqlLeafText leaf = {is_string ? FQL_LEAF_STRING : is_boolean ? FQL_LEAF_BOOLEAN : FQL_LEAF_NUMBER, text};

	return fql_coerce_leaf(scalar, &leaf, arena, result);
}

static void
check_scalars(const ScalarCase *cases, size_t count, FqlArena *arena)
{
	for (size_t i = 0; i < count; i++)
	{
		bool		is_string = cases[i].leaf[0] == '\'';
		FqlStr		result = FQL_STR("");
		bool		accepted = coerce_text(cases[i].scalar, fql_str_from(cases[i].leaf + is_string), is_string, arena,
											   &result);

		CHECK_FOR(cases[i].leaf, accepted == (cases[i].expected != NULL));
		if (accepted && cases[i].expected != NULL)
			CHECK_TEXT_FOR(cases[i].leaf, result, cases[i].expected);
	}
}

#define ACCEPT(scalar, leaf, expected) {FQL_SCALAR_##scalar, leaf, expected}
#define KEEP(scalar, leaf) {FQL_SCALAR_##scalar, leaf, leaf}
#define KEEP_STRING(scalar, text) {FQL_SCALAR_##scalar, "'" text, text}
#define REFUSE(scalar, leaf) {FQL_SCALAR_##scalar, leaf, NULL}

TEST(whole_numbers)
{
	static const ScalarCase cases[] = {
		KEEP(INT, "0"), KEEP(INT, "2147483647"), KEEP(INT, "-2147483648"), ACCEPT(INT, "-0", "0"),
		ACCEPT(INT, "1.0", "1"), ACCEPT(INT, "1e0", "1"), ACCEPT(INT, "1.50e1", "15"), ACCEPT(INT, "100e-2", "1"),
		ACCEPT(INT, "0e999999999", "0"), ACCEPT(INT, "0.000", "0"), ACCEPT(INT, "1E+3", "1000"),
		REFUSE(INT, "2147483648"), REFUSE(INT, "-2147483649"), REFUSE(INT, "1.5"), REFUSE(INT, "1e10"),
		REFUSE(INT, "1e-1"), REFUSE(INT, "99999999999999999999999999"), REFUSE(INT, "1e999999999999"),
		REFUSE(INT, "'1"), REFUSE(INT, "true"), REFUSE(INT, ""), REFUSE(INT, "abc"), REFUSE(INT, "-"),
		KEEP(BIGINT, "9223372036854775807"), KEEP(BIGINT, "-9223372036854775808"),
		ACCEPT(BIGINT, "1e18", "1000000000000000000"),
		KEEP_STRING(BIGINT, "9223372036854775807"), KEEP_STRING(BIGINT, "-9223372036854775808"),
		ACCEPT(BIGINT, "'007", "7"), ACCEPT(BIGINT, "'-0", "0"),
		ACCEPT(BIGINT, "'00000000000000000000000000000001", "1"),
		REFUSE(BIGINT, "9223372036854775808"), REFUSE(BIGINT, "-9223372036854775809"), REFUSE(BIGINT, "1e19"),
		REFUSE(BIGINT, "9999999999999999999"), REFUSE(BIGINT, "18446744073709551616"),
		REFUSE(BIGINT, "'9223372036854775808"),
		REFUSE(BIGINT, "'"), REFUSE(BIGINT, "'-"), REFUSE(BIGINT, "'+1"), REFUSE(BIGINT, "' 1"), REFUSE(BIGINT, "'1.0"),
		REFUSE(BIGINT, "'1e0"), REFUSE(BIGINT, "'0x1"), REFUSE(BIGINT, "true"),
	};

	check_scalars(cases, TEST_COUNT(cases), arena);
}

TEST(floats_are_finite)
{
	static const ScalarCase cases[] = {
		KEEP(FLOAT, "1"), KEEP(FLOAT, "-1.5"), KEEP(FLOAT, "1e308"), KEEP(FLOAT, "1.7976931348623157e308"),
		KEEP(FLOAT, "4.9e-324"), ACCEPT(FLOAT, "1e-400", "0"), ACCEPT(FLOAT, "0e999999", "0"), KEEP(FLOAT, "0.1"),
		REFUSE(FLOAT, "1e309"), REFUSE(FLOAT, "1e400"), REFUSE(FLOAT, "-1e400"), REFUSE(FLOAT, "1.8e308"),
		REFUSE(FLOAT, "'1.5"), REFUSE(FLOAT, "NaN"), REFUSE(FLOAT, "Infinity"), REFUSE(FLOAT, "0x1p3"),
		REFUSE(FLOAT, "true"),
		REFUSE(FLOAT, "1e"), REFUSE(FLOAT, "1e+"), REFUSE(FLOAT, "1e5.0"), REFUSE(FLOAT, "1."), REFUSE(FLOAT, ".5"),
		REFUSE(FLOAT, ""),
	};

	check_scalars(cases, TEST_COUNT(cases), arena);
}

TEST(decimals_keep_every_digit)
{
	static const ScalarCase cases[] = {
		KEEP(DECIMAL, "0"), KEEP(DECIMAL, "123456789012345678901234567890"), KEEP(DECIMAL, "-0.100"),
		KEEP(DECIMAL, "123456789012345678901234567890.123456789012345678901234567890"),
		KEEP_STRING(DECIMAL, "123456789012345678901234567890"), KEEP_STRING(DECIMAL, "-1.10"),
		KEEP_STRING(DECIMAL, "1e10"),
		ACCEPT(DECIMAL, "'007.50", "7.50"), ACCEPT(DECIMAL, "'-00.5", "-0.5"), ACCEPT(DECIMAL, "'00", "0"),
		ACCEPT(DECIMAL, "'-00e1", "-0e1"),
		KEEP(DECIMAL, "1e131071"), KEEP(DECIMAL, "0.1e131072"), KEEP(DECIMAL, "1e-16383"), KEEP(DECIMAL, "10e-16383"),
		REFUSE(DECIMAL, "1e131072"), REFUSE(DECIMAL, "10e131071"), REFUSE(DECIMAL, "1e-16384"),
		REFUSE(DECIMAL, "1.0e-16383"),
		REFUSE(DECIMAL, "1e99999999999999999999"), REFUSE(DECIMAL, "1e-99999999999999999999"),
		REFUSE(DECIMAL, "'"), REFUSE(DECIMAL, "'abc"), REFUSE(DECIMAL, "'NaN"), REFUSE(DECIMAL, "'Infinity"),
		REFUSE(DECIMAL, "'1,5"),
		REFUSE(DECIMAL, "' 1"), REFUSE(DECIMAL, "'1 "), REFUSE(DECIMAL, "'+1"), REFUSE(DECIMAL, "'.5"),
		REFUSE(DECIMAL, "'5."),
		REFUSE(DECIMAL, "'0x10"), REFUSE(DECIMAL, "'1_000"), REFUSE(DECIMAL, "true"),
	};

	check_scalars(cases, TEST_COUNT(cases), arena);
}

TEST(decimals_of_many_digits)
{
	char	   *digits = fql_arena_alloc(arena, 131074);
	FqlStr		result;

	memset(digits, '9', 131073);
	CHECK(coerce_text(FQL_SCALAR_DECIMAL, (FqlStr){digits, 131072}, false, arena, &result));
	CHECK_LONG(result.len, 131072);
	CHECK(!coerce_text(FQL_SCALAR_DECIMAL, (FqlStr){digits, 131073}, false, arena, &result));
	digits[131072 - 16384] = '.';
	CHECK(coerce_text(FQL_SCALAR_DECIMAL, (FqlStr){digits, 131072}, false, arena, &result));
	CHECK(!coerce_text(FQL_SCALAR_DECIMAL, (FqlStr){digits, 131073}, false, arena, &result));
}

TEST(booleans_strings_and_ids)
{
	static const ScalarCase cases[] = {
		KEEP(BOOLEAN, "true"), KEEP(BOOLEAN, "false"), REFUSE(BOOLEAN, "'true"), REFUSE(BOOLEAN, "1"),
		REFUSE(BOOLEAN, "0"),
		KEEP_STRING(STRING, ""), KEEP_STRING(STRING, "x"), KEEP_STRING(STRING, "1"), REFUSE(STRING, "1"),
		REFUSE(STRING, "true"),
		KEEP_STRING(ID, ""), KEEP_STRING(ID, "x"), KEEP(ID, "12"), KEEP(ID, "123456789012345678901234567890"),
		ACCEPT(ID, "1.0", "1"),
		ACCEPT(ID, "-0", "0"), REFUSE(ID, "1.5"), REFUSE(ID, "true"),
		ACCEPT(JSON, "'x\"", "\"x\\\"\""), KEEP(JSON, "1.10"), KEEP(JSON, "true"), REFUSE(JSON, "1e200000"),
	};
	FqlStr		result;

	check_scalars(cases, TEST_COUNT(cases), arena);
	CHECK(!coerce_text(FQL_SCALAR_STRING, FQL_STR("a\0b"), true, arena, &result));
	CHECK(!coerce_text(FQL_SCALAR_ID, FQL_STR("\0"), true, arena, &result));
	CHECK(!coerce_text(FQL_SCALAR_JSON, FQL_STR("\0"), true, arena, &result));
}

TEST(dates_and_times_are_iso_8601)
{
	static const ScalarCase cases[] = {
		KEEP_STRING(DATE, "2024-02-29"), KEEP_STRING(DATE, "2000-02-29"), KEEP_STRING(DATE, "0001-01-01"),
		KEEP_STRING(DATE, "9999-12-31"), KEEP_STRING(DATE, "2023-04-30"),
		REFUSE(DATE, "'2023-02-29"), REFUSE(DATE, "'1900-02-29"), REFUSE(DATE, "'0000-01-01"),
		REFUSE(DATE, "'2023-13-01"),
		REFUSE(DATE, "'2023-00-01"), REFUSE(DATE, "'2023-01-00"), REFUSE(DATE, "'2023-01-32"),
		REFUSE(DATE, "'2023-04-31"),
		REFUSE(DATE, "'2023-1-1"), REFUSE(DATE, "'20230101"), REFUSE(DATE, "'2023-01-01 "),
		REFUSE(DATE, "' 2023-01-01"),
		REFUSE(DATE, "'12023-01-01"), REFUSE(DATE, "'-001-01-01"), REFUSE(DATE, "'today"), REFUSE(DATE, "'"),
		REFUSE(DATE, "20230101"), REFUSE(DATE, "'2023-01-01T00:00:00"), REFUSE(DATE, "'2023-01-01 BC"),
		REFUSE(DATE, "'infinity"),
		KEEP_STRING(TIME, "00:00"), KEEP_STRING(TIME, "23:59:59"), KEEP_STRING(TIME, "12:00:00.123456"),
		KEEP_STRING(TIME, "12:00:00.123456789"), KEEP_STRING(TIME, "12:00:00Z"), KEEP_STRING(TIME, "12:00:00+02"),
		KEEP_STRING(TIME, "12:00:00-15:59"), KEEP_STRING(TIME, "12:00+05:30"),
		REFUSE(TIME, "'24:00"), REFUSE(TIME, "'23:60"), REFUSE(TIME, "'23:59:60"), REFUSE(TIME, "'1:00"),
		REFUSE(TIME, "'12"),
		REFUSE(TIME, "'12:00:00."), REFUSE(TIME, "'12:00:00.1234567890"), REFUSE(TIME, "'12:00:00,5"),
		REFUSE(TIME, "'12:00:00+16"),
		REFUSE(TIME, "'12:00:00+02:60"), REFUSE(TIME, "'12:00:00+0200"), REFUSE(TIME, "'12:00:00+"),
		REFUSE(TIME, "'12:00:00z"),
		REFUSE(TIME, "'12:00 PM"), REFUSE(TIME, "'12:00.5"), REFUSE(TIME, "'"),
		KEEP_STRING(DATETIME, "2024-02-29T12:30:00Z"), KEEP_STRING(DATETIME, "2024-02-29 12:30:00+02:00"),
		KEEP_STRING(DATETIME, "2024-02-29T12:30"), KEEP_STRING(DATETIME, "9999-12-31T23:59:59.999999999-15:59"),
		KEEP_STRING(DATETIME, "0001-01-01T00:00:00+15:59"),
		REFUSE(DATETIME, "'2024-02-29"), REFUSE(DATETIME, "'2024-02-29T"), REFUSE(DATETIME, "'2024-02-30T12:00:00Z"),
		REFUSE(DATETIME, "'2024-02-29T24:00:00Z"), REFUSE(DATETIME, "'2024-02-29t12:00:00Z"),
		REFUSE(DATETIME, "'2024-02-29  12:00:00"),
		REFUSE(DATETIME, "'2024-02-29T12:00:00 Z"), REFUSE(DATETIME, "'2024-02-29T12:00:00Europe/Berlin"),
		REFUSE(DATETIME, "'now"),
		REFUSE(DATETIME, "1700000000"),
	};

	check_scalars(cases, TEST_COUNT(cases), arena);
}

TEST(uuids_are_what_postgresql_accepts)
{
	static const char *const accepted[] = {
		"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
		"a0eebc999c0b4ef8bb6d6bb9bd380a11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
		"{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
		"a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11"};
	static const char *const refused[] = {
		"", "{}", "{", "}", "-", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
		"g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
		"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
		"a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11", "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
		"a0eebc999c0b4ef8bb6d6bb9bd380a11-",
		"a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11", " a0eebc999c0b4ef8bb6d6bb9bd380a11",
		"a0eebc999c0b4ef8bb6d6bb9bd380a11 ",
		"{{a0eebc999c0b4ef8bb6d6bb9bd380a11}}", "----a0eebc999c0b4ef8bb6d6bb9bd380a11"};

	for (size_t i = 0; i < TEST_COUNT(accepted); i++)
		CHECK_FOR(accepted[i], fql_is_uuid(fql_str_from(accepted[i])));
	for (size_t i = 0; i < TEST_COUNT(refused); i++)
		CHECK_FOR(refused[i], !fql_is_uuid(fql_str_from(refused[i])));
	CHECK(!fql_is_uuid((FqlStr){NULL, 0}));
}

/* Coerce; the canonical text, or the diagnostics. */
static FqlStr
coerce(const char *definitions, const char *json_text, FqlArena *arena)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlDocument *document = must_parse(fql_arena_printf(arena, "query (%s) { x }", definitions), arena);
	FqlDiagnostics diagnostics;
	FqlVariables *variables;
	FqlJson    *json = NULL;

	fql_diagnostics_init(&diagnostics, arena);
	if (json_text != NULL && !fql_json_parse(fql_str_from(json_text), 64, arena, &diagnostics, &json))
		return show_diagnostics(&diagnostics, arena);
	variables = fql_coerce_variables(document->operations, types, json, arena, &diagnostics);
	CHECK((variables == NULL) == (diagnostics.count > 0));
	for (const FqlDiagnostic *diagnostic = diagnostics.first; diagnostic != NULL; diagnostic = diagnostic->next)
		CHECK(diagnostic->code == FQL_ERROR_BAD_INPUT);
	return variables != NULL ? variables->canonical : show_diagnostics(&diagnostics, arena);
}

typedef struct VariableCase
{
	const char *definitions;
	const char *json;
	const char *expected;
} VariableCase;

static void
check_variables(const VariableCase *cases, size_t count, FqlArena *arena)
{
	for (size_t i = 0; i < count; i++)
		CHECK_TEXT_FOR(cases[i].json != NULL ? cases[i].json : cases[i].definitions,
					   coerce(cases[i].definitions, cases[i].json, arena), cases[i].expected);
}

TEST(absent_null_and_default_differ)
{
	static const VariableCase cases[] = {
		{"$a: Int", NULL, "a:-,"},
		{"$a: Int", "null", "a:-,"},
		{"$a: Int", "{}", "a:-,"},
		{"$a: Int", "{\"a\":null}", "a:null,"},
		{"$a: Int", "{\"a\":1}", "a:\"1\","},
		{"$a: Int = 5", "{}", "a:\"5\","},
		{"$a: Int = 5", "{\"a\":null}", "a:null,"},
		{"$a: Int = null", "{}", "a:null,"},
		{"$a: Int! = 5", "{}", "a:\"5\","},
		{"$a: Int! = 5", "{\"a\":6}", "a:\"6\","},
		{"$a: Int!", "{}", "1:8 Variable \"$a\" of required type \"Int!\" was not provided.\n"},
		{"$a: Int!", "{\"a\":null}", "1:8 Variable \"$a\" got invalid value null; Expected type \"Int!\".\n"},
		{"$b: Int, $a: Int", "{\"a\":1,\"b\":2,\"c\":3}", "a:\"1\",b:\"2\","},
		{"$a: Int", "[]", "1:1 Variables must be an object.\n"},
		{"$a: Int", "\"x\"", "1:1 Variables must be an object.\n"},
	};

	check_variables(cases, TEST_COUNT(cases), arena);
}

TEST(lists_coerce_from_one)
{
	static const VariableCase cases[] = {
		{"$a: [Int]", "{\"a\":[1,null,2]}", "a:[\"1\",null,\"2\",],"},
		{"$a: [Int]", "{\"a\":1}", "a:[\"1\",],"},
		{"$a: [Int]", "{\"a\":null}", "a:null,"},
		{"$a: [Int]", "{\"a\":[]}", "a:[],"},
		{"$a: [[Int]]", "{\"a\":1}", "a:[[\"1\",],],"},
		{"$a: [[Int]]", "{\"a\":[1,[2]]}", "a:[[\"1\",],[\"2\",],],"},
		{"$a: [Int!]", "{\"a\":[1,null]}",
			"1:8 Variable \"$a\" got invalid value null at \"[1]\"; Expected type \"Int!\".\n"},
		{"$a: [Int]", "{\"a\":[1,\"x\",2,\"y\"]}",
			"1:8 Variable \"$a\" got invalid value \"x\" at \"[1]\"; Expected type \"Int\", a whole number of 32 "
				"bits.\n"
			"1:8 Variable \"$a\" got invalid value \"y\" at \"[3]\"; Expected type \"Int\", a whole number of 32 "
				"bits.\n"},
		{"$a: [Order] = ASC", "{}", "a:[ASC,],"},
	};

	check_variables(cases, TEST_COUNT(cases), arena);
}

TEST(input_objects_coerce)
{
	static const VariableCase cases[] = {
		{"$w: UserWhere", "{\"w\":{\"age\":{\"neq\":1,\"eq\":2}}}", "w:{age:{neq:\"1\",eq:\"2\",},},"},
		{"$w: UserWhere", "{\"w\":{\"age\":{\"_eq\":1,\"eq\":2}}}", "w:{age:{eq:\"1\",eq:\"2\",},},"},
		{"$w: UserWhere", "{\"w\":{\"AND\":[{\"name\":{\"eq\":\"x\"}}]}}", "w:{_and:[{name:{eq:\"x\",},},],},"},
		{"$w: UserWhere", "{\"w\":{\"id\":null}}", "w:{id:null,},"},
		{"$s: Settings", "{\"s\":{\"size\":1}}", "s:{size:\"1\",order:DESC,},"},
		{"$s: Settings", "{\"s\":{\"dimension\":1,\"order\":\"ASC\"}}", "s:{size:\"1\",order:ASC,},"},
		{"$s: Settings = {size: 2}", "{}", "s:{size:\"2\",order:DESC,},"},
		{"$s: Settings", "{\"s\":{}}",
			"1:8 Variable \"$s\" got invalid value {...}; Field \"size\" of required type \"Int!\" was not "
				"provided.\n"},
		{"$s: Settings", "{\"s\":{\"size\":1,\"inner\":{\"label\":\"x\"}}}",
			"1:8 Variable \"$s\" got invalid value {...} at \"inner\"; Field \"size\" of required type \"Int!\" was "
				"not provided.\n"},
		{"$s: Settings", "{\"s\":{\"size\":1,\"lable\":\"x\"}}",
			"1:8 Variable \"$s\" got invalid value {...}; Field \"lable\" is not defined by type \"Settings\". Did "
				"you mean \"label\"?\n"},
		{"$w: UserWhere", "{\"w\":{\"_or\":[{\"age\":{\"in\":[1,\"x\"]}}]}}",
			"1:8 Variable \"$w\" got invalid value \"x\" at \"_or[0].age.in[1]\"; Expected type \"Int\", a whole "
				"number of 32 bits.\n"},
		{"$w: UserWhere", "{\"w\":5}", "1:8 Variable \"$w\" got invalid value 5; Expected type \"UserWhere\".\n"},
	};

	check_variables(cases, TEST_COUNT(cases), arena);
}

TEST(variables_of_each_scalar)
{
	static const VariableCase cases[] = {
		{"$a: Decimal", "{\"a\":123456789012345678901234567890}", "a:\"123456789012345678901234567890\","},
		{"$a: Decimal", "{\"a\":\"0.10\"}", "a:\"0.10\","},
		{"$a: BigInt", "{\"a\":9223372036854775807}", "a:\"9223372036854775807\","},
		{"$a: BigInt", "{\"a\":9223372036854775808}", "1:8 Variable \"$a\" got invalid value 9223372036854775808; "
			"Expected type \"BigInt\", a whole number of 64 bits or a string of one.\n"},
		{"$a: Int", "{\"a\":1.0}", "a:\"1\","},
		{"$a: Int", "{\"a\":1e0}", "a:\"1\","},
		{"$a: Int", "{\"a\":\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789\\u00e9\"}",
			"1:8 Variable \"$a\" got invalid value "
				"\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567\"...; "
			"Expected type \"Int\", a whole number of 32 bits.\n"},
		{"$a: Float", "{\"a\":1e400}",
			"1:8 Variable \"$a\" got invalid value 1e400; Expected type \"Float\", a finite number.\n"},
		{"$a: String", "{\"a\":\"x\\u0000\"}", "1:8 Variable \"$a\" got invalid value \"x\\u0000\"; "
			"Expected type \"String\", a string without U+0000.\n"},
		{"$a: String", "{\"a\":1}",
			"1:8 Variable \"$a\" got invalid value 1; Expected type \"String\", a string without U+0000.\n"},
		{"$a: Boolean", "{\"a\":true}", "a:\"true\","},
		{"$a: Boolean", "{\"a\":\"true\"}",
			"1:8 Variable \"$a\" got invalid value \"true\"; Expected type \"Boolean\", true or false.\n"},
		{"$a: ID", "{\"a\":12}", "a:\"12\","},
		{"$a: ID", "{\"a\":[1]}",
			"1:8 Variable \"$a\" got invalid value [...]; Expected type \"ID\", a string or an integer.\n"},
		{"$a: Date", "{\"a\":\"2023-02-29\"}", "1:8 Variable \"$a\" got invalid value \"2023-02-29\"; "
			"Expected type \"Date\", a date such as \"2024-02-29\".\n"},
		{"$a: Order", "{\"a\":\"ASC\"}", "a:ASC,"},
		{"$a: Order", "{\"a\":\"DES\"}",
			"1:8 Variable \"$a\" got invalid value \"DES\"; It is not a value of enum \"Order\". Did you mean "
				"\"DESC\"?\n"},
		{"$a: Order", "{\"a\":1}", "1:8 Variable \"$a\" got invalid value 1; Expected type \"Order\".\n"},
		{"$a: JSON", "{\"a\":{\"b\" : [1.10, 123456789012345678901, null, \"x\"]}}",
			"a:\"{\\\"b\\\":[1.10,123456789012345678901,null,\\\"x\\\"]}\","},
		{"$a: JSON", "{\"a\":null}", "a:null,"},
		{"$a: JSON", "{\"a\":{\"b\":[\"\\u0000\"]}}", "1:8 Variable \"$a\" got invalid value {...}; "
			"Expected type \"JSON\", with neither U+0000 nor a number beyond the range of numeric.\n"},
		{"$a: JSON", "{\"a\":[1e200000]}", "1:8 Variable \"$a\" got invalid value [...]; "
			"Expected type \"JSON\", with neither U+0000 nor a number beyond the range of numeric.\n"},
		{"$a: [JSON]", "{\"a\":[[1],2]}", "a:[\"[1]\",\"2\",],"},
		{"$a: Int, $b: Int", "{\"a\":\"x\",\"b\":\"y\"}",
			"1:8 Variable \"$a\" got invalid value \"x\"; Expected type \"Int\", a whole number of 32 bits.\n"
			"1:17 Variable \"$b\" got invalid value \"y\"; Expected type \"Int\", a whole number of 32 bits.\n"},
	};

	check_variables(cases, TEST_COUNT(cases), arena);
}

/* Texts that mean different values must differ, however they are quoted. */
TEST(canonical_text_is_unambiguous)
{
	static const char *const values[] = {
		"{}", "{\"a\":null}", "{\"a\":\"\"}", "{\"a\":\"null\"}", "{\"a\":\"-\"}", "{\"a\":\"x,b:-\"}",
		"{\"a\":\"x\",\"b\":\"y\"}",
		"{\"a\":\"x\\\",b:\\\"y\"}", "{\"b\":\"x\"}", "{\"a\":\"x\"}", "{\"a\":\"\\\"\"}", "{\"a\":\"\\\\\"}"};

	for (size_t i = 0; i < TEST_COUNT(values); i++)
		for (size_t j = 0; j < i; j++)
			CHECK_FOR(values[i], !fql_str_equal(coerce("$a: String, $b: String", values[i], arena),
												coerce("$a: String, $b: String", values[j], arena)));
}

TEST(many_errors_are_bounded)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_buffer_append_cstring(&buffer, "{\"a\":[");
	for (int i = 0; i < 20000; i++)
		fql_buffer_append_cstring(&buffer, "\"x\",");
	fql_buffer_append_cstring(&buffer, "1]}");
	fql_buffer_append_char(&buffer, '\0');
	CHECK(coerce("$a: [Int]", buffer.data, arena).len < 50 * 200);
}

/* The value of the argument of a document's only field, coerced, and shown by putting it into a variable's place. */
static FqlStr
coerce_argument(const char *argument, const char *type, const char *definitions, const char *json, FqlArena *arena)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlStr		source = fql_arena_printf(arena, "query ($_: %s%s) { f(a: %s) }", type, definitions, argument);
	FqlOperation *operation = must_parse(source, arena)->operations;
	FqlDiagnostics diagnostics;
	FqlVariables *variables;
	const FqlInput *input;
	FqlJson    *values;
	bool		absent;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_json_parse(fql_str_from(json), 64, arena, &diagnostics, &values));
	variables = fql_coerce_variables(operation, types, values, arena, &diagnostics);
	if (!CHECK(variables != NULL))
		return FQL_STR("");
	input = fql_coerce_literal(operation->selections->arguments->value, variables->variables[0].type, variables, arena,
							   &diagnostics, &absent);
	CHECK(input != NULL || absent || diagnostics.count > 0);
	if (input == NULL)
		return absent ? FQL_STR("absent") : show_diagnostics(&diagnostics, arena);
	if (input->kind == FQL_INPUT_SCALAR)
		return input->text;
	return fql_arena_printf(arena, "kind %d, %u", (int) input->kind, (unsigned int) input->count);
}

TEST(literals_coerce_with_variables)
{
	CHECK_TEXT(coerce_argument("5", "Int", "", "{}", arena), "5");
	CHECK_TEXT(coerce_argument("$v", "Int", ", $v: Int", "{\"v\":7}", arena), "7");
	CHECK_TEXT(coerce_argument("$v", "Int", ", $v: Int", "{}", arena), "absent");
	CHECK_TEXT(coerce_argument("$v", "Int", ", $v: Int", "{\"v\":null}", arena), "kind 0, 0");
	CHECK_TEXT(coerce_argument("[1, $v]", "[Int]", ", $v: Int", "{}", arena), "kind 3, 2");
	CHECK_TEXT(coerce_argument("$v", "[Int]", ", $v: [Int]", "{\"v\":[1,2,3]}", arena), "kind 3, 3");
	CHECK_TEXT(coerce_argument("[1, $v]", "[Int!]", ", $v: Int", "{}", arena),
			   "1:40 Variable \"$v\" has no value, and an item of this list must have one.\n");
	CHECK_TEXT(coerce_argument("[1, $v]", "[Int!]", ", $v: Int", "{\"v\":null}", arena),
			   "1:40 Variable \"$v\" is null where a value of non-null type \"Int!\" is required.\n");
	CHECK_TEXT(coerce_argument("{eq: 1, neq: $v}", "IntFilter", ", $v: Int", "{}", arena), "kind 4, 1");
	CHECK_TEXT(coerce_argument("{eq: 1, neq: $v}", "IntFilter", ", $v: Int", "{\"v\":null}", arena), "kind 4, 2");
	CHECK_TEXT(coerce_argument("{size: $v}", "Settings", ", $v: Int", "{\"v\":1}", arena), "kind 4, 2");
	CHECK_TEXT(coerce_argument("{size: $v}", "Settings", ", $v: Int", "{}", arena),
			   "1:38 Field \"size\" of input type \"Settings\" is required and has no value.\n");
	CHECK_TEXT(coerce_argument("{size: 1, order: $v}", "Settings", ", $v: Order", "{}", arena), "kind 4, 2");
	CHECK_TEXT(coerce_argument("{siez: 1}", "Settings", "", "{}", arena),
			   "1:30 Field \"siez\" is not defined by input type \"Settings\". Did you mean \"size\"?\n");
	CHECK_TEXT(coerce_argument("1.0", "Int", "", "{}", arena),
			   "1:24 Expected type \"Int\", a whole number of 32 bits; found 1.0.\n");
}

TEST(json_literals_print_compactly)
{
	CHECK_TEXT(coerce_argument("{a: [1, 1.10, \"x\\\"\", B, true, null], b: {}}", "JSON", "", "{}", arena),
			   "{\"a\":[1,1.10,\"x\\\"\",\"B\",true,null],\"b\":{}}");
	CHECK_TEXT(coerce_argument("123456789012345678901234567890", "JSON", "", "{}", arena),
		"123456789012345678901234567890");
	CHECK_TEXT(coerce_argument("{a: $v, b: [$v, $w], c: $w}", "JSON", ", $v: UserWhere, $w: Int",
							   "{\"v\":{\"age\":{\"in\":[1,2]},\"name\":{\"eq\":\"x\"}}}", arena),
			   "{\"a\":{\"age\":{\"in\":[1,2]},\"name\":{\"eq\":\"x\"}},"
			   "\"b\":[{\"age\":{\"in\":[1,2]},\"name\":{\"eq\":\"x\"}},null]}");
	CHECK_TEXT(coerce_argument("[$d, $o, $b, $i]", "JSON", ", $d: Decimal, $o: Order, $b: BigInt, $i: ID",
							   "{\"d\":\"007.50\",\"o\":\"ASC\",\"b\":\"08\",\"i\":5}", arena),
								"[7.50,\"ASC\",8,\"5\"]");
}

TEST(json_literals_hold_what_numeric_holds)
{
	CHECK_STR(coerce_argument("[1, [1e200000]]", "JSON", "", "{}", arena), FQL_STR(
			  "1:25 Expected type \"JSON\", with neither U+0000 nor a number beyond the range of numeric; found "
				"[...].\n"));
	CHECK_STR(coerce_argument("{a: {b: 1e-20000}}", "JSON", "", "{}", arena), FQL_STR(
			  "1:25 Expected type \"JSON\", with neither U+0000 nor a number beyond the range of numeric; found "
				"{...}.\n"));
}

TEST(json_literals_with_variables_are_bounded)
{
	FqlBuffer	buffer;
	char	   *long_text = fql_arena_alloc(arena, 2001);

	memset(long_text, 'x', 2000);
	fql_buffer_init(&buffer, arena);
	fql_buffer_append_char(&buffer, '[');
	for (int i = 0; i < 1000; i++)
		fql_buffer_append_cstring(&buffer, "$v ");
	fql_buffer_append_cstring(&buffer, "]");
	fql_buffer_append_char(&buffer, '\0');
	CHECK_TEXT(coerce_argument(buffer.data, "JSON", ", $v: String",
							   fql_arena_printf(arena, "{\"v\":\"%s\"}%c", long_text, 0).data, arena),
			   "1:37 Expected type \"JSON\", with neither U+0000 nor a number beyond the range of numeric; found "
				"[...].\n");
}

TEST(constant_literals_fit_or_not)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlTypeRef	named = {.kind = FQL_TYPE_NODE_NAMED, .type = fql_type_find(types, FQL_STR("Settings"))};
	FqlDiagnostics diagnostics;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_literal_fits(must_parse(FQL_STR("{f(a: {size: 1})}"), arena)->operations->selections->arguments->value,
		&named,
						   arena, &diagnostics));
	CHECK(!fql_literal_fits(must_parse(FQL_STR("{f(a: {size: true})}"),
		arena)->operations->selections->arguments->value,
							&named, arena, &diagnostics));
	CHECK_TEXT(show_diagnostics(&diagnostics, arena),
			   "1:14 Expected type \"Int\", a whole number of 32 bits; found true.\n");
	CHECK(diagnostics.first->code == FQL_ERROR_VALIDATION);
}

TEST(variables_are_found_by_name)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlOperation *operation = must_parse(FQL_STR("query ($z: Int = 1, $a: Int, $m: Int) { x }"), arena)->operations;
	FqlDiagnostics diagnostics;
	FqlVariables *variables;

	fql_diagnostics_init(&diagnostics, arena);
	variables = fql_coerce_variables(operation, types, NULL, arena, &diagnostics);
	CHECK_LONG(variables->count, 3);
	CHECK(fql_variable_find(variables, FQL_STR("z")) == &variables->variables[0]);
	CHECK(fql_variable_find(variables, FQL_STR("z"))->present);
	CHECK(fql_variable_find(variables, FQL_STR("a")) == &variables->variables[1]);
	CHECK(!fql_variable_find(variables, FQL_STR("a"))->present);
	CHECK(fql_variable_find(variables, FQL_STR("b")) == NULL);
	CHECK(fql_variable_find(NULL, FQL_STR("b")) == NULL);
}
