// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An access that another LSM refused leaves behind the proof that it was a plain
 * one. Nothing else may pass by it.
 *
 * Usage: leftover OBJECT SEALED FREE
 *   OBJECT  refuse_first.bpf.o
 *   SEALED  a sealed file, and FREE one that is not, on the same filesystem
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define SIZE 65536

static struct bpf_map *knob;

static void refuse(bool on)
{
	int refused = on ? getpid() : 0;
	__u32 key = 0;

	bpf_map__update_elem(knob, &key, sizeof(key), &refused, sizeof(refused),
			     0);
}

static struct bpf_link *attach(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;

	if (!obj || bpf_object__load(obj))
		return NULL;
	knob = bpf_object__find_map_by_name(obj, ".bss");
	prog = bpf_object__find_program_by_name(obj, "refuse_first");
	return knob && prog ? bpf_program__attach(prog) : NULL;
}

/* The refusals themselves, or there would be no leftover to speak of. */
static void leave_write(int fd, const char *which)
{
	ssize_t r;
	int error;

	refuse(true);
	r = pwrite(fd, "x", 1, 0);
	error = errno;
	refuse(false);
	tap_ok(r < 0 && error == EACCES, "other_lsm_refuses_write_%s", which);
}

static void leave_read(int fd, const char *which)
{
	ssize_t r;
	int error;
	char c;

	refuse(true);
	r = pread(fd, &c, 1, 0);
	error = errno;
	refuse(false);
	tap_ok(r < 0 && error == EACCES, "other_lsm_refuses_read_%s", which);
}

static void expect(int r, bool sealed, const char *what)
{
	int error = errno;

	if (sealed)
		tap_ok(r < 0 && error == ETXTBSY, "deny_%s_after_refused_access",
		       what);
	else
		tap_ok(!r, "allow_%s_after_refused_access_when_not_sealed", what);
	if (r < 0 && !(sealed && error == ETXTBSY))
		tap_diag("errno %d", error);
}

static void try_file(const char *path, bool sealed, bool remaps)
{
	const char *which = sealed ? "sealed" : "free";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int other = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || other < 0 || map == MAP_FAILED) {
		tap_ok(false, "open_%s", which);
		return;
	}
	leave_write(fd, which);
	expect(fallocate(fd, 0, 0, 4096), sealed, "fallocate");
	leave_write(fd, which);
	expect(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 4096), sealed, "punch");
	leave_write(fd, which);
	expect(madvise(map, 4096, MADV_REMOVE), sealed, "madvise_remove");
	if (remaps) {
		leave_read(fd, which);
		expect(ioctl(other, FICLONE, fd), sealed, "clone_from");
	}
	tap_ok(pwrite(fd, "y", 1, 0) == 1, "allow_write_in_place_%s", which);
	munmap(map, SIZE);
	close(other);
	close(fd);
}

/* Does the filesystem clone at all? */
static bool can_clone(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	bool can = from >= 0 && to >= 0 && !ioctl(to, FICLONE, from);

	close(from);
	close(to);
	return can;
}

int main(int argc, char **argv)
{
	struct bpf_link *link;
	bool remaps;

	if (argc != 4)
		return 2;
	remaps = can_clone(argv[3]);
	link = attach(argv[1]);
	if (!tap_ok(link, "other_lsm_attached"))
		return tap_done();
	try_file(argv[2], true, remaps);
	try_file(argv[3], false, remaps);
	bpf_link__destroy(link);
	return tap_done();
}
