/*
 * silent.c
 *    Another extension that changes definitions without a command, from C.
 *
 * A module of its own, built by test/run.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(make_child);
PG_FUNCTION_INFO_V1(make_empty);
PG_FUNCTION_INFO_V1(rename_relation);
PG_FUNCTION_INFO_V1(drop_relation);

static void
make_table(char *schema, text *name, List *parents)
{
	CreateStmt *create = makeNode(CreateStmt);

	create->relation = makeRangeVar(schema, text_to_cstring(name), -1);
	create->inhRelations = parents;
	create->oncommit = ONCOMMIT_NOOP;
	(void) DefineRelation(create, RELKIND_RELATION, GetUserId(), NULL, NULL);
	CommandCounterIncrement();
}

/* make_child(parent regclass, name text): a table that inherits, in the parent's schema. */
PGDLLEXPORT Datum
make_child(PG_FUNCTION_ARGS)
{
	Oid			parent = PG_GETARG_OID(0);
	char	   *schema = get_namespace_name(get_rel_namespace(parent));

	make_table(schema, PG_GETARG_TEXT_PP(1), list_make1(makeRangeVar(schema, get_rel_name(parent), -1)));
	PG_RETURN_VOID();
}

/* make_empty(schema text, name text): a table without columns. */
PGDLLEXPORT Datum
make_empty(PG_FUNCTION_ARGS)
{
	make_table(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_TEXT_PP(1), NIL);
	PG_RETURN_VOID();
}

/* rename_relation(relation regclass, name text) */
PGDLLEXPORT Datum
rename_relation(PG_FUNCTION_ARGS)
{
	RenameRelationInternal(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)), false, false);
	PG_RETURN_VOID();
}

/* drop_relation(relation regclass), with what depends on it. */
PGDLLEXPORT Datum
drop_relation(PG_FUNCTION_ARGS)
{
	ObjectAddress relation;

	ObjectAddressSet(relation, RelationRelationId, PG_GETARG_OID(0));
	performDeletion(&relation, DROP_CASCADE, 0);
	PG_RETURN_VOID();
}
