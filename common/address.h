/* address.h - endpoints as texts: which are well formed, and which stay on this machine. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { ADDRESS_BYTES = 256 }; /* of an endpoint, and so of a host, with its NUL */

/* Accepts tcp:// and ipc:// only; host is "" for ipc. */
bool address_check(const char *endpoint, char *host, size_t bytes, struct error *error);

/* Of ipc: whether somebody listens there. ZeroMQ would take his place without a word. */
bool address_is_taken(const char *endpoint);

bool address_is_ipv4(const char *host);
bool address_is_loopback(const char *host); /* a number; "localhost" is none */
#endif
