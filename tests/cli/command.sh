# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# A command beside the tool: when it runs, and its exit status.

needs_bpf 'commands' || return

refuses 'cpu --vm of none' 3 "--vm: no VM 'kvmq-nosuch' " "$cpu" --vm kvmq-nosuch 0.1 1
refuses 'cpu --vm of none: the command does not run' 3 '--vm: ' \
	"$cpu" --vm kvmq-nosuch -- touch "$scratch/touched"
refuses 'io --qmp of none: the command does not run' 3 '--qmp: ' \
	"$io" --qmp "$scratch/nosuch" -- touch "$scratch/touched"
refuses 'io --guest-report to nowhere: the command does not run' 3 '/dev/kvmq-nosuch: ' \
	"$io" --guest-report=/dev/kvmq-nosuch -- touch "$scratch/touched"
if [[ -e $scratch/touched ]]; then
	bad 'a command that must not run' 'has run'
else
	ok 'a command that must not run'
fi

# command_status STATUS LINES COMMAND...: $tool passes the status on; LINES on standard error
command_status() {
	local name="${tool##*/kvmq-} -- ${*:3}" wanted=$1 lines=$2

	shift 2
	try "$tool" --json -- "$@"
	if ((status != wanted)); then
		bad "$name" "exit status $status, not $wanted"
	elif (($(wc -l < "$scratch/err") != lines)); then
		bad "$name" "not $lines lines on standard error"
	else
		holds "$name" 'len(lines) == 1'
	fi
}
for tool in "$cpu" "$io"; do
	command_status 0 0 true
	command_status 7 0 sh -c 'exit 7'
	command_status 143 0 sh -c 'kill $$'
	command_status 137 0 sh -c 'kill -9 $$'
	command_status 127 1 kvmq-nosuch-command
	command_status 126 1 /etc/passwd
done

try "$cpu" --json 0.05 -- sh -c 'sleep 0.2; exit 5'
((status == 5)) || bad 'cpu INTERVAL -- COMMAND' "exit status $status"
((status == 5)) && holds 'cpu INTERVAL -- COMMAND' 'len(intervals) > 1' \
	'sum(i["interval_ns"] for i in intervals) >= 200e6'
try "$cpu" --json -- echo hello
if [[ $(head -1 "$scratch/out") == hello && $(wc -l < "$scratch/out") == 2 ]]; then
	ok 'a command writes to the same output'
else
	bad 'a command writes to the same output' 'hello, and then one line'
fi
