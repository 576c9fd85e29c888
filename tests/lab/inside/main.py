# SPDX-License-Identifier: GPL-2.0-only
"""
Runs in the lab's host, as root: all scenarios, in an order that needs one boot and
few guests. Prints "ok" or "not ok" with the name of each. Arguments: --nodes 4 for
those of a host with four nodes, --disks for those of kvmq-io or --scx for those that
apply under a sched_ext scheduler, and names of scenarios to run; none runs those that
plan.py has for this kernel.
"""

import concurrent.futures
import os
import sys
import time
import traceback

import emulation
import plan
from kvmq import Failed, Tool


def run_scenario(scenario):
    """Whether it passed, told in one line."""
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
    return False


def run_group(scenarios):
    """Scenarios at the same time; whether all passed."""
    with concurrent.futures.ThreadPoolExecutor(len(scenarios)) as pool:
        passed = all(list(pool.map(run_scenario, scenarios)))
    if not passed:
        for process in Tool.running:  # what a scenario could not stop
            process.kill()
            process.wait()
    return passed


def run_stage(setup, groups):
    if not groups:
        return True
    begin = time.monotonic()
    if setup:
        try:
            setup()
        except Exception as problem:  # then the scenarios say what they miss
            print(f"{setup.__name__}: {problem}", flush=True)
        print(f"{setup.__name__}: {time.monotonic() - begin:.0f} s", flush=True)
    return all([run_group(group) for group in groups])


def main():
    stages = plan.stages_of(sys.argv[1:])
    print("plan:", *[s.__name__ for _, groups in stages for group in groups for s in group],
          flush=True)
    watch = emulation.Watch(crowded="kept" in sys.argv)
    passed = all([run_stage(*stage) for stage in stages])
    fault = watch.verdict()
    if fault:
        print(f"emulation fault: {fault}", flush=True)
    sys.exit(0 if passed else 1)


main()
