// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file as the upper layer of an overlay: the same blocks behind another inode.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"

#define NAME_LENGTH 160

struct overlay {
	char merged[NAME_LENGTH];
	char file[NAME_LENGTH]; /* as seen through the overlay */
	char other[NAME_LENGTH];
};

static int make_directory(const char *base, const char *name, char *path)
{
	snprintf(path, NAME_LENGTH, "%s.%s", base, name);
	return mkdir(path, 0755);
}

/* A link puts the file into one of the layers: links are free on a sealed file. */
static int overlay_mount(struct target *t, struct overlay *o, bool as_lower)
{
	char lower[NAME_LENGTH], upper[NAME_LENGTH], work[NAME_LENGTH], options[4 * NAME_LENGTH];
	char name[NAME_LENGTH + 8];

	if (make_directory(t->tag, "lower", lower) || make_directory(t->tag, "upper", upper) ||
	    make_directory(t->tag, "work", work) || make_directory(t->tag, "merged", o->merged))
		return op_broken(t, "mkdir");
	snprintf(name, sizeof(name), "%s/file", as_lower ? lower : upper);
	if (link(t->path, name))
		return op_broken(t, "link");
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper,
		 work);
	if (mount("overlay", o->merged, "overlay", 0, options))
		return op_skip(t, "no overlay mount: %s", strerror(errno));
	snprintf(o->file, sizeof(o->file), "%.150s/file", o->merged);
	snprintf(o->other, sizeof(o->other), "%.150s/other", o->merged);
	return 0;
}

static int through_layers(struct target *t, int (*run)(const struct overlay *o), bool as_lower)
{
	struct overlay o;
	int r = overlay_mount(t, &o, as_lower);

	if (r)
		return r;
	r = run(&o);
	if (umount(o.merged))
		return op_broken(t, "umount of the overlay");
	return r;
}

static int through_overlay(struct target *t, int (*run)(const struct overlay *o))
{
	return through_layers(t, run, false);
}

static int do_open_rdwr(const struct overlay *o)
{
	return answer_open(open(o->file, O_RDWR));
}

static int do_open_append(const struct overlay *o)
{
	return answer_open(open(o->file, O_WRONLY | O_APPEND));
}

static int do_open_trunc(const struct overlay *o)
{
	return answer_open(open(o->file, O_WRONLY | O_TRUNC));
}

static int do_truncate(const struct overlay *o)
{
	return answer(truncate(o->file, FIT_SIZE / 2));
}

/* from 6.12 on a splice reaches the real file without asking anybody about it */
static int do_splice(const struct overlay *o)
{
	_cleanup_close_ int file = open(o->file, O_RDWR | O_CLOEXEC);
	loff_t pos = FIT_SIZE;
	int fd[2], r;

	if (file < 0 || pipe2(fd, O_CLOEXEC))
		return -errno;
	r = answer_length(write(fd[1], new_bytes, BLOCK), BLOCK);
	if (!r)
		r = answer_length(splice(fd[0], NULL, file, &pos, BLOCK, 0), BLOCK);
	close(fd[0]);
	close(fd[1]);
	return r;
}

static int do_write(const struct overlay *o)
{
	_cleanup_close_ int file = open(o->file, O_WRONLY | O_CLOEXEC);

	return file < 0 ? -errno : answer_length(pwrite(file, new_bytes, BLOCK, FIT_SIZE), BLOCK);
}

static int do_allocate(const struct overlay *o)
{
	_cleanup_close_ int file = open(o->file, O_WRONLY | O_CLOEXEC);

	return file < 0 ? -errno : answer(fallocate(file, 0, FIT_SIZE, BLOCK));
}

static int do_unlink(const struct overlay *o)
{
	return answer(unlink(o->file));
}

static int do_rename(const struct overlay *o)
{
	return answer(rename(o->file, o->other));
}

static int do_read(const struct overlay *o)
{
	_cleanup_close_ int file = open(o->file, O_RDONLY | O_CLOEXEC);
	char bytes[BLOCK];

	return file < 0 ? -errno : answer_length(pread(file, bytes, BLOCK, 0), BLOCK);
}

static int do_chmod(const struct overlay *o)
{
	return answer(chmod(o->file, 0600));
}

static int overlay_open_rdwr(struct target *t)
{
	return through_overlay(t, do_open_rdwr);
}

static int overlay_open_append(struct target *t)
{
	return through_overlay(t, do_open_append);
}

static int overlay_open_trunc(struct target *t)
{
	return through_overlay(t, do_open_trunc);
}

static int overlay_truncate(struct target *t)
{
	return through_overlay(t, do_truncate);
}

static int overlay_splice(struct target *t)
{
	return through_overlay(t, do_splice);
}

static int overlay_write(struct target *t)
{
	return through_overlay(t, do_write);
}

static int overlay_allocate(struct target *t)
{
	return through_overlay(t, do_allocate);
}

static int overlay_unlink(struct target *t)
{
	return through_overlay(t, do_unlink);
}

static int overlay_rename(struct target *t)
{
	return through_overlay(t, do_rename);
}

static int overlay_read(struct target *t)
{
	return through_overlay(t, do_read);
}

static int overlay_chmod(struct target *t)
{
	return through_overlay(t, do_chmod);
}

/* the write goes to a copy: a clone is refused, and overlayfs then copies the bytes */
static int overlay_copy_up(struct target *t)
{
	return through_layers(t, do_write, true);
}

static const struct op ops[] = {
	{ "overlay_open_rdwr", overlay_open_rdwr, ADDS, BY_PATH },
	{ "overlay_open_append", overlay_open_append, ADDS, BY_PATH },
	{ "overlay_open_trunc", overlay_open_trunc, DENIED, BY_PATH },
	{ "overlay_truncate", overlay_truncate, DENIED, BY_PATH },
	{ "overlay_splice_at_end", overlay_splice, ADDS, BY_PATH },
	{ "overlay_write_at_end", overlay_write, ADDS, BY_PATH },
	{ "overlay_fallocate_beyond", overlay_allocate, ADDS, BY_PATH,
	  .plain = { { EOPNOTSUPP, ON_EXT2 } } },
	{ "overlay_unlink", overlay_unlink, NAMED, BY_PATH },
	{ "overlay_rename", overlay_rename, NAMED, BY_PATH },
	{ "overlay_read", overlay_read, FREE, BY_PATH },
	{ "overlay_chmod", overlay_chmod, FREE, BY_PATH },
	{ "overlay_copy_up", overlay_copy_up, FREE, BY_PATH },
};

const struct op_group ops_overlay = { "Overlayfs by hand", ops, ARRAY_SIZE(ops) };
