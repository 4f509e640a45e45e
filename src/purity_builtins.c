/*
 * purity_builtins.c
 *    Which built-in functions an answer may depend on: data, one line a name, each with its reason.
 *
 * Immutable functions need no line.  Stable ones are safe only if they stand here; volatile ones never are, and stand
 * here only to give the better reason.  A function that a later version of PostgreSQL adds is therefore refused until
 * somebody has thought about it.
 */
#include "postgres.h"

#include "catalog/pg_proc.h"

#include "purity_builtins.h"

typedef struct FqlBuiltin
{
	const char *name;
	FqlReason	reason;			/* FQL_REASON_NONE: safe, where it is stable */
	const char *why;
} FqlBuiltin;

/*
 * Sorted by name; all functions of a name stand together, so a name with one unsafe variant is unsafe.  A safe one is
 * safe because of
 *   types     it is stable because it calls the output functions of its arguments' types; those print by settings in
 *             the key
 *   zone      it depends on TimeZone, DateStyle, IntervalStyle or lc_*, which are in the key
 *   identity  it depends on database, role, session user or search_path, which are in the key
 *   catalog   it depends on definitions, whose change moves the schema's or the roles' tag
 */
static const FqlBuiltin builtins[] = {
	{"age", FQL_REJECTED_CLOCK, "the one of one argument counts from today"},
	{"anyarray_out", FQL_REASON_NONE, "types"},
	{"anytextcat", FQL_REASON_NONE, "types"},
	{"array_out", FQL_REASON_NONE, "types"},
	{"array_to_json", FQL_REASON_NONE, "types"},
	{"array_to_string", FQL_REASON_NONE, "types"},
	{"cash_in", FQL_REASON_NONE, "zone: lc_monetary"},
	{"cash_out", FQL_REASON_NONE, "zone: lc_monetary"},
	{"clock_timestamp", FQL_REJECTED_CLOCK, "the time"},
	{"concat", FQL_REASON_NONE, "types"},
	{"concat_ws", FQL_REASON_NONE, "types"},
	{"convert", FQL_REASON_NONE, "identity: the database's encoding"},
	{"convert_from", FQL_REASON_NONE, "identity"},
	{"convert_to", FQL_REASON_NONE, "identity"},
	{"current_database", FQL_REASON_NONE, "identity"},
	{"current_schema", FQL_REASON_NONE, "identity, catalog"},
	{"current_schemas", FQL_REASON_NONE, "identity, catalog"},
	{"current_setting", FQL_REJECTED_SETTING, "where the name is a constant the answer varies on it instead"},
	{"current_user", FQL_REASON_NONE, "identity"},
	{"currval", FQL_REJECTED_SEQUENCE, "where it stands"},
	{"date", FQL_REASON_NONE, "zone"},
	{"date_add", FQL_REASON_NONE, "zone"},
	{"date_cmp_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_eq_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_ge_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_gt_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_in", FQL_REJECTED_CLOCK, "'today'"},
	{"date_le_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_lt_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_ne_timestamptz", FQL_REASON_NONE, "zone"},
	{"date_out", FQL_REASON_NONE, "zone"},
	{"date_part", FQL_REASON_NONE, "zone"},
	{"date_subtract", FQL_REASON_NONE, "zone"},
	{"date_trunc", FQL_REASON_NONE, "zone"},
	{"enum_first", FQL_REASON_NONE, "catalog"},
	{"enum_in", FQL_REASON_NONE, "catalog"},
	{"enum_last", FQL_REASON_NONE, "catalog"},
	{"enum_out", FQL_REASON_NONE, "catalog"},
	{"enum_range", FQL_REASON_NONE, "catalog"},
	{"extract", FQL_REASON_NONE, "zone"},
	{"format", FQL_REASON_NONE, "types"},
	{"format_type", FQL_REASON_NONE, "catalog"},
	{"generate_series", FQL_REASON_NONE, "zone"},
	{"get_current_ts_config", FQL_REASON_NONE, "zone: default_text_search_config is in the key"},
	{"getdatabaseencoding", FQL_REASON_NONE, "identity"},
	{"getpgusername", FQL_REASON_NONE, "identity"},
	{"in_range", FQL_REASON_NONE, "zone"},
	{"interval_in", FQL_REASON_NONE, "zone"},
	{"interval_out", FQL_REASON_NONE, "zone"},
	{"interval_pl_timestamptz", FQL_REASON_NONE, "zone"},
	{"json_agg", FQL_REASON_NONE, "types"},
	{"json_agg_strict", FQL_REASON_NONE, "types"},
	{"json_agg_strict_transfn", FQL_REASON_NONE, "types"},
	{"json_agg_transfn", FQL_REASON_NONE, "types"},
	{"json_build_array", FQL_REASON_NONE, "types"},
	{"json_build_object", FQL_REASON_NONE, "types"},
	{"json_object_agg", FQL_REASON_NONE, "types"},
	{"json_object_agg_strict", FQL_REASON_NONE, "types"},
	{"json_object_agg_strict_transfn", FQL_REASON_NONE, "types"},
	{"json_object_agg_transfn", FQL_REASON_NONE, "types"},
	{"json_object_agg_unique", FQL_REASON_NONE, "types"},
	{"json_object_agg_unique_strict", FQL_REASON_NONE, "types"},
	{"json_object_agg_unique_strict_transfn", FQL_REASON_NONE, "types"},
	{"json_object_agg_unique_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_agg", FQL_REASON_NONE, "types"},
	{"jsonb_agg_finalfn", FQL_REASON_NONE, "types"},
	{"jsonb_agg_strict", FQL_REASON_NONE, "types"},
	{"jsonb_agg_strict_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_agg_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_build_array", FQL_REASON_NONE, "types"},
	{"jsonb_build_object", FQL_REASON_NONE, "types"},
	{"jsonb_object_agg_finalfn", FQL_REASON_NONE, "types"},
	{"jsonb_object_agg_strict_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_object_agg_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_object_agg_unique_strict_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_object_agg_unique_transfn", FQL_REASON_NONE, "types"},
	{"jsonb_path_exists_tz", FQL_REJECTED_CLOCK, "a time compared with a timetz takes today's offset"},
	{"jsonb_path_match_tz", FQL_REJECTED_CLOCK, "likewise"},
	{"jsonb_path_query_array_tz", FQL_REJECTED_CLOCK, "likewise"},
	{"jsonb_path_query_first_tz", FQL_REJECTED_CLOCK, "likewise"},
	{"jsonb_path_query_tz", FQL_REJECTED_CLOCK, "likewise"},
	{"lastval", FQL_REJECTED_SEQUENCE, "where it stands"},
	{"length", FQL_REASON_NONE, "identity: the database's encoding"},
	{"make_timestamptz", FQL_REASON_NONE, "zone"},
	{"money", FQL_REASON_NONE, "zone: lc_monetary"},
	{"multirange_out", FQL_REASON_NONE, "types"},
	{"nextval", FQL_REJECTED_SEQUENCE, "moves it"},
	{"now", FQL_REJECTED_CLOCK, "the time"},
	{"numeric", FQL_REASON_NONE, "zone: of money"},
	{"overlaps", FQL_REASON_NONE, "zone"},
	{"pg_column_compression", FQL_REJECTED_STATISTICS, "how a value is stored"},
	{"pg_column_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_column_toast_chunk_id", FQL_REJECTED_STATISTICS, "how a value is stored"},
	{"pg_database_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_get_sequence_data", FQL_REJECTED_SEQUENCE, "where it stands"},
	{"pg_has_role", FQL_REASON_NONE, "identity, catalog"},
	{"pg_indexes_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_relation_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_sequence_last_value", FQL_REJECTED_SEQUENCE, "where it stands"},
	{"pg_stat_have_stats", FQL_REJECTED_STATISTICS, "statistics"},
	{"pg_table_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_tablespace_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_total_relation_size", FQL_REJECTED_STATISTICS, "size"},
	{"pg_typeof", FQL_REASON_NONE, "types"},
	{"phraseto_tsquery", FQL_REASON_NONE, "catalog"},
	{"plainto_tsquery", FQL_REASON_NONE, "catalog"},
	{"quote_literal", FQL_REASON_NONE, "types"},
	{"quote_nullable", FQL_REASON_NONE, "types"},
	{"range_out", FQL_REASON_NONE, "types"},
	{"record_out", FQL_REASON_NONE, "types"},
	{"row_to_json", FQL_REASON_NONE, "types"},
	{"session_user", FQL_REASON_NONE, "identity"},
	{"setval", FQL_REJECTED_SEQUENCE, "moves it"},
	{"statement_timestamp", FQL_REJECTED_CLOCK, "the time"},
	{"textanycat", FQL_REASON_NONE, "types"},
	{"time", FQL_REASON_NONE, "zone"},
	{"time_in", FQL_REJECTED_CLOCK, "'now'"},
	{"timeofday", FQL_REJECTED_CLOCK, "the time"},
	{"timestamp", FQL_REASON_NONE, "zone"},
	{"timestamp_cmp_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_eq_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_ge_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_gt_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_in", FQL_REJECTED_CLOCK, "'now'"},
	{"timestamp_le_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_lt_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_ne_timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamp_out", FQL_REASON_NONE, "zone"},
	{"timestamptz", FQL_REASON_NONE, "zone"},
	{"timestamptz_cmp_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_cmp_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_eq_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_eq_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_ge_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_ge_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_gt_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_gt_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_in", FQL_REJECTED_CLOCK, "'now'"},
	{"timestamptz_le_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_le_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_lt_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_lt_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_mi_interval", FQL_REASON_NONE, "zone"},
	{"timestamptz_ne_date", FQL_REASON_NONE, "zone"},
	{"timestamptz_ne_timestamp", FQL_REASON_NONE, "zone"},
	{"timestamptz_out", FQL_REASON_NONE, "zone"},
	{"timestamptz_pl_interval", FQL_REASON_NONE, "zone"},
	{"timetz", FQL_REJECTED_CLOCK, "of a time: today's offset"},
	{"timetz_in", FQL_REJECTED_CLOCK, "'now', and today's offset"},
	{"timezone", FQL_REJECTED_CLOCK, "of a timetz: today's offset"},
	{"to_char", FQL_REASON_NONE, "zone"},
	{"to_date", FQL_REASON_NONE, "zone"},
	{"to_json", FQL_REASON_NONE, "types"},
	{"to_jsonb", FQL_REASON_NONE, "types"},
	{"to_number", FQL_REASON_NONE, "zone: lc_numeric"},
	{"to_timestamp", FQL_REASON_NONE, "zone"},
	{"to_tsquery", FQL_REASON_NONE, "catalog"},
	{"to_tsvector", FQL_REASON_NONE, "catalog"},
	{"transaction_timestamp", FQL_REJECTED_CLOCK, "the time"},
	{"ts_headline", FQL_REASON_NONE, "catalog"},
	{"ts_match_tq", FQL_REASON_NONE, "catalog"},
	{"ts_match_tt", FQL_REASON_NONE, "catalog"},
	{"websearch_to_tsquery", FQL_REASON_NONE, "catalog"},
};

/* Functions under the views pg_stat_* and pg_statio_*: there are about a hundred, and more in each version. */
#define STATISTICS_PREFIX "pg_stat_get_"

static int
compare_names(const void *key, const void *element)
{
	return strcmp(key, ((const FqlBuiltin *) element)->name);
}

FqlReason
fql_builtin_reason(const char *name, char volatility)
{
	const FqlBuiltin *builtin;

	if (volatility == PROVOLATILE_IMMUTABLE)
		return FQL_REASON_NONE;
	if (strncmp(name, STATISTICS_PREFIX, strlen(STATISTICS_PREFIX)) == 0)
		return FQL_REJECTED_STATISTICS;
	builtin = bsearch(name, builtins, lengthof(builtins), sizeof(FqlBuiltin), compare_names);
	if (builtin != NULL && (builtin->reason != FQL_REASON_NONE || volatility == PROVOLATILE_STABLE))
		return builtin->reason;
	return volatility == PROVOLATILE_STABLE ? FQL_REJECTED_STABLE : FQL_REJECTED_VOLATILE;
}
