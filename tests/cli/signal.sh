# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# The ways to stop it: each shows the interval that it cuts short.

needs_bpf 'signals' || return

# signalled NAME TOOL SIGNAL STATUS ARGUMENTS...: it is stopped in its first interval
signalled() {
	local name=$1 tool=$2 signal=$3 wanted=$4 pid blocked=0 deadline=$((SECONDS + 60))

	shift 4
	"$tool" --json "$@" > "$scratch/out" 2> "$scratch/err" &
	pid=$!
	# From when it, and no shell any more, blocks the signal, it cannot miss it.
	while ! ((blocked & 1 << (signal - 1) || SECONDS > deadline)) && kill -0 $pid 2> /dev/null; do
		sleep 0.01
		blocked=0x$(sed -n "/^Name:[[:space:]]*${tool##*/}\$/,/^SigBlk:/s/^SigBlk:[[:space:]]*//p" \
			/proc/$pid/status 2> /dev/null)
	done
	kill -"$signal" $pid
	wait $pid
	status=$?
	((status == wanted)) || { bad "$name" "exit status $status, not $wanted" && return; }
	[[ -s $scratch/err ]] && bad "$name" 'something on standard error' && return
	holds "$name" 'len(lines) == 1' 'last["interval_ns"] < 3600e9'
}
for tool in "$cpu" "$io"; do
	name=${tool##*/kvmq-}
	signalled "$name SIGINT" "$tool" 2 0 3600
	signalled "$name SIGTERM" "$tool" 15 0 3600
	signalled "$name SIGHUP" "$tool" 1 0 3600 2
	signalled "$name SIGTERM goes to the command" "$tool" 15 143 -- sleep 3600
done

# unread NAME TOOL: it is stopped while it waits for somebody to read what it shows
unread() {
	local name="$1: nobody reads" pid begin

	"$2" --json 0.01 2> "$scratch/err" > "$scratch/full" &
	pid=$!
	sleep 2
	begin=${EPOCHREALTIME/./}
	kill -INT $pid
	wait $pid
	status=$?
	begin=$((${EPOCHREALTIME/./} - begin))
	if ((begin > 1000000)); then
		bad "$name" "ended after $begin us"
	elif one_line 1 'ended by a signal while reading and showing an interval'; then
		ok "$name"
	else
		bad "$name" "$why"
	fi
}
mkfifo "$scratch/full"
exec {full}<> "$scratch/full"
dd if=/dev/zero of="$scratch/full" oflag=nonblock bs=64k count=1 status=none
unread cpu "$cpu"
unread io "$io"
exec {full}>&-
