/*
 * schema_writes.c
 *    Fields of Mutation that write tables without a function, for those that the option "mutations" opens.
 *
 *    insertUsers(objects: [UserInsert!]!, onConflict: UserOnConflict): UserMutation
 *    updateUsers(where: UserWhere!, set: UserSet!, atMost: Int): UserMutation
 *    deleteUsers(where: UserWhere!, atMost: Int): UserMutation
 *
 * UserInsert and UserSet have the columns that are fields of User and take a value, and, in place of the columns of
 * a foreign key, the field that it is: a row that exists, by its key (connect), or in UserInsert a new one (create).
 * So rows can be linked whose keys are internal.  UserInsert has the rows that refer to the new one, too.  A column of
 * UserInsert is required where the table requires it and nothing else could give it a value.
 *
 * Who may write what is PostgreSQL's to say, when the statement runs.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "naming.h"
#include "schema_internal.h"

#define HINT "Pass another type_name to fraiseql.expose(), or leave out the option \"mutations\"."

/* The input types of a table; NULL where it has none. */
typedef struct TableInputs
{
	const FqlEntity *entity;
	FqlDraftField *insert;		/* the fields of Mutation; NULL: not offered */
	FqlDraftField *update;
	FqlDraftField *delete;
	FqlType    *insert_type;
	FqlType    *set_type;
	FqlType    *conflict_type;
	FqlType    *key_type;		/* <Type>Key, made for who refers to the table */
	FqlType    *reference_type; /* <Type>Reference, likewise */
} TableInputs;

/*
 * Drafts
 */

static TableInputs *
inputs_of(FqlSchemaBuild *build, const FqlEntity *entity)
{
	ListCell   *cell;
	TableInputs *inputs;

	foreach(cell, build->writes)
	{
		inputs = lfirst(cell);
		if (inputs->entity == entity)
			return inputs;
	}
	inputs = palloc0(sizeof(TableInputs));
	inputs->entity = entity;
	build->writes = lappend(build->writes, inputs);
	return inputs;
}

/* <Type>Mutation: how many, and which. */
static FqlDraftObject *
result_of(FqlSchemaBuild *build, const FqlEntity *entity)
{
	FqlDraftObject *object = fql_build_result(build, psprintf("%sMutation", entity->object->name),
											  psprintf("mutations of %s", entity->relation->label), HINT);
	FqlDraftField *field;

	if (object == NULL)
		return NULL;
	field = fql_build_field(build, object, "affectedCount", object->origin, FQL_FIELD_AFFECTED_COUNT, HINT);
	field->leaf.type = build->types->scalars[FQL_SCALAR_INT];
	field->not_null = true;
	field = fql_build_field(build, object, "records", object->origin, FQL_FIELD_RECORDS, HINT);
	field->target = entity->object;
	field->list = field->item_not_null = field->not_null = true;
	return object;
}

static FqlDraftField *
root_field(FqlSchemaBuild *build, const FqlEntity *entity, FqlDraftObject *result, const char *verb, FqlFieldKind kind)
{
	FqlDraftField *field = fql_build_field(build, build->mutation,
										   psprintf("%s%s", verb, fql_naming_upper_first(entity->plural)),
										   psprintf("%ss of %s", verb, entity->relation->label), kind,
										   "Use the option \"plural\" of fraiseql.expose(), or another field_name for "
										   "the function.");

	if (field != NULL)
		field->target = result;
	return field;
}

/* False after a problem: a name is taken. */
static bool
claim_inputs(FqlSchemaBuild *build, const FqlEntity *entity)
{
	static const char *const suffixes[] = {"Insert", "Set", "OnConflict", "Column"};

	for (size_t i = 0; i < lengthof(suffixes); i++)
	{
		if (!fql_build_claim(build, psprintf("%s%s", entity->object->name, suffixes[i]),
							 psprintf("mutations of %s", entity->relation->label), HINT))
			return false;
	}
	return true;
}

static void
build_table(FqlSchemaBuild *build, const FqlEntity *entity)
{
	TableInputs *inputs;
	FqlDraftObject *result;

	if (entity->binding->shape != FQL_RELATION_COLUMNS ||
		(entity->relation->kind != RELKIND_RELATION && entity->relation->kind != RELKIND_PARTITIONED_TABLE))
	{
		fql_build_problem(build, ERRCODE_WRONG_OBJECT_TYPE,
						  psprintf("option \"mutations\" is given for %s, which is not shown as a table",
								   entity->relation->label),
						  pstrdup("Expose the table, or functions with fraiseql.expose_function()."));
		return;
	}
	result = claim_inputs(build, entity) ? result_of(build, entity) : NULL;
	if (result == NULL)
		return;
	inputs = inputs_of(build, entity);
	if (entity->options.mutations & FQL_TABLE_INSERT)
		inputs->insert = root_field(build, entity, result, "insert", FQL_FIELD_INSERT);
	if (entity->options.mutations & FQL_TABLE_UPDATE)
		inputs->update = root_field(build, entity, result, "update", FQL_FIELD_UPDATE);
	if (entity->options.mutations & FQL_TABLE_DELETE)
		inputs->delete = root_field(build, entity, result, "delete", FQL_FIELD_DELETE);
}

void
fql_build_writes(FqlSchemaBuild *build)
{
	ListCell   *cell;

	foreach(cell, build->entities)
	{
		const FqlEntity *entity = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (entity->options.mutations != 0 && !entity->object->dropped)
			build_table(build, entity);
	}
}

/*
 * Input fields
 */

static FqlDraftInput *
add_input(FqlSchemaBuild *build, List **inputs, const char *name, FqlInputMeaning meaning, const FqlDraftField *field)
{
	FqlDraftInput *input = palloc0(sizeof(FqlDraftInput));
	FqlInputBinding *binding = FQL_NEW(build->arena, FqlInputBinding);

	binding->meaning = meaning;
	binding->field = field != NULL ? field->field : NULL;
	input->name = name;
	input->binding = binding;
	*inputs = lappend(*inputs, input);
	return input;
}

/* Writing through this input takes INSERT on a table. */
static void
needs_insert(FqlSchemaBuild *build, FqlDraftInput *input, const FqlEntity *entity)
{
	FqlSlot    *slot = FQL_NEW(build->arena, FqlSlot);

	slot->relid = entity->relation->relid;
	slot->privilege = ACL_INSERT;
	unconstify(FqlInputBinding *, (const FqlInputBinding *) input->binding)->slot = slot;
}

/* Could something else give the column its value: a foreign key that is a field, or the row that this one is below? */
static bool
is_in_foreign_key(const FqlSchemaBuild *build, const FqlEntity *entity, AttrNumber column)
{
	ListCell   *cell;

	foreach(cell, entity->relation->foreign_keys)
	{
		const FqlForeignKey *key = lfirst(cell);

		for (int i = 0; i < key->column_count; i++)
		{
			if (key->local[i] == column && fql_build_entity(build, key->referenced) != NULL)
				return true;
		}
	}
	return false;
}

static bool
is_required(const FqlSchemaBuild *build, const FqlEntity *entity, const FqlColumn *column)
{
	return column->not_null && !column->has_default && get_typtype(column->type) != TYPTYPE_DOMAIN &&
		!is_in_foreign_key(build, entity, column->number);
}

static void
column_input(FqlSchemaBuild *build, const FqlEntity *entity, const FqlDraftField *field, AclMode privilege, List **list)
{
	const FqlColumn *column = fql_catalog_column_numbered(entity->relation, field->binding->column);
	FqlDraftInput *input;
	FqlSlot    *slot;

	if (column == NULL || column->is_computed)
		return;
	input = add_input(build, list, field->name, FQL_MEANS_SLOT, NULL);
	slot = FQL_NEW(build->arena, FqlSlot);
	fql_build_slot(build, input, slot, column->name, column->type);
	slot->relid = entity->relation->relid;
	slot->column = column->number;
	slot->privilege = privilege;
	unconstify(FqlInputBinding *, (const FqlInputBinding *) input->binding)->slot = slot;
	input->not_null = privilege == ACL_INSERT && is_required(build, entity, column);
}

/* <Type>Key: the arguments of the singular root field; NULL: there are none, or its name is taken. */
static const FqlType *
key_type(FqlSchemaBuild *build, const FqlEntity *entity)
{
	TableInputs *inputs = inputs_of(build, entity);
	List	   *fields = NIL;
	ListCell   *cell;

	if (inputs->key_type != NULL || entity->keys == NIL ||
		!fql_build_claim(build, psprintf("%sKey", entity->object->name),
						 psprintf("the key of %s", entity->relation->label), HINT))
		return inputs->key_type;
	foreach(cell, entity->keys)
	{
		const FqlDraftField *key = lfirst(cell);
		FqlDraftInput *input = add_input(build, &fields, key->name, FQL_MEANS_FIELD, key);

		input->leaf = key->leaf;
		input->not_null = true;
	}
	inputs->key_type = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
										  fql_arena_printf(build->arena, "%sKey", entity->object->name));
	fql_build_input_fields(build, fields, &inputs->key_type->input_fields, &inputs->key_type->input_field_count);
	return inputs->key_type;
}

/* <Type>Reference: a row that exists, or a new one; NULL: neither can be named. */
static const FqlType *
reference_type(FqlSchemaBuild *build, const FqlEntity *entity)
{
	TableInputs *inputs = inputs_of(build, entity);
	const FqlType *key = key_type(build, entity);
	List	   *fields = NIL;

	if (inputs->reference_type != NULL || (key == NULL && inputs->insert == NULL) ||
		!fql_build_claim(build, psprintf("%sReference", entity->object->name),
						 psprintf("references to %s", entity->relation->label), HINT))
		return inputs->reference_type;
	if (key != NULL)
		add_input(build, &fields, "connect", FQL_MEANS_CONNECT, NULL)->object = key;
	if (inputs->insert != NULL)
	{
		FqlDraftInput *create = add_input(build, &fields, "create", FQL_MEANS_CREATE, NULL);

		create->object = inputs->insert_type;
		needs_insert(build, create, entity);
	}
	inputs->reference_type = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
												fql_arena_printf(build->arena, "%sReference", entity->object->name));
	fql_build_input_fields(build, fields, &inputs->reference_type->input_fields,
						   &inputs->reference_type->input_field_count);
	return inputs->reference_type;
}

static void
reference_input(FqlSchemaBuild *build, const FqlDraftField *field, AclMode privilege, List **list)
{
	const FqlEntity *target = field->target->entity;
	const FqlType *type = privilege == ACL_INSERT ? reference_type(build, target) : key_type(build, target);

	if (type != NULL)
		add_input(build, list, field->name, FQL_MEANS_REFERENCE, field)->object = type;
}

static void
children_input(FqlSchemaBuild *build, const FqlDraftField *field, List **list)
{
	const TableInputs *target = inputs_of(build, field->target->entity);
	FqlDraftInput *input;

	if (target->insert == NULL)
		return;
	input = add_input(build, list, field->name, FQL_MEANS_CHILDREN, field);
	input->object = target->insert_type;
	input->list = input->item_not_null = true;
	needs_insert(build, input, field->target->entity);
}

/* <Type>Insert and <Type>Set. */
static void
fill_row(FqlSchemaBuild *build, const FqlEntity *entity, AclMode privilege, FqlType *type)
{
	List	   *list = NIL;
	ListCell   *cell;

	foreach(cell, entity->object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		if (field->binding->kind == FQL_FIELD_COLUMN)
			column_input(build, entity, field, privilege, &list);
		else if (field->binding->kind == FQL_FIELD_TO_ONE)
			reference_input(build, field, privilege, &list);
		else if (field->binding->kind == FQL_FIELD_TO_MANY && privilege == ACL_INSERT)
			children_input(build, field, &list);
	}
	fql_build_input_fields(build, list, &type->input_fields, &type->input_field_count);
}

/* The enum of columns, as fields are called. */
static const FqlType *
column_enum(FqlSchemaBuild *build, const FqlEntity *entity)
{
	FqlType    *type = fql_typesystem_add(build->types, FQL_TYPE_ENUM,
										  fql_arena_printf(build->arena, "%sColumn", entity->object->name));
	ListCell   *cell;

	type->enum_values = FQL_NEW_ARRAY(build->arena, FqlStr, list_length(entity->object->fields));
	foreach(cell, entity->object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		if (field->binding->kind == FQL_FIELD_COLUMN && strcmp(field->name, "true") != 0 &&
			strcmp(field->name, "false") != 0 && strcmp(field->name, "null") != 0)
			type->enum_values[type->enum_value_count++] = field->field->name;
	}
	return type->enum_value_count > 0 ? type : NULL;
}

static void
fill_conflict(FqlSchemaBuild *build, const FqlType *columns, FqlType *type)
{
	List	   *list = NIL;
	FqlDraftInput *input = add_input(build, &list, "columns", FQL_MEANS_CONFLICT_COLUMNS, NULL);

	input->leaf.type = columns;
	input->list = input->item_not_null = input->not_null = true;
	input = add_input(build, &list, "update", FQL_MEANS_CONFLICT_UPDATE, NULL);
	input->leaf.type = columns;
	input->list = input->item_not_null = true;
	fql_build_input_fields(build, list, &type->input_fields, &type->input_field_count);
}

/*
 * Arguments
 */

static void
add_argument(List **list, const char *name, const FqlArgumentBinding *binding, const FqlType *type, bool list_of,
			 bool not_null)
{
	FqlDraftInput *input = palloc0(sizeof(FqlDraftInput));

	input->name = name;
	input->binding = binding;
	input->object = type;
	input->list = input->item_not_null = list_of;
	input->not_null = not_null;
	*list = lappend(*list, input);
}

static void
fill_root(FqlSchemaBuild *build, const TableInputs *inputs, FqlDraftField *field)
{
	static const FqlArgumentBinding objects = {.kind = FQL_ARGUMENT_OBJECTS};
	static const FqlArgumentBinding on_conflict = {.kind = FQL_ARGUMENT_ON_CONFLICT};
	static const FqlArgumentBinding where = {.kind = FQL_ARGUMENT_WHERE};
	static const FqlArgumentBinding set = {.kind = FQL_ARGUMENT_SET};
	static const FqlArgumentBinding at_most = {.kind = FQL_ARGUMENT_AT_MOST};
	List	   *list = NIL;

	if (field == NULL)
		return;
	if (field == inputs->insert)
	{
		add_argument(&list, "objects", &objects, inputs->insert_type, true, true);
		if (inputs->conflict_type != NULL)
			add_argument(&list, "onConflict", &on_conflict, inputs->conflict_type, false, false);
	}
	else
	{
		add_argument(&list, "where", &where, inputs->entity->object->where, false, true);
		if (field == inputs->update)
			add_argument(&list, "set", &set, inputs->set_type, false, true);
		add_argument(&list, "atMost", &at_most, build->types->scalars[FQL_SCALAR_INT], false, false);
	}
	field->binding->table = inputs->entity->object->type;
	fql_build_input_fields(build, list, &field->field->arguments, &field->field->argument_count);
}

static FqlType *
new_input(FqlSchemaBuild *build, const FqlEntity *entity, const char *suffix)
{
	return fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
							  fql_arena_printf(build->arena, "%s%s", entity->object->name, suffix));
}

/* Every type first, since they refer to one another; entities that are only referred to come to the list meanwhile. */
void
fql_build_write_arguments(FqlSchemaBuild *build)
{
	List	   *writes = list_copy(build->writes);
	ListCell   *cell;

	foreach(cell, writes)
	{
		TableInputs *inputs = lfirst(cell);

		if (inputs->insert != NULL)
			inputs->insert_type = new_input(build, inputs->entity, "Insert");
		if (inputs->update != NULL)
			inputs->set_type = new_input(build, inputs->entity, "Set");
	}
	foreach(cell, writes)
	{
		TableInputs *inputs = lfirst(cell);
		const FqlType *columns;

		CHECK_FOR_INTERRUPTS();
		if (inputs->insert != NULL)
		{
			fill_row(build, inputs->entity, ACL_INSERT, inputs->insert_type);
			columns = column_enum(build, inputs->entity);
			inputs->conflict_type = new_input(build, inputs->entity, "OnConflict");
			fill_conflict(build, columns, inputs->conflict_type);
		}
		if (inputs->update != NULL)
			fill_row(build, inputs->entity, ACL_UPDATE, inputs->set_type);
		fill_root(build, inputs, inputs->insert);
		fill_root(build, inputs, inputs->update);
		fill_root(build, inputs, inputs->delete);
	}
}
