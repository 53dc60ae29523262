#!/bin/sh
# A search of the built-in trainer from its spec to every answer that a user can ask for. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/small.yaml" <<'END'
name: small
program: ldt
metric: {name: test_kl}
sampler: {name: tpe}
seed: 1
trials: 5
matrix:
  method: [ldt, no-teacher]
parameters:
  task: {value: task-b}
  epochs: {value: 3}
  n_train: {value: 128}
  n_test: {value: 128}
  input_dim: {value: 16}
  batch_size: {value: 16}
  student_hidden: {value: 16}
  teacher_hidden: {value: 16, when: {method: ldt}}
  n_inner: {value: 4, when: {method: ldt}}
  student_lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}
END

check_equal 'help for a verb is that verb'"'"'s own' "$("$bin/ldt" best --help)" "$("$bin/ldt" help best)"
check 'the spec is valid' "$bin/ldt" check "$work/small.yaml"
start_coordinator
start_worker w1 -j 2
check_says 'the coordinator says where it listens, and which file tells others' \
    "event=ready endpoint=$(endpoint_of) db=.*runs.db.* connect=.*$connect" "$work/coordinator.log"
check_says 'and that its database is new' 'event=database-made db=.*runs.db' "$work/coordinator.log"
check 'the search is submitted, watched and ends well' \
    timeout 100 "$bin/ldt" -c "$connect" submit "$work/small.yaml" --watch
name=$(sed -n 's/^name: *//p' "$work/small.yaml")
ldt status "$name" --watch >"$work/watched" 2>"$work/error"
check_equal 'whoever watches it later learns how it ended' 0 $?
check_says 'and with what' "^$name.* done " "$work/watched"
ldt status --watch >"$work/watched" 2>"$work/error"
check_equal 'watching takes a name' 2 $?
check_says 'and says so' 'NAME' "$work/error"
check 'the same search under the same name is refused' sh -c "! '$bin/ldt' -c '$connect' submit '$work/small.yaml'"
check_equal 'every trial is done' '10' "$(sql "SELECT count(*) FROM v_trial WHERE state = 'done' AND value > 0")"
check_equal 'every trial has one attempt' '10' "$(sql 'SELECT count(*) FROM attempt')"
check_equal 'no two trials of a study are the same' '0' \
    "$(sql 'SELECT count(*) FROM (SELECT 1 FROM trial GROUP BY study, parameters HAVING count(*) > 1)')"
check_equal 'the value of a trial is the best point of its curve' '10' \
    "$(sql "SELECT count(*) FROM v_trial AS t WHERE value = (SELECT min(value) FROM v_curve AS c
            WHERE c.study = t.study AND c.trial = t.trial AND metric = 'test_kl')")"
check_equal 'the version and BLAS core are recorded with every attempt' '10' \
    "$(sql "SELECT count(*) FROM v_attempt WHERE info ->> '\$.version' <> '' AND info ->> '\$.blas_core' <> ''")"

for verb in 'status' 'trials small/ldt' 'best small' 'best small/ldt' 'curve small/ldt 0 1' 'workers' 'logs small/ldt 0' \
    'export small'; do
    check "ldt $verb" ldt $verb
    check "ldt -o json $verb" sh -c "'$bin/ldt' -c '$connect' -o json $verb | python3 -m json.tool >/dev/null || [ '${verb%% *}' = logs ]"
done
check_equal 'ldt best agrees with the database' \
    "$(sql "SELECT trial FROM v_best WHERE study = 'small/ldt' AND rank = 1")" \
    "$(ldt -o json best small/ldt | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["trial"])')"
check_equal 'ldt query answers SQL' '10' \
    "$(ldt -o csv query 'SELECT count(*) AS n FROM trial' | tr -d '\r' | tail -n 1)"
check_equal 'a study that is not there is exit status 3' '3' "$(ldt best nonsense >/dev/null 2>&1; echo $?)"

stop "$coordinator"
check 'SIGTERM ends the coordinator cleanly, and its connect file is gone' test ! -e "$connect"
check_equal 'an unreachable coordinator is exit status 4' '4' \
    "$(timeout 60 "$bin/ldt" --coordinator tcp://127.0.0.1:1 status >/dev/null 2>&1; echo $?)"
check 'the answers need no coordinator' "$bin/ldt" --db "$db" best small
stop "$worker"
check_equal 'the worker leaves with exit status 0' '0' "$?"
end_of_test
