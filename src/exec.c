/*
 * exec.c
 *    Run a collected query operation and complete its response.
 *
 * Everything runs in one internal subtransaction, so that an error of the operation leaves the caller's transaction
 * usable.  The plans are read-only, so subtransactions never get an xid.
 *
 * The one value of the result never enters a tuple store: a DestReceiver of our own writes it, compacted, straight into
 * the response.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "exec.h"
#include "observe.h"
#include "plan.h"
#include "protect.h"
#include "response.h"
#include "sqlgen.h"

/* The response, and where its next bytes go. */
typedef struct Receiver
{
	DestReceiver receiver;
	StringInfo	out;
	uint64		rows;
} Receiver;

/*
 * Parameters
 */
static char *
server_text(FqlStr value)
{
	char	   *copy;

	if (value.len >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long")));
	copy = pnstrdup(value.data, value.len);
	return pg_any_to_server(copy, (int) value.len, PG_UTF8);
}

static Datum
scalar_datum(const FqlSqlParameter *parameter)
{
	Oid			input;
	Oid			io_parameter;

	fql_observe_input(parameter->type);
	getTypeInputInfo(parameter->type, &input, &io_parameter);
	return OidInputFunctionCall(input, server_text(parameter->text), io_parameter, -1);
}

static Datum
array_datum(const FqlSqlParameter *parameter)
{
	uint32_t	count = parameter->item_count;
	Datum	   *values = palloc(mul_size(Max(count, 1), sizeof(Datum)));
	bool	   *nulls = palloc0(Max(count, 1));
	int			dimensions[1] = {(int) count};
	int			lower_bounds[1] = {1};
	Oid			input;
	Oid			io_parameter;
	FmgrInfo	function;
	int16		len;
	bool		by_value;
	char		align;

	fql_observe_input(parameter->element_type);
	getTypeInputInfo(parameter->element_type, &input, &io_parameter);
	fmgr_info(input, &function);
	get_typlenbyvalalign(parameter->element_type, &len, &by_value, &align);
	for (uint32_t i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		nulls[i] = parameter->items[i].data == NULL;
		values[i] = InputFunctionCall(&function, nulls[i] ? NULL : server_text(parameter->items[i]), io_parameter, -1);
	}
	return PointerGetDatum(construct_md_array(values, nulls, count == 0 ? 0 : 1, dimensions, lower_bounds,
											  parameter->element_type, len, by_value, align));
}

ParamListInfo
fql_exec_parameters(const FqlSql *sql)
{
	ParamListInfo list = makeParamList(sql->parameter_count);

	for (int i = 0; i < sql->parameter_count; i++)
	{
		const FqlSqlParameter *parameter = &sql->parameters[i];

		CHECK_FOR_INTERRUPTS();
		list->params[i].value = OidIsValid(parameter->element_type) ? array_datum(parameter) : scalar_datum(parameter);
		list->params[i].isnull = false;
		list->params[i].pflags = PARAM_FLAG_CONST;
		list->params[i].ptype = parameter->type;
	}
	return list;
}

/*
 * The result
 */
static void
receiver_nothing(DestReceiver *self pg_attribute_unused())
{
}

static void
receiver_startup(DestReceiver *self pg_attribute_unused(), int operation pg_attribute_unused(),
				 TupleDesc typeinfo pg_attribute_unused())
{
}

static bool
receiver_receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	receiver->rows++;
	if (!isnull)
	{
		text	   *json = DatumGetTextPP(value);

		fql_response_append_compact(receiver->out, VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json));
	}
	return true;
}

/*
 * Run a pinned statement with its parameters and append its value to "out".  Called within SPI, which takes a receiver
 * of kind DestNone for one that wants no rows, so ours says DestTuplestore: any kind that SPI does not know by itself.
 */
static void
run_statement(FqlPlan *plan, ParamListInfo parameters, StringInfo out)
{
	Receiver	receiver = {
		.receiver = {receiver_receive, receiver_startup, receiver_nothing, receiver_nothing, DestTuplestore},
		.out = out,
	};
	SPIExecuteOptions options = {
		.params = parameters, .read_only = true, .must_return_tuples = true, .dest = &receiver.receiver
	};
	int			result;

	result = fql_plan_execute(plan, &options);
	if (result != SPI_OK_SELECT || receiver.rows != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the statement of a GraphQL operation gave no single row"),
				 errdetail_internal("SPI_execute_plan_extended: %s, rows: " UINT64_FORMAT,
									SPI_result_code_string(result), receiver.rows)));
}

/*
 * Errors
 */

/*
 * Is this error one of the session, the server or our own code rather than of the operation?  The classes are named
 * that must be thrown on; RAISE may use any other SQLSTATE it likes.  While values are read, names are the operation's
 * too: the input function of regclass looks them up.
 */
bool
fql_exec_throws_on(int sqlstate, bool reading_values)
{
	static const int classes[] = {
		MAKE_SQLSTATE('0', '8', '0', '0', '0'), /* connection */
		MAKE_SQLSTATE('0', 'B', '0', '0', '0'), /* transaction initiation */
		MAKE_SQLSTATE('2', '5', '0', '0', '0'), /* transaction state */
		MAKE_SQLSTATE('2', 'D', '0', '0', '0'), /* transaction termination */
		MAKE_SQLSTATE('4', '0', '0', '0', '0'), /* serialization, deadlock */
		MAKE_SQLSTATE('4', '2', '0', '0', '0'), /* names and syntax: DDL at this moment, or our mistake */
		MAKE_SQLSTATE('5', '3', '0', '0', '0'), /* resources */
		MAKE_SQLSTATE('5', '5', '0', '0', '0'), /* locks */
		MAKE_SQLSTATE('5', '7', '0', '0', '0'), /* cancel, shutdown */
		MAKE_SQLSTATE('5', '8', '0', '0', '0'), /* files */
		MAKE_SQLSTATE('7', '2', '0', '0', '0'), /* snapshot too old */
		MAKE_SQLSTATE('F', '0', '0', '0', '0'), /* configuration */
		MAKE_SQLSTATE('H', 'V', '0', '0', '0'), /* foreign data */
		MAKE_SQLSTATE('X', 'X', '0', '0', '0'), /* internal, corruption */
	};

	if (sqlstate == ERRCODE_STATEMENT_TOO_COMPLEX)
		return true;			/* no room to go on in: nothing is completed on a full stack */
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		(reading_values && ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION))
		return false;
	for (size_t i = 0; i < lengthof(classes); i++)
		if (ERRCODE_TO_CATEGORY(sqlstate) == classes[i])
			return true;
	return false;
}

static FqlStr
field_name(const FqlSelectedField *root)
{
	return root->field != NULL ? root->field->name : FQL_STR("__typename");
}

/* extensions.code of an error that SQL raised. */
static FqlErrorCode
error_code(int sqlstate)
{
	if (sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return FQL_ERROR_FORBIDDEN;
	if (ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_PROGRAM_LIMIT_EXCEEDED)
		return FQL_ERROR_LIMIT;
	return FQL_ERROR_DATABASE;
}

/* What the client is told: the message of an error about data; of one about privileges only which field. */
void
fql_exec_diagnose(FqlDiagnostics *diagnostics, const FqlSelectedField *root, const ErrorData *error)
{
	FqlErrorCode code = error_code(error->sqlerrcode);
	FqlDiagnostic *diagnostic;
	FqlPath    *path = FQL_NEW(diagnostics->arena, FqlPath);
	FqlStr		message = fql_response_to_utf8(fql_str_from(error->message == NULL ? "unknown error" : error->message));

	if (code == FQL_ERROR_FORBIDDEN)
		diagnostic = fql_diagnose(diagnostics, code, root->location,
								  "Permission denied for field \"%.*s\".", FQL_STR_ARGS(field_name(root)));
	else
		diagnostic = fql_diagnose(diagnostics, code, root->location, "%.*s", FQL_STR_ARGS(message));
	path->name = root->response_key;
	diagnostic->path = path;
	strlcpy(diagnostic->sqlstate, unpack_sql_state(error->sqlerrcode), sizeof(diagnostic->sqlstate));
}

/* What the client is not told goes to the server's log, for whoever turns it up. */
void
fql_exec_log_error(const FqlSql *sql, const ErrorData *error)
{
	ereport(DEBUG1,
			(errmsg_internal("GraphQL field error: %s", error->message == NULL ? "" : error->message),
			 errdetail_internal("%s%sSQL: %s", error->detail == NULL ? "" : error->detail,
								error->detail == NULL ? "" : " ", sql == NULL ? "" : sql->text.data)));
}

/* The context of an error thrown on would show the generated SQL to the client; the log gets it instead. */
void
fql_exec_throw_on(ErrorData *error)
{
	if (error->context != NULL)
		ereport(LOG_SERVER_ONLY,
				(errmsg_internal("GraphQL operation failed: %s", error->message == NULL ? "" : error->message),
				 errdetail_internal("%s", error->context)));
	error->context = NULL;
	ReThrowError(error);
}

/* A statement's run. */
typedef struct Run
{
	const FqlSql *sql;
	FqlPlan    *plan;
	StringInfo	out;
	bool		reading_values; /* of its parameters, still */
} Run;

static bool
run_with_parameters(void *context)
{
	Run		   *run = context;
	ParamListInfo parameters = fql_exec_parameters(run->sql);

	run->reading_values = false;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	run_statement(run->plan, parameters, run->out);
	SPI_finish();
	return true;
}

/* Run a statement in a subtransaction.  NULL, or the error of the operation, after which "out" is as it was. */
static ErrorData *
run_protected(const FqlSql *sql, bool for_fill, StringInfo out)
{
	Run			run = {.sql = sql, .plan = fql_plan_pin(sql, for_fill), .out = out, .reading_values = true};
	int			len = out->len;
	bool		done;
	ErrorData  *error = fql_protect(run_with_parameters, &run, &done);

	fql_plan_unpin(run.plan);
	if (error != NULL)
	{
		out->len = len;
		out->data[len] = '\0';
		fql_exec_log_error(sql, error);
		if (fql_exec_throws_on(error->sqlerrcode, run.reading_values))
			fql_exec_throw_on(error);
	}
	return error;
}

/*
 * Completion
 */

/* A root field that failed is null.  False when it must not be. */
static bool
append_null(const FqlSelectedField *root, StringInfo out)
{
	appendStringInfo(out, "\"%.*s\":null", FQL_STR_ARGS(root->response_key));
	return root->field != NULL && root->field->type->kind != FQL_TYPE_NODE_NON_NULL;
}

/*
 * Run one root field alone and append its response key and value.  False: it failed and must not be null.  It fails
 * where the generator refuses a value of its arguments (specification, section 6.4.1) as where the statement does.
 */
static bool
run_root(const FqlSelectedField *root, FqlArena *arena, bool for_fill, FqlDiagnostics *diagnostics, StringInfo out)
{
	int			begin = out->len;
	FqlSql	   *sql = fql_sqlgen(root, 1, arena, diagnostics);
	ErrorData  *error;

	if (sql == NULL)
		return append_null(root, out);
	error = run_protected(sql, for_fill, out);
	if (error != NULL)
	{
		fql_exec_diagnose(diagnostics, root, error);
		return append_null(root, out);
	}

	/* Only the member of {"key":value}, since it stands among others. */
	memmove(out->data + begin, out->data + begin + 1, out->len - begin - 2);
	out->len -= 2;
	out->data[out->len] = '\0';
	return true;
}

/*
 * Complete an operation that failed as a whole by running its root fields one by one, under the same snapshot: those
 * that succeed keep their data, the others are null, and where one must not be null, "data" is (specification, section
 * 6.4.4).
 */
static void
complete_one_by_one(const FqlSelectedField *roots, uint32_t count, FqlArena *arena, bool for_fill,
					FqlDiagnostics *diagnostics, StringInfo out)
{
	const FqlSelectedField *root = roots;
	int			begin = out->len;
	bool		allowed = true;

	appendStringInfoChar(out, '{');
	for (uint32_t i = 0; i < count; i++, root = root->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (!run_root(root, arena, for_fill, diagnostics, out))
			allowed = false;
	}
	appendStringInfoChar(out, '}');
	if (!allowed)
	{
		out->len = begin;
		appendStringInfoString(out, "null");
	}
}

/* The only root field failed with this error: no need to run it again. */
static void
complete_only(const FqlSelectedField *root, const ErrorData *error, FqlDiagnostics *diagnostics, StringInfo out)
{
	int			begin = out->len;

	fql_exec_diagnose(diagnostics, root, error);
	appendStringInfoChar(out, '{');
	if (append_null(root, out))
		appendStringInfoChar(out, '}');
	else
	{
		out->len = begin;
		appendStringInfoString(out, "null");
	}
}

text *
fql_exec_query(const FqlSelectedField *roots, uint32_t count, FqlArena *arena, bool for_fill, bool *clean)
{
	FqlDiagnostics refused;
	FqlDiagnostics diagnostics;
	StringInfoData out;
	FqlSql	   *sql;
	ErrorData  *error = NULL;

	Assert(ActiveSnapshotSet());
	fql_diagnostics_init(&refused, arena);
	fql_diagnostics_init(&diagnostics, arena);
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendStringInfoString(&out, "{\"data\":");
	sql = fql_sqlgen(roots, count, arena, &refused);
	if (sql != NULL)
		error = run_protected(sql, for_fill, &out);
	if (error != NULL && count == 1)
		complete_only(roots, error, &diagnostics, &out);
	else if (error != NULL || sql == NULL)
		complete_one_by_one(roots, count, arena, for_fill, &diagnostics, &out);
	if (diagnostics.count > 0)
	{
		appendStringInfoChar(&out, ',');
		fql_response_append_errors(&out, &diagnostics);
	}
	appendStringInfoChar(&out, '}');
	SET_VARSIZE(out.data, out.len);
	*clean = sql != NULL && error == NULL;
	return (text *) out.data;
}
