// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the verifier of this kernel sees of each program that it would get: a
 * line for each with its name, the instructions the verifier went through, the
 * bytes of stack (of the program and its functions together).
 *
 * Usage: verifier OBJECT
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "guard.h"

#define LOG_STATS 4	/* BPF_LOG_STATS of include/linux/bpf_verifier.h */
#define LOG_SIZE 65536

static char logs[SDAX_PROGRAMS_MAX][LOG_SIZE];

struct kernel {
	struct sdax_program programs[SDAX_PROGRAMS_MAX];
	size_t n;
	struct sdax_functions functions;
};

/* What enforces is in the engine's table, the rest is the guard's. */
static bool is_wanted(const struct kernel *kernel, const char *name)
{
	for (size_t i = 0; i < kernel->n; i++)
		if (!strcmp(kernel->programs[i].pin, name))
			return kernel->programs[i].wanted;
	return sdax_guard_wants(name, &kernel->functions);
}

/*
 * "stack depth 96+0+72", a number for each function; since 7.3 the most of all, and
 * a line for each function that ends in "stack 96".
 */
static unsigned long stack_of(const char *log)
{
	const char *at = strstr(log, "stack depth ");
	unsigned long sum = 0;
	char *end;

	if (!at)
		return 0;
	if (strstr(log, "\nsubprog ")) {
		while ((at = strstr(at, " stack "))) {
			at += strlen(" stack ");
			sum += strtoul(at, NULL, 10);
		}
		return sum;
	}
	for (at += strlen("stack depth "); ; at = end + 1) {
		sum += strtoul(at, &end, 10);
		if (*end != '+')
			return sum;
	}
}

/* "processed 120 insns (limit 1000000) ..." */
static unsigned long instructions_of(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtoul(at + strlen("processed "), NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	struct kernel kernel;
	size_t i = 0;

	if (argc != 2) {
		fprintf(stderr, "Usage: verifier OBJECT\n");
		return 2;
	}
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj || sdax_engine_programs(kernel.programs, &kernel.n) < 0 ||
	    sdax_engine_functions(&kernel.functions) < 0)
		return 3;
	bpf_object__for_each_program(prog, obj) {
		bool wanted = is_wanted(&kernel, bpf_program__name(prog));

		bpf_program__set_autoload(prog, wanted);
		if (!wanted)
			continue;
		bpf_program__set_log_level(prog, LOG_STATS);
		bpf_program__set_log_buf(prog, logs[i++], LOG_SIZE);
	}
	if (bpf_object__load(obj))
		return 3;
	i = 0;
	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog))
			continue;
		printf("%s %lu %lu\n", bpf_program__name(prog),
		       instructions_of(logs[i]), stack_of(logs[i]));
		i++;
	}
	return 0;
}
