// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-doctor: what can this host do, and what exactly is missing? */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/options.h"
#include "cmd/tools.h"
#include "host/host.h"
#include "host/proc_view.h"
#include "host/vm.h"
#include "host/vm_scan.h"
#include "probe/block.h"
#include "probe/kvm.h"
#include "probe/numa.h"
#include "probe/sched.h"
#include "render/json.h"
#include "source/socket_source.h"
#include "wire/wire.h"

static const char *const status_names[] = { "works", "later", "lacking", "missing" };

/* The tools that are checked, and what each needs beyond what the tools before it need. */
enum { TOOL_CPU, TOOL_EXIT, TOOL_NUMA, TOOL_IO, TOOLS };

static const char *const tool_names[] = { "kvmq-cpu", "kvmq-exit", "kvmq-numa", "kvmq-io" };

/* What the doctor found; VMs are printed as they are found. */
struct findings {
	struct host host;
	struct checks checks[TOOLS];
	struct checks daemon;
	json_t *vms; /* NULL: print them as text */
	size_t vm_count;
	char unseen[160]; /* why VMs may be missing; empty: none is */
};

static void count_vm(void *context, uint32_t pid)
{
	size_t *count = context;

	(void)pid;
	++*count;
}

/*
 * Why VMs may be missing in /proc; empty: none is. blind: no VM can be found there. unseen: kvmq-io
 * does not start because of that.
 */
static void find_missing(char *text, size_t size, bool *blind, bool *unseen)
{
	enum proc_view view = proc_view__read("/proc");
	const char *reason = proc_view__reason(view);
	struct vm_refusals refusals;
	size_t found = 0;

	*blind = proc_view__is_foreign(view);
	vms__scan("/proc", count_vm, &found, &refusals);
	*unseen = vms__unseen(found, view, &refusals);
	vm_refusals__describe(&refusals, text, size);
	if (reason)
		snprintf(text, size, "%s", reason);
}

/* What each tool loses if /proc does not show all VMs. */
static void check_processes(struct findings *findings)
{
	struct check *names = checks__add(&findings->checks[TOOL_CPU], "names of VMs in /proc");
	struct check *memory = checks__add(&findings->checks[TOOL_NUMA], "memory of VMs in /proc");
	struct check *vms = checks__add(&findings->checks[TOOL_IO], "VMs in /proc");
	bool blind, unseen;

	find_missing(findings->unseen, sizeof(findings->unseen), &blind, &unseen);
	if (!findings->unseen[0])
		return;
	check__fail(names, CHECK_LACKING,
		    blind ? "VMs are named by command and PID; --vm and --cgroup find none"
			  : "paused VMs of other users are not listed",
		    "%s", findings->unseen);
	check__fail(memory, CHECK_LACKING,
		    blind ? "where VMs have their memory: MB and N%L"
			  : "whether memory of other users' VMs is pinned by VFIO",
		    "%s", findings->unseen);
	check__fail(vms, unseen ? CHECK_MISSING : CHECK_LACKING,
		    blind    ? "all VMs"
		    : unseen ? "all VMs: kvmq-io starts with --by device only"
			     : "VMs of other users",
		    "%s", findings->unseen);
}

/* Whether tools without privileges have somebody to take their views from. */
static void check_daemon(struct findings *findings)
{
	static const char *const lost = "views for tools without privileges";
	struct check *check = checks__add(&findings->daemon, "socket " KVMQD_SOCKET);
	bool is_there, is_usable;

	socket_source__look(&is_there, &is_usable);
	if (!is_there)
		check__fail(check, CHECK_LATER, lost, "kvmqd has made none yet: start it");
	else if (!is_usable)
		check__fail(check, CHECK_LACKING, lost,
			    "this user may not use it: join its group (kvmq)");
}

static void print_vm(const struct vm *vm)
{
	fputs("  ", stdout);
	text_put(stdout, vm->name, 24);
	if (vm->cgroup[0])
		text_line(stdout, " pid %-8u %s", vm->pid, vm->cgroup);
	else
		text_line(stdout, " pid %u", vm->pid);
}

static void found_vm(void *context, uint32_t pid)
{
	struct findings *findings = context;
	struct vm vm;
	int error = vm__from_process(&vm, "/proc", pid);

	if (error && error != -ESRCH)
		log_warning("the VM of process %u: %s: %s", pid, strerror(-error),
			    remedy(error, "mount /proc"));
	if (error)
		return;
	findings->vm_count++;
	if (findings->vms)
		json_array_append_new(findings->vms,
				      json_pack("{s:o,s:I,s:s?,s:o}", "vm", json__text(vm.name),
						"vm_pid", (json_int_t)vm.pid, "vm_uuid",
						vm.uuid[0] ? vm.uuid : NULL, "cgroup",
						json__text(vm.cgroup[0] ? vm.cgroup : NULL)));
	else
		print_vm(&vm);
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
	json__print(stdout, json_pack("{s:s,s:o,s:o,s:I,s:o,s:o,s:o}", "schema", "kvmq.doctor/1",
				      "host", json__text(findings->host.name), "kernel",
				      json__text(findings->host.kernel), "cpus",
				      (json_int_t)findings->host.cpus, "tools", tools, "kvmqd",
				      json_checks(&findings->daemon), "vms", findings->vms));
}

/* The VMs come last, and a check of them before: so /proc is walked twice. */
static void examine(struct findings *findings, bool json)
{
	struct vm_refusals refusals;

	log_keep_errors(true); /* each is the reason of a check */
	sched_probe__check(&findings->checks[TOOL_CPU]);
	kvm_probe__check(&findings->checks[TOOL_EXIT]);
	numa_probe__check(&findings->checks[TOOL_NUMA]);
	block_probe__check(&findings->checks[TOOL_IO]);
	log_keep_errors(false);
	check_processes(findings);
	check_daemon(findings);
	if (json) {
		findings->vms = json_array();
		vms__scan("/proc", found_vm, findings, &refusals);
		print_json(findings);
		return;
	}
	text_line(stdout, "%s %s: %u CPU%s", findings->host.name, findings->host.kernel,
		  findings->host.cpus, findings->host.cpus == 1 ? "" : "s");
	for (int i = 0; i < TOOLS; i++)
		print_checks(tool_names[i], &findings->checks[i]);
	print_checks("kvmqd", &findings->daemon);
	printf("\nVMs\n");
	vms__scan("/proc", found_vm, findings, &refusals);
	if (!findings->vm_count)
		printf("  none%s%s\n", findings->unseen[0] ? " to be seen: " : "",
		       findings->unseen);
}

/* No tool starts; or something is lost; or nothing is. */
static enum exit_status verdict(const struct findings *findings)
{
	enum check_status worst = CHECK_WORKS, least = CHECK_MISSING;

	for (int i = 0; i < TOOLS; i++) {
		enum check_status status = checks__worst(&findings->checks[i]);

		worst = status > worst ? status : worst;
		least = status < least ? status : least;
	}
	if (least == CHECK_MISSING)
		return STATUS_HOST;
	return worst > CHECK_LATER ? STATUS_FAILED : STATUS_DONE;
}

int main(int argc, char **argv)
{
	static char output[1 << 18]; /* what was written earlier leaves no errno behind */
	struct findings findings = { 0 };
	struct options options;
	int status;

	setvbuf(stdout, output, _IOFBF, sizeof(output));
	if (options_parse(&options, &doctor_tool, argc, argv, &status))
		return status;
	host__read(&findings.host);
	examine(&findings, options.json);
	errno = 0;
	if (output_status())
		return STATUS_FAILED;
	return verdict(&findings);
}
