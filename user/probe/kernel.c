// SPDX-License-Identifier: GPL-2.0-only
#include "probe/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privileges.h"
#include "probe/requirement.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define KVM_BTF "/sys/kernel/btf/kvm"

static int print_message(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	log_text(format, args);
	return 0;
}

void kernel_route_messages(void)
{
	libbpf_set_print(print_message);
}

void kernel_explain(const char *step, int error)
{
	if (error == -EPERM || error == -EACCES)
		log_error("%s: %s: %s", step, strerror(-error), requirements__obstacle());
	else
		log_error("%s: %s: %s", step, strerror(-error),
			  remedy(error, "-vv shows the kernel's words"));
}

/* Appends to a list if there is room. */
static void append_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

void kernel_tell_programs(const char *name, const struct bpf_object *object)
{
	char loaded[512] = "", left_out[512] = "";
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		bool is_loaded = bpf_program__autoload(program);

		append_name(is_loaded ? loaded : left_out, sizeof(loaded),
			    bpf_program__name(program));
	}
	log_detail("programs of %s: loaded %s%s%s", name, *loaded ? loaded : "none",
		   *left_out ? "; left out " : "", left_out);
}

int kernel_has_btf(void)
{
	return access(VMLINUX_BTF, R_OK) ? -errno : 0;
}

/* The types of vmlinux, from when they are first needed until nobody holds them. */
static struct btf *types;
static int type_holders;

static struct btf *get_types(void)
{
	if (!types)
		types = btf__load_vmlinux_btf();
	if (types)
		type_holders++;
	return types;
}

void kernel_drop_types(void)
{
	btf__free(types);
	types = NULL;
}

static void put_types(void)
{
	if (!--type_holders)
		kernel_drop_types();
}

void kernel_hold_types(void)
{
	type_holders++;
}

void kernel_release_types(void)
{
	put_types();
}

static int tracepoint_arguments(const struct btf *btf, const char *name)
{
	const struct btf_type *type;
	char type_name[128];
	int id;

	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -ENOENT;
	/* typedef void (*btf_trace_NAME)(void *, arguments...) */
	type = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	type = btf__type_by_id(btf, type->type);
	return btf_vlen(type) - 1;
}

int kernel_tracepoint_arguments(const char *name)
{
	const struct btf *btf = get_types();
	int arguments;

	if (!btf)
		return -errno;
	arguments = tracepoint_arguments(btf, name);
	put_types();
	return arguments;
}

int kernel_kvm_tracepoint_arguments(const char *name)
{
	struct btf *base = get_types(), *kvm = NULL;
	int arguments;

	if (!base)
		return -errno;
	arguments = tracepoint_arguments(base, name);
	if (arguments == -ENOENT && !access(KVM_BTF, F_OK)) {
		kvm = btf__load_module_btf("kvm", base);
		arguments = kvm ? tracepoint_arguments(kvm, name) : -errno;
	}
	/* libbpf asks the kernel for the BTF of modules, by number, even if KVM is built in. */
	if (arguments >= 0 && !privileges_can_enable_statistics())
		arguments = -EPERM;
	btf__free(kvm);
	put_types();
	return arguments;
}

/* Byte offset of a member, or -ENOENT. type_id is a struct's. */
static int member_offset(const struct btf *btf, int type_id, const char *member, __u32 *member_type)
{
	const struct btf_type *type = btf__type_by_id(btf, (__u32)type_id);
	const struct btf_member *members = btf_members(type);

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		if (strcmp(btf__name_by_offset(btf, members[i].name_off), member))
			continue;
		*member_type = members[i].type;
		return (int)(btf_member_bit_offset(type, i) / 8);
	}
	return -ENOENT;
}

int kernel_has_member(const char *type, const char *member)
{
	const struct btf *btf = get_types();
	__u32 member_type;
	int id, found;

	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	found = id > 0 && member_offset(btf, id, member, &member_type) >= 0;
	put_types();
	return found;
}

int kernel_has_function(const char *name)
{
	const struct btf *btf = get_types();
	int found;

	if (!btf)
		return -errno;
	found = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
	put_types();
	return found;
}

int kernel_try_hook(const char *name)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 }, /* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY);
	const struct btf *btf = get_types();
	int id, fd;

	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	put_types();
	if (id < 0)
		return -ENOENT;
	options.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "kvmq_try", "GPL", program,
			   sizeof(program) / sizeof(program[0]), &options);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* The value of an enumerator, or -ENOENT. */
static int enumerator(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_ENUM);
	const struct btf_type *type;

	if (id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, (__u32)id);
	for (__u32 i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
			return btf_enum(type)[i].val;
	return -ENOENT;
}

static int64_t struct_size(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__resolve_size(btf, (__u32)id) : -ENOENT;
}

/*
 * CONFIG_NODES_SHIFT is in no BTF, but the length of a zonelist is: MAX_NUMNODES * MAX_NR_ZONES + 1
 * (include/linux/mmzone.h). The node has the uppermost bits of the flags
 * (include/linux/page-flags-layout.h). That is true on 64 bits with SPARSEMEM_VMEMMAP, which has no
 * section number there.
 */
static int node_shift(const struct btf *btf)
{
	int64_t list = struct_size(btf, "zonelist"), entry = struct_size(btf, "zoneref");
	int zones = enumerator(btf, "zone_type", "__MAX_NR_ZONES");
	int64_t nodes;

	if (list <= 0 || entry <= 0 || zones <= 0)
		return -ENOENT;
	nodes = (list / entry - 1) / zones;
	if (nodes < 2 || nodes & (nodes - 1))
		return -ENOENT;
	return 64 - __builtin_ctzll((uint64_t)nodes);
}

int kernel_page_node_shift(void)
{
	const struct btf *btf = get_types();
	int shift;

	if (!btf)
		return -errno;
	shift = node_shift(btf);
	put_types();
	return shift;
}

static int read_layout(const struct btf *btf, struct sched_kvm *layout)
{
	int vcpu = btf__find_by_name_kind(btf, "kvm_vcpu", BTF_KIND_STRUCT);
	int notifier, link, vcpu_id, mode, pid;
	__u32 type, ignored;

	if (vcpu < 0)
		return -ENOENT;
	notifier = member_offset(btf, vcpu, "preempt_notifier", &type);
	vcpu_id = member_offset(btf, vcpu, "vcpu_id", &ignored);
	mode = member_offset(btf, vcpu, "mode", &ignored);
	pid = member_offset(btf, vcpu, "pid", &ignored);
	if (notifier < 0 || vcpu_id < 0 || mode < 0 || pid < 0)
		return -ENOENT;
	link = member_offset(btf, (int)type, "link", &ignored);
	if (link < 0)
		return -ENOENT;
	layout->notifier = (__u32)(notifier + link);
	layout->vcpu_id = (__u32)vcpu_id;
	layout->mode = (__u32)mode;
	layout->pid = (__u32)pid;
	__atomic_store_n(&layout->known, 1, __ATOMIC_RELEASE);
	return 0;
}

/*
 * KVM is a module on most hosts, and built in on others. Its BTF is read from sysfs, which needs no
 * privilege. libbpf's CO-RE would need CAP_SYS_ADMIN, and the module to be there before the
 * programs are loaded.
 */
int kernel_kvm_layout(struct sched_kvm *layout)
{
	struct btf *base, *kvm;
	int error;

	if (access("/sys/module/kvm", F_OK))
		return -ENOENT;
	base = get_types();
	if (!base)
		return -errno;
	if (access(KVM_BTF, R_OK)) {
		error = read_layout(base, layout);
		put_types();
		return error;
	}
	kvm = btf__load_module_btf("kvm", base);
	error = kvm ? read_layout(kvm, layout) : -errno;
	btf__free(kvm);
	put_types();
	return error;
}
