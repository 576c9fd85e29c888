# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios about the first interval: each tool is started many times beside guests that run
all the time, toggle, wait in their VMM, are throttled or rest, and what it says first is
held to what later intervals are held to. STARTS says how often.
"""

import contextlib
import json
import os
import subprocess
import time

from causes import write
from exits import ExitTool, kvm_statistic_path
from kvmq import BUILD, STATES, TOLERANCE_PCT, expect
from measuring import moment
from oracle import Readings
from tiny import CGROUPS, tiny

STARTS = int(os.environ.get("STARTS", "3"))
SAY_SO = 5  # starts
CAP = "start-cap"
GUESTS = {
    "sbusy": ("--mode", "busy", "--vcpus", "2"),
    "stoggle": ("--mode", "halt", "--burn", "1000", "--wait", "3000"),
    "sport": ("--mode", "pio", "--burn", "1000", "--wait", "2000"),
    "scapped": ("--mode", "busy"),
    "sidle": ("--mode", "halt", "--burn", "500", "--wait", "300000"),
}


@contextlib.contextmanager
def mixed_guests():
    """The guests, {name: what tiny gives}; one of them may use a fifth of a CPU."""
    os.makedirs(f"{CGROUPS}/{CAP}", exist_ok=True)
    with open(f"{CGROUPS}/cgroup.subtree_control", "w", encoding="ascii") as file:
        file.write("+cpu")
    write(f"{CAP}/cpu.max", "20000 100000")
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(tiny(name, *arguments,
                                              cgroup=CAP if name == "scapped" else None))
               for name, arguments in GUESTS.items()}
    os.rmdir(f"{CGROUPS}/{CAP}")


@contextlib.contextmanager
def books(guests):
    """
    What the kernel knows: a function that reads {(tid, "run" | "ready" | "runs") or (vm,
    "exits"): value}. Looking must take little CPU from what is looked at: files are found
    once, and stay open if they can be read again.
    """
    tids = [tid for vm in guests.values() for tid in vm.tids]
    with contextlib.ExitStack() as stack:
        threads = {tid: stack.enter_context(open(f"/proc/{tid}/schedstat", "rb", 0)).fileno()
                   for tid in tids}
        vms = {name: kvm_statistic_path(vm.pid, "exits") for name, vm in guests.items()}

        def read():
            result = {}
            for name, path in vms.items():
                with open(path, "rb", 0) as file:
                    result[(name, "exits")] = int(file.read(32))
            for tid, file in threads.items():
                run, ready, runs = map(int, os.pread(file, 80, 0).split())
                result.update({(tid, "run"): run, (tid, "ready"): ready, (tid, "runs"): runs})
            return result
        yield read


class Books(Readings):
    """The least and the most that a counter can have been at a moment."""

    def last(self, when, key):
        return self.before(when, key)

    def next(self, when, key):
        """With what was going on: a run counts at the next tick, a wait when it has ended."""
        tid, what = key
        if what == "exits":
            return self.after(when, key)
        values = [(values[key], values[(tid, "runs")]) for begin, _, values in self.samples
                  if begin > when]
        for value, runs in values:
            if runs > values[0][1] or (what == "run" and value > values[0][0]):
                return value
        return values[-1][0]

    def bracket(self, key, begin, end):
        """Of what it grew by from a moment in begin to one in end, each the least and the most."""
        return (self.last(end[0], key) - self.next(begin[1], key),
                self.next(end[1], key) - self.last(begin[0], key))


@contextlib.contextmanager
def before_guests():
    """What is started meanwhile, and this process, get their CPU in spite of busy guests."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def first_report(program, *arguments):
    """The first report of a tool that is started now, and a time after it was made."""
    with subprocess.Popen([f"{BUILD}/{program}", "-j", *arguments, "1", "1"],
                          stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        done = time.time()
    expect(process.returncode == 0 and line, f"{program}: status {process.returncode}")
    return json.loads(line), done


def wrong_in_row(row, figures, report, done, known):
    """
    What is wrong with a row's interval, or with its total: {name: (value, key of the kernel's)}
    must be in its bracket. A thread's interval may begin after the tool's.
    """
    end = (moment(report), done)
    for which in (row, row["total"]):
        elapsed = which["elapsed_ns"] / 1e9
        begin = (end[0] - elapsed, end[1] - elapsed)
        for name, (value, key) in figures(which).items():
            low, high = known.bracket(key, begin, end)
            if not low <= value <= high:
                total = " of the total" if which is not row else ""
                yield f"{row['vm']}/{row['vcpu']} {name}{total}: {value} is not in {low}..{high}"


def wrong_sum(row, states, tolerance):
    total = sum(row[key] or 0 for key in states)
    if states and abs(total - 100) > tolerance:
        yield f"{row['vm']}/{row['vcpu']}: " + \
            " + ".join(f"{key} {row[key]}" for key in states) + f" = {total:.3f}"


def cpu_figures(row):
    def figures(part):
        return {"run": (part["run_ns"], (row["tid"], "run")),
                "ready": (part["ready_ns"], (row["tid"], "ready"))}
    return figures


def exit_figures(row):
    def figures(part):
        on = sum(part[key] for key in ("guest_ns", "kvm_ns", "vmm_ns", "poll_ns"))
        result = {"on a CPU": (on, (row["tid"], "run")),
                  "ready": (part["ready_ns"], (row["tid"], "ready"))}
        if row["vm"] != "sbusy":  # KVM's statistics are of whole VMs
            result["exits"] = (part["exits"], (row["vm"], "exits"))
        return result
    return figures


def numa_figures(row):
    return lambda part: {"run": (sum(part["run_node_ns"]), (row["tid"], "run"))}


def start_often(program, figures, states, tolerance, *arguments):
    """Starts a tool, and looks at each row of its first report."""
    wrong, bad_starts, rows, lost = [], 0, 0, {}
    with mixed_guests() as guests, before_guests(), books(guests) as read:
        threads = {tid: name for name, vm in guests.items() for tid in vm.tids}
        known = Books(read)
        reports = []
        time.sleep(0.5)
        for number in range(STARTS):
            if number and number % SAY_SO == 0:
                print(f"{program}: {number} starts", flush=True)  # or the boot is given up
            reports.append(first_report(program, *arguments))
        time.sleep(1)  # a throttled guest gets its turn
        known.stop()
    for report, done in reports:
        mine = [row for row in report["rows"] if row["vm"] in GUESTS]
        missing = set(threads) - {row["tid"] for row in mine}
        found = [f"no row of {threads[tid]}'s thread {tid} at {report['time']}" for tid in missing]
        for row in mine:
            found += wrong_sum(row, states, tolerance)
            found += wrong_in_row(row, figures(row), report, done, known)
        for name, count in report["losses"].items():
            if count:
                lost[name] = lost.get(name, 0) + count
        rows += len(mine)
        bad_starts += bool(found)
        wrong += found
    text = f"{bad_starts} of {STARTS} starts wrong, {len(wrong)} figures of {rows} rows; " + \
        f"losses {lost or 'none'}"
    expect(not wrong, text + ": " + "; ".join(wrong[:8]))
    return text


def starting_cpu():
    """kvmq-cpu: run and ready time of the first interval lie between readings of schedstat."""
    return start_often("kvmq-cpu", cpu_figures, STATES, TOLERANCE_PCT)


def starting_exit():
    """kvmq-exit: the same, and its exits between readings of KVM's own counter."""
    return start_often("kvmq-exit", exit_figures, ExitTool.states, ExitTool.tolerance_pct)


def starting_numa():
    """kvmq-numa: run time by node adds up to the run time that schedstat knows."""
    return start_often("kvmq-numa", numa_figures, (), 0, "--by", "vcpu")
