/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may change seals. */
#ifndef SDAX_PRIVILEGE_H
#define SDAX_PRIVILEGE_H

#include <stdbool.h>

#include "staticdax.h"

/*
 * CAP_LINUX_IMMUTABLE, as the 2017 proposal asks, and CAP_SYS_ADMIN, which BPF
 * iterators and LSM programs ask. EPERM with the missing one in result.
 */
int sdax_privilege_check(struct staticdax_result *result);

/*
 * Are the kernel's numbers of processes those of getpid(2), and do walks over tasks
 * show all? In a PID namespace they do not. Where there is no /proc nobody knows.
 */
bool sdax_privilege_sees_all(void);

#endif
