# SPDX-License-Identifier: GPL-2.0-only
"""
Is the emulated host itself sound? Multi-threaded emulation of KVM is not always:
7.3 was seen to jump in time, to starve threads for half a minute and to panic.
What a scenario says of such a host is not about kvmq.
"""

import contextlib
import os
import threading
import time

from kvmq import run

TOLERANCE = 3  # seconds; the real-time clock counts whole ones
STRETCH = 60  # seconds in which that is too much: emulated, the TSC gains up to a hundredth under load
STARVED = 8  # seconds that no fair scheduler lets one of six threads on two CPUs wait
CROWDED = 30  # seconds beside the guests of kept, which are more, and take minutes
BEAT = 5  # seconds between two signs of life of a CPU
STOPPED = 30  # seconds after which no more will come: a timer interrupt of that CPU was lost
SIGNS = ("rcu: INFO", "soft lockup", "hard LOCKUP", "clocksource: timekeeping watchdog")


noted = []  # faults of the host that scenarios have found


def report(fault):
    noted.append(fault)


@contextlib.contextmanager
def traced(*events):
    """Events of KVM's, enabled by the kernel's own tracer; gives {event: how many} so far."""
    def count():
        with open(f"{folder}/trace", encoding="ascii", errors="replace") as file:
            lines = [line for line in file if not line.startswith("#")]
        return {event: sum(f": {event}: " in line for line in lines) for event in events}

    def enable(value):
        for event in events:
            with open(f"{folder}/events/kvm/{event}/enable", "w", encoding="ascii") as file:
                file.write(value)

    folder = "/sys/kernel/tracing/instances/kvmq"
    os.mkdir(folder)
    try:
        enable("1")
        yield count
    finally:
        enable("0")
        os.rmdir(folder)


def say(line):
    """A line for the host of this host (kernel), in one piece beside what scenarios print."""
    os.write(1, (line + "\n").encode())


class Watch:
    """
    Holds the TSC's time against the real-time clock, which QEMU keeps by itself. Says that each
    CPU is alive, or which one is not: nobody need wait for what such a host will never finish.
    """

    def __init__(self, crowded):
        self.fault, self.starved = None, CROWDED if crowded else STARVED
        self.begin = self._clocks()
        self.beats = dict.fromkeys(sorted(os.sched_getaffinity(0)), self.begin[1])
        for cpu in self.beats:
            threading.Thread(target=self._beat, args=[cpu], daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _beat(self, cpu):
        """Before all that scenarios run there, real-time loads included."""
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
        while True:
            self.beats[cpu] = time.monotonic()
            time.sleep(BEAT)

    def _tell_beats(self):
        for cpu, last in self.beats.items():
            if time.monotonic() - last > STOPPED:
                say(f"stopped: CPU {cpu} has not run for {time.monotonic() - last:.0f} s")
                return
        say("alive")

    @staticmethod
    def _clocks():
        with open("/sys/class/rtc/rtc0/since_epoch", encoding="ascii") as file:
            return int(file.read()), time.monotonic()

    def _watch(self):
        while not self.fault:
            before = time.monotonic()
            time.sleep(2)
            self._tell_beats()
            if time.monotonic() - before > self.starved:
                self.fault = f"a thread did not run for {time.monotonic() - before:.0f} s"
            rtc, now = self._clocks()
            drift = (now - self.begin[1]) - (rtc - self.begin[0])
            if abs(drift) > TOLERANCE:
                self.fault = f"the clocks are {drift:.0f} s apart"
            if now - self.begin[1] > STRETCH:
                self.begin = rtc, now
        say(f"stopped: {self.fault}")

    def verdict(self):
        """What is wrong with the host, or None."""
        if self.fault or noted:
            return self.fault or noted[0]
        for line in run("dmesg", check=False).splitlines():
            if any(sign in line for sign in SIGNS):
                return line.split("] ", 1)[-1]
        return None
