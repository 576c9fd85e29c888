# SPDX-License-Identifier: GPL-2.0-only
"""
Runs in the lab's host, as root: all scenarios, in an order that needs one boot and
few guests. Prints "ok" or "not ok" with the name of each. Arguments: --nodes 4 for
those of a host with four nodes or --disks for those of kvmq-io, and names of scenarios
to run; none runs all. What they stand on is set up before them.
"""

import glob
import os
import subprocess
import sys
import time
import traceback

import causes
import disk_io
import emulation
import exits
import four_nodes
import guest_io
import living
import measuring
import others
import overlap
import remote
import tracing
from kvmq import Failed, Tool, expect, guest, run


def pin_everything(*cpus):
    """Every thread that may be moved runs on these CPUs, and so do those they start."""
    for task in glob.glob("/proc/[0-9]*/task/[0-9]*"):
        try:
            os.sched_setaffinity(int(task.rpartition("/")[2]), cpus)
        except OSError:
            pass  # bound to its CPU, or ended


def load_kvm():
    if not os.path.exists("/sys/module/kvm"):
        run("modprobe", "kvm-amd")


def start_busy():
    """web and db: two vCPUs each, that never rest, on two CPUs."""
    load_kvm()
    running = [line.split()[0] for line in guest("list").splitlines()]
    for name in {"web", "db"} - set(running):
        guest("start", f"{name}:2:busy")


def calm():
    """The guests' vCPUs halt: what follows needs no load, and is faster without."""
    start_busy()
    for name in ("web", "db"):
        guest("workload", name, "idle")


def stop_guests():
    """No guest is left: what follows starts its own."""
    for line in guest("list").splitlines():
        run("lab-guest", "stop", line.split()[0], check=False)  # or it is killed


def toggle_alone():
    """
    Leaves one guest that sleeps and wakes, on a CPU that is otherwise idle: what
    the host itself has to do, which takes emulation long, is left to the other.
    """
    load_kvm()
    stop_guests()
    with open("/sys/devices/virtual/workqueue/cpumask", "w", encoding="ascii") as file:
        file.write("1")
    pin_everything(0)
    guest("start", "tog:1:toggle", "--cpus", "1")


def two_on_one_cpu():
    """cap, busy and in a cgroup of its name, and hog, idle: all on CPU 1, all else on CPU 0."""
    load_kvm()
    stop_guests()
    pin_everything(0)
    run("modprobe", "null_blk", "nr_devices=1", "queue_mode=2")
    with open("/sys/fs/cgroup/cgroup.subtree_control", "w", encoding="ascii") as file:
        file.write("+cpu")
    guest("start", "cap:1:busy", "--cpus", "1", "--cgroup", "cap")
    guest("start", "hog:1:idle", "--cpus", "1")


def alone_on_node_0():
    """No guest is left, and all is on CPU 1: CPU 0 is for one vCPU."""
    load_kvm()
    stop_guests()
    pin_everything(1)


def disks_of_known_latency():
    """No guest is left but two with fio, on devices that take as long as they are told to."""
    load_kvm()
    stop_guests()
    pin_everything(*range(os.cpu_count()))
    # It unmaps the rings now and then: a look at one that fails is counted as a loss.
    with open("/proc/sys/kernel/numa_balancing", "w", encoding="ascii") as file:
        file.write("0")
    disk_io.start_guests()


def command_line():
    """The command-line tests that need VMs: here, where the machine itself has none."""
    done = subprocess.run(["tests/cli/run", "vm", "vmm", "figures", "timeline"], capture_output=True,
                          text=True, timeout=280, check=False)
    lines = done.stdout.splitlines()
    bad = [line for line in lines if line.startswith(("not ok ", "skip "))]
    passed = sum(line.startswith("ok ") for line in lines)
    expect(not bad and done.returncode == 0, f"status {done.returncode}: {'; '.join(bad)}")
    expect(passed >= 30, f"only {passed} passed")
    return f"{passed} passed"


def rows_add_up():
    """All rows of all reports above were held against 100 +- 0.1 %."""
    expect(Tool.rows_checked, "no row was checked")
    return f"{Tool.rows_checked} rows"


def kernel_is_quiet():
    """Nothing in the kernel's log speaks of a fault."""
    bad = [line for line in run("dmesg").splitlines()
           if any(word in line for word in ("BUG:", "WARNING:", "Oops", "scheduling while atomic",
                                            "possible recursive locking"))]
    expect(not bad, "; ".join(bad[:3]))
    return "dmesg"


# What a stage's scenarios stand on, and these in their order.
STAGES = [
    (None, [living.kvm_loaded_later]),
    (load_kvm, [command_line]),
    (start_busy, [
        measuring.exact,
        measuring.vm_sums,
        measuring.events,
        measuring.preempted,
        measuring.steal,
        overlap.overlap,
        tracing.timeline,
    ]),
    (calm, [
        others.vms_stay,
        living.filtered,
        living.few_privileges,
        living.dropped,
        living.doctor,
        living.reboot,
        living.paused,
        living.hotplug,
        living.killed,
        exits.counted,
        exits.add_up,
        exits.port_writes,
        exits.slow_vmm,
        exits.halted,
        exits.exit_events,
    ]),
    (two_on_one_cpu, [
        causes.throttled,
        causes.throttled_above,
        causes.throttled_and_shared,
        causes.blame_vm,
        causes.blame_process,
        causes.blame_realtime,
        causes.blame_shares,
        causes.blame_iothread,
    ]),
    (alone_on_node_0, [
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
        remote.linux_guest,
    ]),
    (toggle_alone, [
        measuring.toggling,
        tracing.timeline_toggling,
        living.threads,
        living.short_lived,
        living.leaves_nothing,
    ]),
    (None, [rows_add_up, kernel_is_quiet]),
]

# The same on a host of four nodes: --nodes 4.
FOUR_NODES_STAGES = [
    (alone_on_node_0, [
        four_nodes.topology,
        four_nodes.thirds,
        four_nodes.without_memory,
        four_nodes.matrix,
        four_nodes.third_near,
        four_nodes.moves_of_three,
    ]),
    (None, [kernel_is_quiet]),
]

# Those of kvmq-io, on the usual host in a boot of their own: --disks.
DISK_STAGES = [
    (disks_of_known_latency, [
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
    ]),
    (None, [kernel_is_quiet]),
]


# The same of all kernels but for what is hooked: shown on the oldest that all is for, and the newest.
LIFE_OF_VMS = (measuring.steal, living.filtered, living.few_privileges, living.dropped, living.reboot,
               living.paused, living.hotplug, living.killed, living.threads, living.short_lived)


def on_this_kernel(scenario):
    """
    Why a vCPU waits, what its exits cost, where its memory is and what its disks wait for:
    shown on three kernels, 6.1, 6.12 and 7.x. 5.10 has no BTF of kvm and no atomic operations
    that return a value; on a real-time kernel it is left out for the time that it takes. The
    command-line tests run on one.
    """
    release = os.uname().release
    if scenario is command_line:
        return (release.startswith("6.12.") and "-rt-" not in release and
                os.environ.get("OUTSIDE") != "kvm")
    if scenario in LIFE_OF_VMS:
        return not release.startswith(("5.10.", "6.12."))
    return (scenario.__module__ in ("living", "measuring", "__main__") or
            not (release.startswith("5.10.") or "-rt-" in release))


def run_scenario(scenario):
    name = f"{os.environ.get('LAB_KERNEL', os.uname().release)} {scenario.__name__}"
    begin = time.monotonic()
    try:
        text = scenario()
        print(f"ok {name}: {text} ({time.monotonic() - begin:.0f} s)", flush=True)
        return True
    except (Failed, AssertionError) as problem:
        print(f"not ok {name}: {problem}", flush=True)
    except Exception as problem:  # a fault of the test itself fails it, too
        where = traceback.extract_tb(problem.__traceback__)[-1]
        print(f"not ok {name}: {type(problem).__name__}: {problem} " +
              f"({os.path.basename(where.filename)}:{where.lineno})", flush=True)
    for process in Tool.running:  # what the scenario could not stop
        process.kill()
        process.wait()
    return False


def run_stage(setup, scenarios):
    if setup and scenarios:
        try:
            setup()
        except Exception as problem:  # then the scenarios say what they miss
            print(f"{setup.__name__}: {problem}", flush=True)
    return all([run_scenario(scenario) for scenario in scenarios])


def main():
    wanted, all_stages = sys.argv[1:], STAGES
    if wanted[:2] == ["--nodes", "4"]:
        wanted, all_stages = wanted[2:], FOUR_NODES_STAGES
    elif wanted[:1] == ["--disks"]:
        wanted, all_stages = wanted[1:], DISK_STAGES
    stages = [(setup, [s for s in scenarios
                       if (not wanted or s.__name__ in wanted) and on_this_kernel(s)])
              for setup, scenarios in all_stages]
    print("plan:", *[s.__name__ for _, scenarios in stages for s in scenarios], flush=True)
    watch = emulation.Watch()
    passed = all([run_stage(setup, scenarios) for setup, scenarios in stages])
    fault = watch.verdict()
    if fault:
        print(f"emulation fault: {fault}", flush=True)
    sys.exit(0 if passed else 1)


main()
