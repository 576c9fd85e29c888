# SPDX-License-Identifier: GPL-2.0-only
"""
Which scenarios a boot runs, on what, and on which kernels.

A stage is what its scenarios stand on, and these in their order. Scenarios in one tuple run at
the same time: they only look, and what each looks at is exact under any load.

What a kernel's hooks or structures decide runs on every kernel. The rest, which one kernel shows
as well as another, runs on one (ON_ONE), so that the boots of one CI run are about equally long.
MATRIX in the environment (make check-matrix) runs everything on every kernel that can.
"""

import os

import causes
import crowd
import daemon
import disk_io
import exits
import four_nodes
import guest_io
import hosts
import living
import measuring
import others
import overlap
import plugging
import recorded
import remote
import scx
import starting
import tracing
import why
import why_both
import why_cpu
import why_io
import why_numa

STAGES = [
    (None, [living.kvm_loaded_later]),
    (hosts.load_kvm, [
        hosts.command_line,
        starting.starting_cpu,
        starting.starting_exit,
        starting.starting_numa,
        daemon.kept,
    ]),
    (hosts.start_busy, [
        (measuring.exact,
         measuring.vm_sums,
         measuring.preempted),
        measuring.steal,  # asks the guests, which wakes them
        measuring.events,
        overlap.overlap,
        tracing.timeline,
    ]),
    (hosts.calm, [
        (others.vms_stay,
         living.filtered,
         living.few_privileges,
         living.dropped,
         living.doctor),
        recorded.recorded,
        living.reboot,
        living.paused,
        living.hotplug,
        living.killed,
        exits.counted,
        exits.add_up,
        exits.port_writes,
        exits.slow_vmm,
        why_cpu.why_exits,
        exits.halted,
        exits.exit_events,
    ]),
    (hosts.two_on_one_cpu, [
        causes.throttled,
        causes.throttled_above,
        causes.throttled_and_shared,
        causes.blame_vm,
        causes.blame_process,
        causes.blame_realtime,
        causes.blame_shares,
        why.why_neighbour,
        why.why_throttled,
        why.why_two,
        why_cpu.why_weight,
        causes.blame_iothread,
        why_cpu.why_own,  # on what that one has started
        why_both.why_own_limited,
    ]),
    (hosts.alone_on_node_0, [
        remote.half_remote,
        remote.all_remote,
        remote.all_near,
        remote.migrating,
        remote.residency_exact,
        remote.residency_sample,
        remote.residency_cgroup,
        remote.node_moves,
        remote.unknown,
        remote.fault_counts,
        remote.numa_events,
        why.why_remote,
        why.why_quiet,
        why.why_runs_idle,
        why.why_runs_busy,
        why_cpu.why_host,
        why_cpu.why_self,
        why_cpu.why_storm,
        why_cpu.why_wakes,
        why_cpu.why_single,
        why_numa.why_spread,
        why_numa.why_larger,
        why_numa.why_thrash,
        why_numa.why_thrash_storm,
        why_numa.why_thrash_limited,
        why_both.why_crowded,
        why_both.why_full,
        why_both.why_neighbour_far,
        why_both.why_self_far,
        why_both.why_weight_limited,
        why_both.why_exits_far,
        why_both.why_storm_far,
        why_both.why_wakes_far,
        why_both.why_vcpus,
        why_both.why_healthy,
        daemon.storm,
        remote.linux_guest,
        why_cpu.why_spin,  # last: these two load KVM anew
        why_both.why_spin_alone,
    ]),
    (hosts.alone_on_node_0, [crowd.crowd]),
    (hosts.toggle_alone, [
        measuring.toggling,
        tracing.timeline_toggling,
        living.threads,
        living.short_lived,
        living.leaves_nothing,
    ]),
    (None, [hosts.rows_add_up, hosts.fields, hosts.kernel_is_quiet]),
]

# The same on a host of four nodes: --nodes 4.
FOUR_NODES_STAGES = [
    (hosts.alone_on_node_0, [
        four_nodes.topology,
        four_nodes.thirds,
        four_nodes.without_memory,
        four_nodes.matrix,
        four_nodes.third_near,
        four_nodes.moves_of_three,
        why_numa.why_memoryless,
    ]),
    (None, [hosts.kernel_is_quiet]),
]

# Those of kvmq-io, on the usual host in a boot of their own: --disks.
DISK_STAGES = [
    (hosts.disks_of_known_latency, [
        disk_io.counts,
        disk_io.two_vms_one_disk,
        disk_io.shared_io_cgroup,
        disk_io.latency_slope,
        disk_io.dm_delay,
        disk_io.few_tags,
        disk_io.io_max,
        disk_io.vmm_exact,
        disk_io.gavg,
        disk_io.events_io,
        disk_io.writeback,
        guest_io.guest_layers,
        guest_io.guest_queue,
        guest_io.noisy_neighbour,
        why_io.why_queue,
        why_io.why_io_max,
        why_io.why_guest_queue,
        why_io.why_iothread,
        why_io.why_io_alone,
        why_io.why_io_both,
        plugging.replaced,  # last: one of the disks is another then
    ]),
    (None, [hosts.kernel_is_quiet]),
]

# What a sched_ext scheduler need not do, and that of the lab does not; and what asks nothing of it.
NOT_UNDER_SCX = (
    causes.throttled, causes.throttled_above, causes.throttled_and_shared, why.why_throttled,
    why.why_two, why_both.why_own_limited,  # limits of the fair class
    causes.blame_shares, why_cpu.why_weight, why_both.why_weight_limited,  # weights
    remote.half_remote, remote.all_remote, remote.all_near, remote.migrating, remote.unknown,
    remote.fault_counts, remote.numa_events, why_numa.why_thrash,
    why_numa.why_thrash_limited, remote.linux_guest,  # hint faults
    why_cpu.why_own,  # who wakes up preempts nobody: waits are as short as those of cpu-wakes
    crowd.crowd, daemon.kept, daemon.storm,  # how much can be looked at, and for how long
    why_numa.why_thrash_storm,  # hint faults, too
)

# On no kernel: MATRIX alone runs it.
NO_CI = ()

# The one kernel that shows it, where every kernel would. residency_sample has two sides:
# move_pages() sees PROT_NONE pages from 6.5. So has threads: vhost's workers are threads of the
# VMM from 6.4, and a task has other members in 7.x.
ON_ONE = {
    crowd.crowd: (), daemon.kept: (), daemon.storm: NO_CI,  # take minutes
    measuring.vm_sums: "6.12", measuring.steal: "6.1", measuring.events: "6.12",
    overlap.overlap: "6.1", tracing.timeline: "6.12", tracing.timeline_toggling: "6.12",
    others.vms_stay: "6.12", living.filtered: "6.12", living.few_privileges: "6.1",
    living.dropped: ("6.1", "7"), living.reboot: "6.1", living.paused: "7", living.hotplug: "6.1",
    living.killed: "6.1", living.threads: ("6.1", "7"), living.short_lived: "6.1",
    hosts.command_line: "6.12", recorded.recorded: "7",
    starting.starting_cpu: "7", starting.starting_exit: "6.12", starting.starting_numa: "6.1",
    exits.add_up: "6.1", exits.port_writes: "7", exits.slow_vmm: "6.12", exits.halted: "6.1",
    exits.exit_events: "7",
    causes.throttled_above: "7", causes.throttled_and_shared: "6.1", causes.blame_vm: "7",
    causes.blame_process: "6.12", causes.blame_realtime: "7", causes.blame_shares: "6.12",
    causes.blame_iothread: "6.1",
    why.why_neighbour: "6.12", why.why_throttled: "7", why.why_two: "6.1", why.why_remote: "6.12",
    why.why_quiet: "6.12", why.why_runs_idle: NO_CI, why.why_runs_busy: NO_CI,
    why_cpu.why_weight: "7", why_cpu.why_own: "6.1",
    why_cpu.why_host: "7", why_cpu.why_self: "6.1", why_cpu.why_exits: "7",
    why_cpu.why_storm: NO_CI, why_cpu.why_wakes: NO_CI, why_cpu.why_single: NO_CI,
    why_cpu.why_spin: NO_CI, why_numa.why_spread: NO_CI, why_numa.why_larger: NO_CI,
    why_numa.why_thrash: NO_CI, why_numa.why_memoryless: NO_CI,
    why_both.why_wakes_far: NO_CI, why_both.why_spin_alone: NO_CI,
    why_numa.why_thrash_limited: NO_CI, why_numa.why_thrash_storm: NO_CI,
    why_io.why_iothread: NO_CI, why_io.why_io_alone: NO_CI, why_io.why_io_both: NO_CI,
    why_both.why_own_limited: NO_CI, why_both.why_crowded: NO_CI, why_both.why_full: NO_CI,
    why_both.why_neighbour_far: NO_CI, why_both.why_self_far: NO_CI,
    why_both.why_weight_limited: NO_CI, why_both.why_exits_far: NO_CI,
    why_both.why_storm_far: NO_CI, why_both.why_vcpus: NO_CI,
    why_both.why_healthy: NO_CI,
    why_io.why_queue: "6.1", why_io.why_io_max: "7", why_io.why_guest_queue: "6.12",
    remote.all_remote: "7", remote.all_near: "7", remote.residency_exact: "6.1",
    remote.residency_sample: ("6.1", "7"), remote.residency_cgroup: "6.12",
    remote.node_moves: "6.12", remote.unknown: "6.12", remote.fault_counts: "6.1",
    remote.numa_events: "6.12", remote.linux_guest: "7",
    four_nodes.topology: "7", four_nodes.thirds: "7", four_nodes.without_memory: "7",
    four_nodes.matrix: "7", four_nodes.third_near: "7", four_nodes.moves_of_three: "7",
    disk_io.two_vms_one_disk: "6.12", disk_io.shared_io_cgroup: "6.12",
    disk_io.latency_slope: "6.1", disk_io.dm_delay: "7", disk_io.few_tags: "6.1",
    disk_io.io_max: "7", disk_io.vmm_exact: "6.12", disk_io.gavg: "6.1", disk_io.events_io: "7",
    disk_io.writeback: "6.12", guest_io.guest_layers: "6.1", guest_io.guest_queue: "7",
    guest_io.noisy_neighbour: "6.12", plugging.replaced: "6.12",
}
# What runs where KVM has no BTF and no atomic operation returns a value (5.10), or where NUMA
# balancing is excluded (real time).
ANYWHERE = (living.kvm_loaded_later, living.dropped, measuring.exact, measuring.preempted, living.doctor,
            measuring.toggling, living.leaves_nothing, hosts.rows_add_up, hosts.fields,
            hosts.kernel_is_quiet)
ANYWHERE_MODULES = ("living", "measuring", "others")


def on_this_kernel(scenario):
    """Whether the running kernel is one that this scenario is for."""
    release, matrix = os.uname().release, "MATRIX" in os.environ
    if scenario is hosts.command_line and os.environ.get("OUTSIDE") == "kvm":
        return False  # they have run outside, on VMs of the machine itself
    if release.startswith("5.10.") or "-rt-" in release:
        return scenario in ANYWHERE or matrix and scenario.__module__ in ANYWHERE_MODULES
    kernels = ON_ONE.get(scenario)
    if matrix or kernels is None:
        return True
    kernels = (kernels,) if isinstance(kernels, str) else kernels
    return any(release.startswith(kernel + ".") for kernel in kernels)


def under_scx():
    """The usual stages under a sched_ext scheduler: --scx."""
    def applicable(group):
        group = group if isinstance(group, tuple) else (group,)
        return tuple(scx.under_it(s) for s in group if s not in NOT_UNDER_SCX)

    return [(scx.start, [scx.scheduler]),
            *((setup, [applicable(group) for group in groups]) for setup, groups in STAGES),
            (hosts.alone_on_node_0, [scx.under_it(scx.hint_faults)]),
            (None, [scx.in_recording])]


def stages_of(wanted):
    """What a command line asks for: [(setup, [scenarios that run together])], of this kernel."""
    all_stages, all_applicable = STAGES, wanted[:1] == ["--scx"]
    if wanted[:2] == ["--nodes", "4"]:
        wanted, all_stages = wanted[2:], FOUR_NODES_STAGES
    elif wanted[:1] == ["--disks"]:
        wanted, all_stages = wanted[1:], DISK_STAGES
    elif all_applicable:
        wanted, all_stages = wanted[1:], under_scx()
        wanted = wanted and [scx.scheduler.__name__, *wanted]

    def chosen(group):
        group = group if isinstance(group, tuple) else (group,)
        return [s for s in group if (s.__name__ in wanted if wanted else
                                     all_applicable or on_this_kernel(s))]

    stages = [(setup, [chosen(group) for group in groups]) for setup, groups in all_stages]
    return [(setup, [group for group in groups if group]) for setup, groups in stages]
