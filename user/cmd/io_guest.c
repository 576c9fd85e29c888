// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/runner.h"
#include "guests/guest_disks.h"
#include "guests/guest_link.h"
#include "probe/block.h"
#include "source/session.h"

struct io_guest_tool {
	struct block_probe *block;
	struct block_snapshot snapshot;
	struct devices *devices;
	struct guest_sender *sender;
	struct guest_report *report;
	bool waits; /* nobody listens, and that was said */
};

static int send_report(void *context)
{
	struct io_guest_tool *guest = context;
	int error = block_probe__read(guest->block, &guest->snapshot);

	if (!error)
		error = devices__read(guest->devices);
	if (error) {
		log_error("reading the counters: %s: start again", strerror(-error));
		return error;
	}
	guest_disks__fill(guest->report, &guest->snapshot, guest->devices, "/sys");
	guest->report->sequence++;
	error = guest_sender__send(guest->sender, guest->report);
	if (error == -EAGAIN && !guest->waits)
		log_detail("no host listens yet: it takes 'kvmq-io --with-guests' there");
	guest->waits = error == -EAGAIN;
	if (!error || error == -EAGAIN)
		return 0;
	log_error("reporting to the host: %s: start again", strerror(-error));
	return error;
}

static int open_all(struct io_guest_tool *guest, const struct options *options, pid_t command)
{
	const struct block_probe_config config = { 0 };
	const struct block_owners nobody = { 0 };
	const struct privileges_kept kept = { .needs = PRIVILEGE_REPORT, .command = command };

	if (session__check_host())
		return -EPERM;
	guest->devices = devices__new("/sys");
	guest->report = calloc(1, sizeof(*guest->report));
	if (!guest->devices || !guest->report)
		return -ENOMEM;
	if (getrandom(&guest->report->session, sizeof(guest->report->session), 0) < 0)
		return -errno;
	guest->report->session >>= 1; /* JSON's integers have a sign */
	if (guest_sender__open(&guest->sender, options->io.report_to))
		return -ENODEV;
	if (block_probe__open(&guest->block, &config) ||
	    block_probe__set_owners(guest->block, &nobody))
		return -EINVAL;
	block_probe__start(guest->block);
	return privileges_drop(&kept);
}

int io_guest__run(const struct options *options)
{
	struct io_guest_tool guest = { 0 };
	struct run_steps steps = {
		.poll_ms = -1, .report = send_report, .silent = true, .context = &guest
	};
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare(options);
	if (options->command && command__prepare(&command, options->command))
		return STATUS_FAILED;
	if (!open_all(&guest, options, command.pid))
		status = runner__run(options, &command, -1, &steps);
	command__signal(&command, 0);
	block_probe__close(guest.block);
	block_snapshot__free(&guest.snapshot);
	guest_sender__close(guest.sender);
	devices__free(guest.devices);
	free(guest.report);
	return status;
}
