/*
 * response.c
 *    The response map of the specification, section 7, as JSON text.
 *
 * Text that comes from the core is UTF-8, or bytes of a SQL_ASCII database that may be anything; text that SQL built is
 * in the database encoding.  Where these differ, our strings are written in ASCII with \u escapes: that needs no
 * conversion, so no character of a message can turn an error response into another error.
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "response.h"

/* Largest number of elements of one path that is printed: deeper than any query may be. */
#define PATH_LIMIT 1024

/* One character of JSON string content that needs an escape. */
static void
append_ascii(StringInfo out, unsigned char c)
{
	switch (c)
	{
		case '"':
			appendStringInfoString(out, "\\\"");
			break;
		case '\\':
			appendStringInfoString(out, "\\\\");
			break;
		case '\n':
			appendStringInfoString(out, "\\n");
			break;
		case '\r':
			appendStringInfoString(out, "\\r");
			break;
		case '\t':
			appendStringInfoString(out, "\\t");
			break;
		default:
			if (c < 0x20 || c == 0x7f)
				appendStringInfo(out, "\\u%04x", c);
			else
				appendStringInfoChar(out, c);
			break;
	}
}

/* A character beyond ASCII as one or two \u escapes. */
static void
append_unicode_escape(StringInfo out, pg_wchar c)
{
	if (c > 0xFFFF)
	{
		c -= 0x10000;
		appendStringInfo(out, "\\u%04x\\u%04x", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF));
	}
	else
		appendStringInfo(out, "\\u%04x", c);
}

/* A JSON string.  Bytes that are no UTF-8 become U+FFFD. */
static void
append_string(StringInfo out, FqlStr text)
{
	const unsigned char *at = (const unsigned char *) text.data;
	const unsigned char *end = at + text.len;

	appendStringInfoChar(out, '"');
	while (at < end)
	{
		int			len = *at < 0x80 ? 1 : pg_utf_mblen(at);

		if (len == 1 && *at < 0x80)
			append_ascii(out, *at);
		else if (len > end - at || !pg_utf8_islegal(at, len))
		{
			len = 1;
			append_unicode_escape(out, 0xFFFD);
		}
		else if (GetDatabaseEncoding() == PG_UTF8)
			appendBinaryStringInfo(out, (const char *) at, len);
		else
			append_unicode_escape(out, utf8_to_unicode(at));
		at += len;
	}
	appendStringInfoChar(out, '"');
}

/* ,"locations":[{"line":1,"column":2}], or nothing. */
static void
append_locations(StringInfo out, const FqlDiagnostic *diagnostic)
{
	bool		first = true;

	for (int i = 0; i < FQL_DIAGNOSTIC_LOCATIONS; i++)
	{
		const FqlLocation *location = &diagnostic->locations[i];

		if (location->line == 0)
			continue;
		appendStringInfo(out, "%s{\"line\":%u,\"column\":%u}", first ? ",\"locations\":[" : ",",
						 location->line, location->column);
		first = false;
	}
	if (!first)
		appendStringInfoChar(out, ']');
}

/* ,"path":["users",0,"name"], or nothing. */
static void
append_path(StringInfo out, const FqlPath *path)
{
	const FqlPath *elements[PATH_LIMIT];
	int			count = 0;

	for (; path != NULL && count < PATH_LIMIT; path = path->parent)
		elements[count++] = path;
	if (count == 0)
		return;
	appendStringInfoString(out, ",\"path\":");
	for (int i = count - 1; i >= 0; i--)
	{
		appendStringInfoChar(out, i == count - 1 ? '[' : ',');
		if (elements[i]->name.data != NULL)
			append_string(out, elements[i]->name);
		else
			appendStringInfo(out, "%u", elements[i]->index);
	}
	appendStringInfoChar(out, ']');
}

static void
append_error(StringInfo out, const FqlDiagnostic *diagnostic)
{
	appendStringInfoString(out, "{\"message\":");
	append_string(out, diagnostic->message);
	append_locations(out, diagnostic);
	append_path(out, diagnostic->path);
	appendStringInfoString(out, ",\"extensions\":{\"code\":");
	append_string(out, diagnostic->own_code.data != NULL ? diagnostic->own_code
				  : fql_str_from(fql_error_code_name(diagnostic->code)));
	if (diagnostic->sqlstate[0] != '\0')
		appendStringInfo(out, ",\"sqlstate\":\"%.5s\"", diagnostic->sqlstate);
	if (diagnostic->http_status != 0)
		appendStringInfo(out, ",\"http\":{\"status\":%d}", diagnostic->http_status);
	if (diagnostic->extensions.data != NULL)
	{
		appendStringInfoChar(out, ',');
		appendBinaryStringInfo(out, diagnostic->extensions.data, (int) diagnostic->extensions.len);
	}
	appendStringInfoString(out, "}}");
}

void
fql_response_append_errors(StringInfo out, const FqlDiagnostics *diagnostics)
{
	appendStringInfoString(out, "\"errors\":[");
	for (const FqlDiagnostic *diagnostic = diagnostics->first; diagnostic != NULL; diagnostic = diagnostic->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (diagnostic != diagnostics->first)
			appendStringInfoChar(out, ',');
		append_error(out, diagnostic);
	}
	appendStringInfoChar(out, ']');
}

text *
fql_response_request_error(const FqlDiagnostics *diagnostics)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendStringInfoChar(&out, '{');
	fql_response_append_errors(&out, diagnostics);
	appendStringInfoChar(&out, '}');
	SET_VARSIZE(out.data, out.len);
	return (text *) out.data;
}

static inline bool
is_json_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The end of the JSON string that begins at "at": behind its closing quote. */
static const char *
string_end(const char *at, const char *end)
{
	for (at++; at < end; at++)
	{
		if (*at == '\\')
			at++;
		else if (*at == '"')
			return at + 1;
	}
	return end;
}

/*
 * Whole runs are copied at once: what SQL builds is compact already except for documents, which jsonb prints with a
 * blank behind each colon and comma.  Server encodings never hold an ASCII byte within a longer character, so looking
 * at bytes is exact.
 */
void
fql_response_append_compact(StringInfo out, const char *json, size_t len)
{
	const char *end = json + len;
	const char *run = json;
	const char *at = json;

	while (at < end)
	{
		if (*at == '"')
			at = string_end(at, end);
		else if (is_json_space(*at))
		{
			appendBinaryStringInfo(out, run, at - run);
			while (at < end && is_json_space(*at))
				at++;
			run = at;
		}
		else
			at++;
	}
	appendBinaryStringInfo(out, run, end - run);
}

FqlStr
fql_response_to_utf8(FqlStr text)
{
	char	   *converted;

	if (text.data == NULL || GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return text;
	if (text.len > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text is too long to be converted")));
	converted = pg_server_to_any(text.data, (int) text.len, PG_UTF8);
	if (converted == text.data)
		return text;
	return fql_str_from(converted);
}

text *
fql_response_from_utf8(FqlStr utf8)
{
	const char *data = utf8.len > 0 ? utf8.data : "";
	char	   *converted;

	if (utf8.len >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text is too long to be converted")));
	converted = pg_any_to_server(data, (int) utf8.len, PG_UTF8);
	return cstring_to_text_with_len(converted, converted == data ? (int) utf8.len : (int) strlen(converted));
}

/*
 * Looking into a response
 */

/* From behind the opening quote of a string to behind its closing one. */
static const char *
skip_string(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return at + 1;
}

/* From the beginning of a value to behind it; adds the objects in it, itself included. */
static const char *
skip_value(const char *at, const char *end, uint64 *objects)
{
	int64		depth = 0;

	while (at < end)
	{
		char		c = *at++;

		if (c == '"')
			at = skip_string(at, end);
		else if (c == '{' || c == '[')
		{
			depth++;
			*objects += c == '{' ? 1 : 0;
		}
		else if ((c == '}' || c == ']') && --depth == 0)
			break;
		else if (c == ',' && depth == 0)
			return at - 1;
	}
	return at;
}

/* Does the text go on with these bytes? */
static bool
goes_on(const char *at, const char *end, FqlStr with)
{
	return at < end && (size_t) (end - at) >= with.len && memcmp(at, with.data, with.len) == 0;
}

/* All responses are made here, in exec.c or in mutation.c: data is first, then errors. */
void
fql_response_figures(const text *response, uint64 *objects, bool *has_errors)
{
	const FqlStr data = FQL_STR("{\"data\":");
	const char *at = VARDATA_ANY(response);
	const char *end = at + VARSIZE_ANY_EXHDR(response);

	*objects = 0;
	*has_errors = !goes_on(at, end, data);
	if (*has_errors)
		return;
	at = skip_value(at + data.len, end, objects);
	*has_errors = goes_on(at, end, FQL_STR(",\"errors\":"));
	if (*objects > 0)
		(*objects)--;
}
