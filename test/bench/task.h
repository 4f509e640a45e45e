/*
 * task.h
 *    The key whose execution takes as long as one wants, and the settings under which it is asked for.
 */
#ifndef BENCH_TASK_H
#define BENCH_TASK_H

#include "load.h"

/* Statements that load_prepare() takes: ask for a task; change it, and learn its version. */
#define TASK_ASK "SELECT fraiseql.execute('query ($id: Int!) { task(id: $id) { version execution } }', " \
	"jsonb_build_object('id', $1::int))"
#define TASK_WRITE "UPDATE tb_task SET version = version + 1 WHERE id = $1 RETURNING version"

extern void task_create(Session *session, int id, const char *kind, double ms);
extern int	task_executions(Session *session);
extern const char *coalescing_set(Load *load, const char *timeout);
extern void coalescing_figures(Session *session, const char *prefix, const char *columns);

#endif							/* BENCH_TASK_H */
