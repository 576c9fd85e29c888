# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-exit: its figures against KVM's own statistics, and against VMs that
exit as they are told. Web and db are idle; times are emulation's, so only ratios count.
"""

import functools
import glob
import os
import statistics
import subprocess

import emulation
from kvmq import BUILD, Failed, Tool, expect, guest_pid
from measuring import bracketed
from tiny import tiny

DELAY_US = 5000


class ExitTool(Tool):
    """A running kvmq-exit --json."""

    program = "kvmq-exit"
    states = ("guest_pct", "kvm_pct", "vmm_pct", "poll_pct", "ready_pct", "halt_pct", "block_pct")
    tolerance_pct = 0.5
    rows_checked = 0


def kvm_statistic_path(pid, name):
    """Where a counter of KVM's is, summed over the vCPUs of a VM."""
    folder = glob.glob(f"/sys/kernel/debug/kvm/{pid}-*")
    expect(len(folder) == 1, f"debugfs has {folder} for VM {pid}")
    return f"{folder[0]}/{name}"


def kvm_statistic(pid, name):
    """That counter."""
    with open(kvm_statistic_path(pid, name), encoding="ascii") as file:
        return int(file.read())


def kvm_statistics(wanted):
    """A function that reads them all: {key: (pid, name)} becomes {key: value}."""
    return lambda: {key: kvm_statistic(*what) for key, what in wanted.items()}


def needs_btf(scenario):
    """Where KVM has no BTF (5.10), kvmq-exit must say so instead, in one line."""
    @functools.wraps(scenario)
    def wrapper():
        if os.path.exists("/sys/kernel/btf/kvm"):
            return scenario()
        done = subprocess.run([BUILD + "/kvmq-exit", "1", "1"], capture_output=True, text=True,
                              check=False)
        expect(done.returncode == 3 and len(done.stderr.splitlines()) == 1 and
               "CONFIG_DEBUG_INFO_BTF_MODULES" in done.stderr,
               f"without BTF of kvm: status {done.returncode}, {done.stderr!r}")
        return "refused: " + done.stderr.strip()
    return wrapper


def total_of(report, vm, key="exits"):
    return sum(row["total"][key] for row in report["rows"] if row["vm"] == vm)


def check_tracepoints(tool, report, *vms):
    """
    No exit at all of a VM that exits: is that the tool's fault or the emulation's? A
    tracepoint is enabled by patching code, which emulation was seen to lose.
    """
    silent = [vm for vm in vms if not total_of(report, vm)]
    if not silent:
        return
    with emulation.traced("kvm_entry", "kvm_exit") as count:
        tool.report()
        later = tool.report()
        seen = count()
    for event, number in seen.items():
        if not number:
            emulation.report(f"the kernel's own tracer sees no {event} either")
    for vm in silent:
        if total_of(later, vm):  # patched anew, and all is well
            emulation.report(f"no exits of {vm} until another tracer was there")
    raise Failed(f"no exits of {', '.join(silent)}; the kernel's own tracer in two intervals: " +
                 ", ".join(f"{number} {event}" for event, number in seen.items()))


def reason_of(report, vm, reason):
    """What a report says of a VM's exits for a reason, over all its rows, as one dict."""
    for row in report["rows"]:
        for entry in row["reasons"]:
            if row["vm"] == vm and entry["reason"] == reason:
                return entry
    raise Failed(f"{vm}: no exit for {reason} in {report['rows']}")


@needs_btf
def counted():
    """
    Exits lie between two readings of KVM's own counter, before and after, without any
    tolerance: of single vCPUs, and of VMs with two.
    """
    with tiny("port", "--mode", "pio", "--burn", "1000") as port, \
            tiny("hlt", "--mode", "halt", "--burn", "200", "--wait", "2000") as hlt:
        tool = ExitTool("3")
        tool.report()
        wanted = {"port": (port.pid, "exits"), "hlt": (hlt.pid, "exits"),
                  "web": (guest_pid("web"), "exits")}
        earlier, later, brackets = bracketed(tool, kvm_statistics(wanted))
        check_tracepoints(tool, later, *wanted)
        tool.stop()
    text = []
    for vm, (low, high) in brackets.items():
        grown = total_of(later, vm) - total_of(earlier, vm)
        expect(low <= grown <= high, f"{vm}: {grown} exits are not in {low}..{high}")
        expect(grown > 0, f"{vm}: no exits")
        text.append(f"{vm} {low} <= {grown} <= {high}")
    expect(not any(later["losses"][key] for key in ("reasons", "exits", "events")),
           f"losses: {later['losses']}")
    return ", ".join(text)


@needs_btf
def add_up():
    """Guest, KVM, VMM, polling, ready, halted and blocked are 100 +- 0.5 %, in each row."""
    with tiny("port", "--mode", "pio", "--burn", "300", "--wait", "700"), \
            tiny("busy", "--mode", "busy"), \
            tiny("hlt", "--mode", "halt", "--burn", "200", "--wait", "400"):
        tools = [ExitTool("1"), ExitTool("-b", "vm", "1")]
        reports = [tool.report() for tool in tools for _ in range(8)]
        for tool in tools:
            tool.stop()
    expect(ExitTool.rows_checked >= 60, f"only {ExitTool.rows_checked} rows")
    names = {row["vm"] for report in reports for row in report["rows"]}
    expect({"port", "busy", "hlt", "web", "db"} - {"db"} <= names, f"VMs: {names}")
    states = {key: max(row[key] or 0 for report in reports for row in report["rows"])
              for key in ExitTool.states}
    return f"{ExitTool.rows_checked} rows; greatest " + \
        ", ".join(f"{key[:-4]} {value:.1f} %" for key, value in states.items())


@needs_btf
def port_writes():
    """
    One port write in each ms: as many exits for that reason as KVM counts itself (one
    may be on its way at either end), and no reason that has more.
    """
    with tiny("port", "--mode", "pio", "--burn", "1000") as port:
        tool = ExitTool("-m", "port", "3")
        tool.report()
        earlier, later, brackets = bracketed(tool,
                                             kvm_statistics({"io": (port.pid, "io_exits")}))
        check_tracepoints(tool, later, "port")
        tool.stop()
    old, new = reason_of(earlier, "port", "io"), reason_of(later, "port", "io")
    low, high = brackets["io"]
    grown = new["total"]["exits"] - old["total"]["exits"]
    expect(low - 1 <= grown <= high + 1, f"{grown} port writes are not in {low}..{high}")
    expect(new["exits_user"] == new["exits"], f"not all were the VMM's: {new}")
    # Each ms of the guest's, and what the exits take, which is emulation's.
    expect(500 < new["exits_per_s"] <= 1000, f"{new['exits_per_s']} port writes/s")
    most = max(later["rows"][0]["reasons"], key=lambda reason: reason["exits"])
    expect(most["reason"] == "io", f"most exits are for {most}")
    return f"{low} <= {grown} <= {high}, {new['exits_per_s']:.0f}/s"


def reasons_of_port(*arguments):
    """Of 5 s of a VM that writes to a port in each ms: {reason: figures}, and the row."""
    with tiny("port", "--mode", "pio", "--burn", "1000", *arguments):
        tool = ExitTool("-m", "port", "5")
        tool.report()
        row = tool.report()["rows"][0]
        tool.stop()
    return {entry["reason"]: entry for entry in row["reasons"]}, row


@needs_btf
def slow_vmm():
    """
    A VMM that works 5 ms longer for each port write: all of that is user-space time of
    this reason. Its part in the kernel and other reasons stay as they are.
    """
    fast, _ = reasons_of_port()
    slow, row = reasons_of_port("--delay", str(DELAY_US))
    delay = DELAY_US * 1000
    more = slow["io"]["user_mean_ns"] - fast["io"]["user_mean_ns"]
    # The VMM looks at the time of day, and so works less if it was off the CPU meanwhile.
    off = (row["ready_ns"] + row["block_ns"]) / slow["io"]["exits"]
    expect(delay - off - fast["io"]["user_mean_ns"] <= more <= 1.1 * delay,
           f"user space takes {more} ns more, not {delay}; off the CPU for {off:.0f} ns")
    expect(off < delay / 2, f"off the CPU for {off} ns of each exit")
    expect(slow["io"]["kernel_mean_ns"] - fast["io"]["kernel_mean_ns"] < delay / 20,
           f"in the kernel: {slow['io']['kernel_mean_ns']}, was {fast['io']['kernel_mean_ns']}")
    others = {name: entry for name, entry in slow.items() if name != "io"}
    for name, entry in others.items():
        expect(entry["user_ns"] < slow["io"]["user_ns"] / 100, f"user space of {name}: {entry}")
        expect(entry["kernel_mean_ns"] < delay / 5, f"kernel part of {name}: {entry}")
    expect(row["vmm_ns"] >= 0.95 * slow["io"]["user_ns"], f"the VMM's share: {row}")
    return (f"{more / 1e6:.2f} ms more in user space, " +
            f"{(slow['io']['kernel_mean_ns'] - fast['io']['kernel_mean_ns']) / 1e6:.2f} ms in the " +
            f"kernel, {len(others)} other reasons")


@needs_btf
def halted():
    """A guest that halts for 20 ms at a time: that is no handling of its HLT exits."""
    with tiny("hlt", "--mode", "halt", "--burn", "1000", "--wait", "20000"):
        tool = ExitTool("-m", "hlt", "4")
        tool.report()
        report = tool.report()
        tool.stop()
    row, hlt = report["rows"][0], reason_of(report, "hlt", "hlt")
    expect(row["halt_pct"] > 70, f"halted for {row['halt_pct']} % only")
    expect(hlt["exits"] >= 50, f"{hlt['exits']} exits for HLT")
    expect(hlt["handle_ns"] <= 0.1 * row["halt_ns"], f"handling {hlt['handle_ns']} ns, " +
           f"halted {row['halt_ns']} ns")
    expect(hlt["kernel_block_ns"] + hlt["user_block_ns"] <= 0.1 * row["halt_ns"],
           f"booked as blocked: {hlt}")
    return (f"halted {row['halt_pct']:.1f} %, handling {100 * hlt['handle_ns'] / row['elapsed_ns']:.2f} % " +
            f"in {hlt['exits']} exits of {hlt['handle_mean_ns'] / 1000:.0f} us")


@needs_btf
def exit_events():
    """The events are the exits: as many, as long, for each reason; and the port's RIP."""
    with tiny("port", "--mode", "pio", "--burn", "1000", "--wait", "500"):
        tool = ExitTool("-m", "port", "--events=0", "2")
        earlier, later = tool.report(), tool.report()
        tool.report()  # what ended while the counters were read comes after their line
        tool.stop()
    expect(later["losses"]["events"] == 0, f"events lost: {later['losses']}")
    count = 0
    for entry in later["rows"][0]["reasons"]:
        old = next((reason["total"] for reason in earlier["rows"][0]["reasons"]
                    if reason["reason"] == entry["reason"]), None)
        if old is None:  # its first exits are in between
            continue
        own = [e for e in tool.events if e["reason"] == entry["reason"]]
        own = own[old["exits"]:entry["total"]["exits"]]
        for key in ("handle_ns", "kernel_ns", "user_ns", "user_block_ns"):
            total = entry["total"][key] - old[key]
            expect(sum(e[key] for e in own) == total,
                   f"{entry['reason']} {key}: events {sum(e[key] for e in own)}, total {total}")
        count += len(own)
    expect(count > 100, f"{count} events")
    rips = {event["guest_rip"] for event in tool.events if event["reason"] == "io"}
    expect(len(rips) == 1 and None not in rips, f"RIPs of one instruction: {rips}")
    asleep = statistics.median(e["user_block_ns"] for e in tool.events if e["reason"] == "io")
    expect(asleep > 400000, f"the VMM slept 0.5 ms, not {asleep} ns")
    return f"{count} events, io at {rips.pop()}"


