// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/tools.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/option_entries.h"
#include "host/residency.h"

#define PERIOD_MIN_NS (10 * NSEC_PER_MSEC)
#define PERIOD_MAX_NS (24 * 3600 * NSEC_PER_SEC)

/* What only kvmq-cpu takes, except --blame. */

static int set_overlap(struct options *options, const struct option_entry *entry, const char *text)
{
	options->by = BY_VM;
	return option__set_flag(options, entry, text);
}

static const struct option_entry cpu_by = OPTION_BY("vcpu", "vm", "thread");

static const struct option_entry with_blame = {
	.letter = 'B',
	.name = "blame",
	.help = "who ran while they waited",
	.place = offsetof(struct options, cpu.blame),
	.set = option__set_flag,
};

static const struct option_entry cpu_overlap = {
	.letter = 'O',
	.name = "overlap",
	.help = "by VM: what its vCPUs did at the same time",
	.place = offsetof(struct options, cpu.overlap),
	.set = set_overlap,
};

static const struct option_entry cpu_timeline = {
	.letter = 't',
	.name = "timeline",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "each state of each vCPU to FILE, for ui.perfetto.dev (at most 256 MiB)",
	.expected = "the name of a file to write",
	.place = offsetof(struct options, cpu.timeline),
	.set = option__set_name,
};

static const struct option_rule cpu_rules[] = {
	{ .option = "--by",
	  .value = "vcpu",
	  .excludes = { "--overlap" },
	  .why = "whose rows are no VMs" },
	{ .option = "--by",
	  .value = "thread",
	  .excludes = { "--overlap" },
	  .why = "whose rows are no VMs" },
	{ 0 },
};

const struct tool cpu_tool = {
	.name = "kvmq-cpu",
	.question = "How long was each vCPU ready but not running, and why?",
	.options =
		(const struct option_entry *const[]){
			&option_vm,	   &option_cgroup,  &cpu_by,	   &option_hist,
			&option_events,	   &with_blame,	    &cpu_overlap,  &cpu_timeline,
			&option_json,	   &option_columns, &option_sort,  &option_top,
			&option_timestamp, &option_local,   &option_utc,   &option_record,
			&option_from,	   &option_since,   &option_until, &option_incident,
			&option_verbose,   &option_version, &option_help,  NULL },
	.rules = cpu_rules,
	.interval = true,
};

/* kvmq-exit */

static const struct option_entry exit_by = OPTION_BY("vcpu", "vm");

const struct tool exit_tool = {
	.name = "kvmq-exit",
	.question = "Where does a running vCPU's time go: guest, KVM or VMM, and by which exits?",
	.options =
		(const struct option_entry *const[]){
			&option_vm,	   &option_cgroup,   &exit_by,
			&option_hist,	   &option_events,   &option_json,
			&option_columns,   &option_sort,     &option_top,
			&option_timestamp, &option_local,    &option_utc,
			&option_record,	   &option_from,     &option_since,
			&option_until,	   &option_incident, &option_verbose,
			&option_version,   &option_help,     NULL },
	.interval = true,
};

/* kvmq-numa */

static const struct option_entry numa_by = OPTION_BY("vm", "vcpu");

static const struct option_entry numa_hist = {
	.letter = 'H',
	.name = "hist",
	.help = "the node matrix of each VM",
	.place = offsetof(struct options, hist),
	.set = option__set_flag,
};

/* SOURCE[,SECONDS] */
static int set_residency(struct options *options, const struct option_entry *entry,
			 const char *text)
{
	size_t length = strcspn(text, ",");
	unsigned int source = 0;

	while (entry->values[source] && (strlen(entry->values[source]) != length ||
					 strncmp(entry->values[source], text, length) != 0))
		source++;
	options->numa.residency = source;
	options->numa.period_ns = 0;
	if (!entry->values[source] ||
	    (text[length] && parse_fixed(text + length + 1, NSEC_PER_SEC, PERIOD_MIN_NS,
					 PERIOD_MAX_NS, &options->numa.period_ns)))
		return option__refuse(entry, text);
	return 0;
}

static const struct option_entry numa_residency = {
	.letter = 'R',
	.name = "residency",
	.has_argument = required_argument,
	.argument = "SOURCE[,S]",
	.help = "where memory is, each S seconds",
	.values = (const char *const[]){ [RESIDENCY_AUTO] = "auto",
					 [RESIDENCY_MAPS] = "maps",
					 [RESIDENCY_CGROUP] = "cgroup",
					 [RESIDENCY_SAMPLE] = "sample",
					 NULL },
	.expected = "auto, maps, cgroup or sample, and after a comma seconds from 0.01 to 86400",
	.set = set_residency,
};

static const struct option_rule numa_rules[] = {
	{ .option = "--by",
	  .value = "vcpu",
	  .excludes = { "--hist" },
	  .why = "whose rows have no node matrix" },
	{ 0 },
};

const struct tool numa_tool = {
	.name = "kvmq-numa",
	.question = "How much of a VM's memory is remote from where its vCPUs run?",
	.options = (const struct option_entry *const[]){ &option_vm,	    &option_cgroup,
							 &numa_by,	    &numa_hist,
							 &numa_residency,   &option_events,
							 &option_json,	    &option_columns,
							 &option_sort,	    &option_top,
							 &option_timestamp, &option_local,
							 &option_utc,	    &option_record,
							 &option_from,	    &option_since,
							 &option_until,	    &option_incident,
							 &option_verbose,   &option_version,
							 &option_help,	    NULL },
	.rules = numa_rules,
	.interval = true,
};

/* kvmq-io */

static int add_qmp(struct options *options, const struct option_entry *entry, const char *text)
{
	if (!*text)
		return option__refuse(entry, text);
	if (options->io.qmp_count == OPTIONS_QMP_MAX) {
		log_error("--qmp: more than %d sockets: leave some out", OPTIONS_QMP_MAX);
		return -EINVAL;
	}
	options->io.qmp[options->io.qmp_count++] = text;
	return 0;
}

static int set_guest_report(struct options *options, const struct option_entry *entry,
			    const char *text)
{
	options->io.guest_report = true;
	options->io.report_to = text;
	return !text || *text ? 0 : option__refuse(entry, text);
}

static const struct option_entry io_by = OPTION_BY("vm", "device");

static const struct option_entry io_hist = {
	.letter = 'H',
	.name = "hist",
	.help = "distributions of all layers, one above the other",
	.place = offsetof(struct options, hist),
	.set = option__set_flag,
};

static const struct option_entry io_qmp = {
	.letter = 'q',
	.name = "qmp",
	.has_argument = required_argument,
	.argument = "SOCKET",
	.help = "a VM's QMP socket: VMM's figures, rings, disks; may repeat",
	.expected = "the path of a QMP socket",
	.set = add_qmp,
};

static const struct option_entry io_vmm = {
	.letter = 'U',
	.name = "vmm",
	.help = "VMM's distribution: a trap at each request of QEMU's",
	.place = offsetof(struct options, io.vmm),
	.set = option__set_flag,
};

static const struct option_entry io_with_guests = {
	.letter = 'G',
	.name = "with-guests",
	.help = "what guests report of their own queues, too",
	.place = offsetof(struct options, io.with_guests),
	.set = option__set_flag,
};

static const struct option_entry io_guest_report = {
	.letter = 'g',
	.name = "guest-report",
	.has_argument = optional_argument,
	.argument = "TO",
	.help = "in a guest: report to the host by vsock[:PORT] or a file",
	.expected = "vsock[:PORT] or a file",
	.set = set_guest_report,
};

static const struct option_rule io_rules[] = {
	{ .option = "--guest-report",
	  .excludes = { "--vm", "--cgroup", "--by", "--hist", "--qmp", "--vmm", "--with-guests",
			"--events", "--json", "--columns", "--sort", "--top", "--timestamp",
			"--local", "--utc", "--record", "--from", "--from SOCKET" },
	  .why = "which shows nothing, but reports" },
	{ .option = "--by",
	  .value = "device",
	  .excludes = { "--vm", "--cgroup", "--qmp", "--vmm", "--with-guests" },
	  .why = "whose rows are no VM's" },
	{ .option = "--events",
	  .excludes = { "--qmp", "--vmm", "--with-guests" },
	  .why = "which are requests of the host" },
	{ 0 },
};

const struct tool io_tool = {
	.name = "kvmq-io",
	.question = "What does a guest wait for in I/O, layer by layer?",
	.options = (const struct option_entry *const[]){ &option_vm,
							 &option_cgroup,
							 &io_by,
							 &io_hist,
							 &io_qmp,
							 &io_vmm,
							 &io_with_guests,
							 &io_guest_report,
							 &option_events,
							 &option_json,
							 &option_columns,
							 &option_sort,
							 &option_top,
							 &option_timestamp,
							 &option_local,
							 &option_utc,
							 &option_record,
							 &option_from,
							 &option_since,
							 &option_until,
							 &option_incident,
							 &option_verbose,
							 &option_version,
							 &option_help,
							 NULL },
	.rules = io_rules,
	.interval = true,
};

/* kvmq-top */

static const struct option_entry top_batch = {
	.letter = 'b',
	.name = "batch",
	.help = "CSV on standard output: a line for each figure",
	.place = offsetof(struct options, kvmq_top.batch),
	.set = option__set_flag,
};

static const struct option_entry top_pdh = {
	.letter = 'p',
	.name = "pdh",
	.help = "--batch as esxtop has it: a column for each figure of a vCPU",
	.place = offsetof(struct options, kvmq_top.pdh),
	.set = option__set_flag,
};

static int set_count(struct options *options, const struct option_entry *entry, const char *text)
{
	return parse_number(text, 1, UINT32_MAX, &options->count) ? option__refuse(entry, text) : 0;
}

static const struct option_entry top_count = {
	.letter = 'n',
	.name = "count",
	.has_argument = required_argument,
	.argument = "N",
	.help = "end after N intervals",
	.expected = "a whole number from 1 to 4294967295",
	.set = set_count,
};

static const struct option_rule top_rules[] = {
	{ .option = "--pdh", .needs = "--batch", .why = "it is a form of CSV" },
	{ .option = "--record", .needs = "--batch", .why = "on a terminal the key w records" },
	{ .option = "COMMAND", .needs = "--batch", .why = "the terminal is not its own" },
	{ 0 },
};

const struct tool top_tool = {
	.name = "kvmq-top",
	.question = "All of it, live: which VM waits, for what, and because of whom?",
	.options = (const struct option_entry *const[]){ &top_batch, &with_blame, &top_count,
							 &top_pdh, &option_vm, &option_cgroup,
							 &option_local, &option_utc, &option_record,
							 &option_from, &option_since, &option_until,
							 &option_incident, &option_verbose,
							 &option_version, &option_help, NULL },
	.rules = top_rules,
	.interval = true,
};

/* kvmq-why */

#define WHY_INTERVAL_NS (10 * NSEC_PER_SEC)

static int add_threshold(struct options *options, const struct option_entry *entry,
			 const char *text)
{
	struct why_options *why = &options->why;

	if (why->threshold_count == OPTIONS_THRESHOLDS_MAX || !strchr(text, '='))
		return option__refuse(entry, text);
	why->thresholds[why->threshold_count++] = text;
	return 0;
}

static const struct option_entry why_threshold = {
	.letter = 't',
	.name = "threshold",
	.has_argument = required_argument,
	.argument = "SETTING",
	.help = "RULE=VALUE or RULE.NAME=VALUE: from where on a rule speaks; may repeat",
	.expected = "RULE=VALUE or RULE.NAME=VALUE, 64 times at most",
	.set = add_threshold,
};

static const struct option_entry why_rules = {
	.letter = 'R',
	.name = "rules",
	.help = "list the rules, and end",
	.place = offsetof(struct options, why.rules),
	.set = option__set_flag,
};

static const struct option_entry why_explain = {
	.letter = 'E',
	.name = "explain",
	.has_argument = required_argument,
	.argument = "RULE",
	.help = "when a rule speaks, and where its thresholds are from; and end",
	.expected = "the name of a rule: --rules lists them",
	.place = offsetof(struct options, why.explain),
	.set = option__set_name,
};

static const struct option_entry why_incidents = {
	.letter = 'I',
	.name = "incidents",
	.help = "list what kvmqd has kept in the recording, and end",
	.place = offsetof(struct options, why.incidents),
	.set = option__set_flag,
};

static const struct option_rule why_tool_rules[] = {
	{ .option = "--incidents", .needs = "--from", .why = "a recording has them" },
	{ .option = "--incidents",
	  .excludes = { "--vm", "--cgroup", "--incident", "--threshold", "--timestamp" },
	  .why = "which lists all" },
	{ 0 },
};

/*
 * It prints one page. Who ran while a vCPU waited, and what vCPUs did at the same time, are always
 * measured, and so are the VMM's threads, which requests wait for.
 */
static void preset_why(struct options *options)
{
	options->interval_ns = WHY_INTERVAL_NS;
	options->count = 1;
	options->cpu.blame = options->cpu.overlap = options->cpu.may_lack = true;
	options->cpu.threads = true;
}

const struct tool why_tool = {
	.name = "kvmq-why",
	.question = "Which VM is slow, because of what and whom, and what to do?",
	.options = (const struct option_entry *const[]){ &option_vm,	    &option_cgroup,
							 &io_qmp,	    &io_vmm,
							 &io_with_guests,   &why_rules,
							 &why_explain,	    &why_threshold,
							 &why_incidents,    &option_json,
							 &option_timestamp, &option_local,
							 &option_utc,	    &option_record,
							 &option_from,	    &option_since,
							 &option_until,	    &option_incident,
							 &option_verbose,   &option_version,
							 &option_help,	    NULL },
	.rules = why_tool_rules,
	.interval = true,
	.preset = preset_why,
	.whole = true,
};

const struct tool doctor_tool = {
	.name = "kvmq-doctor",
	.question = "What of kvmq works on this host, and what exactly is missing?",
	.options = (const struct option_entry *const[]){ &option_json, &option_verbose,
							 &option_version, &option_help, NULL },
	.status = "0 each tool does all that it can, 1 some tool lacks something or does not\n"
		  "start (or the output failed), 2 wrong usage, 3 no tool starts.",
};
