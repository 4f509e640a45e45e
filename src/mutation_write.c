/*
 * mutation_write.c
 *    Insertions, updates and deletions of a table's rows, without a function.
 *
 * Everything runs as the calling role through ordinary statements, so privileges, row security, constraints, defaults
 * and triggers are what they are for every INSERT, UPDATE and DELETE.
 *
 * Nested insertions.  The row that a to-one field names comes first, found by its key or inserted, and gives the
 * columns of the foreign key their values; then the row itself; then those that refer to it, which get the values
 * from it.  Values travel between rows as text, by the output and input functions of their type.  Rows without rows
 * below them are inserted many at a time.
 *
 * atMost is asked when it has happened: more rows than that are an error, and so undone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "exec.h"
#include "mutation_internal.h"
#include "response.h"

/* Rows and parameters of one INSERT, at most. */
#define BATCH_ROWS 1000
#define BATCH_VALUES 10000

/* Rows of one table that are inserted one after the other. */
typedef struct Insertion
{
	FqlResolution *resolution;
	FqlWriteContext write;
	const FqlInput *on_conflict;	/* NULL: none */
	FqlRows    *rows;			/* where they go; NULL: nowhere */
	bool		alone;			/* each by a statement of its own, whose row is asked for */
	List	   *batch;			/* of List of FqlWrittenValue */
	int			batch_values;
	SPITupleTable *last;		/* what the last statement returned */
	uint64		last_count;
} Insertion;

static bool insert_object(Insertion *insertion, const FqlInput *object, const List *given);

/*
 * Statements
 */

/* Run it; its rows are in SPI_tuptable. */
static void
run(FqlResolution *resolution, FqlSql *sql)
{
	SPIExecuteOptions options = {.must_return_tuples = true};
	int			result;

	resolution->sql = sql;
	options.params = fql_exec_parameters(sql);
	result = SPI_execute_extended(sql->text.data, &options);
	if (result != SPI_OK_INSERT_RETURNING && result != SPI_OK_UPDATE_RETURNING && result != SPI_OK_DELETE_RETURNING &&
		result != SPI_OK_SELECT)
		elog(ERROR, "a statement of a mutation failed: %s", SPI_result_code_string(result));
}

/* The rows that a statement returned, to those of the field. */
static void
keep_rows(FqlRows *rows)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttuple(rows->store, SPI_tuptable->vals[i]);
	}
	rows->count += SPI_processed;
}

/* An empty store of rows with these columns; where there are none, with one that nobody reads. */
static void
prepare_rows(FqlRows *rows, Oid relid, const Bitmapset *columns)
{
	MemoryContext previous = MemoryContextSwitchTo(rows->context);
	int			column = -1;
	AttrNumber	number = 0;

	rows->descriptor = CreateTemplateTupleDesc(Max(bms_num_members(columns), 1));
	if (bms_is_empty(columns))
		TupleDescInitEntry(rows->descriptor, 1, "one", INT4OID, -1, 0);
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		Oid			type;
		int32		modifier;
		Oid			collation;

		get_atttypetypmodcoll(relid, column, &type, &modifier, &collation);
		TupleDescInitEntry(rows->descriptor, ++number, get_attname(relid, column, false), type, modifier, 0);
		TupleDescInitEntryCollation(rows->descriptor, number, collation);
	}
	rows->store = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(previous);
}

/*
 * Values
 */

/* False after a diagnostic: the column has a value already. */
static bool
add_value(FqlResolution *resolution, List **values, FqlWrittenValue value, FqlLocation location)
{
	FqlWrittenValue *copy = palloc(sizeof(FqlWrittenValue));
	ListCell   *cell;

	foreach(cell, *values)
	{
		if (((const FqlWrittenValue *) lfirst(cell))->column == value.column)
			return fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, location,
									   "A column is given two values: by its own field, by the field of its foreign "
									   "key, or by the row above.");
	}
	*copy = value;
	*values = lappend(*values, copy);
	return true;
}

/* A column of a returned row as text in UTF-8; data NULL: null. */
static FqlStr
text_of(const SPITupleTable *table, AttrNumber column, Oid relid)
{
	int			number = SPI_fnumber(table->tupdesc, get_attname(relid, column, false));
	char	   *text = SPI_getvalue(table->vals[0], table->tupdesc, number);

	if (text == NULL)
		return (FqlStr){NULL, 0};
	return fql_response_to_utf8(fql_str_from(text));
}

static Bitmapset *
columns_set(const AttrNumber *columns, int count)
{
	Bitmapset  *set = NULL;

	for (int i = 0; i < count; i++)
		set = bms_add_member(set, columns[i]);
	return set;
}

/* The row that exists: its remote columns are in SPI_tuptable. */
static bool
connect(FqlResolution *resolution, const FqlWriteContext *write, const FqlInput *key)
{
	FqlSql	   *sql = fql_sqlgen_look_up(write, key);

	if (sql == NULL)
		return false;
	run(resolution, sql);
	if (SPI_processed == 1)
		return true;
	return fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, key->location, "There is no \"%.*s\" with this key.",
							   FQL_STR_ARGS(write->table->name));
}

/* Others need a row that was not inserted; always false. */
static bool
refuse_kept_back(FqlResolution *resolution, const FqlWriteContext *write, const FqlInput *object)
{
	return fql_mutation_refuse(resolution, FQL_ERROR_DATABASE, object->location,
							   "A trigger kept a \"%.*s\" from being inserted.", FQL_STR_ARGS(write->table->name));
}

static bool
create(FqlResolution *resolution, const FqlWriteContext *write, const FqlInput *object, SPITupleTable **table)
{
	Insertion	insertion = {.resolution = resolution, .write = *write, .alone = true};

	if (!insert_object(&insertion, object, NIL))
		return false;
	*table = insertion.last;
	if (insertion.last_count == 1)
		return true;
	return refuse_kept_back(resolution, write, object);
}

/* The one of connect and create that is given; NULL after a diagnostic.  In <Type>Set the reference is the key. */
static const FqlInput *
choose_reference(FqlResolution *resolution, const FqlInput *reference, bool *is_new)
{
	const FqlInput *chosen = NULL;
	int			count = 0;

	*is_new = false;
	for (const FqlInput *member = reference->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		if (binding->meaning == FQL_MEANS_FIELD)
			return reference;
		if (member->kind == FQL_INPUT_NULL)
			continue;
		chosen = member;
		*is_new = binding->meaning == FQL_MEANS_CREATE;
		count++;
	}
	if (count == 1)
		return chosen;
	(void) fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, reference->location,
							   "Field \"%.*s\" needs either \"connect\" or \"create\".",
							   FQL_STR_ARGS(reference->spelling));
	return NULL;
}

/* The values of a foreign key's columns, from the row that its field names. */
static bool
add_reference(FqlResolution *resolution, const FqlInput *reference, List **values)
{
	const FqlFieldBinding *field = ((const FqlInputBinding *) reference->field->binding)->field->binding;
	FqlWriteContext write = {
		.root = resolution->root, .table = field->target, .arena = resolution->arena,
		.diagnostics = resolution->diagnostics, .returning = columns_set(field->remote_columns, field->join_count)
	};
	Oid			relid = ((const FqlRelation *) field->target->binding)->relid;
	SPITupleTable *table = NULL;
	bool		is_new = false;

	if (reference->kind != FQL_INPUT_NULL)
	{
		const FqlInput *chosen = choose_reference(resolution, reference, &is_new);

		if (chosen == NULL)
			return false;
		if (!(is_new ? create(resolution, &write, chosen, &table) : connect(resolution, &write, chosen)))
			return false;
		if (!is_new)
			table = SPI_tuptable;
	}
	for (int i = 0; i < field->join_count; i++)
	{
		FqlWrittenValue value = {.column = field->local_columns[i]};

		if (table != NULL)
			value.text = text_of(table, field->remote_columns[i], relid);
		if (!add_value(resolution, values, value, reference->location))
			return false;
	}
	return true;
}

/* Columns and references of an input object; children are left to the caller. */
static bool
read_values(FqlResolution *resolution, const FqlInput *object, List **values)
{
	for (const FqlInput *member = object->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;
		bool		done = true;

		if (binding->meaning == FQL_MEANS_SLOT)
			done = add_value(resolution, values, (FqlWrittenValue) {
				.column = binding->slot->column, .slot = binding->slot, .input = member
			}, member->location);
		else if (binding->meaning == FQL_MEANS_REFERENCE)
			done = add_reference(resolution, member, values);
		if (!done)
			return false;
	}
	return true;
}

/*
 * Insertions
 */

static bool
flush(Insertion *insertion)
{
	FqlSql	   *sql;

	if (list_length(insertion->batch) == 0)
		return true;
	sql = fql_sqlgen_insert(&insertion->write, insertion->batch, insertion->on_conflict);
	if (sql == NULL)
		return false;
	run(insertion->resolution, sql);
	if (insertion->rows != NULL)
		keep_rows(insertion->rows);
	insertion->last = SPI_tuptable;
	insertion->last_count = SPI_processed;
	insertion->batch = NIL;
	insertion->batch_values = 0;
	return true;
}

static bool
is_children(const FqlInput *member)
{
	const FqlInputBinding *binding = member->field->binding;

	return binding->meaning == FQL_MEANS_CHILDREN && member->kind == FQL_INPUT_LIST && member->items != NULL;
}

/* The columns by which the rows below an object refer to it. */
static Bitmapset *
columns_for_children(const FqlInput *object, Bitmapset *columns)
{
	for (const FqlInput *member = object->members; member != NULL; member = member->next)
	{
		const FqlFieldBinding *field;

		if (!is_children(member))
			continue;
		field = ((const FqlInputBinding *) member->field->binding)->field->binding;
		columns = bms_add_members(columns, columns_set(field->local_columns, field->join_count));
	}
	return columns;
}

/* The rows of one to-many field, below the row that was just inserted. */
static bool
insert_children(Insertion *parent, const FqlInput *children, const SPITupleTable *table)
{
	const FqlFieldBinding *field = ((const FqlInputBinding *) children->field->binding)->field->binding;
	Oid			relid = ((const FqlRelation *) parent->write.table->binding)->relid;
	Insertion	insertion = {.resolution = parent->resolution, .write = parent->write};
	List	   *given = NIL;

	insertion.write.table = field->target;
	insertion.write.returning = NULL;
	for (int i = 0; i < field->join_count; i++)
	{
		FqlWrittenValue *value = palloc0(sizeof(FqlWrittenValue));

		value->column = field->remote_columns[i];
		value->text = text_of(table, field->local_columns[i], relid);
		given = lappend(given, value);
	}
	for (const FqlInput *object = children->items; object != NULL; object = object->next)
	{
		if (!insert_object(&insertion, object, given))
			return false;
	}
	return flush(&insertion);
}

/* One with rows below it is inserted at once, and alone. */
static bool
insert_object(Insertion *insertion, const FqlInput *object, const List *given)
{
	List	   *values = list_copy(given);
	const Bitmapset *returning = insertion->write.returning;
	Bitmapset  *columns = columns_for_children(object, bms_copy(returning));
	bool		has_children = columns_for_children(object, NULL) != NULL;
	bool		alone;
	const SPITupleTable *table;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!read_values(insertion->resolution, object, &values))
		return false;
	alone = has_children || values == NIL || insertion->alone;
	if ((alone || list_length(insertion->batch) >= BATCH_ROWS ||
		 insertion->batch_values + list_length(values) > BATCH_VALUES) && !flush(insertion))
		return false;
	insertion->batch = lappend(insertion->batch, values);
	insertion->batch_values += list_length(values);
	if (!alone)
		return true;
	insertion->write.returning = columns;
	if (!flush(insertion))
		return false;
	insertion->write.returning = returning;
	if (has_children && insertion->last_count != 1)
		return refuse_kept_back(insertion->resolution, &insertion->write, object);
	table = insertion->last;
	for (const FqlInput *member = object->members; member != NULL; member = member->next)
	{
		if (is_children(member) && !insert_children(insertion, member, table))
			return false;
	}
	return true;
}

/* The argument with a meaning; NULL: not given, or null. */
static const FqlInput *
argument(const FqlSelectedField *root, FqlArgumentKind kind)
{
	for (uint32_t i = 0; i < root->field->argument_count; i++)
	{
		const FqlArgumentBinding *binding = root->field->arguments[i].binding;

		if (binding->kind == kind && root->arguments[i] != NULL && root->arguments[i]->kind != FQL_INPUT_NULL)
			return root->arguments[i];
	}
	return NULL;
}

static bool
insert(FqlResolution *resolution, FqlWriteContext *write, FqlRows *rows)
{
	const FqlInput *objects = argument(resolution->root, FQL_ARGUMENT_OBJECTS);
	Insertion	insertion = {.resolution = resolution, .rows = rows};
	Bitmapset  *columns = bms_copy(write->returning);

	insertion.on_conflict = argument(resolution->root, FQL_ARGUMENT_ON_CONFLICT);
	for (const FqlInput *object = objects->items; object != NULL; object = object->next)
	{
		Bitmapset  *below = columns_for_children(object, NULL);

		if (below != NULL && insertion.on_conflict != NULL)
			return fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, object->location,
									   "Argument \"onConflict\" cannot be given for objects with rows below them.");
		columns = bms_add_members(columns, below);
	}
	write->returning = columns;
	insertion.write = *write;
	prepare_rows(rows, ((const FqlRelation *) write->table->binding)->relid, columns);
	for (const FqlInput *object = objects->items; object != NULL; object = object->next)
	{
		if (!insert_object(&insertion, object, NIL))
			return false;
	}
	return flush(&insertion);
}

/*
 * Updates and deletions
 */

static bool
check_at_most(FqlResolution *resolution, const FqlRows *rows)
{
	const FqlInput *at_most = argument(resolution->root, FQL_ARGUMENT_AT_MOST);
	long		most;

	if (at_most == NULL)
		return true;
	most = strtol(pnstrdup(at_most->text.data, at_most->text.len), NULL, 10);
	if (most < 0)
		return fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, at_most->location,
								   "Argument \"atMost\" must not be negative.");
	if (rows->count <= (uint64) most)
		return true;
	return fql_mutation_refuse(resolution, FQL_ERROR_LIMIT, at_most->location,
							   "More rows than \"atMost\" allows would be changed: " UINT64_FORMAT ".", rows->count);
}

static bool
update_or_delete(FqlResolution *resolution, const FqlWriteContext *write, FqlRows *rows, bool update)
{
	const FqlInput *where = argument(resolution->root, FQL_ARGUMENT_WHERE);
	const FqlInput *set = argument(resolution->root, FQL_ARGUMENT_SET);
	List	   *values = NIL;
	FqlSql	   *sql;

	if (update && !read_values(resolution, set, &values))
		return false;
	if (update && values == NIL)
		return fql_mutation_refuse(resolution, FQL_ERROR_BAD_INPUT, set->location,
								   "Argument \"set\" must give at least one field a value.");
	sql = update ? fql_sqlgen_update(write, values, where) : fql_sqlgen_delete(write, where);
	if (sql == NULL)
		return false;
	prepare_rows(rows, ((const FqlRelation *) write->table->binding)->relid, write->returning);
	run(resolution, sql);
	keep_rows(rows);
	return check_at_most(resolution, rows);
}

bool
fql_mutation_write(FqlResolution *resolution, const Bitmapset *columns, FqlRows *rows)
{
	const FqlFieldBinding *binding = resolution->root->field->binding;
	FqlWriteContext write = {
		.root = resolution->root, .table = binding->table, .returning = columns, .arena = resolution->arena,
		.diagnostics = resolution->diagnostics
	};

	if (binding->kind == FQL_FIELD_INSERT)
		return insert(resolution, &write, rows);
	return update_or_delete(resolution, &write, rows, binding->kind == FQL_FIELD_UPDATE);
}
