# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # lib.sh sets what is not set here, and clears up
# --vmm: one user's VMMs that take every flow they can get, beside one of another user.

[[ $(id -u) == 0 ]] || { skip 'shares of --vmm' 'needs root' && return; }
[[ -w /dev/kvm ]] || { skip 'shares of --vmm' 'no /dev/kvm here' && return; }
needs_bpf 'shares of --vmm' || return
places=$(awk '$1 == "MemTotal:" { print int($2 / 16384) }' /proc/meminfo)
((places < 4096)) && places=4096
((places > 16384)) && places=16384

# begin_vmms NAME UID COUNT BACKENDS REQUESTS
begin_vmms() {
	(exec -a qemu-system-x86_64 "$build/tests/vmm_flows" "${@:2}" -name "guest=$1" \
		> "$scratch/$1" 2>&1) &
	started+=($!)
	until_it $! grep -q '^ready' "$scratch/$1" && return
	bad 'shares of --vmm' "$1: $(tail -1 "$scratch/$1")"
	return 1
}

has_done() { (($(grep -c '^done' "$scratch/$1") >= $2)); }

# more_lines COUNT: that many intervals have begun and ended since this was first asked
more_lines() { (($(wc -l < "$scratch/shown") >= lines + $1)); }

# intervals COUNT: waits for them; $scratch/out is what has been shown by then, but for a line that is
# half written
intervals() {
	lines=$(wc -l < "$scratch/shown")
	until_it "$tool" more_lines "$1"
	head -n "$(wc -l < "$scratch/shown")" "$scratch/shown" > "$scratch/out"
}

# end_requests NAME PID ROUND: in one or two intervals
end_requests() {
	kill -USR1 "$2"
	until_it "$2" has_done "$1" "$3"
	intervals 2
}

begin_vmms hog 65534 8 $((places / 4)) 1 || return
hog=${started[-1]}
begin_vmms victim 1 1 1 50 || return
victim=${started[-1]}
"$io" -j -b vm --vmm 0.3 > "$scratch/shown" 2> "$scratch/err" &
tool=$!
started+=("$tool")
intervals 1
end_requests hog "$hog" 1
end_requests victim "$victim" 1
holds 'a victim beside a table of --vmm that is full' \
	"sum(row['vmm_requests'] or 0 for row in rows if row['vm'] == 'victim' and row['op'] == 'read') == 50"
holds '--vmm: whose share is used up' 'last["losses"]["vmm_requests"] > 0' \
	"{one['uid'] for one in last['losses_by'] if one['loss'] == 'vmm_requests'} == {65534}"

# A VM that has gone leaves its flows to others: sooner or later, all are there.
kill "$hog"
ended "$hog"
begin_vmms next 65534 2 $((places / 16)) 1 || return
next=${started[-1]}
flows=$((2 * (places / 16)))
of_next="sum(row['vmm_requests'] or 0 for row in rows if (row['vm'] or '').startswith('next') and row['op'] == 'read')"
for ((round = 1; round <= 30; round++)); do
	end_requests next "$next" "$round"
	tests/cli/look "$scratch/out" "$of_next >= $flows" > /dev/null && break
done
holds '--vmm: flows of VMs that have gone are free' "$of_next >= $flows"

interrupted "$tool" "$scratch/err"
((status)) && bad '--vmm: ends' "exit status $status"
