/*
 * fuzz.h
 *    What the fuzz targets share: one request's memory, and an abort with the evidence where a property fails.
 */
#ifndef FQL_FUZZ_H
#define FQL_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "parser.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold; the texts are what it was about. */
static inline void
fuzz_require(bool held, const char *property, FqlStr before, FqlStr after)
{
	if (held)
		return;
	fprintf(stderr, "property does not hold: %s\nbefore: %.*s\nafter:  %.*s\n", property, FQL_STR_ARGS(before),
			FQL_STR_ARGS(after));
	abort();
}

/*
 * Parse any bytes.  No document means exactly one diagnostic, with a place and a message; a document means none.
 */
static inline FqlDocument *
fuzz_parse(FqlStr source, const FqlLimits *limits, FqlArena *arena)
{
	FqlDiagnostics diagnostics;
	FqlDocument *document;

	fql_diagnostics_init(&diagnostics, arena);
	document = fql_parse(source, limits, arena, &diagnostics);
	fuzz_require(diagnostics.count == (document == NULL ? 1 : 0), "one diagnostic or a document", source, source);
	if (document == NULL)
	{
		const FqlDiagnostic *diagnostic = diagnostics.first;

		fuzz_require(diagnostic->code == FQL_ERROR_PARSE || diagnostic->code == FQL_ERROR_LIMIT, "the kind of error",
					 source, diagnostic->message);
		fuzz_require(diagnostic->locations[0].line > 0 && diagnostic->locations[0].column > 0, "a place for the error",
					 source, diagnostic->message);
		fuzz_require(diagnostic->message.len > 14 && diagnostic->message.len <= 500, "a message of bounded length",
					 source, diagnostic->message);
	}
	return document;
}

/* A canonical text grows against its source, so it is parsed again without limits on size. */
#define FUZZ_LIMITS_AGAIN \
	((FqlLimits){.source_bytes = UINT32_MAX, .tokens = UINT32_MAX, .parser_depth = UINT32_MAX})

#endif							/* FQL_FUZZ_H */
