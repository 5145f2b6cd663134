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

/* The proposal opens for reading and writing before it asks anything else. */
static int try_open(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EISDIR ? -EINVAL : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

static int get(struct staticdax *sd, const char *path)
{
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r;

	r = staticdax_get(sd, path, &seal);
	if (r < 0)
		return r;
	return seal.state == STATICDAX_STATE_SEALED && !seal.audit &&
			       seal.mode != STATICDAX_MODE_NOSHRINK ?
		       DAXCTL_F_STATIC :
		       0;
}

static int set(struct staticdax *sd, const char *path, int align)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);

	if (align < 0)
		return -EINVAL;
	options.align = align;
	return staticdax_seal(sd, path, &options, &result);
}

static int clear(struct staticdax *sd, const char *path)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_seal seal = STATICDAX_INIT(staticdax_seal);
	int r;

	r = staticdax_get(sd, path, &seal);
	/* it is not static, so that nothing is to be cleared */
	if (!r && seal.state == STATICDAX_STATE_SEALED &&
	    seal.mode == STATICDAX_MODE_NOSHRINK)
		return 0;
	return staticdax_unseal(sd, path, 0, &result);
}

/* With DAXCTL_F_GET nothing else counts, and only setting looks at align. */
static int call(const char *path, int flags, int align)
{
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax *sd;
	int r;

	if (flags & ~(DAXCTL_F_GET | DAXCTL_F_STATIC))
		return -EINVAL;
	r = try_open(path);
	if (!r && !(flags & DAXCTL_F_GET))
		r = sdax_privilege_check(&result);
	if (!r)
		r = staticdax_new(&sd);
	if (r < 0)
		return r;
	if (flags & DAXCTL_F_GET)
		r = get(sd, path);
	else
		r = flags & DAXCTL_F_STATIC ? set(sd, path, align) :
					      clear(sd, path);
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
