#!/bin/bash
# Makes the disk of a machine: image.sh ROOT PACKAGE FILES IMAGE, from the root of root.sh, with the package installed as dpkg
# does it and the files of the folder FILES laid over it. The root stays as it is. Needs root.
set -euo pipefail
umask 022

readonly root=$1 package=$2 files=$3 image=$4

if [[ ${LBD_IN_MOUNT_NAMESPACE-} != 1 ]]; then
    LBD_IN_MOUNT_NAMESPACE=1 exec unshare --mount "$0" "$@"
fi

# What is mounted here is gone with this process.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
mount -t proc proc /mnt/root/proc
cp "$package" /mnt/root/tmp/lbd.deb
cp --recursive "$files/." /mnt/root/
chroot /mnt/root bash -euc '
    export DEBIAN_FRONTEND=noninteractive
    dpkg --install --force-confold /tmp/lbd.deb
    rm /tmp/lbd.deb
    chown root:lbd /etc/lbd/kubeconfig
    chmod 640 /etc/lbd/kubeconfig
    chown lbd:lbd /etc/lbd/pools.yaml
    systemctl enable systemd-networkd
' >&2
: >/mnt/root/etc/machine-id
umount /mnt/root/proc
mke2fs -q -t ext4 -d /mnt/root "$image" 1G
