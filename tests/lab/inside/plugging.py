# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios of kvmq-io with disks that come and go while it looks."""

import subprocess
import time

from disk_io import DISKS, devices, fio_on
from guest_io import IoTool, rows_of
from io_lab import Qmp, monitor
from kvmq import expect, guest

SECONDS = 60
OLD, NEW = 60, 25  # requests


def wait_until(what, condition):
    """What condition returns once it is something."""
    end = time.monotonic() + SECONDS
    while not (result := condition()):
        expect(time.monotonic() < end, f"not within {SECONDS} s: {what}")
    return result


def reads_of(report, disk):
    """The reads of a disk of plain's since it came, or None: it is not there."""
    totals = [row["total"]["requests"] for row in rows_of(report, "plain") if row["disk"] == disk]
    return totals[0] if totals else None


def run_fio(count):
    fio = fio_on("long", count=count)
    fio.take(subprocess.run(fio.command(), stdout=subprocess.PIPE, text=True, timeout=120,
                            check=True).stdout)
    return fio.reads


def unplug(qmp, disk):
    """Until QEMU has it no more; what the guest calls it goes with it."""
    drive = next(one for one in qmp.execute("query-block") if one["device"] == disk)
    qmp.execute("device_del", id=drive["qdev"].removesuffix("/virtio-backend"))
    wait_until(f"{disk} unplugged", lambda: all(one["device"] != disk
                                                for one in qmp.execute("query-block")))


def plug(qmp, name, device):
    qmp.execute("blockdev-add", **{
        "driver": "raw", "node-name": name, "cache": {"direct": True},
        "file": {"driver": "host_device", "filename": f"/dev/{device}", "aio": "threads",
                 "locking": "off", "cache": {"direct": True}}})
    qmp.execute("device_add", driver="virtio-blk-pci", drive=name, id=name, serial=name)


def wait_reads(tool, disk, wanted):
    """Until a disk is there and has so many; returns how many it has."""
    return wait_until(f"{wanted} reads of {disk}", lambda: [
        reads for reads in [reads_of(tool.report(), disk)]
        if reads is not None and reads >= wanted])[0]


def replaced():
    """A disk in another's place on the same device: neither has the other's requests."""
    disk, node = DISKS["long"]
    tool, qmp = IoTool(*monitor("plain"), "0.5"), Qmp("plain")
    try:
        # It counts from now on, and QEMU has done so for long.
        before = reads_of(tool.report(), disk)
        expect(before == 0, f"{disk} has {before} reads before fio")
        old = run_fio(OLD)
        seen = wait_reads(tool, disk, old)
        expect(seen == old, f"{disk} has {seen} reads after fio's {old}")
        unplug(qmp, disk)
        plug(qmp, "again", devices["long"])
        wait_until(f"/dev/{node} again",
                   lambda: guest("run", "plain", "sh", "-c", f"test -b /dev/{node} && echo yes; :"))
        # The guest has looked for partitions, and the tool for disks, whichever was first.
        first = wait_reads(tool, "again", 0)
        new = run_fio(NEW)
        last = wait_reads(tool, "again", first + new)
        expect(last < OLD, f"the new disk has {first}, then {last} reads, fio {new}, the old {old}")
        report = tool.report()
        expect(reads_of(report, disk) is None, f"{disk} is still there: {report['rows']}")
    finally:
        qmp.close()
        tool.stop()
    return f"{old} of the old disk; of the new one {first}, and {last} after fio's {new}"
