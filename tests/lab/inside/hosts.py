# SPDX-License-Identifier: GPL-2.0-only
"""What stages of scenarios stand on, and the scenarios about a whole boot."""

import glob
import os
import signal
import subprocess
import time

import disk_io
from kvmq import BUILD, Tool, expect, guest, guest_pid, run


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
    """No guest is left: what follows starts its own. A clean power-off takes emulation half a minute."""
    pids = [int(line.split()[1]) for line in guest("list").splitlines()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        expect(time.monotonic() < end, f"of QEMUs that were killed some are there: {pids}")
        time.sleep(0.05)


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
    # Both start at once, each with a CPU of its own meanwhile: that takes half as long.
    guest("start", "cap:1:idle", "--cpus", "0", "--cgroup", "cap", "--no-wait")
    guest("start", "hog:1:idle", "--cpus", "1")
    guest("wait", "cap")
    for task in os.listdir(f"/proc/{guest_pid('cap')}/task"):
        os.sched_setaffinity(int(task), {1})
    guest("workload", "cap", "busy")


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


def fields():
    """What the BPF programs read of this kernel's structures is as wide as they read."""
    load_kvm()  # which has types of its own
    done = subprocess.run([BUILD + "/tests/test_fields"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 0 and "[       OK ]" in done.stdout, done.stdout + done.stderr)
    return "of all programs"


def kernel_is_quiet():
    """Nothing in the kernel's log speaks of a fault."""
    bad = [line for line in run("dmesg").splitlines()
           if any(word in line for word in ("BUG:", "WARNING:", "Oops", "scheduling while atomic",
                                            "possible recursive locking"))]
    expect(not bad, "; ".join(bad[:3]))
    return "dmesg"
