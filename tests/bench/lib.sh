# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the files share their variables
# Processes, statistics and the table, for tests/bench/run and its sections.

declare -A running=()	  # pid -> what it is
declare -A absent=()	  # tool -> why this machine cannot have it measured
declare -A missing=()	  # the same in this section, with what did not start in it
reached=0 missed=0 unknown=0

die()
{
	echo "bench: $*" >&2
	exit 1
}

# start NAME COMMAND...: in the background; leaves its pid in $started. Ends with this
# script, even if that is killed.
start()
{
	local name=$1

	shift
	setpriv --pdeathsig TERM -- "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" </dev/null &
	started=$!
	running[$started]=$name
}

# A background job of a script ignores SIGINT, so SIGTERM it is.
stop()
{
	local pid

	for pid in "$@"; do
		[[ -v running[$pid] ]] || continue
		kill -TERM "$pid" 2>/dev/null
		wait_until 10 ended "$pid" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		unset "running[$pid]"
	done
}

stop_all()
{
	stop "${!running[@]}"
}

# Sets $others: who else has a BPF program at one of the hooks. True if nobody has.
nobody_else()
{
	others=$("$here/others" "$@" 2>"$scratch/others.err") ||
		others="not known: $(tail -1 "$scratch/others.err")"
	[[ -z $others ]]
}

# vms_of_others: the processes that are VMs, which have switches, exits and requests of their own
vms_of_others()
{
	find /proc/[0-9]*/fd -lname 'anon_inode:kvm-vm' 2>/dev/null | cut -d / -f 3 | sort -un |
		awk 'NR <= 8 { printf "%s%s", (NR > 1 ? " " : ""), $1 }
			END { if (NR > 8) printf " and %d more", NR - 8 }'
}

# run_section NAME HOOKS COMMAND...: beside nothing of an earlier section, and of nobody else.
# Whatever the command leaves running is stopped. HOOKS: words, each a pattern.
run_section()
{
	local name=$1 hooks=$2 tool

	shift 2
	missing=()
	for tool in "${!absent[@]}"; do
		missing[$tool]=${absent[$tool]}
	done
	# shellcheck disable=SC2086 # words
	if wait_until "$patience" nobody_else $hooks; then
		neighbours=$(vms_of_others)
		"$@"
	else
		section "section $name"
		unmeasured "all of it" "attached by others: ${others//$'\n'/, }"
	fi
	stop_all
}

# why_not TOOL...: of those that are missing, the first one's reason
why_not()
{
	local tool

	for tool in "$@"; do
		[[ -v missing[$tool] ]] && echo "${missing[$tool]}" && return
	done
	echo "${no_data:-no data}"
}

ended()
{
	local stat

	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
	stat=${stat##*) }
	[[ ${stat%% *} == Z ]]
}

# wait_until SECONDS CONDITION...
wait_until()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		sleep 0.02
	done
}

# has_files PID PATTERN COUNT: it has so many open files that look so.
has_files()
{
	local file target count=0

	for file in "/proc/$1/fd/"*; do
		target=$(readlink "$file" 2>/dev/null)
		# shellcheck disable=SC2053 # a pattern
		[[ $target == $2 ]] && ((++count))
	done
	((count >= $3))
}

ended_or_has_files()
{
	ended "$1" || has_files "$@"
}

# The tools. Each is ready when this returns, and its pid is in $started.
start_empty()
{
	start empty taskset -c "$tool_cpus" "$build/bench/empty" "$build/bench/empty.bpf.o"
	wait_for empty '*bpf*link*' 2
}

# kvmq-cpu makes its timer after everything else. $kvmq_options: more options.
start_kvmq()
{
	# shellcheck disable=SC2086 # words
	start kvmq taskset -c "$tool_cpus" "$build/kvmq-cpu" $kvmq_options "${1:-1}"
	wait_for kvmq '*timerfd*' 1
}

start_runqlat()
{
	start runqlat taskset -c "$tool_cpus" runqlat 1000
	wait_for runqlat '*bpf*link*' 3
}

start_perf()
{
	[[ ! -v missing[perf] ]] || return
	start perf taskset -c "$tool_cpus" perf sched record -o "$scratch/perf.data"
	wait_for perf '*perf_event*' 1 || return 1
	sleep 0.3
}

# wait_for TOOL PATTERN COUNT: until it has its files; else says why not.
wait_for()
{
	if wait_until 20 ended_or_has_files "$started" "$2" "$3" && ! ended "$started"; then
		return 0
	fi
	missing[$1]=$(grep -v '^$' "$scratch/$1.err" 2>/dev/null | tail -1)
	[[ -n ${missing[$1]} ]] || missing[$1]="did not start"
	stop "$started"
	return 1
}

# start_vmm OPTION...: until it is stopped; returns when its vCPUs run.
start_vmm()
{
	[[ ! -v missing[vmm] ]] || return
	rm -f "$scratch/ready"
	start vmm "$build/vmm" --name bench --seconds 0 --ready-file "$scratch/ready" "$@"
	if ! wait_until 60 ended_or_ready "$started" || ended "$started"; then
		missing[vmm]=$(tail -1 "$scratch/vmm.err")
		[[ -n ${missing[vmm]} ]] || missing[vmm]="VMs did not start"
		stop "$started"
		return 1
	fi
}

ended_or_ready()
{
	[[ -s $scratch/ready ]] || ended "$1"
}

# Numbers on standard input, one a line.
median()
{
	sort -g | awk '{ v[NR] = $1 }
		END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# calc EXPRESSION [FORMAT]
calc()
{
	awk "BEGIN { printf \"${2:-%g}\", $1 }"
}

section()
{
	printf '\n%s\n' "$1"
	[[ -z ${neighbours-} ]] || row "not alone: VMs of others run" "processes $neighbours"
}

# row FIGURE VALUE [TARGET RESULT]
row()
{
	if [[ -n ${3:-} ]]; then
		printf '  %-40s %-28s %-19s %s\n' "$1" "$2" "$3" "$4"
	else
		printf '  %-40s %s\n' "$1" "$2"
	fi
}

# number FORMAT VALUE...: n/a if a value is missing
number()
{
	local format=$1 value

	shift
	for value in "$@"; do
		[[ -n $value ]] || { printf 'n/a' && return; }
	done
	# shellcheck disable=SC2059
	printf "$format" "$@"
}

# unmeasured FIGURE REASON: counts as a target that nobody knows about.
unmeasured()
{
	((++unknown))
	row "$1" "n/a: $2"
}

# judge FIGURE VALUE NUMBER LIMIT TARGET: reached if NUMBER <= LIMIT.
judge()
{
	if [[ -z $3 ]]; then
		unmeasured "$1" "no data"
	elif [[ $(calc "$3 <= $4") == 1 ]]; then
		((++reached))
		row "$1" "$2" "$5" reached
	else
		((++missed))
		row "$1" "$2" "$5" MISSED
	fi
}
