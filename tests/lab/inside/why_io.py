# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-why about I/O, on the guests of disk_io.py: two verdicts of two VMs at once, each
its own.
"""

import shlex

from disk_io import devices, fio_on
from io_lab import CGROUPS, device_number, read, set_guest_queue, write
from kvmq import expect, guest
from why import find, look, same_figures, shell, worst


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


def why_io_max():
    """One VM has a limit; the device of another is slow."""
    limit, per_second = f"{CGROUPS}/thread/io.max", 20
    write(limit, f"{device_number(devices[1])} riops={per_second}")
    try:
        found = judged(fio_on(1, "thread", depth=4, count=80), fio_on("long", count=20))
        throttled = first(found, "thread", "io-throttled")
        free, limited = done_and_undone(throttled, "thread/io.max")
    finally:
        write(limit, f"{device_number(devices[1])} riops=max")
    slow = first(found, "plain", "io-device")
    expect(throttled["culprit"].startswith("/thread "), f"the culprit is {throttled['culprit']}")
    expect(not free and f"riops={per_second}" in limited,
           f"{throttled['command']}: '{free}', then '{limited}'")
    expect(slow["culprit"] == devices["long"], f"the culprit is {slow['culprit']}")
    return (f"{throttled['summary']}; {slow['summary']}; {same_figures(throttled, 'io')}; " +
            same_figures(slow, "io"))


def why_guest_queue():
    """A guest that has a full queue of its own, and says so, on a device that is slow, too."""
    set_guest_queue("plain", "vdg", scheduler="mq-deadline", nr_requests=4)
    guest("run", "plain", "sh", "-c", "kvmq-io --guest-report 0.5 > /tmp/report 2>&1 &")
    try:
        # A submitter waits for a tag by itself: so there are many of them.
        found = judged(fio_on("long", count=5, options=("--ioengine=psync", "--numjobs=16",
                                                        "--group_reporting")), options=("-G",))
    finally:
        guest("run", "plain", "killall", "kvmq-io")
        set_guest_queue("plain", "vdg", scheduler="none", nr_requests=128)
    own = [verdict for verdict in found if verdict["vm"] == "plain"]
    queue, device = find(own, "io-guest"), find(own, "io-device")
    return f"{queue['summary']}; {device['summary']}; {same_figures(queue, 'io')}"
