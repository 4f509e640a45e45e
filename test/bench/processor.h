/*
 * processor.h
 *    What the machine's processors have been doing.
 */
#ifndef BENCH_PROCESSOR_H
#define BENCH_PROCESSOR_H

/* Of all processors together, in hundredths of a second. */
typedef struct Processors
{
	double		busy;
	double		stolen;			/* by other virtual machines */
	double		all;
} Processors;

extern Processors processors_read(void);
extern double processor_self(void);
extern double processor_server(int backend);

#endif							/* BENCH_PROCESSOR_H */
