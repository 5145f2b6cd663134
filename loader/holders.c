// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who else has the file open or mapped, and is that everybody? */
#include "holders.h"

#include <fcntl.h>
#include <string.h>

#include "privilege.h"
#include "util.h"

/* include/linux/fs.h; an O_PATH descriptor has neither and does not count */
#define FMODE_READ 1
#define FMODE_WRITE 2

static bool seen_before(const struct sdax_holder *holders, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (holders[j].file == holders[i].file)
			return true;
	return false;
}

static void list(struct staticdax_result *result, const struct sdax_holder *h)
{
	struct staticdax_holder *to;

	if (result->holders_count++ >= STATICDAX_HOLDERS)
		return;
	to = result->holders + result->holders_count - 1;
	to->pid = h->tgid;
	to->fd = h->fd;
	to->start = h->start;
	to->writable = h->f_mode & FMODE_WRITE;
	memcpy(to->comm, h->comm, sizeof(to->comm));
}

/*
 * By the kernel's own counts fd is all there is, which is usual. To find out who the
 * others are takes a walk over all files and mappings of the system.
 */
bool sdax_holders_none(int fd, const struct sdax_identity *id)
{
	int flags = fcntl(fd, F_GETFL);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;

	return flags >= 0 && id->writecount == writes &&
	       id->readcount == !writes;
}

/*
 * The kernel's number of this process. In a PID namespace it is that of who has the
 * descriptor which we ask through: a child that has it as well may be taken for us,
 * and we then for somebody else.
 */
static __u32 own_tgid(bool sees_all, const struct sdax_holder *holders, size_t n,
		      __u64 file, int fd)
{
	for (size_t i = 0; !sees_all && fd >= 0 && i < n; i++)
		if (holders[i].file == file && holders[i].fd == fd)
			return holders[i].tgid;
	return sees_all ? getpid() : 0;
}

static void describe_unseen(bool sees_all, struct staticdax_result *result)
{
	snprintf(result->detail, sizeof(result->detail), "%s%s",
		 sees_all ? "" : "outside of this PID namespace, or ",
		 "inside the kernel: a loop device, an export, "
		 "a file system on top, or io_uring");
}

int sdax_holders_of(struct sdax_inspect *inspect, const struct sdax_key *key,
		    int fd, struct sdax_holding *ret,
		    struct staticdax_result *result)
{
	_cleanup_free_ struct sdax_holder *holders = NULL;
	struct sdax_holding holding = {};
	struct sdax_identity id = {};
	int writers = 0, readers = 0;
	bool sees_all = sdax_privilege_sees_all();
	__u32 self;
	size_t n;
	int r = 0;

	result->holders_count = 0;
	if (fd >= 0)
		r = sdax_inspect_identity(inspect, fd, &id);
	if (!r && fd >= 0 && sdax_holders_none(fd, &id)) {
		*ret = holding;
		return 0;
	}
	if (!r)
		r = sdax_inspect_holders(inspect, key, &holders, &n);
	if (r < 0)
		return r;
	self = own_tgid(sees_all, holders, n, id.file, fd);
	for (size_t i = 0; i < n; i++) {
		const struct sdax_holder *h = holders + i;

		if (!(h->f_mode & (FMODE_READ | FMODE_WRITE)))
			continue;
		if (!seen_before(holders, i))
			*(h->f_mode & FMODE_WRITE ? &writers : &readers) += 1;
		if (h->tgid != self) {
			list(result, h);
			holding.others = true;
		} else if (h->file != id.file) {
			holding.self = true;
		}
	}
	if (fd >= 0 && (writers != id.writecount || readers != id.readcount)) {
		holding.others = true;
		if (!result->holders_count)
			describe_unseen(sees_all, result);
	} else if (fd < 0 && !sees_all && !holding.others) {
		holding.others = true;
		snprintf(result->detail, sizeof(result->detail),
			 "perhaps: its path does not lead to it, and outside of "
			 "this PID namespace nobody is seen");
	}
	*ret = holding;
	return 0;
}
