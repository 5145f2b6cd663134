// SPDX-License-Identifier: LGPL-2.1-or-later
/* How a file loses its seal, and a registry that cannot be read its pins. */
#define _GNU_SOURCE
#include "unseal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "canary.h"
#include "engine.h"
#include "entry.h"
#include "guard.h"
#include "holders.h"
#include "privilege.h"
#include "query.h"
#include "target.h"
#include "util.h"

/* What is to be unsealed, open if its path still leads to it. */
struct opened {
	struct sdax_key key;
	int fd;				/* or -1 */
	struct sdax_identity id;	/* of fd, asked under the lock */
	bool named;			/* by its path, not by its record */
};

/*
 * Somebody who has the file open or mapped may be relying on the seal. Without
 * a descriptor (the path leads elsewhere by now) only processes are seen.
 */
static int refuse_if_held(struct staticdax *sd, const struct opened *file,
			  struct staticdax_result *result)
{
	struct sdax_holding holding;
	int r;

	if (file->fd >= 0 && sdax_holders_none(file->fd, &file->id))
		return 0;
	r = sdax_holders_of(sd->inspect, &file->key, file->fd, &holding, result);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "looking for who has it open");
	if (!holding.others)
		return 0;
	result->reason = STATICDAX_HELD;
	result->error = -EBUSY;
	return -EBUSY;
}

/*
 * Is the seal that of another file, which lives beside this one? What has lapsed
 * is but a record, and may go whoever has the number now.
 */
static bool is_of_another(const struct sdax_entry *entry, uint32_t generation)
{
	return entry->state != SDAX_STATE_LAPSED &&
	       entry->flags & SDAX_F_REUSED && entry->generation != generation;
}

static int remove_entry(struct staticdax *sd, struct sdax_store *store,
			const struct opened *file, uint32_t flags,
			struct staticdax_result *result)
{
	struct sdax_entry entry;
	bool edited;
	int r;

	r = sdax_store_get(store, &file->key, &entry);
	if (r == -ENOENT) {
		sdax_store_forget(store, &file->key);
		return 0;
	}
	if (!r && file->named && is_of_another(&entry, file->id.generation))
		return 0;
	if (!r && sdax_store_guarded(store))
		return sdax_fail(result, STATICDAX_LOCKED, 0, "%s", "");
	edited = !r && sdax_entry_edited(&entry);
	if (!r && !(flags & STATICDAX_FORCE) &&
	    entry.state != SDAX_STATE_LAPSED) {
		r = refuse_if_held(sd, file, result);
		if (r < 0)
			return r;
	}
	if (!r)
		r = sdax_store_del(store, &file->key);
	if (!r && edited)
		r = sdax_store_recount(store, NULL);
	if (r < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, r,
				 "removing the record");
	result->changed = true;
	return 0;
}

static int unseal_open(struct staticdax *sd, int fd, uint32_t flags,
		       struct staticdax_result *result)
{
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	struct opened file = { .fd = fd, .named = true };
	_cleanup_(sdax_lock_drop) int lock = -1;
	bool swept;
	int r;

	/* loading takes long, and the others would wait */
	r = sdax_handle_inspect(sd, result);
	if (!r)
		r = sdax_handle_lock(sd, &lock, result);
	if (!r)
		r = sdax_handle_identify(sd, fd, &file.id, result);
	if (!r)
		r = sdax_handle_registry(sd, &store, &swept, result);
	if (r == -ENOENT && !result->reason)
		return 0;
	if (r < 0)
		return r;
	file.key = sdax_store_key(&file.id);
	r = remove_entry(sd, &store, &file, flags, result);
	sdax_handle_release(sd, &store);
	return r;
}

int sdax_unseal_file(struct staticdax *sd, const char *path, uint32_t flags,
		     struct staticdax_result *result)
{
	_cleanup_(sdax_target_close) struct sdax_target target =
		SDAX_TARGET_NONE;
	int r;

	r = sdax_privilege_check(result);
	if (!r)
		r = sdax_target_reach(path, &sd->recent.mounted, &target,
				      result);
	if (r < 0)
		return r;
	result->file_size = target.facts.size;
	return unseal_open(sd, target.fd, flags, result);
}

int sdax_unseal_unnamed(struct staticdax *sd, int fd,
			struct staticdax_result *result)
{
	return unseal_open(sd, fd, STATICDAX_FORCE, result);
}

struct keys {
	struct sdax_key *list;
	size_t n;
	size_t room;
	const __u32 *dev;	/* only those on it, unless NULL */
};

static void keys_done(struct keys *keys)
{
	free(keys->list);
}

/* The map changes while it is emptied, so the keys are taken down first. */
static int collect(void *arg, const struct sdax_key *key,
		   const struct sdax_slot *slot)
{
	struct keys *keys = arg;

	(void)slot;
	if (keys->dev && key->dev != *keys->dev)
		return 0;
	if (keys->n == keys->room) {
		size_t room = keys->room ? 2 * keys->room : 64;
		struct sdax_key *more = reallocarray(keys->list, room,
						     sizeof(*more));

		if (!more)
			return -ENOMEM;
		keys->list = more;
		keys->room = room;
	}
	keys->list[keys->n++] = *key;
	return 0;
}

/* The file that the recorded path leads to, if it is still that one. */
static int reopen(struct staticdax *sd, const char *path, struct opened *file)
{
	struct staticdax_result ignored = STATICDAX_INIT(staticdax_result);
	_cleanup_close_ int fd = -1;
	struct sdax_key found;

	fd = path ? sdax_target_open_regular(path) : -1;
	if (fd < 0 || sdax_handle_identify(sd, fd, &file->id, &ignored) < 0)
		return -1;
	found = sdax_store_key(&file->id);
	return memcmp(&found, &file->key, sizeof(found)) ? -1 : TAKE_FD(fd);
}

static int unseal_one(struct staticdax *sd, struct sdax_store *store,
		      const struct sdax_key *key, uint32_t flags,
		      staticdax_unseal_fn fn, void *arg)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	struct opened file = { .key = *key };
	_cleanup_close_ int fd = -1;
	int r;

	result.offset = STATICDAX_NO_OFFSET;
	result.address = STATICDAX_NO_OFFSET;
	r = sdax_query_seal(sd, store, key, &seal);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	result.file_size = seal.file_size;
	fd = file.fd = reopen(sd, seal.path, &file);
	r = remove_entry(sd, store, &file, flags, &result);
	if (fn)
		fn(arg, &seal, &result);
	return r;
}

/* A directory of a filesystem would name all of it, perhaps the root's. */
static int device_of(struct staticdax *sd, const char *mountpoint,
		     __u32 *ret_dev, struct staticdax_result *result)
{
	_cleanup_close_ int fd = -1;
	struct sdax_identity id;
	struct statx stx;
	int r;

	fd = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, -errno, "open");
	if (statx(fd, "", AT_EMPTY_PATH, 0, &stx) < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, -errno, "stat");
	if (!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return sdax_fail(result, STATICDAX_SYSTEM, -EINVAL,
				 "nothing is mounted there");
	r = sdax_handle_identify(sd, fd, &id, result);
	if (!r)
		*ret_dev = id.dev;
	return r;
}

/*
 * Pins that this version cannot read can still be removed: it is what the
 * caller asks for with force, and the only way out short of a reboot.
 */
static int remove_foreign(uint32_t flags, const char *mountpoint,
			  struct staticdax_result *result)
{

	if (!(flags & STATICDAX_FORCE) || mountpoint)
		return result->error;
	if (sdax_guard_state() != SDAX_GUARD_OFF)
		return sdax_fail(result, STATICDAX_LOCKED, 0, "%s", "");
	sdax_canary_remove();
	return sdax_engine_detach(false);
}

int sdax_unseal_all(struct staticdax *sd, const char *mountpoint,
		    uint32_t flags, staticdax_unseal_fn fn, void *arg,
		    uint64_t *ret_count)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	_cleanup_(sdax_store_close) struct sdax_store store = SDAX_STORE_NONE;
	_cleanup_(keys_done) struct keys keys = {};
	_cleanup_(sdax_lock_drop) int lock = -1;
	uint64_t done = 0;
	int r, first = 0;
	bool swept;
	__u32 dev;

	result.offset = STATICDAX_NO_OFFSET;
	result.address = STATICDAX_NO_OFFSET;
	r = sdax_privilege_check(&result);
	if (!r)
		r = sdax_handle_inspect(sd, &result);
	if (!r && mountpoint) {
		r = device_of(sd, mountpoint, &dev, &result);
		keys.dev = &dev;
	}
	if (!r)
		r = sdax_handle_lock(sd, &lock, &result);
	if (!r)
		r = sdax_handle_registry(sd, &store, &swept, &result);
	if (r == -ENOENT && !result.reason) {
		*ret_count = 0;
		return 0;
	}
	if (result.reason == STATICDAX_PINS_VERSION ||
	    result.reason == STATICDAX_PINS_BROKEN ||
	    result.reason == STATICDAX_PINS_GONE)
		r = remove_foreign(flags, mountpoint, &result);
	else if (!r)
		r = sdax_store_walk(&store, collect, &keys);
	if (r < 0) {
		if (fn)
			fn(arg, NULL, &result);
		return r;
	}
	for (size_t i = 0; i < keys.n; i++) {
		r = unseal_one(sd, &store, keys.list + i, flags, fn, arg);
		first = first ?: r;
		done += !r;
	}
	sdax_handle_release(sd, &store);
	*ret_count = done;
	return first;
}
