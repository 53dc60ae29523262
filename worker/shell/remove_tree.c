#include "worker/shell/remove_tree.h"
#include "common/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 100 }; /* one descriptor for each level */

struct work {
    dev_t device;
    int64_t until_ms;
    bool is_late; /* only after something was removed: each call gets on */
    struct error *error;
};

static bool fail(struct work *work, const char *name, const char *why)
{
    error_set(work->error, "cannot remove `%s`: %s", name, why);
    return false;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool remove_entry(struct work *work, int directory, const char *name, int depth);

/* Takes the descriptor over. */
static bool empty(struct work *work, int fd, const char *name, int depth)
{
    DIR *entries = fdopendir(fd);
    bool ok = true;
    if (entries == NULL) {
        close(fd);
        return fail(work, name, strerror(errno));
    }
    for (struct dirent *entry; !work->is_late && (entry = readdir(entries)) != NULL;)
        if (!is_dots(entry->d_name))
            ok &= remove_entry(work, dirfd(entries), entry->d_name, depth);
    closedir(entries);
    return ok;
}

static bool unlink_entry(struct work *work, int directory, const char *name, int flags)
{
    if (unlinkat(directory, name, flags) != 0)
        return errno == ENOENT;
    work->is_late = clock_monotonic_ms() > work->until_ms;
    return true;
}

/* One that its owner may not read or change is no use to anybody, and ours to change. */
static int open_entry(int directory, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(directory, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(directory, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
        fd = openat(directory, name, flags);
    return fd;
}

static bool remove_entry(struct work *work, int directory, const char *name, int depth)
{
    struct stat status;
    if (unlink_entry(work, directory, name, 0))
        return true;
    int reason = errno; /* EISDIR, unless it is no directory and cannot be removed */
    int fd = open_entry(directory, name);
    if (fd < 0 && errno == ENOENT)
        return true; /* somebody else was faster */
    if (fd < 0)
        return fail(work, name, strerror(errno == ENOTDIR || errno == ELOOP ? reason : errno));
    if (depth > DEEPEST || fstat(fd, &status) != 0 || status.st_dev != work->device) {
        close(fd);
        return fail(work, name, depth > DEEPEST ? "too deep" : "another file system");
    }
    if ((status.st_mode & S_IRWXU) != S_IRWXU)
        fchmod(fd, S_IRWXU); /* if that fails, so does what comes now */
    if (!empty(work, fd, name, depth + 1) || work->is_late)
        return false;
    return unlink_entry(work, directory, name, AT_REMOVEDIR) || fail(work, name, strerror(errno));
}

enum removal remove_tree(int directory, const char *name, int64_t until_ms, struct error *error)
{
    struct stat status;
    struct work work = { .until_ms = until_ms, .error = error };
    if (fstat(directory, &status) != 0) {
        fail(&work, name, strerror(errno));
        return REMOVAL_FAILED;
    }
    work.device = status.st_dev;
    if (remove_entry(&work, directory, name, 0))
        return REMOVAL_DONE;
    return work.is_late ? REMOVAL_UNFINISHED : REMOVAL_FAILED;
}
