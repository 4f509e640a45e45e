/*
 * touched.h
 *    What the current transaction changes, and the fence around its commit.
 */
#ifndef FQL_TOUCHED_H
#define FQL_TOUCHED_H

#include "postgres.h"

#include "tags.h"

/* This transaction changes what the tag names; takes effect at commit.  For tags that stand for no rows. */
extern void fql_touch(FqlTag tag);

/* A row that the tag names came or went; only for rows of a relation that fql_may_name_row() was asked about. */
extern void fql_touch_rows(FqlTag tag);

/* An update changed these columns of a row that the tag names, before or after; likewise. */
extern void fql_touch_columns(FqlTag tag, FqlColumns changed);

/*
 * Has the current transaction touched it?  The second form asks as fql_tag_holds_for() does: for a reader who sees no
 * more than these columns of the rows.
 */
extern bool fql_have_touched(FqlTag tag);
extern bool fql_have_touched_for(FqlTag tag, FqlColumns columns);

/* Has it touched anything? */
extern bool fql_have_touched_anything(void);

/*
 * May the transaction name one more changed row of the relation?  False once it has changed more rows of it than
 * fraiseql.bulk_write_limit: then the relation as a whole is touched, and its rows need no more tags.
 */
extern bool fql_may_name_row(Oid relation);

/* All rows of the relation change: TRUNCATE, and what fql_may_name_row() does past the limit. */
extern void fql_touch_relation(Oid relation);

/* Register the transaction callbacks; once a process (inherited from the postmaster when preloaded). */
extern void fql_touched_init(void);

#endif							/* FQL_TOUCHED_H */
