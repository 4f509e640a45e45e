/*
 * sdl.c
 *    A type system for a test, from text.
 */
#include "sdl.h"

#include <stdio.h>
#include <stdlib.h>

#include "parser.h"

#define MEMBERS_MAX 64

typedef struct Sdl
{
	FqlArena   *arena;
	FqlTypeSystem *types;
	const char *at;
} Sdl;

static void
skip_space(Sdl *sdl)
{
	while (*sdl->at != '\0' && strchr(" \t\n,", *sdl->at) != NULL)
		sdl->at++;
}

static bool
accept(Sdl *sdl, char c)
{
	skip_space(sdl);
	if (*sdl->at != c)
		return false;
	sdl->at++;
	return true;
}

static void
expect(Sdl *sdl, char c)
{
	if (accept(sdl, c))
		return;
	fprintf(stderr, "sdl: %c expected at %.30s\n", c, sdl->at);
	abort();
}

static FqlStr
take_name(Sdl *sdl)
{
	const char *first;

	skip_space(sdl);
	first = sdl->at;
	while ((*sdl->at >= 'a' && *sdl->at <= 'z') || (*sdl->at >= 'A' && *sdl->at <= 'Z') || *sdl->at == '_' ||
		   (*sdl->at >= '0' && *sdl->at <= '9'))
		sdl->at++;
	return (FqlStr){first, (size_t) (sdl->at - first)};
}

static const FqlType *
find_type(Sdl *sdl, FqlStr name)
{
	for (uint32_t i = 0; i < sdl->types->type_count; i++)
		if (fql_str_equal(sdl->types->types[i]->name, name))
			return sdl->types->types[i];
	fprintf(stderr, "sdl: no type %.*s\n", FQL_STR_ARGS(name));
	abort();
}

static const FqlTypeRef *
take_type(Sdl *sdl)
{
	const FqlTypeRef *ref;

	if (accept(sdl, '['))
	{
		ref = fql_type_list(sdl->types, take_type(sdl));
		expect(sdl, ']');
	}
	else
		ref = fql_type_named(sdl->types, find_type(sdl, take_name(sdl)));
	return accept(sdl, '!') ? fql_type_non_null(sdl->types, ref) : ref;
}

/* A default value up to a comma, brace or end of line outside its own brackets, parsed as an argument. */
static const FqlValue *
take_default(Sdl *sdl)
{
	const char *first = sdl->at;
	int			depth = 0;

	while (depth > 0 || strchr(",)}\n", *sdl->at) == NULL)
	{
		depth += *sdl->at == '[' || *sdl->at == '{';
		depth -= *sdl->at == ']' || *sdl->at == '}';
		sdl->at++;
	}
	return must_parse(fql_arena_printf(sdl->arena, "{f(a:%.*s)}", (int) (sdl->at - first), first), sdl->arena)
		->operations->selections->arguments->value;
}

/* "name: Type = default" up to the closing character. */
static uint32_t
take_inputs(Sdl *sdl, FqlInputField *fields, char close)
{
	uint32_t	count = 0;

	while (!accept(sdl, close))
	{
		FqlInputField *field = &fields[count++];

		field->name = take_name(sdl);
		if (accept(sdl, '~'))
		{
			FqlStr		name = take_name(sdl);

			for (uint32_t i = 0; i < count; i++)
				if (fql_str_equal(fields[i].name, name))
					field->alias_of = &fields[i];
			if (field->alias_of == NULL)
				abort();
			field->type = field->alias_of->type;
			continue;
		}
		expect(sdl, ':');
		field->type = take_type(sdl);
		if (accept(sdl, '='))
			field->default_value = take_default(sdl);
	}
	return count;
}

static void
take_fields(Sdl *sdl, FqlType *type)
{
	type->fields = FQL_NEW_ARRAY(sdl->arena, FqlField, MEMBERS_MAX);
	while (!accept(sdl, '}'))
	{
		FqlField   *field = &type->fields[type->field_count++];

		field->name = take_name(sdl);
		field->arguments = FQL_NEW_ARRAY(sdl->arena, FqlInputField, MEMBERS_MAX);
		if (accept(sdl, '('))
			field->argument_count = take_inputs(sdl, field->arguments, ')');
		expect(sdl, ':');
		field->type = take_type(sdl);
	}
}

static void
take_enum_values(Sdl *sdl, FqlType *type)
{
	type->enum_values = FQL_NEW_ARRAY(sdl->arena, FqlStr, MEMBERS_MAX);
	while (!accept(sdl, '}'))
		type->enum_values[type->enum_value_count++] = take_name(sdl);
}

static FqlTypeKind
kind_of(FqlStr keyword)
{
	if (fql_str_equal(keyword, FQL_STR("type")))
		return FQL_TYPE_OBJECT;
	if (fql_str_equal(keyword, FQL_STR("input")))
		return FQL_TYPE_INPUT_OBJECT;
	if (fql_str_equal(keyword, FQL_STR("enum")))
		return FQL_TYPE_ENUM;
	fprintf(stderr, "sdl: unknown keyword %.*s\n", FQL_STR_ARGS(keyword));
	abort();
}

/* The definitions, first only their names, then also what is in them. */
static void
take_definitions(Sdl *sdl, bool names_only)
{
	for (skip_space(sdl); *sdl->at != '\0'; skip_space(sdl))
	{
		FqlTypeKind kind = kind_of(take_name(sdl));
		FqlStr		name = take_name(sdl);
		FqlType    *type;

		expect(sdl, '{');
		if (names_only)
		{
			fql_typesystem_add(sdl->types, kind, name);
			while (*sdl->at != '\0' && !(sdl->at[0] == '\n' && sdl->at[1] == '}'))
				sdl->at++;
			expect(sdl, '}');
			continue;
		}
		type = (FqlType *) find_type(sdl, name);
		if (kind == FQL_TYPE_OBJECT)
			take_fields(sdl, type);
		else if (kind == FQL_TYPE_ENUM)
			take_enum_values(sdl, type);
		else
		{
			type->input_fields = FQL_NEW_ARRAY(sdl->arena, FqlInputField, MEMBERS_MAX);
			type->input_field_count = take_inputs(sdl, type->input_fields, '}');
		}
	}
}

FqlTypeSystem *
sdl_load(const char *text, FqlArena *arena)
{
	Sdl			sdl = {arena, fql_typesystem_create(arena), text};
	FqlDiagnostics diagnostics;

	take_definitions(&sdl, true);
	sdl.at = text;
	take_definitions(&sdl, false);
	fql_diagnostics_init(&diagnostics, arena);
	if (!fql_typesystem_seal(sdl.types, &diagnostics))
	{
		fprintf(stderr, "sdl: %.*s\n", FQL_STR_ARGS(diagnostics.first->message));
		abort();
	}
	sdl.types->query = fql_type_find(sdl.types, FQL_STR("Query"));
	sdl.types->mutation = fql_type_find(sdl.types, FQL_STR("Mutation"));
	return sdl.types;
}

FqlTypeSystem *
sample_types(FqlArena *arena)
{
	return sdl_load("type Query {\n"
					"  user(id: ID!): User\n"
					"  users(where: UserWhere, orderBy: [UserOrderBy!], limit: Int = 10, offset: Int): [User!]!\n"
					"  post(id: ID!): Post\n"
					"  echo(id: ID, int: Int, bigInt: BigInt, float: Float, decimal: Decimal, boolean: Boolean,\n"
					"       string: String, json: JSON, date: Date, dateTime: DateTime, time: Time, order: Order,\n"
					"       ints: [Int], intsNonNull: [Int!], matrix: [[Int]], settings: Settings): String\n"
					"  needs(a: Int!, b: Int! = 3): Int\n"
					"}\n"
					"type Mutation {\n"
					"  createUser(name: String!, age: Int = 1, settings: Settings): User\n"
					"  removeUsers(ids: [ID!]!): [User!]\n"
					"  touch: Boolean\n"
					"}\n"
					"type User {\n"
					"  id: ID!\n  name: String!\n  age: Int\n  friend: User\n  boss: User\n"
					"  friends(where: UserWhere, limit: Int): [User!]!\n  posts(limit: Int): [Post!]!\n"
					"}\n"
					"type Post {\n"
					"  id: ID!\n  title: String\n  author: User\n"
					"}\n"
					"input UserWhere {\n"
					"  id: IdFilter\n  age: IntFilter\n  name: StringFilter\n"
					"  _and: [UserWhere!]\n  _or: [UserWhere!]\n  _not: UserWhere\n  AND ~ _and\n"
					"}\n"
					"input IdFilter {\n  eq: ID\n  in: [ID!]\n  _eq ~ eq\n}\n"
					"input IntFilter {\n  eq: Int\n  neq: Int\n  in: [Int!]\n  isnull: Boolean\n  _eq ~ eq\n  ne ~ "
						"neq\n}\n"
					"input StringFilter {\n  eq: String\n  startswith: String\n}\n"
					"input UserOrderBy {\n  name: Order\n  age: Order\n}\n"
					"enum Order {\n  ASC\n  DESC\n}\n"
					"input Settings {\n"
					"  size: Int!\n  order: Order! = DESC\n  label: String\n  inner: Settings\n  dimension ~ size\n"
					"}\n", arena);
}

FqlStr
show_diagnostics(const FqlDiagnostics *diagnostics, FqlArena *arena)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	for (const FqlDiagnostic *diagnostic = diagnostics->first; diagnostic != NULL; diagnostic = diagnostic->next)
	{
		for (int i = 0; i < FQL_DIAGNOSTIC_LOCATIONS && diagnostic->locations[i].line > 0; i++)
			fql_buffer_append(&buffer, fql_arena_printf(arena, "%u:%u ", (unsigned int) diagnostic->locations[i].line,
														(unsigned int) diagnostic->locations[i].column));
		fql_buffer_append(&buffer, diagnostic->message);
		fql_buffer_append_char(&buffer, '\n');
	}
	return fql_buffer_text(&buffer);
}

FqlLimits
generous_limits(void)
{
	return (FqlLimits){.source_bytes = 100000000, .tokens = 10000000, .parser_depth = 1000, .query_depth = 1000,
		.aliases = 1000000, .directives = 1000000, .root_fields = 1000000, .selections = 1000000};
}

FqlDocument *
must_parse(FqlStr source, FqlArena *arena)
{
	FqlLimits	limits = generous_limits();
	FqlDiagnostics diagnostics;
	FqlDocument *document;

	fql_diagnostics_init(&diagnostics, arena);
	document = fql_parse(source, &limits, arena, &diagnostics);
	if (document == NULL)
	{
		fprintf(stderr, "does not parse: %.*s\n%.*s\n", (int) (source.len < 500 ? source.len : 500), source.data,
				FQL_STR_ARGS(show_diagnostics(&diagnostics, arena)));
		abort();
	}
	return document;
}
