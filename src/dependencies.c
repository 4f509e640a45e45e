/*
 * dependencies.c
 *    What an answer depends on: tags by relation, with the columns that were read, gathered during a fill.
 *
 * A relation is depended on through tags of its rows, or as a whole.  As a whole covers every tag, so the tags are
 * given up then.  Columns are those of all scans of the relation together: a little coarser than scan by scan, and
 * one group of tags a relation.
 *
 * With named rows goes the relation's bulk tag: a write past fraiseql.bulk_write_limit names no rows, it moves that
 * one (touched.c).
 *
 * The limit bounds the memory of a fill as well as of an entry: it is kept while tags come in.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "dependencies.h"

typedef struct NamedTag
{
	FqlTag		tag;
	uint32		status;
} NamedTag;

#define SH_PREFIX tagset
#define SH_ELEMENT_TYPE NamedTag
#define SH_KEY_TYPE FqlTag
#define SH_KEY tag
#define SH_HASH_KEY(table, key) ((uint32) (key))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct ReadRelation
{
	Oid			relation;
	uint32		status;
	bool		is_coarse;		/* depended on as a whole */
	bool		is_capped;		/* because of the limit */
	FqlColumns	columns;
	tagset_hash *tags;			/* NULL: none yet, or no longer */
} ReadRelation;

#define SH_PREFIX readset
#define SH_ELEMENT_TYPE ReadRelation
#define SH_KEY_TYPE Oid
#define SH_KEY relation
#define SH_HASH_KEY(table, key) murmurhash32(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct FqlDependencies
{
	MemoryContext context;
	readset_hash *relations;
	int			limit;
	int			named_count;	/* tags of rows, in all relations together */
	FqlTag	   *plain;			/* tags of which any change counts */
	int			plain_count;
	int			plain_capacity;
};

FqlDependencies *
fql_dependencies_create(MemoryContext context, int limit)
{
	FqlDependencies *dependencies = MemoryContextAllocZero(context, sizeof(FqlDependencies));

	dependencies->context = context;
	dependencies->relations = readset_create(context, 8, NULL);
	dependencies->limit = limit;
	return dependencies;
}

static ReadRelation *
read_relation(FqlDependencies *dependencies, Oid relation)
{
	bool		found;
	ReadRelation *read = readset_insert(dependencies->relations, relation, &found);

	if (!found)
	{
		read->is_coarse = false;
		read->is_capped = false;
		read->columns = FQL_COLUMNS_NONE;
		read->tags = NULL;
	}
	return read;
}

static void
make_coarse(FqlDependencies *dependencies, ReadRelation *read)
{
	read->is_coarse = true;
	if (read->tags == NULL)
		return;
	dependencies->named_count -= read->tags->members;
	tagset_destroy(read->tags);
	read->tags = NULL;
}

void
fql_depend_on_relation(FqlDependencies *dependencies, Oid relation, FqlColumns columns)
{
	ReadRelation *read = read_relation(dependencies, relation);

	read->columns |= columns;
	make_coarse(dependencies, read);
}

/* Past the limit, the relation that names the most rows is depended on as a whole. */
static void
keep_to_limit(FqlDependencies *dependencies)
{
	readset_iterator iterator;
	ReadRelation *read;
	ReadRelation *most = NULL;

	if (dependencies->named_count <= dependencies->limit)
		return;
	readset_start_iterate(dependencies->relations, &iterator);
	while ((read = readset_iterate(dependencies->relations, &iterator)) != NULL)
	{
		if (read->tags != NULL && (most == NULL || read->tags->members > most->tags->members))
			most = read;
	}
	Assert(most != NULL);
	most->is_capped = true;
	make_coarse(dependencies, most);
}

bool
fql_depend_on_rows(FqlDependencies *dependencies, Oid relation, FqlTag tag, FqlColumns columns)
{
	ReadRelation *read = read_relation(dependencies, relation);
	bool		found;

	read->columns |= columns;
	if (read->is_coarse)
		return false;
	if (read->tags == NULL)
		read->tags = tagset_create(dependencies->context, 8, NULL);
	(void) tagset_insert(read->tags, tag, &found);
	if (found)
		return false;
	dependencies->named_count++;
	keep_to_limit(dependencies);
	return true;
}

void
fql_depend_on(FqlDependencies *dependencies, FqlTag tag)
{
	if (dependencies->plain_count == dependencies->plain_capacity)
	{
		int			capacity = Max(8, dependencies->plain_capacity * 2);
		FqlTag	   *plain = MemoryContextAlloc(dependencies->context, mul_size(capacity, sizeof(FqlTag)));

		if (dependencies->plain_count > 0)
			memcpy(plain, dependencies->plain, dependencies->plain_count * sizeof(FqlTag));
		dependencies->plain = plain;
		dependencies->plain_capacity = capacity;
	}
	dependencies->plain[dependencies->plain_count++] = tag;
}

bool
fql_dependency_is_coarse(const FqlDependencies *dependencies, Oid relation)
{
	ReadRelation *read = readset_lookup(dependencies->relations, relation);

	return read != NULL && read->is_coarse;
}

bool
fql_dependency_is_capped(const FqlDependencies *dependencies, Oid relation)
{
	ReadRelation *read = readset_lookup(dependencies->relations, relation);

	return read != NULL && read->is_capped;
}

/*
 * The result
 */

/* The tags of one relation as a group. */
static FqlTagGroup
relation_group(const ReadRelation *read)
{
	FqlTagGroup group = {.columns = read->columns};
	FqlTag	   *tags;
	tagset_iterator iterator;
	NamedTag   *named;

	if (read->is_coarse)
	{
		tags = palloc(sizeof(FqlTag));
		tags[group.count++] = fql_tag_relation(MyDatabaseId, read->relation);
	}
	else
	{
		tags = palloc(mul_size(read->tags->members, sizeof(FqlTag)));
		tagset_start_iterate(read->tags, &iterator);
		while ((named = tagset_iterate(read->tags, &iterator)) != NULL)
			tags[group.count++] = named->tag;
	}
	group.tags = tags;
	return group;
}

/* A relation all of whose scans were restricted to null has neither tags nor is it coarse: nothing can change that. */
FqlTagGroup *
fql_dependencies_groups(FqlDependencies *dependencies, int *count)
{
	FqlTagGroup *groups = palloc0(mul_size((Size) dependencies->relations->members + 1, sizeof(FqlTagGroup)));
	readset_iterator iterator;
	ReadRelation *read;

	*count = 1;
	readset_start_iterate(dependencies->relations, &iterator);
	while ((read = readset_iterate(dependencies->relations, &iterator)) != NULL)
	{
		if (!read->is_coarse && read->tags == NULL)
			continue;
		groups[(*count)++] = relation_group(read);
		if (!read->is_coarse)
			fql_depend_on(dependencies, fql_tag_bulk(MyDatabaseId, read->relation));
	}
	groups[0] = (FqlTagGroup){
		.any_change = true, .count = dependencies->plain_count, .tags = dependencies->plain
	};
	return groups;
}
