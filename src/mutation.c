/*
 * mutation.c
 *    Mutations: root fields that change something, one after the other.
 *
 * Each field has a subtransaction of its own, begun after the one before it has ended (specification, section
 * 6.2.2).  A field that fails, by an error or because its function says so, is null, has an entry in "errors", and
 * what it changed is undone; the others stand, before it and after it.  What becomes of them all is for the caller's
 * transaction to say.  Errors that are the session's or the server's (cancelling, serialization failures, deadlocks,
 * ...) leave the statement as an error, as they do in queries (exec.c), and then nothing stands.
 *
 * A field is two statements (sqlgen_result.c).  The first calls the function, as the calling role, and its rows go
 * into a tuple store; where there is no function, it inserts, updates or deletes (mutation_write.c).  Then the
 * command counter moves on and a fresh snapshot is taken (under REPEATABLE READ the transaction's, with its own
 * changes), and the second statement reads the selection from these rows.  So the selection sees all that the
 * function changed, and what its triggers changed after it had returned.
 *
 * The response ends with the cascade of all that was changed (cascade.c): the triggers' account of it, and what the
 * functions say themselves.  Fields that were undone are not in it.
 *
 * The cache has no part in it.  What is changed is noticed by the triggers, like any other write, and a subtransaction
 * that is undone counts as changed nevertheless, which costs a needless execution at most.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/queryenvironment.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "cascade.h"
#include "exec.h"
#include "guc.h"
#include "mutation.h"
#include "mutation_internal.h"
#include "mutation_response.h"
#include "protect.h"
#include "response.h"
#include "sqlgen.h"
#include "trail.h"

bool
fql_mutation_is_possible(FqlLocation location, FqlDiagnostics *diagnostics)
{
	if (!XactReadOnly && !RecoveryInProgress() && !IsInParallelMode())
		return true;
	fql_diagnose(diagnostics, FQL_ERROR_UNSUPPORTED, location,
				 RecoveryInProgress() ? "This server is a standby: mutations need the primary."
				 : "Mutations need a transaction that may write, and this one is read-only.");
	return false;
}

/*
 * Rows
 */
static void
rows_startup(DestReceiver *self, int operation pg_attribute_unused(), TupleDesc descriptor)
{
	FqlRows	   *rows = (FqlRows *) self;
	MemoryContext previous = MemoryContextSwitchTo(rows->context);

	rows->descriptor = CreateTupleDescCopy(descriptor);
	rows->store = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(previous);
}

static bool
rows_receive(TupleTableSlot *slot, DestReceiver *self)
{
	FqlRows	   *rows = (FqlRows *) self;

	tuplestore_puttupleslot(rows->store, slot);
	rows->count++;
	return true;
}

static void
rows_nothing(DestReceiver *self pg_attribute_unused())
{
}

static void
rows_init(FqlRows *rows)
{
	*rows = (FqlRows) {
		.receiver = {rows_receive, rows_startup, rows_nothing, rows_nothing, DestTuplestore},
		.context = CurrentMemoryContext,
	};
}

/* The rows from the first on, into a slot of their own. */
static TupleTableSlot *
rows_read(const FqlRows *rows)
{
	tuplestore_rescan(rows->store);
	return MakeSingleTupleTableSlot(rows->descriptor, &TTSOpsMinimalTuple);
}

static bool
rows_next(const FqlRows *rows, TupleTableSlot *slot)
{
	return tuplestore_gettupleslot(rows->store, true, false, slot);
}

/* Is there no first row, or one of nulls only?  So arrives a row that is null as a whole. */
static bool
rows_first_is_null(const FqlRows *rows)
{
	TupleTableSlot *slot = rows_read(rows);
	bool		all_null = true;

	if (rows_next(rows, slot))
	{
		slot_getallattrs(slot);
		for (int i = 0; i < slot->tts_nvalid; i++)
			all_null = all_null && slot->tts_isnull[i];
	}
	ExecDropSingleTupleTableSlot(slot);
	return all_null;
}

/*
 * The first statement
 */

/*
 * Does the statement call the function that was exposed?  Another one of its name, with fewer parameters or without
 * defaults, can suit the arguments that were given as well or better, and nobody has exposed that one.
 */
static void
check_function(SPIPlanPtr plan, Oid function)
{
	List	   *sources = SPI_plan_get_plan_sources(plan);
	const Query *query = linitial_node(Query, ((CachedPlanSource *) linitial(sources))->query_list);
	ListCell   *cell;

	foreach(cell, query->rtable)
	{
		const RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);
		const Node *call;

		if (entry->rtekind != RTE_FUNCTION)
			continue;
		call = ((const RangeTblFunction *) linitial(entry->functions))->funcexpr;
		if (call != NULL && IsA(call, FuncExpr) && ((const FuncExpr *) call)->funcid == function)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_FUNCTION),
			 errmsg("another function of the same name takes these arguments"),
			 errhint("Give more arguments, or rename one of the functions.")));
}

static void
check_spi(int result, int expected)
{
	if (result != expected)
		elog(ERROR, "a statement of a mutation failed: %s", SPI_result_code_string(result));
}

/* Not kept: planning a call is little beside what functions that write do. */
static void
call_function(FqlResolution *resolution, FqlRows *rows)
{
	const FqlSql *sql = resolution->sql;
	Oid		   *types = palloc(sizeof(Oid) * Max(sql->parameter_count, 1));
	SPIExecuteOptions options = {.must_return_tuples = true, .dest = &rows->receiver};
	SPIPlanPtr	plan;

	for (int i = 0; i < sql->parameter_count; i++)
		types[i] = sql->parameters[i].type;
	options.params = fql_exec_parameters(sql);
	plan = SPI_prepare(sql->text.data, sql->parameter_count, types);
	if (plan == NULL)
		check_spi(SPI_result, 0);
	check_function(plan, resolution->function->oid);
	check_spi(SPI_execute_plan_extended(plan, &options), SPI_OK_SELECT);
}

/*
 * The second statement
 */

/* The rows under the name by which statements of this SPI connection read them. */
static void
register_rows(const FqlRows *rows)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));

	relation->md.name = pstrdup(FQL_RESULT_NAME);
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = rows->descriptor;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = (double) rows->count;
	relation->reldata = rows->store;
	check_spi(SPI_register_relation(relation), SPI_OK_REL_REGISTER);
}

/* Run the statement that reads the selection. */
static void
run_selection(FqlResolution *resolution, FqlSql *sql)
{
	SPIExecuteOptions options = {.read_only = true, .must_return_tuples = true};
	text	   *value;
	bool		is_null;

	resolution->sql = sql;
	options.params = fql_exec_parameters(sql);
	check_spi(SPI_execute_extended(sql->text.data, &options), SPI_OK_SELECT);
	if (SPI_processed != 1)
		elog(ERROR, "the selection of a mutation gave " UINT64_FORMAT " rows", SPI_processed);
	value = DatumGetTextPP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	fql_response_append_compact(resolution->out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* Generate it, and run it; false after a diagnostic. */
static bool
append_selection(FqlResolution *resolution, FqlResult *result)
{
	FqlSql	   *sql = fql_sqlgen_result(resolution->root, result, resolution->arena, resolution->diagnostics);

	if (sql == NULL)
		return false;
	run_selection(resolution, sql);
	return true;
}

/* FqlRows of an exposed relation, or of a type of their own. */
static bool
append_rows(FqlResolution *resolution, const FqlRows *rows)
{
	const FqlType *type = fql_type_innermost(resolution->root->field->type);
	FqlResult	result = {.relation = type->binding};

	if (!resolution->function->returns_set && rows_first_is_null(rows))
	{
		appendStringInfoString(resolution->out, "null");
		return true;
	}
	register_rows(rows);
	return append_selection(resolution, &result);
}

/* A cascade that the function returned beside its result. */
static void
keep_cascade(FqlResolution *resolution, const Jsonb *cascade)
{
	MemoryContext previous = MemoryContextSwitchTo(resolution->context);
	Jsonb	   *copy = palloc(VARSIZE(cascade));

	memcpy(copy, cascade, VARSIZE(cascade));
	resolution->cascades = lappend(resolution->cascades, copy);
	MemoryContextSwitchTo(previous);
}

/* Values that are JSON text already; of jsonb, with their cascades beside them. */
static void
append_leaves(FqlResolution *resolution, const FqlRows *rows)
{
	StringInfo	out = resolution->out;
	bool		list = resolution->function->returns_set;
	TupleTableSlot *slot = rows_read(rows);
	bool		first = true;

	if (list)
		appendStringInfoChar(out, '[');
	for (; rows_next(rows, slot); first = false)
	{
		bool		is_null;
		Datum		value = slot_getattr(slot, 1, &is_null);
		text	   *json = is_null ? cstring_to_text("null") : DatumGetTextPP(value);

		CHECK_FOR_INTERRUPTS();
		if (!first)
			appendStringInfoChar(out, ',');
		fql_response_append_compact(out, VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json));
		if (resolution->function->shape != FQL_RESULT_JSONB)
			continue;
		value = slot_getattr(slot, 2, &is_null);
		if (!is_null)
			keep_cascade(resolution, DatumGetJsonbP(value));
	}
	appendStringInfoString(out, list ? "]" : first ? "null" : "");
	ExecDropSingleTupleTableSlot(slot);
}

static bool
append_response(FqlResolution *resolution, const FqlRows *rows)
{
	TupleTableSlot *slot = rows_read(rows);
	FqlMutationResponse response;
	FqlResult	result = {0};
	bool		is_null = true;
	Datum		value = (Datum) 0;

	if (rows_next(rows, slot))
		value = slot_getattr(slot, 1, &is_null);
	if (is_null)
	{
		appendStringInfoString(resolution->out, "null");
		return true;
	}
	if (!fql_mutation_response_read(DatumGetJsonbP(value), resolution->root, &response, resolution->diagnostics))
		return false;
	if (response.cascade != NULL)
		keep_cascade(resolution, response.cascade);
	result.document = response.document;
	result.entity_id = response.entity_id;
	return append_selection(resolution, &result);
}

/* False after a diagnostic. */
static bool
append_result(FqlResolution *resolution, const FqlRows *rows)
{
	switch (resolution->function->shape)
	{
		case FQL_RESULT_ROW:
		case FQL_RESULT_COLUMNS:
			return append_rows(resolution, rows);
		case FQL_RESULT_RESPONSE:
		case FQL_RESULT_RESPONSE_JSONB:
			return append_response(resolution, rows);
		case FQL_RESULT_VOID:
		case FQL_RESULT_LEAF:
		case FQL_RESULT_JSONB:
			append_leaves(resolution, rows);
			break;
	}
	return true;
}

/*
 * Fields
 */

bool
fql_mutation_refuse(FqlResolution *resolution, FqlErrorCode code, FqlLocation location, const char *format,...)
{
	FqlDiagnostic *diagnostic;
	FqlPath    *path = FQL_NEW(resolution->arena, FqlPath);
	char		message[1024];
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	diagnostic = fql_diagnose(resolution->diagnostics, code, location.line > 0 ? location : resolution->root->location,
							  "%s", message);
	path->name = resolution->root->response_key;
	diagnostic->path = path;
	return false;
}

/* A list is complete or an error, in mutations too. */
static bool
check_count(FqlResolution *resolution, const FqlRows *rows)
{
	if (rows->count <= (uint64) fql_max_page_size)
		return true;
	return fql_mutation_refuse(resolution, FQL_ERROR_LIMIT, (FqlLocation){0, 0}, "List \"%.*s\" has more than %d rows.",
							   FQL_STR_ARGS(resolution->root->field->name), fql_max_page_size);
}

/* From here on reads see what was changed. */
static void
begin_reading(FqlResolution *resolution)
{
	resolution->calling = false;
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Call, then read.  False after a diagnostic: what was changed must be undone. */
static bool
resolve_function(FqlResolution *resolution, FqlRows *rows)
{
	bool		done;

	resolution->sql = fql_sqlgen_call(resolution->root, resolution->arena, resolution->diagnostics);
	if (resolution->sql == NULL)
		return false;
	call_function(resolution, rows);
	begin_reading(resolution);
	done = (!resolution->function->returns_set || check_count(resolution, rows)) && append_result(resolution, rows);
	PopActiveSnapshot();
	return done;
}

/* The selection is generated first, for it says which columns the written rows must have. */
static bool
resolve_write(FqlResolution *resolution, FqlRows *rows)
{
	const FqlFieldBinding *binding = resolution->root->field->binding;
	FqlResult	result = {.relation = binding->table->binding};
	FqlSql	   *selection = fql_sqlgen_result(resolution->root, &result, resolution->arena, resolution->diagnostics);

	if (selection == NULL || !fql_mutation_write(resolution, result.columns, rows) ||
		(result.has_records && !check_count(resolution, rows)))
		return false;
	begin_reading(resolution);
	register_rows(rows);
	run_selection(resolution, selection);
	PopActiveSnapshot();
	return true;
}

static bool
resolve(void *context)
{
	FqlResolution *resolution = context;
	FqlRows		rows;
	bool		done;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	rows_init(&rows);
	resolution->calling = true;
	done = resolution->function != NULL ? resolve_function(resolution, &rows) : resolve_write(resolution, &rows);
	if (rows.store != NULL)
		tuplestore_end(rows.store);
	SPI_finish();
	return done;
}

/* resolve() in a subtransaction; false: a diagnostic says why, and it is undone. */
static bool
resolve_protected(FqlResolution *resolution)
{
	bool		done;
	ErrorData  *error = fql_protect(resolve, resolution, &done);

	if (error == NULL)
		return done;
	fql_exec_log_error(resolution->sql, error);
	if (fql_exec_throws_on(error->sqlerrcode, resolution->calling))
		fql_exec_throw_on(error);
	fql_exec_diagnose(resolution->diagnostics, resolution->root, error);
	return false;
}

/* "key":value of one root field; false: it was undone, or changes nothing. */
static bool
append_field(const FqlSelectedField *root, FqlArena *arena, FqlDiagnostics *diagnostics, FqlCascade *cascade,
			 StringInfo out)
{
	FqlResolution	resolution = {
		.root = root, .arena = arena, .diagnostics = diagnostics, .out = out, .context = CurrentMemoryContext
	};
	int			begin;
	ListCell   *cell;

	appendStringInfo(out, "\"%.*s\":", FQL_STR_ARGS(root->response_key));
	begin = out->len;
	if (root->field == NULL)
	{
		appendStringInfo(out, "\"%.*s\"", FQL_STR_ARGS(root->parent->name));
		return false;
	}
	resolution.function = ((const FqlFieldBinding *) root->field->binding)->function;
	if (resolve_protected(&resolution))
	{
		foreach(cell, resolution.cascades)
			fql_cascade_add(cascade, lfirst(cell));
		return true;
	}
	out->len = begin;
	appendStringInfoString(out, "null");
	return false;
}

/* For the audit: the operation's name, else that of the first field that stands. */
static void
name_transaction(FqlStr name, const FqlSelectedField *root)
{
	FqlStr		shown = name.data != NULL ? name : root->field->name;

	fql_trail_name(pnstrdup(shown.data, shown.len));
}

/* ,"extensions":{"cascade":{...}} */
static void
append_cascade(FqlCascade *cascade, StringInfo out)
{
	StringInfoData json;

	initStringInfo(&json);
	fql_cascade_end(cascade, &json);
	appendStringInfoString(out, ",\"extensions\":{\"cascade\":");
	fql_response_append_compact(out, json.data, json.len);
	appendStringInfoChar(out, '}');
}

text *
fql_mutation_execute(const FqlSelectedField *roots, uint32_t count, FqlStr name, FqlArena *arena)
{
	const FqlSelectedField *root = roots;
	bool		named = false;
	FqlDiagnostics diagnostics;
	StringInfoData out;
	FqlCascade *cascade = fql_cascade_begin();

	fql_diagnostics_init(&diagnostics, arena);
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendStringInfoString(&out, "{\"data\":{");
	for (uint32_t i = 0; i < count; i++, root = root->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(&out, ',');
		if (append_field(root, arena, &diagnostics, cascade, &out) && !named)
		{
			name_transaction(name, root);
			named = true;
		}
	}
	appendStringInfoChar(&out, '}');
	if (diagnostics.count > 0)
	{
		appendStringInfoChar(&out, ',');
		fql_response_append_errors(&out, &diagnostics);
	}
	append_cascade(cascade, &out);
	appendStringInfoChar(&out, '}');
	SET_VARSIZE(out.data, out.len);
	return (text *) out.data;
}
