/*
 * sdl.c
 *    fraiseql.schema_sdl(): the type system in the schema definition language (specification, section 3).
 *
 * What the calling role may not read is left out: types whose relation it cannot select from, columns that it was not
 * granted, and whatever leads to them.  That is a courtesy to the reader, not a protection; the privileges themselves
 * protect.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "memory.h"
#include "response.h"
#include "schema.h"

PG_FUNCTION_INFO_V1(fql_schema_sdl);

typedef struct SdlWriter
{
	const FqlTypeSystem *types;
	FqlArena   *arena;
	FqlBuffer	out;
	Oid			role;
} SdlWriter;

/* Scalars that the specification itself defines need no definition. */
static bool
is_specified(const FqlType *type)
{
	switch (type->scalar)
	{
		case FQL_SCALAR_ID:
		case FQL_SCALAR_INT:
		case FQL_SCALAR_FLOAT:
		case FQL_SCALAR_BOOLEAN:
		case FQL_SCALAR_STRING:
			return true;
		default:
			return false;
	}
}

static bool
may_read_relation(Oid relid, Oid role)
{
	Oid			schema = get_rel_namespace(relid);

	if (!OidIsValid(schema) || !fql_compat_may_use_schema(schema, role))
		return false;
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(relid, role, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
}

static bool
may_read_column(Oid relid, AttrNumber column, Oid role)
{
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relid, column, role, ACL_SELECT) == ACLCHECK_OK;
}

/* May the role join along a foreign key, whose columns the statement compares? */
static bool
may_join(const FqlFieldBinding *binding, const FqlRelation *local, const FqlRelation *remote, Oid role)
{
	for (int i = 0; i < binding->join_count; i++)
		if (!may_read_column(local->relid, binding->local_columns[i], role) ||
			!may_read_column(remote->relid, binding->remote_columns[i], role))
			return false;
	return true;
}

static bool
may_execute(Oid function, Oid role)
{
	Oid			schema = get_func_namespace(function);

	return OidIsValid(schema) && fql_compat_may_use_schema(schema, role) && fql_compat_may_execute(function, role);
}

/* A privilege on a whole table, or on one of its columns (0: on any). */
static bool
has_privilege(Oid relid, AttrNumber column, AclMode privilege, Oid role)
{
	if (pg_class_aclcheck(relid, role, privilege) == ACLCHECK_OK)
		return true;
	if (column != 0)
		return pg_attribute_aclcheck(relid, column, role, privilege) == ACLCHECK_OK;
	return pg_attribute_aclcheck_all(relid, role, privilege, ACLMASK_ANY) == ACLCHECK_OK;
}

static bool
may_write(const FqlFieldBinding *binding, Oid role)
{
	Oid			relid = ((const FqlRelation *) binding->table->binding)->relid;
	Oid			schema = get_rel_namespace(relid);

	if (!OidIsValid(schema) || !fql_compat_may_use_schema(schema, role))
		return false;
	if (binding->kind == FQL_FIELD_DELETE)
		return pg_class_aclcheck(relid, role, ACL_DELETE) == ACLCHECK_OK;
	return has_privilege(relid, 0, binding->kind == FQL_FIELD_INSERT ? ACL_INSERT : ACL_UPDATE, role);
}

static bool shows_field(const SdlWriter *writer, const FqlType *owner, const FqlField *field);

static bool
shows_some_field(const SdlWriter *writer, const FqlType *type)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		if (shows_field(writer, type, &type->fields[i]))
			return true;
	return false;
}

/* May the role see a field of this object type?  Objects nested in a document have no relation of their own. */
static bool
shows_field(const SdlWriter *writer, const FqlType *owner, const FqlField *field)
{
	const FqlFieldBinding *binding = field->binding;
	const FqlRelation *relation = owner != NULL ? owner->binding : NULL;
	const FqlRelation *target = binding->target != NULL ? binding->target->binding : NULL;

	if (target != NULL && (binding->kind == FQL_FIELD_ROOT_ONE || binding->kind == FQL_FIELD_ROOT_LIST))
		return may_read_relation(target->relid, writer->role);
	if (target != NULL && (binding->kind == FQL_FIELD_TO_ONE || binding->kind == FQL_FIELD_TO_MANY))
		return may_read_relation(target->relid, writer->role) &&
			(relation == NULL || may_join(binding, relation, target, writer->role));
	if (binding->kind == FQL_FIELD_FUNCTION)
		return may_execute(binding->function->oid, writer->role) &&
			(target == NULL || may_read_relation(target->relid, writer->role));
	if (binding->table != NULL)
		return may_write(binding, writer->role);
	if (binding->kind == FQL_FIELD_RESPONSE_ENTITY || binding->kind == FQL_FIELD_RECORDS)
		return may_read_relation(target->relid, writer->role);
	if (binding->kind == FQL_FIELD_METRICS)
		return shows_some_field(writer, binding->target);
	if (relation != NULL && binding->kind == FQL_FIELD_COLUMN)
		return may_read_column(relation->relid, binding->column, writer->role);
	return true;
}

static void
write_description(SdlWriter *writer, FqlStr description, const char *indent)
{
	if (description.len == 0)
		return;
	fql_buffer_append_cstring(&writer->out, indent);
	fql_buffer_append_quoted(&writer->out, description);
	fql_buffer_append_char(&writer->out, '\n');
}

/* "name: Type = default" */
static void
write_input(SdlWriter *writer, const FqlInputField *input)
{
	fql_buffer_append(&writer->out, input->name);
	fql_buffer_append_cstring(&writer->out, ": ");
	fql_buffer_append(&writer->out, fql_type_ref_print(input->type, writer->arena));
	if (input->default_literal.data != NULL)
	{
		fql_buffer_append_cstring(&writer->out, " = ");
		fql_buffer_append(&writer->out, input->default_literal);
	}
}

static void
write_arguments(SdlWriter *writer, const FqlField *field)
{
	for (uint32_t i = 0; i < field->argument_count; i++)
	{
		fql_buffer_append_cstring(&writer->out, i == 0 ? "(" : ", ");
		write_input(writer, &field->arguments[i]);
	}
	if (field->argument_count > 0)
		fql_buffer_append_char(&writer->out, ')');
}

static void
write_field(SdlWriter *writer, const FqlField *field)
{
	write_description(writer, field->description, "  ");
	fql_buffer_append_cstring(&writer->out, "  ");
	fql_buffer_append(&writer->out, field->name);
	write_arguments(writer, field);
	fql_buffer_append_cstring(&writer->out, ": ");
	fql_buffer_append(&writer->out, fql_type_ref_print(field->type, writer->arena));
	fql_buffer_append_char(&writer->out, '\n');
}

/* "type User {", after an empty line unless it is the first. */
static void
write_head(SdlWriter *writer, const char *keyword, const FqlType *type)
{
	if (writer->out.len > 0)
		fql_buffer_append_char(&writer->out, '\n');
	write_description(writer, type->description, "");
	fql_buffer_append_cstring(&writer->out, keyword);
	fql_buffer_append_char(&writer->out, ' ');
	fql_buffer_append(&writer->out, type->name);
}

static void
write_object(SdlWriter *writer, const FqlType *type)
{
	const FqlRelation *relation = type->binding;
	bool		empty = true;

	if (relation != NULL && !may_read_relation(relation->relid, writer->role))
		return;
	for (uint32_t i = 0; i < type->field_count; i++)
	{
		if (!shows_field(writer, type, &type->fields[i]))
			continue;
		if (empty)
		{
			write_head(writer, "type", type);
			fql_buffer_append_cstring(&writer->out, " {\n");
		}
		empty = false;
		write_field(writer, &type->fields[i]);
	}
	if (!empty)
		fql_buffer_append_cstring(&writer->out, "}\n");
}

/* The object type that a <Type>Where or <Type>OrderBy is about; NULL: it is about none. */
static const FqlType *
subject_of(const SdlWriter *writer, const FqlType *input)
{
	static const char *const suffixes[] = {"Where", "OrderBy"};

	for (size_t i = 0; i < lengthof(suffixes); i++)
	{
		size_t		len = strlen(suffixes[i]);
		const FqlType *type;

		if (input->name.len <= len || memcmp(input->name.data + input->name.len - len, suffixes[i], len) != 0)
			continue;
		type = fql_type_find(writer->types, (FqlStr){input->name.data, input->name.len - len});
		if (type != NULL && type->kind == FQL_TYPE_OBJECT)
			return type;
	}
	return NULL;
}

static void
write_input_object(SdlWriter *writer, const FqlType *type)
{
	const FqlType *subject = subject_of(writer, type);
	const FqlRelation *relation = subject != NULL ? subject->binding : NULL;

	if (relation != NULL && !may_read_relation(relation->relid, writer->role))
		return;
	write_head(writer, "input", type);
	fql_buffer_append_cstring(&writer->out, " {\n");
	for (uint32_t i = 0; i < type->input_field_count; i++)
	{
		const FqlInputField *input = &type->input_fields[i];
		const FqlInputBinding *binding = input->binding;

		if (input->alias_of != NULL || (binding->slot != NULL && OidIsValid(binding->slot->relid) &&
										!has_privilege(binding->slot->relid, binding->slot->column,
													   binding->slot->privilege, writer->role)) ||
			(binding->field != NULL && !shows_field(writer, subject, binding->field)))
			continue;
		fql_buffer_append_cstring(&writer->out, "  ");
		write_input(writer, input);
		fql_buffer_append_char(&writer->out, '\n');
	}
	fql_buffer_append_cstring(&writer->out, "}\n");
}

static void
write_enum(SdlWriter *writer, const FqlType *type)
{
	write_head(writer, "enum", type);
	fql_buffer_append_cstring(&writer->out, " {\n");
	for (uint32_t i = 0; i < type->enum_value_count; i++)
	{
		fql_buffer_append_cstring(&writer->out, "  ");
		fql_buffer_append(&writer->out, type->enum_values[i]);
		fql_buffer_append_char(&writer->out, '\n');
	}
	fql_buffer_append_cstring(&writer->out, "}\n");
}

static void
write_type(SdlWriter *writer, const FqlType *type)
{
	switch (type->kind)
	{
		case FQL_TYPE_SCALAR:
			if (is_specified(type))
				return;
			write_head(writer, "scalar", type);
			fql_buffer_append_char(&writer->out, '\n');
			break;
		case FQL_TYPE_ENUM:
			write_enum(writer, type);
			break;
		case FQL_TYPE_OBJECT:
			write_object(writer, type);
			break;
		case FQL_TYPE_INPUT_OBJECT:
			write_input_object(writer, type);
			break;
	}
}

/* Is the type an argument's or a result's of mutations, and the role may call none of them? */
static bool
serves_hidden_mutations(const SdlWriter *writer, const FqlType *type)
{
	const FqlType *mutation = writer->types->mutation;
	bool		serves = false;

	if (mutation == NULL || type->binding != NULL ||
		(type->kind != FQL_TYPE_OBJECT && type->kind != FQL_TYPE_INPUT_OBJECT))
		return false;
	for (uint32_t i = 0; i < mutation->field_count; i++)
	{
		const FqlField *field = &mutation->fields[i];
		bool		uses = fql_type_innermost(field->type) == type;

		for (uint32_t argument = 0; argument < field->argument_count; argument++)
			uses = uses || fql_type_innermost(field->arguments[argument].type) == type;
		if (uses && shows_field(writer, mutation, field))
			return false;
		serves = serves || uses;
	}
	return serves;
}

/* Query and Mutation, then each kind in turn, by name: what one looks for first comes first. */
static void
write_types(SdlWriter *writer)
{
	static const FqlTypeKind order[] = {FQL_TYPE_OBJECT, FQL_TYPE_INPUT_OBJECT, FQL_TYPE_ENUM, FQL_TYPE_SCALAR};

	if (writer->types->query != NULL)
		write_type(writer, writer->types->query);
	if (writer->types->mutation != NULL)
		write_type(writer, writer->types->mutation);
	for (size_t kind = 0; kind < lengthof(order); kind++)
	{
		for (uint32_t i = 0; i < writer->types->type_count; i++)
		{
			const FqlType *type = writer->types->types_by_name[i];

			CHECK_FOR_INTERRUPTS();
			if (type->kind == order[kind] && type != writer->types->query && type != writer->types->mutation &&
				!serves_hidden_mutations(writer, type))
				write_type(writer, type);
		}
	}
}

Datum
fql_schema_sdl(PG_FUNCTION_ARGS)
{
	SdlWriter	writer = {.role = GetUserId()};
	FqlDiagnostics diagnostics;

	(void) fcinfo;
	writer.arena = fql_memory_arena(CurrentMemoryContext);
	fql_diagnostics_init(&diagnostics, writer.arena);
	fql_buffer_init(&writer.out, writer.arena);
	writer.types = fql_schema_load(writer.arena, &diagnostics);
	write_types(&writer);
	PG_RETURN_TEXT_P(fql_response_from_utf8(fql_buffer_text(&writer.out)));
}
