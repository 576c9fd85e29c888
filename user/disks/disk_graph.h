/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's block nodes, from its monitor: the way from a drive down to the open file. */
#ifndef KVMQ_DISK_GRAPH_H
#define KVMQ_DISK_GRAPH_H

#include <jansson.h>
#include <stdbool.h>

#include "disks/disk.h"
#include "disks/qmp.h"

/* Answers, with an index. NULL: this QEMU does not tell. */
struct disk_graph {
	json_t *nodes;	  /* node-name -> what query-named-block-nodes says of it */
	json_t *children; /* node-name -> { name of the edge -> node-name } */
};

/* Where the bytes of a drive are; the texts belong to the graph or the answer. */
struct disk_source {
	const char *format; /* "raw" only if that is known; "": nothing is */
	const char *driver; /* of the innermost node; "": not known */
	const char *file;   /* its name as QEMU has it; "": not known */
	bool direct;
};

/* Returns 0, also for a QEMU that does not tell, or -errno; ends with disk_graph__free(). */
int disk_graph__ask(struct disk_graph *graph, struct qmp *qmp);
void disk_graph__free(struct disk_graph *graph);

/* Follows "inserted" of query-block, a node or an image as far as QEMU tells. */
void disk_graph__follow(const struct disk_graph *graph, const json_t *inserted,
			struct disk_source *source);

#endif
