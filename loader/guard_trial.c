// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guard's canary: what it has to refuse is tried, on objects that nobody
 * misses if a trial succeeds.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guard.h"
#include "util.h"

#define KNOB "/proc/sys/kernel/ftrace_enabled"

/* Each returns 0 if it got through, else -errno. */

static int closed(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int open_map(__u32 flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags);

	return bpf_obj_get_opts(SDAX_PIN_DIR "/sealed", &opts);
}

static int info_of_map(int fd, struct bpf_map_info *ret)
{
	__u32 len = sizeof(*ret);

	*ret = (struct bpf_map_info){};
	return bpf_obj_get_info_by_fd(fd, ret, &len) < 0 ? -errno : 0;
}

static int try_read_map(void)
{
	return closed(open_map(BPF_F_RDONLY));
}

static int try_write_map(void)
{
	return closed(open_map(0));
}

static int try_write_map_by_id(void)
{
	_cleanup_close_ int fd = open_map(BPF_F_RDONLY);
	struct bpf_map_info info;
	int r = fd < 0 ? fd : info_of_map(fd, &info);

	return r < 0 ? r : closed(bpf_map_get_fd_by_id(info.id));
}

static int try_program_by_id(void)
{
	_cleanup_close_ int fd = bpf_obj_get(SDAX_PIN_DIR "/sdax_permission");
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	return closed(bpf_prog_get_fd_by_id(info.prog_id));
}

static const struct bpf_insn return_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int try_load_other(void)
{
	return closed(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL",
				    return_0, ARRAY_SIZE(return_0), NULL));
}

static int try_load_with_map(void)
{
	_cleanup_close_ int fd = open_map(BPF_F_RDONLY);
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = fd },
		{},
		return_0[0],
		return_0[1],
	};

	if (fd < 0)
		return fd;
	return closed(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL",
				    insns, ARRAY_SIZE(insns), NULL));
}

static int try_load_tracing(__u32 target, enum bpf_attach_type type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type,
		    .attach_btf_id = target);

	return closed(bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL",
				    return_0, ARRAY_SIZE(return_0), &opts));
}

static int try_load_answering(void)
{
	struct sdax_guard guard;
	int r = sdax_guard_read(&guard);

	return r ?: try_load_tracing(guard.answer, BPF_MODIFY_RETURN);
}

static int try_load_iterating(void)
{
	struct sdax_guard guard;
	int r = sdax_guard_read(&guard);

	return r ?: try_load_tracing(guard.element_iterator, BPF_TRACE_ITER);
}

static int try_map_of_maps(void)
{
	_cleanup_close_ int inner = open_map(BPF_F_RDONLY);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = inner);

	if (inner < 0)
		return inner;
	return closed(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sdax_trial",
				     4, 4, 1, &opts));
}

static int try_unlink(void)
{
	return unlink(SDAX_GUARD_DIR "/trial") < 0 ? -errno : 0;
}

static int try_rename(void)
{
	return rename(SDAX_GUARD_DIR "/trial", SDAX_GUARD_DIR "/renamed") < 0 ?
		       -errno : 0;
}

static int try_rmdir(void)
{
	return rmdir(SDAX_GUARD_DIR "/trials") < 0 ? -errno : 0;
}

/* MNT_EXPIRE: without the guard it only marks the mount and says EAGAIN. */
static int try_umount(void)
{
	return umount2(SDAX_BPF_DIR, MNT_EXPIRE) < 0 ? -errno : 0;
}

/* That it is private it is already. */
static int try_mount(void)
{
	return mount(NULL, SDAX_BPF_DIR, NULL, MS_PRIVATE, NULL) < 0 ? -errno :
								       0;
}

static int try_read_knob(void)
{
	int fd = open(KNOB, O_RDONLY | O_CLOEXEC);

	return closed(fd < 0 ? -errno : fd);
}

static int try_write_knob(void)
{
	int fd = open(KNOB, O_WRONLY | O_CLOEXEC);

	return closed(fd < 0 ? -errno : fd);
}

static const struct {
	const char *name;
	int (*act)(void);
	int expected;
} trials[] = {
	{ "reading a map", try_read_map, 0 },
	{ "opening a map to write", try_write_map, -EPERM },
	{ "opening a map by its number", try_write_map_by_id, -EPERM },
	{ "opening a program by its number", try_program_by_id, -EPERM },
	{ "loading a program", try_load_other, 0 },
	{ "loading a program with a map", try_load_with_map, -EPERM },
	{ "loading a program that changes answers", try_load_answering, -EPERM },
	{ "loading a program that walks maps", try_load_iterating, -EPERM },
	{ "making a map of maps", try_map_of_maps, -EPERM },
	{ "unlink of a pin", try_unlink, -EPERM },
	{ "rename of a pin", try_rename, -EPERM },
	{ "rmdir among the pins", try_rmdir, -EPERM },
	{ "umount of the pins", try_umount, -EPERM },
	{ "mount on the pins", try_mount, -EPERM },
	{ "reading ftrace_enabled", try_read_knob, 0 },
	{ "opening ftrace_enabled to write", try_write_knob, -EPERM },
};

int sdax_guard_prove(char *detail, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		int r = trials[i].act();

		if (r == trials[i].expected)
			continue;
		snprintf(detail, size, "%s: %s, expected %s", trials[i].name,
			 r ? strerror(-r) : "it was allowed",
			 trials[i].expected ? strerror(-trials[i].expected) :
					      "success");
		return -EBADFD;
	}
	return 0;
}
