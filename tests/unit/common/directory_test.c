/* directory.h: what is made, what is left alone, what is named when it cannot be. */
#include "common/directory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];

static int set_up(void **state)
{
    snprintf(directory, sizeof directory, "/tmp/directory_test.XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
    return rmdir(directory);
}

static const char *below(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void all_above_the_last_part_are_made_for_the_user_alone(void **state)
{
    struct stat status;
    assert_null(directory_make_parents(below("a/b/file")));
    assert_null(directory_make_parents(below("a/b/file"))); /* they are there */
    assert_int_equal(access(below("a/b/file"), F_OK), -1);
    assert_int_equal(stat(below("a/b"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(rmdir(below("a/b")), 0);
    assert_int_equal(rmdir(below("a")), 0);
}

static void the_one_that_cannot_be_made_is_named(void **state)
{
    FILE *file = fopen(below("a"), "w");
    assert_non_null(file);
    fclose(file);
    char *failed = directory_make_parents(below("a/b/c"));
    assert_int_equal(errno, ENOTDIR);
    assert_string_equal(failed, below("a/b"));
    free(failed);
    assert_int_equal(unlink(below("a")), 0);
}

static void above_a_path_without_parts_nothing_is_made(void **state)
{
    assert_null(directory_make_parents(""));
    assert_null(directory_make_parents("/"));
    assert_null(directory_make_parents("name"));
}

static void one_is_made_unless_something_else_is_there(void **state)
{
    struct error error = { "" };
    assert_true(directory_make(below("a"), 0700, &error));
    assert_true(directory_make(below("a"), 0700, &error));
    assert_int_equal(rmdir(below("a")), 0);
    assert_false(directory_make(below("a/b"), 0700, &error));
    assert_non_null(strstr(error.text, "the directory above it is not there; make that first"));
    fclose(fopen(below("a"), "w"));
    assert_false(directory_make(below("a"), 0700, &error));
    assert_non_null(strstr(error.text, below("a")));
    assert_non_null(strstr(error.text, "something else has that name"));
    assert_int_equal(unlink(below("a")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_above_the_last_part_are_made_for_the_user_alone),
        cmocka_unit_test(the_one_that_cannot_be_made_is_named),
        cmocka_unit_test(above_a_path_without_parts_nothing_is_made),
        cmocka_unit_test(one_is_made_unless_something_else_is_there),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
