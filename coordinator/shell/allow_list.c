#include "coordinator/shell/allow_list.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 1000, ENTRIES_MAX = 100000 };

struct entry {
    char key[KEY_TEXT + 1];
    enum key_role role;
};

struct entries { /* by key */
    struct entry *list;
    size_t count, capacity;
};

struct allow_list {
    char *directory;
    struct entries entries;
    uint64_t fingerprint; /* of names, sizes and times of change */
    int64_t looked_ms;
    bool missing; /* and that has been logged */
};

static bool is_public_file(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".pub") == 0;
}

/* ---- has anything changed? */

/* The next entry; NULL at the end, with errno 0, or when the directory cannot be read further. */
static struct dirent *next_entry(DIR *stream)
{
    errno = 0;
    return readdir(stream);
}

static bool close_directory(DIR *stream, int reason)
{
    closedir(stream);
    errno = reason;
    return reason == 0;
}

/* A sum, for readdir has no order. False with errno when the directory cannot be read. */
static bool take_fingerprint(const char *directory, uint64_t *out)
{
    DIR *stream = opendir(directory);
    struct stat status;
    *out = 0;
    if (stream == NULL)
        return false;
    for (struct dirent *file; (file = next_entry(stream)) != NULL;) {
        if (!is_public_file(file->d_name) || fstatat(dirfd(stream), file->d_name, &status, 0) != 0)
            continue;
        uint64_t hash = hash_text(file->d_name);
        hash = hash_bytes(hash, &status.st_ino, sizeof status.st_ino);
        hash = hash_bytes(hash, &status.st_size, sizeof status.st_size);
        hash = hash_bytes(hash, &status.st_mtim.tv_sec, sizeof status.st_mtim.tv_sec);
        *out += hash_bytes(hash, &status.st_ctim, sizeof status.st_ctim);
    }
    return close_directory(stream, errno);
}

/* ---- reading */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static void add_entry(struct entries *entries, const struct key *key)
{
    entries->list = xgrow(entries->list, entries->count, &entries->capacity, sizeof *entries->list);
    struct entry *entry = &entries->list[entries->count++];
    memcpy(entry->key, key->public_text, sizeof entry->key);
    entry->role = key->role;
}

/* What passes by itself, and is no fault of the file. */
static bool is_want(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == EIO ||
           reason == ESTALE;
}

/* False, with errno, when it must be tried again: to go on without this file would revoke its
 * key. */
static bool add_file(struct entries *entries, const char *directory, const char *name)
{
    char *path = xasprintf("%s/%s", directory, name);
    struct key key;
    struct error error;
    errno = 0;
    bool read = key_read_public(&key, path, &error);
    int reason = read || !is_want(errno) ? 0 : errno;
    if (!read && reason == 0) {
        log_event(LOG_ERROR, "key-not-admitted", "why=%s", log_quote(error.text));
    } else if (read && key.role == KEY_SERVER) {
        log_event(LOG_ERROR, "key-not-admitted",
                  "file=%s why=\"a coordinator's own key; ldt keygen --role makes the others\"",
                  log_quote(path));
    } else if (read) {
        add_entry(entries, &key);
    }
    free(path);
    errno = reason;
    return reason == 0;
}

/* The same key with two roles is a mistake that we do not decide: it has none. */
static void settle_doubles(struct entries *entries, const char *directory)
{
    qsort(entries->list, entries->count, sizeof *entries->list, compare);
    for (size_t i = 1; i < entries->count; i++) {
        struct entry *a = &entries->list[i - 1], *b = &entries->list[i];
        if (compare(a, b) != 0 || a->role == b->role)
            continue;
        a->role = b->role = KEY_NO_ROLE;
        log_event(LOG_ERROR, "key-not-admitted",
                  "directory=%s key=%s why=\"two files give it different roles: remove one\"",
                  log_quote(directory), log_quote(a->key));
    }
}

static bool read_entries(struct entries *entries, const char *directory)
{
    int reason = 0;
    DIR *stream = opendir(directory);
    if (stream == NULL)
        return false;
    for (struct dirent *file; reason == 0 && (file = next_entry(stream)) != NULL;) {
        if (is_public_file(file->d_name) && !add_file(entries, directory, file->d_name))
            reason = errno;
        else if (entries->count > ENTRIES_MAX)
            reason = E2BIG;
    }
    return close_directory(stream, reason != 0 ? reason : errno);
}

/* All of it, or the list stays as it was. */
static bool read_all(struct allow_list *list)
{
    struct entries entries = { 0 };
    bool fine = read_entries(&entries, list->directory);
    int reason = errno;
    if (fine && entries.count > 0)
        settle_doubles(&entries, list->directory);
    free(fine ? list->entries.list : entries.list);
    if (fine)
        list->entries = entries;
    errno = reason;
    return fine;
}

/* ---- */

bool allow_list_open(struct allow_list **out, const char *directory, struct error *error)
{
    struct allow_list *list = xcalloc(1, sizeof *list);
    list->directory = xstrdup(directory);
    *out = list;
    if (take_fingerprint(directory, &list->fingerprint) && read_all(list))
        return true;
    error_set(error,
              "cannot read the keys that may connect, in %s: %s; `ldt keygen --server` makes the "
              "directory",
              directory, strerror(errno));
    allow_list_close(out);
    return false;
}

void allow_list_close(struct allow_list **list)
{
    if (*list == NULL)
        return;
    free((*list)->directory);
    free((*list)->entries.list);
    free(*list);
    *list = NULL;
}

bool allow_list_look(struct allow_list *list, int64_t now_ms)
{
    uint64_t fingerprint;
    if (now_ms - list->looked_ms < LOOK_MS)
        return false;
    list->looked_ms = now_ms;
    bool fine = take_fingerprint(list->directory, &fingerprint);
    if (fine && fingerprint == list->fingerprint) {
        list->missing = false;
        return false;
    }
    if (fine && read_all(list)) {
        list->fingerprint = fingerprint;
        list->missing = false;
        log_event(LOG_INFO, "keys-read", "directory=%s admitted=%zu", log_quote(list->directory),
                  list->entries.count);
        return true;
    }
    if (!list->missing)
        log_event(LOG_ERROR, "keys-unreadable",
                  "directory=%s why=%s what=\"the keys of before stay admitted\"",
                  log_quote(list->directory), log_quote(strerror(errno)));
    list->missing = true;
    return false;
}

enum key_role allow_list_role(const struct allow_list *list, const char *key)
{
    struct entry wanted;
    if (list->entries.count == 0)
        return KEY_NO_ROLE;
    snprintf(wanted.key, sizeof wanted.key, "%s", key);
    const struct entry *entry =
        bsearch(&wanted, list->entries.list, list->entries.count, sizeof wanted, compare);
    return entry != NULL ? entry->role : KEY_NO_ROLE;
}

size_t allow_list_count(const struct allow_list *list)
{
    return list->entries.count;
}
