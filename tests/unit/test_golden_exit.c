// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what kvmq-exit would print of two views of a host:
 *
 *   test_golden_exit SCENE [OPTION...]
 *
 * SCENE is host (two VMs, of AMD's reasons), intel (the same, of Intel's), empty or
 * silent (a KVM that traces nothing); OPTIONs are kvmq-exit's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/exit_report.h"
#include "cmd/tools.h"
#include "fake_proc.h"
#include "host/vm.h"
#include "pure.h"

#define MS 1000000ULL
#define US 1000ULL
#define BOOT_NS (1763935201000 * MS - 1001000 * MS)

static const struct host host = { .name = "kvm1", .kernel = "6.1.0-37-amd64", .cpus = 4 };

struct scene {
	struct fake_proc proc;
	struct view views[2];
	enum exit_isa isa;
};

/* What a vCPU has done by now, in ms, and its exits. */
struct vcpu {
	uint64_t id;
	uint32_t vm_pid, tid;
	int32_t number;
	uint64_t guest, kvm, vmm, poll, ready, halt, block; /* ms */
	uint64_t exits;
};

static void add_vcpu(struct view *view, const struct vcpu *vcpu)
{
	struct thread_snapshot *thread = list_add(&view->sched.threads);
	struct exit_thread *exits = exit_snapshot__add(&view->exits);
	struct figures *figures = &thread->figures;

	*thread = (struct thread_snapshot){
		.identity = { .id = vcpu->id,
			      .vm_start_ns = vcpu->vm_pid == 1000 ? 50001234567 : 60000000000,
			      .vm_pid = vcpu->vm_pid,
			      .tid = vcpu->tid,
			      .vcpu = vcpu->number,
			      .is_vcpu = true,
			      .vm_comm = "lkvm" },
	};
	snprintf(thread->identity.comm, COMM_SIZE, "CPU %d/KVM", vcpu->number);
	figures->run_ns = (vcpu->guest + vcpu->kvm + vcpu->vmm + vcpu->poll) * MS;
	figures->ready_ns[CAUSE_PREEMPT] = vcpu->ready * MS;
	figures->halt_ns = vcpu->halt * MS;
	figures->block_ns = vcpu->block * MS;
	figures->elapsed_ns = figures->run_ns + (vcpu->ready + vcpu->halt + vcpu->block) * MS;
	exits->id = vcpu->id;
	exits->poll_known = vcpu->vm_pid == 1000;
	exits->figures = (struct exit_figures){ vcpu->guest * MS, vcpu->kvm * MS, vcpu->vmm * MS,
						vcpu->poll * MS, vcpu->exits };
}

/* The last vCPU's exits for a reason: all as long, in KVM and, if user_us, in the VMM. */
static void add_reason(struct view *view, uint32_t code, uint32_t count, uint64_t kernel_us,
		       uint64_t user_us, uint64_t block_us)
{
	const struct exit_thread *last = &view->exits.threads.list[view->exits.threads.count - 1];
	struct reason_snapshot *reason = exit_snapshot__add_reason(&view->exits, last->id, code);
	enum exit_part part = user_us ? EXIT_USER : EXIT_KERNEL;
	uint64_t total = (kernel_us + user_us) * US;

	reason->figures.count[part] = count;
	reason->figures.handle_ns[EXIT_KERNEL] = count * kernel_us * US;
	reason->figures.handle_ns[EXIT_USER] = count * user_us * US;
	reason->figures.block_ns[part] = count * block_us * US;
	reason->figures.max_ns = total;
	reason->hist.count[part][hist_bucket(total)] = count;
}

static void fill_host(struct scene *scene)
{
	bool svm = scene->isa == EXIT_ISA_SVM;
	uint32_t hlt = svm ? 0x78 : 12, io = svm ? 0x7b : 30, page = svm ? 0x400 : 48;
	struct view *before = &scene->views[0], *after = &scene->views[1];
	const struct vcpu old[] = {
		{ 1, 1000, 1003, 0, 5000, 100, 50, 10, 20, 800, 20, 9000 },
		{ 2, 1000, 1004, 1, 10, 1, 0, 0, 0, 5989, 0, 500 },
	};
	const struct vcpu new[] = {
		{ 1, 1000, 1003, 0, 5600, 160, 150, 20, 40, 950, 80, 12000 },
		{ 2, 1000, 1004, 1, 10, 1, 0, 0, 0, 6989, 0, 500 },
		{ 3, 3000, 3001, VCPU_UNKNOWN, 400, 50, 0, 0, 50, 0, 0, 4001 },
	};

	add_vcpu(before, &old[0]);
	add_reason(before, hlt, 1000, 10, 0, 0);
	add_reason(before, io, 8000, 5, 6, 0);
	add_vcpu(before, &old[1]);
	add_vcpu(after, &new[0]);
	add_reason(after, hlt, 2000, 10, 0, 0);
	add_reason(after, io, 9500, 5, 15, 200);
	add_reason(after, page, 499, 4, 0, 0);
	add_vcpu(after, &new[1]);
	add_vcpu(after, &new[2]);
	add_reason(after, 0x8f, 4000, 12, 0, 0);
	add_reason(after, EXIT_CODE_OTHER, 1, 900, 0, 0);
	after->exits.losses = (struct exit_losses){ 3, 0, 1, 0 };
	after->exits.cost = (struct exit_cost){ 14000, 200, 60000 };
}

static void fill(struct scene *scene, const char *name)
{
	struct view *before = &scene->views[0], *after = &scene->views[1];

	fake_proc__open(&scene->proc);
	fake_proc__add(&scene->proc, 1000, "qemu-system-x86", 5000,
		       "qemu-system-x86_64|-name|guest=web,debug-threads=on",
		       "0::/machine.slice/web\n");
	before->sched.time_ns = 1000000 * MS;
	before->sched.realtime_ns = 1763935200000 * MS;
	after->sched.time_ns = after->sched.end_ns = 1001000 * MS;
	after->sched.realtime_ns = 1763935201000 * MS;
	scene->isa = !strcmp(name, "intel") ? EXIT_ISA_VMX : EXIT_ISA_SVM;
	if (strcmp(name, "empty") != 0)
		fill_host(scene);
	else
		scene->isa = EXIT_ISA_UNKNOWN;
	after->exits.isa = scene->isa;
	if (strcmp(name, "silent") != 0)
		return;
	after->exits.isa = EXIT_ISA_UNKNOWN;
	after->exits.silent = true;
	list_clear(&after->exits.reasons);
}

static void show_event(struct exit_report *report, const struct exit_event *event, struct vms *vms)
{
	const struct vm *vm = vms__get(vms, &event->identity);
	struct named_exit named = { { .boot_ns = BOOT_NS }, *event };

	if (vm)
		memcpy(named.names.vm, vm->name, sizeof(named.names.vm));
	exit_report__print_exit(report, stdout, &named);
}

static void print_events(struct exit_report *report, const struct scene *scene, struct vms *vms)
{
	struct exit_event event = {
		.identity = scene->views[1].sched.threads.list[0].identity,
		.isa = scene->isa,
		.code = scene->isa == EXIT_ISA_SVM ? 0x7b : 30,
		.time_ns = 1000250 * MS,
		.end_ns = 1000250 * MS + 7123 * US,
		.handle_ns = { 5400, 5012345 },
		.block_ns = { 0, 2000000 },
		.off_ns = 2100000,
		.rip = 0xffffffff81234567,
		.rip_known = true,
	};

	show_event(report, &event, vms);
	event.identity = scene->views[1].sched.threads.list[2].identity;
	event.code = EXIT_CODE_OTHER;
	event.rip_known = false;
	show_event(report, &event, vms);
}

static int print_views(void *report, FILE *file, const struct view *before,
		       const struct view *after)
{
	return exit_report__print(report, file, before, after);
}

int main(int argc, char **argv)
{
	static const struct vm_filter all;
	static struct scene scene;
	struct exit_report report;
	struct options options;
	struct vms *vms;
	int status;

	if (argc < 2) {
		fputs("usage: test_golden_exit SCENE [OPTION...]\n", stderr);
		return 2;
	}
	setenv("TZ", "UTC", 1);
	tzset();
	if (options_parse(&options, &exit_tool, argc - 1, argv + 1, &status) ||
	    exit_report__init(&report, &options, &status))
		return status;
	fill(&scene, argv[1]);
	scene.views[1].host = host;
	vms = vms__new(scene.proc.path, &all);
	vms__sweep(vms, &scene.views[1].sched);
	vms__fill(vms, &scene.views[1].sched);
	if (options.events)
		print_events(&report, &scene, vms);
	status = exit_report__print(&report, stdout, &scene.views[0], &scene.views[1]);
	status |= check_pure(print_views, &report, exit_sets, scene.views);
	vms__free(vms);
	exit_report__free(&report);
	for (int i = 0; i < 2; i++) {
		snapshot__free(&scene.views[i].sched);
		exit_snapshot__free(&scene.views[i].exits);
	}
	fake_proc__close(&scene.proc);
	return status || fflush(stdout) ? 1 : 0;
}
