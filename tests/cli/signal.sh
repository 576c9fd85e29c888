# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# The ways to stop it: each shows the interval that it cuts short.

needs_bpf 'signals' || return

# signalled NAME TOOL SIGNAL STATUS ARGUMENTS...: it is stopped as it waits for its interval's end
signalled() {
	local name=$1 tool=$2 signal=$3 wanted=$4 pid

	shift 4
	"$tool" --json "$@" > "$scratch/out" 2> "$scratch/err" &
	pid=$!
	until_it $pid blocks $pid "${tool##*/}" "$signal" && until_it $pid grep -q poll /proc/$pid/wchan
	kill -"$signal" $pid
	ended $pid
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

# A signal that comes while the tool begins to look after signals: its thread takes its time.
if command -v strace > /dev/null && [[ $build != */sanitize ]]; then
	for tool in "$cpu" "$io" "$build/kvmq-top"; do
		batch=()
		[[ $tool != *-top ]] || batch=(--batch)
		strace -f -qq -o /dev/null -e trace=clone3,clone -e inject=clone3,clone:delay_enter=300000 \
			"$tool" "${batch[@]}" 3600 > "$scratch/out" 2> "$scratch/err" &
		tracer=$! name="${tool##*/kvmq-} SIGINT at its start"
		until_it $tracer pgrep -x -P $tracer "${tool##*/}" > "$scratch/pid"
		pid=$(< "$scratch/pid")
		until_it "$pid" blocks "$pid" "${tool##*/}" 2
		kill -INT "$pid"
		ended $tracer
		kill -KILL "$pid" 2> /dev/null # it outlives a tracer that was ended
		if ((status)); then bad "$name" "exit status $status"; else ok "$name"; fi
	done
else
	skip 'SIGINT at the start' 'no strace, or a sanitizer'
fi

# unread NAME TOOL: it is stopped while it waits for somebody to read what it shows
unread() {
	local name="$1: nobody reads" pid begin

	"$2" --json 0.01 2> "$scratch/err" > "$scratch/full" &
	pid=$!
	until_it $pid blocks $pid "${2##*/}" 2 && until_it $pid grep -q pipe_write /proc/$pid/wchan ||
		{ kill -KILL $pid; ended $pid; bad "$name" 'it never waited' && return; }
	begin=${EPOCHREALTIME/./}
	kill -INT $pid
	ended $pid
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
