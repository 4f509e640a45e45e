/*
 * diag.h
 *    What went wrong with a request, with its place in the text: the core's only way to report.
 *
 * A diagnostic is data.  Turning it into the response's "errors" or into an ereport is the glue's work, in one
 * function there (response.c).  Shape of one error: GraphQL specification (September 2025), section 7.1.2.
 */
#ifndef FQL_DIAG_H
#define FQL_DIAG_H

#include <stdint.h>

#include "arena.h"

/* Line and column are 1-based and count Unicode code points in the column; zero means "no location". */
typedef struct FqlLocation
{
	uint32_t	line;
	uint32_t	column;
} FqlLocation;

/* extensions.code; fql_error_code_name() gives the text a client sees. */
typedef enum FqlErrorCode
{
	FQL_ERROR_PARSE,			/* GRAPHQL_PARSE_FAILED */
	FQL_ERROR_VALIDATION,		/* GRAPHQL_VALIDATION_FAILED */
	FQL_ERROR_BAD_INPUT,		/* BAD_USER_INPUT: variables, operation name, argument values at run time */
	FQL_ERROR_LIMIT,			/* LIMIT_EXCEEDED: size, tokens, depth, ... */
	FQL_ERROR_FORBIDDEN,		/* FORBIDDEN */
	FQL_ERROR_UNSUPPORTED,		/* UNSUPPORTED_OPERATION */
	FQL_ERROR_DATABASE			/* DATABASE_ERROR */
} FqlErrorCode;

extern const char *fql_error_code_name(FqlErrorCode code);

/* A response path, innermost element first; name.data == NULL means that this element is a list index. */
typedef struct FqlPath
{
	const struct FqlPath *parent;
	FqlStr		name;
	uint32_t	index;
} FqlPath;

#define FQL_DIAGNOSTIC_LOCATIONS 2

typedef struct FqlDiagnostic
{
	struct FqlDiagnostic *next;
	FqlErrorCode code;
	FqlStr		message;		/* a sentence for the client, valid UTF-8 */
	FqlLocation locations[FQL_DIAGNOSTIC_LOCATIONS];
	const FqlPath *path;		/* NULL for request errors */
	char		sqlstate[6];	/* extensions.sqlstate of an error that SQL raised; "": none */
	FqlStr		own_code;		/* extensions.code where it is none of ours; data == NULL: it is */
	int			http_status;	/* extensions.http.status; 0: none */
	FqlStr		extensions;		/* further members of extensions, JSON text as the glue writes it; data == NULL: none */
} FqlDiagnostic;

/* A bounded list: after "limit" diagnostics further ones are only counted, so hostile input cannot make it grow. */
typedef struct FqlDiagnostics
{
	FqlArena   *arena;
	FqlDiagnostic *first;
	FqlDiagnostic *last;
	FqlDiagnostic *scratch;		/* what fql_diagnose() returns beyond the limit; never in the list */
	uint32_t	count;
	uint32_t	limit;
} FqlDiagnostics;

#define FQL_DIAGNOSTICS_LIMIT 50

extern void fql_diagnostics_init(FqlDiagnostics *diagnostics, FqlArena *arena);

/* Add one; returns it, so that the caller may set a second location or a path (a scratch one beyond the limit). */
extern FqlDiagnostic *fql_diagnose(FqlDiagnostics *diagnostics, FqlErrorCode code, FqlLocation location,
								   const char *format,...) __attribute__((format(printf, 4, 5)));

/* For "%.*s": the length as int, then the data. */
#define FQL_STR_ARGS(text) (int) (text).len, (text).data

#endif							/* FQL_DIAG_H */
