/*
 * verify.h
 *    Shadow verification: a sample of hits is executed as well, and compared.
 */
#ifndef FQL_VERIFY_H
#define FQL_VERIFY_H

#include "postgres.h"

#include "cache.h"
#include "core/collect.h"

/* Shall this call be verified if it is a hit?  As often as fraiseql.verify_sample says. */
extern bool fql_verify_is_due(void);

/*
 * Execute what was just answered from the cache, and compare.  Returns "served", or, where that is proved wrong, what
 * executing gave.
 */
extern text *fql_verify_hit(const FqlSelectedField *fields, uint32 count, FqlArena *arena, text *served,
							const FqlPlace *place);

#endif							/* FQL_VERIFY_H */
