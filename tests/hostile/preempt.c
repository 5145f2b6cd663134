// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writers that interrupt one another on one processor, of every kind of priority, on one sealed
 * file: some write in place, some would change the map. The programs that vouch for a write can be
 * skipped when they are interrupted; what is asked is whether that ever lets something pass.
 *
 * The writers of real-time priority are woken by timers, in the middle of what the others do.
 *
 * preempt -c FILE                       makes a file for it
 * preempt [-d LOOPS] [-n WAKES] FILE    -d: make the programs slow, so that they are interrupted
 */
#define _GNU_SOURCE
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hooks/contract.h"
#include "../hooks/file.h"
#include "../tap.h"
#include "prey.h"
#include "slow.h"
#include "slow.skel.h"

struct writer {
	int policy, priority; /* of SCHED_OTHER: the nice value */
	unsigned int period; /* microseconds between two wakes, 0: without a pause */
};

static const struct writer writers[] = {
	{ SCHED_OTHER, 0 }, { SCHED_OTHER, 19 }, { SCHED_OTHER, -20 }, { SCHED_BATCH, 5 },
	{ SCHED_RR, 1, 7100 }, { SCHED_RR, 1, 8300 }, { SCHED_FIFO, 2, 5900 },
	{ SCHED_FIFO, 3, 7700 }, { SCHED_FIFO, 50, 6700 }, { SCHED_FIFO, 99, 9100 },
};

static struct {
	atomic_ulong writes, refused, mutations, passed;
	atomic_uint wakes;
	atomic_bool stop;
} *shared;

static int mutate(int fd, unsigned int n)
{
	struct iovec iov = { new_bytes, 64 };

	if (n % 3 == 0)
		return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * BLOCK, BLOCK);
	if (n % 3 == 1)
		return pwritev2(fd, &iov, 1, 0, RWF_APPEND) < 0 ? -1 : 0;
	return pwrite(fd, new_bytes, BLOCK, FIT_SIZE - 1) < 0 ? -1 : 0;
}

static void be(const struct writer *w)
{
	struct sched_param param = { 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	prctl(PR_SET_NAME, SLOW_COMM);
	if (w->policy == SCHED_FIFO || w->policy == SCHED_RR)
		param.sched_priority = w->priority;
	else
		setpriority(PRIO_PROCESS, 0, w->priority);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, w->policy, &param))
		_exit(1);
}

/* The real-time ones end the others: by the number of times that they were woken. */
static void __attribute__((noreturn)) work(const struct writer *w, const char *path,
					   unsigned int wakes)
{
	struct itimerspec every = {
		.it_interval.tv_nsec = w->period * 1000L,
		.it_value.tv_nsec = w->period * 1000L,
	};
	int fd = open(path, O_RDWR | O_CLOEXEC), timer = -1;
	uint64_t expired;

	be(w);
	if (w->period) {
		timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		if (timer < 0 || timerfd_settime(timer, 0, &every, NULL))
			_exit(1);
	}
	for (unsigned int n = 0; fd >= 0 && !shared->stop; n++) {
		if (timer >= 0 && (read(timer, &expired, sizeof(expired)) < 0 ||
				   ++shared->wakes >= wakes))
			shared->stop = true;
		shared->writes++;
		if (pwrite(fd, new_bytes, BLOCK, BLOCK) != BLOCK && errno == ETXTBSY)
			shared->refused++;
		if (n % 4)
			continue;
		shared->mutations++;
		shared->passed += !mutate(fd, n / 4);
	}
	_exit(fd < 0);
}

static bool run(const char *path, unsigned int wakes)
{
	bool good = true;
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(&writers[i], path, wakes);
		good = good && pid > 0;
	}
	while (wait(&status) > 0)
		good = good && !status;
	return good;
}

static bool has_function(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return has;
}

static struct slow_bpf *slow_down(unsigned int loops)
{
	const char *lookup = "bpf_task_storage_get";
	struct slow_bpf *skel = slow_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->loops = loops;
	/* From 6.2 on, and not for ever, it has a variant for programs that can be skipped. */
	if (has_function("bpf_task_storage_get_recur"))
		lookup = "bpf_task_storage_get_recur";
	if (!slow_bpf__load(skel) && !slow_bpf__attach(skel)) {
		skel->links.slow_lookup =
			bpf_program__attach_kprobe(skel->progs.slow_lookup, false, lookup);
		if (skel->links.slow_lookup)
			return skel;
	}
	slow_bpf__destroy(skel);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int loops = 0, wakes = 600;
	struct slow_bpf *slow = NULL;
	struct prey prey;
	char why[400];
	bool ran;
	int c;

	while ((c = getopt(argc, argv, "c:d:n:")) != -1) {
		if (c == 'c')
			return fit_create(optarg) ? 1 : 0;
		else if (c == 'd')
			loops = strtoul(optarg, NULL, 0);
		else if (c == 'n')
			wakes = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (optind != argc - 1 || shared == MAP_FAILED || prey_remember(&prey, argv[optind]))
		return 2;
	if (loops)
		slow = slow_down(loops);
	ran = !loops == !slow && run(argv[optind], wakes);
	tap_ok(ran && shared->writes > shared->refused,
	       "%lu writes in place by %zu writers, refused in error %lu", shared->writes,
	       ARRAY_SIZE(writers), shared->refused);
	slow_bpf__destroy(slow);
	tap_ok(shared->mutations && !shared->passed,
	       "deny_when_sealed: %lu tries to change the map between them", shared->mutations);
	if (!tap_ok(prey_is_whole(&prey, why, sizeof(why)), "map_and_untouched_blocks_unchanged"))
		tap_diag("%s", why);
	if (loops)
		tap_ok(shared->refused, "skipped_programs_refuse");
	return tap_done();
}
