/*
 * options.h
 *    The options of fraiseql.expose(), from jsonb to a struct.
 */
#ifndef FQL_OPTIONS_H
#define FQL_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* Something about the schema that a person must mend; raised by expose(), a diagnostic elsewhere. */
typedef struct FqlProblem
{
	int			sqlstate;
	char	   *message;		/* lower-case, no full stop */
	char	   *hint;			/* a sentence, or NULL */
} FqlProblem;

extern FqlProblem *fql_problem(int sqlstate, char *message, char *hint);

/* "used" is set by looking it up: what nobody looked up names nothing, which is worth a problem. */
typedef struct FqlNamePair
{
	char	   *key;
	char	   *value;			/* NULL in "exclude" */
	bool		used;
} FqlNamePair;

typedef struct FqlRelationOption
{
	char	   *constraint;
	char	   *to_one;			/* NULL: derived */
	char	   *to_many;		/* NULL: derived */
} FqlRelationOption;

/* Mutations of a table that exist without a function. */
typedef enum FqlTableMutation
{
	FQL_TABLE_INSERT = 1,
	FQL_TABLE_UPDATE = 2,
	FQL_TABLE_DELETE = 4
} FqlTableMutation;

typedef struct FqlOptions
{
	char	   *singular;		/* root fields; NULL: derived */
	char	   *plural;
	int			ttl;			/* seconds; 0: not given */
	int			mutations;		/* bits of FqlTableMutation */
	List	   *fields;			/* of FqlNamePair: column (or key of the document) → field */
	List	   *exclude;		/* of FqlNamePair: columns or keys */
	List	   *relations;		/* of FqlRelationOption */
	List	   *data;			/* of FqlNamePair: key of the document → GraphQL type */
} FqlOptions;

/* The options of fraiseql.expose_function(). */
typedef struct FqlFunctionOptions
{
	char	   *entity;			/* GraphQL type of the entity in a FraiseQL mutation response; NULL: derived */
	bool		schema_prefix;	/* the schema's name begins the field's */
	List	   *arguments;		/* of FqlNamePair: parameter → argument */
} FqlFunctionOptions;

extern FqlProblem *fql_function_options_parse(Jsonb *jsonb, FqlFunctionOptions *options);

/* NULL: fine, *options is filled.  jsonb may be NULL: no options. */
extern FqlProblem *fql_options_parse(Jsonb *jsonb, FqlOptions *options);

/* The value of a pair, NULL: none. */
extern const char *fql_options_pair(const List *pairs, const char *key);
extern bool fql_options_excludes(const FqlOptions *options, const char *name);

/* The first pair that nobody looked up, NULL: none. */
extern const FqlNamePair *fql_options_unused(const List *pairs);
extern const FqlRelationOption *fql_options_relation(const FqlOptions *options, const char *constraint);

#endif							/* FQL_OPTIONS_H */
