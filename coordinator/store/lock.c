#include "coordinator/store/lock.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process that wrote its number into the lock file, or 0. */
static long holder(int descriptor)
{
    char text[32] = "";
    ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    return length > 0 ? strtol(text, NULL, 10) : 0;
}

static void explain(int descriptor, const char *path, int cause, struct error *error)
{
    if (cause != EAGAIN && cause != EACCES) {
        error_set(error, "cannot lock %s-lock: %s", path, strerror(cause));
        return;
    }
    char who[48] = "another process";
    long pid = holder(descriptor);
    if (pid > 0)
        snprintf(who, sizeof who, "process %ld", pid);
    error_set(error,
              "%s is in use by another coordinator (%s): stop that one, or give another --db", path,
              who);
}

/* An OFD lock belongs to the open file, not to the process: it does not vanish when some other
 * descriptor of the same file is closed, and it is released by a crash. */
bool lock_take(int *descriptor, const char *path, struct error *error)
{
    char *lock_path = xasprintf("%s-lock", path);
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        error_set(error, "cannot open the lock file %s: %s", lock_path, strerror(errno));
        free(lock_path);
        return false;
    }
    free(lock_path);
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        explain(fd, path, errno, error);
        close(fd);
        return false;
    }
    char pid[32];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Only a courtesy to whoever is refused: a full disk may keep the number out. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)length, 0) != length)
        errno = 0;
    *descriptor = fd;
    return true;
}

bool lock_is_held(const char *path)
{
    char *lock_path = xasprintf("%s-lock", path);
    int fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    free(lock_path);
    return held;
}

bool lock_take_file(int *descriptor, const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    /* far behind the bytes that SQLite locks, and behind the end of any database */
    struct flock last = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1, .l_len = 1
    };
    if (fd < 0) {
        error_set(error, "cannot open %s to lock it: %s", path, strerror(errno));
        return false;
    }
    if (fcntl(fd, F_OFD_SETLK, &last) == 0) {
        *descriptor = fd;
        return true;
    }
    if (errno == EAGAIN || errno == EACCES)
        error_set(error,
                  "%s is in use by another coordinator, which knows the file by another name: stop "
                  "that one, or give another --db",
                  path);
    else
        error_set(error, "cannot lock %s: %s", path, strerror(errno));
    close(fd);
    return false;
}

void lock_drop(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}
