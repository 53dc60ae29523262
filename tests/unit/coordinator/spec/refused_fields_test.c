/* What stands at the top of a search, refused: place and sentence, word by word. */
#include "tests/unit/coordinator/spec/refused.h"

static void what_is_required_is_named_when_it_is_missing(void **state)
{
    refused("program: ldt\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:1: `name` is missing: what is the search called?");
    refused("name: s\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:1: `program` is missing; add `program: ldt`, or `command: [...]` for a "
            "program of your own");
    refused("name: s\n"
            "program: ldt\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:1: `metric` is missing; add `metric: {name: ..., goal: minimize}`");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {goal: minimize}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:9: `name` is missing: which metric is the objective?");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n",
            "1:1: `trials` is missing: how many configurations may each study try?");
    refused(LDT, "1:1: `parameters` is missing: what is there to search over?");
    refused(LDT "parameters: {}\n",
            "5:13: `parameters` is empty: there is nothing to search over; give 1 to 1000");
    refused(LDT "parameters:\n",
            "5:11: `parameters` must be a mapping, not nothing; write {name: {min: 1, max: "
            "9}, ...}");
    refused(LDT "parameters: [a]\n",
            "5:13: `parameters` must be a mapping, not a list; write {name: {min: 1, max: "
            "9}, ...}");
    refused(LDT "parameters: {epochs: {value: 3}}\n",
            "5:1: `task` is missing and has no default; add `task: {value: task-b}` or "
            "another");
}

static void names_are_checked(void **state)
{
    refused("name: \"a b\"\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:7: `a b` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused("name: -a\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:7: `-a` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused("name: 7\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:7: `name` must be text, not a number; put it in quotes");
    refused("name: \"\"\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "1:7: `` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused(COMMAND_SEARCH "  \"a b\": {value: 1}\n",
            "6:3: `a b` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused(COMMAND_SEARCH "  _a: {value: 1}\n",
            "6:3: `_a` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused(COMMAND_SEARCH "  é: {value: 1}\n",
            "6:3: `é` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting "
            "with a letter or digit");
    refused(COMMAND "matrix: {\"x y\": [1]}\n"
                    "parameters: {a: {value: 1}}\n",
            "5:10: `x y` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, "
            "starting with a letter or digit");
}

static void words_of_other_systems_are_told_with_ours(void **state)
{
    refused(LDT_TASK_B "run_cap: 9\n", "7:1: unknown key `run_cap`; write `trials`");
    refused(LDT_TASK_B "n_trials: 9\n", "7:1: unknown key `n_trials`; write `trials`");
    refused(LDT_TASK_B "pruner: {name: median}\n",
            "7:1: unknown key `pruner`; hopeless trials are not ended by the service yet; a "
            "program may end itself, with status 0");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl, direction: minimize}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:25: unknown key `direction`; write `goal`");
    refused(COMMAND_SEARCH "  a: {low: 1}\n", "6:7: unknown key `low`; write `min`");
    refused(COMMAND_SEARCH "  a: {min: 1, high: 2}\n", "6:15: unknown key `high`; write `max`");
    refused(COMMAND_SEARCH "  a: {min: 1, max: 2, log: true}\n",
            "6:23: unknown key `log`; write `distribution: log_uniform_values`");
    refused(COMMAND_SEARCH "  a: {min: 1, max: 2, step: 1}\n",
            "6:23: unknown key `step`; write `q`, with `distribution: q_uniform` or "
            "`q_log_uniform_values`");
    refused(COMMAND_SEARCH "  a: {choices: [1, 2]}\n",
            "6:7: unknown key `choices`; write `values`");
    refused(LDT_TASK_B "low: 1\n", "7:1: unknown key `low`");
}

static void unknown_keys_are_told_with_the_nearest(void **state)
{
    refused(LDT_TASK_B "repeet: 3\n", "7:1: unknown key `repeet`; did you mean `repeat`?");
    refused(LDT_TASK_B "max_trails: 3\n", "7:1: unknown key `max_trails`");
    refused(LDT_TASK_B "zzzzzzz: 3\n", "7:1: unknown key `zzzzzzz`");
    refused(LDT_TASK_B "method: bayes\n",
            "7:1: unknown key `method`; the sampler is written `sampler: {name: tpe}`; the "
            "trainer's method is a parameter");
    refused(LDT_TASK_B "Trials: 5\n", "7:1: unknown key `Trials`; did you mean `trials`?");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl, gaol: minimize}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:25: unknown key `gaol`; did you mean `goal`?");
    refused(LDT_TASK_B "sampler: {name: tpe, seeds: 3}\n", "7:22: unknown key `seeds`");
    refused(LDT_TASK_B "  epochs: {valeu: 3}\n",
            "7:12: unknown key `valeu`; did you mean `value`?");
    refused(LDT_TASK_B "  epoch: {value: 3}\n",
            "7:3: unknown setting `epoch`; did you mean `epochs`?");
    refused(LDT_TASK_B "  qqqqqqqqq: {value: 3}\n",
            "7:3: unknown setting `qqqqqqqqq`; `ldt-worker trial --help` lists all of them");
}

static void reserved_words_are_never_unknown(void **state)
{
    refused(LDT_TASK_B "early_terminate: {type: hyperband}\n",
            "7:1: `early_terminate` is not available yet");
    refused(LDT_TASK_B "budget: 3h\n", "7:1: `budget` is not available yet");
    /* nor are they unknown in a place where they may come to stand */
    refused(LDT_TASK_B "  student_lr: {from: {study: a, best: 1}}\n",
            "7:16: `from` belongs to the top of the spec, beside `parameters`");
    refused(LDT_TASK_B "  from: {study: a, best: 1}\n",
            "7:3: `from` belongs to the top of the spec, beside `parameters`");
    refused(LDT_TASK_B "matrix: {ladder: [1, 2]}\n",
            "7:10: `ladder` belongs to the top of the spec, beside `parameters`");
    refused(LDT_TASK_B "sampler: {name: tpe, early_terminate: 3}\n",
            "7:22: `early_terminate` is not available yet");
}

static void words_have_one_spelling(void **state)
{
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl, goal: Minimize}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:31: `goal` must be minimize or maximize, not `Minimize`; did you mean "
            "`minimize`?");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl, goal: minimise}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:31: `goal` must be minimize or maximize, not `minimise`; did you mean "
            "`minimize`?");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl, over_time: first}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:36: `over_time` must be best or last, not `first`");
    refused("name: s\n"
            "program: ldt\n"
            "metric: test_kl\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:9: `metric` must be a mapping, not text; write {name: test_kl, goal: "
            "minimize}");
    refused(LDT_TASK_B "sampler: tpe\n",
            "7:10: `sampler` must be a mapping, not text; write {name: tpe}");
    refused(LDT_TASK_B "sampler: {name: TPE}\n",
            "7:17: `name` must be tpe, random or grid, not `TPE`; did you mean `tpe`?");
    refused(LDT_TASK_B "sampler: {name: bayes}\n",
            "7:17: `name` must be tpe, random or grid, not `bayes`");
    refused(LDT_TASK_B "sampler: {}\n",
            "7:10: `name` is missing: tpe, random or grid; without `sampler` it is tpe");
    refused(LDT_TASK_B "sampler: {name: 3}\n",
            "7:17: `name` must be text, not a number; put it in quotes");
}

static void what_runs_is_checked(void **state)
{
    refused("name: s\n"
            "program: train.py\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "2:10: unknown program `train.py`; the built-in trainer is `ldt`, and a "
            "program of your own is written `command: [python3, train.py]` without "
            "`program`");
    refused("name: s\n"
            "program: ldt\n"
            "command: [x]\n"
            "metric: {name: test_kl}\n"
            "trials: 5\n"
            "parameters: {task: {value: task-b}}\n",
            "3:1: `program` and `command` cannot stand together; remove one");
    refused("name: s\n"
            "command: python3 train.py\n"
            "metric: {name: loss}\n"
            "trials: 5\n"
            "parameters: {a: {value: 1}}\n",
            "2:10: `command` must be a list of 1 to 1024 words, as in [python3, train.py]");
    refused("name: s\n"
            "command: []\n"
            "metric: {name: loss}\n"
            "trials: 5\n"
            "parameters: {a: {value: 1}}\n",
            "2:10: `command` must be a list of 1 to 1024 words, as in [python3, train.py]");
    refused("name: s\n"
            "command: [\"\"]\n"
            "metric: {name: loss}\n"
            "trials: 5\n"
            "parameters: {a: {value: 1}}\n",
            "2:11: the command's first word is empty");
    refused("name: s\n"
            "command: [x, 5]\n"
            "metric: {name: loss}\n"
            "trials: 5\n"
            "parameters: {a: {value: 1}}\n",
            "2:14: a word of `command` must be text, not a number; put it in quotes");
    refused(LDT_TASK_B "workdir: /x\n", "7:1: `workdir` goes with `command` only");
    refused(LDT_TASK_B "env: {A: b}\n", "7:1: `env` goes with `command` only");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "workdir: \"\"\n",
            "7:10: `workdir` must be a path of 1 to 4095 bytes; leave it out for the "
            "directory that the worker was started in");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "workdir: 5\n",
            "7:10: `workdir` must be text, not a number; put it in quotes");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "env: [A]\n",
            "7:6: `env` must be a mapping, not a list; write {NAME: \"value\"}");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "env: {1A: b}\n",
            "7:7: `1A` is no name of an environment variable: letters, digits and `_`");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "env: {A: 1.5}\n",
            "7:10: the value of `A` must be text of at most 65536 bytes; put it in quotes");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "env: {A: [b]}\n",
            "7:10: the value of `A` must be text of at most 65536 bytes; put it in quotes");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "env: {A=B: c}\n",
            "7:7: `A=B` is no name of an environment variable: letters, digits and `_`");
}

static void numbers_at_the_top_are_bounded(void **state)
{
    refused(LDT_TASK_B "seed: -1\n", "7:7: `seed` must be at least 0");
    refused(LDT_TASK_B "seed: 1.5\n", "7:7: `seed` must be an integer, without point or exponent");
    refused(LDT_TASK_B "seed: \"1\"\n", "7:7: `seed` must be an integer, not the text `1`");
    refused(LDT_TASK_B "seed: 9223372036854775808\n",
            "7:7: this integer does not fit into 64 bits");
    refused(LDT_TASK_B "repeat: 0\n", "7:9: `repeat` must be between 1 and 10000, not 0");
    refused(LDT_TASK_B "repeat: 10001\n", "7:9: `repeat` must be between 1 and 10000, not 10001");
    refused(LDT_TASK_B "max_concurrent_trials: 0\n",
            "7:24: `max_concurrent_trials` must be between 1 and 1000000, not 0");
    refused(LDT_TASK_B "max_failed_trials: -1\n",
            "7:20: `max_failed_trials` must be between 0 and 10000000, not -1");
    refused(LDT_TASK_B "max_attempts: 0\n",
            "7:15: `max_attempts` must be between 1 and 100, not 0");
    refused(LDT_TASK_B "max_attempts: 1e1\n",
            "7:15: `max_attempts` must be an integer, without point or exponent");
    refused(LDT_TASK_B "description: 5\n",
            "7:14: `description` must be text, not a number; put it in quotes");
}

static void trials_are_bounded(void **state)
{
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n"
            "trials: 0\n",
            "5:9: `trials` must be between 1 and 10000000, not 0");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n"
            "trials: 10000001\n",
            "5:9: `trials` must be between 1 and 10000000, not 10000001");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n"
            "trials: ten\n",
            "5:9: `trials` must be an integer, not the text `ten`");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n"
            "trials: 1e3\n",
            "5:9: `trials` must be an integer, without point or exponent");
    refused("name: s\n"
            "program: ldt\n"
            "metric: {name: test_kl}\n"
            "parameters: {task: {value: task-b}}\n"
            "trials:\n",
            "5:7: `trials` must be an integer, not nothing");
}

static void durations_are_bounded(void **state)
{
    refused(LDT_TASK_B "max_trial_duration: 30x\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: 0\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: -5\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: 367d\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: 5 m\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: m\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: [5m]\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_duration: 1h30m\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_silence: 0\n",
            "7:20: `max_trial_silence` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
    refused(LDT_TASK_B "max_trial_silense: 5m\n",
            "7:1: unknown key `max_trial_silense`; did you mean `max_trial_silence`?");
    refused(LDT_TASK_B "max_trial_duration: 0x10s\n",
            "7:21: `max_trial_duration` must be above 0 and at most 366 days, as in 90s, "
            "30m, 2h, 1d or a number of seconds");
}

static void a_file_without_a_search_is_refused(void **state)
{
    refused("", "1:1: the file is empty; a search starts with `name:`");
    refused("# nothing\n", "1:1: the file is empty; a search starts with `name:`");
    refused("- a\n"
            "- b\n",
            "1:1: a search is a mapping that starts with `name:`, not a list");
    refused("just text\n", "1:1: a search is a mapping that starts with `name:`, not text");
    refused("42\n", "1:1: a search is a mapping that starts with `name:`, not a number");
    refused("{}\n", "1:1: `name` is missing: what is the search called?");
    refused("---\n"
            "...\n",
            "1:1: a search is a mapping that starts with `name:`, not nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_required_is_named_when_it_is_missing),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(words_of_other_systems_are_told_with_ours),
        cmocka_unit_test(unknown_keys_are_told_with_the_nearest),
        cmocka_unit_test(reserved_words_are_never_unknown),
        cmocka_unit_test(words_have_one_spelling),
        cmocka_unit_test(what_runs_is_checked),
        cmocka_unit_test(numbers_at_the_top_are_bounded),
        cmocka_unit_test(trials_are_bounded),
        cmocka_unit_test(durations_are_bounded),
        cmocka_unit_test(a_file_without_a_search_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
