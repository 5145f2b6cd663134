// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions about what the kernel can be made to run. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <limits.h>
#include <string.h>

#include "ask.h"
#include "guard.h"
#include "util.h"

void sdax_ask_load_btf(struct sdax_probe *p)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", p->root);
	if (!access(path, R_OK))
		p->btf = btf__parse(path, NULL);
}

void sdax_ask_done(struct sdax_probe *p)
{
	btf__free(p->btf);
}

/* Without privilege a refusal says nothing about the kernel. */
static enum sdax_reply refused(struct sdax_probe *p, const char *what,
			       int error)
{
	if (sdax_ask_privilege(p) == SDAX_NO)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without privilege");
	return sdax_found(p, SDAX_NO, "%s: %s", what, strerror(error));
}

enum sdax_reply sdax_ask_bpf(struct sdax_probe *p)
{
	_cleanup_close_ int fd = -1;

	if (*p->root)
		return sdax_found(p, SDAX_UNKNOWN, "unknown");
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sdax_probe", 4, 4, 1, NULL);
	if (fd == -ENOSYS)
		return sdax_found(p, SDAX_NO, "the kernel has no bpf()");
	if (fd < 0)
		return refused(p, "bpf() fails", -fd);
	return sdax_found(p, SDAX_YES, "maps can be created");
}

enum sdax_reply sdax_ask_btf(struct sdax_probe *p)
{
	if (!p->btf)
		return sdax_found(p, SDAX_NO,
				  "/sys/kernel/btf/vmlinux is not readable");
	return sdax_found(p, SDAX_YES, "%u types", btf__type_cnt(p->btf));
}

static bool has_function(const struct sdax_probe *p, const char *name)
{
	return btf__find_by_name_kind(p->btf, name, BTF_KIND_FUNC) > 0;
}

static bool has_hook(const struct sdax_probe *p, const char *hook)
{
	char name[64];

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	return has_function(p, name);
}

enum sdax_reply sdax_ask_bpf_lsm(struct sdax_probe *p)
{
	if (!p->btf)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without BTF");
	if (!has_hook(p, "file_permission"))
		return sdax_found(p, SDAX_NO, "built without CONFIG_BPF_LSM");
	return sdax_found(p, SDAX_YES, "built with CONFIG_BPF_LSM");
}

/* The shortest program there can be, loaded and thrown away. */
enum sdax_reply sdax_ask_load(struct sdax_probe *p)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = BPF_LSM_MAC);
	_cleanup_close_ int fd = -1;

	if (*p->root || !p->btf || !has_hook(p, "file_permission"))
		return sdax_found(p, SDAX_UNKNOWN, "unknown");
	opts.attach_btf_id = btf__find_by_name_kind(
		p->btf, "bpf_lsm_file_permission", BTF_KIND_FUNC);
	fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "sdax_probe", "GPL", pass,
			   ARRAY_SIZE(pass), &opts);
	if (fd < 0)
		return refused(p, "an LSM program does not load", -fd);
	return sdax_found(p, SDAX_YES, "an LSM program loads");
}

static enum sdax_reply ask_names(struct sdax_probe *p, const char *const *names,
				 size_t count,
				 bool (*has)(const struct sdax_probe *,
					     const char *))
{
	size_t n = 0;

	if (!p->btf)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without BTF");
	for (size_t i = 0; i < count; i++)
		if (!has(p, names[i]) && n < sizeof(p->detail))
			n += snprintf(p->detail + n, sizeof(p->detail) - n,
				      "%s%s", n ? ", " : "missing: ", names[i]);
	return n ? SDAX_NO : sdax_found(p, SDAX_YES, "all %zu", count);
}

/* Those whose programs are not optional in bpf/hooks.bpf.c and bpf/roots.bpf.c. */
enum sdax_reply sdax_ask_hooks(struct sdax_probe *p)
{
	static const char *const names[] = {
		"inode_setattr", "file_permission", "file_open", "file_fcntl",
		"file_ioctl", "quota_on", "inode_unlink", "inode_rmdir",
		"inode_rename", "sb_umount", "inode_free_security", "sb_delete",
		"sb_statfs",
	};

	return ask_names(p, names, ARRAY_SIZE(names), has_hook);
}

enum sdax_reply sdax_ask_more_hooks(struct sdax_probe *p)
{
	static const char *const names[] = {
		"path_truncate", "file_truncate", "file_ioctl_compat",
		"inode_file_setattr",
	};

	return ask_names(p, names, ARRAY_SIZE(names), has_hook);
}

/* Of bpf/token.bpf.c and bpf/inspect.bpf.c. */
enum sdax_reply sdax_ask_functions(struct sdax_probe *p)
{
	static const char *const names[] = {
		"rw_verify_area", "vfs_copy_file_range", "bpf_iter_task_file",
		"bpf_iter_task_vma",
	};

	return ask_names(p, names, ARRAY_SIZE(names), has_function);
}

enum sdax_reply sdax_ask_ia32(struct sdax_probe *p)
{
	if (!p->btf)
		return sdax_found(p, SDAX_UNKNOWN, "unknown without BTF");
	if (!has_function(p, "__ia32_compat_sys_ioctl"))
		return sdax_found(p, SDAX_NO, "32-bit programs cannot run");
	return sdax_found(p, SDAX_YES,
			  "32-bit programs can run, their ioctls pass %s",
			  has_hook(p, "file_ioctl_compat") ?
			  "file_ioctl_compat" : "file_ioctl");
}

/* Either will do: the answer is for whoever wants to know. */
enum sdax_reply sdax_ask_lock(struct sdax_probe *p)
{
	if (*p->root)
		return sdax_found(p, SDAX_UNKNOWN,
				  "only the running system knows");
	switch (sdax_guard_state()) {
	case SDAX_GUARD_OFF:
		return sdax_found(p, SDAX_YES, "off; seals can be removed");
	case SDAX_GUARD_UNFINISHED:
		return sdax_found(p, SDAX_YES,
				  "not finished; nothing can be changed until reboot");
	case SDAX_GUARD_ON:
		break;
	}
	return sdax_found(p, SDAX_YES,
			  "until reboot; seals can be added, and not removed");
}
