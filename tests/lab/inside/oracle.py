# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel itself says: the truth that kvmq is held against."""

import os
import time

from kvmq import Failed, guest


def schedstat(tids):
    """{tid: (run_delay in ns, number of runs)} of threads, read one after the other."""
    result = {}
    for tid in tids:
        with open(f"/proc/{tid}/schedstat", encoding="ascii") as file:
            _, delay, count = file.read().split()
        result[tid] = (int(delay), int(count))
    return result


def settled_schedstat(tids, timeout=60):
    """
    A reading in which each wait that was going on at the call has ended: the
    thread has begun another run since.
    """
    first = schedstat(tids)
    result = {}
    end = time.monotonic() + timeout
    while len(result) < len(first):
        for tid, (delay, count) in schedstat(tids).items():
            if tid not in result and count > first[tid][1]:
                result[tid] = (delay, count)
        if time.monotonic() > end:
            raise Failed("a busy vCPU did not run for a minute")
    return result


def steal_seconds(name):
    """(time of day, steal of all its vCPUs in s) as the guest sees it."""
    begin = time.time()
    line = guest("stat", name).splitlines()[0]
    return (begin + time.time()) / 2, int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
