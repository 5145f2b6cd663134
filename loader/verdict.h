/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is the file fit? Facts and extents in, a reason out; pure, no system call.
 *
 * The facts are judged at once, the extents one by one as they arrive, in a
 * fixed amount of memory whatever their number. The first offence by offset is
 * the answer.
 */
#ifndef SDAX_VERDICT_H
#define SDAX_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "staticdax.h"

struct fiemap_extent;
struct XXH3_state_s;

/* What is known about a file before its extents are looked at. */
struct sdax_facts {
	uint32_t mode;			/* st_mode */
	uint32_t nlink;
	uint64_t size;			/* bytes */
	uint32_t blocksize;		/* of the filesystem, not st_blksize */
	uint64_t magic;			/* f_type of statfs(2) */
	uint64_t attributes;		/* STATX_ATTR_* of statx(2) */
	uint64_t attributes_mask;	/* those the kernel knows of */
	bool swapfile;			/* S_SWAPFILE */
	bool is_private;		/* S_PRIVATE */
	bool zoned;			/* XFS: its cleaner moves blocks */
	bool cow_staged;		/* XFS: the CoW fork is not empty */
	char fs_name[16];		/* as in /proc/filesystems, or "" */
};

/*
 * STATICDAX_OK or the first reason against the file. flags:
 * STATICDAX_ANY_DEVICE. detail gets what the reason alone does not say, or "".
 */
enum staticdax_reason sdax_verdict_file(const struct sdax_facts *facts,
					uint32_t flags, char *detail,
					size_t size);

/*
 * The same for mode noshrink, which minds neither blocks nor device. What cannot
 * be opened for writing cannot shrink either, and is refused as it is there.
 */
enum staticdax_reason sdax_verdict_noshrink(const struct sdax_facts *facts,
					    char *detail, size_t size);

/*
 * 0 becomes the page size. EINVAL unless it is a power of two from the page
 * size to 2^62; *align is then left alone.
 */
int sdax_verdict_align(uint64_t *align);

/*
 * Where on the device is the byte that the filesystem calls physical? May
 * answer for a first part only; ret_length says how much, and it is asked again
 * for the rest.
 */
typedef int (*sdax_address_fn)(void *ctx, uint64_t physical, uint64_t length,
			       uint64_t *ret_address, uint64_t *ret_length);

/* Bytes that follow each other in the file and on the device. */
struct sdax_run {
	uint64_t logical;
	uint64_t physical;
	uint64_t length;
};

/*
 * Is told each run when it is whole, in order of offset: they are what the
 * digest is of. One at offset 0 begins anew.
 */
typedef void (*sdax_run_fn)(void *arg, const struct sdax_run *run);

/* The digest of a map that is only this run. */
uint64_t sdax_run_digest(const struct sdax_run *run);

struct sdax_judge {
	sdax_address_fn address_fn;
	void *ctx;
	sdax_run_fn run_fn;		/* or NULL */
	void *run_arg;
	struct XXH3_state_s *hash;
	uint64_t end;			/* the file's last block is below it */
	uint64_t align;
	uint64_t next;			/* where the next extent has to begin */
	uint64_t next_address;		/* where the run would go on */
	struct sdax_run open_run;
	uint64_t extents;
	uint64_t runs;
	uint64_t past_eof;
	enum staticdax_reason reason;
	uint64_t offset;
	uint64_t address;
	char detail[80];
};

#define SDAX_JUDGE_NONE { .hash = NULL }

/*
 * size and blocksize are the file's, align as sdax_verdict_align() leaves it.
 * Without address_fn, physical is the address. EINVAL, ENOMEM.
 */
int sdax_judge_init(struct sdax_judge *j, uint64_t size, uint32_t blocksize,
		    uint64_t align, sdax_address_fn address_fn, void *ctx);

/* The extents of the file in order of offset, those past its end as well. */
void sdax_judge_extent(struct sdax_judge *j, const struct fiemap_extent *e);

/*
 * The answer: reason, detail, offset, address, extents, past_eof; runs and
 * digest if the whole map was found good, else 0. Call sdax_judge_free() after.
 */
void sdax_judge_done(struct sdax_judge *j, struct staticdax_result *result);
void sdax_judge_free(struct sdax_judge *j);

#endif
