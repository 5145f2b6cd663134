// SPDX-License-Identifier: LGPL-2.1-or-later
/* The guard's life: load, fill in, attach, close, look who was there before. */
#define _GNU_SOURCE
#include "guard.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "directory.h"
#include "guard.skel.h"
#include "privilege.h"
#include "util.h"

#define CENSUS_TRIES 8

struct engaging {
	struct guard_bpf *skel;
	struct sdax_guard *guard;
	__u32 pinned[SDAX_MAP_MAX_ + 1];	/* maps that have a pin */
	size_t pinned_count;
	struct sdax_functions functions;
	char *detail;
	size_t size;
};

static bool is_door(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL;
}

static bool is_guarding(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_LSM &&
	       bpf_program__autoload(prog);
}

/* Loading */

static int reuse(struct bpf_map *map, enum sdax_map pin)
{
	_cleanup_close_ int fd = -1;
	char path[96];

	snprintf(path, sizeof(path), SDAX_PIN_DIR "/%s", sdax_map_names[pin]);
	fd = bpf_obj_get(path);
	return fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
}

bool sdax_guard_wants(const char *program,
		      const struct sdax_functions *functions)
{
	if (!strcmp(program, "sdax_g_create"))
		return functions->map_create >= 0;
	if (!strcmp(program, "sdax_g_alloc"))
		return functions->map_create < 0;
	return true;
}

static int load(struct engaging *e)
{
	struct bpf_program *prog;
	struct guard_bpf *skel;
	int r;

	r = sdax_engine_functions(&e->functions);
	if (r < 0)
		return r;
	skel = e->skel = guard_bpf__open();
	if (!skel)
		return -errno;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog,
			sdax_guard_wants(bpf_program__name(prog),
					 &e->functions));
	r = reuse(skel->maps.sealed, SDAX_MAP_SEALED);
	if (!r)
		r = reuse(skel->maps.filesystems, SDAX_MAP_FILESYSTEMS);
	if (!r)
		r = reuse(skel->maps.paths, SDAX_MAP_PATHS);
	if (!r)
		r = reuse(skel->maps.data_control, SDAX_MAP_CONTROL);
	if (!r)
		r = reuse(skel->maps.bss, SDAX_MAP_FILTER);
	if (!r)
		r = guard_bpf__load(skel);
	if (!r)
		e->guard = &skel->data_guard->guard;
	return r;
}

/* What is ours */

static int add_own(struct engaging *e)
{
	struct bpf_program *prog;
	int r = 0;

	bpf_object__for_each_program(prog, e->skel->obj)
		if (!r && bpf_program__autoload(prog))
			r = sdax_guard_list(e->guard, bpf_program__fd(prog),
					    is_door(prog));
	return r;
}

static int note_pin(struct engaging *e, const char *path)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = bpf_obj_get_opts(path, &opts);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	e->pinned[e->pinned_count++] = info.id;
	return 0;
}

static int note_pins(struct engaging *e)
{
	char path[96];
	int r = note_pin(e, SDAX_GUARD_STATE);

	for (enum sdax_map map = 0; !r && map < SDAX_MAP_MAX_; map++) {
		snprintf(path, sizeof(path), SDAX_PIN_DIR "/%s",
			 sdax_map_names[map]);
		r = note_pin(e, path);
	}
	return r;
}

static int fill_in(struct engaging *e)
{
	struct sdax_guard *guard = e->guard;
	struct statx stx;
	int r;

	if (statx(AT_FDCWD, SDAX_BPF_DIR, 0, STATX_MNT_ID, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	guard->bpffs = stx.stx_dev_major << 20 | stx.stx_dev_minor;
	guard->mount_id = stx.stx_mnt_id;
	/* one element is the canary's */
	guard->room = bpf_map__max_entries(e->skel->maps.sealed) - 1;
	if (e->functions.element_iterator < 0)
		return e->functions.element_iterator;
	if (e->functions.answer < 0)
		return e->functions.answer;
	guard->element_iterator = e->functions.element_iterator;
	guard->answer = e->functions.answer;
	r = sdax_guard_list_enforcing(guard);
	return r ?: add_own(e);
}

/* Pins */

static void remove_guard(void)
{
	_cleanup_closedir_ DIR *d = opendir(SDAX_GUARD_DIR);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && unlinkat(dirfd(d), e->d_name, 0))
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	rmdir(SDAX_GUARD_DIR);
}

void sdax_guard_sweep(void)
{
	if (sdax_guard_state() == SDAX_GUARD_OFF)
		remove_guard();
}

static int pin_link(struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	char path[96];
	int r;

	if (!link)
		return -errno;
	snprintf(path, sizeof(path), SDAX_GUARD_DIR "/%s",
		 bpf_program__name(prog));
	r = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return r;
}

/* What the trials are made on: nobody misses it if one succeeds. */
static int pin_trial(void)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY,
						"sdax_trial", 4, 4, 1, NULL);
	int r;

	if (fd < 0)
		return fd;
	r = bpf_obj_pin(fd, SDAX_GUARD_DIR "/trial");
	if (!r && mkdir(SDAX_GUARD_DIR "/trials", 0700) < 0)
		r = -errno;
	return r;
}

static int pin_all(struct engaging *e)
{
	struct bpf_program *prog;
	int r;

	r = sdax_directory_make(SDAX_GUARD_DIR);
	if (!r)
		r = pin_trial();
	if (!r)
		r = bpf_obj_pin(bpf_map__fd(e->skel->maps.data_guard),
				SDAX_GUARD_STATE);
	if (!r && chmod(SDAX_GUARD_STATE, 0644) < 0)
		r = -errno;
	if (!r)
		r = bpf_obj_pin(bpf_program__fd(e->skel->progs.sdax_door),
				SDAX_GUARD_DIR "/door");
	bpf_object__for_each_program(prog, e->skel->obj)
		if (!r && is_guarding(prog))
			r = pin_link(prog);
	return r;
}

/* Who was there before */

/* Of one task, or 0 for all there is. */
static int run(struct bpf_program *prog, __u32 tid,
	       struct sdax_guard_finding **found, size_t *n)
{
	union bpf_iter_link_info info = { .task.tid = tid };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
		    .link_info_len = sizeof(info));
	_cleanup_close_ int iter = -1;
	struct bpf_link *link = bpf_program__attach_iter(prog,
							 tid ? &opts : NULL);
	struct sdax_guard_finding f;
	ssize_t got;

	if (!link)
		return -errno;
	iter = bpf_iter_create(bpf_link__fd(link));
	bpf_link__destroy(link);
	if (iter < 0)
		return iter;
	while ((got = read(iter, &f, sizeof(f))) == sizeof(f)) {
		struct sdax_guard_finding *more =
			reallocarray(*found, *n + 1, sizeof(f));

		if (!more)
			return -ENOMEM;
		*found = more;
		more[(*n)++] = f;
	}
	return got < 0 ? -errno : got ? -EIO : 0;
}

static unsigned int distinct_files(const struct sdax_guard_finding *files,
				   size_t n, __u32 id)
{
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= files[j].file == files[i].file;
		count += files[i].id == id && !seen;
	}
	return count;
}

static bool is_pinned(const struct engaging *e, __u32 id)
{
	for (size_t i = 0; i < e->pinned_count; i++)
		if (e->pinned[i] == id)
			return true;
	return false;
}

static bool is_ours(const struct sdax_guard *guard, __u32 id)
{
	for (__u32 i = 0; i < guard->maps_count; i++)
		if (guard->maps[i].id == id)
			return true;
	return false;
}

/* One of each map, the skeleton's; another is some other handle's. */
static bool is_loaders_own(const struct sdax_guard_finding *files, size_t n,
			   const struct sdax_guard_finding *f)
{
	if (!f->id || f->tgid != (__u32)getpid())
		return false;
	for (size_t i = 0; i < n; i++)
		if (files[i].count && files[i].id == f->id &&
		    files[i].tgid == f->tgid)
			return files[i].file == f->file;
	return true;
}

static int check_files(struct engaging *e, const struct sdax_guard_finding *files,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sdax_guard_finding *f = files + i;

		if (!f->count || is_loaders_own(files, n, f))
			continue;
		snprintf(e->detail, e->size, "pid %u (%.16s) has %s open for writing",
			 f->tgid, f->comm,
			 f->id ? "a map" : "kernel.ftrace_enabled");
		return -EBUSY;
	}
	return 0;
}

/*
 * Each user reference of a map is a pin or an open file. One more is a file on
 * its way between processes, or in the hands of the kernel. A file that came in
 * between the count and the list would hide it.
 */
static int check_maps(struct engaging *e, const struct sdax_guard_finding *maps,
		      size_t n, const struct sdax_guard_finding *files,
		      size_t files_count)
{
	for (size_t i = 0; i < n; i++) {
		__u32 id = maps[i].id;

		if (!is_ours(e->guard, id)) {
			snprintf(e->detail, e->size,
				 "map %u could hold one of the registry", id);
			return -EBUSY;
		}
		if (maps[i].count > distinct_files(files, files_count, id) +
					    is_pinned(e, id)) {
			snprintf(e->detail, e->size,
				 "map %u is in the hands of somebody unseen",
				 id);
			return -EBUSY;
		}
	}
	return 0;
}

static int census(struct engaging *e)
{
	_cleanup_free_ struct sdax_guard_finding *maps = NULL, *files = NULL,
						 *progs = NULL;
	size_t maps_count = 0, files_count = 0, progs_count = 0;
	__u64 opened = __atomic_load_n(&e->guard->opened, __ATOMIC_SEQ_CST);
	int r;

	r = run(e->skel->progs.sdax_g_maps, 0, &maps, &maps_count);
	if (!r)
		r = run(e->skel->progs.sdax_g_files, 0, &files, &files_count);
	if (!r)
		r = run(e->skel->progs.sdax_g_progs, 0, &progs, &progs_count);
	if (r < 0) {
		snprintf(e->detail, e->size, "looking for who has the maps");
		return r;
	}
	if (progs_count) {
		snprintf(e->detail, e->size,
			 "program %u could change the registry or what the kernel answers",
			 progs[0].id);
		return -EBUSY;
	}
	if (__atomic_load_n(&e->guard->opened, __ATOMIC_SEQ_CST) != opened) {
		snprintf(e->detail, e->size, "the maps are being opened");
		return -EBUSY;
	}
	r = check_files(e, files, files_count);
	return r ?: check_maps(e, maps, maps_count, files, files_count);
}

static int learn_map_files(struct engaging *e)
{
	_cleanup_free_ struct sdax_guard_finding *own = NULL;
	size_t n = 0;
	int r;

	e->guard->map_fd = bpf_map__fd(e->skel->maps.sealed);
	r = run(e->skel->progs.sdax_g_files, gettid(), &own, &n);
	return r ?: e->guard->map_fops ? 0 : -EBADFD;
}

/* Readers come and go in between; a way in that stays is one. */
static int census_of_all(struct engaging *e)
{
	int r;

	r = learn_map_files(e);
	if (r < 0)
		return r;
	for (int left = CENSUS_TRIES; left; left--) {
		r = census(e);
		if (r != -EBUSY)
			break;
	}
	return r;
}

/* Closing */

static int close_ways(struct engaging *e, sdax_guard_fn check, void *arg,
		      enum staticdax_reason *ret_reason)
{
	int r;

	__atomic_store_n(&e->guard->active, SDAX_GUARD_UNFINISHED,
			 __ATOMIC_SEQ_CST);
	/* which cannot be removed any more */
	r = note_pins(e);
	if (!r)
		r = census_of_all(e);
	if (r == -EBUSY)
		*ret_reason = STATICDAX_GUARD_HELD;
	if (r < 0)
		return r;
	r = sdax_guard_prove(e->detail, e->size);
	if (r < 0) {
		*ret_reason = STATICDAX_CANARY;
		return r;
	}
	if (!e->guard->mount) {
		snprintf(e->detail, e->size,
			 "this mount namespace is not init's, and the pins would "
			 "end with it: nsenter --target 1 --mount");
		return -EXDEV;
	}
	r = check(arg, ret_reason, e->detail, e->size);
	if (r < 0)
		return r;
	__atomic_store_n(&e->guard->active, SDAX_GUARD_ON, __ATOMIC_SEQ_CST);
	return 0;
}

int sdax_guard_engage(sdax_guard_fn check, void *arg,
		      enum staticdax_reason *ret_reason, char *detail,
		      size_t size)
{
	struct engaging e = { .detail = detail, .size = size };
	int r;

	*ret_reason = STATICDAX_SYSTEM;
	if (!sdax_privilege_sees_all()) {
		snprintf(detail, size,
			 "this PID namespace is not init's, and who is outside of it "
			 "is not seen: nsenter --target 1 --pid");
		return -EXDEV;
	}
	snprintf(detail, size, "loading the guard");
	sdax_guard_sweep();
	r = load(&e);
	if (!r)
		r = fill_in(&e);
	if (!r)
		r = pin_all(&e);
	if (!r)
		r = close_ways(&e, check, arg, ret_reason);
	if (r < 0 && e.guard)
		__atomic_store_n(&e.guard->active, SDAX_GUARD_OFF,
				 __ATOMIC_SEQ_CST);
	if (r < 0)
		remove_guard();
	guard_bpf__destroy(e.skel);
	return r;
}
