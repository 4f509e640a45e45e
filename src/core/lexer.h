/*
 * lexer.h
 *    Text to tokens: section 2.1 of the GraphQL specification (September 2025).  Only the parser uses it.
 *
 * Ignored tokens (whitespace, line terminators, commas, comments, byte order marks) are skipped and cost linear time;
 * they do not count against the token limit.  The whole text is held to strict UTF-8 without U+0000, comments too.
 */
#ifndef FQL_LEXER_H
#define FQL_LEXER_H

#include "diag.h"

typedef enum FqlTokenKind
{
	FQL_TOKEN_EOF,
	FQL_TOKEN_BANG,
	FQL_TOKEN_DOLLAR,
	FQL_TOKEN_AMPERSAND,
	FQL_TOKEN_LEFT_PAREN,
	FQL_TOKEN_RIGHT_PAREN,
	FQL_TOKEN_SPREAD,
	FQL_TOKEN_COLON,
	FQL_TOKEN_EQUALS,
	FQL_TOKEN_AT,
	FQL_TOKEN_LEFT_BRACKET,
	FQL_TOKEN_RIGHT_BRACKET,
	FQL_TOKEN_LEFT_BRACE,
	FQL_TOKEN_PIPE,
	FQL_TOKEN_RIGHT_BRACE,
	FQL_TOKEN_NAME,
	FQL_TOKEN_INT,
	FQL_TOKEN_FLOAT,
	FQL_TOKEN_STRING			/* block strings too */
} FqlTokenKind;

typedef struct FqlToken
{
	FqlTokenKind kind;
	FqlLocation location;
	FqlStr		text;			/* NAME, INT, FLOAT: as written; STRING: the value, decoded */
} FqlToken;

typedef struct FqlLexer
{
	const char *position;
	const char *end;
	FqlLocation location;		/* of position */
	uint32_t	tokens;			/* so far */
	uint32_t	token_limit;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
} FqlLexer;

extern void fql_lexer_init(FqlLexer *lexer, FqlStr source, uint32_t token_limit, FqlArena *arena,
						   FqlDiagnostics *diagnostics);

/* The next token, EOF again and again at the end.  False after a diagnostic; the lexer is of no use then. */
extern bool fql_lexer_next(FqlLexer *lexer, FqlToken *token);

/* How messages speak of a kind of token ("Name", "\"{\"") and of one token ("Name \"user\""). */
extern const char *fql_token_kind_name(FqlTokenKind kind);
extern FqlStr fql_token_describe(const FqlToken *token, FqlArena *arena);

#endif							/* FQL_LEXER_H */
