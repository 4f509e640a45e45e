/*
 * coherency.h
 *    What validate_coherency() finds, for the files that look.
 */
#ifndef FQL_COHERENCY_H
#define FQL_COHERENCY_H

#include "postgres.h"

/* The four invariants; coherency.c says what each means. */
typedef enum FqlInvariant
{
	FQL_INVARIANT_FRESHNESS,
	FQL_INVARIANT_TRACKING,
	FQL_INVARIANT_STORAGE,
	FQL_INVARIANT_FENCES,
	FQL_INVARIANT_COUNT
} FqlInvariant;

typedef struct FqlFindings FqlFindings;

/* One violation.  Past a number of them for one invariant they are counted only. */
extern void fql_found(FqlFindings *findings, FqlInvariant invariant, const char *format,...) pg_attribute_printf(3, 4);

/* The parts.  Each is interruptible and blocks neither hits nor commits. */
extern void fql_census(FqlFindings *findings);
extern void fql_fences_check(FqlFindings *findings);

#endif							/* FQL_COHERENCY_H */
