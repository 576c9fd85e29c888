# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# What kvmq-doctor says of each tool is what the tool does, with and without what it needs.

tools=(kvmq-cpu kvmq-exit kvmq-numa kvmq-io)
mkdir "$scratch/bin" "$scratch/empty"
for tool in "${tools[@]}" kvmq-doctor; do
	cp "$build/$tool" "$scratch/bin/"
done

# said TOOL: what the doctor's output, in $scratch/said, says of a tool
said() {
	python3 -c 'import json, sys
print(*(t["status"] for t in json.load(open(sys.argv[1]))["tools"] if t["tool"] == sys.argv[2]))' \
		"$scratch/said" "$1"
}

# agrees NAME REASON WRAPPER...: each tool starts, or refuses in one line with REASON, as the doctor says
agrees() {
	local name=$1 reason=$2 tool found missing=0 verdict

	shift 2
	try "$@" "$scratch/bin/kvmq-doctor" --json
	verdict=$status
	cp "$scratch/out" "$scratch/said"
	[[ -s $scratch/err ]] && bad "doctor $name" 'something on standard error' && return
	for tool in "${tools[@]}"; do
		found=$(said "$tool")
		try "$@" "$scratch/bin/$tool" 0.01 1
		if [[ $found == missing ]]; then
			missing=$((missing + 1))
			one_line 3 "$reason" || { bad "doctor $name: $tool is missing" "$why" && return; }
			grep -qF "${reason//\\/}" "$scratch/said" ||
				{ bad "doctor $name" "does not say '$reason'" && return; }
		elif [[ -z $found ]] || ((status)); then
			bad "doctor $name: $tool is '$found'" "exit status $status" && return
		fi
	done
	if ((missing == ${#tools[@]} ? verdict != 3 : verdict == 3 || missing && verdict != 1)); then
		bad "doctor $name" "exit status $verdict, with $missing tools that do not start"
	else
		ok "doctor $name"
	fi
}

if ((EUID)); then
	skip 'doctor and tools' 'needs root to become somebody else'
elif needs_bpf 'doctor and tools'; then
	agrees 'as root' 'kvm: not loaded' env
	agrees 'as nobody' 'lacks CAP_BPF and CAP_PERFMON' \
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all
	agrees 'without CAP_BPF' 'lacks CAP_BPF' setpriv --bounding-set=-bpf,-sys_admin
	agrees 'without CAP_PERFMON' 'lacks CAP_PERFMON' setpriv --bounding-set=-perfmon,-sys_admin
	agrees 'without CAP_SYS_ADMIN' 'lacks CAP_SYS_ADMIN' setpriv --bounding-set=-sys_admin
	agrees 'with CAP_BPF and CAP_PERFMON alone' 'CAP_' setpriv --reuid=65534 --regid=65534 \
		--clear-groups --inh-caps=+bpf,+perfmon --ambient-caps=+bpf,+perfmon
	agrees 'under a seccomp filter (EPERM)' 'seccomp filter' tests/cli/seccomp EPERM
	agrees 'under a seccomp filter (ENOSYS)' 'seccomp filter' tests/cli/seccomp ENOSYS
	# shellcheck disable=SC2016 # for the inner shell
	no_btf=(unshare -m sh -c 'mount --bind "$0" /sys/kernel/btf && exec "$@"' "$scratch/empty")
	agrees 'without BTF' 'CONFIG_DEBUG_INFO_BTF' "${no_btf[@]}"
	if unshare -Ur true 2> "$scratch/err"; then
		agrees 'in a user namespace' 'unprivileged container' unshare -Ur
	else
		skip 'doctor in a user namespace' "$(head -1 "$scratch/err")"
	fi
	agrees 'in a PID namespace' 'PID namespace' unshare -pf --mount-proc

	# Details: what is loaded and left out; and libbpf's words only if asked for twice.
	try "$cpu" -v 0.01 1
	if ((status)) || ! grep -q 'programs of sched: loaded .*sched_switch' "$scratch/err"; then
		bad 'cpu -v' 'does not say what is loaded'
	elif grep -q '^libbpf:' "$scratch/err"; then
		bad 'cpu -v' "libbpf's words"
	else
		ok 'cpu -v'
	fi
	try "$cpu" -vv 0.01 1
	if grep -q '^libbpf:' "$scratch/err"; then
		ok 'cpu -vv'
	else
		bad 'cpu -vv' "none of libbpf's words"
	fi
fi
