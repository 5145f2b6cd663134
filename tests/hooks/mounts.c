// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A seal and the mounts of its filesystem; a seal and the other filesystems; what only a
 * filesystem made for it can show.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "contract.h"
#include "ext4_ioctl.h"
#include "file.h"
#include "mounts.h"
#include "record.h"
#include "small_fs.h"
#include "xfs_ioctl.h"

/* set once, by mounts_run() */
static enum seal_mode sealed_as;

static bool is_enforced(void)
{
	return sealed_as == MODE_STATIC || sealed_as == MODE_SWAPFILE;
}

static void report(const struct small_fs *s, const char *name, int expected, int got)
{
	bool passed = tap_ok(got == expected, "small %s: %s_%s", s->type,
			    expected ? "deny" : "allow", name);

	record_mount(name, got);
	if (!passed)
		tap_diag("got %s, expected %s", got ? strerrorname_np(-got) : "0",
			 expected ? strerrorname_np(-expected) : "0");
}

/* No seal on this filesystem, but on another one. */
static void test_neighbours(const struct small_fs *s)
{
	_cleanup_close_ int file = open(s->file, O_RDWR | O_CLOEXEC);
	_cleanup_close_ int peer = open(s->peer, O_RDWR | O_CLOEXEC);
	int denied = sealed_as == MODE_AUDIT ? 0 : -ETXTBSY;

	/* SWAPEXT names both its files in memory, so all of XFS is closed to it */
	if (!strcmp(s->type, "xfs"))
		report(s, "swapext_when_another_xfs_has_seals", denied,
		       xfs_swap_extents(file, file, peer));
	else
		report(s, "move_ext_when_another_ext4_has_seals", 0, ext4_move_extents(file, peer));
}

/* linux/quota.h, which cannot be included beside sys/quota.h */
#define FORMAT_V1 4

/* fs/quota/quotaio_v2.h: magic, version, three times of no interest, two blocks in use */
static int make_quota_file(const struct small_fs *s)
{
	_cleanup_close_ int fd = open(s->quota, O_RDWR | O_CLOEXEC);
	uint32_t header[8] = { 0xd9c01f11, 1, [5] = 2 };
	char zeros[BLOCK] = { 0 };

	memcpy(zeros, header, sizeof(header));
	return fd < 0 ? -errno : answer_length(pwrite(fd, zeros, BLOCK, 0), BLOCK);
}

/* The kernel would write its records into the file. */
static int quota_on(const struct small_fs *s)
{
	int r = answer(quotactl(QCMD(Q_QUOTAON, USRQUOTA), s->device, FORMAT_V1, (char *)s->quota));

	if (!r)
		quotactl(QCMD(Q_QUOTAOFF, USRQUOTA), s->device, 0, NULL);
	return r;
}

static void test_umount_of_unsealed(const struct small_fs *s)
{
	report(s, "umount_when_another_filesystem_has_seals", 0, answer(umount(s->mnt)));
	if (small_fs_mount(s))
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
	report(s, "lazy_umount_of_bind_mount_when_sealed", 0,
	       mount(s->mnt, s->bind, NULL, MS_BIND, NULL) ? -EIO :
							     answer(umount2(s->bind, MNT_DETACH)));
	if (!is_enforced()) {
		report(s, sealed_as == MODE_AUDIT ? "umount_last_when_audited" :
						    "umount_last_when_sealed_noshrink",
		       0, answer(umount(s->mnt)));
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

static void test_sealed(const struct small_fs *s)
{
	const char *files[] = { s->file, s->quota, NULL };
	bool quota = !make_quota_file(s) && !quota_on(s);

	if (!quota && strcmp(s->type, "xfs"))
		tap_skip("the kernel cannot switch it on", "small ext4: quota_on");
	sync();
	if (!tap_ok(tool_seal(sealed_as, files) == TOOL_DONE, "small %s: seal", s->type)) {
		tap_diag("%s", tool_output());
		return;
	}
	if (quota)
		report(s, "quota_on_when_sealed", sealed_as == MODE_AUDIT ? 0 : -ETXTBSY,
		       quota_on(s));
	test_umount_of_sealed(s);
	if (!is_enforced())
		return;
	test_umount_of_first(s);
	if (!tap_ok(tool_unseal(files) == TOOL_DONE, "small %s: unseal", s->type))
		tap_diag("%s", tool_output());
	report(s, "umount_last_when_unsealed_again", 0, answer(umount(s->mnt)));
}

void mounts_run(const char *fs, enum seal_mode mode)
{
	struct small_fs s = { .type = fs, .loop = -1 };

	sealed_as = mode;
	if (small_fs_make(&s)) {
		tap_skip(s.why, "small %s: mounts", fs);
	} else {
		test_neighbours(&s);
		test_umount_of_unsealed(&s);
		test_sealed(&s);
	}
	small_fs_drop(&s);
}
