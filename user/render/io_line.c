// SPDX-License-Identifier: GPL-2.0-only
#include "render/io_line.h"

#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "io/io_rows.h"
#include "render/json.h"

void io_line__print_header(FILE *file)
{
	fprintf(file, "%-15s %-16s %-12s %-10s %-7s %8s %10s %10s %10s %12s %-11s %s\n", "TIME",
		"VM", "DISK", "DEVICE", "OP", "BYTES", "THR(us)", "Q(us)", "D(us)", "SECTOR",
		"SCHED", "THREAD");
}

static void format_layer(char text[24], const struct io_event *event, enum host_layer layer)
{
	if (event->known[layer])
		format_fixed(text, (event->layers_ns[layer] + 50) / 100, 1);
	else
		snprintf(text, 24, "n/a");
}

static void put_word(FILE *file, const char *text, size_t columns)
{
	text_put(file, text && *text ? text : "-", columns);
	putc(' ', file);
}

void io_line__print(FILE *file, const struct io_line *line, uint64_t boot_ns, bool utc)
{
	const struct io_event *event = line->event;
	char time[32], sector[24] = "-", layers[HOST_LAYERS][24], thread[COMM_SIZE + 16] = "-";

	format_clock(time, boot_ns + event->time_ns, utc);
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		format_layer(layers[layer], event, (enum host_layer)layer);
	if (event->sector != UINT64_MAX)
		format_fixed(sector, event->sector, 0);
	fprintf(file, "%-15s ", time);
	put_word(file, line->vm, 16);
	put_word(file, line->disk, 12);
	put_word(file, line->device, 10);
	fprintf(file, "%-7s %8u %10s %10s %10s %12s ", io_op__name(event->op), event->bytes,
		layers[HOST_THROTTLED], layers[HOST_QUEUE], layers[HOST_DEVICE], sector);
	put_word(file, line->scheduler, 11);
	if (event->tid)
		snprintf(thread, sizeof(thread), "%s[%u]", event->comm, event->tid);
	text_line(file, "%s%s%s", thread, event->error ? " failed: " : "",
		  event->error ? strerror(-event->error) : "");
}

static json_t *json_layer(const struct io_event *event, enum host_layer layer)
{
	return event->known[layer] ? json_integer((json_int_t)event->layers_ns[layer])
				   : json_null();
}

json_t *io_line__json(const struct io_line *line, uint64_t boot_ns)
{
	const struct io_event *event = line->event;
	char time[32];

	format_time(time, sizeof(time), boot_ns + event->time_ns);
	return json_pack("{s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:I,s:i,s:o,s:o,s:o,s:o,s:o}",
			 "schema", "kvmq.io.event/1", "time", time, "end_clock_ns",
			 (json_int_t)event->time_ns, "vm", json__text(line->vm), "vm_pid",
			 event->vm_pid ? json_integer(event->vm_pid) : json_null(), "disk",
			 json__text(line->disk), "device", json__text(line->device), "scheduler",
			 json__text(line->scheduler), "op", io_op__name(event->op), "sector",
			 event->sector != UINT64_MAX ? json_integer((json_int_t)event->sector)
						     : json_null(),
			 "bytes", (json_int_t)event->bytes, "error", -event->error, "thr_ns",
			 json_layer(event, HOST_THROTTLED), "q_ns", json_layer(event, HOST_QUEUE),
			 "d_ns", json_layer(event, HOST_DEVICE), "tid",
			 event->tid ? json_integer(event->tid) : json_null(), "thread",
			 event->tid ? json__text(event->comm) : json_null());
}
