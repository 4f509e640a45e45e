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

/* The plan of a statement for the current role.  Pinned: fql_plan_unpin() must follow, on error too. */
extern FqlPlan *fql_plan_pin(const FqlSql *sql);
extern void fql_plan_unpin(FqlPlan *plan);

/* Prepare it unless that was done before.  Called within SPI. */
extern SPIPlanPtr fql_plan_prepare(FqlPlan *plan);

#endif							/* FQL_PLAN_H */
