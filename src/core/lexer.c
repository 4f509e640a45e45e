/*
 * lexer.c
 *    Text to tokens.
 *
 * One pass, no look-back: the line and the column move with the position, so a location costs nothing to know and an
 * error nothing to place.  Every byte is looked at a bounded number of times.  Only strings and comments may hold
 * anything but ASCII, so only they decode UTF-8.
 *
 * U+0000 is a source character of the specification, but PostgreSQL's text cannot store it: it is refused here, raw
 * and as an escape, where a message can still point at it.
 */
#include "lexer.h"

#include <stdio.h>

#include "utf8.h"

/* How much of a token a message quotes, in bytes. */
#define FQL_QUOTE_LIMIT 60

/* How much of a broken escape a message quotes: "\u{110000" and a little more. */
#define FQL_ESCAPE_QUOTE_LIMIT 14

/* What peek() says at the end of the text: no byte has this value. */
#define FQL_END_OF_TEXT (-1)

void
fql_lexer_init(FqlLexer *lexer, FqlStr source, uint32_t token_limit, FqlArena *arena, FqlDiagnostics *diagnostics)
{
	/* A null source is an empty one; the literal spares every pointer comparison below the question. */
	const char *data = source.data != NULL ? source.data : "";

	*lexer = (FqlLexer){.position = data, .location = {1, 1}, .token_limit = token_limit};
	lexer->end = source.data != NULL ? data + source.len : data;
	lexer->arena = arena;
	lexer->diagnostics = diagnostics;
}

/* The byte at a distance from the position, or FQL_END_OF_TEXT. */
static int
peek(const FqlLexer *lexer, size_t distance)
{
	if ((size_t) (lexer->end - lexer->position) <= distance)
		return FQL_END_OF_TEXT;
	return (unsigned char) lexer->position[distance];
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_line_end(int c)
{
	return c == '\n' || c == '\r';
}

/* Value of a hexadecimal digit, or -1. */
static int
hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Step over bytes that are known to be ASCII and no line terminators. */
static void
skip_ascii(FqlLexer *lexer, size_t count)
{
	lexer->position += count;
	lexer->location.column += (uint32_t) count;
}

/* Step over a line terminator: LF, CR LF or CR. */
static void
skip_line_end(FqlLexer *lexer)
{
	lexer->position += peek(lexer, 0) == '\r' && peek(lexer, 1) == '\n' ? 2 : 1;
	lexer->location.line++;
	lexer->location.column = 1;
}

/* What stands at the position, for a message. */
typedef struct CharacterName
{
	char		text[24];
	bool		allowed;		/* a document may hold it somewhere */
} CharacterName;

static CharacterName
name_character(const FqlLexer *lexer)
{
	CharacterName name = {.allowed = true};
	int			c = peek(lexer, 0);
	uint32_t	code_point;

	if (c == FQL_END_OF_TEXT)
		snprintf(name.text, sizeof(name.text), "<EOF>");
	else if (c == '"')
		snprintf(name.text, sizeof(name.text), "'\"'");
	else if (c >= 0x20 && c < 0x7F)
		snprintf(name.text, sizeof(name.text), "\"%c\"", c);
	else if (fql_utf8_decode(lexer->position, (size_t) (lexer->end - lexer->position), &code_point) != 0)
		snprintf(name.text, sizeof(name.text), "U+%04X", (unsigned int) code_point);
	else
	{
		snprintf(name.text, sizeof(name.text), "byte 0x%02X", (unsigned int) c);
		name.allowed = false;
	}
	if (c == '\0')
		name.allowed = false;
	return name;
}

/* The text cannot go on as it does at the position.  Always false, for "return". */
static bool
fail_unexpected(FqlLexer *lexer)
{
	int			c = peek(lexer, 0);
	CharacterName name = name_character(lexer);

	if (c == '\0')
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: The character U+0000 is not supported.");
	else if (c == '\'')
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: Unexpected single quote, strings are written with double quotes (\").");
	else if (!name.allowed)
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: The document is not valid UTF-8, found %s.", name.text);
	else
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: Unexpected character %s.", name.text);
	return false;
}

/* Step over one source character that is no line terminator; false at the end and at what no document may hold. */
static bool
skip_character(FqlLexer *lexer)
{
	int			c = peek(lexer, 0);
	size_t		length = 1;
	uint32_t	code_point;

	if (c >= 0x80)
		length = fql_utf8_decode(lexer->position, (size_t) (lexer->end - lexer->position), &code_point);
	if (length == 0 || c <= 0)
		return fail_unexpected(lexer);
	lexer->position += length;
	lexer->location.column++;
	return true;
}

static bool
skip_comment(FqlLexer *lexer)
{
	while (peek(lexer, 0) != FQL_END_OF_TEXT && !is_line_end(peek(lexer, 0)))
	{
		if (!skip_character(lexer))
			return false;
	}
	return true;
}

static bool
at_byte_order_mark(const FqlLexer *lexer)
{
	return peek(lexer, 0) == 0xEF && peek(lexer, 1) == 0xBB && peek(lexer, 2) == 0xBF;
}

/* Step over everything that only separates tokens. */
static bool
skip_ignored(FqlLexer *lexer)
{
	for (;;)
	{
		switch (peek(lexer, 0))
		{
			case ' ':
			case '\t':
			case ',':
				skip_ascii(lexer, 1);
				break;
			case '\n':
			case '\r':
				skip_line_end(lexer);
				break;
			case '#':
				if (!skip_comment(lexer))
					return false;
				break;
			default:
				if (!at_byte_order_mark(lexer))
					return true;
				lexer->position += 3;
				lexer->location.column++;
		}
	}
}

static bool
read_name(FqlLexer *lexer, FqlToken *token)
{
	size_t		length = 1;

	while (is_name_start(peek(lexer, length)) || is_digit(peek(lexer, length)))
		length++;
	token->kind = FQL_TOKEN_NAME;
	token->text = (FqlStr){lexer->position, length};
	skip_ascii(lexer, length);
	return true;
}

static bool
fail_number(FqlLexer *lexer, const char *expectation)
{
	CharacterName name = name_character(lexer);

	/* What no document may hold is the more useful thing to hear about. */
	if (!name.allowed)
		return fail_unexpected(lexer);
	fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location, "Syntax Error: Invalid number, %s %s.",
				 expectation, name.text);
	return false;
}

/* One digit or more. */
static bool
skip_digits(FqlLexer *lexer)
{
	if (!is_digit(peek(lexer, 0)))
		return fail_number(lexer, "expected a digit, found");
	while (is_digit(peek(lexer, 0)))
		skip_ascii(lexer, 1);
	return true;
}

/* An optional minus sign, then 0 or digits that do not begin with 0. */
static bool
skip_integer_part(FqlLexer *lexer)
{
	if (peek(lexer, 0) == '-')
		skip_ascii(lexer, 1);
	if (peek(lexer, 0) != '0')
		return skip_digits(lexer);
	skip_ascii(lexer, 1);
	return !is_digit(peek(lexer, 0)) || fail_number(lexer, "unexpected digit after 0:");
}

/* IntValue or FloatValue.  Neither may touch a name or a dot, so that 1a and 1.2.3 are no pairs of tokens. */
static bool
read_number(FqlLexer *lexer, FqlToken *token)
{
	const char *start = lexer->position;

	token->kind = FQL_TOKEN_INT;
	if (!skip_integer_part(lexer))
		return false;
	if (peek(lexer, 0) == '.')
	{
		token->kind = FQL_TOKEN_FLOAT;
		skip_ascii(lexer, 1);
		if (!skip_digits(lexer))
			return false;
	}
	if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E')
	{
		token->kind = FQL_TOKEN_FLOAT;
		skip_ascii(lexer, 1);
		if (peek(lexer, 0) == '+' || peek(lexer, 0) == '-')
			skip_ascii(lexer, 1);
		if (!skip_digits(lexer))
			return false;
	}
	if (peek(lexer, 0) == '.' || is_name_start(peek(lexer, 0)))
		return fail_number(lexer, "expected it to end, found");
	token->text = (FqlStr){start, (size_t) (lexer->position - start)};
	return true;
}

/* An escape that is none, or one that stands for no character.  The position is at its backslash. */
static bool
fail_escape(FqlLexer *lexer, size_t length)
{
	if (length > FQL_ESCAPE_QUOTE_LIMIT)
		length = FQL_ESCAPE_QUOTE_LIMIT;
	fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
				 "Syntax Error: Invalid Unicode escape sequence \"%.*s\".", (int) length, lexer->position);
	return false;
}

/* Four hexadecimal digits at a distance; -1 where they are not, with *length of the good part either way. */
static int32_t
read_four_digits(const FqlLexer *lexer, size_t distance, size_t *length)
{
	int32_t		value = 0;

	for (*length = distance; *length < distance + 4; (*length)++)
	{
		int			digit = hex_value(peek(lexer, *length));

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* "\u" and four digits, or a surrogate pair of two such.  False without a diagnostic; *length of what was read. */
static bool
decode_fixed_escape(const FqlLexer *lexer, uint32_t *code_point, size_t *length)
{
	int32_t		value = read_four_digits(lexer, 2, length);
	int32_t		trail;

	if (value < 0)
		return false;
	*code_point = (uint32_t) value;
	if (value < 0xD800 || value > 0xDBFF)
		return true;
	if (peek(lexer, *length) != '\\' || peek(lexer, *length + 1) != 'u')
		return false;
	trail = read_four_digits(lexer, *length + 2, length);
	if (trail < 0xDC00 || trail > 0xDFFF)
		return false;
	*code_point = 0x10000 + (((uint32_t) value - 0xD800) << 10) + ((uint32_t) trail - 0xDC00);
	return true;
}

/* "\u{" digits "}" with any number of leading zeros. */
static bool
decode_braced_escape(const FqlLexer *lexer, uint32_t *code_point, size_t *length)
{
	int			digit;

	*code_point = 0;
	for (*length = 3; (digit = hex_value(peek(lexer, *length))) >= 0; (*length)++)
	{
		/* Beyond the last code point the value only has to stay there. */
		if (*code_point <= 0x10FFFF)
			*code_point = *code_point << 4 | (uint32_t) digit;
	}
	if (*length == 3 || peek(lexer, *length) != '}')
		return false;
	(*length)++;
	return true;
}

static bool
read_unicode_escape(FqlLexer *lexer, FqlBuffer *buffer)
{
	char		bytes[FQL_UTF8_MAX_LENGTH];
	uint32_t	code_point;
	size_t		length;
	bool		decoded;

	decoded = peek(lexer, 2) == '{' ? decode_braced_escape(lexer, &code_point, &length) :
		decode_fixed_escape(lexer, &code_point, &length);
	if (!decoded || !fql_is_scalar_value(code_point))
		return fail_escape(lexer, length);
	if (code_point == 0)
	{
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: The character U+0000 is not supported.");
		return false;
	}
	fql_buffer_append(buffer, (FqlStr){bytes, fql_utf8_encode(code_point, bytes)});
	skip_ascii(lexer, length);
	return true;
}

/* One escape of a quoted string, from its backslash on. */
static bool
read_escape(FqlLexer *lexer, FqlBuffer *buffer)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	int			c = peek(lexer, 1);
	const char *found = c <= 0 ? NULL : strchr(letters, c);

	if (c == 'u')
		return read_unicode_escape(lexer, buffer);
	if (found != NULL)
	{
		fql_buffer_append_char(buffer, meanings[found - letters]);
		skip_ascii(lexer, 2);
		return true;
	}
	if (c > 0x20 && c < 0x7F)
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: Invalid character escape sequence \"\\%c\".", c);
	else
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: A backslash in a string must begin an escape sequence.");
	return false;
}

static bool
fail_unterminated(FqlLexer *lexer)
{
	fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location, "Syntax Error: Unterminated string.");
	return false;
}

/* A string in single double-quotes.  Without escapes its value is a piece of the source and nothing is copied. */
static bool
read_string(FqlLexer *lexer, FqlToken *token)
{
	FqlBuffer	buffer;
	const char *run;
	bool		escaped = false;

	fql_buffer_init(&buffer, lexer->arena);
	skip_ascii(lexer, 1);
	run = lexer->position;
	for (int c = peek(lexer, 0); c != '"'; c = peek(lexer, 0))
	{
		if (c == FQL_END_OF_TEXT || is_line_end(c))
			return fail_unterminated(lexer);
		if (c != '\\')
		{
			if (!skip_character(lexer))
				return false;
			continue;
		}
		fql_buffer_append(&buffer, (FqlStr){run, (size_t) (lexer->position - run)});
		if (!read_escape(lexer, &buffer))
			return false;
		run = lexer->position;
		escaped = true;
	}
	token->text = (FqlStr){run, (size_t) (lexer->position - run)};
	if (escaped)
	{
		fql_buffer_append(&buffer, token->text);
		token->text = fql_buffer_text(&buffer);
	}
	skip_ascii(lexer, 1);
	return true;
}

/* Do these bytes of the text begin with """? */
static bool
at_triple_quote(FqlStr text)
{
	return text.len >= 3 && memcmp(text.data, "\"\"\"", 3) == 0;
}

/* Take the next line off a raw block string; false when none is left.  *more says that the text goes on after it. */
static bool
next_line(FqlStr *rest, bool *more, FqlStr *line)
{
	size_t		length = 0;
	size_t		terminator;

	if (!*more)
		return false;
	while (length < rest->len && !is_line_end((unsigned char) rest->data[length]))
		length++;
	*line = (FqlStr){rest->data, length};
	*more = length < rest->len;
	terminator = !*more ? 0 :
		rest->data[length] == '\r' && length + 1 < rest->len && rest->data[length + 1] == '\n' ? 2 : 1;
	rest->data += length + terminator;
	rest->len -= length + terminator;
	return true;
}

/* How many characters of indentation: only tab and space are whitespace, so bytes will do. */
static size_t
indentation(FqlStr line)
{
	size_t		length = 0;

	while (length < line.len && (line.data[length] == ' ' || line.data[length] == '\t'))
		length++;
	return length;
}

/* What BlockStringValue must know before it can write: lines count from 0, as in the raw text. */
typedef struct BlockShape
{
	size_t		indent;			/* common to all lines but the first; SIZE_MAX: there is no such line */
	size_t		first;			/* the first line that is not blank */
	size_t		after;			/* one after the last such line; 0: all are blank */
} BlockShape;

static BlockShape
measure_block(FqlStr raw)
{
	BlockShape	shape = {.indent = SIZE_MAX};
	bool		more = true;
	FqlStr		line;

	for (size_t number = 0; next_line(&raw, &more, &line); number++)
	{
		size_t		indent = indentation(line);

		if (indent == line.len)
			continue;
		if (number != 0 && indent < shape.indent)
			shape.indent = indent;
		if (shape.after == 0)
			shape.first = number;
		shape.after = number + 1;
	}
	return shape;
}

/* Append a line of a block string, where only \""" is an escape. */
static void
append_block_line(FqlBuffer *buffer, FqlStr line)
{
	size_t		start = 0;

	for (size_t i = 0; i < line.len; i++)
	{
		if (line.data[i] != '\\' || !at_triple_quote((FqlStr){line.data + i + 1, line.len - i - 1}))
			continue;
		fql_buffer_append(buffer, (FqlStr){line.data + start, i - start});
		start = i + 1;
		i += 3;
	}
	fql_buffer_append(buffer, (FqlStr){line.data + start, line.len - start});
}

/* BlockStringValue of the specification: common indentation off, blank lines at both ends off, lines joined by LF. */
static FqlStr
block_string_value(FqlStr raw, FqlArena *arena)
{
	BlockShape	shape = measure_block(raw);
	FqlBuffer	buffer;
	bool		more = true;
	FqlStr		line;

	fql_buffer_init(&buffer, arena);
	for (size_t number = 0; number < shape.after && next_line(&raw, &more, &line); number++)
	{
		size_t		remove = number == 0 ? 0 : shape.indent < line.len ? shape.indent : line.len;

		if (number < shape.first)
			continue;
		if (number > shape.first)
			fql_buffer_append_char(&buffer, '\n');
		append_block_line(&buffer, (FqlStr){line.data + remove, line.len - remove});
	}
	return fql_buffer_text(&buffer);
}

/* A string between """ and """. */
static bool
read_block_string(FqlLexer *lexer, FqlToken *token)
{
	const char *start = lexer->position + 3;

	skip_ascii(lexer, 3);
	while (!at_triple_quote((FqlStr){lexer->position, (size_t) (lexer->end - lexer->position)}))
	{
		int			c = peek(lexer, 0);

		if (c == FQL_END_OF_TEXT)
			return fail_unterminated(lexer);
		if (is_line_end(c))
			skip_line_end(lexer);
		else if (c == '\\' && peek(lexer, 1) == '"' && peek(lexer, 2) == '"' && peek(lexer, 3) == '"')
			skip_ascii(lexer, 4);
		else if (!skip_character(lexer))
			return false;
	}
	token->text = block_string_value((FqlStr){start, (size_t) (lexer->position - start)}, lexer->arena);
	skip_ascii(lexer, 3);
	return true;
}

static bool
read_any_string(FqlLexer *lexer, FqlToken *token)
{
	token->kind = FQL_TOKEN_STRING;
	if (peek(lexer, 1) == '"' && peek(lexer, 2) == '"')
		return read_block_string(lexer, token);
	return read_string(lexer, token);
}

static bool
read_spread(FqlLexer *lexer, FqlToken *token)
{
	if (peek(lexer, 1) != '.' || peek(lexer, 2) != '.')
	{
		fql_diagnose(lexer->diagnostics, FQL_ERROR_PARSE, lexer->location,
					 "Syntax Error: Unexpected \".\", a spread is written \"...\".");
		return false;
	}
	token->kind = FQL_TOKEN_SPREAD;
	skip_ascii(lexer, 3);
	return true;
}

/* The punctuators of one character; EOF for anything else. */
static FqlTokenKind
punctuator_kind(int c)
{
	switch (c)
	{
		case '!':
			return FQL_TOKEN_BANG;
		case '$':
			return FQL_TOKEN_DOLLAR;
		case '&':
			return FQL_TOKEN_AMPERSAND;
		case '(':
			return FQL_TOKEN_LEFT_PAREN;
		case ')':
			return FQL_TOKEN_RIGHT_PAREN;
		case ':':
			return FQL_TOKEN_COLON;
		case '=':
			return FQL_TOKEN_EQUALS;
		case '@':
			return FQL_TOKEN_AT;
		case '[':
			return FQL_TOKEN_LEFT_BRACKET;
		case ']':
			return FQL_TOKEN_RIGHT_BRACKET;
		case '{':
			return FQL_TOKEN_LEFT_BRACE;
		case '|':
			return FQL_TOKEN_PIPE;
		case '}':
			return FQL_TOKEN_RIGHT_BRACE;
		default:
			return FQL_TOKEN_EOF;
	}
}

static bool
read_token(FqlLexer *lexer, FqlToken *token)
{
	int			c = peek(lexer, 0);

	if (is_name_start(c))
		return read_name(lexer, token);
	if (is_digit(c) || c == '-')
		return read_number(lexer, token);
	if (c == '"')
		return read_any_string(lexer, token);
	if (c == '.')
		return read_spread(lexer, token);
	token->kind = punctuator_kind(c);
	if (token->kind == FQL_TOKEN_EOF)
		return fail_unexpected(lexer);
	skip_ascii(lexer, 1);
	return true;
}

bool
fql_lexer_next(FqlLexer *lexer, FqlToken *token)
{
	if (!skip_ignored(lexer))
		return false;
	*token = (FqlToken){.kind = FQL_TOKEN_EOF, .location = lexer->location};
	if (peek(lexer, 0) == FQL_END_OF_TEXT)
		return true;
	if (lexer->tokens >= lexer->token_limit)
	{
		fql_diagnose(lexer->diagnostics, FQL_ERROR_LIMIT, lexer->location,
					 "Syntax Error: The document has more than %u tokens.", (unsigned int) lexer->token_limit);
		return false;
	}
	lexer->tokens++;
	return read_token(lexer, token);
}

const char *
fql_token_kind_name(FqlTokenKind kind)
{
	static const char *const names[] = {
		[FQL_TOKEN_EOF] = "<EOF>",
		[FQL_TOKEN_BANG] = "\"!\"",
		[FQL_TOKEN_DOLLAR] = "\"$\"",
		[FQL_TOKEN_AMPERSAND] = "\"&\"",
		[FQL_TOKEN_LEFT_PAREN] = "\"(\"",
		[FQL_TOKEN_RIGHT_PAREN] = "\")\"",
		[FQL_TOKEN_SPREAD] = "\"...\"",
		[FQL_TOKEN_COLON] = "\":\"",
		[FQL_TOKEN_EQUALS] = "\"=\"",
		[FQL_TOKEN_AT] = "\"@\"",
		[FQL_TOKEN_LEFT_BRACKET] = "\"[\"",
		[FQL_TOKEN_RIGHT_BRACKET] = "\"]\"",
		[FQL_TOKEN_LEFT_BRACE] = "\"{\"",
		[FQL_TOKEN_PIPE] = "\"|\"",
		[FQL_TOKEN_RIGHT_BRACE] = "\"}\"",
		[FQL_TOKEN_NAME] = "Name",
		[FQL_TOKEN_INT] = "Int",
		[FQL_TOKEN_FLOAT] = "Float",
		[FQL_TOKEN_STRING] = "String",
	};

	return names[kind];
}

FqlStr
fql_token_describe(const FqlToken *token, FqlArena *arena)
{
	FqlStr		text = token->text;
	bool		cut = text.len > FQL_QUOTE_LIMIT;

	if (token->kind < FQL_TOKEN_NAME)
		return fql_str_from(fql_token_kind_name(token->kind));
	if (cut)
	{
		/* Not in the middle of a code point. */
		for (text.len = FQL_QUOTE_LIMIT; ((unsigned char) text.data[text.len] & 0xC0) == 0x80; text.len--)
			;
	}
	return fql_arena_printf(arena, "%s \"%.*s%s\"", fql_token_kind_name(token->kind), FQL_STR_ARGS(text),
							cut ? "..." : "");
}
