/*
 * tags.h
 *    Names for what a write can change, the shared words that they hash to, and the fence around a commit.
 *
 * Protocol and proof: tags.c.  A tag is identified by its word alone, an index below FQL_WORD_COUNT: two tags that
 * share a word can only cause a needless miss.
 */
#ifndef FQL_TAGS_H
#define FQL_TAGS_H

#include "postgres.h"

#include "port/atomics.h"

#define FQL_WORD_BITS 20
#define FQL_WORD_COUNT (UINT64CONST(1) << FQL_WORD_BITS)

/* A word is clock : 44 | pending : 20. */
#define FQL_PENDING_BITS 20
#define FQL_PENDING_MASK ((UINT64CONST(1) << FQL_PENDING_BITS) - 1)

/* The three kinds of tag of this version: (database, relation, *), (database, schema), (cluster, roles). */
extern uint32 fql_tag_relation(Oid database, Oid relation);
extern uint32 fql_tag_schema(Oid database);
extern uint32 fql_tag_roles(void);

/* Writers: this transaction changes what the tag names.  Takes effect at commit. */
extern void fql_tags_touch(uint32 word);

/* Has the current transaction touched it? */
extern bool fql_tags_have_touched(uint32 word);

/* Readers and fills. */
extern uint64 fql_clock_read(void);
extern uint64 fql_word_read(uint32 word);

/* Room in shared memory, and its set-up. */
extern Size fql_tags_shmem_size(void);
extern void fql_tags_shmem_init(bool found, void *memory, uint64 seed);

/* Register the transaction callbacks; once a process (inherited from the postmaster when preloaded). */
extern void fql_tags_init(void);

#endif							/* FQL_TAGS_H */
