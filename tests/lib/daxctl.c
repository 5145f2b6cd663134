// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The call daxctl(path, flags, align) against the table of the 2017 proposal.
 * Arguments: a directory on a DAX filesystem, one on another.
 */
#include "staticdax.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>
#include <unistd.h>

#include "tap.h"

static char fit[256], holed[256], other[256], dir[256];

static void expect(int want, int want_errno, const char *path, int flags,
		   int align, const char *name)
{
	int r;

	errno = 0;
	r = daxctl(path, flags, align);
	if (!tap_ok(r == want && (r >= 0 || errno == want_errno), "%s", name))
		tap_diag("got %d %s, expected %d %s", r, strerror(errno), want,
			 strerror(want_errno));
}

static void make(const char *path, size_t size, bool hole)
{
	static char block[65536];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || (!hole && write(fd, block, size) != (ssize_t)size) ||
	    (hole && ftruncate(fd, size) < 0) || fsync(fd) < 0)
		exit(1);
	close(fd);
}

static void arguments(void)
{
	expect(-1, EINVAL, fit, 8, 0, "unknown_flag");
	expect(-1, EINVAL, fit, DAXCTL_F_DAX, 0, "dax_flag_is_reserved");
	expect(-1, EINVAL, fit, DAXCTL_F_STATIC | DAXCTL_F_DAX, 0,
	       "dax_flag_is_reserved_with_static");
	expect(-1, EINVAL, fit, DAXCTL_F_STATIC, -1, "negative_align");
	expect(-1, EINVAL, fit, DAXCTL_F_STATIC, 512, "align_below_page");
	expect(-1, EINVAL, fit, DAXCTL_F_STATIC, 12288, "align_no_power_of_two");
	expect(-1, EINVAL, dir, DAXCTL_F_STATIC, 0, "directory");
	expect(-1, EINVAL, dir, DAXCTL_F_GET, 0, "get_directory");
	expect(-1, EINVAL, other, DAXCTL_F_STATIC, 0, "not_dax");
	expect(-1, EINVAL, holed, DAXCTL_F_STATIC, 0, "hole");
	expect(-1, ENOENT, "/nonexistent", DAXCTL_F_STATIC, 0, "missing");
	expect(-1, ENOENT, "/nonexistent", DAXCTL_F_GET, 0, "get_missing");
}

static void life(void)
{
	expect(0, 0, fit, DAXCTL_F_GET, 0, "get_before");
	expect(0, 0, fit, 0, 0, "clear_of_unsealed_succeeds");
	expect(0, 0, fit, DAXCTL_F_STATIC, 0, "set");
	expect(DAXCTL_F_STATIC, 0, fit, DAXCTL_F_GET, 0, "get");
	expect(DAXCTL_F_STATIC, 0, fit, DAXCTL_F_GET | DAXCTL_F_STATIC, 0,
	       "get_wins_over_static");
	expect(DAXCTL_F_STATIC, 0, fit, DAXCTL_F_GET, -1, "get_ignores_align");
	expect(0, 0, fit, DAXCTL_F_STATIC, 0, "set_again_succeeds");
	tap_ok(truncate(fit, 0) < 0 && errno == ETXTBSY, "deny_truncate");
	expect(0, 0, fit, 0, 3, "clear_ignores_align");
	expect(0, 0, fit, DAXCTL_F_GET, 0, "get_after");
	tap_ok(!truncate(fit, 65536), "allow_truncate");
}

static void drop(int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2] = {};

	syscall(SYS_capget, &header, caps);
	caps[CAP_TO_INDEX(cap)].effective &= ~CAP_TO_MASK(cap);
	syscall(SYS_capset, &header, caps);
}

static void privilege(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		drop(CAP_LINUX_IMMUTABLE);
		if (daxctl(fit, DAXCTL_F_STATIC, 0) != -1 || errno != EPERM)
			_exit(1);
		if (daxctl(fit, 0, 0) != -1 || errno != EPERM)
			_exit(2);
		if (daxctl("/nonexistent", 0, 0) != -1 || errno != ENOENT)
			_exit(4);
		_exit(daxctl(fit, DAXCTL_F_GET, 0) ? 3 : 0);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "set_and_clear_need_cap_linux_immutable");
}

/* The caller may have it open and mapped; somebody else may not. */
static void holders(void)
{
	int fd = open(fit, O_RDWR), ro = open(fit, O_RDONLY);
	char *map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid;

	expect(0, 0, fit, DAXCTL_F_STATIC, 0, "set_with_own_mapping");
	map[0] = 1;
	tap_ok(ftruncate(fd, 0) < 0 && errno == ETXTBSY,
	       "deny_through_own_descriptor");
	expect(0, 0, fit, 0, 0, "clear_with_own_mapping");
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	expect(-1, EBUSY, fit, DAXCTL_F_STATIC, 0, "set_with_foreign_holder");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	close(ro);
	munmap(map, 65536);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	snprintf(dir, sizeof(dir), "%s", argv[1]);
	snprintf(fit, sizeof(fit), "%s/daxctl-fit", argv[1]);
	snprintf(holed, sizeof(holed), "%s/daxctl-hole", argv[1]);
	snprintf(other, sizeof(other), "%s/daxctl-other", argv[2]);
	make(fit, 65536, false);
	make(holed, 65536, true);
	make(other, 65536, false);
	arguments();
	life();
	privilege();
	make(fit, 65536, false);
	holders();
	return tap_done();
}
