#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A number that fits, or "*"; ZeroMQ would cut 70000 to another port. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return strcmp(text, "*") == 0 ||
           (digits > 0 && text[digits] == '\0' && digits < 6 && atoi(text) < 65536);
}

/* "tcp://HOST:PORT" or "tcp://[HOST]:PORT" to HOST without brackets. */
static bool tcp_host(const char *endpoint, char *host, size_t bytes)
{
    const char *start = endpoint + strlen("tcp://");
    if (strncmp(endpoint, "tcp://", strlen("tcp://")) != 0)
        return false;
    const char *colon = strrchr(start, ':');
    if (colon == NULL || colon == start || !is_port(colon + 1))
        return false;
    if (*start == '[' && colon[-1] == ']') {
        start++;
        colon--;
    }
    return (size_t)snprintf(host, bytes, "%.*s", (int)(colon - start), start) < bytes;
}

bool address_is_taken(const char *endpoint)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = endpoint + strlen("ipc://");
    if (strncmp(endpoint, "ipc://", strlen("ipc://")) != 0 ||
        strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path));
    int try = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr *there = (const struct sockaddr *)&address;
    bool taken = try >= 0 && (connect(try, there, sizeof address) == 0 || errno == EAGAIN);
    if (try >= 0)
        close(try);
    return taken;
}

bool address_is_ipv4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

bool address_is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool address_check(const char *endpoint, char *host, size_t bytes, struct error *error)
{
    host[0] = '\0';
    if (strlen(endpoint) >= ADDRESS_BYTES) {
        error_set(error, "an endpoint of %zu characters is too long", strlen(endpoint));
        return false;
    }
    if (strncmp(endpoint, "ipc://", strlen("ipc://")) == 0 && endpoint[strlen("ipc://")] != '\0')
        return true;
    if (tcp_host(endpoint, host, bytes))
        return true;
    error_set(error,
              "%s is not an endpoint: write tcp://HOST:PORT, for example tcp://127.0.0.1:5700",
              endpoint);
    return false;
}
