// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading denials and lapses as they happen.
 *
 * The registry is kept open from call to call: once its pins are gone, what
 * was refused last can still be read, and so can the seals that it held.
 */
#define _GNU_SOURCE
#include "events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handle.h"
#include "query.h"
#include "seen.h"
#include "store.h"
#include "util.h"

#define NS_PER_S 1000000000ULL

/* Calls that wait for a slot whose writer has its number but has not written. */
#define PATIENCE 3

/* A seal, not a file: what is sealed again may lapse again. Has no padding. */
struct lapsed {
	struct sdax_key key;
	__u64 sealed_at;
};

struct sdax_events {
	struct sdax_store store;	/* or nothing is pinned */
	__u32 registry;			/* its id */
	__u64 seq;			/* handed out last */
	unsigned int waited;		/* calls, for the one after */
	__u64 lapsed;			/* SDAX_COUNT_LAPSED when last looked, or UINT64_MAX: look */
	struct lapsed *known;		/* handed out, sorted */
	size_t known_count;
	struct sdax_seen seen;
	bool begun;
};

/* One call: where to, and what it has come to. */
struct reading {
	struct sdax_events *events;
	staticdax_event_fn fn;
	void *arg;
	uint64_t lost;
};

static const char *const hook_words[SDAX_HOOK_MAX_] = {
	[SDAX_HOOK_INODE_SETATTR] = "inode_setattr",
	[SDAX_HOOK_PATH_TRUNCATE] = "path_truncate",
	[SDAX_HOOK_FILE_TRUNCATE] = "file_truncate",
	[SDAX_HOOK_FILE_PERMISSION] = "file_permission",
	[SDAX_HOOK_FILE_OPEN] = "file_open",
	[SDAX_HOOK_FILE_FCNTL] = "file_fcntl",
	[SDAX_HOOK_FILE_IOCTL] = "file_ioctl",
	[SDAX_HOOK_FILE_IOCTL_COMPAT] = "file_ioctl_compat",
	[SDAX_HOOK_INODE_FILE_SETATTR] = "inode_file_setattr",
	[SDAX_HOOK_INODE_UNLINK] = "inode_unlink",
	[SDAX_HOOK_INODE_RMDIR] = "inode_rmdir",
	[SDAX_HOOK_INODE_RENAME] = "inode_rename",
	[SDAX_HOOK_SB_UMOUNT] = "sb_umount",
	[SDAX_HOOK_QUOTA_ON] = "quota_on",
	[SDAX_HOOK_TOKEN] = "rw_verify_area",
};

static const char *const why_words[SDAX_WHY_MAX_] = {
	[SDAX_WHY_CONTRACT] = "contract",
	[SDAX_WHY_GENERATION] = "generation",
	[SDAX_WHY_FILESYSTEM] = "filesystem",
	[SDAX_WHY_NO_TOKEN] = "no_token",
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t sdax_real_time(uint64_t boot_ns)
{
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + boot_ns;
}

static int hand_out(struct reading *reading, const struct sdax_key *key,
		    struct staticdax_event *event)
{
	_cleanup_free_ char *path = NULL;

	if (key->ino)
		sdax_store_path(&reading->events->store, key, &path);
	event->path = path;
	if (key->ino && !path)
		event->path = sdax_seen_path(&reading->events->seen, key);
	event->dev = key->dev;
	event->ino = key->ino;
	return reading->fn(reading->arg, event);
}

static int hand_out_denial(struct reading *reading,
			   const struct sdax_event *e)
{
	const struct sdax_key key = {
		.dev = e->dev, .ino = e->ino, .part = e->part,
	};
	struct staticdax_event event = {
		.size = sizeof(event),
		.time = sdax_real_time(e->time),
		.op = sdax_op_word(e->op),
		.hook = e->hook < SDAX_HOOK_MAX_ ? hook_words[e->hook] : "?",
		.why = e->reason < SDAX_WHY_MAX_ ? why_words[e->reason] : "?",
		.audit = e->flags & SDAX_F_AUDIT,
		.error = e->error,
		.seq = e->seq,
		.offset = e->offset,
		.length = e->length,
		.cgroup = e->cgroup,
		.pid = e->tgid,
		.tid = e->pid,
		.uid = e->uid,
	};

	memcpy(event.comm, e->comm, sizeof(event.comm));
	return hand_out(reading, &key, &event);
}

/*
 * A slot that is not the one looked for has been overwritten if the ring has
 * gone round since, else its writer is not done. Should two writers have met in
 * one slot, it never will be: then it is lost as well.
 */
static bool is_to_come(struct sdax_events *events)
{
	__u64 next = events->seq + 1;

	if (sdax_store_refresh(&events->store) < 0 ||
	    events->store.control->event_seq - next >= SDAX_EVENT_SLOTS)
		return false;
	return ++events->waited < PATIENCE;
}

static int read_denials(struct reading *reading)
{
	struct sdax_events *events = reading->events;
	struct sdax_event e;
	__u64 last;
	int r;

	r = sdax_seen_look(&events->seen, &events->store);
	if (r < 0)
		return r;
	last = events->store.control->event_seq;
	if (last - events->seq > SDAX_EVENT_SLOTS) {
		events->lapsed = UINT64_MAX;
		reading->lost += last - events->seq - SDAX_EVENT_SLOTS;
		events->seq = last - SDAX_EVENT_SLOTS;
	}
	while (events->seq < last) {
		r = sdax_store_event(&events->store, events->seq + 1, &e);
		if (r < 0 && is_to_come(events))
			return 0;
		events->waited = 0;
		events->seq++;
		if (r < 0) {
			events->lapsed = UINT64_MAX;
			reading->lost++;
			continue;
		}
		/*
		 * Found in the registry, which no flood overwrites; looked for
		 * there even if it is not one that the programs have counted.
		 */
		if (e.reason == SDAX_WHY_LAPSED) {
			events->lapsed = UINT64_MAX;
			continue;
		}
		r = hand_out_denial(reading, &e);
		if (r)
			return r;
	}
	return 0;
}

static int compare_lapsed(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct lapsed));
}

static bool is_known(const struct sdax_events *events,
		     const struct lapsed *lapsed)
{
	return events->known_count &&
	       bsearch(lapsed, events->known, events->known_count,
		       sizeof(*lapsed), compare_lapsed);
}

static int hand_out_lapse(struct reading *reading, const struct sdax_key *key,
			  uint64_t time, const char *why)
{
	struct staticdax_event event = {
		.size = sizeof(event),
		.time = time,
		.lapse = why,
		.offset = STATICDAX_NO_OFFSET,
		.length = STATICDAX_NO_OFFSET,
	};

	return hand_out(reading, key, &event);
}

/* Without fn it only takes note of those that have lapsed. */
static int read_lapses(struct reading *reading)
{
	struct sdax_events *events = reading->events;
	_cleanup_free_ struct lapsed *lapsed = NULL;
	struct sdax_entry entry;
	struct sdax_key key;
	size_t n = 0;
	int r, failed = 0;
	__u64 count;

	r = sdax_store_counter(&events->store, SDAX_COUNT_LAPSED, &count);
	if (r < 0 || (count == events->lapsed && events->begun))
		return r;
	for (r = sdax_store_next(&events->store, NULL, &key); !r;
	     r = sdax_store_next(&events->store, &key, &key)) {
		struct lapsed *more;

		if (sdax_store_get(&events->store, &key, &entry) < 0 ||
		    entry.state != SDAX_STATE_LAPSED)
			continue;
		more = reallocarray(lapsed, n + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		lapsed = more;
		lapsed[n] = (struct lapsed){ key, entry.sealed_at };
		if (reading->fn && !failed && !is_known(events, lapsed + n))
			failed = hand_out_lapse(reading, &key,
				sdax_real_time(entry.lapsed_at * NS_PER_S),
				sdax_lapse_word(entry.lapse));
		n++;
	}
	if (n)
		qsort(lapsed, n, sizeof(*lapsed), compare_lapsed);
	free(events->known);
	events->known = TAKE_PTR(lapsed);
	events->known_count = n;
	events->lapsed = count;
	return failed;
}

/*
 * The pins are gone. The last unseal takes its entry out before it detaches, so
 * what still enforces here was taken away by somebody else.
 */
static int read_removed(struct reading *reading)
{
	struct sdax_events *events = reading->events;
	struct sdax_entry entry;
	struct sdax_key key;
	int r, failed = 0;

	for (r = sdax_store_next(&events->store, NULL, &key); !r && !failed;
	     r = sdax_store_next(&events->store, &key, &key)) {
		if (sdax_store_get(&events->store, &key, &entry) < 0 ||
		    entry.flags & SDAX_F_CANARY ||
		    entry.state == SDAX_STATE_LAPSED)
			continue;
		failed = hand_out_lapse(reading, &key,
					clock_ns(CLOCK_REALTIME), "unpinned");
	}
	return failed;
}

static void forget(struct sdax_events *events)
{
	sdax_store_close(&events->store);
	free(events->known);
	sdax_seen_done(&events->seen);
	*events = (struct sdax_events){
		.store = SDAX_STORE_NONE,
		.begun = events->begun,
	};
}

/* To the registry that is pinned now, if it is another one. */
static int follow(struct reading *reading)
{
	struct sdax_events *events = reading->events;
	__u32 id = 0;
	int r;

	r = sdax_store_pinned(&id);
	if (r < 0 && r != -ENOENT)
		return r;
	if (id == events->registry)
		return 0;
	if (events->registry) {
		r = read_denials(reading);
		if (!r)
			r = read_removed(reading);
		forget(events);
		if (r)
			return r;
	}
	if (!id)
		return 0;
	r = sdax_store_open(false, &events->store);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	events->registry = events->store.id;
	return sdax_seen_look(&events->seen, &events->store);
}

/* The first call of a handle: only what comes from now on. */
static int begin(struct reading *reading)
{
	struct sdax_events *events = reading->events;
	int r;

	r = follow(reading);
	if (!r && events->registry) {
		r = read_lapses(reading);
		events->seq = events->store.control->event_seq;
	}
	events->begun = !r;
	return r;
}

int sdax_events_read(struct staticdax *sd, staticdax_event_fn fn, void *arg,
		     uint64_t *ret_lost)
{
	struct reading reading = { .arg = arg };
	int r;

	if (!sd->events) {
		sd->events = calloc(1, sizeof(*sd->events));
		if (!sd->events)
			return -ENOMEM;
		forget(sd->events);
	}
	reading.events = sd->events;
	if (!sd->events->begun) {
		*ret_lost = 0;
		return begin(&reading);
	}
	reading.fn = fn;
	r = sd->events->registry ? read_denials(&reading) : 0;
	if (!r && sd->events->registry)
		r = read_lapses(&reading);
	if (!r)
		r = follow(&reading);
	*ret_lost = reading.lost;
	return r;
}

void sdax_events_free(struct sdax_events *events)
{
	if (!events)
		return;
	forget(events);
	free(events);
}
