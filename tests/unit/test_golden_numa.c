// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what kvmq-numa would print of two views of a host:
 *
 *   test_golden_numa SCENE [OPTION...]
 *
 * SCENE is two or four (nodes; the third has no CPUs, the fourth no memory), eight, one,
 * sparse (nodes 0 and 2, and balancing is off), reasons (for each other why RFLT% is n/a),
 * nohook, nomove (migrations are not seen), or empty; OPTIONs are kvmq-numa's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "fake_proc.h"
#include "host/vm.h"
#include "pure.h"
#include "source/home.h"

#define MS 1000000ULL
#define MIB (1ULL << 20)
#define BEFORE_MS 1000000
#define AFTER_MS 1010000
#define BOOT_NS (1763935201000 * MS - AFTER_MS * MS)

static const struct host host = { .name = "kvm1", .kernel = "6.12.30-amd64", .cpus = 8 };

struct scene {
	struct fake_proc proc;
	struct view views[2];
};

/* One vCPU: what it ran on nodes, in ms, by the first view and since. */
struct vcpu {
	uint32_t vm_pid;
	int32_t number, node;
	uint64_t before_ms[4], ran_ms[4];
	uint64_t moves;
	uint64_t local, remote, pages; /* faults since, and how many pages each is of */
};

static struct numa_thread *add_thread(struct view *view, const struct vcpu *vcpu)
{
	struct thread_snapshot *thread = list_add(&view->sched.threads);
	struct numa_thread *numa = numa_snapshot__add(&view->numa);

	*thread = (struct thread_snapshot){
		.identity = { .id = view->sched.threads.count,
			      .vm_start_ns = vcpu->vm_pid * 10000000ULL,
			      .vm_pid = vcpu->vm_pid,
			      .tid = vcpu->vm_pid + 1 + (uint32_t)vcpu->number,
			      .vcpu = vcpu->number,
			      .is_vcpu = true },
		.cpu = (uint32_t)vcpu->node * 2,
	};
	snprintf(thread->identity.comm, COMM_SIZE, "CPU %d/KVM", vcpu->number);
	numa->id = thread->identity.id;
	numa->node = vcpu->node;
	return numa;
}

/* What was counted by the first view, so that a total is not the interval's figure. */
static struct numa_figures before_all(const struct numa_figures *figures)
{
	struct numa_figures some = *figures;

	some.moves = 11;
	some.own_faults = 12;
	some.own_pages = 13;
	for (int place = 0; place < FAULT_PLACES; place++) {
		some.faults[place] = 14 + (uint64_t)place;
		some.pages[place] = 16 + (uint64_t)place;
	}
	for (int node = 0; node < 4; node++) {
		some.migrated_to[node] = 20 + (uint64_t)node;
		some.migrated_from[node] = 30 + (uint64_t)node;
	}
	return some;
}

static void add_vcpu(struct scene *scene, const struct vcpu *vcpu)
{
	for (int i = 0; i < 2; i++) {
		struct numa_thread *numa = add_thread(&scene->views[i], vcpu);
		struct snapshot *snapshot = &scene->views[i].sched;
		struct figures *figures =
			&snapshot->threads.list[snapshot->threads.count - 1].figures;

		for (int node = 0; node < 4; node++) {
			numa->figures.run_ns[node] =
				(vcpu->before_ms[node] + (i ? vcpu->ran_ms[node] : 0)) * MS;
			figures->run_ns += numa->figures.run_ns[node];
		}
		figures->elapsed_ns = (i ? 20000 : 10000) * MS;
		figures->halt_ns = figures->elapsed_ns - figures->run_ns;
		numa->figures = before_all(&numa->figures);
		if (!i)
			continue;
		numa->figures.moves += vcpu->moves;
		numa->figures.faults[FAULT_LOCAL] += vcpu->local;
		numa->figures.faults[FAULT_REMOTE] += vcpu->remote;
		numa->figures.pages[FAULT_LOCAL] += vcpu->local * vcpu->pages;
		numa->figures.pages[FAULT_REMOTE] += vcpu->remote * vcpu->pages;
		numa->figures.own_faults += 3;
		numa->figures.own_pages += 3;
	}
}

static void migrate(struct scene *scene, int from, int to, uint64_t pages)
{
	struct numa_snapshot *numa = &scene->views[1].numa;

	numa->threads.list[numa->threads.count - 1].figures.migrated_from[from] += pages;
	numa->threads.list[numa->threads.count - 1].figures.migrated_to[to] += pages;
}

/* Memory in MiB by node, read so many ms before the later view. */
static struct residency *add_vm(struct scene *scene, uint32_t pid, const char *name,
				const uint64_t mib[4], uint64_t age_ms)
{
	struct residency *residency;
	char arguments[64], cgroup[64];

	snprintf(arguments, sizeof(arguments), "qemu-system-x86_64|-name|guest=%s", name);
	snprintf(cgroup, sizeof(cgroup), "0::/machine.slice/%s\n", name);
	fake_proc__add(&scene->proc, pid, "qemu-system-x86", pid, arguments, cgroup);
	for (int i = 0; i < 2; i++) {
		struct numa_vm *vm = numa_snapshot__add_vm(&scene->views[i].numa);

		vm->pid = pid;
		vm->start_ns = pid * 10000000ULL;
	}
	residency = &scene->views[1].numa.vms.list[scene->views[1].numa.vms.count - 1].residency;
	*residency = (struct residency){ .source = RESIDENCY_MAPS,
					 .time_ns = (AFTER_MS - age_ms) * MS,
					 .period_ns = 30000 * MS,
					 .split = true,
					 .kinds_known = true };
	for (int node = 0; node < 4; node++) {
		residency->bytes[node] = mib[node] * MIB;
		residency->kind_bytes[MEMORY_NORMAL] += mib[node] * MIB;
		residency->size_bytes += mib[node] * MIB;
	}
	residency->other_bytes[0] = 40 * MIB;
	return residency;
}

static struct numa_vm *last_vm(struct view *view)
{
	return &view->numa.vms.list[view->numa.vms.count - 1];
}

/* A remote half; memory that its vCPU has left; one between two nodes; one too large. */
static void fill_two(struct scene *scene)
{
	const struct vcpu web0 = { 1000, 0, 0, { 900, 0 }, { 6000, 0 }, 0, 1500, 1500, 1 };
	const struct vcpu web1 = { 1000, 1, 0, { 0, 0 }, { 2000, 0 }, 0, 10, 2, 512 };
	const struct vcpu db = { 2000, 0, 1, { 50, 50 }, { 100, 3900 }, 7, 100, 300, 1 };
	const struct vcpu batch0 = { 3000, 0, 0, { 0, 0 }, { 5000, 0 }, 0, 9, 0, 1 };
	const struct vcpu batch1 = { 3000, 1, 1, { 0, 0 }, { 0, 4000 }, 1, 0, 9, 1 };
	const struct vcpu large = { 4000, 0, 0, { 0, 0 }, { 5000, 0 }, 0, 0, 0, 1 };
	struct residency *sample;

	add_vm(scene, 1000, "web", (uint64_t[4]){ 2048, 2048 }, 4000);
	add_vcpu(scene, &web0);
	add_vcpu(scene, &web1);
	add_vm(scene, 2000, "db", (uint64_t[4]){ 900, 100 }, 1000);
	add_vcpu(scene, &db);
	migrate(scene, 0, 1, 300);
	last_vm(&scene->views[0])->bandwidth = (struct bandwidth){ true, 1000 * MIB, 900 * MIB };
	last_vm(&scene->views[1])->bandwidth = (struct bandwidth){ true, 3000 * MIB, 1400 * MIB };
	add_vm(scene, 3000, "batch", (uint64_t[4]){ 64, 64 }, 0);
	add_vcpu(scene, &batch0);
	migrate(scene, 1, 0, 500);
	add_vcpu(scene, &batch1);
	migrate(scene, 0, 1, 400);
	sample = add_vm(scene, 4000, "large", (uint64_t[4]){ 60000, 9000 }, 9900);
	sample->source = RESIDENCY_SAMPLE;
	sample->error_mpct = 766;
	sample->samples = 16384;
	add_vcpu(scene, &large);
	scene->views[1].numa.bandwidth_available = true;
	scene->views[1].numa.residency_cost_ns = 5 * MS;
	scene->views[1].numa.losses = (struct numa_losses){ 4, 2 };
}

static void fill_four(struct scene *scene)
{
	const struct vcpu web = { 1000, 0, 3, { 0, 0, 0, 0 }, { 100, 0, 0, 4900 }, 2, 0, 64, 1 };
	const struct vcpu halted = { 1000, 1, 0, { 5, 0, 0, 0 }, { 0, 0, 0, 0 }, 0, 0, 0, 1 };
	const struct vcpu idle = { 2000, 0, 0, { 5, 0, 0, 0 }, { 0, 0, 0, 0 }, 0, 0, 0, 1 };

	add_vm(scene, 1000, "web", (uint64_t[4]){ 256, 256, 512, 0 }, 2000);
	add_vcpu(scene, &web);
	migrate(scene, 1, 0, 64);
	add_vcpu(scene, &halted);
	add_vm(scene, 2000, "idle", (uint64_t[4]){ 0, 0, 128, 0 }, 2000);
	add_vcpu(scene, &idle);
}

static void fill_one(struct scene *scene)
{
	const struct vcpu web = { 1000, 0, 0, { 0, 0 }, { 5000, 0 }, 0, 0, 0, 1 };

	add_vm(scene, 1000, "web", (uint64_t[4]){ 512 }, 100);
	add_vcpu(scene, &web);
	scene->views[1].numa.balancing = BALANCING_UNKNOWN;
}

/* A VM on both nodes, with half a MiB on one; one of which no more is known. */
static void fill_sparse(struct scene *scene)
{
	const struct vcpu web = { 1000, 0, 2, { 100, 0, 90 }, { 6000, 0, 1000 }, 5, 0, 0, 1 };
	const struct vcpu far = { 2000, 0, 2, { 0 }, { 2000, 0, 3000 }, 5, 0, 0, 1 };
	struct residency *residency = add_vm(scene, 1000, "web", (uint64_t[4]){ 128 }, 0);

	residency->bytes[2] = MIB / 2;
	residency->time_ns = (AFTER_MS + 1) * MS; /* after the counters */
	last_vm(&scene->views[0])->bandwidth = (struct bandwidth){ true, 10 * MIB, 10 * MIB };
	last_vm(&scene->views[1])->bandwidth = (struct bandwidth){ true, 20 * MIB, 21 * MIB };
	add_vcpu(scene, &web);
	*add_vm(scene, 2000, "far", (uint64_t[4]){ 0 }, 0) = (struct residency){ 0 };
	strcpy(last_vm(&scene->views[1])->residency_missing, "its process has ended");
	add_vcpu(scene, &far);
	scene->views[1].numa.nodes.list[1] = scene->views[1].numa.nodes.list[2];
	scene->views[1].numa.nodes.count = 2;
	scene->views[1].numa.bandwidth_available = true;
	scene->views[1].numa.balancing = BALANCING_OFF;
}

static void set_kind(struct residency *residency, enum memory_kind kind)
{
	residency->kind_bytes[kind] = residency->kind_bytes[MEMORY_NORMAL];
	residency->kind_bytes[MEMORY_NORMAL] = 0;
}

static void fill_reasons(struct scene *scene)
{
	static const char *const names[] = {
		"hugetlb", "bound", "shared", "pinned", "quiet", "gone"
	};
	struct residency *residency;

	for (uint32_t i = 0; i < 6; i++) {
		const struct vcpu vcpu = { 1000 * (i + 1), 0, 0, { 0 }, { 1000 }, 0, 0, 0, 1 };

		residency = add_vm(scene, 1000 * (i + 1), names[i], (uint64_t[4]){ 32, 32 }, 10);
		if (i < 3)
			set_kind(residency, (enum memory_kind)(MEMORY_HUGETLB + i));
		if (i == 3)
			residency->pinned_bytes = 60 * MIB;
		if (i == 5) {
			*residency = (struct residency){ 0 };
			strcpy(last_vm(&scene->views[1])->residency_missing,
			       "the kernel refused it: needs root or CAP_SYS_PTRACE");
		}
		add_vcpu(scene, &vcpu);
	}
}

static void fill_nodes(struct nodes *nodes, uint32_t count)
{
	for (uint32_t id = 0; id < count; id++) {
		struct node *node = list_add(nodes);

		*node = (struct node){ id, 2, 65536 * MIB, { 0 } };
		for (uint32_t to = 0; to < count; to++)
			node->distance[to] = id == to ? 10 : 20 + (id + to) % 3;
	}
	if (count != 4)
		return;
	nodes->list[2].cpus = 0;
	nodes->list[3].memory_bytes = 0;
}

static void fill(struct scene *scene, const char *name)
{
	struct view *before = &scene->views[0], *after = &scene->views[1];
	bool two = !strcmp(name, "two") || !strcmp(name, "nohook") || !strcmp(name, "nomove");

	fake_proc__open(&scene->proc);
	before->sched.time_ns = before->numa.time_ns = BEFORE_MS * MS;
	after->sched.time_ns = after->sched.end_ns = AFTER_MS * MS;
	after->numa.time_ns = AFTER_MS * MS;
	after->sched.realtime_ns = 1763935201000 * MS;
	after->numa.balancing = BALANCING_ON;
	after->numa.page_bytes = 4096;
	fill_nodes(&after->numa.nodes, !strcmp(name, "four")	 ? 4
				       : !strcmp(name, "eight")	 ? 8
				       : !strcmp(name, "one")	 ? 1
				       : !strcmp(name, "sparse") ? 3
								 : 2);
	if (two)
		fill_two(scene);
	else if (!strcmp(name, "four") || !strcmp(name, "eight"))
		fill_four(scene);
	else if (!strcmp(name, "one"))
		fill_one(scene);
	else if (!strcmp(name, "sparse"))
		fill_sparse(scene);
	else if (!strcmp(name, "reasons"))
		fill_reasons(scene);
	if (!strcmp(name, "nomove"))
		strcpy(after->numa.migrations_missing,
		       "this kernel's BTF does not tell where a page is");
	if (strcmp(name, "nohook") != 0)
		return;
	strcpy(after->numa.faults_missing,
	       "the kernel refused the hook at task_numa_fault: Permission denied");
	strcpy(after->numa.migrations_missing, after->numa.faults_missing);
	for (size_t i = 0; i < 2 * after->numa.threads.count; i++) {
		struct view *view = &scene->views[i % 2];
		struct numa_figures *figures = &view->numa.threads.list[i / 2].figures;

		memset(figures->faults, 0, sizeof(figures->faults));
		memset(figures->pages, 0, sizeof(figures->pages));
	}
}

static void show_event(struct numa_report *report, const struct numa_event *event, struct vms *vms)
{
	const struct vm *vm = vms__get(vms, &event->identity);
	struct named_burst named = { { .boot_ns = BOOT_NS }, *event };

	if (vm)
		memcpy(named.names.vm, vm->name, sizeof(named.names.vm));
	numa_report__print_event(report, stdout, &named);
}

static void print_events(struct numa_report *report, const struct scene *scene, struct vms *vms)
{
	struct numa_event event = {
		.kind = NUMA_FAULTS,
		.identity = scene->views[1].sched.threads.list[0].identity,
		.begin_ns = 1001000 * MS,
		.end_ns = 1001012 * MS + 50, /* ns, of which 100 are shown */
		.faults = 12,
		.pages = 523,
		.from = 1,
		.to = NODE_NONE,
	};

	show_event(report, &event, vms);
	event.kind = NUMA_MIGRATE;
	event.identity.vcpu = VCPU_UNKNOWN;
	event.from = 0;
	event.to = 1;
	show_event(report, &event, vms);
	event = (struct numa_event){ .kind = NUMA_MOVE,
				     .identity = event.identity,
				     .begin_ns = 1002000 * MS,
				     .end_ns = 1002000 * MS,
				     .from = 0,
				     .to = 1,
				     .from_cpu = 3,
				     .to_cpu = 12 };
	show_event(report, &event, vms);
}

static int print_views(void *report, FILE *file, const struct view *before,
		       const struct view *after)
{
	return numa_report__print(report, file, before, after);
}

int main(int argc, char **argv)
{
	static const struct vm_filter all;
	static struct scene scene;
	struct homes homes = { 0 };
	struct numa_report report;
	struct options options;
	struct vms *vms;
	int status;

	if (argc < 2) {
		fputs("usage: test_golden_numa SCENE [OPTION...]\n", stderr);
		return 2;
	}
	setenv("TZ", "UTC", 1);
	tzset();
	if (options_parse(&options, &numa_tool, argc - 1, argv + 1, &status) ||
	    numa_report__init(&report, &options, &status))
		return status;
	fill(&scene, argv[1]);
	scene.views[1].host = host;
	vms = vms__new(scene.proc.path, &all);
	vms__sweep(vms, &scene.views[1].sched);
	vms__fill(vms, &scene.views[1].sched);
	homes__fill(&homes, &scene.views[0].numa, &scene.views[1].numa, &scene.views[1].sched);
	if (options.events)
		print_events(&report, &scene, vms);
	status = numa_report__print(&report, stdout, &scene.views[0], &scene.views[1]);
	status |= check_pure(print_views, &report, numa_sets, scene.views);
	vms__free(vms);
	homes__free(&homes);
	numa_report__free(&report);
	for (int i = 0; i < 2; i++) {
		snapshot__free(&scene.views[i].sched);
		numa_snapshot__free(&scene.views[i].numa);
	}
	fake_proc__close(&scene.proc);
	return status || fflush(stdout) ? 1 : 0;
}
