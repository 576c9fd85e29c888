// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-doctor: what can this host do, and what exactly is missing? */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/options.h"
#include "base/text.h"
#include "collect/check.h"
#include "collect/host.h"
#include "collect/vm.h"
#include "probe/block.h"
#include "probe/kvm.h"
#include "probe/numa.h"
#include "probe/sched.h"
#include "render/json.h"

/* include/linux/proc_ns.h, PROC_PID_INIT_INO */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

static const struct tool tool = {
	.name = "kvmq-doctor",
	.question = "Which of kvmq can this host do, and what exactly is missing?",
	.options = "jvVh",
};

static const char *const status_names[] = { "works", "later", "lacking", "missing" };

/* The tools that are checked, and what each needs beside what those before it need. */
enum { TOOL_CPU, TOOL_EXIT, TOOL_NUMA, TOOL_IO, TOOLS };

static const char *const tool_names[] = { "kvmq-cpu", "kvmq-exit", "kvmq-numa", "kvmq-io" };

/* What the doctor found; VMs are printed as they are found. */
struct findings {
	struct host host;
	struct checks checks[TOOLS];
	json_t *vms; /* NULL: print them as text */
	size_t vm_count;
};

static void check_processes(struct checks *checks, int refused)
{
	struct check *check = checks__add(checks, "names of VMs in /proc");
	struct stat namespace;

	if (refused < 0)
		check__fail(check, CHECK_LACKING, "VMs are named by comm and PID", "/proc: %s",
			    strerror(-refused));
	else if (refused > 0)
		check__fail(check, CHECK_LACKING, "paused VMs of other users are not listed",
			    "%d processes cannot be looked into: needs CAP_SYS_PTRACE", refused);
	if (!stat("/proc/self/ns/pid", &namespace) && namespace.st_ino != INITIAL_PID_NAMESPACE)
		check__fail(check, CHECK_LACKING, "VMs are named by comm and PID",
			    "this is not the host's PID namespace: run it there (hostPID)");
}

static void print_vm(const struct vm *vm)
{
	fputs("  ", stdout);
	text_put(stdout, vm->name, 24);
	if (vm->cgroup)
		text_line(stdout, " pid %-8u %s", vm->pid, vm->cgroup);
	else
		text_line(stdout, " pid %u", vm->pid);
}

static void found_vm(void *context, uint32_t pid)
{
	struct findings *findings = context;
	struct vm vm;

	if (vm__from_process(&vm, "/proc", pid))
		return;
	findings->vm_count++;
	if (findings->vms)
		json_array_append_new(findings->vms,
				      json_pack("{s:o,s:I,s:s?,s:o}", "vm", json__text(vm.name),
						"vm_pid", (json_int_t)vm.pid, "vm_uuid",
						vm.uuid[0] ? vm.uuid : NULL, "cgroup",
						json__text(vm.cgroup)));
	else
		print_vm(&vm);
	vm__release(&vm);
}

static void print_checks(const char *name, const struct checks *checks)
{
	printf("\n%s\n", name);
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		printf("  %-8s %s\n", status_names[check->status], check->what);
		if (check->status == CHECK_WORKS)
			continue;
		text_line(stdout, "           %s", check->why);
		text_line(stdout, "           lost: %s", check->lost);
	}
}

static json_t *json_checks(const struct checks *checks)
{
	json_t *list = json_array();

	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:s?}", "what", check->what,
						      "status", status_names[check->status], "why",
						      json__text(check->why[0] ? check->why : NULL),
						      "lost", check->lost));
	}
	return list;
}

static void print_json(struct findings *findings)
{
	json_t *tools = json_array();

	for (int i = 0; i < TOOLS; i++)
		json_array_append_new(tools,
				      json_pack("{s:s,s:s,s:o}", "tool", tool_names[i], "status",
						status_names[checks__worst(&findings->checks[i])],
						"checks", json_checks(&findings->checks[i])));
	json__print(stdout, json_pack("{s:s,s:o,s:o,s:I,s:o,s:o}", "schema", "kvmq.doctor/1",
				      "host", json__text(findings->host.name), "kernel",
				      json__text(findings->host.kernel), "cpus",
				      (json_int_t)findings->host.cpus, "tools", tools, "vms",
				      findings->vms));
}

static void ignore_vm(void *context, uint32_t pid)
{
	(void)context;
	(void)pid;
}

/* The VMs come last, and a check of them before: two walks through /proc. */
static void examine(struct findings *findings, bool json)
{
	sched_probe__check(&findings->checks[TOOL_CPU]);
	check_processes(&findings->checks[TOOL_CPU], vms__scan("/proc", ignore_vm, NULL));
	kvm_probe__check(&findings->checks[TOOL_EXIT]);
	numa_probe__check(&findings->checks[TOOL_NUMA]);
	block_probe__check(&findings->checks[TOOL_IO]);
	if (json) {
		findings->vms = json_array();
		vms__scan("/proc", found_vm, findings);
		print_json(findings);
		return;
	}
	text_line(stdout, "%s %s: %u CPU%s", findings->host.name, findings->host.kernel,
		  findings->host.cpus, findings->host.cpus == 1 ? "" : "s");
	for (int i = 0; i < TOOLS; i++)
		print_checks(tool_names[i], &findings->checks[i]);
	printf("\nVMs\n");
	vms__scan("/proc", found_vm, findings);
	if (!findings->vm_count)
		printf("  none\n");
}

int main(int argc, char **argv)
{
	struct findings findings = { 0 };
	struct options options;
	int status;

	if (options_parse(&options, &tool, argc, argv, &status))
		return status;
	host__read(&findings.host);
	examine(&findings, options.json);
	errno = 0;
	if (flush_output())
		return STATUS_FAILED;
	for (int i = 0; i < TOOLS; i++)
		if (checks__worst(&findings.checks[i]) > CHECK_LATER)
			return STATUS_HOST;
	return STATUS_DONE;
}
