// SPDX-License-Identifier: GPL-2.0-only
/* The sets of a numa_snapshot. Arrays have an element for each node, by its id. */
#include "model/view_sets.h"

#define COUNTER(name, item, member) FIELD_AS(name, item, member, FIELD_U64, FIELD_COUNTER)
#define VIEW(name, member, type, kind) FIELD_AS(name, struct view, numa.member, type, kind)

/* The same at most moments. */
static const struct field numa_state_fields[] = {
	VIEW("since_ns", since_ns, FIELD_U64, FIELD_GAUGE),
	VIEW("page_bytes", page_bytes, FIELD_U32, FIELD_GAUGE),
	FIELD_CODE("balancing", struct view, numa.balancing, FIELD_U32, FIELD_GAUGE, BALANCINGS),
	VIEW("bandwidth_available", bandwidth_available, FIELD_BOOL, FIELD_GAUGE),
	VIEW("faults_missing", faults_missing, FIELD_TEXT, FIELD_GAUGE),
	VIEW("migrations_missing", migrations_missing, FIELD_TEXT, FIELD_GAUGE),
	VIEW("lost_events", losses.events, FIELD_U64, FIELD_COUNTER),
	VIEW("lost_faults", losses.faults, FIELD_U64, FIELD_COUNTER),
	VIEW("sched_ext", sched_ext, FIELD_BOOL, FIELD_GAUGE),
};

static const struct field numa_cost_fields[] = {
	VIEW("time_ns", time_ns, FIELD_U64, FIELD_GAUGE),
	VIEW("residency_cost_ns", residency_cost_ns, FIELD_U64, FIELD_COUNTER),
};

static const struct field node_fields[] = {
	FIELD_CODE("node", struct node, id, FIELD_U32, FIELD_KEY, NODES_MAX),
	FIELD(struct node, cpus, FIELD_U32, FIELD_GAUGE),
	FIELD(struct node, memory_bytes, FIELD_U64, FIELD_GAUGE),
	FIELD(struct node, distance, FIELD_U32, FIELD_GAUGE),
};

#define THREAD(name, member) COUNTER(name, struct numa_thread, figures.member)

static const struct field numa_thread_fields[] = {
	FIELD(struct numa_thread, id, FIELD_U64, FIELD_KEY),
	FIELD_CODE("node", struct numa_thread, node, FIELD_I32, FIELD_GAUGE, NODES_MAX),
	FIELD_CODE("home", struct numa_thread, home, FIELD_I32, FIELD_GAUGE, NODES_MAX),
	FIELD(struct numa_thread, home_since_ns, FIELD_U64, FIELD_GAUGE),
	THREAD("run_node_ns", run_ns),
	THREAD("moves", moves),
	THREAD("faults_local", faults[FAULT_LOCAL]),
	THREAD("faults_remote", faults[FAULT_REMOTE]),
	THREAD("fault_pages_local", pages[FAULT_LOCAL]),
	THREAD("fault_pages_remote", pages[FAULT_REMOTE]),
	THREAD("own_faults", own_faults),
	THREAD("own_fault_pages", own_pages),
	THREAD("migrated_to_node_pages", migrated_to),
	THREAD("migrated_from_node_pages", migrated_from),
};

#define VM(name, member, type, kind) FIELD_AS(name, struct numa_vm, member, type, kind)

static const struct field numa_vm_fields[] = {
	FIELD(struct numa_vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct numa_vm, start_ns, FIELD_U64, FIELD_KEY),
	FIELD_CODE("home", struct numa_vm, home, FIELD_I32, FIELD_GAUGE, NODES_MAX),
	FIELD(struct numa_vm, home_since_ns, FIELD_U64, FIELD_GAUGE),
	VM("bandwidth_known", bandwidth.known, FIELD_BOOL, FIELD_GAUGE),
	VM("bandwidth_total_bytes", bandwidth.total_bytes, FIELD_U64, FIELD_COUNTER),
	VM("bandwidth_local_bytes", bandwidth.local_bytes, FIELD_U64, FIELD_COUNTER),
};

#define RESIDENCY(name, member, type) VM(name, residency.member, type, FIELD_GAUGE)

/* Read rarely. */
static const struct field residency_fields[] = {
	FIELD(struct numa_vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct numa_vm, start_ns, FIELD_U64, FIELD_KEY),
	FIELD_CODE("source", struct numa_vm, residency.source, FIELD_U32, FIELD_GAUGE,
		   RESIDENCY_SOURCES),
	RESIDENCY("time_ns", time_ns, FIELD_U64),
	RESIDENCY("cost_ns", cost_ns, FIELD_U64),
	RESIDENCY("period_ns", period_ns, FIELD_U64),
	RESIDENCY("split", split, FIELD_BOOL),
	RESIDENCY("kinds_known", kinds_known, FIELD_BOOL),
	RESIDENCY("error_mpct", error_mpct, FIELD_U32),
	RESIDENCY("samples", samples, FIELD_U32),
	RESIDENCY("node_bytes", bytes, FIELD_U64),
	RESIDENCY("vmm_node_bytes", other_bytes, FIELD_U64),
	RESIDENCY("normal_bytes", kind_bytes[MEMORY_NORMAL], FIELD_U64),
	RESIDENCY("hugetlb_bytes", kind_bytes[MEMORY_HUGETLB], FIELD_U64),
	RESIDENCY("bound_bytes", kind_bytes[MEMORY_BOUND], FIELD_U64),
	RESIDENCY("shared_bytes", kind_bytes[MEMORY_SHARED], FIELD_U64),
	RESIDENCY("pinned_bytes", pinned_bytes, FIELD_U64),
	RESIDENCY("size_bytes", size_bytes, FIELD_U64),
	VM("missing", residency_missing, FIELD_TEXT, FIELD_GAUGE),
};

const struct set numa_state_set = SET_OF_VIEW("numa_state", numa_state_fields);
const struct set numa_cost_set = SET_OF_VIEW("numa_cost", numa_cost_fields);
const struct set node_set = SET_OF_LIST("nodes", numa.nodes, node_fields, 1);
const struct set numa_thread_set =
	SET_OF_LIST("numa_threads", numa.threads, numa_thread_fields, 1, .bulk = true);
const struct set numa_vm_set = SET_OF_LIST("numa_vms", numa.vms, numa_vm_fields, 2);
const struct set residency_set = SET_OF_LIST("residency", numa.vms, residency_fields, 2);
