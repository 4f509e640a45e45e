/*
 * sqlbody.c
 *    What the text of an SQL function hides from everybody who looks at plans.
 *
 * 'now' and its like in the text of an SQL function are parsed anew at each planning, into a constant: in the plan no
 * function is left to see.  So any such word in the text counts, be it in a comment, and so does a literal that could
 * hide one.  Likewise a literal for an array, a row or a range of domains has their checks evaluated while the text is
 * parsed; where there is a domain with a check that is not pure, any such literal counts (purity_hidden.c).  Bodies in
 * SQL-standard form were parsed when the function was created, and their constants are meant.
 *
 * A function that would be inlined is gone from the plan altogether, so such a function must not be inlined.
 *
 * Also counts calls of functions in other languages: one that is called while a statement is planned may be folded into
 * the plan, together with what it read by means that nobody sees (plan.c).
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "purity_hidden.h"
#include "sqlbody.h"

static bool
is_word_part(char c)
{
	return isalnum((unsigned char) c) || c == '_';
}

/* Does the word begin and end here? */
static bool
is_word(const char *source, const char *at, const char *word)
{
	size_t		len = strlen(word);

	return (at == source || !is_word_part(at[-1])) && pg_strncasecmp(at, word, len) == 0 && !is_word_part(at[len]);
}

/* Does "time", here, become "time with time zone"? */
static bool
is_time_with_zone(const char *source, const char *at)
{
	if (!is_word(source, at, "time"))
		return false;
	at += strlen("time");
	at += strspn(at, " \t\r\n\f");
	if (*at == '(')
		at += strcspn(at, ")") + (strchr(at, ')') != NULL ? 1 : 0);
	at += strspn(at, " \t\r\n\f");
	return is_word(source, at, "with");
}

/* Does a literal begin here in which letters may be written as something else: E'\x6eow', U&'...'? */
static bool
is_escaped_literal(const char *source, const char *at)
{
	if (at > source && is_word_part(at[-1]))
		return false;
	if (pg_strncasecmp(at, "e'", 2) == 0)
		return strchr(at, '\\') != NULL;
	return pg_strncasecmp(at, "u&'", 3) == 0;
}

/*
 * Does a literal begin here that may be of an array, a row or a range?  A quote that ends one is taken for one that
 * begins one; $1$ begins none, but nobody writes that.
 */
static bool
is_container_literal(const char *at)
{
	size_t		tag;

	if (*at == '$')
	{
		for (tag = 1; is_word_part(at[tag]) || (at[tag] & 0x80) != 0; tag++)
			;
		if (at[tag] != '$')
			return false;
		at += tag;
	}
	else if (*at != '\'')
		return false;
	at++;
	at += strspn(at, " \t\r\n\f\v");
	return *at == '{' || *at == '(' || *at == '[';
}

static bool
has_container_literal(const char *source)
{
	for (const char *c = source; *c != '\0'; c++)
	{
		if (is_container_literal(c))
			return true;
	}
	return false;
}

/* Does a literal go on in another line here, 'no' and 'w', so that its words are not told?  Comments may intervene. */
static bool
is_continued_literal(const char *at)
{
	bool		is_other_line = false;

	if (*at++ != '\'')
		return false;
	for (;;)
	{
		if (*at == '\n' || *at == '\r')
			is_other_line = true;
		else if (at[0] == '-' && at[1] == '-')
			at += strcspn(at, "\r\n") - 1;
		else if (strchr(" \t\f\v", *at) == NULL || *at == '\0')
			return is_other_line && *at == '\'';
		at++;
	}
}

/*
 * Does something stand in the text that may mean the present moment as a date or time?  A time with zone takes the
 * zone's offset of today where its literal has none.
 */
static bool
may_name_the_clock(const char *source)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday", "timetz"};

	for (const char *c = source; *c != '\0'; c++)
	{
		for (size_t i = 0; i < lengthof(words); i++)
		{
			if (is_word(source, c, words[i]))
				return true;
		}
		if (is_time_with_zone(source, c) || is_escaped_literal(source, c) || is_continued_literal(c))
			return true;
	}
	return false;
}

bool
fql_sqlbody_is_text(HeapTuple function)
{
	bool		isnull;

	if (((Form_pg_proc) GETSTRUCT(function))->prolang != SQLlanguageId)
		return false;
	(void) SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosqlbody, &isnull);
	return isnull;
}

FqlReason
fql_sqlbody_reason(HeapTuple function)
{
	FqlReason	reason = FQL_REASON_NONE;
	bool		isnull;
	Datum		source;
	char	   *body;

	if (!fql_sqlbody_is_text(function))
		return FQL_REASON_NONE;
	source = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosrc, &isnull);
	if (isnull)
		return FQL_REASON_NONE;
	body = TextDatumGetCString(source);
	if (may_name_the_clock(body))
		reason = FQL_REJECTED_CLOCK;
	else if (has_container_literal(body) && fql_hidden_checks_are_impure())
		reason = FQL_REJECTED_STABLE;
	pfree(body);
	return reason;
}

/* A language whose functions can do what no plan shows. */
static bool
is_procedural(Oid language)
{
	return language != SQLlanguageId && language != INTERNALlanguageId && language != ClanguageId;
}

/*
 * A function that would be inlined must stay visible if its text hides something.  The planner does not inline
 * functions for which this hook asks to be called around.  Asked for functions of all
 * sorts and in all queries, so answered quickly: only functions in SQL that do not promise to be immutable are looked
 * into.  Volatile ones too: the planner inlines them where they stand, and volatile is what a function is by default.
 */
static needs_fmgr_hook_type previous_needs_fmgr_hook = NULL;
static fmgr_hook_type previous_fmgr_hook = NULL;

/* Functions in procedural languages that were looked up to be called, or called. */
static uint64 calls = 0;

uint64
fql_sqlbody_calls(void)
{
	return calls;
}

static bool
needs_fmgr(Oid oid)
{
	HeapTuple	tuple;
	bool		needs = false;

	if (previous_needs_fmgr_hook != NULL && previous_needs_fmgr_hook(oid))
		return true;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		return false;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == SQLlanguageId &&
		((Form_pg_proc) GETSTRUCT(tuple))->provolatile != PROVOLATILE_IMMUTABLE)
		needs = fql_sqlbody_reason(tuple) != FQL_REASON_NONE;
	if (is_procedural(((Form_pg_proc) GETSTRUCT(tuple))->prolang))
		calls++;
	ReleaseSysCache(tuple);
	return needs;
}

/* Functions with SECURITY DEFINER or SET are not asked about above, but their calls come by here. */
static void
note_call(FmgrHookEventType event, FmgrInfo *function, Datum *private_data)
{
	if (event == FHET_START)
		calls++;
	if (previous_fmgr_hook != NULL)
		previous_fmgr_hook(event, function, private_data);
}

void
fql_sqlbody_init(void)
{
	previous_fmgr_hook = fmgr_hook;
	fmgr_hook = note_call;
	previous_needs_fmgr_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_fmgr;
}

