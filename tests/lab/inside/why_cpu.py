# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios of kvmq-why about CPU time and exits, beside those in why.py."""

import contextlib

import causes
from causes import CGROUPS, SPIN, running, write
from io_lab import cgroup_of
from kvmq import expect, guest, run
from tiny import tiny
from why import (INTERVAL, RECORDING, find, look, pages, recorded, same_figures, same_of_thread,
                 shell, verdicts, worst)

CROWD = 4
# It hardly runs, so nobody preempts it. How long its waits are in all is luck: any time will do. In
# emulation, which may stand still for a while, it wakes up less often, and a mean may be longer.
TICKS = ("--mode", "halt", "--burn", "10", "--wait", "1000", "--pin", "0")
WAKES = ("-t", "cpu-wakes=0", "-t", "cpu-wakes.rate=50", "-t", "cpu-wakes.mean=5000")


def weight_of(cgroup):
    with open(f"{CGROUPS}/{cgroup}/cpu.weight", encoding="ascii") as file:
        return int(file.read())


def judged_anew(vm, **thresholds):
    """What the last page would have said of a VM with other thresholds."""
    options = [f"--threshold={rule.replace('_', '-')}={value}" for rule, value in thresholds.items()]
    page = pages("--from", RECORDING, *options)[0]
    return [verdict for verdict in page["verdicts"] if verdict["vm"] == vm]


def why_weight():
    """A neighbour whose cgroup has more weight; the command makes the two alike, and is undone."""
    write("cap/cpu.max", "max")
    cgroup_of("hog", "hog")
    write("cap/cpu.weight", "50")
    guest("workload", "hog", "busy")
    found = verdicts("cap")
    guest("workload", "hog", "idle")
    verdict = find(found, "cpu-weight")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    expect(verdict["culprit"] == "hog", f"the culprit is {verdict['culprit']}")
    weights = []
    for command in (verdict["command"], verdict["undo"]):
        shell(command)
        weights.append(weight_of("cap"))
    write("cap/cpu.weight", "100")
    expect(weights == [100, 50], f"{verdict['command']}: {weights}")
    return f"{verdict['summary']}; {same_figures(verdict, 'cpu')}"


def why_own():
    """A guest's own I/O thread takes the CPU that its vCPU is on."""
    causes.disk_alone()
    found = verdicts("disk")
    verdict = find(found, "cpu-own")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    expect(verdict["culprit"].startswith("disk: "), f"the culprit is {verdict['culprit']}")
    return f"{verdict['summary']}, {verdict['culprit']}; {same_figures(verdict, 'cpu')}"


def why_host():
    """All CPUs are busy, and no neighbour has most of what a VM waits for."""
    with contextlib.ExitStack() as stack:
        for number in range(CROWD):
            stack.enter_context(tiny(f"crowd{number}", "--pin", "0"))
        stack.enter_context(running("nice", "-n", "19", "sh", "-c", SPIN))
        found = look(str(INTERVAL))
    for number in range(CROWD):
        own = [verdict for verdict in found if verdict["vm"] == f"crowd{number}"]
        verdict = find(own, "cpu-host")
        expect(own[0] is verdict, f"{own[0]['rule']} is worse: {own[0]['summary']}")
        expect(verdict["culprit"].startswith("several; most of all crowd"),
               f"the culprit is {verdict['culprit']}")
    return f"{verdict['summary']}; {same_figures(verdict, 'cpu')}"


def why_self():
    """Two vCPUs on one CPU wait for each other: each is more than can run at the same time."""
    with tiny("pair", "--vcpus", "2", "--pin", "0"):
        found = verdicts("pair")
    verdict = find(found, "cpu-self")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    text = same_figures(verdict, "cpu")
    # As if that ready time were normal
    wide = find(judged_anew("pair", cpu_self=100, cpu_neighbour=100, cpu_host=100, cpu_crowded=100),
                "cpu-vcpus", "look")
    return f"{verdict['summary']}; {text}; {wide['summary']}"


def why_exits():
    """A VMM that works 5 ms for each port write."""
    with tiny("port", "--mode", "pio", "--burn", "1000", "--delay", "5000"):
        found = verdicts("port")
    verdict = find(found, "exit-vmm")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    expect(verdict["culprit"] == "io", f"the culprit is {verdict['culprit']}")
    return f"{verdict['summary']}; {same_figures(verdict, 'exit')}"


def why_storm():
    """Nothing but exits that KVM handles."""
    with tiny("storm", "--mode", "cpuid", "--burn", "0", "--pin", "0"):
        verdict = find(verdicts("storm"), "exit-storm", "look")
    expect(verdict["culprit"] == "cpuid", f"the culprit is {verdict['culprit']}")
    return f"{verdict['summary']}; {same_figures(verdict, 'exit')}"


def why_wakes():
    """Short waits at wake-ups, on a CPU of its own."""
    with tiny("ticks", *TICKS):
        found = verdicts("ticks", *WAKES)
    verdict = find(found, "cpu-wakes", "look")
    return f"{verdict['summary']}; {same_figures(verdict, 'cpu')}"


def why_single():
    """One vCPU never rests, and the other one halts."""
    with tiny("single", "--vcpus", "2", "--busy", "1", "--pin", "0,1"):
        found = verdicts("single")
    verdict = worst(found, "guest-single", "look")
    expect(" vCPU 0 runs " in verdict["summary"], verdict["summary"])
    return (f"{verdict['summary']}; {same_figures(verdict, 'cpu')}; " +
            same_of_thread(verdict, "vcpu"))


@contextlib.contextmanager
def pause_exits():
    """KVM intercepts PAUSE, on a host that tests/lab/kernel boots for that."""
    run("modprobe", "-r", "kvm-amd")
    run("modprobe", "kvm-amd", "pause_filter_count=3000")
    try:
        yield
    finally:
        run("modprobe", "-r", "kvm-amd")
        run("modprobe", "kvm-amd")


def why_spin():
    """
    Two vCPUs want one lock, and another VM keeps one of them off its CPU: that is what hurts most.
    As if such waits were normal, the spinning is, before all else that is said of it.
    """
    with pause_exits(), tiny("hog", "--pin", "1"), \
            tiny("spin", "--vcpus", "2", "--mode", "lock", "--burn", "1000", "--pin", "0,1"):
        found = verdicts("spin")
    wait, spin = worst(found, "cpu-neighbour"), find(found, "exit-spin", "look")
    expect(wait["culprit"] == "hog", f"the culprit is {wait['culprit']}")
    expect(found[1] is spin, f"{found[1]['rule']} is worse: {found[1]['summary']}")
    alone = judged_anew("spin", cpu_neighbour=100, cpu_host=100, cpu_crowded=100)
    worst(alone, "exit-spin", "look")
    expect("cpu-vcpus" in [verdict["rule"] for verdict in alone], f"no cpu-vcpus: {alone}")
    told = [reason["exits_per_s"] for row in recorded("exit", "spin")
            for reason in row["reasons"] if reason["reason"] == "pause"]
    rate = [e["value"] for e in spin["evidence"] if e["key"] == "exits_per_s"]
    expect(rate == told, f"{rate} PAUSE exits a second, kvmq-exit says {told}")
    return f"{spin['summary']}; {same_figures(spin, 'cpu')}; then {alone[0]['rule']}"
