/*
 * plan.h
 *    Prepared plans, kept by each backend.
 */
#ifndef FQL_PLAN_H
#define FQL_PLAN_H

#include "postgres.h"

#include "executor/spi.h"

#include "sqlgen.h"

typedef struct FqlPlan FqlPlan;

/*
 * The plan of a statement for the current role, and for a fill if its answer may be kept.  Pinned: fql_plan_unpin()
 * must follow, on error too.
 */
extern FqlPlan *fql_plan_pin(const FqlSql *sql, bool for_fill);
extern void fql_plan_unpin(FqlPlan *plan);

/* Run it as SPI_execute_plan_extended() does; it is prepared unless that was done before.  Called within SPI. */
extern int	fql_plan_execute(FqlPlan *plan, const SPIExecuteOptions *options);

/* May statements in functions have been read otherwise than other sessions read them? */
extern bool fql_plan_literals_are_doubtful(void);

/* Installs a planner hook, which sees under which settings plans are made. */
extern void fql_plan_init(void);

#endif							/* FQL_PLAN_H */
