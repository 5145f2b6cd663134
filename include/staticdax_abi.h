/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What the BPF programs and user space have in common: the keys and values of
 * the pinned maps, the operations, and the version that guards both.
 *
 * Compiled by the BPF compiler and by the host's; fixed-width types, explicit
 * padding, no pointers. A change of any layout or enum value here raises
 * SDAX_ABI_VERSION: a program never touches pins of another version.
 */
#ifndef STATICDAX_ABI_H
#define STATICDAX_ABI_H

#include <linux/types.h>

#ifndef SDAX_ABI_VERSION
#define SDAX_ABI_VERSION 8
#endif

/*
 * An inode, as the kernel knows it. dev is super_block.s_dev in the kernel's
 * own encoding (major << 20 | minor), which differs from st_dev's.
 * i_generation is no part of the key: EXT4_IOC_SETVERSION and SWAP_BOOT
 * rewrite it, and a key that misses fails open. part tells the subvolumes of a
 * btrfs apart, each of which numbers its inodes anew: their id, times
 * SDAX_PART_PIECES. To that the map "paths" adds the number of the piece of a
 * long path, or the last of all for a record that is being replaced, see
 * SDAX_F_RENEWS. 0 on every other filesystem.
 */
struct sdax_key {
	__u64 ino;
	__u32 dev;
	__u32 part;
};

#define SDAX_PART_PIECES 64	/* more than PATH_MAX / SDAX_PATH_PART + 1 */
/* Once puts a key in, twice takes it out again. */
static inline void sdax_key_mix(struct sdax_key *mixed,
				const struct sdax_key *key)
{
	mixed->ino ^= key->ino;
	mixed->dev ^= key->dev;
	mixed->part ^= key->part;
}

/*
 * What may be denied. The values are bits of sdax_entry.deny, so that a mode
 * is nothing but a mask.
 */
enum sdax_op {
	SDAX_OP_SHRINK = 0,	/* i_size down: truncate, O_TRUNC */
	SDAX_OP_SAME_SIZE,	/* truncate to i_size: frees blocks past EOF */
	SDAX_OP_GROW,		/* i_size up by truncate */
	SDAX_OP_ALLOCATE,	/* fallocate in any mode, MADV_REMOVE, RESVSP */
	SDAX_OP_WRITE,		/* write(2) and kin inside i_size */
	SDAX_OP_EXTEND,		/* write(2) and kin past i_size */
	SDAX_OP_APPEND,		/* O_APPEND, RWF_APPEND, F_SETFL O_APPEND */
	SDAX_OP_ATOMIC,		/* RWF_ATOMIC: XFS falls back to copy-on-write */
	SDAX_OP_REMAP_FROM,	/* source of clone, dedupe, copy_file_range */
	SDAX_OP_REMAP_INTO,	/* destination of those; exchange-range */
	SDAX_OP_SWAP_EXTENTS,	/* MOVE_EXT, SWAPEXT, XFS repair */
	SDAX_OP_FLAGS,		/* inode flags and extended fs attributes */
	SDAX_OP_IOCTL,		/* any ioctl that is not known to be harmless */
	SDAX_OP_ATTACH,		/* loop, swapon, acct, quota, backing file */
	SDAX_OP_UNLINK,
	SDAX_OP_RENAME,		/* away or over */
	SDAX_OP_UMOUNT,		/* of the last mount of the filesystem */
	SDAX_OP_MAX_
};

#define SDAX_BIT(op) (1U << (op))

/* The contract of each mode; see sdax_entry.deny. */
#define SDAX_DENY_STATIC \
	((SDAX_BIT(SDAX_OP_MAX_) - 1) & ~SDAX_BIT(SDAX_OP_WRITE))
#define SDAX_DENY_SWAPFILE (SDAX_BIT(SDAX_OP_MAX_) - 1)

/*
 * Beside these: an audit, said a second time. Who edits SDAX_F_AUDIT into an entry, and
 * not this, has made no audit of it: see sdax_entry_audits().
 */
#define SDAX_DENY_AUDIT (1U << 31)

/*
 * What noshrink refuses, and why: no page may be taken away from under a
 * mapping, and what a mapping shows may change by writing only.
 *
 *  SHRINK        beyond the new end each access is a SIGBUS
 *  ALLOCATE      punch, collapse, zero-range and write-zeroes lose content,
 *                insert moves it past the end of a mapping; what only allocates
 *                or unshares counts as GROW
 *  REMAP_INTO    clone, dedupe and exchange-range put other blocks, or a hole,
 *                in the place of those that are mapped. A server that wants to
 *                is told to copy instead
 *  SWAP_EXTENTS  MOVE_EXT and SWAPEXT leave the blocks of the one file in the
 *                other, SWAP_BOOT the size as well; repair may drop what it
 *                cannot make sense of
 *  FLAGS         verity ends all growth and turns damage into SIGBUS, SETVERSION
 *                rewrites what an entry is compared with
 *  IOCTL         what nobody has heard of may shrink
 *  ATTACH        a loop device, LIO or nvmet punches with no further hook, swap
 *                and quota write what is not the owner's. A file under overlayfs
 *                or FUSE passthrough is written through them, and all else asks:
 *                it counts as EXTEND
 *
 * Allowed, and why: GROW, WRITE, EXTEND, APPEND and ATOMIC take nothing away;
 * SAME_SIZE frees only what lies past the end, where nothing can be mapped;
 * REMAP_FROM shares blocks, which stay until they are written; UNLINK and RENAME
 * change names, and whoever has it mapped keeps the file; UMOUNT cannot happen
 * while anything is mapped.
 */
#define SDAX_DENY_NOSHRINK                                                   \
	(SDAX_BIT(SDAX_OP_SHRINK) | SDAX_BIT(SDAX_OP_ALLOCATE) |             \
	 SDAX_BIT(SDAX_OP_REMAP_INTO) | SDAX_BIT(SDAX_OP_SWAP_EXTENTS) |     \
	 SDAX_BIT(SDAX_OP_FLAGS) | SDAX_BIT(SDAX_OP_IOCTL) |                 \
	 SDAX_BIT(SDAX_OP_ATTACH))

enum sdax_mode {
	SDAX_MODE_STATIC = 0,
	SDAX_MODE_SWAPFILE,	/* as static, and no write(2) at all */
	SDAX_MODE_NOSHRINK,	/* grows and is written, but loses nothing */
	SDAX_MODE_MAX_
};

/* What the mode refuses; 0 if there is no such mode. */
static inline __u32 sdax_mode_denies(unsigned int mode)
{
	if (mode == SDAX_MODE_STATIC)
		return SDAX_DENY_STATIC;
	if (mode == SDAX_MODE_NOSHRINK)
		return SDAX_DENY_NOSHRINK;
	return mode == SDAX_MODE_SWAPFILE ? SDAX_DENY_SWAPFILE : 0;
}

enum sdax_state {
	SDAX_STATE_NONE = 0,
	SDAX_STATE_PENDING,	/* denies; the extents are being judged */
	SDAX_STATE_ACTIVE,	/* denies; judged */
	SDAX_STATE_LAPSED,	/* a record only; does not deny */
	SDAX_STATE_MAX_
};

enum sdax_lapse {
	SDAX_LAPSE_NONE = 0,
	SDAX_LAPSE_DELETED,	/* the inode was freed with no links left */
	SDAX_LAPSE_UNMOUNTED,	/* the superblock was shut down */
	SDAX_LAPSE_REPLACED,	/* another file has the inode, by its generation */
	SDAX_LAPSE_MAX_
};

#define SDAX_F_AUDIT	0x01	/* decide and report, but let it pass */
#define SDAX_F_DAX	0x02	/* the inode was DAX when sealed */
#define SDAX_F_CANARY	0x04	/* the self-test's file, never listed */
#define SDAX_F_REUSED	0x08	/* another generation is another file: inode
				   numbers are used again while this one lives,
				   or nobody can rewrite the generation */
#define SDAX_F_WAS_AUDIT 0x10	/* an audit, until it is judged as a seal; refuses */
#define SDAX_F_RENEWS	0x20	/* pending: the file's lapsed record is set aside, and
				   comes back if this is not judged */

/* What the programs know of a seal. */
struct sdax_entry {
	__u64 size;		/* i_size when sealed, bytes */
	__u64 digest;		/* of the extent map, see loader/extents.h */
	__u64 align;		/* bytes, a power of two; 0: none was judged */
	__u64 sealed_at;	/* CLOCK_REALTIME, ns */
	__u64 last_event;	/* sequence number of the last denial, 0: none */
	__u32 generation;	/* i_generation when sealed */
	__u32 lapsed_at;	/* CLOCK_BOOTTIME, seconds; 0 unless lapsed */
	__u32 deny;		/* SDAX_BIT() of what is refused */
	__u32 denials;		/* refused (or, with audit, noticed) so far */
	__u32 runs;		/* physically contiguous pieces of the map */
	__u8 state;		/* enum sdax_state */
	__u8 mode;		/* enum sdax_mode */
	__u8 flags;		/* SDAX_F_* */
	__u8 lapse;		/* enum sdax_lapse */
};

/*
 * 1: what the mode refuses is noticed only; 0: it is refused. Both places have to say
 * so, or somebody has edited one of them. Without a branch, as programs count by it.
 */
static inline __u32 sdax_entry_audits(const struct sdax_entry *entry)
{
	return entry->deny >> 31 & entry->flags & SDAX_F_AUDIT;
}

/*
 * Value of "sealed": the entry, and the beginning of the path for people. The
 * kernel rounds an element (header 56, key 16) up to 192 bytes in any case:
 * what it would waste is enough for most paths.
 */
#define SDAX_PATH_HEAD 56

struct sdax_slot {
	struct sdax_entry entry;
	char path[SDAX_PATH_HEAD];	/* unused bytes are 0 */
};

/*
 * Value of "filesystems", keyed by __u32 s_dev: a record exists while the
 * filesystem holds a seal. The kernel removes it when the superblock goes.
 */
struct sdax_fs {
	__u32 magic;		/* super_block.s_magic */
	__u32 seals;		/* enforcing entries */
	__u32 audits;		/* entries with SDAX_F_AUDIT */
	__u32 flags;		/* SDAX_F_CANARY, SDAX_FS_WAS_OFF */
	__u32 keeping;		/* of the seals, those that deny SDAX_OP_UMOUNT */
	__u32 keeping_audits;	/* of the audits */
};

/*
 * In sdax_fs.flags: programs were off while something was sealed there, and no seal has
 * waited since for what began meanwhile.
 */
#define SDAX_FS_WAS_OFF		(1U << 31)

#define SDAX_PATH_PART 120	/* bytes of a path per element of "paths" */

struct sdax_path {
	char text[SDAX_PATH_PART];	/* unused bytes are 0 */
};

/*
 * Programs that can deny, one bit each in sdax_control.proved, so that the
 * canary can tell which of them really ran.
 */
enum sdax_hook {
	SDAX_HOOK_INODE_SETATTR = 0,
	SDAX_HOOK_PATH_TRUNCATE,
	SDAX_HOOK_FILE_TRUNCATE,
	SDAX_HOOK_FILE_PERMISSION,
	SDAX_HOOK_FILE_OPEN,
	SDAX_HOOK_FILE_FCNTL,
	SDAX_HOOK_FILE_IOCTL,
	SDAX_HOOK_FILE_IOCTL_COMPAT,
	SDAX_HOOK_INODE_FILE_SETATTR,
	SDAX_HOOK_INODE_UNLINK,
	SDAX_HOOK_INODE_RMDIR,
	SDAX_HOOK_INODE_RENAME,
	SDAX_HOOK_SB_UMOUNT,
	SDAX_HOOK_QUOTA_ON,
	SDAX_HOOK_TOKEN,	/* not a denial: a token was granted and spent */
	SDAX_HOOK_MAX_
};

enum sdax_reason {
	SDAX_WHY_CONTRACT = 0,	/* the mode refuses this operation */
	SDAX_WHY_GENERATION,	/* i_generation is not the recorded one */
	SDAX_WHY_FILESYSTEM,	/* some file of this filesystem is sealed */
	SDAX_WHY_NO_TOKEN,	/* nothing shows that this is a plain access */
	/*
	 * No refusal, error is 0: the seal ended. op and hook are those of
	 * umount for a superblock, of unlink for an inode.
	 */
	SDAX_WHY_LAPSED,
	SDAX_WHY_MAX_
};

#define SDAX_EVENT_SLOTS 1024	/* a power of two */
#define SDAX_NONE (~0ULL)	/* the operation has none, or it is not known */

/*
 * Value of "events", an array used as a ring: event number n is written to
 * slot n % SDAX_EVENT_SLOTS by whoever is refused, and never waits for a
 * reader. A slot is whole when seq == seq_end and seq is the number that was
 * looked for; anything else means it was overwritten, and counts as lost.
 */
struct sdax_event {
	__u64 seq;		/* from 1 */
	__u64 time;		/* CLOCK_BOOTTIME, ns */
	__u64 ino;
	__u64 offset;		/* bytes, of truncates the new size; or SDAX_NONE */
	__u64 length;		/* bytes, or SDAX_NONE */
	__u64 cgroup;
	__u32 dev;		/* kernel encoding */
	__u32 tgid;
	__u32 pid;
	__u32 uid;
	__s32 error;		/* negative errno; with audit, the one withheld */
	__u8 op;		/* enum sdax_op */
	__u8 hook;		/* enum sdax_hook */
	__u8 reason;		/* enum sdax_reason */
	__u8 flags;		/* SDAX_F_AUDIT */
	__u32 part;		/* of the key */
	__u32 pad;
	char comm[16];
	__u64 seq_end;
};

/* Index of "counters", a per-CPU array of __u64. */
enum sdax_counter {
	SDAX_COUNT_DENIED = 0,
	SDAX_COUNT_AUDITED,
	SDAX_COUNT_NO_TOKEN,	/* read or write refused for want of a token */
	SDAX_COUNT_TOKEN_LOST,	/* a token could not be stored: refused later */
	SDAX_COUNT_GENERATION,	/* denials because i_generation changed */
	SDAX_COUNT_LAPSED,	/* entries that the kernel lapsed */
	SDAX_COUNT_DENIED_OP,	/* + enum sdax_op: the denied, by operation */
	SDAX_COUNT_AUDITED_OP = SDAX_COUNT_DENIED_OP + SDAX_OP_MAX_,
	SDAX_COUNT_MAX_ = SDAX_COUNT_AUDITED_OP + SDAX_OP_MAX_
};

/*
 * How a struct inode of btrfs leads to the id of its subvolume, in bytes. User
 * space finds out in the types of the module, which may be loaded long after the
 * programs. Both 0: no file of a btrfs is sealed.
 */
struct sdax_subvolume_at {
	__s32 root;		/* from the inode to the pointer to its root */
	__s32 id;		/* from there to the id */
};

#define SDAX_FILTER_BITS 23	/* 1 MiB: a seal in 128 bits when all are taken */
#define SDAX_FILTER_WORDS (1U << (SDAX_FILTER_BITS - 6))

/*
 * Global variables of the programs: the map "control". Writers of user space
 * map it, readers look it up; a map opened read-only cannot be mapped.
 */
struct sdax_control {
	__u32 abi;		/* SDAX_ABI_VERSION */
	__u32 programs;		/* version of those in force, see loader/handle.c */
	__u64 hot_devs;		/* bit sdax_dev_bit(s_dev) of filesystems with seals */
	__u64 xfs_seals;	/* enforcing entries on XFS */
	__u64 xfs_audits;	/* audit entries on XFS */
	__u64 seals;		/* enforcing entries on any filesystem */
	__u64 audits;
	__u64 writes_judged;	/* entries that refuse or watch SDAX_OP_WRITE */
	__u64 stale;		/* entries removed since the filter was rebuilt */
	__u64 event_seq;	/* last event number given out */
	__u64 proved;		/* bit enum sdax_hook: denied the canary */
	struct sdax_key changing;	/* being put or removed; ino 0: none */
	__u64 proved_at;	/* CLOCK_BOOTTIME, ns: the canary last held; or 0 */
	__u64 records;		/* elements of "sealed", without the canary's */
	struct sdax_subvolume_at subvolume_at;
	struct sdax_key keys;	/* of all these, mixed: see sdax_key_mix() */
};

#define SDAX_HOT_MAX 64

/*
 * A superblock that may hold a seal. Its size is a power of 2: with another, the
 * verifier goes four times as far through the programs that look at each slot.
 */
struct sdax_hot {
	__u64 super;	/* its address, 0: the slot is free */
	__u64 ops;	/* all bits of the i_fop of files that were sealed there */
	__u32 dev;	/* its s_dev */
	__u32 pad[3];
};

/*
 * In sdax_filter.beyond, which counts filesystems with seals that have no slot: there
 * may be seals on superblocks that nobody has counted. Set by programs, and where an
 * address is lost.
 */
#define SDAX_BEYOND_UNKNOWN (1ULL << 63)

/*
 * The map "filter" answers "certainly not sealed" before any other is looked
 * at: what says "perhaps" is written before an entry exists and taken back
 * after it is gone. Kernel addresses stand here, so it is root's alone.
 */
struct sdax_filter {
	__u64 hot_from;	/* the lowest address in "hot" */
	__u64 cold_bits;	/* bits that none of these addresses has */
	__u64 cold_ops;	/* bits that none of "ops" in "hot" has */
	__u64 beyond;	/* not 0: all may be hot, see SDAX_BEYOND_UNKNOWN */
	struct sdax_hot hot[SDAX_HOT_MAX];
	__u64 words[SDAX_FILTER_WORDS];
};

static inline __u32 sdax_dev_bit(__u32 dev)
{
	return (dev ^ (dev >> 20)) & 63;
}

/*
 * Bit number in sdax_filter.words, by Fibonacci hashing. Without the device,
 * which takes two more loads to find: a file pays for a lookup in vain if one
 * of its number is sealed on another hot filesystem.
 */
static inline __u64 sdax_filter_bit(__u64 ino)
{
	return (ino * 0x9e3779b97f4a7c15ULL) >> (64 - SDAX_FILTER_BITS);
}

/* What the kernel says about one open file. */
struct sdax_identity {
	__u64 ino;
	__u64 size;		/* i_size, bytes */
	__u64 file;		/* address of the struct file: tells two opens apart */
	__u64 super;		/* address of the superblock */
	__u64 ops;		/* address of i_fop */
	__u32 dev;		/* kernel encoding */
	__u32 generation;
	__u32 i_flags;		/* S_* of include/linux/fs.h */
	__u32 magic;		/* super_block.s_magic */
	__s32 writecount;	/* i_writecount: opens for writing */
	__s32 readcount;	/* i_readcount: opens for reading only */
	__u32 nlink;
	__u32 mode;		/* i_mode */
	__u32 xfs;		/* SDAX_XFS_* */
	__u32 part;		/* of the key */
	struct sdax_subvolume_at subvolume_at;	/* by which part was found */
	__u32 alone;		/* nothing else holds a name of it: nobody has it open */
	__u32 outermost;	/* who asks sees the processes of all namespaces */
	__u64 lock;		/* i_rwsem.count, 0: nobody has it, or SDAX_LOCK_UNKNOWN */
	__u64 locked_by;	/* i_rwsem.owner: another while the lock goes round */
};

#define SDAX_LOCK_UNKNOWN	(~0ULL)

/*
 * What an ioctl that has begun may do to a file, though the file is not open for
 * reading or writing, or was not yet when it began.
 */
#define SDAX_FLIGHT_ELSEWHERE	1	/* takes files by number, or all of a filesystem */
#define SDAX_FLIGHT_ITSELF	2	/* changes the one that it is called on or names */

/* A task that is in one. */
struct sdax_flight {
	__u32 tgid;
	__u32 cmd;
};

/* Which descriptor of the caller's, and the answer. */
struct sdax_question {
	__u32 fd;
	__u32 pad;
	struct sdax_identity id;
};

/* For ustat(2), in place of an address: see bpf/roots.bpf.c. No user's memory is there. */
#define SDAX_ROOT_ASK	0x8000736461780001ULL
#define SDAX_ROOT_MARK	0x8000736461780002ULL

#define SDAX_XFS_KNOWN		0x1	/* the inode's XFS fields could be read */
#define SDAX_XFS_REFLINK	0x2	/* XFS_DIFLAG2_REFLINK */
#define SDAX_XFS_COW_FORK	0x4	/* the copy-on-write fork is not empty */

/* What an entry is to become: the context of the program in edit.bpf.c. */
struct sdax_edit {
	struct sdax_key key;
	struct sdax_entry entry;
};

/* What the holder iterators write for each open file or mapping found. */
struct sdax_holder {
	__u64 file;		/* address of the struct file */
	__u64 start;		/* of the mapping, or 0 */
	__u32 tgid;
	__s32 fd;		/* or -1 for a mapping */
	__u32 f_mode;		/* FMODE_READ 1, FMODE_WRITE 2 */
	__u32 pad;
	char comm[16];
};

/*
 * The guard, which staticdax lock puts around the registry: global variables of
 * its programs, the map "guard". Nobody can write to it once active is set.
 */
#define SDAX_GUARD_MAPS 32
#define SDAX_GUARD_PROGRAMS 64

struct sdax_guard_map {
	__u32 id;
	__u32 type;		/* enum bpf_map_type */
	__u32 key_size;
	__u32 value_size;
};

struct sdax_guard {
	__u32 abi;		/* SDAX_ABI_VERSION */
	__u32 active;		/* 1: what is named here cannot be changed */
	__u32 bpffs;		/* s_dev of the file system with the pins */
	__u32 mount_id;		/* of its mount */
	__u32 element_iterator;	/* BTF id of bpf_iter_bpf_map_elem */
	__u32 answer;		/* and of security_bpf_map */
	__u32 busy;		/* 1: somebody is at the door */
	__u32 door;		/* id of the program that lets in */
	__u32 room;		/* records there is room for */
	__u32 map_fd;		/* a map of the loader's, to know such files by */
	__u64 map_fops;		/* address of their file_operations */
	__u64 mount;		/* address of its struct mount, if process 1 has it */
	__u64 opened;		/* descriptors of maps handed out, to read, and entries let in */
	__u32 maps_count;
	__u32 programs_count;
	struct sdax_guard_map maps[SDAX_GUARD_MAPS];
	__u32 programs[SDAX_GUARD_PROGRAMS];
};

/*
 * The door: the one way to change the registry while it is guarded, and it only
 * leads in. A program that is run with a request as its context.
 */
enum sdax_request_op {
	SDAX_REQUEST_PATH = 0,	/* a piece of the path of a file to be sealed */
	SDAX_REQUEST_PUT,	/* a new entry, PENDING */
	SDAX_REQUEST_ACTIVATE,	/* the entry is judged */
	SDAX_REQUEST_DROP,	/* an entry that is PENDING, or the canary's */
	SDAX_REQUEST_SETTLE,	/* nothing is being changed any more */
	SDAX_REQUEST_UNPROVE,	/* the canary begins */
	SDAX_REQUEST_PROVE,	/* the canary held */
	SDAX_REQUEST_MAX_
};

/*
 * PUT answers with a number in entry.last_event, which no other entry has, and which
 * the entry has for its digest until ACTIVATE, which has to name it.
 */
struct sdax_request {
	__u32 op;
	__u32 magic;		/* of PUT: super_block.s_magic */
	struct sdax_key key;
	struct sdax_entry entry;
	struct sdax_path path;	/* of PUT: the head that goes into the slot */
};

/* What the iterators of the guard write. */
struct sdax_guard_finding {
	__u64 file;		/* address of the struct file, or 0 */
	__u32 id;		/* of a map or a program; 0: kernel.ftrace_enabled */
	__u32 tgid;		/* who has the file open, or 0 */
	__u32 count;		/* of user references to the map, or 0 */
	__u32 pad;
	char comm[16];
};

#define SDAX_ASSERT(expr) _Static_assert(expr, #expr)
#define SDAX_ASSERT_AT(type, member, at) \
	SDAX_ASSERT(__builtin_offsetof(struct type, member) == (at))

SDAX_ASSERT(SDAX_OP_MAX_ <= 32);
SDAX_ASSERT(SDAX_HOOK_MAX_ <= 64);
SDAX_ASSERT(sizeof(struct sdax_key) == 16);
SDAX_ASSERT_AT(sdax_key, dev, 8);
SDAX_ASSERT(sizeof(struct sdax_entry) == 64);
SDAX_ASSERT_AT(sdax_entry, generation, 40);
SDAX_ASSERT_AT(sdax_entry, state, 60);
SDAX_ASSERT_AT(sdax_entry, lapse, 63);
SDAX_ASSERT(sizeof(struct sdax_fs) == 24);
SDAX_ASSERT(sizeof(struct sdax_slot) == 120);
SDAX_ASSERT_AT(sdax_slot, path, 64);
SDAX_ASSERT(sizeof(struct sdax_path) == 120);
SDAX_ASSERT(sizeof(struct sdax_event) == 104);
SDAX_ASSERT_AT(sdax_event, seq_end, 96);
SDAX_ASSERT(sizeof(struct sdax_control) == 136);
SDAX_ASSERT(sizeof(struct sdax_hot) == 32);
SDAX_ASSERT_AT(sdax_filter, words, 32 + 32 * SDAX_HOT_MAX);
SDAX_ASSERT(sizeof(struct sdax_filter) ==
	    32 + 32 * SDAX_HOT_MAX + (1 << (SDAX_FILTER_BITS - 3)));
SDAX_ASSERT(sizeof(struct sdax_identity) == 112);
SDAX_ASSERT(sizeof(struct sdax_question) == 120);
SDAX_ASSERT(sizeof(struct sdax_flight) == 8);
SDAX_ASSERT(sizeof(struct sdax_holder) == 48);
SDAX_ASSERT(sizeof(struct sdax_guard) == 840);
SDAX_ASSERT_AT(sdax_guard, maps, 72);
SDAX_ASSERT(sizeof(struct sdax_request) == 208);
SDAX_ASSERT(sizeof(struct sdax_guard_finding) == 40);
SDAX_ASSERT(sizeof(struct sdax_edit) == 80);

#endif
