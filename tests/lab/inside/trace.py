# SPDX-License-Identifier: GPL-2.0-only
"""
Reads what --timeline wrote, by the format's definition and with no code of the tool:
tracks, slices, and whether they hold what a timeline promises. Times are ns.
"""

import json
from decimal import Decimal

CLOCKS_APART = 1000000  # ns, of two CPUs: what the tool counts as a loss
STATES = ("run", "ready", "halt", "block", "lost")


class Broken(Exception):
    """The trace does not hold what it promises."""


def ns(number):
    """Microseconds as the file has them, which must be whole ns."""
    value = Decimal(number) * 1000
    if value != value.to_integral_value():
        raise Broken(f"{number} us is not a whole number of ns")
    return int(value)


class Trace:
    """One file. tracks: {(pid, tid): [slice]}, in the order of the file."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file, parse_float=Decimal)
        self.other = data["otherData"]
        self.processes, self.threads, self.tracks = {}, {}, {}
        for event in data["traceEvents"]:
            key = (event["pid"], event["tid"])
            if event["ph"] == "X":
                event["begin"] = ns(event["ts"])
                event["end"] = event["begin"] + ns(event["dur"])
                self.tracks.setdefault(key, []).append(event)
            elif event["ph"] != "M":
                raise Broken(f"a phase that is not known: {event}")
            elif event["name"] == "process_name":
                self.processes[event["pid"]] = event["args"]["name"]
            elif event["name"] == "thread_name":
                self.threads[key] = event["args"]["name"]
        self.cpus_pid = next(p for p, name in self.processes.items() if name == "CPUs")

    def threads_of(self, vm):
        """{thread's name: (pid, tid)} of a VM."""
        return {name: key for key, name in self.threads.items()
                if self.processes[key[0]] == vm and key[0] != self.cpus_pid}

    def sums(self, key):
        """ns of each state on a track."""
        result = dict.fromkeys(STATES, 0)
        for piece in self.tracks.get(key, []):
            result[piece["cat"]] += piece["end"] - piece["begin"]
        return result

    def uncounted(self, key):
        """
        ns of a thread's preempted waits that the kernel does not count: the moments in
        which it was moved between two run queues. kvmq-cpu reports them as block.
        """
        return sum(max(0, piece["end"] - piece["begin"] - piece["args"]["wait_ns"])
                   for piece in self.tracks.get(key, []) if piece["name"] == "ready (preempt)")

    def check_track(self, key):
        """In order, nothing twice; and without a gap where it is a thread's."""
        last = None
        for piece in self.tracks[key]:
            if piece["begin"] < 0 or piece["end"] <= piece["begin"]:
                raise Broken(f"{key}: a slice that is none: {piece}")
            if last and piece["begin"] < last["end"]:
                raise Broken(f"{key}: {piece} begins before the end of {last}")
            if last and key[0] != self.cpus_pid and piece["begin"] != last["end"]:
                raise Broken(f"{key}: nothing between {last} and {piece}")
            last = piece

    def check_runs(self):
        """
        A CPU's slices are the runs of the threads there, one for one. A run may
        begin later on one side, after a slice whose end is by another CPU's clock.
        """
        mine = sorted((p["args"]["cpu"], p["end"], key[1], p["begin"])
                      for key, track in self.tracks.items() if key[0] != self.cpus_pid
                      for p in track if p["cat"] == "run")
        theirs = sorted((int(self.threads[key].split()[1]), p["end"], p["args"]["tid"],
                         p["begin"])
                        for key, track in self.tracks.items() if key[0] == self.cpus_pid
                        for p in track)
        odd = {run[:3] for run in mine} ^ {run[:3] for run in theirs}
        if odd or len(mine) != len(theirs):
            raise Broken(f"{len(odd)} runs on one side only, such as {sorted(odd)[:3]}")
        apart = max((abs(a[3] - b[3]) for a, b in zip(mine, theirs)), default=0)
        if apart > CLOCKS_APART:
            raise Broken(f"a run begins {apart} ns apart on its two tracks")
        return len(mine)

    def check(self, hidden_switches=False):
        """
        All of it; returns a line of what was seen. On a kernel that hides switches, the
        two tracks of a run need not agree.
        """
        for key in self.tracks:
            if key not in self.threads or key[0] not in self.processes:
                raise Broken(f"{key}: a track without a name")
            self.check_track(key)
        pieces = [p for track in self.tracks.values() for p in track]
        lost = sum(p["cat"] == "lost" for p in pieces)
        if len(pieces) != self.other["slices"]:
            raise Broken(f"{len(pieces)} slices, {self.other['slices']} announced")
        if lost and not self.other["lost_changes"]:
            raise Broken(f"{lost} gaps, and no change is lost")
        runs = 0
        if not self.other["left_out_slices"] and not hidden_switches:
            runs = self.check_runs()
        return f"{len(pieces)} slices, {len(self.tracks)} tracks, {runs} runs, {lost} gaps"
