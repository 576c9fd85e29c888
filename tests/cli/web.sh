# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# kvmqd's HTTP port, beside a program that serves a text as kvmqd does: what is answered, and that
# nobody who can reach the port makes it large, slow, or deaf to others.

server_program=$build/tests/serve_text
[[ -x $server_program ]] || { skip web "no $server_program: make unit" && return 0; }

# serve LISTEN SIZE: sets server and port
serve() {
	rm -f "$scratch/server"
	"$server_program" "$@" > "$scratch/server" 2> "$scratch/err" &
	server=$!
	started+=("$server")
	until_it "$server" grep -qs '^port ' "$scratch/server" || return 1
	port=$(sed -n 's/^port //p' "$scratch/server")
}

# stop: ends the server, and sets what it says at the end
stop() {
	kill -TERM "$server"
	ended "$server"
	read -r _ _ _ dropped _ _ _ memory _ cpu \
		< <(grep '^served ' "$scratch/server")
}

# http METHOD PATH [HEADER...]: status, $scratch/head and $scratch/body
http() {
	local method=$1 path=$2 request

	code=
	shift 2
	printf -v request '%s\r\n' "$method $path HTTP/1.1" 'Host: x' "$@" ''
	# Nothing in between: on a busy machine, to make a process takes seconds, and who says nothing
	# for five has to go. The server may have closed already.
	trap '' PIPE
	exec 3<> "/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s' "$request" >&3 2> /dev/null
	trap - PIPE
	timeout 20 cat <&3 > "$scratch/answer" 2> /dev/null
	exec 3>&-
	sed '/^\r$/q' "$scratch/answer" | tr -d '\r' > "$scratch/head"
	tail -c +$(($(sed '/^\r$/q' "$scratch/answer" | wc -c) + 1)) "$scratch/answer" \
		> "$scratch/body"
	code=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$scratch/head")
}

# answers NAME CODE PATTERN: of the head
answers() {
	if [[ $code != "$2" ]]; then
		bad "$1" "answer $code, not $2"
	elif ! grep -qiE "$3" "$scratch/head"; then
		bad "$1" "no '$3' in: $(tr '\n' '|' < "$scratch/head")"
	else
		ok "$1"
	fi
}

# waited: for how many ms the server could run and others had the CPUs, so far
waited() { awk '{ printf "%d", $2 / 1e6 }' "/proc/$server/schedstat"; }

# quick NAME LIMIT_MS: a scrape works now, within so many ms that the server was not kept from running
quick() {
	local begin=${EPOCHREALTIME/./} before took

	before=$(waited)
	http GET /metrics
	took=$(((${EPOCHREALTIME/./} - begin) / 1000 - $(waited) + before))
	if [[ $code != 200 ]]; then
		bad "$1" "answer '$code'"
	elif ((took > $2)); then
		bad "$1" "$took ms"
	else
		ok "$1 ($took ms)"
	fi
}

# a flood of requests for this leaves some of the bytes a second
serve 127.0.0.1:0 20000 || bad web "the server did not start"
http GET /metrics
answers "web: text" 200 '^content-type: text/plain; version=0.0.4; charset=utf-8$'
if (($(wc -c < "$scratch/body") == 20000)); then
	ok "web: all of the text"
else
	bad "web: all of the text" "$(wc -c < "$scratch/body") bytes"
fi
http GET /metrics 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5'
answers "web: OpenMetrics" 200 \
	'^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8$'
http HEAD /metrics
answers "web: HEAD" 200 '^content-length: 20000$'
[[ -s $scratch/body ]] && bad "web: HEAD without a body" "it has one"
http GET /
answers "web: where" 200 '^content-type: text/plain'
grep -q /metrics "$scratch/body" || bad "web: where" "it does not say where"
http GET /etc/passwd
answers "web: other paths" 404 '^connection: close$'
http POST /metrics 'Content-Length: 5'
answers "web: other methods" 405 '^allow: GET, HEAD$'
http GET /metrics "X: $(printf 'a%.0s' {1..20000})"
# or none: it closes before all has come
[[ $code == 431 || $code == 413 || $code == 400 || ! $code ]] && ok "web: large request" ||
	bad "web: large request" "answer '$code'"

tests/cli/flood "$port" garbage 200 2> "$scratch/err" || bad "web: garbage" "$(tail -1 "$scratch/err")"
quick "web: after garbage" 5000
for what in idle slow deaf; do
	# one end of a FIFO holds them
	mkfifo "$scratch/hold-$what"
	rm -f "$scratch/flood" # which was ready, too
	tests/cli/flood "$port" $what 1000 < "$scratch/hold-$what" > "$scratch/flood" 2>&1 &
	flood=$!
	started+=("$flood")
	exec 4> "$scratch/hold-$what"
	until_it "$flood" grep -qs ready "$scratch/flood" || bad "web: $what" "$(cat "$scratch/flood")"
	for _ in 1 2 3; do
		quick "web: beside 1,000 connections, $what" 5000
	done
	exec 4>&-
	ended "$flood"
done
stop
if ((status)); then
	bad "web: ends" "exit status $status"
elif [[ $build != */sanitize ]] && ((memory > 24 * 1024)); then
	bad "web: memory" "$memory KiB"
elif ((dropped < 500)); then
	bad "web: connections dropped" "only $dropped"
else
	ok "web: $memory KiB, $dropped connections dropped"
fi

serve 127.0.0.1:0 20000
tests/cli/flood "$port" storm 500 > "$scratch/out" 2> "$scratch/err"
stop
if [[ $(cat "$scratch/out") != 200:500 ]]; then
	bad "web: 100 scrapes a second" "$(cat "$scratch/out")"
else
	ok "web: 100 scrapes a second for 5 s: $cpu ms on a CPU"
fi

serve "unix:$scratch/socket" 1000
if [[ $(stat -c %A "$scratch/socket") != srw-rw---- ]]; then
	bad "web: socket" "mode $(stat -c %A "$scratch/socket")"
elif python3 - "$scratch/socket" > "$scratch/out" 2> "$scratch/err" <<'PYTHON'; then
import socket
import sys

one = socket.socket(socket.AF_UNIX)
one.settimeout(10)
one.connect(sys.argv[1])
one.send(b"GET /metrics HTTP/1.0\r\n\r\n")
print(one.recv(100).split()[1].decode())
PYTHON
	[[ $(cat "$scratch/out") == 200 ]] && ok "web: socket" || bad "web: socket" "$(cat "$scratch/out")"
else
	bad "web: socket" "$(tail -1 "$scratch/err")"
fi
try "$server_program" "unix:$scratch/socket" 1000
((status == 1)) && grep -q 'in use' "$scratch/err" && ok "web: a socket that is in use" ||
	bad "web: a socket that is in use" "exit status $status"
disown "$server" # bash would tell
kill -KILL "$server"
timeout 30 tail -s 0.01 --pid="$server" -f /dev/null
serve "unix:$scratch/socket,mode=0600" 1000
[[ $(stat -c %A "$scratch/socket") == srw------- ]] && ok "web: a socket that was left behind" ||
	bad "web: a socket that was left behind" "mode $(stat -c %A "$scratch/socket")"
stop
echo precious > "$scratch/file"
try "$server_program" "unix:$scratch/file" 1000
((status == 1)) && [[ $(cat "$scratch/file") == precious ]] && ok "web: a file in its place" ||
	bad "web: a file in its place" "exit status $status"
for wrong in localhost:9778 127.0.0.1 127.0.0.1:x 127.0.0.1:70000 '[::1' unix:relative unix:/x,mode=9; do
	try "$server_program" "$wrong" 1000
	if ((status == 1)) && grep -q 'expected ADDRESS:PORT' "$scratch/err"; then
		ok "web: listen on $wrong"
	else
		bad "web: listen on $wrong" "exit status $status"
	fi
done
