/*
 * guc.h
 *    The settings, fraiseql.<area>_<noun>; guc.c has each with its unit, range, default and description.
 */
#ifndef FQL_GUC_H
#define FQL_GUC_H

#include "postgres.h"

#include "core/limits.h"

extern double fql_alert_audit_records_warning;
extern double fql_alert_cascade_failure_rate_critical;	/* rates: 0 to 1 */
extern double fql_alert_eviction_rate_warning;
extern double fql_alert_extraction_p99_warning; /* milliseconds */
extern double fql_alert_hit_rate_critical;
extern double fql_alert_hit_rate_unhealthy;
extern double fql_alert_hit_rate_warning;
extern double fql_alert_in_flight_critical; /* calls */
extern double fql_alert_in_flight_warning;
extern double fql_alert_invalidation_rate_critical;
extern double fql_alert_invalidation_rate_warning;
extern int	fql_alert_log_interval; /* seconds */
extern double fql_alert_memory_critical;	/* MB */
extern double fql_alert_memory_warning;
extern double fql_alert_qps_warning;	/* calls and writes a second */
extern bool fql_audit_log;
extern int	fql_audit_log_retention;	/* days, 0: no limit */
extern int	fql_audit_ring_size;	/* records */
extern int	fql_cascade_queue_size; /* kB */
extern int	fql_cascade_max_entities;	/* rows that a cascade names, at most */
extern char *fql_cascade_notify_channel;	/* empty: nobody is notified */
extern double fql_breaking_point_qps;	/* calls and writes a second that the machine bears */
extern int	fql_bulk_write_limit;	/* rows of one relation in one transaction */
extern bool fql_cache_enabled;
extern int	fql_cache_max_entry_size;	/* kB */
extern int	fql_cache_max_tags;	/* tags of one answer */
extern double fql_cache_plan_factor;	/* how much more a precise plan may cost */
extern int	fql_cache_size;		/* MB */
extern int	fql_cache_ttl;		/* seconds */
extern char *fql_cache_vary;	/* comma-separated names of settings that are in every key */
extern int	fql_coalesce_timeout;	/* milliseconds, 0: nobody waits for another one's execution */
extern bool fql_graphql_metrics;	/* the field _metrics is in the schema */
extern int	fql_health_min_calls;
extern int	fql_health_window;	/* seconds */
extern int	fql_max_page_size;	/* rows of one list */
extern int	fql_operation_stats_max;	/* operations, 0: none is counted */
extern bool fql_response_bigint_strings;	/* BigInt and Decimal columns as JSON strings */
extern int	fql_tag_table_size; /* MB */
extern double fql_verify_sample;	/* the part of hits that is verified */
extern int	fql_worker_interval;	/* milliseconds */

/* The fraiseql.max_* settings as the core wants them. */
extern FqlLimits fql_limits(void);

/* The largest variables object, in bytes of jsonb. */
extern Size fql_max_variables_size(void);

extern void fql_guc_define(void);

#endif							/* FQL_GUC_H */
