/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file_setattr(2), since 6.17: its number, and linux/fs.h's struct file_attr in its first form.
 */
#ifndef STATICDAX_TESTS_FILE_ATTR_H
#define STATICDAX_TESTS_FILE_ATTR_H

#include <linux/types.h>

#define SYS_FILE_SETATTR 469

struct file_attr_0 {
	__u64 xflags;
	__u32 extsize;
	__u32 nextents;
	__u32 projid;
	__u32 cowextsize;
};

#endif
