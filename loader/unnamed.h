/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files without a name, which are gone when the process is, whatever ends it,
 * and the name they get once they are whole.
 */
#ifndef SDAX_UNNAMED_H
#define SDAX_UNNAMED_H

#include <stdbool.h>
#include <sys/types.h>

#include "staticdax.h"
#include "target.h"

struct sdax_unnamed {
	int directory;
	char *above;			/* the directory's path, absolute */
	char *path;			/* where the name will be, absolute */
	const char *name;		/* the last component, in path */
	struct sdax_target target;
	bool linked;			/* it has the name */
};

#define SDAX_UNNAMED_NONE { .directory = -1, .target = SDAX_TARGET_NONE }

/*
 * An empty file on the filesystem and in the directory of path, whose facts are
 * those it will have with a name and size bytes. With dax it is DAX if that can
 * be had. EEXIST if there is something at path.
 */
int sdax_unnamed_open(const char *path, mode_t mode, uint64_t size, bool dax,
		      struct sdax_unnamed *ret, struct staticdax_result *result);
void sdax_unnamed_close(struct sdax_unnamed *file);

/* Reads the facts again, and makes them those of a file with a name. */
int sdax_unnamed_refresh(struct sdax_unnamed *file,
			 struct staticdax_result *result);

/*
 * Gives it its name, and both to stable storage. EEXIST. After a failure
 * sdax_unnamed_unlink() takes the name away, if it got that far.
 */
int sdax_unnamed_link(struct sdax_unnamed *file,
		      struct staticdax_result *result);
void sdax_unnamed_unlink(struct sdax_unnamed *file);

#endif
