#include "worker/shell/checkpoint.h"
#include "common/clock.h"
#include "common/directory.h"
#include "common/xalloc.h"
#include "proto/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRY_BYTES = 32, TAKEN_AWAY_AT_MOST = 100 };
static const char RUNNING[] = "attempt-", DISCARDED[] = "discarded-";

/* ---- names ----------------------------------------------------------------------------------- */

/* Not "..", nor anything that hides. */
static bool is_key(const char *name)
{
    return name[0] != '.' && strlen(name) <= NAME_MAX && text_is_name(name);
}

static void entry_name(char name[ENTRY_BYTES], const char *prefix, int32_t attempt)
{
    snprintf(name, ENTRY_BYTES, "%s%d", prefix, attempt);
}

/* The number in "attempt-12", spelt as we do; 0 for another name. */
static int32_t entry_number(const char *name, const char *prefix)
{
    char again[ENTRY_BYTES];
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0)
        return 0;
    long number = strtol(name + length, NULL, 10);
    if (number < 1 || number > INT32_MAX)
        return 0;
    entry_name(again, prefix, (int32_t)number);
    return strcmp(name, again) == 0 ? (int32_t)number : 0;
}

/* ---- directories ----------------------------------------------------------------------------- */

static int open_below(int directory, const char *name)
{
    return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static DIR *list(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* an offset of its own */
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL && fd >= 0)
        close(fd);
    return entries;
}

static bool is_empty(int directory)
{
    DIR *entries = list(directory);
    int count = 0;
    while (entries != NULL && count <= 2 && readdir(entries) != NULL)
        count++;
    if (entries != NULL)
        closedir(entries);
    return entries != NULL && count == 2; /* "." and ".." */
}

static void mark_if_empty(int directory)
{
    if (!is_empty(directory))
        return;
    int fd = openat(directory, CHECKPOINT_MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

/* Opens it, made if need be; -1 with a sentence. */
static int open_directory(const char *path, struct error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        free(directory_make_parents(path)); /* if it fails, so does what comes now */
        if (mkdir(path, 0700) == 0 || errno == EEXIST)
            fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        error_set(error, "cannot use `%s` for checkpoints: %s", path, strerror(errno));
    else
        mark_if_empty(fd);
    return fd;
}

/* ---- claiming -------------------------------------------------------------------------------- */

/* The newest attempt before this one that left a directory; 0 for none. */
static int32_t newest_before(int key, int32_t attempt)
{
    DIR *entries = list(key);
    int32_t newest = 0;
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        int32_t number = entry_number(entry->d_name, RUNNING);
        if (number > newest && number < attempt)
            newest = number;
    }
    if (entries != NULL)
        closedir(entries);
    return newest;
}

static bool take_over_or_make(int key, int32_t attempt)
{
    char ours[ENTRY_BYTES], theirs[ENTRY_BYTES];
    entry_name(ours, RUNNING, attempt);
    for (int32_t older; (older = newest_before(key, attempt)) > 0;) {
        entry_name(theirs, RUNNING, older);
        if (renameat(key, theirs, key, ours) == 0)
            return true;
        if (errno == EEXIST || errno == ENOTEMPTY)
            break; /* ours is there already, with something in it */
        if (errno != ENOENT)
            return false;
    }
    return mkdirat(key, ours, 0700) == 0 || errno == EEXIST;
}

/* That it can be written to, and lies where we think. */
static bool is_usable(int key, int32_t attempt)
{
    char ours[ENTRY_BYTES];
    entry_name(ours, RUNNING, attempt);
    int fd = open_below(key, ours);
    if (fd < 0)
        return false;
    bool usable = faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return usable;
}

static bool claim_in(int directory, const char *key, int32_t attempt)
{
    /* Somebody who discards an older attempt may take the key's directory away under us. */
    for (int i = 0; i < TAKEN_AWAY_AT_MOST; i++) {
        if (mkdirat(directory, key, 0700) != 0 && errno != EEXIST)
            return false;
        int fd = open_below(directory, key);
        if (fd < 0 && errno != ENOENT)
            return false;
        bool claimed = fd >= 0 && take_over_or_make(fd, attempt) && is_usable(fd, attempt);
        int reason = errno;
        if (fd >= 0)
            close(fd);
        errno = reason;
        if (claimed || reason != ENOENT)
            return claimed;
    }
    return false;
}

const char *checkpoint_claim(const char *directory, const char *key, int32_t attempt,
                             struct arena *arena, struct error *error)
{
    char ours[ENTRY_BYTES];
    entry_name(ours, RUNNING, attempt);
    if (!is_key(key) || attempt < 1) {
        error_set(error, "`%.64s`, attempt %d, cannot name a directory for checkpoints", key,
                  attempt);
        return NULL;
    }
    int fd = open_directory(directory, error);
    if (fd < 0)
        return NULL;
    bool claimed = claim_in(fd, key, attempt);
    int reason = errno;
    close(fd);
    if (!claimed) {
        error_set(error, "cannot use `%s/%s` for checkpoints: %s", directory, key,
                  strerror(reason));
        return NULL;
    }
    return arena_printf(arena, "%s/%s/%s", directory, key, ours);
}

/* ---- discarding ------------------------------------------------------------------------------ */

/* Renamed first: a claim that comes meanwhile shall find all of it or nothing. */
static enum removal discard_entry(int key, const char *name, int64_t until_ms, struct error *error)
{
    char aside[ENTRY_BYTES];
    int32_t number = entry_number(name, RUNNING);
    if (number == 0)
        return remove_tree(key, name, until_ms, error);
    entry_name(aside, DISCARDED, number);
    enum removal earlier = remove_tree(key, aside, until_ms, error);
    if (earlier != REMOVAL_DONE)
        return earlier;
    return remove_tree(key, renameat(key, name, key, aside) == 0 ? aside : name, until_ms, error);
}

static enum removal discard_up_to(int key, int32_t attempt, int64_t until_ms, struct error *error)
{
    DIR *entries = list(key);
    enum removal all = REMOVAL_DONE;
    struct dirent *entry;
    while (entries != NULL && all != REMOVAL_UNFINISHED && (entry = readdir(entries)) != NULL) {
        int32_t running = entry_number(entry->d_name, RUNNING);
        enum removal one = REMOVAL_DONE;
        if ((running > 0 && running <= attempt) || entry_number(entry->d_name, DISCARDED) > 0)
            one = discard_entry(key, entry->d_name, until_ms, error);
        all = one != REMOVAL_DONE ? one : all;
    }
    if (entries != NULL)
        closedir(entries);
    return all;
}

static enum removal discard_in(int directory, const char *key, int32_t attempt, int64_t until_ms,
                               struct error *error)
{
    int fd = open_below(directory, key);
    if (fd < 0)
        return REMOVAL_DONE; /* nothing there, or not ours */
    enum removal removal = discard_up_to(fd, attempt, until_ms, error);
    close(fd);
    unlinkat(directory, key, AT_REMOVEDIR); /* stays if a newer attempt has something there */
    return removal;
}

enum removal checkpoint_discard(const char *directory, const char *key, int32_t attempt,
                                int64_t until_ms, struct error *error)
{
    int fd = is_key(key) ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return REMOVAL_DONE;
    struct error inside = { "" };
    enum removal removal = discard_in(fd, key, attempt, until_ms, &inside);
    if (removal == REMOVAL_FAILED)
        error_set(error, "in `%s/%s`: %s", directory, key, inside.text);
    close(fd);
    return removal;
}

void checkpoint_leave(const char *directory, const char *key, int32_t attempt)
{
    char ours[ENTRY_BYTES];
    int fd = is_key(key) ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int inside = fd >= 0 ? open_below(fd, key) : -1;
    if (inside >= 0) {
        entry_name(ours, RUNNING, attempt);
        unlinkat(inside, ours, AT_REMOVEDIR); /* stays if there is anything in it */
        unlinkat(fd, key, AT_REMOVEDIR);      /* likewise */
        close(inside);
    }
    if (fd >= 0)
        close(fd);
}

/* ---- sweeping -------------------------------------------------------------------------------- */

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Unix time of the latest change: of the directory, its entries, and `depth` levels below. */
static int64_t last_change(int directory, int depth)
{
    struct stat status;
    int64_t newest = fstat(directory, &status) == 0 ? status.st_mtime : INT64_MAX;
    DIR *entries = list(directory);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            strcmp(entry->d_name, "..") != 0)
            newest = latest(newest, status.st_mtime);
        int below =
            depth > 0 && entry->d_name[0] != '.' ? open_below(directory, entry->d_name) : -1;
        if (below >= 0) {
            newest = latest(newest, last_change(below, depth - 1));
            close(below);
        }
    }
    if (entries != NULL)
        closedir(entries);
    return newest;
}

static bool is_old(int directory, const char *key, int64_t now_s, int32_t *newest)
{
    int fd = is_key(key) ? open_below(directory, key) : -1;
    if (fd < 0)
        return false;
    *newest = newest_before(fd, INT32_MAX);
    bool old = last_change(fd, 2) < now_s - (int64_t)CHECKPOINT_KEPT_DAYS * 24 * 3600;
    close(fd);
    return old;
}

/* Whose turn is it? */
static bool is_due(int directory, int64_t now_s)
{
    struct stat status;
    return fstatat(directory, CHECKPOINT_MARK, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) &&
           (status.st_mtime > now_s ||
            status.st_mtime <= now_s - (int64_t)CHECKPOINT_SWEEP_HOURS * 3600);
}

static bool set_mark(int directory, struct timespec time)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time };
    return utimensat(directory, CHECKPOINT_MARK, times, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Setting the mark's time tells the others that somebody has begun. A machine whose clock is ahead
 * would take what the fleet is using for old: if the directory's own clock is behind, that counts.
 * False: nobody may sweep here. */
static bool begin_sweep(int directory, int64_t *now_s)
{
    struct stat status;
    if (!set_mark(directory, (struct timespec){ .tv_nsec = UTIME_NOW }) ||
        fstatat(directory, CHECKPOINT_MARK, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (status.st_mtime < *now_s)
        *now_s = status.st_mtime;
    return set_mark(directory, (struct timespec){ .tv_sec = *now_s });
}

struct checkpoint_sweep {
    int directory;
    DIR *entries;
    char removing[NAME_MAX + 1]; /* a key's directory, which took too long; "" none */
    int32_t newest;              /* attempt in there, when it was found to be old */
    int64_t now_s, swept;
};

struct checkpoint_sweep *checkpoint_sweep_begin(const char *directory, int64_t now_wall_ms)
{
    int64_t now_s = now_wall_ms / 1000;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ours = fd >= 0 && is_due(fd, now_s) && begin_sweep(fd, &now_s);
    DIR *entries = ours ? list(fd) : NULL;
    if (entries == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct checkpoint_sweep *sweep = xcalloc(1, sizeof *sweep);
    *sweep = (struct checkpoint_sweep){ .directory = fd, .entries = entries, .now_s = now_s };
    return sweep;
}

/* False when there are no more. */
static bool sweep_one(struct checkpoint_sweep *sweep, int64_t until_ms)
{
    struct error error = { "" };
    if (sweep->removing[0] == '\0') {
        struct dirent *entry = readdir(sweep->entries);
        if (entry == NULL)
            return false;
        if (!is_old(sweep->directory, entry->d_name, sweep->now_s, &sweep->newest))
            return true;
        snprintf(sweep->removing, sizeof sweep->removing, "%s", entry->d_name);
    }
    enum removal removal =
        discard_in(sweep->directory, sweep->removing, sweep->newest, until_ms, &error);
    sweep->swept += removal == REMOVAL_DONE;
    if (removal != REMOVAL_UNFINISHED)
        sweep->removing[0] = '\0';
    return true;
}

bool checkpoint_sweep_go_on(struct checkpoint_sweep *sweep, int64_t until_ms)
{
    bool more;
    do
        more = sweep_one(sweep, until_ms);
    while (more && clock_monotonic_ms() < until_ms);
    return more;
}

int64_t checkpoint_sweep_end(struct checkpoint_sweep **sweep)
{
    if (*sweep == NULL)
        return 0;
    int64_t swept = (*sweep)->swept;
    closedir((*sweep)->entries);
    close((*sweep)->directory);
    free(*sweep);
    *sweep = NULL;
    return swept;
}
