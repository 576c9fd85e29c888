# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# The figures of two real VMs hold together, and with the kernel's own books.

. tests/cli/vms.sh
start_vms 'figures of VMs' || return

# 0.1 % of 2 s is 2 ms: the clocks of the hooks and of the reading are not the same.
# The sums of a VM are those of its vCPUs in the same line.
works 'by vCPU' "$cpu" -j 2 1 &&
	holds 'by vCPU: whose they are' "{('$name-a', 0), ('$name-a', 1), ('$name-b', 0)} <=
		{(row['vm'], row['vcpu']) for row in rows}" \
		"sorted(row['tid'] for row in rows if row['vm'] == '$name-a') == [$tids_a]" \
		"all(row['vm_pid'] == $pid_a for row in rows if row['vm'] == '$name-a')" \
		"last['vcpus'] == len(rows)" "last['vms'] == len({row['vm_pid'] for row in rows})" &&
	holds 'by vCPU: each row adds up to 100 %' 'add_up(rows, 0.1)' &&
	holds 'by vCPU: the sums of VMs' 'all(row["vm_ready_summation_ns"] == sum(other["ready_ns"]
		for other in rows if other["vm_pid"] == row["vm_pid"]) for row in rows)'
works 'by VM' "$cpu" -j -b vm 2 1 &&
	holds 'by VM: each row adds up to 100 %' 'rows' 'add_up(rows, 0.1)' \
		"[row['vcpus'] for row in rows if row['vm'] == '$name-a'] == [2]" \
		"all(row['tid'] is None and row['cpu'] is None for row in rows)"

# The kernel's own books of waits.
books() {
	local tid delay turn

	sum=0 turns=()
	for tid in ${tids_a//,/ }; do
		read -r _ delay turn < "/proc/$pid_a/task/$tid/schedstat"
		sum=$((sum + delay))
		turns+=("$turn")
	done
}
# All vCPUs arrive two times: an arrival that the kernel hid from a tool is made up for
# at the departure, so then all waits that had ended before are in its figures.
two_turns() {
	local begun

	books
	begun=("${turns[@]}")
	while ((turns[0] < begun[0] + 2 || turns[1] < begun[1] + 2)); do
		sleep 0.02
		books
	done
}
# Reads the books around and within whole intervals of a tool that writes to $1. A wait
# that began before the tool did is in its figures for the part that it saw: so each
# vCPU has to have run before what is held against the books begins.
keep_books() {
	local lines

	two_turns
	# the sum around, then how many intervals do not count, then two sums within
	lines=$(wc -l < "$1")
	echo "$sum" $((lines + 2))
	while (($(wc -l < "$1") < lines + 2)); do sleep 0.02; done
	books
	echo "$sum"
	sleep 1
	books
	echo "$sum"
	two_turns
}
export -f books two_turns keep_books
export tids_a pid_a

# By VM within by vCPU: what has ended in the inner interval has in the outer one.
try bash -c "'$cpu' -j -m $name-a -- bash -c \"'$cpu' -j -m $name-a -b vm 0.5 1; two_turns\" > '$scratch/both'"
sed -n 1p "$scratch/both" > "$scratch/out"
sed -n 2p "$scratch/both" > "$scratch/outer"
if ((status)); then
	bad 'by VM is the sum of its vCPUs' "exit status $status"
else
	holds 'by VM is the sum of its vCPUs' 'len(rows) == 1' "rows[0]['vcpus'] == 2" \
		"all(0 <= rows[0][key] <= sum(row[key] for row in json.load(open('$scratch/outer'))['rows'])
		for key in ('waits', 'run_delay_ns'))"
fi

try "$cpu" -j -m "$name-a" 0.3 -- bash -c "keep_books '$scratch/out' > '$scratch/books'"
books
read -r -d '' before skipped begin end < "$scratch/books"
holds "ready time is the kernel's run_delay" "$((end - begin)) <=
	sum(row['run_delay_ns'] for line in intervals[$skipped:] for row in line['rows'])
	<= $((sum - before))" "len(last['rows']) == 2"

works '--hist' "$cpu" -j -H 0.5 1 &&
	holds '--hist' 'all(sum(bucket["count"] for bucket in row["wait_hist"][cause]) ==
		row["waits_" + cause] for row in rows for cause in ("wake", "preempt"))'
