// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy files: what they may say, and where an error is said to be. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "policy.h"
#include "util.h"

static const struct {
	const char *name;
	const char *text;
	int error;
	unsigned int line, column;	/* of the error */
	size_t count;			/* of rules */
} files[] = {
	{ "nothing", "", 0, 0, 0, 0 },
	{ "comments", "# one\n\n# two\n", 0, 0, 0, 0 },
	{ "null document", "---\n~\n", 0, 0, 0, 0 },
	{ "empty mapping", "{}\n", 0, 0, 0, 0 },
	{ "bare path", "/a:\n", 0, 0, 0, 1 },
	{ "paths", "/a:\n/b: {}\n/c: null\n", 0, 0, 0, 3 },
	{ "noshrink", "/a:\n  mode: noshrink\n", 0, 0, 0, 1 },
	{ "all options", "/a:\n  align: 2M\n  mode: swapfile\n  dax: no\n  audit: yes\n", 0, 0, 0, 1 },
	{ "flow", "/a: {align: 4K, audit: true, dax: false}\n", 0, 0, 0, 1 },
	{ "quoted path", "\"/a: b\":\n'/c':\n", 0, 0, 0, 2 },
	{ "pattern with a set", "/a/[bc]*.img:\n  align: 1G\n", 0, 0, 0, 1 },
	{ "colon in a path", "/a:b:\n", 0, 0, 0, 1 },
	{ "relative", "/a:\nb:\n", -EINVAL, 2, 1, 0 },
	{ "unknown option", "/a:\n  align: 2M\n  size: 1\n", -EINVAL, 3, 3, 0 },
	{ "option twice", "/a:\n  align: 2M\n  align: 4K\n", -EINVAL, 3, 3, 0 },
	{ "path twice", "/a:\n/b:\n/a:\n", -EINVAL, 3, 1, 0 },
	{ "path twice in a line", "{/a: {}, /b: {}, /a: {}}\n", -EINVAL, 1, 18, 0 },
	{ "bad size", "/a:\n  align: 2X\n", -EINVAL, 2, 10, 0 },
	{ "small align", "/a:\n  align: 512\n", -EINVAL, 2, 10, 0 },
	{ "odd align", "/a:\n  align: 12K\n", -EINVAL, 2, 10, 0 },
	{ "zero align", "/a:\n  align: 0\n", -EINVAL, 2, 10, 0 },
	{ "huge align", "/a:\n  align: 18446744073709551615\n", -EINVAL, 2, 10, 0 },
	{ "no value", "/a:\n  align:\n", -EINVAL, 2, 9, 0 },
	{ "bad mode", "/a:\n  mode: dynamic\n", -EINVAL, 2, 9, 0 },
	{ "bad bool", "/a:\n  audit: maybe\n", -EINVAL, 2, 10, 0 },
	{ "options as list", "/a:\n  - align\n", -EINVAL, 2, 3, 0 },
	{ "options as word", "/a: align\n", -EINVAL, 1, 5, 0 },
	{ "value as mapping", "/a:\n  align: {}\n", -EINVAL, 2, 10, 0 },
	{ "list of paths", "- /a\n- /b\n", -EINVAL, 1, 1, 0 },
	{ "word", "seal everything\n", -EINVAL, 1, 1, 0 },
	{ "path as list", "? [ /a ]\n: {}\n", -EINVAL, 1, 3, 0 },
	{ "alias", "/a: &x {align: 2M}\n/b: *x\n", -EINVAL, 2, 5, 0 },
	{ "two documents", "/a:\n---\n/b:\n", -EINVAL, 2, 1, 0 },
	{ "tab", "/a:\n\talign: 2M\n", -EINVAL, 2, 1, 0 },
	{ "open quote", "\"/a:\n", -EINVAL, 2, 1, 0 },
	{ "open brace", "/a: {align: 2M\n", -EINVAL, 2, 1, 0 },
	{ "null byte", "\"/a\\0b\":\n", -EINVAL, 1, 1, 0 },
	{ "noshrink with align", "/a:\n  mode: noshrink\n  align: 2M\n", -EINVAL, 2, 3, 0 },
	{ "second column", "/a: {align: 2M, mode: x}\n", -EINVAL, 1, 23, 0 },
};

static FILE *open_text(const char *text)
{
	FILE *file = tmpfile();

	if (!file || fputs(text, file) < 0 || fflush(file) != 0)
		abort();
	rewind(file);
	return file;
}

static void test_texts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_fclose_ FILE *in = open_text(files[i].text);
		struct policy policy = {};
		struct policy_error error = {};
		int r;

		r = policy_read(&policy, in, "p", &error);
		tap_ok(r == files[i].error &&
		       (r || policy.count == files[i].count) &&
		       (!r || (error.line == files[i].line &&
			       error.column == files[i].column &&
			       error.text[0])),
		       "%s: %d at %u:%u (%s)", files[i].name, r, error.line,
		       error.column, error.text);
		policy_error_done(&error);
		policy_done(&policy);
	}
}

static void test_options(void)
{
	_cleanup_fclose_ FILE *in = open_text(
		"/a:\n"
		"/b:\n  align: 2M\n  mode: swapfile\n  dax: no\n  audit: yes\n"
		"/c/*:\n  dax: yes\n  audit: no\n  mode: static\n");
	struct policy_error error = {};
	struct policy policy = {};
	const struct policy_rule *rules;

	tap_ok(!policy_read(&policy, in, "p", &error) && policy.count == 3,
	       "three rules");
	rules = policy.rules;
	tap_ok(rules[0].exact && !rules[0].options.flags &&
	       !rules[0].options.align &&
	       rules[0].options.mode == STATICDAX_MODE_STATIC &&
	       rules[0].options.size == sizeof(rules[0].options),
	       "a bare path has the defaults");
	tap_ok(rules[1].options.align == 2097152 &&
	       rules[1].options.mode == STATICDAX_MODE_SWAPFILE &&
	       rules[1].options.flags ==
	       (STATICDAX_ANY_DEVICE | STATICDAX_AUDIT) && rules[1].line == 2 &&
	       !strcmp(rules[1].file, "p"), "each option is taken");
	tap_ok(!rules[2].exact && !rules[2].options.flags &&
	       rules[2].options.mode == STATICDAX_MODE_STATIC,
	       "defaults may be said");
	tap_ok(policy_names(&rules[0], "/a") && !policy_names(&rules[0], "/ab"),
	       "a path names itself");
	tap_ok(policy_names(&rules[2], "/c/x") &&
	       !policy_names(&rules[2], "/c/x/y") &&
	       !policy_names(&rules[2], "/c/.x"),
	       "a pattern names what glob(7) says");
	policy_done(&policy);
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(name, "we");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0 ||
	    chmod(name, mode) < 0)
		abort();
}

/* Reads d, and says with what and how many rules it came back. */
static int read_path(const char *path, size_t *count, char *first,
		     struct policy_error *error)
{
	struct policy policy = {};
	int r = policy_read_path(&policy, path, error);

	*count = policy.count;
	strcpy(first, policy.count ? policy.rules[0].pattern : "");
	policy_done(&policy);
	return r;
}

static void test_directory(void)
{
	char dir[] = "/tmp/policy-XXXXXX";
	struct policy_error error = {};
	char first[64];
	size_t count;
	int r;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	r = read_path(dir, &count, first, &error);
	tap_ok(!r && count == 0, "an empty directory is an empty policy");
	put("20.conf", "/b:\n", 0644);
	put("10.conf", "/a:\n/c:\n", 0644);
	put(".00.conf", "/hidden:\n", 0644);
	put("30.conf~", "nonsense\n", 0644);
	put(".conf", "nonsense\n", 0644);
	r = read_path(dir, &count, first, &error);
	tap_ok(!r && count == 3 && !strcmp(first, "/a"),
	       "the files that end in .conf, by name");
	r = read_path("20.conf", &count, first, &error);
	tap_ok(!r && count == 1, "one file");
	put("20.conf", "/b:\n  mode: x\n", 0644);
	r = read_path(dir, &count, first, &error);
	tap_ok(r == -EINVAL && error.line == 2 && error.column == 9 &&
	       strstr(error.file, "/20.conf"), "an error names its file");
	policy_error_done(&error);
	chmod("20.conf", 0664);
	r = read_path(dir, &count, first, &error);
	tap_ok(r == -EINVAL && !error.line && strstr(error.text, "chmod"),
	       "a file that others may write is refused");
	policy_error_done(&error);
	put("20.conf", "/b:\n", 0644);
	chmod(".", 0777);
	r = read_path(dir, &count, first, &error);
	tap_ok(r == -EINVAL && !strcmp(error.file, dir),
	       "so is a directory");
	policy_error_done(&error);
	r = read_path("missing", &count, first, &error);
	tap_ok(r == -ENOENT && !strcmp(error.file, "missing"),
	       "what is not there is an error");
	policy_error_done(&error);
	if (mkdir("40.conf", 0755) < 0 || chmod(".", 0755) < 0)
		abort();
	r = read_path(dir, &count, first, &error);
	tap_ok(r == -EINVAL && strstr(error.file, "40.conf"),
	       "a directory in the directory is refused");
	policy_error_done(&error);
	rmdir("40.conf");
	unlink("10.conf");
	unlink("20.conf");
	unlink(".00.conf");
	unlink("30.conf~");
	unlink(".conf");
	rmdir(dir);
}

int main(void)
{
	test_texts();
	test_options();
	test_directory();
	return tap_done();
}
