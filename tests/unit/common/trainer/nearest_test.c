#include "common/trainer/nearest.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* Of a list that NULL ends. */
static const char *meant(const char *word, const char *const *candidates)
{
    size_t count = 0;
    while (candidates[count] != NULL)
        count++;
    return nearest_of(word, candidates, count);
}

static void one_edit_of_each_kind_counts_one(void **state)
{
    static const char *const words[] = { "epochs", "epohcs", "epchs", "epoochs", "epochz" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct nearest nearest;
        nearest_init(&nearest, words[i]);
        nearest_offer(&nearest, "epochs");
        assert_int_equal(nearest.distance, i == 0 ? 0 : 1);
        assert_string_equal(nearest_word(&nearest), "epochs");
    }
}

static void the_nearest_wins_and_of_equals_the_first(void **state)
{
    static const char *const names[] = { "meta_lr", "inner_lr", "student_lr", NULL };
    assert_string_equal(meant("studen_lr", names), "student_lr");
    static const char *const equals[] = { "ab1", "ab2", NULL };
    assert_string_equal(meant("ab3", equals), "ab1");
}

static void case_does_not_matter(void **state)
{
    static const char *const names[] = { "minimize", "maximize", NULL };
    assert_string_equal(meant("MAXIMIZE", names), "maximize");
}

static void what_resembles_nothing_has_no_neighbour(void **state)
{
    static const char *const names[] = { "adam", "sgd", NULL };
    assert_null(meant("rmsprop", names));
    assert_null(meant("", names));
    static const char *const none[] = { NULL };
    assert_null(meant("adam", none));
}

static void a_word_longer_than_any_name_is_not_compared(void **state)
{
    char word[2000];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    static const char *const names[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL };
    assert_null(meant(word, names));
    const char *const long_names[] = { word, NULL };
    assert_null(meant("aaaa", long_names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_of_each_kind_counts_one),
        cmocka_unit_test(the_nearest_wins_and_of_equals_the_first),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(what_resembles_nothing_has_no_neighbour),
        cmocka_unit_test(a_word_longer_than_any_name_is_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
