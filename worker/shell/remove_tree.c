#include "worker/shell/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 100 }; /* one descriptor for each level */

static bool fail(const char *name, const char *why, struct error *error)
{
    error_set(error, "cannot remove `%s`: %s", name, why);
    return false;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool remove_entry(int directory, const char *name, dev_t device, int depth,
                         struct error *error);

/* Takes the descriptor over. */
static bool empty(int fd, const char *name, dev_t device, int depth, struct error *error)
{
    DIR *entries = fdopendir(fd);
    bool ok = true;
    if (entries == NULL) {
        close(fd);
        return fail(name, strerror(errno), error);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (!is_dots(entry->d_name))
            ok &= remove_entry(dirfd(entries), entry->d_name, device, depth, error);
    closedir(entries);
    return ok;
}

static bool remove_entry(int directory, const char *name, dev_t device, int depth,
                         struct error *error)
{
    struct stat status;
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return true;
    int reason = errno; /* EISDIR, unless it is no directory and cannot be removed */
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(name, strerror(errno == ENOTDIR || errno == ELOOP ? reason : errno), error);
    if (depth > DEEPEST || fstat(fd, &status) != 0 || status.st_dev != device) {
        close(fd);
        return fail(name, depth > DEEPEST ? "too deep" : "another file system", error);
    }
    if (!empty(fd, name, device, depth + 1, error))
        return false;
    return unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
           fail(name, strerror(errno), error);
}

bool remove_tree(int directory, const char *name, struct error *error)
{
    struct stat status;
    if (fstat(directory, &status) != 0)
        return fail(name, strerror(errno), error);
    return remove_entry(directory, name, status.st_dev, 0, error);
}
