/*
 * sqlgen_where.c
 *    Filters: a coerced <Type>Where to a boolean SQL expression.
 *
 * What the operators mean with null:
 *  - {eq: null} is IS NULL and {neq: null} is IS NOT NULL, as users of FraiseQL and Hasura expect, and a null in the
 *    list of "in" or "nin" likewise stands for rows whose value is null;
 *  - every other operator with a null operand is unknown, as in SQL: no row matches, negated or not;
 *  - a column that is null matches neither "neq" nor "nin" nor a negated text match: SQL's three-valued logic, which
 *    indexes and partial indexes agree with;
 *  - a filter, a nested filter, _and, _or or _not that is itself null is no condition, as if it had not been given.
 *
 * An empty _and is TRUE, an empty _or FALSE.  A nested filter, even an empty one, needs the nested object to exist.
 * Column collations are left alone: the column's own decides, as it does for indexes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "sqlgen_internal.h"

/* A comparison with nothing: unknown. */
#define SQL_UNKNOWN "NULL::pg_catalog.bool"

/* How a text operator is written in SQL. */
typedef struct TextMatch
{
	const char *operator;
	bool		literal;		/* the operand is text, not a pattern: its wildcards are escaped */
	bool		open_start;		/* anything may precede */
	bool		open_end;		/* anything may follow */
} TextMatch;

/* A value that a uuid column could never hold is the client's mistake, told before SQL would tell it. */
static bool
check_uuid(FqlSqlGen *gen, const FqlOperand *operand, const FqlInput *value)
{
	FqlStr		shown;

	if (operand->type != UUIDOID || fql_is_uuid(value->text))
		return true;
	shown = fql_gen_excerpt(value->text);
	fql_gen_diagnose(gen, FQL_ERROR_BAD_INPUT, value->location, "\"%.*s\" is not a UUID.", FQL_STR_ARGS(shown));
	return false;
}

/*
 * Does a date and time name its offset from UTC?  Input to type timestamp would drop it without a word, so such a value
 * is compared as timestamptz; one without an offset keeps the column's own clock.
 */
bool
fql_gen_has_offset(FqlStr text)
{
	for (size_t i = 10; i < text.len; i++)
		if (strchr("Zz+-", text.data[i]) != NULL)
			return true;
	return false;
}

/* The type of the parameter for these values (one, or the items of a list). */
static Oid
parameter_type(const FqlOperand *operand, const FqlInput *values, bool list)
{
	if (operand->type == TIMESTAMPOID)
	{
		for (const FqlInput *value = values; value != NULL; value = list ? value->next : NULL)
			if (value->kind != FQL_INPUT_NULL && fql_gen_has_offset(value->text))
				return TIMESTAMPTZOID;
	}
	return fql_parameter_type(operand->type);
}

/* "operand OPERATOR(..) ", or false after a diagnostic when the type has no such operator. */
static bool
append_comparison(FqlSqlGen *gen, const FqlOperand *operand, FqlOperator op, const FqlInput *value)
{
	StringInfo	out = &gen->sql->text;
	Oid			operator = fql_comparison_operator(operand->type, op);

	appendStringInfo(out, "%s ", operand->sql);
	if (OidIsValid(operator) && fql_name_operator(out, operator))
	{
		appendStringInfoChar(out, ' ');
		return true;
	}
	fql_gen_diagnose(gen, FQL_ERROR_UNSUPPORTED, value->location, "Operator \"%.*s\" is not supported here.",
					 FQL_STR_ARGS(value->spelling));
	return false;
}

/*
 * The spellings under which a document may hold an ID: as given, and a UUID in either case.  Comparing with an array of
 * them, rather than lower(key) with one, leaves an index on the key usable.
 */
static uint32_t
id_spellings(FqlStr text, FqlStr *spellings)
{
	char	   *lower;
	char	   *upper;
	size_t		len = 0;

	spellings[0] = text;
	if (!fql_is_uuid(text))
		return 1;
	lower = palloc(37);
	upper = palloc(37);
	for (size_t i = 0; i < text.len && len < 36; i++)
	{
		if (strchr("{}-", text.data[i]) != NULL)
			continue;
		if (len == 8 || len == 13 || len == 18 || len == 23)
		{
			lower[len] = upper[len] = '-';
			len++;
		}
		lower[len] = pg_ascii_tolower((unsigned char) text.data[i]);
		upper[len] = pg_ascii_toupper((unsigned char) text.data[i]);
		len++;
	}
	spellings[1] = (FqlStr){lower, len};
	spellings[2] = (FqlStr){upper, len};
	return 3;
}

#define ID_SPELLINGS 3

/*
 * The values of a list as parameters: nulls left out (*has_null), IDs of documents in all their spellings.  False after
 * a diagnostic.
 */
static bool
collect_items(FqlSqlGen *gen, const FqlOperand *operand, const FqlInput *first, uint32_t count, FqlStr **items,
			  uint32_t *item_count, bool *has_null)
{
	const FqlInput *value = first;

	*items = palloc(mul_size(Max(count, 1) * (Size) ID_SPELLINGS, sizeof(FqlStr)));
	*item_count = 0;
	*has_null = false;
	for (uint32_t i = 0; i < count && value != NULL; i++, value = value->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (value->kind == FQL_INPUT_NULL)
			*has_null = true;
		else if (operand->document_id)
			*item_count += id_spellings(value->text, *items + *item_count);
		else if (check_uuid(gen, operand, value))
			(*items)[(*item_count)++] = value->text;
		else
			return false;
	}
	return true;
}

/*
 * The operand to find these values (one, or the items of a list) by equality with: the column itself where it may stand
 * for the operand.  It may not for a value that its type could not hold, which merely equals no text.
 */
static const FqlOperand *
equality_operand(const FqlOperand *operand, const FqlInput *values, bool list, FqlOperand *column)
{
	if (operand->column == NULL)
		return operand;
	if (operand->column_type == UUIDOID)
	{
		for (const FqlInput *value = values; value != NULL; value = list ? value->next : NULL)
			if (value->kind != FQL_INPUT_NULL && !fql_is_uuid(value->text))
				return operand;
	}
	*column = (FqlOperand){.sql = operand->column, .type = operand->column_type};
	return column;
}

/*
 * operand = ANY ($n) or operand <> ALL ($n).  An empty list matches no row, and "nin" of it every row, nulls included:
 * that is what ANY and ALL of an empty array say.
 */
static void
append_any(FqlSqlGen *gen, const FqlOperand *operand, bool negated, const FqlInput *value, const FqlInput *items,
		   uint32_t count)
{
	StringInfo	out = &gen->sql->text;
	FqlStr	   *texts;
	uint32_t	text_count;
	bool		has_null;
	int			number;

	if (!collect_items(gen, operand, items, count, &texts, &text_count, &has_null))
		return;
	appendStringInfoChar(out, '(');
	if (!append_comparison(gen, operand, negated ? FQL_OP_NEQ : FQL_OP_EQ, value))
		return;
	number = fql_gen_array_parameter(gen, parameter_type(operand, items, true), texts, text_count);
	if (number == 0)
		fql_gen_diagnose(gen, FQL_ERROR_UNSUPPORTED, value->location, "Operator \"%.*s\" is not supported here.",
						 FQL_STR_ARGS(value->spelling));
	appendStringInfo(out, negated ? "ALL ($%d)" : "ANY ($%d)", number);
	if (has_null)
		appendStringInfo(out, negated ? " AND %s IS NOT NULL" : " OR %s IS NULL", operand->sql);
	appendStringInfoChar(out, ')');
}

static void
append_in(FqlSqlGen *gen, const FqlOperand *operand, FqlOperator op, const FqlInput *value)
{
	FqlOperand	column;

	if (value->kind == FQL_INPUT_LIST)
		append_any(gen, equality_operand(operand, value->items, true, &column), op == FQL_OP_NIN, value, value->items,
				   value->count);
	else
		appendStringInfoString(&gen->sql->text, SQL_UNKNOWN);
}

/* eq, neq and the orderings. */
static void
append_compare(FqlSqlGen *gen, const FqlOperand *operand, FqlOperator op, const FqlInput *value)
{
	StringInfo	out = &gen->sql->text;
	FqlOperand	column;

	if (op == FQL_OP_EQ || op == FQL_OP_NEQ)
		operand = equality_operand(operand, value, false, &column);
	if (value->kind == FQL_INPUT_NULL)
	{
		if (op == FQL_OP_EQ || op == FQL_OP_NEQ)
			appendStringInfo(out, "%s IS %sNULL", operand->sql, op == FQL_OP_EQ ? "" : "NOT ");
		else
			appendStringInfoString(out, SQL_UNKNOWN);
	}
	else if (operand->document_id && (op == FQL_OP_EQ || op == FQL_OP_NEQ))
		append_any(gen, operand, op == FQL_OP_NEQ, value, value, 1);
	else if (check_uuid(gen, operand, value) && append_comparison(gen, operand, op, value))
		appendStringInfo(out, "$%d", fql_gen_parameter(gen, parameter_type(operand, value, false), value->text));
}

/* isnull and is_not_null; false turns either into the other. */
static void
append_null_test(FqlSqlGen *gen, const FqlOperand *operand, FqlOperator op, const FqlInput *value)
{
	bool		is_null = op == FQL_OP_ISNULL;

	if (value->kind == FQL_INPUT_NULL)
	{
		appendStringInfoString(&gen->sql->text, SQL_UNKNOWN);
		return;
	}
	if (fql_str_equal(value->text, FQL_STR("false")))
		is_null = !is_null;
	appendStringInfo(&gen->sql->text, "%s IS %sNULL", operand->column != NULL ? operand->column : operand->sql,
					 is_null ? "" : "NOT ");
}

/* A LIKE pattern that matches the text itself, at the start, at the end or anywhere. */
static FqlStr
like_pattern(const TextMatch *match, FqlStr text)
{
	char	   *pattern = palloc(add_size(mul_size(text.len, 2), 2));
	size_t		len = 0;

	if (match->open_start)
		pattern[len++] = '%';
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] == '%' || text.data[i] == '_' || text.data[i] == '\\')
			pattern[len++] = '\\';
		pattern[len++] = text.data[i];
	}
	if (match->open_end)
		pattern[len++] = '%';
	return (FqlStr){pattern, len};
}

/* How each text operator is written; false for the others. */
static bool
text_match(FqlOperator op, TextMatch *match)
{
	static const TextMatch matches[] = {
		[FQL_OP_CONTAINS] = {"~~", true, true, true},
		[FQL_OP_ICONTAINS] = {"~~*", true, true, true},
		[FQL_OP_STARTSWITH] = {"~~", true, false, true},
		[FQL_OP_ISTARTSWITH] = {"~~*", true, false, true},
		[FQL_OP_ENDSWITH] = {"~~", true, true, false},
		[FQL_OP_IENDSWITH] = {"~~*", true, true, false},
		[FQL_OP_LIKE] = {"~~", false, false, false},
		[FQL_OP_ILIKE] = {"~~*", false, false, false},
		[FQL_OP_NLIKE] = {"!~~", false, false, false},
		[FQL_OP_NILIKE] = {"!~~*", false, false, false},
		[FQL_OP_REGEX] = {"~", false, false, false},
		[FQL_OP_IREGEX] = {"~*", false, false, false},
		[FQL_OP_NREGEX] = {"!~", false, false, false},
		[FQL_OP_NIREGEX] = {"!~*", false, false, false},
	};

	if ((size_t) op >= lengthof(matches) || matches[op].operator == NULL)
		return false;
	*match = matches[op];
	return true;
}

/* A text operator, on the text form of whatever the operand is. */
static void
append_text_match(FqlSqlGen *gen, const FqlOperand *operand, const TextMatch *match, const FqlInput *value)
{
	FqlStr		pattern;

	if (value->kind == FQL_INPUT_NULL)
	{
		appendStringInfoString(&gen->sql->text, SQL_UNKNOWN);
		return;
	}
	pattern = match->literal ? like_pattern(match, value->text) : value->text;
	appendStringInfo(&gen->sql->text, "%s::pg_catalog.text OPERATOR(pg_catalog.%s) $%d",
					 operand->sql, match->operator, fql_gen_parameter(gen, TEXTOID, pattern));
}

/* One operator with its operand value. */
static void
append_operator(FqlSqlGen *gen, const FqlOperand *operand, FqlOperator op, const FqlInput *value)
{
	TextMatch	match;

	if (op == FQL_OP_IN || op == FQL_OP_NIN)
		append_in(gen, operand, op, value);
	else if (op == FQL_OP_ISNULL || op == FQL_OP_IS_NOT_NULL)
		append_null_test(gen, operand, op, value);
	else if (text_match(op, &match))
		append_text_match(gen, operand, &match, value);
	else
		append_compare(gen, operand, op, value);
}

/* All operators of one <Scalar>Filter, ANDed. */
static void
append_filter(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, const FqlInput *filter)
{
	StringInfo	out = &gen->sql->text;
	FqlOperand	operand;
	bool		first = true;

	if (!fql_gen_operand(gen, base, field, &operand))
		return;
	if (filter->members == NULL)
		appendStringInfoString(out, "TRUE");
	for (const FqlInput *member = filter->members; member != NULL; member = member->next)
	{
		const FqlInputBinding *binding = member->field->binding;

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, first ? "" : " AND ");
		first = false;
		append_operator(gen, &operand, binding->op, member);
	}
}

/* A filter on the row that a foreign key names. */
static void
append_related(FqlSqlGen *gen, const FqlBase *base, const FqlFieldBinding *binding, const FqlInput *where)
{
	StringInfo	out = &gen->sql->text;
	const FqlRelation *target = binding->target->binding;
	char		alias[FQL_ALIAS_SIZE];
	FqlBase		remote = {.relation = target, .alias = alias};
	const char **local = palloc(mul_size(binding->join_count, sizeof(char *)));

	for (int i = 0; i < binding->join_count; i++)
	{
		StringInfoData column;

		initStringInfo(&column);
		if (!fql_name_column(&column, base->alias, base->relation->relid, binding->local_columns[i]))
			fql_gen_relation_gone(gen);
		local[i] = column.data;
	}
	fql_gen_alias(gen, alias);
	appendStringInfoString(out, "EXISTS (SELECT 1 FROM ");
	if (!fql_name_relation(out, target->relid))
		fql_gen_relation_gone(gen);
	appendStringInfo(out, " AS %s WHERE ", alias);
	fql_gen_join(gen, binding, local, alias);
	appendStringInfoString(out, " AND ");
	fql_gen_where(gen, &remote, where);
	appendStringInfoChar(out, ')');
}

/*
 * A filter on an object within the document.  Only the document tells whether the object exists; where the filter
 * itself is on columns, the planner tests that first, and builds the documents of the rows that pass.
 */
static void
append_embedded(FqlSqlGen *gen, const FqlBase *base, const FqlFieldBinding *binding, const FqlInput *where)
{
	FqlBase		nested = {
		.owner = base->relation,
		.alias = base->alias,
		.members = base->relation != NULL ? binding->native_members : NULL,
		.document = psprintf("(%s OPERATOR(pg_catalog.->) %s)", base->document, fql_text_literal(binding->data_key))
	};

	appendStringInfo(&gen->sql->text, "(pg_catalog.jsonb_typeof(%s) OPERATOR(pg_catalog.=) 'object' AND ",
					 nested.document);
	fql_gen_where(gen, &nested, where);
	appendStringInfoChar(&gen->sql->text, ')');
}

/* A member of a <Type>Where that names a field. */
static void
append_field(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, const FqlInput *value)
{
	const FqlFieldBinding *binding = field->binding;

	if (binding->kind == FQL_FIELD_TO_ONE && base->relation != NULL)
		append_related(gen, base, binding, value);
	else if (binding->kind == FQL_FIELD_DATA_OBJECT && base->document != NULL)
		append_embedded(gen, base, binding, value);
	else
		append_filter(gen, base, field, value);
}

/* The items of _and or _or; an object alone stands for a list of itself. */
static void
append_list(FqlSqlGen *gen, const FqlBase *base, const FqlInput *list, bool any)
{
	StringInfo	out = &gen->sql->text;
	bool		first = true;

	if (list->kind == FQL_INPUT_OBJECT)
	{
		fql_gen_where(gen, base, list);
		return;
	}
	if (list->items == NULL)
		appendStringInfoString(out, any ? "FALSE" : "TRUE");
	for (const FqlInput *item = list->items; item != NULL; item = item->next)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, first ? "" : any ? " OR " : " AND ");
		first = false;
		fql_gen_where(gen, base, item);
	}
}

/* One member of a <Type>Where. */
static void
append_member(FqlSqlGen *gen, const FqlBase *base, const FqlInput *member)
{
	const FqlInputBinding *binding = member->field->binding;

	if (member->kind == FQL_INPUT_NULL)
	{
		appendStringInfoString(&gen->sql->text, "TRUE");
		return;
	}
	switch (binding->meaning)
	{
		case FQL_MEANS_AND:
			append_list(gen, base, member, false);
			break;
		case FQL_MEANS_OR:
			append_list(gen, base, member, true);
			break;
		case FQL_MEANS_NOT:
			appendStringInfoString(&gen->sql->text, "NOT ");
			fql_gen_where(gen, base, member);
			break;
		default:
			append_field(gen, base, binding->field, member);
			break;
	}
}

/* A <Type>Where: its members ANDed, in parentheses. */
void
fql_gen_where(FqlSqlGen *gen, const FqlBase *base, const FqlInput *where)
{
	StringInfo	out = &gen->sql->text;
	bool		first = true;

	check_stack_depth();
	if (where->kind != FQL_INPUT_OBJECT || where->members == NULL)
	{
		appendStringInfoString(out, "TRUE");
		return;
	}
	appendStringInfoChar(out, '(');
	for (const FqlInput *member = where->members; member != NULL; member = member->next)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, first ? "(" : " AND (");
		first = false;
		append_member(gen, base, member);
		appendStringInfoChar(out, ')');
	}
	appendStringInfoChar(out, ')');
}

/* A key argument of a root field: its field equals the value, and nothing equals null. */
void
fql_gen_key(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, const FqlInput *value)
{
	FqlOperand	operand;

	if (value == NULL || value->kind == FQL_INPUT_NULL)
		appendStringInfoString(&gen->sql->text, "FALSE");
	else if (fql_gen_operand(gen, base, field, &operand))
		append_operator(gen, &operand, FQL_OP_EQ, value);
}
