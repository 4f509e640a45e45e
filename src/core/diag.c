/*
 * diag.c
 *    What went wrong with a request, with its place in the text.
 *
 * Every message passes through here, so here it is made fit for a client whatever it quotes: a bounded length, valid
 * UTF-8, no control characters.  Callers can quote client text without a thought.
 */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

/* Bytes of one message; enough for any sentence of ours with a name or a value quoted in it. */
#define FQL_MESSAGE_LIMIT 500

/* What stands at the end of a message that was cut. */
#define FQL_MESSAGE_CUT "..."

const char *
fql_error_code_name(FqlErrorCode code)
{
	switch (code)
	{
		case FQL_ERROR_PARSE:
			return "GRAPHQL_PARSE_FAILED";
		case FQL_ERROR_VALIDATION:
			return "GRAPHQL_VALIDATION_FAILED";
		case FQL_ERROR_BAD_INPUT:
			return "BAD_USER_INPUT";
		case FQL_ERROR_LIMIT:
			return "LIMIT_EXCEEDED";
		case FQL_ERROR_FORBIDDEN:
			return "FORBIDDEN";
		case FQL_ERROR_UNSUPPORTED:
			return "UNSUPPORTED_OPERATION";
		case FQL_ERROR_DATABASE:
			break;
	}
	return "DATABASE_ERROR";
}

void
fql_diagnostics_init(FqlDiagnostics *diagnostics, FqlArena *arena)
{
	*diagnostics = (FqlDiagnostics){.arena = arena, .limit = FQL_DIAGNOSTICS_LIMIT};
}

/* C0 controls, DEL and C1 controls: they could forge lines or colours where a message is shown. */
static bool
is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

/* Write into shown what stands for the code point at the start of text; returns how many bytes of text it used. */
static size_t
show_code_point(FqlStr text, char *shown, size_t size)
{
	uint32_t	code_point;
	size_t		length = fql_utf8_decode(text.data, text.len, &code_point);

	if (length == 0)
	{
		snprintf(shown, size, "\\x%02X", (unsigned int) (unsigned char) text.data[0]);
		return 1;
	}
	if (is_control(code_point))
		snprintf(shown, size, "\\u%04X", (unsigned int) code_point);
	else
	{
		memcpy(shown, text.data, length);
		shown[length] = '\0';
	}
	return length;
}

/* The formatted text as a client may see it. */
static FqlStr
sanitize_message(FqlArena *arena, FqlStr raw)
{
	size_t		limit = FQL_MESSAGE_LIMIT - strlen(FQL_MESSAGE_CUT);
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	for (size_t i = 0; i < raw.len;)
	{
		char		shown[16];

		i += show_code_point((FqlStr){raw.data + i, raw.len - i}, shown, sizeof(shown));
		if (buffer.len + strlen(shown) > limit)
		{
			fql_buffer_append_cstring(&buffer, FQL_MESSAGE_CUT);
			break;
		}
		fql_buffer_append_cstring(&buffer, shown);
	}
	return fql_buffer_text(&buffer);
}

/* The node to fill: a linked one, or beyond the limit always the same unlinked one. */
static FqlDiagnostic *
next_diagnostic(FqlDiagnostics *diagnostics)
{
	FqlDiagnostic *diagnostic;

	if (diagnostics->count++ >= diagnostics->limit)
	{
		if (diagnostics->scratch == NULL)
			diagnostics->scratch = FQL_NEW(diagnostics->arena, FqlDiagnostic);
		return diagnostics->scratch;
	}
	diagnostic = FQL_NEW(diagnostics->arena, FqlDiagnostic);
	if (diagnostics->last != NULL)
		diagnostics->last->next = diagnostic;
	else
		diagnostics->first = diagnostic;
	diagnostics->last = diagnostic;
	return diagnostic;
}

FqlDiagnostic *
fql_diagnose(FqlDiagnostics *diagnostics, FqlErrorCode code, FqlLocation location, const char *format,...)
{
	FqlDiagnostic *diagnostic = next_diagnostic(diagnostics);
	char		raw[2 * FQL_MESSAGE_LIMIT];
	va_list		arguments;
	int			length;

	*diagnostic = (FqlDiagnostic){.code = code, .message = FQL_STR(""), .locations = {location}};
	if (diagnostic == diagnostics->scratch)
		return diagnostic;		/* nobody reads it: no text */
	va_start(arguments, format);
	length = vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t) length >= sizeof(raw))
		length = sizeof(raw) - 1;
	diagnostic->message = sanitize_message(diagnostics->arena, (FqlStr){raw, (size_t) length});
	return diagnostic;
}
