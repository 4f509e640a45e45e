/*
 * sqlgen_operand.c
 *    What filters and sort keys compare: a column, or a key of a document.
 *
 * A key of a document is compared as what it is in JSON: (data ->> 'key') as text, or cast from text.  For a view that
 * means building the document of every row.  Where the view has a column that holds the same value, as
 * document_columns.c proves it, the operand is written with the column instead, so that the answer is the same:
 *  - Int, BigInt, Decimal, Boolean, Date, Time, and DateTime that is a timestamptz: the column.  JSON prints these so
 *    that reading them gives the value back, NaN and infinity included.
 *  - Float: the column if it is a double precision and printed in full, else the document, whose digits decide.
 *  - DateTime that is a timestamp: the column as timestamptz, which is what its text without an offset is read as.
 *  - String: the column, under the database's collation as (data ->> 'key') is; for equality alone its own will do, if
 *    that is a deterministic one, and it is the one that its indexes have.
 *  - ID and enums: the text of the uuid or of the label, in whose order they are sorted and matched; for equality alone
 *    the column.
 * Every other type (character(n), name, citext, inet, ...) keeps the document: what its own operators call equal is not
 * what is equal as text.
 *
 * A role that may read the document but not the column keeps the document too.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "sqlgen_internal.h"

/* The SQL that reads a key of a document as the type that it is compared as. */
static const char *
document_operand(const char *document, const FqlFieldBinding *binding, Oid *type)
{
	const char *text = psprintf("(%s OPERATOR(pg_catalog.->>) %s)", document, fql_text_literal(binding->data_key));

	*type = binding->column_type;
	switch (binding->column_type)
	{
		case BOOLOID:
			return psprintf("%s::pg_catalog.bool", text);
		case INT2OID:
		case INT4OID:
		case INT8OID:
			*type = INT8OID;
			return psprintf("%s::pg_catalog.int8", text);
		case FLOAT4OID:
		case FLOAT8OID:
			*type = FLOAT8OID;
			return psprintf("%s::pg_catalog.float8", text);
		case NUMERICOID:
			return psprintf("%s::pg_catalog.numeric", text);
		case DATEOID:
			return psprintf("fraiseql.iso_date(%s)", text);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			*type = TIMESTAMPTZOID;
			return psprintf("fraiseql.iso_timestamptz(%s)", text);
		case TIMEOID:
		case TIMETZOID:
			*type = TIMEOID;
			return psprintf("fraiseql.iso_time(%s)", text);
		default:
			*type = TEXTOID;
			return text;
	}
}

/* A column of the base relation as an operand. */
static bool
column_operand(FqlSqlGen *gen, const FqlBase *base, AttrNumber column, FqlOperand *operand)
{
	StringInfoData sql;
	Oid			relid = base->relation->relid;

	initStringInfo(&sql);
	operand->type = fql_column_base_type(relid, column);
	if (!OidIsValid(operand->type) || !fql_name_column(&sql, base->alias, relid, column))
	{
		fql_gen_relation_gone(gen);
		return false;
	}

	/* "char" would cut the operand to its first byte, and then equal what it does not equal. */
	if (operand->type == CHAROID)
	{
		appendStringInfoString(&sql, "::pg_catalog.text");
		operand->type = TEXTOID;
	}
	operand->sql = sql.data;
	return true;
}

/* Does a cast to text print the value as it stands in JSON?  Not if a user has made a cast that does otherwise. */
static bool
prints_plainly(Oid type)
{
	Oid			function;

	return find_coercion_pathway(TEXTOID, type, COERCION_EXPLICIT, &function) == COERCION_PATH_COERCEVIAIO &&
		find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC;
}

/* A text column for a key that is text. */
static void
text_operand(const char *column, const FqlNativeColumn *native, FqlOperand *operand)
{
	operand->sql = column;
	if (native->collation == DEFAULT_COLLATION_OID)
		return;
	operand->sql = psprintf("(%s COLLATE pg_catalog.\"default\")", column);
	if (!operand->document_id && get_collation_isdeterministic(native->collation))
	{
		operand->column = column;
		operand->column_type = TEXTOID;
	}
}

/* A column of a type that is text only in JSON.  Left alone where it cannot stand for the key. */
static void
printed_operand(const char *column, const FqlNativeColumn *native, const FqlType *type, FqlOperand *operand)
{
	bool		is_enum = get_typtype(native->type) == TYPTYPE_ENUM;

	if ((native->type != UUIDOID && !is_enum) || !prints_plainly(native->type))
		return;
	operand->sql = psprintf("%s::pg_catalog.text", column);

	/* Of a uuid only the IDs, which equal in any spelling, and of an enum only what is sure to be one of its labels. */
	if (is_enum ? type->kind == FQL_TYPE_ENUM : operand->document_id)
	{
		operand->column = column;
		operand->column_type = native->type;
	}
}

/* Write the operand with the column; operand->sql stays NULL where it cannot stand for the key. */
static void
native_operand(const char *column, const FqlNativeColumn *native, const FqlField *field, FqlOperand *operand)
{
	switch (operand->type)
	{
		case TEXTOID:
			if (native->type == TEXTOID || native->type == VARCHAROID)
				text_operand(column, native, operand);
			else
				printed_operand(column, native, fql_type_innermost(field->type), operand);
			break;
		case INT8OID:
			if (native->type == INT2OID || native->type == INT4OID || native->type == INT8OID)
				operand->sql = column;
			break;
		case FLOAT8OID:
			if (native->type == FLOAT8OID && extra_float_digits > 0)
				operand->sql = column;
			break;
		case TIMESTAMPTZOID:
			if (native->type == TIMESTAMPTZOID)
				operand->sql = column;
			else if (native->type == TIMESTAMPOID)
				operand->sql = psprintf("%s::pg_catalog.timestamptz", column);
			break;
		case BOOLOID:
		case NUMERICOID:
		case DATEOID:
		case TIMEOID:
			if (native->type == operand->type)
				operand->sql = column;
			break;
		default:
			break;
	}
}

/* The column that holds the value of a key; NULL: none. */
static const FqlNativeColumn *
find_native(const FqlBase *base, const FqlFieldBinding *binding)
{
	if (base->relation != NULL)
		return binding->native.number != 0 ? &binding->native : NULL;
	for (const FqlNativeMember *member = base->members; member != NULL; member = member->next)
		if (strcmp(member->key, binding->data_key) == 0)
			return &member->column;
	return NULL;
}

/* May the current role read the column?  False also when it is gone. */
static bool
may_read(Oid relid, AttrNumber column)
{
	bool		missing = false;
	Oid			role = GetUserId();

	if (pg_class_aclcheck_ext(relid, role, ACL_SELECT, &missing) == ACLCHECK_OK)
		return true;
	return !missing && pg_attribute_aclcheck_ext(relid, column, role, ACL_SELECT, &missing) == ACLCHECK_OK;
}

/* A key of a document as an operand. */
static void
key_operand(const FqlBase *base, const FqlField *field, FqlOperand *operand)
{
	const FqlFieldBinding *binding = field->binding;
	const FqlType *type = fql_type_innermost(field->type);
	const FqlNativeColumn *native = find_native(base, binding);
	const FqlRelation *relation = base->relation != NULL ? base->relation : base->owner;
	const char *key = document_operand(base->document, binding, &operand->type);
	StringInfoData column;

	operand->document_id = type->kind == FQL_TYPE_SCALAR && type->scalar == FQL_SCALAR_ID;
	if (native != NULL && may_read(relation->relid, native->number))
	{
		initStringInfo(&column);
		if (fql_name_column(&column, base->alias, relation->relid, native->number))
			native_operand(column.data, native, field, operand);
	}
	if (operand->sql == NULL)
		operand->sql = key;
}

/* A field as an operand; false after a diagnostic. */
bool
fql_gen_operand(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, FqlOperand *operand)
{
	const FqlFieldBinding *binding = field->binding;

	*operand = (FqlOperand){0};
	if (binding->kind == FQL_FIELD_COLUMN && base->relation != NULL)
		return column_operand(gen, base, binding->column, operand);
	if (binding->kind != FQL_FIELD_DATA_VALUE || base->document == NULL)
	{
		fql_gen_diagnose(gen, FQL_ERROR_UNSUPPORTED, (FqlLocation){0, 0}, "Field \"%.*s\" cannot be compared.",
						 FQL_STR_ARGS(field->name));
		return false;
	}

	/* The native id column of a read model holds the same value, typed and usually indexed. */
	if (base->relation != NULL && base->relation->id_column != 0 && strcmp(binding->data_key, "id") == 0)
		return column_operand(gen, base, base->relation->id_column, operand);
	key_operand(base, field, operand);
	return true;
}
