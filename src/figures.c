/*
 * figures.c
 *    Numbers and times as people read them, for the report and the dashboard.
 *
 * They are the same whatever the session's lc_numeric, DateStyle and extra_float_digits are: people compare them with
 * those of yesterday.  All characters are ASCII, so that they are the same in every encoding too.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "figures.h"
#include "health_checks.h"

/* Digits of a whole number, in groups of three. */
static char *
grouped(const char *digits)
{
	size_t		length = strlen(digits);
	size_t		start = digits[0] == '-' ? 1 : 0;
	char	   *result = palloc(length + length / 3 + 1);
	char	   *at = result;

	for (size_t i = 0; i < length; i++)
	{
		if (i > start && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return result;
}

/* Not those at the end of a fraction. */
static char *
without_zeroes(char *digits)
{
	char	   *end = digits + strlen(digits);

	if (strchr(digits, '.') == NULL)
		return digits;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return digits;
}

char *
fql_figure_count(double value)
{
	return isnan(value) ? pstrdup(FQL_FIGURE_UNKNOWN) : grouped(psprintf("%.0f", value));
}

char *
fql_figure_short(double value)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
	double		size = fabs(value);
	size_t		unit = 0;

	if (isnan(value))
		return pstrdup(FQL_FIGURE_UNKNOWN);
	while (size >= 999.5 && unit < lengthof(units) - 1)
	{
		size /= 1000;
		value /= 1000;
		unit++;
	}
	return psprintf("%s%s", without_zeroes(psprintf("%.*f", size >= 99.5 ? 0 : size >= 9.95 ? 1 : 2, value)),
					units[unit]);
}

char *
fql_figure_rate(double value)
{
	return value < 9.95 && value != floor(value) ? psprintf("%.1f", value) : fql_figure_count(value);
}

char *
fql_figure_percent(double value)
{
	bool		is_near_end = (value > 0 && value < 0.0095) || (value < 1 && value > 0.9905);

	if (isnan(value))
		return pstrdup(FQL_FIGURE_UNKNOWN);
	return psprintf("%.*f %%", is_near_end ? 2 : 1, value * 100);
}

char *
fql_figure_bytes(double value)
{
	return isnan(value) ? pstrdup(FQL_FIGURE_UNKNOWN) : fql_check_figure(FQL_UNIT_BYTES, value);
}

/* Two units, the second of which there are "size" in the first. */
static char *
two_units(double small, double size, const char *first, const char *second)
{
	double		whole = floor(small / size);

	return psprintf("%s %s %.0f %s", fql_figure_count(whole), first, floor(small - whole * size), second);
}

char *
fql_figure_duration(double milliseconds)
{
	double		seconds = milliseconds / 1000;

	if (isnan(milliseconds))
		return pstrdup(FQL_FIGURE_UNKNOWN);
	if (milliseconds < 999.5)
		return psprintf("%.*f ms", milliseconds >= 99.5 || milliseconds == 0 ? 0 : milliseconds >= 9.95 ? 1 : 2,
						milliseconds);
	if (seconds < 60)
		return psprintf("%.1f s", seconds);
	if (seconds < 3600)
		return two_units(seconds, 60, "min", "s");
	if (seconds < 86400)
		return two_units(seconds / 60, 60, "h", "min");
	return two_units(seconds / 3600, 24, "d", "h");
}

/* What the wall's clock shows where the session is; false: no such time. */
static bool
broken_down(TimestampTz time, struct pg_tm *parts, int *zone, const char **zone_name)
{
	fsec_t		fraction;

	return !TIMESTAMP_NOT_FINITE(time) && timestamp2tm(time, zone, parts, &fraction, zone_name, NULL) == 0;
}

char *
fql_figure_time(TimestampTz time)
{
	char		buffer[MAXDATELEN + 1];
	struct pg_tm parts;
	const char *zone_name;
	int			zone;

	if (time == 0 || !broken_down(time, &parts, &zone, &zone_name))
		return pstrdup(FQL_FIGURE_UNKNOWN);
	EncodeDateTime(&parts, 0, true, zone, zone_name, USE_ISO_DATES, buffer);
	return pstrdup(buffer);
}

char *
fql_figure_clock(TimestampTz time, bool with_seconds)
{
	struct pg_tm parts;
	const char *zone_name;
	int			zone;

	if (!broken_down(time, &parts, &zone, &zone_name))
		return pstrdup(FQL_FIGURE_UNKNOWN);
	if (with_seconds)
		return psprintf("%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
	return psprintf("%02d:%02d", parts.tm_hour, parts.tm_min);
}
