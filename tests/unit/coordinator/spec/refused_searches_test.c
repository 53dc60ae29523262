/* Matrix, conditions, tasks, methods and metrics that do not fit together, refused: place and
 * sentence, word by word. */
#include "tests/unit/coordinator/spec/refused.h"

static void tasks_and_methods_must_exist_and_fit(void **state)
{
    refused(LDT "parameters: {task: {value: task-c}}\n",
            "5:28: task: \"task-c\" is not one of task-a, task-b, game-of-life, mujoco, "
            "arrays; did you mean `task-a`?");
    refused(LDT "parameters: {task: {value: task-b}, method: {value: auxiliary}}\n",
            "5:37: task-b does not have the method auxiliary; use another, or exclude the "
            "combination");
    refused("name: s\nprogram: ldt\nmetric: {name: test_loss}\ntrials: 5\n"
            "parameters: {task: {value: arrays}}\n",
            "5:1: arrays needs `data`: directory of x.npy, xstar.npy and "
            "y.npy, as the worker sees it, and maybe of x_test.npy and y_test.npy; has no default");
    refused(LDT "matrix: {method: [ldt, lddt]}\n"
                "parameters: {task: {value: task-b}}\n",
            "5:24: method: \"lddt\" is not one of ldt, no-teacher, fixed-teacher, "
            "oracle-teacher, auxiliary, model-based; did you mean `ldt`?");
    refused(LDT "matrix: {method: [ldt, no-teacher]}\n"
                "parameters: {task: {value: task-b, when: {method: ldt}}}\n",
            "6:1: `task` has no value where method is no-teacher, task is inactive");
}

static void a_setting_that_a_method_lacks_needs_when(void **state)
{
    refused(LDT "matrix: {method: [ldt, no-teacher]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n"
                "  teaching_coef: {min: 1.0, max: 9.0}\n",
            "8:3: the method no-teacher does not have `teaching_coef`; add `when: {method: "
            "ldt}`");
    refused(LDT "matrix: {method: [ldt, fixed-teacher, no-teacher]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n"
                "  teaching_coef: {min: 1.0, max: 9.0}\n",
            "8:3: the method no-teacher does not have `teaching_coef`; add `when: {method: "
            "[ldt, fixed-teacher]}`");
    refused(LDT_TASK_B "  entropy_coef: {value: 0.1}\n",
            "7:3: task-b with the method ldt does not have `entropy_coef`; remove it");
    refused(LDT_TASK_B "  inner_lr: {value: 0.1}\n",
            "7:3: task-b with the method ldt does not have `inner_lr`; remove it");
    refused(LDT "matrix: {method: [ldt, no-teacher]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n"
                "  teaching_coef: {min: 1.0, max: 9.0, when: {method: [ldt, no-teacher]}}\n",
            "8:3: the method no-teacher does not have `teaching_coef`; add `when: {method: "
            "ldt}`");
    refused(LDT "matrix: {entropy_coef: [0, 1]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n",
            "5:1: some method here does not have `entropy_coef`, so several of its studies "
            "would be the same; keep one of them by `exclude`");
    refused(LDT "matrix: {method: [ldt, no-teacher], entropy_coef: [0, 1]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n",
            "5:1: some method here does not have `entropy_coef`, so several of its studies "
            "would be the same; keep one of them by `exclude`");
}

static void a_matrix_key_that_a_searched_method_lacks_is_refused(void **state)
{
    refused(
        LDT "matrix: {entropy_coef: [0, 1]}\n"
            "parameters:\n"
            "  task: {value: task-b}\n"
            "  method: {values: [ldt, no-teacher]}\n",
        "5:10: task-b with the method ldt does not have `entropy_coef`; make it a parameter with "
        "`when`, or task and method keys of the matrix");
    refused(LDT "matrix: {entropy_coef: [3]}\n"
                "parameters:\n"
                "  task: {value: task-b}\n",
            "5:10: no task and method of this search has `entropy_coef`; remove it");
}

static void the_metric_exists_for_every_task_and_method(void **state)
{
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_k}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: unknown metric `test_k`; did you mean `test_kl`?");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: zzzzzzzzzz}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: unknown metric `zzzzzzzzzz`; `ldt-worker trial --help` lists those of the "
            "built-in trainer, such as test_loss and test_accuracy");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_accuracy}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: task-b with the method ldt does not report `test_accuracy`; it has "
            "train_loss, test_loss, test_kl, prediction_entropy, meta_loss, "
            "meta_gradient_norm, teaching_loss, hypergradient_inner_lr, "
            "hypergradient_inner_momentum, hypergradient_inner_weight_decay, "
            "hypergradient_teaching_coef");
    refused(LDT "matrix: {task: [task-b, task-a]}\n"
                "parameters: {epochs: {value: 3}}\n",
            "3:16: task-a with the method ldt does not report `test_kl`; it has "
            "train_loss, test_loss, train_accuracy, test_accuracy, meta_loss, "
            "meta_gradient_norm, teaching_loss, hypergradient_inner_lr, "
            "hypergradient_inner_momentum, hypergradient_inner_weight_decay, "
            "hypergradient_teaching_coef");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: meta_loss}\n"
            "trials: 5\n"
            "matrix: {method: [ldt, no-teacher]}\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: task-b with the method no-teacher does not report `meta_loss`; it has "
            "train_loss, test_loss, test_kl, prediction_entropy");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: selection_loss}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: `selection_loss` is reported only where selection_split is above 0; add "
            "`selection_split: {value: 0.2}`");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: selection_loss}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}, selection_split: {values: [0, 0.2]}}\n",
            "3:16: `selection_loss` is reported only where selection_split is above 0; add "
            "`selection_split: {value: 0.2}`");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: \"a b\"}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:16: `a b` is no name of a metric: 1 to 64 of letters, digits, `.`, `_`, `-` "
            "and `/`");
    refused("name: s\n"
            "command: [x]\n"
            "metric: {name: \"a b\"}\n"
            "trials: 5\n"
            "parameters: {a: {value: 1}}\n",
            "3:16: `a b` is no name of a metric: 1 to 64 of letters, digits, `.`, `_`, `-` "
            "and `/`");
}

static void guarded_domains_apply_one_at_a_time(void **state)
{
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  a:\n"
                    "    - {value: 1, when: {m: p}}\n",
            "7:3: no domain of `a` applies where m is q; add one, or widen a `when`");
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  a:\n"
                    "    - {value: 1, when: {m: p}}\n"
                    "    - {value: 2, when: {m: [p, q]}}\n",
            "7:3: more than one domain of `a` applies where m is p; narrow a `when`");
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  a:\n"
                    "    - {value: 1, when: {m: p}}\n"
                    "    - {value: 2}\n",
            "9:7: each domain of a list needs `when`, so that exactly one applies");
    refused(COMMAND_SEARCH "  o: {values: [x, y, z]}\n"
                           "  a:\n"
                           "    - {value: 1, when: {o: x}}\n"
                           "    - {value: 2, when: {o: y}}\n",
            "7:3: no domain of `a` applies where o is z; add one, or widen a `when`");
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  o: {values: [x, y]}\n"
                    "  a:\n"
                    "    - {value: 1, when: {m: p, o: x}}\n"
                    "    - {value: 2, when: {m: q}}\n",
            "8:3: no domain of `a` applies where m is p, o is y; add one, or widen a `when`");
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  o: {values: [x, y], when: {m: p}}\n"
                    "  a:\n"
                    "    - {value: 1, when: {o: x}}\n"
                    "    - {value: 2, when: {o: y}}\n",
            "8:3: no domain of `a` applies where m is q, o is inactive; add one, or widen "
            "a `when`");
}

static void conditions_name_what_can_be_true(void **state)
{
    refused(COMMAND_SEARCH "  o: {values: [x, y]}\n"
                           "  a: {value: 1, when: {oo: x}}\n",
            "7:24: `oo` is neither a key of the matrix nor a parameter; did you mean `o`?");
    refused(COMMAND_SEARCH "  o: {values: [adam, sgd]}\n"
                           "  a: {value: 1, when: {o: adan}}\n",
            "7:27: `o` never is `adan`, so this condition cannot hold; did you mean `adam`?");
    refused(COMMAND_SEARCH "  o: {values: [adam, sgd]}\n"
                           "  a: {value: 1, when: {o: [adam, sdg]}}\n",
            "7:34: `o` never is `sdg`, so this condition cannot hold; did you mean `sgd`?");
    refused(COMMAND_SEARCH "  o: {values: [1, 2]}\n"
                           "  a: {value: 1, when: {o: 1.0}}\n",
            "7:27: `o` never is the value `1`; write it as it stands there, with or "
            "without quotes or a point");
    refused(COMMAND_SEARCH "  o: {values: [1, 2]}\n"
                           "  a: {value: 1, when: {o: \"1\"}}\n",
            "7:27: `o` never is the text `1`; write it as it stands there, with or without "
            "quotes or a point");
    refused(COMMAND_SEARCH "  o: {min: 1, max: 5}\n"
                           "  a: {value: 1, when: {o: 1}}\n",
            "7:24: `o` is a range; a condition names a key of the matrix, a constant or a "
            "categorical parameter");
    refused(COMMAND_SEARCH "  a: {value: 1, when: {}}\n",
            "6:23: `when` must be a mapping with at least one entry, as in {method: ldt}");
    refused(COMMAND_SEARCH "  a: {value: 1, when: x}\n",
            "6:23: `when` must be a mapping with at least one entry, as in {method: ldt}");
    refused(COMMAND_SEARCH "  o: {values: [x, y]}\n"
                           "  a: {value: 1, when: {o: []}}\n",
            "7:27: `o` must have a list of 1 to 10000 values, as in [a, b]");
    refused(COMMAND_SEARCH "  o: {values: [x, y]}\n"
                           "  a: {value: 1, when: {o: {b: 1}}}\n",
            "7:27: a value of `o` must be a single word, number, true or false, not a "
            "mapping");
    refused(COMMAND_SEARCH "  a: {value: 1, when: {a: 1}}\n",
            "6:3: the conditions go in a circle: `a` -> `a`; remove one of them");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], when: {b: 1}}\n"
                           "  b: {values: [1, 2], when: {c: 1}}\n"
                           "  c: {values: [1, 2], when: {a: 1}}\n",
            "6:3: the conditions go in a circle: `a` -> `b` -> `c` -> `a`; remove one of "
            "them");
    refused(COMMAND "matrix: {m: [p, q]}\n"
                    "parameters:\n"
                    "  o: {values: [x, y], when: {m: p}}\n"
                    "  a: {value: 1, when: {o: x, m: q}}\n",
            "8:23: this condition never holds, so `a` would apply to no study; mend or "
            "remove it");
}

static void conditions_of_the_trainer_are_typed_by_settings(void **state)
{
    refused(LDT_TASK_B "  epochs: {value: 3, when: {student_optimizer: adam}}\n",
            "7:29: a condition on `student_optimizer` needs it among the parameters; add "
            "`student_optimizer: {value: ...}`");
    refused(LDT_TASK_B "  student_optimizer: {value: sgd}\n"
                       "  weight_decay: {value: 0, when: {student_optimizer: [adam]}}\n",
            "8:54: `student_optimizer` takes none of these values, so this condition "
            "cannot hold");
    refused(LDT_TASK_B "  student_optimizer: {value: sgd}\n"
                       "  weight_decay: {value: 0, when: {student_optimizer: [adam, adem]}}\n",
            "8:61: student_optimizer: \"adem\" is not one of adam, sgd; did you mean `adam`?");
    refused(LDT_TASK_B "  student_optimizer: {value: sgd}\n"
                       "  weight_decay: {value: 0, when: {student_optimizer: adam}}\n",
            "8:54: `student_optimizer` never is `adam`, so this condition cannot hold");
}

static void the_matrix_is_checked(void **state)
{
    refused(COMMAND "matrix: [a]\n"
                    "parameters: {a: {value: 1}}\n",
            "5:9: `matrix` must be a mapping, not a list; write {key: [value, value]}");
    refused(COMMAND "matrix: {}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:9: the matrix must have 1 to 100 keys, each with a list of values, not 0");
    refused(COMMAND "matrix: {exclude: [{m: 1}]}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:9: the matrix must have 1 to 100 keys, each with a list of values, not 0");
    refused(COMMAND "matrix: {m: 5}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:13: a key of the matrix has a list of values, as in [a, b]; a single value "
            "goes into `parameters` as {value: a}");
    refused(COMMAND "matrix: {m: []}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:13: `m` must have a list of 1 to 10000 values, as in [a, b]");
    refused(COMMAND "matrix: {m: [1, 1]}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:17: the value `1` comes twice; remove one");
    refused(COMMAND "matrix: {m: [1, [2]]}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:17: a value of `m` must be a single word, number, true or false, not a list");
    refused(COMMAND "matrix: {a: [1, 2]}\n"
                    "parameters: {a: {value: 1}}\n",
            "6:14: `a` is a key of the matrix already; remove it from one of the two");
    refused(COMMAND "matrix: {seed: [1, -2]}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:20: item 2 of `seed` must be at least 0");
    refused(COMMAND "matrix: {seed: [1, 2]}\n"
                    "seed: 5\n"
                    "parameters: {a: {value: 1}}\n",
            "6:1: `seed` is a key of the matrix already; remove it from one of the two");
}

static void exclude_hits_something_and_leaves_something(void **state)
{
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: {m: 1}}\n",
            "6:30: `exclude` must be a list of mappings, as in [{key: value}]");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: []}\n",
            "6:30: `exclude` must be a list of mappings, as in [{key: value}]");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [m]}\n",
            "6:31: an entry of `exclude` names values of the matrix: {key: value, ...}");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [{}]}\n",
            "6:31: an entry of `exclude` names values of the matrix: {key: value, ...}");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [{n: 1}]}\n",
            "6:32: `n` is no key of the matrix");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [{m: 3}]}\n",
            "6:35: `3` is no value of `m` in the matrix, so this hits nothing");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [{m: [1, 2]}]}\n",
            "6:31: this excludes every combination of the matrix; remove it");
    refused(COMMAND "parameters: {a: {value: 1}}\n"
                    "matrix: {m: [1, 2], exclude: [{m: 1}, {m: 2}]}\n",
            "6:30: together these exclude every combination of the matrix: no study is left");
}

static void a_grid_has_points(void **state)
{
    refused("name: s\n"
            "command: [x]\n"
            "metric: {name: loss}\n"
            "sampler: {name: grid}\n"
            "parameters:\n"
            "  a: {min: 0.0, max: 1.0}\n",
            "6:6: the grid sampler cannot go through the continuous range of `a`; give "
            "`values`, or a `q_` distribution");
    refused("name: s\n"
            "command: [x]\n"
            "metric: {name: loss}\n"
            "sampler: {name: grid}\n"
            "parameters:\n"
            "  a: {distribution: log_normal, mu: 0, sigma: 1}\n",
            "6:6: the grid sampler cannot go through the continuous range of `a`; give "
            "`values`, or a `q_` distribution");
    refused("name: s\n"
            "command: [x]\n"
            "metric: {name: loss}\n"
            "sampler: {name: grid}\n"
            "parameters:\n"
            "  a: {min: 1, max: 10000}\n"
            "  b: {min: 1, max: 10000}\n",
            "1:1: the grid of `s` has more than 10000000 points; add `trials`, or use "
            "fewer values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_and_methods_must_exist_and_fit),
        cmocka_unit_test(a_setting_that_a_method_lacks_needs_when),
        cmocka_unit_test(a_matrix_key_that_a_searched_method_lacks_is_refused),
        cmocka_unit_test(the_metric_exists_for_every_task_and_method),
        cmocka_unit_test(guarded_domains_apply_one_at_a_time),
        cmocka_unit_test(conditions_name_what_can_be_true),
        cmocka_unit_test(conditions_of_the_trainer_are_typed_by_settings),
        cmocka_unit_test(the_matrix_is_checked),
        cmocka_unit_test(exclude_hits_something_and_leaves_something),
        cmocka_unit_test(a_grid_has_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
