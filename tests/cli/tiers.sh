# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh and vms.sh set what is not set here
# kvmqd's tiers, each kind of which is thinned within seconds, with VMs that come and go, and a
# daemon that is killed: each tier agrees with the kernel's own books.

# shellcheck source=tests/cli/vms.sh
. tests/cli/vms.sh
what="kvmqd's tiers"
start_vms "$what" || return

file=$scratch/kvmq.db
said() { grep -qs "$1" "$scratch/err"; }
moments() { (($(sqlite3 "$file" "SELECT count(*) FROM moments_2" 2> "$scratch/none") >= $1)); }

begin_daemon() {
	rm -f "$scratch/err" # of the one before, which has started, too
	"$build/kvmqd" -c /dev/null --socket off --listen off --interval 200ms --budget 50% --recording "$file" \
		--tiers '200ms/4s 1s/8s 2s/1h' > "$scratch/out" 2> "$scratch/err" < /dev/null &
	pid=$!
	started+=("$pid")
	until_it "$pid" said 'has started' || { bad "$what" 'it has not started' && return 1; }
}

# spawn ENDING: VMs that come and go
spawn() {
	nice -n 5 "$vmm" --spawn 8 --parallel 2 --lifetime 1.3 --name "$name$1" > "$scratch/spawned$1" 2>&1 &
	started+=($!)
}

tests/cli/tier_books keep "$pid_a" "$tids_a" > "$scratch/books" 2> "$scratch/none" &
books=$!
started+=("$books")
begin_daemon || return
spawn -c
until_it "$pid" moments 8
kill -KILL "$pid"
ended "$pid" 2> "$scratch/none"
begin_daemon || return
spawn -d
until_it "$pid" moments 13
kill "$pid"
ended "$pid"
sleep 0.5 # the books end after the recording
kill "$books"
tests/cli/tier_books check "$file" "$scratch/books" > "$scratch/out" 2> "$scratch/err"
if [[ -s $scratch/out || -s $scratch/err ]]; then
	bad "$what" 'they do not agree with schedstat'
elif (($(sqlite3 "$file" 'SELECT min(id) FROM moments') == 1)); then
	bad "$what" 'nothing was thinned'
else
	ok "$what"
fi
works "$what: --from" "$cpu" -j -b vm --from "$file" &&
	holds "$what: --from" 'len(intervals) > 12' "'$name-a' in {row['vm'] for row in rows}" \
		'add_up(rows, 0.1)'
