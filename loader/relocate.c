// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Puts a file that has the same content, and fit blocks, in a file's place; or its
 * blocks in those of the file, where XFS can do that.
 *
 * Else it is made without a name, gets a temporary one beside the old file when it is
 * whole and on stable storage, and the two names are exchanged. The old file
 * goes only when it is certain that nobody came for it meanwhile; else they are
 * exchanged back. A run that is killed between leaves the other file under the
 * temporary name, which is never removed by itself: somebody may have opened it
 * in that very moment, and written.
 */
#define _GNU_SOURCE
#include "relocate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocate.h"
#include "exchange.h"
#include "fill.h"
#include "fit.h"
#include "lease.h"
#include "metadata.h"
#include "unnamed.h"
#include "util.h"

struct relocation {
	struct staticdax *sd;
	const struct sdax_target *source;
	struct staticdax_result *result;
	uint64_t align;
	uint32_t flags;
	struct stat before;		/* of the source, not yet read */
	char *path;			/* resolved */
	const char *name;
	struct sdax_unnamed file;
	struct sdax_device *device;
	bool exchanges;			/* blocks, and not names */
	struct sdax_exchange exchange;
};

static void relocation_done(struct relocation *l)
{
	sdax_unnamed_close(&l->file);
	sdax_device_free(l->device);
	free(l->path);
}

static int failed(struct relocation *l, int error, const char *what)
{
	if (error == -EBUSY)
		return sdax_fail(l->result, STATICDAX_HELD, 0,
				 "somebody came for it; it is as it was");
	return sdax_fail(l->result, STATICDAX_SYSTEM, error, "%s", what);
}

static int resolve(struct relocation *l, const char *path)
{
	if (fstat(l->source->fd, &l->before) < 0)
		return failed(l, -errno, "stat");
	l->exchanges = sdax_relocate_keeps(l->source, l->flags, &l->exchange);
	if (l->before.st_nlink > 1 && !l->exchanges)
		return sdax_fail(l->result, STATICDAX_LINKED, 0, "%s", "");
	l->path = realpath(path, NULL);
	if (!l->path)
		return failed(l, -errno, "resolving its path");
	l->name = strrchr(l->path, '/') + 1;
	return 0;
}

/* ".pool.staticdax" beside pool; of a long name as much as there is room for. */
#define BESIDE ".%.*s.staticdax"
#define BESIDE_MAX (NAME_MAX - (int)strlen("..staticdax"))

static int open_beside(struct relocation *l)
{
	_cleanup_free_ char *temporary = NULL;
	bool dax = !(l->flags & STATICDAX_ANY_DEVICE) ||
		   l->source->facts.attributes & STATX_ATTR_DAX;
	int r;

	if (asprintf(&temporary, "%.*s" BESIDE,
		     (int)(l->name - l->path), l->path, BESIDE_MAX, l->name) < 0) {
		temporary = NULL;
		return failed(l, -ENOMEM, "memory");
	}
	r = sdax_unnamed_open(temporary, 0600, l->source->facts.size, dax,
			      &l->file, l->result);
	if (r == -EEXIST)
		return sdax_fail(l->result, STATICDAX_LEFTOVER, 0, BESIDE,
				BESIDE_MAX, l->name);
	return r ?: sdax_fit_file(&l->file.target, l->flags, l->result);
}

/* All but the content. */
static int dress(struct relocation *l)
{
	int r;

	r = sdax_metadata_copy(l->source->fd, l->file.target.fd, &l->before,
			       l->result);
	if (r < 0)
		return r;
	return fsync(l->file.target.fd) < 0 ? failed(l, -errno, "fsync") : 0;
}

static int make(struct relocation *l)
{
	struct sdax_target *target = &l->file.target;
	uint64_t size = l->source->facts.size;
	int r;

	r = sdax_fit_device(target, &l->device, l->result);
	if (!r)
		r = sdax_allocate(l->sd, target, l->device, size, l->align,
				  l->result);
	if (r < 0)
		return r;
	r = sdax_fill_copy(l->sd, l->source->fd, target->fd, size);
	if (r < 0)
		return failed(l, r, "copying it");
	if (l->exchanges)
		r = fsync(target->fd) < 0 ? failed(l, -errno, "fsync") : 0;
	else
		r = dress(l);
	if (r < 0)
		return r;
	r = sdax_unnamed_refresh(&l->file, l->result);
	return r ?: sdax_fit_map(target, l->align, &l->device, NULL, l->result);
}

static bool leads_to_source(const struct relocation *l, const char *name)
{
	struct stat st;

	return !fstatat(l->file.directory, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_dev == l->before.st_dev && st.st_ino == l->before.st_ino;
}

static bool looks_the_same(const struct stat *a, const struct stat *b)
{
	return a->st_nlink == b->st_nlink && a->st_mode == b->st_mode &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/*
 * A lease is not broken by link(2) or chmod(2), nor by what sets an attribute: they
 * change the inode's time, and what they did would go with the old file.
 */
static bool is_unchanged(const struct relocation *l, const struct stat *since)
{
	struct stat st;

	return !fstat(l->source->fd, &st) && looks_the_same(&st, since) &&
	       st.st_ctim.tv_sec == since->st_ctim.tv_sec &&
	       st.st_ctim.tv_nsec == since->st_ctim.tv_nsec;
}

static int changed(struct relocation *l)
{
	return sdax_fail(l->result, STATICDAX_CHANGED, 0,
			 "its links, owner, mode or attributes");
}

static int exchange_names(const struct relocation *l)
{
	return renameat2(l->file.directory, l->file.name, l->file.directory,
			 l->name, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/*
 * The old file is under the temporary name now. Whoever opened it since the last
 * look waits for the lease, and must find it under its own.
 */
static int exchange(struct relocation *l)
{
	struct stat after;
	bool same;
	int r;

	if (!sdax_lease_undisturbed(l->source->fd))
		return failed(l, -EBUSY, "");
	if (!leads_to_source(l, l->name))
		return sdax_fail(l->result, STATICDAX_CHANGED, 0, "its name");
	if (!is_unchanged(l, &l->before))
		return changed(l);
	r = exchange_names(l);
	if (r < 0)
		return failed(l, r, "exchanging the names");
	/* its time is that of the exchange now */
	same = !fstat(l->source->fd, &after) &&
	       looks_the_same(&after, &l->before);
	/* takes its time, in which somebody may come: so before the last look */
	if (fsync(l->file.directory) < 0) {
		r = -errno;
		l->file.linked = false;
		return failed(l, r, "fsync of its directory");
	}
	same = same && is_unchanged(l, &after);
	if (same && leads_to_source(l, l->file.name) &&
	    sdax_lease_undisturbed(l->source->fd))
		return 0;
	r = exchange_names(l);
	/* now what stands under the temporary name is not ours to remove */
	l->file.linked = !r;
	if (r < 0)
		return failed(l, r, "exchanging the names back");
	return same ? failed(l, -EBUSY, "") : changed(l);
}

static int publish(struct relocation *l)
{
	int r;

	r = sdax_unnamed_link(&l->file, l->result);
	if (!r)
		r = exchange(l);
	sdax_unnamed_unlink(&l->file);
	return r;
}

/*
 * The inode stays, and with it all that is not content; so do its names. What the
 * filesystem notices is every write since the copy began, mapped or not.
 */
static int finish_exchanged(struct relocation *l)
{
	const struct timespec times[] = { l->before.st_atim, l->before.st_mtim };
	int fd = l->source->fd;

	if (!sdax_lease_undisturbed(fd))
		return failed(l, -EBUSY, "");
	/* frees what was preallocated beyond its end */
	if (ftruncate(fd, l->source->facts.size) < 0 ||
	    futimens(fd, times) < 0 || fsync(fd) < 0)
		return failed(l, -errno, "finishing it");
	return sdax_fit_map(l->source, l->align, &l->device, NULL, l->result);
}

static int put_in_place(struct relocation *l)
{
	int r;

	if (!l->exchanges)
		return publish(l);
	if (!sdax_lease_undisturbed(l->source->fd))
		return failed(l, -EBUSY, "");
	r = sdax_exchange_commit(&l->exchange, l->source->fd,
				 l->file.target.fd);
	if (!r)
		return finish_exchanged(l);
	if (r == -EBUSY || l->before.st_nlink > 1)
		return failed(l, r, "exchanging the blocks");
	sdax_log(l->sd, 1, "blocks are not exchanged (%s), so names are",
		 strerror(-r));
	r = dress(l);
	return r ?: publish(l);
}

bool sdax_relocate_keeps(const struct sdax_target *source, uint32_t flags,
			 struct sdax_exchange *ret)
{
	return (flags & STATICDAX_ANY_DEVICE ||
		source->facts.attributes & STATX_ATTR_DAX) &&
	       sdax_exchange_begin(source->fd, ret);
}

int sdax_relocate(struct staticdax *sd, const char *path,
		  const struct sdax_target *source, uint64_t align,
		  uint32_t flags, struct staticdax_result *result)
{
	_cleanup_(relocation_done) struct relocation l = {
		.sd = sd,
		.source = source,
		.result = result,
		.align = align,
		.flags = flags,
		.file = SDAX_UNNAMED_NONE,
	};
	int r;

	r = resolve(&l, path);
	if (!r)
		r = open_beside(&l);
	if (!r)
		r = make(&l);
	return r ?: put_in_place(&l);
}
