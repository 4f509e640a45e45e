/*
 * document.h
 *    The shape of a read model's data, as its view's definition tells it.
 */
#ifndef FQL_DOCUMENT_H
#define FQL_DOCUMENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum FqlShapeKind
{
	FQL_SHAPE_JSON,				/* JSON of which nothing is known */
	FQL_SHAPE_SCALAR,			/* a value of an SQL type */
	FQL_SHAPE_OBJECT,			/* members */
	FQL_SHAPE_LIST,				/* of */
	FQL_SHAPE_REFERENCE			/* the column data of a relation */
} FqlShapeKind;

typedef struct FqlShape
{
	FqlShapeKind kind;
	Oid			type;			/* SCALAR */
	List	   *members;		/* OBJECT: of FqlShapeMember, in order */
	struct FqlShape *of;		/* LIST */
	Oid			relid;			/* REFERENCE */
} FqlShape;

typedef struct FqlShapeMember
{
	const char *key;
	FqlShape   *shape;
} FqlShapeMember;

/* The name of a read model's document column. */
#define FQL_DOCUMENT_COLUMN "data"

/*
 * The view whose definition tells what data holds: the relation itself, or for a table tv_x the view v_x beside it.
 * InvalidOid: there is none.
 */
extern Oid	fql_document_definition(Oid relid);

/* The shape of the column data of such a view; never NULL, and at the top never a REFERENCE. */
extern FqlShape *fql_document_shape(Oid view);

#endif							/* FQL_DOCUMENT_H */
