# SPDX-License-Identifier: GPL-2.0-only
"""
What README.md and doc/tour.md show, recorded: tests/lab/tour. Runs in the lab's host, as root, on
two CPUs, each a node. Recordings go to $LAB_OUT.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import causes
import hosts
from guest_io import IoTool
from io_lab import GUESTS, Fio, null_disk, set_guest_queue
from kvmq import BUILD, expect, guest
from nodes import fast_scans
from tiny import tiny

FAST_MS, SLOW_MS, SLOW_TAGS = 5, 20, 2


@contextlib.contextmanager
def recording(scene, interval, count, *options):
    """While it is recorded under that name, which begins with the tool's; from its first line on."""
    class Recorder(IoTool):
        program = "kvmq-" + scene.partition("-")[0]

    with tempfile.TemporaryDirectory() as folder:  # $LAB_OUT is on 9p, which has no shared memory
        tool = Recorder(*options, "--record", f"{folder}/{scene}", str(interval), str(count))
        tool.report()
        yield
        for _ in range(count - 1):
            tool.report()
        expect(tool.process.wait(60) == 0, f"{scene}: {tool.errors()}")
        shutil.copy(f"{folder}/{scene}", os.environ["LAB_OUT"])


def record(*arguments):
    with recording(*arguments):
        pass


def cpu():
    """Two CPUs, three guests that want more; one of them may have 20 % of a CPU."""
    causes.write("cgroup.subtree_control", "+cpu")
    guest("start", "cron:1:busy", "--cgroup", "cron")
    causes.write("cron/cpu.max", "20000 100000")
    hosts.start_busy()
    record("cpu-tour", 3, 5, "--blame", "--overlap", "--events=20000")


def exits():
    """A guest that writes to a port each ms, beside an idle one."""
    guest("start", "web:2:idle")
    with tiny("legacy", "--mode", "pio", "--burn", "1000"):
        record("exit-tour", 3, 3, "--events=1000")


def numa():
    """A guest whose memory is half on the node that its vCPU was moved away from."""
    guest("start", "web:1:idle")
    place = ",".join(["balance:0,balance:1"] * 8)
    with fast_scans(), tiny("db", "--mode", "touch", "--burn", "0", "--pin", "1",
                            "--place", place, mib=256):
        record("numa-tour", 10, 3)


def io():
    """A guest with a full queue of its own, and one whose disk a neighbour keeps busy."""
    fast, slow = null_disk("fast", FAST_MS), null_disk("slow", SLOW_MS, SLOW_TAGS)
    guests = {"web": fast, "db": slow, "batch": slow}
    for cid, (vm, disk) in enumerate(guests.items(), 27):
        guest("start", f"{vm}:1", "--cgroup", vm, "--cid", str(cid), "--program",
              f"{BUILD}/kvmq-io", "--disk", f"/dev/{disk},aio=threads,serial={disk}")
        guest("run", vm, "sh", "-c", "kvmq-io --guest-report 0.5 > /tmp/report 2>&1 &")
    set_guest_queue("web", "vda", scheduler="mq-deadline", nr_requests=4)
    forever = 1 << 20
    threads = ("--ioengine=psync", "--numjobs=16", "--group_reporting")
    fios = (Fio("web", "vda", forever, options=threads), Fio("db", "vda", forever),
            Fio("batch", "vda", forever, depth=16))
    monitors = [word for vm in guests for word in ("--qmp", f"{GUESTS}/{vm}/qmp")]
    # A busy QEMU takes long to answer whoever connects to its monitor.
    with recording("io-tour", 10, 4, "--with-guests", *monitors):
        running = [subprocess.Popen(fio.command(), stdout=subprocess.DEVNULL) for fio in fios]
    for process in running:
        process.terminate()
        process.wait()


def main():
    scenes = {"cpu": cpu, "exit": exits, "numa": numa, "io": io}
    hosts.load_kvm()
    for name in sys.argv[1:]:
        begin = time.monotonic()
        scenes[name]()
        hosts.stop_guests()
        print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)


main()
