/*
 * limits.h
 *    How large a request may be.  The glue fills this from the settings fraiseql.max_*; zero is never "unlimited".
 */
#ifndef FQL_LIMITS_H
#define FQL_LIMITS_H

#include <stdint.h>

/* The parser goes no deeper whatever parser_depth says: every recursion over an AST relies on it. */
#define FQL_PARSER_DEPTH_MAX 1000

/* How deep the JSON of a request may nest.  The jsonb type goes as deep as the stack; this only has to be a bound. */
#define FQL_REQUEST_JSON_DEPTH 512

typedef struct FqlLimits
{
	uint32_t	source_bytes;	/* checked before lexing */
	uint32_t	tokens;			/* checked in the lexer */
	uint32_t	parser_depth;	/* nesting of { [ ( and types, checked in the parser */
	uint32_t	query_depth;	/* fields below the operation, fragments expanded; checked in validation */
	uint32_t	aliases;
	uint32_t	directives;
	uint32_t	root_fields;
	uint32_t	selections;		/* fields and fragments of the whole document after expansion */
} FqlLimits;

#define FQL_LIMITS_DEFAULT \
	((FqlLimits){.source_bytes = 262144, .tokens = 15000, .parser_depth = 64, .query_depth = 20, .aliases = 50, \
				 .directives = 50, .root_fields = 20, .selections = 10000})

#endif							/* FQL_LIMITS_H */
