#include "common/trainer/metric.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* The metrics of one combination as words, in the order of the table. */
static void list(enum task task, enum method method, bool has_selection, char out[512])
{
    size_t used = 0;
    out[0] = '\0';
    for (int id = 0; id < METRICS; id++)
        if (metric_applies(&metric_table[id], task, method, has_selection))
            used += (size_t)snprintf(out + used, 512 - used, "%s%s", used > 0 ? " " : "",
                                     metric_table[id].name);
}

static void every_metric_is_named_and_explained(void **state)
{
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        assert_ptr_equal(metric_find(row->name), row);
        assert_true(strlen(row->help) > 10);
        assert_int_not_equal(row->tasks, 0);
        assert_int_not_equal(row->methods, 0);
    }
    assert_null(metric_find("test"));
}

static void each_task_and_method_has_the_documented_metrics(void **state)
{
    char names[512];
    list(TASK_A, METHOD_LDT, false, names);
    assert_string_equal(names, "train_loss test_loss train_accuracy test_accuracy meta_loss "
                               "meta_gradient_norm teaching_loss hypergradient_inner_lr "
                               "hypergradient_inner_momentum hypergradient_inner_weight_decay "
                               "hypergradient_teaching_coef");
    list(TASK_B, METHOD_NO_TEACHER, false, names);
    assert_string_equal(names, "train_loss test_loss test_kl prediction_entropy");
    list(TASK_B, METHOD_FIXED_TEACHER, true, names);
    assert_string_equal(names, "train_loss test_loss test_kl prediction_entropy selection_loss "
                               "teaching_loss");
    list(TASK_MUJOCO, METHOD_NO_TEACHER, false, names);
    assert_string_equal(names, "train_loss test_loss train_mse test_mse");
    list(TASK_MUJOCO, METHOD_AUXILIARY, true, names);
    assert_string_equal(names, "train_loss test_loss train_mse test_mse selection_loss "
                               "auxiliary_loss");
    list(TASK_ARRAYS, METHOD_MODEL_BASED, false, names);
    assert_string_equal(names, "train_loss test_loss train_accuracy test_accuracy train_mse "
                               "test_mse auxiliary_loss");
}

static void a_misspelt_metric_finds_its_neighbour(void **state)
{
    assert_string_equal(metric_nearest("test_lk"), "test_kl");
    assert_string_equal(metric_nearest("test_acuracy"), "test_accuracy");
    assert_string_equal(metric_nearest("Test_Loss"), "test_loss");
    assert_null(metric_nearest("perplexity of everything"));
    assert_null(metric_nearest(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_is_named_and_explained),
        cmocka_unit_test(each_task_and_method_has_the_documented_metrics),
        cmocka_unit_test(a_misspelt_metric_finds_its_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
