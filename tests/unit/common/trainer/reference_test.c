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
        snprintf(entry, sizeof entry, "\n  %s%s", setting_table[id].name,
                 strlen(setting_table[id].name) > 22 ? "\n" : " ");
        if (strstr(text, entry) == NULL)
            fail_msg("%s", setting_table[id].name);
    }
    for (int id = 0; id < METRICS; id++) {
        snprintf(entry, sizeof entry, "\n  %s%s", metric_table[id].name,
                 strlen(metric_table[id].name) > 22 ? "\n" : " ");
        if (strstr(text, entry) == NULL)
            fail_msg("%s", metric_table[id].name);
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
    assert_non_null(strstr(text, "  teacher_layers         an integer at least 1 and at most 16\n"
                                 "                         default: 2 (task-a, task-b, arrays); "
                                 "methods: ldt, fixed-teacher\n"
                                 "                         hidden layers of the teacher; arrays: "
                                 "where x* is no trajectory\n"));
    assert_non_null(strstr(text, "\n                         default: adam (all); methods: all\n"));
    assert_non_null(
        strstr(text, "\n                         default: none (arrays); methods: all\n"));
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
