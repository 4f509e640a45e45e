/*
 * coerce_datetime.c
 *    Dates and times as ISO 8601 writes them.
 *
 * PostgreSQL reads far more than this ("tomorrow", "Jan 8 99", a date whose order depends on DateStyle).  A GraphQL
 * scalar has one meaning whatever the session's settings are, so only forms that PostgreSQL reads alike under every
 * setting are let through, and only dates that exist.
 */
#include "coerce_internal.h"

/* PostgreSQL refuses displacements of 16 hours and more. */
#define FQL_OFFSET_HOURS_MAX 15

/* Nanoseconds; PostgreSQL rounds to microseconds. */
#define FQL_FRACTION_DIGITS_MAX 9

typedef struct FqlCursor
{
	const char *at;
	const char *end;
} FqlCursor;

static FqlCursor
cursor_at(FqlStr text)
{
	return (FqlCursor){text.data, text.data + text.len};
}

static bool
accept_char(FqlCursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

/* Exactly "count" digits whose value lies in low..high. */
static bool
accept_number(FqlCursor *cursor, int count, int low, int high, int *value)
{
	if (cursor->end - cursor->at < count)
		return false;
	*value = 0;
	for (int i = 0; i < count; i++)
	{
		char		c = *cursor->at++;

		if (c < '0' || c > '9')
			return false;
		*value = *value * 10 + (c - '0');
	}
	return *value >= low && *value <= high;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DD, from 0001-01-01 to 9999-12-31. */
static bool
accept_date(FqlCursor *cursor)
{
	int			year;
	int			month;
	int			day;

	return accept_number(cursor, 4, 1, 9999, &year) && accept_char(cursor, '-') &&
		accept_number(cursor, 2, 1, 12, &month) && accept_char(cursor, '-') &&
		accept_number(cursor, 2, 1, days_in_month(year, month), &day);
}

/* The digits after the point. */
static bool
accept_fraction(FqlCursor *cursor)
{
	int			digits = 0;

	while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
	{
		cursor->at++;
		digits++;
		if (digits > FQL_FRACTION_DIGITS_MAX)
			return false;
	}
	return digits > 0;
}

/* hh:mm with optional :ss and fraction; neither 24:00 nor a leap second. */
static bool
accept_clock(FqlCursor *cursor)
{
	int			ignored;

	if (!accept_number(cursor, 2, 0, 23, &ignored) || !accept_char(cursor, ':') ||
		!accept_number(cursor, 2, 0, 59, &ignored))
		return false;
	if (!accept_char(cursor, ':'))
		return true;
	if (!accept_number(cursor, 2, 0, 59, &ignored))
		return false;
	return !accept_char(cursor, '.') || accept_fraction(cursor);
}

/* Nothing, Z, or a sign with hh or hh:mm. */
static bool
accept_offset(FqlCursor *cursor)
{
	int			ignored;

	if (cursor->at == cursor->end || accept_char(cursor, 'Z'))
		return true;
	if (!accept_char(cursor, '+') && !accept_char(cursor, '-'))
		return false;
	if (!accept_number(cursor, 2, 0, FQL_OFFSET_HOURS_MAX, &ignored))
		return false;
	return !accept_char(cursor, ':') || accept_number(cursor, 2, 0, 59, &ignored);
}

bool
fql_is_date(FqlStr text)
{
	FqlCursor	cursor = cursor_at(text);

	return accept_date(&cursor) && cursor.at == cursor.end;
}

bool
fql_is_time(FqlStr text)
{
	FqlCursor	cursor = cursor_at(text);

	return accept_clock(&cursor) && accept_offset(&cursor) && cursor.at == cursor.end;
}

bool
fql_is_datetime(FqlStr text)
{
	FqlCursor	cursor = cursor_at(text);

	return accept_date(&cursor) && (accept_char(&cursor, 'T') || accept_char(&cursor, ' ')) &&
		accept_clock(&cursor) && accept_offset(&cursor) && cursor.at == cursor.end;
}
