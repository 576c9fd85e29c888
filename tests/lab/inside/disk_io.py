# SPDX-License-Identifier: GPL-2.0-only
"""
Scenarios of kvmq-io as the host sees it. Two guests, plain and thread, the latter with an
iothread, are on the same devices, each disk with another way of QEMU's to do I/O.
"""

import os
import statistics

from io_lab import (CGROUPS, MS, Fio, blockstats, cgroup_of, delayed_disk, device_number, disk_stat,
                    layers, measure, monitor, near, null_disk, set_scheduler, us, write)
from kvmq import BUILD, expect, guest, run

AIO = ("threads", "native", "io_uring")
SLOPE_MS = (1, 2, 5)
DELAY_MS = 100  # dm-delay counts jiffies: of 10 ms, one is 40 %
FEW_TAGS, FEW_TAGS_MS = 2, 100
LONG_MS = 200  # what emulation adds in the guest is small beside it
COUNT = 200
VMS = ("plain", "thread")

devices = {}  # what for: name


def start_guests():
    """The devices, and both guests on them."""
    run("modprobe", "kvm-amd")
    for ms in SLOPE_MS:
        devices[ms] = null_disk(f"kvmq{ms}", ms)
    devices["tags"] = null_disk("kvmqtags", FEW_TAGS_MS, FEW_TAGS)
    devices["leaf"] = null_disk("kvmqleaf", 2)
    devices["cached"] = null_disk("kvmqcached", 1)
    devices["long"] = null_disk("kvmqlong", LONG_MS)
    devices["delay"] = delayed_disk("kvmqdelay", devices["leaf"], DELAY_MS)
    # All are of one size: a guest's report is about which of them, the serial number tells.
    common = []
    for ms, aio in zip(SLOPE_MS, AIO):
        common += ["--disk", f"/dev/{devices[ms]},aio={aio},serial=ms{ms}"]
    # A submitter waits for a tag: with threads all do, otherwise one for all.
    common += ["--disk", f"/dev/{devices['tags']},aio=threads,serial=tags",
               "--program", BUILD + "/kvmq-io"]
    guest("start", "plain:1", *common, "--disk", f"/dev/{devices['delay']},serial=delay",
          "--disk", f"/dev/{devices['cached']},cache=writeback,aio=threads,serial=cached",
          "--disk", f"/dev/{devices['long']},serial=long", "--cgroup", "plain", "--cid", "27",
          "--no-wait")
    guest("start", "thread:1", *common, "--iothread", "--cgroup", "thread", "--report-port")
    for vm in VMS:
        guest("wait", vm)
        guest("run", vm, "sh", "-c",
              "for f in /sys/block/vd*/queue/scheduler; do echo none > $f; done")


DISKS = {1: ("disk0", "vda"), 2: ("disk1", "vdb"), 5: ("disk2", "vdc"), "tags": ("disk3", "vdd"),
         "delay": ("disk4", "vde"), "cached": ("disk5", "vdf"), "long": ("disk6", "vdg")}


def fio_on(key, vm="plain", **settings):
    return Fio(vm, DISKS[key][1], **{"count": COUNT, **settings})


def row_of(measured, key, vm="plain", op="read"):
    return measured.row(vm=vm, disk=DISKS[key][0], op=op)


def check_counts(row, count, what):
    """Issued and completed as often as fio says, and no other size than fio's."""
    expect(row["total"]["issued"] == row["total"]["requests"] == row["requests"] == count and
           row["bytes"] == 4096 * count and row["in_flight"] == 0 and row["failed"] == 0,
           f"{what}: fio {count}, {row['total']}, in flight {row['in_flight']}")
    expect(count - row["untimed"] <= row["q_requests"] == row["d_requests"] <= count,
           f"{what}: {row['q_requests']} in Q, {row['d_requests']} in D, fio {count}")


def counts():
    """Each way of QEMU's to do I/O, with and without an iothread: fio's count, to the one."""
    fios = {(vm, key): fio_on(key, vm, depth=4, rw="randrw") for vm in VMS for key in SLOPE_MS}
    before = {key: disk_stat(devices[key]) for key in SLOPE_MS}
    measured = measure((), *fios.values())
    for key in SLOPE_MS:
        kernel = [b - a for a, b in zip(before[key], disk_stat(devices[key]))]
        sums = [sum(getattr(fios[vm, key], what) for vm in VMS) for what in ("reads", "writes")]
        expect(kernel == sums, f"the kernel counts {kernel}, fio {sums}")
    for (vm, key), fio in fios.items():
        for op, count in (("read", fio.reads), ("write", fio.writes)):
            check_counts(row_of(measured, key, vm, op), count, f"{vm} {key} {op}")
    expect(not measured.rows(vm="unknown"), f"rows of nobody: {measured.brief()}")
    return f"{len(fios)} of {sum(fio.reads + fio.writes for fio in fios.values())} requests in all"


def two_vms_one_disk():
    """Both VMs use one device at once: each has its own, and none is the other's."""
    fios = [fio_on(2, vm, depth=4, count=COUNT + 50 * number) for number, vm in enumerate(VMS)]
    measured = measure((), *fios, together=True)
    for fio in fios:
        check_counts(row_of(measured, 2, fio.vm), fio.reads, fio.vm)
    expect(not measured.rows(vm="unknown"), f"rows of nobody: {measured.brief()}")
    return ", ".join(f"{fio.vm} {fio.reads}" for fio in fios)


def shared_io_cgroup():
    """Two VMs in one cgroup cannot be told apart by it: nobody's, and no guess."""
    for vm in VMS:
        cgroup_of(vm, "both")
    try:
        fios = [fio_on(2, vm) for vm in VMS]
        measured = measure((), *fios)
    finally:
        for vm in VMS:
            cgroup_of(vm, vm)
    row = measured.row(vm="unknown", device=devices[2], op="read")
    check_counts(row, sum(fio.reads for fio in fios), "unknown")
    for vm in VMS:
        expect(all(not row["requests"] for row in measured.rows(vm=vm)),
               f"{vm} has some: {measured.brief()}")
    return f"{row['requests']} of nobody, cgroup {row['cgroup']}"


def slope(points):
    """Of the straight line that fits best."""
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    return (sum((x - x_mean) * (y - y_mean) for x, y in points) /
            sum((x - x_mean) ** 2 for x, _ in points))


def latency_slope():
    """D grows as the device's latency does."""
    measured = measure(("--events=0",), *[fio_on(ms) for ms in SLOPE_MS])
    points = []
    for ms in SLOPE_MS:
        exact = [event["d_ns"] for event in measured.events if event["device"] == devices[ms]]
        near(row_of(measured, ms)["d_p50_ns"], statistics.median(exact), 6.5, "the median")
        # A busy machine under the emulation adds to the one and not to the other: one in ten
        # takes what the device takes.
        points.append((ms * MS, statistics.quantiles(exact, n=10)[0]))
    text = f"slope {slope(points):.3f}, D {[us(exact) for _, exact in points]} us"
    expect(0.97 <= slope(points) <= 1.03, text)
    return text


def dm_delay():
    """What stands above the leaf is the VMM's to wait for, not the device's."""
    plain, slow = fio_on(2), fio_on("delay", count=60)
    measured = measure((*monitor("plain"), "-U"), plain, slow)
    low, high = row_of(measured, 2), row_of(measured, "delay")
    check_counts(high, slow.reads, "over dm-delay")
    expect(high["device"] == devices["leaf"], f"the leaf is {high['device']}")
    near(high["d_p50_ns"], low["d_p50_ns"], 13, "D of the leaf, in the same bucket or the next,")
    for layer in ("vmm", "gavg"):
        near(high[layer + "_mean_ns"] - low[layer + "_mean_ns"], DELAY_MS * MS, 5,
             f"{layer} over dm-delay")
    return f"{layers(low)}; over dm-delay {layers(high)}"


def few_tags():
    """More requests than tags: they wait in Q, as long as queueing says, whatever schedules."""
    depth, texts = 8, []
    for scheduler in ("none", "mq-deadline", "bfq"):
        set_scheduler(devices["tags"], scheduler)
        measured = measure(("--events=0",), fio_on("tags", depth=depth, count=64))
        row = row_of(measured, "tags")
        # The first find an emptier queue.
        full = sorted(measured.events, key=lambda event: event["end_clock_ns"])[depth:]
        device = statistics.mean(event["d_ns"] for event in full)
        wait = statistics.mean(event["q_ns"] for event in full)
        wanted = depth * device / FEW_TAGS - device
        texts.append(f"{scheduler}: Q {us(wait)}, D {us(device)}, expected Q {us(wanted)}")
        near(wait, wanted, 10, f"Q with {scheduler} ({layers(row)})")
        near(row["q_mean_ns"], statistics.mean(event["q_ns"] for event in measured.events), 0.1,
             "Q of the row")
    set_scheduler(devices["tags"], "none")
    return "; ".join(texts)


def io_max():
    """A limit of the cgroup's: the wait is THR, and Q stays as it was."""
    per_second, depth = 40, 4
    limit = f"{CGROUPS}/plain/io.max"
    free = row_of(measure((), fio_on(2, depth=depth)), 2)
    write(limit, f"{device_number(devices[2])} riops={per_second}")
    try:
        fio = fio_on(2, depth=depth)
        row = row_of(measure((), fio), 2)
    finally:
        write(limit, f"{device_number(devices[2])} riops=max")
    check_counts(row, fio.reads, "throttled")
    below = row["thr_mean_ns"] * row["thr_requests"] / row["requests"]
    expect(0.8 * fio.clat_ns <= below <= fio.clat_ns,
           f"THR {us(below)}, fio {us(fio.clat_ns)}: {layers(row)}")
    expect(row["q_mean_ns"] <= free["q_mean_ns"] + MS, f"Q: {layers(free)}, then {layers(row)}")
    return f"fio {us(fio.clat_ns)}: {layers(row)}; without {layers(free)}"


def check_vmm(options, source, pct, *keys):
    """VMM of reads and writes of these disks, held against QEMU's own account of them."""
    # Nothing else tells the uprobe's disks apart than how many requests they had.
    before = blockstats("plain")
    fios = [fio_on(key, depth=2, rw="randrw", count=60 + 17 * number)
            for number, key in enumerate(keys)]
    measured = measure(options, *fios)
    after, texts = blockstats("plain"), []
    for key, fio in zip(keys, fios):
        old, new = (stats[DISKS[key][0]] for stats in (before, after))
        for op, at in (("read", 0), ("write", 2)):
            row = row_of(measured, key, op=op)
            count, wanted = new[at] - old[at], (new[at + 1] - old[at + 1]) / (new[at] - old[at])
            expect(row["vmm_requests"] == count == (fio.reads, fio.writes)[at // 2],
                   f"VMM of {key} {op}: {row['vmm_requests']}, QEMU {count}")
            expect(row["vmm_source"] == source, f"VMM is by {row['vmm_source']}")
            near(row["vmm_mean_ns"], wanted, pct, f"VMM of {key} {op}")
            texts.append(f"{us(row['vmm_mean_ns'])} ({us(wanted)})")
    return f"{source} " + ", ".join(texts)


def vmm_exact():
    """VMM is what query-blockstats says: by QMP itself, and by the uprobe."""
    # The trap at the request's end comes before QEMU looks at its clock, and takes emulation
    # more than half a millisecond: the slow disk is the place to look at 1 %.
    return (check_vmm(monitor("plain"), "qmp", 0.1, 1, 2, 5) + "; " +
            check_vmm((*monitor("plain"), "-U"), "uprobe", 1, "tags"))


def gavg():
    """Ring in to ring out lies between QEMU's own measure and fio's, near the former."""
    texts = []
    for depth in (1, 4, 32):
        before = blockstats("plain")["disk6"]
        fio = fio_on("long", depth=depth, count=20 + 10 * depth)
        row = row_of(measure(monitor("plain"), fio), "long")
        after = blockstats("plain")["disk6"]
        own = (after[1] - before[1]) / (after[0] - before[0])
        text = f"QD {depth}: QEMU {us(own)}, GAVG {us(row['gavg_mean_ns'])}, fio {us(fio.lat_ns)}"
        expect(row["gavg_requests"] == fio.reads, f"{text}: of {row['gavg_requests']} requests")
        # What the guest takes from the ring without an interrupt is seen at the next look.
        expect(own <= row["gavg_mean_ns"] <= min(1.15 * own, 1.01 * fio.lat_ns), text)
        expect(row["kavg_mean_ns"] == row["gavg_mean_ns"] - row["d_mean_ns"], f"KAVG: {row}")
        texts.append(text)
    return "; ".join(texts)


def events_io():
    """Each slow request is a line, with its sector, its size and whose it is."""
    first = 1 << 24
    slow = fio_on(5, rw="read", count=12, options=(f"--offset={first}", "--size=48k"))
    quick = fio_on(1, rw="randwrite", count=50)
    measured = measure(("--events=4000",), slow, quick)
    events = [event for event in measured.events if event["device"] == devices[5]]
    expect([(event["sector"], event["bytes"]) for event in events] ==
           [(first // 512 + 8 * number, 4096) for number in range(12)], f"events: {events}")
    for event in events:
        expect((event["vm"], event["disk"], event["op"], event["error"]) ==
               ("plain", "disk2", "read", 0) and event["tid"], f"event: {event}")
        expect(event["d_ns"] >= 5 * MS * 0.99 and event["q_ns"] is not None, f"event: {event}")
    expect(all(event["q_ns"] + event["d_ns"] >= 4 * MS for event in measured.events),
           f"a quick one: {measured.events}")
    measured = measure(("--events=0",), fio_on(1, rw="randwrite", count=50))
    writes = [event for event in measured.events if event["op"] == "write"]
    expect(len(writes) == row_of(measured, 1, op="write")["requests"], f"{len(writes)} of 50 events")
    return f"{len(events)} slow of {slow.reads + quick.writes}, then all {len(writes)}"


def writeback():
    """Through the host's page cache a guest's request is none of the device's: KAVG is n/a."""
    fio = fio_on("cached", rw="randwrite", depth=4)
    measured = measure((*monitor("plain"), "-U"), fio)
    row = row_of(measured, "cached", op="write")
    expect(row["kavg_mean_ns"] is None and row["apart"] == "cached",
           f"KAVG is {row['kavg_mean_ns']}, apart: {row['apart']}")
    expect(row["vmm_requests"] == fio.writes, f"VMM: {row['vmm_requests']}, fio {fio.writes}")
    os.sync()
    return f"apart: {row['apart']}, {layers(row)}"
