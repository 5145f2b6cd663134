// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * daxctl(path, flags, align) as the 2017 proposal has it, in words of the
 * library. Alone in its object, so that who does not want the name, which is
 * also a command of ndctl's, never sees it.
 */
#define _GNU_SOURCE
#include "staticdax.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "privilege.h"
#include "util.h"
#include "verdict.h"

static int get(struct staticdax *sd, const char *path)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EISDIR ? -EINVAL : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = staticdax_get(sd, path, &seal);
	if (r < 0)
		return r;
	return seal.state == STATICDAX_STATE_SEALED && !seal.audit ?
		       DAXCTL_F_STATIC :
		       0;
}

static int set(struct staticdax *sd, const char *path, int flags, int align)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);

	options.align = align;
	if (flags & DAXCTL_F_STATIC)
		return staticdax_seal(sd, path, &options, &result);
	return staticdax_unseal(sd, path, 0, &result);
}

static int call(const char *path, int flags, int align)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	uint64_t checked = align;
	struct staticdax *sd;
	int r;

	if (flags & ~(DAXCTL_F_GET | DAXCTL_F_STATIC) ||
	    (flags & DAXCTL_F_GET && flags != DAXCTL_F_GET) || align < 0)
		return -EINVAL;
	r = sdax_verdict_align(&checked);
	if (!r && !(flags & DAXCTL_F_GET))
		r = sdax_privilege_check(&result);
	if (!r)
		r = staticdax_new(&sd);
	if (r < 0)
		return r;
	r = flags & DAXCTL_F_GET ? get(sd, path) : set(sd, path, flags, align);
	staticdax_free(sd);
	return r;
}

int daxctl(const char *path, int flags, int align)
{
	int r = call(path, flags, align);

	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}
