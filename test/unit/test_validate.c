/*
 * test_validate.c
 *    Every rule of section 5 with its messages and places, the limits, and documents built to be expensive.
 */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "sdl.h"
#include "validate.h"

typedef struct Case
{
	const char *source;
	const char *expected;		/* show_diagnostics() of the result; "": valid */
} Case;

static FqlStr
validate_with(FqlStr source, FqlLimits limits, FqlArena *arena)
{
	FqlTypeSystem *types = sample_types(arena);
	FqlDocument *document = must_parse(source, arena);
	FqlDiagnostics diagnostics;
	bool		valid;

	fql_diagnostics_init(&diagnostics, arena);
	valid = fql_validate(document, types, &limits, arena, &diagnostics);
	CHECK(valid == (diagnostics.count == 0));
	return show_diagnostics(&diagnostics, arena);
}

static void
check_cases(const Case *cases, size_t count, FqlArena *arena)
{
	for (size_t i = 0; i < count; i++)
		CHECK_TEXT_FOR(cases[i].source, validate_with(fql_str_from(cases[i].source), FQL_LIMITS_DEFAULT, arena),
					   cases[i].expected);
}

TEST(operations_have_unique_names_or_stand_alone)
{
	static const Case cases[] = {
		{"{ users { id } }", ""},
		{"query A { users { id } } query B { users { id } }", ""},
		{"query A { users { id } } query A { users { name } }", "1:1 1:26 More than one operation is named \"A\".\n"},
		{"query A { users { id } }\nquery B { users { id } }\nquery A { users { id } }\nquery A { users { id } }",
			"1:1 3:1 More than one operation is named \"A\".\n1:1 4:1 More than one operation is named \"A\".\n"},
		{"{ users { id } } query A { users { id } }",
			"1:1 An anonymous operation must be the only operation of the document.\n"},
		{"{ users { id } }\n{ users { id } }",
			"1:1 An anonymous operation must be the only operation of the document.\n"
			"2:1 An anonymous operation must be the only operation of the document.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(operation_types_exist)
{
	static const Case cases[] = {
		{"query { __typename }", ""},
		{"mutation { __typename }", ""},
		{"subscription S($a: Int) { user(id: $a) { id } }", "1:1 The schema does not support subscriptions.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(mutations_are_validated_as_queries_are)
{
	static const Case cases[] = {
		{"mutation M($n: String!) { createUser(name: $n) { id friends { id } } touch ...F } "
			"fragment F on Mutation { touch }",
			""},
		{"mutation { createUsr(name: \"x\") { id } }",
			"1:12 Field \"createUsr\" does not exist on type \"Mutation\". Did you mean \"createUser\"?\n"},
		{"mutation { createUser { id } }",
			"1:12 Argument \"name\" of type \"String!\" is required by \"Mutation.createUser\", but it is not "
				"given.\n"},
		{"mutation { createUser(name: \"x\") }",
			"1:12 Field \"createUser\" of type \"User\" needs a selection of subfields, as in "
				"\"createUser { ... }\".\n"},
		{"mutation { touch { id } }",
			"1:12 Field \"touch\" has no subfields to select, since its type is \"Boolean\".\n"},
		{"mutation { users { id } }", "1:12 Field \"users\" does not exist on type \"Mutation\".\n"},
		{"{ touch }", "1:3 Field \"touch\" does not exist on type \"Query\".\n"},
		{"mutation { ...F } fragment F on Query { users { id } }",
			"1:12 Fragment \"F\" cannot be spread here: an object of type \"Mutation\" is never of type \"Query\".\n"},
		{"mutation { __schema { x } }", "1:12 Field \"__schema\" does not exist on type \"Mutation\".\n"},
		{"mutation { x: removeUsers(ids: [1]) { id } x: removeUsers(ids: [2]) { id } }",
			"1:12 1:44 Response key \"x\" stands for field \"removeUsers\" with different arguments. "
				"Give them different aliases to fetch both.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fields_exist)
{
	static const Case cases[] = {
		{"{ __typename users { __typename id } }", ""},
		{"{ users { nam } }", "1:11 Field \"nam\" does not exist on type \"User\". Did you mean \"name\"?\n"},
		{"{ users { address } }", "1:11 Field \"address\" does not exist on type \"User\".\n"},
		{"{ users {\n  friend { titel { x } } } }", "2:12 Field \"titel\" does not exist on type \"User\".\n"},
		{"{ users { ageee } }", "1:11 Field \"ageee\" does not exist on type \"User\". Did you mean \"age\"?\n"},
		{"{ users { amm } }", "1:11 Field \"amm\" does not exist on type \"User\".\n"},
		{"{ users { frend } }", "1:11 Field \"frend\" does not exist on type \"User\". Did you mean \"friend\"?\n"},
		{"{ users { nqmf } }", "1:11 Field \"nqmf\" does not exist on type \"User\". Did you mean \"name\"?\n"},
		{"{ usr(id: 1) { id } }", "1:3 Field \"usr\" does not exist on type \"Query\". Did you mean \"user\"?\n"},
		{"{ __schema { types { name } } }",
			"1:3 Field \"__schema\" cannot be queried: introspection is disabled.\n"},
		{"{ a: __type(name: \"User\") { name } }",
			"1:3 Field \"__type\" cannot be queried: introspection is disabled.\n"},
		{"{ users { __schema { x } } }", "1:11 Field \"__schema\" does not exist on type \"User\".\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(leaves_have_no_selections_and_others_do)
{
	static const Case cases[] = {
		{"{ users { id name } }", ""},
		{"{ users }", "1:3 Field \"users\" of type \"[User!]!\" needs a selection of subfields, as in "
			"\"users { ... }\".\n"},
		{"{ users { friend } }", "1:11 Field \"friend\" of type \"User\" needs a selection of subfields, as in "
			"\"friend { ... }\".\n"},
		{"{ users { id { x } } }", "1:11 Field \"id\" has no subfields to select, since its type is \"ID!\".\n"},
		{"{ __typename { x } }",
			"1:3 Field \"__typename\" has no subfields to select, since its type is \"String!\".\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fragments_are_on_object_types_that_exist)
{
	static const Case cases[] = {
		{"{ users { ...F ... on User { id } ... { id } } } fragment F on User { id }", ""},
		{"{ users { ...F } } fragment F on Nobody { id x }", "1:34 Type \"Nobody\" does not exist.\n"},
		{"{ users { ...F } } fragment F on String { id }",
			"1:34 Type \"String\" cannot be the condition of a fragment, because it has no fields to select.\n"},
		{"{ users { ... on Nobody { id } } }", "1:11 Type \"Nobody\" does not exist.\n"},
		{"{ users { ... on UserWhere { id } } }",
			"1:11 Type \"UserWhere\" cannot be the condition of a fragment, because it has no fields to select.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fragments_can_apply_where_they_are_spread)
{
	static const Case cases[] = {
		{"{ ...Q ... on Query { users { ...U } } } fragment Q on Query { __typename } fragment U on User { id }", ""},
		{"{ users { ...P } } fragment P on Post { title }",
			"1:11 Fragment \"P\" cannot be spread here: an object of type \"User\" is never of type \"Post\".\n"},
		{"{ users { ... on Post { title } } }",
			"1:11 Fragment cannot be spread here: an object of type \"User\" is never of type \"Post\".\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fragments_are_defined_once_and_used)
{
	static const Case cases[] = {
		{"{ users { ...A } } fragment A on User { ...B } fragment B on User { id }", ""},
		{"{ users { ...A id } }", "1:11 Fragment \"A\" is not defined.\n"},
		{"{ users { id ... { ...A } } }", "1:20 Fragment \"A\" is not defined.\n"},
		{"{ users { ...A } } fragment A on User { id } fragment A on User { name }",
			"1:20 1:46 More than one fragment is named \"A\".\n"},
		{"{ users { ...A } } fragment A on User { id } fragment A on User { nix }",
			"1:20 1:46 More than one fragment is named \"A\".\n"
			"1:67 Field \"nix\" does not exist on type \"User\".\n"},
		{"{ users { id } } fragment A on User { id }", "1:18 Fragment \"A\" is never used.\n"},
		{"{ users { id } } fragment A on User { ...B } fragment B on User { id }",
			"1:18 Fragment \"A\" is never used.\n1:46 Fragment \"B\" is never used.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fragments_do_not_spread_themselves)
{
	static const Case cases[] = {
		{"{ users { ...A ...B } } fragment A on User { ...B } fragment B on User { id }", ""},
		{"{ users { ...A } } fragment A on User { ...A }", "1:41 1:20 Fragment \"A\" spreads itself.\n"},
		{"{ users { ...A } } fragment A on User { friend { ...B } }\nfragment B on User { ... { ...A } }",
			"2:28 1:20 Fragment \"A\" spreads itself through fragment \"B\".\n"},
		{"{ users { ...A } } fragment A on User { id ...B }\nfragment B on User { ...C }\nfragment C on User { ...B "
			"...A }",
			"3:22 2:1 Fragment \"B\" spreads itself through fragment \"C\".\n"
			"3:27 1:20 Fragment \"A\" spreads itself through fragment \"C\".\n"},
		{"{ users { ...A nix } } fragment A on User { ...A }",
			"1:45 1:24 Fragment \"A\" spreads itself.\n1:16 Field \"nix\" does not exist on type \"User\".\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(variables_are_defined_once_with_input_types)
{
	static const Case cases[] = {
		{"query ($id: ID!, $w: UserWhere) { user(id: $id) { id } users(where: $w) { id } }", ""},
		{"query ($a: Int, $a: Int) { echo(int: $a) }", "1:8 1:17 More than one variable is named \"a\".\n"},
		{"query ($a: User) { echo(int: $a) }",
			"1:12 Variable \"$a\" cannot have type \"User\", because it is not an input type.\n"
			"1:8 1:30 Variable \"$a\" of type \"User\" cannot be used where type \"Int\" is expected.\n"},
		{"query ($a: [Nobody!]) { echo(int: $a) }", "1:13 Type \"Nobody\" does not exist.\n"},
		{"query ($a: Int = \"x\") { echo(int: $a) }",
			"1:18 Expected type \"Int\", a whole number of 32 bits; found \"x\".\n"},
		{"query ($a: Int! = null) { echo(int: $a) }",
			"1:19 Expected type \"Int!\", a whole number of 32 bits; found null.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(variables_are_defined_and_used)
{
	static const Case cases[] = {
		{"query ($a: Int, $b: Boolean!) { ...F } fragment F on Query { echo(int: $a) @skip(if: $b) }", ""},
		{"query ($a: Int) { echo(ints: [1, $a]) }", ""},
		{"query ($a: Int) { echo(json: {x: [$a]}) }", ""},
		{"query ($a: String) { users(where: {_or: [{name: {eq: $a}}]}) { id } }", ""},
		{"{ echo(int: $a) }", "1:13 1:1 Variable \"$a\" is not defined by the operation.\n"},
		{"query Q { ...F } fragment F on Query { echo(int: $a) }",
			"1:50 1:1 Variable \"$a\" is not defined by operation \"Q\".\n"},
		{"query Q($a: Int) { ...F } query R { ...F } fragment F on Query { echo(int: $a) }",
			"1:76 1:27 Variable \"$a\" is not defined by operation \"R\".\n"},
		{"{ users { id @include(if: $x) } }", "1:27 1:1 Variable \"$x\" is not defined by the operation.\n"},
		{"query ($a: Int, $b: Int) { echo @nix(a: [$a], b: {c: $b}) }", "1:33 Directive \"@nix\" does not exist.\n"},
		{"query ($a: Int) { __typename(x: $a) }", "1:30 Argument \"x\" is not defined by \"Query.__typename\".\n"},
		{"query ($a: Int) { echo(settings: {size: 1, nix: [$a]}) }",
			"1:44 Field \"nix\" is not defined by input type \"Settings\".\n"},
		{"query ($a: Int) { echo(order: [$a], string: {x: $a}) }",
			"1:31 Expected type \"Order\"; found [...].\n"
			"1:45 Expected type \"String\", a string without U+0000; found {...}.\n"},
		{"query ($a: Int) { echo }", "1:8 Variable \"$a\" is never used.\n"},
		{"query ($b: Int, $a: Int) { echo } ",
			"1:8 Variable \"$b\" is never used.\n1:17 Variable \"$a\" is never used.\n"},
		{"query ($a: Int) { nix(a: $a) { b(c: {d: $a}) } }",
			"1:19 Field \"nix\" does not exist on type \"Query\".\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(variables_stand_where_their_type_fits)
{
	static const Case cases[] = {
		{"query ($a: Int!) { echo(int: $a) }", ""},
		{"query ($a: Int) { needs(a: 1, b: $a) }", ""},
		{"query ($a: Int = 5) { needs(a: $a) }", ""},
		{"query ($a: [Int!]!) { echo(ints: $a) }", ""},
		{"query ($a: Int!) { echo(settings: {size: $a}) }", ""},
		{"query ($a: Order) { echo(settings: {size: 1, order: $a}) }", ""},
		{"query ($a: Int) { needs(a: $a) }",
			"1:8 1:28 Variable \"$a\" of type \"Int\" cannot be used where type \"Int!\" is expected.\n"},
		{"query ($a: Int = null) { needs(a: $a) }",
			"1:8 1:35 Variable \"$a\" of type \"Int\" cannot be used where type \"Int!\" is expected.\n"},
		{"query ($a: String) { echo(int: $a) }",
			"1:8 1:32 Variable \"$a\" of type \"String\" cannot be used where type \"Int\" is expected.\n"},
		{"query ($a: Int) { echo(ints: $a) }",
			"1:8 1:30 Variable \"$a\" of type \"Int\" cannot be used where type \"[Int]\" is expected.\n"},
		{"query ($a: [Int]) { echo(int: $a) }",
			"1:8 1:31 Variable \"$a\" of type \"[Int]\" cannot be used where type \"Int\" is expected.\n"},
		{"query ($a: [Int]) { echo(intsNonNull: $a) }",
			"1:8 1:39 Variable \"$a\" of type \"[Int]\" cannot be used where type \"[Int!]\" is expected.\n"},
		{"query ($a: Int) { echo(intsNonNull: [$a]) }",
			"1:8 1:38 Variable \"$a\" of type \"Int\" cannot be used where type \"Int!\" is expected.\n"},
		{"query ($a: Boolean) { users { id @skip(if: $a) } }",
			"1:8 1:44 Variable \"$a\" of type \"Boolean\" cannot be used where type \"Boolean!\" is expected.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(directives_are_known_and_in_place)
{
	static const Case cases[] = {
		{"{ users @skip(if: false) @include(if: true) { id ...F @skip(if: true) ... @include(if: false) { name } } }"
			" fragment F on User { id }", ""},
		{"{ users @nix(a: 1) { id } }", "1:9 Directive \"@nix\" does not exist.\n"},
		{"query @skip(if: true) { users { id } }", "1:7 Directive \"@skip\" cannot be used on an operation.\n"},
		{"query ($a: Int @include(if: true)) { echo(int: $a) }",
			"1:16 Directive \"@include\" cannot be used on a variable definition.\n"},
		{"{ users { ...F } } fragment F on User @skip(if: true) { id }",
			"1:39 Directive \"@skip\" cannot be used on a fragment definition.\n"},
		{"{ users { id @skip(if: true) @include(if: true) @skip(if: false) } }",
			"1:14 1:49 Directive \"@skip\" can be used only once at one place.\n"},
		{"{ users { id @skip } }",
			"1:14 Argument \"if\" of type \"Boolean!\" is required by \"@skip\", but it is not given.\n"},
		{"{ users { id @skip(if: 1) } }",
			"1:24 Expected type \"Boolean\", true or false; found 1.\n"},
		{"{ users { id @skip(if: true, of: 1) } }", "1:30 Argument \"of\" is not defined by \"@skip\"."
			" Did you mean \"if\"?\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(arguments_are_known_unique_and_complete)
{
	static const Case cases[] = {
		{"{ needs(a: 1) users(limit: null) { id } }", ""},
		{"{ users(limt: 1) { id } }",
			"1:9 Argument \"limt\" is not defined by \"Query.users\". Did you mean \"limit\"?\n"},
		{"{ users { id(x: 1) } }", "1:14 Argument \"x\" is not defined by \"User.id\".\n"},
		{"{ __typename(x: 1) }", "1:14 Argument \"x\" is not defined by \"Query.__typename\".\n"},
		{"{ users(limit: 1, offset: 2, limit: 1) { id } }", "1:9 1:30 More than one argument is named \"limit\".\n"},
		{"{ user { id } }",
			"1:3 Argument \"id\" of type \"ID!\" is required by \"Query.user\", but it is not given.\n"},
		{"{ needs(b: 1) }",
			"1:3 Argument \"a\" of type \"Int!\" is required by \"Query.needs\", but it is not given.\n"},
		{"{ needs(a: null) }", "1:12 Expected type \"Int!\", a whole number of 32 bits; found null.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(literals_are_of_their_type)
{
	static const Case cases[] = {
		{"{ echo(id: 12, int: -5, bigInt: \"9007199254740993\", float: 1e3, decimal: \"0.10\", boolean: true, "
			"string: \"x\", json: {a: [1, B, null]}, date: \"2024-02-29\", dateTime: \"2024-02-29T12:00:00Z\", "
			"time: \"12:00\", order: ASC, ints: 1, matrix: [[1], null], settings: {size: 1}) }", ""},
		{"{ echo(int: 2147483648) }",
			"1:13 Expected type \"Int\", a whole number of 32 bits; found 2147483648.\n"},
		{"{ echo(int: 1.0) }", "1:13 Expected type \"Int\", a whole number of 32 bits; found 1.0.\n"},
		{"{ echo(int: \"1\") }", "1:13 Expected type \"Int\", a whole number of 32 bits; found \"1\".\n"},
		{"{ echo(string: A) }", "1:16 Expected type \"String\", a string without U+0000; found A.\n"},
		{"{ echo(boolean: \"true\") }", "1:17 Expected type \"Boolean\", true or false; found \"true\".\n"},
		{"{ echo(date: \"2023-02-29\") }",
			"1:14 Expected type \"Date\", a date such as \"2024-02-29\"; found \"2023-02-29\".\n"},
		{"{ echo(order: UP) }", "1:15 \"UP\" is not a value of enum \"Order\".\n"},
		{"{ echo(order: ACS) }", "1:15 \"ACS\" is not a value of enum \"Order\".\n"},
		{"{ echo(order: DES) }", "1:15 \"DES\" is not a value of enum \"Order\". Did you mean \"DESC\"?\n"},
		{"{ echo(order: \"ASC\") }", "1:15 Expected type \"Order\"; found \"ASC\".\n"},
		{"{ echo(ints: [1, \"2\"]) }",
			"1:18 Expected type \"Int\", a whole number of 32 bits; found \"2\".\n"},
		{"{ echo(intsNonNull: [1, null]) }",
			"1:25 Expected type \"Int!\", a whole number of 32 bits; found null.\n"},
		{"{ echo(matrix: [[1, [2]]]) }",
			"1:21 Expected type \"Int\", a whole number of 32 bits; found [...].\n"},
		{"{ users(where: 5) { id } }", "1:16 Expected type \"UserWhere\"; found 5.\n"},
		{"{ users(where: [{}]) { id } }", "1:16 Expected type \"UserWhere\"; found [...].\n"},
		{"{ echo(json: 1e200000) }", "1:14 Expected type \"JSON\", with neither U+0000 nor a number beyond the range "
			"of numeric; found 1e200000.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(input_objects_have_known_unique_and_complete_fields)
{
	static const Case cases[] = {
		{"{ users(where: {age: {eq: 1, _eq: 2, neq: 3, ne: 4}, AND: [{age: {in: 1}}], _and: []}) { id } }", ""},
		{"{ echo(settings: {dimension: 1}) }", ""},
		{"{ users(where: {agee: {eq: 1}}) { id } }",
			"1:17 Field \"agee\" is not defined by input type \"UserWhere\". Did you mean \"age\"?\n"},
		{"{ users(where: {AMD: []}) { id } }",
			"1:17 Field \"AMD\" is not defined by input type \"UserWhere\".\n"},
		{"{ users(where: {age: {eq: 1, eq: 1}}) { id } }",
			"1:23 1:30 More than one field of this input object is named \"eq\".\n"},
		{"{ echo(settings: {}) }",
			"1:18 Field \"size\" of required type \"Int!\" is missing from this value of type \"Settings\".\n"},
		{"{ echo(settings: {size: 1, inner: {label: \"x\"}}) }",
			"1:35 Field \"size\" of required type \"Int!\" is missing from this value of type \"Settings\".\n"},
		{"{ echo(settings: {size: 1, order: null}) }", "1:35 Expected type \"Order!\"; found null.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(fields_of_one_response_key_are_one_field)
{
	static const Case cases[] = {
		{"{ users { id id name } users { id } }", ""},
		{"{ users(limit: 1, offset: 2) { id } users(offset: 2, limit: 1) { name } }", ""},
		{"{ users { a: name } b: users { a: id } }", ""},
		{"{ users { a: name a: id } }", "1:11 1:19 Response key \"a\" stands for both field \"name\" and field \"id\". "
			"Give them different aliases to fetch both.\n"},
		{"{ users { name: id name } }", "1:11 1:20 Response key \"name\" stands for both field \"id\" and field "
			"\"name\". Give them different aliases to fetch both.\n"},
		{"{ users(limit: 1) { id } users(limit: 2) { id } }",
			"1:3 1:26 Response key \"users\" stands for field \"users\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ users { id } users(limit: 2) { id } }",
			"1:3 1:16 Response key \"users\" stands for field \"users\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ users { ...A ... { x: id } } } fragment A on User { x: name }",
			"1:55 1:22 Response key \"x\" stands for both field \"name\" and field \"id\". "
			"Give them different aliases to fetch both.\n"},
		{"{ users { friend { x: id } } ...Q } fragment Q on Query { users { friend { x: name } } }",
			"1:20 1:76 Response key \"x\" stands for both field \"id\" and field \"name\". "
			"Give them different aliases to fetch both.\n"},
		{"{ a: users { ...A } b: users { ...A } c: users { ...A } } fragment A on User { x: name x: id }",
			"1:80 1:88 Response key \"x\" stands for both field \"name\" and field \"id\". "
			"Give them different aliases to fetch both.\n"},
		{"query ($a: Int, $b: Int) { users(limit: $a) { id } users(limit: $b) { id } }",
			"1:28 1:52 Response key \"users\" stands for field \"users\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ echo(ints: [1]) echo(ints: [1, 2]) }",
			"1:3 1:19 Response key \"echo\" stands for field \"echo\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ echo(settings: {size: 1}) echo(settings: {size: 1, label: null}) }",
			"1:3 1:29 Response key \"echo\" stands for field \"echo\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ echo(boolean: true) echo(boolean: false) }",
			"1:3 1:23 Response key \"echo\" stands for field \"echo\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ echo(int: 1) echo(int: 1) echo(json: {a: [null, B, \"x\"]}) }",
			"1:3 1:29 Response key \"echo\" stands for field \"echo\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
		{"{ echo(json: {a: [null, B, \"x\"]}) echo(json: {a: [null, B, \"x\"]}) }", ""},
		{"{ users(orderBy: {name: ASC, age: ASC}) { id } users(orderBy: {age: ASC, name: ASC}) { id } }",
			"1:3 1:48 Response key \"users\" stands for field \"users\" with different arguments. "
			"Give them different aliases to fetch both.\n"},
	};

	check_cases(cases, TEST_COUNT(cases), arena);
}

TEST(limits_hold)
{
	FqlLimits	limits = FQL_LIMITS_DEFAULT;

	limits.aliases = 2;
	limits.directives = 2;
	limits.root_fields = 2;
	limits.query_depth = 3;
	limits.selections = 12;
	CHECK_TEXT(validate_with(FQL_STR("{ a: users { b: id id name age } }"), limits, arena), "");
	CHECK_TEXT(validate_with(FQL_STR("{ a: users { b: id ...F } } fragment F on User { c: id }"), limits, arena),
			   "1:50 The document has more than 2 aliases.\n");
	CHECK_TEXT(validate_with(FQL_STR("{ users @x @x @x @x { id } }"), limits, arena),
			   "1:15 The document has more than 2 directives.\n");
	CHECK_TEXT(validate_with(FQL_STR("{ __typename users { id } users { id } __typename __typename }"), limits, arena),
		"");
	CHECK_TEXT(validate_with(FQL_STR("{ __typename ...F } fragment F on Query { users { id } echo }"), limits, arena),
			   "1:1 The operation has more than 2 root fields.\n");
	CHECK_TEXT(validate_with(FQL_STR("{ users { friend { id } } }"), limits, arena), "");
	CHECK_TEXT(validate_with(FQL_STR("{ users { friend { ...F } } } fragment F on User { boss { id } }"), limits,
		arena),
			   "1:1 The operation nests fields 4 deep, and at most 3 are allowed.\n");
	CHECK_TEXT(validate_with(FQL_STR("{ users { id id id id id id id id id id id } }"), limits, arena), "");
	CHECK_TEXT(validate_with(FQL_STR("{ users { id id id id id id id id id id id id } }"), limits, arena),
			   "1:1 With its fragments expanded the document has more than 12 selections.\n");
	/* Nothing else looks at a document that is too large. */
	CHECK_TEXT(validate_with(FQL_STR("{ nix id id id id id id id id id id id id }"), limits, arena),
			   "1:1 With its fragments expanded the document has more than 12 selections.\n");
	CHECK_TEXT(validate_with(FQL_STR("{ a: nix b: id c: id }"), limits, arena),
			   "1:16 The document has more than 2 aliases.\n");
	CHECK_TEXT(validate_with(FQL_STR("query A { users { ...F ...F } }\nquery B { users { ...F } } fragment F on User "
		"{ id id id }"),
							 limits, arena),
			   "2:1 With its fragments expanded the document has more than 12 selections.\n");
}

/* Repeat a text, with # replaced by the number of the repetition and % by the next number. */
static void
repeat(FqlBuffer *buffer, int count, const char *format)
{
	for (int i = 0; i < count; i++)
	{
		for (const char *c = format; *c != '\0'; c++)
		{
			if (*c == '#')
				fql_buffer_append(buffer, fql_arena_printf(buffer->arena, "%d", i));
			else if (*c == '%')
				fql_buffer_append(buffer, fql_arena_printf(buffer->arena, "%d", i + 1));
			else
				fql_buffer_append_char(buffer, *c);
		}
	}
}

/* A document of head, repeated middle and tail must be judged so (NULL: invalid), at a cost linear in its size. */
static void
check_hostile(const char *what, const char *head, int count, const char *middle, const char *tail,
			  const char *expected, FqlLimits limits, FqlArena *arena)
{
	FqlArena   *own = fql_arena_create_malloc();
	FqlBuffer	buffer;
	FqlStr		verdict;
	clock_t		start;
	size_t		used;

	fql_buffer_init(&buffer, own);
	fql_buffer_append_cstring(&buffer, head);
	repeat(&buffer, count, middle);
	fql_buffer_append_cstring(&buffer, tail);
	must_parse(fql_buffer_text(&buffer), own);
	used = fql_arena_used(own);
	start = clock();
	verdict = validate_with(fql_buffer_text(&buffer), limits, own);
	if (expected != NULL)
		CHECK_TEXT_FOR(what, verdict, expected);
	else
		CHECK_FOR(what, verdict.len > 0);
	/* The arena's growth is a count of work that no machine's speed changes; the clock is a loose second bound. */
	CHECK_FOR(what, fql_arena_used(own) - used < 16 * used + 1000000);
	CHECK_FOR(what, clock() - start < 5 * CLOCKS_PER_SEC);
	fql_arena_release(own);
	(void) arena;
}

TEST(hostile_documents_cost_no_more_than_their_size)
{
	FqlLimits	generous = generous_limits();
	FqlLimits	usual = FQL_LIMITS_DEFAULT;

	check_hostile("repeated field", "{ users { ", 20000, "id ", "} }", "", generous, arena);
	check_hostile("repeated root field", "{ ", 5000, "users { id friend { id } } ", "}", "", generous, arena);
	check_hostile("inline fragments", "{ users { ", 20000, "... { id } ", "} }", "", generous, arena);
	check_hostile("distinct aliases", "{ users { ", 20000, "a#: id ", "} }", "", generous, arena);
	check_hostile("chain of fragments", "{ users { ...F0 } } ", 7500, "fragment F# on User { id ...F% } ",
				  "fragment F7500 on User { id }", "", generous, arena);
	check_hostile("chain of fragments the other way", "{ users { ...G7500 } } ", 7500,
				  "fragment G% on User { ...G# id } ", "fragment G0 on User { id }", "", generous, arena);
	check_hostile("long cycle", "{ users { ...F0 } } ", 7500, "fragment F# on User { id ...F% } ",
				  "fragment F7500 on User { ...F0 }",
				  "1:290329 1:21 Fragment \"F0\" spreads itself through fragment \"F7500\".\n", generous, arena);
	check_hostile("deep chain", "{ users { ...F0 } } ", 7500, "fragment F# on User { friend { ...F% } } ",
				  "fragment F7500 on User { id }",
				  "1:1 The operation nests fields 7502 deep, and at most 20 are allowed.\n",
				  (FqlLimits){.query_depth = 20, .aliases = 100, .directives = 100, .root_fields = 100,
					.selections = 100000},
				  arena);
	check_hostile("doubling fragments", "{ users { ...F0 } } ", 100,
				  "fragment F# on User { ...F% ...F% } ", "fragment F100 on User { id }",
				  "1:1 With its fragments expanded the document has more than 10000 selections.\n", usual, arena);
	check_hostile("doubling fields", "{ users { ...F0 } } ", 18,
				  "fragment F# on User { friend { ...F% } friend { ...F% } } ", "fragment F18 on User { id }",
				  "1:1 With its fragments expanded the document has more than 10000 selections.\n", usual, arena);
	check_hostile("many operations with one fragment",
		"fragment F on Query { __typename ...G } fragment G on Query { __typename } ",
				  5000, "query Q# { ...F } ", "", "", generous, arena);
	check_hostile("unique arguments", "{ users(", 5000, "a#: 1 ", ") { id } users(limit: 1) { id } }",
				  NULL, generous, arena);
	check_hostile("many variables", "query (", 5000, "$v#: Int ", ") { echo(ints: [1]) }", NULL, generous, arena);
	check_hostile("fragments of one name", "{ users { ...F } } ", 5000, "fragment F on User { id } ", "", NULL,
				  generous, arena);
}

TEST(merging_is_linear_in_the_merged_fields)
{
	FqlLimits	limits = generous_limits();

	/* Each level doubles in the text, and every pair of levels merges into one set. */
	check_hostile("doubled levels", "{ users { friend { ", 2000, "friend { friend { id } } friend { friend { id } } ",
				  "} } }", "", limits, arena);
	check_hostile("200 x 100 inline fragments", "{ users { ", 200,
				  "... { ... on User { id } ... on User { name } ... on User { age } ... on User { friend { id } } } ",
					"} }", "",
				  limits, arena);
}

TEST(diagnostics_are_bounded)
{
	FqlBuffer	buffer;
	FqlLimits	limits = generous_limits();
	FqlDiagnostics diagnostics;
	uint32_t	listed = 0;

	fql_buffer_init(&buffer, arena);
	fql_buffer_append_cstring(&buffer, "{ users { ");
	repeat(&buffer, 10000, "nix# ");
	fql_buffer_append_cstring(&buffer, "} }");
	fql_diagnostics_init(&diagnostics, arena);
	CHECK(!fql_validate(must_parse(fql_buffer_text(&buffer), arena), sample_types(arena), &limits, arena,
		&diagnostics));
	for (const FqlDiagnostic *diagnostic = diagnostics.first; diagnostic != NULL; diagnostic = diagnostic->next)
		listed++;
	CHECK_LONG(listed, FQL_DIAGNOSTICS_LIMIT);
	CHECK_LONG(diagnostics.count, 10000);
}
