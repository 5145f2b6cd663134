// SPDX-License-Identifier: LGPL-2.1-or-later
/* The pinned maps: open, put, del, get, next. */
#include "store.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "census.h"
#include "door.h"
#include "drift.h"
#include "edit.h"
#include "entry.h"
#include "guard.h"
#include "hot.h"
#include "util.h"

#define XFS_SUPER_MAGIC 0x58465342

const char *const sdax_map_names[SDAX_MAP_MAX_] = {
	[SDAX_MAP_SEALED] = "sealed",
	[SDAX_MAP_FILESYSTEMS] = "filesystems",
	[SDAX_MAP_PATHS] = "paths",
	[SDAX_MAP_EVENTS] = "events",
	[SDAX_MAP_COUNTERS] = "counters",
	[SDAX_MAP_LAST] = "last",
	[SDAX_MAP_ROOTS] = "roots",
	[SDAX_MAP_CONTROL] = "control",
	[SDAX_MAP_FILTER] = "filter",
};

static const struct sdax_key no_key;

static const struct {
	__u32 key_size;
	__u32 value_size;
} shapes[SDAX_MAP_MAX_] = {
	[SDAX_MAP_SEALED] = { sizeof(struct sdax_key),
			      sizeof(struct sdax_slot) },
	[SDAX_MAP_FILESYSTEMS] = { sizeof(__u32), sizeof(struct sdax_fs) },
	[SDAX_MAP_PATHS] = { sizeof(struct sdax_key),
			     sizeof(struct sdax_path) },
	[SDAX_MAP_EVENTS] = { sizeof(__u32), sizeof(struct sdax_event) },
	[SDAX_MAP_COUNTERS] = { sizeof(__u32), sizeof(__u64) },
	[SDAX_MAP_LAST] = { sizeof(struct sdax_key),
			    sizeof(struct sdax_event) },
	[SDAX_MAP_ROOTS] = { sizeof(int), sizeof(__u64) },
	[SDAX_MAP_CONTROL] = { sizeof(__u32), sizeof(struct sdax_control) },
	[SDAX_MAP_FILTER] = { sizeof(__u32), sizeof(struct sdax_filter) },
};

static int open_pin(enum sdax_map map, bool writable)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts,
		    .file_flags = writable ? 0 : BPF_F_RDONLY);
	_cleanup_close_ int fd = -1;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	char path[64];

	snprintf(path, sizeof(path), SDAX_PIN_DIR "/%s", sdax_map_names[map]);
	fd = bpf_obj_get_opts(path, &opts);
	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -EPROTO;
	if (info.key_size != shapes[map].key_size ||
	    info.value_size != shapes[map].value_size)
		return -EPROTO;
	return TAKE_FD(fd);
}

static struct bpf_map_info info_of(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return (struct bpf_map_info){};
	return info;
}

static int map_writable(int fd, size_t size, void *ret_addr)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);

	if (addr == MAP_FAILED)
		return -errno;
	*(void **)ret_addr = addr;
	return 0;
}

static bool maps_writable(const struct sdax_store *store)
{
	return store->writable && !sdax_store_guarded(store);
}

int sdax_store_refresh(struct sdax_store *store)
{
	__u32 key = 0;

	return maps_writable(store) ? 0 :
	       bpf_map_lookup_elem(store->control_fd, &key, store->control);
}

static int read_control(struct sdax_store *store, int filter)
{
	struct sdax_control *copy;
	int r;

	if (maps_writable(store)) {
		r = map_writable(store->control_fd, sizeof(*store->control),
				 &store->control);
		return r ?: map_writable(filter, sizeof(*store->filter),
					 &store->filter);
	}
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	store->control = copy;
	return sdax_store_refresh(store);
}

/* Before anything else of another version is missed. */
static int check_version(void)
{
	_cleanup_close_ int fd = open_pin(SDAX_MAP_CONTROL, false);
	struct sdax_control control;
	__u32 key = 0;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -EBADFD : fd;
	r = bpf_map_lookup_elem(fd, &key, &control);
	if (r < 0)
		return r;
	return control.abi == SDAX_ABI_VERSION ? 0 : -EPROTO;
}

int sdax_store_open(bool writable, struct sdax_store *ret)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	_cleanup_close_ int filter = -1, roots = -1;
	int *fds[SDAX_MAP_MAX_] = {
		[SDAX_MAP_SEALED] = &store.sealed,
		[SDAX_MAP_FILESYSTEMS] = &store.filesystems,
		[SDAX_MAP_PATHS] = &store.paths,
		[SDAX_MAP_EVENTS] = &store.events,
		[SDAX_MAP_COUNTERS] = &store.counters,
		[SDAX_MAP_LAST] = &store.last,
		/* read by programs alone, but they must not mark in another one */
		[SDAX_MAP_ROOTS] = &roots,
		[SDAX_MAP_CONTROL] = &store.control_fd,
		[SDAX_MAP_FILTER] = &filter,
	};
	struct bpf_map_info info;
	struct stat pins;
	int r;

	if (stat(SDAX_PIN_DIR, &pins) < 0)
		return -errno;
	store.pins_dev = pins.st_dev;
	store.pins_ino = pins.st_ino;
	store.writable = writable;
	if (writable && sdax_guard_state() != SDAX_GUARD_OFF) {
		store.door = sdax_door_open();
		if (store.door < 0)
			return store.door;
	}
	r = check_version();
	if (r < 0)
		return r;
	for (int map = 0; map < SDAX_MAP_MAX_; map++) {
		int fd;

		if (map == SDAX_MAP_FILTER && !maps_writable(&store))
			continue;
		fd = open_pin(map, maps_writable(&store));
		if (fd == -ENOENT)
			return -EBADFD;
		if (fd < 0)
			return fd;
		*fds[map] = fd;
	}
	info = info_of(store.sealed);
	store.id = info.id;
	/* one element is the canary's */
	store.capacity = info.max_entries - 1;
	r = read_control(&store, filter);
	if (r < 0)
		return r;
	*ret = store;
	store = (struct sdax_store)SDAX_STORE_NONE;
	return 0;
}

void sdax_store_close(struct sdax_store *store)
{
	sdax_closep(&store->sealed);
	sdax_closep(&store->filesystems);
	sdax_closep(&store->paths);
	sdax_closep(&store->events);
	sdax_closep(&store->counters);
	sdax_closep(&store->last);
	sdax_closep(&store->control_fd);
	sdax_closep(&store->watch);
	free(store->lapsed_path);
	sdax_edit_free(store->edit);
	if (maps_writable(store) && store->control)
		munmap(store->control, sizeof(*store->control));
	if (!maps_writable(store))
		free(store->control);
	if (store->filter)
		munmap(store->filter, sizeof(*store->filter));
	sdax_closep(&store->door);
	*store = (struct sdax_store)SDAX_STORE_NONE;
}

int sdax_store_pinned(__u32 *ret_id)
{
	_cleanup_close_ int fd = open_pin(SDAX_MAP_SEALED, false);

	if (fd == -ENOENT && !access(SDAX_PIN_DIR, F_OK))
		return -EPROTO;
	if (fd < 0)
		return fd;
	*ret_id = info_of(fd).id;
	return 0;
}

static bool is_there(const struct sdax_store *store)
{
	struct stat pins;

	return !stat(SDAX_PIN_DIR, &pins) && pins.st_dev == store->pins_dev &&
	       pins.st_ino == store->pins_ino;
}

/* What is watched can be unmounted all the same. */
static int watch_pins(void)
{
	_cleanup_close_ int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, SDAX_BPF_DIR,
					IN_CREATE | IN_DELETE | IN_MOVE |
					IN_DELETE_SELF | IN_MOVE_SELF |
					IN_ONLYDIR) < 0)
		return -1;
	return TAKE_FD(fd);
}

/*
 * Many files ask this. What has happened is not read: a process that was forked meanwhile
 * shares the queue.
 */
bool sdax_store_is_pinned(struct sdax_store *store)
{
	int happened;

	if (store->sealed < 0)
		return false;
	if (store->watch >= 0)
		return !ioctl(store->watch, FIONREAD, &happened) && !happened;
	store->watch = watch_pins();
	return is_there(store);
}

int sdax_store_slot(const struct sdax_store *store, const struct sdax_key *key,
		    struct sdax_slot *ret_slot)
{
	struct sdax_slot slot;
	int r;

	r = bpf_map_lookup_elem(store->sealed, key, &slot);
	if (r < 0)
		return r;
	*ret_slot = slot;
	return 0;
}

static int ask(struct sdax_store *store, enum sdax_request_op op,
	       const struct sdax_key *key, const struct sdax_entry *entry)
{
	int r = sdax_door_ask(store->door, op, key, entry);

	return r ?: sdax_store_refresh(store);
}

void sdax_store_unprove(struct sdax_store *store)
{
	if (sdax_store_guarded(store))
		ask(store, SDAX_REQUEST_UNPROVE, NULL, NULL);
	else
		store->control->proved = 0;
}

__u64 sdax_store_proved(struct sdax_store *store)
{
	if (sdax_store_guarded(store) && sdax_store_refresh(store) < 0)
		return 0;
	return store->control->proved;
}

void sdax_store_prove(struct sdax_store *store)
{
	struct timespec ts;

	if (sdax_store_guarded(store)) {
		ask(store, SDAX_REQUEST_PROVE, NULL, NULL);
		return;
	}
	clock_gettime(CLOCK_BOOTTIME, &ts);
	store->control->proved_at = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

bool sdax_store_refuses_on(const struct sdax_store *store, __u32 dev)
{
	struct sdax_fs fs;

	return !bpf_map_lookup_elem(store->filesystems, &dev, &fs) && fs.seals &&
	       !(fs.flags & SDAX_FS_WAS_OFF);
}

static void mark_outage(struct sdax_store *store, __u32 dev, __u32 flag)
{
	struct sdax_fs fs;

	if (bpf_map_lookup_elem(store->filesystems, &dev, &fs) < 0 ||
	    (fs.flags & SDAX_FS_WAS_OFF) == flag)
		return;
	fs.flags ^= SDAX_FS_WAS_OFF;
	bpf_map_update_elem(store->filesystems, &dev, &fs, BPF_EXIST);
}

void sdax_store_note_outage(struct sdax_store *store)
{
	__u32 dev, *prev = NULL;

	if (sdax_store_guarded(store))
		return;
	for (; !bpf_map_get_next_key(store->filesystems, prev, &dev); prev = &dev)
		mark_outage(store, dev, SDAX_FS_WAS_OFF);
}

void sdax_store_outlived(struct sdax_store *store, __u32 dev)
{
	if (!sdax_store_guarded(store))
		mark_outage(store, dev, 0);
}

__u32 sdax_store_magic(const struct sdax_store *store, __u32 dev)
{
	struct sdax_fs fs;

	return bpf_map_lookup_elem(store->filesystems, &dev, &fs) < 0 ?
		       0 : fs.magic;
}

int sdax_store_get(const struct sdax_store *store, const struct sdax_key *key,
		   struct sdax_entry *ret_entry)
{
	struct sdax_slot slot;
	int r;

	r = sdax_store_slot(store, key, &slot);
	if (!r)
		*ret_entry = slot.entry;
	return r;
}

struct sdax_key sdax_store_key(const struct sdax_identity *id)
{
	return (struct sdax_key){
		.ino = id->ino, .dev = id->dev, .part = id->part,
	};
}

/* The programs subtract too, when a superblock goes away. */
static void add(__u64 *counter, int by)
{
	__atomic_fetch_add(counter, (__u64)(__s64)by, __ATOMIC_SEQ_CST);
}

static void filter_set(struct sdax_store *store, const struct sdax_key *key,
		       const struct sdax_identity *id,
		       const struct sdax_fs *fs)
{
	struct sdax_hot of = {
		.super = id->super,
		.ops = id->ops,
		.dev = key->dev,
	};
	__u64 bit = sdax_filter_bit(key->ino);

	sdax_hot_add(store->filter, &of, !fs->seals && !fs->audits);
	__atomic_fetch_or(&store->filter->words[bit >> 6], 1ULL << (bit & 63),
			  __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&store->control->hot_devs,
			  1ULL << sdax_dev_bit(key->dev), __ATOMIC_SEQ_CST);
}

bool sdax_store_reaches(const struct sdax_store *store,
			const struct sdax_key *key,
			const struct sdax_entry *entry)
{
	bool audit = sdax_entry_audits(entry);
	__u64 bit = sdax_filter_bit(key->ino);
	__u32 dev = key->dev;
	struct sdax_fs fs;

	if (!(store->filter->words[bit >> 6] >> (bit & 63) & 1) ||
	    !(store->control->hot_devs >> sdax_dev_bit(dev) & 1) ||
	    !sdax_hot_has(store->filter, dev) ||
	    bpf_map_lookup_elem(store->filesystems, &dev, &fs) < 0)
		return false;
	if (!(audit ? fs.audits : fs.seals))
		return false;
	return !(entry->deny & SDAX_BIT(SDAX_OP_UMOUNT)) ||
	       (audit ? fs.keeping_audits : fs.keeping);
}

/* fs is what was counted before; magic matters to the first. */
static int count_from(struct sdax_store *store, struct sdax_fs fs,
		      const struct sdax_key *key,
		      const struct sdax_entry *entry, __u32 magic, int by)
{
	struct sdax_control *control = store->control;
	bool audit = sdax_entry_audits(entry);
	__u32 dev = key->dev;
	int r;

	if (by > 0)
		fs.magic = magic;
	if (entry->flags & SDAX_F_CANARY)
		fs.flags |= SDAX_F_CANARY;
	*(audit ? &fs.audits : &fs.seals) += by;
	if (entry->deny & SDAX_BIT(SDAX_OP_UMOUNT))
		*(audit ? &fs.keeping_audits : &fs.keeping) += by;
	if (!fs.seals && !fs.audits) {
		r = bpf_map_delete_elem(store->filesystems, &dev);
		sdax_hot_del(store->filter, dev);
	} else {
		r = bpf_map_update_elem(store->filesystems, &dev, &fs, BPF_ANY);
	}
	if (r < 0)
		return r;
	if (sdax_entry_judges_writes(entry))
		add(&control->writes_judged, by);
	if (entry->flags & SDAX_F_CANARY)
		return 0;
	add(audit ? &control->audits : &control->seals, by);
	if (fs.magic == XFS_SUPER_MAGIC)
		add(audit ? &control->xfs_audits : &control->xfs_seals, by);
	return 0;
}

static int count_on_filesystem(struct sdax_store *store,
			       const struct sdax_key *key,
			       const struct sdax_entry *entry, __u32 magic,
			       int by)
{
	struct sdax_fs fs = {};
	__u32 dev = key->dev;
	int r;

	r = bpf_map_lookup_elem(store->filesystems, &dev, &fs);
	if (r < 0 && (r != -ENOENT || by < 0))
		return r;
	return count_from(store, fs, key, entry, magic, by);
}

static void paths_del(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_key part = *key;

	for (; !bpf_map_delete_elem(store->paths, &part);)
		part.part++;
}

/* What is kept elsewhere of a record that is gone. */
static void forget(struct sdax_store *store, const struct sdax_key *key)
{
	paths_del(store, key);
	bpf_map_delete_elem(store->last, key);
	sdax_drift_forget(key);
}

/* A list of runs is written before the entry says that it is judged. */
static bool has_list(const struct sdax_entry *entry)
{
	return entry->state != SDAX_STATE_ACTIVE || entry->runs > 1 ||
	       entry->mode == SDAX_MODE_NOSHRINK;
}

/* The same as far as the record, when it went, said that there is any of it. */
static void forget_of(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_slot *was)
{
	if (was->path[sizeof(was->path) - 1])
		paths_del(store, key);
	if (was->entry.last_event || was->entry.denials)
		bpf_map_delete_elem(store->last, key);
	if (has_list(&was->entry))
		sdax_drift_forget(key);
}

/* No path has so many pieces. */
static struct sdax_key aside_of(const struct sdax_key *key)
{
	struct sdax_key aside = *key;

	aside.part += SDAX_PART_PIECES - 1;
	return aside;
}

_Static_assert(sizeof(struct sdax_slot) == sizeof(struct sdax_path) &&
	       PATH_MAX / SDAX_PATH_PART < SDAX_PART_PIECES - 1,
	       "a record fits behind the pieces of its path");

static void aside_del(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_key aside = aside_of(key);

	bpf_map_delete_elem(store->paths, &aside);
}

static __u32 pieces_of(const char *path)
{
	size_t len = strlen(path);

	return len <= SDAX_PATH_HEAD ? 0 :
	       (len - SDAX_PATH_HEAD + SDAX_PATH_PART - 1) / SDAX_PATH_PART;
}

/* What the slot has no room for. */
static int paths_put(struct sdax_store *store, const struct sdax_key *key,
		     const char *path)
{
	struct sdax_key part = *key;
	size_t left = strlen(path);
	int r;

	if (left <= SDAX_PATH_HEAD)
		return 0;
	path += SDAX_PATH_HEAD;
	left -= SDAX_PATH_HEAD;

	for (; left; part.part++) {
		size_t n = left < SDAX_PATH_PART ? left : SDAX_PATH_PART;
		struct sdax_path text = {};

		memcpy(text.text, path, n);
		path += n;
		left -= n;
		r = bpf_map_update_elem(store->paths, &part, &text, BPF_ANY);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_full(const struct sdax_store *store,
		    const struct sdax_entry *entry)
{
	return !(entry->flags & SDAX_F_CANARY) &&
	       store->control->records >= store->capacity;
}

static int put_counted(struct sdax_store *store, const struct sdax_key *key,
		       const struct sdax_slot *slot,
		       const struct sdax_identity *id, __u64 how)
{
	bool counted = sdax_entry_counts(&slot->entry);
	struct sdax_fs fs = {};
	__u32 dev = key->dev;
	int r = 0;

	if (counted) {
		r = bpf_map_lookup_elem(store->filesystems, &dev, &fs);
		if (r < 0 && r != -ENOENT)
			return r;
		filter_set(store, key, id, &fs);
		if (id->part)
			store->control->subvolume_at = id->subvolume_at;
		r = count_from(store, fs, key, &slot->entry, id->magic, 1);
	}
	if (r < 0)
		return r;
	r = bpf_map_update_elem(store->sealed, key, slot, how);
	if (r < 0 && counted)
		count_on_filesystem(store, key, &slot->entry, id->magic, -1);
	return r;
}

static bool same_key(const struct sdax_key *a, const struct sdax_key *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->part == b->part;
}

/* The canary is no record. */
static void note_record(struct sdax_store *store, const struct sdax_key *key,
			const struct sdax_entry *entry, int by)
{
	if (entry->flags & SDAX_F_CANARY)
		return;
	store->control->records += by;
	sdax_key_mix(&store->control->keys, key);
}

/* Where a subvolume's number lies is not for the door to be told. */
static int put_at_door(struct sdax_store *store, const struct sdax_key *key,
		       const struct sdax_entry *entry,
		       const struct sdax_identity *id, const char *path)
{
	int r;

	if (id->part && !store->control->subvolume_at.root)
		return -EPERM;
	r = sdax_door_put(store->door, key, entry, id->magic, path,
			  &store->number);
	return r ?: sdax_store_refresh(store);
}

/* how: BPF_NOEXIST, or BPF_EXIST for the record that is replaced. */
static int put(struct sdax_store *store, const struct sdax_key *key,
	       const struct sdax_slot *slot, const struct sdax_identity *id,
	       const char *path, __u64 how)
{
	int r;

	r = paths_put(store, key, path);
	if (!r)
		r = put_counted(store, key, slot, id, how);
	if (!r) {
		store->put_key = *key;
		store->put = *slot;
	}
	return r;
}

static struct sdax_slot slot_of(const struct sdax_entry *entry,
				const char *path)
{
	struct sdax_slot slot = { .entry = *entry };

	memcpy(slot.path, path, strnlen(path, sizeof(slot.path)));
	return slot;
}

int sdax_store_put(struct sdax_store *store, const struct sdax_key *key,
		   const struct sdax_entry *entry,
		   const struct sdax_identity *id, const char *path)
{
	struct sdax_slot slot = slot_of(entry, path);
	int r;

	if (sdax_store_guarded(store))
		return put_at_door(store, key, entry, id, path);
	if (is_full(store, entry))
		return -E2BIG;
	store->control->changing = *key;
	r = put(store, key, &slot, id, path, BPF_NOEXIST);
	if (r < 0) {
		paths_del(store, key);
		sdax_store_settle(store);
		return r;
	}
	note_record(store, key, entry, 1);
	return 0;
}

int sdax_store_renew(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *entry,
		     const struct sdax_identity *id, const char *path)
{
	struct sdax_slot slot = slot_of(entry, path), lapsed;
	struct sdax_key aside = aside_of(key), behind = *key;
	int r;

	if (sdax_store_guarded(store))
		return put_at_door(store, key, entry, id, path);
	r = sdax_store_slot(store, key, &lapsed);
	if (!r && sdax_entry_counts(&lapsed.entry))
		r = -EBUSY;
	if (r < 0)
		return r;
	free(store->lapsed_path);
	store->lapsed_path = NULL;
	if (lapsed.entry.generation != entry->generation &&
	    sdax_store_path_in(store, key, &lapsed, &store->lapsed_path) == -ENOMEM)
		return -ENOMEM;
	slot.entry.flags |= SDAX_F_RENEWS;
	store->control->changing = *key;
	r = bpf_map_update_elem(store->paths, &aside, &lapsed, BPF_ANY);
	if (!r)
		r = put(store, key, &slot, id, path, BPF_EXIST);
	if (r < 0) {
		aside_del(store, key);
		sdax_store_settle(store);
		return r;
	}
	/* the name that it had may have been longer */
	behind.part += pieces_of(path);
	paths_del(store, &behind);
	return 0;
}

/* What was lapsed, is a seal again: of the old one only the denial is left elsewhere. */
static void renewed(struct sdax_store *store, const struct sdax_key *key,
		    const struct sdax_entry *entry)
{
	aside_del(store, key);
	bpf_map_delete_elem(store->last, key);
	if (!has_list(entry))
		sdax_drift_forget(key);
}

/*
 * The record that a pending entry was to replace. Its file goes by the name that was
 * given now; if it is that of another file, which had the inode before, its own stays,
 * and of a long one only the head is left. ENOENT: it was to replace none.
 */
static int bring_back(struct sdax_store *store, const struct sdax_key *key,
		      struct sdax_slot *ret_pending)
{
	struct sdax_key aside = aside_of(key);
	struct sdax_slot lapsed;
	int r;

	r = sdax_store_slot(store, key, ret_pending);
	if (!r && (ret_pending->entry.state != SDAX_STATE_PENDING ||
		   !(ret_pending->entry.flags & SDAX_F_RENEWS)))
		r = -ENOENT;
	if (!r)
		r = bpf_map_lookup_elem(store->paths, &aside, &lapsed);
	if (r < 0)
		return r;
	if (lapsed.entry.generation == ret_pending->entry.generation)
		memcpy(lapsed.path, ret_pending->path, sizeof(lapsed.path));
	else
		paths_del(store, key);
	return bpf_map_update_elem(store->sealed, key, &lapsed, BPF_EXIST);
}

int sdax_store_take_back(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_slot pending;
	int r;

	r = sdax_store_guarded(store) ? -ENOENT :
					bring_back(store, key, &pending);
	if (r == -ENOENT)
		return sdax_store_del(store, key);
	/* what could not be done is left to the next sweep */
	if (r < 0)
		return r;
	if (store->lapsed_path)
		paths_put(store, key, store->lapsed_path);
	count_on_filesystem(store, key, &pending.entry, 0, -1);
	aside_del(store, key);
	store->control->stale++;
	sdax_store_settle(store);
	return 0;
}

void sdax_store_settle(struct sdax_store *store)
{
	store->put_key = no_key;
	if (sdax_store_guarded(store))
		ask(store, SDAX_REQUEST_SETTLE, NULL, NULL);
	else
		store->control->changing = no_key;
}

int sdax_store_update(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *entry)
{
	struct sdax_entry judged = *entry;
	struct sdax_slot slot;
	bool renews;
	int r;

	judged.last_event = store->number;
	if (sdax_store_guarded(store))
		return ask(store, SDAX_REQUEST_ACTIVATE, key, &judged);
	/* of what was put only the entry is the programs' to change */
	if (same_key(&store->put_key, key)) {
		slot = store->put;
	} else {
		r = sdax_store_slot(store, key, &slot);
		if (r < 0)
			return r;
	}
	renews = slot.entry.flags & SDAX_F_RENEWS;
	slot.entry = *entry;
	r = bpf_map_update_elem(store->sealed, key, &slot, BPF_EXIST);
	if (!r && renews)
		renewed(store, key, entry);
	return r;
}

/* The door lets nobody change what was judged. */
int sdax_store_ready(struct sdax_store *store)
{
	if (sdax_store_guarded(store))
		return -EPERM;
	return store->edit ? 0 : sdax_edit_new(store->sealed, &store->edit);
}

static int edit(struct sdax_store *store, const struct sdax_key *key,
		const struct sdax_entry *entry)
{
	int r = sdax_store_ready(store);

	return r ?: sdax_edit_run(store->edit, key, entry);
}

int sdax_store_widen(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *was,
		     const struct sdax_entry *wanted, __u32 magic)
{
	struct sdax_entry both = *was;
	int r = sdax_store_ready(store);

	if (r < 0)
		return r;
	both.deny |= wanted->deny;
	if (was->flags & ~wanted->flags & SDAX_F_AUDIT)
		both.flags ^= SDAX_F_AUDIT | SDAX_F_WAS_AUDIT;
	store->control->changing = *key;
	r = count_on_filesystem(store, key, wanted, magic, 1);
	if (!r) {
		r = edit(store, key, &both);
		if (r < 0)
			count_on_filesystem(store, key, wanted, magic, -1);
	}
	if (r < 0)
		sdax_store_settle(store);
	return r;
}

int sdax_store_narrow(struct sdax_store *store, const struct sdax_key *key,
		      const struct sdax_entry *is,
		      const struct sdax_entry *is_not)
{
	int r;

	r = edit(store, key, is);
	if (r < 0)
		return r;
	count_on_filesystem(store, key, is_not, 0, -1);
	sdax_store_settle(store);
	return 0;
}

int sdax_store_amend(struct sdax_store *store, const struct sdax_key *key,
		     const struct sdax_entry *entry)
{
	return edit(store, key, entry);
}

/*
 * A change that was not finished: what the entry was it still says. What a later
 * version refuses besides, which this one has no name for, stays refused.
 */
static int undo_change(struct sdax_store *store, const struct sdax_key *key,
		       struct sdax_entry *entry)
{
	__u32 deny = (sdax_mode_denies(entry->mode) ?: SDAX_DENY_SWAPFILE) |
		     (entry->deny & ~SDAX_DENY_SWAPFILE);
	bool was_audit = entry->flags & SDAX_F_WAS_AUDIT;

	if (was_audit)
		entry->flags ^= SDAX_F_AUDIT | SDAX_F_WAS_AUDIT;
	if (!(entry->flags & SDAX_F_AUDIT))
		deny &= ~SDAX_DENY_AUDIT;
	if (entry->deny == deny && !was_audit)
		return 0;
	entry->deny = deny;
	/* nobody looks for one that is not in force */
	return entry->state == SDAX_STATE_ACTIVE ?
		       edit(store, key, entry) :
		       sdax_store_update(store, key, entry);
}

int sdax_store_next(const struct sdax_store *store, const struct sdax_key *key,
		    struct sdax_key *ret_next)
{
	struct sdax_key next;
	int r;

	r = bpf_map_get_next_key(store->sealed, key, &next);
	if (r < 0)
		return r;
	*ret_next = next;
	return 0;
}

/* A bucket comes as a whole: beyond so many in one something is wrong. */
#define WALK_BATCH 512

int sdax_store_walk(const struct sdax_store *store, sdax_store_fn fn, void *arg)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	_cleanup_free_ struct sdax_slot *slots = NULL;
	_cleanup_free_ struct sdax_key *keys = NULL;
	__u32 cursor, *from = NULL, n;
	int r, end = 0;

	keys = calloc(WALK_BATCH, sizeof(*keys));
	slots = calloc(WALK_BATCH, sizeof(*slots));
	if (!keys || !slots)
		return -ENOMEM;
	while (!end) {
		n = WALK_BATCH;
		end = bpf_map_lookup_batch(store->sealed, from, &cursor, keys,
					   slots, &n, &opts);
		if (end && end != -ENOENT)
			return end;
		from = &cursor;
		for (__u32 i = 0; i < n; i++) {
			r = fn(arg, keys + i, slots + i);
			if (r)
				return r;
		}
	}
	return 0;
}

/*
 * Bits of the filter that nobody needs any more are left until there are more of them
 * than records, and this many: so few of so many bits are one file in 8192.
 */
#define STALE_MIN (SDAX_FILTER_WORDS * 64 / 8192)

int sdax_store_del(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_control *control = store->control;
	struct sdax_slot was;
	bool ignored;
	int r;

	if (sdax_store_guarded(store)) {
		r = ask(store, SDAX_REQUEST_DROP, key, NULL);
		if (!r)
			sdax_drift_forget(key);
		sdax_store_settle(store);
		return r;
	}
	control->changing = *key;
	r = bpf_map_lookup_and_delete_elem(store->sealed, key, &was);
	if (r < 0) {
		sdax_store_settle(store);
		return r;
	}
	note_record(store, key, &was.entry, -1);
	forget_of(store, key, &was);
	if (sdax_entry_counts(&was.entry))
		count_on_filesystem(store, key, &was.entry, 0, -1);
	sdax_store_settle(store);
	control->stale++;
	if (control->stale > STALE_MIN && control->stale > control->records)
		return sdax_census_filter(store, &ignored);
	return 0;
}

int sdax_store_path(const struct sdax_store *store, const struct sdax_key *key,
		    char **ret_path)
{
	struct sdax_slot slot;
	int r;

	r = sdax_store_slot(store, key, &slot);
	return r ?: sdax_store_path_in(store, key, &slot, ret_path);
}

int sdax_store_path_in(const struct sdax_store *store,
		       const struct sdax_key *key, const struct sdax_slot *slot,
		       char **ret_path)
{
	struct sdax_key part = *key;
	_cleanup_free_ char *path = NULL;
	size_t len = strnlen(slot->path, sizeof(slot->path));
	struct sdax_path text;
	struct sdax_slot now;

	if (!len)
		return -ENOENT;
	path = strndup(slot->path, len);
	if (!path)
		return -ENOMEM;
	for (; len >= sizeof(slot->path) &&
	     !bpf_map_lookup_elem(store->paths, &part, &text); part.part++) {
		char *longer = realloc(path, len + sizeof(text.text) + 1);

		if (!longer)
			return -ENOMEM;
		path = longer;
		memcpy(path + len, text.text, sizeof(text.text));
		len += sizeof(text.text);
		path[len] = '\0';
	}
	/* the pieces go after the record, and what is left of them is no path */
	if (len >= sizeof(slot->path) && sdax_store_slot(store, key, &now) < 0)
		return -ENOENT;
	*ret_path = TAKE_PTR(path);
	return 0;
}

int sdax_store_forget(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_gap gap;
	int r;

	if (sdax_store_guarded(store))
		return 0;
	r = sdax_census_gap(store, &gap);
	if (r < 0 || gap.gone != 1 || !same_key(&gap.key, key))
		return r;
	forget(store, key);
	sdax_census_adopt(store, &gap);
	return sdax_store_recount(store, NULL);
}

int sdax_store_event(const struct sdax_store *store, __u64 seq,
		     struct sdax_event *ret_event)
{
	__u32 slot = seq & (SDAX_EVENT_SLOTS - 1);
	struct sdax_event event;
	int r;

	r = bpf_map_lookup_elem(store->events, &slot, &event);
	if (r < 0)
		return r;
	if (!seq || event.seq != seq || event.seq_end != seq)
		return -ENOENT;
	event.comm[sizeof(event.comm) - 1] = '\0';
	*ret_event = event;
	return 0;
}

static bool is_of(const struct sdax_event *event, const struct sdax_key *key)
{
	return event->ino == key->ino && event->dev == key->dev &&
	       event->part == key->part;
}

int sdax_store_last(const struct sdax_store *store, const struct sdax_key *key,
		    const struct sdax_entry *entry, struct sdax_event *ret_event)
{
	struct sdax_event event;

	if (bpf_map_lookup_elem(store->last, key, &event) < 0 || !event.seq ||
	    event.seq != event.seq_end || !is_of(&event, key))
		return sdax_store_event(store, entry->last_event, ret_event);
	event.comm[sizeof(event.comm) - 1] = '\0';
	*ret_event = event;
	return 0;
}

int sdax_store_counter(const struct sdax_store *store,
		       enum sdax_counter counter, __u64 *ret_value)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *values = NULL;
	__u32 key = counter;
	__u64 sum = 0;
	int r;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	r = bpf_map_lookup_elem(store->counters, &key, values);
	if (r < 0)
		return r;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	*ret_value = sum;
	return 0;
}

static int counts(void *arg, const struct sdax_key *key,
		  const struct sdax_slot *slot)
{
	(void)arg;
	(void)key;
	return sdax_entry_counts(&slot->entry);
}

/* What cannot be read may hold a seal. */
bool sdax_store_in_use(const struct sdax_store *store)
{
	return store->control->seals || store->control->audits ||
	       sdax_store_walk(store, counts, NULL);
}

/* A run that died has counted its record, or mixed its key, or neither. */
static int settle_records(struct sdax_store *store, const struct sdax_key *key)
{
	struct sdax_gap gap;
	int r;

	r = sdax_census_gap(store, &gap);
	if (!r && gap.gone >= -1 && gap.gone <= 1 &&
	    (same_key(&gap.key, key) || same_key(&gap.key, &no_key)))
		sdax_census_adopt(store, &gap);
	return r;
}

static int sweep(struct sdax_store *store, const struct sdax_key *key,
		 bool *ret_swept)
{
	struct sdax_slot pending;
	struct sdax_entry entry;
	int r;

	if (sdax_store_guarded(store)) {
		*ret_swept = !ask(store, SDAX_REQUEST_DROP, key, NULL);
		sdax_store_settle(store);
		return 0;
	}
	r = bring_back(store, key, &pending);
	*ret_swept = !r;
	if (r < 0 && r != -ENOENT)
		return r;
	aside_del(store, key);
	r = 0;
	if (!sdax_store_get(store, key, &entry) &&
	    (entry.state == SDAX_STATE_PENDING ||
	     entry.flags & SDAX_F_CANARY)) {
		bpf_map_delete_elem(store->sealed, key);
		*ret_swept = true;
	}
	if (sdax_store_get(store, key, &entry) < 0)
		forget(store, key);
	else
		r = undo_change(store, key, &entry);
	if (!r)
		r = sdax_store_recount(store, NULL);
	if (!r)
		r = settle_records(store, key);
	if (!r)
		sdax_store_settle(store);
	return r;
}

/* As the programs write it, see report() in bpf/decide.bpf.c. */
static void tell_lapsed(struct sdax_store *store, const struct sdax_key *key,
			const struct sdax_entry *entry, __u64 now)
{
	__u64 seq = __atomic_add_fetch(&store->control->event_seq, 1,
				       __ATOMIC_SEQ_CST);
	bool whole = entry->lapse == SDAX_LAPSE_UNMOUNTED;
	struct sdax_event event = {
		.seq = seq,
		.time = now,
		.ino = key->ino,
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.dev = key->dev,
		.tgid = getpid(),
		.pid = getpid(),
		.uid = getuid(),
		.op = whole ? SDAX_OP_UMOUNT : SDAX_OP_UNLINK,
		.hook = whole ? SDAX_HOOK_SB_UMOUNT : SDAX_HOOK_INODE_UNLINK,
		.reason = SDAX_WHY_LAPSED,
		.flags = sdax_entry_audits(entry) ? SDAX_F_AUDIT : 0,
		.part = key->part,
		.comm = "staticdax",
		.seq_end = seq,
	};
	__u32 slot = seq & (SDAX_EVENT_SLOTS - 1);

	bpf_map_update_elem(store->events, &slot, &event, BPF_ANY);
}

int sdax_store_lapse(struct sdax_store *store, const struct sdax_key *keys,
		     size_t count, enum sdax_lapse why)
{
	struct sdax_entry entry;
	struct timespec now;
	int r;

	/* the door takes nobody's word that a seal is over */
	if (sdax_store_guarded(store))
		return -EPERM;
	clock_gettime(CLOCK_BOOTTIME, &now);
	/* whoever finds it set counts anew */
	store->control->changing = keys[0];
	for (size_t i = 0; i < count; i++) {
		r = sdax_store_get(store, keys + i, &entry);
		if (r == -ENOENT || (!r && entry.state != SDAX_STATE_ACTIVE))
			continue;
		entry.state = SDAX_STATE_LAPSED;
		entry.lapse = why;
		entry.lapsed_at = now.tv_sec;
		r = r ?: sdax_store_update(store, keys + i, &entry);
		if (r < 0)
			return r;
		tell_lapsed(store, keys + i, &entry,
			    now.tv_sec * 1000000000ULL + now.tv_nsec);
	}
	r = sdax_store_recount(store, NULL);
	if (!r)
		sdax_store_settle(store);
	return r;
}

int sdax_store_sweep(struct sdax_store *store, bool *ret_swept)
{
	struct sdax_key key = store->control->changing;
	bool swept = false;
	int r = key.ino ? sweep(store, &key, &swept) : 0;

	if (!r && ret_swept)
		*ret_swept = swept;
	return r;
}
