/* notify.h - tells a service manager how far we are: one datagram to $NOTIFY_SOCKET, as
 * sd_notify(3) describes. Without that variable nothing happens. */
#ifndef SHELL_NOTIFY_H
#define SHELL_NOTIFY_H
#include <stdbool.h>
#include <stdint.h>

/* "READY=1", "STOPPING=1", ...; false if there is a socket and it could not be told. */
bool notify_manager(const char *state);

/* How often to say WATCHDOG=1: half of what $WATCHDOG_USEC allows, or 0 if nobody waits for it. */
int64_t notify_interval_ms(void);
#endif
