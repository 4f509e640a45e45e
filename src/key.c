/*
 * key.c
 *    What two calls must share to get the same answer (I7).  Settings that operations read themselves: vary.c.
 *
 * The key is one run of bytes: identity, settings that shape output or the meaning of function bodies, the settings in
 * fraiseql.cache_vary, the operation, its literals, its variables.  Every variable-length part carries its length in
 * front, so no two different lists of parts give the same bytes.
 *
 * Identity is the database, the effective role, the session user, and the security context (inside SECURITY DEFINER
 * functions and security-restricted operations): row security policies may read each of them.
 *
 * All this is the plain key, and its last byte says so.  Under it stands the answer, or the list of the settings that
 * answers to the operation vary on (vary.c).  In the varied key, under which the answer stands then, another byte is in
 * this place, and names and values of settings follow.  Keys that are equal as far as that byte were made of equal
 * parts, so a plain key never equals a varied one.
 *
 * Settings of the server are read from their C variables, not by name, where they have one: this runs on every hit.
 */
#include "postgres.h"

#include "access/gin.h"
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "tsearch/ts_cache.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/varlena.h"
#include "utils/xml.h"

#include "compat.h"
#include "guc.h"
#include "key.h"
#include "store.h"

/* A longer operation with its variables is not worth keeping in memory; it is executed. */
#define LONGEST_KEY (1024 * 1024)

/* The names in fraiseql.cache_vary, split once for each value of the setting. */
static char *split_from = NULL;
static char *split_buffer = NULL;
static List *split_names = NIL;
static Bitmapset *split_restricted = NULL;	/* positions of those that not everybody may see */

/* What this file keeps for the whole life of the backend. */
static MemoryContext
key_memory(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "fraiseql key", ALLOCSET_SMALL_SIZES);
	return context;
}

/* An error (out of memory) half-way leaves split_from NULL, so the next call starts over. */
static List *
vary_names(void)
{
	MemoryContext previous;
	ListCell   *cell;
	char	   *copy;

	if (split_from != NULL && strcmp(split_from, fql_cache_vary) == 0)
		return split_names;
	previous = MemoryContextSwitchTo(key_memory());
	if (split_from != NULL)
	{
		pfree(split_from);
		split_from = NULL;
		list_free(split_names);
		split_names = NIL;
		bms_free(split_restricted);
		split_restricted = NULL;
		pfree(split_buffer);
	}
	copy = pstrdup(fql_cache_vary);
	split_buffer = pstrdup(fql_cache_vary);
	/* the check hook has accepted the list, so splitting cannot fail */
	(void) SplitGUCList(split_buffer, ',', &split_names);
	foreach(cell, split_names)
	{
		if ((GetConfigOptionFlags(lfirst(cell), true) & GUC_SUPERUSER_ONLY) != 0)
			split_restricted = bms_add_member(split_restricted, foreach_current_index(cell));
	}
	split_from = copy;
	MemoryContextSwitchTo(previous);
	return split_names;
}

/* As the server compares names of settings: letters of ASCII alone have two cases. */
static bool
is_same_name(const char *one, const char *other)
{
	while (*one != '\0' && pg_ascii_tolower((unsigned char) *one) == pg_ascii_tolower((unsigned char) *other))
	{
		one++;
		other++;
	}
	return *one == '\0' && *other == '\0';
}

bool
fql_key_has_setting(const char *name)
{
	ListCell   *cell;

	foreach(cell, vary_names())
	{
		if (is_same_name(lfirst(cell), name))
			return true;
	}
	return false;
}

static void
append_text(StringInfo key, const char *data, size_t len)
{
	uint32		length = (uint32) len;

	appendBinaryStringInfo(key, (char *) &length, sizeof(length));
	appendBinaryStringInfo(key, data, (int) len);
}

/* A setting's value; absent and empty differ. */
static void
append_cstring(StringInfo key, const char *value)
{
	if (value == NULL)
		appendStringInfoChar(key, 0);
	else
	{
		appendStringInfoChar(key, 1);
		append_text(key, value, strlen(value));
	}
}

static void
append_identity(StringInfo key, Oid role, int security_context)
{
	struct
	{
		Oid			database;
		Oid			role;
		Oid			session_user;
		int			security_context;
	}			identity = {MyDatabaseId, role, GetSessionUserId(), security_context};

	appendBinaryStringInfo(key, (char *) &identity, sizeof(identity));
}

void
fql_key_append_reading(StringInfo out)
{
	int			numbers[] = {
		DateStyle, DateOrder, IntervalStyle, extra_float_digits, bytea_output, xmlbinary, xmloption,
		standard_conforming_strings, backslash_quote, Transform_null_equals, Array_nulls, quote_all_identifiers
	};

	appendBinaryStringInfo(out, (char *) numbers, sizeof(numbers));
	append_cstring(out, pg_get_timezone_name(session_timezone));
	append_cstring(out, locale_monetary);
	append_cstring(out, locale_numeric);
	append_cstring(out, locale_time);
	append_cstring(out, GetConfigOption("timezone_abbreviations", false, false));
}

/* Likewise, and settings that say which rows may be read, what names mean, and what the response looks like. */
static void
append_settings(StringInfo key)
{
	int			numbers[] = {row_security, fql_response_bigint_strings, fql_max_page_size};

	fql_key_append_reading(key);
	appendBinaryStringInfo(key, (char *) numbers, sizeof(numbers));
	append_cstring(key, namespace_search_path);
	append_cstring(key, TSCurrentConfig);
}

/*
 * A setting that the DBA named, as current_setting() gives it: that tells one that is not there from one that SET LOCAL
 * made and left behind without a value, which is empty; GetConfigOption() does so only from PostgreSQL 16 on.
 */
static void
append_named(StringInfo key, const char *name)
{
	char	   *value = GetConfigOptionByName(name, NULL, true);

	append_cstring(key, value);
	if (value != NULL)
		pfree(value);
}

static void
append_vary(StringInfo key)
{
	ListCell   *cell;

	append_cstring(key, fql_cache_vary);
	foreach(cell, vary_names())
	{
		/* these the server itself has defined, so they have a value; to show it asks for a privilege */
		if (bms_is_member(foreach_current_index(cell), split_restricted))
			append_cstring(key, GetConfigOption(lfirst(cell), true, false));
		else
			append_named(key, lfirst(cell));
	}
}

/* Buffers for the whole life of the backend, so that a hit allocates nothing for its key. */
static StringInfoData plain_buffer = {0};
static StringInfoData varied_buffer = {0};

static StringInfo
empty_buffer(StringInfo buffer)
{
	if (buffer->data == NULL)
	{
		MemoryContext previous = MemoryContextSwitchTo(key_memory());

		initStringInfo(buffer);
		MemoryContextSwitchTo(previous);
	}
	else if (buffer->maxlen > 1024 * 1024)
	{
		/* one giant key must not hold its memory for ever */
		buffer->data = repalloc(buffer->data, 1024);
		buffer->maxlen = 1024;
	}
	resetStringInfo(buffer);
	return buffer;
}

/* The byte that ends a plain key. */
#define KEY_IS_PLAIN 'p'
#define KEY_IS_VARIED 'v'

static void
finish_key(FqlKey *key, const StringInfo buffer)
{
	key->data = buffer->data;
	key->len = (uint32) buffer->len;
	key->hash = fql_store_hash(key->data, key->len);
}

bool
fql_key_build(FqlKey *key, FqlStr operation, FqlStr literals, FqlStr variables)
{
	StringInfo	buffer;
	int			security_context;

	if (operation.len + literals.len + variables.len > LONGEST_KEY)
		return false;

	buffer = empty_buffer(&plain_buffer);
	GetUserIdAndSecContext(&key->role, &security_context);
	key->database = MyDatabaseId;
	append_identity(buffer, key->role, security_context);
	append_settings(buffer);
	append_vary(buffer);
	key->query_offset = buffer->len + sizeof(uint32);
	key->query_length = (uint32) operation.len;
	append_text(buffer, operation.data, operation.len);
	append_text(buffer, literals.data, literals.len);
	append_text(buffer, variables.data, variables.len);
	appendStringInfoChar(buffer, KEY_IS_PLAIN);
	finish_key(key, buffer);
	return true;
}

bool
fql_key_build_varied(FqlKey *varied, const FqlKey *key, const char *const *parts, int count)
{
	StringInfo	buffer = empty_buffer(&varied_buffer);

	Assert(key->data[key->len - 1] == KEY_IS_PLAIN);
	*varied = *key;
	appendBinaryStringInfo(buffer, key->data, (int) key->len - 1);
	appendStringInfoChar(buffer, KEY_IS_VARIED);
	for (int i = 0; i < count; i++)
	{
		if (parts[i] != NULL && buffer->len + strlen(parts[i]) > 2 * LONGEST_KEY)
			return false;
		append_cstring(buffer, parts[i]);
	}
	finish_key(varied, buffer);
	return true;
}
