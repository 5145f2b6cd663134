// SPDX-License-Identifier: LGPL-2.1-or-later
/* The registry for a call: locked, attached, proved, and let go again. */
#define _GNU_SOURCE
#include "handle.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "canary.h"
#include "engine.h"
#include "gone.h"
#include "lock.h"
#include "roots.h"
#include "util.h"
#include "words.h"

int sdax_fail(struct staticdax_result *result, enum staticdax_reason reason,
	      int error, const char *format, ...)
{
	va_list ap;

	result->reason = reason;
	result->error = error ?: -sdax_reason_errno(reason);
	va_start(ap, format);
	vsnprintf(result->detail, sizeof(result->detail), format, ap);
	va_end(ap);
	return result->error;
}

void sdax_log(struct staticdax *sd, int level, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (!sd->log || level > sd->verbose)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	sd->log(sd->log_arg, level, line);
}

void sdax_progress(struct staticdax *sd, uint64_t done, uint64_t total)
{
	if (sd->progress)
		sd->progress(sd->progress_arg, done, total);
}

int sdax_handle_lock(const struct staticdax *sd, int *ret_fd,
		     struct staticdax_result *result)
{
	int r;

	r = sdax_lock_take(sd->patience, ret_fd);
	if (r == -EAGAIN)
		return sdax_fail(result, STATICDAX_BUSY, 0, "%s", "");
	if (r == -EACCES || r == -EPERM)
		return sdax_fail(result, STATICDAX_NO_PRIVILEGE, 0, "%s", "");
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r, "locking %s",
				 SDAX_RUN_DIR);
	return 0;
}

int sdax_handle_inspect(struct staticdax *sd, struct staticdax_result *result)
{
	int r;

	if (sd->inspect)
		return 0;
	r = sdax_inspect_new(&sd->inspect);
	if (r == -EPERM)
		return sdax_fail(result, STATICDAX_NO_PRIVILEGE, 0, "%s", "");
	if (r == -EOPNOTSUPP)
		return sdax_fail(result, STATICDAX_NO_BPF_LSM, 0,
				 "its BPF iterators do not load");
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "loading the iterators");
	return 0;
}

int sdax_handle_identify(struct staticdax *sd, int fd,
			 struct sdax_identity *ret,
			 struct staticdax_result *result)
{
	int r;

	r = sdax_handle_inspect(sd, result);
	if (r < 0)
		return r;
	r = sdax_inspect_identity(sd->inspect, fd, ret);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "asking the kernel for the file's identity");
	return 0;
}

static int registry_failed(int r, struct staticdax_result *result)
{
	if (r == -EPROTO)
		return sdax_fail(result, STATICDAX_PINS_VERSION, 0, "%s",
				 SDAX_PIN_DIR);
	if (r == -EPERM || r == -EACCES)
		return sdax_fail(result, STATICDAX_NO_PRIVILEGE, 0, "%s", "");
	if (r == -EBADFD)
		return sdax_fail(result, STATICDAX_PINS_BROKEN, 0,
				 "a map is not pinned, and no program has it");
	return sdax_fail(result, STATICDAX_SYSTEM, r, "%s", SDAX_PIN_DIR);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool is_kept(const struct staticdax *sd)
{
	return sd->kept.sealed >= 0 && seconds() - sd->kept_at <= 1;
}

/*
 * Mapping the filter is the dearest part of a seal, so many files in one go share
 * it, if the registry is still the one that is pinned. As long as a proof is good:
 * then all pins are looked at again.
 */
static int open_registry(struct staticdax *sd, struct sdax_store *ret_store)
{
	bool lately = is_kept(sd);
	_cleanup_(sdax_store_close) struct sdax_store kept = sd->kept;

	sd->kept = (struct sdax_store)SDAX_STORE_NONE;
	if (lately && sdax_store_is_pinned(&kept)) {
		*ret_store = kept;
		kept = (struct sdax_store)SDAX_STORE_NONE;
		return 0;
	}
	sd->kept_at = seconds();
	return sdax_store_open(true, ret_store);
}

/* The registry with pins that somebody removed put back. */
static int open_mended(struct staticdax *sd, struct sdax_store *ret_store)
{
	unsigned int mended;
	int r;

	r = open_registry(sd, ret_store);
	if (r != -EBADFD)
		return r;
	r = sdax_engine_mend(&mended);
	if (r < 0)
		return r;
	sd->mended += mended;
	sdax_log(sd, 1, "pinned maps again whose pins were removed");
	return sdax_store_open(true, ret_store);
}

static int open_clean(struct staticdax *sd, struct sdax_store *ret_store,
		      bool *ret_swept, struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	int r;

	r = open_mended(sd, &store);
	if (r == -ENOENT && sdax_engine_lost())
		return sdax_fail(result, STATICDAX_PINS_GONE, 0, "%s",
				 SDAX_PIN_DIR);
	if (r == -ENOENT)
		return r;
	if (!r)
		r = sdax_store_sweep(&store, ret_swept);
	if (r < 0)
		return registry_failed(r, result);
	*ret_store = store;
	store = (struct sdax_store)SDAX_STORE_NONE;
	if (*ret_swept)
		sdax_log(sd, 1, "removed what a run that died had left");
	return 0;
}

int sdax_handle_registry(struct staticdax *sd, struct sdax_store *ret_store,
			 bool *ret_swept, struct staticdax_result *result)
{
	int r;

	*ret_swept = false;
	if (!is_kept(sd))
		sdax_engine_sweep();
	r = open_clean(sd, ret_store, ret_swept, result);
	if (r == -ENOENT && !result->reason)
		sdax_engine_detach(false);
	return r;
}

/* The status lists hooks, not programs: copies of one hook count together. */
static void note_hook(struct staticdax_status *status,
		      const struct sdax_program *p, bool proved)
{
	struct staticdax_hook *hook = status->hooks;
	size_t n = status->hooks_count;

	while (n && strcmp(hook->name, p->hook)) {
		hook++;
		n--;
	}
	if (!n) {
		if (status->hooks_count == STATICDAX_HOOKS)
			return;
		hook = status->hooks + status->hooks_count++;
		snprintf(hook->name, sizeof(hook->name), "%.*s",
			 (int)sizeof(hook->name) - 1, p->hook);
	}
	if (p->wanted) {
		hook->attached = (!hook->wanted || hook->attached) &&
				 p->attached;
		hook->wanted = true;
	}
	hook->proved |= proved;
	hook->provable |= p->wanted && p->proof != SDAX_HOOK_MAX_;
}

static int programs(struct sdax_program *list, size_t *n, bool *ret_complete,
		    struct staticdax_result *result)
{
	int r;

	r = sdax_engine_programs(list, n);
	if (r == -EOPNOTSUPP)
		return sdax_fail(result, STATICDAX_NO_BPF_LSM, 0,
				 "no type information of the kernel");
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "reading the kernel's types");
	*ret_complete = true;
	for (size_t i = 0; i < *n; i++)
		if (list[i].wanted && !list[i].attached)
			*ret_complete = false;
	return 0;
}

static bool is_proved(const struct sdax_program *p, __u64 proved)
{
	return p->wanted && p->attached && p->proof != SDAX_HOOK_MAX_ &&
	       proved >> p->proof & 1;
}

/* An older command must not put its own programs in place of newer ones. */
static bool newer_in_force(const struct sdax_store *store)
{
	return store->sealed >= 0 && store->control->programs > SDAX_PROGRAMS;
}

/* Under guard older programs stay, as long as none is missing. */
static bool wants_attaching(const struct sdax_store *store, bool complete)
{
	if (store->sealed < 0)
		return true;
	if (newer_in_force(store))
		return false;
	return !complete || (store->control->programs < SDAX_PROGRAMS &&
			     !sdax_store_guarded(store));
}

/* The canary has bits and counts of its own, so that it holds says nothing of others'. */
int sdax_handle_reach(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *entry,
		      struct staticdax_result *result)
{
	const char *wrong = NULL;
	int r;

	if (sdax_store_guarded(store) || sdax_store_reaches(store, key, entry))
		return 0;
	r = sdax_store_recount(store, &wrong);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "comparing the maps");
	if (!wrong)
		return 0;
	return sdax_fail(result, STATICDAX_TAMPERED, 0,
			 "%s contradicted the seals, and was put right", wrong);
}

/* Under guard nobody ends a seal by saying so. */
static int tell_unmounted(const struct sdax_store *store,
			  const struct sdax_key *key, size_t count,
			  struct staticdax_result *result)
{
	_cleanup_free_ char *path = NULL;

	if (sdax_store_path(store, key, &path) < 0)
		path = NULL;
	return sdax_fail(result, STATICDAX_UNSEEN, 0, "%.100s%s", path ?: "?",
			 count > 1 ? " and others" : "");
}

static int find_unmounted(struct staticdax *sd, struct sdax_store *store,
			  struct staticdax_result *result)
{
	struct sdax_key first;
	size_t count;
	int r;

	if (!sdax_store_in_use(store))
		return 0;
	r = sdax_gone_unmounted(store, &first, &count);
	if (count && sdax_store_guarded(store))
		return tell_unmounted(store, &first, count, result);
	sd->ended += count;
	return r < 0 ? sdax_fail(result, STATICDAX_SYSTEM, r,
				 "finding out which filesystems were unmounted meanwhile") :
		       0;
}

/*
 * Where the programs have been off since they were proved, the marks that there are
 * may be of superblocks that are gone: then their seals end before a new one is made.
 */
int sdax_handle_mark(struct staticdax *sd, struct sdax_store *store, __u32 dev,
		     struct staticdax_result *result)
{
	int r = sdax_roots_ask(dev);

	if (!r) {
		r = find_unmounted(sd, store, result);
		if (r < 0)
			return r;
		r = sdax_roots_mark(dev);
	}
	return r < 0 ? sdax_fail(result, STATICDAX_SYSTEM, r,
				 "marking its filesystem") : 0;
}

void sdax_handle_find_unmounted(struct staticdax *sd, struct sdax_store *store)
{
	struct staticdax_result ignored = STATICDAX_INIT(staticdax_result);

	find_unmounted(sd, store, &ignored);
}

void sdax_handle_find_gone(struct staticdax *sd, struct sdax_store *store)
{
	int r;

	if (sdax_store_guarded(store))
		return;
	sdax_handle_find_unmounted(sd, store);
	r = sdax_gone_sweep(store);
	if (r < 0)
		sdax_log(sd, 0, "cannot tell which sealed files were deleted meanwhile");
}

int sdax_handle_prove(struct staticdax *sd, struct sdax_store *store,
		      struct staticdax_status *status,
		      struct staticdax_result *result)
{
	struct sdax_program list[SDAX_PROGRAMS_MAX];
	const char *missing = NULL, *unreached = NULL;
	char detail[120];
	__u64 proved = 0;
	bool complete;
	size_t n;
	int r;

	r = sdax_handle_inspect(sd, result);
	if (!r)
		r = programs(list, &n, &complete, result);
	if (r < 0)
		return r;
	r = sdax_canary_run(store, sd->inspect, &proved, detail,
			    sizeof(detail));
	if (r == -E2BIG)
		return sdax_fail(result, STATICDAX_REGISTRY_FULL, 0,
				 "nor for the canary, without which nothing is proved");
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "running the canary");
	for (size_t i = 0; i < n; i++) {
		bool ok = is_proved(list + i, proved);

		if (status)
			note_hook(status, list + i, ok);
		if (list[i].wanted && !list[i].attached)
			missing = missing ?: list[i].pin;
		if (list[i].wanted && list[i].proof != SDAX_HOOK_MAX_ && !ok)
			unreached = unreached ?: list[i].pin;
	}
	if (!complete || detail[0] || unreached)
		sdax_store_note_outage(store);
	if (!complete)
		return sdax_fail(result,
				 newer_in_force(store) ?
					 STATICDAX_PROGRAMS_NEWER :
					 STATICDAX_PINS_BROKEN,
				 0, "%s is not attached", missing);
	if (detail[0])
		return sdax_fail(result, STATICDAX_CANARY, 0, "%s", detail);
	if (unreached)
		return sdax_fail(result, STATICDAX_CANARY, 0,
				 "%s was not reached", unreached);
	/* what goes from here on they see */
	r = find_unmounted(sd, store, result);
	if (!r)
		sdax_store_prove(store);
	return r;
}

/* A proof is good for a second, so that many files in one go need only one. */
bool sdax_handle_was_proved(const struct staticdax *sd)
{
	return sd->proved_registry && seconds() - sd->proved_at <= 1;
}

/*
 * Somebody else may have detached since, and left the registry for the sake of a
 * record of a lapsed seal; then no program is said to be there.
 */
static bool proved_lately(const struct staticdax *sd,
			  const struct sdax_store *store)
{
	return sdax_handle_was_proved(sd) && sd->proved_registry == store->id &&
	       store->control->programs;
}

bool sdax_handle_is_proved(struct staticdax *sd)
{
	const struct sdax_store *store;

	return sd->proved_registry && !sdax_recent_store(&sd->recent, &store) &&
	       !sdax_store_refresh(&sd->recent.store) &&
	       proved_lately(sd, store);
}

int sdax_handle_prove_lately(struct staticdax *sd, struct sdax_store *store,
			     struct staticdax_result *result)
{
	int r;

	if (proved_lately(sd, store))
		return 0;
	r = sdax_handle_prove(sd, store, NULL, result);
	if (r < 0)
		return r;
	sd->proved_registry = store->id;
	sd->proved_at = seconds();
	return 0;
}

static int attach(struct staticdax *sd, struct sdax_store *store,
		  uint32_t room, struct staticdax_result *result)
{
	enum staticdax_reason reason;
	char detail[160];
	int r;

	sdax_log(sd, 1, "attaching");
	sd->proved_registry = 0;
	r = sdax_engine_attach(room, &reason, detail, sizeof(detail));
	if (r < 0)
		return sdax_fail(result, reason,
				 reason == STATICDAX_SYSTEM ? r : 0, "%s",
				 detail);
	r = store->sealed < 0 ? sdax_store_open(true, store) : 0;
	if (r < 0)
		return registry_failed(r, result);
	store->control->programs = SDAX_PROGRAMS;
	return 0;
}

/* Its maps cannot grow, and others would have to replace them without a gap. */
static int fits(const struct sdax_store *store, uint32_t room,
		struct staticdax_result *result)
{
	if (!room || room == store->capacity)
		return 0;
	return sdax_fail(result, STATICDAX_REGISTRY_SIZE, 0,
			 "it has room for %llu", store->capacity);
}

int sdax_handle_enforce(struct staticdax *sd, uint32_t room,
			struct sdax_store *ret_store,
			struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct sdax_program list[SDAX_PROGRAMS_MAX];
	bool complete, swept = false;
	size_t n;
	int r;

	r = sdax_handle_inspect(sd, result);
	if (r < 0)
		return r;
	r = open_clean(sd, &store, &swept, result);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!r) {
		r = fits(&store, room, result);
		if (r < 0)
			return r;
	}
	if (!r && proved_lately(sd, &store)) {
		*ret_store = store;
		store = (struct sdax_store)SDAX_STORE_NONE;
		return 0;
	}
	sdax_engine_sweep();
	r = programs(list, &n, &complete, result);
	if (!r && wants_attaching(&store, complete)) {
		if (!complete && store.sealed >= 0)
			sdax_store_note_outage(&store);
		r = attach(sd, &store, room, result);
		if (!r && !complete)
			sdax_handle_find_gone(sd, &store);
	}
	if (!r)
		r = sdax_handle_prove_lately(sd, &store, result);
	if (r < 0) {
		sdax_handle_release(sd, &store);
		return r;
	}
	r = sdax_engine_mark();
	if (r < 0) {
		sdax_handle_release(sd, &store);
		return sdax_fail(result, STATICDAX_SYSTEM, r, "marking %s",
				 SDAX_RUN_DIR);
	}
	*ret_store = store;
	store = (struct sdax_store)SDAX_STORE_NONE;
	return 0;
}

int sdax_handle_replace(struct staticdax *sd, struct sdax_store *store,
			bool force, struct staticdax_result *result)
{
	struct sdax_program list[SDAX_PROGRAMS_MAX];
	bool complete;
	size_t n;
	int r;

	if (newer_in_force(store) && !force)
		return sdax_fail(result, STATICDAX_PROGRAMS_NEWER, 0, "%s", "");
	r = sdax_handle_inspect(sd, result);
	if (!r)
		r = programs(list, &n, &complete, result);
	if (!r)
		r = attach(sd, store, 0, result);
	if (!r && !complete)
		sdax_handle_find_gone(sd, store);
	return r ?: sdax_handle_prove(sd, store, NULL, result);
}

/* Records of lapsed seals outlive the programs. */
void sdax_handle_release(struct staticdax *sd, struct sdax_store *store)
{
	struct sdax_key key;
	bool records;

	if (store->sealed < 0)
		return;
	if (sdax_store_guarded(store) || sdax_store_in_use(store)) {
		sdax_store_close(&sd->kept);
		sd->kept = *store;
		*store = (struct sdax_store)SDAX_STORE_NONE;
		return;
	}
	records = sdax_store_next(store, NULL, &key) != -ENOENT;
	store->control->programs = 0;
	sdax_store_close(store);
	sdax_log(sd, 1, "detaching");
	sd->proved_registry = 0;
	if (!records)
		sdax_canary_remove();
	sdax_engine_detach(records);
}
