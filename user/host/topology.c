// SPDX-License-Identifier: GPL-2.0-only
#include "host/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/proc.h"

#define LOCAL_DISTANCE 10

/* More than any kernel can be built for. */
#define CPUS_MAX (1U << 20)

/* Takes a number off a list. Returns 0, -EINVAL, or -ERANGE: it is not below limit. */
static int take_number(const char **text, uint32_t limit, uint32_t *value)
{
	char *end;
	unsigned long number;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(*text, &end, 10);
	if (errno || number >= limit)
		return -ERANGE;
	*text = end;
	*value = (uint32_t)number;
	return 0;
}

/*
 * Takes one range off a list in sysfs' form, such as "0-3,8". Returns 1, 0 at the end of the list,
 * or -errno like take_number().
 */
static int take_range(const char **text, uint32_t limit, uint32_t *first, uint32_t *last)
{
	int error;

	*text += strspn(*text, ",\n");
	if (!**text)
		return 0;
	error = take_number(text, limit, first);
	if (error)
		return error;
	*last = *first;
	if (**text == '-') {
		++*text;
		error = take_number(text, limit, last);
	}
	if (error)
		return error;
	return *last >= *first && strchr(",\n", **text) ? 1 : -EINVAL;
}

static int add_cpus(struct topology *topology, uint32_t first, uint32_t last, struct node *node)
{
	if (last >= topology->cpu_count) {
		int8_t *cpu_node = realloc(topology->cpu_node, last + 1);

		if (!cpu_node)
			return -ENOMEM;
		memset(cpu_node + topology->cpu_count, NODE_NONE, last + 1 - topology->cpu_count);
		topology->cpu_node = cpu_node;
		topology->cpu_count = last + 1;
	}
	memset(topology->cpu_node + first, (int)node->id, last - first + 1);
	node->cpus += last - first + 1;
	return 0;
}

static int add_cpu_list(struct topology *topology, const char *list, struct node *node)
{
	uint32_t first = 0, last = 0;
	int result;

	while ((result = take_range(&list, CPUS_MAX, &first, &last)) > 0) {
		result = add_cpus(topology, first, last, node);
		if (result)
			break;
	}
	return result;
}

static struct node *add_node(struct topology *topology, uint32_t id)
{
	struct node *node = list_add(&topology->nodes);

	if (node)
		node->id = id;
	return node;
}

static int read_online(struct topology *topology, const char *list)
{
	uint32_t first = 0, last = 0;
	int result;

	while ((result = take_range(&list, NODES_MAX, &first, &last)) > 0)
		for (uint32_t id = first; id <= last; id++)
			if (!add_node(topology, id))
				return -ENOMEM;
	return result;
}

static int read_memory(struct node *node, const char *sys)
{
	char text[8192];
	const char *total;
	ssize_t got = read_file(text, sizeof(text), "%s/devices/system/node/node%u/meminfo", sys,
				node->id);

	if (got < 0)
		return (int)got;
	total = strstr(text, "MemTotal:");
	if (!total)
		return -EINVAL;
	node->memory_bytes = strtoull(total + strlen("MemTotal:"), NULL, 10) * 1024;
	return 0;
}

/* The file has no ids: its numbers are for the online nodes, in order. */
static void read_distances(struct node *node, const char *sys, const struct nodes *nodes)
{
	char text[1024], *field = text, *end;

	if (read_file(text, sizeof(text), "%s/devices/system/node/node%u/distance", sys, node->id) <
	    0)
		return;
	for (size_t i = 0; i < nodes->count; i++) {
		node->distance[nodes->list[i].id] = (uint32_t)strtoul(field, &end, 10);
		field = end;
	}
}

static int read_node(struct topology *topology, const char *sys, struct node *node)
{
	char list[32768];
	ssize_t got = read_file(list, sizeof(list), "%s/devices/system/node/node%u/cpulist", sys,
				node->id);
	int error = got < 0 ? (int)got : add_cpu_list(topology, list, node);

	if (!error)
		error = read_memory(node, sys);
	if (!error)
		read_distances(node, sys, &topology->nodes);
	return error;
}

static int read_nodes(struct topology *topology, const char *sys, const char *online)
{
	int error = read_online(topology, online);

	for (size_t i = 0; !error && i < topology->nodes.count; i++)
		error = read_node(topology, sys, &topology->nodes.list[i]);
	return error;
}

static int read_single(struct topology *topology, const char *sys)
{
	char list[32768];
	ssize_t got = read_file(list, sizeof(list), "%s/devices/system/cpu/online", sys);
	struct node *node = got < 0 ? NULL : add_node(topology, 0);

	if (!node)
		return got < 0 ? (int)got : -ENOMEM;
	node->distance[0] = LOCAL_DISTANCE;
	return add_cpu_list(topology, list, node);
}

/* What the kernel has decided when it began. */
static uint32_t read_end(const char *sys)
{
	char text[1024];
	const char *list = text;
	uint32_t first = 0, last = 0, end = 0;
	ssize_t got = read_file(text, sizeof(text), "%s/devices/system/node/possible", sys);
	int result = got > 0 ? 1 : -ENOENT;

	while (result > 0) {
		result = take_range(&list, NODES_MAX, &first, &last);
		if (result > 0 && last >= end)
			end = last + 1;
	}
	return result < 0 || !end ? NODES_MAX : end;
}

int topology__read(struct topology *topology, const char *sys)
{
	char online[1024];
	ssize_t got = read_file(online, sizeof(online), "%s/devices/system/node/online", sys);
	int error;

	*topology = (struct topology){ 0 };
	topology->node_end = got == -ENOENT ? 1 : read_end(sys);
	if (got == -ENOENT)
		error = read_single(topology, sys);
	else
		error = got < 0 ? (int)got : read_nodes(topology, sys, online);
	if (!error && !topology->nodes.count)
		error = -EINVAL;
	if (error)
		topology__free(topology);
	return error;
}

void topology__free(struct topology *topology)
{
	free(topology->cpu_node);
	list_free(&topology->nodes);
	*topology = (struct topology){ 0 };
}

int topology__node_of(const struct topology *topology, uint32_t cpu)
{
	return cpu < topology->cpu_count ? topology->cpu_node[cpu] : NODE_NONE;
}

bool sched_ext__has_all(const char *sys)
{
	char state[16], all[16];

	return read_file(state, sizeof(state), "%s/kernel/sched_ext/state", sys) > 0 &&
	       !strcmp(state, "enabled\n") &&
	       read_file(all, sizeof(all), "%s/kernel/sched_ext/switch_all", sys) > 0 &&
	       strtol(all, NULL, 10) == 1;
}

/* include/linux/sched/sysctl.h: NUMA_BALANCING_NORMAL, NUMA_BALANCING_MEMORY_TIERING */
enum balancing balancing__read(const char *proc)
{
	char text[16];

	if (read_file(text, sizeof(text), "%s/sys/kernel/numa_balancing", proc) <= 0)
		return BALANCING_UNKNOWN;
	switch (strtol(text, NULL, 10) & 3) {
	case 0:
		return BALANCING_OFF;
	case 2:
		return BALANCING_TIERING;
	default:
		return BALANCING_ON;
	}
}
