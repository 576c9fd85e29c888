# SPDX-License-Identifier: GPL-2.0-only
"""kvmqd: what it keeps in tiers and says as metrics, against the kernel's own counters."""

import contextlib
import functools
import json
import os
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from kvmq import BUILD, expect, run
from starting import Books, before_guests, books, mixed_guests
from tiny import tiny

SECONDS = int(os.environ.get("KEPT_SECONDS", "300"))
SCRAPE = 5  # seconds
TIERS = "1s/30s 5s/90s 20s/5min"
SUFFIXES = ("", "_1", "_2")
KEEPS = (30, 90, 300)
# Of a moment, the times of day between which threads were read: one that was switched meanwhile is
# as it was then. Whom they waited for is read before them.
THREADS_BEGIN = "m.realtime_ns + (m.end_ns - m.time_ns) - (m.end_rq - m.read_rq)"
THREADS_END = "m.realtime_ns + (m.end_ns - m.time_ns)"
URL = "127.0.0.1:9778"
SAMPLE = re.compile(r'kvmq_vcpu_(run|ready)_seconds_total\{([^}]*)\} (\S+)')
LABEL = re.compile(r'(\w+)="([^"]*)"')

# Emulated, such a guest has cost 3.3 to 11.7 % of a CPU in the hooks at exits: of a budget that is as
# much less than the usual 1 %, that is five times or more, always.
BUDGET_PCT = 0.6
STORM_PCT = 5 * BUDGET_PCT  # of a CPU, in the hooks at exits, at least
STORM_OPTIONS = ("--recording", "off", "--budget", f"{BUDGET_PCT}%", "--interval", "10s",
                 "--socket-group", "off", "--numa", "off", "--block", "off", "--blame", "off",
                 "--overlap", "off")  # or an emulated host would have no room for exits, ever
# Emulated, one answer of /metrics takes as much of the budget as three seconds have: the log tells
# when something has changed, and it is asked once then, when the next view is there.
NEXT_VIEW = 12  # seconds
DEGRADED = 10  # seconds that a storm may last before exits are given up
BACK = 180  # seconds from its end until they are back: the first attempt comes after 30
NO_EXITS = 2  # kvmq_level
NO_ROOM = f"kvmqd's budget of {BUDGET_PCT} % of one CPU has no room for it"


@contextlib.contextmanager
def kvmqd(*options):
    """A daemon that measures, and what it has said; whoever has killed it need not end it."""
    with tempfile.TemporaryDirectory() as folder:
        def said():
            with open(f"{folder}/log", encoding="utf-8") as file:
                return file.read()

        with open(f"{folder}/log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [f"{BUILD}/kvmqd", "--config", "/dev/null", "--listen", URL, *options],
                stderr=log)
        try:
            until(scrape, 120, "kvmqd says nothing", process)
            yield process, said
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(60)
        expect(process.returncode in (0, -9), f"kvmqd: status {process.returncode}: {said()[-500:]}")


def until(condition, seconds, fault, process):
    """Returns after how many seconds the condition held."""
    begin = time.monotonic()
    while not condition():
        expect(process.poll() is None, "kvmqd has ended")
        expect(time.monotonic() < begin + seconds, f"{fault} for {seconds} s")
        time.sleep(0.5)
    return time.monotonic() - begin


def read_metrics():
    """Its text, or None: it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{URL}/metrics", timeout=60) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


def scrape():
    """{"read": (s, s), "start": s, (domain, vcpu, "run" | "ready"): ns}, or None: no answer."""
    text, result, moment, reading = read_metrics(), {}, None, None
    if text is None:
        return None
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name == "kvmq_moment_time_seconds":
            moment = float(value)
        elif name == "kvmq_moment_reading_seconds":
            reading = float(value)
        elif name == "kvmq_start_time_seconds":
            result["start"] = float(value)
        sample = SAMPLE.fullmatch(line)
        if sample:
            labels = dict(LABEL.findall(sample[2]))
            key = (labels["domain"], int(labels["vcpu"]), sample[1])
            result[key] = result.get(key, 0) + round(float(sample[3]) * 1e9)
    if moment is None:
        return None
    result["read"] = (moment, moment + reading)
    return result


def scrape_often(seconds, known):
    """What it says each 5 s, while VMs come and go. Without a guest's books it is not worth it."""
    scrapes, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        with tiny(f"coming-{len(scrapes)}", "--mode", "halt", "--vcpus", "2"):
            time.sleep(SCRAPE)
        said = scrape()
        expect(said, "kvmqd does not answer")
        known.check()
        scrapes.append(said)
    return scrapes


@functools.cache
def throttles_before_the_switch():
    """
    Whether a thread of a group that has run out is taken off its queue before it leaves the CPU, as
    6.18 and later do (throttle_cfs_rq_work in kernel/sched/fair.c). The kernel counts no run from
    then on.
    """
    with open("/proc/kallsyms", encoding="ascii") as file:
        return any(line.split()[2] == "throttle_cfs_rq_work" for line in file)


def check(what, known, guests, key, grown, begin, end):
    """
    What grew between two moments lies between the kernel's counters. A rounded ns is none. A thread
    whose last run is not counted has run for as long as it did not wait, at most. Of each moment,
    begin and end have when its threads were read: from when, and until when.
    """
    low, high = known.bracket(key, begin, end)
    tid, figure = key
    if figure == "run" and tid in guests["scapped"].tids and throttles_before_the_switch():
        waited, _ = known.bracket((tid, "ready"), begin, end)
        high = max(high, round((end[1] - begin[0]) * 1e9) - waited)
    expect(low - 1 <= grown <= high + 1, f"{what} {key}: {grown} is not in {low}..{high}")


def check_scrapes(known, guests, scrapes):
    """Of one start: no counter goes down, and all have grown as the kernel's."""
    expect(len({said["start"] for said in scrapes}) == 1, "it started more than once")
    for earlier, later in zip(scrapes, scrapes[1:]):
        for key, value in earlier.items():
            if isinstance(key, tuple) and key in later:
                expect(later[key] >= value, f"{key} went from {value} to {later[key]}")
    first, last, count = scrapes[0], scrapes[-1], 0
    for name, vm in guests.items():
        for vcpu, tid in enumerate(vm.tids):
            for figure in ("run", "ready"):
                key = (name, vcpu, figure)
                expect(key in first and key in last, f"no metric of {key}")
                check("/metrics", known, guests, (tid, figure), last[key] - first[key],
                      first["read"], last["read"])
                count += 1
    return count


def read_tier(database, suffix):
    """{(run, tid): [((s, s) of day, run, ready)]} of the moments in which a thread's row came."""
    names = {(run, thread): tid for run, thread, tid in database.execute(
        f"SELECT m.run, n.id, n.tid FROM thread_names{suffix} n JOIN moments{suffix} m "
        "ON m.id = n.moment WHERE n.tid NOT NULL")}
    rows = {}
    for run, thread, begin, end, ran, *ready in database.execute(
            f"SELECT m.run, t.id, {THREADS_BEGIN}, {THREADS_END}, t.run_ns, t.ready_wake_ns, "
            f"t.ready_preempt_ns, t.ready_throttled_ns FROM threads{suffix} t "
            f"JOIN moments{suffix} m ON m.id = t.moment "
            "WHERE t.run_ns NOT NULL ORDER BY t.row"):
        tid = names.get((run, thread))
        rows.setdefault((run, tid), []).append(((begin / 1e9, end / 1e9), ran, sum(ready)))
    return rows


def check_tiers(path, known, guests):
    count, oldest = 0, []
    with contextlib.closing(sqlite3.connect(path)) as database:
        expect(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "damaged")
        for suffix, keep in zip(SUFFIXES, KEEPS):
            first, last, moments = database.execute(
                f"SELECT min(realtime_ns), max(realtime_ns), count(*) FROM moments{suffix}").fetchone()
            expect(moments > 1, f"moments{suffix}: {moments}")
            expect((last - first) / 1e9 < 2 * keep, f"moments{suffix}: {(last - first) / 1e9} s")
            oldest.append(first)
            rows = read_tier(database, suffix)
            for (_, tid), series in rows.items():
                if len(series) < 2 or not any(tid in vm.tids for vm in guests.values()):
                    continue
                (begin, *old), (end, *new) = series[0], series[-1]
                for place, figure in enumerate(("run", "ready")):
                    check(f"moments{suffix}", known, guests, (tid, figure),
                          new[place] - old[place], begin, end)
                    count += 1
    expect(oldest[2] <= oldest[1] < oldest[0], f"tiers begin at {oldest}: nothing was thinned")
    return count


def kept():
    """Run and ready time of each tier and of /metrics, beside a kill -9, as schedstat has them."""
    with tempfile.TemporaryDirectory() as folder, mixed_guests() as guests, before_guests(), \
            books(guests) as read:
        path, known = f"{folder}/kvmq.db", Books(read)
        time.sleep(0.5)
        options = ("--recording", path, "--tiers", TIERS, "--budget", "100%", "--socket", "off")
        with kvmqd(*options) as (process, _):
            before = scrape_often(SECONDS / 2, known)
            process.kill()
        with kvmqd(*options):
            after = scrape_often(SECONDS / 2, known)
        time.sleep(1)  # a throttled guest gets its turn
        known.stop()
        expect(after[0]["start"] > before[-1]["read"][0], "it does not say that it counts anew")
        said = sum(check_scrapes(known, guests, scrapes) for scrapes in (before, after))
        rows = check_tiers(path, known, guests)
    return f"{len(before) + len(after)} scrapes, {said} figures of /metrics, {rows} of tiers"


def given_up():
    """What kvmqd has given up, by its metrics: (whether exits are, whether it looks at them)."""
    time.sleep(NEXT_VIEW)
    text = read_metrics()
    expect(text, "/metrics does not answer")
    level = re.search(r"^kvmq_level (\S+)$", text, re.M)
    exits = re.search(r'^kvmq_part_known{part="exits"} (\S+)$', text, re.M)
    return float(level[1]) >= NO_EXITS, exits[1] == "1"


def has_exits(said):
    """The same by the last line of its log about its budget."""
    lines = [line for line in said().splitlines() if line.startswith("kvmqd: budget: ")]
    return not lines or not re.search("exits off|block off", lines[-1])


def storm_of_exits():
    """A guest that does nothing but exit, on all CPUs."""
    return tiny("storm", "--mode", "cpuid", "--burn", "0", "--vcpus", "2", "--pin", "0,1")


def seen(socket):
    """What kvmq-exit shows of the next interval, by the daemon's views."""
    return run(f"{BUILD}/kvmq-exit", "--from", socket, "1", "1")


def storm():
    """Exits that would take five times the budget: given up within 10 s, and back after the storm."""
    with storm_of_exits():
        cost = json.loads(run(f"{BUILD}/kvmq-exit", "--json", "5", "1").splitlines()[-1])["cost"]
    expect(cost["exit_hooks_pct"] >= STORM_PCT, f"it takes {cost['exit_hooks_pct']} % alone")
    with tempfile.TemporaryDirectory() as folder, \
            kvmqd(*STORM_OPTIONS, "--socket", f"{folder}/socket") as (process, said):
        time.sleep(3)  # its start looks as if it would go on to cost as much
        until(lambda: has_exits(said), BACK, "exits are given up before the storm", process)
        expect(given_up() == (False, True), f"before the storm: {given_up()}: {said()[-500:]}")
        with storm_of_exits():
            gone = until(lambda: not has_exits(said), DEGRADED, "nothing is given up", process)
            after, view = given_up(), seen(f"{folder}/socket")
        expect(after == (True, False), f"/metrics does not say it: {after}: {said()[-500:]}")
        expect(NO_ROOM in view, f"its views do not say it: {view[-500:]}")
        back = until(lambda: has_exits(said), BACK, "exits do not come back", process)
        after, view = given_up(), seen(f"{folder}/socket")
        expect(after == (False, True), f"/metrics does not say it: {after}: {said()[-500:]}")
        expect(NO_ROOM not in view, f"its views still say it: {view[-500:]}")
    return (f"{cost['exit_hooks_pct']:.1f} % in the hooks of a storm; given up after {gone:.1f} s, back "
            f"{back:.0f} s after it")
