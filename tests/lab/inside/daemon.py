# SPDX-License-Identifier: GPL-2.0-only
"""kvmqd: what it keeps in tiers and says as metrics, against the kernel's own counters."""

import contextlib
import os
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from kvmq import BUILD, expect
from starting import Books, before_guests, books, mixed_guests
from tiny import tiny

SECONDS = int(os.environ.get("KEPT_SECONDS", "300"))
SCRAPE = 5  # seconds
TIERS = "1s/30s 5s/90s 20s/5min"
SUFFIXES = ("", "_1", "_2")
KEEPS = (30, 90, 300)
URL = "127.0.0.1:9778"
SAMPLE = re.compile(r'kvmq_vcpu_(run|ready)_seconds_total\{([^}]*)\} (\S+)')
LABEL = re.compile(r'(\w+)="([^"]*)"')


@contextlib.contextmanager
def kvmqd(path):
    """A daemon that measures; whoever has killed it need not end it."""
    process = subprocess.Popen(
        [f"{BUILD}/kvmqd", "--recording", path, "--tiers", TIERS, "--socket", "off", "--listen", URL,
         "--budget", "100%"], stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 120
        while not scrape():
            expect(process.poll() is None, "kvmqd has ended")
            expect(time.monotonic() < end, "kvmqd says nothing for two minutes")
            time.sleep(0.5)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        said = process.communicate(timeout=60)[1]
    expect(process.returncode in (0, -9), f"kvmqd: status {process.returncode}: {said[-500:]}")


def scrape():
    """{"moment": s, "start": s, (domain, vcpu, "run" | "ready"): ns}, or None: it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{URL}/metrics", timeout=60) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None
    result = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name == "kvmq_moment_time_seconds":
            result["moment"] = float(value)
        elif name == "kvmq_start_time_seconds":
            result["start"] = float(value)
        sample = SAMPLE.fullmatch(line)
        if sample:
            labels = dict(LABEL.findall(sample[2]))
            key = (labels["domain"], int(labels["vcpu"]), sample[1])
            result[key] = result.get(key, 0) + round(float(sample[3]) * 1e9)
    return result if "moment" in result else None


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


def check(what, known, key, grown, begin, end):
    """What grew between two moments lies between the kernel's counters. A rounded ns is none."""
    low, high = known.bracket(key, (begin, begin), (end, end))
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
                check("/metrics", known, (tid, figure), last[key] - first[key], first["moment"],
                      last["moment"])
                count += 1
    return count


def read_tier(database, suffix):
    """{(run, tid): [(time of day, run, ready)]} of the moments in which a thread's row came."""
    names = {(run, thread): tid for run, thread, tid in database.execute(
        f"SELECT m.run, n.id, n.tid FROM thread_names{suffix} n JOIN moments{suffix} m "
        "ON m.id = n.moment WHERE n.tid NOT NULL")}
    rows = {}
    for run, thread, realtime, ran, *ready in database.execute(
            "SELECT m.run, t.id, m.realtime_ns, t.run_ns, t.ready_wake_ns, t.ready_preempt_ns, "
            f"t.ready_throttled_ns FROM threads{suffix} t JOIN moments{suffix} m ON m.id = t.moment "
            "WHERE t.run_ns NOT NULL ORDER BY t.row"):
        tid = names.get((run, thread))
        rows.setdefault((run, tid), []).append((realtime / 1e9, ran, sum(ready)))
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
                    check(f"moments{suffix}", known, (tid, figure), new[place] - old[place], begin,
                          end)
                    count += 1
    expect(oldest[2] <= oldest[1] < oldest[0], f"tiers begin at {oldest}: nothing was thinned")
    return count


def kept():
    """Run and ready time of each tier and of /metrics, beside a kill -9, as schedstat has them."""
    with tempfile.TemporaryDirectory() as folder, mixed_guests() as guests, before_guests(), \
            books(guests) as read:
        path, known = f"{folder}/kvmq.db", Books(read)
        time.sleep(0.5)
        with kvmqd(path) as process:
            before = scrape_often(SECONDS / 2, known)
            process.kill()
        with kvmqd(path):
            after = scrape_often(SECONDS / 2, known)
        time.sleep(1)  # a throttled guest gets its turn
        known.stop()
        expect(after[0]["start"] > before[-1]["moment"], "it does not say that it counts anew")
        said = sum(check_scrapes(known, guests, scrapes) for scrapes in (before, after))
        rows = check_tiers(path, known, guests)
    return f"{len(before) + len(after)} scrapes, {said} figures of /metrics, {rows} of tiers"
