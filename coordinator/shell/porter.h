/* porter.h - looks after the door while the loop waits for the disk, in a thread of its own.
 *
 * A save may take a second on a busy disk. Strangers do not wait: connections that nobody hangs up
 * on pile up by the thousand, and what they took is hard to get back. So the loop gives `door` away
 * while it saves, and whoever holds that lock may tend it. Nothing else is shared. */
#ifndef SHELL_PORTER_H
#define SHELL_PORTER_H
#include "common/error.h"

#include <stdbool.h>

struct loop;
struct porter;

/* The loop must outlive it, and its thread must be the caller's. False: no thread could be had. */
bool porter_start(struct porter **porter, struct loop *loop, struct error *error);
void porter_stop(struct porter **porter); /* leaves NULL, accepts NULL */
#endif
