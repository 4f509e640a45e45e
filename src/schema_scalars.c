/*
 * schema_scalars.c
 *    What an SQL type is in GraphQL: its scalar or enum, and which comparisons it takes.
 *
 * A type that GraphQL has no word for is a String, written by the type's output function.  It is filtered by what its
 * default B-tree operator class offers and by nothing else: without one there is no agreed equality to promise.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "naming.h"
#include "schema_internal.h"

typedef struct EnumLabel
{
	float4		order;
	char	   *label;
} EnumLabel;

/* The scalar of a built-in type; false: none of these. */
static bool
builtin_scalar(Oid type, FqlScalar *scalar, FqlComparison *comparison)
{
	static const struct
	{
		Oid			type;
		FqlScalar	scalar;
		FqlComparison comparison;
	}			table[] = {
		{BOOLOID, FQL_SCALAR_BOOLEAN, FQL_COMPARE_BOOLEAN},
		{INT2OID, FQL_SCALAR_INT, FQL_COMPARE_ORDER},
		{INT4OID, FQL_SCALAR_INT, FQL_COMPARE_ORDER},
		{INT8OID, FQL_SCALAR_BIGINT, FQL_COMPARE_ORDER},
		{FLOAT4OID, FQL_SCALAR_FLOAT, FQL_COMPARE_ORDER},
		{FLOAT8OID, FQL_SCALAR_FLOAT, FQL_COMPARE_ORDER},
		{NUMERICOID, FQL_SCALAR_DECIMAL, FQL_COMPARE_ORDER},
		{UUIDOID, FQL_SCALAR_ID, FQL_COMPARE_TEXT},
		{TEXTOID, FQL_SCALAR_STRING, FQL_COMPARE_TEXT},
		{VARCHAROID, FQL_SCALAR_STRING, FQL_COMPARE_TEXT},
		{BPCHAROID, FQL_SCALAR_STRING, FQL_COMPARE_TEXT},
		{NAMEOID, FQL_SCALAR_STRING, FQL_COMPARE_TEXT},
		{UNKNOWNOID, FQL_SCALAR_STRING, FQL_COMPARE_TEXT},
		{JSONOID, FQL_SCALAR_JSON, FQL_COMPARE_NULLNESS},
		{JSONBOID, FQL_SCALAR_JSON, FQL_COMPARE_NULLNESS},
		{DATEOID, FQL_SCALAR_DATE, FQL_COMPARE_ORDER},
		{TIMESTAMPOID, FQL_SCALAR_DATETIME, FQL_COMPARE_ORDER},
		{TIMESTAMPTZOID, FQL_SCALAR_DATETIME, FQL_COMPARE_ORDER},
		{TIMEOID, FQL_SCALAR_TIME, FQL_COMPARE_ORDER},
		{TIMETZOID, FQL_SCALAR_TIME, FQL_COMPARE_ORDER},
	};

	for (size_t i = 0; i < lengthof(table); i++)
	{
		if (table[i].type == type)
		{
			*scalar = table[i].scalar;
			*comparison = table[i].comparison;
			return true;
		}
	}
	return false;
}

static int
compare_labels(const void *a, const void *b)
{
	float4		x = ((const EnumLabel *) a)->order;
	float4		y = ((const EnumLabel *) b)->order;

	return (x > y) - (x < y);
}

/* The labels of an enum in their order. */
static EnumLabel *
read_labels(Oid type, int *count)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	int			capacity = 16;
	EnumLabel  *labels = palloc(sizeof(EnumLabel) * capacity);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	*count = 0;
	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(catalog, EnumTypIdLabelIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_enum label = (Form_pg_enum) GETSTRUCT(tuple);

		if (*count == capacity)
			labels = repalloc(labels, sizeof(EnumLabel) * (capacity *= 2));
		labels[(*count)++] = (EnumLabel){label->enumsortorder, pstrdup(NameStr(label->enumlabel))};
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	qsort(labels, *count, sizeof(EnumLabel), compare_labels);
	return labels;
}

/* Can every label be written as a GraphQL enum value? */
static bool
labels_are_names(const EnumLabel *labels, int count)
{
	for (int i = 0; i < count; i++)
	{
		const char *label = labels[i].label;

		if (!fql_name_is_valid(fql_str_from(label)) || strncmp(label, "__", 2) == 0 ||
			strcmp(label, "true") == 0 || strcmp(label, "false") == 0 || strcmp(label, "null") == 0)
			return false;
	}
	return count > 0;
}

/* The GraphQL enum of a PostgreSQL enum; NULL: it has labels that GraphQL cannot write, or its name is taken. */
static const FqlType *
make_enum(FqlSchemaBuild *build, Oid type)
{
	int			count;
	EnumLabel  *labels = read_labels(type, &count);
	const char *hint = "Pass another type_name to fraiseql.expose(), or rename the enum.";
	char	   *sql_name = format_type_extended(type, -1, FORMAT_TYPE_ALLOW_INVALID | FORMAT_TYPE_FORCE_QUALIFY);
	const char *type_name = fql_catalog_type_name(type);
	char	   *name;
	FqlType    *result;

	if (type_name == NULL || !labels_are_names(labels, count))
		return NULL;
	name = fql_naming_pascal(type_name);
	if (name == NULL)
		return NULL;
	if (!fql_build_claim(build, name, psprintf("enum %s", sql_name), hint) ||
		!fql_build_claim(build, psprintf("%sFilter", name), psprintf("the filter of enum %s", sql_name), hint))
		return NULL;
	result = fql_typesystem_add(build->types, FQL_TYPE_ENUM, fql_build_text(build, name));
	result->enum_values = FQL_NEW_ARRAY(build->arena, FqlStr, count);
	result->enum_value_count = count;
	for (int i = 0; i < count; i++)
		result->enum_values[i] = fql_build_text(build, labels[i].label);
	return result;
}

static const FqlType *
enum_type(FqlSchemaBuild *build, Oid type)
{
	bool		found;
	FqlEnumEntry *entry = hash_search(build->enums, &type, HASH_ENTER, &found);

	if (!found)
	{
		entry->type = NULL;
		entry->type = make_enum(build, type);
	}
	return entry->type;
}

/* Everything that is neither built in nor an enum. */
static void
other_leaf(FqlSchemaBuild *build, Oid type, FqlLeaf *leaf)
{
	char		category;
	bool		preferred;
	char		kind = get_typtype(type);

	if (kind == TYPTYPE_COMPOSITE || kind == TYPTYPE_PSEUDO)
	{
		/* Whether a row is null depends on its columns: no filter for that. */
		*leaf = fql_build_json_leaf(build);
		leaf->comparison = FQL_COMPARE_NOTHING;
		return;
	}
	leaf->type = build->types->scalars[FQL_SCALAR_STRING];
	get_type_category_preferred(type, &category, &preferred);
	leaf->comparison = category == TYPCATEGORY_STRING ? FQL_COMPARE_TEXT : FQL_COMPARE_EQUALITY;
}

/* Take back what the type's operators cannot do. */
static void
limit_to_operators(Oid type, FqlLeaf *leaf)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);
	bool		has_btree = OidIsValid(entry->btree_opf) && OidIsValid(entry->eq_opr) && OidIsValid(entry->lt_opr);

	if (leaf->comparison > FQL_COMPARE_NULLNESS && !has_btree)
		leaf->comparison = FQL_COMPARE_NOTHING;
	leaf->sortable = leaf->comparison >= FQL_COMPARE_BOOLEAN;
}

FqlLeaf
fql_build_json_leaf(FqlSchemaBuild *build)
{
	return (FqlLeaf){
		.type = build->types->scalars[FQL_SCALAR_JSON],
		.base = JSONBOID,
		.comparison = FQL_COMPARE_NULLNESS,
	};
}

/* One that is neither a domain nor an array. */
static FqlLeaf
element_leaf(FqlSchemaBuild *build, Oid type)
{
	FqlLeaf		leaf = {.base = type};
	FqlScalar	scalar;

	if (builtin_scalar(type, &scalar, &leaf.comparison))
		leaf.type = build->types->scalars[scalar];
	else if (get_typtype(type) == TYPTYPE_ENUM && (leaf.type = enum_type(build, type)) != NULL)
		leaf.comparison = FQL_COMPARE_ORDER;
	else
		other_leaf(build, type, &leaf);
	limit_to_operators(type == UNKNOWNOID ? TEXTOID : type, &leaf);
	return leaf;
}

FqlLeaf
fql_build_leaf(FqlSchemaBuild *build, Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	FqlLeaf		leaf;

	if (!OidIsValid(element))
		return element_leaf(build, base);
	leaf = element_leaf(build, getBaseType(element));
	leaf.base = base;
	leaf.is_array = true;
	leaf.comparison = FQL_COMPARE_NOTHING;
	leaf.sortable = false;
	return leaf;
}
