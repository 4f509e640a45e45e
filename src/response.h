/*
 * response.h
 *    The response map of the specification, section 7, as JSON text.
 */
#ifndef FQL_RESPONSE_H
#define FQL_RESPONSE_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/diag.h"

/* {"errors":[...]}: a request error carries no "data". */
extern text *fql_response_request_error(const FqlDiagnostics *diagnostics);

/* Append "errors":[...] (no comma around it). */
extern void fql_response_append_errors(StringInfo out, const FqlDiagnostics *diagnostics);

/* How many objects a response has in its data, at any depth and without data itself; and whether it has errors. */
extern void fql_response_figures(const text *response, uint64 *objects, bool *has_errors);

/* Append JSON text without insignificant whitespace. */
extern void fql_response_append_compact(StringInfo out, const char *json, size_t len);

/* Text of the database, in its encoding, as UTF-8; the same pointer where nothing changes. */
extern FqlStr fql_response_to_utf8(FqlStr text);

/* UTF-8 as text of the database, in its encoding.  Raises where a character does not exist there. */
extern text *fql_response_from_utf8(FqlStr utf8);

#endif							/* FQL_RESPONSE_H */
