# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One boot: starts QEMU, carries COMMAND's output here, and tells how it ended.

TAIL_LINES=60 # a panic's trace is 45 lines

# What must end with the lab, and be gone when it has: some of it has ended by itself
cleanup() {
	local pid
	trap - EXIT INT TERM HUP
	for pid in "${RUN_PIDS[@]}"; do
		kill "$pid" 2> /dev/null || true # one that has ended by itself is no error
	done
	wait 2> /dev/null || true # nor is how they ended
	rm -rf "$RUN"
}

SILENCE=180 # seconds; a host beats every 5, and on a crowded machine takes a minute to begin

# hang SILENT - why the host must be hung, or nothing. One that has lost a timer interrupt comes to no end. Its kernel
# says so every minute: the kernel thread of RCU got no turn for over 60 s (15,000 of its 250 jiffies a second). One
# whose CPUs are all lost says nothing more.
hang() {
	local jiffies
	jiffies=$(sed -n 's/.*rcu.* kthread starved for \([0-9]*\) jiffies.*/\1/p' "$RUN/console" | tail -n 1)
	if [ "${jiffies:-0}" -gt 15000 ]; then
		echo "its kernel's RCU thread got no CPU for $((jiffies / 250)) s"
	elif [ "$1" -ge $SILENCE ]; then
		echo "no sign of life for $1 s"
	fi
}

# Looks are counted, and not the clock: a machine that slept has not hung.
end_when_hung() {
	local why beats before=-1 silent=0
	while sleep 5; do
		beats=$(stat -c %s "$RUN/beat")
		silent=$((beats == before ? silent + 5 : 0))
		before=$beats
		why=$(hang $silent)
		if [ -n "$why" ]; then
			say "the host hangs: $why"
			kill "$QEMU_PID"
			return
		fi
	done
}

console_tail() {
	say "the end of its console:"
	tail -n $TAIL_LINES "$RUN/console" | tr -d '\r' | sed 's/^/  | /' >&2
}

# start_qemu - under a time limit, and under a parent-death signal so that a lab killed outright leaves none
# behind. timeout ends with 124 when the time was up.
start_qemu() {
	local options=() option value
	while read -r option value; do
		options+=("$option" "$value")
		[ -n "$value" ] || unset 'options[-1]'
	done < <(qemu_options "$RUN")
	setpriv --pdeathsig TERM timeout -k 5 "$OPT_TIMEOUT" "${QEMU[@]}" "${options[@]}" \
		< /dev/null > "$RUN/qemu.log" 2>&1 &
	QEMU_PID=$!
	RUN_PIDS+=("$QEMU_PID")
}

# COMMAND's output comes through fifos, so that this end can be a file, a pipe or a terminal as it is.
start_carriers() {
	mkfifo "$RUN/stdout" "$RUN/stderr"
	cat "$RUN/stdout" &
	CARRIERS=("$!")
	cat "$RUN/stderr" >&2 &
	CARRIERS+=("$!")
	: > "$RUN/console"
	: > "$RUN/beat"
	: > "$RUN/status"
	if [ -n "$OPT_VERBOSE" ]; then
		tail --pid=$$ -f "$RUN/console" >&2 &
		RUN_PIDS+=("$!")
	fi
}

# The fifos end when QEMU does. Were it not to open them at all, cat would wait for ever: then they are ended here.
finish_carriers() {
	: <> "$RUN/stdout"
	: <> "$RUN/stderr"
	wait "${CARRIERS[@]}" || true # one that nobody reads from any more has failed
}

# verdict STATUS-OF-TIMEOUT - sets DIED where the host did, not for want of time or guests. The status file has "guests N", "begun" when COMMAND is started, and "exit N"
verdict() {
	local guests status
	status=$(sed -n 's/^exit //p' "$RUN/status")
	guests=$(sed -n 's/^guests //p' "$RUN/status")
	if [ -n "$status" ]; then
		return "$status"
	elif [ "${guests:-0}" -ne 0 ]; then
		say "the guests did not come up"
	elif [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		say "the host ran out of time ($OPT_TIMEOUT s, --timeout)"
	elif [ "$1" -ne 0 ]; then
		say "QEMU failed: $(tail -n 1 "$RUN/qemu.log")"
	elif grep -q 'Kernel panic' "$RUN/console"; then
		DIED=yes
		say "the host panicked: $(sed -n 's/.*Kernel panic - //p' "$RUN/console" | tr -d '\r' | head -n 1)"
	else
		DIED=yes
		say "the host ended before COMMAND did"
	fi
	console_tail
	return "$EXIT_HOST"
}

# boot - sets STATUS and DIED
boot() {
	local ended=0
	STATUS=0 DIED=''
	RUN_PIDS=()
	RUN=$(mktemp -d /tmp/kvmq-lab.XXXXXX)
	trap cleanup EXIT
	trap 'cleanup; exit 130' INT
	trap 'cleanup; exit 143' TERM
	trap 'cleanup; exit 129' HUP
	make_host_initramfs "$RUN"
	start_carriers
	start_qemu
	end_when_hung &
	RUN_PIDS+=("$!")
	wait "$QEMU_PID" || ended=$?
	finish_carriers
	verdict "$ended" || STATUS=$?
}

# died_early - before COMMAND began, so that nothing of it is done twice
died_early() { [ -n "$DIED" ] && ! grep -q '^begun' "$RUN/status"; }

run_host() {
	boot
	if died_early; then
		say "COMMAND had not begun: booting once more"
		cleanup
		boot
	fi
	exit "$STATUS"
}
