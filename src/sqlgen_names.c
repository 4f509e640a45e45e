/*
 * sqlgen_names.c
 *    Catalog OIDs as SQL: relations, columns, operators, always with their schema and quoted where needed.
 *
 * Operators come from the default btree operator class of a type, which is what ORDER BY and indexes use; only where a
 * type has no btree class does its hash class lend the equality.  An operator is written OPERATOR(schema.name), never
 * bare: "=" would be looked up along the caller's search_path, where anybody's "=" might come first.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "sqlgen_internal.h"

/* schema.relation; false when it is gone, which a concurrent DROP can bring about. */
bool
fql_name_relation(StringInfo out, Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *namespace;

	if (name == NULL)
		return false;
	namespace = get_namespace_name(get_rel_namespace(relid));
	if (namespace == NULL)
		return false;
	appendStringInfoString(out, quote_qualified_identifier(namespace, name));
	return true;
}

/* alias.column; false when it is gone. */
bool
fql_name_column(StringInfo out, const char *alias, Oid relid, AttrNumber column)
{
	char	   *name = get_attname(relid, column, true);

	if (name == NULL)
		return false;
	appendStringInfo(out, "%s.%s", alias, quote_identifier(name));
	return true;
}

/* OPERATOR(schema.name); false when it is gone. */
bool
fql_name_operator(StringInfo out, Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *namespace;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_operator) GETSTRUCT(tuple);
	namespace = get_namespace_name(form->oprnamespace);
	if (namespace != NULL)
		appendStringInfo(out, "OPERATOR(%s.%s)", quote_identifier(namespace), NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return namespace != NULL;
}

/* The member of a type's btree family at a strategy, for the two comparisons that the type cache does not keep. */
static Oid
btree_member(const TypeCacheEntry *entry, int16 strategy)
{
	if (!OidIsValid(entry->btree_opf))
		return InvalidOid;
	return get_opfamily_member(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, strategy);
}

/* The operator that compares two values of a type; InvalidOid when the type has none. */
Oid
fql_comparison_operator(Oid type, FqlOperator op)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);

	switch (op)
	{
		case FQL_OP_EQ:
			return entry->eq_opr;
		case FQL_OP_NEQ:
			return OidIsValid(entry->eq_opr) ? get_negator(entry->eq_opr) : InvalidOid;
		case FQL_OP_LT:
			return entry->lt_opr;
		case FQL_OP_GT:
			return entry->gt_opr;
		case FQL_OP_LTE:
			return btree_member(entry, BTLessEqualStrategyNumber);
		case FQL_OP_GTE:
			return btree_member(entry, BTGreaterEqualStrategyNumber);
		default:
			return InvalidOid;
	}
}

/*
 * The type of a parameter that is compared with a column.  Mostly the column's own; a wider one where the column's
 * input function would refuse or cut a value that is merely absent from the column (70000 for smallint, a long text
 * for name): such a filter matches nothing, it is no error.  The operators between the two types are in pg_catalog and
 * in the same family, so indexes still serve.
 */
Oid
fql_parameter_type(Oid column_type)
{
	switch (column_type)
	{
		case INT2OID:
			return INT4OID;
		case NAMEOID:
		case VARCHAROID:
			return TEXTOID;
		default:
			return column_type;
	}
}

/* The type of a column with domains looked through; InvalidOid when it is gone. */
Oid
fql_column_base_type(Oid relid, AttrNumber column)
{
	Oid			type = get_atttype(relid, column);

	return OidIsValid(type) ? getBaseType(type) : InvalidOid;
}

/* A typed literal: operators such as -> exist for text and integer, and an untyped one would have to be resolved. */
char *
fql_text_literal(const char *text)
{
	return psprintf("%s::pg_catalog.text", quote_literal_cstr(text));
}
