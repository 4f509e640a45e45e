/*
 * html.h
 *    Text for a page of HTML: escaped, and in ASCII.
 */
#ifndef FQL_HTML_H
#define FQL_HTML_H

#include "postgres.h"

#include "lib/stringinfo.h"

/* Append text of this database, whatever it holds, as text of an element or a value in quotes. */
extern void fql_html_append(StringInfo out, const char *text);

/* At most so many characters of it, the last one a mark where there are more. */
extern void fql_html_append_cut(StringInfo out, const char *text, int most);

/* How many characters fql_html_append() would make of it. */
extern int	fql_html_length(const char *text);

#endif							/* FQL_HTML_H */
