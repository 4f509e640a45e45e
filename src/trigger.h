/*
 * trigger.h
 *    The triggers that tell the cache about writes: how to see that they are there, installing them.
 */
#ifndef FQL_TRIGGER_H
#define FQL_TRIGGER_H

#include "postgres.h"

#include "utils/relcache.h"

/*
 * Install the tracking triggers, where they are missing or not ENABLE ALWAYS, on every table behind a relation with its
 * partitions and inheritance children: through views, and through the row security policies of each table.  What cannot
 * have them (foreign tables, materialized views, ...) is passed over.
 */
extern void fql_track_relations_behind(Oid relid);

/* Before ATTACH PARTITION: a partition that was tracked by itself must not stand in the way of the parent's trigger. */
extern void fql_make_room_for_clone(const RangeVar *parent, const RangeVar *partition);

/* A relation that just became a partition or child: give it the triggers if an ancestor has them. */
extern void fql_track_new_child(Oid relid);

/* Are both triggers there, complete and firing always? */
extern bool fql_relation_is_tracked(Relation relation);

#endif							/* FQL_TRIGGER_H */
