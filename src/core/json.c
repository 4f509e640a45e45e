/*
 * json.c
 *    JSON values over json-c: the only file that knows json-c.
 *
 * json-c by itself is too kind for a request: it clamps integers beyond 64 bits, forgets the spelling of -0, replaces
 * lone surrogates, cuts object keys at U+0000 and lets control characters through.  So the text is first scanned once
 * here, which checks every token by RFC 8259's grammar and counts nesting, and json-c only builds the tree.
 *
 * Spelling of numbers: json-c keeps the text of what it takes for a double.  The scan makes every number that is not a
 * short plain integer look like one, by appending "0" to its exponent, or "e0" where it has none; number_text() takes
 * exactly that away again.  This is unambiguous because a number never ends in "e".  The double itself is never read.
 *
 * json-c allocates with malloc.  The owner that frees a tree is registered with the arena before the tree exists, so
 * that a failing arena allocation cannot leak it.
 */
#include "json.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include <json.h>

#include "utf8.h"

/* json-c frees trees by recursion, and so does fql_json_print(): no setting may raise the depth beyond this. */
#define FQL_JSON_DEPTH_CEILING 1000

/* Integers up to this many digits fit 64 bits whatever they are. */
#define FQL_JSON_SHORT_DIGITS 18

/* The scan over the text: what was copied so far, and the first mistake. */
typedef struct FqlJsonScan
{
	FqlBuffer	out;
	const char *start;
	const char *at;
	const char *end;
	const char *copied;			/* everything before is in out */
	uint32_t	depth;
	uint32_t	depth_limit;
	bool		after_comma;	/* the last token was one */
	const char *problem;		/* NULL: none; found at "at" */
} FqlJsonScan;

/* What frees a tree. */
typedef struct FqlJsonOwner
{
	json_object *tree;
} FqlJsonOwner;

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Remember the first problem; always false. */
static bool
refuse(FqlJsonScan *scan, const char *problem)
{
	if (scan->problem == NULL)
		scan->problem = problem;
	return false;
}

/* The byte "ahead" of the current one, or NUL at the end (which no token accepts). */
static inline char
peek(const FqlJsonScan *scan, size_t ahead)
{
	return (size_t) (scan->end - scan->at) > ahead ? scan->at[ahead] : '\0';
}

/* After a number or a word: something must separate it from what follows. */
static bool
scan_delimiter(FqlJsonScan *scan)
{
	char		c = peek(scan, 0);

	if (scan->at == scan->end || is_space(c) || c == ',' || c == ']' || c == '}')
		return true;
	return refuse(scan, "unexpected character");
}

/* One or more digits. */
static bool
scan_digits(FqlJsonScan *scan)
{
	if (!is_digit(peek(scan, 0)))
		return refuse(scan, "digit expected");
	while (is_digit(peek(scan, 0)))
		scan->at++;
	return true;
}

/* The fraction and the exponent of a number, if any; *has_exponent tells whether there was one. */
static bool
scan_number_tail(FqlJsonScan *scan, bool *has_exponent)
{
	if (peek(scan, 0) == '.')
	{
		scan->at++;
		if (!scan_digits(scan))
			return false;
	}
	*has_exponent = peek(scan, 0) == 'e' || peek(scan, 0) == 'E';
	if (*has_exponent)
	{
		scan->at++;
		if (peek(scan, 0) == '+' || peek(scan, 0) == '-')
			scan->at++;
		return scan_digits(scan);
	}
	return true;
}

/* A number; all but short plain integers are marked so that their spelling survives (see the top of the file). */
static bool
scan_number(FqlJsonScan *scan)
{
	const char *first = scan->at;
	const char *digits;
	bool		has_exponent;
	size_t		integer_digits;

	if (*scan->at == '-')
		scan->at++;
	digits = scan->at;
	if (peek(scan, 0) == '0')
		scan->at++;
	else if (!scan_digits(scan))
		return false;
	integer_digits = (size_t) (scan->at - digits);
	if (peek(scan, 0) == '.' || peek(scan, 0) == 'e' || peek(scan, 0) == 'E')
		integer_digits = SIZE_MAX;
	if (!scan_number_tail(scan, &has_exponent) || !scan_delimiter(scan))
		return false;
	if (integer_digits <= FQL_JSON_SHORT_DIGITS && !(digits > first && *digits == '0'))
		return true;

	fql_buffer_append(&scan->out, (FqlStr){scan->copied, (size_t) (scan->at - scan->copied)});
	fql_buffer_append_cstring(&scan->out, has_exponent ? "0" : "e0");
	scan->copied = scan->at;
	return true;
}

/* Four hexadecimal digits at "ahead"; -1: they are not. */
static long
hex_quad(const FqlJsonScan *scan, size_t ahead)
{
	long		value = 0;

	for (size_t i = ahead; i < ahead + 4; i++)
	{
		char		c = peek(scan, i);

		if (is_digit(c))
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* \uXXXX, a pair of them for a supplementary character.  A lone surrogate is no character. */
static bool
scan_unicode_escape(FqlJsonScan *scan, bool *has_nul)
{
	long		unit = hex_quad(scan, 2);

	if (unit < 0)
		return refuse(scan, "four hexadecimal digits expected after \\u");
	if (unit == 0)
		*has_nul = true;
	if (unit < 0xD800 || unit > 0xDFFF)
	{
		scan->at += 6;
		return true;
	}
	if (unit < 0xDC00 && peek(scan, 6) == '\\' && peek(scan, 7) == 'u')
	{
		long		low = hex_quad(scan, 8);

		if (low >= 0xDC00 && low <= 0xDFFF)
		{
			scan->at += 12;
			return true;
		}
	}
	return refuse(scan, "lone surrogate");
}

static bool
scan_escape(FqlJsonScan *scan, bool *has_nul)
{
	char		c = peek(scan, 1);

	if (c == 'u')
		return scan_unicode_escape(scan, has_nul);
	if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
		return refuse(scan, "unknown escape sequence");
	scan->at += 2;
	return true;
}

/* One character inside a string that is no escape. */
static bool
scan_character(FqlJsonScan *scan)
{
	uint32_t	code_point;
	size_t		length = fql_utf8_decode(scan->at, (size_t) (scan->end - scan->at), &code_point);

	if (length == 0)
		return refuse(scan, "invalid UTF-8");
	if (code_point < 0x20)
		return refuse(scan, "control character in a string");
	scan->at += length;
	return true;
}

/* A string.  As a member name it must not hold U+0000, where json-c would cut it. */
static bool
scan_string(FqlJsonScan *scan)
{
	bool		has_nul = false;

	scan->at++;
	while (scan->at < scan->end && *scan->at != '"')
	{
		if (*scan->at == '\\' ? !scan_escape(scan, &has_nul) : !scan_character(scan))
			return false;
	}
	if (scan->at == scan->end)
		return refuse(scan, "unterminated string");
	scan->at++;
	while (is_space(peek(scan, 0)))
		scan->at++;
	if (has_nul && peek(scan, 0) == ':')
		return refuse(scan, "member name with U+0000");
	return true;
}

static bool
scan_word(FqlJsonScan *scan, FqlStr word)
{
	if ((size_t) (scan->end - scan->at) < word.len || memcmp(scan->at, word.data, word.len) != 0)
		return refuse(scan, "unexpected character");
	scan->at += word.len;
	return scan_delimiter(scan);
}

/*
 * [ { ] } , : and white space; that they balance and alternate is json-c's to check, all but a comma before a closing
 * bracket, which it refuses in strict mode only.
 */
static bool
scan_punctuation(FqlJsonScan *scan)
{
	char		c = *scan->at;

	if ((c == ']' || c == '}') && scan->after_comma)
		return refuse(scan, "unexpected token");
	if (c == '[' || c == '{')
	{
		if (scan->depth >= scan->depth_limit)
			return refuse(scan, "too many levels of nesting");
		scan->depth++;
	}
	else if (c == ']' || c == '}')
		scan->depth -= scan->depth > 0;
	else if (c != ',' && c != ':' && !is_space(c))
		return refuse(scan, "unexpected character");
	scan->at++;
	return true;
}

static bool
scan_token(FqlJsonScan *scan)
{
	char		c = *scan->at;

	if (c == '"')
		return scan_string(scan);
	if (c == '-' || is_digit(c))
		return scan_number(scan);
	if (c == 't')
		return scan_word(scan, FQL_STR("true"));
	if (c == 'f')
		return scan_word(scan, FQL_STR("false"));
	if (c == 'n')
		return scan_word(scan, FQL_STR("null"));
	return scan_punctuation(scan);
}

/* Check the whole text; out then holds it with the numbers marked and a NUL at the end. */
static bool
scan_text(FqlJsonScan *scan)
{
	while (scan->at < scan->end)
	{
		char		first = *scan->at;

		if (!scan_token(scan))
			return false;
		if (!is_space(first))
			scan->after_comma = first == ',';
	}
	fql_buffer_append(&scan->out, (FqlStr){scan->copied, (size_t) (scan->at - scan->copied)});
	fql_buffer_append_char(&scan->out, '\0');
	return true;
}

static void
free_tree(void *argument)
{
	FqlJsonOwner *owner = argument;

	json_object_put(owner->tree);
	owner->tree = NULL;
}

/* Nothing but white space from "offset" on, apart from the NUL at the end. */
static bool
is_consumed(FqlStr text, size_t offset)
{
	for (size_t i = offset; i + 1 < text.len; i++)
		if (!is_space(text.data[i]))
			return false;
	return true;
}

/*
 * Let json-c build the tree of a scanned text.  NULL when all is well, else what is wrong.  Not in strict mode: in
 * version 0.18 that refuses every character beyond ASCII in a string.
 */
static const char *
build_tree(FqlStr text, uint32_t depth, FqlJsonOwner *owner)
{
	json_tokener *tokener = json_tokener_new_ex((int) depth + 2);
	const char *problem = NULL;

	if (tokener == NULL)
		return "out of memory";
	owner->tree = json_tokener_parse_ex(tokener, text.data, (int) text.len - 1);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
	{
		/* A number that nothing follows is complete only when the NUL is seen; anything else is incomplete then. */
		owner->tree = json_tokener_parse_ex(tokener, "", 1);
		if (json_tokener_get_error(tokener) != json_tokener_success)
			problem = "unexpected end";
	}
	else if (json_tokener_get_error(tokener) != json_tokener_success ||
			 !is_consumed(text, json_tokener_get_parse_end(tokener)))
		problem = "unexpected token";
	json_tokener_free(tokener);
	return problem;
}

/* Parse a whole text; see json.h. */
bool
fql_json_parse(FqlStr text, uint32_t depth, FqlArena *arena, FqlDiagnostics *diagnostics, FqlJson **result)
{
	FqlJsonOwner *owner = FQL_NEW(arena, FqlJsonOwner);
	FqlJsonScan scan = {.start = text.data, .at = text.data, .copied = text.data};
	const char *problem;
	FqlLocation nowhere = {0, 0};

	*result = NULL;
	if (text.data == NULL || text.len >= INT_MAX / 4)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, nowhere,
					 text.data == NULL ? "No JSON text was given." : "The JSON text is too large.");
		return false;
	}
	scan.end = text.data + text.len;
	scan.depth_limit = depth > FQL_JSON_DEPTH_CEILING ? FQL_JSON_DEPTH_CEILING : depth;
	fql_buffer_init(&scan.out, arena);
	if (!scan_text(&scan))
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, nowhere, "The JSON text is not valid: %s at byte %zu.",
					 scan.problem, (size_t) (scan.at - scan.start) + 1);
		return false;
	}

	fql_arena_on_release(arena, free_tree, owner);
	problem = build_tree(fql_buffer_text(&scan.out), scan.depth_limit, owner);
	if (problem != NULL)
	{
		fql_diagnose(diagnostics, FQL_ERROR_BAD_INPUT, nowhere, "The JSON text is not valid: %s.", problem);
		return false;
	}
	*result = (FqlJson *) owner->tree;
	return true;
}

/* FqlJson is json-c's struct under a name of ours; json-c's getters take it without const. */
static inline json_object *
unwrap(const FqlJson *json)
{
	return (json_object *) json;
}

FqlJsonKind
fql_json_kind(const FqlJson *json)
{
	switch (json_object_get_type(unwrap(json)))
	{
		case json_type_boolean:
			return FQL_JSON_BOOLEAN;
		case json_type_int:
		case json_type_double:
			return FQL_JSON_NUMBER;
		case json_type_string:
			return FQL_JSON_STRING;
		case json_type_array:
			return FQL_JSON_ARRAY;
		case json_type_object:
			return FQL_JSON_OBJECT;
		case json_type_null:
			break;
	}
	return FQL_JSON_NULL;
}

bool
fql_json_boolean(const FqlJson *json)
{
	return json_object_is_type(unwrap(json), json_type_boolean) && json_object_get_boolean(unwrap(json));
}

/* Room for a short integer. */
typedef struct FqlDigits
{
	char		text[32];
} FqlDigits;

/* A number as it was written: either short, then printed into *digits, or kept by json-c with our mark. */
static FqlStr
number_text(json_object *number, FqlDigits *digits)
{
	const char *kept = json_object_is_type(number, json_type_double) ? json_object_get_userdata(number) : NULL;
	FqlStr		text;

	if (kept == NULL)
	{
		int			len = snprintf(digits->text, sizeof(digits->text), "%" PRId64, json_object_get_int64(number));

		return (FqlStr){digits->text, (size_t) len};
	}
	text = (FqlStr){kept, strlen(kept) - 1};
	if (text.data[text.len - 1] == 'e')
		text.len--;
	return text;
}

static FqlStr
string_text(json_object *string)
{
	return (FqlStr){json_object_get_string(string), (size_t) json_object_get_string_len(string)};
}

FqlStr
fql_json_text(const FqlJson *json, FqlArena *arena)
{
	FqlDigits	digits;

	switch (fql_json_kind(json))
	{
		case FQL_JSON_STRING:
			return string_text(unwrap(json));
		case FQL_JSON_NUMBER:
			return fql_arena_copy(arena, number_text(unwrap(json), &digits));
		default:
			return FQL_STR("");
	}
}

size_t
fql_json_length(const FqlJson *json)
{
	switch (fql_json_kind(json))
	{
		case FQL_JSON_ARRAY:
			return json_object_array_length(unwrap(json));
		case FQL_JSON_OBJECT:
			return (size_t) json_object_object_length(unwrap(json));
		default:
			return 0;
	}
}

FqlJson *
fql_json_item(const FqlJson *array, size_t index)
{
	if (index >= fql_json_length(array) || fql_json_kind(array) != FQL_JSON_ARRAY)
		return NULL;
	return (FqlJson *) json_object_array_get_idx(unwrap(array), index);
}

/* json-c wants a terminator; a copy on the stack, or on the heap for the rare long name, gives it one. */
bool
fql_json_member(const FqlJson *object, FqlStr name, FqlJson **value)
{
	char		local[256];
	char	   *key = local;
	json_object *found = NULL;
	bool		exists;

	*value = NULL;
	if (fql_json_kind(object) != FQL_JSON_OBJECT || (name.len > 0 && memchr(name.data, '\0', name.len) != NULL))
		return false;
	if (name.len >= sizeof(local) && (key = malloc(name.len + 1)) == NULL)
		return false;
	if (name.len > 0)
		memcpy(key, name.data, name.len);
	key[name.len] = '\0';
	exists = json_object_object_get_ex(unwrap(object), key, &found);
	if (key != local)
		free(key);
	*value = (FqlJson *) found;
	return exists;
}

void
fql_json_each(const FqlJson *object, bool (*visit) (FqlStr name, FqlJson *value, void *argument), void *argument)
{
	if (fql_json_kind(object) != FQL_JSON_OBJECT)
		return;
	for (struct lh_entry *entry = json_object_get_object(unwrap(object))->head; entry != NULL; entry = entry->next)
		if (!visit(fql_str_from(lh_entry_k(entry)), (FqlJson *) lh_entry_v(entry), argument))
			return;
}

/* Where fql_json_print() is inside an object. */
typedef struct FqlJsonPrint
{
	FqlBuffer  *buffer;
	bool		first;
} FqlJsonPrint;

static bool
print_member(FqlStr name, FqlJson *value, void *argument)
{
	FqlJsonPrint *print = argument;

	if (!print->first)
		fql_buffer_append_char(print->buffer, ',');
	print->first = false;
	fql_buffer_append_quoted(print->buffer, name);
	fql_buffer_append_char(print->buffer, ':');
	fql_json_print(value, print->buffer);
	return true;
}

static void
print_array(const FqlJson *array, FqlBuffer *buffer)
{
	fql_buffer_append_char(buffer, '[');
	for (size_t i = 0; i < fql_json_length(array); i++)
	{
		if (i > 0)
			fql_buffer_append_char(buffer, ',');
		fql_json_print(fql_json_item(array, i), buffer);
	}
	fql_buffer_append_char(buffer, ']');
}

/* Serialize compactly; the recursion is as deep as the tree, which fql_json_parse() bounded. */
void
fql_json_print(const FqlJson *json, FqlBuffer *buffer)
{
	FqlDigits	digits;
	FqlJsonPrint print = {buffer, true};

	switch (fql_json_kind(json))
	{
		case FQL_JSON_NULL:
			fql_buffer_append_cstring(buffer, "null");
			break;
		case FQL_JSON_BOOLEAN:
			fql_buffer_append_cstring(buffer, fql_json_boolean(json) ? "true" : "false");
			break;
		case FQL_JSON_NUMBER:
			fql_buffer_append(buffer, number_text(unwrap(json), &digits));
			break;
		case FQL_JSON_STRING:
			fql_buffer_append_quoted(buffer, string_text(unwrap(json)));
			break;
		case FQL_JSON_ARRAY:
			print_array(json, buffer);
			break;
		case FQL_JSON_OBJECT:
			fql_buffer_append_char(buffer, '{');
			fql_json_each(json, print_member, &print);
			fql_buffer_append_char(buffer, '}');
			break;
	}
}
