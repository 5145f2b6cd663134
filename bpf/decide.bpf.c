// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy: what is sealed, what its mode refuses, and the record of each
 * refusal. Nothing else touches the maps below, but for the readers of
 * "control" and "filter" in identity.bpf.h.
 *
 * What happens when something is missing:
 *  - an entry: the inode is not sealed. User space inserts before it judges,
 *    so a full map refuses the seal and never an unprotected file;
 *  - an entry of another generation: where nobody can rewrite a generation, and
 *    inode numbers come again (SDAX_F_REUSED), it is another file's, and passes;
 *    else it lapses if its mode refuses whatever could have changed the
 *    generation, since then this is another file; else denied, and told as such;
 *  - a filesystem record while an entry exists: the entry still denies, only
 *    the filesystem-wide refusals (rule B, umount) are lost; user space writes
 *    the record before the first entry and removes it after the last;
 *  - a slot or a counter: the decision stands, the report is lost;
 *  - room among the last denials: the decision stands, and the report lasts as long
 *    as it does in the ring.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "compat.bpf.h"
#include "decide.bpf.h"
#include "identity.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Written by user space through mmap; see staticdax_abi.h for each field. */
struct sdax_control control SEC(".data.control") = {
	.abi = SDAX_ABI_VERSION,
};
struct sdax_filter filter;

/*
 * Who is sealed. Written by user space under its lock; here only counters,
 * and the state when an entry lapses. Full: the seal is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);	/* set by user space, as that of "paths" */
	__type(key, struct sdax_key);
	__type(value, struct sdax_slot);
} sealed SEC(".maps");

/* Which filesystems hold seals. Full: the seal is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct sdax_fs);
} filesystems SEC(".maps");

/* What of a path is not in its slot, for people. User space only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sdax_key);
	__type(value, struct sdax_path);
} paths SEC(".maps");

/* Ring of the last denials; old ones are overwritten. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SDAX_EVENT_SLOTS);
	__type(key, __u32);
	__type(value, struct sdax_event);
} events SEC(".maps");

/* The last denial of each file that had one, which the ring may have overwritten. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct sdax_key);
	__type(value, struct sdax_event);
} last SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SDAX_COUNT_MAX_);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct refusal {
	struct sdax_key key;
	u64 offset;
	u64 length;
	u64 seq;
	u32 op;
	u32 hook;
	u32 why;
	u32 audit;
	s32 error;	/* 0: that of op */
};

__hidden int sdax_count(u32 counter)
{
	u64 *n = bpf_map_lookup_elem(&counters, &counter);

	if (n)
		(*n)++;
	return 0;
}

static __always_inline int errno_of(u32 op)
{
	if (op == SDAX_OP_UNLINK || op == SDAX_OP_RENAME)
		return -EPERM;
	return op == SDAX_OP_UMOUNT ? -EBUSY : -ETXTBSY;
}

static __always_inline void report(struct refusal *r)
{
	u32 slot = r->seq & (SDAX_EVENT_SLOTS - 1);
	struct sdax_event *e = bpf_map_lookup_elem(&events, &slot);
	u64 id = bpf_get_current_pid_tgid();

	if (!e)
		return;
	e->seq = 0;
	barrier();
	e->time = bpf_ktime_get_boot_ns();
	e->ino = r->key.ino;
	e->dev = r->key.dev;
	e->offset = r->offset;
	e->length = r->length;
	e->cgroup = bpf_get_current_cgroup_id();
	e->tgid = id >> 32;
	e->pid = id;
	e->uid = bpf_get_current_uid_gid();
	if (r->why == SDAX_WHY_LAPSED)
		e->error = 0;
	else
		e->error = r->error ?: errno_of(r->op);
	e->part = r->key.part;
	e->op = r->op;
	e->hook = r->hook;
	e->reason = r->why;
	e->flags = r->audit ? SDAX_F_AUDIT : 0;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->seq_end = r->seq;
	barrier();
	e->seq = r->seq;
}

/* Another may be in the slot by now, which who reads it sees by whose it is. */
static __noinline int keep(struct refusal *r)
{
	u32 slot = r->seq & (SDAX_EVENT_SLOTS - 1);
	struct sdax_event *e = bpf_map_lookup_elem(&events, &slot);

	return e ? bpf_map_update_elem(&last, &r->key, e, BPF_ANY) : 0;
}

static __noinline int refuse(struct refusal *r)
{
	r->seq = __sync_fetch_and_add(&control.event_seq, 1) + 1;
	report(r);
	sdax_count(r->audit ? SDAX_COUNT_AUDITED : SDAX_COUNT_DENIED);
	sdax_count((r->audit ? SDAX_COUNT_AUDITED_OP : SDAX_COUNT_DENIED_OP) +
		   r->op);
	if (r->audit)
		return 0;
	return r->error ?: errno_of(r->op);
}

/*
 * Programs that only answer early stand aside where their answer would hide the
 * one behind them: for the canary, and in audit, which would count twice.
 */
static __always_inline bool is_early(u32 hook)
{
	return hook == SDAX_HOOK_PATH_TRUNCATE ||
	       hook == SDAX_HOOK_FILE_TRUNCATE;
}

static __always_inline bool refuses(struct sdax_entry *entry, u32 op)
{
	return entry->deny & SDAX_BIT(sdax_op_class(op) & 31);
}

/* A read is at worst the source of a clone. */
static __always_inline bool is_unvouched(struct sdax_entry *entry,
					 struct sdax_access *access)
{
	return !access->known && (access->op != SDAX_OP_REMAP_FROM ||
				  refuses(entry, access->op));
}

/* The canary shows which programs really run: each leaves its bit. */
static __always_inline int canary(struct sdax_entry *entry, u32 op, u32 hook)
{
	__sync_fetch_and_or(&control.proved, 1ULL << hook);
	if (is_early(hook))
		return 0;
	return refuses(entry, op) ? errno_of(SDAX_OP_NAME(op)) : 0;
}

static __always_inline bool enforcing(struct sdax_entry *entry)
{
	return entry->state == SDAX_STATE_PENDING ||
	       entry->state == SDAX_STATE_ACTIVE;
}

/*
 * The canary's is taken out by who put it in, and subtracted then. It is no seal, and
 * the door lets everybody put one in: subtracted here, it would be twice.
 */
static __always_inline bool may_lapse(struct sdax_entry *entry)
{
	return enforcing(entry) && !(entry->flags & SDAX_F_CANARY);
}

/* The last four bytes of an entry, which change at once or not at all. */
union fate {
	struct {
		u8 state;
		u8 mode;
		u8 flags;
		u8 lapse;
	};
	u32 word;
};

/*
 * The event is written after the state, so that who reads it finds it so. Says
 * whether it was this caller that ended the seal: the first of several does.
 */
static __noinline int lapse(struct sdax_entry *entry, struct sdax_key *key,
			    u32 why)
{
	bool whole = why == SDAX_LAPSE_UNMOUNTED;
	u32 *word = (u32 *)&entry->state;
	struct refusal r = {
		.key = *key,
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.op = whole ? SDAX_OP_UMOUNT : SDAX_OP_UNLINK,
		.hook = whole ? SDAX_HOOK_SB_UMOUNT : SDAX_HOOK_INODE_UNLINK,
		.why = SDAX_WHY_LAPSED,
		.audit = sdax_entry_audits(entry),
	};
	union fate was = { .word = *(volatile u32 *)word }, now = was;

	if (was.state == SDAX_STATE_LAPSED)
		return 0;
	now.state = SDAX_STATE_LAPSED;
	now.lapse = why;
	entry->lapsed_at = bpf_ktime_get_boot_ns() / 1000000000ULL;
	if (__sync_val_compare_and_swap(word, was.word, now.word) != was.word)
		return 0;
	sdax_count(SDAX_COUNT_LAPSED);
	r.seq = __sync_fetch_and_add(&control.event_seq, 1) + 1;
	report(&r);
	return 1;
}

/*
 * By what it adds, and not by branches, of which there would be many ways through. The
 * seals of the filesystem come last: without any, its record may be replaced.
 */
static __noinline int uncount(struct sdax_entry *entry, u32 dev)
{
	struct sdax_fs *fs = bpf_map_lookup_elem(&filesystems, &dev);
	u64 audits = sdax_entry_audits(entry), seals = !audits;
	u64 keeps = entry->deny >> SDAX_OP_UMOUNT & 1;
	u64 judges = entry->deny >> SDAX_OP_WRITE & 1;

	if (!fs)
		return 0;
	__sync_fetch_and_add(&control.writes_judged, -judges);
	__sync_fetch_and_add(&control.seals, -seals);
	__sync_fetch_and_add(&control.audits, -audits);
	if (fs->magic == XFS_SUPER_MAGIC) {
		__sync_fetch_and_add(&control.xfs_seals, -seals);
		__sync_fetch_and_add(&control.xfs_audits, -audits);
	}
	__sync_fetch_and_add(&fs->keeping, -(u32)(keeps & seals));
	__sync_fetch_and_add(&fs->keeping_audits, -(u32)(keeps & audits));
	__sync_fetch_and_add(&fs->seals, -(u32)seals);
	__sync_fetch_and_add(&fs->audits, -(u32)audits);
	return 0;
}

static __noinline int lapse_one(struct sdax_entry *entry, struct sdax_key *key,
				u32 why)
{
	return lapse(entry, key, why) ? uncount(entry, key->dev) : 0;
}

/*
 * The generation differs. Where the seal refuses all that could rewrite it, and
 * is in force, it cannot be the file that was sealed: that one was deleted while
 * the programs were off, and this one was given its inode. What is still being
 * judged, and what a mode lets be rewritten, is refused.
 */
static __always_inline bool is_replaced(struct sdax_entry *entry)
{
	u32 rewriters = SDAX_BIT(SDAX_OP_FLAGS) | SDAX_BIT(SDAX_OP_SWAP_EXTENTS);

	return entry->state == SDAX_STATE_ACTIVE &&
	       !sdax_entry_audits(entry) &&
	       (entry->deny & rewriters) == rewriters;
}

static __noinline int judge(struct sdax_entry *entry, struct sdax_key *key,
			    u32 generation, struct sdax_access *access,
			    u32 hook)
{
	struct refusal r = {
		.key = *key,
		.offset = access->offset,
		.length = access->length,
		.op = SDAX_OP_NAME(access->op),
		.hook = hook,
		.audit = sdax_entry_audits(entry),
		.error = access->error,
	};
	int verdict;

	if (entry->flags & SDAX_F_CANARY)
		return canary(entry, access->op, hook);
	if (r.audit && is_early(hook))
		return 0;
	if (entry->generation != generation && entry->flags & SDAX_F_REUSED)
		return 0;
	if (entry->generation != generation && is_replaced(entry))
		return lapse_one(entry, key, SDAX_LAPSE_REPLACED);
	if (entry->generation != generation)
		r.why = SDAX_WHY_GENERATION;
	else if (is_unvouched(entry, access))
		r.why = SDAX_WHY_NO_TOKEN;
	else if (!refuses(entry, access->op))
		return 0;
	if (r.why == SDAX_WHY_GENERATION)
		sdax_count(SDAX_COUNT_GENERATION);
	if (r.why == SDAX_WHY_NO_TOKEN)
		sdax_count(SDAX_COUNT_NO_TOKEN);
	__sync_fetch_and_add(&entry->denials, 1);
	verdict = refuse(&r);
	entry->last_event = r.seq;
	keep(&r);
	return verdict;
}

__hidden int sdax_decide(struct inode *inode, u32 op, u32 hook, u64 offset,
			 u64 length)
{
	struct sdax_access access = {
		.offset = offset,
		.length = length,
		.op = op,
		.known = 1,
	};
	struct sdax_entry *entry;
	struct sdax_key key;

	sdax_key_of(inode, &key);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !enforcing(entry))
		return 0;
	return judge(entry, &key, inode->i_generation, &access, hook);
}

__hidden int sdax_decide_unsafe_file(struct file *file, u32 op, u32 hook)
{
	struct sdax_access access = {
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.op = op,
		.known = 1,
	};
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct sdax_entry *entry;
	struct sdax_key key;

	sdax_key_of_unsafe(inode, &key);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !enforcing(entry))
		return 0;
	return judge(entry, &key, BPF_CORE_READ(inode, i_generation), &access,
		     hook);
}

/*
 * The seal did not end when the superblock did, so it is in force, and reads and
 * writes have to be looked up on whatever superblock. That it should end is for the
 * loader to find: an edited filter looks the same from here.
 */
__hidden int sdax_heat(struct inode *inode)
{
	u64 super = (u64)BPF_CORE_READ(inode, i_sb);
	u64 ops = (u64)BPF_CORE_READ(inode, i_fop);
	struct sdax_entry *entry;
	struct sdax_key key;

	if (super >= filter.hot_from && !(super & filter.cold_bits) &&
	    !(ops & filter.cold_ops))
		return 0;
	sdax_key_of(inode, &key);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !enforcing(entry))
		return 0;
	sdax_all_are_hot();
	return 0;
}

/*
 * A write in place is what a sealed file is for, so it passes without being
 * looked up unless some entry, of whatever file, wants to know of writes.
 */
__hidden int sdax_decide_access(__u64 *args)
{
	struct file *file = (void *)args[0];
	struct inode *inode = file->f_inode;
	struct sdax_access access = {};
	int mask = args[1], ret = args[2];
	struct sdax_entry *entry;
	struct sdax_key key;

	if (ret)
		return ret;
	if (!(mask & MAY_WRITE) && !control.xfs_seals && !control.xfs_audits)
		return 0;
	if (sdax_token_spend(file, mask, &access))
		return 0;
	if (access.op == SDAX_OP_WRITE) {
		if (access.length &&
		    access.offset + access.length > (u64)inode->i_size)
			access.op = SDAX_OP_EXTEND;
		else if (!control.writes_judged)
			return 0;
	}
	inode = sdax_untrusted_inode(inode);
	sdax_key_of(inode, &key);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !enforcing(entry))
		return 0;
	if (access.op == SDAX_OP_WRITE && entry->flags & SDAX_F_CANARY)
		__sync_fetch_and_or(&control.proved, 1ULL << SDAX_HOOK_TOKEN);
	return judge(entry, &key, inode->i_generation, &access,
		     SDAX_HOOK_FILE_PERMISSION);
}

/*
 * The canary's mount may have been copied into other namespaces, so that its
 * umount is not the last one: that the hook was reached is what it proves. Not
 * sdax_decide(), which the hooks of names prove themselves by.
 */
__hidden int sdax_dev_holds(u32 dev, u32 hook)
{
	struct sdax_fs *fs = bpf_map_lookup_elem(&filesystems, &dev);

	if (!fs || (!fs->keeping && !fs->keeping_audits))
		return 0;
	if (fs->flags & SDAX_F_CANARY)
		__sync_fetch_and_or(&control.proved, 1ULL << hook);
	return 1;
}

__hidden int sdax_decide_dev(u32 dev, u32 op, u32 hook)
{
	struct refusal r = {
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.op = op,
		.hook = hook,
	};
	struct sdax_fs *fs;
	u32 seals, audits;

	r.key.dev = dev;
	fs = bpf_map_lookup_elem(&filesystems, &r.key.dev);
	if (!fs)
		return 0;
	seals = op == SDAX_OP_UMOUNT ? fs->keeping : fs->seals;
	audits = op == SDAX_OP_UMOUNT ? fs->keeping_audits : fs->audits;
	if (!seals && !audits)
		return 0;
	if (fs->flags & SDAX_F_CANARY)
		return errno_of(op);
	r.why = SDAX_WHY_FILESYSTEM;
	r.audit = !seals;
	return refuse(&r);
}

__hidden int sdax_decide_any_xfs(struct super_block *sb, u32 op, u32 hook)
{
	struct refusal r = {
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.op = op,
		.hook = hook,
	};

	if (!control.xfs_seals && !control.xfs_audits)
		return 0;
	r.key.dev = sb->s_dev;
	r.why = SDAX_WHY_FILESYSTEM;
	r.audit = !control.xfs_seals;
	return refuse(&r);
}

__hidden int sdax_decide_any(u32 op, u32 hook)
{
	struct refusal r = {
		.offset = SDAX_NONE,
		.length = SDAX_NONE,
		.op = op,
		.hook = hook,
	};

	if (!control.seals && !control.audits)
		return 0;
	r.why = SDAX_WHY_FILESYSTEM;
	r.audit = !control.seals;
	return refuse(&r);
}

__hidden int sdax_lapse_inode(struct inode *inode)
{
	struct sdax_entry *entry;
	struct sdax_key key;

	sdax_key_of(inode, &key);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !may_lapse(entry) ||
	    entry->generation != inode->i_generation)
		return 0;
	return lapse_one(entry, &key, SDAX_LAPSE_DELETED);
}

static long lapse_if_on(void *map, struct sdax_key *key,
			struct sdax_entry *entry, u32 *dev)
{
	if (key->dev == *dev && may_lapse(entry))
		lapse_one(entry, key, SDAX_LAPSE_UNMOUNTED);
	return 0;
}

/*
 * The record of the filesystem stays, at zero, until user space removes it: a
 * device number that is used again meets neither entries nor refusals.
 */
__hidden int sdax_lapse_filesystem(struct super_block *sb)
{
	u32 dev = sb->s_dev;

	if (bpf_map_lookup_elem(&filesystems, &dev))
		bpf_for_each_map_elem(&sealed, lapse_if_on, &dev, 0);
	return 0;
}
