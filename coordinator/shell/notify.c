#include "coordinator/shell/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool notify_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (path == NULL || path[0] == '\0')
        return true;
    size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name, which is not ended by a NUL */
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (manager < 0)
        return false;
    ssize_t sent = sendto(manager, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(manager);
    return sent == (ssize_t)strlen(state);
}

int64_t notify_interval_ms(void)
{
    const char *wanted = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    if (wanted == NULL || (whose != NULL && strtoll(whose, NULL, 10) != getpid()))
        return 0;
    long long microseconds = strtoll(wanted, NULL, 10);
    return microseconds >= 2000 ? microseconds / 2000 : 0;
}
