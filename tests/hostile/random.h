/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that a seed repeats: splitmix64, one state a thread.
 */
#ifndef STATICDAX_TESTS_RANDOM_H
#define STATICDAX_TESTS_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Evenly enough from [0, n), n > 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

/* The stream of one of several threads. */
static inline uint64_t random_stream(uint64_t seed, unsigned int number)
{
	uint64_t state = seed + number * 0xd1342543de82ef95ULL;

	return random_next(&state);
}

#endif
