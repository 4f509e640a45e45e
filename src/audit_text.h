/*
 * audit_text.h
 *    An audit record's details in words: the types of its entities, the keys of the entries.
 */
#ifndef FQL_AUDIT_TEXT_H
#define FQL_AUDIT_TEXT_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "audit.h"

/* What names the types of this database's rows; made once for many records.  Pinned until it is released. */
typedef struct FqlEntityNames FqlEntityNames;

extern FqlEntityNames *fql_entity_names_begin(void);
extern void fql_entity_names_end(FqlEntityNames *names);

/*
 * Append [{"type": "User", "id": "7", "operation": "UPDATED"}, ...]; of rows that are no exposed type's objects, or of
 * another database's, {"relation": ...} in place of the type.
 */
extern void fql_audit_append_entities(StringInfo out, const FqlAuditRecord *record, const char *details,
									  FqlEntityNames *names);

#endif							/* FQL_AUDIT_TEXT_H */
