/*
 * health_views.c
 *    How health is shown: the views health and health_checks, and fraiseql.health() for load balancers.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "guc.h"
#include "health.h"
#include "jsonout.h"
#include "views.h"

PG_FUNCTION_INFO_V1(fql_health);
PG_FUNCTION_INFO_V1(fql_health_checks);
PG_FUNCTION_INFO_V1(fql_health_status);

#define HEALTH_STATUS_COLUMNS 16
#define HEALTH_CHECKS_COLUMNS 10

/*
 * Members of JSON
 */

static void
put_number(StringInfo json, const char *key, double value)
{
	fql_jsonout_key(json, key);
	if (isnan(value))
		appendStringInfoString(json, "null");
	else
		appendStringInfoString(json, DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(value))));
}

/* As timestamptz is in JSON, whatever DateStyle is. */
static void
put_time(StringInfo json, const char *key, TimestampTz time)
{
	char		buffer[MAXDATELEN + 1];

	fql_jsonout_key(json, key);
	if (time == 0)
		appendStringInfoString(json, "null");
	else
		appendStringInfo(json, "\"%s\"", JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID, NULL));
}

static void
put_alert(StringInfo json, const FqlHealth *health, FqlCheck check)
{
	const FqlCheckInfo *info = fql_check_info(check);
	const FqlCheckState *state = &health->checks[check];

	fql_jsonout_element(json);
	appendStringInfoChar(json, '{');
	fql_jsonout_string_member(json, "check", info->name);
	fql_jsonout_string_member(json, "level", fql_alert_level_name(fql_health_level(health, check)));
	put_number(json, "value", state->value);
	put_number(json, "threshold", fql_check_threshold(info, state->severity - 1));
	fql_jsonout_string_member(json, "unit", fql_check_unit_name(info->unit));
	put_time(json, "since", state->since);
	fql_jsonout_string_member(json, "message", fql_check_message(info, state->value, state->severity));
	fql_jsonout_string_member(json, "advice", fql_health_advice(health, check));
	appendStringInfoChar(json, '}');
}

/* [{check, level, value, threshold, unit, since, message, advice}], of the checks that are not well. */
static void
put_alerts(StringInfo json, const FqlHealth *health)
{
	appendStringInfoChar(json, '[');
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		if (fql_health_level(health, check) != FQL_ALERT_NONE)
			put_alert(json, health, check);
	appendStringInfoChar(json, ']');
}

static Datum
jsonb_of(const StringInfo json)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json->data));
}

/* fraiseql.health() returns jsonb: what the view health has, under the same names */
Datum
fql_health(PG_FUNCTION_ARGS)
{
	StringInfoData json;
	FqlHealth	health;

	(void) fcinfo;
	fql_health_get(&health);
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	fql_jsonout_string_member(&json, "status", fql_health_status_name(health.status));
	put_time(&json, "since", health.since);
	put_time(&json, "measured_at", health.at);
	put_number(&json, "window_seconds", health.seconds);
	put_number(&json, "hit_rate", fql_health_hit_rate(&health));
	put_number(&json, "invalidation_rate", fql_health_invalidation_rate(&health));
	put_number(&json, "reads_per_second", fql_health_reads(&health));
	put_number(&json, "writes_per_second", fql_health_writes(&health));
	put_number(&json, "headroom", fql_health_headroom(&health));
	put_number(&json, "in_flight", health.checks[FQL_CHECK_IN_FLIGHT].value);
	put_number(&json, "memory_bytes", health.checks[FQL_CHECK_MEMORY].value);
	fql_jsonout_string_member(&json, "advice", fql_health_first_advice(&health));
	fql_jsonout_key(&json, "alerts");
	put_alerts(&json, &health);
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(jsonb_of(&json));
}

/*
 * The views
 */

static void
put_figure(Datum *values, bool *nulls, int column, double value)
{
	nulls[column] = isnan(value);
	values[column] = Float8GetDatum(value);
}

static void
put_moment(Datum *values, bool *nulls, int column, TimestampTz time)
{
	nulls[column] = time == 0;
	values[column] = TimestampTzGetDatum(time);
}

/* A whole number that a check has as its figure. */
static void
put_count(Datum *values, bool *nulls, int column, double value)
{
	nulls[column] = isnan(value);
	if (!isnan(value))
		values[column] = Int64GetDatum((int64) value);
}

/* fraiseql.health_status(): one row. */
Datum
fql_health_status(PG_FUNCTION_ARGS)
{
	Datum		values[HEALTH_STATUS_COLUMNS] = {0};
	bool		nulls[HEALTH_STATUS_COLUMNS] = {false};
	StringInfoData alerts;
	FqlHealth	health;
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	fql_health_get(&health);
	initStringInfo(&alerts);
	put_alerts(&alerts, &health);
	values[0] = CStringGetTextDatum(fql_health_status_name(health.status));
	put_moment(values, nulls, 1, health.since);
	values[2] = Int32GetDatum(fql_health_alerts(&health, FQL_ALERT_WARNING));
	values[3] = Int32GetDatum(fql_health_alerts(&health, FQL_ALERT_CRITICAL));
	values[4] = jsonb_of(&alerts);
	values[5] = CStringGetTextDatum(fql_health_first_advice(&health));
	put_figure(values, nulls, 6, fql_health_hit_rate(&health));
	put_figure(values, nulls, 7, fql_health_invalidation_rate(&health));
	put_figure(values, nulls, 8, health.checks[FQL_CHECK_CASCADE_FAILURE_RATE].value);
	put_figure(values, nulls, 9, fql_health_reads(&health));
	put_figure(values, nulls, 10, fql_health_writes(&health));
	put_figure(values, nulls, 11, fql_health_headroom(&health));
	put_count(values, nulls, 12, health.checks[FQL_CHECK_IN_FLIGHT].value);
	put_count(values, nulls, 13, health.checks[FQL_CHECK_MEMORY].value);
	put_figure(values, nulls, 14, health.seconds);
	put_moment(values, nulls, 15, health.at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

static void
put_threshold(Datum *values, bool *nulls, int column, const FqlCheckInfo *info, FqlAlertLevel level)
{
	int			step = fql_check_step(info, level);

	nulls[column] = step < 0;
	if (step >= 0)
		values[column] = Float8GetDatum(fql_check_threshold(info, step));
}

static void
put_check(ReturnSetInfo *result, const FqlHealth *health, FqlCheck check)
{
	const FqlCheckInfo *info = fql_check_info(check);
	const FqlCheckState *state = &health->checks[check];
	Datum		values[HEALTH_CHECKS_COLUMNS] = {0};
	bool		nulls[HEALTH_CHECKS_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(info->name);
	values[1] = CStringGetTextDatum(fql_alert_level_name(fql_health_level(health, check)));
	put_figure(values, nulls, 2, state->value);
	put_threshold(values, nulls, 3, info, FQL_ALERT_WARNING);
	put_threshold(values, nulls, 4, info, FQL_ALERT_CRITICAL);
	values[5] = CStringGetTextDatum(fql_check_unit_name(info->unit));
	put_moment(values, nulls, 6, state->since);
	values[7] = CStringGetTextDatum(unpack_sql_state(info->sqlstate));
	values[8] = CStringGetTextDatum(fql_check_message(info, state->value, state->severity));
	nulls[9] = state->severity == 0;
	if (state->severity > 0)
		values[9] = CStringGetTextDatum(fql_health_advice(health, check));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* fraiseql.health_checks(): a row for each check, also those that are well. */
Datum
fql_health_checks(PG_FUNCTION_ARGS)
{
	FqlHealth	health;

	InitMaterializedSRF(fcinfo, 0);
	fql_health_get(&health);
	for (FqlCheck check = 0; check < FQL_CHECK_COUNT; check++)
		put_check((ReturnSetInfo *) fcinfo->resultinfo, &health, check);
	return (Datum) 0;
}
