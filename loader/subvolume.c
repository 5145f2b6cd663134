// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which subvolume of a btrfs a file is of. */
#define _GNU_SOURCE
#include "subvolume.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "util.h"

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

/* In bytes, or -ENODATA. */
static int member_at(const struct btf *btf, const char *type,
		     const char *member)
{
	const struct btf_type *t;
	int id;

	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	if (id < 0)
		return -ENODATA;
	t = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off),
			    member))
			return btf_member_bit_offset(t, i) / 8;
	return -ENODATA;
}

static int find_in(const struct btf *btf, struct sdax_subvolume_at *ret)
{
	int inode = member_at(btf, "btrfs_inode", "vfs_inode");
	int root = member_at(btf, "btrfs_inode", "root");
	int key = member_at(btf, "btrfs_root", "root_key");
	int id = member_at(btf, "btrfs_key", "objectid");

	if (inode < 0 || root < 0 || key < 0 || id < 0 || root == inode)
		return -ENODATA;
	ret->root = root - inode;
	ret->id = key + id;
	return 0;
}

int sdax_subvolume_find(struct sdax_subvolume_at *ret)
{
	_cleanup_(btf_freep) struct btf *kernel = btf__load_vmlinux_btf();
	_cleanup_(btf_freep) struct btf *module = NULL;

	if (!kernel)
		return -ENODATA;
	if (!find_in(kernel, ret))
		return 0;
	module = btf__load_module_btf("btrfs", kernel);
	return module ? find_in(module, ret) : -ENODATA;
}

/* What everybody may ask: the subvolume that the file is in. */
int sdax_subvolume_part(int fd, __u32 *ret_part)
{
	struct btrfs_ioctl_ino_lookup_args lookup = {
		.objectid = BTRFS_FIRST_FREE_OBJECTID,
	};

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) < 0)
		return -errno;
	if (lookup.treeid > UINT32_MAX / SDAX_PART_PIECES)
		return -EOVERFLOW;
	*ret_part = lookup.treeid * SDAX_PART_PIECES;
	return 0;
}

int sdax_subvolume_dev(int fd, __u32 *ret_dev)
{
	_cleanup_fclose_ FILE *mounts = NULL;
	_cleanup_free_ char *line = NULL;
	unsigned int maj, min;
	struct statx stx;
	size_t size = 0;
	uint64_t id;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return -errno;
	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		if (sscanf(line, "%" SCNu64 " %*u %u:%u", &id, &maj, &min) != 3 ||
		    id != stx.stx_mnt_id)
			continue;
		*ret_dev = maj << 20 | min;
		return 0;
	}
	return -ENODATA;
}
