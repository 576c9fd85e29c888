# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about recordings: what was measured is shown again, byte for byte."""

import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time

from kvmq import BUILD, expect
from tiny import tiny

INTERVALS = 8
WEIGHED_VCPUS, WEIGHED_INTERVALS = 16, 50
# Of each tool, as it is recorded and shown again.
RUNS = (("cpu", "--json", "--hist"), ("cpu", "--json", "--blame"), ("cpu",), ("cpu", "--overlap"),
        ("cpu", "--json", "--events"), ("cpu", "--json", "--by", "thread"),
        ("exit", "--json", "--hist"), ("exit",), ("exit", "--json", "--events"),
        ("numa", "--json"), ("numa", "--hist"), ("numa", "--json", "--events"),
        ("io", "--json"), ("io", "--by", "device", "--hist"), ("io",))


def exit_bytes(path, busy):
    """Bytes of a recording of kvmq-exit for each vCPU and interval: a native KVM may trace nothing."""
    with tiny("weighed", "--mode", "halt", "--vcpus", str(WEIGHED_VCPUS)) as vm:
        if not busy:
            vm.stop_running()
        subprocess.run([f"{BUILD}/kvmq-exit", "--record", path, "0.2", str(WEIGHED_INTERVALS)],
                       stdout=subprocess.DEVNULL, check=True)
    return os.path.getsize(path) / WEIGHED_VCPUS / WEIGHED_INTERVALS


def recorded():
    """VMs come and go for eight intervals; --from shows the bytes that --record did."""
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for place, (name, *options) in enumerate(RUNS):
            out = f"{folder}/{place}.out"
            with open(out, "wb") as file:
                running.append((name, options, out, subprocess.Popen(
                    [f"{BUILD}/kvmq-{name}", *options, "--record", f"{folder}/{place}", "1",
                     str(INTERVALS)], stdout=file, stderr=subprocess.PIPE)))
        while any(process.poll() is None for *_, process in running):
            with tiny("coming", "--mode", "halt", "--vcpus", "2"):
                time.sleep(1.5)
        lines = 0
        for name, options, out, process in running:
            what = " ".join([name, *options])
            errors = process.communicate()[1].decode(errors="replace")
            expect(process.returncode == 0, f"{what}: status {process.returncode}: {errors}")
            with open(out, "rb") as file:
                shown = file.read()
            again = subprocess.run(
                [f"{BUILD}/kvmq-{name}", *options, "--from", out.removesuffix(".out")],
                capture_output=True, check=False)
            expect(again.returncode == 0, f"{what} --from: {again.stderr!r}")
            expect(shown and again.stdout == shown, f"{what}: other bytes than when recorded")
            with contextlib.closing(sqlite3.connect(out.removesuffix(".out"))) as database:
                check = database.execute("PRAGMA integrity_check").fetchall()
            expect(check == [("ok",)], f"{what}: {check}")
            lines += shown.count(b"\n")
        size = sum(os.path.getsize(f"{folder}/{place}") for place in range(len(RUNS)))
        busy, idle = (exit_bytes(f"{folder}/{name}", name == "busy") for name in ("busy", "idle"))
    return (f"{len(RUNS)} runs, {lines} lines, {size >> 10} KiB recorded; kvmq-exit's bytes per vCPU "
            f"and interval: {busy:.0f} busy, {idle:.0f} stopped")
