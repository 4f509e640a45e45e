/*
 * naming.c
 *    From SQL names to GraphQL names: case, prefixes, singular and plural.
 *
 * Inflection is a handful of rules rather than a dictionary: what it does can be told in a sentence, it never changes
 * between versions, and the options "singular" and "plural" of fraiseql.expose() overrule it.  Only ASCII letters are
 * touched, so nothing here depends on the locale.
 */
#include "postgres.h"

#include "common/string.h"

#include "naming.h"

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
to_upper(char c)
{
	return is_lower(c) ? (char) (c - 'a' + 'A') : c;
}

static char
to_lower(char c)
{
	return is_upper(c) ? (char) (c - 'A' + 'a') : c;
}

static bool
is_vowel(char c)
{
	return c != '\0' && strchr("aeiou", to_lower(c)) != NULL;
}

bool
fql_naming_is_public(const char *name)
{
	size_t		len = strlen(name);

	if (len == 0 || len > FQL_NAME_MAX || !(is_lower(name[0]) || is_upper(name[0])))
		return false;
	for (size_t i = 1; i < len; i++)
	{
		if (!is_lower(name[i]) && !is_upper(name[i]) && !is_digit(name[i]) && name[i] != '_')
			return false;
	}
	return true;
}

const char *
fql_naming_entity(const char *relation_name)
{
	static const char *const prefixes[] = {"tb_", "tv_", "v_"};

	for (size_t i = 0; i < lengthof(prefixes); i++)
	{
		size_t		len = strlen(prefixes[i]);

		if (strncmp(relation_name, prefixes[i], len) == 0 && relation_name[len] != '\0')
			return relation_name + len;
	}
	return relation_name;
}

/* Only the last capital of a leading run begins the next word: HTTPLog is HTTP and Log. */
char *
fql_naming_lower_first(const char *name)
{
	char	   *result = pstrdup(name);

	for (size_t i = 0; is_upper(name[i]); i++)
	{
		if (i > 0 && is_lower(name[i + 1]))
			break;
		result[i] = to_lower(name[i]);
	}
	return result;
}

char *
fql_naming_upper_first(const char *name)
{
	char	   *result = pstrdup(name);

	result[0] = to_upper(result[0]);
	return result;
}

char *
fql_naming_camel(const char *name)
{
	char	   *result = palloc(strlen(name) + 1);
	size_t		used = 0;

	if (name[0] == '_')
		return NULL;
	for (size_t i = 0; name[i] != '\0'; i++)
	{
		if (name[i] != '_')
			result[used++] = i > 0 && name[i - 1] == '_' ? to_upper(name[i]) : name[i];
	}
	result[used] = '\0';
	return fql_naming_is_public(result) ? fql_naming_lower_first(result) : NULL;
}

char *
fql_naming_pascal(const char *name)
{
	char	   *camel = fql_naming_camel(name);

	return camel == NULL ? NULL : fql_naming_upper_first(camel);
}

/* Does one of the suffixes, separated by spaces, end the name? */
static bool
ends_with_any(const char *name, const char *suffixes)
{
	const char *at = suffixes;

	while (*at != '\0')
	{
		size_t		len = strcspn(at, " ");
		char		suffix[16];

		strlcpy(suffix, at, Min(len + 1, sizeof(suffix)));
		if (pg_str_endswith(name, suffix))
			return true;
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

/* Words such as address, status, analysis and alias end in s without being plurals. */
bool
fql_naming_is_plural(const char *name)
{
	return strlen(name) > 2 && pg_str_endswith(name, "s") && !ends_with_any(name, "ss us is ias news series species");
}

/* The first characters of a name, then a suffix. */
static char *
with_suffix(const char *name, size_t keep, const char *suffix)
{
	return psprintf("%.*s%s", (int) keep, name, suffix);
}

char *
fql_naming_plural(const char *singular)
{
	size_t		len = strlen(singular);

	if (len > 1 && to_lower(singular[len - 1]) == 'y' && !is_vowel(singular[len - 2]))
		return with_suffix(singular, len - 1, "ies");
	if (ends_with_any(singular, "s S x z ch sh"))
		return with_suffix(singular, len, "es");
	return with_suffix(singular, len, "s");
}

/*
 * Is the plural's -es a suffix of its own, as in statuses, rather than an s after a word that ends in e, as in houses?
 * What is left without it tells: it must look like a word that takes -es.
 */
static bool
takes_es(const char *plural)
{
	char	   *stem = with_suffix(plural, strlen(plural) - 2, "");

	if (ends_with_any(stem, "ous aus cach"))
		return false;
	return ends_with_any(stem, "ss us is x ch sh zz");
}

char *
fql_naming_singular(const char *plural)
{
	size_t		len = strlen(plural);

	if (!fql_naming_is_plural(plural))
		return pstrdup(plural);
	if (ends_with_any(plural, "ovies okies"))
		return with_suffix(plural, len - 1, "");
	if (pg_str_endswith(plural, "ies") && len > 4 && !is_vowel(plural[len - 4]))
		return with_suffix(plural, len - 3, "y");
	if (pg_str_endswith(plural, "es") && len > 3 && takes_es(plural))
		return with_suffix(plural, len - 2, "");
	return with_suffix(plural, len - 1, "");
}
