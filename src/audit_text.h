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

/* A record as a row: the columns of fraiseql.audit_recent. */
#define FQL_AUDIT_COLUMNS 16

extern void fql_audit_row(const FqlAuditRecord *record, const char *details, FqlEntityNames *names, Datum *values,
						  bool *nulls);

/*
 * Append what NOTIFY says of a record of this database, at most limit bytes: entities are left out where there is no
 * room.  A record without a transaction says that cascades are not known.
 */
extern void fql_audit_append_notification(StringInfo out, const FqlAuditRecord *record, const char *details,
										  FqlEntityNames *names, int limit);

#endif							/* FQL_AUDIT_TEXT_H */
