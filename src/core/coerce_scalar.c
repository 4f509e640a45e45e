/*
 * coerce_scalar.c
 *    Input coercion of the scalars (specification, section 3.5): from the text of a leaf to text for PostgreSQL.
 *
 * Every scalar accepts only what its PostgreSQL type's input function accepts, so that a client's mistake is found
 * here, with its place, and never as an SQL error.  Numbers stay text: they are checked digit by digit and never
 * become a machine number that would be printed again.
 */
#include "coerce_internal.h"

#include <math.h>
#include <stdlib.h>

/* What numeric can hold: digits before and after the point. */
#define FQL_NUMERIC_INTEGER_DIGITS 131072
#define FQL_NUMERIC_FRACTION_DIGITS 16383

/* Exponents are read up to here; beyond, no number but zero fits any type. */
#define FQL_EXPONENT_MAX 1000000

/* Digits of the largest 64-bit integer. */
#define FQL_WHOLE_DIGITS 19

/* A number taken apart.  Its value is the digits of integer and fraction, times ten to (exponent - fraction.len). */
typedef struct FqlNumber
{
	bool		negative;
	FqlStr		integer;
	FqlStr		fraction;		/* len == 0: none */
	long		exponent;
} FqlNumber;

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits from *at on, and step over them. */
static FqlStr
take_digits(const char **at, const char *end)
{
	const char *first = *at;

	while (*at < end && is_digit(**at))
		(*at)++;
	return (FqlStr){first, (size_t) (*at - first)};
}

/* The exponent after "e"; false: there are no digits.  A huge one is cut to just beyond the maximum. */
static bool
take_exponent(const char **at, const char *end, long *exponent)
{
	bool		negative = *at < end && **at == '-';
	FqlStr		digits;

	if (*at < end && (**at == '-' || **at == '+'))
		(*at)++;
	digits = take_digits(at, end);
	for (size_t i = 0; i < digits.len && *exponent <= FQL_EXPONENT_MAX; i++)
		*exponent = *exponent * 10 + (digits.data[i] - '0');
	if (negative)
		*exponent = -*exponent;
	return digits.len > 0;
}

/* The grammar of JSON and GraphQL numbers, but leading zeros are accepted: strings of numbers may have them. */
static bool
parse_number(FqlStr text, FqlNumber *number)
{
	const char *at = text.data;
	const char *end = text.data + text.len;

	*number = (FqlNumber){.negative = text.len > 0 && *at == '-'};
	at += number->negative;
	number->integer = take_digits(&at, end);
	if (number->integer.len == 0)
		return false;
	if (at < end && *at == '.')
	{
		at++;
		number->fraction = take_digits(&at, end);
		if (number->fraction.len == 0)
			return false;
	}
	if (at < end && (*at == 'e' || *at == 'E'))
	{
		at++;
		if (!take_exponent(&at, end, &number->exponent))
			return false;
	}
	return at == end;
}

/* The i-th digit of integer and fraction taken together. */
static inline char
nth_digit(const FqlNumber *number, size_t i)
{
	return i < number->integer.len ? number->integer.data[i] : number->fraction.data[i - number->integer.len];
}

/* How many of the digits are zeros at the front; all of them for zero. */
static size_t
leading_zeros(const FqlNumber *number)
{
	size_t		count = number->integer.len + number->fraction.len;
	size_t		zeros = 0;

	while (zeros < count && nth_digit(number, zeros) == '0')
		zeros++;
	return zeros;
}

/* Write a whole number of at most "limit" (one more below zero); false: it has a fraction or is too large. */
static bool
print_whole(const FqlNumber *number, uint64_t limit, FqlArena *arena, FqlStr *result)
{
	size_t		count = number->integer.len + number->fraction.len;
	size_t		first = leading_zeros(number);
	size_t		last = count;
	long		zeros;			/* to append to the significant digits */
	uint64_t	value = 0;

	if (first == count)
	{
		*result = FQL_STR("0");
		return true;
	}
	while (nth_digit(number, last - 1) == '0')
		last--;
	if (count > FQL_EXPONENT_MAX)
		return false;
	zeros = (long) (count - last) + number->exponent - (long) number->fraction.len;
	if (zeros < 0 || zeros > FQL_WHOLE_DIGITS || last - first + (size_t) zeros > FQL_WHOLE_DIGITS)
		return false;
	for (size_t i = first; i < last; i++)
		value = value * 10 + (uint64_t) (nth_digit(number, i) - '0');
	while (zeros-- > 0)
		value *= 10;
	if (value > limit + number->negative)
		return false;
	*result = fql_arena_printf(arena, "%s%llu", number->negative ? "-" : "", (unsigned long long) value);
	return true;
}

/* A leaf that is a number, taken apart.  An integer literal type does not accept literals with a point or exponent. */
static bool
is_whole_leaf(const FqlLeafText *leaf, FqlNumber *number)
{
	return (leaf->kind == FQL_LEAF_INT || leaf->kind == FQL_LEAF_NUMBER) && parse_number(leaf->text, number);
}

static bool
coerce_int(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlNumber	number;

	return is_whole_leaf(leaf, &number) && print_whole(&number, INT32_MAX, arena, result);
}

/* A string of digits, with a sign perhaps. */
static bool
parse_digit_string(FqlStr text, FqlNumber *number)
{
	return parse_number(text, number) && number->integer.len + number->negative == text.len;
}

/* A number, or a string of digits: clients whose numbers are doubles send strings. */
static bool
coerce_bigint(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlNumber	number;

	if (leaf->kind == FQL_LEAF_STRING ? !parse_digit_string(leaf->text, &number) : !is_whole_leaf(leaf, &number))
		return false;
	return print_whole(&number, INT64_MAX, arena, result);
}

/* Any string, or an integer.  An integer keeps its digits however many: an ID is text. */
static bool
coerce_id(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlNumber	number;

	*result = leaf->text;
	if (leaf->kind == FQL_LEAF_STRING)
		return fql_is_storable(leaf->text);
	if (!is_whole_leaf(leaf, &number))
		return false;
	if (number.integer.len + number.negative == leaf->text.len && !fql_str_equal(leaf->text, FQL_STR("-0")))
		return true;
	return print_whole(&number, INT64_MAX, arena, result);
}

static bool
is_numeric_kind(FqlLeafKind kind)
{
	return kind == FQL_LEAF_INT || kind == FQL_LEAF_FLOAT || kind == FQL_LEAF_NUMBER;
}

/*
 * A finite double.  The text is kept; strtod() only tells whether it is in range.  It reads the point by LC_NUMERIC,
 * which PostgreSQL keeps at "C".  What is too small for a double becomes 0, as IEEE 754 rounds it, because float8's
 * input function would refuse it.
 */
static bool
coerce_float(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlNumber	number;
	char	   *terminated;
	double		value;

	if (!is_numeric_kind(leaf->kind) || !parse_number(leaf->text, &number))
		return false;
	terminated = fql_arena_alloc(arena, leaf->text.len + 1);
	memcpy(terminated, leaf->text.data, leaf->text.len);
	value = strtod(terminated, NULL);
	if (!isfinite(value))
		return false;
	*result = value == 0.0 ? FQL_STR("0") : leaf->text;
	return true;
}

/* Does numeric hold the number?  Trailing zeros of the fraction count: they are part of its scale. */
static bool
fits_numeric(const FqlNumber *number)
{
	size_t		count = number->integer.len + number->fraction.len;
	size_t		zeros = leading_zeros(number);
	long		before;
	long		after;

	if (count > FQL_EXPONENT_MAX || number->exponent > FQL_EXPONENT_MAX || number->exponent < -FQL_EXPONENT_MAX)
		return false;
	before = zeros == count ? 0 : (long) number->integer.len - (long) zeros + number->exponent;
	after = (long) number->fraction.len - number->exponent;
	return before <= FQL_NUMERIC_INTEGER_DIGITS && after <= FQL_NUMERIC_FRACTION_DIGITS;
}

bool
fql_is_decimal(FqlStr text)
{
	FqlNumber	number;

	return parse_number(text, &number) && fits_numeric(&number);
}

/* Any decimal number, or a string of one, digit for digit; only superfluous zeros at the front go. */
static bool
coerce_decimal(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlNumber	number;
	FqlStr		digits;

	if (leaf->kind == FQL_LEAF_BOOLEAN || !parse_number(leaf->text, &number) || !fits_numeric(&number))
		return false;
	*result = leaf->text;
	if (number.integer.len == 1 || number.integer.data[0] != '0')
		return true;
	digits = leaf->text;
	digits.data = number.integer.data;
	digits.len -= number.negative;
	while (digits.len > 1 && digits.data[0] == '0' && is_digit(digits.data[1]))
	{
		digits.data++;
		digits.len--;
	}
	*result = fql_arena_printf(arena, "%s%.*s", number.negative ? "-" : "", FQL_STR_ARGS(digits));
	return true;
}

static bool
coerce_boolean(const FqlLeafText *leaf, FqlStr *result)
{
	*result = leaf->text;
	return leaf->kind == FQL_LEAF_BOOLEAN;
}

/* A string as JSON; a number or boolean as it is. */
static bool
coerce_json_leaf(const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	FqlBuffer	buffer;

	*result = leaf->text;
	if (is_numeric_kind(leaf->kind))
		return fql_is_decimal(leaf->text);
	if (leaf->kind == FQL_LEAF_BOOLEAN)
		return true;
	if (!fql_is_storable(leaf->text))
		return false;
	fql_buffer_init(&buffer, arena);
	fql_buffer_append_quoted(&buffer, leaf->text);
	*result = fql_buffer_text(&buffer);
	return true;
}

static bool
coerce_string(const FqlLeafText *leaf, FqlStr *result)
{
	*result = leaf->text;
	return leaf->kind == FQL_LEAF_STRING && fql_is_storable(leaf->text);
}

/* A string that this check accepts. */
static bool
coerce_checked(const FqlLeafText *leaf, bool (*check) (FqlStr text), FqlStr *result)
{
	*result = leaf->text;
	return leaf->kind == FQL_LEAF_STRING && check(leaf->text);
}

bool
fql_coerce_leaf(FqlScalar scalar, const FqlLeafText *leaf, FqlArena *arena, FqlStr *result)
{
	switch (scalar)
	{
		case FQL_SCALAR_ID:
			return coerce_id(leaf, arena, result);
		case FQL_SCALAR_INT:
			return coerce_int(leaf, arena, result);
		case FQL_SCALAR_BIGINT:
			return coerce_bigint(leaf, arena, result);
		case FQL_SCALAR_FLOAT:
			return coerce_float(leaf, arena, result);
		case FQL_SCALAR_DECIMAL:
			return coerce_decimal(leaf, arena, result);
		case FQL_SCALAR_BOOLEAN:
			return coerce_boolean(leaf, result);
		case FQL_SCALAR_STRING:
			return coerce_string(leaf, result);
		case FQL_SCALAR_JSON:
			return coerce_json_leaf(leaf, arena, result);
		case FQL_SCALAR_DATE:
			return coerce_checked(leaf, fql_is_date, result);
		case FQL_SCALAR_DATETIME:
			return coerce_checked(leaf, fql_is_datetime, result);
		case FQL_SCALAR_TIME:
			return coerce_checked(leaf, fql_is_time, result);
		case FQL_SCALAR_COUNT:
			break;
	}
	return false;
}

const char *
fql_scalar_expectation(FqlScalar scalar)
{
	switch (scalar)
	{
		case FQL_SCALAR_ID:
			return ", a string or an integer";
		case FQL_SCALAR_INT:
			return ", a whole number of 32 bits";
		case FQL_SCALAR_BIGINT:
			return ", a whole number of 64 bits or a string of one";
		case FQL_SCALAR_FLOAT:
			return ", a finite number";
		case FQL_SCALAR_DECIMAL:
			return ", a decimal number or a string of one";
		case FQL_SCALAR_BOOLEAN:
			return ", true or false";
		case FQL_SCALAR_STRING:
			return ", a string without U+0000";
		case FQL_SCALAR_JSON:
			return ", with neither U+0000 nor a number beyond the range of numeric";
		case FQL_SCALAR_DATE:
			return ", a date such as \"2024-02-29\"";
		case FQL_SCALAR_DATETIME:
			return ", a date and time such as \"2024-02-29T12:30:00Z\"";
		case FQL_SCALAR_TIME:
			return ", a time such as \"12:30:00\"";
		case FQL_SCALAR_COUNT:
			break;
	}
	return "";
}

bool
fql_is_storable(FqlStr text)
{
	return text.len == 0 || memchr(text.data, '\0', text.len) == NULL;
}

static inline bool
is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool
fql_is_uuid(FqlStr text)
{
	int			digits = 0;

	if (text.len >= 2 && text.data[0] == '{')
	{
		if (text.data[text.len - 1] != '}')
			return false;
		text = (FqlStr){text.data + 1, text.len - 2};
	}
	for (size_t i = 0; i < text.len; i++)
	{
		bool		after_four = digits > 0 && digits < 32 && digits % 4 == 0 && text.data[i - 1] != '-';

		if (is_hex_digit(text.data[i]))
			digits++;
		else if (text.data[i] != '-' || !after_four)
			return false;
		if (digits > 32)
			return false;
	}
	return digits == 32 && text.data[text.len - 1] != '-';
}
