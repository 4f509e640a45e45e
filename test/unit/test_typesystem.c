/*
 * test_typesystem.c
 *    Look-ups in a sealed type system, and what sealing refuses.
 */
#include "test.h"

#include "sdl.h"

TEST(names_are_found)
{
	FqlTypeSystem *types = sample_types(arena);
	const FqlType *user = fql_type_find(types, FQL_STR("User"));
	const FqlType *where = fql_type_find(types, FQL_STR("UserWhere"));

	for (uint32_t i = 0; i < types->type_count; i++)
		CHECK(fql_type_find(types, types->types[i]->name) == types->types[i]);
	CHECK(fql_type_find(types, FQL_STR("Use")) == NULL);
	CHECK(fql_type_find(types, FQL_STR("Users")) == NULL);
	CHECK(fql_type_find(types, FQL_STR("")) == NULL);
	for (uint32_t i = 0; i < user->field_count; i++)
		CHECK(fql_field_find(user, user->fields[i].name) == &user->fields[i]);
	CHECK(fql_field_find(user, FQL_STR("nix")) == NULL);
	CHECK(fql_field_find(where, FQL_STR("id")) == NULL);
	CHECK(fql_field_find(NULL, FQL_STR("id")) == NULL);
	for (uint32_t i = 0; i < where->input_field_count; i++)
		CHECK(fql_input_field_find(where, where->input_fields[i].name) == &where->input_fields[i]);
	CHECK(fql_input_field_find(user, FQL_STR("id")) == NULL);
}

TEST(every_scalar_exists)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	static const char *const names[FQL_SCALAR_COUNT] = {
		"ID", "Int", "BigInt", "Float", "Decimal", "Boolean", "String", "JSON", "Date", "DateTime", "Time"};

	for (int i = 0; i < FQL_SCALAR_COUNT; i++)
	{
		CHECK_TEXT(types->scalars[i]->name, names[i]);
		CHECK(types->scalars[i]->scalar == (FqlScalar) i);
	}
}

TEST(type_references_print_and_resolve)
{
	FqlTypeSystem *types = sample_types(arena);
	static const char *const refs[] = {"Int", "Int!", "[Int]", "[Int!]", "[[Order!]]!", "[UserWhere!]!"};
	FqlStr		source;

	for (size_t i = 0; i < TEST_COUNT(refs); i++)
	{
		source = fql_arena_printf(arena, "query ($a: %s) { x }", refs[i]);
		CHECK_TEXT(fql_type_ref_print(fql_type_resolve(types, must_parse(source, arena)->operations->variables->type,
													   arena), arena), refs[i]);
	}
	source = FQL_STR("query ($a: [Nobody!]) { x }");
	CHECK(fql_type_resolve(types, must_parse(source, arena)->operations->variables->type, arena) == NULL);
	CHECK(fql_type_resolve(types, NULL, arena) == NULL);
	CHECK(fql_type_innermost(NULL) == NULL);
	CHECK_LONG(fql_type_ref_print(NULL, arena).len, 0);
}

TEST(non_null_of_non_null_is_itself)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	const FqlTypeRef *ref = fql_type_non_null(types, fql_type_named(types, types->scalars[FQL_SCALAR_INT]));

	CHECK(fql_type_non_null(types, ref) == ref);
}

TEST(names_are_letters_digits_and_underscores)
{
	CHECK(fql_name_is_valid(FQL_STR("a")));
	CHECK(fql_name_is_valid(FQL_STR("_")));
	CHECK(fql_name_is_valid(FQL_STR("_aZ09")));
	CHECK(!fql_name_is_valid(FQL_STR("")));
	CHECK(!fql_name_is_valid((FqlStr){NULL, 0}));
	CHECK(!fql_name_is_valid(FQL_STR("0a")));
	CHECK(!fql_name_is_valid(FQL_STR("a-b")));
	CHECK(!fql_name_is_valid(FQL_STR("a\0")));
	CHECK(!fql_name_is_valid(FQL_STR("\xC3\xA9")));
}

/* A type system with one object type of the given fields, sealed; the diagnostics as text. */
static FqlStr
seal_object_with(const char *type_name, size_t count, const char *const *names, FqlArena *arena)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	FqlType    *type = fql_typesystem_add(types, FQL_TYPE_OBJECT, fql_str_from(type_name));
	FqlDiagnostics diagnostics;

	type->fields = FQL_NEW_ARRAY(arena, FqlField, count);
	type->field_count = (uint32_t) count;
	for (size_t i = 0; i < count; i++)
	{
		type->fields[i].name = fql_str_from(names[i]);
		type->fields[i].type = fql_type_named(types, types->scalars[FQL_SCALAR_INT]);
	}
	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_typesystem_seal(types, &diagnostics) == (diagnostics.count == 0));
	return show_diagnostics(&diagnostics, arena);
}

TEST(sealing_checks_names)
{
	CHECK_TEXT(seal_object_with("A", 2, (const char *const[]){"x", "y"}, arena), "");
	CHECK_TEXT(seal_object_with("A", 3, (const char *const[]){"x", "y", "x"}, arena),
			   "Two of the fields in \"A\" have the name \"x\".\n");
	CHECK_TEXT(seal_object_with("A", 1, (const char *const[]){"__x"}, arena),
			   "The name \"__x\" of a field in \"A\" begins with \"__\", which GraphQL reserves.\n");
	CHECK_TEXT(seal_object_with("A", 1, (const char *const[]){"x y"}, arena),
			   "\"x y\", the name of a field in \"A\", is not a GraphQL name.\n");
	CHECK_TEXT(seal_object_with("Int", 1, (const char *const[]){"x"}, arena),
			   "Two of the types in \"schema\" have the name \"Int\".\n");
	CHECK_TEXT(seal_object_with("A", 2, (const char *const[]){"0", "y"}, arena),
			   "\"0\", the name of a field in \"A\", is not a GraphQL name.\n");
	CHECK_TEXT(seal_object_with("", 1, (const char *const[]){"x"}, arena),
			   "\"\", the name of a type in \"\", is not a GraphQL name.\n");
	CHECK_TEXT(seal_object_with("A", 0, NULL, arena), "Type \"A\" has no member.\n");
}

TEST(sealing_checks_arguments_inputs_and_enums)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	FqlType    *object = fql_typesystem_add(types, FQL_TYPE_OBJECT, FQL_STR("A"));
	FqlType    *input = fql_typesystem_add(types, FQL_TYPE_INPUT_OBJECT, FQL_STR("I"));
	FqlType    *order = fql_typesystem_add(types, FQL_TYPE_ENUM, FQL_STR("E"));
	FqlInputField twice[2] = {{.name = FQL_STR("a")}, {.name = FQL_STR("a")}};
	FqlField	field = {.name = FQL_STR("f"), .arguments = twice, .argument_count = 2};
	FqlStr		values[4] = {FQL_STR("A"), FQL_STR("true"), FQL_STR("B"), FQL_STR("A")};
	FqlDiagnostics diagnostics;

	object->fields = &field;
	object->field_count = 1;
	input->input_fields = twice;
	input->input_field_count = 2;
	order->enum_values = values;
	order->enum_value_count = 4;
	fql_diagnostics_init(&diagnostics, arena);
	CHECK(!fql_typesystem_seal(types, &diagnostics));
	CHECK_TEXT(show_diagnostics(&diagnostics, arena),
			   "Two of the arguments in \"f\" have the name \"a\".\n"
			   "Two of the input fields in \"I\" have the name \"a\".\n"
			   "\"true\" cannot be a value of enum \"E\".\n"
			   "Two of the values in \"E\" have the name \"A\".\n");
}

/* A type system with one input object and one enum, each with the two given members. */
static bool
seal_members(const char *first, const char *second, bool as_enum, FqlArena *arena)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	FqlType    *type = fql_typesystem_add(types, as_enum ? FQL_TYPE_ENUM : FQL_TYPE_INPUT_OBJECT, FQL_STR("T"));
	FqlDiagnostics diagnostics;

	type->enum_values = FQL_NEW_ARRAY(arena, FqlStr, 2);
	type->enum_values[0] = fql_str_from(first);
	type->enum_values[1] = fql_str_from(second);
	type->enum_value_count = 2;
	type->input_fields = FQL_NEW_ARRAY(arena, FqlInputField, 2);
	type->input_fields[0].name = fql_str_from(first);
	type->input_fields[1].name = fql_str_from(second);
	type->input_field_count = 2;
	fql_diagnostics_init(&diagnostics, arena);
	return fql_typesystem_seal(types, &diagnostics);
}

TEST(one_bad_member_fails_the_seal)
{
	for (int as_enum = 0; as_enum < 2; as_enum++)
	{
		CHECK(seal_members("a", "b", as_enum, arena));
		CHECK(!seal_members("a", "a", as_enum, arena));
		CHECK(!seal_members("0", "b", as_enum, arena));
		CHECK(!seal_members("a", "__b", as_enum, arena));
	}
	CHECK(!seal_members("true", "b", true, arena));
	CHECK(!seal_members("a", "null", true, arena));
	CHECK(seal_members("true", "null", false, arena));
}

TEST(many_types_are_kept)
{
	FqlTypeSystem *types = fql_typesystem_create(arena);
	FqlDiagnostics diagnostics;

	for (int i = 0; i < 1000; i++)
	{
		FqlType    *type = fql_typesystem_add(types, FQL_TYPE_ENUM, fql_arena_printf(arena, "T%d", i));

		type->enum_values = FQL_NEW(arena, FqlStr);
		type->enum_values[0] = FQL_STR("V");
		type->enum_value_count = 1;
	}
	fql_diagnostics_init(&diagnostics, arena);
	CHECK(fql_typesystem_seal(types, &diagnostics));
	CHECK_LONG(types->type_count, 1000 + FQL_SCALAR_COUNT);
	for (uint32_t i = 0; i < types->type_count; i++)
		CHECK(fql_type_find(types, types->types[i]->name) == types->types[i]);
}
