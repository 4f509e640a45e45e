/*
 * printer.h
 *    AST to text: one canonical compact form.  parse(print(x)) gives the same AST, locations and descriptions apart.
 */
#ifndef FQL_PRINTER_H
#define FQL_PRINTER_H

#include "ast.h"

extern FqlStr fql_print_document(const FqlDocument *document, FqlArena *arena);
extern void fql_print_value(const FqlValue *value, FqlBuffer *buffer);

/* The pieces that printing and normalizing share. */
extern void fql_print_operation(const FqlOperation *operation, FqlBuffer *buffer);
extern void fql_print_fragment(const FqlFragment *fragment, FqlBuffer *buffer);

#endif							/* FQL_PRINTER_H */
