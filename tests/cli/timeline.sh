# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# --timeline: however the tool ends, the file is whole; the lab's reader says so.

refuses 'cpu --timeline=' 2 '--timeline: .. is no such value' "$cpu" --timeline= 0.1 1
refuses 'cpu --timeline without FILE' 2 'its value is missing' "$cpu" --timeline
needs_bpf 'timelines' || return
refuses 'cpu --timeline into a folder' 1 "'/tmp': Is a directory" "$cpu" --timeline /tmp 0.1 1
refuses 'cpu --timeline into no folder' 1 "'/nonexistent/a': No such file" \
	"$cpu" --timeline /nonexistent/a 0.1 1
try "$cpu" --timeline /dev/full 0.1 1
if one_line 1 "'/dev/full': No space left"; then
	ok 'cpu --timeline into a full device'
else
	bad 'cpu --timeline into a full device' "$why"
fi

# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms 'timelines of VMs' || return

# whole NAME [EXPRESSION...]: of the trace t
whole() {
	if why=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab/inside python3 - "$scratch/trace" \
		"$name" "${@:2}" 2>&1 << 'PYTHON'
import sys
from trace import Trace
path, name, *expressions = sys.argv[1:]
t = Trace(path)
t.check(hidden_switches=True)
for vm, vcpus in (("-a", {"vCPU 0", "vCPU 1"}), ("-b", {"vCPU 0"})):
    threads = t.threads_of(name + vm)
    assert {n for n in threads if n.startswith("vCPU")} == vcpus, threads
for expression in expressions:
    assert eval(expression), expression
PYTHON
	); then
		ok "$1"
	else
		bad "$1" "$(tail -1 <<< "$why")"
	fi
}

works 'cpu --timeline INTERVAL COUNT' "$cpu" --timeline "$scratch/trace" 0.5 2 &&
	whole 'cpu --timeline INTERVAL COUNT' \
		't.other["end_clock_ns"] - t.other["begin_clock_ns"] >= 980e6'
[[ -s $scratch/out ]] || bad 'cpu --timeline beside the table' 'no table'
works 'cpu --timeline -- COMMAND' "$cpu" -j -b thread -t "$scratch/trace" -- sleep 0.5 &&
	whole 'cpu --timeline -- COMMAND' \
		'{p["name"] for p in t.tracks[t.threads_of(name + "-b")["vCPU 0"]]} >= {"run", "halt"}'
works 'cpu --timeline, events and SIGINT' timeout --preserve-status -s INT 1 \
	"$cpu" -e -t "$scratch/trace" && whole 'cpu --timeline, events and SIGINT'
works 'cpu --timeline --vm' "$cpu" -m "$name-a" -m "$name-b" -t "$scratch/trace" 0.5 1 &&
	whole 'cpu --timeline --vm' \
		'set(t.processes.values()) == {"CPUs", name + "-a", name + "-b"}' \
		'{t.threads[k] for k in t.tracks if k[0] == t.cpus_pid} == {"CPU 0"}' # as --pin says
