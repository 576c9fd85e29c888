# SPDX-License-Identifier: GPL-2.0-only
"""
Runs in the lab's host, as root: all scenarios, in an order that
needs one boot and few guests. Prints "ok", "not ok" or "skip" with the name of
each scenario. Arguments: names of scenarios to run, with what they need left to
the caller; none runs all.
"""

import os
import sys
import time
import traceback

import emulation
import exits
import living
import measuring
from kvmq import Failed, Tool, expect, guest, run


def calm():
    """The guests' vCPUs halt: what follows needs no load, and is faster without."""
    for name in ("web", "db"):
        guest("workload", name, "idle")
    return "web and db are idle"


def toggle_alone():
    """
    Leaves one guest that sleeps and wakes, on a CPU that is otherwise idle: what
    the host itself has to do, which takes emulation long, is left to the other.
    """
    for line in guest("list").splitlines():
        run("lab-guest", "stop", line.split()[0], check=False)  # or it is killed
    os.sched_setaffinity(0, {0})  # the tools that are started, too
    with open("/sys/devices/virtual/workqueue/cpumask", "w", encoding="ascii") as file:
        file.write("1")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().startswith(("kcompactd", "kswapd", "khugepaged", "ksmd")):
                    os.sched_setaffinity(int(pid), {0})
        except OSError:
            pass  # it has ended
    guest("start", "tog:1:toggle", "--cpus", "1")
    return "tog on CPU 1"


def rows_add_up():
    """All rows of all reports above were held against 100 +- 0.1 %."""
    expect(Tool.rows_checked > 100, f"only {Tool.rows_checked} rows")
    return f"{Tool.rows_checked} rows"


def kernel_is_quiet():
    """Nothing in the kernel's log speaks of a fault."""
    bad = [line for line in run("dmesg").splitlines()
           if any(word in line for word in ("BUG:", "WARNING:", "Oops", "scheduling while atomic",
                                            "possible recursive locking"))]
    expect(not bad, "; ".join(bad[:3]))
    return "dmesg"


SCENARIOS = [
    living.kvm_loaded_later,
    measuring.exact,
    measuring.vm_sums,
    measuring.events,
    measuring.preempted,
    measuring.steal,
    calm,
    living.filtered,
    living.few_privileges,
    living.dropped,
    living.doctor,
    living.reboot,
    living.paused,
    living.hotplug,
    living.killed,
    exits.counted,
    exits.add_up,
    exits.port_writes,
    exits.slow_vmm,
    exits.halted,
    exits.exit_events,
    toggle_alone,
    measuring.toggling,
    living.threads,
    living.short_lived,
    living.leaves_nothing,
    rows_add_up,
    kernel_is_quiet,
]


def run_scenario(scenario):
    name = f"{os.environ.get('LAB_KERNEL', os.uname().release)} {scenario.__name__}"
    begin = time.monotonic()
    try:
        text = scenario()
        print(f"ok {name}: {text} ({time.monotonic() - begin:.0f} s)", flush=True)
        return True
    except (Failed, AssertionError) as problem:
        print(f"not ok {name}: {problem}", flush=True)
    except Exception as problem:  # a fault of the test itself fails it, too
        where = traceback.extract_tb(problem.__traceback__)[-1]
        print(f"not ok {name}: {type(problem).__name__}: {problem} " +
              f"({os.path.basename(where.filename)}:{where.lineno})", flush=True)
    for process in Tool.running:  # what the scenario could not stop
        process.kill()
        process.wait()
    return False


def main():
    wanted = sys.argv[1:]
    chosen = [s for s in SCENARIOS if not wanted or s.__name__ in wanted]
    watch = emulation.Watch()
    passed = all([run_scenario(s) for s in chosen])
    fault = watch.verdict()
    if fault:
        print(f"emulation fault: {fault}", flush=True)
    sys.exit(0 if passed else 1)


main()
