#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs one command, or a shell, in a virtual machine on a kernel of
# tests/vm/kernels and returns its exit status.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
guest_directory=/staticdax
cache=${STATICDAX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/staticdax}
# shellcheck source-path=SCRIPTDIR source=stage.sh
. "$here/stage.sh"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

kernel=
memory=${VM_MEMORY:-2G}
cpus=1
limit=${VM_TIMEOUT:-600}
append=
lsm=landlock,lockdown,yama,integrity,apparmor,bpf
extra=()
lists=()
pass=()
dimms=()
shell=no
devices=yes
root_image=
filesystems='ext4-dax xfs-dax ext4 xfs'
accel=${VM_ACCEL:-}
qemu=${QEMU:-qemu-system-x86_64}
# Distinct from what commands return; timeout(1), env(1) and friends use 125 for
# "could not even run it".
died=125

usage()
{
	cat <<USAGE
Usage: run.sh [OPTION...] [--] COMMAND [ARG...]
       run.sh [OPTION...] --shell

Boots a kernel, runs COMMAND as root in the guest's $guest_directory, where build/
and tests/ are those of this tree, and returns its exit status, or $died when the
machine died, ran out of time or could not be started. The command's standard
output and error come out on standard output.

  -k NAME     the kernel, as fetch.sh knows it (default: first of \$KERNELS,
              or the first one listed)
  -m SIZE     memory, 2G or more (\$VM_MEMORY; $memory)
  -c N        processors (1)
  -t SECONDS  time limit, 0 for none (\$VM_TIMEOUT; $limit; none with --shell)
  -l LIST     the kernel's lsm= list ($lsm)
  -a ARGS     more kernel command line
  -e NAME[=VALUE]  set an environment variable for COMMAND
  -i DIR|CPIO put more files into the guest, DIR/a/b becoming /a/b
  -p LIST     and the programs of LIST, a file like tests/vm/packages
  -q OPTION   one more argument for QEMU
  -f LIST     the filesystems to set up ($filesystems);
              the fewer, the faster it boots, XFS taking longest
  -r IMAGE    after the initramfs boot the system in IMAGE, a disk that keeps what
              it writes; with neither devices nor filesystems. COMMAND runs as
              a service of it, and ends with a line to /dev/ttyS2: its status
  -n          neither filesystems nor their devices: boots fastest
  -d FILE     persistent memory that is FILE and keeps what is written, however the
              machine ends; with -n the first is /dev/pmem0, raw until ndctl(1)
              has made a namespace of it
  --shell     a shell on this terminal instead of COMMAND; ^A x ends it by force

The guest has /mnt/ext4-dax on /dev/pmem0 and /mnt/xfs-dax on /dev/pmem1, both
persistent memory and mounted with dax=always, and /mnt/ext4 on /dev/vda and
/mnt/xfs on /dev/vdb, ordinary disks. Both XFS have reflink. Only when -f names
it there is /mnt/ext2 on /dev/vdc, served by ext4's code.
Also in the environment: KERNEL_IMAGE and MODULES (see fetch.sh --help), QEMU,
VM_ACCEL=tcg|kvm (default: kvm where it works), VM_LOG_DIR (where the kernel log
of a machine that died is kept; when set, also that of a command that failed).
USAGE
}

die()
{
	printf 'run.sh: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit "$died"
}

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--) shift; break ;;
		--shell) shell=yes ;;
		-n) devices=no filesystems= ;;
		-h | --help) usage; exit ;;
		-[kmctlaefipqrd])
			[ $# -ge 2 ] || die "option $1 needs an argument"
			case $1 in
			-k) kernel=$2 ;;
			-m) memory=$2 ;;
			-c) cpus=$2 ;;
			-t) limit=$2 ;;
			-l) lsm=$2 ;;
			-a) append+=" $2" ;;
			-e) pass+=("$2") ;;
			-f) filesystems=${2//,/ } ;;
			-i) extra+=("$2") ;;
			-p) lists+=("$2") ;;
			-q) qemu_extra+=("$2") ;;
			-d) dimms+=("$2") ;;
			-r) root_image=$2 devices=no filesystems= ;;
			esac
			shift
			;;
		-*) usage >&2; exit "$died" ;;
		*) break ;;
		esac
		shift
	done
	command=("$@")
	if [ "$shell" = yes ]; then
		[ $# -eq 0 ] || die "--shell takes no command"
		limit=0
	elif [ $# -eq 0 ]; then
		usage >&2
		exit "$died"
	fi
	# The persistent memory lies below 2G, and the initramfs above it.
	[ "$devices" = no ] ||
		[ "$(numfmt --from=iec "${memory%%,*}")" -ge $((2 << 30)) ] ||
		die "-m $memory is less than 2G" \
			"Remedy: give more, or do without filesystems (-n)."
}

# The command as a script, so that no argument is ever parsed twice.
write_command()
{
	local variable

	for variable in ${pass[@]+"${pass[@]}"}; do
		case $variable in
		*=*) printf 'export %s=%q\n' "${variable%%=*}" "${variable#*=}" ;;
		*) [ -z "${!variable+set}" ] ||
			printf 'export %s=%q\n' "$variable" "${!variable}" ;;
		esac
	done
	printf 'exec'
	printf ' %q' "${command[@]}"
	printf '\n'
}

write_settings()
{
	local size

	printf 'root=%s\ndevices=%s\nfilesystems=%q\nshell=%s\ndirectory=%s\n' \
		"${root_image:+/dev/vda}" "$devices" "$filesystems" "$shell" "$guest_directory"
	if [ "$shell" = yes ]; then
		size=$(stty size)
		printf 'rows=%s\ncolumns=%s\nexport TERM=%q\n' \
			"${size% *}" "${size#* }" "${TERM:-vt100}"
		printf 'export PS1=%q\n' "[$kernel \\W]# "
	fi
}

# The programs and test scripts of this tree. What the linker needs for them and
# the base archive lacks comes along.
stage_project()
{
	local root=$1 manifest=$2 to=$1$guest_directory file list

	mkdir -p "$to" "$root/vm"
	list=$(cd "$project" && {
		[ ! -d build ] || find build \( -type f -o -type l \) \
			\( -perm -u+x -o -name '*.so*' -o -name '*.bpf.o' \) -print
		find tests docs README.md -path tests/vm -prune -o \( -type f -o -type l \) -print
	})
	# A build going on beside us may take a file away; then it is not wanted.
	(cd "$project" && printf '%s\n' "$list" |
		cpio --quiet -pdmL "$to" 2>/dev/null) || :
	list=$(printf '%s\n' "$list" | sed -n "s|^build/|$project/&|p")
	# shellcheck disable=SC2086 # paths without blanks
	for file in ${list:+$(libraries_of $list)}; do
		case $file in
		"$project"/*) continue ;;
		esac
		grep -qxF "$file" "$manifest" ||
			stage_file "$root" "$file"
	done
	cp "$here/init" "$root/init"
}

make_initrd()
{
	local release=$1 modules=$2 root=$work/root parts base item

	parts=$("$here/mkinitrd.sh" "$release" "$modules" \
		${lists[@]+"${lists[@]}"}) || exit "$died"
	base=${parts%%$'\n'*}
	stage_project "$root" "${base%.cpio}.manifest"
	write_settings >"$root/vm/settings"
	[ "$shell" = yes ] || write_command >"$root/vm/command"
	pack "$root" >"$work/project.cpio"
	for item in ${extra[@]+"${extra[@]}"}; do
		if [ -d "$item" ]; then
			pack "$item"
		else
			cat "$item" || die "cannot read $item"
		fi
	done >"$work/extra.cpio"
	# shellcheck disable=SC2086 # one path a line
	cat $parts "$work/project.cpio" "$work/extra.cpio" >"$work/initrd"
	rm -rf "$root" "$work/project.cpio" "$work/extra.cpio"
}

# Made here because it takes the guest far longer.
make_disks()
{
	truncate -s 512M "$work/ext4.img" "$work/xfs.img"
	case " $filesystems " in
	*' ext4 '*) mkfs.ext4 -q -F -b 4096 -O verity,project -E lazy_itable_init=0 "$work/ext4.img" ;;
	esac
	case " $filesystems " in
	*' xfs '*) mkfs.xfs -q -m reflink=1 "$work/xfs.img" ;;
	esac
	case " $filesystems " in
	*' ext2 '*)
		truncate -s 128M "$work/ext2.img"
		mkfs.ext2 -q -F -b 4096 -N 8192 "$work/ext2.img"
		;;
	esac
}

# Sets dimm_arguments; the machine says how much more memory it may get, too.
describe_dimms()
{
	local file id=0 size

	[ ${#dimms[@]} -gt 0 ] || return 0
	memory+=,slots=${#dimms[@]},maxmem=64G
	dimm_arguments=(-machine "pc,nvdimm=on")
	for file in "${dimms[@]}"; do
		size=$(stat -L -c %s "$file") || die "cannot read $file"
		dimm_arguments+=(
			-object "memory-backend-file,id=dimm$id,share=on,mem-path=$file,size=$size"
			-device "nvdimm,id=nvdimm$id,memdev=dimm$id")
		id=$((id + 1))
	done
}

# Without an initramfs the kernel panics, and that is a kernel run.
try_kvm()
{
	if timeout -k 1 10 "$qemu" -accel kvm -cpu max -m 512M -nodefaults \
		-display none -no-reboot -kernel "$1" -serial stdio \
		-append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null |
		grep 'Kernel panic' >/dev/null; then
		echo kvm
	else
		echo tcg
	fi
}

# A /dev/kvm that opens may still not run a kernel (nested, emulated), so it is
# believed after a trial, which is made once per boot of the host.
choose_accel()
{
	local image=$1 answer

	[ -z "$accel" ] || return 0
	accel=tcg
	[ -w /dev/kvm ] || return 0
	answer=$cache/kvm-$(tr -d - </proc/sys/kernel/random/boot_id)
	if [ ! -f "$answer" ]; then
		rm -f "$cache"/kvm-*
		try_kvm "$image" >"$work/kvm"
		mv "$work/kvm" "$answer"
	fi
	accel=$(cat "$answer")
}

machine_arguments()
{
	local image=$1 cmdline how=$accel cpu=max

	if [ "$accel" = tcg ]; then
		# Translated code of several processors at once has crashed kernels
		# that patch their text; and the kernel moves memory bytewise, which
		# is slow here, on a processor said to be fast at it.
		how=tcg,thread=single
		cpu=max,-erms
	fi
	cmdline="console=ttyS0 quiet loglevel=4 panic=-1 oops=panic mitigations=off"
	cmdline+=" audit=0 nokaslr no5lvl random.trust_cpu=on cryptomgr.notests"
	# On a busy host an emulated timer may come too late for the kernel's check
	# of it, and that is a panic.
	cmdline+=" no_timer_check lsm=$lsm"
	machine=(-accel "$how" -cpu "$cpu" -smp "$cpus" -m "$memory" -nodefaults
		-display none -no-reboot -kernel "$image" -initrd "$work/initrd"
		-device "isa-debug-exit,iobase=0xf4,iosize=0x04"
		-serial "file:$work/kernel.log" -serial chardev:terminal
		-serial "file:$work/status")
	if [ "$devices" = yes ]; then
		# Apart from each other, or the kernel would merge the two into one.
		cmdline+=" memmap=256M!768M memmap=320M!1088M"
		machine+=(-drive "if=virtio,format=raw,cache=unsafe,file=$work/ext4.img"
			-drive "if=virtio,format=raw,cache=unsafe,file=$work/xfs.img")
		[ ! -f "$work/ext2.img" ] ||
			machine+=(-drive "if=virtio,format=raw,cache=unsafe,file=$work/ext2.img")
	fi
	[ -z "$root_image" ] ||
		machine+=(-drive "if=virtio,format=raw,cache=unsafe,file=$root_image")
	machine+=(${dimm_arguments[@]+"${dimm_arguments[@]}"} -append "$cmdline$append"
		${qemu_extra[@]+"${qemu_extra[@]}"})
}

# The machine must not outlive this script, however that ends. Every process on
# the way replaces its predecessor, so that each is the child of the right one.
run_limited()
{
	exec setpriv --pdeathsig TERM timeout -k 5 "$limit" \
		setpriv --pdeathsig KILL "$qemu" "${machine[@]}" \
		-chardev stdio,id=terminal,signal=off
}

run_interactive()
{
	local saved

	saved=$(stty -g)
	"$qemu" "${machine[@]}" \
		-chardev stdio,id=terminal,signal=off,mux=on || :
	stty "$saved"
}

run_streaming()
{
	local reader ended=0

	mkfifo "$work/output"
	# QEMU makes its output non-blocking, which must not happen to ours.
	cat <"$work/output" &
	reader=$!
	run_limited </dev/null >"$work/output" &
	vm=$!
	wait "$vm" || ended=$?
	vm=
	wait "$reader"
	[ "$ended" -ne 124 ] || reason="ran out of time ($limit s)"
}

# shellcheck disable=SC2317 # called by a trap
cleanup()
{
	if [ -n "$vm" ]; then
		kill "$vm" 2>/dev/null || :
		wait "$vm" 2>/dev/null || :
	fi
	rm -rf "$work"
}

keep_log()
{
	local logs=${VM_LOG_DIR:-$cache/logs}

	mkdir -p "$logs"
	find "$logs" -name '*.log' -type f -mtime +30 -delete
	log=$(mktemp "$logs/$kernel-XXXXXX.log")
	tr -d '\r' <"$work/kernel.log" >"$log" 2>/dev/null || :
}

report_death()
{
	keep_log
	{
		printf 'run.sh: the machine (%s) %s; the end of its kernel log:\n' \
			"$kernel" "$reason"
		tail -n 40 "$log" | sed 's/^/  | /'
		printf 'run.sh: kernel log kept in %s\n' "$log"
	} >&2
}

# What a kernel complains of without dying is worth knowing too.
report_complaints()
{
	local lines

	lines=$(tr -d '\r' <"$work/kernel.log" |
		grep -E 'WARNING:|BUG:|INFO: (rcu|task)|possible circular') || return 0
	printf 'run.sh: the kernel (%s) complained:\n%s\n' "$kernel" "$lines" >&2
}

finish()
{
	local status

	status=$(tr -d '\r\n' <"$work/status")
	case $status in
	*[!0-9]* | '')
		report_death
		exit "$died"
		;;
	esac
	report_complaints
	if [ "$status" -ne 0 ] && [ -n "${VM_LOG_DIR:-}" ]; then
		keep_log
		printf 'run.sh: kernel log kept in %s\n' "$log" >&2
	fi
	exit "$status"
}

main()
{
	local name release image modules

	command=() qemu_extra=() dimm_arguments=() machine=() reason=died vm='' log=''
	parse_options "$@"
	type -P "$qemu" >/dev/null ||
		die "$qemu is missing" \
			"Remedy: install the packages of tests/vm/packages."
	if [ -z "$kernel" ]; then
		read -r kernel name <<<"${KERNELS:-$("$here/fetch.sh" --list | head -n 1)}"
	fi
	IFS=$'\t' read -r name release image modules < <("$here/fetch.sh" "$kernel") ||
		exit "$died"
	kernel=$name

	work=$(mktemp -d "${TMPDIR:-/tmp}/staticdax-vm.XXXXXX")
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	make_initrd "$release" "$modules"
	[ "$devices" = no ] || make_disks
	choose_accel "$image"
	describe_dimms
	machine_arguments "$image"
	: >"$work/kernel.log"
	printf 'died\n' >"$work/status"
	if [ "$shell" = yes ]; then
		run_interactive
	else
		run_streaming
	fi
	finish
}

main "$@"
