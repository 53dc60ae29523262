/* torn_disk.h - a disk that can lose its power: everything that it might hold afterwards.
 *
 * SQLite's own unix file system stays in place; this header only defines the system calls by which
 * it changes files, so a program that includes it sees every write, truncation, sync, creation and
 * removal below one directory. Of each file the disk keeps the bytes that are surely there, those
 * of its last fdatasync, and what was done to it since.
 *
 * An image is one outcome of a power cut: of what is not synced, an arbitrary part has arrived, in
 * any order, torn at sectors of 512 bytes; where a file grew and its bytes did not arrive there are
 * zeros or noise; a name made, or removed, in a directory that was not synced may be there or not.
 * The shared memory file (-shm) is no file of record: it is missing, stale or noise. */
#ifndef STORE_TEST_TORN_DISK_H
#define STORE_TEST_TORN_DISK_H
#include "common/rng.h"
#include "common/xalloc.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, TORN_FILES = 64, TORN_DESCRIPTORS = 1024, NO_FILE = -1, THE_DIRECTORY = -2 };

struct torn_change {
    uint64_t order;       /* among the changes of all files */
    bool truncation;      /* to `offset` bytes; else a write */
    size_t offset, length;
    unsigned char *bytes;
};

struct torn_file {
    char name[64];            /* in the directory */
    bool linked;              /* the name is there now */
    bool linked_surely;       /* and when the directory was last synced */
    unsigned char *surely;    /* the bytes of the last sync */
    size_t length;
    struct torn_change *changes; /* since */
    size_t n_changes, capacity;
};

static struct torn_disk {
    char directory[256];          /* "" while nothing is recorded */
    struct torn_file files[TORN_FILES];
    size_t n_files;
    int file_of[TORN_DESCRIPTORS]; /* index + 1; 0: a file of no interest */
    uint64_t order;
    void (*moment)(void); /* called around each change and each sync; may make images */
} torn;

/* ---- the system calls ------------------------------------------------------------------------ */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static inline void torn_moment(void)
{
    if (torn.moment != NULL)
        torn.moment();
}

static inline bool torn_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The name of a recorded file inside the directory, or NULL. */
static inline const char *torn_name(const char *path)
{
    size_t length = strlen(torn.directory);
    if (length == 0 || strncmp(path, torn.directory, length) != 0 || path[length] != '/')
        return NULL;
    const char *name = path + length + 1;
    return torn_ends_with(name, "-shm") || torn_ends_with(name, "-lock") ? NULL : name;
}

static inline int torn_find(const char *name)
{
    for (size_t i = 0; i < torn.n_files; i++) {
        if (torn.files[i].linked && strcmp(torn.files[i].name, name) == 0)
            return (int)i;
    }
    return NO_FILE;
}

static inline int torn_add(const char *name)
{
    if (torn.n_files == TORN_FILES) {
        fprintf(stderr, "more files than the torn disk has room for\n");
        abort();
    }
    struct torn_file *file = &torn.files[torn.n_files++];
    *file = (struct torn_file){ .linked = true };
    snprintf(file->name, sizeof file->name, "%s", name);
    return (int)(file - torn.files);
}

static inline void torn_opened(int descriptor, const char *path, int flags)
{
    if (descriptor < 0 || descriptor >= TORN_DESCRIPTORS || torn.directory[0] == '\0')
        return;
    const char *name = torn_name(path);
    torn.file_of[descriptor] = 0;
    if (strcmp(path, torn.directory) == 0)
        torn.file_of[descriptor] = THE_DIRECTORY;
    if (name == NULL)
        return;
    int file = torn_find(name);
    torn.file_of[descriptor] = 1 + (file == NO_FILE && flags & O_CREAT ? torn_add(name) : file);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    int descriptor = REAL(open64)(path, flags, mode);
    torn_opened(descriptor, path, flags);
    return descriptor;
}

int close(int descriptor)
{
    if (descriptor >= 0 && descriptor < TORN_DESCRIPTORS)
        torn.file_of[descriptor] = 0;
    return REAL(close)(descriptor);
}

static inline struct torn_file *torn_file_of(int descriptor)
{
    if (descriptor < 0 || descriptor >= TORN_DESCRIPTORS || torn.file_of[descriptor] <= 0)
        return NULL;
    return &torn.files[torn.file_of[descriptor] - 1];
}

static inline void torn_record(struct torn_file *file, struct torn_change change)
{
    file->changes = xgrow(file->changes, file->n_changes, &file->capacity, sizeof change);
    change.order = ++torn.order;
    file->changes[file->n_changes++] = change;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    struct torn_file *file = torn_file_of(descriptor);
    if (file == NULL)
        return REAL(pwrite64)(descriptor, bytes, count, offset);
    torn_moment();
    ssize_t written = REAL(pwrite64)(descriptor, bytes, count, offset);
    if (written > 0) {
        unsigned char *copy = memcpy(xmalloc((size_t)written), bytes, (size_t)written);
        torn_record(file, (struct torn_change){
                              .offset = (size_t)offset, .length = (size_t)written, .bytes = copy });
    }
    return written;
}

int ftruncate64(int descriptor, off64_t length)
{
    struct torn_file *file = torn_file_of(descriptor);
    if (file != NULL)
        torn_moment();
    int result = REAL(ftruncate64)(descriptor, length);
    if (file != NULL && result == 0)
        torn_record(file, (struct torn_change){ .truncation = true, .offset = (size_t)length });
    return result;
}

int unlink(const char *path)
{
    const char *name = torn_name(path);
    int file = name != NULL ? torn_find(name) : NO_FILE;
    if (file != NO_FILE)
        torn_moment();
    int result = REAL(unlink)(path);
    if (file != NO_FILE && result == 0)
        torn.files[file].linked = false;
    return result;
}

/* ---- what a change does to bytes ------------------------------------------------------------- */

/* Gives the file this length; what is new is zero, or noise from the stream. */
static inline void torn_resize(struct torn_file *file, size_t length, struct rng *noise)
{
    if (length > file->length) {
        file->surely = xrealloc_array(file->surely, length, 1);
        for (size_t i = file->length; i < length; i++)
            file->surely[i] = noise != NULL ? (unsigned char)rng_u64(noise) : 0;
    }
    file->length = length;
}

static inline void torn_write(struct torn_file *file, const struct torn_change *change,
                              size_t first, size_t count, struct rng *noise)
{
    size_t start = change->offset + first;
    if (start + count > file->length)
        torn_resize(file, start + count, noise);
    memcpy(file->surely + start, change->bytes + first, count);
}

static inline void torn_apply(struct torn_file *file, const struct torn_change *change,
                              struct rng *noise)
{
    if (change->truncation)
        torn_resize(file, change->offset, noise);
    else
        torn_write(file, change, 0, change->length, noise);
}

/* Each sector of a write arrives or does not. */
static inline void torn_apply_sectors(struct torn_file *file, const struct torn_change *change,
                                      struct rng *rng, struct rng *noise)
{
    for (size_t at = 0; at < change->length;) {
        size_t left = SECTOR - (change->offset + at) % SECTOR;
        size_t count = left < change->length - at ? left : change->length - at;
        if (rng_u64(rng) & 1)
            torn_write(file, change, at, count, noise);
        at += count;
    }
}

static inline void torn_forget_changes(struct torn_file *file)
{
    for (size_t i = 0; i < file->n_changes; i++)
        free(file->changes[i].bytes);
    file->n_changes = 0;
}

/* Files whose name is gone for sure need not be kept. */
static inline void torn_sync_directory(void)
{
    for (size_t i = 0; i < torn.n_files; i++) {
        struct torn_file *file = &torn.files[i];
        file->linked_surely = file->linked;
        if (!file->linked)
            torn_forget_changes(file);
    }
}

int fdatasync(int descriptor)
{
    struct torn_file *file = torn_file_of(descriptor);
    bool directory = descriptor >= 0 && descriptor < TORN_DESCRIPTORS &&
                     torn.file_of[descriptor] == THE_DIRECTORY;
    if (file != NULL || directory)
        torn_moment();
    if (directory)
        torn_sync_directory();
    for (size_t i = 0; file != NULL && i < file->n_changes; i++)
        torn_apply(file, &file->changes[i], NULL);
    if (file != NULL) {
        torn_forget_changes(file);
        torn_moment(); /* on the platter, and nobody knows yet */
    }
    return REAL(fdatasync)(descriptor);
}

/* ---- images ---------------------------------------------------------------------------------- */

enum torn_way { /* what became of the changes that were not synced */
    TORN_NOTHING, TORN_EVERYTHING, TORN_PREFIX, TORN_CHANGES, TORN_SECTORS, TORN_WAYS
};

struct torn_image {
    enum torn_way way;
    size_t unsynced; /* changes that were at stake */
};

static inline void torn_apply_some(struct torn_file *copy, const struct torn_file *file,
                                   enum torn_way way, uint64_t last, struct rng *rng,
                                   struct rng *noise)
{
    for (size_t i = 0; i < file->n_changes; i++) {
        const struct torn_change *change = &file->changes[i];
        bool coin = rng_u64(rng) & 1;
        bool torn_one = way == TORN_SECTORS || (way == TORN_PREFIX && change->order == last);
        if (torn_one && !change->truncation)
            torn_apply_sectors(copy, change, rng, noise);
        else if (way == TORN_EVERYTHING || (way == TORN_PREFIX && change->order <= last) ||
                 (way >= TORN_CHANGES && coin))
            torn_apply(copy, change, noise);
    }
}

static inline void torn_put(const char *directory, const char *name, const void *bytes,
                            size_t count)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(bytes, 1, count, out) != count || fclose(out) != 0) {
        perror(path);
        abort();
    }
}

/* Whether the name is there after the cut, and refers to this file. */
static inline bool torn_linked(const struct torn_file *file, bool directory_arrived)
{
    return directory_arrived ? file->linked : file->linked_surely;
}

/* Makes one image in an existing, empty directory. */
static inline struct torn_image torn_make_image(const char *directory, struct rng *rng)
{
    struct torn_image image = { .way = (enum torn_way)rng_below(rng, TORN_WAYS) };
    struct rng noise = *rng;
    bool noisy = rng_u64(rng) & 1, directory_arrived = rng_u64(rng) & 1;
    uint64_t first = torn.order + 1;
    for (size_t i = 0; i < torn.n_files; i++) {
        image.unsynced += torn.files[i].n_changes;
        if (torn.files[i].n_changes > 0 && torn.files[i].changes[0].order < first)
            first = torn.files[i].changes[0].order;
    }
    uint64_t last = first + rng_below(rng, torn.order - first + 2);
    for (size_t i = 0; i < torn.n_files; i++) {
        const struct torn_file *file = &torn.files[i];
        if (!torn_linked(file, directory_arrived))
            continue;
        struct torn_file copy = { .length = file->length };
        copy.surely = memcpy(xmalloc(file->length), file->length ? file->surely : (void *)"",
                             file->length);
        torn_apply_some(&copy, file, image.way, last, rng, noisy ? &noise : NULL);
        torn_put(directory, file->name, copy.surely, copy.length);
        free(copy.surely);
    }
    return image;
}

/* Begins to record a directory; the files that are there have been there for long. */
static inline void torn_begin(const char *directory, const char *const *names, size_t count)
{
    snprintf(torn.directory, sizeof torn.directory, "%s", directory);
    for (size_t i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        FILE *in = fopen(path, "rb");
        if (in == NULL)
            continue;
        struct torn_file *file = &torn.files[torn_add(names[i])];
        file->linked_surely = true;
        fseek(in, 0, SEEK_END);
        torn_resize(file, (size_t)ftell(in), NULL);
        rewind(in);
        if (fread(file->surely, 1, file->length, in) != file->length)
            abort();
        fclose(in);
    }
}

static inline void torn_end(void)
{
    for (size_t i = 0; i < torn.n_files; i++) {
        torn_forget_changes(&torn.files[i]);
        free(torn.files[i].changes);
        free(torn.files[i].surely);
    }
    memset(&torn, 0, sizeof torn);
}
#endif
