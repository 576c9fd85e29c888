# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# --timeline: however the tool ends, the file is whole; the lab's reader says so.

refuses 'cpu --timeline=' 2 '--timeline: invalid value' "$cpu" --timeline= 0.1 1
refuses 'cpu --timeline without FILE' 2 'its value is missing' "$cpu" --timeline
needs_bpf 'timelines' || return
refuses 'cpu --timeline into a folder' 1 "'/tmp' is a folder" "$cpu" --timeline /tmp 0.1 1
refuses 'cpu --timeline into no folder' 1 "'/nonexistent/a': No such file" \
	"$cpu" --timeline /nonexistent/a 0.1 1
# Nothing is written to, nor waited at, that somebody put in the way.
mkfifo "$scratch/fifo"
refuses 'cpu --timeline into a FIFO' 1 "/fifo' is no plain file" \
	timeout -s TERM 5 "$cpu" -t "$scratch/fifo" 0.1 1
echo precious > "$scratch/victim"
ln -s victim "$scratch/link"
refuses 'cpu --timeline over a link' 1 "/link' is a symbolic link" "$cpu" -t "$scratch/link" 0.1 1
if [[ $(< "$scratch/victim") == precious ]]; then
	ok 'cpu --timeline leaves what a link points to'
else
	bad 'cpu --timeline leaves what a link points to' 'it was overwritten'
fi
(umask 0 && works 'cpu --timeline mode' "$cpu" -t "$scratch/new" 0.1 1)
if [[ $(stat -c %a "$scratch/new") == 600 ]]; then
	ok 'cpu --timeline is for its owner alone'
else
	bad 'cpu --timeline is for its owner alone' "mode $(stat -c %a "$scratch/new")"
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
# As on a full disk: it has room for 512 bytes.
try sh -c 'trap "" XFSZ; ulimit -f 1; exec "$@" > /dev/null' sh \
	"$cpu" --timeline "$scratch/small" 0.1 1
if one_line 1 "/small': File too large"; then
	ok 'cpu --timeline without room'
else
	bad 'cpu --timeline without room' "$why"
fi

works 'cpu --timeline, events and SIGINT' timeout --preserve-status -s INT 1 \
	"$cpu" -e -t "$scratch/trace" && whole 'cpu --timeline, events and SIGINT'
works 'cpu --timeline --vm' "$cpu" -m "$name-a" -m "$name-b" -t "$scratch/trace" 0.5 1 &&
	whole 'cpu --timeline --vm' \
		'set(t.processes.values()) == {"CPUs", name + "-a", name + "-b"}' \
		'{t.threads[k] for k in t.tracks if k[0] == t.cpus_pid} == {"CPU 0"}' # as --pin says
