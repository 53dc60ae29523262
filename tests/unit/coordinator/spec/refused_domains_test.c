/* Parameters and their domains, refused: place and sentence, word by word. */
#include "tests/unit/coordinator/spec/refused.h"

static void numbers_are_decimal_and_finite(void **state)
{
    refused(COMMAND_SEARCH "  a: {min: 0x10, max: 20}\n",
            "6:12: `min` must be a number, not the text `0x10`");
    refused(COMMAND_SEARCH "  a: {min: .nan, max: 2}\n",
            "6:12: `.nan` is no number that can be searched over");
    refused(COMMAND_SEARCH "  a: {min: 1, max: .inf}\n",
            "6:20: `.inf` is no number that can be searched over");
    refused(COMMAND_SEARCH "  a: {min: 1.0, max: 1e999}\n",
            "6:22: this number is too large for a double");
    refused(COMMAND_SEARCH "  a: {min: 1, max: 99999999999999999999}\n",
            "6:20: this integer does not fit into 64 bits");
    refused(COMMAND_SEARCH "  a: {distribution: log_uniform_values, min: 1e-400, max: 1}\n",
            "6:46: min of log_uniform_values must be above 0, not 0: the bounds are "
            "values, not exponents (1e-4, not -4)");
    refused(COMMAND_SEARCH "  a: {min: \"1\", max: 2}\n",
            "6:12: `min` must be a number, not the text `1`");
    refused(COMMAND_SEARCH "  a: {min: 1_000, max: 2000}\n",
            "6:12: `min` must be a number, not the text `1_000`");
    refused(COMMAND_SEARCH "  a: {min: nan, max: 2.0}\n",
            "6:12: `min` must be a number, not the text `nan`");
    refused(COMMAND_SEARCH "  a: {value: 1e999}\n", "6:14: this number is too large for a double");
}

static void distributions_are_known_words(void **state)
{
    refused(COMMAND_SEARCH "  a: {distribution: log_uniform, min: 1e-4, max: 1}\n",
            "6:21: `log_uniform` is refused, because elsewhere its bounds are exponents; "
            "write `log_uniform_values`, whose min and max are values");
    refused(COMMAND_SEARCH "  a: {distribution: q_log_uniform, min: 1, max: 8, q: 1}\n",
            "6:21: `q_log_uniform` is refused, because elsewhere its bounds are exponents; "
            "write `q_log_uniform_values`, whose min and max are values");
    refused(COMMAND_SEARCH "  a: {distribution: loguniform, min: 1e-4, max: 1}\n",
            "6:21: `loguniform` is refused, because elsewhere its bounds are exponents; "
            "write `log_uniform_values`, whose min and max are values");
    refused(COMMAND_SEARCH "  a: {distribution: qloguniform, min: 1, max: 8, q: 1}\n",
            "6:21: `qloguniform` is refused, because elsewhere its bounds are exponents; "
            "write `q_log_uniform_values`, whose min and max are values");
    refused(COMMAND_SEARCH "  a: {distribution: unifrom, min: 1, max: 2}\n",
            "6:21: unknown distribution `unifrom`; did you mean `uniform`?");
    refused(COMMAND_SEARCH "  a: {distribution: Uniform, min: 1, max: 2}\n",
            "6:21: unknown distribution `Uniform`; did you mean `uniform`?");
    refused(COMMAND_SEARCH "  a: {distribution: beta_binomial, min: 1, max: 2}\n",
            "6:21: unknown distribution `beta_binomial`; there are constant, categorical, "
            "int_uniform, uniform, q_uniform, log_uniform_values, q_log_uniform_values, "
            "normal and log_normal");
    refused(COMMAND_SEARCH "  a: {distribution: 3, min: 1, max: 2}\n",
            "6:21: `distribution` must be text, not a number; put it in quotes");
    refused(COMMAND_SEARCH "  a: {}\n",
            "6:6: `a` has no distribution; give `value`, `values`, or `min` and `max`");
    refused(COMMAND_SEARCH "  a: {min: 1}\n", "6:6: `a` has no distribution; `max` is missing");
    refused(COMMAND_SEARCH "  a: {max: 1}\n", "6:6: `a` has no distribution; `min` is missing");
    refused(COMMAND_SEARCH "  a: {min: 1, max: 9, q: 2}\n",
            "6:6: `a` has no distribution; with `q` write `distribution: q_uniform` or "
            "`q_log_uniform_values`");
    refused(COMMAND_SEARCH "  a: {mu: 1, sigma: 2}\n",
            "6:6: `a` has no distribution; with `mu` and `sigma` write `distribution: "
            "normal` or `log_normal`");
    refused(COMMAND_SEARCH "  a: {transform: pow10}\n",
            "6:6: `a` has no distribution; give `value`, `values`, or `min` and `max`");
}

static void a_distribution_takes_its_own_keys(void **state)
{
    refused(COMMAND_SEARCH "  a: {distribution: uniform, min: 1.0}\n",
            "6:6: `max` is missing: uniform needs it");
    refused(COMMAND_SEARCH "  a: {distribution: uniform, min: 1.0, max: 2.0, q: 1}\n",
            "6:50: `q` is no key of uniform; remove it");
    refused(COMMAND_SEARCH "  a: {value: 1, values: [1, 2]}\n",
            "6:17: `values` is no key of constant; remove it");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], min: 3}\n",
            "6:23: `min` is no key of categorical; remove it");
    refused(COMMAND_SEARCH "  a: {distribution: normal, mu: 0, sigma: 1, min: 0}\n",
            "6:46: `min` is no key of normal; remove it");
    refused(COMMAND_SEARCH "  a: {distribution: constant, values: [1]}\n",
            "6:6: `value` is missing: constant needs it");
    refused(COMMAND_SEARCH "  a: {distribution: categorical, value: 1}\n",
            "6:6: `values` is missing: categorical needs it");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 1, max: 9}\n",
            "6:6: `q` is missing: q_uniform needs it");
    refused(COMMAND_SEARCH "  a: {value: 1, probabilities: [1]}\n",
            "6:17: `probabilities` is no key of constant; remove it");
}

static void a_parameter_has_a_shape(void **state)
{
    refused(COMMAND_SEARCH "  a: 5\n", "6:6: a single value is written `a: {value: ...}`");
    refused(COMMAND_SEARCH "  a: [1, 2]\n",
            "6:7: each item of a list of domains is a mapping with `when`; for a list of "
            "values write `a: {values: [...]}`");
    refused(COMMAND_SEARCH "  a: []\n", "6:6: the list of domains of `a` is empty");
    refused(COMMAND_SEARCH "  a:\n",
            "6:4: `a` has no domain; write `a: {value: ...}` or `{min: ..., max: ...}`");
    refused(COMMAND_SEARCH "  a: {value: [1, 2]}\n",
            "6:14: `value` is one value; for a list write `values`");
    refused(COMMAND_SEARCH "  a: {value: {b: 1}}\n",
            "6:14: a value of `a` must be a single word, number, true or false, not a "
            "mapping");
    refused(COMMAND_SEARCH "  a: {value: }\n",
            "6:12: a value of `a` must be a single word, number, true or false, not nothing");
    refused(COMMAND_SEARCH "  a: {values: 5}\n",
            "6:15: `a` must have a list of 1 to 10000 values, as in [a, b]");
    refused(COMMAND_SEARCH "  a: {values: []}\n",
            "6:15: `a` must have a list of 1 to 10000 values, as in [a, b]");
    refused(COMMAND_SEARCH "  a: {values: [1, [2]]}\n",
            "6:19: a value of `a` must be a single word, number, true or false, not a list");
    refused(COMMAND_SEARCH "  a: {values: [1, null]}\n",
            "6:19: a value of `a` must be a single word, number, true or false, not nothing");
}

static void values_come_once(void **state)
{
    refused(COMMAND_SEARCH "  a: {values: [1, 2, 1]}\n",
            "6:22: the value `1` comes twice; remove one");
    refused(COMMAND_SEARCH "  a: {values: [x, y, \"x\"]}\n",
            "6:22: the value `x` comes twice; remove one");
    refused(COMMAND_SEARCH "  a: {values: [true, false, true]}\n",
            "6:29: the value `true` comes twice; remove one");
}

static void probabilities_fit_the_values(void **state)
{
    refused(COMMAND_SEARCH "  a: {values: [1, 2], probabilities: [0.5]}\n",
            "6:38: `probabilities` must be a list of 2 numbers, one for each value");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], probabilities: [0.5, 0.6]}\n",
            "6:38: `probabilities` must sum to 1, not 1.1");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], probabilities: [1.5, -0.5]}\n",
            "6:44: a probability must be at least 0");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], probabilities: [a, b]}\n",
            "6:39: item 1 of `probabilities` must be a number, not the text `a`");
    refused(COMMAND_SEARCH "  a: {values: [1, 2], probabilities: 1}\n",
            "6:38: `probabilities` must be a list of 2 numbers, one for each value");
}

static void ranges_go_upwards(void **state)
{
    refused(COMMAND_SEARCH "  a: {min: 8, max: 3}\n", "6:12: min 8 is above max 3; swap the two");
    refused(COMMAND_SEARCH "  a: {min: 3, max: 3}\n",
            "6:12: min and max are both 3: for one value write `value: 3`");
    refused(COMMAND_SEARCH "  a: {min: 0.5, max: 0.5}\n",
            "6:12: min and max are both 0.5: for one value write `value: 0.5`");
    refused(COMMAND_SEARCH "  a: {distribution: log_uniform_values, min: 0, max: 1}\n",
            "6:46: min of log_uniform_values must be above 0, not 0: the bounds are "
            "values, not exponents (1e-4, not -4)");
    refused(COMMAND_SEARCH "  a: {distribution: log_uniform_values, min: -4, max: -1}\n",
            "6:46: min of log_uniform_values must be above 0, not -4: the bounds are "
            "values, not exponents (1e-4, not -4)");
    refused(COMMAND_SEARCH "  a: {distribution: q_log_uniform_values, min: 0, max: 8, q: 2}\n",
            "6:48: min of q_log_uniform_values must be above 0, not 0: the bounds are "
            "values, not exponents (1e-4, not -4)");
    refused(COMMAND_SEARCH "  a: {distribution: int_uniform, min: 1.5, max: 8}\n",
            "6:39: `min` must be an integer, without point or exponent");
    refused(COMMAND_SEARCH "  a: {distribution: int_uniform, min: 0, max: 9007199254740993}\n",
            "6:47: `max` must be between -9007199254740992 and 9007199254740992, not "
            "9007199254740993");
    refused(COMMAND_SEARCH "  a: {distribution: uniform, min: -1e308, max: 1e308}\n",
            "6:35: the range from -1e+308 to 1e+308 is too wide");
}

static void steps_fit_into_the_range(void **state)
{
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 0, max: 8, q: 0}\n",
            "6:51: q must be above 0 and at most max - min = 8, and not too small to count "
            "the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 0, max: 8, q: 9}\n",
            "6:51: q must be above 0 and at most max - min = 8, and not too small to count "
            "the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 0.0, max: 1.0, q: -0.1}\n",
            "6:55: q must be above 0 and at most max - min = 1, and not too small to count "
            "the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 0.0, max: 1.0, q: 1e-300}\n",
            "6:55: q must be above 0 and at most max - min = 1, and not too small to count "
            "the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 1234567890123451.0, "
                           "max: 1234567890123455.0, q: 1.0}\n",
            "6:85: q must be above 0 and at most max - min = 4, and not too small to count "
            "the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: -9007199254740992, "
                           "max: 9007199254740992, q: 3}\n",
            "6:82: q must be above 0 and at most max - min = 1.8014398509482e+16, and not too "
            "small to count the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_uniform, min: 0.0, max: 1e-322, q: 5e-324}\n",
            "6:58: q must be above 0 and at most max - min = 9.88131291682493e-323, and not too "
            "small to count the steps");
    refused(COMMAND_SEARCH "  a: {distribution: q_log_uniform_values, min: 9007199254740000, "
                           "max: 9007199254740900, q: 300}\n",
            "6:48: min and max are too close for a logarithmic scale; write `distribution: "
            "q_uniform`");
}

static void bells_have_a_width(void **state)
{
    refused(COMMAND_SEARCH "  a: {distribution: normal, mu: 0, sigma: 0}\n",
            "6:43: sigma must be above 0, not 0");
    refused(COMMAND_SEARCH "  a: {distribution: normal, mu: 0, sigma: -1}\n",
            "6:43: sigma must be above 0, not -1");
    refused(COMMAND_SEARCH "  a: {distribution: log_normal, mu: 0, sigma: 200}\n",
            "6:47: mu and sigma are too large: draws (mu and sigma are of the logarithm) "
            "would overflow");
    refused(COMMAND_SEARCH "  a: {distribution: normal, mu: x, sigma: 1}\n",
            "6:33: `mu` must be a number, not the text `x`");
}

static void transforms_are_for_continuous_ranges(void **state)
{
    refused(COMMAND_SEARCH "  a: {min: 1, max: 3, transform: pow10}\n",
            "6:23: `transform` is for uniform, log_uniform_values, normal and log_normal; "
            "int_uniform has none");
    refused(COMMAND_SEARCH "  a: {min: 0.1, max: 1.0, transform: one-minus}\n",
            "6:38: `transform` must be one_minus or pow10, not `one-minus`; did you mean "
            "`one_minus`?");
    refused(COMMAND_SEARCH "  a: {values: [1], transform: pow10}\n",
            "6:20: `transform` is for uniform, log_uniform_values, normal and log_normal; "
            "categorical has none");
    refused(COMMAND_SEARCH "  a: {value: 1, transform: one_minus}\n",
            "6:17: `transform` is for uniform, log_uniform_values, normal and log_normal; "
            "constant has none");
    refused(COMMAND_SEARCH
            "  a: {distribution: q_uniform, min: 0.0, max: 1.0, q: 0.1, transform: pow10}\n",
            "6:60: `transform` is for uniform, log_uniform_values, normal and log_normal; "
            "q_uniform has none");
    refused(COMMAND_SEARCH "  a: {min: 0.0, max: 400.0, transform: pow10}\n",
            "6:22: 10 to the power of 400 is too large for a number");
}

static void settings_bound_their_ranges(void **state)
{
    refused(LDT_TASK_B "  student_lr: {min: -1.0, max: 1.0}\n",
            "7:21: student_lr: -1 is not a number above 0");
    refused(LDT_TASK_B "  student_beta1: {min: 0.5, max: 1.5}\n",
            "7:34: student_beta1: 1.5 is not a number at least 0 and below 1");
    refused(LDT_TASK_B "  student_beta1: {distribution: log_uniform_values, min: 0.1, max: 1.5, "
                       "transform: one_minus}\n",
            "7:68: student_beta1: -0.5 is not a number at least 0 and below 1 (after "
            "one_minus)");
    refused(LDT_TASK_B "  validation_split: {min: -2.0, max: 1.0, transform: pow10}\n",
            "7:38: validation_split: 10 is not a number above 0 and below 1 (after pow10)");
    refused(LDT_TASK_B "  epochs: {min: 0, max: 5}\n",
            "7:17: epochs: 0 is not an integer at least 1 and at most 1000000");
    refused(LDT_TASK_B "  epochs: {distribution: uniform, min: 1, max: 5}\n",
            "7:11: `epochs` is an integer, so it has no uniform; use int_uniform, "
            "q_uniform or values");
    refused(LDT_TASK_B "  epochs: {distribution: log_uniform_values, min: 1, max: 50}\n",
            "7:11: `epochs` is an integer, so it has no log_uniform_values; use "
            "q_log_uniform_values with q: 1");
    refused(LDT_TASK_B "  epochs: {min: 1.0, max: 5.0}\n",
            "7:17: `min` must be an integer, without point or exponent");
    refused(LDT_TASK_B "  epochs: {distribution: q_uniform, min: 1, max: 9, q: 0.5}\n",
            "7:56: `q` must be an integer, without point or exponent");
    refused(LDT_TASK_B "  resample_split: {min: 0, max: 1}\n",
            "7:19: `resample_split` is yes or no, so it has no uniform; write `values: "
            "[...]`");
    refused(LDT_TASK_B "  student_optimizer: {min: 0, max: 1}\n",
            "7:22: `student_optimizer` is one of adam, sgd, so it has no uniform; write "
            "`values: [...]`");
    refused(LDT_TASK_B "  student_beta1: {distribution: normal, mu: 5, sigma: 0.1}\n",
            "7:18: `student_beta1`: hardly any draw would be a legal value; mend the range");
}

static void settings_type_their_values(void **state)
{
    refused(LDT_TASK_B "  epochs: {value: 2.5}\n",
            "7:19: epochs: 2.5 is not an integer at least 1 and at most 1000000");
    refused(LDT_TASK_B "  epochs: {value: \"5\"}\n",
            "7:19: epochs: \"5\" is not an integer at least 1 and at most 1000000");
    refused(LDT_TASK_B "  epochs: {value: auto}\n",
            "7:19: epochs: \"auto\" is not an integer at least 1 and at most 1000000");
    refused(LDT_TASK_B "  student_lr: {value: 0}\n", "7:23: student_lr: 0 is not a number above 0");
    refused(LDT_TASK_B "  student_lr: {value: fast}\n",
            "7:23: student_lr: \"fast\" is not a number above 0");
    refused(LDT_TASK_B "  resample_split: {value: 1}\n",
            "7:27: resample_split: 1 is not yes or no");
    refused(LDT_TASK_B "  resample_split: {values: [yes, true]}\n",
            "7:34: the value `true` comes twice; remove one");
    refused(LDT_TASK_B "  student_lr: {values: [1, 1.0]}\n",
            "7:28: the value `1` comes twice; remove one");
    refused(LDT_TASK_B "  student_optimizer: {value: adan}\n",
            "7:30: student_optimizer: \"adan\" is not one of adam, sgd; did you mean `adam`?");
    refused(LDT_TASK_B "  student_steps: {values: [auto, 0]}\n",
            "7:34: student_steps: 0 is not an integer at least 1 and at most 1000000, or "
            "auto");
    refused(LDT_TASK_B "  student_beta1: {value: 1}\n",
            "7:26: student_beta1: 1 is not a number at least 0 and below 1");
    refused(LDT_TASK_B "  seed: {value: 3}\n",
            "7:3: `seed` is no setting: write it beside `trials`, or as a key of the matrix");
}

static void control_characters_are_refused(void **state)
{
    refused(COMMAND_SEARCH "  a: {value: \"x\\ty\"}\n",
            "6:14: a control character (NUL, line break, tab, escape) in a text; remove it");
    refused(COMMAND_SEARCH "  a: {value: \"x\\0y\"}\n",
            "6:14: a NUL character in a text; remove it");
    refused(COMMAND_SEARCH "  \"a\\eb\": {value: 1}\n",
            "6:3: a control character in a key; remove it");
    refused(COMMAND_SEARCH "  a: {value: \"x\\ny\"}\n",
            "6:14: a control character (NUL, line break, tab, escape) in a text; remove it");
    refused(COMMAND_SEARCH "  a: {value: x\x01"
                           "y}\n",
            "6:15: a control character (0x01); remove it");
    refused(COMMAND_SEARCH "  a: {value: \"x\\u0085y\"}\n",
            "6:14: a control character (NUL, line break, tab, escape) in a text; remove it");
    refused(COMMAND_SEARCH "  \"a\\0b\": {value: 1}\n", "6:3: a NUL character in a key; remove it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_and_finite),
        cmocka_unit_test(distributions_are_known_words),
        cmocka_unit_test(a_distribution_takes_its_own_keys),
        cmocka_unit_test(a_parameter_has_a_shape),
        cmocka_unit_test(values_come_once),
        cmocka_unit_test(probabilities_fit_the_values),
        cmocka_unit_test(ranges_go_upwards),
        cmocka_unit_test(steps_fit_into_the_range),
        cmocka_unit_test(bells_have_a_width),
        cmocka_unit_test(transforms_are_for_continuous_ranges),
        cmocka_unit_test(settings_bound_their_ranges),
        cmocka_unit_test(settings_type_their_values),
        cmocka_unit_test(control_characters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
