/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types as far as the BPF programs look into them.
 *
 * Only the fields that are used, in any order: every access is relocated
 * against the running kernel's BTF when the object is loaded, and a field that
 * is missing there makes the load fail. A type that differs between kernels
 * has one flavour per shape, with a ___suffix that libbpf ignores; who chooses
 * between them is bpf/compat.bpf.h. README.md says why this is not a dump.
 */
#ifndef VMLINUX_H
#define VMLINUX_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef long long loff_t;
typedef __u32 dev_t;
typedef unsigned short umode_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

struct list_head {
	struct list_head *next;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct dentry;
struct seq_file;

struct super_block {
	dev_t s_dev;
	unsigned long s_magic;
	struct list_head s_mounts;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

/* fs/mount.h */
struct mnt_namespace;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct mountpoint {
	struct hlist_head m_list;
};

struct mount {
	int mnt_id;
	struct mnt_namespace *mnt_ns;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts;
	struct list_head mnt_child;
	struct list_head mnt_instance;
	struct mount *mnt_master;
	struct mountpoint *mnt_mp;
	struct hlist_node mnt_mp_list;
	int mnt_group_id;
};

/* Since 6.18 the mounts of a superblock are a plain chain. */
struct mount___chained {
	struct mount *mnt_next_for_sb;
};

struct super_block___chained {
	struct mount *s_mounts;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic_long_t;

struct rw_semaphore {
	atomic_long_t count;
	atomic_long_t owner;
};

struct inode {
	umode_t i_mode;
	dev_t i_rdev;
	unsigned int i_flags;
	const struct file_operations *i_fop;
	struct super_block *i_sb;
	unsigned long i_ino;
	struct hlist_head i_dentry;
	unsigned int i_nlink;
	loff_t i_size;
	u32 i_generation;
	atomic_t i_writecount;
	atomic_t i_readcount;
	atomic_t i_dio_count;
	struct rw_semaphore i_rwsem;
};

struct qstr {
	const unsigned char *name;
};

struct lockref {
	int count;
};

struct dentry {
	struct lockref d_lockref;
	unsigned int d_flags;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

/* Newer kernels have names for the flags; before, they are no more than numbers. */
enum bpf_type_flag___trust {
	PTR_TRUSTED___trust = 0x100000,
};

enum dentry_flags___named {
	DCACHE_MOUNTED___named = 0x8000,
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file_operations {
	loff_t (*remap_file_range)(void);
};

struct file {
	void *private_data;
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	struct path f_path;
	const struct file_operations *f_op;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	int ki_flags;
};

struct iattr {
	unsigned int ia_valid;
	loff_t ia_size;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
};

struct thread_info {
	u32 status;
};

struct user_namespace {
	int level;
};

/* Two u32 on 6.1; nobody looks inside. */
typedef struct {
	u64 val;
} kernel_cap_t;

struct cred {
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};

struct pid {
	unsigned int level;
};

struct task_struct {
	struct pid *thread_pid;
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	int tgid;
	struct task_struct *real_parent;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
};

struct pt_regs {
	unsigned long r8;
	unsigned long r9;
	unsigned long r10;
	unsigned long bp;
	unsigned long bx;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};

struct bpf_prog;

struct bpf_map {
	struct bpf_map *inner_map_meta;
	enum bpf_map_type map_type;
	u32 key_size;
	u32 value_size;
	u32 id;
	struct {
		s64 counter;
	} usercnt;
};

struct bpf_prog_aux {
	u32 used_map_cnt;
	u32 id;
	u32 attach_btf_id;
	struct bpf_prog *dst_prog;
	struct bpf_map **used_maps;
};

struct bpf_prog {
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	struct bpf_prog_aux *aux;
};

struct vm_area_struct {
	unsigned long vm_start;
	struct file *vm_file;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

/* fs/xfs/xfs_inode.h; in the BTF of the module xfs, absent until it is loaded. */
struct xfs_ifork {
	s64 if_bytes;
};

struct xfs_inode {
	struct xfs_ifork *i_cowfp;
	u64 i_diflags2;
	struct inode i_vnode;
};

#pragma clang attribute pop

#endif
