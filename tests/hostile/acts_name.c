// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What takes away, moves, replaces or adds a name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hooks/uring.h"
#include "act.h"

#define NAME_LENGTH 32

/* One of a few, so that they meet. */
static const char *other_name(struct scene *s, char *name)
{
	snprintf(name, NAME_LENGTH, "other%u", pick(s, 4));
	return name;
}

static int unlink_name(struct scene *s)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_UNLINKAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)s->path,
	};
	int r;

	if (pick(s, 2))
		return answer(unlink(s->path));
	r = uring_run(sqe, pick(s, 2) ? URING_PLAIN : URING_ASYNC);
	return r == URING_NONE ? -ENOSYS : r;
}

static int rename_away(struct scene *s)
{
	char name[NAME_LENGTH];

	return answer(rename(s->path, other_name(s, name)));
}

/* One of the two is the prey, in either place. */
static int rename_over(struct scene *s)
{
	unsigned int flags = pick(s, 2) ? RENAME_EXCHANGE : 0;

	s->detail = flags;
	return answer(renameat2(AT_FDCWD, s->peer, AT_FDCWD, s->path, flags));
}

/* The prey's own, and none that was made while it was not sealed. */
static void link_of(struct scene *s, char *name)
{
	const char *whose = !s->prey_is_target ? "neighbour" : s->sealed ? "sealed" : "plain";

	snprintf(name, NAME_LENGTH, "link%u.%s", pick(s, 4), whose);
}

/* Free on the prey too; the name that it adds is then refused to go, like the first. */
static int link_name(struct scene *s)
{
	char name[NAME_LENGTH];

	link_of(s, name);
	return answer(link(s->path, name));
}

static int unlink_link(struct scene *s)
{
	char name[NAME_LENGTH];

	link_of(s, name);
	return answer(unlink(name));
}

static int unlink_other(struct scene *s)
{
	char name[NAME_LENGTH];

	return answer(unlink(other_name(s, name)));
}

static const struct act acts[] = {
	{ "unlink", unlink_name, DUE_DENIAL },
	{ "rename_away", rename_away, DUE_DENIAL },
	{ "rename_over", rename_over, DUE_DENIAL, ACT_BOTH },
	{ "link", link_name, DUE_FREE },
	{ "unlink_link", unlink_link, DUE_DENIAL },
	{ "unlink_other", unlink_other, DUE_FREE },
};

const struct act_group acts_name = { acts, ARRAY_SIZE(acts) };
