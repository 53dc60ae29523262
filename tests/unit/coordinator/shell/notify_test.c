/* notify.h: one datagram to the service manager, or nothing. */
#include "coordinator/shell/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A manager's socket with an abstract name; the variable names it with an @. */
static int listen_as_manager(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[64];
    int length = snprintf(name, sizeof name, "@notify-test-%ld", (long)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, bytes), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return manager;
}

static void the_manager_is_told(void **state)
{
    char text[32] = "";
    int manager = listen_as_manager();
    assert_true(notify_manager("READY=1"));
    assert_int_equal(recv(manager, text, sizeof text - 1, MSG_DONTWAIT), 7);
    assert_string_equal(text, "READY=1");
    close(manager);
}

static void without_a_manager_nothing_happens(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    assert_true(notify_manager("READY=1"));
    setenv("NOTIFY_SOCKET", "", 1);
    assert_true(notify_manager("READY=1"));
}

static void a_socket_that_is_none_is_reported(void **state)
{
    setenv("NOTIFY_SOCKET", "relative/path", 1);
    assert_false(notify_manager("READY=1"));
    setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    assert_false(notify_manager("READY=1"));
}

static void a_watchdog_hears_of_us_twice_as_often_as_it_wants(void **state)
{
    char pid[32];
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_interval_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
    assert_int_equal(notify_interval_ms(), 0);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_interval_ms(), 15000);
    setenv("WATCHDOG_USEC", "nonsense", 1);
    assert_int_equal(notify_interval_ms(), 0);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(notify_interval_ms(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_is_told),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(a_socket_that_is_none_is_reported),
        cmocka_unit_test(a_watchdog_hears_of_us_twice_as_often_as_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
