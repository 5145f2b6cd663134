// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the programs that leave tokens slow, for some tasks, in a function of the kernel's that
 * they call. What is hit once in a million times is hit at once.
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

static __always_inline int slow(void)
{
	static const char slow[8] __attribute__((aligned(8))) = SLOW_COMM;
	u64 comm[2] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	if (comm[0] == *(const u64 *)slow)
		bpf_loop(loops, nothing, NULL, 0);
	return 0;
}

/* By this they read the position where there is no cheaper way. */
SEC("fentry/copy_from_kernel_nofault")
int slow_read(void *ctx)
{
	return slow();
}

/* By this they look up the token. */
SEC("kprobe")
int slow_lookup(void *ctx)
{
	return slow();
}
