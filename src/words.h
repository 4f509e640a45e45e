/*
 * words.h
 *    The shared words that tags hash to, and the clock: what makes a change known to every backend.
 *
 * Protocol and proof: words.c.  A tag has a family of words: one that every change of what it names moves, one that
 * moves when a row comes or goes, and one for each column.  Two tags that share a word can only cause a needless miss.
 */
#ifndef FQL_WORDS_H
#define FQL_WORDS_H

#include "postgres.h"

#include "tags.h"

/*
 * One word of a tag's family, by place.  FQL_PART_ANY moves with every change, FQL_PART_ROWS when a row comes or goes,
 * FQL_PART_COLUMN + n when an update changes column number n (from 0, FQL_COLUMN_BIT) of a row.
 */
#define FQL_PART_ANY 0
#define FQL_PART_ROWS 1
#define FQL_PART_COLUMN 2

/* Index of a word, below the number of words. */
extern uint32 fql_word_of(FqlTag tag, int part);

/* The index of a word that belongs to every tag: who moves it has changed everything. */
extern uint32 fql_word_of_everything(void);

/* Readers and fills. */
extern uint64 fql_clock_read(void);

/*
 * Has nothing that the tag names changed since the clock stood at "clock"?  A commit that is under way counts as a
 * change.  The second form asks for a reader who sees no more of the rows than these columns (maybe none: count(*)):
 * for him a change is a row that came or went, or an update of one of the columns.
 */
extern bool fql_tag_holds(FqlTag tag, uint64 clock);
extern bool fql_tag_holds_for(FqlTag tag, FqlColumns columns, uint64 clock);

/*
 * The word of FQL_PART_ANY, together with the word of everything: what a backend keeps is good while it stays the same
 * and is not pending.
 */
extern uint64 fql_word_read(FqlTag tag);
extern bool fql_word_is_pending(uint64 word);
extern uint64 fql_word_clock(uint64 word);

/* All words, for the validator: how many have a fence, the index of the last word, and a word by its index. */
extern uint32 fql_word_pending(uint64 word);
extern uint32 fql_words_last(void);
extern uint64 fql_word_at(uint32 index);

/* Writers: for touched.c and prepared.c alone. */
extern void fql_fence_raise(const uint32 *words, uint32 count);
extern void fql_fence_lower(const uint32 *words, uint32 count);
extern void fql_fence_lower_with_tick(const uint32 *words, uint32 count);

/* Without a fence, for invalidate.c: from now on none of the tags holds as of a clock from before. */
extern void fql_tags_tick(const FqlTag *tags, uint32 count);

/* Room in shared memory, and its set-up. */
extern Size fql_words_shmem_size(void);
extern void fql_words_shmem_init(bool found, void *memory, uint64 seed);

#endif							/* FQL_WORDS_H */
