# SPDX-License-Identifier: GPL-2.0-only
"""kvmq-cpu as the scenarios use it, and the results that they report."""

import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

BUILD = os.environ.get("BUILD", "build")
TOLERANCE_PCT = 0.1
STATES = ("run_pct", "ready_pct", "halt_pct", "block_pct")
GAVE_UP = r"kvmq[a-z-]*: ended by a signal while [a-z ]+: the last interval is not shown"


class Failed(Exception):
    """A scenario's expectation does not hold."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


class Tool:
    """A running kvmq-cpu --json, or another tool's, whose lines are read as they come."""

    program = "kvmq-cpu"
    states = STATES
    tolerance_pct = TOLERANCE_PCT
    rows_checked = 0
    running = []

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [f"{BUILD}/{self.program}", "-v", "-j", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        Tool.running.append(self.process)
        self.lines = queue.Queue()
        self.events = []
        self.messages = []
        self.sum_errors = []
        self.threads = [threading.Thread(target=self._read_output, daemon=True),
                        threading.Thread(target=self._read_messages, daemon=True)]
        for thread in self.threads:
            thread.start()

    def _read_output(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def _read_messages(self):
        for line in self.process.stderr:
            self.messages.append(line.rstrip("\n"))

    def report(self, timeout=120):
        """The next interval's object. Events before it are added to self.events."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no report within {timeout} s") from None
            if line is None:
                raise Failed(f"{self.program} has ended: " + " / ".join(self.errors()))
            if line["schema"].endswith(".event/1"):
                self.events.append(line)
                continue
            self._check_sums(line)
            return line

    def pending(self):
        """Whether a line has come that nobody has read."""
        return not self.lines.empty()

    def _check_sums(self, report):
        for row in report["rows"]:
            type(self).rows_checked += 1
            total = sum(row[key] or 0 for key in self.states)
            if abs(total - 100) > self.tolerance_pct:
                parts = " + ".join(f"{row[key] or 0:.3f}" for key in self.states)
                self.sum_errors.append(f"{row['vm']}/{row['thread']}: {parts} = {total:.3f} of " +
                                       f"{row['elapsed_ns'] / 1e6:.1f} ms, {row['total']}, " +
                                       f"{report['losses']}")

    def stop(self, may_give_up=False):
        """
        Ctrl-C; returns the reports that were not read yet. Beside thousands of vCPUs it may give up:
        it ends within a second, and a slow machine may not have shown the last interval by then.
        """
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(120)
        for thread in self.threads:
            thread.join(30)
        rest = []
        while not self.lines.empty():
            line = self.lines.get()
            if line and line["schema"].endswith(".event/1"):
                self.events.append(line)
            elif line:
                self._check_sums(line)
                rest.append(line)
        expect(status == 0 or may_give_up and self.gave_up(status),
               f"exit status {status} after SIGINT: " + " / ".join(self.errors()))
        expect(not self.sum_errors, f"rows do not add up to 100 %: {self.sum_errors[:5]}")
        return rest

    def gave_up(self, status):
        """Whether it ended with an interval less, and said so."""
        return status == 1 and self.messages and re.fullmatch(GAVE_UP, self.messages[-1])

    def errors(self):
        return [m for m in self.messages if m.startswith(self.program + ": ")][-3:]

    def message(self, text):
        """The first message that holds text, or None."""
        return next((m for m in self.messages if text in m), None)


def vcpus(report, vm=None):
    """Rows of vCPUs, of one VM or of all, by (vm, vcpu)."""
    return {(row["vm"], row["vcpu"]): row for row in report["rows"]
            if vm in (None, row["vm"])}


def run(*command, timeout=300, check=True):
    """A command's output, stripped."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, check=False)
    if check and done.returncode:
        raise Failed(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def guest(*arguments, timeout=400):
    return run("lab-guest", *arguments, timeout=timeout)


def guest_pid(name):
    return int(guest("pid", name))
