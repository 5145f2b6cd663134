// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A seal and the mounts of its filesystem; a seal and the other filesystems.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "contract.h"
#include "ext4_ioctl.h"
#include "file.h"
#include "loop.h"
#include "mounts.h"
#include "xfs_ioctl.h"

struct small_fs {
	const char *type;
	enum seal_mode mode;
	char directory[64]; /* a tmpfs: holds the image and the mount points */
	char image[80], mnt[80], bind[80], file[96], peer[96];
	char device[32];
	int loop;
	char why[256]; /* could not be made */
};

static void report(const struct small_fs *s, const char *name, int expected, int got)
{
	bool passed = tap_ok(got == expected, "small %s: %s_%s", s->type,
			    expected ? "deny" : "allow", name);

	if (!passed)
		tap_diag("got %s, expected %s", got ? strerrorname_np(-got) : "0",
			 expected ? strerrorname_np(-expected) : "0");
}

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

/*
 * Exchange-range is a feature that only recent versions of mkfs can give; it has no structure on
 * disk but its bit, XFS_SB_FEAT_INCOMPAT_EXCHRANGE. A kernel before 6.10 refuses the mount.
 */
static void add_exchange(struct small_fs *s)
{
	char *ask[] = { "xfs_db", "-r", "-c", "sb 0", "-c", "print features_incompat", s->device,
			NULL };
	char word[64];
	char *set[] = { "xfs_db", "-x", "-c", "sb 0", "-c", word, s->device, NULL };
	unsigned int features;

	if (tool_spawn(ask) || sscanf(tool_output(), "features_incompat = %x", &features) != 1)
		return;
	snprintf(word, sizeof(word), "write -d features_incompat 0x%x", features | 1 << 6);
	tool_spawn(set);
}

static int mount_it(const struct small_fs *s)
{
	return answer(mount(s->device, s->mnt, s->type, 0, NULL));
}

static int make_files(const struct small_fs *s)
{
	int r = fit_create(s->file);

	if (!r)
		r = fit_create(s->peer);
	sync();
	return r;
}

static int small_fs_make(struct small_fs *s)
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
	if (!strcmp(s->type, "xfs"))
		add_exchange(s);
	r = mount_it(s);
	if (r && !strcmp(s->type, "xfs") && !make_fs(s))
		r = mount_it(s);
	if (!r)
		r = make_files(s);
	if (r)
		failed(s, "mount", r);
	return r;
}

static void small_fs_drop(struct small_fs *s)
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

/* No seal on this filesystem, but on another one. */
static void test_neighbours(const struct small_fs *s)
{
	_cleanup_close_ int file = open(s->file, O_RDWR | O_CLOEXEC);
	_cleanup_close_ int peer = open(s->peer, O_RDWR | O_CLOEXEC);
	int denied = s->mode == MODE_AUDIT ? 0 : -ETXTBSY;

	/* SWAPEXT names both its files in memory, so all of XFS is closed to it */
	if (!strcmp(s->type, "xfs"))
		report(s, "swapext_when_another_xfs_has_seals", denied,
		       xfs_swap_extents(file, file, peer));
	else
		report(s, "move_ext_when_another_ext4_has_seals", 0, ext4_move_extents(file, peer));
}

/* Both roles of both ioctls; here, for the main filesystem may lack the feature. */
static void test_exchange(const struct small_fs *s, const char *state, int expected)
{
	_cleanup_close_ int file = open(s->file, O_RDWR | O_CLOEXEC);
	_cleanup_close_ int peer = open(s->peer, O_RDWR | O_CLOEXEC);
	const struct {
		const char *name;
		int (*run)(int file1_fd, int file2_fd);
		int file1_fd, file2_fd;
	} roles[] = {
		{ "exchange_range_as_file1", xfs_exchange_range, file, peer },
		{ "exchange_range_as_file2", xfs_exchange_range, peer, file },
		{ "commit_range_as_file1", xfs_commit_range, file, peer },
		{ "commit_range_as_file2", xfs_commit_range, peer, file },
	};
	char name[80];

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		snprintf(name, sizeof(name), "%s_%s", roles[i].name, state);
		report(s, name, expected, roles[i].run(roles[i].file1_fd, roles[i].file2_fd));
	}
}

static bool can_exchange(const struct small_fs *s)
{
	_cleanup_close_ int file = open(s->file, O_RDWR | O_CLOEXEC);
	_cleanup_close_ int peer = open(s->peer, O_RDWR | O_CLOEXEC);

	return !xfs_commit_range(file, peer);
}

static void test_umount_of_unsealed(const struct small_fs *s)
{
	report(s, "umount_when_another_filesystem_has_seals", 0, answer(umount(s->mnt)));
	if (mount_it(s))
		tap_diag("cannot mount again: %s", strerror(errno));
}

/* The child's copy of the mount is not the last one. */
static int umount_in_namespace(const struct small_fs *s)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(255);
		_exit(-answer(umount(s->mnt)));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -EIO;
	return -WEXITSTATUS(status);
}

static void test_umount_of_sealed(const struct small_fs *s)
{
	report(s, "umount_of_bind_mount_when_sealed", 0,
	       mount(s->mnt, s->bind, NULL, MS_BIND, NULL) ? -EIO : answer(umount(s->bind)));
	report(s, "umount_in_other_namespace_when_sealed", 0, umount_in_namespace(s));
	if (s->mode == MODE_AUDIT) {
		report(s, "umount_last_when_audited", 0, answer(umount(s->mnt)));
		return;
	}
	report(s, "umount_last_when_sealed", -EBUSY, answer(umount(s->mnt)));
	report(s, "umount_last_lazily_when_sealed", -EBUSY, answer(umount2(s->mnt, MNT_DETACH)));
	report(s, "umount_last_by_force_when_sealed", -EBUSY, answer(umount2(s->mnt, MNT_FORCE)));
}

/* Which of the mounts was there first does not matter. */
static void test_umount_of_first(const struct small_fs *s)
{
	if (mount(s->mnt, s->bind, NULL, MS_BIND, NULL)) {
		tap_diag("bind mount: %s", strerror(errno));
		return;
	}
	report(s, "umount_of_first_mount_when_bind_mount_is_left", 0, answer(umount(s->mnt)));
	report(s, "umount_of_bind_mount_when_last_and_sealed", -EBUSY, answer(umount(s->bind)));
	mount(s->bind, s->mnt, NULL, MS_BIND, NULL);
	umount(s->bind);
}

static void test_exchange_of_sealed(const struct small_fs *s)
{
	struct snapshot before, after;
	char text[400] = "";

	if (snapshot_take(s->file, &before))
		return;
	test_exchange(s, "when_sealed", s->mode == MODE_AUDIT ? 0 : -ETXTBSY);
	if (s->mode == MODE_AUDIT)
		return;
	if (!tap_ok(!snapshot_take(s->file, &after) &&
			    !snapshot_compare(&before, &after, 0, text, sizeof(text)),
		    "small %s: sealed_file_has_not_changed", s->type))
		tap_diag("%s", text);
}

static void test_sealed(const struct small_fs *s)
{
	const char *files[] = { s->file, NULL };
	bool exchange = can_exchange(s);

	if (exchange)
		test_exchange(s, "when_not_sealed", 0);
	else if (!strcmp(s->type, "xfs"))
		tap_skip("the kernel or the xfs_db lacks it", "small xfs: exchange_range");

	if (!tap_ok(tool_seal(s->mode, files) == TOOL_DONE, "small %s: seal", s->type)) {
		tap_diag("%s", tool_output());
		return;
	}
	if (exchange)
		test_exchange_of_sealed(s);
	test_umount_of_sealed(s);
	if (s->mode == MODE_AUDIT)
		return;
	test_umount_of_first(s);
	if (!tap_ok(tool_unseal(files) == TOOL_DONE, "small %s: unseal", s->type))
		tap_diag("%s", tool_output());
	report(s, "umount_last_when_unsealed_again", 0, answer(umount(s->mnt)));
}

void mounts_run(const char *fs, enum seal_mode mode)
{
	struct small_fs s = { .type = fs, .mode = mode, .loop = -1 };

	if (small_fs_make(&s)) {
		tap_skip(s.why, "small %s: mounts", fs);
	} else {
		test_neighbours(&s);
		test_umount_of_unsealed(&s);
		test_sealed(&s);
	}
	small_fs_drop(&s);
}
