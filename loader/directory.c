// SPDX-License-Identifier: LGPL-2.1-or-later
/* Directories that lead to what everybody may read. */
#include "directory.h"

#include <errno.h>
#include <sys/stat.h>

/* The umask is the whole process's, and so not a library's to change. */
int sdax_directory_make(const char *path)
{
	return mkdir(path, 0755) < 0 || chmod(path, 0755) < 0 ? -errno : 0;
}
