#!/bin/bash
# PID 1 of a lab machine: turns the namespaces it was started in into a machine with a disk of its own, and boots it.
#
#   machine-init.sh DISK NAME SBIN USRLIB
#
# DISK keeps what survives a power cut: changes to /etc and /var. SBIN and USRLIB are laid over /usr/sbin and /usr/lib:
# what is installed on the machine (programs; agents and units). OVERLAY_OPTIONS is `userxattr` in a user namespace.
set -eu
disk=$1 name=$2 sbin=$3 usrlib=$4 options=${OVERLAY_OPTIONS:+,$OVERLAY_OPTIONS}
mount --make-rprivate /
mount -t proc proc /proc
hostname "$name"
for folder in etc var; do
  mkdir -p "$disk/$folder" "$disk/.work-$folder"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$disk/$folder,workdir=$disk/.work-$folder$options" "/$folder"
done
# Nothing of a cluster that the host may have, and folders that belong to this machine in a user namespace too.
for folder in etc/corosync etc/pacemaker var/log var/lib/corosync var/lib/pacemaker var/lib/pcsd var/lib/nginx; do
  mkdir -p "/$folder"
  mount --bind "$disk/$folder" "/$folder"
done
# What installing the packages leaves behind.
for folder in cib pengine cores blackbox; do mkdir -p -m 0750 "/var/lib/pacemaker/$folder"; done
chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker 2>/dev/null || true
mount -t overlay overlay -o "lowerdir=$sbin:/usr/sbin$options" /usr/sbin
mount -t overlay overlay -o "lowerdir=$usrlib:/usr/lib$options" /usr/lib
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir -p /run/lock /run/sanode /run/nginx
chown root:haclient /run/sanode 2>/dev/null || true
chmod 0770 /run/sanode
cd /
ip link set lo up
# The lab plugs the cable in when it sees this file, and says so by removing it.
echo ready >"$disk/booting"
while [ -e "$disk/booting" ]; do sleep 0.02; done
systemctl lab-boot >>/var/log/boot.log 2>&1 || echo "boot: some units did not start" >>/var/log/boot.log
# A machine runs until its power is cut; bash reaps what is orphaned meanwhile.
while :; do sleep 86400 & wait; done
