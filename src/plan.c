/*
 * plan.c
 *    Prepared plans, kept by each backend.
 *
 * They are kept by SQL text, parameter types and role: a bounded number, the least recently used dropped.  The text is
 * exact where the normalized operation would not be: variables can change the statement (where: $filter).  PostgreSQL's
 * plan cache below does the rest: it plans anew after DDL, and chooses between generic and custom plans.
 *
 * Plans for fills are apart from those for other executions: they may cost more in order to be precise (precise.c).
 *
 * Roles.  What a role may do is woven into plans: which policies apply, which functions may be inlined.  PostgreSQL
 * releases before 15.20, 17.11 and 18.6 keep a plan when its role's attributes or memberships change, and no release
 * looks at the EXECUTE right of an inlined function again.  So after any such change every plan of this backend is made
 * anew: those of functions that an operation runs, too, hence PostgreSQL's own reset rather than one of ours.
 *
 * Settings.  A plan may have results folded in that follow from settings: what a literal in the text of an inlined
 * function means, how an immutable function prints a number.  PostgreSQL keeps such a plan when the settings change;
 * then an answer would follow from what the session did before, and must not be kept under the settings of now.  So
 * before an operation runs, every plan is made anew if any may have been made under other settings than the present
 * ones: if they are not those of the last time, or something was planned under others since.  (Of settings set by
 * functions for themselves that is true each time.)  This too concerns plans of functions, which the session may have
 * planned anywhere.
 *
 * Literals.  One setting reaches further: PL/pgSQL, and SQL functions from PostgreSQL 18 on, keep a statement as it was
 * first read in the session, and making plans anew does not read it again.  What a backslash in a literal means is then
 * as standard_conforming_strings said at that time.  So a session that has planned anything while it was off keeps no
 * answers from then on: what it computes, with the setting on or off, may be what no other session would.  Thus all
 * answers are of literals as the standard has them.
 *
 * Calls while planning.  A function that is labelled immutable but reads a table, or a setting, is folded into a
 * constant, and a kept plan would repeat the constant without anybody seeing the read, under other values of the
 * setting.  So every plan is also made anew after any was made while functions ran queries, or were called that are
 * in a procedural language, be it only for an estimate.
 *
 * Definitions.  PostgreSQL renews a plan when a function that was folded into it is replaced, but not when one that
 * this one calls is.  So every plan is made anew after any change of definitions: where the schema's tag does not hold
 * as of the clock before the messages were received with which they were made anew last; and where something was
 * planned in a transaction that had changed definitions, which may have been rolled back.  Answers have all to be
 * computed again then anyway.
 *
 * The caller has received invalidation messages since it read the clock, so a plan is at least as new as the fill's
 * start.  A transaction's own changes, and their rollback, are told like any other.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "parser/parser.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "guc.h"
#include "key.h"
#include "observe.h"
#include "plan.h"
#include "precise.h"
#include "shmem.h"
#include "sqlbody.h"
#include "tags.h"
#include "touched.h"
#include "words.h"

#define PLAN_LIMIT 256

/* The role is part of it because PostgreSQL asks for EXECUTE on a function that it inlines only while planning. */
typedef struct PlanKey
{
	const char *text;
	Oid		   *types;
	int			type_count;
	Oid			role;
	double		factor;			/* fraiseql.cache_plan_factor, for a fill; 0: for any other execution */
} PlanKey;

struct FqlPlan
{
	PlanKey		key;			/* first, as dynahash wants it; points into "memory" */
	SPIPlanPtr	prepared;		/* NULL while it is being prepared, or after that failed */
	MemoryContext memory;
	FqlPlanChoice choice;		/* of a plan for fills, when it was planned last */
	int			users;			/* executions under way: SQL can call functions that call us again */
	dlist_node	recency;
};

/*
 * A plan takes up to fifty times the memory of its text.  So longer texts are not kept beyond their execution, and all
 * that are kept are together no longer than this.
 */
#define LONGEST_TEXT (256 * 1024)
#define MOST_TEXT (2 * 1024 * 1024)

static MemoryContext plan_memory;
static HTAB *plans;
static Size kept_text;			/* length of the texts of all plans together */
static dlist_head plans_by_recency; /* most recently used first */

static uint32
plan_hash(const void *key, Size keysize pg_attribute_unused())
{
	const PlanKey *plan = key;
	uint32		hash = hash_bytes((const unsigned char *) plan->text, strlen(plan->text));

	hash = hash_combine(hash, murmurhash32(plan->role));
	hash = hash_combine(hash, plan->factor != 0);
	return hash_combine(hash, hash_bytes((const unsigned char *) plan->types, plan->type_count * sizeof(Oid)));
}

/* Zero when equal, as dynahash wants it. */
static int
plan_match(const void *a, const void *b, Size keysize pg_attribute_unused())
{
	const PlanKey *left = a;
	const PlanKey *right = b;

	if (left->role != right->role || left->factor != right->factor || left->type_count != right->type_count ||
		strcmp(left->text, right->text) != 0)
		return 1;
	return left->type_count == 0 ? 0 : memcmp(left->types, right->types, left->type_count * sizeof(Oid));
}

/* Set by the callbacks below; the plans are renewed at the next use. */
static bool roles_have_changed = false;

static void
note_role_change(Datum arg pg_attribute_unused(), int cacheid pg_attribute_unused(),
				 uint32 hashvalue pg_attribute_unused())
{
	roles_have_changed = true;
}

/* The settings under which all plans since the last renewal were made, and room for those of now. */
static StringInfoData settings;
static StringInfoData settings_now;

/* The clock as of which all plans are at least. */
static uint64 renewed_at = 0;

/* Some plan since then was made under other settings or definitions, or may have the result of a call folded in. */
static bool plans_are_doubtful = false;

/* Something was planned while standard_conforming_strings was off: for the rest of the session. */
static bool literals_are_doubtful = false;

static planner_hook_type previous_planner = NULL;

static bool
settings_differ(void)
{
	resetStringInfo(&settings_now);
	fql_key_append_reading(&settings_now);
	return settings_now.len != settings.len || memcmp(settings_now.data, settings.data, settings.len) != 0;
}

/*
 * Whatever is planned: under which settings, with whose definitions, and were functions called meanwhile?  At its
 * first operation a backend makes all plans anew anyway.
 */
static PlannedStmt *
note_planning(Query *query, const char *text, int options, ParamListInfo parameters)
{
	uint64		calls = fql_observe_executions() + fql_sqlbody_calls();
	FqlObservation *observation = fql_observation();
	PlannedStmt *statement;

	if (observation != NULL)
		observation->unseen++;
	if (!standard_conforming_strings)
		literals_are_doubtful = true;
	if (plans != NULL && !plans_are_doubtful)
		plans_are_doubtful = settings_differ() || fql_have_touched(fql_tag_schema(MyDatabaseId));
	if (previous_planner != NULL)
		statement = previous_planner(query, text, options, parameters);
	else
		statement = standard_planner(query, text, options, parameters);
	if (calls != fql_observe_executions() + fql_sqlbody_calls())
		plans_are_doubtful = true;
	if (observation != NULL)
		observation->unseen--;
	return statement;
}

bool
fql_plan_literals_are_doubtful(void)
{
	return literals_are_doubtful || !standard_conforming_strings;
}

static bool
definitions_have_changed(void)
{
	return fql_shmem_is_there() && !fql_tag_holds(fql_tag_schema(MyDatabaseId), renewed_at);
}

/* Have every plan of this backend made anew if what it follows from has changed (see the top of the file). */
static void
renew_plans(void)
{
	bool		differ = settings_differ();
	StringInfoData before = settings;

	if (!roles_have_changed && !plans_are_doubtful && !differ && !definitions_have_changed())
		return;
	if (fql_shmem_is_there())
		renewed_at = fql_clock_read();
	pg_memory_barrier();
	AcceptInvalidationMessages();
	settings = settings_now;
	settings_now = before;
	plans_are_doubtful = false;
	roles_have_changed = false;
	ResetPlanCache();
}

/* A buffer that stays. */
static void
settings_init(StringInfo buffer)
{
	MemoryContext previous = MemoryContextSwitchTo(plan_memory);

	initStringInfo(buffer);
	MemoryContextSwitchTo(previous);
}

static void
plans_init(void)
{
	HASHCTL		control = {0};

	plan_memory = AllocSetContextCreate(CacheMemoryContext, "fraiseql plans", ALLOCSET_DEFAULT_SIZES);
	settings_init(&settings);
	settings_init(&settings_now);
	control.keysize = sizeof(PlanKey);
	control.entrysize = sizeof(FqlPlan);
	control.hash = plan_hash;
	control.match = plan_match;
	control.hcxt = plan_memory;
	dlist_init(&plans_by_recency);
	plans = hash_create("fraiseql plans", PLAN_LIMIT, &control,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);

	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, note_role_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, note_role_change, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, note_role_change, (Datum) 0);
	/* plans of functions may be older than this registration */
	roles_have_changed = true;
}

static void
plan_drop(FqlPlan *plan)
{
	SPIPlanPtr	prepared = plan->prepared;
	MemoryContext memory = plan->memory;

	dlist_delete(&plan->recency);
	kept_text -= strlen(plan->key.text);
	hash_search(plans, &plan->key, HASH_REMOVE, NULL);
	MemoryContextDelete(memory);
	if (prepared != NULL)
		SPI_freeplan(prepared);
}

/* Make room for one more.  Plans that are running stay, so the limit can be passed by the depth of recursion. */
static void
plans_shrink(void)
{
	dlist_node *node = dlist_is_empty(&plans_by_recency) ? NULL : dlist_tail_node(&plans_by_recency);

	while (node != NULL && (hash_get_num_entries(plans) >= PLAN_LIMIT || kept_text > MOST_TEXT))
	{
		FqlPlan    *plan = dlist_container(FqlPlan, recency, node);

		node = dlist_has_prev(&plans_by_recency, node) ? dlist_prev_node(&plans_by_recency, node) : NULL;
		if (plan->users == 0)
			plan_drop(plan);
	}
}

/* An entry without a plan.  Its key is copied first, so that an error half-way leaves no entry with a dangling key. */
static FqlPlan *
plan_enter(const PlanKey *key)
{
	MemoryContext memory = AllocSetContextCreate(plan_memory, "fraiseql plan", ALLOCSET_SMALL_SIZES);
	PlanKey		copy = *key;
	FqlPlan    *plan;
	bool		found;

	copy.text = MemoryContextStrdup(memory, key->text);
	copy.types = MemoryContextAlloc(memory, Max(key->type_count, 1) * sizeof(Oid));
	memcpy(copy.types, key->types, key->type_count * sizeof(Oid));
	plan = hash_search(plans, &copy, HASH_ENTER, &found);
	plan->prepared = NULL;
	plan->memory = memory;
	plan->choice = (FqlPlanChoice) {0};
	plan->users = 0;
	dlist_push_head(&plans_by_recency, &plan->recency);
	kept_text += strlen(plan->key.text);
	return plan;
}

/*
 * The entry of a statement, made at its first use.  It is pinned before anything else happens: preparing and running
 * can reach functions that call us again, and room that they make must not be this entry's.
 */
FqlPlan *
fql_plan_pin(const FqlSql *sql, bool for_fill)
{
	PlanKey		key = {
		.text = sql->text.data, .type_count = sql->parameter_count, .role = GetUserId(),
		.factor = for_fill ? fql_cache_plan_factor : 0
	};
	FqlPlan    *plan;

	key.types = palloc(Max(sql->parameter_count, 1) * sizeof(Oid));
	for (int i = 0; i < sql->parameter_count; i++)
		key.types[i] = sql->parameters[i].type;
	if (plans == NULL)
		plans_init();
	renew_plans();
	plan = hash_search(plans, &key, HASH_FIND, NULL);
	if (plan == NULL)
	{
		plans_shrink();
		plan = plan_enter(&key);
	}
	else
		dlist_move_head(&plans_by_recency, &plan->recency);
	plan->users++;
	return plan;
}

/* Functions that ran queries of their own may have done so while planning (see the top of the file). */
void
fql_plan_unpin(FqlPlan *plan)
{
	if (--plan->users == 0 && (fql_observe_saw_nested() || strlen(plan->key.text) > LONGEST_TEXT))
		plan_drop(plan);
}

/* Prepare a pinned entry's statement unless that was done before.  Cursor options 0: no parallel workers. */
static SPIPlanPtr
plan_prepare(FqlPlan *plan)
{
	SPIPlanPtr	prepared;

	if (plan->prepared != NULL)
		return plan->prepared;
	prepared = SPI_prepare(plan->key.text, plan->key.type_count, plan->key.types);
	if (prepared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not prepare the statement of a GraphQL operation"),
				 errdetail_internal("SPI_prepare: %s", SPI_result_code_string(SPI_result))));
	SPI_keepplan(prepared);
	plan->prepared = prepared;
	return prepared;
}

/* PostgreSQL plans, if it does not use a plan again, within the execution; hence the preference around it. */
int
fql_plan_execute(FqlPlan *plan, const SPIExecuteOptions *options)
{
	FqlPrecision precision;
	volatile int result = 0;

	if (plan->key.factor == 0)
		return SPI_execute_plan_extended(plan_prepare(plan), options);
	fql_precise_begin(&precision, plan->key.text, plan->key.factor, &plan->choice);
	PG_TRY();
	{
		result = SPI_execute_plan_extended(plan_prepare(plan), options);
	}
	PG_FINALLY();
	{
		fql_precise_end(&precision);
	}
	PG_END_TRY();
	return result;
}

void
fql_plan_init(void)
{
	previous_planner = planner_hook;
	planner_hook = note_planning;
}
