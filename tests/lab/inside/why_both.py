# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-why in which two rules speak of one VM, the worse one first; and some in which one
speaks that is nowhere else alone. All VMs but those named are on CPU 0, which is on node 0.
"""

import contextlib

import causes
from causes import SPIN, running, write
from io_lab import cgroup_of
from kvmq import expect
from nodes import balancing
from tiny import tiny
from why import INTERVAL, SIZE, find, limited, look, same_figures, verdicts
from why_cpu import TICKS, WAKES, pause_exits
from why_numa import SPREAD

FAR = ("--place", "bind:1")
HOG = ("hog", "--pin", "0")
CROWD = 4
# Some 3 % of the time: short of what is said of waits, and more than is normal for hazard.
SHORT_PULSE = """
import time
while True:
    end = time.monotonic() + 0.003
    while time.monotonic() < end:
        pass
    time.sleep(0.097)
"""
PULSES = ("taskset", "-c", "0", "chrt", "-f", "50", "python3", "-c", SHORT_PULSE)
# To sleep and wake up takes emulation long: so much is allowed.
SHORT = ("-t", "cpu-neighbour=8", "-t", "cpu-host=8", "-t", "cpu-crowded=8")
TOOLS = {"cpu": "cpu", "exi": "exit", "num": "numa", "gue": "cpu", "not": "cpu"}


def said_of(found, vm, **wanted):
    """These rules, and at these levels, are all that is said of a VM, in this order."""
    own = [verdict for verdict in found if verdict["vm"] == vm]
    told = {verdict["rule"].replace("-", "_"): verdict["level"] for verdict in own}
    expect(list(told.items()) == list(wanted.items()),
           f"{vm}: {[(v['rule'], v['level'], v['summary']) for v in own]}")
    for verdict in own:
        same_figures(verdict, TOOLS[verdict["rule"][:3]])
    return own


def culprit_is(verdict, name):
    expect(verdict["culprit"].startswith(name), f"the culprit is {verdict['culprit']}")


def text_of(verdict_list):
    return "; ".join(verdict["summary"] for verdict in verdict_list)


@contextlib.contextmanager
def far(name, *arguments, **options):
    """A VM whose memory is on the other node, and stays there."""
    with balancing(False), tiny(name, "--mode", "touch", "--burn", "0", *FAR, *arguments, mib=SIZE,
                                **options) as vm:
        yield vm


def why_crowded():
    """Four VMs on one CPU, no one of which has most of it; one has its memory elsewhere, too."""
    with contextlib.ExitStack() as stack:
        for number in range(1, CROWD):
            stack.enter_context(tiny(f"crowd{number}", "--pin", "0"))
        stack.enter_context(far("crowd0", "--pin", "0"))
        found = look(str(INTERVAL))
    both = said_of(found, "crowd0", cpu_crowded="act", numa_left="act")
    for number in range(1, CROWD):
        own = said_of(found, f"crowd{number}", cpu_crowded="act")
        culprit_is(own[0], "several; most of all crowd")
    return text_of(both)


def why_full():
    """The same where the host has no CPU left."""
    with contextlib.ExitStack() as stack:
        for number in range(1, CROWD):
            stack.enter_context(tiny(f"crowd{number}", "--pin", "0"))
        stack.enter_context(far("crowd0", "--pin", "0"))
        stack.enter_context(running("nice", "-n", "19", "sh", "-c", SPIN))
        found = look(str(INTERVAL))
    both = said_of(found, "crowd0", cpu_host="act", numa_left="act")
    culprit_is(both[0], "several; most of all crowd")
    return text_of(both)


def why_neighbour_far():
    """A neighbour on the CPU, and memory on the other node."""
    with tiny(*HOG), far("web", "--pin", "0"):
        both = said_of(look(str(INTERVAL)), "web", cpu_neighbour="act", numa_left="act")
    culprit_is(both[0], "hog")
    return text_of(both)


def why_self_far():
    """Two vCPUs on one CPU, and memory on the other node."""
    with far("web", "--vcpus", "2", "--pin", "0"):
        return text_of(said_of(look(str(INTERVAL)), "web", cpu_self="act", numa_left="act"))


def why_weight_limited():
    """A limit that is used up early, and until then a neighbour with more weight."""
    with limited("small", weight=50, max="10000 100000") as small, limited("large") as large, \
            tiny(*HOG, cgroup=large), tiny("web", "--pin", "0", cgroup=small):
        both = said_of(look(str(INTERVAL)), "web", cpu_throttled="act", cpu_weight="act")
    culprit_is(both[0], "/small ")
    culprit_is(both[1], "hog")
    return text_of(both)


def why_own_limited():
    """A guest's own I/O thread takes its vCPU's CPU, and its cgroup has a limit."""
    causes.disk_alone()
    cgroup_of("disk", "disk")
    write("disk/cpu.max", "80000 100000")
    found = [verdict for verdict in look(str(INTERVAL)) if verdict["vm"] == "disk"]
    write("disk/cpu.max", "max")
    own, limit = find(found, "cpu-own"), find(found, "cpu-throttled")
    culprit_is(own, "disk: ")
    culprit_is(limit, "/disk ")
    return f"{text_of(found)}; {same_figures(own, 'cpu')}; {same_figures(limit, 'cpu')}"


def why_exits_far():
    """Exits to the VMM take the time, and memory is on the other node."""
    with balancing(False), tiny("web", "--mode", "pio", "--burn", "1000", "--delay", "5000",
                                "--pin", "0", *FAR, mib=SIZE):
        both = said_of(look(str(INTERVAL)), "web", exit_vmm="act", numa_left="act")
    culprit_is(both[0], "io")
    return text_of(both)


def why_storm_far():
    """Exits that KVM handles take the time, and memory is on the other node: that is more."""
    with balancing(False), tiny("web", "--mode", "cpuid", "--burn", "0", "--pin", "0", *FAR,
                                mib=SIZE):
        both = said_of(look(str(INTERVAL)), "web", numa_left="act", exit_storm="look")
    culprit_is(both[1], "cpuid")
    return text_of(both)


def why_wakes_far():
    """The red herring, of a VM that is slow because of its memory."""
    with balancing(False), tiny("web", *TICKS, *FAR, mib=SIZE):
        found = look(*WAKES, "-t", "numa-left.run=1", str(INTERVAL))
    return text_of(said_of(found, "web", numa_left="act", cpu_wakes="look"))


def why_vcpus():
    """Waits that are short, but while the other vCPU runs; then of a VM that is on two nodes."""
    with running(*PULSES):
        with tiny("wide", "--vcpus", "2", "--pin", "0,1"):
            alone = said_of(verdicts("wide", *SHORT), "wide", cpu_vcpus="look")
        with tiny("wide", "--vcpus", "2", "--mode", "touch", "--burn", "0", "--pin", "0,1",
                  "--place", "bind:0", mib=2 * SIZE):
            both = said_of(verdicts("wide", *SHORT, *SPREAD), "wide", numa_spread="look",
                           cpu_vcpus="look")
    return f"{text_of(alone)}; {text_of(both)}"


def why_spin_alone():
    """Two vCPUs want one lock, and one of them is off its CPU, for too short to be a wait."""
    with pause_exits(), running(*PULSES), \
            tiny("spin", "--vcpus", "2", "--mode", "lock", "--burn", "1000", "--pin", "0,1"):
        found = verdicts("spin", *SHORT)
    expect(found[0]["rule"] == "exit-spin", text_of(found))
    waits = [verdict["rule"] for verdict in found if verdict["rule"].startswith("cpu-")]
    expect(waits == ["cpu-vcpus"], f"{waits}: {text_of(found)}")
    return f"{found[0]['summary']}; {same_figures(found[0], 'cpu')}"


def why_healthy():
    """It is not the host: of each VM what it is, at the same time."""
    parts = []
    with tiny("idle", "--mode", "halt", "--burn", "100", "--wait", "20000", "--pin", "1"):
        said_of(look(str(INTERVAL)), "idle", not_host="ok")
        with tiny("busy", "--pin", "0"):
            found = look(str(INTERVAL))
            parts += said_of(found, "busy", guest_saturated="look")
            parts += said_of(found, "idle", not_host="ok")
        with tiny("single", "--vcpus", "2", "--busy", "1", "--pin", "0,1"):
            found = look(str(INTERVAL))
            parts += said_of(found, "single", guest_single="look")
            parts += said_of(found, "idle", not_host="ok")
    return text_of(parts)
