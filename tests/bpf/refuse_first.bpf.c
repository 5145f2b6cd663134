// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another LSM that refuses before ours is asked: of two programs on a hook the
 * one attached last runs first, and its refusal ends the row.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

int refused;	/* the process it is meant for, or 0 */

SEC("lsm/file_permission")
int BPF_PROG(refuse_first, struct file *file, int mask, int ret)
{
	if (!ret && refused && bpf_get_current_pid_tgid() >> 32 == refused)
		return -13;	/* EACCES */
	return ret;
}
