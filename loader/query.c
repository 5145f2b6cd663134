// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading the registry: one seal, all seals, the state of enforcement. */
#define _GNU_SOURCE
#include "query.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "events.h"
#include "crosscheck.h"
#include "engine.h"
#include "entry.h"
#include "guard.h"
#include "privilege.h"
#include "probe.h"
#include "subvolume.h"
#include "util.h"

#define XFS_SUPER_MAGIC 0x58465342

static const char *const op_words[SDAX_OP_MAX_] = {
	[SDAX_OP_SHRINK] = "shrink",
	[SDAX_OP_SAME_SIZE] = "truncate",
	[SDAX_OP_GROW] = "grow",
	[SDAX_OP_ALLOCATE] = "allocate",
	[SDAX_OP_WRITE] = "write",
	[SDAX_OP_EXTEND] = "extend",
	[SDAX_OP_APPEND] = "append",
	[SDAX_OP_ATOMIC] = "atomic-write",
	[SDAX_OP_REMAP_FROM] = "remap-from",
	[SDAX_OP_REMAP_INTO] = "remap-into",
	[SDAX_OP_SWAP_EXTENTS] = "swap-extents",
	[SDAX_OP_FLAGS] = "flags",
	[SDAX_OP_IOCTL] = "ioctl",
	[SDAX_OP_ATTACH] = "attach",
	[SDAX_OP_UNLINK] = "unlink",
	[SDAX_OP_RENAME] = "rename",
	[SDAX_OP_UMOUNT] = "umount",
};

static const char *const lapse_words[SDAX_LAPSE_MAX_] = {
	[SDAX_LAPSE_NONE] = NULL,
	[SDAX_LAPSE_DELETED] = "deleted",
	[SDAX_LAPSE_UNMOUNTED] = "unmounted",
	[SDAX_LAPSE_REPLACED] = "replaced",
};

_Static_assert((int)STATICDAX_STATE_PENDING == (int)SDAX_STATE_PENDING &&
		       (int)STATICDAX_STATE_SEALED == (int)SDAX_STATE_ACTIVE &&
		       (int)STATICDAX_STATE_LAPSED == (int)SDAX_STATE_LAPSED,
	       "public and shared states are the same numbers");

const char *staticdax_op_word(unsigned int op)
{
	return op < SDAX_OP_MAX_ ? op_words[op] : NULL;
}

const char *sdax_op_word(unsigned int op)
{
	return staticdax_op_word(op) ?: "?";
}

const char *sdax_lapse_word(unsigned int lapse)
{
	return lapse < SDAX_LAPSE_MAX_ ? lapse_words[lapse] : "?";
}

static void fill_last_event(struct staticdax *sd,
			    const struct sdax_store *store,
			    const struct sdax_key *key,
			    const struct sdax_entry *entry,
			    struct staticdax_seal *seal)
{
	struct sdax_event event;

	if (sdax_store_last(store, key, entry, &event) < 0)
		return;
	memcpy(sd->comm, event.comm, sizeof(sd->comm));
	seal->last_op = sdax_op_word(event.op);
	seal->last_comm = sd->comm;
	seal->last_pid = event.tgid;
	seal->last_uid = event.uid;
	seal->last_time = sdax_real_time(event.time);
	seal->last_offset = event.offset;
	seal->last_length = event.length;
	seal->last_error = event.error;
}

/* One that is being changed refuses more for a while; this does not wait for the lock. */
static bool is_edited(struct sdax_entry entry)
{
	__u32 deny = sdax_mode_denies(entry.mode);

	if ((entry.deny & deny) == deny)
		entry.deny = deny | (sdax_entry_audits(&entry) ?
					     SDAX_DENY_AUDIT : 0);
	return sdax_entry_edited(&entry);
}

/* Nobody relies on what was edited. */
static enum staticdax_state state_of(const struct sdax_entry *entry)
{
	if (entry->state >= SDAX_STATE_MAX_ || is_edited(*entry))
		return STATICDAX_STATE_LAPSED;
	return (enum staticdax_state)entry->state;
}

int sdax_query_slot(struct staticdax *sd, const struct sdax_store *store,
		    const struct sdax_key *key, const struct sdax_slot *slot,
		    struct staticdax_seal *ret)
{
	const struct sdax_entry entry = slot->entry;

	free(sd->path);
	sd->path = NULL;
	if (sdax_store_path_in(store, key, slot, &sd->path) == -ENOMEM)
		return -ENOMEM;
	*ret = (struct staticdax_seal){
		.size = ret->size,
		.state = state_of(&entry),
		.mode = (enum staticdax_mode)entry.mode,
		.audit = sdax_entry_audits(&entry) ||
			 entry.flags & SDAX_F_WAS_AUDIT,
		.dax = entry.flags & SDAX_F_DAX,
		.dev = key->dev,
		.ino = key->ino,
		.generation = entry.generation,
		.denials = entry.denials,
		.file_size = entry.size,
		.align = entry.align,
		.digest = entry.digest,
		.runs = entry.runs,
		.sealed_at = entry.sealed_at,
		.lapsed_at = entry.lapsed_at * 1000000000ULL,
		.lapsed_time = entry.lapsed_at ?
			sdax_real_time(entry.lapsed_at * 1000000000ULL) : 0,
		.lapse = sdax_lapse_word(entry.lapse),
		.path = sd->path,
		.subvolume = key->part / SDAX_PART_PIECES,
	};
	if (entry.last_event)
		fill_last_event(sd, store, key, &entry, ret);
	if (is_edited(entry))
		ret->lapse = "edited";
	return 0;
}

int sdax_query_seal(struct staticdax *sd, const struct sdax_store *store,
		    const struct sdax_key *key, struct staticdax_seal *ret)
{
	struct sdax_slot slot;
	int r;

	r = sdax_store_slot(store, key, &slot);
	return r ?: sdax_query_slot(sd, store, key, &slot, ret);
}

bool sdax_query_reuses_numbers(uint64_t magic)
{
	return magic == TMPFS_MAGIC || magic == BTRFS_SUPER_MAGIC;
}

static bool is_sealable(uint64_t magic)
{
	switch (magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
		return true;
	}
	return false;
}

/*
 * Without privilege nobody can ask the kernel for the identity. st_dev is s_dev
 * where anything is ever sealed, but on btrfs, where it is the subvolume's; and a
 * wrong answer here could only be "not sealed".
 */
static int key_by_stat(const char *path, struct sdax_mounted *known,
		       struct sdax_key *ret, bool *ret_sealable, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct statx stx;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	*ret_sealable = S_ISREG(st.st_mode);
	if (!*ret_sealable)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == EWOULDBLOCK)
		fd = sdax_target_open_regular(path);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return fd;
	r = sdax_target_stat(fd, &stx, known);
	if (r < 0)
		return r;
	*ret_sealable = S_ISREG(stx.stx_mode) && is_sealable(known->magic);
	*ret = (struct sdax_key){
		.ino = stx.stx_ino,
		.dev = stx.stx_dev_major << 20 | stx.stx_dev_minor,
	};
	if (*ret_sealable && known->magic == BTRFS_SUPER_MAGIC) {
		r = sdax_subvolume_part(fd, &ret->part);
		if (!r)
			r = sdax_subvolume_dev(fd, &ret->dev);
	}
	if (!r)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/*
 * tmpfs has no ioctl that tells the generation, but its file handles begin with
 * it, and with the inode's number behind it (mm/shmem.c, shmem_encode_fh()).
 */
static int generation_by_handle(int fd, uint64_t ino, uint32_t *ret)
{
	uint32_t words[3];
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(words)];
	} u = { .handle.handle_bytes = sizeof(words) };
	int mount_id;

	if (name_to_handle_at(fd, "", &u.handle, &mount_id, AT_EMPTY_PATH) < 0)
		return -errno;
	memcpy(words, u.room + sizeof(u.handle), sizeof(words));
	if (u.handle.handle_bytes != sizeof(words) ||
	    words[1] != (uint32_t)ino || words[2] != ino >> 32)
		return -EOPNOTSUPP;
	*ret = words[0];
	return 0;
}

/*
 * A file of another generation is not the one that was sealed. Where inode
 * numbers come again while that one lives (SDAX_F_REUSED) it was never sealed;
 * elsewhere it has its inode from the one that was, which the programs say in
 * the registry only once they meet it. A file whose generation cannot be had is
 * called neither.
 */
static int compare_generation(int fd, const struct sdax_key *key,
			      struct staticdax_seal *seal)
{
	uint32_t generation;
	struct statfs fs;
	int r = 0;

	if (seal->state == STATICDAX_STATE_LAPSED)
		return 0;
	if (ioctl(fd, FS_IOC_GETVERSION, &generation) < 0)
		r = generation_by_handle(fd, key->ino, &generation);
	if (r < 0 || generation == seal->generation)
		return r;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (sdax_query_reuses_numbers(fs.f_type)) {
		*seal = (struct staticdax_seal){ .size = seal->size };
	} else if (seal->state == STATICDAX_STATE_SEALED) {
		seal->state = STATICDAX_STATE_LAPSED;
		seal->lapse = lapse_words[SDAX_LAPSE_REPLACED];
	}
	return 0;
}

/* Nothing pinned means that nothing is sealed, unless it was taken away. */
static int or_lost(int r)
{
	return r == -ENOENT && sdax_engine_lost() ? -EBADFD : r;
}

int sdax_query_path(struct staticdax *sd, const char *path,
		    struct staticdax_seal *ret)
{
	struct staticdax_seal seal = { .size = ret->size };
	const struct sdax_store *store;
	_cleanup_close_ int fd = -1;
	struct sdax_key key;
	bool sealable = false;
	int r;

	r = key_by_stat(path, &sd->recent.mounted, &key, &sealable, &fd);
	if (!r && sealable) {
		r = or_lost(sdax_recent_store(&sd->recent, &store));
		if (!r)
			r = sdax_query_seal(sd, store, &key, &seal);
		if (r == -ENOENT)
			r = 0;
		else if (!r)
			r = compare_generation(fd, &key, &seal);
	}
	if (!r)
		*ret = seal;
	return r;
}

struct listing {
	struct staticdax *sd;
	const struct sdax_store *store;
	staticdax_list_fn fn;
	void *arg;
};

static int list_one(void *arg, const struct sdax_key *key,
		    const struct sdax_slot *slot)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	struct listing *listing = arg;
	int r;

	if (slot->entry.flags & SDAX_F_CANARY)
		return 0;
	r = sdax_query_slot(listing->sd, listing->store, key, slot, &seal);
	return r ?: listing->fn(listing->arg, &seal);
}

int sdax_query_list(struct staticdax *sd, staticdax_list_fn fn, void *arg)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct listing listing = {
		.sd = sd, .store = &store, .fn = fn, .arg = arg,
	};
	int r;

	r = or_lost(sdax_store_open(false, &store));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return sdax_store_walk(&store, list_one, &listing);
}

static int count_states(void *arg, const struct sdax_key *key,
			const struct sdax_slot *slot)
{
	struct staticdax_status *status = arg;
	const struct sdax_entry *entry = &slot->entry;

	(void)key;
	if (entry->flags & SDAX_F_CANARY)
		return 0;
	switch (state_of(entry)) {
	case STATICDAX_STATE_LAPSED:
		status->lapsed++;
		break;
	case STATICDAX_STATE_PENDING:
		status->pending++;
		break;
	default:
		status->noshrink += entry->mode == SDAX_MODE_NOSHRINK;
	}
	return 0;
}

static void count_anew(const struct sdax_store *store,
		       struct staticdax_status *status)
{
	status->lapsed = status->pending = status->noshrink = 0;
	sdax_store_walk(store, count_states, status);
}

static void read_counters(const struct sdax_store *store,
			  struct staticdax_status *status)
{
	sdax_store_counter(store, SDAX_COUNT_DENIED,
			   (__u64 *)&status->denied);
	sdax_store_counter(store, SDAX_COUNT_AUDITED,
			   (__u64 *)&status->audited);
	sdax_store_counter(store, SDAX_COUNT_NO_TOKEN,
			   (__u64 *)&status->no_token);
	sdax_store_counter(store, SDAX_COUNT_TOKEN_LOST,
			   (__u64 *)&status->token_lost);
	sdax_store_counter(store, SDAX_COUNT_GENERATION,
			   (__u64 *)&status->generation_changed);
}

/* Locked is only what refuses just now. */
static int prove_guard(struct staticdax_status *status)
{
	char detail[120];

	switch (sdax_guard_state()) {
	case SDAX_GUARD_OFF:
		return 0;
	case SDAX_GUARD_UNFINISHED:
		return sdax_fail(&status->result, STATICDAX_LOCKED, 0,
				 "but the run that locked them died before it had looked for who could change them");
	case SDAX_GUARD_ON:
		break;
	}
	if (sdax_guard_prove(detail, sizeof(detail)) < 0)
		return sdax_fail(&status->result, STATICDAX_CANARY, 0,
				 "the lock: %s", detail);
	status->locked = true;
	return 0;
}

/* Nothing is sealed: would anything that is sealed next be protected? */
static int prove_lsm(struct staticdax_result *result)
{
	char detail[sizeof(result->detail)];
	enum staticdax_reason reason = sdax_probe_lsm(detail, sizeof(detail));

	return reason ? sdax_fail(result, reason, 0, "%s", detail) : 0;
}

static int read_status(struct staticdax *sd, struct staticdax_status *status)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct staticdax_result *result = &status->result;
	char detail[sizeof(result->detail)];
	_cleanup_(sdax_lock_drop) int lock = -1;
	int r, tampered, proved = 0;
	unsigned int ended;
	bool swept;

	r = sdax_privilege_check(result);
	if (!r)
		r = sdax_handle_lock(sd, &lock, result);
	if (r < 0)
		return r;
	/* a status looks at all pins, however lately somebody did */
	sdax_store_close(&sd->kept);
	sd->mended = 0;
	r = sdax_handle_registry(sd, &store, &swept, result);
	status->swept = swept;
	status->mended = sd->mended;
	if (r == -ENOENT && !result->reason)
		return prove_lsm(result);
	if (r < 0)
		return r;
	sdax_handle_find_unmounted(sd, &store);
	tampered = sdax_crosscheck(&store, count_states, status, detail,
				   sizeof(detail));
	if (tampered < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, tampered,
				 "comparing the maps");
	status->attached = tampered || sdax_store_in_use(&store) ||
			   sdax_store_guarded(&store);
	ended = sd->ended;
	if (status->attached)
		proved = sdax_handle_prove(sd, &store, status, result);
	if (status->attached && !proved)
		proved = prove_guard(status);
	if (!proved && tampered)
		proved = sdax_fail(result, STATICDAX_TAMPERED, 0, "%s", detail);
	status->enforcing = status->attached && !proved;
	/* what is off does not see a file go */
	if (proved < 0)
		sdax_handle_find_gone(sd, &store);
	if (proved < 0 || sd->ended != ended)
		count_anew(&store, status);
	status->seals = store.control->seals;
	status->audits = store.control->audits;
	status->capacity = store.capacity;
	read_counters(&store, status);
	if (!status->attached)
		sdax_handle_release(sd, &store);
	return proved;
}

int sdax_query_status(struct staticdax *sd, struct staticdax_status *ret)
{
	*ret = (struct staticdax_status){
		.size = ret->size,
		.abi = SDAX_ABI_VERSION,
		.result = STATICDAX_INIT(staticdax_result),
	};
	ret->result.offset = STATICDAX_NO_OFFSET;
	ret->result.address = STATICDAX_NO_OFFSET;
	return read_status(sd, ret);
}
