// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the programs that leave tokens slow, for some tasks: they read the position by this
 * function of the kernel. What is hit once in a million times is hit at once.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "slow.h"

char LICENSE[] SEC("license") = "GPL";

const volatile unsigned int loops;

static long nothing(u32 i, void *arg)
{
	return 0;
}

SEC("fentry/copy_from_kernel_nofault")
int slow_read(void *ctx)
{
	static const char slow[8] __attribute__((aligned(8))) = SLOW_COMM;
	u64 comm[2] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	if (comm[0] == *(const u64 *)slow)
		bpf_loop(loops, nothing, NULL, 0);
	return 0;
}
