/*
 * sqlbody.c
 *    What the text of an SQL function hides from everybody who looks at plans.
 *
 * 'now' and its like in the text of an SQL function are parsed anew at each planning, into a constant: in the plan no
 * function is left to see.  So any such word in the text counts, be it in a comment.  Bodies in SQL-standard form were
 * parsed when the function was created, and their constants are meant.
 *
 * A function that would be inlined is gone from the plan altogether, so such a function must not be inlined.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "sqlbody.h"

/* Does a word stand in the text that means the present moment as a date or time? */
static bool
has_clock_word(const char *source)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};

	for (const char *c = source; *c != '\0'; c++)
	{
		if (c > source && (isalnum((unsigned char) c[-1]) || c[-1] == '_'))
			continue;
		for (size_t i = 0; i < lengthof(words); i++)
		{
			size_t		len = strlen(words[i]);

			if (pg_strncasecmp(c, words[i], len) == 0 && !isalnum((unsigned char) c[len]) && c[len] != '_')
				return true;
		}
	}
	return false;
}

bool
fql_sqlbody_names_the_clock(HeapTuple function)
{
	bool		isnull;
	Datum		source;
	char	   *text_of_body;
	bool		found;

	(void) SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosqlbody, &isnull);
	if (!isnull)
		return false;
	source = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_prosrc, &isnull);
	if (isnull)
		return false;
	text_of_body = TextDatumGetCString(source);
	found = has_clock_word(text_of_body);
	pfree(text_of_body);
	return found;
}

/*
 * A function that would be inlined must stay visible if its text names the clock.  The planner does not inline
 * functions for which this hook asks to be called around; fmgr_hook itself is not needed.  Asked for functions of all
 * sorts and in all queries, so answered quickly: only functions in SQL that do not promise to be immutable are looked
 * into.  Volatile ones too: the planner inlines them where they stand, and volatile is what a function is by default.
 */
static needs_fmgr_hook_type previous_needs_fmgr_hook = NULL;

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
		needs = fql_sqlbody_names_the_clock(tuple);
	ReleaseSysCache(tuple);
	return needs;
}

void
fql_sqlbody_init(void)
{
	previous_needs_fmgr_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_fmgr;
}

