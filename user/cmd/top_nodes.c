// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top_nodes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/values.h"
#include "render/table.h"
#include "top/page.h"

struct node_sum {
	const struct node *node;
	uint64_t elapsed_ns;
	uint64_t run_ns; /* of vCPUs */
	uint64_t vms;	 /* at home there */
	uint64_t bytes;	 /* of VMs */
	bool any_bytes;	 /* the memory of a VM is known */
};

static struct value get_node(const void *row)
{
	return number(((const struct node_sum *)row)->node->id);
}

static struct value get_cpus(const void *row)
{
	return number(((const struct node_sum *)row)->node->cpus);
}

/* A node of memory alone has no CPUs' time. */
static struct value get_use(const void *row)
{
	const struct node_sum *sum = row;

	return known_if(sum->node->cpus && sum->elapsed_ns,
			share_mpct(sum->run_ns, sum->elapsed_ns * sum->node->cpus));
}

static struct value get_vms(const void *row)
{
	return number(((const struct node_sum *)row)->vms);
}

static struct value get_memory(const void *row)
{
	const struct node_sum *sum = row;

	return known_if(sum->any_bytes, sum->bytes);
}

static struct value get_share(const void *row)
{
	const struct node_sum *sum = row;

	return known_if(sum->any_bytes && sum->node->memory_bytes,
			share_mpct(sum->bytes, sum->node->memory_bytes));
}

static const struct metric metrics[] = {
	LABEL("node", "NODE", NUMBER, VM, "the node", get_node, NULL),
	GAUGE("cpus", "CPUS", NUMBER, VM, "its CPUs that are online", get_cpus),
	DERIVED("vcpu_pct", "%VCPU", MPCT, VM, "of their time, in vCPUs", get_use),
	GAUGE("vms", "VMS", NUMBER, VM, "VMs whose home it is", get_vms),
	GAUGE("memory_bytes", "MB", BYTES_AS_MIB, VM, "memory of VMs on it", get_memory),
	DERIVED("memory_pct", "%MB", MPCT, VM, "of the node's memory", get_share),
};

static const struct metric_table table = { metrics, sizeof(metrics) / sizeof(metrics[0]) };

static struct node_sum sum_up(const struct node *node, const struct numa_rows *vms,
			      uint64_t elapsed_ns)
{
	struct node_sum sum = { .node = node, .elapsed_ns = elapsed_ns };

	for (size_t i = 0; i < vms->count; i++) {
		const struct numa_row *vm = &vms->list[i];

		if (!vm->row.vm->chosen)
			continue;
		sum.run_ns += vm->interval.run_ns[node->id];
		sum.vms += vm->home == (int32_t)node->id;
		if (!numa_row__memory(vm))
			continue;
		sum.any_bytes = true;
		sum.bytes += vm->vm->residency.bytes[node->id];
	}
	return sum;
}

static size_t count_unknown(const struct numa_rows *vms)
{
	size_t count = 0;

	for (size_t i = 0; i < vms->count; i++)
		count += vms->list[i].row.vm->chosen && !numa_row__memory(&vms->list[i]);
	return count;
}

int top_nodes__print(FILE *file, const struct numa_rows *vms, const struct view_pair *pair,
		     unsigned int width)
{
	const struct nodes *nodes = &pair->after->numa.nodes;
	const struct table_frame frame = { .style = page_style, .width = width };
	uint64_t elapsed_ns = pair->after->sched.time_ns - pair->before->sched.time_ns;
	size_t unknown_vms = count_unknown(vms);
	struct node_sum *sums;
	struct columns columns;
	int error;

	if (nodes->count < 2)
		return 0;
	sums = calloc(nodes->count, sizeof(*sums));
	if (!sums)
		return -ENOMEM;
	for (size_t i = 0; i < nodes->count; i++)
		sums[i] = sum_up(&nodes->list[i], vms, elapsed_ns);
	error = columns__select(&columns, &table, BY_VM, NULL);
	if (!error)
		error = table__show(file, &frame, &columns, sums, sizeof(*sums), nodes->count);
	if (!error && unknown_vms)
		text_line(file, "MB: without %zu of %zu VMs, whose memory is not known",
			  unknown_vms, vms->count);
	free(sums);
	return error;
}
