# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# Two VMs for tests: $name-a, two vCPUs that are always busy and share a CPU, and
# $name-b, one that halts most of the time. Both yield to whatever else runs.

name=kvmq-test-$BASHPID

start_vm() {
	nice -n 5 "$vmm" --seconds 0 --pin 0 --ready-file "$scratch/ready$1" --name "$name$1" \
		"${@:2}" > "$scratch/vmm$1" 2>&1 &
	started+=($!)
	# The file comes in one piece once all vCPUs run.
	while [[ ! -e $scratch/ready$1 ]]; do
		kill -0 $! 2> /dev/null || return 1
		sleep 0.02
	done
}

# start_vms WHAT: true if they run; or says why WHAT is skipped
start_vms() {
	((EUID)) && skip "$1" 'needs root' && return 1
	[[ -w /dev/kvm ]] || { skip "$1" 'no /dev/kvm here' && return 1; }
	[[ -x $vmm ]] || { skip "$1" "no ${vmm#"$PWD/"}: make vmm" && return 1; }
	needs_bpf "$1" || return 1
	if ! start_vm -a --vcpus 2 || ! start_vm -b --mode halt --burn 200 --wait 2000; then
		skip "$1" "$(cat "$scratch"/vmm-[ab] | head -1)"
		return 1
	fi
	pid_a=$(sed -n 's/^ready pid=\([0-9]*\) .*/\1/p' "$scratch/ready-a")
	tids_a=$(sed -n 's/^ready .* tids=\([0-9,]*\) .*/\1/p' "$scratch/ready-a")
	only_a="rows and all(row['vm'] == '$name-a' for row in rows)"
}
