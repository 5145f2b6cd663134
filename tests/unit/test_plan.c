// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files a policy means, on a tree of its own. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "plan.h"
#include "util.h"

static char dir[] = "/tmp/plan-XXXXXX";

/* Plans a policy in which each % is the directory. */
static int plan_text(const char *text, struct policy *policy,
		     struct plan *plan, struct policy_error *error)
{
	_cleanup_fclose_ FILE *in = tmpfile();

	*policy = (struct policy){};
	*plan = (struct plan){};
	*error = (struct policy_error){};
	if (!in)
		abort();
	for (; *text; text++)
		if (*text == '%')
			fputs(dir, in);
		else
			fputc(*text, in);
	rewind(in);
	if (policy_read(policy, in, "p", error) < 0)
		abort();
	return plan_make(policy, plan, error);
}

static void done(struct policy *policy, struct plan *plan,
		 struct policy_error *error)
{
	plan_done(plan);
	policy_done(policy);
	policy_error_done(error);
}

static const char *name_of(const struct plan *plan, size_t i)
{
	return i < plan->count ? plan->files[i].path + strlen(dir) + 1 : "";
}

static void make(const char *name)
{
	FILE *file = fopen(name, "we");

	if (!file || fclose(file) != 0)
		abort();
}

static void test_expansion(void)
{
	struct policy_error error;
	struct policy policy;
	struct plan plan;
	struct stat st;
	int r;

	r = plan_text("%/b.img:\n%/*.db:\n%/none*:\n%/no/x*:\n%/missing:\n", &policy,
		      &plan, &error);
	tap_ok(!r && plan.count == 6 && !strcmp(name_of(&plan, 0), "b.img") &&
	       !strcmp(name_of(&plan, 1), "c.db") &&
	       !strcmp(name_of(&plan, 2), "d.db") &&
	       !strcmp(name_of(&plan, 5), "missing"),
	       "paths and patterns, in the order of the policy");
	tap_ok(plan.count == 6 && !plan.files[0].error &&
	       plan.files[5].error == -ENOENT && !plan.files[5].none,
	       "a path stays although nothing is there");
	tap_ok(plan.count == 6 && !plan.files[0].none && !plan.files[1].none &&
	       plan.files[3].none && !strcmp(name_of(&plan, 3), "none*") &&
	       plan.files[3].rule->line == 3 && plan.files[4].none,
	       "a pattern that matches nothing stands for itself");
	tap_ok(plan.count == 6 && plan.files[3].none,
	       "a pattern leaves out a link that leads nowhere");
	tap_ok(!plan_wants(&plan, 0, 0), "and wants no file");
	tap_ok(!stat("c.db", &st) && plan_wants(&plan, st.st_dev, st.st_ino),
	       "a planned file is wanted");
	tap_ok(!stat("a.img", &st) && !plan_wants(&plan, st.st_dev, st.st_ino),
	       "another is not");
	done(&policy, &plan, &error);
	r = plan_text("%/*:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 4, "a pattern names regular files only");
	done(&policy, &plan, &error);
	r = plan_text("%/di*:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 1 && plan.files[0].none,
	       "one that matches directories matches nothing");
	done(&policy, &plan, &error);
	r = plan_text("%/*.img:\n%/a.img:\n%/b.img:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 3 && plan.files[0].taken &&
	       !plan.files[0].none && !strcmp(name_of(&plan, 0), "*.img") &&
	       !plan.files[1].taken && !strcmp(name_of(&plan, 1), "a.img") &&
	       !plan.files[2].taken,
	       "one whose files all have rules of their own is taken");
	done(&policy, &plan, &error);
	r = plan_text("%/*.img:\n%/b.img:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 2 && !plan.files[0].taken &&
	       !strcmp(name_of(&plan, 0), "a.img") &&
	       !strcmp(name_of(&plan, 1), "b.img"),
	       "one that is left a file is not");
	done(&policy, &plan, &error);
	r = plan_text("%/dir:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 1, "a path may name anything");
	done(&policy, &plan, &error);
}

static void test_once(void)
{
	struct policy_error error;
	struct policy policy;
	struct plan plan;
	int r;

	r = plan_text("%/*.img:\n%/?.img:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 3 && !plan.files[0].taken &&
	       !plan.files[1].taken && plan.files[2].taken &&
	       !strcmp(name_of(&plan, 2), "?.img"),
	       "each file once, however often named");
	done(&policy, &plan, &error);
	r = plan_text("%/*.img:\n%/link:\n  align: 2M\n", &policy, &plan,
		      &error);
	tap_ok(!r && plan.count == 2 && !strcmp(name_of(&plan, 1), "link") &&
	       plan.files[1].rule->options.align == 2097152,
	       "a path goes before a pattern, by whatever name");
	done(&policy, &plan, &error);
	r = plan_text("%/*.img:\n%/a*:\n  align: 2M\n", &policy, &plan, &error);
	tap_ok(r == -EINVAL && error.line == 2 && strstr(error.text, "p:1"),
	       "two patterns that differ are refused: %s", error.text);
	done(&policy, &plan, &error);
	r = plan_text("{%/*.img: {}, %/a*: {align: 2M}}\n", &policy, &plan, &error);
	tap_ok(r == -EINVAL && error.line == 1 && error.column > 5,
	       "where in its line, too: column %u", error.column);
	done(&policy, &plan, &error);
	r = plan_text("%/a.img:\n  audit: yes\n%/link:\n", &policy, &plan,
		      &error);
	tap_ok(r == -EINVAL && error.line == 3,
	       "so are two names of a file: %s", error.text);
	done(&policy, &plan, &error);
	r = plan_text("%/a.img:\n%/link:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 2 && !plan.files[0].taken &&
	       plan.files[1].taken, "unless they agree");
	done(&policy, &plan, &error);
}

/* Too long for a name, which no privilege helps against. */
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define LONG X64 X64 X64 X64

static void test_unread(void)
{
	struct policy_error error;
	struct policy policy;
	struct plan plan;
	int r;

	r = plan_text("%/*/" LONG ":\n%/b.img:\n", &policy, &plan, &error);
	tap_ok(!r && plan.count == 2 && !strcmp(name_of(&plan, 1), "b.img") &&
	       !plan.files[1].error, "what can be read is planned");
	tap_ok(plan.count == 2 && plan.files[0].error == -ENAMETOOLONG &&
	       !plan.files[0].none && plan.files[0].unread &&
	       strstr(plan.files[0].unread, "/dir/" X64) &&
	       !strncmp(name_of(&plan, 0), "*/x", 3),
	       "a pattern tells what it could not look at");
	tap_ok(!plan_is_whole(&plan), "and the plan that it is not whole");
	done(&policy, &plan, &error);
	if (symlink("loop", "loop") < 0 || symlink("../a.img", "dir/x") < 0)
		abort();
	r = plan_text("%/*/x:\n%/l*/*.img:\n%/loo?:\n", &policy, &plan,
		      &error);
	tap_ok(!r && plan.count == 3 && !strcmp(name_of(&plan, 0), "dir/x") &&
	       !plan.files[0].error && plan.files[1].none && plan.files[2].none,
	       "a link to itself leads nowhere");
	tap_ok(plan_is_whole(&plan), "and hides nothing");
	done(&policy, &plan, &error);
	unlink("loop");
	unlink("dir/x");
}

int main(void)
{
	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	make("a.img");
	make("b.img");
	make("c.db");
	make("d.db");
	if (symlink("nothing", "e.db") < 0)
		abort();
	if (mkdir("dir", 0755) < 0 || link("a.img", "link") < 0)
		abort();
	test_expansion();
	test_unread();
	unlink("link");
	if (symlink("a.img", "link") < 0)
		abort();
	test_once();
	unlink("link");
	unlink("a.img");
	unlink("b.img");
	unlink("c.db");
	unlink("d.db");
	unlink("e.db");
	rmdir("dir");
	rmdir(dir);
	return tap_done();
}
