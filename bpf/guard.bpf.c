// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard: what staticdax lock attaches, until reboot. It refuses to everybody,
 * root included, what would take protection away:
 *
 * maps      bpf_map: a descriptor of ours to write through
 *           bpf_map_create: a map that could hold ours and hand it to a program
 * programs  bpf_prog: a descriptor of ours; a program that uses our maps, that
 *           walks the elements of any map, extends one of ours, or replaces
 *           what a kernel function returns
 * pins      inode_unlink, inode_rmdir, inode_rename on their file system, and of
 *           the directories it is mounted on, which would take it off
 * mounts    sb_umount of that file system, of what it lies on and of what lies
 *           on it; sb_mount and move_mount over it
 * switches  file_open of kernel.ftrace_enabled, for writing
 *
 * Links need no guard: a tracing link can neither be detached nor updated, only
 * let go of, and each is pinned.
 *
 * When in doubt it refuses: an object that is not known, a list too long to be
 * searched. While active is 0 everything passes.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "climb.bpf.h"
#include "compat.bpf.h"
#include "staticdax_abi.h"

char LICENSE[] SEC("license") = "GPL";

#define PROC_SUPER_MAGIC	0x9fa0	/* include/uapi/linux/magic.h */
#define MS_MOVE			8192	/* include/uapi/linux/mount.h */
#define USED_MAPS_MAX		64	/* include/linux/bpf_verifier.h */
#define MOUNT_DEPTH_MAX		64
#define MASTERS_MAX		16
#define PARENTS_MAX		64
#define CHILDREN_MAX		16

/* Written by user space through mmap, before active is set. */
struct sdax_guard guard SEC(".data.guard") = {
	.abi = SDAX_ABI_VERSION,
};

/* The compiler would negate a bool, whose range the verifier then does not see. */
static __always_inline int refuse_if(bool harmful)
{
	int verdict = -EPERM;

	if (!harmful)
		return 0;
	barrier_var(verdict);
	return verdict;
}

/*
 * Not static: the verifier looks at such a function once, and not again in each
 * turn of a loop that calls it, which took it seconds.
 */

__noinline int is_our_map(u32 id)
{
	for (u32 i = 0; i < SDAX_GUARD_MAPS; i++)
		if (i < guard.maps_count && guard.maps[i].id == id)
			return 1;
	return 0;
}

__noinline int is_our_shape(u32 type, u32 key_size, u32 value_size)
{
	for (u32 i = 0; i < SDAX_GUARD_MAPS; i++) {
		struct sdax_guard_map *m = guard.maps + i;

		if (i < guard.maps_count && m->type == type &&
		    m->key_size == key_size && m->value_size == value_size)
			return 1;
	}
	return 0;
}

__noinline int is_our_program(u32 id)
{
	for (u32 i = 0; i < SDAX_GUARD_PROGRAMS; i++)
		if (i < guard.programs_count && guard.programs[i] == id)
			return 1;
	return 0;
}

/* Maps */

SEC("lsm/bpf_map")
int BPF_PROG(sdax_g_map, struct bpf_map *map, unsigned int fmode, int ret)
{
	if (ret || !guard.active || !is_our_map(map->id))
		return ret;
	if (!(fmode & FMODE_WRITE))
		__sync_fetch_and_add(&guard.opened, 1);
	return refuse_if(fmode & FMODE_WRITE);
}

/*
 * A map of maps takes ours through a descriptor to read, and gives it to
 * programs that write. It takes only maps of the shape it was made for.
 */
static __always_inline bool could_hold_ours(struct bpf_map *map)
{
	struct bpf_map *inner = map->inner_map_meta;

	return inner && is_our_shape(BPF_CORE_READ(inner, map_type),
				     BPF_CORE_READ(inner, key_size),
				     BPF_CORE_READ(inner, value_size));
}

/* Until 6.8 (a2431c7eabcf); its successor came in its place. */
SEC("?lsm/bpf_map_alloc_security")
int BPF_PROG(sdax_g_alloc, struct bpf_map *map, int ret)
{
	if (ret || !guard.active)
		return ret;
	return refuse_if(could_hold_ours(map));
}

SEC("?lsm/bpf_map_create")
int BPF_PROG(sdax_g_create, struct bpf_map *map)
{
	if (!guard.active)
		return 0;
	return refuse_if(could_hold_ours(map));
}

/* Programs */

static __always_inline bool uses_our_maps(struct bpf_prog_aux *aux)
{
	u32 n = BPF_CORE_READ(aux, used_map_cnt);
	struct bpf_map **maps = BPF_CORE_READ(aux, used_maps);

	if (n > USED_MAPS_MAX)
		return true;
	for (u32 i = 0; i < USED_MAPS_MAX; i++) {
		struct bpf_map *map = NULL;

		if (i >= n)
			break;
		if (bpf_probe_read_kernel(&map, sizeof(map), maps + i))
			return true;
		if (is_our_map(BPF_CORE_READ(map, id)))
			return true;
	}
	return false;
}

/* What a program could do about us, whoever loads it. */
static __always_inline bool is_harmful(struct bpf_prog *prog)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(prog, aux);
	u32 kind = BPF_CORE_READ(prog, expected_attach_type);
	struct bpf_prog *target = BPF_CORE_READ(aux, dst_prog);

	if (BPF_CORE_READ(prog, type) == BPF_PROG_TYPE_TRACING) {
		if (kind == BPF_MODIFY_RETURN)
			return true;
		if (kind == BPF_TRACE_ITER &&
		    BPF_CORE_READ(aux, attach_btf_id) == guard.element_iterator)
			return true;
	}
	if (target && is_our_program(BPF_CORE_READ(target, aux, id)))
		return true;
	return uses_our_maps(aux);
}

/* The door is not among ours, but uses our maps: it has to be let out. */
SEC("lsm/bpf_prog")
int BPF_PROG(sdax_g_prog, struct bpf_prog *prog, int ret)
{
	u32 id;

	if (ret || !guard.active)
		return ret;
	id = prog->aux->id;
	if (id == guard.door)
		return 0;
	return refuse_if(is_our_program(id) || is_harmful(prog));
}

/* Pins */

static __always_inline int in_pins(struct inode *dir, int ret)
{
	if (ret || !guard.active)
		return ret;
	return refuse_if(dir->i_sb->s_dev == guard.bpffs);
}

SEC("lsm/inode_unlink")
int BPF_PROG(sdax_g_unlink, struct inode *dir, struct dentry *dentry, int ret)
{
	return in_pins(dir, ret);
}

/*
 * A directory that something is mounted on is only busy in that mount namespace.
 * Removed or replaced in another one, it takes the mount along everywhere, without
 * a hook for the mount: fs/namespace.c, __detach_mounts().
 */
static __always_inline bool is_under_ours(struct dentry *dentry)
{
	struct sdax_climb climb = {
		.at = (void *)guard.mount,
		.removed = dentry,
	};

	if (!climb.at || !sdax_is_mountpoint(dentry))
		return false;
	sdax_climb(&climb);
	return climb.goes;
}

/* In door.bpf.c, which has the registry. */
__hidden int sdax_canary_sings(u32 dev);

/*
 * Is the canary's file system mounted on it, and is it tried just now? No more
 * than a few are mounted among the pins, and none once the guard is active.
 */
static __always_inline bool is_of_canary(struct dentry *dentry)
{
	struct mount *ours = (void *)guard.mount, *mount;
	struct list_head *at = BPF_CORE_READ(ours, mnt_mounts.next);

	for (u32 i = 0; i < CHILDREN_MAX; i++) {
		if (!at || at == sdax_children_of(ours))
			return false;
		mount = sdax_mount_of_child(at);
		if (BPF_CORE_READ(mount, mnt_mountpoint) == dentry)
			return sdax_canary_sings(BPF_CORE_READ(mount, mnt.mnt_sb,
							       s_dev));
		at = BPF_CORE_READ(mount, mnt_child.next);
	}
	return false;
}

/*
 * The canary's directory is not ours to refuse while it is tried: sdax_rmdir()
 * does, whether it is tried or not, as of every name among pins with a mount on it.
 */
SEC("lsm/inode_rmdir")
int BPF_PROG(sdax_g_rmdir, struct inode *dir, struct dentry *dentry, int ret)
{
	if (ret || !guard.active)
		return ret;
	if (in_pins(dir, ret))
		return refuse_if(!is_of_canary(dentry));
	return refuse_if(is_under_ours(dentry));
}

SEC("lsm/inode_rename")
int BPF_PROG(sdax_g_rename, struct inode *old_dir, struct dentry *old_dentry,
	     struct inode *new_dir, struct dentry *new_dentry, int ret)
{
	ret = in_pins(old_dir, ret);
	if (ret || !guard.active)
		return ret;
	return refuse_if(is_under_ours(new_dentry));
}

/* Mounts */

/*
 * Does an umount on one mount spread to another: is that its peer, or by whatever
 * steps a slave of it? Not static, see above; so these are addresses.
 */
__noinline int spreads(u64 from, u64 to)
{
	struct mount *source = (void *)from, *at = (void *)to;
	int group = BPF_CORE_READ(source, mnt_group_id);

	if (!group)
		return 0;
	for (u32 i = 0; i < MASTERS_MAX; i++) {
		if (!at)
			return 0;
		if (BPF_CORE_READ(at, mnt_group_id) == group)
			return 1;
		at = BPF_CORE_READ(at, mnt_master);
	}
	return 1;
}

/*
 * Does leaving take at along: it is the same, or a copy whose umount spreads
 * to it by way of the mounts that both lie on.
 */
static __always_inline bool takes_along(struct mount *leaving,
					struct mount *at)
{
	if (leaving == at)
		return true;
	return BPF_CORE_READ(leaving, mnt_mountpoint) ==
		       BPF_CORE_READ(at, mnt_mountpoint) &&
	       spreads((u64)BPF_CORE_READ(leaving, mnt_parent),
		       (u64)BPF_CORE_READ(at, mnt_parent));
}

/* Is it ours or one that ours lies on, so that it would go along? */
static __always_inline bool carries_ours(struct mount *mount)
{
	struct mount *at = (void *)guard.mount;

	for (u32 i = 0; i < MOUNT_DEPTH_MAX; i++) {
		struct mount *parent;

		if (takes_along(mount, at))
			return true;
		parent = BPF_CORE_READ(at, mnt_parent);
		if (!parent || parent == at)
			return false;
		at = parent;
	}
	return true;
}

/*
 * A copy of the mount in another namespace ends with that one, and is not the
 * one that everybody else can unmount. Asked of process 1, which is an ancestor
 * of whoever makes the lock.
 */
static __always_inline bool is_at_home(struct mount *mount)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	for (u32 i = 0; i < PARENTS_MAX; i++) {
		if (BPF_CORE_READ(task, tgid) == 1)
			return BPF_CORE_READ(task, nsproxy, mnt_ns) ==
			       BPF_CORE_READ(mount, mnt_ns);
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

/*
 * The address of the mount with the pins is learnt from the first try to
 * unmount it, which the loader makes; it stays what it is, since no try succeeds.
 * Unknown, nothing is locked.
 * The canary's lies on it, and while it is tried the answer is another's to give.
 */
SEC("lsm/sb_umount")
int BPF_PROG(sdax_g_umount, struct vfsmount *mnt, int flags, int ret)
{
	struct mount *mount = sdax_mount_of(mnt);

	if (ret || !guard.active)
		return ret;
	if ((u32)BPF_CORE_READ(mount, mnt_id) == guard.mount_id) {
		if (!guard.mount && is_at_home(mount))
			guard.mount = (u64)mount;
		return -EPERM;
	}
	if ((u64)BPF_CORE_READ(mount, mnt_parent) == guard.mount)
		return refuse_if(!sdax_canary_sings(mnt->mnt_sb->s_dev));
	return refuse_if(carries_ours(mount));
}

static __always_inline bool is_ours(struct mount *mount)
{
	return (u32)BPF_CORE_READ(mount, mnt_id) == guard.mount_id;
}

/*
 * What a mount by MS_MOVE moves is a name that is looked up after the hook; so
 * none is moved that way in the namespace where ours is.
 */
SEC("lsm/sb_mount")
int BPF_PROG(sdax_g_mount, const char *dev, const struct path *path,
	     const char *type, unsigned long flags, void *data, int ret)
{
	struct mount *at = (void *)guard.mount, *mount;

	if (ret || !guard.active)
		return ret;
	mount = sdax_mount_of(BPF_CORE_READ(path, mnt));
	if (flags & MS_MOVE &&
	    BPF_CORE_READ(mount, mnt_ns) == BPF_CORE_READ(at, mnt_ns))
		return -EPERM;
	return refuse_if(is_ours(mount));
}

SEC("lsm/move_mount")
int BPF_PROG(sdax_g_move, const struct path *from, const struct path *to,
	     int ret)
{
	if (ret || !guard.active)
		return ret;
	if (is_ours(sdax_mount_of(BPF_CORE_READ(to, mnt))))
		return -EPERM;
	return refuse_if(carries_ours(sdax_mount_of(BPF_CORE_READ(from, mnt))));
}

/* Switches */

/* A name on procfs cannot be changed, whatever it is mounted as. */
static __always_inline bool is_ftrace_switch(struct file *file)
{
	static const char wanted[16] = "ftrace_enabled";
	const unsigned char *at;
	char name[16] = {};

	if (file->f_inode->i_sb->s_magic != PROC_SUPER_MAGIC)
		return false;
	at = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	if (bpf_probe_read_kernel_str(name, sizeof(name), at) < 0)
		return true;
	for (u32 i = 0; i < sizeof(wanted); i++)
		if (name[i] != wanted[i])
			return false;
	return true;
}

SEC("lsm/file_open")
int BPF_PROG(sdax_g_open, struct file *file, int ret)
{
	if (ret || !guard.active || !(file->f_mode & FMODE_WRITE))
		return ret;
	return refuse_if(is_ftrace_switch(file));
}

/*
 * What was there before the guard. Iterators, run once by the loader: a
 * descriptor that could write is not taken away, so it may not exist.
 */

static __always_inline void tell(struct seq_file *seq, u32 id, u32 count,
				 struct file *file, struct task_struct *task)
{
	struct sdax_guard_finding f = { .id = id, .count = count };

	f.file = (u64)file;
	if (task) {
		f.tgid = task->tgid;
		bpf_probe_read_kernel_str(f.comm, sizeof(f.comm), task->comm);
	}
	bpf_seq_write(seq, &f, sizeof(f));
}

/*
 * Every open file of one of our maps, and each that writes to the switch. First
 * run for the loader alone, to learn from a file of its own what a map's look
 * like: finding the symbol would take longer than all else that a lock does.
 */
SEC("iter/task_file")
int sdax_g_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct bpf_map *map;
	u32 id;

	if (!file || !task)
		return 0;
	if (!guard.map_fops) {
		if (ctx->fd == guard.map_fd)
			guard.map_fops = (u64)file->f_op;
		return 0;
	}
	if ((u64)file->f_op == guard.map_fops) {
		map = BPF_CORE_READ(file, private_data);
		id = BPF_CORE_READ(map, id);
		if (is_our_map(id))
			tell(ctx->meta->seq, id, !!(file->f_mode & FMODE_WRITE),
			     file, task);
	} else if (file->f_mode & FMODE_WRITE && is_ftrace_switch(file)) {
		tell(ctx->meta->seq, 0, 1, file, task);
	}
	return 0;
}

/* Our maps with their user references, and maps that could hold them. */
SEC("iter/bpf_map")
int sdax_g_maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;

	if (!map)
		return 0;
	if (is_our_map(map->id))
		tell(ctx->meta->seq, map->id, map->usercnt.counter, NULL, NULL);
	else if (could_hold_ours(map))
		tell(ctx->meta->seq, map->id, 0, NULL, NULL);
	return 0;
}

/* Programs that the guard would not have let in. */
SEC("iter/bpf_prog")
int sdax_g_progs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	u32 id;

	if (!prog)
		return 0;
	id = prog->aux->id;
	if (id != guard.door && !is_our_program(id) && is_harmful(prog))
		tell(ctx->meta->seq, id, 0, NULL, NULL);
	return 0;
}
