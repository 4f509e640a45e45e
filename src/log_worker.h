/*
 * log_worker.h
 *    Background workers that write the records of cascades to the table fraiseql.audit_log, and notify of them.
 */
#ifndef FQL_LOG_WORKER_H
#define FQL_LOG_WORKER_H

/* Start or wake the log worker of each database that has records to be logged.  The background worker alone. */
extern void fql_log_workers_start(void);

#endif							/* FQL_LOG_WORKER_H */
