// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes a small filesystem on a loop device on a tmpfs, and takes it down again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "file.h"
#include "loop.h"
#include "small_fs.h"

static void failed(struct small_fs *s, const char *what, int r)
{
	snprintf(s->why, sizeof(s->why), "%s: %s", what, r < 0 ? strerror(-r) : tool_output());
	s->why[strcspn(s->why, "\n")] = '\0';
}

static int make_directories(struct small_fs *s)
{
	snprintf(s->directory, sizeof(s->directory), "/tmp/contract.XXXXXX");
	if (!mkdtemp(s->directory))
		return -errno;
	if (mount("contract", s->directory, "tmpfs", 0, "mode=0755"))
		return -errno;
	snprintf(s->image, sizeof(s->image), "%s/image", s->directory);
	snprintf(s->mnt, sizeof(s->mnt), "%s/mnt", s->directory);
	snprintf(s->bind, sizeof(s->bind), "%s/bind", s->directory);
	snprintf(s->file, sizeof(s->file), "%s/file", s->mnt);
	snprintf(s->peer, sizeof(s->peer), "%s/peer", s->mnt);
	snprintf(s->quota, sizeof(s->quota), "%s/quota", s->mnt);
	return mkdir(s->mnt, 0755) || mkdir(s->bind, 0755) ? -errno : 0;
}

/* sparse: nothing but the metadata takes memory; mkfs.xfs makes none smaller than 300 MB */
static int make_image(struct small_fs *s)
{
	_cleanup_close_ int fd = open(s->image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, strcmp(s->type, "xfs") ? 32 << 20 : 320 << 20))
		return -errno;
	s->loop = loop_open_free(s->device, sizeof(s->device));
	if (s->loop < 0)
		return s->loop;
	return answer(ioctl(s->loop, LOOP_SET_FD, fd));
}

static int make_fs(struct small_fs *s)
{
	char *ext4[] = { "mkfs.ext4", "-q", "-F", "-b", "4096", s->device, NULL };
	char *xfs[] = { "mkfs.xfs", "-q", "-f", "-K", s->device, NULL };

	setenv("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", 0);
	return tool_spawn(strcmp(s->type, "xfs") ? ext4 : xfs);
}

int small_fs_mount(const struct small_fs *s)
{
	/* so that quotas can be switched on, where the kernel has them */
	if (strcmp(s->type, "xfs") && !mount(s->device, s->mnt, s->type, 0, "usrquota"))
		return 0;
	return answer(mount(s->device, s->mnt, s->type, 0, NULL));
}

static int make_files(const struct small_fs *s)
{
	int r = fit_create(s->file);

	if (!r)
		r = fit_create(s->peer);
	if (!r)
		r = fit_create(s->quota);
	sync();
	return r;
}

int small_fs_make(struct small_fs *s)
{
	int r = make_directories(s);

	if (r) {
		failed(s, "a tmpfs in /tmp", r);
		return r;
	}
	r = make_image(s);
	if (r) {
		failed(s, "loop device", r);
		return r;
	}
	r = make_fs(s);
	if (r) {
		failed(s, "mkfs", r);
		return -EIO;
	}
	r = small_fs_mount(s);
	if (!r)
		r = make_files(s);
	if (r)
		failed(s, "mount", r);
	return r;
}

void small_fs_drop(struct small_fs *s)
{
	if (s->loop >= 0) {
		while (!umount(s->bind) || !umount(s->mnt))
			;
		loop_detach(s->loop);
		close(s->loop);
	}
	umount(s->directory);
	rmdir(s->directory);
}
