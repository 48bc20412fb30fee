#!/bin/bash
# Prints the folder of a Debian 13 for arm64 with Debian's own kernel, systemd and what lbd needs at run time, made on a
# machine of another kind: its programs run under emulation meanwhile, which takes five minutes. Made once
# (scripts/debian-root) and left as it is. Needs root.
set -euo pipefail

readonly packages=(
    linux-image-arm64 initramfs-tools systemd systemd-sysv dbus udev iproute2
    libc6 libcurl4t64 libssl3t64 libsystemd0 libyaml-0-2
)
readonly binfmt=/proc/sys/fs/binfmt_misc

# Where systemd did not start the machine, nobody has told the kernel what runs programs for arm64.
register_emulation() {
    [[ $(dpkg --print-architecture) != arm64 ]] || return 0
    [[ -e $binfmt/register ]] || mount -t binfmt_misc binfmt_misc "$binfmt"
    [[ -e $binfmt/qemu-aarch64 ]] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$binfmt/register"
}

# An initramfs that knows the disk of the emulated machine alone is made in half a minute, one that knows all in minutes.
readonly lean='
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/modules"
printf "%s\n" virtio_pci virtio_mmio virtio_blk virtio_net ext4 >"$1/usr/share/initramfs-tools/modules.d/machine"
'

register_emulation
include=$(IFS=, && printf '%s' "${packages[*]}")
exec "$(dirname "$0")/../../../scripts/debian-root" arm64-machine trixie --architectures=arm64 --include="$include" \
    --essential-hook="$lean"
