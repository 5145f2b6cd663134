// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can this kernel and system do? One table of questions. */
#define _GNU_SOURCE
#include "probe.h"

#include <stdarg.h>
#include <string.h>

#include "ask.h"
#include "util.h"

static const struct question {
	const char *word;
	bool required;
	bool privilege;		/* a "no" means EPERM */
	enum sdax_reply (*ask)(struct sdax_probe *p);
	const char *why;	/* said with a "no" */
	const char *remedy;
} questions[] = {
	{ "machine", true, false, sdax_ask_machine,
	  "the programs read the registers of an x86-64",
	  "use an x86-64 machine" },
	{ "privilege", true, true, sdax_ask_privilege,
	  "sealing loads BPF programs and takes leases",
	  "run as root, outside of user namespaces" },
	{ "bpf", true, false, sdax_ask_bpf,
	  "enforcement is a set of BPF programs",
	  "use a kernel with CONFIG_BPF_SYSCALL=y, outside of a container that filters bpf()" },
	{ "btf", true, false, sdax_ask_btf,
	  "the programs are fitted to the kernel by its BTF",
	  "mount sysfs; use a kernel with CONFIG_DEBUG_INFO_BTF=y" },
	{ "bpf-lsm", true, false, sdax_ask_bpf_lsm,
	  "LSM programs are what refuses",
	  "use a kernel with CONFIG_BPF_LSM=y" },
	{ "lsm-list", true, false, sdax_ask_lsm_list,
	  "programs would be attached and never run", "boot with bpf in lsm=" },
	{ "load", true, false, sdax_ask_load, "LSM programs are what refuses",
	  "look for lockdown, seccomp or a container that refuses it" },
	{ "hooks", true, false, sdax_ask_hooks,
	  "each stops a way to move blocks",
	  "use a newer kernel with CONFIG_SECURITY=y and CONFIG_BPF_LSM=y" },
	{ "more-hooks", false, false, sdax_ask_more_hooks,
	  "used only by kernels that have them", NULL },
	{ "functions", true, false, sdax_ask_functions,
	  "they tell a write in place from an allocation",
	  "use a newer kernel with CONFIG_BPF_EVENTS=y and CONFIG_FUNCTION_TRACER=y" },
	{ "ftrace", true, false, sdax_ask_ftrace,
	  "attached programs do not run without it",
	  "sysctl kernel.ftrace_enabled=1" },
	{ "leases", true, false, sdax_ask_leases,
	  "a lease shows that nobody else has the file",
	  "sysctl fs.leases-enable=1" },
	{ "bpffs", true, false, sdax_ask_bpffs,
	  "pins there keep the programs when the command ends",
	  "use a kernel with CONFIG_BPF_SYSCALL=y" },
	{ "lockdown", true, false, sdax_ask_lockdown,
	  "BPF may not read the kernel's memory",
	  "boot with lockdown=integrity or without lockdown=" },
	{ "ia32", false, false, sdax_ask_ia32, "nothing to guard there", NULL },
	{ "lock", false, false, sdax_ask_lock, "seals can be removed", NULL },
	{ "dax", false, false, sdax_ask_dax, "a sealed file is a DAX file",
	  "mount ext4 or XFS on persistent memory with -o dax=always, or use --no-dax" },
	{ "closed", false, false, sdax_ask_closed,
	  "no hook refuses these",
	  "see BUGS in staticdax(8)" },
};

enum sdax_reply sdax_found(struct sdax_probe *p, enum sdax_reply reply,
			   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->detail, sizeof(p->detail), fmt, ap);
	va_end(ap);
	return reply;
}

static void answer(struct sdax_probe *p, const struct question *q,
		   enum sdax_reply reply, staticdax_doctor_fn fn, void *arg)
{
	size_t n = strlen(p->detail);
	struct staticdax_answer_line line = {
		.question = q->word,
		.yes = reply != SDAX_NO,
		.required = q->required,
		.detail = p->detail,
	};

	if (!line.yes) {
		snprintf(p->detail + n, sizeof(p->detail) - n, "; %s", q->why);
		line.remedy = *p->remedy ? p->remedy : q->remedy;
	}
	fn(arg, &line);
}

int sdax_probe_run_at(const char *root, staticdax_doctor_fn fn, void *arg)
{
	_cleanup_(sdax_ask_done) struct sdax_probe p = { .root = root };
	enum sdax_reply reply;
	int r = 0;

	sdax_ask_load_btf(&p);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		p.detail[0] = p.remedy[0] = '\0';
		reply = questions[i].ask(&p);
		answer(&p, &questions[i], reply, fn, arg);
		if (reply != SDAX_NO || !questions[i].required)
			continue;
		if (!questions[i].privilege)
			r = -EOPNOTSUPP;
		else if (!r)
			r = -EPERM;
	}
	return r;
}

enum staticdax_reason sdax_probe_lsm_at(const char *root, char *detail,
					size_t size)
{
	_cleanup_(sdax_ask_done) struct sdax_probe p = { .root = root };
	struct sdax_lsms lsms;
	int r;

	if (size)
		detail[0] = '\0';
	r = sdax_ask_lsms(&p, &lsms);
	if (!r && lsms.has_bpf)
		return STATICDAX_OK;
	sdax_ask_load_btf(&p);
	if (sdax_ask_bpf_lsm(&p) == SDAX_NO)
		return STATICDAX_NO_BPF_LSM;
	if (r < 0)
		return STATICDAX_OK;
	sdax_lsm_parameter(&lsms, detail, size);
	return STATICDAX_LSM_OFF;
}

int sdax_probe_run(staticdax_doctor_fn fn, void *arg)
{
	return sdax_probe_run_at("", fn, arg);
}

enum staticdax_reason sdax_probe_lsm(char *detail, size_t size)
{
	return sdax_probe_lsm_at("", detail, size);
}
