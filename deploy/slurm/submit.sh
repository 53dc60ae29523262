#!/bin/sh
# deploy/slurm/submit.sh - a coordinator and a fleet on a Slurm cluster. Run it where sbatch runs:
#
#   sh deploy/slurm/submit.sh -d /shared/me/search -n NODE -b /local/me/runs.db -w 20 [-- WORKER-OPTION...]
#
#   -d DIRECTORY  on the file system that all nodes share, for this user alone: what workers and clients need (made)
#   -n NODE       where the coordinator runs, because its database is there
#   -b DATABASE   a file on a disk of NODE that outlives jobs; its directory exists
#   -w COUNT      workers (4); 0 starts the coordinator alone
#   -C OPTION     of ldt-coordinator, such as --lease=1m; as often as needed
#
# The programs are found in PATH. Partition, account and time limit are Slurm's own variables: SBATCH_PARTITION,
# SBATCH_ACCOUNT, SBATCH_TIMELIMIT. Called again with the same directory it goes on with its keys and its database.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    sed -n 's/^# \{0,1\}//; 2,13p' "$0" >&2
    exit 2
}
fail() {
    echo "submit.sh: $*" >&2
    exit 1
}

directory= node= database= workers=4 coordinator_options=
while getopts d:n:b:w:C: option; do
    case $option in
    d) directory=$OPTARG ;;
    n) node=$OPTARG ;;
    b) database=$OPTARG ;;
    w) workers=$OPTARG ;;
    C) coordinator_options="$coordinator_options $OPTARG" ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ -n "$directory" ] && [ -n "$node" ] && [ -n "$database" ] || usage
case $database in /*) ;; *) fail "-b $database: give an absolute path; it is a file of $node" ;; esac
case $workers in '' | *[!0-9]*) fail "-w $workers: give a number of workers" ;; esac
for program in sbatch ldt ldt-coordinator ldt-worker; do
    command -v "$program" >/dev/null || fail "$program is not in PATH"
done

# Everything in it is a secret, or leads to one. A directory that others use is not ours to close.
umask 077
mkdir -p "$directory"
[ -z "$(find -H "$directory" -prune -perm /077)" ] ||
    fail "-d $directory: others may enter it; name a new directory, or type: chmod 700 $directory"
mkdir -p "$directory/logs" "$directory/checkpoints"
directory=$(cd "$directory" && pwd)
[ -e "$directory/keys" ] || ldt keygen --server "$directory/keys" >/dev/null
for role in worker submit; do
    [ -e "$directory/$role.key" ] ||
        ldt keygen --role "$role" "$role" --keys "$directory/keys" -o "$directory/$role.key" >/dev/null
done

# shellcheck disable=SC2086
coordinator=$(sbatch --parsable --nodelist="$node" --output="$directory/logs/coordinator-%j.log" \
    "$here/coordinator.sbatch" "$directory" "$database" $coordinator_options)
coordinator=${coordinator%%;*}
echo "coordinator: job $coordinator on $node"
if [ "$workers" -gt 0 ]; then
    fleet=$(sbatch --parsable --array="1-$workers" --output="$directory/logs/worker-%A_%a.log" \
        "$here/workers.sbatch" "$directory" "$@")
    echo "workers: job ${fleet%%;*}, tasks 1 to $workers"
fi
cat <<EOT
logs: $directory/logs
next: ldt -c $directory/connect.json --key $directory/submit.key submit SEARCH.yaml --watch
more workers: sbatch --array=1-N $here/workers.sbatch $directory
the end: scancel $coordinator
EOT
