#!/usr/bin/env bash
# A real Slurm on this one machine, in a folder of its own: munge, slurmctld and three slurmd (Debian's packages).
#
#   tests/cluster/slurm.sh install          install Debian's packages where they are missing (root)
#   tests/cluster/slurm.sh start FOLDER     start it; sbatch, squeue and snakemake find it in /etc/slurm
#   tests/cluster/slurm.sh account FOLDER   start it with accounting: slurmdbd on MariaDB (installed if missing)
#   tests/cluster/slurm.sh fail FOLDER N    node N dies: its daemon and every process of its jobs, at once
#   tests/cluster/slurm.sh mend FOLDER N    node N comes back
#   tests/cluster/slurm.sh hang FOLDER J    job J hangs: its processes stand still
#   tests/cluster/slurm.sh stop FOLDER      end all of it; FOLDER keeps the logs
#
# `start` has no slurmdbd: a cluster without accounting, which is the harder case for Snakemake.
# Only processes that this script started are ever ended, by the ids that it kept.
set -euo pipefail

NODES="cpu1 cpu2 gpu1"
# Where Slurm's commands look. Snakemake's jobs drop SLURM_CONF from their environment, so this cannot lie elsewhere.
HERE=/etc/slurm
say() { echo "slurm.sh: $*" >&2; }

install() {
    if command -v slurmctld slurmd sbatch munged >/dev/null; then return; fi
    packages slurm-wlm munge
}

packages() {
    command -v apt-get >/dev/null || { say "no apt-get here: install $* yourself"; exit 3; }
    export DEBIAN_FRONTEND=noninteractive
    # Debian starts services at once where it can; we start our own, in a folder of their own.
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 \
        || { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

configure() {
    local host
    host=$(hostname -s)
    cat >"$FOLDER/slurm.conf" <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge/socket
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool-%n
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd-%n.pid
SlurmctldLogFile=$FOLDER/slurmctld.log
SlurmdLogFile=$FOLDER/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Memory is watched every second, and a job over its request is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill
JobAcctGatherFrequency=task=1
AccountingStorageType=accounting_storage/${ACCOUNTING:-none}
SelectType=select/cons_tres
# Jobs spread over the nodes, so that a dying one does not take all of them along.
SelectTypeParameters=CR_Core_Memory,CR_LLN
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=200000
SlurmdParameters=config_overrides
# Finished jobs stay visible to squeue: it stands in for the accounting that is not there.
MinJobAge=3600
# A silent node is down soon, and takes jobs again as soon as it speaks.
SlurmdTimeout=4
ReturnToService=2
KillWait=2
OverTimeLimit=0
# A request that no partition can ever grant is refused at once, not left waiting for ever.
EnforcePartLimits=ALL
MpiDefault=none
GresTypes=gpu
NodeName=cpu[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=4 RealMemory=48000 Feature=fast State=UNKNOWN
NodeName=gpu1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17003 CPUs=4 RealMemory=48000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes=cpu[1-2] Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=gpu1 MaxTime=INFINITE State=UP
CONF
    echo "NodeName=gpu1 Name=gpu File=/dev/null" >"$FOLDER/gres.conf"
    if [ -n "${ACCOUNTING:-}" ]; then
        echo "AccountingStorageHost=127.0.0.1" >>"$FOLDER/slurm.conf"
        # What a job is called in reports.
        echo "AccountingStoreFlags=job_comment" >>"$FOLDER/slurm.conf"
        # With munge this "password" is its socket.
        printf "AccountingStoragePort=16819\nAccountingStoragePass=%s\n" "$FOLDER/munge/socket" >>"$FOLDER/slurm.conf"
        cat >"$FOLDER/slurmdbd.conf" <<CONF
DbdHost=localhost
DbdPort=16819
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge/socket
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageLoc=accounts
StorageUser=slurm
StoragePass=lab
PidFile=$FOLDER/slurmdbd.pid
LogFile=$FOLDER/slurmdbd.log
CONF
        chmod 600 "$FOLDER/slurmdbd.conf"
    fi
    mkdir -p "$HERE"
    local file
    for file in slurm.conf gres.conf ${ACCOUNTING:+slurmdbd.conf}; do
        # A link to nowhere is what a killed run of this script leaves; anything else is somebody's cluster.
        if [ -e "$HERE/$file" ]; then say "$HERE/$file is there already: this machine has a Slurm of its own"; exit 3; fi
        ln -sfn "$FOLDER/$file" "$HERE/$file"
    done
}

start_node() {
    slurmd -N "$1"
}

# The database and its daemon, in the folder and on ports of their own.
start_accounting() {
    local socket=$FOLDER/sql/socket
    mkdir -p "$FOLDER/sql/data"
    mariadb-install-db --datadir="$FOLDER/sql/data" --user=root --skip-test-db >"$FOLDER/sql/log" 2>&1
    mariadbd --no-defaults --user=root --datadir="$FOLDER/sql/data" --socket="$socket" --bind-address=127.0.0.1 \
        --port=13306 --pid-file="$FOLDER/mariadbd.pid" >>"$FOLDER/sql/log" 2>&1 &
    for _ in $(seq 100); do
        if mariadb-admin --socket="$socket" ping >/dev/null 2>&1; then break; fi
        sleep 0.1
    done
    mariadb --socket="$socket" -e "CREATE DATABASE accounts; CREATE USER slurm@localhost IDENTIFIED BY 'lab';
        GRANT ALL ON accounts.* TO slurm@localhost;"
    slurmdbd
    for _ in $(seq 100); do
        if sacctmgr -in add cluster lab >/dev/null 2>&1; then break; fi
        sleep 0.1
    done
    sacctmgr -in add account crops cluster=lab >/dev/null
    sacctmgr -in add user root account=crops >/dev/null
}

start() {
    mkdir -p "$FOLDER/munge" "$FOLDER/state"
    chmod 755 "$FOLDER"
    chmod 700 "$FOLDER/munge"
    configure
    head -c 1024 /dev/urandom >"$FOLDER/munge/key"
    chmod 600 "$FOLDER/munge/key"
    chmod 711 "$FOLDER/munge"
    munged --key-file="$FOLDER/munge/key" --socket="$FOLDER/munge/socket" --pid-file="$FOLDER/munge/pid" \
        --log-file="$FOLDER/munge/log" --seed-file="$FOLDER/munge/seed" --num-threads=2 --force
    if [ -n "${ACCOUNTING:-}" ]; then start_accounting; fi
    slurmctld -c
    for node in $NODES; do start_node "$node"; done
    for _ in $(seq 100); do
        if [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" = 3 ]; then return; fi
        sleep 0.1
    done
    say "the nodes did not come up; see $FOLDER/*.log"
    sinfo -N >&2 || true
    exit 1
}

# A process and every process below it.
tree() {
    local child
    echo "$1"
    for child in $(ps -o pid= --ppid "$1"); do tree "$child"; done
}

# Every process of the jobs whose numbers are given: a step's keeper calls itself "slurmstepd: [job.step]".
processes_of() {
    local pid job
    for pid in $(ps -eo pid=,comm= | awk '$2 ~ /^slurmstepd/ {print $1}'); do
        for job in "$@"; do
            if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "[$job."; then tree "$pid"; fi
        done
    done
}

hang() {
    local pid
    for pid in $(processes_of "$1"); do
        # Its keepers stay awake: they are what Slurm ends the job with.
        [ "$(cat "/proc/$pid/comm")" = slurmstepd ] || kill -STOP "$pid"
    done
}

fail() {
    local daemon pids
    daemon=$(cat "$FOLDER/slurmd-$1.pid")
    # The daemon is frozen first: a node that dies says nothing to the controller.
    kill -STOP "$daemon"
    # shellcheck disable=SC2046  # one number a word
    pids=$(processes_of $(squeue -h -w "$1" -o %A))
    kill -KILL $pids "$daemon" 2>/dev/null || true
    rm -f "$FOLDER/slurmd-$1.pid"
}

stop() {
    local file pids
    scancel --user=root 2>/dev/null || true
    sleep 0.3
    # shellcheck disable=SC2046
    pids=$(processes_of $(squeue -h -t all -o %A 2>/dev/null))
    for file in "$FOLDER"/slurmd-*.pid "$FOLDER/slurmctld.pid" "$FOLDER/slurmdbd.pid" \
        "$FOLDER/mariadbd.pid" "$FOLDER/munge/pid"; do
        # A number may have been given to another process since: only daemons are ended.
        if [ -f "$file" ] && grep -qE '^(slurmd|slurmctld|slurmdbd|mariadbd|munged)$' "/proc/$(cat "$file")/comm" 2>/dev/null; then
            pids="$pids $(cat "$file")"
        fi
    done
    rm -f "$HERE/slurm.conf" "$HERE/gres.conf" "$HERE/slurmdbd.conf"
    kill -TERM $pids 2>/dev/null || true
    for _ in $(seq 40); do
        kill -0 $pids 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL $pids 2>/dev/null || true
}

case "${1:-}" in
    install) install ;;
    start | account | fail | mend | hang | stop)
        FOLDER=$(realpath -m "${2:?folder}")
        unset SLURM_CONF
        case "$1" in
            start) start ;;
            account)
                command -v slurmdbd mariadbd >/dev/null || packages slurmdbd mariadb-server
                ACCOUNTING=slurmdbd
                start
                ;;
            stop) stop ;;
            fail) fail "${3:?node}" ;;
            mend) start_node "${3:?node}" ;;
            hang) hang "${3:?job}" ;;
        esac
        ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
