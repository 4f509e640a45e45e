/*
 * utf8.h
 *    Strict UTF-8, one code point at a time.
 *
 * A SQL_ASCII database hands over any byte sequence as text, so the core cannot trust the server to have checked the
 * encoding.  Strict means what RFC 3629 says: the shortest form only, no surrogates, nothing above U+10FFFF.
 * Header-only, because the lexer calls it for every byte outside ASCII.
 */
#ifndef FQL_UTF8_H
#define FQL_UTF8_H

#include <stdint.h>

#include "str.h"

#define FQL_UTF8_MAX_LENGTH 4

/* A Unicode scalar value: a code point that is not half of a surrogate pair. */
static inline bool
fql_is_scalar_value(uint32_t code_point)
{
	return code_point <= 0xD7FF || (code_point >= 0xE000 && code_point <= 0x10FFFF);
}

/* How many bytes a sequence with this first byte has; 0 for a byte that cannot begin one. */
static inline size_t
fql_utf8_sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2)			/* a continuation byte, or C0 and C1, which only begin overlong forms */
		return 0;
	if (first < 0xE0)
		return 2;
	if (first < 0xF0)
		return 3;
	return first < 0xF5 ? 4 : 0;
}

/* Decode the code point at the start of len bytes: its length in bytes, or 0 where they are not valid UTF-8. */
static inline size_t
fql_utf8_decode(const char *data, size_t len, uint32_t *code_point)
{
	static const uint32_t smallest[FQL_UTF8_MAX_LENGTH + 1] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char payload[FQL_UTF8_MAX_LENGTH + 1] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	const unsigned char *bytes = (const unsigned char *) data;
	size_t		length = len == 0 ? 0 : fql_utf8_sequence_length(bytes[0]);

	if (length == 0 || length > len)
		return 0;
	*code_point = bytes[0] & payload[length];
	for (size_t i = 1; i < length; i++)
	{
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		*code_point = *code_point << 6 | (bytes[i] & 0x3F);
	}
	return *code_point >= smallest[length] && fql_is_scalar_value(*code_point) ? length : 0;
}

/* Encode a scalar value; returns how many of the bytes are used. */
static inline size_t
fql_utf8_encode(uint32_t code_point, char bytes[FQL_UTF8_MAX_LENGTH])
{
	static const unsigned char marks[FQL_UTF8_MAX_LENGTH + 1] = {0, 0x00, 0xC0, 0xE0, 0xF0};
	size_t		length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

	for (size_t i = length; i-- > 1; code_point >>= 6)
		bytes[i] = (char) (0x80 | (code_point & 0x3F));
	bytes[0] = (char) (marks[length] | code_point);
	return length;
}

#endif							/* FQL_UTF8_H */
