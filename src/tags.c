/*
 * tags.c
 *    Names for what a write can change.
 *
 * A tag is a hash of what it names, so it needs no memory and no look-up, and two that happen to be equal can only
 * cause a needless miss.  The seed is secret, so that nobody can look for such pairs.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "tags.h"

typedef enum FqlTagKind
{
	FQL_TAG_RELATION = 1,
	FQL_TAG_BULK,
	FQL_TAG_COLUMNS,
	FQL_TAG_SCHEMA,
	FQL_TAG_ROLES,
	FQL_TAG_TYPE_ANY,
	FQL_TAG_TYPE_SOME,
	FQL_TAG_TYPE_ID,
	FQL_TAG_BY_HAND
} FqlTagKind;

static uint64 seed = 0;

void
fql_tags_set_seed(uint64 value)
{
	seed = value;
}

static FqlTag
tag_of(FqlTagKind kind, Oid database, Oid object)
{
	struct
	{
		uint32		kind;
		Oid			database;
		Oid			object;
	}			name = {kind, database, object};

	return hash_bytes_extended((unsigned char *) &name, sizeof(name), seed);
}

/* Any row of the relation. */
FqlTag
fql_tag_relation(Oid database, Oid relation)
{
	return tag_of(FQL_TAG_RELATION, database, relation);
}

/* Rows of the relation that a write changed without naming them. */
FqlTag
fql_tag_bulk(Oid database, Oid relation)
{
	return tag_of(FQL_TAG_BULK, database, relation);
}

/* Definitions and privileges of anything in the database. */
FqlTag
fql_tag_schema(Oid database)
{
	return tag_of(FQL_TAG_SCHEMA, database, InvalidOid);
}

/* Roles, their attributes and memberships. */
FqlTag
fql_tag_roles(void)
{
	return tag_of(FQL_TAG_ROLES, InvalidOid, InvalidOid);
}

/* Whatever is invalidated by hand. */
FqlTag
fql_tag_by_hand(Oid database)
{
	return tag_of(FQL_TAG_BY_HAND, database, InvalidOid);
}

FqlTag
fql_tag_columns(Oid database, Oid relation, const AttrNumber *columns, int count)
{
	FqlTag		tag = tag_of(FQL_TAG_COLUMNS, database, relation);

	for (int i = 0; i < count; i++)
		tag = hash_combine64(tag, hash_bytes_uint32_extended((uint32) columns[i], seed));
	return tag;
}

FqlTag
fql_tag_add_value(FqlTag tag, uint64 value_hash)
{
	return hash_combine64(tag, value_hash);
}

static FqlTag
tag_of_type(FqlTagKind kind, Oid database, const char *type, size_t len)
{
	return hash_combine64(tag_of(kind, database, InvalidOid),
						  hash_bytes_extended((const unsigned char *) type, (int) len, seed));
}

FqlTag
fql_tag_type_any(Oid database, const char *type, size_t type_len)
{
	return tag_of_type(FQL_TAG_TYPE_ANY, database, type, type_len);
}

FqlTag
fql_tag_type_some(Oid database, const char *type, size_t type_len)
{
	return tag_of_type(FQL_TAG_TYPE_SOME, database, type, type_len);
}

FqlTag
fql_tag_type_id(Oid database, const char *type, size_t type_len, const char *id, size_t id_len)
{
	return hash_combine64(tag_of_type(FQL_TAG_TYPE_ID, database, type, type_len),
						  hash_bytes_extended((const unsigned char *) id, (int) id_len, seed));
}

uint64
fql_tag_value_seed(void)
{
	return seed;
}
