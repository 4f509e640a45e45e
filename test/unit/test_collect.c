/*
 * test_collect.c
 *    Fields after expansion: order, merging, @skip and @include, argument values, limits.
 */
#include "test.h"

#include "collect.h"
#include "sdl.h"
#include "validate.h"

/* A coerced value, for comparing. */
static void
show_input(const FqlInput *input, FqlBuffer *buffer)
{
	bool		is_object = input->kind == FQL_INPUT_OBJECT;

	if (input->kind == FQL_INPUT_NULL)
		fql_buffer_append_cstring(buffer, "null");
	fql_buffer_append(buffer, input->text);
	if (!is_object && input->kind != FQL_INPUT_LIST)
		return;
	fql_buffer_append_char(buffer, is_object ? '{' : '[');
	for (const FqlInput *child = is_object ? input->members : input->items; child != NULL; child = child->next)
	{
		if (is_object)
			fql_buffer_append(buffer, fql_arena_printf(buffer->arena, "%.*s:", FQL_STR_ARGS(child->field->name)));
		show_input(child, buffer);
		if (child->next != NULL)
			fql_buffer_append_char(buffer, ' ');
	}
	fql_buffer_append_char(buffer, is_object ? '}' : ']');
}

static void
show_fields(const FqlSelectedField *field, uint32_t count, const FqlSelectedField *ancestor, FqlBuffer *buffer)
{
	for (; field != NULL; field = field->next, count--)
	{
		CHECK(field->ancestor == ancestor);
		CHECK(field->location.line > 0);
		fql_buffer_append(buffer, field->response_key);
		if (field->field != NULL && !fql_str_equal(field->field->name, field->response_key))
			fql_buffer_append(buffer, fql_arena_printf(buffer->arena, "=%.*s", FQL_STR_ARGS(field->field->name)));
		for (uint32_t i = 0; field->arguments != NULL && i < field->field->argument_count; i++)
			if (field->arguments[i] != NULL)
			{
				fql_buffer_append(buffer, fql_arena_printf(buffer->arena, " %.*s=",
														   FQL_STR_ARGS(field->field->arguments[i].name)));
				show_input(field->arguments[i], buffer);
			}
		if (field->selections != NULL)
		{
			fql_buffer_append_char(buffer, '{');
			show_fields(field->selections, field->selection_count, field, buffer);
			fql_buffer_append_char(buffer, '}');
		}
		if (field->next != NULL)
			fql_buffer_append_char(buffer, ',');
	}
	CHECK_LONG(count, 0);
}

/* Validate, coerce, collect; the fields or the diagnostics. */
static FqlStr
collect_with(FqlStr source, const char *json, FqlLimits limits, FqlArena *arena)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlDocument *document = must_parse(source, arena);
	FqlDiagnostics diagnostics;
	FqlLimits	generous = generous_limits();
	FqlVariables *variables;
	FqlSelectedField *fields;
	FqlJson    *values;
	FqlBuffer	buffer;
	uint32_t	count = 99;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_json_parse(fql_str_from(json), 64, arena, &diagnostics, &values));
	if (!CHECK(fql_validate(document, types, &generous, arena, &diagnostics)))
		return show_diagnostics(&diagnostics, arena);
	variables = fql_coerce_variables(document->operations, types, values, arena, &diagnostics);
	if (!CHECK(variables != NULL))
		return show_diagnostics(&diagnostics, arena);
	fields = fql_collect_fields(document, document->operations, types, variables, &limits, arena, &diagnostics, &count);
	if (diagnostics.count > 0)
	{
		CHECK(fields == NULL);
		CHECK_LONG(count, 0);
		return show_diagnostics(&diagnostics, arena);
	}
	fql_buffer_init(&buffer, arena);
	show_fields(fields, count, NULL, &buffer);
	return fql_buffer_text(&buffer);
}

static FqlStr
collect(const char *source, const char *json, FqlArena *arena)
{
	return collect_with(fql_str_from(source), json, FQL_LIMITS_DEFAULT, arena);
}

TEST(fields_keep_the_order_of_the_request)
{
	CHECK_TEXT(collect("{ z: post(id: 1) { title id } a: post(id: 2) { id __typename title } }", "{}", arena),
			   "z=post id=1{title,id},a=post id=2{id,__typename,title}");
	CHECK_TEXT(collect("{ __typename }", "{}", arena), "__typename");
}

TEST(equal_response_keys_merge_at_their_first_place)
{
	CHECK_TEXT(collect("{ post(id: 1) { id author { id } } echo post(id: 1) { title author { name id } } }", "{}",
		arena),
			   "post id=1{id,author{id,name},title},echo");
	CHECK_TEXT(collect("{ post(id: 1) { id id id } }", "{}", arena), "post id=1{id}");
}

TEST(fragments_are_expanded)
{
	CHECK_TEXT(collect("{ post(id: 1) { ...P ... on Post { title } ... { author { ...U ...U } } } }"
					   " fragment P on Post { author { id } } fragment U on User { name friend { ...V } }"
					   " fragment V on User { age }", "{}", arena),
			   "post id=1{author{id,name,friend{age}},title}");
}

TEST(skip_and_include_decide)
{
	const char *source = "query ($y: Boolean!, $n: Boolean! = false) { post(id: 1) {"
		" a: id @skip(if: $y) b: id @skip(if: $n) c: id @include(if: $y) d: id @include(if: $n)"
		" e: id @include(if: $y) @skip(if: $y) f: id @include(if: true) @skip(if: false)"
		" ...F @skip(if: $y) ...F @include(if: $y) ... @include(if: $n) { g: id } } }"
		" fragment F on Post { title }";

	CHECK_TEXT(collect(source, "{\"y\":true}", arena), "post id=1{b=id,c=id,f=id,title}");
	CHECK_TEXT(collect(source, "{\"y\":false,\"n\":true}", arena), "post id=1{a=id,d=id,f=id,title,g=id}");
	CHECK_TEXT(collect("{ echo @skip(if: true) }", "{}", arena), "");
	CHECK_TEXT(collect("{ echo post(id: 1) { id @skip(if: true) } }", "{}", arena), "echo,post id=1");
	CHECK_TEXT(collect("query ($v: Boolean = true) { echo @include(if: $v) }", "{\"v\":null}", arena),
			   "1:48 Variable \"$v\" is null where a value of non-null type \"Boolean!\" is required.\n");
	CHECK_TEXT(collect("query ($v: Boolean = true) { echo @include(if: $v) }", "{}", arena), "echo");
}

TEST(arguments_are_given_by_default_or_absent)
{
	CHECK_TEXT(collect("{ users { id } }", "{}", arena), "users limit=10{id}");
	CHECK_TEXT(collect("{ users(limit: null, offset: 0) { id } }", "{}", arena), "users limit=null offset=0{id}");
	CHECK_TEXT(collect("query ($l: Int, $o: Int) { users(limit: $l, offset: $o) { id } }", "{\"o\":null}", arena),
			   "users limit=10 offset=null{id}");
	CHECK_TEXT(collect("query ($l: Int) { users(limit: $l) { id } }", "{\"l\":3}", arena), "users limit=3{id}");
	CHECK_TEXT(collect("{ users(where: {_or: [{age: {eq: 1, _eq: 2}}, {AND: {name: {eq: \"x\"}}}]}, orderBy: {name: "
		"DESC}) { id } }",
					   "{}", arena),
			   "users where={_or:[{age:{eq:1 eq:2}} {_and:[{name:{eq:x}}]}]} orderBy=[{name:DESC}] limit=10{id}");
	CHECK_TEXT(collect("query ($a: Int) { needs(a: 1, b: $a) }", "{}", arena), "needs a=1 b=3");
	CHECK_TEXT(collect("query ($a: Int) { needs(a: 1, b: $a) }", "{\"a\":null}", arena),
			   "1:34 Variable \"$a\" is null where a value of non-null type \"Int!\" is required.\n");
	CHECK_TEXT(collect("query ($a: Int = 1) { needs(a: $a) }", "{\"a\":null}", arena),
			   "1:32 Variable \"$a\" is null where a value of non-null type \"Int!\" is required.\n");
}

TEST(limits_hold_while_collecting)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;

	limits.selections = 6;
	limits.query_depth = 3;
	CHECK_TEXT(collect_with(FQL_STR("{ post(id: 1) { id id ...F id } } fragment F on Post { id }"), "{}", limits,
		arena),
			   "post id=1{id}");
	CHECK_TEXT(collect_with(FQL_STR("{ post(id: 1) { id id id id id id } }"), "{}", limits, arena),
			   "1:3 The operation has more selections than 6.\n");
	CHECK_TEXT(collect_with(FQL_STR("{ echo echo echo echo echo echo echo }"), "{}", limits, arena),
			   "1:1 The operation has more selections than 6.\n");
	CHECK_TEXT(collect_with(FQL_STR("{ post(id: 1) { author { id } } }"), "{}", limits, arena),
		"post id=1{author{id}}");
	CHECK_TEXT(collect_with(FQL_STR("{ post(id: 1) { author { friend { id } } } }"), "{}", limits, arena),
			   "1:26 The operation nests fields deeper than 3.\n");
}

TEST(long_chains_of_fragments_expand_without_recursion)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	fql_buffer_append_cstring(&buffer, "{ post(id: 1) { ...F0 } } ");
	for (int i = 0; i < 7500; i++)
		fql_buffer_append(&buffer, fql_arena_printf(arena, "fragment F%d on Post { ...F%d } ", i, i + 1));
	fql_buffer_append_cstring(&buffer, "fragment F7500 on Post { id }");
	CHECK_TEXT(collect_with(fql_buffer_text(&buffer), "{}", FQL_LIMITS_DEFAULT, arena), "post id=1{id}");
}

TEST(mutations_keep_the_order_of_their_fields)
{
	CHECK_TEXT(collect("mutation ($n: String!) { b: touch createUser(name: $n) { id } a: touch __typename b: touch "
					   "createUser(name: $n) { name } }", "{\"n\":\"x\"}", arena),
			   "b=touch,createUser name=x age=1{id,name},a=touch,__typename");
	CHECK_TEXT(collect("mutation ($no: Boolean!) { touch @skip(if: $no) removeUsers(ids: 1) { id } }", "{\"no\":true}",
					   arena),
			   "removeUsers ids=[1]{id}");
}

TEST(operations_without_root_type_are_refused)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlDocument *document = must_parse(FQL_STR("subscription { x }"), arena);
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDiagnostics diagnostics;
	uint32_t	count;

	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_collect_fields(document, document->operations, types, NULL, &limits, arena, &diagnostics,
		&count) == NULL);
	CHECK_TEXT(show_diagnostics(&diagnostics, arena), "1:1 The schema does not support operations of this kind.\n");
	CHECK(diagnostics.first->code == FQL_ERROR_UNSUPPORTED);
}
