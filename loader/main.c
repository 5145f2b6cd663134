// SPDX-License-Identifier: GPL-2.0-or-later
/* The command: its verbs, the options before them, and the exit status. */
#include <limits.h>
#include <string.h>

#include "args.h"
#include "help.h"
#include "log.h"
#include "report.h"
#include "version.h"

#define FIT (ARG_BIT(ARG_ALIGN) | ARG_BIT(ARG_NO_DAX))
#define JSON ARG_BIT(ARG_JSON)
#define MANY .operands_min = 1, .operands_max = INT_MAX

const struct cmd cmds[] = {
	{ .name = "seal", .run = cmd_seal, .operands = "FILE...", MANY,
	  .options = FIT | ARG_BIT(ARG_MODE) | ARG_BIT(ARG_AUDIT) | ARG_BIT(ARG_WAIT) |
		     ARG_BIT(ARG_REGISTRY) | JSON,
	  .brief = "keep the blocks of files where they are",
	  .about = "Seals each FILE: its size and the device blocks of its bytes stay the same\nuntil unseal, umount or reboot. Needs root." },
	{ .name = "unseal", .run = cmd_unseal, .operands = "FILE... | --all [MOUNTPOINT]", MANY,
	  .of_sealed = true,
	  .options = ARG_BIT(ARG_FORCE) | ARG_BIT(ARG_ALL) | JSON,
	  .brief = "let go of them",
	  .about = "Unseals each FILE that nobody else has open or mapped. Needs root." },
	{ .name = "get", .run = cmd_get, .operands = "FILE...", MANY,
	  .options = ARG_BIT(ARG_DENIALS) | JSON,
	  .brief = "are files sealed?",
	  .about = "Exits with 0 if every FILE is sealed and with 1 if not. Needs no privilege but\nthe right to read the file." },
	{ .name = "list", .run = cmd_list, .options = ARG_BIT(ARG_DENIALS) | JSON,
	  .brief = "all sealed files",
	  .about = "Lists every seal, and those that lapsed. Needs no privilege." },
	{ .name = "check", .run = cmd_check, .operands = "FILE...", MANY, .options = FIT | ARG_BIT(ARG_MODE) | JSON,
	  .brief = "would files do, and if not, why?",
	  .about = "Exits with 0 if every FILE is fit to be sealed and with 1 if not. Changes\nnothing." },
	{ .name = "create", .run = cmd_create, .operands = "FILE", .operands_min = 1, .operands_max = 1,
	  .options = ARG_BIT(ARG_SIZE) | FIT | ARG_BIT(ARG_SEAL) | JSON,
	  .required = ARG_BIT(ARG_SIZE),
	  .brief = "a new file that is fit",
	  .about = "Makes FILE, which must not exist: all zero, allocated and written, aligned on\nthe device, DAX, on stable storage. Interrupted, it leaves nothing." },
	{ .name = "prepare", .run = cmd_prepare, .operands = "FILE...", MANY,
	  .options = FIT | ARG_BIT(ARG_RELOCATE) | ARG_BIT(ARG_DRY_RUN) | JSON,
	  .brief = "make files fit, content unchanged",
	  .about = "Writes out what each FILE has not written, unshares what it shares, and frees\nwhat it has beyond its end. No byte of its content changes." },
	{ .name = "map", .run = cmd_map, .operands = "FILE", .operands_min = 1, .operands_max = 1,
	  .options = ARG_BIT(ARG_SVG) | JSON,
	  .brief = "where the bytes of a file are on the device",
	  .about = "Prints each run of FILE with its device address and how many huge pages could\nmap it, a picture, and what QEMU and hibernation want to know." },
	{ .name = "verify", .run = cmd_verify, .operands = "[FILE...]",
	  .of_sealed = true,
	  .operands_max = INT_MAX, .options = JSON,
	  .brief = "are sealed files as they were?",
	  .about = "Reads the extents of each FILE, or of all that is sealed, again and compares\nthem with the record. Exits with 0 if all is as it was and with 1 if not. Needs\nroot." },
	{ .name = "lock", .run = cmd_lock, .options = JSON,
	  .brief = "let nobody remove seals until reboot",
	  .about = "Until reboot seals can be added, but not removed or edited, not even by root.\nCannot be undone. Needs root." },
	{ .name = "status", .run = cmd_status, .options = JSON,
	  .brief = "is what is sealed really protected?",
	  .about = "Tries each hook on a file of its own and prints what it found, and the\ncounters. Needs root." },
	{ .name = "monitor", .run = cmd_monitor, .options = ARG_BIT(ARG_INTERVAL) | JSON,
	  .brief = "denials and lapsed seals as they happen",
	  .about = "Prints a line for each operation that is refused, for each seal that lapses, and\nwhenever what is sealed stops or begins to be protected; until it is\ninterrupted. Needs root to tell whether it is protected." },
	{ .name = "metrics", .run = cmd_metrics,
	  .brief = "numbers for Prometheus",
	  .about = "Prints everything that is counted in the text format of Prometheus, for the\ntextfile collector of its node exporter. As root it also tries each hook." },
	{ .name = "upgrade", .run = cmd_upgrade, .options = ARG_BIT(ARG_FORCE),
	  .brief = "this version's programs for those in force",
	  .about = "Replaces the programs that enforce the seals by those of this command, without\na gap. Later ones are replaced with --force only. Needs root." },
	{ .name = "doctor", .run = cmd_doctor, .options = JSON,
	  .brief = "can this system seal, and if not, what helps?",
	  .about = "Prints a line for each requirement, and a remedy below each that is not met." },
	{ .name = "apply", .run = cmd_apply, .operands = "[POLICY...]",
	  .operands_max = INT_MAX,
	  .options = ARG_BIT(ARG_DRY_RUN) | ARG_BIT(ARG_PRUNE) | ARG_BIT(ARG_WAIT) | JSON,
	  .brief = "seal what the policy files name",
	  .about = "Seals what each POLICY, a file or a directory of *.conf, names and what is not\nsealed yet; without any, what /etc/staticdax.d names. Needs root." },
	{ .name = "__complete", .run = cmd_complete, .hidden = true,
	  .operands = "verbs|verbs-about|options|options-about|operands|values|sealed [WORD]",
	  .operands_min = 1, .operands_max = 2,
	  .about = "Prints words for the shell's completion." },
	{},
};

static const struct cmd global = {
	.options = ARG_BIT(ARG_VERSION),
	.about = "Keeps the device blocks of files where they are.",
};

static enum staticdax_answer run(const struct cmd *cmd, const struct args *args,
				 struct report *report)
{
	enum staticdax_answer answer;
	struct staticdax *sd;
	int r;

	report->json = args_given(args, ARG_JSON);
	report->denials = args_given(args, ARG_DENIALS);
	r = staticdax_new(&sd);
	if (r < 0) {
		log_error("%s", strerror(-r));
		return STATICDAX_FAILED;
	}
	staticdax_set_log(sd, args->verbose, log_library, NULL);
	answer = cmd->run(sd, args, report);
	staticdax_free(sd);
	return answer;
}

static enum staticdax_answer dispatch(int argc, char **argv, struct report *report)
{
	struct args args = {};
	const struct cmd *cmd;

	if (args_parse(&global, argc, argv, &args) < 0)
		return STATICDAX_USAGE;
	if (args_given(&args, ARG_VERSION)) {
		version_print(report);
		return STATICDAX_YES;
	}
	if (args_given(&args, ARG_HELP)) {
		help_overview(&global, report);
		return STATICDAX_YES;
	}
	cmd = help_require(args.operands[0]);
	if (!cmd || args_parse(cmd, args.operands_count, args.operands, &args) < 0)
		return STATICDAX_USAGE;
	if (args_given(&args, ARG_HELP)) {
		help_verb(cmd, report);
		return STATICDAX_YES;
	}
	return run(cmd, &args, report);
}

int main(int argc, char **argv)
{
	enum staticdax_answer answer;
	struct report report;
	int r;

	log_occupy_fds();
	report_init(&report, stdout, false);
	answer = dispatch(argc, argv, &report);
	r = report_done(&report);
	if (r < 0) {
		log_error("standard output: %s", strerror(-r));
		return STATICDAX_FAILED;
	}
	return (int)answer;
}
