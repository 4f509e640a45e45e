/*
 * sqlgen_rows.c
 *    Fields that read relations: one row (by key, or along a foreign key) and lists.
 *
 * A list is complete or an error: without a limit of the client's one row more than fraiseql.max_page_size is fetched,
 * and page_guard() raises if it is there.  Cutting the list there without a word would look like data loss.
 *
 * Rows are always ordered, by the key where the client asked for nothing or where what it asked for leaves ties, so
 * that pages neither repeat nor skip rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "guc.h"
#include "sqlgen_internal.h"

/* The argument with a meaning, or NULL where it was not given, or given as null, which means the same. */
static const FqlInput *
argument_of_kind(const FqlSelectedField *selected, FqlArgumentKind kind)
{
	for (uint32_t i = 0; i < selected->field->argument_count; i++)
	{
		const FqlArgumentBinding *binding = selected->field->arguments[i].binding;
		const FqlInput *value = selected->arguments == NULL ? NULL : selected->arguments[i];

		if (binding != NULL && binding->kind == kind && value != NULL && value->kind != FQL_INPUT_NULL)
			return value;
	}
	return NULL;
}

/* remote = local for each pair of a foreign key's columns; local are expressions of the enclosing query. */
void
fql_gen_join(FqlSqlGen *gen, const FqlFieldBinding *binding, const char **local, const char *remote_alias)
{
	const FqlRelation *target = binding->target->binding;
	StringInfo	out = &gen->sql->text;

	for (int i = 0; i < binding->join_count; i++)
	{
		Oid			type = fql_column_base_type(target->relid, binding->remote_columns[i]);
		Oid			equals = OidIsValid(type) ? fql_comparison_operator(type, FQL_OP_EQ) : InvalidOid;

		appendStringInfoString(out, i == 0 ? "" : " AND ");
		if (!OidIsValid(equals) || !fql_name_column(out, remote_alias, target->relid, binding->remote_columns[i]))
		{
			fql_gen_relation_gone(gen);
			return;
		}
		appendStringInfoChar(out, ' ');
		if (!fql_name_operator(out, equals))
			fql_gen_relation_gone(gen);
		appendStringInfo(out, " %s", local[i]);
	}
}

/* The local columns of a foreign key, as the subquery of this row sees them. */
static const char **
local_columns(FqlRowSource *outer, const FqlFieldBinding *binding)
{
	const char **local = palloc(mul_size(binding->join_count, sizeof(char *)));

	for (int i = 0; i < binding->join_count; i++)
		local[i] = fql_gen_column(outer, binding->local_columns[i]);
	return local;
}

/* " WHERE " before the first condition, " AND " before the others. */
static void
append_conjunction(FqlSqlGen *gen, bool *first)
{
	appendStringInfoString(&gen->sql->text, *first ? " WHERE " : " AND ");
	*first = false;
}

/* Every condition on the rows of a field: its join, its key arguments, its filter. */
static void
append_conditions(FqlSqlGen *gen, FqlRowSource *outer, const FqlBase *base, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	const FqlInput *where = argument_of_kind(selected, FQL_ARGUMENT_WHERE);
	bool		first = true;

	if (binding->join_count > 0)
	{
		append_conjunction(gen, &first);
		fql_gen_join(gen, binding, local_columns(outer, binding), base->alias);
	}
	for (uint32_t i = 0; i < selected->field->argument_count; i++)
	{
		const FqlArgumentBinding *argument = selected->field->arguments[i].binding;

		if (argument == NULL || argument->kind != FQL_ARGUMENT_KEY)
			continue;
		append_conjunction(gen, &first);
		fql_gen_key(gen, base, argument->field, selected->arguments == NULL ? NULL : selected->arguments[i]);
	}
	if (where != NULL)
	{
		append_conjunction(gen, &first);
		fql_gen_where(gen, base, where);
	}
}

/* Is the document of this source read? */
bool
fql_gen_reads_document(const FqlRowSource *source)
{
	return source->relation->shape == FQL_RELATION_DOCUMENT &&
		bms_is_member(source->relation->data_column, source->columns);
}

/*
 * Documents go through one more query, which concatenates each with an empty object.  That returns the document as it
 * is, but out of TOAST: else each key that is selected would fetch and decompress all of it again.  It stands outside
 * the query with the LIMIT, so that only rows that are returned pay.  (A document that is no object becomes an array,
 * which has no keys either.)
 */
void
fql_gen_detoasted(FqlSqlGen *gen, const FqlRowSource *source)
{
	StringInfo	out = &gen->sql->text;
	int			column = -1;

	for (bool first = true; (column = bms_next_member(source->columns, column)) >= 0; first = false)
	{
		appendStringInfo(out, "%s%s.c%d", first ? "" : ", ", source->alias, column);
		if (column == source->relation->data_column)
			appendStringInfoString(out, " OPERATOR(pg_catalog.||) '{}'::pg_catalog.jsonb");
		appendStringInfo(out, " AS c%d", column);
	}
	appendStringInfoString(out, " FROM (SELECT ");
}

/* FROM (SELECT <the columns that the outer query asked for> FROM <relation>, open for conditions. */
static void
append_from(FqlSqlGen *gen, const FqlRowSource *source, const char *alias)
{
	StringInfo	out = &gen->sql->text;
	Oid			relid = source->relation->relid;
	int			column = -1;
	bool		found = true;

	appendStringInfoString(out, " FROM (SELECT ");
	if (fql_gen_reads_document(source))
		fql_gen_detoasted(gen, source);
	if (bms_is_empty(source->columns))
		appendStringInfoChar(out, '1');
	for (bool first = true; (column = bms_next_member(source->columns, column)) >= 0; first = false)
	{
		appendStringInfoString(out, first ? "" : ", ");
		found &= fql_name_column(out, alias, relid, column);
		appendStringInfo(out, " AS c%d", column);
	}
	appendStringInfoString(out, " FROM ");
	found &= fql_name_relation(out, relid);
	appendStringInfo(out, " AS %s", alias);
	if (!found)
		fql_gen_relation_gone(gen);
}

/* Close what append_from() opened.  OFFSET 0 keeps the planner from merging the two queries. */
static void
append_from_end(FqlSqlGen *gen, const FqlRowSource *source)
{
	StringInfo	out = &gen->sql->text;

	if (fql_gen_reads_document(source))
		appendStringInfo(out, ") AS %s OFFSET 0", source->alias);
	appendStringInfo(out, ") AS %s", source->alias);
}

/* What filters and sort keys of a relation are written against. */
static FqlBase
base_of(FqlSqlGen *gen, const FqlRelation *relation, const char *alias)
{
	FqlBase		base = {.relation = relation, .alias = alias};

	if (relation->shape == FQL_RELATION_DOCUMENT)
	{
		StringInfoData document;

		initStringInfo(&document);
		if (!fql_name_column(&document, alias, relation->relid, relation->data_column))
			fql_gen_relation_gone(gen);
		base.document = document.data;
	}
	return base;
}

/* At most one row, or null. */
void
fql_gen_row(FqlSqlGen *gen, FqlRowSource *outer, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {.relation = binding->target->binding};
	char		alias[FQL_ALIAS_SIZE];
	FqlBase		base;

	fql_gen_alias(gen, source.alias);
	fql_gen_alias(gen, alias);
	appendStringInfoString(out, "COALESCE((SELECT ");
	fql_gen_object(gen, &source, selected->selections, selected->selection_count);
	append_from(gen, &source, alias);
	base = base_of(gen, source.relation, alias);
	append_conditions(gen, outer, &base, selected);
	appendStringInfoString(out, " LIMIT 1");
	append_from_end(gen, &source);
	appendStringInfoString(out, "), 'null')");
}

/* The same for the row whose one key has a value. */
void
fql_gen_row_with_key(FqlSqlGen *gen, const FqlSelectedField *selected, const FqlInput *value)
{
	const FqlFieldBinding *binding = selected->field->binding;
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {.relation = binding->target->binding};
	char		alias[FQL_ALIAS_SIZE];
	FqlBase		base;

	fql_gen_alias(gen, source.alias);
	fql_gen_alias(gen, alias);
	appendStringInfoString(out, "COALESCE((SELECT ");
	fql_gen_object(gen, &source, selected->selections, selected->selection_count);
	append_from(gen, &source, alias);
	base = base_of(gen, source.relation, alias);
	appendStringInfoString(out, " WHERE ");
	fql_gen_key(gen, &base, binding->key, value);
	appendStringInfoString(out, " LIMIT 1");
	append_from_end(gen, &source);
	appendStringInfoString(out, "), 'null')");
}

/*
 * A non-negative count out of a coerced Int.  False after a diagnostic; *given is false where the argument is absent.
 */
static bool
read_count(FqlSqlGen *gen, const FqlSelectedField *selected, FqlArgumentKind kind, int64 *count, bool *given)
{
	const FqlInput *value = argument_of_kind(selected, kind);
	const char *name = kind == FQL_ARGUMENT_LIMIT ? "limit" : "offset";
	char		digits[32];

	*given = value != NULL;
	if (value == NULL)
		return true;
	snprintf(digits, sizeof(digits), "%.*s", (int) Min(value->text.len, sizeof(digits) - 1), value->text.data);
	*count = strtoll(digits, NULL, 10);
	if (*count >= 0)
		return true;
	fql_gen_diagnose(gen, FQL_ERROR_BAD_INPUT, value->location,
					 "Argument \"%s\" of field \"%.*s\" must not be negative.",
					 name, FQL_STR_ARGS(selected->field->name));
	return false;
}

/* How many rows the list may have. */
typedef struct Page
{
	bool		limited;		/* the client gave a limit */
	int64		limit;
	bool		skips;
	int64		offset;
} Page;

static bool
read_page(FqlSqlGen *gen, const FqlSelectedField *selected, Page *page)
{
	if (!read_count(gen, selected, FQL_ARGUMENT_LIMIT, &page->limit, &page->limited) ||
		!read_count(gen, selected, FQL_ARGUMENT_OFFSET, &page->offset, &page->skips))
		return false;
	if (!page->limited || page->limit <= fql_max_page_size)
		return true;
	fql_gen_diagnose(gen, FQL_ERROR_LIMIT, argument_of_kind(selected, FQL_ARGUMENT_LIMIT)->location,
					 "Argument \"limit\" of field \"%.*s\" must not be greater than %d.",
					 FQL_STR_ARGS(selected->field->name), fql_max_page_size);
	return false;
}

/* The limit and the offset are parameters, so that every page shares one plan. */
static void
append_page(FqlSqlGen *gen, const FqlSelectedField *selected, const Page *page)
{
	StringInfo	out = &gen->sql->text;

	if (page->limited)
		appendStringInfo(out, " LIMIT $%d",
						 fql_gen_parameter(gen, INT8OID, argument_of_kind(selected, FQL_ARGUMENT_LIMIT)->text));
	else
		appendStringInfo(out, " LIMIT " INT64_FORMAT, (int64) fql_max_page_size + 1);
	if (page->skips)
		appendStringInfo(out, " OFFSET $%d",
						 fql_gen_parameter(gen, INT8OID, argument_of_kind(selected, FQL_ARGUMENT_OFFSET)->text));
}

/*
 * A list.  page_guard() is given no list and so returns NULL, which concat() skips: it is there to raise.  Handing it
 * the list would mean parsing the whole text as json only to pass it on.
 */
void
fql_gen_list(FqlSqlGen *gen, FqlRowSource *outer, const FqlSelectedField *selected)
{
	const FqlFieldBinding *binding = selected->field->binding;
	StringInfo	out = &gen->sql->text;
	FqlRowSource source = {.relation = binding->target->binding};
	char		alias[FQL_ALIAS_SIZE];
	FqlBase		base;
	Page		page = {0};

	if (!read_page(gen, selected, &page))
		return;
	fql_gen_alias(gen, source.alias);
	fql_gen_alias(gen, alias);
	appendStringInfoString(out, "(SELECT pg_catalog.concat('[', pg_catalog.string_agg(");
	fql_gen_object(gen, &source, selected->selections, selected->selection_count);
	appendStringInfoString(out, ", ','), ']'");
	if (!page.limited)
		appendStringInfo(out, ", fraiseql.page_guard(NULL::pg_catalog.json, pg_catalog.count(*), %d, "
						 "'%.*s'::pg_catalog.text)", fql_max_page_size, FQL_STR_ARGS(selected->field->name));
	appendStringInfoChar(out, ')');
	append_from(gen, &source, alias);
	base = base_of(gen, source.relation, alias);
	append_conditions(gen, outer, &base, selected);
	fql_gen_order(gen, &base, argument_of_kind(selected, FQL_ARGUMENT_ORDER_BY));
	append_page(gen, selected, &page);
	append_from_end(gen, &source);
	appendStringInfoChar(out, ')');
}
