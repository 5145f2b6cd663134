// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether each question is answered from what is there, with the remedy that
 * helps, on systems of our own making and on this one.
 */
#define _GNU_SOURCE
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../loader/lsm.h"
#include "../../loader/probe.h"
#include "../../loader/util.h"
#include "../tap.h"

/* A system is a directory of files, made anew for each test. */

static char root[64];

static void bail(const char *what)
{
	tap_diag("%s: %s", what, strerror(errno));
	exit(TAP_EXIT_NOT_OK);
}

static FILE *create(const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			bail(path);
		*slash = '/';
	}
	f = fopen(path, "w");
	if (!f)
		bail(path);
	return f;
}

static void put(const char *name, const char *text)
{
	FILE *f = create(name);

	if (fputs(text, f) == EOF || fclose(f))
		bail(name);
}

/* BTF with these functions; but is left out. */
static void put_btf(const char *but)
{
	static const char *const names[] = {
		"bpf_lsm_inode_setattr",      "bpf_lsm_file_permission",
		"bpf_lsm_file_open",	      "bpf_lsm_file_fcntl",
		"bpf_lsm_file_ioctl",	      "bpf_lsm_quota_on",
		"bpf_lsm_inode_unlink",	      "bpf_lsm_inode_rmdir",
		"bpf_lsm_inode_rename",
		"bpf_lsm_sb_umount",	      "bpf_lsm_inode_free_security",
		"bpf_lsm_sb_statfs",
		"bpf_lsm_sb_delete",	      "bpf_lsm_path_truncate",
		"bpf_lsm_file_truncate",      "bpf_lsm_file_ioctl_compat",
		"bpf_lsm_inode_file_setattr", "rw_verify_area",
		"vfs_copy_file_range",	      "bpf_iter_task_file",
		"bpf_iter_task_vma",	      "__ia32_compat_sys_ioctl",
	};
	struct btf *btf = btf__new_empty();
	const void *bytes;
	__u32 size;
	int proto;
	FILE *f;

	if (!btf)
		bail("btf");
	proto = btf__add_func_proto(btf, 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(names[i], but, strlen(but)) || !*but)
			btf__add_func(btf, names[i], BTF_FUNC_STATIC, proto);
	bytes = btf__raw_data(btf, &size);
	f = create("/sys/kernel/btf/vmlinux");
	if (!bytes || fwrite(bytes, 1, size, f) != size || fclose(f))
		bail("btf");
	btf__free(btf);
}

/* Where nothing is missing. */
static void put_good_system(void)
{
	strcpy(root, "/tmp/staticdax-probe-XXXXXX");
	if (!mkdtemp(root))
		bail(root);
	put_btf("");
	put("/sys/kernel/security/lsm", "capability,lockdown,yama,apparmor,bpf");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	put("/proc/self/status", "Name:\ttest\nCapEff:\t000001ffffffffff\n");
	put("/proc/self/uid_map", "         0          0 4294967295\n");
	put("/proc/sys/kernel/ftrace_enabled", "1\n");
	put("/proc/sys/fs/leases-enable", "1\n");
	put("/proc/filesystems", "nodev\tsysfs\nnodev\tbpf\n\text4\n");
	put("/proc/self/mountinfo",
	    "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
	    "23 22 259:0 / /pm\\040em rw - xfs /dev/pmem0 rw,attr2,dax=always\n");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_system(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_file(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	remove(path);
}

/* Answers */

struct wanted {
	const char *question;
	bool seen, yes;
	char detail[256], remedy[400];
	unsigned int lines, no_required, incomplete;
};

static void take(void *arg, const struct staticdax_answer_line *line)
{
	struct wanted *w = arg;

	w->lines++;
	w->no_required += !line->yes && line->required;
	w->incomplete += !*line->detail || (!line->yes && line->required && !line->remedy) ||
			 (line->yes && line->remedy);
	if (!w->question || strcmp(line->question, w->question))
		return;
	w->seen = true;
	w->yes = line->yes;
	snprintf(w->detail, sizeof(w->detail), "%s", line->detail);
	snprintf(w->remedy, sizeof(w->remedy), "%s", line->remedy ? line->remedy : "");
}

static const struct {
	const char *name;
	const char *file; /* changed: NULL text removes it */
	const char *text;
	const char *question;
	bool yes;
	const char *detail, *remedy; /* must be part of it */
	int r;
} cases[] = {
	{ "good", NULL, NULL, "hooks", true, "all 13", "", 0 },
	{ "not_root", "/proc/self/status", "CapEff:\t0000000000000200\n", "privilege", false,
	  "missing: CAP_SYS_ADMIN, CAP_LEASE", "run as root", -EPERM },
	{ "user_namespace", "/proc/self/uid_map", "0 1000 1\n", "privilege", false,
	  "in a user namespace", "run as root", -EPERM },
	{ "lsm_off", "/sys/kernel/security/lsm", "capability,lockdown,yama,apparmor\n", "lsm-list",
	  false, "bpf is not", "boot with lsm=lockdown,yama,apparmor,bpf", -EOPNOTSUPP },
	{ "lsm_name_within_a_name", "/sys/kernel/security/lsm", "capability,bpfx\n", "lsm-list",
	  false, "bpf is not", "boot with lsm=bpfx,bpf", -EOPNOTSUPP },
	{ "lsm_only", "/sys/kernel/security/lsm", "bpf\n", "lsm-list", true, "", "", 0 },
	{ "no_securityfs", "/sys/kernel/security/lsm", NULL, "lsm-list", true, "unknown", "", 0 },
	{ "ftrace_off", "/proc/sys/kernel/ftrace_enabled", "0\n", "ftrace", false, "0;",
	  "sysctl kernel.ftrace_enabled=1", -EOPNOTSUPP },
	{ "no_ftrace_knob", "/proc/sys/kernel/ftrace_enabled", NULL, "ftrace", true, "not there",
	  "", 0 },
	{ "no_leases", "/proc/sys/fs/leases-enable", "0\n", "leases", false, "0;",
	  "sysctl fs.leases-enable=1", -EOPNOTSUPP },
	{ "no_proc_filesystems", "/proc/filesystems", NULL, "bpffs", true, "unknown", "", 0 },
	{ "no_bpffs", "/proc/filesystems", "nodev\tsysfs\nnodev\tbpfx\n", "bpffs", false,
	  "/proc/filesystems", "CONFIG_BPF_SYSCALL", -EOPNOTSUPP },
	{ "locked_down", "/sys/kernel/security/lockdown", "none integrity [confidentiality]\n",
	  "lockdown", false, "[confidentiality]", "lockdown=integrity", -EOPNOTSUPP },
	{ "no_lockdown", "/sys/kernel/security/lockdown", NULL, "lockdown", true, "not there", "",
	  0 },
	{ "no_btf", "/sys/kernel/btf/vmlinux", NULL, "btf", false, "not readable",
	  "CONFIG_DEBUG_INFO_BTF", -EOPNOTSUPP },
	{ "broken_btf", "/sys/kernel/btf/vmlinux", "nonsense", "btf", false, "not readable",
	  "CONFIG_DEBUG_INFO_BTF", -EOPNOTSUPP },
	{ "hooks_without_btf", "/sys/kernel/btf/vmlinux", NULL, "hooks", true, "unknown", "",
	  -EOPNOTSUPP },
	{ "dax", NULL, NULL, "dax", true, "xfs on /pm em", "", 0 },
	{ "never_all_closed", NULL, NULL, "closed", false, "pNFS", "BUGS", 0 },
	{ "no_dax", "/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "dax", false,
	  "no DAX filesystem", "--no-dax", 0 },
	{ "dax_never", "/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw,dax=never\n",
	  "dax", false, "no DAX filesystem", "--no-dax", 0 },
	{ "dax_of_the_old_days", "/proc/self/mountinfo", "22 1 8:1 / /m rw - ext2 /dev/a rw,dax\n",
	  "dax", true, "ext2 on /m", "", 0 },
	{ "dax_elsewhere", "/proc/self/mountinfo", "22 1 0:5 / /m rw - virtiofs a rw,dax\n", "dax",
	  false, "no DAX filesystem", "--no-dax", 0 },
	{ "ia32", NULL, NULL, "ia32", true, "file_ioctl_compat", "", 0 },
};

/* libbpf complains of broken BTF on standard error otherwise. */
static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

static void test_case(size_t i)
{
	struct wanted w = { .question = cases[i].question };
	int r;

	put_good_system();
	if (cases[i].file && cases[i].text)
		put(cases[i].file, cases[i].text);
	else if (cases[i].file)
		remove_file(cases[i].file);
	r = sdax_probe_run_at(root, take, &w);
	if (!tap_ok(r == cases[i].r && w.seen && w.yes == cases[i].yes && !w.incomplete &&
			    strstr(w.detail, cases[i].detail) && strstr(w.remedy, cases[i].remedy),
		    "%s", cases[i].name))
		tap_diag("%d, %s: \"%s\" remedy \"%s\"", r, w.yes ? "yes" : "no", w.detail,
			 w.remedy);
	remove_system();
}

static const struct {
	const char *name;
	const char *but; /* BTF without functions that begin so */
	const char *question;
	bool yes;
	const char *detail;
	int r;
} functions[] = {
	{ "no_bpf_lsm", "bpf_lsm_", "bpf-lsm", false, "CONFIG_BPF_LSM", -EOPNOTSUPP },
	{ "no_sb_delete", "bpf_lsm_sb_delete", "hooks", false, "missing: sb_delete;", -EOPNOTSUPP },
	{ "all_hooks_missing", "bpf_lsm_", "hooks", false, "missing: inode_setattr, file_perm",
	  -EOPNOTSUPP },
	{ "optional_hooks", "bpf_lsm_file_truncate", "more-hooks", false, "missing: file_truncate",
	  0 },
	{ "no_token", "rw_verify_area", "functions", false, "missing: rw_verify_area",
	  -EOPNOTSUPP },
	{ "no_iterator", "bpf_iter_task", "functions", false,
	  "missing: bpf_iter_task_file, bpf_iter_task_vma", -EOPNOTSUPP },
	{ "no_ia32", "__ia32", "ia32", false, "cannot run", 0 },
	{ "ia32_by_the_common_hook", "bpf_lsm_file_ioctl_compat", "ia32", true, "pass file_ioctl",
	  0 },
};

static void test_function(size_t i)
{
	struct wanted w = { .question = functions[i].question };
	int r;

	put_good_system();
	put_btf(functions[i].but);
	r = sdax_probe_run_at(root, take, &w);
	if (!tap_ok(r == functions[i].r && w.seen && w.yes == functions[i].yes &&
			    strstr(w.detail, functions[i].detail),
		    "%s", functions[i].name))
		tap_diag("%d, %s: \"%s\"", r, w.yes ? "yes" : "no", w.detail);
	remove_system();
}

/* Both at once: the kernel matters more than the privilege. */
static void test_precedence(void)
{
	struct wanted w = { 0 };

	put_good_system();
	put("/proc/self/status", "CapEff:\t0\n");
	put("/proc/sys/fs/leases-enable", "0\n");
	tap_ok(sdax_probe_run_at(root, take, &w) == -EOPNOTSUPP && w.no_required == 2,
	       "kernel_before_privilege");
	remove_system();
}

static void test_lsm(void)
{
	char detail[160] = "x";

	put_good_system();
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_OK && !*detail,
	       "lsm_answer_ok");
	put("/sys/kernel/security/lsm", "capability,yama");
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_LSM_OFF &&
		       !strcmp(detail, "lsm=yama,bpf"),
	       "lsm_answer_off");
	put("/sys/kernel/security/lsm", "capability");
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_LSM_OFF &&
		       !strcmp(detail, "lsm=bpf"),
	       "lsm_answer_off_where_nothing_else_is_on");
	put_btf("bpf_lsm_");
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_NO_BPF_LSM && !*detail,
	       "lsm_answer_not_built");
	remove_file("/sys/kernel/security/lsm");
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_NO_BPF_LSM,
	       "lsm_answer_not_built_and_no_list");
	put_btf("");
	tap_ok(sdax_probe_lsm_at(root, detail, sizeof(detail)) == STATICDAX_OK && !*detail,
	       "lsm_answer_unknown_is_left_to_the_canary");
	remove_system();
}

static void test_parameter(void)
{
	struct sdax_lsms lsms = { .names = "" };
	char long_list[600] = "", text[160];

	tap_ok(!sdax_lsm_parse("capability,landlock,bpf\n", &lsms) && lsms.has_bpf &&
		       !strcmp(lsms.names, "landlock,bpf"),
	       "lsm_parse");
	for (size_t i = 0; i < 50; i++)
		strcat(long_list, "something,");
	tap_ok(sdax_lsm_parse(long_list, &lsms) == -ENOBUFS, "lsm_parse_endless");
	lsms = (struct sdax_lsms){ .unknown = true, .names = "yama" };
	sdax_lsm_parameter(&lsms, text, sizeof(text));
	tap_ok(!strstr(text, "lsm=yama,bpf"), "lsm_parameter_never_drops_a_module");
}

static void test_this_system(void)
{
	struct wanted w = { .question = "machine" };
	char detail[160];
	int r = sdax_probe_run(take, &w);

	tap_ok(w.lines == 18 && w.seen && !w.incomplete && (r == 0) == !w.no_required,
	       "this_system_answers_everything");
	tap_ok(sdax_probe_lsm(detail, sizeof(detail)) < STATICDAX_REASON_MAX_, "this_system_lsm");
}

int main(void)
{
	libbpf_set_print(quiet);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(i);
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		test_function(i);
	test_precedence();
	test_lsm();
	test_parameter();
	test_this_system();
	return tap_done();
}
