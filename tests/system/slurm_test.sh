#!/bin/sh
# tests/run.sh: sleeps
# A search on a real Slurm: a controller and two nodes on this host, as an ordinary user, with deploy/slurm as it is
# shipped. Tasks are queued again, one runs out of time, the coordinator moves, a node is lost: one task of it with
# everything, the other only as far as Slurm knows, so that it exists twice. Nothing is lost or counted twice. (TAP)
. "$(dirname "$0")/lib.sh"
for program in slurmctld slurmd sbatch setpriv python3; do
    command -v "$program" >/dev/null ||
        { skipped 'a search on a Slurm cluster' "$program is not installed (apt-get install slurm-wlm)"; end_of_test; }
done

# ---- the cluster. It belongs to nobody if we are root, else to us; every process of it, and of its jobs, has its
# configuration in the environment, by which the last of them are found when the test ends.
D=$work/slurm
db=$D/disk/runs.db
shared=$D/shared
connect=$shared/connect.json
mkdir -p "$D/state" "$D/run" "$D/log" "$D/disk" "$D/trials"
cp -r "$bin" "$D/bin"
cp -r "$(dirname "$0")/../../deploy/slurm" "$D/deploy"
if [ "$(id -u)" -eq 0 ]; then
    owner=nobody
    chown -R nobody "$D"
    chmod 711 "$work"
    as_owner() {
        setpriv --reuid nobody --regid nogroup --clear-groups \
            env -i PATH="$D/bin:$PATH" HOME="$D" SLURM_CONF="$D/slurm.conf" "$@"
    }
else
    owner=$(id -un)
    as_owner() { env -i PATH="$D/bin:$PATH" HOME="$D" SLURM_CONF="$D/slurm.conf" "$@"; }
fi
PATH=$PATH:/usr/sbin

configure() {
    ports=$(python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))') || return 1
    set -- $ports
    host=$(uname -n | cut -d. -f1)
    # cred_expire: how long a job that is queued again must wait at least (2 minutes by default).
    cat >"$D/slurm.conf" <<END_OF_CONF
ClusterName=ldt
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$owner
SlurmdUser=$owner
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/run/spool-%n
SlurmctldPidFile=$D/run/slurmctld.pid
SlurmdPidFile=$D/run/slurmd-%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=2
SlurmctldTimeout=60
SlurmdTimeout=10
ReturnToService=2
MpiDefault=none
SlurmctldPort=$1
SlurmdParameters=config_overrides
NodeName=near NodeHostname=$host NodeAddr=127.0.0.1 Port=$2 CPUs=8 RealMemory=6000 Weight=1 State=UNKNOWN
NodeName=far NodeHostname=$host NodeAddr=127.0.0.1 Port=$3 CPUs=8 RealMemory=6000 Weight=9 State=UNKNOWN
PartitionName=local Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END_OF_CONF
    # Nothing here uses control groups, but the other kind asks systemd for one when it is loaded.
    echo CgroupPlugin=cgroup/v1 >"$D/cgroup.conf"
}

nodes_are_idle() { [ "$(as_owner sinfo -h -N -o %T | sort | uniq -c | tr -s ' ')" = ' 2 idle' ]; }
start_cluster() {
    configure || return 1
    as_owner slurmctld -f "$D/slurm.conf" && as_owner slurmd -N near -f "$D/slurm.conf" &&
        as_owner slurmd -N far -f "$D/slurm.conf" && ask 30 nodes_are_idle
}

# Every question to Slurm is a process or two: not lib.sh's twenty of them a second.
ask() {
    tries=$(($1 * 2)); shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.5
    done
}

# processes NAME=VALUE...: of this cluster, those that have all of these in their environment.
processes() {
    files=$(grep -lzxF "SLURM_CONF=$D/slurm.conf" /proc/[0-9]*/environ 2>/dev/null)
    for setting; do
        [ -n "$files" ] || return 0
        # shellcheck disable=SC2086
        files=$(grep -lzxF "$setting" $files 2>/dev/null)
    done
    for file in $files; do basename "$(dirname "$file")"; done
}
no_process() { [ -z "$(processes "$@")" ]; }

stop_cluster() {
    for file in "$D"/run/*.pid; do
        [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    for pid in $(processes); do kill -9 "$pid" 2>/dev/null; done
}
finish() {
    stop_cluster
    rm -rf "$work"
}
show_logs() {
    for log in "$D"/log/*.log "$shared"/logs/*.log; do
        [ -e "$log" ] || continue
        say "---- $(basename "$log")"
        tail -n 25 "$log" | sed 's/^/#   /'
    done
}

start_cluster || { stop_cluster; start_cluster; } || give_up 'a cluster of two nodes starts'
ldt() { as_owner timeout 60 ldt -c "$connect" --key "$shared/submit.key" "$@"; }
sql() { as_owner sqlite3 -readonly -cmd '.timeout 5000' "$db" "$1"; }

# ---- a coordinator on the far node, two workers of two slots on the near one
as_owner sh "$D/deploy/submit.sh" -d "$shared" -n far -b "$db" -w 2 -C --lease=3s -- \
    --allow-command --idle-exit 5s >"$work/submitted" 2>&1 || { cat "$work/submitted"; give_up 'the jobs are accepted'; }
coordinator=$(sed -n 's/^coordinator: job \([0-9]*\).*/\1/p' "$work/submitted")
fleet=$(sed -n 's/^workers: job \([0-9]*\).*/\1/p' "$work/submitted")
ask 20 test -s "$connect" || give_up 'the coordinator runs as a job'
passed 'the coordinator runs as a job and leaves a connect file on the shared file system'
as_owner timeout 60 ldt -c "$connect" status >"$work/stranger" 2>&1
check_equal 'who is on the same network and has no key learns nothing' 6 "$?"

# A trial is its parameter, and ends when it may.
cat >"$D/trial.sh" <<'END_OF_TRIAL'
read -r line
x=$(echo "$line" | sed 's/.*"x": *\([0-9]*\).*/\1/')
echo "{\"step\": 1, \"metrics\": {\"loss\": 100}}"
until [ -e "$1/go" ]; do sleep 0.2; done
echo "{\"step\": 2, \"metrics\": {\"loss\": $x}}"
END_OF_TRIAL
cat >"$D/cluster.yaml" <<END_OF_SPEC
name: cluster
command: [sh, $D/trial.sh, $D/trials]
metric: {name: loss, over_time: last}
sampler: {name: grid}
parameters: {x: {values: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]}}
END_OF_SPEC
submit "$D/cluster.yaml" || { cat "$work/submit.out"; give_up 'the search is accepted'; }

attempts() { sql "SELECT count(*) FROM v_attempt WHERE state = '$1' AND worker LIKE '$2'"; }
attempts_are() { [ "$(attempts "$1" "$2")" -eq "$3" ]; }
name() { echo "$1-${fleet}_$2"; } # of a worker: its node, its task, how often that was queued again
check 'the array of workers finds it there and takes a trial for each core' ask 20 attempts_are running 'near-%.0' 4

# ---- queued again, and out of time
as_owner scontrol requeue "${fleet}_1"
as_owner scancel --signal=USR1 --batch "${fleet}_2" # what Slurm sends two minutes before the limit
check 'a task that is queued again hands its trials back' ask 20 attempts_are released "$(name near 1).0" 2
check 'so does one whose time is nearly up' ask 20 attempts_are released "$(name near 2).0" 2
check 'both come back, the latter because it queued itself again, and take trials' \
    ask 40 attempts_are running 'near-%.1' 4

# ---- the near node is lost. Of task 1 nothing is left; task 2 goes on, unknown to Slurm.
kill -9 "$(cat "$D/run/slurmd-near.pid")"
lost=$(processes SLURMD_NODENAME=near SLURM_ARRAY_TASK_ID=1)
# shellcheck disable=SC2086
steps=$(ps -o ppid= -p "$(echo $lost | tr ' ' ,)" | sort -u | while read -r pid; do
    grep -q slurmstepd "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"; done)
# shellcheck disable=SC2086
kill -9 $steps $lost 2>/dev/null # some die with those before them
# Until Slurm notices, the coordinator is queued again, too.
former=$(cat "$connect")
as_owner scontrol requeue "$coordinator"
moved() { [ -s "$connect" ] && [ "$(cat "$connect")" != "$former" ]; }
check 'a coordinator that is queued again comes back with its database' ask 40 moved
check 'Slurm starts the tasks of the lost node elsewhere' ask 90 attempts_are running 'far-%.2' 4
check 'so that one task exists twice, with trials of its own' attempts_are running "$(name near 2).1" 2
check_equal 'and the trials of the one that is gone are known as lost' 2 "$(attempts lost "$(name near 1).1")"

# ---- the end
touch "$D/trials/go"
check 'the search ends' ask 40 sql_is "SELECT state FROM v_study WHERE study = 'cluster'" 'done'
check 'then every worker leaves by itself, the one that Slurm forgot as well' ask 40 no_process "SLURM_ARRAY_JOB_ID=$fleet"
fleet_is_gone() { [ -z "$(as_owner squeue -h -j "$fleet" 2>/dev/null)" ]; }
check 'and holds no node' ask 20 fleet_is_gone

check_equal 'every trial is done once, with its own value and nothing charged' '16 16 0' \
    "$(sql "SELECT count(*) || ' ' || sum(state = 'done' AND value = parameters ->> '\$.x') || ' ' || sum(charged) FROM v_trial")"
check_equal 'every curve is that of one attempt' '32 0' \
    "$(sql "SELECT count(*) || ' ' || sum(value <> CASE step WHEN 1 THEN 100 ELSE (SELECT value FROM v_trial t
            WHERE t.trial = v_curve.trial) END) FROM v_curve WHERE study = 'cluster'")"
check_equal 'one attempt of each trial has a result, the last' '16 0' \
    "$(sql "SELECT sum(state = 'done') || ' ' || sum(state = 'done' AND attempt <> (SELECT max(attempt) FROM v_attempt l
            WHERE l.trial = a.trial)) FROM v_attempt a")"
as_owner scancel "$coordinator"
queue_is_empty() { [ -z "$(as_owner squeue -h)" ]; }
check 'a cancelled coordinator leaves' ask 30 queue_is_empty
check 'and takes its connect file with it' test ! -e "$connect"
end_of_test
