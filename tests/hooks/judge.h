/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_JUDGE_H
#define STATICDAX_TESTS_JUDGE_H

#include "contract.h"
#include "tool.h"

enum state {
	PLAIN, /* before there is any seal */
	SWAP, /* the same, as an active swapfile: what the kernel itself protects */
	SEALED,
	NEAR, /* not sealed, next to many that are */
	AGAIN, /* the sealed one, unsealed */
	STATES,
};

/* What the way to the file (context.h) makes of the contract. */
enum way_rule {
	AS_DIRECT, /* nothing: the same answers */
	FEWER_RIGHTS, /* a plain file may answer EPERM */
	WRITES_BEHIND, /* opened for writing by somebody else on the caller's behalf: denied */
	WRITES_TO_COPY, /* what is opened for writing is another file by then */
};

struct setting {
	enum seal_mode mode;
	unsigned int on; /* enum file_system */
	enum way_rule way;
};

/* Is the row, or the answer, for this filesystem? */
bool judge_applies(const struct setting *s, unsigned int where);

/* The denial that is due in this state, 0 for none. */
int judge_denial(const struct setting *s, const struct op *op, enum state state);

/* Is the answer in this state right, given those of the earlier ones? Reached directly. */
bool judge_answer(const struct setting *s, const struct op *op, const int *answers,
		  enum state state);

/*
 * The same for another way to the file: near is the neighbour's answer by that way, plain that of
 * a plain file reached directly.
 */
bool judge_near_by_way(const struct setting *s, const struct op *op, int plain, int near);
bool judge_sealed_by_way(const struct setting *s, const struct op *op, int near, int sealed);

/* May the content of the sealed file be another after the operation? */
bool judge_may_write(const struct setting *s, const struct op *op);

#endif
