#include "coordinator/store/path.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* By the magic numbers of statfs(2). FUSE stands for sshfs, GlusterFS and their like: what is
 * behind it cannot be told. 9P is not here because a sandbox may call its local disks so. */
static const struct network_file_system {
    uint32_t magic;
    const char *name;
} network_file_systems[] = {
    { 0x00006969, "NFS" },    { 0x0000517b, "SMB" },    { 0xfe534d42, "SMB" },
    { 0xff534d42, "CIFS" },   { 0x5346414f, "AFS" },    { 0x6b414653, "AFS" },
    { 0x00c36400, "Ceph" },   { 0x0bd00bd0, "Lustre" }, { 0x47504653, "GPFS" },
    { 0x19830326, "BeeGFS" }, { 0x01161970, "GFS2" },   { 0x7461636f, "OCFS2" },
    { 0x73757245, "Coda" },   { 0x65735546, "FUSE" },
};

static bool local_file_system(const char *directory, const char *path, struct error *error)
{
    struct statfs information;
    if (statfs(directory, &information) != 0) {
        error_set(error, "cannot examine %s: %s", directory, strerror(errno));
        return false;
    }
    size_t count = sizeof network_file_systems / sizeof *network_file_systems;
    for (size_t i = 0; i < count; i++) {
        if ((uint32_t)information.f_type != network_file_systems[i].magic)
            continue;
        error_set(
            error,
            "%s is on a network file system (%s), where SQLite can lose data: put the database "
            "on a local disk",
            path, network_file_systems[i].name);
        return false;
    }
    return true;
}

/* The directory part of a path; malloc'd. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xasprintf("%.*s", (int)(slash - path), path);
}

static bool directory_usable(const char *directory, const char *path, struct error *error)
{
    struct stat status;
    bool exists = stat(directory, &status) == 0;
    if (exists && !S_ISDIR(status.st_mode)) {
        error_set(error, "cannot make %s: %s is no directory; give another path", path, directory);
        return false;
    }
    if (!exists) {
        error_set(error, "cannot make %s: there is no directory %s; make it first", path,
                  directory);
        return false;
    }
    if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0) {
        error_set(error,
                  "cannot write %s: files cannot be made in %s (%s); give a path in a directory of "
                  "your own",
                  path, directory, strerror(errno));
        return false;
    }
    return true;
}

/* Why there is none. */
static void say_missing(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) == 0)
        error_set(error, "%s is a link to a file that is not there: correct or remove it", path);
    else
        error_set(error, "there is no database %s: start a coordinator with it, or check the path",
                  path);
}

static bool file_usable(const char *path, int access_mode, struct error *error)
{
    const char *verb = access_mode & W_OK ? "write" : "read";
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        error_set(error, "%s is a directory: give the path of a database file", path);
        return false;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        error_set(error, "%s is not a regular file: give the path of a database file", path);
        return false;
    }
    if (faccessat(AT_FDCWD, path, access_mode, AT_EACCESS) == 0)
        return true;
    if (errno == ENOENT)
        say_missing(path, error);
    else
        error_set(error, "cannot %s %s: %s; check its owner and mode", verb, path, strerror(errno));
    return false;
}

/* SQLite keeps files beside a database. In the place of one it would open a FIFO and wait, deaf to
 * signals that are blocked; of a link or a directory it says that it cannot open the database. */
static bool companions_usable(const char *path, struct error *error)
{
    static const char *const endings[] = { "-journal", "-wal", "-shm" };
    char *real = realpath(path, NULL);
    bool usable = true;
    for (size_t i = 0; usable && i < sizeof endings / sizeof *endings; i++) {
        char *name = xasprintf("%s%s", real != NULL ? real : path, endings[i]);
        struct stat status;
        usable = lstat(name, &status) != 0 || S_ISREG(status.st_mode);
        if (!usable)
            error_set(error,
                      "%s is not a regular file, and SQLite needs that name for its own beside the "
                      "database: move it away",
                      name);
        free(name);
    }
    free(real);
    return usable;
}

bool path_writable(const char *path, struct error *error)
{
    struct stat status;
    if (path[0] == '\0') {
        error_set(error, "the path of the database is empty: give one");
        return false;
    }
    bool exists = lstat(path, &status) == 0;
    char *directory = directory_of(path);
    bool usable = (!exists || file_usable(path, R_OK | W_OK, error)) &&
                  directory_usable(directory, path, error) &&
                  local_file_system(exists ? path : directory, path, error) &&
                  companions_usable(path, error);
    free(directory);
    return usable;
}

bool path_readable(const char *path, struct error *error)
{
    return file_usable(path, R_OK, error) && companions_usable(path, error);
}
