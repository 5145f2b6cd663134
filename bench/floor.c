// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command with the empty programs of floor.bpf.c attached wherever this
 * kernel would get the real ones, and waits until they are gone again.
 *
 * Usage: floor OBJECT COMMAND [ARG...]
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine.h"

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(3);
}

static bool wanted(const struct sdax_program *programs, size_t n,
		   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(programs[i].pin, name))
			return programs[i].wanted;
	fprintf(stderr, "floor: '%s' is no program of staticdax\n", name);
	exit(3);
}

/* Is there an empty one for each that would be attached? */
static void all_there(const struct sdax_program *programs, size_t n,
		      struct bpf_object *obj)
{
	for (size_t i = 0; i < n; i++)
		if (programs[i].wanted &&
		    !bpf_object__find_program_by_name(obj, programs[i].pin)) {
			fprintf(stderr, "floor: '%s' has no empty program\n",
				programs[i].pin);
			exit(3);
		}
}

/* A program outlives its link by a moment. */
static bool still_there(void)
{
	struct bpf_prog_info info;
	__u32 len, id = 0;
	int fd;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		bpf_obj_get_info_by_fd(fd, &info, &len);
		close(fd);
		if (!strncmp(info.name, "sdax_", 5))
			return true;
	}
	return false;
}

static int run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die(argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

int main(int argc, char **argv)
{
	struct sdax_program programs[SDAX_PROGRAMS_MAX];
	struct bpf_link *links[SDAX_PROGRAMS_MAX];
	struct bpf_program *prog;
	struct bpf_object *obj;
	size_t n, attached = 0;
	int r;

	if (argc < 3) {
		fprintf(stderr, "Usage: floor OBJECT COMMAND [ARG...]\n");
		return 2;
	}
	if (sdax_engine_programs(programs, &n) < 0)
		die("asking for the programs");
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj)
		die(argv[1]);
	all_there(programs, n, obj);
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog,
			wanted(programs, n, bpf_program__name(prog)));
	if (bpf_object__load(obj))
		die("loading");
	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog))
			continue;
		links[attached] = bpf_program__attach(prog);
		if (!links[attached++])
			die(bpf_program__name(prog));
	}
	r = run(argv + 2);
	while (attached)
		bpf_link__destroy(links[--attached]);
	bpf_object__close(obj);
	while (still_there())
		sched_yield();
	return r;
}
