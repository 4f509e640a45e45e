/*
 * purity_hidden.h
 *    What catalogs can bring into an expression that does not show it.
 */
#ifndef FQL_PURITY_HIDDEN_H
#define FQL_PURITY_HIDDEN_H

#include "postgres.h"

/* Is there a cast from any type to json or jsonb whose function is not pure? */
extern bool fql_hidden_casts_are_impure(void);

/* Is there a domain with a CHECK that depends on anything but the value? */
extern bool fql_hidden_checks_are_impure(void);

#endif							/* FQL_PURITY_HIDDEN_H */
