# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Views from kvmqd's socket: what is shown is what a recording of the same moments shows, byte for
# byte; what has no place there is refused by name; no server can keep a tool, or lead it astray.

feed=$build/tests/test_golden_feed
golden=$build/tests/test_golden
[[ -x $feed && -x $golden ]] || { skip 'socket' "no ${feed#"$PWD/"}: make unit" && return; }
mkdir "$scratch/s"
socket=$scratch/s/socket
server=

# serve COMMAND...: a server, which says "ready" when it listens
serve() {
	stop_serving
	: > "$scratch/ready"
	"$@" > "$scratch/ready" 2> "$scratch/server" &
	server=$!
	started+=("$server")
	until_it $server grep -q ready "$scratch/ready" && return
	bad "socket: ${*:1:2}" "it does not serve: $(head -1 "$scratch/server")"
	return 1
}

stop_serving() {
	[[ $server ]] && kill "$server" 2> /dev/null && wait "$server" 2> /dev/null
	rm -f "$socket"
	server=
}

# record SCENE: sets tool, file and intervals; TOOL:NAME
record() {
	local name=${1/:/-}

	tool=$build/kvmq-${1%%:*} file=$scratch/$name
	[[ -e $file ]] || "$golden" "kvmq-${1%%:*}" "tests/golden/$name.scene" "$file"
	intervals=$(($(grep -c '^view' "tests/golden/$name.scene") - 1))
}

# same OPTION...: what --from shows of the socket is what it shows of the recording
same() {
	"$tool" "$@" --from "$file" > "$scratch/wanted" 2> "$scratch/err" < /dev/null ||
		{ why="--from the recording: $(head -1 "$scratch/err")" && return 1; }
	try "$tool" "$@" --from "$socket" 0.01 "$intervals"
	((status == 0)) || { why="exit status $status with $*" && return 1; }
	[[ ! -s $scratch/err ]] || { why="something on standard error with $*" && return 1; }
	cmp -s "$scratch/wanted" "$scratch/out" || { why="other bytes with $*" && return 1; }
}

# All cases of the golden tests, but those of events, of which a socket has none.
served='' count=0
# end_scene: what was found of the one that was served
end_scene() {
	[[ $served && ! $differs ]] && ok "socket: $served: $count times as its recording"
}
while read -r name scene _ options; do
	[[ ! $name || $name == '#'* || " $options " =~ \ (-e|--events)[\ =] ]] && continue
	if [[ $scene != "$served" ]]; then
		end_scene
		served=$scene count=0 differs=
		record "$scene"
		serve "$feed" "kvmq-${scene%%:*}" "$file" "$socket" || differs=1
	fi
	[[ $differs ]] && continue
	read -ra words <<< "$options"
	if same "${words[@]}"; then
		count=$((count + 1))
	else
		bad "socket: $name" "$why"
		differs=1
	fi
done < tests/golden/cases
end_scene

record why:host
serve "$feed" kvmq-why "$file" "$socket" || return
tool=$build/kvmq-top
if same --batch; then ok 'socket: top --batch'; else bad 'socket: top --batch' "$why"; fi
# A socket of all sets is each tool's.
for what in cpu exit numa io; do
	tool=$build/kvmq-$what
	if same --json; then ok "socket: $what of all sets"; else bad "socket: $what of all sets" "$why"; fi
done

# What was shown is what was recorded beside.
works 'socket: --record' "$cpu" --json --record "$scratch/beside" --from "$socket" 0.01 "$intervals" &&
	mv "$scratch/out" "$scratch/live" && works 'socket: --record' "$cpu" --json --from "$scratch/beside" && if
	cmp -s "$scratch/live" "$scratch/out"
then
	ok 'socket: --record'
else
	bad 'socket: --record' 'the recording shows other bytes'
fi

refuses 'socket: a VM that is not there' 3 "no VM 'nobody' in '$socket'" "$cpu" --vm nobody --from "$socket" 0.01 1
for option in --events --since=-1min --until=-1min --timeline="$scratch/t"; do
	refuses "socket: ${option%%=*}" 2 "${option%%=*}: not with --from SOCKET" "$cpu" "$option" --from "$socket"
done
for option in --vmm --with-guests --qmp=/a --guest-report; do
	refuses "socket: io ${option%%=*}" 2 'not with --' "$io" "$option" --from "$socket"
done
refuses 'socket: --incident' 2 '--incident: not with --from SOCKET' "$cpu" --incident=1 --from "$socket"
refuses 'socket: why --incidents' 2 '--incidents: not with --from SOCKET' "$build/kvmq-why" --incidents --from "$socket"
refuses 'socket: numa --residency' 2 '--residency: not with --from SOCKET' "$numa" --residency=maps --from "$socket"
refuses 'socket: COMMAND' 2 'COMMAND: not with --from SOCKET' "$cpu" --from "$socket" -- true

# What its settings turn off is refused by name, and no rule depends on it.
record exit:host
serve "$feed" kvmq-exit "$file" "$socket" || return
refuses 'socket: --blame without blame' 3 'blame: kvmqd at .* does not look at it: set blame' \
	"$cpu" --blame --from "$socket" 0.01 1
refuses 'socket: --overlap without overlap' 3 'overlap: kvmqd at .* does not look at it: set overlap' \
	"$cpu" --overlap --from "$socket" 0.01 1
try "$build/kvmq-why" --json --from "$socket" 0.01 "$intervals"
if ((status)) || [[ $(grep -c 'warning: kvmqd at .* does not look at' "$scratch/err") != 2 ]]; then
	bad 'socket: why without blame' "exit status $status, or not two warnings"
else
	ok 'socket: why without blame'
fi

# A server that goes ends the tool: what has been shown stays.
"$cpu" --from "$socket" 3600 > "$scratch/out" 2> "$scratch/err" &
pid=$!
until_it $pid blocks $pid kvmq-cpu 2 && until_it $pid grep -q poll /proc/$pid/wchan
stop_serving
ended $pid
if one_line 1 'has ended the connection'; then ok 'socket: the server goes'; else bad 'socket: the server goes' "$why"; fi
refuses 'socket: nobody serves it' 3 'nobody serves it: start kvmqd' python3 -c 'import os, socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[2])
os.execv(sys.argv[1], ["kvmq-cpu", "--from", sys.argv[2]])' "$cpu" "$socket"

# Whoever serves it is a stranger.
record cpu:host
"$feed" --bytes kvmq-cpu "$file" "$scratch/bytes"
# strange MODE PATTERN
strange() {
	rm -f "$socket"
	serve tests/cli/strange_server "$1" "$socket" "$scratch/bytes" || return
	try "$cpu" --from "$socket" 0.01 3
	if one_line "$3" "$2"; then ok "socket: a server that ${1//_/ }"; else bad "socket: a server that ${1//_/ }" "$why"; fi
}
strange closes 'has ended the connection' 3
strange sends_garbage 'is no kvmqd' 3
strange announces_too_much 'is no kvmqd' 3
strange has_no_tables 'begins with a view that nobody can read' 3
strange sends_damage 'sends no view' 3
strange repeats_itself 'no later than the one before' 1
strange goes_away 'has ended the connection' 1

# stopped MODE TOOL OPTION: SIGINT ends it within a second, whatever the server does
stopped() {
	local begin pid name="socket: SIGINT, $3, and a server that ${1//_/ }"

	serve tests/cli/strange_server "$1" "$socket" "$scratch/bytes" || return
	"$2" "$3" "$socket" > "$scratch/out" 2> "$scratch/err" &
	pid=$!
	until_it $pid blocks $pid "${2##*/}" 2 && until_it $pid grep -q poll /proc/$pid/wchan
	begin=${EPOCHREALTIME/./}
	kill -INT $pid
	ended $pid
	begin=$((${EPOCHREALTIME/./} - begin))
	if ((status || begin > 1000000)) || [[ -s $scratch/err ]]; then
		bad "$name" "exit status $status after $begin us"
	else
		ok "$name"
	fi
}
for mode in stays_silent dribbles sends_one_moment; do
	stopped $mode "$cpu" --from
done
stopped stays_silent "$io" --qmp
refuses 'socket: a monitor that stays silent' 3 'QEMU serves one client at a time: ' "$io" --qmp "$socket" 0.1 1
stop_serving

# Without privileges, and without being told: the usual socket, in a file system of its own.
as_user=(setpriv --reuid=65534 --regid=daemon --clear-groups --inh-caps=-all)
# beside NAME GROUP COMMAND...: beside a server at the usual place whose group is daemon
cat > "$scratch/beside.sh" << 'EOF'
mount -t tmpfs kvmq /run && mkdir -m 755 /run/kvmq || exit 77
: > "$3"
"$1" kvmq-cpu "$2" /run/kvmq/kvmqd.sock daemon > "$3" 2>&1 &
pid=$!
until grep -q ready "$3"; do kill -0 $pid || exit 77; sleep 0.01; done
shift 3
"$@"
status=$?
kill $pid
exit $status
EOF
beside() { try unshare -m bash "$scratch/beside.sh" "$feed" "$file" "$scratch/ready" "$@"; }
cp "$cpu" "$doctor" "$scratch/"
if ((EUID)) || ! unshare -m true 2> /dev/null; then
	skip 'socket: by default' 'needs root, and a file system of its own'
else
	"$cpu" --from "$file" > "$scratch/wanted"
	beside "${as_user[@]}" "$scratch/kvmq-cpu" 0.01 "$intervals"
	if ((status)) || ! cmp -s "$scratch/out" "$scratch/wanted"; then
		bad 'socket: by default' "exit status $status, or other bytes than of its recording"
	elif ! one_line 0 "the views are kvmqd's, at '/run/kvmq/kvmqd.sock': .*lacks CAP_BPF"; then
		bad 'socket: by default' "$why"
	else
		ok 'socket: by default'
	fi
	for arguments in '--events 0.01 1' '-- true'; do
		read -ra words <<< "$arguments"
		beside "${as_user[@]}" "$scratch/kvmq-cpu" "${words[@]}"
		if one_line 3 'lacks CAP_BPF'; then
			ok "socket: by default, not with $arguments"
		else
			bad "socket: by default, not with $arguments" "$why"
		fi
	done
	beside setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$scratch/kvmq-cpu" 0.01 1
	if one_line 3 'lacks CAP_BPF'; then ok 'socket: not of its group'; else bad 'socket: not of its group' "$why"; fi
	beside setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$scratch/kvmq-cpu" --from /run/kvmq/kvmqd.sock
	if one_line 3 'may not use it: join its group'; then
		ok 'socket: --from, not of its group'
	else
		bad 'socket: --from, not of its group' "$why"
	fi
	for user in '0 works' '65534 lacking'; do
		beside setpriv --reuid="${user% *}" --regid="${user% *}" --clear-groups --inh-caps=-all \
			"$scratch/kvmq-doctor"
		if grep -qE "^  ${user#* } +socket /run/kvmq/kvmqd.sock" "$scratch/out"; then
			ok "socket: doctor as ${user% *}"
		else
			bad "socket: doctor as ${user% *}" "not '${user#* }'"
		fi
	done
fi

# kvmqd itself, for a user who may do nothing but that.
# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms 'socket: kvmqd' || return
cp "$exits" "$numa" "$io" "$build/kvmq-why" "$build/kvmq-top" "$scratch/"
live=$scratch/s/kvmqd.sock
said() { grep -qE "$1" "$scratch/kvmqd"; }
: > "$scratch/kvmqd"
memory_kb() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
"$build/kvmqd" -c /dev/null --socket "$live" --socket-group daemon --listen off --interval 100ms --budget 100% \
	--recording "$scratch/kvmqd.db" --blame on --overlap off > "$scratch/kvmqd" 2>&1 < /dev/null &
pid_daemon=$!
started+=("$pid_daemon")
until_it $pid_daemon said 'has started' || { bad 'socket: kvmqd' "$(head -1 "$scratch/kvmqd")" && return; }
# of_kvmqd TOOL EXPRESSION...
of_kvmqd() {
	local what=$1

	shift
	try "${as_user[@]}" "$scratch/kvmq-$what" --json --from "$live" 0.3 3
	if ((status)) || [[ -s $scratch/err ]]; then
		bad "socket: kvmqd's views in kvmq-$what" "exit status $status"
	else
		holds "socket: kvmqd's views in kvmq-$what" 'len(intervals) == 3' \
			'all(line["interval_ns"] > 200e6 for line in lines)' "$@"
	fi
}
of_kvmqd cpu "{row['vm'] for row in rows} >= {'$name-a', '$name-b'}" 'add_up(rows, 0.001)'
of_kvmqd exit "{row['vm'] for row in rows} >= {'$name-a', '$name-b'}"
of_kvmqd numa "{row['vm'] for row in rows} >= {'$name-a', '$name-b'}"
of_kvmqd io
try "${as_user[@]}" "$scratch/kvmq-why" --json --from "$live" 0.5
if ((status)) || ! grep -q "$name-a" "$scratch/out" || ! grep -q 'does not look at overlap' "$scratch/err"; then
	bad "socket: kvmqd's views in kvmq-why" "exit status $status"
else
	ok "socket: kvmqd's views in kvmq-why"
fi
works "socket: kvmqd's blame, of one VM" "${as_user[@]}" "$scratch/kvmq-cpu" --json --blame --vm "$name-a" \
	--from "$live" 0.2 2 && holds "socket: kvmqd's blame, of one VM" "$only_a" "any(row.get('blame') for row in rows)"
refuses "socket: kvmqd has no overlap" 3 'overlap: kvmqd at .* does not look at it' \
	"${as_user[@]}" "$scratch/kvmq-cpu" --overlap --from "$live"

# Whoever connects a thousand times, sends garbage or does not read: others get their views.
before=$(memory_kb $pid_daemon)
: > "$scratch/attack"
python3 - "$live" > "$scratch/attack" << 'END' &
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (1200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
clients = []
for i in range(1000):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(sys.argv[1])
    clients.append(client)
    try:
        client.send((b"kvmq 1\n", b"", b"GET / HTTP/1.1\r\n\r\n", b"kvmq 1\nkvmq 1\n")[i % 4])
    except OSError:
        pass
print("connected", flush=True)
time.sleep(600)
END
attacker=$!
started+=("$attacker")
until_it $attacker grep -q connected "$scratch/attack"
begin=${EPOCHREALTIME/./}
try "${as_user[@]}" "$scratch/kvmq-cpu" --json --from "$live" 0.1 10
took=$(((${EPOCHREALTIME/./} - begin) / 1000)) after=$(memory_kb $pid_daemon)
if ((status || after > before + 16384)) || (($(wc -l < "$scratch/out") != 10)); then
	bad 'socket: kvmqd under attack' "exit status $status, $took ms, $before kB, then $after kB"
else
	ok "socket: kvmqd under attack: 10 intervals in $took ms, $before kB, then $after kB"
fi
kill $attacker
: > "$scratch/out" # what an earlier tool said there is not what this one says
"${as_user[@]}" "$scratch/kvmq-cpu" --from "$live" > "$scratch/out" 2> "$scratch/err" &
pid=$!
until_it $pid grep -q "$name-a" "$scratch/out"
kill $pid_daemon
ended $pid_daemon
daemon_status=$status
ended $pid
if ! one_line 1 'has ended the connection'; then
	bad 'socket: kvmqd ends' "$why"
elif ((daemon_status)) || [[ -e $live ]] || said refused; then
	bad 'socket: kvmqd ends' "its exit status $daemon_status, or its socket is still there"
else
	ok 'socket: kvmqd ends'
fi
