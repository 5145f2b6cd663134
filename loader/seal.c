// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The seal protocol.
 *
 * An operation that was checked before the entry exists may still be on its
 * way to change the map, so the map is judged only after nobody can be left
 * inside: the write lease says that no other struct file exists, the entry
 * refuses what comes later, the inode lock waits for operations that need no
 * file, and the lease asked for again says that nobody slipped in between. What
 * takes a file by number or is no reader's and no writer's is in an ioctl, and who is
 * in one can be asked: see flights.h.
 */
#define _GNU_SOURCE
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "barrier.h"
#include "clock.h"
#include "drift.h"
#include "entry.h"
#include "fit.h"
#include "flights.h"
#include "guard.h"
#include "holders.h"
#include "lease.h"
#include "loops.h"
#include "privilege.h"
#include "query.h"
#include "target.h"
#include "util.h"
#include "verdict.h"

#define XFS_SUPER_MAGIC 0x58465342
#define LEASE_TRIES 3
#define BARRIER_MS 1000

/* What one file's protocol carries along. */
struct sealing {
	struct staticdax *sd;
	const struct staticdax_options *options;
	struct staticdax_result *result;
	const char *path;
	char *full;		/* the same by realpath(3), see resolve() */
	uint64_t align;
	int64_t deadline;	/* until then others may let go, by sdax_now_ms() */
	struct sdax_target target;
	struct sdax_identity id;
	struct sdax_key key;
	bool unnamed;		/* without a name, which the caller gives it then */
	bool leased;
	bool self_held;		/* we hold it ourselves: counts, not a lease */
	bool mapped;		/* its extents would do, before it had an entry */
	bool first;		/* not all was refused on its filesystem before */
	bool renews;		/* a record that is not in force, and comes back */
};

/* Where its blocks are is no matter to it, so nobody looks. */
static bool is_noshrink(const struct sealing *s)
{
	return s->options->mode == STATICDAX_MODE_NOSHRINK;
}

static int judge_extents(struct sealing *s, const struct sdax_run_sink *sink)
{
	struct sdax_device *device;
	int r;

	if (is_noshrink(s))
		return 0;
	r = sdax_recent_device(&s->sd->recent, &s->target, &device);
	if (r < 0)
		return sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "finding the device");
	return sdax_fit_extents(&s->target, s->align, device, sink, s->result);
}

static int judge_map(struct sealing *s)
{
	int r = judge_extents(s, NULL);

	s->mapped = !r;
	return r;
}

/* A file that is being made has no name until it is sealed. */
static int judge_file(struct sealing *s)
{
	if (s->unnamed)
		s->target.facts.nlink = 1;
	if (is_noshrink(s))
		return sdax_fit_noshrink(&s->target, s->result);
	return sdax_fit_file(&s->target, s->options->flags, s->result);
}

/* Callers that were built before the member existed do not have it. */
static uint32_t registry_of(const struct staticdax_options *options)
{
	return options->size < sizeof(*options) ? 0 : options->registry;
}

static int parse_options(struct sealing *s)
{
	s->align = s->options->align;
	s->deadline = sdax_now_ms() + s->options->wait_ms;
	s->result->align = s->align;
	s->result->offset = STATICDAX_NO_OFFSET;
	s->result->address = STATICDAX_NO_OFFSET;
	if (!sdax_mode_denies(s->options->mode))
		return sdax_fail(s->result, STATICDAX_BAD_OPTION, 0, "mode");
	if (is_noshrink(s) && s->align)
		return sdax_fail(s->result, STATICDAX_BAD_OPTION, 0,
				 "mode noshrink knows no alignment");
	if (!is_noshrink(s) && sdax_verdict_align(&s->align) < 0)
		return sdax_fail(s->result, STATICDAX_BAD_ALIGN, 0, "%s", "");
	if (registry_of(s->options) > STATICDAX_REGISTRY_MAX)
		return sdax_fail(s->result, STATICDAX_BAD_OPTION, 0,
				 "registry");
	s->result->align = s->align;
	return 0;
}

static void sealing_done(struct sealing *s)
{
	sdax_target_close(&s->target);
	free(s->full);
}

int sdax_seal_check(struct staticdax *sd, const char *path,
		    const struct staticdax_options *options,
		    struct staticdax_result *result)
{
	_cleanup_(sealing_done) struct sealing s = {
		.sd = sd,
		.options = options,
		.result = result,
		.path = path,
		.target = SDAX_TARGET_NONE,
	};
	int r;

	r = parse_options(&s);
	if (!r)
		r = sdax_target_open(path, false, &sd->recent.mounted,
				     &s.target, result);
	if (r < 0)
		return r;
	s.target.facts.swapfile = sdax_recent_is_swap(&sd->recent, &s.target);
	r = judge_file(&s);
	return r ?: judge_extents(&s, NULL);
}

static int identify(struct sealing *s)
{
	int r;

	r = sdax_handle_identify(s->sd, s->target.fd, &s->id, s->result);
	if (r < 0)
		return r;
	s->key = sdax_store_key(&s->id);
	sdax_target_learn(&s->target, &s->id);
	return 0;
}

/* Lease */

static void lease_drop(struct sealing *s)
{
	if (s->leased)
		sdax_lease_drop(s->target.fd);
	s->leased = false;
}

static int held(struct sealing *s)
{
	struct sdax_holding holding;
	int r;

	s->result->detail[0] = '\0';
	r = sdax_holders_of(s->sd->inspect, &s->key, s->target.fd, &holding,
			    s->result);
	if (r < 0)
		return sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "looking for who has it open");
	if (holding.others || !holding.self) {
		s->result->reason = STATICDAX_HELD;
		s->result->error = -EBUSY;
		return -EBUSY;
	}
	s->self_held = true;
	return 0;
}

/* Nobody else has it open: by lease, or by counting if we do ourselves. */
static int exclude_others(struct sealing *s)
{
	int r;

	s->self_held = false;
	r = sdax_lease_take(s->target.fd);
	if (!r) {
		s->leased = true;
		return 0;
	}
	if (r == -EAGAIN)
		return held(s);
	if (r == -EINVAL)
		return sdax_fail(s->result, STATICDAX_NO_LEASES, 0, "%s", "");
	if (r == -EACCES || r == -EPERM)
		return sdax_fail(s->result, STATICDAX_NO_PRIVILEGE, 0,
				 "a lease needs CAP_LEASE");
	return sdax_fail(s->result, STATICDAX_SYSTEM, r, "F_SETLEASE");
}

static bool still_excluded(struct sealing *s)
{
	struct sdax_holding holding;

	if (s->leased)
		return !fcntl(s->target.fd, F_SETLEASE, F_WRLCK);
	return !sdax_holders_of(s->sd->inspect, &s->key, s->target.fd, &holding,
				s->result) &&
	       !holding.others;
}

static int watch_closes(const char *path)
{
	_cleanup_close_ int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (in < 0 || inotify_add_watch(in, path, IN_CLOSE) < 0)
		return -errno;
	return TAKE_FD(in);
}

/*
 * Waits until somebody closes the file or unmaps it; the time is a limit only,
 * for holders that do not say when they let go.
 */
static int await_close(const struct sealing *s, int in)
{
	struct pollfd poll_in = { .fd = in, .events = POLLIN };
	int64_t ms = s->deadline - sdax_now_ms();

	ms = ms < 0 ? 0 : ms < 500 ? ms : 500;
	return poll(&poll_in, 1, ms) < 0 && errno != EINTR ? -errno : 0;
}

/* What is let go of before it is watched nobody tells: so it is tried once more. */
static int wait_for_close(struct sealing *s)
{
	_cleanup_close_ int in = -1;
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", s->target.fd);
	in = watch_closes(self);
	if (in < 0)
		return in;
	if (sdax_lease_take(s->target.fd) == 0) {
		s->leased = true;
		lease_drop(s);
		return 0;
	}
	return await_close(s, in);
}

static int waiting_failed(struct sealing *s, int error)
{
	return sdax_fail(s->result, STATICDAX_SYSTEM, error,
			 "waiting for the file to be closed");
}

/* Waits without the lock, so that others can go on sealing. */
static int wait_until_free(struct sealing *s)
{
	int r;

	for (;;) {
		r = exclude_others(s);
		if (r != -EBUSY || sdax_now_ms() >= s->deadline) {
			lease_drop(s);
			return r;
		}
		r = wait_for_close(s);
		if (r < 0)
			return waiting_failed(s, r);
	}
}

/* Would it be sealed? Says no before anything is touched. */
static int foresee(struct sealing *s)
{
	int r = wait_until_free(s);

	return r ?: judge_map(s);
}

/* Inode locks */

static int pass_lock(struct sealing *s, int fd, const char *whose,
		     int64_t deadline)
{
	int r = sdax_barrier_pass(s->sd->inspect, fd, deadline);

	if (r == -EBUSY)
		return sdax_fail(s->result, STATICDAX_HELD, 0,
				 "by a call that has %s locked and is not over",
				 whose);
	return r < 0 ? sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "waiting for who has %s locked", whose) : 0;
}

/* With the registry locked, where others wait for us. */
static int barrier(struct sealing *s, int fd, const char *whose)
{
	return pass_lock(s, fd, whose, sdax_now_ms() + BARRIER_MS);
}

/* Who keeps it locked has its name. */
static int barrier_of_file(struct sealing *s)
{
	if (!s->id.alone)
		return barrier(s, s->target.fd, "it");
	sdax_barrier_take(s->target.fd);
	return 0;
}

static int open_above(const char *path)
{
	_cleanup_free_ char *above = strdup(path);

	if (!above)
		return -1;
	return open(dirname(above), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Whoever has the file or its directory locked may let go while nobody waits for us. */
static int wait_for_locks(struct sealing *s)
{
	_cleanup_close_ int directory = -1;
	int64_t end = sdax_now_ms() + BARRIER_MS;
	int r;

	if (end < s->deadline)
		end = s->deadline;
	if (sdax_identity_locked(&s->id)) {
		r = pass_lock(s, s->target.fd, "it", end);
		if (r < 0)
			return r;
	}
	if (!s->options->wait_ms || s->unnamed)
		return 0;
	directory = open_above(s->path);
	return directory < 0 ? 0 :
	       pass_lock(s, directory, "its directory", end);
}

/* XFS */

/*
 * An inode with the reflink flag may have staging extents in its CoW fork that
 * the next write would move data into, and FIEMAP does not show them. Unsharing
 * a file that shares nothing changes no data and drops both.
 * fs/xfs/xfs_reflink.c, xfs_reflink_try_clear_inode_flag()
 */
static int clear_staging(struct sealing *s)
{
	int r;

	if (s->id.magic != XFS_SUPER_MAGIC || is_noshrink(s) ||
	    (s->id.xfs & SDAX_XFS_KNOWN &&
	     !(s->id.xfs & (SDAX_XFS_REFLINK | SDAX_XFS_COW_FORK))))
		return 0;
	r = barrier_of_file(s);
	if (r < 0)
		return r;
	if (fallocate(s->target.fd, FALLOC_FL_UNSHARE_RANGE, 0,
		      s->target.facts.size) < 0) {
		if (errno == EOPNOTSUPP)
			return 0;
		return sdax_fail(s->result, STATICDAX_SYSTEM, -errno,
				 "FALLOC_FL_UNSHARE_RANGE");
	}
	s->result->unshared = true;
	return 0;
}

/* Registry */

static struct sdax_entry pending_entry(const struct sealing *s)
{
	struct sdax_entry entry = {
		.size = s->target.facts.size,
		.align = s->align,
		.generation = s->id.generation,
		.deny = sdax_mode_denies(s->options->mode),
		.state = SDAX_STATE_PENDING,
		.mode = s->options->mode,
	};

	if (s->options->flags & STATICDAX_AUDIT) {
		entry.flags |= SDAX_F_AUDIT;
		entry.deny |= SDAX_DENY_AUDIT;
	}
	if (s->target.facts.attributes & STATX_ATTR_DAX)
		entry.flags |= SDAX_F_DAX;
	if (sdax_query_reuses_numbers(s->id.magic))
		entry.flags |= SDAX_F_REUSED;
	return entry;
}

/*
 * The name that has to lead to the file in the end. A seal registers it; a change
 * may come by another one, and the record keeps the name that it has.
 */
static void resolve(struct sealing *s)
{
	free(s->full);
	s->full = sdax_recent_path(&s->sd->recent, s->path, &s->target);
}

static int put(struct sealing *s, struct sdax_store *store,
	       struct sdax_entry *entry)
{
	int r;

	r = sdax_handle_mark(s->sd, store, s->key.dev, s->result);
	if (r < 0)
		return r;
	resolve(s);
	*entry = pending_entry(s);
	r = (s->renews ? sdax_store_renew : sdax_store_put)(
		store, &s->key, entry, &s->id, s->full ?: s->path);
	if (r == -E2BIG)
		return sdax_fail(s->result, STATICDAX_REGISTRY_FULL, 0,
				 "it holds %llu", store->capacity);
	if (r == -EPERM && s->id.part)
		return sdax_fail(s->result, STATICDAX_LOCKED, 0,
				 "and btrfs was not there when they were");
	if (r < 0)
		return sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "registering the file");
	return 0;
}

/*
 * A rename asks the LSM before it locks the file, but has its directory locked
 * all the while: one that was checked before the entry is over after this, and
 * the next is refused. So the name that still leads to the file then is kept.
 * Another link of the file may be lost meanwhile; this one holds its blocks. It is
 * what resolve() found that is asked, and a seal registers, not where a symbolic
 * link may lead by now.
 */
static int judge_name(struct sealing *s)
{
	_cleanup_close_ int directory = s->full ? open_above(s->full) : -1;
	struct stat st;
	int r;

	r = directory < 0 ? 0 : barrier(s, directory, "its directory");
	if (r < 0)
		return r;
	if (directory < 0 || lstat(s->full, &st) < 0 ||
	    st.st_dev != s->target.dev || st.st_ino != s->target.ino)
		return sdax_fail(s->result, STATICDAX_CHANGED, 0, "its name");
	return 0;
}

/* What is only kept from shrinking need not be on the device for that. */
static int write_out(struct sealing *s)
{
	if (is_noshrink(s) || !fsync(s->target.fd))
		return 0;
	return sdax_fail(s->result, STATICDAX_SYSTEM, -errno, "fsync");
}

/*
 * Where nothing was sealed before, or programs were off, what reaches files by number
 * was not refused. And where somebody holds the name, it may be one who has the file
 * open, or had it until he called.
 */
static uint32_t flights_to_mind(const struct sealing *s)
{
	return (s->first ? SDAX_FLIGHT_ELSEWHERE : 0) |
	       (s->id.alone ? 0 : SDAX_FLIGHT_ITSELF);
}

/* One that was attached by a descriptor of access mode 3 no lease knows of. */
static int refuse_looped(struct sealing *s)
{
	char name[32];
	int r;

	if (s->id.alone)
		return 0;
	r = sdax_loops_find(s->target.dev, s->target.ino, name, sizeof(name));
	if (r < 0)
		return sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "looking for loop devices");
	return r ? sdax_fail(s->result, STATICDAX_HELD, 0,
			     "by the loop device %s", name) : 0;
}

static int look_again(struct sealing *s)
{
	int r = sdax_target_refresh(&s->target);

	return r < 0 ? sdax_fail(s->result, STATICDAX_SYSTEM, r, "stat") :
		       identify(s);
}

/* What it is, once nobody who began before can change that any more. */
static int settle_facts(struct sealing *s)
{
	uint32_t kinds;
	int r;

	r = write_out(s) ?: look_again(s);
	if (r < 0)
		return r;
	kinds = flights_to_mind(s);
	if (!kinds)
		return 0;
	r = sdax_flights_wait(s->sd->inspect, &s->id, kinds, s->deadline,
			      s->result);
	return r ?: write_out(s) ?: look_again(s) ?: refuse_looped(s);
}

/* From here to the verdict the entry refuses already. */
static int judge_pending(struct sealing *s, struct sdax_entry *entry)
{
	_cleanup_(sdax_kept_close) struct sdax_kept kept = SDAX_KEPT_NONE;
	const struct sdax_run_sink sink = { sdax_kept_add, &kept };
	struct sdax_facts *facts = &s->target.facts;
	uint64_t size = facts->size;
	struct timespec now;
	int r;

	kept.key = s->key;
	r = settle_facts(s);
	if (r < 0)
		return r;
	facts->cow_staged = s->target.cow_staged ||
			    s->id.xfs & SDAX_XFS_COW_FORK;
	r = judge_file(s);
	if (!r && !s->unnamed && !is_noshrink(s))
		r = judge_name(s);
	if (!r && is_noshrink(s))
		entry->size = facts->size;
	else if (!r && facts->size != size)
		r = sdax_fail(s->result, STATICDAX_CHANGED, 0, "its size");
	if (!r && s->id.generation != entry->generation)
		r = sdax_fail(s->result, STATICDAX_CHANGED, 0,
			      "its generation");
	if (!r)
		r = judge_extents(s, &sink);
	if (r < 0)
		return r;
	r = sdax_kept_finish(&kept, s->result->digest);
	if (r < 0)
		return sdax_fail(s->result, STATICDAX_SYSTEM, r,
				 "writing the list of extents to %s",
				 SDAX_RUN_DIR);
	clock_gettime(CLOCK_REALTIME, &now);
	entry->sealed_at = now.tv_sec * 1000000000ULL + now.tv_nsec;
	entry->digest = s->result->digest;
	entry->runs = s->result->runs > UINT32_MAX ? UINT32_MAX :
						     s->result->runs;
	entry->state = SDAX_STATE_ACTIVE;
	return 0;
}

/* Through the door others take out what is being judged, and put in something else. */
static int activate_failed(struct sealing *s, const struct sdax_store *store,
			   int error)
{
	if (sdax_store_guarded(store) &&
	    (error == -ENOENT || error == -EPERM || error == -ESTALE))
		return sdax_fail(s->result, STATICDAX_TAMPERED, 0,
				 "its entry was taken out while it was judged");
	return sdax_fail(s->result, STATICDAX_SYSTEM, error,
			 "registering the verdict");
}

static int seal_once(struct sealing *s, struct sdax_store *store)
{
	struct sdax_entry entry;
	int r;

	s->first = !sdax_store_refuses_on(store, s->key.dev);
	r = put(s, store, &entry);
	if (r < 0)
		return r;
	r = barrier_of_file(s);
	if (!r && !still_excluded(s))
		r = -EAGAIN;
	if (!r)
		r = judge_pending(s, &entry);
	if (!r) {
		r = sdax_store_update(store, &s->key, &entry);
		if (r < 0)
			r = activate_failed(s, store, r);
	}
	if (r < 0) {
		sdax_store_take_back(store, &s->key);
		return r;
	}
	if (s->first)
		sdax_store_outlived(store, s->key.dev);
	sdax_store_settle(store);
	return 0;
}

static bool is_judged(const struct sdax_entry *entry)
{
	return !sdax_entry_audits(entry) &&
	       entry->mode != SDAX_MODE_NOSHRINK;
}

/* Another seal of it must not make good what has happened under this one. */
static int compare_maps(struct sealing *s, const struct sdax_entry *was)
{
	if (!is_judged(was) || is_noshrink(s) ||
	    was->digest == s->result->digest)
		return 0;
	return sdax_fail(s->result, STATICDAX_MOVED, 0, "%s",
			 "see verify for the place");
}

static int change_failed(struct sealing *s, const struct sdax_store *store,
			 int error)
{
	if (sdax_store_guarded(store))
		return sdax_fail(s->result, STATICDAX_LOCKED, 0, "%s", "");
	return sdax_fail(s->result, STATICDAX_SYSTEM, error,
			 "changing the record");
}

/*
 * From one seal to another, without a moment in which neither refuses. What the
 * new one asks for besides is judged while both do.
 */
static int change_once(struct sealing *s, struct sdax_store *store,
		       const struct sdax_entry *was)
{
	struct sdax_entry wanted = pending_entry(s);
	const struct sdax_entry *is = &wanted, *is_not = was;
	int r, error;

	resolve(s);
	s->first = !sdax_store_refuses_on(store, s->key.dev);
	r = sdax_store_widen(store, &s->key, was, &wanted, s->id.magic);
	if (r < 0)
		return change_failed(s, store, r);
	error = barrier_of_file(s);
	if (!error && !still_excluded(s))
		error = -EAGAIN;
	if (!error)
		error = judge_pending(s, &wanted);
	if (!error)
		error = compare_maps(s, was);
	if (error < 0) {
		is = was;
		is_not = &wanted;
	}
	r = sdax_store_narrow(store, &s->key, is, is_not);
	if (r < 0)
		return change_failed(s, store, r);
	if (!error && s->first)
		sdax_store_outlived(store, s->key.dev);
	if (!error && is_noshrink(s))
		sdax_drift_forget(&s->key);
	return error;
}

/* was is the seal that it has, or NULL. */
static int seal_excluded(struct sealing *s, struct sdax_store *store,
			 const struct sdax_entry *was)
{
	int r;

	for (int i = 0; i < LEASE_TRIES; i++) {
		r = exclude_others(s);
		if (!r && !s->mapped)
			r = judge_map(s);
		/* before the list of where it lay is written anew */
		if (!r && was)
			r = compare_maps(s, was);
		if (!r && !i && !(was && is_judged(was)))
			r = clear_staging(s);
		if (!r)
			r = was ? change_once(s, store, was) :
				  seal_once(s, store);
		lease_drop(s);
		if (r != -EAGAIN)
			return r;
	}
	return sdax_fail(s->result, STATICDAX_HELD, 0,
			 "it is being opened again and again");
}

static bool same_kind(const struct sealing *s, const struct sdax_entry *entry)
{
	bool audit = s->options->flags & STATICDAX_AUDIT;

	return entry->mode == s->options->mode &&
	       audit == sdax_entry_audits(entry);
}

/* The blocks stay where they are: there is nobody who could be in the way. */
static int align_more(struct sealing *s, struct sdax_store *store,
		      struct sdax_entry *entry)
{
	int r;

	r = judge_extents(s, NULL);
	if (!r)
		r = compare_maps(s, entry);
	if (r < 0)
		return r;
	entry->align = s->align;
	r = sdax_store_amend(store, &s->key, entry);
	if (r < 0)
		return change_failed(s, store, r);
	s->result->changed = true;
	return 0;
}

/* While it is locked others may have put it in, and nobody has judged it. */
static int vouch(struct sealing *s, const struct sdax_store *store,
		 const struct sdax_entry *entry)
{
	bool reused = sdax_query_reuses_numbers(s->id.magic);
	int r;

	if (!sdax_store_guarded(store))
		return 0;
	if (sdax_store_magic(store, s->key.dev) != s->id.magic ||
	    reused != !!(entry->flags & SDAX_F_REUSED))
		return sdax_fail(s->result, STATICDAX_TAMPERED, 0,
				 "the seal is for another kind of filesystem");
	if (!is_noshrink(s) && s->id.xfs & SDAX_XFS_COW_FORK)
		return sdax_fail(s->result, STATICDAX_TAMPERED, 0,
				 "the next write would go to other blocks");
	if (!is_noshrink(s))
		s->align = entry->align;
	r = judge_extents(s, NULL);
	return r ?: compare_maps(s, entry);
}

/* Sealing again succeeds if it would promise nothing new. */
static int seal_sealed(struct sealing *s, struct sdax_store *store,
		       struct sdax_entry *entry)
{
	const char *edit = sdax_entry_edited(entry);
	int r;

	if (edit)
		return sdax_fail(s->result, STATICDAX_TAMPERED, 0,
				 "the seal %s", edit);
	if (entry->generation != s->id.generation &&
	    entry->flags & SDAX_F_REUSED)
		return sdax_fail(s->result, STATICDAX_NUMBER_TAKEN, 0,
				 "%llu", (unsigned long long)s->key.ino);
	if (entry->generation != s->id.generation)
		return sdax_fail(s->result, STATICDAX_CHANGED, 0,
				 "its generation");
	r = sdax_handle_reach(store, &s->key, entry, s->result);
	if (r < 0)
		return r;
	if (!same_kind(s, entry) && s->options->flags & STATICDAX_CHANGE) {
		r = sdax_store_ready(store);
		if (r < 0)
			return change_failed(s, store, r);
		r = seal_excluded(s, store, entry);
		s->result->changed = !r;
		return r;
	}
	if (!same_kind(s, entry))
		return sdax_fail(s->result, STATICDAX_OTHER_MODE, 0, "%s%s",
				 staticdax_mode_word(entry->mode),
				 sdax_entry_audits(entry) ? ", audit" : "");
	if (entry->align >= s->align) {
		r = vouch(s, store, entry);
		if (r < 0)
			return r;
		s->result->align = entry->align;
		s->result->runs = entry->runs;
		s->result->digest = entry->digest;
		return 0;
	}
	return align_more(s, store, entry);
}

/*
 * A lapsed seal is a record until there is another: it says whether the map has
 * moved meanwhile, and stays if the file cannot be sealed. Not if locked, since the
 * door lets in nothing but what refuses: the file is then not sealed, and is not
 * called lapsed any more.
 */
static int seal_lapsed(struct sealing *s, struct sdax_store *store,
		       const struct sdax_entry *lapsed)
{
	struct staticdax_result *result = s->result;
	int r;

	r = s->mapped ? 0 : foresee(s);
	if (r < 0)
		return r;
	s->renews = !sdax_entry_counts(lapsed);
	/* somebody has made a seal pending */
	if (!s->renews && !sdax_store_guarded(store))
		r = sdax_store_del(store, &s->key);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "removing the pending record");
	r = seal_excluded(s, store, NULL);
	if (r < 0)
		return r;
	/* another generation is another file; noshrink knows of no map */
	result->lapsed = lapsed->generation == s->id.generation &&
			 !is_noshrink(s) &&
			 lapsed->mode != SDAX_MODE_NOSHRINK;
	result->moved = result->lapsed && lapsed->digest != result->digest;
	return 0;
}

/*
 * An entry of another generation: another file had the inode. The programs end
 * its seal at the next thing that they would refuse, and asking to append
 * changes nothing.
 */
static int end_of_replaced(struct sealing *s, struct sdax_store *store,
			   struct sdax_entry *entry)
{
	int flags = fcntl(s->target.fd, F_GETFL);

	if (flags >= 0 && !fcntl(s->target.fd, F_SETFL, flags | O_APPEND))
		fcntl(s->target.fd, F_SETFL, flags);
	return sdax_store_get(store, &s->key, entry);
}

static int seal_locked(struct sealing *s)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct sdax_entry entry;
	int r;

	r = sdax_handle_enforce(s->sd, registry_of(s->options), &store,
				s->result);
	if (r < 0)
		return r;
	r = sdax_store_get(&store, &s->key, &entry);
	if (!r && entry.state == SDAX_STATE_ACTIVE &&
	    entry.generation != s->id.generation)
		r = end_of_replaced(s, &store, &entry);
	if (!r && entry.state == SDAX_STATE_ACTIVE) {
		r = seal_sealed(s, &store, &entry);
	} else {
		r = r ? seal_excluded(s, &store, NULL) :
			seal_lapsed(s, &store, &entry);
		s->result->changed = !r;
	}
	sdax_handle_release(s->sd, &store);
	return r;
}

/* Then nobody has to let go of it. What is locked stays whatever is asked for. */
static bool stays(const struct sealing *s)
{
	const struct sdax_store *store;
	struct sdax_entry entry;

	return !sdax_recent_store(&s->sd->recent, &store) &&
	       !sdax_store_get(store, &s->key, &entry) &&
	       entry.state == SDAX_STATE_ACTIVE &&
	       entry.generation == s->id.generation &&
	       (same_kind(s, &entry) ||
		!(s->options->flags & STATICDAX_CHANGE) ||
		sdax_guard_state() != SDAX_GUARD_OFF);
}

/* Nothing has to be attached for it, or waited for without the lock. */
static bool is_ready(const struct sealing *s)
{
	return !s->options->wait_ms && sdax_handle_was_proved(s->sd);
}

static int seal_target(struct sealing *s)
{
	_cleanup_(sdax_lock_drop) int lock = -1;
	int r;

	r = judge_file(s);
	if (!r)
		r = identify(s);
	if (!r)
		r = judge_file(s);
	if (!r)
		r = wait_for_locks(s);
	if (r < 0)
		return r;
	if (!is_ready(s) && !stays(s))
		r = foresee(s);
	if (r < 0)
		return r;
	r = sdax_handle_lock(s->sd, &lock, s->result);
	return r ?: seal_locked(s);
}

static int open_once(struct sealing *s)
{
	s->result->reason = STATICDAX_OK;
	s->result->error = 0;
	s->result->detail[0] = '\0';
	return sdax_target_open(s->path, true, &s->sd->recent.mounted,
				&s->target, s->result);
}

static bool is_taken(const struct sealing *s)
{
	return s->result->reason == STATICDAX_HELD ||
	       s->result->reason == STATICDAX_LEASED;
}

/* What is executed, or under a lease, cannot even be opened before its holder ends. */
static int open_when_free(struct sealing *s)
{
	int r = open_once(s), error;

	while (r < 0 && is_taken(s) && sdax_now_ms() < s->deadline) {
		_cleanup_close_ int in = watch_closes(s->path);

		if (in < 0)
			return waiting_failed(s, in);
		r = open_once(s);
		error = r < 0 && is_taken(s) ? await_close(s, in) : 0;
		if (error < 0)
			return waiting_failed(s, error);
	}
	return r;
}

int sdax_seal_file(struct staticdax *sd, const char *path,
		   const struct staticdax_options *options,
		   struct staticdax_result *result)
{
	_cleanup_(sealing_done) struct sealing s = {
		.sd = sd,
		.options = options,
		.result = result,
		.path = path,
		.target = SDAX_TARGET_NONE,
	};
	int r;

	r = parse_options(&s);
	if (!r)
		r = sdax_privilege_check(result);
	if (!r)
		r = open_when_free(&s);
	return r ?: seal_target(&s);
}

int sdax_seal_unnamed(struct staticdax *sd, int fd, const char *path,
		      const struct staticdax_options *options,
		      struct staticdax_result *result)
{
	_cleanup_(sealing_done) struct sealing s = {
		.sd = sd,
		.options = options,
		.result = result,
		.path = path,
		.target = SDAX_TARGET_NONE,
		.unnamed = true,
	};
	int r;

	r = parse_options(&s);
	if (!r)
		r = sdax_privilege_check(result);
	if (r < 0)
		return r;
	s.target.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s.target.fd < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, -errno, "dup");
	r = sdax_target_refresh(&s.target);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r, "stat");
	return seal_target(&s);
}
