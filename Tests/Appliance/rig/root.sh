#!/bin/bash
# Prints the folder of a Debian 13 as a fresh card of a Pi holds it: systemd, cloud-init that looks for its files on the
# boot partition, and the libraries that lbd needs at run time, so that a node needs no network but the test's own.
# Made once (scripts/debian-root) and left as it is: each node's disk is an overlay on it. Needs root.
set -euo pipefail

readonly packages=(
    systemd systemd-sysv dbus iproute2 cloud-init curl
    libc6 libcurl4t64 libssl3t64 libsystemd0 libyaml-0-2
)

# The settings of an image that was never booted.
readonly image='
cd "$1"
echo raspberrypi >etc/hostname
: >etc/machine-id
rm -rf etc/apt/sources.list etc/apt/sources.list.d/* var/lib/apt/lists/* var/log/apt var/log/dpkg.log
mkdir -p boot/firmware
cat >etc/cloud/cloud.cfg.d/99-image.cfg <<END
# cloud-init reads user-data, meta-data and network-config from the boot partition.
datasource_list: [NoCloud]
datasource:
  NoCloud:
    seedfrom: file:///boot/firmware/
# There is no SSH server here.
ssh_genkeytypes: []
END
'

include=$(IFS=, && printf '%s' "${packages[*]}")
exec "$(dirname "$0")/../../../scripts/debian-root" appliance trixie --include="$include" --customize-hook="$image"
