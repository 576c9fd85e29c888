# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion for kvmq-cpu, kvmq-exit, kvmq-numa, kvmq-io, kvmq-why, kvmq-top, kvmq-diff, kvmq-report,
# kvmq-doctor and kvmqd.

# The values of an option of a tool, or 1 if it has none
_kvmq_values() {
	case $1:$2 in
	kvmq-doctor:*) return 1 ;;
	kvmqd:--exits | kvmqd:--numa | kvmqd:--block | kvmqd:--blame | kvmqd:--overlap | kvmqd:--vcpu-histograms) echo on off ;;
	kvmqd:*) return 1 ;;
	kvmq-diff:-p | kvmq-diff:--primary)
		echo ready_pct wait_mean_ns wait_p99_ns wait_max_ns lag_ns hazard_pct fault_remote_pct d_mean_ns
		;;
	kvmq-diff:*) return 1 ;;
	kvmq-top:-[bepos]) return 1 ;;
	kvmq-why:-E | kvmq-why:--explain) kvmq-why --rules 2> /dev/null | sed 's/ .*//' ;;
	kvmq-why:-t | kvmq-why:--threshold) kvmq-why --rules 2> /dev/null | sed 's/ .*/=/' ;;
	kvmq-why:-[beonsRI]) return 1 ;;
	kvmq-io:-b | kvmq-io:--by) echo vm device ;;
	*:-b | *:--by)
		echo vcpu vm
		[[ $1 != kvmq-cpu ]] || echo thread
		;;
	kvmq-exit:-[os] | kvmq-exit:--columns | kvmq-exit:--sort)
		echo VM PID UUID CGROUP VCPUS THREAD VCPU TID CPU %GUEST %KVM %VMM %OUT %POLL %RDY %HALT %BLOCK \
			EXITS/s MEAN
		case $2 in -o | --columns) echo help ;; esac
		;;
	kvmq-numa:-[os] | kvmq-numa:--columns | kvmq-numa:--sort)
		echo VM PID UUID CGROUP VCPUS THREAD VCPU TID CPU %RUN NODE HOME HRUN% MB MB/NODE N%L XREM% \
			RFLT% RFLTLOW% RFLTHIGH% FLTS COVER% IN/s OUT/s MOVES/s RBW% SRC AGE VMM SIZE HINT
		case $2 in -o | --columns) echo help ;; esac
		;;
	kvmq-io:-[os] | kvmq-io:--columns | kvmq-io:--sort)
		echo VM PID UUID CGROUP DISK GDISK PATH BACKING FORMAT CACHE DEVICE SCHED GSCHED OP BY REQS \
			ISSUED REQUEUED FAILED gQ gDEV GAVG VMM THR Q D HOST IOPS MiB/s INFL KAVG gQp99 gDEVp99 VMMp99 \
			THRp99 Qp99 Dp99 gQp50 gDEVp50 VMMp50 THRp50 Qp50 Dp50 AGE
		case $2 in -o | --columns) echo help ;; esac
		;;
	kvmq-numa:-R | kvmq-numa:--residency) echo auto maps cgroup sample ;;
	*:-o | *:--columns | *:-s | *:--sort)
		echo VM PID UUID CGROUP VCPUS THREAD VCPU TID CPU %RUN %RDY %WAKE %PRE %THR %HALT %BLOCK \
			WAITS/s MEAN P50 P99 MAX RDYms/VCPU RDYms/VM %HAZARD %STALLED WAITING WAITMAX \
			LAG WORST WORST%RDY
		case $2 in -o | --columns) echo help ;; esac
		;;
	# QEMU's, as far as their command lines tell: a walk for VMs needs root.
	*:-m | *:--vm)
		ps -eo args= 2> /dev/null |
			sed -n 's/^[^ ]*qemu.* -name \(guest=\)\{0,1\}\([^, ]*\).*/\2/p' | sort -u
		;;
	*:-n | *:--top | *:--count | *:--since | *:--until | *:--incident) ;;
	*) return 1 ;;
	esac
}

# The options of a tool
_kvmq_options() {
	if [[ $1 == kvmq-diff ]]; then
		echo -p --primary= --margin= --pairs --role= --runs= --score= --strangers= --lkml --html= -j --json \
			-V --version -h --help --
		return
	fi
	echo -v --verbose -V --version -h --help
	if [[ $1 == kvmqd ]]; then
		echo -c --config= --check --interval= --budget= --exits= --numa= --block= --blame= --overlap= --recording= \
			--tiers= --recording-bytes= --socket= --socket-group= --listen= --textfile= --vcpu-histograms= \
			--blame-pairs= --max-series= --wait-limit= --incidents-per-day= --incident-bytes=
		return
	fi
	if [[ $1 == kvmq-report ]]; then
		echo -f --from= --html= --since= --until= -m --vm= -c --cgroup= --local --utc
		return
	fi
	if [[ $1 == kvmq-why ]]; then
		echo -j --json -m --vm= -c --cgroup= -q --qmp= -U --vmm -G --with-guests -I --incidents -R --rules -E --explain= -t --threshold= -T --timestamp --local --utc \
			-r --record= -f --from= --since= --until= --incident= --
		return
	fi
	if [[ $1 == kvmq-top ]]; then
		echo -b --batch -B --blame -n --count= -p --pdh -m --vm= -c --cgroup= --local --utc -r --record= -f --from= \
			--since= --until= --incident= --
		return
	fi
	echo -j --json
	[[ $1 != kvmq-doctor ]] || return
	echo -m --vm= -c --cgroup= -b --by= -H --hist -e --events --events= -o --columns= -s --sort= -n --top= \
		-T --timestamp --local --utc -r --record= -f --from= --since= --until= --incident= --
	case $1 in
	kvmq-cpu) echo -B --blame -O --overlap -t --timeline= ;;
	kvmq-numa) echo -R --residency= ;;
	kvmq-io) echo -q --qmp= -U --vmm -G --with-guests -g --guest-report --guest-report= ;;
	esac
}

_kvmq() {
	local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} prefix='' values word i
	local attached=''
	COMPREPLY=()
	# After --, the command is completed as if it stood alone.
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i]}" = -- ]; then
			if [[ ${COMP_WORDS[0]##*/} == kvmq-diff ]]; then
				compopt -o filenames 2> /dev/null
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
			elif declare -F _command_offset > /dev/null; then
				_command_offset $((i + 1))
			else
				mapfile -t COMPREPLY < <(compgen -c -- "$current")
			fi
			return
		fi
	done
	# Readline may take = for a word of its own.
	if [ "$current" = = ]; then
		current='' attached=1
	elif [ "$option" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]} attached=1
	fi
	# Its value is part of the word: what stands apart is INTERVAL.
	if [[ $option == --guest-report && $attached ]]; then
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(compgen -f -W vsock -- "$current")
		return
	fi
	case ${COMP_WORDS[0]##*/}:$option in
	kvmqd:-c | kvmqd:--config | kvmqd:--recording | kvmqd:--socket | kvmqd:--textfile)
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	kvmqd:--socket-group)
		mapfile -t COMPREPLY < <(compgen -g -- "$current")
		return
		;;
	esac
	case $option in
	-f | --from)
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(
			compgen -f -- "$current"
			[[ -S /run/kvmq/kvmqd.sock && ! $current ]] && echo /run/kvmq/kvmqd.sock
		)
		return
		;;
	-t | --timeline | -q | --qmp | --score | --html | -r | --record)
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	-c | --cgroup)
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "${current:-/sys/fs/cgroup/}")
		return
		;;
	esac
	if values=$(_kvmq_values "${COMP_WORDS[0]##*/}" "$option"); then
		case $option in
		-o | --columns)
			# The last of a list A,B or +A,B
			word=${current##*[,+]}
			prefix=${current%"$word"}
			current=$word
			;;
		esac
		mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$values" -- "$current")
		return
	fi
	case $current in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$(_kvmq_options "${COMP_WORDS[0]##*/}")" -- "$current")
		[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2> /dev/null
		;;
	esac
}

# kvmq-diff compares files.
complete -o default -F _kvmq kvmq-diff
complete -F _kvmq kvmq-cpu kvmq-exit kvmq-numa kvmq-io kvmq-why kvmq-top kvmq-report kvmq-doctor kvmqd
