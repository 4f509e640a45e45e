/*
 * purity.h
 *    Does an expression depend on nothing but its inputs, tracked tables and keyed settings?
 */
#ifndef FQL_PURITY_H
#define FQL_PURITY_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "stats.h"

typedef struct FqlImpurity
{
	FqlReason	reason;			/* FQL_REASON_NONE: pure */
	Oid			function;		/* what gave the reason, where it is a function */
	List	   *settings;		/* char *: read by constant name with current_setting() */
	bool		depends_on_names;	/* set also when pure: names are looked up or printed by search_path, in a user's
								 * function or a value of a type such as regclass */
	List	   *own_functions;	/* Oid: those of this extension that were met */
	bool		parses_text;	/* an SQL function is called that is parsed then: of its literals no plan tells */
} FqlImpurity;

/* Examine an expression tree (or list of them) of a finished plan; stops at the first impurity. */
extern void fql_purity_of_expression(Node *expression, FqlImpurity *impurity);

/* Examine the input function of a type, called with text that the core has checked (dates and times are ISO 8601). */
extern void fql_purity_of_input(Oid type, FqlImpurity *impurity);

#endif							/* FQL_PURITY_H */
