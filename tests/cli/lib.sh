# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the command-line tests share: a scratch folder, results, and running a tool
# while watching its status and both outputs.

build=$(readlink -f "${BUILD:-build}")
vmm=$(readlink -f "${VMM:-build/vmm}")
cpu=$build/kvmq-cpu
exits=$build/kvmq-exit
numa=$build/kvmq-numa
io=$build/kvmq-io
doctor=$build/kvmq-doctor
read -ra wrap <<< "${WRAP-}"
scratch=$(mktemp -d) || exit 1
chmod 755 "$scratch" # nobody runs a tool from there
failed=0
declare -a started=() # what is still to be ended at the end

clean_up() {
	local pid

	for pid in "${started[@]}"; do
		kill "$pid" 2> /dev/null && wait "$pid" 2> /dev/null
	done
	[[ -d ${cgroup-} ]] && rmdir "$cgroup/a" "$cgroup/ab" "$cgroup" 2> /dev/null
	[[ ${loop-} ]] && losetup -d "$loop"
	rm -rf "$scratch" "${image-}"
}
trap clean_up EXIT

ok() { echo "ok $1"; }
skip() { echo "skip $1: $2"; }

# bad NAME REASON: with the first lines of what the tool said
bad() {
	echo "not ok $1: $2"
	head -5 "$scratch/err" 2> /dev/null | sed 's/^/    stderr: /'
	head -5 "$scratch/out" 2> /dev/null | cut -c1-200 | sed 's/^/    stdout: /'
	failed=1
}

# try COMMAND...: sets status; leaves $scratch/out and $scratch/err
try() {
	timeout -k 5 60 "${wrap[@]}" "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
	status=$?
}

# ended PID: waits for it and sets status; one that lives on for half a minute is ended: 137
ended() {
	timeout 30 tail -s 0.01 --pid="$1" -f /dev/null || kill -KILL "$1"
	wait "$1"
	status=$?
}

# interrupted PID ERR: stops a tool whose standard error ERR is. It ends within a second, and says so when a slow
# machine has not shown the last interval by then: status is 0 nevertheless
interrupted() {
	kill -INT "$1" 2> /dev/null
	ended "$1"
	((status != 1)) || ! tail -n 1 "$2" | grep -q 'ended by a signal while .*: the last interval is not shown' ||
		status=0
}

# blocks PID NAME SIGNAL: by now it is the program of that name, and no shell any more, and keeps
# the signal for itself. Before, a shell's background job ignores SIGINT.
blocks() {
	local blocked

	blocked=0x$(sed -n "/^Name:[[:space:]]*$2\$/,/^SigBlk:/s/^SigBlk:[[:space:]]*//p" \
		"/proc/$1/status" 2> /dev/null)
	((blocked & 1 << ($3 - 1)))
}

# until_it PID COMMAND...: waits for COMMAND to be true, for a minute and while the process is there
until_it() {
	local pid=$1 deadline=$((SECONDS + 60))

	shift
	until "$@"; do
		((SECONDS > deadline)) && return 1
		kill -0 "$pid" 2> /dev/null || return 1
		sleep 0.01
	done
}

# one_line STATUS PATTERN: whether the tool ended with STATUS and said one line
one_line() {
	local pattern=$2

	((status == $1)) || { why="exit status $status, not $1" && return 1; }
	(($(wc -l < "$scratch/err") == 1)) || { why="not exactly one line on standard error" && return 1; }
	grep -qE "^kvmq[a-z-]+: .*$pattern" "$scratch/err" || { why="its line has no '$pattern'" && return 1; }
}

# refuses NAME STATUS PATTERN COMMAND...: nothing on standard output, one line beside
refuses() {
	local name=$1 wanted=$2 pattern=$3

	shift 3
	try "$@"
	if ! one_line "$wanted" "$pattern"; then
		bad "$name" "$why"
	elif [[ -s $scratch/out ]]; then
		bad "$name" "something on standard output"
	else
		ok "$name"
	fi
}

# works NAME COMMAND...: status 0 and nothing on standard error; is true if so
works() {
	local name=$1

	shift
	try "$@"
	if ((status)); then
		bad "$name" "exit status $status"
	elif [[ -s $scratch/err ]]; then
		bad "$name" "something on standard error"
	else
		return 0
	fi
	return 1
}

# holds NAME EXPRESSION: of the JSON lines in $scratch/out; see tests/cli/look
holds() {
	local name=$1

	shift
	if why=$(tests/cli/look "$scratch/out" "$@" 2>&1); then
		ok "$name"
	else
		bad "$name" "$why"
	fi
}

# needs_bpf WHAT: true if BPF works here; or says why WHAT is skipped
needs_bpf() {
	try "$cpu" --json 0.01 1
	((status == 3)) && skip "$1" "$(head -1 "$scratch/err")" && return 1
	((status == 0)) || bad "$1" "exit status $status"
	((status == 0))
}
