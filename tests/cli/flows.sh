# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # lib.sh sets what is not set here, and clears up
# One user's processes that take every flow they can get, beside a VM of another user that reads
# after them.

[[ $(id -u) == 0 ]] || { skip 'shares of the flows' 'needs root' && return; }
[[ -w /dev/kvm ]] || { skip 'shares of the flows' 'no /dev/kvm here' && return; }
needs_bpf 'shares of the flows' || return
if ! image=$(mktemp -p /dev/shm 2> "$scratch/err") || ! truncate -s 64M "$image" ||
	! loop=$(losetup -f --show "$image" 2> "$scratch/err"); then
	skip 'shares of the flows' "no loop device: $(head -1 "$scratch/err")"
	return
fi
HOGS=1100 # more than the least table has: each a flow of its reads, and one of its writes
mib=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
((mib / 16 > 2048)) && HOGS=$((mib / 32 + 76))
((HOGS > 4000)) && skip 'shares of the flows' 'a host so large that it takes too many processes' && return

# use_disks NAME UID COUNT READS WRITES
use_disks() {
	(exec -a qemu-system-x86_64 python3 tests/cli/flows.py "${@:2}" "$loop" -name "guest=$1" \
		-drive "if=virtio,file=$loop,format=raw" > "$scratch/$1" 2>&1) &
	started+=($!)
	for ((i = 0; i < 200; i++)); do
		grep -q '^ready' "$scratch/$1" && return
		kill -0 "${started[-1]}" 2> /dev/null || break
		sleep 0.1
	done
	bad 'shares of the flows' "$1: $(tail -1 "$scratch/$1")"
	return 1
}

# in_turn ROUND NAME:PID...
# shellcheck disable=SC2317 # called by the tool's command
in_turn() {
	local one

	for one in "${@:2}"; do
		kill -USR1 "${one#*:}"
		until (($(grep -c '^done' "$scratch/${one%:*}") == $1)); do sleep 0.05; done
	done
}
export -f in_turn
export scratch

# beside ROUND NAME OPTION...: the hogs come first, and then the victim
beside() {
	works "$2" "$io" -j "${@:3}" -- bash -c "in_turn $1 hog:$hogs victim:$victim" &&
		holds "$2: exact" \
			"[(row['op'], row['requests']) for row in rows if row['vm'] == 'victim' and row['requests']] == [('read', 50)]" &&
		holds "$2: whose share is used up" 'last["losses"]["flows"] > 0' \
			"{one['uid'] for one in last['losses_by'] if one['loss'] == 'flows'} == {65534}" \
			"sum(one['count'] for one in last['losses_by']) == last['losses']['flows']"
}

use_disks hog 65534 "$HOGS" 1 1 || return
hogs=${started[-1]}
use_disks victim 1 1 50 0 || return
victim=${started[-1]}
beside 1 'a victim beside a table of flows that is full'
beside 2 'a victim beside a table of flows that is full, with --vm' -m victim
