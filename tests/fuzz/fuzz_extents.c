// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds arbitrary extents to the judge and compares its answer with a model
 * that looks at every byte of the file by itself: the same files must be
 * accepted, with the same runs and digest, and the same holes be found.
 *
 * As a libFuzzer target: clang -fsanitize=fuzzer -DLIBFUZZER. By itself it runs
 * pseudo-random inputs: fuzz_extents [ITERATIONS [SEED]].
 */
#include <endian.h>
#include <linux/fiemap.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "../../loader/util.h"
#include "../../loader/verdict.h"
#include "../tap.h"

#define EXTENTS_MAX 16
#define SIZE_MAX_ 255
#define END_MAX 256 /* SIZE_MAX_ rounded up to any blocksize used here */
#define HARMLESS (FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED)

/* A device that is shifted, broken at one place, and answers in small parts. */
struct device {
	uint64_t shift, jump, skew, part;
};

struct input {
	uint64_t size, align;
	uint32_t blocksize;
	bool has_device;
	struct device device;
	size_t count;
	struct fiemap_extent extents[EXTENTS_MAX];
};

static uint64_t address_of(const struct device *d, uint64_t physical)
{
	return physical + d->shift + (physical >= d->jump ? d->skew : 0);
}

static int translate(void *ctx, uint64_t physical, uint64_t length, uint64_t *ret_address,
		     uint64_t *ret_length)
{
	const struct device *d = ctx;

	if (physical < d->jump && length > d->jump - physical)
		length = d->jump - physical;
	*ret_address = address_of(d, physical);
	*ret_length = length < d->part ? length : d->part;
	return 0;
}

/* The model */

struct model {
	bool sane; /* in order, no overlap, nothing wraps */
	bool fit;
	uint64_t end, first_hole, past_eof, runs, digest;
	bool mapped[END_MAX];
	uint64_t physical[END_MAX];
	bool spoiled[END_MAX]; /* by a flag, or by an address that wraps */
};

static void model_extent(struct model *m, const struct fiemap_extent *e)
{
	bool spoiled = e->fe_flags & ~HARMLESS || e->fe_physical > UINT64_MAX - e->fe_length;

	for (uint64_t at = e->fe_logical; at < e->fe_logical + e->fe_length && at < m->end; at++) {
		m->mapped[at] = true;
		m->spoiled[at] = spoiled;
		m->physical[at] = e->fe_physical + (at - e->fe_logical);
	}
	if (e->fe_logical + e->fe_length > m->end)
		m->past_eof += e->fe_logical + e->fe_length -
			       (e->fe_logical > m->end ? e->fe_logical : m->end);
}

static bool model_byte_is_fit(const struct model *m, const struct input *in, uint64_t at)
{
	uint64_t begin = at - at % in->align;
	uint64_t here = m->physical[at], there = m->physical[begin];

	if (!m->mapped[at] || m->spoiled[at])
		return false;
	if (in->has_device) {
		here = address_of(&in->device, here);
		there = address_of(&in->device, there);
	}
	return there % in->align == 0 && here == there + (at - begin);
}

static void model_runs(struct model *m)
{
	uint64_t triples[END_MAX][3];

	for (uint64_t at = 0; at < m->end; at++) {
		if (!at || m->physical[at] != m->physical[at - 1] + 1) {
			triples[m->runs][0] = htole64(at);
			triples[m->runs][1] = htole64(m->physical[at]);
			triples[m->runs++][2] = 0;
		}
		triples[m->runs - 1][2] = htole64(le64toh(triples[m->runs - 1][2]) + 1);
	}
	m->digest = XXH3_64bits(triples, m->runs * sizeof(triples[0]));
}

static void model_of(const struct input *in, struct model *m)
{
	uint64_t next = 0;

	memset(m, 0, sizeof(*m));
	m->end = (in->size + in->blocksize - 1) / in->blocksize * in->blocksize;
	m->sane = true;
	for (size_t i = 0; i < in->count && m->sane; i++) {
		const struct fiemap_extent *e = &in->extents[i];

		m->sane = e->fe_length && e->fe_logical >= next &&
			  e->fe_logical + e->fe_length > e->fe_logical;
		if (!m->sane)
			break;
		next = e->fe_logical + e->fe_length;
		model_extent(m, e);
	}
	while (m->first_hole < m->end && m->mapped[m->first_hole])
		m->first_hole++;
	m->fit = m->sane && m->end;
	for (uint64_t at = 0; at < m->end && m->fit; at++)
		m->fit = model_byte_is_fit(m, in, at);
	if (m->fit)
		model_runs(m);
}

/* Input from bytes */

struct bytes {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

static const uint32_t flags_of_a_kind[] = {
	FIEMAP_EXTENT_LAST,	  FIEMAP_EXTENT_MERGED,	  FIEMAP_EXTENT_UNKNOWN,
	FIEMAP_EXTENT_DELALLOC,	  FIEMAP_EXTENT_ENCODED,  FIEMAP_EXTENT_DATA_ENCRYPTED,
	FIEMAP_EXTENT_NOT_ALIGNED, FIEMAP_EXTENT_DATA_INLINE, FIEMAP_EXTENT_DATA_TAIL,
	FIEMAP_EXTENT_UNWRITTEN,  FIEMAP_EXTENT_SHARED,	  1u << 30,
};

/*
 * Most extents follow the one before, or nothing would ever be accepted. Lengths
 * and places are mostly whole pieces.
 */
static struct fiemap_extent likely_extent(struct bytes *b, const struct fiemap_extent *before,
					  uint64_t align)
{
	uint8_t where = take(b), length = take(b), place = take(b), flag = take(b);
	struct fiemap_extent e = {
		.fe_logical = before->fe_logical + before->fe_length,
		.fe_physical = before->fe_physical + before->fe_length,
		.fe_length = length < 208 ? (1 + length % 8) * align : length,
	};

	if (where >= 248)
		e.fe_logical += (int8_t)take(b);
	if (where < 64)
		e.fe_physical = place < 240 ? place * align : place;
	if (where == 64)
		e.fe_physical = -(uint64_t)place;
	if (where == 65)
		e.fe_logical = -(uint64_t)place;
	if (where == 66)
		e.fe_length = -(uint64_t)place;
	if (flag >= 240)
		e.fe_flags = flags_of_a_kind[flag % ARRAY_SIZE(flags_of_a_kind)];
	return e;
}

static void take_extents(struct bytes *b, bool raw, struct input *in)
{
	struct fiemap_extent *e, before = { 0 };

	for (; in->count < EXTENTS_MAX && b->left; in->count++) {
		e = &in->extents[in->count];
		if (!raw) {
			before = *e = likely_extent(b, &before, in->align);
			continue;
		}
		for (size_t i = 0; i < sizeof(*e); i++)
			((uint8_t *)e)[i] = take(b);
	}
}

static void take_input(struct bytes *b, struct input *in)
{
	uint8_t kind = take(b);

	memset(in, 0, sizeof(*in));
	in->size = take(b) % (SIZE_MAX_ + 1);
	in->blocksize = 1u << take(b) % 5;
	in->align = 1ULL << take(b) % 6;
	in->has_device = kind & 2;
	in->device = (struct device){
		.shift = kind & 4 ? take(b) : 0,
		.jump = kind & 8 ? take(b) * in->align : UINT64_MAX,
		.skew = kind & 16 ? take(b) : in->align,
		.part = 1 + take(b),
	};
	take_extents(b, kind & 1, in);
	/* addresses that wrap in the device are not the judge's to find */
	for (size_t i = 0; i < in->count && in->has_device; i++)
		in->extents[i].fe_physical %= 1ULL << 62;
}

/* The comparison */

static uint64_t accepted, refused;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the judge and the model differ: %s\n", what);
	abort();
}

static void compare(const struct input *in, const struct model *m,
		    const struct staticdax_result *result)
{
	must(result->extents == in->count, "extents");
	must((result->reason == STATICDAX_OK) == m->fit, "whether the file is fit");
	if (m->fit) {
		accepted++;
		must(result->runs == m->runs, "runs");
		must(result->digest == m->digest, "digest");
		must(result->past_eof == m->past_eof, "bytes past the end");
		must(result->offset == STATICDAX_NO_OFFSET, "an offset without an offence");
		return;
	}
	refused++;
	must(!result->runs && !result->digest, "a digest of what was refused");
	if (result->reason == STATICDAX_HOLE)
		must(result->offset == m->first_hole && m->first_hole < m->end, "the hole");
	else if (m->sane && m->end)
		must(result->offset < m->end && m->mapped[result->offset], "the offence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(sdax_judge_free) struct sdax_judge judge = SDAX_JUDGE_NONE;
	struct bytes bytes = { data, size };
	struct staticdax_result result = { 0 };
	struct model model;
	struct input in;

	take_input(&bytes, &in);
	model_of(&in, &model);
	must(!sdax_judge_init(&judge, in.size, in.blocksize, in.align,
			      in.has_device ? translate : NULL, &in.device), "init");
	for (size_t i = 0; i < in.count; i++)
		sdax_judge_extent(&judge, &in.extents[i]);
	sdax_judge_done(&judge, &result);
	compare(&in, &model, &result);
	return 0;
}

#ifndef LIBFUZZER

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

int main(int argc, char **argv)
{
	unsigned long iterations = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 20170622, state;
	uint64_t words[24];

	state = seed ? seed : 1;
	tap_diag("%lu inputs, seed %llu", iterations, (unsigned long long)seed);
	for (unsigned long i = 0; i < iterations; i++) {
		for (size_t w = 0; w < ARRAY_SIZE(words); w++)
			words[w] = next_random(&state);
		LLVMFuzzerTestOneInput((const uint8_t *)words,
				       next_random(&state) % sizeof(words));
	}
	tap_diag("%llu accepted, %llu refused", (unsigned long long)accepted,
		 (unsigned long long)refused);
	tap_ok(accepted && refused, "judge_agrees_with_the_model");
	return tap_done();
}

#endif
