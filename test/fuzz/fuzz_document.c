/*
 * fuzz_document.c
 *    parse, print, parse, print: the second text is the first.
 */
#include "fuzz.h"
#include "printer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FqlArena   *arena = fql_arena_create_malloc();
	FqlStr		source = {(const char *) data, size};
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDocument *document = fuzz_parse(source, &limits, arena);

	if (document != NULL)
	{
		FqlStr		printed = fql_print_document(document, arena);
		FqlStr		again;

		limits = FUZZ_LIMITS_AGAIN;
		document = fuzz_parse(printed, &limits, arena);
		fuzz_require(document != NULL, "the printed text parses", source, printed);
		again = fql_print_document(document, arena);
		fuzz_require(fql_str_equal(printed, again), "printing is stable", printed, again);
	}
	fql_arena_release(arena);
	return 0;
}
