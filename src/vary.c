/*
 * vary.c
 *    Answers that depend on settings: which settings an operation reads, and their values in its key (I7).
 *
 * Row security policies and views read settings: current_setting('app.tenant').  Which ones an operation reads is not
 * in its text, so it is learnt from the plans of its first execution, and is remembered in the cache itself, as HTTP
 * does with Vary.  What is kept under an operation's key (the plain key, key.c) is either its answer, if no setting
 * had part in it, or a list of names N.  Then the answer is kept under the varied key: the plain key, N, and the
 * values that these settings have for the caller.  So an operation that reads no setting pays nothing, and others a
 * second look-up.
 *
 * Why a hit is right.  An execution is determined by its plain key, by what its tags stand for, and by the values of
 * the settings that it reads; each of these is read by a name that the same three determine.  A fill that finds the
 * list N (none: N is empty) and reads the settings X keeps its answer under N' = N + X: every setting that it read is
 * in N'.  Another caller with the same plain key and the same values of N' would therefore read the same settings,
 * find the same values in them, and compute the same answer for as long as the tags hold.  What N' holds beyond X
 * costs hits, not truth.
 *
 * The list is a hint, nothing more.  The names are part of the varied key, so an answer is found only by a caller who
 * looked with exactly the list that it was kept under; which lists were published since, by whom, or whether one was
 * evicted, decides where callers look and never what they get.  A fill publishes N' whenever that is more than the N
 * it found, so lists grow until they cover what the branches of an operation read, and two fills that learn different
 * names at once are put together by the next that misses.  A list carries the tags of the schema and the roles, so it
 * begins anew when a policy, view or function is changed.  An answer that read no setting may take the place of a
 * list, or the other way round; both are right for everybody who finds them.
 *
 * A list is never taken for an answer: each item of the cache says which it is (FqlItemKind), fql_cache_get() hands
 * that out with the content, and nobody but this file asks it.  Plain and varied keys are never equal (key.c), and
 * under a varied key only answers are put.
 *
 * What is left for a herd (coalesce.c) has a varied key, too, with more parts: the number of the execution, and the
 * language of messages, since such an answer can have errors in it.  Both stand as values of a setting without a name,
 * which has none; and the kind of what is found is asked.
 *
 * Values.  current_setting() reads at execution, the key's values are read at look-up, by the same function of the
 * server's.  What could come in between?
 *   - set_config() or SET in a function: volatile, so the answer is not kept;
 *   - a function's SET clause: in force only inside that function, where the value follows from the definition, or
 *     from the caller's value, and is undone at its end;
 *   - a library loaded meanwhile, which gives its settings their defaults; and functions that say falsely that
 *     they are immutable or have been declared pure.
 * For the last: an answer is kept only if at the end all values are what they were, those in N at the look-up, others
 * when their first plan was seen.  If that was inside a SET clause they may differ; then only the list is published,
 * and the next fill compares with the look-up.
 *
 * A setting whose value not everybody may see (GUC_SUPERUSER_ONLY) could be read by a SECURITY DEFINER function.  Such
 * answers are not kept.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"
#include "guc.h"
#include "tags.h"
#include "vary.h"

/* No setting has a longer name; current_setting(..., true) may ask for anything. */
#define LONGEST_NAME 1000

/* Of one fill, those in every key included. */
#define MOST_OBSERVED (4 * FQL_VARY_MAX)

/* May everybody see the value of a setting? */
static bool
is_visible(const char *name)
{
	return (GetConfigOptionFlags(name, true) & GUC_SUPERUSER_ONLY) == 0;
}

/* The value of a setting as current_setting(name, true) gives it; false: not everybody may see it. */
static bool
read_value(FqlSetting *setting)
{
	if (!is_visible(setting->name))
		return false;
	setting->value = GetConfigOptionByName(setting->name, NULL, true);
	return true;
}

static bool
same_value(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/*
 * What has been read
 */

static bool
is_observed(const FqlObservation *observation, const char *name)
{
	ListCell   *cell;

	foreach(cell, observation->settings)
	{
		if (strcmp(((FqlSetting *) lfirst(cell))->name, name) == 0)
			return true;
	}
	return false;
}

void
fql_vary_observe(FqlObservation *observation, const char *name)
{
	MemoryContext previous = MemoryContextSwitchTo(observation->context);
	size_t		length = strlen(name);
	FqlSetting *setting = palloc(sizeof(FqlSetting));

	/* as the server compares names: letters of ASCII only */
	setting->name = asc_tolower(name, Min(length, LONGEST_NAME));
	if (!is_observed(observation, setting->name))
	{
		if (length > LONGEST_NAME || list_length(observation->settings) >= MOST_OBSERVED)
			fql_observe_reject(observation, FQL_REJECTED_SETTING, setting->name);
		if (!read_value(setting))
			setting->value = NULL;	/* fql_vary_check() will not see it either */
		observation->settings = lappend(observation->settings, setting);
	}
	MemoryContextSwitchTo(previous);
}

/*
 * Lists of names
 */

/* Add a setting in its place, unless it is there.  False: there would be too many. */
static bool
add_setting(FqlVary *vary, const FqlSetting *setting)
{
	int			place = 0;

	while (place < vary->count)
	{
		int			order = strcmp(vary->settings[place].name, setting->name);

		if (order == 0)
			return true;
		if (order > 0)
			break;
		place++;
	}
	if (vary->count == FQL_VARY_MAX)
		return false;
	memmove(&vary->settings[place + 1], &vary->settings[place], (vary->count - place) * sizeof(FqlSetting));
	vary->settings[place] = *setting;
	vary->count++;
	return true;
}

/*
 * N + X, without what is in every key.  Asked here, not where the setting was read: fraiseql.cache_vary itself may have
 * been another one there, by a function's SET clause, and the key was made outside.  NULL, or the setting that makes
 * one too many or may not be seen.
 */
static const char *
add_observed(FqlVary *vary, const FqlObservation *observation)
{
	ListCell   *cell;

	foreach(cell, observation->settings)
	{
		const FqlSetting *setting = lfirst(cell);

		if (!fql_key_has_setting(setting->name) && (!is_visible(setting->name) || !add_setting(vary, setting)))
			return setting->name;
	}
	return NULL;
}

void
fql_vary_check(FqlObservation *observation)
{
	FqlVary		vary = {0};
	const char *obstacle = add_observed(&vary, observation);

	if (obstacle != NULL)
		fql_observe_reject(observation, FQL_REJECTED_SETTING, obstacle);
}

/* The names as the cache keeps them, each with its final NUL. */
static text *
names_text(const FqlVary *vary)
{
	StringInfoData names;
	text	   *result;

	initStringInfo(&names);
	for (int i = 0; i < vary->count; i++)
		appendBinaryStringInfo(&names, vary->settings[i].name, (int) strlen(vary->settings[i].name) + 1);
	result = cstring_to_text_with_len(names.data, names.len);
	pfree(names.data);
	return result;
}

/* Read a list that names_text() has made, and the values as of now; the names stay where they are. */
static bool
read_names(text *names, FqlVary *vary)
{
	char	   *name = VARDATA(names);
	char	   *end = name + VARSIZE(names) - VARHDRSZ;

	for (vary->count = 0; name < end && vary->count < FQL_VARY_MAX; vary->count++)
	{
		FqlSetting *setting = &vary->settings[vary->count];

		setting->name = name;
		if (!read_value(setting))
			return false;
		name += strlen(name) + 1;
	}
	return true;
}

/* Of one herd's execution. */
#define HERD_PARTS 4

/* The key with names and values; and the execution's number, unless it is 0. */
static bool
varied_key(FqlKey *varied, const FqlKey *key, const FqlVary *vary, uint64 execution)
{
	const char *parts[2 * FQL_VARY_MAX + HERD_PARTS];
	char		number[32];
	int			count = 0;

	for (int i = 0; i < vary->count; i++)
	{
		parts[count++] = vary->settings[i].name;
		parts[count++] = vary->settings[i].value;
	}
	if (execution != 0)
	{
		snprintf(number, sizeof(number), UINT64_FORMAT, execution);
		parts[count++] = "";
		parts[count++] = number;
		parts[count++] = "";
		parts[count++] = GetConfigOption("lc_messages", false, false);
	}
	return fql_key_build_varied(varied, key, parts, count);
}

/*
 * Looking up
 */

/* The answer for these values, or NULL. */
static text *
get_varied(const FqlKey *key, const FqlReader *reader, const FqlVary *vary, uint64 execution, FqlPlace *place)
{
	FqlKey		varied;
	FqlItem		item;

	if (!varied_key(&varied, key, vary, execution) || !fql_cache_get(&varied, reader, &item))
		return NULL;
	*place = item.place;
	return item.kind == (execution == 0 ? FQL_ITEM_ANSWER : FQL_ITEM_HANDED_OVER) ? item.content : NULL;
}

/* Of a list that is needed no more. */
static void
free_list(text *names, FqlVary *vary)
{
	for (int i = 0; i < vary->count; i++)
		if (vary->settings[i].value != NULL)
			pfree(vary->settings[i].value);
	vary->count = 0;
	pfree(names);
}

text *
fql_vary_get(const FqlKey *key, const FqlReader *reader, FqlVary *vary, FqlPlace *place)
{
	FqlItem		item;
	text	   *answer = NULL;

	vary->count = 0;
	if (!fql_cache_get(key, reader, &item))
		return NULL;
	*place = item.place;
	if (item.kind == FQL_ITEM_ANSWER)
		return item.content;
	if (read_names(item.content, vary))
		answer = get_varied(key, reader, vary, 0, place);
	if (answer != NULL)
		free_list(item.content, vary);
	return answer;
}

/*
 * Publishing
 */

/* The first setting whose value is not what it was, or NULL. */
static const char *
changed_setting(const FqlVary *vary)
{
	for (int i = 0; i < vary->count; i++)
	{
		FqlSetting	now = vary->settings[i];

		if (!read_value(&now) || !same_value(now.value, vary->settings[i].value))
			return now.name;
	}
	return NULL;
}

/* Anybody may be served a list: it holds names, and no data. */
static FqlReason
put_list(const FqlKey *key, const FqlVary *vary, const FqlAnswer *answer)
{
	FqlTag		tags[] = {fql_tag_schema(MyDatabaseId), fql_tag_roles()};
	FqlTagGroup group = {.any_change = true, .count = lengthof(tags), .tags = tags};
	FqlAnswer	list = {
		.kind = FQL_ITEM_VARY, .response = names_text(vary), .groups = &group, .group_count = 1,
		.start_clock = answer->start_clock, .snapshot_xmax = InvalidFullTransactionId, .ttl = fql_cache_ttl
	};

	return fql_cache_put(key, &list, NULL);
}

static FqlReason
refuse(FqlObservation *observation, const char *setting)
{
	fql_observe_reject(observation, FQL_REJECTED_SETTING, setting);
	return FQL_REJECTED_SETTING;
}

FqlReason
fql_vary_put(const FqlKey *key, const FqlVary *known, FqlObservation *observation, const FqlAnswer *answer)
{
	FqlVary		vary = *known;
	FqlKey		varied;
	const char *obstacle = add_observed(&vary, observation);
	FqlReason	reason = FQL_REASON_NONE;

	if (obstacle != NULL)
		return refuse(observation, obstacle);
	if (vary.count == 0)
		return fql_cache_put(key, answer, NULL);
	if (vary.count > known->count)
		reason = put_list(key, &vary, answer);
	if (reason != FQL_REASON_NONE)
		return reason;
	obstacle = changed_setting(&vary);
	if (obstacle != NULL)
		return refuse(observation, obstacle);
	if (!varied_key(&varied, key, &vary, 0))
		return FQL_REJECTED_TOO_LARGE;
	return fql_cache_put(&varied, answer, NULL);
}

/*
 * For a herd
 */

uint64
fql_vary_hash(const FqlKey *key, const FqlVary *vary)
{
	FqlKey		varied;

	return vary->count > 0 && varied_key(&varied, key, vary, 0) ? varied.hash : key->hash;
}

FqlReason
fql_vary_hand_over(const FqlKey *key, const FqlVary *known, FqlObservation *observation, FqlAnswer *answer,
				   uint64 execution, FqlPlace *place)
{
	FqlVary		vary = *known;
	FqlKey		varied;
	FqlReason	reason = FQL_REASON_NONE;

	answer->kind = FQL_ITEM_HANDED_OVER;
	if (add_observed(&vary, observation) != NULL || changed_setting(&vary) != NULL)
		return FQL_REJECTED_SETTING;
	if (vary.count > known->count)
		reason = put_list(key, &vary, answer);
	if (reason != FQL_REASON_NONE)
		return reason;
	if (!varied_key(&varied, key, &vary, execution))
		return FQL_REJECTED_TOO_LARGE;
	return fql_cache_put(&varied, answer, place);
}

text *
fql_vary_get_handed_over(const FqlKey *key, const FqlReader *reader, uint64 execution)
{
	FqlVary		vary = {0};
	FqlItem		item;

	if (fql_cache_get(key, reader, &item) && item.kind == FQL_ITEM_VARY && !read_names(item.content, &vary))
		return NULL;
	return get_varied(key, reader, &vary, execution, &item.place);
}
