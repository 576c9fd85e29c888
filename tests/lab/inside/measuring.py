# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about the figures: exact, explained, agreed to by the guest."""

import datetime
import time

from kvmq import Tool, Failed, expect, guest, vcpus
from oracle import Readings, Sampler, steal_seconds

INTERVAL = 3


def moment(report):
    return datetime.datetime.fromisoformat(report["time"].replace("Z", "+00:00")).timestamp()


class Bracket:
    """
    Two reports of a tool, and for each thread the least and the most that its
    ready time can have grown between the two snapshots, by schedstat.
    """

    def __init__(self, tool, tids):
        sampler = Sampler(tids)
        self.earlier, began, known = self._report(tool)
        self.later, ended, done = self._report(tool)
        sampler.stop()
        self.ready = {t: (sampler.before(ended, t) - sampler.settled(known, t),
                          sampler.settled(done, t) - sampler.before(began, t)) for t in tids}
        # Of waits that have ended, which is what run_delay counts itself.
        self.run_delay = {t: (sampler.before(ended, t) - sampler.after(known, t),
                              sampler.after(done, t) - sampler.before(began, t)) for t in tids}

    @staticmethod
    def _report(tool):
        """A report, the time of day at which its snapshot began, and one after it."""
        time.sleep(0.2)
        report = tool.report()
        return report, moment(report), time.time()


def bracketed(tool, read):
    """
    Two reports, and for each counter that read returns, as {key: value}, the least and the
    most that it can have grown by between their snapshots.
    """
    readings = Readings(read)
    time.sleep(0.2)
    while tool.pending():
        tool.report()
    earlier, known = tool.report(), time.time()
    later, done = tool.report(), time.time()
    readings.stop()
    return earlier, later, {
        key: (readings.before(moment(later), key) - readings.after(known, key),
              readings.after(done, key) - readings.before(moment(earlier), key))
        for key in read()}


def check_bracket(name, value, low, high):
    expect(low <= value <= high, f"{name}: {value} is not in {low}..{high}")
    expect(value > 0, f"{name}: nothing was measured")
    return (high - low) / value


def exact():
    """Ready time lies between two readings of schedstat, for each vCPU: no tolerance."""
    tool = Tool("-m", "web", "-m", "db", str(INTERVAL))
    names = {name: row["tid"] for name, row in vcpus(tool.report()).items()}
    expect(len(names) == 4, f"4 vCPUs expected, {len(names)} found")
    found = Bracket(tool, names.values())
    tool.stop()
    widths = []
    for name, tid in names.items():
        earlier, later = vcpus(found.earlier)[name]["total"], vcpus(found.later)[name]["total"]
        for key, (low, high) in (("ready_ns", found.ready[tid]),
                                 ("run_delay_ns", found.run_delay[tid])):
            widths.append(check_bracket(f"{name} {key}", later[key] - earlier[key], low, high))
    return f"8 figures, brackets {100 * max(widths):.1f} % wide at most"


def vm_sums():
    """The same for --by vm, as sums; and two instances run at the same time."""
    by_vm, by_vcpu = Tool("-b", "vm", str(INTERVAL)), Tool(str(INTERVAL))
    tids = {key: row["tid"] for key, row in vcpus(by_vcpu.report()).items()}
    by_vm.report()
    found = Bracket(by_vm, tids.values())
    by_vcpu.report()
    by_vm.stop()
    by_vcpu.stop()
    for vm in ("web", "db"):
        mine = [found.ready[tid] for key, tid in tids.items() if key[0] == vm]
        rows = [next(r for r in report["rows"] if r["vm"] == vm)
                for report in (found.earlier, found.later)]
        check_bracket(vm, rows[1]["total"]["ready_ns"] - rows[0]["total"]["ready_ns"],
                      sum(low for low, _ in mine), sum(high for _, high in mine))
        expect(rows[1]["vcpus"] == 2, f"{vm}: {rows[1]['vcpus']} vCPUs instead of 2")
        expect(rows[1]["vm_ready_summation_ns"] == rows[1]["ready_ns"], f"{vm}: summation")
    return "2 VMs"


def events():
    """
    The waits in the event stream add up to the total: as the kernel counts them
    within 0.5 %, and by the program's own stamps of leaving and getting a CPU
    within 2 %: when a waiting thread is moved, the kernel counts no time between
    two run queues, and some twice if the new one's clock is old
    (rq_clock_skip_update): microseconds, but milliseconds under emulation.
    """
    tool = Tool("-m", "web", "-m", "db", "--events=0", str(INTERVAL))
    earlier, later = tool.report(), tool.report()
    tool.report()  # what ended while the counters were read comes after their line
    tool.stop()
    expect(later["losses"]["events"] == 0, f"events lost: {later['losses']}")
    worst = [0, 0]
    for name, row in vcpus(later).items():
        old, new = vcpus(earlier)[name]["total"], row["total"]
        own = [event for event in tool.events if event["tid"] == row["tid"]]
        total = new["run_delay_ns"] - old["run_delay_ns"]
        expect(new["waits"] - old["waits"] > 10, f"{name}: {old} to {new}")
        # The very first wait has no event if it ended before the program was enabled.
        slices = [own[old["waits"] - first:new["waits"] - first] for first in (0, 1)]
        expect(len(slices[1]) == new["waits"] - old["waits"], f"{name}: {len(own)} events")
        for which, length, most in (
                (0, lambda event: event["wait_ns"], 0.005),
                (1, lambda event: event["run_clock_ns"] - event["queued_clock_ns"], 0.02)):
            sums = [sum(map(length, events_of)) for events_of in slices]
            error = min(abs(value - total) for value in sums)
            worst[which] = max(worst[which], error / total)
            expect(error <= most * total, f"{name}: events {sums}, total {total}")
    return (f"{len(tool.events)} events, {100 * worst[0]:.3f} % off at most, " +
            f"{100 * worst[1]:.3f} % by their stamps")


def preempted():
    """Busy guests that share CPUs wait because they were preempted."""
    tool = Tool("-m", "web", "-m", "db", "-b", "vm", str(INTERVAL))
    tool.report()
    rows = tool.report()["rows"] + tool.report()["rows"]
    tool.stop()
    text = []
    for vm in ("web", "db"):
        ready = sum(row["ready_ns"] for row in rows if row["vm"] == vm)
        share = sum(row["ready_preempt_ns"] for row in rows if row["vm"] == vm) / max(ready, 1)
        expect(ready > 0, f"{vm}: never waited")
        expect(share >= 0.90, f"{vm}: PRE is only {100 * share:.1f} % of %RDY")
        text.append(f"{vm} {100 * share:.2f} %")
    return "PRE of %RDY: " + ", ".join(text)


def is_kernel_thread(event):
    """Whether the one that left the CPU for a vCPU was a kernel thread."""
    if event["after_comm"].startswith(("kworker", "ksoftirqd", "ktimers", "rcu", "irq/")):
        return True
    try:
        with open(f"/proc/{event['after_tid']}/cmdline", "rb") as file:
            return event["after_tid"] > 0 and not file.read()
    except OSError:
        return False


def toggling():
    """
    The red herring: many short waits after wake-ups on an otherwise idle host.
    Waits for one of the host's own kernel threads are left out: under emulation
    these take milliseconds, on a real-time kernel every second, and a host with
    work to do is not idle.
    """
    tool = Tool("-m", "tog", "--events=0", "1")
    tool.report()
    tool.events.clear()
    rows = [next(iter(vcpus(tool.report(), "tog").values())) for _ in range(15)]
    tool.stop()
    seconds = sum(row["elapsed_ns"] for row in rows) / 1e9
    waits = [event for event in tool.events if event["cause"] == "wake"]
    others = [event for event in tool.events if event["cause"] == "preempt"]
    wake = sum(event["wait_ns"] for event in waits)
    ready = wake + sum(e["wait_ns"] for e in others if not is_kernel_thread(e))
    expect(wake > 0 and sum(row["halt_ns"] for row in rows) > 0, "it never halted or waited")
    expect(wake >= 0.95 * ready, f"WAKE is only {100 * wake / ready:.1f} % of %RDY")
    expect(len(waits) / seconds >= 50, f"only {len(waits) / seconds:.0f} waits/s")
    return (f"WAKE is {100 * wake / ready:.2f} % of %RDY, {len(waits) / seconds:.0f} waits/s of " +
            f"{wake / len(waits) / 1000:.0f} us; {len(others)} preemptions, by kernel threads " +
            f"but for {sum(not is_kernel_thread(e) for e in others)}")


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
    while moment(reports[-1]) <= max(when for when, _ in last.values()):
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


