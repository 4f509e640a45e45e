/*
 * schema_relations.c
 *    Fields from foreign keys: to-one in the referencing type, to-many in the referenced one.
 *
 * First the to-one fields, then the to-many ones, each in two steps: all candidates are collected, then those whose
 * name is taken by another field or wanted by another candidate of the same type are told apart by their columns.  So
 * what a field is called does not depend on the order of the constraints.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "naming.h"
#include "schema_internal.h"

/* A field that wants a name. */
typedef struct Candidate
{
	FqlEntity  *owner;			/* whose type gets the field */
	FqlEntity  *target;
	FqlEntity  *child;			/* whose foreign key it is: owner of a to-one, target of a to-many field */
	const FqlForeignKey *key;
	bool		to_many;
	const char *name;
	bool		given;			/* by the options: never changed */
	bool		ambiguous;
} Candidate;

static const char *
column_name(const FqlEntity *entity, AttrNumber number)
{
	const FqlColumn *column = fql_catalog_column_numbered(entity->relation, number);

	return column != NULL ? column->name : "";
}

static const char *
without_fk(const char *column)
{
	return strncmp(column, "fk_", 3) == 0 && column[3] != '\0' ? column + 3 : column;
}

static const char *
key_origin(const FqlEntity *child, const FqlForeignKey *key)
{
	return psprintf("foreign key \"%s\" of %s", key->name, child->relation->label);
}

/* boss_id → boss, fk_user → user; a key without such a column is named after what it leads to. */
static const char *
to_one_name(const FqlEntity *child, const FqlForeignKey *key, const FqlEntity *parent)
{
	const char *column = column_name(child, key->local[0]);
	char	   *stem;
	size_t		len;
	char	   *name;

	if (key->column_count != 1 || strcmp(column, "id") == 0 || strncmp(column, "pk_", 3) == 0)
		return parent->singular;
	stem = pstrdup(without_fk(column));
	len = strlen(stem);
	if (len > 3 && strcmp(stem + len - 3, "_id") == 0)
		stem[len - 3] = '\0';
	name = fql_naming_camel(stem);
	return name != NULL ? name : parent->singular;
}

/* fk_user → ByUser, sender_id → BySenderId, (a, b) → ByAAndB. */
static const char *
by_columns(const FqlEntity *child, const FqlForeignKey *key)
{
	char	   *result = pstrdup("By");

	for (int i = 0; i < key->column_count; i++)
	{
		char	   *word = fql_naming_pascal(without_fk(column_name(child, key->local[i])));

		result = psprintf("%s%s%s", result, i > 0 ? "And" : "", word != NULL ? word : "");
	}
	return result;
}

static void
bind_join(FqlSchemaBuild *build, FqlDraftField *field, const AttrNumber *local, const AttrNumber *remote, int count)
{
	field->binding->join_count = count;
	field->binding->local_columns = fql_build_numbers(build, local, count);
	field->binding->remote_columns = fql_build_numbers(build, remote, count);
}

static char *
name_hint(const FqlEntity *child, const FqlForeignKey *key, const char *side)
{
	return psprintf("Expose %s with the options {\"relations\": {\"%s\": {\"%s\": \"...\"}}}.", child->relation->label,
					key->name, side);
}

static Candidate *
make_candidate(FqlEntity *child, const FqlForeignKey *key, FqlEntity *parent, bool to_many)
{
	const FqlRelationOption *option = fql_options_relation(&child->options, key->name);
	const char *given = option == NULL ? NULL : to_many ? option->to_many : option->to_one;
	Candidate  *candidate = palloc0(sizeof(Candidate));

	candidate->owner = to_many ? parent : child;
	candidate->target = to_many ? child : parent;
	candidate->child = child;
	candidate->key = key;
	candidate->to_many = to_many;
	candidate->given = given != NULL;
	if (given != NULL)
		candidate->name = given;
	else
		candidate->name = to_many ? child->plural : to_one_name(child, key, parent);
	return candidate;
}

/* Does another candidate of the same type want the same name, or has a field got it already? */
static bool
is_ambiguous(const Candidate *candidate, const List *candidates)
{
	ListCell   *cell;

	if (fql_build_find(candidate->owner->object, candidate->name) != NULL)
		return true;
	foreach(cell, candidates)
	{
		const Candidate *other = lfirst(cell);

		if (other != candidate && other->owner == candidate->owner && strcmp(other->name, candidate->name) == 0)
			return true;
	}
	return false;
}

/* What a candidate is called when its own name is ambiguous: userByCreatedBy, messagesBySenderId. */
static const char *
distinct_name(const Candidate *candidate)
{
	return psprintf("%s%s", candidate->to_many ? candidate->target->plural : candidate->target->singular,
					by_columns(candidate->child, candidate->key));
}

/* To-one fields are nullable even where the column is not: the row may be hidden by row-level security. */
static void
build_candidate(FqlSchemaBuild *build, const Candidate *candidate)
{
	const FqlForeignKey *key = candidate->key;
	FqlDraftField *field = fql_build_field(build, candidate->owner->object, candidate->name,
										   key_origin(candidate->child, key),
										   candidate->to_many ? FQL_FIELD_TO_MANY : FQL_FIELD_TO_ONE,
										   name_hint(candidate->child, key, candidate->to_many ? "toMany" : "toOne"));

	if (field == NULL)
		return;
	field->target = candidate->target->object;
	field->list = field->item_not_null = field->not_null = candidate->to_many;
	bind_join(build, field, candidate->to_many ? key->remote : key->local,
			  candidate->to_many ? key->local : key->remote, key->column_count);
}

/* One direction of each foreign key between two relations that are shown as tables. */
static List *
collect_candidates(FqlSchemaBuild *build, bool to_many)
{
	List	   *candidates = NIL;
	ListCell   *cell;
	ListCell   *key_cell;

	foreach(cell, build->entities)
	{
		FqlEntity  *child = lfirst(cell);

		foreach(key_cell, child->relation->foreign_keys)
		{
			const FqlForeignKey *key = lfirst(key_cell);
			FqlEntity  *parent = fql_build_entity(build, key->referenced);

			if (parent != NULL && parent->binding->shape == FQL_RELATION_COLUMNS &&
				child->binding->shape == FQL_RELATION_COLUMNS)
				candidates = lappend(candidates, make_candidate(child, key, parent, to_many));
		}
	}
	return candidates;
}

static void
build_direction(FqlSchemaBuild *build, bool to_many)
{
	List	   *candidates = collect_candidates(build, to_many);
	ListCell   *cell;

	/* all are judged by the names they want before any is renamed */
	foreach(cell, candidates)
	{
		Candidate  *candidate = lfirst(cell);

		candidate->ambiguous = !candidate->given && is_ambiguous(candidate, candidates);
	}
	foreach(cell, candidates)
	{
		Candidate  *candidate = lfirst(cell);

		if (candidate->ambiguous)
			candidate->name = distinct_name(candidate);
		build_candidate(build, candidate);
	}
}

void
fql_build_relations(FqlSchemaBuild *build)
{
	build_direction(build, false);
	build_direction(build, true);
}
