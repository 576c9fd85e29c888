# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# What a running tool may do, in each of its threads, by /proc/PID/status; and that its command may
# do all that its user may. tests/unit/test_privileges.c tries what is closed.

needs_bpf 'privileges' || return
((EUID)) && skip 'privileges' 'needs root to have some' && return
[[ $build == */sanitize ]] && skip 'privileges' 'a sanitizer has no filter of system calls' && return

READS=8000080004 # CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH

# fields FILE: those of a status that say what a process may do, in one line
fields() {
	sed -nE 's/^(Uid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):\t([0-9a-f]+).*/\1=\2/p' "$1" |
		tr '\n' ' '
}

# is_bound FIELDS: nothing is to be gained; sets why
is_bound() {
	local field

	for field in CapInh=0000000000000000 CapBnd=0000000000000000 CapAmb=0000000000000000 NoNewPrivs=1 Seccomp=2; do
		[[ " $1" == *" $field "* ]] || { why="not $field: $1" && return 1; }
	done
}

# keeps CAPABILITIES ANOTHER TOOL ARGUMENTS...: while it runs; ANOTHER: it is another user than root
keeps() {
	local name="${3##*/} ${*:4}: privileges" capabilities another=$2 pid status_of main watch
	capabilities=$(printf 'CapPrm=%016x CapEff=%016x ' "0x$1" "0x$1")

	shift 2
	"$@" > "$scratch/out" 2> "$scratch/err" < /dev/null &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		status_of=$(fields /proc/$pid/status)
		[[ $status_of == *'Seccomp=2 '* ]] && break
		kill -0 $pid 2> /dev/null || break
		sleep 0.1
	done
	main=$status_of why=''
	for task in "/proc/$pid/task"/*; do
		[[ ${task##*/} == "$pid" ]] || watch=$(fields "$task/status")
	done
	kill -TERM $pid
	wait $pid
	name=${name//"$scratch/"/}
	name=${name#kvmq-}
	if ! is_bound "$main" || ! is_bound "${watch-}"; then
		:
	elif [[ $main != *"$capabilities"* ]]; then
		why="not $capabilities: $main"
	elif [[ $another && $main == 'Uid=0 '* || ! $another && $main != 'Uid=0 '* || $watch == 'Uid=0 '* ]]; then
		why="its user: $main, $watch"
	elif grep -q refused "$scratch/err"; then
		why='it was refused a system call'
	fi
	[[ $why ]] && bad "$name" "$why" && return
	ok "$name"
}

for tool in "$cpu" "$exits" "$numa" "$io"; do
	keeps $READS yes "$tool" 3600
	keeps $READS '' "$tool" --record "$scratch/${tool##*/}.recording" 3600
done
keeps $READS yes "$build/kvmq-top" --batch 3600
keeps $READS yes "$cpu" --timeline "$scratch/timeline" 3600
keeps $READS yes "$io" --vmm 3600
keeps 8000080006 yes "$io" --with-guests 3600
keeps $READS '' "$io" --guest-report="$scratch/report" 3600
keeps 8000080024 yes "$cpu" -- sleep 3600
keeps c000080004 '' "$build/kvmqd" -c /dev/null --socket=off --listen=off --recording "$scratch/kvmqd.recording"
keeps c000080004 yes "$build/kvmqd" -c /dev/null --socket=off --listen=off --recording=off

# Who opens uprobes: CAP_SYS_ADMIN, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, and no file but its socket.
opener_of() {
	opener=$(pgrep -P "$1" -x kvmq-uprobe) && [[ $(fields "/proc/$opener/status") == *'Seccomp=2 '* ]]
}
"$io" --vmm 3600 > "$scratch/out" 2> "$scratch/err" &
tool=$!
started+=("$tool")
name='io --vmm: privileges of who opens uprobes' why=''
if ! until_it "$tool" opener_of "$tool"; then
	bad "$name" "there is none: $(tail -1 "$scratch/err")"
else
	its=$(fields "/proc/$opener/status")
	files=$(readlink "/proc/$opener/fd/"*)
	is_bound "$its" || :
	[[ $its == *'CapPrm=0000004000280004 CapEff=0000004000280004 '* && $its != 'Uid=0 '* ]] || why="$its"
	[[ $files == socket:*([^[:space:]]) ]] || why="its files: $files"
	if [[ $why ]]; then bad "$name" "$why"; else ok "$name"; fi
	kill -KILL "$tool"
	wait "$tool" 2> /dev/null
	if timeout 30 tail -s 0.01 --pid="$opener" -f /dev/null; then
		ok 'io --vmm: who opens uprobes ends with it'
	else
		bad 'io --vmm: who opens uprobes ends with it' 'it is there'
		kill "$opener"
	fi
fi
rm -f "$scratch"/*.recording* "$scratch/timeline" "$scratch/report"
# Nothing at all where others measure.
if [[ -x $build/tests/test_golden_feed ]]; then
	mkdir "$scratch/s"
	"$build/tests/test_golden" kvmq-cpu tests/golden/cpu-host.scene "$scratch/served"
	"$build/tests/test_golden_feed" kvmq-cpu "$scratch/served" "$scratch/s/socket" > "$scratch/s/ready" &
	started+=($!)
	until_it $! grep -q ready "$scratch/s/ready"
	keeps 0 yes "$cpu" --from "$scratch/s/socket" 3600
	keeps 0 '' "$cpu" --from "$scratch/s/socket" --record "$scratch/beside" 3600
else
	skip 'cpu --from SOCKET: privileges' 'no test_golden_feed: make unit'
fi

# A command is the user's own affair.
for tool in "$cpu" "$io"; do
	name="${tool##*/kvmq-} -- COMMAND: privileges"
	# shellcheck disable=SC2016 # the command's own shell
	try "$tool" --json -- sh -c 'cat /proc/self/status > "$1" && unshare --mount true &&
		setpriv --reuid=65534 --clear-groups true' sh "$scratch/its"
	if ((status)); then
		bad "$name" "exit status $status"
	elif [[ $(fields "$scratch/its") != "$(fields /proc/self/status)" ]]; then
		bad "$name" "not as its user's: $(fields "$scratch/its")"
	else
		ok "$name"
	fi
done
