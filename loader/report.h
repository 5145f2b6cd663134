/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only writer to stdout: answers for people, or as JSON.
 *
 * JSON. Every document is one object with "version": 1. seal, unseal, check,
 * create, prepare, get and apply have an array "files", list has "seals", doctor has "answers"; they
 * are printed element by element, one a line, in the order of the command
 * line. status has its members at the top. Members may be added; none goes or
 * changes its meaning while version stays. Every member below is always there
 * except those ending in _hex; what is not known is null. Numbers are
 * integers below 2^64, sizes and offsets are bytes, a digest is a string of 16
 * hexadecimal digits. The text is valid UTF-8: a name that is not comes with
 * \xHH for its bad bytes and control characters (and \\ for a backslash), and
 * a second member path_hex or comm_hex has its bytes as hexadecimal digits.
 *
 * What went wrong, in every document, file, record of get, and in status:
 *   error      name of an errno ("EBUSY") or null
 *   reason     a word of staticdax_reason_word(), "ok" if nothing
 *   detail     what reason alone does not say
 *   remedy     what to do about it
 *   message    all of that as the sentence on stderr
 *
 * Elements of "files" of seal, unseal, check, create and, with more, apply
 * (report_apply.h):
 *   path       as given; of unseal --all, as it was sealed
 *   answer     "yes" (done, or fit), "no", "usage", "failed", "cannot", "held"
 *   offset     first offending byte, or null
 *   address    device address there, or null
 *   align, size, extents, runs, digest, past_eof   of the extent map
 *   changed    true: this call sealed or unsealed it
 *   unshared   true: XFS reflink leftovers were cleared
 *   lapsed     true: seal found the record of a seal that had lapsed
 *   moved      true: and the map is not the one that was recorded
 *   holders    array of {pid, comm, fd or null, start or null, writable}
 *   holders_count  how many were found; the array may have fewer
 *
 * Elements of "files" of verify: the members of check, of what is found now,
 * and seal, an object like those of "seals" with what was recorded, or null.
 *
 * prepare has more in them, of what was done or with --dry-run would be:
 *   relocated  true: the whole file is in other blocks
 *   holes, unwritten   bytes written out; of a hole also allocated
 *   shared     bytes unshared
 *   trimmed    bytes freed beyond the end
 *
 * Elements of "files" of get, and of "seals":
 *   path       get: as given; list: as it was sealed
 *   state      "none", "pending", "sealed", "lapsed"
 *   sealed     true for state "sealed"
 *   mode       "static", "swapfile", "noshrink"
 *   audit      true: operations are reported, not refused
 *   dax        the file was DAX when sealed
 *   dev        "MAJOR:MINOR"
 *   ino, generation, denials, size, align, runs, digest
 *   sealed_at  UTC, "2031-05-07T11:13:17Z"; sealed_at_ns since 1970
 *   lapse      why it lapsed; lapsed_at, as sealed_at; lapsed_at_ns since boot
 *   last_denial  null or {time, time_ns, op, offset, length, errno, comm, pid,
 *              uid}, as a line of monitor has them
 * In get, state and all below are null if the question failed, and all from
 * mode on are null for state "none".
 *
 * status: attached, enforcing, abi, capacity, seals, audits, pending, lapsed,
 * swept, denied, audited, no_token, token_lost, generation_changed (null if
 * they could not be read), hooks: array of {name, wanted, attached,
 * provable, proved}; lapsed_seals: array of elements as of "seals", of at most
 * 16 of those that lapsed.
 *
 * Elements of "answers": question, yes, required, detail, remedy.
 */
#ifndef SDAX_REPORT_H
#define SDAX_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "staticdax.h"

struct json_object;

#define REPORT_TIME 32

struct report {
	FILE *out;
	bool json;
	int journal;		/* of journal_open(), or -1 */
	bool denials;		/* list and get: also the last denial */
	bool more;		/* an element has been printed */
	int error;		/* 0 or the negative errno of the first failure */
	uint64_t out_at;	/* the last flush, CLOCK_MONOTONIC, ns */
	/* columns of list */
	int path_width;
	int size_width;
	int runs_width;
};

/* out stays the caller's. */
void report_init(struct report *report, FILE *out, bool json);

/* Flushes. 0, or why not everything arrived. */
int report_done(struct report *report);

/*
 * After an element: what was changed is out before the next file is touched, and what
 * failed before stderr says why. All else when a tenth of a second has gone by.
 */
void report_soon(struct report *report, const struct staticdax_result *result);

/* Around elements; failure is of the whole run, or NULL. */
void report_begin(struct report *report, const char *array);
void report_end(struct report *report, const struct staticdax_result *failure);

/* An element of the array, which the call puts. */
struct json_object;
void report_element(struct report *report, struct json_object *object);

/* For --help, --version and completion. */
__attribute__((format(printf, 2, 3)))
void report_text(struct report *report, const char *format, ...);

/* One path each; a failure shows in JSON only. */
void report_sealed(struct report *report, const char *path, bool audit,
		   const struct staticdax_result *result);
void report_unsealed(struct report *report, const char *path,
		     const struct staticdax_result *result);
void report_created(struct report *report, const char *path,
		    const struct staticdax_result *result);
/* dry_run: work is what would be done. */
void report_prepared(struct report *report, const char *path, bool dry_run,
		     const struct staticdax_work *work,
		     const struct staticdax_result *result);
/* For people only; a failure shows nothing. */
void report_planned(struct report *report, const char *path, bool seal,
		    const struct staticdax_result *result);
/* As report_planned(): from one seal to another, what "of" it. */
void report_changed(struct report *report, const char *path, bool planned,
		    const char *of, const char *from, const char *to,
		    const struct staticdax_result *result);
void report_upgraded(struct report *report,
		     const struct staticdax_result *result);
void report_checked(struct report *report, const char *path,
		    const struct staticdax_result *result);
void report_got(struct report *report, const char *path,
		const struct staticdax_seal *seal,
		const struct staticdax_result *result);

/* seal is what was recorded. */
void report_verified(struct report *report, const char *path,
		     const struct staticdax_seal *seal,
		     const struct staticdax_result *result);

/* list: measure every record, then begin, then print every record. */
void report_list_measure(struct report *report,
			 const struct staticdax_seal *seal);
void report_list_begin(struct report *report);
void report_list_seal(struct report *report, const struct staticdax_seal *seal);

/* Some of the seals that have lapsed; the paths belong to the caller. */
#define REPORT_LAPSES 16

struct report_lapses {
	struct staticdax_seal seals[REPORT_LAPSES];
	size_t count;
};
void report_locked(struct report *report,
		   const struct staticdax_result *result);

void report_status(struct report *report,
		   const struct staticdax_status *status,
		   const struct report_lapses *lapses, bool known);
void report_doctor(struct report *report,
		   const struct staticdax_answer_line *line);

/* For the parts of report: takes the object; local time, or "-" for 0. */
void report_object(struct report *report, struct json_object *object);
/* " to 5" (a new size), " at 4096+512", or "". */
void report_place(uint64_t offset, uint64_t length, char *text, size_t size);
const char *report_time(uint64_t ns, char text[static REPORT_TIME]);

#endif
