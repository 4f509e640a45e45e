/*
 * test_normalizer.c
 *    What two requests must share to get one cached answer, and everything that must keep them apart.
 */
#include "normalizer.h"

#include "support.h"

/* Normalize the operation of that name, or the first one. */
static FqlNormalized
normalize(FqlArena *arena, FqlStr source, const char *name)
{
	FqlDocument *document = test_parse_good(arena, source);
	FqlOperation *operation;

	if (document == NULL || document->operations == NULL)
		return (FqlNormalized){.text = FQL_STR("?"), .literals = FQL_STR("?"), .shape = FQL_STR("?")};
	operation = document->operations;
	while (name != NULL && !fql_str_equal(operation->name, fql_str_from(name)))
		operation = operation->next;
	return fql_normalize(document, operation, arena);
}

TEST(canonical_forms)
{
	static const struct
	{
		const char *source;
		const char *text;
		const char *literals;
	}			cases[] = {
		{"{a}", "{a}", ""},
		{"query{a}", "{a}", ""},
		{"query Q{a}", "query Q{a}", ""},
		{"query @d{a}", "query@d{a}", ""},
		{"mutation{a}", "mutation{a}", ""},
		{"{a(x:1)}", "{a(x:$_1)}", "1"},
		{"{a(y:\"s\",x:1.50)}", "{a(x:$_1,y:$_2)}", "1.50,\"s\""},
		{"{a(x:\"\")}", "{a(x:$_1)}", "\"\""},
		{"{a(x:\"\"\"\n b\n c\"\"\")}", "{a(x:$_1)}", "\"b\\nc\""},
		{"{a(x:true,y:null,z:RED)}", "{a(x:true,y:null,z:RED)}", ""},
		{"{a(x:[3,[2],{b:1,a:\"0\"}])}", "{a(x:[$_1,[$_2],{b:$_3,a:$_4}])}", "3,2,1,\"0\""},
		{"{a(b:2,a:1){c(d:3)} e(f:4)}", "{a(a:$_1,b:$_2){c(d:$_3)} e(f:$_4)}", "1,2,3,4"},
		{"{a@d(y:2,x:1)}", "{a@d(x:1,y:2)}", ""},
		{"query($v:T=1@d(y:2,x:[3])){a(x:$v)}", "query($v:T=1@d(x:[3],y:2)){a(x:$v)}", ""},
		{"query($_1:T){a(x:$_1,y:5)}", "query($_1:T){a(x:$_1,y:$_2)}", "5"},
		{"query($_3:T,$_1:T,$_2:T){a(x:5,y:6)}", "query($_3:T,$_1:T,$_2:T){a(x:$_4,y:$_5)}", "5,6"},
		{"query($_2:T,$_01:T,$_1a:T){a(x:5,y:6)}", "query($_2:T,$_01:T,$_1a:T){a(x:$_1,y:$_3)}", "5,6"},
		{"{...F b(x:9)}fragment F on T{a(x:$_2,y:8)}", "{...F b(x:$_1)} fragment F on T{a(x:$_2,y:$_3)}", "9,8"},
		{"{a@skip(if:$_1)b(x:7)}", "{a@skip(if:$_1) b(x:$_2)}", "7"},
		{"query@d(x:$_1){a(y:7)}", "query@d(x:$_1){a(y:$_2)}", "7"},
		{"{...F}fragment F on T@d(x:$_1){a(y:7)}", "{...F} fragment F on T@d(x:$_1){a(y:$_2)}", "7"},
		{"{a(x:{k:[$_1]},y:7)}", "{a(x:{k:[$_1]},y:$_2)}", "7"},
		{"fragment B on T{b(x:2)}fragment A on T{a(x:3)...B}{c(x:1)...A}",
		"{c(x:$_1) ...A} fragment A on T{a(x:$_2) ...B} fragment B on T{b(x:$_3)}", "1,3,2"},
		{"{...A}fragment A on T{a}fragment A on U{b}", "{...A} fragment A on T{a}", ""},
		{"{...Missing}", "{...Missing}", ""},
		{"{...A}fragment A on T@d(b:1,a:2){a ...on U{...A}}", "{...A} fragment A on T@d(a:2,b:1){a ...on U{...A}}", ""},
		{"{a(x:1,x:2)}", "{a(x:$_1,x:$_2)}", "1,2"},
		{"\"d\" query Q(\"v\" $v:T){a(x:$v)}", "query Q($v:T){a(x:$v)}", ""},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
	{
		FqlNormalized normalized = normalize(arena, fql_str_from(cases[i].source), NULL);

		CHECK_TEXT_FOR(cases[i].source, normalized.text, cases[i].text);
		CHECK_TEXT_FOR(cases[i].source, normalized.literals, cases[i].literals);
	}
}

/* What may be kept of an operation: the text, unless defaults have literals. */
TEST(shapes)
{
	static const char *const cases[][2] = {
		{"{a(x:1)}", "{a(x:$_1)}"},
		{"query($v:T){a(x:$v,y:2)}", "query($v:T){a(x:$v,y:$_1)}"},
		{"query($v:T=\"s\"){a(x:$v)}", "query($v:T=$_1){a(x:$v)}"},
		{"query($v:T=\"s\",$w:[U]=[1,\"\xC3\xBC\",{k:2.5}]@d(x:RED)){a(x:7){b(y:$w)}...F}fragment F on V{c(z:8)}",
		"query($v:T=$_3,$w:[U]=[$_4,$_5,{k:$_6}]@d(x:RED)){a(x:$_1){b(y:$w)} ...F} fragment F on V{c(z:$_2)}"},
		{"query($_1:T=5){a(x:$_1,y:7)}", "query($_1:T=$_3){a(x:$_1,y:$_2)}"},
		{"query($v:T=true,$w:U=RED,$x:V=null){a}", "query($v:T=true,$w:U=RED,$x:V=null){a}"},
		{"mutation M($v:T=\"s\"){a(x:$v)}", "mutation M($v:T=$_1){a(x:$v)}"},
	};

	for (size_t i = 0; i < TEST_COUNT(cases); i++)
		CHECK_TEXT_FOR(cases[i][0], normalize(arena, fql_str_from(cases[i][0]), NULL).shape, cases[i][1]);
}

/* A default is a part of the operation all the same. */
TEST(defaults_tell_operations_apart)
{
	FqlNormalized a = normalize(arena, FQL_STR("query($v:T=1){a(x:$v,y:3)}"), NULL);
	FqlNormalized b = normalize(arena, FQL_STR("query($v:T=2){a(x:$v,y:3)}"), NULL);

	CHECK(!fql_str_equal(a.text, b.text));
	CHECK_STR_FOR("shapes", b.shape, a.shape);
	CHECK_TEXT_FOR("literals", a.literals, "3");
}

/* One answer serves both. */
TEST(documents_that_mean_the_same)
{
	static const char *const pairs[][2] = {
		{"{a b}", "\xEF\xBB\xBF{\r\n\ta,,b # comment\n}"},
		{"{a b}", "query { a b }"},
		{"{a(x:1,y:2)}", "{a(y:2 x:1)}"},
		{"{a@d(x:1,y:2)}", "{a@d(y:2,x:1)}"},
		{"{a(x:1,y:[2],z:\"3\")}", "{a(z:\"3\",y:[2],x:1)}"},
		{"{a(s:\"x\")}", "{a(s:\"\"\"x\"\"\")}"},
		{"{a(s:\"x\")}", "{a(s:\"\\u0078\")}"},
		{"{...F}fragment F on T{a}", "fragment F on T{a}{...F}"},
		{"{...F}fragment F on T{a}", "{...F}fragment G on T{b(x:1)}fragment F on T{a}fragment H on T{...G}"},
		{"{...F ...G}fragment F on T{a(x:1)}fragment G on T{b(x:2)}",
		"{...F ...G}fragment G on T{b(x:2)}fragment F on T{a(x:1)}"},
		{"query Q($a:T){b(x:$a)}", "\"description\" query Q(\"variable\"$a:T){b(x:$a)}"},
		{"{a}", "{a} query Other{b(x:1)}"},
	};

	for (size_t i = 0; i < TEST_COUNT(pairs); i++)
	{
		FqlNormalized a = normalize(arena, fql_str_from(pairs[i][0]), NULL);
		FqlNormalized b = normalize(arena, fql_str_from(pairs[i][1]), NULL);

		CHECK_STR_FOR(pairs[i][1], b.text, a.text);
		CHECK_STR_FOR(pairs[i][1], b.literals, a.literals);
	}
}

/* The answers may differ, so text or literals must. */
TEST(documents_that_differ)
{
	static const char *const pairs[][2] = {
		{"{a}", "{b}"},
		{"{a}", "mutation{a}"},
		{"{a}", "subscription{a}"},
		{"{a b}", "{b a}"},
		{"{a}", "{a a}"},
		{"{a}", "{x:a}"},
		{"{x:a}", "{y:a}"},
		{"{x:a y:b}", "{x:b y:a}"},
		{"{a{b}}", "{a b}"},
		{"{a{b c}}", "{a{b} c}"},
		{"{a}", "{a(x:1)}"},
		{"{a(x:1)}", "{a(x:2)}"},
		{"{a(x:1)}", "{a(y:1)}"},
		{"{a(x:1)}", "{a(x:\"1\")}"},
		{"{a(x:1)}", "{a(x:1.0)}"},
		{"{a(x:1.0)}", "{a(x:1.00)}"},
		{"{a(x:1)}", "{a(x:[1])}"},
		{"{a(x:[1,2])}", "{a(x:[12])}"},
		{"{a(x:[1,2])}", "{a(x:[2,1])}"},
		{"{a(x:1,y:2)}", "{a(x:2,y:1)}"},
		{"{a(x:\"a,b\")}", "{a(x:\"a\")}"},
		{"{a(x:[\"a\",\"b\"])}", "{a(x:[\"a\\\",\\\"b\"])}"},
		{"{a(x:[\"1\",2])}", "{a(x:[1,\"2\"])}"},
		{"{a(x:\"\")}", "{a(x:null)}"},
		{"{a(x:\"\")}", "{a}"},
		{"{a(x:true)}", "{a(x:false)}"},
		{"{a(x:true)}", "{a(x:\"true\")}"},
		{"{a(x:null)}", "{a}"},
		{"{a(x:RED)}", "{a(x:BLUE)}"},
		{"{a(x:RED)}", "{a(x:\"RED\")}"},
		{"{a(x:{b:1,c:2})}", "{a(x:{c:2,b:1})}"},
		{"{a(x:{b:1})}", "{a(x:{b:{}})}"},
		{"{a(x:[])}", "{a(x:{})}"},
		{"{a@skip(if:true)}", "{a@skip(if:false)}"},
		{"{a@skip(if:true)}", "{a@include(if:true)}"},
		{"{a@d@e}", "{a@e@d}"},
		{"{a@d}", "{a}"},
		{"{a@d(x:1)}", "{a@d(x:2)}"},
		{"query@d{a}", "query{a}"},
		{"query($v:T){a(x:$v)}", "query($v:T!){a(x:$v)}"},
		{"query($v:T){a(x:$v)}", "query($v:[T]){a(x:$v)}"},
		{"query($v:T=1){a(x:$v)}", "query($v:T=2){a(x:$v)}"},
		{"query($v:T=1){a(x:$v)}", "query($v:T){a(x:$v)}"},
		{"query($v:T,$w:T){a(x:$v,y:$w)}", "query($v:T,$w:T){a(x:$w,y:$v)}"},
		{"query($_1:T){a(x:$_1)}", "{a(x:1)}"},
		{"query($_1:T){a(x:$_1,y:1)}", "query($_2:T){a(x:1,y:$_2)}"},
		{"{...on T{a}}", "{...on U{a}}"},
		{"{...on T{a}}", "{...{a}}"},
		{"{...{a}}", "{a}"},
		{"{...F}fragment F on T{a}", "{...F}fragment F on T{b}"},
		{"{...F}fragment F on T{a}", "{...F}fragment F on U{a}"},
		{"{...F}fragment F on T{a(x:1)}", "{...F}fragment F on T{a(x:2)}"},
		{"{...F ...G}fragment F on T{a}fragment G on T{b}", "{...G ...F}fragment F on T{a}fragment G on T{b}"},
		{"{a(x:\"\\u00e9\")}", "{a(x:\"e\\u0301\")}"},
	};

	for (size_t i = 0; i < TEST_COUNT(pairs); i++)
	{
		FqlNormalized a = normalize(arena, fql_str_from(pairs[i][0]), NULL);
		FqlNormalized b = normalize(arena, fql_str_from(pairs[i][1]), NULL);

		CHECK_FOR(pairs[i][1], !fql_str_equal(a.text, b.text) || !fql_str_equal(a.literals, b.literals));
	}
}

/* Literals that differ only in value share the text: one plan serves them. */
TEST(one_text_for_other_literals)
{
	FqlNormalized a = normalize(arena, FQL_STR("{a(x:1,y:\"p\",z:[1.5]){b}}"), NULL);
	FqlNormalized b = normalize(arena, FQL_STR("{a(x:22,y:\"\",z:[-7e3]){b}}"), NULL);

	CHECK_STR(a.text, b.text);
	CHECK_TEXT(b.literals, "22,\"\",-7e3");
}

TEST(only_the_chosen_operation)
{
	static const char source[] =
		"query A{...F a(x:1)} query B{...G b(x:2)} fragment F on T{f(x:3)} fragment G on T{g(x:4)}";
	FqlNormalized a = normalize(arena, fql_str_from(source), "A");
	FqlNormalized b = normalize(arena, fql_str_from(source), "B");

	CHECK_TEXT(a.text, "query A{...F a(x:$_1)} fragment F on T{f(x:$_2)}");
	CHECK_TEXT(a.literals, "1,3");
	CHECK_TEXT(b.text, "query B{...G b(x:$_1)} fragment G on T{g(x:$_2)}");
	CHECK_TEXT(b.literals, "2,4");
}

TEST(the_document_is_left_alone)
{
	FqlDocument *document = test_parse_good(arena, FQL_STR("query($_1:T){a(y:2,x:[1])@d(b:1,a:2)...F}"
															"fragment F on T{b(x:3)}"));
	FqlStr		before = test_dump(arena, document, true);

	fql_normalize(document, document->operations, arena);
	CHECK_STR(test_dump(arena, document, true), before);
}

/* Normalizing the text of every operation gives the text, and lifts nothing. */
static void
check_idempotent(FqlArena *arena, const char *name, FqlStr source)
{
	FqlLimits	limits = TEST_LIMITS_WIDE;
	FqlStr		verdict;
	FqlDocument *document = test_parse(arena, source, &limits, &verdict);

	if (document == NULL)
		return;
	for (const FqlOperation *operation = document->operations; operation != NULL; operation = operation->next)
	{
		FqlNormalized once = fql_normalize(document, operation, arena);
		FqlDocument *again = test_parse(arena, fql_arena_copy(arena, once.text), &limits, &verdict);
		FqlNormalized twice;

		if (!CHECK_TEXT_FOR(name, verdict, "ok") || !CHECK_LONG_FOR(name, again->operation_count, 1))
			return;
		twice = fql_normalize(again, again->operations, arena);
		CHECK_STR_FOR(name, twice.text, once.text);
		CHECK_TEXT_FOR(name, twice.literals, "");
	}
}

TEST(idempotent_on_the_corpus)
{
	CHECK(test_each_corpus_file(arena, check_idempotent) >= 40);
}

TEST(idempotent_on_random_documents)
{
	for (uint64_t seed = 1; seed <= 1500; seed++)
	{
		FqlArena   *own = fql_arena_create_malloc();
		char		name[32];

		snprintf(name, sizeof(name), "seed %llu", (unsigned long long) seed);
		check_idempotent(own, name, test_random_document(own, seed));
		fql_arena_release(own);
	}
}

/* A chain, a doubling tree and a wheel of fragments: each is visited once, and none deepens the stack. */
TEST(many_fragments)
{
	enum
	{
		FRAGMENTS = 7500
	};
	FqlBuffer	chain;
	FqlNormalized normalized;
	size_t		used;

	fql_buffer_init(&chain, arena);
	fql_buffer_append_cstring(&chain, "{...F0}");
	for (int i = 0; i < FRAGMENTS; i++)
		fql_buffer_append(&chain, fql_arena_printf(arena, "fragment F%d on T{a{...F%d}b{...F%d}...F0}", i,
												   (i + 1) % FRAGMENTS, (i + 1) % FRAGMENTS));
	used = fql_arena_used(arena);
	normalized = normalize(arena, fql_buffer_text(&chain), NULL);
	CHECK_LONG(normalized.text.len, fql_buffer_text(&chain).len + 2 * FRAGMENTS + FRAGMENTS);
	CHECK(fql_arena_used(arena) - used < 100 * chain.len);
	check_idempotent(arena, "chain", fql_buffer_text(&chain));
}

/* So many arguments, literals and taken numbers that anything quadratic would be seen. */
TEST(many_arguments)
{
	enum
	{
		ARGUMENTS = 50000
	};
	FqlBuffer	source;
	FqlNormalized normalized;

	fql_buffer_init(&source, arena);
	fql_buffer_append_cstring(&source, "query(");
	for (int i = ARGUMENTS; i > 0; i--)
		fql_buffer_append(&source, fql_arena_printf(arena, "$_%d:T ", i * 2));
	fql_buffer_append_cstring(&source, "){a(");
	for (int i = ARGUMENTS; i > 0; i--)
		fql_buffer_append(&source, fql_arena_printf(arena, "x%06d:%d ", i, i));
	fql_buffer_append_cstring(&source, ")}");
	normalized = normalize(arena, fql_buffer_text(&source), NULL);
	CHECK(memcmp(normalized.literals.data, "1,2,3,", 6) == 0);
	/* The even numbers are taken, so the last literal has twice its number less one. */
	normalized.text.data += normalized.text.len - 25;
	normalized.text.len = 25;
	CHECK_TEXT(normalized.text, "$_99997,x050000:$_99999)}");
}
