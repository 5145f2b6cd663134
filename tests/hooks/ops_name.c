// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on the file's name: whoever holds only physical addresses needs the blocks to stay.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"

#define NAME_LENGTH 128

static const char *other_name(struct target *t, char *name)
{
	snprintf(name, NAME_LENGTH, "%s.other", t->tag);
	return name;
}

static int unlink_file(struct target *t)
{
	return answer(unlink(t->path));
}

static int unlinkat_directory(struct target *t)
{
	_cleanup_close_ int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return answer(unlinkat(fd, t->path, 0));
}

/* not the last link, but the file's all the same */
static int unlink_second_link(struct target *t)
{
	char name[NAME_LENGTH];

	if (link(t->path, other_name(t, name)))
		return op_broken(t, "link");
	return answer(unlink(name));
}

static int rename_away(struct target *t)
{
	char name[NAME_LENGTH];

	return answer(rename(t->path, other_name(t, name)));
}

static int rename_over(struct target *t)
{
	return answer(rename(t->peer, t->path));
}

static int rename_noreplace(struct target *t)
{
	char name[NAME_LENGTH];

	return answer(renameat2(AT_FDCWD, t->path, AT_FDCWD, other_name(t, name),
				RENAME_NOREPLACE));
}

static int rename_leaving_whiteout(struct target *t)
{
	char name[NAME_LENGTH];

	return answer(renameat2(AT_FDCWD, t->path, AT_FDCWD, other_name(t, name),
				RENAME_WHITEOUT));
}

static int rename_exchange(struct target *t)
{
	return answer(renameat2(AT_FDCWD, t->path, AT_FDCWD, t->peer, RENAME_EXCHANGE));
}

static int rename_exchange_as_second(struct target *t)
{
	return answer(renameat2(AT_FDCWD, t->peer, AT_FDCWD, t->path, RENAME_EXCHANGE));
}

static int link_file(struct target *t)
{
	char name[NAME_LENGTH];

	return answer(link(t->path, other_name(t, name)));
}

static int link_descriptor(struct target *t)
{
	char name[NAME_LENGTH], proc[32];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", t->fd);
	return answer(linkat(AT_FDCWD, proc, AT_FDCWD, other_name(t, name), AT_SYMLINK_FOLLOW));
}

static const struct op ops[] = {
	{ "unlink", unlink_file, NAMED, BY_PATH },
	{ "unlinkat", unlinkat_directory, NAMED, BY_PATH },
	{ "unlink_second_link", unlink_second_link, NAMED, BY_PATH },
	{ "rename_away", rename_away, NAMED, BY_PATH },
	{ "rename_over", rename_over, NAMED, BY_PATH | WITH_PEER },
	{ "rename_noreplace", rename_noreplace, NAMED, BY_PATH },
	{ "rename_leaving_whiteout", rename_leaving_whiteout, NAMED, BY_PATH },
	{ "rename_exchange", rename_exchange, NAMED, BY_PATH | WITH_PEER },
	{ "rename_exchange_as_second", rename_exchange_as_second, NAMED, BY_PATH | WITH_PEER },
	{ "link", link_file, FREE, BY_PATH },
	{ "link_descriptor", link_descriptor, FREE },
};

const struct op_group ops_name = { "Names", ops, ARRAY_SIZE(ops), true };
