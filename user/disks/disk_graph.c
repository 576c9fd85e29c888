// SPDX-License-Identifier: GPL-2.0-only
#include "disks/disk_graph.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "disks/disk_internal.h"

/* Of nodes on nodes: a longer chain is a circle. */
#define DEPTH_MAX 64

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *file_name_of(const json_t *info)
{
	const char *name = text_of(json_object_get(info, "image"), "filename");

	return *name ? name : text_of(info, "file");
}

static void index_nodes(struct disk_graph *graph, const json_t *answer)
{
	json_t *info;
	size_t i;

	graph->nodes = json_object();
	json_array_foreach(answer, i, info)
	{
		const char *name = text_of(info, "node-name");

		if (*name)
			json_object_set(graph->nodes, name, info);
	}
}

static void add_child(struct disk_graph *graph, const char *parent, const char *edge,
		      const char *child)
{
	json_t *children = json_object_get(graph->children, parent);

	if (!children) {
		children = json_object();
		json_object_set_new(graph->children, parent, children);
	}
	json_object_set_new(children, edge, json_string(child));
}

static const char *name_by_id(const json_t *names, const json_t *id)
{
	char key[32];

	snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	return text_of(names, key);
}

/* Edges between nodes; what jobs and devices hold is not below a node. */
static void index_edges(struct disk_graph *graph, const json_t *answer)
{
	json_t *names = json_object(), *one;
	char key[32];
	size_t i;

	json_array_foreach(json_object_get(answer, "nodes"), i, one)
	{
		if (strcmp(text_of(one, "type"), "block-driver") != 0)
			continue;
		snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(json_object_get(one, "id")));
		json_object_set(names, key, json_object_get(one, "name"));
	}
	json_array_foreach(json_object_get(answer, "edges"), i, one)
	{
		const char *parent = name_by_id(names, json_object_get(one, "parent"));
		const char *child = name_by_id(names, json_object_get(one, "child"));

		if (*parent && *child)
			add_child(graph, parent, text_of(one, "name"), child);
	}
	json_decref(names);
}

/* QEMU 10.1 tells the children with each node. */
static void index_children(struct disk_graph *graph, const json_t *answer)
{
	json_t *info, *child;
	size_t i, j;

	json_array_foreach(answer, i, info)
	{
		const char *parent = text_of(info, "node-name");

		json_array_foreach(json_object_get(info, "children"), j, child) if (*parent)
			add_child(graph, parent, text_of(child, "child"),
				  text_of(child, "node-name"));
	}
}

/* Asks for what not every QEMU can tell. Returns 0 or -errno; *answer may be NULL. */
static int ask(struct qmp *qmp, const char *command, json_t *arguments, json_t **answer)
{
	*answer = qmp__execute(qmp, command, arguments);
	return *answer || errno == EOPNOTSUPP ? 0 : -errno;
}

int disk_graph__ask(struct disk_graph *graph, struct qmp *qmp)
{
	json_t *nodes, *edges = NULL;
	int error;

	*graph = (struct disk_graph){ .children = json_object() };
	/* Without backing images in each image (5.0), which would be long. */
	error = ask(qmp, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), &nodes);
	if (!error && !nodes)
		error = ask(qmp, "query-named-block-nodes", NULL, &nodes);
	if (!error && nodes)
		error = ask(qmp, "x-debug-query-block-graph", NULL, &edges);
	index_nodes(graph, nodes);
	index_children(graph, nodes);
	index_edges(graph, edges);
	json_decref(nodes);
	json_decref(edges);
	if (error)
		disk_graph__free(graph);
	return error;
}

void disk_graph__free(struct disk_graph *graph)
{
	json_decref(graph->nodes);
	json_decref(graph->children);
	*graph = (struct disk_graph){ 0 };
}

/*
 * The child that has the guest's present data: not what is below an overlay, nor the target of a
 * copy. NULL: there is none, or more than one.
 */
static const json_t *find_child(const struct disk_graph *graph, const json_t *info)
{
	const json_t *children = json_object_get(graph->children, text_of(info, "node-name"));
	bool filter = disk_node_kind(text_of(info, "drv")) == NODE_FILTER;
	const char *name = text_of(children, "data-file");

	if (!*name)
		name = text_of(children, "file");
	if (!*name && filter)
		name = text_of(children, "backing");
	return json_object_get(graph->nodes, name);
}

/* The first driver that is no filter tells what the guest's requests go through. */
static void take_driver(struct disk_source *source, const char *driver)
{
	enum node_kind kind = disk_node_kind(driver);

	source->driver = driver;
	if (!*source->format && (kind == NODE_FORMAT || kind == NODE_OTHER))
		source->format = driver;
}

/* Without any format in between, what comes out of a file is raw. */
static void end_walk(struct disk_source *source)
{
	enum node_kind kind = disk_node_kind(source->driver);

	if (!*source->format && (kind == NODE_FILE || kind == NODE_NETWORK))
		source->format = "raw";
}

/* Returns whether QEMU told of all nodes on the way. */
static bool follow_nodes(const struct disk_graph *graph, const json_t *info,
			 struct disk_source *source)
{
	for (int depth = 0; info && depth < DEPTH_MAX; depth++) {
		const json_t *below = find_child(graph, info);
		enum node_kind kind = disk_node_kind(text_of(info, "drv"));

		take_driver(source, text_of(info, "drv"));
		source->direct =
			json_is_true(json_object_get(json_object_get(info, "cache"), "direct"));
		if (!below) {
			source->file =
				kind == NODE_FILE || kind == NODE_NETWORK ? file_name_of(info) : "";
			end_walk(source);
			return *source->file || kind == NODE_OTHER;
		}
		info = below;
	}
	return false;
}

/*
 * For a QEMU that cannot show its graph (before 4.0): below a filter is another image, which has
 * the name of its file.
 */
static void follow_images(const json_t *inserted, struct disk_source *source)
{
	const json_t *image = json_object_get(inserted, "image"), *below;
	const char *driver = text_of(inserted, "drv");

	source->file = file_name_of(inserted);
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		below = json_object_get(image, "backing-image");
		if (disk_node_kind(driver) != NODE_FILTER || !below)
			break;
		image = below;
		driver = text_of(image, "format");
		source->file = text_of(image, "filename");
	}
	take_driver(source, driver);
	/* A raw image has a plain name only if nothing but a file is below. */
	if (!*source->format && disk_node_kind(driver) == NODE_RAW &&
	    strncmp(source->file, "json:", strlen("json:")) != 0)
		source->format = "raw";
	end_walk(source);
}

void disk_graph__follow(const struct disk_graph *graph, const json_t *inserted,
			struct disk_source *source)
{
	const char *name = text_of(inserted, "node-name");

	*source = (struct disk_source){ "", "", "", false };
	if (*name && follow_nodes(graph, json_object_get(graph->nodes, name), source))
		return;
	/* Once a format was met, it counts. */
	source->direct =
		json_is_true(json_object_get(json_object_get(inserted, "cache"), "direct"));
	follow_images(inserted, source);
}
