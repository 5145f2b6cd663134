// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Takes an entry that is being judged out by the door, and puts another in its place.
 * Or makes one that nobody judges.
 *
 * Usage: door_swap HOW FILE
 *   HOW  audit, noshrink or same: what the other one is; or unjudged
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "staticdax_abi.h"

static int ask(int door, enum sdax_request_op op, struct sdax_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = request,
		    .ctx_size_in = sizeof(*request));

	request->op = op;
	return bpf_prog_test_run_opts(door, &opts) ?: (int)opts.retval;
}

static int make(int door, const char *path, struct sdax_request *r)
{
	int fd = open(path, O_RDONLY), generation, put, made;

	if (fd < 0 || ioctl(fd, FS_IOC_GETVERSION, &generation))
		return 1;
	r->entry.generation = generation;
	r->entry.deny = SDAX_DENY_STATIC;
	r->entry.align = 4096;
	put = ask(door, SDAX_REQUEST_PUT, r);
	made = ask(door, SDAX_REQUEST_ACTIVATE, r);
	printf("put: %d, made: %d\n", put, made);
	return put || made;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	int door = bpf_obj_get("/run/staticdax/bpf/guard/door");
	int sealed = bpf_obj_get_opts("/run/staticdax/bpf/current/sealed",
				      &opts);
	struct sdax_request r = {};
	struct sdax_slot slot;
	struct statfs fs;
	struct stat st;
	int dropped, put;

	if (argc != 3 || door < 0 || sealed < 0 || stat(argv[2], &st) ||
	    statfs(argv[2], &fs))
		return 1;
	r.magic = fs.f_type;
	r.key.ino = st.st_ino;
	r.key.dev = major(st.st_dev) << 20 | minor(st.st_dev);
	if (!strcmp(argv[1], "unjudged"))
		return make(door, argv[2], &r);
	if (bpf_map_lookup_elem(sealed, &r.key, &slot))
		return 1;
	r.entry = slot.entry;
	if (!strcmp(argv[1], "audit")) {
		r.entry.flags |= SDAX_F_AUDIT;
		r.entry.deny |= SDAX_DENY_AUDIT;
	}
	if (!strcmp(argv[1], "noshrink")) {
		r.entry.mode = SDAX_MODE_NOSHRINK;
		r.entry.deny = SDAX_DENY_NOSHRINK;
	}
	dropped = ask(door, SDAX_REQUEST_DROP, &r);
	put = ask(door, SDAX_REQUEST_PUT, &r);
	printf("dropped: %d, put: %d\n", dropped, put);
	return dropped || put;
}
