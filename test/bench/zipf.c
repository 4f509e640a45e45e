/*
 * zipf.c
 *    Numbers by Zipf's law.
 */
#include "zipf.h"

#include "load.h"

#include <math.h>
#include <stdlib.h>

/* The popular numbers are spread among the others by multiples of this prime. */
#define SPREAD INT64_C(7919)

void
zipf_create(Zipf *zipf, int count, double exponent)
{
	double		sum = 0;

	zipf->count = count;
	zipf->below = malloc(count * sizeof(double));
	if (zipf->below == NULL)
		die("no memory for %d ranks", count);
	if (count % SPREAD == 0)
		die("%d numbers cannot be spread", count);
	for (int i = 0; i < count; i++)
		zipf->below[i] = sum += 1 / pow(i + 1, exponent);
}

/* One of the first so many ranks, from 0. */
int
zipf_rank(const Zipf *zipf, int ranks)
{
	double		at = random_share() * zipf->below[ranks - 1];
	int			low = 0;
	int			high = ranks - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (zipf->below[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One of the most popular so many, from 1 to the count. */
int
zipf_draw(const Zipf *zipf, int ranks)
{
	return 1 + (int) (zipf_rank(zipf, ranks) * SPREAD % zipf->count);
}
