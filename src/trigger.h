/*
 * trigger.h
 *    The triggers that tell the cache about writes: what they do, how they are installed, how to see that they are there.
 */
#ifndef FQL_TRIGGER_H
#define FQL_TRIGGER_H

#include "postgres.h"

#include "utils/relcache.h"

/*
 * Install the tracking triggers on one table, its partitions and its inheritance children, where they are missing or
 * not ENABLE ALWAYS.  Does nothing for relations that cannot have them (views, foreign tables, ...).
 */
extern void fql_track_relation(Oid relid);

/*
 * The same for every table behind a relation: through views, and through the row security policies of each table.
 */
extern void fql_track_relations_behind(Oid relid);

/* A relation that just became a partition or child: give it the triggers if an ancestor has them. */
extern void fql_track_new_child(Oid relid);

/* Are both triggers there, complete and firing always? */
extern bool fql_relation_is_tracked(Relation relation);

#endif							/* FQL_TRIGGER_H */
