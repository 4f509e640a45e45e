/*
 * scan_trace.c
 *    What the scans of an observed query contributed, for people to read.
 *
 * Made only where fraiseql.explain() asks for it, in the memory of the observation.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "scan_internal.h"

/* What EXPLAIN calls the node.  The plan's lock on its index keeps that from being dropped. */
static void
describe_kind(StringInfo text, const Plan *plan)
{
	Oid			index = InvalidOid;
	ScanDirection direction = ForwardScanDirection;

	switch (nodeTag(plan))
	{
		case T_SeqScan:
			appendStringInfoString(text, "Seq Scan");
			return;
		case T_BitmapHeapScan:
			appendStringInfoString(text, "Bitmap Heap Scan");
			return;
		case T_IndexScan:
			appendStringInfoString(text, "Index Scan");
			index = ((const IndexScan *) plan)->indexid;
			direction = ((const IndexScan *) plan)->indexorderdir;
			break;
		case T_IndexOnlyScan:
			appendStringInfoString(text, "Index Only Scan");
			index = ((const IndexOnlyScan *) plan)->indexid;
			direction = ((const IndexOnlyScan *) plan)->indexorderdir;
			break;
		default:
			appendStringInfoString(text, "Scan");
			return;
	}
	if (ScanDirectionIsBackward(direction))
		appendStringInfoString(text, " Backward");
	appendStringInfo(text, " using %s", quote_identifier(get_rel_name(index)));
}

/* "Index Scan using tb_post_pkey on tb_post p" */
static char *
describe_scan(const FqlWatchedScan *scan)
{
	const Plan *plan = scan->node->plan;
	const RangeTblEntry *entry = rt_fetch(((const Scan *) plan)->scanrelid, scan->node->state->es_range_table);
	const char *name = RelationGetRelationName(((ScanState *) scan->node)->ss_currentRelation);
	StringInfoData text;

	initStringInfo(&text);
	describe_kind(&text, plan);
	appendStringInfo(&text, " on %s", quote_identifier(name));
	if (strcmp(entry->eref->aliasname, name) != 0)
		appendStringInfo(&text, " %s", quote_identifier(entry->eref->aliasname));
	return text.data;
}

/* A new entry of the trace with room for so many columns.  In the memory of the observation, as is the caller. */
static FqlTracedTag *
add_traced(FqlObservation *observation, const FqlWatchedScan *scan, int count)
{
	FqlTracedTag *traced = palloc0(sizeof(FqlTracedTag));

	traced->relation = scan->relation;
	traced->column_count = count;
	traced->columns = palloc0(Max(count, 1) * sizeof(AttrNumber));
	traced->values = palloc0(Max(count, 1) * sizeof(char *));
	traced->read = scan->columns;
	traced->node = describe_scan(scan);
	observation->trace = lappend(observation->trace, traced);
	return traced;
}

/* Is there the same entry for any row of the relation, from an earlier run of a function's query? */
static bool
is_traced(const FqlObservation *observation, const FqlTracedTag *traced)
{
	ListCell   *cell;

	foreach(cell, observation->trace)
	{
		const FqlTracedTag *other = lfirst(cell);

		if (other != traced && other->relation == traced->relation && other->column_count == 0 &&
			other->read == traced->read && strcmp(other->node, traced->node) == 0)
			return true;
	}
	return false;
}

void
fql_trace_relation(FqlObservation *observation, const FqlWatchedScan *scan)
{
	MemoryContext previous = MemoryContextSwitchTo(observation->context);

	if (is_traced(observation, add_traced(observation, scan, 0)))
		observation->trace = list_delete_last(observation->trace);
	MemoryContextSwitchTo(previous);
}

/* The value as its type's output function has it. */
static char *
value_text(Datum value, Oid type)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

void
fql_trace_rows(FqlObservation *observation, const FqlWatchedScan *scan, const FqlWatchedSet *set, const int *chosen)
{
	MemoryContext previous = MemoryContextSwitchTo(observation->context);
	int			count = set->restricted->count;
	FqlTracedTag *traced = add_traced(observation, scan, count);

	for (int i = 0; i < count; i++)
	{
		const FqlWatchedColumn *column = &set->columns[i];

		traced->columns[i] = column->restricted->column;
		if (!column->isnull)
			traced->values[i] = value_text(column->values[chosen[i]], column->restricted->type);
	}
	MemoryContextSwitchTo(previous);
}
