// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The contract: what is the right answer of an operation in a state of the file? No system calls.
 */
#include "judge.h"

bool judge_applies(const struct setting *s, unsigned int where)
{
	unsigned int fs = where & (ON_EXT4 | ON_XFS | ON_EXT2 | ON_BTRFS | ON_TMPFS);
	unsigned int dax = where & (ON_DAX | ON_PAGES);

	return (!fs || fs & s->on) && (!dax || dax & s->on);
}

static enum op_class class_by_way(const struct setting *s, const struct op *op)
{
	bool writes = !(op->flags & (BY_PATH | READ_ONLY));

	if (s->way == WRITES_BEHIND && writes && op->class != DENIED)
		return ADDS;
	if (s->way == WRITES_TO_COPY && (writes || op->flags & BY_PATH))
		return FREE;
	return op->class;
}

int judge_denial(const struct setting *s, const struct op *op, enum state state)
{
	static const short denials[][NAMED + 1] = {
		[MODE_STATIC] = { [ADDS] = ETXTBSY, [DENIED] = ETXTBSY, [NAMED] = EPERM },
		[MODE_SWAPFILE] = { [IN_PLACE] = ETXTBSY, [ADDS] = ETXTBSY, [DENIED] = ETXTBSY,
				    [NAMED] = EPERM },
		[MODE_NOSHRINK] = { [DENIED] = ETXTBSY },
		[MODE_AUDIT] = { 0 },
	};

	if (state == SEALED || (state == NEAR && op->flags & NEIGHBOUR))
		return -denials[s->mode][class_by_way(s, op)];
	return 0;
}

static bool is_listed(const struct setting *s, const struct op *op, int got)
{
	if (!got)
		return !(op->flags & NEVER);
	if (s->on & (ON_BTRFS | ON_TMPFS))
		return got != OP_BROKEN;
	for (size_t i = 0; i < ARRAY_SIZE(op->plain) && op->plain[i].errnum; i++)
		if (got == -op->plain[i].errnum && judge_applies(s, op->plain[i].where))
			return true;
	return false;
}

bool judge_answer(const struct setting *s, const struct op *op, const int *answers,
		  enum state state)
{
	int got = answers[state], plain = answers[PLAIN], due = judge_denial(s, op, state);

	if (state == SWAP)
		return got != OP_BROKEN;
	if (state == PLAIN || (!due && op->flags & VARIES))
		return is_listed(s, op, got);
	if (!due)
		return got == plain;
	/* where the kernel itself refuses a plain file, it may do so before anybody is asked */
	return got == due || (plain && !(op->flags & FIRST) && got == plain);
}

bool judge_near_by_way(const struct setting *s, const struct op *op, int plain, int near)
{
	int due = judge_denial(s, op, NEAR);

	if (near == OP_BROKEN || near == OP_SKIP)
		return false;
	/* an overlay has its own answers, of which many operations know nothing */
	if (s->way == WRITES_BEHIND || s->way == WRITES_TO_COPY)
		return true;
	/* EINVAL: project numbers are nobody's there */
	if (s->way == FEWER_RIGHTS && (near == -EPERM || near == -EINVAL))
		return true;
	return near == plain || (due && near == due) || (op->flags & VARIES && is_listed(s, op, near));
}

bool judge_sealed_by_way(const struct setting *s, const struct op *op, int near, int sealed)
{
	int due = judge_denial(s, op, SEALED);

	if (!due && op->flags & VARIES)
		return is_listed(s, op, sealed);
	/* the copy of a sealed file is no reflink, and XFS allows more to be done to it */
	if (!due)
		return sealed == near || (s->way == WRITES_TO_COPY && !sealed);
	return sealed == due || (near && sealed == near);
}

bool judge_may_write(const struct setting *s, const struct op *op)
{
	return op->flags & NEW_BYTES && (s->mode != MODE_SWAPFILE || op->class == FREE);
}
