/*
 * sqlgen_order.c
 *    orderBy: both spellings, {createdAt: DESC} and {field: "createdAt", direction: DESC}, in the order given.
 *
 * Nulls come where PostgreSQL puts them, last for ASC and first for DESC, unless the direction says otherwise.  The key
 * columns are always appended; the planner drops those that the client already sorts by.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "sqlgen_internal.h"

static const char *
direction_sql(const FqlInput *direction)
{
	for (size_t i = 0; direction != NULL && i < lengthof(fql_order_directions); i++)
		if (fql_str_equal(direction->text, fql_order_directions[i].name))
			return fql_order_directions[i].sql;
	return fql_order_directions[0].sql;
}

/* " ORDER BY " before the first sort key, a comma before the others. */
static void
append_separator(FqlSqlGen *gen, bool *first)
{
	appendStringInfoString(&gen->sql->text, *first ? " ORDER BY " : ", ");
	*first = false;
}

/* One sort key.  direction may be NULL: ascending. */
static void
append_sort_key(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, const FqlInput *direction, bool *first)
{
	FqlOperand	operand;

	if (!fql_gen_operand(gen, base, field, &operand))
		return;
	append_separator(gen, first);
	appendStringInfo(&gen->sql->text, "%s%s", operand.sql, direction_sql(direction));
}

/* The field that a {field: "name"} names, found among the members of its own input type. */
static const FqlField *
named_field(FqlSqlGen *gen, const FqlInput *order, const FqlInput *name)
{
	const FqlInputField *member = order->type == NULL ? NULL : fql_input_field_find(order->type, name->text);
	const FqlInputBinding *binding;
	FqlStr		shown = fql_gen_excerpt(name->text);

	if (member != NULL && member->alias_of != NULL)
		member = member->alias_of;
	binding = member == NULL ? NULL : member->binding;
	if (binding != NULL && binding->meaning == FQL_MEANS_FIELD)
		return binding->field;
	fql_gen_diagnose(gen, FQL_ERROR_BAD_INPUT, name->location, "Field \"%.*s\" cannot be ordered by \"%.*s\".",
					 FQL_STR_ARGS(gen->field->field->name), FQL_STR_ARGS(shown));
	return NULL;
}

/* One object of the orderBy list.  A member that is null orders nothing. */
static void
append_order(FqlSqlGen *gen, const FqlBase *base, const FqlInput *order, bool *first)
{
	const FqlInput *name = NULL;
	const FqlInput *direction = NULL;

	for (const FqlInput *member = order->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		CHECK_FOR_INTERRUPTS();
		if (member->kind == FQL_INPUT_NULL)
			continue;
		if (binding->meaning == FQL_MEANS_ORDER_FIELD)
			name = member;
		else if (binding->meaning == FQL_MEANS_ORDER_DIRECTION)
			direction = member;
		else if (binding->meaning == FQL_MEANS_FIELD)
			append_sort_key(gen, base, binding->field, member, first);
	}
	if (name != NULL)
	{
		const FqlField *field = named_field(gen, order, name);

		if (field != NULL)
			append_sort_key(gen, base, field, direction, first);
	}
}

/* The ORDER BY clause of a list; order_by may be NULL. */
void
fql_gen_order(FqlSqlGen *gen, const FqlBase *base, const FqlInput *order_by)
{
	const FqlRelation *relation = base->relation;
	bool		first = true;

	if (order_by != NULL && order_by->kind == FQL_INPUT_LIST)
	{
		for (const FqlInput *item = order_by->items; item != NULL; item = item->next)
			append_order(gen, base, item, &first);
	}
	else if (order_by != NULL)
		append_order(gen, base, order_by, &first);
	for (int i = 0; i < relation->key_count; i++)
	{
		append_separator(gen, &first);
		if (!fql_name_column(&gen->sql->text, base->alias, relation->relid, relation->key_columns[i]))
			fql_gen_relation_gone(gen);
	}
}
