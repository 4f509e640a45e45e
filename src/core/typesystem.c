/*
 * typesystem.c
 *    Build, seal and search the type system.
 *
 * Look-ups are binary searches over name tables that sealing sorts: no hash function, so nobody can choose names that
 * collide, and the tables cost one pointer an entry.  Whatever the glue puts in, sealing checks the properties that
 * validation relies on, so the rules need not check them again.
 */
#include "typesystem.h"

#include <stdlib.h>

#define FQL_TYPESYSTEM_FIRST_CAPACITY 64

static const FqlLocation nowhere = {0, 0};

/* An array of n pointers, never of zero bytes. */
static void *
new_table(FqlArena *arena, uint32_t n)
{
	return fql_arena_alloc_array(arena, sizeof(void *), n > 0 ? n : 1);
}

/* What every scalar is called, indexed by FqlScalar. */
static const FqlStr scalar_names[FQL_SCALAR_COUNT] = {
	[FQL_SCALAR_ID] = {"ID", 2},
	[FQL_SCALAR_INT] = {"Int", 3},
	[FQL_SCALAR_BIGINT] = {"BigInt", 6},
	[FQL_SCALAR_FLOAT] = {"Float", 5},
	[FQL_SCALAR_DECIMAL] = {"Decimal", 7},
	[FQL_SCALAR_BOOLEAN] = {"Boolean", 7},
	[FQL_SCALAR_STRING] = {"String", 6},
	[FQL_SCALAR_JSON] = {"JSON", 4},
	[FQL_SCALAR_DATE] = {"Date", 4},
	[FQL_SCALAR_DATETIME] = {"DateTime", 8},
	[FQL_SCALAR_TIME] = {"Time", 4},
};

FqlTypeSystem *
fql_typesystem_create(FqlArena *arena)
{
	FqlTypeSystem *types = FQL_NEW(arena, FqlTypeSystem);

	types->arena = arena;
	for (int i = 0; i < FQL_SCALAR_COUNT; i++)
	{
		FqlType    *scalar = fql_typesystem_add(types, FQL_TYPE_SCALAR, scalar_names[i]);

		scalar->scalar = (FqlScalar) i;
		types->scalars[i] = scalar;
	}
	return types;
}

FqlType *
fql_typesystem_add(FqlTypeSystem *types, FqlTypeKind kind, FqlStr name)
{
	FqlType    *type = FQL_NEW(types->arena, FqlType);

	if (types->type_count == types->type_capacity)
	{
		uint32_t	capacity = types->type_capacity > 0 ? types->type_capacity * 2 : FQL_TYPESYSTEM_FIRST_CAPACITY;
		FqlType   **grown = new_table(types->arena, capacity);

		if (types->type_count > 0)
			memcpy(grown, types->types, sizeof(FqlType *) * types->type_count);
		types->types = grown;
		types->type_capacity = capacity;
	}
	type->kind = kind;
	type->name = name;
	types->types[types->type_count++] = type;
	return type;
}

bool
fql_name_is_valid(FqlStr name)
{
	if (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.len; i++)
	{
		char		c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

/* A name that a schema may define: valid and not one of introspection's. */
static bool
check_name(FqlStr name, const char *what, FqlStr owner, FqlDiagnostics *diagnostics)
{
	bool		reserved = name.len >= 2 && name.data[0] == '_' && name.data[1] == '_';

	if (fql_name_is_valid(name) && !reserved)
		return true;
	fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, nowhere,
				 reserved ? "The name \"%.*s\" of %s in \"%.*s\" begins with \"__\", which GraphQL reserves."
				 : "\"%.*s\", the name of %s in \"%.*s\", is not a GraphQL name.",
				 FQL_STR_ARGS(name), what, FQL_STR_ARGS(owner));
	return false;
}

static bool
report_twice(FqlStr name, const char *what, FqlStr owner, FqlDiagnostics *diagnostics)
{
	fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, nowhere, "Two of %s in \"%.*s\" have the name \"%.*s\".",
				 what, FQL_STR_ARGS(owner), FQL_STR_ARGS(name));
	return false;
}

static int
compare_types(const void *a, const void *b)
{
	return fql_str_compare((*(const FqlType *const *) a)->name, (*(const FqlType *const *) b)->name);
}

static int
compare_fields(const void *a, const void *b)
{
	return fql_str_compare((*(const FqlField *const *) a)->name, (*(const FqlField *const *) b)->name);
}

static int
compare_input_fields(const void *a, const void *b)
{
	return fql_str_compare((*(const FqlInputField *const *) a)->name, (*(const FqlInputField *const *) b)->name);
}

static int
compare_names(const void *a, const void *b)
{
	return fql_str_compare(*(const FqlStr *) a, *(const FqlStr *) b);
}

/* Sort input fields (or arguments) by name into a new table, checking their names. */
static bool
seal_inputs(FqlArena *arena, const FqlInputField *fields, uint32_t count, const char *what, FqlStr owner,
			FqlDiagnostics *diagnostics, const FqlInputField ***table)
{
	const FqlInputField **sorted = new_table(arena, count);
	bool		ok = true;

	for (uint32_t i = 0; i < count; i++)
	{
		sorted[i] = &fields[i];
		ok = check_name(fields[i].name, what, owner, diagnostics) && ok;
	}
	qsort(sorted, count, sizeof(*sorted), compare_input_fields);
	for (uint32_t i = 1; i < count; i++)
		if (fql_str_equal(sorted[i - 1]->name, sorted[i]->name))
			ok = report_twice(sorted[i]->name, what, owner, diagnostics);
	*table = sorted;
	return ok;
}

static bool
seal_object(FqlArena *arena, FqlType *type, FqlDiagnostics *diagnostics)
{
	bool		ok = true;

	type->fields_by_name = new_table(arena, type->field_count);
	for (uint32_t i = 0; i < type->field_count; i++)
	{
		const FqlField *field = &type->fields[i];
		const FqlInputField **unused;

		type->fields_by_name[i] = field;
		ok = check_name(field->name, "a field", type->name, diagnostics) && ok;
		ok = seal_inputs(arena, field->arguments, field->argument_count, "the arguments", field->name,
						 diagnostics, &unused) && ok;
	}
	qsort(type->fields_by_name, type->field_count, sizeof(*type->fields_by_name), compare_fields);
	for (uint32_t i = 1; i < type->field_count; i++)
		if (fql_str_equal(type->fields_by_name[i - 1]->name, type->fields_by_name[i]->name))
			ok = report_twice(type->fields_by_name[i]->name, "the fields", type->name, diagnostics);
	return ok;
}

static bool
seal_enum(FqlArena *arena, const FqlType *type, FqlDiagnostics *diagnostics)
{
	FqlStr	   *sorted = FQL_NEW_ARRAY(arena, FqlStr, type->enum_value_count + 1);
	bool		ok = true;

	for (uint32_t i = 0; i < type->enum_value_count; i++)
	{
		sorted[i] = type->enum_values[i];
		ok = check_name(sorted[i], "an enum value", type->name, diagnostics) && ok;
		if (fql_str_equal(sorted[i], FQL_STR("true")) || fql_str_equal(sorted[i], FQL_STR("false")) ||
			fql_str_equal(sorted[i], FQL_STR("null")))
		{
			fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, nowhere, "\"%.*s\" cannot be a value of enum \"%.*s\".",
						 FQL_STR_ARGS(sorted[i]), FQL_STR_ARGS(type->name));
			ok = false;
		}
	}
	qsort(sorted, type->enum_value_count, sizeof(*sorted), compare_names);
	for (uint32_t i = 1; i < type->enum_value_count; i++)
		if (fql_str_equal(sorted[i - 1], sorted[i]))
			ok = report_twice(sorted[i], "the values", type->name, diagnostics);
	return ok;
}

/* The tables of one type, and that it has a member. */
static bool
seal_type(FqlArena *arena, FqlType *type, FqlDiagnostics *diagnostics)
{
	bool		ok = check_name(type->name, "a type", type->name, diagnostics);
	uint32_t	members = 1;

	switch (type->kind)
	{
		case FQL_TYPE_SCALAR:
			break;
		case FQL_TYPE_ENUM:
			members = type->enum_value_count;
			ok = seal_enum(arena, type, diagnostics) && ok;
			break;
		case FQL_TYPE_OBJECT:
			members = type->field_count;
			ok = seal_object(arena, type, diagnostics) && ok;
			break;
		case FQL_TYPE_INPUT_OBJECT:
			members = type->input_field_count;
			ok = seal_inputs(arena, type->input_fields, type->input_field_count, "the input fields", type->name,
							 diagnostics, &type->input_fields_by_name) && ok;
			break;
	}
	if (members > 0)
		return ok;
	fql_diagnose(diagnostics, FQL_ERROR_VALIDATION, nowhere, "Type \"%.*s\" has no member.",
				 FQL_STR_ARGS(type->name));
	return false;
}

bool
fql_typesystem_seal(FqlTypeSystem *types, FqlDiagnostics *diagnostics)
{
	bool		ok = true;

	types->types_by_name = new_table(types->arena, types->type_count);
	for (uint32_t i = 0; i < types->type_count; i++)
	{
		types->types_by_name[i] = types->types[i];
		ok = seal_type(types->arena, types->types[i], diagnostics) && ok;
	}
	qsort(types->types_by_name, types->type_count, sizeof(*types->types_by_name), compare_types);
	for (uint32_t i = 1; i < types->type_count; i++)
		if (fql_str_equal(types->types_by_name[i - 1]->name, types->types_by_name[i]->name))
			ok = report_twice(types->types_by_name[i]->name, "the types", FQL_STR("schema"), diagnostics);
	return ok;
}

static const FqlTypeRef *
new_ref(FqlArena *arena, FqlTypeNodeKind kind, const FqlTypeRef *of, const FqlType *type)
{
	FqlTypeRef *ref = FQL_NEW(arena, FqlTypeRef);

	ref->kind = kind;
	ref->of = of;
	ref->type = type;
	return ref;
}

const FqlTypeRef *
fql_type_named(FqlTypeSystem *types, const FqlType *type)
{
	return new_ref(types->arena, FQL_TYPE_NODE_NAMED, NULL, type);
}

const FqlTypeRef *
fql_type_list(FqlTypeSystem *types, const FqlTypeRef *of)
{
	return new_ref(types->arena, FQL_TYPE_NODE_LIST, of, NULL);
}

/* Non-null of non-null is no GraphQL type; it stays what it is. */
const FqlTypeRef *
fql_type_non_null(FqlTypeSystem *types, const FqlTypeRef *of)
{
	return of->kind == FQL_TYPE_NODE_NON_NULL ? of : new_ref(types->arena, FQL_TYPE_NODE_NON_NULL, of, NULL);
}

/* The recursion is as deep as the type's wrappers, which the parser bounded. */
const FqlTypeRef *
fql_type_resolve(const FqlTypeSystem *types, const FqlTypeNode *node, FqlArena *arena)
{
	const FqlTypeRef *of;
	const FqlType *type;

	if (node == NULL)
		return NULL;
	if (node->kind == FQL_TYPE_NODE_NAMED)
	{
		type = fql_type_find(types, node->name);
		return type != NULL ? new_ref(arena, FQL_TYPE_NODE_NAMED, NULL, type) : NULL;
	}
	of = fql_type_resolve(types, node->of, arena);
	return of != NULL ? new_ref(arena, node->kind, of, NULL) : NULL;
}

static int
compare_name_to_type(const void *name, const void *type)
{
	return fql_str_compare(*(const FqlStr *) name, (*(const FqlType *const *) type)->name);
}

static int
compare_name_to_field(const void *name, const void *field)
{
	return fql_str_compare(*(const FqlStr *) name, (*(const FqlField *const *) field)->name);
}

static int
compare_name_to_input_field(const void *name, const void *field)
{
	return fql_str_compare(*(const FqlStr *) name, (*(const FqlInputField *const *) field)->name);
}

const FqlType *
fql_type_find(const FqlTypeSystem *types, FqlStr name)
{
	const FqlType **found = bsearch(&name, types->types_by_name, types->type_count, sizeof(*types->types_by_name),
									compare_name_to_type);

	return found != NULL ? *found : NULL;
}

const FqlField *
fql_field_find(const FqlType *type, FqlStr name)
{
	const FqlField **found;

	if (type == NULL || type->kind != FQL_TYPE_OBJECT)
		return NULL;
	found = bsearch(&name, type->fields_by_name, type->field_count, sizeof(*type->fields_by_name),
					compare_name_to_field);
	return found != NULL ? *found : NULL;
}

const FqlInputField *
fql_input_field_find(const FqlType *type, FqlStr name)
{
	const FqlInputField **found;

	if (type == NULL || type->kind != FQL_TYPE_INPUT_OBJECT)
		return NULL;
	found = bsearch(&name, type->input_fields_by_name, type->input_field_count,
					sizeof(*type->input_fields_by_name), compare_name_to_input_field);
	return found != NULL ? *found : NULL;
}

const FqlType *
fql_type_innermost(const FqlTypeRef *ref)
{
	while (ref != NULL && ref->kind != FQL_TYPE_NODE_NAMED)
		ref = ref->of;
	return ref != NULL ? ref->type : NULL;
}

/* Append a reference as it is written. */
static void
print_ref(const FqlTypeRef *ref, FqlBuffer *buffer)
{
	switch (ref->kind)
	{
		case FQL_TYPE_NODE_NAMED:
			fql_buffer_append(buffer, ref->type->name);
			break;
		case FQL_TYPE_NODE_LIST:
			fql_buffer_append_char(buffer, '[');
			print_ref(ref->of, buffer);
			fql_buffer_append_char(buffer, ']');
			break;
		case FQL_TYPE_NODE_NON_NULL:
			print_ref(ref->of, buffer);
			fql_buffer_append_char(buffer, '!');
			break;
	}
}

FqlStr
fql_type_ref_print(const FqlTypeRef *ref, FqlArena *arena)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	if (ref != NULL)
		print_ref(ref, &buffer);
	return fql_buffer_text(&buffer);
}
