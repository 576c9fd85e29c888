# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-io with reports from inside the guests: by vsock from the guest plain, by a
serial port from thread. Both schedulers are seen, and which of them a request waits in.
"""

import contextlib
import subprocess
import time

from disk_io import DISKS, FEW_TAGS_MS, MS, fio_on
from io_lab import layers, near, set_guest_queue, us
from kvmq import Failed, Tool, expect, guest

SECONDS = 60


class IoTool(Tool):
    """A running kvmq-io --json, whose rows need not add up to anything."""

    program = "kvmq-io"

    def _check_sums(self, report):
        pass


@contextlib.contextmanager
def reporting(*vms):
    """kvmq-io inside these guests, and one here that takes its reports."""
    for vm in vms:
        guest("run", vm, "sh", "-c", "kvmq-io --guest-report 0.5 > /tmp/report 2>&1 &")
    tool = IoTool("-G", "0.5")
    try:
        wait_reports(tool, vms)
        yield tool
        tool.stop()
    except Failed as problem:
        said = [guest("run", vm, "cat", "/tmp/report") for vm in vms]
        raise Failed(f"{problem}; in the guests: {said}; {tool.messages[-3:]}") from None
    finally:
        for vm in vms:
            guest("run", vm, "killall", "kvmq-io")


def rows_of(report, vm, key=None, op="read"):
    return [row for row in report["rows"] if row["vm"] == vm and row["op"] == op and
            key in (None, next((k for k, names in DISKS.items() if names[0] == row["disk"]), None))]


def wait_reports(tool, vms):
    """Until each of the guests has been heard."""
    end = time.monotonic() + SECONDS
    while True:
        report = tool.report()
        if all(any(row["report_age_ns"] is not None for row in rows_of(report, vm)) for vm in vms):
            return
        expect(time.monotonic() < end, f"no reports of {vms}: {report}")


class Sums:
    """Intervals of one row, added up."""

    layers = ("gq", "gdev", "q", "d")

    def __init__(self):
        self.count = dict.fromkeys(self.layers, 0)
        self.ns = dict.fromkeys(self.layers, 0)

    def add(self, row):
        for layer in self.layers:
            count = row[layer + "_requests"] or 0
            self.count[layer] += count
            self.ns[layer] += count * (row[layer + "_mean_ns"] or 0)

    def row(self):
        return {layer + "_mean_ns": self.ns[layer] / self.count[layer] if self.count[layer] else None
                for layer in ("gq", "gdev", "gavg", "vmm", "thr", "q", "d")
                if layer in self.layers} | dict.fromkeys(
                    ("gavg_mean_ns", "vmm_mean_ns", "thr_mean_ns"))


def gather(tool, key, *fios):
    """
    Runs fio in several guests together, and adds up the rows of this disk of theirs, until
    host and guest have told of each of fio's requests. Returns them in fio's order.
    """
    running = [subprocess.Popen(fio.command(), stdout=subprocess.PIPE, text=True) for fio in fios]
    sums = [Sums() for _ in fios]
    for fio, process in zip(fios, running):
        fio.take(process.communicate(timeout=120)[0])
    end = time.monotonic() + SECONDS
    while any(min(one.count.values()) < fio.reads for one, fio in zip(sums, fios)):
        expect(time.monotonic() < end, "fio " + ", ".join(
            f"{fio.reads}: {one.count}" for one, fio in zip(sums, fios)))
        report = tool.report()
        for one, fio in zip(sums, fios):
            for row in rows_of(report, fio.vm, key):
                one.add(row)
    for one, fio in zip(sums, fios):
        expect(set(one.count.values()) == {fio.reads}, f"fio {fio.reads}, {one.count}")
    return [one.row() for one in sums]


def guest_layers():
    """gQ and gDEV together are what fio waits for, by vsock and by serial port."""
    texts = []
    with reporting("plain", "thread") as tool:
        # Slow disks: fio wakes up some ms after the guest's kernel has its answer.
        for vm, key, depth in (("plain", "long", 1), ("thread", "tags", 4)):
            fio = fio_on(key, vm, depth=depth, count=16 + 16 * depth)
            row = gather(tool, key, fio)[0]
            near(row["gq_mean_ns"] + row["gdev_mean_ns"], fio.clat_ns, 5, f"gQ + gDEV of {vm}")
            texts.append(f"{vm} QD {depth}: fio {us(fio.clat_ns)}, {layers(row)}")
    return "; ".join(texts)


def guest_queue():
    """A guest whose own queue is full waits in gQ; the host's queue is empty."""
    # Four at a time leave the guest, on a device that takes 64.
    set_guest_queue("plain", "vdg", scheduler="mq-deadline", nr_requests=4)
    try:
        with reporting("plain") as tool:
            # A submitter waits for a tag by itself: so there are many of them.
            fio = fio_on("long", count=5, options=("--ioengine=psync", "--numjobs=16",
                                                   "--group_reporting"))
            row = gather(tool, "long", fio)[0]
    finally:
        set_guest_queue("plain", "vdg", scheduler="none", nr_requests=128)
    expect(row["gq_mean_ns"] > 2 * row["gdev_mean_ns"], f"gQ: {layers(row)}")
    expect(row["q_mean_ns"] < 2 * MS, f"Q: {layers(row)}")
    near(row["gq_mean_ns"] + row["gdev_mean_ns"], fio.clat_ns, 5, "gQ + gDEV")
    return f"fio {us(fio.clat_ns)}: {layers(row)}"


def noisy_neighbour():
    """A guest whose device is kept busy by another waits in the host, not in its own queue."""
    with reporting("plain", "thread") as tool:
        alone = gather(tool, "tags", fio_on("tags", "thread", count=60))[0]
        quiet, noisy = fio_on("tags", "thread", count=40), fio_on("tags", "plain", depth=16, count=600)
        row, _ = gather(tool, "tags", quiet, noisy)
    expect(row["q_mean_ns"] + row["d_mean_ns"] > alone["q_mean_ns"] + alone["d_mean_ns"] +
           FEW_TAGS_MS * MS, f"alone {layers(alone)}; then {layers(row)}")
    expect(row["gq_mean_ns"] < 2 * MS + alone["gq_mean_ns"], f"gQ: {layers(row)}")
    return f"alone {layers(alone)}; with a neighbour {layers(row)}"
