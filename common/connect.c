#include "common/connect.h"
#include "common/directory.h"
#include "common/state_path.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_FILE_MAX_BYTES = 64 << 10, STALE_S = 60 };

bool connect_default_path(char *path, size_t bytes, struct error *error)
{
    struct error why;
    if (state_path(path, bytes, "connect.json", &why))
        return true;
    error_set(error, "%s, so there is no place for the connect file: name one", why.text);
    return false;
}

/* ---- reading */

static bool copy_member(char *out, size_t bytes, const json_t *object, const char *key,
                        bool required)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        out[0] = '\0';
        return !required &&
               (json_object_get(object, key) == NULL || json_is_null(json_object_get(object, key)));
    }
    return (size_t)snprintf(out, bytes, "%s", text) < bytes;
}

static bool read_object(struct connect_info *out, const char *path, const json_t *object,
                        struct error *error)
{
    if (!copy_member(out->work, sizeof out->work, object, "work", true) ||
        !copy_member(out->client, sizeof out->client, object, "client", true) ||
        !copy_member(out->db, sizeof out->db, object, "db", false)) {
        error_set(error,
                  "%s is not a connect file: it must be a JSON object with the endpoints `work` "
                  "and `client`; the coordinator writes it with --connect",
                  path);
        return false;
    }
    if (!copy_member(out->server_key, sizeof out->server_key, object, "server_key", false) ||
        (out->server_key[0] != '\0' && !key_is_text(out->server_key))) {
        error_set(error, "%s: `server_key` is no key of %d characters, nor null", path, KEY_TEXT);
        return false;
    }
    return true;
}

/* A FIFO would hold us up for as long as nobody writes into it, deaf to every signal; NULL with
 * errno set, 0 for what is no regular file. */
static FILE *open_file(const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_file = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (is_file)
        return fdopen(descriptor, "r");
    if (descriptor >= 0) {
        close(descriptor);
        errno = 0;
    }
    return NULL;
}

/* Reads the whole file, up to a limit; NULL with errno set. */
static char *read_text(const char *path)
{
    FILE *file = open_file(path);
    if (file == NULL)
        return NULL;
    char *text = xcalloc(1, CONNECT_FILE_MAX_BYTES + 1);
    size_t length = fread(text, 1, CONNECT_FILE_MAX_BYTES, file);
    text[length] = '\0';
    bool failed = ferror(file);
    int reason = errno;
    fclose(file);
    if (!failed)
        return text;
    free(text);
    errno = reason;
    return NULL;
}

/* *missing tells a file that is not there from one that is no good. */
static bool read_file(struct connect_info *out, const char *path, bool *missing,
                      struct error *error)
{
    json_error_t where;
    char *text = read_text(path);
    *missing = text == NULL && (errno == ENOENT || errno == ENOTDIR);
    if (text == NULL) {
        error_set(error, "cannot read the connect file %s: %s", path,
                  errno != 0 ? strerror(errno) : "it is no regular file");
        return false;
    }
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (object == NULL) {
        error_set(error, "%s:%d: not a connect file: %s", path, where.line, where.text);
        return false;
    }
    bool fine = read_object(out, path, object, error);
    json_decref(object);
    snprintf(out->origin, sizeof out->origin, "the connect file %s", path);
    return fine;
}

static bool use_endpoint(struct connect_info *out, const char *endpoint, const char *origin,
                         struct error *error)
{
    if (strlen(endpoint) >= sizeof out->work || strstr(endpoint, "://") == NULL) {
        error_set(error, "%s: `%.200s` is not an endpoint; write tcp://HOST:PORT, for example %s",
                  origin, endpoint, CONNECT_DEFAULT_ENDPOINT);
        return false;
    }
    snprintf(out->work, sizeof out->work, "%s", endpoint);
    snprintf(out->client, sizeof out->client, "%s", endpoint);
    snprintf(out->origin, sizeof out->origin, "%s", origin);
    return true;
}

const char *connect_named_endpoint(const char *coordinator, const char *connect_file,
                                   const char **origin)
{
    const char *variable = getenv("LDT_COORDINATOR");
    *origin = coordinator != NULL ? "--coordinator" : "LDT_COORDINATOR";
    if (coordinator != NULL || connect_file != NULL)
        return coordinator;
    return variable != NULL && variable[0] != '\0' ? variable : NULL;
}

bool connect_find(struct connect_info *out, const char *coordinator, const char *connect_file,
                  struct error *error)
{
    char path[sizeof out->db], origin[sizeof out->origin];
    const char *named_by, *named = connect_named_endpoint(coordinator, connect_file, &named_by);
    bool missing;
    *out = (struct connect_info){ 0 };
    if (named != NULL)
        return use_endpoint(out, named, named_by, error);
    if (connect_file != NULL)
        return read_file(out, connect_file, &missing, error);
    snprintf(origin, sizeof origin, "the default address");
    if (connect_default_path(path, sizeof path, error)) {
        if (read_file(out, path, &missing, error))
            return true;
        if (!missing)
            return false;
        snprintf(origin, sizeof origin, "the default address: there is no connect file %s", path);
    }
    out->guessed = true;
    return use_endpoint(out, CONNECT_DEFAULT_ENDPOINT, origin, error);
}

/* ---- writing */

static bool make_directories(const char *path, struct error *error)
{
    char *failed = directory_make_parents(path);
    if (failed == NULL)
        return true;
    error_set(error, "cannot make the directory %s for the connect file: %s", failed,
              strerror(errno));
    free(failed);
    return false;
}

/* Into a file of our own: what lies there may be a link that somebody has laid to another. */
static bool write_text(const char *path, const char *text)
{
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (file < 0)
        return false;
    bool fine = write(file, text, length) == (ssize_t)length && fsync(file) == 0;
    return close(file) == 0 && fine;
}

/* Its place may be taken from an older connect file, or an empty one; not from a database, or from
 * /dev/null. */
static bool may_replace(const char *path, struct error *error)
{
    struct stat status;
    struct error why;
    bool missing = true;
    if (stat(path, &status) != 0 || (S_ISREG(status.st_mode) && status.st_size == 0))
        return true; /* if it cannot be written, that is said then */
    struct connect_info *there = xcalloc(1, sizeof *there);
    bool is_one = read_file(there, path, &missing, &why);
    free(there);
    if (!is_one && !missing)
        error_set(error,
                  "cannot write the connect file %s: what is there is no connect file, and would "
                  "be lost; give another path, or move it away",
                  path);
    return is_one || missing;
}

/* What is not UTF-8 cannot stand in JSON, and a file without an endpoint is no connect file. */
static bool may_stand_in_file(const char *endpoint, struct error *error)
{
    json_t *text = json_string(endpoint);
    bool fine = text != NULL;
    json_decref(text);
    if (!fine)
        error_set(error,
                  "the endpoint %s is not UTF-8, so no connect file can tell of it: choose "
                  "another",
                  endpoint);
    return fine;
}

/* Of `db` that is not UTF-8 nothing is said. */
static char *object_text(const struct connect_info *info)
{
    json_t *object = json_object();
    json_object_set_new(object, "work", json_string(info->work));
    json_object_set_new(object, "client", json_string(info->client));
    json_object_set_new(object, "db", json_string(info->db));
    json_object_set_new(object, "server_key",
                        info->server_key[0] != '\0' ? json_string(info->server_key) : json_null());
    char *text = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    return text;
}

/* A coordinator that was killed while it wrote has left its temporary file behind. */
static void sweep(const char *path)
{
    glob_t found;
    struct stat status;
    char *pattern = xasprintf("%s.[0-9]*", path);
    bool is_plain = strpbrk(path, "*?[\\") == NULL;
    if (is_plain && glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *digits = found.gl_pathv[i] + strlen(path) + 1;
            if (digits[strspn(digits, "0123456789")] == '\0' &&
                lstat(found.gl_pathv[i], &status) == 0 && time(NULL) - status.st_mtime > STALE_S)
                unlink(found.gl_pathv[i]);
        }
        globfree(&found);
    }
    free(pattern);
}

bool connect_write(const char *path, const struct connect_info *info, struct error *error)
{
    if (!may_stand_in_file(info->work, error) || !may_stand_in_file(info->client, error))
        return false;
    char *temporary = xasprintf("%s.%ld", path, (long)getpid());
    char *object = object_text(info), *text = xasprintf("%s\n", object);
    bool fine = make_directories(path, error) && may_replace(path, error);
    if (fine && (!write_text(temporary, text) || rename(temporary, path) != 0)) {
        error_set(error, "cannot write the connect file %s: %s", path, strerror(errno));
        unlink(temporary);
        fine = false;
    }
    sweep(path);
    free(temporary);
    free(object);
    free(text);
    return fine;
}

void connect_remove(const char *path, const struct connect_info *info)
{
    struct connect_info *now = xcalloc(1, sizeof *now);
    struct error ignored;
    bool missing;
    if (read_file(now, path, &missing, &ignored) && strcmp(now->work, info->work) == 0 &&
        strcmp(now->db, info->db) == 0)
        unlink(path);
    free(now);
}
