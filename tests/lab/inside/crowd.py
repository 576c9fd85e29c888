# SPDX-License-Identifier: GPL-2.0-only
"""
One user's hundreds of VMs, each in a cgroup of its own, whose vCPUs halt: more than his share of
the tables. What a busy VM of another user does is exact beside them, in each tool.
CROWD is "VMS VCPUS" of each, for a host that carries more than an emulated one. By hand, on a
machine whose KVM traces no exits: CROWD="1500 4" python3 tests/lab/inside/crowd.py
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys

import exits
from exits import ExitTool, kvm_statistics
from kvmq import BUILD, Tool, expect, run
from measuring import Bracket, bracketed, check_bracket
from nodes import NumaTool, fresh, row_of
from remote import run_time_agrees
from tiny import CGROUPS, tiny

VMS, VCPUS = map(int, os.environ.get("CROWD", "270 8").split())
NOBODY = 65534
PROGRAM = "/tmp/vmm-of-all"
READS = 50
BY_VM = ("-b", "vm")  # a row for each vCPU takes emulation a second, in which SIGINT may come
IMAGE = "/dev/shm/kvmq-crowd"
FOLDER = f"{CGROUPS}/crowd"


def become_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def place_in_cgroups(lines):
    """Each VM in its own, as its line is read that says that it is ready."""
    for number in range(VMS):
        ready = next(lines, "")
        expect(ready.startswith("ready pid="), f"only {number} VMs of the crowd: {ready}")
        os.makedirs(f"{FOLDER}/{number}", exist_ok=True)
        with open(f"{FOLDER}/{number}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(ready.split()[1].removeprefix("pid="))


@contextlib.contextmanager
def many():
    """They are there, and have halted."""
    shutil.copy(BUILD + "/vmm", PROGRAM)
    os.chmod(PROGRAM, 0o755)
    os.chmod("/dev/kvm", 0o666)
    command = [PROGRAM, "--name", "crowd", "--vms", str(VMS), "--vcpus", str(VCPUS),
               "--mode", "halt", "--wait", "60000000", "--seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                          preexec_fn=become_nobody) as process:
        try:
            place_in_cgroups(process.stdout)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=240)  # each vCPU says what it did
            for number in range(VMS):
                with contextlib.suppress(OSError):
                    os.rmdir(f"{FOLDER}/{number}")
            with contextlib.suppress(OSError):
                os.rmdir(FOLDER)


def check_losses(tool, report, filtered):
    """Whose they are; what --vm leaves out takes no place."""
    lost, by = report["losses"]["threads"], report["losses_by"]
    if filtered:
        expect(not lost and not by, f"{tool.program} --vm: {lost} losses, {by}")
        slots = tool.message("slots used at once")
        expect(slots and " at most 1 of " in slots, f"{tool.program} --vm: {slots}")
    else:
        expect(lost and by and all(one["uid"] == NOBODY for one in by),
               f"{tool.program}: {lost} losses, {by}")


def check_ready(victim, *options):
    tool = Tool(*BY_VM, *options, "3")
    fresh(tool)
    found = Bracket(tool, victim.tids)
    tool.stop()
    old, new = (row_of(report, "victim") for report in (found.earlier, found.later))
    check_bracket(f"kvmq-cpu {options}", new["total"]["ready_ns"] - old["total"]["ready_ns"],
                  *found.ready[victim.tids[0]])
    check_losses(tool, found.later, options)
    return found.later["cost"]["own_pct"]


def check_exits(victim, *options):
    tool = ExitTool(*BY_VM, *options, "3")
    tool.report()
    earlier, later, brackets = bracketed(tool, kvm_statistics({"victim": (victim.pid, "exits")}))
    exits.check_tracepoints(tool, later, "victim")
    tool.stop()
    check_bracket(f"kvmq-exit {options}", exits.total_of(later, "victim") -
                  exits.total_of(earlier, "victim"), *brackets["victim"])
    check_losses(tool, later, options)


def check_reasons(tool):
    """Its table is that of a small host. An exit of the crowd is booked when it wakes up again."""
    for _ in range(30):
        report = tool.report()
        reasons = [row["reasons"] for row in report["rows"] if row["vm"] == "victim"]
        if reasons and report["losses"]["reasons"]:
            break
    tool.stop()
    owners = {one["uid"] for one in report["losses_by"] if one["loss"] == "reasons"}
    expect(reasons and reasons[0], "kvmq-exit that was there before: no reasons of the victim")
    expect(report["losses"]["reasons"] and owners == {NOBODY},
           f"kvmq-exit that was there before: {report['losses']}, by {owners}")


def check_nodes(victim, *options):
    tool = NumaTool(*BY_VM, *options, "3")
    tool.report()
    run_time_agrees(tool, "victim", victim.tids[0])
    later = tool.report()
    tool.stop()
    check_losses(tool, later, options)


@contextlib.contextmanager
def reader_of(disk):
    """A process that looks like QEMU, and reads that disk upon SIGUSR1."""
    command = ["qemu-system-x86_64", "tests/cli/flows.py", "1", "1", str(READS), "0", disk,
               "-name", "guest=reader", "-drive", f"if=virtio,file={disk},format=raw"]
    with subprocess.Popen(command, executable=sys.executable, stdout=subprocess.PIPE,
                          text=True) as reader:
        try:
            expect(reader.stdout.readline() == "ready\n", "the reader is not there")
            yield reader
        finally:
            reader.kill()


def check_reads(disk, *options):
    with reader_of(disk) as reader:
        report = json.loads(run(BUILD + "/kvmq-io", "-j", *options, "--", "sh", "-c",
                                f"kill -USR1 {reader.pid}; sleep 2"))
    reads = [(row["op"], row["requests"]) for row in report["rows"]
             if row["vm"] == "reader" and row["requests"]]
    expect(reads == [("read", READS)], f"kvmq-io {options}: {reads}, not {READS} reads")
    expect(report["vms"] == VMS + 3, f"kvmq-io {options}: {report['vms']} VMs")


def check_io():
    """Beside VMs that have no disk, in as many cgroups: the reads of one are counted, all."""
    if not os.path.exists("/dev/loop-control"):
        run("modprobe", "loop")
    run("truncate", "-s", "64M", IMAGE)
    loop = run("losetup", "-f", "--show", IMAGE)
    try:
        check_reads(loop)
        check_reads(loop, "-m", "reader")
    finally:
        run("losetup", "-d", loop)
        os.unlink(IMAGE)


def crowd(with_exits=True):
    early = ExitTool(*BY_VM, "5") if with_exits else None
    if early:
        early.report()
    with many(), tiny("victim", "--mode", "pio", "--burn", "1000", "--pin", "0") as victim, \
            tiny("rival", "--mode", "busy", "--pin", "0"):
        if early:
            check_reasons(early)
        all_pct = check_ready(victim)
        own_pct = check_ready(victim, "-m", "victim")
        expect(own_pct < all_pct / 4, f"kvmq-cpu takes {all_pct} % of a CPU, with --vm {own_pct}")
        for options in ((), ("-m", "victim")):
            if with_exits:
                check_exits(victim, *options)
            check_nodes(victim, *options)
        check_io()
    return (f"{VMS} VMs of {VCPUS} vCPUs; kvmq-cpu takes {all_pct:.2f} % of a CPU, " +
            f"with --vm {own_pct:.2f} %")


if __name__ == "__main__":
    print(crowd(with_exits=False))
