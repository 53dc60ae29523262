/* Faults and their paths. */
#include "coordinator/space/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void slashes_and_tildes_in_keys_are_escaped(void **state)
{
    struct problems problems;
    problems_init(&problems);
    const char *path = problem_path_member(&problems, "/a", "b/c~d");
    assert_string_equal(path, "/a/b~1c~0d");
    assert_string_equal(problem_path_item(&problems, path, 12), "/a/b~1c~0d/12");
    problems_free(&problems);
}

static void only_the_first_faults_are_kept(void **state)
{
    struct problems problems;
    problems_init(&problems);
    for (int i = 0; i < PROBLEMS_MAX; i++)
        problem_add(&problems, "/a", false, "fault %d", i);
    assert_false(problems.dropped_some);
    assert_true(problems_full(&problems));
    assert_true(problems.dropped_some);
    problem_add(&problems, "/a", true, "one more");
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_true(problems.dropped_some);
    assert_string_equal(problems.list[PROBLEMS_MAX - 1].text, "fault 19");
    problems_free(&problems);
}

static void control_characters_never_get_into_a_sentence(void **state)
{
    struct problems problems;
    problems_init(&problems);
    problem_add(&problems, "", false, "unknown `%s`", "a\033[2J\nb\x7f");
    assert_string_equal(problems.list[0].text, "unknown `a?[2J?b?`");
    problems_free(&problems);
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
    char word[2001];
    struct problems problems;
    problems_init(&problems);
    for (size_t i = 0; i < 1000; i++)
        memcpy(word + 2 * i, "\xc3\xa9", 2);
    word[2000] = '\0';
    problem_add(&problems, "", false, "%s", word);
    problem_add(&problems, "", false, "x%s", word);
    for (size_t i = 0; i < 2; i++) {
        const char *text = problems.list[i].text;
        size_t length = strlen(text);
        assert_in_range(length, 590, 600);
        assert_int_equal((unsigned char)text[length - 1], 0xa9);
    }
    problems_free(&problems);
}

static void the_nearest_word_is_offered_when_it_is_near(void **state)
{
    static const char *const words[] = { "min", "max", "distribution" };
    struct problems problems;
    problems_init(&problems);
    const char *near = problem_hint(&problems, nearest_of("distributoin", words, 3));
    assert_string_equal(near, "; did you mean `distribution`?");
    assert_string_equal(problem_hint(&problems, nearest_of("probabilities", words, 3)), "");
    assert_string_equal(problem_hint(&problems, nearest_of("min", words, 0)), "");
    problems_free(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slashes_and_tildes_in_keys_are_escaped),
        cmocka_unit_test(only_the_first_faults_are_kept),
        cmocka_unit_test(control_characters_never_get_into_a_sentence),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(the_nearest_word_is_offered_when_it_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
