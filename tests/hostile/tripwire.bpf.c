// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at the inode that a filesystem is about to change the map of: is it sealed? The registry
 * is the one that is in force, so an entry that is gone, lapsed or only audits does not count, and
 * neither does one that is still being judged: the seal itself takes blocks away from a file
 * before that. Nor one in mode noshrink, whose file may get more blocks.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "staticdax_abi.h"
#include "tripwire.h"

char LICENSE[] SEC("license") = "GPL";

struct ext4_allocation_request {
	struct inode *inode;
} __attribute__((preserve_access_index));

/* Replaced by the pinned one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct sdax_key);
	__type(value, struct sdax_entry);
} sealed SEC(".maps");

struct wire_count counts[WIRES];
const volatile unsigned int argument[WIRES];
const volatile unsigned int kind[WIRES];

static __always_inline struct inode *inode_of(u64 arg, u32 what)
{
	struct xfs_inode *xfs = (void *)arg;
	struct ext4_allocation_request *request = (void *)arg;

	if (what == WIRE_INODE)
		return (void *)arg;
	if (what == WIRE_EXT4_ALLOCATION)
		return bpf_core_field_exists(request->inode) ?
			       BPF_CORE_READ(request, inode) : NULL;
	return bpf_core_field_exists(xfs->i_vnode) ?
		       (void *)xfs + bpf_core_field_offset(struct xfs_inode, i_vnode) : NULL;
}

static __always_inline bool keeps_map(const struct sdax_entry *entry)
{
	return entry->state == SDAX_STATE_ACTIVE && !(entry->flags & SDAX_F_AUDIT) &&
	       entry->mode != SDAX_MODE_NOSHRINK;
}

static __noinline int trip(void *ctx, u32 n)
{
	struct sdax_entry *entry;
	struct sdax_key key = {};
	struct inode *inode;
	u64 arg;

	if (n >= WIRES || bpf_get_func_arg(ctx, argument[n], &arg))
		return 0;
	inode = inode_of(arg, kind[n]);
	if (!inode)
		return 0;
	key.ino = BPF_CORE_READ(inode, i_ino);
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	entry = bpf_map_lookup_elem(&sealed, &key);
	if (!entry || !keeps_map(entry)) {
		__sync_fetch_and_add(&counts[n].unsealed, 1);
		return 0;
	}
	__sync_fetch_and_add(&counts[n].sealed, 1);
	counts[n].ino = key.ino;
	counts[n].dev = key.dev;
	return 0;
}

#define WIRE(n) SEC("?fentry") int wire_##n(void *ctx) { return trip(ctx, n); }
#define WIRES_8(n) \
	WIRE(n##0) WIRE(n##1) WIRE(n##2) WIRE(n##3) WIRE(n##4) WIRE(n##5) WIRE(n##6) WIRE(n##7)

/* octal: the digits are pasted */
WIRES_8(00)
WIRES_8(01)
WIRES_8(02)
WIRES_8(03)
WIRES_8(04)
WIRES_8(05)
