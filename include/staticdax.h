/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libstaticdax: files whose blocks stay where they are.
 *
 * While a file is sealed, nothing may change which device blocks hold its
 * bytes, whether they are allocated, or how long it is. Writes in place and
 * stores through mmap stay free.
 *
 * Conventions. Calls return 0 or a negative errno, print nothing, and leave
 * their ret_ arguments alone on failure, except that a struct
 * staticdax_result is always filled in and says more than the errno. Sizes
 * and offsets are bytes. A handle must not be used by two threads at once;
 * several handles may be. No call changes signal dispositions or the working
 * directory. Structures begin with their size so that they can grow: set it
 * with STATICDAX_INIT().
 */
#ifndef STATICDAX_H
#define STATICDAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* The proposed system call */

/*
 * daxctl(path, flags, align), as in the 2017 proposal ("fs: introduce
 * daxctl()", linux-nvdimm). Returns -1 and sets errno on failure, like the
 * system call it never became.
 *
 * DAXCTL_F_GET, whatever else is given, returns DAXCTL_F_STATIC or 0 and needs
 * no privilege but the right to open path for reading and writing. DAXCTL_F_STATIC seals; 0
 * unseals. Both need CAP_LINUX_IMMUTABLE, and what BPF asks for: CAP_SYS_ADMIN.
 * align, for sealing only, is the alignment in bytes that every piece of the file
 * must have on the device, 0 for the page size.
 *
 * EINVAL    an unknown flag, DAXCTL_F_DAX (reserved), a bad align, not a
 *           regular file, not a DAX inode, a hole, an unwritten or shared or
 *           misaligned extent
 * EPERM     the capability is missing
 * EBUSY     an active swapfile, or somebody else has the file open or mapped
 * EOPNOTSUPP  this kernel cannot enforce; see staticdax_doctor()
 * ...       whatever open(2) says
 * Sealing a sealed file and unsealing one that is not succeed and do nothing.
 *
 * The caller may have the file open itself. Its own threads must then not be
 * changing the file's blocks during the call: an operation that was checked
 * before the seal and is still on its way cannot be told from one that is not.
 */
#define DAXCTL_F_GET	(1 << 0)
#define DAXCTL_F_DAX	(1 << 1)
#define DAXCTL_F_STATIC	(1 << 2)

int daxctl(const char *path, int flags, int align);

/* Words used by every call */

enum staticdax_mode {
	STATICDAX_MODE_STATIC = 0,	/* write(2) in place is allowed */
	STATICDAX_MODE_SWAPFILE = 1,	/* no write(2) at all; mmap only */
	/*
	 * Grows and is written, but loses nothing that somebody may have mapped;
	 * says nothing about blocks. See staticdax-noshrink(7).
	 */
	STATICDAX_MODE_NOSHRINK = 2,
};

/*
 * Why a file is not fit or a call failed. staticdax_reason_word() gives the
 * stable name used in JSON, staticdax_explain() the sentence for people.
 */
enum staticdax_reason {
	STATICDAX_OK = 0,
	/* what was asked */
	STATICDAX_BAD_ALIGN,
	STATICDAX_BAD_OPTION,
	/* what the file is */
	STATICDAX_NOT_REGULAR,
	STATICDAX_EMPTY,
	STATICDAX_DELETED,
	STATICDAX_FILESYSTEM,	/* detail names it and says why */
	STATICDAX_NOT_DAX,
	STATICDAX_IMMUTABLE,
	STATICDAX_APPEND_ONLY,
	STATICDAX_ENCRYPTED,
	STATICDAX_VERITY,
	STATICDAX_ZONED,
	STATICDAX_PRIVATE,
	/* where its blocks are; offset is set */
	STATICDAX_HOLE,
	STATICDAX_UNWRITTEN,
	STATICDAX_DELALLOC,
	STATICDAX_SHARED,
	STATICDAX_INLINE,
	STATICDAX_ENCODED,
	STATICDAX_UNMAPPED,	/* the filesystem does not say where */
	STATICDAX_SPLIT,	/* an aligned piece is not contiguous */
	STATICDAX_MISALIGNED,	/* address is set */
	STATICDAX_COW_STAGED,	/* XFS would move it at the next write */
	STATICDAX_NO_ADDRESS,	/* the device's own address is not readable */
	/* who else has it */
	STATICDAX_SWAPFILE,
	STATICDAX_HELD,		/* holders are set */
	STATICDAX_LEASED,
	STATICDAX_OTHER_MODE,	/* sealed already, in another mode */
	STATICDAX_CHANGED,	/* the file changed while it was being sealed */
	/* what the system says */
	STATICDAX_NO_PRIVILEGE,
	STATICDAX_NO_BPF_LSM,	/* the kernel was built without it */
	STATICDAX_LSM_OFF,	/* "bpf" is not in lsm= */
	STATICDAX_NO_LEASES,	/* fs.leases-enable=0 */
	STATICDAX_CANARY,	/* attached, but a hook does not deny */
	STATICDAX_PINS_VERSION,	/* pins of another version of staticdax */
	STATICDAX_PINS_BROKEN,
	STATICDAX_PROGRAMS_NEWER,	/* a later version's are in force */
	STATICDAX_REGISTRY_FULL,
	STATICDAX_SYSTEM,	/* the errno and detail say what */
	/* numbers stay as they are: what came later */
	STATICDAX_REGISTRY_SIZE,	/* it has another size already */
	/* what verify found */
	STATICDAX_NOT_SEALED,
	STATICDAX_LAPSED,
	STATICDAX_UNREACHABLE,	/* its path leads nowhere, or to another file */
	STATICDAX_ALTERED,	/* size, generation or flags; detail says */
	STATICDAX_MOVED,	/* offset is set if it is known */
	/* create */
	STATICDAX_EXISTS,
	STATICDAX_GEOMETRY,	/* detail says what would have to differ */
	STATICDAX_NO_PLACE,	/* aligned and contiguous, and free */
	/* prepare */
	STATICDAX_SEALED,
	STATICDAX_LINKED,	/* has several names, which would part */
	STATICDAX_LEFTOVER,	/* detail names it */
	STATICDAX_NOSHRINK_FILESYSTEM,	/* no promise there; detail names it */
	STATICDAX_NUMBER_TAKEN,	/* another sealed file has its inode number */
	STATICDAX_PINS_GONE,	/* removed behind our back, and all seals with them */
	STATICDAX_TAMPERED,	/* the maps contradict each other */
	STATICDAX_LOCKED,	/* staticdax_lock() was called */
	STATICDAX_GUARD_HELD,	/* somebody could write before it was */
	STATICDAX_UNSEEN,	/* a seal's filesystem is gone, and nobody was told */
	STATICDAX_BUSY,		/* another command has the registry; see staticdax_set_patience() */
	STATICDAX_REASON_MAX_
};

/* What a reason means to a caller; the command's exit codes. */
enum staticdax_answer {
	STATICDAX_YES = 0,	/* done, or yes */
	STATICDAX_NO = 1,	/* the answer is no; nothing went wrong */
	STATICDAX_USAGE = 2,
	STATICDAX_FAILED = 3,
	STATICDAX_CANNOT = 4,	/* this kernel cannot */
	STATICDAX_HELD_BY_OTHERS = 5,
};

/* Somebody who has the file open or mapped. */
struct staticdax_holder {
	int32_t pid;
	int32_t fd;		/* or -1 for a mapping */
	uint64_t start;		/* address of the mapping, or 0 */
	bool writable;
	char comm[16];
};

#define STATICDAX_NO_OFFSET UINT64_MAX
#define STATICDAX_HOLDERS 8

struct staticdax_result {
	uint32_t size;
	int32_t error;			/* 0 or a negative errno */
	enum staticdax_reason reason;
	uint32_t holders_count;		/* all found, may exceed the array */
	uint64_t offset;		/* first offending byte, or NO_OFFSET */
	uint64_t address;		/* device address there, or NO_OFFSET */
	uint64_t align;			/* that was asked for */
	uint64_t file_size;
	uint64_t extents;		/* as the filesystem reports them */
	uint64_t runs;			/* physically contiguous pieces */
	uint64_t digest;		/* of the extent map */
	uint64_t past_eof;		/* bytes preallocated beyond the file */
	bool changed;			/* true: this call changed the seal */
	bool unshared;			/* XFS reflink leftovers were cleared */
	bool lapsed;			/* seal: it had a seal that lapsed */
	bool moved;			/* and its map was another one */
	struct staticdax_holder holders[STATICDAX_HOLDERS];
	char detail[160];		/* what the reason alone does not say */
};

#ifdef __cplusplus
#define STATICDAX_INIT(type) \
	([]() -> struct type { \
		struct type object = {}; \
		object.size = sizeof(object); \
		return object; \
	}())
#else
#define STATICDAX_INIT(type) { .size = sizeof(struct type) }
#endif

/* Stable lower-case name, e.g. "hole"; never NULL. */
const char *staticdax_reason_word(enum staticdax_reason reason);
enum staticdax_answer staticdax_answer_of(enum staticdax_reason reason);
const char *staticdax_mode_word(enum staticdax_mode mode);

/*
 * One line for people: reason, offset, detail and remedy, without the file's
 * name and without a newline. Returns the length as snprintf(3) does.
 */
int staticdax_explain(const struct staticdax_result *result, char *buf,
		      size_t size);

/* Handles */

struct staticdax;

/*
 * Takes no privilege and touches nothing; what a call needs is opened by that
 * call and kept for the next. ENOMEM. The caller closes it; NULL is allowed.
 */
int staticdax_new(struct staticdax **ret);
void staticdax_free(struct staticdax *sd);

/*
 * verbose 1: what is being done; 2: libbpf's warnings, with the verifier's log of
 * a program that does not load; 3: all that libbpf says.
 */
typedef void (*staticdax_log_fn)(void *arg, int level, const char *line);
void staticdax_set_log(struct staticdax *sd, int verbose, staticdax_log_fn fn,
		       void *arg);

/*
 * How many milliseconds a call waits while another command has the registry: for ever
 * if negative, which is the default; then the call fails with STATICDAX_BUSY, EAGAIN,
 * and has done nothing. A command has it for some milliseconds, or as long as it waits
 * for others (staticdax_options.wait_ms), or for the thaw of a frozen filesystem.
 */
void staticdax_set_patience(struct staticdax *sd, int milliseconds);

/*
 * Called while a call makes or rewrites a file: done of total bytes. From the
 * calling thread; fn NULL: nobody wants to know.
 */
typedef void (*staticdax_progress_fn)(void *arg, uint64_t done, uint64_t total);
void staticdax_set_progress(struct staticdax *sd, staticdax_progress_fn fn,
			    void *arg);

/* Check, seal, unseal. Of flags, those that no call here knows are EINVAL. */

#define STATICDAX_ANY_DEVICE	(1u << 0)	/* the inode need not be DAX */
#define STATICDAX_AUDIT		(1u << 1)	/* report, but refuse nothing */
#define STATICDAX_FORCE		(1u << 2)	/* unseal although in use */
#define STATICDAX_SEAL		(1u << 3)	/* create: and seal it */
#define STATICDAX_RELOCATE	(1u << 4)	/* prepare: into other blocks */
#define STATICDAX_DRY_RUN	(1u << 5)	/* prepare: say only */
#define STATICDAX_CHANGE	(1u << 6)	/* seal: although sealed in another way */

struct staticdax_options {
	uint32_t size;
	uint32_t flags;			/* STATICDAX_* above */
	enum staticdax_mode mode;	/* noshrink: align must be 0, any device will do */
	uint32_t wait_ms;		/* for others to close the file */
	uint64_t align;			/* 0: page size; a power of two */
	/*
	 * For the first seal of the system: how many records the registry has
	 * room for, lapsed ones included, up to STATICDAX_REGISTRY_MAX; 0 for
	 * the default. Later it must be 0 or the same.
	 */
	uint32_t registry;
	uint32_t pad;
};

#define STATICDAX_REGISTRY_DEFAULT	65536
#define STATICDAX_REGISTRY_MAX		(1u << 24)

/*
 * Would the file's extents do? Reads only; needs the right to open the file
 * for reading. 0 with result->reason says yes or why not; an errno only for
 * what prevented the answer (staticdax_answer_of() says STATICDAX_FAILED).
 */
int staticdax_check(struct staticdax *sd, const char *path,
		    const struct staticdax_options *options,
		    struct staticdax_result *result);

/*
 * Seals path. The first seal of the system attaches the programs. Needs
 * CAP_SYS_ADMIN, CAP_LINUX_IMMUTABLE, and CAP_LEASE for another user's file.
 * Fails with the errnos of daxctl(), ENOSPC (the registry is full), EEXIST (it
 * has another size than options asks for), EPROTO (pins of another version) or EBADFD (attached, but the canary got through);
 * after any failure the file is as unsealed as before and no data changed.
 * Killed half way: the file is protected but not counted as sealed until the
 * next call, which removes the leftover.
 *
 * A file that is sealed in another mode, or with another STATICDAX_AUDIT, is left
 * as it is (EBUSY), unless STATICDAX_CHANGE is given: then that becomes what options
 * ask for. At each moment what both refuse is refused, nobody else may have the file
 * open or mapped, whichever way it goes, and after any failure, or killed half way
 * from the next call on, it is sealed as it was. EUCLEAN: its map is no longer the
 * one that was sealed. A larger align than was asked for before is judged and
 * recorded in any case, a smaller one is kept.
 */
int staticdax_seal(struct staticdax *sd, const char *path,
		   const struct staticdax_options *options,
		   struct staticdax_result *result);

/*
 * Seals the file that fd is open on in mode noshrink, for a program that is about
 * to map it: from now on no access to a page of it is a SIGBUS because somebody
 * truncated it or punched a hole. fd is of any access mode and stays as it is;
 * the file must be on ext4, ext2, XFS, btrfs or tmpfs and have a name. flags is 0
 * or STATICDAX_AUDIT. Privilege and errnos are those of staticdax_seal(): EBUSY
 * while other processes have the file open or mapped, and the caller's threads
 * must not be changing its size meanwhile. Lasts until staticdax_unseal(), and
 * not only until fd is closed.
 */
int staticdax_noshrink(struct staticdax *sd, int fd, uint32_t flags,
		       struct staticdax_result *result);

/*
 * EBUSY while others have the file open or mapped, unless STATICDAX_FORCE.
 * The last unseal of the system detaches the programs.
 */
int staticdax_unseal(struct staticdax *sd, const char *path, uint32_t flags,
		     struct staticdax_result *result);

/*
 * Unseals everything, or what lies on the filesystem mounted at mountpoint.
 * Called back for each; ret_count counts those that succeeded. Returns the
 * first failure after trying all. A failure of the whole, before any file, is
 * called back with seal NULL. With STATICDAX_FORCE and no mountpoint, pins of
 * another version are removed too.
 */
struct staticdax_seal;
typedef void (*staticdax_unseal_fn)(void *arg, const struct staticdax_seal *seal,
				    const struct staticdax_result *result);
int staticdax_unseal_all(struct staticdax *sd, const char *mountpoint,
			 uint32_t flags, staticdax_unseal_fn fn, void *arg,
			 uint64_t *ret_count);

/*
 * Makes a file of size bytes, all zero, that is fit to be sealed: allocated,
 * written, aligned as options->align says, DAX unless STATICDAX_ANY_DEVICE is
 * given, and on stable storage. It gets its name when it is whole, so that a
 * call that fails or is killed leaves no file. With STATICDAX_SEAL it is sealed
 * before it has the name; what staticdax_seal() needs is needed then, and a call
 * that is killed in between may leave the record of a lapsed seal. Without, the
 * right to write to the directory is enough, unless alignments above the page
 * size are asked for: addresses may be for root only. Its mode is 0666 less the
 * umask.
 *
 * EEXIST    there is a file of that name, which stays as it is
 * EINVAL    size 0, a bad align, an unfit filesystem; STATICDAX_GEOMETRY: it
 *           cannot have that alignment, and detail says how it could
 * ENOSPC    no space; STATICDAX_NO_PLACE: none that is aligned
 */
int staticdax_create(struct staticdax *sd, const char *path, uint64_t size,
		     const struct staticdax_options *options,
		     struct staticdax_result *result);

/* What prepare found and, but for STATICDAX_DRY_RUN, did; in bytes. */
struct staticdax_work {
	uint32_t size;
	bool relocate;			/* all of it into other blocks */
	uint64_t holes;			/* allocated and written out */
	uint64_t unwritten;		/* written out */
	uint64_t shared;		/* unshared */
	uint64_t past_eof;		/* freed */
};

/*
 * Makes an existing file fit to be sealed without changing a byte of its
 * content, or its times. Holes and unwritten blocks are written out, shared ones
 * unshared, blocks beyond the end freed; killed at any point, the file has the
 * content it had. Needs the right to write to the file, and its ownership or
 * CAP_LEASE, as nobody else may have it open or mapped.
 *
 * A file that only other blocks make fit is left alone, unless STATICDAX_RELOCATE
 * is given: then another one with the same content, owner, mode, extended
 * attributes, ACLs, times and flags takes its place. XFS made with exchange=1 can,
 * since Linux 6.12, leave it its inode and all of its hard links, which elsewhere are
 * refused (STATICDAX_LINKED). At every moment one whole
 * file stands under the name. Killed while the names are exchanged, there may be
 * a second file .NAME.staticdax beside it, which has to go first
 * (STATICDAX_LEFTOVER). A program that looks the name up in that moment and opens
 * it only later may open the old file, as with every file that is replaced.
 *
 * 0 with result->reason STATICDAX_OK: it is fit, or with STATICDAX_DRY_RUN would
 * be unless what has to be allocated finds no aligned place. EBUSY: others have
 * it, or it is sealed. Errnos as of staticdax_seal() and staticdax_create().
 */
int staticdax_prepare(struct staticdax *sd, const char *path,
		      const struct staticdax_options *options,
		      struct staticdax_work *ret_work,
		      struct staticdax_result *result);

/* Where a file's bytes are */

/* A part of the file that is contiguous on the device as well. */
struct staticdax_run {
	uint64_t offset;		/* in the file */
	uint64_t length;
	uint64_t physical;		/* on the filesystem's device, or NO_OFFSET;
					   with dev of major 0 (btrfs) a number of
					   the filesystem's own */
	uint64_t address;		/* on the disk or persistent memory below
					   partition and linear mapping, or
					   NO_OFFSET: none, or not known */
	const char *state;		/* "written", "hole", "unwritten", "shared",
					   "delayed", "inline", "encoded",
					   "unknown" */
	uint32_t address_dev;		/* the device that address is of, in the kernel's
					   encoding; 0 without address */
	const char *opaque;		/* NULL, or that device has its bytes elsewhere,
					   it is not known where: "device-mapper",
					   "md", "loop", "btt" (a block translation
					   table), "stacked" (on others); static */
};

struct staticdax_map {
	uint32_t size;
	uint32_t blocksize;
	uint64_t file_size;
	uint64_t past_eof;		/* bytes preallocated beyond the file */
	uint32_t dev;			/* kernel encoding: major << 20 | minor */
	bool dax;
	bool realtime;			/* XFS: physical is on its realtime device */
};

/*
 * Calls back for each run in order of offset, up to the end of the last block.
 * Needs the right to read the file; some addresses only root may know. A
 * callback that returns non-zero ends the call with it. Errnos as of
 * staticdax_check().
 */
typedef int (*staticdax_run_fn)(void *arg, const struct staticdax_run *run);
int staticdax_map(struct staticdax *sd, const char *path, staticdax_run_fn fn,
		  void *arg, struct staticdax_map *ret_map,
		  struct staticdax_result *result);

/*
 * Puts the programs of this library into force in place of those that are,
 * without a gap: the new ones are attached before the old ones go, and judge by
 * the same registry. result->changed is false if nothing is sealed, since then
 * nothing is attached. EEXIST: those in force are of a later version, and stay
 * unless STATICDAX_FORCE is given. EPROTO: the registry itself is of another
 * version. Killed half way: the old or the new ones are in force, or both.
 */
int staticdax_upgrade(struct staticdax *sd, uint32_t flags,
		      struct staticdax_result *result);

/* Questions; none needs privilege */

enum staticdax_state {
	STATICDAX_STATE_NONE = 0,	/* not sealed */
	STATICDAX_STATE_PENDING,	/* protected, being judged or left over */
	STATICDAX_STATE_SEALED,
	STATICDAX_STATE_LAPSED,		/* a record of a seal that is no more */
};

struct staticdax_seal {
	uint32_t size;
	enum staticdax_state state;
	enum staticdax_mode mode;
	bool audit;
	bool dax;
	uint32_t dev;			/* kernel encoding: major << 20 | minor */
	uint64_t ino;
	uint32_t generation;
	uint32_t denials;
	uint64_t file_size;
	uint64_t align;
	uint64_t digest;
	uint64_t runs;
	uint64_t sealed_at;		/* CLOCK_REALTIME, ns */
	uint64_t lapsed_at;		/* CLOCK_BOOTTIME, ns, or 0 */
	const char *lapse;		/* why, or NULL */
	const char *path;		/* as sealed; valid until the next call */
	/* the last denial, if it is still remembered */
	const char *last_op;		/* or NULL */
	const char *last_comm;
	uint32_t last_pid;
	uint32_t last_uid;
	uint64_t last_time;		/* CLOCK_REALTIME, ns */
	uint64_t last_offset;		/* as in struct staticdax_event */
	uint64_t last_length;
	int32_t last_error;		/* negative errno */
	uint32_t subvolume;		/* of a btrfs, its id; else 0 */
	uint64_t lapsed_time;		/* CLOCK_REALTIME, ns: lapsed_at; or 0 */
};

/*
 * Is path sealed? 0 and ret_seal->state. Opens nothing for writing; the caller
 * must be able to open the file for reading, so that it learns nothing about a
 * file it could not read. EACCES, ENOENT, EPROTO.
 */
int staticdax_get(struct staticdax *sd, const char *path,
		  struct staticdax_seal *ret_seal);

/* Every record. A callback that returns non-zero ends the walk with it. */
typedef int (*staticdax_list_fn)(void *arg, const struct staticdax_seal *seal);
int staticdax_list(struct staticdax *sd, staticdax_list_fn fn, void *arg);

/* What happens */

/* A denial, or a seal that is no more. */
struct staticdax_event {
	uint32_t size;
	uint32_t dev;			/* kernel encoding; 0: of any filesystem */
	uint64_t ino;			/* 0: of any file on dev */
	uint64_t time;			/* CLOCK_REALTIME, ns */
	const char *path;		/* as sealed, or NULL */
	const char *lapse;		/* why the seal is no more, or NULL for a
					   denial, which has all of the rest */
	const char *op;			/* as staticdax_seal.last_op */
	const char *hook;		/* that refused, e.g. "inode_setattr" */
	const char *why;		/* "contract", "generation", ... */
	bool audit;			/* it passed, and would have been refused */
	int32_t error;			/* the negative errno it met, or would have */
	uint64_t seq;			/* from 1, without gaps in one registry */
	uint64_t offset;		/* or STATICDAX_NO_OFFSET; of truncates the
					   new size */
	uint64_t length;		/* or STATICDAX_NO_OFFSET */
	uint64_t cgroup;		/* its id */
	uint32_t pid;
	uint32_t tid;
	uint32_t uid;
	char comm[16];
};

/*
 * Calls back for each denial and lapse since the handle's last call of this,
 * in the order they happened; the first call only notes where to begin. Never
 * waits, needs no privilege, and has no effect on other readers. The kernel
 * keeps the last 1024 denials: ret_lost counts those that were overwritten
 * before this call. Strings live until fn returns. A callback that returns
 * non-zero ends the call with it; the event counts as handed out. EACCES, EPROTO.
 */
typedef int (*staticdax_event_fn)(void *arg, const struct staticdax_event *event);
int staticdax_events(struct staticdax *sd, staticdax_event_fn fn, void *arg,
		     uint64_t *ret_lost);

/*
 * Is the file as it was when it was sealed? Runs the canary, then reads the
 * file's extents again and compares digest, size, generation, device and flags
 * with the record. 0 with result->reason STATICDAX_OK, NOT_SEALED, LAPSED,
 * ALTERED, MOVED, or what would keep it from being sealed; an errno for what
 * prevented the answer, the canary's failure (EBADFD) included. Of MOVED,
 * offset is the first byte that lies elsewhere, as far as it is known, and
 * detail says where it was and is, as the filesystem counts. ret_seal, which
 * may be NULL, is what was recorded, with state NONE if nothing is. Changes
 * nothing; dirty pages are written, as by sync_file_range(2). Needs root.
 */
int staticdax_verify(struct staticdax *sd, const char *path,
		     struct staticdax_seal *ret_seal,
		     struct staticdax_result *result);

/*
 * The same for every record, one after the other. A file is opened by the path
 * at which it was sealed and counts only if the kernel calls it the same;
 * else its reason is STATICDAX_UNREACHABLE. result is about the whole: the
 * canary, or the registry. A callback that returns non-zero ends the walk
 * with it.
 */
typedef int (*staticdax_verify_fn)(void *arg, const struct staticdax_seal *seal,
				   const struct staticdax_result *result);
int staticdax_verify_all(struct staticdax *sd, staticdax_verify_fn fn,
			 void *arg, struct staticdax_result *result);

/* State of the enforcement; needs root for the canary. */

struct staticdax_hook {
	char name[32];			/* kernel hook, e.g. "inode_setattr" */
	bool wanted;			/* this kernel has it */
	bool attached;
	bool provable;			/* the canary can reach it */
	bool proved;			/* it refused the canary just now */
};

#define STATICDAX_HOOKS 24

struct staticdax_status {
	uint32_t size;
	bool attached;			/* pins are there */
	bool enforcing;			/* every wanted hook refused the canary */
	bool locked;			/* and so did those of staticdax_lock() */
	uint32_t abi;
	uint32_t hooks_count;
	uint64_t seals;
	uint64_t audits;
	uint64_t pending;
	uint64_t lapsed;
	uint64_t swept;			/* leftovers of killed runs, removed */
	uint64_t capacity;
	uint64_t denied;
	uint64_t audited;
	uint64_t no_token;
	uint64_t token_lost;
	uint64_t generation_changed;
	struct staticdax_hook hooks[STATICDAX_HOOKS];
	struct staticdax_result result;	/* why it does not enforce */
	uint64_t noshrink;		/* of seals and audits, those in that mode */
	uint64_t mended;		/* pins of maps, removed by others, put back */
};

/* 0 if nothing is sealed (attached is false) or all is in force. */
int staticdax_status(struct staticdax *sd, struct staticdax_status *ret_status);

/* Numbers since the programs were attached; no privilege but for programs */

#define STATICDAX_OPS 32
#define STATICDAX_PROGRAMS 40

struct staticdax_program {
	char name[32];
	uint64_t runs;			/* 0 unless kernel.bpf_stats_enabled=1 */
	uint64_t run_ns;		/* as well */
	uint64_t misses;		/* skipped: only those that grant can be */
};

struct staticdax_metrics {
	uint32_t size;
	uint32_t programs_count;
	uint64_t denied[STATICDAX_OPS];	/* by operation, see staticdax_op_word() */
	uint64_t audited[STATICDAX_OPS];
	uint64_t no_token;
	uint64_t token_lost;
	uint64_t generation_changed;
	uint64_t lapses;
	uint64_t events;
	uint64_t events_overwritten;	/* no longer to be read */
	uint64_t capacity;		/* records; 0: nothing is sealed */
	uint64_t proved_at;		/* CLOCK_REALTIME, ns, or 0: when every hook
					   last refused the canary */
	struct staticdax_program programs[STATICDAX_PROGRAMS];
};

/* 0, all zero, if nothing is sealed. EACCES, EPROTO. */
int staticdax_metrics(struct staticdax *sd, struct staticdax_metrics *ret_metrics);

/* "shrink" for 0, and so on; NULL where there are no more. */
const char *staticdax_op_word(unsigned int op);

/*
 * Until reboot seals can be added, but not removed or edited, by anybody: not
 * by unseal, not by removing or unmounting pins, writing to maps, or clearing
 * kernel.ftrace_enabled. Attaches the programs if nothing is sealed yet. Needs
 * what staticdax_seal() needs, and cannot be undone. Locking what is locked
 * succeeds. EBUSY: somebody has a map or the switch open for writing, as another
 * handle by which files were sealed may, in this process as well; EBADFD:
 * the guard does not refuse what it has to, or the registry was tampered with.
 * After any failure nothing is locked.
 */
int staticdax_lock(struct staticdax *sd, struct staticdax_result *result);

/* What this kernel and system can do */

struct staticdax_answer_line {
	const char *question;	/* stable word, e.g. "bpf-lsm" */
	bool yes;
	bool required;		/* a "no" means sealing cannot work */
	const char *detail;	/* what was found */
	const char *remedy;	/* for a "no", else NULL */
};

typedef void (*staticdax_doctor_fn)(void *arg,
				    const struct staticdax_answer_line *line);

/* 0 if every required answer is yes, else EOPNOTSUPP or EPERM. */
int staticdax_doctor(struct staticdax *sd, staticdax_doctor_fn fn, void *arg);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
