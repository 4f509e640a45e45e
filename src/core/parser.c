/*
 * parser.c
 *    Text to AST: recursive descent over the executable grammar of the specification, section 2, one function a rule.
 *
 * One token of look-ahead decides everything.  Every recursion goes through enter(), which counts the nesting of
 * { [ ( and list types and refuses to go below the limit; so the depth of the C stack here, and of every later walk
 * over the AST, is bounded by a number and not by the client.
 *
 * Functions return false after a diagnostic has been added, and then nothing else is read: one error per document.
 */
#include "parser.h"

#include "lexer.h"

typedef struct Parser
{
	FqlLexer	lexer;
	FqlToken	token;			/* the look-ahead */
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	uint32_t	depth;
	uint32_t	depth_limit;
} Parser;

static bool parse_value(Parser *parser, bool constant, FqlValue **result);
static bool parse_type(Parser *parser, FqlTypeNode **result);
static bool parse_selection_set(Parser *parser, FqlSelection **result);

static bool
advance(Parser *parser)
{
	return fql_lexer_next(&parser->lexer, &parser->token);
}

static bool
peek(const Parser *parser, FqlTokenKind kind)
{
	return parser->token.kind == kind;
}

static bool
peek_keyword(const Parser *parser, const char *keyword)
{
	return peek(parser, FQL_TOKEN_NAME) && fql_str_equal(parser->token.text, fql_str_from(keyword));
}

static bool
fail_expected(Parser *parser, const char *expected)
{
	FqlStr		found = fql_token_describe(&parser->token, parser->arena);

	fql_diagnose(parser->diagnostics, FQL_ERROR_PARSE, parser->token.location,
				 "Syntax Error: Expected %s, found %.*s.", expected, FQL_STR_ARGS(found));
	return false;
}

static bool
fail_unexpected(Parser *parser)
{
	FqlStr		found = fql_token_describe(&parser->token, parser->arena);

	fql_diagnose(parser->diagnostics, FQL_ERROR_PARSE, parser->token.location, "Syntax Error: Unexpected %.*s.",
				 FQL_STR_ARGS(found));
	return false;
}

static bool
expect(Parser *parser, FqlTokenKind kind)
{
	if (!peek(parser, kind))
		return fail_expected(parser, fql_token_kind_name(kind));
	return advance(parser);
}

static bool
expect_name(Parser *parser, FqlStr *name)
{
	*name = parser->token.text;
	return expect(parser, FQL_TOKEN_NAME);
}

static bool
expect_keyword(Parser *parser, const char *keyword, const char *quoted)
{
	if (!peek_keyword(parser, keyword))
		return fail_expected(parser, quoted);
	return advance(parser);
}

/* Step over an opening bracket and one level down; every one of these is paired with leave(). */
static bool
enter(Parser *parser, FqlTokenKind opening)
{
	if (peek(parser, opening) && parser->depth >= parser->depth_limit)
	{
		fql_diagnose(parser->diagnostics, FQL_ERROR_LIMIT, parser->token.location,
					 "Syntax Error: The document nests deeper than %u levels.", (unsigned int) parser->depth_limit);
		return false;
	}
	parser->depth++;
	return expect(parser, opening);
}

static bool
leave(Parser *parser, FqlTokenKind closing)
{
	parser->depth--;
	return expect(parser, closing);
}

/* ListValue */
static bool
parse_list(Parser *parser, bool constant, FqlValue *value)
{
	FqlValue  **tail = &value->items;

	value->kind = FQL_VALUE_LIST;
	if (!enter(parser, FQL_TOKEN_LEFT_BRACKET))
		return false;
	for (; !peek(parser, FQL_TOKEN_RIGHT_BRACKET); tail = &(*tail)->next)
	{
		if (!parse_value(parser, constant, tail))
			return false;
	}
	return leave(parser, FQL_TOKEN_RIGHT_BRACKET);
}

/* Argument and ObjectField are the same thing: Name ":" Value */
static bool
parse_named_value(Parser *parser, bool constant, FqlArgument **result)
{
	FqlArgument *argument = FQL_NEW(parser->arena, FqlArgument);

	argument->location = parser->token.location;
	*result = argument;
	return expect_name(parser, &argument->name) &&
		expect(parser, FQL_TOKEN_COLON) &&
		parse_value(parser, constant, &argument->value);
}

/* ObjectValue */
static bool
parse_object(Parser *parser, bool constant, FqlValue *value)
{
	FqlArgument **tail = &value->fields;

	value->kind = FQL_VALUE_OBJECT;
	if (!enter(parser, FQL_TOKEN_LEFT_BRACE))
		return false;
	for (; !peek(parser, FQL_TOKEN_RIGHT_BRACE); tail = &(*tail)->next)
	{
		if (!parse_named_value(parser, constant, tail))
			return false;
	}
	return leave(parser, FQL_TOKEN_RIGHT_BRACE);
}

/* Variable where a value stands; a constant has none. */
static bool
parse_variable_value(Parser *parser, bool constant, FqlValue *value)
{
	value->kind = FQL_VALUE_VARIABLE;
	if (!expect(parser, FQL_TOKEN_DOLLAR))
		return false;
	if (constant && peek(parser, FQL_TOKEN_NAME))
	{
		fql_diagnose(parser->diagnostics, FQL_ERROR_PARSE, value->location,
					 "Syntax Error: Unexpected variable \"$%.*s\" in a constant value.",
					 FQL_STR_ARGS(parser->token.text));
		return false;
	}
	return expect_name(parser, &value->text);
}

/* BooleanValue, NullValue or EnumValue */
static bool
parse_word(Parser *parser, FqlValue *value)
{
	bool		is_true = peek_keyword(parser, "true");

	value->kind = FQL_VALUE_ENUM;
	if (is_true || peek_keyword(parser, "false"))
	{
		value->kind = FQL_VALUE_BOOLEAN;
		value->boolean = is_true;
	}
	else if (peek_keyword(parser, "null"))
		value->kind = FQL_VALUE_NULL;
	else
		value->text = parser->token.text;
	return advance(parser);
}

/* IntValue, FloatValue or StringValue: the lexer has done the work. */
static bool
parse_literal(Parser *parser, FqlValueKind kind, FqlValue *value)
{
	value->kind = kind;
	value->text = parser->token.text;
	return advance(parser);
}

/* Value */
static bool
parse_value(Parser *parser, bool constant, FqlValue **result)
{
	FqlValue   *value = FQL_NEW(parser->arena, FqlValue);

	value->location = parser->token.location;
	*result = value;
	switch (parser->token.kind)
	{
		case FQL_TOKEN_LEFT_BRACKET:
			return parse_list(parser, constant, value);
		case FQL_TOKEN_LEFT_BRACE:
			return parse_object(parser, constant, value);
		case FQL_TOKEN_DOLLAR:
			return parse_variable_value(parser, constant, value);
		case FQL_TOKEN_NAME:
			return parse_word(parser, value);
		case FQL_TOKEN_INT:
			return parse_literal(parser, FQL_VALUE_INT, value);
		case FQL_TOKEN_FLOAT:
			return parse_literal(parser, FQL_VALUE_FLOAT, value);
		case FQL_TOKEN_STRING:
			return parse_literal(parser, FQL_VALUE_STRING, value);
		default:
			return fail_expected(parser, "a value");
	}
}

/* Arguments, if there are any; empty parentheses are an error. */
static bool
parse_arguments(Parser *parser, bool constant, FqlArgument **result)
{
	FqlArgument **tail = result;

	if (!peek(parser, FQL_TOKEN_LEFT_PAREN))
		return true;
	if (!enter(parser, FQL_TOKEN_LEFT_PAREN))
		return false;
	do
	{
		if (!parse_named_value(parser, constant, tail))
			return false;
		tail = &(*tail)->next;
	} while (!peek(parser, FQL_TOKEN_RIGHT_PAREN));
	return leave(parser, FQL_TOKEN_RIGHT_PAREN);
}

/* Directives, if there are any. */
static bool
parse_directives(Parser *parser, bool constant, FqlDirective **result)
{
	for (FqlDirective **tail = result; peek(parser, FQL_TOKEN_AT); tail = &(*tail)->next)
	{
		FqlDirective *directive = FQL_NEW(parser->arena, FqlDirective);

		directive->location = parser->token.location;
		*tail = directive;
		if (!advance(parser) ||
			!expect_name(parser, &directive->name) ||
			!parse_arguments(parser, constant, &directive->arguments))
			return false;
	}
	return true;
}

/* NamedType or ListType */
static bool
parse_nullable_type(Parser *parser, FqlTypeNode *type)
{
	if (!peek(parser, FQL_TOKEN_LEFT_BRACKET))
	{
		type->kind = FQL_TYPE_NODE_NAMED;
		return expect_name(parser, &type->name);
	}
	type->kind = FQL_TYPE_NODE_LIST;
	return enter(parser, FQL_TOKEN_LEFT_BRACKET) &&
		parse_type(parser, &type->of) &&
		leave(parser, FQL_TOKEN_RIGHT_BRACKET);
}

/* Type */
static bool
parse_type(Parser *parser, FqlTypeNode **result)
{
	FqlTypeNode *type = FQL_NEW(parser->arena, FqlTypeNode);
	FqlTypeNode *non_null;

	type->location = parser->token.location;
	*result = type;
	if (!parse_nullable_type(parser, type))
		return false;
	if (!peek(parser, FQL_TOKEN_BANG))
		return true;
	non_null = FQL_NEW(parser->arena, FqlTypeNode);
	*non_null = (FqlTypeNode){.kind = FQL_TYPE_NODE_NON_NULL, .location = type->location, .of = type};
	*result = non_null;
	return advance(parser);
}

/* Description, if there is one. */
static bool
parse_description(Parser *parser, FqlStr *description)
{
	if (!peek(parser, FQL_TOKEN_STRING))
		return true;
	*description = parser->token.text;
	return advance(parser);
}

/* VariableDefinition */
static bool
parse_variable_definition(Parser *parser, FqlVariableDefinition **result)
{
	FqlVariableDefinition *definition = FQL_NEW(parser->arena, FqlVariableDefinition);

	*result = definition;
	if (!parse_description(parser, &definition->description))
		return false;
	definition->location = parser->token.location;
	if (!expect(parser, FQL_TOKEN_DOLLAR) ||
		!expect_name(parser, &definition->name) ||
		!expect(parser, FQL_TOKEN_COLON) ||
		!parse_type(parser, &definition->type))
		return false;
	if (peek(parser, FQL_TOKEN_EQUALS))
	{
		if (!advance(parser) || !parse_value(parser, true, &definition->default_value))
			return false;
	}
	return parse_directives(parser, true, &definition->directives);
}

/* VariablesDefinition, if there is one; empty parentheses are an error. */
static bool
parse_variable_definitions(Parser *parser, FqlVariableDefinition **result)
{
	FqlVariableDefinition **tail = result;

	if (!peek(parser, FQL_TOKEN_LEFT_PAREN))
		return true;
	if (!enter(parser, FQL_TOKEN_LEFT_PAREN))
		return false;
	do
	{
		if (!parse_variable_definition(parser, tail))
			return false;
		tail = &(*tail)->next;
	} while (!peek(parser, FQL_TOKEN_RIGHT_PAREN));
	return leave(parser, FQL_TOKEN_RIGHT_PAREN);
}

/* Field */
static bool
parse_field(Parser *parser, FqlSelection *field)
{
	field->kind = FQL_SELECTION_FIELD;
	if (!expect_name(parser, &field->name))
		return false;
	if (peek(parser, FQL_TOKEN_COLON))
	{
		field->alias = field->name;
		if (!advance(parser) || !expect_name(parser, &field->name))
			return false;
	}
	if (!parse_arguments(parser, false, &field->arguments) ||
		!parse_directives(parser, false, &field->directives))
		return false;
	return !peek(parser, FQL_TOKEN_LEFT_BRACE) || parse_selection_set(parser, &field->selections);
}

/* What follows "..." when it is an InlineFragment: [ "on" NamedType ] Directives SelectionSet */
static bool
parse_inline_fragment(Parser *parser, FqlSelection *selection)
{
	selection->kind = FQL_SELECTION_INLINE_FRAGMENT;
	if (peek_keyword(parser, "on") && (!advance(parser) || !expect_name(parser, &selection->name)))
		return false;
	return parse_directives(parser, false, &selection->directives) &&
		parse_selection_set(parser, &selection->selections);
}

/* FragmentSpread or InlineFragment */
static bool
parse_spread(Parser *parser, FqlSelection *selection)
{
	if (!expect(parser, FQL_TOKEN_SPREAD))
		return false;
	if (!peek(parser, FQL_TOKEN_NAME) || peek_keyword(parser, "on"))
		return parse_inline_fragment(parser, selection);
	selection->kind = FQL_SELECTION_FRAGMENT_SPREAD;
	return expect_name(parser, &selection->name) &&
		parse_directives(parser, false, &selection->directives);
}

/* SelectionSet; an empty one is an error. */
static bool
parse_selection_set(Parser *parser, FqlSelection **result)
{
	FqlSelection **tail = result;

	if (!enter(parser, FQL_TOKEN_LEFT_BRACE))
		return false;
	do
	{
		FqlSelection *selection = FQL_NEW(parser->arena, FqlSelection);

		selection->location = parser->token.location;
		*tail = selection;
		tail = &selection->next;
		if (peek(parser, FQL_TOKEN_SPREAD) ? !parse_spread(parser, selection) : !parse_field(parser, selection))
			return false;
	} while (!peek(parser, FQL_TOKEN_RIGHT_BRACE));
	return leave(parser, FQL_TOKEN_RIGHT_BRACE);
}

/* Is the look-ahead "query", "mutation" or "subscription"? */
static bool
peek_operation_type(const Parser *parser, FqlOperationKind *kind)
{
	static const char *const keywords[] = {
		[FQL_OPERATION_QUERY] = "query",
		[FQL_OPERATION_MUTATION] = "mutation",
		[FQL_OPERATION_SUBSCRIPTION] = "subscription",
	};

	for (int i = 0; i <= FQL_OPERATION_SUBSCRIPTION; i++)
	{
		if (!peek_keyword(parser, keywords[i]))
			continue;
		*kind = (FqlOperationKind) i;
		return true;
	}
	return false;
}

/* OperationDefinition; the caller has seen that one begins here. */
static bool
parse_operation(Parser *parser, FqlOperation *operation)
{
	operation->location = parser->token.location;
	if (!peek_operation_type(parser, &operation->kind))
	{
		operation->shorthand = true;
		return parse_selection_set(parser, &operation->selections);
	}
	if (!advance(parser))
		return false;
	if (peek(parser, FQL_TOKEN_NAME) && !expect_name(parser, &operation->name))
		return false;
	return parse_variable_definitions(parser, &operation->variables) &&
		parse_directives(parser, false, &operation->directives) &&
		parse_selection_set(parser, &operation->selections);
}

/* FragmentDefinition; a fragment cannot be called "on", or spreading it would begin a type condition. */
static bool
parse_fragment(Parser *parser, FqlFragment *fragment)
{
	fragment->location = parser->token.location;
	if (!advance(parser))
		return false;
	if (peek_keyword(parser, "on"))
		return fail_unexpected(parser);
	if (!expect_name(parser, &fragment->name) || !expect_keyword(parser, "on", "\"on\""))
		return false;
	fragment->type_location = parser->token.location;
	return expect_name(parser, &fragment->type_condition) &&
		parse_directives(parser, false, &fragment->directives) &&
		parse_selection_set(parser, &fragment->selections);
}

/* Where a definition should begin and none of ours does. */
static bool
fail_definition(Parser *parser)
{
	static const char *const keywords[] = {
		"schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend",
	};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
	{
		if (!peek_keyword(parser, keywords[i]))
			continue;
		fql_diagnose(parser->diagnostics, FQL_ERROR_PARSE, parser->token.location,
					 "Syntax Error: Unexpected \"%s\", only operations and fragments can be executed.", keywords[i]);
		return false;
	}
	return fail_unexpected(parser);
}

/* Where the next definition of each kind is to be linked. */
typedef struct DocumentTails
{
	FqlOperation **operations;
	FqlFragment **fragments;
} DocumentTails;

/* Definition; a shorthand query takes no description. */
static bool
parse_definition(Parser *parser, FqlDocument *document, DocumentTails *tails)
{
	FqlStr		description = {NULL, 0};
	FqlOperationKind kind;

	if (!parse_description(parser, &description))
		return false;
	if (peek_operation_type(parser, &kind) || (peek(parser, FQL_TOKEN_LEFT_BRACE) && description.data == NULL))
	{
		FqlOperation *operation = FQL_NEW(parser->arena, FqlOperation);

		operation->description = description;
		*tails->operations = operation;
		tails->operations = &operation->next;
		document->operation_count++;
		return parse_operation(parser, operation);
	}
	if (peek_keyword(parser, "fragment"))
	{
		FqlFragment *fragment = FQL_NEW(parser->arena, FqlFragment);

		fragment->description = description;
		*tails->fragments = fragment;
		tails->fragments = &fragment->next;
		document->fragment_count++;
		return parse_fragment(parser, fragment);
	}
	return fail_definition(parser);
}

/* Document */
static bool
parse_document(Parser *parser, FqlDocument *document)
{
	DocumentTails tails = {&document->operations, &document->fragments};

	if (!advance(parser))
		return false;
	do
	{
		if (!parse_definition(parser, document, &tails))
			return false;
	} while (!peek(parser, FQL_TOKEN_EOF));
	return true;
}

FqlDocument *
fql_parse(FqlStr source, const FqlLimits *limits, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	FqlDocument *document = FQL_NEW(arena, FqlDocument);
	Parser		parser = {.arena = arena, .diagnostics = diagnostics, .depth_limit = limits->parser_depth};

	if (source.len > limits->source_bytes)
	{
		fql_diagnose(diagnostics, FQL_ERROR_LIMIT, (FqlLocation){1, 1},
					 "Syntax Error: The document has %zu bytes, more than the %u that are allowed.", source.len,
					 (unsigned int) limits->source_bytes);
		return NULL;
	}
	if (parser.depth_limit > FQL_PARSER_DEPTH_MAX)
		parser.depth_limit = FQL_PARSER_DEPTH_MAX;
	fql_lexer_init(&parser.lexer, source, limits->tokens, arena, diagnostics);
	return parse_document(&parser, document) ? document : NULL;
}

/* The only operation, for a request that names none. */
static FqlOperation *
get_only_operation(const FqlDocument *document, FqlDiagnostics *diagnostics)
{
	FqlOperation *operation = document->operations;

	if (operation == NULL)
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "The document has no operation.");
	else if (operation->next != NULL)
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0},
					 "The document has several operations, so an operation name must be given.");
	else
		return operation;
	return NULL;
}

FqlOperation *
fql_get_operation(const FqlDocument *document, FqlStr name, FqlDiagnostics *diagnostics)
{
	if (name.data == NULL)
		return get_only_operation(document, diagnostics);
	for (FqlOperation *operation = document->operations; operation != NULL; operation = operation->next)
	{
		if (operation->name.data != NULL && fql_str_equal(operation->name, name))
			return operation;
	}
	fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, (FqlLocation){0, 0}, "Unknown operation \"%.*s\".",
				 FQL_STR_ARGS(name));
	return NULL;
}
