# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # lib.sh sets what is not set here
# tools/ab with a fake in the lab's place, which "boots" a host by copying a recording; and a bisection with it.

number=0
for ready in 500 510 495 505 520 490 600 612 590 606 630 588; do
	number=$((number + 1))
	tests/golden/diff-scene "$ready" | sed 's/name=web/name=busy/' > "$scratch/scene"
	"$build/tests/test_golden" kvmq-cpu "$scratch/scene" "$scratch/run$number" && continue
	bad 'ab: recordings' "none of $ready"
	return
done
# tools/ab looks for a program that these tests may do without.
mkdir "$scratch/build"
ln -s "$build"/kvmq-{why,diff} "$scratch/build"
touch "$scratch/build/vmm"
chmod +x "$scratch/build/vmm"
cat > "$scratch/lab" << 'END'
#!/bin/bash
# Says what it was asked for, fails as often as the file "fails" holds lines, each an exit status, and gives the next
# recording of a side; of a kernel that is a file, one of those that it names.
here=$(dirname "$0")
echo "$*" >> "$here/asked"
if [[ -s $here/fails ]]; then
	status=$(head -n 1 "$here/fails")
	sed -i 1d "$here/fails"
	exit "$status"
fi
if [[ -e $here/hangs ]]; then
	echo $$ > "$here/hanging"
	exec sleep 60
fi
for word in "$@"; do
	[[ $word != */[ab]-[0-9]* ]] || file=$word
	[[ $last != --kernel ]] || kernel=$word
	last=$word
done
name=${file##*/}
[[ ! -s $here/forgets ]] || exit 0
number=$((10#${name#?-}))
if [[ -f $kernel ]]; then
	number=$((number + $(cat "$kernel")))
elif [[ $name == b-* ]]; then
	number=$((number + 6))
fi
echo "busy_loops $((2000 - number)) 1/s" > "$file.score"
cp "$here/run$number" "$file"
END
chmod +x "$scratch/lab"
with_fakes=(env "LAB=$scratch/lab" "BUILD=$scratch/build" "PRESSURE=$scratch/pressure")

# ab STATUS NAME OPTION...: into an empty folder
ab() {
	rm -rf "$scratch/out.d"
	again "$@"
}

# again STATUS NAME OPTION...
again() {
	local wanted=$1 name=$2
	shift 2

	rm -f "$scratch/asked"
	try "${with_fakes[@]}" tools/ab --out "$scratch/out.d" "$@"
	if ((status == wanted)); then
		ok "$name"
	else
		bad "$name" "exit status $status, not $wanted: $(tail -n 1 "$scratch/err")"
	fi
}

# asked NAME NUMBER PATTERN: so many boots were asked for with it
asked() {
	local count

	[[ -e $scratch/asked ]] || : > "$scratch/asked"
	count=$(grep -c -e "$3" "$scratch/asked")
	if ((count == $2)); then
		ok "$1"
	else
		bad "$1" "$count, not $2: $(head -n 2 "$scratch/asked")"
	fi
}

# says NAME PATTERN: on either output
says() {
	if grep -qE -e "$2" "$scratch/out" "$scratch/err"; then
		ok "$1"
	else
		bad "$1" "no '$2'"
	fi
}

ab 1 'ab: worse' --a 6.1 --b 6.12 --append-b quiet --setup-a='echo a' --guest g:2 --seed 7
says 'ab: VMs of one kind are one role' '^busy\* ready_pct: worse'
says 'ab: what the VMs got done is compared' '^busy_loops .* no worse'
asked 'ab: kernel of A' 6 '--kernel 6.1 .*/a-00'
asked 'ab: kernel of B' 6 '--kernel 6.12 .*/b-00'
asked 'ab: command line of B alone' 6 '--append quiet'
asked 'ab: setup of A alone' 6 'echo a$'
asked 'ab: guests of both' 12 '--guest g:2'
sed 's/.*\/\([ab]-[0-9]*\).*/\1/' "$scratch/asked" > "$scratch/order"
if [[ $(sed 's/.*-//' "$scratch/order" | uniq -d | wc -l) -eq 6 ]] &&
	[[ $(sed 's/-.*//' "$scratch/order" | uniq | wc -l) -lt 12 ]]; then
	ok 'ab: random order within each pair'
else
	bad 'ab: random order within each pair' "$(tr '\n' ' ' < "$scratch/order")"
fi
ab 1 'ab: the same again' --seed 7
if sed 's/.*\/\([ab]-[0-9]*\).*/\1/' "$scratch/asked" | cmp -s - "$scratch/order"; then
	ok 'ab: the same order of the same seed'
else
	bad 'ab: the same order of the same seed' 'another'
fi
if grep -q 'waited for' "$scratch/err"; then
	bad 'ab: where nobody knows whether the machine is idle' 'it says so'
fi
for share in 3:0 97:6; do
	echo "some avg10=50.00 avg60=${share%:*}.31 avg300=50.00 total=1" > "$scratch/pressure"
	ab 1 "ab: CPUs are waited for in ${share%:*} %"
	if (($(grep -c 'waited for in 97 %' "$scratch/err") == 2 * ${share#*:})); then
		ok 'ab: runs on a busy machine are named'
	else
		bad 'ab: runs on a busy machine are named' "$(tail -n 1 "$scratch/err")"
	fi
done
rm "$scratch/pressure"
again 2 'ab: a folder that holds runs' --seed 7
asked 'ab: they are not written over' 0 .
ab 1 'ab: a role of its own' -- --role busy-1
says 'ab: a role of its own is the only one' '^busy-1 ready_pct: worse'
echo 125 > "$scratch/fails"
ab 1 'ab: a host that dies is booted again'
asked 'ab: once more than runs' 13 .
printf '125\n125\n' > "$scratch/fails"
ab 125 'ab: a host that dies twice'
echo 3 > "$scratch/fails"
ab 3 'ab: what this machine lacks'
asked 'ab: it is not tried again' 1 .
echo > "$scratch/forgets"
ab 125 'ab: a host that leaves nothing'
[[ $(tail -n 1 "$scratch/err") == *'not recorded'* ]] || bad 'ab: a host that leaves nothing' 'it does not say so'
rm "$scratch/forgets"
ab 125 'ab: few runs are undecided' --runs 3
seed=$(sed -n 's/.*--seed //p' "$scratch/err")
ab 125 'ab: the seed that it names' --runs 3 --seed "$seed"
for wrong in '--workload nosuch' '--runs 0' '--side a' '--real --guest g:2' '--nosuch x' 'word' '--side c --real' \
	'--real --a 6.1' '--real --setup-b true' '-- --nosuch'; do
	# shellcheck disable=SC2086 # words
	ab 2 "ab: $wrong" $wrong
	[[ ! -e $scratch/asked ]] || bad "ab: $wrong" 'a host was booted'
done

touch "$scratch/hangs"
rm -rf "$scratch/out.d"
"${with_fakes[@]}" tools/ab --out "$scratch/out.d" > "$scratch/out" 2> "$scratch/err" &
until_it $! test -s "$scratch/hanging"
kill -TERM $!
ended $!
if ((status != 143)); then
	bad 'ab: SIGTERM' "exit status $status, not 143"
elif kill -0 "$(cat "$scratch/hanging")" 2> /dev/null; then
	bad 'ab: SIGTERM' 'the lab goes on'
else
	ok 'ab: SIGTERM'
fi
rm "$scratch/hangs"

# The bisection of doc/validating.md, as it stands there: its step, then its commands. A kernel of this history is a
# file with the parameter of a scheduler: which recordings it gives. "make" makes it, but of one commit.
if ! command -v git > /dev/null; then
	skip 'ab: bisection' 'no git: tools/setup check'
	return
fi
mkdir -p "$scratch/bin" "$scratch/home"
ln -s "$PWD" "$scratch/home/kvmq"
# shellcheck disable=SC2016 # a pattern
sed -n '/^    #!\/bin\/sh$/,/^    exit \$status$/s/^    //p' doc/validating.md > "$scratch/home/bisect-step"
chmod +x "$scratch/home/bisect-step"
cat > "$scratch/bin/make" << 'END'
#!/bin/bash
[[ $1 == O=$HOME/kernel && ! -e broken ]] || exit 2
[[ $2 != olddefconfig ]] || exit 0
[[ $* == *" bzImage" ]] || exit 2
mkdir -p "$HOME/kernel/arch/x86/boot"
cp parameter "$HOME/kernel/arch/x86/boot/bzImage"
END
chmod +x "$scratch/bin/make"
as_user=("${with_fakes[@]}" "HOME=$scratch/home" "PATH=$scratch/bin:$PATH" "TMPDIR=$scratch" GIT_CONFIG_NOSYSTEM=1
	GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org)
echo 0 > "$scratch/home/good"
(
	set -e
	mkdir "$scratch/linux"
	cd "$scratch/linux"
	git() { "${as_user[@]}" git "$@" > /dev/null; }
	git init -q
	for number in 1 2 3 4 5 6 7 8; do
		echo $((number < 6 ? 0 : 6)) > parameter
		echo "$number" > version
		rm -f broken
		((number != 4)) || touch broken
		git add -A
		git commit -q -m "commit $number"
		((number != 1)) || git tag v6.1
	done
	git tag v6.12
) || bad 'ab: bisection' 'no history'
sed -n 's/^    \(git bisect .*\)/\1/p' doc/validating.md > "$scratch/bisection"
(cd "$scratch/linux" && "${as_user[@]}" bash -e "$scratch/bisection") > "$scratch/out" 2> "$scratch/err" < /dev/null
says 'ab: a bisection finds the commit' '^commit 6$|^    commit 6$'
says 'ab: that is the first bad one' 'is the first bad commit'
if "${as_user[@]}" git -C "$scratch/linux" bisect log | grep -q '^# skip: .*commit 4'; then
	ok 'ab: a commit that cannot be built is skipped'
else
	bad 'ab: a commit that cannot be built is skipped' "$("${as_user[@]}" git -C "$scratch/linux" bisect log)"
fi
