# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Without the capabilities, and with kvmq-doctor, which works without any.

# Copies of the tools, which somebody without any permission may run.
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
cp "$cpu" "$exits" "$numa" "$io" "$doctor" "$scratch/"

if ((EUID)); then
	skip 'cpu without permission' 'needs root to become somebody else'
else
	refuses 'cpu as nobody' 3 'lacks CAP_BPF and CAP_PERFMON: ' \
		"${as_nobody[@]}" "$scratch/kvmq-cpu" 0.1 1
	refuses 'exit as nobody' 3 'lacks CAP_BPF and CAP_PERFMON: ' \
		"${as_nobody[@]}" "$scratch/kvmq-exit" 0.1 1
	refuses 'numa as nobody' 3 'lacks CAP_BPF and CAP_PERFMON: ' \
		"${as_nobody[@]}" "$scratch/kvmq-numa" 0.1 1
	refuses 'io as nobody' 3 'lacks CAP_BPF and CAP_PERFMON: ' \
		"${as_nobody[@]}" "$scratch/kvmq-io" 0.1 1
	refuses 'io --guest-report as nobody' 3 'lacks CAP_BPF and CAP_PERFMON: ' \
		"${as_nobody[@]}" "$scratch/kvmq-io" --guest-report=/dev/null 0.1 1
	refuses 'cpu without CAP_BPF' 3 'lacks CAP_BPF: ' \
		setpriv --bounding-set=-bpf,-sys_admin "$cpu" 0.1 1
	refuses 'cpu without CAP_PERFMON' 3 'lacks CAP_PERFMON: ' \
		setpriv --bounding-set=-perfmon,-sys_admin "$cpu" 0.1 1
	refuses 'cpu as nobody: the command does not run' 3 'lacks ' \
		"${as_nobody[@]}" "$scratch/kvmq-cpu" -- touch "$scratch/touched"
	try "${as_nobody[@]}" "$scratch/kvmq-doctor"
	if ((status != 3)); then
		bad 'doctor as nobody' "exit status $status, not 3"
	elif ! grep -qE '^ +missing +CAP_BPF and CAP_PERFMON' "$scratch/out"; then
		bad 'doctor as nobody' 'does not say that capabilities are missing'
	else
		ok 'doctor as nobody'
	fi
	# With a source of its own, that needs no permission.
	if [[ -x $build/tests/test_tool ]]; then
		cp "$build/tests/test_tool" "$scratch/"
		try "${as_nobody[@]}" "$scratch/test_tool"
		if ((status)); then
			bad 'the runner of all tools as nobody' "exit status $status"
		else
			ok 'the runner of all tools as nobody'
		fi
	fi
fi

try "$doctor"
if ((status == 0 || status == 1 || status == 3)) && [[ ! -s $scratch/err ]]; then
	ok 'doctor'
else
	bad 'doctor' "exit status $status"
fi
for option in '' --json; do
	refuses "doctor $option into a full device" 1 'standard output: ' \
		sh -c "'$doctor' $option > /dev/full"
	refuses "doctor $option without standard output" 1 'standard output: ' \
		sh -c "'$doctor' $option >&-"
done
try "$doctor" --json
if why=$(python3 -c 'import json, sys; json.load(sys.stdin)["tools"][0]["checks"][0]["status"]' \
	< "$scratch/out" 2>&1); then
	ok 'doctor --json'
	cp "$scratch/out" "$scratch/kvmq-doctor --json"
	tests/golden/validate "$scratch/kvmq-doctor --json" || failed=1
else
	bad 'doctor --json' "${why##*$'\n'}"
fi

