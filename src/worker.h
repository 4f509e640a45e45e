/*
 * worker.h
 *    The background worker "fraiseql worker".
 */
#ifndef FQL_WORKER_H
#define FQL_WORKER_H

/* Register it; only while preloading. */
extern void fql_worker_init(void);

#endif							/* FQL_WORKER_H */
