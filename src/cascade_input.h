/*
 * cascade_input.h
 *    Cascades that others have written: which entities do they name?
 *
 * Two forms are in use, by themselves or within a GraphQL response:
 *   {"updated": [{"__typename": "User", "id": "7", "operation": "CREATED"}], "deleted": [...], "invalidations": [...]}
 *   {"invalidations": {"updated": [{"type": "User", "id": 7}], "deleted": [...]}}
 */
#ifndef FQL_CASCADE_INPUT_H
#define FQL_CASCADE_INPUT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "changes.h"

typedef struct FqlCascadeEntity
{
	char	   *type_name;
	char	   *id;				/* a number as its digits */
	FqlChangeKind kind;
} FqlCascadeEntity;

typedef struct FqlCascadeInput
{
	List	   *entities;		/* of FqlCascadeEntity, in the order of the text; updated ones first */
	bool		truncated;		/* its author says that it names not all */
	char	   *problem;		/* what is wrong with it, for an error's detail (a sentence); NULL: nothing */
} FqlCascadeInput;

/* Read all of it.  JSON null, {} and a response without a cascade name nothing.  Raises nothing. */
extern FqlCascadeInput fql_cascade_parse(const Jsonb *cascade);

#endif							/* FQL_CASCADE_INPUT_H */
