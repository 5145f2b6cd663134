/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tripwire's program and its loader agree on.
 */
#ifndef STATICDAX_TESTS_TRIPWIRE_H
#define STATICDAX_TESTS_TRIPWIRE_H

#define WIRES 48

/* What the argument that is looked at points to. */
enum wire_kind {
	WIRE_INODE,
	WIRE_XFS_INODE,
	WIRE_EXT4_ALLOCATION, /* struct ext4_allocation_request */
};

struct wire_count {
	unsigned long long unsealed, sealed;
	unsigned long long ino; /* the last sealed one */
	unsigned int dev;
	unsigned int pad;
};

#endif
