# SPDX-License-Identifier: GPL-2.0-only
"""
Hazard and overlap of a VM whose vCPUs never rest, computed anew from the stream of
all waits (--events=0): who does not wait is on a CPU.
"""

import statistics

import scx
from kvmq import Tool, expect
from measuring import moment

INTERVAL = 10
CLOCK_S = 0.003  # both ends of the interval are known to a ms, and are read in some time
# Under sched_ext a run queue's clock grows old while its CPU takes a task from another one's: two
# changes may be the other way round by their stamps. In emulation 23 and 39 us a wait were seen.
DISPATCH_S = 100e-6


def sweep(waits, begin, end, vcpus):
    """
    waits: (from, to) of each wait, from and to in ns. Of the time from begin to end:
    ns with some but not all vCPUs waiting, ns with all, mean and greatest number.
    """
    changes = []
    for start, stop in waits:
        start, stop = max(start, begin), min(stop, end)
        if start < stop:
            changes += [(start, 1), (stop, -1)]
    waiting, last, hazard, stalled, area, most = 0, begin, 0, 0, 0, 0
    for time, step in sorted(changes) + [(end, 0)]:
        span = time - last
        hazard += span if 0 < waiting < vcpus else 0
        stalled += span if waiting == vcpus else 0
        area += waiting * span
        if span:
            most = max(most, waiting)
        waiting += step
        last = time
    return hazard, stalled, area / (end - begin), most


def overlap():
    """Hazard, stalled time and the mean number waiting equal the event stream's within 1 %."""
    tool = Tool("-m", "web", "--overlap", "--events=0", str(INTERVAL))
    earlier, later = tool.report(), tool.report()
    tool.report()  # with the waits that were going on
    tool.stop()
    expect(later["losses"]["events"] == 0 and later["losses"]["overlap"] == 0,
           f"lost: {later['losses']}")
    row = later["rows"][0]
    # While one rests and the other waits, that one is stalled, and to the sweep nobody is.
    rested = (row["halt_ns"] + row["block_ns"]) / 1e9
    expect(rested < 0.02 * row["elapsed_ns"] / 1e9, f"a vCPU rested: {rested:.3f} s")
    # The events carry both the time of day, in ms, and the run queue's clock.
    offset = statistics.median(moment(event) * 1e9 - event["run_clock_ns"]
                               for event in tool.events)
    begin, end = (moment(report) * 1e9 - offset for report in (earlier, later))
    waits = [(event["queued_clock_ns"], event["run_clock_ns"]) for event in tool.events]
    hazard, stalled, mean, most = sweep(waits, begin, end, row["vcpus"])
    expect(hazard + stalled > 0.1e9, "the vCPUs of web hardly waited")
    slack = CLOCK_S + rested
    if scx.Scheduler.process:
        slack += DISPATCH_S * sum(begin < stop < end for _, stop in waits)
    text = []
    for name, ours, theirs in (("hazard", row["hazard_ns"] / 1e9, hazard / 1e9),
                               ("stalled", row["stalled_ns"] / 1e9, stalled / 1e9),
                               ("mean waiting", row["waiting_mean"], mean)):
        expect(abs(ours - theirs) <= max(0.01 * theirs, slack),
               f"{name}: {ours:.3f}, events {theirs:.3f}, allowed {slack:.3f}")
        text.append(f"{name} {ours:.3f} ({theirs:.3f})")
    expect(row["waiting_max"] == most, f"greatest number {row['waiting_max']}, events {most}")
    expect(row["lag_ns"] is not None, "no lag of two busy vCPUs")
    return ", ".join([*text, f"slack {slack:.3f} s"])
