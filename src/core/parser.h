/*
 * parser.h
 *    Text to AST.
 *
 * Returns NULL after adding exactly one positioned diagnostic (FQL_ERROR_PARSE or FQL_ERROR_LIMIT).  Type system
 * definitions are a parse error with a message of their own.  The source must stay alive as long as the AST.
 */
#ifndef FQL_PARSER_H
#define FQL_PARSER_H

#include "ast.h"
#include "limits.h"

extern FqlDocument *fql_parse(FqlStr source, const FqlLimits *limits, FqlArena *arena, FqlDiagnostics *diagnostics);

/*
 * GetOperation of the specification, section 6.1: the operation of that name, or the only one when name.data is NULL.
 * NULL after a diagnostic (FQL_ERROR_BAD_INPUT).
 */
extern FqlOperation *fql_get_operation(const FqlDocument *document, FqlStr name, FqlDiagnostics *diagnostics);

#endif							/* FQL_PARSER_H */
