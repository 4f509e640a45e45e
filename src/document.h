/*
 * document.h
 *    The shape of a read model's data, as its view's definition tells it.
 */
#ifndef FQL_DOCUMENT_H
#define FQL_DOCUMENT_H

#include "postgres.h"

#include "access/attnum.h"
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

/* An output column of a view that holds the value of a key of its document, as text or typed. */
typedef struct FqlDocumentColumn
{
	const char *object;			/* NULL: a key of the document; else the key of the object that it is a key of */
	const char *key;
	AttrNumber	number;
} FqlDocumentColumn;

/* Of FqlDocumentColumn: what is proved of the document that is this output column.  Each key once. */
extern List *fql_document_columns(Oid view, AttrNumber document);

/* The key that an argument of jsonb_build_object() gives; NULL: it is no constant. */
extern const char *fql_document_key(Node *argument);

/* The shape of the column data of such a view; never NULL, and at the top never a REFERENCE. */
extern FqlShape *fql_document_shape(Oid view);

#endif							/* FQL_DOCUMENT_H */
