#!/bin/sh
# Keys: a search over an address that others can reach, by those who are admitted; everybody else is refused in words,
# also those who were admitted a moment ago. (TAP)
. "$(dirname "$0")/lib.sh"
unset LDT_KEY_FILE
cd "$work" || exit 1

cat >"$work/some.yaml" <<'END_OF_SPEC'
name: some
command: [sh, -c, 'read -r line; echo "{\"step\": 1, \"metrics\": {\"loss\": 1}}"']
metric: {name: loss}
sampler: {name: random}
trials: 8
parameters: {x: {min: 0.0, max: 1.0}}
END_OF_SPEC
sed 's/name: some/name: endless/; s/echo/sleep 1000; echo/; s/trials: 8/trials: 2/' "$work/some.yaml" >"$work/endless.yaml"

# refused SENTENCE STATUS PATTERN COMMAND...: the command ends with this exit status and says why.
refused() {
    sentence=$1; wanted=$2; pattern=$3; shift 3
    "$@" >"$work/said.out" 2>&1
    status=$?
    check_equal "$sentence: exit status" "$wanted" "$status"
    check_says "$sentence: in words" "$pattern" "$work/said.out"
}
keygen() { "$bin/ldt" keygen "$@"; }
key_of() { sed -n 's/.*public-key = "\(.*\)".*/\1/p' "keys/$1"; }
logged() { grep -q -e "$1" "$work/$2.log"; }

# ---- keys are made
check 'the coordinator gets a pair' keygen --server keys
for member in worker:w1 worker:w2 submit:alice read:rob read:eve; do
    keygen --role "${member%%:*}" "${member#*:}" --keys keys >"$work/keygen.out" || give_up 'keys are made'
done
rm keys/allowed/eve.pub
check_equal 'secrets are for their owner alone' '600 600' "$(stat -c %a keys/server.key alice.key | xargs)"
cp alice.key before.key
refused 'a name is not used twice' 1 'a key named alice already' "$bin/ldt" keygen --role submit alice --keys keys
refused 'a file is not overwritten' 1 'never overwritten' "$bin/ldt" keygen --role submit zoe --keys keys -o alice.key
check 'and is as before' cmp alice.key before.key
check 'nobody was admitted by that' test ! -e keys/allowed/zoe.pub
refused 'the coordinator has one pair' 1 'never overwritten' "$bin/ldt" keygen --server keys

# ---- what needs keys
refused 'without keys only loopback is listened on' 1 'ldt keygen' "$bin/ldt-coordinator" --db "$db" --listen 'tcp://0.0.0.0:*'
refused 'who has no keys yet is told how to make them' 1 'no nowhere/server.key; `ldt keygen --server nowhere`' \
    "$bin/ldt-coordinator" --db "$db" --listen 'tcp://0.0.0.0:*' --keys nowhere
chmod 644 keys/server.key
refused 'a secret that others can read is refused' 1 'chmod 600 keys/server.key' \
    "$bin/ldt-coordinator" --db "$db" --listen 'tcp://0.0.0.0:*' --keys keys
chmod 600 keys/server.key

listen='tcp://0.0.0.0:*'
start_coordinator --keys keys --advertise 127.0.0.1
keep_endpoint
endpoint=$listen
check 'the connect file has the public key' grep -qF -e "$(key_of server.pub)" "$connect"
secret=$(sed -n 's/.*secret-key = "\(.*\)".*/\1/p' keys/server.key)
check_equal 'and no secret' '0' "$(grep -cF "$secret" "$connect")"

# ---- who may, and who may not
start_worker w1 -j 2 --allow-command --key w1.key
check 'who may submit submits' ldt --key alice.key submit "$work/some.yaml"
check 'the search of a worker with a key ends' wait_done some 60
check_equal 'its key is with the worker' "$(key_of ../w1.key)" "$(sql 'SELECT key FROM worker')"
check 'who may read reads' ldt --key rob.key status
check 'a file named by the environment will do' env LDT_KEY_FILE=alice.key "$bin/ldt" -c "$connect" status
check 'an endpoint and a key are enough' "$bin/ldt" --coordinator "$endpoint" --key alice.key status
refused 'who may read does not submit' 6 'needs the role submit' ldt --key rob.key submit "$work/endless.yaml"
refused 'a worker does not submit' 6 'needs the role submit' ldt --key w2.key submit "$work/endless.yaml"
refused 'whoever has no key is told so' 6 'admits only who has a key' ldt status
refused 'also without the connect file' 6 'needs a key' "$bin/ldt" --coordinator "$endpoint" status
refused 'a key that is not on the list is not known' 6 'does not know this key' ldt --key eve.key status
keygen --server others >/dev/null && keygen --role submit mallory --keys others >/dev/null
refused 'a key for another coordinator is noticed' 6 'for another coordinator' ldt --key mallory.key status
refused 'a coordinator that is not the right one is not talked to' 6 'breaks every handshake off' \
    "$bin/ldt" --coordinator "$endpoint" --key mallory.key status
cp alice.key shown.key && chmod 640 shown.key
refused 'a key that others can read is not used' 6 'chmod 600 shown.key' ldt --key shown.key status
refused 'nor by a worker' 1 'chmod 600 shown.key' "$bin/ldt-worker" -c "$connect" --key shown.key
refused 'a public half is no key' 6 'is the public half' sh -c "umask 077; cat keys/allowed/alice.pub >half.key; '$bin/ldt' -c '$connect' --key half.key status"
start_worker impostor -j 1 --key alice.key
check 'a worker needs the role worker' wait_for 20 logged 'message-forbidden.*role worker' coordinator
stop "$worker"
check_equal 'and is no worker' '1' "$(sql 'SELECT count(*) FROM worker')"

# ---- revoked while it works
check 'a search that goes on' ldt --key alice.key submit "$work/endless.yaml"
check 'its trials run' wait_for 20 sql_is "SELECT count(*) FROM trial WHERE state = 2" 2
rm keys/allowed/w1.pub
check 'a revoked worker is cut off at once' wait_for 20 logged connections-revoked coordinator
check 'it says that its key is not known any more' wait_for 40 logged 'does not know this key' w1
start_worker w2 -j 2 --allow-command --key w2.key
check 'another takes its trials over' wait_for 40 sql_is \
    "SELECT count(*) FROM attempt JOIN worker ON worker.id = attempt.worker WHERE worker.name = 'w2' AND attempt.number = 2" 2
mv keys/allowed/rob.pub keys/allowed/w3.pub
check 'a name is only a name' ldt --key rob.key status
check 'the coordinator still lives' kill -0 "$coordinator"
stop "$coordinator"
check_equal 'and ends cleanly' 0 "$?"
end_of_test
