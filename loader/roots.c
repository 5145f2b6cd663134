// SPDX-License-Identifier: LGPL-2.1-or-later
/* ustat(2) on filesystems that hold seals. */
#define _GNU_SOURCE
#include "roots.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "staticdax_abi.h"

/* The answer is an errno. What was not answered ends at an address that is none. */
static int ask(__u32 dev, unsigned long long what)
{
	unsigned int number = makedev(dev >> 20, dev & 0xfffff);

	if (!syscall(SYS_ustat, number, what))
		return EAGAIN;
	return errno == EFAULT ? EAGAIN : errno;
}

int sdax_roots_ask(__u32 dev)
{
	int answer = ask(dev, SDAX_ROOT_ASK);

	if (answer == EEXIST)
		return 1;
	return answer == ENODATA || answer == EINVAL ? 0 : -answer;
}

int sdax_roots_mark(__u32 dev)
{
	int answer = ask(dev, SDAX_ROOT_MARK);

	if (answer == EEXIST)
		return 0;
	return answer == EINVAL ? -ENODEV : -answer;
}
