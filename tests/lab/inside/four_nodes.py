# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-numa on four nodes that are not alike: 0 and 1 have a CPU and memory, 2 has
a CPU only, 3 memory only. CPU n is on node n; all but the VMs is on CPU 1.
"""

import re

from kvmq import expect
from nodes import (SYSFS, NumaTool, balancing, fresh, fresh_residency, numa_maps, online, read,
                   remote_pct, row_of)
from remote import check_measured, check_moves, text_of
from tiny import tiny

SIZE = 96  # MiB
PLACE = "bind:0,bind:1,bind:3"


def sysfs_node(node):
    """A node as kvmq-numa should show it."""
    folder = f"{SYSFS}/node{node}"
    memory = re.search(r"MemTotal: +(\d+) kB", read(f"{folder}/meminfo"))
    cpus = [name for name in read(f"{folder}/cpulist").strip().split(",") if name]
    distances = read(f"{folder}/distance").split()
    return {"node": node, "cpus": len(cpus), "memory_bytes": int(memory[1]) * 1024,
            "distance": {str(other): int(far) for other, far in zip(online(), distances)}}


def topology():
    """Nodes, their CPUs, memory and distances are sysfs's."""
    tool = NumaTool("1")
    nodes = tool.report()["nodes"]
    tool.stop()
    wanted = [sysfs_node(node) for node in online()]
    expect(nodes == wanted, f"{nodes}, sysfs {wanted}")
    kinds = [(node["cpus"] > 0, node["memory_bytes"] > 0) for node in nodes]
    expect(kinds == [(True, True)] * 2 + [(True, False), (False, True)], f"nodes: {nodes}")
    return "; ".join(f"{node['node']}: {list(node['distance'].values())}" for node in nodes)


def placed(name, cpu):
    """The row of a VM with a third of its memory on each node that has some; and the truth."""
    with balancing(False), tiny(name, "--burn", "1000", "--pin", str(cpu), "--place", PLACE,
                                mib=SIZE) as vm:
        tool = NumaTool("-m", name, "-R", "maps,1", "1")
        before = numa_maps(vm.pid, vm.ranges)
        row = fresh_residency(tool, name)
        after = numa_maps(vm.pid, vm.ranges)
        tool.stop()
    expect(before == after == row["memory_node_bytes"],
           f"{row['memory_node_bytes']}, numa_maps {before}, {after}")
    expect(row["home_node"] == cpu, f"HOME is {row['home_node']}")
    return row, before


def thirds():
    """A third of the memory is near: residency to the page, and two thirds are remote."""
    row, memory = placed("thirds", 0)
    wanted = remote_pct(memory, 0)
    expect(abs(wanted - 66.7) <= 2 and abs(row["expected_remote_pct"] - wanted) <= 0.1,
           f"XREM% is {row['expected_remote_pct']}, not {wanted}")
    expect(abs(row["memory_local_pct"] - (100 - wanted)) <= 0.1, f"N%L: {row['memory_local_pct']}")
    return f"XREM% {row['expected_remote_pct']:.2f}, N%L {row['memory_local_pct']:.2f}"


def without_memory():
    """A vCPU on a node that has no memory: all is remote, and nothing is n/a."""
    row, _ = placed("astray", 2)
    expect(row["expected_remote_pct"] == 100 and row["memory_local_pct"] == 0 and
           row["memory_home_bytes"] == 0,
           f"XREM% {row['expected_remote_pct']}, N%L {row['memory_local_pct']}")
    return "XREM% 100, N%L 0"


def matrix():
    """The node matrix shows the way from the vCPU's node to each node with memory."""
    with tiny("matrix", "--burn", "1000", "--pin", "0", "--place", PLACE, mib=SIZE):
        text = text_of(["matrix"], "-H")
    distances = sysfs_node(0)["distance"]
    line = next((line for line in text.splitlines() if all(
        re.search(rf"\b{distances[node]}\b", line) for node in ("0", "1", "3"))), None)
    expect(line, f"no line with {distances}: {text[-1500:]}")
    return line.strip()


def third_near():
    """Two thirds of the faults are remote."""
    place = ",".join(["balance:0:3,balance:1:3,balance:3:3"] * 5)
    return check_measured("third", place, 61.7, 71.7, passes=4, mib=30)


def moves_of_three():
    """Moves among the three nodes with CPUs are counted, each once."""
    return check_moves((0, 1, 2))
