/*
 * key.h
 *    What two calls must share to get the same answer.
 */
#ifndef FQL_KEY_H
#define FQL_KEY_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/str.h"

/* Compared in full on a hit; the hash only finds the bucket, and its seed is secret. */
typedef struct FqlKey
{
	const char *data;
	uint32		len;
	uint64		hash;
	Oid			database;
	Oid			role;
	uint32		query_offset;	/* where the normalized operation stands in data */
	uint32		query_length;
} FqlKey;

/*
 * What an entry holds: an answer; the names of the settings that answers to its operation vary on (vary.c); or an
 * answer for the members of one herd (coalesce.c).
 */
typedef enum FqlItemKind
{
	FQL_ITEM_ANSWER,
	FQL_ITEM_VARY,
	FQL_ITEM_HANDED_OVER
} FqlItemKind;

/*
 * The key of an operation for the caller, as of now.  "operation" is the normalized text, "literals" its lifted
 * literals, "variables" the coerced variables' canonical text.  The bytes live in a buffer of this module until the
 * next call.  False: the key would be too long for any entry.
 */
extern bool fql_key_build(FqlKey *key, FqlStr operation, FqlStr literals, FqlStr variables);

/*
 * The key of an answer that depends on settings too: "key", and these parts, names and values by turns; NULL is a value
 * of its own.  Never equal to a key of fql_key_build().  Its bytes live in a buffer of their own until the next call.
 * False: too long.
 */
extern bool fql_key_build_varied(FqlKey *varied, const FqlKey *key, const char *const *parts, int count);

/*
 * Settings that change what a literal in a function's body means, or what an expression prints: functions whose output
 * depends on them may be labelled immutable, so plans have their results folded in.
 */
extern void fql_key_append_reading(StringInfo out);

/* Is the setting's value in every key?  Names compare case-insensitively. */
extern bool fql_key_has_setting(const char *name);

#endif							/* FQL_KEY_H */
