/*
 * names.h
 *    Names as clients see them in messages: the closest name to a misspelt one, and names that occur twice.
 */
#ifndef FQL_NAMES_H
#define FQL_NAMES_H

#include "typesystem.h"

/* " Did you mean \"x\"?" for a field that the object type lacks, or "". */
extern FqlStr fql_suggest_field(const FqlType *type, FqlStr name, FqlDiagnostics *diagnostics);

/* The same for an argument or input field; aliases are not suggested. */
extern FqlStr fql_suggest_input(const FqlInputField *fields, uint32_t count, FqlStr name, FqlDiagnostics *diagnostics);

/* The same for an enum value. */
extern FqlStr fql_suggest_enum_value(const FqlType *type, FqlStr name, FqlDiagnostics *diagnostics);

/* A name at its place. */
typedef struct FqlNamedPlace
{
	FqlStr		name;
	FqlLocation location;
	uint32_t	ordinal;
} FqlNamedPlace;

/*
 * Add a diagnostic for each name that an earlier place has too, at both places; "what" says what is named so.  Sorts
 * the places by name and ordinal.
 */
extern void fql_report_duplicates(FqlNamedPlace *places, uint32_t count, const char *what,
								  FqlDiagnostics *diagnostics);

#endif							/* FQL_NAMES_H */
