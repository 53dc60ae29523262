#include "worker/task/mujoco/cache.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "worker/task/mujoco/dataset_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the directory -------------------------------------------------------------------------- */

static char *directory(struct error *error)
{
    const char *own = getenv("LDT_CACHE"), *caches = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (own != NULL && own[0] != '\0')
        return xstrdup(own);
    if (caches != NULL && caches[0] == '/')
        return xasprintf("%s/ldt", caches);
    if (home != NULL && home[0] == '/')
        return xasprintf("%s/.cache/ldt", home);
    error_set(error, "no place for data sets: neither XDG_CACHE_HOME nor HOME is an absolute path; "
                     "name a directory in LDT_CACHE");
    return NULL;
}

static char *path_of(const struct dataset_request *request, struct error *error)
{
    char name[DATASET_NAME_BYTES];
    char *parent = directory(error);
    if (parent == NULL)
        return NULL;
    dataset_file_name(name, request);
    char *path = xasprintf("%s/%s", parent, name);
    free(parent);
    char *failed = directory_make_parents(path);
    if (failed == NULL)
        return path;
    error_set(error, "cannot make the directory %s: %s; LDT_CACHE names another one for data sets",
              failed, strerror(errno));
    free(failed);
    free(path);
    return NULL;
}

/* ---- the lock ------------------------------------------------------------------------------- */

static bool wait_for(int descriptor)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    while (fcntl(descriptor, F_OFD_SETLKW, &whole) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* An OFD lock ends with the process, however that ends. The file stays: to remove it would let
 * somebody hold the lock of a file that is no longer there. Returns -1, or what to close. */
static int take_lock(const char *path, struct error *error)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char *lock = xasprintf("%s.lock", path);
    int descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool locked = descriptor >= 0 && fcntl(descriptor, F_OFD_SETLK, &whole) == 0;
    if (!locked && descriptor >= 0 && (errno == EAGAIN || errno == EACCES)) {
        log_event(LOG_INFO, "data-set-wait", "file=%s why=\"another process makes it\"",
                  log_quote(path));
        locked = wait_for(descriptor);
    }
    if (!locked) {
        error_set(error, "cannot lock %s: %s; LDT_CACHE names another directory for data sets",
                  lock, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        descriptor = -1;
    }
    free(lock);
    return descriptor;
}

/* ---- getting -------------------------------------------------------------------------------- */

static bool make_and_keep(struct dataset *out, const char *path,
                          const struct dataset_request *request, struct error *error)
{
    if (!dataset_make(out, request, error))
        return false;
    if (dataset_file_write(out, path, request, error))
        return true;
    dataset_free(out);
    return false;
}

/* Under the lock the file is looked for once more: whoever held it has made it. */
static bool get_locked(struct dataset *out, const char *path, const struct dataset_request *request,
                       struct error *error)
{
    int lock = take_lock(path, error);
    if (lock < 0)
        return false;
    enum dataset_file_result found = dataset_file_read(out, path, request, error);
    if (found == DATASET_FILE_DAMAGED) {
        log_event(LOG_WARN, "data-set-damaged", "why=%s action=\"made again\"",
                  log_quote(error->text));
        error->text[0] = '\0';
    }
    bool got = found == DATASET_FILE_READ ||
               (found != DATASET_FILE_UNREADABLE && make_and_keep(out, path, request, error));
    close(lock);
    return got;
}

bool cache_get(struct dataset *out, const struct dataset_request *request, struct error *error)
{
    struct error ignored; /* what is wrong with the file is found again under the lock */
    *out = (struct dataset){ 0 };
    char *path = path_of(request, error);
    if (path == NULL)
        return false;
    /* A file appears under its name when it is whole, so that reading one needs no lock. */
    bool got = dataset_file_read(out, path, request, &ignored) == DATASET_FILE_READ ||
               get_locked(out, path, request, error);
    free(path);
    return got;
}
