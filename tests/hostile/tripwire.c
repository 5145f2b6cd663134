// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command with a tripwire on each function by which ext4 and XFS change the map of a file,
 * and reports which ran for a file that is sealed. Something must be sealed when it starts, and
 * stay so: the registry that it looks into is that of the pins.
 *
 * The functions are looked up in BTF, and so are their arguments: a kernel that lacks one, or has
 * it inlined, has fewer wires. Writing in place runs none of them.
 *
 * tripwire REPORT COMMAND...    exit status: the command's; 99: no tripwire
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tripwire.h"
#include "tripwire.skel.h"

#define NO_TRIPWIRE 99
#define REGISTRY "/run/staticdax/bpf/current/sealed"
#define ENOTSUPP 524 /* the kernel's own: more arguments than its trampolines know */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct wire {
	const char *function;
	unsigned int argument;
	enum wire_kind kind;
	bool attached;
};

static const struct module {
	const char *name;
	const char *functions[24];
} modules[] = {
	{ "ext4", {
		"ext4_mb_new_blocks", "ext4_free_blocks", "ext4_ext_insert_extent",
		"ext4_ext_remove_space", "ext4_ext_truncate", "ext4_truncate", "ext4_punch_hole",
		"ext4_ext_convert_to_initialized", "ext4_convert_unwritten_extents",
		"ext4_ext_shift_extents", "ext4_swap_extents", "ext4_ext_migrate",
		"ext4_ind_remove_space",
	} },
	{ "xfs", {
		"xfs_bmapi_write", "xfs_bunmapi", "__xfs_bunmapi", "xfs_bmapi_remap",
		"xfs_itruncate_extents_flags", "xfs_bmapi_convert_delalloc",
		"xfs_iomap_write_unwritten", "xfs_bmap_insert_extents", "xfs_bmap_collapse_extents",
		"xfs_alloc_file_space", "xfs_free_file_space", "xfs_reflink_allocate_cow",
		"xfs_reflink_end_cow", "xfs_reflink_remap_blocks", "xfs_reflink_remap_extent",
		"xfs_swap_extents", "xfs_reflink_unshare",
	} },
};

static struct {
	struct wire wires[WIRES];
	unsigned int count;
} all;

static const char *pointee_name(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (!btf_is_ptr(t))
		return "";
	t = btf__type_by_id(btf, t->type);
	while (btf_is_mod(t))
		t = btf__type_by_id(btf, t->type);
	return btf_is_struct(t) ? btf__name_by_offset(btf, t->name_off) : "";
}

static void add_arguments(const struct btf *btf, const char *function, __u32 id)
{
	static const char *const kinds[] = {
		[WIRE_INODE] = "inode",
		[WIRE_XFS_INODE] = "xfs_inode",
		[WIRE_EXT4_ALLOCATION] = "ext4_allocation_request",
	};
	const struct btf_type *proto = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);

	for (unsigned int i = 0; i < btf_vlen(proto); i++)
		for (unsigned int kind = 0; kind < ARRAY_SIZE(kinds); kind++)
			if (all.count < WIRES &&
			    !strcmp(kinds[kind], pointee_name(btf, btf_params(proto)[i].type)))
				all.wires[all.count++] = (struct wire){ function, i, kind, false };
}

static void find_wires(void)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();

	for (size_t m = 0; vmlinux && m < ARRAY_SIZE(modules); m++) {
		struct btf *btf = btf__load_module_btf(modules[m].name, vmlinux);

		for (const char *const *f = modules[m].functions; *f; f++) {
			/* built in, or not loaded */
			struct btf *in = btf ? btf : vmlinux;
			int id = btf__find_by_name_kind(in, *f, BTF_KIND_FUNC);

			if (id > 0)
				add_arguments(in, *f, id);
		}
		btf__free(btf);
	}
	btf__free(vmlinux);
}

static struct bpf_program *program_of(struct tripwire_bpf *skel, unsigned int n)
{
	char name[32];

	snprintf(name, sizeof(name), "wire_0%o%o", n / 8, n % 8);
	return bpf_object__find_program_by_name(skel->obj, name);
}

static int attach(struct tripwire_bpf *skel)
{
	int fd = bpf_obj_get(REGISTRY);

	if (fd < 0)
		return -errno;
	bpf_map__reuse_fd(skel->maps.sealed, fd);
	close(fd);
	for (unsigned int n = 0; n < all.count; n++) {
		struct bpf_program *p = program_of(skel, n);

		skel->rodata->argument[n] = all.wires[n].argument;
		skel->rodata->kind[n] = all.wires[n].kind;
		bpf_program__set_autoload(p, true);
		if (bpf_program__set_attach_target(p, 0, all.wires[n].function))
			return -ENOENT;
	}
	if (tripwire_bpf__load(skel))
		return -EINVAL;
	for (unsigned int n = 0; n < all.count; n++)
		if (bpf_program__attach(program_of(skel, n)))
			all.wires[n].attached = true;
		else if (errno != ENOTSUPP)
			return -errno;
	return 0;
}

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return NO_TRIPWIRE;
	return WEXITSTATUS(status);
}

/* One line a wire, and the sums. */
static void report(const struct tripwire_bpf *skel, FILE *out)
{
	unsigned int working = 0;
	unsigned long long sealed = 0;

	for (unsigned int n = 0; n < all.count; n++) {
		const struct wire_count *c = &skel->bss->counts[n];

		if (!all.wires[n].attached) {
			fprintf(out, "%s: has too many arguments to be attached to\n",
				all.wires[n].function);
			continue;
		}
		working += c->unsealed != 0;
		sealed += c->sealed;
		fprintf(out, "%s argument %u: unsealed %llu, sealed %llu", all.wires[n].function,
			all.wires[n].argument, c->unsealed, c->sealed);
		if (c->sealed)
			fprintf(out, ", last inode %llu on device %#x", c->ino, c->dev);
		fputc('\n', out);
	}
	fprintf(out, "%u wires, %u of them fired for files that are not sealed\n", all.count,
		working);
	fprintf(out, "fired for sealed files: %llu times\n", sealed);
}

int main(int argc, char **argv)
{
	struct tripwire_bpf *skel;
	FILE *out;
	int r;

	if (argc < 3)
		return 2;
	out = fopen(argv[1], "w");
	skel = tripwire_bpf__open();
	if (!out || !skel)
		return NO_TRIPWIRE;
	find_wires();
	r = all.count ? attach(skel) : -ENOENT;
	if (r) {
		fprintf(stderr, "tripwire: %u wires: %s\n", all.count, strerror(-r));
		return NO_TRIPWIRE;
	}
	r = run(argv + 2);
	report(skel, out);
	tripwire_bpf__destroy(skel);
	return fclose(out) ? NO_TRIPWIRE : r;
}
