# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about --timeline: the file holds what happened, all of it, once."""

import os
import tempfile

from kvmq import Tool, expect, vcpus
from trace import STATES, Broken, Trace

INTERVAL = 2
TOLERANCE = 0.01
# The threads of a snapshot are read one after the other, and what changes meanwhile is drawn:
# under emulation that takes long.
START_NS = 20_000_000


def record(vms, reports):
    """A trace of some intervals, and {(vm, vcpu): {state: ns}} by the same run's reports."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        choice = [word for vm in vms for word in ("-m", vm)]
        tool = Tool(*choice, "--timeline", path, str(INTERVAL))
        lines = [tool.report() for _ in range(reports)]
        lines += tool.stop()
        size = os.path.getsize(path)
        trace = Trace(path)
    figures = {}
    for line in lines:
        for name, row in vcpus(line).items():
            sums = figures.setdefault(name, dict.fromkeys(STATES, 0))
            for state in STATES[:-1]:
                sums[state] += row[state + "_ns"]
    expect(lines[-1]["losses"]["timeline"] == 0, f"losses: {lines[-1]['losses']}")
    return trace, figures, size


def agree(trace, figures):
    """Each vCPU's states on its track and in the reports; the worst difference of all."""
    worst = 0
    for (vm, vcpu), wanted in figures.items():
        track = trace.threads_of(vm).get(f"vCPU {vcpu}")
        expect(track, f"{vm} vCPU {vcpu} has no track: {trace.threads}")
        drawn = trace.sums(track)
        moved = trace.uncounted(track)
        drawn["ready"] -= moved
        drawn["block"] += moved
        elapsed = sum(wanted.values())
        for state in STATES:
            error = abs(drawn[state] - wanted[state])
            worst = max(worst, error / elapsed)
            expect(error <= max(TOLERANCE * wanted[state], START_NS),
                   f"{vm} vCPU {vcpu}: {state}: {drawn[state]} ns drawn, {wanted[state]} " +
                   f"reported, of {elapsed}")
    return worst


def check(trace):
    try:
        return trace.check()
    except Broken as problem:
        expect(False, f"the trace: {problem}; {trace.other}")


def timeline():
    """Busy guests: tracks in order, no two vCPUs at once on a CPU, sums as reported."""
    trace, figures, size = record(("web", "db"), 3)
    text = check(trace)
    expect(len(figures) == 4, f"4 vCPUs expected: {figures.keys()}")
    worst = agree(trace, figures)
    waits = [p for key, track in trace.tracks.items() for p in track
             if key[0] != trace.cpus_pid and p["cat"] == "ready"]
    named = sum(bool(p["args"]["after"]) for p in waits) / len(waits)
    taken = [p for p in waits if p["args"]["cause"] == "preempt"]
    known = sum(bool(p["args"]["taken_by"]) for p in taken) / len(taken)
    # Those that go on at one of the ends have begun or end with nobody seen.
    expect(named >= 0.9 and known >= 0.9, f"offenders of {named:.3f}, {known:.3f} of the waits")
    return (f"{text}; {100 * worst:.3f} % of time off at most; offender of " +
            f"{100 * named:.1f} % of {len(waits)} waits; {size / 1024:.0f} KiB")


def timeline_toggling():
    """A guest that sleeps and wakes: halts and waits after wake-ups are apart."""
    trace, figures, _ = record(("tog",), 3)
    text = check(trace)
    worst = agree(trace, figures)
    (track,) = trace.threads_of("tog").values()
    names = {p["name"] for p in trace.tracks[track]}
    expect({"run", "halt", "ready (wake)"} <= names, f"only {sorted(names)}")
    return f"{text}; {100 * worst:.3f} % of the time off at most"
