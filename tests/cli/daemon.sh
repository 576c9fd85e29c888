# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# kvmqd: its settings, its signals, what it tells the service manager, and what it records.

daemon=$build/kvmqd
settings=$scratch/kvmqd.conf
# What is not tested here does not stand in the way of another kvmqd.
alone=(--socket=off --listen=off '--tiers=100ms/1h 10s/7d 5min/90d')

refuses 'kvmqd: a value without a unit' 2 "--interval: invalid value '1': expected 100ms to 10min" \
	"$daemon" --check --interval=1
refuses 'kvmqd: an option that there is not' 2 '--speed=1: no such option' "$daemon" --speed=1
refuses 'kvmqd: an argument too many' 2 "'10': one argument too many" "$daemon" 10
refuses 'kvmqd: no file' 2 "/nonexistent: No such file" "$daemon" --config /nonexistent
printf 'exits = on\n\nspeed = 1\n' > "$settings"
refuses 'kvmqd: a setting that there is not' 2 "kvmqd.conf:3: 'speed': no such setting" \
	"$daemon" --check --config "$settings"
printf 'exits = on\nexits = off\n' > "$settings"
refuses 'kvmqd: a setting twice' 2 "kvmqd.conf:2: 'exits': it is set in line 1" "$daemon" -c "$settings"
printf 'interval = 2s\n' > "$settings"
if works 'kvmqd --check' "$daemon" --check -c "$settings" --numa off; then
	cp "$scratch/out" "$scratch/checked"
	if ! grep -qx 'interval = 2s' "$scratch/out" || ! grep -qx 'numa = off' "$scratch/out"; then
		bad 'kvmqd --check' 'not the settings of the file and the options'
	elif ! works 'kvmqd --check' "$daemon" --check -c "$scratch/checked" ||
		! cmp -s "$scratch/out" "$scratch/checked"; then
		bad 'kvmqd --check' 'not what it prints itself'
	else
		ok 'kvmqd --check'
	fi
fi

# The unit as it is delivered, with the program that is tested.
if command -v systemd-analyze > "$scratch/none"; then
	sed "s:/usr/sbin/kvmqd:$daemon:" doc/kvmqd.service > "$scratch/kvmqd.service"
	try systemd-analyze verify --man=no "$scratch/kvmqd.service"
	if ((status)) || [[ -s $scratch/err ]]; then
		bad 'kvmqd.service: verify' "exit status $status"
	else
		ok 'kvmqd.service: verify'
	fi
	try systemd-analyze security --offline=true --threshold=25 "$scratch/kvmqd.service"
	if ((status)); then
		bad 'kvmqd.service: security' "$(grep Overall "$scratch/out")"
	else
		ok 'kvmqd.service: security'
	fi
else
	skip 'kvmqd.service' 'no systemd-analyze'
fi

# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
start_vms 'kvmqd' || return

# A service manager: each message as a line, until there is nobody to tell it anything.
cat > "$scratch/manager" << 'END'
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
listener.settimeout(120)
with open(sys.argv[2], "w", buffering=1) as file:
    while True:
        text = listener.recv(4096).decode()
        print(text.replace("\n", " "), file=file)
        if text == "STOPPING=1":
            break
END
python3 "$scratch/manager" "$scratch/notify" "$scratch/told" &
manager=$!
started+=("$manager")
until_it $manager test -S "$scratch/notify"

told() { grep -qE "^$1" "$scratch/told"; }
told_times() { (($(grep -cE "^$1" "$scratch/told") >= $2)); }
said() { grep -qsE "$1" "$scratch/log"; }
views() { (($("$cpu" --json --from "$file" 2> "$scratch/none" | wc -l) >= $1)); }

# begin_daemon OPTION...: sets pid; it is ready, or this says why not
begin_daemon() {
	rm -f "$scratch/log" # of the one before, which has started, too
	"$daemon" "${alone[@]}" "$@" > "$scratch/out" 2> "$scratch/log" < /dev/null &
	pid=$!
	started+=("$pid")
	until_it "$pid" said 'has started' || { bad "${what:-kvmqd}" 'it has not started' && return 1; }
}

# end_daemon SIGNAL: sets status and took, in ms
end_daemon() {
	local begin=${EPOCHREALTIME/./}

	kill "-$1" "$pid"
	ended "$pid"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

file=$scratch/kvmq.db
printf 'interval = 200ms\nbudget = 50%%\nrecording = %s\n' "$file" > "$settings"
NOTIFY_SOCKET=$scratch/notify WATCHDOG_USEC=60000000 begin_daemon -c "$settings" || return
until_it "$pid" told 'READY=1' || bad 'kvmqd: ready' 'the service manager was not told'
until_it "$pid" views 5
if ! views 5; then
	bad 'kvmqd records' 'no 5 intervals'
else
	"$cpu" --json --from "$file" > "$scratch/out"
	holds 'kvmqd records' 'len(intervals) >= 5' "{row['vm'] for row in rows} >= {'$name-a', '$name-b'}" \
		'add_up(rows, 0.001)'
fi
for tool in "$exits" "$numa" "$io"; do
	works "${tool##*/} --from kvmqd's recording" "$tool" --json --from "$file" &&
		holds "${tool##*/} --from kvmqd's recording" 'len(intervals) >= 4'
done
until_it "$pid" told 'WATCHDOG=1' && told 'STATUS=.* of one CPU of 50 %: nothing is left out' ||
	bad 'kvmqd: watchdog and status' 'the service manager was not told'

printf 'interval = 0\n' > "$settings"
kill -HUP "$pid"
until_it "$pid" said 'the settings stay as they were'
if said "kvmqd.conf:1: interval: invalid value '0'" && told_times 'READY=1' 2; then
	ok 'kvmqd: a reload of wrong settings'
else
	bad 'kvmqd: a reload of wrong settings' 'it was not refused'
fi
printf 'interval = 2s\nbudget = 50%%\nexits = off\nrecording = /nowhere\n' > "$settings"
kill -HUP "$pid"
until_it "$pid" said 'reload: done'
if ! said "reload: interval: '200ms' is now '2s'" || ! said "reload: exits: 'on' is now 'off'"; then
	bad 'kvmqd: a reload' 'it does not say what has changed'
elif ! said "warning: reload: recording: stays '$file': a new start makes it '/nowhere'"; then
	bad 'kvmqd: a reload' 'it does not say what has not changed'
elif ! told 'RELOADING=1 MONOTONIC_USEC=[0-9]+$' || ! told_times 'READY=1' 3; then
	bad 'kvmqd: a reload' 'the service manager was not told'
else
	ok 'kvmqd: a reload'
fi
"$cpu" --json --from "$file" > "$scratch/out"
before=$(wc -l < "$scratch/out")
until_it "$pid" views $((before + 2))
end_daemon TERM
if ((status || took > 1000)); then
	bad 'kvmqd: SIGTERM' "exit status $status after $took ms"
elif ! told 'STOPPING=1'; then
	bad 'kvmqd: SIGTERM' 'the service manager was not told'
elif said refused; then
	bad 'kvmqd: SIGTERM' 'it was refused a system call'
else
	ok 'kvmqd: SIGTERM'
fi
"$cpu" --json --from "$file" > "$scratch/out"
holds 'kvmqd: another interval after a reload' 'max(line["interval_ns"] for line in lines[-2:]) > 1.5e9'
"$build/kvmq-why" --json --from "$file" > "$scratch/out" 2> "$scratch/err"
holds 'kvmqd: views say what its settings leave out' \
	"any(one['why'] == \"kvmqd's settings do not ask for it\" for line in lines for one in line['unasked'])"

# Block requests are counted while they are looked at, each once, and no others.
what='kvmqd: block off and on again'
reload() {
	local before

	before=$(grep -c 'reload: done' "$scratch/log")
	until_it "$pid" views $(($("$cpu" --json --from "$file" 2> "$scratch/none" | wc -l) + 2))
	echo "$1" > "$settings"
	kill -HUP "$pid"
	until_it "$pid" reloads $((before + 1))
}
reloads() { (($(grep -c 'reload: done' "$scratch/log") >= $1)); }
write_blocks() { dd if=/dev/zero of="$loop" bs=4k count="$1" oflag=direct status=none; }
rm -f "$file"*
: > "$settings"
if ! image=$(mktemp -p /dev/shm 2> "$scratch/none") || ! truncate -s 16M "$image" ||
	! loop=$(losetup -f --show "$image" 2> "$scratch/none"); then
	skip "$what" "no loop device: $(head -1 "$scratch/none")"
elif begin_daemon -c "$settings" --interval 100ms --budget 50% --recording "$file"; then
	until_it "$pid" views 1 # what was written before the first view is in no interval
	write_blocks 16
	reload 'block = off'
	write_blocks 32
	reload 'block = on'
	write_blocks 8
	reload 'block = off'
	write_blocks 64
	reload 'block = on'
	write_blocks 4
	reload ''
	end_daemon TERM
	works "$what" "$io" --json --by device --from "$file" &&
		holds "$what" "sum(row['requests'] for row in rows if row['device'] == '${loop##*/}' and row['op'] == 'write') == 28" \
			'all(line["cost"]["runs"] >= 0 for line in lines)'
fi

# SIGHUP while it starts; a sudden end; and another start, which goes on in the same recording.
what='kvmqd: SIGHUP at its start, SIGKILL, and another start'
rm -f "$file"*
: > "$settings"
"$daemon" "${alone[@]}" -c "$settings" --interval 100ms --budget 50% --recording "$file" > "$scratch/out" 2> "$scratch/log" &
pid=$!
started+=("$pid")
until_it "$pid" blocks "$pid" kvmqd 1
kill -HUP "$pid"
until_it "$pid" said 'reload: done'
said 'reload: done' || bad "$what" 'it has not reloaded'
until_it "$pid" views 3
kill -KILL "$pid"
ended "$pid" 2> "$scratch/none"
"$cpu" --json --from "$file" > "$scratch/first"
if begin_daemon -c "$settings" --interval 100ms --budget 50% --recording "$file"; then
	until_it "$pid" views $(($(wc -l < "$scratch/first") + 3))
	end_daemon TERM
	works "$what" "$cpu" --json --from "$file" &&
		cmp -s "$scratch/first" <(head -n "$(wc -l < "$scratch/first")" "$scratch/out") &&
		holds "$what" 'len(intervals) >= 6' 'add_up(rows, 0.001)' ||
		bad "$what" 'what was there before is not shown as before'
fi

# A VM that comes later, and whose vCPUs wait for each other: that is kept, and can be shown again.
what='kvmqd keeps an incident'
incidents() { (($("$build/kvmq-why" --incidents --from "$file" 2> "$scratch/none" | wc -l) >= $1)); }
rm -f "$file"*
if begin_daemon -c /dev/null --interval 200ms --budget 50% --wait-limit 1ms --recording "$file"; then
	until_it "$pid" views 3
	start_vm -c --vcpus 2
	until_it "$pid" incidents 1
	end_daemon TERM
	works "$what" "$build/kvmq-why" --incidents --json --from "$file" &&
		cp "$scratch/out" "$scratch/kvmq-why --incidents --json" &&
		tests/golden/validate "$scratch/kvmq-why --incidents --json" &&
		holds "$what" "any(line['vm'] == '$name-c' and line['rule'] == 'wait' for line in lines)" \
			"[line['incident'] for line in lines] == list(range(1, len(lines) + 1))" \
			"'over the limit of 1 ms' in lines[-1]['verdict']"
	number=$(sed -n "s/.*\"incident\":\([0-9]*\),.*\"vm\":\"$name-c\".*/\1/p" "$scratch/kvmq-why --incidents --json" | head -1)
	works "$what: it is shown" "$cpu" --json --from "$file" --incident "$number" &&
		holds "$what: it is shown" 'len(intervals) >= 1'
	works "$what: as text" "$build/kvmq-why" --incidents --from "$file" &&
		if grep -qE "^ +$number  [0-9-]+T[0-9:.+Z]+  $name-c: wait: vCPU [01] waited [0-9.]+ ms" "$scratch/out"; then
			ok "$what: as text"
		else
			bad "$what: as text" 'no such line'
		fi
fi
refuses 'why --incidents without a recording' 2 'a recording has them: add --from' "$build/kvmq-why" --incidents
refuses 'why --incidents of one VM' 2 'not with --incidents, which lists all' "$build/kvmq-why" --incidents --from "$file" -m a

# A budget that nothing fits into: all is given up, and views say so.
what='kvmqd: no room in its budget'
rm -f "$file"*
if begin_daemon -c /dev/null --interval 100ms --budget 0.01% --recording "$file"; then
	until_it "$pid" said 'block off, a view each 6.4 s'
	until_it "$pid" said 'warning: budget: it will not be kept'
	end_daemon INT
	((status || took > 1000)) && bad 'kvmqd: SIGINT' "exit status $status after $took ms"
	"$build/kvmq-why" --json --from "$file" > "$scratch/out" 2> "$scratch/none"
	if said 'block off, a view each 6.4 s' && said 'warning: budget: it will not be kept'; then
		ok "$what"
	else
		bad "$what" 'it has not said so'
	fi
fi
