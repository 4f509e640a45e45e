/*
 * label.h
 *    fraiseql.declare_pure(): the DBA's word for functions that nobody can look into.
 */
#ifndef FQL_LABEL_H
#define FQL_LABEL_H

#include "postgres.h"

/* Has the function been declared pure? */
extern bool fql_label_is_pure(Oid function);

/* Register the label provider and the hook. */
extern void fql_label_init(void);

#endif							/* FQL_LABEL_H */
