/*
 * tags.h
 *    Names for what a write can change.
 *
 * A tag is a 64-bit hash of what it names, under a secret seed.  Kinds: (database, relation, *), any row of a relation;
 * (database, relation, columns, values), the rows that hold these values in these columns; (database, relation, bulk),
 * moved by writes that no longer name rows; (database, schema); (cluster, roles).  And what answers show rather than
 * depend on (entity_tags.c): (database, type, any), (database, type, some), (database, type, id).
 */
#ifndef FQL_TAGS_H
#define FQL_TAGS_H

#include "postgres.h"

#include "access/attnum.h"

typedef uint64 FqlTag;

/* Columns of a relation as bits.  Column number n (attnum) is bit n - 1; all from 63 on share the last bit. */
typedef uint64 FqlColumns;

#define FQL_COLUMNS_NONE UINT64CONST(0)
#define FQL_COLUMNS_ALL (~UINT64CONST(0))
#define FQL_COLUMN_BITS 64

static inline FqlColumns
fql_column_bit(AttrNumber column)
{
	Assert(column > 0);
	return UINT64CONST(1) << Min(column - 1, FQL_COLUMN_BITS - 1);
}

extern FqlTag fql_tag_relation(Oid database, Oid relation);
extern FqlTag fql_tag_bulk(Oid database, Oid relation);
extern FqlTag fql_tag_schema(Oid database);
extern FqlTag fql_tag_roles(void);
extern FqlTag fql_tag_by_hand(Oid database);

/*
 * (database, relation, columns, values): start from the columns, ascending, then add the hash of each column's value in
 * the same order.  How a value is hashed: fql_tag_value_seed() and colsets.h.
 */
extern FqlTag fql_tag_columns(Oid database, Oid relation, const AttrNumber *columns, int count);
extern FqlTag fql_tag_add_value(FqlTag tag, uint64 value_hash);

/* Objects of a GraphQL type: which ones is not known; some that are named; one of these. */
extern FqlTag fql_tag_type_any(Oid database, const char *type, size_t type_len);
extern FqlTag fql_tag_type_some(Oid database, const char *type, size_t type_len);
extern FqlTag fql_tag_type_id(Oid database, const char *type, size_t type_len, const char *id, size_t id_len);

/* The seed of values' hashes, and the hash that stands for null. */
extern uint64 fql_tag_value_seed(void);
#define FQL_TAG_NULL_VALUE UINT64CONST(0x6e756c6c6e756c6c)

/* Set by shared memory's set-up; without shared memory it stays 0. */
extern void fql_tags_set_seed(uint64 seed);

#endif							/* FQL_TAGS_H */
