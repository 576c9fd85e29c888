// SPDX-License-Identifier: GPL-2.0-only
#include "probe/vmm.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "disks/qemu_version.h"
#include "probe/kernel.h"
#include "probe/maps.h"
#include "probe/uprobe_opener.h"
#include "probe/vmm_entry.h"
#include "probe/vmm_snapshot.h"
#include "vmm.skel.h"

#define FUNCTION "block_acct_done"

struct attachment {
	uint32_t pid;
	uint64_t start_ns; /* of the process: its PID may be another's later */
	uint32_t version;  /* of QEMU; 0: not known */
	struct bpf_link *link;
	int error; /* it has no such function, and is not asked again */
};

struct vmm_probe {
	struct vmm_bpf *skeleton;
	struct uprobe_opener opener;
	struct attachment *attachments;
	size_t count;
	char missing[96];
};

static int try_load(struct vmm_probe *probe, bool may_sleep)
{
	uint32_t flows = table_size(VMM_FLOWS_MIN, VMM_FLOWS);
	int error;

	probe->skeleton = vmm_bpf__open();
	if (!probe->skeleton)
		return -errno;
	probe->skeleton->rodata->may_sleep = may_sleep;
	probe->skeleton->bss->free_count = flows;
	bpf_map__set_max_entries(probe->skeleton->maps.flows, flows);
	bpf_map__set_max_entries(probe->skeleton->maps.shares, 2 * flows);
	error = bpf_program__set_flags(probe->skeleton->progs.vmm_done,
				       may_sleep ? BPF_F_SLEEPABLE : 0);
	if (!error)
		error = vmm_bpf__load(probe->skeleton);
	if (error) {
		vmm_bpf__destroy(probe->skeleton);
		probe->skeleton = NULL;
	}
	return error;
}

/*
 * libbpf finds out how to attach by loading a program of its own, once. When the first VM comes,
 * that may not be allowed any more: it is done here, with what is no event and is refused.
 */
static void find_way(const struct vmm_probe *probe)
{
	const struct bpf_program *program = probe->skeleton->progs.vmm_done;

	bpf_link__destroy(
		bpf_program__attach_perf_event_opts(program, bpf_program__fd(program), NULL));
}

int vmm_probe__open(struct vmm_probe **out)
{
	struct vmm_probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return -ENOMEM;
	probe->opener.socket = -1;
	error = try_load(probe, true);
	if (error)
		error = try_load(probe, false);
	/* libbpf's copies of the kernel's BTF, several MiB, are of no more use. */
	malloc_trim(0);
	if (error) {
		kernel_explain("setting up the program at " FUNCTION, error);
		vmm_probe__close(probe);
		return error;
	}
	error = uprobe_opener__start(&probe->opener);
	if (error) {
		log_error("a process that opens uprobes: %s: %s", strerror(-error),
			  remedy(error, "start again"));
		vmm_probe__close(probe);
		return error;
	}
	find_way(probe);
	kernel_tell_programs("vmm", probe->skeleton->obj);
	*out = probe;
	return 0;
}

void vmm_probe__close(struct vmm_probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; i < probe->count; i++)
		bpf_link__destroy(probe->attachments[i].link);
	uprobe_opener__stop(&probe->opener);
	vmm_bpf__destroy(probe->skeleton);
	free(probe->attachments);
	free(probe);
}

static struct attachment *find(const struct vmm_probe *probe, uint32_t pid)
{
	for (size_t i = 0; i < probe->count; i++)
		if (probe->attachments[i].pid == pid)
			return &probe->attachments[i];
	return NULL;
}

/* The next key is looked for from one that is still there. */
static void forget_flows(const struct vmm_probe *probe, uint32_t pid)
{
	int fd = bpf_map__fd(probe->skeleton->maps.flows);
	struct vmm_key key, last, *before = NULL;
	struct vmm_requests requests;

	while (!bpf_map_get_next_key(fd, before, &key)) {
		if (key.pid == pid) {
			struct owner owner = { .kind = OWNER_VM, .id = pid };

			if (!bpf_map_lookup_elem(fd, &key, &requests))
				owner.uid = requests.uid;
			bpf_map_delete_elem(fd, &key);
			owner_give_back(probe->skeleton->progs.owner_give_back, &owner);
		} else {
			last = key;
			before = &last;
		}
	}
}

/* The last takes its place. */
static void detach(struct vmm_probe *probe, struct attachment *attachment)
{
	uint32_t pid = attachment->pid;

	bpf_link__destroy(attachment->link);
	*attachment = probe->attachments[--probe->count];
	forget_flows(probe, pid);
}

/* Why it could not be attached; may change the error into what it comes from. */
static int explain(struct vmm_probe *probe, const char *path, int error, const char **missing)
{
	if (access(path, R_OK))
		error = errno == ENOENT ? -ESRCH : -errno;
	if (error == -ESRCH) {
		*missing = "the process has gone";
	} else if (error == -ENOENT) {
		*missing = "its executable does not export " FUNCTION;
	} else if (error == -E2BIG || error == -ENOEXEC) {
		*missing = "its executable has symbols that cannot be read";
	} else if (error == -EPERM || error == -EACCES) {
		*missing = "the kernel refused the uprobe: it takes root, or CAP_SYS_ADMIN and "
			   "CAP_SYS_PTRACE";
	} else if (error == -EOPNOTSUPP) {
		*missing = "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)";
	} else {
		snprintf(probe->missing, sizeof(probe->missing), "the uprobe failed: %s",
			 strerror(-error));
		*missing = probe->missing;
	}
	return error;
}

static int attach(struct vmm_probe *probe, struct attachment *added, const char *path)
{
	uint64_t place;
	int error = vmm_entry__find(path, FUNCTION, &place), fd;

	if (error)
		return error;
	/* By its place: libbpf would read all that the executable says it has. */
	fd = uprobe_opener__open(&probe->opener, added->pid, place);
	if (fd < 0)
		return fd;
	added->link = bpf_program__attach_perf_event(probe->skeleton->progs.vmm_done, fd);
	if (!added->link) {
		error = -errno;
		close(fd);
		return error;
	}
	/* One that does not tell its version is told of all the same: as requests of a kind
	 * unknown. */
	if (qemu_version__read(path, &added->version))
		added->version = 0;
	return 0;
}

static bool is_final(int error)
{
	return error == -ENOENT || error == -ENOEXEC || error == -E2BIG;
}

int vmm_probe__attach(struct vmm_probe *probe, uint32_t pid, uint64_t start_ns,
		      const char **missing)
{
	struct attachment *grown, added = { .pid = pid, .start_ns = start_ns };
	struct attachment *old = find(probe, pid);
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	if (old && old->start_ns == start_ns)
		return old->error ? explain(probe, path, old->error, missing) : 0;
	if (old)
		detach(probe, old);
	grown = reallocarray(probe->attachments, probe->count + 1, sizeof(*grown));
	if (!grown)
		return explain(probe, path, -ENOMEM, missing);
	probe->attachments = grown;
	added.error = attach(probe, &added, path);
	if (!added.error || is_final(added.error))
		probe->attachments[probe->count++] = added;
	return added.error ? explain(probe, path, added.error, missing) : 0;
}

void vmm_probe__keep(struct vmm_probe *probe,
		     bool (*wanted)(const void *context, uint32_t pid, uint64_t start_ns),
		     const void *context)
{
	/* From the end: the last takes the place of one that goes. */
	for (size_t i = probe->count; i-- > 0;)
		if (!wanted(context, probe->attachments[i].pid, probe->attachments[i].start_ns))
			detach(probe, &probe->attachments[i]);
}

int vmm_probe__read(struct vmm_probe *probe, struct vmm_snapshot *snapshot)
{
	int fd = bpf_map__fd(probe->skeleton->maps.flows), error = 0;
	struct vmm_key key, *before = NULL, last;
	const struct attachment *attachment;
	struct vmm_requests requests;
	enum io_op op;

	vmm_snapshot__clear(snapshot);
	snapshot->lost = probe->skeleton->bss->lost;
	while (!error && !bpf_map_get_next_key(fd, before, &key)) {
		attachment = find(probe, key.pid);
		if (attachment && qemu_version__op(attachment->version, key.type, &op) &&
		    !bpf_map_lookup_elem(fd, &key, &requests))
			error = vmm_snapshot__take(snapshot, &key, op, &requests);
		last = key;
		before = &last;
	}
	vmm_snapshot__join(snapshot);
	return error;
}

int vmm_probe__read_losses(const struct vmm_probe *probe, struct share_losses *losses)
{
	if (!probe->skeleton->bss->lost)
		return 0;
	return owners__read_losses(probe->skeleton->maps.shares, SHARE_VMM_FLOWS, losses);
}
