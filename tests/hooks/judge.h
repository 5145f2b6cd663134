/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STATICDAX_TESTS_JUDGE_H
#define STATICDAX_TESTS_JUDGE_H

#include "contract.h"
#include "tool.h"

enum state {
	PLAIN, /* before there is any seal */
	SEALED,
	NEAR, /* not sealed, next to many that are */
	AGAIN, /* the sealed one, unsealed */
	STATES,
};

struct setting {
	enum seal_mode mode;
	unsigned int on; /* enum file_system */
};

/* Is the row, or the answer, for this filesystem? */
bool judge_applies(const struct setting *s, unsigned int where);

/* The denial that is due in this state, 0 for none. */
int judge_denial(const struct setting *s, const struct op *op, enum state state);

/* Is the answer in this state right, given those of the earlier ones? */
bool judge_answer(const struct setting *s, const struct op *op, const int *answers,
		  enum state state);

/* May the content of the sealed file be another after the operation? */
bool judge_may_write(const struct setting *s, const struct op *op);

#endif
