// SPDX-License-Identifier: GPL-2.0-only
/* What the block probe, and those of VMMs and of guests' rings, need of a host. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/block_internal.h"
#include "probe/kernel.h"
#include "probe/requirement.h"
#include "probe/virtqueue.h"
#include "probe/vmm.h"

static const char *const everything = "kvmq-io does not work";

/* A program relies on the arguments of its tracepoint. */
static void check_hook(struct checks *checks, const char *what, const char *name, int wanted)
{
	struct check *check = checks__add(checks, what);
	int arguments = kernel_tracepoint_arguments(name);

	if (arguments < 0)
		check__fail(check, CHECK_MISSING, everything, "tracepoint %s: %s", name,
			    strerror(-arguments));
	else if (arguments != wanted)
		check__fail(check, CHECK_MISSING, everything,
			    "tracepoint %s has %d arguments here, not %d: needs a kernel of 5.12 "
			    "or later",
			    name, arguments, wanted);
}

/* Loads the smallest program that uses the result of an atomic addition. Returns 0 or -errno. */
static int try_atomics(void)
{
	static const struct bpf_insn program[] = {
		/* *(u64 *)(r10 - 8) = 0; r0 = 1 */
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		/* r0 = fetch_and_add((u64 *)(r10 - 8), r0) */
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0,
		  .off = -8,
		  .imm = BPF_ADD | BPF_FETCH },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "atomics", "GPL", program,
			       sizeof(program) / sizeof(program[0]), NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void check_atomics(struct checks *checks)
{
	struct check *check = checks__add(checks, "atomic operations in BPF");
	int error = try_atomics();

	if (error)
		check__fail(check, CHECK_MISSING, everything,
			    "%s: needs a kernel of 5.12 or later, and its JIT compiler",
			    strerror(-error));
}

static void check_load(struct checks *checks)
{
	const struct block_probe_config config = { .vms_only = true };
	struct check *check = checks__add(checks, "loading and attaching");
	struct block_probe *probe;

	if (block_probe__open(&probe, &config)) {
		check__refused(check, CHECK_MISSING, everything);
		return;
	}
	check = checks__add(checks, "throttling of the block layer");
	if (*probe->throttling_missing)
		check__fail(check, CHECK_LACKING, "THR is n/a", "%s", probe->throttling_missing);
	block_probe__close(probe);
}

static void check_vmm(struct checks *checks)
{
	struct check *check = checks__add(checks, "hook in a VMM");
	struct vmm_probe *probe;

	if (!vmm_probe__open(&probe))
		vmm_probe__close(probe);
	else
		check__refused(check, CHECK_LACKING, "--vmm does not work");
}

static void check_rings(struct checks *checks)
{
	struct check *check = checks__add(checks, "hooks at a guest's rings");
	bool kvm = !access("/sys/module/kvm", F_OK);
	struct virtqueue_probe *probe;
	const char *missing;

	if (!virtqueue_probe__open(&probe, &missing))
		virtqueue_probe__close(probe);
	else
		check__fail(check, kvm ? CHECK_LACKING : CHECK_LATER, "GAVG and KAVG are n/a", "%s",
			    missing);
}

/* It does not listen: a running kvmq-io has the port. */
static void check_vsock(struct checks *checks)
{
	struct check *check = checks__add(checks, "vsock of guests");
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		check__fail(check, CHECK_LACKING, "guests report by a virtio-serial port alone",
			    "%s: needs CONFIG_VSOCKETS and CONFIG_VHOST_VSOCK", strerror(errno));
	else if (access("/dev/vhost-vsock", F_OK))
		check__fail(check, CHECK_LATER, "guests report by a virtio-serial port alone",
			    "vhost_vsock is not loaded: modprobe vhost_vsock");
	if (fd >= 0)
		close(fd);
}

void block_probe__check(struct checks *checks)
{
	if (!requirements__check(checks, everything))
		return;
	check_hook(checks, "hook block_bio_queue", "block_bio_queue", 1);
	check_hook(checks, "hook block_rq_issue", "block_rq_issue", 1);
	check_hook(checks, "hook block_rq_complete", "block_rq_complete", 3);
	if (checks__worst(checks) == CHECK_MISSING)
		return;
	check_atomics(checks);
	if (checks__worst(checks) == CHECK_MISSING)
		return;
	check_load(checks);
	if (checks__worst(checks) == CHECK_MISSING)
		return;
	check_vmm(checks);
	check_rings(checks);
	check_vsock(checks);
}
