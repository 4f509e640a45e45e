/*
 * sqlgen_internal.h
 *    What the files of the SQL generator share.
 *
 * Shape of the generated statement: every list and every row is a scalar subquery
 *
 *    (SELECT <text of the objects> FROM (SELECT <columns> FROM <relation> WHERE .. ORDER BY .. LIMIT ..) AS tN)
 *
 * with one more query around the inner one where documents are read (sqlgen_rows.c says why).
 *
 * The inner query always has a LIMIT, so the planner cannot pull it up.  Two things follow: nested subqueries run once
 * for each row that is returned rather than for each row that is sorted, and the document of a view is built once a
 * row however many of its keys are selected.
 */
#ifndef FQL_SQLGEN_INTERNAL_H
#define FQL_SQLGEN_INTERNAL_H

#include "sqlgen.h"

#define FQL_ALIAS_SIZE 16

typedef struct FqlSqlGen
{
	FqlSql	   *sql;
	FqlArena   *arena;
	FqlDiagnostics *diagnostics;
	const FqlSelectedField *field;	/* whose SQL is being written: where a diagnostic points */
	FqlResult  *result;			/* of the mutation whose selection is being written; NULL: a query's */
	int			alias_count;
	bool		failed;			/* a diagnostic was added; the text is worthless from then on */
} FqlSqlGen;

/* The rows that an object's fields are read from: a subquery (columns c1, c2, ...) or one document (column d). */
typedef struct FqlRowSource
{
	const FqlRelation *relation;	/* NULL: an object within a document */
	char		alias[FQL_ALIAS_SIZE];
	Bitmapset  *columns;		/* attribute numbers that were asked for, so what the subquery must return */
	bool		is_result;		/* the rows are what a function returned */
} FqlRowSource;

/* What filters and sort keys are written against: a relation under its own column names, or a document. */
typedef struct FqlBase
{
	const FqlRelation *relation;	/* NULL: an object within a document */
	const char *alias;			/* of the relation, or of the owner */
	const char *document;		/* jsonb expression that DATA_* fields are keys of; NULL: none */
	const FqlRelation *owner;	/* of an object within a document: the relation whose document that is */
	const FqlNativeMember *members; /* likewise: columns of the owner that hold keys of the object */
} FqlBase;

/* A field as an operand of SQL operators. */
typedef struct FqlOperand
{
	const char *sql;
	Oid			type;			/* decides the operators and the type of parameters */
	bool		document_id;	/* an ID within a document: text, UUIDs in whatever case they were stored */
	const char *column;			/* the column that sql prints, to be compared with for equality; NULL: none */
	Oid			column_type;
} FqlOperand;

/* sqlgen.c */
extern void fql_gen_diagnose(FqlSqlGen *gen, FqlErrorCode code, FqlLocation location, const char *format,...)
			pg_attribute_printf(4, 5);
extern FqlStr fql_gen_excerpt(FqlStr text);
extern void fql_gen_relation_gone(FqlSqlGen *gen);
extern void fql_gen_alias(FqlSqlGen *gen, char *alias);
extern int	fql_gen_parameter(FqlSqlGen *gen, Oid type, FqlStr text);
extern int	fql_gen_array_parameter(FqlSqlGen *gen, Oid element_type, FqlStr *items, uint32_t count);
extern void fql_gen_object(FqlSqlGen *gen, FqlRowSource *source, const FqlSelectedField *selections, uint32_t count);
extern const char *fql_gen_column(FqlRowSource *source, AttrNumber column);
extern void fql_gen_leaf(FqlSqlGen *gen, const char *sql, const FqlType *type, Oid base, bool is_array,
						 const char *otherwise);

/* sqlgen_rows.c */
extern void fql_gen_row(FqlSqlGen *gen, FqlRowSource *outer, const FqlSelectedField *selected);
extern void fql_gen_list(FqlSqlGen *gen, FqlRowSource *outer, const FqlSelectedField *selected);
extern void fql_gen_join(FqlSqlGen *gen, const FqlFieldBinding *binding, const char **local, const char *remote_alias);

extern bool fql_gen_reads_document(const FqlRowSource *source);
extern void fql_gen_detoasted(FqlSqlGen *gen, const FqlRowSource *source);
extern void fql_gen_row_with_key(FqlSqlGen *gen, const FqlSelectedField *selected, const FqlInput *value);

/* sqlgen_result.c */
extern void fql_gen_entity(FqlSqlGen *gen, const FqlSelectedField *selected);
extern void fql_gen_records(FqlSqlGen *gen, const FqlSelectedField *selected);

/* sqlgen_value.c */
extern void fql_gen_slot(FqlSqlGen *gen, const FqlSlot *slot, const FqlInput *value);

/* sqlgen_where.c */
extern bool fql_gen_has_offset(FqlStr text);
extern void fql_gen_where(FqlSqlGen *gen, const FqlBase *base, const FqlInput *where);
extern void fql_gen_key(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, const FqlInput *value);

/* sqlgen_operand.c */
extern bool fql_gen_operand(FqlSqlGen *gen, const FqlBase *base, const FqlField *field, FqlOperand *operand);

/* sqlgen_order.c */
extern void fql_gen_order(FqlSqlGen *gen, const FqlBase *base, const FqlInput *order_by);

/* sqlgen_names.c */
extern bool fql_name_relation(StringInfo out, Oid relid);
extern bool fql_name_column(StringInfo out, const char *alias, Oid relid, AttrNumber column);
extern bool fql_name_operator(StringInfo out, Oid operator);
extern Oid	fql_comparison_operator(Oid type, FqlOperator op);
extern Oid	fql_parameter_type(Oid column_type);
extern Oid	fql_column_base_type(Oid relid, AttrNumber column);
extern char *fql_text_literal(const char *text);

#endif							/* FQL_SQLGEN_INTERNAL_H */
