/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marks on filesystems that hold seals: is a superblock still the one on which
 * files were sealed? See bpf/roots.bpf.c, which answers. dev is as in struct sdax_key.
 * Both wait while the filesystem is being mounted or unmounted.
 */
#ifndef SDAX_ROOTS_H
#define SDAX_ROOTS_H

#include <linux/types.h>

/*
 * 1 if the superblock with this number is marked, 0 if it is not or there is none.
 * EAGAIN: no program answers, as where it is not attached or functions are not traced.
 * Otherwise what another security module says to ustat(2).
 */
int sdax_roots_ask(__u32 dev);

/*
 * Marks it until it is unmounted, also if it is already. Errors as above, and EPERM
 * without CAP_LINUX_IMMUTABLE in the first user namespace, ENOMEM, or ENODEV if there
 * is no such superblock.
 */
int sdax_roots_mark(__u32 dev);

#endif
