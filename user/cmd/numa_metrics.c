// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/numa_metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/values.h"

#define ALL (VCPU | VM)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TEXTS 8
#define TEXT_SIZE 160

/* A text that is made up stays until some more are, so that two can be compared. */
static char *new_text(void)
{
	static struct {
		char text[TEXT_SIZE];
	} texts[TEXTS];
	static unsigned int next;

	return texts[next++ % TEXTS].text;
}

static struct value text(const char *value)
{
	return (struct value){ .known = value && *value, .text = value };
}

static struct value node_value(int32_t node)
{
	return known_if(node != NODE_NONE, (uint64_t)node);
}

/* Where a VM's memory is, or NULL. */
static const struct residency *residency_of(const struct numa_row *row)
{
	return numa_row__memory(row) ? &row->vm->residency : NULL;
}

static struct value get_node(const void *data)
{
	return node_value(((const struct numa_row *)data)->node);
}

static struct value get_home(const void *data)
{
	return node_value(((const struct numa_row *)data)->home);
}

static struct value get_home_run(const void *data)
{
	const struct numa_row *row = data;
	uint64_t run = numa_figures__run(&row->interval);

	if (row->home == NODE_NONE || !run)
		return (struct value){ 0 };
	return number(share_mpct(row->interval.run_ns[row->home], run));
}

static struct value get_memory(const void *data)
{
	uint64_t memory = numa_row__memory(data);

	return known_if(memory, memory);
}

static struct value get_memory_home(const void *data)
{
	const struct numa_row *row = data;
	const struct residency *residency = residency_of(row);

	if (!residency || row->home == NODE_NONE)
		return (struct value){ 0 };
	return number(residency->bytes[row->home]);
}

/* "128/-/64": MiB on node 0, on node 2, and there is no node 1; as many as fit. */
static struct value get_memory_nodes(const void *data)
{
	const struct numa_row *row = data;
	const struct residency *residency = residency_of(row);
	uint32_t limit = nodes__limit(&row->moment->nodes);
	char *list = new_text();
	size_t used = 0;

	if (!residency)
		return (struct value){ 0 };
	for (uint32_t node = 0; node < limit && used < TEXT_SIZE - 24; node++) {
		uint64_t bytes = residency->bytes[node];
		char mib[24] = "-";

		if (nodes__find(&row->moment->nodes, node))
			format_fixed(mib, (bytes + (1 << 19)) >> 20, 0);
		used += (size_t)snprintf(list + used, TEXT_SIZE - used, "%s%s", node ? "/" : "",
					 mib);
	}
	return text(list);
}

static struct value get_local(const void *data)
{
	struct value home = get_memory_home(data);

	return known_if(home.known,
			home.known ? share_mpct(home.number, numa_row__memory(data)) : 0);
}

static struct value get_expected(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->remote_known, row->expected_remote_mpct);
}

static uint64_t all_faults(const struct numa_figures *figures)
{
	return figures->faults[FAULT_LOCAL] + figures->faults[FAULT_REMOTE];
}

static uint64_t all_pages(const struct numa_figures *figures)
{
	return figures->pages[FAULT_LOCAL] + figures->pages[FAULT_REMOTE];
}

static uint64_t all_migrated(const struct numa_figures *figures)
{
	uint64_t sum = 0;

	for (int node = 0; node < NODES_MAX; node++)
		sum += figures->migrated_to[node];
	return sum;
}

static struct value get_fault_remote(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->reason == FAULTS_KNOWN,
			share_mpct(row->interval.pages[FAULT_REMOTE], all_pages(&row->interval)));
}

static struct value fault_bound(const struct numa_row *row, bool high)
{
	struct value remote = get_fault_remote(row);
	uint64_t bounds[2];

	if (!remote.known)
		return remote;
	share_interval((double)remote.number / 100000.0, numa_figures__samples(&row->interval),
		       &bounds[0], &bounds[1]);
	return number(bounds[high]);
}

static struct value get_fault_low(const void *data)
{
	return fault_bound(data, false);
}

static struct value get_fault_high(const void *data)
{
	return fault_bound(data, true);
}

/* Where none can be there is no number of them, not 0. */
static bool counts_faults(const struct numa_row *row)
{
	return row->reason == FAULTS_KNOWN || row->reason == FAULTS_NO_SAMPLES;
}

#define FAULT_COUNTER(name, of)                                                                    \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct numa_row *row = data;                                                 \
		const struct numa_figures *figures = &row->interval;                               \
		return known_if(counts_faults(row), of);                                           \
	}                                                                                          \
	static struct value total_##name(const void *data)                                         \
	{                                                                                          \
		const struct numa_row *row = data;                                                 \
		const struct numa_figures *figures = &row->total;                                  \
		return known_if(row->faults_seen, of);                                             \
	}

FAULT_COUNTER(faults, all_faults(figures))
FAULT_COUNTER(faults_remote, figures->faults[FAULT_REMOTE])
FAULT_COUNTER(pages, all_pages(figures))
FAULT_COUNTER(pages_remote, figures->pages[FAULT_REMOTE])
FAULT_COUNTER(own_faults, figures->own_faults)
FAULT_COUNTER(own_pages, figures->own_pages)

static struct value get_fault_reason(const void *data)
{
	return text(fault_reason__name(((const struct numa_row *)data)->reason));
}

static struct value get_covered(const void *data)
{
	const struct numa_row *row = data;
	const struct residency *residency = residency_of(row);
	uint64_t all = 0;

	for (int kind = 0; residency && kind < MEMORY_KINDS; kind++)
		all += residency->kind_bytes[kind];
	if (!all || !residency->kinds_known)
		return (struct value){ 0 };
	return number(share_mpct(residency->kind_bytes[MEMORY_NORMAL], all));
}

static struct value get_migrated_in(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->migrations_known,
			row->migrations_known ? row->interval.migrated_to[row->home] : 0);
}

static struct value get_migrated_out(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->migrations_known,
			row->migrations_known ? row->interval.migrated_from[row->home] : 0);
}

static struct value per_second(const struct numa_row *row, struct value count)
{
	return count.known ? rate(&row->row, count.number) : count;
}

static struct value get_in_rate(const void *data)
{
	return per_second(data, get_migrated_in(data));
}

static struct value get_out_rate(const void *data)
{
	return per_second(data, get_migrated_out(data));
}

static struct value get_migrated(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->migrations_known, all_migrated(&row->interval));
}

static struct value total_migrated(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->migrations_seen, all_migrated(&row->total));
}

static struct value get_moves(const void *data)
{
	return number(((const struct numa_row *)data)->interval.moves);
}

static struct value total_moves(const void *data)
{
	return number(((const struct numa_row *)data)->total.moves);
}

static struct value get_move_rate(const void *data)
{
	const struct numa_row *row = data;

	return rate(&row->row, row->interval.moves);
}

static struct value get_bandwidth_total(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->bandwidth_known, row->bandwidth.total_bytes);
}

static struct value get_bandwidth_local(const void *data)
{
	const struct numa_row *row = data;

	return known_if(row->bandwidth_known, row->bandwidth.local_bytes);
}

/* Local bytes are counted apart from all of them, a little earlier or later. */
static struct value get_bandwidth_remote(const void *data)
{
	const struct numa_row *row = data;
	uint64_t all = row->bandwidth.total_bytes, local = row->bandwidth.local_bytes;

	if (!row->bandwidth_known || !all)
		return (struct value){ .blank = true };
	return number(share_mpct(all > local ? all - local : 0, all));
}

/* "maps", or "sample+-0.8": with its error in percentage points. */
static struct value get_source(const void *data)
{
	const struct residency *residency = residency_of(data);
	char *source = new_text(), error[24];

	if (!residency)
		return (struct value){ 0 };
	if (!residency->error_mpct)
		return text(residency_source__name(residency->source));
	format_fixed(error, (residency->error_mpct + 50) / 100, 1);
	snprintf(source, TEXT_SIZE, "%s+-%s", residency_source__name(residency->source), error);
	return text(source);
}

static struct value get_source_name(const void *data)
{
	const struct residency *residency = residency_of(data);

	return text(residency ? residency_source__name(residency->source) : NULL);
}

static struct value get_age(const void *data)
{
	const struct numa_row *row = data;
	const struct residency *residency = residency_of(row);
	uint64_t now_ns;

	if (!residency)
		return (struct value){ 0 };
	now_ns = row->moment->time_ns;
	return number(now_ns > residency->time_ns ? now_ns - residency->time_ns : 0);
}

#define RESIDENCY_FIGURE(name, of)                                                                 \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct residency *residency = residency_of(data);                            \
		return residency ? (of) : (struct value){ 0 };                                     \
	}

RESIDENCY_FIGURE(error, number(residency->error_mpct))
RESIDENCY_FIGURE(period, number(residency->period_ns))
RESIDENCY_FIGURE(size, known_if(residency->size_bytes, residency->size_bytes))
RESIDENCY_FIGURE(pinned, number(residency->pinned_bytes))

static struct value get_vmm_bytes(const void *data)
{
	const struct residency *residency = residency_of(data);
	uint64_t sum = 0;

	if (!residency || !residency->split)
		return (struct value){ 0 };
	for (int node = 0; node < NODES_MAX; node++)
		sum += residency->other_bytes[node];
	return number(sum);
}

static struct value get_residency_reason(const void *data)
{
	const struct numa_row *row = data;

	return text(residency_of(row) || !row->vm ? NULL : row->vm->residency_missing);
}

static struct value get_hint(const void *data)
{
	char *hint = new_text();

	numa_row__hint(data, hint, TEXT_SIZE);
	return *hint ? text(hint) : (struct value){ .blank = true };
}

static const struct borrowed borrowed[] = {
	{ "vm", ALL },	       { "vm_pid", NEVER },	{ "vm_uuid", NEVER }, { "cgroup", NEVER },
	{ "vcpus", WIDE(VM) }, { "thread", NEVER },	{ "vcpu", VCPU },     { "tid", WIDE(VCPU) },
	{ "cpu", WIDE(VCPU) }, { "elapsed_ns", NEVER }, { "run_ns", NEVER },  { "run_pct", VCPU },
};

static const struct metric own[] = {
	{ "node", "NODE", UNIT_NUMBER, VCPU, "where the vCPU runs or last ran", get_node, NULL },
	{ "home_node", "HOME", UNIT_NUMBER, ALL, "node with most run time of late", get_home,
	  NULL },
	{ "home_run_pct", "HRUN%", UNIT_MPCT, NEVER, "share of the run time on HOME", get_home_run,
	  NULL },
	{ "memory_bytes", "MB", UNIT_BYTES_AS_MIB, VM, "resident guest memory in MiB", get_memory,
	  NULL },
	{ NULL, "MB/NODE", UNIT_TEXT, WIDE(VM), "the same on node 0, 1, ... in MiB",
	  get_memory_nodes, NULL },
	{ "memory_home_bytes", NULL, UNIT_NUMBER, NEVER, "resident guest memory on HOME",
	  get_memory_home, NULL },
	{ "memory_local_pct", "N%L", UNIT_MPCT, ALL, "share of the memory on HOME", get_local,
	  NULL },
	{ "expected_remote_pct", "XREM%", UNIT_MPCT, ALL,
	  "remote share of accesses if all pages were alike", get_expected, NULL },
	{ "fault_remote_pct", "RFLT%", UNIT_MPCT, ALL,
	  "remote share of the pages of the guest's hint faults", get_fault_remote, NULL },
	{ "fault_remote_low_pct", "RFLTLOW%", UNIT_MPCT, NEVER, "95 %: it is no less than this",
	  get_fault_low, NULL },
	{ "fault_remote_high_pct", "RFLTHIGH%", UNIT_MPCT, NEVER, "95 %: it is no more than this",
	  get_fault_high, NULL },
	{ "faults", "FLTS", UNIT_NUMBER, WIDE(ALL), "hint faults behind RFLT%", get_faults,
	  total_faults },
	{ "faults_remote", NULL, UNIT_NUMBER, NEVER, "of these, remote ones", get_faults_remote,
	  total_faults_remote },
	{ "fault_pages", NULL, UNIT_NUMBER, NEVER, "pages of these faults", get_pages,
	  total_pages },
	{ "fault_pages_remote", NULL, UNIT_NUMBER, NEVER, "pages of the remote ones",
	  get_pages_remote, total_pages_remote },
	{ "fault_na", NULL, UNIT_TEXT, NEVER, "why RFLT% is n/a", get_fault_reason, NULL },
	{ "fault_covered_pct", "COVER%", UNIT_MPCT, NEVER,
	  "share of the memory that can take hint faults", get_covered, NULL },
	{ "own_faults", NULL, UNIT_NUMBER, NEVER, "hint faults of the threads outside the guest",
	  get_own_faults, total_own_faults },
	{ "own_fault_pages", NULL, UNIT_NUMBER, NEVER, "and their pages", get_own_pages,
	  total_own_pages },
	{ "migrated_home_pages", NULL, UNIT_NUMBER, NEVER, "pages migrated to HOME",
	  get_migrated_in, NULL },
	{ "migrated_home_pages_per_s", "IN/s", UNIT_PER_SEC_M, ALL,
	  "pages migrated to HOME, per second", get_in_rate, NULL },
	{ "migrated_away_pages", NULL, UNIT_NUMBER, NEVER, "pages migrated away from HOME",
	  get_migrated_out, NULL },
	{ "migrated_away_pages_per_s", "OUT/s", UNIT_PER_SEC_M, ALL,
	  "pages migrated away from HOME, per second", get_out_rate, NULL },
	{ "migrated_pages", NULL, UNIT_NUMBER, NEVER, "pages migrated, from and to wherever",
	  get_migrated, total_migrated },
	{ "moves", NULL, UNIT_NUMBER, NEVER, "vCPUs that arrived on another node", get_moves,
	  total_moves },
	{ "moves_per_s", "MOVES/s", UNIT_PER_SEC_M, WIDE(ALL), "these, per second", get_move_rate,
	  NULL },
	{ "bandwidth_remote_pct", "RBW%", UNIT_MPCT, WIDE(VM),
	  "remote share of memory traffic (resctrl)", get_bandwidth_remote, NULL },
	{ "bandwidth_total_bytes", NULL, UNIT_NUMBER, NEVER, "memory traffic (resctrl)",
	  get_bandwidth_total, NULL },
	{ "bandwidth_local_bytes", NULL, UNIT_NUMBER, NEVER, "of that, local", get_bandwidth_local,
	  NULL },
	{ NULL, "SRC", UNIT_TEXT, WIDE(VM), "where MB, N%L and XREM% come from", get_source, NULL },
	{ "residency_source", NULL, UNIT_TEXT, NEVER, "the same, without its error",
	  get_source_name, NULL },
	{ "residency_age_ns", "AGE", UNIT_NS_AS_S, WIDE(VM), "age of these, in s", get_age, NULL },
	{ "residency_error_pct", NULL, UNIT_MPCT, NEVER, "95 %: error of a node's share, in points",
	  get_error, NULL },
	{ "residency_period_ns", NULL, UNIT_NS, NEVER, "from one reading to the next", get_period,
	  NULL },
	{ "residency_na", NULL, UNIT_TEXT, NEVER, "why there is none", get_residency_reason, NULL },
	{ "vmm_bytes", "VMM", UNIT_BYTES_AS_MIB, NEVER, "memory of the VMM's own in MiB",
	  get_vmm_bytes, NULL },
	{ "memory_size_bytes", "SIZE", UNIT_BYTES_AS_MIB, NEVER,
	  "size of guest memory, resident or not, in MiB", get_size, NULL },
	{ "pinned_bytes", NULL, UNIT_NUMBER, NEVER, "memory of the VMM's that is pinned",
	  get_pinned, NULL },
	{ "hint", "HINT", UNIT_TEXT, VM, "what the figures say", get_hint, NULL },
};

const struct metric_table *numa_metrics(void)
{
	static struct metric list[LENGTH(borrowed) + LENGTH(own)];
	static struct metric_table table = { .metrics = list };

	if (table.count)
		return &table;
	borrow_metrics(list, borrowed, LENGTH(borrowed));
	memcpy(list + LENGTH(borrowed), own, sizeof(own));
	table.count = LENGTH(list);
	return &table;
}

static json_t *json_nodes(const uint64_t *values, uint32_t limit)
{
	json_t *array = json_array();

	for (uint32_t node = 0; node < limit; node++)
		json_array_append_new(array, json_integer((json_int_t)values[node]));
	return array;
}

static json_t *json_migrated(const struct numa_row *row, const uint64_t *pages)
{
	return row->migrations_seen ? json_nodes(pages, nodes__limit(&row->moment->nodes))
				    : json_null();
}

void numa_metrics__add_nodes(json_t *object, const struct numa_row *row)
{
	const struct residency *residency = residency_of(row);
	json_t *total = json_object_get(object, "total");
	uint32_t limit = nodes__limit(&row->moment->nodes);

	json_object_set_new(object, "residency_split",
			    residency ? json_boolean(residency->split) : json_null());
	json_object_set_new(object, "memory_node_bytes",
			    residency ? json_nodes(residency->bytes, limit) : json_null());
	json_object_set_new(object, "run_node_ns", json_nodes(row->interval.run_ns, limit));
	json_object_set_new(total, "run_node_ns", json_nodes(row->total.run_ns, limit));
	json_object_set_new(total, "migrated_to_node_pages",
			    json_migrated(row, row->total.migrated_to));
	json_object_set_new(total, "migrated_from_node_pages",
			    json_migrated(row, row->total.migrated_from));
}
