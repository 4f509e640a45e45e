/*
 * html.c
 *    Text for a page of HTML: escaped, and in ASCII.
 *
 * What a page shows of operations, errors and names was written by others, so it may hold anything: mark-up, controls,
 * bytes that are no characters.  Each character leaves here as one that means itself, as a numeric reference, or as
 * U+FFFD where it has no business on a page: what neither XML nor HTML has, controls, and the marks that turn the
 * direction of what follows them.
 *
 * Beyond ASCII all characters become references.  So the page is right whatever the encodings of the database, of the
 * client and of the file that it ends in are.  That needs their Unicode numbers, and must not fail: a bad byte in the
 * name of a role (shared catalogs hold names in any encoding) is no reason not to see how the cache does.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "core/utf8.h"
#include "html.h"

#define REPLACEMENT 0xFFFD
#define ELLIPSIS 0x2026

/* A byte that is never a part of UTF-8, for what could not be converted. */
#define NOT_UTF8 '\xFF'

/* From the database's encoding, which is neither UTF-8 nor unknown.  What has no place there becomes NOT_UTF8. */
static char *
convert(const char *text, int length)
{
	int			encoding = GetDatabaseEncoding();
	Oid			function = FindDefaultConversionProc(encoding, PG_UTF8);
	unsigned char *at = (unsigned char *) pnstrdup(text, length);
	unsigned char *end = at + length;
	char	   *result = palloc(length * MAX_CONVERSION_GROWTH + 1);
	char	   *out = result;

	while (at < end && OidIsValid(function))
	{
		at += pg_do_encoding_conversion_buf(function, encoding, PG_UTF8, at, (int) (end - at), (unsigned char *) out,
											(int) (end - at) * MAX_CONVERSION_GROWTH + 1, true);
		out += strlen(out);
		if (at < end)
		{
			*out++ = NOT_UTF8;
			at += Min(pg_encoding_mblen(encoding, (char *) at), end - at);
		}
	}
	*out = '\0';
	return result;
}

/* In UTF-8, but for bytes that are none.  Of text whose encoding nobody knows UTF-8 is the best guess. */
static const char *
as_utf8(const char *text)
{
	int			encoding = GetDatabaseEncoding();

	return encoding == PG_UTF8 || encoding == PG_SQL_ASCII ? text : convert(text, (int) strlen(text));
}

static bool
is_presentable(uint32 character)
{
	if (character < ' ')
		return character == '\n' || character == '\t';
	if (character >= 0x7F && character < 0xA0)
		return false;
	if ((character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069))
		return false;			/* direction */
	return (character & 0xFFFE) != 0xFFFE && (character < 0xFDD0 || character > 0xFDEF);
}

/* The next character, which there is; *at moves past it. */
static uint32
next_character(const char **at)
{
	uint32		character;
	size_t		length = fql_utf8_decode(*at, strnlen(*at, FQL_UTF8_MAX_LENGTH), &character);

	*at += length > 0 ? length : 1;
	return length > 0 && is_presentable(character) ? character : REPLACEMENT;
}

static void
append_character(StringInfo out, uint32 character)
{
	if (character >= 0x7F || strchr("&<>\"'`", (int) character) != NULL)
		appendStringInfo(out, "&#%u;", character);
	else
		appendStringInfoChar(out, (char) character);
}

int
fql_html_length(const char *text)
{
	const char *at = as_utf8(text);
	int			length = 0;

	for (; *at != '\0'; length++)
		(void) next_character(&at);
	return length;
}

void
fql_html_append_cut(StringInfo out, const char *text, int most)
{
	const char *at = as_utf8(text);

	for (int i = 1; *at != '\0'; i++)
	{
		uint32		character = next_character(&at);

		if (i >= most && *at != '\0')
		{
			append_character(out, ELLIPSIS);
			return;
		}
		append_character(out, character);
	}
}

void
fql_html_append(StringInfo out, const char *text)
{
	fql_html_append_cut(out, text, PG_INT32_MAX);
}
