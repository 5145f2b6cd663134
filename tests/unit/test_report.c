// SPDX-License-Identifier: GPL-2.0-or-later
/* What reaches stdout, for people and as JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "../tap.h"
#include "quote.h"
#include "report.h"
#include "util.h"

/* A report into memory. */
struct capture {
	struct report report;
	char *text;
	size_t length;
	FILE *out;
};

static void capture_begin(struct capture *capture, bool json)
{
	capture->out = open_memstream(&capture->text, &capture->length);
	report_init(&capture->report, capture->out, json);
}

static void capture_end(struct capture *capture)
{
	report_done(&capture->report);
	fclose(capture->out);
}

static const struct staticdax_result fit = {
	.offset = STATICDAX_NO_OFFSET, .address = STATICDAX_NO_OFFSET,
	.align = 4096, .file_size = 8192, .extents = 2, .runs = 1,
	.digest = 0x1234, .changed = true,
};

static const struct staticdax_result hole = {
	.reason = STATICDAX_HOLE, .error = -EINVAL, .offset = 4096,
	.address = STATICDAX_NO_OFFSET, .align = 4096, .file_size = 8192,
};

static const struct staticdax_result held = {
	.reason = STATICDAX_HELD, .error = -EBUSY,
	.offset = STATICDAX_NO_OFFSET, .address = STATICDAX_NO_OFFSET,
	.holders_count = 2,
	.holders = {
		{ .pid = 7, .fd = 3, .writable = true, .comm = "edi\xfftor" },
		{ .pid = 8, .fd = -1, .start = 4096, .comm = "x" },
	},
};

static const struct staticdax_seal sealed = {
	.state = STATICDAX_STATE_SEALED, .dax = true,
	.dev = 259 << 20 | 3, .ino = UINT64_MAX, .file_size = 8192,
	.align = 2097152, .runs = 1, .digest = UINT64_MAX,
	.sealed_at = 1935919997123456789, .path = "/pmem/a",
};

/* What a hostile user may call a file. */
static const char *const hostile[] = {
	"new\nline", "\033[2J\033]0;title\a", "quote\"s and 'these'",
	"back\\slash", "caf\xe9", "\xff\xfe\xfd", "\xed\xa0\x80",
	"\xc2\x9b" "31m", "tab\tand\x7f", "", "{\"json\":1}", "-rf",
	"\xe2\x80\xae" "gnp.exe", "%s%n",
};

static void check_text(struct capture *capture, const char *wanted,
		       const char *name)
{
	capture_end(capture);
	if (!tap_ok(!strcmp(capture->text, wanted), "%s", name))
		tap_diag("%s", capture->text);
	free(capture->text);
}

static void test_human_files(void)
{
	struct staticdax_result odd = fit;
	struct capture c;

	capture_begin(&c, false);
	report_begin(&c.report, "files");
	report_sealed(&c.report, "a\nb", false, &fit);
	odd.changed = false;
	odd.unshared = true;
	odd.past_eof = 1;
	odd.file_size = 1;
	odd.runs = 2;
	report_sealed(&c.report, "c", true, &odd);
	report_sealed(&c.report, "d", false, &hole);
	report_end(&c.report, NULL);
	check_text(&c,
		   "a\\x0ab: sealed (8192 bytes, 1 run, align 4K, map digest 0000000000001234)\n"
		   "c: already sealed, audit only: nothing is refused (1 byte, 2 runs, align 4K, map digest 0000000000001234, 1 byte preallocated beyond the end, reflink leftovers cleared)\n",
		   "seal for people");

	capture_begin(&c, false);
	report_unsealed(&c.report, "a", &fit);
	report_unsealed(&c.report, "b", &odd);
	report_unsealed(&c.report, NULL, &fit);
	report_unsealed(&c.report, "d", &held);
	check_text(&c, "a: unsealed\nb: was not sealed\n(path not known): unsealed\n",
		   "unseal for people");

	capture_begin(&c, false);
	report_checked(&c.report, "a", &fit);
	report_checked(&c.report, "b", &hole);
	check_text(&c,
		   "a: fit (8192 bytes, 1 run, align 4K, map digest 0000000000001234)\n"
		   "b: not fit: at offset 4096 (0x1000): has a hole; write it out with staticdax prepare\n",
		   "check for people");
}

static void test_human_get(void)
{
	struct staticdax_seal seal = sealed;
	struct capture c;

	capture_begin(&c, false);
	report_got(&c.report, "a", &seal, &fit);
	seal.audit = true;
	report_got(&c.report, "b", &seal, &fit);
	seal.state = STATICDAX_STATE_NONE;
	report_got(&c.report, "c", &seal, &fit);
	seal.state = STATICDAX_STATE_PENDING;
	report_got(&c.report, "d", &seal, &fit);
	seal.state = STATICDAX_STATE_LAPSED;
	report_got(&c.report, "e", &seal, &fit);
	seal.lapse = "unmounted";
	seal.lapsed_time = 1935919998000000000;
	report_got(&c.report, "f", &seal, &fit);
	report_got(&c.report, "g", &seal, &held);
	check_text(&c,
		   "a: sealed\nb: sealed (audit only)\nc: not sealed\nd: pending\ne: lapsed\nf: lapsed (unmounted, 2031-05-07 11:33:18)\n",
		   "get for people");
}

static void test_human_list(void)
{
	struct staticdax_seal second = sealed;
	struct capture c;

	setenv("TZ", "UTC", 1);
	second.path = "/pmem/caf\xc3\xa9\n";
	second.mode = STATICDAX_MODE_SWAPFILE;
	second.audit = true;
	second.file_size = 1;
	second.denials = UINT32_MAX;
	second.sealed_at = 0;
	capture_begin(&c, false);
	report_list_measure(&c.report, &sealed);
	report_list_measure(&c.report, &second);
	report_list_begin(&c.report);
	report_list_seal(&c.report, &sealed);
	report_list_seal(&c.report, &second);
	second.path = NULL;
	report_list_seal(&c.report, &second);
	report_end(&c.report, NULL);
	check_text(&c,
		   "PATH            MODE            SIZE  ALIGN  RUNS     DENIALS  SEALED-AT            STATE\n"
		   "/pmem/a         static          8192     2M     1           0  2031-05-07 11:33:17  sealed\n"
		   "/pmem/caf\xc3\xa9\\x0a  swapfile+audit     1     2M     1  4294967295  -                    sealed (audit only)\n"
		   "(inode 18446744073709551615 of 259:3)  swapfile+audit     1     2M     1  4294967295  -                    sealed (audit only)\n",
		   "list for people");
}

static void test_human_status(void)
{
	struct staticdax_status status = {
		.attached = true, .enforcing = true, .abi = 1, .seals = 2,
		.capacity = 10, .denied = 5, .hooks_count = 2,
		.hooks = {
			{ .name = "inode_setattr", .wanted = true,
			  .attached = true, .provable = true, .proved = true },
			{ .name = "sb_umount", .wanted = true },
		},
	};
	struct report_lapses lapses = { .seals = { sealed, sealed } };
	struct capture c;

	capture_begin(&c, false);
	report_status(&c.report, &status, &lapses, true);
	check_text(&c,
		   "enforcing: yes\n"
		   "seals:     2 enforced, 0 audit only, 0 pending, 0 lapsed, room for 10\n"
		   "refused:   5, of these without a token 0, generation changed 0\n"
		   "audited:   0\n"
		   "tokens:    0 lost\n"
		   "hooks:\n"
		   "  inode_setattr         refuses\n"
		   "  sb_umount             MISSING\n", "status for people");
	status.hooks_count = 0;
	status.lapsed = 3;
	lapses.count = 2;
	for (size_t i = 0; i < lapses.count; i++) {
		lapses.seals[i].state = STATICDAX_STATE_LAPSED;
		lapses.seals[i].lapse = "unmounted";
		lapses.seals[i].lapsed_time = 1935919998000000000;
	}
	lapses.seals[1].path = NULL;
	capture_begin(&c, false);
	report_status(&c.report, &status, &lapses, true);
	check_text(&c,
		   "enforcing: yes\n"
		   "seals:     2 enforced, 0 audit only, 0 pending, 3 lapsed, room for 10\n"
		   "  /pmem/a: lapsed (unmounted, 2031-05-07 11:33:18)\n"
		   "  (inode 18446744073709551615 of 259:3): lapsed (unmounted, 2031-05-07 11:33:18)\n"
		   "  ... and 1 more, see staticdax list\n"
		   "refused:   5, of these without a token 0, generation changed 0\n"
		   "audited:   0\n"
		   "tokens:    0 lost\n", "status with lapsed seals for people");
	status.enforcing = false;
	status.result.reason = STATICDAX_NO_PRIVILEGE;
	capture_begin(&c, false);
	report_status(&c.report, &status, &lapses, false);
	check_text(&c, "enforcing: no (needs a privilege that is missing; run it as root)\n",
		   "status that could not be found out");
}

static void test_human_doctor(void)
{
	const struct staticdax_answer_line no = {
		"bpf-lsm", false, true, "lsm=yama", "boot with lsm=yama,bpf",
	};
	const struct staticdax_answer_line yes = {
		"btf", true, true, "found", "not shown",
	};
	const struct staticdax_answer_line optional = {
		"hugepages", false, false, NULL, NULL,
	};
	struct capture c;

	capture_begin(&c, false);
	report_doctor(&c.report, &yes);
	report_doctor(&c.report, &no);
	report_doctor(&c.report, &optional);
	check_text(&c,
		   "ok  btf: found\n"
		   "NO  bpf-lsm: lsm=yama\n"
		   "      boot with lsm=yama,bpf\n"
		   "no  hugepages: \n", "doctor for people");
}

/* Parses strictly what was captured, which must be UTF-8 and one document. */
static struct json_object *parse(struct capture *capture, const char *name)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	capture_end(capture);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, capture->text,
				       (int)capture->length + 1);
	if (!tap_ok(object && quote_is_utf8(capture->text, capture->length),
		    "%s: one document of JSON in UTF-8", name))
		tap_diag("%s", capture->text);
	json_tokener_free(tokener);
	free(capture->text);
	return object;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value))
		tap_diag("no member %s", key);
	return value;
}

static bool is_text(struct json_object *object, const char *key,
		    const char *text)
{
	const char *found = json_object_get_string(member(object, key));

	return found ? text && !strcmp(found, text) : !text;
}

static bool is_number(struct json_object *object, const char *key,
		      uint64_t number)
{
	struct json_object *value = member(object, key);

	return json_object_is_type(value, json_type_int) &&
	       json_object_get_uint64(value) == number;
}

static struct json_object *element(struct json_object *object,
				   const char *array, int i)
{
	return json_object_array_get_idx(member(object, array), i);
}

static void test_json_files(void)
{
	struct json_object *document, *first, *second, *third, *holder;
	struct capture c;

	capture_begin(&c, true);
	report_begin(&c.report, "files");
	report_sealed(&c.report, "a", false, &fit);
	report_checked(&c.report, "b", &hole);
	report_unsealed(&c.report, "c", &held);
	report_end(&c.report, NULL);
	document = parse(&c, "files");
	first = element(document, "files", 0);
	second = element(document, "files", 1);
	third = element(document, "files", 2);
	holder = element(third, "holders", 0);
	tap_ok(is_number(document, "version", 1) &&
	       is_text(document, "error", NULL) &&
	       is_text(document, "reason", "ok"), "files: the document");
	tap_ok(is_text(first, "path", "a") && is_text(first, "answer", "yes") &&
	       is_text(first, "error", NULL) && is_text(first, "reason", "ok") &&
	       is_text(first, "message", NULL) && !member(first, "offset") &&
	       is_text(first, "digest", "0000000000001234") &&
	       is_number(first, "size", 8192) && is_number(first, "runs", 1),
	       "files: what was done");
	tap_ok(is_text(second, "answer", "no") &&
	       is_text(second, "error", "EINVAL") &&
	       is_text(second, "reason", "hole") &&
	       is_number(second, "offset", 4096) &&
	       !member(second, "address") &&
	       json_object_get_string(member(second, "remedy")),
	       "files: what was refused");
	tap_ok(is_text(third, "answer", "held") &&
	       is_number(third, "holders_count", 2) &&
	       is_number(holder, "pid", 7) && is_number(holder, "fd", 3) &&
	       !member(holder, "start") &&
	       is_text(holder, "comm", "edi\\xfftor") &&
	       is_text(holder, "comm_hex", "656469ff746f72") &&
	       !member(element(third, "holders", 1), "fd") &&
	       is_number(element(third, "holders", 1), "start", 4096),
	       "files: who holds it");
	json_object_put(document);
}

static void test_json_seals(void)
{
	struct staticdax_seal denied = sealed;
	struct json_object *document, *first, *second;
	struct capture c;

	denied.path = NULL;
	denied.state = STATICDAX_STATE_LAPSED;
	denied.lapse = "deleted";
	denied.lapsed_at = 5;
	denied.lapsed_time = 1935919998000000000;
	denied.last_op = "unlink";
	denied.last_comm = "rm";
	denied.last_pid = 1;
	capture_begin(&c, true);
	report_list_begin(&c.report);
	report_list_seal(&c.report, &sealed);
	report_list_seal(&c.report, &denied);
	report_end(&c.report, &held);
	document = parse(&c, "seals");
	first = element(document, "seals", 0);
	second = element(document, "seals", 1);
	tap_ok(is_text(document, "error", "EBUSY"),
	       "seals: a failure of the walk");
	tap_ok(is_text(first, "path", "/pmem/a") &&
	       is_text(first, "dev", "259:3") &&
	       is_number(first, "ino", UINT64_MAX) &&
	       is_text(first, "digest", "ffffffffffffffff") &&
	       is_text(first, "sealed_at", "2031-05-07T11:33:17Z") &&
	       is_number(first, "sealed_at_ns", 1935919997123456789) &&
	       !member(first, "lapsed_at_ns") && !member(first, "lapsed_at") &&
	       !member(first, "last_denial"),
	       "seals: a seal");
	tap_ok(is_text(second, "path", NULL) &&
	       is_text(second, "state", "lapsed") &&
	       is_text(second, "lapse", "deleted") &&
	       is_number(second, "lapsed_at_ns", 5) &&
	       is_text(second, "lapsed_at", "2031-05-07T11:33:18Z") &&
	       is_text(member(second, "last_denial"), "op", "unlink"),
	       "seals: a lapsed one");
	json_object_put(document);
}

static void test_json_get(void)
{
	const struct staticdax_seal none = {};
	struct json_object *document, *first, *second, *third;
	struct capture c;

	capture_begin(&c, true);
	report_begin(&c.report, "files");
	report_got(&c.report, "x", &sealed, &fit);
	report_got(&c.report, "y", &none, &fit);
	report_got(&c.report, "z", &none, &held);
	report_end(&c.report, NULL);
	document = parse(&c, "get");
	first = element(document, "files", 0);
	second = element(document, "files", 1);
	third = element(document, "files", 2);
	tap_ok(is_text(first, "path", "x") &&
	       json_object_get_boolean(member(first, "sealed")) &&
	       is_text(first, "error", NULL), "get: sealed");
	tap_ok(is_text(second, "state", "none") && member(second, "sealed") &&
	       !member(second, "mode") && !member(second, "last_denial"),
	       "get: not sealed");
	tap_ok(is_text(third, "path", "z") && !member(third, "state") &&
	       !member(third, "sealed") && is_text(third, "error", "EBUSY"),
	       "get: not known");
	json_object_put(document);
}

static void test_json_status(void)
{
	const struct staticdax_status status = {
		.attached = true, .denied = UINT64_MAX, .hooks_count = 1000,
		.result = { .reason = STATICDAX_CANARY, .error = -EBADFD },
	};
	const struct report_lapses lapses = {
		.seals = { { .path = "/x\n", .lapse = "deleted" } },
		.count = 1,
	};
	struct json_object *document, *lapsed;
	struct capture c;

	capture_begin(&c, true);
	report_status(&c.report, &status, &lapses, true);
	document = parse(&c, "status");
	tap_ok(is_number(document, "version", 1) &&
	       is_number(document, "denied", UINT64_MAX) &&
	       is_text(document, "reason", "canary") &&
	       json_object_array_length(member(document, "hooks")) ==
	       STATICDAX_HOOKS, "status: found out");
	lapsed = element(document, "lapsed_seals", 0);
	tap_ok(is_text(lapsed, "path", "/x\n") &&
	       is_text(lapsed, "lapse", "deleted"), "status: what has lapsed");
	json_object_put(document);
	capture_begin(&c, true);
	report_status(&c.report, &status, &lapses, false);
	document = parse(&c, "status, not known");
	tap_ok(member(document, "attached") && !member(document, "denied") &&
	       !member(document, "hooks") && !member(document, "lapsed_seals") &&
	       is_text(document, "error", "EBADFD"), "status: not known");
	json_object_put(document);
}

/* Each hostile name, both ways, comes out safe; and as JSON, whole. */
static void test_hostile(void)
{
	struct json_object *document, *first;
	struct capture c;
	bool whole;

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		const char *name = hostile[i];

		capture_begin(&c, false);
		report_sealed(&c.report, name, false, &fit);
		capture_end(&c);
		tap_ok(quote_is_plain(c.text, c.length - 1) &&
		       c.text[c.length - 1] == '\n', "hostile %zu: text", i);
		free(c.text);
		capture_begin(&c, true);
		report_begin(&c.report, "files");
		report_sealed(&c.report, name, false, &fit);
		report_end(&c.report, NULL);
		document = parse(&c, "hostile");
		first = element(document, "files", 0);
		whole = json_object_object_get_ex(first, "path_hex", NULL) !=
			quote_is_utf8(name, strlen(name));
		if (quote_is_utf8(name, strlen(name)))
			whole = whole && is_text(first, "path", name);
		tap_ok(whole, "hostile %zu: nothing is lost", i);
		json_object_put(document);
	}
}

/* The first error of output is remembered, and the rest does no harm. */
static void test_full(void)
{
	FILE *full = fopen("/dev/full", "we");
	struct report report;

	if (!full) {
		tap_skip("there is no /dev/full", "a full disk is noticed");
		return;
	}
	report_init(&report, full, false);
	report_sealed(&report, "a", false, &fit);
	report_sealed(&report, "b", false, &fit);
	tap_ok(report_done(&report) == -ENOSPC, "a full disk is noticed");
	fclose(full);
}

int main(void)
{
	test_human_files();
	test_human_get();
	test_human_list();
	test_human_status();
	test_human_doctor();
	test_json_files();
	test_json_seals();
	test_json_get();
	test_json_status();
	test_hostile();
	test_full();
	return tap_done();
}
