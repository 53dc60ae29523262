#include "common/trainer/reference.h"
#include "common/trainer/metric.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static char *reference_text(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    reference_print(stream);
    fclose(stream);
    return text;
}

static void every_setting_and_metric_of_the_tasks_has_its_entry(void **state)
{
    char *text = reference_text(), entry[64];
    for (int id = 0; id < SETTINGS; id++) {
        snprintf(entry, sizeof entry, "\n  %s ", setting_table[id].name);
        assert_non_null(strstr(text, entry));
    }
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        bool is_of_a_task = metric_applies(row, TASK_A, METHOD_LDT, true) ||
                            metric_applies(row, TASK_B, METHOD_LDT, true);
        snprintf(entry, sizeof entry, "\n  %s ", row->name);
        assert_int_equal(strstr(text, entry) != NULL, is_of_a_task);
    }
    free(text);
}

static void no_line_is_wider_than_a_hundred_columns(void **state)
{
    char *text = reference_text();
    int lines = 0;
    for (const char *at = text; *at != '\0'; lines++) {
        size_t length = strcspn(at, "\n");
        assert_true(length <= 100);
        at += length + (at[length] == '\n');
    }
    assert_true(lines > SETTINGS * 3);
    free(text);
}

static void an_entry_says_default_methods_and_meaning(void **state)
{
    char *text = reference_text();
    assert_non_null(strstr(text,
                           "  teaching_coef          a number at least 0\n"
                           "                         default: 1e3 (task-a), 1e4 (task-b); methods: "
                           "ldt, fixed-teacher\n"
                           "                         alpha, the weight of the teaching loss beside "
                           "the label loss; in the paper:\n"
                           "                         internal_coef\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_and_metric_of_the_tasks_has_its_entry),
        cmocka_unit_test(no_line_is_wider_than_a_hundred_columns),
        cmocka_unit_test(an_entry_says_default_methods_and_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
