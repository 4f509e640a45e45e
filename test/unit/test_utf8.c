/*
 * test_utf8.c
 *    The decoder accepts exactly the encodings of the Unicode scalar values, shown over all of them and near misses.
 */
#include "test.h"

#include "utf8.h"

TEST(every_scalar_value_round_trips)
{
	uint32_t	wrong = 0;

	for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++)
	{
		char		bytes[FQL_UTF8_MAX_LENGTH];
		uint32_t	decoded = 0;
		size_t		length;

		if (!fql_is_scalar_value(code_point))
			continue;
		length = fql_utf8_encode(code_point, bytes);
		wrong += fql_utf8_decode(bytes, length, &decoded) != length || decoded != code_point;
		/* A sequence that is cut short is none. */
		wrong += length > 1 && fql_utf8_decode(bytes, length - 1, &decoded) != 0;
	}
	CHECK_LONG(wrong, 0);
}

TEST(surrogates_and_beyond_are_no_scalar_values)
{
	CHECK(fql_is_scalar_value(0xD7FF) && fql_is_scalar_value(0xE000) && fql_is_scalar_value(0x10FFFF));
	CHECK(!fql_is_scalar_value(0xD800) && !fql_is_scalar_value(0xDFFF) && !fql_is_scalar_value(0x110000));
}

/* Of all sequences of three bytes, as many decode as there are code points of up to three bytes. */
TEST(only_the_shortest_form_decodes)
{
	uint32_t	counts[FQL_UTF8_MAX_LENGTH + 1] = {0};

	for (uint32_t value = 0; value <= 0xFFFFFF; value++)
	{
		char		bytes[3] = {(char) (value >> 16), (char) (value >> 8), (char) value};
		uint32_t	decoded;

		counts[fql_utf8_decode(bytes, 3, &decoded)]++;
	}
	CHECK_LONG(counts[1], 128 * 65536);
	CHECK_LONG(counts[2], (0x800 - 0x80) * 256);
	CHECK_LONG(counts[3], 0x10000 - 0x800 - 0x800);
	CHECK_LONG(counts[4], 0);
}

TEST(hostile_sequences)
{
	static const FqlStr invalid[] = {
		FQL_STR("\x80"), FQL_STR("\xBF"), FQL_STR("\xC0\x80"), FQL_STR("\xC1\xBF"), FQL_STR("\xC3"),
		FQL_STR("\xC3("), FQL_STR("\xE0\x80\x80"), FQL_STR("\xE0\x9F\xBF"), FQL_STR("\xED\xA0\x80"),
		FQL_STR("\xED\xBF\xBF"), FQL_STR("\xE2\x82"), FQL_STR("\xF0\x80\x80\x80"), FQL_STR("\xF0\x8F\xBF\xBF"),
		FQL_STR("\xF4\x90\x80\x80"), FQL_STR("\xF5\x80\x80\x80"), FQL_STR("\xF8\x88\x80\x80\x80"), FQL_STR("\xFE"),
		FQL_STR("\xFF"), FQL_STR("\xF0\x9F\x98"), FQL_STR("\xF0\x9F\x98("), FQL_STR(""),
	};

	for (size_t i = 0; i < TEST_COUNT(invalid); i++)
	{
		uint32_t	decoded;

		CHECK_LONG_FOR(invalid[i].data, fql_utf8_decode(invalid[i].data, invalid[i].len, &decoded), 0);
	}
}
