/*
 * schema_inputs.c
 *    Input types: <Scalar>Filter, <Type>Where, <Type>OrderBy, and the arguments that take them.
 *
 * FraiseQL has had three spellings of the operators.  One is advertised; the others are aliases, which validation
 * accepts and coercion replaces.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "schema_internal.h"

/* The type of an operator's operand. */
typedef enum Operand
{
	OPERAND_SAME,
	OPERAND_LIST,
	OPERAND_STRING,
	OPERAND_BOOLEAN
} Operand;

#define MAX_ALIASES 2

typedef struct OperatorRow
{
	FqlOperator op;
	const char *name;
	Operand		operand;
	FqlComparison least;		/* offered from this comparison on */
	const char *aliases[MAX_ALIASES];
} OperatorRow;

static const OperatorRow operators[] = {
	{FQL_OP_EQ, "eq", OPERAND_SAME, FQL_COMPARE_BOOLEAN, {NULL}},
	{FQL_OP_NEQ, "neq", OPERAND_SAME, FQL_COMPARE_BOOLEAN, {"ne"}},
	{FQL_OP_GT, "gt", OPERAND_SAME, FQL_COMPARE_ORDER, {NULL}},
	{FQL_OP_GTE, "gte", OPERAND_SAME, FQL_COMPARE_ORDER, {NULL}},
	{FQL_OP_LT, "lt", OPERAND_SAME, FQL_COMPARE_ORDER, {NULL}},
	{FQL_OP_LTE, "lte", OPERAND_SAME, FQL_COMPARE_ORDER, {NULL}},
	{FQL_OP_IN, "in", OPERAND_LIST, FQL_COMPARE_EQUALITY, {NULL}},
	{FQL_OP_NIN, "nin", OPERAND_LIST, FQL_COMPARE_EQUALITY, {"notin"}},
	{FQL_OP_ISNULL, "isnull", OPERAND_BOOLEAN, FQL_COMPARE_NULLNESS, {"is_null", "isNull"}},
	{FQL_OP_IS_NOT_NULL, "is_not_null", OPERAND_BOOLEAN, FQL_COMPARE_NULLNESS, {"isNotNull"}},
	{FQL_OP_CONTAINS, "contains", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_ICONTAINS, "icontains", OPERAND_STRING, FQL_COMPARE_TEXT, {"iContains"}},
	{FQL_OP_STARTSWITH, "startswith", OPERAND_STRING, FQL_COMPARE_TEXT, {"startsWith", "starts_with"}},
	{FQL_OP_ISTARTSWITH, "istartswith", OPERAND_STRING, FQL_COMPARE_TEXT, {"istartsWith", "iStartsWith"}},
	{FQL_OP_ENDSWITH, "endswith", OPERAND_STRING, FQL_COMPARE_TEXT, {"endsWith", "ends_with"}},
	{FQL_OP_IENDSWITH, "iendswith", OPERAND_STRING, FQL_COMPARE_TEXT, {"iendsWith", "iEndsWith"}},
	{FQL_OP_LIKE, "like", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_ILIKE, "ilike", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_NLIKE, "nlike", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_NILIKE, "nilike", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_REGEX, "regex", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
	{FQL_OP_IREGEX, "iregex", OPERAND_STRING, FQL_COMPARE_TEXT, {"imatches"}},
	{FQL_OP_NREGEX, "nregex", OPERAND_STRING, FQL_COMPARE_TEXT, {"not_matches"}},
	{FQL_OP_NIREGEX, "niregex", OPERAND_STRING, FQL_COMPARE_TEXT, {NULL}},
};

/* A row is found by its operator. */
StaticAssertDecl(lengthof(operators) == FQL_OP_NIREGEX + 1, "one row an operator, in the order of FqlOperator");

const FqlOrderDirection fql_order_directions[FQL_ORDER_DIRECTION_COUNT] = {
	{{"ASC", 3}, " ASC"},
	{{"DESC", 4}, " DESC"},
	{{"ASC_NULLS_FIRST", 15}, " ASC NULLS FIRST"},
	{{"ASC_NULLS_LAST", 14}, " ASC NULLS LAST"},
	{{"DESC_NULLS_FIRST", 16}, " DESC NULLS FIRST"},
	{{"DESC_NULLS_LAST", 15}, " DESC NULLS LAST"},
};

/* A filter type that exists already. */
typedef struct Filter
{
	const FqlType *leaf;
	FqlComparison comparison;
	FqlType    *type;
} Filter;

/* Input fields of a type while their number is not known yet. */
typedef struct InputList
{
	FqlSchemaBuild *build;
	FqlInputField *fields;
	uint32_t	count;
	uint32_t	capacity;
} InputList;

static InputList
input_list(FqlSchemaBuild *build, uint32_t capacity)
{
	return (InputList){
		.build = build,
		.fields = FQL_NEW_ARRAY(build->arena, FqlInputField, capacity),
		.capacity = capacity,
	};
}

static FqlInputField *
add_input(InputList *list, FqlStr name, const FqlTypeRef *type, const void *binding)
{
	FqlInputField *field;

	if (list->count >= list->capacity)
		elog(ERROR, "too many input fields");
	field = &list->fields[list->count++];
	field->name = name;
	field->type = type;
	field->binding = binding;
	return field;
}

/* Another spelling of an input field, unless something has that name already. */
static void
add_alias(InputList *list, const char *name, const FqlInputField *canonical)
{
	FqlStr		text = fql_str_from(name);

	for (uint32_t i = 0; i < list->count; i++)
	{
		if (fql_str_equal(list->fields[i].name, text))
			return;
	}
	add_input(list, fql_build_text(list->build, name), canonical->type, canonical->binding)->alias_of = canonical;
}

static void
finish_inputs(const InputList *list, FqlType *type)
{
	type->input_fields = list->fields;
	type->input_field_count = list->count;
}

static const FqlTypeRef *
operand_type(FqlSchemaBuild *build, Operand operand, const FqlType *leaf)
{
	FqlTypeSystem *types = build->types;

	switch (operand)
	{
		case OPERAND_SAME:
			return fql_type_named(types, leaf);
		case OPERAND_LIST:
			/* a null in the list stands for rows whose value is null */
			return fql_type_list(types, fql_type_named(types, leaf));
		case OPERAND_STRING:
			return fql_type_named(types, types->scalars[FQL_SCALAR_STRING]);
		case OPERAND_BOOLEAN:
			return fql_type_named(types, types->scalars[FQL_SCALAR_BOOLEAN]);
	}
	return NULL;
}

/* Each operator's other names, and all of them with the underscore of the documentation site. */
static void
add_operator_aliases(InputList *list, const OperatorRow *row, const FqlInputField *canonical)
{
	add_alias(list, psprintf("_%s", row->name), canonical);
	for (int i = 0; i < MAX_ALIASES && row->aliases[i] != NULL; i++)
	{
		add_alias(list, row->aliases[i], canonical);
		add_alias(list, psprintf("_%s", row->aliases[i]), canonical);
	}
}

static bool
offers(const OperatorRow *row, FqlComparison comparison)
{
	return row->least <= comparison;
}

static void
fill_filter(FqlSchemaBuild *build, FqlType *filter, const FqlType *leaf, FqlComparison comparison)
{
	InputList	list = input_list(build, lengthof(operators) * 2 * (1 + MAX_ALIASES));

	for (size_t i = 0; i < lengthof(operators); i++)
	{
		FqlInputBinding *binding;

		if (!offers(&operators[i], comparison))
			continue;
		binding = FQL_NEW(build->arena, FqlInputBinding);
		binding->meaning = FQL_MEANS_OPERATOR;
		binding->op = operators[i].op;
		add_input(&list, fql_str_from(operators[i].name), operand_type(build, operators[i].operand, leaf), binding);
	}
	for (uint32_t i = 0, canonical = list.count; i < canonical; i++)
	{
		const FqlInputBinding *binding = list.fields[i].binding;

		add_operator_aliases(&list, &operators[binding->op], &list.fields[i]);
	}
	finish_inputs(&list, filter);
}

/*
 * The filter type of a leaf, made when first asked for.  Strings that stand for types without an order of text (inet,
 * interval, ...) have one of their own, which offers no more than those types can do.
 */
static FqlType *
filter_type(FqlSchemaBuild *build, const FqlLeaf *leaf)
{
	bool		limited = leaf->comparison == FQL_COMPARE_EQUALITY;
	ListCell   *cell;
	Filter	   *filter;

	foreach(cell, build->filters)
	{
		filter = lfirst(cell);
		if (filter->leaf == leaf->type && filter->comparison == leaf->comparison)
			return filter->type;
	}
	filter = palloc(sizeof(Filter));
	filter->leaf = leaf->type;
	filter->comparison = leaf->comparison;
	filter->type = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
									  fql_arena_printf(build->arena, "%.*s%sFilter", FQL_STR_ARGS(leaf->type->name),
													   limited ? "Equality" : ""));
	fill_filter(build, filter->type, leaf->type, leaf->comparison);
	build->filters = lappend(build->filters, filter);
	return filter->type;
}

/* The input type that filters by a field, NULL: it cannot be filtered by. */
static const FqlType *
field_filter(FqlSchemaBuild *build, const FqlDraftField *field)
{
	if (field->list)
		return NULL;
	if (field->target != NULL)
		return field->target->where;
	return field->leaf.comparison == FQL_COMPARE_NOTHING ? NULL : filter_type(build, &field->leaf);
}

static const FqlInputBinding *
field_binding(FqlSchemaBuild *build, const FqlDraftField *field)
{
	FqlInputBinding *binding = FQL_NEW(build->arena, FqlInputBinding);

	binding->meaning = FQL_MEANS_FIELD;
	binding->field = field->field;
	return binding;
}

/* _and, _or and _not with their upper-case spellings.  No field begins with an underscore, so they never collide. */
static void
add_connectives(FqlSchemaBuild *build, InputList *list, const FqlType *where)
{
	static const FqlInputBinding and = {.meaning = FQL_MEANS_AND};
	static const FqlInputBinding or = {.meaning = FQL_MEANS_OR};
	static const FqlInputBinding not = {.meaning = FQL_MEANS_NOT};
	const FqlTypeRef *one = fql_type_named(build->types, where);
	const FqlTypeRef *many = fql_type_list(build->types, fql_type_non_null(build->types, one));

	add_alias(list, "AND", add_input(list, FQL_STR("_and"), many, &and));
	add_alias(list, "OR", add_input(list, FQL_STR("_or"), many, &or));
	add_alias(list, "NOT", add_input(list, FQL_STR("_not"), one, &not));
}

static void
fill_where(FqlSchemaBuild *build, const FqlDraftObject *object)
{
	InputList	list = input_list(build, list_length(object->fields) + 6);
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		const FqlDraftField *field = lfirst(cell);
		const FqlType *filter = field_filter(build, field);

		if (filter != NULL)
			add_input(&list, field->field->name, fql_type_named(build->types, filter), field_binding(build, field));
	}
	add_connectives(build, &list, object->where);
	finish_inputs(&list, object->where);
}

static bool
is_sortable(const FqlDraftField *field)
{
	return field->target == NULL && !field->list && field->leaf.sortable;
}

static const FqlType *
order_direction(FqlSchemaBuild *build)
{
	FqlType    *type;

	if (build->order_direction != NULL)
		return build->order_direction;
	type = fql_typesystem_add(build->types, FQL_TYPE_ENUM, FQL_STR("OrderDirection"));
	type->enum_value_count = lengthof(fql_order_directions);
	type->enum_values = FQL_NEW_ARRAY(build->arena, FqlStr, lengthof(fql_order_directions));
	for (size_t i = 0; i < lengthof(fql_order_directions); i++)
		type->enum_values[i] = fql_order_directions[i].name;
	return build->order_direction = type;
}

/* {field: "createdAt", direction: DESC}: the other spelling of {createdAt: DESC}, unless a column has one's name. */
static void
add_field_and_direction(FqlSchemaBuild *build, InputList *list, const FqlTypeRef *direction)
{
	static const FqlInputBinding field_means = {.meaning = FQL_MEANS_ORDER_FIELD};
	static const FqlInputBinding direction_means = {.meaning = FQL_MEANS_ORDER_DIRECTION};

	for (uint32_t i = 0; i < list->count; i++)
	{
		if (fql_str_equal(list->fields[i].name, FQL_STR("field")) ||
			fql_str_equal(list->fields[i].name, FQL_STR("direction")))
			return;
	}
	add_input(list, FQL_STR("field"), fql_type_named(build->types, build->types->scalars[FQL_SCALAR_STRING]),
			  &field_means);
	add_input(list, FQL_STR("direction"), direction, &direction_means);
}

static void
fill_order_by(FqlSchemaBuild *build, const FqlDraftObject *object)
{
	const FqlTypeRef *direction = fql_type_named(build->types, order_direction(build));
	InputList	list = input_list(build, list_length(object->fields) + 2);
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		if (is_sortable(field))
			add_input(&list, field->field->name, direction, field_binding(build, field));
	}
	add_field_and_direction(build, &list, direction);
	finish_inputs(&list, object->order_by);
}

/* Only what relations back is ever listed with arguments; only what has a sortable field has an order. */
static bool
needs_order_by(const FqlDraftObject *object)
{
	ListCell   *cell;

	if (object->entity == NULL)
		return false;
	foreach(cell, object->fields)
	{
		if (is_sortable(lfirst(cell)))
			return true;
	}
	return false;
}

/* where, orderBy, limit, offset: one array that every list of the type shares. */
static void
fill_list_arguments(FqlSchemaBuild *build, FqlDraftObject *object)
{
	static const FqlArgumentBinding where = {.kind = FQL_ARGUMENT_WHERE};
	static const FqlArgumentBinding order_by = {.kind = FQL_ARGUMENT_ORDER_BY};
	static const FqlArgumentBinding limit = {.kind = FQL_ARGUMENT_LIMIT};
	static const FqlArgumentBinding offset = {.kind = FQL_ARGUMENT_OFFSET};
	FqlTypeSystem *types = build->types;
	const FqlTypeRef *count = fql_type_named(types, types->scalars[FQL_SCALAR_INT]);
	InputList	list = input_list(build, 4);

	add_input(&list, FQL_STR("where"), fql_type_named(types, object->where), &where);
	if (object->order_by != NULL)
		add_input(&list, FQL_STR("orderBy"),
				  fql_type_list(types, fql_type_non_null(types, fql_type_named(types, object->order_by))), &order_by);
	add_input(&list, FQL_STR("limit"), count, &limit);
	add_input(&list, FQL_STR("offset"), count, &offset);
	object->list_arguments = list.fields;
	object->list_argument_count = list.count;
}

/* One argument for each column of the key, named as its field. */
static void
fill_key_arguments(FqlSchemaBuild *build, const FqlEntity *entity, FqlField *field)
{
	InputList	list = input_list(build, list_length(entity->keys));
	ListCell   *cell;

	foreach(cell, entity->keys)
	{
		const FqlDraftField *key = lfirst(cell);
		FqlArgumentBinding *binding = FQL_NEW(build->arena, FqlArgumentBinding);

		binding->kind = FQL_ARGUMENT_KEY;
		binding->field = key->field;
		add_input(&list, key->field->name,
				  fql_type_non_null(build->types, fql_type_named(build->types, key->leaf.type)), binding);
	}
	field->arguments = list.fields;
	field->argument_count = list.count;
}

static void
fill_arguments(FqlSchemaBuild *build, const FqlDraftObject *object)
{
	ListCell   *cell;

	foreach(cell, object->fields)
	{
		const FqlDraftField *field = lfirst(cell);

		switch (field->binding->kind)
		{
			case FQL_FIELD_ROOT_ONE:
				fill_key_arguments(build, field->target->entity, field->field);
				break;
			case FQL_FIELD_ROOT_LIST:
			case FQL_FIELD_TO_MANY:
				field->field->arguments = field->target->list_arguments;
				field->field->argument_count = field->target->list_argument_count;
				break;
			default:
				break;
		}
	}
}

/* Add every input type; object types and their fields are in the type system already. */
void
fql_build_inputs(FqlSchemaBuild *build)
{
	ListCell   *cell;

	foreach(cell, build->objects)
	{
		FqlDraftObject *object = lfirst(cell);

		object->where = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
										   fql_arena_printf(build->arena, "%sWhere", object->name));
		if (needs_order_by(object))
			object->order_by = fql_typesystem_add(build->types, FQL_TYPE_INPUT_OBJECT,
												  fql_arena_printf(build->arena, "%sOrderBy", object->name));
	}
	foreach(cell, build->objects)
	{
		FqlDraftObject *object = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		fill_where(build, object);
		if (object->order_by != NULL)
			fill_order_by(build, object);
		if (object->entity != NULL)
			fill_list_arguments(build, object);
	}
	fill_arguments(build, build->query);
	foreach(cell, build->objects)
		fill_arguments(build, lfirst(cell));
}
