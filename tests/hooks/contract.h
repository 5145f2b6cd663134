/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the contract test share: an operation, the file it is tried on, its answer.
 *
 * Every operation is one row {name, function, class}; the class and the mode of the seal say what
 * the answer on a sealed file must be (judge.c), so no row repeats an errno.
 */
#ifndef STATICDAX_TESTS_CONTRACT_H
#define STATICDAX_TESTS_CONTRACT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* a row names only what is not zero */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* 16 blocks of 4 KiB: enough to punch, collapse and swap inside, and for swapon's ten pages */
#define FIT_SIZE 65536
#define BLOCK 4096

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum file_system {
	ON_EXT4 = 1,
	ON_XFS = 2,
	ON_DAX = 4, /* with one of the above: the answer, or the row, is for DAX files only */
	ON_PAGES = 8, /* the opposite of ON_DAX */
	ON_EXT2 = 16, /* together with ON_EXT4, whose code serves it: no extents, no journal */
	/* Only mode noshrink is for these. Rows do not list what they answer. */
	ON_BTRFS = 32,
	ON_TMPFS = 64,

	CLONES = ON_XFS | ON_BTRFS, /* copies share blocks */
	COPIES = ON_EXT4 | ON_TMPFS, /* copies do not */
};

/* What the contract says of an operation; design: "Contract of a sealed file". */
enum op_class {
	FREE, /* never denied */
	IN_PLACE, /* a write(2) inside the file: denied in swapfile mode only */
	ADDS, /* would change map or size, and lose nothing: as DENIED but in mode noshrink */
	DENIED, /* would change the map, the size or who may: ETXTBSY */
	NAMED, /* would remove or replace the name: EPERM, but in mode noshrink */
};

enum op_flags {
	BY_PATH = 1, /* the operation opens the file itself, or needs no descriptor */
	READ_ONLY = 2, /* open the file O_RDONLY */
	DIRECT = 4, /* open the file O_DIRECT */
	WITH_PEER = 8, /* wants a second, unsealed file with the same content, open O_RDWR */
	/*
	 * The denial comes before the kernel looks at anything else, so a sealed file is answered
	 * with it even where the same call on a plain file fails for a reason of its own.
	 */
	FIRST = 16,
	NEVER = 32, /* a plain file must answer with an errno of the list, success is wrong */
	VARIES = 64, /* the answer may differ from run to run within the list */
	NEW_BYTES = 128, /* writes inside the file: compare size and map only, where it may */
	NEIGHBOUR = 256, /* denied as well on every other file of a filesystem with a seal */

};

struct answer {
	short errnum;
	short where; /* enum file_system, 0 = everywhere */
};

/* The file an operation is tried on. Relative paths: the test runs inside its own directory. */
struct target {
	const char *path;
	const char *peer; /* NULL without WITH_PEER */
	const char *tag; /* different for each operation and state: for names of further files */
	int fd; /* -1 with BY_PATH */
	int peer_fd;
	unsigned int on; /* enum file_system */
	char why[160]; /* filled by op_skip() and op_broken() */
};

struct op {
	const char *name;
	int (*run)(struct target *t); /* 0, -errno, or what op_skip() and op_broken() return */
	enum op_class class;
	unsigned int flags;
	unsigned int only; /* enum file_system this row is for, 0 = all */
	struct answer plain[6]; /* what an unsealed file may answer instead of 0 */
	int (*prepare)(const char *path); /* gives the new file another content */
};

/* One table for each file of operations. */
struct op_group {
	const char *title; /* of its part of docs/conformance.md */
	const struct op *ops;
	size_t count;
	bool everywhere; /* tried in every context (context.h), not only directly */
};

extern const struct op_group ops_size, ops_alloc, ops_write, ops_splice, ops_async, ops_uring,
	ops_remap, ops_flags, ops_ioctl, ops_name, ops_attach, ops_target, ops_overlay, ops_abi32,
	ops_race, ops_free;

/* Outside of errno's range: the operation could not be tried here / the test itself failed. */
#define OP_SKIP (-10000)
#define OP_BROKEN (-10001)
/* It was killed by SIGBUS. */
#define OP_BUS (-10003)

__attribute__((format(printf, 2, 3))) int op_skip(struct target *t, const char *why, ...);
/* With errno, which it reads first. */
__attribute__((format(printf, 2, 3))) int op_broken(struct target *t, const char *why, ...);

/* A system call's return value as an answer. */
static inline int answer(long r)
{
	return r < 0 ? -errno : 0;
}

/* The same for calls that return a length: less than asked for is a partial write. */
static inline int answer_length(ssize_t r, size_t wanted)
{
	return r < 0 ? -errno : (size_t)r == wanted ? 0 : -EIO;
}

/* For calls that return a descriptor. */
int answer_open(int fd);

/* Bytes that no fit file contains, 2 * FIT_SIZE of them, page aligned. */
extern char new_bytes[];

/* 0 if the file has new_bytes at [pos, pos + length), else -EIO. */
int read_back(int fd, off_t pos, size_t length);

void cleanup_close(int *fd);
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))

#endif
