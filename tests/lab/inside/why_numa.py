# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-why about memory, beside why_remote in why.py: on two nodes with a CPU each, and
on the four of four_nodes.py.
"""

from four_nodes import PLACE, sysfs_node
from four_nodes import SIZE as PARTS_SIZE
from kvmq import expect
from nodes import balancing, fast_scans, numa_maps, remote_pct, vmstat
from tiny import MIB, tiny
from why import find, limited, look, recorded, same_figures, verdicts, worst

STAY = 3  # seconds
MOVES = 4
SPREAD = ("-t", "numa-spread.act=60")  # on two nodes alike, half is remote, be it more or less


def same_memory(verdict, vm, node):
    """Its memory, and how much of that is remote, are as numa_maps has them."""
    memory = numa_maps(vm.pid, vm.ranges)
    figures = {e["key"]: e["value"] for e in verdict["evidence"]}
    expect(figures["memory_bytes"] == sum(memory), f"{figures}, numa_maps {memory}")
    wanted = remote_pct(memory, node)
    expect(abs(figures["expected_remote_pct"] - wanted) <= 0.5, f"{figures}, not {wanted}")
    return f"{sum(memory) // MIB} MiB, {wanted:.1f} % remote"


def why_spread():
    """A VM whose vCPUs are on both nodes, and its memory on one."""
    with tiny("wide", "--vcpus", "2", "--mode", "touch", "--burn", "0", "--pin", "0,1", "--place",
              "bind:0", mib=128):
        verdict = worst(verdicts("wide", *SPREAD), "numa-spread", "look")
    return f"{verdict['summary']}; {same_figures(verdict, 'numa')}"


def why_larger():
    """A VM with more memory than the node that it runs on: two thirds are on the other one."""
    parts = 3 * 2  # in whole huge pages
    size = (sysfs_node(0)["memory_bytes"] // MIB // parts + 1) * parts
    with balancing(False), tiny("large", "--burn", "1000", "--pin", "0", "--backing", "thp",
                                "--place", "bind:0,bind:1,bind:1", mib=size) as vm:
        verdict = worst(verdicts("large"), "numa-larger")
        text = f"{same_memory(verdict, vm, 0)}; {same_figures(verdict, 'numa')}"
        with tiny("hog", "--pin", "0"):
            found = verdicts("large")
    expect(verdict["summary"].startswith("does not fit on node 0,"), verdict["summary"])
    worst(found, "cpu-neighbour")
    find(found, "numa-larger")
    return f"{verdict['summary']}; {text}; beside hog {found[0]['summary']}"


def why_memoryless():
    """A VM on a node that has no memory at all. Of four nodes."""
    with balancing(False), tiny("astray", "--burn", "1000", "--pin", "2", "--place", PLACE,
                                mib=PARTS_SIZE) as vm:
        verdict = worst(verdicts("astray"), "numa-larger")
        text = same_memory(verdict, vm, 2)
    expect(verdict["summary"].startswith("runs on node 2, which has no memory"),
           verdict["summary"])
    return f"{verdict['summary']}; {text}; {same_figures(verdict, 'numa')}"


def thrash(burn_us, mib=4, cgroup=None):
    """
    A vCPU goes to and fro between the nodes, and balancing has its memory follow. Meanwhile the
    tool sleeps: nothing else wants the vCPU's CPU. Gives all verdicts, and the pages that moved.
    """
    with balancing(True), fast_scans(), \
            tiny("thrash", "--mode", "touch", "--burn", str(burn_us), "--pin", "0", "--place",
                 "node:0", mib=mib, cgroup=cgroup) as vm:
        script = "".join(f"taskset -pc {number % 2} {vm.tids[0]} > /dev/null; sleep {STAY}; "
                         for number in range(1, 1 + MOVES))
        before = vmstat("numa_pages_migrated")
        found = [verdict for verdict in look("--", "sh", "-ec", script)
                 if verdict["vm"] == "thrash"]
        return found, vmstat("numa_pages_migrated") - before


def same_pages(verdict, moved):
    """No more pages than the kernel says, and some."""
    row = recorded("numa", "thrash")[0]
    pages = sum(e["value"] for e in verdict["evidence"]
                if e["key"].startswith("migrated_")) * row["elapsed_ns"] / 1e9
    expect(64 <= pages <= moved + 1, f"{pages:.0f} pages, the kernel has moved {moved}")
    return f"{pages:.0f} pages, {moved} of all; {same_figures(verdict, 'numa')}"


def why_thrash():
    """It reaches for its memory now and then, and burns."""
    found, moved = thrash(1000)
    verdict = worst(found, "numa-thrash", "look")
    return f"{verdict['summary']}: {same_pages(verdict, moved)}"


def why_thrash_storm():
    """It does nothing else than to reach for its memory: page faults are balancing's, no storm."""
    found, moved = thrash(0, mib=32)
    verdict = worst(found, "numa-thrash", "look")
    kvm_pct = recorded("exit", "thrash")[0]["kvm_pct"]
    expect(kvm_pct >= 25, f"%KVM is {kvm_pct}: that is no storm")
    expect("exit-storm" not in [v["rule"] for v in found], f"{found[-1]['summary']}")
    return f"{verdict['summary']}, %KVM {kvm_pct:.1f}: {same_pages(verdict, moved)}"


def why_thrash_limited():
    """The same in a cgroup with a limit, which is what is worst."""
    with limited("small", max="60000 100000") as cgroup:
        found, moved = thrash(1000, cgroup=cgroup)
        worst(found, "cpu-throttled")
        verdict = find(found, "numa-thrash", "look")
        return f"{found[0]['summary']}; {verdict['summary']}: {same_pages(verdict, moved)}"
