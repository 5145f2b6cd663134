// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that programs at these places can cost: each program of bpf/ again,
 * under its name and on its hook, doing nothing. What a real one costs above
 * this is ours; the rest is the kernel's price of being asked.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define EMPTY(section, name) \
	SEC(section) int name(void *ctx) { return 0; }

EMPTY("fentry/rw_verify_area", sdax_token_1)
EMPTY("fentry/rw_verify_area", sdax_token_2)
EMPTY("fexit/rw_verify_area", sdax_token_end)
EMPTY("fentry/vfs_fallocate", sdax_token_alc1)
EMPTY("fentry/vfs_fallocate", sdax_token_alc2)
EMPTY("fentry/vfs_clone_file_range", sdax_token_cln1)
EMPTY("fentry/vfs_clone_file_range", sdax_token_cln2)
EMPTY("?fentry/do_clone_file_range", sdax_token_dcl1)
EMPTY("?fentry/do_clone_file_range", sdax_token_dcl2)
EMPTY("fentry/vfs_dedupe_file_range_one", sdax_token_ddp1)
EMPTY("fentry/vfs_dedupe_file_range_one", sdax_token_ddp2)
EMPTY("?fentry/remap_verify_area", sdax_token_rmp1)
EMPTY("?fentry/remap_verify_area", sdax_token_rmp2)
EMPTY("?fentry/io_openat2", sdax_token_open)
EMPTY("?fexit/io_openat2", sdax_token_opend)
EMPTY("?lsm/inode_setattr", sdax_setattr_2)
EMPTY("?lsm/inode_setattr", sdax_setattr_3)
EMPTY("?lsm/path_truncate", sdax_path_trunc)
EMPTY("?lsm/file_truncate", sdax_file_trunc)
EMPTY("lsm/file_permission", sdax_permission)
EMPTY("lsm/file_open", sdax_open)
EMPTY("lsm/file_fcntl", sdax_fcntl)
EMPTY("lsm/file_ioctl", sdax_ioctl)
EMPTY("?lsm/file_ioctl_compat", sdax_ioctl_32)
EMPTY("?lsm/inode_file_setattr", sdax_fileattr)
EMPTY("lsm/quota_on", sdax_quota_on)
EMPTY("lsm/inode_unlink", sdax_unlink)
EMPTY("lsm/inode_rmdir", sdax_rmdir)
EMPTY("lsm/inode_rename", sdax_rename)
EMPTY("lsm/sb_umount", sdax_umount)
EMPTY("lsm/inode_free_security", sdax_inode_free)
EMPTY("lsm/sb_delete", sdax_sb_delete)
EMPTY("lsm/sb_statfs", sdax_statfs)
