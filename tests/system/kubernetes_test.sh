#!/bin/sh
# The manifests of deploy/kubernetes: what manifests.py says of them, and whether kustomize can build them. (TAP)
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
end_of_test
