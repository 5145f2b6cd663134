/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each ioctl means to a sealed file. Type and number are compared and the
 * size is not, so that the 32-bit variants need no lines of their own.
 *
 * An ioctl that is not listed as harmless is refused on a sealed file: the
 * next kernel's allocation ioctl is closed before anybody has heard of it.
 */
#ifndef SDAX_IOCTLS_BPF_H
#define SDAX_IOCTLS_BPF_H

#include "vmlinux.h"
#include "staticdax_abi.h"

/* Each program has but some of these. */
#define SDAX_MAYBE_UNUSED __attribute__((unused))

#define SDAX_IOC(type, nr) ((type) << 8 | (nr))
#define SDAX_IOC_OF(cmd) ((cmd) & 0xffff)

/* include/uapi/linux/loop.h: old numbers without type or size. */
#define SDAX_LOOP_SET_FD	0x4c00
#define SDAX_LOOP_CHANGE_FD	0x4c06
#define SDAX_LOOP_CONFIGURE	0x4c0a

/* fs/ext4/ext4.h, fs/xfs/libxfs/xfs_fs.h */
#define SDAX_EXT4_MOVE_EXT	SDAX_IOC('f', 15)
#define SDAX_XFS_SWAPEXT	SDAX_IOC('X', 109)
#define SDAX_XFS_SCRUB		SDAX_IOC('X', 60)
#define SDAX_XFS_SCRUBV		SDAX_IOC('X', 64)

static __noinline bool sdax_ioctl_is_harmless(u32 cmd)
{
	switch (SDAX_IOC_OF(cmd)) {
	/* include/uapi/asm-generic/ioctls.h: what isatty() and stdio ask */
	case SDAX_IOC('T', 0x01):	/* TCGETS */
	case SDAX_IOC('T', 0x2a):	/* TCGETS2 */
	case SDAX_IOC('T', 0x0f):	/* TIOCGPGRP */
	case SDAX_IOC('T', 0x13):	/* TIOCGWINSZ */
	case SDAX_IOC('T', 0x1b):	/* FIONREAD */
	case SDAX_IOC('T', 0x21):	/* FIONBIO */
	case SDAX_IOC('T', 0x50):	/* FIONCLEX */
	case SDAX_IOC('T', 0x51):	/* FIOCLEX */
	case SDAX_IOC('T', 0x52):	/* FIOASYNC */
	case SDAX_IOC('T', 0x60):	/* FIOQSIZE */
	/* include/uapi/linux/fs.h: block device questions that tools put to */
	/* any file; no filesystem answers them */
	case SDAX_IOC(0x12, 94):	/* BLKROGET */
	case SDAX_IOC(0x12, 96):	/* BLKGETSIZE */
	case SDAX_IOC(0x12, 99):	/* BLKRAGET */
	case SDAX_IOC(0x12, 103):	/* BLKSECTGET */
	case SDAX_IOC(0x12, 104):	/* BLKSSZGET */
	case SDAX_IOC(0x12, 112):	/* BLKBSZGET */
	case SDAX_IOC(0x12, 114):	/* BLKGETSIZE64 */
	case SDAX_IOC(0x12, 120):	/* BLKIOMIN */
	case SDAX_IOC(0x12, 121):	/* BLKIOOPT */
	case SDAX_IOC(0x12, 122):	/* BLKALIGNOFF */
	case SDAX_IOC(0x12, 123):	/* BLKPBSZGET */
	case SDAX_IOC(0x12, 126):	/* BLKROTATIONAL */
	/* include/uapi/linux/fs.h, fsmap.h, fscrypt.h, fsverity.h */
	case SDAX_IOC(0, 1):		/* FIBMAP */
	case SDAX_IOC(0, 2):		/* FIGETBSZ */
	case SDAX_IOC('f', 1):		/* FS_IOC_GETFLAGS */
	case SDAX_IOC('f', 11):		/* FS_IOC_FIEMAP */
	case SDAX_IOC('f', 20):		/* FS_IOC_GET_ENCRYPTION_PWSALT */
	case SDAX_IOC('f', 21):		/* FS_IOC_GET_ENCRYPTION_POLICY */
	case SDAX_IOC('f', 22):		/* FS_IOC_GET_ENCRYPTION_POLICY_EX */
	case SDAX_IOC('f', 23):		/* FS_IOC_ADD_ENCRYPTION_KEY */
	case SDAX_IOC('f', 24):		/* FS_IOC_REMOVE_ENCRYPTION_KEY */
	case SDAX_IOC('f', 25):		/* .._REMOVE_ENCRYPTION_KEY_ALL_USERS */
	case SDAX_IOC('f', 26):		/* FS_IOC_GET_ENCRYPTION_KEY_STATUS */
	case SDAX_IOC('f', 27):		/* FS_IOC_GET_ENCRYPTION_NONCE */
	case SDAX_IOC('f', 134):	/* FS_IOC_MEASURE_VERITY */
	case SDAX_IOC('f', 135):	/* FS_IOC_READ_VERITY_METADATA */
	case SDAX_IOC('v', 1):		/* FS_IOC_GETVERSION */
	case SDAX_IOC('X', 31):		/* FS_IOC_FSGETXATTR */
	case SDAX_IOC('X', 59):		/* FS_IOC_GETFSMAP */
	case SDAX_IOC('X', 119):	/* FIFREEZE */
	case SDAX_IOC('X', 120):	/* FITHAW */
	case SDAX_IOC('X', 121):	/* FITRIM */
	case SDAX_IOC(0x94, 49):	/* FS_IOC_GETFSLABEL */
	case SDAX_IOC(0x94, 50):	/* FS_IOC_SETFSLABEL */
	case SDAX_IOC(0x15, 0):		/* FS_IOC_GETFSUUID */
	case SDAX_IOC(0x15, 1):		/* FS_IOC_GETFSSYSFSPATH */
	/* fs/ext4/ext4.h: reads, and the whole filesystem */
	case SDAX_IOC('f', 3):		/* EXT4_IOC_GETVERSION */
	case SDAX_IOC('f', 5):		/* EXT4_IOC_GETRSVSZ */
	case SDAX_IOC('f', 7):		/* EXT4_IOC_GROUP_EXTEND */
	case SDAX_IOC('f', 8):		/* EXT4_IOC_GROUP_ADD */
	case SDAX_IOC('f', 16):		/* EXT4_IOC_RESIZE_FS */
	case SDAX_IOC('f', 18):		/* EXT4_IOC_PRECACHE_EXTENTS */
	case SDAX_IOC('f', 40):		/* EXT4_IOC_CLEAR_ES_CACHE */
	case SDAX_IOC('f', 41):		/* EXT4_IOC_GETSTATE */
	case SDAX_IOC('f', 42):		/* EXT4_IOC_GET_ES_CACHE */
	case SDAX_IOC('f', 43):		/* EXT4_IOC_CHECKPOINT */
	case SDAX_IOC('f', 44):		/* EXT4_IOC_GETFSUUID, SETFSUUID */
	case SDAX_IOC('f', 45):		/* EXT4_IOC_GET_TUNE_SB_PARAM */
	case SDAX_IOC('f', 46):		/* EXT4_IOC_SET_TUNE_SB_PARAM */
	case SDAX_IOC('X', 125):	/* EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN */
	/* fs/xfs/libxfs/xfs_fs.h: reads, handles, and the whole filesystem */
	case SDAX_IOC('X', 30):		/* XFS_IOC_DIOINFO */
	case SDAX_IOC('X', 38):		/* XFS_IOC_GETBMAP */
	case SDAX_IOC('X', 44):		/* XFS_IOC_GETBMAPA */
	case SDAX_IOC('X', 45):		/* XFS_IOC_FSGETXATTRA */
	case SDAX_IOC('X', 56):		/* XFS_IOC_GETBMAPX */
	case SDAX_IOC('X', 58):		/* XFS_IOC_FREE_EOFBLOCKS */
	case SDAX_IOC('X', 61):		/* XFS_IOC_AG_GEOMETRY */
	case SDAX_IOC('X', 62):		/* XFS_IOC_GETPARENTS */
	case SDAX_IOC('X', 63):		/* XFS_IOC_GETPARENTS_BY_HANDLE */
	case SDAX_IOC('X', 65):		/* XFS_IOC_RTGROUP_GEOMETRY */
	case SDAX_IOC('X', 68):		/* XFS_IOC_HEALTH_MONITOR */
	case SDAX_IOC('X', 100):	/* XFS_IOC_FSGEOMETRY_V1 */
	case SDAX_IOC('X', 101):	/* XFS_IOC_FSBULKSTAT */
	case SDAX_IOC('X', 102):	/* XFS_IOC_FSBULKSTAT_SINGLE */
	case SDAX_IOC('X', 103):	/* XFS_IOC_FSINUMBERS */
	case SDAX_IOC('X', 104):	/* XFS_IOC_PATH_TO_FSHANDLE */
	case SDAX_IOC('X', 105):	/* XFS_IOC_PATH_TO_HANDLE */
	case SDAX_IOC('X', 106):	/* XFS_IOC_FD_TO_HANDLE */
	case SDAX_IOC('X', 107):	/* XFS_IOC_OPEN_BY_HANDLE */
	case SDAX_IOC('X', 108):	/* XFS_IOC_READLINK_BY_HANDLE */
	case SDAX_IOC('X', 110):	/* XFS_IOC_FSGROWFSDATA */
	case SDAX_IOC('X', 111):	/* XFS_IOC_FSGROWFSLOG */
	case SDAX_IOC('X', 112):	/* XFS_IOC_FSGROWFSRT */
	case SDAX_IOC('X', 113):	/* XFS_IOC_FSCOUNTS */
	case SDAX_IOC('X', 114):	/* XFS_IOC_SET_RESBLKS */
	case SDAX_IOC('X', 115):	/* XFS_IOC_GET_RESBLKS */
	case SDAX_IOC('X', 122):	/* XFS_IOC_ATTRLIST_BY_HANDLE */
	case SDAX_IOC('X', 123):	/* XFS_IOC_ATTRMULTI_BY_HANDLE */
	case SDAX_IOC('X', 124):	/* XFS_IOC_FSGEOMETRY_V4 */
	case SDAX_IOC('X', 126):	/* XFS_IOC_FSGEOMETRY */
	case SDAX_IOC('X', 127):	/* XFS_IOC_BULKSTAT */
	case SDAX_IOC('X', 128):	/* XFS_IOC_INUMBERS */
	case SDAX_IOC('X', 130):	/* XFS_IOC_START_COMMIT */
		return true;
	}
	return false;
}

/*
 * include/uapi/linux/btrfs.h: reads, and defragmenting, which keeps the content.
 * For btrfs alone, where a file is never sealed in a mode that minds its blocks.
 */
static SDAX_MAYBE_UNUSED __noinline bool
sdax_ioctl_is_harmless_on_btrfs(u32 cmd)
{
	switch (SDAX_IOC_OF(cmd)) {
	case SDAX_IOC(0x94, 2):		/* BTRFS_IOC_DEFRAG */
	case SDAX_IOC(0x94, 8):		/* BTRFS_IOC_SYNC */
	case SDAX_IOC(0x94, 16):	/* BTRFS_IOC_DEFRAG_RANGE */
	case SDAX_IOC(0x94, 17):	/* BTRFS_IOC_TREE_SEARCH, _V2 */
	case SDAX_IOC(0x94, 18):	/* BTRFS_IOC_INO_LOOKUP */
	case SDAX_IOC(0x94, 30):	/* BTRFS_IOC_DEV_INFO */
	case SDAX_IOC(0x94, 31):	/* BTRFS_IOC_FS_INFO */
	case SDAX_IOC(0x94, 35):	/* BTRFS_IOC_INO_PATHS */
	case SDAX_IOC(0x94, 36):	/* BTRFS_IOC_LOGICAL_INO */
	case SDAX_IOC(0x94, 60):	/* BTRFS_IOC_GET_SUBVOL_INFO */
		return true;
	}
	return false;
}

/* What a refused one is called in the report; the answer is the same. */
static SDAX_MAYBE_UNUSED __noinline u32 sdax_ioctl_op(u32 cmd)
{
	switch (SDAX_IOC_OF(cmd)) {
	case SDAX_IOC('X', 40):		/* FS_IOC_RESVSP */
	case SDAX_IOC('X', 41):		/* FS_IOC_UNRESVSP */
	case SDAX_IOC('X', 42):		/* FS_IOC_RESVSP64 */
	case SDAX_IOC('X', 43):		/* FS_IOC_UNRESVSP64 */
	case SDAX_IOC('X', 57):		/* FS_IOC_ZERO_RANGE */
		return SDAX_OP_ALLOCATE;
	case SDAX_IOC(0x94, 9):		/* FICLONE */
	case SDAX_IOC(0x94, 13):	/* FICLONERANGE */
	case SDAX_IOC('X', 129):	/* XFS_IOC_EXCHANGE_RANGE */
	case SDAX_IOC('X', 131):	/* XFS_IOC_COMMIT_RANGE */
		return SDAX_OP_REMAP_INTO;
	case SDAX_IOC(0x94, 54):	/* FIDEDUPERANGE: the ioctl's is the source */
		return SDAX_OP_REMAP_FROM;
	case SDAX_EXT4_MOVE_EXT:
	case SDAX_IOC('f', 17):		/* EXT4_IOC_SWAP_BOOT */
	case SDAX_XFS_SWAPEXT:
	case SDAX_XFS_SCRUB:
	case SDAX_XFS_SCRUBV:
		return SDAX_OP_SWAP_EXTENTS;
	case SDAX_IOC('f', 2):		/* FS_IOC_SETFLAGS */
	case SDAX_IOC('X', 32):		/* FS_IOC_FSSETXATTR */
	case SDAX_IOC('f', 4):		/* EXT4_IOC_SETVERSION: i_generation */
	case SDAX_IOC('v', 2):		/* FS_IOC_SETVERSION */
	case SDAX_IOC('f', 9):		/* EXT4_IOC_MIGRATE */
	case SDAX_IOC('f', 133):	/* FS_IOC_ENABLE_VERITY */
		return SDAX_OP_FLAGS;
	}
	return SDAX_OP_IOCTL;
}

/*
 * What one that has begun may do, as SDAX_FLIGHT_*. Those of filesystems only: others,
 * as KVM_RUN, are under way all the time. Of btrfs, where some last for hours, those
 * that remap.
 */
static SDAX_MAYBE_UNUSED __noinline u32 sdax_ioctl_flight(u32 cmd)
{
	switch (SDAX_IOC_OF(cmd)) {
	case SDAX_EXT4_MOVE_EXT:
	case SDAX_XFS_SWAPEXT:
	case SDAX_XFS_SCRUB:
	case SDAX_XFS_SCRUBV:
		return SDAX_FLIGHT_ELSEWHERE;
	case SDAX_LOOP_SET_FD:
	case SDAX_LOOP_CHANGE_FD:
	case SDAX_LOOP_CONFIGURE:
		return SDAX_FLIGHT_ELSEWHERE | SDAX_FLIGHT_ITSELF;
	case SDAX_IOC(0x94, 9):		/* FICLONE */
	case SDAX_IOC(0x94, 13):	/* FICLONERANGE */
	case SDAX_IOC(0x94, 54):	/* FIDEDUPERANGE */
		return SDAX_FLIGHT_ITSELF;
	}
	switch (SDAX_IOC_OF(cmd) >> 8) {
	case 'f':
	case 'v':
	case 'X':
		return sdax_ioctl_is_harmless(cmd) ? 0 : SDAX_FLIGHT_ITSELF;
	}
	return 0;
}

#endif
