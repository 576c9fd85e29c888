# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about why a vCPU waits: throttled, and who ran instead."""

import contextlib
import os
import subprocess
import time

from kvmq import Tool, expect, guest, vcpus

CGROUPS = "/sys/fs/cgroup"
INTERVAL = 4
SPIN = "while :; do :; done"
# A process that spins and sleeps in turn, as a real-time one must
PULSE = """
import time
while True:
    end = time.monotonic() + 0.03
    while time.monotonic() < end:
        pass
    time.sleep(0.03)
"""


def write(path, text):
    with open(os.path.join(CGROUPS, path), "w", encoding="ascii") as file:
        file.write(text)


def throttled_seconds(cgroup):
    """What the cgroup itself counts, summed over all CPUs; here the group runs on one."""
    with open(f"{CGROUPS}/{cgroup}/cpu.stat", encoding="ascii") as file:
        stat = dict(line.split() for line in file)
    return int(stat["throttled_usec"]) / 1e6


@contextlib.contextmanager
def running(*command, cgroup=None):
    """A host process on CPU 1 for as long as the block lasts."""
    def enter():
        if cgroup:  # first: it takes the CPUs of its cgroup
            write(f"{cgroup}/cgroup.procs", str(os.getpid()))
        os.sched_setaffinity(0, {1})

    with subprocess.Popen(command, preexec_fn=enter) as process:
        time.sleep(0.5)
        try:
            yield
        finally:
            process.kill()


def one_report(*arguments, limited=False):
    """cap's row of an interval, in which its CPU bandwidth has no limit but if so wished."""
    if not limited:
        write("cap/cpu.max", "max")
    tool = Tool("-m", "cap", *arguments, str(INTERVAL))
    tool.report()
    report = tool.report()
    tool.stop()
    expect(report["losses"]["throttled"] == 0, f"throttling lost: {report['losses']}")
    return vcpus(report, "cap")[("cap", 0)]


def parts(row):
    """THR, WAKE and PRE in % of ready time; they are all there is."""
    names = ("ready_throttled_ns", "ready_wake_ns", "ready_preempt_ns")
    expect(sum(row[name] for name in names) == row["ready_ns"],
           f"{[row[name] for name in names]} do not add up to {row['ready_ns']}")
    return [100 * row[name] / row["ready_ns"] for name in names]


def throttled():
    """A guest limited to 30 % of a CPU, alone on it: all its waiting is throttling."""
    write("cap/cpu.max", "30000 100000")
    tool = Tool("-m", "cap", str(INTERVAL))
    tool.report()
    points = []
    for _ in range(4):
        row = vcpus(tool.report(), "cap")[("cap", 0)]
        points.append((row["total"]["ready_throttled_ns"] / 1e9, throttled_seconds("cap")))
    tool.stop()
    share = parts(row)[0]
    ours, theirs = (points[-1][i] - points[0][i] for i in (0, 1))
    expect(share >= 95, f"THR is only {share:.1f} % of %RDY")
    expect(abs(ours - theirs) <= 0.05 * theirs, f"THR {ours:.3f} s, cpu.stat {theirs:.3f} s")
    expect(theirs > 5, f"throttled for {theirs:.1f} s only")
    return f"THR is {share:.2f} % of %RDY; {ours:.3f} s, cpu.stat {theirs:.3f} s"


def throttled_above():
    """The limit is that of a cgroup above its own."""
    write("cap/cpu.max", "max")
    os.makedirs(f"{CGROUPS}/cap/inner", exist_ok=True)
    pid = guest("pid", "cap")
    # A cgroup with processes enables no controllers for those below: none are needed.
    write("cap/inner/cgroup.procs", pid)
    write("cap/cpu.max", "30000 100000")
    share, _, _ = parts(one_report(limited=True))
    write("cap/cgroup.procs", pid)
    expect(share >= 95, f"THR is only {share:.1f} % of %RDY")
    return f"THR is {share:.2f} % of %RDY"


def throttled_and_shared():
    """The same guest on a CPU that it shares: both parts show, and add up."""
    write("cap/cpu.max", "30000 100000")
    with running("sh", "-c", SPIN):
        row = one_report("--blame", limited=True)
    write("cap/cpu.max", "max")
    thr, _, preempt = parts(row)
    expect(thr >= 5 and preempt >= 5, f"THR is {thr:.1f} %, PRE {preempt:.1f} % of %RDY")
    check_blame(row)
    told = sum(e["ns"] for e in row["blame"] if e["kind"] == "throttled")
    expect(told == row["ready_throttled_ns"], f"blame: throttled {told}")
    return f"THR is {thr:.2f} %, PRE {preempt:.2f} % of %RDY"


def check_blame(row):
    """The offenders that are known add up to the ready time within 1 %."""
    known = sum(entry["ns"] for entry in row["blame"] if entry["kind"] != "unknown")
    expect(row["ready_ns"] > 0.05 * row["elapsed_ns"], f"ready for {row['ready_pct']} % only")
    expect(abs(known - row["ready_ns"]) <= 0.01 * row["ready_ns"],
           f"{known} of {row['ready_ns']} ns are booked: {row['blame']}")
    return 100 * known / row["ready_ns"]


def share_of(row, **wanted):
    """% of the ready time of those offenders of a row that match."""
    return sum(entry["ns"] for entry in row["blame"] if
               all(entry[key] == value for key, value in wanted.items())) * 100 / row["ready_ns"]


def blamed(row, least, **wanted):
    share = share_of(row, **wanted)
    expect(share >= least, f"{wanted} has {share:.1f} %: {row['blame']}")
    return f"{share:.2f} %, {check_blame(row):.2f} % booked"


def blame_vm():
    """Another VM on the same CPU, by its name; and the same by VM."""
    guest("workload", "hog", "busy")
    text = blamed(one_report("--blame"), 95, kind="vcpu", vm="hog")
    tool = Tool("--blame", "-b", "vm", str(INTERVAL))
    tool.report()
    row = next(row for row in tool.report()["rows"] if row["vm"] == "cap")
    tool.stop()
    blamed(row, 95, kind="vcpu", vm="hog")
    guest("workload", "hog", "idle")
    return text


def blame_process():
    """A host process, by its name and cgroup."""
    os.makedirs(f"{CGROUPS}/burner", exist_ok=True)
    with running("sh", "-c", SPIN, cgroup="burner"):
        return blamed(one_report("--blame"), 95, kind="host", comm="sh", cgroup="burner")


def blame_realtime():
    """A real-time process."""
    with running("chrt", "-f", "50", "python3", "-c", PULSE):
        return blamed(one_report("--blame"), 95, kind="host", comm="python3")


def blame_shares():
    """Three offenders of weights 1, 2 and 4, in cgroups: their shares within 5 points."""
    weights = {"weight1": 100, "weight2": 200, "weight4": 400}
    with contextlib.ExitStack() as stack:
        for name, weight in weights.items():
            os.makedirs(f"{CGROUPS}/{name}", exist_ok=True)
            write(f"{name}/cpu.weight", str(weight))
            stack.enter_context(running("sh", "-c", SPIN, cgroup=name))
        row = one_report("--blame")
    check_blame(row)
    text = []
    for name, weight in weights.items():
        share, known = share_of(row, kind="host", cgroup=name), 100 * weight / 700
        expect(abs(share - known) <= 5, f"{name}: {share:.1f} %, not {known:.1f}: {row['blame']}")
        text.append(f"{share:.1f} %")
    return ", ".join(text) + " of 14.3, 28.6, 57.1"


def disk_alone():
    """A guest whose I/O thread does its disk's work on the vCPU's CPU; no other is left."""
    running_guests = [line.split()[0] for line in guest("list").splitlines()]
    if "disk" in running_guests:
        return
    for name in running_guests:
        guest("stop", name)
    guest("start", "disk:1:disk", "--cpus", "1", "--disk", "/dev/nullb0", "--iothread")


def blame_iothread():
    """The guest's own I/O thread runs while its vCPU waits."""
    disk_alone()
    tool = Tool("-m", "disk", "--blame", str(INTERVAL))
    tool.report()
    row = vcpus(tool.report(), "disk")[("disk", 0)]
    tool.stop()
    share, io = share_of(row, kind="own_thread"), 0
    for entry in row["blame"]:
        if entry["kind"] == "own_thread" and entry["comm"].startswith("IO "):
            io += 100 * entry["ns"] / row["ready_ns"]
    expect(share >= 95 and io > 0, f"own threads {share:.1f} %, I/O {io:.1f} %: {row['blame']}")
    return f"own threads {share:.2f} %, I/O thread {io:.2f} %, {check_blame(row):.2f} % booked"
