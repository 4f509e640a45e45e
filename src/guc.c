/*
 * guc.c
 *    The settings, in alphabetical order.
 *
 * Limits and everything that decides what is cached need superuser (or SIGHUP): a role that only calls the API must not
 * raise its own limits.  The prefix "fraiseql" is deliberately not reserved: FraiseQL applications set placeholders
 * such as fraiseql.tenant_id, and reserving the prefix would make each of those fail.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "guc.h"

double		fql_alert_audit_records_warning;
double		fql_alert_cascade_failure_rate_critical;
double		fql_alert_eviction_rate_warning;
double		fql_alert_extraction_p99_warning;
double		fql_alert_hit_rate_critical;
double		fql_alert_hit_rate_unhealthy;
double		fql_alert_hit_rate_warning;
double		fql_alert_in_flight_critical;
double		fql_alert_in_flight_warning;
double		fql_alert_invalidation_rate_critical;
double		fql_alert_invalidation_rate_warning;
int			fql_alert_log_interval;
double		fql_alert_memory_critical;
double		fql_alert_memory_warning;
double		fql_alert_qps_warning;
bool		fql_audit_log;
int			fql_audit_log_retention;
int			fql_audit_ring_size;
double		fql_breaking_point_qps;
int			fql_bulk_write_limit;
int			fql_cascade_max_entities;
char	   *fql_cascade_notify_channel;
int			fql_cascade_queue_size;
bool		fql_cache_enabled;
int			fql_cache_max_entry_size;
int			fql_cache_max_tags;
double		fql_cache_plan_factor;
int			fql_cache_size;
int			fql_cache_ttl;
char	   *fql_cache_vary;
int			fql_coalesce_timeout;
bool		fql_graphql_metrics;
int			fql_health_min_calls;
int			fql_health_window;
int			fql_max_page_size;
int			fql_operation_stats_max;
bool		fql_response_bigint_strings;
int			fql_tag_table_size;
double		fql_verify_sample;
int			fql_worker_interval;

static int	max_aliases;
static int	max_directives;
static int	max_parser_depth;
static int	max_query_depth;
static int	max_query_size;
static int	max_query_tokens;
static int	max_root_fields;
static int	max_selections;
static int	max_variables_size;

/*
 * The names under which FraiseQL and its applications keep the caller's identity: row security policies read them, so
 * an answer depends on their values.
 */
#define DEFAULT_VARY \
	"app.account_id, app.account_role, app.actor_id, app.actor_role, app.organization_id, app.tenant_id, " \
	"app.user_id, fraiseql.tenant_id, fraiseql.user_id, request.jwt.claims"

FqlLimits
fql_limits(void)
{
	return (FqlLimits){
		.source_bytes = (uint32_t) max_query_size * 1024,
		.tokens = (uint32_t) max_query_tokens,
		.parser_depth = (uint32_t) max_parser_depth,
		.query_depth = (uint32_t) max_query_depth,
		.aliases = (uint32_t) max_aliases,
		.directives = (uint32_t) max_directives,
		.root_fields = (uint32_t) max_root_fields,
		.selections = (uint32_t) max_selections,
	};
}

Size
fql_max_variables_size(void)
{
	return (Size) max_variables_size * 1024;
}

/*
 * fraiseql.cache_vary must be a list of names.  Whether a setting of that name exists is not asked: those that an
 * application sets exist only in the sessions that have set them.
 */
static bool
check_cache_vary(char **newval, void **extra pg_attribute_unused(), GucSource source pg_attribute_unused())
{
	char	   *copy = pstrdup(*newval);
	List	   *names;

	if (!SplitGUCList(copy, ',', &names))
	{
		GUC_check_errdetail("List syntax is invalid.");
		return false;
	}
	list_free(names);
	pfree(copy);
	return true;
}

/* fraiseql.cascade_notify_channel must be a name that NOTIFY takes. */
static bool
check_notify_channel(char **newval, void **extra pg_attribute_unused(), GucSource source pg_attribute_unused())
{
	if (strlen(*newval) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name is too long.");
	return false;
}

/*
 * The server allows a setting that takes a restart only while it starts.  In a library that is loaded later there is no
 * cache to have a size.
 */
static void
define_sizes(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	DefineCustomIntVariable("fraiseql.audit_ring_size",
							"How many of the last cascades fraiseql.audit_recent shows.",
							"About 900 bytes of shared memory each. 0: none is recorded.",
							&fql_audit_ring_size,
							10000,
							0,
							10 * 1000 * 1000,
							PGC_POSTMASTER,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.cascade_queue_size",
							"Shared memory for cascades on their way to the background worker.",
							"When it is full, cascades are counted and not recorded. Answers are fresh all the same.",
							&fql_cascade_queue_size,
							4096,
							256,
							1024 * 1024,
							PGC_POSTMASTER,
							GUC_UNIT_KB,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.cache_size",
							"Shared memory for cached answers.",
							"More is allocated beside it: about 7 % for the entries' headers and an index, and "
							"fraiseql.tag_table_size.",
							&fql_cache_size,
							64,
							1,
							1024 * 1024,
							PGC_POSTMASTER,
							GUC_UNIT_MB,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.operation_stats_max",
							"How many operations fraiseql.operation_stats shows.",
							"About 3.3 kB of shared memory each. When there are more, the least used give way. 0: "
							"none is counted.",
							&fql_operation_stats_max,
							1000,
							0,
							100 * 1000,
							PGC_POSTMASTER,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.tag_table_size",
							"Shared memory for the words that tell which tags have changed.",
							"Tags share words when there are many more of them, which costs needless misses. "
							"Rounded down to a power of two.",
							&fql_tag_table_size,
							32,
							1,
							16 * 1024,
							PGC_POSTMASTER,
							GUC_UNIT_MB,
							NULL,
							NULL,
							NULL);
}

static void
define_cache_settings(void)
{
	DefineCustomBoolVariable("fraiseql.cache_enabled",
							 "Answers operations from the cache and keeps their answers.",
							 "Off: every operation is executed. Tracking of writes goes on, so turning it on again is "
							 "safe.",
							 &fql_cache_enabled,
							 true,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomIntVariable("fraiseql.cache_max_entry_size",
							"The largest answer that is kept.",
							NULL,
							&fql_cache_max_entry_size,
							1024,
							1,
							MAX_KILOBYTES,
							PGC_SUSET,
							GUC_UNIT_KB,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.cache_max_tags",
							"The most tags that one answer depends on.",
							"Beyond it, of the relation with the most tags any change counts.",
							&fql_cache_max_tags,
							1000,
							1,
							1000 * 1000,
							PGC_SUSET,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomRealVariable("fraiseql.cache_plan_factor",
							 "How much more a plan may cost that makes an answer depend on fewer rows.",
							 "A factor of the cheapest plan's cost, for executions whose answer may be kept. 1: always "
							 "the cheapest plan.",
							 &fql_cache_plan_factor,
							 10,
							 1,
							 1000 * 1000,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomIntVariable("fraiseql.cache_ttl",
							"How long a cached answer may live at most.",
							"A safety net: freshness does not depend on it. fraiseql.expose() can make it shorter "
							"for a type.",
							&fql_cache_ttl,
							24 * 60 * 60,
							1,
							INT_MAX,
							PGC_SUSET,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
	DefineCustomStringVariable("fraiseql.cache_vary",
							   "Settings whose values are part of every cache key, read or not.",
							   "Needed only for settings that a function declared pure reads: "
							   "others that an answer reads are noticed.",
							   &fql_cache_vary,
							   DEFAULT_VARY,
							   PGC_SUSET,
							   GUC_LIST_INPUT,
							   check_cache_vary,
							   NULL,
							   NULL);
}

/* What happens with records of cascades outside shared memory. */
static void
define_audit_log(void)
{
	DefineCustomBoolVariable("fraiseql.audit_log",
							 "Writes the audit trail of each database to its table fraiseql.audit_log.",
							 "A background worker of the database does so, after the commit.",
							 &fql_audit_log,
							 false,
							 PGC_SIGHUP,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomIntVariable("fraiseql.audit_log_retention",
							"Days after which rows of fraiseql.audit_log are deleted.",
							"0: never.",
							&fql_audit_log_retention,
							30,
							0,
							100 * 1000,
							PGC_SIGHUP,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomStringVariable("fraiseql.cascade_notify_channel",
							   "The channel on which each committed cascade is told by NOTIFY.",
							   "Everybody who may connect can listen, and is told the ids of changed rows. "
							   "Empty: none is told.",
							   &fql_cascade_notify_channel,
							   "",
							   PGC_SIGHUP,
							   0,
							   check_notify_channel,
							   NULL,
							   NULL);
}

/* One limit: at least 1, superuser only. */
static void
define_limit(const char *name, const char *description, int *variable, int value, int largest, int flags)
{
	DefineCustomIntVariable(name, description, NULL, variable, value, 1, largest, PGC_SUSET, flags, NULL, NULL, NULL);
}

static void
define_limits(void)
{
	const FqlLimits defaults = FQL_LIMITS_DEFAULT;

	define_limit("fraiseql.max_aliases", "The most aliases in one document.", &max_aliases, (int) defaults.aliases,
				 INT_MAX, 0);
	define_limit("fraiseql.max_directives", "The most directives in one document.", &max_directives,
				 (int) defaults.directives, INT_MAX, 0);
	define_limit("fraiseql.max_page_size", "The most rows in one list; a longer one is an error, never cut silently.",
				 &fql_max_page_size, 10000, INT_MAX - 1, 0);
	define_limit("fraiseql.max_parser_depth", "The deepest nesting of brackets in a document.", &max_parser_depth,
				 (int) defaults.parser_depth, FQL_PARSER_DEPTH_MAX, 0);
	define_limit("fraiseql.max_query_depth", "The deepest nesting of fields in an operation.", &max_query_depth,
				 (int) defaults.query_depth, 200, 0);
	define_limit("fraiseql.max_query_size", "The longest document.", &max_query_size,
				 (int) (defaults.source_bytes / 1024), 64 * 1024, GUC_UNIT_KB);
	define_limit("fraiseql.max_query_tokens", "The most tokens in a document.", &max_query_tokens,
				 (int) defaults.tokens, 10 * 1000 * 1000, 0);
	define_limit("fraiseql.max_root_fields", "The most root fields in an operation.", &max_root_fields,
				 (int) defaults.root_fields, INT_MAX, 0);
	define_limit("fraiseql.max_selections", "The most fields in an operation after expanding fragments.",
				 &max_selections, (int) defaults.selections, 10 * 1000 * 1000, 0);
	define_limit("fraiseql.max_variables_size", "The largest variables object.", &max_variables_size, 1024,
				 1024 * 1024, GUC_UNIT_KB);
}

/* A threshold of an alert: a configuration of the server, since the background worker judges for all. */
static void
define_threshold(const char *name, const char *description, double *variable, double value, double largest, int flags)
{
	DefineCustomRealVariable(name, description, "See the view fraiseql.health_checks.", variable, value, 0, largest,
							 PGC_SIGHUP, flags, NULL, NULL, NULL);
}

/* Where a rate of 1 is no longer bad, or no figure bad enough, there is no alert. */
static void
define_thresholds(void)
{
	const double many = 1e12;

	define_threshold("fraiseql.alert_audit_records_warning", "Warn above so many audit records since the last reset.",
					 &fql_alert_audit_records_warning, 100 * 1000, many, 0);
	define_threshold("fraiseql.alert_cascade_extraction_p99_warning",
					 "Warn above this 99th percentile of the time that a mutation's cascade takes.",
					 &fql_alert_extraction_p99_warning, 50, many, GUC_UNIT_MS);
	define_threshold("fraiseql.alert_cascade_failure_rate_critical",
					 "Alarm above this part of cascades that failed or were lost.",
					 &fql_alert_cascade_failure_rate_critical, 0.001, 1, 0);
	define_threshold("fraiseql.alert_eviction_rate_warning", "Warn above so many evictions for each answer kept.",
					 &fql_alert_eviction_rate_warning, 0.5, many, 0);
	define_threshold("fraiseql.alert_hit_rate_critical", "Alarm below this hit rate.", &fql_alert_hit_rate_critical,
					 0.6, 1, 0);
	define_threshold("fraiseql.alert_hit_rate_unhealthy", "Unhealthy below this hit rate.",
					 &fql_alert_hit_rate_unhealthy, 0.5, 1, 0);
	define_threshold("fraiseql.alert_hit_rate_warning", "Warn below this hit rate.", &fql_alert_hit_rate_warning,
					 0.75, 1, 0);
	define_threshold("fraiseql.alert_in_flight_critical", "Alarm above so many calls that execute or wait.",
					 &fql_alert_in_flight_critical, 50 * 1000, many, 0);
	define_threshold("fraiseql.alert_in_flight_warning", "Warn above so many calls that execute or wait.",
					 &fql_alert_in_flight_warning, 10 * 1000, many, 0);
	define_threshold("fraiseql.alert_invalidation_rate_critical",
					 "Alarm above so many invalidated answers for each call.", &fql_alert_invalidation_rate_critical,
					 0.5, many, 0);
	define_threshold("fraiseql.alert_invalidation_rate_warning",
					 "Warn above so many invalidated answers for each call.", &fql_alert_invalidation_rate_warning,
					 0.3, many, 0);
	DefineCustomIntVariable("fraiseql.alert_log_interval",
							"The shortest time between two messages about one alert that are no worse news.",
							NULL,
							&fql_alert_log_interval,
							60,
							0,
							24 * 60 * 60,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
	define_threshold("fraiseql.alert_memory_critical", "Alarm above so much memory in use by answers.",
					 &fql_alert_memory_critical, 64 * 1024, many, GUC_UNIT_MB);
	define_threshold("fraiseql.alert_memory_warning", "Warn above so much memory in use by answers.",
					 &fql_alert_memory_warning, 32 * 1024, many, GUC_UNIT_MB);
	define_threshold("fraiseql.alert_qps_warning", "Warn above so many calls and writes a second.",
					 &fql_alert_qps_warning, 8000, many, 0);
}

/* How health is judged. */
static void
define_health(void)
{
	DefineCustomRealVariable("fraiseql.breaking_point_qps",
							 "Calls and writes a second that this machine bears.",
							 "The headroom that fraiseql.health shows is what is left of it. Measure your own.",
							 &fql_breaking_point_qps,
							 10 * 1000,
							 1,
							 1e12,
							 PGC_SIGHUP,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomIntVariable("fraiseql.health_min_calls",
							"Rates of fewer calls say nothing about health.",
							"Within fraiseql.health_window.",
							&fql_health_min_calls,
							100,
							1,
							INT_MAX,
							PGC_SIGHUP,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.health_window",
							"The time that health is judged by.",
							NULL,
							&fql_health_window,
							60,
							1,
							60 * 60,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
}

void
fql_guc_define(void)
{
	define_thresholds();
	define_audit_log();
	DefineCustomIntVariable("fraiseql.bulk_write_limit",
							"The most rows of one table that a transaction names one by one.",
							"A transaction that changes more of them invalidates every answer that read the table.",
							&fql_bulk_write_limit,
							1000,
							0,
							1000 * 1000,
							PGC_SUSET,
							0,
							NULL,
							NULL,
							NULL);
	define_cache_settings();
	DefineCustomIntVariable("fraiseql.cascade_max_entities",
							"The most rows that the cascade of a transaction names.",
							"A transaction that changes more says that its cascade is truncated. What is invalidated "
							"does not depend on it.",
							&fql_cascade_max_entities,
							500,
							0,
							1000 * 1000,
							PGC_SUSET,
							0,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("fraiseql.coalesce_timeout",
							"How long a session waits for another one that executes the same operation.",
							"Then it executes by itself. 0: it never waits.",
							&fql_coalesce_timeout,
							10 * 1000,
							0,
							60 * 60 * 1000,
							PGC_USERSET,
							GUC_UNIT_MS,
							NULL,
							NULL,
							NULL);
	DefineCustomBoolVariable("fraiseql.graphql_metrics",
							 "Adds the field _metrics to Query: the sums of the monitoring views.",
							 "Operations that ask for it are always executed. ALTER ROLE ... SET adds it for one role.",
							 &fql_graphql_metrics,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	define_health();
	define_limits();
	define_sizes();
	DefineCustomBoolVariable("fraiseql.response_bigint_strings",
							 "Prints BigInt and Decimal columns as JSON strings.",
							 "JavaScript clients lose digits of large numbers otherwise. Documents of read models are "
							 "printed as stored.",
							 &fql_response_bigint_strings,
							 true,
							 PGC_USERSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomRealVariable("fraiseql.verify_sample",
							 "The part of the hits that is executed too, and compared.",
							 "0: none, 1: all. A verified hit costs its session one execution. Differences are in "
							 "fraiseql.verify_stats and in the server's log.",
							 &fql_verify_sample,
							 0,
							 0,
							 1,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomIntVariable("fraiseql.worker_interval",
							"Pause between two rounds of the background worker.",
							"In each it processes the cascades that were committed, in every tenth it looks for dead "
							"and expired answers.",
							&fql_worker_interval,
							100,
							10,
							60 * 60 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL,
							NULL,
							NULL);
}
