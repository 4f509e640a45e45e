/*
 * precise.h
 *    Plans chosen for precision: for fills, a plan with fewer scans of whole relations where it costs little more.
 */
#ifndef FQL_PRECISE_H
#define FQL_PRECISE_H

#include "postgres.h"

/* How a statement's plan was chosen. */
typedef struct FqlPlanChoice
{
	bool		is_known;		/* a plan was made; the rest is set */
	bool		was_considered; /* the cheapest plan scans a relation as a whole where another one might not */
	bool		is_precise;		/* the more precise plan was taken */
	double		factor;			/* fraiseql.cache_plan_factor as it was then */
	double		cheapest_cost;	/* the planner's total cost of the cheapest plan */
	double		precise_cost;	/* and of the more precise one, if that was considered */
	int			cheapest_coarse;	/* tracked relations that a scan reads without naming values, in either plan */
	int			precise_coarse;
} FqlPlanChoice;

/* A statement that runs for a fill.  Lives in the caller's frame; they nest. */
typedef struct FqlPrecision
{
	struct FqlPrecision *outer;
	const char *text;
	double		factor;
	FqlPlanChoice *choice;		/* set whenever the statement is planned */
} FqlPrecision;

/*
 * Between the two, the statement with this text is planned for a fill, as often as it is planned: a more precise plan
 * is taken if it costs at most "factor" times the cheapest.  End must run on error too (PG_FINALLY).
 */
extern void fql_precise_begin(FqlPrecision *precision, const char *text, double factor, FqlPlanChoice *choice);
extern void fql_precise_end(FqlPrecision *precision);

/* The choice behind the plan of the statement that ran last for a fill in this backend; false: none is known. */
extern bool fql_precise_choice(FqlPlanChoice *choice);

/* Why the plan is the one that it is, in words for people. */
extern const char *fql_precise_reason(const FqlPlanChoice *choice);

extern void fql_precise_init(void);

#endif							/* FQL_PRECISE_H */
