// SPDX-License-Identifier: LGPL-2.1-or-later
/* ustat(2) on filesystems that hold seals. */
#define _GNU_SOURCE
#include "roots.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "staticdax_abi.h"
#include "store.h"

/* The answer is an errno. What was not answered ends at an address that is none. */
static int ask(__u32 dev, unsigned long long what)
{
	unsigned int number = makedev(dev >> 20, dev & 0xfffff);

	if (!syscall(SYS_ustat, number, what))
		return EAGAIN;
	return errno == EFAULT ? EAGAIN : errno;
}

/*
 * "No such superblock" would end seals. A filter of system calls may answer so too, and
 * then does of the filesystem with the pins.
 */
static bool is_filtered(void)
{
	struct stat st;

	return stat(SDAX_BPF_DIR, &st) < 0 ||
	       ask(major(st.st_dev) << 20 | minor(st.st_dev), SDAX_ROOT_ASK) ==
		       EINVAL;
}

int sdax_roots_ask(__u32 dev)
{
	int answer = ask(dev, SDAX_ROOT_ASK);

	if (answer == EEXIST)
		return 1;
	if (answer == EINVAL && is_filtered())
		return -EAGAIN;
	return answer == ENODATA || answer == EINVAL ? 0 : -answer;
}

int sdax_roots_mark(__u32 dev)
{
	int answer = ask(dev, SDAX_ROOT_MARK);

	if (answer == EEXIST)
		return 0;
	return answer == EINVAL ? -ENODEV : -answer;
}
