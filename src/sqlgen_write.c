/*
 * sqlgen_write.c
 *    Statements that insert, update and delete rows of a table.
 *
 * Values are parameters and names come from the catalogs, as in all generated SQL.  A column that a row gives no value
 * is DEFAULT, so that rows of different shapes fit into one statement.  Each statement returns the columns that it is
 * asked for and nothing else: returning a column takes SELECT on it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "sqlgen_internal.h"

#define ALIAS "t0"

static const FqlRelation *
relation_of(const FqlWriteContext *write)
{
	return write->table->binding;
}

static void
begin(FqlSqlGen *gen, const FqlWriteContext *write)
{
	*gen = (FqlSqlGen) {
		.sql = palloc0(sizeof(FqlSql)), .arena = write->arena, .diagnostics = write->diagnostics, .field = write->root
	};
	initStringInfo(&gen->sql->text);
}

static void
append_table(FqlSqlGen *gen, const FqlWriteContext *write)
{
	if (!fql_name_relation(&gen->sql->text, relation_of(write)->relid))
		fql_gen_relation_gone(gen);
	appendStringInfoString(&gen->sql->text, " AS " ALIAS);
}

/* The bare name of a column. */
static void
append_name(FqlSqlGen *gen, const FqlWriteContext *write, AttrNumber column)
{
	char	   *name = get_attname(relation_of(write)->relid, column, true);

	if (name == NULL)
		fql_gen_relation_gone(gen);
	else
		appendStringInfoString(&gen->sql->text, quote_identifier(name));
}

static void
append_returning(FqlSqlGen *gen, const FqlWriteContext *write)
{
	StringInfo	out = &gen->sql->text;
	int			column = -1;

	appendStringInfoString(out, " RETURNING ");
	if (bms_is_empty(write->returning))
		appendStringInfoChar(out, '1');
	for (bool first = true; (column = bms_next_member(write->returning, column)) >= 0; first = false)
	{
		appendStringInfoString(out, first ? "" : ", ");
		if (!fql_name_column(out, ALIAS, relation_of(write)->relid, column))
			fql_gen_relation_gone(gen);
	}
}

static void
append_value(FqlSqlGen *gen, const FqlWriteContext *write, const FqlWrittenValue *value)
{
	StringInfo	out = &gen->sql->text;

	if (value->slot != NULL)
		fql_gen_slot(gen, value->slot, value->input);
	else if (value->text.data == NULL)
		appendStringInfoString(out, "NULL");
	else
	{
		Oid			type = fql_column_base_type(relation_of(write)->relid, value->column);

		appendStringInfo(out, "$%d", fql_gen_parameter(gen, type, value->text));
	}
}

/*
 * INSERT
 */

static const FqlWrittenValue *
value_of(const List *row, AttrNumber column)
{
	ListCell   *cell;

	foreach(cell, row)
	{
		const FqlWrittenValue *value = lfirst(cell);

		if (value->column == column)
			return value;
	}
	return NULL;
}

static Bitmapset *
columns_of(const List *rows)
{
	Bitmapset  *columns = NULL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, rows)
	{
		foreach(inner, (const List *) lfirst(cell))
			columns = bms_add_member(columns, ((const FqlWrittenValue *) lfirst(inner))->column);
	}
	return columns;
}

static void
append_rows(FqlSqlGen *gen, const FqlWriteContext *write, const List *rows, const Bitmapset *columns)
{
	StringInfo	out = &gen->sql->text;
	ListCell   *cell;

	appendStringInfoString(out, " VALUES ");
	foreach(cell, rows)
	{
		int			column = -1;

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, cell == list_head(rows) ? "(" : ", (");
		for (bool first = true; (column = bms_next_member(columns, column)) >= 0; first = false)
		{
			const FqlWrittenValue *value = value_of(lfirst(cell), column);

			appendStringInfoString(out, first ? "" : ", ");
			if (value == NULL)
				appendStringInfoString(out, "DEFAULT");
			else
				append_value(gen, write, value);
		}
		appendStringInfoChar(out, ')');
	}
}

/* A member of <Type>OnConflict; NULL: not given, or null. */
static const FqlInput *
conflict_member(const FqlInput *on_conflict, FqlInputMeaning meaning)
{
	for (const FqlInput *member = on_conflict->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		if (binding->meaning == meaning && member->kind == FQL_INPUT_LIST)
			return member;
	}
	return NULL;
}

/* The column that a value of <Type>Column is. */
static AttrNumber
enum_column(const FqlWriteContext *write, const FqlInput *value)
{
	const FqlField *field = fql_field_find(write->table, value->text);

	return ((const FqlFieldBinding *) field->binding)->column;
}

static void
append_conflict_update(FqlSqlGen *gen, const FqlWriteContext *write, const FqlInput *columns)
{
	StringInfo	out = &gen->sql->text;

	appendStringInfoString(out, " DO UPDATE SET ");
	for (const FqlInput *item = columns->items; item != NULL; item = item->next)
	{
		append_name(gen, write, enum_column(write, item));
		appendStringInfoString(out, " = EXCLUDED.");
		append_name(gen, write, enum_column(write, item));
		appendStringInfoString(out, item->next != NULL ? ", " : "");
	}
}

static void
append_conflict(FqlSqlGen *gen, const FqlWriteContext *write, const FqlInput *on_conflict)
{
	StringInfo	out = &gen->sql->text;
	const FqlInput *columns = conflict_member(on_conflict, FQL_MEANS_CONFLICT_COLUMNS);
	const FqlInput *update = conflict_member(on_conflict, FQL_MEANS_CONFLICT_UPDATE);

	if (columns == NULL || columns->items == NULL)
	{
		fql_gen_diagnose(gen, FQL_ERROR_BAD_INPUT, on_conflict->location, "Field \"columns\" must name a column.");
		return;
	}
	appendStringInfoString(out, " ON CONFLICT (");
	for (const FqlInput *item = columns->items; item != NULL; item = item->next)
	{
		append_name(gen, write, enum_column(write, item));
		appendStringInfoString(out, item->next != NULL ? ", " : ")");
	}
	if (update == NULL || update->items == NULL)
		appendStringInfoString(out, " DO NOTHING");
	else
		append_conflict_update(gen, write, update);
}

/* Rows that all lack every column must be inserted one by one. */
FqlSql *
fql_sqlgen_insert(const FqlWriteContext *write, const List *rows, const FqlInput *on_conflict)
{
	FqlSqlGen	gen;
	Bitmapset  *columns = columns_of(rows);
	StringInfo	out;
	int			column = -1;

	begin(&gen, write);
	out = &gen.sql->text;
	appendStringInfoString(out, "INSERT INTO ");
	append_table(&gen, write);
	if (bms_is_empty(columns))
		appendStringInfoString(out, " DEFAULT VALUES");
	else
	{
		for (bool first = true; (column = bms_next_member(columns, column)) >= 0; first = false)
		{
			appendStringInfoString(out, first ? " (" : ", ");
			append_name(&gen, write, column);
		}
		appendStringInfoChar(out, ')');
		append_rows(&gen, write, rows, columns);
	}
	if (on_conflict != NULL)
		append_conflict(&gen, write, on_conflict);
	append_returning(&gen, write);
	return gen.failed ? NULL : gen.sql;
}

/*
 * UPDATE, DELETE, and finding a row
 */

static void
append_where(FqlSqlGen *gen, const FqlWriteContext *write, const FqlInput *where)
{
	FqlBase		base = {.relation = relation_of(write), .alias = ALIAS};

	appendStringInfoString(&gen->sql->text, " WHERE ");
	fql_gen_where(gen, &base, where);
}

FqlSql *
fql_sqlgen_update(const FqlWriteContext *write, const List *values, const FqlInput *where)
{
	FqlSqlGen	gen;
	ListCell   *cell;

	begin(&gen, write);
	appendStringInfoString(&gen.sql->text, "UPDATE ");
	append_table(&gen, write);
	foreach(cell, values)
	{
		const FqlWrittenValue *value = lfirst(cell);

		appendStringInfoString(&gen.sql->text, cell == list_head(values) ? " SET " : ", ");
		append_name(&gen, write, value->column);
		appendStringInfoString(&gen.sql->text, " = ");
		append_value(&gen, write, value);
	}
	append_where(&gen, write, where);
	append_returning(&gen, write);
	return gen.failed ? NULL : gen.sql;
}

FqlSql *
fql_sqlgen_delete(const FqlWriteContext *write, const FqlInput *where)
{
	FqlSqlGen	gen;

	begin(&gen, write);
	appendStringInfoString(&gen.sql->text, "DELETE FROM ");
	append_table(&gen, write);
	append_where(&gen, write, where);
	append_returning(&gen, write);
	return gen.failed ? NULL : gen.sql;
}

/* The row that a <Type>Key names. */
FqlSql *
fql_sqlgen_look_up(const FqlWriteContext *write, const FqlInput *key)
{
	FqlSqlGen	gen;
	FqlBase		base = {.relation = relation_of(write), .alias = ALIAS};
	StringInfo	out;
	int			column = -1;

	begin(&gen, write);
	out = &gen.sql->text;
	appendStringInfoString(out, "SELECT ");
	for (bool first = true; (column = bms_next_member(write->returning, column)) >= 0; first = false)
	{
		appendStringInfoString(out, first ? "" : ", ");
		if (!fql_name_column(out, ALIAS, base.relation->relid, column))
			fql_gen_relation_gone(&gen);
	}
	appendStringInfoString(out, " FROM ");
	append_table(&gen, write);
	for (const FqlInput *member = key->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		appendStringInfoString(out, member == key->members ? " WHERE " : " AND ");
		fql_gen_key(&gen, &base, binding->field, member);
	}
	return gen.failed ? NULL : gen.sql;
}
