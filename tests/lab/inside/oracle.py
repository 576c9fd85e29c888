# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel itself says: the truth that kvmq is held against."""

import os
import threading
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


class Readings:
    """
    Reads counters again and again, what a function returns as {key: value}, so that a
    reading from just before and one from just after any moment can be had afterwards.
    """

    def __init__(self, read):
        self.read = read
        self.samples = []  # (begin, end, {key: value}), time of day
        self.stop_asked = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self):
        while not self.stop_asked.is_set():
            begin = time.time()
            values = self.read()
            self.samples.append((begin, time.time(), values))
            time.sleep(0.02)

    def wait(self):
        """Returns once there is a reading that began after this call."""
        last = time.time()
        while not self.samples or self.samples[-1][0] <= last:
            self.check()
            time.sleep(0.02)

    def check(self):
        """A guest that has shut down takes its counters with it, and ends the reading."""
        if not self.thread.is_alive():
            raise Failed("the oracle has stopped")

    def stop(self):
        self.wait()
        self.stop_asked.set()
        self.thread.join()

    def before(self, when, key):
        return [values[key] for _, end, values in self.samples if end < when][-1]

    def after(self, when, key):
        return next(values[key] for begin, _, values in self.samples if begin > when)

    def changed(self, when, key):
        """The first reading after a time of day that differs from the one before it."""
        values = [values[key] for begin, _, values in self.samples if begin > when]
        return next(value for value in values if value != values[0])


class Sampler(Readings):
    """The same of threads' schedstat."""

    def __init__(self, tids):
        self.tids = list(tids)
        super().__init__(lambda: schedstat(self.tids))  # {tid: (run_delay, runs)}

    def stop(self):
        """Ends it, once each thread has begun a run after this call."""
        last = len(self.samples) + 1  # begun after this call
        end = time.monotonic() + 60
        while not self._settled(last):
            if time.monotonic() > end:
                raise Failed("a busy vCPU did not run for a minute")
            time.sleep(0.05)
        super().stop()

    def _settled(self, last):
        return len(self.samples) > last and all(
            self.samples[-1][2][tid][1] > self.samples[last][2][tid][1] for tid in self.tids)

    def before(self, when, key):
        """run_delay as last read before a time of day."""
        return super().before(when, key)[0]

    def after(self, when, key):
        """run_delay as first read after it."""
        return super().after(when, key)[0]

    def settled(self, when, tid):
        """The same, once a wait that was going on then has ended."""
        runs = None
        for begin, _, values in self.samples:
            if begin > when and runs is None:
                runs = values[tid][1]
            if runs is not None and values[tid][1] > runs:
                return values[tid][0]
        raise Failed(f"thread {tid} did not run again")


def steal_seconds(name):
    """(time of day, steal of all its vCPUs in s) as the guest sees it."""
    begin = time.time()
    line = guest("stat", name).splitlines()[0]
    return (begin + time.time()) / 2, int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
