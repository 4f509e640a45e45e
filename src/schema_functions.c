/*
 * schema_functions.c
 *    Fields of Mutation that functions stand behind: their names, arguments and results.
 *
 * Arguments are the parameters that take a value.  One without a default is required and must not be null; one with a
 * default may be left out, which leaves the default to PostgreSQL, or be null.  Scalars are those of columns.  A row
 * type becomes an input object of its columns, where GraphQL can name them, and JSON otherwise.
 *
 * Results, by what the function returns:
 *  - a row of an exposed relation: that relation's type
 *  - a FraiseQL mutation response: <Field>Payload.  It is known by the names of its columns, in whichever of its forms
 *    it comes; a jsonb is one where the option "entity" says so.
 *  - any other row (a row type, OUT parameters, RETURNS TABLE): a type of its columns
 *  - everything else: a scalar, an enum or JSON; nothing (void): true
 * A set is a list of these.
 *
 * Fields of Mutation are never non-null, whatever the function promises: a field that fails is null and undone, and
 * must not take down those beside it, which stand.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "catalog_functions.h"
#include "exposure.h"
#include "naming.h"
#include "schema_internal.h"

#define NAME_HINT "Pass another field_name to fraiseql.expose_function()."

/* A row of fraiseql.exposed_function, with what the catalogs know about the function. */
typedef struct ExposedFunction
{
	FqlCatalogFunction *function;
	const char *given_name;		/* NULL: derived */
	FqlFunctionOptions options;
	FqlProblem *problem;		/* with the options; NULL: none */
} ExposedFunction;

/* The GraphQL type that was made for a row type, as input (arguments) or as output (results). */
typedef struct RowType
{
	Oid			relid;
	FqlType    *input;			/* NULL: not made, or it has no column that GraphQL can name */
	FqlDraftObject *output;		/* NULL: not made */
} RowType;

/*
 * fraiseql.exposed_function
 */

/* NULL: the function is gone. */
static ExposedFunction *
make_exposed(const FqlExposure *exposure)
{
	ExposedFunction *exposed = palloc0(sizeof(ExposedFunction));

	exposed->function = fql_catalog_function(exposure->object);
	if (exposed->function == NULL)
		return NULL;
	exposed->given_name = exposure->name;
	exposed->problem = fql_function_options_parse(exposure->options, &exposed->options);
	return exposed;
}

static int
compare_exposed(const ListCell *a, const ListCell *b)
{
	return strcmp(((const ExposedFunction *) lfirst(a))->function->label,
				  ((const ExposedFunction *) lfirst(b))->function->label);
}

/* All of them, in an order that does not depend on the table's. */
static List *
exposed_functions(void)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, fql_exposures("exposed_function"))
	{
		ExposedFunction *exposed = make_exposed(lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (exposed != NULL)
			result = lappend(result, exposed);
	}
	list_sort(result, compare_exposed);
	return result;
}

/*
 * Names
 */

/* Without the prefix fn_. */
static const char *
bare_name(const FqlCatalogFunction *function)
{
	return strncmp(function->name, "fn_", 3) == 0 && function->name[3] != '\0' ? function->name + 3 : function->name;
}

/* NULL: there is no GraphQL name for it. */
static const char *
field_name(const ExposedFunction *exposed)
{
	const char *name = bare_name(exposed->function);

	if (exposed->given_name != NULL)
		return fql_naming_is_public(exposed->given_name) ? exposed->given_name : NULL;
	if (exposed->options.schema_prefix)
		name = psprintf("%s_%s", get_namespace_name(exposed->function->schema), name);
	return fql_naming_camel(name);
}

/* Parameters are often written p_name or _name, so that they do not collide with columns. */
static const char *
argument_name(const ExposedFunction *exposed, const FqlParameter *parameter)
{
	const char *given = fql_options_pair(exposed->options.arguments, parameter->name);
	const char *name = parameter->name;

	if (given != NULL)
		return given;
	if (strncmp(name, "p_", 2) == 0)
		name += 2;
	else if (name[0] == '_')
		name++;
	return fql_naming_camel(name);
}

/*
 * Arguments
 */

static RowType *
row_type(FqlSchemaBuild *build, Oid relid)
{
	ListCell   *cell;
	RowType    *row;

	foreach(cell, build->rows)
	{
		row = lfirst(cell);
		if (row->relid == relid)
			return row;
	}
	row = palloc0(sizeof(RowType));
	row->relid = relid;
	build->rows = lappend(build->rows, row);
	return row;
}

/* A copy in the schema's arena, in the encoding of the database. */
static const char *
arena_text(FqlSchemaBuild *build, const char *text)
{
	size_t		len = strlen(text) + 1;

	return memcpy(fql_arena_alloc(build->arena, len), text, len);
}

static const FqlType *row_input(FqlSchemaBuild *build, Oid relid);

/* What a value of this type looks like as input, and where it goes. */
void
fql_build_slot(FqlSchemaBuild *build, FqlDraftInput *input, FqlSlot *slot, const char *name, Oid type)
{
	Oid			element;

	input->leaf = fql_build_leaf(build, type);
	input->list = input->leaf.is_array;
	slot->name = arena_text(build, name);
	slot->type = type;
	slot->base = getBaseType(type);
	slot->is_array = input->leaf.is_array;
	element = getBaseType(slot->is_array ? get_element_type(slot->base) : slot->base);
	slot->is_row = get_typtype(element) == TYPTYPE_COMPOSITE;
	if (slot->is_row)
		input->object = row_input(build, get_typ_typrelid(element));
}

static const FqlTypeRef *
input_type(FqlSchemaBuild *build, const FqlDraftInput *input)
{
	const FqlTypeRef *type = fql_type_named(build->types, input->object != NULL ? input->object : input->leaf.type);

	if (input->list && input->item_not_null)
		type = fql_type_non_null(build->types, type);
	if (input->list)
		type = fql_type_list(build->types, type);
	return input->not_null ? fql_type_non_null(build->types, type) : type;
}

void
fql_build_input_fields(FqlSchemaBuild *build, const List *inputs, FqlInputField **fields, uint32_t *count)
{
	ListCell   *cell;

	*fields = FQL_NEW_ARRAY(build->arena, FqlInputField, list_length(inputs));
	*count = 0;
	foreach(cell, inputs)
	{
		const FqlDraftInput *input = lfirst(cell);
		FqlInputField *field = &(*fields)[(*count)++];

		field->name = fql_build_text(build, input->name);
		field->type = input_type(build, input);
		field->binding = input->binding;
	}
}

/* The name that a column has in GraphQL; NULL: it is not shown. */
static const char *
column_name(const FqlEntity *entity, const FqlColumn *column)
{
	ListCell   *cell;

	if (entity == NULL || entity->binding->shape != FQL_RELATION_COLUMNS)
		return fql_naming_camel(column->name);
	foreach(cell, entity->object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		if (field->binding->kind == FQL_FIELD_COLUMN && field->binding->column == column->number)
			return field->name;
	}
	return NULL;
}

static bool
has_input(const List *inputs, const char *name)
{
	ListCell   *cell;

	foreach(cell, inputs)
	{
		if (strcmp(((const FqlDraftInput *) lfirst(cell))->name, name) == 0)
			return true;
	}
	return false;
}

/* The columns of a row type as fields of an input object. */
static List *
row_inputs(FqlSchemaBuild *build, const FqlCatalogRelation *relation, const FqlEntity *entity)
{
	List	   *inputs = NIL;

	for (int i = 0; i < relation->column_count; i++)
	{
		const FqlColumn *column = &relation->columns[i];
		const char *name = column_name(entity, column);
		FqlDraftInput *input;
		FqlInputBinding *binding;
		FqlSlot    *slot;

		if (name == NULL || has_input(inputs, name))
			continue;
		input = palloc0(sizeof(FqlDraftInput));
		binding = FQL_NEW(build->arena, FqlInputBinding);
		slot = FQL_NEW(build->arena, FqlSlot);
		input->name = name;
		input->binding = binding;
		binding->meaning = FQL_MEANS_SLOT;
		binding->slot = slot;
		fql_build_slot(build, input, slot, column->name, column->type);
		inputs = lappend(inputs, input);
	}
	return inputs;
}

/*
 * The input object of a row type, made when first asked for; NULL: none of its columns can be named, or its name is
 * taken, and JSON has to do.  A row type never contains itself, so the recursion ends.
 */
static const FqlType *
row_input(FqlSchemaBuild *build, Oid relid)
{
	RowType    *row = row_type(build, relid);
	const FqlEntity *entity = fql_build_entity(build, relid);
	FqlCatalogRelation *relation;
	const char *name;
	List	   *inputs;

	if (row->input != NULL)
		return row->input;
	check_stack_depth();
	relation = fql_catalog_relation(relid);
	if (relation == NULL)
		return NULL;
	name = entity != NULL ? entity->object->name : fql_naming_pascal(fql_naming_entity(relation->name));
	inputs = row_inputs(build, relation, entity);
	if (name == NULL || inputs == NIL ||
		!fql_build_claim(build, psprintf("%sInput", name), psprintf("the input of %s", relation->label),
						 "Rename the row type."))
		return NULL;
	row->input = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
									fql_arena_printf(build->arena, "%sInput", name));
	fql_build_input_fields(build, inputs, &row->input->input_fields, &row->input->input_field_count);
	return row->input;
}

/* False after a problem. */
static bool
build_argument(FqlSchemaBuild *build, const ExposedFunction *exposed, FqlDraftField *field, int number, FqlSlot *slot)
{
	static const FqlArgumentBinding binding = {.kind = FQL_ARGUMENT_PARAMETER};
	const FqlCatalogFunction *function = exposed->function;
	const FqlParameter *parameter = &function->parameters[number];
	const char *name;
	FqlDraftInput *input;

	if (parameter->name[0] == '\0' || get_typtype(getBaseType(parameter->type)) == TYPTYPE_PSEUDO)
	{
		fql_build_problem(build, ERRCODE_INVALID_FUNCTION_DEFINITION,
						  psprintf("parameter %d of function %s %s", number + 1, function->label,
								   parameter->name[0] == '\0' ? "has no name" : "has no definite type"),
						  pstrdup("Arguments are given by name and need a type: write a function around it."));
		return false;
	}
	name = argument_name(exposed, parameter);
	if (name == NULL || has_input(field->arguments, name))
	{
		fql_build_problem(build, name == NULL ? ERRCODE_INVALID_NAME : ERRCODE_DUPLICATE_OBJECT,
						  psprintf("parameter \"%s\" of function %s %s", parameter->name, function->label,
								   name == NULL ? "cannot become a GraphQL argument"
								   : "would have the argument name of another one"),
						  psprintf("Name it with the options {\"arguments\": {\"%s\": \"...\"}}.", parameter->name));
		return false;
	}
	input = palloc0(sizeof(FqlDraftInput));
	input->name = name;
	input->binding = &binding;
	input->not_null = !parameter->has_default && !parameter->is_variadic;
	fql_build_slot(build, input, slot, parameter->name, parameter->type);
	field->arguments = lappend(field->arguments, input);
	return true;
}

static bool
build_arguments(FqlSchemaBuild *build, const ExposedFunction *exposed, FqlDraftField *field, FqlFunction *binding)
{
	const FqlNamePair *unused;

	binding->variadic = -1;
	binding->slot_count = exposed->function->parameter_count;
	binding->slots = FQL_NEW_ARRAY(build->arena, FqlSlot, binding->slot_count);
	for (int i = 0; i < binding->slot_count; i++)
	{
		if (!build_argument(build, exposed, field, i, &binding->slots[i]))
			return false;
		if (exposed->function->parameters[i].is_variadic)
			binding->variadic = i;
	}
	unused = fql_options_unused(exposed->options.arguments);
	if (unused == NULL)
		return true;
	fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
					  psprintf("option \"arguments\" of function %s names \"%s\", which is not there",
							   exposed->function->label, unused->key),
					  pstrdup("Name parameters as SQL spells them."));
	return false;
}

/*
 * Results
 */

static const FqlColumn *
result_column(const FqlCatalogFunction *function, const char *name)
{
	for (int i = 0; i < function->column_count; i++)
	{
		if (strcmp(function->columns[i].name, name) == 0)
			return &function->columns[i];
	}
	return NULL;
}

static bool
is_json_column(const FqlColumn *column)
{
	return column != NULL && (getBaseType(column->type) == JSONBOID || getBaseType(column->type) == JSONOID);
}

/* Every form has a verdict (succeeded or status), a message, and the entity as JSON. */
static bool
is_response(const FqlCatalogFunction *function)
{
	return (result_column(function, "succeeded") != NULL || result_column(function, "status") != NULL) &&
		result_column(function, "message") != NULL &&
		(is_json_column(result_column(function, "entity")) || is_json_column(result_column(function, "data")));
}

/* A new object type for results; NULL after a problem. */
FqlDraftObject *
fql_build_result(FqlSchemaBuild *build, const char *name, const char *origin, const char *hint)
{
	FqlDraftObject *object;

	if (!fql_build_claim(build, name, origin, hint))
		return NULL;
	object = palloc0(sizeof(FqlDraftObject));
	object->name = name;
	object->origin = origin;
	build->results = lappend(build->results, object);
	return object;
}

static FqlDraftField *
response_field(FqlSchemaBuild *build, FqlDraftObject *object, const char *name, FqlFieldKind kind)
{
	FqlDraftField *field = fql_build_field(build, object, name, object->origin, kind, "");

	field->binding->data_key = name;
	return field;
}

/* The keys of the document that mutation_response.c makes of a response, whatever form that has. */
static void
response_fields(FqlSchemaBuild *build, FqlDraftObject *object)
{
	static const struct
	{
		const char *name;
		FqlScalar	scalar;
	}			fields[] = {
		{"status", FQL_SCALAR_STRING},
		{"message", FQL_SCALAR_STRING},
		{"stateChanged", FQL_SCALAR_BOOLEAN},
		{"entityId", FQL_SCALAR_ID},
		{"entityType", FQL_SCALAR_STRING},
		{"updatedFields", FQL_SCALAR_STRING},
		{"cascade", FQL_SCALAR_JSON},
		{"metadata", FQL_SCALAR_JSON},
	};

	for (size_t i = 0; i < lengthof(fields); i++)
	{
		FqlDraftField *field = response_field(build, object, fields[i].name, FQL_FIELD_DATA_VALUE);

		field->leaf.type = build->types->scalars[fields[i].scalar];
		field->list = strcmp(fields[i].name, "updatedFields") == 0;
	}
}

/* The exposed entity whose type has this name, NULL: none. */
static FqlEntity *
entity_named(const FqlSchemaBuild *build, const char *name)
{
	ListCell   *cell;

	foreach(cell, build->entities)
	{
		FqlEntity  *entity = lfirst(cell);

		if (!entity->object->dropped && strcmp(entity->object->name, name) == 0)
			return entity;
	}
	return NULL;
}

/*
 * The type whose rows the responses of a function are about: given, or what follows the first word of its name, as in
 * create_order_item.  NULL: none that could be read by its id, so the entity is JSON.  False after a problem.
 */
static bool
response_entity(FqlSchemaBuild *build, const ExposedFunction *exposed, FqlEntity **entity)
{
	const char *given = exposed->options.entity;
	const char *rest = strchr(bare_name(exposed->function), '_');
	const char *name = given != NULL ? given : rest != NULL ? fql_naming_pascal(rest + 1) : NULL;

	*entity = NULL;
	if (name == NULL || (given != NULL && strcmp(given, "JSON") == 0))
		return true;
	*entity = entity_named(build, name);
	if (*entity == NULL && given != NULL)
	{
		fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
						  psprintf("option \"entity\" of function %s names \"%s\", which is no exposed type",
								   exposed->function->label, given),
						  pstrdup("Name the GraphQL type of an exposed relation, or \"JSON\"."));
		return false;
	}
	if (*entity != NULL && list_length((*entity)->keys) != 1)
		*entity = NULL;
	return true;
}

static bool
build_response(FqlSchemaBuild *build, const ExposedFunction *exposed, FqlDraftField *field)
{
	FqlEntity  *entity;
	FqlDraftField *entity_field;

	if (exposed->function->returns_set)
	{
		fql_build_problem(build, ERRCODE_INVALID_FUNCTION_DEFINITION,
						  psprintf("function %s returns a set of mutation responses", exposed->function->label),
						  pstrdup("Return one response."));
		return false;
	}
	if (!response_entity(build, exposed, &entity))
		return false;
	field->target = fql_build_result(build, psprintf("%sPayload", fql_naming_upper_first(field->name)), field->origin,
									 NAME_HINT);
	if (field->target == NULL)
		return false;
	response_fields(build, field->target);
	entity_field = response_field(build, field->target, "entity",
								  entity != NULL ? FQL_FIELD_RESPONSE_ENTITY : FQL_FIELD_DATA_VALUE);
	if (entity != NULL)
		entity_field->target = entity->object;
	else
		entity_field->leaf.type = build->types->scalars[FQL_SCALAR_JSON];
	return true;
}

/* False after a problem. */
static bool
column_fields(FqlSchemaBuild *build, const FqlCatalogFunction *function, FqlDraftObject *object)
{
	for (int i = 0; i < function->column_count; i++)
	{
		const FqlColumn *column = &function->columns[i];
		const char *name = fql_naming_camel(column->name);
		FqlDraftField *field;

		if (name == NULL)
		{
			fql_build_problem(build, ERRCODE_INVALID_NAME,
							  psprintf("column \"%s\" of what function %s returns cannot become a GraphQL field",
									   column->name, function->label), pstrdup("Rename the column."));
			return false;
		}
		field = fql_build_field(build, object, name,
								psprintf("column \"%s\" of what function %s returns", column->name, function->label),
								FQL_FIELD_RESULT_VALUE, "Rename one of the columns.");
		if (field == NULL)
			return false;
		field->comment = column->comment;
		field->leaf = fql_build_leaf(build, column->type);
		field->list = field->leaf.is_array;
		field->binding->data_key = arena_text(build, column->name);
		field->binding->column = column->number;
		field->binding->column_type = field->leaf.base;
		field->binding->is_array = field->leaf.is_array;
	}
	return true;
}

/* A row type has one GraphQL type, however many functions return it; OUT parameters make a new one for each. */
static bool
build_columns(FqlSchemaBuild *build, const FqlCatalogFunction *function, FqlDraftField *field)
{
	RowType    *row = OidIsValid(function->relid) ? row_type(build, function->relid) : NULL;
	const char *name = psprintf("%sResult", fql_naming_upper_first(field->name));

	if (row != NULL && row->output != NULL)
	{
		field->target = row->output;
		return true;
	}
	if (row != NULL)
		name = fql_naming_pascal(fql_naming_entity(get_rel_name(function->relid)));
	if (name == NULL)
		name = psprintf("%sResult", fql_naming_upper_first(field->name));
	field->target = fql_build_result(build, name, field->origin, NAME_HINT);
	if (field->target == NULL || !column_fields(build, function, field->target))
		return false;
	if (row != NULL)
		row->output = field->target;
	return true;
}

static bool
build_leaf(FqlSchemaBuild *build, const FqlCatalogFunction *function, FqlDraftField *field, FqlFunction *binding)
{
	if (function->result == VOIDOID)
	{
		binding->shape = FQL_RESULT_VOID;
		field->leaf.type = build->types->scalars[FQL_SCALAR_BOOLEAN];
		return true;
	}
	if (get_typtype(getBaseType(function->result)) == TYPTYPE_PSEUDO)
	{
		fql_build_problem(build, ERRCODE_INVALID_FUNCTION_DEFINITION,
						  psprintf("function %s returns no definite type", function->label),
						  pstrdup("Return a scalar, a row type, TABLE (...), jsonb or void."));
		return false;
	}
	field->leaf = fql_build_leaf(build, function->result);
	field->list = field->leaf.is_array;
	binding->result_type = field->leaf.base;
	binding->result_is_array = field->leaf.is_array;
	binding->shape = field->leaf.base == JSONBOID ? FQL_RESULT_JSONB : FQL_RESULT_LEAF;
	return true;
}

/* False after a problem. */
static bool
build_result(FqlSchemaBuild *build, const ExposedFunction *exposed, FqlDraftField *field, FqlFunction *binding)
{
	const FqlCatalogFunction *function = exposed->function;
	FqlEntity  *entity = OidIsValid(function->relid) ? fql_build_entity(build, function->relid) : NULL;

	if (entity != NULL && !entity->object->dropped)
	{
		binding->shape = FQL_RESULT_ROW;
		field->target = entity->object;
		return true;
	}
	if (function->column_count > 0 && is_response(function))
	{
		binding->shape = FQL_RESULT_RESPONSE;
		return build_response(build, exposed, field);
	}
	if (getBaseType(function->result) == JSONBOID && exposed->options.entity != NULL)
	{
		binding->shape = FQL_RESULT_RESPONSE_JSONB;
		return build_response(build, exposed, field);
	}
	if (exposed->options.entity != NULL)
	{
		fql_build_problem(build, ERRCODE_INVALID_PARAMETER_VALUE,
						  psprintf("option \"entity\" is given for function %s, which returns no mutation response",
								   function->label),
						  pstrdup("Return a mutation response or jsonb, or leave the option out."));
		return false;
	}
	if (function->column_count > 0)
	{
		binding->shape = FQL_RESULT_COLUMNS;
		return build_columns(build, function, field);
	}
	return build_leaf(build, function, field, binding);
}

/* A set of anything is a list of it; a list in a list stays one of JSON's. */
static void
build_set(FqlSchemaBuild *build, FqlDraftField *field, FqlFunction *binding)
{
	binding->returns_set = true;
	if (field->list)
		field->leaf = fql_build_json_leaf(build);
	field->list = true;
	field->item_not_null = field->target != NULL;
}

/*
 * Putting them together
 */

static bool
check_kind(FqlSchemaBuild *build, const FqlCatalogFunction *function)
{
	if (function->kind == PROKIND_FUNCTION)
		return true;
	fql_build_problem(build, ERRCODE_WRONG_OBJECT_TYPE,
					  psprintf("%s is not a function that could be a mutation", function->label),
					  pstrdup("Procedures, aggregates and window functions cannot: write a function around it."));
	return false;
}

static void
build_function(FqlSchemaBuild *build, const ExposedFunction *exposed)
{
	const FqlCatalogFunction *function = exposed->function;
	const char *name;
	FqlDraftField *field;
	FqlFunction *binding;

	if (exposed->problem != NULL)
		build->problems = lappend(build->problems, exposed->problem);
	if (exposed->problem != NULL || !check_kind(build, function))
		return;
	name = field_name(exposed);
	if (name == NULL)
	{
		fql_build_problem(build, ERRCODE_INVALID_NAME,
						  exposed->given_name != NULL
						  ? psprintf("field name \"%s\" is not a GraphQL name", exposed->given_name)
						  : psprintf("the name of function %s cannot become a GraphQL name", function->label),
						  pstrdup("Pass a field_name to fraiseql.expose_function()."));
		return;
	}
	field = fql_build_field(build, build->mutation, name, psprintf("function %s", function->label), FQL_FIELD_FUNCTION,
							"Pass another field_name to fraiseql.expose_function().");
	if (field == NULL)
		return;
	binding = FQL_NEW(build->arena, FqlFunction);
	binding->oid = function->oid;
	field->comment = function->comment;
	field->binding->function = binding;
	if (!build_arguments(build, exposed, field, binding) || !build_result(build, exposed, field, binding))
		build->mutation->fields = list_delete_ptr(build->mutation->fields, field);
	else if (function->returns_set)
		build_set(build, field, binding);
}

/* Draft the fields of Mutation; entities and their fields are drafted, and those without any dropped. */
void
fql_build_functions(FqlSchemaBuild *build)
{
	List	   *functions = exposed_functions();
	ListCell   *cell;

	foreach(cell, functions)
	{
		CHECK_FOR_INTERRUPTS();
		build_function(build, lfirst(cell));
	}
}

/* Add their arguments, and the keys by which responses name rows; the fields are in the type system already. */
void
fql_build_function_arguments(FqlSchemaBuild *build)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, build->mutation->fields)
	{
		FqlDraftField *field = lfirst(cell);

		if (field->binding->kind == FQL_FIELD_FUNCTION)
			fql_build_input_fields(build, field->arguments, &field->field->arguments, &field->field->argument_count);
	}
	foreach(cell, build->results)
	{
		foreach(inner, ((FqlDraftObject *) lfirst(cell))->fields)
		{
			FqlDraftField *field = lfirst(inner);

			if (field->binding->kind == FQL_FIELD_RESPONSE_ENTITY)
				field->binding->key = ((FqlDraftField *) linitial(field->target->entity->keys))->field;
		}
	}
}
