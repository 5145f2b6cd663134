// SPDX-License-Identifier: GPL-2.0-or-later
/* Reasons: words, answers, errnos, and the sentence for people. */
#include <errno.h>
#include <string.h>

#include "../tap.h"
#include "util.h"
#include "words.h"

/* What scripts and callers rely on; a change here is a change of the API. */
static const struct {
	enum staticdax_reason reason;
	const char *word;
	enum staticdax_answer answer;
	int error;
} rows[] = {
	{ STATICDAX_OK, "ok", STATICDAX_YES, 0 },
	{ STATICDAX_BAD_ALIGN, "bad_align", STATICDAX_USAGE, EINVAL },
	{ STATICDAX_BAD_OPTION, "bad_option", STATICDAX_USAGE, EINVAL },
	{ STATICDAX_NOT_REGULAR, "not_regular", STATICDAX_NO, EINVAL },
	{ STATICDAX_EMPTY, "empty", STATICDAX_NO, EINVAL },
	{ STATICDAX_DELETED, "deleted", STATICDAX_NO, EINVAL },
	{ STATICDAX_FILESYSTEM, "filesystem", STATICDAX_NO, EINVAL },
	{ STATICDAX_NOT_DAX, "not_dax", STATICDAX_NO, EINVAL },
	{ STATICDAX_IMMUTABLE, "immutable", STATICDAX_NO, EINVAL },
	{ STATICDAX_APPEND_ONLY, "append_only", STATICDAX_NO, EINVAL },
	{ STATICDAX_ENCRYPTED, "encrypted", STATICDAX_NO, EINVAL },
	{ STATICDAX_VERITY, "verity", STATICDAX_NO, EINVAL },
	{ STATICDAX_ZONED, "zoned", STATICDAX_NO, EINVAL },
	{ STATICDAX_PRIVATE, "private", STATICDAX_NO, EINVAL },
	{ STATICDAX_HOLE, "hole", STATICDAX_NO, EINVAL },
	{ STATICDAX_UNWRITTEN, "unwritten", STATICDAX_NO, EINVAL },
	{ STATICDAX_DELALLOC, "delalloc", STATICDAX_NO, EINVAL },
	{ STATICDAX_SHARED, "shared", STATICDAX_NO, EINVAL },
	{ STATICDAX_INLINE, "inline", STATICDAX_NO, EINVAL },
	{ STATICDAX_ENCODED, "encoded", STATICDAX_NO, EINVAL },
	{ STATICDAX_UNMAPPED, "unmapped", STATICDAX_NO, EINVAL },
	{ STATICDAX_SPLIT, "split", STATICDAX_NO, EINVAL },
	{ STATICDAX_MISALIGNED, "misaligned", STATICDAX_NO, EINVAL },
	{ STATICDAX_COW_STAGED, "cow_staged", STATICDAX_NO, EINVAL },
	{ STATICDAX_NO_ADDRESS, "no_address", STATICDAX_NO, EINVAL },
	{ STATICDAX_SWAPFILE, "swapfile", STATICDAX_HELD_BY_OTHERS, EBUSY },
	{ STATICDAX_HELD, "held", STATICDAX_HELD_BY_OTHERS, EBUSY },
	{ STATICDAX_LEASED, "leased", STATICDAX_HELD_BY_OTHERS, EBUSY },
	{ STATICDAX_OTHER_MODE, "other_mode", STATICDAX_NO, EBUSY },
	{ STATICDAX_CHANGED, "changed", STATICDAX_FAILED, EBUSY },
	{ STATICDAX_NO_PRIVILEGE, "no_privilege", STATICDAX_FAILED, EPERM },
	{ STATICDAX_NO_BPF_LSM, "no_bpf_lsm", STATICDAX_CANNOT, EOPNOTSUPP },
	{ STATICDAX_LSM_OFF, "lsm_off", STATICDAX_CANNOT, EOPNOTSUPP },
	{ STATICDAX_NO_LEASES, "no_leases", STATICDAX_FAILED, EOPNOTSUPP },
	{ STATICDAX_CANARY, "canary", STATICDAX_FAILED, EBADFD },
	{ STATICDAX_PINS_VERSION, "pins_version", STATICDAX_FAILED, EPROTO },
	{ STATICDAX_PINS_BROKEN, "pins_broken", STATICDAX_FAILED, EBADFD },
	{ STATICDAX_PROGRAMS_NEWER, "programs_newer", STATICDAX_FAILED, EEXIST },
	{ STATICDAX_REGISTRY_FULL, "registry_full", STATICDAX_FAILED, ENOSPC },
	{ STATICDAX_SYSTEM, "system", STATICDAX_FAILED, 0 },
	{ STATICDAX_REGISTRY_SIZE, "registry_size", STATICDAX_FAILED, EEXIST },
	{ STATICDAX_NOT_SEALED, "not_sealed", STATICDAX_NO, ENODATA },
	{ STATICDAX_LAPSED, "lapsed", STATICDAX_NO, ESTALE },
	{ STATICDAX_UNREACHABLE, "unreachable", STATICDAX_NO, ENOENT },
	{ STATICDAX_ALTERED, "altered", STATICDAX_NO, EUCLEAN },
	{ STATICDAX_MOVED, "moved", STATICDAX_NO, EUCLEAN },
	{ STATICDAX_EXISTS, "exists", STATICDAX_FAILED, EEXIST },
	{ STATICDAX_GEOMETRY, "geometry", STATICDAX_FAILED, EINVAL },
	{ STATICDAX_NO_PLACE, "no_place", STATICDAX_FAILED, ENOSPC },
	{ STATICDAX_SEALED, "is_sealed", STATICDAX_NO, EBUSY },
	{ STATICDAX_LINKED, "linked", STATICDAX_NO, EMLINK },
	{ STATICDAX_LEFTOVER, "leftover", STATICDAX_FAILED, EEXIST },
	{ STATICDAX_NOSHRINK_FILESYSTEM, "noshrink_filesystem", STATICDAX_NO, EINVAL },
	{ STATICDAX_NUMBER_TAKEN, "number_taken", STATICDAX_NO, EBUSY },
	{ STATICDAX_PINS_GONE, "pins_gone", STATICDAX_FAILED, EBADFD },
	{ STATICDAX_TAMPERED, "tampered", STATICDAX_FAILED, EBADFD },
	{ STATICDAX_LOCKED, "locked", STATICDAX_FAILED, EPERM },
	{ STATICDAX_GUARD_HELD, "guard_held", STATICDAX_HELD_BY_OTHERS, EBUSY },
	{ STATICDAX_UNSEEN, "unseen", STATICDAX_FAILED, ESTALE },
	{ STATICDAX_BUSY, "busy", STATICDAX_FAILED, EAGAIN },
};

_Static_assert(ARRAY_SIZE(rows) == STATICDAX_REASON_MAX_,
	       "a reason is not tested");

static const struct {
	const char *name;
	struct staticdax_result result;
	const char *text;
} sentences[] = {
	{ "hole",
	  { .reason = STATICDAX_HOLE, .offset = 4096,
	    .address = STATICDAX_NO_OFFSET },
	  "at offset 4096 (0x1000): has a hole; write it out with staticdax prepare" },
	{ "hole at the very beginning",
	  { .reason = STATICDAX_SHARED, .offset = 0,
	    .address = STATICDAX_NO_OFFSET },
	  "at offset 0 (0x0): shares blocks with another file (reflink); unshare it with staticdax prepare" },
	{ "misaligned shows the address",
	  { .reason = STATICDAX_MISALIGNED, .offset = 2097152,
	    .address = 0x1234000, .align = 2097152 },
	  "at offset 2097152 (0x200000): is not aligned on the device (device address 0x1234000, wanted a multiple of 0x200000); move it with staticdax prepare --relocate, or use a smaller --align" },
	{ "a place without an offset",
	  { .reason = STATICDAX_INLINE, .offset = STATICDAX_NO_OFFSET,
	    .address = STATICDAX_NO_OFFSET },
	  "is stored inside its inode and has no blocks; make it larger, or use a filesystem without inline data" },
	{ "no offset where it means nothing",
	  { .reason = STATICDAX_HELD },
	  "is open or mapped by others; close it there, seal it with --wait SECONDS, or unseal it with --force" },
	{ "detail stands before the remedy",
	  { .reason = STATICDAX_LSM_OFF, .detail = "lsm=yama" },
	  "the BPF LSM is not switched on: lsm=yama; boot with lsm=...,bpf where ... is what /sys/kernel/security/lsm says now" },
	{ "detail cannot make a second line",
	  { .reason = STATICDAX_IMMUTABLE, .detail = "a\nb\033c\x7f" },
	  "has the immutable attribute: a?b?c?; remove it with chattr -i" },
	{ "system",
	  { .reason = STATICDAX_SYSTEM, .error = -ENOENT },
	  "No such file or directory" },
	{ "system with detail",
	  { .reason = STATICDAX_SYSTEM, .error = -EACCES, .detail = "open" },
	  "open: Permission denied" },
	{ "ok",
	  { .reason = STATICDAX_OK },
	  "there is nothing against it" },
	{ "a reason from a later version",
	  { .reason = STATICDAX_REASON_MAX_, .error = -EIO },
	  "Input/output error" },
};

static void test_table(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum staticdax_reason reason = rows[i].reason;

		tap_ok(reason == i &&
		       !strcmp(staticdax_reason_word(reason), rows[i].word) &&
		       staticdax_answer_of(reason) == rows[i].answer &&
		       sdax_reason_errno(reason) == rows[i].error,
		       "%s", rows[i].word);
	}
}

/* Whoever is refused is told what to do. */
static void test_remedies(void)
{
	for (int i = STATICDAX_OK + 1; i < STATICDAX_REASON_MAX_; i++)
		tap_ok(i == STATICDAX_SYSTEM ||
		       (sdax_reason_remedy(i) && *sdax_reason_remedy(i)),
		       "%s has a remedy", staticdax_reason_word(i));
}

static void test_unknown(void)
{
	tap_ok(!strcmp(staticdax_reason_word(-1), "system"),
	       "a negative reason has a word");
	tap_ok(staticdax_answer_of(1000) == STATICDAX_FAILED,
	       "an unknown reason is a failure");
	tap_ok(!strcmp(staticdax_mode_word(STATICDAX_MODE_STATIC), "static"),
	       "mode static");
	tap_ok(!strcmp(staticdax_mode_word(STATICDAX_MODE_SWAPFILE),
		       "swapfile"), "mode swapfile");
	tap_ok(!strcmp(staticdax_mode_word(STATICDAX_MODE_NOSHRINK),
		       "noshrink"), "mode noshrink");
	tap_ok(!strcmp(staticdax_mode_word(99), "unknown"), "mode unknown");
}

static void test_sentences(void)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		int n = staticdax_explain(&sentences[i].result, text,
					  sizeof(text));

		if (!tap_ok(!strcmp(text, sentences[i].text) &&
			    n == (int)strlen(text), "%s", sentences[i].name))
			tap_diag("%s", text);
	}
}

/* As snprintf: any size will do, the length is of the whole. */
static void test_truncation(void)
{
	struct staticdax_result result = {
		.reason = STATICDAX_MISALIGNED, .offset = 4096,
		.address = 4096, .align = 8192,
	};
	char whole[512];
	int length = staticdax_explain(&result, whole, sizeof(whole));
	bool good = staticdax_explain(&result, NULL, 0) == length;

	memset(result.detail, 'd', sizeof(result.detail));
	length = staticdax_explain(&result, whole, sizeof(whole));
	for (int size = 1; size <= length + 1; size++) {
		/* exactly as long: writing beyond is seen by the sanitizer */
		_cleanup_free_ char *part = malloc(size);

		good = good &&
		       staticdax_explain(&result, part, size) == length &&
		       !strncmp(part, whole, size - 1) && !part[size - 1];
	}
	tap_ok(good, "cut at every length, and detail without an end");
}

static void test_errno_is_kept(void)
{
	struct staticdax_result result = {
		.reason = STATICDAX_SYSTEM, .error = -ENOENT,
	};
	char text[64];

	errno = ELOOP;
	staticdax_explain(&result, text, sizeof(text));
	tap_ok(errno == ELOOP, "errno is left alone");
}

int main(void)
{
	test_table();
	test_remedies();
	test_unknown();
	test_sentences();
	test_truncation();
	test_errno_is_kept();
	return tap_done();
}
