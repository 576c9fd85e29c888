// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/numa_metrics.h"

#include <stdio.h>

#include "base/units.h"
#include "cmd/row_metrics.h"

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

/* "128/-/64": MiB on node 0, no node 1, MiB on node 2; as many as fit. */
static struct value compose_memory_nodes(const void *data, struct text_buffer *buffer)
{
	const struct numa_row *row = data;
	const struct residency *residency = residency_of(row);
	uint32_t limit = nodes__limit(&row->moment->nodes);
	size_t used = 0;

	if (!residency)
		return (struct value){ 0 };
	for (uint32_t node = 0; node < limit && used < sizeof(buffer->text) - 24; node++) {
		uint64_t bytes = residency->bytes[node];
		char mib[24] = "-";

		if (nodes__find(&row->moment->nodes, node))
			format_fixed(mib, (bytes + (1 << 19)) >> 20, 0);
		used += (size_t)snprintf(buffer->text + used, sizeof(buffer->text) - used, "%s%s",
					 node ? "/" : "", mib);
	}
	return text(buffer->text);
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

/* If there can be none, the number is n/a, not 0. */
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
	return count.known ? row_rate(&row->row, count.number) : count;
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

	return row_rate(&row->row, row->interval.moves);
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

/* Local bytes are counted apart from all bytes, a little earlier or later. */
static struct value get_bandwidth_remote(const void *data)
{
	const struct numa_row *row = data;
	uint64_t all = row->bandwidth.total_bytes, local = row->bandwidth.local_bytes;

	if (!row->bandwidth_known || !all)
		return (struct value){ .blank = true };
	return number(share_mpct(all > local ? all - local : 0, all));
}

/* "maps", or "sample+-0.8": with its error in percentage points. */
static struct value compose_source(const void *data, struct text_buffer *buffer)
{
	const struct residency *residency = residency_of(data);
	char error[24];

	if (!residency)
		return (struct value){ 0 };
	if (!residency->error_mpct)
		return text(residency_source__name(residency->source));
	format_fixed(error, (residency->error_mpct + 50) / 100, 1);
	snprintf(buffer->text, sizeof(buffer->text), "%s+-%s",
		 residency_source__name(residency->source), error);
	return text(buffer->text);
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

static struct value compose_hint(const void *data, struct text_buffer *buffer)
{
	numa_row__hint(data, buffer->text, sizeof(buffer->text));
	return text_or_blank(buffer->text);
}

static const struct metric list[] = {
	ROW_IDENTITY,
	ROW_RUN(VCPU),
	GAUGE("node", "NODE", NUMBER, VCPU, "where the vCPU runs or last ran", get_node),
	GAUGE("home_node", "HOME", NUMBER, ALL, "node with most run time of late", get_home),
	DERIVED("home_run_pct", "HRUN%", MPCT, NEVER, "share of the run time on HOME",
		get_home_run),
	GAUGE("memory_bytes", "MB", BYTES_AS_MIB, VM, "resident guest memory in MiB", get_memory),
	COMPOSED(NULL, "MB/NODE", WIDE(VM), "the same on node 0, 1, ... in MiB",
		 compose_memory_nodes),
	GAUGE("memory_home_bytes", NULL, BYTES, NEVER, "resident guest memory on HOME",
	      get_memory_home),
	GAUGE("memory_local_pct", "N%L", MPCT, ALL, "share of the memory on HOME", get_local),
	GAUGE("expected_remote_pct", "XREM%", MPCT, ALL,
	      "remote share of accesses if all pages were alike", get_expected),
	DERIVED("fault_remote_pct", "RFLT%", MPCT, ALL,
		"remote share of the pages of the guest's hint faults", get_fault_remote),
	DERIVED("fault_remote_low_pct", "RFLTLOW%", MPCT, NEVER, "95 %: it is no less than this",
		get_fault_low),
	DERIVED("fault_remote_high_pct", "RFLTHIGH%", MPCT, NEVER, "95 %: it is no more than this",
		get_fault_high),
	COUNTER("faults", "FLTS", NUMBER, WIDE(ALL), "hint faults behind RFLT%", faults),
	COUNTER("faults_remote", NULL, NUMBER, NEVER, "of these, remote ones", faults_remote),
	COUNTER("fault_pages", NULL, NUMBER, NEVER, "pages of these faults", pages),
	COUNTER("fault_pages_remote", NULL, NUMBER, NEVER, "pages of the remote ones",
		pages_remote),
	NOTE("fault_na", NULL, NEVER, "why RFLT% is n/a", get_fault_reason),
	GAUGE("fault_covered_pct", "COVER%", MPCT, NEVER,
	      "share of the memory that can take hint faults", get_covered),
	COUNTER("own_faults", NULL, NUMBER, NEVER, "hint faults of the threads outside the guest",
		own_faults),
	COUNTER("own_fault_pages", NULL, NUMBER, NEVER, "and their pages", own_pages),
	DERIVED("migrated_home_pages", NULL, NUMBER, NEVER, "pages migrated to HOME",
		get_migrated_in),
	DERIVED("migrated_home_pages_per_s", "IN/s", PER_SEC_M, ALL,
		"pages migrated to HOME, per second", get_in_rate),
	DERIVED("migrated_away_pages", NULL, NUMBER, NEVER, "pages migrated away from HOME",
		get_migrated_out),
	DERIVED("migrated_away_pages_per_s", "OUT/s", PER_SEC_M, ALL,
		"pages migrated away from HOME, per second", get_out_rate),
	COUNTER("migrated_pages", NULL, NUMBER, NEVER, "pages migrated, from and to wherever",
		migrated),
	COUNTER("moves", NULL, NUMBER, NEVER, "vCPUs that arrived on another node", moves),
	DERIVED("moves_per_s", "MOVES/s", PER_SEC_M, WIDE(ALL), "these, per second", get_move_rate),
	DERIVED("bandwidth_remote_pct", "RBW%", MPCT, WIDE(VM),
		"remote share of memory traffic (resctrl)", get_bandwidth_remote),
	DERIVED("bandwidth_total_bytes", NULL, BYTES, NEVER, "memory traffic (resctrl)",
		get_bandwidth_total),
	DERIVED("bandwidth_local_bytes", NULL, BYTES, NEVER, "of that, local", get_bandwidth_local),
	COMPOSED(NULL, "SRC", WIDE(VM), "where MB, N%L and XREM% come from", compose_source),
	NOTE("residency_source", NULL, NEVER, "the same, without its error", get_source_name),
	GAUGE("residency_age_ns", "AGE", NS_AS_S, WIDE(VM), "age of these, in s", get_age),
	GAUGE("residency_error_pct", NULL, MPCT, NEVER, "95 %: error of a node's share, in points",
	      get_error),
	GAUGE("residency_period_ns", NULL, NS, NEVER, "from one reading to the next", get_period),
	NOTE("residency_na", NULL, NEVER, "why there is none", get_residency_reason),
	GAUGE("vmm_bytes", "VMM", BYTES_AS_MIB, NEVER, "memory of the VMM's own in MiB",
	      get_vmm_bytes),
	GAUGE("memory_size_bytes", "SIZE", BYTES_AS_MIB, NEVER,
	      "size of guest memory, resident or not, in MiB", get_size),
	GAUGE("pinned_bytes", NULL, BYTES, NEVER, "memory of the VMM's that is pinned", get_pinned),
	COMPOSED("hint", "HINT", VM, "what the figures say", compose_hint),
};

const struct metric_table numa_metrics = { list, LENGTH(list) };

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
