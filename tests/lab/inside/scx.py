# SPDX-License-Identifier: GPL-2.0-only
"""
A host whose tasks run under a sched_ext scheduler (tests/lab/fifo.bpf.c): --scx. The kernel ends
one that leaves a task waiting for too long, and all go on under the fair class: so each scenario
holds only if it is there still, and was not loaded anew.
"""

import contextlib
import functools
import glob
import os
import re
import sqlite3
import subprocess
import tempfile

from kvmq import BUILD, expect
from nodes import NumaTool, balancing, fast_scans, fresh, row_of, vmstat
from tiny import tiny

STATE = "/sys/kernel/sched_ext"
NAME = "kvmq_fifo"


class Scheduler:
    """The one that this boot runs, and how often one had been enabled then."""

    process = None
    enabled = None


def state_of(name):
    with open(f"{STATE}/{name}", encoding="ascii") as file:
        return file.read().strip()


def start():
    """Loads it, before there is a guest."""
    Scheduler.process = subprocess.Popen([BUILD + "/tests/fifo", BUILD + "/tests/fifo.bpf.o"],
                                         stdout=subprocess.PIPE, text=True)
    said = Scheduler.process.stdout.readline()
    expect(said == "enabled\n", f"{NAME} was not loaded: {said!r}")
    Scheduler.enabled = state_of("enable_seq")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # it has ended


def is_outside(tid):
    text = read(f"/proc/{tid}/sched")
    return text and not re.search(r"^ext\.enabled +: +1$", text, re.M)


def scheduler():
    """All threads that may be are under it, and none was refused."""
    expect(state_of("state") == "enabled", f"{NAME} has ended: {state_of('state')}")
    name = state_of("root/ops")
    expect(name == NAME, f"the scheduler is {name}")
    expect(state_of("enable_seq") == Scheduler.enabled, f"enabled {state_of('enable_seq')} times")
    expect(state_of("nr_rejected") == "0", f"{state_of('nr_rejected')} tasks were refused")
    vcpus = [path.split("/")[4] for path in glob.glob("/proc/[0-9]*/task/[0-9]*/comm")
             if re.match("CPU [0-9]+/KVM", read(path))]
    outside = [tid for tid in ["self", *vcpus] if is_outside(tid)]
    expect(not outside, f"not under it: {outside}")
    return f"{name}, {len(vcpus)} vCPUs"


def under_it(scenario):
    """That scenario, and then the scheduler must be there."""
    @functools.wraps(scenario)
    def wrapper():
        text = scenario()
        scheduler()
        return text
    return wrapper


def hint_faults():
    """The kernel makes none for such tasks: kvmq-numa says so, and tells nobody to wait for some."""
    with fast_scans(), balancing(True), \
            tiny("blind", "--mode", "touch", "--burn", "0", "--pin", "0", mib=64):
        before = vmstat("numa_hint_faults")
        tool = NumaTool("-m", "blind", "3")
        fresh(tool)
        report = tool.report()
        tool.stop()
        made = vmstat("numa_hint_faults") - before
    row = row_of(report, "blind")
    expect(made == 0, f"the kernel made {made} hint faults")
    expect((row["fault_na"], row["fault_remote_pct"]) == ("sched_ext", None), f"{row}")
    return "none, and why"


def in_recording():
    """A recording says which scheduler there was, and how long a tick is."""
    release = os.uname().release
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/recording"
        subprocess.run([BUILD + "/kvmq-cpu", "--record", path, "0.5", "1"],
                       stdout=subprocess.DEVNULL, check=True)
        with contextlib.closing(sqlite3.connect(path)) as database:
            name, hz = database.execute("SELECT sched_ext, hz FROM host").fetchone()
    expect(name == NAME, f"the scheduler is '{name}'")
    told = re.search(r"^CONFIG_HZ=(\d+)$", read(f"/lib/modules/{release}/config"), re.M)
    expect(not told or hz == int(told[1]), f"HZ is {hz}, not {told}")
    return f"{name}, HZ {hz}"

