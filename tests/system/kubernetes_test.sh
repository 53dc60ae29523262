#!/bin/sh
# The manifests of deploy/kubernetes: what manifests.py says of them, whether kustomize can build them, and whether the
# programs work as they are called there, with volumes as a kubelet makes them. (TAP)
. "$(dirname "$0")/lib.sh"
root=$(dirname "$0")/../..
python=python3
[ ! -x "$build/python/bin/python3" ] || python=$build/python/bin/python3   # deploy/run check makes it
"$python" -c 'import yaml' 2>/dev/null || {
    skipped 'the manifests fit together' 'python3-yaml is not installed'; end_of_test; }
version=$(sed -n 's/^#define LDT_VERSION "\(.*\)"/\1/p' "$root/common/version.h")
"$python" -B "$root/tests/system/manifests.py" "$root/deploy/kubernetes" "$version" >"$work/manifests"
[ -s "$work/manifests" ] || give_up 'manifests.py reads the manifests'
grep -v '^1\.\.' "$work/manifests"
number=$(grep -c '^\(not \)\?ok ' "$work/manifests")
failures=$(grep -c '^not ok ' "$work/manifests")
if command -v kubectl >/dev/null; then
    check 'kustomize builds them' kubectl kustomize "$root/deploy/kubernetes"
else
    skipped 'kustomize builds them' 'kubectl is not installed'
fi

# ---- A pod, as far as files and users go: secrets are root's and readable by the group of the pod; a map is a directory
# of links through ..data, which is exchanged when the map changes; the user has a number and no name.
what='the programs work with the arguments and volumes of their pods'
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
    skipped "$what" 'only root can make files of two users'
    end_of_test
fi
pod=$work/pod
chmod 711 "$work"
mkdir -p "$pod/keys/allowed" "$pod/probe" "$pod/fleet" "$pod/data" "$pod/run" "$pod/state" "$pod/tmp"
cp "$bin/ldt" "$bin/ldt-coordinator" "$bin/ldt-worker" "$pod/"
PATH=$pod:$PATH
for key in server 'role worker fleet' 'role read probe'; do
    name=${key##* }
    if [ "$key" = server ]; then "$pod/ldt" keygen --server "$work/keys"
    else "$pod/ldt" keygen --role "$(echo "$key" | cut -d' ' -f2)" "$name" --keys "$work/keys" -o "$work/$name.key"; fi
done >"$work/keygen.log" 2>&1 || give_up 'keys can be made'
install_secret() { install -o root -g 10001 -m 440 "$1" "$2"; }
install_secret "$work/keys/server.key" "$pod/keys/server.key"
install_secret "$work/probe.key" "$pod/probe/probe.key"
install_secret "$work/fleet.key" "$pod/fleet/worker.key"
# map DIRECTORY VERSION: what is in $work/keys/allowed, as the kubelet writes it.
map() {
    mkdir "$1/..$2"
    cp "$work/keys/allowed/"*.pub "$1/..$2/"
    chmod 644 "$1/..$2/"*
    ln -s "..$2" "$1/..new" && mv -T "$1/..new" "$1/..data"
    for file in "$1/..$2"/*; do ln -sf "..data/$(basename "$file")" "$1/$(basename "$file")"; done
    for link in "$1"/*.pub; do [ -e "$link" ] || rm "$link"; done
}
map "$pod/keys/allowed" 1
chown -R 10001:10001 "$pod/data" "$pod/run" "$pod/state" "$pod/tmp"
# A prefix, not a function: what is started in the background is then the program itself, which can be ended.
as_pod="setpriv --reuid 10001 --regid 10001 --clear-groups env -i PATH=$PATH TMPDIR=$pod/tmp LDT_CACHE=$pod/state/cache"
# The arguments of the first container of a manifest, with its mounts found under $pod and a free port.
arguments() {
    sed -n '/^ *args:/,/^ *[a-z]*:/s/^ *- \(--.*\)/\1/p' "$root/deploy/kubernetes/$1" |
        sed "s|=/keys/worker.key|=$pod/fleet/worker.key|; s|=/run/ldt/|=$pod/run/|; s|0.0.0.0:5700|0.0.0.0:*|
             s,=/\(data\|keys\|state\),=$pod/\1,"
}
# shellcheck disable=SC2046
$as_pod ldt-coordinator $(arguments coordinator.yaml) 2>"$work/coordinator.log" &
pids="$pids $!"
wait_for 20 test -s "$pod/run/connect.json" || give_up 'the coordinator of the pod starts'
port=$(port_of "$pod/run/connect.json")
probe=$(sed -n '/livenessProbe/,/command:/s/^ *command: \[\(.*\)\]/\1/p' "$root/deploy/kubernetes/coordinator.yaml" |
    tr -d , | sed "s|=/probe|=$pod/probe|; s|:5700|:$port|")
# shellcheck disable=SC2086
check 'the probe of the pod finds it alive' $as_pod timeout 20 $probe
# shellcheck disable=SC2046
$as_pod ldt-worker $(arguments workers.yaml | sed "s|ldt-coordinator:5700|127.0.0.1:$port|") 2>"$work/worker.log" &
pids="$pids $!"
check 'a worker of the fleet is let in by its secret' wait_for 20 grep -q 'connected to the coordinator' "$work/worker.log"
rm "$work/keys/allowed/probe.pub"
map "$pod/keys/allowed" 2
# shellcheck disable=SC2086
refused() { $as_pod timeout 20 $probe; [ $? -eq 6 ]; }
check 'a key that is taken out of the map is refused without a restart' wait_for 10 refused
end_of_test
