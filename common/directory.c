#include "common/directory.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool directory_make(const char *path, mode_t mode, struct error *error)
{
    struct stat status;
    if (mkdir(path, mode) == 0 ||
        (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return true;
    error_set(error, "cannot make the directory %s: %s", path,
              errno == EEXIST   ? "something else has that name"
              : errno == ENOENT ? "the directory above it is not there; make that first"
                                : strerror(errno));
    return false;
}

char *directory_make_parents(const char *path)
{
    char *parent = xstrdup(path), *slash = parent + (path[0] == '/'); /* the root is there */
    for (; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        int reason = mkdir(parent, 0700) != 0 ? errno : 0;
        if (reason != 0 && reason != EEXIST && access(parent, X_OK) != 0) {
            errno = reason;
            return parent;
        }
        *slash = '/';
    }
    free(parent);
    return NULL;
}
