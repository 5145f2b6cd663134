// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for reasons and modes: one table, and the sentence made from it. */
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "util.h"

struct row {
	const char *word;
	const char *text;	/* what follows the file's name; NULL: the errno */
	const char *remedy;
	enum staticdax_answer answer;
	int error;
	bool placed;		/* offset says where */
};

enum { COUNTED_BEFORE = __COUNTER__ };

/* Counts the rows, so that a reason without one does not compile. */
#define ROW(name) [STATICDAX_##name + 0 * __COUNTER__]

static const struct row rows[] = {
	ROW(OK) = {
		.word = "ok", .answer = STATICDAX_YES,
		.text = "there is nothing against it",
	},
	ROW(BAD_ALIGN) = {
		.word = "bad_align", .answer = STATICDAX_USAGE, .error = EINVAL,
		.text = "cannot be aligned to that",
		.remedy = "the alignment must be a power of two and at least the page size, e.g. 4K or 2M",
	},
	ROW(BAD_OPTION) = {
		.word = "bad_option", .answer = STATICDAX_USAGE, .error = EINVAL,
		.text = "the options are not valid",
		.remedy = "see staticdax(8)",
	},
	ROW(NOT_REGULAR) = {
		.word = "not_regular", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "is not a regular file",
		.remedy = "name a regular file; only those can be sealed",
	},
	ROW(EMPTY) = {
		.word = "empty", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "is empty and has no blocks to keep in place",
		.remedy = "write it in its full size first; a sealed file cannot grow",
	},
	ROW(DELETED) = {
		.word = "deleted", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "has been deleted",
		.remedy = "copy it to a file that has a name",
	},
	ROW(FILESYSTEM) = {
		.word = "filesystem", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "lies on a filesystem that cannot keep blocks in place",
		.remedy = "copy it to ext4 or XFS",
	},
	ROW(NOT_DAX) = {
		.word = "not_dax", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "is not DAX",
		.remedy = "mount its filesystem with -o dax=always, or use --no-dax to seal it nevertheless",
	},
	ROW(IMMUTABLE) = {
		.word = "immutable", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "has the immutable attribute",
		.remedy = "remove it with chattr -i",
	},
	ROW(APPEND_ONLY) = {
		.word = "append_only", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "has the append-only attribute",
		.remedy = "remove it with chattr -a",
	},
	ROW(ENCRYPTED) = {
		.word = "encrypted", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "is encrypted by the filesystem",
		.remedy = "copy it to a directory without an encryption policy",
	},
	ROW(VERITY) = {
		.word = "verity", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "has fs-verity enabled",
		.remedy = "copy it; the copy has not",
	},
	ROW(ZONED) = {
		.word = "zoned", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "lies on a zoned device, which does not write in place",
		.remedy = "copy it to a filesystem on a device without zones",
	},
	ROW(PRIVATE) = {
		.word = "private", .answer = STATICDAX_NO, .error = EINVAL,
		.text = "belongs to the filesystem itself",
		.remedy = "name a file of your own",
	},
	ROW(HOLE) = {
		.word = "hole", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "has a hole",
		.remedy = "write it out with staticdax prepare",
	},
	ROW(UNWRITTEN) = {
		.word = "unwritten", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is allocated but never written",
		.remedy = "write it out with staticdax prepare",
	},
	ROW(DELALLOC) = {
		.word = "delalloc", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is written but has no blocks yet",
		.remedy = "write it out with sync, and try again",
	},
	ROW(SHARED) = {
		.word = "shared", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "shares blocks with another file (reflink)",
		.remedy = "unshare it with staticdax prepare",
	},
	ROW(INLINE) = {
		.word = "inline", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is stored inside its inode and has no blocks",
		.remedy = "make it larger, or use a filesystem without inline data",
	},
	ROW(ENCODED) = {
		.word = "encoded", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is compressed or encrypted on the device",
		.remedy = "copy it to where it is stored as it is",
	},
	ROW(UNMAPPED) = {
		.word = "unmapped", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "has no device address that the filesystem would tell",
		.remedy = "copy it to ext4 or XFS on a plain device",
	},
	ROW(SPLIT) = {
		.word = "split", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is not contiguous within an aligned piece",
		.remedy = "move it with staticdax prepare --relocate, or use a smaller --align",
	},
	ROW(MISALIGNED) = {
		.word = "misaligned", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "is not aligned on the device",
		.remedy = "move it with staticdax prepare --relocate, or use a smaller --align",
	},
	ROW(COW_STAGED) = {
		.word = "cow_staged", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "would be moved by its next write (staged copy-on-write)",
		.remedy = "write it out with sync, or copy it with cp --reflink=never",
	},
	ROW(NO_ADDRESS) = {
		.word = "no_address", .answer = STATICDAX_NO, .error = EINVAL,
		.placed = true,
		.text = "lies on a device whose own address cannot be read",
		.remedy = "run it as root with /sys mounted: where a device begins is for others not to read",
	},
	ROW(SWAPFILE) = {
		.word = "swapfile", .answer = STATICDAX_HELD_BY_OTHERS,
		.error = EBUSY,
		.text = "is an active swapfile",
		.remedy = "end that with swapoff",
	},
	ROW(HELD) = {
		.word = "held", .answer = STATICDAX_HELD_BY_OTHERS,
		.error = EBUSY,
		.text = "is open or mapped by others",
		.remedy = "close it there, seal it with --wait SECONDS, or unseal it with --force",
	},
	ROW(LEASED) = {
		.word = "leased", .answer = STATICDAX_HELD_BY_OTHERS,
		.error = EBUSY,
		.text = "is under a lease of another process",
		.remedy = "end that process (see /proc/locks), or use --wait SECONDS",
	},
	ROW(OTHER_MODE) = {
		.word = "other_mode", .answer = STATICDAX_NO, .error = EBUSY,
		.text = "is sealed already, in another way",
		.remedy = "unseal it first, or let apply change it",
	},
	ROW(CHANGED) = {
		.word = "changed", .answer = STATICDAX_FAILED, .error = EBUSY,
		.text = "was changed while it was being sealed",
		.remedy = "stop those who write it, and try again",
	},
	ROW(NO_PRIVILEGE) = {
		.word = "no_privilege", .answer = STATICDAX_FAILED,
		.error = EPERM,
		.text = "needs a privilege that is missing",
		.remedy = "run it as root",
	},
	ROW(NO_BPF_LSM) = {
		.word = "no_bpf_lsm", .answer = STATICDAX_CANNOT,
		.error = EOPNOTSUPP,
		.text = "this kernel was built without the BPF LSM",
		.remedy = "boot a kernel with CONFIG_BPF_LSM=y and CONFIG_DEBUG_INFO_BTF=y",
	},
	ROW(LSM_OFF) = {
		.word = "lsm_off", .answer = STATICDAX_CANNOT,
		.error = EOPNOTSUPP,
		.text = "the BPF LSM is not switched on",
		.remedy = "boot with lsm=...,bpf where ... is what /sys/kernel/security/lsm says now",
	},
	ROW(NO_LEASES) = {
		.word = "no_leases", .answer = STATICDAX_FAILED,
		.error = EOPNOTSUPP,
		.text = "file leases are switched off",
		.remedy = "sysctl fs.leases-enable=1",
	},
	ROW(CANARY) = {
		.word = "canary", .answer = STATICDAX_FAILED, .error = EBADFD,
		.text = "the programs are attached but do not refuse",
		.remedy = "sysctl kernel.ftrace_enabled=1, then see staticdax status",
	},
	ROW(PINS_VERSION) = {
		.word = "pins_version", .answer = STATICDAX_FAILED,
		.error = EPROTO,
		.text = "what is pinned belongs to another version of staticdax",
		.remedy = "use that version, or give up its seals with staticdax unseal --all --force",
	},
	ROW(PINS_BROKEN) = {
		.word = "pins_broken", .answer = STATICDAX_FAILED,
		.error = EBADFD,
		.text = "what is pinned is not complete",
		.remedy = "see staticdax status; unseal everything and seal it again",
	},
	ROW(PROGRAMS_NEWER) = {
		.word = "programs_newer", .answer = STATICDAX_FAILED,
		.error = EEXIST,
		.text = "the programs in force are of a later version of staticdax",
		.remedy = "use that version, or go back with staticdax upgrade --force",
	},
	ROW(PINS_GONE) = {
		.word = "pins_gone", .answer = STATICDAX_FAILED,
		.error = EBADFD,
		.text = "the pins were removed behind staticdax's back, and every seal with them",
		.remedy = "acknowledge it with staticdax unseal --all --force, then seal again",
	},
	ROW(TAMPERED) = {
		.word = "tampered", .answer = STATICDAX_FAILED,
		.error = EBADFD,
		.text = "the registry was changed behind staticdax's back",
		.remedy = "unseal that file and seal it again; what happened to it meanwhile is not known",
	},
	ROW(LOCKED) = {
		.word = "locked", .answer = STATICDAX_FAILED, .error = EPERM,
		.text = "seals are locked until reboot",
		.remedy = "reboot; locked seals cannot be removed or changed before",
	},
	ROW(GUARD_HELD) = {
		.word = "guard_held", .answer = STATICDAX_HELD_BY_OTHERS,
		.error = EBUSY,
		.text = "seals cannot be locked while somebody could still change them",
		.remedy = "end that process, unload that program, and lock again",
	},
	ROW(UNSEEN) = {
		.word = "unseen", .answer = STATICDAX_FAILED,
		.error = ESTALE,
		.text = "the filesystem of a seal is gone, and the programs were not told",
		.remedy = "seal its files again where they are now; of locked seals the record goes with a reboot",
	},
	ROW(BUSY) = {
		.word = "busy", .answer = STATICDAX_FAILED, .error = EAGAIN,
		.text = "another command of staticdax has the registry",
		.remedy = "wait until it is over, or end it; fuser /run/staticdax/lock names it",
	},
	ROW(REGISTRY_FULL) = {
		.word = "registry_full", .answer = STATICDAX_FAILED,
		.error = ENOSPC,
		.text = "there is no room for another seal",
		.remedy = "unseal what needs no seal any more, see staticdax list; with nothing sealed, seal --registry makes a larger one",
	},
	ROW(SYSTEM) = {
		.word = "system", .answer = STATICDAX_FAILED,
	},
	ROW(REGISTRY_SIZE) = {
		.word = "registry_size", .answer = STATICDAX_FAILED,
		.error = EEXIST,
		.text = "the registry exists, in another size",
		.remedy = "leave out --registry, or end all seals first with staticdax unseal --all",
	},
	ROW(NOT_SEALED) = {
		.word = "not_sealed", .answer = STATICDAX_NO, .error = ENODATA,
		.text = "is not sealed",
		.remedy = "seal it with staticdax seal",
	},
	ROW(LAPSED) = {
		.word = "lapsed", .answer = STATICDAX_NO, .error = ESTALE,
		.text = "is no longer protected, its seal has lapsed",
		.remedy = "seal it again, which tells whether its blocks are where they were",
	},
	ROW(UNREACHABLE) = {
		.word = "unreachable", .answer = STATICDAX_NO, .error = ENOENT,
		.text = "cannot be looked at by the path at which it was sealed",
		.remedy = "if it has another path, verify that",
	},
	ROW(ALTERED) = {
		.word = "altered", .answer = STATICDAX_NO, .error = EUCLEAN,
		.text = "is not as it was when it was sealed",
		.remedy = "see to what relies on it, then unseal it and seal it again",
	},
	ROW(MOVED) = {
		.word = "moved", .answer = STATICDAX_NO, .error = EUCLEAN,
		.placed = true,
		.text = "does not lie where it did when it was sealed",
		.remedy = "see to what relies on it, then unseal it and seal it again",
	},
	ROW(EXISTS) = {
		.word = "exists", .answer = STATICDAX_FAILED, .error = EEXIST,
		.text = "exists already",
		.remedy = "name another file, or make that one fit with staticdax prepare",
	},
	ROW(GEOMETRY) = {
		.word = "geometry", .answer = STATICDAX_FAILED, .error = EINVAL,
		.text = "cannot be aligned like that on this filesystem",
		.remedy = "or use a smaller --align",
	},
	ROW(NO_PLACE) = {
		.word = "no_place", .answer = STATICDAX_FAILED, .error = ENOSPC,
		.text = "has no free place on the filesystem that is aligned like that",
		.remedy = "free more space in one piece, or use a smaller --align",
	},
	ROW(SEALED) = {
		.word = "is_sealed", .answer = STATICDAX_NO, .error = EBUSY,
		.text = "is sealed",
		.remedy = "unseal it first",
	},
	ROW(LINKED) = {
		.word = "linked", .answer = STATICDAX_NO, .error = EMLINK,
		.text = "has several hard links, of which only one could be relocated",
		.remedy = "remove the others, or copy it",
	},
	ROW(LEFTOVER) = {
		.word = "leftover", .answer = STATICDAX_FAILED, .error = EEXIST,
		.text = "was being relocated by a run that was killed, and is whole, as is what that left",
		.remedy = "compare the two, and remove the latter",
	},
	ROW(NOSHRINK_FILESYSTEM) = {
		.word = "noshrink_filesystem", .answer = STATICDAX_NO,
		.error = EINVAL,
		.text = "lies on a filesystem where nothing is known that would keep it from shrinking",
		.remedy = "copy it to ext4, XFS, btrfs or tmpfs; under overlayfs, seal the upper file by its own path",
	},
	ROW(NUMBER_TAKEN) = {
		.word = "number_taken", .answer = STATICDAX_NO, .error = EBUSY,
		.text = "has the inode number of another file that is sealed, as happens on a tmpfs with 32-bit numbers",
		.remedy = "copy it and seal the copy",
	},
};

_Static_assert(__COUNTER__ - COUNTED_BEFORE - 1 == STATICDAX_REASON_MAX_,
	       "a reason has no row, or two");
_Static_assert(ARRAY_SIZE(rows) == STATICDAX_REASON_MAX_,
	       "a row is beyond the reasons");

static const struct row *row_of(enum staticdax_reason reason)
{
	if ((size_t)reason < ARRAY_SIZE(rows))
		return &rows[reason];
	return &rows[STATICDAX_SYSTEM];
}

const char *staticdax_reason_word(enum staticdax_reason reason)
{
	return row_of(reason)->word;
}

enum staticdax_answer staticdax_answer_of(enum staticdax_reason reason)
{
	return row_of(reason)->answer;
}

int sdax_reason_errno(enum staticdax_reason reason)
{
	return row_of(reason)->error;
}

const char *sdax_reason_remedy(enum staticdax_reason reason)
{
	return row_of(reason)->remedy;
}

const char *staticdax_mode_word(enum staticdax_mode mode)
{
	switch (mode) {
	case STATICDAX_MODE_STATIC:
		return "static";
	case STATICDAX_MODE_SWAPFILE:
		return "swapfile";
	case STATICDAX_MODE_NOSHRINK:
		return "noshrink";
	}
	return "unknown";
}

struct line {
	char *buf;
	size_t size;
	size_t length;		/* that is or would be used */
};

__attribute__((format(printf, 2, 3)))
static void line_add(struct line *line, const char *format, ...)
{
	bool fits = line->length < line->size;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(fits ? line->buf + line->length : NULL,
		      fits ? line->size - line->length : 0, format, ap);
	va_end(ap);
	if (n > 0)
		line->length += n;
}

/* Part of detail may come from the system, and this is to stay one line. */
static void line_add_detail(struct line *line, const char *detail)
{
	char text[sizeof(((struct staticdax_result *)0)->detail)];
	size_t i;

	for (i = 0; i < sizeof(text) - 1 && detail[i]; i++) {
		unsigned char c = detail[i];

		text[i] = c < ' ' || c == 0x7f ? '?' : c;
	}
	text[i] = '\0';
	line_add(line, "%s", text);
}

/* strerror(3) is not for threads everywhere; %m is. */
static void line_add_error(struct line *line, int error)
{
	int saved = errno;

	errno = error < 0 ? -error : error;
	line_add(line, "%m");
	errno = saved;
}

static void line_add_place(struct line *line,
			   const struct staticdax_result *result)
{
	if (result->offset == STATICDAX_NO_OFFSET)
		return;
	line_add(line, "at offset %" PRIu64 " (0x%" PRIx64 "): ",
		 result->offset, result->offset);
}

static void line_add_address(struct line *line,
			     const struct staticdax_result *result)
{
	if (result->address == STATICDAX_NO_OFFSET)
		return;
	line_add(line, " (device address 0x%" PRIx64, result->address);
	if (result->align)
		line_add(line, ", wanted a multiple of 0x%" PRIx64,
			 result->align);
	line_add(line, ")");
}

int staticdax_explain(const struct staticdax_result *result, char *buf,
		      size_t size)
{
	const struct row *row = row_of(result->reason);
	struct line line = { .buf = buf, .size = size };

	line_add(&line, "%s", "");
	if (!row->text) {
		line_add_detail(&line, result->detail);
		line_add(&line, "%s", result->detail[0] ? ": " : "");
		line_add_error(&line, result->error);
		return line.length;
	}
	if (row->placed)
		line_add_place(&line, result);
	line_add(&line, "%s", row->text);
	if (result->reason == STATICDAX_MISALIGNED)
		line_add_address(&line, result);
	if (result->detail[0]) {
		line_add(&line, ": ");
		line_add_detail(&line, result->detail);
	}
	if (row->remedy)
		line_add(&line, "; %s", row->remedy);
	return line.length;
}
