/*
 * processor.c
 *    What the machine's processors have been doing.
 */
#include "processor.h"

#include "load.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

Processors
processors_read(void)
{
	Processors	read = {0};
	FILE	   *file = fopen("/proc/stat", "r");
	double		times[8];

	if (file == NULL)
		return read;
	if (fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &times[0], &times[1], &times[2], &times[3], &times[4],
			   &times[5], &times[6], &times[7]) == 8)
		for (int i = 0; i < 8; i++)
		{
			read.all += times[i];
			read.busy += i == 3 || i == 4 ? 0 : times[i];	/* idle, and waiting for disks */
			read.stolen += i == 7 ? times[i] : 0;
		}
	fclose(file);
	return read;
}

/* Seconds that this process has had of them. */
double
processor_self(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/*
 * A process's parent, what it has had of the processors itself, and what its children that have ended had, in ticks.
 * False if there is none.
 */
static bool
read_process(int pid, int *parent, double *own, double *ended)
{
	char		path[50];
	char		line[1024];
	char	   *place;
	double		times[4];
	FILE	   *file;
	bool		is_read;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	is_read = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	/* the name, in parentheses, may contain anything */
	place = is_read ? strrchr(line, ')') : NULL;
	if (place == NULL || sscanf(place + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf %lf %lf", parent,
								&times[0], &times[1], &times[2], &times[3]) != 5)
		return false;
	*own = times[0] + times[1];
	*ended = times[2] + times[3];
	return true;
}

/* Seconds that all processes of a server have had, and those that have ended; the server is that of this process. */
double
processor_server(int backend)
{
	DIR		   *directory = opendir("/proc");
	struct dirent *entry;
	double		own, ended, sum;
	int			postmaster, parent;

	if (directory == NULL || !read_process(backend, &postmaster, &own, &ended) ||
		!read_process(postmaster, &parent, &own, &ended))
		die("the server's processes cannot be seen");
	sum = own + ended;
	while ((entry = readdir(directory)) != NULL)
		if (isdigit(entry->d_name[0]) && read_process(atoi(entry->d_name), &parent, &own, &ended) &&
			parent == postmaster)
			sum += own;
	closedir(directory);
	return sum / sysconf(_SC_CLK_TCK);
}
