/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a handle keeps from call to call, and how a call gets hold of the
 * registry with the lock taken and enforcement proved.
 */
#ifndef SDAX_HANDLE_H
#define SDAX_HANDLE_H

#include <time.h>

#include "events.h"
#include "inspect.h"
#include "lock.h"
#include "recent.h"
#include "staticdax.h"
#include "store.h"

struct staticdax {
	int verbose;
	staticdax_log_fn log;
	void *log_arg;
	staticdax_progress_fn progress;
	void *progress_arg;
	int patience;		/* ms for the lock, or negative */
	struct sdax_inspect *inspect;
	__u32 proved_registry;	/* id of the registry the canary was run on */
	time_t proved_at;	/* CLOCK_MONOTONIC, seconds */
	struct sdax_store kept;	/* the registry as the last call had it */
	time_t kept_at;		/* when it was opened */
	struct sdax_recent recent;
	struct sdax_events *events;
	unsigned int mended;	/* pins put back by this call */
	unsigned int ended;	/* seals found to be on no filesystem any more */
	char *path;		/* of the last seal handed out */
	char comm[16];
};

/* Sets result and returns its error, so that a failure is one statement. */
int sdax_fail(struct staticdax_result *result, enum staticdax_reason reason,
	      int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void sdax_log(struct staticdax *sd, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* So many bytes of so many are done. */
void sdax_progress(struct staticdax *sd, uint64_t done, uint64_t total);

/* The lock of lock.h, with its failure in result. */
int sdax_handle_lock(const struct staticdax *sd, int *ret_fd,
		     struct staticdax_result *result);

/* Loads the iterators if they are not yet. */
int sdax_handle_inspect(struct staticdax *sd, struct staticdax_result *result);

/* What the kernel calls an open file. */
int sdax_handle_identify(struct staticdax *sd, int fd,
			 struct sdax_identity *ret,
			 struct staticdax_result *result);

/*
 * The registry with its programs attached and proved; attaches or repairs
 * where needed. Needs the lock. On failure nothing is attached that was not.
 * room is how many records a new registry is for and an old one has to have, 0
 * for the default and whatever it has.
 */
int sdax_handle_enforce(struct staticdax *sd, uint32_t room,
			struct sdax_store *ret_store,
			struct staticdax_result *result);

/* The registry as it is, cleaned of leftovers; ENOENT if there is none. */
int sdax_handle_registry(struct staticdax *sd, struct sdax_store *ret_store,
			 bool *ret_swept, struct staticdax_result *result);

/*
 * This library's programs in place of those that are attached, then proved.
 * Later ones stay unless forced.
 */
int sdax_handle_replace(struct staticdax *sd, struct sdax_store *store,
			bool force, struct staticdax_result *result);

/* Detaches if nothing is sealed any more; closes the store, or keeps it. */
void sdax_handle_release(struct staticdax *sd, struct sdax_store *store);

/* Has the canary held within the last second? Needs no lock. */
bool sdax_handle_is_proved(struct staticdax *sd);

/* The same by the clock alone, for those who are told under the lock. */
bool sdax_handle_was_proved(const struct staticdax *sd);

/* Runs the canary, unless it has held within the last second. */
int sdax_handle_prove_lately(struct staticdax *sd, struct sdax_store *store,
			     struct staticdax_result *result);

/*
 * Fails if the programs would not have looked at this entry in force, whose file the
 * caller has open; they do again then. The caller holds the lock.
 */
int sdax_handle_reach(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *entry,
		      struct staticdax_result *result);

/*
 * Marks the filesystem with this number, before a file on it is sealed. The caller holds
 * the lock.
 */
int sdax_handle_mark(struct staticdax *sd, struct sdax_store *store, __u32 dev,
		     struct staticdax_result *result);

/*
 * Ends the seals on filesystems that were unmounted while the programs were off, as
 * far as that can be told; under guard none. What could not is an error when it is
 * proved. The caller holds the lock.
 */
void sdax_handle_find_unmounted(struct staticdax *sd, struct sdax_store *store);

/* The same, and those of files that were deleted, as far as the filesystems tell. */
void sdax_handle_find_gone(struct staticdax *sd, struct sdax_store *store);

/*
 * What was not proved, or an empty string. Runs the canary, then ends the seals on
 * filesystems that are not there; those that cannot be ended, or not be told, are none
 * that is proved.
 */
int sdax_handle_prove(struct staticdax *sd, struct sdax_store *store,
		      struct staticdax_status *status,
		      struct staticdax_result *result);

#endif
