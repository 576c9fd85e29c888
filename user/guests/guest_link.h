/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How guest reports arrive: by vsock, or by a virtio-serial port named kvmq.io.0. The host never
 * waits for a guest, and never holds more than one line of each.
 */
#ifndef KVMQ_GUEST_LINK_H
#define KVMQ_GUEST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/guest_report.h"

#define GUEST_LINK_PORT 27505 /* of vsock */
#define GUEST_LINK_SERIAL "kvmq.io.0"
#define GUEST_LINKS_MAX 1024

/* One guest as the host sees it. */
struct guest {
	uint32_t vm_pid;
	uint64_t received_ns;	     /* CLOCK_MONOTONIC of the last good report; 0: none yet */
	uint64_t rejected;	     /* reports that were refused */
	const char *rejected_reason; /* of the last one; NULL */
	struct guest_report *report; /* the last good one, made by guest_report__copy(); NULL */
	struct guest_report *first;  /* the first one of its session that arrived; NULL */
};

/*
 * Puts what a VM's guest has reported into a view. Its lists of guests have to be ordered when all
 * are in. Returns 0 or -ENOMEM.
 */
int guest__describe(const struct guest *guest, uint64_t vm_start_ns, struct io_view *view);

struct guest_links;

/*
 * Listens on vsock (port, 0: GUEST_LINK_PORT). *missing: why there is no vsock (no vhost_vsock), in
 * one clause; that is no error, since serial ports may do. NULL: there is one. Returns NULL when
 * memory or file descriptors are short.
 */
struct guest_links *guest_links__new(uint32_t port, const char **missing);
void guest_links__free(struct guest_links *links);

/* How the reports of a VM may arrive. */
struct guest_way {
	uint32_t cid;	  /* of its vsock (guest-cid=); 0: none */
	char socket[108]; /* of such a serial port, in the VMM's name space; empty: none */
};

/* From a QEMU command line, as /proc/PID/cmdline has it. */
void guest_way__from_cmdline(struct guest_way *way, const char *cmdline, size_t size);

/*
 * Says which VMs exist, all of them each time, and how their reports may arrive. Connects to serial
 * ports, again if need be. Each VM has one connection: a second one from its CID replaces the
 * first. A VM that has gone is forgotten with its connection. Connecting takes CAP_SYS_PTRACE, and
 * CAP_DAC_OVERRIDE if the socket is another user's. If more than GUEST_LINKS_MAX VMs have a way to
 * report, the latest are left out. Returns 0 or -errno.
 */
struct guest_vm {
	uint64_t start_ns;
	uint32_t pid;
	struct guest_way way;
};
int guest_links__set_vms(struct guest_links *links, const struct guest_vm *vms, size_t count);

/* How many were left out. */
size_t guest_links__left_out(const struct guest_links *links);

/* An epoll instance: readable when a report may have come. */
int guest_links__fd(const struct guest_links *links);

/*
 * Takes what has arrived: at most 64 KiB of each guest in a call, GUEST_REPORT_SIZE in 500 ms, and
 * of all together 16 times that; then the guest waits, but not one that has sent less than its
 * part. Pointers from guest_links__find() become invalid. 0 or -errno.
 */
int guest_links__poll(struct guest_links *links);

/*
 * The guest of a VM, or NULL: nothing has arrived from it yet, not even a refused report. Valid up
 * to the next guest_links__poll() or guest_links__set_vms().
 */
const struct guest *guest_links__find(const struct guest_links *links, uint32_t vm_pid);

/* Connections of a CID that belongs to no VM known here, refused. */
uint64_t guest_links__strangers(const struct guest_links *links);

/* The guest's side. */
struct guest_sender;

/*
 * destination: NULL (vsock if there is one, else the serial port); "vsock[:PORT]"; or the path of a
 * character device, a FIFO, or a plain file, to which reports are appended unless
 * output_file__refusal() objects; a new file has mode 0600. Nobody needs to listen yet. SIGPIPE has
 * to be blocked or ignored. Returns 0 or -errno after one line on standard error.
 */
int guest_sender__open(struct guest_sender **out, const char *destination);
void guest_sender__close(struct guest_sender *sender);

/*
 * Sends a report. The host's tool may come and go: a lost or missing connection is made again at a
 * later report. Never blocks for more than 100 ms: the rest of a line goes before the next report,
 * or the line is ended by a newline. Returns 0, -EAGAIN (nobody listens, or too slowly; try the
 * next one) or -errno.
 */
int guest_sender__send(struct guest_sender *sender, const struct guest_report *report);

#endif
