/*
 * test_printer.c
 *    The canonical text is the one expected, parses to the AST that was printed, and printing that gives it again.
 */
#include "printer.h"
#include "support.h"

TEST(canonical_text)
{
	static const struct
	{
		const char *source;
		const char *printed;
	}			cases[] = {
		{" { a , b } ", "{a b}"},
		{"query { a }", "query{a}"},
		{"query Q { a { b } c }", "query Q{a{b} c}"},
		{"mutation @d { a }", "mutation@d{a}"},
		{"subscription S ( $a : Int = 1 , $b : [ T ! ] ! @d ) { a }", "subscription S($a:Int=1,$b:[T!]!@d){a}"},
		{"{ x : a ( p : 1 , q : 2 ) @d @e ( r : 3 ) { b } }", "{x:a(p:1,q:2)@d@e(r:3){b}}"},
		{"{ ... F @d ... on T @d { a } ... @d { b } ... { c } }", "{...F@d ...on T@d{a} ...@d{b} ...{c}}"},
		{"fragment F on T @d { a } { ... F }", "{...F} fragment F on T@d{a}"},
		{"{a} query B {b} fragment F on T {c}", "{a} query B{b} fragment F on T{c}"},
		{"{a(x: [ 1 , [ ] , { } ] , y: { b : $v a : -1.50e+3 })}", "{a(x:[1,[],{}],y:{b:$v,a:-1.50e+3})}"},
		{"{a(t: true f: false n: null e: RED)}", "{a(t:true,f:false,n:null,e:RED)}"},
		{"{a(s: \"\\u0041\\n\\\"\\/\\\\\" t: \"\"\"\n b\n  c\n\"\"\")}", "{a(s:\"A\\n\\\"/\\\\\",t:\"b\\n c\")}"},
		{"{a(s: \"\\u0001\x7F\\u{1F600}\")}", "{a(s:\"\\u0001\x7F\xF0\x9F\x98\x80\")}"},
		{"\"d\" query Q(\"v\" $a: T) {a} \"\"\"f\"\"\" fragment F on T {b}", "query Q($a:T){a} fragment F on T{b}"},
		{"{a(b: 2, a: 1)}", "{a(b:2,a:1)}"},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
	{
		FqlDocument *document = test_parse_good(arena, fql_str_from(cases[i].source));

		if (document != NULL)
			CHECK_TEXT_FOR(cases[i].source, fql_print_document(document, arena), cases[i].printed);
	}
}

TEST(values_alone)
{
	FqlDocument *document = test_parse_good(arena, FQL_STR("query($a:[[T!]]!=[1,{k:\"v\"}]){a}"));
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_print_value(document->operations->variables->default_value, &buffer);
	CHECK_TEXT(fql_buffer_text(&buffer), "[1,{k:\"v\"}]");
}

/* A text that parses: the printed text parses to the same AST and prints as itself. */
static void
check_round_trip(FqlArena *arena, const char *name, FqlStr source)
{
	FqlLimits	limits = TEST_LIMITS_WIDE;
	FqlStr		verdict;
	FqlDocument *document = test_parse(arena, source, &limits, &verdict);
	FqlDocument *again;
	FqlStr		printed;

	if (document == NULL)
		return;
	printed = fql_arena_copy(arena, fql_print_document(document, arena));
	again = test_parse(arena, printed, &limits, &verdict);
	if (!CHECK_TEXT_FOR(name, verdict, "ok"))
		return;
	CHECK_STR_FOR(name, test_dump(arena, again, false), test_dump(arena, document, false));
	CHECK_STR_FOR(name, fql_print_document(again, arena), printed);
	CHECK_FOR(name, printed.len <= source.len * 6);
}

TEST(the_corpus_round_trips)
{
	CHECK(test_each_corpus_file(arena, check_round_trip) >= 40);
}

TEST(random_documents_round_trip)
{
	for (uint64_t seed = 1; seed <= 1500; seed++)
	{
		FqlArena   *own = fql_arena_create_malloc();
		FqlStr		source = test_random_document(own, seed);
		char		name[32];

		snprintf(name, sizeof(name), "seed %llu", (unsigned long long) seed);
		if (test_parse_good(own, source) != NULL)
			check_round_trip(own, name, source);
		fql_arena_release(own);
	}
}

/* The generator is worth its tests only if it reaches the whole grammar. */
TEST(random_documents_cover_the_grammar)
{
	static const char *const nodes[] = {
		"(query", "(mutation", "(subscription", "shorthand", "(fragment", "description", "(define", "(named",
		"(list-of", "(non-null", "(field", "(spread", "(inline", "(argument", "(directive", "(variable", "(int",
		"(float", "(string", "(boolean", "(null", "(enum", "(list", "(object",
	};
	bool		seen[TEST_COUNT(nodes)] = {false};

	for (uint64_t seed = 1; seed <= 100; seed++)
	{
		FqlArena   *own = fql_arena_create_malloc();
		FqlDocument *document = test_parse_good(own, test_random_document(own, seed));
		FqlStr		dump = test_dump(own, document, true);
		const char *text = fql_arena_printf(own, "%.*s", FQL_STR_ARGS(dump)).data;

		for (size_t i = 0; i < TEST_COUNT(nodes); i++)
			seen[i] = seen[i] || strstr(text, nodes[i]) != NULL;
		fql_arena_release(own);
	}
	for (size_t i = 0; i < TEST_COUNT(nodes); i++)
		CHECK_FOR(nodes[i], seen[i]);
}

TEST(printing_at_the_depth_limit)
{
	FqlStr		source = test_join(arena, test_repeat(arena, "{a(x:[{k:1}])", 490), FQL_STR("{b"),
								   test_repeat(arena, "}", 491));

	check_round_trip(arena, "deep", source);
	CHECK(test_parse_good(arena, source) != NULL);
}
