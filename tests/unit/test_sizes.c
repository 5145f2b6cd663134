// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs built against an older header: their structures are shorter, and what
 * lies behind them is theirs. And against a later one, with flags that are not known.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "staticdax.h"
#include "tap.h"

#define THEIRS 0xa5

/* As long as it was before its member was added. */
#define OLD(type, member) offsetof(struct type, member)

static bool is_untouched(const void *structure, size_t size, size_t whole)
{
	const unsigned char *bytes = structure;

	for (size_t i = size; i < whole; i++)
		if (bytes[i] != THEIRS)
			return false;
	return true;
}

static void shorten(void *structure, uint32_t size, size_t whole)
{
	memset(structure, THEIRS, whole);
	*(uint32_t *)structure = size;
}

#define UNTOUCHED(s, type, member, name)                                  \
	tap_ok(*(uint32_t *)&(s) == OLD(type, member) &&                  \
	       is_untouched(&(s), OLD(type, member), sizeof(s)), "%s", name)

static void note_reason(void *arg, const struct staticdax_seal *seal,
			const struct staticdax_result *result)
{
	*(enum staticdax_reason *)arg = seal ? STATICDAX_OK : result->reason;
}

static void flags_of_the_future(struct staticdax *sd)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result = STATICDAX_INIT(staticdax_result);
	struct staticdax_work work = STATICDAX_INIT(staticdax_work);
	enum staticdax_reason reason = STATICDAX_OK;
	const uint32_t flag = 1u << 31;
	uint64_t count;

	options.flags = flag;
	tap_ok(staticdax_check(sd, "/proc/self", &options, &result) == -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "check_with_unknown_flag");
	tap_ok(staticdax_seal(sd, "/proc/self", &options, &result) == -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "seal_with_unknown_flag");
	tap_ok(staticdax_create(sd, "/proc/self/x", 1, &options, &result) ==
			       -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "create_with_unknown_flag");
	tap_ok(staticdax_prepare(sd, "/proc/self", &options, &work, &result) ==
			       -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "prepare_with_unknown_flag");
	tap_ok(staticdax_unseal(sd, "/proc/self", flag, &result) == -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "unseal_with_unknown_flag");
	tap_ok(staticdax_upgrade(sd, flag, &result) == -EINVAL &&
		       result.reason == STATICDAX_BAD_OPTION,
	       "upgrade_with_unknown_flag");
	tap_ok(staticdax_unseal_all(sd, NULL, flag, note_reason, &reason,
				    &count) == -EINVAL &&
		       reason == STATICDAX_BAD_OPTION,
	       "unseal_all_with_unknown_flag");
	options.flags = STATICDAX_CHANGE;
	staticdax_check(sd, "/proc/self", &options, &result);
	tap_ok(result.reason == STATICDAX_NOT_REGULAR, "check_with_known_flag");
}

int main(void)
{
	struct staticdax_options options = STATICDAX_INIT(staticdax_options);
	struct staticdax_result result;
	struct staticdax_seal seal;
	struct staticdax_map map;
	struct staticdax *sd;

	if (!tap_ok(!staticdax_new(&sd), "new"))
		return tap_done();
	shorten(&seal, OLD(staticdax_seal, denials), sizeof(seal));
	tap_ok(!staticdax_get(sd, "/proc/self/exe", &seal) &&
	       seal.state == STATICDAX_STATE_NONE, "get");
	UNTOUCHED(seal, staticdax_seal, denials, "short_seal");

	shorten(&result, OLD(staticdax_result, align), sizeof(result));
	staticdax_check(sd, "/proc/self", &options, &result);
	tap_ok(result.reason == STATICDAX_NOT_REGULAR, "check");
	UNTOUCHED(result, staticdax_result, align, "short_result");

	shorten(&map, OLD(staticdax_map, past_eof), sizeof(map));
	staticdax_map(sd, "/proc/self", NULL, NULL, &map, &result);
	UNTOUCHED(map, staticdax_map, past_eof, "short_map");

	/* and a newer one, which knows more than is filled in */
	memset(&seal, 0, sizeof(seal));
	seal.size = sizeof(seal) + 64;
	tap_ok(!staticdax_get(sd, "/proc/self/exe", &seal) &&
	       seal.size == sizeof(seal) + 64, "longer_seal_keeps_its_size");
	flags_of_the_future(sd);
	staticdax_free(sd);
	return tap_done();
}
