# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-why: each provokes what a rule is about. The right rule comes first, its
culprit is the right one, its figures are those of the tool that measures them, and its
command does what it says and is undone.
"""

import collections
import contextlib
import json
import os
import subprocess

from causes import CGROUPS, SPIN, running, write
from kvmq import BUILD, expect, guest
from nodes import balancing
from tiny import tiny

RECORDING = "/tmp/why.kvmq"
INTERVAL = 4
QUIET = 20 if "MATRIX" in os.environ else 5  # looks
RUNS = 20
SIZE = 64  # MiB


def pages(*arguments):
    """What kvmq-why says, page by page."""
    done = subprocess.run([f"{BUILD}/kvmq-why", "-j", *arguments], capture_output=True, text=True,
                          timeout=200, check=False)
    expect(done.returncode == 0, f"status {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def look(*arguments):
    """All verdicts of a page, worst first; what was seen is in RECORDING."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(RECORDING)
    page = pages("-r", RECORDING, *arguments)[0]
    expect(page["verdicts"], f"no verdict at all: {page}")
    return page["verdicts"]


def verdicts(vm, *arguments):
    """Those of one VM."""
    return [verdict for verdict in look(*arguments, str(INTERVAL)) if verdict["vm"] == vm]


def find(found, rule, level="act"):
    """The verdict of a rule among those of a VM."""
    named = [verdict for verdict in found if verdict["rule"] == rule]
    expect(named and named[0]["level"] == level,
           f"no {rule}, {level}: {[(v['rule'], v['level'], v['summary']) for v in found]}")
    return named[0]


def recorded(tool, vm, by="vm"):
    """What a tool shows of a VM in the same recording."""
    done = subprocess.run([f"{BUILD}/kvmq-{tool}", "-j", "-b", by, "--from", RECORDING],
                          capture_output=True, text=True, timeout=100, check=False)
    expect(done.returncode == 0, f"kvmq-{tool}: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    expect(len(lines) == 1, f"kvmq-{tool}: {len(lines)} intervals")
    return [row for row in json.loads(lines[0])["rows"] if row["vm"] == vm]


def same_figures(verdict, tool):
    """The VM's figures of a verdict are those that its tool shows of the same recording."""
    rows = recorded(tool, verdict["vm"])
    figures = {}
    for e in verdict["evidence"]:
        if e["tool"] == tool and e["thread"] is None and e["key"] in rows[0]:
            if e["key"] in figures:
                break  # another VM's come after its own
            figures[e["key"]] = e["value"]
    expect(len(figures) >= 2, f"only {figures}")
    told = [{key: row[key] for key in figures} for row in rows]  # of kvmq-io one for each disk
    expect(figures in told, f"{figures}, kvmq-{tool} says {told}")
    return f"{len(figures)} figures as kvmq-{tool}'s"


def same_of_thread(verdict, by):
    """Those of single threads are, too."""
    own = [e for e in verdict["evidence"] if e["thread"] is not None]
    expect(own, f"no figure of a thread: {verdict['evidence']}")
    rows = recorded("cpu", verdict["vm"], by)
    for e in own:
        told = [row[e["key"]] for row in rows if row["thread"] == e["thread"]]
        expect(e["value"] in told, f"{e}, kvmq-cpu says {told}")
    return ", ".join(f"{e['key']} of '{e['thread']}' {e['value']:.1f}" for e in own)


def worst(found, rule, level="act"):
    """The first of a VM's, which must be this rule's."""
    verdict = find(found, rule, level)
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    return verdict


def shell(command):
    subprocess.run(["sh", "-e", "-c", command], timeout=20, check=True)


@contextlib.contextmanager
def limited(name, **settings):
    """A cgroup that says cpu.KEY = VALUE; the VMs in it must have ended."""
    with open(f"{CGROUPS}/cgroup.subtree_control", "w", encoding="ascii") as file:
        file.write("+cpu")
    os.makedirs(f"{CGROUPS}/{name}", exist_ok=True)
    for key, value in settings.items():
        write(f"{name}/cpu.{key}", str(value))
    try:
        yield name
    finally:
        os.rmdir(f"{CGROUPS}/{name}")


def why_neighbour():
    """Another VM on the same CPU: it is the culprit; and more weight helps."""
    write("cap/cpu.max", "max")
    guest("workload", "hog", "busy")
    found = verdicts("cap")
    guest("workload", "hog", "idle")
    verdict = find(found, "cpu-neighbour")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    expect(verdict["culprit"] == "hog", f"the culprit is {verdict['culprit']}")
    return f"{verdict['summary']}; {same_figures(verdict, 'cpu')}"


def why_throttled():
    """A limit: the cgroup is named, the command lifts it enough, and is undone."""
    write("cap/cpu.max", "30000 100000")
    found = verdicts("cap")
    verdict = find(found, "cpu-throttled")
    expect(found[0] is verdict, f"{found[0]['rule']} is worse: {found[0]['summary']}")
    expect(verdict["culprit"].startswith("/cap "), f"the culprit is {verdict['culprit']}")
    text = same_figures(verdict, "cpu")
    shell(verdict["command"])
    later = verdicts("cap")
    expect(not [v for v in later if v["rule"] == "cpu-throttled" and v["level"] == "act"],
           f"after {verdict['command']}: {later[0]['summary']}")
    shell(verdict["undo"])
    with open(f"{CGROUPS}/cap/cpu.max", encoding="ascii") as file:
        limit = file.read().split()
    write("cap/cpu.max", "max")
    expect(limit == ["30000", "100000"], f"undone, it is {limit}")
    return f"{verdict['summary']}; {text}; {verdict['command']}"


def why_two():
    """A limit and a process of the host: both are found, and told apart."""
    write("cap/cpu.max", "60000 100000")
    os.makedirs(f"{CGROUPS}/burner", exist_ok=True)
    write("burner/cpu.weight", "30")
    with running("sh", "-c", SPIN, cgroup="burner"):
        found = verdicts("cap")
    write("cap/cpu.max", "max")
    find(found, "cpu-throttled")
    verdict = find(found, "cpu-neighbour")
    expect(verdict["culprit"] == "sh (burner)", f"the culprit is {verdict['culprit']}")
    return "; ".join(v["summary"] for v in found)


def why_remote():
    """All memory is on the node that the vCPU is not on."""
    with balancing(False), tiny("far", "--mode", "touch", "--burn", "0", "--pin", "0", "--place",
                                "bind:1", mib=SIZE) as vm:
        found = verdicts("far")
        verdict = find(found, "numa-left")
        expect(verdict["command"] == f"migratepages {vm.pid} 1 0", f"run {verdict['command']}")
    return f"{verdict['summary']}; {same_figures(verdict, 'numa')}"


def acts(found):
    return [(v["vm"], v["rule"], v["summary"]) for page in found for v in page["verdicts"]
            if v["level"] == "act"]


def why_quiet():
    """Looks at a healthy host: idle, and busy without overcommit. Nothing to act on."""
    with tiny("idle", "--mode", "halt", "--burn", "100", "--wait", "20000", "--pin", "0"):
        idle = pages("1", str(QUIET))
    with tiny("busy", "--pin", "0"):
        busy = pages("1", str(QUIET))
    expect(len(idle) == QUIET and len(busy) == QUIET, f"{len(idle)} and {len(busy)} pages")
    expect(not acts(idle), f"idle: {acts(idle)}")
    expect(not acts(busy), f"busy: {acts(busy)}")
    saturated = sum(v["rule"] == "guest-saturated" for page in busy for v in page["verdicts"])
    expect(saturated >= QUIET * 9 // 10, f"only {saturated} say that the guest is saturated")
    return f"{saturated} of {QUIET}: the guest itself is saturated"


def runs(*vms):
    """The tool is started anew each time, as people do: nothing to act on. Tells what was said."""
    said = collections.Counter()
    for number in range(1, 1 + RUNS):
        found = pages("2")
        expect(not acts(found), f"run {number}: {acts(found)}")
        told = [(verdict["vm"], verdict["rule"]) for verdict in found[0]["verdicts"]]
        expect({vm for vm, _ in told} == set(vms), f"run {number}: only {told}")
        said.update(told)
    return ", ".join(f"{vm} {rule} {count}" for (vm, rule), count in sorted(said.items()))


def why_runs_idle():
    """Runs on a healthy host whose guests have nothing to do."""
    with tiny("idle", "--mode", "halt", "--burn", "100", "--wait", "20000", "--pin", "0"), \
            tiny("wide", "--vcpus", "2", "--mode", "halt", "--burn", "100", "--wait", "50000", "--pin",
                 "0,1", "--place", "bind:0", mib=SIZE):
        return runs("idle", "wide")


def why_runs_busy():
    """Runs on a healthy host without overcommit: a guest that never rests, and one beside the tool."""
    with tiny("busy", "--mode", "touch", "--burn", "1000", "--pin", "0", "--place", "bind:0",
              mib=SIZE), \
            tiny("server", "--mode", "halt", "--burn", "2000", "--wait", "8000", "--pin", "1"):
        return runs("busy", "server")
