# SPDX-License-Identifier: GPL-2.0-only
"""VMs without a system (tests/vmm), which do as they are told and start at once."""

import contextlib
import os
import re
import signal
import subprocess

import emulation
from kvmq import BUILD, expect

CGROUPS = "/sys/fs/cgroup"
READY = re.compile(r"ready pid=(\d+) tids=([\d,]+)(?: low=(0x\w+) memory=(0x\w+))? name=")
LOW_BYTES = 2 << 20
MIB = 1 << 20
TRIES = 4


class Tiny:
    """One that runs: its threads, and where guest memory is in its address space."""

    def __init__(self, ready, mib):
        self.pid = int(ready[1])
        self.tids = [int(tid) for tid in ready[2].split(",")]
        self.ranges = []
        if ready[3]:
            self.ranges = [(int(ready[3], 16), LOW_BYTES), (int(ready[4], 16), mib * MIB)]

    def stop_running(self):
        """Its vCPUs stand still until it ends: what is counted of them does, too."""
        os.kill(self.pid, signal.SIGSTOP)


@contextlib.contextmanager
def tiny(name, *arguments, mib=0, cgroup=None):
    """A VM of that name, with mib MiB of memory if so wished, in a cgroup of its own."""
    def enter():
        with open(f"{CGROUPS}/{cgroup}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(os.getpid()))

    command = [BUILD + "/vmm", "--name", name, "--seconds", "0", *arguments]
    command += ["--memory", str(mib)] if mib else []
    for _ in range(TRIES):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                   preexec_fn=enter if cgroup else None)
        ready = READY.match(process.stdout.readline())
        if ready and not died_early(process, mib):
            break
        process.terminate()
        process.wait(60)
    expect(ready and process.poll() is None, f"{name} did not start")
    try:
        yield Tiny(ready, mib)
    except Exception:
        if process.poll():
            emulation.report(f"the vCPU of {name} shut down")
        raise
    finally:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        process.wait(60)
        process.stdout.close()


def died_early(process, mib):
    """
    While a vCPU touches its memory for the first time, emulation loses a fault now and then
    (more often with 7.3), and the vCPU shuts down.
    """
    if not mib:
        return False
    try:
        process.wait(1)
        return True
    except subprocess.TimeoutExpired:
        return False
