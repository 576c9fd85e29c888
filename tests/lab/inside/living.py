# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios about VMs that come, change and go, and about the tool's own life."""

import json
import os
import re
import signal
import subprocess
import time

import scx
from kvmq import BUILD, Tool, expect, guest, guest_pid, run, vcpus


def wait_for(tool, condition, what, reports=40):
    """Reports until one fulfils condition; returns it. Old ones are not counted."""
    report = None
    while reports:
        report = tool.report()
        if condition(report):
            return report
        reports -= not tool.pending()
    seen = sorted({(row["vm"], row["vcpu"]) for row in report["rows"]}, key=str)
    raise AssertionError(f"{what}: not in {reports} reports; last rows: {seen}")


def kvm_loaded_later():
    """The tool runs before kvm is loaded and a VM exists; then it finds both."""
    expect(not os.path.exists("/sys/module/kvm"), "kvm is loaded already")
    done = subprocess.run([BUILD + "/kvmq-exit", "1", "1"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 3 and done.stderr.count("\n") == 1 and "not loaded" in done.stderr,
           f"kvmq-exit without KVM: status {done.returncode}, {done.stderr!r}")
    tool = Tool("1")
    expect(tool.report()["rows"] == [], "rows without a VM")
    run("modprobe", "kvm-amd")
    guest("start", "web:2:busy", "--no-wait")
    guest("start", "db:2:busy", "--no-wait")
    guest("wait", "web")
    guest("wait", "db")
    report = wait_for(tool, lambda r: len(vcpus(r)) == 4, "4 vCPUs")
    tool.stop()
    expect(set(vcpus(report)) == {("web", 0), ("web", 1), ("db", 0), ("db", 1)},
           f"rows: {set(vcpus(report))}")
    for (vm, _), row in vcpus(report).items():
        expect(row["vm_pid"] == guest_pid(vm), f"{vm}: PID {row['vm_pid']}")
        expect(f"CPU {row['vcpu']}/KVM" == row["thread"], f"{vm}: {row['thread']}")
    return "web and db, by name and number"


def filtered():
    """--vm by name and by PID, several, and none such."""
    for argument in ("web", str(guest_pid("web"))):
        tool = Tool("-m", argument, "1")
        report = tool.report()
        tool.stop()
        expect(set(vcpus(report)) == {("web", 0), ("web", 1)}, f"-m {argument}: {vcpus(report)}")
    done = subprocess.run([BUILD + "/kvmq-cpu", "-m", "nobody", "1", "1"], capture_output=True,
                          text=True, check=False)
    expect(done.returncode == 3 and len(done.stderr.splitlines()) == 1,
           f"no such VM: status {done.returncode}, {done.stderr!r}")
    return "name, PID, none such"


def hotplug():
    """A vCPU that is added while the tool runs."""
    tool = Tool("-m", "web", "1")
    tool.report()
    guest("hotplug", "web")
    report = wait_for(tool, lambda r: len(vcpus(r)) == 3, "a third vCPU")
    tool.stop()
    expect(set(vcpus(report)) == {("web", 0), ("web", 1), ("web", 2)}, str(set(vcpus(report))))
    return "vCPU 2"


def reboot():
    """A guest's reboot: the same vCPU threads, so the same rows."""
    tool = Tool("-m", "db", "1")
    before = vcpus(tool.report())
    guest("reboot", "db")
    after = vcpus(tool.report())
    tool.stop()
    expect({k: r["tid"] for k, r in before.items()} == {k: r["tid"] for k, r in after.items()},
           f"{before.keys()} became {after.keys()}")
    for name, row in after.items():
        expect(row["total"]["run_ns"] > before[name]["total"]["run_ns"], f"{name} went back")
    return f"{len(after)} vCPUs kept"


def paused():
    """A paused VM: no vCPU runs. A tool that starts meanwhile finds them where they wait."""
    tool = Tool("-m", "db", "1")
    tool.report()
    guest("qmp", "db", '{"execute":"stop"}')
    try:
        report = wait_for(tool, lambda r: all(row["block_pct"] > 99 for row in r["rows"]), "BLOCK")
        second = Tool("-m", "db", "1")
        found = second.report()["rows"]
    finally:
        guest("qmp", "db", '{"execute":"cont"}')
    expect(len(report["rows"]) == 2, f"{len(report['rows'])} rows")
    expect(sorted(row["vcpu"] for row in found) == [0, 1], f"found meanwhile: {found}")
    expect(all(row["block_pct"] > 99 for row in found), f"a paused VM's vCPUs run? {found}")
    wait_for(second, lambda r: all(row["block_pct"] < 99 for row in r["rows"]), "the pause's end")
    tool.stop()
    second.stop()
    return "BLOCK 100 %, and back"


def threads():
    """--by thread: the emulator's threads and a vhost worker, with waits of their own."""
    run("modprobe", "vhost_vsock")
    guest("start", "vs:1:idle", "--cid", "77")
    pid = guest_pid("vs")
    tool = Tool("-b", "thread", "-m", "vs", "1")
    report = wait_for(tool, lambda r: any(row["thread"].startswith("vhost-")
                                          for row in r["rows"]), "a vhost thread")
    guest("qmp", "vs", '{"execute":"query-status"}')  # gives the main thread work
    report = wait_for(tool, lambda r: any(row["tid"] == pid and row["total"]["waits"]
                                          for row in r["rows"]), "the main thread's waits")
    tool.stop()
    expect(all(row["vm"] == "vs" and row["vm_pid"] == pid for row in report["rows"]),
           "a thread of another VM")
    tids = [row["tid"] for row in report["rows"]]
    expect(len(tids) == len(set(tids)), f"a thread twice: {tids}")
    names = sorted({row["thread"] for row in report["rows"]})
    guest("stop", "vs")
    return ", ".join(names)


def killed():
    """kill -9 of a VM: its rows are gone after the interval that it died in."""
    tool = Tool("1")
    wait_for(tool, lambda r: any(row["vm"] == "db" for row in r["rows"]), "db")
    os.kill(guest_pid("db"), signal.SIGKILL)
    report = wait_for(tool, lambda r: all(row["vm"] != "db" for row in r["rows"]), "no db")
    tool.stop()
    expect(any(row["vm"] == "web" for row in report["rows"]), "web is gone, too")
    return "no stale row"


def short_lived():
    """200 VMs that live for a second or less: each by its name, none left, none lost."""
    tool = Tool("1")
    tool.report()
    vmm = subprocess.Popen([BUILD + "/vmm", "--name", "brief", "--spawn", "200", "--parallel", "8",
                            "--lifetime", "0.2", "--mode", "busy"],
                           stdout=subprocess.PIPE, text=True)
    output, _ = vmm.communicate(timeout=400)
    expect(vmm.returncode == 0, f"vmm: status {vmm.returncode}")
    tids = {}
    for pid, tid, name in re.findall(r"^ready pid=(\d+) tids=(\d+) name=(\S+)", output, re.M):
        tids[int(tid)] = (int(pid), name)
    expect(len(tids) == 200, f"vmm started {len(tids)} VMs")
    seen = {}
    while tool.pending():
        seen.update(row_names(tool.report(), tids))
    last = None
    for _ in range(3):  # the interval of the last ones' end, and one that is empty
        last = tool.report()
        seen.update(row_names(last, tids))
    left = [row for row in last["rows"] if row["tid"] in tids]
    rest = tool.stop()
    for report in rest:
        seen.update(row_names(report, tids))
    expect(not left, f"stale rows: {left[:3]}")
    lost = last["losses"]["threads"] + last["losses"]["torn"]
    expect(len(seen) + lost >= 200, f"{len(seen)} of 200 VMs seen, losses {last['losses']}")
    late = 0
    for tid, (pid, name) in seen.items():
        # One that was gone before /proc could be read is called by comm and PID.
        late += name == f"{tids[tid][1]}-{pid}"
        expect(tids[tid] == (pid, name.removesuffix(f"-{pid}")),
               f"thread {tid}: {pid} {name}, not {tids[tid]}")
    slots = tool.message("slots used at once")
    used = int(re.search(r"at most (\d+)", slots).group(1))
    expect(used < 150, f"slots are not given back: {slots}")
    expect(late < 20, f"{late} of 200 VMs were named too late")
    return f"{len(seen)} seen, {late} by comm and PID, {lost} lost, {used} slots"


def row_names(report, tids):
    return {row["tid"]: (row["vm_pid"], row["vm"]) for row in report["rows"]
            if row["tid"] in tids}


def bpf_objects():
    """What bpftool shows of kvmq's programs, maps and links."""
    names = ("sched_switch", "sched_process_e", "sched_scan", "sched_progress", "free_slots",
             "sched_bp.bss")
    found = []
    programs = set()
    for program in json.loads(run("bpftool", "-j", "prog", "list")):
        if program.get("name") in names:
            found.append(f"prog {program['name']}")
            programs.add(program["id"])
    found += [f"map {m['name']}" for m in json.loads(run("bpftool", "-j", "map", "list"))
              if m.get("name") in names]
    found += [f"link {link['id']}" for link in json.loads(run("bpftool", "-j", "link", "list"))
              if link.get("prog_id") in programs]
    return found


def wait_until_gone():
    """The kernel frees programs after a grace period."""
    left = None
    for _ in range(60):
        left = bpf_objects()
        if not left:
            return
        time.sleep(0.5)
    raise AssertionError(f"left: {left}")


def leaves_nothing():
    """kill -9 of the tool: no program, map or link is left behind."""
    wait_until_gone()  # of the tool before
    tool = Tool("1")
    tool.report()
    expect(len(bpf_objects()) >= 6, f"while it runs only {bpf_objects()}")
    tool.process.kill()
    tool.process.wait()
    wait_until_gone()
    return "programs, maps and links are gone"


def few_privileges():
    """CAP_BPF and CAP_PERFMON are enough; the one that lacks is named."""
    base = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    caps = ["--inh-caps", "-all,+bpf,+perfmon", "--ambient-caps", "-all,+bpf,+perfmon"]
    done = subprocess.run(base + caps + [BUILD + "/kvmq-cpu", "-j", "0.5", "2"],
                          capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"status {done.returncode}: {done.stderr.strip()}")
    report = json.loads(done.stdout.splitlines()[-1])
    expect(any(row["vm"] == "web" for row in report["rows"]), "it did not see web")
    caps = ["--inh-caps", "-all,+bpf", "--ambient-caps", "-all,+bpf"]
    done = subprocess.run(base + caps + [BUILD + "/kvmq-cpu", "0.5", "1"], capture_output=True,
                          text=True, check=False)
    expect(done.returncode == 3 and "CAP_PERFMON" in done.stderr and
           "CAP_BPF" not in done.stderr and len(done.stderr.splitlines()) == 1,
           f"status {done.returncode}: {done.stderr.strip()}")
    return "as nobody; CAP_PERFMON named"


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def dropped():
    """Once attached each tool holds CAP_BPF, and what reading takes, as nobody's user, and no way back."""
    allowed = 1 << 39 | 1 << 19 | 1 << 2  # CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH
    programs = ("kvmq-cpu", "kvmq-exit", "kvmq-numa", "kvmq-io")
    for program in programs[:1] if os.uname().release.startswith("5.10.") else programs:
        with subprocess.Popen([f"{BUILD}/{program}", "-j", "1"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as tool:
            tool.stdout.readline()
            status = status_of(tool.pid)
            tool.send_signal(signal.SIGINT)
            _, said = tool.communicate(timeout=120)
        expect(tool.returncode == 0 and not said, f"{program}: {tool.returncode}, {said!r}")
        for key in ("CapEff", "CapPrm"):
            expect(int(status[key], 16) == allowed, f"{program}: {key} is {status[key]}")
        for key in ("CapInh", "CapBnd", "CapAmb"):
            expect(not int(status[key], 16), f"{program}: {key} is {status[key]}")
        expect((status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), f"{program}: {status}")
        expect(int(status["Uid"].split()[0]) > 1 << 30, f"{program}: user {status['Uid']}")
    return f"CapEff {status['CapEff']}, user {status['Uid'].split()[0]}"


def doctor():
    """kvmq-doctor: works in full, but for what 5.10 or sched_ext has not got, and lists the VMs."""
    subprocess.run(["modprobe", "vhost_vsock"], check=True)
    done = subprocess.run([BUILD + "/kvmq-doctor", "-j"], capture_output=True, text=True,
                          check=False)
    found = json.loads(done.stdout)
    lacking = {(tool["tool"], check["what"]) for tool in found["tools"]
               for check in tool["checks"] if check["status"] != "works"}
    expect((done.returncode == 0) == (not lacking), f"status {done.returncode}: {lacking}")
    release = os.uname().release
    if release.startswith("5.10."):  # no atomic operations, no BTF of kvm
        known = {what for what in lacking if what[0] in ("kvmq-exit", "kvmq-numa", "kvmq-io")}
        known.add(("kvmq-cpu", "vCPUs of a VM at the same time"))
        expect(lacking == known and len(known) > 1, f"lacking: {lacking}")
        expect(("kvmq-io", "hook block_bio_queue") in known, f"lacking: {lacking}")
        lacking = set()
    elif "-rt-" in release:  # CONFIG_NUMA_BALANCING and real time exclude each other
        known = {("kvmq-numa", what) for what in ("NUMA balancing", "hook of hint faults",
                                                  "hook of migrations")}
        expect(lacking == known, f"lacking: {lacking}")
        lacking = set()
    elif scx.Scheduler.process:
        expect(lacking == {("kvmq-numa", "NUMA balancing")}, f"lacking: {lacking}")
        lacking = set()
    expect(not lacking, f"lacking: {lacking}")
    expect({"web"} <= {vm["vm"] for vm in found["vms"]}, f"VMs: {found['vms']}")
    return f"{sum(len(t['checks']) for t in found['tools'])} checks"
