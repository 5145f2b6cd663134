// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who may change seals. */
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handle.h"
#include "util.h"

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define INIT_PID_NAMESPACE 0xEFFFFFFCU

static bool has(const struct __user_cap_data_struct *caps, int cap)
{
	return caps[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

int sdax_privilege_check(struct staticdax_result *result)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, caps) < 0)
		return sdax_fail(result, STATICDAX_SYSTEM, -errno, "capget");
	if (!has(caps, CAP_LINUX_IMMUTABLE))
		return sdax_fail(result, STATICDAX_NO_PRIVILEGE, 0,
				 "CAP_LINUX_IMMUTABLE is missing");
	if (!has(caps, CAP_SYS_ADMIN))
		return sdax_fail(result, STATICDAX_NO_PRIVILEGE, 0,
				 "CAP_SYS_ADMIN is missing");
	return 0;
}

bool sdax_privilege_sees_all(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) &&
	       st.st_ino == INIT_PID_NAMESPACE;
}
