/* descriptors.h: closed standard descriptors are taken, open ones left alone. Each test runs in a
 * process of its own, whose exit status says what it found. */
#include "common/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int status_of(int (*look)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(look());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int close_all_and_open_one(void)
{
    for (int number = 0; number <= 2; number++)
        close(number);
    descriptors_reserve();
    return open("/dev/null", O_RDWR) > 2 ? 0 : 1;
}

static void what_is_opened_later_has_another_number(void **state)
{
    assert_int_equal(status_of(close_all_and_open_one), 0);
}

static int use_closed_ones(void)
{
    char byte = 'x';
    for (int number = 0; number <= 2; number++)
        close(number);
    descriptors_reserve();
    for (int number = 1; number <= 2; number++)
        if (write(number, &byte, 1) != -1 || errno != EBADF)
            return number;
    return read(0, &byte, 1) == -1 && errno == EBADF ? 0 : 3;
}

static void using_a_closed_one_fails_as_it_did(void **state)
{
    assert_int_equal(status_of(use_closed_ones), 0);
}

static int keep_the_second(void)
{
    int ends[2];
    char byte = 'x';
    if (pipe(ends) != 0 || dup2(ends[1], 1) != 1)
        return 1;
    close(2);
    descriptors_reserve();
    if (write(1, &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
        return 2;
    return write(2, &byte, 1) == -1 ? 0 : 3;
}

static void an_open_one_stays_what_it_is(void **state)
{
    assert_int_equal(status_of(keep_the_second), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_opened_later_has_another_number),
        cmocka_unit_test(using_a_closed_one_fails_as_it_did),
        cmocka_unit_test(an_open_one_stays_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
