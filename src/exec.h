/*
 * exec.h
 *    Run a collected query operation and complete its response.
 *
 * The caller has pushed the one snapshot under which everything must run.  The statement runs read-only, without
 * parallel workers (their nested reads could not be observed), inside an internal subtransaction: an error that is the
 * operation's own (data exceptions, missing privileges, RAISE) becomes a field error with path and location, and the
 * root fields are then run one by one, so that siblings keep their data.  Errors that are the server's or the
 * session's (cancel, shutdown, out of memory, serialization, internal) are thrown on.
 */
#ifndef FQL_EXEC_H
#define FQL_EXEC_H

#include "postgres.h"

#include "nodes/params.h"

#include "compat.h"
#include "core/collect.h"
#include "sqlgen.h"

/*
 * The response text ({"data":...} or {"data":...,"errors":[...]}) as json, palloc'ed in CurrentMemoryContext.
 * for_fill: plans may cost more for the sake of what the answer then depends on (precise.c).  *clean: no error in it,
 * so it may be cached.
 */
extern text *fql_exec_query(const FqlSelectedField *roots, uint32_t count, FqlArena *arena, bool for_fill,
							bool *clean);

/* What mutation.c shares: a statement's parameters, and the judgement and telling of errors. */
extern ParamListInfo fql_exec_parameters(const FqlSql *sql);
extern bool fql_exec_throws_on(int sqlstate, bool reading_values);
extern void fql_exec_diagnose(FqlDiagnostics *diagnostics, const FqlSelectedField *root, const ErrorData *error);
extern void fql_exec_log_error(const FqlSql *sql, const ErrorData *error);	/* sql may be NULL */
FQL_COMPAT_NORETURN extern void fql_exec_throw_on(ErrorData *error);

#endif							/* FQL_EXEC_H */
