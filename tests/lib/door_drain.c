// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries to bring down the number of seals through the door, with entries that pass
 * for the canary's on a tmpfs, and end as no canary's does: with their file, and with
 * their filesystem.
 *
 * Usage: door_drain TMPFS
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "staticdax_abi.h"

#define PINS "/run/staticdax/bpf/current/"
#define TMPFS_MAGIC 0x01021994
#define TRIES 8
#define TURNS 1000000

static int door, sealed, filesystems, control;

static int ask(struct sdax_request request)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &request,
		    .ctx_size_in = sizeof(request));

	return bpf_prog_test_run_opts(door, &opts) ?: (int)opts.retval;
}

static int open_to_read(const char *pin)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);

	return bpf_obj_get_opts(pin, &opts);
}

static int request_for(int fd, struct sdax_request *ret)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + 32];
	} id = { .handle = { .handle_bytes = 32 } };
	struct stat st;
	int mount;

	*ret = (struct sdax_request){ .magic = TMPFS_MAGIC };
	if (fstat(fd, &st) ||
	    name_to_handle_at(fd, "", &id.handle, &mount, AT_EMPTY_PATH))
		return -1;
	ret->key.ino = st.st_ino;
	ret->key.dev = major(st.st_dev) << 20 | minor(st.st_dev);
	/* mm/shmem.c, shmem_encode_fh() */
	memcpy(&ret->entry.generation, id.handle.f_handle,
	       sizeof(ret->entry.generation));
	ret->entry.deny = SDAX_DENY_STATIC;
	return 0;
}

static int put(struct sdax_request *request, int flags)
{
	request->op = SDAX_REQUEST_PUT;
	request->entry.flags = flags;
	return ask(*request);
}

static int drop(struct sdax_request *request)
{
	request->op = SDAX_REQUEST_DROP;
	return ask(*request);
}

/* The file goes, being without a name, when it is closed. */
static int by_file(const char *tmpfs)
{
	struct sdax_request r;
	int fd = open(tmpfs, O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 || request_for(fd, &r) || put(&r, SDAX_F_CANARY)) {
		perror("putting the entry of a file that goes");
		return 1;
	}
	close(fd);
	return drop(&r);
}

static int put_on_own(struct sdax_request *both)
{
	int one, two;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("own", "/tmp", "tmpfs", 0, NULL))
		return 1;
	one = open("/tmp/one", O_CREAT | O_RDWR, 0600);
	two = open("/tmp/two", O_CREAT | O_RDWR, 0600);
	if (request_for(one, both) || request_for(two, both + 1) ||
	    put(both, SDAX_F_CANARY) || put(both + 1, SDAX_F_REUSED))
		return 1;
	return 0;
}

/* The filesystem goes with the namespace; the other entry tells when. */
static int by_filesystem(void)
{
	struct sdax_request both[2];
	struct sdax_slot slot = {};
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes))
		return 1;
	pid = fork();
	if (!pid) {
		status = put_on_own(both);
		if (write(pipes[1], both, sizeof(both)) != sizeof(both))
			status = 1;
		_exit(status);
	}
	if (waitpid(pid, &status, 0) < 0 || status ||
	    read(pipes[0], both, sizeof(both)) != sizeof(both)) {
		puts("putting the entries on a filesystem that goes failed");
		return 1;
	}
	for (int turn = 0; slot.entry.state != SDAX_STATE_LAPSED; turn++) {
		if (turn == TURNS) {
			puts("the filesystem did not go");
			return 1;
		}
		sched_yield();
		bpf_map_lookup_elem(sealed, &both[1].key, &slot);
	}
	return drop(both);
}

static int look(const char *tmpfs, struct sdax_control *ret,
		struct sdax_fs *ret_fs)
{
	struct stat st;
	__u32 dev, key = 0;

	if (stat(tmpfs, &st))
		return -1;
	dev = major(st.st_dev) << 20 | minor(st.st_dev);
	memset(ret_fs, 0, sizeof(*ret_fs));
	bpf_map_lookup_elem(filesystems, &dev, ret_fs);
	return bpf_map_lookup_elem(control, &key, ret);
}

static int expect(const char *what, __u64 got, __u64 wanted)
{
	if (got == wanted)
		return 0;
	printf("%s: %lld, before %lld\n", what, got, wanted);
	return 1;
}

int main(int argc, char **argv)
{
	struct sdax_control was, is;
	struct sdax_fs none, fs;
	int bad = 0;

	door = bpf_obj_get("/run/staticdax/bpf/guard/door");
	sealed = open_to_read(PINS "sealed");
	filesystems = open_to_read(PINS "filesystems");
	control = open_to_read(PINS "control");
	if (argc != 2 || door < 0 || sealed < 0 || filesystems < 0 ||
	    control < 0 || look(argv[1], &was, &none))
		return 1;
	for (int i = 0; i < TRIES; i++)
		bad |= by_file(argv[1]);
	bad |= by_filesystem();
	if (look(argv[1], &is, &fs))
		return 1;
	bad |= expect("seals", is.seals, was.seals);
	bad |= expect("audits", is.audits, was.audits);
	bad |= expect("seals on XFS", is.xfs_seals, was.xfs_seals);
	bad |= expect("who judges writes", is.writes_judged,
		      was.writes_judged);
	bad |= expect("seals of the filesystem", fs.seals, 0);
	bad |= expect("who keeps the filesystem", fs.keeping, 0);
	return bad;
}
