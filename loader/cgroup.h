/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a cgroup's id to its path. */
#ifndef SDAX_CGROUP_H
#define SDAX_CGROUP_H

#include <stdint.h>

/*
 * "/system.slice/backup.service"; the caller frees it. NULL if it is gone, or
 * the right to ask is missing (CAP_DAC_READ_SEARCH).
 */
char *cgroup_path(uint64_t id);

#endif
