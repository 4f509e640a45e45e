/*
 * schema_metrics.c
 *    Query's field _metrics, where fraiseql.graphql_metrics is on: the sums of the monitoring views, in GraphQL.
 *
 * The views are relations, each with one row.  So a part of _metrics is a field that leads to a row, as any other, but
 * without a key; its type has the view's columns, under the names that columns get, with the views' comments.  Who may
 * read it is what the privileges on the view and on the function behind it say.
 *
 * All names begin with one "_", which no name does that expose() takes or makes (naming.c), and which GraphQL does not
 * reserve: so nothing that is exposed has such a name, and no operation without _metrics means something else by it.
 *
 * An operation that shows _metrics goes past the cache, in both directions, and past herds (execute.c).  Nothing of it
 * could be kept, as the functions are known to tell statistics (purity.c); but it would be counted as a miss, and who
 * looks at the hit rate once a second would lower it.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"

#include "guc.h"
#include "schema_internal.h"

/* What _metrics consists of; all in the schema of the extension. */
static const struct
{
	const char *field;
	const char *type;
	const char *view;
}			parts[] = {
	{"cache", "_CacheMetrics", "cache_stats"},
	{"coalescing", "_CoalescingMetrics", "coalescing_stats"},
	{"cascade", "_CascadeMetrics", "cascade_stats"},
};

#define NO_HINT ""

static FqlDraftObject *
new_object(const char *name, const char *origin, const char *comment)
{
	FqlDraftObject *object = palloc0(sizeof(FqlDraftObject));

	object->name = name;
	object->origin = origin;
	object->comment = comment;
	return object;
}

/* The type of a view's row.  NULL: there is no such view, as in an older version of the extension, or it is empty. */
static FqlDraftObject *
build_type(FqlSchemaBuild *build, const char *name, const char *view)
{
	Oid			schema = get_namespace_oid("fraiseql", true);
	Oid			relid = OidIsValid(schema) ? fql_catalog_find(schema, view) : InvalidOid;
	FqlEntity  *entity = palloc0(sizeof(FqlEntity));

	entity->relation = OidIsValid(relid) ? fql_catalog_relation(relid) : NULL;
	if (entity->relation == NULL || entity->relation->kind != RELKIND_VIEW)
		return NULL;
	entity->binding = FQL_NEW(build->arena, FqlRelation);
	entity->binding->relid = relid;
	entity->binding->shape = FQL_RELATION_COLUMNS;
	entity->object = new_object(name, entity->relation->label, entity->relation->comment);
	entity->object->entity = entity;
	fql_build_columns(build, entity);
	if (entity->object->fields == NIL || !fql_build_claim(build, name, entity->object->origin, NO_HINT))
		return NULL;
	build->results = lappend(build->results, entity->object);
	return entity->object;
}

/* A field that leads to an object; its description is the object's. */
static void
build_link(FqlSchemaBuild *build, FqlDraftObject *object, const char *name, FqlFieldKind kind, FqlDraftObject *target)
{
	FqlDraftField *field = fql_build_field(build, object, name, target->origin, kind, NO_HINT);

	if (field == NULL)
		return;
	field->comment = target->comment;
	field->target = target;
}

void
fql_build_metrics(FqlSchemaBuild *build)
{
	FqlDraftObject *metrics;

	if (!fql_graphql_metrics)
		return;
	metrics = new_object("_Metrics", "the metrics", "what fraiseql has done, in sums of the whole server");
	for (size_t i = 0; i < lengthof(parts); i++)
	{
		FqlDraftObject *part = build_type(build, parts[i].type, parts[i].view);

		if (part != NULL)
			build_link(build, metrics, parts[i].field, FQL_FIELD_ROOT_ONE, part);
	}
	if (metrics->fields == NIL || !fql_build_claim(build, metrics->name, metrics->origin, NO_HINT))
		return;
	build->results = lappend(build->results, metrics);
	build_link(build, build->query, FQL_METRICS_FIELD, FQL_FIELD_METRICS, metrics);
}
