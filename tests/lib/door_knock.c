// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the door for what it must not do to the seal of a file; or, given the numbers of
 * a device and an inode, for a seal on what may not be there.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "staticdax_abi.h"

static int door;

/* The answer is in the request. */
static int converse(struct sdax_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request,
		    .ctx_size_in = sizeof(*request));

	return bpf_prog_test_run_opts(door, &opts) ?: (int)opts.retval;
}

static int ask(struct sdax_request request)
{
	return converse(&request);
}

static int expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return 0;
	printf("%s: %d, expected %d\n", what, got, wanted);
	return 1;
}

static int put(const char *dev_major, const char *dev_minor, const char *ino)
{
	struct sdax_request r = {
		.op = SDAX_REQUEST_PUT,
		.magic = 0xef53,
		.key.ino = strtoull(ino, NULL, 10),
		.key.dev = strtoul(dev_major, NULL, 16) << 20 |
			   strtoul(dev_minor, NULL, 16),
		.entry.deny = SDAX_DENY_STATIC,
		.path.text = "/not/there",
	};
	int bad = expect("put it", converse(&r), 0);

	r.op = SDAX_REQUEST_ACTIVATE;
	bad |= expect("call it judged", ask(r), 0);
	r.op = SDAX_REQUEST_SETTLE;
	return bad | expect("settle", ask(r), 0);
}

int main(int argc, char **argv)
{
	struct sdax_request r = {};
	int bad = 0;
	struct stat st;

	door = bpf_obj_get("/run/staticdax/bpf/guard/door");
	if (argc == 4)
		return door < 0 || put(argv[1], argv[2], argv[3]);
	if (argc != 2 || door < 0 || stat(argv[1], &st))
		return 1;
	r.key.ino = st.st_ino;
	r.key.dev = major(st.st_dev) << 20 | minor(st.st_dev);
	r.op = SDAX_REQUEST_DROP;
	bad |= expect("drop a seal", ask(r), -EPERM);
	r.op = SDAX_REQUEST_ACTIVATE;
	bad |= expect("edit a seal", ask(r), -EPERM);
	r.op = SDAX_REQUEST_PATH;
	bad |= expect("rename a seal", ask(r), -EPERM);
	r.op = SDAX_REQUEST_PUT;
	bad |= expect("put one that refuses nothing", ask(r), -EINVAL);
	r.entry.deny = SDAX_DENY_STATIC;
	bad |= expect("put one over it", ask(r), -EEXIST);
	r.entry.flags = SDAX_F_CANARY;
	bad |= expect("put a canary over it", ask(r), -EINVAL);
	r.magic = 0x01021994;
	bad |= expect("put a canary of tmpfs over it", ask(r), -EEXIST);
	r.key.ino += 1000000;
	r.entry.flags = SDAX_F_REUSED;
	bad |= expect("put one of another kind of file system", ask(r), -EINVAL);
	r.entry.flags = SDAX_F_CANARY | SDAX_F_AUDIT;
	bad |= expect("put a canary that is audited", ask(r), -EINVAL);
	r.entry.flags = SDAX_F_CANARY;
	r.entry.mode = SDAX_MODE_NOSHRINK;
	r.entry.deny = SDAX_DENY_NOSHRINK;
	bad |= expect("put a canary that lets itself be removed", ask(r), -EINVAL);
	r.magic = 0xef53;
	r.entry.flags = SDAX_F_REUSED;
	bad |= expect("put one whose generation counts for nothing", ask(r), -EINVAL);
	r.entry.flags = SDAX_F_WAS_AUDIT;
	bad |= expect("put one in the middle of a change", ask(r), -EINVAL);
	r.entry.flags = SDAX_F_RENEWS;
	bad |= expect("put one that brings another back", ask(r), -EINVAL);
	r.entry.flags = SDAX_F_AUDIT;
	bad |= expect("put one that is half an audit", ask(r), -EINVAL);
	r.entry.flags = 0x80;
	bad |= expect("put one with a flag that nobody knows", ask(r), -EINVAL);
	r.entry.flags = 0;
	bad |= expect("put one that nobody has judged", ask(r), 0);
	r.op = SDAX_REQUEST_ACTIVATE;
	bad |= expect("say that another one was judged", ask(r), -ESTALE);
	r.op = SDAX_REQUEST_DROP;
	bad |= expect("drop what is not judged", ask(r), 0);
	bad |= expect("drop it again", ask(r), -ENOENT);
	r.op = SDAX_REQUEST_MAX_;
	bad |= expect("ask for anything else", ask(r), -EINVAL);
	return bad;
}
