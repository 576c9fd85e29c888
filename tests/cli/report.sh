# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# kvmq-report, and --html of kvmq-diff: what they refuse, and how large a page may get.
# tests/golden/html has what the pages show.

report=$build/kvmq-report
diff=$build/kvmq-diff
tests/golden/diff-scene 500 > "$scratch/scene"
if ! "$build/tests/test_golden" kvmq-cpu "$scratch/scene" "$scratch/run"; then
	bad 'report: recording' none
	return
fi

# is_refused NAME STATUS TEXT COMMAND...: and $scratch/page holds what it held
is_refused() {
	refuses "$@"
	[[ $(cat "$scratch/page" 2> /dev/null) == mine ]] || bad "$1: the page" 'other than before'
}

echo mine > "$scratch/page"
refuses 'report without --from' 2 '--from: missing' "$report" --html "$scratch/none"
refuses 'report without --html' 2 '--html: missing' "$report" --from "$scratch/run"
refuses 'report: an operand' 2 "'5': " "$report" --from "$scratch/run" --html "$scratch/none" 5
is_refused 'report: text' 1 'no recording' "$report" -f "$scratch/scene" --html "$scratch/page"
is_refused 'report: no such VM' 3 'no VM' "$report" -f "$scratch/run" --html "$scratch/page" -m nosuch
is_refused 'report: no such time' 1 'at that time' \
	"$report" -f "$scratch/run" --html "$scratch/page" --until '2001-01-01 00:00'
is_refused 'diff: --html, text' 3 'no recording' "$diff" --html "$scratch/page" "$scratch/scene" -- "$scratch/run"
ln -s "$scratch/page" "$scratch/link"
is_refused 'report: a link' 1 'symbolic link' "$report" -f "$scratch/run" --html "$scratch/link"
is_refused 'diff: a link' 125 'symbolic link' "$diff" --html "$scratch/link" "$scratch/run" -- "$scratch/run"

# Nothing that is read is written over.
cp "$scratch/run" "$scratch/copy"
refuses 'report: the recording as a page' 1 'what is read' "$report" -f "$scratch/copy" --html "$scratch/copy"
refuses 'diff: a recording as the page' 125 'what is read' \
	"$diff" --html "$scratch/copy" "$scratch/run" -- "$scratch/copy"
if cmp -s "$scratch/run" "$scratch/copy"; then
	ok 'a recording stays what it was'
else
	bad 'a recording stays what it was' 'it was written to'
fi

try "$report" --from "$scratch/run" --html "$scratch/page"
if ((!status)) && [[ ! -s $scratch/out && ! -s $scratch/err && $(tail -n 1 "$scratch/page") == '</html>' ]]; then
	ok 'report: a page'
else
	bad 'report: a page' "exit status $status"
fi
if [[ -e /dev/full ]]; then
	refuses 'report: no plain file' 1 'no plain file' "$report" --from "$scratch/run" --html /dev/full
fi

# many VMS MOMENTS: a scene
many() {
	local moment vm

	for ((moment = 0; moment < $2; moment++)); do
		echo view
		echo "moments time_ns=$((1000 + moment))000000000 realtime_ns=$((1763935200 + moment))000000000 end_ns=$((1000 + moment))000000000"
		echo 'host name=kvm1 kernel=6.12 cpus=4'
		for ((vm = 1; vm <= $1; vm++)); do
			echo "vms pid=$vm start_ns=1 name=vm-$vm chosen=1"
			echo "thread_names id=$vm vm_pid=$vm vm_start_ns=1 tid=$vm is_vcpu=1 comm=CPU"
			echo "threads id=$vm elapsed_ns=$((10 + moment))000000000 ready_preempt_ns=$((moment * vm))00000 run_ns=5000000000"
			((moment)) && echo "blame victim=$vm kind=4 comm=p-$vm cgroup=c-$vm ns=$((moment * vm))0000"
		done
	done
}
many 300 4 > "$scratch/scene"
"$build/tests/test_golden" kvmq-cpu "$scratch/scene" "$scratch/many"
try "$report" --from "$scratch/many" --html "$scratch/large"
size=$(stat -c %s "$scratch/large" 2> /dev/null)
if ((!status && size < 200000)) && grep -q '260 more VMs' "$scratch/large" && grep -q '200 more VMs' "$scratch/large" &&
	grep -q '293 others' "$scratch/large"; then
	ok 'report: 300 VMs on a page'
else
	bad 'report: 300 VMs on a page' "exit status $status, $size bytes"
fi
try "$diff" --html "$scratch/large" "$scratch/many" -- "$scratch/many"
if ((status == 3)) && [[ $(cat "$scratch/err") == *'--role'* ]]; then
	ok 'diff: 300 VMs are too many'
else
	bad 'diff: 300 VMs are too many' "exit status $status"
fi
