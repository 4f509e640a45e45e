/*
 * shmem.h
 *    Shared memory: asked for and set up while preloading; absent otherwise.
 */
#ifndef FQL_SHMEM_H
#define FQL_SHMEM_H

#include "postgres.h"

/* Is there shared memory of ours?  False without shared_preload_libraries. */
extern bool fql_shmem_is_there(void);

/* Register the hooks that ask for memory and set it up; only while preloading. */
extern void fql_shmem_init(void);

#endif							/* FQL_SHMEM_H */
