#!/usr/bin/env bash
# Starts a real single-node Slurm on this machine (Debian, root), for the tests of this folder.
#
#   tests/slurm/start.sh [CPUS]     installs slurm-wlm and munge with apt when they are missing
#
# Ends with 0 when the node takes jobs, 1 when it never came up, 77 when Slurm cannot be installed
# here (no root, no apt). Running it again does no harm. stop.sh ends the daemons.
set -euo pipefail

CPUS=${1:-$(nproc)}

if [[ $(id -u) -ne 0 ]]; then
  echo "tests/slurm/start.sh: needs root to install and start Slurm" >&2
  exit 77
fi
if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  command -v apt-get >/dev/null || { echo "tests/slurm/start.sh: needs apt-get" >&2; exit 77; }
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 ||
    { echo "tests/slurm/start.sh: slurm-wlm and munge cannot be installed here" >&2; exit 77; }
fi

host=$(hostname -s)
memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
grep -qE "[[:space:]]$host([[:space:]]|$)" /etc/hosts || echo "127.0.0.1 $host" >>/etc/hosts
mkdir -p /etc/slurm /run/munge /var/spool/slurmctld /var/spool/slurmd /var/log/slurm
chown munge:munge /run/munge
chmod 755 /run/munge
cat >/etc/slurm/slurm.conf <<CONF
ClusterName=qdstruct
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
KillWait=5
MinJobAge=3600
InactiveLimit=0
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE DefaultTime=60 State=UP OverSubscribe=NO
CONF

pgrep -x munged >/dev/null || su -s /bin/bash munge -c /usr/sbin/munged
munge --no-input | unmunge >/dev/null
pgrep -x slurmctld >/dev/null || slurmctld
pgrep -x slurmd >/dev/null || slurmd

for _ in $(seq 60); do
  timeout 3 sinfo --noheader --format %T | grep -qE 'idle|mix|alloc' && exit 0
  sleep 0.5
done
echo "tests/slurm/start.sh: the node never took jobs; see /var/log/slurm" >&2
exit 1
