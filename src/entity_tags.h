/*
 * entity_tags.h
 *    What an answer shows, by GraphQL type and id: the tags by which it is found when somebody invalidates by hand.
 */
#ifndef FQL_ENTITY_TAGS_H
#define FQL_ENTITY_TAGS_H

#include "postgres.h"

#include "core/collect.h"
#include "tags.h"

/*
 * An answer that shows objects of a type has either the first tag, where not all of their ids are known (type:*), or
 * the second, and the third for each object (type:id).
 */
extern FqlTag fql_entity_tag_any(FqlStr type);
extern FqlTag fql_entity_tag_some(FqlStr type);
extern FqlTag fql_entity_tag(FqlStr type, FqlStr id);

/* The tags of a response without errors, palloc'ed, at most "limit" of single objects; *count of them. */
extern FqlTag *fql_entity_tags(const FqlSelectedField *fields, const char *response, size_t len, uint32 limit,
							   uint32 *count);

#endif							/* FQL_ENTITY_TAGS_H */
