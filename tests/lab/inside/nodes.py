# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel says of nodes, memory and hint faults: the truth for kvmq-numa; and its settings."""

import contextlib
import glob
import os
import re
import time

import emulation
from kvmq import Failed, Tool, expect
from measuring import moment

PAGE = 4096
SYSFS = "/sys/devices/system/node"
SCANS = "/sys/kernel/debug/sched/numa_balancing"
BALANCING = "/proc/sys/kernel/numa_balancing"
TRACING = "/sys/kernel/tracing"


class NumaTool(Tool):
    """A running kvmq-numa --json. Run time by node adds up to run time, in each row."""

    program = "kvmq-numa"
    rows_checked = 0

    def _check_sums(self, report):
        for row in report["rows"]:
            NumaTool.rows_checked += 1
            for what in (row, row["total"]):
                if sum(what["run_node_ns"]) != what["run_ns"]:
                    self.sum_errors.append(f"{row['vm']}: {what['run_node_ns']} ns by node, " +
                                           f"{what['run_ns']} in all")


def row_of(report, vm):
    """The row of a VM, or of its only vCPU."""
    rows = [row for row in report["rows"] if row["vm"] == vm]
    expect(len(rows) == 1, f"{len(rows)} rows of {vm}: {report['rows']}")
    return rows[0]


def fresh(tool):
    """The first report whose figures were all read after this call."""
    asked = time.time()
    while True:
        report = tool.report()
        if moment(report) > asked:
            return report


def fresh_residency(tool, vm):
    """The first row of a VM whose memory was looked at after this call."""
    asked = time.time()
    while True:
        report = tool.report()
        row = row_of(report, vm)
        age = row["residency_age_ns"]
        expect(age is not None, f"no residency: {row['residency_na']}")
        if moment(report) - age / 1e9 > asked:
            return row


def until(tool, vm, condition, what, seconds=60):
    """Reports until the VM's row fulfils condition; returns it."""
    end = time.monotonic() + seconds
    while True:
        row = row_of(fresh(tool), vm)
        if condition(row):
            return row
        if time.monotonic() > end:
            check_ticks(0)
            raise Failed(f"{what}: not within {seconds} s: {row}")


def check_ticks(cpu):
    """
    The kernel looks at a thread's memory at its ticks. A CPU that runs one thread and gets
    no timer interrupt has lost one: that is the emulation's fault.
    """
    def timer_interrupts():
        line = next(line for line in read("/proc/interrupts").splitlines() if "LOC:" in line)
        return int(line.split()[1 + cpu])

    before = timer_interrupts()
    time.sleep(2)
    if timer_interrupts() - before < 20:  # of 500
        emulation.report(f"CPU {cpu} gets no timer interrupts")


def grown(earlier, later, key):
    return later["total"][key] - earlier["total"][key]


def read(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def append(path, text):
    """As the shell's >> does: where the kernel takes commands there is no end to seek."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, text.encode("ascii"))
    finally:
        os.close(file)


def online():
    """The ids of the nodes."""
    return sorted(int(path.rpartition("node")[2]) for path in glob.glob(SYSFS + "/node[0-9]*"))


@contextlib.contextmanager
def settings(values):
    """Files of the kernel's, {path: text}; as they were afterwards."""
    old = {path: read(path) for path in values}
    try:
        for path, text in values.items():
            write(path, text)
        yield
    finally:
        for path, text in old.items():
            write(path, text)


def fast_scans():
    """NUMA balancing unmaps all of a small VM's memory several times a second."""
    return settings({f"{SCANS}/scan_delay_ms": "100", f"{SCANS}/scan_period_min_ms": "100",
                     f"{SCANS}/scan_period_max_ms": "200", f"{SCANS}/scan_size_mb": "128"})


def balancing(on):
    return settings({BALANCING: "1" if on else "0"})


@contextlib.contextmanager
def huge_pages(count):
    """So many pages of 2 MiB on either of the first two nodes."""
    paths = [f"{SYSFS}/node{node}/hugepages/hugepages-2048kB/nr_hugepages" for node in (0, 1)]
    with settings({path: str(count) for path in paths}):
        for path in paths:
            expect(int(read(path)) == count, f"{path}: {read(path)} instead of {count}")
        yield


def numa_maps(pid, ranges=None):
    """
    Bytes by node of a process: of anonymous memory, or else of all mappings that begin in
    one of the ranges (address, size). A VM of tests/vmm has guards around its memory, so
    that these mappings hold nothing else.
    """
    result = [0] * (online()[-1] + 1)
    for line in read(f"/proc/{pid}/numa_maps").splitlines():
        words = line.split()
        fields = dict(word.split("=", 1) for word in words[2:] if "=" in word)
        begin = int(words[0], 16)
        if ranges is None:
            if "anon" not in fields:
                continue
        elif not any(first <= begin < first + size for first, size in ranges):
            continue
        for key, value in fields.items():
            if re.fullmatch(r"N\d+", key):
                result[int(key[1:])] += int(value) * 1024 * int(fields["kernelpagesize_kB"])
    return result


def remote_pct(memory, node):
    return 100 - 100 * memory[node] / sum(memory)


def vmstat(key):
    return next(int(line.split()[1]) for line in read("/proc/vmstat").splitlines()
                if line.split()[0] == key)


class FaultCounts:
    """Calls of task_numa_fault() by thread, and the pages in them, counted by a kprobe."""

    def __enter__(self):
        append(f"{TRACING}/kprobe_events", "p:kvmq/hint task_numa_fault pages=%dx:s32\n")
        self.folder = f"{TRACING}/events/kvmq/hint"
        self.trigger = "hist:keys=common_pid:vals=pages:size=4096"
        write(f"{self.folder}/trigger", self.trigger)
        return self

    def __exit__(self, *_):
        write(f"{self.folder}/trigger", "!" + self.trigger)
        append(f"{TRACING}/kprobe_events", "-:kvmq/hint\n")

    def read(self, tid):
        """(calls, pages) of a thread."""
        found = re.search(rf"common_pid: +{tid} \}} hitcount: +(\d+) +pages: +(\d+)",
                          read(f"{self.folder}/hist"))
        return (int(found[1]), int(found[2])) if found else (0, 0)


def processor(tid):
    """The CPU of a thread: the 39th field of its stat, counted from behind its name."""
    return int(read(f"/proc/{tid}/stat").rpartition(") ")[2].split()[36])


def ran_ns(tid):
    return int(read(f"/proc/{tid}/schedstat").split()[0])


def wait_run(tid):
    """Returns once the kernel has added to the run time of a thread."""
    begin, end = ran_ns(tid), time.monotonic() + 60
    while ran_ns(tid) == begin:
        expect(time.monotonic() < end, f"thread {tid} did not run for a minute")
        time.sleep(0.002)


def move_thread(tid, cpu):
    """Returns once it has run there: it may run nowhere else from then on."""
    os.sched_setaffinity(tid, {cpu})
    wait_run(tid)
    expect(processor(tid) == cpu, f"thread {tid} is on CPU {processor(tid)}, not on {cpu}")
