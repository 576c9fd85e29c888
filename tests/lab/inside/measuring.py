# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about the figures: exact, explained, agreed to by the guest."""

import datetime
import time

from kvmq import Tool, Failed, expect, guest, vcpus
from oracle import schedstat, settled_schedstat, steal_seconds

INTERVAL = 3


def bracket(tool, rows_of=vcpus):
    """
    Two reports with readings around each snapshot: (earlier, later, low, high),
    where low and high are {tid: ns} that ready time between the two must keep.
    low_ended and high_ended are the same for waits that have ended.
    """
    tids = [row["tid"] for row in rows_of(tool.report()).values()]
    for _ in range(20):
        before1 = schedstat(tids)
        earlier = tool.report()
        after1 = schedstat(tids)
        settled1 = settled_schedstat(tids)
        time.sleep(INTERVAL * 0.8)
        before2 = schedstat(tids)
        if tool.pending():
            continue  # too late: the snapshot may have been taken before
        later = tool.report()
        after2 = schedstat(tids)
        settled2 = settled_schedstat(tids)
        return {
            "earlier": earlier, "later": later,
            "low": {t: before2[t][0] - settled1[t][0] for t in tids},
            "high": {t: settled2[t][0] - before1[t][0] for t in tids},
            "low_ended": {t: before2[t][0] - after1[t][0] for t in tids},
            "high_ended": {t: after2[t][0] - before1[t][0] for t in tids},
        }
    raise Failed("the host was too slow to read schedstat before a snapshot, 20 times")


def grown(found, key, name):
    earlier, later = vcpus(found["earlier"])[name], vcpus(found["later"])[name]
    return later["total"][key] - earlier["total"][key]


def exact():
    """Ready time lies between two readings of schedstat, for each vCPU: no tolerance."""
    tool = Tool("-m", "web", "-m", "db", str(INTERVAL))
    found = bracket(tool)
    tool.stop()
    names = vcpus(found["later"])
    expect(len(names) == 4, f"4 vCPUs expected, {len(names)} found")
    widths = []
    for name, row in names.items():
        for key, low, high in (("ready_ns", "low", "high"),
                               ("run_delay_ns", "low_ended", "high_ended")):
            value = grown(found, key, name)
            low, high = found[low][row["tid"]], found[high][row["tid"]]
            expect(low <= value <= high, f"{name} {key}: {value} not in {low}..{high}")
            expect(value > 0, f"{name} {key}: nothing was measured")
            widths.append((high - low) / value)
    return f"8 figures, brackets {100 * max(widths):.1f} % wide at most"


def vm_sums():
    """The same for --by vm, as sums; and both instances run at the same time."""
    by_vm, by_vcpu = Tool("-b", "vm", str(INTERVAL)), Tool(str(INTERVAL))
    first = by_vcpu.report()
    tids = {key: row["tid"] for key, row in vcpus(first).items()}
    by_vm.report()
    before1 = schedstat(tids.values())
    earlier = by_vm.report()
    settled1 = settled_schedstat(tids.values())
    before2 = schedstat(tids.values())
    later = by_vm.report()
    settled2 = settled_schedstat(tids.values())
    by_vcpu.report()
    by_vm.stop()
    by_vcpu.stop()
    for vm in ("web", "db"):
        mine = [tid for key, tid in tids.items() if key[0] == vm]
        low = sum(before2[t][0] - settled1[t][0] for t in mine)
        high = sum(settled2[t][0] - before1[t][0] for t in mine)
        rows = [next(r for r in report["rows"] if r["vm"] == vm) for report in (earlier, later)]
        value = rows[1]["total"]["ready_ns"] - rows[0]["total"]["ready_ns"]
        expect(low <= value <= high, f"{vm}: {value} not in {low}..{high}")
        expect(rows[1]["vcpus"] == 2, f"{vm}: {rows[1]['vcpus']} vCPUs instead of 2")
        expect(rows[1]["vm_ready_summation_ns"] == rows[1]["ready_ns"], f"{vm}: summation")
    return "2 VMs"


def events():
    """The waits in the event stream, by their own time stamps, add up to the total."""
    tool = Tool("-m", "web", "-m", "db", "--events=0", str(INTERVAL))
    tool.report()
    report = tool.report()
    sums, counts = {}, {}
    for event in tool.events:
        tid = event["tid"]
        length = event["run_monotonic_ns"] - event["queued_monotonic_ns"]
        sums[tid] = sums.get(tid, 0) + length
        counts[tid] = counts.get(tid, 0) + 1
    tool.stop()
    expect(report["losses"]["events"] == 0, f"events lost: {report['losses']}")
    worst = 0
    for name, row in vcpus(report).items():
        total, waits = row["total"]["run_delay_ns"], row["total"]["waits"]
        expect(waits > 10, f"{name}: only {waits} waits")
        # A wait may have ended between the last event read and the snapshot.
        expect(0 <= waits - counts.get(row["tid"], 0) <= 1,
               f"{name}: {waits} waits, {counts.get(row['tid'], 0)} events")
        lost = waits - counts[row["tid"]]
        error = abs(sums[row["tid"]] - total)
        if lost:
            error = max(0, error - row["wait_max_ns"])
        worst = max(worst, error / total)
        expect(error <= 0.005 * total, f"{name}: events {sums[row['tid']]}, total {total}")
    return f"{len(tool.events)} events, {100 * worst:.3f} % off at most"


def preempted():
    """Busy vCPUs that share CPUs wait because they were preempted."""
    tool = Tool("-m", "web", "-m", "db", str(INTERVAL))
    tool.report()
    report = tool.report()
    tool.stop()
    least = 1
    for name, row in vcpus(report).items():
        expect(row["ready_ns"] > 0, f"{name}: never waited")
        least = min(least, row["ready_preempt_ns"] / row["ready_ns"])
    expect(least >= 0.90, f"PRE is only {100 * least:.1f} % of %RDY")
    return f"PRE is {100 * least:.2f} % of %RDY or more"


def toggling():
    """The red herring: thousands of short waits after wake-ups on an idle host."""
    tool = Tool("-m", "tog", str(INTERVAL))
    tool.report()
    report = tool.report()
    tool.stop()
    row = next(iter(vcpus(report, "tog").values()))
    expect(row["waits"] > 0 and row["ready_ns"] > 0, "it never waited")
    share = row["ready_wake_ns"] / row["ready_ns"]
    expect(share >= 0.95, f"WAKE is only {100 * share:.1f} % of %RDY")
    expect(row["waits_per_s"] >= 100, f"only {row['waits_per_s']} waits/s")
    expect(row["halt_ns"] > 0, "it never halted")
    return (f"WAKE is {100 * share:.2f} % of %RDY, {row['waits_per_s']:.0f} waits/s, " +
            f"mean {row['wait_mean_ns'] / 1000:.0f} us")


def moment(report):
    return datetime.datetime.fromisoformat(report["time"].replace("Z", "+00:00")).timestamp()


def ready_at(reports, vm, when):
    """Ready seconds of a VM's vCPUs at a time of day, between two reports' totals."""
    points = [(moment(r), sum(row["total"]["ready_ns"] for row in r["rows"]
                              if row["vm"] == vm) / 1e9) for r in reports]
    for (t0, v0), (t1, v1) in zip(points, points[1:]):
        if t0 <= when <= t1:
            return v0 + (v1 - v0) * (when - t0) / (t1 - t0)
    raise Failed("the guest was asked outside the reports")


def steal():
    """What the guests see as steal is their vCPUs' ready time."""
    tool = Tool("-m", "web", "-m", "db", "0.5")
    reports = [tool.report() for _ in range(3)]
    first = {vm: steal_seconds(vm) for vm in ("web", "db")}
    end = time.monotonic() + 12
    while time.monotonic() < end:
        reports.append(tool.report())
    last = {vm: steal_seconds(vm) for vm in ("web", "db")}
    reports += [tool.report() for _ in range(3)]
    while tool.pending():
        reports.append(tool.report())
    tool.stop()
    text = []
    for vm in ("web", "db"):
        stolen = last[vm][1] - first[vm][1]
        ready = ready_at(reports, vm, last[vm][0]) - ready_at(reports, vm, first[vm][0])
        expect(abs(stolen - ready) <= 0.05 * ready + 0.020,
               f"{vm}: steal {stolen:.3f} s, ready {ready:.3f} s")
        expect(ready > 1, f"{vm}: ready for {ready:.3f} s only")
        text.append(f"{vm}: steal {stolen:.2f} s, ready {ready:.2f} s")
    return "; ".join(text)


