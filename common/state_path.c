#include "common/state_path.h"

#include <stdio.h>
#include <stdlib.h>

bool state_path(char *path, size_t bytes, const char *name, struct error *error)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (state != NULL && state[0] == '/') {
        length = snprintf(path, bytes, "%s/ldt/%s", state, name);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, bytes, "%s/.local/state/ldt/%s", home, name);
    } else {
        error_set(error, "neither XDG_STATE_HOME nor HOME is set to an absolute path");
        return false;
    }
    if ((size_t)length < bytes)
        return true;
    error_set(error, "the path of the user's state directory is too long");
    return false;
}
