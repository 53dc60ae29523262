#!/bin/sh
# The units of deploy/systemd under a real systemd, with all their hardening: a system of its own in a container over
# this one's files, which it cannot change, installed as deploy/systemd/README.md says. A search with the built-in
# trainer runs; the coordinator is restarted, killed and made to hang; the worker is stopped in the middle of a trial.
# Needs root and systemd-nspawn (package systemd-container). (TAP)
. "$(dirname "$0")/../system/lib.sh"
what='the units work under a real systemd'
[ "$(id -u)" -eq 0 ] || { skipped "$what" 'only root can start a container'; end_of_test; }
for program in systemd-nspawn unshare; do
    command -v "$program" >/dev/null ||
        { skipped "$what" "$program is not installed (apt-get install systemd-container)"; end_of_test; }
done
cd "$(dirname "$0")/../.." || exit 1

# ---- what the container runs: everything that it says goes into $work/shared, which both can write
mkdir -p "$work/root" "$work/layers" "$work/shared"
make -s -o all install BUILD="$build" DESTDIR="$work/installed" PREFIX=/usr/local >"$work/install.log" 2>&1 ||
    give_up 'make install installs'
cat >"$work/shared/search.yaml" <<'END_OF_SPEC'
name: units
program: ldt
metric: {name: test_kl}
sampler: {name: tpe}
trials: 3
parameters:
  task: {value: task-b}
  epochs: {value: 1}
  student_lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}
END_OF_SPEC
# The second has one long trial, which must be interrupted.
sed 's/^name: units/name: long/; s/^trials: 3/trials: 1/; s/epochs: {value: 1}/epochs: {value: 4000}/' \
    "$work/shared/search.yaml" >"$work/shared/long.yaml"
cat >"$work/shared/inside.sh" <<'END_OF_SCRIPT'
cd /shared || exit 1
exec >inside.log 2>&1
export HOME=/root PATH=/usr/local/bin:$PATH
ask() { tries=$(($1 * 5)); shift; until "$@" >/dev/null 2>&1; do tries=$((tries - 1)); [ $tries -gt 0 ] || return 1; sleep 0.2; done; }
step() { sentence=$1; shift; if ask 30 "$@"; then echo "ok $sentence"; else echo "not ok $sentence"; fi >>steps; }
client() { ldt --coordinator tcp://127.0.0.1:5700 --key /etc/ldt/me.key "$@"; }
states() { sqlite3 -readonly /var/lib/ldt/runs.db "$1"; }
are() { [ "$(states "$1")" = "$2" ]; }
started() { systemctl show --property=NRestarts --value ldt-coordinator; }
main() { systemctl show --property=MainPID --value "$1"; }

# deploy/systemd/README.md
systemd-sysusers /usr/local/lib/sysusers.d/ldt.conf
mkdir -p /etc/ldt
ldt keygen --server /etc/ldt/keys
ldt keygen --role worker host --keys /etc/ldt/keys -o /etc/ldt/worker.key
ldt keygen --role submit me --keys /etc/ldt/keys -o /etc/ldt/me.key
chown -R ldt: /etc/ldt/keys
echo 'LDT_COORDINATOR=tcp://127.0.0.1:5700' >/etc/ldt/worker.env
echo 'LDT_OPTIONS=--log-level=debug' >/etc/ldt/coordinator.env
systemctl daemon-reload
step 'the coordinator says itself that it is ready' systemctl start ldt-coordinator
step 'the worker starts' systemctl start ldt-worker
step 'who is listed can submit' client submit /shared/search.yaml
step 'trials of the built-in trainer run behind the hardening' are "SELECT count(*) FROM v_trial WHERE state = 'done'" 3
not_root() { [ "$(stat -c %U "/proc/$(main "$1")")" != root ]; }
step 'neither runs as root' eval 'not_root ldt-coordinator && not_root ldt-worker'
client submit /shared/long.yaml
step 'a long trial begins' are "SELECT sum(points > 0) FROM v_attempt WHERE search = 'long' AND state = 'running'" 1
kill -9 "$(main ldt-coordinator)"
step 'a coordinator that is killed is started again' eval '[ "$(started)" = 1 ] && client status'
kill -STOP "$(main ldt-coordinator)"
step 'one that hangs, too, by its watchdog' eval '[ "$(started)" = 2 ] && client status'
step 'its worker is back' eval 'client workers | awk "NR == 2 { exit \$6 != \"yes\" }"'
step 'with the trial that it had' are "SELECT group_concat(state) FROM v_attempt WHERE search = 'long'" running
step 'systemd finds both as hardened as it said before' eval \
    '[ "$(systemd-analyze security --no-pager | awk "/^ldt-/ && \$2 <= 2.0" | wc -l)" = 2 ]'
systemctl stop ldt-worker
step 'a worker that is stopped hands its trial back' are \
    "SELECT group_concat(state) FROM v_attempt WHERE search = 'long'" released
step 'and leaves with status 0' eval '[ "$(systemctl show --property=Result --value ldt-worker)" = success ]'
step 'a checkpoint is kept' eval '[ -n "$(find /var/lib/private/ldt-worker/checkpoints -type f -size +0)" ]'
systemctl start ldt-worker
step 'with which it goes on after the next start' eval 'journalctl -u ldt-worker | grep -q "attempt=2" &&
    [ "$(states "SELECT group_concat(state) FROM v_attempt WHERE search = '"'long'"'")" = released,running ]'
systemctl stop ldt-worker ldt-coordinator
step 'the coordinator leaves with status 0' eval '[ "$(systemctl show --property=Result --value ldt-coordinator)" = success ]'
systemctl status --no-pager --full --lines=40 ldt-coordinator ldt-worker
journalctl --no-pager -u ldt-coordinator -u ldt-worker -o cat | tail -n 60
echo end >>steps
systemctl exit 0
END_OF_SCRIPT

# ---- the container: in a mount namespace of its own, which takes everything with it when it ends
cat >"$work/contain.sh" <<'END_OF_SCRIPT'
work=$1
mount --make-rprivate / && mount -t tmpfs none "$work/layers" && mkdir "$work/layers/upper" "$work/layers/work" &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layers/upper,workdir=$work/layers/work" "$work/root" || exit 3
root=$work/root
cp -a "$work/installed/usr/local/." "$root/usr/local/"
rm -rf "$root/etc/ldt" "$root/var/lib/ldt" "$root/etc/machine-id"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
mkdir -p "$root/etc/systemd/system/ldt-coordinator.service.d"
# Two minutes are too long for a test.
printf '[Service]\nWatchdogSec=4s\n' >"$root/etc/systemd/system/ldt-coordinator.service.d/test.conf"
printf '[Unit]\nWants=inside.service\n' >"$root/etc/systemd/system/inside.target"
printf '[Service]\nType=oneshot\nExecStart=/bin/sh /shared/inside.sh\n' >"$root/etc/systemd/system/inside.service"
exec systemd-nspawn --directory="$root" --register=no --keep-unit --private-network --console=pipe \
    --bind="$work/shared:/shared" --boot -- --unit=inside.target --log-target=console
END_OF_SCRIPT
timeout 240 unshare --mount sh "$work/contain.sh" "$work" >"$work/container.log" 2>&1 </dev/null
[ -s "$work/shared/steps" ] || {
    tail -n 5 "$work/container.log" | sed 's/^/# /'; skipped "$what" 'no container can be started here'; end_of_test; }
while read -r line; do
    case $line in
    ok\ *) passed "${line#ok }" ;;
    not\ ok\ *) failed "${line#not ok }" ;;
    esac
done <"$work/shared/steps"
[ "$(tail -n 1 "$work/shared/steps")" = end ] || failed 'the container comes to its end'
mv "$work/shared/inside.log" "$work/" 2>/dev/null
end_of_test
