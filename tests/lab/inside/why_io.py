# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-why about I/O, on the guests of disk_io.py: two verdicts of two VMs at once, each
its own.
"""

import contextlib
import os
import shlex

from causes import PULSE, running
from disk_io import devices, fio_on
from io_lab import CGROUPS, MS, device_number, monitor, read, set_guest_queue, write
from kvmq import expect, guest, guest_pid
from nodes import numa_maps
from why import find, look, recorded, same_figures, same_of_thread, shell, worst

PER_SECOND = 20  # requests that a limit lets through


def judged(*fios, options=()):
    """What is said of the time that these take, together."""
    parts = [f"{shlex.join(fio.command())} > /dev/null" for fio in fios]
    return look(*options, "--", "sh", "-ec", " & ".join(parts) + " & wait")


def first(found, vm, rule):
    """The worst of a VM's, which must be this rule's."""
    return worst([verdict for verdict in found if verdict["vm"] == vm], rule)


def done_and_undone(verdict, path):
    """The lines of a file of cgroups after the command, and after what undoes it."""
    lines = []
    for command in (verdict["command"], verdict["undo"]):
        expect(command, f"no command: {verdict}")
        shell(command)
        lines.append(read(f"{CGROUPS}/{path}").strip())
    return lines


def why_queue():
    """One VM fills the queue of a device; another, that wants little of it, waits as long."""
    found = judged(fio_on("tags", depth=16, count=100), fio_on("tags", "thread", count=5))
    queue, neighbour = first(found, "plain", "io-queue"), first(found, "thread", "io-neighbour")
    expect(queue["culprit"] == devices["tags"], f"the culprit is {queue['culprit']}")
    expect(neighbour["culprit"] == "plain", f"the culprit is {neighbour['culprit']}")
    limited, free = done_and_undone(neighbour, "plain/io.max")
    expect(device_number(devices["tags"]) in limited and not free,
           f"{neighbour['command']}: '{limited}', then '{free}'")
    return (f"{queue['summary']}; {neighbour['summary']}; {same_figures(queue, 'io')}; " +
            same_figures(neighbour, "io"))


@contextlib.contextmanager
def io_max(vm, key):
    """A VM's cgroup has a limit on a device."""
    limit = f"{CGROUPS}/{vm}/io.max"
    write(limit, f"{device_number(devices[key])} riops={PER_SECOND}")
    try:
        yield
    finally:
        write(limit, f"{device_number(devices[key])} riops=max")


def why_io_max():
    """One VM has a limit; the device of another is slow."""
    with io_max("thread", 1):
        found = judged(fio_on(1, "thread", depth=4, count=80), fio_on("long", count=20))
        throttled = first(found, "thread", "io-throttled")
        free, limited = done_and_undone(throttled, "thread/io.max")
    slow = first(found, "plain", "io-device")
    expect(throttled["culprit"].startswith("/thread "), f"the culprit is {throttled['culprit']}")
    expect(not free and f"riops={PER_SECOND}" in limited,
           f"{throttled['command']}: '{free}', then '{limited}'")
    expect(slow["culprit"] == devices["long"], f"the culprit is {slow['culprit']}")
    return (f"{throttled['summary']}; {slow['summary']}; {same_figures(throttled, 'io')}; " +
            same_figures(slow, "io"))


@contextlib.contextmanager
def guest_queue(vm, disk):
    """A short queue in a guest, which reports."""
    set_guest_queue(vm, disk, scheduler="mq-deadline", nr_requests=4)
    guest("run", vm, "sh", "-c", "kvmq-io --guest-report 0.5 > /tmp/report 2>&1 &")
    try:
        yield
    finally:
        guest("run", vm, "killall", "kvmq-io")
        set_guest_queue(vm, disk, scheduler="none", nr_requests=128)


def guest_fio(key, jobs, count=5):
    """A submitter waits for a tag by itself: so there are many of them."""
    return fio_on(key, count=count, options=("--ioengine=psync", f"--numjobs={jobs}",
                                         "--group_reporting"))


def why_guest_queue():
    """A guest that has a full queue of its own, and says so, on a device that is slow, too."""
    with guest_queue("plain", "vdg"):
        found = judged(guest_fio("long", 16), options=("-G",))
    own = [verdict for verdict in found if verdict["vm"] == "plain"]
    queue, device = find(own, "io-guest"), find(own, "io-device")
    return f"{queue['summary']}; {device['summary']}; {same_figures(queue, 'io')}"


@contextlib.contextmanager
def apart(vm):
    """A VM is where its memory is, and its I/O thread on the other CPU: gives that one's number."""
    pid = guest_pid(vm)
    memory, folder = numa_maps(pid), f"/proc/{pid}/task"
    home = memory.index(max(memory))  # CPU n is on node n
    tasks = {int(task): read(f"{folder}/{task}/comm") for task in os.listdir(folder)}
    for task, name in tasks.items():
        os.sched_setaffinity(task, {1 - home if name.startswith("IO iothread") else home})
    try:
        yield 1 - home
    finally:
        for task in tasks:
            with contextlib.suppress(ProcessLookupError):  # QEMU ends threads that have no work
                os.sched_setaffinity(task, {0, 1})


def why_iothread():
    """
    A real-time process takes the CPU of a VM's I/O thread for half of the time; then a device that
    takes few requests makes it wait, too.
    """
    fio = fio_on(5, "thread", depth=4, count=1000)
    with apart("thread") as cpu, \
            running("taskset", "-c", str(cpu), "chrt", "-f", "50", "python3", "-c", PULSE):
        found = judged(fio, options=monitor("thread"))
        waits = {row["thread"]: row["ready_pct"] for row in recorded("cpu", "thread", "thread")}
        row = recorded("io", "thread")[0]
        expect(waits.get("IO iothread0", 0) >= 10, f"{waits}, VMM {row['vmm_mean_ns']} ns")
        verdict = first(found, "thread", "io-vmm")
        text = f"{same_of_thread(verdict, 'thread')}; {same_figures(verdict, 'io')}"
        both = judged(fio, fio_on("tags", "thread", depth=16, count=60), options=monitor("thread"))
    expect(verdict["culprit"].startswith("python3"), f"the culprit is {verdict['culprit']}")
    means = {e["key"]: e["value"] for e in verdict["evidence"] if e["key"].endswith("_mean_ns")}
    added = means["vmm_mean_ns"] - means["q_mean_ns"] - means["d_mean_ns"]
    expect(added >= MS, f"the VMM adds {added} ns: {means}")
    queue = first(both, "thread", "io-queue")
    find([other for other in both if other["vm"] == "thread"], "io-vmm")
    return f"{verdict['summary']}, {verdict['culprit']}; {text}; then {queue['summary']}"


def alone(found, vm, rule):
    """Of all that is said of a VM's I/O it is this, which is its worst."""
    own = [verdict for verdict in found if verdict["vm"] == vm]
    told = [verdict["rule"] for verdict in own if verdict["rule"].startswith("io-")]
    expect(told == [rule], f"{told} instead of {rule}")
    expect(own[0]["rule"] == rule, f"{own[0]['rule']} is worse: {own[0]['summary']}")
    return f"{own[0]['summary']}; {same_figures(own[0], 'io')}"


def why_io_alone():
    """One thing at a time: few requests at once, a slow device, a limit, the guest's queue."""
    slow = ("-t", "io-vmm=60")  # as emulation's threads are
    texts = [alone(judged(fio_on("tags", depth=16, count=60), options=slow), "plain", "io-queue"),
             alone(judged(fio_on("long", count=20), options=slow), "plain", "io-device")]
    with io_max("plain", 1):
        texts.append(alone(judged(fio_on(1, depth=4, count=80), options=slow), "plain",
                           "io-throttled"))
    with guest_queue("plain", "vdc"):
        texts.append(alone(judged(guest_fio(5, 32, count=60), options=("-G", *slow)), "plain",
                           "io-guest"))
    return "; ".join(texts)


def why_io_both():
    """A limit on one device of a VM, and another that is slow."""
    with io_max("plain", 1):
        found = judged(fio_on(1, count=40), fio_on("long", count=20))
    slow = first(found, "plain", "io-device")
    limit = find([verdict for verdict in found if verdict["vm"] == "plain"], "io-throttled")
    expect(limit["culprit"].startswith("/plain "), f"the culprit is {limit['culprit']}")
    expect(slow["culprit"] == devices["long"], f"the culprit is {slow['culprit']}")
    return (f"{slow['summary']}; {limit['summary']}; {same_figures(slow, 'io')}; " +
            same_figures(limit, "io"))
