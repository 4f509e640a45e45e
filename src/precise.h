/*
 * precise.h
 *    Plans chosen for precision: for fills, a plan with fewer scans of whole relations where it costs little more.
 */
#ifndef FQL_PRECISE_H
#define FQL_PRECISE_H

#include "postgres.h"

/* How the last statement planned between begin and end was chosen. */
typedef struct FqlPlanChoice
{
	bool		was_considered; /* the cheapest plan scans a relation as a whole where another one might not */
	bool		is_precise;		/* the more precise plan was taken */
	double		cheapest_cost;	/* the planner's total cost of the cheapest plan */
	double		precise_cost;	/* and of the more precise one */
	int			cheapest_coarse;	/* scans of tracked relations that name no values, in either plan */
	int			precise_coarse;
} FqlPlanChoice;

/*
 * Between the two, the generated statement is planned for a fill: the planner hook looks for a more precise plan that
 * costs at most fraiseql.cache_plan_factor times the cheapest.  End must run on error too (PG_FINALLY).
 */
extern void fql_precise_begin(void);
extern void fql_precise_end(void);

/* The choice made for the statement that was last planned so in this backend; false: none. */
extern bool fql_precise_choice(FqlPlanChoice *choice);

extern void fql_precise_init(void);

#endif							/* FQL_PRECISE_H */
