/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ownership in declarations: an owner says with its type who frees it, and a
 * value leaves its scope only through TAKE_FD or TAKE_PTR.
 */
#ifndef SDAX_UTIL_H
#define SDAX_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void sdax_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void sdax_freep(void *p)
{
	free(*(void **)p);
}

static inline void sdax_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void sdax_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_close_ _cleanup_(sdax_closep)
#define _cleanup_free_ _cleanup_(sdax_freep)
#define _cleanup_fclose_ _cleanup_(sdax_fclosep)
#define _cleanup_closedir_ _cleanup_(sdax_closedirp)

#define TAKE_FD(fd)			\
	({				\
		int taken_ = (fd);	\
		(fd) = -1;		\
		taken_;			\
	})

#define TAKE_PTR(p)				\
	({					\
		__typeof__(p) taken_ = (p);	\
		(p) = NULL;			\
		taken_;				\
	})

#endif
