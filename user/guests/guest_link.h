/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of guest reports: vsock, or a virtio-serial port named kvmq.io.0. The host side
 * never waits for a guest and never holds more than one line of each.
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
	struct guest_report *first;  /* the first of its session that came here; NULL */
};

/*
 * Puts what a VM's guest has reported into a view. Its lists of guests are to be ordered when all
 * are there. Returns 0 or -ENOMEM.
 */
int guest__describe(const struct guest *guest, uint64_t vm_start_ns, struct io_view *view);

struct guest_links;

/*
 * Listens on vsock (port, 0: GUEST_LINK_PORT). *missing says in one clause why vsock is not
 * there (no vhost_vsock), which is no error: serial ports may do. NULL: it is. Returns NULL when
 * memory or file descriptors are short.
 */
struct guest_links *guest_links__new(uint32_t port, const char **missing);
void guest_links__free(struct guest_links *links);

/* How the reports of a VM may come. */
struct guest_way {
	uint32_t cid;	  /* of its vsock (guest-cid=); 0: none */
	char socket[108]; /* of a serial port of the name above (-chardev socket,path=), in the
			   * VMM's name space; empty: none */
};

/* From a QEMU command line, as /proc/PID/cmdline has it. */
void guest_way__from_cmdline(struct guest_way *way, const char *cmdline, size_t size);

/*
 * Says which VMs there are, anew each time, and how their reports may come: to a serial port a
 * connection is made, or made anew. Each VM has one connection: a second one from its CID
 * takes the place of the first. A VM that has gone is forgotten with its connection. Connecting
 * takes CAP_SYS_PTRACE, and CAP_DAC_OVERRIDE where the socket is another user's. Of more than
 * GUEST_LINKS_MAX that tell a way, the latest are left out. Returns 0 or -errno.
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
 * Takes what has come: at most 64 KiB of each guest and call, and GUEST_REPORT_SIZE in 500 ms;
 * then the guest waits. Ends what guest_links__find() returned. 0 or -errno.
 */
int guest_links__poll(struct guest_links *links);

/*
 * The guest of a VM, or NULL: it has said nothing yet and was refused nothing. Good up to the
 * next guest_links__poll() or guest_links__set_vms().
 */
const struct guest *guest_links__find(const struct guest_links *links, uint32_t vm_pid);

/* Connections of a CID that belongs to no VM known here, refused. */
uint64_t guest_links__strangers(const struct guest_links *links);

/* The guest's side. */
struct guest_sender;

/*
 * destination: NULL (vsock if there is one, else the serial port), "vsock[:PORT]", or the path of
 * a character device, a plain file (to which reports are appended, if output_file__refusal() has
 * nothing against it; a new one has mode 0600) or a FIFO. Nobody needs to listen yet. SIGPIPE has
 * to be blocked or ignored. Returns 0 or -errno after one line on standard error.
 */
int guest_sender__open(struct guest_sender **out, const char *destination);
void guest_sender__close(struct guest_sender *sender);

/*
 * Sends a report. The host's tool may come and go: a connection that is lost, or not there
 * yet, is made anew at a later report. Never blocks for more than 100 ms: what is left of a
 * line then goes before the next report, or the line is broken off by its newline. Returns 0,
 * -EAGAIN (nobody listens, or too slowly; try the next one) or -errno.
 */
int guest_sender__send(struct guest_sender *sender, const struct guest_report *report);

#endif
