// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel says about an open file: the programs of inspect.bpf.c. */
#define _GNU_SOURCE
#include "inspect.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <string.h>

#include "inspect.skel.h"
#include "subvolume.h"
#include "util.h"

/*
 * The same object twice, each time with the programs of one question: what the
 * other's types are in this kernel takes long to find out, and who has a file is
 * seldom asked.
 */
struct sdax_inspect {
	struct inspect_bpf *identity;
	struct inspect_bpf *holders; /* NULL: not asked yet */
};

/*
 * Every kernel with type information has these programs; and what libbpf says
 * when descriptors or memory run out is not always that.
 */
static bool kernel_cannot(void)
{
	return access("/sys/kernel/btf/vmlinux", F_OK) < 0 && errno == ENOENT;
}

static int load(struct inspect_bpf **ret, bool holders)
{
	struct inspect_bpf *skel = inspect_bpf__open();
	int r;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.sdax_identify, !holders);
	bpf_program__set_autoload(skel->progs.sdax_in_flight, !holders);
	bpf_program__set_autoload(skel->progs.sdax_holder_fds, holders);
	bpf_program__set_autoload(skel->progs.sdax_holder_maps, holders);
	r = inspect_bpf__load(skel);
	if (r < 0) {
		inspect_bpf__destroy(skel);
		return kernel_cannot() ? -EOPNOTSUPP : r;
	}
	*ret = skel;
	return 0;
}

int sdax_inspect_new(struct sdax_inspect **ret)
{
	_cleanup_(sdax_freep) struct sdax_inspect *inspect = NULL;
	int r;

	inspect = calloc(1, sizeof(*inspect));
	if (!inspect)
		return -ENOMEM;
	r = load(&inspect->identity, false);
	if (!r)
		*ret = TAKE_PTR(inspect);
	return r;
}

void sdax_inspect_free(struct sdax_inspect *inspect)
{
	if (!inspect)
		return;
	inspect_bpf__destroy(inspect->identity);
	inspect_bpf__destroy(inspect->holders);
	free(inspect);
}

static void link_destroyp(struct bpf_link **link)
{
	bpf_link__destroy(*link);
}

/* Runs an iterator to its end, over all tasks, and appends what it wrote. */
static int run(struct bpf_program *prog, char **data, size_t *len)
{
	_cleanup_(link_destroyp) struct bpf_link *link = NULL;
	_cleanup_close_ int iter = -1;
	char buf[4096];
	ssize_t n;

	link = bpf_program__attach_iter(prog, NULL);
	if (!link)
		return -errno;
	iter = bpf_iter_create(bpf_link__fd(link));
	if (iter < 0)
		return iter;
	while ((n = read(iter, buf, sizeof(buf))) != 0) {
		char *more;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		more = realloc(*data, *len + n);
		if (!more)
			return -ENOMEM;
		memcpy(more + *len, buf, n);
		*data = more;
		*len += n;
	}
	return 0;
}

static int identify(struct sdax_inspect *inspect, int fd,
		    struct sdax_identity *ret)
{
	struct sdax_question question = { .fd = fd };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &question,
		    .ctx_size_in = sizeof(question));
	int r;

	r = bpf_prog_test_run_opts(
		bpf_program__fd(inspect->identity->progs.sdax_identify), &opts);
	if (r < 0)
		return r;
	if (!question.id.file)
		return -EBADF;
	*ret = question.id;
	return 0;
}

/* Only once the module is there. */
static int learn_subvolumes(struct inspect_bpf *skel)
{
	struct sdax_subvolume_at at;
	int r;

	if (skel->bss->subvolume_at.root)
		return 0;
	r = sdax_subvolume_find(&at);
	if (!r)
		skel->bss->subvolume_at = at;
	return r;
}

/*
 * The subvolume as the programs find it must be the one that the filesystem
 * names, or they would look for another file.
 */
static int identify_on_btrfs(struct sdax_inspect *inspect, int fd,
			     struct sdax_identity *id)
{
	__u32 part = 0;
	int r;

	r = learn_subvolumes(inspect->identity);
	if (!r)
		r = identify(inspect, fd, id);
	if (!r)
		r = sdax_subvolume_part(fd, &part);
	if (r < 0)
		return r;
	return part && id->part == part ? 0 : -ENODATA;
}

int sdax_inspect_identity(struct sdax_inspect *inspect, int fd,
			  struct sdax_identity *ret)
{
	struct sdax_identity id;
	int r;

	r = identify(inspect, fd, &id);
	if (!r && id.magic == BTRFS_SUPER_MAGIC)
		r = identify_on_btrfs(inspect, fd, &id);
	if (!r)
		*ret = id;
	return r;
}

int sdax_inspect_lock(struct sdax_inspect *inspect, int fd, uint64_t *ret_by)
{
	struct sdax_identity id;
	int r;

	r = identify(inspect, fd, &id);
	if (r < 0)
		return r;
	*ret_by = id.locked_by;
	return sdax_identity_locked(&id);
}

int sdax_inspect_holders(struct sdax_inspect *inspect,
			 const struct sdax_key *key,
			 struct sdax_holder **ret_holders, size_t *ret_count)
{
	_cleanup_free_ char *data = NULL;
	struct inspect_bpf *skel;
	size_t len = 0;
	int r;

	r = inspect->holders ? 0 : load(&inspect->holders, true);
	if (r < 0)
		return r;
	skel = inspect->holders;
	skel->bss->wanted = *key;
	r = key->part ? learn_subvolumes(skel) : 0;
	if (!r)
		r = run(skel->progs.sdax_holder_fds, &data, &len);
	if (!r)
		r = run(skel->progs.sdax_holder_maps, &data, &len);
	if (r < 0)
		return r;
	*ret_count = len / sizeof(**ret_holders);
	*ret_holders = (struct sdax_holder *)TAKE_PTR(data);
	return 0;
}

int sdax_inspect_flights(struct sdax_inspect *inspect, uint32_t kinds,
			 struct sdax_flight *ret)
{
	struct inspect_bpf *skel = inspect->identity;
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int r;

	skel->bss->flights = kinds;
	r = run(skel->progs.sdax_in_flight, &data, &len);
	if (r < 0)
		return r;
	if (len < sizeof(*ret))
		return 0;
	memcpy(ret, data, sizeof(*ret));
	return 1;
}
