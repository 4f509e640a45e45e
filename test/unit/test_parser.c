/*
 * test_parser.c
 *    Section 2 of the specification: what each rule accepts, what it refuses and where, the limits, and the choice of
 *    the operation.
 */
#include "support.h"

typedef struct ParseCase
{
	const char *source;
	const char *expected;
} ParseCase;

/* Each source gives the verdict "ok" or "line:column message". */
static void
check_verdicts(FqlArena *arena, const ParseCase *cases, size_t count)
{
	FqlLimits	limits = TEST_LIMITS_WIDE;

	for (size_t i = 0; i < count; i++)
	{
		FqlStr		verdict;

		test_parse(arena, fql_arena_copy(arena, fql_str_from(cases[i].source)), &limits, &verdict);
		CHECK_TEXT_FOR(cases[i].source, verdict, cases[i].expected);
	}
}

/* Each source gives that AST, with places and descriptions. */
static void
check_dumps(FqlArena *arena, const ParseCase *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		FqlDocument *document = test_parse_good(arena, fql_str_from(cases[i].source));

		if (document != NULL)
			CHECK_TEXT_FOR(cases[i].source, test_dump(arena, document, true), cases[i].expected);
	}
}

TEST(operations)
{
	static const ParseCase cases[] = {
		{"{a}", "(query@1:1 shorthand -(field@1:2 - 1'a))"},
		{"query{a}", "(query@1:1 -(field@1:7 - 1'a))"},
		{" mutation M {\n a }", "(mutation@1:2 1'M(field@2:2 - 1'a))"},
		{"subscription S{a}", "(subscription@1:1 1'S(field@1:16 - 1'a))"},
		{"query query{query}", "(query@1:1 5'query(field@1:13 - 5'query))"},
		{"query @d @e(x:1){a}",
		"(query@1:1 -(directive@1:7 1'd)(directive@1:10 1'e(argument@1:13 1'x(int@1:15 1'1)))(field@1:18 - 1'a))"},
		{"{a} query B{b} mutation{c}",
		"(query@1:1 shorthand -(field@1:2 - 1'a))(query@1:5 1'B(field@1:13 - 1'b))(mutation@1:16 -(field@1:25 - 1'c))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(fields)
{
	static const ParseCase cases[] = {
		{"{a b}", "(query@1:1 shorthand -(field@1:2 - 1'a)(field@1:4 - 1'b))"},
		{"{x:a}", "(query@1:1 shorthand -(field@1:2 1'x 1'a))"},
		{"{a{b{c}}}", "(query@1:1 shorthand -(field@1:2 - 1'a(field@1:4 - 1'b(field@1:6 - 1'c))))"},
		{"{x:a(p:1 q:2)@d{b}}",
		"(query@1:1 shorthand -(field@1:2 1'x 1'a(argument@1:6 1'p(int@1:8 1'1))(argument@1:10 1'q(int@1:12 1'2))"
		"(directive@1:14 1'd)(field@1:17 - 1'b)))"},
		{"{on true:null fragment}",
		"(query@1:1 shorthand -(field@1:2 - 2'on)(field@1:5 4'true 4'null)(field@1:15 - 8'fragment))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(fragments)
{
	static const ParseCase cases[] = {
		{"{...F}", "(query@1:1 shorthand -(spread@1:2 - 1'F))"},
		{"{... F@d}", "(query@1:1 shorthand -(spread@1:2 - 1'F(directive@1:7 1'd)))"},
		{"{...only}", "(query@1:1 shorthand -(spread@1:2 - 4'only))"},
		{"{...on T{a}}", "(query@1:1 shorthand -(inline@1:2 - 1'T(field@1:10 - 1'a)))"},
		{"{...on on{a}}", "(query@1:1 shorthand -(inline@1:2 - 2'on(field@1:11 - 1'a)))"},
		{"{...{a}}", "(query@1:1 shorthand -(inline@1:2 - -(field@1:6 - 1'a)))"},
		{"{...@d{a}}", "(query@1:1 shorthand -(inline@1:2 - -(directive@1:5 1'd)(field@1:8 - 1'a)))"},
		{"fragment F on T@d{a}", "(fragment@1:1 1'F(on@1:15 1'T)(directive@1:16 1'd)(field@1:19 - 1'a))"},
		{"fragment fragment on on{a}", "(fragment@1:1 8'fragment(on@1:22 2'on)(field@1:25 - 1'a))"},
		{"fragment F on T{a}{a}",
		"(query@1:19 shorthand -(field@1:20 - 1'a))(fragment@1:1 1'F(on@1:15 1'T)(field@1:17 - 1'a))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(variables_and_types)
{
	static const ParseCase cases[] = {
		{"query($a:Int){a}", "(query@1:1 -(define@1:7 1'a(named@1:10 3'Int))(field@1:15 - 1'a))"},
		{"query($a:[[T!]]!=[] @d(x:1) $b:T){a}",
		"(query@1:1 -(define@1:7 1'a(non-null@1:10 -(list-of@1:10 -(list-of@1:11 -(non-null@1:12 -(named@1:12 1'T)))))"
		"(list@1:18 -)(directive@1:21 1'd(argument@1:24 1'x(int@1:26 1'1))))"
		"(define@1:29 1'b(named@1:32 1'T))(field@1:35 - 1'a))"},
		{"query($a:T={k:[1]}){a(x:$a)}",
		"(query@1:1 -(define@1:7 1'a(named@1:10 1'T)(object@1:12 -(field@1:13 1'k(list@1:15 -(int@1:16 1'1)))))"
		"(field@1:21 - 1'a(argument@1:23 1'x(variable@1:25 1'a))))"},
		{"query($on:on=on){a}",
		"(query@1:1 -(define@1:7 2'on(named@1:11 2'on)(enum@1:14 2'on))(field@1:18 - 1'a))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(values)
{
	static const ParseCase cases[] = {
		{"{a(x:$v)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(variable@1:6 1'v))))"},
		{"{a(x:$ v)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(variable@1:6 1'v))))"},
		{"{a(x:-1.50e3)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(float@1:6 7'-1.50e3))))"},
		{"{a(x:\"\")}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(string@1:6 0'))))"},
		{"{a(x:\"\"\"\n b\n\"\"\")}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(string@1:6 1'b))))"},
		{"{a(x:\"\"\" \"\"\")}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(string@1:6 0'))))"},
		{"{a(x:true)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(boolean@1:6 - true))))"},
		{"{a(x:false)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(boolean@1:6 -))))"},
		{"{a(x:null)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(null@1:6 -))))"},
		{"{a(x:NULL)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(enum@1:6 4'NULL))))"},
		{"{a(x:truely)}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(enum@1:6 6'truely))))"},
		{"{a(x:[])}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(list@1:6 -))))"},
		{"{a(x:[1[$v]])}",
		"(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(list@1:6 -(int@1:7 1'1)"
		"(list@1:8 -(variable@1:9 1'v))))))"},
		{"{a(x:{})}", "(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(object@1:6 -))))"},
		{"{a(x:{b:1 a:{}})}",
		"(query@1:1 shorthand -(field@1:2 - 1'a(argument@1:4 1'x(object@1:6 -(field@1:7 1'b(int@1:9 1'1))"
		"(field@1:11 1'a(object@1:13 -))))))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(descriptions)
{
	static const ParseCase cases[] = {
		{"\"d\" query{a}", "(query@1:5 description 1'd -(field@1:11 - 1'a))"},
		{"\"\"\"\n long\n\"\"\"\nmutation M{a}", "(mutation@4:1 description 4'long 1'M(field@4:12 - 1'a))"},
		{"\"\" fragment F on T{a}", "(fragment@1:4 description 0' 1'F(on@1:18 1'T)(field@1:20 - 1'a))"},
		{"query(\"v\"$a:T){a}", "(query@1:1 -(define@1:10 description 1'v 1'a(named@1:13 1'T))(field@1:16 - 1'a))"},
	};

	check_dumps(arena, cases, TEST_COUNT(cases));
}

TEST(broken_documents)
{
	static const ParseCase cases[] = {
		{"", "1:1 Syntax Error: Unexpected <EOF>."},
		{" # nothing\n", "2:1 Syntax Error: Unexpected <EOF>."},
		{"a", "1:1 Syntax Error: Unexpected Name \"a\"."},
		{"Query{a}", "1:1 Syntax Error: Unexpected Name \"Query\"."},
		{"querya{a}", "1:1 Syntax Error: Unexpected Name \"querya\"."},
		{"{a} b", "1:5 Syntax Error: Unexpected Name \"b\"."},
		{"{a}}", "1:4 Syntax Error: Unexpected \"}\"."},
		{"{a} ...F", "1:5 Syntax Error: Unexpected \"...\"."},
		{"\"d\"", "1:4 Syntax Error: Unexpected <EOF>."},
		{"\"d\"{a}", "1:4 Syntax Error: Unexpected \"{\"."},
		{"\"d\" \"e\" query{a}", "1:5 Syntax Error: Unexpected String \"e\"."},
		{"1", "1:1 Syntax Error: Unexpected Int \"1\"."},
		{"$a", "1:1 Syntax Error: Unexpected \"$\"."},
		{"(", "1:1 Syntax Error: Unexpected \"(\"."},
		{"&", "1:1 Syntax Error: Unexpected \"&\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(type_system_definitions_are_refused)
{
	static const ParseCase cases[] = {
		{"schema{query:Q}", "1:1 Syntax Error: Unexpected \"schema\", only operations and fragments can be executed."},
		{"{a}\nscalar X", "2:1 Syntax Error: Unexpected \"scalar\", only operations and fragments can be executed."},
		{"\"d\" type X{a:T}", "1:5 Syntax Error: Unexpected \"type\", only operations and fragments can be executed."},
		{"interface X{a:T}",
		"1:1 Syntax Error: Unexpected \"interface\", only operations and fragments can be executed."},
		{"union X=A|B", "1:1 Syntax Error: Unexpected \"union\", only operations and fragments can be executed."},
		{"enum X{A}", "1:1 Syntax Error: Unexpected \"enum\", only operations and fragments can be executed."},
		{"input X{a:T}", "1:1 Syntax Error: Unexpected \"input\", only operations and fragments can be executed."},
		{"directive@x on FIELD",
		"1:1 Syntax Error: Unexpected \"directive\", only operations and fragments can be executed."},
		{"extend type X{a:T}",
		"1:1 Syntax Error: Unexpected \"extend\", only operations and fragments can be executed."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_operations)
{
	static const ParseCase cases[] = {
		{"query", "1:6 Syntax Error: Expected \"{\", found <EOF>."},
		{"query Q", "1:8 Syntax Error: Expected \"{\", found <EOF>."},
		{"query Q R{a}", "1:9 Syntax Error: Expected \"{\", found Name \"R\"."},
		{"query @d", "1:9 Syntax Error: Expected \"{\", found <EOF>."},
		{"query @d($x:1){a}", "1:10 Syntax Error: Expected Name, found \"$\"."},
		{"query 1{a}", "1:7 Syntax Error: Expected \"{\", found Int \"1\"."},
		{"query{a}(x:1)", "1:9 Syntax Error: Unexpected \"(\"."},
		{"query @{a}", "1:8 Syntax Error: Expected Name, found \"{\"."},
		{"query \"d\"{a}", "1:7 Syntax Error: Expected \"{\", found String \"d\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_selections)
{
	static const ParseCase cases[] = {
		{"{", "1:2 Syntax Error: Expected Name, found <EOF>."},
		{"{}", "1:2 Syntax Error: Expected Name, found \"}\"."},
		{"{a", "1:3 Syntax Error: Expected Name, found <EOF>."},
		{"{a{}}", "1:4 Syntax Error: Expected Name, found \"}\"."},
		{"{a{b}", "1:6 Syntax Error: Expected Name, found <EOF>."},
		{"{{a}}", "1:2 Syntax Error: Expected Name, found \"{\"."},
		{"{1}", "1:2 Syntax Error: Expected Name, found Int \"1\"."},
		{"{\"a\"}", "1:2 Syntax Error: Expected Name, found String \"a\"."},
		{"{$a}", "1:2 Syntax Error: Expected Name, found \"$\"."},
		{"{a:}", "1:4 Syntax Error: Expected Name, found \"}\"."},
		{"{a:b:c}", "1:5 Syntax Error: Expected Name, found \":\"."},
		{"{:a}", "1:2 Syntax Error: Expected Name, found \":\"."},
		{"{a@}", "1:4 Syntax Error: Expected Name, found \"}\"."},
		{"{a@1}", "1:4 Syntax Error: Expected Name, found Int \"1\"."},
		{"{a)", "1:3 Syntax Error: Expected Name, found \")\"."},
		{"{@d a}", "1:2 Syntax Error: Expected Name, found \"@\"."},
		{"{a{b}(x:1)}", "1:6 Syntax Error: Expected Name, found \"(\"."},
		{"{a@d(x:1)(y:2)}", "1:10 Syntax Error: Expected Name, found \"(\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_arguments)
{
	static const ParseCase cases[] = {
		{"{a(", "1:4 Syntax Error: Expected Name, found <EOF>."},
		{"{a()}", "1:4 Syntax Error: Expected Name, found \")\"."},
		{"{a(x)}", "1:5 Syntax Error: Expected \":\", found \")\"."},
		{"{a(x:)}", "1:6 Syntax Error: Expected a value, found \")\"."},
		{"{a(x:1", "1:7 Syntax Error: Expected Name, found <EOF>."},
		{"{a(x:1}", "1:7 Syntax Error: Expected Name, found \"}\"."},
		{"{a(x=1)}", "1:5 Syntax Error: Expected \":\", found \"=\"."},
		{"{a(1:1)}", "1:4 Syntax Error: Expected Name, found Int \"1\"."},
		{"{a(\"x\":1)}", "1:4 Syntax Error: Expected Name, found String \"x\"."},
		{"{a($x:1)}", "1:4 Syntax Error: Expected Name, found \"$\"."},
		{"{a@d()}", "1:6 Syntax Error: Expected Name, found \")\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_values)
{
	static const ParseCase cases[] = {
		{"{a(x:$)}", "1:7 Syntax Error: Expected Name, found \")\"."},
		{"{a(x:$1)}", "1:7 Syntax Error: Expected Name, found Int \"1\"."},
		{"{a(x:@d)}", "1:6 Syntax Error: Expected a value, found \"@\"."},
		{"{a(x:!)}", "1:6 Syntax Error: Expected a value, found \"!\"."},
		{"{a(x:(1))}", "1:6 Syntax Error: Expected a value, found \"(\"."},
		{"{a(x:[)}", "1:7 Syntax Error: Expected a value, found \")\"."},
		{"{a(x:[1)}", "1:8 Syntax Error: Expected a value, found \")\"."},
		{"{a(x:[1", "1:8 Syntax Error: Expected a value, found <EOF>."},
		{"{a(x:])}", "1:6 Syntax Error: Expected a value, found \"]\"."},
		{"{a(x:{)}", "1:7 Syntax Error: Expected Name, found \")\"."},
		{"{a(x:{1})}", "1:7 Syntax Error: Expected Name, found Int \"1\"."},
		{"{a(x:{k})}", "1:8 Syntax Error: Expected \":\", found \"}\"."},
		{"{a(x:{k:})}", "1:9 Syntax Error: Expected a value, found \"}\"."},
		{"{a(x:{k:1)}", "1:10 Syntax Error: Expected Name, found \")\"."},
		{"{a(x:{\"k\":1})}", "1:7 Syntax Error: Expected Name, found String \"k\"."},
		{"{a(x:1 2)}", "1:8 Syntax Error: Expected Name, found Int \"2\"."},
		{"{a(x:a.b)}", "1:7 Syntax Error: Unexpected \".\", a spread is written \"...\"."},
		{"{a(x:'s')}", "1:6 Syntax Error: Unexpected single quote, strings are written with double quotes (\")."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_variables)
{
	static const ParseCase cases[] = {
		{"query(){a}", "1:7 Syntax Error: Expected \"$\", found \")\"."},
		{"query(a:T){a}", "1:7 Syntax Error: Expected \"$\", found Name \"a\"."},
		{"query($:T){a}", "1:8 Syntax Error: Expected Name, found \":\"."},
		{"query($a){a}", "1:9 Syntax Error: Expected \":\", found \")\"."},
		{"query($a:){a}", "1:10 Syntax Error: Expected Name, found \")\"."},
		{"query($a:1){a}", "1:10 Syntax Error: Expected Name, found Int \"1\"."},
		{"query($a:!){a}", "1:10 Syntax Error: Expected Name, found \"!\"."},
		{"query($a:T!!){a}", "1:12 Syntax Error: Expected \"$\", found \"!\"."},
		{"query($a:[T){a}", "1:12 Syntax Error: Expected \"]\", found \")\"."},
		{"query($a:[]){a}", "1:11 Syntax Error: Expected Name, found \"]\"."},
		{"query($a:[A B]){a}", "1:13 Syntax Error: Expected \"]\", found Name \"B\"."},
		{"query($a:T=){a}", "1:12 Syntax Error: Expected a value, found \")\"."},
		{"query($a:T=$b){a}", "1:12 Syntax Error: Unexpected variable \"$b\" in a constant value."},
		{"query($a:T=[1,{k:$b}]){a}", "1:18 Syntax Error: Unexpected variable \"$b\" in a constant value."},
		{"query($a:T=$){a}", "1:13 Syntax Error: Expected Name, found \")\"."},
		{"query($a:T@d(x:$b)){a}", "1:16 Syntax Error: Unexpected variable \"$b\" in a constant value."},
		{"query($a:T@d=1){a}", "1:13 Syntax Error: Expected \"$\", found \"=\"."},
		{"query($a:T", "1:11 Syntax Error: Expected \"$\", found <EOF>."},
		{"query(\"d\"){a}", "1:10 Syntax Error: Expected \"$\", found \")\"."},
		{"query(\"d\" \"e\" $a:T){a}", "1:11 Syntax Error: Expected \"$\", found String \"e\"."},
		{"query($a:T)($b:T){a}", "1:12 Syntax Error: Expected \"{\", found \"(\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

TEST(broken_fragments)
{
	static const ParseCase cases[] = {
		{"{...}", "1:5 Syntax Error: Expected \"{\", found \"}\"."},
		{"{...on}", "1:7 Syntax Error: Expected Name, found \"}\"."},
		{"{...on{a}}", "1:7 Syntax Error: Expected Name, found \"{\"."},
		{"{...on T}", "1:9 Syntax Error: Expected \"{\", found \"}\"."},
		{"{...on T{}}", "1:10 Syntax Error: Expected Name, found \"}\"."},
		{"{...F{a}}", "1:6 Syntax Error: Expected Name, found \"{\"."},
		{"{...F(x:1)}", "1:6 Syntax Error: Expected Name, found \"(\"."},
		{"{...@d}", "1:7 Syntax Error: Expected \"{\", found \"}\"."},
		{"{...(x:1)}", "1:5 Syntax Error: Expected \"{\", found \"(\"."},
		{"fragment", "1:9 Syntax Error: Expected Name, found <EOF>."},
		{"fragment on on T{a}", "1:10 Syntax Error: Unexpected Name \"on\"."},
		{"fragment F{a}", "1:11 Syntax Error: Expected \"on\", found \"{\"."},
		{"fragment F in T{a}", "1:12 Syntax Error: Expected \"on\", found Name \"in\"."},
		{"fragment F on{a}", "1:14 Syntax Error: Expected Name, found \"{\"."},
		{"fragment F on T", "1:16 Syntax Error: Expected \"{\", found <EOF>."},
		{"fragment F on T{}", "1:17 Syntax Error: Expected Name, found \"}\"."},
		{"fragment F($a:T) on T{a}", "1:11 Syntax Error: Expected \"on\", found \"(\"."},
		{"fragment F on [T]{a}", "1:15 Syntax Error: Expected Name, found \"[\"."},
	};

	check_verdicts(arena, cases, TEST_COUNT(cases));
}

/* What a message quotes is bounded and printable, whatever the token. */
TEST(messages_quote_safely)
{
	static const ParseCase cases[] = {
		{"\"a\\nb\\u001b\\u0085\"", "1:19 Syntax Error: Unexpected <EOF>."},
		{"{\"a\\nb\\u001b\\u0085\"}", "1:2 Syntax Error: Expected Name, found String \"a\\u000Ab\\u001B\\u0085\"."},
		{"{\"caf\xC3\xA9\"}", "1:2 Syntax Error: Expected Name, found String \"caf\xC3\xA9\"."},
	};
	FqlLimits	limits = TEST_LIMITS_WIDE;
	FqlStr		name = test_repeat(arena, "n", 100000);
	FqlStr		verdict;

	check_verdicts(arena, cases, TEST_COUNT(cases));
	test_parse(arena, test_join(arena, FQL_STR("query A "), name, FQL_STR("{a}")), &limits, &verdict);
	CHECK(verdict.len < 200);
	test_parse(arena, test_join(arena, FQL_STR("query($a:T=$"), name, FQL_STR("){a}")), &limits, &verdict);
	CHECK(verdict.len < 520);
}

TEST(the_size_limit)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlStr		verdict;

	limits.source_bytes = 5;
	CHECK(test_parse(arena, FQL_STR("{abc}"), &limits, &verdict) != NULL);
	CHECK(test_parse(arena, FQL_STR("{abcd}"), &limits, &verdict) == NULL);
	CHECK_TEXT(verdict, "1:1 Syntax Error: The document has 6 bytes, more than the 5 that are allowed.");
	/* The size comes first: what is in the text does not matter. */
	CHECK(test_parse(arena, FQL_STR("\xFF\xFF\xFF\xFF\xFF\xFF"), &limits, &verdict) == NULL);
	CHECK_TEXT(verdict, "1:1 Syntax Error: The document has 6 bytes, more than the 5 that are allowed.");
}

TEST(the_token_limit_of_a_document)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlStr		verdict;

	limits.tokens = 4;
	CHECK(test_parse(arena, FQL_STR("{a b}"), &limits, &verdict) != NULL);
	CHECK(test_parse(arena, FQL_STR("{a b}   # and nothing more\n"), &limits, &verdict) != NULL);
	CHECK(test_parse(arena, FQL_STR("{a b c}"), &limits, &verdict) == NULL);
	CHECK_TEXT(verdict, "1:7 Syntax Error: The document has more than 4 tokens.");
}

/* The way of nesting: what opens a level, what stands in the middle, what closes it. */
typedef struct Nesting
{
	const char *before;
	const char *open;
	const char *middle;
	const char *close;
	const char *after;
	uint32_t	outer;			/* levels that "before" opens */
} Nesting;

static const Nesting nestings[] = {
	{"", "{a", "", "}", "", 0},
	{"{", "...{", "a", "}", "}", 1},
	{"{", "...on T{", "a", "}", "}", 1},
	{"{a(x:", "[", "", "]", ")}", 2},
	{"{a(x:", "{k:", "1", "}", ")}", 2},
	{"{a(x:", "[{k:", "1", "}]", ")}", 2},
	{"query($a:", "[", "T", "]", "){a}", 1},
	{"query($a:T=", "[", "1", "]", "){a}", 1},
	{"query($a:T@d(x:", "{k:", "1", "}", ")){a}", 2},
};

/* Nested so many times, closed or not. */
static FqlStr
nest(FqlArena *arena, const Nesting *nesting, size_t count, bool closed)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_buffer_append_cstring(&buffer, nesting->before);
	fql_buffer_append(&buffer, test_repeat(arena, nesting->open, count));
	if (closed)
	{
		fql_buffer_append_cstring(&buffer, nesting->middle);
		fql_buffer_append(&buffer, test_repeat(arena, nesting->close, count));
		fql_buffer_append_cstring(&buffer, nesting->after);
	}
	return fql_buffer_text(&buffer);
}

/* How many of { [ ( an opening has. */
static uint32_t
levels_of(const char *open)
{
	uint32_t	levels = 0;

	for (; *open != '\0'; open++)
		levels += strchr("{[(", *open) != NULL;
	return levels;
}

TEST(the_depth_limit_is_exact)
{
	for (size_t i = 0; i < TEST_COUNT(nestings); i++)
	{
		uint32_t	step = levels_of(nestings[i].open);
		FqlLimits	limits = TEST_LIMITS_WIDE;
		FqlStr		source = nest(arena, &nestings[i], 10, true);
		FqlStr		verdict;

		limits.parser_depth = nestings[i].outer + 10 * step;
		CHECK_FOR(source.data, test_parse(arena, source, &limits, &verdict) != NULL);
		limits.parser_depth--;
		CHECK_FOR(source.data, test_parse(arena, source, &limits, &verdict) == NULL);
		CHECK_FOR(verdict.data, strstr(verdict.data, "Syntax Error: The document nests deeper than ") != NULL);
	}
}

/* Siblings are no nesting: closing gives the level back. */
TEST(closing_gives_levels_back)
{
	static const char *const units[] = {
		"a{b} ", "a(x:1) ", "a(x:[]y:[[]]) ", "a(x:{k:{}}) ", "...{a} ", "a@d(x:1)@e(y:[1]) ",
	};

	for (size_t i = 0; i < TEST_COUNT(units); i++)
	{
		FqlLimits	limits = TEST_LIMITS_WIDE;
		FqlStr		verdict;

		limits.parser_depth = 4;
		CHECK_FOR(units[i], test_parse(arena, test_join(arena, FQL_STR("{"), test_repeat(arena, units[i], 100),
														FQL_STR("}")), &limits, &verdict) != NULL);
	}
}

TEST(a_hundred_thousand_levels)
{
	for (size_t i = 0; i < TEST_COUNT(nestings); i++)
	{
		for (int closed = 0; closed < 2; closed++)
		{
			FqlDiagnostics diagnostics;
			FqlLimits	limits = TEST_LIMITS_WIDE;
			FqlStr		source = nest(arena, &nestings[i], 100000, closed);

			/* Even a limit that nobody should set does not reach the stack's end. */
			limits.parser_depth = UINT32_MAX;
			fql_diagnostics_init(&diagnostics, arena);
			CHECK(fql_parse(source, &limits, arena, &diagnostics) == NULL);
			CHECK_LONG(diagnostics.count, 1);
			CHECK_LONG(diagnostics.first->code, FQL_ERROR_LIMIT);
			CHECK_TEXT(diagnostics.first->message, "Syntax Error: The document nests deeper than 1000 levels.");
			limits = FQL_LIMITS_DEFAULT;
			fql_diagnostics_init(&diagnostics, arena);
			CHECK(fql_parse(source, &limits, arena, &diagnostics) == NULL);
			CHECK_LONG(diagnostics.first->code, FQL_ERROR_LIMIT);
		}
	}
}

TEST(a_hundred_thousand_random_bytes)
{
	char	   *bytes = fql_arena_alloc(arena, 100000);
	uint64_t	state = 88172645463325252u;

	for (int round = 0; round < 20; round++)
	{
		FqlDiagnostics diagnostics;
		FqlLimits	limits = FQL_LIMITS_DEFAULT;

		for (size_t i = 0; i < 100000; i++)
		{
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			bytes[i] = (char) (state >> 24);
		}
		fql_diagnostics_init(&diagnostics, arena);
		CHECK(fql_parse((FqlStr){bytes, 100000}, &limits, arena, &diagnostics) == NULL);
		CHECK_LONG(diagnostics.count, 1);
		CHECK_LONG(diagnostics.first->code, FQL_ERROR_PARSE);
		CHECK(diagnostics.first->locations[0].line > 0 && diagnostics.first->locations[0].column > 0);
	}
}

TEST(big_documents)
{
	FqlDocument *document = test_parse_good(arena, test_join(arena, FQL_STR("{"), test_repeat(arena, "a ", 1000000),
															 FQL_STR("}")));
	size_t		count = 0;

	if (!CHECK(document != NULL))
		return;
	for (const FqlSelection *selection = document->operations->selections; selection != NULL;
		 selection = selection->next)
		count++;
	CHECK_LONG(count, 1000000);
}

TEST(no_document_at_all)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlStr		verdict;

	CHECK(test_parse(arena, (FqlStr){NULL, 0}, &limits, &verdict) == NULL);
	CHECK_TEXT(verdict, "1:1 Syntax Error: Unexpected <EOF>.");
}

/* Every prefix parses or gives one diagnostic whose place is inside the text or right behind it. */
static void
check_prefixes(FqlArena *outer, const char *name, FqlStr text)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	size_t		longest = text.len < 3000 ? text.len : 3000;

	(void) outer;
	for (size_t length = 0; length <= longest; length++)
	{
		FqlArena   *arena = fql_arena_create_malloc();
		FqlStr		prefix = fql_arena_copy(arena, (FqlStr){text.data, length});
		FqlDiagnostics diagnostics;
		FqlDocument *document;

		fql_diagnostics_init(&diagnostics, arena);
		document = fql_parse(prefix, &limits, arena, &diagnostics);
		CHECK_LONG_FOR(name, diagnostics.count, document == NULL ? 1 : 0);
		if (document == NULL)
		{
			FqlLocation location = diagnostics.first->locations[0];
			uint32_t	lines = 1;

			for (size_t i = 0; i < length; i++)
				lines += prefix.data[i] == '\n' ||
					(prefix.data[i] == '\r' && (i + 1 == length || prefix.data[i + 1] != '\n'));
			CHECK_FOR(name, location.line >= 1 && location.line <= lines);
			CHECK_FOR(name, location.column >= 1 && location.column <= length + 1);
			CHECK_FOR(name, memcmp(diagnostics.first->message.data, "Syntax Error: ", 14) == 0);
		}
		fql_arena_release(arena);
	}
}

TEST(every_prefix_of_the_corpus)
{
	CHECK(test_each_corpus_file(arena, check_prefixes) >= 40);
}

static const char *
chosen(FqlArena *arena, const char *source, FqlStr name)
{
	FqlDiagnostics diagnostics;
	FqlDocument *document = test_parse_good(arena, fql_str_from(source));
	FqlOperation *operation;

	fql_diagnostics_init(&diagnostics, arena);
	operation = fql_get_operation(document, name, &diagnostics);
	CHECK_LONG(diagnostics.count, operation == NULL ? 1 : 0);
	if (operation != NULL)
		return operation->selections->name.data;
	CHECK_LONG(diagnostics.first->code, FQL_ERROR_BAD_INPUT);
	CHECK_LONG(diagnostics.first->locations[0].line, 0);
	return fql_arena_printf(arena, "%.*s", FQL_STR_ARGS(diagnostics.first->message)).data;
}

TEST(get_operation)
{
	static const FqlStr none = {NULL, 0};

	CHECK(chosen(arena, "{x}", none)[0] == 'x');
	CHECK(chosen(arena, "query A{x} fragment F on T{z}", none)[0] == 'x');
	CHECK(chosen(arena, "query A{x} query B{y}", FQL_STR("A"))[0] == 'x');
	CHECK(chosen(arena, "query A{x} mutation B{y}", FQL_STR("B"))[0] == 'y');
	CHECK(chosen(arena, "{x} query B{y}", FQL_STR("B"))[0] == 'y');
	CHECK_TEXT(fql_str_from(chosen(arena, "query A{x} query B{y}", none)),
			   "The document has several operations, so an operation name must be given.");
	CHECK_TEXT(fql_str_from(chosen(arena, "query A{x}", FQL_STR("B"))), "Unknown operation \"B\".");
	CHECK_TEXT(fql_str_from(chosen(arena, "query A{x}", FQL_STR("AA"))), "Unknown operation \"AA\".");
	CHECK_TEXT(fql_str_from(chosen(arena, "{x}", FQL_STR(""))), "Unknown operation \"\".");
	CHECK_TEXT(fql_str_from(chosen(arena, "{x}", FQL_STR("\xFF\n"))), "Unknown operation \"\\xFF\\u000A\".");
	CHECK_TEXT(fql_str_from(chosen(arena, "fragment F on T{x}", none)), "The document has no operation.");
	CHECK_TEXT(fql_str_from(chosen(arena, "fragment F on T{x}", FQL_STR("F"))), "Unknown operation \"F\".");
}
