/*
 * scan_values.c
 *    The values with which a watched scan is restricted, as they are now, and the tags of the rows that have them.
 *
 * Evaluation happens in an expression context of our own, whose memory is reset before and after, in the execution's
 * state: values see the same parameters as the scan.  When that is harmless and when it is not: scan.c.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "colsets.h"
#include "scan_internal.h"

/* So many combinations of several lists' elements, and the relation as a whole is depended on. */
#define MAX_COMBINATIONS 100000

/*
 * Parameters
 */

/*
 * Is each parameter there?  One that an init plan has yet to compute is not, and asking for it would run that plan,
 * which the query itself might never do.
 */
static bool
has_parameters(const FqlWatchedScan *scan)
{
	const EState *state = scan->node->state;

	for (int i = 0; i < scan->parameter_count; i++)
	{
		const FqlWatchedParameter *parameter = &scan->parameters[i];
		const ParamExecData *current = &state->es_param_exec_vals[parameter->id];

		if (current->execPlan != NULL)
			return false;
		if (!current->isnull && !parameter->by_value && DatumGetPointer(current->value) == NULL)
			return false;
	}
	return true;
}

/*
 * Can each argument be read without an error?  A PL/pgSQL record may have no such field, or no value at all; as the
 * planner does, ask for the argument in the way that raises nothing, before the way that may.
 */
static bool
has_arguments(const FqlWatchedScan *scan)
{
	ParamListInfo arguments = scan->node->state->es_param_list_info;
	ListCell   *cell;

	foreach(cell, scan->restriction->arguments)
	{
		const Param *param = lfirst_node(Param, cell);
		ParamExternData workspace;
		ParamExternData *argument;

		if (arguments == NULL || param->paramid < 1 || param->paramid > arguments->numParams)
			return false;
		if (arguments->paramFetch != NULL)
			argument = arguments->paramFetch(arguments, param->paramid, true, &workspace);
		else
			argument = &arguments->params[param->paramid - 1];
		if (argument->ptype != param->paramtype)
			return false;
	}
	return true;
}

bool
fql_scan_has_values(const FqlWatchedScan *scan)
{
	return has_parameters(scan) && has_arguments(scan);
}

bool
fql_scan_has_same_values(const FqlWatchedScan *scan)
{
	const EState *state = scan->node->state;

	if (!scan->is_evaluated)
		return false;
	for (int i = 0; i < scan->parameter_count; i++)
	{
		const FqlWatchedParameter *parameter = &scan->parameters[i];
		const ParamExecData *current = &state->es_param_exec_vals[parameter->id];

		if (current->isnull != parameter->isnull)
			return false;
		if (!current->isnull &&
			!datumIsEqual(current->value, parameter->value, parameter->by_value, parameter->length))
			return false;
	}
	return true;
}

/*
 * Keep what the parameters are.  Copies, because the memory of a value is used again for the next one.  datumCopy()
 * makes an expanded object flat, which then equals no object, whose address says nothing either.
 */
static void
remember_parameters(FqlWatchedScan *scan)
{
	MemoryContext previous;

	MemoryContextReset(scan->remembered);
	previous = MemoryContextSwitchTo(scan->remembered);
	for (int i = 0; i < scan->parameter_count; i++)
	{
		FqlWatchedParameter *parameter = &scan->parameters[i];
		const ParamExecData *current = &scan->node->state->es_param_exec_vals[parameter->id];

		parameter->isnull = current->isnull;
		if (!current->isnull)
			parameter->value = datumCopy(current->value, parameter->by_value, parameter->length);
	}
	MemoryContextSwitchTo(previous);
	scan->is_evaluated = true;
}

/*
 * Values
 */

/* The elements of an array that are not null: "= ANY" is true for no other row.  False: too many. */
static bool
take_elements(FqlWatchedColumn *column, ArrayType *array)
{
	bool	   *nulls;
	int			count;

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > MAX_COMBINATIONS)
		return false;
	deconstruct_array(array, column->restricted->type, column->length, column->by_value, column->alignment,
					  &column->values, &nulls, &count);
	column->count = 0;
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			column->values[column->count++] = column->values[i];
	return true;
}

/* What the column's value, or list of values, is now.  False: too many. */
static bool
evaluate_column(FqlWatchedScan *scan, FqlWatchedColumn *column)
{
	bool		isnull;
	Datum		value;

	column->count = 1;
	column->isnull = column->restricted->kind == FQL_VALUE_NULL;
	column->values = palloc0(sizeof(Datum));
	if (column->isnull)
		return true;
	value = ExecEvalExpr(column->expression, scan->context, &isnull);
	if (isnull)
		column->count = 0;
	else if (column->restricted->kind == FQL_VALUE_ANY)
		return take_elements(column, DatumGetArrayTypeP(value));
	else
		column->values[0] = value;
	return true;
}

/* The hash of each of a column's values. */
static uint64 *
hash_column(FqlWatchedColumn *column)
{
	uint64	   *hashes = palloc(mul_size(column->count, sizeof(uint64)));

	for (int i = 0; i < column->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		hashes[i] = fql_value_hash(&column->hash, column->values[i], column->isnull);
	}
	return hashes;
}

/*
 * Dependencies
 */

/* Advance to the next combination; false: that was the last. */
static bool
choose_next(const FqlWatchedSet *set, int *chosen)
{
	for (int i = 0; i < set->restricted->count; i++)
	{
		if (++chosen[i] < set->columns[i].count)
			return true;
		chosen[i] = 0;
	}
	return false;
}

/* Depend on the rows of each combination of the columns' values.  False: too many. */
static bool
depend_on_combinations(FqlWatchedScan *scan, FqlObservation *observation, const FqlWatchedSet *set, uint64 **hashes)
{
	FqlDependencies *dependencies = observation->dependencies;
	int			chosen[INDEX_MAX_KEYS] = {0};
	int			combinations = 0;

	do
	{
		FqlTag		tag = set->restricted->base;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < set->restricted->count; i++)
			tag = fql_tag_add_value(tag, hashes[i][chosen[i]]);
		if (fql_depend_on_rows(dependencies, scan->relation, tag, scan->columns) &&
			observation->purpose == FQL_TO_EXPLAIN)
			fql_trace_rows(observation, scan, set, chosen);
		if (fql_dependency_is_coarse(dependencies, scan->relation) || ++combinations > MAX_COMBINATIONS)
			return false;
	} while (choose_next(set, chosen));
	return true;
}

/* Depend on the rows of one set; none at all where a value is null or a list is empty.  False: too many. */
static bool
depend_on_set(FqlWatchedScan *scan, FqlObservation *observation, const FqlWatchedSet *set)
{
	uint64	   *hashes[INDEX_MAX_KEYS];

	for (int i = 0; i < set->restricted->count; i++)
	{
		if (!evaluate_column(scan, &set->columns[i]))
			return false;
		if (set->columns[i].count == 0)
			return true;
	}
	for (int i = 0; i < set->restricted->count; i++)
		hashes[i] = hash_column(&set->columns[i]);
	return depend_on_combinations(scan, observation, set, hashes);
}

bool
fql_scan_depend_on_rows(FqlWatchedScan *scan, FqlObservation *observation)
{
	MemoryContext previous;
	bool		is_named = !fql_dependency_is_coarse(observation->dependencies, scan->relation);

	ResetExprContext(scan->context);
	previous = MemoryContextSwitchTo(scan->context->ecxt_per_tuple_memory);
	for (int i = 0; is_named && i < scan->set_count; i++)
		is_named = depend_on_set(scan, observation, &scan->sets[i]);
	MemoryContextSwitchTo(previous);
	ResetExprContext(scan->context);
	if (is_named)
		remember_parameters(scan);
	return is_named;
}

/*
 * Getting ready
 */

/*
 * Without a parent node, since there is none that the expression belongs to: then arguments are fetched one by one, and
 * nothing is compiled.
 */
static void
prepare_column(FqlWatchedColumn *column, const FqlRestrictedColumn *restricted)
{
	column->restricted = restricted;
	if (restricted->kind == FQL_VALUE_NULL)
		return;
	column->expression = ExecInitExpr(restricted->value, NULL);
	fmgr_info(restricted->hash, &column->hash);
	get_typlenbyvalalign(restricted->type, &column->length, &column->by_value, &column->alignment);
}

static void
prepare_sets(FqlWatchedScan *scan)
{
	ListCell   *cell;

	scan->sets = palloc0(Max(list_length(scan->restriction->sets), 1) * sizeof(FqlWatchedSet));
	foreach(cell, scan->restriction->sets)
	{
		FqlWatchedSet *set = &scan->sets[scan->set_count++];

		set->restricted = lfirst(cell);
		set->columns = palloc0(set->restricted->count * sizeof(FqlWatchedColumn));
		for (int i = 0; i < set->restricted->count; i++)
			prepare_column(&set->columns[i], &set->restricted->columns[i]);
	}
}

static void
prepare_parameters(FqlWatchedScan *scan)
{
	ListCell   *cell;

	scan->parameters = palloc0(Max(list_length(scan->restriction->parameters), 1) * sizeof(FqlWatchedParameter));
	foreach(cell, scan->restriction->parameters)
	{
		const Param *param = lfirst_node(Param, cell);
		FqlWatchedParameter *parameter = &scan->parameters[scan->parameter_count++];

		parameter->id = param->paramid;
		get_typlenbyval(param->paramtype, &parameter->length, &parameter->by_value);
	}
}

void
fql_scan_prepare_values(FqlWatchedScan *scan)
{
	scan->context = CreateExprContext(scan->node->state);
	scan->remembered = AllocSetContextCreate(CurrentMemoryContext, "fraiseql scan parameters", ALLOCSET_SMALL_SIZES);
	prepare_sets(scan);
	prepare_parameters(scan);
}
