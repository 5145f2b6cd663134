/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pinned maps: the only reader and writer of the registry.
 *
 * Writers hold the lock of loader/lock.h. The order of each change keeps the
 * programs safe at every step: what widens a refusal is written before the
 * entry that needs it and taken back after that entry is gone.
 */
#ifndef SDAX_STORE_H
#define SDAX_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "staticdax_abi.h"

#define SDAX_RUN_DIR "/run/staticdax"
#define SDAX_BPF_DIR SDAX_RUN_DIR "/bpf"
#define SDAX_PIN_DIR SDAX_BPF_DIR "/current"

struct sdax_store {
	int sealed;
	int filesystems;
	int paths;
	int events;
	int counters;
	int last;
	int control_fd;
	struct sdax_control *control;	/* mapped if writable, else a copy */
	struct sdax_filter *filter;	/* mapped if writable, else NULL */
	__u64 capacity;		/* records there is room for, lapsed ones too */
	__u32 id;		/* of the map "sealed" */
	dev_t pins_dev;		/* of the directory that it is pinned in */
	ino_t pins_ino;
	int watch;		/* of where that is, once it was asked for, or -1 */
	bool writable;
	int door;		/* while the registry is guarded, else -1 */
	__u64 number;		/* of what was put last through the door */
	struct sdax_key put_key;	/* what was put, and is not settled yet */
	struct sdax_slot put;
	char *lapsed_path;	/* of what is renewed, if it was another file's */
	struct sdax_edit_program *edit;	/* once something is changed */
};

#define SDAX_STORE_NONE \
	{ .sealed = -1, .filesystems = -1, .paths = -1, .events = -1, \
	  .counters = -1, .last = -1, .door = -1, .control_fd = -1, \
	  .watch = -1 }

/* The maps by pin name, in the order of the descriptors above. */
enum sdax_map {
	SDAX_MAP_SEALED = 0,
	SDAX_MAP_FILESYSTEMS,
	SDAX_MAP_PATHS,
	SDAX_MAP_EVENTS,
	SDAX_MAP_COUNTERS,
	SDAX_MAP_LAST,
	SDAX_MAP_ROOTS,
	SDAX_MAP_CONTROL,
	SDAX_MAP_FILTER,
	SDAX_MAP_MAX_
};

extern const char *const sdax_map_names[SDAX_MAP_MAX_];

/*
 * ENOENT: nothing is pinned. EBADFD: a map is not pinned. EPROTO: pinned by
 * another version, or not by staticdax. EACCES, EPERM: no right to read them.
 */
int sdax_store_open(bool writable, struct sdax_store *ret);
void sdax_store_close(struct sdax_store *store);

/* Which registry is pinned: the id of its map "sealed". ENOENT: none; EPROTO: a part. */
int sdax_store_pinned(__u32 *ret_id);

/*
 * Is this registry the one that is pinned? Another is put in its place by replacing
 * the directory as a whole. A pin that is missing there is not noticed, nor, but for
 * the first time that it is asked, what is mounted over the directory above.
 */
bool sdax_store_is_pinned(struct sdax_store *store);

/* Reads control again, if it is a copy. */
int sdax_store_refresh(struct sdax_store *store);

/* ENOENT if there is no record. */
int sdax_store_get(const struct sdax_store *store, const struct sdax_key *key,
		   struct sdax_entry *ret_entry);

/*
 * Has a seal refused there, other than in audit, whatever is under way now? Not when
 * programs were off since, until somebody has waited for that.
 */
bool sdax_store_refuses_on(const struct sdax_store *store, __u32 dev);

/* Programs are off, or were. Where the registry is guarded that is not to be noted. */
void sdax_store_note_outage(struct sdax_store *store);

/* What began in it on this filesystem is over. */
void sdax_store_outlived(struct sdax_store *store, __u32 dev);

/* super_block.s_magic, as it was told when it was first sealed on; 0: no record. */
__u32 sdax_store_magic(const struct sdax_store *store, __u32 dev);

/* What the file is called everywhere else here. */
struct sdax_key sdax_store_key(const struct sdax_identity *id);

/*
 * Registers a new entry (any old record of the key must be gone). id is the
 * kernel's answer about the file. E2BIG or ENOMEM: no room, and nothing is
 * registered. A lapsed entry is put as a record only, and id not looked at.
 */
int sdax_store_put(struct sdax_store *store, const struct sdax_key *key,
		   const struct sdax_entry *entry,
		   const struct sdax_identity *id, const char *path);

/*
 * Registers an entry in the place of a lapsed record of the key, which is kept until
 * sdax_store_update() makes a seal of the new one. ENOENT: there is none; EBUSY: it
 * has not lapsed. E2BIG or ENOMEM: no room. In each case the record stays.
 */
int sdax_store_renew(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *entry,
		     const struct sdax_identity *id, const char *path);

/*
 * Takes back what was put or renewed, and was not judged: the lapsed record is there
 * again, or none. Under guard none. Negative errno: the next sweep does it.
 */
int sdax_store_take_back(struct sdax_store *store, const struct sdax_key *key);

/*
 * Rewrites an entry that was put last: it stands first in its bucket, so that nobody
 * can miss it while it is replaced. Or one whose file is gone, which nobody looks
 * for. State, size, digest and what is told of a lapse may change. Under guard
 * ENOENT, EPERM or ESTALE: what was put last is not there any more as it was put.
 */
int sdax_store_update(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *entry);

/*
 * Changes an entry in force, was, to another seal of its file. From widen on what
 * either refuses is refused, until narrow says which one it is, and with that which
 * one not; between the two the file can be judged. A run that dies there leaves
 * what was to sdax_store_sweep(). magic is the filesystem's. What takes time, and
 * need not be done between, is sdax_store_ready().
 */
int sdax_store_ready(struct sdax_store *store);
int sdax_store_widen(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *was,
		     const struct sdax_entry *wanted, __u32 magic);
int sdax_store_narrow(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *is,
		      const struct sdax_entry *is_not);

/* Changes an entry in force in what nothing is refused by: its alignment. */
int sdax_store_amend(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *entry);

/*
 * Ends seals that the programs did not see end: the records stay, lapsed, each with
 * an event. Negative errno: some may have ended, and the next sweep counts them.
 * EPERM under guard: none has.
 */
int sdax_store_lapse(struct sdax_store *store, const struct sdax_key *keys,
		     size_t count, enum sdax_lapse why);

int sdax_store_del(struct sdax_store *store, const struct sdax_key *key);

/*
 * Every element, many with each system call; those that come or go meanwhile
 * may be missing, and none appears twice. A result other than 0 ends the walk
 * with it.
 */
typedef int (*sdax_store_fn)(void *arg, const struct sdax_key *key,
			     const struct sdax_slot *slot);
int sdax_store_walk(const struct sdax_store *store, sdax_store_fn fn,
		    void *arg);

/* Iterates: start with key NULL; ENOENT at the end. */
int sdax_store_next(const struct sdax_store *store, const struct sdax_key *key,
		    struct sdax_key *ret_next);

/* With what is for people; ENOENT if there is no record. */
int sdax_store_slot(const struct sdax_store *store, const struct sdax_key *key,
		    struct sdax_slot *ret_slot);

/* The path as it was sealed, ENOENT if there is none; the caller frees it. */
int sdax_store_path(const struct sdax_store *store, const struct sdax_key *key,
		    char **ret_path);

/* The same with its slot at hand. */
int sdax_store_path_in(const struct sdax_store *store,
		       const struct sdax_key *key, const struct sdax_slot *slot,
		       char **ret_path);

/* Removes what an entry left behind that somebody else deleted, and only it. */
int sdax_store_forget(struct sdax_store *store, const struct sdax_key *key);

/* ENOENT when it has been overwritten. */
int sdax_store_event(const struct sdax_store *store, __u64 seq,
		     struct sdax_event *ret_event);

/*
 * The last denial of the file of this entry, which had one. ENOENT when it has been
 * overwritten, which takes more files with denials than the map "last" has room for.
 */
int sdax_store_last(const struct sdax_store *store, const struct sdax_key *key,
		    const struct sdax_entry *entry, struct sdax_event *ret_event);

/* Sum over all CPUs. */
int sdax_store_counter(const struct sdax_store *store,
		       enum sdax_counter counter, __u64 *ret_value);

/* Ends what put or renew began: a dead run is not to be cleaned up. */
void sdax_store_settle(struct sdax_store *store);

/*
 * Cleans up after a run that died between put and settle, or inside a removal:
 * the caller holds the lock, so whoever began is gone. What was still PENDING is
 * taken back. ret_swept may be NULL.
 */
int sdax_store_sweep(struct sdax_store *store, bool *ret_swept);

/*
 * Computes counts and filter anew from the entries. ret_wrong, if not NULL,
 * gets what had contradicted them, or NULL; a filesystem that is lapsing just
 * then is waited for.
 */
int sdax_store_recount(struct sdax_store *store, const char **ret_wrong);

/*
 * Is the registry guarded, so that the store is writable only to add to? EPERM
 * is then the answer to removing or changing an entry that was judged.
 */
static inline bool sdax_store_guarded(const struct sdax_store *store)
{
	return store->door >= 0;
}

/* The bits that programs leave when they see the canary; and that it held. */
void sdax_store_unprove(struct sdax_store *store);
__u64 sdax_store_proved(struct sdax_store *store);
void sdax_store_prove(struct sdax_store *store);

/*
 * Do the programs get as far as this entry, by what they ask before it? For stores that
 * are writable and not guarded.
 */
bool sdax_store_reaches(const struct sdax_store *store,
			const struct sdax_key *key,
			const struct sdax_entry *entry);

/* Any entry that denies or reports? */
bool sdax_store_in_use(const struct sdax_store *store);

#endif
