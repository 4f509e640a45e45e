/*
 * schema_relations.c
 *    Fields from foreign keys: to-one in the referencing type, to-many in the referenced one.
 *
 * To-many fields are named last, in two steps: all candidates of a referenced type are collected, then those whose name
 * is taken by another field or wanted by another candidate are told apart by their columns.  So what a field is called
 * does not depend on the order of the constraints.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "naming.h"
#include "schema_internal.h"

/* A to-many field that wants a name. */
typedef struct Candidate
{
	FqlEntity  *parent;
	FqlEntity  *child;
	const FqlForeignKey *key;
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
	const FqlRelationOption *option = fql_options_relation(&child->options, key->name);
	const char *column;
	char	   *stem;
	size_t		len;
	char	   *name;

	if (option != NULL && option->to_one != NULL)
		return option->to_one;
	column = column_name(child, key->local[0]);
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

/* Nullable even where the column is not: the row may be hidden by row-level security. */
static void
build_to_one(FqlSchemaBuild *build, FqlEntity *child, const FqlForeignKey *key, FqlEntity *parent)
{
	FqlDraftField *field = fql_build_field(build, child->object, to_one_name(child, key, parent),
										   key_origin(child, key), FQL_FIELD_TO_ONE,
										   name_hint(child, key, "toOne"));

	if (field == NULL)
		return;
	field->target = parent->object;
	bind_join(build, field, key->local, key->remote, key->column_count);
}

static Candidate *
make_candidate(FqlEntity *child, const FqlForeignKey *key, FqlEntity *parent)
{
	const FqlRelationOption *option = fql_options_relation(&child->options, key->name);
	Candidate  *candidate = palloc0(sizeof(Candidate));

	candidate->parent = parent;
	candidate->child = child;
	candidate->key = key;
	candidate->given = option != NULL && option->to_many != NULL;
	candidate->name = candidate->given ? option->to_many : child->plural;
	return candidate;
}

/* Does another candidate of the same parent want the same name, or has a field got it already? */
static bool
is_ambiguous(const Candidate *candidate, const List *candidates)
{
	ListCell   *cell;

	if (fql_build_find(candidate->parent->object, candidate->name) != NULL)
		return true;
	foreach(cell, candidates)
	{
		const Candidate *other = lfirst(cell);

		if (other != candidate && other->parent == candidate->parent && strcmp(other->name, candidate->name) == 0)
			return true;
	}
	return false;
}

static void
build_to_many(FqlSchemaBuild *build, const Candidate *candidate)
{
	FqlDraftField *field = fql_build_field(build, candidate->parent->object, candidate->name,
										   key_origin(candidate->child, candidate->key), FQL_FIELD_TO_MANY,
										   name_hint(candidate->child, candidate->key, "toMany"));

	if (field == NULL)
		return;
	field->target = candidate->child->object;
	field->list = field->item_not_null = field->not_null = true;
	bind_join(build, field, candidate->key->remote, candidate->key->local, candidate->key->column_count);
}

/* Both directions of each foreign key between two relations that are shown as tables. */
void
fql_build_relations(FqlSchemaBuild *build)
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

			if (parent == NULL || parent->binding->shape != FQL_RELATION_COLUMNS ||
				child->binding->shape != FQL_RELATION_COLUMNS)
				continue;
			build_to_one(build, child, key, parent);
			candidates = lappend(candidates, make_candidate(child, key, parent));
		}
	}
	foreach(cell, candidates)
	{
		Candidate  *candidate = lfirst(cell);

		candidate->ambiguous = !candidate->given && is_ambiguous(candidate, candidates);
	}
	foreach(cell, candidates)
	{
		Candidate  *candidate = lfirst(cell);

		if (candidate->ambiguous)
			candidate->name = psprintf("%s%s", candidate->child->plural,
									   by_columns(candidate->child, candidate->key));
		build_to_many(build, candidate);
	}
}
