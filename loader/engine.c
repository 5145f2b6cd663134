// SPDX-License-Identifier: LGPL-2.1-or-later
/* The programs' life: load, attach, pin, replace, detach. */
#define _GNU_SOURCE
#include "engine.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "directory.h"
#include "drift.h"
#include "enforce.skel.h"
#include "guard.h"
#include "kernfuncs.h"
#include "mounts.h"
#include "probe.h"
#include "store.h"
#include "util.h"

#define NEW_DIR SDAX_BPF_DIR "/new"
#define MARK SDAX_RUN_DIR "/attached"

/* What the guard asks of the kernel. */
#define MAP_CREATE "bpf_lsm_bpf_map_create"
#define ELEMENT_ITERATOR "bpf_iter_bpf_map_elem"
#define ANSWER "security_bpf_map"

/*
 * What each program proves on the canary. Those that only keep records, and
 * quota_on, which no file outside a quota filesystem can reach, prove nothing.
 */
static const struct {
	const char *program;
	enum sdax_hook proof;
} proofs[] = {
	{ "sdax_setattr_2", SDAX_HOOK_INODE_SETATTR },
	{ "sdax_setattr_3", SDAX_HOOK_INODE_SETATTR },
	{ "sdax_path_trunc", SDAX_HOOK_PATH_TRUNCATE },
	{ "sdax_file_trunc", SDAX_HOOK_FILE_TRUNCATE },
	{ "sdax_permission", SDAX_HOOK_FILE_PERMISSION },
	{ "sdax_open", SDAX_HOOK_FILE_OPEN },
	{ "sdax_fcntl", SDAX_HOOK_FILE_FCNTL },
	{ "sdax_ioctl", SDAX_HOOK_FILE_IOCTL },
	{ "sdax_ioctl_32", SDAX_HOOK_FILE_IOCTL_COMPAT },
	{ "sdax_fileattr", SDAX_HOOK_INODE_FILE_SETATTR },
	{ "sdax_unlink", SDAX_HOOK_INODE_UNLINK },
	{ "sdax_rmdir", SDAX_HOOK_INODE_RMDIR },
	{ "sdax_rename", SDAX_HOOK_INODE_RENAME },
	{ "sdax_umount", SDAX_HOOK_SB_UMOUNT },
	{ "sdax_token_1", SDAX_HOOK_TOKEN },
	{ "sdax_token_2", SDAX_HOOK_TOKEN },
};

static enum sdax_hook proof_of(const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(proofs); i++)
		if (!strcmp(proofs[i].program, program))
			return proofs[i].proof;
	return SDAX_HOOK_MAX_;
}

static void skel_destroyp(struct enforce_bpf **skel)
{
	enforce_bpf__destroy(*skel);
}

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

/* "lsm/inode_setattr" -> "inode_setattr" */
static const char *hook_of(const struct bpf_program *prog)
{
	return strchr(bpf_program__section_name(prog), '/') + 1;
}

/* The function that stands for an LSM hook, of a size to be one of sdax_kernfuncs. */
static void hook_function(const char *hook, char ret[64])
{
	snprintf(ret, 64, "bpf_lsm_%s", hook);
}

/* Arguments of an LSM hook on this kernel, or -1 where it does not exist. */
static int hook_arity(const struct btf *btf, const struct sdax_kernfuncs *funcs,
		      const char *hook)
{
	const struct btf_type *func;
	char name[64];
	int id;

	hook_function(hook, name);
	id = sdax_kernfuncs_id(funcs, name);
	if (id < 0)
		return -1;
	func = btf__type_by_id(btf, id);
	return btf_vlen(btf__type_by_id(btf, func->type));
}

/* Programs that grant: there before those that refuse, and gone after them. */
static bool is_granting(const char *program)
{
	return !strncmp(program, "sdax_token", 10);
}

/* What kernel_has() asks for. */
static int want_function_of(struct sdax_kernfuncs *funcs,
			    const struct bpf_program *prog)
{
	char name[64];

	if (is_granting(bpf_program__name(prog)))
		return sdax_kernfuncs_want(funcs, hook_of(prog));
	hook_function(hook_of(prog), name);
	return sdax_kernfuncs_want(funcs, name);
}

static bool kernel_has(const struct btf *btf, const struct sdax_kernfuncs *funcs,
		       const struct bpf_program *prog)
{
	const char *name = bpf_program__name(prog);
	int arity;

	if (bpf_program__autoload(prog))
		return true;
	if (is_granting(name))
		return sdax_kernfuncs_id(funcs, hook_of(prog)) >= 0;
	arity = hook_arity(btf, funcs, hook_of(prog));
	if (!strcmp(name, "sdax_setattr_2"))
		return arity == 2;
	if (!strcmp(name, "sdax_setattr_3"))
		return arity == 3;
	return arity >= 0;
}

/*
 * Where the kernel never preempts itself, the programs around rw_verify_area()
 * cannot be caught inside themselves: then the second copy at its entry and the
 * one at its exit are only a cost to every read and write of the system, since
 * the first cannot be missed and those that take tokens back cannot either.
 * Changing the mode later is for the next attaching to answer; until then a
 * write may be refused in error. Where the mode is not to be read, all are
 * wanted.
 */
static bool kernel_preempts(void)
{
	_cleanup_fclose_ FILE *f = fopen("/sys/kernel/debug/sched/preempt",
					 "re");
	char modes[128] = "";

	if (!f || !fgets(modes, sizeof(modes), f))
		return true;
	return !strstr(modes, "(none)") && !strstr(modes, "(voluntary)");
}

/* libbpf only says that it found none. */
static int why_no_btf(void)
{
	_cleanup_close_ int fd = open("/sys/kernel/btf/vmlinux",
				      O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? -ENOMEM : errno == ENOENT ? -EOPNOTSUPP : -errno;
}

/*
 * Which programs there are and which of them this kernel wants: asked of BTF
 * once in a process, since reading it costs more than all the rest. Two threads
 * that ask at once write the same.
 */
static struct sdax_program table[SDAX_PROGRAMS_MAX];
static struct sdax_functions functions;
static size_t table_count;

static int ask_kernel(void)
{
	_cleanup_(skel_destroyp) struct enforce_bpf *skel = NULL;
	_cleanup_(btf_freep) struct btf *btf = NULL;
	struct sdax_kernfuncs funcs = {};
	bool preempts = kernel_preempts();
	struct bpf_program *prog;
	size_t n = 0;
	int r;

	if (__atomic_load_n(&table_count, __ATOMIC_ACQUIRE))
		return 0;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return why_no_btf();
	skel = enforce_bpf__open();
	if (!skel)
		return -errno;
	r = sdax_kernfuncs_want(&funcs, MAP_CREATE);
	if (!r)
		r = sdax_kernfuncs_want(&funcs, ELEMENT_ITERATOR);
	if (!r)
		r = sdax_kernfuncs_want(&funcs, ANSWER);
	bpf_object__for_each_program(prog, skel->obj)
		if (!r)
			r = want_function_of(&funcs, prog);
	if (r < 0)
		return r;
	sdax_kernfuncs_find(&funcs, btf);
	functions = (struct sdax_functions){
		.map_create = sdax_kernfuncs_id(&funcs, MAP_CREATE),
		.element_iterator = sdax_kernfuncs_id(&funcs, ELEMENT_ITERATOR),
		.answer = sdax_kernfuncs_id(&funcs, ANSWER),
	};
	bpf_object__for_each_program(prog, skel->obj) {
		struct sdax_program *p = table + n++;

		if (n == SDAX_PROGRAMS_MAX)
			return -E2BIG;
		snprintf(p->hook, sizeof(p->hook), "%s", hook_of(prog));
		snprintf(p->pin, sizeof(p->pin), "%s",
			 bpf_program__name(prog));
		p->proof = proof_of(p->pin);
		p->wanted = kernel_has(btf, &funcs, prog) &&
			    (preempts || (strcmp(p->pin, "sdax_token_2") &&
					  strcmp(p->pin, "sdax_token_end")));
	}
	__atomic_store_n(&table_count, n, __ATOMIC_RELEASE);
	return 0;
}

/* Opens the object and turns on what this kernel has. */
static int open_for_kernel(struct enforce_bpf **ret)
{
	_cleanup_(skel_destroyp) struct enforce_bpf *skel = NULL;
	struct bpf_program *prog;
	size_t n = 0;
	int r;

	r = ask_kernel();
	if (r < 0)
		return r;
	skel = enforce_bpf__open();
	if (!skel)
		return -errno;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, table[n++].wanted);
	*ret = TAKE_PTR(skel);
	return 0;
}

static struct bpf_map *map_of(struct enforce_bpf *skel, enum sdax_map map)
{
	switch (map) {
	case SDAX_MAP_SEALED:
		return skel->maps.sealed;
	case SDAX_MAP_FILESYSTEMS:
		return skel->maps.filesystems;
	case SDAX_MAP_PATHS:
		return skel->maps.paths;
	case SDAX_MAP_EVENTS:
		return skel->maps.events;
	case SDAX_MAP_COUNTERS:
		return skel->maps.counters;
	case SDAX_MAP_LAST:
		return skel->maps.last;
	case SDAX_MAP_ROOTS:
		return skel->maps.roots;
	case SDAX_MAP_CONTROL:
		return skel->maps.data_control;
	default:
		return skel->maps.bss;
	}
}

static int reuse_registry(struct enforce_bpf *skel)
{
	for (enum sdax_map map = 0; map < SDAX_MAP_MAX_; map++) {
		_cleanup_close_ int fd = -1;
		char path[96];
		int r;

		snprintf(path, sizeof(path), SDAX_PIN_DIR "/%s",
			 sdax_map_names[map]);
		fd = bpf_obj_get(path);
		if (fd < 0)
			return fd;
		r = bpf_map__reuse_fd(map_of(skel, map), fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_program(const char *pin)
{
	return !strncmp(pin, "sdax_", 5);
}

/* The id of the program of a pinned link, 0: there is none. */
static __u32 program_of(const char *dir, const char *pin)
{
	_cleanup_close_ int fd = -1;
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	char path[96];

	snprintf(path, sizeof(path), "%s/%.31s", dir, pin);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ||
	    info.type != BPF_LINK_TYPE_TRACING)
		return 0;
	return info.prog_id;
}

static bool is_loaded(__u32 program)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);

	return fd >= 0;
}

static void remove_links(DIR *d, bool granting)
{
	struct dirent *e;

	rewinddir(d);
	while ((e = readdir(d)))
		if (is_program(e->d_name) && is_granting(e->d_name) == granting)
			unlinkat(dirfd(d), e->d_name, 0);
}

static int remove_pins(const char *dir, bool keep_registry)
{
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;

	d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	remove_links(d, false);
	remove_links(d, true);
	if (keep_registry)
		return 0;
	rewinddir(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	return rmdir(dir) < 0 ? -errno : 0;
}

/*
 * A link is let go of by a work item of the kernel's, some time after its pin. A
 * program that refuses must not outlive those that grant for it while anything
 * is sealed, so it is waited for. Beyond a few seconds it is left to the canary
 * to say what that means.
 */
static int remove_replaced(const char *dir)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	__u32 programs[SDAX_PROGRAMS_MAX];
	struct dirent *e;
	size_t n = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)) && n < SDAX_PROGRAMS_MAX)
		if (is_program(e->d_name) && !is_granting(e->d_name))
			programs[n++] = program_of(dir, e->d_name);
	remove_links(d, false);
	for (int tries = 5000; n && tries; tries--)
		if (!programs[n - 1] || !is_loaded(programs[n - 1]))
			n--;
		else
			poll(NULL, 0, 1);
	return remove_pins(dir, false);
}

void sdax_engine_sweep(void)
{
	remove_pins(NEW_DIR, false);
}

static int is_the_mount(void *arg, const struct sdax_mount *mount)
{
	const uint64_t *id = arg;

	return mount->id == *id;
}

/*
 * Pins made in a private mount namespace would vanish with it, unnoticed. What
 * cannot be found out counts as one. /proc/1/ns/mnt says nothing to a process
 * with fewer capabilities than init's.
 */
static bool in_namespace_of_init(void)
{
	struct statx stx;
	uint64_t id;

	if (statx(AT_FDCWD, SDAX_BPF_DIR, 0, STATX_MNT_ID, &stx) < 0 ||
	    !(stx.stx_mask & STATX_MNT_ID))
		return false;
	id = stx.stx_mnt_id;
	return sdax_mounts_walk("/proc/1/mountinfo", is_the_mount, &id) > 0;
}

/*
 * systemd mounts the shared bpffs 0700, which would hide the registry. Private,
 * so that what is mounted below does not spread into every namespace.
 */
static int mount_bpffs(void)
{
	struct statfs fs;
	int r;

	r = sdax_directory_make(SDAX_BPF_DIR);
	if (r < 0 && r != -EEXIST)
		return r;
	if (statfs(SDAX_BPF_DIR, &fs) < 0)
		return -errno;
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (!in_namespace_of_init())
		return -EXDEV;
	if (mount("staticdax", SDAX_BPF_DIR, "bpf",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") < 0 ||
	    mount(NULL, SDAX_BPF_DIR, NULL, MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

static int pin_links(struct enforce_bpf *skel, bool granting)
{
	struct bpf_program *prog;
	char path[96];
	int r;

	bpf_object__for_each_program(prog, skel->obj) {
		const char *name = bpf_program__name(prog);
		struct bpf_link *link;

		if (!bpf_program__autoload(prog) || is_granting(name) != granting)
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		snprintf(path, sizeof(path), NEW_DIR "/%s", name);
		r = bpf_link__pin(link, path);
		bpf_link__destroy(link);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The registry may be read by everybody, the rest by root alone. */
static int pin_map(const char *dir, enum sdax_map map, int fd)
{
	char path[96];
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, sdax_map_names[map]);
	r = bpf_obj_pin(fd, path);
	if (!r && map != SDAX_MAP_FILTER && chmod(path, 0644) < 0)
		r = -errno;
	return r;
}

/* No program uses the paths; bound to one, they can be found by it. */
static int pin_all(struct enforce_bpf *skel)
{
	int r;

	for (enum sdax_map map = 0; map < SDAX_MAP_MAX_; map++) {
		r = pin_map(NEW_DIR, map, bpf_map__fd(map_of(skel, map)));
		if (r < 0)
			return r;
	}
	r = bpf_prog_bind_map(bpf_program__fd(skel->progs.sdax_permission),
			      bpf_map__fd(skel->maps.paths), NULL);
	if (r < 0)
		return r;
	r = pin_links(skel, true);
	return r ?: pin_links(skel, false);
}

/* bpffs can exchange directories since 5.17 (6429e46304ac). */
static int publish(void)
{
	if (!renameat2(AT_FDCWD, NEW_DIR, AT_FDCWD, SDAX_PIN_DIR,
		       RENAME_NOREPLACE))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (renameat2(AT_FDCWD, NEW_DIR, AT_FDCWD, SDAX_PIN_DIR,
		      RENAME_EXCHANGE) < 0)
		return -errno;
	return remove_replaced(NEW_DIR);
}

/* What the longest path takes; a usual one is in the slot. */
#define PATH_PIECES (PATH_MAX / SDAX_PATH_PART + 1)

/* One more than records, for the canary. */
static int size_registry(struct enforce_bpf *skel, uint32_t room)
{
	int r;

	room = room ?: STATICDAX_REGISTRY_DEFAULT;
	r = bpf_map__set_max_entries(skel->maps.sealed, room + 1);
	return r ?: bpf_map__set_max_entries(skel->maps.paths,
					     room < PATH_PIECES ? PATH_PIECES :
								  room);
}

static int attach(uint32_t room)
{
	_cleanup_(skel_destroyp) struct enforce_bpf *skel = NULL;
	bool fresh;
	int r;

	r = mount_bpffs();
	if (r < 0)
		return r;
	sdax_engine_sweep();
	fresh = access(SDAX_PIN_DIR, F_OK) < 0;
	r = open_for_kernel(&skel);
	if (!r)
		r = fresh ? size_registry(skel, room) : reuse_registry(skel);
	if (!r)
		r = enforce_bpf__load(skel);
	if (r < 0)
		return r;
	r = sdax_directory_make(NEW_DIR);
	if (!r)
		r = pin_all(skel);
	if (!r)
		r = publish();
	if (r < 0)
		remove_pins(NEW_DIR, false);
	return r;
}

int sdax_engine_attach(uint32_t room, enum staticdax_reason *ret_reason,
		       char *detail, size_t size)
{
	enum staticdax_reason reason;
	int r;

	if (sdax_guard_state() != SDAX_GUARD_OFF) {
		snprintf(detail, size, "attaching anew");
		*ret_reason = STATICDAX_LOCKED;
		return -EPERM;
	}
	reason = sdax_probe_lsm(detail, size);
	if (reason != STATICDAX_OK) {
		*ret_reason = reason;
		return -EOPNOTSUPP;
	}
	r = attach(room);
	if (!r)
		return 0;
	if (access(SDAX_PIN_DIR, F_OK) < 0)
		sdax_engine_detach(false);
	*ret_reason = r == -EPERM || r == -EACCES ? STATICDAX_NO_PRIVILEGE :
						     STATICDAX_SYSTEM;
	if (r == -EXDEV)
		snprintf(detail, size,
			 "this mount namespace is not init's, and seals would "
			 "end with it: nsenter --target 1 --mount");
	else
		snprintf(detail, size, "loading the programs");
	return r;
}

/* Under guard nobody gets the program, and no pin can have been exchanged. */
static bool is_guarded(__u32 id)
{
	struct sdax_guard guard;

	if (sdax_guard_read(&guard) < 0 || !guard.active)
		return false;
	for (__u32 i = 0; i < guard.programs_count; i++)
		if (guard.programs[i] == id)
			return true;
	return false;
}

/* A link planted under the name of another program is not that program. */
static bool is_pinned_link(const char *name)
{
	_cleanup_close_ int fd = -1;
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info), id = program_of(SDAX_PIN_DIR, name);

	if (!id)
		return false;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd == -EPERM)
		return is_guarded(id);
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) &&
	       !strncmp(info.name, name, sizeof(info.name) - 1);
}

/* As the kernel calls it: what libbpf makes of the section's name. */
static enum sdax_map map_by_name(const char *name)
{
	for (enum sdax_map map = 0; map < SDAX_MAP_CONTROL; map++)
		if (!strcmp(name, sdax_map_names[map]))
			return map;
	if (!strcmp(name, ".data.control"))
		return SDAX_MAP_CONTROL;
	return !strcmp(name, "enforce_.bss") ? SDAX_MAP_FILTER : SDAX_MAP_MAX_;
}

static int mend_map(__u32 id, unsigned int *mended)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	enum sdax_map map;
	int r;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	map = map_by_name(info.name);
	r = map < SDAX_MAP_MAX_ ? pin_map(SDAX_PIN_DIR, map, fd) : -EEXIST;
	*mended += !r;
	return r == -EEXIST ? 0 : r;
}

static int mend_by_program(__u32 id, unsigned int *mended)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info), maps[SDAX_MAP_MAX_ + 8];
	int r = 0;

	if (fd < 0)
		return fd;
	info.map_ids = (uintptr_t)maps;
	info.nr_map_ids = ARRAY_SIZE(maps);
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	for (__u32 i = 0; !r && i < info.nr_map_ids && i < ARRAY_SIZE(maps); i++)
		r = mend_map(maps[i], mended);
	return r;
}

int sdax_engine_mend(unsigned int *ret_mended)
{
	_cleanup_closedir_ DIR *d = opendir(SDAX_PIN_DIR);
	struct dirent *e;
	int r = 0;

	*ret_mended = 0;
	if (!d)
		return -errno;
	while (!r && (e = readdir(d))) {
		__u32 id = is_program(e->d_name) ?
				   program_of(SDAX_PIN_DIR, e->d_name) : 0;

		if (id)
			r = mend_by_program(id, ret_mended);
	}
	return r;
}

int sdax_engine_mark(void)
{
	_cleanup_close_ int fd = -1;

	fd = open(MARK, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : 0;
}

bool sdax_engine_lost(void)
{
	return !access(MARK, F_OK) && access(SDAX_PIN_DIR, F_OK) < 0;
}

int sdax_engine_programs(struct sdax_program *ret_programs, size_t *ret_count)
{
	int r;

	r = ask_kernel();
	if (r < 0)
		return r;
	for (size_t i = 0; i < table_count; i++) {
		ret_programs[i] = table[i];
		ret_programs[i].attached = table[i].wanted &&
					   is_pinned_link(table[i].pin);
	}
	*ret_count = table_count;
	return 0;
}

int sdax_engine_functions(struct sdax_functions *ret)
{
	int r;

	r = ask_kernel();
	if (!r)
		*ret = functions;
	return r;
}

/*
 * A registry that is gone in part would be taken for another version's by whoever
 * comes after a run that died here. So it goes as a whole, to where it is swept.
 */
static void remove_registry(void)
{
	if (!renameat2(AT_FDCWD, SDAX_PIN_DIR, AT_FDCWD, NEW_DIR,
		       RENAME_NOREPLACE))
		remove_pins(NEW_DIR, false);
}

int sdax_engine_detach(bool keep_registry)
{
	struct statfs fs;
	int r;

	if (sdax_guard_state() != SDAX_GUARD_OFF)
		return -EPERM;
	sdax_guard_sweep();
	if (unlink(MARK) < 0 && errno != ENOENT)
		return -errno;
	sdax_engine_sweep();
	r = remove_pins(SDAX_PIN_DIR, true);
	if (keep_registry)
		return r;
	remove_registry();
	sdax_drift_forget_all();
	/* what could not be removed, or is somebody else's, goes with the file system */
	if (!statfs(SDAX_BPF_DIR, &fs) && fs.f_type == BPF_FS_MAGIC &&
	    umount2(SDAX_BPF_DIR, MNT_DETACH) < 0)
		return -errno;
	rmdir(SDAX_BPF_DIR);
	return 0;
}
