# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# The ways to stop it: each shows the interval that it cuts short.

needs_bpf 'signals' || return

# signalled NAME SIGNAL STATUS ARGUMENTS...: the tool, stopped in its first interval
signalled() {
	local name=$1 signal=$2 wanted=$3 pid blocked=0 deadline=$((SECONDS + 60))

	shift 3
	"$cpu" --json "$@" > "$scratch/out" 2> "$scratch/err" &
	pid=$!
	# From when it, and no shell any more, blocks the signal, it cannot miss it.
	while ! ((blocked & 1 << (signal - 1) || SECONDS > deadline)) && kill -0 $pid 2> /dev/null; do
		sleep 0.01
		blocked=0x$(sed -n '/^Name:[[:space:]]*kvmq-cpu$/,/^SigBlk:/s/^SigBlk:[[:space:]]*//p' \
			/proc/$pid/status 2> /dev/null)
	done
	kill -"$signal" $pid
	wait $pid
	status=$?
	((status == wanted)) || { bad "$name" "exit status $status, not $wanted" && return; }
	[[ -s $scratch/err ]] && bad "$name" 'something on standard error' && return
	holds "$name" 'len(lines) == 1' 'last["interval_ns"] < 3600e9'
}
signalled 'cpu SIGINT' 2 0 3600
signalled 'cpu SIGTERM' 15 0 3600
signalled 'cpu SIGHUP' 1 0 3600 2
signalled 'cpu SIGTERM goes to the command' 15 143 -- sleep 3600
