/*
 * versions.h
 *    Which versions of rows are known to be committed since when, and which may be.
 */
#ifndef BENCH_VERSIONS_H
#define BENCH_VERSIONS_H

#include <stdbool.h>

/* What is known of the rows of a table, by their ids. */
typedef struct Rows
{
	int			room;			/* ids are below it */
	int		   *latest;			/* the place of the latest news, or -1 */
	int		   *written;		/* the last version that there can be */
} Rows;

extern void rows_begin(Rows *rows, int id, int version);
extern void rows_expect(Rows *rows, int id);
extern void rows_learn(Rows *rows, int id, int version, double at);
extern int	rows_known(const Rows *rows, int id, double at);
extern int	rows_last(const Rows *rows, int id);

#endif							/* BENCH_VERSIONS_H */
