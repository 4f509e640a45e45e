/*
 * zipf.h
 *    Numbers by Zipf's law.
 */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

typedef struct Zipf
{
	int			count;
	double	   *below;			/* the sum of the shares up to each rank */
} Zipf;

extern void zipf_create(Zipf *zipf, int count, double exponent);
extern int	zipf_rank(const Zipf *zipf, int ranks);
extern int	zipf_draw(const Zipf *zipf, int ranks);

#endif							/* BENCH_ZIPF_H */
