# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# kvmq-top: its CSV and its lines against what the tools show; on a terminal, in tmux: every key, sizes,
# noise, VMs that come and go, signals, and what it leaves behind.

top=$build/kvmq-top
golden=$build/tests/test_golden
for scene in cpu-host cpu-causes cpu-strange exit-host numa-two io-host; do
	"$golden" "kvmq-${scene%-*}" "tests/golden/$scene.scene" "$scratch/$scene" && continue
	bad 'top: recordings' "none of $scene"
	return
done
"$golden" kvmq-cpu tests/golden/top.moments "$scratch/moments" || bad 'top: recordings' 'none of moments'

# csv_is_json SCENE TOOL GROUP...: all figures of these rows are those of the tool's JSON
csv_is_json() {
	local name="top -b of $1 has the figures of $2" group files=()

	works "$name" "$top" -b --from "$scratch/$1" || return
	mv "$scratch/out" "$scratch/csv"
	for group in "${@:3}"; do
		works "$name" "$build/kvmq-$2" -j --by "$group" --from "$scratch/$1" || return
		mv "$scratch/out" "$scratch/$group"
		files+=("$scratch/$group")
	done
	if why=$(tests/cli/csv "$scratch/csv" "${files[@]}" 2>&1); then
		ok "$name"
	else
		bad "$name" "$why"
	fi
}
csv_is_json cpu-host cpu vm vcpu
csv_is_json cpu-causes cpu vm vcpu
csv_is_json exit-host exit vm vcpu
csv_is_json numa-two numa vm vcpu
csv_is_json io-host io vm

works 'top --pdh' "$top" -b --pdh --utc --from "$scratch/cpu-host" && {
	if head -1 "$scratch/out" | grep -qF '"(PDH-CSV 4.0) (UTC)(0)","\\kvm1\Vcpu(2000:database-with-a-very-long-name-7:2002:vcpu-0)\% Run",' &&
		sed -n 2p "$scratch/out" | grep -q '^"11/23/2025 22:00:01","0.000","100.000",'; then
		ok 'top --pdh'
	else
		bad 'top --pdh' 'other columns or figures'
	fi
}
refuses 'top --pdh alone' 2 'add --batch' "$top" --pdh
refuses 'top without a terminal' 2 "kvmq-cpu.*-b" "$top"
command -v tmux > /dev/null || { skip 'top on a terminal' 'no tmux: tools/setup check' && return; }

export XDG_CONFIG_HOME=$scratch/config LC_ALL=C.UTF-8
closed=$'\xe2\x96\xb8' open=$'\xe2\x96\xbe' # before the name of a VM
session=0
tm() { tmux -L "kvmq-$$-$session" -f /dev/null "$@"; }

# see NAME PATTERN: it comes on the screen. The limit is for what never comes: to load all programs takes
# a sanitizer's build more than 5 s on a busy machine.
see() {
	local deadline=$((SECONDS + 30))

	until tm capture-pane -pJ 2> /dev/null | grep -q -- "$2"; do
		((SECONDS > deadline)) && break
		sleep 0.05
	done
	tm capture-pane -pJ > "$scratch/out" 2> "$scratch/err"
	if grep -q -- "$2" "$scratch/out"; then
		ok "top: $1"
	else
		bad "top: $1" "no '$2' on the screen"
	fi
}

pressed=()
keys() {
	pressed+=("$@")
	tm send-keys "$@"
}

# begin ARGUMENTS...: on a shell with job control, 80 by 24
begin() {
	tm kill-server 2> /dev/null
	session=$((session + 1)) # one that ends is in nobody's way
	rm -f "$scratch/tool.err"
	tm new-session -d -x 80 -y 24 env PS1='shell$ ' bash --norc -i
	keys "stty -g; $top $* 2> $scratch/tool.err; echo status \$? \$(stty -g)" Enter
}

# end NAME STATUS: it has ended so, said nothing, and the terminal is as it was
finish() {
	see "$1" "^status $2 "
	if [[ -s $scratch/tool.err ]]; then
		cp "$scratch/tool.err" "$scratch/err"
		bad "top: $1: standard error" 'something on it'
	elif [[ $(sed -n 's/^status [0-9]* //p' "$scratch/out" | tail -1) == $(grep -m1 -E '^[0-9a-f]+:' "$scratch/out") ]]; then
		ok "top: $1: terminal"
	else
		bad "top: $1: terminal" 'not as it was'
	fi
	tm kill-server
}

# is_there PID: and has not only been left for its parent to see
is_there() { [[ -e /proc/$1/status ]] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2> /dev/null; }

pid_of() { pgrep -f "^$top --from $1" | head -1; }

begin --from "$scratch/cpu-host"
see 'starts' '^kvmq-top c CPU .*recording, its end'
keys j z '|' # no keys
see 'names what is no key' "'|' is no key"
keys Down Down Enter
see 'opens' 'vCPU\|vcpu 3101'
for key in h '?' h Up Down PPage NPage Home Enter e Enter b H '[' ']' '{' '}' End Space Space i i '<' '>' r T C-l \
	x n d t y Enter H t H c t '[' t Escape; do
	keys "$key"
done
see 'takes every key' '^kvmq-top c CPU'
keys c o %rdy Enter t
see 'draws a graph' '%RDY: .* in 1 interval$'
keys t y
see 'shows verdicts' '^of the last 1.0 s:'
keys c / w e b Enter
see 'filters' '^kvmq-top.*/web'
keys / C-u Enter
keys o %run Enter f VM,%RUN,%RDY Enter
see 'chooses columns' '^VM  *%RUN  *%RDY *$'
keys g 21:77 Enter
see 'refuses a time' "'21:77' is no time"
keys s 0.01 Enter
see 'refuses an interval' "'0.01' is no interval"
keys w
see 'refuses to write a recording of a recording' 'a recording already'
keys Home
tm resize-window -x 40 -y 10
see '40 x 10' '^h help .*filter$'
tm resize-window -x 300 -y 80
see '300 x 80' 'q quit'
for ((i = 0; i < 50; i++)); do
	keys -l -- "$(head -c 300 /dev/urandom | tr -dc '!-pr-~' | tr -d q)"
	sleep 0.01
done
keys Escape Escape C-l h
see '500 ms of noise' 'h help\|Screens'
keys Escape Escape q
finish 'ends with q' 0

# Of each VM the same line, but for the blanks, as kvmq-cpu's.
columns=VM,%RUN,%RDY,%HALT,P99,MAX
rm -rf "$XDG_CONFIG_HOME"
begin --from "$scratch/cpu-host"
tm resize-window -x 300 -y 80
keys f "$columns" Enter
see 'has the columns of kvmq-cpu' '^VM  *%RUN  *%RDY  *%HALT  *P99  *MAX *$'
tr -s ' ' < "$scratch/out" | sed 's/^[^ ] //;s/ $//' > "$scratch/lines"
"$build/kvmq-cpu" --by vm -o "$columns" --from "$scratch/cpu-host" | sed '1d;/^cost/,$d' | tr -s ' ' > "$scratch/rows"
other=$(grep -vxFf "$scratch/lines" "$scratch/rows")
if [[ $(grep -c . "$scratch/rows") == 4 && ! $other ]]; then
	ok 'top: shows what kvmq-cpu shows'
else
	bad 'top: shows what kvmq-cpu shows' "not: $other"
fi
keys q
see 'ends after that' '^status 0 '

# VMs come and go under the selection: it stays with them.
rm -rf "$XDG_CONFIG_HOME"
begin --from "$scratch/moments"
see 'shows the last interval' "^$closed db  *1  *20.00"
keys Home Enter
see 'opens a VM' "^$open db  *1  *20.00"
keys '['
see 'goes on when the selected VM was not there' ': 4 CPUs, 2 VMs, 2 vCPUs'
keys '['
see 'takes an earlier one of that name for another' "^$closed db  *1  *40.00"
keys Home Enter
see 'opens the earlier one' "^$open db  *1  *40.00"
keys ']'
see 'goes on when the selected VM has ended' ': 4 CPUs, 2 VMs, 2 vCPUs'
keys '['
see 'has it again as it was' "^$open db  *1  *40.00"
keys q
finish 'ends after VMs have gone' 0

# It leaves no memory behind, whatever was shown.
if command -v valgrind > /dev/null && [[ $build != *sanitize* ]]; then
	tool=$top
	top="env LD_PRELOAD=$build/tests/no_filter.so valgrind -q --error-exitcode=99 --leak-check=full"
	top+=" --show-leak-kinds=definite --errors-for-leak-kinds=definite $tool"
	begin --from "$scratch/cpu-host"
	see 'starts under valgrind' '^kvmq-top c CPU'
	keys Down Enter b H t x n d y h Up / w e b Enter c
	see 'goes on under valgrind' '^kvmq-top c CPU.*/web'
	keys q
	finish 'leaks nothing' 0
	top=$tool
else
	skip 'top leaks nothing' 'no valgrind, or a build that checks by itself'
fi

# What was chosen is kept; what is broken is said, and left alone.
rm -rf "$XDG_CONFIG_HOME"
begin --from "$scratch/cpu-host"
see 'starts anew' '^kvmq-top c CPU .* recording, its end$'
keys i r q
finish 'keeps its settings' 0
begin --from "$scratch/cpu-host"
see 'has its settings again' '^kvmq-top c CPU .* recording, its end  busy$'
keys q
finish 'ends again' 0
echo 'nonsense' > "$XDG_CONFIG_HOME/kvmq/top"
begin --from "$scratch/cpu-host"
see 'says what is broken in its settings' "line 1: 'nonsense' is no setting"
keys i q
see 'ends with broken settings' '^status 0 '
tm kill-server
if grep -qx nonsense "$XDG_CONFIG_HOME/kvmq/top"; then
	ok 'top: leaves broken settings alone'
else
	bad 'top: leaves broken settings alone' 'they were changed'
fi
rm -rf "$XDG_CONFIG_HOME"

begin --from "$scratch/cpu-strange"
see 'strange names' 'm?ller'
keys C-z
see 'stops' 'shell\$ *$'
keys "fg; echo status \$? \$(stty -g)" Enter
see 'goes on' '^kvmq-top c CPU'
kill -TERM "$(pid_of "$scratch/cpu-strange")"
finish 'ends with SIGTERM' 0
begin --from "$scratch/cpu-host"
see 'starts again' '^kvmq-top c CPU'
kill -HUP "$(pid_of "$scratch/cpu-host")"
finish 'ends with SIGHUP' 0
# A terminal's end comes with SIGCONT, which takes back the stop that LeakSanitizer waits for.
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 begin --from "$scratch/cpu-host"
see 'starts once more' '^kvmq-top c CPU'
pid=$(pid_of "$scratch/cpu-host")
tm kill-server
for ((i = 0; i < 20; i++)); do
	is_there "$pid" || break
	sleep 0.05
done
if is_there "$pid"; then
	bad 'top: its terminal goes' 'it is still there after a second'
else
	ok 'top: its terminal goes'
fi

# Live: what a screen needs is attached once it is shown, after privileges were given up.
if "$top" -b 0.1 1 > /dev/null 2> "$scratch/err"; then
	begin
	see 'measures' '^kvmq-top c CPU .* live'
	keys d
	see 'attaches to disks' 'no VM has a disk\|^VM DISK'
	keys x
	see 'attaches to exits' 'no exits have been\|no vCPU has run\|%GUEST'
	keys n
	see 'attaches to nodes' 'nothing of NUMA\|no vCPU has run\|^VM .*HOME'
	keys y
	see 'judges' '^of the last\|^no vCPU has run'
	keys t t b
	see 'says how to follow who ran' '--blame\|no vCPU has run'
	keys q
	finish 'ends live' 0
else
	skip 'top live' "$(tail -1 "$scratch/err")"
fi

# What kvmqd measures, which decides when there is something to show.
mkdir "$scratch/s"
"$build/tests/test_golden_feed" kvmq-cpu "$scratch/cpu-host" "$scratch/s/socket" > "$scratch/s/ready" &
feed=$!
started+=("$feed")
until_it "$feed" grep -q ready "$scratch/s/ready"
rm -rf "$XDG_CONFIG_HOME"
begin --from "$scratch/s/socket"
see "has kvmqd's views" '^kvmq-top c CPU .* live'
see 'shows them' ' web  *30.62'
keys s 0.5 Enter x
see 'has what kvmqd lacks as n/a' 'n/a\|no exits have been\|no vCPU has run'
keys c q
finish "ends of kvmqd's socket" 0
begin --from "$scratch/s/socket"
see "has kvmqd's views again" ' web  *30.62'
kill "$feed"
see 'ends with kvmqd' '^status 1 '
if grep -q 'kvmqd at .* has ended the connection' "$scratch/tool.err" && (($(wc -l < "$scratch/tool.err") == 1)); then
	ok 'top: says that kvmqd has ended'
else
	bad 'top: says that kvmqd has ended' "'$(head -2 "$scratch/tool.err")'"
fi
tm kill-server

session=$((session + 1))
tm new-session -d -x 80 -y 24 env TERM=dumb bash --norc -i
keys "$top; echo status \$?" Enter
see 'a dumb terminal' '^status 2'
if grep -q "kvmq-cpu.*prints tables" "$scratch/out"; then
	ok 'top: a dumb terminal is told so'
else
	bad 'top: a dumb terminal is told so' 'no line'
fi
tm kill-server

# Each key of the help has been pressed above, by tmux's name of it.
missing=
while read -r name; do
	case $name in
	PgUp) name=PPage ;;
	PgDn) name=NPage ;;
	Ctrl-L) name=C-l ;;
	esac
	[[ " ${pressed[*]} " == *" $name "* ]] || missing+=" $name"
done < <(sed -n '/^Marks/q;s/^  \([^ ]* [^ ]\|[^ ]*\) .*/\1/p' tests/golden/top-help{,-end}.page | tr ' ' '\n')
if [[ $missing ]]; then
	bad 'top: every key of the help is pressed' "not$missing"
else
	ok 'top: every key of the help is pressed'
fi
