# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about VMs whose VMM is another user's process, as all guests of the lab are."""

import os
import time

from kvmq import Tool, expect, guest, guest_pid

SECONDS = 60 if "MATRIX" in os.environ else 21
INTERVAL = 3
VMS = ("web", "db")


class AnyTool(Tool):
    """One of the tools, of which only the number of VMs is wanted."""

    def __init__(self, program, *arguments):
        self.program = program
        super().__init__(*arguments)

    def _check_sums(self, report):
        pass


def vms_stay():
    """All tools at once, for SECONDS: no VM is lost, and one that starts meanwhile is found."""
    for vm in VMS:
        expect(os.stat(f"/proc/{guest_pid(vm)}").st_uid, f"{vm} is root's")
    tools = [AnyTool("kvmq-" + name, str(INTERVAL)) for name in ("cpu", "exit", "numa", "io")]
    end = time.monotonic() + SECONDS
    seen = {tool.program: [] for tool in tools}
    while time.monotonic() < end:
        for tool in tools:
            report = tool.report()
            seen[tool.program].append(report["vms"])
            expect(report["losses"].get("processes", 0) == 0, f"{tool.program}: {report['losses']}")
    guest("start", "late:1:busy")
    late = {}
    for tool in tools:
        for _ in range(10):
            late[tool.program] = tool.report()["vms"]
            if late[tool.program] == len(VMS) + 1:
                break
        tool.stop()
    guest("stop", "late")
    for program, counts in seen.items():
        expect(set(counts) == {len(VMS)} and len(counts) > SECONDS / INTERVAL / 2,
               f"{program}: VMs in its intervals: {counts}")
        expect(late[program] == len(VMS) + 1, f"{program}: {late[program]} VMs after one more came")
    return f"{sum(len(counts) for counts in seen.values())} intervals of 4 tools"
