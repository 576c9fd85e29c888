# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Each option on two real VMs.

. tests/cli/vms.sh
start_vms 'options on VMs' || return

works '--vm NAME' "$cpu" -j -m "$name-a" 0.2 1 && holds '--vm NAME' "$only_a" 'len(rows) == 2'
works '--vm PID' "$cpu" -j -m "$pid_a" 0.2 1 && holds '--vm PID' "$only_a" 'len(rows) == 2'
works '--vm twice' "$cpu" -j -b vm -m "$name-a" --vm="$name-b" 0.2 1 &&
	holds '--vm twice' "[row['vm'] for row in rows] == ['$name-a', '$name-b']"
refuses '--vm of one that is and one that is not' 3 "no VM 'kvmq-nosuch' " \
	"$cpu" -m "$name-a" -m kvmq-nosuch 0.2 1
start_vm -twin1 --mode halt --wait 2000 --name "$name-twin"
twins=$name-twin-${started[-1]}
start_vm -twin2 --mode halt --wait 2000 --name "$name-twin"
twins+=" $name-twin-${started[-1]}"
works 'two VMs of one name' "$cpu" -j -b vm -m "$name-twin" 0.2 2 &&
	holds 'two VMs of one name' "sorted(row['vm'] for row in last['rows']) == sorted('$twins'.split())"
works '--vm of one of two' "$cpu" -j -b vm -m "${twins##* }" 0.2 2 &&
	holds '--vm of one of two' "[row['vm_pid'] for row in last['rows']] == [${started[-1]}]"
# A vCPU that is in its VMM nearly all the time, and is never interrupted in its guest.
start_vm -vmm --mode pio --burn 100 --wait 300000
for tool in cpu exit numa; do
	works "$tool: a vCPU in its VMM" "$build/kvmq-$tool" -j -b vcpu -m "$name-vmm" 0.4 1 &&
		holds "$tool: a vCPU in its VMM" '[row["vcpu"] for row in rows] == [0]' \
			'rows[0]["elapsed_ns"] >= last["interval_ns"] / 2'
done
works '--by thread' "$cpu" -j -b thread -m "$name-a" 0.2 1 &&
	holds '--by thread' "$only_a" "{$tids_a} <= {row['tid'] for row in rows}"
works '--top' "$cpu" -j -n 1 0.2 1 && holds '--top' 'len(rows) == 1' 'last["vms"] >= 2'
works '--sort' "$cpu" -j -s RUN 0.2 1 &&
	holds '--sort' 'len(rows) > 2' '[row["run_pct"] for row in rows] ==
		sorted((row["run_pct"] for row in rows), reverse=True)'
if works '--json by its schema' "$cpu" -j -H -e 0.5 2; then
	cp "$scratch/out" "$scratch/kvmq-cpu --json --hist --events"
	tests/golden/validate "$scratch/kvmq-cpu --json --hist --events" || failed=1
fi

# kvmq-exit says in one line if this host's KVM traces no entries and exits; what a
# vCPU does off the CPU it shows all the same.
try "$exits" -j -H -e -m "$name-a" 0.5 2
if ((status == 0)) && { [[ ! -s $scratch/err ]] || one_line 0 'warning: %GUEST'; }; then
	holds 'exit on VMs' 'lines and all(line["vm"] == "'"$name-a"'" for line in lines
		if line["schema"] == "kvmq.exit.event/1")' \
		'[len(line["rows"]) for line in lines if line["schema"] == "kvmq.exit/1"] == [2, 2]'
	cp "$scratch/out" "$scratch/kvmq-exit --json --hist --events"
	tests/golden/validate "$scratch/kvmq-exit --json --hist --events" || failed=1
else
	bad 'exit on VMs' "exit status $status"
fi

works 'numa on VMs' "$numa" -j -m "$name-a" 0.3 2 &&
	holds 'numa on VMs' "$only_a" 'len(rows) == 2 and rows[0]["memory_bytes"] > 0' \
		'rows[0]["residency_split"] and rows[0]["memory_size_bytes"] >= rows[0]["memory_bytes"]' \
		'sum(rows[0]["run_node_ns"]) == rows[0]["run_ns"]'
if works 'numa by its schema' "$numa" -j -e -b vcpu 0.3 2; then
	cp "$scratch/out" "$scratch/kvmq-numa --json --events"
	tests/golden/validate "$scratch/kvmq-numa --json --events" || failed=1
fi

# Two busy vCPUs on one CPU wait for each other, sooner or later.
try bash -c "set -o pipefail; '$cpu' -e -m $name-a | head -2"
if [[ $(sed -n 1p "$scratch/out") == 'TIME '* && $(sed -n 2p "$scratch/out") == *" $name-a "* ]]; then
	ok '--events'
else
	bad '--events' 'no header and event'
fi
# An event is shown before its wait is counted in an interval, but for those that the
# next interval shows, and those whose arrival was hidden and made up for.
works '--events --json' "$cpu" -j -e -m "$name-a" 0.5 3 &&
	holds '--events --json' "all(event['vm'] == '$name-a' and event['tid'] in [$tids_a] and
		event['queued_clock_ns'] <= event['run_clock_ns'] for event in events)" \
		'len(intervals) == 3 and (last["losses"]["events"] or
		sum(row["total"]["waits"] for row in intervals[1]["rows"]) - last["losses"]["missed"]
		<= len(events) <= sum(row["total"]["waits"] for row in last["rows"]))'
works '--events=USEC' "$cpu" -j -e2000 -m "$name-a" 1 1 &&
	holds '--events=USEC' 'all(event["wait_ns"] >= 2000000 for event in events)'

mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=$mount/$name
if [[ ! $mount ]] || ! mkdir "$cgroup" "$cgroup/a" "$cgroup/ab" 2> /dev/null ||
	! echo "${started[0]}" > "$cgroup/a/cgroup.procs" ||
	! echo "${started[1]}" > "$cgroup/ab/cgroup.procs"; then
	skip '--cgroup' 'cannot make a cgroup (v2) here'
else
	works '--cgroup' "$cpu" -j -c "/$name/a" 0.2 1 && holds '--cgroup' "$only_a" \
		"all(row['cgroup'] == '/$name/a' for row in rows)"
	works '--cgroup, both below' "$cpu" -j -b vm -c "$name" 0.2 1 &&
		holds '--cgroup, both below' "[row['vm'] for row in rows] == ['$name-a', '$name-b']"
	works '--cgroup by its folder' "$cpu" -j -c "$cgroup/a" 0.2 1 &&
		holds '--cgroup by its folder' "$only_a"
fi

# A terminal of 40 columns: no line of the table is longer.
try script -qec "stty cols 40; NO_COLOR=1 '$cpu' 0.2 1" /dev/null
tr -d '\r' < "$scratch/out" | sed -n '/^VM /,/^cost/p' | sed '$d' > "$scratch/table"
if ((status)) || ! grep -q "^${name:0:3}\.\.\.-[ab] " "$scratch/table"; then
	bad 'terminal of 40 columns' 'no table'
elif grep -qE '.{41}' "$scratch/table"; then
	bad 'terminal of 40 columns' "too long: $(grep -E '.{41}' "$scratch/table" | head -1)"
else
	ok 'terminal of 40 columns'
fi

# The least that it asks for is enough; what CAP_SYS_ADMIN would add is n/a.
works 'CAP_BPF and CAP_PERFMON suffice' \
	setpriv --bounding-set=-all,+bpf,+perfmon "$cpu" -j -m "$name-a" 0.2 1 &&
	holds 'CAP_BPF and CAP_PERFMON suffice' "$only_a" 'last["cost"]["other_switch_ns"] is None'

try "$doctor" --json
if grep -q "\"vm\":\"$name-a\",\"vm_pid\":$pid_a," "$scratch/out"; then
	ok 'doctor lists the VMs'
else
	bad 'doctor lists the VMs' "no $name-a"
fi
