// SPDX-License-Identifier: GPL-2.0-only
/* What is known of each VM, and of its vCPUs. */
#include <stdio.h>
#include <string.h>

#include "cmd/daemon_metrics_internal.h"

static void put_labelled(struct exposition *exposition, struct shown_vm *vm, const char *name,
			 const char *value, uint64_t number, unsigned int decimals)
{
	labels__add(&vm->labels, name, value);
	exposition__put(exposition, &vm->labels, number, decimals);
	labels__cut(&vm->labels, vm->size);
}

#define SECONDS 9 /* decimals of a number of ns */

/* ---- identity ---- */

static const struct family vm_info = {
	"kvmq_vm", NULL, FAMILY_INFO,
	"A VM: to join it by domain and uuid with libvirt's, by namespace and name with KubeVirt's."
};
static const struct family vm_vcpus = { "kvmq_vm_vcpus", NULL, FAMILY_GAUGE,
					"vCPUs that were seen since the VM is known." };

/* KubeVirt calls its domains NAMESPACE_NAME; neither has a "_" of its own. */
static void add_pod(struct labels *labels, const struct vm_sums *vm)
{
	char space[VM_SHOWN_SIZE];
	size_t length = strcspn(vm->domain, "_");

	if (!vm->in_pods || !vm->domain[length] || !length)
		return;
	memcpy(space, vm->domain, length);
	space[length] = '\0';
	labels__add(labels, "namespace", space);
	labels__add(labels, "name", vm->domain + length + 1);
}

static void write_identity(struct exposition *exposition, struct shown_vms *vms)
{
	exposition__family(exposition, &vm_info);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *vm = &vms->list[i];

		labels__add(&vm->labels, "proxmox_id", vm->vm->id);
		add_pod(&vm->labels, vm->vm);
		exposition__count(exposition, &vm->labels, 1);
		labels__cut(&vm->labels, vm->size);
	}
	exposition__family(exposition, &vm_vcpus);
	for (size_t i = 0; i < vms->count; i++)
		exposition__count(exposition, &vms->list[i].labels, vms->list[i].vm->vcpus.count);
}

/* ---- verdicts ---- */

static const struct family vm_verdict = {
	"kvmq_vm_verdict", NULL, FAMILY_GAUGE,
	"What a rule of kvmq-why says of the last interval: 0 nothing, 1 look, 2 act. Without a "
	"sample it could not be asked."
};

static void write_verdicts(struct exposition *exposition, struct shown_vms *vms)
{
	const struct why_rule *rule;

	exposition__family(exposition, &vm_verdict);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *vm = &vms->list[i];

		for (size_t place = 0; (rule = why_rule__at(place)) && place < RULES_MAX; place++)
			/* One that speaks if no other does says that the host is not slow. */
			if (!rule->alone && vm->vm->levels[place] != VERDICT_NOT_ASKED)
				put_labelled(exposition, vm, "rule", rule->name,
					     (uint64_t)vm->vm->levels[place], 0);
	}
}

/* ---- siblings, exits, nodes ---- */

static const struct family vm_hazard = {
	"kvmq_vm_hazard_seconds", "seconds", FAMILY_COUNTER,
	"Time in which a vCPU waited for a CPU while another one of the VM ran."
};
static const struct family vm_stalled = {
	"kvmq_vm_stalled_seconds", "seconds", FAMILY_COUNTER,
	"Time in which a vCPU waited for a CPU, and none of the VM ran."
};

static void write_overlaps(struct exposition *exposition, struct shown_vms *vms)
{
	exposition__family(exposition, &vm_hazard);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->overlap_known)
			exposition__seconds(exposition, &vms->list[i].labels,
					    vms->list[i].vm->hazard_ns);
	exposition__family(exposition, &vm_stalled);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->overlap_known)
			exposition__seconds(exposition, &vms->list[i].labels,
					    vms->list[i].vm->stalled_ns);
}

static const struct family vm_exits = {
	"kvmq_vm_exits", NULL, FAMILY_COUNTER,
	"Exits of the VM that were handled, by the kernel's name of their reason; those whose "
	"name came late are other."
};
static const struct family vm_exit_time = {
	"kvmq_vm_exit_seconds", "seconds", FAMILY_COUNTER,
	"Time on a CPU that handling these exits took, in KVM and in the VMM."
};

static void write_reasons(struct exposition *exposition, struct shown_vms *vms,
			  const struct family *family, bool is_time)
{
	exposition__family(exposition, family);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *shown = &vms->list[i];
		const struct vm_sums *vm = shown->vm;

		for (size_t j = 0; j < vm->reasons.count; j++) {
			const struct reason_sums *reason = &vm->reasons.list[j];

			put_labelled(exposition, shown, "reason", reason->name,
				     is_time ? reason->handle_ns : reason->count,
				     is_time ? SECONDS : 0);
		}
		put_labelled(exposition, shown, "reason", "other",
			     is_time ? vm->other_reasons.handle_ns : vm->other_reasons.count,
			     is_time ? SECONDS : 0);
	}
}

static const struct family vm_node_run = { "kvmq_vm_node_run_seconds", "seconds", FAMILY_COUNTER,
					   "Time of the VM's vCPUs on the CPUs of a node." };
static const struct family vm_memory = { "kvmq_vm_memory_bytes", "bytes", FAMILY_GAUGE,
					 "Resident memory of the VM on a node." };
static const struct family vm_home = { "kvmq_vm_home_node", NULL, FAMILY_GAUGE,
				       "The node on which its vCPUs run most of late." };
static const struct family vm_remote = {
	"kvmq_vm_expected_remote_ratio", "ratio", FAMILY_GAUGE,
	"Of its accesses to memory, those to another node, if each went to any page alike."
};
static const struct family vm_fault_pages = { "kvmq_vm_hint_fault_pages", NULL, FAMILY_COUNTER,
					      "Pages that hint faults of the guest mapped." };
static const struct family vm_migrated = { "kvmq_vm_migrated_pages", NULL, FAMILY_COUNTER,
					   "Pages that were moved to another node." };

static void write_by_node(struct exposition *exposition, struct shown_vms *vms, uint64_t nodes,
			  const struct family *family)
{
	exposition__family(exposition, family);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *vm = &vms->list[i];
		bool is_memory = family == &vm_memory;

		if (is_memory ? !vm->vm->memory_known : !vm->vm->nodes_known)
			continue;
		for (unsigned int node = 0; node < NODES_MAX; node++) {
			if (!(nodes >> node & 1))
				continue;
			labels__add_number(&vm->labels, "node", node);
			exposition__put(exposition, &vm->labels,
					is_memory ? vm->vm->memory_bytes[node]
						  : vm->vm->run_node_ns[node],
					is_memory ? 0 : SECONDS);
			labels__cut(&vm->labels, vm->size);
		}
	}
}

static void write_faults(struct exposition *exposition, struct shown_vms *vms)
{
	exposition__family(exposition, &vm_fault_pages);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *vm = &vms->list[i];

		if (!vm->vm->faults_known)
			continue;
		put_labelled(exposition, vm, "place", "local", vm->vm->fault_pages[FAULT_LOCAL], 0);
		put_labelled(exposition, vm, "place", "remote", vm->vm->fault_pages[FAULT_REMOTE],
			     0);
	}
	exposition__family(exposition, &vm_migrated);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->faults_known)
			exposition__count(exposition, &vms->list[i].labels,
					  vms->list[i].vm->migrated_pages);
}

static void write_nodes(struct exposition *exposition, struct shown_vms *vms, uint64_t nodes)
{
	write_by_node(exposition, vms, nodes, &vm_node_run);
	write_by_node(exposition, vms, nodes, &vm_memory);
	exposition__family(exposition, &vm_home);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->nodes_known && vms->list[i].vm->home != NODE_NONE)
			exposition__count(exposition, &vms->list[i].labels,
					  (uint64_t)vms->list[i].vm->home);
	exposition__family(exposition, &vm_remote);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->nodes_known && vms->list[i].vm->remote_known)
			exposition__ratio(exposition, &vms->list[i].labels,
					  vms->list[i].vm->remote_mpct);
	write_faults(exposition, vms);
}

void write_vms(struct exposition *exposition, const struct daemon_sums *sums, struct shown_vms *vms)
{
	write_identity(exposition, vms);
	write_verdicts(exposition, vms);
	write_overlaps(exposition, vms);
	if (sums->exits_known) {
		write_reasons(exposition, vms, &vm_exits, false);
		write_reasons(exposition, vms, &vm_exit_time, true);
	}
	if (sums->nodes_known)
		write_nodes(exposition, vms, sums->nodes);
}

/* ---- vCPUs ---- */

enum need { NEED_NOTHING, NEED_THROTTLING, NEED_EXITS, NEED_POLL, NEED_MOVES };

#define PARTS_MAX 4

/* A family of vCPUs: one sample, or one for each value of a label. */
static const struct vcpu_family {
	struct family family;
	const char *label;
	struct {
		enum vcpu_sum sum;
		const char *value; /* NULL: no more */
		enum need need;
	} parts[PARTS_MAX];
} vcpu_families[] = {
	{ { "kvmq_vcpu_run_seconds", "seconds", FAMILY_COUNTER, "Time of a vCPU on a CPU." },
	  NULL,
	  { { SUM_RUN, "", NEED_NOTHING } } },
	{ { "kvmq_vcpu_ready_seconds", "seconds", FAMILY_COUNTER,
	    "Time in which a vCPU could run and did not: after a wake-up, preempted, or its cgroup "
	    "out of bandwidth." },
	  "cause",
	  { { SUM_READY_WAKE, "wake", NEED_NOTHING },
	    { SUM_READY_PREEMPT, "preempt", NEED_NOTHING },
	    { SUM_READY_THROTTLED, "throttled", NEED_THROTTLING } } },
	{ { "kvmq_vcpu_idle_seconds", "seconds", FAMILY_COUNTER,
	    "Time in which a vCPU wanted no CPU: halted by the guest, or blocked in the host." },
	  "state",
	  { { SUM_HALT, "halt", NEED_NOTHING }, { SUM_BLOCK, "block", NEED_NOTHING } } },
	{ { "kvmq_vcpu_waits", NULL, FAMILY_COUNTER, "Waits for a CPU that have ended." },
	  "cause",
	  { { SUM_WAITS_WAKE, "wake", NEED_NOTHING },
	    { SUM_WAITS_PREEMPT, "preempt", NEED_NOTHING } } },
	{ { "kvmq_vcpu_place_seconds", "seconds", FAMILY_COUNTER,
	    "Where a vCPU's time on a CPU went: the guest, KVM, the VMM, or polling for the end of "
	    "a halt." },
	  "place",
	  { { SUM_GUEST, "guest", NEED_EXITS },
	    { SUM_KVM, "kvm", NEED_EXITS },
	    { SUM_VMM, "vmm", NEED_EXITS },
	    { SUM_POLL, "poll", NEED_POLL } } },
	{ { "kvmq_vcpu_exits", NULL, FAMILY_COUNTER, "Exits of a vCPU from the guest." },
	  NULL,
	  { { SUM_EXITS, "", NEED_EXITS } } },
	{ { "kvmq_vcpu_node_moves", NULL, FAMILY_COUNTER,
	    "How often a vCPU came to a CPU of another node." },
	  NULL,
	  { { SUM_MOVES, "", NEED_MOVES } } },
};

static bool is_known(const struct daemon_sums *sums, const struct vcpu_sums *vcpu, enum need need)
{
	switch (need) {
	case NEED_THROTTLING:
		return vcpu->throttling_known;
	case NEED_EXITS:
		return sums->exits_known && vcpu->exits_known;
	case NEED_POLL:
		return sums->exits_known && vcpu->exits_known && vcpu->poll_known;
	case NEED_MOVES:
		return sums->nodes_known && vcpu->moves_known;
	case NEED_NOTHING:
		break;
	}
	return true;
}

static void add_vcpu(struct labels *labels, int32_t vcpu)
{
	if (vcpu >= 0)
		labels__add_number(labels, "vcpu", (uint64_t)vcpu);
	else
		labels__add(labels, "vcpu", "unknown");
}

static void write_vcpu(struct exposition *exposition, const struct daemon_sums *sums,
		       struct shown_vm *vm, const struct vcpu_sums *vcpu,
		       const struct vcpu_family *family)
{
	size_t size;

	add_vcpu(&vm->labels, vcpu->vcpu);
	size = vm->labels.of.size;
	for (int i = 0; i < PARTS_MAX && family->parts[i].value; i++) {
		if (!is_known(sums, vcpu, family->parts[i].need))
			continue;
		if (family->label)
			labels__add(&vm->labels, family->label, family->parts[i].value);
		exposition__put(exposition, &vm->labels, vcpu->sums[family->parts[i].sum],
				family->family.unit ? SECONDS : 0);
		labels__cut(&vm->labels, size);
	}
	labels__cut(&vm->labels, vm->size);
}

void write_vcpus(struct exposition *exposition, const struct daemon_sums *sums,
		 struct shown_vms *vms)
{
	for (size_t i = 0; i < sizeof(vcpu_families) / sizeof(vcpu_families[0]); i++) {
		exposition__family(exposition, &vcpu_families[i].family);
		for (size_t j = 0; j < vms->count; j++)
			for (size_t k = 0; k < vms->list[j].vm->vcpus.count; k++)
				write_vcpu(exposition, sums, &vms->list[j],
					   &vms->list[j].vm->vcpus.list[k], &vcpu_families[i]);
	}
}

static const struct family vcpu_wait = { "kvmq_vcpu_wait_seconds", "seconds", FAMILY_HISTOGRAM,
					 "How long waits of a vCPU for a CPU were." };

void write_vcpu_histograms(struct exposition *exposition, struct shown_vms *vms)
{
	exposition__family(exposition, &vcpu_wait);
	for (size_t i = 0; i < vms->count; i++)
		for (size_t j = 0; j < vms->list[i].vm->vcpus.count; j++) {
			struct shown_vm *vm = &vms->list[i];
			const struct vcpu_sums *vcpu = &vm->vm->vcpus.list[j];
			const struct exposition_histogram histogram = { coarse_bounds, vcpu->waits,
									COARSE_BOUNDS,
									vcpu->sums[SUM_WAITED] };

			add_vcpu(&vm->labels, vcpu->vcpu);
			exposition__histogram(exposition, &vm->labels, &histogram);
			labels__cut(&vm->labels, vm->size);
		}
}
