# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-numa on two nodes with a CPU each: its figures of VMs whose memory is where
the test has put it, against the kernel's own books. A vCPU is alone on CPU 0, node 0; all
else is on CPU 1.
"""

import contextlib
import ctypes
import os
import re
import subprocess
import time

from kvmq import BUILD, expect, guest, guest_pid
from measuring import bracketed, moment
from nodes import (BALANCING, PAGE, FaultCounts, NumaTool, balancing, fast_scans, fresh,
                   fresh_residency, grown, huge_pages, move_thread, numa_maps, ran_ns, read,
                   remote_pct, row_of, until, vmstat, wait_run, write)
from oracle import Readings
from tiny import CGROUPS, MIB, tiny

TOUCH = ("--mode", "touch", "--burn", "0", "--pin", "0")
SIZE = 64  # MiB
# Half on either node, and nothing moves. In many parts, so that half of a pass has as much of
# either; and of one policy, so that they are one mapping: newer kernels scan some mappings
# less often than others.
MIXED = ",".join(["balance:0:1,balance:1:1"] * 8)
MOVES = 20
TRIES = 8
SYS_MOVE_PAGES, MPOL_MF_MOVE = 279, 2  # of x86-64


def check_measured(name, place, low, high, passes=1, mib=SIZE):
    """RFLT%, between low and high, of so many times as many faults as there are pages; XREM%."""
    least = passes * mib * MIB // PAGE
    with fast_scans(), tiny(name, *TOUCH, "--place", place, mib=mib) as vm:
        tool = NumaTool("-m", name, "1")
        first = row_of(fresh(tool), name)
        last = until(tool, name, lambda row: grown(first, row, "faults") >= least, f"{least} faults",
                     150)
        wanted = remote_pct(numa_maps(vm.pid, vm.ranges), 0)
        tool.stop()
    pages = grown(first, last, "fault_pages")
    share = 100 * grown(first, last, "fault_pages_remote") / pages
    expect(low <= share <= high, f"{share:.1f} % of {pages} faulted pages are remote")
    expect(low - 2 <= wanted <= high + 2, f"numa_maps: {wanted} % is remote")
    expect(abs(last["expected_remote_pct"] - wanted) <= 0.5,
           f"XREM% is {last['expected_remote_pct']}, numa_maps says {wanted}")
    expect(last["fault_remote_low_pct"] <= last["fault_remote_pct"] <=
           last["fault_remote_high_pct"] and last["fault_na"] is None, f"RFLT%: {last}")
    expect(last["home_node"] == 0, f"HOME is {last['home_node']}")
    expect(90 < last["fault_covered_pct"] < 100,  # the first 2 MiB are bound
           f"{last['fault_covered_pct']} % is covered")
    return (f"RFLT% {share:.2f} of {grown(first, last, 'faults')} faults, XREM% " +
            f"{last['expected_remote_pct']:.2f} (numa_maps {wanted:.2f})")


def half_remote():
    """Half of the memory on either node: half of the faults are remote."""
    # XREM% is 48.5: the first 2 MiB are near. What a part of a pass has too much of one half
    # is the less the more passes there are: with one, 7.3 was up to 9 points off.
    return check_measured("half", MIXED, 45, 55, passes=4)


def all_remote():
    return check_measured("far", "balance:1", 98, 100)


def all_near():
    return check_measured("near", "balance:0", 0, 2)


def migrating():
    """Half of the memory is on node 1 and may move: it comes to the vCPU, and nothing goes."""
    name, into = "migrating", []

    def has_come(row):
        into.append(row["migrated_home_pages_per_s"] or 0)
        return remote_pct(row["memory_node_bytes"], 0) < 5

    with balancing(False), fast_scans(), \
            tiny(name, *TOUCH, "--place", "node:0,node:1", mib=SIZE) as vm:
        tool = NumaTool("-m", name, "-R", "maps,1", "1")
        first = row_of(fresh(tool), name)
        before = numa_maps(vm.pid, vm.ranges)
        expect(first["migrated_home_pages_per_s"] is None, f"IN/s without balancing: {first}")
        write(BALANCING, "1")  # until balancing(False) ends
        until(tool, name, has_come, "memory comes to node 0")
        vm.stop_running()
        fresh(tool)
        last = row_of(fresh(tool), name)
        after = numa_maps(vm.pid, vm.ranges)
        tool.stop()
    moved = (after[0] - before[0]) // PAGE
    counted = [new - old for old, new in zip(first["total"]["migrated_to_node_pages"],
                                             last["total"]["migrated_to_node_pages"])]
    expect(moved > 0.9 * SIZE / 2 * MIB / PAGE, f"only {moved} pages moved")
    expect(abs(counted[0] - moved) <= 0.02 * moved, f"{counted} pages counted, {moved} moved")
    expect(counted[1] == 0, f"{counted[1]} pages went away")
    expect(max(into) > 0, "IN/s was never above 0")
    return f"{counted[0]} pages counted, {moved} moved, IN/s at most {max(into):.0f}"


def check_residency(tool, name, vm):
    """Memory by node as numa_maps has it, to the page; it does not change meanwhile."""
    before = numa_maps(vm.pid, vm.ranges)
    row = fresh_residency(tool, name)
    after = numa_maps(vm.pid, vm.ranges)
    expect(before == after, f"memory moves: {before}, {after}")
    expect(sum(before) == sum(size for _, size in vm.ranges), f"not all is there: {before}")
    expect(row["memory_node_bytes"] == before, f"{row['memory_node_bytes']}, numa_maps {before}")
    expect(row["memory_bytes"] == sum(before), f"in all {row['memory_bytes']}, {sum(before)}")
    return row


def residency_exact():
    """Small, huge and hugetlb pages on both nodes: memory by node, to the page."""
    text = []
    for backing in ("small", "thp", "hugetlb"):
        with contextlib.ExitStack() as stack:
            stack.enter_context(balancing(False))
            if backing == "hugetlb":
                stack.enter_context(huge_pages(SIZE // 2))
            vm = stack.enter_context(tiny(backing, *TOUCH, "--backing", backing, "--place",
                                          "bind:1,bind:0,bind:1,bind:1", mib=SIZE))
            tool = NumaTool("-m", backing, "-R", "maps,0.5", "1")
            row = check_residency(tool, backing, vm)
            tool.stop()
        expect(row["residency_source"] == "maps" and row["residency_error_pct"] == 0 and
               row["residency_split"] and row["vmm_bytes"] > 0, f"source: {row}")
        text.append(f"{backing} {[size // PAGE for size in row['memory_node_bytes']]}")
    return "pages " + ", ".join(text)


def sampled(name, vm):
    """Three readings of a sample: the worst error, and the one that is printed."""
    tool = NumaTool("-m", name, "-R", "sample,1", "1")
    wanted = remote_pct(numa_maps(vm.pid, vm.ranges), 0)
    rows = [fresh_residency(tool, name) for _ in range(3)]
    tool.stop()
    worst = 0
    for row in rows:
        expect(row["residency_source"] == "sample", f"source: {row}")
        error = abs(remote_pct(row["memory_node_bytes"], 0) - wanted)
        expect(error <= row["residency_error_pct"] <= 2,
               f"{row['memory_node_bytes']}: {error:.2f} points off, {wanted:.2f} % is remote, " +
               f"printed error {row['residency_error_pct']}")
        worst = max(worst, error)
    return worst, rows[0]["residency_error_pct"]


def residency_sample():
    """
    A sample is within its error; where the kernel hides pages that balancing has unmapped,
    which they stay after it is off, it says so.
    """
    old = tuple(map(int, os.uname().release.split(".")[:2])) < (6, 5)
    with fast_scans(), tiny("sampled", *TOUCH, "--place", MIXED, mib=SIZE) as vm:
        if old:
            tool = NumaTool("-m", "sampled", "-R", "sample,1", "1")
            row = row_of(fresh(tool), "sampled")
            tool.stop()
            expect(row["memory_node_bytes"] is None and row["expected_remote_pct"] is None and
                   row["residency_na"], f"a sample in spite of balancing: {row}")
            return f"n/a: {row['residency_na']}"
        worst, error = sampled("sampled", vm)
    return f"{worst:.3f} points off, +-{error}"


@contextlib.contextmanager
def own_cgroup(name):
    """A cgroup with the memory controller."""
    control = f"{CGROUPS}/cgroup.subtree_control"
    had = "memory" in read(control).split()
    write(control, "+memory")
    os.mkdir(f"{CGROUPS}/{name}")
    try:
        yield
    finally:
        os.rmdir(f"{CGROUPS}/{name}")
        if not had:
            write(control, "-memory")


def cgroup_memory(name, key):
    """Bytes by node."""
    line = next(line for line in read(f"{CGROUPS}/{name}/memory.numa_stat").splitlines()
                if line.split()[0] == key)
    return [int(word.partition("=")[2]) for word in line.split()[1:]]


def residency_cgroup():
    """A VM with a cgroup of its own: what that counts, but for the kernel's batches."""
    batches = 64 * PAGE * os.cpu_count()
    with balancing(False), own_cgroup("numa"), \
            tiny("grouped", *TOUCH, "--place", "bind:0,bind:1", mib=SIZE, cgroup="numa") as vm:
        tool = NumaTool("-m", "grouped", "-R", "cgroup,1", "1")
        row = fresh_residency(tool, "grouped")
        ours, theirs = row["memory_node_bytes"], cgroup_memory("numa", "anon")
        process = numa_maps(vm.pid)
        tool.stop()
    expect(row["residency_source"] == "cgroup" and row["vmm_bytes"] is None and
           row["residency_split"] is False, f"source: {row}")
    for node in (0, 1):
        expect(abs(ours[node] - theirs[node]) <= batches,
               f"{ours}, memory.numa_stat {theirs}")
        expect(abs(ours[node] - process[node]) <= batches, f"{ours}, numa_maps {process}")
    return f"KiB {[size // 1024 for size in ours]}, numa_maps {[size // 1024 for size in process]}"


def run_time_agrees(tool, name, tid):
    """
    Run time lies between two readings of schedstat. The kernel adds up the time of a thread
    that runs at each tick only: where a reading must not be too low, it is one that has
    changed since.
    """
    readings = Readings(lambda: {"run": ran_ns(tid)})
    time.sleep(0.2)
    earlier, known = fresh(tool), time.time()
    later, done = fresh(tool), time.time()
    readings.wait()
    wait_run(tid)
    readings.stop()
    low = readings.before(moment(later), "run") - readings.changed(known, "run")
    high = readings.changed(done, "run") - readings.before(moment(earlier), "run")
    value = grown(row_of(earlier, name), row_of(later, name), "run_ns")
    expect(0 < low <= value <= high, f"run time {value} is not in {low}..{high}")
    return f"run time {low} <= {value} <= {high}"


def check_moves(cpus):
    """A busy vCPU that goes round these CPUs, each on a node of its own, from the first."""
    with tiny("moved", "--burn", "1000", "--pin", str(cpus[0])) as vm:
        tid = vm.tids[0]
        tool = NumaTool("-m", "moved", "-b", "vcpu", "3")
        move_thread(tid, cpus[0])
        first = row_of(fresh(tool), "moved")
        expect(first["node"] == cpus[0], f"NODE is {first['node']}")
        for number in range(MOVES):
            move_thread(tid, cpus[(number + 1) % len(cpus)])
        row = row_of(fresh(tool), "moved")
        text = run_time_agrees(tool, "moved", tid)
        tool.stop()
    expect(grown(first, row, "moves") == MOVES, f"{grown(first, row, 'moves')} moves, not {MOVES}")
    there = [new - old for old, new in zip(first["total"]["run_node_ns"],
                                           row["total"]["run_node_ns"])]
    expect([node for node, ns in enumerate(there) if ns] == sorted(cpus), f"by node: {there}")
    return f"{MOVES} moves, {[ns // 1000000 for ns in there]} ms by node, {text}"


def node_moves():
    """As many moves as there were, and run time by node adds up."""
    return check_moves((0, 1))


def text_of(names, *arguments):
    """What a user sees of two intervals of these VMs."""
    done = subprocess.run([BUILD + "/kvmq-numa", *chosen(names), *arguments, "1", "2"],
                          capture_output=True, text=True, timeout=120, check=False)
    expect(done.returncode == 0, f"status {done.returncode}: {done.stderr.strip()}")
    return done.stdout + done.stderr


def chosen(names):
    return [word for name in names for word in ("-m", name)]


def is_explained(text, name, words):
    return any(name in line and "n/a" in line and re.search(words, line)
               for line in text.splitlines())


def check_unknown(cases):
    """RFLT% is n/a in the rows of VMs, and the text says why: {name: (reason, words)}."""
    tool = NumaTool(*chosen(cases), "1")
    for name, (reason, _) in cases.items():
        # Pages may have been unmapped before they were pinned: those fault once more.
        row = until(tool, name, lambda row: row["fault_remote_pct"] is None, "no more faults")
        expect(row["fault_remote_low_pct"] is None, f"bounds of nothing: {row}")
        expect(row["fault_na"] == reason, f"the reason is '{row['fault_na']}', not '{reason}'")
    tool.stop()
    left = dict(cases)
    # 6.12 was seen to take hint faults on a memfd, now and then: they are shown.
    for _ in range(TRIES):
        text = text_of(left)
        left = {name: (reason, words) for name, (reason, words) in left.items()
                if not is_explained(text, name, words)}
        if not left:
            return
    expect(False, f"no line about {left}: {text[-800:]}")


UNKNOWN = (  # (reason, what the text says, options of the VM)
    ("balancing off", "numa_balancing", ("--place", "balance:1")),
    ("hugetlbfs", "hugetlbfs", ("--backing", "hugetlb")),
    ("bound", "MPOL_F_NUMA_BALANCING", ("--place", "bind:0")),
    ("shared", "shared|memfd", ("--backing", "memfd")),
    ("pinned", "pinned|VFIO", ("--pin-memory",)),
)


def unknown():
    """Each case in which there are no hint faults: n/a, never 0, and the reason is named."""
    for is_on in (False, True):
        cases = {f"unknown{number}": case for number, case in enumerate(UNKNOWN)
                 if (case[0] != "balancing off") == is_on}
        with contextlib.ExitStack() as stack:
            stack.enter_context(fast_scans())
            stack.enter_context(balancing(is_on))
            stack.enter_context(huge_pages(SIZE // 4))
            for name, (_, _, options) in cases.items():
                stack.enter_context(tiny(name, *TOUCH, *options, mib=SIZE // 4))
            check_unknown({name: case[:2] for name, case in cases.items()})
    return ", ".join(reason for reason, _, _ in UNKNOWN)


def fault_sums(row):
    """(calls, pages) of a vCPU's total: the guest's accesses and its own."""
    total = row["total"]
    return (total["faults"] + total["own_faults"], total["fault_pages"] + total["own_fault_pages"])


def check_counts(backing):
    name = "counts-" + backing
    with fast_scans(), FaultCounts() as counts, \
            tiny(name, *TOUCH, "--backing", backing, "--place", MIXED, mib=SIZE) as vm:
        def read_all():
            calls, pages = counts.read(vm.tids[0])
            return {"calls": calls, "pages": pages, "host": vmstat("numa_hint_faults")}

        tool = NumaTool("-m", name, "-b", "vcpu", "3")
        fresh(tool)
        earlier, later, brackets = bracketed(tool, read_all)
        tool.stop()
    old, new = row_of(earlier, name), row_of(later, name)
    sums = [b - a for a, b in zip(fault_sums(old), fault_sums(new))]
    for what, value in zip(("calls", "pages"), sums):
        low, high = brackets[what]
        expect(low <= value <= high, f"{backing}: {value} {what} are not in {low}..{high}")
        expect(value >= 10, f"{backing}: {value} {what}")
    expect(sums[0] <= brackets["host"][1], f"{sums[0]} calls, the host {brackets['host'][1]}")
    expect(later["losses"]["faults"] == 0, f"losses: {later['losses']}")
    faults, pages = grown(old, new, "faults"), grown(old, new, "fault_pages")
    expect(pages == faults * (512 if backing == "thp" else 1), f"{backing}: {pages} pages in {faults}")
    return (f"{backing} {brackets['calls'][0]} <= {sums[0]} <= {brackets['calls'][1]} calls, " +
            f"{faults} of {pages} pages the guest's")


def fault_counts():
    """Faults and their pages lie between two readings of another count of the same calls."""
    return "; ".join(check_counts(backing) for backing in ("small", "thp"))


def numa_events():
    """Remote faults, migrations and moves as events: what they hold adds up to the totals."""
    with balancing(False), fast_scans(), \
            tiny("events", *TOUCH, "--place", "node:1", mib=SIZE) as vm:
        tid = vm.tids[0]
        tool = NumaTool("-m", "events", "--events=0", "1")
        fresh(tool)
        write(BALANCING, "1")  # until balancing(False) ends
        until(tool, "events", lambda row: row["total"]["migrated_pages"] >= 1000, "migrations")
        for number in range(4):
            move_thread(tid, (number + 1) % 2)
        vm.stop_running()
        fresh(tool)
        report = fresh(tool)
        tool.stop()
    total = row_of(report, "events")["total"]
    expect(report["losses"]["numa_events"] == 0, f"events lost: {report['losses']}")
    kinds = {kind: [event for event in tool.events if event["kind"] == kind]
             for kind in ("faults", "migrate", "move")}
    expect(all(event["vm"] == "events" and event["tid"] == tid for event in tool.events),
           "an event of another thread")
    for kind, what, wanted in (("faults", "faults", total["faults_remote"]),
                               ("faults", "pages", total["fault_pages_remote"]),
                               ("migrate", "pages", total["migrated_pages"])):
        events = sum(event[what] for event in kinds[kind])
        expect(events == wanted, f"{what} of {kind}: events {events}, total {wanted}")
    for node in (0, 1):
        came = sum(event["pages"] for event in kinds["migrate"] if event["to_node"] == node)
        expect(came == total["migrated_to_node_pages"][node], f"to node {node}: {came}, {total}")
    moves = [(event["from_node"], event["to_node"]) for event in kinds["move"]]
    expect(len(moves) == total["moves"], f"{len(moves)} moves, total {total['moves']}")
    expect(moves[-4:] == [(0, 1), (1, 0)] * 2, f"moves: {moves}")
    expect(all(event["from_cpu"] == event["from_node"] for event in kinds["move"]),
           f"CPUs of moves: {kinds['move']}")
    return ", ".join(f"{len(events)} {kind}" for kind, events in kinds.items()) + \
        f"; {total['migrated_pages']} pages"


def move_half(pid):
    """Moves every second 2 MiB of a process's largest mapping to node 1; bytes that are there."""
    begin, end = max((tuple(int(word, 16) for word in line.split()[0].split("-"))
                      for line in read(f"/proc/{pid}/maps").splitlines()),
                     key=lambda ends: ends[1] - ends[0])
    pages = [page for chunk in range(begin, end, 4 * MIB)
             for page in range(chunk, min(chunk + 2 * MIB, end), PAGE)]
    count = len(pages)
    status = (ctypes.c_int * count)()
    moved = ctypes.CDLL(None, use_errno=True).syscall(
        SYS_MOVE_PAGES, pid, ctypes.c_ulong(count), (ctypes.c_void_p * count)(*pages),
        (ctypes.c_int * count)(*[1] * count), status, MPOL_MF_MOVE)
    expect(moved >= 0, f"move_pages: {os.strerror(ctypes.get_errno())}")
    return sum(node == 1 for node in status) * PAGE


def linux_guest():
    """A Linux guest half of whose memory was moved away: what it touches comes back."""
    with balancing(False), fast_scans():
        guest("start", "linux:1:memory", "--cpus", "0")
        tool = NumaTool("-m", "linux", "-R", "maps,1", "1")
        moved = move_half(guest_pid("linux"))
        row = fresh_residency(tool, "linux")
        away = row["memory_node_bytes"][1]
        expect(away >= 16 * MIB, f"{away} bytes on node 1, {moved} moved: {row}")
        expect(row["home_node"] == 0 and row["expected_remote_pct"] >
               0.99 * remote_pct(row["memory_node_bytes"], 0), f"XREM%: {row}")
        write(BALANCING, "1")
        row = until(tool, "linux", lambda row: row["memory_node_bytes"][1] < 0.75 * away,
                    "memory comes back", 120)
        tool.stop()
        guest("stop", "linux")
    expect(row["total"]["migrated_pages"] > 0, f"no migration: {row['total']}")
    return (f"{away // MIB} MiB on node 1, then {row['memory_node_bytes'][1] // MIB}; " +
            f"{row['total']['migrated_pages']} pages counted")
