/*
 * shmem.c
 *    Shared memory: asked for and set up while preloading; absent otherwise.
 *
 * Each module owns its part: it says how large it is and initializes it.  After a crash the postmaster makes shared
 * memory anew and this runs again, so a restart always begins with an empty cache.
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "audit.h"
#include "coalesce.h"
#include "guc.h"
#include "health.h"
#include "operations.h"
#include "owners.h"
#include "prepared.h"
#include "progress.h"
#include "queue.h"
#include "samples.h"
#include "shmem.h"
#include "stats.h"
#include "store.h"
#include "words.h"

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;
static bool is_there = false;

bool
fql_shmem_is_there(void)
{
	return is_there;
}

/* Where the machine has not as much, the server will not start, and its own message knows only its own settings. */
static void
warn_of_size(Size size)
{
	long		pages = sysconf(_SC_PHYS_PAGES);
	long		page_size = sysconf(_SC_PAGESIZE);

	if (pages > 0 && page_size > 0 && size / page_size > (Size) pages)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("fraiseql asks for more shared memory than this machine has memory"),
				 errdetail("fraiseql.cache_size is %d MB, fraiseql.tag_table_size is %d MB.",
						   fql_cache_size, fql_tag_table_size)));
}

static void
shmem_request(void)
{
	Size		size = add_size(fql_words_shmem_size(), fql_store_shmem_size());

	if (previous_request_hook != NULL)
		previous_request_hook();
	warn_of_size(size);
	RequestAddinShmemSpace(size);
	RequestAddinShmemSpace(fql_owners_shmem_size());
	RequestAddinShmemSpace(fql_prepared_shmem_size());
	RequestAddinShmemSpace(fql_stats_shmem_size());
	RequestAddinShmemSpace(fql_queue_shmem_size());
	RequestAddinShmemSpace(fql_audit_shmem_size());
	RequestAddinShmemSpace(fql_progress_shmem_size());
	RequestAddinShmemSpace(fql_coalesce_shmem_size());
	RequestAddinShmemSpace(fql_samples_shmem_size());
	RequestAddinShmemSpace(fql_health_shmem_size());
	RequestAddinShmemSpace(fql_operations_shmem_size());
	RequestNamedLWLockTranche("fraiseql_store", 1);
	RequestNamedLWLockTranche("fraiseql_stats", 1);
	RequestNamedLWLockTranche("fraiseql_audit", 1);
	RequestNamedLWLockTranche("fraiseql_coalesce", 1);
	RequestNamedLWLockTranche("fraiseql_health", 1);
	RequestNamedLWLockTranche("fraiseql_samples", 1);
	RequestNamedLWLockTranche("fraiseql_operations", 1);
}

/* A seed that nobody outside the server can guess. */
static uint64
secret_seed(void)
{
	uint64		seed;

	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(FATAL,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random seed for fraiseql")));
	return seed;
}

static void
shmem_startup(void)
{
	bool		found;
	void	   *memory;

	if (previous_startup_hook != NULL)
		previous_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	memory = ShmemInitStruct("fraiseql words", fql_words_shmem_size(), &found);
	fql_words_shmem_init(found, memory, secret_seed());
	memory = ShmemInitStruct("fraiseql fences", fql_owners_shmem_size(), &found);
	fql_owners_shmem_init(found, memory);
	memory = ShmemInitStruct("fraiseql prepared transactions", fql_prepared_shmem_size(), &found);
	fql_prepared_shmem_init(found, memory);
	memory = ShmemInitStruct("fraiseql counters", fql_stats_shmem_size(), &found);
	fql_stats_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_stats")->lock);
	memory = ShmemInitStruct("fraiseql cache", fql_store_shmem_size(), &found);
	fql_store_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_store")->lock, secret_seed());
	memory = ShmemInitStruct("fraiseql queue", fql_queue_shmem_size(), &found);
	fql_queue_shmem_init(found, memory);
	memory = ShmemInitStruct("fraiseql audit", fql_audit_shmem_size(), &found);
	fql_audit_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_audit")->lock);
	memory = ShmemInitStruct("fraiseql progress", fql_progress_shmem_size(), &found);
	fql_progress_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_audit")->lock);
	memory = ShmemInitStruct("fraiseql herds", fql_coalesce_shmem_size(), &found);
	fql_coalesce_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_coalesce")->lock);
	memory = ShmemInitStruct("fraiseql samples", fql_samples_shmem_size(), &found);
	fql_samples_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_samples")->lock);
	memory = ShmemInitStruct("fraiseql health", fql_health_shmem_size(), &found);
	fql_health_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_health")->lock);
	memory = ShmemInitStruct("fraiseql operations", fql_operations_shmem_size(), &found);
	fql_operations_shmem_init(found, memory, &GetNamedLWLockTranche("fraiseql_operations")->lock);
	LWLockRelease(AddinShmemInitLock);
	is_there = true;
}

void
fql_shmem_init(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = shmem_request;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = shmem_startup;
}
