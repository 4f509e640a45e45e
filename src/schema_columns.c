/*
 * schema_columns.c
 *    Fields from columns: relations that are tables to GraphQL as they are to SQL.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "naming.h"
#include "schema_internal.h"

static bool
has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Do all columns besides id and data carry keys only, as in a read model that has been given its join columns? */
static bool
has_only_keys_beside(const FqlCatalogRelation *relation)
{
	for (int i = 0; i < relation->column_count; i++)
	{
		const char *name = relation->columns[i].name;

		if (strcmp(name, "id") != 0 && strcmp(name, "data") != 0 && !has_prefix(name, "pk_") &&
			!has_prefix(name, "fk_"))
			return false;
	}
	return true;
}

/*
 * Is the relation a FraiseQL read model?  It has id and data jsonb, and its name (v_, tv_) says so, or it declares what
 * data holds, or it is a view that has nothing else to show.  An ordinary table that happens to have both columns is
 * none: its data is a JSON column.
 */
bool
fql_build_is_document(const FqlCatalogRelation *relation, const FqlOptions *options)
{
	const FqlColumn *data = fql_catalog_column(relation, "data");

	if (data == NULL || getBaseType(data->type) != JSONBOID || fql_catalog_column(relation, "id") == NULL)
		return false;
	if (options->data != NIL || has_prefix(relation->name, "v_") || has_prefix(relation->name, "tv_"))
		return true;
	return relation->kind == RELKIND_VIEW && has_only_keys_beside(relation);
}

/* pk_*, fk_* and a public id: the keys that joins use are not for clients. */
static bool
is_trinity(const FqlCatalogRelation *relation)
{
	if (fql_catalog_column(relation, "id") == NULL)
		return false;
	for (int i = 0; i < relation->column_count; i++)
	{
		if (has_prefix(relation->columns[i].name, "pk_"))
			return true;
	}
	return false;
}

/* Does a foreign key lead from this column to a pk_* of another table, so that its values are never shown? */
static bool
refers_to_hidden_key(const FqlCatalogRelation *relation, AttrNumber column)
{
	ListCell   *cell;

	foreach(cell, relation->foreign_keys)
	{
		const FqlForeignKey *key = lfirst(cell);
		const char *remote;

		if (key->column_count != 1 || key->local[0] != column)
			continue;
		remote = fql_catalog_column_name(key->referenced, key->remote[0]);
		if (remote != NULL && has_prefix(remote, "pk_"))
			return true;
	}
	return false;
}

static bool
is_internal(const FqlCatalogRelation *relation, const FqlColumn *column, bool trinity)
{
	if (has_prefix(column->name, "fk_"))
		return trinity || refers_to_hidden_key(relation, column->number);
	return trinity && has_prefix(column->name, "pk_");
}

/* The field's name; NULL: not shown, with a problem where it should have been. */
static const char *
column_field_name(FqlSchemaBuild *build, FqlEntity *entity, const FqlColumn *column, bool trinity)
{
	const char *given = fql_options_pair(entity->options.fields, column->name);
	const char *name;

	if (fql_options_excludes(&entity->options, column->name))
		return NULL;
	if (given != NULL)
		return given;
	if (is_internal(entity->relation, column, trinity))
		return NULL;
	name = fql_naming_camel(column->name);
	if (name == NULL)
		fql_build_problem(build, ERRCODE_INVALID_NAME,
						  psprintf("column \"%s\" of %s cannot become a GraphQL field", column->name,
								   entity->relation->label),
						  psprintf("Name it with the options {\"fields\": {\"%s\": \"...\"}}, or leave it out with "
								   "{\"exclude\": [\"%s\"]}.", column->name, column->name));
	return name;
}

static void
build_column(FqlSchemaBuild *build, FqlEntity *entity, const FqlColumn *column, bool trinity)
{
	const char *name = column_field_name(build, entity, column, trinity);
	FqlDraftField *field;

	if (name == NULL)
		return;
	field = fql_build_field(build, entity->object, name,
							psprintf("column \"%s\" of %s", column->name, entity->relation->label), FQL_FIELD_COLUMN,
							"Name one of them with the option \"fields\" of fraiseql.expose(), or leave it out with "
							"\"exclude\".");
	if (field == NULL)
		return;
	field->comment = column->comment;
	field->leaf = fql_build_leaf(build, column->type);
	field->list = field->leaf.is_array;
	field->not_null = column->not_null && entity->relation->kind != RELKIND_VIEW;
	field->binding->column = column->number;
	field->binding->column_type = field->leaf.base;
	field->binding->column_collation = column->collation;
	field->binding->is_array = field->leaf.is_array;
}

static FqlDraftField *
field_of_column(const FqlDraftObject *object, AttrNumber column)
{
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		FqlDraftField *field = lfirst(cell);

		if (field->binding->kind == FQL_FIELD_COLUMN && field->binding->column == column)
			return field;
	}
	return NULL;
}

/* Is every column of the primary key an internal one? */
static bool
key_is_internal(const FqlCatalogRelation *relation)
{
	for (int i = 0; i < relation->key_count; i++)
	{
		const FqlColumn *column = fql_catalog_column_numbered(relation, relation->key[i]);

		if (column == NULL || !has_prefix(column->name, "pk_"))
			return false;
	}
	return true;
}

/* The arguments of the singular root field; none unless every one of the columns is shown and can be compared. */
static void
choose_arguments(FqlEntity *entity, const AttrNumber *columns, int count)
{
	List	   *keys = NIL;

	for (int i = 0; i < count; i++)
	{
		FqlDraftField *field = field_of_column(entity->object, columns[i]);

		if (field == NULL || field->leaf.comparison < FQL_COMPARE_BOOLEAN)
			return;
		keys = lappend(keys, field);
	}
	entity->keys = keys;
}

/*
 * The key that orders pages is the primary key where there is one (it is unique and indexed); the key that clients look
 * rows up by is the public id where the primary key is internal.
 */
static void
choose_keys(FqlSchemaBuild *build, FqlEntity *entity)
{
	const FqlCatalogRelation *relation = entity->relation;
	const FqlColumn *id = fql_catalog_column(relation, "id");
	const AttrNumber *key = relation->key_count > 0 ? relation->key : id != NULL ? &id->number : NULL;
	int			count = relation->key_count > 0 ? relation->key_count : id != NULL ? 1 : 0;

	entity->binding->key_count = count;
	if (count > 0)
		entity->binding->key_columns = fql_build_numbers(build, key, count);
	if (id != NULL && key_is_internal(relation))
		choose_arguments(entity, &id->number, 1);
	else
		choose_arguments(entity, key, count);
}

/* All fields that are columns, and the keys. */
void
fql_build_columns(FqlSchemaBuild *build, FqlEntity *entity)
{
	bool		trinity = is_trinity(entity->relation);

	for (int i = 0; i < entity->relation->column_count; i++)
		build_column(build, entity, &entity->relation->columns[i], trinity);
	choose_keys(build, entity);
}
