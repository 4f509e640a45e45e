/*
 * fuzz_normalize.c
 *    Normalizing is idempotent, and neither the spelling of the document nor its other definitions change the result.
 */
#include "fuzz.h"
#include "normalizer.h"
#include "printer.h"

/* Normalize the canonical text: it is its own canonical text and has nothing to lift. */
static void
check_idempotent(FqlNormalized once, FqlArena *arena)
{
	FqlLimits	limits = FUZZ_LIMITS_AGAIN;
	FqlDocument *document = fuzz_parse(once.text, &limits, arena);
	FqlNormalized twice;

	fuzz_require(document != NULL && document->operation_count == 1, "the canonical text parses", once.text, once.text);
	twice = fql_normalize(document, document->operations, arena);
	fuzz_require(fql_str_equal(once.text, twice.text), "normalizing is idempotent", once.text, twice.text);
	fuzz_require(twice.literals.len == 0, "every literal is lifted at once", once.text, twice.literals);
}

/* The same document printed and parsed again normalizes to the same, operation by operation. */
static void
check_spelling(const FqlDocument *document, FqlArena *arena)
{
	FqlLimits	limits = FUZZ_LIMITS_AGAIN;
	FqlStr		printed = fql_print_document(document, arena);
	FqlDocument *respelled = fuzz_parse(printed, &limits, arena);
	const FqlOperation *other;

	fuzz_require(respelled != NULL && respelled->operation_count == document->operation_count,
				 "the printed text parses", printed, printed);
	other = respelled->operations;
	for (const FqlOperation *operation = document->operations; operation != NULL; operation = operation->next)
	{
		FqlNormalized a = fql_normalize(document, operation, arena);
		FqlNormalized b = fql_normalize(respelled, other, arena);

		fuzz_require(fql_str_equal(a.text, b.text), "spelling does not matter", a.text, b.text);
		fuzz_require(fql_str_equal(a.literals, b.literals), "spelling of literals does not matter", a.literals,
					 b.literals);
		fuzz_require(fql_str_equal(a.shape, b.shape), "spelling does not matter for the shape", a.shape, b.shape);
		check_idempotent(a, arena);
		other = other->next;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FqlArena   *arena = fql_arena_create_malloc();
	FqlLimits	limits = FQL_LIMITS_DEFAULT;
	FqlDocument *document = fuzz_parse((FqlStr){(const char *) data, size}, &limits, arena);

	/* Many operations in one input show nothing new and cost their number times the fragments. */
	if (document != NULL && document->operation_count <= 8)
		check_spelling(document, arena);
	fql_arena_release(arena);
	return 0;
}
