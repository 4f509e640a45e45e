/*
 * support.h
 *    What the tests of the language share: parsing with a verdict, an AST as text, documents to try things on.
 */
#ifndef FQL_TEST_SUPPORT_H
#define FQL_TEST_SUPPORT_H

#include "parser.h"
#include "test.h"

/* Limits under which only the limit that a test is about can be passed. */
#define TEST_LIMITS_WIDE \
	((FqlLimits){.source_bytes = 1 << 28, .tokens = 1 << 28, .parser_depth = 500, .query_depth = 500, \
				 .aliases = 1 << 20, .directives = 1 << 20, .root_fields = 1 << 20, .selections = 1 << 20})

/* Parse; in an error's place NULL, with "line:column message" in *verdict (and "ok" in a document's). */
extern FqlDocument *test_parse(FqlArena *arena, FqlStr source, const FqlLimits *limits, FqlStr *verdict);

/* Parse under wide limits what must parse; a failed check and NULL where it does not. */
extern FqlDocument *test_parse_good(FqlArena *arena, FqlStr source);

/*
 * The whole AST as text that has nothing in common with GraphQL's, so that it cannot repeat the printer's mistakes.
 * Locations and descriptions on demand.
 */
extern FqlStr test_dump(FqlArena *arena, const FqlDocument *document, bool locations);

/* Visit the files of test/fuzz/corpus/document; returns how many there were. */
extern int	test_each_corpus_file(FqlArena *arena, void (*visit) (FqlArena *arena, const char *name, FqlStr text));

/* A grammatical document, different for each seed, with whitespace and comments at random. */
extern FqlStr test_random_document(FqlArena *arena, uint64_t seed);

/* A text repeated. */
extern FqlStr test_repeat(FqlArena *arena, const char *unit, size_t count);

/* Texts joined. */
extern FqlStr test_join(FqlArena *arena, FqlStr a, FqlStr b, FqlStr c);

#endif							/* FQL_TEST_SUPPORT_H */
