# SPDX-License-Identifier: GPL-2.0-only
"""
What the scenarios of kvmq-io stand on: devices of known latency, guests with fio, kvmq-io around
a run of fio; and the oracles: fio in the guest, QEMU's query-blockstats, the kernel's disk stats.
"""

import dataclasses
import glob
import json
import os
import shlex
import socket
import subprocess
import tempfile

from kvmq import BUILD, Failed, expect, guest, guest_pid, run

CONFIGFS = "/sys/kernel/config"
NULLB = CONFIGFS + "/nullb"
GUESTS = "/run/lab/guests"
CGROUPS = "/sys/fs/cgroup"
MS = 1000000
LAYERS = ("gq", "gdev", "gavg", "vmm", "thr", "q", "d")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def null_disk(item, latency_ms, depth=64):
    """
    A device that takes so long for each request, as many at once as it has tags, and holds
    nothing. It is large: requests at random places do not meet, and are not merged. Returns its
    name: the item's since 6.4, before that one with a number.
    """
    if not os.path.isdir(NULLB):
        run("modprobe", "null_blk", "nr_devices=0")
        if not os.path.isdir(NULLB):
            run("mount", "-t", "configfs", "configfs", CONFIGFS)
    folder = f"{NULLB}/{item}"
    os.mkdir(folder)
    for key, value in (("completion_nsec", int(latency_ms * MS)), ("irqmode", 2),
                       ("hw_queue_depth", depth), ("submit_queues", 1), ("queue_mode", 2),
                       ("memory_backed", 0), ("size", 1 << 16), ("power", 1)):
        write(f"{folder}/{key}", value)
    if os.path.isdir(f"/sys/block/{item}"):
        return item
    return "nullb" + read(f"{folder}/index").strip()


def delayed_disk(name, leaf, delay_ms):
    """A dm-delay over a leaf: each request is held back before it is passed on."""
    run("modprobe", "dm-delay")
    known = set(glob.glob("/sys/block/dm-*"))
    sectors = int(read(f"/sys/block/{leaf}/size"))
    run("dmsetup", "create", "--noudevsync", name, "--table",
        f"0 {sectors} delay /dev/{leaf} 0 {delay_ms}")
    return (set(glob.glob("/sys/block/dm-*")) - known).pop().rpartition("/")[2]


def set_scheduler(device, name):
    """Of a device of the host; bfq is a module that the kernel loads."""
    write(f"/sys/block/{device}/queue/scheduler", name)
    expect(f"[{name}]" in read(f"/sys/block/{device}/queue/scheduler"), f"{device}: no {name}")


def set_guest_queue(vm, disk, **settings):
    """Files of queue/ of a guest's disk, such as scheduler and nr_requests."""
    for key, value in settings.items():
        guest("run", vm, "sh", "-c", f"echo {value} > /sys/block/{disk}/queue/{key}")


def disk_stat(device):
    """(reads, writes) completed since boot, by the kernel's own count."""
    words = read(f"/sys/block/{device}/stat").split()
    return int(words[0]), int(words[4])


def device_number(device):
    return read(f"/sys/block/{device}/dev").strip()


def cgroup_of(vm, path):
    """Moves a VM into a cgroup; one that is not there is made."""
    os.makedirs(f"{CGROUPS}/{path}", exist_ok=True)
    write(f"{CGROUPS}/{path}/cgroup.procs", guest_pid(vm))


class Qmp:
    """A guest's monitor that the tool under test does not use."""

    def __init__(self, vm):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{GUESTS}/{vm}/control")
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()  # its greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            expect("event" in answer, f"{command}: {answer}")

    def close(self):
        self.file.close()
        self.socket.close()


def blockstats(vm):
    """{drive: (reads, ns of them, writes, ns of them)} as QEMU has accounted them."""
    qmp = Qmp(vm)
    stats = {disk["device"]: disk["stats"] for disk in qmp.execute("query-blockstats")}
    qmp.close()
    return {drive: (stat["rd_operations"], stat["rd_total_time_ns"], stat["wr_operations"],
                    stat["wr_total_time_ns"]) for drive, stat in stats.items()}


@dataclasses.dataclass
class Fio:
    """A run of fio in a guest, and what it has found."""

    vm: str
    disk: str  # in the guest: vda...
    count: int
    depth: int = 1
    rw: str = "randread"
    options: tuple = ()
    reads: int = 0
    writes: int = 0
    clat_ns: float = 0  # mean of reads, or of writes where there are none
    lat_ns: float = 0  # the same with the time in io_submit(2), in which a request enters the ring

    def command(self):
        return ["lab-guest", "run", self.vm, "fio", "--name=lab", f"--filename=/dev/{self.disk}",
                "--direct=1", f"--rw={self.rw}", "--bs=4k", "--ioengine=libaio", "--thread",
                "--norandommap", f"--iodepth={self.depth}", f"--number_ios={self.count}",
                "--output-format=json", *self.options]

    def take(self, text):
        try:
            job = json.loads(text)["jobs"][0]
        except json.JSONDecodeError:
            raise Failed(f"fio said no JSON: {text[:300]}") from None
        expect(job["error"] == 0, f"fio: error {job['error']}")
        self.reads, self.writes = job["read"]["total_ios"], job["write"]["total_ios"]
        kind = job["read"] if self.reads else job["write"]
        self.clat_ns, self.lat_ns = kind["clat_ns"]["mean"], kind["lat_ns"]["mean"]


@dataclasses.dataclass
class Measured:
    """What kvmq-io --json said of the time that commands took."""

    report: dict
    events: list
    messages: str

    def rows(self, **wanted):
        return [row for row in self.report["rows"]
                if all(row[key] == value for key, value in wanted.items())]

    def row(self, **wanted):
        rows = self.rows(**wanted)
        expect(len(rows) == 1, f"{len(rows)} rows of {wanted}: {self.brief()}")
        return {**rows[0], "untimed": self.report["losses"]["requests"]}

    def brief(self):
        return [{key: row[key] for key in ("vm", "disk", "device", "op", "requests")}
                for row in self.report["rows"]]


def measure(options, *fios, together=False):
    """Runs fio, one after the other or together, as a command of kvmq-io's."""
    with tempfile.TemporaryDirectory() as folder:
        parts = [f"{shlex.join(fio.command())} > {folder}/{number}"
                 for number, fio in enumerate(fios)]
        script = " & ".join(parts) + " & wait" if together else "\n".join(parts)
        done = subprocess.run([f"{BUILD}/kvmq-io", "-v", "-j", *options, "--", "sh", "-ec", script],
                              capture_output=True, text=True, timeout=240, check=False)
        expect(done.returncode == 0, f"kvmq-io {' '.join(options)}: status {done.returncode}: " +
               " / ".join(done.stderr.splitlines()[-3:]))
        for number, fio in enumerate(fios):
            with open(f"{folder}/{number}", encoding="utf-8") as file:
                fio.take(file.read())
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    events = [line for line in lines if line["schema"] == "kvmq.io.event/1"]
    reports = [line for line in lines if line["schema"] == "kvmq.io/3"]
    expect(len(reports) == 1, f"{len(reports)} reports of one command")
    # An interrupt within a program, which is long under emulation, keeps the kernel from running
    # it for another request: it is counted all the same, as one that was not timed.
    losses = reports[0]["losses"]
    lost = {key: count for key, count in losses.items()
            if count and key not in ("hook_runs", "requests")}
    expect(not lost and losses["requests"] <= 1 + sum(fio.reads + fio.writes for fio in fios) // 100,
           f"losses: {losses}")
    return Measured(reports[0], events, done.stderr)


def monitor(vm):
    """Options that give the tool a VM's monitor."""
    return ("-q", f"{GUESTS}/{vm}/qmp")


def us(ns):
    """For people."""
    return "n/a" if ns is None else f"{ns / 1000:.0f}"


def layers(row):
    """The means of those that are known, in us."""
    return ", ".join(f"{layer.upper()} {us(row[layer + '_mean_ns'])}" for layer in LAYERS
                     if row[layer + "_mean_ns"] is not None)


def near(value, wanted, pct, what):
    expect(value is not None and abs(value - wanted) <= wanted * pct / 100,
           f"{what} is {us(value)} us, wanted {us(wanted)} +- {pct} %")
