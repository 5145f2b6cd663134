/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the random mutator does: acts, and the scene each is given.
 *
 * The prey is the sealed file. Its blocks with an even number are written by nobody; whatever may
 * write in place does so inside one with an odd number, on every file alike.
 */
#ifndef STATICDAX_TESTS_ACT_H
#define STATICDAX_TESTS_ACT_H

#include "../hooks/contract.h"
#include "random.h"

/* What is due if the act concerns the prey. */
enum due {
	DUE_FREE, /* never refused by a seal */
	DUE_WRITE, /* in place: passes; ETXTBSY is a refusal in error */
	DUE_DENIAL, /* must not succeed */
	DUE_EITHER, /* the file is not known: only the map and the content tell */
};

enum act_flags {
	ACT_WIDE = 1, /* refused on files that are not sealed as well, see the README */
	ACT_UNSTABLE = 2, /* its answer depends on more than the files */
	ACT_BOTH = 4, /* what is due to the prey as target is due to it as peer as well */
};

struct scene {
	uint64_t random;
	const char *path, *peer; /* peer: another file, the prey or not */
	int fd, peer_fd; /* both O_RDWR */
	int shared_fd; /* a descriptor that every thread changes */
	bool prey_is_target, prey_is_peer;
	bool sealed; /* the prey is: so a mapping of it is as long as the file was */
	unsigned int on; /* enum file_system */
	unsigned int thread;
	char *bytes; /* of this thread: FIT_SIZE, aligned to BLOCK */
	/* said by the act, for the judge and for the report */
	enum due due;
	off_t pos;
	size_t length;
	unsigned int detail; /* a flag, a mode, a way */
};

struct act {
	const char *name;
	int (*run)(struct scene *s); /* 0 or -errno */
	enum due due; /* if the act does not say otherwise */
	unsigned int flags;
	unsigned int only; /* enum file_system, 0 = all */
};

struct act_group {
	const struct act *acts;
	size_t count;
};

extern const struct act_group acts_write, acts_layout, acts_remap, acts_name;

static inline unsigned int pick(struct scene *s, unsigned int n)
{
	return random_below(&s->random, n);
}

/* In place, which is inside one odd block, in units of align bytes. */
static inline void place_inside(struct scene *s, unsigned int align)
{
	off_t start = (2 * pick(s, FIT_SIZE / BLOCK / 2) + 1) * BLOCK;
	unsigned int from = pick(s, BLOCK / align);

	s->pos = start + from * align;
	s->length = (1 + pick(s, BLOCK / align - from)) * align;
	s->due = DUE_WRITE;
}

/* Three times in four in place, else across or behind the end of a fit file. */
static inline void place(struct scene *s, unsigned int align)
{
	if (pick(s, 4)) {
		place_inside(s, align);
		return;
	}
	s->due = DUE_DENIAL;
	s->length = (1 + pick(s, 2 * BLOCK / align)) * align;
	if (pick(s, 2))
		s->pos = FIT_SIZE - s->length + align;
	else
		s->pos = FIT_SIZE + pick(s, 64) * align;
}

#endif
