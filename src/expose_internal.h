/*
 * expose_internal.h
 *    What exposing relations and exposing functions share: writing the tables of exposures, and judging a change of
 *    them by the problems that it brings about.
 */
#ifndef FQL_EXPOSE_INTERNAL_H
#define FQL_EXPOSE_INTERNAL_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "core/typesystem.h"

/* The OID of a table of the schema fraiseql, locked against other writers of exposures until the transaction ends. */
extern Oid	fql_expose_lock(const char *table);

/* Run a statement on such a table as its owner; returns the number of rows. */
extern uint64 fql_expose_write(Oid table, const char *sql, int count, Oid *types, Datum *values, const char *nulls);

/* The type system as it is now, with the problems (of FqlProblem) of building it. */
extern FqlTypeSystem *fql_expose_build(List **problems);

/* Raise the first problem that was not there before. */
extern void fql_expose_raise_new_problem(const List *before, const List *after);

/*
 * Take one out of the schema; false: it was not exposed.  Who does not own it is refused.  One that is gone belongs to
 * nobody, so everybody who may call this may clear it away.
 */
extern bool fql_expose_hide_relation(Oid relid);
extern bool fql_expose_hide_function(Oid oid);

#endif							/* FQL_EXPOSE_INTERNAL_H */
