// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door: the one way to change the registry while the guard is active. A
 * program that the loader runs with a request, on maps that nobody can open to
 * write. It puts in what refuses more, and takes out only what was never
 * promised: entries that are PENDING, and the canary's.
 *
 * Each request is served as a whole, whoever sent it dies or not, and one at a
 * time. Counts and filter are widened before the entry, as in loader/store.c.
 *
 * Returns 0 or a negative errno: EPERM for what would edit a seal, EINVAL for
 * what no loader asks for, EAGAIN if somebody else is at the door, ESTALE if the
 * entry that was judged is not the one that is there.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>

#include "compat.bpf.h"
#include "identity.bpf.h"
#include "staticdax_abi.h"

char LICENSE[] SEC("license") = "GPL";

#define TMPFS_MAGIC	0x01021994	/* include/uapi/linux/magic.h */

extern struct sdax_guard guard;

/* The registry's own maps are put in place of these; see decide.bpf.c. */
struct sdax_control control SEC(".data.control");
struct sdax_filter filter;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sdax_key);
	__type(value, struct sdax_slot);
} sealed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sdax_fs);
} filesystems SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sdax_key);
	__type(value, struct sdax_path);
} paths SEC(".maps");

/* Is the canary sealed just now, and is this its file system? */
__hidden int sdax_canary_sings(u32 dev)
{
	struct sdax_fs *fs = bpf_map_lookup_elem(&filesystems, &dev);

	return fs && fs->flags & SDAX_F_CANARY && fs->seals;
}

static __always_inline bool is_canary(const struct sdax_entry *entry)
{
	return entry->flags & SDAX_F_CANARY;
}

/* The last four bytes of an entry are one word, as in decide.bpf.c. */
static __always_inline u32 *fate_of(struct sdax_entry *entry)
{
	return (u32 *)&entry->state;
}

static __always_inline u32 with_state(u32 fate, u8 state)
{
	return (fate & ~0xffU) | state;
}

/* Who ends an entry, or makes it a seal, does so against programs that end it. */
static __always_inline bool change_fate(struct sdax_entry *entry, u32 was,
					u8 state)
{
	return __sync_val_compare_and_swap(fate_of(entry), was,
					   with_state(was, state)) == was;
}

/* May it be dropped? Nothing was promised by it, and it is still counted. */
static __always_inline bool is_loose(const struct sdax_entry *entry)
{
	return entry->state == SDAX_STATE_PENDING ||
	       (is_canary(entry) && entry->state == SDAX_STATE_ACTIVE);
}

static __always_inline bool judges_writes(const struct sdax_entry *entry)
{
	return entry->deny & SDAX_BIT(SDAX_OP_WRITE) || is_canary(entry);
}

/* See sdax_query_reuses_numbers() in loader/query.c. */
static __always_inline bool reuses_numbers(u32 magic)
{
	return magic == TMPFS_MAGIC || magic == BTRFS_SUPER_MAGIC;
}

/*
 * An entry that would not refuse what its mode says cannot come in, nor a canary's
 * that is not just like the loader's.
 */
static __always_inline bool is_whole(const struct sdax_entry *entry, u32 magic)
{
	u8 flags = entry->flags & ~(SDAX_F_AUDIT | SDAX_F_DAX);
	u32 audit = entry->flags & SDAX_F_AUDIT ? SDAX_DENY_AUDIT : 0;

	if (is_canary(entry))
		return magic == TMPFS_MAGIC && entry->flags == SDAX_F_CANARY &&
		       entry->mode == SDAX_MODE_STATIC &&
		       entry->deny == SDAX_DENY_STATIC;
	if (flags != (reuses_numbers(magic) ? SDAX_F_REUSED : 0))
		return false;
	return (entry->deny ^ audit) &&
	       (entry->deny ^ audit) == sdax_mode_denies(entry->mode);
}

/* Is what was judged what is in the entry? */
static __always_inline bool is_same_seal(const struct sdax_entry *entry,
					 const struct sdax_entry *judged)
{
	return entry->generation == judged->generation &&
	       entry->deny == judged->deny && entry->mode == judged->mode &&
	       entry->flags == judged->flags && entry->align == judged->align;
}

static __always_inline void count(struct sdax_fs *fs,
				  const struct sdax_entry *entry, s64 by)
{
	bool audit = sdax_entry_audits(entry);

	__sync_fetch_and_add(audit ? &fs->audits : &fs->seals, (u32)by);
	if (entry->deny & SDAX_BIT(SDAX_OP_UMOUNT))
		__sync_fetch_and_add(audit ? &fs->keeping_audits :
					     &fs->keeping, (u32)by);
	if (judges_writes(entry))
		__sync_fetch_and_add(&control.writes_judged, by);
	if (is_canary(entry))
		return;
	__sync_fetch_and_add(audit ? &control.audits : &control.seals, by);
	if (fs->magic == XFS_SUPER_MAGIC)
		__sync_fetch_and_add(audit ? &control.xfs_audits :
					     &control.xfs_seals, by);
}

static __always_inline struct sdax_fs *
filesystem_of(u32 dev, u32 magic, const struct sdax_entry *entry)
{
	struct sdax_fs *fs = bpf_map_lookup_elem(&filesystems, &dev);
	struct sdax_fs new = { .magic = magic };

	if (fs && (fs->seals || fs->audits))
		return fs->magic == magic ? fs : NULL;
	new.flags = is_canary(entry) ? SDAX_F_CANARY : 0;
	if (bpf_map_update_elem(&filesystems, &dev, &new, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&filesystems, &dev);
}

/*
 * Which superblock it is on would be the caller's word, and a wrong one would
 * fail open; so from now on every one may hold a seal, and no list of them is whole.
 */
static __always_inline void widen(const struct sdax_key *key)
{
	u64 bit = sdax_filter_bit(key->ino);

	sdax_all_are_hot();
	__sync_fetch_and_or(&filter.words[(bit >> 6) & (SDAX_FILTER_WORDS - 1)],
			    1ULL << (bit & 63));
	__sync_fetch_and_or(&control.hot_devs, 1ULL << sdax_dev_bit(key->dev));
}

/* Which piece of a path it is the key of; 0 also for the file itself. */
static __always_inline u32 piece_of(const struct sdax_key *key)
{
	return key->part % SDAX_PART_PIECES;
}

/* These are not inlined: together they need more stack than there is. */
static __noinline int drop_paths(const struct sdax_key *whole)
{
	struct sdax_key key = *whole;

	for (u32 i = 0; i < SDAX_PART_PIECES; i++) {
		key.part = whole->part + i;
		if (bpf_map_delete_elem(&paths, &key))
			break;
	}
	return 0;
}

static __noinline long put_path(struct sdax_request *request)
{
	struct sdax_key key = request->key, whole = key;
	/* aligned, or it is copied byte by byte, by way of the stack again */
	struct sdax_path path __attribute__((aligned(8))) = request->path;
	struct sdax_slot *slot;

	whole.part -= piece_of(&key);
	slot = bpf_map_lookup_elem(&sealed, &whole);
	if (slot && slot->entry.state == SDAX_STATE_ACTIVE)
		return -EPERM;
	if (!piece_of(&key))
		drop_paths(&whole);
	return bpf_map_update_elem(&paths, &key, &path, BPF_ANY);
}

static __always_inline void note_record(const struct sdax_key *key, s64 by)
{
	control.records += by;
	control.keys.ino ^= key->ino;
	control.keys.dev ^= key->dev;
	control.keys.part ^= key->part;
}

static __noinline long put(struct sdax_request *request)
{
	struct sdax_slot new = { .entry = request->entry }, *old;
	struct sdax_key key = request->key;
	u32 magic = request->magic;
	struct sdax_fs *fs;
	bool record;
	long r;

	if (piece_of(&key) || !is_whole(&new.entry, magic))
		return -EINVAL;
	old = bpf_map_lookup_elem(&sealed, &key);
	if (old && (old->entry.state != SDAX_STATE_LAPSED ||
		    is_canary(&new.entry)))
		return -EEXIST;
	record = !old && !is_canary(&new.entry);
	if (record && control.records >= guard.room)
		return -E2BIG;
	__builtin_memcpy(new.path, request->path.text, sizeof(new.path));
	new.entry.state = is_canary(&new.entry) ? SDAX_STATE_ACTIVE :
						  SDAX_STATE_PENDING;
	new.entry.denials = 0;
	new.entry.last_event = 0;
	new.entry.lapse = SDAX_LAPSE_NONE;
	new.entry.lapsed_at = 0;
	new.entry.digest = __sync_fetch_and_add(&guard.opened, 1) + 1;
	fs = filesystem_of(key.dev, magic, &new.entry);
	if (!fs)
		return -EINVAL;
	control.changing = key;
	widen(&key);
	count(fs, &new.entry, 1);
	r = bpf_map_update_elem(&sealed, &key, &new, BPF_ANY);
	if (r)
		count(fs, &new.entry, -1);
	else if (record)
		note_record(&key, 1);
	request->entry.last_event = new.entry.digest;
	return r;
}

static __noinline long activate(struct sdax_request *request)
{
	struct sdax_entry new = request->entry;
	struct sdax_key key = request->key;
	struct sdax_slot *old;
	u32 was;

	old = bpf_map_lookup_elem(&sealed, &key);
	if (!old)
		return -ENOENT;
	was = *(volatile u32 *)fate_of(&old->entry);
	if ((u8)was != SDAX_STATE_PENDING || is_canary(&old->entry))
		return -EPERM;
	if (old->entry.digest != new.last_event || !is_same_seal(&old->entry, &new))
		return -ESTALE;
	old->entry.size = new.size;
	old->entry.digest = new.digest;
	old->entry.sealed_at = new.sealed_at;
	old->entry.runs = new.runs;
	barrier();
	return change_fate(&old->entry, was, SDAX_STATE_ACTIVE) ? 0 : -ESTALE;
}

static __noinline long drop(struct sdax_request *request)
{
	struct sdax_key key = request->key;
	struct sdax_slot *found;
	struct sdax_entry entry;
	u32 dev = key.dev;
	struct sdax_fs *fs;
	u32 was;
	long r;

	key.part -= piece_of(&key);
	found = bpf_map_lookup_elem(&sealed, &key);
	if (!found)
		return -ENOENT;
	entry = found->entry;
	if (!is_loose(&entry))
		return -EPERM;
	was = *fate_of(&entry);
	if (!change_fate(&found->entry, was, SDAX_STATE_LAPSED))
		return -EAGAIN;
	r = bpf_map_delete_elem(&sealed, &key);
	if (r) {
		*(volatile u32 *)fate_of(&found->entry) = was;
		return r;
	}
	if (!is_canary(&entry))
		note_record(&key, -1);
	fs = bpf_map_lookup_elem(&filesystems, &dev);
	if (fs)
		count(fs, &entry, -1);
	drop_paths(&key);
	return 0;
}

static __always_inline long serve(struct sdax_request *request)
{
	static const struct sdax_key none;

	switch (request->op) {
	case SDAX_REQUEST_PATH:
		return put_path(request);
	case SDAX_REQUEST_PUT:
		return put(request);
	case SDAX_REQUEST_ACTIVATE:
		return activate(request);
	case SDAX_REQUEST_DROP:
		return drop(request);
	case SDAX_REQUEST_SETTLE:
		control.changing = none;
		return 0;
	case SDAX_REQUEST_UNPROVE:
		control.proved = 0;
		return 0;
	case SDAX_REQUEST_PROVE:
		control.proved_at = bpf_ktime_get_boot_ns();
		return 0;
	}
	return -EINVAL;
}

SEC("syscall")
int sdax_door(struct sdax_request *request)
{
	long r;

	if (__sync_val_compare_and_swap(&guard.busy, 0, 1))
		return -EAGAIN;
	r = serve(request);
	__sync_lock_test_and_set(&guard.busy, 0);
	return r;
}
