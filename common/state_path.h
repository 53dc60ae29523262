/* state_path.h - where a user's programs keep what they need again:
 * $XDG_STATE_HOME/ldt, by default ~/.local/state/ldt (XDG Base Directory Specification). */
#ifndef COMMON_STATE_PATH_H
#define COMMON_STATE_PATH_H
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The path of `name` in there; nothing is made. False, with a clause that says why there is
 * none. */
bool state_path(char *path, size_t bytes, const char *name, struct error *error);
#endif
